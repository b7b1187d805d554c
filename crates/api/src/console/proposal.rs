//! Standards entered on a page: one person proposes a value with its document,
//! another approves or rejects it. Everything works as a plain form.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::authority::Operation;
use domain::ids::ProposalId;
use domain::parameter::{ProposalState, ProposedValue};
use domain::region::DivisionCode;
use pipeline::guard;
use pipeline::parameters::{Review, preview};
use serde::Deserialize;

use super::forms::{StrictForm, fresh_key};
use super::policy::unit;
use super::refusal::{Paged, Refusal, html, html_with};
use super::registry::{Names, ProposalLine, Row, applies, line, lines, name_people, rows_of};
use super::shell::Shell;
use super::today::Choice;
use super::visitor::Visitor;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::proposals::{REASON_NEEDED, propose_value, review_value};
use crate::strict::{StrictPath, StrictQuery, date};

/// Whether a form to propose is shown.
pub(super) fn may_propose(caller: &Caller) -> bool {
    let officer = &caller.officer;
    officer
        .authorize(Operation::ProposeParameters, "console")
        .is_ok()
}

fn may_review(caller: &Caller) -> bool {
    let officer = &caller.officer;
    officer
        .authorize(Operation::ReviewParameters, "console")
        .is_ok()
}

/// What a proposal's form carries.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalForm {
    pub(super) key: String,
    pub(super) region: String,
    pub(super) value: String,
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
    /// `yes` when the box is ticked.
    #[serde(default)]
    pub(super) closes: String,
    pub(super) document: String,
    #[serde(default)]
    pub(super) article: String,
    pub(super) issuer: String,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) review_due: String,
}

impl ProposalForm {
    fn read(&self, parameter: &str) -> Answered<ProposedValue> {
        let region = DivisionCode::parse(&self.region).ok_or_else(Problem::not_found)?;
        let day = |text: &str| (!text.is_empty()).then(|| date(text)).transpose();
        Ok(ProposedValue {
            key: parameter.to_owned(),
            region,
            value: self.value.trim().to_owned(),
            from: date(&self.from)?,
            to: day(&self.to)?,
            closes: self.closes == "yes",
            document: self.document.trim().to_owned(),
            article: self.article.trim().to_owned(),
            issuer: self.issuer.trim().to_owned(),
            // Browsers send line ends as CR LF; a note is one line.
            note: self.note.split_whitespace().collect::<Vec<_>>().join(" "),
            review_due: day(&self.review_due)?,
        })
    }
}

/// A form, empty or with what was typed.
pub(super) struct Blank {
    pub(super) parameter: String,
    pub(super) regions: Vec<Choice>,
    pub(super) typed: ProposalForm,
}

impl Blank {
    pub(super) fn new(app: &App, caller: &Caller, parameter: &str) -> Blank {
        let typed = ProposalForm {
            key: fresh_key(),
            ..ProposalForm::default()
        };
        Blank::with(app, caller, parameter, typed)
    }

    fn with(app: &App, caller: &Caller, parameter: &str, typed: ProposalForm) -> Blank {
        let today = app.deps.clock.today();
        let regions = caller.officer.regions.iter().map(|code| Choice {
            code: code.to_string(),
            name: app.deps.divisions.name(*code, today),
            chosen: code.as_str() == typed.region,
        });
        Blank {
            parameter: parameter.to_owned(),
            regions: regions.collect(),
            typed,
        }
    }
}

/// A parameter in the list.
struct Listed {
    key: String,
    title: String,
    value: String,
    unset: bool,
}

#[derive(Template)]
#[template(path = "parameters.html")]
struct ParametersPage {
    shell: Shell,
    region: String,
    pending: Vec<ProposalLine>,
    reviewed: Vec<ProposalLine>,
    parameters: Vec<Listed>,
}

