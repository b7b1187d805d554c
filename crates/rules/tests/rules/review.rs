//! Warnings: each sort is told of a document that deserves it and of none that
//! does not, and the committed documents deserve exactly those that are listed.

mod languages;
mod random;

use std::fmt::Write as _;

use domain::region::DivisionCode;
use rules::{Document, PolicySet, ReviewScope, Reviewed, Warning, review};

use crate::support;

const POLICY: &str = r#"policy: probe
version: "1"
kind: signal
subject: household
title: { zh: 试, en: probe }
basis: [{ document: 试行办法, article: 第一条 }]
route: hukou
let: { many: size(members) > 3, standard: param.standard }
applies_when: size(members) > 0
criteria:
  - { id: one, zh: 一, en: one, when: 'WHEN' }
  - { id: two, zh: 二, en: two, when: many || standard < yuan(5) }
raises:
  level: blue
  level_when: [{ when: many, level: red }]
  clear_after_days: 1
  sentence: { zh: 试, en: probe }
  advice: { zh: 试, en: probe }
limits: [不得据此办理]
"#;

const PARAMETERS: &str = r#"region: "000000"
issuer: 试
parameters:
  - key: standard
    unit: yuan
    zh: 标准
    values: [{ from: 2020-01-01, to: 2030-01-01, value: 900, document: 试行办法, article: 第二条, review_due: 2026-06-30 }]
"#;

const CASES: &str = "policy: probe\non: 2026-11-20\nbase: {}\ncases: [{ name: 一 }]\n";

/// A sound condition of the probe.
const SOUND: &str = r#"household.means_check.result == "within""#;

fn document(name: &str, text: String) -> Document {
    let name = name.to_owned();
    Document { name, text }
}

/// What is told of the probe with its texts changed.
struct Probe {
    policy: String,
    parameters: String,
    cases: String,
}

impl Probe {
    fn sound() -> Probe {
        Probe {
            policy: POLICY.replace("WHEN", SOUND),
            parameters: PARAMETERS.to_owned(),
            cases: CASES.to_owned(),
        }
    }

    fn when(condition: &str) -> Probe {
        let policy = POLICY.replace("'WHEN'", &serde_json::to_string(condition).unwrap());
        Probe {
            policy,
            ..Probe::sound()
        }
    }

    fn warnings(&self, scope: ReviewScope) -> Vec<Warning> {
        let policies = [document("probe.yaml", self.policy.clone())];
        let parameters = [document("000000.yaml", self.parameters.clone())];
        let cases = [document("cases.yaml", self.cases.clone())];
        let set = PolicySet::load(&policies, &parameters);
        let set = set.unwrap_or_else(|problems| panic!("{}: {problems:?}", self.policy));
        let reviewed = Reviewed {
            set: &set,
            policies: &policies,
            cases: &cases,
        };
        review(&reviewed, scope)
    }

    /// `line code`, in order.
    fn told(&self) -> Vec<String> {
        let warnings = self.warnings(ReviewScope::default());
        warnings
            .iter()
            .map(|w| format!("{} {}", w.line, w.code))
            .collect()
    }
}

fn on(day: &str) -> ReviewScope {
    ReviewScope {
        on: Some(day.parse().unwrap()),
        region: None,
    }
}

/// Codes told of a condition of the probe.
fn codes(condition: &str) -> Vec<&'static str> {
    let warnings = Probe::when(condition).warnings(ReviewScope::default());
    warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn nothing_is_told_of_what_is_sound() {
    let scopes = [ReviewScope::default(), on("2026-06-30")];
    for scope in scopes {
        assert_eq!(Probe::sound().warnings(scope), []);
    }
}

