//! Rows of the abuse tables that no other test holds, one test each, named by
//! its row. What does not apply here and why stands with the test nearest to it.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use pipeline::account::administer::{self, Act, NewAccount};
use serde_json::{Value as Json, json};
use store::commit::{Commit, CommitKind, Write};
use testkit::app::{COUNTY, HUTANG, NANJIE, TestApp};
use testkit::call::Answer;

use super::{FORM, county, somebody};
use crate::matrix::fill;

/// Q06: a caller that cannot read any of our formats is told, by every
/// operation, before anything is looked up.
#[tokio::test(flavor = "multi_thread")]
async fn q06_who_cannot_read_the_answer_is_told() {
    let app = TestApp::sqlite().await;
    let document = serde_json::to_value(api::openapi()).unwrap();
    let asked = async |path: &str, accept: &str| {
        let headers = [("accept", accept)];
        app.call("county", Method::GET, path, &headers, vec![])
            .await
    };
    let mut refused = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/") || methods.get("get").is_none() {
            continue;
        }
        let answer = asked(path, "application/xml, image/png;q=0.9").await;
        assert_eq!(answer.status, StatusCode::NOT_ACCEPTABLE, "{path}");
        assert_eq!(answer.json()["code"], "accept.format", "{path}");
        refused += 1;
    }
    assert!(refused > 20, "{refused}");
    for accept in [
        "*/*",
        "application/json",
        "application/*;q=0.5",
        "text/html,application/xhtml+xml,*/*;q=0.8",
    ] {
        let answer = asked("/api/v1/alerts", accept).await;
        assert_eq!(answer.status, StatusCode::OK, "{accept}");
    }
    // Pages are for browsers, which take anything in the end.
    let page = asked("/policies", "application/xml").await;
    assert_eq!(page.status, StatusCode::OK);
}

/// Q01: no operation passes over a parameter it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn q01_no_operation_passes_over_what_it_does_not_know() {
    let app = TestApp::sqlite().await;
    let document = serde_json::to_value(api::openapi()).unwrap();
    let id = "00000000-0000-4000-8000-000000000000";
    let mut refused = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path.replace("{id}", id);
            if !path.starts_with("/api/") {
                continue;
            }
            for officer in ["county", "importer"] {
                let asked = format!("{path}?colour=red");
                let answer = app.call(officer, method.clone(), &asked, &[], vec![]).await;
                let code = answer.json()["code"].clone();
                // Who may not ask at all is told that first, or this.
                let is_barred = answer.status == StatusCode::FORBIDDEN;
                assert!(
                    is_barred || answer.status == StatusCode::BAD_REQUEST,
                    "{method} {path} as {officer}: {} {code}",
                    answer.status
                );
                refused += usize::from(code == "param.invalid");
            }
        }
    }
    assert!(refused > 80, "{refused}");
}

/// Q19: nothing of a feed is ever taken away, so no cursor is too old. (There is
/// no `cursor.expired`.)
#[tokio::test(flavor = "multi_thread")]
async fn q19_a_cursor_of_years_ago_reads_on_without_a_hole() {
    let app = county().await;
    let page = app.get("county", "/api/v1/alerts/feed?limit=1").await;
    let cursor = page.json()["next"].as_str().unwrap().to_owned();
    let read = async || {
        let path = format!("/api/v1/alerts/feed?limit=500&after={cursor}");
        let page = app.get("county", &path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text());
        page.json()["entries"].as_array().unwrap().clone()
    };
    let before = read().await;
    assert!(before.len() > 3, "{}", before.len());
    app.clock.set("2029-11-20".parse().unwrap());
    app.settle().await;
    let after = read().await;
    assert_eq!(after[..before.len()], before, "three years later");
    let all = app.get("county", "/api/v1/alerts/feed?limit=500").await;
    assert_eq!(all.json()["entries"][0]["position"], 1);
}

