//! The ledger: roots over entries, disclosures, rows that still match.

use std::sync::Arc;

use domain::alert::FeedKind;
use domain::authority::{Operation, Role};
use domain::record::RowOutcome;
use ledger::{Checkpoint, Entry, Hash};
use store::Store;
use store::commit::{CommitKind, DisclosureRow, Write};
use store::rows::LedgerRoot;

use super::backend::Backend;
use super::build::*;
use super::corrections::task;

/// Commits that write every kind of row a ledger entry answers for.
async fn write_everything(store: &Arc<dyn Store>) {
    let mut writes = intake(
        1,
        vec![record(p(1), import_id(1), 1), record(h(1), import_id(1), 2)],
    );
    writes.push(Write::RowsKept(vec![
        kept(1, 3, RowOutcome::Rejected),
        kept(1, 4, RowOutcome::Held),
    ]));
    writes.push(Write::Coverage(vec![coverage(1, COUNTY)]));
    put(store, CommitKind::Intake, writes).await;
    let mut writes = opening(&[alert(1), alert(2)]);
    writes.push(Write::Verdicts(vec![
        verdict(h(1), p(1), "a", Some("met")),
        verdict(h(1), p(2), "a", None),
    ]));
    put(store, CommitKind::Evaluate, writes).await;
    let after = changed(&alert(1), |row| row.work = "acknowledged".into());
    let writes = vec![
        Write::Action(action(1, &alert(1), "acknowledge")),
        Write::Correction(task(1, &record(p(1), import_id(1), 1))),
        Write::Alerts(vec![after]),
        Write::Feed(vec![news(TOWN, FeedKind::Updated, alert_id(1))]),
    ];
    put(store, CommitKind::Action, writes).await;
    let shown = vec![Write::Disclosure(disclosure(1, vec![[1; 16], [2; 16]]))];
    put(store, CommitKind::Disclosure, shown).await;
}

fn disclosure(officer: u32, pseudonyms: Vec<[u8; 16]>) -> DisclosureRow {
    DisclosureRow {
        officer: officer_id(officer),
        operation: Operation::ReadPeople,
        purpose: "核实".to_owned(),
        pseudonyms,
        request: "r-1".to_owned(),
    }
}

async fn checkpoints(store: &Arc<dyn Store>) -> Vec<Checkpoint> {
    let roots = store.ledger_roots().await.unwrap();
    let checkpoint = |root: LedgerRoot| Checkpoint {
        origin: "test".to_owned(),
        size: u64::try_from(root.size).unwrap(),
        root: Hash(root.root),
    };
    roots.into_iter().map(checkpoint).collect()
}

pub async fn roots_are_of_the_entries(store: Arc<dyn Store>) {
    write_everything(&store).await;
    let all = store.ledger_entries(0, 100).await.unwrap();
    assert_eq!(all.len(), 4);
    let first = Entry::from_bytes(&all[0].bytes).unwrap();
    assert_eq!(
        (first.kind.as_str(), first.actor.as_str()),
        ("intake", "intake")
    );
    assert_eq!(first.at_micros, at(0).as_micros());
    assert_eq!(first.field("partition"), Some(COUNTY.as_bytes()));
    assert_eq!(first.field("records"), Some(b"2".as_slice()));
    let mut paged = store.ledger_entries(0, 3).await.unwrap();
    paged.extend(store.ledger_entries(3, 3).await.unwrap());
    assert_eq!(paged, all);
    let checkpoints = checkpoints(&store).await;
    let entries = all.iter().map(|entry| entry.bytes.clone());
    let verified = ledger::verify(entries, &checkpoints).unwrap();
    assert_eq!((verified.size, verified.covered), (4, 4));
    // The last root is of all entries, and of no others.
    let mut changed: Vec<_> = all.iter().map(|entry| entry.bytes.clone()).collect();
    changed[1][3] ^= 1;
    assert!(ledger::verify(changed.into_iter(), &checkpoints).is_err());
}

pub async fn an_event_is_the_same_leaf_in_every_store(store: Arc<dyn Store>) {
    let writes = opening(&[alert(2), alert(1)]);
    let commit = commit(CommitKind::Evaluate, writes);
    store.commit(&commit).await.unwrap();
    publish(&store).await;
    let entries = store.ledger_entries(0, 2).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].bytes, store::ledger_entry(&commit));
}

pub async fn one_root_of_an_hour_is_kept(store: Arc<dyn Store>) {
    for seconds in [0, 60, 3_599, 3_600, 3_700, 90_000] {
        let mut next = commit(CommitKind::Administration, vec![]);
        next.at = at(seconds);
        write(&store, &next).await;
    }
    let roots = store.ledger_roots().await.unwrap();
    let sizes: Vec<i64> = roots.iter().map(|root| root.size).collect();
    assert_eq!(sizes, [3, 5, 6]);
    assert_eq!(roots[2].at, at(90_000));
    let entries = store.ledger_entries(0, 100).await.unwrap();
    let entries = entries.into_iter().map(|entry| entry.bytes);
    assert!(ledger::verify(entries, &checkpoints(&store).await).is_ok());
}

