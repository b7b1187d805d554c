//! A private PostgreSQL server for tests, on a random loopback port.
//!
//! The server keeps its defaults for durability: the store refuses a server
//! that may forget what it acknowledged. A shell stands between the test and
//! the server and reads the test's end of a pipe; when the test process ends,
//! however it ends, the pipe closes, the shell stops the server and removes
//! its directory. No signal of ours can miss it, and a `static` server needs
//! no destructor.

use std::io::{self, BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::thread;

use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

/// Name of the role the store connects as: it owns its database and is neither
/// superuser nor exempt from row-level security.
pub const APPLICATION_ROLE: &str = "hearth_app";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum PgError {
    /// No server binaries.
    #[error(
        "PostgreSQL is not installed: no initdb in $PG_BIN or /usr/lib/postgresql/*/bin \
         (Debian: apt-get install postgresql)"
    )]
    NotInstalled,
    /// We are root, the server refuses to run as root, and there is no one else.
    #[error("PostgreSQL does not run as root and there is no user `postgres`")]
    NoUser,
    /// initdb failed.
    #[error("cannot create a cluster: {0}")]
    Cluster(String),
    /// The server did not come up.
    #[error("cannot start PostgreSQL: {0}")]
    Start(String),
    /// A process or file failed.
    #[error("cannot run PostgreSQL")]
    Io(#[from] io::Error),
    /// SQL failed.
    #[error("cannot prepare a database")]
    Sql(#[from] sqlx::Error),
}

/// A running server. Dropping it stops it and removes its data.
#[derive(Debug)]
pub struct Pg {
    port: u16,
    databases: AtomicU32,
    /// The pipe whose closing stops the server.
    lifeline: Option<ChildStdin>,
    shell: Child,
    /// Removed by the shell; kept here for the way out of a failed start.
    directory: TempDir,
}

/// Waits for the end of the test, then for the end of the server. An immediate
/// stop is right: nothing of it is kept.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- & server=$!
( read -r _ <&3; kill -QUIT $server ) 2>/dev/null & reader=$!
wait $server
kill $reader 2>/dev/null
rm -rf "$DIRECTORY"
"#;

impl Pg {
    /// A new cluster and its server, ready for connections.
    pub fn start() -> Result<Pg, PgError> {
        let binaries = binaries()?;
        let account = Account::for_server()?;
        let directory = tempfile::Builder::new().prefix("hearth-pg-").tempdir()?;
        if let Some(Account { user, group }) = account {
            chown(directory.path(), Some(user), Some(group))?;
        }
        let run = |program: &Path| {
            let mut command = Command::new(program);
            command.env("LC_ALL", "C.UTF-8").current_dir("/");
            if let Some(Account { user, group }) = account {
                command.uid(user).gid(group);
            }
            command
        };
        let data = directory.path().join("data");
        let made = run(&binaries.join("initdb"))
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync", "--no-instructions", "-k"])
            .arg("-D")
            .arg(&data)
            .output()?;
        if !made.status.success() {
            return Err(PgError::Cluster(said(&made)));
        }
        // A port is free when we look and may be taken when the server asks.
        let mut last_log = String::new();
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut shell = run(Path::new("/bin/sh"))
                .args(["-c", KEEPER, "keeper"])
                .arg(binaries.join("postgres"))
                .args(["-h", "127.0.0.1", "-p", &port.to_string()])
                .args(["-c", "max_connections=200", "-c", "shared_buffers=64MB"])
                .arg("-k")
                .arg(directory.path())
                .arg("-D")
                .arg(&data)
                .env("DIRECTORY", directory.path())
                // Out of the terminal's group: an interrupt reaches the test,
                // and through the pipe the server.
                .process_group(0)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?;
            let lifeline = shell.stdin.take();
            match wait_until_ready(&mut shell) {
                Ok(()) => {
                    return Ok(Pg {
                        port,
                        databases: AtomicU32::new(0),
                        lifeline,
                        shell,
                        directory,
                    });
                }
                Err(log) => last_log = log,
            }
            drop(lifeline);
            shell.wait()?;
        }
        Err(PgError::Start(last_log))
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its directory: sockets, and the cluster under `data`.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// URL of a database for the superuser: to sabotage, never to give the store.
    pub fn superuser_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// URL of a database for the application role.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{APPLICATION_ROLE}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// A new empty database owned by the application role; answers its URL.
    pub async fn database(&self) -> Result<String, PgError> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("hearth_{number}");
        let role = format!(
            "do $$ begin create role {APPLICATION_ROLE} login nosuperuser nobypassrls; \
             exception when duplicate_object or unique_violation then null; end $$"
        );
        let options: sqlx::postgres::PgConnectOptions = self.superuser_url("postgres").parse()?;
        let mut connection = options.connect().await?;
        for statement in [
            role,
            format!("create database {name} owner {APPLICATION_ROLE}"),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                .execute(&mut connection)
                .await?;
        }
        connection.close().await?;
        Ok(self.url(&name))
    }
}

