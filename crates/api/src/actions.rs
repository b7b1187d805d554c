//! Officers' actions on alerts, one noun each. `If-Match` carries the version
//! seen; `Idempotency-Key` makes a repeat answer as the first did.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::alert::{Alert, AlertAction, OutcomeCode};
use domain::authority::{Grant, Operation};
use domain::ids::{AlertId, OfficerId};
use domain::region::DivisionCode;
use domain::time::Date;
use pipeline::act::{ActError, DisputedRecord, Request, act};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::commit::Answer;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictJson, StrictPath, date};

/// The alert after the action; ids and states only.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ActedView {
    id: String,
    /// Where the work stands.
    pub(crate) work: String,
    condition: String,
    /// To send back with the next action.
    pub(crate) version: i64,
    due_on: Option<String>,
}

impl ActedView {
    fn of(alert: &Alert) -> ActedView {
        let condition = serde_json::to_value(alert.condition).ok();
        let condition = condition
            .as_ref()
            .and_then(|c| c.get("state"))
            .and_then(|s| s.as_str())
            .unwrap_or_default();
        ActedView {
            id: alert.id.to_string(),
            work: alert.work.name().to_owned(),
            condition: condition.to_owned(),
            version: alert.version,
            due_on: alert.due_on().map(|on| on.to_string()),
        }
    }
}

/// The version in `If-Match`.
pub(crate) fn version(headers: &HeaderMap) -> Answered<i64> {
    let missing = || {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if_match.missing",
            "请带上 If-Match（打开时的版本）",
            "If-Match with the version seen is needed",
        )
    };
    let text = headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(missing)?;
    text.trim().trim_matches('"').parse().map_err(|_| missing())
}

/// The `Idempotency-Key`.
pub(crate) fn key(headers: &HeaderMap) -> Answered<String> {
    let value = headers.get("idempotency-key");
    let value = value.ok_or_else(|| {
        Problem::bad(
            "idempotency.missing",
            "请带上 Idempotency-Key",
            "Idempotency-Key is needed",
        )
    })?;
    let text = value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|key| !key.is_empty() && key.len() <= 255);
    text.map(str::to_owned).ok_or_else(|| {
        Problem::bad(
            "idempotency.invalid",
            "Idempotency-Key 不合规",
            "Idempotency-Key is 1–255 ASCII characters",
        )
    })
}

/// One action to take, whoever asks for it: a JSON handler or a form.
pub(crate) struct Doing {
    /// Names the action in idempotency records.
    pub(crate) route: &'static str,
    /// What the officer must be allowed to do.
    pub(crate) operation: Operation,
    /// The action.
    pub(crate) action: AlertAction,
    /// The officer's words.
    pub(crate) note: Option<String>,
    /// The record disputed.
    pub(crate) disputed: Option<DisputedRecord>,
}

/// The alert after an action.
pub(crate) struct Done {
    /// States and version.
    pub(crate) view: ActedView,
    status: StatusCode,
    replayed: bool,
}

/// [`perform`] with version and key from headers, answered as JSON.
async fn take(
    app: App,
    caller: Caller,
    id: AlertId,
    headers: HeaderMap,
    doing: Doing,
) -> Answered<Response> {
    let grant = caller.grant(doing.operation)?;
    let (version, key) = (version(&headers)?, key(&headers)?);
    let done = perform(&app, &grant, id, version, key, doing).await?;
    Ok(acted(done.status, &done.view, done.replayed))
}

