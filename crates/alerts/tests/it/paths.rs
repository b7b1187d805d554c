//! Single paths through the machine, each a promise with its own name.

use alerts::{
    Placement, RunMode, act, continue_as, decide, look_on, needs_evaluation, relocate, remind,
};
use domain::alert::{Alert, AlertAction, Condition, Desk, Due, FeedKind, OutcomeCode, Work};
use domain::evaluation::{AlertPlan, DeadlineRule, Nature, Route, Signal, Span, Step};
use domain::time::{Date, Instant, add_days};
use jiff::civil::date;

use crate::world::{
    LIMITS, TODAY, World, acknowledged, closed, evaluation, handled, held, holds, household, ids,
    in_work, living_in, officer, place, plan, raised, unplaced, verified,
};

fn steps(world: &World, alert: &Alert, actions: &[AlertAction]) -> Alert {
    actions.iter().fold(alert.clone(), |alert, action| {
        let done = act(&alert, action, officer(1), &LIMITS, &world.today());
        done.unwrap_or_else(|refused| panic!("{refused}")).after
    })
}

fn verify(outcome: OutcomeCode) -> AlertAction {
    AlertAction::Verify { outcome, on: None }
}

fn opened(world: &World, plan: AlertPlan, placement: &Placement) -> Alert {
    let signal = Signal::Holds {
        plan,
        fingerprint: "f".to_owned(),
    };
    let change = decide(
        None,
        &evaluation(signal),
        placement,
        RunMode::Change,
        ids(2),
        &world.today(),
    );
    change.expect("what holds opens").after
}

fn due(plan: AlertPlan) -> Due {
    let world = World::new();
    opened(&world, plan, &living_in("320412100")).deadlines[0].due
}

fn ruled(span: Span, nature: Nature, from: Option<Date>) -> AlertPlan {
    let rule = DeadlineRule {
        step: Step::Handle,
        span,
        nature,
        from,
    };
    AlertPlan {
        deadlines: vec![rule],
        ..plan()
    }
}

fn on(on: Date) -> Due {
    Due::On { on }
}

fn statutory() -> Nature {
    Nature::Statutory("民发〔2022〕83号一（三）".to_owned())
}

#[test]
fn three_steps_end_what_is_not_true_and_four_what_is() {
    let world = World::new();
    for outcome in OutcomeCode::ALL {
        if outcome == OutcomeCode::NotOurs {
            continue;
        }
        let mut path = vec![AlertAction::Acknowledge, verify(outcome)];
        if outcome.is_true() {
            let reference = Some("JM1".to_owned());
            path.push(AlertAction::Handle {
                reference,
                on: None,
            });
        }
        path.push(AlertAction::Close);
        let end = steps(&world, &raised(), &path);
        assert!(matches!(end.work, Work::Closed { outcome: Some(o), .. } if o == outcome));
        assert_eq!(
            end.version,
            raised().version + i64::try_from(path.len()).unwrap()
        );
    }
}

#[test]
fn a_refusal_names_state_action_and_reason_in_both_languages() {
    let world = World::new();
    let alert = in_work(verified(OutcomeCode::TrueCovered));
    let refused = act(
        &alert,
        &AlertAction::Close,
        officer(1),
        &LIMITS,
        &world.today(),
    )
    .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot close while verified: a true finding must be handled first"
    );
    assert_eq!(
        refused.zh(),
        "当前状态“已核实”，不能“办结”：核实属实的，须先登记处置再办结"
    );
    assert_eq!(
        (refused.state, refused.action, refused.code()),
        ("verified", "close", "alert.finding_is_true")
    );
}

#[test]
fn deadlines_count_as_their_document_or_the_platform_says() {
    // Friday, so three working days end on Wednesday.
    let platform = |span| due(ruled(span, Nature::Platform, None));
    assert_eq!(platform(Span::WorkingDays(3)), on(date(2026, 11, 25)));
    assert_eq!(platform(Span::Days(3)), on(date(2026, 11, 23)));
    assert_eq!(platform(Span::Months(3)), on(date(2027, 2, 20)));
    // Nine in the morning and fifteen hours is midnight: the next day.
    assert_eq!(platform(Span::Hours(14)), on(date(2026, 11, 20)));
    assert_eq!(platform(Span::Hours(15)), on(date(2026, 11, 21)));
    let death = Some(date(2026, 10, 12));
    assert_eq!(
        due(ruled(Span::Months(3), statutory(), death)),
        on(date(2027, 1, 12))
    );
    // A clock of our own does not run before anybody could see the alert.
    assert_eq!(
        due(ruled(Span::Days(3), Nature::Platform, death)),
        on(date(2026, 11, 23))
    );
}

