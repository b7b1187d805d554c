//! Stores to hold to the contract, each fresh, each able to be opened again.

use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use store::Store;
use tempfile::TempDir;

/// What an open store needs to stay there.
pub enum Backend {
    /// A file in its own directory.
    Sqlite(TempDir),
}

impl Backend {
    /// An SQLite store that does not exist yet.
    pub fn sqlite() -> Backend {
        Backend::Sqlite(tempfile::tempdir().unwrap())
    }

    /// The URL of the database.
    pub fn url(&self) -> String {
        match self {
            Backend::Sqlite(dir) => format!("sqlite:{}", dir.path().join("hearth.db").display()),
        }
    }

    /// Opens it with these settings for a new store.
    pub async fn open_with(&self, create: &[(&str, String)]) -> Arc<dyn Store> {
        store::open(&self.url(), create).await.unwrap()
    }

    /// Opens it.
    pub async fn open(&self) -> Arc<dyn Store> {
        let epoch = ("epoch", "e1".to_owned());
        let synthetic = ("synthetic", "true".to_owned());
        self.open_with(&[epoch, synthetic]).await
    }

    /// Does to the database what no program of ours does.
    pub async fn tamper(&self, statement: &str) {
        match self {
            Backend::Sqlite(dir) => {
                let mut connection = SqliteConnectOptions::new()
                    .filename(dir.path().join("hearth.db"))
                    .journal_mode(SqliteJournalMode::Wal)
                    .foreign_keys(false)
                    .connect()
                    .await
                    .unwrap();
                let done = connection.execute(AssertSqlSafe(statement)).await.unwrap();
                assert!(done.rows_affected() > 0, "changed nothing: {statement}");
            }
        }
    }
}
