//! Care visits: the week, the roster, and the policies that look again.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use testkit::app::{HUTANG, NANJIE, NIUTANG, TestApp};

use super::{alerts, disclosed, on_both, people, person, post, roster, subject_of};

const VISITS: &str = "/api/v1/visits";

fn visit(person: &str, on: &str, answers: &[&str]) -> Json {
    json!({ "person": person, "visited_on": on, "answers": answers })
}

/// The row of a village in a week: roster, due, done, missing.
async fn row(app: &TestApp, officer: &str, week: &str, place: &str) -> Option<Json> {
    let page = app
        .get(officer, &format!("{VISITS}/weeks?week={week}"))
        .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let page = page.json();
    let rows = page["villages"].as_array().unwrap();
    rows.iter().find(|row| row["place"] == place).cloned()
}

async fn counts(app: &TestApp, officer: &str, week: &str) -> [Json; 3] {
    let row = row(app, officer, week, NANJIE).await.expect("the village");
    ["due", "done", "missing"].map(|field| row[field].clone())
}

pub async fn without_a_roster_a_week_is_off(app: TestApp) {
    people(&app).await;
    let off = row(&app, "contact", "2026-W47", NANJIE)
        .await
        .expect("its own village");
    assert_eq!(
        (&off["roster"], &off["due"]),
        (&json!("never"), &Json::Null)
    );
    assert_eq!(off["people"], json!([]));
    roster(&app, "2026-11-15").await;
    assert_eq!(
        counts(&app, "contact", "2026-W47").await,
        [2, 0, 2].map(|n| json!(n))
    );
    // The week before the roster is not known.
    let before = row(&app, "contact", "2026-W45", NANJIE).await.unwrap();
    assert_eq!(before["roster"], "never");
    // Monthly visits are no weekly duty.
    assert_eq!(row(&app, "county", "2026-W47", "320412102001").await, None);
    // An old roster is not believed for ever.
    app.clock.set("2027-03-01".parse().unwrap());
    let stale = row(&app, "contact", "2027-W09", NANJIE).await.unwrap();
    assert_eq!(
        (&stale["roster"], &stale["due"]),
        (&json!("stale"), &Json::Null)
    );
    let ahead = app
        .get("contact", &format!("{VISITS}/weeks?week=2027-W10"))
        .await;
    assert_eq!(ahead.json()["code"], "param.week");
}

