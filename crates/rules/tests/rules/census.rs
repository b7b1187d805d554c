//! A census that households came and went in is the same as one made anew, and
//! knows who stands otherwise by the date alone.

use std::collections::{BTreeMap, BTreeSet};

use domain::evaluation::{Evaluation, Signal};
use domain::household::Household;
use domain::ids::{HouseholdId, PersonId, Subject};
use domain::money::Money;
use domain::time::{Date, add_days};
use domain::value::Value;
use rules::{Census, CensusBytes, Columns, Document, Machine, PolicySet};
use uuid::Uuid;

use crate::support::{self, Draws};

fn unit(n: usize) -> Subject {
    Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(n as u128)))
}

fn households() -> Vec<Household> {
    let of_homes = |h: &Household| matches!(h.unit, Subject::Household(_));
    support::everyone().into_iter().filter(of_homes).collect()
}

/// What the machine says, by whom and in no order.
pub(super) fn said(machine: &Machine, columns: &Columns, set: &PolicySet, on: Date) -> Vec<String> {
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
        let unit = unit(draws.index(2_000));
        if draws.index(6) == 0 {
            census.remove(unit);
            known.remove(&unit);
        } else {
            let mut household = templates[draws.index(templates.len())].clone();
            household.unit = unit;
            // Where other values are in force.
            if draws.index(3) == 0 {
                household.hukou = Some("440305001".parse().unwrap());
            }
            // Lists on everybody, so that none can be taken for another's.
            let people = household.people.len();
            if people > 1 && draws.index(2) == 0 {
                let other = templates[draws.index(templates.len())].people.last();
                let facts = other.map(|person| person.facts.clone());
                household.people[people - 1]
                    .facts
                    .extend(facts.unwrap_or_default());
            }
            census.upsert(household.clone(), Date::MAX);
            known.insert(unit, household);
        }
        if step % 1_500 == 0 {
            let anew = machine.columns(known.values());
            let (kept, anew) = (
                said(&machine, &census.snapshot().columns(), &set, on),
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
    // Both with what is kept of the facts once somebody was judged.
    said(&machine, &anew, &set, on);
    let (kept, (scalars, lists)) = (census.bytes(), anew.bytes());
    let (kept, anew) = (kept.scalars + kept.lists, scalars + lists);
    println!("{kept} bytes kept, {anew} anew");
    assert!(kept < 2 * anew);
}

#[test]
fn another_machines_census_is_refused() {
    let (set, other) = (support::shipped(true), PolicySet::load(&[], &[]).unwrap());
    let census = Census::of(&Machine::of(&set));
    let on = households()[0].on;
    assert!(
        census
            .snapshot()
            .moved(&Machine::of(&other), &other, on)
            .is_none()
    );
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
        census.upsert(household.clone(), Date::MAX);
    }
    let to = add_days(all[0].on, 75);
    let named = census.snapshot().moved(&machine, &set, to).unwrap();
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
        later.upsert(household.clone(), Date::MAX);
    }
    let late = later.snapshot().moved(&machine, &set, to).unwrap();
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
    assert_eq!(
        census.snapshot().moved(&machine, &set, to).unwrap(),
        BTreeSet::new()
    );
}

#[test]
fn who_cannot_be_told_by_columns_is_always_named() {
    let set = support::shipped(true);
    let machine = Machine::of(&set);
    let paid = |household: &Household| {
        let people = household.people.iter().map(|person| &person.facts);
        let lists = people.flat_map(|facts| facts.values());
        let mut fields = lists
            .flat_map(|list| &list.items)
            .flat_map(|item| item.body.fields());
        fields.any(|(_, value)| matches!(value, Value::Money(_)))
    };
    let mut household = households().into_iter().find(paid).unwrap();
    let (on, next) = (household.on, add_days(household.on, 1));
    let named = |household: &Household| {
        let mut census = Census::of(&machine);
        census.upsert(household.clone(), Date::MAX);
        census.snapshot().moved(&machine, &set, next).unwrap().len()
    };
    assert_eq!(named(&household), 0);
    for facts in household.people.iter_mut().map(|person| &mut person.facts) {
        for item in facts.values_mut().flat_map(|list| &mut list.items) {
            let fields: Vec<_> = item.body.fields().map(|(f, v)| (f, v.clone())).collect();
            for (field, value) in fields {
                if matches!(value, Value::Money(_)) {
                    item.body
                        .set(field, Value::Money(Money::from_fen(i64::MIN)));
                }
            }
        }
    }
    assert_eq!((household.on, named(&household)), (on, 1));
}

#[test]
fn a_policy_that_comes_into_force_names_everybody() {
    let before = support::shipped(true);
    let on = households()[0].on;
    let day = add_days(on, 3).to_string();
    let mut documents = support::documents("policies");
    let of_checks = |d: &&mut Document| d.name == "periodic_check_due.yaml";
    let policy = documents.iter_mut().find(of_checks).unwrap();
    policy.text = policy
        .text
        .replacen("from: 2021-07-01", &format!("from: {day}"), 1);
    let set = before.with_policies(&documents).unwrap();
    let machine = Machine::of(&set);
    let mut census = Census::of(&machine);
    for (n, mut household) in households().into_iter().enumerate() {
        household.unit = unit(n);
        census.upsert(household, Date::MAX);
    }
    let named = |to: i32| {
        let snapshot = census.snapshot();
        snapshot
            .moved(&machine, &set, add_days(on, to))
            .unwrap()
            .len()
    };
    assert!(named(2) < census.len() / 2, "{}", named(2));
    assert_eq!(named(3), census.len());
}

