//! One alert, top to bottom as a caseworker works through it: sentence, basis,
//! calculation, what is missing, next step, household, grants, timeline, forms.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use domain::alert::{Alert, OutcomeCode, Work};
use domain::authority::{Grant, Operation, Role};
use domain::evaluation::{CriterionTrace, Decision, Operand};
use domain::ids::AlertId;
use domain::time::add_days;
use pipeline::act::ActionNote;
use pipeline::desk::Opened;
use pipeline::people;
use pipeline::sealing::{Keyring, action_place};
use serde::Deserialize;
use store::commit::AlertRow;

use super::conflict::{OutcomeChoice, outcomes};
use super::draft::{self, Typed};
use super::forms::{Allowed, fresh_key, snooze_until_max};
use super::household::{self, Household};
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::staff;
use super::steps::OTHER_LIST;
use super::today::{self, Choice};
use super::visitor::Visitor;
use super::words;
use crate::alerts::STANDING_LINE;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::strict::StrictQuery;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertQuery {
    #[serde(default)]
    done: String,
}

/// An alert with its body and decision.
pub(super) struct OpenAlert {
    pub(super) row: AlertRow,
    pub(super) alert: Alert,
    pub(super) decision: Decision,
    pub(super) sentence: String,
    village: String,
}

/// An alert that is open, lent.
pub(super) struct Seen<'a> {
    pub(super) row: &'a AlertRow,
    pub(super) alert: &'a Alert,
    pub(super) decision: &'a Decision,
    pub(super) sentence: &'a str,
}

impl OpenAlert {
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen {
            row: &self.row,
            alert: &self.alert,
            decision: &self.decision,
            sentence: &self.sentence,
        }
    }
}

/// Opens an alert the grant covers; unknown and foreign are the same refusal.
/// Nothing is disclosed yet.
pub(super) async fn open(app: &App, grant: &Grant, id: AlertId) -> Answered<OpenAlert> {
    let row = app.deps.store.alert(grant, id).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    let mut opened = Opened::of(&app.deps, grant, std::slice::from_ref(&row)).await?;
    let decision = opened.decisions.remove(&id);
    let (Some(alert), Some(decision)) = (opened.alerts.remove(&id), decision) else {
        return Err(pipeline::StepError::Erased.into());
    };
    let sentence = opened.render(&app.deps, &decision.sentence_zh);
    let village = opened.render(&app.deps, &decision.village());
    Ok(OpenAlert {
        row,
        alert,
        decision,
        sentence: words::short(&sentence),
        village,
    })
}

/// What was found, if anything was.
pub(super) fn found(alert: &Alert) -> Option<OutcomeCode> {
    match &alert.work {
        Work::Verified { outcome, .. } | Work::Handled { outcome, .. } => Some(*outcome),
        Work::Closed { outcome, .. } => *outcome,
        Work::Held { .. } | Work::Raised | Work::Acknowledged { .. } => None,
    }
}

/// One entry of the timeline.
pub(super) struct Event {
    pub(super) version: i64,
    pub(super) at: String,
    pub(super) what: String,
    pub(super) by: String,
    pub(super) note: String,
}

/// What people did, oldest first.
pub(super) async fn timeline(app: &App, grant: &Grant, row: &AlertRow) -> Answered<Vec<Event>> {
    let store = app.deps.store.as_ref();
    let subjects = [row.subject].into_iter().collect();
    let keyring = Keyring::load(store, &app.deps.vault, &subjects, false).await?;
    let today = app.deps.clock.today();
    let place = |code| app.deps.divisions.name(code, today);
    let actions = store.actions(grant, row.id).await?;
    let names = staff::names(app, actions.iter().map(|action| action.by)).await?;
    let mut events = Vec::new();
    for action in actions {
        let plain = keyring.open(row.subject, &action_place(action.id), &action.sealed)?;
        let note: Option<ActionNote> = serde_json::from_slice(&plain).ok();
        let by = names.get(&action.by).cloned().unwrap_or_default();
        events.push(Event {
            version: action.version,
            at: words::minute(action.at),
            what: note.as_ref().map_or_else(
                || "登记内容无法读取".to_owned(),
                |note| words::action(&note.action, &place),
            ),
            by,
            note: note.and_then(|note| note.note).unwrap_or_default(),
        });
    }
    // What people wrote names people; auditors are shown neither.
    if grant.role() == Some(Role::Auditor) {
        for event in &mut events {
            event.note = vault::reread::masked(&event.note, &[]);
        }
    }
    Ok(events)
}

