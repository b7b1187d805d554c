//! Builders for tests: a small world that is told things and looked at.

mod care;
mod change;
mod families;
mod lists;
mod order;
mod stored;
mod unread;

use std::collections::BTreeMap;

use domain::dictionary::Kind;
use domain::household::{Completeness, CoverageNote, FactList, Household, Person, WhyUnknown};
use domain::ids::{HouseholdId, ImportId, PersonId, Subject};
use domain::record::{
    Coverage, DatasetId, NaturalKey, Origin, Record, Revision, SourceId, Statement,
};
use domain::region::DivisionCode;
use domain::time::{Date, Period};
use domain::value::{Body, Value};
use uuid::Uuid;

use crate::{CoverageTable, Fold, FoldSet, home, project};

pub(super) const COUNTY: &str = "320412";

pub(super) fn person(n: u8) -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(0x100 + u128::from(n)))
}

pub(super) fn household(n: u8) -> HouseholdId {
    HouseholdId::from_uuid(Uuid::from_u128(0x200 + u128::from(n)))
}

pub(super) fn import(n: u8) -> ImportId {
    ImportId::from_uuid(Uuid::from_u128(0x300 + u128::from(n)))
}

pub(super) fn p(n: u8) -> Subject {
    Subject::Person(person(n))
}

pub(super) fn h(n: u8) -> Subject {
    Subject::Household(household(n))
}

pub(super) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(super) fn place(code: &str) -> DivisionCode {
    DivisionCode::parse(code).unwrap()
}

/// `2026-10-31` or `2026-10-31#2`.
pub(super) fn revision(text: &str) -> Revision {
    let (date, sequence) = text.split_once('#').unwrap_or((text, "1"));
    Revision {
        business_date: day(date),
        sequence: sequence.parse().unwrap(),
    }
}

/// The feed that says it, as (source, dataset).
pub(super) type Feed = (&'static str, &'static str);
pub(super) const CIVIL: Feed = ("civil", "civil_register");
pub(super) const POLICE: Feed = ("police", "deaths_police");
pub(super) const FUNERAL: Feed = ("funeral", "deaths_funeral");
pub(super) const DISABILITY: Feed = ("disability", "disability_register");
pub(super) const PAYMENTS: Feed = ("payments", "payments");
pub(super) const MEDICAL: Feed = ("medical", "medical_settlements");
pub(super) const GRID: Feed = ("grid", "grid_leads");
pub(super) const OFFICER: Feed = ("officer", "officer");

/// A record: `feed` says `body` of `subject` under key `key` at `at`.
pub(super) fn says(feed: Feed, subject: Subject, key: u8, at: &str, body: Body) -> Record {
    Record {
        source: SourceId::new(feed.0),
        dataset: DatasetId::new(feed.1),
        key: NaturalKey([key; 16]),
        revision: revision(at),
        subject,
        valid: Period::ALWAYS,
        statement: Statement::Says(body),
        origin: Origin {
            import: import(0),
            line: 1,
        },
    }
}

pub(super) fn retracts(feed: Feed, subject: Subject, key: u8, at: &str, kind: Kind) -> Record {
    Record {
        statement: Statement::Retracts(kind),
        ..says(feed, subject, key, at, Body::new(kind))
    }
}

/// The same record for other days.
pub(super) fn valid(record: Record, from: &str, to: &str) -> Record {
    let bound = |text: &str| (!text.is_empty()).then(|| day(text));
    Record {
        valid: Period {
            from: bound(from),
            to: bound(to),
        },
        ..record
    }
}

pub(super) fn member_of(n: u8, kinship: &'static str) -> Body {
    Body::new(Kind::Membership)
        .with("household", Value::Household(household(n)))
        .with("kinship", Value::Code(kinship))
}

pub(super) fn hukou(code: &str) -> Body {
    Body::new(Kind::Hukou).with("place", Value::Division(place(code)))
}

pub(super) fn certificate(grade: &'static str) -> Body {
    Body::new(Kind::DisabilityCertificate).with("grade", Value::Code(grade))
}

