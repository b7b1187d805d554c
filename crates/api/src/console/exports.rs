//! Exports that a second person releases: what an officer asked for, and what a
//! county officer has to decide.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::authority::Operation;
use domain::ids::ExportId;
use pipeline::export::{self, Standing};
use serde::Deserialize;
use store::exports::{ExportEvent, KnownExport};

use super::families::FamiliesQuery;
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::strict::StrictQuery;

/// Exports of one page, newest first.
const SHOWN_MAX: u32 = 100;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportsQuery {
    #[serde(default)]
    done: String,
}

/// One export.
struct ExportLine {
    id: String,
    by: String,
    at: String,
    what: String,
    purpose: String,
    families: u32,
    standing: String,
    taken: usize,
    may_decide: bool,
    may_take: bool,
}

#[derive(Template)]
#[template(path = "exports.html")]
struct ExportsPage {
    shell: Shell,
    done: &'static str,
    own: Vec<ExportLine>,
    others: Vec<ExportLine>,
    decides: bool,
    free: usize,
}

/// `GET /exports`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<ExportsQuery>,
) -> Paged {
    let own = caller.grant(Operation::ExportPeople)?;
    let deciding = caller.grant(Operation::ApproveExports);
    let known = match &deciding {
        Ok(grant) => app.deps.store.exports(grant, SHOWN_MAX).await?,
        Err(_) => app.deps.store.exports(&own, SHOWN_MAX).await?,
    };
    let (mine, others): (Vec<_>, Vec<_>) = known
        .into_iter()
        .partition(|known| known.row.officer == caller.officer.id);
    let mut names = std::collections::BTreeMap::new();
    for known in &others {
        if let std::collections::btree_map::Entry::Vacant(e) = names.entry(known.row.officer) {
            let officer = app.deps.store.officer(known.row.officer).await?;
            e.insert(officer.map(|o| o.name).unwrap_or_default());
        }
    }
    let name = |known: &KnownExport| names.get(&known.row.officer).cloned().unwrap_or_default();
    let own = mine
        .iter()
        .map(|known| line(&app, known, caller.officer.name.clone(), true));
    let others_lines = others
        .iter()
        .map(|known| line(&app, known, name(known), false));
    html(&ExportsPage {
        done: match query.done.as_str() {
            "asked" => "人数超过限额，已提交审批：请另一位县级人员审批后再下载。",
            "approved" => "已批准，申请人可在7天内下载。",
            "refused" => "已退回。",
            _ => "",
        },
        own: own.collect(),
        others: others_lines.collect(),
        decides: deciding.is_ok(),
        free: app.deps.settings.export_people_free,
        shell: Shell::new(&app, &caller, "/exports", "导出"),
    })
}

fn line(app: &App, known: &KnownExport, by: String, own: bool) -> ExportLine {
    let standing = export::standing(known, app.deps.clock.now());
    let taken = known
        .events
        .iter()
        .filter(|e| e.event == ExportEvent::Downloaded);
    ExportLine {
        id: known.row.id.to_string(),
        by,
        at: words::minute(known.row.at),
        what: what(app, &known.row.filter),
        purpose: words::purpose(&known.row.purpose),
        families: known.row.families,
        standing: match standing {
            Standing::Waiting => "待审批".to_owned(),
            Standing::Refused => "未批准".to_owned(),
            Standing::Open(until) => format!("已批准，{} 前可下载", words::minute(until)),
            Standing::Expired => "已过期".to_owned(),
        },
        taken: taken.count(),
        may_decide: !own && standing == Standing::Waiting,
        may_take: own && matches!(standing, Standing::Open(_)),
    }
}

/// The filter in words.
fn what(app: &App, filter: &str) -> String {
    let Ok(query) = serde_json::from_str::<FamiliesQuery>(filter) else {
        return "筛选条件无法读取".to_owned();
    };
    let today = app.deps.clock.today();
    let place = |code: &str| {
        let code = domain::region::DivisionCode::parse(code);
        code.map(|code| app.deps.divisions.name(code, today))
    };
    let mut parts: Vec<String> = [place(&query.township), place(&query.village)]
        .into_iter()
        .flatten()
        .collect();
    if !query.scheme.is_empty() {
        parts.push(domain::code::SCHEME.zh(&query.scheme).to_owned());
    }
    if !query.checked_before.is_empty() {
        parts.push(format!("最近核查早于{}", query.checked_before));
    }
    if !query.ends_by.is_empty() {
        parts.push(format!("有效期止不晚于{}", query.ends_by));
    }
    if parts.is_empty() {
        parts.push("全部".to_owned());
    }
    parts.join("，")
}

/// `POST /exports/{id}/approval`.
pub(super) async fn approve(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
) -> Paged {
    decide(&app, &caller, &id, true).await?;
    Ok(Redirect::to("/exports?done=approved").into_response())
}

/// `POST /exports/{id}/refusal`.
pub(super) async fn refuse(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
) -> Paged {
    decide(&app, &caller, &id, false).await?;
    Ok(Redirect::to("/exports?done=refused").into_response())
}

async fn decide(app: &App, caller: &Caller, id: &str, approve: bool) -> Answered<()> {
    let grant = caller.grant(Operation::ApproveExports)?;
    let id: ExportId = id.parse().map_err(|_| Problem::not_found())?;
    Ok(export::decide(&app.deps, &grant, id, approve).await?)
}
