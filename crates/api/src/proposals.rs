//! Values of parameters under second-person review: who proposes does not
//! approve, and an old value is never edited.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::authority::{Grant, Operation};
use domain::ids::{OfficerId, ProposalId};
use domain::parameter::{Finding, Guarded, ProposedValue};
use domain::region::DivisionCode;
use pipeline::Deps;
use pipeline::parameters::{ParameterError, Review};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::commit::Answer;
use store::parameters::Proposed;
use utoipa::{IntoParams, ToSchema};

use crate::actions::{key, version};
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictJson, StrictPath, StrictQuery, date};

/// Proposals read at a time.
pub(crate) const PROPOSALS_MAX: u32 = 500;

/// A proposed value with what was said of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalView {
    id: String,
    /// `pending`, `approved`, `rejected`.
    state: &'static str,
    /// To send back with a review.
    version: i64,
    key: String,
    region: String,
    /// As proposed, in the parameter's unit.
    value: String,
    from: String,
    to: Option<String>,
    /// It ends the value before it on its own first day.
    closes: bool,
    document: String,
    article: String,
    issuer: String,
    note: String,
    review_due: Option<String>,
    /// Officer id.
    proposed_by: String,
    proposed_at: String,
    reviewed_by: Option<String>,
    reviewed_at: Option<String>,
    words: Option<String>,
    /// What judging everybody before the approval said.
    guarded: Option<GuardedView>,
}

/// Everybody judged with and without a value, before it was approved.
#[derive(Debug, Serialize, ToSchema)]
pub struct GuardedView {
    /// On which day.
    on: String,
    /// Households and people alone.
    units: u64,
    /// What was out of the ordinary; bounds are platform defaults.
    findings: Vec<FindingView>,
    /// Why it was approved all the same.
    reason: Option<String>,
}

/// What was found of one policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// Which policy.
    policy: String,
    /// `nobody`, `nearly_all`, `changes`, `not_judged`, `too_few`.
    found: &'static str,
    count: u64,
    of: u64,
    zh: String,
    en: String,
}

impl GuardedView {
    pub(crate) fn of(deps: &Deps, guarded: &Guarded) -> GuardedView {
        let view = |one: &Finding| FindingView {
            policy: one.policy.clone(),
            found: one.found.name(),
            count: one.count,
            of: one.of,
            zh: finding_zh(deps, one),
            en: one.en(),
        };
        GuardedView {
            on: guarded.on.to_string(),
            units: guarded.units,
            findings: guarded.findings.iter().map(view).collect(),
            reason: guarded.reason.clone(),
        }
    }
}

/// A finding with the policy's title.
pub(crate) fn finding_zh(deps: &Deps, one: &Finding) -> String {
    let title = deps.title(&one.policy);
    one.zh(title.as_deref().unwrap_or(&one.policy))
}

impl ProposalView {
    fn of(deps: &Deps, one: &Proposed) -> ProposalView {
        let (row, value) = (&one.proposal, &one.proposal.value);
        let review = one.review.as_ref();
        ProposalView {
            id: row.id.to_string(),
            state: one.state().name(),
            version: one.state().version(),
            key: value.key.clone(),
            region: value.region.to_string(),
            value: value.value.clone(),
            from: value.from.to_string(),
            to: value.to.map(|on| on.to_string()),
            closes: value.closes,
            document: value.document.clone(),
            article: value.article.clone(),
            issuer: value.issuer.clone(),
            note: value.note.clone(),
            review_due: value.review_due.map(|on| on.to_string()),
            proposed_by: row.by.to_string(),
            proposed_at: row.at.to_string(),
            reviewed_by: review.map(|review| review.by.to_string()),
            reviewed_at: review.map(|review| review.at.to_string()),
            words: review.map(|review| review.words.clone()),
            guarded: review
                .and_then(|review| review.guarded.as_ref())
                .map(|guarded| GuardedView::of(deps, guarded)),
        }
    }
}

