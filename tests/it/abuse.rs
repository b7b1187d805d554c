//! The abuse tables, row by row, where no other test holds them: sign-in (T),
//! console and export (K), queries (Q).

mod rows;

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use domain::authority::{Officer, Operation, Role};
use domain::region::DivisionCode;
use serde_json::json;
use store::Store as _;
use store::commit::{Commit, CommitKind, Write};
use testkit::app::{NIUTANG, TestApp, birth, sample_day};
use testkit::call::Answer;
use testkit::counted::Counted;

use crate::matrix::fill;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn county() -> TestApp {
    let app = TestApp::sqlite().await;
    fill(&app, 5, 120).await;
    app
}

async fn send(app: &TestApp, officer: &str, path: &str, body: &str) -> Answer {
    app.call(officer, Method::POST, path, &[FORM], body.into())
        .await
}

fn administered(write: Write) -> Commit {
    Commit {
        kind: CommitKind::Administration,
        partition: None,
        at: domain::time::Instant::china_morning(sample_day()),
        actor: "test".to_owned(),
        lease: None,
        guards: vec![],
        writes: vec![write],
        answer: None,
    }
}

/// A person and an alert of 湖塘镇.
async fn somebody(app: &TestApp) -> (String, String, i64) {
    let grant = app.grant("hutang", Operation::ReadPeople);
    let store = app.deps.store.as_ref();
    let people = store
        .subjects(&grant, "p", sample_day(), None, 1)
        .await
        .unwrap();
    let list = app
        .get("hutang", "/api/v1/alerts?work=raised&brief=true")
        .await
        .json();
    let alert = &list["alerts"][0];
    (
        people[0].as_uuid().to_string(),
        alert["id"].as_str().unwrap().to_owned(),
        alert["version"].as_i64().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn t03_t04_authority_that_ends_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("hearth.db").display());
    let store = Arc::new(Counted::new(store::open(&url, &birth()).await.unwrap()));
    let app = TestApp::on(store.clone(), folder).await;
    fill(&app, 5, 120).await;
    let (officer, _) = app.officers["hutang"].clone();
    let export = async || send(&app, "hutang", "/families/export", "purpose=home_visit").await;
    assert_ne!(export().await.status, StatusCode::FOUND);
    // The role is taken away while the register is read for the file.
    let moved = Officer {
        role: Role::Importer,
        ..officer.clone()
    };
    store.commit_after(3, administered(Write::Officer(moved)));
    let cut = export().await;
    assert!(
        !cut.bytes.starts_with(b"PK"),
        "the file was made all the same"
    );
    assert!(
        [StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED].contains(&cut.status),
        "{}",
        cut.status
    );
    if cut.status == StatusCode::SEE_OTHER {
        assert_eq!(
            cut.headers["location"], "/login",
            "no request was filed either"
        );
    }
    assert_eq!(
        app.get("hutang", "/families").await.status,
        StatusCode::FORBIDDEN
    );
    store
        .commit(&administered(Write::Officer(officer.clone())))
        .await
        .unwrap();
    assert_eq!(app.get("hutang", "/families").await.status, StatusCode::OK);
    let at = app.deps.clock.now();
    let disabled = Write::OfficerDisabled {
        officer: officer.id,
        at,
    };
    store.commit(&administered(disabled)).await.unwrap();
    let refused = app.get("hutang", "/api/v1/alerts").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        refused.bytes,
        app.get("nobody", "/api/v1/alerts").await.bytes,
        "disabled and unknown answer alike"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn q01_q17_what_is_not_asked_properly_is_refused_with_a_code() {
    let app = county().await;
    let (person, alert, version) = somebody(&app).await;
    let status = async |path: &str| {
        let answer = app.get("hutang", path).await;
        assert!(
            !answer.status.is_server_error(),
            "{path}: {}",
            answer.text()
        );
        (
            answer.status.as_u16(),
            answer.json()["code"].as_str().unwrap_or("").to_owned(),
        )
    };
    for (path, expected) in [
        ("/api/v1/alerts?x=1".to_owned(), 400),
        (
            "/api/v1/alerts?sort=township_code;drop%20table".to_owned(),
            400,
        ),
        ("/api/v1/alerts?due_by=2026-02-30".to_owned(), 400),
        (
            format!("/api/v1/persons/{person}/history?valid_on=2026-02-30"),
            400,
        ),
        (
            format!("/api/v1/persons/{person}/history?known_seq=-1"),
            400,
        ),
        (
            format!("/api/v1/persons/{person}/history?known_seq=999999999"),
            409,
        ),
        ("/api/v1/alerts/1".to_owned(), 404),
        ("/api/v1/alerts/..%2f1".to_owned(), 404),
        (
            "/api/v1/alerts/zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz".to_owned(),
            404,
        ),
        (format!("/api/v1/alerts/{}", "9".repeat(3_000)), 404),
        (format!("/api/v1/alerts?after={}", "9".repeat(5_000)), 414),
    ] {
        let (found, code) = status(&path).await;
        assert_eq!(found, expected, "{} {code}", &path[..path.len().min(80)]);
        assert!(!code.is_empty(), "{path}: a refusal has a code");
    }
    let ahead = status(&format!(
        "/api/v1/persons/{person}/history?known_seq=999999999"
    ))
    .await;
    assert_eq!(ahead.1, "cursor.ahead");
    // Q07–Q10: bodies.
    let path = format!("/api/v1/alerts/{alert}/verification");
    let if_match = format!("\"{version}\"");
    let post = async |kind: &str, body: &[u8]| {
        let headers = [
            ("content-type", kind),
            ("if-match", if_match.as_str()),
            ("idempotency-key", "q"),
        ];
        app.call("hutang", Method::POST, &path, &headers, body.to_vec())
            .await
    };
    let json = "application/json";
    for (kind, body, expected) in [
        ("text/plain", &b"{\"outcome\":\"untrue\"}"[..], 415),
        (json, b"\xef\xbb\xbf{\"outcome\":\"untrue\"}", 400),
        (
            json,
            b"{\"outcome\":\"untrue\",\"outcome\":\"declined\"}",
            400,
        ),
        (json, b"{\"outcome\":\"untrue\",\"status\":\"closed\"}", 400),
        (
            json,
            b"{\"outcome\":\"untrue\",\"township\":\"320412102\"}",
            400,
        ),
        (json, b"{\"outcome\":\"untrue\",\"note\":\"\\ud800\"}", 400),
        (
            json,
            b"{\"outcome\":\"untrue\",\"note\":\"a\\u0000b\"}",
            400,
        ),
        (
            json,
            "{\"outcome\":\"untrue\",\"note\":\"a\u{202e}b\"}".as_bytes(),
            400,
        ),
        (
            json,
            "{\"outcome\":\"untrue\",\"note\":\"a\u{2066}b\"}".as_bytes(),
            400,
        ),
        (
            json,
            "{\"outcome\":\"untrue\",\"note\":\"a\u{ffff}b\"}".as_bytes(),
            400,
        ),
    ] {
        let answer = post(kind, body).await;
        let said = String::from_utf8_lossy(body);
        assert_eq!(
            answer.status.as_u16(),
            expected,
            "{said}: {}",
            answer.text()
        );
    }
    let long = json!({ "outcome": "untrue", "note": "长".repeat(20_000) }).to_string();
    assert_eq!(
        post(json, long.as_bytes()).await.status,
        StatusCode::BAD_REQUEST
    );
    let now = app.get("hutang", &format!("/api/v1/alerts/{alert}")).await;
    assert_eq!(now.etag(), if_match, "none of it was taken");
    // Q14, Q15, Q17.
    for (name, value) in [("if-none-match", "*"), ("range", "bytes=0-,0-,0-,0-")] {
        let answer = app
            .call(
                "hutang",
                Method::GET,
                "/api/v1/alerts",
                &[(name, value)],
                vec![],
            )
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
    }
    for method in ["TRACE", "FOO", "PUT", "DELETE", "PATCH"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = app
            .call("hutang", method.clone(), "/api/v1/alerts", &[], vec![])
            .await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn q18_a_cursor_ends_with_the_township_it_was_read_in() {
    let app = county().await;
    let (_, alert, _) = somebody(&app).await;
    let path = format!("/api/v1/alerts?after={alert}&limit=5");
    assert_eq!(app.get("hutang", &path).await.status, StatusCode::OK);
    let (officer, _) = app.officers["hutang"].clone();
    let moved = Officer {
        regions: vec![DivisionCode::parse(NIUTANG).unwrap()],
        ..officer
    };
    app.deps
        .store
        .commit(&administered(Write::Officer(moved)))
        .await
        .unwrap();
    let refused = app.get("hutang", &path).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn q22_one_character_is_no_search() {
    let app = county().await;
    for body in [
        json!({ "name": "王" }),
        json!({ "name": " 王 " }),
        json!({ "last_four": "1" }),
        json!({ "phone": "1" }),
        json!({ "name": "" }),
    ] {
        let refused = app.post("hutang", "/api/v1/searches", &[], &body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(refused.json()["code"], "param.too_short", "{body}");
    }
    let page = send(&app, "hutang", "/families/search", "text=%E7%8E%8B").await;
    assert!(!page.text().contains("/persons/"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn q23_the_sixty_first_identity_of_an_hour_is_refused_and_told() {
    let app = county().await;
    let (person, _, _) = somebody(&app).await;
    let path = format!("/api/v1/persons/{person}/identity");
    let headers = [("x-purpose", "home_visit")];
    let reveal = async || {
        app.call("hutang", Method::GET, &path, &headers, vec![])
            .await
    };
    for n in 0..59 {
        assert_eq!(reveal().await.status, StatusCode::OK, "{n}");
    }
    // The page counts with the API.
    let page = format!("/persons/{person}/identity");
    let shown = send(&app, "hutang", &page, "purpose=home_visit").await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    let before = app.deps.store.statistics().await.unwrap().ledger;
    let refused = reveal().await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.json()["code"], "identity.budget");
    assert!(refused.headers.contains_key("retry-after"));
    let refused = send(&app, "hutang", &page, "purpose=home_visit").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key("retry-after"));
    // One alarm for the excess, in the ledger; others go on.
    let after = app.deps.store.statistics().await.unwrap().ledger;
    assert_eq!(after - before, 1);
    let other = app
        .call("county", Method::GET, &path, &headers, vec![])
        .await;
    assert_eq!(other.status, StatusCode::OK);
    app.clock.advance(3_601);
    assert_eq!(reveal().await.status, StatusCode::OK, "an hour later");
}

#[tokio::test(flavor = "multi_thread")]
async fn q25_too_many_requests_are_told_when_to_come_again() {
    let mut app = county().await;
    app.limit(|limits| limits.requests_per_minute_max = 30);
    let mut refused = 0;
    for _ in 0..60 {
        let answer = app.get("hutang", "/api/v1/alerts/counts").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.json()["code"], "requests.too_many");
            let wait = answer.headers["retry-after"].to_str().unwrap();
            assert!(wait.parse::<u32>().unwrap() >= 1);
            refused += 1;
        }
    }
    assert_eq!(refused, 30);
    let other = app.get("niutang", "/api/v1/alerts/counts").await;
    assert_eq!(other.status, StatusCode::OK, "others are unaffected");
    let page = app.get("hutang", "/").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.headers.contains_key("retry-after"));
    app.clock.advance(60);
    let later = app.get("hutang", "/api/v1/alerts/counts").await;
    assert_eq!(later.status, StatusCode::OK);
}

/// The id of the newest export on an officer's page.
async fn newest_export(app: &TestApp, officer: &str) -> String {
    let grant = app.grant(officer, Operation::ExportPeople);
    let known = app.deps.store.exports(&grant, 1).await.unwrap();
    known[0].row.id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn q24_k07_a_large_export_waits_for_a_second_person_and_for_its_owner() {
    let app = TestApp::sqlite().await;
    fill(&app, 5, 320).await;
    let asked = send(&app, "county", "/families/export", "purpose=data_check").await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    assert_eq!(asked.headers["location"], "/exports?done=asked");
    let id = newest_export(&app, "county").await;
    let take = format!("/exports/{id}/file");
    let decide = |noun: &str| format!("/exports/{id}/{noun}");
    let code = async |officer: &str, path: &str| {
        let answer = send(&app, officer, path, "").await;
        let text = answer.text();
        let code = [
            "export.approval",
            "export.second_person",
            "export.decided",
            "export.expired",
        ]
        .into_iter()
        .find(|code| text.contains(code));
        (answer.status.as_u16(), code)
    };
    assert_eq!(code("county", &take).await, (403, Some("export.approval")));
    assert_eq!(
        code("county", &decide("approval")).await,
        (409, Some("export.second_person"))
    );
    for officer in [
        "hutang",
        "niutang",
        "elsewhere",
        "auditor",
        "children",
        "system",
    ] {
        let (status, _) = code(officer, &decide("approval")).await;
        assert!([403, 404].contains(&status), "{officer}: {status}");
    }
    let page = app.get("second", "/exports").await;
    assert!(page.text().contains(&decide("approval")), "{}", page.text());
    assert_eq!(code("second", &decide("approval")).await, (303, None));
    assert_eq!(
        code("second", &decide("refusal")).await,
        (409, Some("export.decided"))
    );
    // The link of another user is nobody's, the one who approved included.
    for officer in ["second", "hutang", "elsewhere"] {
        assert_eq!(code(officer, &take).await.0, 404, "{officer}");
    }
    for taken in 1..=2 {
        let file = send(&app, "county", &take, "").await;
        assert_eq!(file.status, StatusCode::OK, "{}", file.text());
        assert!(file.bytes.starts_with(b"PK"));
        assert_eq!(file.headers["cache-control"], "no-store");
        let page = app.get("county", "/exports").await.text();
        assert!(
            page.contains(&format!("已下载 {taken} 次")),
            "each is logged: {page}"
        );
    }
    let looked = app.get("county", "/families").await.text();
    let unit = looked
        .split("<th scope=\"row\"><a href=\"/families/")
        .nth(1)
        .unwrap();
    let unit = format!("h:{}", unit.split('"').next().unwrap());
    let looked = app
        .post(
            "auditor",
            "/api/v1/ledger/disclosures",
            &[],
            &json!({ "subject": unit }),
        )
        .await
        .text();
    assert!(looked.matches("export_data_check").count() >= 2, "{looked}");
    app.clock.advance(7 * 24 * 3_600);
    assert_eq!(code("county", &take).await, (410, Some("export.expired")));
    // A township's officer asks the county; what is refused stays so.
    let own = send(&app, "hutang", "/families/export", "purpose=home_visit").await;
    if own.status == StatusCode::SEE_OTHER {
        let id = newest_export(&app, "hutang").await;
        let refused = send(&app, "county", &format!("/exports/{id}/refusal"), "").await;
        assert_eq!(refused.status, StatusCode::SEE_OTHER);
        let take = send(&app, "hutang", &format!("/exports/{id}/file"), "").await;
        assert_eq!(take.status, StatusCode::FORBIDDEN);
        assert!(take.text().contains("export.refused"));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn an_export_over_the_api_waits_for_the_same_second_person() {
    let app = TestApp::sqlite().await;
    fill(&app, 5, 320).await;
    let post = async |officer: &str, path: &str, body: serde_json::Value| {
        app.post(officer, path, &[], &body).await
    };
    let all = json!({ "purpose": "data_check" });
    let asked = post("county", "/api/v1/exports", all.clone()).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text());
    let waits = asked.json();
    assert_eq!(
        (&waits["state"], &waits["own"]),
        (&json!("waiting"), &json!(true))
    );
    assert!(waits["families"].as_u64() > Some(100), "{waits}");
    let id = waits["id"].as_str().unwrap().to_owned();
    let one = |noun: &str| format!("/api/v1/exports/{id}/{noun}");
    let outcome = async |officer: &str, noun: &str| {
        let answer = post(officer, &one(noun), json!({})).await;
        let code = answer.json()["code"].as_str().map(str::to_owned);
        (answer.status.as_u16(), code.unwrap_or_default())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(outcome("county", "file").await, is(403, "export.approval"));
    let own = outcome("county", "approval").await;
    assert_eq!(own, is(409, "export.second_person"));
    for officer in [
        "hutang",
        "niutang",
        "elsewhere",
        "auditor",
        "importer",
        "village",
    ] {
        for noun in ["approval", "refusal", "file"] {
            let (status, _) = outcome(officer, noun).await;
            assert!([403, 404].contains(&status), "{officer} {noun}: {status}");
        }
    }
    // Who decides sees it, with what was asked; who does not decide does not.
    let list = async |officer: &str| {
        let answer = app.get(officer, "/api/v1/exports").await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "{officer}: {}",
            answer.text()
        );
        answer.json()["exports"].as_array().unwrap().clone()
    };
    let seen = list("second").await;
    assert_eq!(
        (&seen[0]["id"], &seen[0]["own"]),
        (&json!(id), &json!(false))
    );
    assert_eq!(list("hutang").await, Vec::<serde_json::Value>::new());
    assert_eq!(
        app.get("auditor", "/api/v1/exports").await.status,
        StatusCode::FORBIDDEN
    );

    let approved = post("second", &one("approval"), json!({})).await;
    assert_eq!(
        (approved.status, &approved.json()["state"]),
        (StatusCode::OK, &json!("open"))
    );
    assert_eq!(
        outcome("second", "refusal").await,
        is(409, "export.decided")
    );
    assert_eq!(
        outcome("second", "file").await.0,
        404,
        "not even who approved"
    );
    for taken in 1..=2 {
        let file = post("county", &one("file"), json!({})).await;
        assert_eq!(file.status, StatusCode::OK, "{}", file.text());
        assert!(file.bytes.starts_with(b"PK"));
        assert_eq!(file.headers["cache-control"], "no-store");
        assert_eq!(list("county").await[0]["taken"], taken);
    }
    let family = app.get("county", "/families").await.text();
    let unit = family
        .split("<th scope=\"row\"><a href=\"/families/")
        .nth(1);
    let unit = format!("h:{}", unit.unwrap().split('"').next().unwrap());
    let about = json!({ "subject": unit });
    let told = post("auditor", "/api/v1/ledger/disclosures", about)
        .await
        .text();
    assert!(told.matches("export_data_check").count() >= 2, "{told}");
    app.clock.advance(7 * 24 * 3_600);
    assert_eq!(outcome("county", "file").await, is(410, "export.expired"));

    // A small one is the file at once; what selects nothing else is refused.
    let households = app.get("county", "/families").await.text();
    let village = households
        .split("<option value=\"")
        .filter_map(|rest| rest.split('"').next());
    let village = village.filter(|code| code.len() == 12).last();
    if let Some(village) = village {
        let few = json!({ "purpose": "home_visit", "filter": { "village": village } });
        let few = post("county", "/api/v1/exports", few).await;
        assert_eq!(few.status, StatusCode::OK, "{}", few.text());
        assert!(few.bytes.starts_with(b"PK"));
    }
    for (body, code) in [
        (json!({ "purpose": "curiosity" }), "purpose.missing"),
        (
            json!({ "purpose": "home_visit", "filter": { "name": "王" } }),
            "json.invalid",
        ),
        (
            json!({ "purpose": "home_visit", "filter": { "check": "any" } }),
            "param.check",
        ),
        (
            json!({ "purpose": "home_visit", "filter": { "ends_by": "2026-02-30" } }),
            "param.date",
        ),
    ] {
        let refused = post("county", "/api/v1/exports", body).await;
        assert_eq!(refused.json()["code"], code, "{}", refused.text());
    }
    let foreign = json!({ "purpose": "home_visit", "filter": { "township": "320411100" } });
    assert_eq!(
        post("county", "/api/v1/exports", foreign).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn k08_k10_every_page_is_kept_by_nobody_and_framed_by_nobody() {
    let app = county().await;
    let (person, alert, _) = somebody(&app).await;
    for (method, path) in api::console::addresses() {
        let path = path
            .replace("/alerts/{id}", &format!("/alerts/{alert}"))
            .replace("{id}", &person)
            .replace("{noun}", "acknowledgement");
        let answer = app
            .call("county", method.clone(), &path, &[FORM], vec![])
            .await;
        let of = |name: &str| {
            let value = answer.headers.get(name);
            value
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
                .to_owned()
        };
        assert_eq!(of("cache-control"), "no-store", "{method} {path}");
        assert_eq!(of("x-frame-options"), "DENY", "{method} {path}");
        if of("content-type").starts_with("text/html") {
            assert!(
                of("content-security-policy").contains("frame-ancestors 'none'"),
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_is_shown_to_auditors_without_names_and_numbers() {
    let app = TestApp::sqlite().await;
    for file in &TestApp::samples().1 {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let list = app
        .get(
            "county",
            "/api/v1/alerts?policy=urgent_lead&work=raised,held&limit=50",
        )
        .await
        .json();
    let alert = list["alerts"][0]["id"].as_str().expect("a lead").to_owned();
    let version = list["alerts"][0]["version"].as_i64().unwrap();
    let note = "联系人张小芳，电话138 1234 5678，身份证３２９９０３１９８２０９１４０１３３";
    let act = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "n",
            &json!({ "note": note }),
        )
        .await;
    let was_held = act.status == StatusCode::CONFLICT;
    assert!(act.status == StatusCode::OK || was_held, "{}", act.text());
    for path in [
        format!("/api/v1/alerts/{alert}/timeline"),
        format!("/alerts/{alert}"),
    ] {
        let own = app.get("county", &path).await.text();
        assert!(was_held || own.contains("小芳"), "{path}: {own}");
        let audited = app.get("auditor", &path).await;
        assert_eq!(audited.status, StatusCode::OK, "{path}");
        for hidden in ["小芳", "1234 5678", "３２９９０３"] {
            assert!(!audited.text().contains(hidden), "{path} shows {hidden}");
        }
    }
    // The lead's own words, as the county reads them.
    for one in list["alerts"].as_array().unwrap() {
        let id = one["id"].as_str().unwrap();
        let told = app
            .get("county", &format!("/api/v1/alerts/{id}"))
            .await
            .json();
        let masked = app
            .get("auditor", &format!("/api/v1/alerts/{id}"))
            .await
            .json();
        let (told, masked) = (
            told["sentence"].as_str().unwrap(),
            masked["sentence"].as_str().unwrap(),
        );
        let name = told.split('（').next().unwrap();
        if name.chars().count() > 1 && !name.contains('未') {
            assert!(!masked.contains(name), "{masked}");
        }
    }
}
