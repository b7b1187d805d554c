//! `hearth ledger verify`: recomputes the log from its first entry, compares
//! it with the roots kept, and the rows with what their entries claim.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ledger::{Checkpoint, Frontier, Hash, Verifier, leaf_hash};
use serde::Serialize;
use store::Store;

use crate::commands::Place;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, office, terminal};

/// Verbs about the log.
#[derive(Subcommand)]
pub(crate) enum LedgerCommand {
    /// Recomputes the log and prints the root of the day; exit 1 on a breach
    Verify(VerifyArgs),
}

/// What `hearth ledger verify` takes.
#[derive(Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// A root written down elsewhere, as printed here: size:root
    #[arg(long, value_name = "SIZE:ROOT", value_parser = expected)]
    expect: Vec<(u64, [u8; 32])>,
    /// A file that the auditor's page gave, instead of the store
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

fn expected(text: &str) -> Result<(u64, [u8; 32]), String> {
    let parse = || {
        let (size, root) = text.split_once(':')?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(root.trim(), &mut bytes).ok()?;
        Some((size.trim().parse().ok()?, bytes))
    };
    parse().ok_or_else(|| "a root is written size:root, the root as 64 hex digits".to_owned())
}

/// What verifying found.
#[derive(Debug, Serialize)]
pub(crate) struct Verification {
    /// Entries read.
    pub(crate) size: u64,
    /// Root over them, hex; absent when they do not agree with a root kept.
    pub(crate) root: Option<String>,
    /// Entries vouched for by a root kept.
    pub(crate) covered: u64,
    /// What is wrong, in words.
    pub(crate) breaches: Vec<String>,
}

/// Verifies a file on any computer: nothing but this program is needed. Rows are
/// not in it, so that it shows nobody; whether they are those the log vouches for
/// is seen where the store is.
pub(crate) fn offline(args: &VerifyArgs, file: &Path) -> anyhow::Result<()> {
    let log = LogFile::read(file)?;
    let checkpoint = |size: u64, root: [u8; 32]| Checkpoint {
        origin: ORIGIN.to_owned(),
        size,
        root: Hash(root),
    };
    let mut checkpoints = log.roots.clone();
    checkpoints.extend(
        args.expect
            .iter()
            .map(|(size, root)| checkpoint(*size, *root)),
    );
    let breach =
        |breach: ledger::Breach| exit::check(format!("the ledger does not verify:\n{breach}"));
    let mut verifier = Verifier::after(log.frontier, &checkpoints).map_err(breach)?;
    for leaf in &log.leaves {
        verifier.leaf(*leaf).map_err(breach)?;
    }
    let verified = verifier.finish().map_err(breach)?;
    // What the file says of itself vouches for nothing: only a root that was
    // written down elsewhere does.
    let root = verified.root.to_string();
    let told = args
        .expect
        .iter()
        .map(|(size, _)| *size)
        .filter(|size| *size >= log.from);
    let vouched = told.max();
    if args.json {
        let from = log.from;
        let size = verified.size;
        say!(
            "{}",
            serde_json::json!({ "from": from, "size": size, "root": root, "vouched": vouched })
        );
        return Ok(());
    }
    say!(
        "日志 entries {}–{} · 根值 root {}:{root}",
        log.from,
        verified.size,
        verified.size
    );
    if let Some(size) = vouched {
        say!("与另行抄录的根值一致，到第 {size} 条 agrees with the root written down elsewhere");
    } else {
        say!("文件前后一致；请用 --expect 带上值班簿上的根值，才能证明没有被整体改写");
        say!("consistent in itself: give the root of the duty book with --expect");
    }
    Ok(())
}

/// A log, or the end of one, as the auditor's page writes it: a head line, one
/// line for each entry, a last line with the roots kept.
struct LogFile {
    from: u64,
    frontier: Frontier,
    /// Hashes only: the roots to compare with stand in the last line.
    leaves: Vec<Hash>,
    roots: Vec<Checkpoint>,
}

impl LogFile {
    fn read(path: &Path) -> anyhow::Result<LogFile> {
        let wrong = |line: usize| {
            exit::data(format!(
                "{}: line {} is not what the page writes",
                path.display(),
                line + 1
            ))
        };
        let file = std::fs::File::open(path)
            .map_err(|error| exit::usage(format!("cannot read {}: {error}", path.display())))?;
        let mut log = LogFile {
            from: 0,
            frontier: Frontier::new(),
            leaves: Vec::new(),
            roots: Vec::new(),
        };
        let mut ended = false;
        for (number, line) in std::io::BufReader::new(file).lines().enumerate() {
            let json: serde_json::Value =
                serde_json::from_str(&line?).map_err(|_| wrong(number))?;
            let read = if number == 0 {
                log.head(&json)
            } else if json["roots"].is_array() {
                ended = true;
                log.end(&json)
            } else {
                log.entry(&json)
            };
            read.ok_or_else(|| wrong(number))?;
        }
        if !ended {
            return Err(exit::data(format!(
                "{} was cut off: the last line is missing",
                path.display()
            )));
        }
        Ok(log)
    }

