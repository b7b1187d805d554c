//! What the apply step reads.

use std::sync::Arc;

use domain::ids::ImportId;
use domain::record::{Read, ReadWhy};
use store::commit::{CommitKind, FoldRow, ImportState, SealedRecord, SubjectKeyRow, Write};
use store::rows::{Backlog, Named};
use store::{Store, StoreError};
use uuid::Uuid;

use super::build::*;

/// `count` records of an import, one per line from `line`.
fn lines(import: u32, line: u32, count: u32) -> Vec<SealedRecord> {
    let lines = line..line + count;
    lines.map(|n| record(p(n), import_id(import), n)).collect()
}

pub async fn intake_comes_in_whole_commits(store: Arc<dyn Store>) {
    put(&store, CommitKind::Intake, intake(1, lines(1, 1, 3))).await;
    put(&store, CommitKind::Administration, vec![]).await;
    let mut second = intake(2, lines(2, 4, 3));
    second.push(Write::Coverage(vec![coverage(2, COUNTY)]));
    put(&store, CommitKind::Intake, second).await;
    put(&store, CommitKind::Intake, intake(3, vec![])).await;
    put(&store, CommitKind::Intake, intake(4, lines(4, 7, 1))).await;
    let all = store.intake_after(place(COUNTY), 0, 1_000).await.unwrap();
    let shape: Vec<_> = all
        .iter()
        .map(|batch| (batch.number, batch.records.len(), batch.covers))
        .collect();
    assert_eq!(
        shape,
        [(1, 3, false), (3, 3, true), (4, 0, false), (5, 1, false)]
    );
    assert_eq!(all[0].records, lines(1, 1, 3));
    assert_eq!(all[1].records, lines(2, 4, 3));
    // Three are reached by the first; four by the first two.
    for (limit, batches) in [(1, 1), (3, 1), (4, 2), (7, 4)] {
        let some = store.intake_after(place(COUNTY), 0, limit).await.unwrap();
        assert_eq!(some, all[..batches], "{limit}");
    }
    let later = store.intake_after(place(COUNTY), 1, 1_000).await.unwrap();
    assert_eq!(later, all[1..]);
}

pub async fn a_backlog_is_what_waits(store: Arc<dyn Store>) {
    let backlog = async |after: i64| store.backlog(place(COUNTY), after).await.unwrap();
    assert_eq!(backlog(0).await, Backlog::default());
    put(&store, CommitKind::Intake, intake(1, lines(1, 1, 3))).await;
    put(&store, CommitKind::Administration, vec![]).await;
    put(&store, CommitKind::Intake, intake(2, lines(2, 4, 2))).await;
    let mut elsewhere = commit(CommitKind::Intake, intake(3, lines(3, 6, 1)));
    elsewhere.partition = Some(place(OTHER_COUNTY));
    write(&store, &elsewhere).await;
    let open = vec![
        Write::ImportOpened(import(4, ImportState::Receiving)),
        Write::Records(lines(4, 7, 4)),
    ];
    put(&store, CommitKind::Intake, open).await;
    put(&store, CommitKind::Intake, intake(5, lines(5, 11, 1))).await;
    let waits = |last, records| Backlog { last, records };
    assert_eq!(backlog(0).await, waits(3, 5));
    assert_eq!(backlog(1).await, waits(3, 2));
    assert_eq!(backlog(3).await, Backlog::default());
}

