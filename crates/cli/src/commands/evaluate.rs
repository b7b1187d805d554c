//! `hearth evaluate`: every step until nothing is left to do.

use clap::Args;
use domain::authority::Grant;
use pipeline::runner;
use serde_json::json;

use crate::commands::Place;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{office, terminal};

/// What `hearth evaluate` takes.
#[derive(Args)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the steps.
pub(crate) async fn run(args: &EvaluateArgs, settings: Settings) -> anyhow::Result<()> {
    let deps = office::open(&settings, "evaluate").await?;
    let before = deps.store.statistics().await?;
    let progress = terminal::spinner();
    progress.set_message("apply · evaluate · dispatch · remind");
    runner::settle(&deps).await?;
    progress.finish_and_clear();
    let after = deps.store.statistics().await?;
    let mut raised = 0;
    for partition in deps.store.partitions().await? {
        let counts = deps
            .store
            .alert_counts(&Grant::for_steps(partition))
            .await?;
        raised += counts
            .iter()
            .filter(|count| count.work != "held" && count.work != "closed")
            .map(|count| count.count)
            .sum::<i64>();
    }
    let (_, position) = deps.store.feed_position().await?;
    let changed = before.ledger != after.ledger;
    if args.json {
        let view = json!({
            "on": deps.clock.today().to_string(), "persons": after.persons, "households": after.households,
            "verdicts": after.verdicts, "alerts": { "raised": raised, "held": after.held },
            "feed": { "position": position }, "changed": changed,
        });
        say!("{view}");
        return Ok(());
    }
    say!(
        "业务日期 business date {}{}",
        deps.clock.today(),
        if changed {
            ""
        } else {
            " · 数据未变化 nothing changed"
        }
    );
    say!(
        "人员 persons {} · 家庭 households {} · 判定 verdicts {}",
        after.persons,
        after.households,
        after.verdicts
    );
    say!(
        "已派发 raised {raised} · 存量待派发 held {} · feed {position}",
        after.held
    );
    Ok(())
}
