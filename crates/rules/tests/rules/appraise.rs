//! What a family would get a month, and by how little it misses, on cases of
//! the shipped allowance: 3 people, a standard of 1,160 yuan.

use domain::household::Household;
use rules::{Appraisal, Document, Margin, Monthly, PolicySet, appraise, describe, patched};
use serde_json::{Value as Json, json};

use crate::support;

const POLICY: &str = "subsistence_allowance";

/// The base family of the allowance's cases, changed.
fn family(change: &Json) -> Household {
    let path = support::root().join("policies/cases/subsistence_allowance.yaml");
    let file: Json = serde_saphyr::from_str(&support::document(&path).text).unwrap();
    let on = "2026-11-20".parse().unwrap();
    describe(&patched(&file["base"], change), on)
        .unwrap()
        .household
}

fn earning(yuan: &str) -> Household {
    family(
        &json!({ "people": { "孙某": { "income": [{ "class": "wage", "amount_year": yuan }] } } }),
    )
}

/// The allowance with another question about income.
fn asking(when: &str) -> PolicySet {
    let path = support::root().join("policies/subsistence_allowance.yaml");
    let mut document = support::document(&path);
    let was = "when: income < line";
    assert!(document.text.contains(was));
    document.text = document.text.replace(was, &format!("when: {when}"));
    support::shipped(true).with_policies(&[document]).unwrap()
}

fn seen(household: &Household) -> Appraisal {
    appraise(&support::shipped(true), household, POLICY, household.unit).unwrap()
}

#[test]
fn the_allowance_is_the_difference_a_month_exact_to_the_fen() {
    // (41,760.00 - 29,760.00) / 12.
    assert_eq!(seen(&earning("29760")).monthly, Monthly::Fen(100_000));
    // (41,760.00 - 29,760.07) / 12 = 999.9941…, rounded once, at the end.
    assert_eq!(seen(&earning("29760.07")).monthly, Monthly::Fen(99_999));
    // 999.9958…: the nearer fen is the one above.
    assert_eq!(seen(&earning("29760.05")).monthly, Monthly::Fen(100_000));
    // On the line a family is not entitled: nothing, which is not "unknown".
    assert_eq!(seen(&earning("41760")).monthly, Monthly::Nothing);
    let nobody = domain::ids::Subject::Person(domain::ids::PersonId::from_uuid(uuid::Uuid::nil()));
    let household = earning("1");
    assert_eq!(
        appraise(&support::shipped(true), &household, POLICY, nobody),
        None
    );
}

#[test]
fn an_amount_of_unknown_parts_is_unknown_and_not_zero() {
    // Met without income being asked, so that only the amount is unknown.
    let set = asking("line > yuan(0)");
    let household = family(&json!({ "people": { "孙某": { "income": [{ "class": "wage" }] } } }));
    let seen = appraise(&set, &household, POLICY, household.unit).unwrap();
    assert_eq!(seen.verdict.name(), "met");
    assert_eq!(seen.monthly, Monthly::Unknown);
}

#[test]
fn a_near_miss_fails_one_comparison_and_says_by_how_much() {
    let miss = seen(&earning("41760.01")).miss.unwrap();
    assert_eq!(
        (miss.criterion.as_str(), miss.by),
        ("income", Margin::Fen(1))
    );
    assert!(!miss.zh.is_empty() && !miss.en.is_empty());
    let on_the_line = seen(&earning("41760")).miss.unwrap();
    assert_eq!(on_the_line.by, Margin::Fen(0));
    assert!(on_the_line.by < miss.by, "nearer comes first");
    // The same distance, whichever side is written first.
    let household = earning("41760.01");
    let turned = appraise(&asking("line > income"), &household, POLICY, household.unit);
    assert_eq!(turned.unwrap().miss.unwrap().by, Margin::Fen(1));
    // Who qualifies misses nothing.
    assert_eq!(seen(&earning("29760")).miss, None);
    // What fails is no comparison: property found over the limit.
    let over = json!({ "household": { "means_check": [{ "result": "over" }] } });
    assert_eq!(seen(&family(&over)).miss, None);
    // Two fail, and one fails while the other is not known.
    for result in [
        json!([{ "result": "over" }]),
        json!([{ "result": "pending" }]),
    ] {
        let both = json!({
            "household": { "means_check": result },
            "people": { "孙某": { "income": [{ "class": "wage", "amount_year": "41760.01" }] } },
        });
        assert_eq!(seen(&family(&both)).miss, None);
    }
}

#[test]
fn an_amount_is_money_of_an_entitlement() {
    let load = |from: &str, to: &str, file: &str| {
        let path = support::root().join("policies").join(file);
        let document = support::document(&path);
        assert!(document.text.contains(from), "{file}");
        let text = document.text.replacen(from, to, 1);
        let name = file.to_owned();
        let parameters = support::documents("policies/parameters");
        let loaded = PolicySet::load(&[Document { name, text }], &parameters);
        loaded.map_err(|problems| problems[0].code)
    };
    let file = "subsistence_allowance.yaml";
    let set = load("(line - income)", "(line - income)", file).unwrap();
    let basis = set.policy(POLICY).unwrap().amount_basis().unwrap();
    assert_eq!(
        (basis.document.as_str(), basis.article.as_str()),
        ("国务院令第649号", "第十二条")
    );
    let people = load("(line - income) / 12", "size(counted)", file);
    assert_eq!(people.err(), Some("type.mismatch"));
    let amount =
        "amount: { per_month: param.allowance_standard, basis: { document: 试 } }\nlimits:";
    let signal = load("limits:", amount, "job_found.yaml");
    assert_eq!(signal.err(), Some("policy.amount"));
}
