//! Webhooks against real receivers on loopback, on both databases: signed,
//! thin, at least once under one id, never to where they must not go.

mod failures;
mod places;
mod receiver;

use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::alert::{FeedKind, FeedNews};
use domain::evaluation::AlertLevel;
use domain::ids::AlertId;
use domain::region::DivisionCode;
use domain::time::Instant;
use pipeline::outbound::{Allowed, OutboundSettings, Patience};
use pipeline::webhook::come_to_rest;
use serde_json::{Value as Json, json};
use store::commit::{Commit, CommitKind, Write};
use testkit::app::{COUNTY, HUTANG, TestApp};
use testkit::call::Answer;
use uuid::Uuid;

use crate::store::backend::Backend;
use failures::{
    a_kill_between_sending_and_writing_loses_nothing,
    a_receiver_that_is_down_is_left_alone_for_a_while, a_slow_receiver_holds_back_nobody_else,
    after_three_days_an_entry_is_a_dead_letter_until_replayed,
    what_failed_is_sent_again_under_the_same_id, who_answers_gone_is_sent_no_more_until_replayed,
};
use receiver::{Got, Receiver, Reply};

macro_rules! on_both {
    ($($behaviour:ident),+ $(,)?) => {
        mod sqlite {
            use crate::store::backend::Backend;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let backend = Backend::sqlite().await.expect("a folder");
                    super::$behaviour(&backend).await;
                }
            )+
        }
        mod postgres {
            use crate::store::backend::Backend;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    if let Some(backend) = Backend::postgres().await {
                        super::$behaviour(&backend).await;
                    }
                }
            )+
        }
    };
}

on_both! {
    a_receiver_can_verify_what_it_gets,
    only_what_was_asked_for_is_sent,
    what_failed_is_sent_again_under_the_same_id,
    a_kill_between_sending_and_writing_loses_nothing,
    after_three_days_an_entry_is_a_dead_letter_until_replayed,
    both_secrets_sign_while_they_overlap,
    who_answers_gone_is_sent_no_more_until_replayed,
    a_slow_receiver_holds_back_nobody_else,
    a_disabled_owner_sends_nothing,
    a_receiver_that_is_down_is_left_alone_for_a_while,
}

/// What stands beyond the database.
async fn office(backend: &Backend, receivers: &[&Receiver]) -> TestApp {
    let allow = receivers.iter().map(|receiver| Allowed {
        host: "127.0.0.1".parse().unwrap(),
        port: receiver.address.port(),
        networks: vec![],
        plain: true,
    });
    let outbound = OutboundSettings {
        allow: allow.collect(),
        own_addresses: true,
        // A busy machine is no reason to fail.
        patience: Patience {
            connect: Duration::from_mins(1),
            total: Duration::from_mins(1),
        },
        ..OutboundSettings::default()
    };
    let folder = tempfile::tempdir().unwrap();
    TestApp::reaching(backend.open().await, folder, outbound).await
}

/// Tells the feeds of these places of a raised alert each.
async fn news(app: &TestApp, places: &[&str]) {
    let told = places.iter().map(|place| FeedNews {
        confidential: domain::evaluation::Confidential::Ordinary,
        feed: DivisionCode::parse(place).unwrap(),
        kind: FeedKind::Raised,
        alert: AlertId::from_uuid(Uuid::from_u128(77)),
        policy: "nursing_subsidy".to_owned(),
        level: AlertLevel::Orange,
        due_on: Some("2026-12-04".parse().unwrap()),
    });
    tell(app, told.collect()).await;
}

async fn tell(app: &TestApp, told: Vec<FeedNews>) {
    let commit = Commit {
        kind: CommitKind::Evaluate,
        partition: DivisionCode::parse(COUNTY),
        at: app.deps.clock.now(),
        actor: "test".to_owned(),
        lease: None,
        guards: vec![],
        writes: vec![Write::Feed(told)],
        answer: None,
    };
    app.deps.store.commit(&commit).await.unwrap();
    while app.deps.store.publish(100).await.unwrap().commits > 0 {}
}

struct Subscribed {
    path: String,
    secret: String,
}

async fn subscribe(app: &TestApp, receiver: &Receiver, more: Json) -> Subscribed {
    let mut body = json!({ "url": receiver.url(), "region": COUNTY });
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    let made = app
        .post("county", "/api/v1/subscriptions", &[], &body)
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.headers["cache-control"], "no-store");
    let made = made.json();
    let id = made["subscription"]["id"].as_str().unwrap();
    Subscribed {
        path: format!("/api/v1/subscriptions/{id}"),
        secret: made["secret"].as_str().unwrap().to_owned(),
    }
}

