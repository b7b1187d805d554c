//! What the evaluate, dispatch and remind steps read.

use std::sync::Arc;

use domain::alert::FeedKind;
use domain::evaluation::AlertLevel;
use domain::ids::Subject;
use store::Store;
use store::commit::{AlertRow, CommitKind, DueMark, FoldRow, UnitRow, Write};

use super::build::*;

async fn due(store: &Arc<dyn Store>, partition: &str) -> Vec<Subject> {
    let marks = store.due(place(partition), 100).await.unwrap();
    marks.into_iter().map(|mark| mark.unit).collect()
}

pub async fn due_units_come_in_unit_order(store: Arc<dyn Store>) {
    let units = vec![p(1), h(3), h(2), p(4)];
    put(&store, CommitKind::Apply, vec![Write::Due(units)]).await;
    assert_eq!(due(&store, COUNTY).await, [h(2), h(3), p(1), p(4)]);
    assert!(due(&store, OTHER_COUNTY).await.is_empty());
    let first = store.due(place(COUNTY), 2).await.unwrap();
    let units: Vec<Subject> = first.iter().map(|mark| mark.unit).collect();
    assert_eq!(units, [h(2), h(3)]);
    put(&store, CommitKind::Evaluate, vec![Write::DueCleared(first)]).await;
    assert_eq!(due(&store, COUNTY).await, [p(1), p(4)]);
}

pub async fn a_mark_made_meanwhile_is_not_cleared(store: Arc<dyn Store>) {
    let mark = vec![Write::Due(vec![h(1), h(2)])];
    put(&store, CommitKind::Apply, mark).await;
    let seen = store.due(place(COUNTY), 10).await.unwrap();
    // While they are evaluated, a new record makes the first due again.
    put(&store, CommitKind::Apply, vec![Write::Due(vec![h(1)])]).await;
    let cleared = vec![Write::DueCleared(seen.clone())];
    put(&store, CommitKind::Evaluate, cleared).await;
    let left = store.due(place(COUNTY), 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].unit, h(1));
    assert_ne!(left[0].version, seen[0].version);
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::DueCleared(left.clone())],
    )
    .await;
    assert!(due(&store, COUNTY).await.is_empty());
    // A version is never used again, cleared or not.
    put(&store, CommitKind::Apply, vec![Write::Due(vec![h(1)])]).await;
    let again = store.due(place(COUNTY), 10).await.unwrap();
    assert!(again[0].version != left[0].version && again[0].version != seen[0].version);
    // Marked and cleared by one commit: the mark is the later word.
    let both = vec![
        Write::Due(vec![h(1)]),
        Write::DueCleared(vec![DueMark {
            unit: h(1),
            version: again[0].version,
        }]),
    ];
    put(&store, CommitKind::Evaluate, both).await;
    assert_eq!(due(&store, COUNTY).await, [h(1)]);
}

pub async fn whoever_lives_in_a_household_is_not_due_alone(store: Arc<dyn Store>) {
    let judged = UnitRow {
        unit: p(2),
        partition: place(COUNTY),
        evaluated_on: day("2026-11-20"),
        next_change_on: None,
        policy_set: "set".to_owned(),
    };
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Units(vec![judged])],
    )
    .await;
    let met = vec![Write::Due(vec![p(1), p(2), p(3), p(4)])];
    put(&store, CommitKind::Apply, met).await;
    // The second was judged alone, which is to be ended; the third is met again.
    let writes = vec![
        Write::Due(vec![h(1), p(3)]),
        Write::DueDropped(vec![p(1), p(2), p(3), p(5)]),
    ];
    put(&store, CommitKind::Apply, writes).await;
    assert_eq!(due(&store, COUNTY).await, [h(1), p(2), p(3), p(4)]);
}

pub async fn a_unit_is_due_where_it_is_folded(store: Arc<dyn Store>) {
    let folded = FoldRow {
        partition: place(OTHER_COUNTY),
        ..fold(h(1), 1)
    };
    let writes = vec![
        Write::Due(vec![h(1), h(2)]),
        Write::Folds(vec![folded, fold(h(2), 1)]),
    ];
    put(&store, CommitKind::Apply, writes).await;
    assert_eq!(due(&store, OTHER_COUNTY).await, [h(1)]);
    assert_eq!(due(&store, COUNTY).await, [h(2)]);
}