#[test]
fn a_snapshot_says_whose_views_are_good_on_a_day_and_whose_are_not() {
    let set = support::shipped(true);
    let machine = Machine::of(&set);
    let templates = households();
    let on = templates[0].on;
    let mut census = Census::of(&machine);
    let mut all = Vec::new();
    for n in 0..1_500 {
        let mut household = templates[n % 90].clone();
        household.unit = unit(n);
        let days = i32::try_from(n % 30).unwrap();
        census.upsert(household.clone(), add_days(on, days));
        all.push((household, days));
    }
    let snapshot = census.snapshot();
    // What comes after is not in it.
    census.remove(unit(3));
    let named = BTreeSet::from([unit(7), unit(29), unit(1_029), unit(70_000)]);
    let day = add_days(on, 20);
    let columns = snapshot.good_on(day, &named);
    let is_good =
        |(household, days): &&(Household, i32)| *days > 20 && !named.contains(&household.unit);
    let late = all.iter().filter(|(_, days)| *days <= 20);
    let late: BTreeSet<Subject> = late.map(|(household, _)| household.unit).collect();
    assert_eq!(snapshot.due_by(day), late);
    let good: Vec<_> = all.iter().filter(is_good).collect();
    let expected = machine.columns(good.iter().map(|(household, _)| household));
    assert!(said(&machine, &columns, &set, on) == said(&machine, &expected, &set, on));
}

#[test]
fn a_value_that_takes_effect_names_whom_it_moves() {
    let probe = include_str!("support/probe.yaml");
    names_whom_a_value_moves(probe.replace("WHEN", "size(members) > param.most"));
    // It may be no more than how pressing it is.
    let pressing = "level_when: [{ when: size(members) > param.most, level: red }]";
    let probe = probe.replace("level: blue", &format!("level: blue\n  {pressing}"));
    names_whom_a_value_moves(probe.replace("WHEN", "size(members) > 0"));
}

/// Households of two and three stand otherwise when the value takes effect.
fn names_whom_a_value_moves(probe: String) {
    let document = |name: &str, text: String| Document {
        name: name.to_owned(),
        text,
    };
    let on = households()[0].on;
    let day = add_days(on, 3);
    let values = format!("[{{ value: 1, to: {day} }}, {{ value: 3, from: {day} }}]");
    let parameters = format!(
        "region: '000000'\nparameters: [{{ key: most, unit: people, zh: 数, values: {values} }}]\n"
    );
    let parameters = [document("parameters.yaml", parameters)];
    let set = PolicySet::load(&[document("probe.yaml", probe)], &parameters).unwrap();
    let machine = Machine::of(&set);
    let mut census = Census::of(&machine);
    let mut moved = BTreeSet::new();
    for (n, mut household) in households().into_iter().enumerate() {
        household.unit = unit(n);
        if (2..=3).contains(&household.members().count()) {
            moved.insert(household.unit);
        }
        census.upsert(household, Date::MAX);
    }
    assert!(!moved.is_empty() && moved.len() < census.len());
    let named = |census: &Census, to: i32| {
        let snapshot = census.snapshot();
        snapshot.moved(&machine, &set, add_days(on, to)).unwrap()
    };
    assert_eq!(named(&census, 2), BTreeSet::new());
    assert_eq!(named(&census, 3), moved);
    // And once it has taken effect, nobody else.
    assert_eq!(named(&census, 30), moved);
    census.judged_on(day);
    assert_eq!(named(&census, 30), BTreeSet::new());
}

/// Whoever is gone leaves no chunk behind, but for those who still read it.
#[test]
fn a_chunk_nobody_lives_in_is_let_go() {
    let set = support::shipped(true);
    let machine = Machine::of(&set);
    let one = households().swap_remove(0);
    let on = one.on;
    let mut census = Census::of(&machine);
    for n in 0..512 {
        let mut household = one.clone();
        household.unit = unit(n);
        census.upsert(household, Date::MAX);
    }
    let full = census.bytes();
    let before = census.snapshot();
    let known = said(&machine, &before.columns(), &set, on).len();
    assert!(
        full.scalars > 0 && full.lists > 0 && known > 512,
        "{full:?}"
    );
    for n in 0..512 {
        census.remove(unit(n));
    }
    assert_eq!(census.bytes(), CensusBytes::default());
    assert!(census.snapshot().columns().is_empty());
    assert_eq!(said(&machine, &before.columns(), &set, on).len(), known);
}

/// What a family takes, with all that is kept of it for the next day.
#[test]
fn a_family_takes_few_bytes() {
    let set = support::shipped(true);
    let machine = Machine::of(&set);
    let templates = households();
    let mut census = Census::of(&machine);
    let families = 40_960;
    let mut people = 0;
    for n in 0..families {
        let mut household = templates[n % templates.len()].clone();
        household.unit = unit(n);
        people += household.people.len();
        census.upsert(household, Date::MAX);
    }
    let snapshot = census.snapshot();
    let columns = snapshot.columns();
    let days = [1, 2].map(|days| add_days(templates[0].on, days));
    for day in days {
        let moved = snapshot.moved(&machine, &set, day);
        assert!(moved.is_some());
    }
    let (bytes, items) = (census.bytes(), columns.items());
    let each = |bytes: usize| bytes.div_ceil(families);
    println!(
        "{families} families of {people} people with {items} items: {} bytes of scalars, {} of lists ({} an item), {} of names a family",
        each(bytes.scalars),
        each(bytes.lists),
        bytes.lists.div_ceil(items),
        each(bytes.names)
    );
    assert!(each(bytes.scalars) <= 200, "{bytes:?}");
    assert!(bytes.lists <= 16 * items, "{bytes:?}");
    let named = 2 * size_of::<Subject>() * families + size_of::<PersonId>() * people;
    assert!(bytes.names >= named, "{bytes:?}");
}
