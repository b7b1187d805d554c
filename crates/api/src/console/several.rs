//! Several alerts settled by one form: one visit to a household, or one village's
//! list. Each alert takes its own steps and commits under keys of its own, so
//! that sending the form again changes nothing; what could not be taken comes
//! back with what was typed, and what was taken is named.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use domain::alert::OutcomeCode;
use domain::authority::{Grant, Operation};
use domain::evaluation::AlertLevel;
use domain::ids::{AlertId, Subject};

use super::alert::{self, RecordChoice, Seen};
use super::conflict::{OutcomeChoice, outcomes};
use super::forms::{ActionForm, StrictForm, fresh_key};
use super::refusal::{Paged, html_with};
use super::shell::Shell;
use super::visitor::Visitor;
use super::{draft, steps, words};
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};

/// Alerts of one form.
pub(super) const ALERTS_MAX: usize = 50;

/// One alert on a form of several.
pub(super) struct Entry {
    pub(super) at: usize,
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) key: String,
    pub(super) state: String,
    pub(super) found: &'static str,
    pub(super) policy: String,
    pub(super) sentence: String,
    pub(super) outcomes: Vec<OutcomeChoice>,
    pub(super) records: Vec<RecordChoice>,
    pub(super) reference: String,
    pub(super) handled_on: String,
    /// Why it was not taken.
    pub(super) why: String,
}

/// What a form of several alerts says.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Each alert by its place on the form.
    entries: BTreeMap<usize, (String, ActionForm)>,
    /// Places that were ticked.
    ticked: Vec<usize>,
    note: String,
    on: String,
    outcome: String,
    /// The page to go back to: a household's or a list's particulars.
    unit: String,
    policy: String,
    township: String,
    village: String,
}

fn malformed() -> Problem {
    Problem::bad(
        "form.invalid",
        "表单内容不完整或格式不对，请返回重填",
        "the form has missing, unknown or malformed fields",
    )
}

impl Sent {
    /// Reads `name` and `name.3`; anything else is refused.
    fn of(pairs: Vec<(String, String)>) -> Answered<Sent> {
        let mut sent = Sent::default();
        for (name, value) in pairs {
            match name.split_once('.') {
                None => *sent.shared(&name)? = value,
                Some((name, place)) => {
                    let place: usize = place.parse().map_err(|_| malformed())?;
                    if place >= ALERTS_MAX {
                        return Err(malformed());
                    }
                    if name == "take" {
                        sent.ticked.push(place);
                        continue;
                    }
                    let (alert, form) = sent.entries.entry(place).or_default();
                    let field = match name {
                        "alert" => alert,
                        "key" => &mut form.key,
                        "work" => &mut form.work,
                        "found" => &mut form.found,
                        "outcome" => &mut form.outcome,
                        "reference" => &mut form.reference,
                        "handled_on" => &mut form.handled_on,
                        "record" => &mut form.record,
                        "version" => {
                            form.version = value.parse().map_err(|_| malformed())?;
                            continue;
                        }
                        _ => return Err(malformed()),
                    };
                    *field = value;
                }
            }
        }
        Ok(sent)
    }

    fn shared(&mut self, name: &str) -> Answered<&mut String> {
        Ok(match name {
            "note" => &mut self.note,
            "on" => &mut self.on,
            "outcome" => &mut self.outcome,
            "unit" => &mut self.unit,
            "policy" => &mut self.policy,
            "township" => &mut self.township,
            "village" => &mut self.village,
            _ => return Err(malformed()),
        })
    }

    /// Forms to take, as if each had been sent from its alert's own page.
    fn forms(&self, is_list: bool) -> Answered<Vec<(AlertId, ActionForm)>> {
        let mut forms = Vec::new();
        for (place, (alert, form)) in &self.entries {
            let mut form = form.clone();
            if is_list {
                if !self.ticked.contains(place) {
                    continue;
                }
                form.outcome.clone_from(&self.outcome);
            } else if form.outcome.is_empty() {
                continue;
            }
            if form.key.is_empty() {
                return Err(malformed());
            }
            form.note.clone_from(&self.note);
            form.on.clone_from(&self.on);
            forms.push((alert.parse().map_err(|_| malformed())?, form));
        }
        Ok(forms)
    }
}

