//! What one evaluation makes of the alert of its subject and policy.

use domain::alert::{Alert, AlertChange, Condition, FeedKind, HeldWhy, OutcomeCode, Work};
use domain::evaluation::{AlertPlan, Evaluation, Signal};
use domain::time::{Date, days_between};

use crate::change::{Draft, entry, line};
use crate::{Context, NewIds, Placement, RunMode, deadline, desk};

/// What an evaluation changes. `existing` is the latest alert of the same
/// subject and policy, closed or not. `None` when nothing changes: a signal
/// that is not known opens nothing, clears nothing and moves nothing.
///
/// A second call with what the first one made changes nothing more.
pub fn decide(
    existing: Option<&Alert>,
    evaluation: &Evaluation,
    placement: &Placement,
    mode: RunMode,
    ids: NewIds,
    cx: &Context<'_>,
) -> Option<AlertChange> {
    match &evaluation.signal {
        Signal::Unknown => None,
        Signal::Gone => gone(existing?, evaluation, placement, cx),
        Signal::Holds { plan, fingerprint } => {
            let told = Told {
                evaluation,
                plan,
                fingerprint,
                placement,
                mode,
                ids,
            };
            match existing {
                None => Some(told.opened(cx)),
                Some(alert) if is_over(alert) => Some(told.opened(cx)),
                Some(alert) if alert.work.is_closed() => told.while_closed(alert, cx),
                Some(alert) => told.while_open(alert, cx),
            }
        }
    }
}

/// Whether the episode has ended: what holds again later is another one.
pub(crate) fn is_over(alert: &Alert) -> bool {
    alert.work.is_closed() && matches!(alert.condition, Condition::Cleared { .. })
}

/// The day by which the data had to show what was done, if it was done.
pub(crate) fn effect_expected_by(work: &Work) -> Option<Date> {
    match work {
        Work::Handled {
            effect_expected_by, ..
        }
        | Work::Closed {
            effect_expected_by, ..
        } => *effect_expected_by,
        _ => None,
    }
}

/// Whether closed work is due to be looked at again by its plan's date.
///
/// A family that declined is not nagged, and a disputed record is not brought
/// up again, until the facts change. Work that waits for its effect waits.
pub(crate) fn recheck_reached(alert: &Alert, on: Date) -> bool {
    let waits = effect_expected_by(&alert.work).is_some_and(|by| on <= by);
    !waits && recheck_due(alert).is_some_and(|day| day <= on)
}

/// The day on which closed work is to be looked at again.
pub(crate) fn recheck_due(alert: &Alert) -> Option<Date> {
    let Work::Closed { outcome, on, .. } = &alert.work else {
        return None;
    };
    let closed_on = *on;
    let suppressed = outcome.is_some_and(|o| o == OutcomeCode::Declined || o.disputes());
    let day = alert.plan.recheck_on.filter(|_| !suppressed)?;
    (closed_on < day).then_some(day)
}

/// A finding that holds, with all that is needed to act on it.
struct Told<'a> {
    evaluation: &'a Evaluation,
    plan: &'a AlertPlan,
    fingerprint: &'a str,
    placement: &'a Placement,
    mode: RunMode,
    ids: NewIds,
}

