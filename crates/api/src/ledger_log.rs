//! The ledger for auditors: roots, entries to verify offline, who looked.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use domain::authority::Operation;
use domain::ids::Subject;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::strict::{StrictJson, StrictQuery, limit};

/// A root of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct RootView {
    size: i64,
    /// Lower-case hex.
    root: String,
    at: String,
}

/// Roots, oldest first; the last is the latest.
#[derive(Debug, Serialize, ToSchema)]
pub struct RootsPage {
    roots: Vec<RootView>,
    /// What the log cannot do by itself.
    note: &'static str,
}

/// Roots of the ledger. Write the day's last one into the duty book: until
/// roots are kept outside, the log does not bind the administrator.
#[utoipa::path(get, path = "/api/v1/ledger/roots", tag = "ledger", responses((status = 200, body = RootsPage)))]
pub async fn roots(State(app): State<App>, caller: Caller) -> Answered<Json<RootsPage>> {
    caller.grant(Operation::ReadLedger)?;
    let roots = app.deps.store.ledger_roots().await?;
    let view = |root: store::rows::LedgerRoot| RootView {
        size: root.size,
        root: hex::encode(root.root),
        at: root.at.to_string(),
    };
    Ok(Json(RootsPage {
        roots: roots.into_iter().map(view).collect(),
        note: "根值未在系统外留存前，日志不能约束管理员；请每日抄录",
    }))
}

/// From where and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// First index, from 0.
    from: Option<i64>,
    /// Entries, 1–500.
    limit: Option<u32>,
}

/// One entry: pseudonyms, counts and digests, no identities.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    index: i64,
    /// Canonical bytes, base64; the leaf is SHA-256(0x00 ‖ bytes).
    bytes: String,
}

/// Entries in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntriesPage {
    entries: Vec<EntryView>,
}

/// Ledger entries, for offline verification.
#[utoipa::path(get, path = "/api/v1/ledger/entries", tag = "ledger", params(EntriesQuery), responses((status = 200, body = EntriesPage)))]
pub async fn entries(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<EntriesQuery>,
) -> Answered<Json<EntriesPage>> {
    caller.grant(Operation::ReadLedger)?;
    let from = query.from.unwrap_or(0);
    if from < 0 {
        return Err(Problem::bad(
            "param.range",
            "from 超出范围",
            "from is out of range",
        ));
    }
    let entries = app
        .deps
        .store
        .ledger_entries(from, limit(&app, query.limit)?)
        .await?;
    let view = |entry: store::rows::LedgerEntry| EntryView {
        index: entry.index,
        bytes: base64::engine::general_purpose::STANDARD.encode(entry.bytes),
    };
    Ok(Json(EntriesPage {
        entries: entries.into_iter().map(view).collect(),
    }))
}

/// Whom to ask about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisclosuresBody {
    /// `h:<id>` or `p:<id>`.
    #[schema(value_type = String)]
    subject: String,
}

/// Someone was shown the subject.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisclosedView {
    /// Commit number.
    number: Option<i64>,
    at: String,
    officer: String,
    operation: String,
    purpose: String,
}

/// Who looked, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisclosedPage {
    disclosures: Vec<DisclosedView>,
}

/// Who was shown a person or household.
#[utoipa::path(post, path = "/api/v1/ledger/disclosures", tag = "ledger", request_body = DisclosuresBody, responses((status = 200, body = DisclosedPage)))]
pub async fn disclosures(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<DisclosuresBody>,
) -> Answered<Json<DisclosedPage>> {
    let grant = caller.grant(Operation::ReadLedger)?;
    let subject: Subject = body.subject.parse().map_err(|_| {
        Problem::bad(
            "param.subject",
            "subject 格式不对",
            "subject is h:<id> or p:<id>",
        )
    })?;
    if !app
        .deps
        .store
        .covers(&grant, subject, app.deps.clock.today())
        .await?
    {
        return Err(Problem::not_found());
    }
    let pseudonym = app.deps.vault.audit_pseudonym(subject);
    let shown = app
        .deps
        .store
        .disclosures(&grant, &pseudonym, app.limits.page_max)
        .await?;
    let view = |shown: store::rows::Disclosed| DisclosedView {
        number: shown.number,
        at: shown.at.to_string(),
        officer: shown.officer.to_string(),
        operation: shown.operation.name().to_owned(),
        purpose: shown.purpose,
    };
    Ok(Json(DisclosedPage {
        disclosures: shown.into_iter().map(view).collect(),
    }))
}
