//! The columnar machine says what the row interpreter says, whatever is missing.

use std::collections::BTreeMap;

use crate::support::{self, Draws};
use domain::evaluation::{Evaluation, Finding, Signal};
use domain::household::{Completeness, Household, WhyUnknown};
use domain::ids::{HouseholdId, Subject};
use domain::money::Money;
use domain::time::Date;
use domain::value::{Body, Value};
use rules::{Machine, Outcome, PolicySet, Standing, Told};
use uuid::Uuid;

fn on() -> Date {
    "2026-11-20".parse().unwrap()
}

pub(super) fn told(evaluation: &Evaluation) -> Outcome {
    let standing = Standing::from(&evaluation.verdict);
    let told = match &evaluation.signal {
        Signal::Gone => Told::Gone,
        Signal::Unknown => Told::Unknown,
        Signal::Holds { plan, .. } if plan.finding == Finding::MayNoLongerQualify => Told::NoLonger,
        Signal::Holds { .. } => Told::Holds,
    };
    Outcome::Judged(standing, told)
}

/// Amounts that no column can add up, and the one that a column cannot hold.
fn enormous(value: &Value, draws: &mut Draws) -> Value {
    match value {
        Value::Money(_) => Value::Money(Money::from_fen(if draws.below(8) == 0 {
            i64::MIN
        } else {
            i64::MAX - i64::try_from(draws.below(9)).unwrap()
        })),
        other => other.clone(),
    }
}

/// Takes facts away, opens lists, exchanges items with a neighbour's.
fn damaged(mut household: Household, other: &Household, draws: &mut Draws) -> Household {
    let borrowed = other
        .people
        .first()
        .map(|p| p.facts.clone())
        .unwrap_or_default();
    let people = household.people.iter_mut().map(|p| &mut p.facts);
    for facts in people.chain([&mut household.facts]) {
        let kinds: Vec<_> = facts.keys().copied().collect();
        for kind in kinds {
            let list = facts.get_mut(&kind).unwrap();
            match draws.below(15) {
                0 => {
                    facts.remove(&kind);
                }
                1 => list.completeness = Completeness::Open(WhyUnknown::NotCovered),
                2 => list.completeness = Completeness::Open(WhyUnknown::Unread),
                3 => list.completeness = Completeness::Closed,
                4 => {
                    list.items.pop();
                }
                5 => {
                    let more = borrowed
                        .get(&kind)
                        .map(|l| l.items.clone())
                        .unwrap_or_default();
                    list.items.extend(more);
                }
                6 => {
                    for item in &mut list.items {
                        let mut body = Body::new(kind);
                        for (field, value) in item.body.fields() {
                            if draws.below(3) > 0 {
                                body.set(field, value.clone());
                            }
                        }
                        item.body = body;
                    }
                }
                7 if draws.below(4) == 0 => {
                    for item in &mut list.items {
                        let mut body = Body::new(kind);
                        for (field, value) in item.body.fields() {
                            body.set(field, enormous(value, draws));
                        }
                        item.body = body;
                    }
                }
                _ => {}
            }
        }
    }
    if draws.below(10) == 0 {
        for covered in household.months.by_item.values_mut() {
            *covered = Err(WhyUnknown::Stale);
        }
    }
    household
}

