//! Care visits: telling of one, reading those of a family, the roll-up by week
//! and by month.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::alert::{AlertAction, OutcomeCode};
use domain::authority::{Operation, Role};
use domain::code;
use domain::ids::{AlertId, HouseholdId, PersonId, Subject};
use domain::time::Month;
use domain::week::Week;
use pipeline::people;
use pipeline::visits::{self, VisitAnswer, VisitError, VisitReport};
use registry::care::Span;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::commit::Answer;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::actions::{Doing, key, note_is_clean};
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::rolled::{SpanView, roll_ups};
use crate::strict::{StrictJson, StrictQuery, date};

/// Names the operation in idempotency records.
const ROUTE: &str = "POST /api/v1/visits";
/// The verification of alerts, the same path as everywhere.
const VERIFY: &str = "POST /api/v1/alerts/{id}/verification";
/// Alerts one visit may settle: a household's card.
const OUTCOMES_MAX: usize = 20;

/// A visit.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitBody {
    /// Person id.
    pub(crate) person: String,
    /// `care` (探访, when absent), `round` (走访), `survey` (入户调查).
    pub(crate) kind: Option<String>,
    /// The day; not in the future.
    pub(crate) visited_on: String,
    /// At most one of `safe`, `needs_help`, `not_seen`, and any of
    /// `income_changed`, `members_changed`, `health_changed`, `housing_changed`.
    pub(crate) answers: Vec<String>,
    /// The visitor's words, at most 2,000 characters.
    pub(crate) note: Option<String>,
    /// What was found of alerts of this family's card.
    #[serde(default)]
    pub(crate) outcomes: Vec<VisitOutcome>,
}

/// What a visit found of one alert.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitOutcome {
    /// Alert id.
    #[schema(value_type = String)]
    alert: AlertId,
    /// The version seen.
    version: i64,
    /// As in a verification.
    #[schema(value_type = String)]
    outcome: OutcomeCode,
}

/// What became of one outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeTaken {
    alert: String,
    /// Where the work stands now; absent when it was refused.
    work: Option<String>,
    /// To send back with the next action.
    version: Option<i64>,
    /// Why it was refused.
    code: Option<String>,
}

/// A visit taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitTaken {
    id: String,
    outcomes: Vec<OutcomeTaken>,
}

fn checked(body: &VisitBody) -> Answered<VisitReport> {
    note_is_clean(body.note.as_deref())?;
    let kind = body.kind.as_deref().unwrap_or("care");
    let kind = code::VISIT_KIND
        .stored(kind)
        .ok_or_else(|| Problem::bad("visit.kind", "没有这种探访类别", "unknown kind of visit"))?;
    let answers: Option<Vec<VisitAnswer>> =
        body.answers.iter().map(|a| VisitAnswer::named(a)).collect();
    let note = body.note.as_deref().map(str::trim);
    Ok(VisitReport {
        person: body.person.parse().map_err(|_| Problem::not_found())?,
        kind,
        visited_on: date(&body.visited_on)?,
        answers: answers.ok_or(VisitError::Answers)?,
        note: note.filter(|note| !note.is_empty()).map(str::to_owned),
    })
}

/// Takes the visit itself; answers its id and whether it was answered before.
pub(crate) async fn perform(
    app: &App,
    caller: &Caller,
    key: String,
    body: &VisitBody,
) -> Answered<(Uuid, bool)> {
    let grant = caller.grant(Operation::RecordVisit)?;
    let report = checked(body)?;
    let content = serde_json::to_string(body).unwrap_or_default();
    let fingerprint = hex::encode(Sha256::digest(format!("{ROUTE}\n{content}")));
    let store = &app.deps.store;
    if let Some(answer) = store.answer(grant.officer(), ROUTE, &key).await? {
        return replay(&answer, &fingerprint);
    }
    let (principal, at, print) = (grant.officer(), app.deps.clock.now(), fingerprint.clone());
    let answer = move |id: Uuid| {
        Some(Answer {
            principal,
            route: ROUTE.to_owned(),
            key: key.clone(),
            fingerprint: print.clone(),
            status: StatusCode::CREATED.as_u16(),
            body: id.to_string(),
            at,
        })
    };
    let deps = app.deps.clone();
    // The commit must not be cancelled by a client that goes away.
    let done = tokio::spawn(async move { visits::record(&deps, &grant, &report, answer).await });
    match done
        .await
        .map_err(|_| Problem::from(pipeline::StepError::Computation))?
    {
        Ok(id) => Ok((id, false)),
        Err(VisitError::Answered(answer)) => replay(&answer, &fingerprint),
        Err(error) => Err(error.into()),
    }
}

fn replay(answer: &Answer, fingerprint: &str) -> Answered<(Uuid, bool)> {
    if answer.fingerprint != fingerprint {
        return Err(store::StoreError::KeyReused.into());
    }
    let id = answer.body.parse();
    let id = id.map_err(|_| Problem::from(pipeline::StepError::Damaged("answers")))?;
    Ok((id, true))
}

