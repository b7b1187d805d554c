//! 报送: what was sent and what came of it, and the form to send a file with.
//!
//! The form says in words what a report declares, because a list that is
//! called complete ends memberships. What was typed stays when a file is
//! refused; only the file must be chosen again.

use askama::Template;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::response::{IntoResponse, Redirect};
use domain::authority::{Operation, Role};
use domain::ids::ImportId;
use domain::record::{DatasetId, Revision, SourceId};
use domain::region::DivisionCode;
use ingest::Layout;
use pipeline::corrections;
use pipeline::intake::{IntakeError, Taken, UploadHeader};
use serde::Deserialize;
use store::commit::{ImportRow, ImportState};

use super::refusal::{Paged, html_with};
use super::shell::Shell;
use super::today::Choice;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::imports::file_name;
use crate::problem::{Answered, Problem};
use crate::spool::{Spooled, Spooling, cut};
use crate::strict::{StrictQuery, date};

/// Imports and corrections on one page.
const SHOWN: u32 = 50;
/// Longest value of a field that is no file.
const FIELD_BYTES_MAX: usize = 1_000;
/// Sequences tried when the sender left the choice to us.
const SEQUENCES_MAX: u32 = 100;

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportsQuery {
    /// An import to send a correction of.
    #[serde(default)]
    again: String,
}

/// What was typed beside the file.
#[derive(Clone, Debug, Default)]
struct Sending {
    dataset: String,
    business_date: String,
    sequence: String,
    scope: String,
    as_of: String,
}

/// A list the account may send.
struct List {
    dataset: String,
    title: String,
    declares: &'static str,
    chosen: bool,
}

/// One import of the table.
struct Line {
    link: String,
    list: String,
    batch: String,
    file: String,
    received: String,
    waiting: bool,
    rows: u64,
    taken: u64,
    held: u64,
    rejected: u64,
}

/// A row an officer disputed.
pub(super) struct Correction {
    pub(super) link: String,
    pub(super) list: String,
    pub(super) batch: String,
    pub(super) line: u32,
    pub(super) fact: &'static str,
    pub(super) on: String,
    pub(super) reason: String,
    pub(super) answered: bool,
}

#[derive(Template)]
#[template(path = "imports.html")]
struct ImportsPage {
    shell: Shell,
    sends: bool,
    form: Sending,
    lists: Vec<List>,
    scopes: Vec<Choice>,
    /// Why the last file was not taken, and its code.
    refused: String,
    code: String,
    imports: Vec<Line>,
    corrections: Vec<Correction>,
}

/// `GET /imports`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<ImportsQuery>,
) -> Paged {
    let grant = caller.grant(Operation::ReadImports)?;
    let mut form = Sending {
        business_date: app.deps.clock.today().to_string(),
        ..Sending::default()
    };
    if !query.again.is_empty() {
        let id: ImportId = query.again.parse().map_err(|_| Problem::not_found())?;
        let import = app.deps.store.import(&grant, id).await?;
        let header = import.ok_or_else(Problem::not_found)?.header;
        // A few corrected rows are no complete list: the as-of day stays empty.
        form = Sending {
            dataset: header.dataset.to_string(),
            business_date: header.revision.business_date.to_string(),
            scope: header.scope.to_string(),
            ..Sending::default()
        };
    }
    shown(&app, &caller, form, None).await
}

/// `POST /imports`: a form with one file.
pub(super) async fn send(
    State(app): State<App>,
    Visitor(caller): Visitor,
    multipart: Result<Multipart, MultipartRejection>,
) -> Paged {
    let grant = caller.grant(Operation::Import)?;
    let multipart = multipart.map_err(|_| invalid())?;
    let mut form = Sending::default();
    let sent = match received(&app, multipart, &mut form).await {
        Ok((spooled, name)) => {
            let taken = take(&app, &caller, &grant, &form, &spooled, &name).await;
            drop(spooled);
            taken
        }
        Err(problem) => Err(problem),
    };
    match sent {
        Ok(taken) => {
            let done = if taken.repeated {
                "repeated"
            } else {
                "received"
            };
            let address = format!("/imports/{}?done={done}", taken.import.header.id);
            Ok(Redirect::to(&address).into_response())
        }
        Err(problem) if problem.status().is_client_error() => {
            shown(&app, &caller, form, Some(problem)).await
        }
        Err(problem) => Err(problem.into()),
    }
}

