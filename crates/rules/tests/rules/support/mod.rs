//! Reading the shipped documents.

use std::path::{Path, PathBuf};

use domain::household::Household;
use rules::{Document, PolicySet, describe, patched};
use serde_json::{Value as Json, json};

/// A small sequence of numbers; its seed is said when a test fails.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// With the seed of `HEARTH_SEED`, or always the same one.
    pub(crate) fn seeded() -> Draws {
        let given = std::env::var("HEARTH_SEED").ok();
        let seed = given.and_then(|s| s.parse().ok()).unwrap_or(20_261_126);
        println!("HEARTH_SEED={seed}");
        Draws(seed)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    pub(crate) fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(u64::try_from(n).unwrap())).unwrap()
    }
}

/// The smallest policy, `probe` about households, with one condition `WHEN`.
pub(crate) const FRAME: &str = include_str!("probe.yaml");

/// [`FRAME`] under another name and about others, with more lines.
pub(crate) fn framed(name: &str, subject: &str, when: &str, more: &str) -> Document {
    let when = serde_json::to_string(when).unwrap();
    let text = FRAME
        .replacen("policy: probe", &format!("policy: {name}"), 1)
        .replacen("subject: household", &format!("subject: {subject}"), 1)
        .replacen("zh: 试,", &format!("zh: 试{name},"), 1)
        .replacen("route: hukou", &format!("route: hukou\n{more}"), 1)
        .replace("WHEN", &when);
    Document {
        name: format!("{name}.yaml"),
        text,
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn documents(folder: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "yaml") {
            documents.push(document(&path));
        }
    }
    documents
}

pub(crate) fn document(path: &Path) -> Document {
    Document {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        text: std::fs::read_to_string(path).unwrap(),
    }
}

/// The shipped policies with their parameters, and the samples when asked.
pub(crate) fn shipped(sample: bool) -> PolicySet {
    shipped_with(sample.then(samples))
}

/// The sample parameters.
pub(crate) fn samples() -> Document {
    document(&root().join("data-samples/parameters-sample.yaml"))
}

/// The shipped policies with their parameters and some more.
pub(crate) fn shipped_with(more: impl IntoIterator<Item = Document>) -> PolicySet {
    let mut parameters = documents("policies/parameters");
    parameters.extend(more);
    PolicySet::load(&documents("policies"), &parameters).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    })
}

/// Every household of every case file, with the policy it was written for.
pub(crate) fn everyone() -> Vec<Household> {
    let on = "2026-11-20".parse().unwrap();
    let mut all = Vec::new();
    for document in documents("policies/cases") {
        let file: Json = serde_saphyr::from_str(&document.text).unwrap();
        for case in file["cases"].as_array().unwrap() {
            let change = case.get("change").cloned().unwrap_or(json!({}));
            let whole = patched(&file["base"], &change);
            all.push(describe(&whole, on).unwrap().household);
        }
    }
    all
}
