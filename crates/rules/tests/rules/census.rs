//! A census that households came and went in is the same as one made anew, and
//! knows who stands otherwise by the date alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::evaluation::{Evaluation, Signal};
use domain::household::Household;
use domain::ids::{HouseholdId, Subject};
use domain::time::{Date, add_days};
use rules::{Census, Columns, Machine, PolicySet};
use uuid::Uuid;

use crate::support;

/// A small sequence of numbers; its seed is said when a test fails.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

fn unit(n: usize) -> Subject {
    Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(n as u128)))
}

fn households() -> Vec<Household> {
    let of_homes = |h: &Household| matches!(h.unit, Subject::Household(_));
    support::everyone().into_iter().filter(of_homes).collect()
}

/// What the machine says, by whom and in no order.
fn said(machine: &Machine, columns: &Columns, set: &PolicySet, on: Date) -> Vec<String> {
    let screened = machine.screen(columns, set, on).unwrap();
    let mut said: Vec<String> = screened.iter().map(|one| format!("{one:?}")).collect();
    said.sort();
    said
}

#[test]
fn a_census_equals_one_made_anew() {
    let seed = 20_261_126;
    println!("seed {seed}");
    let mut draws = Draws(seed);
    let set = support::shipped(true);
    let machine = Machine::of(&set);
    let templates = households();
    let on = templates[0].on;
    let mut census = Census::of(&machine);
    let mut known: BTreeMap<Subject, Household> = BTreeMap::new();
    let mut compared = 0;
    for step in 1..=9_000 {
        let unit = unit(draws.below(2_000));
        if draws.below(6) == 0 {
            census.remove(unit);
            known.remove(&unit);
        } else {
            let mut household = templates[draws.below(templates.len())].clone();
            household.unit = unit;
            // Where other values are in force.
            if draws.below(3) == 0 {
                household.hukou = Some("440305001".parse().unwrap());
            }
            // Lists on everybody, so that none can be taken for another's.
            let people = household.people.len();
            if people > 1 && draws.below(2) == 0 {
                let other = templates[draws.below(templates.len())].people.last();
                let facts = other.map(|person| person.facts.clone());
                household.people[people - 1]
                    .facts
                    .extend(facts.unwrap_or_default());
            }
            census.upsert(household.clone());
            known.insert(unit, household);
        }
        if step % 1_500 == 0 {
            let anew = machine.columns(known.values());
            let (kept, anew) = (
                said(&machine, &census.columns(), &set, on),
                said(&machine, &anew, &set, on),
            );
            compared += kept.len();
            assert_eq!(census.len(), known.len());
            // A diff of ten thousand lines helps nobody.
            let odd = kept.iter().zip(&anew).find(|(kept, anew)| kept != anew);
            assert_eq!((kept.len(), odd), (anew.len(), None), "after {step} steps");
        }
    }
    assert!(compared > 100_000, "{compared}");
    // Nine thousand changes to two thousand households do not pile up.
    let anew = machine.columns(known.values());
    let all = |(scalars, lists): (usize, usize)| scalars + lists;
    let (kept, anew) = (all(census.bytes()), all(anew.bytes()));
    println!("{kept} bytes kept, {anew} anew");
    assert!(kept < 2 * anew);
}

#[test]
fn another_machines_census_is_refused() {
    let (set, other) = (support::shipped(true), PolicySet::load(&[], &[]).unwrap());
    let census = Census::of(&Machine::of(&set));
    let on = households()[0].on;
    assert!(census.moved(&Machine::of(&other), &other, on).is_none());
}

/// What is kept of an evaluation and does not say the date itself.
fn kept(evaluation: &Evaluation) -> String {
    let signal = match &evaluation.signal {
        Signal::Holds { plan, fingerprint } => format!("{:?} {fingerprint}", plan.level),
        other => format!("{other:?}"),
    };
    format!("{} {signal}", evaluation.verdict.name())
}

fn judged(set: &PolicySet, household: &Household, on: Date) -> Vec<String> {
    let household = Household {
        on,
        ..household.clone()
    };
    let evaluations = rules::evaluate(set, &household);
    let line = |e: &Evaluation| format!("{} {} {}", e.policy, e.subject, kept(e));
    evaluations.iter().map(line).collect()
}

#[test]
fn whoever_stands_otherwise_by_the_date_is_named() {
    let set = support::shipped(true);
    let machine = Machine::of(&set);
    let mut census = Census::of(&machine);
    let mut all = households();
    for (n, household) in all.iter_mut().enumerate() {
        household.unit = unit(n);
        // Not everybody was judged on the same day.
        household.on = add_days(household.on, i32::try_from(n % 5).unwrap());
        census.upsert(household.clone());
    }
    let to = add_days(all[0].on, 75);
    let named = census.moved(&machine, &set, to).unwrap();
    let mut differ = BTreeSet::new();
    let mut last = BTreeSet::new();
    for household in &all {
        let mut day = household.on;
        let mut before = judged(&set, household, day);
        while day < to {
            day = add_days(day, 1);
            let after = judged(&set, household, day);
            if before != after {
                differ.insert(household.unit);
                if day == to {
                    last.insert(household.unit);
                }
            }
            before = after;
        }
    }
    println!(
        "{} of {} differ, {} named",
        differ.len(),
        all.len(),
        named.len()
    );
    assert!(differ.len() > 20, "{}", differ.len());
    let missed: Vec<_> = differ.difference(&named).collect();
    assert!(missed.is_empty(), "not named: {missed:?}");
    assert!(
        named.len() < differ.len() + all.len() / 10,
        "{}",
        named.len()
    );

    // Of those judged the day before only that day is asked.
    let mut later = Census::of(&machine);
    let mut judged_late = BTreeSet::new();
    for (n, household) in all.iter_mut().enumerate() {
        if n % 2 == 0 {
            household.on = add_days(to, -1);
            judged_late.insert(household.unit);
        }
        later.upsert(household.clone());
    }
    let late = later.moved(&machine, &set, to).unwrap();
    let late: BTreeSet<_> = late.intersection(&judged_late).copied().collect();
    let before = named.intersection(&judged_late).count();
    let by_then = judged_late.intersection(&last).count();
    println!(
        "{before} of those judged late were named before, {} are now",
        late.len()
    );
    assert!(before > by_then + 3 && late.len() <= by_then + 1);

    // Once everybody was looked at, nobody is named again.
    census.judged_on(to);
    assert_eq!(census.moved(&machine, &set, to).unwrap(), BTreeSet::new());
}
