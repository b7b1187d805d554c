//! A view does not change by date alone before the day it announces.

use domain::dictionary::Kind;
use domain::household::first;
use domain::time::{Month, add_days, age_in_years};
use domain::value::Body;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::order::{Case, cases};
use super::*;

fn next(world: &World, unit: Subject, on: &str) -> Date {
    world.see(unit, on).next_change_on.unwrap()
}

#[test]
fn a_new_month_is_no_change_and_a_year_is_the_longest() {
    let world = World::new([], [says(CIVIL, p(1), 1, "2026-11-01", born("1980-06-01"))]);
    assert_eq!(next(&world, p(1), "2026-11-20"), day("2027-06-01"));
    assert_eq!(
        next(&World::default(), h(1), "2026-11-01"),
        day("2027-11-01")
    );
    assert_eq!(
        next(&World::default(), h(1), "2028-02-29"),
        day("2029-02-28")
    );
}

#[test]
fn a_birthday_is_a_change_also_on_leap_day() {
    let told = |on| World::new([], [says(CIVIL, p(1), 1, "2026-11-01", born(on))]);
    assert_eq!(
        next(&told("1946-11-25"), p(1), "2026-11-20"),
        day("2026-11-25")
    );
    assert_eq!(
        next(&told("1946-11-20"), p(1), "2026-11-20"),
        day("2027-11-20")
    );
    assert_eq!(
        next(&told("2012-02-29"), p(1), "2028-02-20"),
        day("2028-02-29")
    );
    assert_eq!(
        next(&told("2012-02-29"), p(1), "2027-02-20"),
        day("2027-03-01")
    );
}

#[test]
fn bounds_of_validity_are_changes() {
    let row = says(DISABILITY, p(1), 1, "2026-11-01", certificate("2"));
    let world = World::new([], [valid(row, "2026-11-10", "2026-11-25")]);
    assert_eq!(next(&world, p(1), "2026-11-02"), day("2026-11-10"));
    assert_eq!(next(&world, p(1), "2026-11-10"), day("2026-11-25"));
}

#[test]
fn a_list_going_stale_is_a_change() {
    let list = complete("disability_register", COUNTY, "2026-09-20", "2026-09-20");
    let world = World::new(
        [list],
        [says(CIVIL, p(1), 1, "2026-11-01", born("1980-06-01"))],
    );
    assert_eq!(next(&world, p(1), "2026-11-20"), day("2026-11-22"));
    let months = World::new([paid("orphan", "2026-10", "2026-10-08")], []);
    assert_eq!(next(&months, h(1), "2026-11-20"), day("2026-11-23"));
}

#[test]
fn leaving_the_look_back_is_a_change() {
    let row = says(
        MEDICAL,
        p(1),
        1,
        "2024-11-25",
        Body::new(Kind::MedicalSettlement),
    );
    let world = World::new([], [valid(row, "2024-11-25", "2024-11-26")]);
    assert_eq!(next(&world, p(1), "2026-11-20"), day("2026-11-26"));
}

#[test]
fn a_later_list_is_a_change_for_a_date_before_it() {
    let lists =
        ["2026-11-01", "2026-11-15"].map(|as_of| complete("civil_register", COUNTY, as_of, as_of));
    let world = World::new(
        lists,
        [says(CIVIL, p(1), 1, "2026-11-01", member_of(1, "head"))],
    );
    assert_eq!(next(&world, h(1), "2026-11-10"), day("2026-11-15"));
    // Someone who is not here yet may come.
    let world = World::new(
        [],
        [
            says(CIVIL, p(1), 1, "2026-11-01", member_of(2, "head")),
            says(CIVIL, p(1), 2, "2026-11-17", member_of(1, "head")),
        ],
    );
    assert_eq!(next(&world, h(1), "2026-11-10"), day("2026-11-17"));
}

/// Whether the view of `unit` stays as it is before `announced`: on every day of
/// the next weeks, then now and then, and on the eve.
fn stays(
    world: &World,
    unit: Subject,
    on: Date,
    announced: impl Fn(&Household) -> Date,
) -> Result<(), TestCaseError> {
    let people = world.people();
    let now = world.see_among(&people, unit, on);
    let ages = |view: &Household| -> Vec<_> {
        let births = view.people.iter().map(|person| {
            first(&person.facts, Kind::Identity).and_then(|item| item.body.date("birth_date"))
        });
        births
            .map(|birth| birth.map(|birth| age_in_years(birth, view.on)))
            .collect()
    };
    let eve = add_days(announced(&now), -1);
    let soon = (1..45).map(|days| add_days(on, days));
    let far = (5..60).map(|weeks| add_days(on, 7 * weeks));
    for later in soon.chain(far).chain([eve]) {
        if later <= on || later > eve {
            continue;
        }
        let then = world.see_among(&people, unit, later);
        prop_assert_eq!(ages(&then), ages(&now));
        let next = now.next_change_on;
        let then = Household {
            on,
            next_change_on: next,
            ..then
        };
        prop_assert_eq!(&then, &now, "on {}", later);
    }
    Ok(())
}

fn units(case: &Case) -> Subject {
    [h(1), h(2), p(1), p(2)][usize::from(case.day % 4)]
}

proptest! {
    #![proptest_config(Config::with_cases(1_500))]

    #[test]
    fn nothing_changes_before_the_announced_day(case in cases()) {
        let world = World::new(case.coverage(), case.records());
        stays(&world, units(&case), case.on(), |view| view.next_change_on.unwrap())?;
    }
}

#[test]
fn the_property_catches_an_announcement_that_is_too_late() {
    let config = Config {
        cases: 200,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(&cases(), |case| {
        let world = World::new(case.coverage(), case.records());
        stays(&world, units(&case), case.on(), |view| {
            Month::of(view.on).plus(1).first_day()
        })
    });
    assert!(matches!(outcome, Err(TestError::Fail(..))));
}
