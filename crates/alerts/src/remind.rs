//! What the calendar alone does to an alert, and when it must be looked at.

use domain::alert::{Alert, AlertChange, Condition, Due, FeedKind, Work};
use domain::time::{Date, add_days};

use crate::change::Draft;
use crate::decide::{effect_expected_by, raise_again, recheck_due, recheck_reached};
use crate::{Context, deadline};

/// What the day brings without any new fact: an overdue deadline is told once,
/// a snooze ends, a pending date is found, closed work is reopened on its
/// recheck date.
///
/// That handling showed no effect (办结未生效) is a claim about the data, which
/// may only be late: `decide` makes it when the condition is seen to hold, and
/// [`needs_evaluation`] says when to look.
pub fn remind(alert: &Alert, cx: &Context<'_>) -> Option<AlertChange> {
    let mut draft = Draft::of(alert);
    match alert.work {
        Work::Held { .. } => return None,
        Work::Closed { .. } => {
            if alert.condition == Condition::Holding && recheck_reached(alert, cx.on) {
                raise_again(&mut draft, cx);
            }
        }
        Work::Raised | Work::Acknowledged { .. } | Work::Verified { .. } | Work::Handled { .. } => {
            wake(&mut draft.after, cx.on);
            deadline::settle_pending(&mut draft.after.deadlines, &alert.plan, cx);
            mark_overdue(&mut draft.after, cx.on);
            if draft.after != *alert {
                draft.tell(FeedKind::Updated);
            }
        }
    }
    draft.finish(cx)
}

/// The next day on which an alert must be looked at: a deadline runs out, a
/// snooze ends, it may clear, its effect must show, or it is to be rechecked.
/// `None` when no day will change it. A pending date asks for every day.
pub fn look_on(alert: &Alert) -> Option<Date> {
    let evaluation = evaluation_on(alert);
    if matches!(alert.work, Work::Held { .. }) {
        return evaluation;
    }
    let recheck = recheck_due(alert).filter(|_| alert.condition == Condition::Holding);
    let unreminded = is_open(&alert.work) && !is_cleared(alert);
    let overdue = alert
        .deadlines
        .iter()
        .filter(|d| unreminded && !d.reminded && !deadline::is_done(d.step, &alert.work));
    let overdue = overdue.map(|d| match d.due {
        Due::On { on } => add_days(on, 1),
        Due::Pending { .. } => alert.changed_at.china_date(),
    });
    let snooze = alert.snoozed_until.filter(|_| is_open(&alert.work));
    [evaluation, recheck, snooze]
        .into_iter()
        .flatten()
        .chain(overdue)
        .min()
}

/// Whether the household must be evaluated on this day even if no fact
/// changed: only an evaluation may clear an alert, or say that handling had no
/// effect.
pub fn needs_evaluation(alert: &Alert, on: Date) -> bool {
    evaluation_on(alert).is_some_and(|day| day <= on)
}

fn evaluation_on(alert: &Alert) -> Option<Date> {
    match alert.condition {
        Condition::Cleared { .. } => None,
        Condition::Fading { since } => {
            Some(add_days(since, i32::from(alert.plan.clear_after_days)))
        }
        Condition::Holding => effect_expected_by(&alert.work).map(|by| add_days(by, 1)),
    }
}

fn wake(after: &mut Alert, on: Date) {
    if after.snoozed_until.is_some_and(|until| until <= on) {
        after.snoozed_until = None;
    }
}

/// Marks what is overdue as told. Nobody is urged on about what is gone, or
/// about what was allowed to wait.
fn mark_overdue(after: &mut Alert, on: Date) {
    if is_cleared(after) || after.snoozed_until.is_some() {
        return;
    }
    for deadline in &mut after.deadlines {
        let is_overdue = deadline::on(deadline.due).is_some_and(|due| due < on);
        if is_overdue && !deadline::is_done(deadline.step, &after.work) {
            deadline.reminded = true;
        }
    }
}

fn is_open(work: &Work) -> bool {
    matches!(work, Work::Raised) || work.is_begun()
}

fn is_cleared(alert: &Alert) -> bool {
    matches!(alert.condition, Condition::Cleared { .. })
}
