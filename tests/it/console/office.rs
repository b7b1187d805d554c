//! The register and the county's page: what is due, what is not known, what is
//! released, what came when.

use axum::http::{Method, StatusCode};
use testkit::app::TestApp;

use super::browser::{forms, text};
use super::{county, samples, state};

fn rows(page: &str) -> Vec<String> {
    let rows = page
        .split("<tr><th scope=\"row\"><a href=\"/families/")
        .skip(1);
    rows.map(|row| row.split("</tr>").next().unwrap().to_owned())
        .collect()
}

async fn register(app: &TestApp, query: &str) -> String {
    let page = app.get("county", &format!("/families?{query}")).await;
    assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.text());
    page.text()
}

/// The cell of the next check in a row of the register.
fn next_check(row: &str) -> String {
    row.split("<td")
        .nth(5)
        .unwrap()
        .split_once('>')
        .unwrap()
        .1
        .replace("</td>", "")
        .trim()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_knows_which_checks_are_due_and_which_are_not_known() {
    let app = county().await;
    let due = register(&app, "scheme=subsistence&due_by=2026-12-20&sort=check").await;
    let days: Vec<String> = rows(&due).iter().map(|row| next_check(row)).collect();
    assert!(!days.is_empty());
    assert!(
        days.iter().all(|day| day.as_str() <= "2026-12-20"),
        "{days:?}"
    );
    assert!(days.is_sorted(), "the first due first: {days:?}");
    // Every household the policy names is due here too, on the same day.
    let alerts = app
        .get(
            "county",
            "/api/v1/alerts?policy=periodic_check_due&limit=100",
        )
        .await
        .json();
    let alerts = alerts["alerts"].as_array().unwrap();
    assert!(!alerts.is_empty());
    let whole = {
        let mut all = String::new();
        let mut address = "/families?scheme=subsistence&due_by=2026-12-20&sort=check".to_owned();
        loop {
            let page = app.get("county", &address).await.text();
            all.push_str(&page);
            let next = page.split("<a class=\"button\" href=\"").nth(1);
            match next.filter(|next| next.contains(">下一页<")) {
                Some(next) => address = text(next.split('"').next().unwrap()),
                None => break all,
            }
        }
    };
    for alert in alerts {
        let unit = alert["unit"].as_str().unwrap().trim_start_matches("h:");
        let row = rows(&whole).into_iter().find(|row| row.starts_with(unit));
        let row = row.unwrap_or_else(|| panic!("{alert} is not due in the register"));
        let sentence = alert["sentence"].as_str().unwrap();
        // A sentence leaves out the year when it is this one.
        let day: domain::time::Date = next_check(&row).parse().unwrap();
        let short = format!("{}月{}日", day.month(), day.day());
        let whole = format!("{}年{short}", day.year());
        assert!(
            [short, whole]
                .iter()
                .any(|day| sentence.contains(&format!("应于{day}前核查"))),
            "{sentence} / {row}"
        );
    }
    // What is not known is said, counted and listed, never left out silently.
    let others = register(&app, "scheme=extreme_difficulty&due_by=2027-12-31").await;
    assert!(rows(&others).is_empty());
    assert!(others.contains("户的下次核查日期未知"), "{others}");
    let unknown = register(&app, "scheme=extreme_difficulty&check=unknown").await;
    assert!(!rows(&unknown).is_empty());
    assert!(
        rows(&unknown)
            .iter()
            .all(|row| next_check(row).starts_with("未知（"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unset_local_class_leaves_the_next_check_unknown() {
    // Without the sample parameters the place has set nothing.
    let app = TestApp::unset().await.inhabited(320).await;
    let page = register(&app, "scheme=subsistence&check=unknown").await;
    let cells: Vec<String> = rows(&page).iter().map(|row| next_check(row)).collect();
    assert!(cells.len() > 5, "{cells:?}");
    let unset = cells
        .iter()
        .filter(|cell| *cell == "未知（本地未设核查周期参数）");
    assert!(unset.count() > 5, "{cells:?}");
    assert!(rows(&register(&app, "due_by=2099-12-31").await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_telephone_and_the_family_has_two_dates() {
    let app = county().await;
    let page = register(&app, "scheme=subsistence").await;
    let household = rows(&page)[0].split('"').next().unwrap().to_owned();
    let path = format!("/families/{household}");
    let family = app.get("county", &path).await.text();
    for word in ["计入人口", "保障对象", "不计入理由", "下次核查"] {
        assert!(family.contains(word), "{word}");
    }
    let reveal = forms(&family);
    let reveal = reveal
        .iter()
        .find(|form| form.action.ends_with("/identity"))
        .unwrap();
    let identity = reveal.send(&app, "county").await.text();
    let phone = identity.split("href=\"tel:").nth(1).unwrap();
    let phone = phone.split('"').next().unwrap().to_owned();
    let search = forms(&page);
    let search = search
        .iter()
        .find(|form| form.action == "/families/search")
        .unwrap();
    let found = search
        .clone()
        .with("text", &phone)
        .send(&app, "county")
        .await;
    assert!(found.text().contains("/persons/"), "{}", found.text());
    assert!(
        !found.text().contains(&format!("<td class=\"num\">{phone}")),
        "masked"
    );
    let foreign = search
        .clone()
        .with("text", &phone)
        .send(&app, "elsewhere")
        .await;
    assert!(!foreign.text().contains("/persons/"));
    // Two dates: how it was on a day, as known at the end of another.
    let both = app
        .get(
            "county",
            &format!("{path}?valid_on=2026-11-01&known_on=2026-11-20"),
        )
        .await;
    assert_eq!(both.status, StatusCode::OK);
    assert!(
        both.text()
            .contains("这是 2026-11-01 的情况，按 2026-11-20 为止"),
        "{}",
        both.text()
    );
    assert!(
        !forms(&both.text())
            .iter()
            .any(|form| form.action == "/visits")
    );
    let before = app
        .get("county", &format!("{path}?known_on=2026-11-19"))
        .await;
    assert!(
        !before.text().contains("户主</td>"),
        "nothing was known the day before"
    );
    let bad = app
        .get("county", &format!("{path}?known_on=yesterday"))
        .await;
    assert_eq!(bad.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
async fn a_number_of_the_backlog_is_released_once_however_often_it_is_sent() {
    let app = samples().await;
    let held = async |query: &str| {
        let path = format!("/api/v1/alerts?brief=true&work=held&limit=300&{query}");
        app.get("county", &path).await.json()["alerts"]
            .as_array()
            .unwrap()
            .clone()
    };
    // The policy of which most wait.
    let waiting = held("").await;
    let mut by_policy = std::collections::BTreeMap::<String, usize>::new();
    for alert in &waiting {
        let policy = alert["policy"].as_str().unwrap().to_owned();
        *by_policy.entry(policy).or_default() += 1;
    }
    let (name, policy) = by_policy.into_iter().max_by_key(|(_, n)| *n).unwrap();
    let all = waiting.len();
    assert!(policy > 3, "{name}: {policy}");
    let of_it = format!("policy={name}");
    let before = held(&of_it).await;
    let page = app.get("county", "/county").await.text();
    let form = forms(&page);
    let form = form
        .iter()
        .find(|form| form.action == "/county/release")
        .unwrap();
    let form = form.clone().with("policy", &name).with("township", "");
    let form = form.with("number", "3");
    for _ in 0..2 {
        let sent = form.send(&app, "county").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
        assert_eq!(sent.headers["location"], "/county?done=bulk");
    }
    assert_eq!(held(&of_it).await.len(), policy - 3);
    assert_eq!(held("").await.len(), all - 3, "no others");
    // In dispatch's order: the higher level, then the older.
    let left: Vec<_> = held(&of_it).await;
    let released: Vec<_> = before
        .iter()
        .filter(|alert| !left.contains(alert))
        .collect();
    for alert in &released {
        assert_eq!(state(&app, alert["id"].as_str().unwrap()).await.0, "raised");
        let rank = |alert: &serde_json::Value| {
            let order = ["red", "orange", "yellow", "blue"];
            order.iter().position(|level| alert["level"] == *level)
        };
        assert!(left.iter().all(|other| rank(alert) <= rank(other)));
    }
    // The same key with another number is another request.
    let other = form.clone().with("number", "4").send(&app, "county").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    for number in ["0", "201", "-1", "all"] {
        let refused = form
            .clone()
            .with("number", number)
            .send(&app, "county")
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{number}");
    }
    let township = form
        .clone()
        .with("number", "3")
        .with("township", "320411100");
    assert_eq!(
        township.send(&app, "county").await.status,
        StatusCode::NOT_FOUND
    );
    for officer in ["hutang", "auditor"] {
        let refused = form.send(&app, officer).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{officer}");
    }
    let elsewhere = form.send(&app, "elsewhere").await;
    assert_eq!(elsewhere.status, StatusCode::SEE_OTHER, "an empty backlog");
    assert_eq!(held("").await.len(), all - 3);
    app.settle().await;
    assert_eq!(app.breaches().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_county_sees_when_lists_came_and_takes_its_table_away() {
    let app = county().await;
    let page = app.get("county", "/county").await.text();
    let calendar = page.split("id=\"calendar\"").nth(1).unwrap();
    for month in ["2026-06", "2026-09", "2026-11"] {
        assert!(
            calendar.contains(&format!("<th scope=\"col\">{month}</th>")),
            "{month}"
        );
    }
    let row = |name: &str| {
        let row = calendar.split(&format!("<th scope=\"row\">{name}")).nth(1);
        let row = row.unwrap_or_else(|| panic!("{name}: {calendar}"));
        let cells = row.split("</tr>").next().unwrap().split("<td>").skip(1);
        cells.map(str::to_owned).collect::<Vec<_>>()
    };
    let payments = row("待遇发放名册（金民）·");
    assert_eq!(payments.len(), 6);
    assert!(payments[0].contains("未到") && payments[0].contains("late"));
    for month in [3, 4, 5] {
        assert!(payments[month].contains("2026-11-20 收到"), "{payments:?}");
    }
    let never = row("探访对象与责任人名册");
    assert!(never.iter().all(|cell| cell.contains("未到")), "{never:?}");
    // Precision by policy, and no share of a handful.
    let policies = page.split("id=\"policies\"").nth(1).unwrap();
    assert!(policies.contains("尚无核实") && policies.contains("疑似死亡仍在发放"));
    let file = app.get("county", "/county/table.xlsx").await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.bytes.starts_with(b"PK"), "a workbook");
    assert_eq!(file.headers["cache-control"], "no-store");
    let name = file.headers["content-disposition"].to_str().unwrap();
    assert!(name.contains("county.xlsx"), "{name}");
    for officer in ["importer", "village"] {
        let refused = app.get(officer, "/county/table.xlsx").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{officer}");
    }
    let away = app
        .call("nobody", Method::GET, "/county/table.xlsx", &[], Vec::new())
        .await;
    assert_eq!(away.headers["location"], "/login");
}
