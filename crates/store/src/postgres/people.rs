//! People and households through the access table.

use domain::authority::Grant;
use domain::ids::{PersonId, Subject};
use domain::time::Date;
use sqlx::PgPool;
use uuid::Uuid;

use super::columns::{nouns, uuids};
use super::scope;
use crate::Stored;
use crate::commit::SealedIdentity;

pub(super) async fn covers(
    pool: &PgPool,
    grant: &Grant,
    subject: Subject,
    on: Date,
) -> Stored<bool> {
    let mut tx = scope::of(pool, grant).await?;
    let covered = sqlx::query_scalar(
        "select exists (
            select 1
            from access x
                where x.region like any ($1)
                and x.subject_kind = $2
            and x.subject_id = $3
            and (x.valid_from is null or x.valid_from <= $4)
            and (x.valid_to is null or x.valid_to > $4)
        )",
    )
    .bind(scope::patterns(grant))
    .bind(subject.letter())
    .bind(subject.as_uuid())
    .bind(on.to_string())
    .fetch_one(&mut *tx)
    .await?;
    Ok(covered)
}

pub(super) async fn subjects(
    pool: &PgPool,
    grant: &Grant,
    letter: &str,
    on: Date,
    after: Option<Subject>,
    limit: u32,
) -> Stored<Vec<Subject>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select distinct x.subject_kind, x.subject_id
        from access x
        where x.subject_kind = $2
        and (x.subject_kind, x.subject_id) > ($4, $5)
        and x.region like any ($1)
        and (x.valid_from is null or x.valid_from <= $3)
        and (x.valid_to is null or x.valid_to > $3)
        order by x.subject_kind, x.subject_id
        limit $6",
    )
    .bind(scope::patterns(grant))
    .bind(letter)
    .bind(on.to_string())
    .bind(after.map_or("", Subject::letter))
    .bind(after.map_or(Uuid::nil(), Subject::as_uuid))
    .bind(i64::from(limit))
    .fetch_all(&mut *tx)
    .await?;
    nouns("access", &rows, |row| {
        row.subject("subject_kind", "subject_id")
    })
}

pub(super) async fn person_by_index(
    pool: &PgPool,
    grant: &Grant,
    blind_index: &[u8; 32],
    on: Date,
) -> Stored<Option<PersonId>> {
    let mut tx = scope::of(pool, grant).await?;
    let person: Option<Uuid> = sqlx::query_scalar(
        "select i.person_id
        from identities i
        where i.blind_index = $2
        and exists (
            select 1
            from access x
                where x.region like any ($1)
                and x.subject_kind = 'p'
            and x.subject_id = i.person_id
            and (x.valid_from is null or x.valid_from <= $3)
            and (x.valid_to is null or x.valid_to > $3)
        )",
    )
    .bind(scope::patterns(grant))
    .bind(blind_index.to_vec())
    .bind(on.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    Ok(person.map(PersonId::from_uuid))
}

pub(super) async fn identities(pool: &PgPool, people: &[PersonId]) -> Stored<Vec<SealedIdentity>> {
    let rows = sqlx::query(
        "select i.*
        from identities i
        where i.person_id = any ($1)",
    )
    .bind(uuids(people.iter().map(|person| person.as_uuid())))
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