fn invalid() -> Problem {
    Problem::bad(
        "form.invalid",
        "表单内容不完整或格式不对，请返回重填",
        "the form has missing, unknown or malformed fields",
    )
}

/// Reads the fields into the form and the file onto the disk.
async fn received(
    app: &App,
    mut multipart: Multipart,
    form: &mut Sending,
) -> Answered<(Spooled, String)> {
    let mut file = None;
    while let Some(field) = multipart.next_field().await.map_err(|_| cut())? {
        let name = field.name().unwrap_or_default().to_owned();
        let into = match name.as_str() {
            "dataset" => &mut form.dataset,
            "business_date" => &mut form.business_date,
            "sequence" => &mut form.sequence,
            "scope" => &mut form.scope,
            "as_of" => &mut form.as_of,
            "file" if file.is_none() => {
                file = Some(spooled(app, field).await?);
                continue;
            }
            _ => return Err(invalid()),
        };
        *into = text(field).await?;
    }
    file.ok_or_else(no_file)
}

fn no_file() -> Problem {
    Problem::bad("form.file", "请选择要报送的文件", "no file was chosen")
}

async fn text(mut field: Field<'_>) -> Answered<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| cut())? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > FIELD_BYTES_MAX {
            return Err(invalid());
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| invalid())?;
    Ok(text.trim().to_owned())
}

async fn spooled(app: &App, mut field: Field<'_>) -> Answered<(Spooled, String)> {
    // A browser sends an empty part without a name when nothing was chosen.
    let name = field.file_name().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(no_file());
    }
    let mut spooling = Spooling::begin(app).await?;
    while let Some(chunk) = field.chunk().await.map_err(|_| cut())? {
        spooling.put(&chunk).await?;
    }
    Ok((spooling.end().await?, file_name(Some(&name))))
}

/// Takes the file. Without a sequence it is the first that is free, or the one
/// under which this very file was taken.
async fn take(
    app: &App,
    caller: &Caller,
    grant: &domain::authority::Grant,
    form: &Sending,
    spooled: &Spooled,
    name: &str,
) -> Answered<Taken> {
    let layout = lists(caller)
        .find(|layout| layout.dataset() == form.dataset)
        .ok_or_else(|| Problem::bad("import.dataset", "请选择名册", "choose a list"))?;
    let scope = DivisionCode::parse(&form.scope)
        .ok_or_else(|| Problem::bad("param.scope", "请选择地区", "choose a place"))?;
    let asked = match form.sequence.as_str() {
        "" => None,
        text => Some(text.parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(|| {
            Problem::bad(
                "param.range",
                "批次号是从1起的整数",
                "a sequence is a positive number",
            )
        })?),
    };
    let as_of = Some(form.as_of.as_str()).filter(|text| !text.is_empty());
    let mut header = UploadHeader {
        source: SourceId::new(layout.source()),
        dataset: DatasetId::new(layout.dataset()),
        revision: Revision {
            business_date: date(&form.business_date)?,
            sequence: asked.unwrap_or(1),
        },
        scope,
        as_of: as_of.map(date).transpose()?,
        file_name: name.to_owned(),
    };
    loop {
        match spooled.take(app, grant, &header).await {
            Err(IntakeError::OtherContent(_))
                if asked.is_none() && header.revision.sequence < SEQUENCES_MAX =>
            {
                header.revision.sequence += 1;
            }
            taken => return Ok(taken?),
        }
    }
}