#[test]
fn conditions_that_can_never_be_true_are_told() {
    for never in [
        "size(members) < 0",
        "many && !many",
        "standard < standard",
        "1 > 2",
        "yuan(2) <= yuan(1)",
        "members.exists(m, m.identity.sex == '1' && m.identity.sex == '2')",
        "members.exists(m, age(m) >= 60 && age(m) < 16)",
        "on < '2020-01-01' && on > '2021-01-01'",
        "household.means_check.result in ['within'] && household.means_check.result == 'over'",
        "household.means_check.result == 'over' && !(household.means_check.result in ['within', 'over'])",
        "size(members) > 2 && size(members) < 3",
        "members.filter(m, age(m) < age(m)).exists(m, age(m) > 1)",
        "size(members.filter(m, false)) > 0",
        "certain(many) && !many",
        "unless(many, many)",
        "many ? standard < standard : 1 > 2",
        "!(many || !many)",
    ] {
        assert_eq!(codes(never), ["condition.never_true"], "{never}");
    }
}

#[test]
fn conditions_that_can_never_be_false_are_told() {
    for never in [
        "true",
        "size(members) >= 0",
        "size(members) * 2 + 1 > 0",
        "many || !many",
        "household.means_check.result == household.means_check.result",
        "1 + 1 == 2",
        "members.all(m, households(m) >= 0)",
        "abs(size(members) - 3) >= 0",
        "standard != standard || size(members) > 1 || size(members) <= 1",
        "certain(2 > 1)",
        "['1', '2'].exists(x, x == x)",
    ] {
        assert_eq!(codes(never), ["condition.never_false"], "{never}");
    }
}

/// Among them conditions that look alike and are not: of two people, of a name
/// and a variable that stand in the same place.
#[test]
fn conditions_that_decide_something_are_not_told() {
    for sound in [
        "size(members) > 0 || many",
        "members.exists(m, m.identity.sex == '1') && members.exists(m, m.identity.sex == '2')",
        "members.exists(m, crowd && !members.exists(p, households(m) > 1))",
        "members.exists(m, members.exists(p, households(m) > 1 && !(households(p) > 1)))",
        "size(members) > 2 && size(members) < 4",
        "on >= '2026-01-01' && on < '2027-01-01'",
        "on <= '2026-01-01' && on >= '2026-01-01'",
        "household.means_check.result in ['within', 'over'] && household.means_check.result != 'over'",
        "size(members) - size(people) >= 0",
        "unless(many, true)",
        "standard / 2 > yuan(1)",
        "size(distinct(members.map(m, age(m)))) > 1",
        "many ? size(members) > 4 : size(members) > 2",
    ] {
        let mut probe = Probe::when(sound);
        let crowd = "crowd: 'members.exists(x, households(x) > 1)'";
        probe.policy = probe.policy.replace("let: {", &format!("let: {{ {crowd},"));
        probe.policy = probe.policy.replace(
            "zh: 试, en: probe }\n  advice",
            "zh: '{crowd}', en: probe }\n  advice",
        );
        assert_eq!(probe.told(), [] as [&str; 0], "{sound}");
    }
}

#[test]
fn what_is_told_of_a_part_stands_where_the_part_does() {
    let probe = Probe::when("many || (on > '2026-01-01' && size(members) >= 0)");
    let warnings = probe.warnings(ReviewScope::default());
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let warning = &warnings[0];
    let line = POLICY.lines().nth(10).unwrap();
    let begins =
        line[..line.find("WHEN").unwrap()].chars().count() + "many || (on > '2026-01-01' && ".len();
    assert_eq!(
        (warning.line, warning.column),
        (11, u32::try_from(begins).unwrap() + 1)
    );
    assert_eq!(warning.code, "condition.never_false");
    assert_eq!(
        warning.zh,
        "这个条件永远不会不成立，至多未知：`size(members) >= 0`"
    );
    assert_eq!(
        warning.en,
        "this can never be false, at most unknown: `size(members) >= 0`"
    );
    assert_eq!(
        warning.to_string(),
        format!(
            "probe.yaml:11:{}: condition.never_false: {}",
            begins + 1,
            warning.en
        )
    );
}

/// A change to one text of the probe.
type Change = (&'static str, &'static str);

