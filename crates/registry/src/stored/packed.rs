//! The form written now, in [postcard](https://postcard.jamesmunns.com/wire-format):
//! whole numbers take the bytes they need, and names stand once.
//!
//! Kinds and fields stand by name, so that a dictionary of another release reads
//! them or says which it lacks. Everything is in the order of the fold, so that
//! the bytes depend on the set of records alone. What an enum here says is stored by
//! its position: new variants go to the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::dictionary::{FieldId, FieldType, Kind};
use domain::ids::{HouseholdId, ImportId, PersonId, Subject};
use domain::money::Money;
use domain::record::{DatasetId, NaturalKey, Origin, Revision, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Month, Period};
use domain::value::{Body, BodyError, Value};
use serde::{Deserialize, Serialize};

use super::FoldError;
use crate::fold::{Content, Fold, Said, Thread, ThreadKey};

/// The number the form carries, which no JSON begins with.
pub(super) const FORM: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    form: u8,
    about: About,
    /// In id order; rows name them by position.
    imports: Vec<ImportId>,
    /// Sources with their datasets, in order; keys name them by position.
    #[serde(borrow)]
    lists: Vec<(&'a str, &'a str)>,
    kinds: Vec<OfKind<'a>>,
}

#[derive(Serialize, Deserialize)]
enum About {
    Household(HouseholdId),
    Person(PersonId),
}

#[derive(Serialize, Deserialize)]
struct OfKind<'a> {
    name: &'a str,
    /// Fields that any statement has, in dictionary order.
    #[serde(borrow)]
    fields: Vec<&'a str>,
    threads: Vec<PackedThread<'a>>,
}

#[derive(Serialize, Deserialize)]
struct PackedThread<'a> {
    list: usize,
    key: [u8; 16],
    #[serde(borrow)]
    said: Vec<Stated<'a>>,
}

#[derive(Serialize, Deserialize)]
struct Stated<'a> {
    from: Option<Day>,
    to: Option<Day>,
    #[serde(borrow)]
    says: Says<'a>,
    at: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
