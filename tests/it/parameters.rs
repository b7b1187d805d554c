//! A standard is entered by one person and approved by another; what is approved
//! takes effect everywhere, and what was decided before stays as it was.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use std::collections::BTreeMap;

use axum::http::StatusCode;
use domain::authority::{Grant, Operation};
use domain::region::DivisionCode;
use pipeline::evaluate::evaluate_step;
use pipeline::{Progress, people, policies};
use serde_json::{Value as Json, json};
use store::commit::{AlertRow, DecisionRow};
use store::rows::AlertFilter;
use testkit::app::{COUNTY, TestApp};
use testkit::call::Answer;

use crate::twice::hands_with;

const PROPOSALS: &str = "/api/v1/parameters/proposals";
const POLICY: &str = "low_income_medical";
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// A line far below the sample's, so that more families cross it.
fn threshold() -> Json {
    json!({
        "key": "medical_burden_threshold", "region": COUNTY, "value": "10",
        "from": "2026-11-01", "to": "2027-11-01", "document": "武医保〔2026〕8号",
        "article": "第三条", "issuer": "武进区医疗保障局", "review_due": "2027-10-31",
    })
}

async fn propose(app: &TestApp, officer: &str, key: &str, body: &Json) -> Answer {
    app.post(officer, PROPOSALS, &[("idempotency-key", key)], body)
        .await
}

async fn review(
    app: &TestApp,
    officer: &str,
    proposal: &str,
    noun: &str,
    version: i64,
    key: &str,
) -> Answer {
    let version = format!("\"{version}\"");
    let headers = [("if-match", version.as_str()), ("idempotency-key", key)];
    let path = format!("{PROPOSALS}/{proposal}/{noun}");
    let mut body = json!({ "words": "已核对文件原文" });
    if noun == "approval" {
        // The line is far below the sample's: many verdicts change with it.
        body["reason"] = json!("文件第三条原文如此");
    }
    app.post(officer, &path, &headers, &body).await
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn code(answer: &Answer) -> (u16, String) {
    let code = answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (answer.status.as_u16(), code)
}

/// Proposed by one and approved by another.
async fn approved(app: &TestApp, body: &Json) -> String {
    let key = body.to_string();
    let key = &key[..key.floor_char_boundary(60)];
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let proposal = id(&propose(app, "policy", &key, body).await);
    let done = review(app, "county", &proposal, "approval", 1, &key).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    proposal
}

fn county() -> DivisionCode {
    DivisionCode::parse(COUNTY).unwrap()
}

async fn rows(app: &TestApp) -> Vec<AlertRow> {
    let filter = AlertFilter {
        work: [
            "held",
            "raised",
            "acknowledged",
            "verified",
            "handled",
            "closed",
        ]
        .map(str::to_owned)
        .to_vec(),
        ..AlertFilter::default()
    };
    let store = &app.deps.store;
    let grant = Grant::for_steps(county());
    store.alerts(&grant, &filter, None, 100_000).await.unwrap()
}

/// Alerts by subject and policy: where the work stands and how pressing it is.
async fn alerts(app: &TestApp) -> BTreeMap<(String, String), (String, String)> {
    let told = rows(app).await.into_iter().map(|row| {
        let key = (row.subject.to_string(), row.policy);
        (key, (row.work, row.level.name().to_owned()))
    });
    told.collect()
}

/// Level by subject and policy.
type Levels = BTreeMap<(String, String), String>;
/// How many by work and level.
type Counts = BTreeMap<(String, String), usize>;

/// Whom alerts are about and how pressing they are, and how many of each level
/// are where. Which of equals the day's budget lets out first is chance: their
/// ids are.
fn standing(alerts: &BTreeMap<(String, String), (String, String)>) -> (Levels, Counts) {
    let mut counts = Counts::new();
    for place in alerts.values() {
        *counts.entry(place.clone()).or_default() += 1;
    }
    let levels = alerts
        .iter()
        .map(|(key, (_, level))| (key.clone(), level.clone()));
    (levels.collect(), counts)
}

/// The last decision of each alert.
async fn decisions(app: &TestApp) -> Vec<DecisionRow> {
    let grant = app.grant("county", Operation::ReadDecisions);
    let mut last = Vec::new();
    for row in rows(app).await {
        let mut all = app.deps.store.decisions(&grant, row.id).await.unwrap();
        last.extend(all.pop());
    }
    assert!(last.len() > 10);
    last
}

/// Some of them come out the same: of each policy set as many, because a set
/// that is not in force is read anew each time.
async fn replayed(app: &TestApp, decisions: &[DecisionRow]) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for row in decisions {
        let count = seen.entry(&row.policy_set).or_default();
        *count += 1;
        if *count > 12 {
            continue;
        }
        let replay = people::replay(&app.deps, county(), row).await.unwrap();
        let recomputed = replay.recomputed.as_ref();
        assert_eq!(recomputed, Some(&replay.stored), "{}", row.policy);
    }
}

