//! The night: whoever stands otherwise by the date alone is looked at again.
//!
//! A view that can differ is projected again when its `next_change_on` has
//! come. What a policy makes of an unchanged view differs too — a window ends,
//! a notice begins, a parameter takes effect — and only asking tells. Everybody
//! of a county is therefore kept in columns, fed by the views the evaluate step
//! makes anyway, and asked for every day since they were judged; the few that
//! differ go through the evaluate step like anyone else. Columns only name
//! whom to look at: what is committed is judged from the folds as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use domain::household::Household;
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;
use rules::{Census, Machine, PolicySet, Snapshot};
use store::commit::Lease;

use crate::apply::Progress;
use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::evaluate::BATCHES;
use crate::loading::{Known, Loaded};
use crate::round::Round;

/// Everybody of the counties this process evaluates.
#[derive(Debug, Default)]
pub struct Censuses(Mutex<BTreeMap<DivisionCode, Kept>>);

/// One county.
#[derive(Debug)]
struct Kept {
    machine: Arc<Machine>,
    census: Census,
    /// Policy set and coverage the views were made under.
    stamp: String,
    /// Of the lease it was last fed under. Every change of hands, and every
    /// lapse, adds one, so that a gap tells of another worker.
    epoch: i64,
    filled: Filled,
    /// What was kept before was worthless, because another worker had taken the
    /// county over. Two who take turns would read everybody in again at each: it is
    /// left to the night.
    handed: bool,
    /// The day the census was asked for, and who is still to be looked at.
    asked: Option<(Date, BTreeSet<Subject>)>,
}

/// How far the units that were not met since it was begun are read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filled {
    After(Option<Subject>),
    Whole,
}

/// A view, and the first day on which it can be another while lists come as they
/// have come.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) view: Household,
    until: Date,
}

impl Seen {
    /// A view of what is loaded.
    pub(crate) fn of(loaded: &Loaded, view: Household) -> Seen {
        let until = loaded.next_change_kept_fresh(&view);
        Seen { view, until }
    }
}

/// What the night has to do next.
#[derive(Debug)]
pub(crate) enum Night {
    /// Nothing more today.
    Over,
    /// This many units were read in.
    Read(usize),
    /// These are to be looked at.
    LookAt(Vec<Subject>),
}

impl Censuses {
    /// Runs on a county's census as it is for the policies, or on a new one
    /// when another set, or another worker, came between.
    fn with<T>(
        &self,
        (lease, set, stamp): (&Lease, &PolicySet, &str),
        f: impl FnOnce(&mut Kept) -> T,
    ) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&lease.partition);
        if !kept.is_some_and(|kept| kept.fits(lease, stamp)) {
            let handed = kept.is_some_and(|kept| kept.handed || !kept.is_next(lease));
            let machine = Arc::new(Machine::of(set));
            let kept = Kept {
                census: Census::of(&machine),
                machine,
                stamp: stamp.to_owned(),
                epoch: lease.epoch,
                filled: Filled::After(None),
                handed,
                asked: None,
            };
            all.insert(lease.partition, kept);
        }
        let kept = all.get_mut(&lease.partition).expect("it was put there");
        kept.epoch = lease.epoch;
        f(kept)
    }

    /// Views as they are judged under a lease, and who is no unit any more, before
    /// what comes of it is committed: whoever is not marked as due stands here as
    /// they are known.
    pub(crate) fn met(
        &self,
        lease: &Lease,
        (set, stamp): (&PolicySet, &str),
        views: impl IntoIterator<Item = Seen>,
        ended: &BTreeSet<Subject>,
    ) {
        self.with((lease, set, stamp), |kept| {
            kept.take(views);
            for unit in ended {
                kept.census.remove(*unit);
            }
        });
    }

    /// What came of these is committed.
    pub(crate) fn looked_at(&self, partition: DivisionCode, units: &[Subject]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = all.get_mut(&partition).and_then(|kept| kept.asked.as_mut());
        if let Some((_, left)) = asked {
            for unit in units {
                left.remove(unit);
            }
        }
    }

    /// Whether everybody of a county is kept as they are under a stamp.
    pub(crate) fn is_whole(&self, partition: DivisionCode, stamp: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&partition);
        kept.is_some_and(|kept| kept.stamp == stamp && kept.filled == Filled::Whole)
    }

    /// Whether a county at rest is to be read in.
    pub(crate) fn is_to_fill(&self, partition: DivisionCode) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(&partition);
        kept.is_none_or(|kept| kept.filled != Filled::Whole && !kept.handed)
    }

    /// Everybody of a county whose lease is held, if nobody else has judged any of
    /// them since and all of them are kept as they are under the stamp.
    pub(crate) fn snapshot(&self, lease: &Lease, stamp: &str) -> Option<Snapshot> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(&lease.partition)?;
        if !kept.fits(lease, stamp) || kept.filled != Filled::Whole {
            return None;
        }
        // A lapse that was ours alone is no gap to the next who asks.
        kept.epoch = lease.epoch;
        Some(kept.census.snapshot())
    }

    /// What was kept may be behind: it is read in anew when it is next asked.
    pub fn forget(&self, partition: DivisionCode) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&partition);
    }
}

impl Kept {
    fn fits(&self, lease: &Lease, stamp: &str) -> bool {
        self.stamp == stamp && self.is_next(lease)
    }

    /// Whether nobody held the county since.
    fn is_next(&self, lease: &Lease) -> bool {
        lease.follows(self.epoch)
    }

