//! The same question over HTTP: who may ask, what each is shown, what is
//! entered, and how much may be asked at once.

use std::collections::BTreeSet;

use api::simulations::{Detail, SimulationView};
use axum::http::{Method, StatusCode};
use domain::authority::Operation;
use domain::ids::Subject;
use serde_json::{Value as Json, json};
use testkit::app::{COUNTY, HUTANG, NIUTANG, TestApp, sample_day};
use testkit::call::Answer;

use super::asked;

const PATH: &str = "/api/v1/simulations";
/// Yuan a month; the standard is 1,160.
const STANDARD: &str = "2000";

fn question(values: &Json, region: &str) -> Json {
    json!({ "values": values, "region": region, "on": "2026-11-20" })
}

fn raised() -> Json {
    question(
        &json!([{ "key": "allowance_standard", "value": STANDARD }]),
        COUNTY,
    )
}

async fn post(app: &TestApp, officer: &str, body: &Json) -> Answer {
    app.post(officer, PATH, &[], body).await
}

async fn told(app: &TestApp, officer: &str, body: &Json) -> Json {
    let answer = post(app, officer, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()
}

fn change<'a>(answer: &'a Json, policy: &str) -> &'a Json {
    let policies = answer["policies"].as_array().unwrap();
    let found = policies.iter().find(|one| one["policy"] == policy);
    found.unwrap_or_else(|| panic!("no {policy}: {answer}"))
}

/// Whom an answer shows.
fn shown(answer: &Json) -> BTreeSet<Subject> {
    let policies = answer["policies"].as_array().unwrap().iter();
    let lines = policies.flat_map(|policy| {
        let of = |name: &str| policy[name].as_array().unwrap().clone();
        [of("examples"), of("near")].concat()
    });
    let named = lines.flat_map(|line| [line["unit"].clone(), line["subject"].clone()]);
    named
        .map(|id| id.as_str().unwrap().parse().unwrap())
        .collect()
}

