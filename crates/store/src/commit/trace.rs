//! What a run and a disclosing response leave behind.

use domain::authority::Operation;
use domain::ids::OfficerId;
use domain::time::Date;

/// What a run of the evaluation did, as counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// The day evaluated for.
    pub on: Date,
    /// `change`, `first_load`, `everyone`, `night`.
    pub mode: String,
    /// Policy set.
    pub policy_set: String,
    /// JSON object: units, per policy × verdict the count, and per policy ×
    /// `undetermined` × missing fact, and how many were `flagged`.
    pub counts: String,
}

/// One disclosing response: identity or L3/L4 facts were shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisclosureRow {
    /// To whom.
    pub officer: OfficerId,
    /// Doing what.
    pub operation: Operation,
    /// Why, as the caller stated it.
    pub purpose: String,
    /// Keyed pseudonyms of the people and households shown.
    pub pseudonyms: Vec<[u8; 16]>,
    /// Request id.
    pub request: String,
}
