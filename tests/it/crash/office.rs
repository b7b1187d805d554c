//! The office that is killed: a process of its own that takes every file of a
//! small county and settles. Started again on the same store it first looks
//! whether everything it had acknowledged is there, then repeats every file
//! and goes on, as a sender with an outbox does.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::sync::Arc;

use domain::record::Revision;
use pipeline::{Deps, Settings};
use sha2::{Digest as _, Sha256};
use store::Store;
use store::commit::ImportState;
use synth::{CountySpec, FeedFile, invent};
use testkit::app::{TestApp, birth, divisions, sample_day};
use tokio::sync::Notify;

const STORE: &str = "HEARTH_CRASH_STORE";
const FOLDER: &str = "HEARTH_CRASH_FOLDER";
const EARLY: &str = "HEARTH_CRASH_ACKNOWLEDGE_EARLY";
/// Where a sender notes what was acknowledged, in the folder beside the store.
const OUTBOX: &str = "acknowledged.txt";
/// Exit status of an office that found a broken promise.
pub(crate) const FOUND: i32 = 3;
/// Households of the county; small, since it is imported many times over.
const HOUSEHOLDS: u32 = 12;

/// One store with the outbox of its senders, and how the office runs on it.
pub(crate) struct Office {
    pub(crate) url: String,
    pub(crate) folder: PathBuf,
    /// The saboteur: files are acknowledged before they are taken.
    pub(crate) early: bool,
}

impl Office {
    /// How many files its senders were told are taken.
    pub(crate) fn acknowledged(&self) -> usize {
        let text = std::fs::read_to_string(self.folder.join(OUTBOX));
        text.map_or(0, |text| text.lines().count())
    }

    /// The command that runs it, behind `prefix` (a tracer with its options).
    pub(crate) fn command(&self, prefix: &[String]) -> Command {
        let own = std::env::current_exe().expect("a test binary knows its path");
        let mut command = match prefix {
            [] => Command::new(own),
            [program, options @ ..] => {
                let mut command = Command::new(program);
                command.args(options).arg(own);
                command
            }
        };
        command
            .args(["--exact", "crash::office", "--nocapture"])
            .env(STORE, &self.url)
            .env(FOLDER, &self.folder);
        if self.early {
            command.env(EARLY, "1");
        }
        command
    }
}

/// Body of the test `crash::office`: nothing, unless it is the child process.
pub(crate) fn run_if_asked() {
    let (Ok(url), Ok(folder)) = (std::env::var(STORE), std::env::var(FOLDER)) else {
        return;
    };
    // One thread speaks to PostgreSQL: system calls are counted per thread.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let done = runtime.block_on(run(&url, Path::new(&folder), std::env::var(EARLY).is_ok()));
    if let Err(finding) = done {
        println!("FINDING: {finding}");
        exit(FOUND);
    }
}

fn county() -> Vec<FeedFile> {
    let spec = CountySpec {
        seed: 11,
        households: HOUSEHOLDS,
        on: sample_day(),
    };
    invent(&spec, &divisions()).feeds
}

fn natural_key(file: &FeedFile) -> String {
    format!(
        "{} {} {} {}",
        file.source, file.dataset, file.business_date, file.sequence
    )
}

async fn run(url: &str, folder: &Path, early: bool) -> Result<(), String> {
    let outbox = folder.join(OUTBOX);
    let text = std::fs::read_to_string(&outbox).unwrap_or_default();
    let acknowledged: BTreeSet<&str> = text.lines().collect();
    let files = county();
    let store = store::open(url, &birth())
        .await
        .map_err(|error| format!("the store does not open: {error:?}"))?;
    for file in &files {
        if acknowledged.contains(natural_key(file).as_str()) {
            kept(store.as_ref(), file).await?;
        }
    }
    let app = small_steps(store, folder).await;
    let breaches = app.breaches().await;
    if !breaches.is_empty() {
        return Err(format!("after a restart: {breaches:?}"));
    }
    for file in &files {
        let key = natural_key(file);
        let known = acknowledged.contains(key.as_str());
        if early && !known {
            acknowledge(&outbox, &key);
        }
        let taken = app.import(file).await;
        let taken = taken.map_err(|error| format!("{key} is not taken: {error:?}"))?;
        if known && !taken.repeated {
            return Err(format!("{key} was acknowledged and is taken again"));
        }
        if !early && !known {
            acknowledge(&outbox, &key);
        }
    }
    let settled = app.try_settle().await;
    settled.map_err(|error| format!("the steps do not come to rest: {error:?}"))
}

/// What was acknowledged is there, with the same content.
async fn kept(store: &dyn Store, file: &FeedFile) -> Result<(), String> {
    let key = natural_key(file);
    let revision = Revision {
        business_date: file.business_date,
        sequence: file.sequence,
    };
    let import = store
        .import_by_key(&file.source, &file.dataset, revision)
        .await
        .map_err(|error| format!("{key} cannot be looked up: {error:?}"))?;
    let digest = hex::encode(Sha256::digest(&file.bytes));
    match import {
        None => Err(format!("{key} was acknowledged and is not there")),
        Some(import) if import.state != ImportState::Received => Err(format!(
            "{key} was acknowledged and is only {:?}",
            import.state
        )),
        Some(import) if import.header.digest != digest => {
            Err(format!("{key} was acknowledged and is another file"))
        }
        Some(_) => Ok(()),
    }
}

/// Durable before it returns, outside the store.
fn acknowledge(outbox: &Path, key: &str) {
    let file = OpenOptions::new().create(true).append(true).open(outbox);
    let mut file = file.expect("an outbox");
    file.write_all(format!("{key}\n").as_bytes())
        .expect("room in the outbox");
    file.sync_all().expect("a durable outbox");
}

/// An app whose transactions are small, so that there are many places between
/// them to die at.
async fn small_steps(store: Arc<dyn Store>, folder: &Path) -> TestApp {
    let spool = tempfile::tempdir_in(folder).expect("a folder");
    let mut app = TestApp::on(store, spool).await;
    let deps = app.deps.clone();
    app.deps = Arc::new(Deps {
        store: deps.store.clone(),
        vault: deps.vault.clone(),
        policies: deps.policies.again(),
        divisions: deps.divisions.clone(),
        calendar: deps.calendar.clone(),
        publicity: deps.publicity.clone(),
        clock: deps.clock.clone(),
        settings: Settings {
            intake_rows: 20,
            apply_records: 100,
            // The first load is folded ahead, what comes later is not.
            backlog_records: 200,
            evaluate_units: 8,
            ..deps.settings.clone()
        },
        censuses: pipeline::night::Censuses::default(),
        ahead: pipeline::ahead::Aheads::default(),
        work: Notify::default(),
        published: Notify::default(),
    });
    app
}
