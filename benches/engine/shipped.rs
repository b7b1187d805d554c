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

/// The committed policies under another standard.
pub(crate) fn under_another() -> Result<PolicySet, Failed> {
    let was = "key: allowance_standard, unit: yuan_per_month, zh: 低保标准, en: Allowance standard, values: [{ from: 2025-07-01, value: 1160";
    let mut found = false;
    let (other, _) = with(|text| {
        found = text.contains(was);
        text.replace(was, &was.replace("1160", "1300"))
    })?;
    if !found {
        return Err("the sample standard stands otherwise now".into());
    }
    Ok(other)
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
