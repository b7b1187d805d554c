//! The county's officer: what lies on no desk, the backlog, which lists came.

use domain::authority::Role;
use pipeline::deps::Settings;
use testkit::app::{COUNTY, HUTANG};
use testkit::chromium::Screen;

use super::{Office, leads, without_chromium};

#[tokio::test(flavor = "multi_thread")]
async fn the_county_places_releases_and_reads_the_calendar() {
    // More in a day than the township's budget, none of it urgent: three are
    // held back. A report without a town lies on no desk.
    let budget = Settings::default().daily_budget_per_township;
    let number = |n: u32| (format!("WG{n}"), "湖塘镇", "一般");
    let mut reports: Vec<_> = (1..=budget + 3).map(number).collect();
    reports.push(("WG900".to_owned(), "", "急"));
    let office = Office::with(&[leads(&reports)]).await;
    let county = office.person(Role::CountyOfficer, COUNTY, Screen::Desk);
    let Some(mut county) = county.await else {
        return without_chromium();
    };
    county.forbids_scripts().await;
    county.follows("nav a[href='/county']").await;
    assert_eq!(county.reads("h1").await, "全县情况");
    assert!(county.sees("svg[role=img]").await);
    assert!(county.reads("#unplaced .count").await.contains("1 条"));
    let held = county.reads("#held .count").await;
    assert!(held.contains("3 条"), "{held}");

    county.start_counting();
    let row = "[aria-labelledby=unplaced] tbody tr";
    county.chooses(&format!("{row} select"), HUTANG).await;
    county.follows(&format!("{row} button")).await;
    assert_eq!((county.actions, county.fields), (2, 0));
    assert!(county.reads(".done").await.contains("已分派"));
    assert!(county.reads("#unplaced .count").await.contains("0 条"));

    // The number is filled in already.
    county.start_counting();
    county
        .follows("form[action='/county/release'] button")
        .await;
    assert_eq!((county.actions, county.fields), (1, 0));
    assert!(county.reads(".done").await.contains("派发"));
    assert!(county.reads("#held .count").await.contains("0 条"));
    let hutang = "[aria-labelledby=desks] tbody tr:first-child";
    let line = county.reads(hutang).await;
    let all = format!("湖塘镇 {}", budget + 4);
    assert!(line.starts_with(&all), "{line}");

    let calendar = county.reads("[aria-labelledby=calendar] table").await;
    assert!(
        calendar.contains("线索（网格）") && calendar.contains("2026-11"),
        "{calendar}"
    );
    let late = county.reads("[aria-labelledby=lists] table").await;
    assert!(late.contains("未收到：一律按不知道处理"), "{late}");
    county.leaves().await;
}
