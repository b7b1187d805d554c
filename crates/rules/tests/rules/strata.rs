//! Policies that read the verdicts of others.

use domain::evaluation::Verdict;
use domain::household::Household;
use domain::ids::Subject;
use rules::{Document, Machine, Outcome, PolicySet, Problem, Standing, describe};
use serde_json::json;

use crate::support::framed;

/// Versions of one policy are files of their own.
fn policy(name: &str, subject: &str, when: &str, more: &str) -> Document {
    Document {
        name: format!("{name}-{}.yaml", more.len()),
        ..framed(name, subject, when, more)
    }
}

fn parameters() -> Document {
    Document {
        name: "nation.yaml".to_owned(),
        text: "region: \"000000\"\nparameters:\n  - { key: line, unit: age_years, zh: 线, values: [{ value: 60, document: 试 }] }\n  - { key: unset, unit: age_years, zh: 未定 }\n".to_owned(),
    }
}

fn load(policies: &[Document]) -> Result<PolicySet, Vec<Problem>> {
    PolicySet::load(policies, &[parameters()])
}

fn household() -> Household {
    let whole = json!({
        "hukou": "320412100",
        "covered": ["civil_register"],
        "people": {
            "a": { "identity": [{ "sex": "1", "birth_date": "1950-02-28" }], "membership": [{ "kinship": "head" }] },
            "b": { "identity": [{ "sex": "2" }], "membership": [{ "kinship": "child" }] },
            "c": { "identity": [{ "sex": "2", "birth_date": "2010-01-01" }], "membership": [{ "kinship": "child" }] },
            "d": { "linked": true, "identity": [{ "sex": "1", "birth_date": "1930-01-01" }] },
        },
    });
    let on = "2026-11-20".parse().unwrap();
    describe(&whole, on).unwrap().household
}

/// Per subject of a policy `true`, `false` or the missing facts, in order; the
/// machine says the same.
fn told(set: &PolicySet, policy: &str) -> Vec<String> {
    let household = household();
    let machine = Machine::of(set);
    assert_eq!(machine.left().count(), 0);
    let columns = machine.columns([&household]);
    let screened = machine.screen(&columns, set, household.on).unwrap();
    let all = rules::evaluate(set, &household);
    let of_policy = all.iter().filter(|e| e.policy == policy);
    let words = of_policy.map(|e| {
        let words = match &e.verdict {
            Verdict::Met => "true".to_owned(),
            Verdict::NotMet => "false".to_owned(),
            Verdict::NotApplicable => "-".to_owned(),
            Verdict::Undetermined(missing) => {
                let facts: Vec<&str> = missing.iter().map(|m| m.fact.as_str()).collect();
                facts.join(" ")
            }
        };
        let standing = Standing::from(&e.verdict);
        let same = |one: &&rules::Screened| {
            set.policies()[one.policy].id == policy && one.subject == e.subject
        };
        let one = screened.iter().find(same).unwrap();
        assert!(
            matches!(one.outcome, Outcome::Judged(s, _) if s == standing),
            "{e:?} {one:?}"
        );
        words
    });
    words.collect()
}

const OLD: &str = "age(person) >= param.line";

#[test]
fn a_policy_reads_what_another_says() {
    // The reader's name comes first: the order is that of who waits for whom.
    let set = load(&[
        policy("old", "person", OLD, ""),
        policy(
            "a_home",
            "household",
            "members.exists(m, m.verdict('old'))",
            "",
        ),
        policy(
            "all_old",
            "household",
            "members.all(m, m.verdict('old'))",
            "",
        ),
        policy(
            "b_other",
            "person",
            "household.verdict('a_home') && !person.verdict('old')",
            "",
        ),
        policy("head_old", "household", "head.verdict('old')", ""),
        policy(
            "outside",
            "household",
            "people.exists_one(p, p.verdict('old'))",
            "",
        ),
        policy(
            "twice",
            "person",
            "members.exists(m, m != person && m.verdict('old'))",
            "",
        ),
    ])
    .unwrap();
    assert_eq!(told(&set, "old"), ["true", "identity.birth_date", "false"]);
    assert_eq!(told(&set, "a_home"), ["true"]);
    assert_eq!(told(&set, "all_old"), ["false"]);
    assert_eq!(
        told(&set, "b_other"),
        ["false", "identity.birth_date", "true"]
    );
    assert_eq!(told(&set, "head_old"), ["true"]);
    // Of a linked person nothing is said, whatever the records would give.
    assert_eq!(told(&set, "outside"), ["identity.birth_date verdict.old"]);
    assert_eq!(told(&set, "twice"), ["identity.birth_date", "true", "true"]);
}

