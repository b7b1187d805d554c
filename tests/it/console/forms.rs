//! Forms: every action without a script, repeats, conflicts, hostile words,
//! searches and the export.

use axum::http::{Method, StatusCode};
use serde_json::json;
use testkit::app::{HUTANG, TestApp};

use super::browser::{form, forms, text};
use super::{county, first, samples, state, steps as actions};

/// Sends a form and expects to be sent on.
async fn take(app: &TestApp, officer: &str, alert: &str, noun: &str, fields: &[(&str, &str)]) {
    let mut form = form(app, officer, alert, noun).await;
    for (name, value) in fields {
        form = form.with(name, value);
    }
    let answer = form.send(app, officer).await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "{noun}: {}",
        answer.text()
    );
    let address = answer.headers["location"].to_str().unwrap();
    let page = app.get(officer, address).await;
    assert_eq!(page.status, StatusCode::OK, "{address}");
    assert!(page.text().contains("class=\"done\""), "{address} says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_a_plain_form() {
    let app = county().await;
    let (alert, _) = first(&app, "hutang", "").await;
    take(&app, "hutang", &alert, "acknowledgement", &[]).await;
    take(
        &app,
        "hutang",
        &alert,
        "snooze",
        &[("note", "住院，出院后再访")],
    )
    .await;
    take(&app, "hutang", &alert, "return", &[]).await;
    assert_eq!(
        app.get("hutang", &format!("/alerts/{alert}")).await.status,
        StatusCode::NOT_FOUND
    );
    take(&app, "county", &alert, "placement", &[("township", HUTANG)]).await;
    take(
        &app,
        "hutang",
        &alert,
        "outcome",
        &[("outcome", "untrue"), ("note", "本人在世")],
    )
    .await;
    assert_eq!(state(&app, &alert).await.0, "closed");
    take(&app, "hutang", &alert, "reopening", &[]).await;
    take(&app, "hutang", &alert, "acknowledgement", &[]).await;
    // The two steps of 属实 one by one, as the API allows.
    let (_, version) = state(&app, &alert).await;
    let body = json!({ "outcome": "true_covered" });
    let verified = app
        .act("hutang", &alert, "verification", version, "v", &body)
        .await;
    assert_eq!(verified.status, StatusCode::OK, "{}", verified.text());
    take(&app, "hutang", &alert, "handling", &[]).await;
    take(&app, "hutang", &alert, "closure", &[]).await;
    take(&app, "hutang", &alert, "reopening", &[]).await;
    take(&app, "hutang", &alert, "acknowledgement", &[]).await;
    take(&app, "hutang", &alert, "dispute", &[]).await;
    assert_eq!(state(&app, &alert).await.0, "verified");
    take(
        &app,
        "hutang",
        &alert,
        "outcome",
        &[("outcome", "data_error")],
    )
    .await;
    assert_eq!(state(&app, &alert).await.0, "closed");
    let desk = app.get("county", "/").await.text();
    let card = forms(&desk);
    let from_card = card.iter().find(|f| f.action.ends_with("/acknowledgement"));
    let answer = from_card.unwrap().send(&app, "county").await;
    assert_eq!(answer.headers["location"], "/?done=acknowledgement");
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_form_closes_an_alert_and_sending_it_twice_changes_nothing() {
    let app = county().await;
    let (alert, _) = first(&app, "hutang", "").await;
    let closing = form(&app, "hutang", &alert, "outcome").await;
    let missing = closing.clone().with("outcome", "in_process");
    let missing = missing.with("note", "已在金民").send(&app, "hutang").await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    assert!(
        text(&missing.text()).contains("已在金民"),
        "the words are kept"
    );
    assert_eq!(state(&app, &alert).await.0, "raised", "nothing was begun");
    let closing = closing
        .with("outcome", "in_process")
        .with("reference", "JM-1");
    for _ in 0..2 {
        let answer = closing.send(&app, "hutang").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    }
    let done = actions(&app, &alert).await;
    assert_eq!(done, ["acknowledge", "verify", "handle", "close"]);
    let (other, _) = first(&app, "hutang", "").await;
    take(
        &app,
        "hutang",
        &other,
        "outcome",
        &[("outcome", "not_ours")],
    )
    .await;
    let done = actions(&app, &other).await;
    assert_eq!(done, ["acknowledge", "verify", "return"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_shows_what_changed_and_keeps_the_words() {
    let app = county().await;
    let (alert, _) = first(&app, "hutang", "").await;
    let mine = form(&app, "hutang", &alert, "outcome").await;
    let mine = mine
        .with("outcome", "unverifiable")
        .with("note", "三次\"上门\"<无人>");
    let (_, version) = state(&app, &alert).await;
    let body = json!({ "note": "县里先看" });
    let theirs = app
        .act("county", &alert, "acknowledgement", version, "x", &body)
        .await;
    assert_eq!(theirs.status, StatusCode::OK);
    let refused = mine.send(&app, "hutang").await;
    assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
    let page = refused.text();
    assert!(!page.contains("<无人>"), "typed words are escaped");
    for words in ["县里先看", "签收", "三次\"上门\"<无人>", "什么也没有覆盖"] {
        assert!(text(&page).contains(words), "{words}: {page}");
    }
    assert_eq!(refused.headers["cache-control"], "no-store");
    assert_eq!(state(&app, &alert).await.0, "acknowledged");
    // The form on the page goes on from there, with the same words.
    let again = forms(&page);
    let again = again
        .iter()
        .find(|f| f.action.ends_with("/outcome"))
        .unwrap();
    let outcome = again.fields.iter().find(|(name, _)| name == "outcome");
    assert!(outcome.is_some());
    let again = again.clone().with("outcome", "unverifiable");
    let answer = again.send(&app, "hutang").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert_eq!(
        actions(&app, &alert).await,
        ["acknowledge", "verify", "close"]
    );
    let timeline = app.get("hutang", &format!("/alerts/{alert}")).await.text();
    assert!(text(&timeline).contains("三次\"上门\"<无人>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_are_shown_as_words() {
    let app = county().await;
    let (alert, _) = first(&app, "hutang", "").await;
    let hostile = "<svg onload=alert(1)> {{7*7}} <a href=\"javascript:x\">'";
    take(&app, "hutang", &alert, "snooze", &[("note", hostile)]).await;
    let page = app.get("hutang", &format!("/alerts/{alert}")).await.text();
    assert!(
        !page.contains("<svg") && !page.contains("<a href=\"javascript"),
        "{page}"
    );
    assert!(text(&page).contains(hostile), "shown as written");
    // In an attribute: the search box gives back what was typed.
    let search = forms(&app.get("hutang", "/families").await.text());
    let search = search
        .iter()
        .find(|f| f.action == "/families/search")
        .unwrap();
    let typed = "王\"><script>x</script>";
    let page = search
        .clone()
        .with("text", typed)
        .send(&app, "hutang")
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text().contains("<script>"), "{}", page.text());
    assert!(text(&page.text()).contains(typed));
    // Control characters are refused, with the words kept.
    let snooze = form(&app, "hutang", &alert, "return").await;
    let refused = snooze.with("note", "a\u{202e}b").send(&app, "hutang").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/alerts/{alert}/return");
    let unknown = b"version=1&key=k&colour=red".to_vec();
    let answer = app
        .call("hutang", Method::POST, &path, &kind, unknown)
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "an unknown field");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_stay_out_of_addresses_and_exports_are_logged() {
    let app = county().await;
    let register = app.get("hutang", "/families").await.text();
    let all = forms(&register);
    let search = all.iter().find(|f| f.action == "/families/search").unwrap();
    let row = register
        .split("<th scope=\"row\"><a href=\"")
        .nth(1)
        .unwrap();
    let (link, rest) = row.split_once("\">").unwrap();
    let link = link.split('"').next().unwrap();
    let name = rest.split("</a>").next().unwrap();
    let found = search.clone().with("text", name).send(&app, "hutang").await;
    assert_eq!(found.status, StatusCode::OK);
    assert!(
        found.text().contains("<a href=\"/persons/"),
        "{}",
        found.text()
    );
    for part in found.text().split("href=\"").skip(1) {
        let address = part.split('"').next().unwrap();
        assert!(address.is_ascii() && !address.contains('%'), "{address}");
    }
    let neighbour = search
        .clone()
        .with("text", name)
        .send(&app, "niutang")
        .await;
    assert!(
        !neighbour.text().contains("/persons/"),
        "{}",
        neighbour.text()
    );

    let export = all.iter().find(|f| f.action == "/families/export").unwrap();
    // More than a hundred people: another person of the county releases it.
    let asked = export.send(&app, "hutang").await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    let of = async |officer: &str, noun: &str| {
        let page = forms(&app.get(officer, "/exports").await.text());
        let form = page.into_iter().find(|form| form.action.ends_with(noun));
        form.unwrap().send(&app, officer).await
    };
    assert_eq!(
        of("county", "/approval").await.status,
        StatusCode::SEE_OTHER
    );
    let file = of("hutang", "/file").await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.text());
    assert!(file.bytes.starts_with(b"PK"), "a workbook");
    assert_eq!(file.headers["cache-control"], "no-store");
    let unit = format!("h:{}", link.rsplit('/').next().unwrap());
    let body = json!({ "subject": unit });
    let looked = app
        .post("auditor", "/api/v1/ledger/disclosures", &[], &body)
        .await
        .json();
    assert_eq!(
        looked["disclosures"][0]["purpose"], "export_home_visit",
        "{looked}"
    );
    assert_eq!(
        export.send(&app, "auditor").await.status,
        StatusCode::FORBIDDEN
    );
    let without = export.clone().with("purpose", "");
    let refused = without.send(&app, "hutang").await;
    assert_eq!(
        refused.status,
        StatusCode::BAD_REQUEST,
        "no purpose, no file"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_county_releases_and_places_from_its_page() {
    let app = samples().await;
    let page = app.get("county", "/county").await.text();
    for word in [
        "未签收",
        "办理中",
        "超期",
        "无法核实",
        "属实率",
        "<svg",
        "<caption>",
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert!(page.contains("法定义务人登记") && page.contains("未收到：一律按不知道处理"));
    let all = forms(&page);
    for (noun, after) in [("release", "raised"), ("placement", "raised")] {
        let form = all
            .iter()
            .find(|form| form.action.starts_with("/alerts/") && form.action.ends_with(noun));
        let form = form.unwrap();
        let sent = form.send(&app, "county").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
        let alert = form.action.split('/').nth(2).unwrap();
        assert_eq!(sent.headers["location"], format!("/county?done={noun}"));
        assert_eq!(state(&app, alert).await.0, after);
        let refused = form.send(&app, "hutang").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{noun}");
    }
}