/// A document with its words, if they are short enough to quote.
pub(super) struct BasisView {
    document: String,
    quote: String,
}

/// One number of the calculation.
pub(super) struct Number {
    pub(super) label: String,
    pub(super) value: String,
}

/// One criterion with its numbers.
pub(super) struct Criterion {
    pub(super) zh: String,
    pub(super) outcome: &'static str,
    pub(super) numbers: Vec<Number>,
    pub(super) missing: Vec<String>,
}

/// One parameter as used.
struct ParameterLine {
    title: String,
    value: String,
    source: String,
    place: String,
    sample: bool,
    overdue: bool,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "what a page shows, read by its template alone"
)]
#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage {
    shell: Shell,
    done: &'static str,
    id: String,
    version: i64,
    state: String,
    found: String,
    found_zh: &'static str,
    keys: [String; 9],
    title: String,
    about: String,
    level: &'static str,
    level_zh: &'static str,
    finding: &'static str,
    policy: String,
    work: &'static str,
    condition: &'static str,
    overdue: bool,
    sentence: String,
    on: String,
    basis: Vec<BasisView>,
    criteria: Vec<Criterion>,
    parameters: Vec<ParameterLine>,
    coverage: Vec<String>,
    missing: String,
    advice: String,
    village: String,
    limits: Vec<String>,
    deadlines: Vec<String>,
    may_print: bool,
    /// Whether the way to the source rows and who looked is this reader's.
    may_trace: bool,
    unit_link: String,
    household: Option<Household>,
    opened_at: String,
    timeline: Vec<Event>,
    may: Allowed,
    outcomes: Vec<OutcomeChoice>,
    records: Vec<RecordChoice>,
    typed: Typed,
    has_draft: bool,
    /// The form it was typed into is not on the page any more.
    draft_homeless: bool,
    assignee: String,
    colleagues: Vec<Choice>,
    open_elsewhere: Vec<String>,
    today: String,
    townships: Vec<Choice>,
    tomorrow: String,
    snooze_max: String,
    standing: &'static str,
}

/// `GET /alerts/{id}`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    StrictQuery(query): StrictQuery<AlertQuery>,
) -> Paged {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    let grant = caller.grant(Operation::ReadAlerts)?;
    let open = open(&app, &grant, id).await?;
    let people = caller.grant(Operation::ReadPeople)?;
    let today = app.deps.clock.today();
    let view = people::view(&app.deps, &people, open.row.unit, today, None).await?;
    let shown = match &view {
        Some(view) => view.shown(open.row.subject),
        None => vec![open.row.subject, open.row.unit],
    };
    app.discloser
        .disclose(&grant, &shown, &caller.request)
        .await?;
    let desk = DeskView {
        done: today::done(&query.done),
        timeline: timeline(&app, &grant, &open.row).await?,
        household: view
            .map(|view| household::view(&app, &view, Some(&open.decision.rows), &caller.officer)),
        typed: draft::of(&app, &caller, &open.row).await?,
        assignee: match open.alert.assignee {
            Some(id) => staff::names(&app, [id]).await?.remove(&id),
            None => None,
        },
        colleagues: staff::colleagues(&app, &caller, &open.alert).await?,
        open_elsewhere: staff::open_elsewhere(&app, &caller, id).await?,
    };
    html(&assemble(&app, &caller, open, desk))
}

