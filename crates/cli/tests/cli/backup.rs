//! Backup and restore as a drill: a copy taken while the service runs, the store
//! lost, the copy put in its place.

use std::fs;

use serde_json::Value as Json;

use crate::serving::Serving;
use crate::support::{BUSY, CONFIGURATION, DATA, SMALL, USAGE, ends, refuses, says, tells, text};
use crate::verbs::{alert_and_subject, counts};

#[test]
fn a_copy_taken_while_serving_restores_sound_and_readers_are_told() {
    let (data, safe) = (SMALL.copy(), tempfile::tempdir().unwrap());
    let folder = text(data.path());
    let before = counts(data.path());
    let serving = Serving::start(data.path());
    let copy = safe.path().join("monday.db");
    let told = tells(&["backup", "--json", "--data", folder, text(&copy)]);
    assert_eq!(told["bytes"], fs::metadata(&copy).unwrap().len());
    let county = serving.token("county_officer").to_owned();
    let feed: Json =
        serde_json::from_str(&serving.body("/api/v1/alerts/feed?limit=1", &county)).unwrap();
    let cursor = feed["next"].as_str().unwrap().to_owned();
    // While a service holds the store nothing is put in its place.
    let held = ["restore", "--replace", "--data", folder, text(&copy)];
    refuses(&held, BUSY);
    assert_eq!(serving.get("/readyz", None), 200);
    serving.stop();

    // The disk is lost: the key comes from the safe, the data from the copy.
    for name in ["hearth.db", "hearth.db-wal", "hearth.db-shm"] {
        let _ = fs::remove_file(data.path().join(name));
    }
    let said = says(&["restore", "--data", folder, text(&copy)]);
    assert!(said.contains("erased again: 0"), "{said}");
    assert_eq!(counts(data.path()), before);
    let serving = Serving::start(data.path());
    let county = serving.token("county_officer").to_owned();
    let path = format!("/api/v1/alerts/feed?after={cursor}");
    assert_eq!(serving.get(&path, Some(&county)), 410, "the epoch is new");
    serving.stop();
}

#[test]
fn what_was_erased_since_the_copy_stays_erased() {
    let (data, safe) = (SMALL.copy(), tempfile::tempdir().unwrap());
    let folder = text(data.path());
    let (alert, subject) = alert_and_subject(data.path());
    let copy = safe.path().join("monday.db");
    says(&["backup", "--data", folder, text(&copy)]);
    says(&["erase", "--yes", "--data", folder, &subject]);
    refuses(&["restore", "--data", folder, text(&copy)], USAGE);
    let said = says(&["restore", "--replace", "--data", folder, text(&copy)]);
    assert!(said.contains("erased again: 1"), "{said}");
    assert!(data.path().join("hearth.db.replaced-1").exists());
    let explained = refuses(&["explain", "--data", folder, &alert], DATA);
    assert!(explained.contains("erased"), "{explained}");
    says(&["fsck", "--data", folder]);
}

#[test]
fn a_copy_that_is_not_what_it_says_is_refused_and_the_store_left_alone() {
    let (data, safe) = (SMALL.copy(), tempfile::tempdir().unwrap());
    let folder = text(data.path());
    let before = counts(data.path());
    let beside = data.path().join("copy.db");
    refuses(&["backup", "--data", folder, text(&beside)], CONFIGURATION);
    let copy = safe.path().join("monday.db");
    says(&["backup", "--data", folder, text(&copy)]);
    refuses(&["backup", "--data", folder, text(&copy)], USAGE);
    let restore = ["restore", "--replace", "--data", folder, text(&copy)];

    let whole = fs::read(&copy).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&copy, &damaged).unwrap();
    refuses(&restore, DATA);
    fs::write(&copy, &whole[..whole.len() - 1]).unwrap();
    refuses(&restore, DATA);
    fs::write(&copy, &whole).unwrap();
    // The copy of another office needs another key.
    let other = tempfile::tempdir().unwrap();
    let escrow = safe.path().join("escrow.txt");
    let (data_of_other, escrow) = (text(other.path()), text(&escrow));
    ends(&["init", "--data", data_of_other, "--escrow", escrow], 0);
    let foreign = ["restore", "--replace", "--data", data_of_other, text(&copy)];
    refuses(&foreign, CONFIGURATION);
    let manifest = safe.path().join("monday.db.json");
    fs::remove_file(manifest).unwrap();
    refuses(&restore, DATA);
    assert_eq!(counts(data.path()), before);
}
