//! What makes a day at the desk shorter: one visit for several alerts, lists,
//! colleagues, who has what open, and where wrong data goes.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use testkit::app::TestApp;

use super::browser::{Form, form, forms, text};
use super::{busy, colleague, county, first, state, steps};

/// The visit form of a household with at least this many open alerts: the card
/// on the desk, its alerts, the household.
async fn visit(app: &TestApp, officer: &str, least: usize) -> (Form, Vec<String>, String) {
    let page = app
        .get(officer, "/api/v1/alerts?brief=true&limit=300")
        .await
        .json();
    let mut units: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for alert in page["alerts"].as_array().unwrap() {
        let word = |field: &str| alert[field].as_str().unwrap().to_owned();
        units.entry(word("unit")).or_default().push(word("id"));
    }
    let several = units
        .into_iter()
        .find(|(unit, alerts)| alerts.len() >= least && unit.starts_with('h'));
    let (unit, alerts) = several.expect("a household with several alerts");
    let path = format!("/families/{}", unit.trim_start_matches("h:"));
    let found = forms(&app.get(officer, &path).await.text());
    let form = found.iter().find(|form| form.action == "/visits");
    (form.expect("a visit form").clone(), alerts, path)
}

fn place(form: &Form, alert: &str) -> String {
    let field = form.fields.iter().find(|(_, value)| value == alert);
    let (name, _) = field.expect("the alert is on the form");
    name.trim_start_matches("alert.").to_owned()
}

fn outcome_of(form: Form, alert: &str, outcome: &str) -> Form {
    let name = format!("outcome.{}", place(&form, alert));
    form.with(&name, outcome)
}

