//! The write: atomic, guarded, fenced, repeatable, numbered.

use std::sync::Arc;

use domain::alert::FeedKind;
use store::commit::{Commit, CommitKind, Guard, ImportState, Write};
use store::{Store, StoreError};

use super::build::*;

pub async fn commits_are_numbered_without_a_hole(store: Arc<dyn Store>) {
    for expected in 1..=5 {
        let receipt = write(&store, &commit(CommitKind::Administration, vec![])).await;
        assert_eq!(last_number(&store).await, expected);
        if let Some(number) = receipt.number {
            assert_eq!(number, expected);
        }
    }
    let entries = store.ledger_entries(0, 100).await.unwrap();
    let indexes: Vec<i64> = entries.iter().map(|entry| entry.index).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4]);
}

/// Everything a commit could leave behind.
async fn traces(store: &Arc<dyn Store>) -> (i64, i64, i64, usize, i64) {
    publish(store).await;
    let totals = store.statistics().await.unwrap();
    let setting = store.setting("k").await.unwrap();
    let (ledger, feed) = (totals.ledger, totals.feed);
    (
        ledger,
        feed,
        totals.records,
        setting.iter().count(),
        totals.alerts,
    )
}

/// A commit that writes into many tables.
fn wide(number: u32) -> Commit {
    let mut writes = intake(number, vec![record(p(number), import_id(number), 1)]);
    writes.extend(opening(&[alert(number)]));
    writes.push(Write::Setting {
        key: "k".to_owned(),
        value: "v".to_owned(),
    });
    commit(CommitKind::Intake, writes)
}

pub async fn a_failing_guard_writes_nothing(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    let before = traces(&store).await;
    for (guarded, version) in [(1, 2), (1, 0), (77, 1)] {
        let mut refused = wide(2);
        refused.guards = vec![
            Guard::AlertVersion {
                alert: alert_id(1),
                version: 1,
            },
            Guard::AlertVersion {
                alert: alert_id(guarded),
                version,
            },
        ];
        let error = store.commit(&refused).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict), "{error}");
        assert_eq!(traces(&store).await, before);
    }
    let mut taken = wide(2);
    taken.guards = vec![Guard::AlertVersion {
        alert: alert_id(1),
        version: 1,
    }];
    write(&store, &taken).await;
    assert_ne!(traces(&store).await, before);
}

pub async fn a_failing_import_guard_writes_nothing(store: Arc<dyn Store>) {
    let open = import(1, ImportState::Receiving);
    put(&store, CommitKind::Intake, vec![Write::ImportOpened(open)]).await;
    let before = traces(&store).await;
    let at_line = |next_line| {
        let mut next = wide(2);
        next.guards = vec![Guard::ImportAt {
            import: import_id(1),
            next_line,
        }];
        next
    };
    let error = store.commit(&at_line(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict), "{error}");
    assert_eq!(traces(&store).await, before);
    let received = Write::ImportAdvanced {
        import: import_id(1),
        next_line: 1,
        counts: import(1, ImportState::Received).counts,
        state: ImportState::Received,
    };
    put(&store, CommitKind::Intake, vec![received]).await;
    let error = store.commit(&at_line(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict), "{error}");
}

pub async fn a_failing_checkpoint_guard_writes_nothing(store: Arc<dyn Store>) {
    let from = |position, to| {
        let mut step = commit(
            CommitKind::Apply,
            vec![Write::Checkpoint {
                step: "apply".to_owned(),
                position: to,
            }],
        );
        step.guards = vec![Guard::CheckpointAt {
            partition: place(COUNTY),
            step: "apply".to_owned(),
            position,
        }];
        step
    };
    write(&store, &from(0, 4)).await;
    let error = store.commit(&from(0, 9)).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict), "{error}");
    publish(&store).await;
    assert_eq!(store.checkpoint(place(COUNTY), "apply").await.unwrap(), 4);
    write(&store, &from(4, 9)).await;
    assert_eq!(store.checkpoint(place(COUNTY), "apply").await.unwrap(), 9);
}

pub async fn a_stale_epoch_is_fenced(store: Arc<dyn Store>) {
    let take = |holder: &'static str, now: i64| {
        let store = Arc::clone(&store);
        async move {
            let lease = store.lease(place(COUNTY), "apply", holder, at(now), at(now + 10));
            lease.await.unwrap().unwrap()
        }
    };
    let old = take("a", 0).await;
    let new = take("b", 20).await;
    let before = traces(&store).await;
    let mut stale = wide(1);
    stale.lease = Some(old.clone());
    let error = store.commit(&stale).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { ref step } if step == "apply"));
    assert_eq!(traces(&store).await, before);
    let mut elsewhere = wide(1);
    elsewhere.lease = Some(store::commit::Lease {
        step: "evaluate".to_owned(),
        ..new.clone()
    });
    let error = store.commit(&elsewhere).await.unwrap_err();
    assert!(matches!(error, StoreError::Fenced { ref step } if step == "evaluate"));
    stale.lease = Some(new);
    store.commit(&stale).await.unwrap();
}

