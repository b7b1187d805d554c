//! Conditions drawn at random, told of and asked of households.

use std::fmt::Write as _;

use rules::{PolicySet, ReviewScope, Reviewed, review};

use super::{POLICY, document};
use crate::support::{self, Draws, everyone};

const ATOMS: [&str; 16] = [
    "size(members) > 1",
    "size(members) >= 0",
    "size(members) < 3",
    "size(people) < 0",
    "size(members) == size(people)",
    "members.exists(m, age(m) >= 60)",
    "members.all(m, households(m) > 0)",
    "members.exists(m, m.identity.sex == '1' && m.identity.sex == '2')",
    "members.filter(m, m.membership.counted).exists(m, age(m) < 18)",
    "household.means_check.result == 'within'",
    "household.means_check.result in ['within', 'over']",
    "is_known(household.means_check.result)",
    "param.death_sources_to_confirm > 1",
    "on > '2026-01-01'",
    "on < '2025-01-01'",
    "sum(members.map(m, size(m.income))) > size(members)",
];

fn drawn(draws: &mut Draws, depth: u64) -> String {
    if depth == 0 {
        return ATOMS[draws.index(ATOMS.len())].to_owned();
    }
    let mut part = || drawn(draws, depth - 1);
    let (a, b, c) = (part(), part(), part());
    match draws.below(9) {
        0 | 1 => format!("({a} && {b})"),
        2 | 3 => format!("({a} || {b})"),
        4 => format!("!({a})"),
        5 => format!("certain({a})"),
        6 => format!("unless({a}, {b})"),
        7 => format!("({a} ? {b} : {c})"),
        _ => format!(
            "members.{}(m, {a} && age(m) > 17)",
            ["exists", "all", "exists_one"][draws.index(3)]
        ),
    }
}

/// Conditions drawn at random are asked of every household of the cases. What
/// is told can never be true or false is never so.
#[test]
fn no_household_contradicts_what_is_told_of_a_condition() {
    let mut draws = Draws(7);
    let mut criteria = String::new();
    for n in 0..300 {
        let when = serde_json::to_string(&drawn(&mut draws, 2)).unwrap();
        writeln!(
            criteria,
            "  - {{ id: c{n}, zh: 一, en: one, when: {when} }}"
        )
        .unwrap();
    }
    let (head, rest) = POLICY.split_once("  - {").unwrap();
    let (_, tail) = rest.split_once("raises:").unwrap();
    let head = head.replace("applies_when: size(members) > 0\n", "");
    let head = head.replace("standard: param.standard", "standard: yuan(1)");
    let first = head.lines().count() + 1;
    let policies = [document(
        "probe.yaml",
        format!("{head}{criteria}raises:{tail}"),
    )];
    let set = PolicySet::load(&policies, &support::documents("policies/parameters")).unwrap();
    let reviewed = Reviewed {
        set: &set,
        policies: &policies,
        cases: &[],
    };
    let mut told: Vec<(usize, bool)> = Vec::new();
    for warning in review(&reviewed, ReviewScope::default()) {
        let line = usize::try_from(warning.line).unwrap();
        // Of the whole condition, not of a part of it.
        let text = policies[0].text.lines().nth(line.max(1) - 1).unwrap();
        let whole = text
            .find("when: \"")
            .is_some_and(|at| text[..at].chars().count() + 8 == warning.column as usize);
        match warning.code {
            "condition.never_true" if whole => told.push((line - first, true)),
            "condition.never_false" if whole => told.push((line - first, false)),
            _ => {}
        }
    }
    let mut definite = 0;
    for household in everyone().into_iter().step_by(8) {
        let Some(decision) = rules::explain(&set, &household, "probe", household.unit) else {
            continue;
        };
        for (n, never) in &told {
            let outcome = &decision.criteria[*n];
            assert_eq!(outcome.id, format!("c{n}"));
            assert_ne!(
                outcome.holds,
                Some(*never),
                "{}",
                policies[0].text.lines().nth(n + first - 1).unwrap()
            );
            definite += usize::from(outcome.holds.is_some());
        }
    }
    assert!(
        told.len() > 20 && definite > 500,
        "{} {definite}",
        told.len()
    );
}
