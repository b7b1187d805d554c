//! Health, readiness and metrics. They disclose nothing.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::problem::{Answered, Problem};

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// The store answers.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, body = String), (status = 503, description = "the store does not answer")))]
pub async fn readyz(State(app): State<App>) -> Answered<&'static str> {
    app.deps.store.feed_position().await?;
    Ok("ready")
}

/// Prometheus text. Labels hold datasets, counties, outcomes and policies, never people.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String)))]
pub async fn metrics(State(app): State<App>) -> Response {
    match &app.metrics {
        Some(handle) => handle.render().into_response(),
        None => (StatusCode::NOT_FOUND, "metrics are off").into_response(),
    }
}

/// Any other path.
pub async fn nothing_here() -> Problem {
    Problem::not_found()
}

/// Any other method.
pub async fn not_this_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "不支持该方法",
        "this method is not supported here",
    )
}
