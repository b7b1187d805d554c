//! A standard, by two people, from the form to the policy's page.

use domain::authority::Role;
use testkit::app::COUNTY;
use testkit::chromium::Screen;

use super::{Office, without_chromium};

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_is_proposed_approved_and_on_the_policys_page() {
    let office = Office::with(&[]).await;
    let one = office.person(Role::PolicyOfficer, COUNTY, Screen::Desk);
    let Some(mut one) = one.await else {
        return without_chromium();
    };
    one.forbids_scripts().await;
    assert_eq!(one.place().await, "/policies", "a login leads to the work");
    one.start_counting();
    one.follows("a[href='/policies/low_income_medical']").await;
    one.follows("h3 a[href='/parameters/medical_burden_threshold']")
        .await;
    one.chooses("select[name=region]", COUNTY).await;
    one.writes("input[name=value]", "12000").await;
    one.dates("input[name=from]", "2026-12-01").await;
    one.writes("input[name=document]", "武医保〔2026〕8号")
        .await;
    one.writes("input[name=issuer]", "武进区医疗保障局").await;
    one.follows("form[action='/parameters/medical_burden_threshold'] button")
        .await;
    assert_eq!((one.actions, one.fields), (4, 4));
    let own = one.reads("main").await;
    assert!(
        own.contains("12,000元") && own.contains("须由另一人"),
        "{own}"
    );
    assert!(!one.sees("form[action$='/approval']").await);

    let other = office.person(Role::PolicyOfficer, COUNTY, Screen::Desk);
    let Some(mut other) = other.await else {
        return without_chromium();
    };
    other.forbids_scripts().await;
    other.start_counting();
    other.follows("nav a[href='/parameters']").await;
    other.follows("a[href^='/proposals/']").await;
    let form = "form[action$='/approval']";
    other
        .writes(&format!("{form} textarea"), "已核对原件第三条")
        .await;
    other.follows(&format!("{form} button")).await;
    assert_eq!((other.actions, other.fields), (3, 1));
    assert!(other.reads("h1").await.contains("已批准"));
    other.leaves().await;

    one.awaits("/policies/low_income_medical", "武医保〔2026〕8号")
        .await;
    let rows = one.reads("[aria-labelledby=par]").await;
    assert!(rows.contains("12,000元"), "{rows}");
    one.leaves().await;
}