/// Nothing chosen yet, as the page comes.
fn blank(form: Form) -> Form {
    let names: Vec<String> = form.fields.iter().map(|(name, _)| name.clone()).collect();
    let choices = names
        .iter()
        .filter(|name| name.starts_with("outcome.") || name.starts_with("record."));
    choices.fold(form, |form, name| form.with(name, ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_visit_settles_several_alerts_and_sending_it_twice_changes_nothing() {
    let app = busy().await;
    let (form, alerts, path) = visit(&app, "county", 2).await;
    // The card of the desk has the same form.
    let desk = app.get("county", "/").await.text();
    let card = forms(&desk);
    let card = card.iter().filter(|form| form.action == "/visits");
    let on_card: Vec<&Form> = card
        .filter(|form| form.fields.iter().any(|(_, value)| *value == alerts[0]))
        .collect();
    assert_eq!(on_card.len(), 1, "one form on the household's card");
    let form = blank(form)
        .with("note", "10时入户，本人在家")
        .with("on", "2026-11-19");
    let form = outcome_of(form, &alerts[0], "untrue");
    let form = outcome_of(form, &alerts[1], "true_assisted");
    for _ in 0..2 {
        let sent = form.send(&app, "county").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
        assert_eq!(sent.headers["location"], format!("{path}?done=visit"));
    }
    assert_eq!(
        steps(&app, &alerts[0]).await,
        ["acknowledge", "verify", "close"]
    );
    assert_eq!(
        steps(&app, &alerts[1]).await,
        ["acknowledge", "verify", "handle", "close"]
    );
    for alert in &alerts[..2] {
        assert_eq!(state(&app, alert).await.0, "closed");
        let page = app.get("county", &format!("/alerts/{alert}")).await.text();
        let page = text(&page);
        assert!(
            page.contains("10时入户，本人在家"),
            "the words stand with each"
        );
        assert!(page.contains("2026-11-19 走访"), "and the day");
    }
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_tells_what_was_taken_and_keeps_the_rest() {
    let app = busy().await;
    let (form, mut alerts, _) = visit(&app, "county", 2).await;
    // The one that cannot be taken comes first: it must not end the rest.
    alerts.truncate(2);
    alerts.sort_by_key(|alert| std::cmp::Reverse(place(&form, alert)));
    let form = blank(form).with("note", "<b>三次</b>上门");
    let form = outcome_of(form, &alerts[0], "untrue");
    // No number: this one cannot be taken, and nothing of it is begun.
    let form = outcome_of(form, &alerts[1], "in_process");
    let sent = form.send(&app, "county").await;
    assert_eq!(sent.status, StatusCode::CONFLICT);
    let page = sent.text();
    assert!(text(&page).contains("办成 1 条，没有办成 1 条"), "{page}");
    assert!(text(&page).contains("须填写受理号"), "{page}");
    assert!(!page.contains("<b>三次"), "typed words are escaped");
    assert_eq!(sent.headers["cache-control"], "no-store");
    assert_eq!(state(&app, &alerts[0]).await.0, "closed");
    assert_eq!(state(&app, &alerts[1]).await.0, "raised");
    let rest = forms(&page);
    let rest = rest.iter().find(|form| form.action == "/visits").unwrap();
    let listed: Vec<_> = rest
        .fields
        .iter()
        .filter(|(n, _)| n.starts_with("alert."))
        .collect();
    assert_eq!(listed, [&("alert.0".to_owned(), alerts[1].clone())]);
    let chosen = page.split("name=\"outcome.0\"").nth(1).unwrap();
    assert!(
        chosen
            .split("</select>")
            .next()
            .unwrap()
            .contains("\"in_process\" selected")
    );
    assert!(
        rest.fields
            .contains(&("note".to_owned(), "<b>三次</b>上门".to_owned()))
    );
    let again = blank(rest.clone()).with("outcome.0", "in_process");
    let again = again
        .with("reference.0", "JM2026-7")
        .with("handled_on.0", "2026-11-18");
    let sent = again.send(&app, "county").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let page = app.get("county", &format!("/alerts/{}", alerts[1])).await;
    let page = text(&page.text());
    assert!(
        page.contains("金民受理号 JM2026-7，金民办理日期 2026-11-18"),
        "{page}"
    );
    // Days that lie ahead are refused, with the rest kept.
    let (other, _) = first(&app, "county", "").await;
    let ahead = super::browser::form(&app, "county", &other, "outcome").await;
    let ahead = ahead.with("outcome", "untrue").with("on", "2026-11-21");
    let refused = ahead.send(&app, "county").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.text().contains("不能晚于今天"),
        "{}",
        refused.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_touches_nothing_of_another_desk() {
    let app = busy().await;
    let (form, alerts, _) = visit(&app, "county", 2).await;
    let form = outcome_of(blank(form), &alerts[0], "untrue");
    let nobody = "00000000-0000-4000-8000-000000000000";
    let at = place(&form, &alerts[0]);
    let unknown = form.clone().with(&format!("alert.{at}"), nobody);
    let answer = form.send(&app, "elsewhere").await;
    let answer_unknown = unknown.send(&app, "elsewhere").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let plain = |page: &str| page.split("<main").nth(1).unwrap().to_owned();
    assert_eq!(plain(&answer.text()), plain(&answer_unknown.text()));
    assert!(!answer.text().contains(&alerts[0]));
    assert_eq!(state(&app, &alerts[0]).await.0, "raised");
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    for body in [
        "colour=red",
        "alert.0=x&colour.0=1",
        "alert.99=x",
        "alert.x=1",
    ] {
        let body = body.as_bytes().to_vec();
        let refused = app
            .call("county", Method::POST, "/visits", &kind, body)
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }
    let auditor = form.send(&app, "auditor").await;
    assert_ne!(auditor.status, StatusCode::SEE_OTHER);
    assert_eq!(state(&app, &alerts[0]).await.0, "raised");
}

async fn looked(app: &TestApp, subject: &str) -> usize {
    let body = json!({ "subject": subject });
    let page = app
        .post("auditor", "/api/v1/ledger/disclosures", &[], &body)
        .await;
    page.json()["disclosures"].as_array().unwrap().len()
}

/// Every row of a list's page ticked.
fn ticked(form: &Form) -> Vec<String> {
    let alerts = form
        .fields
        .iter()
        .filter(|(name, _)| name.starts_with("alert."));
    alerts.map(|(_, alert)| alert.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_villages_list_is_closed_row_by_row_in_one_go() {
    let app = county().await;
    let page = app.get("county", "/lists?policy=job_found").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let html = page.text();
    let list = forms(&html);
    let list = list
        .iter()
        .find(|f| f.action == "/lists" && f.method == "post");
    let list = list.unwrap().clone().with("outcome", "true_assisted");
    let list = list.with("note", "村里统一核对");
    let alerts = ticked(&list);
    assert!(alerts.len() >= 3, "{alerts:?}");
    let view = app
        .get("county", &format!("/api/v1/alerts/{}", alerts[0]))
        .await
        .json();
    let subject = view["alert"]["subject"].as_str().unwrap().to_owned();
    let before = looked(&app, &subject).await;
    app.get("county", "/lists?policy=job_found").await;
    assert!(
        looked(&app, &subject).await > before,
        "the list is in the ledger"
    );
    // All but one are ticked.
    let mut some = list.clone();
    some.fields.retain(|(name, _)| name != "take.0");
    for _ in 0..2 {
        let sent = some.send(&app, "county").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    }
    assert_eq!(state(&app, &alerts[0]).await.0, "raised", "not ticked");
    for alert in &alerts[1..] {
        let expected = ["acknowledge", "verify", "handle", "close"];
        assert_eq!(steps(&app, alert).await, expected);
    }
    // By village: only rows of that village.
    let village = html.split("name=\"village\"").nth(1).unwrap();
    let village = village
        .split("value=\"")
        .nth(2)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let path = format!("/lists?policy=job_found&village={village}");
    let of_village = app.get("county", &path).await;
    assert_eq!(of_village.status, StatusCode::OK);
    let listed = forms(&of_village.text());
    let listed = listed
        .iter()
        .find(|f| f.action == "/lists" && f.method == "post");
    let listed: BTreeSet<String> = listed.into_iter().flat_map(ticked).collect();
    assert!(listed.iter().all(|alert| *alert == alerts[0]));
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_blue_alerts_are_closed_in_lists_and_only_ones_own() {
    let app = county().await;
    let page = app.get("county", "/lists?policy=job_found").await.text();
    let list = forms(&page);
    let list = list
        .iter()
        .find(|f| f.action == "/lists" && f.method == "post");
    let list = list.unwrap().clone();
    let (red, version) = first(&app, "county", "level=red").await;
    let mut hostile = list.clone().with("outcome", "untrue").with("alert.0", &red);
    hostile = hostile.with("version.0", &version.to_string());
    hostile
        .fields
        .retain(|(name, _)| !name.starts_with("take.") || name == "take.0");
    let refused = hostile.send(&app, "county").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text().contains("逐条办理"), "{}", refused.text());
    assert_eq!(state(&app, &red).await.0, "raised");
    // Codes that need particulars are not offered, and not taken.
    let offered = page.split("name=\"outcome\"").nth(1).unwrap();
    let offered = offered.split("</select>").next().unwrap();
    for code in ["in_process", "data_error", "not_ours"] {
        assert!(!offered.contains(code), "{code}");
        let sent = list
            .clone()
            .with("outcome", code)
            .send(&app, "county")
            .await;
        assert_eq!(sent.status, StatusCode::CONFLICT, "{code}");
    }
    let alert = &ticked(&list)[0];
    let foreign = list
        .clone()
        .with("outcome", "untrue")
        .send(&app, "elsewhere")
        .await;
    assert_eq!(foreign.status, StatusCode::CONFLICT);
    assert!(!foreign.text().contains(alert.as_str()));
    let mut nothing = list.with("outcome", "untrue");
    nothing
        .fields
        .retain(|(name, _)| !name.starts_with("take."));
    let sent = nothing.send(&app, "county").await;
    assert_eq!(sent.status, StatusCode::BAD_REQUEST, "nothing ticked");
    assert_eq!(state(&app, alert).await.0, "raised");
    let unknown = app.get("county", "/lists?policy=nonsense").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_handed_to_a_colleague_of_the_desk_and_to_nobody_else() {
    let mut app = county().await;
    let id = colleague(&mut app, "chen", 21, testkit::app::HUTANG).await;
    let (alert, version) = first(&app, "hutang", "").await;
    let page = app.get("hutang", &format!("/alerts/{alert}")).await.text();
    let choices = page.split("id=\"colleague\"").nth(1).unwrap();
    let choices = choices.split("</select>").next().unwrap();
    assert!(choices.contains("chen") && choices.contains("hutang（本人）"));
    for other in ["niutang", "county", "village", "auditor", "importer"] {
        assert!(!choices.contains(other), "{other} is not of this desk");
    }
    let handing = form(&app, "hutang", &alert, "assignment").await;
    let handing = handing.with("to", &id).with("note", "我明天休假");
    for _ in 0..2 {
        let sent = handing.send(&app, "hutang").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    }
    assert_eq!(steps(&app, &alert).await, ["assign"]);
    let page = app.get("hutang", &format!("/alerts/{alert}")).await.text();
    assert!(page.contains("<dd>chen</dd>") && page.contains("我明天休假"));
    let desk = async |query: &str| app.get("hutang", &format!("/?{query}")).await.text();
    let link = format!("/alerts/{alert}\"");
    assert!(desk("").await.contains("经办：chen"), "on the card");
    assert!(!desk("whose=mine").await.contains(&link));
    assert!(!desk("whose=none").await.contains(&link));
    let mine = handing
        .clone()
        .with("to", &app.officers["hutang"].0.id.to_string());
    let mut mine = mine;
    for (name, value) in &mut mine.fields {
        match name.as_str() {
            "version" => *value = (version + 1).to_string(),
            "key" => value.push('x'),
            _ => {}
        }
    }
    let sent = mine.send(&app, "hutang").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert!(desk("whose=mine").await.contains(&link));
    let listed = app
        .get("hutang", "/api/v1/alerts?brief=true&assignee=me")
        .await
        .json();
    assert_eq!(listed["alerts"][0]["id"], alert.as_str());
    // Unknown, foreign and unfit officers are refused alike, by API and page.
    let nobody = "00000000-0000-0000-0000-0000000000ff".to_owned();
    let id_of = |name: &str| app.officers[name].0.id.to_string();
    let mut answers: BTreeSet<Vec<u8>> = BTreeSet::new();
    for to in [nobody, id_of("niutang"), id_of("county"), id_of("village")] {
        let body = json!({ "to": to });
        let key = format!("k{to}");
        let refused = app
            .act("hutang", &alert, "assignment", version + 2, &key, &body)
            .await;
        assert_eq!(
            refused.status,
            StatusCode::BAD_REQUEST,
            "{}",
            refused.text()
        );
        answers.insert(refused.bytes);
    }
    assert_eq!(answers.len(), 1, "alike");
    let foreign = handing.send(&app, "niutang").await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_tells_who_else_has_it_open_and_for_how_long() {
    let mut app = county().await;
    colleague(&mut app, "chen", 21, testkit::app::HUTANG).await;
    let (alert, version) = first(&app, "hutang", "").await;
    let path = format!("/alerts/{alert}");
    let open = async |officer: &str| app.get(officer, &path).await.text();
    let leaves = async || app.deps.store.statistics().await.unwrap().ledger;
    assert!(!open("hutang").await.contains("打开中"), "only oneself");
    let theirs = open("chen").await;
    assert!(
        theirs.contains("正被 hutang（自 2026-11-20 09:00 起）打开中"),
        "{theirs}"
    );
    assert!(open("hutang").await.contains("正被 chen"));
    // Readers who do not work on it are not noted.
    open("auditor").await;
    assert!(!open("chen").await.contains("auditor"));
    // It costs no leaf of its own: a view is one disclosure.
    app.settle().await;
    let before = leaves().await;
    open("chen").await;
    app.settle().await;
    assert_eq!(
        leaves().await,
        before + 1,
        "the disclosure and nothing else"
    );
    // Told again where a form comes too late.
    let mine = form(&app, "hutang", &alert, "outcome")
        .await
        .with("outcome", "untrue");
    let taken = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "x",
            &json!({}),
        )
        .await;
    assert_eq!(taken.status, StatusCode::OK);
    let refused = mine.send(&app, "hutang").await;
    assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
    assert!(refused.text().contains("正被 chen"), "{}", refused.text());
    // Gone after ten minutes, and at once for who has done something.
    app.clock.advance(700);
    assert!(!open("hutang").await.contains("打开中"));
    let done = form(&app, "hutang", &alert, "snooze").await;
    assert_eq!(
        done.send(&app, "hutang").await.status,
        StatusCode::SEE_OTHER
    );
    assert!(!open("chen").await.contains("打开中"));
}

/// Outcome records that the fold of the alert's subject knows.
async fn view(app: &TestApp, alert: &str) -> Json {
    app.get("county", &format!("/api/v1/alerts/{alert}"))
        .await
        .json()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn wrong_data_names_its_record_or_its_list() {
    let app = county().await;
    let (alert, _) = first(&app, "county", "policy=paid_after_death").await;
    let closing = form(&app, "county", &alert, "outcome").await;
    let closing = closing.with("outcome", "data_error");
    let unnamed = closing.clone().with("record", "").with("note", "同名同姓");
    let refused = unnamed.send(&app, "county").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let page = text(&refused.text());
    assert!(
        page.contains("须选出有误的记录") && page.contains("同名同姓"),
        "{page}"
    );
    assert_eq!(state(&app, &alert).await.0, "raised", "nothing was begun");
    let record = closing
        .fields
        .iter()
        .find(|(name, _)| name == "record")
        .unwrap();
    assert!(
        record.1.contains("\"fact\""),
        "records come first: {record:?}"
    );
    for _ in 0..2 {
        let sent = closing.send(&app, "county").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    }
    assert_eq!(
        steps(&app, &alert).await,
        ["acknowledge", "dispute", "close"]
    );
    assert_eq!(view(&app, &alert).await["alert"]["work"], "closed");
    app.settle().await;
    // A list, where no single record is wrong.
    let (other, _) = first(&app, "county", "policy=periodic_check_due").await;
    let closing = form(&app, "county", &other, "outcome").await;
    let closing = closing.with("outcome", "data_error");
    let nowhere = closing
        .clone()
        .with("record", "list:other")
        .with("note", "");
    let refused = nowhere.send(&app, "county").await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "which list is not said"
    );
    let listed = closing.with("record", "list:civil_register");
    let sent = listed.send(&app, "county").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let page = app.get("county", &format!("/alerts/{other}")).await.text();
    assert!(
        page.contains("有误的名册：低收入家庭成员名册（民政）"),
        "{page}"
    );
    // A record of people who have nothing to do with it is refused.
    let (third, version) = first(&app, "hutang", "").await;
    let stranger: domain::ids::Subject = "p:00000000-0000-4000-8000-000000000000".parse().unwrap();
    let body = json!({ "record": {
        "subject": stranger, "fact": "death",
        "key": "0".repeat(32), "revision": { "business_date": "2026-11-01", "sequence": 1 }
    } });
    let taken = app
        .act(
            "hutang",
            &third,
            "acknowledgement",
            version,
            "a",
            &json!({}),
        )
        .await;
    assert_eq!(taken.status, StatusCode::OK);
    let foreign = app
        .act("hutang", &third, "dispute", version + 1, "d", &body)
        .await;
    assert_eq!(
        (foreign.status, &foreign.json()["code"]),
        (StatusCode::BAD_REQUEST, &json!("dispute.record")),
        "{}",
        foreign.text()
    );
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declined_is_left_alone_until_the_facts_change() {
    let app = county().await;
    let (alert, _) = first(&app, "county", "policy=nursing_subsidy").await;
    let closing = form(&app, "county", &alert, "outcome").await;
    let closing = closing.with("outcome", "declined").with("record", "");
    let closing = closing.with("note", "本人书面放弃");
    assert_eq!(
        closing.send(&app, "county").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        steps(&app, &alert).await,
        ["acknowledge", "verify", "close"]
    );
    for days in [40, 200] {
        app.clock.advance(days * 24 * 3600);
        app.settle().await;
        let (work, _) = state(&app, &alert).await;
        assert_eq!(work, "closed", "after {days} days");
    }
}
