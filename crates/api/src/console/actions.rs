//! Action forms: the same load → decide → commit as the JSON actions, with the
//! answer of a browser. A conflict shows what changed and keeps what was typed;
//! so does a login that ended while it was typed.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::AlertId;

use super::forms::{ActionForm, StrictForm};
use super::refusal::{Paged, Refusal};
use super::visitor::Visitor;
use super::{conflict, draft, steps};
use crate::app::App;
use crate::problem::Problem;

/// What can be put right on the spot, with the typed text at hand.
pub(super) fn can_be_mended(problem: &Problem) -> bool {
    matches!(
        problem.code(),
        "alert.version"
            | "alert.action"
            | "assign.not_colleague"
            | "note.invalid"
            | "param.date"
            | "form.reference"
            | "form.outcome"
            | "form.record"
            | "param.township"
    )
}

/// `POST /alerts/{id}/{noun}`.
pub(super) async fn take(
    State(app): State<App>,
    visitor: Result<Visitor, Response>,
    headers: HeaderMap,
    Path((id, noun)): Path<(String, String)>,
    StrictForm(form): StrictForm<ActionForm>,
) -> Paged {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    let Visitor(caller) = match visitor {
        Ok(visitor) => visitor,
        Err(away) if away.status() == StatusCode::SEE_OTHER => {
            return draft::keep(&app, &headers, &[(id, noun, form)]).await;
        }
        Err(refused) => return Ok(refused),
    };
    if noun == "draft" {
        app.deps.store.drop_draft(caller.officer.id, id).await?;
        return Ok(Redirect::to(&format!("/alerts/{id}?done=draft")).into_response());
    }
    let taken = match steps::plan(&noun, &form) {
        Ok(plan) => steps::take(&app, &caller, id, (form.version, &form.key), plan).await,
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(done) => {
            // What was given back is on another desk: its page is not this officer's any more.
            let address = match (done, form.back.as_str()) {
                ("return" | "not_ours", _) | (_, "desk") => format!("/?done={done}"),
                (_, "county") => format!("/county?done={done}"),
                _ => format!("/alerts/{id}?done={done}"),
            };
            Ok(Redirect::to(&address).into_response())
        }
        Err(problem) if can_be_mended(&problem) => {
            conflict::page(&app, &caller, id, &noun, form, &problem).await
        }
        Err(problem) => Err(Refusal(problem)),
    }
}