#[test]
fn an_unpublished_year_leaves_the_date_pending_until_it_is_published() {
    let world = World::new();
    let plan = ruled(Span::WorkingDays(30), statutory(), None);
    let alert = opened(&world, plan, &living_in("320412100"));
    assert_eq!(alert.deadlines[0].due, Due::Pending { year: 2027 });
    assert_eq!(alert.due_on(), None);
    assert_eq!(remind(&alert, &world.on(date(2026, 11, 25))), None);
    assert!(look_on(&alert).is_some_and(|day| day <= TODAY));

    let world = World::new().published();
    let change = remind(&alert, &world.on(date(2026, 11, 25))).unwrap();
    // Counted from the day of raising, not from the day of publication.
    assert_eq!(change.after.deadlines[0].due, on(date(2027, 1, 4)));
    assert_eq!(change.news[0].kind, FeedKind::Updated);
    assert_eq!(change.news[0].due_on, Some(date(2027, 1, 4)));
}

#[test]
fn an_update_brings_a_clock_forward_and_never_back() {
    let world = World::new();
    let cx = world.today();
    let updated = |alert: &Alert, plan: AlertPlan| {
        let signal = Signal::Holds {
            plan,
            fingerprint: "g".to_owned(),
        };
        let change = decide(
            Some(alert),
            &evaluation(signal),
            &living_in("320412100"),
            RunMode::Change,
            ids(2),
            &cx,
        );
        change.unwrap().after.deadlines[0].due
    };
    let mut alert = raised();
    alert.deadlines.remove(0);
    assert_eq!(
        updated(&alert, ruled(Span::Days(60), statutory(), None)),
        on(date(2026, 11, 28))
    );
    assert_eq!(
        updated(&alert, ruled(Span::Days(2), statutory(), None)),
        on(date(2026, 11, 22))
    );
    // The day a document names was corrected: the law counts from that day.
    let death = Some(date(2026, 11, 10));
    assert_eq!(
        updated(&alert, ruled(Span::Months(3), statutory(), death)),
        on(date(2027, 2, 10))
    );
}

#[test]
fn the_backlog_has_no_clock_until_it_is_released() {
    let world = World::new();
    let alert = in_work(held());
    let late = world.on(date(2026, 12, 1));
    let after = act(&alert, &AlertAction::Release, officer(1), &LIMITS, &late)
        .unwrap()
        .after;
    assert_eq!(after.deadlines[0].due, on(date(2026, 12, 4)));
}

#[test]
fn desks_by_route_bureau_and_assisting_township() {
    let world = World::new();
    let desk = |route, hukou: Option<&str>, residence: Option<&str>, incident: Option<&str>| {
        let plan = AlertPlan {
            route,
            incident_place: incident.map(place),
            ..plan()
        };
        let placement = Placement {
            hukou: hukou.map(place),
            residence: residence.map(place),
            county: place("320412"),
        };
        let Desk {
            township, assist, ..
        } = opened(&world, plan, &placement).desk;
        let code = |place: Option<domain::region::DivisionCode>| place.map(|p| p.to_string());
        (code(township), code(assist))
    };
    let says = |township: Option<&str>, assist: Option<&str>| {
        (township.map(str::to_owned), assist.map(str::to_owned))
    };
    let (a, b) = ("320412100", "320412101");
    let village = "320412100201";
    assert_eq!(
        desk(Route::Hukou, Some(a), Some(a), None),
        says(Some(a), None)
    );
    assert_eq!(
        desk(Route::Hukou, Some(village), Some(b), None),
        says(Some(a), Some(b))
    );
    assert_eq!(
        desk(Route::Residence, Some(a), Some(b), None),
        says(Some(b), None)
    );
    assert_eq!(
        desk(Route::Incident, Some(a), Some(b), Some(village)),
        says(Some(a), Some(b))
    );
    assert_eq!(
        desk(Route::Incident, Some(a), Some(b), None),
        says(None, Some(b))
    );
    // A department's to clear up: no township's work and nobody's help.
    assert_eq!(
        desk(Route::County, Some(a), Some(b), Some(village)),
        says(None, None)
    );
    // Its code lies in this county, another bureau runs it.
    assert_eq!(
        desk(Route::Hukou, Some("320412104"), Some(a), None),
        says(None, Some(a))
    );
    assert_eq!(
        desk(Route::Hukou, Some(a), Some("320412104"), None),
        says(Some(a), None)
    );
    // Only the county is known; a merged township; another county; nothing.
    for hukou in [Some("320412"), Some("320412105"), Some("320481100"), None] {
        assert_eq!(desk(Route::Hukou, hukou, None, None), says(None, None));
    }
}

