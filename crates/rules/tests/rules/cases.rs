//! Runs every file of `policies/cases`. To add a case, add it to a file: the
//! household, and what must come of it.

use crate::support;
use std::collections::BTreeSet;

use crate::support::household::{Built, build, patched};
use domain::evaluation::{Decision, Signal, Verdict};
use domain::ids::Subject;
use domain::time::Date;
use serde_json::Value as Json;

/// What a decision says, in the words of a case file.
fn told(decision: &Decision, expected: &Json, built: &Built) -> Json {
    let evaluation = &decision.evaluation;
    let mut told = serde_json::Map::new();
    let mut say = |key: &str, value: Json| {
        if !expected[key].is_null() {
            told.insert(key.to_owned(), value);
        }
    };
    say("verdict", evaluation.verdict.name().into());
    let (name, plan) = match &evaluation.signal {
        Signal::Holds { plan, .. } => ("holds", Some(plan)),
        Signal::Gone => ("gone", None),
        Signal::Unknown => ("unknown", None),
    };
    say("signal", name.into());
    let place = plan.and_then(|p| p.incident_place);
    say("incident_place", place.map(|p| p.to_string()).into());
    say("finding", plan.map(|p| p.finding.name()).into());
    say("level", plan.map(|p| p.level.name()).into());
    let failing = decision.criteria.iter().filter(|c| c.holds == Some(false));
    say("fails", failing.map(|c| c.id.clone()).collect());
    let open = decision.criteria.iter().filter(|c| c.holds.is_none());
    say("open", open.map(|c| c.id.clone()).collect());
    let facts: BTreeSet<&str> = decision.missing.iter().map(|m| m.fact.as_str()).collect();
    say("missing", facts.into_iter().collect());
    if let Verdict::Undetermined(missing) = &evaluation.verdict {
        assert_eq!(missing, &decision.missing);
    }
    let name = |id| {
        let found = built.people.iter().find(|(_, known)| **known == id);
        found.map(|(name, _)| name.clone()).unwrap()
    };
    let place = |code: domain::region::DivisionCode| match code.as_str() {
        "320412100" => "湖塘镇".to_owned(),
        other => other.to_owned(),
    };
    say(
        "zh",
        rules::render(&decision.sentence_zh, &name, &place).into(),
    );
    say(
        "en",
        rules::render(&decision.sentence_en, &name, &place).into(),
    );
    if !expected["deadlines"].is_null() {
        let deadlines = plan.map(|p| serde_json::to_value(&p.deadlines).unwrap());
        told.insert("deadlines".to_owned(), deadlines.into());
    }
    Json::Object(told)
}

#[test]
fn every_case_comes_out_as_written() {
    let (sampled, unsampled) = (support::shipped(true), support::shipped(false));
    let mut wrong = Vec::new();
    let mut run = 0;
    let mut covered = BTreeSet::new();
    for document in support::documents("policies/cases") {
        let file: Json = serde_saphyr::from_str(&document.text)
            .unwrap_or_else(|error| panic!("{}: {error}", document.name));
        let policy = file["policy"].as_str().unwrap();
        let on: Date = file["on"].as_str().unwrap().parse().unwrap();
        covered.insert(policy.to_owned());
        for case in file["cases"].as_array().unwrap() {
            run += 1;
            let title = format!("{}: {}", document.name, case["name"].as_str().unwrap());
            let change = case.get("change").cloned().unwrap_or(serde_json::json!({}));
            let on = case["on"].as_str().map_or(on, |day| day.parse().unwrap());
            let built = build(&patched(&file["base"], &change), on);
            let subject = match case["subject"].as_str().or(file["subject"].as_str()) {
                Some(name) => Subject::Person(built.people[name]),
                None => built.household.unit,
            };
            let set = if case["sample"] == false {
                &unsampled
            } else {
                &sampled
            };
            let decision = rules::explain(set, &built.household, policy, subject)
                .unwrap_or_else(|| panic!("{title}: no decision"));
            let bulk = rules::evaluate(set, &built.household);
            let same = bulk
                .iter()
                .find(|e| e.policy == policy && e.subject == subject);
            assert_eq!(
                same,
                Some(&decision.evaluation),
                "{title}: bulk and explanation differ"
            );
            let expected = &case["expect"];
            let told = told(&decision, expected, &built);
            if told != *expected {
                let all = serde_json::to_string_pretty(&decision.criteria).unwrap();
                wrong.push(format!(
                    "{title}\n  told     {told}\n  expected {expected}\n  {all}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n{} of {run} wrong",
        wrong.join("\n\n"),
        wrong.len()
    );
    for policy in sampled.policies() {
        assert!(covered.contains(&policy.id), "{} has no cases", policy.id);
    }
}
