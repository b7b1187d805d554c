//! 试算: from the navigation to an answer, by who sets standards and by who
//! works with people, with scripts forbidden.

use domain::authority::Role;
use synth::{CountySpec, invent};
use testkit::app::{COUNTY, divisions, sample_day};
use testkit::chromium::{Person, Screen};

use super::look::breaches;
use super::{Office, without_chromium};

/// Asks what another allowance standard would change.
async fn asks(person: &mut Person) {
    person.follows("nav a[href='/simulations']").await;
    assert_eq!(person.reads("h1").await, "试算");
    assert!(
        person.reads("#now").await.contains("元"),
        "the present value"
    );
    person.chooses("#key", "allowance_standard").await;
    person.writes("#value", "2000").await;
    person.follows("main form.panel button.primary").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_four_steps_away_and_everybody_can_read_it() {
    let spec = CountySpec {
        seed: 5,
        households: 80,
        on: sample_day(),
    };
    let office = Office::with(&invent(&spec, &divisions()).feeds).await;
    for screen in [Screen::Desk, Screen::Phone] {
        let county = office.person(Role::CountyOfficer, COUNTY, screen).await;
        let Some(mut county) = county else {
            return without_chromium();
        };
        county.start_counting();
        asks(&mut county).await;
        assert_eq!((county.actions, county.fields), (3, 1));
        county.shows("county_officer-whatif-answer").await;
        let said = county.reads("[role=status]").await;
        assert!(
            said.contains("只供参考") && said.contains("数据截至提交"),
            "{said}"
        );
        // A picture with words, and the same numbers in a table.
        assert!(county.sees("svg[role=img] title").await);
        assert!(county.sees("svg[role=img] desc").await);
        assert!(
            county
                .sees("section[aria-labelledby='of-subsistence_allowance'] table")
                .await
        );
        county.clicks("details summary").await;
        assert!(county.sees("details a[href^='/families/']").await);
        assert_eq!(breaches(&county).await, Vec::<String>::new());
        assert!(county.overhang().await <= 0);
        county.leaves().await;
    }
    let policy = office.person(Role::PolicyOfficer, COUNTY, Screen::Desk);
    let mut policy = policy.await.expect("another browser");
    policy.forbids_scripts().await;
    asks(&mut policy).await;
    policy.shows("policy_officer-whatif-answer").await;
    assert!(policy.reads("main").await.contains("舍到 5 的倍数"));
    assert!(
        !policy
            .sees("a[href^='/families/'], a[href^='/persons/']")
            .await
    );
    policy.leaves().await;
}
