//! What the demonstration came to, as `--json` prints it.

use std::collections::BTreeMap;

use domain::authority::Grant;
use domain::record::RowCounts;
use pipeline::Deps;
use serde::Serialize;
use store::rows::{AlertCount, Statistics};

use super::turning::{Imported, Steps};

/// One object; names are part of the interface.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) accepted: u64,
    pub(super) warned: u64,
    pub(super) held: u64,
    pub(super) rejected: u64,
    pub(super) persons: i64,
    pub(super) households: i64,
    pub(super) verdicts: i64,
    pub(super) alerts: AlertSummary,
    pub(super) feed: FeedSummary,
    pub(super) steps_ms: BTreeMap<&'static str, u64>,
    /// Something was written; a second run on the same folder writes nothing.
    pub(super) changed: bool,
}

/// Alerts that are not closed. The parts add up to the total three times.
#[derive(Debug, Default, Serialize)]
pub(super) struct AlertSummary {
    pub(super) total: i64,
    pub(super) raised: i64,
    pub(super) held: i64,
    pub(super) by_policy: BTreeMap<String, i64>,
    /// By township code; `unplaced` for the county's desk.
    pub(super) by_township: BTreeMap<String, i64>,
    /// What the text shows: (raised, held) by policy and by township.
    #[serde(skip)]
    pub(super) split_by_policy: BTreeMap<String, (i64, i64)>,
    #[serde(skip)]
    pub(super) split_by_township: BTreeMap<String, (i64, i64)>,
}

/// How far the feed has come.
#[derive(Debug, Serialize)]
pub(super) struct FeedSummary {
    pub(super) position: i64,
}

/// The key of the county's desk among townships.
pub(super) const UNPLACED: &str = "unplaced";

impl Summary {
    pub(super) async fn gather(
        deps: &Deps,
        imports: &[Imported],
        statistics: &Statistics,
        steps: Steps,
        changed: bool,
    ) -> anyhow::Result<Summary> {
        let mut counts = RowCounts::default();
        for import in imports {
            let of = import.import.counts;
            counts.accepted += of.accepted;
            counts.warned += of.warned;
            counts.held += of.held;
            counts.rejected += of.rejected;
        }
        let mut alerts = AlertSummary::default();
        for partition in deps.store.partitions().await? {
            for count in deps
                .store
                .alert_counts(&Grant::for_steps(partition))
                .await?
            {
                alerts.add(count);
            }
        }
        let (_, position) = deps.store.feed_position().await?;
        Ok(Summary {
            accepted: counts.accepted,
            warned: counts.warned,
            held: counts.held,
            rejected: counts.rejected,
            persons: statistics.persons,
            households: statistics.households,
            verdicts: statistics.verdicts,
            alerts,
            feed: FeedSummary { position },
            steps_ms: steps.millis(),
            changed,
        })
    }
}

impl AlertSummary {
    fn add(&mut self, count: AlertCount) {
        if count.work == "closed" {
            return;
        }
        let held = count.work == "held";
        let n = count.count;
        let township = count
            .township
            .map_or_else(|| UNPLACED.to_owned(), |code| code.to_string());
        self.total += n;
        *if held {
            &mut self.held
        } else {
            &mut self.raised
        } += n;
        *self.by_policy.entry(count.policy.clone()).or_default() += n;
        *self.by_township.entry(township.clone()).or_default() += n;
        for split in [
            self.split_by_policy.entry(count.policy).or_default(),
            self.split_by_township.entry(township).or_default(),
        ] {
            *if held { &mut split.1 } else { &mut split.0 } += n;
        }
    }
}
