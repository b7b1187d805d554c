//! A second connection that goes behind the store's back: to break what it
//! must notice.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// Runs one statement on a SQLite file; answers how many rows it touched.
pub async fn sqlite(file: &Path, statement: &str) -> Result<u64, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = options.connect().await?;
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    let done = sqlx::raw_sql(statement).execute(&mut connection).await?;
    connection.close().await?;
    Ok(done.rows_affected())
}