impl Drop for Pg {
    fn drop(&mut self) {
        self.lifeline = None;
        // The shell ends when the server has; nothing is left to report to.
        let _ = self.shell.wait();
    }
}

/// The server that all tests of one binary share; started on first use.
pub fn shared() -> Result<&'static Pg, &'static PgError> {
    static SHARED: LazyLock<Result<Pg, PgError>> = LazyLock::new(Pg::start);
    SHARED.as_ref()
}

/// URL of a new database on the shared server. Where PostgreSQL is not
/// installed, says so once on stderr and answers `None`: the test has nothing
/// to run on. Any other failure fails the test.
pub async fn fresh_database() -> Option<String> {
    static SAID: OnceLock<()> = OnceLock::new();
    let server = match shared() {
        Ok(server) => server,
        Err(missing @ PgError::NotInstalled) => {
            SAID.get_or_init(|| {
                // Not `eprintln!`: the harness would hide it in tests that pass.
                let line = format!("SKIPPED: all PostgreSQL tests. {missing}\n");
                let _ = io::stderr().write_all(line.as_bytes());
            });
            return None;
        }
        Err(broken) => panic!("{broken}: {:?}", std::error::Error::source(broken)),
    };
    Some(server.database().await.expect("the shared server answers"))
}

/// `$PG_BIN`, or the newest installed version.
fn binaries() -> Result<PathBuf, PgError> {
    let has_initdb = |bin: &PathBuf| bin.join("initdb").exists();
    if let Some(named) = std::env::var_os("PG_BIN").map(PathBuf::from) {
        return Some(named).filter(has_initdb).ok_or(PgError::NotInstalled);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter();
    let installed = versions.flatten().flatten().filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        Some((number, version.path().join("bin"))).filter(|(_, bin)| has_initdb(bin))
    });
    installed
        .max()
        .map(|(_, bin)| bin)
        .ok_or(PgError::NotInstalled)
}

/// Whom the server runs as.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// `None` when the present user will do.
    fn for_server() -> Result<Option<Account>, PgError> {
        if id(&["-u"])? != Some(0) {
            return Ok(None);
        }
        match (id(&["-u", "postgres"])?, id(&["-g", "postgres"])?) {
            (Some(user), Some(group)) => Ok(Some(Account { user, group })),
            _ => Err(PgError::NoUser),
        }
    }
}

/// What `id` prints, if it knows.
fn id(arguments: &[&str]) -> Result<Option<u32>, PgError> {
    let output = Command::new("id").args(arguments).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse().ok())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// Reads the server's log until it is ready, then leaves a thread to drain it.
/// `Err` carries the log of a server that ended instead.
fn wait_until_ready(shell: &mut Child) -> Result<(), String> {
    let mut log = BufReader::new(shell.stderr.take().expect("stderr was piped"));
    let mut all = String::new();
    loop {
        let start = all.len();
        match log.read_line(&mut all) {
            Ok(0) | Err(_) => return Err(all),
            Ok(_) if all[start..].contains("ready to accept connections") => break,
            Ok(_) => {}
        }
    }
    thread::spawn(move || io::copy(&mut log, &mut io::sink()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stops_and_leaves_nothing() {
        let server = match Pg::start() {
            Err(PgError::NotInstalled) => return,
            started => started.unwrap(),
        };
        let url = server.database().await.unwrap();
        let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
        let mut connection = options.connect().await.unwrap();
        let (role, safe): (String, bool) = sqlx::query_as(
            "select current_user::text, current_setting('fsync')::bool \
             and current_setting('full_page_writes')::bool \
             and current_setting('synchronous_commit') = 'on'",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!((role.as_str(), safe), (APPLICATION_ROLE, true));
        let directory = server.directory().to_owned();
        drop(server);
        assert!(!directory.exists());
        assert!(options.connect().await.is_err());
    }
}
