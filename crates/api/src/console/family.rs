//! One household or person: as of a day, and as known at a commit; one person's
//! full identity for a stated purpose.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::authority::{Grant, Operation, Role};
use domain::ids::{HouseholdId, PersonId, Subject};
use pipeline::desk::Opened;
use pipeline::people::{self, UnitView};
use serde::Deserialize;
use store::rows::AlertFilter;

use super::alert::Seen;
use super::forms::{Allowed, StrictForm};
use super::household::{self, Household};
use super::refusal::{Paged, html};
use super::several::{self, Entry};
use super::shell::Shell;
use super::today;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::strict::{StrictQuery, date};

/// Alerts listed of one household.
const ALERTS_MAX: u32 = 50;

/// As of which day, known at which commit.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AsOf {
    #[serde(default)]
    valid_on: String,
    /// As known at the end of this day.
    #[serde(default)]
    known_on: String,
    /// As known at this commit, for whoever has its number from the ledger.
    #[serde(default)]
    known_seq: String,
    #[serde(default)]
    done: String,
}

/// One alert of the household.
struct AlertLink {
    id: String,
    level: &'static str,
    level_zh: &'static str,
    policy: String,
    work: &'static str,
    due: String,
    sentence: String,
}

#[derive(Template)]
#[template(path = "family.html")]
struct FamilyPage {
    shell: Shell,
    here: String,
    title: String,
    h: Household,
    alerts: Vec<AlertLink>,
    unit: String,
    /// Open alerts that one visit can settle.
    visit: Vec<Entry>,
    done: &'static str,
    latest: String,
    valid_on: String,
    known_on: String,
    is_past: bool,
    may_reveal: bool,
    purposes: [(&'static str, &'static str); 4],
}

/// Why a full identity is looked at: said in the ledger, chosen by the officer.
const PURPOSES: [(&str, &str); 4] = [
    ("home_visit", "入户走访"),
    ("phone_contact", "电话联系"),
    ("application_help", "协助申请"),
    ("data_check", "核对数据"),
];

/// `GET /families/{id}`.
pub(super) async fn household(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    StrictQuery(as_of): StrictQuery<AsOf>,
) -> Paged {
    let id: HouseholdId = id.parse().map_err(|_| Problem::not_found())?;
    show(&app, &caller, Subject::Household(id), as_of).await
}

/// `GET /persons/{id}`: the household a person lives in, or the person alone.
pub(super) async fn person(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    StrictQuery(as_of): StrictQuery<AsOf>,
) -> Paged {
    let id: PersonId = id.parse().map_err(|_| Problem::not_found())?;
    show(&app, &caller, Subject::Person(id), as_of).await
}

async fn show(app: &App, caller: &Caller, subject: Subject, as_of: AsOf) -> Paged {
    let dates = [&as_of.valid_on, &as_of.known_on, &as_of.known_seq];
    let is_past = dates.iter().any(|date| !date.is_empty());
    let operation = if is_past {
        Operation::ReadHistory
    } else {
        Operation::ReadPeople
    };
    let grant = caller.grant(operation)?;
    let on = match as_of.valid_on.as_str() {
        "" => app.deps.clock.today(),
        text => date(text)?,
    };
    let known = match as_of.known_on.as_str() {
        "" => known(&as_of.known_seq)?,
        text => Some(people::known_on(&app.deps, date(text)?).await?),
    };
    let view = people::view(&app.deps, &grant, subject, on, known).await?;
    let view = view.ok_or_else(Problem::not_found)?;
    let shown = view.shown(subject);
    app.discloser
        .disclose(&grant, &shown, &caller.request)
        .await?;
    let (alerts, visit) = alerts(app, caller, view.household.unit).await?;
    // What was known then is not what is worked on now.
    let visit = if is_past { Vec::new() } else { visit };
    html(&page(app, caller, subject, &view, (alerts, visit), as_of))
}

fn known(text: &str) -> Answered<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    let known = text.parse::<i64>().ok().filter(|known| *known >= 0);
    known.map(Some).ok_or_else(|| {
        Problem::bad(
            "param.range",
            "提交号应为不小于 0 的整数",
            "known_seq is out of range",
        )
    })
}

