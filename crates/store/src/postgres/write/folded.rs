//! Writes what was made of it: folds, reads, access, due marks, units, checkpoints.

use domain::ids::Subject;
use domain::region::DivisionCode;
use sqlx::postgres::PgConnection;

use crate::Stored;
use crate::commit::Commit;
use crate::parts::Parts;
use crate::postgres::columns::{ids_by_kind, insert, subject_arrays};

pub(super) async fn write(
    tx: &mut PgConnection,
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

async fn reads(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    if parts.reads.is_empty() {
        return Ok(());
    }
    let people: Vec<_> = parts.reads.keys().map(|of| of.as_uuid()).collect();
    sqlx::query(
        "delete from reads
        where of_person = any ($1)",
    )
    .bind(people)
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

async fn access(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    if parts.access.is_empty() {
        return Ok(());
    }
    let (households, people) = ids_by_kind(parts.access.iter().map(|row| &row.subject));
    sqlx::query(
        "delete from access
        where why = 'responsible'
        and ((subject_kind = 'h' and subject_id = any ($1))
            or (subject_kind = 'p' and subject_id = any ($2)))",
    )
    .bind(households)
    .bind(people)
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

async fn units_ended(tx: &mut PgConnection, units: &[&Subject]) -> Stored<()> {
    if units.is_empty() {
        return Ok(());
    }
    let (kinds, ids) = subject_arrays(units.iter().copied());
    sqlx::query(
        "delete from units
        where (unit_kind, unit_id) in (select * from unnest($1::text[], $2::uuid[]))",
    )
    .bind(kinds)
    .bind(ids)
    .execute(tx)
    .await?;
    Ok(())
}

async fn dropped(tx: &mut PgConnection, parts: &Parts<'_>) -> Stored<()> {
    let people: Vec<&Subject> = parts.dropped.difference(&parts.due).collect();
    if people.is_empty() {
        return Ok(());
    }
    // Last, and waiting for nobody: whose mark another holds keeps it, and is found
    // to live in a household when looked at.
    let (letters, ids) = subject_arrays(people);
    sqlx::query(
        "with gone as (
            select d.unit_kind, d.unit_id
            from unnest($1::text[], $2::uuid[]) person (kind, id)
            join due d
            on d.unit_kind = person.kind
            and d.unit_id = person.id
            where not exists (
                select 1
                from units u
                where u.unit_kind = d.unit_kind
                and u.unit_id = d.unit_id
            )
            for update of d skip locked
        )
        delete from due
        using gone
        where due.unit_kind = gone.unit_kind
        and due.unit_id = gone.unit_id",
    )
    .bind(letters)
    .bind(ids)
    .execute(tx)
    .await?;
    Ok(())
}

/// A unit is due where it is folded, which need not be where the change came
/// from: a parent may live in another county.
async fn due(tx: &mut PgConnection, id: i64, commit: &Commit, parts: &Parts<'_>) -> Stored<()> {
    if !parts.cleared.is_empty() {
        // Locked in the order in which others mark them.
        let (letters, ids) = subject_arrays(parts.cleared.iter().map(|mark| &mark.unit));
        let versions: Vec<i64> = parts.cleared.iter().map(|mark| mark.version).collect();
        sqlx::query(
            "with done as (
                select d.unit_kind, d.unit_id
                from unnest($1::text[], $2::uuid[], $3::bigint[]) mark (kind, id, version)
                join due d
                on d.unit_kind = mark.kind
                and d.unit_id = mark.id
                and d.version = mark.version
                order by d.unit_kind, d.unit_id
                for update of d
            )
            delete from due
            using done
            where due.unit_kind = done.unit_kind
            and due.unit_id = done.unit_id",
        )
        .bind(letters)
        .bind(ids)
        .bind(versions)
        .execute(&mut *tx)
        .await?;
    }
    if parts.due.is_empty() {
        return Ok(());
    }
    let (letters, ids) = subject_arrays(&parts.due);
    sqlx::query(
        "insert into due (unit_kind, unit_id, partition, version)
        select unit.kind, unit.id, coalesce(f.partition, $3), $4
        from unnest($1::text[], $2::uuid[]) unit (kind, id)
        left join folds f
        on f.subject_id = unit.id
        and f.subject_kind = unit.kind
        order by unit.kind, unit.id
        on conflict (unit_kind, unit_id) do update
        set partition = excluded.partition,
            version = excluded.version",
    )
    .bind(letters)
    .bind(ids)
    .bind(commit.partition.as_ref().map(DivisionCode::as_str))
    .bind(id)
    .execute(tx)
    .await?;
    Ok(())
}
