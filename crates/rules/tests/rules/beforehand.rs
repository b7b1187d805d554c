//! What chunks keep serves every day and every standard, and only the policies and
//! parameters it was computed for.

use std::collections::BTreeSet;

use domain::region::DivisionCode;
use domain::time::{Date, add_days, add_months};
use rules::{Columns, Document, Machine, Outcome, PolicySet};

use crate::census::said;
use crate::compare::with;
use crate::machine::population;
use crate::support::{self, Draws, framed};

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

/// What chunks keep was computed under the parameters of whoever asked before.
#[test]
fn columns_say_the_same_whatever_they_were_asked_before() {
    let seed = 20_261_127;
    println!("seed {seed}");
    let mut draws = Draws(seed);
    let mut households = population(1);
    let here: DivisionCode = "320412101".parse().unwrap();
    for household in households.iter_mut().step_by(3) {
        household.hukou = Some(here);
    }
    let standard = "Allowance standard, values: [{ from: 2025-07-01, value: 1160";
    let (higher, later) = (
        standard.replace("1160", "2000"),
        standard.replace("2025-07-01", "2026-11-25"),
    );
    let in_one_township = Document {
        name: "320412101.yaml".to_owned(),
        text: "region: '320412101'\nparameters: [{ key: allowance_standard, unit: yuan_per_month, zh: 低保标准, values: [{ from: 2025-07-01, value: 2000, document: 试 }] }]\n".to_owned(),
    };
    let sets = [
        support::shipped(true),
        support::shipped(false),
        with(&[(standard, &higher)]),
        // Of one township alone.
        with(&[("region: \"320412\"", "region: \"320412101\"")]),
        // Of one township otherwise than of the county.
        support::shipped_with([support::samples(), in_one_township]),
        // From a day on.
        with(&[(standard, &later)]),
    ];
    let days = ["2026-11-20", "2026-11-24", "2026-11-25", "2027-02-01"];
    // The same lists, judged otherwise.
    let mut policies = support::documents("policies");
    let was = "when: income < line\n";
    let changed = policies.iter_mut().filter(|one| one.text.contains(was));
    let changed = changed.map(|one| one.text = one.text.replace(was, "when: income < line * 2\n"));
    assert!(changed.count() > 0);
    let others = sets.each_ref().map(|set| set.with_policies(&policies));
    let others = others.map(Result::unwrap);
    let machines = [&sets, &others].map(|sets| (Machine::of(&sets[0]), sets));
    let asked = machines[0].0.columns(&households);
    let mut found = BTreeSet::new();
    for _ in 0..30 {
        // Two who ask at the same time.
        let both = [0, 1].map(|_| {
            let (machine, sets) = &machines[draws.index(2)];
            let on: Date = days[draws.index(days.len())].parse().unwrap();
            (machine, &sets[draws.index(sets.len())], on)
        });
        let ask = |(machine, set, on): (&Machine, &PolicySet, Date), columns: &Columns| {
            said(machine, columns, set, on)
        };
        let answers = std::thread::scope(|scope| {
            let (ask, asked) = (&ask, &asked);
            let asking = both.map(|who| scope.spawn(move || ask(who, asked)));
            asking.map(|one| one.join().unwrap())
        });
        for (answer, who) in answers.into_iter().zip(both) {
            let anew = ask(who, &who.0.columns(&households));
            assert!(answer == anew, "on {}", who.2);
            found.insert(anew);
        }
    }
    assert!(found.len() > 12, "{}", found.len());
}
