//! What the language refuses, where it says so, and how it treats hostile text.

use crate::support::{self, FRAME, framed};
use rules::{Document, PolicySet, Problem, describe};
use serde_json::json;

fn policy(when: &str) -> Document {
    let quoted = serde_json::to_string(when).unwrap();
    Document {
        name: "probe.yaml".to_owned(),
        text: FRAME.replace("WHEN", &quoted),
    }
}

fn load(text: Document) -> Result<PolicySet, Vec<Problem>> {
    PolicySet::load(&[text], &support::documents("policies/parameters"))
}

/// The one problem of a condition.
fn problem(when: &str) -> Problem {
    let problems = load(policy(when)).expect_err(when);
    assert_eq!(problems.len(), 1, "{when}: {problems:?}");
    problems[0].clone()
}

#[test]
fn well_typed_conditions_are_taken() {
    for when in [
        "size(members) > 0",
        "members.exists(m, m.identity.sex == '1')",
        "members.all(m, age(m) >= 60)",
        "members.exists_one(m, certain(m.membership.counted))",
        "has(household.means_check.result)",
        "household.means_check.result in ['within', 'over']",
        "sum(known(members.map(m, sum(m.income.map(i, i.amount_year))))) / 12 < param.allowance_standard",
        "month_of(on) > latest_covered_month('subsistence')",
        "months_between(month_of(on), month_of(add_months(on, 3))) == 3",
        "days_between(on, add_days(on, 3)) > 2",
        "on >= '2026-01-01'",
        "-3 < size(people)",
        "members.exists(m, households(m) > 1)",
    ] {
        if let Err(problems) = load(policy(when)) {
            panic!("{when}: {}", problems[0]);
        }
    }
}

/// A name that holds words holds them in the language of the sentence it is in;
/// one that holds a number is computed once for both.
#[test]
fn a_sentence_is_in_one_language_to_the_last_name() {
    let text = FRAME.replace("WHEN", "n > 0").replace(
        "criteria:",
        "let: { n: 'size(members)', said: 'text(n, \"/\")', again: 'said', few: '[text(\"\"), text(n)]', none: '[text(\"\")]' }\ncriteria:",
    );
    let begun = text.find("sentence:").unwrap();
    let ended = begun + text[begun..].find('\n').unwrap();
    let sentence = "sentence: { zh: '{said}{again}{n}，{few}，{none}', en: '{said}{again}{n}, {few}, {none}' }";
    let text = format!("{}{sentence}{}", &text[..begun], &text[ended..]);
    let name = "probe.yaml".to_owned();
    let set =
        PolicySet::load(&[Document { name, text }], &[]).unwrap_or_else(|p| panic!("{}", p[0]));
    let people = json!({ "a": { "membership": [{ "kinship": "head" }] } });
    let facts = json!({ "hukou": "320412100", "covered": ["civil_register"], "people": people });
    let household = describe(&facts, "2026-11-20".parse().unwrap())
        .unwrap()
        .household;
    let decision = rules::explain(&set, &household, "probe", household.unit).unwrap();
    let plain = |segments| rules::render(segments, &|_| String::new(), &|_| String::new());
    assert_eq!(plain(&decision.sentence_zh), "1人/1人/1人，1人，无");
    let english = "1 people/1 people/1 people, 1 people, none";
    assert_eq!(plain(&decision.sentence_en), english);
}

