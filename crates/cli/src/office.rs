//! Opening a store with all that steps need.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use pipeline::clock::{OsEntropy, SystemClock};
use pipeline::policies::Policies;
use pipeline::{Deps, StepError, policies};
use store::Store;
use store::commit::Write;
use tokio::sync::Notify;
use vault::{Entropy as _, MasterKey, Vault};

use crate::documents::{Documents, Tables};
use crate::manifest::Samples;
use crate::settings::{Settings, StoreSettings};
use crate::{exit, secret};

/// Settings of a store that are written when it is made.
pub(crate) const FINGERPRINT: &str = "key_fingerprint";
const SYNTHETIC: &str = "synthetic";
const EPOCH: &str = "epoch";
/// A demonstration's store keeps the date its samples speak of.
pub(crate) const DEMONSTRATION: &str = "demonstration";

/// An open store with its key.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    /// Made for invented people.
    pub(crate) synthetic: bool,
    /// SQLite: no other process can hold it.
    pub(crate) embedded: bool,
}

fn epoch() -> String {
    let mut epoch = [0; 8];
    OsEntropy.fill(&mut epoch);
    hex::encode(epoch)
}

/// Tells feed readers that the store is not the one they read from.
pub(crate) fn new_epoch() -> Write {
    Write::Setting {
        key: EPOCH.to_owned(),
        value: epoch(),
    }
}

/// Settings of a new store.
pub(crate) fn birth(vault: &Vault, synthetic: bool) -> Vec<(&'static str, String)> {
    vec![
        (SYNTHETIC, synthetic.to_string()),
        (EPOCH, epoch()),
        (FINGERPRINT, vault.fingerprint().to_owned()),
    ]
}

/// Opens a store that was made by `init` or `demo`.
pub(crate) async fn open_store(settings: &StoreSettings) -> anyhow::Result<Opened> {
    let url = settings.url()?;
    if let Some(path) = url.strip_prefix("sqlite:")
        && !Path::new(path).exists()
    {
        return Err(exit::configuration(format!(
            "there is no store at {path}; `hearth init` makes one"
        )));
    }
    let key = secret::key(&settings.key_file)?;
    open_with(&url, key, &[]).await
}

/// Opens a store with a key, which must be its own; `create` makes a new one.
pub(crate) async fn open_with(
    url: &str,
    key: MasterKey,
    create: &[(&str, String)],
) -> anyhow::Result<Opened> {
    let vault = Arc::new(Vault::new(key));
    let store = store::open(url, create)
        .await
        .context("cannot open the store")?;
    match store.setting(FINGERPRINT).await? {
        Some(known) if known == vault.fingerprint() => {}
        Some(known) => {
            let found = vault.fingerprint();
            return Err(exit::configuration(format!(
                "the key file holds key {found}, the store was made with key {known}"
            )));
        }
        None => {
            return Err(exit::configuration(
                "the store was not made by `hearth init`",
            ));
        }
    }
    let synthetic = store.setting(SYNTHETIC).await?.as_deref() == Some("true");
    Ok(Opened {
        store,
        vault,
        synthetic,
        embedded: url.starts_with("sqlite:"),
    })
}

/// Opens the configured store with policies, tables and clock; `verb` names
/// this process among workers.
pub(crate) async fn open(settings: &Settings, verb: &str) -> anyhow::Result<Arc<Deps>> {
    let tables = Tables::configured(settings)?;
    let opened = open_store(&settings.store).await?;
    let Some(on) = opened.store.setting(DEMONSTRATION).await? else {
        return deps(
            opened,
            settings,
            &Documents::configured(settings)?,
            tables,
            verb,
        )
        .await;
    };
    let on = on
        .parse()
        .map_err(|_| exit::data("the store's date of demonstration is damaged"))?;
    let mut settings = settings.clone();
    settings.steps.on.get_or_insert(on);
    deps(
        opened,
        &settings,
        &Documents::demonstrated(Samples::open(None)?.parameters()?)?,
        tables,
        verb,
    )
    .await
}

/// All that steps need.
pub(crate) async fn deps(
    opened: Opened,
    settings: &Settings,
    documents: &Documents,
    tables: Tables,
    verb: &str,
) -> anyhow::Result<Arc<Deps>> {
    let policies = Policies::load(documents.whole()?).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        exit::configuration(format!("cannot load the policies:\n{}", lines.join("\n")))
    })?;
    let clock = match settings.steps.on {
        Some(_) if !opened.synthetic => {
            return Err(exit::configuration(
                "steps.on is refused: the store was not created synthetic",
            ));
        }
        Some(on) => SystemClock::pinned(on),
        None => SystemClock::new(),
    };
    let deps = Arc::new(Deps {
        store: opened.store,
        vault: opened.vault,
        policies,
        divisions: Arc::new(tables.divisions),
        calendar: Arc::new(tables.calendar),
        publicity: Arc::new(tables.publicity),
        clock: Arc::new(clock),
        settings: pipeline::Settings {
            synthetic: opened.synthetic,
            holder: if opened.embedded {
                "hearth".to_owned()
            } else {
                holder(verb)
            },
            ..steps(settings)?
        },
        censuses: pipeline::night::Censuses::default(),
        ahead: pipeline::ahead::Aheads::default(),
        work: Notify::new(),
        published: Notify::new(),
    });
    // Only what judges says which files are in force; the rest asks under these.
    let started = if ["serve", "evaluate", "demo"].contains(&verb) {
        policies::start(&deps, opened.synthetic || settings.policies.adopt).await
    } else {
        policies::refresh(&deps).await.map(|_| ())
    };
    started.map_err(|error| match error {
        StepError::Policies(_) => exit::configuration(error.to_string()),
        other => other.into(),
    })?;
    Ok(deps)
}

fn steps(settings: &Settings) -> anyhow::Result<pipeline::Settings> {
    let steps = &settings.steps;
    Ok(pipeline::Settings {
        daily_budget_per_township: steps.daily_budget_per_township,
        intake_rows: steps.intake_rows,
        apply_records: steps.apply_records,
        evaluate_units: steps.evaluate_units,
        snooze_days_max: steps.snooze_days_max,
        export_people_free: steps.export_people_free,
        lease_seconds: steps.lease_seconds,
        accounts: settings.accounts.steps()?,
        ..pipeline::Settings::default()
    })
}

/// The same after a restart on this machine, so that a worker that died is not
/// waited for; different on other machines.
fn holder(verb: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{verb}@{}", host.trim())
}
