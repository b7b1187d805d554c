//! 全县情况: how work stands on every desk, what waits in the backlog, what no
//! township has, and whose lists are late. Desks, never persons; in the order
//! of the division table, never of merit.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::authority::{Operation, Role};
use domain::code;
use domain::region::DivisionCode;
use pipeline::arrivals::{self, Arrival, ListMonths};
use pipeline::releasing::{self, RELEASED_MAX, Wish};
use pipeline::standing::{self, DeskStanding, ListStanding, Standing};
use serde::Deserialize;
use store::commit::AlertRow;
use store::rows::AlertFilter;

use super::chart::{Chart, stacked};
use super::forms::{ActionForm, StrictForm, fresh_key};
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::steps;
use super::today::{Choice, chosen, done, townships};
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::problem::Problem;
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

/// One list's months.
struct CalendarLine {
    name: String,
    months: Vec<CalendarCell>,
}

/// What came of one list in one month.
struct CalendarCell {
    text: String,
    is_late: bool,
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
    /// By policy; `name` is its title.
    policies: Vec<DeskLine>,
    /// Policies and townships with a backlog.
    held_policies: Vec<Choice>,
    held_townships: Vec<Choice>,
    release_key: String,
    release_max: u32,
    budget: u32,
    months: Vec<String>,
    calendar: Vec<CalendarLine>,
    calendar_cut: bool,
    total: DeskLine,
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
    // A children's officer directs the kept alerts and reads no lists.
    let (title, arrivals) = if caller.officer.role == Role::ChildrenOfficer {
        ("儿童类预警派发", arrivals::Arrivals::default())
    } else {
        let imports = caller.grant(Operation::ReadImports)?;
        let arrivals = arrivals::arrivals(&app.deps, &imports).await?;
        ("全县情况", arrivals)
    };
    let (held_policies, held_townships) = with_backlog(&app, &standing, &desks);
    let policies = standing.policies.iter();
    let policies = policies.map(|(id, of)| desk(String::new(), policy_title(&app, id), of));
    let policies = policies.collect();
    let total = standing.desks.values().fold(DeskStanding::default(), sum);
    let lists: Vec<ListLine> = lists.iter().map(list).collect();
    html(&CountyPage {
        shell: Shell::new(&app, &caller, "/county", title),
        done: done(&query.done),
        chart: chart(&desks),
        policies,
        held_policies,
        held_townships,
        release_key: fresh_key(),
        release_max: RELEASED_MAX,
        budget: app.deps.settings.daily_budget_per_township,
        months: arrivals.months.iter().map(ToString::to_string).collect(),
        calendar: arrivals.lists.iter().map(calendar).collect(),
        calendar_cut: arrivals.truncated,
        held_total: total.held,
        total: desk(String::new(), "合计".to_owned(), &total),
        held,
        unplaced: waiting(&app, &unplaced),
        townships: townships(&app, &caller, None),
        late: lists.iter().filter(|list| !list.is_fresh).count(),
        lists,
        may_direct: caller.grant(Operation::DirectAlerts).is_ok(),
        desks,
    })
}

/// Policies and townships that have a backlog, to choose from.
fn with_backlog(app: &App, standing: &Standing, desks: &[DeskLine]) -> (Vec<Choice>, Vec<Choice>) {
    let policies = standing.policies.iter().filter(|(_, of)| of.held > 0);
    let policies = policies.map(|(id, of)| Choice {
        code: id.clone(),
        name: format!("{}（{}）", policy_title(app, id), of.held),
        chosen: false,
    });
    let townships = desks.iter().filter(|d| d.held > 0 && !d.code.is_empty());
    let townships = townships.map(|d| Choice {
        code: d.code.clone(),
        name: format!("{}（{}）", d.name, d.held),
        chosen: false,
    });
    (policies.collect(), townships.collect())
}

/// Releases a number from the backlog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseForm {
    key: String,
    #[serde(default)]
    policy: String,
    #[serde(default)]
    township: String,
    number: String,
}

