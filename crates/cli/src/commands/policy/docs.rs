//! `hearth policy docs`: the policies as pages, written or compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use rules::{HANDBOOK_MARK, handbook};
use serde_json::json;

use crate::commands::policy::{PolicyArgs, load, refuse};
use crate::exit;
use crate::terminal::say;

/// What `hearth policy docs` takes.
#[derive(Args)]
pub(crate) struct DocsArgs {
    #[command(flatten)]
    documents: PolicyArgs,
    /// Folder of the pages
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Writes nothing; exit 1 with the names of pages that are not as generated
    #[arg(long)]
    check: bool,
}

/// Writes the pages that changed and takes away those of policies that are
/// gone; other files of the folder are left alone.
pub(crate) fn run(args: &DocsArgs) -> anyhow::Result<()> {
    let (documents, set) = load(&args.documents)?;
    let set = match set {
        Ok(set) => set,
        Err(problems) => return refuse(&problems, args.documents.json),
    };
    let pages = handbook(&set, &documents.policies, &documents.cases);
    let refuse = |error: io::Error| {
        exit::configuration(format!("cannot use {}: {error}", args.out.display()))
    };
    let stale = stale(&args.out, &pages).map_err(refuse)?;
    if !args.check {
        write(&args.out, &pages, &stale).map_err(refuse)?;
    }
    if args.documents.json {
        say!("{}", json!({ "pages": pages.len(), "stale": stale }));
    } else {
        for name in &stale {
            say!(
                "{} {name}",
                if args.check {
                    "过期 stale"
                } else {
                    "写入 written"
                }
            );
        }
        say!("页 pages {} · 不同 different {}", pages.len(), stale.len());
    }
    if args.check && !stale.is_empty() {
        let command = "hearth policy docs FOLDER --out DIR";
        return Err(exit::check(format!(
            "{} page(s) are stale: {}; run `{command}`",
            stale.len(),
            stale.join(", ")
        )));
    }
    Ok(())
}

/// Names of pages that lack, differ, or are of a policy that is gone.
fn stale(out: &Path, pages: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    let mut stale = Vec::new();
    for (name, page) in pages {
        match fs::read(out.join(name)) {
            Ok(bytes) if bytes == page.as_bytes() => {}
            Ok(_) => stale.push(name.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => stale.push(name.clone()),
            Err(error) => return Err(error),
        }
    }
    if out.is_dir() {
        for entry in fs::read_dir(out)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_page = path.extension().is_some_and(|ending| ending == "md");
            if is_page
                && !pages.contains_key(name.as_ref())
                && fs::read(&path)?.starts_with(HANDBOOK_MARK.as_bytes())
            {
                stale.push(name.into_owned());
            }
        }
    }
    stale.sort();
    Ok(stale)
}

fn write(out: &Path, pages: &BTreeMap<String, String>, stale: &[String]) -> io::Result<()> {
    fs::create_dir_all(out)?;
    for name in stale {
        let path = out.join(name);
        match pages.get(name) {
            Some(page) => fs::write(path, page)?,
            None => fs::remove_file(path)?,
        }
    }
    Ok(())
}
