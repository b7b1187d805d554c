//! Transactions that write: many at a time, and one sequencer behind them.

use sqlx::PgPool;
use sqlx::error::DatabaseError;

use super::{ledger, scope, write};
use crate::commit::Commit;
use crate::rows::{Published, Receipt};
use crate::{StoreError, Stored};

/// Takes all commits in one transaction or none. They are numbered once they
/// can be seen, by [`publish`].
pub(super) async fn take(pool: &PgPool, commits: &[Commit]) -> Stored<Vec<Receipt>> {
    let mut tx = scope::to_write(pool).await?;
    let mut receipts = Vec::with_capacity(commits.len());
    for commit in commits {
        let id = write::commit(&mut tx, commit).await.map_err(overtaken)?;
        receipts.push(Receipt { id, number: None });
    }
    // Where the answer to this is lost, so is whether it was taken; the caller
    // repeats it under the same key.
    tx.commit().await?;
    Ok(receipts)
}

/// A commit that gave way to another read what the other changed.
fn overtaken(error: StoreError) -> StoreError {
    /// serialization_failure, deadlock_detected, lock_not_available.
    const GIVEN_WAY: [&str; 3] = ["40001", "40P01", "55P03"];
    let StoreError::Database(cause) = &error else {
        return error;
    };
    let code = cause.as_database_error().and_then(DatabaseError::code);
    if code.is_some_and(|code| GIVEN_WAY.contains(&code.as_ref())) {
        return StoreError::Conflict;
    }
    error
}

/// Numbers what has no number, one sequencer at a time. One that finds another
/// at it waits, so that "nothing published" means that nothing is left of what
/// was committed before the call.
pub(super) async fn publish(pool: &PgPool, limit: u32) -> Stored<Published> {
    let mut tx = scope::to_write(pool).await?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(SEQUENCER)
        .execute(&mut *tx)
        .await
        .map_err(|error| overtaken(error.into()))?;
    let published = ledger::number_pending(&mut tx, limit).await?;
    tx.commit().await?;
    Ok(published)
}

/// The advisory lock of this database's one sequencer: `hearth` in ASCII.
const SEQUENCER: i64 = 0x6865_6172_7468;