pub async fn units_are_revisited_by_date_and_policy_set(store: Arc<dyn Store>) {
    let unit = |unit, next: Option<&str>, policy_set: &str| UnitRow {
        unit,
        partition: place(COUNTY),
        evaluated_on: day("2026-11-20"),
        next_change_on: next.map(day),
        policy_set: policy_set.to_owned(),
    };
    let elsewhere = UnitRow {
        partition: place(OTHER_COUNTY),
        ..unit(h(9), Some("2026-11-21"), "new")
    };
    let rows = vec![
        unit(p(1), Some("2026-11-21"), "new"),
        unit(h(1), None, "new"),
        unit(h(2), Some("2026-11-22"), "new"),
        unit(h(3), None, "old"),
        elsewhere,
    ];
    put(&store, CommitKind::Evaluate, vec![Write::Units(rows)]).await;
    let visit = async |on: &str, after, limit| {
        let units = store.units_to_revisit(place(COUNTY), day(on), "new", after, limit);
        units.await.unwrap()
    };
    assert_eq!(visit("2026-11-20", None, 9).await, [h(3)]);
    assert_eq!(visit("2026-11-21", None, 9).await, [h(3), p(1)]);
    assert_eq!(visit("2026-11-22", None, 2).await, [h(2), h(3)]);
    assert_eq!(visit("2026-11-22", Some(h(3)), 2).await, [p(1)]);
    assert!(visit("2026-11-22", Some(p(1)), 2).await.is_empty());
    // Only by the stamp, whichever of the two sorts first, or only by the date.
    let only = async |on: &str, policy_set: &str| {
        let store = &store;
        let units = store.units_to_revisit(place(COUNTY), day(on), policy_set, None, 9);
        units.await.unwrap()
    };
    assert_eq!(only("2026-11-20", "old").await, [h(1), h(2), p(1)]);
    assert_eq!(only("2026-11-20", "a").await.len(), 4);
    assert_eq!(only("2026-11-20", "z").await.len(), 4);
    // Evaluated again: replaced, not added.
    let again = vec![unit(h(3), None, "new")];
    put(&store, CommitKind::Evaluate, vec![Write::Units(again)]).await;
    assert!(visit("2026-11-20", None, 9).await.is_empty());
    assert_eq!(visit("2026-11-21", None, 9).await, [p(1)]);
    // One is no unit any more, and others are what they were.
    let ended = vec![Write::UnitsEnded(vec![p(1), p(2)])];
    put(&store, CommitKind::Evaluate, ended).await;
    assert_eq!(visit("2026-11-22", None, 9).await, [h(2)]);
    // A unit again, in the same breath as another ends.
    let writes = vec![
        Write::UnitsEnded(vec![h(2)]),
        Write::Units(vec![unit(p(1), None, "old")]),
    ];
    put(&store, CommitKind::Evaluate, writes).await;
    assert_eq!(visit("2026-11-22", None, 9).await, [p(1)]);
}

pub async fn verdicts_are_replaced_and_removed(store: Arc<dyn Store>) {
    let first = verdict(h(1), p(1), "a", Some("met"));
    let of_household = verdict(h(1), h(1), "a", Some("not_met"));
    let rows = vec![first.clone(), of_household.clone()];
    put(&store, CommitKind::Evaluate, vec![Write::Verdicts(rows)]).await;
    let found = store.verdicts(&[h(1), h(2)]).await.unwrap();
    assert_eq!(found, [of_household.clone(), first.clone()]);
    // The person moves: the new unit's word comes before the old unit's end.
    let moved = verdict(h(2), p(1), "a", Some("undetermined"));
    let writes = vec![Write::Verdicts(vec![moved.clone()])];
    put(&store, CommitKind::Evaluate, writes).await;
    let left = verdict(h(1), p(1), "a", None);
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Verdicts(vec![left])],
    )
    .await;
    assert_eq!(store.verdicts(&[h(1)]).await.unwrap(), [of_household]);
    assert_eq!(store.verdicts(&[h(2)]).await.unwrap(), [moved]);
    let gone = verdict(h(2), p(1), "a", None);
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Verdicts(vec![gone])],
    )
    .await;
    assert!(store.verdicts(&[h(2)]).await.unwrap().is_empty());
    assert_eq!(store.statistics().await.unwrap().verdicts, 1);
}

pub async fn a_verdict_moves_in_one_commit(store: Arc<dyn Store>) {
    let first = verdict(h(1), p(1), "a", Some("met"));
    let writes = vec![Write::Verdicts(vec![first])];
    put(&store, CommitKind::Evaluate, writes).await;
    // Units are evaluated together, the new one first. Of two that say something
    // of the person the later row counts.
    let passed_through = verdict(h(3), p(1), "a", Some("undetermined"));
    let moved = verdict(h(2), p(1), "a", Some("not_met"));
    let left = verdict(h(1), p(1), "a", None);
    let rows = vec![passed_through, moved.clone(), left];
    put(&store, CommitKind::Evaluate, vec![Write::Verdicts(rows)]).await;
    let found = store.verdicts(&[h(1), h(2), h(3)]).await.unwrap();
    assert_eq!(found, [moved]);
}