fn acknowledging(version: i64, key: &str, fingerprint: &str) -> Commit {
    let after = changed(&alert(1), |after| {
        after.version = version + 1;
        after.work = "acknowledged".into();
    });
    let mut acting = commit(CommitKind::Action, vec![Write::Alerts(vec![after])]);
    acting.guards = vec![Guard::AlertVersion {
        alert: alert_id(1),
        version,
    }];
    acting.answer = Some(answer(key, fingerprint, at(0)));
    acting
}

pub async fn a_repeated_request_gets_the_stored_answer(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    let route = answer("k", "f", at(0)).route;
    let found = store.answer(officer_id(7), &route, "k").await.unwrap();
    assert_eq!(found, None);
    write(&store, &acknowledging(1, "k", "f")).await;
    let before = traces(&store).await;
    // Its guard fails by now; the answer comes first.
    let error = store.commit(&acknowledging(1, "k", "f")).await.unwrap_err();
    let StoreError::Answered(stored) = error else {
        panic!("{error}");
    };
    assert_eq!(*stored, answer("k", "f", at(0)));
    assert_eq!(traces(&store).await, before);
    let found = store.answer(officer_id(7), &route, "k").await.unwrap();
    assert_eq!(found, Some(answer("k", "f", at(0))));
    let other = store.answer(officer_id(8), &route, "k").await.unwrap();
    assert_eq!(other, None);
}

pub async fn an_idempotency_key_serves_one_request(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    write(&store, &acknowledging(1, "k", "f")).await;
    let before = traces(&store).await;
    let other = acknowledging(2, "k", "g");
    let error = store.commit(&other).await.unwrap_err();
    assert!(matches!(error, StoreError::KeyReused), "{error}");
    assert_eq!(traces(&store).await, before);
    write(&store, &acknowledging(2, "k2", "g")).await;
}

pub async fn an_answer_is_kept_for_three_days(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    write(&store, &acknowledging(1, "k", "f")).await;
    let mut again = acknowledging(2, "k", "f");
    again.at = at(72 * 3600 - 1);
    let error = store.commit(&again).await.unwrap_err();
    assert!(matches!(error, StoreError::Answered(_)), "{error}");
    again.at = at(72 * 3600);
    store.commit(&again).await.unwrap();
}

pub async fn a_group_is_taken_whole_or_not_at_all(store: Arc<dyn Store>) {
    put(&store, CommitKind::Evaluate, opening(&[alert(9)])).await;
    let before = traces(&store).await;
    let mut refused = wide(3);
    refused.guards = vec![Guard::AlertVersion {
        alert: alert_id(9),
        version: 5,
    }];
    let group = [wide(1), wide(2), refused];
    let error = store.commit_group(&group).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict), "{error}");
    assert_eq!(traces(&store).await, before);
    let receipts = store.commit_group(&group[..2]).await.unwrap();
    assert_eq!(receipts.len(), 2);
    assert!(receipts[0].id < receipts[1].id);
    let after = traces(&store).await;
    assert_eq!((after.0, after.2), (before.0 + 2, before.2 + 2));
}

pub async fn publishing_again_does_nothing(store: Arc<dyn Store>) {
    let entry = news(TOWN, FeedKind::Raised, alert_id(1));
    put(&store, CommitKind::Evaluate, vec![Write::Feed(vec![entry])]).await;
    let before = traces(&store).await;
    let roots = store.ledger_roots().await.unwrap();
    let published = store.publish(100).await.unwrap();
    assert_eq!((published.commits, published.entries), (0, 0));
    assert_eq!(traces(&store).await, before);
    assert_eq!(store.ledger_roots().await.unwrap(), roots);
}

pub async fn the_order_of_writes_in_a_commit_does_not_matter(store: Arc<dyn Store>) {
    // Decisions and actions name alerts, kept rows name imports, tokens name
    // officers: the store writes what is named first.
    let mut writes = opening(&[alert(1)]);
    writes.push(Write::Action(action(1, &alert(1), "acknowledge")));
    writes.push(Write::ImportOpened(import(1, ImportState::Received)));
    writes.push(Write::RowsKept(vec![kept(
        1,
        4,
        domain::record::RowOutcome::Rejected,
    )]));
    writes.reverse();
    put(&store, CommitKind::Evaluate, writes).await;
    let found = store.alert(&county_grant(), alert_id(1)).await.unwrap();
    assert_eq!(found, Some(alert(1)));
}
