//! Leases, runs, settings, totals, invariants.

use std::sync::Arc;

use domain::ids::Subject;
use domain::record::{Read, ReadWhy};
use ledger::Entry;
use store::Store;
use store::commit::{CommitKind, RunRow, UnitRow, Write};

use super::backend::Backend;
use super::build::*;

pub async fn a_lease_has_one_holder(store: Arc<dyn Store>) {
    let take = async |step: &str, holder: &str, now, until| {
        let lease = store.lease(place(COUNTY), step, holder, at(now), at(until));
        lease.await.unwrap().map(|lease| lease.epoch)
    };
    let last = async || store.last_holder(place(COUNTY), "apply").await.unwrap();
    assert_eq!(last().await, None);
    let first = take("apply", "a", 0, 10).await.unwrap();
    assert_eq!(take("apply", "b", 9, 20).await, None);
    assert_eq!(take("apply", "a", 9, 19).await, Some(first));
    assert_eq!(take("apply", "b", 18, 30).await, None);
    assert_eq!(last().await.as_deref(), Some("a"));
    let second = take("apply", "b", 19, 30).await.unwrap();
    assert!(second > first);
    assert_eq!(take("apply", "a", 20, 40).await, None);
    // Even the same holder may have been replaced in between for all it knows.
    let third = take("apply", "b", 30, 40).await.unwrap();
    assert!(third > second);
    assert!(take("evaluate", "a", 20, 40).await.is_some());
    assert_eq!(last().await.as_deref(), Some("b"));
    let lease = store.lease(place(OTHER_COUNTY), "apply", "z", at(0), at(1));
    let lease = lease.await.unwrap().unwrap();
    assert_eq!(
        (lease.partition, lease.step.as_str()),
        (place(OTHER_COUNTY), "apply")
    );
}

pub async fn partitions_are_those_of_which_something_was_told(store: Arc<dyn Store>) {
    assert!(store.partitions().await.unwrap().is_empty());
    put(&store, CommitKind::Administration, vec![]).await;
    put(&store, CommitKind::Intake, intake(1, vec![])).await;
    put(&store, CommitKind::Intake, intake(2, vec![])).await;
    assert_eq!(store.partitions().await.unwrap(), [place(COUNTY)]);
    // One report is enough: it must not wait for somebody else's file.
    let mut elsewhere = commit(
        CommitKind::Action,
        vec![Write::Lead(lead(3, 7, OTHER_TOWN))],
    );
    elsewhere.partition = Some(place(OTHER_COUNTY));
    write(&store, &elsewhere).await;
    let partitions = store.partitions().await.unwrap();
    assert_eq!(partitions, [place(OTHER_COUNTY), place(COUNTY)]);
}

pub async fn a_run_is_counted_in_the_ledger(store: Arc<dyn Store>) {
    let run = RunRow {
        on: day("2026-11-20"),
        mode: "night".to_owned(),
        policy_set: "set".to_owned(),
        counts: "{}".to_owned(),
    };
    put(&store, CommitKind::Evaluate, vec![Write::Run(run)]).await;
    let entries = store.ledger_entries(0, 10).await.unwrap();
    let entry = Entry::from_bytes(&entries[0].bytes).unwrap();
    assert_eq!(entry.field("runs"), Some(b"1".as_slice()));
}

pub async fn a_setting_is_replaced(store: Arc<dyn Store>) {
    let set = |value: &str| {
        vec![Write::Setting {
            key: "policy_set".to_owned(),
            value: value.to_owned(),
        }]
    };
    assert_eq!(store.setting("policy_set").await.unwrap(), None);
    put(&store, CommitKind::Administration, set("one")).await;
    put(&store, CommitKind::Administration, set("two")).await;
    let found = store.setting("policy_set").await.unwrap();
    assert_eq!(found.as_deref(), Some("two"));
}

/// A unit as evaluated.
fn seen(unit: Subject) -> UnitRow {
    UnitRow {
        unit,
        partition: place(COUNTY),
        evaluated_on: day("2026-11-20"),
        next_change_on: None,
        policy_set: "set".to_owned(),
    }
}