/// Whatever a policy says may be read by a village: illness, custody and deposits
/// may be counted and compared, never written out, not even through a name.
#[test]
fn a_sentence_never_says_what_is_highly_sensitive() {
    let probe = |zh: &str| {
        let text = FRAME
            .replace("WHEN", "true")
            .replace("sentence: { zh: 试,", &format!("sentence: {{ zh: '{zh}',"))
            .replace(
                "criteria:",
                "let: { ill: 'members.map(m, m.disease.map(d, d.name))', held: 'members.filter(m, m.restricted_liberty.exists(r, r.kind == \"prison\"))' }\ncriteria:",
            );
        let name = "probe.yaml".to_owned();
        load(Document { name, text }).map_err(|problems| problems[0].code)
    };
    for zh in [
        "{members.map(m, m.disease.map(d, d.name))}",
        "{ill}",
        "{text(\"病：\", distinct(ill))}",
        "{size(ill) > 0 ? text(ill) : text(\"\")}",
        "{members.map(m, newest(m.restricted_liberty).term)}",
        "{sum(members.map(m, sum(m.asset.map(a, a.value))))}",
    ] {
        assert_eq!(probe(zh).err(), Some("sentence.highly_sensitive"), "{zh}");
    }
    for zh in [
        "{held}",
        "{size(ill)}",
        "{certain(members.exists(m, m.disease.exists(d, has(d.name)))) ? text(\"有\") : text(\"\")}",
    ] {
        assert_eq!(probe(zh).err(), None, "{zh}");
    }
}

#[test]
fn unknown_names_are_placed_and_the_nearest_is_offered() {
    for (when, wrong, code, nearest) in [
        (
            "size(membres) > 0",
            "membres",
            "name.unknown",
            Some("members"),
        ),
        (
            "members.exists(m, m.membershp.counted)",
            "membershp",
            "name.unknown",
            Some("membership"),
        ),
        (
            "members.exists(m, m.membership.counte)",
            "counte)",
            "name.unknown",
            Some("counted"),
        ),
        (
            "param.allowance_standart > yuan(1)",
            "allow",
            "name.unknown",
            Some("allowance_standard"),
        ),
        ("siz(members) > 0", "siz", "name.unknown", Some("size")),
        (
            "members.exist(m, true)",
            "exist",
            "name.unknown",
            Some("exists"),
        ),
        (
            "household.means_check.result == 'witin'",
            "'witin",
            "code.unknown",
            Some("within"),
        ),
        (
            "household.means_check.result in ['within', 'ovr']",
            "'ovr",
            "code.unknown",
            Some("over"),
        ),
        (
            "text('计入', size(members)) == text(size(membres))",
            "membres",
            "name.unknown",
            Some("members"),
        ),
        ("age(person) > 1", "person", "name.unknown", None),
    ] {
        let found = problem(when);
        let line = policy(when).text.lines().nth(8).unwrap().to_owned();
        let column = line[..line.find(wrong).unwrap()].chars().count() + 1;
        assert_eq!(found.code, code, "{when}");
        assert_eq!(found.nearest.as_deref(), nearest, "{when}");
        assert_eq!((found.line, found.column as usize), (9, column), "{when}");
    }
}

#[test]
fn units_do_not_mix() {
    for (when, code) in [
        ("param.allowance_standard > 3", "type.compare"),
        ("size(members) > param.allowance_standard", "type.compare"),
        ("on > month_of(on)", "type.compare"),
        (
            "size(members) > param.medical_window_months",
            "type.compare",
        ),
        (
            "household.means_check.result == household.composition.basis",
            "type.compare",
        ),
        ("household.means_check.result < 'within'", "type.compare"),
        ("on + 3 > on", "type.arithmetic"),
        (
            "param.allowance_standard * param.allowance_standard > yuan(1)",
            "type.arithmetic",
        ),
        ("param.allowance_standard + 3 > yuan(1)", "type.arithmetic"),
        ("size(members)", "type.mismatch"),
        ("members.exists(m, size(m.grant))", "type.mismatch"),
        ("members.identity", "type.no_fields"),
        ("household.exists(m, true)", "type.not_a_list"),
        ("sum(members) > 1", "call.arguments"),
        ("households(household) > 1", "call.arguments"),
        ("within_months(on, size(members))", "call.arguments"),
        ("1.5 > 1.2", "expression.literal"),
        ("null == null", "expression.literal"),
        ("size([]) > 0", "expression.empty_list"),
        ("size({'a': 1}) > 0", "expression.form"),
    ] {
        assert_eq!(problem(when).code, code, "{when}");
    }
}

