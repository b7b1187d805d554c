//! Accounts, their sessions, and what happened to them.

use std::sync::Arc;

use domain::authority::{Officer, Role};
use domain::time::Instant;
use store::accounts::{AccountEvent, AccountEventRow, AccountRow, SessionRow};
use store::commit::{CommitKind, Write};
use store::{Store, StoreError};

use super::backend::Backend;
use super::build::*;

const KIND: CommitKind = CommitKind::Administration;

fn officer(number: u32, role: Role) -> Write {
    Write::Officer(Officer {
        id: officer_id(number),
        name: format!("人员{number}"),
        role,
        regions: vec![place(COUNTY)],
        sources: vec![],
    })
}

fn account(number: u32, version: i64) -> AccountRow {
    AccountRow {
        officer: officer_id(number),
        login: format!("person{number}"),
        holder: format!("holder{number}"),
        administers: false,
        password: "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned(),
        totp: Some(vec![1, 2, 3]),
        totp_step: 58_000_000,
        recovery: vec![[7; 32], [8; 32]],
        failed: 2,
        locked_until: Some(at(50)),
        must_change: true,
        changed_at: at(3),
        version,
    }
}

fn session(byte: u8, number: u32, begun: i64) -> SessionRow {
    SessionRow {
        digest: [byte; 32],
        officer: officer_id(number),
        begun_at: at(begun),
        seen_at: at(begun),
        idle_until: at(begun + 10),
        ends_at: at(begun + 30),
        second: false,
    }
}

async fn with_accounts(store: &Arc<dyn Store>) {
    let writes = vec![
        Write::Account(account(1, 1)),
        Write::Account(account(2, 1)),
        officer(1, Role::Caseworker),
        officer(2, Role::CountyOfficer),
    ];
    put(store, KIND, writes).await;
}

async fn refused(store: &Arc<dyn Store>, row: AccountRow) -> StoreError {
    let commit = commit(KIND, vec![Write::Account(row)]);
    store.commit(&commit).await.unwrap_err()
}

pub async fn an_account_reads_back_whole(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    let known = store.account_by_login("person1").await.unwrap().unwrap();
    assert_eq!(known.account, account(1, 1));
    assert_eq!(
        (known.officer.role, known.disabled_at),
        (Role::Caseworker, None)
    );
    assert_eq!(store.account(officer_id(1)).await.unwrap(), Some(known));
    assert_eq!(store.account_by_login("Person1").await.unwrap(), None);
    assert_eq!(store.account(officer_id(3)).await.unwrap(), None);
    let bare = AccountRow {
        totp: None,
        recovery: vec![],
        locked_until: None,
        must_change: false,
        ..account(1, 2)
    };
    put(&store, KIND, vec![Write::Account(bare.clone())]).await;
    let disabled = Write::OfficerDisabled {
        officer: officer_id(2),
        at: at(9),
    };
    put(&store, KIND, vec![disabled]).await;
    let all = store.accounts().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].account, bare);
    assert_eq!(all[1].disabled_at, Some(at(9)));
}

