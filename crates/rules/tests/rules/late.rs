//! Absence is not zero: when a list grows late, no policy begins to tell of
//! anybody, and none says that there is nothing to tell any more. Tried on every
//! case, with each of its lists late and with all of them.

use domain::evaluation::Signal;
use domain::ids::Subject;
use domain::time::Date;
use rules::{PolicySet, describe, evaluate, patched};
use serde_json::{Map, Value as Json, json};

use crate::support;

/// The household of a case with each of its lists late, and with all of them.
fn late(whole: &Json) -> Vec<(String, Json)> {
    let none = Vec::new();
    let covered = whole["covered"].as_array().unwrap_or(&none);
    let stale = whole["stale"].as_array().unwrap_or(&none);
    let mut found = Vec::new();
    for list in covered {
        let others: Vec<&Json> = covered.iter().filter(|other| *other != list).collect();
        let late: Vec<&Json> = stale.iter().chain([list]).collect();
        let change = json!({ "covered": others, "stale": late });
        found.push((list.to_string(), patched(whole, &change)));
    }
    let mut months = Map::new();
    for (item, _) in whole["months"].as_object().into_iter().flatten() {
        months.insert(item.clone(), json!("stale"));
        let change = json!({ "months": { item: "stale" } });
        found.push((item.clone(), patched(whole, &change)));
    }
    let all: Vec<&Json> = stale.iter().chain(covered).collect();
    let change = json!({ "covered": [], "stale": all, "months": months });
    found.push(("every list".to_owned(), patched(whole, &change)));
    found
}

/// What one policy tells of one subject of a described household.
fn told(set: &PolicySet, whole: &Json, policy: &str, subject: Option<&str>, on: Date) -> Signal {
    let built = describe(whole, on).unwrap();
    let subject = subject.map_or(built.household.unit, |name| {
        Subject::Person(built.people[name])
    });
    let mut bulk = evaluate(set, &built.household).into_iter();
    let found = bulk.find(|e| e.policy == policy && e.subject == subject);
    found.expect("the policy speaks of the subject").signal
}

#[test]
fn a_list_that_is_late_neither_opens_nor_clears() {
    let (sampled, unsampled) = (support::shipped(true), support::shipped(false));
    let (mut held, mut not_held, mut wrong) = (0, 0, Vec::new());
    for document in support::documents("policies/cases") {
        let file: Json = serde_saphyr::from_str(&document.text).unwrap();
        let policy = file["policy"].as_str().unwrap();
        for case in file["cases"].as_array().unwrap() {
            let unset = case["sample"] == false;
            let set = if unset { &unsampled } else { &sampled };
            let change = case.get("change").cloned().unwrap_or(json!({}));
            let whole = patched(&file["base"], &change);
            let on = case["on"].as_str().or(file["on"].as_str()).unwrap();
            let on: Date = on.parse().unwrap();
            let subject = case["subject"].as_str().or(file["subject"].as_str());
            let before = told(set, &whole, policy, subject, on);
            for (list, whole) in late(&whole) {
                let after = told(set, &whole, policy, subject, on);
                let (from, to) = match (&before, &after) {
                    (Signal::Holds { .. }, after) => {
                        held += 1;
                        ("holds", matches!(after, Signal::Gone).then_some("gone"))
                    }
                    (_, after) => {
                        not_held += 1;
                        (
                            "nothing",
                            matches!(after, Signal::Holds { .. }).then_some("holds"),
                        )
                    }
                };
                if let Some(to) = to {
                    wrong.push(format!("{policy}: {}: {list}: {from} → {to}", case["name"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(held > 1_000 && not_held > 1_000, "{held}, {not_held}");
}
