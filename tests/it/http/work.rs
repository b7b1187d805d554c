//! What an officer does with an alert, what it says, and what was known then.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use axum::http::StatusCode;
use serde_json::json;
use testkit::app::TestApp;

use super::county;

async fn raised(app: &TestApp) -> (String, i64, String) {
    let page = app.get("county", "/api/v1/alerts?work=raised&brief=true&policy=nursing_subsidy,living_subsidy,individual_case,paid_after_death").await.json();
    let alert = page["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|alert| !alert["township"].is_null())
        .expect("a raised alert");
    (
        alert["id"].as_str().unwrap().to_owned(),
        alert["version"].as_i64().unwrap(),
        alert["township"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_reads_the_reason_and_the_article_in_the_row() {
    let app = county().await;
    let page = app
        .get("county", "/api/v1/alerts?work=held,raised&limit=500")
        .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let page = page.json();
    let alerts = page["alerts"].as_array().unwrap();
    assert!(alerts.len() >= 5);
    for alert in alerts {
        let sentence = alert["sentence"].as_str().expect("a sentence");
        assert!(sentence.chars().count() > 20, "{sentence}");
        assert!(!alert["basis"].as_array().unwrap().is_empty(), "{alert}");
    }
    let levels: Vec<&str> = alerts
        .iter()
        .map(|alert| alert["level"].as_str().unwrap())
        .collect();
    let rank = |level: &str| {
        ["red", "orange", "yellow", "blue"]
            .iter()
            .position(|known| *known == level)
    };
    assert!(levels.is_sorted_by_key(|level| rank(level)), "{levels:?}");
    let brief = app
        .get("county", "/api/v1/alerts?work=held,raised&brief=true")
        .await
        .json();
    assert!(brief["alerts"][0]["sentence"].is_null());
    // Who looked is in the ledger before the answer.
    let subject = alerts[0]["subject"].as_str().unwrap();
    let looked = app
        .post(
            "auditor",
            "/api/v1/ledger/disclosures",
            &[],
            &json!({ "subject": subject }),
        )
        .await
        .json();
    assert_eq!(
        looked["disclosures"][0]["operation"], "read_alerts",
        "{looked}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn three_steps_close_an_alert_and_repeats_answer_alike() {
    let app = county().await;
    let (alert, version, _) = raised(&app).await;
    let stale = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version - 1,
            "a",
            &json!({}),
        )
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let first = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "b",
            &json!({ "note": "已电话联系" }),
        )
        .await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let again = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "b",
            &json!({ "note": "已电话联系" }),
        )
        .await;
    assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = app
        .act("county", &alert, "closure", version, "b", &json!({}))
        .await;
    assert_ne!(
        other.status,
        StatusCode::OK,
        "the key belongs to another route, the version is stale"
    );
    let reused = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "b",
            &json!({ "note": "另一句" }),
        )
        .await;
    assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let version = first.json()["version"].as_i64().unwrap();
    let verified = app
        .act(
            "county",
            &alert,
            "verification",
            version,
            "c",
            &json!({ "outcome": "untrue" }),
        )
        .await;
    assert_eq!(verified.status, StatusCode::OK, "{}", verified.text());
    let version = verified.json()["version"].as_i64().unwrap();
    let closed = app
        .act("county", &alert, "closure", version, "d", &json!({}))
        .await;
    assert_eq!(closed.json()["work"], "closed", "{}", closed.text());
    let timeline = app
        .get("county", &format!("/api/v1/alerts/{alert}/timeline"))
        .await
        .json();
    let actions: Vec<&str> = timeline["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["acknowledge", "verify", "close"]);
    assert_eq!(timeline["timeline"][0]["particulars"]["note"], "已电话联系");
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_officers_close_one_alert_and_one_wins() {
    let app = std::sync::Arc::new(county().await);
    let (alert, version, _) = raised(&app).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..30 {
        let (app, alert) = (app.clone(), alert.clone());
        tasks.spawn(async move {
            app.act(
                "county",
                &alert,
                "acknowledgement",
                version,
                &format!("key-{n}"),
                &json!({}),
            )
            .await
            .status
        });
    }
    let mut won = 0;
    while let Some(status) = tasks.join_next().await {
        match status.unwrap() {
            StatusCode::OK => won += 1,
            StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => {}
            other => panic!("an unexpected answer: {other}"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_what_was_known_then() {
    let app = county().await;
    let (alert, _, _) = raised(&app).await;
    let view = app
        .get("county", &format!("/api/v1/alerts/{alert}"))
        .await
        .json();
    let unit = view["alert"]["unit"].as_str().unwrap().to_owned();
    let (kind, id) = unit.split_once(':').unwrap();
    let noun = if kind == "h" { "households" } else { "persons" };
    let now = app.get("county", &format!("/api/v1/{noun}/{id}")).await;
    assert_eq!(now.status, StatusCode::OK, "{}", now.text());
    let roots = app.deps.store.ledger_roots().await.unwrap();
    let known = roots.last().unwrap().size;
    let then = app
        .get(
            "county",
            &format!("/api/v1/{noun}/{id}/history?valid_on=2026-11-20&known_seq={known}"),
        )
        .await
        .json();
    assert_eq!(then["people"], now.json()["people"]);
    let before = app
        .get(
            "county",
            &format!("/api/v1/{noun}/{id}/history?known_seq=0"),
        )
        .await
        .json();
    assert_eq!(
        before["people"].as_array().map_or(0, Vec::len),
        0,
        "nothing was known before the first apply"
    );
    let replay = app
        .get(
            "auditor",
            &format!(
                "/api/v1/decisions/{}/replay",
                view["decision"].as_str().unwrap()
            ),
        )
        .await
        .json();
    assert_eq!(replay["equal"], true, "{replay}");
    let full = app
        .get(
            "county",
            &format!("/api/v1/{noun}/{id}/history?valid_on=2026-13-01"),
        )
        .await;
    assert_eq!(full.status, StatusCode::BAD_REQUEST);
}
