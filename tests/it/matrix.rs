//! Who is shown what, through every operation of the OpenAPI document and every
//! page and form of the console. Both lists are what the router is made of, so
//! that nothing can be forgotten.

#![expect(clippy::too_many_lines, reason = "a scenario reads from top to bottom")]

mod random;

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use domain::authority::Operation;
use domain::ids::Subject;
use pipeline::people;
use serde_json::json;
use synth::{CountySpec, invent};
use testkit::app::{HUTANG, NIUTANG, TestApp, divisions, sample_day};
use testkit::call::Answer;

/// An invented county, evaluated.
pub(crate) async fn fill(app: &TestApp, seed: u64, households: usize) {
    let spec = CountySpec {
        seed,
        households: households.try_into().unwrap(),
        on: sample_day(),
    };
    for file in &invent(&spec, &divisions()).feeds {
        app.import(file).await.unwrap();
    }
    app.settle().await;
}

/// Everyone who might ask, with the townships they answer for.
const OFFICERS: [(&str, &[&str]); 15] = [
    ("hutang", &[HUTANG]),
    ("niutang", &[NIUTANG]),
    ("child", &[HUTANG]),
    ("children", &[HUTANG, NIUTANG]),
    ("county", &[HUTANG, NIUTANG]),
    ("second", &[HUTANG, NIUTANG]),
    ("auditor", &[HUTANG, NIUTANG]),
    ("elsewhere", &[]),
    ("importer", &[]),
    ("system", &[]),
    ("security", &[]),
    ("village", &[]),
    ("contact", &[]),
    ("policy", &[]),
    ("auditor_elsewhere", &[]),
];

/// What of a township a request can name.
#[derive(Clone, Debug)]
struct Place {
    household: String,
    person: String,
    alert: String,
    decision: String,
    /// Its identity number, to ask for.
    number: String,
    /// Names, numbers and ids of people whom only this township sees.
    canaries: BTreeSet<String>,
}

async fn place(app: &TestApp, officer: &str, other: &str) -> Place {
    let of = async |officer: &str, letter: &str| {
        let operation = match officer {
            "contact" => Operation::ReadCareVisits,
            _ => Operation::ReadPeople,
        };
        let grant = app.grant(officer, operation);
        let store = app.deps.store.as_ref();
        let found = store
            .subjects(&grant, letter, sample_day(), None, 2_000)
            .await;
        found.unwrap().into_iter().collect::<BTreeSet<Subject>>()
    };
    // Nor may the contact of a village of the township be told of the others.
    let mut theirs = of(other, "p").await;
    theirs.extend(of("contact", "p").await);
    let own: Vec<Subject> = of(officer, "p")
        .await
        .difference(&theirs)
        .copied()
        .collect();
    let ids: Vec<_> = own
        .iter()
        .filter_map(|subject| match subject {
            Subject::Person(id) => Some(*id),
            Subject::Household(_) => None,
        })
        .collect();
    let names = |ids: Vec<domain::ids::PersonId>| async move {
        people::names(&app.deps, &ids.into_iter().collect())
            .await
            .unwrap()
    };
    let others: BTreeSet<String> = names(
        theirs
            .iter()
            .filter_map(|subject| match subject {
                Subject::Person(id) => Some(*id),
                Subject::Household(_) => None,
            })
            .collect(),
    )
    .await
    .into_values()
    .collect();
    let numbers = people::identity_numbers(&app.deps, &ids).await.unwrap();
    let number = numbers.get(&ids[0]).expect("a number").clone();
    let mut canaries: BTreeSet<String> = numbers.into_values().take(25).collect();
    let told = names(ids.clone()).await.into_values();
    let told = told.filter(|name| name.chars().count() >= 3 && !others.contains(name));
    canaries.extend(told.take(25));
    canaries.extend(ids.iter().take(25).map(ToString::to_string));
    assert!(canaries.len() > 40, "{officer}: {canaries:?}");
    let household = of(officer, "h").await;
    let mut elsewhere = of(other, "h").await;
    elsewhere.extend(of("contact", "h").await);
    let household = household.difference(&elsewhere).next().copied();
    let list = app
        .get(officer, "/api/v1/alerts?work=held,raised&limit=500")
        .await
        .json();
    let alert = list["alerts"][0]["id"]
        .as_str()
        .expect("an alert")
        .to_owned();
    let one = app
        .get(officer, &format!("/api/v1/alerts/{alert}"))
        .await
        .json();
    Place {
        household: household.expect("a household").as_uuid().to_string(),
        person: ids[0].to_string(),
        alert,
        decision: one["decision"].as_str().expect("a decision").to_owned(),
        number,
        canaries,
    }
}

