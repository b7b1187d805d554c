//! Writes subscriptions and what did not arrive.

use domain::time::Instant;
use sqlx::SqliteConnection;

use crate::encode::{feed_kinds_text, level_rank, list_text};
use crate::parts::Parts;
use crate::subscriptions::{DeliveryRow, Ended, Failure, SubscriptionRow};
use crate::{StoreError, Stored};

pub(super) async fn write(tx: &mut SqliteConnection, parts: &Parts<'_>) -> Stored<()> {
    for row in &parts.subscriptions {
        if !subscription_row(tx, row).await? {
            return Err(StoreError::Conflict);
        }
    }
    for (subscription, from, through) in &parts.deliveries_done {
        sqlx::query(
            "delete from deliveries
            where subscription_id = $1
            and position between $2 and $3",
        )
        .bind(subscription.as_uuid())
        .bind(from)
        .bind(through)
        .execute(&mut *tx)
        .await?;
    }
    for row in &parts.deliveries {
        delivery_row(tx, row).await?;
    }
    for id in &parts.subscriptions_ended {
        sqlx::query("delete from deliveries where subscription_id = $1")
            .bind(id.as_uuid())
            .execute(&mut *tx)
            .await?;
        sqlx::query("delete from subscriptions where id = $1")
            .bind(id.as_uuid())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Whether the version stored was the one before.
async fn subscription_row(tx: &mut SqliteConnection, row: &SubscriptionRow) -> Stored<bool> {
    let statement = if row.version == 1 {
        "insert into subscriptions (id, owner_id, url, region, kinds, policies, level, secret,
            old_secret, old_until, ended, cursor, failures, paused_until, made_at, succeeded_at,
            failed_at, failure, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19)
        on conflict (id) do nothing"
    } else {
        "update subscriptions
        set owner_id = $2,
            url = $3,
            region = $4,
            kinds = $5,
            policies = $6,
            level = $7,
            secret = $8,
            old_secret = $9,
            old_until = $10,
            ended = $11,
            cursor = $12,
            failures = $13,
            paused_until = $14,
            made_at = $15,
            succeeded_at = $16,
            failed_at = $17,
            failure = $18,
            version = $19
        where id = $1
        and version = $19 - 1"
    };
    let (old_secret, old_until) = row.old_secret.clone().unzip();
    let (failed_at, failure) = row.failed.unzip();
    let done = sqlx::query(statement)
        .bind(row.id.as_uuid())
        .bind(row.owner.as_uuid())
        .bind(&row.url)
        .bind(row.region.as_str())
        .bind(feed_kinds_text(&row.kinds))
        .bind(list_text(&row.policies))
        .bind(level_rank(row.level))
        .bind(&row.secret)
        .bind(old_secret)
        .bind(old_until.map(Instant::as_micros))
        .bind(row.ended.map(Ended::name))
        .bind(row.cursor)
        .bind(i64::from(row.failures))
        .bind(row.paused_until.map(Instant::as_micros))
        .bind(row.made_at.as_micros())
        .bind(row.succeeded_at.map(Instant::as_micros))
        .bind(failed_at.map(Instant::as_micros))
        .bind(failure.map(Failure::name))
        .bind(row.version)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

async fn delivery_row(tx: &mut SqliteConnection, row: &DeliveryRow) -> Stored<()> {
    sqlx::query(
        "insert into deliveries (subscription_id, position, attempts, first_at, last_at, next_at,
            failure, status)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (subscription_id, position) do update
        set attempts = excluded.attempts,
            first_at = excluded.first_at,
            last_at = excluded.last_at,
            next_at = excluded.next_at,
            failure = excluded.failure,
            status = excluded.status",
    )
    .bind(row.subscription.as_uuid())
    .bind(row.position)
    .bind(i64::from(row.attempts))
    .bind(row.first_at.as_micros())
    .bind(row.last_at.as_micros())
    .bind(row.next_at.map(Instant::as_micros))
    .bind(row.failure.name())
    .bind(row.status.map(i64::from))
    .execute(tx)
    .await?;
    Ok(())
}
