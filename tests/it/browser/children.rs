//! What is kept for children's officers: their page has it, nobody else's.

use axum::http::StatusCode;
use domain::authority::Role;
use testkit::app::{COUNTY, HUTANG};
use testkit::chromium::Screen;

use super::{Office, without_chromium};

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_alert_is_the_childrens_officers_and_nobody_elses() {
    let office = Office::open().await;
    let officer = office.person(Role::ChildrenOfficer, COUNTY, Screen::Desk);
    let Some(mut officer) = officer.await else {
        return without_chromium();
    };
    officer.start_counting();
    officer.follows("nav a[href='/county']").await;
    officer.follows("[aria-labelledby=held] tbody a").await;
    assert_eq!((officer.actions, officer.fields), (2, 0));
    let alert = officer.place().await;
    let title = officer.reads(".alert-head").await;
    assert!(title.contains("儿童"), "{title}");
    let sentence = officer.reads(".sentence.big").await;
    officer.leaves().await;

    for (role, region) in [(Role::Caseworker, HUTANG), (Role::CountyOfficer, COUNTY)] {
        let other = office.person(role, region, Screen::Desk).await;
        let Some(other) = other else {
            return without_chromium();
        };
        for path in [alert.as_str(), "/"] {
            other.opens(path).await;
            let page = other.reads("body").await;
            assert!(!page.contains(&sentence), "{role:?} {path}: {page}");
        }
        other.opens(&alert).await;
        let refused = other.reads("main").await;
        let code = StatusCode::NOT_FOUND.as_u16().to_string();
        assert!(refused.contains(&code), "{role:?}: {refused}");
        // An alert nobody knows is answered in the same words.
        let unknown = "/alerts/00000000-0000-4000-8000-000000000000";
        other.opens(unknown).await;
        assert_eq!(other.reads("main").await, refused);
        // Nor is it counted among the backlog.
        other.opens("/county").await;
        other.shows(&format!("{}-county", role.name())).await;
        let held = other.counts(&format!("a[href='{alert}']")).await;
        assert_eq!(held, 0, "{role:?}");
        other.leaves().await;
    }
}
