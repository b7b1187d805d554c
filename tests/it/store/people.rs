//! People through the access table.

use std::sync::Arc;

use domain::ids::Subject;
use domain::time::Period;
use store::Store;
use store::commit::{CommitKind, SealedIdentity, SubjectKeyRow, Write};

use super::build::*;

pub async fn access_has_dates_and_regions(store: Arc<dyn Store>) {
    let rows = vec![
        access(
            p(1),
            TOWN,
            Period::between(day("2026-01-01"), day("2026-07-01")),
        ),
        access(p(1), OTHER_TOWN, Period::since(day("2026-07-01"))),
        access(p(2), COUNTY, Period::ALWAYS),
        access(h(1), TOWN, Period::ALWAYS),
    ];
    put(&store, CommitKind::Apply, vec![Write::Access(rows)]).await;
    let covered = async |region: &str, subject, on: &str| {
        store
            .covers(&alerts_of(region), subject, day(on))
            .await
            .unwrap()
    };
    assert!(!covered(TOWN, p(1), "2025-12-31").await);
    assert!(covered(TOWN, p(1), "2026-01-01").await);
    assert!(covered(TOWN, p(1), "2026-06-30").await);
    assert!(!covered(TOWN, p(1), "2026-07-01").await);
    assert!(covered(OTHER_TOWN, p(1), "2026-07-01").await);
    assert!(covered(COUNTY, p(1), "2026-07-01").await);
    assert!(!covered(OTHER_COUNTY, p(1), "2026-07-01").await);
    // Whoever is unplaced is the county's, not each township's.
    assert!(covered(COUNTY, p(2), "2026-07-01").await);
    assert!(!covered(TOWN, p(2), "2026-07-01").await);
    // A household is not the person of the same id.
    assert!(covered(TOWN, h(1), "2026-07-01").await);
    assert!(!covered(TOWN, h(2), "2026-07-01").await);
}

pub async fn access_is_replaced(store: Arc<dyn Store>) {
    let on = day("2026-11-20");
    let rows = vec![
        access(p(1), TOWN, Period::ALWAYS),
        access(p(2), TOWN, Period::ALWAYS),
    ];
    put(&store, CommitKind::Apply, vec![Write::Access(rows)]).await;
    let moved = vec![access(p(1), OTHER_TOWN, Period::ALWAYS)];
    put(&store, CommitKind::Apply, vec![Write::Access(moved)]).await;
    let (town, other) = (alerts_of(TOWN), alerts_of(OTHER_TOWN));
    assert!(!store.covers(&town, p(1), on).await.unwrap());
    assert!(store.covers(&other, p(1), on).await.unwrap());
    assert!(store.covers(&town, p(2), on).await.unwrap());
}

pub async fn subjects_are_listed_in_id_order(store: Arc<dyn Store>) {
    let mut rows: Vec<_> = [5, 3, 1, 4, 2]
        .map(|n| access(p(n), TOWN, Period::ALWAYS))
        .to_vec();
    // Known in two townships of the county, listed once.
    rows.push(access(p(3), OTHER_TOWN, Period::ALWAYS));
    rows.push(access(p(6), OTHER_TOWN, Period::ALWAYS));
    rows.push(access(p(7), TOWN, Period::since(day("2027-01-01"))));
    rows.push(access(h(1), TOWN, Period::ALWAYS));
    put(&store, CommitKind::Apply, vec![Write::Access(rows)]).await;
    let list = async |region: &str, letter: &str, after: Option<Subject>, limit| {
        let on = day("2026-11-20");
        let grant = alerts_of(region);
        let subjects = store.subjects(&grant, letter, on, after, limit).await;
        subjects.unwrap()
    };
    let all = [p(1), p(2), p(3), p(4), p(5), p(6)];
    assert_eq!(list(COUNTY, "p", None, 10).await, all);
    assert_eq!(list(COUNTY, "p", None, 2).await, all[..2]);
    assert_eq!(list(COUNTY, "p", Some(p(2)), 2).await, all[2..4]);
    assert_eq!(list(TOWN, "p", None, 10).await, all[..5]);
    assert_eq!(list(OTHER_TOWN, "p", None, 10).await, [p(3), p(6)]);
    assert_eq!(list(TOWN, "h", None, 10).await, [h(1)]);
    assert!(list(OTHER_COUNTY, "p", None, 10).await.is_empty());
}

