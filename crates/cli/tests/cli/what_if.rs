//! `hearth simulate`, and `hearth policy test`: what would be, and what must be.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::{CHECK, SMALL, USAGE, ends, refuses, says, tells, text};

/// A question about the small demonstration.
fn asked<'a>(folder: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["simulate", "--data", folder, "--on", "2026-11-20"];
    arguments.extend(more);
    arguments
}

const STANDARD: [&str; 4] = ["--region", "320412", "--set", "allowance_standard=3000"];

fn of<'j>(told: &'j Json, policy: &str) -> &'j Json {
    let policies = told["policies"].as_array().unwrap();
    let found = policies.iter().find(|one| one["policy"] == policy);
    found.unwrap_or_else(|| panic!("{told}"))
}

#[test]
fn another_standard_says_who_would_qualify_and_writes_nothing_else() {
    let data = SMALL.copy();
    let folder = text(data.path());
    let json = [STANDARD.as_slice(), &["--json"]].concat();
    let told = tells(&asked(folder, &json));
    let allowance = of(&told, "subsistence_allowance");
    let number = |of: &Json, key: &str| of[key].as_i64().unwrap();
    let (before, after) = (&allowance["before"], &allowance["after"]);
    let grown = number(after, "met") - number(before, "met");
    let moved = number(allowance, "gained") - number(allowance, "lost");
    assert!(grown > 0 && grown == moved, "{allowance}");
    let towns = allowance["townships"].as_array().unwrap();
    let by_town: i64 = towns.iter().map(|town| number(town, "gained")).sum();
    assert_eq!(by_town, number(allowance, "gained"));
    let examples = allowance["examples"].as_array().unwrap();
    assert!((1..=20).contains(&examples.len()), "{allowance}");
    let read = &told["through"][0];
    assert_eq!(read["from"], read["to"], "nothing came meanwhile");
    assert_eq!(
        tells(&asked(folder, &json)),
        told,
        "asked again it is the same"
    );
    let said = says(&asked(folder, &STANDARD));
    assert!(said.contains("测算 what if · 320412"), "{said}");
    assert!(said.contains("本测算只供参考"), "{said}");
    says(&["ledger", "verify", "--data", folder]);
}

#[test]
fn days_ahead_are_told_by_day() {
    let data = SMALL.copy();
    let folder = text(data.path());
    let told = tells(&asked(folder, &["--horizon", "90d", "--json"]));
    let policies = told["policies"].as_array().unwrap();
    let days = policies
        .iter()
        .flat_map(|one| one["days"].as_array().unwrap());
    let days: Vec<&str> = days.map(|day| day["on"].as_str().unwrap()).collect();
    assert!(!days.is_empty(), "{told}");
    let ahead = "2026-11-21"..="2027-02-18";
    assert!(days.iter().all(|day| ahead.contains(day)), "{days:?}");
    for one in policies {
        let days = one["days"].as_array().unwrap();
        let entered: i64 = days.iter().map(|d| d["entered"].as_i64().unwrap()).sum();
        assert_eq!(one["total"]["entered"], entered, "{one}");
    }
}

#[test]
fn a_question_that_is_none_is_refused() {
    let data = SMALL.copy();
    let folder = text(data.path());
    let refused = |more: &[&str], code| refuses(&asked(folder, more), code);
    refused(&[], USAGE);
    refused(&["--set", "allowance_standard=3000"], USAGE);
    refused(
        &["--region", "320412", "--set", "allowance_standard"],
        USAGE,
    );
    refused(&["--horizon", "0d"], USAGE);
    refused(&["--horizon", "367d"], USAGE);
    let set = |value| ["--region", "320412", "--set", value];
    let said = refused(&set("allowance_standrad=3000"), CHECK);
    assert!(said.contains("allowance_standrad"), "{said}");
    refused(&set("allowance_standard=many"), CHECK);
}

/// The policies of the project in a folder of one's own.
fn copied(to: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in ["policies", "policies/cases", "policies/parameters"] {
        fs::create_dir_all(to.join(folder)).unwrap();
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "yaml") {
                fs::copy(&path, to.join(folder).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
}

#[test]
fn cases_that_come_out_otherwise_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    copied(folder.path());
    let policies = folder.path().join("policies");
    let told = tells(&["policy", "test", "--json", text(&policies)]);
    assert_eq!(told["wrong"], 0);
    let all = told["cases"].as_array().unwrap().len();
    assert!(all > 300, "{all} cases");
    // One fen less is no longer what the case says.
    let cases = policies.join("cases/subsistence_allowance.yaml");
    let was = fs::read_to_string(&cases).unwrap();
    assert!(was.contains("amount: 980元"));
    let line = was.lines().position(|line| line.contains("补差额按月"));
    let line = line.unwrap() + 1;
    fs::write(&cases, was.replace("amount: 980元", "amount: 979.99元")).unwrap();
    let output = ends(&["policy", "test", text(&policies)], CHECK);
    let said = String::from_utf8(output.stdout).unwrap();
    let place = format!("subsistence_allowance.yaml:{line} · 补差额按月");
    assert!(said.contains(&place), "{said}");
    assert!(
        said.contains("979.99元") && said.contains("980元"),
        "{said}"
    );
}