    fn head(&mut self, json: &serde_json::Value) -> Option<()> {
        let frontier = hex::decode(json["frontier"].as_str()?).ok()?;
        self.frontier = Frontier::from_bytes(&frontier).ok()?;
        self.from = self.frontier.size();
        (json["from"].as_u64()? == self.from).then_some(())
    }

    fn entry(&mut self, json: &serde_json::Value) -> Option<()> {
        let next = self.from + u64::try_from(self.leaves.len()).ok()?;
        let bytes = hex::decode(json["bytes"].as_str()?).ok()?;
        self.leaves.push(leaf_hash(&bytes));
        (json["index"].as_u64()? == next).then_some(())
    }

    fn end(&mut self, json: &serde_json::Value) -> Option<()> {
        for root in json["roots"].as_array()? {
            let mut bytes = [0; 32];
            hex::decode_to_slice(root["root"].as_str()?, &mut bytes).ok()?;
            self.roots.push(Checkpoint {
                origin: ORIGIN.to_owned(),
                size: root["size"].as_u64()?,
                root: Hash(bytes),
            });
        }
        Some(())
    }
}

/// Verifies.
pub(crate) async fn run(args: &VerifyArgs, settings: Settings) -> anyhow::Result<()> {
    let opened = office::open_store(&settings.store).await?;
    let found = verify(opened.store.as_ref(), &args.expect).await?;
    if args.json {
        say!("{}", serde_json::to_string(&found)?);
    } else {
        say!(
            "日志 entries {} · 有据 covered {}",
            found.size,
            found.covered
        );
        if let Some(root) = &found.root {
            say!("今日根值 root of the day {}:{root}", found.size);
            say!("请抄入值班簿：根值未在系统外留存前，日志不能约束管理员。");
            say!(
                "Write it into the duty book: until roots are kept outside, the log does not bind the administrator."
            );
        }
    }
    refuse(&found)
}

/// Breaches end the program with exit 1.
pub(crate) fn refuse(found: &Verification) -> anyhow::Result<()> {
    if found.breaches.is_empty() {
        return Ok(());
    }
    Err(exit::check(format!(
        "the ledger does not verify:\n{}",
        found.breaches.join("\n")
    )))
}

/// Names our log among others.
const ORIGIN: &str = "hearth";
/// Entries read at a time.
const PAGE: u32 = 1_000;

/// Recomputes the log of a store.
pub(crate) async fn verify(
    store: &dyn Store,
    expected: &[(u64, [u8; 32])],
) -> anyhow::Result<Verification> {
    let checkpoint = |size: u64, root: [u8; 32]| Checkpoint {
        origin: ORIGIN.to_owned(),
        size,
        root: Hash(root),
    };
    let mut checkpoints: Vec<Checkpoint> = expected
        .iter()
        .map(|(size, root)| checkpoint(*size, *root))
        .collect();
    for root in store.ledger_roots().await? {
        checkpoints.push(checkpoint(u64::try_from(root.size)?, root.root));
    }
    let entries = store.statistics().await?.ledger;
    let progress = terminal::bar(u64::try_from(entries)?);
    progress.set_message("ledger");
    let mut breaches = Vec::new();
    let log = read_log(store, &checkpoints, &progress).await?;
    let (size, root, covered) = match log {
        Ok(verified) => (
            verified.size,
            Some(verified.root.to_string()),
            verified.covered,
        ),
        Err(breach) => {
            let at = breach.index;
            breaches.push(breach.to_string());
            (u64::try_from(entries)?, None, at)
        }
    };
    let mut from = 0;
    while from < entries {
        for number in store.mismatched_commits(from, PAGE).await? {
            breaches.push(format!(
                "the rows of commit {number} are not those its entry was written for"
            ));
        }
        from += i64::from(PAGE);
        progress.set_position(u64::try_from(from.min(entries))?);
    }
    progress.finish_and_clear();
    Ok(Verification {
        size,
        root,
        covered,
        breaches,
    })
}

async fn read_log(
    store: &dyn Store,
    checkpoints: &[Checkpoint],
    progress: &indicatif::ProgressBar,
) -> anyhow::Result<Result<ledger::Verified, ledger::Breach>> {
    let mut verifier = match Verifier::new(checkpoints) {
        Ok(verifier) => verifier,
        Err(breach) => return Ok(Err(breach)),
    };
    let mut next = 0;
    loop {
        let entries = store.ledger_entries(next, PAGE).await?;
        if entries.is_empty() {
            return Ok(verifier.finish());
        }
        for entry in &entries {
            if let Err(breach) = verifier.entry(&entry.bytes) {
                return Ok(Err(breach));
            }
            next = entry.index + 1;
        }
        progress.tick();
    }
}
