//! Families of any size, lists of any length, and conditions that go through lists
//! inside lists: right, or said to be too much, and never without end.

use std::collections::BTreeMap;

use domain::evaluation::{Finding, Missing, Signal, Verdict};
use domain::household::Household;
use rules::{Machine, Outcome, PolicySet, describe, evaluate, explain};
use serde_json::{Value as Json, json};

use crate::machine::{agree, altered, apart};
use crate::support::{self, Draws, framed};

/// A family of so many people, each with so many bills, all of them new.
fn family(people: usize, bills: usize) -> Household {
    let bill = |n: usize| {
        let day = 1 + n % 28;
        let month = 1 + n % 11;
        json!({
            "settled_on": format!("2026-{month:02}-{day:02}"),
            "care": if n.is_multiple_of(3) { "inpatient" } else { "outpatient" },
            "total": (100 + n).to_string(),
            "personal_burden": (n % 97).to_string(),
        })
    };
    let bills: Vec<Json> = (0..bills).map(bill).collect();
    let one = |n: usize| {
        let facts = json!({
            "identity": [{ "name": format!("甲{n}"), "birth_date": "1990-01-01" }],
            "membership": [{ "kinship": if n == 0 { "head" } else { "child" }, "counted": true }],
            "income": [{ "class": "wage", "amount_year": "3000" }],
            "medical_settlement": bills,
        });
        (format!("p{n:03}"), facts)
    };
    let people: serde_json::Map<String, Json> = (0..people).map(one).collect();
    let whole = json!({
        "hukou": "320412100",
        "covered": ["civil_register", "medical_settlements", "deaths_police"],
        "months": { "subsistence": "2026-11" },
        "household": {
            "composition": [{ "basis": "verified" }],
            "means_check": [{ "result": "within" }],
            "recognition": [{ "scheme": "marginal" }],
        },
        "people": people,
    });
    let on = "2026-11-20".parse().unwrap();
    describe(&whole, on).unwrap().household
}

#[test]
fn forty_people_and_three_thousand_bills_each_are_judged_alike() {
    let set = support::shipped(true);
    let mut draws = Draws::seeded();
    let mut all = altered(&mut draws);
    let small = all.len();
    all.push(family(40, 3_000));
    all.push(family(1, 1));
    apart(&mut all);
    let mut seen = BTreeMap::new();
    let (compared, deferred) = agree(&set, &all, &mut seen);
    println!("{compared} verdicts compared, {deferred} deferred");
    assert!(compared > small);
    // The large family alone: columns hold it, and nothing of it is left.
    let (compared, deferred) = agree(&set, &all[small..=small], &mut seen);
    assert!(compared > 40 && deferred == 0, "{deferred} of {compared}");
    let bills = evaluate(&set, &all[small]);
    let medical = bills.iter().find(|one| one.policy == "low_income_medical");
    assert_eq!(medical.unwrap().verdict, Verdict::Met);
}

fn probe(when: &str) -> PolicySet {
    PolicySet::load(&[framed("probe", "household", when, "")], &[]).unwrap()
}

fn bills_inside_bills(levels: usize) -> String {
    let names = ["a", "b", "c", "d", "e", "f"];
    let begun: Vec<String> = names[..levels]
        .iter()
        .map(|name| format!("people.all({name}p, {name}p.medical_settlement.all({name}, "))
        .collect();
    let begun = begun.concat();
    let sum: Vec<String> = names[..levels]
        .iter()
        .map(|name| format!("{name}.total"))
        .collect();
    format!(
        "{begun}{} > yuan(0){}",
        sum.join(" + "),
        "))".repeat(levels)
    )
}

/// What is missing of the one verdict there is.
fn missing(set: &PolicySet, household: &Household) -> Vec<String> {
    match &evaluate(set, household)[0].verdict {
        Verdict::Undetermined(missing) => missing.iter().map(|one| one.fact.clone()).collect(),
        other => panic!("{other:?}"),
    }
}

/// Six levels of a thousand each would take two thousand years.
#[test]
fn lists_inside_lists_come_to_an_end() {
    let large = family(1, 1_000);
    for levels in [3, 6] {
        let set = probe(&bills_inside_bills(levels));
        assert_eq!(missing(&set, &large), ["effort"]);
        let decision = explain(&set, &large, "probe", large.unit).unwrap();
        assert_eq!(decision.missing[0].fact, "effort");
        assert!(!decision.criteria[0].may_remain_open);
        let machine = Machine::of(&set);
        assert_eq!(machine.left().count(), 0, "all of it is compiled");
        let columns = machine.columns(std::slice::from_ref(&large));
        let on = large.on;
        let screened = machine.screen(&columns, &set, on).unwrap();
        let outcomes: Vec<Outcome> = screened.into_iter().map(|one| one.outcome).collect();
        assert_eq!(outcomes, [Outcome::Deferred]);
    }
    let (set, small) = (probe(&bills_inside_bills(3)), family(2, 5));
    assert_eq!(evaluate(&set, &small)[0].verdict, Verdict::Met);
    assert_eq!(agree(&set, &[small], &mut BTreeMap::new()), (1, 0));
}

