//! 入户核查表: one A4 sheet for the visit, filled in as far as is known, with
//! who printed it and when. Address and telephone are on it in full, so it is
//! entered in the ledger under its own purpose.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::authority::{Operation, Role};
use domain::code;
use domain::ids::{AlertId, PersonId, Subject};
use pipeline::people;
use pipeline::register::{Family, Member};

use super::alert::{OpenAlert, open};
use super::household::{sex_age, yes};
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::today;
use super::visitor::Visitor;
use super::words;
use crate::alerts::STANDING_LINE;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Problem;

/// Said in the ledger.
const PURPOSE: &str = "visit_sheet";
/// Empty lines left for people nobody told us about.
const SPARE_LINES: usize = 2;

/// One member on the sheet.
struct SheetMember {
    name: String,
    kinship: &'static str,
    sex_age: String,
    number: String,
    counted: &'static str,
    covered: &'static str,
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetPage {
    shell: Shell,
    title: String,
    about: String,
    policy: String,
    sentence: String,
    basis: String,
    deadlines: Vec<String>,
    advice: String,
    missing: String,
    checks: Vec<String>,
    address: String,
    phone: String,
    members: Vec<SheetMember>,
    spare: Vec<usize>,
    id: String,
    standing: &'static str,
}

/// `GET /alerts/{id}/sheet`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
) -> Paged {
    let id: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    if caller.officer.role == Role::Auditor {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "审计角色只看脱敏信息，不能打印核查表",
            "auditors see masked identities",
        )
        .into());
    }
    let grant = caller.officer.authorize(Operation::ReadAlerts, PURPOSE)?;
    let open = open(&app, &grant, id).await?;
    let people = caller.officer.authorize(Operation::ReadPeople, PURPOSE)?;
    let today = app.deps.clock.today();
    let view = people::view(&app.deps, &people, open.row.unit, today, None).await?;
    let family = view.as_ref().map(|view| {
        Family::of(
            &view.household,
            &view.identities,
            app.deps.policies().parameters(),
        )
    });
    let ids: Vec<PersonId> = family
        .iter()
        .flat_map(|family| family.members.iter().map(|member| member.id))
        .collect();
    let numbers = people::identity_numbers(&app.deps, &ids).await?;
    let mut shown: Vec<Subject> = ids.iter().map(|id| Subject::Person(*id)).collect();
    shown.extend([open.row.subject, open.row.unit]);
    shown.sort_unstable();
    shown.dedup();
    app.discloser
        .disclose(&people, &shown, &caller.request)
        .await?;

    let family = family.as_ref();
    html(&filled(&app, &caller, open, family, &numbers))
}

/// The sheet filled in as far as is known.
fn filled(
    app: &App,
    caller: &Caller,
    open: OpenAlert,
    family: Option<&Family>,
    numbers: &BTreeMap<PersonId, String>,
) -> SheetPage {
    let head = family.and_then(Family::head);
    let told = |field: fn(&Member) -> Option<&String>| head.and_then(field).cloned();
    let member = |member: &Member| SheetMember {
        name: member
            .name
            .as_deref()
            .map_or_else(|| "（姓名未登记）".to_owned(), words::short),
        kinship: member.kinship.map_or("未登记", |k| code::KINSHIP.zh(k)),
        sex_age: sex_age(member),
        number: numbers
            .get(&member.id)
            .map_or_else(String::new, |n| last_four(n)),
        counted: yes(member.counted),
        covered: yes(member.covered),
    };
    let (title, about) = today::heading(app, caller, family, &open.row);
    let basis: Vec<String> = open
        .decision
        .basis
        .iter()
        .map(|basis| format!("{}{}", basis.document, basis.article))
        .collect();
    let criteria = open.decision.criteria.iter();
    SheetPage {
        shell: Shell::new(app, caller, "", "入户核查表"),
        policy: open.decision.title_zh.clone(),
        sentence: open.sentence,
        basis: basis.join("；"),
        deadlines: open.alert.deadlines.iter().map(words::deadline).collect(),
        advice: open.decision.advice_zh.clone(),
        missing: today::missing(&open.decision),
        checks: criteria.map(|criterion| criterion.zh.clone()).collect(),
        address: told(|head| head.address.as_ref()).unwrap_or_default(),
        phone: told(|head| head.phone.as_ref()).unwrap_or_default(),
        members: family
            .iter()
            .flat_map(|family| family.members.iter().map(member))
            .collect(),
        spare: (0..SPARE_LINES).collect(),
        id: open.row.id.to_string(),
        standing: STANDING_LINE,
        title,
        about,
    }
}

/// The end of an identity number: enough at a door, useless in a bin.
fn last_four(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    let tail = chars.len().saturating_sub(4);
    format!("…{}", chars[tail..].iter().collect::<String>())
}
