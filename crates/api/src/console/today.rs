//! 今天要办: what is pressing first, one card per household.
//!
//! At most [`FIRST_MAX`] cards in the first block, then what is due within a
//! week, then the rest as a list. Reading the desk is one disclosure of every
//! household shown.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use domain::alert::{Alert, Due};
use domain::authority::{Operation, Role};
use domain::code;
use domain::evaluation::{AlertLevel, Decision};
use domain::ids::{AlertId, OfficerId, Subject};
use domain::region::{DivisionCode, Level};
use domain::time::{Date, add_days};
use pipeline::desk::Opened;
use pipeline::drafts;
use pipeline::register::{self, Family};
use serde::Deserialize;
use store::commit::AlertRow;
use store::rows::AlertFilter;

use super::alert::Seen;
use super::forms::{Allowed, fresh_key, masks_names, snooze_until_max};
use super::refusal::{Paged, html, html_with};
use super::several::{self, ALERTS_MAX as VISIT_MAX, Entry};
use super::shell::{Shell, start};
use super::staff;
use super::visitor::Visitor;
use super::words;
use crate::alerts::STANDING_LINE;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::strict::StrictQuery;

/// Cards of the first block. More than this in a morning is a wish.
const FIRST_MAX: usize = 15;
/// Days of 本周.
const WEEK_DAYS: i32 = 7;
/// Alerts of one page, most pressing first; what follows is one link further.
const ALERTS_MAX: u32 = 60;

/// Which desk.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TodayQuery {
    /// One township of a county's officer.
    #[serde(default)]
    township: String,
    /// `mine`, `none` for what nobody works on; anything else is all.
    #[serde(default)]
    whose: String,
    /// The last alert of the page before.
    #[serde(default)]
    after: Option<AlertId>,
    /// What was just done, to say so.
    #[serde(default)]
    done: String,
}

/// One alert on a card.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) key: String,
    pub(super) level: &'static str,
    pub(super) level_zh: &'static str,
    pub(super) finding: &'static str,
    pub(super) policy: String,
    pub(super) sentence: String,
    pub(super) basis: String,
    pub(super) deadlines: Vec<String>,
    pub(super) due: String,
    pub(super) overdue: bool,
    pub(super) as_of: String,
    pub(super) missing: String,
    pub(super) advice: String,
    pub(super) work: &'static str,
    pub(super) cleared: bool,
    /// Who works on it; empty for nobody.
    pub(super) assignee: String,
    pub(super) may: Allowed,
}

/// One household with its alerts.
pub(super) struct Card {
    pub(super) title: String,
    pub(super) about: String,
    pub(super) level: &'static str,
    pub(super) lines: Vec<Line>,
    /// Those that one visit can settle, where there are several.
    pub(super) visit: Vec<Entry>,
    first_due: Option<Date>,
    is_pressing: bool,
}

/// A township to choose.
pub(super) struct Choice {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    shell: Shell,
    done: &'static str,
    townships: Vec<Choice>,
    township: String,
    whose: &'static str,
    /// Alerts with something typed that was not sent.
    drafts: Vec<String>,
    /// Blue alerts by policy, to be closed together.
    lists: Vec<Choice>,
    latest: String,
    today: Vec<Card>,
    week: Vec<Card>,
    list: Vec<Card>,
    alerts: usize,
    /// Not the first page.
    continued: bool,
    /// The last alert shown, when there may be more.
    next: String,
    tomorrow: String,
    snooze_max: String,
    standing: &'static str,
}

