//! Letting the backlog onto the desks, a day's measure at a time.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::alert::{Alert, AlertChange, Condition, FeedKind, Work};
use domain::evaluation::AlertLevel;
use domain::region::DivisionCode;

use crate::change::Draft;
use crate::refusal::Refusal;
use crate::{Context, deadline};

/// Which held alerts are raised today, most pressing first, then oldest.
///
/// Each township's desk takes `budget_per_township` a day, and each county's
/// unplaced desk as many, of which `raised_today` (by feed) are used up. Red
/// always passes and uses up nothing. What is not returned stays held, and so
/// does what is definitely gone and only waits to clear.
pub fn release(
    held: &[Alert],
    raised_today: &BTreeMap<DivisionCode, u32>,
    budget_per_township: u32,
    cx: &Context<'_>,
) -> Vec<AlertChange> {
    let mut waiting: Vec<&Alert> = held.iter().filter(|alert| is_waiting(alert)).collect();
    waiting.sort_by_key(|alert| (Reverse(alert.level()), alert.opened_at, alert.id));
    let mut raised = raised_today.clone();
    let mut released = Vec::new();
    for alert in waiting {
        if alert.level() != AlertLevel::Red {
            let raised = raised.entry(alert.desk.feed()).or_insert(0);
            if *raised >= budget_per_township {
                continue;
            }
            *raised += 1;
        }
        let mut draft = Draft::of(alert);
        if put_on_desk(&mut draft, cx).is_ok() {
            released.extend(draft.finish(cx));
        }
    }
    released
}

/// Takes held work out of the backlog; its clocks start now.
pub(crate) fn put_on_desk(draft: &mut Draft<'_>, cx: &Context<'_>) -> Result<(), Refusal> {
    match draft.after.work {
        Work::Held { .. } => {
            draft.after.work = Work::Raised;
            draft.after.deadlines = deadline::raised(&draft.after.plan, cx);
            draft.tell(FeedKind::Released);
            Ok(())
        }
        _ => Err(Refusal::State),
    }
}

fn is_waiting(alert: &Alert) -> bool {
    matches!(alert.work, Work::Held { .. }) && alert.condition == Condition::Holding
}
