//! Receivers that fail, are slow, gone or hostile: what is tried again, when,
//! and what is given up.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use pipeline::outbound::{Allowed, OutboundSettings, Patience};
use pipeline::webhook::{come_to_rest, run};
use serde_json::{Value as Json, json};
use testkit::app::{HUTANG, TestApp};
use tokio::sync::watch;

use super::receiver::{Canary, Receiver, Reply};
use super::{news, office, positions, rest, subscribe};
use crate::store::backend::Backend;

pub(super) async fn what_failed_is_sent_again_under_the_same_id(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    receiver.then(&[Reply::Status(503), Reply::Status(204), Reply::Status(500)]);
    news(&app, &[HUTANG, HUTANG]).await;
    rest(&app).await;
    // The one that failed holds back nobody.
    assert_eq!(positions(&receiver.got()), [1, 2]);
    let waiting = subscribed.deliveries(&app).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (&waiting[0]["state"], &waiting[0]["status"]),
        (&json!("waiting"), &json!(503))
    );
    app.clock.advance(3);
    rest(&app).await;
    assert_eq!(receiver.got().len(), 2, "not before its time");
    app.clock.advance(3);
    rest(&app).await;
    app.clock.advance(6 * 60);
    rest(&app).await;
    let got = receiver.got();
    assert_eq!(positions(&got), [1, 2, 1, 1]);
    let ids: BTreeSet<&str> = got.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), 2, "one id for one event");
    assert!(got.iter().all(|one| one.is_signed_with(&subscribed.secret)));
    assert_ne!(got[0].timestamp, got[3].timestamp, "signed when it is sent");
    assert!(subscribed.deliveries(&app).await.is_empty());
    rest(&app).await;
    assert_eq!(receiver.got().len(), 4, "what arrived is not sent again");
}

pub(super) async fn a_kill_between_sending_and_writing_loses_nothing(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    subscribe(&app, &receiver, json!({})).await;
    news(&app, &[HUTANG, HUTANG, HUTANG]).await;
    receiver.then(&[Reply::Status(204), Reply::Hold]);
    let hooks = app.hooks.clone();
    let sending = tokio::spawn(async move { come_to_rest(&hooks).await });
    // The first was answered, the second is with the receiver, none is written.
    receiver.has_got(2).await;
    sending.abort();
    let _ = sending.await;
    drop(app);
    receiver.let_go();
    let app = restarted(backend, &receiver).await;
    // The lease of whoever died runs out.
    app.clock.advance(3_600);
    rest(&app).await;
    let got = receiver.got();
    assert_eq!(positions(&got), [1, 2, 1, 2, 3]);
    let ids: BTreeSet<&str> = got.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert!(
        app.deps
            .store
            .check()
            .await
            .unwrap()
            .iter()
            .all(|b| !b.contains("deliver"))
    );
}

/// The database once the one before has let go of it.
async fn restarted(backend: &Backend, receiver: &Receiver) -> TestApp {
    if let Backend::Sqlite(_) = backend {
        while matches!(
            store::open(&backend.url(), &[]).await,
            Err(store::StoreError::Held)
        ) {
            tokio::task::yield_now().await;
        }
    }
    office(backend, &[receiver]).await
}

pub(super) async fn after_three_days_an_entry_is_a_dead_letter_until_replayed(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    receiver.always(Some(Reply::Status(500)));
    news(&app, &[HUTANG]).await;
    rest(&app).await;
    let begun = app.deps.clock.now();
    let waits = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for wait in waits {
        assert_eq!(subscribed.deliveries(&app).await[0]["state"], "waiting");
        // A tenth more at most.
        app.clock.advance(wait * 11 / 10 + 1);
        rest(&app).await;
    }
    let dead = subscribed.deliveries(&app).await;
    assert_eq!(
        (&dead[0]["state"], &dead[0]["attempts"]),
        (&json!("dead"), &json!(10))
    );
    assert_eq!(dead[0]["next_at"], Json::Null);
    let days = (app.deps.clock.now().as_micros() - begun.as_micros()) / 86_400_000_000;
    assert_eq!(days, 3);
    assert_eq!(subscribed.view(&app).await["dead"], 1);
    app.clock.advance(30 * 86_400);
    rest(&app).await;
    assert_eq!(receiver.got().len(), 10, "given up is given up");
    receiver.always(None);
    // What has not been sent cannot be sent again.
    news(&app, &[HUTANG]).await;
    let ahead = subscribed.post(&app, "replay?after=e1.2").await;
    assert_eq!(ahead.status, StatusCode::BAD_REQUEST, "{}", ahead.text());
    let missing = subscribed.post(&app, "replay").await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    let other_epoch = subscribed.post(&app, "replay?after=e0.0").await;
    assert_eq!(other_epoch.status, StatusCode::GONE);
    let replayed = subscribed.post(&app, "replay?after=e1.0").await;
    assert_eq!(replayed.status, StatusCode::OK, "{}", replayed.text());
    rest(&app).await;
    let got = receiver.got();
    assert_eq!(positions(&got)[10..], [1, 2]);
    assert_eq!(got[10].id, got[0].id);
    assert!(subscribed.deliveries(&app).await.is_empty());
}