/// Which proposals.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProposalsQuery {
    /// `pending`, `approved` or `rejected`.
    state: Option<String>,
}

/// Proposals, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalsPage {
    proposals: Vec<ProposalView>,
}

/// Proposals for the caller's places, and for places that hold them.
#[utoipa::path(get, path = "/api/v1/parameters/proposals", tag = "policies", params(ProposalsQuery), responses((status = 200, body = ProposalsPage), (status = 400, body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ProposalsQuery>,
) -> Answered<Json<ProposalsPage>> {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let state = query.state.as_deref();
    if state.is_some_and(|state| !["pending", "approved", "rejected"].contains(&state)) {
        return Err(Problem::bad(
            "param.state",
            "state 应为 pending、approved 或 rejected",
            "state is pending, approved or rejected",
        ));
    }
    let all = app.deps.store.proposals(&grant, PROPOSALS_MAX).await?;
    let wanted = |one: &&Proposed| state.is_none_or(|state| one.state().name() == state);
    let views = all.iter().filter(wanted);
    Ok(Json(ProposalsPage {
        proposals: views.map(|one| ProposalView::of(&app.deps, one)).collect(),
    }))
}

/// One proposal.
#[utoipa::path(get, path = "/api/v1/parameters/proposals/{id}", tag = "policies", params(("id" = String, Path)), responses((status = 200, body = ProposalView), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<ProposalId>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let one = app.deps.store.proposal(&grant, id).await?;
    let one = one.ok_or_else(Problem::not_found)?;
    let view = ProposalView::of(&app.deps, &one);
    let version = view.version;
    Ok(tagged(StatusCode::OK, version, Json(view)))
}

fn tagged(status: StatusCode, version: i64, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A value to propose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalBody {
    key: String,
    /// Division code of the caller's own place.
    #[schema(value_type = String)]
    region: DivisionCode,
    /// In the parameter's unit; several codes are separated by commas.
    value: String,
    /// First day.
    from: String,
    /// First day it holds no more.
    to: Option<String>,
    /// It ends the value before it on its own first day.
    #[serde(default)]
    closes: bool,
    /// Document number 文号.
    document: String,
    #[serde(default)]
    article: String,
    issuer: String,
    #[serde(default)]
    note: String,
    /// After this day for reference only.
    review_due: Option<String>,
}

impl ProposalBody {
    fn value(self) -> Answered<ProposedValue> {
        Ok(ProposedValue {
            key: self.key,
            region: self.region,
            value: self.value,
            from: date(&self.from)?,
            to: self.to.as_deref().map(date).transpose()?,
            closes: self.closes,
            document: self.document,
            article: self.article,
            issuer: self.issuer,
            note: self.note,
            review_due: self.review_due.as_deref().map(date).transpose()?,
        })
    }
}

/// Where a proposal stands after a request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StandsView {
    /// The proposal.
    pub(crate) id: String,
    /// `pending`, `approved`, `rejected`.
    state: String,
    /// To send back with the next request.
    version: i64,
}

/// An answer that a repeat gets again.
pub(crate) struct Stands {
    pub(crate) view: StandsView,
    status: StatusCode,
    replayed: bool,
}

