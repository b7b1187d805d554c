//! Imports and the rows they kept.

use std::sync::Arc;

use domain::authority::{Operation, Role};
use domain::record::{DatasetId, RowCounts, RowOutcome, SourceId};
use store::commit::{CommitKind, ImportRow, ImportState, Write};
use store::{Store, StoreError};

use super::build::*;

pub async fn an_import_stands_where_it_was_left(store: Arc<dyn Store>) {
    let opened = import(1, ImportState::Receiving);
    let writes = vec![Write::ImportOpened(opened.clone())];
    put(&store, CommitKind::Intake, writes).await;
    let (source, dataset) = (SourceId::new("civil"), DatasetId::new("civil_register"));
    let by_key = store.import_by_key(&source, &dataset, revision(1)).await;
    assert_eq!(by_key.unwrap(), Some(opened.clone()));
    let other = store.import_by_key(&source, &dataset, revision(2)).await;
    assert_eq!(other.unwrap(), None);
    let counts = RowCounts {
        accepted: 90,
        warned: 5,
        held: 3,
        rejected: 2,
    };
    let advanced = Write::ImportAdvanced {
        import: import_id(1),
        next_line: 101,
        counts,
        state: ImportState::Received,
    };
    put(&store, CommitKind::Intake, vec![advanced]).await;
    let found = store
        .import(&imports_of(COUNTY), import_id(1))
        .await
        .unwrap();
    let expected = ImportRow {
        next_line: 101,
        counts,
        state: ImportState::Received,
        ..opened
    };
    assert_eq!(found, Some(expected));
}

pub async fn a_natural_key_is_taken_once(store: Arc<dyn Store>) {
    put(&store, CommitKind::Intake, intake(1, vec![])).await;
    let mut again = import(1, ImportState::Received);
    again.header.id = import_id(2);
    let writes = vec![
        Write::ImportOpened(again),
        Write::Records(vec![record(p(1), import_id(2), 1)]),
    ];
    let error = store.commit(&commit(CommitKind::Intake, writes)).await;
    assert!(matches!(error, Err(StoreError::Duplicate("import"))));
    publish(&store).await;
    assert_eq!(store.statistics().await.unwrap().records, 0);
    assert_eq!(last_number(&store).await, 1);
}

pub async fn what_was_received_stays_received(store: Arc<dyn Store>) {
    put(&store, CommitKind::Intake, intake(1, vec![])).await;
    let back = |import| Write::ImportAdvanced {
        import: import_id(import),
        next_line: 5,
        counts: RowCounts::default(),
        state: ImportState::Receiving,
    };
    for unknown_or_received in [1, 2] {
        let refused = commit(CommitKind::Intake, vec![back(unknown_or_received)]);
        let error = store.commit(&refused).await;
        assert!(matches!(error, Err(StoreError::Conflict)));
    }
}

pub async fn imports_are_listed_newest_first(store: Arc<dyn Store>) {
    for number in [2, 1, 3] {
        put(&store, CommitKind::Intake, intake(number, vec![])).await;
    }
    let grant = imports_of(COUNTY);
    let ids = |rows: Vec<ImportRow>| -> Vec<_> { rows.iter().map(|r| r.header.id).collect() };
    let first = store.imports(&grant, None, 2).await.unwrap();
    assert_eq!(ids(first.clone()), [import_id(3), import_id(2)]);
    let before = first[1].header.received_at;
    let next = store.imports(&grant, Some(before), 2).await.unwrap();
    assert_eq!(ids(next), [import_id(1)]);
}

pub async fn kept_rows_are_paged_in_line_order(store: Arc<dyn Store>) {
    let mut writes = intake(1, vec![]);
    let outcomes = [RowOutcome::Warned, RowOutcome::Held, RowOutcome::Rejected];
    let rows: Vec<_> = (1..=9)
        .map(|line| kept(1, line, outcomes[line as usize % 3]))
        .collect();
    writes.push(Write::RowsKept(rows.iter().rev().cloned().collect()));
    put(&store, CommitKind::Intake, writes).await;
    let grant = imports_of(COUNTY);
    let page = store.kept_rows(&grant, import_id(1), None, 0, 4).await;
    assert_eq!(page.unwrap(), rows[..4]);
    let page = store.kept_rows(&grant, import_id(1), None, 4, 40).await;
    assert_eq!(page.unwrap(), rows[4..]);
    let held = Some(RowOutcome::Held);
    let page = store.kept_rows(&grant, import_id(1), held, 1, 40).await;
    let lines: Vec<u32> = page.unwrap().iter().map(|row| row.line).collect();
    assert_eq!(lines, [4, 7]);
}

pub async fn importers_see_their_own_sources(store: Arc<dyn Store>) {
    let mut payments = import(2, ImportState::Received);
    payments.header.source = SourceId::new("payments");
    let writes = vec![
        Write::ImportOpened(import(1, ImportState::Received)),
        Write::ImportOpened(payments),
        Write::RowsKept(vec![
            kept(1, 1, RowOutcome::Held),
            kept(2, 1, RowOutcome::Held),
        ]),
    ];
    put(&store, CommitKind::Intake, writes).await;
    let importer = grant(Role::Importer, Operation::ReadImports, &[COUNTY]);
    let seen = store.imports(&importer, None, 10).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header.id, import_id(1));
    let other = store.import(&importer, import_id(2)).await.unwrap();
    assert_eq!(other, None);
    for (import, rows) in [(1, 1), (2, 0)] {
        let kept = store.kept_rows(&importer, import_id(import), None, 0, 10);
        assert_eq!(kept.await.unwrap().len(), rows);
    }
    let county = imports_of(COUNTY);
    assert_eq!(store.imports(&county, None, 10).await.unwrap().len(), 2);
}

pub async fn imports_of_other_places_do_not_exist(store: Arc<dyn Store>) {
    let mut writes = intake(1, vec![]);
    writes.push(Write::RowsKept(vec![kept(1, 1, RowOutcome::Held)]));
    put(&store, CommitKind::Intake, writes).await;
    let seen = [
        ("32", 1),
        ("3204", 1),
        (COUNTY, 1),
        (OTHER_COUNTY, 0),
        (TOWN, 0),
    ];
    for (region, count) in seen {
        let grant = imports_of(region);
        let list = store.imports(&grant, None, 10).await.unwrap();
        assert_eq!(list.len(), count, "{region}");
        let one = store.import(&grant, import_id(1)).await.unwrap();
        assert_eq!(one.iter().count(), count, "{region}");
        let rows = store.kept_rows(&grant, import_id(1), None, 0, 10).await;
        assert_eq!(rows.unwrap().len(), count, "{region}");
    }
}
