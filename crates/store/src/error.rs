//! Why the store could not do it.

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

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

impl From<sqlx::Error> for StoreError {
    /// Full or read-only storage and broken natural keys are told apart; all
    /// else is a database that failed.
    fn from(error: sqlx::Error) -> StoreError {
        let Some(database) = error.as_database_error() else {
            return StoreError::Database(error);
        };
        if is_full(database) {
            return StoreError::Full(error);
        }
        if database.is_unique_violation()
            && let Some(noun) = noun_of(database)
        {
            return StoreError::Duplicate(noun);
        }
        StoreError::Database(error)
    }
}

/// SQLITE_READONLY and SQLITE_FULL with their extended codes; SQLSTATE
/// read_only_sql_transaction and disk_full.
fn is_full(database: &dyn DatabaseError) -> bool {
    let code = database.code().unwrap_or_default();
    if database.try_downcast_ref::<SqliteError>().is_some() {
        let primary = code.parse::<i32>().map_or(0, |code| code & 0xff);
        matches!(primary, 8 | 13)
    } else {
        matches!(code.as_ref(), "25006" | "53100")
    }
}

/// What exists twice: PostgreSQL names the table, SQLite only says it in
/// words (`UNIQUE constraint failed: imports.source, …`).
fn noun_of(database: &dyn DatabaseError) -> Option<&'static str> {
    let told = database.message().split(": ").nth(1);
    let columns = told.and_then(|columns| columns.split('.').next());
    match database.table().or(columns)? {
        "imports" => Some("import"),
        "import_rows" => Some("import row"),
        "alerts" => Some("alert"),
        "actions" => Some("action"),
        "corrections" => Some("correction"),
        "decisions" => Some("decision"),
        "identities" => Some("identity"),
        "accounts" => Some("account"),
        "parameter_proposals" => Some("parameter proposal"),
        "subscriptions" => Some("subscription"),
        "subjects" => Some("subject"),
        "export_events" => Some("export decision"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

    use super::*;

    /// The error of a statement after others on a file of its own.
    async fn error_of(before: &str, statement: &str, read_only: bool) -> StoreError {
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(dir.path().join("e.db"));
        let create = options.clone().create_if_missing(true);
        let mut connection = create.connect().await.unwrap();
        connection.execute(AssertSqlSafe(before)).await.unwrap();
        if read_only {
            connection.close().await.unwrap();
            connection = options.read_only(true).connect().await.unwrap();
        }
        let done = connection.execute(AssertSqlSafe(statement)).await;
        done.unwrap_err().into()
    }

    #[tokio::test]
    async fn full_and_read_only_storage_are_told_apart_from_failure() {
        let table = "create table t (b blob)";
        let limited = format!("{table}; pragma max_page_count = 3");
        let big = "insert into t values (zeroblob(100000))";
        let full = error_of(&limited, big, false).await;
        assert!(matches!(full, StoreError::Full(_)), "{full:?}");
        let read_only = error_of(table, big, true).await;
        assert!(matches!(read_only, StoreError::Full(_)), "{read_only:?}");
        let failed = error_of(table, "select * from none", false).await;
        assert!(matches!(failed, StoreError::Database(_)), "{failed:?}");
    }

    #[tokio::test]
    async fn a_broken_natural_key_names_its_noun() {
        let imports = "create table imports (a integer, b integer, unique (a, b));
            insert into imports values (1, 2)";
        let error = error_of(imports, "insert into imports values (1, 2)", false).await;
        assert!(
            matches!(error, StoreError::Duplicate("import")),
            "{error:?}"
        );
        let other = "create table other (a integer unique); insert into other values (1)";
        let error = error_of(other, "insert into other values (1)", false).await;
        assert!(matches!(error, StoreError::Database(_)), "{error:?}");
    }
}