/// `GET /`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<TodayQuery>,
) -> Paged {
    if let Some(away) = elsewhere(&app, &caller) {
        return away;
    }
    let grant = caller.grant(Operation::ReadAlerts)?;
    let today = app.deps.clock.today();
    let township = chosen(&query.township)?;
    let filter = AlertFilter {
        township,
        awake_on: Some(today),
        assignee: (query.whose == "mine").then_some(caller.officer.id),
        unassigned: query.whose == "none",
        ..AlertFilter::default()
    };
    let rows = app
        .deps
        .store
        .alerts(&grant, &filter, query.after, ALERTS_MAX)
        .await?;
    let opened = Opened::of(&app.deps, &grant, &rows).await?;
    let units: BTreeSet<Subject> = rows.iter().map(|row| row.unit).collect();
    let units: Vec<Subject> = units.into_iter().collect();
    let families = register::families(&app.deps, &grant, &units).await?;
    if !rows.is_empty() {
        let shown = rows.iter().flat_map(|row| [row.subject, row.unit]);
        let shown: BTreeSet<Subject> = shown.collect();
        let shown: Vec<Subject> = shown.into_iter().collect();
        app.discloser
            .disclose(&grant, &shown, &caller.request)
            .await?;
    }
    let names = staff::names(&app, rows.iter().filter_map(|row| row.assignee)).await?;
    let lists = lists(&app, &rows);
    let drafts = drafts::waiting(&app.deps, caller.officer.id).await?;
    let cards = cards(&app, &caller, &rows, &opened, (&families, &names));
    let (today_cards, week, list) = blocks(cards, today);
    let shell = Shell::new(&app, &caller, "/", "今天要办");
    html(&TodayPage {
        shell,
        done: done(&query.done),
        townships: townships(&app, &caller, township),
        township: query.township,
        whose: match query.whose.as_str() {
            "mine" => "mine",
            "none" => "none",
            _ => "all",
        },
        drafts: drafts.iter().map(ToString::to_string).collect(),
        lists,
        latest: today.to_string(),
        today: today_cards,
        week,
        list,
        alerts: rows.len(),
        continued: query.after.is_some(),
        next: next(&rows),
        tomorrow: add_days(today, 1).to_string(),
        snooze_max: snooze_until_max(&app).to_string(),
        standing: STANDING_LINE,
    })
}

#[derive(Template)]
#[template(path = "no_desk.html")]
struct NoDeskPage {
    shell: Shell,
}

/// Who has no desk: a department sends, a contact is out in the village, policy
/// officers have standards. Administrators are refused, and told where to go.
fn elsewhere(app: &App, caller: &Caller) -> Option<Paged> {
    match caller.officer.role {
        role @ (Role::Importer | Role::VillageContact | Role::PolicyOfficer) => {
            Some(Ok(Redirect::to(start(role)).into_response()))
        }
        Role::SystemAdmin | Role::SecurityAdmin => {
            let shell = Shell::new(app, caller, "/", "没有待办");
            Some(html_with(StatusCode::FORBIDDEN, &NoDeskPage { shell }))
        }
        Role::Caseworker | Role::CountyOfficer | Role::Auditor | Role::ChildrenOfficer => None,
    }
}

/// After which alert the next page begins; empty when this is the last one.
fn next(rows: &[AlertRow]) -> String {
    let full = rows.len() == ALERTS_MAX as usize;
    let last = rows.last().filter(|_| full);
    last.map(|row| row.id.to_string()).unwrap_or_default()
}

/// A township code of a query; empty is none.
pub(super) fn chosen(code: &str) -> Result<Option<DivisionCode>, Problem> {
    if code.is_empty() {
        return Ok(None);
    }
    let code = DivisionCode::parse(code).ok_or_else(|| {
        Problem::bad(
            "param.township",
            "区划代码不对",
            "township is not a division code",
        )
    })?;
    Ok(Some(code))
}

/// What was done, from a closed list of words.
pub(super) fn done(name: &str) -> &'static str {
    match name {
        "acknowledgement" => "已签收",
        "outcome" => "已登记核实结果并办结",
        "not_ours" => "已登记“不归本镇”并退回县级待分派",
        "handling" => "已登记处置",
        "closure" => "已办结",
        "snooze" => "已暂缓，到期自动回到今天要办",
        "return" => "已退回县级待分派",
        "dispute" => "已登记数据异议，来源部门重新报送前不再据此提示",
        "reopening" => "已重新办理",
        "assignment" => "已转给同事",
        "visit" => "走访结果已逐条登记",
        "list" => "勾选的已逐条登记并办结",
        "draft" => "已清除没有提交的内容",
        "bulk" => "已按选定的条数派发",
        "placement" => "已分派",
        "release" => "已派发",
        _ => "",
    }
}

