//! Who depends on whom: the crate table of ARCHITECTURE.md against what cargo
//! says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value as Json;

use super::tree::{root, text};

/// A crate as the table or cargo has it.
#[derive(Debug, PartialEq, Eq)]
struct Crate {
    workspace: BTreeSet<String>,
    third_party: BTreeSet<String>,
}

type Crates = BTreeMap<String, Crate>;

/// What cargo says. Development dependencies are left out: they reach no
/// program.
fn from_cargo() -> Crates {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Json = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |package: &Json| package["name"].as_str().unwrap().to_owned();
    let ours: BTreeSet<String> = packages.iter().map(name).collect();
    let entry = |package: &Json| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let reaching = dependencies.filter(|d| d["kind"] != "dev").map(name);
        let (workspace, third_party) = reaching.partition(|name| ours.contains(name));
        (
            name(package),
            Crate {
                workspace,
                third_party,
            },
        )
    };
    packages.iter().map(entry).collect()
}

/// What ARCHITECTURE.md says.
fn from_table() -> Crates {
    let rows = text("ARCHITECTURE.md")
        .lines()
        .filter(|line| line.starts_with("| `"));
    let list = |cell: &str| {
        let names = cell.split(',').map(|name| name.trim().to_owned());
        names
            .filter(|name| !name.is_empty() && name != "–")
            .collect()
    };
    let entry = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 4, "{line}");
        assert!(cells[1].ends_with('.'), "one sentence for {}", cells[0]);
        let crate_ = Crate {
            workspace: list(cells[2]),
            third_party: list(cells[3]),
        };
        (cells[0].trim_matches('`').to_owned(), crate_)
    };
    rows.map(entry).collect()
}

#[test]
fn the_crate_table_is_the_workspace() {
    let (table, cargo) = (from_table(), from_cargo());
    let names = |crates: &Crates| crates.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&table),
        names(&cargo),
        "crates in ARCHITECTURE.md and in the workspace"
    );
    for (name, crate_) in &cargo {
        assert_eq!(
            &table[name], crate_,
            "dependencies of `{name}` (left ARCHITECTURE.md, right cargo)"
        );
    }
}

#[test]
fn verb_crates_know_only_the_nouns() {
    let crates = from_cargo();
    let only = |name: &str| {
        crates[name]
            .workspace
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
    };
    for verb in ["vault", "ingest", "registry", "rules", "alerts", "synth"] {
        assert_eq!(only(verb), ["domain"], "{verb}");
    }
    for alone in ["domain", "ledger"] {
        assert!(only(alone).is_empty(), "{alone}");
    }
}

#[test]
fn the_map_fits_on_a_page_or_two() {
    let lines = text("ARCHITECTURE.md").lines().count();
    assert!(lines <= 250, "ARCHITECTURE.md has {lines} lines");
}
