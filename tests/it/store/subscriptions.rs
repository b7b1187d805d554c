//! Subscriptions: one place in the feed each, and rows for what failed.

use std::sync::Arc;

use domain::alert::FeedKind;
use domain::authority::{Officer, Role};
use domain::evaluation::AlertLevel;
use domain::ids::SubscriptionId;
use store::commit::{CommitKind, Write};
use store::subscriptions::{DeliveryCounts, DeliveryRow, Ended, Failure, SubscriptionRow};
use store::{Store, StoreError};

use super::build::*;

const KIND: CommitKind = CommitKind::Administration;

fn sub_id(number: u32) -> SubscriptionId {
    SubscriptionId::from_uuid(id(number))
}

fn owner(number: u32) -> Write {
    Write::Officer(Officer {
        id: officer_id(number),
        name: format!("接口{number}"),
        role: Role::CountyOfficer,
        regions: vec![place(COUNTY)],
        sources: vec![],
    })
}

fn subscription(number: u32, region: &str, version: i64) -> SubscriptionRow {
    SubscriptionRow {
        id: sub_id(number),
        owner: officer_id(1),
        url: format!("https://hooks.example/{number}"),
        region: place(region),
        kinds: vec![FeedKind::Raised, FeedKind::MovedIn],
        policies: vec!["nursing_subsidy".to_owned()],
        level: AlertLevel::Yellow,
        secret: vec![1, 2, 3],
        old_secret: Some((vec![4, 5], at(60))),
        ended: None,
        cursor: 2,
        failures: 3,
        paused_until: Some(at(9)),
        made_at: at(0),
        succeeded_at: Some(at(1)),
        failed: Some((at(2), Failure::Timeout)),
        version,
    }
}

fn delivery(number: u32, position: i64, next: Option<i64>) -> DeliveryRow {
    DeliveryRow {
        subscription: sub_id(number),
        position,
        attempts: 2,
        first_at: at(1),
        last_at: at(4),
        next_at: next.map(at),
        failure: Failure::Status,
        status: Some(503),
    }
}

/// Three entries in the feed, an owner, and a subscription of the county that
/// has read two of them.
async fn with_subscription(store: &Arc<dyn Store>) {
    let alerts: Vec<_> = (1..=3).map(alert).collect();
    put(store, CommitKind::Evaluate, opening(&alerts)).await;
    let writes = vec![owner(1), Write::Subscription(subscription(1, COUNTY, 1))];
    put(store, KIND, writes).await;
}

async fn one(store: &Arc<dyn Store>, number: u32) -> Option<SubscriptionRow> {
    let found = store.subscription(&county_grant(), sub_id(number)).await;
    found.unwrap()
}

async fn positions(store: &Arc<dyn Store>, dead: bool, after: i64, limit: u32) -> Vec<i64> {
    let grant = county_grant();
    let rows = store.deliveries(&grant, sub_id(1), dead, after, limit);
    rows.await.unwrap().iter().map(|row| row.position).collect()
}

pub async fn a_subscription_reads_back_whole(store: Arc<dyn Store>) {
    with_subscription(&store).await;
    assert_eq!(one(&store, 1).await, Some(subscription(1, COUNTY, 1)));
    let bare = SubscriptionRow {
        kinds: vec![],
        policies: vec![],
        level: AlertLevel::Blue,
        old_secret: None,
        paused_until: None,
        succeeded_at: None,
        failed: None,
        ended: Some(Ended::Gone),
        ..subscription(1, COUNTY, 2)
    };
    put(&store, KIND, vec![Write::Subscription(bare.clone())]).await;
    assert_eq!(one(&store, 1).await, Some(bare.clone()));
    let all = store.subscriptions(&county_grant()).await.unwrap();
    assert_eq!(all, [bare]);
    assert!(store.subscribers(at(0)).await.unwrap().is_empty(), "ended");
    let row = delivery(1, 1, None);
    put(&store, KIND, vec![Write::Deliveries(vec![row.clone()])]).await;
    let grant = county_grant();
    let kept = store.deliveries(&grant, sub_id(1), true, 0, 9);
    assert_eq!(kept.await.unwrap(), [row]);
    put(&store, KIND, vec![Write::SubscriptionEnded(sub_id(1))]).await;
    assert_eq!(one(&store, 1).await, None);
    let counts = store.delivery_counts(sub_id(1)).await.unwrap();
    assert_eq!(counts, DeliveryCounts::default());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub async fn no_step_of_a_subscription_is_lost(store: Arc<dyn Store>) {
    with_subscription(&store).await;
    // A stale version, a skipped one, a second first one.
    for version in [1, 3, 0] {
        let writes = vec![Write::Subscription(subscription(1, COUNTY, version))];
        let refused = store.commit(&commit(KIND, writes)).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::Conflict),
            "{version}: {refused:?}"
        );
    }
    // Nothing of a refused commit stays.
    let writes = vec![
        Write::Deliveries(vec![delivery(1, 1, Some(5))]),
        Write::Subscription(subscription(1, COUNTY, 1)),
    ];
    assert!(store.commit(&commit(KIND, writes)).await.is_err());
    let counts = store.delivery_counts(sub_id(1)).await.unwrap();
    assert_eq!(counts, DeliveryCounts::default());
}

