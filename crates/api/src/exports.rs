//! Exports of the register for other programs: the same file, the same limits
//! and the same second person as in the console. A file shows more people at
//! once than any other answer, so its purpose is chosen, and everyone in it is
//! in the ledger before its first byte.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::authority::{Grant, Operation};
use domain::ids::ExportId;
use domain::time::Instant;
use pipeline::export::{self, Standing};
use serde::{Deserialize, Serialize};
use store::exports::{ExportEvent, KnownExport};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::console::{FamiliesQuery, Requested, request_export, take_export};
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictJson, StrictPath, StrictQuery, limit};

/// Which families.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExportFilter {
    /// Township code, for county officers.
    #[serde(skip_serializing_if = "Option::is_none")]
    township: Option<String>,
    /// Village code.
    #[serde(skip_serializing_if = "Option::is_none")]
    village: Option<String>,
    /// Code of a scheme.
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<String>,
    /// Last checked before this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_before: Option<String>,
    /// Recognition ends by this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_by: Option<String>,
    /// Next periodic check due by this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_by: Option<String>,
    /// `unknown`: only families whose next check is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<String>,
}

impl ExportFilter {
    fn query(self, purpose: String) -> Answered<FamiliesQuery> {
        if self
            .check
            .as_deref()
            .is_some_and(|check| check != "unknown")
        {
            return Err(Problem::bad(
                "param.check",
                "check 只能是 unknown",
                "check is `unknown` or absent",
            ));
        }
        let text = |given: Option<String>| given.unwrap_or_default();
        Ok(FamiliesQuery {
            township: text(self.township),
            village: text(self.village),
            scheme: text(self.scheme),
            checked_before: text(self.checked_before),
            ends_by: text(self.ends_by),
            due_by: text(self.due_by),
            check: text(self.check),
            purpose,
            ..FamiliesQuery::default()
        })
    }

    /// As it was asked for; a stored filter holds codes and dates only.
    fn of(stored: &str) -> ExportFilter {
        let query: FamiliesQuery = serde_json::from_str(stored).unwrap_or_default();
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        ExportFilter {
            township: given(query.township),
            village: given(query.village),
            scheme: given(query.scheme),
            checked_before: given(query.checked_before),
            ends_by: given(query.ends_by),
            due_by: given(query.due_by),
            check: given(query.check),
        }
    }
}

/// What to export and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportBody {
    /// `home_visit`, `periodic_check` or `data_check`; the last brings the
    /// civil list that can be sent again.
    purpose: String,
    /// All families of the caller's places when absent.
    #[serde(default)]
    filter: ExportFilter,
}

/// An export that a second person decides.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportView {
    id: String,
    /// Whether the caller asked for it, and so alone may take the file.
    own: bool,
    /// Officer id of who asked.
    asked_by: String,
    asked_at: String,
    /// As the ledger has it: `export_home_visit`, …
    purpose: String,
    filter: ExportFilter,
    /// Families it held when it was asked for.
    families: u32,
    /// `waiting`, `refused`, `open` or `expired`.
    state: &'static str,
    /// Until when an open one may be taken.
    open_until: Option<String>,
    /// How often the file was taken.
    taken: usize,
}

impl ExportView {
    fn of(known: &KnownExport, caller: &Caller, now: Instant) -> ExportView {
        let (state, until) = match export::standing(known, now) {
            Standing::Waiting => ("waiting", None),
            Standing::Refused => ("refused", None),
            Standing::Open(until) => ("open", Some(until)),
            Standing::Expired => ("expired", None),
        };
        let taken = |event: ExportEvent| event == ExportEvent::Downloaded;
        ExportView {
            id: known.row.id.to_string(),
            own: known.row.officer == caller.officer.id,
            asked_by: known.row.officer.to_string(),
            asked_at: known.row.at.to_string(),
            purpose: known.row.purpose.clone(),
            filter: ExportFilter::of(&known.row.filter),
            families: known.row.families,
            state,
            open_until: until.map(|at| at.to_string()),
            taken: known.events.iter().filter(|e| taken(e.event)).count(),
        }
    }
}

/// Exports, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportsPage {
    exports: Vec<ExportView>,
}

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportsQuery {
    /// Exports, 1–500.
    limit: Option<u32>,
}

/// Asks for the register as a workbook. Disclosing. Up to the office's limit of
/// people the answer is the file; beyond it 202 and an export that waits for a
/// second person.
#[utoipa::path(post, path = "/api/v1/exports", tag = "people", request_body = ExportBody, responses((status = 200, description = "the workbook"), (status = 202, body = ExportView), (status = 400, body = ProblemBody), (status = 413, body = ProblemBody)))]
pub async fn request(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<ExportBody>,
) -> Answered<Response> {
    let query = body.filter.query(body.purpose)?;
    match request_export(&app, &caller, query).await? {
        Requested::File(file) => Ok(file),
        Requested::Waits(id) => {
            let grant = caller.grant(Operation::ExportPeople)?;
            let view = view(&app, &caller, &grant, id).await?;
            Ok((StatusCode::ACCEPTED, view).into_response())
        }
    }
}

/// Exports the caller asked for and, for who decides, those of the county.
#[utoipa::path(get, path = "/api/v1/exports", tag = "people", params(ExportsQuery), responses((status = 200, body = ExportsPage), (status = 403, body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ExportsQuery>,
) -> Answered<Json<ExportsPage>> {
    let own = caller.grant(Operation::ExportPeople)?;
    let grant = caller.grant(Operation::ApproveExports).unwrap_or(own);
    let limit = limit(&app, query.limit)?;
    let known = app.deps.store.exports(&grant, limit).await?;
    let now = app.deps.clock.now();
    let view = |known| ExportView::of(known, &caller, now);
    let exports = known.iter().map(view).collect();
    Ok(Json(ExportsPage { exports }))
}

/// Releases another person's export. A decision is made once.
#[utoipa::path(post, path = "/api/v1/exports/{id}/approval", tag = "people", params(("id" = String, Path)), responses((status = 200, body = ExportView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub async fn approve(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<String>,
) -> Answered<Json<ExportView>> {
    decide(&app, &caller, &id, true).await
}

/// Refuses another person's export. A decision is made once.
#[utoipa::path(post, path = "/api/v1/exports/{id}/refusal", tag = "people", params(("id" = String, Path)), responses((status = 200, body = ExportView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
pub async fn refuse(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<String>,
) -> Answered<Json<ExportView>> {
    decide(&app, &caller, &id, false).await
}

/// The file of a released export, for who asked for it. Disclosing; each time
/// it is taken is remembered.
#[utoipa::path(post, path = "/api/v1/exports/{id}/file", tag = "people", params(("id" = String, Path)), responses((status = 200, description = "the workbook"), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 410, body = ProblemBody)))]
pub async fn file(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<String>,
) -> Answered<Response> {
    take_export(&app, &caller, &id).await
}

async fn decide(app: &App, caller: &Caller, id: &str, approve: bool) -> Answered<Json<ExportView>> {
    let grant = caller.grant(Operation::ApproveExports)?;
    let id: ExportId = id.parse().map_err(|_| Problem::not_found())?;
    export::decide(&app.deps, &grant, id, approve).await?;
    view(app, caller, &grant, id).await
}

async fn view(
    app: &App,
    caller: &Caller,
    grant: &Grant,
    id: ExportId,
) -> Answered<Json<ExportView>> {
    let known = app.deps.store.export(grant, id).await?;
    let known = known.ok_or_else(Problem::not_found)?;
    Ok(Json(ExportView::of(&known, caller, app.deps.clock.now())))
}