    fn take(&mut self, views: impl IntoIterator<Item = Seen>) {
        for Seen { view, until } in views {
            self.census.upsert(view, until);
        }
    }

    /// What it costs to keep a county.
    fn tell(&self, county: DivisionCode) {
        let bytes = self.census.bytes();
        let (units, county) = (self.census.len(), county.to_string());
        let gauge = |name: &'static str, n: usize| {
            let n = u32::try_from(n).map_or(f64::INFINITY, f64::from);
            metrics::gauge!(name, "county" => county.clone()).set(n);
        };
        gauge("hearth_census_units", units);
        gauge(
            "hearth_census_bytes",
            bytes.scalars + bytes.lists + bytes.names,
        );
    }
}

/// One night of one county.
pub(crate) struct Asking<'a> {
    deps: &'a Arc<Deps>,
    lease: &'a Lease,
    set: &'a Arc<PolicySet>,
    stamp: &'a str,
    today: Date,
    /// The last night that was brought to its end.
    before: Option<Date>,
}

impl<'a> Asking<'a> {
    /// Who asks under a lease, on a day, in a round.
    pub(crate) fn of(
        (deps, lease): (&'a Arc<Deps>, &'a Lease),
        (set, round): (&'a Arc<PolicySet>, &'a Round),
        today: Date,
    ) -> Asking<'a> {
        Asking {
            deps,
            lease,
            set,
            stamp: &round.stamp,
            today,
            before: round.night_before(),
        }
    }

    /// The next piece of work, when nobody is due and no view has changed.
    pub(crate) async fn next(&self) -> Result<Night, StepError> {
        let filled = self.with(|kept| kept.filled);
        if let Filled::After(after) = filled {
            return self.read(after).await;
        }
        let asked = self.with(|kept| kept.asked.take().filter(|(day, _)| *day == self.today));
        let units = match asked {
            Some((_, units)) => units,
            None => self.ask().await?,
        };
        let limit = self.deps.settings.evaluate_units.saturating_mul(BATCHES);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let now: Vec<Subject> = units.iter().take(limit).copied().collect();
        self.with(|kept| {
            if now.is_empty() {
                kept.census.judged_on(self.today);
                kept.tell(self.lease.partition);
            } else {
                // They leave the list when what came of them is committed.
                kept.asked = Some((self.today, units));
            }
        });
        Ok(if now.is_empty() {
            Night::Over
        } else {
            Night::LookAt(now)
        })
    }

    /// Reads in the next units of a county of which nothing is left to look at.
    pub(crate) async fn fill(&self) -> Result<Progress, StepError> {
        let Filled::After(after) = self.with(|kept| kept.filled) else {
            return Ok(Progress::Idle);
        };
        let read = self.read(after).await?;
        self.with(|kept| {
            if kept.filled == Filled::Whole {
                kept.tell(self.lease.partition);
            }
        });
        Ok(match read {
            Night::Read(units) => Progress::Done(units),
            // Only where no night ever came to its end, and today's has.
            Night::Over | Night::LookAt(_) => Progress::Idle,
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Kept) -> T) -> T {
        let set = (self.lease, self.set.as_ref(), self.stamp);
        self.deps.censuses.with(set, f)
    }

    /// Reads in the next units nobody has met since the census was begun. Each
    /// was as the last night found it, or was judged after it. Where no night
    /// ever came to its end nobody knows since when: they are looked at.
    async fn read(&self, after: Option<Subject>) -> Result<Night, StepError> {
        let partition = self.lease.partition;
        let limit = self.deps.settings.evaluate_units;
        let page = self
            .deps
            .store
            .units_to_revisit(partition, Date::MAX, self.stamp, after, limit)
            .await?;
        let Some(last) = page.last().copied() else {
            self.with(|kept| kept.filled = Filled::Whole);
            return Ok(Night::Read(0));
        };
        let read = page.len();
        let unmet: Vec<Subject> = self.with(|kept| {
            let unmet = page.iter().filter(|unit| !kept.census.holds(**unit));
            unmet.copied().collect()
        });
        if unmet.is_empty() {
            self.with(|kept| kept.filled = Filled::After(Some(last)));
            return Ok(Night::Read(read));
        }
        let Some(since) = self.before else {
            self.with(|kept| kept.filled = Filled::After(Some(last)));
            return Ok(Night::LookAt(unmet));
        };
        let loaded = Loaded::load(self.deps, partition, &unmet, Known::Now).await?;
        let today = self.today;
        let (deps, lease) = (self.deps.clone(), self.lease.clone());
        let (set, stamp) = (self.set.clone(), self.stamp.to_owned());
        offload(move || {
            let view = |unit: &Subject| {
                let mut seen = Seen::of(&loaded, loaded.project(*unit, today));
                seen.view.on = since;
                seen
            };
            let views: Vec<Seen> = unmet.par_iter().map(view).collect();
            deps.censuses.with((&lease, &set, &stamp), |kept| {
                kept.take(views);
                kept.filled = Filled::After(Some(last));
            });
        })
        .await?;
        Ok(Night::Read(read))
    }

    async fn ask(&self) -> Result<BTreeSet<Subject>, StepError> {
        // Chunks are shared, so that nobody waits for the answer.
        let (machine, census) = self.with(|kept| (kept.machine.clone(), kept.census.snapshot()));
        let (set, today) = (self.set.clone(), self.today);
        let moved = offload(move || census.moved(&machine, &set, today)).await?;
        Ok(moved.unwrap_or_default())
    }
}
