//! Plain CEL: a table of what the CEL specification says, what is unknown, and
//! what hostile expressions come to.

use std::fmt::Write as _;

use rules::{Plain, PlainProgram};
use serde_json::{Value as Json, json};

mod fuzz;
mod table;

/// What an expression comes to over facts, shortened: the JSON of a value, `?`
/// and the unknown facts, or `!` and the code of the error.
pub(super) fn told(source: &str, facts: &Json) -> String {
    let plain = match PlainProgram::compile(source) {
        Ok(program) => program.eval(facts.as_object().unwrap()),
        Err(problem) => Plain::Error(*problem),
    };
    short(&plain)
}

pub(super) fn short(plain: &Plain) -> String {
    match plain {
        Plain::Value(value) => value.to_string(),
        Plain::Unknown(facts) => format!("?{}", facts.join(" ")),
        Plain::Error(problem) => format!("!{}", problem.code),
    }
}

/// What the crate `cel` says otherwise, each told of in the document on the language.
const DIFFERENT: [&str; 18] = [
    "9007199254740993 == 9007199254740992.0",
    "9223372036854775807 == 9223372036854775808.0",
    "9007199254740993 > 9007199254740992.0",
    "0.0 / 0.0 < 1.0",
    "0.0 / 0.0 >= 1.0",
    "0.0 / 0.0 > 1",
    "null in {'a': 1}",
    "{'b': 1, 'a': 2}.map(k, k)",
    "int(-9223372036854775808.0)",
    "uint(-0.5)",
    "{1: 1, '1': 2}",
    "sum([1, 2, 3])",
    "sum([1.5, 2.5])",
    "sum([1u, 2u])",
    "sum([])",
    "min([3, 1, 2])",
    "max([3, 1.5, 4u])",
    "min(['b', 'a'])",
];

/// Checks rows of `expression => answer`, all of them before it fails.
pub(super) fn check(rows: &str, facts: &Json) -> usize {
    let mut wrong = String::new();
    let rows: Vec<_> = rows
        .lines()
        .map(str::trim)
        .filter(|row| !row.is_empty())
        .collect();
    for row in &rows {
        let (source, expected) = row.rsplit_once(" => ").unwrap();
        let source = source.trim();
        let told = told(source, facts);
        // The crate knows no unknown facts.
        let differs = !told.starts_with('?') && fuzz::differs(source, facts);
        if differs && !DIFFERENT.contains(&source) {
            writeln!(wrong, "{source} => {told}, the crate says otherwise").unwrap();
        }
        let expected = expected.trim();
        let full = match expected.strip_prefix('!') {
            Some(code) if !code.contains('.') => format!("!cel.{code}"),
            _ => expected.to_owned(),
        };
        if told != full {
            writeln!(wrong, "{source} => {told}, not {full}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    rows.len()
}

#[test]
fn what_differs_from_the_crate_is_listed() {
    // Keys of a map come in any order there, and sometimes in order.
    let by_chance = "{'b': 1, 'a': 2}.map(k, k)";
    for source in DIFFERENT {
        let differs = fuzz::differs(source, &json!({}));
        assert!(differs || source == by_chance, "{source}");
    }
}

#[test]
fn hostile_expressions_end_at_a_bound() {
    let parens = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(told(&parens, &json!({})), "!expression.too_long");
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("-(", ")"),
        ("a[", "]"),
        ("f(", ")"),
    ] {
        for levels in [100, 500, 1_300] {
            let nested = format!("{}1{}", open.repeat(levels), close.repeat(levels));
            let told = told(&nested, &json!({}));
            assert!(told.starts_with("!expression."), "{open} {levels}: {told}");
        }
    }
    let chain = format!("1{}", "+1".repeat(1_500));
    assert_eq!(told(&chain, &json!({})), "!expression.too_deep");
    let nine = "[1,2,3,4,5,6,7,8,9]";
    let product = (0..8).fold("1".to_owned(), |body, n| {
        format!("{nine}.map(v{n}, {body})")
    });
    assert_eq!(told(&product, &json!({})), "!cel.too_costly");
    let doubling = (0..40).fold("[a]".to_owned(), |inner, _| {
        format!("{inner}.map(x, [x, x])")
    });
    assert_eq!(told(&doubling, &json!({ "a": 1 })), "!cel.too_large");
    let compared = format!("{doubling} == {doubling}");
    assert_eq!(told(&compared, &json!({ "a": 1 })), "!cel.too_costly");
    for (items, fits) in [(60, true), (80, false)] {
        let many = json!({ "l": vec![0; items], "s": "x".repeat(60_000) });
        let told = told("l.map(i, s)", &many);
        assert_eq!(told != "!cel.too_large", fits, "{items} texts of 60 kB");
    }
    let text = "x".repeat(60_000);
    let longer = "[1,2].all(i, [1,2,3,4,5,6,7,8].all(j, size(s+s+s+s+s+s+s+s+s+s) > 0))";
    assert_eq!(told(longer, &json!({ "s": text })), "!cel.too_costly");
    for pattern in ["(a*)*b", "(a|a)*b", "(.*)*(.*)*(.*)*x", "([a-z]{1,9}){9}!"] {
        let source = format!(r#"s.matches("{pattern}")"#);
        assert_eq!(
            told(&source, &json!({ "s": "a".repeat(50_000) })),
            "false",
            "{pattern}"
        );
    }
    assert_eq!(
        told(r#"s.matches("(a{1000}){1000}")"#, &json!({ "s": "a" })),
        "!cel.bad_pattern"
    );
    assert_eq!(
        told(r#"s.matches("a")"#, &json!({ "s": "b".repeat(100_000) })),
        "!cel.too_costly"
    );
}

#[test]
fn an_error_says_where_and_in_both_languages() {
    let program = PlainProgram::compile("a == '中'\n  && 1 / b > 0").unwrap();
    let facts = json!({ "a": "中", "b": 0 });
    let told = program.eval(facts.as_object().unwrap()).to_json();
    let error = &told["error"];
    assert_eq!(error["code"], "cel.division_by_zero");
    assert_eq!((&error["line"], &error["column"]), (&json!(2), &json!(8)));
    assert_eq!(error["message"], "division by zero");
    assert_eq!(error["zh"], "除以零");
    let sure = PlainProgram::compile("a + (1 + 'x')").unwrap_err();
    assert_eq!((sure.code, sure.column), ("cel.no_such_overload", 8));
    assert!(
        PlainProgram::compile("a || 1 + 'x' == 2").is_ok(),
        "a may avert it"
    );
}
