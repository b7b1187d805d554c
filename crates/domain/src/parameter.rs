//! A value that an officer proposes for a parameter, and what a second person
//! says of it. Values are added, never changed: a mistake is closed by the next
//! value's first day.

use serde::{Deserialize, Serialize};

use crate::region::DivisionCode;
use crate::time::{Date, Period};

/// What is proposed. Read by the parameter's unit when it is proposed, and again
/// whenever the registry is put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedValue {
    /// Which parameter.
    pub key: String,
    /// For which place.
    pub region: DivisionCode,
    /// As typed, in the parameter's unit; several codes are separated by commas.
    pub value: String,
    /// First day it holds.
    pub from: Date,
    /// First day it holds no more.
    pub to: Option<Date>,
    /// It ends the value that holds before it on `from`.
    pub closes: bool,
    /// Document number 文号.
    pub document: String,
    /// Article; may be empty.
    pub article: String,
    /// Who issued it.
    pub issuer: String,
    /// What must be known about it; may be empty.
    pub note: String,
    /// After this day the value is for reference only.
    pub review_due: Option<Date>,
}

impl ProposedValue {
    /// When it would hold.
    pub fn valid(&self) -> Period {
        Period {
            from: Some(self.from),
            to: self.to,
        }
    }
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProposalState {
    /// Waits for a second person.
    Pending,
    /// In the registry.
    Approved,
    /// Without effect, for ever.
    Rejected,
}

impl ProposalState {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            ProposalState::Pending => "pending",
            ProposalState::Approved => "approved",
            ProposalState::Rejected => "rejected",
        }
    }

    /// What people call it.
    pub const fn zh(self) -> &'static str {
        match self {
            ProposalState::Pending => "待复核",
            ProposalState::Approved => "已批准",
            ProposalState::Rejected => "未批准",
        }
    }

    /// The version a reader sees: a proposal changes once.
    pub const fn version(self) -> i64 {
        match self {
            ProposalState::Pending => 1,
            ProposalState::Approved | ProposalState::Rejected => 2,
        }
    }
}
