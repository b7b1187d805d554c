//! The village contact's pages without JavaScript: what they show, what a tap
//! does, what is in the ledger afterwards.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use axum::http::{Method, StatusCode};
use testkit::app::{NANJIE, TestApp};
use testkit::call::Answer;

use super::{alerts, disclosed, on_both, people, person, roster, subject_of};

/// A posted form, as a browser sends it.
async fn send(app: &TestApp, officer: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let encoded = |text: &str| -> String {
        let byte = |b: u8| format!("%{b:02X}");
        text.bytes().map(byte).collect()
    };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(n, v)| format!("{n}={}", encoded(v)))
        .collect();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    app.call(
        officer,
        Method::POST,
        path,
        &kind,
        pairs.join("&").into_bytes(),
    )
    .await
}

/// The value of the first hidden key of a page.
fn key(page: &str) -> String {
    let rest = page.split("name=\"key\" value=\"").nth(1).expect("a key");
    rest.split('"').next().unwrap().to_owned()
}

fn goes_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.headers["location"].to_str().unwrap()
}

pub async fn a_contact_finds_calls_and_visits(app: TestApp) {
    people(&app).await;
    assert_eq!(goes_to(&app.get("contact", "/").await), "/village");
    let off = app.get("contact", "/village").await;
    assert!(off.text().contains("未开通"), "{}", off.text());
    roster(&app, "2026-11-15").await;
    let wang = person(&app, 0).await;
    let answer = app.get("contact", "/village").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let page = answer.text();
    assert!(
        page.contains("应访 <strong>2</strong>，已访 <strong>0</strong>，还差 <strong>2</strong>"),
        "{page}"
    );
    // Masked until a look that is entered; nobody of another village.
    assert!(page.contains("王**") && !page.contains("王秀英"), "{page}");
    for foreign in ["张福根", "张**", "赵阿大", "99990119"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(!page.contains("<script>"), "works without JavaScript");
    assert_eq!(
        disclosed(&app, &subject_of(&wang), "read_care_visits").await,
        1
    );
    let called = send(
        &app,
        "contact",
        &format!("/village/people/{wang}/phone"),
        &[],
    )
    .await;
    assert_eq!(called.status, StatusCode::OK, "{}", called.text());
    assert!(called.text().contains("王秀英") && called.text().contains("已留痕"));
    assert_eq!(
        disclosed(&app, &subject_of(&wang), "read_care_visits").await,
        2
    );
    let zhang = person(&app, 2).await;
    let foreign = send(
        &app,
        "contact",
        &format!("/village/people/{zhang}/phone"),
        &[],
    )
    .await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);

    // One tap; pressed twice it is one visit.
    let path = format!("/village/people/{wang}/visit");
    let fields = [
        ("key", key(&page)),
        ("answer", "needs_help".to_owned()),
        ("health_changed", "1".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    for _ in 0..2 {
        assert_eq!(
            goes_to(&send(&app, "contact", &path, &fields).await),
            "/village?done=visit"
        );
    }
    app.settle().await;
    let page = app.get("contact", "/village?done=visit").await.text();
    assert!(
        page.contains("已记下这次探访") && page.contains("已访 <strong>1</strong>"),
        "{page}"
    );
    assert_eq!(alerts(&app, "hutang", "visit_needs_help").await.len(), 1);
    let visits = app
        .get("hutang", &format!("/api/v1/visits?person={wang}"))
        .await
        .json();
    assert_eq!(visits["visits"].as_array().unwrap().len(), 1, "{visits}");

    // The township and the county read the week; names in full, no ranking.
    let week = app.get("hutang", "/visits").await.text();
    assert!(
        week.contains("李桂兰") && week.contains("2026-W47"),
        "{week}"
    );
    assert!(
        app.get("county", "/visits?week=2026-W46")
            .await
            .text()
            .contains("缺")
    );
    let masked = app.get("auditor", "/visits").await.text();
    assert!(
        masked.contains("李**") && !masked.contains("李桂兰"),
        "{masked}"
    );
}

pub async fn a_lead_takes_six_fields_and_a_minute(app: TestApp) {
    people(&app).await;
    let page = app.get("contact", "/village/leads/new").await.text();
    let asked = ["text", "who", "place", "category", "urgency", "phone"];
    let form = page.split("action=\"/village/leads\"").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    assert_eq!(
        form.matches(" name=\"").count(),
        asked.len() + 1,
        "six and the key"
    );
    assert_eq!(form.matches(" required").count(), 1);
    let fields = [
        ("key", key(&page)),
        ("text", "独居老人两天没开门".to_owned()),
        ("who", "老周".to_owned()),
        ("place", NANJIE.to_owned()),
        ("category", "unattended".to_owned()),
        ("urgency", "urgent".to_owned()),
        ("phone", String::new()),
    ];
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let sent = send(&app, "contact", "/village/leads", &fields).await;
    assert_eq!(goes_to(&sent), "/village/leads?done=lead");
    app.settle().await;
    let mine = app.get("contact", "/village/leads?done=lead").await.text();
    for words in ["线索已收到", "独居老人两天没开门", "老周", "已派到湖塘镇"]
    {
        assert!(mine.contains(words), "{words}: {mine}");
    }
    let desk = alerts(&app, "hutang", "urgent_lead").await;
    let subject = desk[0]["subject"].as_str().unwrap().to_owned();
    assert_eq!(disclosed(&app, &subject, "read_own_leads").await, 1);
    // What cannot be taken comes back with what was typed.
    fields[1].1 = " ";
    fields[3].1 = "320412100003";
    let back = send(&app, "contact", "/village/leads", &fields).await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
    assert!(back.text().contains("请写明发生了什么") && back.text().contains("老周"));
    // Administrators have none of these pages.
    for officer in ["system", "security"] {
        for path in ["/village", "/village/leads/new", "/visits"] {
            assert_eq!(
                app.get(officer, path).await.status,
                StatusCode::FORBIDDEN,
                "{officer} {path}"
            );
        }
    }
}

on_both! {
    a_contact_finds_calls_and_visits,
    a_lead_takes_six_fields_and_a_minute,
}