/// Q20: a cursor of the time before a restore, for everyone who follows: feed,
/// stream, replay. Each is told where to begin again, and beginning there works.
#[tokio::test(flavor = "multi_thread")]
async fn q20_a_cursor_from_before_a_restore_is_gone() {
    let app = county().await;
    let feed = "/api/v1/alerts/feed?limit=5";
    let page = app.get("county", feed).await.json();
    let cursor = page["next"].as_str().unwrap().to_owned();
    assert!(cursor.starts_with("e1."), "{cursor}");
    // What a restore writes.
    let epoch = Write::Setting {
        key: "epoch".to_owned(),
        value: "e2".to_owned(),
    };
    let restored = super::administered(epoch);
    app.deps.store.commit(&restored).await.unwrap();
    for path in [
        format!("{feed}&after={cursor}"),
        format!("/api/v1/alerts/stream?after={cursor}"),
    ] {
        let gone = app.get("county", &path).await;
        assert_eq!(gone.status, StatusCode::GONE, "{path}: {}", gone.text());
        let told = gone.json();
        assert_eq!(told["code"], "cursor.epoch_changed", "{path}");
        let how = told["detail"].as_str().unwrap();
        assert!(how.contains("from the beginning"), "{how}");
    }
    let last = [("last-event-id", cursor.as_str())];
    let stream = "/api/v1/alerts/stream";
    let gone = app.call("county", Method::GET, stream, &last, vec![]).await;
    assert_eq!(gone.status, StatusCode::GONE);
    let again = app.get("county", feed).await.json();
    assert_eq!(again["entries"], page["entries"]);
    assert!(again["next"].as_str().unwrap().starts_with("e2."));
    // A tag of the old time is no tag of the new one.
    let tag = format!("\"{cursor}.{}\"", app.officers["county"].0.id);
    let headers = [("if-none-match", tag.as_str())];
    let polled = app
        .call("county", Method::GET, feed, &headers, vec![])
        .await;
    assert_eq!(polled.status, StatusCode::OK);
}

/// What an officer counts, by township.
async fn counted(app: &TestApp, officer: &str) -> Vec<(Json, i64)> {
    let page = app.get(officer, "/api/v1/alerts/counts").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let counts = page.json()["counts"].as_array().unwrap().clone();
    let one = |count: Json| (count["township"].clone(), count["count"].as_i64().unwrap());
    counts.into_iter().map(one).collect()
}

