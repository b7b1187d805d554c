//! Promises of the crate: bulk and explanation agree, any number of threads
//! gives the same bytes, missing data never opens or clears, fingerprints stand
//! still while only the date moves, and no number of law is in Rust.

use crate::support;
use crate::support::everyone;
use std::fmt::Write;
use std::sync::LazyLock;

use domain::dictionary::Kind;
use domain::evaluation::{Segment, Signal, Verdict};
use domain::household::{Completeness, Household, WhyUnknown};
use domain::ids::{HouseholdId, Subject};
use domain::time::{Date, add_days};
use proptest::prelude::*;
use rules::{PolicySet, Population, describe};
use serde_json::json;
use uuid::Uuid;

fn on() -> Date {
    "2026-11-20".parse().unwrap()
}

#[test]
fn bulk_and_explanation_agree_on_every_policy_of_every_household() {
    for sample in [true, false] {
        let set = support::shipped(sample);
        let mut compared = 0;
        for household in everyone() {
            for evaluation in rules::evaluate(&set, &household) {
                let (policy, subject) = (&evaluation.policy, evaluation.subject);
                let decision = rules::explain(&set, &household, policy, subject).unwrap();
                assert_eq!(decision.evaluation, evaluation);
                compared += 1;
            }
        }
        assert!(compared > 1_000, "{compared}");
    }
}

#[test]
fn one_two_and_seven_threads_give_the_same_bytes() {
    let set = support::shipped(true);
    let run = |threads: usize, backwards: bool| {
        let mut population = Population::new();
        let mut households = everyone();
        for (n, household) in (10_000u128..).zip(&mut households) {
            if let Subject::Household(_) = household.unit {
                household.unit = Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(n)));
            }
        }
        if backwards {
            households.reverse();
        }
        let solo = |h: &Household| matches!(h.unit, Subject::Person(_));
        for household in households.into_iter().filter(|h| !solo(h)) {
            population.upsert(household);
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let evaluations = pool.install(|| population.evaluate(&set, on()));
        serde_json::to_vec(&evaluations).unwrap()
    };
    let one = run(1, false);
    assert!(one.len() > 100_000);
    assert_eq!(one, run(2, true));
    assert_eq!(one, run(7, false));
}

/// Forgets what covered every list, as when no feed has come.
fn uncovered(household: &Household, why: WhyUnknown) -> Household {
    let mut blind = household.clone();
    let people = blind.people.iter_mut().map(|p| &mut p.facts);
    for facts in people.chain([&mut blind.facts]) {
        for (kind, list) in facts.iter_mut() {
            if matches!(list.completeness, Completeness::Complete(_)) && *kind != Kind::Grant {
                list.completeness = Completeness::Open(why);
            }
        }
    }
    for covered in blind.months.by_item.values_mut() {
        *covered = Err(why);
    }
    blind
}

/// Policies about what a record itself says, not about what a list lacks: a
/// report stays a report when no other list has come.
const TOLD_BY_RECORDS: [&str; 6] = [
    "incident",
    "urgent_lead",
    "main_worker_died",
    "new_vehicle",
    "job_found",
    "visit_needs_help",
];

#[test]
fn stale_or_missing_lists_never_open_an_alert_of_something_missed() {
    let set = support::shipped(true);
    for why in [WhyUnknown::NotCovered, WhyUnknown::Stale] {
        for household in everyone() {
            let known = rules::evaluate(&set, &household);
            let blind = rules::evaluate(&set, &uncovered(&household, why));
            for (before, after) in known.iter().zip(&blind) {
                assert_eq!(
                    (&before.policy, before.subject),
                    (&after.policy, after.subject)
                );
                if let Signal::Holds { plan, .. } = &after.signal {
                    let told = TOLD_BY_RECORDS.contains(&after.policy.as_str());
                    let discrepancy = domain::evaluation::Finding::Discrepancy;
                    assert!(told || plan.finding == discrepancy, "{}", after.policy);
                }
                let held = matches!(before.signal, Signal::Holds { .. });
                let gone = matches!(after.signal, Signal::Gone);
                assert!(!(held && gone), "{} cleared by missing data", before.policy);
            }
        }
    }
}

