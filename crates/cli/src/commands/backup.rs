//! `hearth backup`: a copy of the store as of one moment, with what is needed
//! to know it again. The key is not in it and must not lie beside it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use pipeline::clock::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vault::MasterKey;

use crate::commands::erase::Erasures;
use crate::commands::{Place, escrow};
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, secret};

/// What `hearth backup` takes.
#[derive(Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The copy; FILE.json beside it says what it is
    file: PathBuf,
    /// The escrow copy of the key, to be held against the key in use
    #[arg(long, value_name = "FILE")]
    escrow: Option<PathBuf>,
    /// Writes the key as well, sealed with a passphrase, into this file: not
    /// beside the copy
    #[arg(long, value_name = "FILE", requires = "passphrase_file")]
    with_keys: Option<PathBuf>,
    /// Holds the passphrase, 16 characters or more; only its owner may read it
    #[arg(long, value_name = "FILE", requires = "with_keys")]
    passphrase_file: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// What a copy is: written beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Program that took it.
    pub(crate) version: String,
    /// When, UTC.
    pub(crate) taken_at: String,
    /// Bytes of the copy.
    pub(crate) bytes: u64,
    /// SHA-256 of the copy, hex.
    pub(crate) sha256: String,
    /// Entries of its ledger.
    pub(crate) ledger: i64,
    /// Which key opens it.
    pub(crate) key_fingerprint: String,
    /// Subjects whose keys had been destroyed by then and before.
    pub(crate) erased: Vec<String>,
    /// When an escrow copy of the key was last held against it.
    #[serde(default)]
    pub(crate) escrow_seen_on: Option<String>,
}

/// Where the manifest of a copy lies.
pub(crate) fn manifest_of(copy: &Path) -> PathBuf {
    let mut name = copy.as_os_str().to_owned();
    name.push(".json");
    PathBuf::from(name)
}

/// Copies; the service may run meanwhile.
pub(crate) async fn run(args: &BackupArgs, settings: Settings) -> anyhow::Result<()> {
    let url = settings.store.url()?;
    let key_file = &settings.store.key_file;
    let key = secret::key(key_file)?;
    let fingerprint = key.fingerprint();
    let today = SystemClock::new().now().china_date();
    if let Some(escrow) = &args.escrow {
        escrow::verify(&settings.store, escrow, &key, today)?;
    }
    let seen_on = escrow::seen_on(&settings.store, &fingerprint, today);
    let manifest_file = manifest_of(&args.file);
    for file in [&args.file, &manifest_file] {
        if file.exists() {
            let message = format!("{} exists already", file.display());
            return Err(exit::usage(message));
        }
    }
    secret::refuse_beside(&args.file, key_file, "a backup")?;
    sealed_key(args, &key)?;
    let ledger = store::copy(&url, &args.file).await?;
    let (bytes, sha256) = digest(&args.file)?;
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: SystemClock::new().now().to_string(),
        bytes,
        sha256,
        ledger,
        key_fingerprint: fingerprint,
        erased: Erasures::of(&settings.store).read()?,
        escrow_seen_on: seen_on.map(|on| on.to_string()),
    };
    let text = serde_json::to_string_pretty(&manifest)?;
    secret::write_new(&manifest_file, &text)
        .with_context(|| format!("cannot write {}", manifest_file.display()))?;
    if seen_on.is_none() && args.with_keys.is_none() {
        tracing::warn!(
            "no escrow copy of the key was held against it for a year: without the key this backup opens nothing; say --escrow FILE, or --with-keys"
        );
    }
    if args.json {
        say!("{}", serde_json::to_string(&manifest)?);
        return Ok(());
    }
    say!(
        "备份 backup   {} ({} bytes, 日志 ledger {ledger})",
        args.file.display(),
        manifest.bytes
    );
    say!("说明 manifest {}", manifest_file.display());
    match seen_on {
        Some(on) => say!("托管件 escrow  {on} 核对过 held against the key"),
        None => say!("托管件 escrow  未核对：请加 --escrow FILE not held against the key"),
    }
    if let Some(file) = &args.with_keys {
        say!("密钥 key       {} (以口令加密 sealed)", file.display());
    }
    say!("备份里没有密钥；密钥托管件另处存放，勿与备份放在一起。");
    say!("The key is not in it. Keep the escrow copy elsewhere, never beside the backup.");
    Ok(())
}

/// The key goes with its passphrase to whoever keeps both, never with the copy.
fn sealed_key(args: &BackupArgs, key: &MasterKey) -> anyhow::Result<()> {
    let (Some(file), Some(passphrase)) = (&args.with_keys, &args.passphrase_file) else {
        return Ok(());
    };
    secret::refuse_beside(file, &args.file, "the sealed key")?;
    secret::refuse_beside(&args.file, file, "a backup")?;
    secret::refuse_beside(passphrase, file, "the passphrase")?;
    escrow::write_sealed(file, key, &escrow::passphrase(passphrase)?)
}

/// Size and SHA-256 of a file.
pub(crate) fn digest(path: &Path) -> anyhow::Result<(u64, String)> {
    let read = || -> std::io::Result<(u64, String)> {
        let mut file = fs::File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        let mut bytes = 0;
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok((bytes, hex::encode(hasher.finalize())));
            }
            hasher.update(&buffer[..read]);
            bytes += read as u64;
        }
    };
    read().with_context(|| format!("cannot read {}", path.display()))
}
