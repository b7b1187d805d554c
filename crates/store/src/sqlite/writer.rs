//! The one writing connection: people before bulk, one transaction at a time.

use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

use super::{ledger, opening, write};
use crate::commit::{Commit, Write};
use crate::rows::{Published, Receipt};
use crate::{StoreError, Stored};

/// The connection all writes go through.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    connection: Mutex<SqliteConnection>,
    /// Lets one bulk write at a time stand in the queue for the connection.
    bulk: Mutex<()>,
    /// People waiting for the connection.
    people: AtomicUsize,
}

/// Counts a person as waiting, also when the wait is given up.
struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    fn begin(people: &'w AtomicUsize) -> Waiting<'w> {
        people.fetch_add(1, Ordering::SeqCst);
        Waiting(people)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Writer {
    pub(super) fn new(options: SqliteConnectOptions, connection: SqliteConnection) -> Writer {
        Writer {
            options,
            connection: Mutex::new(connection),
            bulk: Mutex::new(()),
            people: AtomicUsize::new(0),
        }
    }

    /// Waits for the connection. The queue is fair; bulk work that reaches its
    /// head while people wait goes to its end again.
    pub(super) async fn turn(&self, bulk: bool) -> MutexGuard<'_, SqliteConnection> {
        if !bulk {
            let _waiting = Waiting::begin(&self.people);
            return self.connection.lock().await;
        }
        let _alone = self.bulk.lock().await;
        loop {
            let turn = self.connection.lock().await;
            if self.people.load(Ordering::SeqCst) == 0 {
                return turn;
            }
            drop(turn);
        }
    }

    /// Takes all commits in one transaction, numbered, or none.
    pub(super) async fn take(&self, commits: &[Commit]) -> Stored<Vec<Receipt>> {
        let bulk = commits.iter().all(|commit| commit.kind.is_bulk());
        let mut turn = self.turn(bulk).await;
        let taken = take(&mut turn, commits).await;
        self.renew_after(&mut turn, &taken).await;
        let erases = |write: &Write| matches!(write, Write::KeyErased(_));
        if taken.is_ok() && commits.iter().any(|c| c.writes.iter().any(erases)) {
            forget_log(&mut turn).await?;
        }
        taken
    }

    /// Numbers what has no number. Commits are numbered as they are taken, so
    /// that there is nothing to find unless a commit was brought in otherwise.
    pub(super) async fn publish(&self, limit: u32) -> Stored<Published> {
        let mut turn = self.turn(true).await;
        let mut tx = turn.begin_with("begin immediate").await?;
        let numbered = ledger::number_pending(&mut tx, limit).await?;
        tx.commit().await?;
        Ok(numbered.published())
    }

    /// After an I/O error the handle is not to be trusted: what SQLite holds
    /// in memory may not be what the file says.
    async fn renew_after<T>(&self, turn: &mut SqliteConnection, result: &Stored<T>) {
        let Err(StoreError::Database(error)) = result else {
            return;
        };
        let code = error.as_database_error().and_then(DatabaseError::code);
        let primary = code.and_then(|code| code.parse::<i32>().ok());
        if primary.is_some_and(|code| code & 0xff == IO_ERROR)
            && let Ok(fresh) = opening::connect(&self.options).await
        {
            tracing::warn!("reopened the database after an input/output error");
            *turn = fresh;
        }
    }
}

/// SQLITE_IOERR.
const IO_ERROR: i32 = 10;

async fn take(connection: &mut SqliteConnection, commits: &[Commit]) -> Stored<Vec<Receipt>> {
    let mut tx = connection.begin_with("begin immediate").await?;
    let mut ids = Vec::with_capacity(commits.len());
    for commit in commits {
        ids.push(write::commit(&mut tx, commit).await?);
    }
    let numbered = ledger::number_pending(&mut tx, u32::MAX).await?;
    tx.commit().await?;
    let receipt = |id: &i64| Receipt {
        id: *id,
        number: numbered.number_of(*id),
    };
    Ok(ids.iter().map(receipt).collect())
}

/// An erased key must not be found in the write-ahead log either.
async fn forget_log(connection: &mut SqliteConnection) -> Stored<()> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(truncate)")
        .fetch_one(connection)
        .await?;
    if busy != 0 {
        tracing::warn!("the log still holds an erased key: readers kept it from being emptied");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::ConnectOptions as _;

    use super::*;

    #[tokio::test]
    async fn people_go_before_bulk_that_waits_longer() {
        let options = SqliteConnectOptions::new().in_memory(true);
        let connection = options.connect().await.unwrap();
        let writer = Arc::new(Writer::new(options, connection));
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let held = writer.turn(true).await;
        let mut waiting = Vec::new();
        for (name, bulk) in [
            ("bulk 1", true),
            ("bulk 2", true),
            ("person 1", false),
            ("person 2", false),
        ] {
            let (writer, order) = (Arc::clone(&writer), Arc::clone(&order));
            waiting.push(tokio::spawn(async move {
                let _turn = writer.turn(bulk).await;
                order.lock().unwrap().push(name);
            }));
            // Lets it take its place in the queue.
            tokio::task::yield_now().await;
        }
        // Someone who gives up waiting holds nobody up.
        let gone = tokio::spawn({
            let writer = Arc::clone(&writer);
            async move { drop(writer.turn(false).await) }
        });
        tokio::task::yield_now().await;
        gone.abort();
        drop(held);
        for task in waiting {
            task.await.unwrap();
        }
        let order = order.lock().unwrap();
        assert_eq!(*order, ["person 1", "person 2", "bulk 1", "bulk 2"]);
    }
}
