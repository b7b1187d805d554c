//! 探访: how a week of care visits stands, village by village. Villages, never
//! persons, and in the order of the division table.

use askama::Template;
use axum::extract::State;
use domain::week::Week;
use serde::Deserialize;

use super::refusal::{Paged, html};
use super::shell::Shell;
use super::today::{Choice, chosen, townships};
use super::visitor::Visitor;
use crate::app::App;
use crate::strict::StrictQuery;
use crate::visits::{WeeksView, roll_up, week};

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
    w: WeeksView,
}

/// `GET /visits`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<VisitsQuery>,
) -> Paged {
    let week = week(&app, Some(&query.week))?;
    let w = roll_up(&app, &caller, week, &query.township).await?;
    let later = week < Week::of(app.deps.clock.today());
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
        w,
    })
}
