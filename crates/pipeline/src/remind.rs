//! Remind: what the date alone changes about alerts. Nothing else runs on a
//! timer.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::ids::{AlertId, Subject};
use domain::region::DivisionCode;
use store::commit::{CommitKind, Write};

use crate::apply::{Progress, lease};
use crate::deps::Deps;
use crate::dispatch::{change_commit, open_all};
use crate::error::StepError;

/// Name of the step in leases.
pub const REMIND: &str = "remind";

/// Alerts looked at in one transaction.
const REMIND_ALERTS: u32 = 500;

/// Looks once at every alert of a partition whose day has come: reminds of
/// deadlines passed, ends snoozes, and marks units due whose condition must be
/// judged again.
pub async fn remind_step(deps: &Arc<Deps>, partition: DivisionCode) -> Result<Progress, StepError> {
    let today = deps.clock.today();
    let mut after: Option<AlertId> = None;
    let mut done = 0;
    loop {
        let rows = deps
            .store
            .alerts_to_look_at(partition, today, after, REMIND_ALERTS)
            .await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        let (keyring, open) = open_all(deps, &rows).await?;
        let cx = alerts::Context {
            now: deps.clock.now(),
            on: today,
            calendar: &deps.calendar,
            divisions: &deps.divisions,
        };
        let changes: Vec<_> = open
            .iter()
            .filter_map(|alert| alerts::remind(alert, &cx))
            .collect();
        let due: BTreeSet<Subject> = open
            .iter()
            .filter(|alert| alerts::needs_evaluation(alert, today))
            .map(|alert| alert.unit)
            .collect();
        done += changes.len();
        if changes.is_empty() && due.is_empty() {
            continue;
        }
        let lease = lease(deps, partition, REMIND).await?;
        let mut commit = change_commit(
            deps,
            partition,
            CommitKind::Remind,
            REMIND,
            Some(lease),
            &keyring,
            changes,
        )?;
        commit.writes.push(Write::Due(due.into_iter().collect()));
        deps.store.commit(&commit).await?;
    }
    Ok(if done == 0 {
        Progress::Idle
    } else {
        Progress::Done(done)
    })
}
