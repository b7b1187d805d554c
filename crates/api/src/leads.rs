//! Leads: somebody reports somebody in need, and learns what came of it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::authority::{Grant, Operation, Role};
use domain::code;
use domain::ids::LeadId;
use domain::region::DivisionCode;
use pipeline::leads::{self, OpenedLead, Report, Reported, Standing};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::commit::Answer;
use utoipa::{IntoParams, ToSchema};

use crate::actions::{key, note_is_clean};
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictJson, StrictPath, StrictQuery, limit};

/// Names the operation in idempotency records.
const ROUTE: &str = "POST /api/v1/leads";
/// Longest name and telephone, in characters.
const SHORT_MAX: usize = 60;

/// A report. Only what happened is needed; a village contact of one village
/// need not name it.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadBody {
    /// Village or township code, one the caller answers for.
    pub(crate) place: Option<String>,
    /// Name, or how people call them.
    pub(crate) who: Option<String>,
    /// Identity number, if known.
    pub(crate) resident_id: Option<String>,
    /// `fire`, `accident`, `disaster`, `illness`, `unattended`, `hardship`, `other`.
    pub(crate) category: Option<String>,
    /// `urgent` or `ordinary`; unset is treated as urgent.
    pub(crate) urgency: Option<String>,
    /// What happened, at most 2,000 characters.
    pub(crate) text: String,
    /// Telephone.
    pub(crate) phone: Option<String>,
}

/// A remark on what was taken. Repeats no value.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LeadRemark {
    /// The column of the grid's list it is about.
    column: Option<String>,
    code: String,
    zh: String,
    en: String,
}

/// A report taken.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LeadTaken {
    pub(crate) id: String,
    remarks: Vec<LeadRemark>,
}

impl LeadTaken {
    fn of(reported: &Reported) -> LeadTaken {
        let remark = |note: &domain::record::RowNote| LeadRemark {
            column: note.column.clone(),
            code: note.code.clone(),
            zh: note.zh.clone(),
            en: note.en.clone(),
        };
        LeadTaken {
            id: reported.id.to_string(),
            remarks: reported.notes.iter().map(remark).collect(),
        }
    }
}

/// The report as the core takes it.
fn checked(grant: &Grant, body: LeadBody) -> Answered<Report> {
    let given = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let text = body.text.replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() {
        return Err(Problem::bad(
            "lead.text",
            "请写明发生了什么",
            "say what happened",
        ));
    }
    let (who, phone) = (given(body.who), given(body.phone));
    for words in [Some(&text), who.as_ref(), phone.as_ref()] {
        note_is_clean(words.map(String::as_str))?;
    }
    let long = |words: &Option<String>| {
        let short = |w: &String| w.chars().count() <= SHORT_MAX && !w.contains('\n');
        !words.as_ref().is_none_or(short)
    };
    if long(&who) || long(&phone) {
        return Err(Problem::bad(
            "lead.too_long",
            "姓名或电话过长",
            "the name or telephone is too long",
        ));
    }
    let one_of = |list: &'static code::CodeList, code: Option<String>| match given(code) {
        None => Ok(None),
        Some(code) => match list.stored(&code) {
            Some(known) => Ok(Some(known.to_owned())),
            None => Err(Problem::bad(
                "lead.code",
                "线索类别或紧急程度不对",
                "unknown category or urgency",
            )),
        },
    };
    let place = match (given(body.place), grant.regions()) {
        (Some(code), _) => DivisionCode::parse(&code),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    Ok(Report {
        place: place.ok_or(leads::ReportError::Place)?,
        who,
        resident_id: given(body.resident_id),
        category: one_of(&code::LEAD_CATEGORY, body.category)?,
        urgency: one_of(&code::URGENCY, body.urgency)?,
        text,
        phone,
    })
}

