//! The register: somebody found by what a caller on the telephone says, and the
//! list taken away as a workbook.

use domain::authority::Role;
use testkit::app::HUTANG;
use testkit::chromium::{Person, Screen};

use super::{Office, without_chromium};

/// Searches, and opens who was found first.
async fn finds(person: &mut Person, text: &str, name: &str) {
    person.follows("nav a[href='/families']").await;
    person.start_counting();
    person.writes("#text", text).await;
    person.follows("form[role=search] button").await;
    assert_eq!((person.actions, person.fields), (1, 1));
    let found = person.reads("[aria-labelledby=found]").await;
    assert!(found.contains(name), "{text}: {found}");
    let address = person.place().await;
    assert!(!address.contains('?'), "a search is in the address");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_found_by_name_number_and_telephone_and_the_list_taken_away() {
    let office = Office::open().await;
    let desk = office.person(Role::Caseworker, HUTANG, Screen::Desk);
    let Some(mut desk) = desk.await else {
        return without_chromium();
    };
    // Whose number and telephone are told, once and for a reason.
    desk.follows("nav a[href='/families']").await;
    desk.shows("families").await;
    desk.follows("[aria-labelledby=all] tbody a").await;
    desk.clicks("[aria-labelledby=m] details summary").await;
    let form = "form[action$='/identity']";
    desk.chooses(&format!("{form} select"), "phone_contact")
        .await;
    desk.follows(&format!("{form} button")).await;
    let name = desk.reads("tbody tr:nth-child(1) td").await;
    let number = desk.reads("tbody tr:nth-child(2) td").await;
    let phone = desk.reads("tbody a[href^='tel:']").await;
    let phone: String = phone.chars().filter(char::is_ascii_digit).collect();
    let surname: String = name.chars().take(1).collect();
    assert!(number.len() == 18 && phone.len() >= 7, "{number} {phone}");

    finds(&mut desk, &name, &surname).await;
    finds(&mut desk, &number, &surname).await;
    finds(&mut desk, &number[14..], &surname).await;
    finds(&mut desk, &phone, &surname).await;
    desk.follows("[aria-labelledby=found] tbody a").await;
    assert!(desk.reads("h1").await.contains(&surname));

    // One village, for a visit: two choices and two clicks.
    desk.follows("nav a[href='/families']").await;
    desk.start_counting();
    let village = desk
        .asks("return document.querySelector('#village option:nth-child(2)').value")
        .await;
    let village = village.as_str().expect("a village").to_owned();
    desk.chooses("#village", &village).await;
    desk.follows("form[action='/families'] button").await;
    desk.chooses("#purpose", "home_visit").await;
    let workbook = desk.takes("form[action='/families/export'] button").await;
    assert_eq!((desk.actions, desk.fields), (4, 0));
    assert!(workbook.starts_with(b"PK"), "no workbook");
    desk.leaves().await;
}
