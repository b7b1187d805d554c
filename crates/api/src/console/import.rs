//! One import: what came of its rows, in words, and the file to correct. Never
//! the content of a cell: that is in the file, whose download is in the ledger.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use domain::authority::{Operation, Role};
use domain::ids::ImportId;
use domain::record::{RowNote, RowOutcome};
use pipeline::corrections;
use pipeline::intake::about_file;
use serde::Deserialize;
use store::commit::{ImportRow, ImportState, KeptRow};

use super::POLICY;
use super::imports::{Correction, batch, correction, title};
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::imports::{outcome, returned_rows};
use crate::problem::Problem;
use crate::strict::StrictQuery;

/// Rows of one page.
const ROWS: u32 = 100;

/// Which rows of the import.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportQuery {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    after: u32,
    /// What was just done, to say so.
    #[serde(default)]
    done: String,
}

/// One thing to tell about a row.
struct Note {
    column: String,
    code: String,
    zh: String,
}

/// A row that was not simply taken.
struct Row {
    line: u32,
    outcome: &'static str,
    notes: Vec<Note>,
}

/// How many rows ended so, and what to do about it.
struct Count {
    name: &'static str,
    word: &'static str,
    rows: u64,
    todo: &'static str,
    current: bool,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    shell: Shell,
    done: &'static str,
    id: String,
    list: String,
    source: String,
    batch: String,
    scope: String,
    as_of: String,
    file: String,
    digest: String,
    received: String,
    format: &'static str,
    total: String,
    waiting: bool,
    next_line: u32,
    /// Rows in, and rows of the whole file where that is known.
    came: u64,
    rows_of_file: Option<u64>,
    counts: Vec<Count>,
    notes: Vec<Note>,
    outcome: String,
    rows: Vec<Row>,
    next: Option<u32>,
    may_download: bool,
    may_send: bool,
    corrections: Vec<Correction>,
}

/// `GET /imports/{id}`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    StrictQuery(query): StrictQuery<ImportQuery>,
) -> Paged {
    let id: ImportId = id.parse().map_err(|_| Problem::not_found())?;
    let grant = caller.grant(Operation::ReadImports)?;
    let only = outcome(Some(query.outcome.as_str()).filter(|name| !name.is_empty()))?;
    let store = &app.deps.store;
    let import = store.import(&grant, id).await?;
    let import = import.ok_or_else(Problem::not_found)?;
    let kept = store.kept_rows(&grant, id, only, query.after, ROWS).await?;
    let about = about_file(&app.deps, id).await?;
    let tasks = corrections::list(&app.deps, &grant, Some(id), ROWS).await?;
    let next = kept.last().filter(|_| kept.len() == ROWS as usize);
    let role = caller.officer.role;
    let header = &import.header;
    let waiting = import.state == ImportState::Receiving;
    let mut page = html(&ImportPage {
        shell: Shell::new(&app, &caller, "/imports", "报送结果"),
        done: done(&query.done),
        id: id.to_string(),
        list: title(header.dataset.as_str()),
        source: header.source.to_string(),
        batch: batch(header.revision),
        scope: app
            .deps
            .divisions
            .name(header.scope, app.deps.clock.today()),
        as_of: header.as_of.map_or_else(String::new, |day| day.to_string()),
        file: import.file_name.clone(),
        digest: header.digest.clone(),
        received: words::minute(header.received_at),
        format: about.as_ref().map_or("", |about| about.shape.format.name()),
        total: about.as_ref().map_or_else(String::new, |about| {
            domain::money::Money::from_fen(about.yuan_total_fen).yuan_grouped()
        }),
        waiting,
        next_line: import.next_line,
        came: import.counts.received(),
        rows_of_file: about.as_ref().and_then(|about| about.rows),
        counts: counts(&import, &query.outcome),
        notes: about
            .iter()
            .flat_map(|about| about.notes.iter().map(note))
            .collect(),
        outcome: query.outcome.clone(),
        next: next.map(|row| row.line),
        rows: kept.iter().map(row).collect(),
        may_download: role != Role::Auditor && import.counts.held + import.counts.rejected > 0,
        may_send: role == Role::Importer,
        corrections: tasks.iter().map(correction).collect(),
    })?;
    if waiting {
        let policy = HeaderValue::from_str(&format!("{POLICY}; connect-src 'self'"));
        let policy = policy.expect("the policy is ASCII");
        page.headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(page)
}

/// What was done, from a closed list of words.
fn done(name: &str) -> &'static str {
    match name {
        "received" => "已全部收下并落盘，结果如下",
        "repeated" => "这个文件以前已经收过，没有重复写入",
        _ => "",
    }
}

const fn word(outcome: RowOutcome) -> &'static str {
    match outcome {
        RowOutcome::Accepted => "接收",
        RowOutcome::Warned => "接收并告警",
        RowOutcome::Held => "待补全",
        RowOutcome::Rejected => "退回",
    }
}

fn counts(import: &ImportRow, chosen: &str) -> Vec<Count> {
    let counts = import.counts;
    let one = |outcome: RowOutcome, rows, todo| Count {
        name: outcome.name(),
        word: word(outcome),
        rows,
        todo,
        current: outcome.name() == chosen,
    };
    vec![
        one(RowOutcome::Accepted, counts.accepted, "已入库，不必处理"),
        one(
            RowOutcome::Warned,
            counts.warned,
            "已入库，下次报送时改进；读不懂的次要单元格按“未登记”处理",
        ),
        one(
            RowOutcome::Held,
            counts.held,
            "缺可用的证件号码，或号码与本人对不上；补全后再报，不会算到别人头上",
        ),
        one(RowOutcome::Rejected, counts.rejected, "未入库；改正后再报"),
    ]
}

fn note(note: &RowNote) -> Note {
    Note {
        column: note.column.clone().unwrap_or_default(),
        code: note.code.clone(),
        zh: note.zh.clone(),
    }
}

fn row(row: &KeptRow) -> Row {
    Row {
        line: row.line,
        outcome: word(row.outcome),
        notes: row.notes.iter().map(note).collect(),
    }
}

/// `GET /imports/{id}/returned`.
pub(super) async fn returned(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
) -> Paged {
    let id: ImportId = id.parse().map_err(|_| Problem::not_found())?;
    Ok(returned_rows(&app, &caller, id, None).await?)
}
