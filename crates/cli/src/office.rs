//! Opening a store with all that steps need, and the officers of this machine.

use std::path::Path;
use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::DivisionCode;
use pipeline::clock::{Clock, OsEntropy, SystemClock};
use pipeline::{Deps, people};
use store::Store;
use store::commit::{Commit, CommitKind, Write};
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

/// Settings of a new store.
pub(crate) fn birth(vault: &Vault, synthetic: bool) -> Vec<(&'static str, String)> {
    let mut epoch = [0; 8];
    OsEntropy.fill(&mut epoch);
    vec![
        (SYNTHETIC, synthetic.to_string()),
        (EPOCH, hex::encode(epoch)),
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
    let set = documents.policy_set()?;
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
        policies: RwLock::new(Arc::new(set)),
        divisions: Arc::new(tables.divisions),
        calendar: Arc::new(tables.calendar),
        clock: Arc::new(clock),
        settings: pipeline::Settings {
            synthetic: opened.synthetic,
            holder: if opened.embedded {
                "hearth".to_owned()
            } else {
                holder(verb)
            },
            ..steps(settings)
        },
        work: Notify::new(),
        published: Notify::new(),
    });
    people::keep_policies(
        &deps,
        &deps.policies(),
        &documents.policies,
        &documents.parameters,
    )
    .await?;
    Ok(deps)
}

fn steps(settings: &Settings) -> pipeline::Settings {
    let steps = &settings.steps;
    pipeline::Settings {
        daily_budget_per_township: steps.daily_budget_per_township,
        intake_rows: steps.intake_rows,
        apply_records: steps.apply_records,
        evaluate_units: steps.evaluate_units,
        snooze_days_max: steps.snooze_days_max,
        lease_seconds: steps.lease_seconds,
        ..pipeline::Settings::default()
    }
}

/// The same after a restart on this machine, so that a worker that died is not
/// waited for; different on other machines.
fn holder(verb: &str) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{verb}@{}", host.trim())
}

/// Writes what administrators may write.
pub(crate) async fn administer(deps: &Deps, actor: &str, writes: Vec<Write>) -> anyhow::Result<()> {
    administer_store(deps.store.as_ref(), deps.clock.as_ref(), actor, writes).await
}

/// The same without policies and tables.
pub(crate) async fn administer_store(
    store: &dyn Store,
    clock: &dyn Clock,
    actor: &str,
    writes: Vec<Write>,
) -> anyhow::Result<()> {
    let commit = Commit {
        kind: CommitKind::Administration,
        partition: None,
        at: clock.now(),
        actor: actor.to_owned(),
        lease: None,
        guards: vec![],
        writes,
        answer: None,
    };
    store.commit(&commit).await?;
    // PostgreSQL numbers commits afterwards; SQLite has nothing left to do.
    while store.publish(u32::MAX).await?.commits > 0 {}
    Ok(())
}

/// An officer who is this machine: what is done here is written down under a
/// name like everything else.
pub(crate) async fn local_officer(
    deps: &Deps,
    role: Role,
    regions: &[DivisionCode],
    sources: &[&str],
) -> anyhow::Result<Officer> {
    let id = OfficerId::from_uuid(uuid::Builder::from_custom_bytes(local_id(role)).into_uuid());
    let known = deps.store.officer(id).await?;
    let mut officer = known.clone().unwrap_or_else(|| Officer {
        id,
        name: format!("本机操作 ({})", role.name()),
        role,
        regions: Vec::new(),
        sources: Vec::new(),
    });
    officer.regions.extend(regions);
    officer.regions.sort();
    officer.regions.dedup();
    officer
        .sources
        .extend(sources.iter().map(|source| (*source).to_owned()));
    officer.sources.sort();
    officer.sources.dedup();
    if known.as_ref() != Some(&officer) {
        administer(deps, "local", vec![Write::Officer(officer.clone())]).await?;
    }
    Ok(officer)
}

const fn local_id(role: Role) -> [u8; 16] {
    match role {
        Role::Caseworker => *b"hearth-local-cas",
        Role::CountyOfficer => *b"hearth-local-cty",
        Role::Importer => *b"hearth-local-imp",
        Role::Auditor => *b"hearth-local-aud",
    }
}

/// The auditor of this machine, for all counties the store knows.
pub(crate) async fn local_auditor(deps: &Deps) -> anyhow::Result<Officer> {
    let regions = deps.store.partitions().await?;
    local_officer(deps, Role::Auditor, &regions, &[]).await
}
