//! When an action could not be taken: why, how the alert stands now, what was
//! done since the page was opened, and the typed text in a form for another go.

use askama::Template;
use domain::alert::OutcomeCode;
use domain::authority::Operation;
use domain::ids::AlertId;

use super::alert::{self, Event, RecordChoice};
use super::forms::{ActionForm, fresh_key};
use super::refusal::{Paged, html_with};
use super::shell::Shell;
use super::staff;
use super::today::Choice;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Problem;

/// One value of a choice.
pub(super) struct OutcomeChoice {
    pub(super) code: &'static str,
    pub(super) zh: &'static str,
    pub(super) chosen: bool,
}

/// All outcomes with the chosen one marked.
pub(super) fn outcomes(chosen: &str) -> Vec<OutcomeChoice> {
    OutcomeCode::ALL
        .into_iter()
        .map(|code| OutcomeChoice {
            code: words::outcome_name(code),
            zh: words::outcome(code),
            chosen: words::outcome_name(code) == chosen,
        })
        .collect()
}

#[derive(Template)]
#[template(path = "conflict.html")]
struct ConflictPage {
    shell: Shell,
    why: String,
    is_version: bool,
    id: String,
    noun: String,
    work: &'static str,
    since: Vec<Event>,
    version: i64,
    state: String,
    found: String,
    key: String,
    form: ActionForm,
    outcomes: Vec<OutcomeChoice>,
    records: Vec<RecordChoice>,
    colleagues: Vec<Choice>,
    open_elsewhere: Vec<String>,
    is_closed: bool,
}

/// The page, with the status of the refusal.
pub(super) async fn page(
    app: &App,
    caller: &Caller,
    id: AlertId,
    noun: &str,
    form: ActionForm,
    problem: &Problem,
) -> Paged {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let opened = alert::open(app, &grant, id).await?;
    let timeline = alert::timeline(app, &grant, &opened.row).await?;
    app.discloser
        .disclose(&grant, &[opened.row.subject], &caller.request)
        .await?;
    let since = timeline
        .into_iter()
        .filter(|event| event.version > form.version)
        .collect();
    let found = alert::found(&opened.alert).map_or("", words::outcome_name);
    let shell = Shell::new(app, caller, "", "没有办成，请核对");
    let page = ConflictPage {
        shell,
        why: problem.zh().to_owned(),
        is_version: problem.code() == "alert.version",
        id: id.to_string(),
        noun: noun.to_owned(),
        work: words::work(&opened.row.work),
        since,
        version: opened.row.version,
        state: opened.row.work.clone(),
        found: found.to_owned(),
        key: fresh_key(),
        outcomes: outcomes(&form.outcome),
        records: alert::records(&opened.decision, None, &form.record),
        colleagues: staff::colleagues(app, caller, &opened.alert).await?,
        open_elsewhere: staff::open_elsewhere(app, caller, id).await?,
        is_closed: opened.row.work == "closed",
        form,
    };
    html_with(problem.status(), &page)
}
