//! The frozen population as households of the dictionary, and what policies
//! from files make of it.

use domain::dictionary::Kind;
use domain::household::{
    Completeness, CoverageNote, FactList, Facts, Household, Item, MonthsCovered, Person, Standing,
    WhyUnknown,
};
use domain::ids::{HouseholdId, ImportId, PersonId, Subject};
use domain::money::Money;
use domain::record::{DatasetId, NaturalKey, Origin, Revision, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Month, Period, add_days, add_months};
use domain::value::{Body, Value};
use rayon::prelude::*;
use rules::{Columns, Machine, Outcome, PolicySet, Standing as Judged};
use uuid::Uuid;

use super::{Bits, Home, Member, PLACES, UNKNOWN, UNKNOWN_GRADE, files};
use crate::Failed;
use crate::processor::Days;

/// Households that are made and compared at a time.
const SHARE: usize = 250_000;

/// The frozen population in columns.
pub(crate) struct Records {
    pub(crate) set: PolicySet,
    pub(crate) machine: Machine,
    pub(crate) columns: Columns,
    /// Under other standards.
    other: PolicySet,
    days: Days,
    judged: Vec<Bits>,
}

impl Records {
    /// Makes everybody's records and judges them once.
    pub(crate) fn of(homes: &[Home]) -> Result<Records, Failed> {
        let on: Date = "2026-11-23".parse()?;
        let set = files::set(1)?;
        let machine = Machine::of(&set);
        if let Some(left) = machine.left().next() {
            return Err(format!("left to the interpreter: {left:?}").into());
        }
        let registry = Registry::new(on)?;
        let mut judged = vec![Bits::default(); homes.len()];
        let bits: Vec<usize> = set
            .policies()
            .iter()
            .map(|policy| files::bit(&policy.id).ok_or("another policy"))
            .collect::<Result<_, _>>()?;
        let mut parts: Vec<Columns> = Vec::new();
        for (n, share) in homes.chunks(SHARE).enumerate() {
            let numbered = share.par_iter().enumerate();
            let households: Vec<Household> = numbered
                .map(|(i, home)| registry.household(n * SHARE + i, home))
                .collect();
            let columns = machine.columns(&households);
            let screened = machine.screen(&columns, &set, on).ok_or("other columns")?;
            for one in screened {
                let Outcome::Judged(standing, _) = one.outcome else {
                    return Err("a household is left to the interpreter".into());
                };
                let Subject::Household(id) = one.unit else {
                    return Err("a person alone".into());
                };
                let bits = (
                    1 << bits[one.policy],
                    usize::try_from(id.as_uuid().as_u128() >> 8)?,
                );
                match standing {
                    Judged::Met => judged[bits.1].met |= bits.0,
                    Judged::Undetermined => judged[bits.1].unknown |= bits.0,
                    Judged::NotMet | Judged::NotApplicable => {}
                }
            }
            parts.push(columns);
        }
        let joined = parts
            .into_iter()
            .reduce(|a, b| a.joined(b).expect("one layout"));
        Ok(Records {
            columns: joined.ok_or("at least one household")?,
            set,
            machine,
            other: files::set(2)?,
            days: Days::from(on),
            judged,
        })
    }

    /// The bits of everybody, in the order they came.
    pub(crate) fn bits(&self, total: u64) -> Result<&[Bits], Failed> {
        let all = self.columns.len() == usize::try_from(total)?;
        if all {
            Ok(&self.judged)
        } else {
            Err("households are missing".into())
        }
    }

    /// Judges everybody on the next day and counts whom there is something to tell of.
    pub(crate) fn count(&self) -> u64 {
        let judged = self
            .machine
            .count(&self.columns, &self.set, self.days.next());
        judged.iter().sum()
    }

    /// The same under other standards than the day before.
    pub(crate) fn count_anew(&self) -> u64 {
        let (set, day) = self.days.next_of([&self.set, &self.other]);
        self.machine.count(&self.columns, set, day).iter().sum()
    }
}

/// What all records share.
struct Registry {
    on: Date,
    places: Vec<DivisionCode>,
    source: SourceId,
    dataset: DatasetId,
    note: CoverageNote,
}

impl Registry {
    fn new(on: Date) -> Result<Registry, Failed> {
        let dataset = DatasetId::new("frozen");
        let places = (0..PLACES).map(|place| DivisionCode::parse(&files::county(place)));
        Ok(Registry {
            on,
            places: places.collect::<Option<_>>().ok_or("a county")?,
            source: SourceId::new("frozen"),
            note: CoverageNote {
                dataset: dataset.clone(),
                part: None,
                as_of: on,
                month: Some(Month::of(on)),
            },
            dataset,
        })
    }

    fn household(&self, n: usize, home: &Home) -> Household {
        let unit = HouseholdId::from_uuid(Uuid::from_u128((n as u128) << 8));
        let place = self.places[usize::from(home.place)];
        let mut facts = Facts::new();
        let basis = Body::new(Kind::Composition).with("basis", Value::Code("declared"));
        self.put(&mut facts, Kind::Composition, vec![basis], true);
        let scheme = Body::new(Kind::Recognition).with("scheme", Value::Code("subsistence"));
        let scheme = home.receiving.then_some(scheme).into_iter().collect();
        self.put(&mut facts, Kind::Recognition, scheme, true);
        let people = home.members.iter().enumerate();
        let person = |(j, member): (usize, &Member)| Person {
            id: PersonId::from_uuid(Uuid::from_u128(((n as u128) << 8) + j as u128 + 1)),
            standing: Standing::Member,
            facts: self.facts(home, (j, member), unit),
            households: 1,
        };
        Household {
            unit: Subject::Household(unit),
            on: self.on,
            hukou: Some(place),
            residence: Some(place),
            county: place,
            facts,
            people: people.map(person).collect(),
            months: MonthsCovered::default(),
            next_change_on: None,
        }
    }

