//! 报线索 and 我的线索: six fields, under a minute, and where it stands now.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::authority::Operation;
use domain::code::{self, CodeEntry};
use domain::ids::LeadId;
use domain::region::Level;
use serde::Deserialize;

use super::forms::{StrictForm, fresh_key};
use super::refusal::{Paged, html, html_with};
use super::shell::Shell;
use super::today::Choice;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::leads::{LeadBody, LeadView, page as leads_of, perform};
use crate::problem::{Answered, Problem};
use crate::strict::StrictQuery;

/// Leads of one page.
const PAGE: u32 = 30;

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeadForm {
    /// Idempotency key made with the form.
    key: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    urgency: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    phone: String,
}

#[derive(Template)]
#[template(path = "village_lead.html")]
struct LeadPage {
    shell: Shell,
    typed: LeadForm,
    places: Vec<Choice>,
    categories: &'static [CodeEntry],
    urgencies: &'static [CodeEntry],
    why: String,
}

fn blank(app: &App, caller: &Caller, typed: LeadForm, why: String) -> Answered<LeadPage> {
    let grant = caller.grant(Operation::ReportLead)?;
    let today = app.deps.clock.today();
    let mut places = Vec::new();
    for region in grant.regions() {
        let inside = app.deps.divisions.inside(*region, Level::Village, today);
        places.extend(inside.into_iter().map(|village| Choice {
            code: village.code.to_string(),
            name: village.name.clone(),
            chosen: village.code.to_string() == typed.place,
        }));
    }
    Ok(LeadPage {
        shell: Shell::new(app, caller, "/village/leads/new", "报线索"),
        places,
        typed,
        categories: code::LEAD_CATEGORY.entries,
        urgencies: code::URGENCY.entries,
        why,
    })
}

/// `GET /village/leads/new`.
pub(super) async fn form(State(app): State<App>, Visitor(caller): Visitor) -> Paged {
    let typed = LeadForm {
        key: fresh_key(),
        ..LeadForm::default()
    };
    html(&blank(&app, &caller, typed, String::new())?)
}

/// `POST /village/leads`. What can be put right comes back with what was typed.
pub(super) async fn report(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(form): StrictForm<LeadForm>,
) -> Paged {
    let some = |text: &str| Some(text.to_owned());
    let body = LeadBody {
        place: some(&form.place),
        who: some(&form.who),
        resident_id: None,
        category: some(&form.category),
        urgency: some(&form.urgency),
        text: form.text.clone(),
        phone: some(&form.phone),
    };
    match perform(&app, &caller, form.key.clone(), body).await {
        Ok(_) => Ok(Redirect::to("/village/leads?done=lead").into_response()),
        Err(problem) if problem.status().is_client_error() && caller_may(&caller) => {
            let why = problem.zh().to_owned();
            html_with(problem.status(), &blank(&app, &caller, form, why)?)
        }
        Err(problem) => Err(problem.into()),
    }
}

fn caller_may(caller: &Caller) -> bool {
    caller.grant(Operation::ReportLead).is_ok()
}

/// Which page, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeadsQuery {
    #[serde(default)]
    done: String,
    #[serde(default)]
    before: String,
}

/// One lead with its time in words.
struct Line {
    at: String,
    lead: LeadView,
}

#[derive(Template)]
#[template(path = "village_leads.html")]
struct LeadsPage {
    shell: Shell,
    done: &'static str,
    lines: Vec<Line>,
    next: String,
}

/// `GET /village/leads`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<LeadsQuery>,
) -> Paged {
    let before: Option<LeadId> = match query.before.as_str() {
        "" => None,
        text => Some(
            text.parse()
                .map_err(|_| Problem::bad("cursor.invalid", "游标格式不对", "not a cursor"))?,
        ),
    };
    let (leads, next) = leads_of(&app, &caller, before, PAGE).await?;
    let line = |lead: LeadView| {
        let at = lead.reported_at.parse();
        Line {
            at: at.map_or_else(|_| String::new(), words::minute),
            lead,
        }
    };
    html(&LeadsPage {
        shell: Shell::new(&app, &caller, "/village/leads", "我的线索"),
        done: match query.done.as_str() {
            "lead" => "线索已收到，当天转到镇（街道）办理",
            _ => "",
        },
        lines: leads.into_iter().map(line).collect(),
        next: next.map_or_else(String::new, |id| id.to_string()),
    })
}
