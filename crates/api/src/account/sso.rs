//! `/login/oidc`: to the identity provider and back. Whatever was wrong on the
//! way, the answer is the login page with one and the same sentence.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use pipeline::account::AccountError;
use pipeline::account::sso::SsoError;
use serde::Deserialize;

use crate::account::address::Address;
use crate::account::pages::{WRONG, login_page, with_cookie};
use crate::account::views::{Arrived, page};
use crate::account::visitor::next;
use crate::app::App;
use crate::problem::{Answered, Problem};

/// The provider does not answer as it should.
const AWAY: &str = "统一认证暂时不可用，请稍后再试，或用登录名和口令登录。";

/// What the provider sends along; it may send more.
#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    state: String,
    code: Option<String>,
}

/// Sends the browser to the provider.
pub(super) async fn begin(State(app): State<App>) -> Answered<Response> {
    let sso = app.sso.as_ref().ok_or_else(Problem::not_found)?;
    match sso.begin().await {
        Ok(begun) => {
            let mut response = Redirect::to(&begun.location).into_response();
            keep(&app, &mut response, &begun.kept);
            Ok(response)
        }
        Err(error) => refused(&app, error),
    }
}

/// Takes the browser back.
pub(super) async fn finish(
    State(app): State<App>,
    Address(address): Address,
    headers: HeaderMap,
    sent: Result<Query<Sent>, axum::extract::rejection::QueryRejection>,
) -> Answered<Response> {
    let sso = app.sso.as_ref().ok_or_else(Problem::not_found)?;
    let kept = app.cookies.sso(&headers)?.unwrap_or_default();
    let Ok(Query(sent)) = sent else {
        return refused(&app, SsoError::State);
    };
    let done = sso.finish(address, kept, &sent.state, sent.code.as_deref());
    let mut response = match done.await {
        Ok(opened) => {
            let next = next(opened.stage);
            let mut response = page(StatusCode::OK, &Arrived { next });
            with_cookie(&app, &mut response, &opened.id);
            response
        }
        Err(error) => refused(&app, error)?,
    };
    keep(&app, &mut response, "");
    Ok(response)
}

fn keep(app: &App, response: &mut Response, kept: &str) {
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    if let Some(cookie) = app.cookies.set_sso(kept) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// The reason goes to the log: no claim and no subject is in it.
fn refused(app: &App, error: SsoError) -> Answered<Response> {
    match error {
        SsoError::Provider(_) => {
            tracing::error!(%error, "single sign-on is not available");
            let notice = Some(AWAY.to_owned());
            Ok(login_page(app, StatusCode::SERVICE_UNAVAILABLE, notice))
        }
        SsoError::Account(AccountError::Wrong)
        | SsoError::State
        | SsoError::Denied
        | SsoError::Token(_) => {
            tracing::warn!(%error, "a single sign-on was refused");
            let notice = Some(WRONG.to_owned());
            Ok(login_page(app, StatusCode::UNAUTHORIZED, notice))
        }
        SsoError::Account(other) => Err(other.into()),
    }
}