/// `POST /county/release`: chosen once, then released one by one, each a commit
/// under a key of its own. Sending it again releases no others.
pub(super) async fn release(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(form): StrictForm<ReleaseForm>,
) -> Paged {
    let grant = caller.grant(Operation::DirectAlerts)?;
    let number = form
        .number
        .parse()
        .ok()
        .filter(|n| (1..=RELEASED_MAX).contains(n));
    let number = number.ok_or_else(|| {
        Problem::bad(
            "param.range",
            "派发条数应为 1 至 200",
            "the number to release is 1 to 200",
        )
    })?;
    let township = chosen(&form.township)?;
    if township.is_some_and(|code| !grant.covers(code)) {
        return Err(Problem::not_found().into());
    }
    if form.key.is_empty() || form.key.len() > 200 {
        return Err(Problem::bad("form.invalid", "表单内容不完整", "no key").into());
    }
    let wish = Wish {
        policy: (!form.policy.is_empty()).then(|| form.policy.clone()),
        township,
        number,
    };
    let chosen = releasing::choose(&app.deps, &grant, &wish, &form.key).await?;
    for (alert, version) in chosen.alerts {
        let plan = steps::plan("release", &ActionForm::default())?;
        let key = format!("{}.{alert}", form.key);
        match steps::take(&app, &caller, alert, (version, &key), plan).await {
            Ok(_) => {}
            // Someone released it meanwhile, or it has cleared: not ours to do.
            Err(problem) if matches!(problem.code(), "alert.version" | "alert.action") => {}
            Err(problem) => return Err(problem.into()),
        }
    }
    Ok(Redirect::to("/county?done=bulk").into_response())
}

/// A policy's title, or its id where it is not in force any more.
pub(super) fn policy_title(app: &App, id: &str) -> String {
    let policies = app.deps.policies();
    policies
        .policy(id)
        .map_or_else(|| id.to_owned(), |policy| policy.title.zh.clone())
}

fn calendar(list: &ListMonths) -> CalendarLine {
    let part = list.part.as_deref().map_or_else(String::new, |part| {
        format!("·{}", code::GRANT_ITEM.zh(part))
    });
    let cell = |came: &Vec<Arrival>| {
        let told = |arrival: &Arrival| {
            let open = match arrival.rows_open {
                0 => String::new(),
                rows => format!("（{rows}行待补或退回）"),
            };
            format!("{} 收到{open}", arrival.received_on)
        };
        let is_late = came.is_empty() && list.expected;
        CalendarCell {
            text: match (came.is_empty(), is_late) {
                (_, true) => "未到".to_owned(),
                (true, false) => "—".to_owned(),
                (false, _) => came.iter().map(told).collect::<Vec<_>>().join("；"),
            },
            is_late,
        }
    };
    CalendarLine {
        name: format!("{}{part}", words::dataset(&list.dataset)),
        months: list.came.iter().map(cell).collect(),
    }
}

/// Every township of the regions, those without alerts too, then the unplaced.
pub(super) fn desk_names(
    app: &App,
    regions: &[DivisionCode],
    standing: &Standing,
) -> Vec<(Option<DivisionCode>, String)> {
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
    let named = codes
        .into_iter()
        .map(|code| (Some(code), app.deps.divisions.name(code, today)));
    let unplaced = (None, "县级待分派".to_owned());
    named.chain([unplaced]).collect()
}

fn desks(app: &App, regions: &[DivisionCode], standing: &Standing) -> Vec<DeskLine> {
    let none = DeskStanding::default();
    let line = |(code, name): (Option<DivisionCode>, String)| {
        let of = standing.desks.get(&code).unwrap_or(&none);
        desk(
            code.map_or_else(String::new, |code| code.to_string()),
            name,
            of,
        )
    };
    let names = desk_names(app, regions, standing);
    names.into_iter().map(line).collect()
}

fn desk(code: String, name: String, standing: &DeskStanding) -> DeskLine {
    DeskLine {
        code,
        name,
        raised: standing.raised,
        begun: standing.begun,
        overdue: standing.overdue,
        unverifiable: standing.unverifiable,
        truth: truth(standing),
        held: standing.held,
    }
}

/// A share of a handful is noise: below ten findings only the counts are told.
pub(super) fn truth(standing: &DeskStanding) -> String {
    let (found_true, found) = (standing.found_true, standing.found);
    if found == 0 {
        return "尚无核实".to_owned();
    }
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
    let line = |row: &AlertRow| WaitingLine {
        id: row.id.to_string(),
        version: row.version,
        key: fresh_key(),
        level: row.level.name(),
        level_zh: words::level(row.level),
        policy: policy_title(app, &row.policy),
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
