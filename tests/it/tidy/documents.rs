//! Documents speak of things that are there.

use std::collections::BTreeSet;
use std::path::Path;

use super::source::functions;
use super::tree::{File, files, is_a, none, root, rust, text};

fn documents() -> impl Iterator<Item = &'static File> {
    files().iter().filter(|file| is_a("md", &file.path))
}

/// What stands between backticks outside code blocks.
fn quoted(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// Where a relative link of a document leads.
fn target(document: &str, link: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    let mut seen = 0;
    for document in documents() {
        for link in document.text.split("](").skip(1) {
            let link = link.split(')').next().unwrap_or_default();
            let link = link.split('#').next().unwrap_or_default();
            if link.is_empty() || link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            if !root().join(target(&document.path, link)).exists() {
                dead.push(format!("{}: {link}", document.path));
            }
        }
    }
    none("links to nothing", &dead);
    assert!(seen > 20, "links were not found");
}

/// Folders whose paths documents may name.
const TOPS: [&str; 7] = [
    "crates/",
    "tests/",
    "policies/",
    "docs/",
    "data-samples/",
    "benches/",
    ".ci/",
];

#[test]
fn documents_name_paths_that_exist() {
    let mut gone = Vec::new();
    let mut seen = 0;
    for document in documents() {
        for name in quoted(&document.text) {
            if !TOPS.iter().any(|top| name.starts_with(top)) || name.contains(' ') {
                continue;
            }
            seen += 1;
            let fixed = name.split(['*', '<', '{']).next().unwrap_or_default();
            let fixed = if fixed == name {
                name
            } else {
                fixed.rsplit_once('/').map_or("", |(folder, _)| folder)
            };
            if !root().join(fixed).exists() && !root().join(target(&document.path, fixed)).exists()
            {
                gone.push(format!("{}: {name}", document.path));
            }
        }
    }
    none("paths that do not exist", &gone);
    assert!(seen > 10, "paths were not found");
}

#[test]
fn comments_name_documents_that_exist() {
    let mut gone = Vec::new();
    for source in rust() {
        for (line, comment) in &source.comments {
            for name in comment.split(|c: char| c.is_whitespace() || "`()[],;\"".contains(c)) {
                let name = name.trim_end_matches('.');
                let is_document = is_a("md", name);
                if is_document && !root().join(name).exists() && !beside(source.path, name) {
                    gone.push(format!("{}:{line}: {name}", source.path));
                }
            }
        }
    }
    none("documents that do not exist", &gone);
}

/// Whether a document is in the folder of a file or in its crate.
fn beside(path: &str, name: &str) -> bool {
    let folders = Path::new(path).ancestors().skip(1);
    folders
        .take(4)
        .any(|folder| root().join(folder).join(name).exists())
}

#[test]
fn architecture_names_code_that_exists() {
    let crates: BTreeSet<&str> = rust()
        .iter()
        .filter_map(|s| s.path.strip_prefix("crates/")?.split('/').next())
        .collect();
    let mut gone = Vec::new();
    for name in quoted(text("ARCHITECTURE.md")) {
        let Some((first, _)) = name.split_once("::") else {
            continue;
        };
        if !crates.contains(first) {
            continue;
        }
        let inside = format!("crates/{first}/src/");
        let code = || rust().iter().filter(|s| s.path.starts_with(&inside));
        for part in name.split("::").skip(1) {
            let is_file = code().any(|s| s.path.ends_with(&format!("/{part}.rs")));
            let is_word = |s: &str| {
                s.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|w| w == part)
            };
            if !is_file && !code().any(|s| is_word(&s.product)) {
                gone.push(format!("{name}: no {part} in {inside}"));
            }
        }
    }
    none("ARCHITECTURE.md names what is not there", &gone);
}

#[test]
fn architecture_cites_tests_that_exist() {
    let tests: BTreeSet<String> = rust()
        .iter()
        .flat_map(|s| functions(&s.tests))
        .map(|(name, ..)| name)
        .collect();
    let held = text("ARCHITECTURE.md")
        .lines()
        .filter_map(|line| line.split_once("Held by "));
    let (mut lines, mut gone) = (0, Vec::new());
    for (invariant, by) in held {
        lines += 1;
        let cited = quoted(by);
        assert!(!cited.is_empty(), "{invariant}");
        gone.extend(
            cited
                .into_iter()
                .filter(|name| !tests.contains(*name))
                .map(str::to_owned),
        );
    }
    none("tests that do not exist", &gone);
    assert!(lines >= 10, "{lines} invariants");
}

