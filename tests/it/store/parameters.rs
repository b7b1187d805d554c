//! Values proposed for parameters, their reviews, and the batches of evaluation.

use std::sync::Arc;

use domain::authority::{Grant, Officer, Operation, Role};
use domain::ids::ProposalId;
use domain::parameter::{Finding, Found, Guarded, ProposalState, ProposedValue};
use store::commit::{CommitKind, Guard, RunRow, Write};
use store::parameters::{ProposalRow, ReviewRow};
use store::{Store, StoreError};

use super::backend::Backend;
use super::build::*;

const KIND: CommitKind = CommitKind::Administration;

fn reader(regions: &[&str]) -> Grant {
    grant(Role::PolicyOfficer, Operation::ReadPolicies, regions)
}

fn officer(number: u32, role: Role) -> Write {
    Write::Officer(Officer {
        id: officer_id(number),
        name: format!("人员{number}"),
        role,
        regions: vec![place(COUNTY)],
        sources: vec![],
    })
}

fn proposal_id(number: u32) -> ProposalId {
    ProposalId::from_uuid(id(number))
}

fn proposal(number: u32, region: &str) -> ProposalRow {
    ProposalRow {
        id: proposal_id(number),
        value: ProposedValue {
            key: "allowance_standard".to_owned(),
            region: place(region),
            value: format!("{number}.50"),
            from: day("2027-07-01"),
            to: number.is_multiple_of(2).then(|| day("2028-07-01")),
            closes: number % 2 == 1,
            document: "武民发〔2027〕1号".to_owned(),
            article: "一".to_owned(),
            issuer: "武进区民政局".to_owned(),
            note: String::new(),
            review_due: Some(day("2028-06-30")),
        },
        by: officer_id(1),
        at: at(3),
    }
}

fn review(number: i64, of: u32, approved: bool) -> ReviewRow {
    ReviewRow {
        number,
        proposal: proposal_id(of),
        approved,
        words: "已核对文件".to_owned(),
        guarded: approved.then(|| Guarded {
            on: "2026-11-20".parse().unwrap(),
            units: 320,
            findings: vec![Finding {
                policy: "orphan".to_owned(),
                found: Found::Changes,
                count: 101,
                of: 300,
            }],
            reason: Some("文件原文如此".to_owned()),
        }),
        by: officer_id(2),
        at: at(5),
    }
}

async fn proposed(store: &Arc<dyn Store>) {
    let mut writes = vec![
        officer(1, Role::PolicyOfficer),
        officer(2, Role::CountyOfficer),
    ];
    let regions = [COUNTY, OTHER_COUNTY, TOWN, OTHER_TOWN];
    let rows = (1_u32..).zip(regions);
    writes.extend(rows.map(|(number, region)| Write::Proposal(proposal(number, region))));
    put(store, KIND, writes).await;
}

pub async fn a_proposal_reads_back_with_its_review(store: Arc<dyn Store>) {
    proposed(&store).await;
    let county = reader(&[COUNTY]);
    let one = store
        .proposal(&county, proposal_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(one.proposal, proposal(1, COUNTY));
    assert_eq!(one.state(), ProposalState::Pending);
    let mut other = review(1, 3, false);
    other.words = "文号不符".to_owned();
    put(&store, KIND, vec![Write::Review(other.clone())]).await;
    put(&store, KIND, vec![Write::Review(review(2, 1, true))]).await;
    let one = store
        .proposal(&county, proposal_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(one.review, Some(review(2, 1, true)));
    let rejected = store
        .proposal(&county, proposal_id(3))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (rejected.state(), rejected.review),
        (ProposalState::Rejected, Some(other))
    );
    assert_eq!(store.reviews().await.unwrap(), 2);
    let approved = store.approved().await.unwrap();
    let ids: Vec<_> = approved.iter().map(|one| one.proposal.id).collect();
    assert_eq!(ids, [proposal_id(1)]);
}

pub async fn approved_values_come_in_the_order_of_their_reviews(store: Arc<dyn Store>) {
    proposed(&store).await;
    assert_eq!(store.reviews().await.unwrap(), 0);
    for (number, of) in [(1, 3), (2, 1), (3, 2)] {
        put(
            &store,
            KIND,
            vec![Write::Review(review(number, of, of != 1))],
        )
        .await;
    }
    let approved = store.approved().await.unwrap();
    let ids: Vec<_> = approved.iter().map(|one| one.proposal.id).collect();
    assert_eq!(ids, [proposal_id(3), proposal_id(2)]);
}

pub async fn a_proposal_is_reviewed_once_and_in_turn(store: Arc<dyn Store>) {
    proposed(&store).await;
    put(&store, KIND, vec![Write::Review(review(1, 1, true))]).await;
    // The number was given, a number is left out, the proposal was reviewed.
    for row in [review(1, 2, true), review(3, 2, true), review(2, 1, false)] {
        let refused = store.commit(&commit(KIND, vec![Write::Review(row)])).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    }
    assert_eq!(store.reviews().await.unwrap(), 1);
    let again = commit(KIND, vec![Write::Proposal(proposal(1, COUNTY))]);
    let refused = store.commit(&again).await;
    let twice = matches!(refused, Err(StoreError::Duplicate("parameter proposal")));
    assert!(twice, "{refused:?}");
    // Of ten at once, one is taken.
    let mut reviewing = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let store = store.clone();
        let write = Write::Review(review(2, 2, true));
        reviewing.spawn(async move { store.commit(&commit(KIND, vec![write])).await.is_ok() });
    }
    let taken = reviewing.join_all().await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
}

