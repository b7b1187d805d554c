//! Subscriptions: feeds sent to a county's machine as signed webhooks, and
//! what became of each entry. They disclose nothing.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::alert::FeedKind;
use domain::authority::{Grant, Operation};
use domain::evaluation::AlertLevel;
use domain::ids::SubscriptionId;
use domain::region::DivisionCode;
use pipeline::webhook::manage::{HookError, OVERLAP_HOURS_MAX, Wish};
use pipeline::webhook::plan::Outcome;
use serde::{Deserialize, Serialize};
use store::subscriptions::{DeliveryRow, Ended, SubscriptionRow};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::feed::cursor;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictJson, StrictPath, StrictQuery, limit};

/// Kinds, policies in one subscription at most.
const LIST_MAX: usize = 64;
/// Hours a secret signs beside its successor when nothing is said.
const OVERLAP_HOURS: u32 = 24;

/// A subscription, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionView {
    id: String,
    /// Officer who made it; what is sent is what that officer may read.
    owner: String,
    url: String,
    /// County or township.
    region: String,
    /// Kinds of entries; all when empty.
    kinds: Vec<String>,
    /// Policies; all when empty.
    policies: Vec<String>,
    /// This level or a more pressing one.
    level: String,
    /// `active`, `paused` (failing, asked again at `paused_until`), `gone` (the
    /// receiver answered 410).
    state: String,
    paused_until: Option<String>,
    /// Everything through here arrived or stands among the deliveries.
    cursor: String,
    /// Entries to be tried again.
    waiting: i64,
    /// Entries given up.
    dead: i64,
    /// The old secret signs as well until then.
    old_secret_until: Option<String>,
    made_at: String,
    succeeded_at: Option<String>,
    failed_at: Option<String>,
    /// What went wrong last.
    failure: Option<String>,
}

/// A subscription with its secret, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecretView {
    subscription: SubscriptionView,
    /// `whsec_…`; store it like a password.
    secret: String,
}

/// All subscriptions of the caller's regions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionsPage {
    subscriptions: Vec<SubscriptionView>,
}

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionBody {
    /// `https://…`, on the list of allowed targets.
    url: String,
    /// County or township.
    #[schema(value_type = String)]
    region: DivisionCode,
    /// Kinds of entries; all when absent.
    #[serde(default)]
    kinds: Vec<String>,
    /// Policies; all when absent.
    #[serde(default)]
    policies: Vec<String>,
    /// `red`, `orange`, `yellow`, `blue`: this or a more pressing one; all when
    /// absent.
    level: Option<String>,
    /// Cursor `epoch.position` to begin after; what comes from now on when
    /// absent.
    after: Option<String>,
}

/// How long both secrets sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationBody {
    /// Hours, 0–168; 24 when absent.
    overlap_hours: Option<u32>,
}

/// From where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReplayQuery {
    /// Cursor `epoch.position` behind which everything is sent again.
    after: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveriesQuery {
    /// Dead letters alone.
    dead: Option<bool>,
    /// Position of the last one read.
    after: Option<i64>,
    /// Rows, 1–500.
    limit: Option<u32>,
}

/// An entry that did not arrive.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Position in the feed.
    position: i64,
    /// `waiting` or `dead`.
    state: String,
    attempts: u32,
    first_at: String,
    last_at: String,
    next_at: Option<String>,
    /// `refused`, `unresolved`, `unreachable`, `tls`, `timeout`, `broken`,
    /// `redirected`, `status`.
    failure: String,
    failure_zh: String,
    status: Option<u16>,
}

/// Entries that did not arrive, in feed order.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveriesPage {
    deliveries: Vec<DeliveryView>,
    /// To read on from.
    next: i64,
}

/// What came of a test event.
#[derive(Debug, Serialize, ToSchema)]
pub struct PingView {
    arrived: bool,
    failure: Option<String>,
    status: Option<u16>,
}

impl From<HookError> for Problem {
    fn from(error: HookError) -> Problem {
        let en = error.to_string();
        match error {
            HookError::NotFound => Problem::not_found(),
            HookError::Region => Problem::bad(
                "subscription.region",
                "地区应为本人范围内的区县或乡镇（街道）",
                &en,
            ),
            HookError::Target(_) => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "subscription.target",
                "接收地址不合规，或不在安全管理员的允许清单内",
                &en,
            ),
            HookError::TooMany => Problem::new(
                StatusCode::CONFLICT,
                "subscription.too_many",
                "订阅数已满，请先删除不用的",
                &en,
            ),
            HookError::Ahead => Problem::bad("subscription.ahead", "该位置之后的条目尚未推送", &en),
            HookError::Step(error) => error.into(),
        }
    }
}

