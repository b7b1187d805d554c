//! HTTP for people's clients and for machines: `/api/v1`, OpenAPI 3.1 made
//! from the handlers, an offline page to read it, health and metrics.
//!
//! Conventions: plural nouns, snake_case; instants end `_at` or are named `at`
//! and are RFC 3339 UTC, dates end `_on`, money is integer `_fen` inside facts;
//! cursors, never page numbers; actions are sub-resources named by nouns with
//! `If-Match` and `Idempotency-Key`; unknown parameters and fields are refused;
//! a foreign id and an unknown id answer alike; answers that disclose are
//! entered in the ledger before their first byte and are never cached.

mod accepts;
pub mod account;
pub mod actions;
pub mod alerts;
pub mod app;
pub mod auth;
pub mod console;
pub mod corrections;
pub mod decisions;
pub mod exports;
pub mod feed;
pub mod health;
pub mod imports;
pub mod leads;
pub mod ledger_log;
pub mod people;
pub mod policies;
pub mod problem;
pub mod proposals;
pub mod publication;
pub mod releases;
mod rolled;
pub mod server;
pub mod simulations;
mod spans;
mod spool;
pub mod stream;
pub mod strict;
pub mod subscriptions;
mod unasked;
pub mod visits;
pub mod watch;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::account::cookie::Cookies;
use crate::app::App;
use crate::problem::Problem;

/// Head of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Hearth 暖心", description = "低收入人口动态监测。本提示由系统比对产生，不作为认定或停发依据，须经调查核实。", license(name = "Apache-2.0")),
    tags(
        (name = "imports", description = "报送与回执"), (name = "alerts", description = "预警与订阅"),
        (name = "alert actions", description = "办理"), (name = "people", description = "家庭与人员"),
        (name = "leads", description = "线索"), (name = "visits", description = "走访探访"),
        (name = "decisions", description = "判定依据与重放"), (name = "policies", description = "政策与参数"),
        (name = "subscriptions", description = "推送订阅（webhook）"),
        (name = "ledger", description = "留痕与核验"), (name = "operations", description = "运行状态")
    )
)]
struct Head;

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Head::openapi())
        .routes(routes!(imports::upload, imports::list))
        .routes(routes!(imports::one))
        .routes(routes!(imports::rows))
        .routes(routes!(imports::returned))
        .routes(routes!(corrections::list))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::counts))
        .routes(routes!(feed::read))
        .routes(routes!(stream::follow))
        .routes(routes!(alerts::one))
        .routes(routes!(alerts::timeline))
        .routes(routes!(actions::acknowledge))
        .routes(routes!(actions::assign))
        .routes(routes!(actions::verify))
        .routes(routes!(actions::handle))
        .routes(routes!(actions::close))
        .routes(routes!(actions::snooze))
        .routes(routes!(actions::give_back))
        .routes(routes!(actions::dispute))
        .routes(routes!(actions::reopen))
        .routes(routes!(actions::place))
        .routes(routes!(actions::release))
        .routes(routes!(people::household))
        .routes(routes!(people::person))
        .routes(routes!(people::household_history))
        .routes(routes!(people::person_history))
        .routes(routes!(people::identity))
        .routes(routes!(people::search))
        .routes(routes!(leads::report, leads::list))
        .routes(routes!(leads::one))
        .routes(routes!(visits::record, visits::list))
        .routes(routes!(visits::weeks))
        .routes(routes!(visits::months))
        .routes(routes!(publication::publish))
        .routes(routes!(exports::request, exports::list))
        .routes(routes!(exports::approve))
        .routes(routes!(exports::refuse))
        .routes(routes!(exports::file))
        .routes(routes!(decisions::one))
        .routes(routes!(decisions::replay))
        .routes(routes!(policies::list))
        .routes(routes!(policies::one))
        .routes(routes!(policies::parameters))
        .routes(routes!(proposals::list, proposals::propose))
        .routes(routes!(proposals::one))
        .routes(routes!(proposals::approve))
        .routes(routes!(proposals::reject))
        .routes(routes!(releases::list, releases::release))
        .routes(routes!(simulations::run))
        .routes(routes!(ledger_log::roots))
        .routes(routes!(ledger_log::entries))
        .routes(routes!(ledger_log::disclosures))
        .routes(routes!(subscriptions::subscribe, subscriptions::list))
        .routes(routes!(subscriptions::one, subscriptions::end))
        .routes(routes!(subscriptions::rotate))
        .routes(routes!(subscriptions::replay))
        .routes(routes!(subscriptions::ping))
        .routes(routes!(subscriptions::deliveries))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}

