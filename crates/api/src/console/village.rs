//! 本周应访: the page of a village's contact, for a telephone: who is to be
//! visited this week and this month, one tap to tell of a visit, the telephone number after a
//! look that is entered in the ledger. Names are masked until then.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::authority::Operation;
use domain::ids::{PersonId, Subject};
use domain::time::Month;
use domain::week::Week;
use pipeline::{care, people};
use registry::care::Span;
use serde::Deserialize;

use super::forms::{StrictForm, fresh_key};
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::problem::Problem;
use crate::rolled::{SpanView, roll_ups};
use crate::strict::StrictQuery;
use crate::visits::{ToVisitView, VillageVisitsView, VisitBody, perform};

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

/// One village in this week or this month.
struct Village {
    /// 本周 or 本月.
    when: &'static str,
    /// 每周 or 每月.
    class: &'static str,
    visits: VillageVisitsView,
    lines: Vec<Line>,
}

impl Village {
    fn of(span: Span, mut visits: VillageVisitsView) -> Village {
        let (when, class) = match span {
            Span::Week(_) => ("本周", "每周"),
            Span::Month(_) => ("本月", "每月"),
        };
        let people = std::mem::take(&mut visits.people).into_iter();
        let lines = people.map(|person| Line {
            person,
            key: fresh_key(),
        });
        Village {
            when,
            class,
            lines: lines.collect(),
            visits,
        }
    }
}

fn villages(seen: &mut SpanView) -> Vec<Village> {
    let villages = std::mem::take(&mut seen.villages).into_iter();
    villages.map(|row| Village::of(seen.span, row)).collect()
}

#[derive(Template)]
#[template(path = "village.html")]
struct VillagePage {
    shell: Shell,
    done: &'static str,
    first_day: String,
    last_day: String,
    villages: Vec<Village>,
    /// 2026-11.
    month: String,
    /// Only where a roster is known: without one the week has said so.
    monthly: Vec<Village>,
}

/// `GET /village`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<VillageQuery>,
) -> Paged {
    let today = app.deps.clock.today();
    let (week, month) = (Week::of(today), Month::of(today));
    let spans = [Span::Week(week), Span::Month(month)];
    let [mut weekly, mut monthly] = roll_ups(&app, &caller, spans, "").await?;
    monthly.villages.retain(|row| row.roster == "known");
    html(&VillagePage {
        shell: Shell::new(&app, &caller, "/village", "本周应访"),
        done: match query.done.as_str() {
            "visit" => "已记下这次探访",
            _ => "",
        },
        villages: villages(&mut weekly),
        first_day: weekly.first_day,
        last_day: weekly.last_day,
        month: month.to_string(),
        monthly: villages(&mut monthly),
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
