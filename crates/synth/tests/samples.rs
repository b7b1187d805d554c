//! The committed samples are what the code makes, and small enough to commit.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use domain::region::Divisions;
use synth::{Expectation, Manifest, Truth};

static MADE: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let table = include_str!("../../../policies/tables/divisions.csv");
    synth::samples(&Divisions::parse(table).unwrap())
});

fn bytes(name: &str) -> &'static [u8] {
    &MADE.iter().find(|(n, _)| n == name).unwrap().1
}

#[test]
fn the_committed_files_are_what_the_code_makes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data-samples");
    let mut total = 0;
    let mut names: BTreeSet<String> = ["parameters-sample.yaml".to_owned()].into();
    for (name, bytes) in MADE.iter() {
        let committed = std::fs::read(folder.join(name)).unwrap_or_default();
        assert!(
            committed == *bytes,
            "{name} differs: run `cargo run -p synth --example regenerate`"
        );
        total += bytes.len();
        names.insert(name.clone());
    }
    assert!(total < 7_000_000, "{total} bytes");
    let stray = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let stray: Vec<_> = stray
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !names.contains(name))
        .collect();
    assert!(stray.is_empty(), "{stray:?} are of no one's making");
}

#[test]
fn every_file_of_the_manifest_is_there_in_order() {
    let manifest: Manifest = serde_json::from_slice(bytes("manifest.json")).unwrap();
    assert!(manifest.synthetic);
    assert_eq!(manifest.on.to_string(), "2026-11-20");
    let dates: Vec<_> = manifest.imports.iter().map(|i| i.business_date).collect();
    assert!(dates.is_sorted() && dates.iter().all(|d| *d <= manifest.on));
    let keys: BTreeSet<_> = manifest
        .imports
        .iter()
        .map(|i| {
            (
                i.source.clone(),
                i.dataset.clone(),
                i.business_date,
                i.sequence,
            )
        })
        .collect();
    assert_eq!(keys.len(), manifest.imports.len());
    for import in &manifest.imports {
        assert!(!bytes(&import.file).is_empty());
    }
}

#[test]
fn every_situation_says_what_to_expect_of_every_policy() {
    let lines: Vec<Expectation> = serde_json::from_slice(bytes("expected.json")).unwrap();
    let numbers: BTreeSet<u32> = lines.iter().map(|l| l.situation).collect();
    let wanted = [
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
        26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
        49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 70, 71, 72,
        73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87,
    ];
    assert_eq!(numbers, BTreeSet::from(wanted));
    let raised: BTreeSet<u32> = lines
        .iter()
        .filter(|l| l.finding != "none")
        .map(|l| l.situation)
        .collect();
    assert_eq!(
        raised,
        BTreeSet::from([
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 32, 46, 47,
            50, 51, 53, 54, 56, 58, 59, 60, 61, 63, 65, 67, 70, 71, 72, 74, 75, 76, 77, 78, 79, 80,
            81, 82, 83
        ])
    );
    let text = String::from_utf8(bytes("README.md").to_vec()).unwrap();
    assert!(!text.contains("{{"));
    for line in &lines {
        assert!(!line.why.is_empty());
        let known = line.household_number.as_ref().or(line.resident_id.as_ref());
        assert!(known.or(line.report.as_ref()).is_some());
        assert!(text.contains(&format!("| {} |", line.situation)));
        assert_eq!(line.level.is_none(), line.finding == "none");
    }
}

#[test]
fn the_november_list_of_one_item_has_not_come() {
    let rows = |name: &str| {
        let text = String::from_utf8(bytes(name).to_vec()).unwrap();
        text.lines().filter(|l| l.contains(",特困,")).count()
    };
    assert!(rows("payments-2026-10.csv") > 100);
    assert_eq!(rows("payments-2026-11.csv"), 0);
}

#[test]
fn hand_made_people_do_not_meet_invented_ones() {
    let truth: Truth = serde_json::from_slice(bytes("truth.json")).unwrap();
    for anomaly in &truth.anomalies {
        let id = anomaly.resident_id.as_deref().unwrap_or("999100");
        assert!(&id[..6] >= "999100");
    }
    assert!(truth.anomalies.len() > 60);
}

#[test]
fn the_second_police_batch_restores() {
    let decode = |name: &str| {
        let (text, _) = encoding_rs::GB18030.decode_without_bom_handling(bytes(name));
        text.into_owned()
    };
    let first = decode("deaths-police-20261020.csv");
    let second = decode("deaths-police-20261116.csv");
    let restored: Vec<&str> = second.lines().filter(|l| l.contains(",恢复,")).collect();
    let [row] = restored[..] else {
        panic!("one row restores")
    };
    let id = row.split(',').next().unwrap();
    let cancelled = first.lines().find(|l| l.starts_with(id)).unwrap();
    assert!(cancelled.contains(",死亡,"));
}

#[test]
fn the_sample_parameters_are_the_ones_families_were_made_to_fit() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../data-samples");
    let parameters = std::fs::read_to_string(folder.join("parameters-sample.yaml")).unwrap();
    for fact in [
        "key: allowance_standard, unit: yuan_per_month",
        "value: 1160",
        "key: medical_burden_threshold, unit: yuan",
        "value: 10000",
        "key: large_bill_threshold, unit: yuan",
        "value: 26000",
        "value: [subsistence, marginal]",
        r#"value: ["1", "2"]"#,
    ] {
        assert!(parameters.contains(fact), "{fact}");
    }
}
