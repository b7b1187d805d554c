//! Records: what a source said, once, about an identity as sent or a household
//! as numbered, under a natural key and a revision. Never updated.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dictionary::{FieldId, Kind};
use crate::ids::{HouseholdId, ImportId, PersonId, Subject};
use crate::region::DivisionCode;
use crate::resident_id::ResidentId;
use crate::time::{Date, Instant, Month, Period};
use crate::value::Body;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a configured name.
            pub fn new(name: &str) -> $name {
                $name(name.into())
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<$name, D::Error> {
                String::deserialize(d).map(|name| $name::new(&name))
            }
        }
    };
}

name_type! {
    /// Who says it: `civil`, `payments`, `medical`, `disability`, `police`, `funeral`, …
    SourceId
}
name_type! {
    /// Which of its lists: `civil_register`, `payments`, `medical_settlements`, …
    DatasetId
}

/// Which statement is newer. Never arrival, never row number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// The business date the sender gave the batch.
    pub business_date: Date,
    /// Its sequence on that date.
    pub sequence: u32,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.business_date, self.sequence)
    }
}

/// A natural key after the vault keyed it: it may have held an identity number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NaturalKey(pub [u8; 16]);

impl fmt::Display for NaturalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for NaturalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NaturalKey({self})")
    }
}

impl std::str::FromStr for NaturalKey {
    type Err = String;
    fn from_str(text: &str) -> Result<NaturalKey, String> {
        let error = || format!("`{text}` is not a record key");
        if text.len() != 32 || !text.is_ascii() {
            return Err(error());
        }
        let mut bytes = [0; 16];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| error())?;
        }
        Ok(NaturalKey(bytes))
    }
}

impl Serialize for NaturalKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NaturalKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<NaturalKey, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The row a statement stood in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The import.
    pub import: ImportId,
    /// 1-based line of the file.
    pub line: u32,
}

/// What a record says about its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statement {
    /// These facts hold.
    Says(Body),
    /// What was said under this key is withdrawn.
    Retracts(#[serde(with = "kind_by_name")] Kind),
    /// Something was said under this key in a row that could not be taken: what
    /// it says is unknown, which is neither the old facts nor none.
    Unread(#[serde(with = "kind_by_name")] Kind),
}

impl Statement {
    /// The kind of fact it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Statement::Says(body) => body.kind(),
            Statement::Retracts(kind) | Statement::Unread(kind) => *kind,
        }
    }
}

/// Kinds in stored forms, by name.
pub mod kind_by_name {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::dictionary::Kind;

    /// Writes the dictionary name.
    pub fn serialize<S: Serializer>(kind: &Kind, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(kind.def().name)
    }

    /// Reads the dictionary name.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Kind, D::Error> {
        let name = String::deserialize(d)?;
        Kind::named(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("`{name}` is not a kind of fact")))
    }
}

/// A record: one statement about one subject, identities replaced by ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Who says it.
    pub source: SourceId,
    /// In which list.
    pub dataset: DatasetId,
    /// Under which key.
    pub key: NaturalKey,
    /// How new.
    pub revision: Revision,
    /// About whom.
    pub subject: Subject,
    /// For which days.
    pub valid: Period,
    /// What.
    pub statement: Statement,
    /// Where it stood.
    pub origin: Origin,
}

/// An identity as a source sent it, in clear. Leaves memory only sealed.
/// `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityAsSent {
    /// A resident identity number (also 港澳台居民居住证, same form).
    Resident(ResidentId),
    /// Someone of whom a source gives no document, told apart by what the
    /// source does give: the number of its own report. Never merged with a
    /// resident number by machine.
    Numbered {
        /// Who gives the number.
        namespace: String,
        /// The number, or the columns that stand for it.
        number: String,
    },
}

impl fmt::Debug for IdentityAsSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentityAsSent::Resident(id) => f.debug_tuple("Resident").field(id).finish(),
            // The number may hold a name and a place.
            IdentityAsSent::Numbered { namespace, .. } => write!(f, "Numbered({namespace}, …)"),
        }
    }
}

impl IdentityAsSent {
    /// The canonical text the vault indexes.
    pub fn canonical(&self) -> String {
        match self {
            IdentityAsSent::Resident(id) => format!("resident:{}", id.as_str()),
            IdentityAsSent::Numbered { namespace, number } => {
                format!("numbered:{namespace}:{number}")
            }
        }
    }
}

/// A household as one source numbers it, in clear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HouseholdNumber {
    /// Who gives the numbers: sources that share numbers share a namespace.
    pub namespace: String,
    /// The number.
    pub number: String,
}

/// Whom an incoming row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectAsSent {
    /// A person.
    Person(IdentityAsSent),
    /// A household.
    Household(HouseholdNumber),
}