/// Q21: no count isolates a foreign person. A count is of one's own desk, takes
/// no condition, and agrees with the list; lists with a condition on somebody
/// foreign are empty, with the total of the page too.
#[tokio::test(flavor = "multi_thread")]
async fn q21_no_count_isolates_a_foreign_person() {
    let app = TestApp::sqlite().await;
    fill(&app, 5, 320).await;
    let (person, alert, _) = somebody(&app).await;
    let view = app
        .get("hutang", &format!("/api/v1/alerts/{alert}"))
        .await
        .json();
    let unit = view["alert"]["unit"].as_str().unwrap().to_owned();
    let all = counted(&app, "county").await;
    let whole: i64 = all.iter().map(|(_, count)| count).sum();
    for officer in ["hutang", "niutang"] {
        let own = counted(&app, officer).await;
        let total: i64 = own.iter().map(|(_, count)| count).sum();
        let work = "held,raised,acknowledged,verified,handled,closed";
        let path = format!("/api/v1/alerts?brief=true&limit=500&work={work}");
        let listed = app.get(officer, &path).await.json();
        let listed = listed["alerts"].as_array().unwrap().len();
        assert_eq!(total, i64::try_from(listed).unwrap(), "{officer}");
        assert!(total > 0 && total < whole, "{officer}: {total} of {whole}");
    }
    assert!(counted(&app, "elsewhere").await.is_empty());
    for condition in [
        format!("unit={unit}"),
        format!("person={person}"),
        "policy=paid_after_death".to_owned(),
        format!("township={HUTANG}"),
    ] {
        let path = format!("/api/v1/alerts/counts?{condition}");
        let refused = app.get("niutang", &path).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{condition}");
        // A list that takes the condition has nobody of another desk.
        let path = format!("/api/v1/alerts?{condition}&work=held,raised,closed");
        let listed = app.get("niutang", &path).await;
        assert!(!listed.text().contains(&alert), "{condition}");
    }
    let page = app
        .get("niutang", &format!("/families?township={HUTANG}"))
        .await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

/// Takes an importer of one department more.
async fn department(app: &TestApp, number: u128, source: &str) -> String {
    let officer = Officer {
        id: OfficerId::from_uuid(uuid::Uuid::from_u128(number)),
        name: source.to_owned(),
        role: Role::Importer,
        regions: vec![DivisionCode::parse(COUNTY).unwrap()],
        sources: vec![source.to_owned()],
    };
    let token = format!("token-of-{source}-alone");
    let writes = vec![
        Write::Token {
            digest: app.deps.vault.token_digest(&token),
            officer: officer.id,
            expires_at: None,
        },
        Write::Officer(officer),
    ];
    app.deps.store.commit(&commit(app, writes)).await.unwrap();
    token
}

fn commit(app: &TestApp, writes: Vec<Write>) -> Commit {
    Commit {
        kind: CommitKind::Administration,
        partition: None,
        at: app.deps.clock.now(),
        actor: "test".to_owned(),
        lease: None,
        guards: vec![],
        writes,
        answer: None,
    }
}

/// Asks with a token of one's own.
async fn bearing(app: &TestApp, token: &str, method: Method, path: &str, body: &[u8]) -> Answer {
    let value = format!("Bearer {token}");
    let headers = [("authorization", value.as_str())];
    app.call("", method, path, &headers, body.to_vec()).await
}

/// T17, with the credential that machines have here, a token: a department
/// sends as itself and sees its own imports, whoever else sends to the same
/// address. (Client certificates end at the proxy.)
#[tokio::test(flavor = "multi_thread")]
async fn t17_a_department_sends_and_sees_only_its_own() {
    let app = county().await;
    let police = department(&app, 90, "police").await;
    let all = app
        .get("importer", "/api/v1/imports?limit=500")
        .await
        .json();
    let all = all["imports"].as_array().unwrap().clone();
    let list = bearing(&app, &police, Method::GET, "/api/v1/imports?limit=500", b"").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text());
    let own = list.json()["imports"].as_array().unwrap().clone();
    assert!(!own.is_empty() && own.len() < all.len());
    assert!(own.iter().all(|import| import["source"] == "police"));
    let foreign = all.iter().find(|import| import["source"] != "police");
    let foreign = foreign.unwrap()["id"].as_str().unwrap().to_owned();
    let nobody = "00000000-0000-4000-8000-000000000000";
    for what in ["", "/rows", "/returned"] {
        let ask = async |id: &str| {
            let path = format!("/api/v1/imports/{id}{what}");
            let answer = bearing(&app, &police, Method::GET, &path, b"").await;
            (answer.status, answer.bytes)
        };
        let theirs = ask(&foreign).await;
        assert_eq!(theirs.0, StatusCode::NOT_FOUND, "{what}");
        assert_eq!(theirs, ask(nobody).await, "{what}");
    }
    for (source, dataset) in [("payments", "payments"), ("police", "payments")] {
        let path = format!(
            "/api/v1/imports?source={source}&dataset={dataset}&business_date=2026-11-19&sequence=9&scope=320412&file_name=x.csv"
        );
        let sent = bearing(&app, &police, Method::POST, &path, b"x\n").await;
        assert!(sent.status.is_client_error(), "{source} {dataset}");
    }
    let after = app
        .get("importer", "/api/v1/imports?limit=500")
        .await
        .json();
    assert_eq!(after["imports"].as_array().unwrap().len(), all.len());
}

/// T18, with tokens: one that has run out, was taken back, was never given or is
/// another kind of credential opens nothing, and nothing tells which it was.
#[tokio::test(flavor = "multi_thread")]
async fn t18_tokens_that_are_not_live_are_answered_alike() {
    let app = TestApp::sqlite().await;
    let (officer, _) = app.officers["county"].clone();
    let give = async |token: &str, seconds: i64| {
        let token = Write::Token {
            digest: app.deps.vault.token_digest(token),
            officer: officer.id,
            expires_at: Some(app.deps.clock.now().plus_seconds(seconds)),
        };
        app.deps
            .store
            .commit(&commit(&app, vec![token]))
            .await
            .unwrap();
    };
    give("short", 60).await;
    give("taken-back", 3_600).await;
    let ask = async |value: &str| {
        let headers = [("authorization", value)];
        app.call("", Method::GET, "/api/v1/alerts", &headers, vec![])
            .await
    };
    for token in ["Bearer short", "Bearer taken-back"] {
        assert_eq!(ask(token).await.status, StatusCode::OK, "{token}");
    }
    app.clock.advance(60);
    let digest = app.deps.vault.token_digest("taken-back");
    let revoked = commit(&app, vec![Write::TokenRevoked { digest }]);
    app.deps.store.commit(&revoked).await.unwrap();
    let mut answers = Vec::new();
    for value in [
        "Bearer short",
        "Bearer taken-back",
        "Bearer made-up",
        "Bearer ",
        "Bearer token-of-county ,",
        "Basic Y291bnR5OmNvdW50eQ==",
        "bearer token-of-county",
        "token-of-county",
    ] {
        let refused = ask(value).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{value}");
        answers.push((value, refused.bytes));
    }
    assert!(answers.iter().all(|(_, bytes)| *bytes == answers[0].1));
}

