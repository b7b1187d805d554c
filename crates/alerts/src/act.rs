//! What an officer's action makes of an alert.
//!
//! Three steps end an alert: acknowledge, verify, close; a true finding is
//! handled before it is closed. Whether the officer may act is the caller's
//! question; whether the state allows it is answered here.

use domain::alert::{
    Alert, AlertAction, AlertChange, Condition, Desk, FeedKind, OutcomeCode, Work,
};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use domain::time::{Date, add_days};

use crate::change::Draft;
use crate::refusal::{ActionRefused, Refusal};
use crate::{Context, deadline, decide, desk, release};

/// What the bureau allows its officers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActLimits {
    /// The most days an alert may be hidden.
    pub snooze_days_max: u16,
}

/// The alert after an action, or why its state refuses it.
pub fn act(
    alert: &Alert,
    action: &AlertAction,
    by: OfficerId,
    limits: &ActLimits,
    cx: &Context<'_>,
) -> Result<AlertChange, ActionRefused> {
    let mut draft = Draft::of(alert);
    let drafted = match action {
        AlertAction::Acknowledge => acknowledge(&mut draft, by),
        AlertAction::Assign { to } => assign(&mut draft, *to),
        AlertAction::Verify { outcome, on } => {
            not_ahead(*on, cx.on).and_then(|()| verify(&mut draft, by, *outcome))
        }
        AlertAction::Handle { reference, on } => {
            not_ahead(*on, cx.on).and_then(|()| handle(&mut draft, by, reference.as_deref(), cx))
        }
        AlertAction::Close => close(&mut draft, by, cx.on),
        AlertAction::Snooze { until } => snooze(&mut draft, *until, limits.snooze_days_max, cx.on),
        AlertAction::Return => give_back(&mut draft),
        AlertAction::Dispute => dispute(&mut draft, by),
        AlertAction::Reopen => reopen(&mut draft, cx),
        AlertAction::Place { township } => place(&mut draft, *township, cx),
        AlertAction::Release => release::put_on_desk(&mut draft, cx),
    };
    let refused = |why| ActionRefused::new(alert, action, why);
    drafted.map_err(refused)?;
    // An action that repeats what is so already is refused, not counted.
    draft
        .finish(cx)
        .ok_or_else(|| refused(Refusal::NothingChanges))
}

type Drafted = Result<(), Refusal>;

/// What is told of a visit or of 金民 lies behind.
fn not_ahead(told: Option<Date>, today: Date) -> Drafted {
    match told {
        Some(day) if day > today => Err(Refusal::DayAhead),
        _ => Ok(()),
    }
}

fn acknowledge(draft: &mut Draft<'_>, by: OfficerId) -> Drafted {
    match draft.after.work {
        Work::Raised => {
            draft.after.work = Work::Acknowledged { by };
            draft.after.assignee.get_or_insert(by);
            draft.tell(FeedKind::Updated);
            Ok(())
        }
        _ => Err(Refusal::State),
    }
}

fn assign(draft: &mut Draft<'_>, to: OfficerId) -> Drafted {
    match draft.after.work {
        Work::Raised | Work::Acknowledged { .. } | Work::Verified { .. } | Work::Handled { .. } => {
            draft.after.assignee = Some(to);
            draft.tell(FeedKind::Updated);
            Ok(())
        }
        Work::Held { .. } | Work::Closed { .. } => Err(Refusal::State),
    }
}

fn verify(draft: &mut Draft<'_>, by: OfficerId, outcome: OutcomeCode) -> Drafted {
    match draft.after.work {
        // A finding may be corrected until something was done about it.
        Work::Acknowledged { .. } | Work::Verified { .. } => {
            draft.after.work = Work::Verified { by, outcome };
            draft.tell(FeedKind::Updated);
            Ok(())
        }
        _ => Err(Refusal::State),
    }
}

fn handle(
    draft: &mut Draft<'_>,
    by: OfficerId,
    reference: Option<&str>,
    cx: &Context<'_>,
) -> Drafted {
    let Work::Verified { outcome, .. } = draft.after.work else {
        return Err(Refusal::State);
    };
    if !outcome.is_true() {
        return Err(match outcome {
            OutcomeCode::NotOurs => Refusal::NotOurs,
            _ => Refusal::FindingIsNotTrue,
        });
    }
    let reference = reference.map(str::trim).filter(|text| !text.is_empty());
    if outcome == OutcomeCode::InProcess && reference.is_none() {
        return Err(Refusal::ReferenceMissing);
    }
    let within = draft.after.plan.effect_within_days;
    draft.after.work = Work::Handled {
        by,
        outcome,
        reference: reference.map(str::to_owned),
        effect_expected_by: within.map(|days| add_days(cx.on, i32::from(days))),
    };
    draft.tell(FeedKind::Updated);
    Ok(())
}