#[test]
fn fingerprints_stand_still_while_only_the_date_moves() {
    let set = support::shipped(true);
    let print = |household: &Household, on: Date| -> Vec<(String, String)> {
        let mut moved = household.clone();
        moved.on = on;
        let held = rules::evaluate(&set, &moved).into_iter();
        held.filter_map(|e| match e.signal {
            Signal::Holds { fingerprint, .. } => Some((e.policy, fingerprint)),
            _ => None,
        })
        .collect()
    };
    let mut held = 0;
    for household in everyone() {
        let today = print(&household, on());
        held += today.len();
        let later = print(&household, add_days(on(), 5));
        for (policy, fingerprint) in &today {
            if let Some((_, after)) = later.iter().find(|(p, _)| p == policy) {
                assert_eq!(fingerprint, after, "{policy}");
            }
        }
    }
    assert!(held > 30, "{held}");
}

#[test]
fn a_decision_names_what_it_relied_on() {
    let set = support::shipped(true);
    let unpaid = |h: &Household| {
        let of = |e: &domain::evaluation::Evaluation| {
            e.policy == "paid_after_death" && e.subject == Subject::Person(h.people[0].id)
        };
        let all = rules::evaluate(&set, h);
        all.iter()
            .any(|e| of(e) && e.verdict == Verdict::NotApplicable)
    };
    let everyone_once = everyone();
    let household = everyone_once.iter().find(|h| unpaid(h)).unwrap();
    let file = rules::explain(
        &set,
        household,
        "paid_after_death",
        Subject::Person(household.people[0].id),
    );
    let decision = file.unwrap();
    assert_eq!(decision.evaluation.verdict, Verdict::NotApplicable);
    let holder = everyone().into_iter().find(|h| {
        let all = rules::evaluate(&set, h);
        h.members().count() == 3
            && all.iter().any(|e| {
                e.policy == "subsistence_allowance" && matches!(e.signal, Signal::Holds { .. })
            })
    });
    let holder = holder.unwrap();
    let decision = rules::explain(&set, &holder, "subsistence_allowance", holder.unit).unwrap();
    let standard = decision
        .parameters
        .iter()
        .find(|p| p.key == "allowance_standard")
        .unwrap();
    assert_eq!(standard.value.as_deref(), Some("1,160元"));
    assert_eq!(standard.region, "320412");
    assert_eq!(standard.source, "示例参数·非官方标准");
    assert!(standard.sample && !standard.review_overdue);
    let lists: Vec<&str> = decision
        .coverage
        .iter()
        .map(|c| c.dataset.as_str())
        .collect();
    assert!(
        lists.contains(&"civil_register") && lists.contains(&"payments"),
        "{lists:?}"
    );
    assert!(!decision.rows.is_empty());
    let income = &decision.criteria[0];
    let operand = |name: &str| income.operands.iter().find(|o| o.expression == name);
    assert_eq!(operand("income").unwrap().value, "41,759.99元");
    assert_eq!(operand("line").unwrap().value, "41,760元");

    let mut later = holder.clone();
    later.on = "2027-07-01".parse().unwrap();
    let decision = rules::explain(&set, &later, "subsistence_allowance", later.unit).unwrap();
    let standard = decision
        .parameters
        .iter()
        .find(|p| p.key == "allowance_standard")
        .unwrap();
    assert!(standard.review_overdue, "reviewed until 2027-06-30");
}

#[test]
fn names_and_places_are_filled_in_at_disclosure() {
    let id = domain::ids::PersonId::from_uuid(Uuid::from_u128(1));
    let place = domain::region::DivisionCode::parse("320412100").unwrap();
    let sentence = [
        Segment::Name(id),
        Segment::Text("在".to_owned()),
        Segment::Place(place),
    ];
    let shown = rules::render(&sentence, &|_| "王**".to_owned(), &|code| code.to_string());
    assert_eq!(shown, "王**在320412100");
}

#[test]
fn a_unit_with_no_members_yields_nothing() {
    let set = support::shipped(true);
    let mut household = everyone().remove(0);
    household.people.clear();
    assert_eq!(rules::evaluate(&set, &household), []);
}

fn household(incomes: &[Option<i64>], covered: bool, counted: &[Option<bool>]) -> Household {
    let mut people = serde_json::Map::new();
    for (n, counted) in counted.iter().enumerate() {
        let mut income = Vec::new();
        if let Some(amount) = incomes.get(n) {
            let mut row = json!({ "class": "wage" });
            if let Some(fen) = amount {
                let yuan = domain::money::Money::from_fen(*fen).to_string();
                row["amount_year"] = yuan.into();
            }
            income.push(row);
        }
        let mut membership = json!({ "kinship": "other" });
        if let Some(counted) = counted {
            membership["counted"] = (*counted).into();
        }
        people.insert(
            format!("p{n}"),
            json!({ "membership": [membership], "income": income }),
        );
    }
    let lists = if covered {
        json!(["civil_register", "deaths_police"])
    } else {
        json!(["deaths_police"])
    };
    let whole = json!({
        "hukou": "320412100", "covered": lists, "people": people,
        "months": { "subsistence": "2026-11", "extreme_difficulty": "2026-11" },
        "household": { "composition": [{ "basis": "verified" }], "means_check": [{ "result": "within" }],
            "recognition": [{ "scheme": "none" }] },
    });
    describe(&whole, on()).unwrap().household
}