async fn view(app: &App, row: &SubscriptionRow) -> Answered<SubscriptionView> {
    let store = &app.deps.store;
    let counts = store.delivery_counts(row.id).await?;
    let (epoch, _) = store.feed_position().await?;
    let state = match (row.ended, row.paused_until) {
        (Some(Ended::Gone), _) => "gone",
        (None, Some(_)) => "paused",
        (None, None) => "active",
    };
    let kinds = row.kinds.iter().map(|kind| kind.name().to_owned());
    Ok(SubscriptionView {
        id: row.id.to_string(),
        owner: row.owner.to_string(),
        url: row.url.clone(),
        region: row.region.to_string(),
        kinds: kinds.collect(),
        policies: row.policies.clone(),
        level: row.level.name().to_owned(),
        state: state.to_owned(),
        paused_until: row.paused_until.map(|at| at.to_string()),
        cursor: format!("{epoch}.{}", row.cursor),
        waiting: counts.waiting,
        dead: counts.dead,
        old_secret_until: row.old_secret.as_ref().map(|(_, until)| until.to_string()),
        made_at: row.made_at.to_string(),
        succeeded_at: row.succeeded_at.map(|at| at.to_string()),
        failed_at: row.failed.map(|(at, _)| at.to_string()),
        failure: row.failed.map(|(_, failure)| failure.name().to_owned()),
    })
}

fn no_store(mut response: Response) -> Response {
    let value = header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

async fn found(app: &App, grant: &Grant, id: SubscriptionId) -> Answered<SubscriptionRow> {
    let row = app.deps.store.subscription(grant, id).await?;
    row.ok_or_else(Problem::not_found)
}

/// Levels a subscription may begin at.
const LEVELS: [AlertLevel; 4] = [
    AlertLevel::Blue,
    AlertLevel::Yellow,
    AlertLevel::Orange,
    AlertLevel::Red,
];

/// Closed lists are checked here; the target and the region where the
/// subscription is made.
async fn wish(app: &App, body: SubscriptionBody) -> Answered<Wish> {
    let unknown = |zh: &str, en: &str| Problem::bad("subscription.filter", zh, en);
    if body.kinds.len() > LIST_MAX || body.policies.len() > LIST_MAX {
        return Err(unknown("筛选条件过多", "the filter is too long"));
    }
    let kinds = body.kinds.iter().map(|name| {
        FeedKind::named(name).ok_or_else(|| unknown("不认识的事件类型", "an unknown kind of entry"))
    });
    let kinds = kinds.collect::<Answered<Vec<_>>>()?;
    let set = app.deps.policies();
    if body.policies.iter().any(|id| set.policy(id).is_none()) {
        return Err(unknown("不认识的政策", "an unknown policy"));
    }
    let level = match body.level.as_deref() {
        None => Some(AlertLevel::Blue),
        Some(name) => LEVELS.into_iter().find(|level| level.name() == name),
    };
    let level = level.ok_or_else(|| unknown("不认识的级别", "an unknown level"))?;
    let after = match body.after.as_deref() {
        None => None,
        after => Some(cursor(app, after).await?),
    };
    Ok(Wish {
        url: body.url,
        region: body.region,
        kinds,
        policies: body.policies,
        level,
        after,
    })
}

/// Subscribes a machine to feeds. The secret is answered once.
///
/// A repeat makes another subscription: when the answer was lost, list and
/// delete.
#[utoipa::path(
    post, path = "/api/v1/subscriptions", tag = "subscriptions", request_body = SubscriptionBody,
    responses((status = 201, body = SecretView), (status = 400, body = ProblemBody), (status = 422, body = ProblemBody))
)]
pub async fn subscribe(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<SubscriptionBody>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::Subscribe)?;
    let wish = wish(&app, body).await?;
    let (row, secret) = app.hooks.subscribe(&grant, wish).await?;
    let view = SecretView {
        subscription: view(&app, &row).await?,
        secret: secret.to_string(),
    };
    Ok(no_store((StatusCode::CREATED, Json(view)).into_response()))
}

/// Subscriptions of the caller's regions.
#[utoipa::path(get, path = "/api/v1/subscriptions", tag = "subscriptions", responses((status = 200, body = SubscriptionsPage)))]
pub async fn list(State(app): State<App>, caller: Caller) -> Answered<Response> {
    let grant = caller.grant(Operation::Subscribe)?;
    let mut subscriptions = Vec::new();
    for row in app.deps.store.subscriptions(&grant).await? {
        subscriptions.push(view(&app, &row).await?);
    }
    Ok(no_store(
        Json(SubscriptionsPage { subscriptions }).into_response(),
    ))
}

/// One subscription.
#[utoipa::path(get, path = "/api/v1/subscriptions/{id}", tag = "subscriptions", params(("id" = String, Path)), responses((status = 200, body = SubscriptionView), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<SubscriptionId>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::Subscribe)?;
    let row = found(&app, &grant, id).await?;
    Ok(no_store(Json(view(&app, &row).await?).into_response()))
}

