//! Tokens and sessions become officers, officers become grants. A handler that takes a
//! [`Caller`] has an authenticated one; [`Caller::grant`] is its only way to
//! the store.

use axum::extract::FromRequestParts;
use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use domain::authority::{Grant, Officer, Operation};
use pipeline::account::session::Stage;

use crate::account::visitor::{session, unfinished};
use crate::app::App;
use crate::problem::{Answered, Problem};

/// An authenticated officer and the request's stated purpose.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub officer: Officer,
    /// `X-Purpose`, or the operation's name.
    purpose: Option<String>,
    /// Names the request in ledger entries.
    pub request: String,
}

impl Caller {
    /// Authority for one operation.
    pub fn grant(&self, operation: Operation) -> Answered<Grant> {
        let purpose = self.purpose.as_deref().unwrap_or(operation.name());
        Ok(self.officer.authorize(operation, purpose)?)
    }

    /// Whether the caller stated why.
    pub fn states_purpose(&self) -> bool {
        self.purpose.is_some()
    }
}

/// Nobody is known by what was sent.
pub(crate) fn unauthorized() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "请先登录或提供有效令牌",
        "a valid bearer token or session is needed",
    )
}

/// The officer a bearer token belongs to.
async fn by_token(value: &HeaderValue, app: &App) -> Answered<Officer> {
    let token = value.to_str().ok();
    let token = token
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(unauthorized)?;
    let digest = app.deps.vault.token_digest(token.trim());
    let now = app.deps.clock.now();
    let officer = app.deps.store.officer_by_token(&digest, now).await?;
    officer.ok_or_else(unauthorized)
}

/// The officer whose session is in the cookie, once the login is finished.
async fn by_session(parts: &Parts, app: &App) -> Answered<Officer> {
    let (signed, stage) = session(parts, app).await?.ok_or_else(unauthorized)?;
    match stage {
        Stage::Open => Ok(signed.known.officer),
        Stage::Code | Stage::Password | Stage::SecondFactor => Err(unfinished()),
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Problem> {
        let officer = match parts.headers.get(header::AUTHORIZATION) {
            Some(value) => by_token(value, app).await?,
            None => by_session(parts, app).await?,
        };
        let purpose = parts
            .headers
            .get("x-purpose")
            .map(|value| value.to_str().map(str::to_owned));
        let purpose = purpose.transpose().map_err(|_| {
            Problem::bad(
                "purpose.invalid",
                "用途说明只能用 ASCII，或按百分号编码",
                "X-Purpose must be ASCII or percent-encoded",
            )
        })?;
        let request = parts
            .headers
            .get("x-request-id")
            .and_then(|value| value.to_str().ok())
            .unwrap_or("-");
        Ok(Caller {
            officer,
            purpose: purpose.map(|p| p.chars().take(200).collect()),
            request: request.chars().take(64).collect(),
        })
    }
}
