//! Every transition, as one text that a person reads and agrees to.
//!
//! `BLESS=1 cargo test -p alerts` writes the text anew; read the difference.

use alerts::{ActionRefused, act, decide, remind};
use domain::alert::{Alert, AlertAction, AlertChange, Condition, OutcomeCode, Work};
use domain::evaluation::Signal;
use domain::ids::AlertId;
use domain::time::add_days;
use jiff::civil::date;

use crate::world::{
    CONDITIONS, LIMITS, MODES, TODAY, World, acknowledged, closed, evaluation, handled, held,
    holds, ids, in_work, living_in, officer, place, raised, unplaced, verified, works,
};

#[test]
fn every_transition_is_as_agreed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transitions.txt");
    let stayed = evaluations("320412100");
    let moved = evaluations("320412101");
    let differ = moved.iter().filter(|row| !stayed.contains(row)).cloned();
    let text = [
        "# evaluation: condition | work | signal @mode | outcome".to_owned(),
        merged(stayed.clone()),
        "\n# evaluation after the household moved to 320412101, where it differs".to_owned(),
        merged(differ.collect()),
        "\n# the calendar alone, three weeks later: condition | work | outcome".to_owned(),
        merged(reminders()),
        "\n# actions of officer 2: condition | work | action | outcome".to_owned(),
        merged(actions()),
        String::new(),
    ]
    .join("\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let agreed = std::fs::read_to_string(path).unwrap();
    for (number, (is, should)) in text.lines().zip(agreed.lines()).enumerate() {
        assert_eq!(is, should, "line {} of transitions.txt", number + 1);
    }
    assert_eq!(text.lines().count(), agreed.lines().count());
}

/// One row: what is given, column by column, and what comes of it.
type Row = (Vec<String>, String);

/// Rows that differ in one column only and have one outcome become one line,
/// so that a person can read them all: first by the last column, then by the
/// one before, and so on.
fn merged(rows: Vec<Row>) -> String {
    let columns = rows.first().map_or(0, |(given, _)| given.len());
    let mut lines = rows;
    for column in (0..columns).rev() {
        let mut next: Vec<Row> = Vec::new();
        for (given, outcome) in lines {
            let twin = next.iter_mut().find(|(other, same)| {
                let others = other.iter().zip(&given).enumerate();
                *same == outcome
                    && others
                        .filter(|(i, _)| *i != column)
                        .all(|(_, (a, b))| a == b)
            });
            match twin {
                Some((other, _)) => other[column] = format!("{}; {}", other[column], given[column]),
                None => next.push((given, outcome)),
            }
        }
        lines = next;
    }
    let text = lines
        .iter()
        .map(|(given, outcome)| format!("{} | {outcome}", given.join(" | ")));
    text.collect::<Vec<_>>().join("\n")
}

/// condition × work × signal × mode.
fn evaluations(township: &str) -> Vec<Row> {
    let world = World::new();
    let cx = world.today();
    let mut rows = Vec::new();
    let mut existing = vec![("-", "none", None)];
    for (work, alert) in works() {
        for (condition, state) in CONDITIONS {
            if possible(&alert.work, state) {
                let alert = Alert {
                    condition: state,
                    ..alert.clone()
                };
                existing.push((condition, work, Some(alert)));
            }
        }
    }
    let signals = [
        ("same", holds("f")),
        ("changed", holds("g")),
        ("gone", Signal::Gone),
        ("unknown", Signal::Unknown),
    ];
    for (condition, work, alert) in &existing {
        for (signal, given) in &signals {
            for (mode, name) in MODES.into_iter().zip(["@change", "@first", "@everyone"]) {
                let evaluation = evaluation(given.clone());
                let placement = living_in(township);
                let change = decide(alert.as_ref(), &evaluation, &placement, mode, ids(2), &cx);
                let new = ids(2).alert;
                let outcome = change.map_or("-".to_owned(), |c| said(alert.as_ref(), &c, new));
                let given = [*condition, *work, *signal, name].map(str::to_owned);
                rows.push((given.to_vec(), outcome));
            }
        }
    }
    rows
}

