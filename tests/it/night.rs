//! The date alone makes a family's case: the alert comes that day, not with
//! the next month, and after a restart as well.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use domain::resident_id::ResidentId;
use domain::time::{Date, add_days};
use pipeline::apply::Progress;
use pipeline::evaluate::evaluate_step;
use serde_json::Value as Json;
use testkit::app::{COUNTY, TestApp, sample_day};

use crate::twice::hands_with;

fn number(first17: &str) -> String {
    ResidentId::from_first_17(first17)
        .unwrap()
        .as_str()
        .to_owned()
}

/// A family of 湖塘镇 that is paid 低保 and was last checked on a day.
async fn with_family(app: &TestApp, checked: Date) {
    register(app, checked, Some("2026-11-17")).await;
}

/// A whole list with its day, or some families of one.
async fn register(app: &TestApp, checked: Date, as_of: Option<&str>) {
    registers(app, 1, checked, as_of).await;
}

/// A list of so many families.
async fn registers(app: &TestApp, families: u32, checked: Date, as_of: Option<&str>) {
    let mut text = String::from(
        "户编号,救助类别,户籍镇街,居住镇街,户主姓名,户主证件号码,成员姓名,证件号码,与户主关系,是否共同生活,是否计入人口,是否保障对象,\
         年工资性收入,年经营净收入,年财产净收入,年转移净收入,财产核对结果,最近核查日期,核查类别\n",
    );
    for n in 0..families {
        let head = number(&format!("99900119800101{:03}", 11 + 2 * n));
        writeln!(
            text,
            "NI{:02},低保,湖塘镇,湖塘镇,俞某,{head},俞某,{head},户主,是,是,是,1000,0,0,0,符合,{checked},A",
            n + 1
        )
        .unwrap();
    }
    let sequence = if as_of.is_some() { 1 } else { 2 };
    let file = TestApp::file(
        "civil",
        "civil_register",
        "2026-11-17",
        sequence,
        as_of,
        &text,
    );
    app.import(&file).await.unwrap();
    app.settle().await;
}

async fn checks_due(app: &TestApp) -> Vec<Json> {
    let path = "/api/v1/alerts?policy=periodic_check_due&work=held,raised";
    let list = app.get("county", path).await.json();
    list["alerts"].as_array().unwrap().clone()
}

/// The check is due a year after the last one, and told thirty days before.
fn checked() -> Date {
    "2025-12-25".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_period_begins_on_its_day() {
    let app = TestApp::sqlite().await;
    with_family(&app, checked()).await;
    for days in 0..5 {
        app.clock.set(add_days(sample_day(), days));
        app.settle().await;
        assert_eq!(
            checks_due(&app).await,
            Vec::<Json>::new(),
            "after {days} days"
        );
    }
    app.clock.set(add_days(sample_day(), 5));
    app.settle().await;
    let due = checks_due(&app).await;
    assert_eq!(due.len(), 1, "{due:?}");
    assert_eq!(due[0]["level"], "blue");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_may_be_lost() {
    let app = TestApp::sqlite().await;
    with_family(&app, checked()).await;
    app.clock.set(add_days(sample_day(), 4));
    app.settle().await;
    // As after a restart, or another worker's turn.
    app.deps.censuses.forget(COUNTY.parse().unwrap());
    app.clock.set(add_days(sample_day(), 5));
    app.settle().await;
    assert_eq!(checks_due(&app).await.len(), 1);

    // A night that did not come to its end looks at the same days again.
    let app = TestApp::sqlite().await;
    with_family(&app, checked()).await;
    app.deps.censuses.forget(COUNTY.parse().unwrap());
    app.clock.set(add_days(sample_day(), 9));
    app.settle().await;
    assert_eq!(checks_due(&app).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_since_is_asked_as_they_are_now() {
    let app = TestApp::sqlite().await;
    with_family(&app, "2026-06-25".parse().unwrap()).await;
    app.clock.set(add_days(sample_day(), 1));
    app.settle().await;
    register(&app, checked(), None).await;
    for (days, due) in [(4, 0), (5, 1)] {
        app.clock.set(add_days(sample_day(), days));
        app.settle().await;
        assert_eq!(checks_due(&app).await.len(), due, "after {days} days");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_a_month_is_a_night_like_any_other() {
    let app = TestApp::sqlite().await;
    with_family(&app, "2026-01-02".parse().unwrap()).await;
    let day = |text: &str| text.parse::<Date>().unwrap();
    app.clock.set(day("2026-11-30"));
    app.settle().await;
    app.clock.set(day("2026-12-01"));
    let step = evaluate_step(&app.deps, COUNTY.parse().unwrap()).await;
    assert_eq!(step.unwrap(), Progress::Idle, "nobody is looked at");
    for (on, due) in [("2026-12-02", 0), ("2026-12-03", 1)] {
        app.clock.set(day(on));
        app.settle().await;
        assert_eq!(checks_due(&app).await.len(), due, "on {on}");
    }
}

/// A night is looked at in pieces, each written with what came of it: whoever
/// goes on after a stop ends where one ends who never stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_night_that_stops_in_the_middle_goes_on() {
    let app = TestApp::sqlite().await;
    let families = 20;
    registers(&app, families, checked(), Some("2026-11-17")).await;
    app.clock.set(add_days(sample_day(), 4));
    app.settle().await;
    assert_eq!(checks_due(&app).await.len(), 0);
    app.clock.set(add_days(sample_day(), 5));
    let county = COUNTY.parse().unwrap();
    let store = app.deps.store.clone();
    let worker = hands_with(&app, app.deps.clock.clone(), |settings| {
        settings.evaluate_units = 1;
    });
    let mut calls = 0;
    while checks_due(&app).await.is_empty() {
        let step = evaluate_step(&worker, county).await.unwrap();
        assert_ne!(step, Progress::Idle, "{calls} calls");
        store.publish(u32::MAX).await.unwrap();
        calls += 1;
    }
    let begun = checks_due(&app).await;
    assert!(begun.len() < 20, "{} in one call", begun.len());
    // The worker is gone with all it kept; another finds what is written.
    drop(worker);
    app.settle().await;
    let due = checks_due(&app).await;
    let about: BTreeSet<String> = due.iter().map(|one| one["subject"].to_string()).collect();
    assert_eq!((due.len(), about.len()), (20, 20), "{due:#?}");
    for one in &begun {
        assert!(due.iter().any(|other| other["id"] == one["id"]), "{one}");
    }
    assert_eq!(app.breaches().await, Vec::<String>::new());
}
