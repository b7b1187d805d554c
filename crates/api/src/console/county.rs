//! 全县情况: how work stands on every desk, what waits in the backlog, what no
//! township has, and whose lists are late. Desks, never persons; in the order
//! of the division table, never of merit.

use askama::Template;
use axum::extract::State;
use domain::authority::Operation;
use domain::code;
use domain::region::DivisionCode;
use pipeline::standing::{self, DeskStanding, ListStanding, Standing};
use serde::Deserialize;
use store::commit::AlertRow;
use store::rows::AlertFilter;

use super::chart::{Chart, stacked};
use super::forms::fresh_key;
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::today::{Choice, done, townships};
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::strict::StrictQuery;

/// Alerts listed of the backlog and of the unplaced desk.
const LISTED_MAX: u32 = 60;

/// Findings from which on a share is told. A platform default.
const SHARE_FROM: i64 = 10;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountyQuery {
    #[serde(default)]
    done: String,
}

/// One desk's row.
struct DeskLine {
    code: String,
    name: String,
    raised: i64,
    begun: i64,
    overdue: i64,
    unverifiable: i64,
    /// `12／15（80%）`, or that nothing was found yet.
    truth: String,
    held: i64,
}

/// One alert to release or to place: no sentence, so nobody is shown.
struct WaitingLine {
    id: String,
    version: i64,
    key: String,
    level: &'static str,
    level_zh: &'static str,
    policy: String,
    place: String,
    opened: String,
}

/// One list's row.
struct ListLine {
    name: String,
    as_of: String,
    age: String,
    limit: u16,
    state: &'static str,
    is_fresh: bool,
}

#[derive(Template)]
#[template(path = "county.html")]
struct CountyPage {
    shell: Shell,
    done: &'static str,
    desks: Vec<DeskLine>,
    total: DeskLine,
    truncated: bool,
    chart: Chart,
    held: Vec<WaitingLine>,
    held_total: i64,
    unplaced: Vec<WaitingLine>,
    townships: Vec<Choice>,
    lists: Vec<ListLine>,
    late: usize,
    may_direct: bool,
}

/// `GET /county`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<CountyQuery>,
) -> Paged {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let standing = standing::standing(&app.deps, &grant).await?;
    let lists = standing::lists(&app.deps, &grant).await?;
    let held = AlertFilter {
        work: vec!["held".to_owned()],
        ..AlertFilter::default()
    };
    let unplaced = AlertFilter {
        unplaced: true,
        ..AlertFilter::default()
    };
    let held = waiting(
        &app,
        &app.deps
            .store
            .alerts(&grant, &held, None, LISTED_MAX)
            .await?,
    );
    let unplaced = app
        .deps
        .store
        .alerts(&grant, &unplaced, None, LISTED_MAX)
        .await?;
    let desks = desks(&app, &caller.officer.regions, &standing);
    let total = standing.desks.values().fold(DeskStanding::default(), sum);
    let lists: Vec<ListLine> = lists.iter().map(list).collect();
    html(&CountyPage {
        shell: Shell::new(&app, &caller, "/county", "全县情况"),
        done: done(&query.done),
        chart: chart(&desks),
        held_total: total.held,
        total: desk(String::new(), "合计".to_owned(), &total),
        truncated: standing.truncated,
        held,
        unplaced: waiting(&app, &unplaced),
        townships: townships(&app, &caller, None),
        late: lists.iter().filter(|list| !list.is_fresh).count(),
        lists,
        may_direct: caller.grant(Operation::DirectAlerts).is_ok(),
        desks,
    })
}

