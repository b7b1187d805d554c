//! Why an action was refused, in both languages, naming the state and the
//! action.

use std::fmt;

use domain::alert::{Alert, AlertAction, Work};
use domain::region::DivisionCode;
use domain::time::Date;

/// An action that the alert's state does not allow. `Display` is the English
/// sentence and follows "cannot act: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} while {state}: {why}")]
pub struct ActionRefused {
    /// Name of the state the work is in.
    pub state: &'static str,
    /// Name of the action.
    pub action: &'static str,
    /// What stands against it.
    pub why: Refusal,
    state_zh: &'static str,
    action_zh: &'static str,
}

impl ActionRefused {
    pub(crate) fn new(alert: &Alert, action: &AlertAction, why: Refusal) -> ActionRefused {
        ActionRefused {
            state: alert.work.name(),
            action: action.name(),
            why,
            state_zh: state_zh(&alert.work),
            action_zh: action_zh(action),
        }
    }

    /// The sentence a caseworker reads.
    pub fn zh(&self) -> String {
        let (state, action) = (self.state_zh, self.action_zh);
        format!("当前状态“{state}”，不能“{action}”：{}", self.why.zh())
    }

    /// Stable code for programs.
    pub fn code(&self) -> &'static str {
        self.why.code()
    }
}

/// What stands against an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The state does not allow the action at all.
    State,
    /// It is so already.
    NothingChanges,
    /// The finding is true and must be handled before it is closed.
    FindingIsTrue,
    /// There is nothing to handle: the finding is not true.
    FindingIsNotTrue,
    /// Found to be another township's: return it instead.
    NotOurs,
    /// 已在金民办理中 needs its number.
    ReferenceMissing,
    /// What was done lies ahead of today.
    DayAhead,
    /// The day must lie ahead.
    SnoozeNotAhead,
    /// Longer than the bureau allows.
    SnoozeTooLong {
        /// The most days it allows.
        days_max: u16,
    },
    /// Past a deadline set by a document.
    SnoozePastStatutory {
        /// That deadline.
        due_on: Date,
    },
    /// It is on the county's unplaced desk already.
    AlreadyUnplaced,
    /// It is on a township's desk: only unplaced alerts are placed.
    AlreadyPlaced,
    /// The county does not run this township, or there is none of this code.
    NotOfThisCounty {
        /// The township named.
        township: DivisionCode,
    },
    /// The condition is gone and the work closed: a new occurrence is a new
    /// alert.
    EpisodeOver,
}

impl Refusal {
    /// Stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Refusal::State => "alert.state",
            Refusal::NothingChanges => "alert.nothing_changes",
            Refusal::FindingIsTrue => "alert.finding_is_true",
            Refusal::FindingIsNotTrue => "alert.finding_is_not_true",
            Refusal::NotOurs => "alert.not_ours",
            Refusal::ReferenceMissing => "alert.reference_missing",
            Refusal::DayAhead => "alert.day_ahead",
            Refusal::SnoozeNotAhead => "alert.snooze_not_ahead",
            Refusal::SnoozeTooLong { .. } => "alert.snooze_too_long",
            Refusal::SnoozePastStatutory { .. } => "alert.snooze_past_statutory",
            Refusal::AlreadyUnplaced => "alert.already_unplaced",
            Refusal::AlreadyPlaced => "alert.already_placed",
            Refusal::NotOfThisCounty { .. } => "alert.not_of_this_county",
            Refusal::EpisodeOver => "alert.episode_over",
        }
    }

    /// The reason in Chinese.
    pub fn zh(self) -> String {
        match self {
            Refusal::State => "此状态下没有这一步".to_owned(),
            Refusal::NothingChanges => "已是如此，无需重复".to_owned(),
            Refusal::FindingIsTrue => "核实属实的，须先登记处置再办结".to_owned(),
            Refusal::FindingIsNotTrue => "未核实为属实，无需处置，可直接办结".to_owned(),
            Refusal::NotOurs => "不归本镇的，请退回县级待分派".to_owned(),
            Refusal::ReferenceMissing => "已在金民办理中的，须填写受理号".to_owned(),
            Refusal::DayAhead => "走访或办理日期不能晚于今天".to_owned(),
            Refusal::SnoozeNotAhead => "暂缓日期须晚于今天".to_owned(),
            Refusal::SnoozeTooLong { days_max } => format!("暂缓最多{days_max}天"),
            Refusal::SnoozePastStatutory { due_on } => {
                format!("暂缓不得超过文件规定的期限{due_on}")
            }
            Refusal::AlreadyUnplaced => "已在县级待分派".to_owned(),
            Refusal::AlreadyPlaced => "已在乡镇，须先退回县级待分派".to_owned(),
            Refusal::NotOfThisCounty { township } => format!("{township}不是本县管理的乡镇"),
            Refusal::EpisodeOver => "触发事实已消失，本次预警已结束；再次出现时另行预警".to_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::State => f.write_str("this state has no such step"),
            Refusal::NothingChanges => f.write_str("it is so already"),
            Refusal::FindingIsTrue => f.write_str("a true finding must be handled first"),
            Refusal::FindingIsNotTrue => {
                f.write_str("only a true finding is handled; close it instead")
            }
            Refusal::NotOurs => f.write_str("it is another township's; return it instead"),
            Refusal::ReferenceMissing => {
                f.write_str("an application in process needs its reference")
            }
            Refusal::DayAhead => f.write_str("what was done cannot lie ahead of today"),
            Refusal::SnoozeNotAhead => f.write_str("the day must lie ahead"),
            Refusal::SnoozeTooLong { days_max } => write!(f, "at most {days_max} days"),
            Refusal::SnoozePastStatutory { due_on } => {
                write!(f, "a document sets the deadline {due_on}")
            }
            Refusal::AlreadyUnplaced => f.write_str("it is on the unplaced desk already"),
            Refusal::AlreadyPlaced => f.write_str("it is on a township's desk; return it first"),
            Refusal::NotOfThisCounty { township } => {
                write!(f, "`{township}` is not a township this county runs")
            }
            Refusal::EpisodeOver => {
                f.write_str("the condition is gone; a new occurrence is a new alert")
            }
        }
    }
}

fn state_zh(work: &Work) -> &'static str {
    match work {
        Work::Held { .. } => "存量待释放",
        Work::Raised => "待签收",
        Work::Acknowledged { .. } => "已签收",
        Work::Verified { .. } => "已核实",
        Work::Handled { .. } => "已处置",
        Work::Closed { .. } => "已办结",
    }
}

fn action_zh(action: &AlertAction) -> &'static str {
    match action {
        AlertAction::Acknowledge => "签收",
        AlertAction::Assign { .. } => "转办",
        AlertAction::Verify { .. } => "核实",
        AlertAction::Handle { .. } => "处置",
        AlertAction::Close => "办结",
        AlertAction::Snooze { .. } => "暂缓",
        AlertAction::Return => "退回",
        AlertAction::Dispute => "数据存疑退回",
        AlertAction::Reopen => "重新办理",
        AlertAction::Place { .. } => "分派",
        AlertAction::Release => "释放",
    }
}
