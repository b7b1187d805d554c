//! From the rows a decision rests on to the files they came in: name, digest,
//! uploader, line, and what the sender was told about the line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::ids::ImportId;
use domain::record::{Origin, RowNote};
use store::commit::ImportRow;

use crate::deps::Deps;
use crate::error::StepError;

/// A file that rows came from.
#[derive(Debug)]
pub struct SourceFile {
    /// Its import.
    pub import: ImportId,
    /// What it said about itself; absent for what officers recorded here.
    pub file: Option<ImportRow>,
    /// Name of the uploader's work account.
    pub uploader: Option<String>,
    /// Lines read with what was told about them.
    pub lines: BTreeMap<u32, Vec<RowNote>>,
}

/// Lines whose notes are looked up, per file. The rest are named without them.
const NOTED_LINES: usize = 200;

/// The files behind `rows`, as far as the grant may see imports.
pub async fn files(
    deps: &Arc<Deps>,
    grant: &Grant,
    rows: &[Origin],
) -> Result<Vec<SourceFile>, StepError> {
    let mut wanted: BTreeMap<ImportId, BTreeSet<u32>> = BTreeMap::new();
    for origin in rows {
        wanted.entry(origin.import).or_default().insert(origin.line);
    }
    let mut files = Vec::new();
    for (id, lines) in wanted {
        let file = deps.store.import(grant, id).await?;
        let mut noted: BTreeMap<u32, Vec<RowNote>> = BTreeMap::new();
        for (position, line) in lines.into_iter().enumerate() {
            let mut notes = Vec::new();
            if file.is_some() && position < NOTED_LINES {
                let before = line.saturating_sub(1);
                let kept = deps.store.kept_rows(grant, id, None, before, 1).await?;
                let kept = kept.into_iter().filter(|row| row.line == line);
                notes = kept.flat_map(|row| row.notes).collect();
            }
            noted.insert(line, notes);
        }
        let uploader = match &file {
            Some(file) => deps.store.officer(file.uploader).await?.map(|o| o.name),
            None => None,
        };
        files.push(SourceFile {
            import: id,
            file,
            uploader,
            lines: noted,
        });
    }
    Ok(files)
}
