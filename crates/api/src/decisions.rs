//! Decisions: what was concluded from which rows, and whether it comes out the
//! same today.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::authority::Operation;
use domain::ids::DecisionId;
use pipeline::people;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::StrictPath;

/// A stored decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionView {
    id: String,
    alert: String,
    subject: String,
    policy: String,
    on: String,
    /// Apply position it knew.
    known_seq: i64,
    policy_set: String,
    /// SHA-256 of its canonical bytes.
    digest: String,
    /// The canonical decision: criteria, operands, parameters, coverage, rows.
    #[schema(value_type = Object)]
    decision: serde_json::Value,
}

/// A decision with everything it rested on. Disclosing.
#[utoipa::path(get, path = "/api/v1/decisions/{id}", tag = "decisions", params(("id" = String, Path)), responses((status = 200, body = DecisionView), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<DecisionId>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadDecisions)?;
    let row = app
        .deps
        .store
        .decision(&grant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let decision = people::decision(&app.deps, &row).await?;
    app.discloser
        .disclose(&grant, &[row.subject, row.unit], &caller.request)
        .await?;
    let view = DecisionView {
        id: row.id.to_string(),
        alert: row.alert.to_string(),
        subject: row.subject.to_string(),
        policy: row.policy,
        on: row.on.to_string(),
        known_seq: row.known,
        policy_set: row.policy_set,
        digest: row.digest,
        decision: serde_json::to_value(&decision)
            .map_err(|_| Problem::from(pipeline::StepError::Damaged("decisions")))?,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Whether a decision comes out the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayView {
    id: String,
    /// Digest stored with the decision.
    stored: String,
    /// Digest recomputed; absent when its policy set is not kept.
    recomputed: Option<String>,
    /// They are equal.
    equal: bool,
}

/// Recomputes a decision from the records known then and the policies in force
/// then, and compares canonical bytes. Discloses nothing.
#[utoipa::path(get, path = "/api/v1/decisions/{id}/replay", tag = "decisions", params(("id" = String, Path)), responses((status = 200, body = ReplayView), (status = 404, body = ProblemBody)))]
pub async fn replay(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<DecisionId>,
) -> Answered<Json<ReplayView>> {
    let grant = caller.grant(Operation::ReadDecisions)?;
    let row = app
        .deps
        .store
        .decision(&grant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let partition = grant
        .regions()
        .iter()
        .find_map(domain::region::DivisionCode::county)
        .ok_or_else(Problem::not_found)?;
    let replay = people::replay(&app.deps, partition, &row).await?;
    let equal = replay.recomputed.as_deref() == Some(replay.stored.as_str());
    Ok(Json(ReplayView {
        id: id.to_string(),
        stored: replay.stored,
        recomputed: replay.recomputed,
        equal,
    }))
}
