//! Leads: whose, how many alerts, on which desk, and what their reporter learns.

use axum::http::StatusCode;
use serde_json::json;
use testkit::app::{NANJIE, NIUTANG, TestApp};

use super::{alerts, disclosed, on_both, people, post, subject_of};

const LEADS: &str = "/api/v1/leads";

/// The grid's list with one report of the same fire.
fn grid(number: &str, town: &str, name: &str, text: &str) -> synth::FeedFile {
    let text = format!(
        "线索编号,上报时间,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,线索类别,紧急程度,情况描述,关联12345工单号\n\
        {number},2026-11-20,{town},,{name},,,,,火灾,急,{text},\n"
    );
    let sequence = number.trim_start_matches("WG").parse().unwrap();
    TestApp::file("grid", "leads", "2026-11-20", sequence, None, &text)
}

fn fire(text: &str) -> serde_json::Value {
    json!({ "who": "吴某", "category": "fire", "urgency": "urgent", "text": text, "phone": "13800001234" })
}

pub async fn a_lead_is_on_the_desk_the_day_it_comes(app: TestApp) {
    people(&app).await;
    let taken = post(
        &app,
        "contact",
        LEADS,
        "k1",
        &fire("出租屋失火，一家3口无处住"),
    )
    .await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    let path = format!("{LEADS}/{id}");
    let one = async |officer: &str| app.get(officer, &path).await;
    // The reporter sees it at once; no desk has it yet.
    let mine = one("contact").await;
    assert_eq!(mine.status, StatusCode::OK, "{}", mine.text());
    assert_eq!(mine.json()["standing_zh"], "收到");
    app.settle().await;
    let desk = alerts(&app, "hutang", "urgent_lead").await;
    assert_eq!(desk.len(), 1, "{desk:?}");
    assert_eq!(
        (&desk[0]["work"], &desk[0]["level"]),
        (&json!("raised"), &json!("red"))
    );
    let sentence = desk[0]["sentence"].as_str().unwrap();
    assert!(sentence.contains("村级联络人上报"), "{sentence}");
    assert!(sentence.contains("出租屋失火"), "{sentence}");
    assert_eq!(alerts(&app, "niutang", "urgent_lead").await.len(), 0);
    assert_eq!(one("contact").await.json()["standing_zh"], "已派到湖塘镇");

    // And back: what became of it, to the one who reported it.
    let alert = desk[0]["id"].as_str().unwrap();
    let version = desk[0]["version"].as_i64().unwrap();
    let acted = app
        .act("hutang", alert, "acknowledgement", version, "a", &json!({}))
        .await;
    assert_eq!(one("contact").await.json()["standing_zh"], "办理中");
    let version = acted.json()["version"].as_i64().unwrap();
    let outcome = json!({ "outcome": "untrue" });
    let acted = app
        .act("hutang", alert, "verification", version, "b", &outcome)
        .await;
    assert_eq!(acted.status, StatusCode::OK, "{}", acted.text());
    let version = acted.json()["version"].as_i64().unwrap();
    let closed = app
        .act("hutang", alert, "closure", version, "c", &json!({}))
        .await;
    assert_eq!(closed.status, StatusCode::OK, "{}", closed.text());
    assert_eq!(one("contact").await.json()["standing_zh"], "办结：不属实");
    assert_eq!(app.breaches().await, Vec::<String>::new());
    // Every look at it is in the ledger.
    let subject = desk[0]["subject"].as_str().unwrap();
    assert_eq!(disclosed(&app, subject, "read_own_leads").await, 4);
}