pub async fn a_week_is_monday_to_sunday_and_counts_each_once(app: TestApp) {
    people(&app).await;
    roster(&app, "2026-11-08").await;
    let (wang, li) = (person(&app, 0).await, person(&app, 1).await);
    let tell = async |key: &str, body: &Json| {
        let taken = post(&app, "contact", VISITS, key, body).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
        app.settle().await;
    };
    let expect = async |week: &str, numbers: [i32; 3]| {
        let expected = numbers.map(|n| json!(n));
        assert_eq!(counts(&app, "contact", week).await, expected, "{week}");
        assert_eq!(counts(&app, "hutang", week).await, expected, "{week}");
    };
    // Sunday and the Monday after it are two weeks.
    tell("a", &visit(&wang, "2026-11-15", &["safe"])).await;
    expect("2026-W46", [2, 1, 1]).await;
    expect("2026-W47", [2, 0, 2]).await;
    tell("b", &visit(&wang, "2026-11-16", &["safe"])).await;
    expect("2026-W47", [2, 1, 1]).await;
    // Twice in a week is once; nobody at home is not at all.
    tell("c", &visit(&wang, "2026-11-19", &["needs_help"])).await;
    tell("d", &visit(&li, "2026-11-18", &["not_seen"])).await;
    expect("2026-W47", [2, 1, 1]).await;
    tell("e", &visit(&li, "2026-11-20", &["safe"])).await;
    expect("2026-W47", [2, 2, 0]).await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

/// The roster with 李桂兰 visited monthly.
async fn monthly_roster(app: &TestApp, as_of: &str) {
    let mut text = "姓名,证件号码,镇街,村(社区),探访频次,帮扶责任人\n".to_owned();
    for (index, class) in [(0, "每周"), (1, "每月至少1次")] {
        let (name, first17, town, _) = super::PEOPLE[index];
        let (id, village) = (super::number(first17), super::village_of(index));
        let row = format!("{name},{id},{town},{village},{class},周责任\n");
        text.push_str(&row);
    }
    let file = TestApp::file("elder_care", "care_plans", as_of, 1, Some(as_of), &text);
    let taken = app.import(&file).await.unwrap();
    assert_eq!(taken.import.counts.accepted, 2, "{:?}", taken.import.counts);
    app.settle().await;
}

/// Roster, due, done and missing of the village in a month, and who is due.
async fn month(app: &TestApp, officer: &str, month: &str) -> (Vec<Json>, Json) {
    let path = format!("{VISITS}/months?month={month}");
    let page = app.get(officer, &path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let page = page.json();
    let rows = page["villages"].as_array().unwrap();
    let row = rows.iter().find(|row| row["place"] == NANJIE).cloned();
    let row = row.expect("the village");
    let numbers = ["roster", "due", "done", "missing"].map(|field| row[field].clone());
    (numbers.to_vec(), row["people"].clone())
}

pub async fn a_month_is_of_the_calendar_and_of_the_monthly_class(app: TestApp) {
    people(&app).await;
    let (off, nobody) = month(&app, "contact", "2026-11").await;
    assert_eq!(off, [json!("never"), Json::Null, Json::Null, Json::Null]);
    assert_eq!(nobody, json!([]));
    monthly_roster(&app, "2026-10-20").await;
    let (wang, li) = (person(&app, 0).await, person(&app, 1).await);
    let tell = async |key: &str, body: &Json| {
        let taken = post(&app, "contact", VISITS, key, body).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
        app.settle().await;
    };
    let expect = async |of: &str, numbers: [i32; 3]| {
        for officer in ["contact", "hutang", "county"] {
            let (found, people) = month(&app, officer, of).await;
            assert_eq!(found[1..], numbers.map(|n| json!(n)), "{officer} {of}");
            assert_eq!(people[0]["person"], json!(li), "{officer} {of}");
        }
    };
    expect("2026-11", [1, 0, 1]).await;
    // The last day of October and the first of November are two months of one week.
    tell("a", &visit(&li, "2026-10-31", &["safe"])).await;
    expect("2026-10", [1, 1, 0]).await;
    expect("2026-11", [1, 0, 1]).await;
    // Another's visit is another's, and nobody at home is no visit.
    tell("b", &visit(&wang, "2026-11-19", &["safe"])).await;
    tell("c", &visit(&li, "2026-11-18", &["not_seen"])).await;
    expect("2026-11", [1, 0, 1]).await;
    let page = app.get("contact", "/village").await.text();
    let (week, monthly) = page.split_once("本月探访").expect("the month");
    assert!(week.contains("王**") && !week.contains("李**"), "{week}");
    assert!(
        monthly.contains("李**") && !monthly.contains("王**"),
        "{monthly}"
    );
    assert!(
        monthly
            .contains("应访 <strong>1</strong>，已访 <strong>0</strong>，还差 <strong>1</strong>")
            && monthly.contains("2026-11-18 上门未见到人，仍需探访"),
        "{monthly}"
    );
    tell("d", &visit(&li, "2026-11-01", &["safe"])).await;
    expect("2026-11", [1, 1, 0]).await;
    let page = app.get("contact", "/village").await.text();
    assert!(page.contains("本月已访（2026-11-01）"), "{page}");
    let desk = app.get("hutang", "/visits").await.text();
    assert!(
        desk.contains("每月探访") && desk.contains("2026-11（自然月）"),
        "{desk}"
    );
    // The week does not have the monthly person, nor the month the weekly one.
    assert_eq!(
        counts(&app, "contact", "2026-W47").await,
        [1, 1, 0].map(|n| json!(n))
    );
    let ahead = app
        .get("contact", &format!("{VISITS}/months?month=2026-12"))
        .await;
    assert_eq!(ahead.json()["code"], "param.month");
    // A contact may call and visit whoever the month names.
    let path = format!("/village/people/{li}/phone");
    let called = app
        .call("contact", axum::http::Method::POST, &path, &[], Vec::new())
        .await;
    assert_eq!(called.status, StatusCode::OK, "{}", called.text());
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

pub async fn visits_of_another_system_count_too(app: TestApp) {
    people(&app).await;
    roster(&app, "2026-11-15").await;
    let (name, first17, ..) = super::PEOPLE[0];
    let id = super::number(first17);
    let text = format!(
        "记录编号,姓名,证件号码,探访日期,探访类别,探访结果,健康有变\n\
        TF1,{name},{id},2026-11-17,探访,正常,否\n"
    );
    let file = TestApp::file("elder_care", "visits", "2026-11-18", 1, None, &text);
    let taken = app.import(&file).await.unwrap();
    assert_eq!(taken.import.counts.accepted, 1, "{:?}", taken.import.counts);
    app.settle().await;
    assert_eq!(
        counts(&app, "contact", "2026-W47").await,
        [2, 1, 1].map(|n| json!(n))
    );
}

pub async fn a_visit_makes_the_policies_look_again(app: TestApp) {
    people(&app).await;
    roster(&app, "2026-11-15").await;
    let wang = person(&app, 0).await;
    let policy = "visit_needs_help";
    assert_eq!(alerts(&app, "county", policy).await.len(), 0);
    let mut body = visit(&wang, "2026-11-19", &["needs_help", "health_changed"]);
    body["note"] = json!("家里没米了");
    let first = post(&app, "contact", VISITS, "k", &body).await;
    let again = post(&app, "contact", VISITS, "k", &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    assert_eq!((first.status, &first.bytes), (again.status, &again.bytes));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let reused = post(
        &app,
        "contact",
        VISITS,
        "k",
        &visit(&wang, "2026-11-19", &["safe"]),
    )
    .await;
    assert_eq!(reused.json()["code"], "idempotency.reused");
    app.settle().await;
    let desk = alerts(&app, "hutang", policy).await;
    assert_eq!(desk.len(), 1, "{desk:?}");
    assert_eq!(
        (&desk[0]["work"], &desk[0]["level"]),
        (&json!("raised"), &json!("orange"))
    );
    let sentence = desk[0]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("11月19日村级联络人探访，需要帮助，健康有变"),
        "{sentence}"
    );
    // The family's visits, with the words for the desk and without for the village.
    let path = format!("{VISITS}?person={wang}");
    let told = app.get("hutang", &path).await.json();
    assert_eq!(told["visits"][0]["note"], "家里没米了", "{told}");
    assert_eq!(
        told["visits"][0]["answers"],
        json!(["needs_help", "health_changed"])
    );
    let told = app.get("contact", &path).await.json();
    assert_eq!(told["visits"][0]["note"], Json::Null, "{told}");
    assert_eq!(
        disclosed(&app, &subject_of(&wang), "read_care_visits").await,
        2
    );

    // The township visits: the outcome goes the way of every verification.
    let alert = desk[0]["id"].as_str().unwrap();
    let version = desk[0]["version"].as_i64().unwrap();
    let acted = app
        .act("hutang", alert, "acknowledgement", version, "a", &json!({}))
        .await;
    let version = acted.json()["version"].as_i64().unwrap();
    let mut survey = visit(&wang, "2026-11-20", &["safe"]);
    survey["kind"] = json!("survey");
    survey["outcomes"] =
        json!([{ "alert": alert, "version": version, "outcome": "true_assisted" }]);
    let taken = post(&app, "hutang", VISITS, "s", &survey).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    assert_eq!(
        taken.json()["outcomes"][0]["work"],
        "verified",
        "{}",
        taken.text()
    );
    let again = post(&app, "hutang", VISITS, "s", &survey).await;
    assert_eq!(taken.json(), again.json());
    let timeline = app
        .get("hutang", &format!("/api/v1/alerts/{alert}/timeline"))
        .await
        .json();
    let actions: Vec<&str> = timeline["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["acknowledge", "verify"]);
    // Another family's alert is not this visit's; nothing is written.
    let zhang = person(&app, 2).await;
    survey["person"] = json!(zhang);
    let other = post(&app, "hutang", VISITS, "t", &survey).await;
    assert_eq!(other.json()["code"], "visit.other_card", "{}", other.text());
    // A contact may not verify.
    survey["person"] = json!(wang);
    let refused = post(&app, "contact", VISITS, "u", &survey).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

pub async fn foreign_people_are_unknown_people(app: TestApp) {
    people(&app).await;
    roster(&app, "2026-11-15").await;
    let unknown = "00000000-0000-4000-8000-000000000000";
    let (zhang, zhao) = (person(&app, 2).await, person(&app, 3).await);
    // Another village of the town, another town, nobody.
    for (officer, foreign) in [("contact", &zhang), ("contact", &zhao), ("niutang", &zhang)] {
        for (method, path) in [
            ("get", format!("{VISITS}?person=")),
            ("post", VISITS.to_owned()),
        ] {
            let ask = async |id: &str| {
                if method == "get" {
                    app.get(officer, &format!("{path}{id}")).await
                } else {
                    let body = visit(id, "2026-11-19", &["safe"]);
                    post(&app, officer, &path, id, &body).await
                }
            };
            let (theirs, nothing) = (ask(foreign).await, ask(unknown).await);
            assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{officer} {method}");
            assert_eq!(theirs.bytes, nothing.bytes, "{officer} {method}");
        }
    }
    assert_eq!(row(&app, "contact", "2026-W47", "320412100003").await, None);
    assert_eq!(row(&app, "niutang", "2026-W47", NANJIE).await, None);
    assert!(
        row(&app, "hutang", "2026-W47", "320412100003")
            .await
            .is_some()
    );
    // A county reads one township; a township not its own is unknown.
    let path = |town: &str| format!("{VISITS}/weeks?week=2026-W47&township={town}");
    let narrowed = app.get("county", &path(HUTANG)).await.json();
    assert_eq!(
        narrowed["villages"].as_array().unwrap().len(),
        2,
        "{narrowed}"
    );
    assert_eq!(
        app.get("hutang", &path(NIUTANG)).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        app.get("contact", &path(HUTANG)).await.status,
        StatusCode::NOT_FOUND
    );
    let bad = async |answers: &[&str], on: &str| {
        let body = visit(&zhang, on, answers);
        let answer = post(&app, "hutang", VISITS, "x", &body).await;
        answer.json()["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        bad(&["safe", "not_seen"], "2026-11-19").await,
        "visit.answers"
    );
    assert_eq!(bad(&[], "2026-11-19").await, "visit.answers");
    assert_eq!(bad(&["fine"], "2026-11-19").await, "visit.answers");
    assert_eq!(bad(&["safe"], "2026-11-21").await, "visit.ahead");
}

/// Somebody registered in a village and visited in another is the other's: the
/// contact of the first has no line, no telephone and no visit of theirs. Nor of
/// a neighbour who is on no roster.
pub async fn who_is_visited_elsewhere_is_another_contacts(app: TestApp) {
    people(&app).await;
    let (name, first17, town, _) = super::PEOPLE[0];
    let (id, there) = (super::number(first17), super::name_of("320412100003"));
    let text = format!(
        "姓名,证件号码,镇街,村(社区),探访频次,帮扶责任人\n\
        {name},{id},{town},{there},重点,周责任\n"
    );
    let as_of = "2026-11-15";
    let file = TestApp::file("elder_care", "care_plans", as_of, 1, Some(as_of), &text);
    let taken = app.import(&file).await.unwrap();
    assert_eq!(taken.import.counts.accepted, 1, "{:?}", taken.import.counts);
    app.settle().await;
    let week = format!("{VISITS}/weeks?week=2026-W47");
    let page = app.get("contact", &week).await;
    let rows = page.json()["villages"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1, "its own village only: {}", page.text());
    assert_eq!(
        (&rows[0]["place"], &rows[0]["people"]),
        (&json!(NANJIE), &json!([]))
    );
    let theirs = row(&app, "hutang", "2026-W47", "320412100003").await;
    assert_eq!(theirs.unwrap()["people"][0]["name"], name);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let phone = async |person: &str| {
        let path = format!("/village/people/{person}/phone");
        let post = axum::http::Method::POST;
        let answer = app.call("contact", post, &path, &form, vec![]).await;
        (answer.status, answer.text())
    };
    let nobody = phone("00000000-0000-4000-8000-000000000000").await;
    assert_eq!(nobody.0, StatusCode::NOT_FOUND);
    for index in [0, 1] {
        let who = person(&app, index).await;
        assert_eq!(phone(&who).await, nobody, "{index}");
    }
}

on_both! {
    a_month_is_of_the_calendar_and_of_the_monthly_class,
    without_a_roster_a_week_is_off,
    a_week_is_monday_to_sunday_and_counts_each_once,
    visits_of_another_system_count_too,
    a_visit_makes_the_policies_look_again,
    foreign_people_are_unknown_people,
    who_is_visited_elsewhere_is_another_contacts,
}