/// What stands beside the alert on its page.
struct DeskView {
    done: &'static str,
    timeline: Vec<Event>,
    household: Option<Household>,
    typed: Option<Typed>,
    assignee: Option<String>,
    colleagues: Vec<Choice>,
    open_elsewhere: Vec<String>,
}

/// What can be said to be wrong: a record the decision was made from, or a
/// whole list.
pub(super) struct RecordChoice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// Records first, then the lists relied on, then any other.
pub(super) fn records(
    decision: &Decision,
    household: Option<&Household>,
    chosen: &str,
) -> Vec<RecordChoice> {
    let mut choices: Vec<(String, String)> = Vec::new();
    let facts = household.into_iter().flat_map(|household| &household.facts);
    for fact in facts.filter(|fact| !fact.record.is_empty()) {
        let label = format!(
            "{} · {} · {} {}",
            fact.who, fact.kind, fact.list, fact.told_on
        );
        choices.push((fact.record.clone(), label));
    }
    let lists: BTreeSet<&str> = decision
        .coverage
        .iter()
        .map(|c| c.dataset.as_str())
        .collect();
    for list in lists {
        let label = format!("整份名册：{}", words::dataset(list));
        choices.push((format!("list:{list}"), label));
    }
    choices.push((
        OTHER_LIST.to_owned(),
        "其他名册（在情况说明中写明）".to_owned(),
    ));
    if !chosen.is_empty() && choices.iter().all(|(value, _)| value != chosen) {
        choices.push((chosen.to_owned(), "先前选的那条记录".to_owned()));
    }
    let choice = |(value, label): (String, String)| RecordChoice {
        chosen: value == chosen,
        value,
        label,
    };
    choices.into_iter().map(choice).collect()
}

fn assemble(app: &App, caller: &Caller, open: OpenAlert, desk: DeskView) -> AlertPage {
    let OpenAlert {
        row,
        alert,
        decision,
        sentence,
        village,
    } = open;
    let today = app.deps.clock.today();
    let family = desk.household.as_ref().map(|household| &household.family);
    let (title, about) = today::heading(app, caller, family, &row);
    let basis = decision.basis.iter().map(|basis| BasisView {
        document: format!("{}{}", basis.document, basis.article),
        quote: basis.quote.clone(),
    });
    let found = found(&alert);
    let may = Allowed::on(app, caller, &alert);
    let has_draft = desk.typed.is_some();
    let typed = desk.typed.unwrap_or_default();
    AlertPage {
        shell: Shell::new(app, caller, "", &title),
        done: desk.done,
        id: row.id.to_string(),
        version: row.version,
        state: row.work.clone(),
        found: found.map_or("", words::outcome_name).to_owned(),
        found_zh: found.map_or("", words::outcome),
        keys: std::array::from_fn(|_| fresh_key()),
        level: row.level.name(),
        level_zh: words::level(row.level),
        finding: row.finding.zh(),
        policy: decision.title_zh.clone(),
        work: words::work(&row.work),
        condition: words::condition(&row.condition),
        overdue: row.due_on.is_some_and(|due| due < today) && row.work != "closed",
        sentence,
        on: decision.on.to_string(),
        basis: basis.collect(),
        criteria: criteria(app, &decision),
        parameters: parameters(app, &decision),
        coverage: decision.coverage.iter().map(words::coverage).collect(),
        missing: today::missing(&decision),
        advice: decision.advice_zh.clone(),
        village,
        limits: decision.limits.clone(),
        deadlines: alert.deadlines.iter().map(words::deadline).collect(),
        may_print: caller.officer.role != Role::Auditor,
        may_trace: caller.grant(Operation::ReadLedger).is_ok(),
        unit_link: household::link(row.unit),
        opened_at: words::minute(row.opened_at),
        records: records(&decision, desk.household.as_ref(), &typed.form.record),
        draft_homeless: has_draft && !may.has(&typed.noun),
        may,
        outcomes: outcomes(chosen(&typed, found)),
        has_draft,
        typed,
        assignee: desk.assignee.unwrap_or_default(),
        colleagues: desk.colleagues,
        open_elsewhere: desk.open_elsewhere,
        today: today.to_string(),
        townships: today::townships(app, caller, None),
        tomorrow: add_days(today, 1).to_string(),
        snooze_max: snooze_until_max(app).to_string(),
        standing: STANDING_LINE,
        title,
        about,
        household: desk.household,
        timeline: desk.timeline,
    }
}

