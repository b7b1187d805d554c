//! Opening: the lock, the settings, the schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::Sqlite;
use super::writer::Writer;
use crate::{Store, StoreError, Stored, schema};

const MIGRATIONS: [schema::File; 15] = [
    (
        "records",
        include_str!("../../migrations/sqlite/0001_records.sql"),
    ),
    (
        "folds",
        include_str!("../../migrations/sqlite/0002_folds.sql"),
    ),
    (
        "alerts",
        include_str!("../../migrations/sqlite/0003_alerts.sql"),
    ),
    (
        "running",
        include_str!("../../migrations/sqlite/0004_running.sql"),
    ),
    (
        "accounts",
        include_str!("../../migrations/sqlite/0006_accounts.sql"),
    ),
    (
        "corrections",
        include_str!("../../migrations/sqlite/0007_corrections.sql"),
    ),
    (
        "leads",
        include_str!("../../migrations/sqlite/0008_leads.sql"),
    ),
    (
        "webhooks",
        include_str!("../../migrations/sqlite/0009_webhooks.sql"),
    ),
    (
        "oidc",
        include_str!("../../migrations/sqlite/0010_oidc.sql"),
    ),
    (
        "desk",
        include_str!("../../migrations/sqlite/0011_desk.sql"),
    ),
    (
        "confidential",
        include_str!("../../migrations/sqlite/0012_confidential.sql"),
    ),
    (
        "parameters",
        include_str!("../../migrations/sqlite/0013_parameters.sql"),
    ),
    (
        "listed",
        include_str!("../../migrations/sqlite/0016_listed.sql"),
    ),
    (
        "guarded",
        include_str!("../../migrations/sqlite/0017_guarded.sql"),
    ),
    (
        "revisited",
        include_str!("../../migrations/sqlite/0018_revisited.sql"),
    ),
];

/// Older versions can damage a WAL database after a crash.
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// Readers never wait for the writer; more of them than cores gain nothing.
const READERS: u32 = 4;
/// Page caches in KiB (negative by SQLite's convention). The writer's keeps the
/// random keys of a bulk import in memory.
const WRITER_CACHE: &str = "-131072";
const READER_CACHE: &str = "-16384";

/// What must be read back after opening, else acknowledged data can be lost or
/// erased data found again.
const SETTINGS: [(&str, &str, &str); 7] = [
    ("journal_mode", "wal", "pragma journal_mode"),
    ("synchronous", "2", "pragma synchronous"),
    ("foreign_keys", "1", "pragma foreign_keys"),
    ("secure_delete", "1", "pragma secure_delete"),
    ("trusted_schema", "0", "pragma trusted_schema"),
    ("busy_timeout", "5000", "pragma busy_timeout"),
    ("mmap_size", "0", "pragma mmap_size"),
];

/// Opens the file named by a `sqlite:` URL.
pub(crate) async fn open(url: &str, create: &[(&str, String)]) -> Stored<Arc<dyn Store>> {
    let path = path_of(url)?;
    let lock = lock(&path)?;
    let options = options(&path);
    let mut connection = connect(&options).await?;
    migrate(&mut connection).await?;
    begin_settings(&mut connection, create).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(reading(&options))
        .await?;
    refuse_unsafe(&mut *readers.acquire().await?).await?;
    Ok(Arc::new(Sqlite {
        readers,
        writer: Writer::new(options, connection),
        _lock: lock,
    }))
}

/// Copies the database of a URL into a new file, as of one moment and while a
/// service holds it; answers the number of commits in it.
pub(crate) async fn copy(url: &str, to: &Path) -> Stored<i64> {
    let path = path_of(url)?;
    let mut connection = reading(&options(&path)).connect().await?;
    sqlx::query("vacuum into $1")
        .bind(to.to_string_lossy())
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| StoreError::Database(sqlx::Error::Io(error)))?;
    let copied = options(to)
        .read_only(true)
        .journal_mode(SqliteJournalMode::Delete);
    let mut connection = copied.connect().await?;
    let sound: String = sqlx::query_scalar("pragma integrity_check")
        .fetch_one(&mut connection)
        .await?;
    refuse_other("integrity_check of the copy", "ok", sound)?;
    let number = sqlx::query_scalar("select number from heads")
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    Ok(number)
}

/// Holds a database file against every service, for as long as the answer
/// lives; refused while one holds it.
pub(crate) fn hold(path: &Path) -> Stored<Lock> {
    lock(path)
}

fn path_of(url: &str) -> Stored<PathBuf> {
    let unsupported = || StoreError::Unsupported(url.to_owned());
    let rest = url.strip_prefix("sqlite:").ok_or_else(unsupported)?;
    let path = rest.strip_prefix("//").unwrap_or(rest);
    // A database in memory would be another one for each reader.
    if path.is_empty() || path.starts_with(':') || path.contains('?') {
        return Err(unsupported());
    }
    Ok(PathBuf::from(path))
}