/// What is told after a change, as `line code`.
const OF_POLICIES: [(Change, &[&str]); 13] = [
    (
        (
            "applies_when: size(members) > 0",
            "applies_when: size(members) < 0",
        ),
        &["9 condition.never_true"],
    ),
    (
        ("when: many, level", "when: size(people) < 0, level"),
        &["15 condition.never_true"],
    ),
    (
        ("many: size(members) > 3", "many: size(members) < 0"),
        &["8 condition.never_true", "15 condition.never_true"],
    ),
    (
        (
            "when: many || standard < yuan(5)",
            "when: size(members) < 1",
        ),
        &["1 policy.never_met", "8 let.unused"],
    ),
    (("let: {", "let: { idle: size(members),"), &["8 let.unused"]),
    // Used by an unused name only.
    (
        ("let: {", "let: { first: size(members), second: first,"),
        &["8 let.unused", "8 let.unused"],
    ),
    (
        (
            "zh: 试, en: probe }\n  advice",
            "zh: '{idle}', en: probe }\n  advice",
        ),
        &[],
    ),
    (
        (
            "basis: [{ document: 试行办法, article: 第一条 }]",
            "basis: []",
        ),
        &["1 policy.no_basis"],
    ),
    (
        (
            "basis: [{ document: 试行办法, article: 第一条 }]",
            "basis: [{ document: '' }]",
        ),
        &["1 policy.no_basis"],
    ),
    (("article: 第一条", "article: ''"), &["1 basis.no_article"]),
    (
        ("article: 第一条", "article: 第一条（待复核）"),
        &["1 basis.unconfirmed"],
    ),
    (
        ("limits: [不得据此办理]", "limits: []"),
        &["1 policy.no_limits"],
    ),
    (
        (
            "version: \"1\"",
            "version: \"1\"\nfrom: 2026-01-01\nto: 2026-01-01",
        ),
        &["1 policy.no_day"],
    ),
];

#[test]
fn what_a_policy_lacks_or_does_not_use_is_told() {
    for ((from, to), wanted) in OF_POLICIES {
        let mut probe = Probe::sound();
        assert!(probe.policy.contains(from), "{from}");
        probe.policy = probe.policy.replace(from, to);
        if to.contains("{idle}") {
            probe.policy = probe
                .policy
                .replace("let: {", "let: { idle: size(members),");
        }
        assert_eq!(probe.told(), wanted, "{to}");
    }
}

#[test]
fn an_amount_without_an_article_is_told() {
    let mut probe = Probe::sound();
    let entitlement = "kind: entitlement\nreceiving: many\namount: { per_month: standard, basis: { document: 试行办法, article: 第三条 } }";
    probe.policy = probe
        .policy
        .replace("kind: signal", entitlement)
        .replace("raises:", "missed:");
    assert_eq!(probe.told(), [] as [&str; 0]);
    probe.policy = probe.policy.replace(", article: 第三条", "");
    assert_eq!(probe.told(), ["1 basis.no_article"]);
    probe.policy = probe
        .policy
        .replace("receiving: many", "receiving: many || !many");
    assert_eq!(
        probe.told(),
        ["1 basis.no_article", "4 condition.never_false"]
    );
}

