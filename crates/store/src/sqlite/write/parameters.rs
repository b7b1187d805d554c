//! Writes values proposed for parameters and their reviews.

use sqlx::SqliteConnection;

use super::refuse_unless;
use crate::Stored;
use crate::encode::{guarded_text, proposed_text};
use crate::parts::Parts;
use crate::sqlite::columns::insert;

pub(super) async fn write(tx: &mut SqliteConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    insert(
        tx,
        "insert into parameter_proposals (commit_id, row_no, id, region, proposed, by_id, at) ",
        7,
        "",
        &parts.proposals,
        |tuple, row_no, row| {
            tuple.push_bind(id);
            tuple.push_bind(row_no);
            tuple.push_bind(row.id.as_uuid());
            tuple.push_bind(row.value.region.as_str().to_owned());
            tuple.push_bind(proposed_text(&row.value));
            tuple.push_bind(row.by.as_uuid());
            tuple.push_bind(row.at.as_micros());
        },
    )
    .await?;
    reviews(tx, id, parts).await
}

/// One after the other: a number that is not the next, or a proposal that was
/// reviewed before, refuses the commit.
async fn reviews(tx: &mut SqliteConnection, id: i64, parts: &Parts<'_>) -> Stored<()> {
    for (row_no, row) in (0_i64..).zip(&parts.reviews) {
        let done = sqlx::query(
            "insert into parameter_reviews (commit_id, row_no, number, proposal_id, approved,
                words, by_id, at, guarded)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9
            where $3 = (select coalesce(max(number), 0) + 1 from parameter_reviews)
            on conflict do nothing",
        )
        .bind(id)
        .bind(row_no)
        .bind(row.number)
        .bind(row.proposal.as_uuid())
        .bind(row.approved)
        .bind(&row.words)
        .bind(row.by.as_uuid())
        .bind(row.at.as_micros())
        .bind(row.guarded.as_ref().map(guarded_text))
        .execute(&mut *tx)
        .await?;
        refuse_unless(done.rows_affected() == 1)?;
    }
    Ok(())
}