pub(super) fn died(on: &str) -> Body {
    Body::new(Kind::Death).with("died_on", Value::Date(day(on)))
}

pub(super) fn born(on: &str) -> Body {
    Body::new(Kind::Identity).with("birth_date", Value::Date(day(on)))
}

/// An officer's dispute of the version of `kind` under `key` at `at`.
pub(super) fn disputes(subject: Subject, key: u8, at: &str, kind: Kind) -> Record {
    let body = Body::new(Kind::Dispute)
        .with("fact", Value::Text(kind.def().name.into()))
        .with(
            "record",
            Value::Text(NaturalKey([key; 16]).to_string().into()),
        )
        .with("revision", Value::Text(revision(at).to_string().into()));
    says(OFFICER, subject, 200, "2026-11-19", body)
}

/// A complete list of `dataset` as of `as_of`, for `scope`.
pub(super) fn complete(dataset: &str, scope: &str, as_of: &str, at: &str) -> Coverage {
    Coverage {
        dataset: DatasetId::new(dataset),
        part: None,
        scope: place(scope),
        as_of: day(as_of),
        month: None,
        revision: revision(at),
        import: import(0),
        unnamed_rows: 0,
    }
}

/// The payment list of one item for one month.
pub(super) fn paid(item: &str, month: &str, as_of: &str) -> Coverage {
    Coverage {
        part: Some(item.to_owned()),
        month: Some(month.parse().unwrap()),
        ..complete("payments", COUNTY, as_of, as_of)
    }
}

/// All that was told, to whomever.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct World {
    pub(super) folds: BTreeMap<Subject, Fold>,
    pub(super) coverage: CoverageTable,
}

impl World {
    pub(super) fn new(
        coverage: impl IntoIterator<Item = Coverage>,
        records: impl IntoIterator<Item = Record>,
    ) -> World {
        let mut world = World::default();
        for list in coverage {
            world.coverage.insert(list);
        }
        for record in records {
            world.tell(&record);
        }
        world
    }

    pub(super) fn tell(&mut self, record: &Record) -> bool {
        let fold = self.folds.entry(record.subject);
        fold.or_insert_with(|| Fold::empty(record.subject))
            .apply(record)
    }

    pub(super) fn people(&self) -> BTreeMap<PersonId, Fold> {
        let people = self
            .folds
            .iter()
            .filter_map(|(subject, fold)| match subject {
                Subject::Person(id) => Some((*id, fold.clone())),
                Subject::Household(_) => None,
            });
        people.collect()
    }

    pub(super) fn see(&self, unit: Subject, on: &str) -> Household {
        self.see_among(&self.people(), unit, day(on))
    }

    pub(super) fn see_among(
        &self,
        people: &BTreeMap<PersonId, Fold>,
        unit: Subject,
        on: Date,
    ) -> Household {
        let people = &people.iter().map(|(id, fold)| (*id, fold)).collect();
        let folds = FoldSet {
            unit,
            county: place(COUNTY),
            household: self.folds.get(&unit).filter(|_| unit.letter() == "h"),
            people,
        };
        project(&folds, &self.coverage, on)
    }

    pub(super) fn home(&self, n: u8, on: &str) -> Subject {
        home(&self.folds[&p(n)], &self.coverage, day(on))
    }

    /// A list of facts of the person, seen in the unit the person lives in.
    pub(super) fn list(&self, n: u8, kind: Kind, on: &str) -> FactList {
        let view = self.see(self.home(n, on), on);
        facts(view.person(person(n)).unwrap(), kind)
    }
}

pub(super) fn facts(person: &Person, kind: Kind) -> FactList {
    person.facts[&kind].clone()
}

pub(super) fn open(why: WhyUnknown) -> Completeness {
    Completeness::Open(why)
}

pub(super) fn judged_by(list: &Coverage) -> Completeness {
    Completeness::Complete(CoverageNote {
        dataset: list.dataset.clone(),
        part: list.part.clone(),
        as_of: list.as_of,
        month: list.month,
    })
}

pub(super) fn member_ids(view: &Household) -> Vec<PersonId> {
    view.members().map(|person| person.id).collect()
}
