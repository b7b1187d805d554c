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
use vault::Vault;

use crate::commands::Place;
use crate::commands::erase::Erasures;
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
    let vault = Vault::new(secret::key(key_file)?);
    let manifest_file = manifest_of(&args.file);
    for file in [&args.file, &manifest_file] {
        if file.exists() {
            let message = format!("{} exists already", file.display());
            return Err(exit::usage(message));
        }
    }
    secret::refuse_beside(&args.file, key_file, "a backup")?;
    let ledger = store::copy(&url, &args.file).await?;
    let (bytes, sha256) = digest(&args.file)?;
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: SystemClock::new().now().to_string(),
        bytes,
        sha256,
        ledger,
        key_fingerprint: vault.fingerprint().to_owned(),
        erased: Erasures::of(&settings.store).read()?,
    };
    let text = serde_json::to_string_pretty(&manifest)?;
    secret::write_new(&manifest_file, &text)
        .with_context(|| format!("cannot write {}", manifest_file.display()))?;
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
    say!("备份里没有密钥；密钥托管件另处存放，勿与备份放在一起。");
    say!("The key is not in it. Keep the escrow copy elsewhere, never beside the backup.");
    Ok(())
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
