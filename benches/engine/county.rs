//! An invented county as the engine sees it: households as known on a day, one
//! after the other, so that ten million of them need no more memory than one.

use domain::dictionary::Kind;
use domain::household::{
    Completeness, CoverageNote, FactList, Facts, Household, Item, MonthsCovered, Person, Standing,
    WhyUnknown,
};
use domain::ids::{HouseholdId, ImportId, PersonId, Subject};
use domain::money::Money;
use domain::record::{DatasetId, NaturalKey, Origin, Revision, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Month, Period, add_days};
use domain::value::{Body, Value};
use uuid::Uuid;

/// Numbers by position: any household can be made alone and is always the same.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    fn in_thousand(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }
}

/// What every household of the county shares.
pub(crate) struct County {
    on: Date,
    civil: SourceId,
    medical: SourceId,
    police: SourceId,
    funeral: SourceId,
    payments: SourceId,
    disability: SourceId,
    dataset: DatasetId,
    towns: Vec<DivisionCode>,
    months: MonthsCovered,
    note: CoverageNote,
}

impl County {
    pub(crate) fn new(on: Date) -> County {
        let dataset = DatasetId::new("civil_register");
        let month = Month::of(on);
        let note = CoverageNote {
            dataset: dataset.clone(),
            part: None,
            as_of: add_days(on, -10),
            month: Some(month),
        };
        let items = domain::code::GRANT_ITEM.entries;
        let by_item = items.iter().map(|e| (e.code.to_owned(), Ok(note.clone())));
        let towns = [
            "320412100",
            "320412102",
            "320412103",
            "320412110",
            "320412113",
        ];
        County {
            on,
            civil: SourceId::new("civil"),
            medical: SourceId::new("medical"),
            police: SourceId::new("police"),
            funeral: SourceId::new("funeral"),
            payments: SourceId::new("payments"),
            disability: SourceId::new("disability"),
            dataset,
            towns: towns
                .iter()
                .filter_map(|t| DivisionCode::parse(t))
                .collect(),
            months: MonthsCovered {
                by_item: by_item.collect(),
            },
            note,
        }
    }

    /// Household number `n`. One fact in twenty is missing.
    pub(crate) fn household(&self, n: u64) -> Household {
        let mut draws = Draws(0xC0_FFEE ^ n.wrapping_mul(0xD134_2543_DE82_EF95));
        let size = match draws.below(1_000) {
            0..150 => 1,
            150..410 => 2,
            410..690 => 3,
            690..870 => 4,
            870..950 => 5,
            950..980 => 6,
            980..992 => 7,
            _ => 8,
        };
        let poor = draws.in_thousand(150);
        let paid = draws.in_thousand(if poor { 300 } else { 30 });
        let unit = HouseholdId::from_uuid(Uuid::from_u128(u128::from(n) << 8));
        let people = (0..size).map(|j| self.person(&mut draws, n, j, (poor, paid, unit)));
        let people = people.collect();
        let hukou = self.towns[(n as usize / 7) % self.towns.len()];
        Household {
            unit: Subject::Household(unit),
            on: self.on,
            hukou: Some(hukou),
            residence: Some(hukou),
            county: hukou.county().unwrap_or(hukou),
            facts: self.of_the_household(&mut draws, paid),
            people,
            months: self.months.clone(),
            next_change_on: None,
        }
    }

    fn of_the_household(&self, draws: &mut Draws, paid: bool) -> Facts {
        let mut facts = Facts::new();
        let body = Body::new(Kind::Composition).with("basis", Value::Code("declared"));
        self.put(&mut facts, draws, body, &self.civil);
        let result = if draws.in_thousand(50) {
            "over"
        } else {
            "within"
        };
        let body = Body::new(Kind::MeansCheck).with("result", Value::Code(result));
        self.list(
            &mut facts,
            draws,
            Kind::MeansCheck,
            vec![(body, &self.civil)],
        );
        let recognised = draws.in_thousand(40).then(|| {
            let scheme = if paid { "subsistence" } else { "marginal" };
            let body = Body::new(Kind::Recognition).with("scheme", Value::Code(scheme));
            (body, &self.civil)
        });
        self.list(
            &mut facts,
            draws,
            Kind::Recognition,
            recognised.into_iter().collect(),
        );
        let checked = add_days(self.on, -(draws.below(500) as i32));
        let body = Body::new(Kind::PeriodicCheck).with("checked_on", Value::Date(checked));
        self.list(
            &mut facts,
            draws,
            Kind::PeriodicCheck,
            vec![(body, &self.civil)],
        );
        facts
    }