/// condition × work, looked at three weeks later, when every deadline is over.
fn reminders() -> Vec<Row> {
    let world = World::new();
    let cx = world.on(date(2026, 12, 11));
    let mut rows = Vec::new();
    for (work, alert) in works() {
        for (condition, state) in CONDITIONS {
            if !possible(&alert.work, state) {
                continue;
            }
            let alert = Alert {
                condition: state,
                ..alert.clone()
            };
            let change = remind(&alert, &cx);
            let outcome = change.map_or("-".to_owned(), |c| said(Some(&alert), &c, alert.id));
            rows.push((vec![condition.to_owned(), work.to_owned()], outcome));
        }
    }
    rows
}

/// condition × work × action.
fn actions() -> Vec<Row> {
    let world = World::new();
    let cx = world.today();
    let mut rows = Vec::new();
    for (work, alert) in acted_on() {
        for (action, given) in given_actions() {
            for (condition, state) in CONDITIONS {
                if !possible(&alert.work, state) {
                    continue;
                }
                let alert = Alert {
                    condition: state,
                    ..alert.clone()
                };
                let done = act(&alert, &given, officer(2), &LIMITS, &cx);
                let given = vec![condition.to_owned(), work.clone(), action.to_owned()];
                rows.push((given, outcome(&alert, done)));
            }
        }
    }
    rows
}

/// The backlog is closed in the change that clears it.
fn possible(work: &Work, condition: Condition) -> bool {
    !(matches!(work, Work::Held { .. }) && matches!(condition, Condition::Cleared { .. }))
}

fn acted_on() -> Vec<(String, Alert)> {
    let mut on = vec![
        ("held".to_owned(), in_work(held())),
        ("held, unplaced".to_owned(), unplaced(in_work(held()))),
        ("raised".to_owned(), raised()),
        ("raised, unplaced".to_owned(), unplaced(raised())),
        ("acknowledged".to_owned(), in_work(acknowledged())),
        (
            "acknowledged, unplaced".to_owned(),
            unplaced(in_work(acknowledged())),
        ),
    ];
    for outcome in OutcomeCode::ALL {
        on.push((format!("verified {outcome:?}"), in_work(verified(outcome))));
    }
    on.push(("handled".to_owned(), in_work(handled(None))));
    on.push((
        "closed untrue".to_owned(),
        in_work(closed(OutcomeCode::Untrue, None)),
    ));
    on.push((
        "closed true".to_owned(),
        in_work(closed(OutcomeCode::TrueAssisted, None)),
    ));
    on
}

fn given_actions() -> Vec<(&'static str, AlertAction)> {
    let snooze = |days| AlertAction::Snooze {
        until: add_days(TODAY, days),
    };
    let handle = |reference: Option<&str>| AlertAction::Handle {
        reference: reference.map(str::to_owned),
        on: None,
    };
    let verify = |outcome| AlertAction::Verify { outcome, on: None };
    let on = |township| AlertAction::Place {
        township: place(township),
    };
    vec![
        ("acknowledge", AlertAction::Acknowledge),
        ("assign to 1", AlertAction::Assign { to: officer(1) }),
        ("assign to 3", AlertAction::Assign { to: officer(3) }),
        ("verify TrueAdjusted", verify(OutcomeCode::TrueAdjusted)),
        ("verify DataError", verify(OutcomeCode::DataError)),
        ("handle", handle(None)),
        ("handle, empty reference", handle(Some(" "))),
        ("handle, reference", handle(Some("JM1"))),
        ("close", AlertAction::Close),
        ("snooze 0 days", snooze(0)),
        ("snooze 8 days", snooze(8)),
        ("snooze 9 days, past document", snooze(9)),
        ("snooze 15 days", snooze(15)),
        ("return", AlertAction::Return),
        ("dispute", AlertAction::Dispute),
        ("reopen", AlertAction::Reopen),
        ("place on our township", on("320412101")),
        ("place on a village", on("320412100201")),
        ("place, other bureau's", on("320412104")),
        ("place, merged township", on("320412105")),
        ("place, other county", on("320481100")),
        ("release", AlertAction::Release),
    ]
}

