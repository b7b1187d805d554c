//! Alerts: a condition that evaluation sets and work that people do.
//!
//! The two are separate on purpose: work a person has begun is never closed
//! underneath. Transitions live in the `alerts` crate.

use serde::{Deserialize, Serialize};

use crate::evaluation::{AlertLevel, AlertPlan, Confidential, Finding, Nature, PolicyId, Step};
use crate::ids::{AlertId, DecisionId, OfficerId, Subject};
use crate::region::DivisionCode;
use crate::time::{Date, Instant};

/// Whether the triggering condition still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Condition {
    /// It holds.
    Holding,
    /// Definitely gone since `since`, waiting for the policy's `clear_after`.
    Fading {
        /// First date it was definitely gone.
        since: Date,
    },
    /// Gone: 触发事实已消失.
    Cleared {
        /// The date.
        on: Date,
    },
}

/// Why an alert waits in the backlog (存量清单) without clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldWhy {
    /// First load of a policy or a dataset.
    FirstLoad,
    /// A run over everyone: a policy or parameter changed.
    EveryoneRun,
}

/// What an officer found on verifying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeCode {
    /// 属实-已告知协助申请.
    TrueAssisted,
    /// 属实-已报停或调整.
    TrueAdjusted,
    /// 属实-已保障.
    TrueCovered,
    /// 已在金民办理中, with its number.
    InProcess,
    /// 不属实.
    Untrue,
    /// 数据错误→退来源部门.
    DataError,
    /// 本人放弃.
    Declined,
    /// 无法核实.
    Unverifiable,
    /// 不归本镇.
    NotOurs,
}

impl OutcomeCode {
    /// All of them.
    pub const ALL: [OutcomeCode; 9] = [
        OutcomeCode::TrueAssisted,
        OutcomeCode::TrueAdjusted,
        OutcomeCode::TrueCovered,
        OutcomeCode::InProcess,
        OutcomeCode::Untrue,
        OutcomeCode::DataError,
        OutcomeCode::Declined,
        OutcomeCode::Unverifiable,
        OutcomeCode::NotOurs,
    ];

    /// Whether the finding was true.
    pub const fn is_true(self) -> bool {
        matches!(
            self,
            OutcomeCode::TrueAssisted
                | OutcomeCode::TrueAdjusted
                | OutcomeCode::TrueCovered
                | OutcomeCode::InProcess
        )
    }

    /// What it says about the finding; nothing when it says nothing.
    pub const fn found(self) -> Option<Found> {
        match self {
            OutcomeCode::Unverifiable => Some(Found::Unverifiable),
            outcome if outcome.is_true() => Some(Found::True),
            outcome if outcome.disputes() => Some(Found::Untrue),
            _ => None,
        }
    }

    /// Whether the record that led here is disputed by it.
    pub const fn disputes(self) -> bool {
        matches!(self, OutcomeCode::Untrue | OutcomeCode::DataError)
    }
}

/// Whether what an alert said was so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// 属实.
    True,
    /// 不属实, wrong data included.
    Untrue,
    /// 无法核实.
    Unverifiable,
}

impl Found {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Found::True => "true",
            Found::Untrue => "untrue",
            Found::Unverifiable => "unverifiable",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Found> {
        let all = [Found::True, Found::Untrue, Found::Unverifiable];
        all.into_iter().find(|found| found.name() == name)
    }
}

/// Where the work stands. Each state carries what had to be known to reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Work {
    /// In the backlog, visible as a count, without clocks.
    Held {
        /// Why.
        why: HeldWhy,
    },
    /// On a desk.
    Raised,
    /// 签收.
    Acknowledged {
        /// By whom.
        by: OfficerId,
    },
    /// 核实.
    Verified {
        /// By whom.
        by: OfficerId,
        /// What was found.
        outcome: OutcomeCode,
    },
    /// 处置.
    Handled {
        /// By whom.
        by: OfficerId,
        /// What was found.
        outcome: OutcomeCode,
        /// 金民 number or the like.
        reference: Option<String>,
        /// By when the data must show it.
        effect_expected_by: Option<Date>,
    },
    /// 办结.
    Closed {
        /// By whom; absent when it cleared before anyone touched it.
        by: Option<OfficerId>,
        /// What was found; absent when it cleared by itself.
        outcome: Option<OutcomeCode>,
        /// When the data must show the effect, if anything was handled.
        effect_expected_by: Option<Date>,
        /// The day it closed.
        on: Date,
    },
}