pub async fn the_latest_alert_of_a_policy_is_found(store: Arc<dyn Store>) {
    let old = alert(1);
    put(
        &store,
        CommitKind::Evaluate,
        opening(std::slice::from_ref(&old)),
    )
    .await;
    let over = ended(&old);
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Alerts(vec![over.clone()])],
    )
    .await;
    assert_eq!(store.latest_alerts(&[p(1)]).await.unwrap(), [over]);
    let other_policy = AlertRow {
        policy: "nursing_subsidy".to_owned(),
        ..AlertRow {
            subject: p(1),
            ..alert(3)
        }
    };
    let next = AlertRow {
        subject: p(1),
        ..alert(2)
    };
    let opened = opening(&[next.clone(), other_policy.clone()]);
    put(&store, CommitKind::Evaluate, opened).await;
    let found = store.latest_alerts(&[p(1), h(1)]).await.unwrap();
    assert_eq!(found, [other_policy, next]);
}

pub async fn held_alerts_come_by_desk_level_and_age(store: Arc<dyn Store>) {
    let held = |number, level, township: Option<&str>| AlertRow {
        work: "held".to_owned(),
        level,
        township: township.map(place),
        ..alert(number)
    };
    let alerts = [
        held(1, AlertLevel::Blue, Some(TOWN)),
        held(2, AlertLevel::Orange, Some(TOWN)),
        held(3, AlertLevel::Red, Some(TOWN)),
        held(4, AlertLevel::Red, Some(TOWN)),
        held(5, AlertLevel::Yellow, Some(OTHER_TOWN)),
        held(6, AlertLevel::Blue, None),
        alert(7),
        // What it was about is going away: not to be released.
        AlertRow {
            condition: "fading".to_owned(),
            ..held(8, AlertLevel::Red, Some(TOWN))
        },
    ];
    put(&store, CommitKind::Evaluate, opening(&alerts)).await;
    let numbers = async |limit| -> Vec<u128> {
        let rows = store.held(place(COUNTY), limit).await.unwrap();
        let ids = rows.iter().map(|row| row.id.as_uuid().as_u128() >> 64);
        ids.collect()
    };
    assert_eq!(numbers(10).await, [6, 3, 4, 2, 1, 5]);
    assert_eq!(numbers(1).await, [6, 3, 4, 5]);
    assert_eq!(numbers(0).await, [3, 4]);
    let elsewhere = store.held(place(OTHER_COUNTY), 10).await.unwrap();
    assert!(elsewhere.is_empty());
}

pub async fn raised_alerts_are_counted_per_desk(store: Arc<dyn Store>) {
    let elsewhere = AlertRow {
        township: Some(place(OTHER_TOWN)),
        ..alert(3)
    };
    let alerts = [alert(1), alert(2), elsewhere];
    put(&store, CommitKind::Evaluate, opening(&alerts)).await;
    let later = Write::Feed(vec![
        news(TOWN, FeedKind::Released, alert_id(1)),
        news(TOWN, FeedKind::Updated, alert_id(2)),
    ]);
    let mut dispatch = commit(CommitKind::Dispatch, vec![later]);
    dispatch.at = at(60);
    write(&store, &dispatch).await;
    let county = place(COUNTY);
    let all = store.raised_since(county, at(0)).await.unwrap();
    assert_eq!(all, [(place(TOWN), 3), (place(OTHER_TOWN), 1)]);
    let recent = store.raised_since(county, at(60)).await.unwrap();
    assert_eq!(recent, [(place(TOWN), 1)]);
    let none = store.raised_since(place(OTHER_COUNTY), at(0)).await;
    assert!(none.unwrap().is_empty());
}

pub async fn alerts_are_looked_at_on_their_day(store: Arc<dyn Store>) {
    let on = |number, look_on: Option<&str>| AlertRow {
        look_on: look_on.map(day),
        ..alert(number)
    };
    let alerts = [
        on(3, Some("2026-11-20")),
        on(1, Some("2026-11-21")),
        on(2, None),
        on(4, Some("2026-11-19")),
    ];
    put(&store, CommitKind::Evaluate, opening(&alerts)).await;
    let look = async |on: &str, after, limit| -> Vec<_> {
        let rows = store.alerts_to_look_at(place(COUNTY), day(on), after, limit);
        let rows = rows.await.unwrap();
        rows.into_iter().map(|row| row.id).collect()
    };
    assert_eq!(
        look("2026-11-20", None, 9).await,
        [alert_id(3), alert_id(4)]
    );
    assert_eq!(
        look("2026-11-21", None, 2).await,
        [alert_id(1), alert_id(3)]
    );
    let rest = look("2026-11-21", Some(alert_id(3)), 2).await;
    assert_eq!(rest, [alert_id(4)]);
    assert!(look("2026-11-18", None, 9).await.is_empty());
}