/// Files that are released and a value that is approved at once, on two nodes: whoever
/// comes second has not seen the other.
pub async fn a_release_and_an_approval_are_not_both_taken(store: Arc<dyn Store>) {
    proposed(&store).await;
    let (mut releases, mut reviews) = (0, 0);
    let is_last = |position| Guard::CheckpointAt {
        partition: place(COUNTY),
        step: "policy_release".to_owned(),
        position,
    };
    let release = |releases, number| {
        let step = "policy_release".to_owned();
        let position = releases + 1;
        let mut releasing = commit(KIND, vec![Write::Checkpoint { step, position }]);
        releasing.guards = vec![is_last(releases), Guard::ReviewsAt { number }];
        releasing
    };
    for round in 10..18 {
        put(&store, KIND, vec![Write::Proposal(proposal(round, COUNTY))]).await;
        let releasing = release(releases, reviews);
        let mut approving = commit(KIND, vec![Write::Review(review(reviews + 1, round, true))]);
        approving.guards = vec![is_last(releases)];
        let (one, other) = tokio::join!(store.commit(&releasing), store.commit(&approving));
        match (one, other) {
            (Ok(_), Err(StoreError::Conflict)) => releases += 1,
            (Err(StoreError::Conflict), Ok(_)) => reviews += 1,
            both => panic!("{both:?}"),
        }
    }
    for number in [reviews - 1, reviews + 1] {
        let refused = store.commit(&release(releases, number)).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    }
    store.commit(&release(releases, reviews)).await.unwrap();
}

pub async fn proposals_of_other_places_do_not_exist(store: Arc<dyn Store>) {
    proposed(&store).await;
    let seen = async |regions: &[&str]| {
        let all = store.proposals(&reader(regions), 10).await.unwrap();
        let numbers = all
            .iter()
            .map(|one| one.proposal.id.as_uuid().as_u128() >> 64);
        numbers.collect::<Vec<_>>()
    };
    // Newest first; of the county a township sees, of another township nothing.
    assert_eq!(seen(&[COUNTY]).await, [4, 3, 1]);
    assert_eq!(seen(&[TOWN]).await, [3, 1]);
    assert_eq!(seen(&[OTHER_COUNTY]).await, [2]);
    assert_eq!(seen(&["3204"]).await, [4, 3, 2, 1]);
    assert_eq!(
        store.proposals(&reader(&[COUNTY]), 1).await.unwrap().len(),
        1
    );
    let foreign = store
        .proposal(&reader(&[OTHER_COUNTY]), proposal_id(1))
        .await;
    assert_eq!(foreign.unwrap(), None);
    let unknown = store.proposal(&reader(&[COUNTY]), proposal_id(9)).await;
    assert_eq!(unknown.unwrap(), None);
}

pub async fn runs_are_of_the_grants_counties(store: Arc<dyn Store>) {
    let run = |mode: &str| RunRow {
        on: day("2026-11-20"),
        mode: mode.to_owned(),
        policy_set: "set".to_owned(),
        counts: "{\"units\":1}".to_owned(),
    };
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Run(run("first_load"))],
    )
    .await;
    let mut elsewhere = commit(CommitKind::Evaluate, vec![Write::Run(run("change"))]);
    elsewhere.partition = Some(place(OTHER_COUNTY));
    write(&store, &elsewhere).await;
    put(
        &store,
        CommitKind::Evaluate,
        vec![Write::Run(run("everyone"))],
    )
    .await;
    let ran = store.runs(&reader(&[COUNTY]), 10).await.unwrap();
    let rows: Vec<_> = ran.iter().map(|ran| ran.row.clone()).collect();
    assert_eq!(rows, [run("everyone"), run("first_load")]);
    assert_eq!((ran[0].number, ran[0].at), (Some(3), at(0)));
    assert_eq!(store.runs(&reader(&[COUNTY]), 1).await.unwrap().len(), 1);
    assert_eq!(store.runs(&reader(&[TOWN]), 10).await.unwrap(), []);
}

pub async fn a_changed_proposal_is_found(backend: &Backend) {
    let store = backend.open().await;
    proposed(&store).await;
    put(&store, KIND, vec![Write::Review(review(1, 1, true))]).await;
    assert!(store.mismatched_commits(0, 10).await.unwrap().is_empty());
    backend
        .tamper("update parameter_proposals set proposed = replace(proposed, '1.50', '9.50')")
        .await;
    assert_eq!(store.mismatched_commits(0, 10).await.unwrap(), [1]);
    backend
        .tamper("update parameter_reviews set words = 'x'")
        .await;
    assert_eq!(store.mismatched_commits(0, 10).await.unwrap(), [1, 2]);
}
