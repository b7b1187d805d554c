//! Migrations as files of the program.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::Stored;
use crate::error::StoreError;

/// A migration's description and statements. Its version is its place, from 1.
pub(crate) type File = (&'static str, &'static str);

/// The migrations of one database, forward only.
pub(crate) fn migrator(files: &[File]) -> Migrator {
    let migrations = (1_i64..).zip(files).map(|(version, (description, sql))| {
        let sql = sql.into_sql_str();
        Migration::new(
            version,
            (*description).into(),
            MigrationType::Simple,
            sql,
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}

/// Refuses a schema that a newer program wrote.
pub(crate) fn refuse_newer(files: &[File], found: i64) -> Stored<()> {
    let known = i64::try_from(files.len()).expect("a handful of migrations");
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(())
}
