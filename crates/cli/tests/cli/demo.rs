//! The demonstration over the samples that are built in.

use std::path::Path;

use serde_json::Value as Json;

use crate::support::{CONFIGURATION, DATA, SMALL, ends, refuses, says, tells, text};
use crate::verbs::policies;

fn sum(map: &Json) -> i64 {
    map.as_object()
        .unwrap()
        .values()
        .map(|n| n.as_i64().unwrap())
        .sum()
}

/// Rows of all files, as the truth beside them tells.
fn rows_in_truth() -> i64 {
    let truth = include_str!("../../../../data-samples/truth.json");
    let truth: Json = serde_json::from_str(truth).unwrap();
    let feeds = truth["feeds"].as_array().unwrap();
    feeds
        .iter()
        .map(|feed| feed["rows"].as_i64().unwrap())
        .sum()
}

#[test]
fn the_samples_add_up_and_a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = ["demo", "--once", "--json", "--data", text(folder.path())];
    let output = ends(&run, 0);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.lines().count(), 1, "one object and nothing else");
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut first: Json = serde_json::from_str(&printed).unwrap();

    let outcomes = ["accepted", "warned", "held", "rejected"];
    let rows: i64 = outcomes
        .iter()
        .map(|name| first[*name].as_i64().unwrap())
        .sum();
    assert_eq!(rows, rows_in_truth());
    assert!(
        outcomes.iter().all(|name| first[*name].as_i64() > Some(0)),
        "{first}"
    );
    let alerts = &first["alerts"];
    let total = alerts["total"].as_i64().unwrap();
    assert!(total > 0);
    assert_eq!(
        alerts["raised"].as_i64().unwrap() + alerts["held"].as_i64().unwrap(),
        total
    );
    assert_eq!(sum(&alerts["by_policy"]), total);
    assert_eq!(sum(&alerts["by_township"]), total);
    let by_policy = alerts["by_policy"].as_object().unwrap();
    assert_eq!(
        i64::try_from(by_policy.len()).unwrap(),
        policies(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")),
        "every policy has something to say: {by_policy:?}"
    );
    assert!(first["feed"]["position"].as_i64() > Some(0));
    assert!(first["persons"].as_i64() > first["households"].as_i64());
    assert!(first["verdicts"].as_i64() > first["persons"].as_i64());
    assert!(
        ["intake", "apply", "evaluate"]
            .iter()
            .all(|step| first["steps_ms"][*step].is_u64())
    );
    assert_eq!(first["changed"], true);

    let mut second = tells(&run);
    assert_eq!(second["changed"], false);
    for run in [&mut first, &mut second] {
        let run = run.as_object_mut().unwrap();
        run.remove("changed");
        run.remove("steps_ms");
    }
    assert_eq!(first, second);
}

#[test]
fn the_summary_for_people_is_labelled_and_shows_five_sentences() {
    let data = SMALL.copy();
    let samples = SMALL.samples();
    let shown = says(&[
        "demo",
        "--once",
        "--data",
        text(data.path()),
        "--samples",
        text(&samples),
    ]);
    assert!(shown.contains("示例参数·非官方标准"));
    assert!(shown.contains("数据未变化"), "{shown}");
    assert!(shown.contains("业务日期 business date 2026-11-20"));
    assert!(shown.contains("civil-register-20261103.csv"));
    assert!(shown.contains("不作为认定或停发依据"));
    let sentences = shown.lines().filter(|line| line.starts_with("● ")).count();
    assert!((1..=5).contains(&sentences), "{shown}");
    assert!(!shown.contains("hearth_"), "no login without serving");
}

#[test]
fn another_set_of_samples_does_not_go_into_the_same_folder() {
    let data = SMALL.copy();
    let other = tempfile::tempdir().unwrap();
    says(&[
        "synth",
        "--households",
        "5",
        "--seed",
        "1",
        "--out",
        text(other.path()),
    ]);
    let said = refuses(
        &[
            "demo",
            "--once",
            "--data",
            text(data.path()),
            "--samples",
            text(other.path()),
        ],
        DATA,
    );
    assert!(said.contains("choose another --data"), "{said}");
}

#[test]
fn a_manifest_that_is_not_one_is_bad_data() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = [
        "demo",
        "--once",
        "--data",
        text(&data),
        "--samples",
        text(folder.path()),
    ];
    refuses(&run, DATA);
    std::fs::write(folder.path().join("manifest.json"), "{\"on\": 3}").unwrap();
    refuses(&run, DATA);
    assert!(!data.exists(), "nothing was made for it");
}

#[test]
fn a_store_that_lost_its_key_is_not_given_another() {
    let data = SMALL.copy();
    std::fs::remove_file(data.path().join("master.key")).unwrap();
    let said = refuses(
        &["demo", "--once", "--data", text(data.path())],
        CONFIGURATION,
    );
    assert!(said.contains("lost its key"), "{said}");
    assert!(!data.path().join("master.key").exists());
}