impl Subscribed {
    async fn view(&self, app: &TestApp) -> Json {
        let answer = app.get("county", &self.path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert!(!answer.text().contains(&self.secret));
        answer.json()
    }

    async fn post(&self, app: &TestApp, what: &str) -> Answer {
        let path = format!("{}/{what}", self.path);
        app.post("county", &path, &[], &json!({})).await
    }

    async fn deliveries(&self, app: &TestApp) -> Vec<Json> {
        let answer = app
            .get("county", &format!("{}/deliveries", self.path))
            .await;
        answer.json()["deliveries"].as_array().unwrap().clone()
    }
}

async fn rest(app: &TestApp) {
    come_to_rest(&app.hooks).await.unwrap();
}

fn positions(got: &[Got]) -> Vec<i64> {
    got.iter().map(Got::position).collect()
}

async fn a_receiver_can_verify_what_it_gets(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    news(&app, &[HUTANG]).await;
    // Only what comes from now on, unless asked otherwise.
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    assert!(subscribed.secret.starts_with("whsec_"));
    news(&app, &[HUTANG, COUNTY]).await;
    rest(&app).await;
    let got = receiver.got();
    assert_eq!(positions(&got), [2, 3]);
    for one in &got {
        assert!(one.is_signed_with(&subscribed.secret), "{one:?}");
        assert_eq!(one.content_type, "application/cloudevents+json");
        let told: i64 = one.timestamp.parse().unwrap();
        let now = app.deps.clock.now().as_micros() / 1_000_000;
        assert!((now - told).abs() < 60, "{told}");
    }
    let event = got[0].json();
    let cursor = "e1.2";
    let expected = json!({
        "specversion": "1.0",
        "id": got[0].id,
        "source": format!("/feeds/{HUTANG}"),
        "type": "cn.hearth.alert.raised",
        "time": event["time"],
        "datacontenttype": "application/json",
        "data": {
            "feed": HUTANG, "number": 2, "position": 2, "cursor": cursor, "kind": "raised",
            "alert": Uuid::from_u128(77).to_string(), "policy": "nursing_subsidy",
            "level": "orange", "due_on": "2026-12-04",
        },
    });
    assert_eq!(event, expected);
    assert_eq!(got[0].id, "evt_e1_2");
    // The place in the feed is one anybody can go on from.
    let feed = app
        .get("county", &format!("/api/v1/alerts/feed?after={cursor}"))
        .await;
    assert_eq!(feed.json()["entries"][0]["position"], 3);
    let view = subscribed.view(&app).await;
    assert_eq!(
        (&view["cursor"], &view["state"]),
        (&json!("e1.3"), &json!("active"))
    );
    // A test event says what came of it.
    let pinged = subscribed.post(&app, "ping").await.json();
    assert_eq!(
        pinged,
        json!({ "arrived": true, "failure": null, "status": null })
    );
    let ping = receiver.got().pop().unwrap();
    assert_eq!(ping.json()["type"], "cn.hearth.ping");
    assert!(ping.is_signed_with(&subscribed.secret));
    receiver.then(&[Reply::Status(500)]);
    let pinged = subscribed.post(&app, "ping").await.json();
    assert_eq!(
        pinged,
        json!({ "arrived": false, "failure": "status", "status": 500 })
    );
    // The secret is in no table and no ledger entry.
    let key = subscribed.secret.trim_start_matches("whsec_");
    let contents = backend.contents().await;
    assert!(
        !contents
            .windows(key.len())
            .any(|window| window == key.as_bytes())
    );
    assert_eq!(
        app.deps.store.mismatched_commits(0, 100).await.unwrap(),
        [0_i64; 0]
    );
}

#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn only_what_was_asked_for_is_sent(backend: &Backend) {
    use AlertLevel::{Blue, Red};
    use FeedKind::{Cleared, Raised};
    let (one, other) = (Receiver::start().await, Receiver::start().await);
    let app = office(backend, &[&one, &other]).await;
    let asked = json!({ "region": HUTANG, "kinds": ["raised"], "policies": ["nursing_subsidy"], "level": "orange" });
    let narrow = subscribe(&app, &one, asked).await;
    subscribe(&app, &other, json!({})).await;
    let entry = |place: &str, kind, policy: &str, level| FeedNews {
        confidential: domain::evaluation::Confidential::Ordinary,
        feed: DivisionCode::parse(place).unwrap(),
        kind,
        alert: AlertId::from_uuid(Uuid::from_u128(1)),
        policy: policy.to_owned(),
        level,
        due_on: None,
    };
    let told = vec![
        entry(HUTANG, Raised, "nursing_subsidy", Blue),
        entry(HUTANG, Cleared, "nursing_subsidy", Red),
        entry(HUTANG, Raised, "living_subsidy", Red),
        entry(COUNTY, Raised, "nursing_subsidy", Red),
        entry("320411", Raised, "nursing_subsidy", Red),
        entry(HUTANG, Raised, "nursing_subsidy", Red),
    ];
    tell(&app, told).await;
    rest(&app).await;
    assert_eq!(positions(&one.got()), [6]);
    assert_eq!(
        positions(&other.got()),
        [1, 2, 3, 4, 6],
        "not another county's"
    );
    assert_eq!(narrow.view(&app).await["cursor"], "e1.6");
    for bad in [
        json!({ "url": one.url(), "region": "320411" }),
        json!({ "url": one.url(), "region": "32" }),
        json!({ "url": one.url(), "region": COUNTY, "kinds": ["raised", "x"] }),
        json!({ "url": one.url(), "region": COUNTY, "policies": ["x"] }),
        json!({ "url": one.url(), "region": COUNTY, "level": "x" }),
        json!({ "url": one.url(), "region": COUNTY, "after": "e0.1" }),
        json!({ "url": "http://127.0.0.1:1/", "region": COUNTY }),
        json!({ "url": "https://example.com/", "region": COUNTY }),
    ] {
        let refused = app.post("county", "/api/v1/subscriptions", &[], &bad).await;
        assert!(
            refused.status.is_client_error(),
            "{bad}: {}",
            refused.text()
        );
    }
    // A foreign subscription and an unknown one answer alike; others have no
    // business here at all.
    let unknown = format!("/api/v1/subscriptions/{}", Uuid::nil());
    for (method, what) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::GET, "/deliveries"),
        (Method::POST, "/ping"),
        (Method::POST, "/rotation"),
        (Method::POST, "/replay?after=e1.0"),
    ] {
        let headers = [("content-type", "application/json")];
        let ask = async |officer: &str, path: &str| {
            let path = format!("{path}{what}");
            app.call(officer, method.clone(), &path, &headers, b"{}".to_vec())
                .await
        };
        let foreign = ask("elsewhere", &narrow.path).await;
        let nothing = ask("elsewhere", &unknown).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{method} {what}");
        assert_eq!(foreign.bytes, nothing.bytes);
        for officer in [
            "hutang", "importer", "auditor", "security", "system", "village",
        ] {
            let refused = ask(officer, &narrow.path).await.status;
            assert_eq!(
                refused,
                StatusCode::FORBIDDEN,
                "{method} {what} as {officer}"
            );
        }
    }
    let ended = app
        .call("county", Method::DELETE, &narrow.path, &[], vec![])
        .await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    news(&app, &[HUTANG]).await;
    rest(&app).await;
    assert_eq!(positions(&one.got()), [6]);
}

