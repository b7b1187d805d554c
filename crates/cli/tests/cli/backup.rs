//! Backup and restore as a drill: a copy taken while the service runs, the store
//! lost, the copy put in its place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

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

fn private(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The machine is lost with all that was on it: the copy comes from one place,
/// the sealed key from another, the passphrase from a third.
#[test]
fn a_lost_machine_is_restored_from_copy_sealed_key_and_passphrase() {
    let data = SMALL.copy();
    let places = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [copies, keys, safe] = &places;
    let folder = text(data.path());
    let before = counts(data.path());
    let copy = copies.path().join("monday.db");
    let (sealed, passphrase) = (keys.path().join("key.json"), safe.path().join("words"));
    private(&passphrase, "四个互不相干的词语 and some more\n");
    let beside = copies.path().join("key.json");
    let back_up = |sealed: &Path, passphrase: &Path, code: i32| {
        let (sealed, passphrase) = (text(sealed), text(passphrase));
        let keys = ["--with-keys", sealed, "--passphrase-file", passphrase];
        let words = [&["backup", "--data", folder, text(&copy)][..], &keys].concat();
        ends(&words, code)
    };
    // Never beside the copy; never with a passphrase that can be guessed.
    back_up(&beside, &passphrase, CONFIGURATION);
    let short = safe.path().join("short");
    private(&short, "fifteen letters");
    back_up(&sealed, &short, CONFIGURATION);
    assert!(!copy.exists() && !sealed.exists() && !beside.exists());
    back_up(&sealed, &passphrase, 0);
    let key = fs::read_to_string(data.path().join("master.key")).unwrap();
    let digits = key
        .lines()
        .find_map(|line| line.strip_prefix("key: "))
        .unwrap();
    let kept = fs::read_to_string(&sealed).unwrap();
    assert!(!kept.contains(digits), "the key is not in clear");
    assert_eq!(
        fs::metadata(&sealed).unwrap().permissions().mode() & 0o777,
        0o600
    );

    for entry in fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }
    let restore = |passphrase: &Path, code: i32| {
        let (sealed, passphrase) = (text(&sealed), text(passphrase));
        let keys = ["--keys", sealed, "--passphrase-file", passphrase];
        let words = [&["restore", "--data", folder, text(&copy)][..], &keys].concat();
        ends(&words, code)
    };
    let wrong = safe.path().join("wrong");
    private(&wrong, "another sixteen letters");
    let told = restore(&wrong, CONFIGURATION);
    assert!(!String::from_utf8_lossy(&told.stderr).contains(digits));
    assert!(!data.path().join("master.key").exists());
    restore(&passphrase, 0);
    assert_eq!(counts(data.path()), before);
    says(&["fsck", "--data", folder]);
    let again = fs::read_to_string(data.path().join("master.key")).unwrap();
    assert!(again.contains(digits));
}

#[test]
fn an_escrow_copy_is_held_against_the_key() {
    let (data, safe) = (SMALL.copy(), tempfile::tempdir().unwrap());
    let folder = text(data.path());
    let copy = safe.path().join("monday.db");
    let unseen = tells(&["backup", "--json", "--data", folder, text(&copy)]);
    assert_eq!(unseen["escrow_seen_on"], Json::Null);
    let other = tempfile::tempdir().unwrap();
    let foreign = safe.path().join("foreign.txt");
    ends(
        &[
            "init",
            "--data",
            text(other.path()),
            "--escrow",
            text(&foreign),
        ],
        0,
    );
    let second = safe.path().join("tuesday.db");
    let with = |escrow: &Path, code: i32| {
        let backup = ["backup", "--json", "--data", folder, text(&second)];
        let words = [&backup[..], &["--escrow", text(escrow)]].concat();
        ends(&words, code).stdout
    };
    with(&foreign, CONFIGURATION);
    assert!(
        !second.exists(),
        "nothing is copied under a key nobody holds"
    );
    let own = safe.path().join("own.txt");
    let key = fs::read_to_string(data.path().join("master.key")).unwrap();
    private(&own, &key);
    let seen: Json = serde_json::from_slice(&with(&own, 0)).unwrap();
    assert!(seen["escrow_seen_on"].is_string(), "{seen}");
    // Once seen it is remembered for a while.
    let third = safe.path().join("wednesday.db");
    let later = tells(&["backup", "--json", "--data", folder, text(&third)]);
    assert_eq!(later["escrow_seen_on"], seen["escrow_seen_on"]);
}
