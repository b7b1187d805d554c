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
use sqlx::SqliteConnection;

use super::{officers, running};
use crate::Stored;
use crate::commit::{Commit, Guard};
use crate::encode::entry;
use crate::error::StoreError;
use crate::parts::Parts;

/// Takes one commit and answers its id. An error leaves the transaction to be
/// rolled back.
pub(super) async fn commit(tx: &mut SqliteConnection, commit: &Commit) -> Stored<i64> {
    if let Some(answer) = &commit.answer {
        officers::refuse_repeated(tx, answer, commit.at).await?;
    }
    if let Some(lease) = &commit.lease {
        running::refuse_fenced(tx, lease).await?;
    }
    guards(tx, &commit.guards).await?;
    let parts = Parts::of(commit);
    let id = commit_row(tx, commit, &parts).await?;
    said::write(tx, id, &parts).await?;
    folded::write(tx, id, commit, &parts).await?;
    told::write(tx, id, commit, &parts).await?;
    administered::write(tx, id, &parts).await?;
    accounts::write(tx, id, commit, &parts).await?;
    parameters::write(tx, id, &parts).await?;
    subscriptions::write(tx, &parts).await?;
    exports::write(tx, id, &parts).await?;
    if let Some(answer) = &commit.answer {
        officers::store_answer(tx, answer).await?;
    }
    Ok(id)
}

async fn guards(tx: &mut SqliteConnection, guards: &[Guard]) -> Stored<()> {
    let mut versions = Vec::new();
    for guard in guards {
        match guard {
            Guard::AlertVersion { alert, version } => versions.push(serde_json::json!([
                alert.as_uuid().simple().to_string(),
                version
            ])),
            Guard::ImportAt { import, next_line } => {
                let stands: bool = sqlx::query_scalar(
                    "select exists (
                        select 1
                        from imports
                        where id = $1
                        and next_line = $2
                        and state = 'receiving'
                    )",
                )
                .bind(import.as_uuid())
                .bind(next_line)
                .fetch_one(&mut *tx)
                .await?;
                refuse_unless(stands)?;
            }
            Guard::CheckpointAt {
                partition,
                step,
                position,
            } => {
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
            from json_each($1) g
            left join alerts a
            on a.id = unhex(g.value ->> 0)
            where a.version is distinct from g.value ->> 1
        )",
    )
    .bind(serde_json::Value::from(versions).to_string())
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

async fn commit_row(tx: &mut SqliteConnection, commit: &Commit, parts: &Parts<'_>) -> Stored<i64> {
    let records = i64::try_from(parts.records.len()).expect("a commit fits in memory");
    let id = sqlx::query_scalar(
        "insert into commits (kind, partition, at, actor, import_id, record_count, to_apply, entry)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
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
