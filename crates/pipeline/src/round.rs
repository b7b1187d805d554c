//! A round: why everyone is being looked at, and whether new alerts of it are
//! held.
//!
//! The stamp names the policy set and the coverage known; a unit evaluated
//! under another stamp is revisited. The mode is decided by what the last
//! finished round had seen, so a crash in the middle changes nothing.

use std::collections::BTreeSet;

use alerts::RunMode;
use domain::region::DivisionCode;
use domain::time::Date;
use rules::PolicySet;
use serde::{Deserialize, Serialize};
use store::commit::{Commit, CommitKind, Write};

use crate::deps::Deps;
use crate::error::StepError;
use crate::loading::Loaded;

/// What the last finished round had seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    policy_set: String,
    datasets: BTreeSet<String>,
    /// The last night brought to its end.
    #[serde(default)]
    night: Option<Date>,
}

/// The round going on.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    /// Policy set and coverage.
    pub(crate) stamp: String,
    /// How new alerts are treated.
    pub(crate) mode: RunMode,
    now: Seen,
    before: Seen,
}

fn setting(partition: DivisionCode) -> String {
    format!("round:{partition}")
}

impl Round {
    pub(crate) async fn of(
        deps: &Deps,
        partition: DivisionCode,
        policies: &PolicySet,
        loaded: &Loaded,
        today: Date,
    ) -> Result<Round, StepError> {
        let before: Seen = match deps.store.setting(&setting(partition)).await? {
            Some(text) => {
                serde_json::from_str(&text).map_err(|_| StepError::Damaged("settings"))?
            }
            None => Seen::default(),
        };
        let now = Seen {
            policy_set: policies.hash().to_owned(),
            datasets: loaded.datasets.clone(),
            night: Some(today),
        };
        let mode = if !now.datasets.is_subset(&before.datasets) {
            RunMode::FirstLoad
        } else if now.policy_set != before.policy_set {
            RunMode::Everyone
        } else {
            RunMode::Change
        };
        Ok(Round {
            stamp: format!("{}/{}", now.policy_set, loaded.coverage_len),
            mode,
            now,
            before,
        })
    }

    /// Whether everything was looked at, today's night included.
    pub(crate) fn is_over(&self) -> bool {
        self.now == self.before
    }

    /// The last night brought to its end.
    pub(crate) fn night_before(&self) -> Option<Date> {
        self.before.night
    }

    /// Nothing is left to look at: remember what this round has seen.
    pub(crate) async fn finish(
        &self,
        deps: &Deps,
        partition: DivisionCode,
    ) -> Result<(), StepError> {
        let value = serde_json::to_string(&self.now).map_err(|_| StepError::Damaged("settings"))?;
        let commit = Commit {
            kind: CommitKind::Evaluate,
            partition: Some(partition),
            at: deps.clock.now(),
            actor: "round".to_owned(),
            lease: None,
            guards: vec![],
            writes: vec![Write::Setting {
                key: setting(partition),
                value,
            }],
            answer: None,
        };
        deps.store.commit(&commit).await?;
        Ok(())
    }
}