/// What came of one alert.
struct Outcome {
    id: AlertId,
    form: ActionForm,
    taken: Answered<&'static str>,
}

async fn each(
    app: &App,
    caller: &Caller,
    forms: Vec<(AlertId, ActionForm)>,
    is_list: bool,
) -> Answered<Vec<Outcome>> {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let mut results = Vec::new();
    for (id, form) in forms {
        let taken = match allowed(app, &grant, id, &form, is_list).await {
            Ok(()) => match steps::plan("outcome", &form) {
                Ok(plan) => steps::take(app, caller, id, (form.version, &form.key), plan).await,
                Err(problem) => Err(problem),
            },
            Err(problem) => Err(problem),
        };
        results.push(Outcome { id, form, taken });
    }
    Ok(results)
}

/// Outcomes that can be said of many rows at once: none that needs a number, a
/// record, or another desk.
pub(super) fn of_a_list(code: OutcomeCode) -> bool {
    !matches!(
        code,
        OutcomeCode::InProcess | OutcomeCode::DataError | OutcomeCode::NotOurs
    )
}

/// A list settles what lies in lists: blue alerts.
async fn allowed(
    app: &App,
    grant: &Grant,
    id: AlertId,
    form: &ActionForm,
    is_list: bool,
) -> Answered<()> {
    if !is_list {
        return Ok(());
    }
    let row = app.deps.store.alert(grant, id).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    if row.level != AlertLevel::Blue || !of_a_list(steps::outcome(&form.outcome)?) {
        return Err(Problem::bad(
            "form.not_a_list",
            "只有蓝色的清单类预警可以成批办结；受理号、数据错误、不归本镇须逐条办理",
            "only blue alerts are closed in lists, and with an outcome that needs no particulars",
        ));
    }
    Ok(())
}

#[derive(Template)]
#[template(path = "several.html")]
struct SeveralPage {
    shell: Shell,
    action: &'static str,
    is_list: bool,
    taken: Vec<String>,
    rest: Vec<Entry>,
    gone: Vec<String>,
    sent: Sent,
    latest: String,
    outcomes: Vec<OutcomeChoice>,
    back: String,
}

/// `POST /visits`: one visit to a household.
pub(super) async fn visit(
    State(app): State<App>,
    visitor: Result<Visitor, Response>,
    headers: HeaderMap,
    StrictForm(pairs): StrictForm<Vec<(String, String)>>,
) -> Paged {
    settle(app, visitor, headers, pairs, false).await
}

/// `POST /lists`: ticked rows of a list.
pub(super) async fn list(
    State(app): State<App>,
    visitor: Result<Visitor, Response>,
    headers: HeaderMap,
    StrictForm(pairs): StrictForm<Vec<(String, String)>>,
) -> Paged {
    settle(app, visitor, headers, pairs, true).await
}

async fn settle(
    app: App,
    visitor: Result<Visitor, Response>,
    headers: HeaderMap,
    pairs: Vec<(String, String)>,
    is_list: bool,
) -> Paged {
    let sent = Sent::of(pairs)?;
    let forms = sent.forms(is_list)?;
    let Visitor(caller) = match visitor {
        Ok(visitor) => visitor,
        Err(away) if away.status() == StatusCode::SEE_OTHER => {
            let typed = forms.into_iter();
            let typed = typed.map(|(id, form)| (id, "outcome".to_owned(), form));
            return draft::keep(&app, &headers, &typed.collect::<Vec<_>>()).await;
        }
        Err(refused) => return Ok(refused),
    };
    let back = back(&sent, is_list)?;
    if forms.is_empty() {
        return Err(Problem::bad(
            "form.outcome",
            "还没有选：请至少给一条选核实结果（清单请先勾选）",
            "nothing was chosen",
        )
        .into());
    }
    let results = each(&app, &caller, forms, is_list).await?;
    if results.iter().all(|result| result.taken.is_ok()) {
        let mark = if back.contains('?') { '&' } else { '?' };
        let done = if is_list { "list" } else { "visit" };
        return Ok(Redirect::to(&format!("{back}{mark}done={done}")).into_response());
    }
    partly(&app, &caller, results, sent, (back, is_list)).await
}

