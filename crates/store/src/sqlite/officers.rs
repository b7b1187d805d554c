//! Officers, their tokens, and the answers they were given.

use domain::authority::{Grant, Officer};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use domain::time::Instant;
use sqlx::{SqliteConnection, SqlitePool};

use super::columns::{Columns, nouns};
use crate::commit::Answer;
use crate::{StoreError, Stored};

/// How long an answer can be repeated.
const ANSWERS_KEPT_SECONDS: i64 = 72 * 3600;

pub(super) async fn officer_by_token(
    pool: &SqlitePool,
    digest: &[u8; 32],
    now: Instant,
) -> Stored<Option<Officer>> {
    let row = sqlx::query(
        "select o.*
        from tokens t
        join officers o
        on o.id = t.officer_id
        where t.digest = $1
        and (t.expires_at is null or t.expires_at > $2)
        and (o.disabled_at is null or o.disabled_at > $2)",
    )
    .bind(digest.to_vec())
    .bind(now.as_micros())
    .fetch_optional(pool)
    .await?;
    row.map(|row| noun(&Columns::of("officers", &row)))
        .transpose()
}

pub(super) async fn officer(pool: &SqlitePool, id: OfficerId) -> Stored<Option<Officer>> {
    let row = sqlx::query(
        "select *
        from officers
        where id = $1",
    )
    .bind(id.as_uuid())
    .fetch_optional(pool)
    .await?;
    row.map(|row| noun(&Columns::of("officers", &row)))
        .transpose()
}

pub(super) async fn officers_of(
    pool: &SqlitePool,
    grant: &Grant,
    region: DivisionCode,
    now: Instant,
) -> Stored<Vec<Officer>> {
    if !grant.covers(region) {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "select staff.*
        from officers staff
        where (staff.disabled_at is null or staff.disabled_at > $2)
        and exists (select 1 from json_each(staff.regions) r where r.value = $1)
        order by staff.id",
    )
    .bind(region.as_str())
    .bind(now.as_micros())
    .fetch_all(pool)
    .await?;
    nouns("officers", &rows, noun)
}

pub(super) async fn answer(
    pool: &SqlitePool,
    principal: OfficerId,
    route: &str,
    key: &str,
) -> Stored<Option<Answer>> {
    let row = sqlx::query(
        "select *
        from answers
        where principal = $1
        and route = $2
        and key = $3",
    )
    .bind(principal.as_uuid())
    .bind(route)
    .bind(key)
    .fetch_optional(pool)
    .await?;
    row.map(|row| answer_noun(&Columns::of("answers", &row)))
        .transpose()
}

/// Answers a request that was answered before with that answer. Answers that
/// have been kept long enough at `now` are forgotten first.
pub(super) async fn refuse_repeated(
    tx: &mut SqliteConnection,
    answer: &Answer,
    now: Instant,
) -> Stored<()> {
    sqlx::query("delete from answers where at <= $1")
        .bind(now.plus_seconds(-ANSWERS_KEPT_SECONDS).as_micros())
        .execute(&mut *tx)
        .await?;
    let row = sqlx::query(
        "select *
        from answers
        where principal = $1
        and route = $2
        and key = $3",
    )
    .bind(answer.principal.as_uuid())
    .bind(&answer.route)
    .bind(&answer.key)
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else {
        return Ok(());
    };
    let stored = answer_noun(&Columns::of("answers", &row))?;
    Err(if stored.fingerprint == answer.fingerprint {
        StoreError::Answered(Box::new(stored))
    } else {
        StoreError::KeyReused
    })
}

pub(super) async fn store_answer(tx: &mut SqliteConnection, answer: &Answer) -> Stored<()> {
    sqlx::query(
        "insert into answers (principal, route, key, fingerprint, status, body, at)
        values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(answer.principal.as_uuid())
    .bind(&answer.route)
    .bind(&answer.key)
    .bind(&answer.fingerprint)
    .bind(answer.status)
    .bind(&answer.body)
    .bind(answer.at.as_micros())
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) fn noun(row: &Columns<'_>) -> Stored<Officer> {
    Ok(Officer {
        id: OfficerId::from_uuid(row.uuid("id")?),
        name: row.value("name")?,
        role: row.cell("role").role(row.value("role")?)?,
        regions: row.cell("regions").divisions(row.value("regions")?)?,
        sources: row.cell("sources").list(row.value("sources")?)?,
    })
}

fn answer_noun(row: &Columns<'_>) -> Stored<Answer> {
    let status: i64 = row.value("status")?;
    Ok(Answer {
        principal: OfficerId::from_uuid(row.uuid("principal")?),
        route: row.value("route")?,
        key: row.value("key")?,
        fingerprint: row.value("fingerprint")?,
        status: u16::try_from(status)
            .map_err(|_| row.cell("status").damaged("not an HTTP status"))?,
        body: row.value("body")?,
        at: row.instant("at")?,
    })
}
