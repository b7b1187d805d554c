//! Invented households: whole ones, ones of which something is missing, and ones
//! with amounts that nothing can add up.

use std::fmt::Write as _;

use domain::code::GRANT_ITEM;
use domain::dictionary::{About, FieldType, Kind};
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

use super::tree::is_single;
use crate::support::Draws;

/// The kinds that expressions and households are made of.
pub(super) const KINDS: [Kind; 20] = [
    Kind::Identity,
    Kind::Membership,
    Kind::Composition,
    Kind::ParentOf,
    Kind::ObligorOf,
    Kind::Hukou,
    Kind::Employment,
    Kind::Income,
    Kind::Asset,
    Kind::MeansCheck,
    Kind::MedicalSettlement,
    Kind::DisabilityCertificate,
    Kind::Death,
    Kind::RestrictedLiberty,
    Kind::Incident,
    Kind::Recognition,
    Kind::Grant,
    Kind::Lead,
    Kind::Labour,
    Kind::CarePlan,
];

pub(super) fn on() -> Date {
    "2026-11-20".parse().unwrap()
}

/// What is wrong with a household's records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Records {
    Whole,
    Usual,
    Enormous,
}

struct Maker<'d> {
    dice: &'d mut Draws,
    number: u128,
    people: Vec<PersonId>,
    records: Records,
    line: u32,
}

/// The household of a number, with one to four people.
pub(super) fn household(dice: &mut Draws, number: u128) -> Household {
    let records = match dice.below(10) {
        0..=2 => Records::Whole,
        3 => Records::Enormous,
        _ => Records::Usual,
    };
    let people = (1..=1 + u128::from(dice.below(4)))
        .map(|n| PersonId::from_uuid(Uuid::from_u128(number * 100 + n)))
        .collect();
    let mut maker = Maker {
        dice,
        number,
        people,
        records,
        line: 0,
    };
    maker.make()
}

fn unit_of(number: u128) -> HouseholdId {
    HouseholdId::from_uuid(Uuid::from_u128(number))
}

impl Maker<'_> {
    fn make(&mut self) -> Household {
        let alone = self.dice.below(8) == 0;
        let mut people: Vec<Person> = Vec::new();
        for (n, id) in self.people.clone().into_iter().enumerate() {
            let linked = n > 0 && (alone || self.dice.below(5) == 0);
            people.push(Person {
                id,
                standing: if linked {
                    Standing::Linked
                } else {
                    Standing::Member
                },
                facts: self.facts(About::Person),
                households: u32::try_from(self.dice.below(3)).unwrap(),
            });
        }
        people.sort_by_key(|p| (p.standing, p.id));
        let unit = if alone {
            Subject::Person(self.people[0])
        } else {
            Subject::Household(unit_of(self.number))
        };
        let facts = if alone {
            Facts::new()
        } else {
            self.facts(About::Household)
        };
        Household {
            unit,
            on: on(),
            hukou: self.place(),
            residence: self.place(),
            county: DivisionCode::parse("320412").unwrap(),
            facts,
            people,
            months: self.months(),
            next_change_on: None,
        }
    }

    fn place(&mut self) -> Option<DivisionCode> {
        let places = ["320412100", "320412101", "320402", "110101"];
        let at = self
            .dice
            .index(places.len() + usize::from(self.records == Records::Usual));
        places.get(at).and_then(|code| DivisionCode::parse(code))
    }

    fn months(&mut self) -> MonthsCovered {
        let mut months = MonthsCovered::default();
        for entry in &GRANT_ITEM.entries[..4] {
            let covered = match self.dice.below(5) {
                0 => continue,
                1 => Err(WhyUnknown::Stale),
                _ => Ok(CoverageNote {
                    dataset: DatasetId::new("payments"),
                    part: Some(entry.code.to_owned()),
                    as_of: on(),
                    month: (self.dice.below(8) > 0).then(|| self.month()),
                }),
            };
            months.by_item.insert(entry.code.to_owned(), covered);
        }
        months
    }

    fn month(&mut self) -> Month {
        Month::of(on()).plus(-i32::try_from(self.dice.below(3)).unwrap())
    }

    fn facts(&mut self, about: About) -> Facts {
        let mut facts = Facts::new();
        for kind in KINDS.into_iter().filter(|k| k.def().about == about) {
            let most = if is_single(kind) { 2 } else { 4 };
            let usual = self.records != Records::Whole;
            if usual && self.dice.below(12) == 0 {
                continue;
            }
            let mut count = self.dice.index(most);
            if !usual && is_single(kind) {
                count = 1;
            }
            let items = (0..count).map(|_| self.item(kind)).collect();
            let completeness = match self.dice.below(6) {
                0 if usual => Completeness::Open(WhyUnknown::NotCovered),
                1 if usual => Completeness::Open(WhyUnknown::Unread),
                2 | 3 => Completeness::Closed,
                _ => Completeness::Complete(CoverageNote {
                    dataset: DatasetId::new("told"),
                    part: None,
                    as_of: on(),
                    month: None,
                }),
            };
            facts.insert(
                kind,
                FactList {
                    items,
                    completeness,
                },
            );
        }
        facts
    }

    fn item(&mut self, kind: Kind) -> Item {
        self.line += 1;
        let mut body = Body::new(kind);
        for field in kind.def().fields {
            if self.records == Records::Whole || self.dice.below(5) > 0 {
                let id = kind.field(field.name).unwrap();
                body.set(id, self.value(field.ty));
            }
        }
        let told = add_days(on(), -i32::try_from(self.dice.below(4)).unwrap());
        Item {
            body,
            valid: Period::ALWAYS,
            source: SourceId::new(["civil", "police", "grid"][self.dice.index(3)]),
            dataset: DatasetId::new("told"),
            key: NaturalKey(u128::from(self.line).to_be_bytes()),
            revision: Revision {
                business_date: told,
                sequence: 1,
            },
            origin: Origin {
                import: ImportId::from_uuid(Uuid::from_u128(7)),
                line: self.line,
            },
            disagreed: false,
        }
    }

    fn value(&mut self, ty: FieldType) -> Value {
        let enormous = self.records == Records::Enormous && self.dice.below(2) == 0;
        match ty {
            FieldType::Text => Value::Text(["a", "b", "ab", "中文", ""][self.dice.index(5)].into()),
            FieldType::Code(list) => {
                let common = list.entries.len().min(4);
                Value::Code(list.entries[self.dice.index(common)].code)
            }
            FieldType::Money => Value::Money(Money::from_fen(match self.dice.below(6) {
                0 if enormous => i64::MIN,
                _ if enormous => i64::MAX - i64::try_from(self.dice.below(3)).unwrap(),
                0 => 0,
                1 => -i64::try_from(self.dice.below(100_000)).unwrap(),
                _ => i64::try_from(self.dice.below(1_000_000)).unwrap(),
            })),
            FieldType::Count | FieldType::Months => Value::Count(if enormous {
                i64::MAX - i64::try_from(self.dice.below(3)).unwrap()
            } else {
                i64::try_from(self.dice.below(5)).unwrap() - 1
            }),
            FieldType::Date => {
                let days = [3, 40, 400, 9_000, 24_000, 33_000][self.dice.index(6)];
                let days = i32::try_from(self.dice.below(days)).unwrap();
                Value::Date(add_days(on(), 2 - days))
            }
            FieldType::Month => Value::Month(self.month()),
            FieldType::Flag => Value::Flag(self.dice.below(2) == 0),
            FieldType::Division => Value::Division(
                DivisionCode::parse(["320412100", "320412", "110101"][self.dice.index(3)]).unwrap(),
            ),
            FieldType::Person => {
                let at = self.dice.index(self.people.len() + 1);
                let stranger = PersonId::from_uuid(Uuid::from_u128(7));
                Value::Person(self.people.get(at).copied().unwrap_or(stranger))
            }
            FieldType::Household => {
                let number = if self.dice.below(4) == 0 {
                    3
                } else {
                    self.number
                };
                Value::Household(unit_of(number))
            }
        }
    }
}