/// An operation or page with what fills its address.
#[derive(Clone, Debug)]
struct Route {
    method: Method,
    path: String,
    is_page: bool,
    /// It takes a question behind its address.
    asks: bool,
}

fn routes() -> Vec<Route> {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            routes.push(Route {
                asks: parameters.any(|parameter| parameter["in"] == "query"),
                method: Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(),
                path: path.clone(),
                is_page: false,
            });
        }
    }
    let operations = routes.len();
    let pages = api::console::addresses().into_iter();
    routes.extend(pages.map(|(method, path)| Route {
        method,
        path: path.to_owned(),
        is_page: true,
        asks: true,
    }));
    assert!(operations >= 39, "only {operations} operations");
    assert!(
        routes.len() - operations >= 30,
        "only {} pages",
        routes.len() - operations
    );
    routes
}

impl Route {
    /// The address with the ids of a place.
    fn of(&self, place: &Place, import: &str) -> String {
        let id = match self.path.as_str() {
            p if p.contains("/households/") || p.contains("/families/{id}") => &place.household,
            p if p.contains("/persons/") => &place.person,
            p if p.contains("/decisions/") => &place.decision,
            p if p.contains("/imports/") => import,
            p if p.contains("/policies/") => "subsistence_allowance",
            _ => &place.alert,
        };
        self.path
            .replace("{id}", id)
            .replace("{noun}", "acknowledgement")
    }

    fn names_somebody(&self) -> bool {
        self.path.contains("{id}")
            && !self.path.contains("/policies/")
            && !self.path.contains("/imports/")
    }

    /// A body it would take.
    fn body(&self, place: &Place) -> (&'static str, String) {
        if self.is_page {
            let fields = match self.path.as_str() {
                "/families/search" => "text=%E7%8E%8B%E5%B0%8F".to_owned(),
                "/families/export" | "/persons/{id}/identity" => "purpose=home_visit".to_owned(),
                "/publications" => format!(
                    "item=subsistence%3Aentry%3Anotice&township=&format=html&note=&household={}",
                    place.household
                ),
                "/audit" => format!("about=p%3A{}", place.person),
                "/alerts/{id}/{noun}" => "version=9&key=k".to_owned(),
                _ => String::new(),
            };
            return ("application/x-www-form-urlencoded", fields);
        }
        let body = match self.path.rsplit('/').next().unwrap_or("") {
            "assignment" => json!({ "to": "00000000-0000-0000-0000-000000000001" }),
            "verification" => json!({ "outcome": "untrue" }),
            "snooze" => json!({ "until": "2026-11-25" }),
            "placement" => json!({ "township": HUTANG }),
            "searches" if !place.number.is_empty() => json!({ "resident_id": place.number }),
            "searches" => json!({ "name": "王小" }),
            "publications" => json!({
                "scheme": "subsistence", "event": "entry", "kind": "notice", "format": "html",
                "households": [{ "id": place.household }],
            }),
            "exports" => json!({ "purpose": "home_visit" }),
            "disclosures" => json!({ "subject": format!("p:{}", place.person) }),
            "simulations" => json!({
                "values": [{ "key": "allowance_standard", "value": "3000" }],
                "region": "320412", "on": "2026-11-20",
            }),
            _ => json!({}),
        };
        ("application/json", body.to_string())
    }
}

