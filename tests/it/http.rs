//! The service over HTTP: who sees what, officers' work, strictness, feeds.
//!
//! One app with a small county serves every check; the access matrix is made
//! from the OpenAPI document, so an operation cannot be forgotten.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use domain::authority::Operation;
use domain::ids::Subject;
use pipeline::people;
use serde_json::{Value as Json, json};
use synth::{CountySpec, invent};
use testkit::app::{HUTANG, TestApp, divisions, sample_day};
use testkit::call::Answer;

async fn county() -> TestApp {
    let app = TestApp::sqlite().await;
    for file in &invent(
        &CountySpec {
            seed: 5,
            households: 320,
            on: sample_day(),
        },
        &divisions(),
    )
    .feeds
    {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    app
}

/// Ids and names that only 湖塘镇 and its county may see.
struct Foreign {
    household: String,
    person: String,
    alert: String,
    decision: String,
    import: String,
    /// Names and identity numbers of the township's people.
    canaries: BTreeSet<String>,
}

async fn foreign(app: &TestApp) -> Foreign {
    let page = app
        .get("hutang", "/api/v1/alerts?work=held,raised&limit=500")
        .await;
    let alerts = page.json();
    let alert = alerts["alerts"][0]["id"]
        .as_str()
        .expect("湖塘镇 has an alert")
        .to_owned();
    let one = app
        .get("hutang", &format!("/api/v1/alerts/{alert}"))
        .await
        .json();
    let grant = app.grant("hutang", Operation::ReadPeople);
    let store = app.deps.store.as_ref();
    let persons = store
        .subjects(&grant, "p", sample_day(), None, 200)
        .await
        .unwrap();
    let households = store
        .subjects(&grant, "h", sample_day(), None, 200)
        .await
        .unwrap();
    let ids: Vec<_> = persons
        .iter()
        .filter_map(|s| {
            if let Subject::Person(id) = s {
                Some(*id)
            } else {
                None
            }
        })
        .collect();
    let numbers = people::identity_numbers(&app.deps, &ids).await.unwrap();
    let names = people::names(&app.deps, &ids.iter().copied().collect())
        .await
        .unwrap();
    let imports = app.get("county", "/api/v1/imports").await.json();
    let id = |subject: &Subject| subject.as_uuid().to_string();
    let mut canaries: BTreeSet<String> = numbers.into_values().collect();
    canaries.extend(names.into_values().filter(|name| name.chars().count() >= 3));
    canaries.extend(persons.iter().map(id));
    assert!(canaries.len() > 20);
    Foreign {
        household: id(&households[0]),
        person: id(&persons[0]),
        alert,
        decision: one["decision"].as_str().unwrap().to_owned(),
        import: imports["imports"][0]["id"].as_str().unwrap().to_owned(),
        canaries,
    }
}

/// Every (method, path) of the OpenAPI document with ids filled in.
fn operations(foreign: &Foreign) -> Vec<(Method, String)> {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let id = match path.as_str() {
            p if p.contains("/households/") => &foreign.household,
            p if p.contains("/persons/") => &foreign.person,
            p if p.contains("/decisions/") => &foreign.decision,
            p if p.contains("/imports/") => &foreign.import,
            p if p.contains("/policies/") => "subsistence_allowance",
            _ => &foreign.alert,
        };
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            operations.push((method, path.replace("{id}", id)));
        }
    }
    assert!(
        operations.len() >= 44,
        "only {} operations",
        operations.len()
    );
    operations
}

/// A body that an operation of this path would take.
fn body(path: &str) -> Json {
    match path.rsplit('/').next().unwrap_or("") {
        "assignment" => json!({ "to": "00000000-0000-0000-0000-000000000001" }),
        "verification" => json!({ "outcome": "untrue" }),
        "snooze" => json!({ "until": "2026-11-25" }),
        "placement" => json!({ "township": HUTANG }),
        "searches" => json!({ "name": "王" }),
        "disclosures" => json!({ "subject": "p:00000000-0000-0000-0000-000000000001" }),
        "approval" | "rejection" => json!({ "words": "看过文件" }),
        _ => json!({}),
    }
}

