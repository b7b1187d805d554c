//! `hearth fsck`: the invariants of the store and the ledger.

use clap::Args;
use serde_json::json;

use crate::commands::{Place, ledger};
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, office};

/// What `hearth fsck` takes.
#[derive(Args)]
pub(crate) struct FsckArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Checks; exit 1 when something is wrong.
pub(crate) async fn run(args: &FsckArgs, settings: Settings) -> anyhow::Result<()> {
    let opened = office::open_store(&settings.store).await?;
    let mut breaches = opened.store.check().await?;
    let log = ledger::verify(opened.store.as_ref(), &[]).await?;
    breaches.extend(log.breaches);
    let statistics = opened.store.statistics().await?;
    if args.json {
        let view = json!({
            "records": statistics.records, "persons": statistics.persons, "households": statistics.households,
            "verdicts": statistics.verdicts, "alerts": statistics.alerts, "feed": statistics.feed,
            "ledger": statistics.ledger, "due": statistics.due, "root": log.root, "breaches": breaches,
        });
        say!("{view}");
    } else {
        say!(
            "记录 records {} · 人员 persons {} · 家庭 households {} · 判定 verdicts {} · 预警 alerts {} · feed {} · 日志 ledger {} · 待评 due {}",
            statistics.records,
            statistics.persons,
            statistics.households,
            statistics.verdicts,
            statistics.alerts,
            statistics.feed,
            statistics.ledger,
            statistics.due
        );
    }
    if breaches.is_empty() {
        return Ok(());
    }
    Err(exit::check(format!(
        "the store is not sound:\n{}",
        breaches.join("\n")
    )))
}