    fn facts(&self, home: &Home, (j, member): (usize, &Member), unit: HouseholdId) -> Facts {
        let mut facts = Facts::new();
        let birth = add_months(self.on, -12 * i32::from(member.age));
        let birth = Body::new(Kind::Identity).with("birth_date", Value::Date(birth));
        self.put(&mut facts, Kind::Identity, vec![birth], true);
        let membership = Body::new(Kind::Membership)
            .with("household", Value::Household(unit))
            .with(
                "kinship",
                Value::Code(if j == 0 { "head" } else { "child" }),
            )
            .with("counted", Value::Flag(true));
        self.put(&mut facts, Kind::Membership, vec![membership], true);
        let income = Body::new(Kind::Income).with("class", Value::Code("wage"));
        let income = amount(income, "amount_year", member.income);
        self.put(&mut facts, Kind::Income, vec![income], true);
        let grade = ["1", "2", "3", "4"].get(usize::from(member.grade).wrapping_sub(1));
        let card = Body::new(Kind::DisabilityCertificate);
        let card = grade.map(|grade| card.with("grade", Value::Code(grade)));
        let knows = member.grade != UNKNOWN_GRADE;
        let cards = card.into_iter().collect();
        self.put(&mut facts, Kind::DisabilityCertificate, cards, knows);
        let parents = ["father", "mother"]
            .into_iter()
            .take(usize::from(member.parents));
        let parents = parents.map(|p| Body::new(Kind::ParentOf).with("relation", Value::Code(p)));
        self.put(&mut facts, Kind::ParentOf, parents.collect(), true);
        let bill = member.bill.map(|(days, fen)| {
            Body::new(Kind::MedicalSettlement)
                .with("settled_on", Value::Date(add_days(self.on, -days)))
                .with("personal_burden", Value::Money(Money::from_fen(fen)))
        });
        let bills = bill.into_iter().collect();
        self.put(&mut facts, Kind::MedicalSettlement, bills, true);
        let one = |holds: bool, body: Body| if holds { vec![body] } else { Vec::new() };
        let death = Body::new(Kind::Death).with("died_on", Value::Date(self.on));
        self.put(&mut facts, Kind::Death, one(member.deceased, death), true);
        let grant = Body::new(Kind::Grant).with("item", Value::Code("subsistence"));
        self.put(&mut facts, Kind::Grant, one(member.receiving, grant), true);
        let school = Body::new(Kind::Enrolment).with("status", Value::Code("enrolled"));
        self.put(
            &mut facts,
            Kind::Enrolment,
            one(member.student, school),
            true,
        );
        let (assets, vehicles) = if j == 0 {
            owned(home)
        } else {
            (Vec::new(), Vec::new())
        };
        self.put(&mut facts, Kind::Asset, assets, true);
        self.put(&mut facts, Kind::Vehicle, vehicles, true);
        facts
    }

    fn put(&self, facts: &mut Facts, kind: Kind, bodies: Vec<Body>, whole: bool) {
        let item = |(n, body): (usize, Body)| Item {
            body,
            valid: Period::since(add_days(self.on, -2_000)),
            source: self.source.clone(),
            dataset: self.dataset.clone(),
            key: NaturalKey((n as u128).to_be_bytes()),
            revision: Revision {
                business_date: self.on,
                sequence: 1,
            },
            origin: Origin {
                import: ImportId::from_uuid(Uuid::nil()),
                line: 1,
            },
            disagreed: false,
        };
        let completeness = if whole {
            Completeness::Complete(self.note.clone())
        } else {
            Completeness::Open(WhyUnknown::NotCovered)
        };
        let items = bodies.into_iter().enumerate().map(item).collect();
        facts.insert(
            kind,
            FactList {
                items,
                completeness,
            },
        );
    }
}

/// A body with an amount, unless it is not known.
fn amount(body: Body, field: &str, fen: i64) -> Body {
    if fen == UNKNOWN {
        body
    } else {
        body.with(field, Value::Money(Money::from_fen(fen)))
    }
}

/// What the first member of a household owns for all.
fn owned(home: &Home) -> (Vec<Body>, Vec<Body>) {
    let asset = |class| Body::new(Kind::Asset).with("class", Value::Code(class));
    let mut assets = vec![
        amount(asset("deposit"), "value", home.deposits),
        amount(asset("land"), "value", home.area),
        amount(asset("car"), "value", home.vehicle_value),
        amount(asset("claim"), "value", home.expense),
    ];
    assets.extend((0..home.houses).map(|_| asset("house")));
    let vehicle = |_| Body::new(Kind::Vehicle).with("status", Value::Code("normal"));
    (assets, (0..home.vehicles).map(vehicle).collect())
}