static SAMPLED: LazyLock<PolicySet> = LazyLock::new(|| support::shipped(true));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    /// What is not known may turn a definite verdict into an undetermined one,
    /// never into the opposite.
    #[test]
    fn the_unknown_never_turns_a_verdict(
        incomes in prop::collection::vec(0i64..3_000_000, 1..4),
        counted in prop::collection::vec(any::<bool>(), 1..4),
        hide_income in 0usize..4,
        hide_counted in 0usize..4,
    ) {
        let set = &*SAMPLED;
        let whole = |i: &[Option<i64>], covered, c: &[Option<bool>]| {
            let household = household(i, covered, c);
            let all = rules::evaluate(set, &household);
            all.into_iter().find(|e| e.policy == "subsistence_allowance").unwrap()
        };
        let full: Vec<_> = incomes.iter().copied().map(Some).collect();
        let count: Vec<_> = counted.iter().copied().map(Some).collect();
        let known = whole(&full, true, &count);
        let (mut less, mut fewer) = (full.clone(), count.clone());
        if let Some(one) = less.get_mut(hide_income) { *one = None; }
        if let Some(one) = fewer.get_mut(hide_counted) { *one = None; }
        for unknown in [whole(&less, true, &count), whole(&full, false, &count), whole(&full, true, &fewer)] {
            let same = unknown.verdict == known.verdict;
            prop_assert!(same || matches!(unknown.verdict, Verdict::Undetermined(_)), "{:?} {:?}", known, unknown);
        }
    }
}

/// Every number above 9 in the sources, with the reason it may stand there.
const NUMBERS: [(&str, &str); 8] = [
    ("4096", "bytes of one expression, for the parser's stack"),
    ("160", "levels of nesting, and characters of a message"),
    ("240", "characters of a message"),
    ("256", "KiB of one document"),
    ("1024", "bytes in a KiB"),
    ("16", "MiB of stack"),
    ("100", "fen in a yuan"),
    ("100_000", "months a civil date may be moved by"),
];

const MORE: [(&str, &str); 24] = [
    ("9_999", "last year of a civil date"),
    ("11", "months before the last of a year"),
    (
        "25",
        "divides every hundredth year, of those that four divides",
    ),
    ("28", "days of a February"),
    ("30", "days of a month"),
    ("400", "years of the calendar's era"),
    ("153", "days of five months from March on"),
    ("365", "days of a year"),
    ("97", "leap days of an era"),
    ("64", "names one policy may bind"),
    ("1_000", "thousandths, to show per cent with a decimal"),
    ("10", "tenths of a per cent; number of code lists"),
    ("13", "number of parameter units"),
    ("29", "number of functions"),
    ("4_096", "households of a chunk of columns"),
    ("15", "bits of a packed month"),
    ("31", "bits of a packed day"),
    ("12", "months of a year"),
    ("1_000_000", "steps of one evaluation of plain CEL"),
    ("10_000", "steps that a pattern costs"),
    ("62", "sources of one household, a bit each"),
    ("22", "bits of the elements one policy goes through"),
    ("21", "bits of the lanes of lists inside lists"),
    ("45", "bits of a sum of 4,096 numbers of 32, and two more"),
];

#[test]
fn no_number_of_law_is_in_rust() {
    let mut found = String::new();
    let src = support::root().join("crates/rules/src");
    let below = ["machine", "plain", "review"].map(|folder| src.join(folder));
    let folders = std::iter::once(src).chain(below);
    let entries = folders.flat_map(|f| std::fs::read_dir(f).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (n, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap();
            let outside: String = line.split('"').step_by(2).collect::<Vec<_>>().join(" ");
            let words = outside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for word in words.filter(|w| w.starts_with(|c: char| c.is_ascii_digit())) {
                let small = word.trim_end_matches(char::is_alphabetic).len() == 1;
                let mut allowed = NUMBERS.iter().chain(&MORE);
                if !small && !allowed.any(|(number, _)| *number == word) {
                    writeln!(found, "{}:{}: {word}", path.display(), n + 1).unwrap();
                }
            }
        }
    }
    assert!(found.is_empty(), "numbers without a reason:\n{found}");
}
