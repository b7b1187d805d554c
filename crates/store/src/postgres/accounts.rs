//! Accounts, sessions, and what happened to accounts.

use domain::ids::OfficerId;
use domain::time::Instant;
use sqlx::postgres::PgPool;

use super::columns::{Columns, nouns};
use super::officers;
use crate::Stored;
use crate::accounts::{AccountEventRow, AccountRow, Happened, KnownAccount, SessionRow, Signed};

pub(super) async fn account_by_login(pool: &PgPool, login: &str) -> Stored<Option<KnownAccount>> {
    let row = sqlx::query(
        "select *
        from accounts a
        join officers o
        on o.id = a.officer_id
        where a.login = $1",
    )
    .bind(login)
    .fetch_optional(pool)
    .await?;
    row.map(|row| known(&Columns::of("accounts", &row)))
        .transpose()
}

pub(super) async fn account_by_subject(
    pool: &PgPool,
    digest: &[u8; 32],
) -> Stored<Option<KnownAccount>> {
    let row = sqlx::query(
        "select a.*, o.*
        from subjects s
        join accounts a
        on a.officer_id = s.officer_id
        join officers o
        on o.id = s.officer_id
        where s.digest = $1",
    )
    .bind(digest.to_vec())
    .fetch_optional(pool)
    .await?;
    row.map(|row| known(&Columns::of("accounts", &row)))
        .transpose()
}

pub(super) async fn account(pool: &PgPool, id: OfficerId) -> Stored<Option<KnownAccount>> {
    let row = sqlx::query(
        "select *
        from accounts a
        join officers o
        on o.id = a.officer_id
        where a.officer_id = $1",
    )
    .bind(id.as_uuid())
    .fetch_optional(pool)
    .await?;
    row.map(|row| known(&Columns::of("accounts", &row)))
        .transpose()
}

pub(super) async fn accounts(pool: &PgPool) -> Stored<Vec<KnownAccount>> {
    let rows = sqlx::query(
        "select *
        from accounts a
        join officers o
        on o.id = a.officer_id
        order by a.officer_id",
    )
    .fetch_all(pool)
    .await?;
    nouns("accounts", &rows, known)
}

pub(super) async fn session(
    pool: &PgPool,
    digest: &[u8; 32],
    now: Instant,
) -> Stored<Option<Signed>> {
    let row = sqlx::query(
        "select s.digest, s.begun_at, s.seen_at, s.idle_until, s.ends_at, s.second, a.*, o.*
        from sessions s
        join accounts a
        on a.officer_id = s.officer_id
        join officers o
        on o.id = s.officer_id
        where s.digest = $1
        and s.idle_until > $2
        and s.ends_at > $2
        and (o.disabled_at is null or o.disabled_at > $2)",
    )
    .bind(digest.to_vec())
    .bind(now.as_micros())
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let columns = Columns::of("sessions", &row);
        Ok(Signed {
            session: session_noun(&columns)?,
            known: known(&columns)?,
        })
    })
    .transpose()
}

pub(super) async fn session_owner(
    pool: &PgPool,
    digest: &[u8; 32],
    now: Instant,
) -> Stored<Option<Signed>> {
    let row = sqlx::query(
        "select s.digest, s.begun_at, s.seen_at, s.idle_until, s.ends_at, s.second, a.*, o.*
        from sessions s
        join accounts a
        on a.officer_id = s.officer_id
        join officers o
        on o.id = s.officer_id
        where s.digest = $1
        and (o.disabled_at is null or o.disabled_at > $2)",
    )
    .bind(digest.to_vec())
    .bind(now.as_micros())
    .fetch_optional(pool)
    .await?;
    row.map(|row| {
        let columns = Columns::of("sessions", &row);
        Ok(Signed {
            session: session_noun(&columns)?,
            known: known(&columns)?,
        })
    })
    .transpose()
}

pub(super) async fn sessions(
    pool: &PgPool,
    officer: OfficerId,
    now: Instant,
) -> Stored<Vec<SessionRow>> {
    let rows = sqlx::query(
        "select *
        from sessions
        where officer_id = $1
        and idle_until > $2
        and ends_at > $2
        order by begun_at, digest",
    )
    .bind(officer.as_uuid())
    .bind(now.as_micros())
    .fetch_all(pool)
    .await?;
    nouns("sessions", &rows, session_noun)
}

pub(super) async fn account_events(
    pool: &PgPool,
    officer: OfficerId,
    limit: u32,
) -> Stored<Vec<Happened>> {
    let rows = sqlx::query(
        "select e.*, c.at
        from account_events e
        join commits c
        on c.id = e.commit_id
        where e.officer_id = $1
        order by e.commit_id desc, e.row_no desc
        limit $2",
    )
    .bind(officer.as_uuid())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("account_events", &rows, |row| {
        Ok(Happened {
            at: row.instant("at")?,
            row: event(row)?,
        })
    })
}

fn known(row: &Columns<'_>) -> Stored<KnownAccount> {
    let disabled_at: Option<i64> = row.value("disabled_at")?;
    Ok(KnownAccount {
        account: account_noun(row)?,
        officer: officers::noun(row)?,
        disabled_at: disabled_at.map(Instant::from_micros),
    })
}

fn account_noun(row: &Columns<'_>) -> Stored<AccountRow> {
    let locked_until: Option<i64> = row.value("locked_until")?;
    Ok(AccountRow {
        officer: OfficerId::from_uuid(row.uuid("officer_id")?),
        login: row.value("login")?,
        holder: row.value("holder")?,
        administers: row.value("administers")?,
        password: row.value("password")?,
        totp: row.value("totp")?,
        totp_step: row.value("totp_step")?,
        recovery: row.cell("recovery").digests(row.value("recovery")?)?,
        failed: row.small("failed")?,
        locked_until: locked_until.map(Instant::from_micros),
        must_change: row.value("must_change")?,
        changed_at: row.instant("changed_at")?,
        version: row.value("version")?,
    })
}

fn session_noun(row: &Columns<'_>) -> Stored<SessionRow> {
    Ok(SessionRow {
        digest: row.array("digest")?,
        officer: OfficerId::from_uuid(row.uuid("officer_id")?),
        begun_at: row.instant("begun_at")?,
        seen_at: row.instant("seen_at")?,
        idle_until: row.instant("idle_until")?,
        ends_at: row.instant("ends_at")?,
        second: row.value("second")?,
    })
}

/// An event as its commit wrote it.
pub(super) fn event(row: &Columns<'_>) -> Stored<AccountEventRow> {
    let second: Option<uuid::Uuid> = row.value("second_id")?;
    Ok(AccountEventRow {
        officer: OfficerId::from_uuid(row.uuid("officer_id")?),
        event: row.cell("event").account_event(row.value("event")?)?,
        by: row.value("by")?,
        second: second.map(OfficerId::from_uuid),
    })
}