impl Work {
    /// Stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Work::Held { .. } => "held",
            Work::Raised => "raised",
            Work::Acknowledged { .. } => "acknowledged",
            Work::Verified { .. } => "verified",
            Work::Handled { .. } => "handled",
            Work::Closed { .. } => "closed",
        }
    }

    /// Whether a person has begun it.
    pub const fn is_begun(&self) -> bool {
        matches!(
            self,
            Work::Acknowledged { .. } | Work::Verified { .. } | Work::Handled { .. }
        )
    }

    /// What people found, once they did.
    pub const fn found(&self) -> Option<Found> {
        match self {
            Work::Verified { outcome, .. }
            | Work::Handled { outcome, .. }
            | Work::Closed {
                outcome: Some(outcome),
                ..
            } => outcome.found(),
            Work::Held { .. }
            | Work::Raised
            | Work::Acknowledged { .. }
            | Work::Closed { outcome: None, .. } => None,
        }
    }

    /// Whether nothing more is to be done.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Work::Closed { .. })
    }
}

/// A deadline's date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Due {
    /// On this day at the latest.
    On {
        /// The day.
        on: Date,
    },
    /// 期限待定: the holiday table of this year is not published.
    Pending {
        /// The missing year.
        year: i16,
    },
}

/// A deadline of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// What must be done.
    pub step: Step,
    /// By when.
    pub due: Due,
    /// By whose word.
    pub nature: Nature,
    /// The day it is counted from, so that a pending date can be found once
    /// the holiday table is published, and an update never restarts a clock.
    pub counted_from: Date,
    /// The reminder has been given.
    pub reminded: bool,
}

/// Which desk an alert lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Desk {
    /// The responsible county bureau.
    pub county: DivisionCode,
    /// The township; absent on the county's unplaced desk (县级待分派).
    pub township: Option<DivisionCode>,
    /// A township that sees the task but not the decision.
    pub assist: Option<DivisionCode>,
}

impl Desk {
    /// The feed its entries go to: the township's, or the county's unplaced one.
    pub fn feed(&self) -> DivisionCode {
        self.township.unwrap_or(self.county)
    }
}

/// One alert: an episode of one policy holding for one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// Whom it is about.
    pub subject: Subject,
    /// The household card it belongs to.
    pub unit: Subject,
    /// Which policy.
    pub policy: PolicyId,
    /// What to do about it.
    pub plan: AlertPlan,
    /// What it was opened or last updated on.
    pub fingerprint: String,
    /// Whether the condition holds.
    pub condition: Condition,
    /// Where the work stands.
    pub work: Work,
    /// Which desk.
    pub desk: Desk,
    /// The township its route last answered. A desk that a person chose
    /// (return, place) stays until the route answers otherwise.
    #[serde(default)]
    pub routed: Option<DivisionCode>,
    /// Who works on it.
    pub assignee: Option<OfficerId>,
    /// Hidden from today's work until this day.
    pub snoozed_until: Option<Date>,
    /// Deadlines; empty while held.
    pub deadlines: Vec<Deadline>,
    /// The decision to show.
    pub decision: DecisionId,
    /// When the episode opened.
    pub opened_at: Instant,
    /// When it last changed.
    pub changed_at: Instant,
    /// Counts changes; the ETag of `If-Match`.
    pub version: i64,
}

impl Alert {
    /// What there is to tell.
    pub fn finding(&self) -> Finding {
        self.plan.finding
    }

    /// How pressing.
    pub fn level(&self) -> AlertLevel {
        self.plan.level
    }