pub async fn whom_commits_name_is_known_without_their_records(store: Arc<dyn Store>) {
    let said = |of, import: u32, line| record(of, import_id(import), line);
    let first = vec![said(p(1), 1, 1), said(h(1), 1, 1), said(p(1), 1, 2)];
    put(&store, CommitKind::Intake, intake(1, first)).await;
    put(&store, CommitKind::Intake, intake(2, vec![])).await;
    let mut elsewhere = commit(CommitKind::Intake, intake(3, lines(3, 1, 1)));
    elsewhere.partition = Some(place(OTHER_COUNTY));
    write(&store, &elsewhere).await;
    put(
        &store,
        CommitKind::Intake,
        intake(4, vec![said(p(2), 4, 1)]),
    )
    .await;
    let named = async |after, through, limit| {
        let named = store.named_after(place(COUNTY), after, through, limit);
        named.await.unwrap()
    };
    let of = |number, records, subjects: &[domain::ids::Subject]| Named {
        number,
        records,
        subjects: subjects.iter().copied().collect(),
    };
    let all = [of(1, 3, &[p(1), h(1)]), of(2, 0, &[]), of(4, 1, &[p(2)])];
    assert_eq!(named(0, 9, 100).await, all);
    assert_eq!(named(1, 9, 100).await, all[1..]);
    assert_eq!(named(0, 3, 100).await, all[..2]);
    assert_eq!(named(0, 9, 3).await, all[..1]);
    let open = vec![
        Write::ImportOpened(import(5, ImportState::Receiving)),
        Write::Records(lines(5, 7, 4)),
    ];
    put(&store, CommitKind::Intake, open).await;
    assert_eq!(named(0, 9, 100).await, all);
}

pub async fn records_between_two_numbers_are_of_one_partition(store: Arc<dyn Store>) {
    let said = |import: u32, line| record(p(1), import_id(import), line);
    put(&store, CommitKind::Intake, intake(1, vec![said(1, 1)])).await;
    let of_others = record(h(1), import_id(2), 2);
    let second = intake(2, vec![said(2, 1), of_others.clone(), said(2, 3)]);
    put(&store, CommitKind::Intake, second).await;
    let mut elsewhere = commit(CommitKind::Intake, intake(3, vec![said(3, 1)]));
    elsewhere.partition = Some(place(OTHER_COUNTY));
    write(&store, &elsewhere).await;
    put(&store, CommitKind::Intake, intake(4, vec![said(4, 1)])).await;
    let between = async |subjects: &[domain::ids::Subject], after, through| {
        let records = store.records_between(place(COUNTY), subjects, after, through);
        records.await.unwrap()
    };
    let all = [said(1, 1), said(2, 1), said(2, 3), said(4, 1)];
    assert_eq!(between(&[p(1)], 0, 4).await, all);
    assert_eq!(between(&[p(1)], 1, 3).await, all[1..3]);
    assert_eq!(between(&[h(1), p(5), h(1)], 0, 4).await, [of_others]);
    assert!(between(&[p(1)], 4, 9).await.is_empty());
}

pub async fn an_import_still_receiving_holds_back_what_follows(store: Arc<dyn Store>) {
    put(&store, CommitKind::Intake, intake(1, lines(1, 1, 1))).await;
    let open = vec![
        Write::ImportOpened(import(2, ImportState::Receiving)),
        Write::Records(lines(2, 2, 1)),
    ];
    put(&store, CommitKind::Intake, open).await;
    put(&store, CommitKind::Intake, intake(3, lines(3, 4, 1))).await;
    let numbers = async |after: i64| -> Vec<i64> {
        let batches = store
            .intake_after(place(COUNTY), after, 1_000)
            .await
            .unwrap();
        batches.iter().map(|batch| batch.number).collect()
    };
    assert_eq!(numbers(0).await, [1]);
    assert!(numbers(1).await.is_empty());
    let last = vec![
        Write::Records(lines(2, 3, 1)),
        Write::ImportAdvanced {
            import: import_id(2),
            next_line: 3,
            counts: import(2, ImportState::Received).counts,
            state: ImportState::Received,
        },
    ];
    put(&store, CommitKind::Intake, last).await;
    assert_eq!(numbers(0).await, [1, 2, 3, 4]);
}

pub async fn officers_records_are_intake(store: Arc<dyn Store>) {
    let nil = ImportId::from_uuid(Uuid::nil());
    let told = vec![record(p(1), nil, 0)];
    let writes = vec![Write::Records(told.clone())];
    put(&store, CommitKind::Action, writes).await;
    put(&store, CommitKind::Action, vec![]).await;
    let batches = store.intake_after(place(COUNTY), 0, 10).await.unwrap();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].records, told);
}

