//! Leads and care visits, from a village to the township's desk and back, over
//! HTTP and through the village contact's pages, on both databases.

mod care;
mod leads;
mod pages;

use std::fmt::Write as _;

use axum::http::StatusCode;
use domain::authority::Operation;
use domain::ids::Subject;
use domain::resident_id::ResidentId;
use serde_json::Value as Json;
use testkit::app::{HUTANG, NANJIE, NIUTANG, TestApp, divisions, sample_day};
use testkit::call::Answer;

/// Runs a behaviour on a fresh app of each database.
macro_rules! on_both {
    ($($behaviour:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$behaviour(testkit::app::TestApp::sqlite().await).await;
                }
            )+
        }
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    if let Some(app) = testkit::app::TestApp::postgres().await {
                        super::$behaviour(app).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_both;

/// Whoever is in these tests: name, first 17 digits, township, village.
const PEOPLE: [(&str, &str, &str, &str); 4] = [
    ("王秀英", "99990119400311002", "湖塘镇", ""),
    ("李桂兰", "99990119410512004", "湖塘镇", ""),
    ("张福根", "99990119390723001", "湖塘镇", ""),
    ("赵阿大", "99990219380204003", "牛塘镇", "牛塘一社区居委会"),
];

fn number(first17: &str) -> String {
    ResidentId::from_first_17(first17)
        .unwrap()
        .as_str()
        .to_owned()
}

/// Names of the places as the table has them, so that a change of the table
/// does not pass unnoticed.
fn name_of(code: &str) -> String {
    divisions().name(code.parse().unwrap(), sample_day())
}

fn village_of(person: usize) -> String {
    match person {
        0 | 1 => name_of(NANJIE),
        2 => name_of("320412100003"),
        _ => PEOPLE[person].3.to_owned(),
    }
}

/// Four very old people of two townships, known by their hukou.
async fn people(app: &TestApp) {
    let mut text = "公民身份号码,姓名,性别,出生日期,户籍镇街,户籍村(社区)\n".to_owned();
    for (index, (name, first17, town, _)) in PEOPLE.iter().enumerate() {
        let (id, village) = (number(first17), village_of(index));
        writeln!(text, "{id},{name},,,{town},{village}").unwrap();
    }
    let file = TestApp::file("police", "hukou_elders", "2026-11-09", 1, None, &text);
    let taken = app.import(&file).await.unwrap();
    assert_eq!(taken.import.counts.received(), 4);
    assert_eq!(taken.import.counts.held + taken.import.counts.rejected, 0);
    app.settle().await;
}

/// The roster as of a day: all but the last person weekly, the last monthly.
async fn roster(app: &TestApp, as_of: &str) {
    let mut text = "姓名,证件号码,镇街,村(社区),探访频次,帮扶责任人\n".to_owned();
    for (index, (name, first17, town, _)) in PEOPLE.iter().enumerate() {
        let class = if index == 3 { "每月" } else { "重点" };
        let (id, village) = (number(first17), village_of(index));
        writeln!(text, "{name},{id},{town},{village},{class},周责任").unwrap();
    }
    let file = TestApp::file("elder_care", "care_plans", as_of, 1, Some(as_of), &text);
    let taken = app.import(&file).await.unwrap();
    assert_eq!(taken.import.counts.accepted, 4, "{:?}", taken.import.counts);
    app.settle().await;
}

/// The id of a person of these tests.
async fn person(app: &TestApp, index: usize) -> String {
    let id = ResidentId::parse(&number(PEOPLE[index].1)).unwrap();
    let index = app
        .deps
        .vault
        .blind_index(&domain::record::IdentityAsSent::Resident(id));
    let grant = app.grant("county", Operation::SearchPeople);
    let store = app.deps.store.as_ref();
    let found = store.person_by_index(&grant, &index, sample_day()).await;
    found.unwrap().expect("a known person").to_string()
}

/// `POST` of JSON under an idempotency key.
async fn post(app: &TestApp, officer: &str, path: &str, key: &str, body: &Json) -> Answer {
    app.post(officer, path, &[("idempotency-key", key)], body)
        .await
}

/// Alerts of a policy on an officer's desk, any work.
async fn alerts(app: &TestApp, officer: &str, policy: &str) -> Vec<Json> {
    let work = "held,raised,acknowledged,verified,handled,closed";
    let path = format!("/api/v1/alerts?policy={policy}&work={work}");
    let page = app.get(officer, &path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    page.json()["alerts"].as_array().unwrap().clone()
}

/// How often somebody was shown under an operation, as the auditor reads it.
async fn disclosed(app: &TestApp, subject: &str, operation: &str) -> usize {
    let body = serde_json::json!({ "subject": subject });
    let looked = app
        .post("auditor", "/api/v1/ledger/disclosures", &[], &body)
        .await
        .json();
    let entries = looked["disclosures"].as_array().expect("disclosures");
    let of = entries.iter().filter(|e| e["operation"] == operation);
    of.count()
}

/// A subject as the API writes it.
fn subject_of(person: &str) -> String {
    Subject::Person(person.parse().unwrap()).to_string()
}

#[test]
fn the_places_of_these_tests_are_in_the_table() {
    for code in [HUTANG, NIUTANG, NANJIE, "320412100003"] {
        assert_ne!(name_of(code), code);
    }
    assert_eq!(name_of("320412102001"), PEOPLE[3].3);
}