/// Every township of the regions, those without alerts too, then the unplaced.
fn desks(app: &App, regions: &[DivisionCode], standing: &Standing) -> Vec<DeskLine> {
    let today = app.deps.clock.today();
    let level = domain::region::Level::Township;
    let mut codes: Vec<DivisionCode> = standing.desks.keys().flatten().copied().collect();
    for region in regions {
        let inside = app.deps.divisions.inside(*region, level, today);
        let bureau = region.county();
        let run = |code: &DivisionCode| {
            bureau.is_none() || app.deps.divisions.bureau(*code, today) == bureau
        };
        codes.extend(inside.into_iter().map(|division| division.code).filter(run));
    }
    codes.sort_unstable();
    codes.dedup();
    let none = DeskStanding::default();
    let of = |desk: Option<DivisionCode>| standing.desks.get(&desk).unwrap_or(&none);
    let mut lines: Vec<DeskLine> = codes
        .iter()
        .map(|code| {
            let name = app.deps.divisions.name(*code, today);
            desk(code.to_string(), name, of(Some(*code)))
        })
        .collect();
    lines.push(desk(String::new(), "县级待分派".to_owned(), of(None)));
    lines
}

fn desk(code: String, name: String, standing: &DeskStanding) -> DeskLine {
    DeskLine {
        code,
        name,
        raised: standing.raised,
        begun: standing.begun,
        overdue: standing.overdue,
        unverifiable: standing.unverifiable,
        truth: if standing.found == 0 {
            "尚无核实".to_owned()
        } else {
            truth(standing)
        },
        held: standing.held,
    }
}

/// A share of a handful is noise: below ten findings only the counts are told.
fn truth(standing: &DeskStanding) -> String {
    let (found_true, found) = (standing.found_true, standing.found);
    if found < SHARE_FROM {
        return format!("{found_true}／{found}");
    }
    format!("{found_true}／{found}（{}%）", found_true * 100 / found)
}

fn sum(mut total: DeskStanding, desk: &DeskStanding) -> DeskStanding {
    total.held += desk.held;
    total.raised += desk.raised;
    total.begun += desk.begun;
    total.overdue += desk.overdue;
    total.unverifiable += desk.unverifiable;
    total.found_true += desk.found_true;
    total.found += desk.found;
    total
}

fn chart(desks: &[DeskLine]) -> Chart {
    let bar = |desk: &DeskLine| {
        let parts = vec![
            ("bar-raised", desk.raised),
            ("bar-begun", desk.begun),
            ("bar-held", desk.held),
        ];
        (desk.name.clone(), parts)
    };
    stacked(desks.iter().map(bar).collect())
}

fn waiting(app: &App, rows: &[AlertRow]) -> Vec<WaitingLine> {
    let today = app.deps.clock.today();
    let policies = app.deps.policies();
    let line = |row: &AlertRow| WaitingLine {
        id: row.id.to_string(),
        version: row.version,
        key: fresh_key(),
        level: row.level.name(),
        level_zh: words::level(row.level),
        policy: policies
            .policy(&row.policy)
            .map_or_else(|| row.policy.clone(), |policy| policy.title.zh.clone()),
        place: row.township.map_or_else(
            || "县级待分派".to_owned(),
            |code| app.deps.divisions.name(code, today),
        ),
        opened: row.opened_at.china_date().to_string(),
    };
    rows.iter().map(line).collect()
}

fn list(list: &ListStanding) -> ListLine {
    let part = list.part.as_deref().map_or_else(String::new, |part| {
        format!("·{}", code::GRANT_ITEM.zh(part))
    });
    let month = list
        .month
        .map_or_else(String::new, |month| format!("（{month}月份）"));
    ListLine {
        name: format!("{}{part}", words::dataset(&list.dataset)),
        as_of: list
            .as_of
            .map_or_else(|| "从未收到".to_owned(), |as_of| format!("{as_of}{month}")),
        age: list
            .age_days
            .map_or_else(|| "—".to_owned(), |days| format!("{days} 天")),
        limit: list.fresh_for_days,
        state: match (list.is_fresh(), list.as_of.is_some()) {
            (true, _) => "有效",
            (false, true) => "已过期：没有不再当作“没有”",
            (false, false) => "未收到：一律按不知道处理",
        },
        is_fresh: list.is_fresh(),
    }
}
