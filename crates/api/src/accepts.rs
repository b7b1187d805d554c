//! What a caller can read: an answer in a format it has not asked for is no
//! answer.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Formats the API answers in: JSON, its refusals, streams, rows that come
/// back, and files for a notice board.
const OFFERED: [&str; 7] = [
    "application/json",
    "application/problem+json",
    "application/x-ndjson",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/event-stream",
    "text/csv",
    "text/html",
];

/// 406 for calls of the API that accept none of its formats.
pub(crate) async fn refuse(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/api/") && !is_readable(request.headers()) {
        return Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "accept.format",
            "本接口只提供 JSON（文件另有格式），请修改 Accept",
            "the API answers in JSON, and files in formats of their own; Accept takes none of them",
        )
        .into_response();
    }
    next.run(request).await
}

/// Whether any of the formats is accepted; all are where nothing is said.
fn is_readable(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(header::ACCEPT).iter().peekable();
    if said.peek().is_none() {
        return true;
    }
    said.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(takes_one)
}

/// Whether a range such as `text/*;q=0.5` takes one of the formats.
fn takes_one(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_refused = parts.any(|part| {
        let weight = part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        weight.is_some_and(|weight| weight <= 0.0)
    });
    let taken = |offered: &&str| {
        kind == "*/*"
            || kind == **offered
            || kind
                .strip_suffix('*')
                .is_some_and(|class| class.len() > 1 && offered.starts_with(class))
    };
    !is_refused && OFFERED.iter().any(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_written() {
        for range in [
            "*/*",
            "application/*",
            "text/csv",
            "Application/JSON; q=0.2",
        ] {
            assert!(takes_one(range), "{range}");
        }
        for range in [
            "",
            "*",
            "application/xml",
            "image/*",
            "application/json;q=0",
            "*/*; q=0.0",
            "json",
        ] {
            assert!(!takes_one(range), "{range}");
        }
    }
}
