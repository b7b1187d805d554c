//! Whose rows an operation shows: the list of operations is made from the
//! OpenAPI document, so none can be forgotten.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use domain::authority::Operation;
use domain::ids::Subject;
use pipeline::people;
use serde_json::{Value as Json, json};
use testkit::app::{HUTANG, TestApp, sample_day};
use testkit::call::Answer;

use super::county;

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
        "simulations" => json!({
            "values": [{ "key": "allowance_standard", "value": "3000" }],
            "region": "320412", "on": "2026-11-20",
        }),
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
        || ["/parameters", "/proposals", "/policy-releases"]
            .iter()
            .any(|end| path.ends_with(end));
    let of_policies = of_policies && *method == Method::GET;
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
    // Nor does an auditor of another county learn who looked.
    let mut looked = Vec::new();
    for id in [foreign.person.as_str(), unknown] {
        let body = json!({ "subject": format!("p:{id}") });
        let path = "/api/v1/ledger/disclosures";
        let answer = app.post("auditor_elsewhere", path, &[], &body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text());
        looked.push(answer.bytes);
        let own = app.post("auditor", path, &[], &body).await;
        let known = own.status == StatusCode::OK;
        assert_eq!(known, id != unknown, "{}", own.text());
    }
    assert_eq!(looked[0], looked[1]);
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