/// Load → decide → commit for every action. A repeat under the same key
/// answers as the first did.
pub(crate) async fn perform(
    app: &App,
    grant: &Grant,
    id: AlertId,
    version: i64,
    key: String,
    doing: Doing,
) -> Answered<Done> {
    note_is_clean(doing.note.as_deref())?;
    let content =
        serde_json::to_string(&(&doing.action, &doing.note, &doing.disputed)).unwrap_or_default();
    let fingerprint = hex::encode(Sha256::digest(format!(
        "{}\n{id}\n{version}\n{content}",
        doing.route
    )));
    if let Some(answer) = app
        .deps
        .store
        .answer(grant.officer(), doing.route, &key)
        .await?
    {
        return replay(&answer, &fingerprint);
    }
    let request = Request {
        alert: id,
        version,
        action: doing.action,
        note: doing.note,
        disputed: doing.disputed,
    };
    let (principal, route, at, print) = (
        grant.officer(),
        doing.route,
        app.deps.clock.now(),
        fingerprint.clone(),
    );
    let answer = move |alert: &Alert| {
        let body = serde_json::to_string(&ActedView::of(alert)).ok()?;
        Some(Answer {
            principal,
            route: route.to_owned(),
            key,
            fingerprint: print,
            status: 200,
            body,
            at,
        })
    };
    let (deps, grant) = (app.deps.clone(), grant.clone());
    // The commit must not be cancelled by a client that goes away.
    let done = tokio::spawn(async move { act(&deps, &grant, &request, answer).await }).await;
    match done.map_err(|_| Problem::from(pipeline::StepError::Computation))? {
        Ok(alert) => Ok(Done {
            view: ActedView::of(&alert),
            status: StatusCode::OK,
            replayed: false,
        }),
        Err(ActError::Answered(answer)) => replay(&answer, &fingerprint),
        Err(error) => Err(error.into()),
    }
}

fn replay(answer: &Answer, fingerprint: &str) -> Answered<Done> {
    if answer.fingerprint != fingerprint {
        return Err(store::StoreError::KeyReused.into());
    }
    let view: ActedView = serde_json::from_str(&answer.body)
        .map_err(|_| Problem::from(pipeline::StepError::Damaged("answers")))?;
    Ok(Done {
        view,
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK),
        replayed: true,
    })
}

fn acted(status: StatusCode, view: &ActedView, replayed: bool) -> Response {
    let mut response = (status, Json(view)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", view.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if replayed {
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// Longest note, in characters.
const NOTE_MAX: usize = 2_000;

/// Words of an officer: bounded, and nothing in them that a page cannot show.
pub(crate) fn note_is_clean(note: Option<&str>) -> Answered<()> {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = |c: char| (c.is_control() && c != '\n') || turns(c) || c == '\u{ffff}';
    match note {
        Some(note) if note.chars().count() > NOTE_MAX || note.chars().any(hidden) => {
            Err(Problem::bad(
                "note.invalid",
                "备注过长或含有控制字符",
                "the note is too long or has control characters",
            ))
        }
        _ => Ok(()),
    }
}

/// An action with an optional note.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    /// The officer's words, at most 2,000 characters.
    note: Option<String>,
}

macro_rules! plain_action {
    ($(#[$doc:meta])* $name:ident, $path:literal, $operation:ident, $action:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "alert actions",
            params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = String, Header)),
            request_body = NoteBody,
            responses((status = 200, body = ActedView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 412, body = ProblemBody))
        )]
        pub async fn $name(
            State(app): State<App>,
            caller: Caller,
            StrictPath(id): StrictPath<AlertId>,
            headers: HeaderMap,
            StrictJson(body): StrictJson<NoteBody>,
        ) -> Answered<Response> {
            let doing = Doing { route: concat!("POST ", $path), operation: Operation::$operation, action: $action, note: body.note, disputed: None };
            take(app, caller, id, headers, doing).await
        }
    };
}

plain_action! {
    /// 签收.
    acknowledge, "/api/v1/alerts/{id}/acknowledgement", WorkAlerts, AlertAction::Acknowledge
}
plain_action! {
    /// 办结.
    close, "/api/v1/alerts/{id}/closure", WorkAlerts, AlertAction::Close
}
plain_action! {
    /// 退回: not ours, to the county's unplaced desk.
    give_back, "/api/v1/alerts/{id}/return", WorkAlerts, AlertAction::Return
}
plain_action! {
    /// Reopens closed work.
    reopen, "/api/v1/alerts/{id}/reopening", WorkAlerts, AlertAction::Reopen
}
plain_action! {
    /// County: releases from the backlog now.
    release, "/api/v1/alerts/{id}/release", DirectAlerts, AlertAction::Release
}

