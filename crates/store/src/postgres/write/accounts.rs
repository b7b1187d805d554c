//! Writes accounts, their sessions and what happened to them.

use domain::ids::OfficerId;
use domain::time::Instant;
use sqlx::postgres::PgConnection;

use crate::accounts::{AccountEventRow, AccountRow};
use crate::commit::Commit;
use crate::encode::digests_text;
use crate::parts::Parts;
use crate::postgres::columns::insert;
use crate::{StoreError, Stored};

pub(super) async fn write(
    tx: &mut PgConnection,
    id: i64,
    commit: &Commit,
    parts: &Parts<'_>,
) -> Stored<()> {
    for account in &parts.accounts {
        if !account_row(tx, account).await? {
            return Err(StoreError::Conflict);
        }
    }
    subjects(tx, parts).await?;
    sessions(tx, commit, parts).await?;
    events(tx, id, &parts.account_events).await
}

/// Whether the version stored was the one before.
async fn account_row(tx: &mut PgConnection, row: &AccountRow) -> Stored<bool> {
    let statement = if row.version == 1 {
        "insert into accounts (officer_id, login, holder, administers, password, totp, totp_step,
            recovery, failed, locked_until, must_change, changed_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (officer_id) do nothing"
    } else {
        "update accounts
        set login = $2,
            holder = $3,
            administers = $4,
            password = $5,
            totp = $6,
            totp_step = $7,
            recovery = $8,
            failed = $9,
            locked_until = $10,
            must_change = $11,
            changed_at = $12,
            version = $13
        where officer_id = $1
        and version = $13 - 1"
    };
    let done = sqlx::query(statement)
        .bind(row.officer.as_uuid())
        .bind(&row.login)
        .bind(&row.holder)
        .bind(row.administers)
        .bind(&row.password)
        .bind(&row.totp)
        .bind(row.totp_step)
        .bind(digests_text(&row.recovery))
        .bind(i64::from(row.failed))
        .bind(row.locked_until.map(Instant::as_micros))
        .bind(row.must_change)
        .bind(row.changed_at.as_micros())
        .bind(row.version)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// An account has one subject; it gives way to another.
async fn subjects(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    let bound = parts.subjects.iter().map(|(_, officer)| officer);
    for officer in parts.subjects_unbound.iter().chain(bound) {
        sqlx::query("delete from subjects where officer_id = $1")
            .bind(officer.as_uuid())
            .execute(&mut *tx)
            .await?;
    }
    for (digest, officer) in &parts.subjects {
        sqlx::query(
            "insert into subjects (digest, officer_id)
            values ($1, $2)",
        )
        .bind(digest.to_vec())
        .bind(officer.as_uuid())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Sessions end before others begin; one that ended is not seen again.
async fn sessions(tx: &mut PgConnection, commit: &Commit, parts: &Parts<'_>) -> Stored<()> {
    for digest in &parts.sessions_ended {
        sqlx::query("delete from sessions where digest = $1")
            .bind(digest.to_vec())
            .execute(&mut *tx)
            .await?;
    }
    for officer in &parts.sessions_of_ended {
        sqlx::query("delete from sessions where officer_id = $1")
            .bind(officer.as_uuid())
            .execute(&mut *tx)
            .await?;
    }
    for row in &parts.sessions {
        sqlx::query(
            "delete from sessions
            where officer_id = $1
            and (ends_at <= $2 or idle_until <= $2)",
        )
        .bind(row.officer.as_uuid())
        .bind(commit.at.as_micros())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "insert into sessions (digest, officer_id, begun_at, seen_at, idle_until, ends_at,
                second)
            values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(row.digest.to_vec())
        .bind(row.officer.as_uuid())
        .bind(row.begun_at.as_micros())
        .bind(row.seen_at.as_micros())
        .bind(row.idle_until.as_micros())
        .bind(row.ends_at.as_micros())
        .bind(row.second)
        .execute(&mut *tx)
        .await?;
    }
    for (digest, seen_at, idle_until) in &parts.sessions_seen {
        sqlx::query(
            "update sessions
            set seen_at = $2,
                idle_until = $3
            where digest = $1",
        )
        .bind(digest.to_vec())
        .bind(seen_at.as_micros())
        .bind(idle_until.as_micros())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn events(tx: &mut PgConnection, id: i64, rows: &[&AccountEventRow]) -> Stored<()> {
    insert(
        tx,
        "insert into account_events (commit_id, row_no, officer_id, event, by, second_id) ",
        6,
        "",
        rows,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.officer.as_uuid());
            tuple.push_bind(row.event.name());
            tuple.push_bind(row.by.clone());
            tuple.push_bind(row.second.map(OfficerId::as_uuid));
        },
    )
    .await?;
    Ok(())
}