/// Townships inside the officer's regions, when there is more than one.
pub(super) fn townships(app: &App, caller: &Caller, chosen: Option<DivisionCode>) -> Vec<Choice> {
    let today = app.deps.clock.today();
    let mut choices = Vec::new();
    for region in &caller.officer.regions {
        if region.level() >= Level::Township {
            continue;
        }
        let bureau = region.county();
        for division in app.deps.divisions.inside(*region, Level::Township, today) {
            // A code of this county may be run by another bureau.
            if bureau.is_some() && app.deps.divisions.bureau(division.code, today) != bureau {
                continue;
            }
            choices.push(Choice {
                code: division.code.to_string(),
                name: division.name.clone(),
                chosen: Some(division.code) == chosen,
            });
        }
    }
    choices
}

fn cards(
    app: &App,
    caller: &Caller,
    rows: &[AlertRow],
    opened: &Opened,
    (families, names): (&BTreeMap<Subject, Family>, &BTreeMap<OfficerId, String>),
) -> Vec<Card> {
    let today = app.deps.clock.today();
    let mut order: Vec<Subject> = Vec::new();
    let mut cards: BTreeMap<Subject, Card> = BTreeMap::new();
    for row in rows {
        let (Some(alert), Some(decision)) =
            (opened.alerts.get(&row.id), opened.decisions.get(&row.id))
        else {
            continue;
        };
        let card = cards.entry(row.unit).or_insert_with(|| {
            order.push(row.unit);
            let (title, about) = heading(app, caller, families.get(&row.unit), row);
            Card {
                title,
                about,
                level: row.level.name(),
                lines: Vec::new(),
                visit: Vec::new(),
                first_due: None,
                is_pressing: false,
            }
        });
        card.first_due = [card.first_due, row.due_on].into_iter().flatten().min();
        card.is_pressing |=
            row.level == AlertLevel::Red || row.due_on.is_some_and(|due| due <= today);
        let mut line = line(app, caller, row, alert, decision, opened);
        if let Some(name) = row.assignee.and_then(|id| names.get(&id)) {
            line.assignee.clone_from(name);
        }
        if line.may.conclude && card.visit.len() < VISIT_MAX {
            let seen = Seen {
                row,
                alert,
                decision,
                sentence: &line.sentence,
            };
            card.visit
                .push(several::entry(card.visit.len(), &seen, None));
        }
        card.lines.push(line);
    }
    for card in cards.values_mut() {
        // One alert is settled on its own page.
        if card.visit.len() < 2 {
            card.visit.clear();
        }
    }
    order.iter().filter_map(|unit| cards.remove(unit)).collect()
}

/// Policies with blue alerts among those shown.
fn lists(app: &App, rows: &[AlertRow]) -> Vec<Choice> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.level == AlertLevel::Blue) {
        *counts.entry(&row.policy).or_default() += 1;
    }
    let policies = app.deps.policies();
    let choice = |(id, count): (&str, usize)| {
        let title = policies.policy(id).map_or(id, |policy| &policy.title.zh);
        Choice {
            code: id.to_owned(),
            name: format!("{title} {count} 条"),
            chosen: false,
        }
    };
    counts.into_iter().map(choice).collect()
}

