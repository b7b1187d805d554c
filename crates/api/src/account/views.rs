//! The pages as templates: what they are filled with. Everything is escaped.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::account::qr::Qr;
use crate::problem::Problem;

/// Login name and password.
#[derive(Template)]
#[template(path = "account/login.html")]
pub(super) struct Login {
    pub(super) notice: Option<String>,
    /// One can log in elsewhere.
    pub(super) sso: bool,
}

/// Logged in elsewhere: goes on from a page of our own, because the session's
/// cookie does not come along on a way that began at another site.
#[derive(Template)]
#[template(path = "account/arrived.html")]
pub(super) struct Arrived {
    pub(super) next: &'static str,
}

/// The code of the second factor.
#[derive(Template)]
#[template(path = "account/code.html")]
pub(super) struct Code {
    pub(super) notice: Option<String>,
}

/// One line of what happened.
pub(super) struct EventLine {
    pub(super) at: String,
    pub(super) what: &'static str,
    pub(super) by: String,
}

/// The account itself.
#[derive(Template)]
#[template(path = "account/account.html")]
pub(super) struct Account {
    pub(super) notice: Option<String>,
    pub(super) name: String,
    pub(super) role: &'static str,
    pub(super) login: String,
    /// Nothing else opens before the password is changed.
    pub(super) must_change: bool,
    pub(super) rule: String,
    pub(super) second_factor: bool,
    pub(super) recovery_left: usize,
    pub(super) sessions: usize,
    pub(super) events: Vec<EventLine>,
}

/// A second factor that is offered.
#[derive(Template)]
#[template(path = "account/second_factor.html")]
pub(super) struct SecondFactor {
    pub(super) notice: Option<String>,
    pub(super) text: String,
    pub(super) uri: String,
    pub(super) sealed: String,
    pub(super) qr: Option<Qr>,
}

/// Recovery codes, once.
#[derive(Template)]
#[template(path = "account/recovery.html")]
pub(super) struct Recovery {
    pub(super) codes: Vec<String>,
    pub(super) next: &'static str,
}

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page: never stored, nothing from elsewhere, in no frame.
pub(super) fn page(status: StatusCode, view: &impl Template) -> Response {
    let text = match view.render() {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            return Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "系统内部错误，已记录",
                "an internal error; it has been logged",
            )
            .into_response();
        }
    };
    let mut response = (status, Html(text)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // So that browsers name our own origin when a form is sent.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
