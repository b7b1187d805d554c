//! What if a parameter were another: the answer is what evaluating under that
//! value gives, and asking changes nothing.

mod asked;
mod kept;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::authority::{Grant, Operation};
use domain::evaluation::Verdict;
use domain::ids::Subject;
use domain::money::Money;
use domain::region::DivisionCode;
use pipeline::loading::{Known, Loaded};
use pipeline::simulate::{Question, SimulateError, Simulation, simulate};
use pipeline::{Deps, simulate as what_if};
use rules::Margin;
use testkit::app::{COUNTY, TestApp, sample_day};

fn county() -> DivisionCode {
    DivisionCode::parse(COUNTY).unwrap()
}

fn raised(value: &str) -> Question {
    Question {
        values: vec![("allowance_standard".to_owned(), value.to_owned())],
        region: county(),
        on: sample_day(),
    }
}

async fn asked(app: &TestApp, value: &str) -> Simulation {
    let grant = app.grant("county", Operation::ReadPeople);
    simulate(&app.deps, &grant, &raised(value)).await.unwrap()
}

/// Households that the interpreter finds 符合 under the values in force.
async fn met(deps: &Arc<Deps>, policy: &str) -> BTreeSet<Subject> {
    let grant = Grant::for_steps(county());
    let store = deps.store.as_ref();
    let all = store.subjects(&grant, "h", sample_day(), None, 1_000);
    let all = all.await.unwrap();
    assert!(all.len() > 300 && all.len() < 1_000, "{}", all.len());
    let loaded = Loaded::load(deps, county(), &all, Known::Now)
        .await
        .unwrap();
    let set = deps.policies();
    let mut met = BTreeSet::new();
    for unit in all {
        for one in rules::evaluate(&set, &loaded.project(unit, sample_day())) {
            if one.policy == policy && one.verdict == Verdict::Met {
                met.insert(one.subject);
            }
        }
    }
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_is_what_evaluating_under_the_value_gives() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    let before = app.deps.store.statistics().await.unwrap();
    let now = met(&app.deps, "subsistence_allowance").await;
    let same = asked(&app, "1160").await;
    assert!(same.policies.is_empty(), "{:?}", same.policies.keys());
    assert!(same.units > 320, "{}", same.units);
    assert!(same.left.is_empty() && same.deferred == 0);

    let answer = asked(&app, "3000").await;
    let change = &answer.policies["subsistence_allowance"];
    assert_eq!(change.before.met, now.len() as u64);
    assert!(change.gained > 0, "{change:?}");
    let (gained, lost) = change
        .by_township
        .values()
        .fold((0, 0), |(g, l), town| (g + town.gained, l + town.lost));
    assert_eq!((gained, lost), (change.gained, change.lost));
    assert_eq!(
        change.before.met + change.gained - change.lost,
        change.after.met
    );
    let shown = change.examples.iter().filter(|one| one.gained).count();
    let most = usize::try_from(change.gained).unwrap();
    assert_eq!(shown, most.min(what_if::EXAMPLES_MAX));
    for one in change.examples.iter().filter(|one| one.gained) {
        assert!(!now.contains(&one.subject));
        let why = one.decision.as_ref().unwrap();
        assert_eq!(why.evaluation.verdict, Verdict::Met);
    }

    // Nothing was written, and nothing is in force that was not before.
    assert_eq!(app.deps.store.statistics().await.unwrap(), before);
    assert_eq!(met(&app.deps, "subsistence_allowance").await, now);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_of_the_grants_counties_and_of_known_parameters() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    let foreign = app.grant("elsewhere", Operation::ReadPeople);
    let answer = simulate(&app.deps, &foreign, &raised("3000"))
        .await
        .unwrap();
    assert_eq!(answer.units, 0);
    let grant = app.grant("county", Operation::ReadPeople);
    let unknown = Question {
        values: vec![("allowance_standart".to_owned(), "1".to_owned())],
        ..raised("1")
    };
    let refused = simulate(&app.deps, &grant, &unknown).await;
    assert!(matches!(refused, Err(SimulateError::Wrong(_))));
    let worded = simulate(&app.deps, &grant, &raised("plenty")).await;
    assert!(matches!(worded, Err(SimulateError::Wrong(_))));
}

