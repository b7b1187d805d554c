//! Officers and their tokens.

use std::sync::Arc;

use domain::authority::{Officer, Role};
use domain::time::Instant;
use store::Store;
use store::commit::{CommitKind, Write};

use super::build::*;

fn officer(number: u32) -> Officer {
    Officer {
        id: officer_id(number),
        name: format!("经办人{number}"),
        role: Role::Importer,
        regions: vec![place(COUNTY), place(TOWN)],
        sources: vec!["civil".to_owned(), "payments".to_owned()],
    }
}

fn token(byte: u8, number: u32, expires_at: Option<Instant>) -> Write {
    Write::Token {
        digest: [byte; 32],
        officer: officer_id(number),
        expires_at,
    }
}

pub async fn a_token_lives_until_it_ends(store: Arc<dyn Store>) {
    let writes = vec![
        token(1, 1, None),
        token(2, 1, Some(at(100))),
        Write::Officer(officer(1)),
    ];
    put(&store, CommitKind::Administration, writes).await;
    let belongs = async |byte: u8, now| {
        let found = store.officer_by_token(&[byte; 32], at(now)).await;
        found.unwrap()
    };
    assert_eq!(belongs(1, 0).await, Some(officer(1)));
    assert_eq!(belongs(2, 99).await, Some(officer(1)));
    assert_eq!(belongs(2, 100).await, None);
    assert_eq!(belongs(3, 0).await, None);
    let revoked = vec![Write::TokenRevoked { digest: [1; 32] }];
    put(&store, CommitKind::Administration, revoked).await;
    assert_eq!(belongs(1, 0).await, None);
    assert_eq!(belongs(2, 0).await, Some(officer(1)));
}

pub async fn a_disabled_officer_stays_disabled(store: Arc<dyn Store>) {
    let writes = vec![Write::Officer(officer(1)), token(1, 1, None)];
    put(&store, CommitKind::Administration, writes).await;
    let renamed = Officer {
        name: "新名".to_owned(),
        role: Role::Caseworker,
        ..officer(1)
    };
    let writes = vec![
        Write::OfficerDisabled {
            officer: officer_id(1),
            at: at(10),
        },
        Write::Officer(renamed.clone()),
    ];
    put(&store, CommitKind::Administration, writes).await;
    let found = store.officer(officer_id(1)).await.unwrap();
    assert_eq!(found, Some(renamed.clone()));
    let by_token = store.officer_by_token(&[1; 32], at(10)).await.unwrap();
    assert_eq!(by_token, None);
    put(
        &store,
        CommitKind::Administration,
        vec![Write::Officer(renamed)],
    )
    .await;
    let by_token = store.officer_by_token(&[1; 32], at(20)).await.unwrap();
    assert_eq!(by_token, None);
    assert_eq!(store.officer(officer_id(2)).await.unwrap(), None);
}

pub async fn colleagues_are_those_of_one_place(store: Arc<dyn Store>) {
    let of = |number: u32, regions: &[&str]| {
        Write::Officer(Officer {
            regions: regions.iter().map(|code| place(code)).collect(),
            ..officer(number)
        })
    };
    let writes = vec![
        of(3, &[TOWN]),
        of(1, &[OTHER_TOWN, TOWN]),
        of(2, &[OTHER_TOWN]),
        of(4, &[COUNTY]),
        of(5, &[TOWN]),
        Write::OfficerDisabled {
            officer: officer_id(5),
            at: at(10),
        },
    ];
    put(&store, CommitKind::Administration, writes).await;
    let who = async |region: &str, code: &str, now| {
        let grant = alerts_of(region);
        let found = store.officers_of(&grant, place(code), at(now)).await;
        let found = found.unwrap().into_iter();
        found.map(|officer| officer.id).collect::<Vec<_>>()
    };
    let ids = |numbers: &[u32]| numbers.iter().map(|n| officer_id(*n)).collect::<Vec<_>>();
    assert_eq!(who(TOWN, TOWN, 9).await, ids(&[1, 3, 5]));
    assert_eq!(who(COUNTY, TOWN, 10).await, ids(&[1, 3]), "disabled");
    assert_eq!(who(COUNTY, COUNTY, 0).await, ids(&[4]), "not those below");
    assert_eq!(who(OTHER_TOWN, TOWN, 0).await, ids(&[]), "foreign");
    assert_eq!(who(TOWN, COUNTY, 0).await, ids(&[]), "above");
}