/// Load → decide → commit for a report, whoever asks: JSON or a form. The
/// second value says that it was answered before.
pub(crate) async fn perform(
    app: &App,
    caller: &Caller,
    key: String,
    body: LeadBody,
) -> Answered<(LeadTaken, bool)> {
    let grant = caller.grant(Operation::ReportLead)?;
    let report = checked(&grant, body)?;
    let content = serde_json::to_string(&report).unwrap_or_default();
    let fingerprint = hex::encode(Sha256::digest(format!("{ROUTE}\n{content}")));
    let store = &app.deps.store;
    if let Some(answer) = store.answer(grant.officer(), ROUTE, &key).await? {
        return replay(&answer, &fingerprint);
    }
    let (principal, at, print) = (grant.officer(), app.deps.clock.now(), fingerprint.clone());
    let answer = move |reported: &Reported| {
        Some(Answer {
            principal,
            route: ROUTE.to_owned(),
            key: key.clone(),
            fingerprint: print.clone(),
            status: StatusCode::CREATED.as_u16(),
            body: serde_json::to_string(&LeadTaken::of(reported)).ok()?,
            at,
        })
    };
    let deps = app.deps.clone();
    // The commit must not be cancelled by a client that goes away.
    let done = tokio::spawn(async move { leads::report(&deps, &grant, &report, answer).await });
    match done
        .await
        .map_err(|_| Problem::from(pipeline::StepError::Computation))?
    {
        Ok(reported) => Ok((LeadTaken::of(&reported), false)),
        Err(leads::ReportError::Answered(answer)) => replay(&answer, &fingerprint),
        Err(error) => Err(error.into()),
    }
}

fn replay(answer: &Answer, fingerprint: &str) -> Answered<(LeadTaken, bool)> {
    if answer.fingerprint != fingerprint {
        return Err(store::StoreError::KeyReused.into());
    }
    let taken = serde_json::from_str(&answer.body)
        .map_err(|_| Problem::from(pipeline::StepError::Damaged("answers")))?;
    Ok((taken, true))
}

/// Reports somebody in need. Reports of one identity number, or of one name in
/// one town on one day, are about one person and make one alert, whoever
/// makes them.
#[utoipa::path(
    post, path = "/api/v1/leads", tag = "leads",
    params(("Idempotency-Key" = String, Header)),
    request_body = LeadBody,
    responses((status = 201, body = LeadTaken), (status = 400, body = ProblemBody), (status = 422, body = ProblemBody))
)]
pub async fn report(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    StrictJson(body): StrictJson<LeadBody>,
) -> Answered<Response> {
    let key = key(&headers)?;
    let (taken, replayed) = perform(&app, &caller, key, body).await?;
    let mut response = (StatusCode::CREATED, Json(taken)).into_response();
    if replayed {
        response
            .headers_mut()
            .insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// A lead as its reporter or its desk reads it: what was written and where it
/// stands. Nothing of other reports, of other people, or of amounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadView {
    id: String,
    /// When it came in.
    pub(crate) reported_at: String,
    place: String,
    pub(crate) place_name: String,
    /// Name as the reporter wrote it; masked for auditors.
    pub(crate) who: Option<String>,
    category: Option<String>,
    pub(crate) category_zh: Option<String>,
    urgency: Option<String>,
    /// In the reporter's words; names and numbers in them masked for auditors.
    pub(crate) text: String,
    /// `received`, `dispatched`, `in_hand`, `closed`.
    pub(crate) standing: String,
    /// 收到, 已派到××镇, 办理中, 办结：结果词.
    pub(crate) standing_zh: String,
    /// The township whose desk it is on.
    township: Option<String>,
    /// What was found, once it is closed.
    outcome: Option<String>,
    /// The caller reported it.
    mine: bool,
}

/// Where a lead stands, in words for its reporter.
fn standing_zh(app: &App, standing: Standing) -> String {
    let today = app.deps.clock.today();
    match standing {
        Standing::Received => "收到".to_owned(),
        Standing::Dispatched(Some(town)) => {
            format!("已派到{}", app.deps.divisions.name(town, today))
        }
        Standing::Dispatched(None) => "已派到区县民政部门".to_owned(),
        Standing::InHand(_) => "办理中".to_owned(),
        Standing::Closed(Some(outcome)) => {
            format!("办结：{}", code::OUTCOME.zh(outcome_name(outcome)))
        }
        Standing::Closed(None) => "办结：情况已消失".to_owned(),
    }
}

fn outcome_name(outcome: domain::alert::OutcomeCode) -> &'static str {
    let name = serde_json::to_value(outcome).ok();
    let name = name.as_ref().and_then(|name| name.as_str());
    name.and_then(|name| code::OUTCOME.stored(name))
        .unwrap_or_default()
}

