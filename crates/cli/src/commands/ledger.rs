//! `hearth ledger verify`: recomputes the log from its first entry, compares
//! it with the roots kept, and the rows with what their entries claim.

use clap::{Args, Subcommand};
use ledger::{Checkpoint, Hash, Verifier};
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
