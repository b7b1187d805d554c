//! When what must be done.
//!
//! A deadline has a date only if the calendar knows it: working days that reach
//! into a year without a published holiday table leave it pending, and never
//! hold up the alert.

use domain::alert::{Deadline, Due, Work};
use domain::evaluation::{AlertPlan, DeadlineRule, Nature, Span, Step};
use domain::time::{Date, Instant, add_days, add_months};

use crate::Context;

const SECONDS_PER_HOUR: i64 = 3600;

/// The deadlines of an alert that is raised now.
pub(crate) fn raised(plan: &AlertPlan, cx: &Context<'_>) -> Vec<Deadline> {
    plan.deadlines.iter().map(|rule| fresh(rule, cx)).collect()
}

/// The deadlines after the plan changed under work that was raised before.
///
/// What the law counts from a named day follows that day. Every other clock
/// goes on: an update may bring it forward, never push it back.
pub(crate) fn updated(old: &[Deadline], plan: &AlertPlan, cx: &Context<'_>) -> Vec<Deadline> {
    let rules = plan.deadlines.iter();
    rules
        .map(|rule| {
            let mut fresh = fresh(rule, cx);
            let Some(prior) = prior(old, rule) else {
                return fresh;
            };
            if lawful_start(rule).is_none() {
                let kept = Deadline {
                    nature: rule.nature.clone(),
                    due: settled(prior, rule, cx),
                    ..prior.clone()
                };
                fresh = earlier(kept, fresh);
            }
            fresh.reminded = prior.reminded && fresh.due == prior.due;
            fresh
        })
        .collect()
}

/// Gives pending deadlines their date if the holiday table is published by now.
pub(crate) fn settle_pending(deadlines: &mut [Deadline], plan: &AlertPlan, cx: &Context<'_>) {
    for deadline in deadlines {
        let rule = plan.deadlines.iter().find(|rule| matches(deadline, rule));
        if let Some(rule) = rule {
            deadline.due = settled(deadline, rule, cx);
        }
    }
}

/// Whether the step of a deadline has been taken.
pub(crate) fn is_done(step: Step, work: &Work) -> bool {
    match step {
        Step::Contact | Step::Verify => matches!(
            work,
            Work::Verified { .. } | Work::Handled { .. } | Work::Closed { .. }
        ),
        Step::Handle => matches!(work, Work::Handled { .. } | Work::Closed { .. }),
    }
}

/// The earliest date set by a document for a step that is still to be taken.
pub(crate) fn next_statutory(deadlines: &[Deadline], work: &Work) -> Option<Date> {
    let open = deadlines
        .iter()
        .filter(|d| matches!(d.nature, Nature::Statutory(_)) && !is_done(d.step, work));
    open.filter_map(|d| on(d.due)).min()
}

/// The date, if it is known.
pub(crate) fn on(due: Due) -> Option<Date> {
    match due {
        Due::On { on } => Some(on),
        Due::Pending { .. } => None,
    }
}

/// The day only a document may set. A clock of the platform's own never runs
/// before anybody could see the alert.
fn lawful_start(rule: &DeadlineRule) -> Option<Date> {
    match rule.nature {
        Nature::Statutory(_) => rule.from,
        Nature::Platform => None,
    }
}

fn fresh(rule: &DeadlineRule, cx: &Context<'_>) -> Deadline {
    let (counted_from, at) = match lawful_start(rule) {
        Some(from) => (from, Instant::china_morning(from)),
        None => (cx.on, cx.now),
    };
    Deadline {
        step: rule.step,
        due: due(rule.span, counted_from, at, cx),
        nature: rule.nature.clone(),
        counted_from,
        reminded: false,
    }
}

fn due(span: Span, from: Date, at: Instant, cx: &Context<'_>) -> Due {
    let on = match span {
        Span::WorkingDays(count) => match cx.calendar.after(from, count) {
            Ok(on) => on,
            Err(missing) => return Due::Pending { year: missing.year },
        },
        Span::Days(count) => add_days(from, i32::from(count)),
        Span::Months(count) => add_months(from, i32::from(count)),
        Span::Hours(count) => at
            .plus_seconds(i64::from(count) * SECONDS_PER_HOUR)
            .china_date(),
    };
    Due::On { on }
}

/// A pending date, found if it can be by now.
fn settled(deadline: &Deadline, rule: &DeadlineRule, cx: &Context<'_>) -> Due {
    match deadline.due {
        Due::On { .. } => deadline.due,
        Due::Pending { .. } => {
            let from = deadline.counted_from;
            due(rule.span, from, Instant::china_morning(from), cx)
        }
    }
}

fn earlier(one: Deadline, other: Deadline) -> Deadline {
    match (on(one.due), on(other.due)) {
        (Some(a), Some(b)) if b < a => other,
        (None, Some(_)) => other,
        _ => one,
    }
}

/// The running deadline that a rule of the new plan goes on with. A document
/// cited in other words is the same document.
fn prior<'a>(old: &'a [Deadline], rule: &DeadlineRule) -> Option<&'a Deadline> {
    let same_words = old
        .iter()
        .find(|d| matches(d, rule) && d.nature == rule.nature);
    same_words.or_else(|| old.iter().find(|d| matches(d, rule)))
}

fn matches(deadline: &Deadline, rule: &DeadlineRule) -> bool {
    let statutory = |nature: &Nature| matches!(nature, Nature::Statutory(_));
    deadline.step == rule.step && statutory(&deadline.nature) == statutory(&rule.nature)
}