impl Stands {
    fn respond(self) -> Response {
        let mut response = tagged(self.status, self.view.version, Json(&self.view));
        if self.replayed {
            response
                .headers_mut()
                .insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

/// What makes a request repeatable.
struct Repeat {
    principal: OfficerId,
    route: &'static str,
    key: String,
    fingerprint: String,
    status: StatusCode,
}

impl Repeat {
    fn new(grant: &Grant, route: &'static str, key: String, content: &str) -> Repeat {
        Repeat {
            principal: grant.officer(),
            route,
            key,
            fingerprint: hex::encode(Sha256::digest(format!("{route}\n{content}"))),
            status: if route == PROPOSE {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            },
        }
    }

    async fn before(&self, app: &App) -> Answered<Option<Stands>> {
        let store = &app.deps.store;
        let answer = store.answer(self.principal, self.route, &self.key).await?;
        answer.map(|answer| self.replay(&answer)).transpose()
    }

    fn replay(&self, answer: &Answer) -> Answered<Stands> {
        if answer.fingerprint != self.fingerprint {
            return Err(store::StoreError::KeyReused.into());
        }
        let view = serde_json::from_str(&answer.body);
        Ok(Stands {
            view: view.map_err(|_| Problem::from(pipeline::StepError::Damaged("answers")))?,
            status: self.status,
            replayed: true,
        })
    }

    fn answer(&self, app: &App, one: &Proposed) -> Option<Answer> {
        Some(Answer {
            principal: self.principal,
            route: self.route.to_owned(),
            key: self.key.clone(),
            fingerprint: self.fingerprint.clone(),
            status: self.status.as_u16(),
            body: serde_json::to_string(&stands(one)).ok()?,
            at: app.deps.clock.now(),
        })
    }

    fn end(&self, done: Result<Proposed, ParameterError>) -> Answered<Stands> {
        match done {
            Ok(one) => Ok(Stands {
                view: stands(&one),
                status: self.status,
                replayed: false,
            }),
            Err(ParameterError::Answered(answer)) => self.replay(&answer),
            Err(error) => Err(error.into()),
        }
    }
}

fn stands(one: &Proposed) -> StandsView {
    StandsView {
        id: one.proposal.id.to_string(),
        state: one.state().name().to_owned(),
        version: one.state().version(),
    }
}

const PROPOSE: &str = "POST /api/v1/parameters/proposals";
const APPROVE: &str = "POST /api/v1/parameters/proposals/{id}/approval";
const REJECT: &str = "POST /api/v1/parameters/proposals/{id}/rejection";

/// Proposes, for the JSON handler and for the form.
pub(crate) async fn propose_value(
    app: &App,
    grant: &Grant,
    key: String,
    value: ProposedValue,
) -> Answered<Stands> {
    let content = serde_json::to_string(&value).unwrap_or_default();
    let repeat = Repeat::new(grant, PROPOSE, key, &content);
    if let Some(before) = repeat.before(app).await? {
        return Ok(before);
    }
    let (app, grant) = (app.clone(), grant.clone());
    // The commit must not be cancelled by a client that goes away.
    let task = tokio::spawn(async move {
        let answer = |one: &Proposed| repeat.answer(&app, one);
        let done = pipeline::parameters::propose(&app.deps, &grant, value, answer).await;
        repeat.end(done)
    });
    task.await
        .map_err(|_| Problem::from(pipeline::StepError::Computation))?
}

/// What asks for a reason, in Chinese and English.
pub(crate) fn asking(deps: &Deps, guarded: &Guarded) -> (String, String) {
    let asking = || guarded.findings.iter().filter(|one| one.found.asks());
    let zh: Vec<String> = asking().map(|one| finding_zh(deps, one)).collect();
    let en: Vec<String> = asking().map(Finding::en).collect();
    (zh.join("；"), en.join("; "))
}

/// What was found, and how to go on.
fn asks_reason(deps: &Deps, guarded: &Guarded) -> Problem {
    let (zh, en) = asking(deps, guarded);
    Problem::new(
        StatusCode::CONFLICT,
        REASON_NEEDED,
        &format!(
            "按 {} 对 {} 户（人）试算：{}。请先核对数值和单位；确为文件本意的，写明“仍予批准的理由”后再批准（界限为平台默认，非法定）",
            guarded.on, guarded.units, zh
        ),
        &format!(
            "judging {} units on {}: {}; check the figure and its unit, or approve with a `reason` (bounds are platform defaults)",
            guarded.units, guarded.on, en
        ),
    )
}

/// The code of an approval that is refused until a reason is given.
pub(crate) const REASON_NEEDED: &str = "proposal.reason_needed";

/// Reviews, for the JSON handlers and for the form.
pub(crate) async fn review_value(
    app: &App,
    grant: &Grant,
    key: String,
    review: Review,
) -> Answered<Stands> {
    let route = if review.approve { APPROVE } else { REJECT };
    let mut content = format!("{}\n{}\n{}", review.proposal, review.version, review.words);
    if let Some(reason) = &review.reason {
        // As JSON, so that no words read like words and a reason.
        content = serde_json::json!([content, reason]).to_string();
    }
    let repeat = Repeat::new(grant, route, key, &content);
    if let Some(before) = repeat.before(app).await? {
        return Ok(before);
    }
    let (app, grant) = (app.clone(), grant.clone());
    let task = tokio::spawn(async move {
        let answer = |one: &Proposed| repeat.answer(&app, one);
        let done = pipeline::parameters::review(&app.deps, &grant, &review, answer).await;
        if let Err(ParameterError::Guarded(guarded)) = &done {
            return Err(asks_reason(&app.deps, guarded));
        }
        repeat.end(done)
    });
    task.await
        .map_err(|_| Problem::from(pipeline::StepError::Computation))?
}

/// Proposes a value for the caller's own place. It has no effect until another
/// person approves it.
#[utoipa::path(
    post, path = "/api/v1/parameters/proposals", tag = "policies",
    params(("Idempotency-Key" = String, Header)), request_body = ProposalBody,
    responses((status = 201, body = StandsView), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody))
)]
pub async fn propose(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    StrictJson(body): StrictJson<ProposalBody>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ProposeParameters)?;
    let done = propose_value(&app, &grant, key(&headers)?, body.value()?).await?;
    Ok(done.respond())
}

