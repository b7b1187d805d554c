//! Alerts as people read them: the desk's list, counts, one alert with its
//! reason, its timeline.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::alert::{Deadline, Due};
use domain::authority::{Grant, Operation, Role};
use domain::evaluation::{AlertLevel, Decision, Nature};
use domain::ids::{AlertId, OfficerId, Subject};
use domain::region::DivisionCode;
use pipeline::desk::Opened;
use pipeline::sealing::{Keyring, action_place};
use serde::{Deserialize, Serialize};
use store::commit::AlertRow;
use store::rows::AlertFilter;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictPath, StrictQuery, date, limit};

/// The line every page and answer about an alert carries.
pub const STANDING_LINE: &str = "本提示由系统比对产生，不作为认定或停发依据，须经调查核实";

/// Which alerts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertsQuery {
    /// Policy ids, comma separated.
    policy: Option<String>,
    /// `red`, `orange`, `yellow`, `blue`, comma separated.
    level: Option<String>,
    /// `held`, `raised`, `acknowledged`, `verified`, `handled`, `closed`, comma
    /// separated; all but held and closed when absent.
    work: Option<String>,
    /// One township of the caller's.
    township: Option<String>,
    /// Only the county's unplaced desk.
    unplaced: Option<bool>,
    /// Only the card of one household or person: `h:<id>` or `p:<id>`.
    unit: Option<String>,
    /// Due on or before.
    due_by: Option<String>,
    /// `me`, `none`, or the id of an officer who works on it.
    assignee: Option<String>,
    /// Leave out sentences: nothing is disclosed then.
    brief: Option<bool>,
    /// Alert id to read on from.
    after: Option<String>,
    /// Alerts, 1–500.
    limit: Option<u32>,
}

/// A deadline with its nature.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadlineView {
    /// `contact`, `verify`, `handle`.
    step: String,
    /// The day; absent while pending.
    due_on: Option<String>,
    /// 期限待定: the holiday table of this year is not published.
    pending_year: Option<i16>,
    /// `statutory` or `platform`.
    nature: &'static str,
    /// The document, or 平台默认，非法定.
    by: String,
}

impl From<&Deadline> for DeadlineView {
    fn from(deadline: &Deadline) -> DeadlineView {
        let (due_on, pending_year) = match deadline.due {
            Due::On { on } => (Some(on.to_string()), None),
            Due::Pending { year } => (None, Some(year)),
        };
        let (nature, by) = match &deadline.nature {
            Nature::Statutory(document) => ("statutory", document.clone()),
            Nature::Platform => ("platform", "平台默认，非法定".to_owned()),
        };
        let step = serde_json::to_value(deadline.step)
            .ok()
            .and_then(|v| v.as_str().map(str::to_owned))
            .unwrap_or_default();
        DeadlineView {
            step,
            due_on,
            pending_year,
            nature,
            by,
        }
    }
}

/// An alert in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertSummary {
    id: String,
    /// `h:<id>` or `p:<id>`.
    subject: String,
    /// The household card.
    unit: String,
    policy: String,
    policy_title: String,
    finding: String,
    finding_zh: String,
    level: String,
    county: String,
    township: Option<String>,
    township_name: Option<String>,
    assist: Option<String>,
    condition: String,
    work: String,
    due_on: Option<String>,
    snoozed_until: Option<String>,
    assignee: Option<String>,
    opened_at: String,
    changed_at: String,
    version: i64,
    /// The first line a caseworker reads; absent in brief lists.
    sentence: Option<String>,
    /// Document and article.
    basis: Vec<String>,
}

/// A page of alerts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertsPage {
    alerts: Vec<AlertSummary>,
    /// `after` of the next page.
    next: Option<String>,
    note: &'static str,
}

fn words(text: Option<&String>) -> Vec<String> {
    text.map(|text| {
        text.split(',')
            .map(|word| word.trim().to_owned())
            .filter(|w| !w.is_empty())
            .collect()
    })
    .unwrap_or_default()
}