impl Told<'_> {
    fn opened(&self, cx: &Context<'_>) -> AlertChange {
        let (desk, routed) = desk::first(self.plan, self.placement, cx);
        let held = held(self.mode);
        let after = Alert {
            id: self.ids.alert,
            subject: self.evaluation.subject,
            unit: self.evaluation.unit,
            policy: self.evaluation.policy.clone(),
            plan: self.plan.clone(),
            fingerprint: self.fingerprint.to_owned(),
            condition: Condition::Holding,
            deadlines: match held {
                Some(_) => Vec::new(),
                None => deadline::raised(self.plan, cx),
            },
            work: work_of(held),
            desk,
            routed,
            assignee: None,
            snoozed_until: None,
            decision: self.ids.decision,
            opened_at: cx.now,
            changed_at: cx.now,
            version: 1,
        };
        let news = match held {
            Some(_) => Vec::new(),
            None => vec![entry(&after, line(&after), FeedKind::Raised)],
        };
        AlertChange {
            after,
            from_version: None,
            news,
            decides: true,
        }
    }

    fn while_open(&self, alert: &Alert, cx: &Context<'_>) -> Option<AlertChange> {
        let mut draft = Draft::of(alert);
        let is_held = matches!(alert.work, Work::Held { .. });
        let was_cleared = matches!(alert.condition, Condition::Cleared { .. });
        draft.after.condition = Condition::Holding;
        draft.after.unit = self.evaluation.unit;
        let changed = self.changes(alert);
        if changed {
            self.adopt(&mut draft);
            draft.after.snoozed_until = None;
            if !is_held {
                draft.after.deadlines = deadline::updated(&alert.deadlines, self.plan, cx);
            }
        }
        self.adopt_next_recheck(&mut draft.after, cx.on);
        desk::settle(&mut draft.after, self.placement, cx);
        if effect_expected_by(&alert.work).is_some_and(|by| by < cx.on) {
            // 办结未生效: the work starts again, once for each handling.
            self.adopt(&mut draft);
            raise_again(&mut draft, cx);
        } else if changed || was_cleared {
            draft.after.decision = self.ids.decision;
            draft.decides();
            draft.tell(FeedKind::Updated);
        }
        draft.finish(cx)
    }

    fn while_closed(&self, alert: &Alert, cx: &Context<'_>) -> Option<AlertChange> {
        let mut draft = Draft::of(alert);
        draft.after.condition = Condition::Holding;
        draft.after.unit = self.evaluation.unit;
        // What became confidential is so for what was closed before, too.
        draft.after.plan.confidential = self.plan.confidential;
        let without_effect = effect_expected_by(&alert.work).is_some_and(|by| by < cx.on);
        if self.fingerprint != alert.fingerprint {
            self.adopt(&mut draft);
            desk::settle(&mut draft.after, self.placement, cx);
            // Facts that changed for everyone at once join the backlog.
            match held(self.mode) {
                None => raise_again(&mut draft, cx),
                Some(why) => {
                    draft.after.work = Work::Held { why };
                    draft.after.deadlines = Vec::new();
                    draft.after.snoozed_until = None;
                }
            }
        } else if without_effect || recheck_reached(alert, cx.on) {
            self.adopt(&mut draft);
            desk::settle(&mut draft.after, self.placement, cx);
            raise_again(&mut draft, cx);
        } else {
            self.adopt_next_recheck(&mut draft.after, cx.on);
        }
        draft.finish(cx)
    }

    /// Whether there is anything new to say. The day of the next look is not:
    /// a plan may count it from today.
    fn changes(&self, alert: &Alert) -> bool {
        let plan = AlertPlan {
            recheck_on: alert.plan.recheck_on,
            ..self.plan.clone()
        };
        self.fingerprint != alert.fingerprint || plan != alert.plan
    }

    fn adopt(&self, draft: &mut Draft<'_>) {
        draft.after.plan = self.plan.clone();
        self.fingerprint.clone_into(&mut draft.after.fingerprint);
        draft.after.decision = self.ids.decision;
        draft.decides();
    }

    /// Takes over the next recheck date once the old one is spent, and only
    /// then: a date that moves with today would never come.
    fn adopt_next_recheck(&self, after: &mut Alert, on: Date) {
        let spent = after.plan.recheck_on.is_none_or(|day| day <= on);
        if spent && let Some(next) = self.plan.recheck_on.filter(|day| on < *day) {
            after.plan.recheck_on = Some(next);
        }
    }
}

/// Puts work back at its beginning with new clocks.
pub(crate) fn raise_again(draft: &mut Draft<'_>, cx: &Context<'_>) {
    draft.after.work = Work::Raised;
    draft.after.snoozed_until = None;
    draft.after.deadlines = deadline::raised(&draft.after.plan, cx);
    draft.tell(FeedKind::Raised);
}

fn gone(
    alert: &Alert,
    evaluation: &Evaluation,
    placement: &Placement,
    cx: &Context<'_>,
) -> Option<AlertChange> {
    let since = match alert.condition {
        // What is over is over; open work may still have to move.
        Condition::Cleared { .. } => return desk::relocate(alert, placement, cx),
        Condition::Fading { since } => since,
        Condition::Holding => cx.on,
    };
    let mut draft = Draft::of(alert);
    draft.after.unit = evaluation.unit;
    if days_between(since, cx.on) < i64::from(alert.plan.clear_after_days) {
        draft.after.condition = Condition::Fading { since };
        if !alert.work.is_closed() {
            desk::settle(&mut draft.after, placement, cx);
        }
        return draft.finish(cx);
    }
    draft.after.condition = Condition::Cleared { on: cx.on };
    match alert.work {
        Work::Held { .. } | Work::Raised => {
            // Nobody has begun it, so there is nobody to ask.
            draft.after.work = Work::Closed {
                by: None,
                outcome: None,
                effect_expected_by: None,
                on: cx.on,
            };
            draft.tell(FeedKind::Cleared);
            draft.tell(FeedKind::Closed);
        }
        Work::Acknowledged { .. } | Work::Verified { .. } | Work::Handled { .. } => {
            // 触发事实已消失，请办结: a person ends what a person began.
            desk::settle(&mut draft.after, placement, cx);
            draft.after.snoozed_until = None;
            draft.tell(FeedKind::Cleared);
        }
        Work::Closed { .. } => {}
    }
    draft.finish(cx)
}

fn held(mode: RunMode) -> Option<HeldWhy> {
    match mode {
        RunMode::Change => None,
        RunMode::FirstLoad => Some(HeldWhy::FirstLoad),
        RunMode::Everyone => Some(HeldWhy::EveryoneRun),
    }
}

fn work_of(held: Option<HeldWhy>) -> Work {
    held.map_or(Work::Raised, |why| Work::Held { why })
}
