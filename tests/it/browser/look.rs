//! Every page of every role on both screens: no breach of WCAG 2.2 AA that axe
//! finds and nothing wider than the window.

use domain::authority::Role;
use testkit::app::{COUNTY, HUTANG, NANJIE};
use testkit::chromium::{Person, Screen};

use super::desks::pages;
use super::{Office, without_chromium};

const AXE: &str = include_str!("axe/axe.min.js");

/// Breaches axe finds on the open page, in words. A watermark is there to be
/// read through: decoration, which 1.4.3 exempts.
pub(super) async fn breaches(person: &Person) -> Vec<String> {
    let run = "const done = arguments[arguments.length - 1];
        axe.run({ exclude: ['.watermark'] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
           .then(found => done(found.violations.map(v => v.id + ': ' + v.help + ' – ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))))
           .catch(error => done(['axe failed: ' + error]));";
    person.asks(AXE).await;
    let found = person.asks_and_waits(run).await;
    let found = found.as_array().expect("a list").iter();
    found
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

/// Where an officer of a role works.
fn region(role: Role) -> &'static str {
    match role {
        Role::Caseworker => HUTANG,
        Role::VillageContact => NANJIE,
        _ => COUNTY,
    }
}

async fn looked_at(screen: Screen) {
    let office = Office::open().await;
    let mut wrong = Vec::new();
    let mut seen = 0;
    for role in Role::ALL {
        let region = region(role);
        let Some(person) = office.person(role, region, screen).await else {
            return without_chromium();
        };
        for (name, path) in pages(&office, &person, role).await {
            person.opens(&path).await;
            person.shows(&format!("{}-{name}", role.name())).await;
            assert!(
                person.sees("h1").await,
                "{name} of {role:?} at {path} has no heading"
            );
            let mut found = breaches(&person).await;
            let overhang = person.overhang().await;
            if overhang > 0 {
                found.push(format!("{overhang} pixels wider than the window"));
            }
            wrong.extend(found.iter().map(|text| format!("{role:?} {name}: {text}")));
            seen += 1;
        }
        person.leaves().await;
    }
    assert!(seen > 20, "only {seen} pages were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_read_by_everybody_at_the_desk() {
    looked_at(Screen::Desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_read_by_everybody_on_a_phone() {
    looked_at(Screen::Phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_page_is_found() {
    let office = Office::open().await;
    let Some(person) = office.person(Role::Caseworker, HUTANG, Screen::Phone).await else {
        return without_chromium();
    };
    assert_eq!(breaches(&person).await, Vec::<String>::new());
    // A saboteur: a picture without words, a field without a label, something wide
    // (said to its style, because the page's policy takes no style in a tag).
    let spoil = "const main = document.querySelector('main');
        main.insertAdjacentHTML('beforeend', '<img src=\"data:,\"><input type=\"text\" name=\"x\"><div id=\"wide\">…</div>');
        document.getElementById('wide').style.width = '900px'";
    person.asks(spoil).await;
    let found = breaches(&person).await.join("\n");
    assert!(
        found.contains("image-alt") && found.contains("label"),
        "{found}"
    );
    assert!(person.overhang().await > 0);
    person.leaves().await;
}
