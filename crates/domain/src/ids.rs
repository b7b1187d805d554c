//! Typed identifiers. One list; a household's id cannot be passed as a person's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID made by the shell or derived by the vault.
            pub const fn from_uuid(id: Uuid) -> $name {
                $name(id)
            }

            /// The UUID inside.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<$name, uuid::Error> {
                text.parse().map($name)
            }
        }
    )+};
}

typed_id! {
    /// A person: an identity as sent, behind the vault's blind index.
    PersonId,
    /// A household as one source numbers it.
    HouseholdId,
    /// One import (one file or message batch).
    ImportId,
    /// One alert: an episode of one policy holding for one subject.
    AlertId,
    /// One stored decision with its reason.
    DecisionId,
    /// A logged-in official or machine.
    OfficerId,
    /// One officer's action on one alert.
    ActionId,
    /// One machine's subscription to feeds.
    SubscriptionId,
    /// One report of somebody in need.
    LeadId,
    /// One value proposed for a parameter.
    ProposalId,
    /// One export of the register that a second person releases.
    ExportId,
}

/// Whom a fact or a verdict is about.
///
/// As a unit of evaluation, `Person` is a person without a household on that
/// date (`Solo`), whose composition is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "id")]
pub enum Subject {
    /// A household.
    Household(HouseholdId),
    /// A person.
    Person(PersonId),
}

impl Subject {
    /// `h` or `p`: the stored discriminant.
    pub const fn letter(self) -> &'static str {
        match self {
            Subject::Household(_) => "h",
            Subject::Person(_) => "p",
        }
    }

    /// The id without its kind.
    pub const fn as_uuid(self) -> Uuid {
        match self {
            Subject::Household(id) => id.as_uuid(),
            Subject::Person(id) => id.as_uuid(),
        }
    }

    /// Inverse of [`Subject::letter`] with [`Subject::as_uuid`].
    pub fn from_parts(letter: &str, id: Uuid) -> Option<Subject> {
        match letter {
            "h" => Some(Subject::Household(HouseholdId::from_uuid(id))),
            "p" => Some(Subject::Person(PersonId::from_uuid(id))),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.letter(), self.as_uuid())
    }
}

impl FromStr for Subject {
    type Err = String;
    fn from_str(text: &str) -> Result<Subject, String> {
        let parse = || {
            let (letter, id) = text.split_once(':')?;
            Subject::from_parts(letter, id.parse().ok()?)
        };
        parse().ok_or_else(|| format!("`{text}` is not a subject"))
    }
}
