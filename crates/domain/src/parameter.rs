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

/// What judging everybody before and after said of a value, when it was
/// approved: which shares were out of the ordinary, and why it was approved
/// all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarded {
    /// On which day everybody was judged.
    pub on: Date,
    /// Households and people alone that were judged.
    pub units: u64,
    /// What was found; nothing for an ordinary change.
    pub findings: Vec<Finding>,
    /// The approver's reason, when a finding asked for one.
    pub reason: Option<String>,
}

/// What was found of one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which policy.
    pub policy: String,
    /// What.
    pub found: Found,
    /// Subjects it is true of.
    pub count: u64,
    /// Of how many.
    pub of: u64,
}

/// What a share can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Nobody would be 符合 who is judged.
    Nobody,
    /// Nearly everybody would be 符合.
    NearlyAll,
    /// Many verdicts would be others.
    Changes,
    /// The policy cannot be judged this way at all.
    NotJudged,
    /// Too few subjects for a share to say anything.
    TooFew,
}

impl Found {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Found::Nobody => "nobody",
            Found::NearlyAll => "nearly_all",
            Found::Changes => "changes",
            Found::NotJudged => "not_judged",
            Found::TooFew => "too_few",
        }
    }

    /// Whether an approval needs a reason.
    pub const fn asks(self) -> bool {
        !matches!(self, Found::TooFew)
    }
}

impl Finding {
    /// The share in percent, with one decimal, cut off and never rounded up to
    /// a bound that was not reached.
    pub fn percent(&self) -> String {
        // 1,000 thousandths are the whole.
        const WHOLE: u128 = 1_000;
        let of = u128::from(self.of).max(1);
        let thousandths = u128::from(self.count) * WHOLE / of;
        format!("{}.{}%", thousandths / 10, thousandths % 10)
    }

    /// For people, with the policy's Chinese title.
    pub fn zh(&self, title: &str) -> String {
        let (count, of, share) = (self.count, self.of, self.percent());
        match self.found {
            Found::Nobody => format!("“{title}”适用的 {of} 个对象无一符合"),
            Found::NearlyAll => {
                format!("“{title}”适用的 {of} 个对象中 {count} 个符合（{share}）")
            }
            Found::Changes => format!("“{title}”{of} 个结论中 {count} 个改变（{share}）"),
            Found::NotJudged => format!("“{title}”无法批量测算"),
            Found::TooFew => format!("“{title}”只涉及 {of} 个对象，太少，未判断比例"),
        }
    }

    /// For programs and their authors.
    pub fn en(&self) -> String {
        let (policy, count, of, share) = (&self.policy, self.count, self.of, self.percent());
        match self.found {
            Found::Nobody => format!("`{policy}` would match none of {of} applicable subjects"),
            Found::NearlyAll => {
                format!("`{policy}` would match {count} of {of} applicable subjects ({share})")
            }
            Found::Changes => format!("`{policy}` would change {count} of {of} verdicts ({share})"),
            Found::NotJudged => format!("`{policy}` cannot be judged in bulk"),
            Found::TooFew => format!("`{policy}` concerns {of} subjects, too few to judge a share"),
        }
    }
}