fn close(draft: &mut Draft<'_>, by: OfficerId, on: Date) -> Drafted {
    let is_gone = matches!(draft.after.condition, Condition::Cleared { .. });
    let (outcome, effect_expected_by) = match draft.after.work {
        Work::Handled {
            outcome,
            effect_expected_by,
            ..
        } => (Some(outcome), effect_expected_by),
        // 触发事实已消失，请办结: nothing is left to find or to do.
        Work::Verified { outcome, .. } if is_gone => (Some(outcome), None),
        Work::Raised | Work::Acknowledged { .. } if is_gone => (None, None),
        Work::Verified { outcome, .. } => match outcome {
            OutcomeCode::Untrue
            | OutcomeCode::DataError
            | OutcomeCode::Declined
            | OutcomeCode::Unverifiable => (Some(outcome), None),
            OutcomeCode::NotOurs => return Err(Refusal::NotOurs),
            OutcomeCode::TrueAssisted
            | OutcomeCode::TrueAdjusted
            | OutcomeCode::TrueCovered
            | OutcomeCode::InProcess => return Err(Refusal::FindingIsTrue),
        },
        Work::Held { .. } | Work::Raised | Work::Acknowledged { .. } | Work::Closed { .. } => {
            return Err(Refusal::State);
        }
    };
    draft.after.work = Work::Closed {
        by: Some(by),
        outcome,
        effect_expected_by,
        on,
    };
    draft.after.snoozed_until = None;
    draft.tell(FeedKind::Closed);
    Ok(())
}

fn snooze(draft: &mut Draft<'_>, until: Date, days_max: u16, on: Date) -> Drafted {
    if matches!(draft.after.work, Work::Held { .. } | Work::Closed { .. }) {
        return Err(Refusal::State);
    }
    if until <= on {
        return Err(Refusal::SnoozeNotAhead);
    }
    if until > add_days(on, i32::from(days_max)) {
        return Err(Refusal::SnoozeTooLong { days_max });
    }
    let statutory = deadline::next_statutory(&draft.after.deadlines, &draft.after.work);
    if let Some(due_on) = statutory.filter(|due| *due < until) {
        return Err(Refusal::SnoozePastStatutory { due_on });
    }
    draft.after.snoozed_until = Some(until);
    draft.tell(FeedKind::Updated);
    Ok(())
}

/// 退回: the next desk starts from the beginning; the clocks go on.
fn give_back(draft: &mut Draft<'_>) -> Drafted {
    if !matches!(
        draft.after.work,
        Work::Raised | Work::Acknowledged { .. } | Work::Verified { .. }
    ) {
        return Err(Refusal::State);
    }
    if draft.after.desk.township.is_none() {
        return Err(Refusal::AlreadyUnplaced);
    }
    let unplaced = Desk {
        township: None,
        ..draft.after.desk
    };
    desk::lay(&mut draft.after, unplaced);
    draft.after.work = Work::Raised;
    Ok(())
}

/// 数据错误: found so, or recognised so after closing. Either way nothing is
/// raised again until the facts change.
fn dispute(draft: &mut Draft<'_>, by: OfficerId) -> Drafted {
    let is_over = decide::is_over(&draft.after);
    match &mut draft.after.work {
        Work::Acknowledged { .. } | Work::Verified { .. } => {
            draft.after.work = Work::Verified {
                by,
                outcome: OutcomeCode::DataError,
            };
        }
        Work::Closed { .. } if is_over => return Err(Refusal::EpisodeOver),
        Work::Closed {
            by: closed_by,
            outcome,
            effect_expected_by,
            ..
        } => {
            *closed_by = Some(by);
            *outcome = Some(OutcomeCode::DataError);
            *effect_expected_by = None;
        }
        Work::Held { .. } | Work::Raised | Work::Handled { .. } => return Err(Refusal::State),
    }
    draft.tell(FeedKind::Updated);
    Ok(())
}

fn reopen(draft: &mut Draft<'_>, cx: &Context<'_>) -> Drafted {
    if !draft.after.work.is_closed() {
        return Err(Refusal::State);
    }
    // A second open alert of one subject and policy could stand beside it.
    if decide::is_over(&draft.after) {
        return Err(Refusal::EpisodeOver);
    }
    decide::raise_again(draft, cx);
    Ok(())
}

/// 分派: the township signs for it itself; the clocks go on.
fn place(draft: &mut Draft<'_>, township: DivisionCode, cx: &Context<'_>) -> Drafted {
    let desk = draft.after.desk;
    let placed = match draft.after.work {
        Work::Held { why } => Work::Held { why },
        Work::Raised | Work::Acknowledged { .. } | Work::Verified { .. } => Work::Raised,
        Work::Handled { .. } | Work::Closed { .. } => return Err(Refusal::State),
    };
    if desk.township.is_some() {
        return Err(Refusal::AlreadyPlaced);
    }
    let is_ours =
        desk::is_township(township) && desk::township_run_by(desk.county, township, cx).is_some();
    if !is_ours {
        return Err(Refusal::NotOfThisCounty { township });
    }
    let on_township = Desk {
        township: Some(township),
        assist: desk.assist.filter(|assist| *assist != township),
        ..desk
    };
    desk::lay(&mut draft.after, on_township);
    draft.after.work = placed;
    Ok(())
}