/// The outcome that stands in the form: typed before, or found before.
fn chosen(typed: &Typed, found: Option<OutcomeCode>) -> &str {
    match typed.form.outcome.as_str() {
        "" => found.map_or("", words::outcome_name),
        typed => typed,
    }
}

/// Each criterion with its numbers, in words.
pub(super) fn criteria(app: &App, decision: &Decision) -> Vec<Criterion> {
    let criterion = |trace: &CriterionTrace| Criterion {
        zh: trace.zh.clone(),
        outcome: match trace.holds {
            Some(true) => "成立",
            Some(false) => "不成立",
            None if trace.may_remain_open => "待核实（政策允许先提示）",
            None => "待核实",
        },
        numbers: numbers(app, trace),
        missing: trace
            .missing
            .iter()
            .map(|m| format!("{}（{}）", m.zh, words::why_unknown(m.why)))
            .collect(),
    };
    decision.criteria.iter().map(criterion).collect()
}

/// Values with the words of the sentence's own sides, where it compares two;
/// otherwise with the parameter's title, or as a value.
fn numbers(app: &App, trace: &CriterionTrace) -> Vec<Number> {
    let sides: Vec<&str> = trace.zh.split(['<', '>', '≤', '≥', '＜', '＞']).collect();
    let compares = sides.len() == 2 && trace.operands.len() == 2;
    let policies = app.deps.policies();
    let title = |key: &str| {
        let mut all = policies.parameters().iter();
        all.find(|p| p.key == key).map(|p| p.zh.clone())
    };
    let label = |position: usize, expression: &str| {
        let parameter = expression.strip_prefix("param.").and_then(title);
        match (parameter, sides.get(position)) {
            (Some(title), _) => Some(title),
            (None, Some(side)) if compares => Some(side.trim().to_owned()),
            _ => None,
        }
    };
    let number = |(position, operand): (usize, &Operand)| {
        let label = label(position, &operand.expression);
        // A switch inside a condition says nothing without its name; what is
        // unknown is listed as missing.
        if label.is_none() && matches!(operand.value.as_str(), "是" | "否" | "未知") {
            return None;
        }
        Some(Number {
            label: label.unwrap_or_else(|| format!("测算值{}", position + 1)),
            value: operand.value.clone(),
        })
    };
    trace
        .operands
        .iter()
        .enumerate()
        .filter_map(number)
        .collect()
}

fn parameters(app: &App, decision: &Decision) -> Vec<ParameterLine> {
    let policies = app.deps.policies();
    let line = |used: &domain::evaluation::ParameterUse| {
        let known = policies.parameters().iter().find(|p| p.key == used.key);
        let region = domain::region::DivisionCode::parse(&used.region);
        ParameterLine {
            title: known.map_or_else(|| used.key.clone(), |p| p.zh.clone()),
            value: used.value.clone().unwrap_or_else(|| "未设".to_owned()),
            source: used.source.clone(),
            place: match region {
                Some(code) if used.region != "000000" => app.deps.divisions.name(code, decision.on),
                _ => "全国/平台".to_owned(),
            },
            sample: used.sample && !used.source.contains("示例"),
            overdue: used.review_overdue,
        }
    };
    decision.parameters.iter().map(line).collect()
}