fn identity(number: u32, sealed: &str) -> SealedIdentity {
    let mut blind_index = [7; 32];
    blind_index[..4].copy_from_slice(&number.to_be_bytes());
    SealedIdentity {
        person: person(number),
        blind_index,
        sealed: sealed.as_bytes().to_vec(),
    }
}

pub async fn a_person_is_found_by_index_where_covered(store: Arc<dyn Store>) {
    let writes = vec![
        Write::Identities(vec![identity(1, "one"), identity(2, "two")]),
        Write::Access(vec![access(p(1), TOWN, Period::since(day("2026-11-01")))]),
    ];
    put(&store, CommitKind::Apply, writes).await;
    let find = async |region: &str, number, on: &str| {
        let index = identity(number, "").blind_index;
        let grant = alerts_of(region);
        store
            .person_by_index(&grant, &index, day(on))
            .await
            .unwrap()
    };
    assert_eq!(find(TOWN, 1, "2026-11-20").await, Some(person(1)));
    assert_eq!(find(COUNTY, 1, "2026-11-20").await, Some(person(1)));
    assert_eq!(find(TOWN, 1, "2026-10-31").await, None);
    assert_eq!(find(OTHER_TOWN, 1, "2026-11-20").await, None);
    assert_eq!(find(TOWN, 2, "2026-11-20").await, None);
    assert_eq!(find(TOWN, 3, "2026-11-20").await, None);
}

pub async fn an_identity_is_kept_as_first_written(store: Arc<dyn Store>) {
    let first = vec![Write::Identities(vec![identity(1, "one")])];
    put(&store, CommitKind::Intake, first).await;
    let again = vec![identity(2, "two"), identity(1, "again")];
    put(&store, CommitKind::Intake, vec![Write::Identities(again)]).await;
    let mut found = store
        .identities(&[person(2), person(1), person(3)])
        .await
        .unwrap();
    found.sort_by_key(|row| row.person);
    assert_eq!(found, [identity(1, "one"), identity(2, "two")]);
}

pub async fn an_erased_key_is_gone(store: Arc<dyn Store>) {
    let key = |number: u32, byte: u8| SubjectKeyRow {
        subject: p(number),
        wrapped: vec![byte; 60],
    };
    let writes = vec![
        Write::SubjectKeys(vec![key(1, 1), key(2, 2)]),
        Write::Identities(vec![identity(1, "one"), identity(2, "two")]),
        Write::Access(vec![access(p(1), TOWN, Period::ALWAYS)]),
        Write::Records(vec![record(p(1), import_id(1), 1)]),
    ];
    let number = put(&store, CommitKind::Intake, writes).await;
    let erased = vec![Write::KeyErased(p(1))];
    put(&store, CommitKind::Administration, erased).await;
    let keys = store.subject_keys(&[p(1), p(2)]).await.unwrap();
    assert_eq!(keys, [key(2, 2)]);
    let index = identity(1, "").blind_index;
    let town = alerts_of(TOWN);
    let found = store.person_by_index(&town, &index, day("2026-11-20"));
    assert_eq!(found.await.unwrap(), None);
    // The rows stay, unreadable, and the ledger still agrees with them.
    assert_eq!(store.records_of(&[p(1)], number).await.unwrap().len(), 1);
    assert!(store.mismatched_commits(0, 100).await.unwrap().is_empty());
    // Whoever comes again gets a new key.
    let again = vec![Write::SubjectKeys(vec![key(1, 9)])];
    put(&store, CommitKind::Intake, again).await;
    assert_eq!(store.subject_keys(&[p(1)]).await.unwrap(), [key(1, 9)]);
}