pub async fn totals_add_up(store: Arc<dyn Store>) {
    let empty = store.statistics().await.unwrap();
    assert_eq!(empty, store::rows::Statistics::default());
    let records = vec![record(p(1), import_id(1), 1), record(p(2), import_id(1), 2)];
    put(&store, CommitKind::Intake, intake(1, records)).await;
    let folds = vec![fold(p(1), 1), fold(p(2), 1), fold(h(1), 1)];
    let writes = vec![Write::Folds(folds), Write::Due(vec![h(1), p(2)])];
    put(&store, CommitKind::Apply, writes).await;
    let mut held = alert(2);
    held.work = "held".into();
    let mut writes = opening(&[alert(1), held, alert(3)]);
    let rows = vec![verdict(h(1), h(1), "a", Some("met"))];
    writes.push(Write::Verdicts(rows));
    writes.push(Write::Units(vec![seen(h(1))]));
    put(&store, CommitKind::Evaluate, writes).await;
    let over = vec![Write::Alerts(vec![ended(&alert(3))])];
    put(&store, CommitKind::Evaluate, over).await;
    let totals = store.statistics().await.unwrap();
    let expected = store::rows::Statistics {
        records: 2,
        persons: 2,
        households: 1,
        verdicts: 1,
        alerts: 2,
        held: 1,
        feed: 2,
        ledger: 4,
        due: 2,
    };
    assert_eq!(totals, expected);
    assert!(store.check().await.unwrap().is_empty());
}

pub async fn a_lost_due_mark_is_a_breach(store: Arc<dyn Store>) {
    let member = Read {
        person: person(1),
        household: household(1),
        why: ReadWhy::Member,
    };
    let apply = |due| {
        vec![
            Write::Folds(vec![fold(p(1), 1), fold(h(1), 1)]),
            Write::Reads {
                of: person(1),
                reads: vec![member],
            },
            Write::Due(due),
        ]
    };
    let evaluate = async || {
        let marks = store.due(place(COUNTY), 10).await.unwrap();
        let units = marks.iter().map(|mark| seen(mark.unit)).collect();
        let writes = vec![Write::DueCleared(marks), Write::Units(units)];
        put(&store, CommitKind::Evaluate, writes).await;
    };
    put(&store, CommitKind::Apply, apply(vec![h(1)])).await;
    assert!(store.check().await.unwrap().is_empty());
    evaluate().await;
    assert!(store.check().await.unwrap().is_empty());
    // Folded again, and nobody was told.
    put(&store, CommitKind::Apply, apply(vec![])).await;
    let breaches = store.check().await.unwrap();
    assert_eq!(breaches.len(), 2, "{breaches:?}");
    put(&store, CommitKind::Apply, vec![Write::Due(vec![h(1)])]).await;
    assert!(store.check().await.unwrap().is_empty());
    evaluate().await;
    // Only the member changed.
    let writes = vec![Write::Folds(vec![fold(p(1), 3)])];
    put(&store, CommitKind::Apply, writes).await;
    let breaches = store.check().await.unwrap();
    assert_eq!(breaches.len(), 1, "{breaches:?}");
}

/// A household judges its member and itself; nothing is due.
async fn judged(store: &Arc<dyn Store>) {
    let member = Read {
        person: person(1),
        household: household(1),
        why: ReadWhy::Member,
    };
    let applied = vec![
        Write::Folds(vec![fold(p(1), 1), fold(h(1), 1)]),
        Write::Reads {
            of: person(1),
            reads: vec![member],
        },
        Write::Due(vec![h(1)]),
    ];
    put(store, CommitKind::Apply, applied).await;
    let marks = store.due(place(COUNTY), 10).await.unwrap();
    let verdicts = vec![
        verdict(h(1), h(1), "a", Some("not_met")),
        verdict(h(1), p(1), "a", Some("met")),
    ];
    let evaluated = vec![
        Write::DueCleared(marks),
        Write::Units(vec![seen(h(1))]),
        Write::Verdicts(verdicts),
    ];
    put(store, CommitKind::Evaluate, evaluated).await;
    let breaches = store.check().await.unwrap();
    assert_eq!(breaches, Vec::<String>::new());
}

/// Breaches that say so.
async fn found(store: &Arc<dyn Store>, words: &str) -> usize {
    let breaches = store.check().await.unwrap();
    println!("{breaches:?}");
    breaches.iter().filter(|told| told.contains(words)).count()
}

pub async fn a_verdict_without_ground_is_a_breach(store: Arc<dyn Store>) {
    judged(&store).await;
    // Of a unit that nobody evaluated, about somebody it does not read.
    let rows = vec![verdict(h(2), p(2), "a", Some("met"))];
    put(&store, CommitKind::Evaluate, vec![Write::Verdicts(rows)]).await;
    assert_eq!(found(&store, "was never evaluated").await, 1);
    assert_eq!(found(&store, "does not read them").await, 1);
    let rows = vec![verdict(h(2), p(2), "a", None)];
    put(&store, CommitKind::Evaluate, vec![Write::Verdicts(rows)]).await;
    assert!(store.check().await.unwrap().is_empty());
}

