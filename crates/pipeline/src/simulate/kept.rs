//! Everybody of a county from the columns its evaluation keeps.
//!
//! A unit that no mark says is due stands in them as it is known; who is due, and
//! whose view is another by the day asked about, is read from the folds.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::authority::Grant;
use domain::household::Household;
use domain::ids::Subject;
use domain::region::DivisionCode;
use rayon::prelude::*;
use rules::Columns;

use super::Asked;
use crate::apply::{APPLY, lease};
use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::evaluate::EVALUATE;
use crate::loading::{Known, Loaded};
use crate::round::Round;

/// Units that are due before it is better to read everybody.
const DUE_MAX: u32 = 10_000;
/// Units read at a time.
const PAGE: usize = 500;

/// A county on the day asked about.
pub(super) struct Kept {
    /// Everybody.
    pub(super) columns: Columns,
    /// Of them, those that were read from the folds.
    pub(super) anew: u64,
    /// Apply positions before and after.
    pub(super) through: (i64, i64),
}

/// Everybody of a county as columns. `None` where this process does not keep them, the
/// grant is of a part of the county only, or the day is past.
pub(super) async fn columns(
    deps: &Arc<Deps>,
    asked: &Arc<Asked>,
    (partition, inside): (DivisionCode, &Grant),
) -> Result<Option<Kept>, StepError> {
    if asked.both.on < asked.today || !inside.covers(partition) {
        return Ok(None);
    }
    let loaded = Loaded::load(deps, partition, &[], Known::Now).await?;
    let round = Round::of(deps, partition, &asked.both.now, &loaded, asked.today).await?;
    if !deps.censuses.is_whole(partition, &round.stamp) {
        return Ok(None);
    }
    let lease = match lease(deps, partition, EVALUATE).await {
        Ok(lease) => lease,
        // Another process evaluates the county by now.
        Err(StepError::HeldElsewhere) => return Ok(None),
        Err(error) => return Err(error),
    };
    let begun = deps.store.checkpoint(partition, APPLY).await?;
    let Some(due) = due(deps, asked, partition, &round).await? else {
        return Ok(None);
    };
    let Some(snapshot) = deps.censuses.snapshot(&lease, &round.stamp) else {
        return Ok(None);
    };
    let on = asked.both.on;
    let (snapshot, later) = offload(move || {
        let later = snapshot.due_by(on);
        (snapshot, later)
    })
    .await?;
    let anew = Anew {
        deps,
        asked,
        partition,
        units: due.union(&later).copied().collect(),
    };
    let (anew, units) = anew.columns().await?;
    let read = anew.len() as u64;
    let columns = offload(move || snapshot.good_on(on, &units)).await?;
    let ended = deps.store.checkpoint(partition, APPLY).await?;
    Ok(columns.joined(anew).map(|columns| Kept {
        columns,
        anew: read,
        through: (begun, ended),
    }))
}

/// Units whose columns may be behind what is known of them; `None` when they are
/// too many.
async fn due(
    deps: &Deps,
    asked: &Asked,
    partition: DivisionCode,
    round: &Round,
) -> Result<Option<BTreeSet<Subject>>, StepError> {
    let marks = deps.store.due(partition, DUE_MAX).await?;
    let revisit = deps
        .store
        .units_to_revisit(partition, asked.today, &round.stamp, None, DUE_MAX)
        .await?;
    let most = usize::try_from(DUE_MAX).unwrap_or(usize::MAX);
    if marks.len() >= most || revisit.len() >= most {
        return Ok(None);
    }
    let marked = marks.into_iter().map(|mark| mark.unit);
    Ok(Some(marked.chain(revisit).collect()))
}

/// Units that are read from the folds.
struct Anew<'a> {
    deps: &'a Arc<Deps>,
    asked: &'a Arc<Asked>,
    partition: DivisionCode,
    units: BTreeSet<Subject>,
}

impl Anew<'_> {
    /// Their columns, and who they are: people who live alone on the day are units
    /// of their own.
    async fn columns(mut self) -> Result<(Columns, BTreeSet<Subject>), StepError> {
        let mut waiting: Vec<Subject> = self.units.iter().copied().collect();
        let mut columns = self.asked.machine.columns(&[]);
        while !waiting.is_empty() {
            let page = waiting.split_off(waiting.len().saturating_sub(PAGE));
            let loaded = Loaded::load(self.deps, self.partition, &page, Known::Now).await?;
            let asked = self.asked.clone();
            let made = offload(move || {
                let on = asked.both.on;
                let alone = page.iter().flat_map(|unit| loaded.alone(*unit, on));
                let alone: BTreeSet<Subject> = alone.collect();
                let units = page.par_iter();
                let views = units.map(|unit| asked.view(&loaded, *unit));
                let views: Vec<Household> = views.collect();
                (asked.machine.columns(&views), alone)
            });
            let (made, alone) = made.await?;
            columns = columns.joined(made).ok_or(StepError::Damaged("columns"))?;
            waiting.extend(alone.into_iter().filter(|unit| self.units.insert(*unit)));
        }
        Ok((columns, self.units))
    }
}
