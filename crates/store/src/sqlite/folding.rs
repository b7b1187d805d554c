//! What the apply step reads: intake, checkpoints, folds, keys, reads, coverage.

use domain::ids::{HouseholdId, ImportId, PersonId, Subject};
use domain::record::{Coverage, DatasetId, NaturalKey, Read};
use domain::region::DivisionCode;
use sqlx::{SqliteExecutor, SqlitePool};

use super::columns::{Columns, ids_json, nouns, numbers_json, subjects_json};
use super::imports::revision;
use crate::Stored;
use crate::commit::{FoldRow, SealedRecord, SubjectKeyRow};
use crate::rows::{Backlog, IntakeBatch, Named};
use crate::waiting::{self, Waiting, ready};

/// The ready commits no later than another (`$3`), until so many records (`$4`) are
/// reached.
pub(super) const READY: &str = ready!(
    "c.record_count",
    ",
        given as (
            select r.id,
                r.number,
                r.record_count,
                sum(r.record_count) over (order by r.number) - r.record_count as before
            from ready r
            where r.number <= $3
        )
        select id,
            number,
            record_count,
            exists (select 1 from coverages v where v.commit_id = given.id)
        from given
        where before < $4
        order by number"
);

/// The number of the last ready commit and the records of all.
pub(super) const BACKLOG: &str = ready!(
    "c.record_count",
    "
        select coalesce(max(number), 0),
            coalesce(sum(record_count), 0)
        from ready"
);

/// Whole commits after a number and no later than another, in order, until so many
/// records are reached.
async fn waiting(
    pool: &SqlitePool,
    partition: DivisionCode,
    (number, through): (i64, i64),
    limit_records: u32,
) -> Stored<Vec<Waiting>> {
    let commits = sqlx::query_as::<_, (i64, i64, i64, bool)>(READY);
    let commits = commits.bind(partition.as_str()).bind(number).bind(through);
    let commits = commits.bind(limit_records).fetch_all(pool).await?;
    Ok(commits.into_iter().map(Waiting::from).collect())
}

pub(super) async fn intake_after(
    pool: &SqlitePool,
    partition: DivisionCode,
    number: i64,
    limit_records: u32,
) -> Stored<Vec<IntakeBatch>> {
    let commits = waiting(pool, partition, (number, i64::MAX), limit_records).await?;
    let rows = sqlx::query(
        "select c.number, r.*
        from json_each($1) given
        cross join commits c
        cross join records r
        where c.id = given.value
        and r.commit_id = c.id
        order by c.number, r.row_no",
    )
    .bind(numbers_json(&waiting::ids(&commits)))
    .fetch_all(pool)
    .await?;
    let records = nouns("records", &rows, |row| {
        Ok((row.value("number")?, record(row)?))
    })?;
    Ok(waiting::batches(&commits, records))
}

pub(super) async fn named_after(
    pool: &SqlitePool,
    partition: DivisionCode,
    numbers: (i64, i64),
    limit_records: u32,
) -> Stored<Vec<Named>> {
    let commits = waiting(pool, partition, numbers, limit_records).await?;
    let rows = sqlx::query(
        "select r.commit_id,
            group_concat(distinct r.subject_kind || hex(r.subject_id)) as subjects
        from json_each($1) given
        cross join records r
        where r.commit_id = given.value
        group by r.commit_id",
    )
    .bind(numbers_json(&waiting::ids(&commits)))
    .fetch_all(pool)
    .await?;
    let subjects = nouns("records", &rows, |row| {
        let named = row.cell("subject_id").subjects(row.value("subjects")?)?;
        Ok((row.value("commit_id")?, named))
    })?;
    Ok(waiting::named(&commits, subjects))
}

pub(super) async fn backlog(
    pool: &SqlitePool,
    partition: DivisionCode,
    number: i64,
) -> Stored<Backlog> {
    let total = sqlx::query_as(BACKLOG);
    let total = total.bind(partition.as_str()).bind(number);
    Ok(waiting::backlog(total.fetch_one(pool).await?))
}

pub(super) async fn checkpoint(
    executor: impl SqliteExecutor<'_>,
    partition: DivisionCode,
    step: &str,
) -> Stored<i64> {
    let position: Option<i64> = sqlx::query_scalar(
        "select position
        from checkpoints
        where partition = $1
        and step = $2
        order by commit_id desc
        limit 1",
    )
    .bind(partition.as_str())
    .bind(step)
    .fetch_optional(executor)
    .await?;
    Ok(position.unwrap_or(0))
}

pub(super) async fn checkpoint_as_of(
    pool: &SqlitePool,
    partition: DivisionCode,
    step: &str,
    known: i64,
) -> Stored<i64> {
    let position: Option<i64> = sqlx::query_scalar(
        "select p.position
        from checkpoints p
        join commits c
        on c.id = p.commit_id
        where p.partition = $1
        and p.step = $2
        and c.number <= $3
        order by p.commit_id desc
        limit 1",
    )
    .bind(partition.as_str())
    .bind(step)
    .bind(known)
    .fetch_optional(pool)
    .await?;
    Ok(position.unwrap_or(0))
}

pub(super) async fn folds(pool: &SqlitePool, subjects: &[Subject]) -> Stored<Vec<FoldRow>> {
    let rows = sqlx::query(
        "select f.*
        from json_each($1) wanted
        cross join folds f
        where f.subject_kind = wanted.value ->> 0
        and f.subject_id = unhex(wanted.value ->> 1)",
    )
    .bind(subjects_json(subjects))
    .fetch_all(pool)
    .await?;
    nouns("folds", &rows, |row| {
        Ok(FoldRow {
            subject: row.subject("subject_kind", "subject_id")?,
            partition: row.division("partition")?,
            version: row.value("version")?,
            sealed: row.value("sealed")?,
        })
    })
}