#[test]
fn what_does_not_apply_is_false_and_what_is_undetermined_unknown() {
    let needs = "needs: { composition: [verified] }";
    let set = load(&[
        policy(
            "men",
            "person",
            OLD,
            "applies_when: person.identity.sex == '1'",
        ),
        policy("known_home", "household", "true", needs),
        policy("shut", "household", "false", needs),
        policy("of_men", "person", "person.verdict('men')", ""),
        policy(
            "of_home",
            "household",
            "household.verdict('known_home')",
            "",
        ),
        policy("of_shut", "household", "household.verdict('shut')", ""),
    ])
    .unwrap();
    assert_eq!(told(&set, "of_men"), ["true", "false", "false"]);
    assert_eq!(told(&set, "of_home"), ["composition.basis"]);
    assert_eq!(told(&set, "of_shut"), ["composition.basis"]);
}

#[test]
fn the_version_in_force_is_read_and_none_is_unknown() {
    let set = load(&[
        policy("rule", "household", "true", "to: 2026-11-20"),
        policy(
            "rule",
            "household",
            "false",
            "from: 2026-11-20\nto: 2027-01-01",
        ),
        policy("past", "household", "true", "to: 2026-01-01"),
        policy("reader", "household", "household.verdict('rule')", ""),
        policy("late", "household", "household.verdict('past')", ""),
    ])
    .unwrap();
    assert_eq!(told(&set, "reader"), ["false"]);
    assert_eq!(told(&set, "late"), ["verdict.past"]);
}

#[test]
fn what_is_read_is_among_what_a_decision_relied_on() {
    let set = load(&[
        policy("old", "person", OLD, ""),
        policy("reader", "person", "person.verdict('old')", ""),
        policy("waiting", "person", "age(person) > param.unset", ""),
        policy("waits", "person", "person.verdict('waiting')", ""),
    ])
    .unwrap();
    let household = household();
    let subject = Subject::Person(household.people[0].id);
    let decision = rules::explain(&set, &household, "reader", subject).unwrap();
    let keys: Vec<&str> = decision.parameters.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["line"]);
    assert_eq!(decision.rows.len(), 1);
    let place = domain::region::DivisionCode::parse("320412").unwrap();
    let unset = set.unset(place, household.on);
    assert_eq!(unset[0].policies, ["waiting", "waits"]);
}

