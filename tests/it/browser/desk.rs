//! The caseworker's day: keys, lists in one go, a colleague, paper, a session
//! that ran out.

use std::collections::BTreeMap;

use domain::authority::Role;
use testkit::app::{HUTANG, NIUTANG, TestApp};
use testkit::chromium::{Person, Screen};

use super::{Office, PASSWORD, enters, leads, without_chromium};

/// The place of the focused element: `name` of a field.
async fn focused(person: &Person) -> String {
    let script = "return document.activeElement.name || document.activeElement.tagName";
    person.asks(script).await.as_str().unwrap_or("").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_acknowledge_verify_return_snooze_and_help() {
    let reports = [
        ("WG1", "湖塘镇", "急"),
        ("WG2", "湖塘镇", "急"),
        ("WG3", "湖塘镇", "急"),
    ];
    let office = Office::with(&[leads(&reports)]).await;
    let desk = office.person(Role::Caseworker, HUTANG, Screen::Desk);
    let Some(mut desk) = desk.await else {
        return without_chromium();
    };
    assert!(!desk.shows_up("[data-keys] p").await);
    desk.presses("?").await;
    assert!(desk.shows_up("[data-keys] p").await, "no help");
    desk.presses("?").await;
    assert!(!desk.shows_up("[data-keys] p").await);

    // a: two keys acknowledge the first.
    desk.start_counting();
    desk.presses("j").await;
    desk.presses_and_goes("a").await;
    assert_eq!((desk.actions, desk.fields), (2, 0));
    assert!(desk.reads(".done").await.contains("已签收"));
    assert_eq!(desk.counts("form[data-do=a]").await, 2);

    // s and r open their forms on the card, with the first field to fill in.
    desk.presses("j").await;
    desk.presses("s").await;
    assert_eq!(focused(&desk).await, "until");
    desk.opens("/").await;
    desk.presses("j").await;
    desk.presses("r").await;
    assert_eq!(focused(&desk).await, "note");
    desk.presses("在邻镇租住").await;
    desk.presses_and_goes("\u{e007}").await;
    assert!(desk.reads(".done").await.contains("已退回"));
    assert_eq!(desk.counts("[data-card]").await, 2);

    // v: to the alert, and there to its outcome; r and s are there as well.
    desk.presses("j").await;
    desk.presses_and_goes("v").await;
    assert!(desk.place().await.starts_with("/alerts/"));
    desk.presses("v").await;
    assert_eq!(focused(&desk).await, "outcome");
    // Keys typed into a field are words.
    desk.clicks("#note").await;
    desk.presses("asvr?").await;
    assert_eq!(desk.value("#note").await, "asvr?");
    desk.leaves().await;
}

/// The township with the longest list of blue alerts of one policy.
async fn blue(app: &TestApp) -> String {
    let path = "/api/v1/alerts?brief=true&work=raised&limit=500";
    let page = app.get("county", path).await.json();
    let mut lists: BTreeMap<(String, String), usize> = BTreeMap::new();
    for alert in page["alerts"].as_array().unwrap() {
        let word = |field: &str| alert[field].as_str().unwrap_or_default().to_owned();
        if word("level") == "blue" && !word("township").is_empty() {
            *lists.entry((word("township"), word("policy"))).or_default() += 1;
        }
    }
    let longest = lists.into_iter().max_by_key(|(_, rows)| *rows);
    let ((township, _), rows) = longest.expect("blue alerts");
    assert!(rows >= 2, "{township} has {rows}");
    township
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_closed_in_one_go() {
    let office = Office::open().await;
    let township = blue(&office.app).await;
    let desk = office.person(Role::Caseworker, &township, Screen::Desk);
    let Some(mut desk) = desk.await else {
        return without_chromium();
    };
    // The list with most rows of this township.
    let longest = desk
        .asks(
            "const links = Array.from(document.querySelectorAll(\"main a[href^='/lists?policy=']\"));
            const rows = link => parseInt(link.textContent.replace(/[^0-9]/g, ''), 10);
            links.sort((a, b) => rows(b) - rows(a));
            return links[0].getAttribute('href')",
        )
        .await;
    let longest = longest.as_str().expect("a list").to_owned();
    desk.start_counting();
    desk.follows(&format!("main a[href='{longest}']")).await;
    let before = desk.counts("input[name^='take.']").await;
    assert!(before >= 2, "{longest} has {before} rows");
    desk.clicks("tbody tr:nth-child(1) input[type=checkbox]")
        .await;
    desk.clicks("tbody tr:nth-child(2) input[type=checkbox]")
        .await;
    desk.chooses("#outcome", "true_assisted").await;
    desk.follows("form[action='/lists'] button.primary").await;
    // Opened, two ticked, one outcome, sent.
    assert_eq!((desk.actions, desk.fields), (5, 0));
    assert!(desk.reads(".done").await.contains("勾选的已逐条登记"));
    assert_eq!(desk.counts("input[name^='take.']").await, before - 2);
    desk.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_handed_to_a_colleague() {
    let office = Office::with(&[leads(&[("WG1", "牛塘镇", "急")])]).await;
    let colleague = office
        .newcomer(Role::Caseworker, NIUTANG, Screen::Desk, "陈薇")
        .await;
    let Some((mut colleague, _)) = colleague else {
        return without_chromium();
    };
    let desk = office.person(Role::Caseworker, NIUTANG, Screen::Desk);
    let mut desk = desk.await.expect("a second browser");
    desk.follows("[data-card] .sentence a").await;
    let value = desk
        .asks("return Array.from(document.querySelectorAll('#colleague option')).find(o => o.textContent.includes('陈薇')).value")
        .await;
    let value = value.as_str().expect("a colleague").to_owned();
    desk.start_counting();
    desk.chooses("#colleague", &value).await;
    desk.follows("form[action$='/assignment'] button").await;
    assert_eq!((desk.actions, desk.fields), (2, 0));
    assert!(desk.reads(".done").await.contains("已转给同事"));
    assert!(desk.reads(".alert-head").await.contains("陈薇"));

    colleague.start_counting();
    colleague.follows("a[href^='/?whose=mine']").await;
    assert_eq!(colleague.actions, 1);
    assert_eq!(colleague.counts("[data-card]").await, 1);
    desk.follows(".crumbs a").await;
    desk.follows("a[href^='/?whose=mine']").await;
    assert_eq!(desk.counts("[data-card]").await, 0);
    desk.leaves().await;
    colleague.leaves().await;
}

/// Number of pages and size of the first in points.
fn paper(pdf: &[u8]) -> (usize, Vec<f64>) {
    let text = String::from_utf8_lossy(pdf);
    let pages = text.matches("/Type /Page").count() - text.matches("/Type /Pages").count();
    let size = text.split("/MediaBox [").nth(1).expect("a size");
    let size = size.split(']').next().unwrap();
    let size = size.split_whitespace().map(|n| n.parse().unwrap());
    (pages, size.collect())
}

/// How dark the text of an element is: 0 is black.
async fn lightness(person: &Person, css: &str) -> f64 {
    let script = format!(
        "const c = getComputedStyle(document.querySelector(\"{css}\")).color.match(/[0-9]+/g).map(Number);
        return (0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]) / 255"
    );
    person.asks(&script).await.as_f64().expect("a colour")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_survey_sheet_is_a4_dark_and_without_navigation() {
    let office = Office::open().await;
    let desk = office.person(Role::Caseworker, HUTANG, Screen::Desk);
    let Some(mut desk) = desk.await else {
        return without_chromium();
    };
    desk.shows("today").await;
    // A family in the register, not somebody met in a report.
    desk.start_counting();
    desk.follows("[aria-label=低收入家庭大额医疗费用] .sentence a")
        .await;
    desk.shows("alert").await;
    desk.follows("a[href$='/sheet']").await;
    assert_eq!((desk.actions, desk.fields), (2, 0));
    assert!(desk.shows_up("nav").await);
    desk.looks_as_printed(true).await;
    desk.shows("print-sheet").await;
    assert!(!desk.shows_up("nav").await, "navigation on paper");
    for css in ["h1", "td", "th", ".paper-meta", ".standing"] {
        let light = lightness(&desk, css).await;
        assert!(light < 0.45, "{css}: {light}");
    }
    let sheet = desk.reads("main").await;
    for words in [
        "调查人一",
        "调查人二",
        "家庭成员",
        "与登记是否一致",
        "□属实",
    ] {
        assert!(sheet.contains(words), "{words}: {sheet}");
    }
    let (pages, size) = paper(&desk.prints().await);
    assert_eq!(pages, 1, "a small family on more than one page");
    // A4 is 595.28 × 841.89 points.
    assert!(
        (size[2] - 595.28).abs() < 1.0 && (size[3] - 841.89).abs() < 1.0,
        "{size:?}"
    );
    // The pages of every day lose their navigation too.
    for path in ["/", "/families"] {
        desk.opens(path).await;
        desk.shows(&format!("print{}", path.replace('/', "-")))
            .await;
        assert!(!desk.shows_up(".top").await, "{path}");
        assert!(lightness(&desk, "main").await < 0.3, "{path}");
    }
    desk.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_typed_when_the_session_ran_out_are_back_after_the_login() {
    let office = Office::with(&[leads(&[("WG1", "湖塘镇", "急")])]).await;
    let newcomer = office
        .newcomer(Role::Caseworker, HUTANG, Screen::Desk, "试用")
        .await;
    let Some((mut desk, login)) = newcomer else {
        return without_chromium();
    };
    // Without scripts, so that it is not the browser that remembers.
    desk.forbids_scripts().await;
    desk.follows("[data-card] .sentence a").await;
    let alert = desk.place().await;
    desk.writes("#note", "三次上门无人，邻居说在女儿家").await;
    desk.chooses("#outcome", "unverifiable").await;
    office.app.clock.advance(10 * 3_600);
    desk.follows(".main-action button.primary").await;
    assert!(desk.sees("#login").await, "{}", desk.place().await);
    let told = desk.reads("main").await;
    assert!(
        told.contains("已加密保存") && !told.contains("三次"),
        "{told}"
    );
    desk.start_counting();
    enters(&mut desk, &login, PASSWORD).await;
    assert_eq!(desk.place().await, alert);
    assert_eq!(desk.value("#note").await, "三次上门无人，邻居说在女儿家");
    assert_eq!(desk.value("#outcome").await, "unverifiable");
    // Two fields to log in; one click each to log in and to send.
    desk.follows(".main-action button.primary").await;
    assert_eq!((desk.actions, desk.fields), (2, 2));
    assert!(desk.reads(".timeline").await.contains("三次上门无人"));
    desk.leaves().await;
}