/// A decoded row before the vault admits it: identities still in clear.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// About whom.
    pub subject: SubjectAsSent,
    /// Natural key in clear: stable parts the source itself would name.
    pub key: Vec<String>,
    /// For which days.
    pub valid: Period,
    /// What, without the links below.
    pub statement: Statement,
    /// Fields that name other people.
    pub person_links: Vec<(FieldId, IdentityAsSent)>,
    /// Fields that name households.
    pub household_links: Vec<(FieldId, HouseholdNumber)>,
    /// 1-based line.
    pub line: u32,
}

/// A list said: for this place, as of this day (and month), it is all there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coverage {
    /// Which list.
    pub dataset: DatasetId,
    /// Which part of it, e.g. one payment item.
    pub part: Option<String>,
    /// For which place.
    pub scope: DivisionCode,
    /// As of which day.
    pub as_of: Date,
    /// For which month, when rows are month rows.
    pub month: Option<Month>,
    /// The batch.
    pub revision: Revision,
    /// The import that brought it.
    pub import: ImportId,
    /// Rows that could not be taken and of which nobody can tell whom they were
    /// about. Who stood in the list before and does not now may be in them.
    pub unnamed_rows: u32,
}

/// What an import said about itself; unique by (source, dataset,
/// business date, sequence).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportHeader {
    /// Its id.
    pub id: ImportId,
    /// Sender.
    pub source: SourceId,
    /// List.
    pub dataset: DatasetId,
    /// Business date and sequence.
    pub revision: Revision,
    /// County (or smaller) the batch is about.
    pub scope: DivisionCode,
    /// As-of day, when the batch is a complete list.
    pub as_of: Option<Date>,
    /// SHA-256 of the file, lower-case hex.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// When it was received.
    pub received_at: Instant,
}

/// What came of one row. The four add up to the rows received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// Taken.
    Accepted,
    /// Taken, with something to tell the sender.
    Warned,
    /// Kept for a person to complete: no usable identity, or ambiguous.
    Held,
    /// Not taken; kept for correction.
    Rejected,
}

impl RowOutcome {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            RowOutcome::Accepted => "accepted",
            RowOutcome::Warned => "warned",
            RowOutcome::Held => "held",
            RowOutcome::Rejected => "rejected",
        }
    }
}

/// Something to tell the sender about a row. Never repeats an identity number,
/// a name or an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowNote {
    /// Column as the file names it, if one is to blame.
    pub column: Option<String>,
    /// Stable code such as `id.checksum`.
    pub code: String,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence.
    pub en: String,
}

/// Counts by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Taken without remark.
    pub accepted: u64,
    /// Taken with a remark.
    pub warned: u64,
    /// Kept for completion.
    pub held: u64,
    /// Kept for correction.
    pub rejected: u64,
}

impl RowCounts {
    /// Counts one row.
    pub fn count(&mut self, outcome: RowOutcome) {
        match outcome {
            RowOutcome::Accepted => self.accepted += 1,
            RowOutcome::Warned => self.warned += 1,
            RowOutcome::Held => self.held += 1,
            RowOutcome::Rejected => self.rejected += 1,
        }
    }

    /// Rows received.
    pub fn received(&self) -> u64 {
        self.accepted + self.warned + self.held + self.rejected
    }
}

/// Why a person's change touches a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadWhy {
    /// Listed as a member, now or within the look-back.
    Member,
    /// Parent of a member.
    Parent,
    /// Obligor of a member.
    Obligor,
    /// Paid under the household's number.
    Grant,
}

impl ReadWhy {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            ReadWhy::Member => "member",
            ReadWhy::Parent => "parent",
            ReadWhy::Obligor => "obligor",
            ReadWhy::Grant => "grant",
        }
    }

    /// Inverse of [`ReadWhy::name`].
    pub fn named(name: &str) -> Option<ReadWhy> {
        [
            ReadWhy::Member,
            ReadWhy::Parent,
            ReadWhy::Obligor,
            ReadWhy::Grant,
        ]
        .into_iter()
        .find(|w| w.name() == name)
    }
}

/// One row of `reads`: a change of `person` makes `unit` due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Read {
    /// Whose change.
    pub person: PersonId,
    /// Which household is touched.
    pub household: HouseholdId,
    /// Why.
    pub why: ReadWhy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn someone_without_a_number_is_no_one_else_and_debug_is_silent() {
        let of = |namespace: &str, number: &str| IdentityAsSent::Numbered {
            namespace: namespace.to_owned(),
            number: number.to_owned(),
        };
        let wu = of("grid", "镇街=湟里镇;对象姓名=吴某");
        let elsewhere = of("hotline", "镇街=湟里镇;对象姓名=吴某");
        assert_ne!(wu.canonical(), elsewhere.canonical());
        let debug = format!("{wu:?}");
        assert!(debug.contains("grid") && !debug.contains("吴某"), "{debug}");
        // No report can stand for a numbered person.
        let sly = of("resident", "999903198209140133");
        assert!(sly.canonical().starts_with("numbered:"));
    }
}