#[test]
fn a_benefit_that_reads_another_ones_verdict_is_told() {
    let told = |kind: &str, reads: &str| {
        let benefit = |id: &str, condition: &str| {
            let text = Probe::when(condition).policy;
            let text = text.replace("policy: probe", &format!("policy: {id}"));
            let text = text.replace("kind: signal", "kind: entitlement");
            let text = text.replace("raises:", "receiving: size(members) > 8\nmissed:");
            document(&format!("{id}.yaml"), text)
        };
        let other = document("probe.yaml", Probe::when(SOUND).policy);
        let mut first = benefit("first", SOUND);
        if kind == "signal" {
            first = document(
                "first.yaml",
                other.text.replace("policy: probe", "policy: first"),
            );
        }
        let second = benefit("second", reads);
        let policies = [first, second];
        let set = PolicySet::load(&policies, &[document("p.yaml", PARAMETERS.to_owned())]);
        let set = set.unwrap_or_else(|problems| panic!("{problems:?}"));
        let reviewed = Reviewed {
            set: &set,
            policies: &policies,
            cases: &[],
        };
        let all = review(&reviewed, ReviewScope::default()).into_iter();
        let of = all.filter(|w| w.code == "verdict.of_benefit");
        of.map(|w| (w.document, w.line)).collect::<Vec<_>>()
    };
    let reads = r#"household.verdict("first")"#;
    let line = u32::try_from(POLICY.lines().position(|l| l.contains("WHEN")).unwrap()).unwrap();
    assert_eq!(
        told("entitlement", reads),
        [("second.yaml".to_owned(), line + 1)]
    );
    assert_eq!(told("signal", reads), []);
    assert_eq!(told("entitlement", SOUND), []);
}

#[test]
fn missing_and_stray_cases_are_told() {
    for (from, to, wanted) in [
        ("cases: [{ name: 一 }]", "cases: []", "policy.no_cases"),
        ("policy: probe", "policy: other", "cases.no_policy"),
        ("policy: probe", "policies: probe", "cases.unreadable"),
    ] {
        let mut probe = Probe::sound();
        probe.cases = probe.cases.replace(from, to);
        let told = probe.warnings(ReviewScope::default());
        let told: Vec<&str> = told.iter().map(|warning| warning.code).collect();
        assert!(told.contains(&wanted), "{to}: {told:?}");
        assert!(told.contains(&"policy.no_cases"), "{to}: {told:?}");
    }
}

/// Changes to the parameter file, the day asked about, and what is told.
const OF_FIGURES: [(Change, Option<&str>, &[&str]); 14] = [
    (("", ""), Some("2026-06-30"), &[]),
    (("", ""), Some("2026-07-01"), &["7 value.review_due"]),
    (("", ""), Some("2030-01-01"), &["0 parameter.unset"]),
    (
        ("\n    values:", "\n    # values:"),
        None,
        &["0 parameter.unset"],
    ),
    (("document: 试行办法, ", ""), None, &["7 value.no_document"]),
    (("article: 第二条, ", ""), None, &["7 value.no_article"]),
    (
        ("document: 试行办法", "document: 试行办法（文号待复核）"),
        None,
        &["7 value.unconfirmed"],
    ),
    (
        (
            "document: 试行办法, article: 第二条",
            "document: 平台默认，非法定",
        ),
        None,
        &["7 value.platform_default"],
    ),
    (
        ("issuer: 试", "issuer: 试\nsample: true\nlabel: 示例"),
        None,
        &["9 value.sample"],
    ),
    (("900", "900, to: 2020-01-01"), None, &["7 value.no_day"]),
    (
        (
            "values: [",
            "values: [{ from: 2029-12-31, value: 1, document: 一, article: 一 }, ",
        ),
        None,
        &["7 value.overlap"],
    ),
    (
        (
            "values: [",
            "values: [{ from: 2030-01-01, value: 1, document: 一, article: 一 }, ",
        ),
        None,
        &[],
    ),
    (
        (
            "parameters:",
            "parameters:\n  - { key: idle, unit: yuan, zh: 闲 }",
        ),
        None,
        &["4 parameter.unused"],
    ),
    (("from: 2020-01-01, ", ""), Some("1999-01-01"), &[]),
];

#[test]
fn figures_without_a_source_a_value_or_a_use_are_told() {
    for ((from, to), day, wanted) in OF_FIGURES {
        let mut probe = Probe::sound();
        assert!(probe.parameters.contains(from), "{from}");
        probe.parameters = probe
            .parameters
            .replacen(from, to, usize::from(!from.is_empty()));
        if to.contains("to: 2020-01-01") {
            probe.parameters = probe.parameters.replace(" to: 2030-01-01,", "");
        }
        let told = probe.warnings(day.map_or_else(ReviewScope::default, on));
        let told: Vec<String> = told
            .iter()
            .map(|w| format!("{} {}", w.line, w.code))
            .collect();
        assert_eq!(told, wanted, "{to} {day:?}");
    }
}