/// Every count of an answer below the policies and above them.
fn counts(answer: &Json) -> Vec<&Json> {
    let mut counts = vec![&answer["units"], &answer["deferred"]];
    for policy in answer["policies"].as_array().unwrap() {
        counts.extend([&policy["gained"], &policy["lost"]]);
        for when in ["before", "after"] {
            let at = &policy[when];
            counts.extend([&at["met"], &at["undetermined"], &at["told"]]);
        }
        for town in policy["townships"].as_array().unwrap() {
            counts.extend([&town["gained"], &town["lost"]]);
        }
        counts.extend(policy["fen_per_month"].get("unknown"));
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_answered_for_its_own_people_and_as_far_as_it_may_see_them() {
    let app = TestApp::sqlite().await.inhabited(120).await;
    on_any(&app).await;
    one_by_one(&app).await;
    on_the_page(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_answered_for_its_own_people_on_postgres_too() {
    let Some(app) = TestApp::postgres().await else {
        eprintln!("SKIPPED: PostgreSQL is not installed");
        return;
    };
    on_any(&app.inhabited(80).await).await;
}

async fn on_any(app: &TestApp) {
    let mine = asked(app, STANDARD).await;
    let county = told(app, "county", &raised()).await;
    let printed = serde_json::to_value(SimulationView::of(&mine, Detail::People)).unwrap();
    assert_eq!(county, printed, "the program prints the same");
    let seen = shown(&county);
    assert!(
        seen.len() > 10 && county["rounded_to"].is_null(),
        "{county}"
    );
    entered(app, "county", &seen).await;

    // A township is answered for its own people, and the townships are parts.
    let mut units = 0;
    for (officer, region) in [("hutang", HUTANG), ("niutang", NIUTANG)] {
        let own = told(app, officer, &raised()).await;
        let grant = app.grant(officer, Operation::ReadPeople);
        for subject in shown(&own) {
            let store = app.deps.store.as_ref();
            let covered = store.covers(&grant, subject, sample_day()).await.unwrap();
            assert!(covered, "{officer} is shown {subject}");
        }
        let allowance = change(&own, "subsistence_allowance");
        let all = change(&county, "subsistence_allowance");
        let town = |of: &Json| {
            let towns = of["townships"].as_array().unwrap();
            towns.iter().find(|t| t["township"] == region).cloned()
        };
        assert_eq!(town(allowance), town(all), "{officer}");
        assert!(allowance["gained"].as_u64() > Some(0), "{own}");
        units += own["units"].as_u64().unwrap();
    }
    assert!(units > 0 && units < county["units"].as_u64().unwrap());
    let elsewhere = question(&raised()["values"], "320411");
    let nobody = told(app, "elsewhere", &elsewhere).await;
    assert_eq!(
        (
            &nobody["units"],
            nobody["policies"].as_array().unwrap().len()
        ),
        (&json!(0), 0)
    );

    counted(app, &county).await;
}

/// The page: the same answer in words, for the same readers.
async fn on_the_page(app: &TestApp) {
    let sent = async |officer: &str, value: &str| {
        let form = format!("key=allowance_standard&value={value}&region={COUNTY}&on=2026-11-20");
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let form = form.into_bytes();
        app.call(officer, Method::POST, "/simulations", &kind, form)
            .await
    };
    let county = sent("county", STANDARD).await;
    assert_eq!(county.status, StatusCode::OK);
    let words = county.text();
    let exact = told(app, "county", &raised()).await;
    let linked: BTreeSet<Subject> = shown(&exact)
        .into_iter()
        .filter(|subject| {
            let id = subject.as_uuid();
            words.contains(&format!("\"/families/{id}\""))
                || words.contains(&format!("\"/persons/{id}\""))
        })
        .collect();
    assert!(linked.len() > 10, "{words}");
    for told in [
        "只供参考",
        "数据截至提交",
        "<svg",
        "与上图相同的数字",
        "差一点的",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    let coarse = sent("policy", STANDARD).await.text();
    assert!(
        coarse.contains("不足5") && coarse.contains("<svg"),
        "{coarse}"
    );
    assert!(!coarse.contains("/families/") && !coarse.contains("/persons/"));
    let wrong = sent("county", "plenty").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let kept = wrong.text();
    assert!(
        kept.contains("value=\"plenty\"") && kept.contains("低保标准”的值应为"),
        "{kept}"
    );
    for (officer, status) in [("child", 403), ("importer", 403), ("county", 200)] {
        let page = app.get(officer, "/simulations").await;
        assert_eq!(page.status.as_u16(), status, "{officer}");
        let start = app.get(officer, "/policies").await.text();
        let linked = start.contains("href=\"/simulations\"");
        assert_eq!(linked, status == 200, "{officer}");
    }
}

/// Who may not read people gets counts that point at nobody, and no more.
async fn counted(app: &TestApp, exact: &Json) {
    let before = app.deps.store.statistics().await.unwrap();
    let coarse = told(app, "policy", &raised()).await;
    assert_eq!(app.deps.store.statistics().await.unwrap(), before);
    assert!(shown(&coarse).is_empty(), "{coarse}");
    assert_eq!(coarse["rounded_to"], 5);
    let (rough, fine) = (counts(&coarse), counts(exact));
    assert_eq!(rough.len(), fine.len());
    let mut withheld = 0;
    for (rough, fine) in rough.iter().zip(&fine) {
        let fine = fine.as_u64().unwrap();
        if let Some(told) = rough.as_u64() {
            assert_eq!((told, told % 5), (fine - fine % 5, 0));
        } else {
            assert!((1..5).contains(&fine), "{fine} is withheld");
            withheld += 1;
        }
    }
    assert!(withheld > 0, "there was nothing to withhold: {exact}");
    let (rough, fine) = (
        change(&coarse, "subsistence_allowance"),
        change(exact, "subsistence_allowance"),
    );
    for when in ["before", "after"] {
        let fine = fine["fen_per_month"][when].as_i64().unwrap();
        assert_eq!(rough["fen_per_month"][when], fine - fine % 100_000);
    }
    let towns = rough["townships"].as_array().unwrap();
    assert!(towns.iter().all(|town| town["fen_per_month"].is_null()));
}

/// Everybody shown is in the ledger as shown to the officer by a simulation.
async fn entered(app: &TestApp, officer: &str, seen: &BTreeSet<Subject>) {
    let ledger = app.grant("auditor", Operation::ReadLedger);
    let store = app.deps.store.as_ref();
    let id = app.officers[officer].0.id;
    for subject in seen {
        let pseudonym = app.deps.vault.audit_pseudonym(*subject);
        let looked = store.disclosures(&ledger, &pseudonym, 10).await.unwrap();
        let by = |row: &store::rows::Disclosed| {
            row.officer == id && row.operation == Operation::Simulate
        };
        assert!(looked.iter().any(by), "{subject}: {looked:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_question_is_refused_with_its_reason() {
    let mut app = TestApp::sqlite().await;
    let value = |key: &str, value: &str| json!({ "key": key, "value": value });
    let of = |values: Vec<Json>| question(&Json::Array(values), COUNTY);
    let standard = || value("allowance_standard", "1200");
    let many = (0..9).map(|n| value(&format!("key_{n}"), "1")).collect();
    let mut unknown_field = raised();
    unknown_field["note"] = json!("x");
    let mut no_day = raised();
    no_day["on"] = json!("2026-02-30");
    let cases = [
        (of(vec![]), 400, "simulation.values"),
        (of(many), 400, "simulation.values"),
        (of(vec![standard(), standard()]), 400, "simulation.values"),
        (
            of(vec![value("allowance_standard", &"1".repeat(241))]),
            400,
            "simulation.values",
        ),
        (
            of(vec![value("allowance_standart", "1")]),
            422,
            "parameter.unknown",
        ),
        (
            of(vec![value("allowance_standard", "很多")]),
            422,
            "parameter.value",
        ),
        (
            of(vec![value("allowance_standard", "-1")]),
            422,
            "parameter.value",
        ),
        (
            question(&json!([standard()]), "320411"),
            400,
            "param.region",
        ),
        (question(&json!([standard()]), "12345"), 400, "json.invalid"),
        (unknown_field, 400, "json.invalid"),
        (no_day, 400, "param.date"),
    ];
    for (body, status, code) in cases {
        let answer = post(&app, "county", &body).await;
        let problem = answer.json();
        let told = (answer.status.as_u16(), problem["code"].as_str().unwrap());
        assert_eq!(told, (status, code), "{body}: {problem}");
        let words = ["title", "detail"].map(|name| problem[name].as_str().unwrap());
        assert!(words.iter().all(|text| text.len() > 5), "{problem}");
    }
    for officer in [
        "importer", "system", "security", "village", "contact", "child",
    ] {
        let answer = post(&app, officer, &raised()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{officer}");
    }
    app.limit(|limits| limits.simulations_max = 0);
    let full = post(&app, "county", &raised()).await;
    assert_eq!(full.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(full.json()["code"], "simulation.busy");
    assert!(full.headers.contains_key("retry-after"));
    app.limit(|limits| (limits.simulations_max, limits.simulation_seconds) = (2, 0));
    let late = post(&app, "county", &raised()).await;
    assert_eq!(late.json()["code"], "simulation.timeout");
}

/// One officer asks one thing at a time, and may go away.
async fn one_by_one(app: &TestApp) {
    let body = raised();
    let nothing = json!({});
    // The first is given up half way; it holds no room after that.
    tokio::select! {
        biased;
        answer = post(app, "county", &body) => panic!("too fast: {}", answer.text()),
        _ = post(app, "elsewhere", &nothing) => {}
    }
    let at_once = || post(app, "county", &body);
    let answers = tokio::join!(at_once(), at_once(), at_once());
    let answers = [answers.0, answers.1, answers.2];
    let of = |status: StatusCode| answers.iter().filter(move |one| one.status == status);
    assert_eq!(of(StatusCode::OK).count(), 1, "{answers:?}");
    assert_eq!(of(StatusCode::TOO_MANY_REQUESTS).count(), 2, "{answers:?}");
    for refused in of(StatusCode::TOO_MANY_REQUESTS) {
        assert_eq!(refused.json()["code"], "simulation.running");
        assert!(refused.headers.contains_key("retry-after"));
    }
    told(app, "county", &body).await;
}
