//! Loading units: the folds a household's view is projected from, as known now
//! or as of an earlier apply position.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::household::Household;
use domain::ids::{PersonId, Subject};
use domain::record::Read;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;
use registry::{CoverageTable, Fold, FoldSet};

use crate::apply::APPLY;
use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::horizon::carried;
use crate::sealing::Keyring;

/// What is known of the units of a batch.
#[derive(Clone)]
pub struct Loaded {
    folds: BTreeMap<Subject, Fold>,
    reads: BTreeMap<Subject, BTreeSet<PersonId>>,
    /// Coverage known.
    pub coverage: CoverageTable,
    /// Number of coverage records, which only grows.
    pub coverage_len: usize,
    /// Datasets that ever covered something.
    pub datasets: BTreeSet<String>,
    partition: DivisionCode,
}

/// As of when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The folds as they are.
    Now,
    /// Refolded from the records known at this apply position.
    AsOf(i64),
}

/// Units looked at at a time when everybody is: memory holds a page.
const PAGE: u32 = 500;

/// Everybody of one county whom the grant covers on a day, a page after the other;
/// each page is judged off the threads that serve, while the next one is read.
/// People who were met at home are not read again to find that they live there.
/// Answers the apply positions before and after reading.
pub(crate) async fn pages<P: Send + 'static>(
    deps: &Arc<Deps>,
    (partition, grant, on): (DivisionCode, &Grant, Date),
    judge: impl Fn(&Loaded, &[Subject]) -> P + Clone + Send + 'static,
    mut add: impl FnMut(P),
) -> Result<(i64, i64), StepError> {
    let begun = deps.store.checkpoint(partition, APPLY).await?;
    let mut met = BTreeSet::new();
    for letter in ["h", "p"] {
        let mut place = Place {
            letter,
            after: None,
        };
        let mut next = place.page(deps, (partition, grant), &met).await?;
        while let Some((loaded, page)) = next {
            let judge = judge.clone();
            let judged = offload(move || {
                let at_home = loaded.at_home(&page, on);
                (judge(&loaded, &page), at_home)
            });
            let read = place.page(deps, (partition, grant), &met);
            let (judged, read) = tokio::join!(judged, read);
            let (part, at_home) = judged?;
            add(part);
            next = read?;
            met.extend(at_home);
        }
    }
    let ended = deps.store.checkpoint(partition, APPLY).await?;
    Ok((begun, ended))
}

/// How far subjects of a kind are read.
struct Place {
    letter: &'static str,
    after: Option<Subject>,
}

impl Place {
    /// The next subjects that were not met yet, with what they read; nothing
    /// after the last.
    async fn page(
        &mut self,
        deps: &Arc<Deps>,
        (partition, grant): (DivisionCode, &Grant),
        met: &BTreeSet<Subject>,
    ) -> Result<Option<(Loaded, Vec<Subject>)>, StepError> {
        let today = deps.clock.today();
        loop {
            let page = deps
                .store
                .subjects(grant, self.letter, today, self.after, PAGE);
            let mut page = page.await?;
            let Some(last) = page.last() else {
                return Ok(None);
            };
            self.after = Some(*last);
            page.retain(|subject| !met.contains(subject));
            if !page.is_empty() {
                let loaded = Loaded::load(deps, partition, &page, Known::Now).await?;
                return Ok(Some((loaded, page)));
            }
        }
    }
}

impl Loaded {
    /// Who of a page is judged as a unit on a day: who lives in a household is
    /// judged there.
    pub(crate) fn units(&self, page: &[Subject], on: Date) -> Vec<Subject> {
        let is_unit = |unit: &Subject| match unit {
            Subject::Household(_) => true,
            Subject::Person(_) => self
                .fold(*unit)
                .is_some_and(|fold| registry::home(fold, &self.coverage, on) == *unit),
        };
        page.iter().copied().filter(is_unit).collect()
    }

    /// People of the households of a page who live in them on a day.
    fn at_home(&self, page: &[Subject], on: Date) -> Vec<Subject> {
        let households = page
            .par_iter()
            .filter(|unit| matches!(unit, Subject::Household(_)));
        let of_one = |unit: &Subject| {
            let people = self.people_of(*unit).map(Subject::Person);
            let lives_here = |person: &Subject| {
                let fold = self.fold(*person);
                fold.is_some_and(|fold| registry::home(fold, &self.coverage, on) == *unit)
            };
            people.filter(lives_here).collect::<Vec<_>>()
        };
        households.flat_map_iter(of_one).collect()
    }

    /// Loads what the units read.
    pub async fn load(
        deps: &Arc<Deps>,
        partition: DivisionCode,
        units: &[Subject],
        known: Known,
    ) -> Result<Loaded, StepError> {
        let through = match known {
            Known::Now => deps.store.checkpoint(partition, APPLY).await?,
            Known::AsOf(position) => position,
        };
        let coverage = deps.store.coverage(partition, through).await?;
        let mut loaded = Loaded {
            folds: BTreeMap::new(),
            reads: BTreeMap::new(),
            coverage_len: coverage.len(),
            datasets: coverage.iter().map(|c| c.dataset.to_string()).collect(),
            coverage: CoverageTable::default(),
            partition,
        };
        for record in coverage {
            loaded.coverage.insert(record);
        }
        loaded.add_units(deps, units, known).await?;
        Ok(loaded)
    }