/// The OpenAPI 3.1 document, made from the handlers.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = routes().into_openapi();
    let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    document
        .components
        .get_or_insert_with(Default::default)
        .add_security_scheme("token", scheme);
    let cookie = ApiKeyValue::with_description(
        Cookies::Secure.name(),
        "登录页发放的会话；修改类请求须来自本站页面（Origin 或 Sec-Fetch-Site）。本机明文访问时名为 hearth",
    );
    document
        .components
        .get_or_insert_with(Default::default)
        .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let either = ["token", "session"];
    let requirement = |name| SecurityRequirement::new(name, Vec::<String>::new());
    document.security = Some(either.map(requirement).to_vec());
    document
}

/// The whole service.
pub fn router(app: App) -> Router {
    let limits = app.limits.clone();
    let (router, document) = routes().split_for_parts();
    let unasked = unasked::of(&document);
    let router = router
        .merge(console::router())
        .merge(account::pages::routes())
        .merge(SwaggerUi::new("/docs").url("/openapi.json", openapi()))
        .fallback(health::nothing_here)
        .method_not_allowed_fallback(health::not_this_method);
    let request_id = HeaderName::from_static("x-request-id");
    let plain = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(spans::traced))
        .layer(SetRequestIdLayer::new(request_id.clone(), MakeRequestUuid))
        .layer(PropagateRequestIdLayer::new(request_id))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            Problem::new(
                axum::http::StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "系统内部错误，已记录",
                "an internal error; it has been logged",
            )
            .into_response()
        }))
        .layer(plain(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(plain(header::X_FRAME_OPTIONS, "DENY"))
        .layer(plain(header::REFERRER_POLICY, "no-referrer"))
        .layer(middleware::from_fn(accepts::refuse))
        .layer(middleware::from_fn_with_state(unasked, unasked::refuse))
        .layer(DefaultBodyLimit::max(limits.body_bytes_max))
        .layer(middleware::from_fn_with_state(app.clone(), bounded));
    let router: Router = router.layer(layers).with_state(app.clone());
    // Outermost, because routing and strict queries must not see what gateways add.
    Router::new().fallback_service(
        ServiceBuilder::new()
            .layer(middleware::from_fn_with_state(app, strip))
            .service(router),
    )
}

/// Longest query string.
const QUERY_MAX: usize = 4 * 1024;

/// Takes off the query parameters that gateways are known to add.
async fn strip(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or("");
    if query.len() > QUERY_MAX {
        return Problem::new(
            axum::http::StatusCode::URI_TOO_LONG,
            "param.too_long",
            "查询串过长",
            "the query string is too long",
        )
        .into_response();
    }
    let added = |pair: &&str| {
        app.gateway_parameters
            .iter()
            .any(|name| pair.split('=').next() == Some(name.as_str()))
    };
    if !app.gateway_parameters.is_empty() && query.split('&').any(|pair| added(&pair)) {
        let kept: Vec<&str> = query.split('&').filter(|pair| !added(pair)).collect();
        let path = request.uri().path();
        let uri = if kept.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", kept.join("&"))
        };
        if let Ok(uri) = uri.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    next.run(request).await
}

/// Bounds the time of a request; uploads, waiting feeds and simulations have
/// their own bounds.
async fn bounded(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if [
        "/api/v1/imports",
        "/imports",
        "/api/v1/alerts/feed",
        "/api/v1/alerts/stream",
        "/api/v1/simulations",
        "/simulations",
    ]
    .contains(&path)
    {
        return next.run(request).await;
    }
    // An approval judges everybody of a place first, as a simulation does.
    let seconds = if path.ends_with("/approval") {
        app.limits.simulation_seconds
    } else {
        app.limits.request_seconds
    };
    let bound = Duration::from_secs(seconds);
    match tokio::time::timeout(bound, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable(
            "timeout",
            "处理超时，请稍后再试",
            "the request took too long",
        )
        .into_response(),
    }
}