#[test]
fn a_problem_in_a_folded_scalar_stands_where_it_is_written() {
    let text = FRAME.replace(
        "{ id: one, zh: 一, en: one, when: WHEN }",
        "id: one\n    zh: 一\n    en: one\n    when: >-\n      size(members) > 0\n      && size(membres) > 0",
    );
    let document = Document {
        name: "probe.yaml".to_owned(),
        text,
    };
    let found = &load(document).unwrap_err()[0];
    assert_eq!((found.line, found.column), (14, 15), "{found}");
    assert!(found.to_string().contains("did you mean `members`?"));
}

#[test]
fn a_sentence_is_checked_too() {
    let text = FRAME.replace("WHEN", "\"true\"").replace(
        "zh: 试, en: probe }\n  advice",
        "zh: '共{size(membres)}', en: probe }\n  advice",
    );
    let document = Document {
        name: "probe.yaml".to_owned(),
        text,
    };
    let found = &load(document).unwrap_err()[0];
    assert_eq!(
        (found.line, found.column, found.code),
        (13, 27, "name.unknown")
    );
}

#[test]
fn unknown_keys_are_refused() {
    let text = FRAME
        .replace("WHEN", "\"true\"")
        .replace("limits: []", "limitz: []");
    let document = Document {
        name: "probe.yaml".to_owned(),
        text,
    };
    let found = &load(document).unwrap_err()[0];
    assert_eq!((found.line, found.code), (15, "document.shape"));
    assert_eq!(found.nearest.as_deref(), Some("limits"), "{}", found.en);
}

#[test]
fn versions_in_force_on_one_day_are_refused() {
    let one = policy("true");
    let mut other = policy("true");
    other.name = "probe2.yaml".to_owned();
    let found = PolicySet::load(&[one, other], &[]).unwrap_err();
    assert_eq!(found[0].code, "policy.overlap");
}

#[test]
fn hostile_text_is_a_problem_and_no_crash() {
    let long = "1+".repeat(50_000) + "1 > 0";
    assert_eq!(problem(&long).code, "expression.too_long");
    let many = "1+".repeat(1_500) + "1 > 0";
    assert_eq!(problem(&many).code, "expression.too_deep");
    let deep = format!("{}true{}", "(".repeat(2_000), ")".repeat(2_000));
    assert_eq!(problem(&deep).code, "expression.syntax");
    let calls = format!("{}1{} > 0", "size(".repeat(700), ")".repeat(700));
    problem(&calls);
    // The parser folds double negations; what matters is that it comes back.
    let _ = load(policy(&format!("{}true", "!".repeat(4_000))));
    let _ = load(policy(&format!("{}1 > 0", "-".repeat(4_000))));
    problem(&"[".repeat(4_000));
    problem(&"members.exists(m, ".repeat(200));
    for seed in 0u8..40 {
        let junk: String = (0u8..125)
            .map(|i| char::from(32 + (i.wrapping_mul(31) ^ seed.wrapping_mul(97)) % 95))
            .collect();
        problem(&junk);
    }
}

#[test]
fn hostile_yaml_is_a_problem_and_no_crash() {
    for text in [
        "a: ".to_owned() + &"[".repeat(100_000),
        "- ".repeat(100_000),
        "x".repeat(1_000_000),
        "a: &a [*a, *a]\nb: *c".to_owned(),
        String::new(),
        "\u{0}\u{1}".to_owned(),
        "policy: 1".to_owned(),
    ] {
        let document = Document {
            name: "hostile.yaml".to_owned(),
            text,
        };
        let problems = load(document.clone()).unwrap_err();
        assert_eq!(problems[0].document, "hostile.yaml");
        let problems = PolicySet::load(&[], &[document]).unwrap_err();
        assert_eq!(problems[0].document, "hostile.yaml");
    }
}

const ASKED: &str = "HEARTH_TEST_HOSTILE";

