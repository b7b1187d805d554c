//! Where scripts are forbidden: what must be done can be done.

use domain::authority::Role;
use testkit::app::{COUNTY, HUTANG, NANJIE};
use testkit::chromium::{Person, Screen};

use super::sender::{list, outcomes, sends};
use super::{Office, leads, without_chromium};

/// Whether the page's own script ran: it is what shows the help for keys.
async fn scripted(person: &Person) -> bool {
    person.shows_up("[data-keys]").await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_an_alert_is_closed_a_lead_reported_and_a_file_sent() {
    let office = Office::with(&[leads(&[("WG1", "湖塘镇", "急")])]).await;
    let desk = office.person(Role::Caseworker, HUTANG, Screen::Desk);
    let Some(mut desk) = desk.await else {
        return without_chromium();
    };
    assert!(scripted(&desk).await, "the script shows nothing");
    desk.forbids_scripts().await;
    desk.opens("/").await;
    assert!(!scripted(&desk).await, "scripts are not forbidden");
    desk.start_counting();
    desk.follows("[data-card] .sentence a").await;
    assert!(!scripted(&desk).await, "scripts are not forbidden");
    desk.chooses("#outcome", "true_assisted").await;
    desk.follows(".main-action button.primary").await;
    assert_eq!((desk.actions, desk.fields), (3, 0));
    assert!(desk.reads(".done").await.contains("办结"));
    desk.leaves().await;

    let contact = office.person(Role::VillageContact, NANJIE, Screen::Phone);
    let mut contact = contact.await.expect("a second browser");
    contact.forbids_scripts().await;
    contact.start_counting();
    contact.follows("main a[href='/village/leads/new']").await;
    contact.writes("#text", "灶台着火，老人没地方住").await;
    contact.follows("main form button.primary").await;
    assert_eq!((contact.actions, contact.fields), (2, 1));
    assert!(contact.reads("main").await.contains("灶台着火"));
    contact.leaves().await;

    let sender = office.person(Role::Importer, COUNTY, Screen::Desk);
    let mut sender = sender.await.expect("a third browser");
    sender.forbids_scripts().await;
    sender.start_counting();
    sender.chooses("#dataset", "deaths_police").await;
    sends(&mut sender, "注销.csv", &list()).await;
    assert_eq!((sender.actions, sender.fields), (2, 1));
    assert_eq!(outcomes(&sender).await, ["1", "1", "1", "1"]);
    sender.leaves().await;
}