/// One wrong login of somebody from somewhere.
async fn try_login(app: &TestApp, login: &str, password: &str, address: &str) -> Answer {
    let headers = [
        FORM,
        ("x-real-ip", address),
        ("host", "hearth.example"),
        ("sec-fetch-site", "same-origin"),
    ];
    let body = format!("login={login}&password={password}");
    app.call("", Method::POST, "/login", &headers, body.into())
        .await
}

/// T08: one wrong password on a thousand accounts, from one address and from a
/// thousand. No account is locked by it, nearly all tries are slowed, and people
/// who log in as they always do get in.
#[tokio::test(flavor = "multi_thread")]
async fn t08_one_password_on_a_thousand_accounts_is_slowed() {
    let slowed = |answer: &Answer| {
        let is_slowed = answer.status == StatusCode::TOO_MANY_REQUESTS;
        assert!(!is_slowed || answer.headers.contains_key("retry-after"));
        assert!(is_slowed || answer.status == StatusCode::UNAUTHORIZED);
        usize::from(is_slowed)
    };
    for spread in [false, true] {
        let app = TestApp::sqlite().await;
        let local = Act {
            by: "local",
            second: None,
        };
        let new = NewAccount {
            officer: Officer {
                id: OfficerId::from_uuid(uuid::Uuid::from_u128(0xacc)),
                ..app.officers["hutang"].0.clone()
            },
            login: "user.7",
            holder: None,
        };
        let made = administer::add(&app.deps, &local, new).await.unwrap();
        let password = made.to_string();
        let office = "10.9.9.9";
        let enters = async || try_login(&app, "user.7", &password, office).await.status;
        assert_eq!(enters().await, StatusCode::SEE_OTHER);
        let mut held = 0;
        for number in 0..1_000 {
            let address = if spread {
                format!("172.16.{}.{}", number / 250, number % 250)
            } else {
                "172.16.0.1".to_owned()
            };
            let login = format!("user.{number}");
            held += slowed(&try_login(&app, &login, "Spring-2026-a", &address).await);
        }
        let least = if spread { 790 } else { 975 };
        assert!(held >= least, "{held} of 1000 were slowed, spread {spread}");
        assert_eq!(enters().await, StatusCode::SEE_OTHER, "spread {spread}");
    }
}

