//! Following people from day to day tells what judging them anew on each day gives.

use std::collections::BTreeMap;

use domain::ids::{HouseholdId, Subject};
use domain::time::{Date, add_days};
use rules::{Day, Machine, Outcome, Screened};
use uuid::Uuid;

use crate::support;

type Standings = BTreeMap<(usize, Subject, Subject), Outcome>;

fn standings(screened: &[Screened]) -> Standings {
    let one = |s: &Screened| ((s.policy, s.unit, s.subject), s.outcome);
    screened.iter().map(one).collect()
}

#[test]
fn what_changed_by_a_day_is_told_and_nothing_else() {
    let set = support::shipped(true);
    let machine = Machine::of(&set);
    let mut everyone = support::everyone();
    // Cases name their families alike.
    for (n, household) in everyone.iter_mut().enumerate() {
        if matches!(household.unit, Subject::Household(_)) {
            household.unit = Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(n as u128)));
        }
    }
    everyone.retain(|household| matches!(household.unit, Subject::Household(_)));
    let columns = machine.columns(&everyone);
    let mut news = 0;
    // Policies come into force in October 2022; cases are of November 2026.
    for first in ["2022-10-10", "2026-11-01"] {
        let first: Date = first.parse().unwrap();
        let mut following = machine.follow(&columns, &set).unwrap();
        let (mut known, mut whole, mut changed) = (Standings::new(), 0, 0);
        for day in (0..90).map(|days| add_days(first, days)) {
            let before = known.clone();
            match following.day(day) {
                Day::Whole(all) => {
                    known = standings(&all);
                    whole += 1;
                }
                Day::Changed(some) => {
                    for (key, outcome) in standings(&some) {
                        let was = known.insert(key, outcome);
                        let is_news = was != Some(outcome) || outcome == Outcome::Deferred;
                        assert!(is_news, "{key:?} on {day} was {was:?}");
                    }
                    changed += known.iter().filter(|(key, o)| before[key] != **o).count();
                }
            }
            let anew = machine.screen(&columns, &set, day).unwrap();
            assert!(known == standings(&anew), "on {day}");
        }
        println!("from {first}: {whole} whole days, {changed} changes");
        news += changed;
        assert_eq!(whole > 1, first < "2022-10-20".parse::<Date>().unwrap());
    }
    assert!(news > 0);
}
