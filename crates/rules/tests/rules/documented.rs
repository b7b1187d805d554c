//! What the document on the language quotes stands in the policies.

use crate::support::{document, root};

/// Words with one blank between them, as a folded scalar has them.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn policy(name: &str) -> String {
    flat(&document(&root().join("policies").join(name)).text)
}

#[test]
fn a_construct_is_quoted_as_it_stands() {
    let language = document(&root().join("docs/policy-language.md")).text;
    let (_, rest) = language.split_once("## In the committed policies").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let mut quoted = 0;
    for row in section.lines().filter(|row| row.contains(".yaml | `")) {
        let row = row.trim_matches(['|', ' ']);
        let (named, rest) = row.split_once(" | ").unwrap();
        let (file, quote) = rest.split_once(" | ").unwrap();
        let quote = flat(quote.trim_matches('`'));
        assert!(policy(file).contains(&quote), "{file} has no {quote}");
        for name in named.split('`').skip(1).step_by(2) {
            let plain = |c: char| c.is_ascii_lowercase() || c == '_';
            if name.chars().all(plain) {
                let is_there = quote.contains(&format!("{name}("));
                let is_a_key = ["in", "incident_place", "level_when"].contains(&name);
                assert!(is_there || is_a_key, "{name}: {quote}");
            }
        }
        quoted += 1;
    }
    assert!(quoted > 15, "{quoted} quotes");
    let (_, unused) = section.split_once("needs them yet: ").unwrap();
    let (unused, _) = unused.split_once('.').unwrap();
    let mut names = 0;
    for name in unused.split('`').skip(1).step_by(2) {
        for entry in std::fs::read_dir(root().join("policies")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "yaml") {
                let text = document(&path).text;
                let calls = text.contains(&format!("{name}("));
                assert!(!calls, "{} uses {name}", path.display());
            }
        }
        names += 1;
    }
    assert!(names > 5, "{names} names");
}