/// Every verdict of the machine against the interpreter's; how many there were.
pub(super) fn agree(
    set: &PolicySet,
    households: &[Household],
    seen: &mut BTreeMap<String, usize>,
) -> (usize, usize) {
    let machine = Machine::of(set);
    let columns = machine.columns(households);
    let mut judged = BTreeMap::new();
    let mut deferred = 0;
    for one in machine.screen(&columns, set, on()).unwrap() {
        deferred += usize::from(one.outcome == Outcome::Deferred);
        let id = &set.policies()[one.policy].id;
        judged.insert((id.clone(), one.unit, one.subject), one.outcome);
    }
    let left: Vec<&str> = machine.left().map(|left| left.policy.as_str()).collect();
    let mut compared = 0;
    for household in households {
        for evaluation in rules::evaluate(set, household) {
            if left.contains(&evaluation.policy.as_str()) {
                continue;
            }
            let key = (
                evaluation.policy.clone(),
                evaluation.unit,
                evaluation.subject,
            );
            let found = judged.remove(&key);
            compared += 1;
            if found == Some(Outcome::Deferred) {
                continue;
            }
            *seen.entry(format!("{:?}", told(&evaluation))).or_default() += 1;
            assert_eq!(
                found,
                Some(told(&evaluation)),
                "{key:?}\n{evaluation:?}\n{household:#?}"
            );
        }
    }
    assert!(judged.is_empty(), "verdicts nobody asked for: {judged:?}");
    (compared, deferred)
}

pub(super) fn apart(households: &mut [Household]) {
    for (n, household) in (10_000u128..).zip(households) {
        if let Subject::Household(_) = household.unit {
            household.unit = Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(n)));
        }
    }
}

#[test]
fn every_policy_is_compiled() {
    let set = support::shipped(true);
    let left: Vec<_> = Machine::of(&set).left().cloned().collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn the_machine_agrees_with_the_interpreter_on_every_case() {
    for sample in [true, false] {
        let set = support::shipped(sample);
        for household in support::everyone() {
            agree(&set, &[household], &mut BTreeMap::new());
        }
    }
}

/// Households of all cases, each altered so many times, under printed draws.
pub(crate) fn population(times: usize) -> Vec<Household> {
    let mut draws = Draws::seeded();
    let mut all: Vec<Household> = (0..times).flat_map(|_| altered(&mut draws)).collect();
    apart(&mut all);
    all
}

/// Every household of the cases with something taken away or exchanged.
pub(super) fn altered(draws: &mut Draws) -> Vec<Household> {
    let everyone: Vec<Household> = support::everyone()
        .into_iter()
        .filter(|h| matches!(h.unit, Subject::Household(_)))
        .collect();
    let mut altered: Vec<Household> = everyone
        .iter()
        .map(|household| {
            let other = usize::try_from(draws.below(everyone.len() as u64)).unwrap();
            damaged(household.clone(), &everyone[other], draws)
        })
        .collect();
    apart(&mut altered);
    altered
}

/// Which criterion may stay open then depends on what is missing, and only the
/// interpreter knows that: the machine says what it says, or leaves it.
#[test]
fn the_machine_agrees_where_kinds_of_fact_may_stay_open() {
    let path = support::root().join("policies/subsistence_allowance.yaml");
    let mut document = support::document(&path);
    let was = "may_remain_open: [assets]";
    assert!(document.text.contains(was));
    document.text = document.text.replace(was, "may_remain_open: [means_check]");
    let set = support::shipped(true).with_policies(&[document]).unwrap();
    let mut draws = Draws::seeded();
    let (mut seen, mut left) = (BTreeMap::new(), 0);
    for _ in 0..3 {
        left += agree(&set, &altered(&mut draws), &mut seen).1;
    }
    println!("{left} deferred; {seen:#?}");
    assert!(left > 0);
}

#[test]
fn the_machine_agrees_whatever_is_missing() {
    let mut draws = Draws::seeded();
    let set = support::shipped(true);
    let (mut compared, mut deferred) = (0, 0);
    let mut seen = BTreeMap::new();
    for _ in 0..8 {
        let (c, d) = agree(&set, &altered(&mut draws), &mut seen);
        compared += c;
        deferred += d;
    }
    println!("{compared} verdicts compared, {deferred} deferred; {seen:#?}");
    // Every pair of verdict and signal there is.
    assert_eq!(seen.len(), 10, "{seen:#?}");
    assert!(seen.values().all(|times| *times > 10), "{seen:#?}");
    assert!(compared > 50_000, "{compared}");
    assert!(
        deferred * 20 < compared,
        "{deferred} of {compared} deferred"
    );
}
