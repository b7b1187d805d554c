//! A small county with two townships of its own, one run by another bureau,
//! and alerts in every state.

use alerts::{ActLimits, Context, NewIds, Placement, RunMode};
use domain::alert::{Alert, Condition, Deadline, Desk, Due, HeldWhy, OutcomeCode, Work};
use domain::calendar::WorkingDays;
use domain::evaluation::{
    AlertLevel, AlertPlan, Confidential, DeadlineRule, Evaluation, Finding, Nature, Route, Signal,
    Span, Step, Verdict,
};
use domain::ids::{AlertId, DecisionId, HouseholdId, OfficerId, Subject};
use domain::region::{DivisionCode, Divisions};
use domain::time::{Date, Instant};
use jiff::civil::date;
use uuid::Uuid;

pub(crate) const LIMITS: ActLimits = ActLimits {
    snooze_days_max: 14,
};

/// 2026-11-20, a Friday. The holidays of 2027 are not published.
pub(crate) const TODAY: Date = date(2026, 11, 20);

pub(crate) struct World {
    calendar: WorkingDays,
    divisions: Divisions,
}

impl World {
    pub(crate) fn new() -> World {
        let divisions = "code,name,bureau,from,to\n320412,武进区,,,\n320412100,湖塘镇,,,\n\
            320412100201,丰乐社区居委会,,,\n320412101,牛塘镇,,,\n320412104,横林镇,3204,,\n\
            320412105,旧镇,,,2026-01-01\n320481,溧阳市,,,\n320481100,溧城镇,,,\n";
        World {
            calendar: WorkingDays::parse("date,kind\n2026-10-10,makeup_workday\n")
                .expect("a table of this test"),
            divisions: Divisions::parse(divisions).expect("a table of this test"),
        }
    }

    pub(crate) fn published(mut self) -> World {
        let table = "date,kind\n2026-10-10,makeup_workday\n2027-01-01,holiday\n";
        self.calendar = WorkingDays::parse(table).expect("a table of this test");
        self
    }

    pub(crate) fn on(&self, on: Date) -> Context<'_> {
        Context {
            now: Instant::china_morning(on),
            on,
            calendar: &self.calendar,
            divisions: &self.divisions,
        }
    }

    pub(crate) fn today(&self) -> Context<'_> {
        self.on(TODAY)
    }
}

pub(crate) fn place(code: &str) -> DivisionCode {
    DivisionCode::parse(code).expect("a table of this test")
}

pub(crate) fn officer(n: u128) -> OfficerId {
    OfficerId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn alert_id(n: u128) -> AlertId {
    AlertId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn household(n: u128) -> Subject {
    Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(n)))
}

pub(crate) fn ids(n: u128) -> NewIds {
    NewIds {
        alert: alert_id(n),
        decision: DecisionId::from_uuid(Uuid::from_u128(n)),
    }
}

pub(crate) fn living_in(township: &str) -> Placement {
    Placement {
        hukou: Some(place(township)),
        residence: Some(place(township)),
        county: place("320412"),
    }
}

pub(crate) fn plan() -> AlertPlan {
    AlertPlan {
        finding: Finding::PossiblyMissed,
        level: AlertLevel::Orange,
        route: Route::Hukou,
        incident_place: None,
        deadlines: vec![
            DeadlineRule {
                step: Step::Contact,
                span: Span::WorkingDays(3),
                nature: Nature::Platform,
                from: None,
            },
            DeadlineRule {
                step: Step::Handle,
                span: Span::Days(10),
                nature: Nature::Statutory("某文第一条".to_owned()),
                from: None,
            },
        ],
        clear_after_days: 2,
        effect_within_days: Some(30),
        recheck_on: None,
        confidential: Confidential::Ordinary,
    }
}

pub(crate) fn evaluation(signal: Signal) -> Evaluation {
    Evaluation {
        unit: household(1),
        subject: household(1),
        policy: "subsistence_allowance".to_owned(),
        version: "1".to_owned(),
        verdict: Verdict::Met,
        signal,
    }
}

pub(crate) fn holds(fingerprint: &str) -> Signal {
    Signal::Holds {
        plan: plan(),
        fingerprint: fingerprint.to_owned(),
    }
}

