//! How code is written.

use super::tree::{Source, block, files, is_a, none, rust};

/// Lines of a file outside tests.
const FILE_LINES_MAX: usize = 600;
/// Lines of code of a function, as clippy counts them.
const FUNCTION_LINES_MAX: usize = 70;

/// Lines of the product that contain one of the patterns as written.
fn lines_with(code: &str, patterns: &[&str]) -> Vec<(usize, String)> {
    let numbered = code.lines().zip(1..);
    let hits = numbered.filter(|(line, _)| patterns.iter().any(|pattern| line.contains(pattern)));
    hits.map(|(line, number)| (number, line.trim().to_owned()))
        .collect()
}

fn found_in(part: impl Fn(&Source) -> &str, patterns: &[&str]) -> Vec<String> {
    let each = |source: &Source| {
        let path = source.path;
        let hits = lines_with(part(source), patterns).into_iter();
        hits.map(move |(line, text)| format!("{path}:{line}: {text}"))
            .collect::<Vec<_>>()
    };
    rust().iter().flat_map(each).collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = files()
        .iter()
        .filter(|file| is_a("rs", &file.path) && !file.text.starts_with("//!"));
    let silent: Vec<String> = silent.map(|file| file.path.clone()).collect();
    none("these files do not open with `//!`", &silent);
}

#[test]
fn files_are_short() {
    let filled = |source: &Source| {
        let last = source
            .product
            .lines()
            .zip(1..)
            .filter(|(line, _)| !line.trim().is_empty())
            .last();
        last.map_or(0, |(_, number)| number)
    };
    let long = rust()
        .iter()
        .filter(|source| filled(source) > FILE_LINES_MAX);
    let long: Vec<String> = long
        .map(|s| format!("{}: {} lines", s.path, filled(s)))
        .collect();
    none("these files are too long", &long);
}

/// Name, line and length of every function of a file.
pub(super) fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut functions = Vec::new();
    let mut from = 0;
    while let Some(found) = code[from..].find("fn ") {
        let begin = from + found;
        from = begin + 3;
        let is_word = code[..begin].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name: String = code[from..].chars().take_while(|c| word(*c)).collect();
        if is_word || name.is_empty() {
            continue;
        }
        let line = code[..begin].matches('\n').count() + 1;
        functions.push((name, line, body_lines(&code[from..])));
    }
    functions
}

/// Lines of code between the braces of the function whose signature this is; 0
/// when it has no body.
fn body_lines(rest: &str) -> usize {
    let mut depth = 0;
    for (position, c) in rest.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ';' if depth == 0 => return 0,
            '{' if depth == 0 => {
                let body = &rest[position..position + block(&rest[position..])];
                let inner = body.trim_start_matches('{').trim_end_matches('}');
                return inner.lines().filter(|line| !line.trim().is_empty()).count();
            }
            _ => {}
        }
    }
    0
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for source in rust() {
        for (name, line, length) in functions(&source.product) {
            if length > FUNCTION_LINES_MAX {
                long.push(format!(
                    "{}:{line}: `{name}` has {length} lines",
                    source.path
                ));
            }
        }
    }
    none("these functions are too long", &long);
}