/// Memory of a parser that guesses what was meant grows with every guess: some
/// hundred bytes took a gigabyte once (cel-rust 305, 306). Run by itself, so that
/// what it takes at most can be read.
#[test]
fn hostile_text_takes_little_memory() {
    let motifs = [
        "!!(", "!(", "((", "[[", "{{", "a?", "a?b:", "-(", "{a:", "a.b(", "x[", "'", "!![",
    ];
    if std::env::var_os(ASKED).is_some() {
        for motif in motifs {
            for times in [2, 17, 42, 130, 1_000, 4_000 / motif.len()] {
                let _ = load(policy(&motif.repeat(times)));
                let _ = load(policy(&format!("true || {}", motif.repeat(times))));
            }
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        println!("peak {}", peak.split_whitespace().nth(1).unwrap());
        return;
    }
    let own = std::thread::current().name().unwrap().to_owned();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let child = child.args([own.as_str(), "--exact", "--nocapture"]);
    let out = child.env(ASKED, "1").output().unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    let (_, peak) = out.split_once("peak ").unwrap();
    let peak: u64 = peak.split_whitespace().next().unwrap().parse().unwrap();
    println!("{} MiB at most", peak / 1024);
    assert!(peak < 256 * 1024, "{} MiB", peak / 1024);
}

#[test]
fn every_bound_is_a_problem_of_its_own() {
    // One byte less is taken, one more is not.
    let longest = |bytes: usize| format!("true{}", " ".repeat(bytes - 4));
    assert!(load(policy(&longest(4_096))).is_ok());
    assert_eq!(problem(&longest(4_097)).code, "expression.too_long");
    let deep = |levels: usize| format!("{}1 > 0", "1+".repeat(levels));
    let code = |levels: usize| load(policy(&deep(levels))).err().map(|found| found[0].code);
    assert_eq!(code(100), None);
    assert_eq!(code(400), Some("expression.too_deep"));
    let named = |names: usize| {
        let lines: Vec<String> = (0..names)
            .map(|n| format!("  n{n}: size(members)\n"))
            .collect();
        let lines = lines.concat();
        load(framed(
            "probe",
            "household",
            "true",
            &format!("let:\n{lines}"),
        ))
    };
    assert!(named(64).is_ok());
    let found = &named(65).unwrap_err()[0];
    assert_eq!(found.code, "name.too_many");
    assert!(found.line > 60, "{found:?}");
    let padded = |bytes: usize| {
        let mut document = policy("true");
        let more = bytes - document.text.len() - 2;
        document.text += "# ";
        document.text += &"x".repeat(more);
        assert_eq!(document.text.len(), bytes);
        load(document)
    };
    assert!(padded(256 * 1024).is_ok());
    let found = &padded(256 * 1024 + 1).unwrap_err()[0];
    assert_eq!(found.code, "document.too_long");
    assert!(found.line > 1 && found.column > 1, "{found:?}");
}

/// Who reviews must read what is computed: nothing unseen, nothing that turns.
#[test]
fn what_a_reader_does_not_see_is_refused() {
    let with = |at: usize, hidden: char| {
        let mut document = policy("true");
        document.text.insert(at, hidden);
        load(document)
    };
    let at = policy("true").text.find("kind:").unwrap();
    for hidden in [
        '\u{202e}',
        '\u{2066}',
        '\u{200b}',
        '\u{2028}',
        '\u{7}',
        '\u{e0041}',
    ] {
        let found = &with(at, hidden).unwrap_err()[0];
        assert_eq!(found.code, "document.hidden", "{hidden:?}");
        assert!(found.line > 1 && found.column == 1, "{found:?}");
        assert!(found.zh.contains(&format!("U+{:04X}", u32::from(hidden))));
    }
    // What editors put there, and what only looks foreign.
    assert!(with(0, '\u{feff}').is_ok());
    assert!(with(at, '\u{feff}').is_err());
    let mut returned = policy("true");
    returned.text = returned.text.replace('\n', "\r\n") + "# 㐀\t𠮷\n";
    assert!(load(returned).is_ok());
}
