//! Runs every file of `policies/cases` with the runner that `hearth policy test`
//! and the policy page use. To add a case, add it to a file: the household, and
//! what must come of it.

use std::collections::BTreeSet;

use domain::region::DivisionCode;
use rules::{CaseOutcome, CaseSets, Document, run_cases};

use crate::support;

pub(crate) fn place(code: DivisionCode) -> String {
    match code.as_str() {
        "320412100" => "湖塘镇".to_owned(),
        other => other.to_owned(),
    }
}

fn run(documents: &[Document]) -> Vec<CaseOutcome> {
    let (sampled, unsampled) = (support::shipped(true), support::shipped(false));
    let sets = CaseSets {
        sampled: &sampled,
        unsampled: &unsampled,
        place: &place,
    };
    let outcomes = documents.iter().flat_map(|document| {
        run_cases(document, &sets).unwrap_or_else(|problem| panic!("{problem}"))
    });
    outcomes.collect()
}

#[test]
fn every_case_comes_out_as_written() {
    let outcomes = run(&support::documents("policies/cases"));
    let wrong: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.ok)
        .map(|o| {
            format!(
                "{}: {}\n  told     {}\n  expected {}",
                o.document, o.name, o.told, o.expected
            )
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{}\n{} of {} wrong",
        wrong.join("\n\n"),
        wrong.len(),
        outcomes.len()
    );
    let covered: BTreeSet<&str> = outcomes.iter().map(|o| o.policy.as_str()).collect();
    for policy in support::shipped(true).policies() {
        assert!(
            covered.contains(policy.id.as_str()),
            "{} has no cases",
            policy.id
        );
    }
}

#[test]
fn a_case_that_is_wrong_is_told_and_not_passed_over() {
    let mut documents = support::documents("policies/cases");
    documents.retain(|document| document.name == "nursing_subsidy.yaml");
    let text = &mut documents[0].text;
    *text = text.replace("verdict: met", "verdict: not_met");
    *text = text.replace("grade: \"2\"", "gradee: \"2\"");
    let outcomes = run(&documents);
    let differs = ("verdict".to_owned(), "not_met".into(), "met".into());
    let told = |o: &CaseOutcome| !o.ok && o.differences().contains(&differs);
    assert!(outcomes.iter().any(told));
    assert!(outcomes.iter().any(|o| o.told == "no field `gradee`"));
}

#[test]
fn a_case_may_say_what_the_names_of_the_policy_are() {
    let mut documents = support::documents("policies/cases");
    documents.retain(|document| document.name == "subsistence_allowance.yaml");
    let whole = run(&documents);
    let first = &whole[0];
    assert_eq!(first.told["values"]["line"], "41,760元");
    let line = documents[0]
        .text
        .lines()
        .position(|l| l.contains(&first.name));
    assert_eq!(Some(first.line as usize), line.map(|index| index + 1));

    let text = &mut documents[0].text;
    *text = text.replace("line: \"41,760元\"", "line: \"41,761元\"");
    let wrong = &run(&documents)[0];
    assert!(!wrong.ok);
    let told = (
        "values.line".to_owned(),
        "41,761元".into(),
        "41,760元".into(),
    );
    assert_eq!(wrong.differences(), [told]);

    let text = &mut documents[0].text;
    *text = text.replace("line: \"41,761元\"", "lines: \"41,760元\"");
    let wrong = &run(&documents)[0];
    assert!(!wrong.ok);
    assert_eq!(wrong.told, "the policy binds no `lines`");
}
