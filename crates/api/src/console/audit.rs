//! For auditors: from an alert to the lines of the files it rests on, whether
//! its decision comes out the same today, who looked, and today's root.

use askama::Template;
use axum::extract::State;
use domain::authority::{Grant, Operation};
use domain::ids::{AlertId, OfficerId, PersonId, Subject};
use domain::region::DivisionCode;
use pipeline::audit;
use pipeline::people;
use pipeline::trace;
use serde::Deserialize;
use store::rows::Disclosed;

use super::alert::{Event, open, timeline};
use super::forms::StrictForm;
use super::household::link;
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};

/// Disclosures listed.
const LOOKED_MAX: u32 = 200;

/// Whom or what to ask about: an alert's id, `h:<id>`, `p:<id>`, or a bare id.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditForm {
    about: String,
}

/// One file a decision rests on.
struct FileView {
    name: String,
    source: String,
    business_date: String,
    digest: String,
    received: String,
    uploader: String,
    lines: String,
    notes: Vec<String>,
}

/// What tracing an alert told.
struct TraceView {
    alert: String,
    sentence: String,
    policy: String,
    version: String,
    on: String,
    policy_set: String,
    decision: String,
    stored: String,
    recomputed: String,
    equal: bool,
    files: Vec<FileView>,
    timeline: Vec<Event>,
}

/// Someone was shown the subject.
struct Looked {
    at: String,
    officer: String,
    operation: &'static str,
    purpose: String,
    number: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    about: String,
    why: String,
    root: String,
    root_size: i64,
    root_at: String,
    trace: Option<TraceView>,
    subject: String,
    subject_link: String,
    subject_name: String,
    files: Vec<FileView>,
    asked: bool,
    looked: Vec<Looked>,
}

/// `GET /audit`.
pub(super) async fn page(State(app): State<App>, Visitor(caller): Visitor) -> Paged {
    caller.grant(Operation::ReadLedger)?;
    html(&frame(&app, &caller).await?)
}

async fn frame(app: &App, caller: &Caller) -> Answered<AuditPage> {
    let root = app.deps.store.ledger_roots().await?.pop();
    Ok(AuditPage {
        shell: Shell::new(app, caller, "/audit", "审计"),
        about: String::new(),
        why: String::new(),
        root: root
            .as_ref()
            .map_or_else(|| "尚无".to_owned(), |root| hex::encode(root.root)),
        root_size: root.as_ref().map_or(0, |root| root.size),
        root_at: root.map_or_else(String::new, |root| words::minute(root.at)),
        trace: None,
        subject: String::new(),
        subject_link: String::new(),
        subject_name: String::new(),
        files: Vec::new(),
        asked: false,
        looked: Vec::new(),
    })
}

/// `POST /audit`.
pub(super) async fn answer(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(form): StrictForm<AuditForm>,
) -> Paged {
    let ledger = caller.grant(Operation::ReadLedger)?;
    let mut page = frame(&app, &caller).await?;
    let about = form.about.trim();
    about.clone_into(&mut page.about);
    if let Ok(subject) = about.parse::<Subject>() {
        sources(&app, &caller, subject, &mut page).await?;
        ask(&app, &ledger, subject, &mut page).await?;
    } else if let Ok(id) = about.parse::<AlertId>() {
        match traced(&app, &caller, id).await {
            Ok((trace, subject)) => {
                page.trace = Some(trace);
                ask(&app, &ledger, subject, &mut page).await?;
            }
            Err(problem) if problem.code() == "not_found" => {
                person(&app, &caller, &ledger, about, &mut page).await?;
            }
            Err(problem) => return Err(problem.into()),
        }
    } else {
        "请填预警编号，或家庭、人员编号".clone_into(&mut page.why);
    }
    // What is of another place and what is nobody's look alike: neither stands there again.
    if !page.why.is_empty() {
        page.about.clear();
    }
    html(&page)
}

/// A bare id that is no alert may be a person's.
async fn person(
    app: &App,
    caller: &Caller,
    ledger: &Grant,
    about: &str,
    page: &mut AuditPage,
) -> Answered<()> {
    let id: PersonId = about.parse().map_err(|_| Problem::not_found())?;
    sources(app, caller, Subject::Person(id), page).await?;
    ask(app, ledger, Subject::Person(id), page).await
}