/// A database file held against every other service, until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    /// Lets go by name. Closing the file alone would leave the lock with a
    /// process that was being started meanwhile: it has a copy of every
    /// descriptor until it has become the other program.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the lock of the database goes with its file");
        }
    }
}

/// Takes the lock of the side file, not of the database file: SQLite's own
/// locks on that would be lost with any handle closed.
fn lock(path: &Path) -> Stored<Lock> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let failed = |error| StoreError::Database(sqlx::Error::Io(error));
    let mut file = OpenOptions::new();
    file.create(true).truncate(false).write(true);
    let file = file.open(PathBuf::from(name)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Held),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("mmap_size", "0")
        .pragma("cache_size", WRITER_CACHE)
        // Statements are logged by the steps that make them, without values.
        .disable_statement_logging()
}

fn reading(options: &SqliteConnectOptions) -> SqliteConnectOptions {
    let options = options.clone().create_if_missing(false).read_only(true);
    options.pragma("cache_size", READER_CACHE)
}

/// A connection whose settings have been read back.
pub(super) async fn connect(options: &SqliteConnectOptions) -> Stored<SqliteConnection> {
    let mut connection = options.connect().await?;
    refuse_unsafe(&mut connection).await?;
    Ok(connection)
}

async fn refuse_unsafe(connection: &mut SqliteConnection) -> Stored<()> {
    let version: String = sqlx::query_scalar("select sqlite_version()")
        .fetch_one(&mut *connection)
        .await?;
    refuse_old(version)?;
    for (setting, wanted, question) in SETTINGS {
        let row = sqlx::query(question).fetch_one(&mut *connection).await?;
        // Some answer numbers, some texts; SQLite reads either as text.
        let found: String = row.try_get_unchecked(0)?;
        refuse_other(setting, wanted, found)?;
    }
    Ok(())
}

fn refuse_other(setting: &'static str, wanted: &'static str, found: String) -> Stored<()> {
    if found == wanted {
        return Ok(());
    }
    Err(StoreError::Unsafe {
        setting,
        found,
        wanted,
    })
}

fn refuse_old(version: String) -> Stored<()> {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    if (part(), part(), part()) >= OLDEST {
        return Ok(());
    }
    Err(StoreError::Unsafe {
        setting: "sqlite_version",
        found: version,
        wanted: "3.51.3",
    })
}

/// Brings the schema up to date; refuses one that a newer program wrote.
async fn migrate(connection: &mut SqliteConnection) -> Stored<()> {
    let migrated: bool = sqlx::query_scalar(
        "select exists (select 1 from sqlite_schema where name = '_sqlx_migrations')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if migrated {
        let found: i64 =
            sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations")
                .fetch_one(&mut *connection)
                .await?;
        schema::refuse_newer(&MIGRATIONS, found)?;
    }
    let done = schema::migrator(&MIGRATIONS).run(connection).await;
    done.map_err(StoreError::Migration)
}