/// What a second person says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewBody {
    /// Which document was read, and why; never empty.
    words: String,
}

/// What a second person says who approves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalBody {
    /// Which document was read, and why; never empty.
    words: String,
    /// Why it is approved although `proposal.reason_needed` was answered. It is
    /// kept with the review.
    reason: Option<String>,
}

async fn take(
    app: App,
    caller: Caller,
    id: ProposalId,
    headers: HeaderMap,
    said: ApprovalBody,
    approve: bool,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReviewParameters)?;
    let review = Review {
        proposal: id,
        version: version(&headers)?,
        approve,
        words: said.words,
        reason: said.reason,
    };
    let done = review_value(&app, &grant, key(&headers)?, review).await?;
    Ok(done.respond())
}

/// Approves what another person proposed; it takes effect with the next round.
/// Everybody it concerns is judged with and without it first.
#[utoipa::path(
    post, path = "/api/v1/parameters/proposals/{id}/approval", tag = "policies",
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = String, Header)), request_body = ApprovalBody,
    responses((status = 200, body = StandsView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 412, body = ProblemBody), (status = 422, body = ProblemBody))
)]
pub async fn approve(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<ProposalId>,
    headers: HeaderMap,
    StrictJson(body): StrictJson<ApprovalBody>,
) -> Answered<Response> {
    take(app, caller, id, headers, body, true).await
}

/// Rejects what another person proposed; it never has any effect.
#[utoipa::path(
    post, path = "/api/v1/parameters/proposals/{id}/rejection", tag = "policies",
    params(("id" = String, Path), ("If-Match" = String, Header), ("Idempotency-Key" = String, Header)), request_body = ReviewBody,
    responses((status = 200, body = StandsView), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 412, body = ProblemBody))
)]
pub async fn reject(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<ProposalId>,
    headers: HeaderMap,
    StrictJson(body): StrictJson<ReviewBody>,
) -> Answered<Response> {
    let said = ApprovalBody {
        words: body.words,
        reason: None,
    };
    take(app, caller, id, headers, said, false).await
}
