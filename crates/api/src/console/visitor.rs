//! Who is at the screen. A page takes a [`Visitor`]; somebody who has not
//! logged in is sent to the login page instead of being refused.

use axum::extract::FromRequestParts;
use axum::http::{StatusCode, request::Parts};
use axum::response::{IntoResponse, Redirect, Response};

use super::refusal::Refusal;
use crate::app::App;
use crate::auth::Caller;

/// A [`Caller`] in front of a browser.
pub(super) struct Visitor(pub(super) Caller);

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, Response> {
        match Caller::from_request_parts(parts, app).await {
            Ok(caller) => Ok(Visitor(caller)),
            Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
                Err(Redirect::to("/login").into_response())
            }
            Err(problem) => Err(Refusal::from(problem).into_response()),
        }
    }
}