fn outcome(alert: &Alert, done: Result<AlertChange, ActionRefused>) -> String {
    match done {
        Ok(change) => said(Some(alert), &change, alert.id),
        Err(refused) => format!("refused {}", refused.code()),
    }
}

/// What changed, in words.
fn said(before: Option<&Alert>, change: &AlertChange, new: AlertId) -> String {
    let after = &change.after;
    let before = before.filter(|_| change.from_version.is_some());
    let differs = |of: fn(&Alert) -> String| before.is_none_or(|before| of(before) != of(after));
    let mut words = Vec::new();
    if before.is_none() {
        assert_eq!((after.id, after.version), (new, 1));
        words.push("new".to_owned());
    }
    for of in [condition, work, desk] {
        if differs(of) {
            words.push(of(after));
        }
    }
    if before.is_some_and(|before| before.fingerprint != after.fingerprint) {
        words.push("facts".to_owned());
    }
    if before.is_none_or(|before| before.deadlines != after.deadlines) {
        let is_reminded = after.deadlines.iter().any(|d| d.reminded);
        words.push(match after.deadlines.first() {
            None => "no clocks".to_owned(),
            Some(_) if is_reminded => "reminded".to_owned(),
            Some(first) => format!("clocks from {}", first.counted_from),
        });
    }
    words.extend(
        after
            .snoozed_until
            .map(|until| format!("hidden until {until}")),
    );
    let news = change.news.iter();
    words.extend(news.map(|n| format!("{}@{}", n.kind.name(), n.feed)));
    if change.news.is_empty() {
        words.push("silent".to_owned());
    }
    if change.decides {
        words.push("decides".to_owned());
    }
    words.join(", ")
}

fn desk(alert: &Alert) -> String {
    let township = alert.desk.township;
    let township = township.map_or("unplaced".to_owned(), |t| t.to_string());
    let assignee = alert.assignee.map(|officer| officer.as_uuid().as_u128());
    let assignee = assignee.map_or("nobody".to_owned(), |n| n.to_string());
    format!("desk {township} of {assignee}")
}

fn condition(alert: &Alert) -> String {
    match alert.condition {
        Condition::Holding => "holding".to_owned(),
        Condition::Fading { since } => format!("fading since {since}"),
        Condition::Cleared { .. } => "cleared".to_owned(),
    }
}

fn work(alert: &Alert) -> String {
    let found = |outcome: &OutcomeCode| format!("{outcome:?}");
    match &alert.work {
        Work::Verified { outcome, .. } => format!("verified {outcome:?}"),
        Work::Handled {
            outcome,
            effect_expected_by,
            reference,
            ..
        } => {
            let effect = effect_expected_by.map_or(String::new(), |by| format!(" by {by}"));
            let reference = reference
                .as_ref()
                .map_or(String::new(), |r| format!(" {r}"));
            format!("handled {outcome:?}{reference}{effect}")
        }
        Work::Closed {
            by,
            outcome,
            effect_expected_by,
            ..
        } => {
            let effect = effect_expected_by.map_or(String::new(), |by| format!(" by {by}"));
            let by = match by {
                Some(by) => format!(" of {}", by.as_uuid().as_u128()),
                None => " by itself".to_owned(),
            };
            let outcome = outcome.as_ref().map_or("nothing".to_owned(), found);
            format!("closed {outcome}{by}{effect}")
        }
        other => other.name().to_owned(),
    }
}