pub async fn intake_of_other_partitions_is_theirs(store: Arc<dyn Store>) {
    let open = vec![Write::ImportOpened(import(1, ImportState::Receiving))];
    let mut elsewhere = commit(CommitKind::Intake, open);
    elsewhere.partition = Some(place(OTHER_COUNTY));
    write(&store, &elsewhere).await;
    put(&store, CommitKind::Intake, intake(2, lines(2, 1, 1))).await;
    let here = store.intake_after(place(COUNTY), 0, 10).await.unwrap();
    assert_eq!(here.len(), 1);
    let there = store
        .intake_after(place(OTHER_COUNTY), 0, 10)
        .await
        .unwrap();
    assert!(there.is_empty());
}

pub async fn a_checkpoint_is_known_as_of_a_number(store: Arc<dyn Store>) {
    let reach = |position| {
        let step = "apply".to_owned();
        vec![Write::Checkpoint { step, position }]
    };
    let county = place(COUNTY);
    assert_eq!(store.checkpoint(county, "apply").await.unwrap(), 0);
    let first = put(&store, CommitKind::Apply, reach(10)).await;
    put(&store, CommitKind::Administration, vec![]).await;
    let second = put(&store, CommitKind::Apply, reach(20)).await;
    assert_eq!(store.checkpoint(county, "apply").await.unwrap(), 20);
    assert_eq!(store.checkpoint(county, "evaluate").await.unwrap(), 0);
    let elsewhere = store.checkpoint(place(OTHER_COUNTY), "apply").await;
    assert_eq!(elsewhere.unwrap(), 0);
    let known = [
        (first - 1, 0),
        (first, 10),
        (second - 1, 10),
        (second, 20),
        (99, 20),
    ];
    for (known, position) in known {
        let found = store.checkpoint_as_of(county, "apply", known).await;
        assert_eq!(found.unwrap(), position, "{known}");
    }
}

pub async fn folds_are_replaced(store: Arc<dyn Store>) {
    let rows = vec![fold(p(1), 1), fold(h(1), 1), fold(p(2), 1)];
    put(&store, CommitKind::Apply, vec![Write::Folds(rows)]).await;
    let moved = FoldRow {
        partition: place(OTHER_COUNTY),
        ..fold(p(1), 2)
    };
    let rows = vec![fold(h(1), 2), moved.clone()];
    put(&store, CommitKind::Apply, vec![Write::Folds(rows)]).await;
    // Whoever is asked for twice is told once.
    let asked = [p(1), h(1), p(3), p(1)];
    let mut found = store.folds(&asked).await.unwrap();
    found.sort_by_key(|row| row.subject);
    assert_eq!(found, [fold(h(1), 2), moved]);
    assert!(store.folds(&[]).await.unwrap().is_empty());
    // The same id as a person and as a household is two subjects.
    assert!(store.folds(&[h(2)]).await.unwrap().is_empty());
}

pub async fn another_key_for_a_subject_is_a_conflict(store: Arc<dyn Store>) {
    let key = |number: u32, byte: u8| SubjectKeyRow {
        subject: p(number),
        wrapped: vec![byte; 40],
    };
    let keys = |rows| vec![Write::SubjectKeys(rows)];
    put(&store, CommitKind::Intake, keys(vec![key(1, 1), key(2, 2)])).await;
    put(&store, CommitKind::Intake, keys(vec![key(2, 2), key(3, 3)])).await;
    let mut losing = keys(vec![key(4, 4), key(1, 9)]);
    losing.push(Write::Records(vec![record(p(1), import_id(1), 1)]));
    let error = store.commit(&commit(CommitKind::Intake, losing)).await;
    assert!(matches!(error, Err(StoreError::Conflict)));
    let mut found = store
        .subject_keys(&[p(1), p(2), p(3), p(4), h(1), p(2)])
        .await
        .unwrap();
    found.sort_by_key(|row| row.subject);
    assert_eq!(found, [key(1, 1), key(2, 2), key(3, 3)]);
    assert_eq!(store.statistics().await.unwrap().records, 0);
}

