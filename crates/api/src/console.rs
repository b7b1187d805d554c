//! The console: pages for officers, rendered here, working without JavaScript.
//!
//! Not part of the OpenAPI document. Every page that shows people enters the
//! disclosure before it is rendered, through the same discloser as the JSON
//! API; no page is stored by a browser; no address carries a name or number.
//! Forms are plain posts answered by a redirect; the version seen and the
//! idempotency key are hidden fields.

mod accounts;
mod actions;
mod alert;
mod audit;
mod audit_records;
mod chart;
mod conflict;
mod county;
mod county_table;
mod draft;
mod export;
mod exports;
mod families;
mod family;
mod forms;
mod household;
mod import;
mod imports;
mod lists;
mod log_file;
mod policies;
mod policy;
mod proposal;
mod publications;
mod refusal;
mod registry;
mod several;
mod sheet;
mod shell;
mod simulation;
mod staff;
mod steps;
mod today;
mod village;
mod village_leads;
mod visitor;
mod visits;
mod words;

pub(crate) use export::{Requested, request as request_export, take as take_export};
pub(crate) use families::{FamiliesQuery, narrowed};
pub(crate) use shell::start;
pub(crate) use words::minute;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::App;

/// What a browser may load and where forms may go.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// One page or form: the router is built from these, and whoever must know all
/// of them reads [`addresses`], so that none can be forgotten.
pub(crate) struct Entry {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) route: MethodRouter<App>,
}

/// A page.
pub(crate) fn page<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Entry {
    Entry {
        method: Method::GET,
        path,
        route: get(handler),
    }
}

/// A form's target.
pub(crate) fn form<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Entry {
    Entry {
        method: Method::POST,
        path,
        route: post(handler),
    }
}

/// A form's target that takes a file, bounded where it is spooled.
fn upload<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Entry {
    Entry {
        method: Method::POST,
        path,
        route: post(handler).layer(DefaultBodyLimit::disable()),
    }
}

/// Pages and forms of work.
fn of_work() -> Vec<Entry> {
    vec![
        page("/", today::page),
        page("/alerts/{id}", alert::page),
        page("/alerts/{id}/sheet", sheet::page),
        form("/alerts/{id}/{noun}", actions::take),
        page("/lists", lists::page),
        form("/lists", several::list),
        page("/visits", visits::page),
        form("/visits", several::visit),
        page("/families", families::page),
        form("/families/search", families::search),
        form("/families/export", export::file),
        page("/families/{id}", family::household),
        page("/persons/{id}", family::person),
        form("/persons/{id}/identity", family::identity),
        page("/village", village::page),
        form("/village/people/{id}/phone", village::phone),
        form("/village/people/{id}/visit", village::visit),
        page("/village/leads", village_leads::page),
        form("/village/leads", village_leads::report),
        page("/village/leads/new", village_leads::form),
    ]
}

/// Pages and forms of the county, of those who send, and of those who look on.
fn of_the_county() -> Vec<Entry> {
    vec![
        page("/county", county::page),
        form("/county/release", county::release),
        page("/county/table.xlsx", county_table::file),
        page("/exports", exports::page),
        form("/exports/{id}/approval", exports::approve),
        form("/exports/{id}/refusal", exports::refuse),
        form("/exports/{id}/file", export::released),
        page("/publications", publications::page),
        form("/publications", publications::make),
        page("/imports", imports::page),
        upload("/imports", imports::send),
        page("/imports/{id}", import::page),
        page("/imports/{id}/returned", import::returned),
        page("/audit", audit::page),
        form("/audit", audit::answer),
        page("/audit/ledger", log_file::page),
        page("/audit/records", audit_records::page),
        page("/audit/dismissed", audit_records::dismissed),
        page("/policies", policies::page),
        form("/policies", policies::release),
        page("/policies/{name}", policy::page),
        page("/parameters", proposal::list),
        page("/parameters/{key}", proposal::one),
        form("/parameters/{key}", proposal::propose),
        page("/simulations", simulation::page),
        form("/simulations", simulation::answer),
        page("/proposals/{id}", proposal::proposal),
        form("/proposals/{id}/{noun}", proposal::review),
        page("/accounts", accounts::page),
        form("/accounts", accounts::make),
        form("/accounts/{id}/{noun}", accounts::take),
    ]
}

fn entries() -> Vec<Entry> {
    let mut all = of_work();
    all.extend(of_the_county());
    all
}

/// Method and path of every page and form of the console and of accounts.
pub fn addresses() -> Vec<(Method, &'static str)> {
    let all = entries()
        .into_iter()
        .chain(crate::account::pages::entries());
    all.map(|entry| (entry.method, entry.path)).collect()
}

/// Pages and assets.
pub fn router() -> Router<App> {
    let plain = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let pages = entries().into_iter().fold(Router::new(), |router, entry| {
        router.route(entry.path, entry.route)
    });
    pages
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
