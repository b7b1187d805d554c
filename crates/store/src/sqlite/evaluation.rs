//! What the evaluate, dispatch and remind steps read.

use domain::ids::{AlertId, Subject};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use sqlx::SqlitePool;

use super::alerts::noun as alert;
use super::columns::{Columns, nouns, subjects_json};
use crate::Stored;
use crate::commit::{AlertRow, DueMark, VerdictRow};

pub(super) async fn due(
    pool: &SqlitePool,
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
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("due", &rows, |row| {
        Ok(DueMark {
            unit: row.subject("unit_kind", "unit_id")?,
            version: row.value("version")?,
        })
    })
}

/// Mostly there are none, which the indexes tell without looking at everybody.
async fn any_to_revisit(
    pool: &SqlitePool,
    partition: DivisionCode,
    on: Date,
    policy_set: &str,
) -> Stored<bool> {
    let found = sqlx::query_scalar(
        "select exists (select 1 from units where partition = $1 and next_change_on <= $2)
            or exists (select 1 from units where partition = $1 and policy_set < $3)
            or exists (select 1 from units where partition = $1 and policy_set > $3)",
    );
    let found = found.bind(partition.as_str()).bind(on.to_string());
    Ok(found.bind(policy_set).fetch_one(pool).await?)
}

pub(super) async fn units_to_revisit(
    pool: &SqlitePool,
    partition: DivisionCode,
    on: Date,
    policy_set: &str,
    after: Option<Subject>,
    limit: u32,
) -> Stored<Vec<Subject>> {
    if !any_to_revisit(pool, partition, on, policy_set).await? {
        return Ok(Vec::new());
    }
    // The plus keeps it in key order: by an index all would be sorted for each page.
    let rows = sqlx::query(
        "select unit_kind, unit_id
        from units
        where (unit_kind, unit_id) > ($4, $5)
        and +partition = $1
        and (next_change_on <= $2 or policy_set <> $3)
        order by unit_kind, unit_id
        limit $6",
    )
    .bind(partition.as_str())
    .bind(on.to_string())
    .bind(policy_set)
    .bind(after.map_or("", Subject::letter))
    .bind(after.map_or(Vec::new(), |unit| unit.as_uuid().as_bytes().to_vec()))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("units", &rows, |row| row.subject("unit_kind", "unit_id"))
}

pub(super) async fn verdicts(pool: &SqlitePool, units: &[Subject]) -> Stored<Vec<VerdictRow>> {
    let rows = sqlx::query(
        "select v.*
        from json_each($1) wanted
        cross join verdicts v
        where v.unit_kind = wanted.value ->> 0
        and v.unit_id = unhex(wanted.value ->> 1)
        order by v.unit_kind, v.unit_id, v.subject_kind, v.subject_id, v.policy",
    )
    .bind(subjects_json(units))
    .fetch_all(pool)
    .await?;
    nouns("verdicts", &rows, verdict)
}

pub(super) async fn latest_alerts(
    pool: &SqlitePool,
    subjects: &[Subject],
) -> Stored<Vec<AlertRow>> {
    let rows = sqlx::query(
        "with known as (
            select a.id,
                row_number() over (
                    partition by a.subject_kind, a.subject_id, a.policy
                    order by a.ended, a.opened_at desc, a.id desc
                ) as age
            from json_each($1) wanted
            cross join alerts a
            where a.subject_kind = wanted.value ->> 0
            and a.subject_id = unhex(wanted.value ->> 1)
        )
        select a.*
        from known
        join alerts a
        on a.id = known.id
        where known.age = 1
        order by a.subject_kind, a.subject_id, a.policy",
    )
    .bind(subjects_json(subjects))
    .fetch_all(pool)
    .await?;
    nouns("alerts", &rows, alert)
}

pub(super) async fn held(
    pool: &SqlitePool,
    partition: DivisionCode,
    limit_per_desk: u32,
) -> Stored<Vec<AlertRow>> {
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
    .bind(limit_per_desk)
    .fetch_all(pool)
    .await?;
    nouns("alerts", &rows, alert)
}

pub(super) async fn raised_since(
    pool: &SqlitePool,
    partition: DivisionCode,
    since: Instant,
) -> Stored<Vec<(DivisionCode, u32)>> {
    let rows = sqlx::query(
        "select substr(f.feed, 1, instr(f.feed || '/', '/') - 1) as desk, count(*) as count
        from commits c
        cross join feed f
        cross join alerts a
        where c.at >= $2
        and f.commit_id = c.id
        and a.id = f.alert_id
        and a.partition = $1
        and f.kind in ('raised', 'released')
        group by desk
        order by desk",
    )
    .bind(partition.as_str())
    .bind(since.as_micros())
    .fetch_all(pool)
    .await?;
    nouns("feed", &rows, |row| {
        Ok((row.division("desk")?, row.small("count")?))
    })
}

pub(super) async fn alerts_to_look_at(
    pool: &SqlitePool,
    partition: DivisionCode,
    on: Date,
    after: Option<AlertId>,
    limit: u32,
) -> Stored<Vec<AlertRow>> {
    let rows = sqlx::query(
        "select *
        from alerts
        where partition = $1
        and look_on <= $2
        and id > $3
        order by id
        limit $4",
    )
    .bind(partition.as_str())
    .bind(on.to_string())
    .bind(after.map_or(Vec::new(), |id| id.as_uuid().as_bytes().to_vec()))
    .bind(limit)
    .fetch_all(pool)
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