/// Ends a subscription; what did not arrive is not sent any more.
#[utoipa::path(delete, path = "/api/v1/subscriptions/{id}", tag = "subscriptions", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ProblemBody)))]
pub async fn end(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<SubscriptionId>,
) -> Answered<StatusCode> {
    let grant = caller.grant(Operation::Subscribe)?;
    app.hooks.end(&grant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a new secret, answered once; the old one signs beside it for a while.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/{id}/rotation", tag = "subscriptions", params(("id" = String, Path)),
    request_body = RotationBody, responses((status = 200, body = SecretView), (status = 404, body = ProblemBody))
)]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<SubscriptionId>,
    StrictJson(body): StrictJson<RotationBody>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::Subscribe)?;
    let hours = body.overlap_hours.unwrap_or(OVERLAP_HOURS);
    if hours > OVERLAP_HOURS_MAX {
        return Err(Problem::bad(
            "param.range",
            "overlap_hours 超出范围",
            "overlap_hours is out of range",
        ));
    }
    let (row, secret) = app.hooks.rotate(&grant, id, hours).await?;
    let view = SecretView {
        subscription: view(&app, &row).await?,
        secret: secret.to_string(),
    };
    Ok(no_store(Json(view).into_response()))
}

/// Sends everything behind a cursor again, and begins to send again where that
/// had stopped. Ids stay what they were.
///
/// 410 `cursor.epoch_changed` and 409 `cursor.ahead` as for the feed.
#[utoipa::path(
    post, path = "/api/v1/subscriptions/{id}/replay", tag = "subscriptions", params(("id" = String, Path), ReplayQuery),
    responses((status = 200, body = SubscriptionView), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 410, body = ProblemBody))
)]
pub async fn replay(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<SubscriptionId>,
    StrictQuery(query): StrictQuery<ReplayQuery>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::Subscribe)?;
    found(&app, &grant, id).await?;
    let after = query.after.as_deref().ok_or_else(|| {
        Problem::bad(
            "cursor.missing",
            "请指明从哪个游标之后重发",
            "`after` says behind which cursor to begin",
        )
    })?;
    let after = cursor(&app, Some(after)).await?;
    let row = app.hooks.replay(&grant, id, after).await?;
    Ok(no_store(Json(view(&app, &row).await?).into_response()))
}

/// Sends a test event (`cn.hearth.ping`) at once and answers what came of it.
#[utoipa::path(post, path = "/api/v1/subscriptions/{id}/ping", tag = "subscriptions", params(("id" = String, Path)), responses((status = 200, body = PingView), (status = 404, body = ProblemBody)))]
pub async fn ping(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<SubscriptionId>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::Subscribe)?;
    let outcome = app.hooks.ping(&grant, id).await?;
    let (failure, status) = match outcome {
        Outcome::Failed(failure, status) => (Some(failure.name().to_owned()), status),
        Outcome::Gone => (Some("status".to_owned()), Some(410)),
        Outcome::Arrived | Outcome::Passed => (None, None),
    };
    let view = PingView {
        arrived: outcome == Outcome::Arrived,
        failure,
        status,
    };
    Ok(no_store(Json(view).into_response()))
}

/// Entries that did not arrive: to be tried again, and dead letters.
#[utoipa::path(
    get, path = "/api/v1/subscriptions/{id}/deliveries", tag = "subscriptions", params(("id" = String, Path), DeliveriesQuery),
    responses((status = 200, body = DeliveriesPage), (status = 404, body = ProblemBody))
)]
pub async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<SubscriptionId>,
    StrictQuery(query): StrictQuery<DeliveriesQuery>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::Subscribe)?;
    found(&app, &grant, id).await?;
    let limit = limit(&app, query.limit)?;
    let after = query.after.unwrap_or(0);
    let dead = query.dead.unwrap_or(false);
    let rows = app
        .deps
        .store
        .deliveries(&grant, id, dead, after, limit)
        .await?;
    let next = rows.last().map_or(after, |row| row.position);
    let deliveries = rows.iter().map(delivery_view).collect();
    Ok(no_store(
        Json(DeliveriesPage { deliveries, next }).into_response(),
    ))
}

fn delivery_view(row: &DeliveryRow) -> DeliveryView {
    let state = if row.next_at.is_some() {
        "waiting"
    } else {
        "dead"
    };
    DeliveryView {
        position: row.position,
        state: state.to_owned(),
        attempts: row.attempts,
        first_at: row.first_at.to_string(),
        last_at: row.last_at.to_string(),
        next_at: row.next_at.map(|at| at.to_string()),
        failure: row.failure.name().to_owned(),
        failure_zh: row.failure.zh().to_owned(),
        status: row.status,
    }
}
