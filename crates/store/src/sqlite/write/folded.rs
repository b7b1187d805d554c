//! Writes what was made of it: folds, reads, access, due marks, units, checkpoints.

use domain::ids::Subject;
use domain::region::DivisionCode;
use sqlx::SqliteConnection;

use crate::Stored;
use crate::commit::Commit;
use crate::parts::Parts;
use crate::sqlite::columns::{ids_json, insert, subjects_json};

pub(super) async fn write(
    tx: &mut SqliteConnection,
    id: i64,
    commit: &Commit,
    parts: &Parts<'_>,
) -> Stored<()> {
    let folds: Vec<_> = parts.folds.values().collect();
    insert(
        tx,
        "insert into folds (subject_id, subject_kind, partition, version, sealed, commit_id) ",
        6,
        "on conflict (subject_id, subject_kind) do update
        set partition = excluded.partition,
            version = excluded.version,
            sealed = excluded.sealed,
            commit_id = excluded.commit_id",
        &folds,
        |tuple, _, row| {
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.partition.to_string());
            tuple.push_bind(row.version);
            tuple.push_bind(row.sealed.clone());
            tuple.push_bind(id);
        },
    )
    .await?;
    reads(tx, parts).await?;
    access(tx, parts).await?;
    due(tx, id, commit, parts).await?;
    dropped(tx, parts).await?;
    units_ended(tx, &parts.units_ended).await?;
    let units: Vec<_> = parts.units.values().collect();
    insert(
        tx,
        "insert into units (unit_kind, unit_id, partition, evaluated_on, next_change_on,
            policy_set, commit_id) ",
        7,
        "on conflict (unit_kind, unit_id) do update
        set partition = excluded.partition,
            evaluated_on = excluded.evaluated_on,
            next_change_on = excluded.next_change_on,
            policy_set = excluded.policy_set,
            commit_id = excluded.commit_id",
        &units,
        |tuple, _, row| {
            tuple.push_bind(row.unit.letter());
            tuple.push_bind(row.unit.as_uuid());
            tuple.push_bind(row.partition.to_string());
            tuple.push_bind(row.evaluated_on.to_string());
            tuple.push_bind(row.next_change_on.map(|day| day.to_string()));
            tuple.push_bind(row.policy_set.clone());
            tuple.push_bind(id);
        },
    )
    .await?;
    for (step, position) in &parts.checkpoints {
        sqlx::query(
            "insert into checkpoints (partition, step, commit_id, position)
            values ($1, $2, $3, $4)",
        )
        .bind(commit.partition.as_ref().map(DivisionCode::as_str))
        .bind(*step)
        .bind(id)
        .bind(position)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn reads(tx: &mut SqliteConnection, parts: &Parts<'_>) -> Stored<()> {
    if parts.reads.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from reads
        where of_person in (select unhex(value) from json_each($1))",
    )
    .bind(ids_json(parts.reads.keys().map(|person| person.as_uuid())))
    .execute(&mut *tx)
    .await?;
    let reads = parts.reads.iter();
    let rows: Vec<_> = reads
        .flat_map(|(of, reads)| reads.iter().map(move |read| (*of, read)))
        .collect();
    insert(
        tx,
        "insert into reads (of_person, person_id, household_id, why) ",
        4,
        "on conflict do nothing",
        &rows,
        |tuple, _, (of, read)| {
            tuple.push_bind(of.as_uuid());
            tuple.push_bind(read.person.as_uuid());
            tuple.push_bind(read.household.as_uuid());
            tuple.push_bind(read.why.name());
        },
    )
    .await?;
    Ok(())
}

async fn access(tx: &mut SqliteConnection, parts: &Parts<'_>) -> Stored<()> {
    if parts.access.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from access
        where why = 'responsible'
        and (subject_kind, subject_id) in (
            select x.subject_kind, x.subject_id
            from json_each($1) given
            cross join access x
            where x.subject_kind = given.value ->> 0
            and x.subject_id = unhex(given.value ->> 1)
        )",
    )
    .bind(subjects_json(parts.access.iter().map(|row| &row.subject)))
    .execute(&mut *tx)
    .await?;
    let rows: Vec<_> = parts.access.iter().collect();
    insert(
        tx,
        "insert into access (subject_kind, subject_id, region, valid_from, valid_to, why) ",
        6,
        "",
        &rows,
        |tuple, _, row| {
            tuple.push_bind(row.subject.letter());
            tuple.push_bind(row.subject.as_uuid());
            tuple.push_bind(row.region.to_string());
            tuple.push_bind(row.valid.from.map(|day| day.to_string()));
            tuple.push_bind(row.valid.to.map(|day| day.to_string()));
            tuple.push_bind("responsible");
        },
    )
    .await?;
    Ok(())
}

async fn units_ended(tx: &mut SqliteConnection, units: &[&Subject]) -> Stored<()> {
    if units.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from units
        where (unit_kind, unit_id) in (
            select u.unit_kind, u.unit_id
            from json_each($1) unit
            cross join units u
            where u.unit_kind = unit.value ->> 0
            and u.unit_id = unhex(unit.value ->> 1)
        )",
    )
    .bind(subjects_json(units.iter().copied()))
    .execute(tx)
    .await?;
    Ok(())
}

async fn dropped(tx: &mut SqliteConnection, parts: &Parts<'_>) -> Stored<()> {
    let people: Vec<&Subject> = parts.dropped.difference(&parts.due).collect();
    if people.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "delete from due
        where (unit_kind, unit_id) in (
            select d.unit_kind, d.unit_id
            from json_each($1) person
            cross join due d
            where d.unit_kind = person.value ->> 0
            and d.unit_id = unhex(person.value ->> 1)
            and not exists (
                select 1
                from units u
                where u.unit_kind = d.unit_kind
                and u.unit_id = d.unit_id
            )
        )",
    )
    .bind(subjects_json(people))
    .execute(tx)
    .await?;
    Ok(())
}

/// A unit is due where it is folded, which need not be where the change came
/// from: a parent may live in another county.
async fn due(tx: &mut SqliteConnection, id: i64, commit: &Commit, parts: &Parts<'_>) -> Stored<()> {
    if !parts.cleared.is_empty() {
        let marks: Vec<(&str, String, i64)> = parts
            .cleared
            .iter()
            .map(|mark| {
                let id = mark.unit.as_uuid().simple().to_string();
                (mark.unit.letter(), id, mark.version)
            })
            .collect();
        sqlx::query(
            "delete from due
            where (unit_kind, unit_id) in (
                select d.unit_kind, d.unit_id
                from json_each($1) mark
                cross join due d
                where d.unit_kind = mark.value ->> 0
                and d.unit_id = unhex(mark.value ->> 1)
                and d.version = mark.value ->> 2
            )",
        )
        .bind(serde_json::to_string(&marks).expect("texts and numbers are JSON"))
        .execute(&mut *tx)
        .await?;
    }
    if parts.due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into due (unit_kind, unit_id, partition, version)
        select unit.value ->> 0, unhex(unit.value ->> 1), coalesce(f.partition, $2), $3
        from json_each($1) unit
        left join folds f
        on f.subject_id = unhex(unit.value ->> 1)
        and f.subject_kind = unit.value ->> 0
        where true
        on conflict (unit_kind, unit_id) do update
        set partition = excluded.partition,
            version = excluded.version",
    )
    .bind(subjects_json(&parts.due))
    .bind(commit.partition.as_ref().map(DivisionCode::as_str))
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}
