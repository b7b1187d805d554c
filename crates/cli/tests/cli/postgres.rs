//! The same verbs on PostgreSQL, configured by a file.

use std::fs;

use crate::support::{CONFIGURATION, SMALL, ends, refuses, tells, text};

#[test]
fn a_store_on_postgresql_is_made_filled_and_verified() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(url) = runtime.block_on(testkit::pg::fresh_database()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("safe")).unwrap();
    let (key, data) = (path("keys/master.key"), path("data"));
    let configured = format!(
        "[store]\nurl = '{url}'\nkey_file = '{}'\ndata_dir = '{}'\n[steps]\non = '2026-11-20'\n",
        key.display(),
        data.display()
    );
    let config = path("hearth.toml");
    fs::write(&config, configured).unwrap();
    let config = text(&config);
    refuses(&["fsck", "--config", config], CONFIGURATION);

    let escrow = path("safe/escrow.txt");
    ends(
        &[
            "init",
            "--synthetic",
            "--config",
            config,
            "--escrow",
            text(&escrow),
        ],
        0,
    );
    let file = SMALL.samples().join("civil-register-20261103.csv");
    let header = "--source civil --dataset civil_register --business-date 2026-11-03 --sequence 1 --scope 320412 --as-of 2026-11-03";
    let mut import = vec!["import", "--json", "--config", config, text(&file)];
    import.extend(header.split(' '));
    assert_eq!(tells(&import)["repeated"], false);
    assert_eq!(tells(&import)["repeated"], true);
    let settled = tells(&["evaluate", "--json", "--config", config]);
    assert!(settled["verdicts"].as_i64() > Some(0), "{settled}");
    assert_eq!(
        tells(&["evaluate", "--json", "--config", config])["changed"],
        false
    );
    let add = "officer add --json --name x --role auditor --region 320412 --config";
    let mut add: Vec<&str> = add.split(' ').collect();
    add.push(config);
    assert!(
        tells(&add)["token"]
            .as_str()
            .unwrap()
            .starts_with("hearth_")
    );
    let found = tells(&["ledger", "verify", "--json", "--config", config]);
    assert_eq!(found["breaches"].as_array().map(Vec::len), Some(0));
    assert_eq!(found["size"], found["covered"]);
    let sound = tells(&["fsck", "--json", "--config", config]);
    assert_eq!(sound["breaches"].as_array().map(Vec::len), Some(0));
}
