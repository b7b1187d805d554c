//! Reading the shipped documents.

use std::path::{Path, PathBuf};

use rules::{Document, PolicySet};

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
    let mut parameters = documents("policies/parameters");
    if sample {
        parameters.push(document(
            &root().join("data-samples/parameters-sample.yaml"),
        ));
    }
    PolicySet::load(&documents("policies"), &parameters).unwrap_or_else(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"));
    })
}
