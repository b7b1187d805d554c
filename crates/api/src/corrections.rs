//! Correction tasks: rows that officers asked their source to look at again.

use axum::Json;
use axum::extract::State;
use domain::authority::Operation;
use domain::dictionary::Kind;
use domain::ids::ImportId;
use pipeline::corrections::{self, Task};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictQuery, limit};

/// Which tasks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CorrectionsQuery {
    /// Only rows of this import.
    import: Option<String>,
    /// Tasks, 1–500.
    limit: Option<u32>,
}

/// A row its source should look at again.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionView {
    /// Import the row came with.
    import: String,
    dataset: String,
    business_date: String,
    sequence: u32,
    /// 1-based line.
    line: u32,
    /// Kind of fact, dictionary name.
    fact: String,
    fact_zh: String,
    /// The officer's words, names and long numbers masked.
    reason: Option<String>,
    disputed_at: String,
    /// `open`, or `answered` once the record was told at a later revision.
    state: &'static str,
}

impl From<Task> for CorrectionView {
    fn from(task: Task) -> CorrectionView {
        let row = task.row;
        CorrectionView {
            import: row.import.to_string(),
            dataset: row.dataset.to_string(),
            business_date: row.revision.business_date.to_string(),
            sequence: row.revision.sequence,
            line: row.line,
            fact_zh: Kind::named(&row.kind)
                .map_or("", |kind| kind.def().zh)
                .to_owned(),
            fact: row.kind,
            reason: task.reason,
            disputed_at: row.at.to_string(),
            state: if row.answered { "answered" } else { "open" },
        }
    }
}

/// Tasks, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionsPage {
    corrections: Vec<CorrectionView>,
}

/// Lists rows that officers disputed in the caller's regions (importers: of
/// their sources), newest first.
#[utoipa::path(get, path = "/api/v1/corrections", tag = "imports", params(CorrectionsQuery), responses((status = 200, body = CorrectionsPage), (status = 400, body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<CorrectionsQuery>,
) -> Answered<Json<CorrectionsPage>> {
    let grant = caller.grant(Operation::ReadImports)?;
    let limit = limit(&app, query.limit)?;
    let import: Option<ImportId> = query
        .import
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| Problem::not_found())?;
    let tasks = corrections::list(&app.deps, &grant, import, limit).await?;
    let corrections = tasks.into_iter().map(CorrectionView::from).collect();
    Ok(Json(CorrectionsPage { corrections }))
}
