//! The log notices what was changed behind the store's back.

use std::path::Path;

use crate::support::{CHECK, SMALL, refuses, tells, text};

fn verify(folder: &Path) -> [&str; 4] {
    ["ledger", "verify", "--data", text(folder)]
}

/// Runs one statement on the database beside the store.
fn behind_the_store(folder: &Path, statement: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let touched = runtime.block_on(testkit::raw::sqlite(&folder.join("hearth.db"), statement));
    assert_eq!(touched.unwrap(), 1, "{statement}");
}

/// The last byte of a blob, changed.
fn flipped(column: &str) -> String {
    format!(
        "{column} = unhex(substr(hex({column}), 1, length(hex({column})) - 2)
        || case substr(hex({column}), -2) when '00' then '01' else '00' end)"
    )
}

#[test]
fn an_untouched_log_verifies_and_names_its_root() {
    let data = SMALL.copy();
    let found = tells(&["ledger", "verify", "--json", "--data", text(data.path())]);
    assert_eq!(found["breaches"].as_array().unwrap().len(), 0);
    assert_eq!(found["size"], found["covered"]);
    let (size, root) = (&found["size"], found["root"].as_str().unwrap());
    assert_eq!(root.len(), 64);
    // The root written down yesterday still holds today; another does not.
    let written = format!("{size}:{root}");
    tells(&[
        "ledger",
        "verify",
        "--json",
        "--data",
        text(data.path()),
        "--expect",
        &written,
    ]);
    let other = format!("{size}:{}", "0".repeat(64));
    refuses(
        &[
            "ledger",
            "verify",
            "--data",
            text(data.path()),
            "--expect",
            &other,
        ],
        CHECK,
    );
}

#[test]
fn a_flipped_byte_of_an_entry_is_found() {
    let data = SMALL.copy();
    behind_the_store(
        data.path(),
        &format!("update commits set {} where number = 7", flipped("entry")),
    );
    let said = refuses(&verify(data.path()), CHECK);
    assert!(said.contains("was changed"), "{said}");
    refuses(&["fsck", "--data", text(data.path())], CHECK);
}

#[test]
fn a_flipped_byte_of_a_record_is_found() {
    let data = SMALL.copy();
    let one = "rowid = (select min(rowid) from records)";
    behind_the_store(
        data.path(),
        &format!("update records set {} where {one}", flipped("sealed")),
    );
    let said = refuses(&verify(data.path()), CHECK);
    assert!(said.contains("the rows of commit"), "{said}");
}

#[test]
fn a_log_cut_short_is_found() {
    let data = SMALL.copy();
    behind_the_store(
        data.path(),
        "update commits set number = null where number = (select max(number) from commits)",
    );
    refuses(&verify(data.path()), CHECK);
}