    async fn add_units(
        &mut self,
        deps: &Arc<Deps>,
        units: &[Subject],
        known: Known,
    ) -> Result<(), StepError> {
        let households: Vec<_> = units
            .iter()
            .filter_map(|unit| {
                if let Subject::Household(id) = unit {
                    Some(*id)
                } else {
                    None
                }
            })
            .collect();
        let reads: Vec<Read> = deps.store.reads_by_household(&households).await?;
        for unit in units {
            self.reads.entry(*unit).or_default();
        }
        for read in reads {
            self.reads
                .entry(Subject::Household(read.household))
                .or_default()
                .insert(read.person);
        }
        for unit in units {
            if let Subject::Person(id) = unit {
                self.reads.entry(*unit).or_default().insert(*id);
            }
        }
        let people = units
            .iter()
            .flat_map(|unit| self.reads[unit].iter().map(|id| Subject::Person(*id)));
        let wanted: BTreeSet<Subject> = units.iter().copied().chain(people).collect();
        self.add_folds(deps, wanted, known).await?;
        // Parents and obligors of people alone live in no household's reads.
        for unit in units {
            if let (Subject::Person(_), Some(fold)) = (unit, self.folds.get(unit)) {
                let linked = fold.parents_and_obligors();
                self.reads.entry(*unit).or_default().extend(linked);
            }
        }
        let linked = units
            .iter()
            .flat_map(|unit| self.reads[unit].iter().map(|id| Subject::Person(*id)));
        let missing: BTreeSet<Subject> = linked
            .filter(|subject| !self.folds.contains_key(subject))
            .collect();
        self.add_folds(deps, missing, known).await
    }

    async fn add_folds(
        &mut self,
        deps: &Arc<Deps>,
        wanted: BTreeSet<Subject>,
        known: Known,
    ) -> Result<(), StepError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &wanted, false).await?;
        let wanted: Vec<Subject> = wanted.into_iter().collect();
        let folds = match known {
            Known::Now => {
                let rows = deps.store.folds(&wanted).await?;
                offload(move || {
                    let open = rows.par_iter().filter(|row| keyring.has(row.subject));
                    open.map(|row| keyring.open_fold(row))
                        .collect::<Result<Vec<_>, _>>()
                })
                .await??
            }
            Known::AsOf(position) => {
                let rows = deps.store.records_of(&wanted, position).await?;
                offload(move || {
                    let mut folds: BTreeMap<Subject, Fold> = BTreeMap::new();
                    for row in rows.iter().filter(|row| keyring.has(row.subject)) {
                        let fold = folds
                            .entry(row.subject)
                            .or_insert_with(|| Fold::empty(row.subject));
                        fold.apply(&keyring.open_record(row)?);
                    }
                    Ok::<_, StepError>(folds.into_values().collect::<Vec<_>>())
                })
                .await??
            }
        };
        self.folds
            .extend(folds.into_iter().map(|fold| (fold.subject(), fold)));
        Ok(())
    }

    /// The fold of a subject.
    pub fn fold(&self, subject: Subject) -> Option<&Fold> {
        self.folds.get(&subject)
    }

    /// People a unit reads.
    pub fn people_of(&self, unit: Subject) -> impl Iterator<Item = PersonId> + '_ {
        self.reads.get(&unit).into_iter().flatten().copied()
    }

    /// The unit's view on a date.
    pub fn project(&self, unit: Subject, on: Date) -> Household {
        self.with_folds(unit, |folds| registry::project(folds, &self.coverage, on))
    }

    /// The day after a view's on which a view can differ in which no list grows
    /// stale.
    pub(crate) fn next_change_kept_fresh(&self, view: &Household) -> Date {
        self.with_folds(view.unit, |folds| {
            registry::next_change_kept_fresh(folds, &self.coverage, view)
        })
    }

    /// The unit's view on a day. On one to come, lists that are fresh today have
    /// come as they have come.
    pub(crate) fn project_kept_fresh(&self, unit: Subject, today: Date, on: Date) -> Household {
        if on <= today {
            return self.project(unit, on);
        }
        let first = self.project(unit, today);
        if on < self.next_change_kept_fresh(&first) {
            return Household { on, ..first };
        }
        carried(self.project(unit, on), &first)
    }

    fn with_folds<T>(&self, unit: Subject, f: impl FnOnce(&FoldSet<'_>) -> T) -> T {
        let folds = |id| Some((id, self.folds.get(&Subject::Person(id))?));
        let people: BTreeMap<PersonId, &Fold> = self.people_of(unit).filter_map(folds).collect();
        let household = if let Subject::Household(_) = unit {
            self.folds.get(&unit)
        } else {
            None
        };
        f(&FoldSet {
            unit,
            county: self.partition,
            household,
            people: &people,
        })
    }

    /// People a household reads who do not live in it on the date but alone:
    /// they are evaluated as units of their own.
    pub fn alone(&self, unit: Subject, on: Date) -> Vec<Subject> {
        let folds = self
            .people_of(unit)
            .filter_map(|id| self.folds.get(&Subject::Person(id)));
        let homes = folds.map(|fold| (fold.subject(), registry::home(fold, &self.coverage, on)));
        homes
            .filter(|(subject, home)| subject == home && *subject != unit)
            .map(|(subject, _)| subject)
            .collect()
    }

    /// Adds units found while looking at others.
    pub async fn extend(&mut self, deps: &Arc<Deps>, units: &[Subject]) -> Result<(), StepError> {
        self.add_units(deps, units, Known::Now).await
    }
}