#[test]
fn figures_are_looked_at_for_the_place_that_is_asked_about() {
    let whole = r#"region: "REGION"
parameters: [{ key: standard, unit: yuan, zh: 标准, values: [{ value: 1, document: 文, article: ARTICLE }] }]
"#;
    let file = |region: &str, article: &str| {
        let text = whole.replace("REGION", region).replace("ARTICLE", article);
        document(&format!("{region}.yaml"), text)
    };
    let unset = whole
        .split(", values")
        .next()
        .unwrap()
        .replace("REGION", "320413");
    let unset = document("320413.yaml", format!("{unset} }}]\n"));
    let parameters = [file("000000", "一"), file("320412", "''"), unset];
    let policies = [document("probe.yaml", Probe::sound().policy)];
    let cases = [document("cases.yaml", CASES.to_owned())];
    let set = PolicySet::load(&policies, &parameters).unwrap();
    let told = |region: Option<&str>| -> Vec<String> {
        let reviewed = Reviewed {
            set: &set,
            policies: &policies,
            cases: &cases,
        };
        let region = region.map(|code| DivisionCode::parse(code).unwrap());
        let all = review(&reviewed, ReviewScope { region, on: None });
        all.iter()
            .map(|w| format!("{} {}", w.document, w.code))
            .collect()
    };
    let article = "320412.yaml value.no_article";
    let value = "320413.yaml parameter.unset";
    assert_eq!(told(None), [article, value]);
    assert_eq!(told(Some("320412")), [article]);
    assert_eq!(told(Some("320412100")), [article]);
    assert_eq!(told(Some("320413")), [value]);
    assert_eq!(told(Some("320400")), [] as [&str; 0]);
}

#[test]
fn the_order_of_documents_does_not_matter() {
    let told = |backwards: bool| {
        let mut folders =
            ["policies", "policies/parameters", "policies/cases"].map(support::documents);
        for folder in &mut folders {
            folder.sort_by(|a, b| a.name.cmp(&b.name));
            if backwards {
                folder.reverse();
            }
        }
        let [policies, parameters, cases] = folders;
        let set = PolicySet::load(&policies, &parameters).unwrap();
        let reviewed = Reviewed {
            set: &set,
            policies: &policies,
            cases: &cases,
        };
        review(&reviewed, on("2026-11-20"))
    };
    let once = told(false);
    assert!(once.is_sorted() && once.len() > 3, "{once:?}");
    assert_eq!(once, told(true));
}

/// What is told of the committed documents stands in `policies/warnings.txt`.
#[test]
fn the_committed_documents_deserve_the_warnings_that_are_listed() {
    let [policies, parameters, cases] =
        ["policies", "policies/parameters", "policies/cases"].map(support::documents);
    let set = PolicySet::load(&policies, &parameters).unwrap();
    let reviewed = Reviewed {
        set: &set,
        policies: &policies,
        cases: &cases,
    };
    let mut found = String::new();
    for warning in review(&reviewed, on("2026-11-20")) {
        // Lines move with every change of a document.
        writeln!(
            found,
            "{}: {}: {}",
            warning.document, warning.code, warning.en
        )
        .unwrap();
    }
    let kept = std::fs::read_to_string(support::root().join("policies/warnings.txt"));
    let kept = kept.unwrap_or_default();
    let kept = kept
        .split_inclusive('\n')
        .filter(|line| !line.starts_with('#'));
    let kept: String = kept.collect();
    assert_eq!(
        found, kept,
        "policies/warnings.txt differs from what `hearth policy check policies --on 2026-11-20` tells"
    );
}