fn filter(app: &App, me: OfficerId, query: &AlertsQuery) -> Answered<AlertFilter> {
    let levels = [
        AlertLevel::Red,
        AlertLevel::Orange,
        AlertLevel::Yellow,
        AlertLevel::Blue,
    ];
    let level = |name: String| {
        let known = levels.into_iter().find(|level| level.name() == name);
        known.ok_or_else(|| Problem::bad("param.level", "不认识的级别", "unknown level"))
    };
    let township = query.township.as_deref().map(|code| {
        DivisionCode::parse(code).ok_or_else(|| {
            Problem::bad(
                "param.township",
                "区划代码不对",
                "township is not a division code",
            )
        })
    });
    let unit = query.unit.as_deref().map(|text| {
        text.parse::<Subject>()
            .map_err(|_| Problem::bad("param.unit", "unit 格式不对", "unit is h:<id> or p:<id>"))
    });
    Ok(AlertFilter {
        policies: words(query.policy.as_ref()),
        levels: words(query.level.as_ref())
            .into_iter()
            .map(level)
            .collect::<Answered<_>>()?,
        work: words(query.work.as_ref()),
        township: township.transpose()?,
        unplaced: query.unplaced.unwrap_or(false),
        unit: unit.transpose()?,
        due_by: query.due_by.as_deref().map(date).transpose()?,
        awake_on: Some(app.deps.clock.today()),
        assignee: match query.assignee.as_deref() {
            None | Some("none") => None,
            Some("me") => Some(me),
            Some(id) => Some(id.parse().map_err(|_| {
                let zh = "assignee 为 me、none 或经办人编号";
                Problem::bad(
                    "param.assignee",
                    zh,
                    "assignee is me, none or an officer's id",
                )
            })?),
        },
        unassigned: query.assignee.as_deref() == Some("none"),
    })
}

/// The desk: most pressing first, with the reason and the article in the row.
/// Disclosing unless `brief`.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(AlertsQuery), responses((status = 200, body = AlertsPage)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<AlertsQuery>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let limit = limit(&app, query.limit)?;
    let filter = filter(&app, caller.officer.id, &query)?;
    let after = query
        .after
        .as_deref()
        .map(str::parse::<AlertId>)
        .transpose();
    let after = after
        .map_err(|_| Problem::bad("cursor.invalid", "游标格式不对", "after is not an alert id"))?;
    let rows = app.deps.store.alerts(&grant, &filter, after, limit).await?;
    let next = rows
        .last()
        .filter(|_| rows.len() == limit as usize)
        .map(|row| row.id.to_string());
    let mut alerts: Vec<AlertSummary> = rows.iter().map(|row| summary(&app, row)).collect();
    if !query.brief.unwrap_or(false) && !rows.is_empty() {
        let subjects: BTreeSet<Subject> = rows.iter().map(|row| row.subject).collect();
        let subjects: Vec<Subject> = subjects.into_iter().collect();
        let opened = Opened::of(&app.deps, &grant, &rows).await?;
        app.discloser
            .disclose(&grant, &subjects, &caller.request)
            .await?;
        for (row, alert) in rows.iter().zip(&mut alerts) {
            if let Some(decision) = opened.decisions.get(&row.id) {
                alert.sentence = Some(opened.render(&app.deps, &decision.sentence_zh));
                alert.basis = basis(decision);
            }
        }
    }
    let page = AlertsPage {
        alerts,
        next,
        note: STANDING_LINE,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(page)).into_response())
}

fn basis(decision: &Decision) -> Vec<String> {
    decision
        .basis
        .iter()
        .map(|basis| format!("{}{}", basis.document, basis.article))
        .collect()
}

fn summary(app: &App, row: &AlertRow) -> AlertSummary {
    let today = app.deps.clock.today();
    let policies = app.deps.policies();
    AlertSummary {
        id: row.id.to_string(),
        subject: row.subject.to_string(),
        unit: row.unit.to_string(),
        policy: row.policy.clone(),
        policy_title: policies
            .policy(&row.policy)
            .map_or_else(|| row.policy.clone(), |policy| policy.title.zh.clone()),
        finding: row.finding.name().to_owned(),
        finding_zh: row.finding.zh().to_owned(),
        level: row.level.name().to_owned(),
        county: row.county.to_string(),
        township: row.township.map(|code| code.to_string()),
        township_name: row
            .township
            .map(|code| app.deps.divisions.name(code, today)),
        assist: row.assist.map(|code| code.to_string()),
        condition: row.condition.clone(),
        work: row.work.clone(),
        due_on: row.due_on.map(|on| on.to_string()),
        snoozed_until: row.snoozed_until.map(|on| on.to_string()),
        assignee: row.assignee.map(|id| id.to_string()),
        opened_at: row.opened_at.to_string(),
        changed_at: row.changed_at.to_string(),
        version: row.version,
        sentence: None,
        basis: Vec::new(),
    }
}

/// One alert, top to bottom as a caseworker reads it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertView {
    alert: AlertSummary,
    sentence: String,
    sentence_en: String,
    #[schema(value_type = Vec<Object>)]
    basis: Vec<domain::evaluation::Basis>,
    #[schema(value_type = Vec<Object>)]
    criteria: Vec<domain::evaluation::CriterionTrace>,
    #[schema(value_type = Vec<Object>)]
    parameters: Vec<domain::evaluation::ParameterUse>,
    #[schema(value_type = Vec<Object>)]
    coverage: Vec<domain::household::CoverageNote>,
    #[schema(value_type = Vec<Object>)]
    missing: Vec<domain::evaluation::Missing>,
    /// What a village contact may be told: nothing sensitive is in it.
    village: String,
    advice: String,
    advice_en: String,
    limits: Vec<String>,
    deadlines: Vec<DeadlineView>,
    decision: String,
    #[schema(value_type = Vec<Object>)]
    rows: Vec<domain::record::Origin>,
    note: &'static str,
}

