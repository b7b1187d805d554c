//! The two databases mirror each other: the same files, the same functions in
//! the same order, the same migrations, so that what differs is dialect.

use std::collections::BTreeSet;

use super::source::functions;
use super::tree::{files, none, rust};

/// Which side has what the other has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Sqlite,
    Postgres,
}

impl Only {
    fn folder(self) -> &'static str {
        match self {
            Only::Sqlite => "sqlite",
            Only::Postgres => "postgres",
        }
    }
}

/// Files about the engine itself, of which only the names are compared.
const ENGINE: [(&str, &str); 3] = [
    (
        "writer",
        "one connection with a queue here, many and a sequencer there",
    ),
    (
        "opening",
        "a file with a lock here, a server with a pool there",
    ),
    ("columns", "lists are JSON here, arrays there"),
];

/// Files that one side needs alone.
const FILES: [(Only, &str, &str); 1] = [(
    Only::Postgres,
    "scope",
    "row security wants the scope of each transaction",
)];

/// Functions that one side needs alone.
const FUNCTIONS: [(Only, &str, &str, &str); 3] = [
    (
        Only::Sqlite,
        "ledger",
        "number_of",
        "numbers are drawn inside the transaction",
    ),
    (
        Only::Sqlite,
        "ledger",
        "published",
        "publishing is part of committing",
    ),
    (
        Only::Postgres,
        "write",
        "lock_alerts",
        "several write at once",
    ),
];

/// Migrations that one side needs alone.
const MIGRATIONS: [(Only, &str, &str); 1] = [(
    Only::Postgres,
    "0005_scope.sql",
    "row security; SQLite has none",
)];

fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let inside = files()
        .iter()
        .filter_map(|file| file.path.strip_prefix(folder));
    inside
        .filter_map(|name| name.strip_suffix(ending))
        .map(str::to_owned)
        .collect()
}

fn modules(side: Only) -> BTreeSet<String> {
    names(&format!("crates/store/src/{}/", side.folder()), ".rs")
}

#[test]
fn both_databases_have_the_same_files() {
    let mut expected = modules(Only::Sqlite);
    for (side, name, why) in FILES {
        assert_eq!(side, Only::Postgres, "{name}: {why}");
        assert!(
            expected.insert(name.to_owned()),
            "{name} is on both sides now ({why})"
        );
    }
    assert_eq!(expected, modules(Only::Postgres));
    assert!(expected.len() > 10, "the folders were not found");
}

/// Names of the functions of one file, in order, without those of one side.
fn functions_of(side: Only, module: &str) -> Vec<String> {
    let folder = side.folder();
    let path = match module {
        "" => format!("crates/store/src/{folder}.rs"),
        module => format!("crates/store/src/{folder}/{module}.rs"),
    };
    let source = rust().iter().find(|source| source.path == path);
    let source = source.unwrap_or_else(|| panic!("there is no {path}"));
    let names = functions(&source.product)
        .into_iter()
        .map(|(name, ..)| name);
    let alone = |name: &String| {
        FUNCTIONS
            .iter()
            .any(|(s, m, f, _)| (*s, *m, *f) == (side, module, name))
    };
    names.filter(|name| !alone(name)).collect()
}

#[test]
fn both_databases_have_the_same_functions() {
    let engine = |module: &str| ENGINE.iter().any(|(name, _)| *name == module);
    let shared = modules(Only::Sqlite)
        .into_iter()
        .filter(|module| !engine(module));
    for module in shared.chain([String::new()]) {
        let (here, there) = (
            functions_of(Only::Sqlite, &module),
            functions_of(Only::Postgres, &module),
        );
        assert_eq!(
            here, there,
            "`{module}` differs between sqlite and postgres"
        );
    }
    for (side, module, function, why) in FUNCTIONS {
        let path = format!("crates/store/src/{}/{module}.rs", side.folder());
        let source = rust().iter().find(|source| source.path == path);
        let all = functions(source.map_or("", |source| &source.product));
        assert!(
            all.iter().any(|(name, ..)| name == function),
            "{path} has no {function} ({why})"
        );
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let of = |side: Only| names(&format!("crates/store/migrations/{}/", side.folder()), "");
    let mut expected = of(Only::Sqlite);
    for (side, name, why) in MIGRATIONS {
        assert_eq!(side, Only::Postgres, "{name}: {why}");
        assert!(
            expected.insert(name.to_owned()),
            "{name} is on both sides now ({why})"
        );
    }
    assert_eq!(expected, of(Only::Postgres));
    assert!(expected.len() > 3, "the migrations were not found");
}

#[test]
fn every_migration_is_in_the_program() {
    let mut missing = Vec::new();
    for side in [Only::Sqlite, Only::Postgres] {
        let folder = format!("migrations/{}/", side.folder());
        let opening = format!("crates/store/src/{}/opening.rs", side.folder());
        let source = files().iter().find(|file| file.path == opening).unwrap();
        for name in names(&format!("crates/store/{folder}"), "") {
            if !source.text.contains(&format!("{folder}{name}")) {
                missing.push(format!("{folder}{name}"));
            }
        }
    }
    none("migrations that no opening names", &missing);
}
