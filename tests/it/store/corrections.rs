//! Disputed rows as tasks of the source that sent them.

use std::sync::Arc;

use domain::authority::{Operation, Role};
use domain::ids::ActionId;
use domain::record::SourceId;
use store::commit::{CommitKind, ImportState, SealedRecord, Write};
use store::corrections::{Correction, CorrectionRow};
use store::{Store, StoreError};

use super::build::*;

/// A task about the record of a line, made by the action of that number.
pub fn task(number: u32, record: &SealedRecord) -> CorrectionRow {
    CorrectionRow {
        action: action(number, &alert(1), "dispute").id,
        import: record.import,
        line: record.line,
        subject: record.subject,
        kind: record.kind.clone(),
        key: record.key,
        revision: record.revision,
        at: at(i64::from(number)),
        reason: Some(b"sealed reason".to_vec()),
    }
}

/// Two lists, an alert, and a task about a row of each.
async fn disputed(store: &Arc<dyn Store>) -> [SealedRecord; 2] {
    let mut payments = import(2, ImportState::Received);
    payments.header.source = SourceId::new("payments");
    let records = [record(p(1), import_id(1), 3), record(p(1), import_id(2), 5)];
    let writes = vec![
        Write::ImportOpened(import(1, ImportState::Received)),
        Write::ImportOpened(payments),
        Write::Records(records.to_vec()),
    ];
    put(store, CommitKind::Intake, writes).await;
    put(store, CommitKind::Evaluate, opening(&[alert(1)])).await;
    for (number, record) in (1..).zip(&records) {
        let writes = vec![
            Write::Correction(task(number, record)),
            Write::Action(action(number, &alert(1), "dispute")),
        ];
        put(store, CommitKind::Action, writes).await;
    }
    records
}

fn lines(tasks: &[Correction]) -> Vec<u32> {
    tasks.iter().map(|task| task.line).collect()
}

pub async fn a_source_sees_what_is_asked_of_it(store: Arc<dyn Store>) {
    let [first, _] = disputed(&store).await;
    let county = imports_of(COUNTY);
    let all = store.corrections(&county, None, 10).await.unwrap();
    assert_eq!(lines(&all), [5, 3], "newest first");
    let expected = Correction {
        action: ActionId::from_uuid(id(1)),
        import: import_id(1),
        dataset: import(1, ImportState::Received).header.dataset,
        line: 3,
        kind: first.kind.clone(),
        revision: first.revision,
        at: at(1),
        reason: Some(b"sealed reason".to_vec()),
        answered: false,
    };
    assert_eq!(all[1], expected);
    assert_eq!(
        lines(&store.corrections(&county, None, 1).await.unwrap()),
        [5]
    );
    let one = store.corrections(&county, Some(import_id(1)), 10).await;
    assert_eq!(lines(&one.unwrap()), [3]);
    let importer = grant(Role::Importer, Operation::ReadImports, &[COUNTY]);
    let own = store.corrections(&importer, None, 10).await.unwrap();
    assert_eq!(lines(&own), [3], "its own source only");
    for (region, count) in [("32", 2), (OTHER_COUNTY, 0), (TOWN, 0)] {
        let seen = store.corrections(&imports_of(region), None, 10).await;
        assert_eq!(seen.unwrap().len(), count, "{region}");
    }
}

pub async fn a_task_is_answered_by_a_later_revision(store: Arc<dyn Store>) {
    let [first, _] = disputed(&store).await;
    let county = imports_of(COUNTY);
    let answered = async || {
        let tasks = store.corrections(&county, Some(import_id(1)), 10).await;
        tasks.unwrap()[0].answered
    };
    let again = |number: u32, change: &dyn Fn(&mut SealedRecord)| {
        let mut record = first.clone();
        record.import = import_id(number);
        record.revision = revision(number);
        change(&mut record);
        intake(number, vec![record])
    };
    // Another person, another key, and the same revision answer nothing.
    put(&store, CommitKind::Intake, again(3, &|r| r.subject = p(2))).await;
    put(&store, CommitKind::Intake, again(4, &|r| r.key.0[0] ^= 1)).await;
    let same = first.revision;
    put(&store, CommitKind::Intake, again(5, &|r| r.revision = same)).await;
    assert!(!answered().await);
    put(&store, CommitKind::Intake, again(6, &|_| {})).await;
    assert!(answered().await);
}

pub async fn an_action_makes_one_task(store: Arc<dyn Store>) {
    let [first, _] = disputed(&store).await;
    let again = commit(CommitKind::Action, vec![Write::Correction(task(1, &first))]);
    let error = store.commit(&again).await;
    assert!(
        matches!(error, Err(StoreError::Duplicate("correction"))),
        "{error:?}"
    );
}
