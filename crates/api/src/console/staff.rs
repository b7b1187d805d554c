//! Colleagues: who works on an alert, who may be handed it, who has it open.
//! Work accounts only; nobody here is a citizen.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::Alert;
use domain::authority::Operation;
use domain::ids::{AlertId, OfficerId};
use pipeline::act;

use super::today::Choice;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answered;

/// How long an opened page counts as open. A platform default: long enough for
/// a telephone call, short enough that nobody waits for who has gone home.
const OPEN_SECONDS: i64 = 600;

/// Names of officers, disabled ones too.
pub(super) async fn names(
    app: &App,
    officers: impl IntoIterator<Item = OfficerId>,
) -> Answered<BTreeMap<OfficerId, String>> {
    let wanted: BTreeSet<OfficerId> = officers.into_iter().collect();
    let mut names = BTreeMap::new();
    for id in wanted {
        let officer = app.deps.store.officer(id).await?;
        names.insert(id, officer.map_or_else(|| id.to_string(), |o| o.name));
    }
    Ok(names)
}

/// Those an alert may be handed to, without who has it.
pub(super) async fn colleagues(app: &App, caller: &Caller, alert: &Alert) -> Answered<Vec<Choice>> {
    let Ok(grant) = caller.grant(Operation::WorkAlerts) else {
        return Ok(Vec::new());
    };
    let officers = act::colleagues(&app.deps, &grant, alert.desk.feed()).await?;
    let others = officers
        .into_iter()
        .filter(|officer| Some(officer.id) != alert.assignee);
    let choice = |officer: domain::authority::Officer| Choice {
        name: if officer.id == caller.officer.id {
            format!("{}（本人）", officer.name)
        } else {
            officer.name
        },
        code: officer.id.to_string(),
        chosen: false,
    };
    Ok(others.map(choice).collect())
}

/// Notes that the alert is open at this desk; answers who else has it open,
/// and since when. Readers who do not work on alerts are not noted.
pub(super) async fn open_elsewhere(
    app: &App,
    caller: &Caller,
    alert: AlertId,
) -> Answered<Vec<String>> {
    let Ok(grant) = caller.grant(Operation::WorkAlerts) else {
        return Ok(Vec::new());
    };
    let now = app.deps.clock.now();
    let until = now.plus_seconds(OPEN_SECONDS);
    let others = app.deps.store.look_at(&grant, alert, now, until).await?;
    let names = names(app, others.iter().map(|other| other.officer)).await?;
    let told = |other: &store::rows::Presence| {
        let name = names.get(&other.officer).cloned().unwrap_or_default();
        format!("{name}（自 {} 起）", words::minute(other.since))
    };
    Ok(others.iter().map(told).collect())
}