    /// The earliest date of its deadlines.
    pub fn due_on(&self) -> Option<Date> {
        let dates = self.deadlines.iter().filter_map(|d| match d.due {
            Due::On { on } => Some(on),
            Due::Pending { .. } => None,
        });
        dates.min()
    }
}

/// What an officer does to an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum AlertAction {
    /// 签收.
    Acknowledge,
    /// Hand to a colleague of the same desk.
    Assign {
        /// To whom.
        to: OfficerId,
    },
    /// 核实.
    Verify {
        /// What was found.
        outcome: OutcomeCode,
        /// The day of the visit, where it was not today.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<Date>,
    },
    /// 处置.
    Handle {
        /// 金民 number or the like.
        reference: Option<String>,
        /// 金民办理日期: the day it was done there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<Date>,
    },
    /// 办结.
    Close,
    /// Hide until a day.
    Snooze {
        /// The day it comes back.
        until: Date,
    },
    /// 退回: not ours, to the county's unplaced desk.
    Return,
    /// 数据错误: dispute the record it rests on.
    Dispute,
    /// Reopen closed work.
    Reopen,
    /// County: put an unplaced alert on a township's desk.
    Place {
        /// The township.
        township: DivisionCode,
    },
    /// County: release from the backlog now.
    Release,
}

impl AlertAction {
    /// Stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            AlertAction::Acknowledge => "acknowledge",
            AlertAction::Assign { .. } => "assign",
            AlertAction::Verify { .. } => "verify",
            AlertAction::Handle { .. } => "handle",
            AlertAction::Close => "close",
            AlertAction::Snooze { .. } => "snooze",
            AlertAction::Return => "return",
            AlertAction::Dispute => "dispute",
            AlertAction::Reopen => "reopen",
            AlertAction::Place { .. } => "place",
            AlertAction::Release => "release",
        }
    }
}

/// What a feed entry announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// On a desk now.
    Raised,
    /// Its facts, level or work changed.
    Updated,
    /// The condition is gone.
    Cleared,
    /// Released from the backlog.
    Released,
    /// Left this desk.
    MovedOut,
    /// Came to this desk.
    MovedIn,
    /// Work closed.
    Closed,
    /// The feed itself ended (a township was merged).
    FeedClosed,
}

impl FeedKind {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            FeedKind::Raised => "raised",
            FeedKind::Updated => "updated",
            FeedKind::Cleared => "cleared",
            FeedKind::Released => "released",
            FeedKind::MovedOut => "moved_out",
            FeedKind::MovedIn => "moved_in",
            FeedKind::Closed => "closed",
            FeedKind::FeedClosed => "feed_closed",
        }
    }

    /// Inverse of [`FeedKind::name`].
    pub fn named(name: &str) -> Option<FeedKind> {
        use FeedKind::{Cleared, Closed, FeedClosed, MovedIn, MovedOut, Raised, Released, Updated};
        [
            Raised, Updated, Cleared, Released, MovedOut, MovedIn, Closed, FeedClosed,
        ]
        .into_iter()
        .find(|k| k.name() == name)
    }
}

/// One feed entry before it has its numbers. No names, no amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedNews {
    /// Township, or county for its unplaced feed.
    pub feed: DivisionCode,
    /// Which of the desk's lines: each is numbered by itself, so that no
    /// reader sees a hole where something is kept from it.
    pub confidential: Confidential,
    /// What happened.
    pub kind: FeedKind,
    /// To which alert.
    pub alert: AlertId,
    /// Its policy.
    pub policy: PolicyId,
    /// Its level.
    pub level: AlertLevel,
    /// Its earliest deadline.
    pub due_on: Option<Date>,
}

/// A change of one alert with the news it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertChange {
    /// The alert after the change.
    pub after: Alert,
    /// The version it had before; `None` when it is new.
    pub from_version: Option<i64>,
    /// What to tell feeds.
    pub news: Vec<FeedNews>,
    /// A decision must be stored with it.
    pub decides: bool,
}
