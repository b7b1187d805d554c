//! Feeds: numbered entries of the grant's townships and unplaced desks.

use domain::authority::Grant;
use domain::ids::AlertId;
use sqlx::SqlitePool;

use super::columns::nouns;
use crate::Stored;
use crate::encode::{divisions_text, knows_list, list_text};
use crate::rows::{FeedEntry, FeedHead};

pub(super) async fn feed(
    pool: &SqlitePool,
    grant: &Grant,
    after: i64,
    limit: u32,
) -> Stored<Vec<FeedEntry>> {
    // Each feed gives its next `limit` entries, so that a quiet township does
    // not read past the entries of all the others.
    let rows = sqlx::query(
        "select f.*, c.at
        from feed_heads h
        cross join feed f
        cross join commits c
        where h.position > $2
        and exists (
            select 1
            from json_each($1) r
            where substr(h.feed, 1, length(r.value)) = r.value
        )
        and coalesce(nullif(substr(h.feed, instr(h.feed || '/', '/') + 1), ''), 'ordinary')
            in (select value from json_each($4))
        and f.oid in (
            select n.oid
            from feed n
            where n.feed = h.feed
            and n.position > $2
            order by n.position
            limit $3
        )
        and c.id = f.commit_id
        order by f.position
        limit $3",
    )
    .bind(divisions_text(grant.regions()))
    .bind(after)
    .bind(limit)
    .bind(list_text(&knows_list(grant)))
    .fetch_all(pool)
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

pub(super) async fn feed_heads(pool: &SqlitePool, grant: &Grant) -> Stored<Vec<FeedHead>> {
    let rows = sqlx::query(
        "select h.*
        from feed_heads h
        where exists (
            select 1
            from json_each($1) r
            where substr(h.feed, 1, length(r.value)) = r.value
        )
        and coalesce(nullif(substr(h.feed, instr(h.feed || '/', '/') + 1), ''), 'ordinary')
            in (select value from json_each($2))
        order by h.feed",
    )
    .bind(divisions_text(grant.regions()))
    .bind(list_text(&knows_list(grant)))
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

pub(super) async fn feed_position(pool: &SqlitePool) -> Stored<(String, i64)> {
    let at = sqlx::query_as(
        "select coalesce((select value from settings where key = 'epoch'), '0'), position
        from heads",
    )
    .fetch_one(pool)
    .await?;
    Ok(at)
}