#[test]
fn what_may_not_be_read_is_refused_where_it_stands() {
    let old = || policy("old", "person", OLD, "");
    let home = || policy("home", "household", "true", "");
    let reader = |when: &str| policy("reader", "household", when, "");
    let children = policy("old", "person", OLD, "confidential: children");
    for (other, when, code, at) in [
        (old(), "head.verdict('odl')", "name.unknown", "'odl'"),
        (
            old(),
            "household.verdict('old')",
            "verdict.subject",
            "'old'",
        ),
        (home(), "head.verdict('home')", "verdict.subject", "'home'"),
        (old(), "head.verdict()", "verdict.written", "()"),
        (old(), "head.verdict(text(on))", "verdict.written", "(text"),
        (old(), "members.verdict('old')", "type.mismatch", "members"),
        (
            old(),
            "head.verdict('reader')",
            "verdict.subject",
            "'reader'",
        ),
        (
            old(),
            "household.verdict('reader')",
            "verdict.cycle",
            "'reader'",
        ),
        (
            children,
            "head.verdict('old')",
            "verdict.confidential",
            "'old'",
        ),
    ] {
        let document = reader(when);
        let line = document.text.lines().nth(9).unwrap();
        let column = line.split(at).next().unwrap().chars().count() + 1;
        let problems = load(&[other, document.clone()]).map(|_| when).unwrap_err();
        let first = &problems[0];
        assert_eq!((first.code, first.line), (code, 10), "{when}: {first}");
        assert_eq!(
            first.column,
            u32::try_from(column).unwrap(),
            "{when}: {first}"
        );
        assert_eq!(first.document, "reader-0.yaml");
        assert!(!first.zh.is_empty() && !first.en.is_empty());
    }
    let nearest = load(&[old(), reader("head.verdict('odl')")])
        .map(|_| ())
        .unwrap_err();
    assert_eq!(nearest[0].nearest.as_deref(), Some("old"));
}

#[test]
fn a_round_of_policies_is_named() {
    let problems = load(&[
        policy("a", "household", "members.exists(m, m.verdict('b'))", ""),
        policy(
            "b",
            "person",
            "true",
            "let: { x: \"household.verdict('c')\" }",
        ),
        policy("c", "household", "household.verdict('a')", ""),
    ])
    .map(|_| ())
    .unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "verdict.cycle");
    assert_eq!(
        problems[0].en,
        "policies wait for one another: a → b → c → a"
    );
    assert_eq!(
        (problems[0].document.as_str(), problems[0].line),
        ("c-0.yaml", 10)
    );
}

/// The interpreter recurses through the row; it ends on a thread of tests, too.
#[test]
fn a_row_of_policies_has_an_end() {
    let row = |length: usize, nots: usize| {
        let reader = |n: usize| {
            let verdict = format!("household.verdict('p{}')", n - 1);
            let when = format!("{}{verdict}{}", "!(".repeat(nots), ")".repeat(nots));
            policy(&format!("p{n}"), "household", &when, "")
        };
        let mut all = vec![policy("p0", "household", "true", "")];
        all.extend((1..=length).map(reader));
        load(&all).map_err(|problems| problems[0].code)
    };
    for (longest, nots) in [(79, 0), (15, 8), (3, 50)] {
        let set = row(longest, nots).unwrap();
        assert_eq!(told(&set, &format!("p{longest}")), ["true"]);
        let longer = row(longest + 1, nots).map(|_| ());
        assert_eq!(longer, Err("verdict.too_deep"), "{longest} of {nots}");
    }
}

/// Each is weighed once, however often it is read and whether or not it is
/// explained: asked anew, thirty would take as long as a billion.
#[test]
fn a_verdict_that_many_read_is_weighed_once() {
    let reader = |n: usize| {
        let verdict = format!("household.verdict('p{}')", n - 1);
        policy(
            &format!("p{n}"),
            "household",
            &format!("{verdict} && {verdict}"),
            "",
        )
    };
    let mut all = vec![policy("p0", "household", "age(head) > param.line", "")];
    all.extend((1..=30).map(reader));
    let set = load(&all).unwrap();
    let household = household();
    let decision = rules::explain(&set, &household, "p30", household.unit).unwrap();
    assert!(
        decision.parameters.iter().any(|p| p.key == "line"),
        "{decision:?}"
    );
}

#[test]
fn words_for_a_village_read_no_verdict() {
    let plan = "sentence: { zh: 试, en: probe }";
    let village =
        "sentence: { zh: 试, en: probe }\n  village: { zh: '{household.verdict(\"home\")}' }";
    let mut reader = policy("reader", "household", "true", "");
    reader.text = reader.text.replace(plan, village);
    let problems = load(&[policy("home", "household", "true", ""), reader])
        .map(|_| ())
        .unwrap_err();
    assert_eq!(problems[0].code, "village.secret");
}