/// `GET /parameters`: what waits for review, what was reviewed, every key.
pub(super) async fn list(State(app): State<App>, Visitor(caller): Visitor) -> Paged {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let region = grant.regions().first().copied();
    let region = region.ok_or_else(|| Problem::bad("param.region", "没有指定地区", "no region"))?;
    let today = app.deps.clock.today();
    let set = app.deps.policies();
    let mut parameters: Vec<Listed> = Vec::new();
    for parameter in set.parameters().iter().filter(|p| applies(p, region)) {
        if parameters
            .last()
            .is_some_and(|last| last.key == parameter.key)
        {
            continue;
        }
        let value = set.parameters().value(&parameter.key, region, today);
        parameters.push(Listed {
            key: parameter.key.clone(),
            title: parameter.zh.clone(),
            value: value.unwrap_or_default().to_owned(),
            unset: value.is_none(),
        });
    }
    let lines = lines(&app, &grant, None).await?;
    let (pending, reviewed) = lines.into_iter().partition(|line| line.pending);
    html(&ParametersPage {
        shell: Shell::new(&app, &caller, "/parameters", "标准与复核"),
        region: app.deps.divisions.name(region, today),
        pending,
        reviewed,
        parameters,
    })
}

/// What was done, to tell after a redirect.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DoneQuery {
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "parameter.html")]
struct ParameterPage {
    shell: Shell,
    why: String,
    title: String,
    unit: &'static str,
    unset: bool,
    region: String,
    rows: Vec<Row>,
    proposals: Vec<ProposalLine>,
    policies: Vec<(String, String)>,
    reported: Vec<String>,
    form: Option<Blank>,
}

/// `GET /parameters/{key}`: the history of a parameter, and a form.
pub(super) async fn one(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictPath(key): StrictPath<String>,
) -> Paged {
    let form = may_propose(&caller).then(|| Blank::new(&app, &caller, &key));
    html(&parameter(&app, &caller, &key, form, String::new()).await?)
}

async fn parameter(
    app: &App,
    caller: &Caller,
    key: &str,
    form: Option<Blank>,
    why: String,
) -> Answered<ParameterPage> {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let region = grant
        .regions()
        .first()
        .copied()
        .ok_or_else(Problem::not_found)?;
    let today = app.deps.clock.today();
    let set = app.deps.policies();
    let declared: Vec<_> = set.parameters().iter().filter(|p| p.key == key).collect();
    let first = declared.first().ok_or_else(Problem::not_found)?;
    let here = declared.iter().filter(|p| applies(p, region));
    let reported = here.clone().flat_map(|p| &p.reported);
    let reported = reported.map(|r| format!("{}（{}年，{}）", r.value, r.year, r.document));
    let mut rows: Vec<Row> = here.flat_map(|p| rows_of(app, p)).collect();
    name_people(app, &mut rows).await?;
    let reading = set.policies().iter().filter(|p| p.parameters.contains(key));
    Ok(ParameterPage {
        shell: Shell::new(app, caller, "/parameters", &first.zh),
        why,
        title: first.zh.clone(),
        unit: unit(&first.unit),
        unset: set.parameters().value(key, region, today).is_none(),
        region: app.deps.divisions.name(region, today),
        rows,
        proposals: lines(app, &grant, Some(key)).await?,
        policies: reading
            .map(|p| (p.id.clone(), p.title.zh.clone()))
            .collect(),
        reported: reported.collect(),
        form,
    })
}

/// `POST /parameters/{key}`: proposes; what was typed stays when it is refused.
pub(super) async fn propose(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictPath(key): StrictPath<String>,
    StrictForm(form): StrictForm<ProposalForm>,
) -> Paged {
    let grant = caller.grant(Operation::ProposeParameters)?;
    let taken = match form.read(&key) {
        Ok(value) => propose_value(&app, &grant, form.key.clone(), value).await,
        Err(problem) => Err(problem),
    };
    match taken {
        Ok(done) => {
            let address = format!("/proposals/{}?done=proposed", done.view.id);
            Ok(Redirect::to(&address).into_response())
        }
        Err(problem) if problem.status().is_client_error() && problem.code() != "not_found" => {
            let typed = ProposalForm {
                key: fresh_key(),
                ..form
            };
            let form = Blank::with(&app, &caller, &key, typed);
            let why = problem.zh().to_owned();
            let page = parameter(&app, &caller, &key, Some(form), why).await?;
            html_with(problem.status(), &page)
        }
        Err(problem) => Err(Refusal(problem)),
    }
}

