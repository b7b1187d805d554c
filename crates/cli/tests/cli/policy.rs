//! `hearth policy check` with its warnings, and `hearth policy docs`.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::{CHECK, USAGE, ends, ends_with, hearth, refuses, says, tells, text};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn warnings(told: &Json) -> Vec<String> {
    let all = told["warnings"].as_array().unwrap().iter();
    all.map(|w| {
        format!(
            "{} {}",
            w["document"].as_str().unwrap(),
            w["code"].as_str().unwrap()
        )
    })
    .collect()
}

#[test]
fn warnings_are_told_in_both_languages_and_refuse_only_when_asked_to() {
    let policies = root().join("policies");
    let folder = text(&policies);
    let said = says(&[
        "policy",
        "check",
        folder,
        "--region",
        "320412",
        "--on",
        "2026-11-20",
    ]);
    let unset = said.find("320412.yaml:0:0: parameter.unset: 320412 has no value of ");
    let unset = unset.unwrap_or_else(|| panic!("{said}"));
    let next = said[unset..].lines().nth(1).unwrap();
    assert!(
        next.starts_with("  320412 未设") && next.contains("低保标准"),
        "{said}"
    );
    assert!(!said.contains("320400 has no value"), "{said}");

    let told = tells(&["policy", "check", "--json", folder]);
    let plain = warnings(&told);
    assert!(
        plain.contains(&"320400.yaml parameter.unset".to_owned()),
        "{plain:?}"
    );
    assert_eq!(told["problems"].as_array().map(Vec::len), Some(0));
    let first = &told["warnings"][0];
    assert!(
        first["line"].is_u64() && first["column"].is_u64(),
        "{first}"
    );
    assert!(
        first["zh"].is_string() && first["en"].is_string(),
        "{first}"
    );

    let output = ends(&["policy", "check", "--strict", "--json", folder], CHECK);
    let strict: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(warnings(&strict), plain);

    let sample = root().join("data-samples/parameters-sample.yaml");
    let added = ["--parameters", text(&sample), "--on", "2027-07-01"];
    let mut arguments = vec!["policy", "check", "--json", folder];
    arguments.extend(added);
    let sampled = warnings(&tells(&arguments));
    for wanted in [
        "parameters-sample.yaml value.sample",
        "parameters-sample.yaml value.review_due",
    ] {
        assert!(sampled.contains(&wanted.to_owned()), "{sampled:?}");
    }
    refuses(&["policy", "check", folder, "--region", "3204x"], USAGE);
}

const SOUND: &str = r#"policy: probe
version: "1"
kind: signal
subject: household
title: { zh: 试, en: probe }
basis: [{ document: 试行办法, article: 第一条 }]
route: hukou
criteria: [{ id: one, zh: 一, en: one, when: size(members) > 1 }]
raises:
  level: blue
  clear_after_days: 1
  sentence: { zh: 试, en: probe }
  advice: { zh: 试, en: probe }
limits: [不得据此办理]
"#;

#[test]
fn a_policy_without_warnings_passes_strictly() {
    let folder = tempfile::tempdir().unwrap();
    for below in ["parameters", "cases"] {
        fs::create_dir(folder.path().join(below)).unwrap();
    }
    let policy = folder.path().join("probe.yaml");
    fs::write(&policy, SOUND).unwrap();
    fs::write(
        folder.path().join("cases/probe.yaml"),
        "policy: probe\ncases: [{ name: 一 }]\n",
    )
    .unwrap();
    let strict = ["policy", "check", "--strict", text(folder.path())];
    let said = says(&strict);
    assert!(said.ends_with("提醒 warnings 0\n"), "{said}");
    fs::write(&policy, SOUND.replace("> 1", ">= 0")).unwrap();
    let output = ends(&strict, CHECK);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("probe.yaml:8:45: condition.never_false: "),
        "{said}"
    );
}

#[test]
fn pages_are_written_compared_and_taken_away() {
    let policies = root().join("policies");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pages");
    let docs = [
        "policy",
        "docs",
        "--json",
        text(&policies),
        "--out",
        text(&out),
    ];
    let check = || {
        let mut arguments = docs.to_vec();
        arguments.push("--check");
        arguments
    };
    let stale = |told: &Json| told["stale"].as_array().unwrap().len();
    // Nothing is written by a comparison.
    let said = refuses(&check(), CHECK);
    assert!(
        said.contains("subsistence_allowance.md") && !out.exists(),
        "{said}"
    );
    let written = tells(&docs);
    assert_eq!(written["pages"].as_u64(), Some(stale(&written) as u64));
    assert_eq!(stale(&tells(&check())), 0);
    assert_eq!(stale(&tells(&docs)), 0);
    let committed = root().join("docs/policies");
    for name in ["README.md", "subsistence_allowance.md"] {
        let pair = [&out, &committed].map(|folder| fs::read(folder.join(name)).unwrap());
        assert!(pair[0] == pair[1], "{name} is not as committed");
    }

    let marked = fs::read_to_string(out.join("README.md")).unwrap();
    let mark = marked.lines().next().unwrap();
    fs::write(
        out.join("gone.md"),
        format!("{mark}\n\nof a policy that is gone\n"),
    )
    .unwrap();
    fs::write(out.join("notes.md"), "ours\n").unwrap();
    fs::write(out.join("marginal.md"), "changed\n").unwrap();
    let said = refuses(&check(), CHECK);
    assert!(
        said.contains("2 page(s) are stale: gone.md, marginal.md"),
        "{said}"
    );
    assert_eq!(
        tells(&docs)["stale"],
        serde_json::json!(["gone.md", "marginal.md"])
    );
    assert!(!out.join("gone.md").exists());
    assert_eq!(fs::read_to_string(out.join("notes.md")).unwrap(), "ours\n");
    assert_eq!(stale(&tells(&check())), 0);
    refuses(&["policy", "docs", text(&policies)], USAGE);
}

/// Files of a start wait in a store for real people, and the doctor names them; a
/// configuration may say that they do not.
#[test]
fn files_of_a_start_wait_and_the_doctor_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("safe")).unwrap();
    let (data, escrow, files) = (path("data"), path("safe/escrow.txt"), path("policies"));
    ends(
        &["init", "--data", text(&data), "--escrow", text(&escrow)],
        0,
    );
    ends(&["evaluate", "--data", text(&data)], 0);
    fs::create_dir_all(files.join("parameters")).unwrap();
    for below in ["", "parameters"] {
        for file in fs::read_dir(root().join("policies").join(below)).unwrap() {
            let file = file.unwrap();
            if file.path().extension().is_some_and(|end| end == "yaml") {
                fs::copy(file.path(), files.join(below).join(file.file_name())).unwrap();
            }
        }
    }
    let altered = files.join("senior_allowance.yaml");
    let was = fs::read_to_string(&altered).unwrap();
    fs::write(
        &altered,
        was.replacen("limits:\n", "limits:\n  - 以当地文件为准\n", 1),
    )
    .unwrap();
    let with = |verb: &[&str], adopt: &str, code: i32| {
        let mut command = hearth(&[verb, &["--data", text(&data)]].concat());
        command.env("HEARTH__POLICIES__DIR", &files);
        command.env("HEARTH__POLICIES__ADOPT", adopt);
        String::from_utf8(ends_with(&mut command, code).stdout).unwrap()
    };
    let waiting = "policies.waiting senior_allowance.yaml";
    with(&["evaluate"], "false", 0);
    assert!(with(&["doctor"], "false", CHECK).contains(waiting));
    with(&["evaluate"], "true", 0);
    assert!(!with(&["doctor"], "false", CHECK).contains(waiting));
}