#[test]
fn comparing_all_with_all_comes_to_an_end() {
    let set = probe("people.all(p, size(distinct(p.medical_settlement.map(b, b.total))) > 0)");
    assert_eq!(evaluate(&set, &family(1, 3_000))[0].verdict, Verdict::Met);
    let large = family(1, 12_000);
    assert_eq!(evaluate(&set, &large)[0].verdict, Verdict::Met);
    assert_eq!(agree(&set, &[large], &mut BTreeMap::new()), (1, 0));
}

/// Each criterion alone goes through little; all of them come to the bound. Columns
/// say nothing of a family before the interpreter gives up on it.
#[test]
fn what_adds_up_comes_to_an_end_for_columns_too() {
    let sizes = vec!["size(p.medical_settlement)"; 50].join(" + ");
    let set = probe(&format!("people.all(p, {sizes} > 0)"));
    let machine = Machine::of(&set);
    let outcome = |large: &Household| {
        let columns = machine.columns(std::slice::from_ref(large));
        let screened = machine.screen(&columns, &set, large.on).unwrap();
        screened.into_iter().map(|one| one.outcome).next().unwrap()
    };
    // Four and a half million elements.
    let large = family(30, 3_000);
    assert_eq!(missing(&set, &large), ["effort"]);
    assert_eq!(outcome(&large), Outcome::Deferred);
    // However deep, `unless` asks each condition once.
    let bills = "people.all(p, p.medical_settlement.all(b, b.total > yuan(0)))";
    let asked = format!(
        "{}{bills}{} || true",
        "unless(".repeat(40),
        ", true)".repeat(40)
    );
    let deep = probe(&asked);
    let told = evaluate(&deep, &family(2, 5));
    assert_eq!(told[0].verdict, Verdict::Met);
    let half = family(12, 3_000);
    assert_eq!(evaluate(&set, &half)[0].verdict, Verdict::Met);
    assert_eq!(agree(&set, &[half], &mut BTreeMap::new()), (1, 0));
}

/// A benefit that may be missed while property is not checked is not missed while
/// the condition about property cannot be computed.
#[test]
fn what_fails_may_not_stay_open() {
    let path = support::root().join("policies/subsistence_allowance.yaml");
    let mut document = support::document(&path);
    let was = "when: unless(household.means_check.result == \"pending\", \
               household.means_check.result == \"within\")";
    assert!(document.text.contains(was), "{}", document.text);
    let failing = "when: unless(household.means_check.result == \"pending\", \
                   household.means_check.result == \"within\") \
                   && size(members) / (size(members) - size(members)) > 1 / 2";
    let whole = document.text.clone();
    document.text = whole.replace(was, failing);
    let failing = support::shipped(true).with_policies(&[document]).unwrap();
    let open = support::shipped(true);
    let mut draws = Draws::seeded();
    let (mut opened, mut failed) = (0, 0);
    let all = altered(&mut draws);
    for household in &all {
        let of = |set: &PolicySet| {
            let mut all = evaluate(set, household).into_iter();
            all.find(|one| one.policy == "subsistence_allowance")
        };
        let (Some(open), Some(fails)) = (of(&open), of(&failing)) else {
            continue;
        };
        let is_open = |signal: &Signal| matches!(signal, Signal::Holds { plan, .. } if plan.finding == Finding::PossiblyMissed);
        opened += usize::from(is_open(&open.signal));
        assert!(!is_open(&fails.signal), "{fails:?}");
        if let Verdict::Undetermined(missing) = &fails.verdict {
            failed += usize::from(missing.iter().any(Missing::is_failure));
        }
    }
    println!("{opened} open, {failed} failed");
    assert!(opened > 0 && failed > opened);
    agree(&failing, &all, &mut BTreeMap::new());
}

/// Whoever runs the service is told of policies that fail; those that are shipped
/// never do, whatever is missing.
#[test]
fn no_shipped_policy_fails() {
    let mut undetermined = 0;
    for sample in [true, false] {
        let set = support::shipped(sample);
        let known = support::everyone();
        let without = known.iter().cloned().map(without_lists);
        for household in known.iter().cloned().chain(without) {
            for one in evaluate(&set, &household) {
                if let Verdict::Undetermined(missing) = &one.verdict {
                    undetermined += 1;
                    let failed = missing.iter().find(|one| one.is_failure());
                    assert_eq!(failed, None, "{}", one.policy);
                }
            }
        }
    }
    assert!(undetermined > 5_000, "{undetermined}");
}

/// A household of which no list has come.
fn without_lists(mut household: Household) -> Household {
    for person in &mut household.people {
        person.facts.clear();
    }
    household.facts.clear();
    household.months.by_item.clear();
    household
}
