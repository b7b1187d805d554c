//! Opening: the pool, the settings, the schema.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::Postgres;
use crate::{Store, StoreError, Stored, schema};

const MIGRATIONS: [schema::File; 16] = [
    (
        "records",
        include_str!("../../migrations/postgres/0001_records.sql"),
    ),
    (
        "folds",
        include_str!("../../migrations/postgres/0002_folds.sql"),
    ),
    (
        "alerts",
        include_str!("../../migrations/postgres/0003_alerts.sql"),
    ),
    (
        "running",
        include_str!("../../migrations/postgres/0004_running.sql"),
    ),
    (
        "scope",
        include_str!("../../migrations/postgres/0005_scope.sql"),
    ),
    (
        "accounts",
        include_str!("../../migrations/postgres/0006_accounts.sql"),
    ),
    (
        "corrections",
        include_str!("../../migrations/postgres/0007_corrections.sql"),
    ),
    (
        "leads",
        include_str!("../../migrations/postgres/0008_leads.sql"),
    ),
    (
        "webhooks",
        include_str!("../../migrations/postgres/0009_webhooks.sql"),
    ),
    (
        "oidc",
        include_str!("../../migrations/postgres/0010_oidc.sql"),
    ),
    (
        "desk",
        include_str!("../../migrations/postgres/0011_desk.sql"),
    ),
    (
        "confidential",
        include_str!("../../migrations/postgres/0012_confidential.sql"),
    ),
    (
        "parameters",
        include_str!("../../migrations/postgres/0013_parameters.sql"),
    ),
    (
        "listed",
        include_str!("../../migrations/postgres/0016_listed.sql"),
    ),
    (
        "guarded",
        include_str!("../../migrations/postgres/0017_guarded.sql"),
    ),
    (
        "revisited",
        include_str!("../../migrations/postgres/0018_revisited.sql"),
    ),
];

/// More connections than a few per core gain nothing and cost the server.
const CONNECTIONS: u32 = 16;
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(10);

/// Given with the connection, so that `reset all` keeps them. No statement, lock
/// or idle transaction holds others up for longer; the check of the store, which holds
/// nobody up, may take longer. A statement runs for less time than compiling it takes,
/// and what a batch sorts (sealed records of some hundred bytes each) stays in memory.
const SESSION: [(&str, &str); 5] = [
    ("statement_timeout", "30s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("jit", "off"),
    ("work_mem", "64MB"),
];

/// What must be read back after opening, else acknowledged data can be lost or
/// rows of others be seen. Other values after the first are as good.
const SETTINGS: [(&str, &[&str]); 6] = [
    ("fsync", &["on"]),
    ("synchronous_commit", &["on", "remote_apply"]),
    ("full_page_writes", &["on"]),
    ("server_encoding", &["UTF8"]),
    ("superuser", &["off"]),
    ("bypassrls", &["off"]),
];

/// Opens the database named by a `postgres:` URL.
pub(crate) async fn open(url: &str, create: &[(&str, String)]) -> Stored<Arc<dyn Store>> {
    let pool = pool(url).await?;
    let mut connection = pool.acquire().await?;
    refuse_unsafe(&mut connection).await?;
    migrate(&mut connection).await?;
    begin_settings(&mut connection, create).await?;
    drop(connection);
    Ok(Arc::new(Postgres { pool }))
}

async fn pool(url: &str) -> Stored<PgPool> {
    let options: PgConnectOptions = url.parse()?;
    let options = options
        .application_name("hearth")
        .options(SESSION)
        // Statements are logged by the steps that make them, without values.
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(WAIT_FOR_CONNECTION)
        .after_release(|connection, _| Box::pin(clean(connection)))
        .connect_with(options)
        .await?;
    Ok(pool)
}

/// Leaves a connection as new. A `begin` that was cancelled leaves it inside a
/// transaction that the driver does not know of (sqlx 4393). In one that
/// failed even this query does; then the pool closes the connection.
async fn clean(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    // Outside a transaction, `now()` is when this statement began.
    let left_open: bool = {
        let row = connection
            .fetch_one("select now() <> statement_timestamp() as left_open; reset all")
            .await?;
        sqlx::Row::try_get(&row, "left_open")?
    };
    if left_open {
        connection.execute("rollback; reset all").await?;
    }
    Ok(true)
}

async fn refuse_unsafe(connection: &mut PgConnection) -> Stored<()> {
    let found: (String, String, String, String, String, String) = sqlx::query_as(
        "select current_setting('fsync'),
            current_setting('synchronous_commit'),
            current_setting('full_page_writes'),
            current_setting('server_encoding'),
            case when rolsuper then 'on' else 'off' end,
            case when rolbypassrls then 'on' else 'off' end
        from pg_roles where rolname = current_user",
    )
    .fetch_one(connection)
    .await?;
    let (fsync, commit, pages, encoding, superuser, bypass) = found;
    let found = [fsync, commit, pages, encoding, superuser, bypass];
    SETTINGS
        .iter()
        .zip(found)
        .try_for_each(|((setting, safe), found)| refuse_other(setting, safe, found))
}

fn refuse_other(setting: &'static str, safe: &[&'static str], found: String) -> Stored<()> {
    if safe.contains(&found.as_str()) {
        return Ok(());
    }
    Err(StoreError::Unsafe {
        setting,
        found,
        wanted: safe[0],
    })
}

/// Brings the schema up to date; refuses one that a newer program wrote.
async fn migrate(connection: &mut PgConnection) -> Stored<()> {
    let migrated: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
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
async fn begin_settings(connection: &mut PgConnection, create: &[(&str, String)]) -> Stored<()> {
    let mut tx = connection.begin().await?;
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
