//! Turning the crank over the samples: each business date's files, then rest.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::authority::{Operation, Role};
use domain::record::{RowNote, RowOutcome};
use pipeline::apply::{Progress, apply_step};
use pipeline::evaluate::evaluate_step;
use pipeline::intake::{IntakeError, Taken, intake};
use pipeline::{Deps, runner};
use store::commit::ImportRow;
use synth::Import;

use super::logins::Officers;
use crate::manifest::{self, Samples};
use crate::spool::Spooled;
use crate::{exit, terminal};

/// Time taken by each step.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    taken: BTreeMap<&'static str, Duration>,
}

impl Steps {
    pub(super) fn add(&mut self, step: &'static str, time: Duration) {
        *self.taken.entry(step).or_default() += time;
    }

    /// Milliseconds by step.
    pub(super) fn millis(&self) -> BTreeMap<&'static str, u64> {
        self.taken
            .iter()
            .map(|(step, time)| (*step, u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
            .collect()
    }

    async fn time<T>(&mut self, step: &'static str, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let done = work.await;
        self.add(step, started.elapsed());
        done
    }
}

/// One file as taken, with what most of its remarks say.
#[derive(Clone, Debug)]
pub(super) struct Imported {
    pub(super) import: ImportRow,
    /// Rejected before held before warned, then the most frequent first.
    pub(super) reasons: Vec<Reason>,
}

/// What rows were remarked on, and how many.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    pub(super) outcome: RowOutcome,
    /// Stable code.
    pub(super) code: String,
    /// One of its sentences.
    pub(super) zh: String,
    pub(super) count: usize,
}

/// Takes the files of each business date and lets everything come to rest, so
/// that later files are changes as they would have been on their day.
pub(super) async fn turn(
    deps: &Arc<Deps>,
    officers: &Officers,
    samples: &Samples<'_>,
    spool: &Path,
    steps: &mut Steps,
) -> anyhow::Result<Vec<Imported>> {
    let progress = terminal::spinner();
    let mut imports = Vec::new();
    let mut files = samples.manifest.imports.iter().peekable();
    while let Some(entry) = files.next() {
        progress.set_message(format!("{} {}", entry.business_date, entry.file));
        let taken = steps
            .time("intake", take(deps, officers, samples, spool, entry))
            .await?;
        imports.push(Imported {
            reasons: reasons(deps, &taken.import).await?,
            import: taken.import,
        });
        if files
            .peek()
            .is_none_or(|next| next.business_date != entry.business_date)
        {
            progress.set_message(format!("{} …", entry.business_date));
            settle(deps, steps).await?;
        }
    }
    progress.finish_and_clear();
    Ok(imports)
}

async fn take(
    deps: &Arc<Deps>,
    officers: &Officers,
    samples: &Samples<'_>,
    spool: &Path,
    entry: &Import,
) -> anyhow::Result<Taken> {
    let grant = officers
        .of(Role::Importer)?
        .authorize(Operation::Import, "demo")?;
    let spooled = Spooled::put(spool, &entry.file, &samples.bytes(entry)?)?;
    let taken = intake(deps, &grant, &manifest::header(entry), &spooled.path).await;
    if let Err(IntakeError::OtherContent(_)) = taken {
        let file = &entry.file;
        return Err(exit::data(format!(
            "the store holds another {file} of the same date and sequence; choose another --data"
        )));
    }
    taken.with_context(|| format!("cannot import {}", entry.file))
}

/// Applies, evaluates, then lets the rest come to rest.
async fn settle(deps: &Arc<Deps>, steps: &mut Steps) -> anyhow::Result<()> {
    for partition in deps.store.partitions().await? {
        while steps.time("apply", apply_step(deps, partition)).await? != Progress::Idle {}
        while steps
            .time("evaluate", evaluate_step(deps, partition))
            .await?
            != Progress::Idle
        {}
    }
    steps.time("dispatch", runner::settle(deps)).await?;
    Ok(())
}

/// Kept rows looked at in one read.
const PAGE: u32 = 1_000;

async fn reasons(deps: &Deps, import: &ImportRow) -> anyhow::Result<Vec<Reason>> {
    let county = import.header.scope.county().unwrap_or(import.header.scope);
    let grant = domain::authority::Grant::for_steps(county);
    let mut counted: BTreeMap<(RowOutcome, String), Reason> = BTreeMap::new();
    let mut after = 0;
    loop {
        let id = import.header.id;
        let rows = deps.store.kept_rows(&grant, id, None, after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.line;
        for row in &rows {
            for RowNote { code, zh, .. } in &row.notes {
                let reason = counted
                    .entry((row.outcome, code.clone()))
                    .or_insert_with(|| Reason {
                        outcome: row.outcome,
                        code: code.clone(),
                        zh: zh.clone(),
                        count: 0,
                    });
                reason.count += 1;
            }
        }
    }
    let mut reasons: Vec<Reason> = counted.into_values().collect();
    reasons.sort_by(|a, b| {
        (b.outcome, b.count)
            .cmp(&(a.outcome, a.count))
            .then_with(|| a.code.cmp(&b.code))
    });
    Ok(reasons)
}
