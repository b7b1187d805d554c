//! The alert feed as server-sent events: each entry is one event whose id is
//! the cursor behind it, so that a reader who was cut off goes on without a
//! hole by sending the last id back.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::authority::{Grant, Operation};
use futures_util::stream;
use serde::Deserialize;
use store::rows::FeedEntry;
use tokio::time::Instant;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Caller;
use crate::feed::{FeedEntryView, cursor, wait_until};
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::StrictQuery;

/// Entries read at once.
const PAGE: u32 = 100;
/// What a reader is asked to wait before it comes again.
const RETRY: Duration = Duration::from_secs(1);

/// Where to begin. `Last-Event-ID` goes before it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Cursor `epoch.position` of the last entry read; from the beginning when
    /// absent.
    after: Option<String>,
}

/// Follows the caller's feeds as `text/event-stream`.
///
/// Events have the entry's kind as their type, `epoch.position` as their id and
/// the entry as JSON. The answer ends after a bounded time, so that a token
/// taken back is soon without effect; readers come again with `Last-Event-ID`.
/// 410 `cursor.epoch_changed` and 409 `cursor.ahead` as for the feed.
#[utoipa::path(
    get, path = "/api/v1/alerts/stream", tag = "alerts",
    params(StreamQuery, ("Last-Event-ID" = Option<String>, Header, description = "id of the last event read")),
    responses((status = 200, description = "events, each with one feed entry", body = FeedEntryView, content_type = "text/event-stream"),
        (status = 410, body = ProblemBody), (status = 409, body = ProblemBody))
)]
pub async fn follow(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    StrictQuery(query): StrictQuery<StreamQuery>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadFeed)?;
    let last = headers.get("last-event-id").map(|value| value.to_str());
    let last = last.transpose().map_err(|_| {
        Problem::bad(
            "cursor.invalid",
            "游标格式不对",
            "the cursor is not `epoch.position`",
        )
    })?;
    let after = cursor(&app, last.or(query.after.as_deref())).await?;
    let (epoch, _) = app.deps.store.feed_position().await?;
    let life = Duration::from_secs(app.limits.stream_seconds);
    let follower = Follower {
        until: Instant::now() + life,
        app,
        grant,
        epoch,
        after,
        read: VecDeque::new(),
    };
    let events = stream::unfold(follower, Follower::next);
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

/// One reader's place in its feeds.
struct Follower {
    app: App,
    grant: Grant,
    epoch: String,
    after: i64,
    read: VecDeque<FeedEntry>,
    until: Instant,
}

impl Follower {
    /// The next event, or the end.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Follower)> {
        if self.read.is_empty() {
            let read = wait_until(&self.app, &self.grant, self.after, PAGE, self.until).await;
            // What cannot be read now is read after the reader has come again.
            self.read = read.ok()?.into();
        }
        let entry = self.read.pop_front()?;
        self.after = entry.position;
        let id = format!("{}.{}", self.epoch, entry.position);
        let event = Event::default()
            .id(id)
            .event(entry.kind.name())
            .retry(RETRY)
            .json_data(FeedEntryView::from(entry))
            .ok()?;
        Some((Ok(event), self))
    }
}