#[test]
fn a_desk_chosen_by_a_person_stays_until_the_household_moves() {
    let world = World::new();
    let cx = world.today();
    let home = living_in("320412100");
    let returned = steps(&world, &raised(), &[AlertAction::Return]);
    assert_eq!(returned.desk.township, None);
    let stays = |alert: &Alert, placement: &Placement| {
        let changed = decide(
            Some(alert),
            &evaluation(holds("g")),
            placement,
            RunMode::Change,
            ids(2),
            &cx,
        );
        changed.unwrap().after.desk.township
    };
    assert_eq!(stays(&returned, &home), None);
    let township = place("320412101");
    let placed = steps(&world, &returned, &[AlertAction::Place { township }]);
    assert_eq!(stays(&placed, &home), Some(township));
    assert_eq!(
        stays(
            &placed,
            &Placement {
                hukou: None,
                ..home
            }
        ),
        Some(township)
    );
    assert_eq!(stays(&returned, &living_in("320412101")), Some(township));
}

#[test]
fn a_move_keeps_the_clocks_and_the_officer_of_the_same_desk() {
    let world = World::new();
    let cx = world.today();
    let alert = in_work(acknowledged());
    let change = relocate(&alert, &living_in("320412101"), &cx).unwrap();
    assert_eq!(change.after.deadlines, alert.deadlines);
    assert_eq!(
        (&change.after.work, change.after.assignee),
        (&alert.work, None)
    );
    let kinds: Vec<_> = change
        .news
        .iter()
        .map(|n| (n.kind, n.feed.to_string()))
        .collect();
    let (out, into) = ("320412100".to_owned(), "320412101".to_owned());
    assert_eq!(
        kinds,
        [(FeedKind::MovedOut, out), (FeedKind::MovedIn, into)]
    );
    // Another assisting township is no move.
    let elsewhere = Placement {
        residence: Some(place("320412101")),
        ..living_in("320412100")
    };
    let change = relocate(&alert, &elsewhere, &cx).unwrap();
    assert_eq!(
        (change.after.assignee, change.news.len()),
        (alert.assignee, 0)
    );
    assert_eq!(change.after.desk.assist, Some(place("320412101")));
    // Nowhere known is no move either.
    let nowhere = Placement {
        hukou: None,
        residence: None,
        ..elsewhere
    };
    assert_eq!(relocate(&alert, &nowhere, &cx), None);
}

#[test]
fn handling_without_effect_raises_once_and_only_when_seen() {
    let world = World::new();
    let by = date(2026, 11, 25);
    for alert in [
        in_work(handled(Some(by))),
        in_work(closed(OutcomeCode::TrueAdjusted, Some(by))),
    ] {
        let seen = |alert: &Alert, signal: Signal, on| {
            let home = living_in("320412100");
            decide(
                Some(alert),
                &evaluation(signal),
                &home,
                RunMode::Change,
                ids(2),
                &world.on(on),
            )
        };
        assert_eq!(seen(&alert, holds("f"), by), None);
        assert!(!needs_evaluation(&alert, by));
        let after = add_days(by, 1);
        assert_eq!(look_on(&alert), Some(after));
        assert!(needs_evaluation(&alert, after));
        // The payroll is late: that says nothing about the town.
        assert_eq!(seen(&alert, Signal::Unknown, after), None);
        assert_eq!(remind(&alert, &world.on(date(2026, 11, 27))), None);
        let again = seen(&alert, holds("f"), after).unwrap().after;
        assert_eq!(again.work, Work::Raised);
        for later in 2..90 {
            assert_eq!(seen(&again, holds("f"), add_days(by, later)), None);
        }
        let shut = Alert {
            work: closed(OutcomeCode::Unverifiable, None),
            ..again
        };
        assert_eq!(seen(&shut, holds("f"), add_days(by, 90)), None);
    }
}