enum Says<'a> {
    Withdrawn,
    Unread,
    /// Positions of fields with their values, in order.
    #[serde(borrow)]
    Facts(Vec<(usize, Packable<'a>)>),
}

/// Business date, sequence, position of the import, line.
type Row = (Day, u32, usize, u32);

/// A date: day, month and year, from the lowest bits up.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Day(i32);

const DAY_BITS: u32 = 5;
const MONTH_BITS: u32 = 4;

impl Day {
    fn of(date: Date) -> Day {
        let months = i32::from(date.year()) << MONTH_BITS | i32::from(date.month());
        Day(months << DAY_BITS | i32::from(date.day()))
    }

    fn date(self) -> Option<Date> {
        let months = self.0 >> DAY_BITS;
        let year = i16::try_from(months >> MONTH_BITS).ok()?;
        let month = i8::try_from(months & ((1 << MONTH_BITS) - 1)).ok()?;
        let day = i8::try_from(self.0 & ((1 << DAY_BITS) - 1)).ok()?;
        Date::new(year, month, day).ok()
    }
}

/// A value with what it is.
#[derive(Serialize, Deserialize)]
enum Packable<'a> {
    Text(&'a str),
    Code(&'a str),
    Money(i64),
    Date(Day),
    /// By its first day.
    Month(Day),
    Count(i64),
    Flag(bool),
    Division(&'a str),
    Person(PersonId),
    Household(HouseholdId),
}

impl<'a> Packable<'a> {
    fn of(value: &'a Value) -> Packable<'a> {
        match value {
            Value::Text(text) => Packable::Text(text),
            Value::Code(code) => Packable::Code(code),
            Value::Money(money) => Packable::Money(money.as_fen()),
            Value::Date(date) => Packable::Date(Day::of(*date)),
            Value::Month(month) => Packable::Month(Day::of(month.first_day())),
            Value::Count(count) => Packable::Count(*count),
            Value::Flag(flag) => Packable::Flag(*flag),
            Value::Division(code) => Packable::Division(code.as_str()),
            Value::Person(id) => Packable::Person(*id),
            Value::Household(id) => Packable::Household(*id),
        }
    }

    /// The value of a field of type `ty`; none where it is no such value.
    fn value(self, ty: FieldType) -> Option<Value> {
        Some(match (self, ty) {
            // A list of codes may be closed or opened from one release to the next.
            (Packable::Text(text) | Packable::Code(text), FieldType::Text) => {
                Value::Text(text.into())
            }
            (Packable::Text(code) | Packable::Code(code), FieldType::Code(list)) => {
                Value::Code(list.stored(code)?)
            }
            (Packable::Money(fen), FieldType::Money) => Value::Money(Money::from_fen(fen)),
            (Packable::Date(day), FieldType::Date) => Value::Date(day.date()?),
            (Packable::Month(day), FieldType::Month) => {
                let first = day.date()?;
                let month = Month::new(first.year(), first.month())?;
                (month.first_day() == first).then_some(Value::Month(month))?
            }
            (Packable::Count(n), FieldType::Count | FieldType::Months) => Value::Count(n),
            (Packable::Flag(flag), FieldType::Flag) => Value::Flag(flag),
            (Packable::Division(code), FieldType::Division) => {
                Value::Division(DivisionCode::parse(code)?)
            }
            (Packable::Person(id), FieldType::Person) => Value::Person(id),
            (Packable::Household(id), FieldType::Household) => Value::Household(id),
            _ => return None,
        })
    }
}

/// The canonical bytes of a fold.
pub(super) fn bytes(fold: &Fold) -> Vec<u8> {
    let imports: BTreeSet<ImportId> = fold.records().map(|(.., origin)| origin.import).collect();
    let lists: BTreeSet<(&str, &str)> = fold.all_threads().map(|(_, key, _)| list(key)).collect();
    let imports: Vec<ImportId> = imports.into_iter().collect();
    let lists: Vec<(&str, &str)> = lists.into_iter().collect();
    let packed = Packed {
        form: FORM,
        about: match fold.subject() {
            Subject::Household(id) => About::Household(id),
            Subject::Person(id) => About::Person(id),
        },
        kinds: fold
            .kinds()
            .map(|(kind, threads)| of_kind(kind, threads, &imports, &lists))
            .collect(),
        imports,
        lists,
    };
    postcard::to_allocvec(&packed).expect("memory grows, and everything has a known length")
}

fn list(key: &ThreadKey) -> (&str, &str) {
    (key.source.as_str(), key.dataset.as_str())
}

fn of_kind<'a>(
    kind: Kind,
    threads: &'a BTreeMap<ThreadKey, Thread>,
    imports: &[ImportId],
    lists: &[(&str, &str)],
) -> OfKind<'a> {
    let said = threads.values().flat_map(Thread::said);
    let bodies = said.filter_map(|(content, _)| content.body());
    let fields: BTreeSet<FieldId> = bodies.flat_map(|b| b.fields().map(|(f, _)| f)).collect();
    let fields: Vec<FieldId> = fields.into_iter().collect();
    let threads = threads.iter().map(|(key, thread)| PackedThread {
        list: lists.partition_point(|known| *known < list(key)),
        key: key.key.0,
        said: thread
            .said()
            .map(|(content, at)| stated(content, at, imports, &fields))
            .collect(),
    });
    OfKind {
        name: kind.def().name,
        threads: threads.collect(),
        fields: fields.iter().map(|field| field.def().name).collect(),
    }
}

fn stated<'a>(
    content: &'a Content,
    at: &BTreeMap<Revision, Origin>,
    imports: &[ImportId],
    fields: &[FieldId],
) -> Stated<'a> {
    let row = |(revision, origin): (&Revision, &Origin)| {
        let import = imports.partition_point(|known| *known < origin.import);
        let day = Day::of(revision.business_date);
        (day, revision.sequence, import, origin.line)
    };
    let fact = |(field, value): (FieldId, &'a Value)| {
        let position = fields.partition_point(|known| *known < field);
        (position, Packable::of(value))
    };
    Stated {
        from: content.valid.from.map(Day::of),
        to: content.valid.to.map(Day::of),
        says: match &content.said {
            Said::Withdrawn => Says::Withdrawn,
            Said::Unread => Says::Unread,
            Said::Facts(body) => Says::Facts(body.fields().map(fact).collect()),
        },
        at: at.iter().map(row).collect(),
    }
}

/// Inverse of [`bytes`].
pub(super) fn fold(bytes: &[u8]) -> Result<Fold, FoldError> {
    let (packed, rest) = postcard::take_from_bytes::<Packed<'_>>(bytes)?;
    if !rest.is_empty() {
        return Err(FoldError::Longer);
    }
    let names = packed.lists.iter();
    let names = names.map(|(source, dataset)| (SourceId::new(source), DatasetId::new(dataset)));
    let mut reading = Reading {
        lists: names.collect(),
        lists_named: BTreeSet::new(),
        imports_named: BTreeSet::new(),
        imports: packed.imports,
    };
    let mut kinds = Vec::with_capacity(packed.kinds.len());
    for of_kind in packed.kinds {
        kinds.push(reading.kind(of_kind)?);
    }
    let all_named = reading.imports_named.len() == reading.imports.len()
        && reading.lists_named.len() == reading.lists.len();
    let in_order =
        reading.imports.is_sorted_by(|a, b| a < b) && reading.lists.is_sorted_by(|a, b| a < b);
    if !all_named || !in_order {
        return Err(FoldError::Tables);
    }
    let subject = match packed.about {
        About::Household(id) => Subject::Household(id),
        About::Person(id) => Subject::Person(id),
    };
    Ok(Fold::of(subject, once_each(kinds).ok_or(FoldError::Twice)?))
}