/// Refuses outcomes that are not of this person's card, before anything is
/// written.
async fn of_this_card(app: &App, caller: &Caller, body: &VisitBody) -> Answered<()> {
    if body.outcomes.is_empty() {
        return Ok(());
    }
    if body.outcomes.len() > OUTCOMES_MAX {
        return Err(Problem::bad(
            "visit.outcomes",
            "一次探访关联的预警过多",
            "too many alerts for one visit",
        ));
    }
    let grant = caller.grant(Operation::WorkAlerts)?;
    let person: PersonId = body.person.parse().map_err(|_| Problem::not_found())?;
    let store = &app.deps.store;
    let reads = store.reads_by_person(&[person]).await?;
    for outcome in &body.outcomes {
        let row = store.alert(&grant, outcome.alert).await?;
        let row = row.ok_or_else(Problem::not_found)?;
        let own = row.unit == Subject::Person(person);
        let card = |read: &domain::record::Read| row.unit == Subject::Household(read.household);
        if !own && !reads.iter().any(card) {
            return Err(Problem::bad(
                "visit.other_card",
                "预警不属于这一户",
                "the alert is of another household",
            ));
        }
    }
    Ok(())
}

/// The alerts' own verification, one commit each, under keys of this one.
async fn verify(app: &App, caller: &Caller, key: &str, body: &VisitBody) -> Vec<OutcomeTaken> {
    let mut taken = Vec::new();
    for (position, outcome) in body.outcomes.iter().enumerate() {
        let doing = Doing {
            route: VERIFY,
            operation: Operation::WorkAlerts,
            action: AlertAction::Verify {
                outcome: outcome.outcome,
                on: None,
            },
            note: body.note.clone(),
            disputed: None,
        };
        let key = format!("{key}.{position}");
        let done = match caller.grant(Operation::WorkAlerts) {
            Ok(grant) => {
                let version = outcome.version;
                crate::actions::perform(app, &grant, outcome.alert, version, key, doing).await
            }
            Err(problem) => Err(problem),
        };
        let alert = outcome.alert.to_string();
        taken.push(match done {
            Ok(done) => OutcomeTaken {
                alert,
                work: Some(done.view.work.clone()),
                version: Some(done.view.version),
                code: None,
            },
            Err(problem) => OutcomeTaken {
                alert,
                work: None,
                version: None,
                code: Some(problem.code().to_owned()),
            },
        });
    }
    taken
}

/// Tells of a visit. The policies look at the family again; `outcomes` verify
/// alerts of the family's card as their own operation would, each answered on
/// its own.
#[utoipa::path(
    post, path = "/api/v1/visits", tag = "visits",
    params(("Idempotency-Key" = String, Header)),
    request_body = VisitBody,
    responses((status = 201, body = VisitTaken), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub async fn record(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    StrictJson(body): StrictJson<VisitBody>,
) -> Answered<Response> {
    let key = key(&headers)?;
    of_this_card(&app, &caller, &body).await?;
    let (id, replayed) = perform(&app, &caller, key.clone(), &body).await?;
    let taken = VisitTaken {
        id: id.to_string(),
        outcomes: verify(&app, &caller, &key, &body).await,
    };
    let mut response = (StatusCode::CREATED, Json(taken)).into_response();
    if replayed {
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Whose visits; exactly one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VisitsQuery {
    /// Person id.
    person: Option<String>,
    /// Household id.
    household: Option<String>,
}

/// One visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitView {
    person: String,
    visited_on: Option<String>,
    kind: Option<String>,
    answers: Vec<String>,
    /// What was found, in words.
    answers_zh: Vec<String>,
    /// The visitor's words; not for village contacts, names and numbers in
    /// them masked for auditors.
    note: Option<String>,
    source: String,
}

/// Visits of a person or household, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitsPage {
    visits: Vec<VisitView>,
}

/// Visits to a person or to the members of a household, newest first, within
/// the dictionary's look-back. Disclosing.
#[utoipa::path(get, path = "/api/v1/visits", tag = "visits", params(VisitsQuery), responses((status = 200, body = VisitsPage), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<VisitsQuery>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadCareVisits)?;
    let subject = match (&query.person, &query.household) {
        (Some(id), None) => id.parse::<PersonId>().map(Subject::Person),
        (None, Some(id)) => id.parse::<HouseholdId>().map(Subject::Household),
        _ => {
            return Err(Problem::bad(
                "visits.one",
                "请指定一个人或一户",
                "give one person or one household",
            ));
        }
    };
    let subject = subject.map_err(|_| Problem::not_found())?;
    let today = app.deps.clock.today();
    let view = people::view(&app.deps, &grant, subject, today, None).await?;
    let view = view.ok_or_else(Problem::not_found)?;
    let mut visits = visits::of_household(&view.household);
    if let Subject::Person(id) = subject {
        visits.retain(|(person, _)| *person == id);
    }
    let mut shown: Vec<Subject> = visits.iter().map(|(id, _)| Subject::Person(*id)).collect();
    shown.push(subject);
    shown.sort_unstable();
    shown.dedup();
    app.discloser
        .disclose(&grant, &shown, &caller.request)
        .await?;
    let names: Vec<&str> = view
        .identities
        .values()
        .filter_map(|body| body.text("name"))
        .collect();
    let words = |note: &str| match grant.role() {
        Some(Role::VillageContact) => None,
        Some(Role::Auditor) => Some(vault::reread::masked(note, &names)),
        _ => Some(note.to_owned()),
    };
    let visits = visits.into_iter().map(|(person, item)| {
        let answers = VisitAnswer::of(&item.body);
        VisitView {
            person: person.to_string(),
            visited_on: item.body.date("visited_on").map(|on| on.to_string()),
            kind: item.body.code("kind").map(str::to_owned),
            answers: answers.iter().map(|a| a.name().to_owned()).collect(),
            answers_zh: answers.iter().map(|a| a.zh().to_owned()).collect(),
            note: item.body.text("note").and_then(words),
            source: item.source.to_string(),
        }
    });
    let page = VisitsPage {
        visits: visits.collect(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(page)).into_response())
}

