//! The date alone makes a family's case: the alert comes that day, not with
//! the next month, and after a restart as well.

use domain::resident_id::ResidentId;
use domain::time::{Date, add_days};
use pipeline::apply::Progress;
use pipeline::evaluate::evaluate_step;
use serde_json::Value as Json;
use testkit::app::{COUNTY, TestApp, sample_day};

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
    let head = number("99900119800101011");
    let text = format!(
        "户编号,救助类别,户籍镇街,居住镇街,户主姓名,户主证件号码,成员姓名,证件号码,与户主关系,是否共同生活,是否计入人口,是否保障对象,\
         年工资性收入,年经营净收入,年财产净收入,年转移净收入,财产核对结果,最近核查日期,核查类别\n\
         NI01,低保,湖塘镇,湖塘镇,俞某,{head},俞某,{head},户主,是,是,是,1000,0,0,0,符合,{checked},A\n"
    );
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
