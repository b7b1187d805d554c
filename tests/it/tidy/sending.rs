//! What senders and callers are told: every code and column, every path and
//! every kind of fact is documented, and nothing else is.

use std::collections::BTreeSet;

use domain::dictionary::{About, Combine, DICTIONARY, KindDef, Mode, View};

use super::tree::{files, none, rust, text};

/// Whether a string is a code such as `row.encoding` and not a file name.
fn is_code(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let ends = [
        "yaml", "csv", "json", "toml", "md", "rs", "html", "sealed", "raw", "db", "key", "lock",
    ];
    text.split_once('.')
        .is_some_and(|(group, name)| word(group) && word(name) && !ends.contains(&name))
}

/// Codes that the strings of some files hold.
fn codes_of(folders: &[&str]) -> BTreeSet<&'static str> {
    let sources = rust()
        .iter()
        .filter(|s| folders.iter().any(|f| s.path.starts_with(f)));
    let strings = sources
        .flat_map(|s| &s.strings)
        .map(|(_, text)| text.trim_matches('"'));
    strings.filter(|text| is_code(text)).collect()
}

/// Codes in the first cell of tables.
fn told_in(document: &str) -> BTreeSet<&'static str> {
    let rows = text(document)
        .lines()
        .filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next())
        .filter(|code| is_code(code))
        .collect()
}

fn listed(codes: &BTreeSet<&str>) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}

#[test]
fn every_code_of_a_file_is_documented_and_no_other() {
    let used = codes_of(&["crates/ingest/src/", "crates/domain/src/resident_id.rs"]);
    let told = told_in("docs/import.md");
    assert!(used.len() > 60, "codes were not found");
    none(
        "codes docs/import.md does not name",
        &listed(&used.difference(&told).copied().collect()),
    );
    let api = codes_of(&["crates/api/src/"]);
    let others: BTreeSet<&str> = told
        .difference(&used)
        .filter(|code| !api.contains(*code))
        .copied()
        .collect();
    none("codes that no file can get", &listed(&others));
}

#[test]
fn every_column_of_a_layout_is_documented() {
    let layouts = files()
        .iter()
        .filter(|f| f.path.starts_with("crates/ingest/layouts/"));
    let (mut seen, mut missing) = (0, Vec::new());
    for layout in layouts {
        let names = layout.text.split("name: ").skip(1);
        for name in names.filter_map(|rest| rest.split([',', '\n', '}']).next()) {
            seen += 1;
            if !text("docs/import.md").contains(name.trim()) {
                missing.push(format!("{}: {name}", layout.path));
            }
        }
    }
    none("columns docs/import.md does not name", &missing);
    assert!(seen > 80, "columns were not found");
}

#[test]
fn every_code_of_the_api_is_documented() {
    let told: BTreeSet<&str> = text("docs/api.md").split('`').skip(1).step_by(2).collect();
    let group = |code: &str| format!("{}.*", code.split('.').next().unwrap_or_default());
    let used = codes_of(&["crates/api/src/"]);
    let missing = used
        .iter()
        .filter(|code| !told.contains(**code) && !told.contains(group(code).as_str()));
    none(
        "codes docs/api.md does not name",
        &listed(&missing.copied().collect()),
    );
    assert!(used.len() > 30, "codes were not found");
}

#[test]
fn every_path_of_the_api_is_documented() {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert!(paths.len() > 20, "paths were not found");
    let told = text("docs/api.md");
    let missing = paths.into_iter().filter(|path| {
        let whole = [format!("{path}`"), format!("{path}?")]
            .iter()
            .any(|p| told.contains(p));
        // Actions and histories are listed by their last word behind one path.
        let (before, last) = path.rsplit_once('/').unwrap_or_default();
        let listed = told.contains(&format!("{before}/` ")) && told.contains(&format!("`{last}`"));
        let alike = path.as_str() == "/api/v1/persons/{id}/history";
        !(whole || listed || alike)
    });
    none(
        "paths docs/api.md does not name",
        &missing.cloned().collect::<Vec<_>>(),
    );
}

/// A row of the table in docs/data.md.
fn row(def: &KindDef) -> String {
    let about = match def.about {
        About::Person => "person",
        About::Household => "household",
    };
    let mode = match def.mode {
        Mode::Snapshot(dataset) => format!("snapshot `{dataset}`"),
        Mode::Events(dataset) => format!("events `{dataset}`"),
        Mode::Months(dataset) => format!("months `{dataset}`"),
        Mode::Told => "told".to_owned(),
    };
    let fresh = match def.mode {
        Mode::Told => "–".to_owned(),
        _ => def.fresh_for_days.to_string(),
    };
    let combine = match def.combine {
        Combine::List => "list".to_owned(),
        Combine::Latest => "latest".to_owned(),
        Combine::LatestPer(fields) => format!("latest per {}", fields.join(", ")),
        Combine::Any => "any".to_owned(),
    };
    let view = match def.view {
        View::InForce => "in force",
        View::Dated => "dated",
    };
    let precedence = def.precedence.join(" > ");
    let keep = def
        .look_back_months
        .map_or("–".to_owned(), |months| months.to_string());
    let (name, zh) = (def.name, def.zh);
    format!(
        "| `{name}` {zh} | {about} | {mode} | {fresh} | {combine} | {view} | {precedence} | {keep} |"
    )
}

#[test]
fn the_table_of_facts_is_the_dictionary() {
    let rows: Vec<&str> = text("docs/data.md")
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let expected: Vec<String> = DICTIONARY.iter().map(row).collect();
    assert_eq!(rows, expected);
}