/// One alert with its reason, calculation, sources and deadlines. Disclosing.
/// The ETag is the version to send back as `If-Match`.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = String, Path)), responses((status = 200, body = AlertView), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<AlertId>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let row = app
        .deps
        .store
        .alert(&grant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let opened = Opened::of(&app.deps, &grant, std::slice::from_ref(&row)).await?;
    let (Some(alert), Some(decision)) = (opened.alerts.get(&id), opened.decisions.get(&id)) else {
        return Err(pipeline::StepError::Erased.into());
    };
    app.discloser
        .disclose(&grant, &[row.subject, row.unit], &caller.request)
        .await?;
    let view = AlertView {
        alert: summary(&app, &row),
        sentence: opened.render(&app.deps, &decision.sentence_zh),
        sentence_en: opened.render(&app.deps, &decision.sentence_en),
        basis: decision.basis.clone(),
        criteria: decision.criteria.clone(),
        parameters: decision.parameters.clone(),
        coverage: decision.coverage.clone(),
        missing: decision.missing.clone(),
        village: opened.render(&app.deps, &decision.village()),
        advice: decision.advice_zh.clone(),
        advice_en: decision.advice_en.clone(),
        limits: decision.limits.clone(),
        deadlines: alert.deadlines.iter().map(DeadlineView::from).collect(),
        decision: alert.decision.to_string(),
        rows: decision.rows.clone(),
        note: STANDING_LINE,
    };
    let mut response = ([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response();
    let tag = HeaderValue::from_str(&format!("\"{}\"", row.version))
        .expect("digits in quotes are a header");
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// One count.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountView {
    county: String,
    township: Option<String>,
    policy: String,
    level: String,
    work: String,
    count: i64,
}

/// Counts of alerts by township, policy, level and work.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsPage {
    counts: Vec<CountView>,
}

/// Counts in the caller's regions, held ones and the unplaced desk included.
#[utoipa::path(get, path = "/api/v1/alerts/counts", tag = "alerts", responses((status = 200, body = CountsPage)))]
pub async fn counts(State(app): State<App>, caller: Caller) -> Answered<Json<CountsPage>> {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let counts = app.deps.store.alert_counts(&grant).await?;
    let view = |c: store::rows::AlertCount| CountView {
        county: c.county.to_string(),
        township: c.township.map(|code| code.to_string()),
        policy: c.policy,
        level: c.level,
        work: c.work,
        count: c.count,
    };
    Ok(Json(CountsPage {
        counts: counts.into_iter().map(view).collect(),
    }))
}

/// One thing done to an alert.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineEntry {
    action: String,
    by: String,
    at: String,
    version: i64,
    /// Particulars and the officer's words.
    #[schema(value_type = Object)]
    particulars: serde_json::Value,
}

/// The timeline of an alert, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    timeline: Vec<TimelineEntry>,
}

/// What was done to an alert, by whom and when. Disclosing.
#[utoipa::path(get, path = "/api/v1/alerts/{id}/timeline", tag = "alerts", params(("id" = String, Path)), responses((status = 200, body = Timeline), (status = 404, body = ProblemBody)))]
pub async fn timeline(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<AlertId>,
) -> Answered<Json<Timeline>> {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let store = app.deps.store.as_ref();
    let row = store
        .alert(&grant, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let keyring = Keyring::load(
        store,
        &app.deps.vault,
        &BTreeSet::from([row.subject]),
        false,
    )
    .await?;
    app.discloser
        .disclose(&grant, &[row.subject], &caller.request)
        .await?;
    let mut timeline = Vec::new();
    for action in store.actions(&grant, id).await? {
        let plain = keyring.open(row.subject, &action_place(action.id), &action.sealed)?;
        timeline.push(TimelineEntry {
            action: action.action,
            by: action.by.to_string(),
            at: action.at.to_string(),
            version: action.version,
            particulars: particulars(&grant, &plain),
        });
    }
    Ok(Json(Timeline { timeline }))
}

/// What a timeline entry holds; of what people wrote, auditors are shown no
/// number and no name.
fn particulars(grant: &Grant, plain: &[u8]) -> serde_json::Value {
    let mut told: serde_json::Value = serde_json::from_slice(plain).unwrap_or_default();
    if grant.role() == Some(Role::Auditor)
        && let Some(note) = told.get_mut("note").filter(|note| note.is_string())
    {
        let masked = vault::reread::masked(note.as_str().unwrap_or_default(), &[]);
        *note = masked.into();
    }
    told
}
