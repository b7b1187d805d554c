//! The second lock: transactions that see only the rows of their scope.
//!
//! The scope is set by the statement that begins the transaction and ends with
//! it, so it cannot be carried to the next user of a connection. A connection
//! outside such a transaction has no scope and sees no scoped row at all.

use domain::authority::Grant;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};

use crate::Stored;
use crate::encode::knows_list;

/// Everything: what the steps see.
const ALL: &str = "%";

/// A transaction to read what a grant covers. One snapshot for all its
/// statements; rolled back when dropped.
pub(super) async fn of(pool: &PgPool, grant: &Grant) -> Stored<Transaction<'static, Postgres>> {
    begin(
        pool,
        &patterns(grant).join(","),
        &knows_list(grant).join(","),
    )
    .await
}

/// A transaction to read for a step.
pub(super) async fn all(pool: &PgPool) -> Stored<Transaction<'static, Postgres>> {
    begin(pool, ALL, ALL).await
}

async fn begin(pool: &PgPool, scope: &str, knows: &str) -> Stored<Transaction<'static, Postgres>> {
    // One round trip for all. Division codes are digits and the rest are names
    // of ours, so that no text needs escaping; `set` takes no bound values.
    let statement = format!(
        "begin isolation level repeatable read read only; \
        set local app.scope = '{scope}'; set local app.knows = '{knows}'"
    );
    Ok(pool.begin_with(AssertSqlSafe(statement)).await?)
}

/// A transaction to write: the core decided what, the grant was checked there.
pub(super) async fn to_write(pool: &PgPool) -> Stored<Transaction<'static, Postgres>> {
    let statement = "begin isolation level read committed; \
        set local app.scope = '%'; set local app.knows = '%'";
    Ok(pool.begin_with(statement).await?)
}

/// The grant's regions as they are.
pub(super) fn regions(grant: &Grant) -> Vec<String> {
    grant.regions().iter().map(ToString::to_string).collect()
}

/// The grant's regions as patterns for `like any`: of each place the division
/// and all inside it.
pub(super) fn patterns(grant: &Grant) -> Vec<String> {
    let regions = grant.regions().iter();
    regions.map(|region| format!("{region}%")).collect()
}
