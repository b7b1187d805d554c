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
    credential: Credential,
}

/// What let the officer in, to ask again while a long answer is made.
#[derive(Clone, Copy, Debug)]
enum Credential {
    Token([u8; 32]),
    Session([u8; 32]),
}

impl Caller {
    /// Authority for one operation.
    pub fn grant(&self, operation: Operation) -> Answered<Grant> {
        let purpose = self.purpose.as_deref().unwrap_or(operation.name());
        Ok(self.officer.authorize(operation, purpose)?)
    }

    /// Refuses an officer who was disabled, moved or given another role since
    /// the request began. Long answers ask between their pages.
    pub async fn still(&self, app: &App) -> Answered<()> {
        let now = app.deps.clock.now();
        let store = app.deps.store.as_ref();
        let officer = match self.credential {
            Credential::Token(digest) => store.officer_by_token(&digest, now).await?,
            Credential::Session(digest) => {
                let signed = store.session(&digest, now).await?;
                signed.map(|signed| signed.known.officer)
            }
        };
        if officer.as_ref() == Some(&self.officer) {
            return Ok(());
        }
        tracing::warn!(officer = %self.officer.id, "authority ended while an answer was made");
        Err(unauthorized())
    }

    /// Counts an identity about to be shown in full; over the budget it is
    /// refused, and the first excess is entered in the ledger and the log.
    pub async fn may_see_identity(&self, app: &App) -> Answered<()> {
        let now = app.deps.clock.now();
        let budget = app.limits.identities_per_hour_max;
        let Err(excess) = app.watch.identity(self.officer.id, now, budget) else {
            return Ok(());
        };
        if excess.first {
            tracing::warn!(officer = %self.officer.id, "identities shown in full: budget met");
            metrics::counter!("hearth_identity_budget_met_total").increment(1);
            let alarm = self
                .officer
                .authorize(Operation::ReadPeople, "alarm:identity_budget")?;
            app.discloser.disclose(&alarm, &[], &self.request).await?;
        }
        Err(Problem::too_many(
            "identity.budget",
            "一小时内查看完整身份信息过多，请稍后再试",
            "too many identities in full within an hour",
            excess.seconds,
        ))
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
async fn by_token(value: &HeaderValue, app: &App) -> Answered<(Officer, Credential)> {
    let token = value.to_str().ok();
    let token = token
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(unauthorized)?;
    let digest = app.deps.vault.token_digest(token.trim());
    let now = app.deps.clock.now();
    let officer = app.deps.store.officer_by_token(&digest, now).await?;
    let officer = officer.ok_or_else(unauthorized)?;
    Ok((officer, Credential::Token(digest)))
}

/// The officer whose session is in the cookie, once the login is finished.
async fn by_session(parts: &Parts, app: &App) -> Answered<(Officer, Credential)> {
    let (signed, stage) = session(parts, app).await?.ok_or_else(unauthorized)?;
    match stage {
        Stage::Open => Ok((
            signed.known.officer,
            Credential::Session(signed.session.digest),
        )),
        Stage::Code | Stage::Password | Stage::SecondFactor => Err(unfinished()),
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Problem> {
        let (officer, credential) = match parts.headers.get(header::AUTHORIZATION) {
            Some(value) => by_token(value, app).await?,
            None => by_session(parts, app).await?,
        };
        let now = app.deps.clock.now();
        let per_minute = app.limits.requests_per_minute_max;
        if let Err(excess) = app.watch.request(officer.id, now, per_minute) {
            return Err(Problem::too_many(
                "requests.too_many",
                "请求过于频繁，请稍后再试",
                "too many requests",
                excess.seconds,
            ));
        }
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
            credential,
        })
    }
}
