//! The alert feed: contiguous numbers, one cursor `epoch.position`, long poll
//! and ETag. Entries disclose nothing.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::authority::{Grant, Operation};
use serde::{Deserialize, Serialize};
use store::rows::FeedEntry;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictQuery, limit};

/// Where and how much to read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// Cursor `epoch.position` of the last entry read; from the beginning when
    /// absent.
    after: Option<String>,
    /// Entries, 1–500.
    limit: Option<u32>,
    /// Seconds to wait for news, at most 30.
    wait: Option<u32>,
}

/// One entry. No names, no amounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedEntryView {
    /// Contiguous per store.
    position: i64,
    /// Township, or county for its unplaced desk; `/children` behind it for the
    /// line that only children's officers and auditors are shown.
    feed: String,
    /// Contiguous per feed: a reader that sees `number = last + 1` has missed
    /// nothing.
    number: i64,
    /// `raised`, `updated`, `cleared`, `released`, `moved_out`, `moved_in`,
    /// `closed`, `feed_closed`.
    kind: String,
    /// Alert.
    alert: String,
    /// Policy.
    policy: String,
    /// `red`, `orange`, `yellow`, `blue`.
    level: String,
    /// Earliest deadline.
    due_on: Option<String>,
    /// When it happened.
    at: String,
}

impl From<FeedEntry> for FeedEntryView {
    fn from(entry: FeedEntry) -> FeedEntryView {
        FeedEntryView {
            position: entry.position,
            feed: entry.line(),
            number: entry.number,
            kind: entry.kind.name().to_owned(),
            alert: entry.alert.to_string(),
            policy: entry.policy,
            level: entry.level.name().to_owned(),
            due_on: entry.due_on.map(|on| on.to_string()),
            at: entry.at.to_string(),
        }
    }
}

/// A page of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedPage {
    /// Entries in order.
    entries: Vec<FeedEntryView>,
    /// Cursor to read on from.
    next: String,
    /// How far each feed has come.
    heads: Vec<FeedHeadView>,
}

/// How far a feed has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedHeadView {
    feed: String,
    number: i64,
}

/// Reads the caller's feeds after a cursor.
///
/// 410 `cursor.epoch_changed`: the store was restored, read from the
/// beginning. 409 `cursor.ahead`: the cursor is ahead of the store.
#[utoipa::path(
    get, path = "/api/v1/alerts/feed", tag = "alerts", params(FeedQuery),
    responses((status = 200, body = FeedPage), (status = 304, description = "nothing new"), (status = 410, body = ProblemBody), (status = 409, body = ProblemBody))
)]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    StrictQuery(query): StrictQuery<FeedQuery>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadFeed)?;
    let limit = limit(&app, query.limit)?;
    let wait = query.wait.unwrap_or(0);
    if wait > app.limits.wait_seconds_max {
        return Err(Problem::bad(
            "param.range",
            "wait 超出范围",
            "wait is out of range",
        ));
    }
    let after = cursor(&app, query.after.as_deref()).await?;
    let until = tokio::time::Instant::now() + Duration::from_secs(u64::from(wait));
    let entries = wait_until(&app, &grant, after, limit, until).await?;
    let (epoch, _) = app.deps.store.feed_position().await?;
    let next = entries.last().map_or(after, |entry| entry.position);
    let tag = format!("\"{epoch}.{next}.{}\"", caller.officer.id);
    let seen = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if entries.is_empty() && seen == Some(tag.as_str()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let heads = app.deps.store.feed_heads(&grant).await?;
    let page = FeedPage {
        entries: entries.into_iter().map(FeedEntryView::from).collect(),
        next: format!("{epoch}.{next}"),
        heads: heads
            .into_iter()
            .map(|head| FeedHeadView {
                feed: head.line(),
                number: head.number,
            })
            .collect(),
    };
    let mut response = Json(page).into_response();
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    Ok(response)
}

/// The position of a cursor that this store gave out.
pub(crate) async fn cursor(app: &App, after: Option<&str>) -> Answered<i64> {
    let Some(text) = after else { return Ok(0) };
    let invalid = || {
        Problem::bad(
            "cursor.invalid",
            "游标格式不对",
            "the cursor is not `epoch.position`",
        )
    };
    let (epoch, position) = text.rsplit_once('.').ok_or_else(invalid)?;
    let position: i64 = position
        .parse()
        .ok()
        .filter(|p| *p >= 0)
        .ok_or_else(invalid)?;
    let (current, head) = app.deps.store.feed_position().await?;
    if epoch != current {
        return Err(Problem::new(
            StatusCode::GONE,
            "cursor.epoch_changed",
            "数据已从备份恢复，请从头重新读取",
            "the store was restored; read from the beginning",
        ));
    }
    if position > head {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "cursor.ahead",
            "游标超前于本系统，请通知运维",
            "the cursor is ahead of the store",
        ));
    }
    Ok(position)
}

/// Reads, and if there is nothing waits to be rung.
pub(crate) async fn wait_until(
    app: &App,
    grant: &Grant,
    after: i64,
    limit: u32,
    deadline: tokio::time::Instant,
) -> Answered<Vec<FeedEntry>> {
    loop {
        let rung = app.deps.published.notified();
        tokio::pin!(rung);
        // Registered before reading, so that news between the two rings.
        rung.as_mut().enable();
        let entries = app.deps.store.feed(grant, after, limit).await?;
        if !entries.is_empty() || tokio::time::Instant::now() >= deadline {
            return Ok(entries);
        }
        // Other nodes publish without ringing here: look again each second.
        let next_look = deadline.min(tokio::time::Instant::now() + Duration::from_secs(1));
        let _ = tokio::time::timeout_at(next_look, rung).await;
    }
}
