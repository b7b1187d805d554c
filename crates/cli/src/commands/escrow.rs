//! Copies of the master key that outlive the machine: the printed escrow copy,
//! and a copy sealed with a passphrase.
//!
//! A backup without the key opens nothing, so that somebody held a copy of the
//! key against the key in use is written down beside the data.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::time::{Date, add_days};
use pipeline::account::hash::{Cost, stretch};
use pipeline::clock::OsEntropy;
use serde::{Deserialize, Serialize};
use vault::{Aad, Entropy as _, MasterKey, MasterKeyFile, Vault, Zeroizing};

use crate::settings::StoreSettings;
use crate::{exit, secret};

/// Days a look at the escrow copy is good for: a platform default.
const GOOD_DAYS: i32 = 400;
/// Characters of a passphrase at least. It is stretched, and must still not be
/// guessed by someone who has the file.
const PASSPHRASE_MIN: usize = 16;
const SALT: usize = 16;
/// What a passphrase costs to try: 64 MiB, three passes.
const COST: Cost = Cost {
    memory_kib: 65_536,
    passes: 3,
    lanes: 1,
};

/// That an escrow copy was held against the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    key_fingerprint: String,
    on: Date,
}

fn record(store: &StoreSettings) -> PathBuf {
    store.data_dir.join("escrow-seen.json")
}

/// Holds a copy against the key in use, and writes down that it fits.
pub(crate) fn verify(
    store: &StoreSettings,
    copy: &Path,
    key: &MasterKey,
    today: Date,
) -> anyhow::Result<()> {
    let copied = secret::key(copy)?;
    if copied.fingerprint() != key.fingerprint() {
        return Err(exit::configuration(format!(
            "{} holds key {}, the key in use is {}",
            copy.display(),
            copied.fingerprint(),
            key.fingerprint()
        )));
    }
    let seen = Seen {
        key_fingerprint: key.fingerprint(),
        on: today,
    };
    let file = record(store);
    fs::write(&file, serde_json::to_string(&seen)?)
        .with_context(|| format!("cannot write {}", file.display()))
}

/// When an escrow copy of this key was last seen, if that is not too long ago.
pub(crate) fn seen_on(store: &StoreSettings, fingerprint: &str, today: Date) -> Option<Date> {
    let text = fs::read_to_string(record(store)).ok()?;
    let seen: Seen = serde_json::from_str(&text).ok()?;
    let good = seen.key_fingerprint == fingerprint && today <= add_days(seen.on, GOOD_DAYS);
    good.then_some(seen.on)
}

/// A master key under a passphrase.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    what: String,
    version: u32,
    key_fingerprint: String,
    salt: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    #[serde(rename = "sealed")]
    cell: String,
}

const WHAT: &str = "暖心主密钥，以口令加密 Hearth master key, sealed with a passphrase";
const VERSION: u32 = 1;

fn place(fingerprint: &str) -> Aad {
    Aad {
        table: "escrow",
        column: "key",
        row: fingerprint.to_owned(),
    }
}

/// The passphrase in a file that only its owner may read.
pub(crate) fn passphrase(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = secret::read(file, "the passphrase file")?;
    let passphrase = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if passphrase.chars().count() < PASSPHRASE_MIN {
        return Err(exit::configuration(format!(
            "the passphrase in {} has fewer than {PASSPHRASE_MIN} characters",
            file.display()
        )));
    }
    Ok(passphrase)
}

/// What seals under a passphrase.
fn under(passphrase: &str, salt: &[u8], cost: Cost) -> anyhow::Result<Vault> {
    let key = stretch(cost, passphrase.as_bytes(), salt);
    let key = key.context("cannot stretch the passphrase")?;
    Ok(Vault::new(MasterKey::from_bytes(*key)))
}

/// Writes the key into a file of its own, sealed with a passphrase.
pub(crate) fn write_sealed(path: &Path, key: &MasterKey, passphrase: &str) -> anyhow::Result<()> {
    let mut salt = [0; SALT];
    OsEntropy.fill(&mut salt);
    let fingerprint = key.fingerprint();
    let text = MasterKeyFile::format(key);
    let vault = under(passphrase, &salt, COST)?;
    let sealed = vault.seal_system(&place(&fingerprint), text.as_bytes(), &mut OsEntropy);
    let sealed = Sealed {
        what: WHAT.to_owned(),
        version: VERSION,
        key_fingerprint: fingerprint,
        salt: hex::encode(salt),
        memory_kib: COST.memory_kib,
        passes: COST.passes,
        lanes: COST.lanes,
        cell: hex::encode(sealed),
    };
    let text = serde_json::to_string_pretty(&sealed)?;
    secret::write_new(path, &text).with_context(|| format!("cannot write {}", path.display()))
}

/// Opens a sealed key; a wrong passphrase and a changed file are told alike.
pub(crate) fn open_sealed(path: &Path, passphrase: &str) -> anyhow::Result<MasterKey> {
    let refuse = || {
        exit::configuration(format!(
            "{} does not open: the passphrase is wrong or the file was changed",
            path.display()
        ))
    };
    let text = secret::read(path, "the sealed key")?;
    let sealed: Sealed = serde_json::from_str(&text).map_err(|_| refuse())?;
    let cost = Cost {
        memory_kib: sealed.memory_kib,
        passes: sealed.passes,
        lanes: sealed.lanes,
    };
    // A file that asks for more would only take the machine's memory.
    let sound = sealed.version == VERSION && cost.memory_kib <= 1 << 20 && cost.passes <= 16;
    let salt = hex::decode(&sealed.salt).ok().filter(|_| sound);
    let cell = hex::decode(&sealed.cell).map_err(|_| refuse())?;
    let vault = under(passphrase, &salt.ok_or_else(refuse)?, cost)?;
    let plain = vault.open_system(&place(&sealed.key_fingerprint), &cell);
    let plain = Zeroizing::new(plain.map_err(|_| refuse())?);
    let text = std::str::from_utf8(&plain).map_err(|_| refuse())?;
    MasterKeyFile::parse(text).map_err(|_| refuse())
}