    fn person(
        &self,
        draws: &mut Draws,
        n: u64,
        j: u64,
        (poor, paid, unit): (bool, bool, HouseholdId),
    ) -> Person {
        let mut facts = Facts::new();
        let age = if j == 0 {
            25 + draws.below(65)
        } else {
            draws.below(95)
        };
        let birth = add_days(self.on, -((age * 365 + draws.below(365)) as i32));
        let body = Body::new(Kind::Identity).with("birth_date", Value::Date(birth));
        self.put(&mut facts, draws, body, &self.civil);
        let kinship = if j == 0 { "head" } else { "child" };
        let body = Body::new(Kind::Membership)
            .with("household", Value::Household(unit))
            .with("kinship", Value::Code(kinship))
            .with("counted", Value::Flag(true));
        self.put(&mut facts, draws, body, &self.civil);
        let income = self.income(draws, poor, age);
        self.list(&mut facts, draws, Kind::Income, income);
        let settlements = self.settlements(draws);
        self.list(&mut facts, draws, Kind::MedicalSettlement, settlements);
        let deaths = self.deaths(draws);
        self.list(&mut facts, draws, Kind::Death, deaths);
        let certificate = draws.in_thousand(70).then(|| {
            let grade = ["1", "2", "3", "4"][draws.below(4) as usize];
            let body = Body::new(Kind::DisabilityCertificate)
                .with("category", Value::Code("limb"))
                .with("grade", Value::Code(grade))
                .with("status", Value::Code("valid"))
                .with(
                    "valid_until",
                    Value::Date(add_days(self.on, draws.below(3_000) as i32)),
                );
            (body, &self.disability)
        });
        let certificates = certificate.into_iter().collect();
        self.list(&mut facts, draws, Kind::DisabilityCertificate, certificates);
        let grants = self.grants(paid && j == 0, unit);
        self.list(&mut facts, draws, Kind::Grant, grants);
        for kind in Kind::all() {
            let of_person = kind.def().about == domain::dictionary::About::Person;
            if of_person && !facts.contains_key(&kind) {
                self.list(&mut facts, draws, kind, Vec::new());
            }
        }
        Person {
            id: PersonId::from_uuid(Uuid::from_u128((u128::from(n) << 8) + u128::from(j) + 1)),
            standing: Standing::Member,
            facts,
            households: 1,
        }
    }

    fn income(&self, draws: &mut Draws, poor: bool, age: u64) -> Vec<(Body, &SourceId)> {
        if age < 18 || draws.in_thousand(300) {
            return Vec::new();
        }
        let amount = if poor {
            draws.below(1_400_000)
        } else {
            400_000 + draws.below(12_000_000)
        };
        let class = if age >= 60 {
            "central_basic_pension"
        } else {
            "wage"
        };
        let mut body = Body::new(Kind::Income).with("class", Value::Code(class));
        if !draws.in_thousand(50) {
            body = body.with("amount_year", Value::Money(Money::from_fen(amount as i64)));
        }
        vec![(body, &self.civil)]
    }

    fn settlements(&self, draws: &mut Draws) -> Vec<(Body, &SourceId)> {
        if !draws.in_thousand(300) {
            return Vec::new();
        }
        let most = if draws.in_thousand(50) { 24 } else { 4 };
        let many = 1 + draws.below(most);
        let one = |draws: &mut Draws| {
            let most = if draws.in_thousand(60) {
                8_000_000
            } else {
                200_000
            };
            let burden = draws.below(most);
            let body = Body::new(Kind::MedicalSettlement)
                .with(
                    "settled_on",
                    Value::Date(add_days(self.on, -(draws.below(500) as i32))),
                )
                .with(
                    "care",
                    Value::Code(if burden > 300_000 {
                        "inpatient"
                    } else {
                        "outpatient"
                    }),
                )
                .with(
                    "personal_burden",
                    Value::Money(Money::from_fen(burden as i64)),
                )
                .with("refund", Value::Flag(false));
            (body, &self.medical)
        };
        (0..many).map(|_| one(draws)).collect()
    }

    fn deaths(&self, draws: &mut Draws) -> Vec<(Body, &SourceId)> {
        if !draws.in_thousand(8) {
            return Vec::new();
        }
        let on = add_days(self.on, -(draws.below(60) as i32));
        let told = |source| {
            (
                Body::new(Kind::Death).with("died_on", Value::Date(on)),
                source,
            )
        };
        let mut deaths = vec![told(&self.police)];
        if draws.in_thousand(700) {
            deaths.push(told(&self.funeral));
        }
        deaths
    }

    fn grants(&self, paid: bool, unit: HouseholdId) -> Vec<(Body, &SourceId)> {
        if !paid {
            return Vec::new();
        }
        let month = Month::of(self.on);
        let row = |back: i32| {
            let body = Body::new(Kind::Grant)
                .with("item", Value::Code("subsistence"))
                .with("sub_item", Value::Code("whole_family"))
                .with("month", Value::Month(month.plus(-back)))
                .with("household", Value::Household(unit))
                .with("paid", Value::Money(Money::from_fen(80_000)))
                .with("back_pay", Value::Money(Money::from_fen(0)))
                .with("status", Value::Code("paid"));
            (body, &self.payments)
        };
        (0..3).map(row).collect()
    }

    fn put(&self, facts: &mut Facts, draws: &mut Draws, body: Body, source: &SourceId) {
        let kind = body.kind();
        self.list(facts, draws, kind, vec![(body, source)]);
    }

    /// One list in twenty is not known to be whole, or lacks its last item.
    fn list(
        &self,
        facts: &mut Facts,
        draws: &mut Draws,
        kind: Kind,
        bodies: Vec<(Body, &SourceId)>,
    ) {
        let keep = matches!(kind, Kind::Membership | Kind::Identity | Kind::Composition);
        let missing = !keep && draws.in_thousand(50);
        let items = bodies.into_iter().map(|(body, source)| {
            let number = draws.next();
            let key = u128::from(number).to_be_bytes();
            Item {
                body,
                valid: Period::since(add_days(self.on, -100)),
                source: source.clone(),
                dataset: self.dataset.clone(),
                key: NaturalKey(key),
                revision: Revision {
                    business_date: add_days(self.on, -20),
                    sequence: 1,
                },
                origin: Origin {
                    import: ImportId::from_uuid(Uuid::nil()),
                    line: 1,
                },
                disagreed: false,
            }
        });
        let mut items: Vec<Item> = items.collect();
        if missing {
            items.pop();
        }
        let completeness = if missing {
            Completeness::Open(WhyUnknown::NotCovered)
        } else {
            Completeness::Complete(self.note.clone())
        };
        facts.insert(
            kind,
            FactList {
                items,
                completeness,
            },
        );
    }
}