/// Gives a new store its settings and its empty ledger, in one transaction, so
/// that an existing store is known by its heads and keeps its own settings.
async fn begin_settings(
    connection: &mut SqliteConnection,
    create: &[(&str, String)],
) -> Stored<()> {
    let mut tx = connection.begin_with("begin immediate").await?;
    let inserted = sqlx::query(
        "insert into heads (id, number, position, frontier)
        values (1, 0, 0, $1)
        on conflict (id) do nothing",
    )
    .bind(::ledger::Frontier::new().to_bytes())
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        for (key, value) in create {
            sqlx::query("insert into settings (key, value) values ($1, $2)")
                .bind(*key)
                .bind(value)
                .execute(&mut *tx)
                .await?;
        }
    }
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;

    use super::*;
    use crate::sqlite::{folding, listed};
    use crate::walk::Walk;

    #[test]
    fn old_libraries_are_refused() {
        assert!(refuse_old("3.51.3".to_owned()).is_ok());
        assert!(refuse_old("3.52.0".to_owned()).is_ok());
        assert!(refuse_old("3.51.2".to_owned()).is_err());
        assert!(refuse_old("3.8.11".to_owned()).is_err());
    }

    #[test]
    fn urls_without_a_file_are_refused() {
        assert_eq!(path_of("sqlite:///a/b.db").unwrap(), Path::new("/a/b.db"));
        assert_eq!(path_of("sqlite:b.db").unwrap(), Path::new("b.db"));
        assert!(path_of("sqlite::memory:").is_err());
        assert!(path_of("mysql:b.db").is_err());
    }

    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hearth.db");
        let first = lock(&path).unwrap();
        // What a process that is just being started has of it.
        let _copied = first.0.try_clone().unwrap();
        assert!(matches!(lock(&path), Err(StoreError::Held)));
        drop(first);
        lock(&path).unwrap();
    }

    #[tokio::test]
    async fn each_unsafe_setting_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hearth.db");
        let url = format!("sqlite:{}", path.display());
        drop(open(&url, &[]).await.unwrap());
        let changes = [
            ("journal_mode", "delete"),
            ("synchronous", "1"),
            ("foreign_keys", "0"),
            ("secure_delete", "0"),
            ("trusted_schema", "1"),
            ("busy_timeout", "10"),
            ("mmap_size", "65536"),
        ];
        for (setting, value) in changes {
            // The file is closed and opened alone, or WAL could not be left.
            let fresh = dir.path().join(format!("{setting}.db"));
            let changed = options(&fresh).pragma(setting, value);
            let refused = connect(&changed).await.unwrap_err();
            let names = matches!(refused, StoreError::Unsafe { setting: s, .. } if s == setting);
            assert!(names, "{setting}: {refused}");
        }
    }

    /// Full scans that are meant, with the reason.
    const SCANS: [(&str, &str); 12] = [
        ("CONSTANT ROW", "no table"),
        ("(subquery", "rows of an inner query"),
        ("receiving", "rows of an inner query"),
        ("waiting", "rows of an inner query"),
        ("known", "rows of an inner query"),
        ("given", "rows of an inner query"),
        ("h", "heads of feeds: one row per township"),
        ("heads", "one row"),
        ("ledger_roots", "all are asked for: one an hour"),
        ("due", "in key order, until the page is full"),
        (
            "staff",
            "officers of one place: all officers are some hundred",
        ),
        ("v USING INDEX", "coverage: a few rows per import"),
    ];
    /// Scans of an index that holds all the statement needs or its order.
    const INDEXES: [&str; 5] = [
        "COVERING INDEX alerts_desk",
        // What is not closed, and of what is closed what people found.
        "COVERING INDEX alerts_counted",
        "COVERING INDEX alerts_found",
        "INDEX imports_received",
        "INDEX leads_commit",
    ];

    #[tokio::test]
    async fn no_statement_reads_a_growing_table_whole() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = connect(&options(&dir.path().join("plan.db")))
            .await
            .unwrap();
        migrate(&mut connection).await.unwrap();
        let sources = [
            include_str!("alerts.rs"),
            include_str!("desk.rs"),
            include_str!("evaluation.rs"),
            include_str!("exports.rs"),
            include_str!("feeds.rs"),
            include_str!("folding.rs"),
            include_str!("imports.rs"),
            include_str!("leads.rs"),
            include_str!("ledger.rs"),
            include_str!("officers.rs"),
            include_str!("people.rs"),
            include_str!("write.rs"),
            include_str!("write/administered.rs"),
            include_str!("write/folded.rs"),
            include_str!("write/said.rs"),
            include_str!("write/told.rs"),
        ];
        let statement = |text: &&str| {
            let verbs = ["select ", "with ", "delete ", "update "];
            let begins = verbs.iter().any(|verb| text.starts_with(verb));
            begins || (text.starts_with("insert ") && text.contains("select"))
        };
        let code = String::new;
        let walks = [
            Walk::All,
            Walk::County(code()),
            Walk::Unplaced(code()),
            Walk::Township(code()),
            Walk::Assist(code()),
        ];
        let walked = walks.iter().map(listed::statement);
        // Put together from parts, so that no literal of the source is the whole.
        let joined = [folding::READY, folding::BACKLOG];
        let literals = sources.iter().flat_map(|source| source.split('"'));
        let literals = literals.chain(joined).chain(walked);
        let mut plans = 0;
        for text in literals.filter(statement) {
            let question = sqlx::AssertSqlSafe(format!("explain query plan {text}"));
            let plan = connection.fetch_all(question).await.unwrap();
            plans += 1;
            let steps: Vec<String> = plan
                .iter()
                .map(|step| step.try_get("detail").unwrap())
                .collect();
            for step in &steps {
                let Some(scan) = step.strip_prefix("SCAN ") else {
                    continue;
                };
                let meant = SCANS.iter().any(|(name, _)| scan.starts_with(name))
                    || INDEXES.iter().any(|index| scan.ends_with(index))
                    || scan.contains("VIRTUAL TABLE");
                assert!(meant, "`{step}` in: {text}");
            }
            if text.contains("s.work not in") {
                let walks = |step: &String| step.starts_with("SEARCH s USING INDEX alerts_of_");
                assert!(steps.iter().any(walks), "{steps:?} in: {text}");
                let sorts = |step: &String| step.contains("B-TREE FOR ORDER BY");
                let sorted = steps.iter().filter(|step| sorts(step)).count();
                assert!(sorted <= 1, "only the page itself is sorted: {steps:?}");
            }
        }
        assert!(plans > 50, "only {plans} statements were found");
    }
}