/// Title and second line of a household's card.
pub(super) fn heading(
    app: &App,
    caller: &Caller,
    family: Option<&Family>,
    row: &AlertRow,
) -> (String, String) {
    let today = app.deps.clock.today();
    let place = |code: DivisionCode| app.deps.divisions.name(code, today);
    let mut about: Vec<String> = Vec::new();
    match row.township {
        Some(township) => about.push(place(township)),
        None => about.push("县级待分派".to_owned()),
    }
    let Some(family) = family else {
        return ("未列入家庭名册的人员".to_owned(), about.join(" · "));
    };
    if let Some(hukou) = family.hukou.filter(|code| code.level() == Level::Village) {
        about.push(place(hukou));
    }
    let schemes: Vec<&str> = family.schemes.iter().map(|s| code::SCHEME.zh(s)).collect();
    if !schemes.is_empty() {
        about.push(schemes.join("、"));
    }
    let is_household = matches!(family.unit, Subject::Household(_));
    if is_household {
        about.push(format!("{}人", family.members.len()));
    }
    let name = family.head().and_then(|head| head.name.as_deref());
    let name = name.map_or_else(|| "（姓名未登记）".to_owned(), words::short);
    let name = if masks_names(caller) {
        vault::mask::name(&name)
    } else {
        name
    };
    let title = if is_household {
        format!("{name}户")
    } else {
        name
    };
    (title, about.join(" · "))
}

fn line(
    app: &App,
    caller: &Caller,
    row: &AlertRow,
    alert: &Alert,
    decision: &Decision,
    opened: &Opened,
) -> Line {
    let today = app.deps.clock.today();
    let policies = app.deps.policies();
    let policy = policies.policy(&row.policy);
    let basis: Vec<String> = decision
        .basis
        .iter()
        .map(|basis| format!("{}{}", basis.document, basis.article))
        .collect();
    let pending = alert
        .deadlines
        .iter()
        .any(|deadline| matches!(deadline.due, Due::Pending { .. }));
    Line {
        id: row.id.to_string(),
        version: row.version,
        key: fresh_key(),
        level: row.level.name(),
        level_zh: words::level(row.level),
        finding: row.finding.zh(),
        policy: policy.map_or_else(|| decision.title_zh.clone(), |p| p.title.zh.clone()),
        sentence: words::short(&opened.render(&app.deps, &decision.sentence_zh)),
        basis: basis.join("；"),
        deadlines: alert.deadlines.iter().map(words::deadline).collect(),
        due: match row.due_on {
            Some(on) => on.to_string(),
            None if pending => "待定".to_owned(),
            None => "无期限".to_owned(),
        },
        overdue: row.due_on.is_some_and(|due| due < today),
        as_of: as_of(decision),
        missing: missing(decision),
        advice: decision.advice_zh.clone(),
        work: words::work(&row.work),
        cleared: row.condition == "cleared",
        assignee: String::new(),
        may: Allowed::on(app, caller, alert),
    }
}

/// 数据截至: the oldest list relied on; the alert's page names them all.
fn as_of(decision: &Decision) -> String {
    let oldest = decision.coverage.iter().min_by_key(|note| note.as_of);
    match (oldest, decision.coverage.len()) {
        (None, _) => "未依据整份名册，见计算过程".to_owned(),
        (Some(note), 1) => words::coverage(note),
        (Some(note), lists) => format!("最早的一份：{}；共{lists}份", words::coverage(note)),
    }
}

/// 缺什么: each fact once, with why it is not known.
pub(super) fn missing(decision: &Decision) -> String {
    let mut facts: Vec<String> = Vec::new();
    for missing in &decision.missing {
        let words = format!("{}（{}）", missing.zh, words::why_unknown(missing.why));
        if !facts.contains(&words) {
            facts.push(words);
        }
    }
    if facts.is_empty() {
        "本政策所需数据已齐，仍须调查核实".to_owned()
    } else {
        facts.join("；")
    }
}

/// The three blocks. What does not fit into the first begins the second.
fn blocks(cards: Vec<Card>, today: Date) -> (Vec<Card>, Vec<Card>, Vec<Card>) {
    let (mut first, mut week, mut list) = (Vec::new(), Vec::new(), Vec::new());
    let week_end = add_days(today, WEEK_DAYS);
    for card in cards {
        if card.is_pressing && first.len() < FIRST_MAX {
            first.push(card);
        } else if card.is_pressing || card.first_due.is_some_and(|due| due <= week_end) {
            week.push(card);
        } else {
            list.push(card);
        }
    }
    week.sort_by_key(|card| (!card.is_pressing, card.first_due));
    (first, week, list)
}