#[test]
fn nothing_panics_by_unwrapping() {
    none(
        "`expect` says why it cannot fail",
        &found_in(|s| &s.product, &[".unwrap()", ".unwrap_err()"]),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["todo!", "unimplemented!", "dbg!", "#[allow", "#![allow"];
    none(
        "unfinished, or allowed without a reason",
        &found_in(|s| &s.product, &words),
    );
    none("unfinished in tests", &found_in(|s| &s.tests, &words));
}

#[test]
fn no_test_sleeps_or_is_ignored() {
    let words = ["sleep(", "#[ignore"];
    none(
        "tests settle instead of sleeping, and run",
        &found_in(|s| &s.tests, &words),
    );
}

#[test]
fn names_are_nouns() {
    let mut found = found_in(|s| &s.product, &["fn get_"]);
    for suffix in ["Manager", "Service", "Helper", "Util", "Utils", "Processor"] {
        for kind in ["struct", "enum", "trait"] {
            let ends = |line: &str| {
                let name = line.trim().trim_start_matches("pub ").strip_prefix(kind);
                let name = name.map(|n| n.trim_start().split(|c: char| !c.is_alphanumeric()));
                name.and_then(|mut n| n.next().map(|n| n.ends_with(suffix)))
            };
            for source in rust() {
                let bad = source.product.lines().filter(|l| ends(l) == Some(true));
                found.extend(bad.map(|line| format!("{}: {}", source.path, line.trim())));
            }
        }
    }
    none("names that explain nothing", &found);
}

/// Crates that only compute.
const CORE: [&str; 7] = [
    "domain", "vault", "ingest", "registry", "rules", "alerts", "ledger",
];

/// What only the shell may do.
const IMPURE: [&str; 15] = [
    "async ",
    ".await",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "::now(",
    "SystemTime",
    "tracing::",
    "println!",
    "print!",
    "rand::",
    "getrandom",
    "tokio",
    "HashMap",
];

#[test]
fn the_core_is_pure() {
    let core = |path: &str| {
        CORE.iter()
            .any(|name| path.starts_with(&format!("crates/{name}/src/")))
    };
    let found = found_in(|s| if core(s.path) { &s.product } else { "" }, &IMPURE);
    none(
        "the core does no IO, reads no clock, draws nothing, logs nothing",
        &found,
    );
}

/// Where SQL may stand beside the store.
const SQL_ELSEWHERE: [(&str, &str); 2] = [
    (
        "crates/testkit/src/pg",
        "makes and drops databases and roles for tests",
    ),
    ("benches/", "the raw load that imports are compared with"),
];

/// Words that SQL statements begin with, and a word each must also have.
const STATEMENTS: [(&str, &str); 10] = [
    ("select ", " from "),
    ("insert into ", " values"),
    ("update ", " set "),
    ("delete from ", " "),
    ("create ", " table "),
    ("create ", " role "),
    ("create ", " database "),
    ("alter ", " table "),
    ("drop ", " "),
    ("with ", " as ("),
];

fn is_sql(text: &str) -> bool {
    let text = text.trim_start_matches(['r', '#', '"']).to_lowercase();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let padded = format!("{text} ");
    STATEMENTS
        .iter()
        .any(|(begin, also)| text.starts_with(begin) && padded.contains(also))
}

#[test]
fn sql_stays_in_the_store() {
    assert!(is_sql("\"select 1 from x\"") && is_sql("r#\"\n  UPDATE t\n set a = 1\"#"));
    assert!(!is_sql("\"update of an import\"") && !is_sql("\"from the start\""));
    let mut found = Vec::new();
    let mut used = [false; SQL_ELSEWHERE.len()];
    for source in rust()
        .iter()
        .filter(|s| !s.path.starts_with("crates/store/"))
    {
        for (line, _) in source.strings.iter().filter(|(_, text)| is_sql(text)) {
            match SQL_ELSEWHERE
                .iter()
                .position(|(path, _)| source.path.starts_with(path))
            {
                Some(position) => used[position] = true,
                None => found.push(format!("{}:{line}", source.path)),
            }
        }
    }
    none("SQL outside the store", &found);
    for ((path, why), used) in SQL_ELSEWHERE.iter().zip(used) {
        assert!(
            used,
            "no SQL is left in {path} ({why}); take the exception out"
        );
    }
}

/// Numbers of two digits or more that `alerts` may name.
const NUMBERS: [(&str, &str); 1] = [("3600", "seconds of an hour")];

#[test]
fn no_number_of_law_is_in_alerts() {
    let mut found = Vec::new();
    let mut used = [false; NUMBERS.len()];
    for source in rust()
        .iter()
        .filter(|s| s.path.starts_with("crates/alerts/src/"))
    {
        for (line, number) in source.product.lines().zip(1..) {
            let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for word in words.filter(|w| w.starts_with(|c: char| c.is_ascii_digit())) {
                let digits = word
                    .trim_end_matches(char::is_alphabetic)
                    .trim_end_matches('_');
                match NUMBERS.iter().position(|(known, _)| *known == digits) {
                    Some(position) => used[position] = true,
                    None if digits.len() == 1 => {}
                    None => found.push(format!("{}:{number}: {word}", source.path)),
                }
            }
        }
    }
    none("numbers without a reason", &found);
    for ((number, why), used) in NUMBERS.iter().zip(used) {
        assert!(used, "{number} ({why}) is not used any more; take it out");
    }
}
