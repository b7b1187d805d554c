//! Dispatch: the backlog is released by level and age within each desk's daily
//! budget, and published work is numbered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::alert::{Alert, AlertChange};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Instant;
use store::commit::{AlertRow, Commit, CommitKind, Guard, Lease, Write};

use crate::apply::{Progress, lease};
use crate::deps::Deps;
use crate::error::StepError;
use crate::sealing::Keyring;
use alerts::look_on;

/// Name of the step in leases.
pub const DISPATCH: &str = "dispatch";

/// Numbers committed commits and rings for feed readers.
pub async fn publish_step(deps: &Arc<Deps>) -> Result<Progress, StepError> {
    let published = deps.store.publish(PUBLISH_COMMITS).await?;
    if published.commits == 0 {
        return Ok(Progress::Idle);
    }
    deps.published.notify_waiters();
    Ok(Progress::Done(published.commits as usize))
}

/// Commits numbered in one publication.
const PUBLISH_COMMITS: u32 = 500;

/// Releases what today's budget allows on every desk of a partition.
pub async fn dispatch_step(
    deps: &Arc<Deps>,
    partition: DivisionCode,
) -> Result<Progress, StepError> {
    let today = deps.clock.today();
    let budget = deps.settings.daily_budget_per_township;
    let rows = deps.store.held(partition, budget).await?;
    if rows.is_empty() {
        return Ok(Progress::Idle);
    }
    let midnight = Instant::china_morning(today).plus_seconds(-9 * 3600);
    let raised: BTreeMap<DivisionCode, u32> = deps
        .store
        .raised_since(partition, midnight)
        .await?
        .into_iter()
        .collect();
    let (keyring, held) = open_all(deps, &rows).await?;
    let cx = alerts::Context {
        now: deps.clock.now(),
        on: today,
        calendar: &deps.calendar,
        divisions: &deps.divisions,
    };
    let changes = alerts::release(&held, &raised, budget, &cx);
    if changes.is_empty() {
        return Ok(Progress::Idle);
    }
    let lease = lease(deps, partition, DISPATCH).await?;
    let done = changes.len();
    let commit = change_commit(
        deps,
        partition,
        CommitKind::Dispatch,
        DISPATCH,
        Some(lease),
        &keyring,
        changes,
    )?;
    deps.store.commit(&commit).await?;
    Ok(Progress::Done(done))
}

/// Opens alert rows with the keys of their subjects; erased subjects are left
/// out.
pub(crate) async fn open_all(
    deps: &Deps,
    rows: &[AlertRow],
) -> Result<(Keyring, Vec<Alert>), StepError> {
    let subjects: BTreeSet<Subject> = rows.iter().map(|row| row.subject).collect();
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let open = rows.iter().filter(|row| keyring.has(row.subject));
    let alerts = open
        .map(|row| keyring.open_alert(row))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((keyring, alerts))
}

/// A commit of alert changes with their guards and news.
pub(crate) fn change_commit(
    deps: &Deps,
    partition: DivisionCode,
    kind: CommitKind,
    actor: &str,
    lease: Option<Lease>,
    keyring: &Keyring,
    changes: Vec<AlertChange>,
) -> Result<Commit, StepError> {
    let mut guards = Vec::new();
    let mut rows = Vec::new();
    let mut news = Vec::new();
    for change in changes {
        if let Some(version) = change.from_version {
            guards.push(Guard::AlertVersion {
                alert: change.after.id,
                version,
            });
        }
        rows.push(AlertRow::of(
            &change.after,
            look_on(&change.after),
            keyring.seal_alert(&change.after)?,
        ));
        news.extend(change.news);
    }
    Ok(Commit {
        kind,
        partition: Some(partition),
        at: deps.clock.now(),
        actor: actor.to_owned(),
        lease,
        guards,
        writes: vec![Write::Alerts(rows), Write::Feed(news)],
        answer: None,
    })
}