async fn ask(app: &TestApp, officer: &str, route: &Route, place: &Place, path: &str) -> Answer {
    let (kind, body) = route.body(place);
    let headers = [
        ("content-type", kind),
        ("if-match", "\"9\""),
        ("idempotency-key", "k"),
        ("x-purpose", "test"),
    ];
    let body = if route.method == Method::GET {
        String::new()
    } else {
        body
    };
    app.call(
        officer,
        route.method.clone(),
        path,
        &headers,
        body.into_bytes(),
    )
    .await
}

/// What an answer shows of a township its reader does not answer for.
fn leaked<'a>(
    answer: &Answer,
    places: &'a BTreeMap<&str, Place>,
    towns: &[&str],
) -> Option<&'a String> {
    let text = answer.text();
    let foreign = places.iter().filter(|(town, _)| !towns.contains(town));
    foreign
        .flat_map(|(_, place)| &place.canaries)
        .find(|canary| text.contains(canary.as_str()))
}

/// Before an id is looked at, anybody may be sent away.
const UNCONDITIONAL: [&str; 2] = ["/login", "/logout"];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_and_page_shows_each_role_its_own_places_only() {
    let app = TestApp::sqlite().await;
    fill(&app, 5, 320).await;
    let places = BTreeMap::from([
        (HUTANG, place(&app, "hutang", "niutang").await),
        (NIUTANG, place(&app, "niutang", "hutang").await),
    ]);
    let imports = app.get("county", "/api/v1/imports").await.json();
    let import = imports["imports"][0]["id"].as_str().unwrap().to_owned();
    let unknown = "00000000-0000-4000-8000-000000000000";
    let nobody = Place {
        household: unknown.to_owned(),
        person: unknown.to_owned(),
        alert: unknown.to_owned(),
        decision: unknown.to_owned(),
        number: String::new(),
        canaries: BTreeSet::new(),
    };
    let (mut asked, mut shown, mut alike) = (0, 0, 0);
    for route in routes() {
        // The open ones and the login speak of nobody.
        if UNCONDITIONAL
            .iter()
            .any(|path| route.path.starts_with(path))
        {
            continue;
        }
        for (officer, towns) in OFFICERS {
            for (town, place) in &places {
                let path = route.of(place, &import);
                let answer = ask(&app, officer, &route, place, &path).await;
                asked += 1;
                assert!(
                    !answer.status.is_server_error(),
                    "{} {path} as {officer}: {}",
                    route.method,
                    answer.text()
                );
                // A sender gets back the rows it sent.
                if officer == "importer" && path.ends_with("/returned") {
                    continue;
                }
                let told = leaked(&answer, &places, towns);
                assert_eq!(told, None, "{} {path} as {officer}", route.method);
                if towns.contains(town) {
                    shown += usize::from(answer.status == StatusCode::OK);
                } else if route.names_somebody() {
                    let nothing = route.of(&nobody, &import);
                    let unknown = ask(&app, officer, &route, &nobody, &nothing).await;
                    assert_eq!(
                        (answer.status, answer.text()),
                        (unknown.status, unknown.text()),
                        "{} {path} as {officer}: a foreign id and an unknown one",
                        route.method
                    );
                    alike += 1;
                }
            }
        }
    }
    println!("{asked} requests, {shown} answered with something, {alike} compared with nothing");
    assert!(
        asked > 1_200 && shown > 200 && alike > 300,
        "{asked} {shown} {alike}"
    );
}