pub async fn no_count_of_an_account_is_lost(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    // A stale version, a skipped one, a second first one.
    for version in [1, 3, 0] {
        let refused = refused(&store, account(1, version)).await;
        assert!(
            matches!(refused, StoreError::Conflict),
            "{version}: {refused:?}"
        );
    }
    // Twenty count one wrong answer each; each reads again until it is taken.
    let mut counting = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        counting.spawn(async move {
            loop {
                let mut row = store.account(officer_id(1)).await.unwrap().unwrap().account;
                row.failed += 1;
                row.version += 1;
                match store.commit(&commit(KIND, vec![Write::Account(row)])).await {
                    Ok(_) => return,
                    Err(StoreError::Conflict) => tokio::task::yield_now().await,
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    counting.join_all().await;
    let row = store.account(officer_id(1)).await.unwrap().unwrap().account;
    assert_eq!((row.failed, row.version), (22, 21));
}

pub async fn a_login_name_is_one_persons(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    put(&store, KIND, vec![officer(3, Role::Caseworker)]).await;
    let same = AccountRow {
        login: "person1".to_owned(),
        ..account(3, 1)
    };
    let refused = refused(&store, same).await;
    assert!(
        matches!(refused, StoreError::Duplicate("account")),
        "{refused:?}"
    );
}

pub async fn a_person_holds_one_account_that_administers(store: Arc<dyn Store>) {
    let admin = |number, administers| AccountRow {
        holder: "工号7".to_owned(),
        administers,
        ..account(number, 1)
    };
    let writes = vec![
        officer(1, Role::SecurityAdmin),
        officer(2, Role::Auditor),
        officer(3, Role::Caseworker),
        Write::Account(admin(1, true)),
        Write::Account(admin(3, false)),
    ];
    put(&store, KIND, writes).await;
    let refused = refused(&store, admin(2, true)).await;
    assert!(
        matches!(refused, StoreError::Duplicate("account")),
        "{refused:?}"
    );
}

async fn alive(store: &Arc<dyn Store>, byte: u8, now: Instant) -> bool {
    store.session(&[byte; 32], now).await.unwrap().is_some()
}

pub async fn a_session_lives_until_it_ends(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    let begin = vec![
        Write::Session(session(1, 1, 0)),
        Write::Session(session(2, 1, 1)),
        Write::Session(session(3, 2, 0)),
    ];
    put(&store, KIND, begin).await;
    let signed = store.session(&[1; 32], at(9)).await.unwrap().unwrap();
    assert_eq!(signed.session, session(1, 1, 0));
    assert_eq!(signed.known.account, account(1, 1));
    assert!(!alive(&store, 1, at(10)).await, "idle");
    assert!(!alive(&store, 9, at(0)).await, "unknown");
    // Seen again, it lives on, but not beyond its absolute end.
    let seen = Write::SessionSeen {
        digest: [1; 32],
        seen_at: at(8),
        idle_until: at(99),
    };
    put(&store, KIND, vec![seen]).await;
    assert!(alive(&store, 1, at(29)).await);
    assert!(!alive(&store, 1, at(30)).await, "absolute");
    let theirs = store.sessions(officer_id(1), at(5)).await.unwrap();
    let digests: Vec<u8> = theirs.iter().map(|row| row.digest[0]).collect();
    assert_eq!(digests, [1, 2]);
    assert_eq!(theirs[0].seen_at, at(8));
    let one = store.sessions(officer_id(1), at(20)).await.unwrap();
    assert_eq!(one.len(), 1, "what is idle is not listed");
}

pub async fn an_ended_session_is_not_seen_again(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    let begin = (1..=3).map(|byte| Write::Session(session(byte, 1, 0)));
    put(&store, KIND, begin.collect()).await;
    put(&store, KIND, vec![Write::SessionEnded { digest: [1; 32] }]).await;
    let late = Write::SessionSeen {
        digest: [1; 32],
        seen_at: at(1),
        idle_until: at(20),
    };
    put(&store, KIND, vec![late]).await;
    assert!(!alive(&store, 1, at(2)).await);
    assert!(alive(&store, 2, at(2)).await);
    // All end, and the one that follows in the same commit lives.
    let renew = vec![
        Write::Session(session(4, 1, 2)),
        Write::SessionsEnded {
            officer: officer_id(1),
        },
    ];
    put(&store, KIND, renew).await;
    assert!(!alive(&store, 2, at(3)).await && !alive(&store, 3, at(3)).await);
    assert!(alive(&store, 4, at(3)).await);
    let disabled = Write::OfficerDisabled {
        officer: officer_id(1),
        at: at(3),
    };
    put(&store, KIND, vec![disabled]).await;
    assert!(!alive(&store, 4, at(3)).await, "disabled");
}

pub async fn an_idle_session_still_has_its_owner(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    let begin = (1..=2).map(|byte| Write::Session(session(byte, 1, 0)));
    put(&store, KIND, begin.collect()).await;
    let owner = async |byte: u8, now| {
        let found = store.session_owner(&[byte; 32], at(now)).await.unwrap();
        found.map(|signed| signed.known.officer.id)
    };
    assert_eq!(owner(1, 0).await, Some(officer_id(1)));
    assert!(!alive(&store, 1, at(50)).await);
    assert_eq!(owner(1, 50).await, Some(officer_id(1)), "ended by itself");
    assert_eq!(owner(9, 50).await, None, "unknown");
    put(&store, KIND, vec![Write::SessionEnded { digest: [1; 32] }]).await;
    assert_eq!(owner(1, 50).await, None, "logged out");
    let disabled = Write::OfficerDisabled {
        officer: officer_id(1),
        at: at(60),
    };
    put(&store, KIND, vec![disabled]).await;
    assert_eq!(owner(2, 59).await, Some(officer_id(1)));
    assert_eq!(owner(2, 60).await, None, "disabled");
}

fn event(number: u32, event: AccountEvent, second: Option<u32>) -> Write {
    Write::AccountEvent(AccountEventRow {
        officer: officer_id(number),
        event,
        by: "local".to_owned(),
        second: second.map(officer_id),
    })
}

pub async fn events_are_told_newest_first(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    for (number, kind) in (1..).zip(AccountEvent::ALL) {
        let mut commit = commit(KIND, vec![event(1, kind, (number == 2).then_some(2))]);
        commit.at = at(number);
        write(&store, &commit).await;
    }
    put(&store, KIND, vec![event(2, AccountEvent::Added, None)]).await;
    let told = store.account_events(officer_id(1), 100).await.unwrap();
    let mut kinds: Vec<_> = told.iter().map(|happened| happened.row.event).collect();
    kinds.reverse();
    assert_eq!(kinds, AccountEvent::ALL);
    let reset = &told[told.len() - 2];
    assert_eq!((reset.at, reset.row.second), (at(2), Some(officer_id(2))));
    let newest = store.account_events(officer_id(1), 1).await.unwrap();
    assert_eq!(newest[0], told[0]);
}

/// Who reset whose password with whose consent cannot be rewritten unseen.
pub async fn a_changed_event_is_found(backend: &Backend) {
    let store = backend.open().await;
    with_accounts(&store).await;
    let number = put(&store, KIND, vec![event(1, AccountEvent::Reset, Some(2))]).await;
    assert_eq!(store.mismatched_commits(0, 100).await.unwrap(), [0; 0]);
    drop(store);
    backend
        .tamper("update account_events set second_id = null")
        .await;
    let store = backend.open().await;
    assert_eq!(store.mismatched_commits(0, 100).await.unwrap(), [number]);
}

pub async fn a_subject_is_one_accounts(store: Arc<dyn Store>) {
    with_accounts(&store).await;
    let bind = |byte: u8, number| Write::SubjectBound {
        digest: [byte; 32],
        officer: officer_id(number),
    };
    let whose = async |byte: u8| {
        let known = store.account_by_subject(&[byte; 32]).await.unwrap();
        known.map(|known| known.officer.id)
    };
    put(&store, KIND, vec![bind(1, 1), bind(2, 2)]).await;
    assert_eq!(whose(1).await, Some(officer_id(1)));
    assert_eq!(whose(2).await, Some(officer_id(2)));
    assert_eq!(whose(3).await, None);
    let refused = store.commit(&commit(KIND, vec![bind(2, 1)])).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, StoreError::Duplicate("subject")),
        "{refused:?}"
    );
    // Another subject takes the place of the one before.
    put(&store, KIND, vec![bind(3, 1)]).await;
    assert_eq!(
        (whose(1).await, whose(3).await),
        (None, Some(officer_id(1)))
    );
    let officer = officer_id(2);
    put(&store, KIND, vec![Write::SubjectUnbound { officer }]).await;
    assert_eq!(whose(2).await, None);
    put(&store, KIND, vec![bind(2, 1)]).await;
    assert_eq!(whose(2).await, Some(officer_id(1)));
}
