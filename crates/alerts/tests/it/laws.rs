//! Laws of the machine, over random lives of an alert.

use std::collections::{BTreeMap, BTreeSet};

use alerts::{Placement, RunMode, act, decide, look_on, needs_evaluation, relocate, remind};
use domain::alert::{Alert, AlertAction, AlertChange, Condition, FeedKind, OutcomeCode, Work};
use domain::evaluation::{AlertLevel, Signal};
use domain::ids::AlertId;
use domain::region::DivisionCode;
use domain::time::{Date, add_days, days_between};
use proptest::prelude::*;

use crate::world::{LIMITS, MODES, TODAY, World, evaluation, ids, officer, place, plan};

/// What may happen to an alert.
#[derive(Clone, Debug)]
enum Event {
    Evaluated(Signal, Placement, RunMode),
    Moved(Placement),
    Acted(AlertAction),
    Reminded,
    Passed(i32),
}

fn signal() -> impl Strategy<Value = Signal> {
    let holds =
        ("[fg]", any::<bool>(), prop::option::of(1..20)).prop_map(|(fingerprint, red, recheck)| {
            let mut plan = plan();
            if red {
                plan.level = AlertLevel::Red;
            }
            plan.recheck_on = recheck.map(|days| add_days(TODAY, days));
            plan.effect_within_days = Some(5);
            Signal::Holds { plan, fingerprint }
        });
    prop_oneof![4 => holds, 3 => Just(Signal::Gone), 2 => Just(Signal::Unknown)]
}

fn placement() -> impl Strategy<Value = Placement> {
    let code = || {
        let codes = [
            "320412100",
            "320412101",
            "320412104",
            "320412100201",
            "320481100",
            "3204",
        ];
        prop::option::of(prop::sample::select(codes.map(place).to_vec()))
    };
    let county = prop_oneof![9 => Just("320412"), 1 => Just("320481")];
    (code(), code(), county).prop_map(|(hukou, residence, county)| Placement {
        hukou,
        residence,
        county: place(county),
    })
}

