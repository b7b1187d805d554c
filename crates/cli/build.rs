//! Lists the policies, parameters, tables and samples of the repository, so
//! that the binary carries them and works from any folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Constant, folder from the repository's root, extensions (all when empty).
const LISTS: [(&str, &str, &[&str]); 5] = [
    ("POLICIES", "policies", &["yaml"]),
    ("PARAMETERS", "policies/parameters", &["yaml"]),
    ("CASES", "policies/cases", &["yaml"]),
    ("TABLES", "policies/tables", &["csv"]),
    ("SAMPLES", "data-samples", &[]),
];

fn main() -> io::Result<()> {
    let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let out = env::var_os("OUT_DIR").map(PathBuf::from);
    let (Some(here), Some(out)) = (here, out) else {
        return Err(io::Error::other("cargo names no folders"));
    };
    let root = here.join("../..").canonicalize()?;
    let mut code = String::new();
    for (name, folder, extensions) in LISTS {
        let folder = root.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let files = files(&folder, extensions)?;
        let _ = writeln!(code, "/// Files of `{}`.", short(&root, &folder));
        let _ = writeln!(
            code,
            "pub(crate) static {name}: [Embedded; {}] = [",
            files.len()
        );
        for file in files {
            let name = short(&folder, &file);
            let path = file
                .to_str()
                .ok_or_else(|| io::Error::other("a path is not UTF-8"))?;
            let _ = writeln!(
                code,
                "    Embedded {{ name: {name:?}, bytes: include_bytes!({path:?}) }},"
            );
        }
        code.push_str("];\n");
    }
    fs::write(out.join("embedded.rs"), code)
}

fn short(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

/// Files directly in a folder, in the order of their names.
fn files(folder: &Path, extensions: &[&str]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if path.is_file() && (extensions.is_empty() || extensions.contains(&extension)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
