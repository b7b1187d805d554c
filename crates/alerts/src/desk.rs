//! Which desk an alert lies on, and how it moves.
//!
//! Support is decided where the household is registered, emergencies are met
//! where they happen (民发〔2021〕57号第四条、第十五条); each policy says which.
//! What no township of this county can be named for lies on the county's
//! unplaced desk, where it is counted, and never on a default township's.

use domain::alert::{Alert, AlertChange, Desk, FeedKind};
use domain::evaluation::{AlertPlan, Route};
use domain::ids::Subject;
use domain::region::{DivisionCode, Level};

use crate::Context;
use crate::change::Draft;
use crate::deadline;

/// Where the household is, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// 户籍地.
    pub hukou: Option<DivisionCode>,
    /// 居住地.
    pub residence: Option<DivisionCode>,
    /// The county whose bureau keeps it.
    pub county: DivisionCode,
}

/// What a policy's route answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// A township that this county runs.
    Township(DivisionCode),
    /// A place that no township of this county serves.
    Elsewhere,
    /// The place is not known.
    Unknown,
}

/// Moves an alert after its household moved, whatever is known of the
/// condition: an evaluation without an answer changes nothing, yet authority
/// must follow the household. `None` when it stays, or is closed.
pub fn relocate(alert: &Alert, placement: &Placement, cx: &Context<'_>) -> Option<AlertChange> {
    if alert.work.is_closed() {
        return None;
    }
    let mut draft = Draft::of(alert);
    settle(&mut draft.after, placement, cx);
    draft.finish(cx)
}

/// Goes on with an episode under another household: after a split, or a
/// head's death that gave the household a new number. The work, its officer
/// and the earlier deadlines stay. `None` for closed work: that is over.
///
/// The caller continues an episode under one household only; what holds for
/// another part of a split household opens there by itself.
pub fn continue_as(
    alert: &Alert,
    subject: Subject,
    unit: Subject,
    placement: &Placement,
    cx: &Context<'_>,
) -> Option<AlertChange> {
    if alert.work.is_closed() {
        return None;
    }
    let mut draft = Draft::of(alert);
    draft.after.subject = subject;
    draft.after.unit = unit;
    // No deadline is added to work in the backlog: it has none until released.
    if !alert.deadlines.is_empty() {
        draft.after.deadlines = deadline::updated(&alert.deadlines, &alert.plan, cx);
    }
    settle(&mut draft.after, placement, cx);
    if draft.after != *alert {
        draft.tell(FeedKind::Updated);
    }
    draft.finish(cx)
}

/// The desk of a new alert, and what its route answered.
pub(crate) fn first(
    plan: &AlertPlan,
    placement: &Placement,
    cx: &Context<'_>,
) -> (Desk, Option<DivisionCode>) {
    let township = match answer(plan, placement, cx) {
        Answer::Township(township) => Some(township),
        Answer::Elsewhere | Answer::Unknown => None,
    };
    let desk = Desk {
        county: placement.county,
        township,
        assist: assist(plan.route, placement, township, cx),
    };
    (desk, township)
}

/// Puts an alert where its route now answers. A desk chosen by a person stays
/// until the answer changes, and a place that is no longer known moves nothing.
pub(crate) fn settle(after: &mut Alert, placement: &Placement, cx: &Context<'_>) {
    let old = after.desk;
    let left = old.county != placement.county;
    let routed = match answer(&after.plan, placement, cx) {
        Answer::Township(township) => Some(township),
        Answer::Unknown if !left => after.routed,
        Answer::Elsewhere | Answer::Unknown => None,
    };
    let township = if left || routed != after.routed {
        routed
    } else {
        old.township
    };
    let assist = if placement.residence.is_none() && !left {
        old.assist.filter(|assist| Some(*assist) != township)
    } else {
        assist(after.plan.route, placement, township, cx)
    };
    after.routed = routed;
    lay(
        after,
        Desk {
            county: placement.county,
            township,
            assist,
        },
    );
}

/// Lays an alert on a desk. Another desk has other officers and its own day:
/// they begin with nobody assigned and nothing hidden.
pub(crate) fn lay(after: &mut Alert, desk: Desk) {
    if after.desk.feed() != desk.feed() {
        after.assignee = None;
        after.snoozed_until = None;
    }
    after.desk = desk;
}

/// The township a place lies in, if `county` runs it on that day.
pub(crate) fn township_run_by(
    county: DivisionCode,
    place: DivisionCode,
    cx: &Context<'_>,
) -> Option<DivisionCode> {
    let township = place.township()?;
    // A code that is not in the table on that day, such as a merged
    // township's, has no desk.
    cx.divisions.on(township, cx.on)?;
    let bureau = cx.divisions.bureau(place, cx.on)?;
    (bureau == county).then_some(township)
}

/// Whether `code` names a township, not something inside or above one.
pub(crate) fn is_township(code: DivisionCode) -> bool {
    code.level() == Level::Township
}

fn answer(plan: &AlertPlan, placement: &Placement, cx: &Context<'_>) -> Answer {
    let place = match plan.route {
        Route::Hukou => placement.hukou,
        Route::Residence => placement.residence,
        Route::Incident => plan.incident_place,
        Route::County => return Answer::Elsewhere,
    };
    let Some(place) = place else {
        return Answer::Unknown;
    };
    match township_run_by(placement.county, place, cx) {
        Some(township) => Answer::Township(township),
        None => Answer::Elsewhere,
    }
}

/// The township that helps with the survey where the household lives
/// (民发〔2021〕57号第十五条).
fn assist(
    route: Route,
    placement: &Placement,
    township: Option<DivisionCode>,
    cx: &Context<'_>,
) -> Option<DivisionCode> {
    if route == Route::County {
        return None;
    }
    let lives_in = township_run_by(placement.county, placement.residence?, cx)?;
    (Some(lives_in) != township).then_some(lives_in)
}
