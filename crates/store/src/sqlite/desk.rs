//! What a desk needs between two pages: who has an alert open, and what was
//! typed when a session ended.

use domain::ids::{AlertId, OfficerId};
use domain::time::Instant;
use sqlx::{SqliteConnection, SqlitePool};

use super::columns::{Columns, nouns};
use crate::Stored;
use crate::rows::{DraftRow, Presence};

/// The caller has asked whether the officer may see the alert.
pub(super) async fn look_at(
    writer: &mut SqliteConnection,
    officer: OfficerId,
    alert: AlertId,
    now: Instant,
    until: Instant,
) -> Stored<Vec<Presence>> {
    sqlx::query("delete from presences where held_until <= $1")
        .bind(now.as_micros())
        .execute(&mut *writer)
        .await?;
    sqlx::query(
        "insert into presences (alert_id, officer_id, since, held_until)
        values ($1, $2, $3, $4)
        on conflict (alert_id, officer_id) do update
        set held_until = excluded.held_until",
    )
    .bind(alert.as_uuid())
    .bind(officer.as_uuid())
    .bind(now.as_micros())
    .bind(until.as_micros())
    .execute(&mut *writer)
    .await?;
    let rows = sqlx::query(
        "select officer_id, since
        from presences
        where alert_id = $1
        and officer_id <> $2
        and held_until > $3
        order by officer_id",
    )
    .bind(alert.as_uuid())
    .bind(officer.as_uuid())
    .bind(now.as_micros())
    .fetch_all(writer)
    .await?;
    nouns("presences", &rows, |row| {
        Ok(Presence {
            officer: OfficerId::from_uuid(row.uuid("officer_id")?),
            since: row.instant("since")?,
        })
    })
}

pub(super) async fn look_away(
    writer: &mut SqliteConnection,
    officer: OfficerId,
    alert: AlertId,
) -> Stored<()> {
    sqlx::query(
        "delete from presences
        where alert_id = $1
        and officer_id = $2",
    )
    .bind(alert.as_uuid())
    .bind(officer.as_uuid())
    .execute(writer)
    .await?;
    Ok(())
}

pub(super) async fn keep_draft(
    writer: &mut SqliteConnection,
    draft: &DraftRow,
    now: Instant,
) -> Stored<()> {
    sqlx::query("delete from drafts where expires_at <= $1")
        .bind(now.as_micros())
        .execute(&mut *writer)
        .await?;
    sqlx::query(
        "insert into drafts (officer_id, alert_id, sealed, expires_at)
        values ($1, $2, $3, $4)
        on conflict (officer_id, alert_id) do update
        set sealed = excluded.sealed,
            expires_at = excluded.expires_at",
    )
    .bind(draft.officer.as_uuid())
    .bind(draft.alert.as_uuid())
    .bind(&draft.sealed)
    .bind(draft.expires_at.as_micros())
    .execute(writer)
    .await?;
    Ok(())
}

pub(super) async fn drafts(
    pool: &SqlitePool,
    officer: OfficerId,
    now: Instant,
) -> Stored<Vec<DraftRow>> {
    let rows = sqlx::query(
        "select *
        from drafts
        where officer_id = $1
        and expires_at > $2
        order by alert_id",
    )
    .bind(officer.as_uuid())
    .bind(now.as_micros())
    .fetch_all(pool)
    .await?;
    nouns("drafts", &rows, draft)
}

pub(super) async fn drop_draft(
    writer: &mut SqliteConnection,
    officer: OfficerId,
    alert: AlertId,
) -> Stored<()> {
    sqlx::query(
        "delete from drafts
        where officer_id = $1
        and alert_id = $2",
    )
    .bind(officer.as_uuid())
    .bind(alert.as_uuid())
    .execute(writer)
    .await?;
    Ok(())
}

fn draft(row: &Columns<'_>) -> Stored<DraftRow> {
    Ok(DraftRow {
        officer: OfficerId::from_uuid(row.uuid("officer_id")?),
        alert: AlertId::from_uuid(row.uuid("alert_id")?),
        sealed: row.value("sealed")?,
        expires_at: row.instant("expires_at")?,
    })
}
