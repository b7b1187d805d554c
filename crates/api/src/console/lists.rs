//! Lists: blue alerts of one policy, village by village, ticked and closed
//! together. What is pressing is never here.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use domain::authority::{Grant, Operation};
use domain::evaluation::AlertLevel;
use domain::ids::{AlertId, Subject};
use domain::region::{DivisionCode, Level};
use pipeline::desk::Opened;
use pipeline::register::{self, Family};
use serde::Deserialize;
use store::commit::AlertRow;
use store::rows::AlertFilter;

use super::alert::Seen;
use super::conflict::OutcomeChoice;
use super::forms::Allowed;
use super::refusal::{Paged, html};
use super::several::{self, ALERTS_MAX, Entry};
use super::shell::Shell;
use super::today::{self, Choice, chosen, townships};
use super::visitor::Visitor;
use super::words;
use crate::alerts::STANDING_LINE;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::strict::StrictQuery;

/// Alerts of one policy read to be sorted into villages.
const READ_MAX: usize = 2_000;
/// Alerts read at a time.
const CHUNK: u32 = 500;

/// Which list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    #[serde(default)]
    policy: String,
    #[serde(default)]
    township: String,
    #[serde(default)]
    village: String,
    /// Reads on after this alert.
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
}

/// One row.
struct Row {
    entry: Entry,
    title: String,
    about: String,
    due: String,
    work: &'static str,
}

#[derive(Template)]
#[template(path = "lists.html")]
struct ListsPage {
    shell: Shell,
    done: &'static str,
    policies: Vec<Choice>,
    townships: Vec<Choice>,
    villages: Vec<Choice>,
    query: ListQuery,
    rows: Vec<Row>,
    total: usize,
    truncated: bool,
    more: String,
    may_work: bool,
    outcomes: Vec<OutcomeChoice>,
    latest: String,
    standing: &'static str,
}

/// `GET /lists`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Paged {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let township = chosen(&query.township)?;
    let village = chosen(&query.village)?;
    let policies = policies(&app, &grant, &query.policy).await?;
    let (rows, truncated) = if query.policy.is_empty() {
        (Vec::new(), false)
    } else {
        blue(&app, &grant, &query.policy, township).await?
    };
    let units: BTreeSet<Subject> = rows.iter().map(|row| row.unit).collect();
    let units: Vec<Subject> = units.into_iter().collect();
    let families = register::families(&app.deps, &grant, &units).await?;
    let of = |row: &AlertRow| families.get(&row.unit).and_then(village_of);
    let villages: BTreeSet<DivisionCode> = rows.iter().filter_map(of).collect();
    let mut listed: Vec<&AlertRow> = rows
        .iter()
        .filter(|row| village.is_none_or(|wanted| of(row) == Some(wanted)))
        .collect();
    listed.sort_by_key(|row| (of(row), row.due_on, row.id));
    let total = listed.len();
    let (page, next) = slice(&listed, &query.after)?;
    let shown: BTreeSet<Subject> = page
        .iter()
        .flat_map(|row| [row.subject, row.unit])
        .collect();
    if !shown.is_empty() {
        let shown: Vec<Subject> = shown.into_iter().collect();
        app.discloser
            .disclose(&grant, &shown, &caller.request)
            .await?;
    }
    let lines = lines(&app, &caller, &grant, &page, &families).await?;
    let on = app.deps.clock.today();
    let choice = |code: DivisionCode| Choice {
        name: app.deps.divisions.name(code, on),
        chosen: Some(code) == village,
        code: code.to_string(),
    };
    html(&ListsPage {
        shell: Shell::new(&app, &caller, "", "清单"),
        done: today::done(&query.done),
        policies,
        townships: townships(&app, &caller, township),
        villages: villages.into_iter().map(choice).collect(),
        rows: lines,
        total,
        truncated,
        more: next.map_or_else(String::new, |after| {
            format!(
                "/lists?policy={}&township={}&village={}&after={after}",
                query.policy, query.township, query.village
            )
        }),
        may_work: caller.grant(Operation::WorkAlerts).is_ok(),
        outcomes: several::list_outcomes(""),
        latest: on.to_string(),
        standing: STANDING_LINE,
        query,
    })
}

