//! Subscriptions, and what did not arrive.

use domain::authority::Grant;
use domain::ids::{OfficerId, SubscriptionId};
use domain::time::Instant;
use sqlx::SqlitePool;

use super::columns::{Columns, nouns};
use super::officers;
use crate::Stored;
use crate::encode::divisions_text;
use crate::subscriptions::{DeliveryCounts, DeliveryRow, Subscriber, SubscriptionRow};

pub(super) async fn subscriptions(
    pool: &SqlitePool,
    grant: &Grant,
) -> Stored<Vec<SubscriptionRow>> {
    let rows = sqlx::query(
        "select s.*
        from subscriptions s
        where exists (
            select 1
            from json_each($1) r
            where substr(s.region, 1, length(r.value)) = r.value
        )
        order by s.id",
    )
    .bind(divisions_text(grant.regions()))
    .fetch_all(pool)
    .await?;
    nouns("subscriptions", &rows, noun)
}

pub(super) async fn subscription(
    pool: &SqlitePool,
    grant: &Grant,
    id: SubscriptionId,
) -> Stored<Option<SubscriptionRow>> {
    let row = sqlx::query(
        "select s.*
        from subscriptions s
        where s.id = $2
        and exists (
            select 1
            from json_each($1) r
            where substr(s.region, 1, length(r.value)) = r.value
        )",
    )
    .bind(divisions_text(grant.regions()))
    .bind(id.as_uuid())
    .fetch_optional(pool)
    .await?;
    row.map(|row| noun(&Columns::of("subscriptions", &row)))
        .transpose()
}

pub(super) async fn deliveries(
    pool: &SqlitePool,
    grant: &Grant,
    subscription: SubscriptionId,
    dead: bool,
    (after, limit): (i64, u32),
) -> Stored<Vec<DeliveryRow>> {
    let rows = sqlx::query(
        "select d.*
        from subscriptions s
        join deliveries d
        on d.subscription_id = s.id
        where s.id = $2
        and exists (
            select 1
            from json_each($1) r
            where substr(s.region, 1, length(r.value)) = r.value
        )
        and (not $3 or d.next_at is null)
        and d.position > $4
        order by d.position
        limit $5",
    )
    .bind(divisions_text(grant.regions()))
    .bind(subscription.as_uuid())
    .bind(dead)
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("deliveries", &rows, delivery)
}

pub(super) async fn subscribers(pool: &SqlitePool, now: Instant) -> Stored<Vec<Subscriber>> {
    let rows = sqlx::query(
        "select s.id as subscription_id, s.owner_id, s.url, s.region, s.kinds, s.policies, s.level,
            s.secret, s.old_secret, s.old_until, s.ended, s.cursor, s.failures, s.paused_until,
            s.made_at, s.succeeded_at, s.failed_at, s.failure, s.version, o.*
        from subscriptions s
        join officers o
        on o.id = s.owner_id
        where s.ended is null
        and (o.disabled_at is null or o.disabled_at > $1)
        order by s.id",
    )
    .bind(now.as_micros())
    .fetch_all(pool)
    .await?;
    nouns("subscriptions", &rows, |row| {
        Ok(Subscriber {
            row: row_of(row, "subscription_id")?,
            owner: officers::noun(row)?,
        })
    })
}

pub(super) async fn deliveries_due(
    pool: &SqlitePool,
    subscription: SubscriptionId,
    now: Instant,
    limit: u32,
) -> Stored<Vec<DeliveryRow>> {
    let rows = sqlx::query(
        "select *
        from deliveries
        where subscription_id = $1
        and next_at <= $2
        order by next_at, position
        limit $3",
    )
    .bind(subscription.as_uuid())
    .bind(now.as_micros())
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    nouns("deliveries", &rows, delivery)
}

pub(super) async fn delivery_counts(
    pool: &SqlitePool,
    subscription: SubscriptionId,
) -> Stored<DeliveryCounts> {
    let (all, waiting): (i64, i64) = sqlx::query_as(
        "select count(*), count(next_at)
        from deliveries
        where subscription_id = $1",
    )
    .bind(subscription.as_uuid())
    .fetch_one(pool)
    .await?;
    Ok(DeliveryCounts {
        waiting,
        dead: all - waiting,
    })
}

fn noun(row: &Columns<'_>) -> Stored<SubscriptionRow> {
    row_of(row, "id")
}

/// `id` stands under another name where it is read beside its owner.
fn row_of(row: &Columns<'_>, id: &'static str) -> Stored<SubscriptionRow> {
    let if_any = |column: &'static str| -> Stored<Option<Instant>> {
        let micros: Option<i64> = row.value(column)?;
        Ok(micros.map(Instant::from_micros))
    };
    let ended: Option<&str> = row.value("ended")?;
    let failure: Option<&str> = row.value("failure")?;
    let failure = failure
        .map(|name| row.cell("failure").failure(name))
        .transpose()?;
    let old_secret: Option<Vec<u8>> = row.value("old_secret")?;
    Ok(SubscriptionRow {
        id: SubscriptionId::from_uuid(row.uuid(id)?),
        owner: OfficerId::from_uuid(row.uuid("owner_id")?),
        url: row.value("url")?,
        region: row.division("region")?,
        kinds: row.cell("kinds").feed_kinds(row.value("kinds")?)?,
        policies: row.cell("policies").list(row.value("policies")?)?,
        level: row.level("level")?,
        secret: row.value("secret")?,
        old_secret: old_secret.zip(if_any("old_until")?),
        ended: ended
            .map(|name| row.cell("ended").ended(name))
            .transpose()?,
        cursor: row.value("cursor")?,
        failures: row.small("failures")?,
        paused_until: if_any("paused_until")?,
        made_at: row.instant("made_at")?,
        succeeded_at: if_any("succeeded_at")?,
        failed: if_any("failed_at")?.zip(failure),
        version: row.value("version")?,
    })
}

fn delivery(row: &Columns<'_>) -> Stored<DeliveryRow> {
    let next_at: Option<i64> = row.value("next_at")?;
    let status: Option<i64> = row.value("status")?;
    let status = status.map(|status| row.cell("status").status(status));
    Ok(DeliveryRow {
        subscription: SubscriptionId::from_uuid(row.uuid("subscription_id")?),
        position: row.value("position")?,
        attempts: row.small("attempts")?,
        first_at: row.instant("first_at")?,
        last_at: row.instant("last_at")?,
        next_at: next_at.map(Instant::from_micros),
        failure: row.cell("failure").failure(row.value("failure")?)?,
        status: status.transpose()?,
    })
}
