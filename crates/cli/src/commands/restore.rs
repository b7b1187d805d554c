//! `hearth restore`: puts a copy in the place of the store. Feed readers are
//! told by a new epoch, and what was erased since stays erased.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use domain::ids::Subject;
use pipeline::clock::SystemClock;
use store::commit::Write;
use vault::{MasterKey, MasterKeyFile};

use crate::commands::backup::{Manifest, digest, manifest_of};
use crate::commands::erase::Erasures;
use crate::commands::{Place, escrow, ledger};
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office, secret};

/// What `hearth restore` takes.
#[derive(Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The copy that `backup` made; its manifest FILE.json must lie beside it
    file: PathBuf,
    /// The key that `backup --with-keys` wrote, where the key file is lost too
    #[arg(long, value_name = "FILE", requires = "passphrase_file")]
    keys: Option<PathBuf>,
    /// Holds its passphrase; only its owner may read it
    #[arg(long, value_name = "FILE", requires = "keys")]
    passphrase_file: Option<PathBuf>,
    /// Sets aside the store that is there
    #[arg(long)]
    replace: bool,
}

/// Restores.
pub(crate) async fn run(args: &RestoreArgs, settings: Settings) -> anyhow::Result<()> {
    let url = settings.store.url()?;
    let Some(target) = url.strip_prefix("sqlite:").map(PathBuf::from) else {
        return Err(exit::usage(
            "PostgreSQL is restored with its own tools; see docs/operations.md",
        ));
    };
    let manifest = known_copy(&args.file)?;
    let key = key(args, &settings.store.key_file)?;
    if key.fingerprint() != manifest.key_fingerprint {
        return Err(exit::configuration(format!(
            "the key file holds key {}, the copy needs key {}",
            key.fingerprint(),
            manifest.key_fingerprint
        )));
    }
    let erasures = Erasures::of(&settings.store);
    let erased = erasures.read()?;
    if target.exists() && !args.replace {
        let message = format!("{} exists already; add --replace", target.display());
        return Err(exit::usage(message));
    }
    // Copied whole before anything is moved: a full disk leaves all as it was.
    keep(&settings.store.key_file, &key)?;
    let arriving = beside(&target, ".restoring");
    fs::copy(&args.file, &arriving)
        .and_then(|_| fs::File::open(&arriving)?.sync_all())
        .with_context(|| format!("cannot write {}", arriving.display()))?;
    let aside = set_aside(&target)?;
    fs::rename(&arriving, &target).with_context(|| format!("cannot write {}", target.display()))?;
    let opened = office::open_with(&url, key, &[]).await?;
    let store = opened.store.as_ref();
    let mut writes = vec![office::new_epoch()];
    let mut again = Vec::new();
    for text in &erased {
        let subject: Subject = text
            .parse()
            .map_err(|_| exit::data(format!("the list of erasures is damaged at {text}")))?;
        if !store.subject_keys(&[subject]).await?.is_empty() {
            again.push(Write::KeyErased(subject));
        }
    }
    let repeated = again.len();
    writes.extend(again);
    local::administer_store(store, &SystemClock::new(), "restore", writes).await?;
    let breaches = store.check().await?;
    let found = ledger::verify(store, &[]).await?;
    say!(
        "已恢复 restored {} → {}",
        args.file.display(),
        target.display()
    );
    if let Some(aside) = aside {
        say!("原数据 set aside as {}", aside.display());
    }
    say!("重新销毁 erased again: {repeated}");
    if let Some(root) = &found.root {
        say!("日志 ledger {}:{root}", found.size);
    }
    say!("订阅方须从头重读 (feed readers must read from the beginning: the epoch is new)");
    ledger::refuse(&found)?;
    if breaches.is_empty() {
        return Ok(());
    }
    Err(exit::check(format!(
        "the restored store is not sound:\n{}",
        breaches.join("\n")
    )))
}

/// The key that is there, or the one that was sealed with a passphrase.
fn key(args: &RestoreArgs, key_file: &Path) -> anyhow::Result<MasterKey> {
    let (Some(sealed), Some(passphrase)) = (&args.keys, &args.passphrase_file) else {
        return secret::key(key_file);
    };
    let key = escrow::open_sealed(sealed, &escrow::passphrase(passphrase)?)?;
    if key_file.exists() && secret::key(key_file)?.fingerprint() != key.fingerprint() {
        return Err(exit::configuration(format!(
            "{} holds another key than {}",
            key_file.display(),
            sealed.display()
        )));
    }
    Ok(key)
}

/// Puts the key where it is looked for, unless it is there.
fn keep(key_file: &Path, key: &MasterKey) -> anyhow::Result<()> {
    if key_file.exists() {
        return Ok(());
    }
    secret::create_folder(secret::folder_of(key_file))?;
    secret::write_new(key_file, &MasterKeyFile::format(key))
        .with_context(|| format!("cannot write {}", key_file.display()))
}

/// The manifest of a copy that is what its manifest says.
fn known_copy(copy: &Path) -> anyhow::Result<Manifest> {
    let file = manifest_of(copy);
    let text = fs::read_to_string(&file)
        .map_err(|error| exit::data(format!("cannot read {}: {error}", file.display())))?;
    let manifest: Manifest = serde_json::from_str(&text)
        .map_err(|error| exit::data(format!("cannot read {}: {error}", file.display())))?;
    let (bytes, sha256) = digest(copy)?;
    if (bytes, &sha256) != (manifest.bytes, &manifest.sha256) {
        return Err(exit::data(format!(
            "{} is damaged: it is not the file its manifest describes",
            copy.display()
        )));
    }
    Ok(manifest)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Moves the store that is there out of the way, with its write-ahead log.
/// Refused while a service holds it.
fn set_aside(target: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !target.exists() {
        return Ok(None);
    }
    let held = store::held(target)?;
    let aside = (1..1000)
        .map(|n| beside(target, &format!(".replaced-{n}")))
        .find(|path| !path.exists())
        .context("too many stores have been set aside here")?;
    for ending in ["", "-wal", "-shm"] {
        let from = beside(target, ending);
        if from.exists() {
            fs::rename(&from, beside(&aside, ending))
                .with_context(|| format!("cannot move {}", from.display()))?;
        }
    }
    drop(held);
    Ok(Some(aside))
}