/// An alert raised two days ago in 湖塘镇, not touched yet.
pub(crate) fn raised() -> Alert {
    let day = date(2026, 11, 18);
    let deadline = |rule: &DeadlineRule, on| Deadline {
        step: rule.step,
        due: Due::On { on },
        nature: rule.nature.clone(),
        counted_from: day,
        reminded: false,
    };
    let plan = plan();
    Alert {
        id: alert_id(1),
        subject: household(1),
        unit: household(1),
        policy: "subsistence_allowance".to_owned(),
        fingerprint: "f".to_owned(),
        condition: Condition::Holding,
        work: Work::Raised,
        desk: Desk {
            county: place("320412"),
            township: Some(place("320412100")),
            assist: None,
        },
        routed: Some(place("320412100")),
        assignee: None,
        snoozed_until: None,
        deadlines: vec![
            deadline(&plan.deadlines[0], date(2026, 11, 23)),
            deadline(&plan.deadlines[1], date(2026, 11, 28)),
        ],
        plan,
        decision: ids(1).decision,
        opened_at: Instant::china_morning(day),
        changed_at: Instant::china_morning(day),
        version: 7,
    }
}

pub(crate) fn in_work(work: Work) -> Alert {
    let held = matches!(work, Work::Held { .. });
    let begun = work.is_begun();
    let mut alert = raised();
    if held {
        alert.deadlines.clear();
    }
    alert.assignee = begun.then(|| officer(1));
    alert.work = work;
    alert
}

pub(crate) fn unplaced(mut alert: Alert) -> Alert {
    alert.desk.township = None;
    alert.routed = None;
    alert
}

pub(crate) fn held() -> Work {
    Work::Held {
        why: HeldWhy::FirstLoad,
    }
}

pub(crate) fn acknowledged() -> Work {
    Work::Acknowledged { by: officer(1) }
}

pub(crate) fn verified(outcome: OutcomeCode) -> Work {
    Work::Verified {
        by: officer(1),
        outcome,
    }
}

pub(crate) fn handled(effect_expected_by: Option<Date>) -> Work {
    Work::Handled {
        by: officer(1),
        outcome: OutcomeCode::TrueAssisted,
        reference: None,
        effect_expected_by,
    }
}

pub(crate) fn closed(outcome: OutcomeCode, effect_expected_by: Option<Date>) -> Work {
    Work::Closed {
        by: Some(officer(1)),
        outcome: Some(outcome),
        effect_expected_by,
        on: date(2026, 11, 19),
    }
}

pub(crate) fn closed_by_itself() -> Work {
    Work::Closed {
        by: None,
        outcome: None,
        effect_expected_by: None,
        on: date(2026, 11, 19),
    }
}

/// Every kind of work whose future differs, with a name for the table.
pub(crate) fn works() -> Vec<(&'static str, Alert)> {
    use OutcomeCode::{DataError, Declined, TrueAssisted, Untrue, Unverifiable};
    let yesterday = Some(date(2026, 11, 19));
    let tomorrow = Some(date(2026, 11, 21));
    let mut works = vec![
        ("held", in_work(held())),
        ("raised", in_work(Work::Raised)),
        ("acknowledged", in_work(acknowledged())),
        ("verified true", in_work(verified(TrueAssisted))),
        ("verified untrue", in_work(verified(Untrue))),
        ("handled", in_work(handled(None))),
        ("handled, effect awaited", in_work(handled(tomorrow))),
        ("handled, no effect", in_work(handled(yesterday))),
        ("closed by itself", in_work(closed_by_itself())),
        ("closed true", in_work(closed(TrueAssisted, None))),
        (
            "closed, effect awaited",
            in_work(closed(TrueAssisted, tomorrow)),
        ),
        (
            "closed, no effect",
            in_work(closed(TrueAssisted, yesterday)),
        ),
        ("closed untrue", in_work(closed(Untrue, None))),
        ("closed data error", in_work(closed(DataError, None))),
        ("closed declined", in_work(closed(Declined, None))),
        ("closed unverifiable", in_work(closed(Unverifiable, None))),
    ];
    for (name, work) in [
        (
            "closed unverifiable, recheck today",
            closed(Unverifiable, None),
        ),
        ("closed true, recheck today", closed(TrueAssisted, None)),
        ("closed untrue, recheck today", closed(Untrue, None)),
        ("closed data error, recheck today", closed(DataError, None)),
        ("closed declined, recheck today", closed(Declined, None)),
        (
            "closed, effect awaited, recheck today",
            closed(TrueAssisted, tomorrow),
        ),
    ] {
        let mut alert = in_work(work);
        alert.plan.recheck_on = Some(TODAY);
        works.push((name, alert));
    }
    works
}

pub(crate) const MODES: [RunMode; 3] = [RunMode::Change, RunMode::FirstLoad, RunMode::Everyone];

/// Every condition, with a name for the table. The plan clears after two days.
pub(crate) const CONDITIONS: [(&str, Condition); 4] = [
    ("holding", Condition::Holding),
    (
        "fading 1d",
        Condition::Fading {
            since: date(2026, 11, 19),
        },
    ),
    (
        "fading 2d",
        Condition::Fading {
            since: date(2026, 11, 18),
        },
    ),
    (
        "cleared",
        Condition::Cleared {
            on: date(2026, 11, 19),
        },
    ),
];
