//! Feeds: numbered entries of the grant's townships and unplaced desks.

use domain::authority::Grant;
use domain::ids::AlertId;
use sqlx::PgPool;

use super::columns::nouns;
use super::scope;
use crate::Stored;
use crate::encode::knows_list;
use crate::rows::{FeedEntry, FeedHead};

pub(super) async fn feed(
    pool: &PgPool,
    grant: &Grant,
    after: i64,
    limit: u32,
) -> Stored<Vec<FeedEntry>> {
    // Each feed gives its next `limit` entries, so that a quiet township does
    // not read past the entries of all the others.
    let mut tx = scope::of(pool, grant).await?;
    let rows = sqlx::query(
        "select f.*, c.at
        from feed_heads h
        cross join lateral (
            select n.*
            from feed n
            where n.feed = h.feed
            and n.position > $2
            order by n.position
            limit $3
        ) f
        join commits c
        on c.id = f.commit_id
        where h.position > $2
        and h.feed like any ($1)
        and coalesce(nullif(split_part(h.feed, '/', 2), ''), 'ordinary') = any ($4)
        order by f.position
        limit $3",
    )
    .bind(scope::patterns(grant))
    .bind(after)
    .bind(i64::from(limit))
    .bind(knows_list(grant))
    .fetch_all(&mut *tx)
    .await?;
    nouns("feed", &rows, |row| {
        let (feed, confidential) = row.feed("feed")?;
        Ok(FeedEntry {
            position: row.value("position")?,
            feed,
            confidential,
            number: row.value("number")?,
            kind: row.cell("kind").feed_kind(row.value("kind")?)?,
            alert: AlertId::from_uuid(row.uuid("alert_id")?),
            policy: row.value("policy")?,
            level: row.level("level")?,
            due_on: row.date_if_any("due_on")?,
            at: row.instant("at")?,
        })
    })
}

pub(super) async fn feed_heads(pool: &PgPool, grant: &Grant) -> Stored<Vec<FeedHead>> {
    let rows = sqlx::query(
        "select h.*
        from feed_heads h
        where h.feed like any ($1)
        and coalesce(nullif(split_part(h.feed, '/', 2), ''), 'ordinary') = any ($2)
        order by h.feed",
    )
    .bind(scope::patterns(grant))
    .bind(knows_list(grant))
    .fetch_all(pool)
    .await?;
    nouns("feed_heads", &rows, |row| {
        let (feed, confidential) = row.feed("feed")?;
        Ok(FeedHead {
            feed,
            confidential,
            number: row.value("number")?,
            position: row.value("position")?,
        })
    })
}

pub(super) async fn feed_position(pool: &PgPool) -> Stored<(String, i64)> {
    let at = sqlx::query_as(
        "select coalesce((select value from settings where key = 'epoch'), '0'), position
        from heads",
    )
    .fetch_one(pool)
    .await?;
    Ok(at)
}
