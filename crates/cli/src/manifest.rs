//! Samples: files beside a `manifest.json` that says in which order they came
//! and what each upload said about itself.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use domain::record::Revision;
use pipeline::intake::UploadHeader;
use rules::Document;
use synth::{Import, Manifest};

use crate::embedded::{self, SAMPLES};
use crate::exit;

/// Its name in its folder.
const FILE_NAME: &str = "manifest.json";

/// What an upload says about itself.
pub(crate) fn header(import: &Import) -> UploadHeader {
    UploadHeader {
        source: import.source.clone(),
        dataset: import.dataset.clone(),
        revision: Revision {
            business_date: import.business_date,
            sequence: import.sequence,
        },
        scope: import.scope,
        as_of: import.as_of,
        file_name: import.file.clone(),
    }
}

/// Samples with their manifest: built in or in a folder.
pub(crate) struct Samples<'a> {
    pub(crate) manifest: Manifest,
    folder: Option<&'a Path>,
}

impl<'a> Samples<'a> {
    /// Those of a folder, or those built in.
    pub(crate) fn open(folder: Option<&'a Path>) -> anyhow::Result<Samples<'a>> {
        let bytes = bytes_of(folder, FILE_NAME)?;
        let manifest = serde_json::from_slice(&bytes);
        let mut manifest: Manifest =
            manifest.map_err(|error| exit::data(format!("cannot read {FILE_NAME}: {error}")))?;
        // A stable sort: files of one day stay in the order they came.
        manifest.imports.sort_by_key(|import| import.business_date);
        Ok(Samples { manifest, folder })
    }

    /// The bytes of one file.
    pub(crate) fn bytes(&self, import: &Import) -> anyhow::Result<Vec<u8>> {
        bytes_of(self.folder, &import.file)
    }

    /// The labelled parameters beside the files.
    pub(crate) fn parameters(&self) -> anyhow::Result<Document> {
        let name = &self.manifest.parameters;
        let text = String::from_utf8(bytes_of(self.folder, name)?);
        let text = text.map_err(|_| exit::data(format!("{name} is not UTF-8")))?;
        Ok(Document {
            name: name.clone(),
            text,
        })
    }
}

fn bytes_of(folder: Option<&Path>, name: &str) -> anyhow::Result<Vec<u8>> {
    if name.contains(['/', '\\']) {
        return Err(exit::data(format!(
            "`{name}` in {FILE_NAME} is not the name of a file beside it"
        )));
    }
    match folder {
        None => Ok(embedded::find(&SAMPLES, name)?.bytes.to_vec()),
        Some(folder) => {
            let path = folder.join(name);
            fs::read(&path)
                .map_err(|error| exit::data(format!("cannot read {}: {error}", path.display())))
        }
    }
}

/// Writes a manifest and the sample parameters beside its files.
pub(crate) fn write(folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(manifest).context("cannot write the manifest")?;
    text.push('\n');
    fs::write(folder.join(FILE_NAME), text).with_context(|| format!("cannot write {FILE_NAME}"))?;
    let parameters = embedded::find(&SAMPLES, embedded::SAMPLE_PARAMETERS)?;
    fs::write(folder.join(&manifest.parameters), parameters.bytes)
        .with_context(|| format!("cannot write {}", manifest.parameters))
}
