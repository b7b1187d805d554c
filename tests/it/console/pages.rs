//! Whose pages show what, in which order, and how they are sent.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{Method, StatusCode};
use domain::authority::Operation;
use domain::ids::Subject;
use pipeline::people;
use serde_json::json;
use testkit::app::{HUTANG, NIUTANG, TestApp, sample_day};

use super::browser::{form, forms, text};
use super::{county, first, samples};

fn block<'a>(page: &'a str, id: &str) -> &'a str {
    let block = page
        .split(&format!("<section aria-labelledby=\"{id}\">"))
        .nth(1)
        .unwrap();
    block.split("\n</section>").next().unwrap()
}

/// Cards of a block: level and html.
fn cards(block: &str) -> Vec<(String, String)> {
    let cards = block.split("<article class=\"card ").skip(1);
    cards
        .map(|card| {
            let level = card.split('"').next().unwrap().to_owned();
            (level, card.split("</article>").next().unwrap().to_owned())
        })
        .collect()
}

/// Releases from the backlog an alert of a household that has one on a desk, of
/// a township whose desk is one page; answers which township.
async fn a_second_alert(app: &TestApp) -> String {
    let listed = async |work: &str| {
        let path = format!("/api/v1/alerts?brief=true&limit=500&work={work}");
        app.get("county", &path).await.json()["alerts"]
            .as_array()
            .unwrap()
            .clone()
    };
    let raised = listed("raised").await;
    let held = listed("held").await;
    let desk = |alert: &serde_json::Value| {
        let same = raised.iter().filter(|r| r["township"] == alert["township"]);
        same.count()
    };
    let of_one = held
        .iter()
        .filter(|held| held["township"].is_string() && desk(held) < 55)
        .find(|held| {
            // Members of one household may be on the desks of two townships.
            let beside = |raised: &serde_json::Value| {
                raised["unit"] == held["unit"] && raised["township"] == held["township"]
            };
            raised.iter().any(beside)
        });
    let of_one = of_one.expect("the backlog holds an alert of a household on a desk");
    let (id, version) = (of_one["id"].as_str(), of_one["version"].as_i64());
    let done = app
        .act(
            "county",
            id.unwrap(),
            "release",
            version.unwrap(),
            "second",
            &serde_json::json!({}),
        )
        .await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    of_one["township"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_one_card_and_the_pressing_come_first() {
    let app = samples().await;
    let township = a_second_alert(&app).await;
    let answer = app.get("county", &format!("/?township={township}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let page = answer.text();
    let path = format!("/api/v1/alerts?brief=true&limit=60&township={township}");
    let alerts = app.get("county", &path).await.json();
    let mut units: BTreeMap<String, Vec<(String, String, String)>> = BTreeMap::new();
    for alert in alerts["alerts"].as_array().unwrap() {
        let word = |field: &str| alert[field].as_str().unwrap_or("9999-12-31").to_owned();
        units
            .entry(word("unit"))
            .or_default()
            .push((word("id"), word("level"), word("due_on")));
    }
    assert!(
        units.values().any(|alerts| alerts.len() > 1),
        "a household with two alerts must be among them"
    );
    let today = cards(block(&page, "h-today"));
    let week = cards(block(&page, "h-week"));
    let all: Vec<&(String, String)> = today.iter().chain(&week).collect();
    let list = block(&page, "h-list");
    for alerts in units.values() {
        let link = |id: &str| format!("href=\"/alerts/{id}\"");
        let holding = |id: &str| {
            all.iter()
                .position(|(_, html)| html.contains(&link(id)))
                .ok_or_else(|| list.contains(&link(id)))
        };
        let places: BTreeSet<_> = alerts.iter().map(|(id, _, _)| holding(id)).collect();
        assert_eq!(places.len(), 1, "one household lies in {places:?}");
        let pressing = alerts
            .iter()
            .any(|(_, level, due)| level == "red" || due.as_str() <= "2026-11-20");
        let soon = alerts
            .iter()
            .any(|(_, _, due)| due.as_str() <= "2026-11-27");
        let place = places.first().unwrap();
        match place {
            Ok(card) if *card < today.len() => assert!(pressing),
            Ok(_) => assert!(soon || pressing),
            Err(listed) => assert!(*listed && !soon && !pressing, "an alert is on no block"),
        }
    }
    assert!(!today.is_empty() && today.len() <= 15, "{}", today.len());
    let rank = |level: &str| {
        let order = ["red", "orange", "yellow", "blue"];
        order.iter().position(|known| *known == level)
    };
    assert!(today.is_sorted_by_key(|(level, _)| rank(level)));
    // The row tells what must be known before it is opened.
    for (_, card) in &today {
        for word in [
            "期限",
            "平台默认，非法定",
            "依据",
            "缺什么",
            "数据截至",
            "下一步",
        ] {
            assert!(card.contains(word), "{word} is not on {card}");
        }
        assert!(card.contains("红色") || card.contains("橙色"), "{card}");
    }
    assert!(page.contains("本提示由系统比对产生，不作为认定或停发依据，须经调查核实"));
}

/// Every page of a household, a person, an alert.
fn pages_of(household: &str, person: &str, alert: &str) -> Vec<String> {
    vec![
        format!("/alerts/{alert}"),
        format!("/alerts/{alert}/sheet"),
        format!("/families/{household}"),
        format!("/families/{household}?valid_on=2026-11-01&known_seq=100000"),
        format!("/persons/{person}"),
    ]
}

async fn whose(app: &TestApp) -> (String, String, BTreeSet<String>) {
    let grant = app.grant("hutang", Operation::ReadPeople);
    let store = app.deps.store.as_ref();
    let mut subjects = Vec::new();
    for letter in ["h", "p"] {
        subjects.extend(
            store
                .subjects(&grant, letter, sample_day(), None, 300)
                .await
                .unwrap(),
        );
    }
    let id = |subject: &Subject| subject.as_uuid().to_string();
    let household = subjects
        .iter()
        .find(|s| matches!(s, Subject::Household(_)))
        .map(id);
    let people: BTreeSet<_> = subjects
        .iter()
        .filter_map(|s| {
            if let Subject::Person(id) = s {
                Some(*id)
            } else {
                None
            }
        })
        .collect();
    let person = people.first().unwrap().to_string();
    let ids: Vec<_> = people.iter().copied().collect();
    let numbers = people::identity_numbers(&app.deps, &ids).await.unwrap();
    let names = people::names(&app.deps, &people).await.unwrap();
    let mut canaries: BTreeSet<String> = numbers.into_values().collect();
    canaries.extend(names.into_values().filter(|name| name.chars().count() >= 3));
    canaries.extend(subjects.iter().map(id));
    (household.unwrap(), person, canaries)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_another_township_answer_like_pages_of_nobody() {
    let app = county().await;
    let (household, person, canaries) = whose(&app).await;
    let (alert, _) = first(&app, "hutang", "").await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let theirs = pages_of(&household, &person, &alert);
    let unknown = pages_of(nobody, nobody, nobody);
    for (path, nothing) in theirs.iter().zip(&unknown) {
        let own = app.get("hutang", path).await;
        assert_eq!(own.status, StatusCode::OK, "{path}: {}", own.text());
        for officer in ["niutang", "elsewhere"] {
            let foreign = app.get(officer, path).await;
            let unknown = app.get(officer, nothing).await;
            assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(foreign.bytes, unknown.bytes, "{path} as {officer}");
        }
    }
    let township = format!("/families?township={HUTANG}");
    for path in [
        "/",
        "/families",
        "/county",
        "/policies",
        "/audit",
        &township,
    ] {
        for officer in ["niutang", "elsewhere", "importer"] {
            let page = app.get(officer, path).await.text();
            let leaked = canaries.iter().find(|canary| page.contains(*canary));
            assert!(leaked.is_none(), "{path} as {officer} shows {leaked:?}");
        }
    }
    let neighbour = app
        .get("hutang", &format!("/families?township={NIUTANG}"))
        .await;
    assert_eq!(neighbour.status, StatusCode::NOT_FOUND);
    // Actions too: the form of one's own page, sent by another.
    let acknowledge = form(&app, "hutang", &alert, "acknowledgement").await;
    let taken = acknowledge.send(&app, "niutang").await;
    assert_eq!(taken.status, StatusCode::NOT_FOUND, "{}", taken.text());
    let reveal = forms(
        &app.get("hutang", &format!("/families/{household}"))
            .await
            .text(),
    );
    let reveal = reveal
        .iter()
        .find(|form| form.action.ends_with("/identity"))
        .unwrap();
    let shown = reveal.send(&app, "niutang").await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND, "{}", shown.text());
    let shown = reveal.send(&app, "hutang").await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_never_stored_and_load_nothing_foreign() {
    let app = county().await;
    let (household, person, _) = whose(&app).await;
    let (alert, _) = first(&app, "hutang", "").await;
    let mut asked: Vec<(&str, String)> = pages_of(&household, &person, &alert)
        .into_iter()
        .map(|path| ("hutang", path))
        .collect();
    for path in ["/", "/families", "/policies"] {
        asked.push(("hutang", path.to_owned()));
    }
    asked.push(("county", "/county".to_owned()));
    asked.push(("importer", "/imports".to_owned()));
    asked.push(("auditor", "/audit".to_owned()));
    asked.push(("niutang", format!("/alerts/{alert}")));
    for (officer, path) in asked {
        let page = app.get(officer, &path).await;
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        let html = page.text();
        for inline in [
            "<script>",
            " style=",
            " onclick=",
            "javascript:",
            "http://",
            "https://",
        ] {
            assert!(!html.contains(inline), "{path} holds {inline}");
        }
        assert!(html.contains("<html lang=\"zh-CN\">") && html.contains("<main id=\"main\""));
        assert_eq!(html.matches("<h1").count(), 1, "{path} has one h1");
    }
    for (path, kind) in [
        ("/assets/console.css", "text/css; charset=utf-8"),
        ("/assets/console.js", "text/javascript; charset=utf-8"),
    ] {
        let asset = app.get("nobody", path).await;
        assert_eq!(asset.status, StatusCode::OK);
        assert_eq!(asset.headers["content-type"], kind);
    }
    for path in [
        "/",
        "/families",
        "/county",
        "/audit",
        "/imports",
        "/policies",
    ] {
        let away = app.get("nobody", path).await;
        assert_eq!(away.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(away.headers["location"], "/login");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_shows_is_in_the_ledger() {
    let app = county().await;
    let (alert, _) = first(&app, "hutang", "").await;
    let path = format!("/api/v1/alerts/{alert}");
    let subject = app.get("county", &path).await.json();
    let subject = subject["alert"]["subject"].as_str().unwrap().to_owned();
    let looked = async || {
        let body = json!({ "subject": subject });
        let page = app
            .post("auditor", "/api/v1/ledger/disclosures", &[], &body)
            .await;
        page.json()["disclosures"].as_array().unwrap().clone()
    };
    let mut before = looked().await.len();
    for (path, purpose) in [
        ("/".to_owned(), "read_alerts"),
        (format!("/alerts/{alert}"), "read_alerts"),
        (format!("/alerts/{alert}/sheet"), "visit_sheet"),
    ] {
        assert_eq!(app.get("hutang", &path).await.status, StatusCode::OK);
        let entries = looked().await;
        assert!(entries.len() > before, "{path} left no entry");
        assert_eq!(entries[0]["purpose"], purpose, "{path}");
        before = entries.len();
    }
    // The auditor's page tells the same, and the decision comes out the same.
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("about={alert}").into_bytes();
    let page = app
        .call("auditor", Method::POST, "/audit", &kind, body)
        .await
        .text();
    assert!(page.contains("逐字节一致"), "{page}");
    assert!(page.contains("打印入户核查表"), "{page}");
    assert!(
        page.contains("civil-register") || page.contains(".csv"),
        "{page}"
    );
    assert_eq!(
        app.get("hutang", "/audit").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn auditors_see_masked_names_and_no_forms() {
    let app = county().await;
    let (alert, _) = first(&app, "hutang", "").await;
    let (_, _, canaries) = whose(&app).await;
    for path in ["/", "/families", &format!("/alerts/{alert}")] {
        let page = app.get("auditor", path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let html = text(&page.text());
        let name = canaries.iter().filter(|c| !c.is_ascii());
        let shown: Vec<_> = name.filter(|name| html.contains(*name)).collect();
        assert!(shown.is_empty(), "{path} names {shown:?}");
        let posts = forms(&html)
            .into_iter()
            .filter(|form| form.method == "post");
        let posts: Vec<String> = posts.map(|form| form.action).collect();
        // From an alert to its source rows, who looked, and back: a question, no action.
        let asks = path.starts_with("/alerts/").then_some("/audit");
        let expected: Vec<&str> = std::iter::once("/logout").chain(asks).collect();
        assert_eq!(posts, expected, "{path}");
    }
    let sheet = app.get("auditor", &format!("/alerts/{alert}/sheet")).await;
    assert_eq!(sheet.status, StatusCode::FORBIDDEN);
    let county = app.get("county", "/county").await.text();
    let rows: Vec<&str> = county
        .split("/?township=")
        .skip(1)
        .map(|row| row.split('"').next().unwrap())
        .collect();
    assert!(
        rows.len() > 3 && rows.is_sorted(),
        "order of codes, not of merit: {rows:?}"
    );
}

/// Rows of the register: address and html.
fn register(page: &str) -> Vec<(String, String)> {
    let rows = page.split("<tr><th scope=\"row\"><a href=\"").skip(1);
    rows.map(|row| {
        let row = row.split("</tr>").next().unwrap();
        let (link, html) = row.split_once('"').unwrap();
        (link.to_owned(), html.to_owned())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_is_read_page_by_page_and_filtered() {
    let app = county().await;
    let mut address = "/families".to_owned();
    let mut links = BTreeSet::new();
    let (mut rows, mut pages) = (0, 0);
    let mut total = None;
    loop {
        let page = app.get("county", &address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        let page = page.text();
        let said = page.split("<span class=\"count\">").nth(1).unwrap();
        total.get_or_insert_with(|| said.split(' ').next().unwrap().to_owned());
        let shown = register(&page);
        assert!(shown.len() <= 50);
        rows += shown.len();
        pages += 1;
        links.extend(shown.into_iter().map(|(link, _)| link));
        let next = page.split("<a class=\"button\" href=\"").nth(1);
        let Some(next) = next.filter(|next| next.contains(">下一页<")) else {
            break;
        };
        address = text(next.split('"').next().unwrap());
    }
    assert!(
        pages > 2 && rows == links.len(),
        "{rows} rows, {}",
        links.len()
    );
    assert_eq!(Some(rows.to_string()), total, "nobody is left out or twice");
    let filtered = async |query: &str| {
        let page = app.get("county", &format!("/families?{query}")).await;
        register(&page.text())
    };
    let destitute = filtered("scheme=extreme_difficulty").await;
    assert!(!destitute.is_empty());
    assert!(destitute.iter().all(|(_, row)| row.contains("特困")));
    let hutang = filtered(&format!("township={HUTANG}")).await;
    assert!(!hutang.is_empty());
    assert!(
        hutang.iter().all(|(_, row)| row.contains("湖塘镇")),
        "{hutang:?}"
    );
    assert!(filtered("checked_before=2000-01-01").await.is_empty());
    assert!(!filtered("checked_before=2026-11-20").await.is_empty());
    assert!(filtered("ends_by=2000-01-01").await.is_empty());
    for query in [
        "scheme=none_such",
        "village=x",
        "ends_by=2026-02-30",
        "after=x",
        "name=1",
    ] {
        let page = app.get("county", &format!("/families?{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
    }
    // Two dates: before the first apply nobody was known.
    let link = links.first().unwrap();
    let now = app.get("county", link).await.text();
    assert!(now.contains("户主"));
    let before = app.get("county", &format!("{link}?known_seq=0")).await;
    let before = before.text();
    assert!(!before.contains("户主</td>"), "{before}");
}
