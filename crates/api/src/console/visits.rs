//! 探访: how a week and its month of care visits stand, village by village. Villages, never
//! persons, and in the order of the division table.

use askama::Template;
use axum::extract::State;
use domain::time::Month;
use domain::week::Week;
use registry::care::Span;
use serde::Deserialize;

use super::refusal::{Paged, html};
use super::shell::Shell;
use super::today::{Choice, chosen, townships};
use super::visitor::Visitor;
use crate::app::App;
use crate::rolled::{SpanView, roll_ups};
use crate::strict::StrictQuery;
use crate::visits::week;

/// Which week, which township.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VisitsQuery {
    /// `2026-W47`.
    #[serde(default)]
    week: String,
    #[serde(default)]
    township: String,
}

#[derive(Template)]
#[template(path = "visits.html")]
struct VisitsPage {
    shell: Shell,
    townships: Vec<Choice>,
    township: String,
    before: String,
    /// Empty in the current week.
    after: String,
    week: String,
    /// The month of the last day of the week that has come.
    month: String,
    /// The week, then the month.
    spans: [SpanView; 2],
}

/// `GET /visits`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<VisitsQuery>,
) -> Paged {
    let week = week(&app, Some(&query.week))?;
    let today = app.deps.clock.today();
    let month = Month::of(week.last_day().min(today));
    let spans = [Span::Week(week), Span::Month(month)];
    let spans = roll_ups(&app, &caller, spans, &query.township).await?;
    let later = week < Week::of(today);
    html(&VisitsPage {
        shell: Shell::new(&app, &caller, "/visits", "探访"),
        townships: townships(&app, &caller, chosen(&query.township)?),
        township: query.township,
        before: week.plus(-1).to_string(),
        after: if later {
            week.plus(1).to_string()
        } else {
            String::new()
        },
        week: week.to_string(),
        month: month.to_string(),
        spans,
    })
}
