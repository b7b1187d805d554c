//! Leads by place and by who reported them.

use domain::authority::{Grant, Operation};
use domain::ids::{LeadId, OfficerId, PersonId};
use sqlx::PgPool;
use uuid::Uuid;

use super::columns::{Columns, nouns};
use super::scope;
use crate::Stored;
use crate::commit::LeadRow;

pub(super) async fn lead(pool: &PgPool, grant: &Grant, id: LeadId) -> Stored<Option<LeadRow>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select l.*
        from leads l
        where l.id = $2
        and ($3::uuid is null or l.officer_id = $3)
        and l.place like any ($1)",
    )
    .bind(scope::patterns(grant))
    .bind(id.as_uuid())
    .bind(reporter(grant))
    .fetch_all(&mut *tx)
    .await?;
    Ok(nouns("leads", &rows, noun)?.pop())
}

pub(super) async fn leads(
    pool: &PgPool,
    grant: &Grant,
    before: Option<LeadId>,
    limit: u32,
) -> Stored<Vec<LeadRow>> {
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select l.*
        from leads l
        where ($3::uuid is null or l.officer_id = $3)
        and ($2::uuid is null or (l.commit_id, l.row_no) < (
            select c.commit_id, c.row_no
            from leads c
            where c.id = $2
        ))
        and l.place like any ($1)
        order by l.commit_id desc, l.row_no desc
        limit $4",
    )
    .bind(scope::patterns(grant))
    .bind(before.map(LeadId::as_uuid))
    .bind(reporter(grant))
    .bind(i64::from(limit))
    .fetch_all(&mut *tx)
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