#[test]
fn reminded_once_and_not_while_hidden() {
    let world = World::new();
    let late = world.on(date(2026, 11, 24));
    let told = remind(&raised(), &late).unwrap();
    assert!(told.after.deadlines[0].reminded && !told.after.deadlines[1].reminded);
    assert_eq!(
        told.news.iter().map(|n| n.kind).collect::<Vec<_>>(),
        [FeedKind::Updated]
    );
    assert_eq!(remind(&told.after, &late), None);
    assert_eq!(
        remind(&raised(), &world.on(date(2026, 11, 23))),
        None,
        "due today is in time"
    );

    let until = date(2026, 11, 25);
    let hidden = steps(&world, &raised(), &[AlertAction::Snooze { until }]);
    assert_eq!(remind(&hidden, &late), None);
    let early = steps(
        &world,
        &raised(),
        &[AlertAction::Snooze {
            until: date(2026, 11, 21),
        }],
    );
    assert_eq!(
        look_on(&early),
        early.snoozed_until,
        "before any deadline is over"
    );
    let back = remind(&hidden, &world.on(until)).unwrap().after;
    assert_eq!(back.snoozed_until, None);
    assert!(back.deadlines[0].reminded);
}

#[test]
fn facts_that_change_end_the_hiding() {
    let world = World::new();
    let until = date(2026, 11, 25);
    let hidden = steps(&world, &raised(), &[AlertAction::Snooze { until }]);
    let change = decide(
        Some(&hidden),
        &evaluation(holds("g")),
        &living_in("320412100"),
        RunMode::Everyone,
        ids(2),
        &world.today(),
    );
    assert_eq!(change.unwrap().after.snoozed_until, None);
}

#[test]
fn without_a_waiting_time_gone_clears_at_once() {
    let world = World::new();
    let mut alert = raised();
    alert.plan.clear_after_days = 0;
    let change = decide(
        Some(&alert),
        &evaluation(Signal::Gone),
        &living_in("320412100"),
        RunMode::Change,
        ids(2),
        &world.today(),
    );
    let change = change.unwrap();
    assert_eq!(change.after.condition, Condition::Cleared { on: TODAY });
    assert!(matches!(
        change.after.work,
        Work::Closed {
            by: None,
            outcome: None,
            ..
        }
    ));
}

#[test]
fn an_episode_goes_on_under_a_new_number_with_the_earlier_deadline() {
    let world = World::new();
    let cx = world.today();
    let alert = in_work(acknowledged());
    let home = living_in("320412100");
    let change = continue_as(&alert, household(9), household(9), &home, &cx).unwrap();
    assert_eq!(
        (change.after.id, change.after.subject),
        (alert.id, household(9))
    );
    assert_eq!(
        (&change.after.work, change.after.assignee),
        (&alert.work, alert.assignee)
    );
    assert_eq!(change.after.deadlines, alert.deadlines);
    assert_eq!(change.news.len(), 1);
    assert_eq!(
        continue_as(&change.after, household(9), household(9), &home, &cx),
        None
    );
    let shut = in_work(closed(OutcomeCode::Untrue, None));
    assert_eq!(
        continue_as(&shut, household(9), household(9), &home, &cx),
        None
    );
    let waiting = continue_as(&in_work(held()), household(9), household(9), &home, &cx).unwrap();
    assert!(waiting.after.deadlines.is_empty() && waiting.news.is_empty());
}

#[test]
fn the_next_recheck_is_taken_over_when_the_old_one_is_spent() {
    let world = World::new();
    let mut alert = in_work(closed(OutcomeCode::Unverifiable, None));
    alert.plan.recheck_on = Some(date(2026, 11, 19));
    let next = |recheck_on| Signal::Holds {
        plan: AlertPlan {
            recheck_on,
            ..plan()
        },
        fingerprint: "f".to_owned(),
    };
    let seen = |alert: &Alert, signal| {
        decide(
            Some(alert),
            &evaluation(signal),
            &living_in("320412100"),
            RunMode::Change,
            ids(2),
            &world.today(),
        )
    };
    let spring = Some(date(2027, 3, 1));
    let change = seen(&alert, next(spring)).unwrap();
    assert_eq!(
        (change.after.plan.recheck_on, change.news.len()),
        (spring, 0)
    );
    // One that is counted from every day's today never comes otherwise.
    assert_eq!(seen(&change.after, next(Some(date(2027, 3, 2)))), None);
    assert_eq!(look_on(&change.after), spring);
    let reopened = remind(&change.after, &world.on(date(2027, 3, 1))).unwrap();
    assert_eq!(reopened.after.work, Work::Raised);
}

#[test]
fn an_unplaced_desk_has_the_county_s_feed() {
    let world = World::new();
    let change = act(
        &unplaced(raised()),
        &AlertAction::Acknowledge,
        officer(1),
        &LIMITS,
        &world.today(),
    );
    let change = change.unwrap();
    assert_eq!(change.news[0].feed, place("320412"));
    assert_eq!(change.after.changed_at, Instant::china_morning(TODAY));
}
