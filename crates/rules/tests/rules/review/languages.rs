//! What is wrong with a document is said in Chinese and in English.

use std::collections::BTreeSet;

use rules::{PolicySet, Problem};

use super::{PARAMETERS, Probe, document};

/// Everything a document is refused for is said in both languages.
#[test]
fn every_refusal_is_said_in_both_languages() {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let wrong = [
        "size(membres) > 0",
        "members.exists(m, m.membershp.counted)",
        "param.standart > yuan(1)",
        "age(members)",
        "size(members) > yuan(1)",
        "standard > 3",
        "on > 3",
        "household.means_check.result == 'withn'",
        "size(members",
        "1.5 > 1",
        "[] == []",
        "members.some(m, true)",
        "standard + size(members) > yuan(1)",
        "members.result == 1",
    ];
    let mut codes = BTreeSet::new();
    let mut refused = |policy: String, parameters: String| {
        let parameters = [document("000000.yaml", parameters)];
        let problems = PolicySet::load(&[document("probe.yaml", policy.clone())], &parameters);
        let problems: Vec<Problem> = problems.expect_err(&policy);
        for problem in problems {
            assert!(problem.zh.chars().any(is_chinese), "{problem:?}");
            assert!(
                problem.en.chars().any(|c| c.is_ascii_alphabetic()),
                "{problem:?}"
            );
            assert!(!problem.en.chars().any(is_chinese), "{problem:?}");
            codes.insert(problem.code);
        }
    };
    for when in wrong {
        refused(Probe::when(when).policy, PARAMETERS.to_owned());
    }
    let sound = Probe::sound().policy;
    for (from, to) in [
        ("policy: probe", "policy: Probe"),
        ("raises:", "raise:"),
        ("id: two", "id: one"),
        ("let: {", "let: { size: on,"),
        (
            "level: blue",
            "level: blue\n  deadlines: [{ step: contact, within: {} }]",
        ),
        ("route: hukou", "route: hukou\nmay_remain_open: [incme]"),
        (
            "route: hukou",
            "route: hukou\nneeds: { composition: [guessed] }",
        ),
        ("route: hukou", "route: hukou\nreceiving: many"),
        ("route: hukou", "route: hukou\nconfidential: children"),
        ("sentence: { zh: 试,", "sentence: { zh: '{many',"),
    ] {
        refused(sound.replacen(from, to, 1), PARAMETERS.to_owned());
    }
    for (from, to) in [
        ("unit: yuan", "unit: yuans"),
        ("value: 900", "value: many"),
        ("region: \"000000\"", "region: nowhere"),
        (
            "key: standard",
            "key: standard\n    list: none\n    unit: codes\n    x",
        ),
    ] {
        refused(sound.clone(), PARAMETERS.replacen(from, to, 1));
    }
    assert!(codes.len() >= 18, "{codes:?}");
}
