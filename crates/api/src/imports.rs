//! Imports: upload, status, kept rows, and the file to correct and send again.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::authority::Operation;
use domain::ids::{ImportId, Subject};
use domain::record::{DatasetId, Revision, RowCounts, RowNote, RowOutcome, SourceId};
use domain::region::DivisionCode;
use pipeline::intake::{UploadHeader, about_file};
use serde::{Deserialize, Serialize};
use store::commit::{ImportRow, KeptRow};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::spool::Spooled;
use crate::strict::{StrictPath, StrictQuery, date, limit};

/// What the sender says about the file in the body.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Sender, e.g. `civil`.
    source: String,
    /// List, e.g. `civil_register`.
    dataset: String,
    /// Business date of the batch.
    business_date: String,
    /// Sequence of the batch on that date.
    sequence: u32,
    /// Division code of the county the batch is about.
    scope: String,
    /// As-of day, when the batch is a complete list.
    as_of: Option<String>,
    /// File name.
    file_name: Option<String>,
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// Id.
    id: String,
    source: String,
    dataset: String,
    business_date: String,
    sequence: u32,
    scope: String,
    as_of: Option<String>,
    file_name: String,
    /// SHA-256 of the file.
    digest: String,
    size: u64,
    received_at: String,
    /// `receiving` or `received`.
    state: String,
    /// Next line to take; an interrupted upload resumes here.
    next_line: u32,
    /// Rows by outcome; they add up to `received`.
    counts: CountsView,
    /// The same batch had been taken before; nothing was written now.
    repeated: bool,
    /// `csv`, `xlsx` or `ndjson`, as detected. Absent in lists.
    format: Option<&'static str>,
    /// Sum of the list's control amount over the file, in fen: to be compared
    /// with the sender's own total. Absent in lists.
    total_fen: Option<i64>,
    /// Data rows of the whole file, taken or not yet: `counts.received` of them
    /// are in. Absent in lists.
    rows: Option<u64>,
    /// Remarks about the file as a whole. Empty in lists.
    notes: Vec<NoteView>,
}

/// Rows by outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsView {
    received: u64,
    accepted: u64,
    warned: u64,
    held: u64,
    rejected: u64,
}

impl From<RowCounts> for CountsView {
    fn from(counts: RowCounts) -> CountsView {
        CountsView {
            received: counts.received(),
            accepted: counts.accepted,
            warned: counts.warned,
            held: counts.held,
            rejected: counts.rejected,
        }
    }
}

impl ImportView {
    fn of(import: &ImportRow, repeated: bool) -> ImportView {
        let header = &import.header;
        ImportView {
            id: header.id.to_string(),
            source: header.source.to_string(),
            dataset: header.dataset.to_string(),
            business_date: header.revision.business_date.to_string(),
            sequence: header.revision.sequence,
            scope: header.scope.to_string(),
            as_of: header.as_of.map(|on| on.to_string()),
            file_name: import.file_name.clone(),
            digest: header.digest.clone(),
            size: header.size,
            received_at: header.received_at.to_string(),
            state: import.state.name().to_owned(),
            next_line: import.next_line,
            counts: import.counts.into(),
            repeated,
            format: None,
            total_fen: None,
            rows: None,
            notes: Vec::new(),
        }
    }

    /// With what was found out about the file as a whole.
    async fn whole(app: &App, import: &ImportRow, repeated: bool) -> Answered<ImportView> {
        let mut view = ImportView::of(import, repeated);
        if let Some(about) = about_file(&app.deps, import.header.id).await? {
            view.format = Some(about.shape.format.name());
            view.total_fen = Some(about.yuan_total_fen);
            view.rows = about.rows;
            view.notes = about.notes.into_iter().map(NoteView::from).collect();
        }
        Ok(view)
    }
}

/// Uploads one file. The answer leaves when every row is durable; repeating an
/// interrupted upload resumes, repeating a finished one answers the same.
#[utoipa::path(
    post, path = "/api/v1/imports", tag = "imports", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "CSV or NDJSON in UTF-8 or GB18030, or XLSX"),
    responses((status = 201, body = ImportView), (status = 200, body = ImportView, description = "taken before"), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody))
)]
pub async fn upload(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<UploadQuery>,
    body: Body,
) -> Answered<Response> {
    let grant = caller.grant(Operation::Import)?;
    let header = UploadHeader {
        source: SourceId::new(&query.source),
        dataset: DatasetId::new(&query.dataset),
        revision: Revision {
            business_date: date(&query.business_date)?,
            sequence: query.sequence,
        },
        scope: DivisionCode::parse(&query.scope).ok_or_else(|| {
            Problem::bad(
                "param.scope",
                "区划代码不对",
                "scope is not a division code",
            )
        })?,
        as_of: query.as_of.as_deref().map(date).transpose()?,
        file_name: file_name(query.file_name.as_deref()),
    };
    let spooled = Spooled::receive(&app, body).await?;
    let taken = spooled.take(&app, &grant, &header).await;
    drop(spooled);
    let taken = taken?;
    let view = ImportView::whole(&app, &taken.import, taken.repeated).await?;
    let status = if taken.repeated {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(view)).into_response())
}

/// The last path component, without control characters.
pub(crate) fn file_name(sent: Option<&str>) -> String {
    let name = sent
        .unwrap_or("upload")
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or("upload");
    name.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Paging of imports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportsQuery {
    /// Imports received before this instant (RFC 3339).
    before: Option<String>,
    /// Imports, 1–500.
    limit: Option<u32>,
}

/// Imports, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportsPage {
    imports: Vec<ImportView>,
    /// `before` of the next page.
    next: Option<String>,
}