/// Which week.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WeeksQuery {
    /// `2026-W47`, Monday to Sunday; this week when absent.
    week: Option<String>,
    /// Township code: a county is read township by township.
    township: Option<String>,
}

/// Which month.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MonthsQuery {
    /// `2026-11`; this month when absent.
    month: Option<String>,
    /// Township code: a county is read township by township.
    township: Option<String>,
}

/// Somebody to be visited.
#[derive(Debug, Serialize, ToSchema)]
pub struct ToVisitView {
    pub(crate) person: String,
    /// Masked for village contacts and auditors.
    pub(crate) name: Option<String>,
    /// 帮扶责任人, masked likewise.
    pub(crate) responsible: Option<String>,
    /// The first day of the week or month somebody saw them.
    pub(crate) seen_on: Option<String>,
    /// The last day of the week or month somebody came and did not see them.
    pub(crate) missed_on: Option<String>,
}

/// One village of a week or month. Without a roster nothing is known: the counts are
/// null, not zero.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageVisitsView {
    pub(crate) place: String,
    pub(crate) name: String,
    /// `known`, `stale` or `never` (未开通).
    pub(crate) roster: String,
    pub(crate) roster_as_of: Option<String>,
    /// 应访.
    pub(crate) due: Option<usize>,
    /// 已访.
    pub(crate) done: Option<usize>,
    /// 缺; while it runs, still to be visited.
    pub(crate) missing: Option<usize>,
    /// Those still to be visited first.
    pub(crate) people: Vec<ToVisitView>,
}

/// A week.
#[derive(Debug, Serialize, ToSchema)]
pub struct WeeksView {
    week: String,
    #[serde(flatten)]
    rolled: SpanView,
}

/// A month of those who are to be visited monthly; weekly visits are not in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MonthsView {
    month: String,
    #[serde(flatten)]
    rolled: SpanView,
}

/// A week asked for; the current one when none is.
pub(crate) fn week(app: &App, text: Option<&str>) -> Answered<Week> {
    let today = Week::of(app.deps.clock.today());
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(today);
    };
    let week: Option<Week> = text.parse().ok();
    week.filter(|week| *week <= today).ok_or_else(|| {
        Problem::bad(
            "param.week",
            "周应为 2026-W47 的形式，且不晚于本周",
            "a week reads like 2026-W47 and is not later than this one",
        )
    })
}

/// Who was to be visited in a calendar week, and was, per village. Disclosing.
#[utoipa::path(get, path = "/api/v1/visits/weeks", tag = "visits", params(WeeksQuery), responses((status = 200, body = WeeksView), (status = 400, body = ProblemBody)))]
pub async fn weeks(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<WeeksQuery>,
) -> Answered<Response> {
    let week = week(&app, query.week.as_deref())?;
    let township = query.township.as_deref().unwrap_or_default();
    let [rolled] = roll_ups(&app, &caller, [Span::Week(week)], township).await?;
    let week = week.to_string();
    let view = WeeksView { week, rolled };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Who was to be visited in a calendar month, and was, per village: those of the
/// monthly class. Disclosing.
#[utoipa::path(get, path = "/api/v1/visits/months", tag = "visits", params(MonthsQuery), responses((status = 200, body = MonthsView), (status = 400, body = ProblemBody)))]
pub async fn months(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<MonthsQuery>,
) -> Answered<Response> {
    let today = Month::of(app.deps.clock.today());
    let asked = query.month.as_deref().filter(|text| !text.is_empty());
    let month = asked.map_or(Some(today), |text| text.parse().ok());
    let month = month.filter(|month| *month <= today).ok_or_else(|| {
        Problem::bad(
            "param.month",
            "月份应为 2026-11 的形式，且不晚于本月",
            "a month reads like 2026-11 and is not later than this one",
        )
    })?;
    let township = query.township.as_deref().unwrap_or_default();
    let [rolled] = roll_ups(&app, &caller, [Span::Month(month)], township).await?;
    let month = month.to_string();
    let view = MonthsView { month, rolled };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
