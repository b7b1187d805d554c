//! The console as a browser without JavaScript meets it: whose pages, in which
//! order, which forms, and what is in the ledger afterwards.

mod audit;
mod browser;
mod desk;
mod forms;
mod imports;
mod office;
mod pages;
mod standards;

use std::collections::BTreeSet;

use domain::authority::Role;
use domain::ids::Subject;
use pipeline::people;
use testkit::app::TestApp;

/// A small county, evaluated.
async fn county() -> TestApp {
    TestApp::sqlite().await.inhabited(320).await
}

/// The committed samples, evaluated.
async fn samples() -> TestApp {
    let app = TestApp::sqlite().await;
    for file in &TestApp::samples().1 {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    app
}

/// The first alert of an officer's desk: id and version.
async fn first(app: &TestApp, officer: &str, query: &str) -> (String, i64) {
    let path = format!("/api/v1/alerts?brief=true&{query}");
    let page = app.get(officer, &path).await.json();
    let alert = &page["alerts"][0];
    let id = alert["id"].as_str().unwrap_or_else(|| panic!("{page}"));
    (id.to_owned(), alert["version"].as_i64().unwrap())
}

/// Where the work stands, and the version.
async fn state(app: &TestApp, alert: &str) -> (String, i64) {
    let view = app.get("county", &format!("/api/v1/alerts/{alert}")).await;
    let view = view.json();
    (
        view["alert"]["work"].as_str().unwrap().to_owned(),
        view["alert"]["version"].as_i64().unwrap(),
    )
}

/// What was done, in order.
async fn steps(app: &TestApp, alert: &str) -> Vec<String> {
    let path = format!("/api/v1/alerts/{alert}/timeline");
    let timeline = app.get("county", &path).await.json();
    let entries = timeline["timeline"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect()
}

/// One more caseworker of a township; answers the id.
async fn colleague(app: &mut TestApp, name: &'static str, number: u128, region: &str) -> String {
    app.officer(name, number, Role::Caseworker, region).await;
    app.officers[name].0.id.to_string()
}

/// A small county in which a household has two open alerts: what the register
/// tells, and a lead about the same person.
async fn busy() -> TestApp {
    let app = county().await;
    let page = app
        .get("county", "/api/v1/alerts?brief=true&limit=300")
        .await;
    let page = page.json();
    let about = page["alerts"].as_array().unwrap().iter().find_map(|alert| {
        let subject: Subject = alert["subject"].as_str()?.parse().ok()?;
        let household = alert["unit"].as_str()?.starts_with('h');
        let another = alert["policy"] != "urgent_lead";
        match subject {
            Subject::Person(person) if another && household => Some(person),
            _ => None,
        }
    });
    let person = about.expect("an alert about a member of a household");
    let numbers = people::identity_numbers(&app.deps, &[person])
        .await
        .unwrap();
    let names = people::names(&app.deps, &BTreeSet::from([person]))
        .await
        .unwrap();
    let text = format!(
        "线索编号,上报时间,上报人,所属网格,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,\
是否本地户籍,线索类别,紧急程度,情况描述,已采取措施,是否需反馈,关联12345工单号\n\
WG20261120777,2026-11-20 8:40,网格员,03网格,湖塘镇,,{},{},,,,,其他,急,屋顶漏雨，老人无处住,,是,\n",
        names[&person], numbers[&person]
    );
    let lead = TestApp::file("grid", "leads", "2026-11-20", 77, None, &text);
    app.import(&lead).await.unwrap();
    app.settle().await;
    app
}