#[test]
fn the_glossary_names_what_is_in_the_code() {
    let mut words = BTreeSet::new();
    let sources = files()
        .iter()
        .filter(|f| is_a("rs", &f.path) || f.path.starts_with("policies/"));
    for file in sources.filter(|f| !f.path.starts_with("tests/")) {
        words.extend(
            file.text
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_'),
        );
    }
    let rows = text("docs/glossary.md")
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'));
    let (mut seen, mut gone) = (0, Vec::new());
    for row in rows {
        let identifiers = row.split('|').nth(3).unwrap_or_default();
        seen += 1;
        gone.extend(
            quoted(identifiers)
                .into_iter()
                .filter(|word| !words.contains(word))
                .map(str::to_owned),
        );
    }
    none("words the code does not know", &gone);
    assert!(seen > 50, "the glossary was not found");
}

/// What a folder of a policy needs to say of itself in the changelog.
#[test]
fn the_changelog_has_every_policy_with_its_day() {
    let mut missing = Vec::new();
    let mut seen = 0;
    for file in files() {
        let Some(name) = file
            .path
            .strip_prefix("policies/")
            .filter(|n| is_a("yaml", n) && !n.contains('/'))
        else {
            continue;
        };
        let value = |key: &str| {
            file.text
                .lines()
                .find_map(|line| line.strip_prefix(key))
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let (policy, from) = (value("policy:"), value("from:"));
        seen += 1;
        let told = |line: &str| line.contains(&format!("`{policy}`")) && line.contains(&from);
        if !text("CHANGELOG.md").lines().any(told) {
            missing.push(format!("{name}: {policy} from {from}"));
        }
    }
    none("policies the changelog does not name", &missing);
    assert!(seen > 3, "policies were not found");
}

#[test]
fn documents_name_verbs_that_exist() {
    let commands = text("crates/cli/src/commands.rs");
    let verbs = commands.split("enum Command {").nth(1).unwrap_or_default();
    let verbs = verbs.split("\n}").next().unwrap_or_default().lines();
    let verbs: BTreeSet<String> = verbs
        .filter_map(|line| line.strip_prefix("    ")?.split_once('('))
        .map(|(variant, _)| variant.to_lowercase())
        .collect();
    assert!(verbs.len() > 8, "verbs were not found");
    let (mut seen, mut unknown) = (0, Vec::new());
    for document in documents() {
        let calls = document
            .text
            .lines()
            .filter(|line| line.starts_with("hearth "));
        for call in calls.chain(quoted(&document.text)) {
            let Some(rest) = call.strip_prefix("hearth ") else {
                continue;
            };
            seen += 1;
            let verb = rest.split_whitespace().next().unwrap_or_default();
            if !verbs.contains(verb) && !verb.starts_with("--") {
                unknown.push(format!("{}: {call}", document.path));
            }
        }
    }
    none("verbs the program does not have", &unknown);
    assert!(seen > 10, "calls were not found");
}

#[test]
fn compose_names_what_is_there() {
    let (compose, toml) = (text("docker-compose.yml"), text("docs/deploy/hearth.toml"));
    let mut wrong = Vec::new();
    for word in compose.split(|c: char| c.is_whitespace() || "[]{}\",".contains(c)) {
        let Some(path) = word
            .strip_prefix("./")
            .map(|p| p.split(':').next().unwrap_or(p))
        else {
            continue;
        };
        let is_secret = path == "secrets" || path.starts_with("secrets/");
        let told = is_secret && text("docs/deploy.md").contains(path);
        if !(told || (!is_secret && root().join(path).exists())) {
            wrong.push(format!("{path} is neither there nor told how to make"));
        }
    }
    for secret in toml.split("/run/secrets/").skip(1) {
        let name = secret.split('"').next().unwrap_or_default();
        if !compose.contains(&format!("{name}: {{ file: ./secrets/")) {
            wrong.push(format!("secret {name} is not given to the container"));
        }
    }
    let listen = toml
        .lines()
        .find_map(|line| line.strip_prefix("listen = \""))
        .unwrap();
    let port = listen.trim_end_matches('"').rsplit(':').next().unwrap();
    if !compose.contains(&format!(":{port}:{port}\"")) {
        wrong.push(format!("port {port} is not published"));
    }
    for profile in text("Dockerfile").split("--profile ").skip(1) {
        let name = profile.split_whitespace().next().unwrap_or_default();
        if !text("Cargo.toml").contains(&format!("[profile.{name}]")) {
            wrong.push(format!("profile {name}"));
        }
    }
    none("docker-compose.yml", &wrong);
}
