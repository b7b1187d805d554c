//! A household as known on a date: what policies are applied to.
//!
//! Made only by `registry::project`; plain values so that rules and tests can
//! read and build it.

use std::collections::BTreeMap;

use crate::dictionary::Kind;
use crate::ids::{PersonId, Subject};
use crate::record::{DatasetId, NaturalKey, Origin, Revision, SourceId};
use crate::region::DivisionCode;
use crate::time::{Date, Month, Period};
use crate::value::Body;

/// One fact visible on the date, with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The facts.
    pub body: Body,
    /// The days it holds for.
    pub valid: Period,
    /// Who said it.
    pub source: SourceId,
    /// In which list.
    pub dataset: DatasetId,
    /// Under which key.
    pub key: NaturalKey,
    /// How new; the business date is when we were told.
    pub revision: Revision,
    /// The row.
    pub origin: Origin,
    /// Another source of equal or lower trust says otherwise.
    pub disagreed: bool,
}

/// A complete list that absence was judged by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct CoverageNote {
    /// Which list.
    pub dataset: DatasetId,
    /// Which part.
    pub part: Option<String>,
    /// As of which day.
    pub as_of: Date,
    /// For which month.
    pub month: Option<Month>,
}

/// Why something is not known.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum WhyUnknown {
    /// No list that would tell has come.
    NotCovered,
    /// The list that would tell is too old.
    Stale,
    /// The item is recorded without this field.
    NotRecorded,
    /// The list has a row about it that could not be read.
    Unread,
    /// An officer disputes the record.
    Disputed,
    /// One key came twice at one revision with different content.
    Conflict,
    /// A parameter has no value for this place and date.
    ParameterUnset,
    /// The person's household is not known.
    NoHousehold,
}

/// Whether a list of facts is all there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Judged by a fresh covering list.
    Complete(CoverageNote),
    /// All that was told; more is not expected to be known.
    Closed,
    /// There may be more.
    Open(WhyUnknown),
}

/// The visible facts of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactList {
    /// In canonical order: valid from, then key.
    pub items: Vec<Item>,
    /// Whether that is all.
    pub completeness: Completeness,
}

/// The visible facts of one subject, by kind. A kind not in the map is empty
/// with the completeness the coverage gives it; `registry` fills every kind of
/// the subject's sort.
pub type Facts = BTreeMap<Kind, FactList>;

/// Why a person appears in a household's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Living together on the date, per the membership in `facts`.
    Member,
    /// Read because linked: parent, obligor, or paid under this household.
    Linked,
}

/// One person in the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Why here.
    pub standing: Standing,
    /// Known facts. `Membership` holds only the one of this household.
    pub facts: Facts,
    /// Households the register says this person lives in on the date, this one
    /// included; as complete as `Membership` is.
    pub households: u32,
}

/// Coverage of month rows per payment item, as of the date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthsCovered {
    /// Item → latest covered month that is fresh enough, and by which list;
    /// `Err` when covered only long ago.
    pub by_item: BTreeMap<String, Result<CoverageNote, WhyUnknown>>,
}

/// A household (or a person alone) as known on a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Household {
    /// Whom it is about; `Subject::Person` is a person without a household.
    pub unit: Subject,
    /// The date.
    pub on: Date,
    /// Hukou township (or what is known of it) of the head or the person.
    pub hukou: Option<DivisionCode>,
    /// Residence of the head or the person.
    pub residence: Option<DivisionCode>,
    /// County partition it was folded in.
    pub county: DivisionCode,
    /// Facts about the household itself.
    pub facts: Facts,
    /// Members first, then linked people, each in id order.
    pub people: Vec<Person>,
    /// Payment coverage.
    pub months: MonthsCovered,
    /// The next day on which this view would differ by date alone, if any.
    pub next_change_on: Option<Date>,
}

impl Household {
    /// The people living together on the date.
    pub fn members(&self) -> impl Iterator<Item = &Person> {
        self.people
            .iter()
            .filter(|p| p.standing == Standing::Member)
    }

    /// A person in the view.
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.iter().find(|p| p.id == id)
    }
}

/// The single item of a kind that is `Latest`, or the first of a list.
pub fn first(facts: &Facts, kind: Kind) -> Option<&Item> {
    facts.get(&kind)?.items.first()
}