async fn ask(app: &TestApp, officer: &str, method: &Method, path: &str) -> Answer {
    let headers = [
        ("content-type", "application/json"),
        ("if-match", "\"1\""),
        ("idempotency-key", "k"),
        ("x-purpose", "test"),
    ];
    let sent = if *method == Method::GET {
        Vec::new()
    } else {
        body(path).to_string().into_bytes()
    };
    app.call(officer, method.clone(), path, &headers, sent)
        .await
}

const OPEN_TO_ALL: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// What a village contact may ask for at all; everything else is refused.
fn open_to_contacts(method: &Method, path: &str) -> bool {
    let reads = [
        "/api/v1/leads",
        "/api/v1/visits",
        "/api/v1/visits/weeks",
        "/api/v1/visits/months",
    ];
    let pages = [
        "/village",
        "/village/leads",
        "/village/leads/new",
        "/visits",
    ];
    *method == Method::GET && (reads.contains(&path) || pages.contains(&path))
}

/// Administrators and village contacts are shown nobody of 湖塘镇 by any
/// operation: the first read policies and parameters, contacts their own leads
/// and whom their village's roster names, which here is nobody.
async fn sees_nobody(app: &TestApp, foreign: &Foreign, officer: &str, method: &Method, path: &str) {
    let answer = ask(app, officer, method, path).await;
    let (status, text) = (answer.status, answer.text());
    let leaked = foreign
        .canaries
        .iter()
        .find(|canary| text.contains(canary.as_str()));
    assert_eq!(leaked, None, "{method} {path} as {officer}");
    let of_policies = path.contains("/policies")
        || path.ends_with("/parameters")
        || (path.ends_with("/proposals") && *method == Method::GET);
    if OPEN_TO_ALL.contains(&path) {
        return;
    }
    let contact = ["village", "contact"].contains(&officer);
    if !contact && of_policies {
        assert_eq!(status, StatusCode::OK, "{method} {path} as {officer}");
    } else if contact && path == "/" {
        assert_eq!(answer.headers["location"], "/village", "{officer}");
    } else if contact && open_to_contacts(method, path) {
        // Asked for one thing too few, or a township that is no village.
        let fine = [
            StatusCode::OK,
            StatusCode::BAD_REQUEST,
            StatusCode::NOT_FOUND,
        ];
        assert!(
            fine.contains(&status),
            "{method} {path} as {officer}: {status}"
        );
    } else {
        assert!(
            status.is_client_error(),
            "{method} {path} as {officer}: {status}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_township_sees_only_its_own_through_every_operation() {
    let app = county().await;
    let foreign = foreign(&app).await;
    let mut asked = 0;
    for (method, path) in operations(&foreign) {
        if !OPEN_TO_ALL.contains(&path.as_str()) {
            let answer = ask(&app, "nobody", &method, &path).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{method} {path} without a token"
            );
        }
        // The neighbour, another county, and machines: nothing of 湖塘镇 in any answer.
        for officer in ["niutang", "elsewhere", "importer"] {
            let answer = ask(&app, officer, &method, &path).await;
            let text = answer.text();
            let returned = officer == "importer" && path.ends_with("/returned");
            let leaked = foreign
                .canaries
                .iter()
                .find(|canary| text.contains(canary.as_str()));
            assert!(
                returned || leaked.is_none(),
                "{method} {path} as {officer} shows {leaked:?}"
            );
            let by_id = path.contains(&foreign.household)
                || path.contains(&foreign.person)
                || path.contains(&foreign.alert)
                || path.contains(&foreign.decision);
            if by_id {
                assert!(
                    [StatusCode::NOT_FOUND, StatusCode::FORBIDDEN].contains(&answer.status),
                    "{method} {path} as {officer}: {}",
                    answer.status
                );
            }
            asked += 1;
        }
        for officer in ["system", "security", "village", "contact"] {
            sees_nobody(&app, &foreign, officer, &method, &path).await;
        }
    }
    for path in [
        "/",
        "/families",
        "/county",
        "/audit",
        "/imports",
        "/policies",
        "/visits",
        &format!("/alerts/{}", foreign.alert),
        &format!("/alerts/{}/sheet", foreign.alert),
        &format!("/families/{}", foreign.household),
        &format!("/persons/{}", foreign.person),
    ] {
        let shown = app.get("hutang", path).await.status;
        let own = [StatusCode::OK, StatusCode::FORBIDDEN];
        assert!(own.contains(&shown), "{path} as hutang: {shown}");
        for officer in ["system", "security", "village", "contact"] {
            sees_nobody(&app, &foreign, officer, &Method::GET, path).await;
        }
    }
    for path in ["/village", "/village/leads", "/village/leads/new"] {
        for officer in ["system", "security", "village", "contact"] {
            sees_nobody(&app, &foreign, officer, &Method::GET, path).await;
        }
    }
    println!("{asked} foreign requests");
    // A foreign id and an unknown id answer alike.
    let unknown = "00000000-0000-4000-8000-000000000000";
    for path in [
        "/api/v1/households/",
        "/api/v1/persons/",
        "/api/v1/alerts/",
        "/api/v1/decisions/",
    ] {
        let theirs = match path {
            "/api/v1/households/" => &foreign.household,
            "/api/v1/persons/" => &foreign.person,
            "/api/v1/alerts/" => &foreign.alert,
            _ => &foreign.decision,
        };
        let foreign = app.get("niutang", &format!("{path}{theirs}")).await;
        let nothing = app.get("niutang", &format!("{path}{unknown}")).await;
        assert_eq!(
            (foreign.status, foreign.bytes),
            (nothing.status, nothing.bytes),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desk_reads_the_reason_and_the_article_in_the_row() {
    let app = county().await;
    let page = app
        .get("county", "/api/v1/alerts?work=held,raised&limit=500")
        .await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let page = page.json();
    let alerts = page["alerts"].as_array().unwrap();
    assert!(alerts.len() >= 5);
    for alert in alerts {
        let sentence = alert["sentence"].as_str().expect("a sentence");
        assert!(sentence.chars().count() > 20, "{sentence}");
        assert!(!alert["basis"].as_array().unwrap().is_empty(), "{alert}");
    }
    let levels: Vec<&str> = alerts
        .iter()
        .map(|alert| alert["level"].as_str().unwrap())
        .collect();
    let rank = |level: &str| {
        ["red", "orange", "yellow", "blue"]
            .iter()
            .position(|known| *known == level)
    };
    assert!(levels.is_sorted_by_key(|level| rank(level)), "{levels:?}");
    let brief = app
        .get("county", "/api/v1/alerts?work=held,raised&brief=true")
        .await
        .json();
    assert!(brief["alerts"][0]["sentence"].is_null());
    // Who looked is in the ledger before the answer.
    let subject = alerts[0]["subject"].as_str().unwrap();
    let looked = app
        .post(
            "auditor",
            "/api/v1/ledger/disclosures",
            &[],
            &json!({ "subject": subject }),
        )
        .await
        .json();
    assert_eq!(
        looked["disclosures"][0]["operation"], "read_alerts",
        "{looked}"
    );
}

async fn raised(app: &TestApp) -> (String, i64, String) {
    let page = app.get("county", "/api/v1/alerts?work=raised&brief=true&policy=nursing_subsidy,living_subsidy,individual_case,paid_after_death").await.json();
    let alert = page["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|alert| !alert["township"].is_null())
        .expect("a raised alert");
    (
        alert["id"].as_str().unwrap().to_owned(),
        alert["version"].as_i64().unwrap(),
        alert["township"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn three_steps_close_an_alert_and_repeats_answer_alike() {
    let app = county().await;
    let (alert, version, _) = raised(&app).await;
    let stale = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version - 1,
            "a",
            &json!({}),
        )
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let first = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "b",
            &json!({ "note": "已电话联系" }),
        )
        .await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let again = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "b",
            &json!({ "note": "已电话联系" }),
        )
        .await;
    assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let other = app
        .act("county", &alert, "closure", version, "b", &json!({}))
        .await;
    assert_ne!(
        other.status,
        StatusCode::OK,
        "the key belongs to another route, the version is stale"
    );
    let reused = app
        .act(
            "county",
            &alert,
            "acknowledgement",
            version,
            "b",
            &json!({ "note": "另一句" }),
        )
        .await;
    assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let version = first.json()["version"].as_i64().unwrap();
    let verified = app
        .act(
            "county",
            &alert,
            "verification",
            version,
            "c",
            &json!({ "outcome": "untrue" }),
        )
        .await;
    assert_eq!(verified.status, StatusCode::OK, "{}", verified.text());
    let version = verified.json()["version"].as_i64().unwrap();
    let closed = app
        .act("county", &alert, "closure", version, "d", &json!({}))
        .await;
    assert_eq!(closed.json()["work"], "closed", "{}", closed.text());
    let timeline = app
        .get("county", &format!("/api/v1/alerts/{alert}/timeline"))
        .await
        .json();
    let actions: Vec<&str> = timeline["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["acknowledge", "verify", "close"]);
    assert_eq!(timeline["timeline"][0]["particulars"]["note"], "已电话联系");
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_officers_close_one_alert_and_one_wins() {
    let app = std::sync::Arc::new(county().await);
    let (alert, version, _) = raised(&app).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..30 {
        let (app, alert) = (app.clone(), alert.clone());
        tasks.spawn(async move {
            app.act(
                "county",
                &alert,
                "acknowledgement",
                version,
                &format!("key-{n}"),
                &json!({}),
            )
            .await
            .status
        });
    }
    let mut won = 0;
    while let Some(status) = tasks.join_next().await {
        match status.unwrap() {
            StatusCode::OK => won += 1,
            StatusCode::PRECONDITION_FAILED | StatusCode::CONFLICT => {}
            other => panic!("an unexpected answer: {other}"),
        }
    }
    assert_eq!(won, 1);
}

/// Ids and entries of an event stream.
fn events(text: &str) -> Vec<(String, serde_json::Value)> {
    let field = |event: &str, name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {event}"))
            .to_owned()
    };
    let told = text.split("\n\n").filter(|event| event.contains("data: "));
    told.map(|event| {
        let data = serde_json::from_str(&field(event, "data: ")).unwrap();
        (field(event, "id: "), data)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_anywhere_goes_on_where_it_was() {
    let app = county().await;
    let page = app.get("county", "/api/v1/alerts/feed?limit=500").await;
    let expected = page.json()["entries"].as_array().unwrap().clone();
    assert!(expected.len() > 3);
    let whole = app.get("county", "/api/v1/alerts/stream").await;
    assert_eq!(whole.headers["content-type"], "text/event-stream");
    let all = events(&whole.text());
    let entries: Vec<_> = all.iter().map(|(_, entry)| entry.clone()).collect();
    assert_eq!(entries, expected);
    for cut in [0, 1, all.len() / 2, all.len() - 1] {
        let last = [("last-event-id", all[cut].0.as_str())];
        let rest = app
            .call(
                "county",
                Method::GET,
                // The header goes before the address a reader once began with.
                "/api/v1/alerts/stream?after=e1.0",
                &last,
                vec![],
            )
            .await;
        assert_eq!(rest.status, StatusCode::OK, "{}", rest.text());
        assert_eq!(events(&rest.text()), all[cut + 1..], "cut behind {cut}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_contiguous_resumable_and_cheap_to_poll() {
    let app = county().await;
    let mut cursor = String::new();
    let mut numbers = std::collections::BTreeMap::<String, i64>::new();
    loop {
        let path = if cursor.is_empty() {
            "/api/v1/alerts/feed?limit=3".to_owned()
        } else {
            format!("/api/v1/alerts/feed?limit=3&after={cursor}")
        };
        let answer = app.get("county", &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let page = answer.json();
        let entries = page["entries"].as_array().unwrap();
        for entry in entries {
            let last = numbers
                .entry(entry["feed"].as_str().unwrap().to_owned())
                .or_default();
            *last += 1;
            assert_eq!(entry["number"].as_i64().unwrap(), *last);
        }
        cursor = page["next"].as_str().unwrap().to_owned();
        if entries.is_empty() {
            let polled = app
                .call(
                    "county",
                    Method::GET,
                    &format!("/api/v1/alerts/feed?after={cursor}"),
                    &[("if-none-match", answer.etag().as_str())],
                    vec![],
                )
                .await;
            assert_eq!(polled.status, StatusCode::NOT_MODIFIED);
            break;
        }
    }
    for head in app.get("county", "/api/v1/alerts/feed").await.json()["heads"]
        .as_array()
        .unwrap()
    {
        assert_eq!(
            numbers[head["feed"].as_str().unwrap()],
            head["number"].as_i64().unwrap()
        );
    }
    let refusals = [
        (
            "/api/v1/alerts/stream?after=e1.999999",
            StatusCode::CONFLICT,
        ),
        ("/api/v1/alerts/stream?after=other.1", StatusCode::GONE),
        ("/api/v1/alerts/feed?after=e1.999999", StatusCode::CONFLICT),
        ("/api/v1/alerts/feed?after=other.1", StatusCode::GONE),
        (
            "/api/v1/alerts/feed?after=nonsense",
            StatusCode::BAD_REQUEST,
        ),
        ("/api/v1/alerts/feed?limit=0", StatusCode::BAD_REQUEST),
        ("/api/v1/alerts/feed?colour=red", StatusCode::BAD_REQUEST),
    ];
    for (path, status) in refusals {
        let answer = app.get("county", path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(
            answer.json()["type"]
                .as_str()
                .unwrap()
                .starts_with("urn:problem:"),
            "{path}"
        );
    }
    // What a gateway adds is taken off before the strict reading.
    assert_eq!(
        app.get("county", "/api/v1/alerts/feed?gw_trace=1&limit=1")
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_answered_row_by_row_and_rejects_come_back_to_be_corrected() {
    let app = TestApp::sqlite().await;
    let header =
        "公民身份号码,姓名,性别,出生日期,户号,户籍地址,变动类别,死亡日期,注销日期,迁往地,更新时间";
    let bad = "999001194003110229,王某,女,1940-03-11,,,死亡,2026-09-28,2026-11-19,,2026-11-19";
    let file = format!("{header}\n{bad}\n");
    let path = "/api/v1/imports?source=police&dataset=deaths_police&business_date=2026-11-19&sequence=1&scope=320412&as_of=2026-11-19&file_name=deaths.csv";
    let taken = app
        .call(
            "importer",
            Method::POST,
            path,
            &[],
            file.clone().into_bytes(),
        )
        .await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text());
    let import = taken.json();
    assert_eq!(
        (
            import["counts"]["received"].as_u64(),
            import["counts"]["rejected"].as_u64()
        ),
        (Some(1), Some(1)),
        "{import}"
    );
    let id = import["id"].as_str().unwrap();
    let rows = app
        .get(
            "importer",
            &format!("/api/v1/imports/{id}/rows?outcome=rejected"),
        )
        .await
        .json();
    let note = &rows["rows"][0]["notes"][0];
    assert_eq!(
        (rows["rows"][0]["line"].as_u64(), note["code"].as_str()),
        (Some(2), Some("id.checksum")),
        "{rows}"
    );
    let returned = app
        .get("importer", &format!("/api/v1/imports/{id}/returned"))
        .await;
    assert!(
        returned.text().contains("999001194003110229"),
        "the original row comes back: {}",
        returned.text()
    );
    assert_eq!(
        app.get("niutang", &format!("/api/v1/imports/{id}/returned"))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    let again = app
        .call("importer", Method::POST, path, &[], file.into_bytes())
        .await;
    assert_eq!(
        (again.status, again.json()["repeated"].as_bool()),
        (StatusCode::OK, Some(true))
    );
    let other = app
        .call(
            "importer",
            Method::POST,
            path,
            &[],
            format!("{header}\n").into_bytes(),
        )
        .await;
    assert_eq!(other.json()["code"], "batch.duplicate");
    let refusals = [
        (
            path.replace("sequence=1", "sequence=2"),
            Vec::new(),
            "batch.empty",
        ),
        (
            path.replace("sequence=1", "sequence=3"),
            "a;b\n1;2\n".as_bytes().to_vec(),
            "drift.header_missing",
        ),
        (
            path.replace("scope=320412", "scope=320411"),
            b"x\n".to_vec(),
            "import.not_allowed",
        ),
        (
            path.replace("business_date=2026-11-19", "business_date=2026-02-30"),
            b"x\n".to_vec(),
            "param.date",
        ),
    ];
    for (path, sent, code) in refusals {
        let answer = app.call("importer", Method::POST, &path, &[], sent).await;
        assert_eq!(answer.json()["code"], code, "{path}: {}", answer.text());
    }
    assert_eq!(
        app.call("county", Method::POST, path, &[], b"x".to_vec())
            .await
            .status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_what_was_known_then() {
    let app = county().await;
    let (alert, _, _) = raised(&app).await;
    let view = app
        .get("county", &format!("/api/v1/alerts/{alert}"))
        .await
        .json();
    let unit = view["alert"]["unit"].as_str().unwrap().to_owned();
    let (kind, id) = unit.split_once(':').unwrap();
    let noun = if kind == "h" { "households" } else { "persons" };
    let now = app.get("county", &format!("/api/v1/{noun}/{id}")).await;
    assert_eq!(now.status, StatusCode::OK, "{}", now.text());
    let roots = app.deps.store.ledger_roots().await.unwrap();
    let known = roots.last().unwrap().size;
    let then = app
        .get(
            "county",
            &format!("/api/v1/{noun}/{id}/history?valid_on=2026-11-20&known_seq={known}"),
        )
        .await
        .json();
    assert_eq!(then["people"], now.json()["people"]);
    let before = app
        .get(
            "county",
            &format!("/api/v1/{noun}/{id}/history?known_seq=0"),
        )
        .await
        .json();
    assert_eq!(
        before["people"].as_array().map_or(0, Vec::len),
        0,
        "nothing was known before the first apply"
    );
    let replay = app
        .get(
            "auditor",
            &format!(
                "/api/v1/decisions/{}/replay",
                view["decision"].as_str().unwrap()
            ),
        )
        .await
        .json();
    assert_eq!(replay["equal"], true, "{replay}");
    let full = app
        .get(
            "county",
            &format!("/api/v1/{noun}/{id}/history?valid_on=2026-13-01"),
        )
        .await;
    assert_eq!(full.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_found_in_ones_own_township_only() {
    let app = county().await;
    let foreign = foreign(&app).await;
    let name = foreign
        .canaries
        .iter()
        .find(|text| !text.is_ascii())
        .unwrap();
    let own = app
        .post("hutang", "/api/v1/searches", &[], &json!({ "name": name }))
        .await
        .json();
    assert!(!own["people"].as_array().unwrap().is_empty(), "{own}");
    let number = foreign
        .canaries
        .iter()
        .find(|text| text.len() == 18 && text.starts_with("999"))
        .unwrap();
    let exact = app
        .post(
            "hutang",
            "/api/v1/searches",
            &[],
            &json!({ "resident_id": number }),
        )
        .await;
    assert_eq!(
        exact.json()["people"].as_array().map(Vec::len),
        Some(1),
        "{}",
        exact.text()
    );
    assert!(
        !exact.text().contains(number.as_str()),
        "the number itself is not repeated"
    );
    let neighbour = app
        .post(
            "niutang",
            "/api/v1/searches",
            &[],
            &json!({ "resident_id": number }),
        )
        .await
        .json();
    assert_eq!(neighbour["people"].as_array().map(Vec::len), Some(0));
    let id = exact.json()["people"][0]["person"]
        .as_str()
        .unwrap()
        .to_owned();
    let without = app
        .get("hutang", &format!("/api/v1/persons/{id}/identity"))
        .await;
    assert_eq!(without.json()["code"], "purpose.missing");
    let with = app
        .call(
            "hutang",
            Method::GET,
            &format!("/api/v1/persons/{id}/identity"),
            &[("x-purpose", "visit")],
            vec![],
        )
        .await;
    assert_eq!(with.json()["resident_id"].as_str(), Some(number.as_str()));
    assert_eq!(
        app.get("auditor", &format!("/api/v1/persons/{id}/identity"))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
}
