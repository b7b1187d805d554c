//! What was typed when a session ended: kept for its officer, given back on the
//! alert's page after the next login, and nowhere else.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use domain::ids::AlertId;
use pipeline::drafts;
use serde::{Deserialize, Serialize};
use store::commit::AlertRow;

use super::forms::ActionForm;
use super::refusal::Paged;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answered;

/// A form as it was sent, and which one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Typed {
    /// Noun of the form.
    pub(super) noun: String,
    /// What stood in it.
    pub(super) form: ActionForm,
}

impl Typed {
    /// The words typed into the form of this noun.
    pub(super) fn note_for(&self, noun: &str) -> &str {
        if self.noun == noun {
            &self.form.note
        } else {
            ""
        }
    }
}

/// Sent without a live session: what was typed is kept for whom the session
/// belonged to, and the login comes next. Somebody unknown has nothing kept.
pub(super) async fn keep(
    app: &App,
    headers: &HeaderMap,
    forms: &[(AlertId, String, ActionForm)],
) -> Paged {
    let owner = match app.cookies.id(headers)? {
        Some(id) => app.door.owner_of_ended(id).await?,
        None => None,
    };
    let mut kept = false;
    if let Some(officer) = owner {
        for (id, noun, form) in forms {
            let typed = Typed {
                noun: noun.clone(),
                form: form.clone(),
            };
            let plain = serde_json::to_vec(&typed).unwrap_or_default();
            kept |= drafts::keep(&app.deps, &officer, *id, &plain).await?;
        }
    }
    let address = if kept { "/login?kept=1" } else { "/login" };
    Ok(Redirect::to(address).into_response())
}

/// What the officer typed on this alert and could not send.
pub(super) async fn of(app: &App, caller: &Caller, row: &AlertRow) -> Answered<Option<Typed>> {
    let plain = drafts::of(&app.deps, caller.officer.id, row).await?;
    Ok(plain.and_then(|plain| serde_json::from_slice(&plain).ok()))
}
