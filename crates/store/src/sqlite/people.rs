//! People and households through the access table.

use domain::authority::Grant;
use domain::ids::{PersonId, Subject};
use domain::time::Date;
use sqlx::SqlitePool;

use super::columns::{ids_json, nouns};
use crate::Stored;
use crate::commit::SealedIdentity;
use crate::encode::divisions_text;

pub(super) async fn covers(
    pool: &SqlitePool,
    grant: &Grant,
    subject: Subject,
    on: Date,
) -> Stored<bool> {
    let covered = sqlx::query_scalar(
        "select exists (
            select 1
            from access x
            join json_each($1) r
            on substr(x.region, 1, length(r.value)) = r.value
            where x.subject_kind = $2
            and x.subject_id = $3
            and (x.valid_from is null or x.valid_from <= $4)
            and (x.valid_to is null or x.valid_to > $4)
        )",
    )
    .bind(divisions_text(grant.regions()))
    .bind(subject.letter())
    .bind(subject.as_uuid())
    .bind(on.to_string())
    .fetch_one(pool)
    .await?;
    Ok(covered)
}

pub(super) async fn subjects(
    pool: &SqlitePool,
    grant: &Grant,
    letter: &str,
    on: Date,
    after: Option<Subject>,
    limit: u32,
) -> Stored<Vec<Subject>> {
    let rows = sqlx::query(
        "select distinct x.subject_kind, x.subject_id
        from access x
        where x.subject_kind = $2
        and (x.subject_kind, x.subject_id) > ($4, $5)
        and exists (
            select 1
            from json_each($1) r
            where substr(x.region, 1, length(r.value)) = r.value
        )
        and (x.valid_from is null or x.valid_from <= $3)
        and (x.valid_to is null or x.valid_to > $3)
        order by x.subject_kind, x.subject_id
        limit $6",
    )
    .bind(divisions_text(grant.regions()))
    .bind(letter)
    .bind(on.to_string())
    .bind(after.map_or("", Subject::letter))
    .bind(after.map_or(Vec::new(), |s| s.as_uuid().as_bytes().to_vec()))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("access", &rows, |row| {
        row.subject("subject_kind", "subject_id")
    })
}

pub(super) async fn person_by_index(
    pool: &SqlitePool,
    grant: &Grant,
    blind_index: &[u8; 32],
    on: Date,
) -> Stored<Option<PersonId>> {
    let person: Option<uuid::Uuid> = sqlx::query_scalar(
        "select i.person_id
        from identities i
        where i.blind_index = $2
        and exists (
            select 1
            from access x
            join json_each($1) r
            on substr(x.region, 1, length(r.value)) = r.value
            where x.subject_kind = 'p'
            and x.subject_id = i.person_id
            and (x.valid_from is null or x.valid_from <= $3)
            and (x.valid_to is null or x.valid_to > $3)
        )",
    )
    .bind(divisions_text(grant.regions()))
    .bind(blind_index.to_vec())
    .bind(on.to_string())
    .fetch_optional(pool)
    .await?;
    Ok(person.map(PersonId::from_uuid))
}

pub(super) async fn identities(
    pool: &SqlitePool,
    people: &[PersonId],
) -> Stored<Vec<SealedIdentity>> {
    let rows = sqlx::query(
        "select i.*
        from json_each($1) wanted
        cross join identities i
        where i.person_id = unhex(wanted.value)",
    )
    .bind(ids_json(people.iter().map(|person| person.as_uuid())))
    .fetch_all(pool)
    .await?;
    nouns("identities", &rows, |row| {
        Ok(SealedIdentity {
            person: PersonId::from_uuid(row.uuid("person_id")?),
            blind_index: row.array("blind_index")?,
            sealed: row.value("sealed")?,
        })
    })
}
