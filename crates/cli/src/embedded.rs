//! What the binary carries: policies, parameters, tables and samples.

use anyhow::Context as _;
use rules::Document;

/// One file.
pub(crate) struct Embedded {
    /// Its name in its folder.
    pub(crate) name: &'static str,
    /// Its content.
    pub(crate) bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Name of the labelled sample parameters among the samples.
pub(crate) const SAMPLE_PARAMETERS: &str = "parameters-sample.yaml";

/// The file with this name.
pub(crate) fn find(files: &'static [Embedded], name: &str) -> anyhow::Result<&'static Embedded> {
    files
        .iter()
        .find(|file| file.name == name)
        .with_context(|| format!("`{name}` was not built into this program"))
}

/// Files as policy documents.
pub(crate) fn documents<'a>(
    files: impl IntoIterator<Item = &'a Embedded>,
) -> anyhow::Result<Vec<Document>> {
    let document = |file: &Embedded| {
        Ok(Document {
            name: file.name.to_owned(),
            text: text(file)?.to_owned(),
        })
    };
    files.into_iter().map(document).collect()
}

/// A file as text.
pub(crate) fn text(file: &Embedded) -> anyhow::Result<&'static str> {
    std::str::from_utf8(file.bytes).with_context(|| format!("`{}` is not UTF-8", file.name))
}
