//! 本周应访: the page of a village's contact, for a telephone: who is to be
//! visited this week, one tap to tell of a visit, the telephone number after a
//! look that is entered in the ledger. Names are masked until then.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::authority::Operation;
use domain::ids::{PersonId, Subject};
use domain::week::Week;
use pipeline::{care, people};
use serde::Deserialize;

use super::forms::{StrictForm, fresh_key};
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::problem::Problem;
use crate::strict::StrictQuery;
use crate::visits::{ToVisitView, VillageWeekView, VisitBody, perform, roll_up};

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VillageQuery {
    #[serde(default)]
    done: String,
}

/// One person to be visited, with the key of their form.
struct Line {
    person: ToVisitView,
    key: String,
}

/// One village.
struct Village {
    week: VillageWeekView,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "village.html")]
struct VillagePage {
    shell: Shell,
    done: &'static str,
    first_day: String,
    last_day: String,
    villages: Vec<Village>,
}

/// `GET /village`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<VillageQuery>,
) -> Paged {
    let week = Week::of(app.deps.clock.today());
    let mut view = roll_up(&app, &caller, week, "").await?;
    let village = |mut week: VillageWeekView| {
        let people = std::mem::take(&mut week.people).into_iter();
        let lines = people.map(|person| Line {
            person,
            key: fresh_key(),
        });
        Village {
            lines: lines.collect(),
            week,
        }
    };
    let villages = std::mem::take(&mut view.villages);
    html(&VillagePage {
        shell: Shell::new(&app, &caller, "/village", "本周应访"),
        done: match query.done.as_str() {
            "visit" => "已记下这次探访",
            _ => "",
        },
        first_day: view.first_day,
        last_day: view.last_day,
        villages: villages.into_iter().map(village).collect(),
    })
}

#[derive(Template)]
#[template(path = "village_phone.html")]
struct PhonePage {
    shell: Shell,
    name: String,
    phone: String,
    /// Digits only, for the telephone link.
    dial: String,
}

/// `POST /village/people/{id}/phone`: one person on the roster, one entry.
pub(super) async fn phone(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
) -> Paged {
    let id: PersonId = id.parse().map_err(|_| Problem::not_found())?;
    let operation = Operation::ReadCareVisits;
    let grant = caller.officer.authorize(operation, "care_visit")?;
    if !care::is_on_roster(&app.deps, &grant, id).await? {
        return Err(Problem::not_found().into());
    }
    let body = people::identity_facts(&app.deps, id).await?;
    app.discloser
        .disclose(&grant, &[Subject::Person(id)], &caller.request)
        .await?;
    let text = |field: &str| {
        let told = body.as_ref().and_then(|body| body.text(field));
        told.map_or_else(String::new, words::short)
    };
    let phone = text("phone");
    html(&PhonePage {
        shell: Shell::new(&app, &caller, "/village", "联系方式"),
        name: text("name"),
        dial: phone.chars().filter(char::is_ascii_digit).collect(),
        phone,
    })
}

/// One visit. The button pressed says what was found; changes are ticks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VisitForm {
    /// Idempotency key made with the form.
    key: String,
    /// `safe`, `needs_help`, `not_seen`.
    answer: String,
    #[serde(default)]
    income_changed: String,
    #[serde(default)]
    members_changed: String,
    #[serde(default)]
    health_changed: String,
    #[serde(default)]
    housing_changed: String,
    #[serde(default)]
    note: String,
}

/// `POST /village/people/{id}/visit`: visited today.
pub(super) async fn visit(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    StrictForm(form): StrictForm<VisitForm>,
) -> Paged {
    let changes = [
        ("income_changed", &form.income_changed),
        ("members_changed", &form.members_changed),
        ("health_changed", &form.health_changed),
        ("housing_changed", &form.housing_changed),
    ];
    let ticked = changes.iter().filter(|(_, tick)| !tick.is_empty());
    let mut answers = vec![form.answer.clone()];
    answers.extend(ticked.map(|(name, _)| (*name).to_owned()));
    let note = form.note.replace("\r\n", "\n");
    let body = VisitBody {
        person: id,
        visited_on: app.deps.clock.today().to_string(),
        answers,
        note: Some(note),
        ..VisitBody::default()
    };
    perform(&app, &caller, form.key, &body).await?;
    Ok(Redirect::to("/village?done=visit").into_response())
}