pub async fn disclosures_are_found_newest_first(store: Arc<dyn Store>) {
    let first = Write::Disclosure(disclosure(1, vec![[1; 16], [2; 16]]));
    let first = put(&store, CommitKind::Disclosure, vec![first]).await;
    let second = vec![
        Write::Disclosure(disclosure(2, vec![[2; 16]])),
        Write::Disclosure(disclosure(3, vec![[1; 16]])),
    ];
    let second = put(&store, CommitKind::Disclosure, second).await;
    let auditor = |region| grant(Role::Auditor, Operation::ReadLedger, &[region]);
    let shown = store
        .disclosures(&auditor(COUNTY), &[1; 16], 10)
        .await
        .unwrap();
    let shape: Vec<_> = shown.iter().map(|d| (d.number, d.officer)).collect();
    let expected = [(Some(second), officer_id(3)), (Some(first), officer_id(1))];
    assert_eq!(shape, expected);
    assert_eq!(shown[0].purpose, "核实");
    assert_eq!(shown[0].operation, Operation::ReadPeople);
    let one = store.disclosures(&auditor(COUNTY), &[1; 16], 1).await;
    assert_eq!(one.unwrap(), shown[..1]);
    let elsewhere = store
        .disclosures(&auditor(OTHER_COUNTY), &[1; 16], 10)
        .await;
    assert!(elsewhere.unwrap().is_empty());
}

/// A change in each table of rows that stay, how it is undone, and the commit
/// it is in.
const CHANGES: [(&str, &str, i64); 10] = [
    (
        "update records set line = 9 where line = 1",
        "update records set line = 1 where line = 9",
        1,
    ),
    (
        "update import_rows set outcome = 'held' where line = 3",
        "update import_rows set outcome = 'rejected' where line = 3",
        1,
    ),
    (
        "update coverages set scope = '320404'",
        "update coverages set scope = '320412'",
        1,
    ),
    (
        "update verdict_changes set verdict = 'not_met' where verdict = 'met'",
        "update verdict_changes set verdict = 'met' where verdict = 'not_met'",
        2,
    ),
    (
        "update decisions set known = known + 1",
        "update decisions set known = known - 1",
        2,
    ),
    (
        "update feed set level = 3 where kind = 'raised'",
        "update feed set level = 2 where kind = 'raised'",
        2,
    ),
    (
        "update actions set action = 'close'",
        "update actions set action = 'acknowledge'",
        3,
    ),
    (
        "update corrections set line = 9",
        "update corrections set line = 1",
        3,
    ),
    (
        "update disclosures set purpose = '其他'",
        "update disclosures set purpose = '核实'",
        4,
    ),
    (
        "update disclosed_subjects set subject_no = 5 where subject_no = 0",
        "update disclosed_subjects set subject_no = 0 where subject_no = 5",
        4,
    ),
];

pub async fn a_changed_row_is_found(backend: &Backend) {
    let store = backend.open().await;
    write_everything(&store).await;
    let mismatched = async || store.mismatched_commits(0, 100).await.unwrap();
    assert!(mismatched().await.is_empty());
    for (change, undo, number) in CHANGES {
        backend.tamper(change).await;
        assert_eq!(mismatched().await, [number], "{change}");
        backend.tamper(undo).await;
        assert!(mismatched().await.is_empty(), "{undo}");
    }
    backend.tamper("delete from records where line = 2").await;
    backend.tamper(CHANGES[4].0).await;
    backend.tamper(CHANGES[6].0).await;
    assert_eq!(mismatched().await, [1, 2, 3]);
    assert_eq!(store.mismatched_commits(1, 1).await.unwrap(), [2]);
    let after = store.mismatched_commits(3, 9).await.unwrap();
    assert!(after.is_empty());
}

pub async fn everything_is_there_after_opening_again(backend: &Backend) {
    let store = backend.open().await;
    write_everything(&store).await;
    let before = (
        store.statistics().await.unwrap(),
        store.feed_position().await.unwrap(),
        store.feed(&county_grant(), 0, 100).await.unwrap(),
        store.ledger_entries(0, 100).await.unwrap(),
        store.ledger_roots().await.unwrap(),
        store.alert(&county_grant(), alert_id(1)).await.unwrap(),
    );
    drop(store);
    let store = backend.open().await;
    let after = (
        store.statistics().await.unwrap(),
        store.feed_position().await.unwrap(),
        store.feed(&county_grant(), 0, 100).await.unwrap(),
        store.ledger_entries(0, 100).await.unwrap(),
        store.ledger_roots().await.unwrap(),
        store.alert(&county_grant(), alert_id(1)).await.unwrap(),
    );
    assert_eq!(after, before);
    assert!(store.mismatched_commits(0, 100).await.unwrap().is_empty());
    // Numbers go on where they stood.
    let next = put(&store, CommitKind::Administration, vec![]).await;
    assert_eq!(next, before.0.ledger + 1);
    let entries = store.ledger_entries(0, 100).await.unwrap();
    let entries = entries.into_iter().map(|entry| entry.bytes);
    let verified = ledger::verify(entries, &checkpoints(&store).await).unwrap();
    assert_eq!(verified.covered, 5);
}
