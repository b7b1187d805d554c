//! A village contact with a telephone, from the report to what became of it.

use domain::authority::Role;
use testkit::app::{HUTANG, NANJIE};
use testkit::chromium::Screen;

use super::{Office, without_chromium};

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_reports_in_six_fields_and_learns_what_became_of_it() {
    let office = Office::with(&[]).await;
    let contact = office.person(Role::VillageContact, NANJIE, Screen::Phone);
    let Some(mut contact) = contact.await else {
        return without_chromium();
    };
    assert_eq!(contact.reads("h1").await, "本周应访");
    contact.start_counting();
    contact.follows("main a[href='/village/leads/new']").await;
    contact.shows("village").await;
    let controls = "main form input:not([type=hidden]), main form select, main form textarea";
    assert_eq!(contact.counts(controls).await, 6);
    contact.writes("#text", "独居老人两天没开门").await;
    contact.writes("#who", "老周").await;
    contact.chooses("#category", "unattended").await;
    contact.chooses("#urgency", "urgent").await;
    assert!(contact.overhang().await <= 0, "wider than the telephone");
    contact.follows("main form button.primary").await;
    // Two clicks and two choices; two fields written, of six.
    assert_eq!((contact.actions, contact.fields), (4, 2));
    assert!(contact.reads(".done").await.contains("线索已收到"));
    contact.awaits("/village/leads", "已派到湖塘镇").await;

    let desk = office.person(Role::Caseworker, HUTANG, Screen::Desk);
    let Some(mut desk) = desk.await else {
        return without_chromium();
    };
    let sentence = desk.reads("[data-card] .sentence a").await;
    assert!(sentence.contains("独居老人两天没开门"), "{sentence}");
    desk.follows("[data-card] .sentence a").await;
    desk.chooses("#outcome", "true_assisted").await;
    desk.follows(".main-action button.primary").await;
    desk.leaves().await;

    contact.start_counting();
    contact.follows("nav a[href='/village/leads']").await;
    assert_eq!(contact.actions, 1);
    let standing = contact.reads(".standing-word").await;
    assert!(standing.contains("办结：属实"), "{standing}");
    contact.leaves().await;
}