pub async fn reads_are_replaced_by_their_cause(store: Arc<dyn Store>) {
    let read = |of: u32, home: u32, why| Read {
        person: person(of),
        household: household(home),
        why,
    };
    let own = read(1, 1, ReadWhy::Member);
    let parent = read(9, 1, ReadWhy::Parent);
    let set = |of: u32, reads| Write::Reads {
        of: person(of),
        reads,
    };
    // Person 9 is a parent of both 1 and 2, who live together.
    let writes = vec![
        set(1, vec![own, parent]),
        set(2, vec![read(2, 1, ReadWhy::Member), parent]),
    ];
    put(&store, CommitKind::Apply, writes).await;
    let by_person = store.reads_by_person(&[person(9)]).await.unwrap();
    assert_eq!(by_person, [parent]);
    let by_household = store.reads_by_household(&[household(1)]).await.unwrap();
    assert_eq!(by_household.len(), 3);
    // 1 moves out; 2 still has the parent.
    let moved = read(1, 7, ReadWhy::Member);
    put(&store, CommitKind::Apply, vec![set(1, vec![moved])]).await;
    let by_person = store
        .reads_by_person(&[person(1), person(9)])
        .await
        .unwrap();
    assert_eq!(by_person, [moved, parent]);
    put(&store, CommitKind::Apply, vec![set(2, vec![])]).await;
    assert!(
        store
            .reads_by_person(&[person(9)])
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .reads_by_household(&[household(1)])
            .await
            .unwrap()
            .is_empty()
    );
}

pub async fn coverage_is_known_through_a_number(store: Arc<dyn Store>) {
    let bring = |number: u32| {
        let mut writes = intake(number, vec![]);
        let mut whole = coverage(number, TOWN);
        whole.part = None;
        whole.month = None;
        writes.push(Write::Coverage(vec![coverage(number, COUNTY), whole]));
        writes
    };
    let first = put(&store, CommitKind::Intake, bring(1)).await;
    let second = put(&store, CommitKind::Intake, bring(2)).await;
    let mut elsewhere = commit(CommitKind::Intake, bring(3));
    elsewhere.partition = Some(place(OTHER_COUNTY));
    write(&store, &elsewhere).await;
    let county = place(COUNTY);
    assert!(store.coverage(county, first - 1).await.unwrap().is_empty());
    let known = store.coverage(county, first).await.unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!(known[0], coverage(1, COUNTY));
    assert_eq!((&known[1].part, known[1].month), (&None, None));
    assert_eq!(store.coverage(county, second + 5).await.unwrap().len(), 4);
}

pub async fn records_are_known_through_a_number(store: Arc<dyn Store>) {
    let said = |import: u32, line| record(p(1), import_id(import), line);
    let first = put(
        &store,
        CommitKind::Intake,
        intake(1, vec![said(1, 1), said(1, 2)]),
    )
    .await;
    let of_others = record(h(1), import_id(2), 3);
    let second = intake(2, vec![of_others.clone(), said(2, 4)]);
    let second = put(&store, CommitKind::Intake, second).await;
    let known = async |subjects: &[domain::ids::Subject], through| {
        store.records_of(subjects, through).await.unwrap()
    };
    assert!(known(&[p(1)], first - 1).await.is_empty());
    assert_eq!(known(&[p(1)], first).await, [said(1, 1), said(1, 2)]);
    assert_eq!(
        known(&[p(1)], second).await,
        [said(1, 1), said(1, 2), said(2, 4)]
    );
    assert_eq!(known(&[h(1), p(5), h(1)], second).await, [of_others]);
}