pub async fn what_was_lost_behind_the_store_is_a_breach(backend: &Backend) {
    let store = backend.open().await;
    judged(&store).await;
    // The member left, and the verdict of the unit was left behind.
    let rows = vec![verdict(h(1), p(1), "a", None)];
    put(&store, CommitKind::Evaluate, vec![Write::Verdicts(rows)]).await;
    assert!(store.check().await.unwrap().is_empty());
    let behind = "insert into verdicts (subject_kind, subject_id, policy, unit_kind, unit_id,
            version, verdict, signal, missing, evaluated_on)
        select subject_kind, subject_id, policy, unit_kind, unit_id,
            version, verdict, signal, missing, evaluated_on
        from verdict_changes
        where subject_kind = 'p'
        and verdict is not null";
    backend.tamper(behind).await;
    assert_eq!(found(&store, "is not the last that was given").await, 1);
    backend
        .tamper("delete from verdicts where subject_kind = 'p'")
        .await;
    assert!(store.check().await.unwrap().is_empty());
    // A verdict nobody took away.
    backend.tamper("delete from verdicts").await;
    assert_eq!(found(&store, "is not the last that was given").await, 1);
    let rows = vec![
        verdict(h(1), h(1), "a", Some("met")),
        verdict(h(1), p(1), "a", Some("met")),
    ];
    put(&store, CommitKind::Evaluate, vec![Write::Verdicts(rows)]).await;
    assert!(store.check().await.unwrap().is_empty());
    // Nobody is told of a change in the member any more.
    backend.tamper("delete from reads").await;
    assert_eq!(found(&store, "does not read them").await, 1);
    // A mark that was lost, and who was evaluated.
    put(
        &store,
        CommitKind::Apply,
        vec![Write::Folds(vec![fold(h(1), 2)]), Write::Due(vec![h(1)])],
    )
    .await;
    assert_eq!(found(&store, "is not due").await, 0);
    backend.tamper("delete from due").await;
    assert_eq!(found(&store, "is not due").await, 1);
    backend.tamper("delete from units").await;
    assert_eq!(found(&store, "was never evaluated").await, 1);
}

pub async fn an_alert_without_decision_is_a_breach(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    assert!(store.check().await.unwrap().is_empty());
    let writes = vec![Write::Alerts(vec![alert(2)])];
    put(&store, CommitKind::Evaluate, writes).await;
    let entry = news(TOWN, domain::alert::FeedKind::Raised, alert_id(77));
    put(&store, CommitKind::Evaluate, vec![Write::Feed(vec![entry])]).await;
    let breaches = store.check().await.unwrap();
    assert_eq!(breaches.len(), 2, "{breaches:?}");
}

pub async fn a_store_keeps_its_own_settings(backend: &Backend) {
    let create = |epoch: &str| [("epoch", epoch.to_owned())];
    drop(backend.open_with(&create("e1")).await);
    let mut other = create("e2").to_vec();
    other.push(("synthetic", "true".to_owned()));
    let store = backend.open_with(&other).await;
    let found = store.setting("epoch").await.unwrap();
    assert_eq!(found.as_deref(), Some("e1"));
    // A real store does not become synthetic by being opened.
    assert_eq!(store.setting("synthetic").await.unwrap(), None);
}

pub async fn holes_are_breaches(backend: &Backend) {
    let store = backend.open().await;
    let alerts: Vec<_> = (1..=4).map(alert).collect();
    put(&store, CommitKind::Evaluate, opening(&alerts)).await;
    put(&store, CommitKind::Administration, vec![]).await;
    put(&store, CommitKind::Administration, vec![]).await;
    assert!(store.check().await.unwrap().is_empty());
    backend.tamper("delete from feed where position = 2").await;
    let breaches = store.check().await.unwrap();
    assert_eq!(breaches.len(), 2, "{breaches:?}");
    backend.tamper("delete from commits where number = 2").await;
    let breaches = store.check().await.unwrap();
    assert_eq!(breaches.len(), 3, "{breaches:?}");
    assert_eq!(store.mismatched_commits(0, 10).await.unwrap(), [1, 2]);
}
