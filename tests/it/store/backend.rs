//! Stores to hold to the contract, each fresh, each able to be opened again.

use std::fs::DirEntry;
use std::future::{Ready, ready};
use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use store::Store;
use tempfile::TempDir;
use testkit::model::{ModelStore, Numbering};
use testkit::pg;

/// What an open store needs to stay there.
pub enum Backend {
    /// A file in its own directory.
    Sqlite(TempDir),
    /// The URL of a database of its own on the shared server.
    Postgres(String),
    /// Memory.
    Model(Numbering),
}

impl Backend {
    /// An SQLite store that does not exist yet.
    pub fn sqlite() -> Ready<Option<Backend>> {
        ready(Some(Backend::Sqlite(tempfile::tempdir().unwrap())))
    }

    /// A PostgreSQL store that does not exist yet; `None`, and said so, where
    /// there is no server.
    pub async fn postgres() -> Option<Backend> {
        pg::fresh_database().await.map(Backend::Postgres)
    }

    /// The oracle, numbering as it commits.
    pub fn model() -> Ready<Option<Backend>> {
        ready(Some(Backend::Model(Numbering::Immediate)))
    }

    /// The oracle, numbering when told to publish.
    pub fn sequenced_model() -> Ready<Option<Backend>> {
        ready(Some(Backend::Model(Numbering::Sequenced)))
    }

    /// The URL of the database.
    pub fn url(&self) -> String {
        match self {
            Backend::Sqlite(dir) => format!("sqlite:{}", dir.path().join("hearth.db").display()),
            Backend::Postgres(url) => url.clone(),
            Backend::Model(_) => panic!("the model is nowhere but in memory"),
        }
    }

    /// Opens it with these settings for a new store.
    pub async fn open_with(&self, create: &[(&str, String)]) -> Arc<dyn Store> {
        match self {
            Backend::Model(numbering) => Arc::new(ModelStore::new(*numbering, create)),
            _ => store::open(&self.url(), create).await.unwrap(),
        }
    }

    /// Opens it.
    pub async fn open(&self) -> Arc<dyn Store> {
        let epoch = ("epoch", "e1".to_owned());
        let synthetic = ("synthetic", "true".to_owned());
        self.open_with(&[epoch, synthetic]).await
    }

    /// Whether a file of the store holds these bytes.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let Backend::Sqlite(dir) = self else {
            panic!("only SQLite has files of its own");
        };
        let files = std::fs::read_dir(dir.path()).unwrap();
        let mut contents = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        contents.any(|content| content.windows(bytes.len()).any(|window| window == bytes))
    }

    /// Everything that is stored, as bytes: the files of SQLite, the rows of
    /// PostgreSQL as text.
    pub async fn contents(&self) -> Vec<u8> {
        match self {
            Backend::Sqlite(dir) => {
                let files = std::fs::read_dir(dir.path()).unwrap();
                let read = |file: std::io::Result<DirEntry>| std::fs::read(file.unwrap().path());
                files.flat_map(|file| read(file).unwrap()).collect()
            }
            Backend::Postgres(url) => {
                let mut connection = behind(url).await;
                let tables = "select table_name::text from information_schema.tables
                    where table_schema = 'public'";
                let tables: Vec<String> = sqlx::query_scalar(tables)
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                assert!(tables.len() > 20, "{tables:?}");
                let mut contents = Vec::new();
                for table in tables {
                    let rows = AssertSqlSafe(format!("select t::text from {table} t"));
                    let rows: Vec<String> = sqlx::query_scalar(rows)
                        .fetch_all(&mut connection)
                        .await
                        .unwrap();
                    contents.extend(rows.join("\n").into_bytes());
                }
                contents
            }
            Backend::Model(_) => panic!("the model is nowhere but in memory"),
        }
    }

    /// Makes the database refuse rows whose column satisfies `is`, in its own
    /// words.
    pub async fn refuse(&self, table: &str, column: &str, is: &str) {
        if let Backend::Sqlite(_) = self {
            for event in ["insert", "update"] {
                let trigger = format!(
                    "create trigger {table}_{event} before {event} on {table}
                    when new.{column} {is}
                    begin select raise(abort, 'refused'); end"
                );
                self.run(&trigger).await;
            }
        } else {
            let check = format!("check (not ({column} {is})) not valid");
            let alter = format!("alter table {table} add constraint refused {check}");
            self.run(&alter).await;
        }
    }

    /// Takes back [`Backend::refuse`].
    pub async fn admit(&self, table: &str) {
        if let Backend::Sqlite(_) = self {
            for event in ["insert", "update"] {
                self.run(&format!("drop trigger {table}_{event}")).await;
            }
        } else {
            let alter = format!("alter table {table} drop constraint refused");
            self.run(&alter).await;
        }
    }

    /// Does to the database what no program of ours does.
    pub async fn tamper(&self, statement: &str) {
        let touched = self.run(statement).await;
        assert!(touched > 0, "changed nothing: {statement}");
    }

    /// Rows touched by a statement.
    async fn run(&self, statement: &str) -> u64 {
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
                done.rows_affected()
            }
            Backend::Postgres(url) => {
                let mut connection = behind(url).await;
                let done = connection.execute(AssertSqlSafe(statement)).await.unwrap();
                done.rows_affected()
            }
            Backend::Model(_) => panic!("the model has nothing to tamper with"),
        }
    }
}

/// A connection of its own. Even the owner sees only what its scope shows.
async fn behind(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([("app.scope", "%")]);
    options.connect().await.unwrap()
}