pub async fn subscriptions_of_other_places_do_not_exist(store: Arc<dyn Store>) {
    with_subscription(&store).await;
    let writes = vec![
        Write::Subscription(subscription(2, TOWN, 1)),
        Write::Subscription(subscription(3, OTHER_COUNTY, 1)),
        Write::Deliveries(vec![delivery(3, 1, None)]),
    ];
    put(&store, KIND, writes).await;
    let of = async |region: &str| {
        let rows = store.subscriptions(&alerts_of(region)).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(of(COUNTY).await, [sub_id(1), sub_id(2)]);
    assert_eq!(of(TOWN).await, [sub_id(2)], "not its county's");
    assert_eq!(of("32").await, [sub_id(1), sub_id(2), sub_id(3)]);
    assert_eq!(one(&store, 3).await, None);
    let grant = county_grant();
    let theirs = store.deliveries(&grant, sub_id(3), false, 0, 9);
    assert!(theirs.await.unwrap().is_empty());
}

pub async fn what_failed_is_tried_when_it_is_due(store: Arc<dyn Store>) {
    with_subscription(&store).await;
    let rows = vec![delivery(1, 1, Some(9)), delivery(1, 2, Some(5))];
    put(&store, KIND, vec![Write::Deliveries(rows)]).await;
    let due = async |now, limit| {
        let rows = store.deliveries_due(sub_id(1), at(now), limit).await;
        let rows = rows.unwrap();
        rows.iter().map(|row| row.position).collect::<Vec<_>>()
    };
    assert_eq!(due(4, 9).await, [0_i64; 0]);
    assert_eq!(due(5, 9).await, [2]);
    assert_eq!(due(9, 9).await, [2, 1]);
    assert_eq!(due(9, 1).await, [2]);
    // Given up, it is not tried by itself again.
    put(
        &store,
        KIND,
        vec![Write::Deliveries(vec![delivery(1, 2, None)])],
    )
    .await;
    assert_eq!(due(99, 9).await, [1]);
    let counts = store.delivery_counts(sub_id(1)).await.unwrap();
    assert_eq!(
        counts,
        DeliveryCounts {
            waiting: 1,
            dead: 1
        }
    );
    assert_eq!(positions(&store, false, 0, 9).await, [1, 2]);
    assert_eq!(positions(&store, true, 0, 9).await, [2]);
    assert_eq!(positions(&store, false, 1, 9).await, [2]);
    assert_eq!(positions(&store, false, 0, 1).await, [1]);
}

pub async fn what_arrived_is_forgotten(store: Arc<dyn Store>) {
    with_subscription(&store).await;
    let rows = vec![delivery(1, 1, Some(9)), delivery(1, 2, Some(5))];
    let other = SubscriptionRow {
        cursor: 3,
        ..subscription(2, COUNTY, 1)
    };
    let writes = vec![
        Write::Subscription(other),
        Write::Deliveries(rows),
        Write::Deliveries(vec![delivery(2, 1, Some(5))]),
    ];
    put(&store, KIND, writes).await;
    // In one commit what is taken away goes before what is written.
    let writes = vec![
        Write::Deliveries(vec![delivery(1, 2, Some(7))]),
        Write::DeliveriesDone {
            subscription: sub_id(1),
            from: 1,
            through: 2,
        },
    ];
    put(&store, KIND, writes).await;
    assert_eq!(positions(&store, false, 0, 9).await, [2]);
    let theirs = store.delivery_counts(sub_id(2)).await.unwrap();
    assert_eq!(theirs.waiting, 1, "another's entry stays");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

pub async fn a_disabled_owner_is_sent_nothing(store: Arc<dyn Store>) {
    with_subscription(&store).await;
    let found = store.subscribers(at(0)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].row, subscription(1, COUNTY, 1));
    assert_eq!(found[0].owner.id, officer_id(1));
    let disabled = Write::OfficerDisabled {
        officer: officer_id(1),
        at: at(10),
    };
    put(&store, KIND, vec![disabled]).await;
    assert_eq!(store.subscribers(at(9)).await.unwrap().len(), 1);
    assert!(store.subscribers(at(10)).await.unwrap().is_empty());
}

pub async fn a_delivery_of_nothing_is_a_breach(store: Arc<dyn Store>) {
    with_subscription(&store).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    // Entry 3 is in the feed and not read yet; the cursor of the other is ahead.
    let ahead = SubscriptionRow {
        cursor: 4,
        ..subscription(2, COUNTY, 1)
    };
    let writes = vec![
        Write::Subscription(ahead),
        Write::Deliveries(vec![delivery(1, 3, Some(5)), delivery(1, 1, Some(5))]),
        Write::Deliveries(vec![delivery(2, 4, Some(5))]),
    ];
    put(&store, KIND, writes).await;
    let breaches = store.check().await.unwrap();
    assert_eq!(breaches.len(), 3, "{breaches:?}");
}