/// The page the form came from. Codes and ids only, each checked.
fn back(sent: &Sent, is_list: bool) -> Answered<String> {
    if is_list {
        let known = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if ![&sent.policy, &sent.township, &sent.village]
            .into_iter()
            .all(|t| known(t))
        {
            return Err(malformed());
        }
        return Ok(format!(
            "/lists?policy={}&township={}&village={}",
            sent.policy, sent.township, sent.village
        ));
    }
    if sent.unit.is_empty() {
        return Ok("/".to_owned());
    }
    let unit: Subject = sent.unit.parse().map_err(|_| malformed())?;
    Ok(super::household::link(unit))
}

/// Some were taken and some were not: which, why, and the rest once more.
async fn partly(
    app: &App,
    caller: &Caller,
    results: Vec<Outcome>,
    sent: Sent,
    (back, is_list): (String, bool),
) -> Paged {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let (mut taken, mut rest, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let mut shown: Vec<Subject> = Vec::new();
    for result in results {
        let opened = alert::open(app, &grant, result.id).await;
        let zh = words::outcome(steps::outcome(&result.form.outcome)?);
        match (result.taken, opened) {
            (Ok(_), Ok(open)) => {
                shown.push(open.row.subject);
                taken.push(format!(
                    "{}（{zh}）：{}",
                    open.decision.title_zh, open.sentence
                ));
            }
            // Given back: it is on another desk now.
            (Ok(_), Err(_)) => taken.push(zh.to_owned()),
            (Err(problem), Ok(open)) if !open.row.work.eq("closed") => {
                shown.push(open.row.subject);
                let typed = Some((&result.form, problem.zh()));
                rest.push(entry(rest.len(), &open.seen(), typed));
            }
            (Err(problem), Ok(open)) => {
                shown.push(open.row.subject);
                gone.push(format!(
                    "{}：{}（已办结）",
                    open.decision.title_zh,
                    problem.zh()
                ));
            }
            (Err(problem), Err(_)) => gone.push(problem.zh().to_owned()),
        }
    }
    shown.sort_unstable();
    shown.dedup();
    if !shown.is_empty() {
        app.discloser
            .disclose(&grant, &shown, &caller.request)
            .await?;
    }
    let page = SeveralPage {
        shell: Shell::new(app, caller, "/", "有几条没有办成"),
        action: if is_list { "/lists" } else { "/visits" },
        outcomes: list_outcomes(&sent.outcome),
        latest: app.deps.clock.today().to_string(),
        is_list,
        taken,
        rest,
        gone,
        sent,
        back,
    };
    html_with(StatusCode::CONFLICT, &page)
}

/// Outcomes that may be said of a list.
pub(super) fn list_outcomes(chosen: &str) -> Vec<OutcomeChoice> {
    let codes = OutcomeCode::ALL.into_iter().filter(|code| of_a_list(*code));
    let names: Vec<&str> = codes.map(words::outcome_name).collect();
    let mut all = outcomes(chosen);
    all.retain(|choice| names.contains(&choice.code));
    all
}

/// An alert as a form of several shows it, with what was typed before.
pub(super) fn entry(at: usize, open: &Seen<'_>, typed: Option<(&ActionForm, &str)>) -> Entry {
    let found = alert::found(open.alert).map_or("", words::outcome_name);
    let blank = ActionForm::default();
    let (form, why) = typed.unwrap_or((&blank, ""));
    Entry {
        at,
        id: open.row.id.to_string(),
        version: open.row.version,
        key: fresh_key(),
        state: open.row.work.clone(),
        found,
        policy: open.decision.title_zh.clone(),
        sentence: open.sentence.to_owned(),
        outcomes: outcomes(&form.outcome),
        records: alert::records(open.decision, None, &form.record),
        reference: form.reference.clone(),
        handled_on: form.handled_on.clone(),
        why: why.to_owned(),
    }
}
