//! The console: pages for officers, rendered here, working without JavaScript.
//!
//! Not part of the OpenAPI document. Every page that shows people enters the
//! disclosure before it is rendered, through the same discloser as the JSON
//! API; no page is stored by a browser; no address carries a name or number.
//! Forms are plain posts answered by a redirect; the version seen and the
//! idempotency key are hidden fields.

mod actions;
mod alert;
mod audit;
mod audit_records;
mod chart;
mod conflict;
mod county;
mod export;
mod families;
mod family;
mod forms;
mod household;
mod import;
mod imports;
mod log_file;
mod policies;
mod policy;
mod proposal;
mod refusal;
mod registry;
mod sheet;
mod shell;
mod today;
mod village;
mod village_leads;
mod visitor;
mod visits;
mod words;

pub(crate) use families::narrowed;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::App;

/// What a browser may load and where forms may go.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Pages and assets.
pub fn router() -> Router<App> {
    let plain = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    Router::new()
        .route("/", get(today::page))
        .route("/alerts/{id}", get(alert::page))
        .route("/alerts/{id}/sheet", get(sheet::page))
        .route("/alerts/{id}/{noun}", post(actions::take))
        .route("/families", get(families::page))
        .route("/families/search", post(families::search))
        .route("/families/export", post(export::file))
        .route("/families/{id}", get(family::household))
        .route("/persons/{id}", get(family::person))
        .route("/persons/{id}/identity", post(family::identity))
        .route("/county", get(county::page))
        .route("/audit", get(audit::page).post(audit::answer))
        .route("/audit/ledger", get(log_file::page))
        .route("/audit/records", get(audit_records::page))
        .route("/audit/dismissed", get(audit_records::dismissed))
        .route("/policies", get(policies::page))
        // An upload is bounded where it is spooled.
        .route(
            "/imports",
            get(imports::page)
                .post(imports::send)
                .layer(DefaultBodyLimit::disable()),
        )
        .route("/imports/{id}", get(import::page))
        .route("/imports/{id}/returned", get(import::returned))
        .route("/visits", get(visits::page))
        .route("/village", get(village::page))
        .route("/village/people/{id}/phone", post(village::phone))
        .route("/village/people/{id}/visit", post(village::visit))
        .route(
            "/village/leads",
            get(village_leads::page).post(village_leads::report),
        )
        .route("/village/leads/new", get(village_leads::form))
        .route("/policies/{name}", get(policy::page))
        .route("/parameters", get(proposal::list))
        .route(
            "/parameters/{key}",
            get(proposal::one).post(proposal::propose),
        )
        .route("/proposals/{id}", get(proposal::proposal))
        .route("/proposals/{id}/{noun}", post(proposal::review))
        .layer(plain(header::CACHE_CONTROL, "no-store"))
        .layer(plain(header::CONTENT_SECURITY_POLICY, POLICY))
        .route("/assets/console.css", get(style))
        .route("/assets/console.js", get(script))
}

async fn style() -> Response {
    asset(
        "text/css; charset=utf-8",
        include_str!("../assets/console.css"),
    )
}

async fn script() -> Response {
    asset(
        "text/javascript; charset=utf-8",
        include_str!("../assets/console.js"),
    )
}

/// Assets carry no data and may be kept for an hour.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, text).into_response()
}
