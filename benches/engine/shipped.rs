//! The committed documents.

use std::path::Path;

use rules::{Document, PolicySet, Problem};

use crate::Failed;

/// The committed policies with the sample parameters.
pub(crate) fn shipped() -> Result<(PolicySet, Vec<Document>), Failed> {
    with(|text| text)
}

/// The same with another text of the sample parameters.
pub(crate) fn with(
    change: impl FnOnce(String) -> String,
) -> Result<(PolicySet, Vec<Document>), Failed> {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let root = above.find(|folder| folder.join("policies/parameters").is_dir());
    let root = root.ok_or("no folder with policies above")?;
    let documents = |folder: &str| -> Result<Vec<Document>, Failed> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "yaml") {
                found.push(document(&path)?);
            }
        }
        Ok(found)
    };
    let mut parameters = documents("policies/parameters")?;
    let mut samples = document(&root.join("data-samples/parameters-sample.yaml"))?;
    samples.text = change(samples.text);
    parameters.push(samples);
    let policies = documents("policies")?;
    let loaded = PolicySet::load(&policies, &parameters);
    Ok((loaded.map_err(|problems| told(&problems))?, policies))
}

/// Every problem on a line.
pub(crate) fn told(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn document(path: &Path) -> Result<Document, Failed> {
    Ok(Document {
        name: path.display().to_string(),
        text: std::fs::read_to_string(path)?,
    })
}