async fn shown(app: &TestApp, key: &str) -> Vec<Json> {
    let page = app
        .get("hutang", "/api/v1/parameters?region=320412")
        .await
        .json();
    let all = page["parameters"].as_array().unwrap();
    let here = all
        .iter()
        .filter(|p| p["key"] == key && p["region"] == COUNTY);
    here.flat_map(|p| p["values"].as_array().unwrap().clone())
        .collect()
}

async fn takes_effect(app: TestApp) {
    let app = app.inhabited(320).await;
    let (files, before) = (app.deps.policies().hash().to_owned(), alerts(&app).await);
    let decided = decisions(&app).await;
    assert!(decided.iter().all(|row| row.policy_set == files));
    replayed(&app, &decided).await;
    assert_eq!(app.deps.store.reviews().await.unwrap(), 0);

    let first = propose(&app, "policy", "p1", &threshold()).await;
    let proposal = id(&first);
    let again = propose(&app, "policy", "p1", &threshold()).await;
    assert_eq!((again.status, again.json()), (first.status, first.json()));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let mut other = threshold();
    other["value"] = json!("11");
    let reused = propose(&app, "policy", "p1", &other).await;
    assert_eq!(code(&reused), (422, "idempotency.reused".to_owned()));

    // Waiting, it has no effect.
    app.settle().await;
    assert_eq!(app.deps.policies().hash(), files);

    // Nobody approves what they proposed; whose work it is not, does not either.
    let own = review(&app, "policy", &proposal, "approval", 1, "own").await;
    assert_eq!(code(&own), (409, "proposal.same_person".to_owned()));
    for officer in ["hutang", "auditor", "importer", "system", "village"] {
        let refused = review(&app, officer, &proposal, "approval", 1, "no").await;
        assert_eq!(code(&refused), (403, "not_allowed".to_owned()), "{officer}");
        let refused = propose(&app, officer, "no", &threshold()).await;
        assert_eq!(code(&refused), (403, "not_allowed".to_owned()), "{officer}");
    }
    // Another county's officer: as if it were not there.
    for noun in ["approval", "rejection"] {
        for officer in ["elsewhere", "policy_elsewhere"] {
            let foreign = review(&app, officer, &proposal, noun, 1, "f").await;
            let unknown = review(&app, officer, UNKNOWN, noun, 1, "u").await;
            assert_eq!(foreign.status, StatusCode::NOT_FOUND);
            assert_eq!(foreign.bytes, unknown.bytes);
        }
    }
    let path = format!("{PROPOSALS}/{proposal}");
    let foreign = app.get("policy_elsewhere", &path).await;
    let unknown = app
        .get("policy_elsewhere", &format!("{PROPOSALS}/{UNKNOWN}"))
        .await;
    assert_eq!(
        (foreign.status, foreign.bytes),
        (unknown.status, unknown.bytes)
    );
    let listed = app.get("policy_elsewhere", PROPOSALS).await.json();
    assert_eq!(listed["proposals"], json!([]));

    let stale = review(&app, "county", &proposal, "approval", 2, "stale").await;
    assert_eq!(code(&stale), (412, "proposal.version".to_owned()));
    let done = review(&app, "county", &proposal, "approval", 1, "yes").await;
    assert_eq!(done.json()["state"], "approved", "{}", done.text());
    let repeated = review(&app, "county", &proposal, "approval", 1, "yes").await;
    assert_eq!(
        (repeated.status, repeated.json()),
        (done.status, done.json())
    );
    let late = review(&app, "policy2", &proposal, "rejection", 1, "late").await;
    assert_eq!(code(&late), (412, "proposal.version".to_owned()));
    assert_eq!(app.deps.store.reviews().await.unwrap(), 1);

    app.settle().await;
    let joined = app.deps.policies().hash().to_owned();
    assert_ne!(joined, files);
    let values = shown(&app, "medical_burden_threshold").await;
    let official = values
        .iter()
        .find(|value| value["sample"] == false)
        .unwrap();
    assert_eq!(official["document"], "武医保〔2026〕8号", "{values:?}");
    let after = alerts(&app).await;
    let new: Vec<_> = after
        .iter()
        .filter(|(key, _)| !before.contains_key(*key))
        .collect();
    assert!(!new.is_empty(), "nobody crossed the new line");
    for ((_, policy), (work, level)) in &new {
        assert_eq!(policy, POLICY);
        // Everyone was looked at: what is new waits in the backlog, red never does.
        assert!(work == "held" || work == "raised", "{work} {level}");
    }
    let grant = app.grant("auditor", Operation::ReadLedger);
    let ran = app.deps.store.runs(&grant, 1_000).await.unwrap();
    let everyone = ran.iter().filter(|ran| ran.row.policy_set == joined);
    assert!(everyone.clone().count() > 0);
    assert!(everyone.clone().all(|ran| ran.row.mode == "everyone"));

    // What was decided before still comes out byte for byte; what is decided now
    // names the new document.
    replayed(&app, &decided).await;
    let now = decisions(&app).await;
    replayed(&app, &now).await;
    let fresh = now.iter().filter(|row| {
        let key = (row.subject.to_string(), row.policy.clone());
        new.iter().any(|(known, _)| **known == key)
    });
    let mut seen = 0;
    for row in fresh {
        assert_eq!(row.policy_set, joined);
        let told = app
            .get("county", &format!("/api/v1/decisions/{}", row.id))
            .await;
        assert!(told.text().contains("武医保〔2026〕8号"), "{}", told.text());
        seen += 1;
    }
    assert_eq!(seen, new.len());

    // Another node, and this one after a restart: the same set, nothing to do.
    let folder = tempfile::tempdir().unwrap();
    let restarted = TestApp::on(app.deps.store.clone(), folder).await;
    assert_eq!(restarted.deps.policies().hash(), files);
    policies::start(&restarted.deps, false).await.unwrap();
    assert_eq!(restarted.deps.policies().hash(), joined);
    // The officers of the other node are commits too; PostgreSQL numbers them now.
    while app.deps.store.publish(1_000).await.unwrap().commits > 0 {}
    let ledger = app.deps.store.statistics().await.unwrap().ledger;
    restarted.settle().await;
    let rested = app.deps.store.statistics().await.unwrap().ledger;
    assert_eq!((alerts(&restarted).await, rested), (after, ledger));
    assert!(
        app.deps
            .store
            .mismatched_commits(0, 10_000)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_value_takes_effect_and_old_decisions_replay_on_sqlite() {
    takes_effect(TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_value_takes_effect_and_old_decisions_replay_on_postgres() {
    if let Some(app) = TestApp::postgres().await {
        takes_effect(app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_value_never_has_any_effect() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    let (hash, before) = (app.deps.policies().hash().to_owned(), alerts(&app).await);
    let proposal = id(&propose(&app, "policy", "p", &threshold()).await);
    let silent = json!({ "words": "  " });
    let headers = [("if-match", "\"1\""), ("idempotency-key", "s")];
    let path = format!("{PROPOSALS}/{proposal}/rejection");
    let silent = app.post("policy2", &path, &headers, &silent).await;
    assert_eq!(code(&silent), (400, "proposal.words".to_owned()));
    let done = review(&app, "policy2", &proposal, "rejection", 1, "r").await;
    assert_eq!(done.json()["state"], "rejected", "{}", done.text());
    app.settle().await;
    assert_eq!(app.deps.policies().hash(), hash);
    assert_eq!(alerts(&app).await, before);
    let late = review(&app, "county", &proposal, "approval", 1, "a").await;
    assert_eq!(code(&late), (412, "proposal.version".to_owned()));
    let late = review(&app, "county", &proposal, "approval", 2, "b").await;
    assert_eq!(code(&late), (412, "proposal.version".to_owned()));
    let told = app
        .get("county", &format!("{PROPOSALS}/{proposal}"))
        .await
        .json();
    assert_eq!(told["words"], "已核对文件原文");
}

/// Killed after the approval, and again in the middle of the run that follows:
/// whoever comes next ends where an undisturbed office ends.
async fn ends_alike(undisturbed: TestApp, killed: TestApp) {
    let undisturbed = undisturbed.inhabited(320).await;
    approved(&undisturbed, &threshold()).await;
    undisturbed.settle().await;

    let killed = killed.inhabited(320).await;
    approved(&killed, &threshold()).await;
    // From here on only its store is used, and its folder must stay.
    let store = killed.deps.store.clone();
    let mut steps = 0;
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::on(store.clone(), folder).await;
        let few = hands_with(&app, app.clock.clone(), |few| few.evaluate_units = 8);
        while store.publish(1_000).await.unwrap().commits > 0 {}
        if evaluate_step(&few, county()).await.unwrap() != Progress::Idle {
            steps += 1;
        }
    }
    assert!(steps > 0, "nobody was looked at again");
    let folder = tempfile::tempdir().unwrap();
    let last = TestApp::on(store, folder).await;
    last.settle().await;
    assert_eq!(
        last.deps.policies().hash(),
        undisturbed.deps.policies().hash()
    );
    assert_eq!(
        standing(&alerts(&last).await),
        standing(&alerts(&undisturbed).await)
    );
    assert_eq!(last.deps.store.check().await.unwrap(), Vec::<String>::new());
    replayed(&last, &decisions(&last).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_an_approval_ends_as_undisturbed_on_sqlite() {
    ends_alike(TestApp::sqlite().await, TestApp::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_an_approval_ends_as_undisturbed_on_postgres() {
    if let Some(app) = TestApp::postgres().await {
        ends_alike(TestApp::sqlite().await, app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_stand_in_the_registry_is_refused() {
    let app = TestApp::sqlite().await;
    let with = |changes: &[(&str, Json)]| {
        let mut body = threshold();
        for (key, value) in changes {
            body[*key] = value.clone();
        }
        body
    };
    let refusals = [
        (
            with(&[("key", json!("medical_burden_treshold"))]),
            422,
            "parameter.unknown",
        ),
        (with(&[("value", json!("一万"))]), 422, "parameter.value"),
        (with(&[("value", json!("-1"))]), 422, "parameter.value"),
        (with(&[("document", json!(" "))]), 422, "proposal.document"),
        (with(&[("issuer", json!(""))]), 422, "proposal.issuer"),
        (with(&[("to", json!("2026-11-01"))]), 422, "proposal.period"),
        (
            with(&[("review_due", json!("2026-10-31"))]),
            422,
            "proposal.review_due",
        ),
        (with(&[("note", json!("a\nb"))]), 422, "proposal.text"),
        (with(&[("note", json!("a\u{2066}b"))]), 422, "proposal.text"),
        (with(&[("from", json!("2026-02-30"))]), 400, "param.date"),
        (with(&[("region", json!("320411"))]), 404, "not_found"),
        (with(&[("region", json!("000000"))]), 404, "not_found"),
        (with(&[("colour", json!("red"))]), 400, "json.invalid"),
    ];
    for (n, (body, status, expected)) in refusals.into_iter().enumerate() {
        let answer = propose(&app, "policy", &format!("k{n}"), &body).await;
        assert_eq!(code(&answer), (status, expected.to_owned()), "{body}");
    }
    let misspelt = with(&[("key", json!("medical_burden_treshold"))]);
    let nearest = propose(&app, "policy", "k", &misspelt).await;
    assert!(nearest.text().contains("medical_burden_threshold"));

    // An old value is never edited: the next one has its own first day.
    approved(&app, &with(&[("to", Json::Null)])).await;
    for (changes, expected) in [
        (vec![("value", json!("20"))], "parameter.overlap"),
        (
            vec![("from", json!("2026-10-01")), ("to", Json::Null)],
            "parameter.overlap",
        ),
        (vec![("from", json!("2026-12-01"))], "parameter.overlap"),
        (
            vec![("from", json!("2026-10-01")), ("closes", json!(true))],
            "parameter.overlap",
        ),
        (vec![("to", Json::Null)], "parameter.there"),
    ] {
        let answer = propose(&app, "policy", &format!("{changes:?}"), &with(&changes)).await;
        assert_eq!(code(&answer), (422, expected.to_owned()), "{changes:?}");
        let named = answer.text();
        assert!(
            named.contains("武医保〔2026〕8号"),
            "the row is not named: {named}"
        );
    }
    // Two proposals for the same days: who approves the second sees the first.
    let next = [
        ("from", json!("2027-01-01")),
        ("closes", json!(true)),
        ("value", json!("20")),
    ];
    let one = id(&propose(&app, "policy", "one", &with(&next)).await);
    let two = id(&propose(&app, "policy", "two", &with(&next)).await);
    let done = review(&app, "county", &one, "approval", 1, "one").await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let late = review(&app, "county", &two, "approval", 1, "two").await;
    assert_eq!(code(&late), (422, "parameter.there".to_owned()));
    let values = shown(&app, "medical_burden_threshold").await;
    let days: Vec<_> = values
        .iter()
        .filter(|value| value["sample"] == false)
        .map(|value| (value["from"].clone(), value["to"].clone()))
        .collect();
    let expected = [
        (json!("2026-11-01"), json!("2027-01-01")),
        (json!("2027-01-01"), json!("2027-11-01")),
    ];
    assert_eq!(days, expected);
}
