//! The write: guards, then each table in bulk. Runs inside one transaction.

mod accounts;
mod administered;
mod exports;
mod folded;
mod parameters;
mod said;
mod subscriptions;
mod told;

use domain::ids::ImportId;
use domain::region::DivisionCode;
use sqlx::postgres::PgConnection;

use super::{officers, running};
use crate::Stored;
use crate::commit::{Commit, Guard};
use crate::encode::entry;
use crate::error::StoreError;
use crate::parts::Parts;

/// Takes one commit and answers its id. An error leaves the transaction to be
/// rolled back.
///
/// The id is drawn when every row that another commit may change is locked: of
/// two commits on one alert the later has the larger id, and is numbered later.
pub(super) async fn commit(tx: &mut PgConnection, commit: &Commit) -> Stored<i64> {
    if let Some(answer) = &commit.answer {
        officers::refuse_repeated(tx, answer, commit.at).await?;
    }
    if let Some(lease) = &commit.lease {
        running::refuse_fenced(tx, lease).await?;
    }
    let parts = Parts::of(commit);
    lock_alerts(tx, &commit.guards, &parts).await?;
    guards(tx, &commit.guards).await?;
    let id = commit_row(tx, commit, &parts).await?;
    said::write(tx, id, &parts).await?;
    folded::write(tx, id, commit, &parts).await?;
    told::write(tx, id, commit, &parts).await?;
    administered::write(tx, id, &parts).await?;
    accounts::write(tx, id, commit, &parts).await?;
    parameters::write(tx, id, &parts).await?;
    subscriptions::write(tx, &parts).await?;
    exports::write(tx, id, &parts).await?;
    Ok(id)
}

/// Locks all alerts of a commit, in one order for all commits.
async fn lock_alerts(tx: &mut PgConnection, guards: &[Guard], parts: &Parts<'_>) -> Stored<()> {
    let guarded = guards.iter().filter_map(|guard| match guard {
        Guard::AlertVersion { alert, .. } => Some(alert.as_uuid()),
        _ => None,
    });
    let written = parts.alerts.iter().map(|row| row.id.as_uuid());
    let worked = parts.actions.iter().map(|row| row.alert.as_uuid());
    let ids: Vec<_> = guarded.chain(written).chain(worked).collect();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "select
        from alerts
        where id = any ($1)
        order by id
        for update",
    )
    .bind(ids)
    .execute(tx)
    .await?;
    Ok(())
}

async fn guards(tx: &mut PgConnection, guards: &[Guard]) -> Stored<()> {
    let (mut alerts, mut versions) = (Vec::new(), Vec::new());
    for guard in guards {
        match guard {
            Guard::AlertVersion { alert, version } => {
                alerts.push(alert.as_uuid());
                versions.push(*version);
            }
            Guard::ImportAt { import, next_line } => {
                let stands: Option<bool> = sqlx::query_scalar(
                    "select next_line = $2 and state = 'receiving'
                    from imports
                    where id = $1
                    for update",
                )
                .bind(import.as_uuid())
                .bind(i64::from(*next_line))
                .fetch_optional(&mut *tx)
                .await?;
                refuse_unless(stands == Some(true))?;
            }
            Guard::CheckpointAt {
                partition,
                step,
                position,
            } => {
                // There may be no row to lock yet.
                sqlx::query("select pg_advisory_xact_lock(hashtextextended($1 || $2, 0))")
                    .bind(partition.as_str())
                    .bind(step)
                    .execute(&mut *tx)
                    .await?;
                let stands = super::folding::checkpoint(&mut *tx, *partition, step).await?;
                refuse_unless(stands == *position)?;
            }
            Guard::ReviewsAt { number } => {
                refuse_unless(super::parameters::reviews(&mut *tx).await? == *number)?;
            }
        }
    }
    if versions.is_empty() {
        return Ok(());
    }
    let moved: bool = sqlx::query_scalar(
        "select exists (
            select 1
            from unnest($1::uuid[], $2::bigint[]) g (id, version)
            left join alerts a
            on a.id = g.id
            where a.version is distinct from g.version
        )",
    )
    .bind(alerts)
    .bind(versions)
    .fetch_one(tx)
    .await?;
    refuse_unless(!moved)
}

fn refuse_unless(stands: bool) -> Stored<()> {
    if stands {
        Ok(())
    } else {
        Err(StoreError::Conflict)
    }
}

async fn commit_row(tx: &mut PgConnection, commit: &Commit, parts: &Parts<'_>) -> Stored<i64> {
    let records = i64::try_from(parts.records.len()).expect("a commit fits in memory");
    let id = sqlx::query_scalar(
        "insert into commits (id, kind, partition, at, actor, import_id, record_count, to_apply,
            entry)
        values (nextval('commit_ids'), $1, $2, $3, $4, $5, $6, $7, $8)
        returning id",
    )
    .bind(commit.kind.name())
    .bind(commit.partition.as_ref().map(DivisionCode::as_str))
    .bind(commit.at.as_micros())
    .bind(&commit.actor)
    .bind(parts.import().map(ImportId::as_uuid))
    .bind(records)
    .bind(parts.is_to_apply(commit.kind))
    .bind(entry(commit, parts))
    .fetch_one(tx)
    .await?;
    Ok(id)
}
