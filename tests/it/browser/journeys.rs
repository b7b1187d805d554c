//! What people come for, counted in clicks and fields.

use domain::authority::Role;
use testkit::app::{HUTANG, NIUTANG};
use testkit::chromium::Screen;

use super::{Office, without_chromium};

#[tokio::test(flavor = "multi_thread")]
async fn a_caseworker_closes_an_alert_in_three_actions() {
    let office = Office::open().await;
    let Some(mut person) = office.person(Role::Caseworker, HUTANG, Screen::Desk).await else {
        return without_chromium();
    };
    assert_eq!(person.reads("h1").await, "今天要办");
    let first = person.reads("[data-card] .sentence a").await;
    person.start_counting();
    person.follows("[data-card] .sentence a").await;
    assert_eq!(person.reads(".sentence.big").await, first);
    person.chooses("#outcome", "true_assisted").await;
    person.follows(".main-action button.primary").await;
    assert_eq!((person.actions, person.fields), (3, 0));
    let page = person.reads("main").await;
    assert!(page.contains("办结"), "{page}");
    assert!(!person.sees(".main-action").await, "it can be closed again");
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_walk_the_cards_and_open_one() {
    let office = Office::open().await;
    let Some(mut person) = office.person(Role::Caseworker, HUTANG, Screen::Desk).await else {
        return without_chromium();
    };
    let card = "return document.activeElement.closest('[data-card]') ? Array.from(document.querySelectorAll('[data-card]')).indexOf(document.activeElement.closest('[data-card]')) : -1";
    person.presses("j").await;
    person.presses("j").await;
    assert_eq!(person.asks(card).await, 1);
    person.presses("k").await;
    assert_eq!(person.asks(card).await, 0);
    person.presses("\u{e007}").await;
    assert!(
        person.place().await.starts_with("/alerts/"),
        "{}",
        person.place().await
    );
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_words_outlive_a_look_elsewhere_but_not_their_use() {
    let office = Office::open().await;
    let Some(mut person) = office
        .person(Role::Caseworker, NIUTANG, Screen::Phone)
        .await
    else {
        return without_chromium();
    };
    person.follows("[data-card] .sentence a").await;
    let alert = person.place().await;
    person.writes("#note", "已电话联系，明天上门").await;
    person.opens("/families").await;
    person.opens(&alert).await;
    assert_eq!(person.value("#note").await, "已电话联系，明天上门");
    person.chooses("#outcome", "unverifiable").await;
    person.follows(".main-action button.primary").await;
    let left = person
        .asks("return Object.values(sessionStorage).join()")
        .await;
    assert_eq!(
        left,
        "",
        "a draft stays after it was sent: {}",
        person.place().await
    );
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_people_comes_back_after_leaving() {
    let office = Office::open().await;
    let Some(mut person) = office.person(Role::Caseworker, HUTANG, Screen::Desk).await else {
        return without_chromium();
    };
    let sentence = person.reads("[data-card] .sentence a").await;
    person.follows("form[action='/logout'] button").await;
    assert!(person.sees("#login").await);
    person.goes_back().await;
    let page = person.reads("body").await;
    assert!(!page.contains(&sentence), "{page}");
    person.leaves().await;
}