macro_rules! action_with_body {
    ($(#[$doc:meta])* $name:ident, $path:literal, $operation:ident, $body:ident, |$b:ident| $action:expr, disputes $disputed:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "alert actions",
            params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = String, Header)),
            request_body = $body,
            responses((status = 200, body = ActedView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 412, body = ProblemBody))
        )]
        pub async fn $name(
            State(app): State<App>,
            caller: Caller,
            StrictPath(id): StrictPath<AlertId>,
            headers: HeaderMap,
            StrictJson($b): StrictJson<$body>,
        ) -> Answered<Response> {
            let doing = Doing { route: concat!("POST ", $path), operation: Operation::$operation, action: $action, note: $b.note.clone(), disputed: $disputed };
            take(app, caller, id, headers, doing).await
        }
    };
}

fn day(text: Option<&str>) -> Answered<Option<Date>> {
    text.map(date).transpose()
}

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentBody {
    /// Officer id of a colleague.
    #[schema(value_type = String)]
    to: OfficerId,
    note: Option<String>,
}

/// What was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerificationBody {
    /// `true_assisted`, `true_adjusted`, `true_covered`, `in_process`,
    /// `untrue`, `data_error`, `declined`, `unverifiable`, `not_ours`.
    #[schema(value_type = String)]
    outcome: OutcomeCode,
    /// The day of the visit, where it was not today.
    #[serde(default)]
    on: Option<String>,
    note: Option<String>,
}

/// How it was handled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandlingBody {
    /// 金民 acceptance number or the like.
    reference: Option<String>,
    /// 金民办理日期.
    #[serde(default)]
    on: Option<String>,
    note: Option<String>,
}

/// Until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SnoozeBody {
    /// The day it comes back.
    until: String,
    note: Option<String>,
}

/// Which record is disputed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeBody {
    /// A record as the household's view names it; unknown until its source
    /// sends it again. Without one, only the alert is disputed.
    #[schema(value_type = Option<Object>)]
    record: Option<DisputedRecord>,
    note: Option<String>,
}

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacementBody {
    /// Township code.
    #[schema(value_type = String)]
    township: DivisionCode,
    note: Option<String>,
}

action_with_body! {
    /// Hands to a colleague of the same desk.
    assign, "/api/v1/alerts/{id}/assignment", WorkAlerts, AssignmentBody, |body| AlertAction::Assign { to: body.to }, disputes None
}
action_with_body! {
    /// 核实: what was found on site.
    verify, "/api/v1/alerts/{id}/verification", WorkAlerts, VerificationBody, |body| AlertAction::Verify { outcome: body.outcome, on: day(body.on.as_deref())? }, disputes None
}
action_with_body! {
    /// 处置.
    handle, "/api/v1/alerts/{id}/handling", WorkAlerts, HandlingBody, |body| AlertAction::Handle { reference: body.reference.clone(), on: day(body.on.as_deref())? }, disputes None
}
action_with_body! {
    /// Hides from today's work until a day.
    snooze, "/api/v1/alerts/{id}/snooze", WorkAlerts, SnoozeBody, |body| AlertAction::Snooze { until: date(&body.until)? }, disputes None
}
action_with_body! {
    /// 数据错误: disputes the record the alert rests on.
    dispute, "/api/v1/alerts/{id}/dispute", WorkAlerts, DisputeBody, |body| AlertAction::Dispute, disputes body.record.clone()
}
action_with_body! {
    /// County: puts an unplaced alert on a township's desk.
    place, "/api/v1/alerts/{id}/placement", DirectAlerts, PlacementBody, |body| AlertAction::Place { township: body.township }, disputes None
}