pub(super) async fn who_answers_gone_is_sent_no_more_until_replayed(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    receiver.then(&[Reply::Status(204), Reply::Status(410)]);
    news(&app, &[HUTANG, HUTANG, HUTANG]).await;
    rest(&app).await;
    app.clock.advance(86_400);
    rest(&app).await;
    assert_eq!(positions(&receiver.got()), [1, 2]);
    let view = subscribed.view(&app).await;
    assert_eq!(
        (&view["state"], &view["cursor"]),
        (&json!("gone"), &json!("e1.1"))
    );
    let cursor = view["cursor"].as_str().unwrap();
    subscribed
        .post(&app, &format!("replay?after={cursor}"))
        .await;
    rest(&app).await;
    assert_eq!(positions(&receiver.got()), [1, 2, 2, 3]);
}

pub(super) async fn a_slow_receiver_holds_back_nobody_else(backend: &Backend) {
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    let app = office(backend, &[&slow, &quick]).await;
    subscribe(&app, &slow, json!({})).await;
    subscribe(&app, &quick, json!({})).await;
    slow.always(Some(Reply::Hold));
    let (stopping, stop) = watch::channel(false);
    let running = tokio::spawn(run(app.hooks.clone(), stop));
    news(&app, &[HUTANG]).await;
    slow.has_got(1).await;
    quick.has_got(1).await;
    // The slow one is still held, and others go on.
    for count in 2..=4 {
        news(&app, &[HUTANG]).await;
        app.deps.published.notify_waiters();
        quick.has_got(count).await;
    }
    assert_eq!(positions(&quick.got()), [1, 2, 3, 4]);
    assert_eq!(positions(&slow.got()), [1]);
    slow.always(None);
    slow.let_go();
    slow.has_got(4).await;
    stopping.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(positions(&slow.got()), [1, 2, 3, 4]);
}

pub(super) async fn a_receiver_that_is_down_is_left_alone_for_a_while(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    receiver.always(Some(Reply::Status(502)));
    news(&app, &[HUTANG; 30]).await;
    rest(&app).await;
    assert_eq!(receiver.got().len(), 5, "five failures in a row are enough");
    let view = subscribed.view(&app).await;
    assert_eq!(
        (&view["state"], &view["waiting"]),
        (&json!("paused"), &json!(5))
    );
    app.clock.advance(29);
    rest(&app).await;
    assert_eq!(receiver.got().len(), 5);
    app.clock.advance(2);
    rest(&app).await;
    assert_eq!(receiver.got().len(), 6, "one asks whether it is back");
    receiver.always(None);
    app.clock.advance(61);
    rest(&app).await;
    // The rest of the schedule brings what failed before.
    app.clock.advance(3_600);
    rest(&app).await;
    let got: BTreeSet<i64> = positions(&receiver.got()).into_iter().collect();
    assert_eq!(got, (1..=30).collect());
    let view = subscribed.view(&app).await;
    assert_eq!(
        (&view["state"], &view["waiting"]),
        (&json!("active"), &json!(0))
    );
    assert_eq!(view["cursor"], "e1.30");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (receiver, canary) = (Receiver::start().await, Canary::start().await);
    let backend = Backend::sqlite().await.unwrap();
    let app = office(&backend, &[&receiver]).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    receiver.then(&[Reply::Redirect(format!("http://{}/", canary.address))]);
    news(&app, &[HUTANG]).await;
    rest(&app).await;
    assert_eq!(canary.connections().await, 0);
    let failed = subscribed.deliveries(&app).await;
    assert_eq!(
        (&failed[0]["failure"], &failed[0]["status"]),
        (&json!("redirected"), &json!(302))
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let receiver = Receiver::start().await;
    let backend = Backend::sqlite().await.unwrap();
    let app = office(&backend, &[&receiver]).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    receiver.then(&[Reply::Endless]);
    news(&app, &[HUTANG, HUTANG]).await;
    rest(&app).await;
    assert_eq!(positions(&receiver.got()), [1, 2]);
    assert!(subscribed.deliveries(&app).await.is_empty());
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_tried_again() {
    let receiver = Receiver::start().await;
    let backend = Backend::sqlite().await.unwrap();
    let outbound = OutboundSettings {
        allow: vec![Allowed {
            host: "127.0.0.1".parse().unwrap(),
            port: receiver.address.port(),
            networks: vec![],
            plain: true,
        }],
        own_addresses: true,
        patience: Patience {
            total: Duration::from_secs(2),
            ..Patience::default()
        },
        ..OutboundSettings::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::reaching(backend.open().await, folder, outbound).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    receiver.then(&[Reply::Hold]);
    news(&app, &[HUTANG]).await;
    rest(&app).await;
    assert_eq!(subscribed.deliveries(&app).await[0]["failure"], "timeout");
    app.clock.advance(6);
    rest(&app).await;
    assert_eq!(positions(&receiver.got()), [1, 1]);
}
