//! What the evaluate, dispatch and remind steps read.

use domain::ids::{AlertId, Subject};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use sqlx::PgPool;
use uuid::Uuid;

use super::alerts::noun as alert;
use super::columns::{Columns, ids_by_kind, nouns};
use super::scope;
use crate::Stored;
use crate::commit::{AlertRow, DueMark, VerdictRow};

pub(super) async fn due(
    pool: &PgPool,
    partition: DivisionCode,
    limit: u32,
) -> Stored<Vec<DueMark>> {
    let rows = sqlx::query(
        "select unit_kind, unit_id, version
        from due
        where partition = $1
        order by unit_kind, unit_id
        limit $2",
    )
    .bind(partition.as_str())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("due", &rows, |row| {
        Ok(DueMark {
            unit: row.subject("unit_kind", "unit_id")?,
            version: row.value("version")?,
        })
    })
}

/// Mostly there are none, which the ends of two indexes tell. Asked whether such a
/// unit exists, without knowing the date, the planner takes it for a third of all
/// and reads the table from its beginning.
async fn any_to_revisit(
    pool: &PgPool,
    partition: DivisionCode,
    on: Date,
    policy_set: &str,
) -> Stored<bool> {
    let found = sqlx::query_scalar(
        "select coalesce(min(next_change_on) <= $2 or min(policy_set) <> $3
                or max(policy_set) <> $3, false)
        from units
        where partition = $1",
    );
    let found = found.bind(partition.as_str()).bind(on.to_string());
    Ok(found.bind(policy_set).fetch_one(pool).await?)
}

pub(super) async fn units_to_revisit(
    pool: &PgPool,
    partition: DivisionCode,
    on: Date,
    policy_set: &str,
    after: Option<Subject>,
    limit: u32,
) -> Stored<Vec<Subject>> {
    if !any_to_revisit(pool, partition, on, policy_set).await? {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "select unit_kind, unit_id
        from units
        where (unit_kind, unit_id) > ($4, $5)
        and partition = $1
        and (next_change_on <= $2 or policy_set <> $3)
        order by unit_kind, unit_id
        limit $6",
    )
    .bind(partition.as_str())
    .bind(on.to_string())
    .bind(policy_set)
    .bind(after.map_or("", Subject::letter))
    .bind(after.map_or(Uuid::nil(), Subject::as_uuid))
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("units", &rows, |row| row.subject("unit_kind", "unit_id"))
}

pub(super) async fn verdicts(pool: &PgPool, units: &[Subject]) -> Stored<Vec<VerdictRow>> {
    let (households, people) = ids_by_kind(units);
    let rows = sqlx::query(
        "select v.*
        from verdicts v
        where ((v.unit_kind = 'h' and v.unit_id = any ($1))
            or (v.unit_kind = 'p' and v.unit_id = any ($2)))
        order by v.unit_kind, v.unit_id, v.subject_kind, v.subject_id, v.policy collate \"C\"",
    )
    .bind(households)
    .bind(people)
    .fetch_all(pool)
    .await?;
    nouns("verdicts", &rows, verdict)
}

pub(super) async fn latest_alerts(pool: &PgPool, subjects: &[Subject]) -> Stored<Vec<AlertRow>> {
    let (households, people) = ids_by_kind(subjects);
    let mut tx = scope::all(pool).await?;
    let rows = sqlx::query(
        "with known as (
            select a.id,
                row_number() over (
                    partition by a.subject_kind, a.subject_id, a.policy
                    order by a.ended, a.opened_at desc, a.id desc
                ) as age
            from alerts a
        where ((a.subject_kind = 'h' and a.subject_id = any ($1))
            or (a.subject_kind = 'p' and a.subject_id = any ($2)))
        )
        select a.*
        from known
        join alerts a
        on a.id = known.id
        where known.age = 1
        order by a.subject_kind, a.subject_id, a.policy collate \"C\"",
    )
    .bind(households)
    .bind(people)
    .fetch_all(&mut *tx)
    .await?;
    nouns("alerts", &rows, alert)
}

pub(super) async fn held(
    pool: &PgPool,
    partition: DivisionCode,
    limit_per_desk: u32,
) -> Stored<Vec<AlertRow>> {
    let mut tx = scope::all(pool).await?;
    let rows = sqlx::query(
        "with waiting as (
            select id,
                level,
                row_number() over (
                    partition by coalesce(township, county)
                    order by level desc, opened_at, id
                ) as turn
            from alerts
            where partition = $1
            and work = 'held'
            and condition = 'holding'
        )
        select a.*
        from waiting
        join alerts a
        on a.id = waiting.id
        where waiting.turn <= $2
        or waiting.level = 3
        order by coalesce(a.township, a.county), a.level desc, a.opened_at, a.id",
    )
    .bind(partition.as_str())
    .bind(i64::from(limit_per_desk))
    .fetch_all(&mut *tx)
    .await?;
    nouns("alerts", &rows, alert)
}

pub(super) async fn raised_since(
    pool: &PgPool,
    partition: DivisionCode,
    since: Instant,
) -> Stored<Vec<(DivisionCode, u32)>> {
    let mut tx = scope::all(pool).await?;
    let rows = sqlx::query(
        "select split_part(f.feed, '/', 1) as desk, count(*) as count
        from commits c
        join feed f
        on f.commit_id = c.id
        join alerts a
        on a.id = f.alert_id
        where c.at >= $2
        and a.partition = $1
        and f.kind in ('raised', 'released')
        group by desk
        order by desk",
    )
    .bind(partition.as_str())
    .bind(since.as_micros())
    .fetch_all(&mut *tx)
    .await?;
    nouns("feed", &rows, |row| {
        Ok((row.division("desk")?, row.small("count")?))
    })
}

pub(super) async fn alerts_to_look_at(
    pool: &PgPool,
    partition: DivisionCode,
    on: Date,
    after: Option<AlertId>,
    limit: u32,
) -> Stored<Vec<AlertRow>> {
    let mut tx = scope::all(pool).await?;
    let rows = sqlx::query(
        "select *
        from alerts
        where partition = $1
        and look_on <= $2
        and ($3 is null or id > $3)
        order by id
        limit $4",
    )
    .bind(partition.as_str())
    .bind(on.to_string())
    .bind(after.map(AlertId::as_uuid))
    .bind(i64::from(limit))
    .fetch_all(&mut *tx)
    .await?;
    nouns("alerts", &rows, alert)
}

pub(super) fn verdict(row: &Columns<'_>) -> Stored<VerdictRow> {
    Ok(VerdictRow {
        unit: row.subject("unit_kind", "unit_id")?,
        subject: row.subject("subject_kind", "subject_id")?,
        policy: row.value("policy")?,
        version: row.value("version")?,
        verdict: row.value("verdict")?,
        signal: row.value("signal")?,
        fingerprint: row.value("fingerprint")?,
        missing: row.cell("missing").list(row.value("missing")?)?,
        on: row.date("evaluated_on")?,
    })
}