/// Layouts whose source the account may send as.
fn lists(caller: &Caller) -> impl Iterator<Item = &'static Layout> {
    let sources = &caller.officer.sources;
    let sends = caller.officer.role == Role::Importer;
    Layout::builtin()
        .iter()
        .filter(move |layout| sends && sources.iter().any(|source| source == layout.source()))
}

/// What a report of the list declares.
fn declares(layout: &Layout) -> &'static str {
    if layout.is_snapshot() {
        "填了截至日期，就是声明：截至这一天，该地区的人全在这个文件里；上一册有、这一册没有的，即为退出。只报几行增补或更正时，截至日期必须留空。"
    } else if layout.is_by_month() {
        "文件里出现的每个救助项目和发放年月，都视为该项目该月已经报全；不要先报一半。截至日期可留空。"
    } else {
        "声明：到截至日期（留空则为业务日期）为止发生的，都已报来；没有报的人就是“没有”，不是“不知道”。"
    }
}

/// The page with what was typed, and why it was not taken.
async fn shown(app: &App, caller: &Caller, form: Sending, refused: Option<Problem>) -> Paged {
    let grant = caller.grant(Operation::ReadImports)?;
    let imports = app.deps.store.imports(&grant, None, SHOWN).await?;
    let today = app.deps.clock.today();
    let scopes = caller.officer.regions.iter().map(|code| Choice {
        code: code.to_string(),
        name: app.deps.divisions.name(*code, today),
        chosen: code.as_str() == form.scope,
    });
    let list = |layout: &Layout| List {
        dataset: layout.dataset().to_owned(),
        title: layout.title_zh().to_owned(),
        declares: declares(layout),
        chosen: layout.dataset() == form.dataset,
    };
    let corrections = corrections::list(&app.deps, &grant, None, SHOWN).await?;
    let page = ImportsPage {
        shell: Shell::new(app, caller, "/imports", "报送"),
        sends: caller.officer.role == Role::Importer,
        lists: lists(caller).map(list).collect(),
        scopes: scopes.collect(),
        refused: refused
            .as_ref()
            .map_or_else(String::new, |p| p.zh().to_owned()),
        code: refused
            .as_ref()
            .map_or_else(String::new, |p| p.code().to_owned()),
        imports: imports.iter().map(line).collect(),
        corrections: corrections.iter().map(correction).collect(),
        form,
    };
    let status = refused.map_or(axum::http::StatusCode::OK, |problem| problem.status());
    html_with(status, &page)
}

/// Business date and sequence in words.
pub(super) fn batch(revision: Revision) -> String {
    format!("{} 第{}批", revision.business_date, revision.sequence)
}

/// A list's own title.
pub(super) fn title(dataset: &str) -> String {
    ingest::layout_for(dataset).map_or_else(|| words::dataset(dataset), |l| l.title_zh().to_owned())
}

fn line(import: &ImportRow) -> Line {
    let counts = import.counts;
    Line {
        link: format!("/imports/{}", import.header.id),
        list: title(import.header.dataset.as_str()),
        batch: batch(import.header.revision),
        file: import.file_name.clone(),
        received: words::minute(import.header.received_at),
        waiting: import.state == ImportState::Receiving,
        rows: counts.received(),
        taken: counts.accepted + counts.warned,
        held: counts.held,
        rejected: counts.rejected,
    }
}

pub(super) fn correction(task: &corrections::Task) -> Correction {
    let row = &task.row;
    Correction {
        link: format!("/imports/{}", row.import),
        list: title(row.dataset.as_str()),
        batch: batch(row.revision),
        line: row.line,
        fact: domain::dictionary::Kind::named(&row.kind).map_or("", |kind| kind.def().zh),
        on: words::minute(row.at),
        reason: task.reason.clone().unwrap_or_default(),
        answered: row.answered,
    }
}
