//! Leads by place and by who reported them.

use domain::authority::{Grant, Operation};
use domain::ids::{LeadId, OfficerId, PersonId};
use sqlx::SqlitePool;
use uuid::Uuid;

use super::columns::{Columns, nouns};
use crate::Stored;
use crate::commit::LeadRow;
use crate::encode::divisions_text;

pub(super) async fn lead(pool: &SqlitePool, grant: &Grant, id: LeadId) -> Stored<Option<LeadRow>> {
    let rows = sqlx::query(
        "select l.*
        from leads l
        where l.id = $2
        and ($3 is null or l.officer_id = $3)
        and exists (
            select 1
            from json_each($1) r
            where substr(l.place, 1, length(r.value)) = r.value
        )",
    )
    .bind(divisions_text(grant.regions()))
    .bind(id.as_uuid())
    .bind(reporter(grant))
    .fetch_all(pool)
    .await?;
    Ok(nouns("leads", &rows, noun)?.pop())
}

pub(super) async fn leads(
    pool: &SqlitePool,
    grant: &Grant,
    before: Option<LeadId>,
    limit: u32,
) -> Stored<Vec<LeadRow>> {
    let rows = sqlx::query(
        "select l.*
        from leads l
        where ($3 is null or l.officer_id = $3)
        and ($2 is null or (l.commit_id, l.row_no) < (
            select c.commit_id, c.row_no
            from leads c
            where c.id = $2
        ))
        and exists (
            select 1
            from json_each($1) r
            where substr(l.place, 1, length(r.value)) = r.value
        )
        order by l.commit_id desc, l.row_no desc
        limit $4",
    )
    .bind(divisions_text(grant.regions()))
    .bind(before.map(LeadId::as_uuid))
    .bind(reporter(grant))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("leads", &rows, noun)
}

/// Whose reports the grant is limited to.
fn reporter(grant: &Grant) -> Option<Uuid> {
    let own = grant.operation() == Operation::ReadOwnLeads;
    own.then(|| grant.officer().as_uuid())
}

pub(super) fn noun(row: &Columns<'_>) -> Stored<LeadRow> {
    Ok(LeadRow {
        id: LeadId::from_uuid(row.uuid("id")?),
        person: PersonId::from_uuid(row.uuid("person_id")?),
        by: OfficerId::from_uuid(row.uuid("officer_id")?),
        place: row.division("place")?,
        at: row.instant("at")?,
        sealed: row.value("sealed")?,
    })
}
