//! Folding ahead. A first load brings one file after the other, and each names
//! everybody: folded in that order, everybody's fold is written once a file.
//! While much is waiting, somebody who was never met is therefore folded once with
//! all that waits, and what is met of them later on the way is passed over.
//!
//! Only this process knows whom it folded ahead, and only as long as the checkpoint
//! stands where it left it. To forget costs time: told again, the same records
//! change nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use domain::ids::Subject;
use domain::region::DivisionCode;
use store::commit::SealedRecord;
use store::rows::Backlog;

use crate::deps::{Deps, Settings};
use crate::error::StepError;

/// Who of one county was folded ahead, and how far.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// Where the checkpoint stood when this was kept.
    position: i64,
    /// Number of the last commit that is in their folds.
    through: i64,
    folded: HashSet<Subject>,
    /// The batch before named nobody new.
    nobody_new: bool,
    /// Most of those named had a fold before: until all of it is folded there is
    /// little to gain.
    mostly_known: bool,
}

/// A batch that names people who were never met brings all that waits of them,
/// which is a record or a few from each file; of such batches, smaller ones.
const SMALLER: u32 = 8;

/// Of each county. A step that fails or is given up leaves nothing here, for it is
/// not known what of it was written.
#[derive(Debug, Default)]
pub struct Aheads(Mutex<BTreeMap<DivisionCode, Ahead>>);

impl Aheads {
    /// What was kept where the checkpoint stands. Elsewhere another process went on,
    /// or the database was set back: nothing is known then.
    pub(crate) fn take(&self, partition: DivisionCode, position: i64) -> Ahead {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.remove(&partition);
        kept.filter(|kept| kept.position == position)
            .unwrap_or_default()
    }

    pub(crate) fn keep(&self, partition: DivisionCode, position: i64, ahead: Ahead) {
        if position < ahead.through {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(partition, Ahead { position, ..ahead });
        }
    }
}

impl Ahead {
    /// Starts anew once all is folded that waited when it was looked at last.
    pub(crate) fn look(&mut self, settings: &Settings, position: i64, backlog: Backlog) {
        if position >= self.through {
            *self = Ahead::default();
            if backlog.records > settings.backlog_records {
                self.through = backlog.last;
            }
        }
    }

    /// The next records to fold after a position; `None` when nothing waits.
    pub(crate) async fn next(
        &mut self,
        deps: &Deps,
        partition: DivisionCode,
        position: i64,
    ) -> Result<Option<Next>, StepError> {
        if position < self.through
            && !self.mostly_known
            && let Some(next) = self.beyond(deps, partition, position).await?
        {
            return Ok(Some(next));
        }
        let limit = deps.settings.apply_records;
        let batches = deps.store.intake_after(partition, position, limit).await?;
        let Some(last) = batches.last().map(|batch| batch.number) else {
            return Ok(None);
        };
        let records = batches.into_iter().flat_map(|batch| batch.records);
        let records: Vec<SealedRecord> = records.collect();
        Ok(Some(Next {
            last,
            read: records.len(),
            records,
        }))
    }

    /// Of the next commits, all that waits of whom they name first, and what they
    /// say of those who were met before and are not folded ahead. `None` when most
    /// of them were, so that they are better read in order.
    async fn beyond(
        &mut self,
        deps: &Deps,
        partition: DivisionCode,
        position: i64,
    ) -> Result<Option<Next>, StepError> {
        let limit = if self.nobody_new {
            deps.settings.apply_records
        } else {
            deps.settings.apply_records / SMALLER
        };
        let limit = limit.max(1);
        let (store, through) = (deps.store.as_ref(), self.through);
        let named = store.named_after(partition, position, through, limit);
        let named = named.await?;
        let Some(last) = named.last().map(|commit| commit.number) else {
            *self = Ahead::default();
            return Ok(None);
        };
        let read: u64 = named.iter().map(|commit| commit.records).sum();
        let subjects = named.into_iter().flat_map(|commit| commit.subjects);
        let mut met: BTreeSet<Subject> = subjects.collect();
        let all = met.len();
        met.retain(|subject| !self.folded.contains(subject));
        let new = never_met(deps, &mut met).await?;
        if met.len() > all / 2 {
            self.mostly_known = true;
            return Ok(None);
        }
        let mut records = store
            .records_between(partition, &new, position, through)
            .await?;
        if !met.is_empty() {
            let batches = store.intake_after(partition, position, limit).await?;
            let until = batches.into_iter().filter(|batch| batch.number <= last);
            let told = until.flat_map(|batch| batch.records);
            records.extend(told.filter(|record| met.contains(&record.subject)));
        }
        self.nobody_new = new.is_empty();
        self.folded.extend(new);
        Ok(Some(Next {
            last,
            read: usize::try_from(read).unwrap_or(usize::MAX),
            records,
        }))
    }
}

/// Takes out of those who are named whoever there is no fold of yet.
async fn never_met(deps: &Deps, named: &mut BTreeSet<Subject>) -> Result<Vec<Subject>, StepError> {
    let all: Vec<Subject> = named.iter().copied().collect();
    let folds = deps.store.folds(&all).await?;
    let met: BTreeSet<Subject> = folds.iter().map(|row| row.subject).collect();
    let new = named.difference(&met).copied().collect();
    *named = met;
    Ok(new)
}

/// Records to fold.
pub(crate) struct Next {
    /// In the order in which they came, of each subject.
    pub(crate) records: Vec<SealedRecord>,
    /// Number of the last commit that is folded with them.
    pub(crate) last: i64,
    /// Records in the commits until then.
    pub(crate) read: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_it_folded_is_known_only_where_the_checkpoint_was_left() {
        let county = DivisionCode::parse("320412").expect("a county");
        let aheads = Aheads::default();
        let kept = || Ahead {
            through: 9,
            ..Ahead::default()
        };
        aheads.keep(county, 5, kept());
        assert_eq!(aheads.take(county, 5).through, 9);
        assert_eq!(aheads.take(county, 5).through, 0, "it was taken");
        for elsewhere in [4, 6] {
            aheads.keep(county, 5, kept());
            assert_eq!(aheads.take(county, elsewhere).through, 0);
            assert_eq!(aheads.take(county, 5).through, 0, "it is forgotten");
        }
        aheads.keep(county, 9, kept());
        assert_eq!(aheads.take(county, 9).through, 0, "nothing is ahead");
    }
}