pub(super) async fn subject_keys(
    pool: &SqlitePool,
    subjects: &[Subject],
) -> Stored<Vec<SubjectKeyRow>> {
    let rows = sqlx::query(
        "select k.*
        from json_each($1) wanted
        cross join subject_keys k
        where k.subject_kind = wanted.value ->> 0
        and k.subject_id = unhex(wanted.value ->> 1)",
    )
    .bind(subjects_json(subjects))
    .fetch_all(pool)
    .await?;
    nouns("subject_keys", &rows, |row| {
        Ok(SubjectKeyRow {
            subject: row.subject("subject_kind", "subject_id")?,
            wrapped: row.value("wrapped")?,
        })
    })
}

pub(super) async fn reads_by_person(pool: &SqlitePool, people: &[PersonId]) -> Stored<Vec<Read>> {
    let rows = sqlx::query(
        "select distinct r.person_id, r.household_id, r.why
        from json_each($1) wanted
        cross join reads r
        where r.person_id = unhex(wanted.value)
        order by r.person_id, r.household_id, r.why",
    )
    .bind(ids_json(people.iter().map(|person| person.as_uuid())))
    .fetch_all(pool)
    .await?;
    nouns("reads", &rows, read)
}

pub(super) async fn reads_by_household(
    pool: &SqlitePool,
    households: &[HouseholdId],
) -> Stored<Vec<Read>> {
    let rows = sqlx::query(
        "select distinct r.person_id, r.household_id, r.why
        from json_each($1) wanted
        cross join reads r
        where r.household_id = unhex(wanted.value)
        order by r.person_id, r.household_id, r.why",
    )
    .bind(ids_json(
        households.iter().map(|household| household.as_uuid()),
    ))
    .fetch_all(pool)
    .await?;
    nouns("reads", &rows, read)
}

pub(super) async fn coverage(
    pool: &SqlitePool,
    partition: DivisionCode,
    through: i64,
) -> Stored<Vec<Coverage>> {
    let rows = sqlx::query(
        "select v.*
        from coverages v
        cross join commits c
        where c.id = v.commit_id
        and c.partition = $1
        and c.number <= $2
        order by c.number, v.row_no",
    )
    .bind(partition.as_str())
    .bind(through)
    .fetch_all(pool)
    .await?;
    nouns("coverages", &rows, coverage_noun)
}

pub(super) async fn records_of(
    pool: &SqlitePool,
    subjects: &[Subject],
    through: i64,
) -> Stored<Vec<SealedRecord>> {
    let rows = sqlx::query(
        "select r.*
        from json_each($1) wanted
        cross join records r
        cross join commits c
        where r.subject_kind = wanted.value ->> 0
        and r.subject_id = unhex(wanted.value ->> 1)
        and c.id = r.commit_id
        and c.number <= $2
        order by c.number, r.row_no",
    )
    .bind(subjects_json(subjects))
    .bind(through)
    .fetch_all(pool)
    .await?;
    nouns("records", &rows, record)
}

pub(super) async fn records_between(
    pool: &SqlitePool,
    partition: DivisionCode,
    subjects: &[Subject],
    (after, through): (i64, i64),
) -> Stored<Vec<SealedRecord>> {
    let rows = sqlx::query(
        "select r.*
        from json_each($1) wanted
        cross join records r
        cross join commits c
        where r.subject_kind = wanted.value ->> 0
        and r.subject_id = unhex(wanted.value ->> 1)
        and c.id = r.commit_id
        and c.partition = $2
        and c.number > $3
        and c.number <= $4
        order by c.number, r.row_no",
    )
    .bind(subjects_json(subjects))
    .bind(partition.as_str())
    .bind(after)
    .bind(through)
    .fetch_all(pool)
    .await?;
    nouns("records", &rows, record)
}

pub(super) fn record(row: &Columns<'_>) -> Stored<SealedRecord> {
    Ok(SealedRecord {
        subject: row.subject("subject_kind", "subject_id")?,
        kind: row.value("kind")?,
        source: row.value("source")?,
        dataset: row.value("dataset")?,
        key: NaturalKey(row.array("key")?),
        revision: revision(row)?,
        import: ImportId::from_uuid(row.uuid("import_id")?),
        line: row.small("line")?,
        sealed: row.value("sealed")?,
    })
}

pub(super) fn coverage_noun(row: &Columns<'_>) -> Stored<Coverage> {
    let month: Option<&str> = row.value("month")?;
    Ok(Coverage {
        dataset: DatasetId::new(row.value("dataset")?),
        part: row.value("part")?,
        scope: row.division("scope")?,
        as_of: row.date("as_of")?,
        month: month
            .map(|text| row.cell("month").month(text))
            .transpose()?,
        revision: revision(row)?,
        import: ImportId::from_uuid(row.uuid("import_id")?),
        unnamed_rows: row.small("unnamed_rows")?,
    })
}

fn read(row: &Columns<'_>) -> Stored<Read> {
    Ok(Read {
        person: PersonId::from_uuid(row.uuid("person_id")?),
        household: HouseholdId::from_uuid(row.uuid("household_id")?),
        why: row.cell("why").read_why(row.value("why")?)?,
    })
}