#[derive(Template)]
#[template(path = "proposal.html")]
struct ProposalPage {
    shell: Shell,
    done: &'static str,
    why: String,
    line: ProposalLine,
    version: i64,
    /// The value with its unit, while it waits.
    reads: String,
    /// The value it would end.
    ends: String,
    /// Why it could not be approved now.
    wrong: String,
    own: bool,
    may_review: bool,
    key: String,
    words: String,
    /// The last approval was refused until a reason is given.
    asks_reason: bool,
    reason: String,
    nearly_all: u64,
    changes: u64,
}

/// `GET /proposals/{id}`.
pub(super) async fn proposal(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictPath(id): StrictPath<ProposalId>,
    StrictQuery(query): StrictQuery<DoneQuery>,
) -> Paged {
    let mut page = proposal_page(&app, &caller, id).await?;
    page.done = match query.done.as_str() {
        "proposed" => "已提出，等待另一人复核；复核通过前不生效",
        "approval" => "已批准，下一轮评估起生效；新预警先进存量",
        "rejection" => "已登记不批准，不会生效",
        _ => "",
    };
    html(&page)
}

async fn proposal_page(app: &App, caller: &Caller, id: ProposalId) -> Answered<ProposalPage> {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let one = app.deps.store.proposal(&grant, id).await?;
    let one = one.ok_or_else(Problem::not_found)?;
    let (mut reads, mut ends, mut wrong) = (String::new(), String::new(), String::new());
    if one.state() == ProposalState::Pending {
        match preview(&app.deps, &one.proposal.value).await {
            Ok(told) => {
                reads = told.words;
                ends = told.ends.unwrap_or_default();
            }
            Err(error) => Problem::from(error).zh().clone_into(&mut wrong),
        }
    }
    let line = line(app, &mut Names::default(), &one).await?;
    Ok(ProposalPage {
        shell: Shell::new(app, caller, "/parameters", "标准复核"),
        done: "",
        why: String::new(),
        version: one.state().version(),
        reads,
        ends,
        wrong,
        own: one.proposal.by == caller.officer.id,
        may_review: may_review(caller) && line.pending && grant.covers(one.proposal.value.region),
        line,
        key: fresh_key(),
        words: String::new(),
        asks_reason: false,
        reason: String::new(),
        nearly_all: guard::NEARLY_ALL_PERCENT,
        changes: guard::CHANGES_PERCENT,
    })
}

/// What a review's form carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewForm {
    key: String,
    version: i64,
    words: String,
    /// Only asked for when judging everybody found something.
    #[serde(default)]
    reason: String,
}

/// `POST /proposals/{id}/{noun}`: `approval` or `rejection`.
pub(super) async fn review(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictPath((id, noun)): StrictPath<(ProposalId, String)>,
    StrictForm(form): StrictForm<ReviewForm>,
) -> Paged {
    let grant = caller.grant(Operation::ReviewParameters)?;
    let approve = match noun.as_str() {
        "approval" => true,
        "rejection" => false,
        _ => return Err(Problem::not_found().into()),
    };
    let review = Review {
        proposal: id,
        version: form.version,
        approve,
        words: form.words.replace("\r\n", "\n"),
        reason: Some(form.reason.replace("\r\n", "\n")).filter(|reason| !reason.is_empty()),
    };
    match review_value(&app, &grant, form.key, review).await {
        Ok(_) => Ok(Redirect::to(&format!("/proposals/{id}?done={noun}")).into_response()),
        Err(problem) if problem.code() == "not_found" => Err(Refusal(problem)),
        Err(problem) if problem.status().is_client_error() => {
            let mut page = proposal_page(&app, &caller, id).await?;
            page.words = form.words;
            page.asks_reason = problem.code() == REASON_NEEDED || !form.reason.is_empty();
            page.reason = form.reason;
            problem.zh().clone_into(&mut page.why);
            html_with(problem.status(), &page)
        }
        Err(problem) => Err(Refusal(problem)),
    }
}