/// The files and lines behind everything known of a subject today.
async fn sources(
    app: &App,
    caller: &Caller,
    subject: Subject,
    page: &mut AuditPage,
) -> Answered<()> {
    let grant = caller.grant(Operation::ReadPeople)?;
    let today = app.deps.clock.today();
    let Some(view) = people::view(&app.deps, &grant, subject, today, None).await? else {
        return Ok(());
    };
    let rows = audit::rows_of(&view.household, subject);
    let imports = caller.grant(Operation::ReadImports)?;
    let files = trace::files(&app.deps, &imports, &rows).await?;
    app.discloser
        .disclose(&grant, &view.shown(subject), &caller.request)
        .await?;
    page.files = files.iter().map(file).collect();
    let named = match subject {
        Subject::Person(id) => Some(id),
        Subject::Household(_) => view.household.members().next().map(|member| member.id),
    };
    let name = named.and_then(|id| view.identities.get(&id)?.text("name"));
    page.subject_name = name.map(vault::mask::name).unwrap_or_default();
    Ok(())
}

/// Who looked at a subject of the auditor's regions.
async fn ask(app: &App, ledger: &Grant, subject: Subject, page: &mut AuditPage) -> Answered<()> {
    let store = app.deps.store.as_ref();
    let today = app.deps.clock.today();
    if !store.covers(ledger, subject, today).await? {
        "没有这一项，或不在您的范围内".clone_into(&mut page.why);
        return Ok(());
    }
    let pseudonym = app.deps.vault.audit_pseudonym(subject);
    let shown = store.disclosures(ledger, &pseudonym, LOOKED_MAX).await?;
    for disclosed in shown {
        let looked = looked(app, disclosed).await?;
        page.looked.push(looked);
    }
    page.subject = subject.to_string();
    page.subject_link = link(subject);
    page.asked = true;
    Ok(())
}

async fn looked(app: &App, shown: Disclosed) -> Answered<Looked> {
    Ok(Looked {
        at: words::minute(shown.at),
        officer: officer(app, shown.officer).await?,
        operation: words::operation(shown.operation),
        purpose: words::purpose(&shown.purpose),
        number: shown
            .number
            .map_or_else(|| "待编号".to_owned(), |number| number.to_string()),
    })
}

async fn officer(app: &App, id: OfficerId) -> Answered<String> {
    let officer = app.deps.store.officer(id).await?;
    Ok(officer.map_or_else(|| id.to_string(), |officer| officer.name))
}

async fn traced(app: &App, caller: &Caller, id: AlertId) -> Answered<(TraceView, Subject)> {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let open = open(app, &grant, id).await?;
    let decisions = caller.grant(Operation::ReadDecisions)?;
    let row = app
        .deps
        .store
        .decision(&decisions, open.alert.decision)
        .await?
        .ok_or_else(Problem::not_found)?;
    let partition = decisions.regions().iter().find_map(DivisionCode::county);
    let partition = partition.ok_or_else(Problem::not_found)?;
    let replay = people::replay(&app.deps, partition, &row).await?;
    let imports = caller.grant(Operation::ReadImports)?;
    let files = trace::files(&app.deps, &imports, &open.decision.rows).await?;
    let timeline = timeline(app, &grant, &open.row).await?;
    app.discloser
        .disclose(&grant, &[open.row.subject, open.row.unit], &caller.request)
        .await?;
    let evaluation = &open.decision.evaluation;
    let view = TraceView {
        alert: id.to_string(),
        sentence: open.sentence,
        policy: open.decision.title_zh.clone(),
        version: evaluation.version.clone(),
        on: open.decision.on.to_string(),
        policy_set: open.decision.policy_set.clone(),
        decision: row.id.to_string(),
        equal: replay.recomputed.as_deref() == Some(replay.stored.as_str()),
        stored: replay.stored,
        recomputed: replay
            .recomputed
            .unwrap_or_else(|| "无法重算：当时的政策集未留存".to_owned()),
        files: files.iter().map(file).collect(),
        timeline,
    };
    Ok((view, open.row.subject))
}

fn file(source: &trace::SourceFile) -> FileView {
    let lines: Vec<String> = source.lines.keys().map(u32::to_string).collect();
    let notes = source.lines.iter().flat_map(|(line, notes)| {
        let told = notes.iter();
        told.map(move |note| format!("第{line}行：{}", note.zh))
    });
    let notes: Vec<String> = notes.collect();
    match &source.file {
        Some(file) => FileView {
            name: words::short(&file.file_name),
            source: words::dataset(file.header.dataset.as_str()),
            business_date: file.header.revision.to_string(),
            digest: file.header.digest.clone(),
            received: words::minute(file.header.received_at),
            uploader: source.uploader.clone().unwrap_or_default(),
            lines: lines.join("、"),
            notes,
        },
        None => FileView {
            name: "经办人在本系统登记".to_owned(),
            source: String::new(),
            business_date: String::new(),
            digest: source.import.to_string(),
            received: String::new(),
            uploader: String::new(),
            lines: lines.join("、"),
            notes,
        },
    }
}