pub async fn three_reports_of_one_fire_are_one_alert(app: TestApp) {
    people(&app).await;
    let report = async |key: &str, officer: &str, body: &serde_json::Value| {
        let taken = post(&app, officer, LEADS, key, body).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    };
    report("k1", "contact", &fire("出租屋失火")).await;
    app.settle().await;
    app.import(&grid("WG7", "湖塘镇", "吴　某", "老吴家烧了"))
        .await
        .unwrap();
    app.settle().await;
    let mut third = fire("火灾，人没事");
    third["place"] = json!(testkit::app::HUTANG);
    report("k2", "hutang", &third).await;
    app.settle().await;
    let desk = alerts(&app, "hutang", "urgent_lead").await;
    assert_eq!(desk.len(), 1, "{desk:?}");
    let sentence = desk[0]["sentence"].as_str().unwrap();
    assert!(sentence.contains("3人次上报"), "{sentence}");
    // Another town is another person, and so is another name.
    let mut elsewhere = fire("失火");
    elsewhere["place"] = json!(NIUTANG);
    report("k3", "county", &elsewhere).await;
    let mut other = fire("失火");
    other["who"] = json!("陈某");
    report("k4", "contact", &other).await;
    app.settle().await;
    assert_eq!(alerts(&app, "county", "urgent_lead").await.len(), 3);
    // The other way round: the grid first, then the village.
    app.import(&grid("WG8", "湖塘镇", "孙某", "断炊两天"))
        .await
        .unwrap();
    app.settle().await;
    let mut same = fire("孙某家没米了");
    same["who"] = json!("孙某");
    report("k5", "contact", &same).await;
    app.settle().await;
    assert_eq!(alerts(&app, "county", "urgent_lead").await.len(), 4);
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

pub async fn a_repeat_answers_as_the_first_did(app: TestApp) {
    people(&app).await;
    let body = fire("出租屋失火");
    let first = post(&app, "contact", LEADS, "k", &body).await;
    let again = post(&app, "contact", LEADS, "k", &body).await;
    assert_eq!((first.status, &first.bytes), (again.status, &again.bytes));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = post(&app, "contact", LEADS, "k", &fire("另一件事")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.json()["code"], "idempotency.reused");
    let keyless = app.post("contact", LEADS, &[], &body).await;
    assert_eq!(keyless.json()["code"], "idempotency.missing");
    let page = app.get("contact", LEADS).await.json();
    assert_eq!(page["leads"].as_array().unwrap().len(), 1);
    app.settle().await;
    assert_eq!(alerts(&app, "hutang", "urgent_lead").await.len(), 1);
}

pub async fn what_is_foreign_is_refused_like_what_is_unknown(app: TestApp) {
    people(&app).await;
    let at = async |officer: &str, place: &str| {
        let mut body = fire("失火");
        body["place"] = json!(place);
        post(&app, officer, LEADS, &format!("{officer}{place}"), &body).await
    };
    // Another village, another town, no such village, no code at all.
    for place in ["320412100003", NIUTANG, "320412100999", "x", "320412"] {
        let refused = at("contact", place).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{place}");
        assert_eq!(refused.json()["code"], "lead.place", "{place}");
    }
    assert_eq!(at("hutang", NIUTANG).await.json()["code"], "lead.place");
    // A contact who was given a township reaches no village of it.
    assert_eq!(at("village", NANJIE).await.json()["code"], "lead.place");
    // Others' leads: unknown and foreign answer alike, also to a neighbour.
    let taken = at("hutang", NANJIE).await;
    let id = taken.json()["id"].as_str().unwrap().to_owned();
    let unknown = "00000000-0000-4000-8000-000000000000";
    for officer in ["contact", "niutang", "elsewhere", "importer", "village"] {
        let theirs = app.get(officer, &format!("{LEADS}/{id}")).await;
        let nothing = app.get(officer, &format!("{LEADS}/{unknown}")).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{officer}");
        assert_eq!(theirs.bytes, nothing.bytes, "{officer}");
        let page = app.get(officer, LEADS).await.json();
        assert_eq!(page["leads"].as_array().unwrap().len(), 0, "{officer}");
    }
    for officer in ["hutang", "county", "auditor"] {
        assert_eq!(
            app.get(officer, &format!("{LEADS}/{id}")).await.status,
            StatusCode::OK
        );
    }
    // Administrators have no business with it.
    for officer in ["system", "security"] {
        assert_eq!(app.get(officer, LEADS).await.status, StatusCode::FORBIDDEN);
        assert_eq!(at(officer, NANJIE).await.status, StatusCode::FORBIDDEN);
    }
}

pub async fn what_cannot_be_read_is_put_right_on_the_spot(app: TestApp) {
    people(&app).await;
    let mut wrong = super::number(super::PEOPLE[0].1);
    let last = if wrong.ends_with('1') { '2' } else { '1' };
    wrong.pop();
    wrong.push(last);
    let refused = async |change: &dyn Fn(&mut serde_json::Value)| {
        let mut body = fire("失火");
        change(&mut body);
        let answer = post(&app, "contact", LEADS, "k", &body).await;
        assert!(answer.status.is_client_error(), "{}", answer.text());
        answer.json()["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&|b| b["text"] = json!("  ")).await, "lead.text");
    assert_eq!(
        refused(&|b| b["text"] = json!("a\u{202e}b")).await,
        "note.invalid"
    );
    assert_eq!(
        refused(&|b| b["text"] = json!("长".repeat(2001))).await,
        "note.invalid"
    );
    assert_eq!(
        refused(&|b| b["who"] = json!("名".repeat(61))).await,
        "lead.too_long"
    );
    assert_eq!(
        refused(&|b| b["category"] = json!("flood")).await,
        "lead.code"
    );
    assert_eq!(
        refused(&|b| b["resident_id"] = json!(wrong)).await,
        "id.checksum"
    );
    assert_eq!(refused(&|b| b["unknown"] = json!(1)).await, "json.invalid");
    let page = app.get("contact", LEADS).await.json();
    assert_eq!(page["leads"].as_array().unwrap().len(), 0);
    // A telephone that is none is only remarked on; a number names the person.
    let mut body = fire("失火");
    body["phone"] = json!("12");
    body["resident_id"] = json!(super::number(super::PEOPLE[0].1));
    let taken = post(&app, "contact", LEADS, "k2", &body).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    app.settle().await;
    let known = super::person(&app, 0).await;
    let desk = alerts(&app, "hutang", "urgent_lead").await;
    assert_eq!(desk[0]["subject"], subject_of(&known));
}

pub async fn a_reporter_learns_nothing_of_other_reports(app: TestApp) {
    people(&app).await;
    app.import(&grid("WG9", "湖塘镇", "吴某", "邻居许三说老吴欠债5000元"))
        .await
        .unwrap();
    post(&app, "contact", LEADS, "k", &fire("出租屋失火")).await;
    app.settle().await;
    let page = app.get("contact", LEADS).await.text();
    assert!(
        page.contains("出租屋失火") && page.contains("已派到湖塘镇"),
        "{page}"
    );
    let html = app.get("contact", "/village/leads").await.text();
    assert!(
        html.contains("出租屋失火") && html.contains("已派到湖塘镇"),
        "{html}"
    );
    for foreign in ["许三", "5000", "网格", "13800001234"] {
        assert!(
            !page.contains(foreign) && !html.contains(foreign),
            "{foreign}"
        );
    }
    // The desk does read both.
    let desk = alerts(&app, "hutang", "urgent_lead").await;
    assert!(desk[0]["sentence"].as_str().unwrap().contains("许三"));
}

/// The fire brigade's list with somebody without a number.
fn brigade(name: &str, village: &str) -> synth::FeedFile {
    let text = format!(
        "记录编号,事件类别,发生时间,镇街,村(社区),姓名,证件号码,人员身份,伤亡情况,房屋财产损失\n\
        XF1,火灾,2026-11-20,湖塘镇,{village},{name},,受灾人员,无伤亡,烧毁\n"
    );
    TestApp::file("emergency", "incidents", "2026-11-20", 1, None, &text)
}

/// Nothing but a name would join the two lists, and two people have one name:
/// the price is two alerts where it was one fire, which the limits say.
pub async fn one_name_in_two_lists_without_numbers_is_two_alerts(app: TestApp) {
    people(&app).await;
    let village = super::village_of(0);
    let files = [
        brigade("吴某", &village),
        grid("WG1", "湖塘镇", "吴某", "出租屋失火，一家3口无处住"),
        grid("WG2", "湖塘镇", "吴某", "吴某家起火"),
    ];
    for file in &files {
        app.import(file).await.unwrap();
        app.settle().await;
    }
    let leads = alerts(&app, "hutang", "urgent_lead").await;
    let incidents = alerts(&app, "hutang", "incident").await;
    assert_eq!(
        (leads.len(), incidents.len()),
        (1, 1),
        "{leads:?} {incidents:?}"
    );
    for alert in [&leads[0], &incidents[0]] {
        let open = (&alert["condition"], &alert["work"], &alert["level"]);
        assert_eq!(
            open,
            (&json!("holding"), &json!("raised"), &json!("red")),
            "{alert}"
        );
    }
    let sentence = |alert: &serde_json::Value| alert["sentence"].as_str().unwrap().to_owned();
    assert!(sentence(&leads[0]).contains("2人次上报"));
    assert!(
        !sentence(&incidents[0]).contains("无处住"),
        "words of a lead"
    );
    let id = incidents[0]["id"].as_str().unwrap();
    let detail = app.get("hutang", &format!("/alerts/{id}")).await.text();
    assert!(detail.contains("各立对象"), "{detail}");
}

on_both! {
    one_name_in_two_lists_without_numbers_is_two_alerts,
    a_lead_is_on_the_desk_the_day_it_comes,
    three_reports_of_one_fire_are_one_alert,
    a_repeat_answers_as_the_first_did,
    what_is_foreign_is_refused_like_what_is_unknown,
    what_cannot_be_read_is_put_right_on_the_spot,
    a_reporter_learns_nothing_of_other_reports,
}