/// A map of entries that are there once each, in whatever order: kinds and fields
/// may stand in another one in another release's dictionary.
fn once_each<K: Ord, V>(entries: Vec<(K, V)>) -> Option<BTreeMap<K, V>> {
    let n = entries.len();
    let map: BTreeMap<K, V> = entries.into_iter().collect();
    (map.len() == n).then_some(map)
}

/// The tables of a fold, and what of them was named.
struct Reading {
    imports: Vec<ImportId>,
    imports_named: BTreeSet<usize>,
    lists: Vec<(SourceId, DatasetId)>,
    lists_named: BTreeSet<usize>,
}

impl Reading {
    fn kind(
        &mut self,
        of_kind: OfKind<'_>,
    ) -> Result<(Kind, BTreeMap<ThreadKey, Thread>), FoldError> {
        let unknown = || FoldError::Kind(of_kind.name.to_owned());
        let kind = Kind::named(of_kind.name).ok_or_else(unknown)?;
        let mut fields = Fields {
            ids: of_kind.fields.iter().map(|name| kind.field(name)).collect(),
            names: of_kind.fields,
            named: BTreeSet::new(),
            kind,
        };
        let mut threads = Vec::with_capacity(of_kind.threads.len());
        for PackedThread { list, key, said } in of_kind.threads {
            let (source, dataset) = self.lists.get(list).ok_or(FoldError::Tables)?.clone();
            self.lists_named.insert(list);
            let key = NaturalKey(key);
            let thread = self.thread(&mut fields, key, said)?;
            let key = ThreadKey {
                source,
                dataset,
                key,
            };
            threads.push((key, thread));
        }
        let names: BTreeSet<&str> = fields.names.iter().copied().collect();
        if names.len() != fields.names.len() || fields.named.len() != names.len() {
            return Err(FoldError::Tables);
        }
        let some = once_each(threads).filter(|threads| !threads.is_empty());
        Ok((kind, some.ok_or(FoldError::Twice)?))
    }

    fn thread(
        &mut self,
        fields: &mut Fields<'_>,
        key: NaturalKey,
        said: Vec<Stated<'_>>,
    ) -> Result<Thread, FoldError> {
        let wrong = || FoldError::Statements(key);
        let mut contents = Vec::with_capacity(said.len());
        for Stated { from, to, says, at } in said {
            let said = match says {
                Says::Withdrawn => Said::Withdrawn,
                Says::Unread => Said::Unread,
                Says::Facts(facts) => {
                    let body = fields.body(facts);
                    Said::Facts(body.map_err(|source| FoldError::Body { key, source })?)
                }
            };
            let day = |day: Option<Day>| match day {
                Some(day) => day.date().map(Some).ok_or_else(wrong),
                None => Ok(None),
            };
            let valid = Period {
                from: day(from)?,
                to: day(to)?,
            };
            if said == Said::Withdrawn && valid != Period::ALWAYS {
                return Err(wrong());
            }
            let mut rows = Vec::with_capacity(at.len());
            for row in at {
                rows.push(self.row(row)?.ok_or_else(wrong)?);
            }
            let some = once_each(rows).filter(|rows| !rows.is_empty());
            contents.push((Content { valid, said }, some.ok_or_else(wrong)?));
        }
        let some = once_each(contents).filter(|contents| !contents.is_empty());
        some.map(Thread::of).ok_or_else(wrong)
    }

    /// `None` where the day is none.
    fn row(
        &mut self,
        (day, sequence, import, line): Row,
    ) -> Result<Option<(Revision, Origin)>, FoldError> {
        let id = *self.imports.get(import).ok_or(FoldError::Tables)?;
        self.imports_named.insert(import);
        let revision = day.date().map(|business_date| Revision {
            business_date,
            sequence,
        });
        Ok(revision.map(|revision| (revision, Origin { import: id, line })))
    }
}

/// The fields statements of a kind have.
struct Fields<'a> {
    kind: Kind,
    names: Vec<&'a str>,
    /// `None` where the dictionary does not have it.
    ids: Vec<Option<FieldId>>,
    /// Positions a statement named.
    named: BTreeSet<usize>,
}

impl Fields<'_> {
    fn body(&mut self, facts: Vec<(usize, Packable<'_>)>) -> Result<Body, BodyError> {
        if !facts.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(BodyError::Malformed);
        }
        let mut body = Body::new(self.kind);
        for (position, value) in facts {
            let name = self.names.get(position).ok_or(BodyError::Malformed)?;
            let bad = || BodyError::Field((*name).to_owned());
            self.named.insert(position);
            let field = self.ids[position].ok_or_else(bad)?;
            body.set(field, value.value(field.def().ty).ok_or_else(bad)?);
        }
        Ok(body)
    }
}

#[cfg(test)]
mod tests;