/// The household's alerts on desks the officer covers.
async fn alerts(
    app: &App,
    caller: &Caller,
    unit: Subject,
) -> Answered<(Vec<AlertLink>, Vec<Entry>)> {
    let grant: Grant = caller.grant(Operation::ReadAlerts)?;
    let every = [
        "held",
        "raised",
        "acknowledged",
        "verified",
        "handled",
        "closed",
    ];
    let filter = AlertFilter {
        work: every.map(str::to_owned).to_vec(),
        unit: Some(unit),
        ..AlertFilter::default()
    };
    let rows = app
        .deps
        .store
        .alerts(&grant, &filter, None, ALERTS_MAX)
        .await?;
    let opened = Opened::of(&app.deps, &grant, &rows).await?;
    let mut shown: Vec<Subject> = rows.iter().map(|row| row.subject).collect();
    shown.sort_unstable();
    shown.dedup();
    if !shown.is_empty() {
        app.discloser
            .disclose(&grant, &shown, &caller.request)
            .await?;
    }
    let link = |row: &store::commit::AlertRow| {
        let decision = opened.decisions.get(&row.id)?;
        Some(AlertLink {
            id: row.id.to_string(),
            level: row.level.name(),
            level_zh: words::level(row.level),
            policy: decision.title_zh.clone(),
            work: words::work(&row.work),
            due: row
                .due_on
                .map_or_else(|| "无期限".to_owned(), |on| on.to_string()),
            sentence: words::short(&opened.render(&app.deps, &decision.sentence_zh)),
        })
    };
    let mut visit = Vec::new();
    for row in &rows {
        let (Some(alert), Some(decision)) =
            (opened.alerts.get(&row.id), opened.decisions.get(&row.id))
        else {
            continue;
        };
        if Allowed::on(app, caller, alert).conclude {
            let seen = Seen {
                row,
                alert,
                decision,
                sentence: &words::short(&opened.render(&app.deps, &decision.sentence_zh)),
            };
            visit.push(several::entry(visit.len(), &seen, None));
        }
    }
    Ok((rows.iter().filter_map(link).collect(), visit))
}

fn page(
    app: &App,
    caller: &Caller,
    subject: Subject,
    view: &UnitView,
    (alerts, visit): (Vec<AlertLink>, Vec<Entry>),
    as_of: AsOf,
) -> FamilyPage {
    let dates = [&as_of.valid_on, &as_of.known_on, &as_of.known_seq];
    let is_past = dates.iter().any(|date| !date.is_empty());
    let h = household::view(app, view, None, &caller.officer);
    let head = h.members.first().map(|member| member.name.clone());
    let head = head.unwrap_or_else(|| "（当时没有登记成员）".to_owned());
    let title = match view.household.unit {
        Subject::Household(_) => format!("{head}户"),
        Subject::Person(_) => head,
    };
    FamilyPage {
        shell: Shell::new(app, caller, "/families", &title),
        here: household::link(subject),
        title,
        h,
        alerts,
        unit: view.household.unit.to_string(),
        visit,
        done: today::done(&as_of.done),
        latest: app.deps.clock.today().to_string(),
        valid_on: as_of.valid_on,
        known_on: as_of.known_on,
        is_past,
        may_reveal: caller.officer.role != Role::Auditor && !is_past,
        purposes: PURPOSES,
    }
}

/// Why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityForm {
    purpose: String,
}

#[derive(Template)]
#[template(path = "identity.html")]
struct IdentityPage {
    shell: Shell,
    link: String,
    purpose: &'static str,
    name: String,
    resident_id: String,
    phone: String,
    /// Digits only, for the telephone link.
    dial: String,
    address: String,
}

/// `POST /persons/{id}/identity`: one person, one purpose, one entry.
pub(super) async fn identity(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    StrictForm(form): StrictForm<IdentityForm>,
) -> Paged {
    let id: PersonId = id.parse().map_err(|_| Problem::not_found())?;
    let stated = PURPOSES.iter().find(|(code, _)| *code == form.purpose);
    let (code, purpose) = stated
        .ok_or_else(|| Problem::bad("purpose.missing", "请选择查看用途", "a purpose is needed"))?;
    if caller.officer.role == Role::Auditor {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "审计角色只看脱敏信息",
            "auditors see masked identities",
        )
        .into());
    }
    let grant = caller.officer.authorize(Operation::ReadPeople, code)?;
    let subject = Subject::Person(id);
    let today = app.deps.clock.today();
    if !app.deps.store.covers(&grant, subject, today).await? {
        return Err(Problem::not_found().into());
    }
    caller.may_see_identity(&app).await?;
    let numbers = people::identity_numbers(&app.deps, &[id]).await?;
    let body = people::identity_facts(&app.deps, id).await?;
    app.discloser
        .disclose(&grant, &[subject], &caller.request)
        .await?;
    let text = |field: &str| {
        let told = body.as_ref().and_then(|body| body.text(field));
        told.map_or_else(String::new, words::short)
    };
    let phone = text("phone");
    html(&IdentityPage {
        shell: Shell::new(&app, &caller, "/families", "完整身份信息"),
        link: household::link(subject),
        purpose,
        name: text("name"),
        resident_id: numbers.get(&id).cloned().unwrap_or_default(),
        dial: phone.chars().filter(char::is_ascii_digit).collect(),
        phone,
        address: text("address"),
    })
}