/// A generator that needs no crate; the seed is printed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        println!("SEED={seed}");
        Dice(seed)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_about_children_are_the_childrens_officers() {
    let app = TestApp::sqlite().await;
    for file in &TestApp::samples().1 {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let listed = async |officer: &str| {
        let path = "/api/v1/alerts?policy=unattended_child&work=held,raised&brief=true";
        let page = app.get(officer, path).await.json();
        let alerts = page["alerts"].as_array().unwrap().iter();
        alerts
            .map(|alert| alert["id"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    let children = listed("children").await;
    assert_eq!(children.len(), 3, "the samples have three");
    assert_eq!(listed("auditor").await, children);
    for officer in ["county", "hutang", "niutang", "second", "elsewhere"] {
        assert!(listed(officer).await.is_empty(), "{officer}");
    }
    let alert = children.first().unwrap();
    let one = app
        .get("children", &format!("/api/v1/alerts/{alert}"))
        .await;
    let etag = one.etag();
    let told = one.json();
    let (decision, unit) = (
        told["decision"].as_str().unwrap().to_owned(),
        told["alert"]["unit"].as_str().unwrap().to_owned(),
    );
    let unit_path = unit.replace("h:", "/families/").replace("p:", "/persons/");
    // Through no operation and no page, whatever the state of the work.
    for round in 0..2 {
        for officer in ["county", "second"] {
            for path in [
                format!("/api/v1/alerts/{alert}"),
                format!("/api/v1/alerts/{alert}/timeline"),
                format!("/api/v1/decisions/{decision}"),
                format!("/api/v1/decisions/{decision}/replay"),
                format!("/alerts/{alert}"),
                format!("/alerts/{alert}/sheet"),
            ] {
                let answer = app.get(officer, &path).await;
                assert_eq!(
                    answer.status,
                    StatusCode::NOT_FOUND,
                    "{path} as {officer}, {round}"
                );
            }
            for path in [
                "/",
                "/county",
                "/api/v1/alerts/counts",
                "/api/v1/alerts/feed?limit=500",
                "/api/v1/alerts/stream",
                "/api/v1/alerts?work=held,raised&limit=500",
                &unit_path,
            ] {
                let answer = app.get(officer, path).await;
                assert_eq!(answer.status, StatusCode::OK, "{path}");
                let text = answer.text();
                for kept in [alert, &decision, "unattended_child", "疑似事实无人抚养"] {
                    assert!(!text.contains(kept), "{path} as {officer} shows {kept}");
                }
            }
            let act = app.act(officer, alert, "release", 1, "k", &json!({})).await;
            assert_eq!(act.status, StatusCode::NOT_FOUND, "{}", act.text());
        }
        if round == 0 {
            let version = etag.trim_matches('"').parse().unwrap();
            // Out of the backlog, or if it is out already, one step on.
            let held = told["alert"]["work"] == "held";
            let noun = if held { "release" } else { "acknowledgement" };
            let moved = app
                .act("children", alert, noun, version, "r", &json!({}))
                .await;
            assert_eq!(moved.status, StatusCode::OK, "{}", moved.text());
            app.settle().await;
        }
    }
    // Its line of the feed is a line of its own, without a hole.
    let feed = app
        .get("children", "/api/v1/alerts/feed?limit=500")
        .await
        .json();
    let entries = feed["entries"].as_array().unwrap();
    assert!(!entries.is_empty());
    for (number, entry) in (1..).zip(entries.iter().filter(|e| e["feed"] == entries[0]["feed"])) {
        assert!(
            entry["feed"].as_str().unwrap().ends_with("/children"),
            "{entry}"
        );
        assert_eq!(entry["number"], number, "{entry}");
    }
    // Nor is anybody else told how many there would be, were something another.
    let body = json!({
        "values": [{ "key": "adult_age", "value": "9" }],
        "region": "320412", "on": "2026-11-20",
    });
    for (officer, is_told) in [("auditor", true), ("county", false), ("policy", false)] {
        let answer = app.post(officer, "/api/v1/simulations", &[], &body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let shows = answer.text().contains("\"unattended_child\"");
        assert_eq!(shows, is_told, "{officer}: {}", answer.text());
    }
    let page = app.get("children", &format!("/alerts/{alert}")).await;
    assert_eq!(page.status, StatusCode::OK);
    // Auditors read it masked.
    let shown = app.get("children", &unit_path).await.text();
    assert!(shown.contains("成员") || shown.contains("户"), "{shown}");
    let audited = app.get("auditor", &format!("/alerts/{alert}")).await;
    assert_eq!(audited.status, StatusCode::OK);
    assert!(audited.text().contains("**"), "names are masked");
}