/// Policies with blue alerts on the desk, and how many.
async fn policies(app: &App, grant: &Grant, chosen: &str) -> Answered<Vec<Choice>> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for count in app.deps.store.alert_counts(grant).await? {
        let on_desk = !matches!(count.work.as_str(), "held" | "closed");
        if on_desk && count.level == AlertLevel::Blue.name() {
            *counts.entry(count.policy).or_default() += count.count;
        }
    }
    let known = app.deps.policies();
    if !chosen.is_empty() && known.policy(chosen).is_none() {
        return Err(Problem::bad(
            "param.policy",
            "没有这项政策",
            "unknown policy",
        ));
    }
    let choice = |(id, count): (String, i64)| {
        let title = known
            .policy(&id)
            .map_or_else(|| id.clone(), |p| p.title.zh.clone());
        Choice {
            name: format!("{title}（{count}）"),
            chosen: id == chosen,
            code: id,
        }
    };
    Ok(counts.into_iter().map(choice).collect())
}

/// Blue alerts of one policy that are awake; whether there are more.
async fn blue(
    app: &App,
    grant: &Grant,
    policy: &str,
    township: Option<DivisionCode>,
) -> Answered<(Vec<AlertRow>, bool)> {
    let filter = AlertFilter {
        policies: vec![policy.to_owned()],
        levels: vec![AlertLevel::Blue],
        township,
        awake_on: Some(app.deps.clock.today()),
        ..AlertFilter::default()
    };
    let mut found: Vec<AlertRow> = Vec::new();
    loop {
        let after = found.last().map(|row| row.id);
        let rows = app.deps.store.alerts(grant, &filter, after, CHUNK).await?;
        let page = rows.len();
        found.extend(rows);
        if page < CHUNK as usize {
            return Ok((found, false));
        }
        if found.len() >= READ_MAX {
            return Ok((found, true));
        }
    }
}

/// The village a family is listed under: hukou before residence.
fn village_of(family: &Family) -> Option<DivisionCode> {
    [family.hukou, family.residence]
        .into_iter()
        .flatten()
        .find(|code| code.level() == Level::Village)
}

fn slice<'a>(
    listed: &[&'a AlertRow],
    after: &str,
) -> Answered<(Vec<&'a AlertRow>, Option<AlertId>)> {
    let after: Option<AlertId> = match after {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| Problem::bad("cursor.invalid", "游标格式不对", "not a cursor"))?,
        ),
    };
    let start = after
        .and_then(|id| listed.iter().position(|row| row.id == id))
        .map_or(0, |position| position + 1);
    let end = listed.len().min(start + ALERTS_MAX);
    let page = listed[start..end].to_vec();
    let next = page.last().filter(|_| end < listed.len()).map(|row| row.id);
    Ok((page, next))
}

async fn lines(
    app: &App,
    caller: &Caller,
    grant: &Grant,
    page: &[&AlertRow],
    families: &BTreeMap<Subject, Family>,
) -> Answered<Vec<Row>> {
    let rows: Vec<AlertRow> = page.iter().map(|row| (*row).clone()).collect();
    let opened = Opened::of(&app.deps, grant, &rows).await?;
    let mut lines = Vec::new();
    for row in &rows {
        let (Some(alert), Some(decision)) =
            (opened.alerts.get(&row.id), opened.decisions.get(&row.id))
        else {
            continue;
        };
        let (title, about) = today::heading(app, caller, families.get(&row.unit), row);
        let seen = Seen {
            row,
            alert,
            decision,
            sentence: &words::short(&opened.render(&app.deps, &decision.sentence_zh)),
        };
        let mut entry = several::entry(lines.len(), &seen, None);
        // What cannot be concluded now is listed and cannot be ticked.
        if !Allowed::on(app, caller, alert).conclude {
            entry.key.clear();
        }
        lines.push(Row {
            entry,
            title,
            about,
            due: row
                .due_on
                .map_or_else(|| "无期限".to_owned(), |on| on.to_string()),
            work: words::work(&row.work),
        });
    }
    Ok(lines)
}
