//! Why the store could not do it.

use crate::commit::Answer;

/// Messages follow "cannot …: ". Causes never hold sealed values.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A guard failed: what was read has moved on.
    #[error("what was read has changed since")]
    Conflict,
    /// Another worker took the partition.
    #[error("the lease of step `{step}` was lost")]
    Fenced {
        /// Step.
        step: String,
    },
    /// A natural key exists.
    #[error("`{0}` exists already")]
    Duplicate(&'static str),
    /// The idempotency key was used before for the same request.
    #[error("the request was answered before")]
    Answered(Box<Answer>),
    /// The idempotency key was used before for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// A stored row is damaged.
    #[error("table `{table}` row `{row}` is damaged: {reason}")]
    Corrupt {
        /// Table.
        table: &'static str,
        /// Row.
        row: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The database runs with settings under which acknowledged data can be lost.
    #[error("unsafe setting `{setting}` = `{found}`, must be `{wanted}`")]
    Unsafe {
        /// Setting.
        setting: &'static str,
        /// Value read back.
        found: String,
        /// Value needed.
        wanted: &'static str,
    },
    /// The database was written by a newer program.
    #[error("the database has schema {found}, this program knows {known}")]
    Newer {
        /// Schema found.
        found: i64,
        /// Schema known.
        known: i64,
    },
    /// Another process holds the database.
    #[error("another process holds this database")]
    Held,
    /// Neither SQLite nor PostgreSQL.
    #[error("`{0}` is neither sqlite: nor postgres:")]
    Unsupported(String),
    /// Full or read-only storage.
    #[error("the storage is full or read-only")]
    Full(#[source] sqlx::Error),
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// Migrations failed.
    #[error("the schema could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
}
