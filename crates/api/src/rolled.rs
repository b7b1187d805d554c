//! Weeks and months of visits, rolled up per village, as pages and answers show them.

use std::collections::BTreeSet;

use domain::authority::{Grant, Operation, Role};
use domain::ids::Subject;
use domain::time::Date;
use pipeline::care::{self, RollUp};
use registry::care::{Roster, Span, ToVisit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Caller;
use crate::console::narrowed;
use crate::problem::{Answered, Problem};
use crate::visits::{ToVisitView, VillageVisitsView};

/// A week or month as pages and answers show it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpanView {
    #[serde(skip)]
    pub(crate) span: Span,
    pub(crate) first_day: String,
    pub(crate) last_day: String,
    /// Its last day has passed.
    pub(crate) over: bool,
    /// As of a village.
    pub(crate) roster: &'static str,
    /// Too many people for one answer: choose a township.
    pub(crate) truncated: bool,
    pub(crate) villages: Vec<VillageVisitsView>,
}

/// The roll-ups of some spans, disclosed as one look.
pub(crate) async fn roll_ups<const N: usize>(
    app: &App,
    caller: &Caller,
    spans: [Span; N],
    township: &str,
) -> Answered<[SpanView; N]> {
    let operation = Operation::ReadCareVisits;
    let grant = narrowed(caller, operation, operation.name(), township)?;
    let rolled = care::roll_ups(&app.deps, &grant, &spans).await?;
    let rolled = rolled.ok_or_else(Problem::not_found)?;
    let shown: BTreeSet<Subject> = rolled.iter().flat_map(RollUp::shown).collect();
    if !shown.is_empty() {
        let shown: Vec<Subject> = shown.into_iter().collect();
        app.discloser
            .disclose(&grant, &shown, &caller.request)
            .await?;
    }
    let views: Vec<SpanView> = rolled.iter().map(|r| view(app, &grant, r)).collect();
    views.try_into().map_err(|_| Problem::not_found())
}

/// A roster's stable name and its as-of day.
fn told(roster: Roster) -> (&'static str, Option<Date>) {
    match roster {
        Roster::Never => ("never", None),
        Roster::Stale { as_of } => ("stale", Some(as_of)),
        Roster::Known { as_of } => ("known", Some(as_of)),
    }
}

fn view(app: &App, grant: &Grant, rolled: &RollUp) -> SpanView {
    let today = app.deps.clock.today();
    let masks = matches!(grant.role(), Some(Role::VillageContact | Role::Auditor));
    let name = |text: &str| {
        if masks {
            vault::mask::name(text)
        } else {
            text.to_owned()
        }
    };
    let person = |to_visit: &ToVisit| {
        let identity = rolled.identities.get(&to_visit.person);
        ToVisitView {
            person: to_visit.person.to_string(),
            name: identity.and_then(|body| body.text("name")).map(name),
            responsible: to_visit.responsible.as_deref().map(name),
            seen_on: to_visit.seen_on.map(|on| on.to_string()),
            missed_on: to_visit.missed_on.map(|on| on.to_string()),
        }
    };
    let village = |row: &registry::care::VillageVisits| {
        let known = row.roster.is_known();
        let (roster, as_of) = told(row.roster);
        let people = row.people.iter().filter(|_| known);
        VillageVisitsView {
            place: row.place.to_string(),
            name: app.deps.divisions.name(row.place, today),
            roster: roster.to_owned(),
            roster_as_of: as_of.map(|on| on.to_string()),
            due: known.then(|| row.due()),
            done: known.then(|| row.done()),
            missing: known.then(|| row.missing().count()),
            people: people.map(person).collect(),
        }
    };
    SpanView {
        span: rolled.span,
        first_day: rolled.span.first_day().to_string(),
        last_day: rolled.span.last_day().to_string(),
        over: rolled.over,
        roster: told(rolled.roster).0,
        truncated: rolled.truncated,
        villages: rolled.villages.iter().map(village).collect(),
    }
}