/// K11: five hundred alerts with all the words a report can hold. What is long
/// is cut on the page and whole on its own; longer names do not get in.
#[tokio::test(flavor = "multi_thread")]
async fn k11_five_hundred_long_alerts_are_one_page() {
    let app = TestApp::sqlite().await;
    let words = "屋顶漏雨".repeat(490);
    let mut text = "线索编号,上报时间,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,线索类别,紧急程度,情况描述,关联12345工单号\n".to_owned();
    for number in 0..500 {
        let name = format!(
            "{}{}",
            "长".repeat(90),
            char::from_u32(0x4e00 + number).unwrap()
        );
        let row = format!("WG{number},2026-11-20,湖塘镇,,{name},,,,,其他,急,{words},\n");
        text.push_str(&row);
    }
    let file = TestApp::file("grid", "leads", "2026-11-20", 1, None, &text);
    let taken = app.import(&file).await.unwrap().import.counts;
    assert_eq!(taken.rejected, 0, "{taken:?}");
    let enormous = format!(
        "线索编号,上报时间,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,线索类别,紧急程度,情况描述,关联12345工单号\n\
         WG900,2026-11-20,湖塘镇,,{},,,,,其他,急,屋顶漏雨,\n",
        "王".repeat(200 * 1024 / 3)
    );
    let file = TestApp::file("grid", "leads", "2026-11-20", 2, None, &enormous);
    let refused = app.import(&file).await.map(|taken| taken.import.counts);
    assert!(
        !refused.as_ref().is_ok_and(|counts| counts.accepted > 0),
        "{refused:?}"
    );
    app.settle().await;
    let page = app.get("hutang", "/").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let html = page.text();
    let shown = html.matches("…（已截断）").count();
    assert!(shown >= 55, "{shown} are cut");
    assert!(!html.contains(&words), "no report is shown in full here");
    // What does not fit is one link further, and nothing stands on both pages.
    let links = |html: &str| -> BTreeSet<String> {
        let all = html.split("href=\"/alerts/").skip(1);
        all.map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    let (_, more) = html.split_once("id=\"more\"").expect("a link to the rest");
    let more = more.split("href=\"").nth(1).unwrap().split('"').next();
    let further = more.unwrap().replace("&#38;", "&");
    let further = app.get("hutang", &further).await.text();
    let (first, second) = (links(&html), links(&further));
    assert!(first.len() >= 55 && second.len() >= 55);
    assert!(first.is_disjoint(&second));
    let per_alert = html.len() / shown;
    assert!(
        per_alert < 16 * 1024,
        "{per_alert} bytes for each of {shown}"
    );
    let list = app
        .get("hutang", "/api/v1/alerts?brief=true&limit=500")
        .await
        .json();
    let count = list["alerts"].as_array().unwrap().len();
    assert_eq!(count, 500);
}

/// K12: whoever prints is on the paper, and the stylesheet does not take it off.
#[tokio::test(flavor = "multi_thread")]
async fn k12_what_is_printed_names_who_printed_it_and_when() {
    let app = county().await;
    let (_, alert, _) = somebody(&app).await;
    let page = app
        .get("hutang", &format!("/alerts/{alert}/sheet"))
        .await
        .text();
    let mark = page
        .split("class=\"watermark\"")
        .nth(1)
        .expect("a watermark");
    let mark = mark.split("</p>").next().unwrap();
    let stamps: Vec<&str> = mark.split("<span>").skip(1).collect();
    assert!(stamps.len() >= 20, "over the whole sheet: {}", stamps.len());
    for stamp in stamps {
        assert!(
            stamp.contains("hutang") && stamp.contains("2026-11-20"),
            "{stamp}"
        );
    }
    assert!(page.contains("打印："), "and in the head of the paper");
    let css = app.get("hutang", "/assets/console.css").await.text();
    let print = css.split("@media print").nth(1).expect("rules for paper");
    for rule in print
        .split('}')
        .filter(|rule| rule.contains("display: none"))
    {
        assert!(!rule.contains("watermark"), "{rule}");
    }
}

/// What people wrote in a lead and of a visit names people: auditors read it
/// masked, as they do the notes of officers.
#[tokio::test(flavor = "multi_thread")]
async fn leads_and_visits_are_shown_to_auditors_without_names_and_numbers() {
    let app = county().await;
    let (person, _, _) = somebody(&app).await;
    let words =
        "老周家断炊，联系人张小芳，电话138 1234 5678，身份证３２９９０３１９８２０９１４０１３３";
    let key = [("idempotency-key", "k")];
    let lead = json!({ "place": NANJIE, "who": "周福生", "text": format!("{words}，周福生独居") });
    let taken = app.post("hutang", "/api/v1/leads", &key, &lead).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    let lead = taken.json()["id"].as_str().unwrap().to_owned();
    let visit = json!({
        "person": person, "visited_on": "2026-11-19", "answers": ["safe"], "note": words,
    });
    let taken = app.post("hutang", "/api/v1/visits", &key, &visit).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    app.settle().await;
    for path in [
        "/api/v1/leads".to_owned(),
        format!("/api/v1/leads/{lead}"),
        "/village/leads".to_owned(),
        format!("/api/v1/visits?person={person}"),
    ] {
        let own = app.get("hutang", &path).await;
        assert_eq!(own.status, StatusCode::OK, "{path}: {}", own.text());
        assert!(own.text().contains("张小芳"), "{path}: {}", own.text());
        let audited = app.get("auditor", &path).await;
        assert_eq!(audited.status, StatusCode::OK, "{path}");
        assert!(
            audited.text().contains("断炊"),
            "{path}: {}",
            audited.text()
        );
        for hidden in ["小芳", "福生", "1234 5678", "３２９９０３"] {
            assert!(
                !audited.text().contains(hidden),
                "{path} shows {hidden}: {}",
                audited.text()
            );
        }
    }
}