async fn both_secrets_sign_while_they_overlap(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    let subscribed = subscribe(&app, &receiver, json!({})).await;
    let rotated = subscribed.post(&app, "rotation").await;
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.text());
    let new = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, subscribed.secret);
    let signed_with = async || {
        news(&app, &[HUTANG]).await;
        rest(&app).await;
        let got = receiver.got().pop().unwrap();
        (
            got.is_signed_with(&subscribed.secret),
            got.is_signed_with(&new),
        )
    };
    assert_eq!(signed_with().await, (true, true));
    app.clock.advance(24 * 3_600 - 60);
    assert_eq!(signed_with().await, (true, true));
    app.clock.advance(120);
    assert_eq!(signed_with().await, (false, true));
    let path = format!("{}/rotation", subscribed.path);
    let at_once = json!({ "overlap_hours": 0 });
    let rotated = app.post("county", &path, &[], &at_once).await.json();
    let newest = rotated["secret"].as_str().unwrap();
    assert_eq!(
        signed_with().await,
        (false, false),
        "the one that leaked signs no more"
    );
    assert!(receiver.got().pop().unwrap().is_signed_with(newest));
    let too_long = json!({ "overlap_hours": 169 });
    let refused = app.post("county", &path, &[], &too_long).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

async fn a_disabled_owner_sends_nothing(backend: &Backend) {
    let receiver = Receiver::start().await;
    let app = office(backend, &[&receiver]).await;
    subscribe(&app, &receiver, json!({})).await;
    let officer = app.officers["county"].0.id;
    let commit = Commit {
        kind: CommitKind::Administration,
        partition: None,
        at: app.deps.clock.now(),
        actor: "test".to_owned(),
        lease: None,
        guards: vec![],
        writes: vec![Write::OfficerDisabled {
            officer,
            at: Instant::from_micros(0),
        }],
        answer: None,
    };
    app.deps.store.commit(&commit).await.unwrap();
    news(&app, &[HUTANG]).await;
    rest(&app).await;
    assert!(receiver.got().is_empty());
}