fn action() -> impl Strategy<Value = AlertAction> {
    let outcome = prop::sample::select(OutcomeCode::ALL.to_vec());
    prop_oneof![
        3 => Just(AlertAction::Acknowledge),
        1 => Just(AlertAction::Assign { to: officer(3) }),
        3 => outcome.prop_map(|outcome| AlertAction::Verify { outcome, on: None }),
        3 => Just(AlertAction::Handle { reference: Some("JM1".to_owned()), on: None }),
        3 => Just(AlertAction::Close),
        1 => (1..20).prop_map(|days| AlertAction::Snooze { until: add_days(TODAY, days) }),
        1 => Just(AlertAction::Return),
        1 => Just(AlertAction::Dispute),
        1 => Just(AlertAction::Reopen),
        1 => Just(AlertAction::Place { township: place("320412101") }),
        2 => Just(AlertAction::Release),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let mode = prop::sample::select(MODES.to_vec());
    prop_oneof![
        6 => (signal(), placement(), mode).prop_map(|(s, p, m)| Event::Evaluated(s, p, m)),
        1 => placement().prop_map(Event::Moved),
        6 => action().prop_map(Event::Acted),
        1 => Just(Event::Reminded),
        2 => (0..4).prop_map(Event::Passed),
    ]
}

/// One (subject, policy) with what readers of feeds believe about it.
struct Life {
    world: World,
    on: Date,
    drawn: u128,
    alert: Option<Alert>,
    desks: BTreeMap<DivisionCode, BTreeSet<AlertId>>,
}

impl Life {
    fn step(&mut self, event: &Event) {
        let before = self.alert.clone();
        let Some(change) = self.change(event) else {
            return;
        };
        self.check_count(before.as_ref(), &change);
        self.check_news(before.as_ref(), &change);
        let by_a_person = matches!(event, Event::Acted(_));
        if !by_a_person {
            check_machine(before.as_ref(), &change.after, event, self.on);
        }
        self.alert = Some(change.after);
        // Told twice, nothing more happens.
        if !by_a_person {
            assert_eq!(self.change(event), None, "again: {event:?}");
        }
    }

    fn change(&mut self, event: &Event) -> Option<AlertChange> {
        self.drawn += 1;
        let cx = self.world.on(self.on);
        let alert = self.alert.as_ref();
        match event {
            Event::Evaluated(signal, placement, mode) => {
                let evaluation = evaluation(signal.clone());
                decide(alert, &evaluation, placement, *mode, ids(self.drawn), &cx)
            }
            Event::Moved(placement) => relocate(alert?, placement, &cx),
            Event::Acted(action) => act(alert?, action, officer(2), &LIMITS, &cx).ok(),
            Event::Reminded => remind(alert?, &cx),
            Event::Passed(days) => {
                self.on = add_days(self.on, *days);
                None
            }
        }
    }

    fn check_count(&self, before: Option<&Alert>, change: &AlertChange) {
        let after = &change.after;
        assert_eq!(after.changed_at, self.world.on(self.on).now);
        match (before, change.from_version) {
            (Some(before), Some(version)) => {
                assert_eq!((before.id, before.version), (after.id, version));
                assert_eq!(after.version, version + 1);
            }
            (before, None) => {
                assert_eq!(after.version, 1);
                assert!(change.decides);
                assert!(before.is_none_or(is_over), "one episode at a time");
            }
            (None, Some(_)) => panic!("nothing to change"),
        }
        if !after.work.is_closed() {
            let held = matches!(after.work, Work::Held { .. });
            assert_eq!(
                held,
                after.deadlines.is_empty(),
                "only the backlog has no clocks"
            );
        }
    }

    /// Who follows the feeds knows what lies on each desk.
    fn check_news(&mut self, before: Option<&Alert>, change: &AlertChange) {
        let after = &change.after;
        for (i, news) in change.news.iter().enumerate() {
            assert_eq!((news.alert, news.level), (after.id, after.level()));
            assert_eq!(news.due_on, after.due_on());
            let desk = self.desks.entry(news.feed).or_default();
            match news.kind {
                FeedKind::Raised => {
                    desk.insert(news.alert);
                }
                FeedKind::Released | FeedKind::MovedIn => assert!(desk.insert(news.alert)),
                FeedKind::Closed => assert!(desk.remove(&news.alert)),
                FeedKind::MovedOut => {
                    assert!(desk.remove(&news.alert));
                    let partner = &change.news[i + 1];
                    assert_eq!(partner.kind, FeedKind::MovedIn);
                    assert_ne!(partner.feed, news.feed);
                    assert_eq!(Some(news.feed), before.map(|b| b.desk.feed()));
                }
                // What was found may be corrected after closing.
                FeedKind::Updated => {
                    assert!(desk.contains(&news.alert) || after.work.is_closed());
                }
                FeedKind::Cleared => {
                    assert!(desk.contains(&news.alert));
                    assert!(matches!(after.condition, Condition::Cleared { .. }));
                }
                FeedKind::FeedClosed => panic!("an alert does not close a feed"),
            }
        }
        let lies_on = |feed: &DivisionCode| {
            let on_a_desk = !after.work.is_closed() && !matches!(after.work, Work::Held { .. });
            on_a_desk && *feed == after.desk.feed()
        };
        for (feed, desk) in &self.desks {
            assert_eq!(desk.contains(&after.id), lies_on(feed), "on {feed}");
        }
    }
}

/// What no machine may do.
fn check_machine(before: Option<&Alert>, after: &Alert, event: &Event, on: Date) {
    let signal = match event {
        Event::Evaluated(signal, ..) => Some(signal),
        _ => None,
    };
    assert_ne!(signal, Some(&Signal::Unknown), "not known changes nothing");
    let Some(before) = before.filter(|before| before.id == after.id) else {
        let opened = matches!(signal, Some(Signal::Holds { .. }));
        assert!(opened, "only what holds opens");
        return;
    };
    assert!(!is_over(before), "what is over stays as it ended");
    if before.work.is_begun() {
        assert!(!after.work.is_closed(), "begun work is closed by a person");
    }
    let found = outcome(&after.work);
    assert!(
        found.is_none() || found == outcome(&before.work),
        "found by a person"
    );
    if before.condition != after.condition {
        match (before.condition, after.condition) {
            (_, Condition::Holding) => assert!(matches!(signal, Some(Signal::Holds { .. }))),
            (Condition::Fading { since }, Condition::Cleared { .. }) => {
                let days = i64::from(before.plan.clear_after_days);
                assert!(days_between(since, on) >= days, "cleared too early");
                assert_eq!(signal, Some(&Signal::Gone));
            }
            (Condition::Holding, Condition::Fading { .. }) => {
                assert_eq!(signal, Some(&Signal::Gone));
            }
            other => panic!("{other:?}"),
        }
    }
    if before.work.is_closed() && !after.work.is_closed() {
        let same = before.fingerprint == after.fingerprint;
        let found = outcome(&before.work);
        let suppressed = found.is_some_and(|o| o == OutcomeCode::Declined || o.disputes());
        assert!(!(same && suppressed), "raised again though {found:?}");
        let waits = effect(&before.work).is_some_and(|by| on <= by);
        assert!(
            !(same && waits),
            "raised again before its effect could show"
        );
        let day = before.plan.recheck_on.is_some_and(|day| day <= on);
        let without_effect = effect(&before.work).is_some();
        assert!(!same || day || without_effect, "raised again for nothing");
    }
    if !(before.work.is_begun() || before.work.is_closed())
        && after.work.is_closed()
        && let Work::Closed { by, .. } = after.work
    {
        assert_eq!(by, None);
        assert!(is_over(after));
    }
}

fn is_over(alert: &Alert) -> bool {
    alert.work.is_closed() && matches!(alert.condition, Condition::Cleared { .. })
}

fn outcome(work: &Work) -> Option<OutcomeCode> {
    match work {
        Work::Verified { outcome, .. } | Work::Handled { outcome, .. } => Some(*outcome),
        Work::Closed { outcome, .. } => *outcome,
        _ => None,
    }
}

fn effect(work: &Work) -> Option<Date> {
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

fn life() -> Life {
    Life {
        world: World::new(),
        on: TODAY,
        drawn: 100,
        alert: None,
        desks: BTreeMap::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_life_keeps_the_laws(events in prop::collection::vec(event(), 1..60)) {
        let mut life = life();
        for event in &events {
            life.step(event);
        }
    }

    /// Until the day it is to be looked at, the calendar does nothing to it.
    #[test]
    fn nothing_happens_before_look_on(
        events in prop::collection::vec(event(), 1..40),
        later in 0..60,
    ) {
        let mut life = life();
        for event in &events {
            life.step(event);
        }
        let Some(alert) = life.alert else { return Ok(()) };
        let on = add_days(life.on, later);
        let cx = life.world.on(on);
        let due = look_on(&alert).is_some_and(|day| day <= on);
        if !due {
            prop_assert_eq!(remind(&alert, &cx), None);
            prop_assert!(!needs_evaluation(&alert, on));
        }
    }
}