/// Households with a little less in them.
pub(super) fn smaller(household: &Household) -> Vec<Household> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Household)| {
        let mut less = household.clone();
        change(&mut less);
        if less != *household {
            all.push(less);
        }
    };
    with(&|h| h.months.by_item.clear());
    for at in 0..household.people.len() {
        with(&|h| drop(h.people.remove(at)));
        with(&|h| h.people[at].facts.clear());
    }
    with(&|h| h.facts.clear());
    for owner in 0..=household.people.len() {
        let facts = of(household, owner);
        for kind in facts.keys().copied() {
            with(&|h| drop(of_mut(h, owner).remove(&kind)));
            with(&|h| list(h, owner, kind).completeness = Completeness::Closed);
            for item in 0..facts[&kind].items.len() {
                with(&|h| drop(list(h, owner, kind).items.remove(item)));
                with(&|h| list(h, owner, kind).items[item].body = Body::new(kind));
            }
        }
    }
    all
}

fn of(household: &Household, owner: usize) -> &Facts {
    let person = household.people.get(owner);
    person.map_or(&household.facts, |person| &person.facts)
}

fn of_mut(household: &mut Household, owner: usize) -> &mut Facts {
    match household.people.get_mut(owner) {
        Some(person) => &mut person.facts,
        None => &mut household.facts,
    }
}

fn list(household: &mut Household, owner: usize, kind: Kind) -> &mut FactList {
    of_mut(household, owner).get_mut(&kind).unwrap()
}

/// What is in a household, a line for each kind.
pub(super) fn told(household: &Household) -> String {
    let mut text = format!(
        "  {:?} hukou {:?} residence {:?} months {:?}\n",
        household.unit, household.hukou, household.residence, household.months.by_item
    );
    for owner in 0..=household.people.len() {
        match household.people.get(owner) {
            Some(p) => writeln!(text, "  {:?} {:?} in {}", p.id, p.standing, p.households),
            None => writeln!(text, "  the household"),
        }
        .unwrap();
        for (kind, list) in of(household, owner) {
            let bodies: Vec<String> = list
                .items
                .iter()
                .map(|item| {
                    let fields = item.body.fields();
                    let fields: Vec<String> = fields
                        .map(|(field, value)| format!("{} {value:?}", field.def().name))
                        .collect();
                    format!(
                        "({} {}: {})",
                        item.source.as_str(),
                        item.revision,
                        fields.join(", ")
                    )
                })
                .collect();
            let open = match &list.completeness {
                Completeness::Open(why) => format!(" open {why:?}"),
                _ => String::new(),
            };
            writeln!(text, "    {}{open} {}", kind.def().name, bodies.join(" ")).unwrap();
        }
    }
    text
}
