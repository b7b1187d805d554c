//! The ledger as a file for another computer: a head line with what came before,
//! one line for each entry, a last line with the roots kept. It holds digests,
//! counts and pseudonyms, so it shows nobody. `hearth ledger verify --file` reads it.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::authority::Operation;
use futures_util::stream;
use ledger::{Frontier, leaf_hash};
use pipeline::StepError;
use serde::Deserialize;
use serde_json::json;

use super::refusal::Paged;
use super::visitor::Visitor;
use crate::app::App;
use crate::problem::Problem;
use crate::strict::StrictQuery;

/// Entries read at a time.
const PAGE: u32 = 1_000;

/// From which entry on; from the first when absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileQuery {
    #[serde(default)]
    from: String,
}

/// Where the writing of the file stands.
struct Writing {
    app: App,
    from: i64,
    until: i64,
    next: i64,
    frontier: Frontier,
    ready: VecDeque<Bytes>,
    headed: bool,
    ended: bool,
}

/// `GET /audit/ledger`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<FileQuery>,
) -> Paged {
    caller.grant(Operation::ReadLedger)?;
    let until = app.deps.store.statistics().await?.ledger;
    let from = match query.from.trim() {
        "" => Some(0),
        text => text.parse().ok().filter(|from| (0..=until).contains(from)),
    };
    let from = from
        .ok_or_else(|| Problem::bad("param.range", "起始条数超出日志", "from is beyond the log"))?;
    let writing = Writing {
        app,
        from,
        until,
        next: 0,
        frontier: Frontier::new(),
        ready: VecDeque::new(),
        headed: false,
        ended: false,
    };
    let lines = stream::try_unfold(writing, |mut writing| async move {
        let line = writing.line().await?;
        Ok::<_, StepError>(line.map(|line| (line, writing)))
    });
    let name = format!("attachment; filename=\"hearth-ledger-{from}-{until}.ndjson\"");
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    let response: Response = (headers, Body::from_stream(lines)).into_response();
    Ok(response)
}

impl Writing {
    async fn line(&mut self) -> Result<Option<Bytes>, StepError> {
        while self.ready.is_empty() && !self.ended {
            self.read().await?;
        }
        Ok(self.ready.pop_front())
    }

    fn say(&mut self, line: &serde_json::Value) {
        self.ready.push_back(Bytes::from(format!("{line}\n")));
    }

    /// Reads a page; what lies before the first entry is only hashed.
    async fn read(&mut self) -> Result<(), StepError> {
        if self.next == self.from && !self.headed {
            self.headed = true;
            let frontier = hex::encode(self.frontier.to_bytes());
            let (from, until) = (self.from, self.until);
            self.say(
                &json!({ "log": "hearth", "from": from, "until": until, "frontier": frontier }),
            );
        }
        if self.next == self.until {
            self.ended = true;
            let roots = self.app.deps.store.ledger_roots().await?;
            let within = roots.iter().filter(|root| root.size <= self.until);
            let roots: Vec<_> = within
                .map(|root| {
                    let at = root.at.to_string();
                    json!({ "size": root.size, "root": hex::encode(root.root), "at": at })
                })
                .collect();
            self.say(&json!({ "roots": roots }));
            return Ok(());
        }
        let stop = if self.headed { self.until } else { self.from };
        let wanted = u32::try_from(stop - self.next).unwrap_or(PAGE).min(PAGE);
        let entries = self
            .app
            .deps
            .store
            .ledger_entries(self.next, wanted)
            .await?;
        if entries.is_empty() {
            return Err(StepError::Damaged("commits"));
        }
        for entry in entries {
            if self.headed {
                let bytes = hex::encode(&entry.bytes);
                self.say(&json!({ "index": entry.index, "bytes": bytes }));
            } else {
                self.frontier.append(leaf_hash(&entry.bytes));
            }
            self.next = entry.index + 1;
        }
        Ok(())
    }
}
