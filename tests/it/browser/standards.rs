//! A standard, by two people, from the form to the policy's page.

use domain::authority::Role;
use pipeline::policies;
use testkit::app::{COUNTY, TestApp};
use testkit::chromium::Screen;

use super::look::breaches;
use super::{Office, without_chromium};
use crate::release::{broad, started};

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

/// Files of a new start are what an officer sees first, with what changed; a large
/// change asks for a reason in the same place.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_files_are_put_in_force_on_the_page_that_names_them() {
    let before = TestApp::sqlite().await;
    policies::start(&before.deps, false).await.unwrap();
    let before = before.inhabited(160).await;
    let app = started(before.deps.store.clone(), broad()).await;
    let served = app.serve().await;
    let office = Office {
        app,
        served,
        runtime: None,
    };
    let one = office.person(Role::PolicyOfficer, COUNTY, Screen::Desk);
    let Some(mut one) = one.await else {
        return without_chromium();
    };
    assert_eq!(one.place().await, "/policies", "a login leads to the work");
    assert_eq!(breaches(&one).await, Vec::<String>::new());
    let told = one.reads("[aria-labelledby=wait]").await;
    assert!(
        told.contains("parameters-sample.yaml") && told.contains("改动"),
        "{told}"
    );
    one.clicks("[aria-labelledby=wait] summary").await;
    let diff = one.reads("[aria-labelledby=wait] pre").await;
    assert!(
        diff.contains("value: 10000") && diff.contains("value: 10,"),
        "{diff}"
    );
    assert_eq!(breaches(&one).await, Vec::<String>::new());
    assert_eq!(one.overhang().await, 0);
    one.shows("policy-files-wait").await;
    one.forbids_scripts().await;
    let form = "form[method=post][action='/policies']";
    one.writes(&format!("{form} [name=words]"), "已核对武医保〔2026〕8号")
        .await;
    one.follows(&format!("{form} button")).await;
    let why = one.reads("[role=alert]").await;
    assert!(
        why.contains("低收入家庭大额医疗费用") && why.contains("个结论中"),
        "{why}"
    );
    let words = one.value(&format!("{form} [name=words]")).await;
    assert_eq!(words, "已核对武医保〔2026〕8号", "nothing is written twice");
    one.shows("policy-files-ask").await;
    one.writes(&format!("{form} [name=reason]"), "费用线确已调整")
        .await;
    one.follows(&format!("{form} button")).await;
    assert!(one.reads("[role=status]").await.contains("已生效"));
    assert!(!one.sees("[aria-labelledby=wait]").await);
    one.leaves().await;
}
