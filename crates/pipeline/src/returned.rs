//! Held and rejected rows given back to their sender as a file of the same
//! shape.

use std::sync::Arc;

use domain::authority::Grant;
use domain::record::RowOutcome;
use ingest::KeptRow;
use store::commit::{ImportRow, KeptRow as StoredRow};

use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::intake::{about_file, read_kept_content};
use crate::sealing::kept_place;

/// Rows read at a time.
const PAGE: u32 = 1_000;

/// The file, UTF-8 CSV with two more columns: codes and message.
pub async fn returned_file(
    deps: &Arc<Deps>,
    grant: &Grant,
    import: &ImportRow,
    only: Option<RowOutcome>,
) -> Result<Vec<u8>, StepError> {
    let layout =
        ingest::layout_for(import.header.dataset.as_str()).ok_or(StepError::Damaged("imports"))?;
    let mut rows: Vec<StoredRow> = Vec::new();
    let mut after = 0;
    loop {
        let page = deps
            .store
            .kept_rows(grant, import.header.id, only, after, PAGE)
            .await?;
        let Some(last) = page.last() else { break };
        after = last.line;
        rows.extend(page.into_iter().filter(|row| row.raw.is_some()));
    }
    let about = about_file(deps, import.header.id)
        .await?
        .ok_or(StepError::Damaged("settings"))?;
    let deps = deps.clone();
    offload(move || {
        let mut opened = Vec::with_capacity(rows.len());
        for row in &rows {
            let sealed = row.raw.as_deref().unwrap_or_default();
            let content = deps
                .vault
                .open_system(&kept_place(row.import, row.line), sealed);
            opened.push(content.map_err(|source| StepError::Sealed {
                table: "import_rows",
                source,
            })?);
        }
        let read: Option<Vec<_>> = opened
            .iter()
            .map(|content| read_kept_content(content))
            .collect();
        let read = read.ok_or(StepError::Damaged("import_rows"))?;
        let kept = read
            .iter()
            .zip(&rows)
            .map(|((raw, inherited), row)| KeptRow {
                raw,
                inherited,
                notes: &row.notes,
            });
        Ok(ingest::returned_file(layout, &about.shape, kept))
    })
    .await?
}