/// Lists imports of the caller's regions (importers: of their sources).
#[utoipa::path(get, path = "/api/v1/imports", tag = "imports", params(ImportsQuery), responses((status = 200, body = ImportsPage)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ImportsQuery>,
) -> Answered<Json<ImportsPage>> {
    let grant = caller.grant(Operation::ReadImports)?;
    let limit = limit(&app, query.limit)?;
    let before = query.before.map(|text| text.parse()).transpose();
    let before = before.map_err(|_| {
        Problem::bad(
            "param.instant",
            "时间格式不对",
            "before is not an RFC 3339 instant",
        )
    })?;
    let imports = app.deps.store.imports(&grant, before, limit).await?;
    let full = imports.len() == limit as usize;
    let next = imports
        .last()
        .filter(|_| full)
        .map(|last| last.header.received_at.to_string());
    Ok(Json(ImportsPage {
        imports: imports
            .iter()
            .map(|import| ImportView::of(import, false))
            .collect(),
        next,
    }))
}

/// One import. `If-None-Match` answers 304 as long as nothing more came in.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", params(("id" = String, Path)), responses((status = 200, body = ImportView), (status = 304, description = "nothing new"), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    StrictPath(id): StrictPath<ImportId>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadImports)?;
    let import = app
        .deps
        .store
        .import(&grant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let tag = [(header::ETAG, tag(&import))];
    let seen = headers.get(header::IF_NONE_MATCH);
    if seen.is_some_and(|seen| seen.as_bytes() == tag[0].1.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    let view = ImportView::whole(&app, &import, false).await?;
    Ok((tag, Json(view)).into_response())
}

/// What changes while a file is taken: how far it came, and whether it is done.
/// The rest is written once.
fn tag(import: &ImportRow) -> String {
    format!("\"{}.{}\"", import.state.name(), import.next_line)
}

/// Which kept rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowsQuery {
    /// `warned`, `held` or `rejected`; all when absent.
    outcome: Option<String>,
    /// Lines after this one.
    after: Option<u32>,
    /// Rows, 1–500.
    limit: Option<u32>,
}

/// A row with what to tell its sender; its content is in the returned file.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowView {
    line: u32,
    outcome: String,
    notes: Vec<NoteView>,
}

/// Something to tell the sender.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteView {
    column: Option<String>,
    code: String,
    zh: String,
    en: String,
}

impl From<RowNote> for NoteView {
    fn from(note: RowNote) -> NoteView {
        NoteView {
            column: note.column,
            code: note.code,
            zh: note.zh,
            en: note.en,
        }
    }
}

/// Kept rows in line order.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowsPage {
    rows: Vec<RowView>,
    /// `after` of the next page.
    next: Option<u32>,
}

pub(crate) fn outcome(text: Option<&str>) -> Answered<Option<RowOutcome>> {
    let known = [RowOutcome::Warned, RowOutcome::Held, RowOutcome::Rejected];
    match text {
        None => Ok(None),
        Some(name) => match known.into_iter().find(|outcome| outcome.name() == name) {
            Some(outcome) => Ok(Some(outcome)),
            None => Err(Problem::bad(
                "param.outcome",
                "outcome 只能是 warned、held、rejected",
                "outcome is warned, held or rejected",
            )),
        },
    }
}

/// Rows that were not simply taken, with line, column, code and reason.
#[utoipa::path(get, path = "/api/v1/imports/{id}/rows", tag = "imports", params(("id" = String, Path), RowsQuery), responses((status = 200, body = RowsPage), (status = 404, body = ProblemBody)))]
pub async fn rows(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<ImportId>,
    StrictQuery(query): StrictQuery<RowsQuery>,
) -> Answered<Json<RowsPage>> {
    let grant = caller.grant(Operation::ReadImports)?;
    let limit = limit(&app, query.limit)?;
    let outcome = outcome(query.outcome.as_deref())?;
    app.deps
        .store
        .import(&grant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let rows = app
        .deps
        .store
        .kept_rows(&grant, id, outcome, query.after.unwrap_or(0), limit)
        .await?;
    let next = rows
        .last()
        .filter(|_| rows.len() == limit as usize)
        .map(|row| row.line);
    let view = |row: KeptRow| RowView {
        line: row.line,
        outcome: row.outcome.name().to_owned(),
        notes: row.notes.into_iter().map(NoteView::from).collect(),
    };
    Ok(Json(RowsPage {
        rows: rows.into_iter().map(view).collect(),
        next,
    }))
}

/// Which rows to return.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReturnedQuery {
    /// `held` or `rejected`; both when absent.
    outcome: Option<String>,
}

/// Held and rejected rows as a file of the same shape with two more columns,
/// to correct and send again. Disclosing.
#[utoipa::path(get, path = "/api/v1/imports/{id}/returned", tag = "imports", params(("id" = String, Path), ReturnedQuery), responses((status = 200, content_type = "text/csv", body = Vec<u8>), (status = 404, body = ProblemBody)))]
pub async fn returned(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<ImportId>,
    StrictQuery(query): StrictQuery<ReturnedQuery>,
) -> Answered<Response> {
    let only = outcome(query.outcome.as_deref())?;
    returned_rows(&app, &caller, id, only).await
}

/// The file of returned rows as an answer, entered in the ledger first.
pub(crate) async fn returned_rows(
    app: &App,
    caller: &Caller,
    id: ImportId,
    only: Option<RowOutcome>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadImports)?;
    let import = app
        .deps
        .store
        .import(&grant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let subject = Subject::Household(domain::ids::HouseholdId::from_uuid(id.as_uuid()));
    app.discloser
        .disclose(&grant, &[subject], &caller.request)
        .await?;
    let bytes = pipeline::returned::returned_file(&app.deps, &grant, &import, only).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"returned.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, bytes).into_response())
}
