//! What chunks keep of the facts alone serves every day and every standard, and
//! only the policies it was computed for.

use std::collections::BTreeSet;

use domain::time::{Date, add_days, add_months};
use rules::{Machine, Outcome, PolicySet};

use crate::census::said;
use crate::machine::population;
use crate::support::{self, framed};

/// Days on which windows, ages and figures that are in force differ.
fn days(first: Date) -> Vec<Date> {
    let near = [0, 1, 40].map(|days| add_days(first, days));
    let far = [-30, 14, 90].map(|months| add_months(first, months));
    [near, far].concat()
}

#[test]
fn what_is_kept_serves_every_day_and_every_standard() {
    let households = population(2);
    let sets = [support::shipped(true), support::shipped(false)];
    let machine = Machine::of(&sets[0]);
    let judged_again = machine.columns(&households);
    let bare = judged_again.bytes();
    let (mut deferred, mut verdicts) = (0, BTreeSet::new());
    for on in days(households[0].on) {
        for set in &sets {
            let again = said(&machine, &judged_again, set, on);
            let anew = said(&machine, &machine.columns(&households), set, on);
            let odd = again.iter().zip(&anew).find(|(again, anew)| again != anew);
            assert_eq!((again.len(), odd), (anew.len(), None), "{on}");
            let left = format!("{:?}", Outcome::Deferred);
            deferred += again.iter().filter(|one| one.contains(&left)).count();
            verdicts.insert(again);
        }
    }
    // Days and standards do change something, and amounts that do not fit stay
    // with the interpreter.
    assert_eq!(verdicts.len(), days(households[0].on).len() * sets.len());
    assert!(deferred > 0);
    let (scalars, lists) = judged_again.bytes();
    assert!(scalars > bare.0 && lists > bare.1, "nothing is kept");
}

#[test]
fn what_is_kept_for_some_policies_is_not_taken_for_others() {
    let households = population(1);
    let of = |class: &str| {
        let when = format!(r#"members.exists(m, m.income.exists(i, i.class == "{class}"))"#);
        let document = framed("probe", "household", &when, "");
        PolicySet::load(&[document], &[]).unwrap()
    };
    let (wages, pensions) = (of("wage"), of("central_basic_pension"));
    let (first, other) = (Machine::of(&wages), Machine::of(&pensions));
    // The same policies compiled once more have what was kept before.
    let third = Machine::of(&wages);
    let columns = first.columns(&households);
    let on = households[0].on;
    let tells = |machine: &Machine, set: &PolicySet| {
        let shared = said(machine, &columns, set, on);
        assert_eq!(
            shared,
            said(machine, &machine.columns(&households), set, on)
        );
        shared
    };
    let (a, b) = (tells(&first, &wages), tells(&other, &pensions));
    assert_ne!(a, b);
    assert_eq!((tells(&third, &wages), tells(&other, &pensions)), (a, b));
}

/// Whose list it is depends on the date, though nothing in the list does.
#[test]
fn what_hangs_from_somebody_the_date_decides_on_is_not_kept() {
    let households = population(1);
    let when = r#"members.exists(m, (age(m) < 60 ? m : head).income.exists(i, i.class == "wage"))"#;
    let set = PolicySet::load(&[framed("probe", "household", when, "")], &[]).unwrap();
    let machine = Machine::of(&set);
    assert_eq!(machine.left().next(), None);
    let columns = machine.columns(&households);
    let said = ["2026-11-20", "2066-11-20"].map(|on| {
        let on = on.parse().unwrap();
        let again = said(&machine, &columns, &set, on);
        assert_eq!(
            again,
            said(&machine, &machine.columns(&households), &set, on)
        );
        again
    });
    assert_ne!(said[0], said[1]);
}