/// Fen of `41,759.99元`.
fn fen(text: &str) -> i64 {
    Money::from_yuan_text(text).unwrap().as_fen()
}

/// Yearly income and line in fen of every household whose income is known and
/// whose property is within the rule, read off the explanations.
async fn known(deps: &Arc<Deps>) -> Vec<(i64, i64)> {
    let grant = Grant::for_steps(county());
    let all = deps
        .store
        .subjects(&grant, "h", sample_day(), None, 1_000)
        .await
        .unwrap();
    let loaded = Loaded::load(deps, county(), &all, Known::Now)
        .await
        .unwrap();
    let set = deps.policies();
    let mut known = Vec::new();
    for unit in all {
        let household = loaded.project(unit, sample_day());
        let Some(decision) = rules::explain(&set, &household, "subsistence_allowance", unit) else {
            continue;
        };
        let verdict = &decision.evaluation.verdict;
        let judged = matches!(verdict, Verdict::Met | Verdict::NotMet);
        let [income, assets] = decision.criteria.as_slice() else {
            panic!("two criteria");
        };
        if judged && income.holds.is_some() && assets.holds == Some(true) {
            let operand = |name: &str| {
                let mut all = income.operands.iter();
                fen(&all.find(|o| o.expression == name).unwrap().value)
            };
            known.push((operand("income"), operand("line")));
        }
    }
    known
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_and_near_misses_are_what_each_familys_numbers_say() {
    let app = TestApp::sqlite().await.inhabited(320).await;
    let families = known(&app.deps).await;
    // Rounded half up; who is 符合 is below the line, so nothing is negative.
    let amounts = |factor: i64| -> i64 {
        let lines = families
            .iter()
            .map(|(income, line)| (income, line / 1_160 * factor));
        let met = lines.filter(|(income, line)| *income < line);
        met.map(|(income, line)| (line - income + 6) / 12).sum()
    };
    for standard in [1_200, 3_000] {
        let answer = asked(&app, &standard.to_string()).await;
        let change = &answer.policies["subsistence_allowance"];
        let money = change.money.unwrap();
        assert!(money.before > 0 && money.after > money.before, "{money:?}");
        assert_eq!(money.before, amounts(1_160));
        assert_eq!(money.after, amounts(standard));
        assert_eq!(money.unknown, 0);
        let towns: i64 = change.by_township.values().map(|town| town.fen).sum();
        assert_eq!(towns, money.difference());

        let mut misses: Vec<i64> = families
            .iter()
            .map(|(income, line)| income - line / 1_160 * standard)
            .filter(|off| *off >= 0)
            .collect();
        misses.sort_unstable();
        misses.truncate(what_if::NEAR_MAX);
        let near: Vec<Margin> = change.near.iter().map(|one| one.miss.by).collect();
        assert!(
            standard > 1_200 || !near.is_empty(),
            "somebody misses 1,200"
        );
        assert_eq!(
            near,
            misses.into_iter().map(Margin::Fen).collect::<Vec<_>>()
        );
        assert!(change.near.iter().all(|one| one.miss.criterion == "income"));
    }
    // Nobody is said to be near a line that the question does not move.
    let answer = asked(&app, "3000").await;
    for (id, change) in &answer.policies {
        let set = app.deps.policies();
        let uses = set
            .policy(id)
            .unwrap()
            .parameters
            .contains("allowance_standard");
        assert!(uses || change.near.is_empty(), "{id}");
        assert_eq!(change.money.is_some(), id == "subsistence_allowance");
    }
}