/// A lead as the caller may see it.
pub(crate) fn view(app: &App, grant: &Grant, lead: &OpenedLead) -> LeadView {
    let today = app.deps.clock.today();
    let masked = grant.role() == Some(Role::Auditor);
    let who = lead.note.who.as_deref();
    let (township, outcome) = match lead.standing {
        Standing::Received => (None, None),
        Standing::Dispatched(town) | Standing::InHand(town) => (town, None),
        Standing::Closed(outcome) => (None, outcome),
    };
    let category = lead.note.category.as_deref();
    LeadView {
        id: lead.row.id.to_string(),
        reported_at: lead.row.at.to_string(),
        place: lead.row.place.to_string(),
        place_name: app.deps.divisions.name(lead.row.place, today),
        who: who.map(|who| {
            if masked {
                vault::mask::name(who)
            } else {
                who.to_owned()
            }
        }),
        category: category.map(str::to_owned),
        category_zh: category.map(|code| code::LEAD_CATEGORY.zh(code).to_owned()),
        urgency: lead.note.urgency.clone(),
        text: if masked {
            let known: Vec<&str> = who.into_iter().collect();
            vault::reread::masked(&lead.note.text, &known)
        } else {
            lead.note.text.clone()
        },
        standing: lead.standing.name().to_owned(),
        standing_zh: standing_zh(app, lead.standing),
        township: township.map(|town| town.to_string()),
        outcome: outcome.map(|outcome| outcome_name(outcome).to_owned()),
        mine: lead.row.by == grant.officer(),
    }
}

/// Authority to read leads: of one's places, or else those one reported.
pub(crate) fn reading(caller: &Caller) -> Answered<Grant> {
    caller
        .grant(Operation::ReadLeads)
        .or_else(|_| caller.grant(Operation::ReadOwnLeads))
}

/// Leads of a page, disclosed.
pub(crate) async fn page(
    app: &App,
    caller: &Caller,
    before: Option<LeadId>,
    limit: u32,
) -> Answered<(Vec<LeadView>, Option<LeadId>)> {
    let grant = reading(caller)?;
    let rows = app.deps.store.leads(&grant, before, limit).await?;
    let full = rows.len() == limit as usize;
    let next = rows.last().filter(|_| full).map(|row| row.id);
    let opened = leads::opened(&app.deps, rows).await?;
    if !opened.is_empty() {
        app.discloser
            .disclose(&grant, &leads::shown(&opened), &caller.request)
            .await?;
    }
    let views = opened.iter().map(|lead| view(app, &grant, lead)).collect();
    Ok((views, next))
}

/// Which leads.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeadsQuery {
    /// Reads on after this lead.
    before: Option<String>,
    /// At most this many.
    limit: Option<u32>,
}

/// A page of leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadsPage {
    /// Newest first.
    leads: Vec<LeadView>,
    /// For `before`, when there are more.
    next: Option<String>,
}

/// Leads, newest first: of the caller's places, or for village contacts and
/// machines those they reported. Disclosing.
#[utoipa::path(get, path = "/api/v1/leads", tag = "leads", params(LeadsQuery), responses((status = 200, body = LeadsPage), (status = 400, body = ProblemBody)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<LeadsQuery>,
) -> Answered<Response> {
    let before = query.before.as_deref().map(str::parse).transpose();
    let before =
        before.map_err(|_| Problem::bad("cursor.invalid", "游标格式不对", "not a cursor"))?;
    let limit = limit(&app, query.limit)?;
    let (leads, next) = page(&app, &caller, before, limit).await?;
    let page = LeadsPage {
        leads,
        next: next.map(|id| id.to_string()),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(page)).into_response())
}

/// One lead and where it stands. Disclosing.
#[utoipa::path(get, path = "/api/v1/leads/{id}", tag = "leads", params(("id" = String, Path)), responses((status = 200, body = LeadView), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<LeadId>,
) -> Answered<Response> {
    let grant = reading(&caller)?;
    let row = app.deps.store.lead(&grant, id).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    let opened = leads::opened(&app.deps, vec![row]).await?;
    let lead = opened.first().ok_or(pipeline::StepError::Erased)?;
    app.discloser
        .disclose(&grant, &leads::shown(&opened), &caller.request)
        .await?;
    let view = view(&app, &grant, lead);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
