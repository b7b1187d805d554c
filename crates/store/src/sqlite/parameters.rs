//! Values proposed for parameters and their reviews.

use domain::authority::Grant;
use domain::ids::{OfficerId, ProposalId};
use domain::parameter::Guarded;
use domain::time::Instant;
use sqlx::{SqliteExecutor, SqlitePool};

use super::columns::{Columns, nouns};
use crate::Stored;
use crate::encode::divisions_text;
use crate::parameters::{ProposalRow, Proposed, ReviewRow};

pub(super) async fn proposals(
    pool: &SqlitePool,
    grant: &Grant,
    limit: u32,
) -> Stored<Vec<Proposed>> {
    let rows = sqlx::query(
        "select p.*, r.number, r.approved, r.words, r.guarded, r.by_id as reviewer_id,
            r.at as reviewed_at
        from parameter_proposals p
        left join parameter_reviews r
        on r.proposal_id = p.id
        where exists (
            select 1
            from json_each($1) r
            where substr(p.region, 1, length(r.value)) = r.value
            or substr(r.value, 1, length(p.region)) = p.region
        )
        order by p.commit_id desc, p.row_no desc
        limit $2",
    )
    .bind(divisions_text(grant.regions()))
    .bind(limit)
    .fetch_all(pool)
    .await?;
    nouns("parameter_proposals", &rows, proposed)
}

pub(super) async fn proposal(
    pool: &SqlitePool,
    grant: &Grant,
    id: ProposalId,
) -> Stored<Option<Proposed>> {
    let row = sqlx::query(
        "select p.*, r.number, r.approved, r.words, r.guarded, r.by_id as reviewer_id,
            r.at as reviewed_at
        from parameter_proposals p
        left join parameter_reviews r
        on r.proposal_id = p.id
        where p.id = $2
        and exists (
            select 1
            from json_each($1) r
            where substr(p.region, 1, length(r.value)) = r.value
            or substr(r.value, 1, length(p.region)) = p.region
        )",
    )
    .bind(divisions_text(grant.regions()))
    .bind(id.as_uuid())
    .fetch_optional(pool)
    .await?;
    row.map(|row| proposed(&Columns::of("parameter_proposals", &row)))
        .transpose()
}

pub(super) async fn reviews(executor: impl SqliteExecutor<'_>) -> Stored<i64> {
    let last = sqlx::query_scalar("select coalesce(max(number), 0) from parameter_reviews")
        .fetch_one(executor)
        .await?;
    Ok(last)
}

pub(super) async fn approved(pool: &SqlitePool) -> Stored<Vec<Proposed>> {
    let rows = sqlx::query(
        "select p.*, r.number, r.approved, r.words, r.guarded, r.by_id as reviewer_id,
            r.at as reviewed_at
        from parameter_proposals p
        join parameter_reviews r
        on r.proposal_id = p.id
        where r.approved
        order by r.number",
    )
    .fetch_all(pool)
    .await?;
    nouns("parameter_proposals", &rows, proposed)
}

fn proposed(row: &Columns<'_>) -> Stored<Proposed> {
    let proposal = proposal_noun(row)?;
    let number: Option<i64> = row.value("number")?;
    let review = match number {
        None => None,
        Some(number) => Some(ReviewRow {
            number,
            proposal: proposal.id,
            approved: row.value("approved")?,
            words: row.value("words")?,
            guarded: guarded(row)?,
            by: OfficerId::from_uuid(row.uuid("reviewer_id")?),
            at: Instant::from_micros(row.value("reviewed_at")?),
        }),
    };
    Ok(Proposed { proposal, review })
}

/// A proposal as its commit wrote it.
pub(super) fn proposal_noun(row: &Columns<'_>) -> Stored<ProposalRow> {
    Ok(ProposalRow {
        id: ProposalId::from_uuid(row.uuid("id")?),
        value: row.cell("proposed").proposed(row.value("proposed")?)?,
        by: OfficerId::from_uuid(row.uuid("by_id")?),
        at: row.instant("at")?,
    })
}

/// A review as its commit wrote it.
pub(super) fn review_noun(row: &Columns<'_>) -> Stored<ReviewRow> {
    Ok(ReviewRow {
        number: row.value("number")?,
        proposal: ProposalId::from_uuid(row.uuid("proposal_id")?),
        approved: row.value("approved")?,
        words: row.value("words")?,
        guarded: guarded(row)?,
        by: OfficerId::from_uuid(row.uuid("by_id")?),
        at: row.instant("at")?,
    })
}

fn guarded(row: &Columns<'_>) -> Stored<Option<Guarded>> {
    let text: Option<String> = row.value("guarded")?;
    text.map(|text| row.cell("guarded").guarded(&text))
        .transpose()
}
