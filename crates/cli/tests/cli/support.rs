//! Running the binary, and one small demonstration that tests copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value as Json;
use tempfile::TempDir;

/// Exit codes as documented.
pub(crate) const CHECK: i32 = 1;
pub(crate) const USAGE: i32 = 2;
pub(crate) const DATA: i32 = 65;
pub(crate) const BUSY: i32 = 75;
pub(crate) const CONFIGURATION: i32 = 78;

/// The binary, without what the caller's environment configures.
pub(crate) fn hearth(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HEARTH") {
            command.env_remove(name);
        }
    }
    // A folder without hearth.toml and without data.
    command.current_dir(std::env::temp_dir()).args(arguments);
    command
}

/// Runs and expects an exit code.
pub(crate) fn ends(arguments: &[&str], code: i32) -> Output {
    ends_with(&mut hearth(arguments), code)
}

/// Runs and expects an exit code.
pub(crate) fn ends_with(command: &mut Command, code: i32) -> Output {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{errors}");
    output
}

/// Runs to a good end and answers what was printed.
pub(crate) fn says(arguments: &[&str]) -> String {
    String::from_utf8(ends(arguments, 0).stdout).unwrap()
}

/// Runs to a good end and answers the one JSON object printed.
pub(crate) fn tells(arguments: &[&str]) -> Json {
    serde_json::from_str(&says(arguments)).unwrap()
}

/// What a refusal says.
pub(crate) fn refuses(arguments: &[&str], code: i32) -> String {
    let output = ends(arguments, code);
    assert!(
        output.stdout.is_empty() || code == CHECK,
        "a refusal printed an answer"
    );
    String::from_utf8(output.stderr).unwrap()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Invented files and a demonstration of them, made once.
pub(crate) struct Small {
    folder: TempDir,
}

impl Small {
    /// The files.
    pub(crate) fn samples(&self) -> PathBuf {
        self.folder.path().join("samples")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A copy of the demonstration's folder, to break.
    pub(crate) fn copy(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        for name in ["hearth.db", "hearth.db-wal", "master.key"] {
            let from = self.data().join(name);
            if from.exists() {
                fs::copy(&from, copy.path().join(name)).unwrap();
            }
        }
        copy
    }
}

/// The small demonstration.
pub(crate) static SMALL: LazyLock<Small> = LazyLock::new(|| {
    let small = Small {
        folder: tempfile::tempdir().unwrap(),
    };
    let (samples, data) = (small.samples(), small.data());
    tells(&[
        "synth",
        "--households",
        "60",
        "--seed",
        "20",
        "--out",
        text(&samples),
        "--json",
    ]);
    let first = tells(&[
        "demo",
        "--once",
        "--json",
        "--data",
        text(&data),
        "--samples",
        text(&samples),
    ]);
    assert_eq!(first["changed"], true);
    assert!(first["alerts"]["raised"].as_i64() > Some(0), "{first}");
    small
});
