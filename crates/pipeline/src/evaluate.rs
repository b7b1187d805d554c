//! Evaluate: due units are projected, policies applied, and verdict changes,
//! alerts, decisions and feed entries committed with the due marks cleared.
//!
//! Nightly runs, policy changes and new complete lists are the same step: a
//! unit is revisited when its own next change has come or when it was last
//! evaluated under another stamp (policy set and coverage). A round that
//! follows a first load or a policy change holds its new alerts.

mod deciding;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::evaluation::{Evaluation, Missing, PolicyId, Verdict};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;
use rules::PolicySet;
use store::StoreError;
use store::commit::{DueMark, Lease};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use self::deciding::Deciding;
pub use self::deciding::canonical;
use crate::apply::{APPLY, Progress, lease, records_wait};
use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::loading::{Known, Loaded};
use crate::night::{Asking, Night, Seen};
use crate::policies;
use crate::round::Round;
use crate::sealing::Keyring;

/// Name of the step in leases.
pub const EVALUATE: &str = "evaluate";

/// Batches one call evaluates. While one is written, the next is read in and
/// judged, so that neither the processor nor the database waits for the other.
pub(crate) const BATCHES: u32 = 8;

/// Evaluates the next units of a partition, batch by batch, as far as one call
/// goes. Idle while records wait to be applied: a verdict is never given on half
/// a batch.
pub async fn evaluate_step(
    deps: &Arc<Deps>,
    partition: DivisionCode,
) -> Result<Progress, StepError> {
    let applied = deps.store.checkpoint(partition, APPLY).await?;
    if records_wait(deps, partition, applied).await? {
        return Ok(Progress::Idle);
    }
    let today = deps.clock.today();
    let policies = policies::refresh(deps).await?.set;
    let limit = deps.settings.evaluate_units.saturating_mul(BATCHES);
    let marks = deps.store.due(partition, limit).await?;
    let loaded = Loaded::load(deps, partition, &[], Known::Now).await?;
    let round = Round::of(deps, partition, &policies, &loaded, today).await?;
    let mut units: Vec<Subject> = marks.iter().map(|mark| mark.unit).collect();
    if units.is_empty() {
        units = deps
            .store
            .units_to_revisit(partition, today, &round.stamp, None, limit)
            .await?;
    }
    if units.is_empty() && round.is_over() {
        return Ok(Progress::Idle);
    }
    let lease = lease(deps, partition, EVALUATE).await?;
    if units.is_empty() {
        let asking = Asking::of((deps, &lease), (&policies, &round), today);
        units = match asking.next().await? {
            Night::Over => {
                round.finish(deps, partition).await?;
                return Ok(Progress::Idle);
            }
            Night::Read(read) => return Ok(Progress::Done(read)),
            Night::LookAt(units) => units,
        };
    }
    let going = Going {
        deps,
        policies,
        partition,
        applied,
        today,
        round: Arc::new(round),
        lease,
        loaded,
    };
    Ok(Progress::Done(going.evaluate(&units, &marks).await?))
}

/// One call of the step.
struct Going<'a> {
    deps: &'a Arc<Deps>,
    policies: Arc<PolicySet>,
    partition: DivisionCode,
    applied: i64,
    today: Date,
    round: Arc<Round>,
    /// Held before anything of a batch was read.
    lease: Lease,
    /// Coverage as the round found it, and nobody's folds yet.
    loaded: Loaded,
}

/// A batch as it is judged; nothing of it was held against what was found before.
struct Judged {
    units: Vec<Subject>,
    marks: Vec<DueMark>,
    at_home: BTreeSet<Subject>,
    views: Vec<(Seen, Vec<Evaluation>)>,
}

impl Going<'_> {
    /// Everything of a batch that reads what an evaluation writes waits until the
    /// batch before is written. Answers how many units were looked at.
    async fn evaluate(&self, units: &[Subject], marks: &[DueMark]) -> Result<usize, StepError> {
        let versions: BTreeMap<Subject, DueMark> =
            marks.iter().map(|mark| (mark.unit, *mark)).collect();
        let size = usize::try_from(self.deps.settings.evaluate_units).unwrap_or(usize::MAX);
        let mut writing = JoinSet::new();
        let (mut done, mut held) = (0, self.lease.epoch);
        // Who was looked at with a household need not be looked at alone, unless
        // the mark of it is to be cleared.
        let mut met: BTreeSet<Subject> = BTreeSet::new();
        for units in units.chunks(size.max(1)) {
            let left = |unit: &&Subject| versions.contains_key(unit) || !met.contains(unit);
            let units: Vec<Subject> = units.iter().filter(left).copied().collect();
            if units.is_empty() {
                continue;
            }
            let marks = units.iter().filter_map(|unit| versions.get(unit).copied());
            let marks = marks.collect();
            let judged = self.next(met.is_empty(), units, marks).await;
            // Whatever came of that, what is under way is brought to its end.
            self.written(&mut writing).await?;
            let Some(judged) = judged? else { break };
            done += judged.units.len();
            met.extend(&judged.units);
            let lease = lease(self.deps, self.partition, EVALUATE).await?;
            if !lease.follows(held) {
                return Err(StoreError::Conflict.into());
            }
            held = lease.epoch;
            let write = self.conclude(judged, lease).await?;
            writing.spawn(write.in_current_span());
        }
        self.written(&mut writing).await?;
        Ok(done)
    }

    /// The next batch judged, unless more has come since the one before.
    async fn next(
        &self,
        is_first: bool,
        units: Vec<Subject>,
        marks: Vec<DueMark>,
    ) -> Result<Option<Judged>, StepError> {
        if !is_first && self.is_behind().await? {
            return Ok(None);
        }
        self.judge(units, marks).await.map(Some)
    }

    /// Whether more has come than the batches before were judged on.
    async fn is_behind(&self) -> Result<bool, StepError> {
        let applied = self.deps.store.checkpoint(self.partition, APPLY).await?;
        Ok(
            applied != self.applied
                || records_wait(self.deps, self.partition, self.applied).await?,
        )
    }

    /// Reads units in and judges them.
    async fn judge(
        &self,
        mut units: Vec<Subject>,
        marks: Vec<DueMark>,
    ) -> Result<Judged, StepError> {
        let (deps, partition, today) = (self.deps, self.partition, self.today);
        let mut loaded = self.loaded.clone();
        with_the_alone(deps, &mut loaded, &mut units, today).await?;
        let at_home = at_home(deps, &loaded, (partition, today), &units).await?;
        let (set, of) = (self.policies.clone(), units.clone());
        let views = offload(move || {
            let view = |unit: &Subject| {
                let seen = Seen::of(&loaded, loaded.project(*unit, today));
                let evaluations = rules::evaluate(&set, &seen.view);
                (seen, evaluations)
            };
            of.par_iter().map(view).collect()
        });
        Ok(Judged {
            units,
            marks,
            at_home,
            views: views.await?,
        })
    }

    /// Decides a batch and keeps its views in columns: what is left is to commit
    /// what came of it.
    async fn conclude(
        &self,
        judged: Judged,
        lease: Lease,
    ) -> Result<impl Future<Output = Result<(), StepError>> + use<>, StepError> {
        let (deps, partition) = (self.deps.clone(), self.partition);
        let views = judged.views;
        let batch = Batch {
            partition,
            applied: self.applied,
            today: self.today,
            round: self.round.clone(),
            lease,
            marks: judged.marks,
            units: judged.units,
            at_home: judged.at_home,
        };
        let evaluations = views.iter().flat_map(|(_, evaluations)| evaluations);
        let failures = failures(evaluations);
        let before = deps.store.verdicts(&batch.units).await?;
        let subjects: BTreeSet<Subject> = views
            .iter()
            .flat_map(|(_, evaluations)| evaluations.iter().map(|e| e.subject))
            .collect();
        let wanted: Vec<Subject> = subjects.iter().copied().collect();
        let rows = deps.store.latest_alerts(&wanted).await?;
        let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
        let (kept, policies) = (deps.clone(), self.policies.clone());
        let (commit, units) = offload(move || {
            let deciding = Deciding {
                deps: &kept,
                policies: &policies,
                batch: &batch,
                keyring: &keyring,
            };
            let commit = deciding.commit(&views, &before, &rows)?;
            let seen = views.into_iter().map(|(seen, _)| seen);
            let is_unit = |seen: &Seen| !batch.at_home.contains(&seen.view.unit);
            let set = (policies.as_ref(), batch.round.stamp.as_str());
            let seen = seen.filter(is_unit);
            kept.censuses.met(&batch.lease, set, seen, &batch.at_home);
            Ok::<_, StepError>((commit, batch.units))
        })
        .await??;
        Ok(async move {
            deps.store.commit(&commit).await?;
            deps.censuses.looked_at(partition, &units);
            metrics::counter!("hearth_units_evaluated_total").increment(units.len() as u64);
            tell(failures);
            Ok(())
        })
    }

    /// Waits until what is being written is written. If it is not, the columns
    /// that have met it are ahead of what is stored.
    async fn written(&self, writing: &mut JoinSet<Result<(), StepError>>) -> Result<(), StepError> {
        let Some(done) = writing.join_next().await else {
            return Ok(());
        };
        let done = done.map_err(|_| StepError::Computation).flatten();
        if done.is_err() {
            self.deps.censuses.forget(self.partition);
        }
        done
    }
}

/// How many subjects each policy failed for: the policy has to be looked at, not
/// the family, whose verdict says so as well.
fn failures<'e>(evaluations: impl Iterator<Item = &'e Evaluation>) -> BTreeMap<PolicyId, u64> {
    let mut failures = BTreeMap::new();
    for evaluation in evaluations {
        if let Verdict::Undetermined(missing) = &evaluation.verdict
            && missing.iter().any(Missing::is_failure)
        {
            *failures.entry(evaluation.policy.clone()).or_default() += 1;
        }
    }
    failures
}

fn tell(failures: BTreeMap<PolicyId, u64>) {
    for (policy, subjects) in failures {
        tracing::warn!(policy, subjects, "a policy could not be computed");
        metrics::counter!("hearth_policy_failures_total", "policy" => policy).increment(subjects);
    }
}

/// Loads the units, and whoever of them lives alone as a unit of their own.
async fn with_the_alone(
    deps: &Arc<Deps>,
    loaded: &mut Loaded,
    units: &mut Vec<Subject>,
    today: Date,
) -> Result<(), StepError> {
    loaded.extend(deps, units).await?;
    let known: BTreeSet<Subject> = units.iter().copied().collect();
    let alone = units.iter().flat_map(|unit| loaded.alone(*unit, today));
    let alone: BTreeSet<Subject> = alone.collect();
    let alone: Vec<Subject> = alone.difference(&known).copied().collect();
    loaded.extend(deps, &alone).await?;
    units.extend(alone);
    Ok(())
}

/// People among the units who live in a household of the county, which sees them
/// and whose views tell the day they leave: they are no units of their own.
async fn at_home(
    deps: &Deps,
    loaded: &Loaded,
    (partition, today): (DivisionCode, Date),
    units: &[Subject],
) -> Result<BTreeSet<Subject>, StepError> {
    let home = |unit: &Subject| {
        let fold = loaded.fold(*unit)?;
        let home = registry::home(fold, &loaded.coverage, today);
        (home != *unit).then_some((*unit, home))
    };
    let homes: BTreeMap<Subject, Subject> = units.iter().filter_map(home).collect();
    if homes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let households: BTreeSet<Subject> = homes.values().copied().collect();
    let households: Vec<Subject> = households.into_iter().collect();
    let folds = deps.store.folds(&households).await?;
    let here: BTreeSet<Subject> = folds
        .iter()
        .filter(|row| row.partition == partition)
        .map(|row| row.subject)
        .collect();
    let of_here = homes.into_iter().filter(|(_, home)| here.contains(home));
    Ok(of_here.map(|(unit, _)| unit).collect())
}

/// One batch of the step.
struct Batch {
    partition: DivisionCode,
    applied: i64,
    today: Date,
    round: Arc<Round>,
    lease: Lease,
    marks: Vec<DueMark>,
    units: Vec<Subject>,
    /// Those who are no units any more.
    at_home: BTreeSet<Subject>,
}

#[cfg(test)]
mod tests {
    use domain::evaluation::Signal;
    use domain::household::WhyUnknown;
    use domain::ids::PersonId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_fails_is_counted_and_what_is_missing_is_not() {
        let unit = Subject::Person(PersonId::from_uuid(Uuid::nil()));
        let missing = |fact: &str| Missing {
            subject: unit,
            fact: fact.to_owned(),
            zh: String::new(),
            why: WhyUnknown::Conflict,
        };
        let evaluation = |policy: &str, facts: &[&str]| Evaluation {
            unit,
            subject: unit,
            policy: policy.to_owned(),
            version: "1".to_owned(),
            verdict: match facts {
                [] => Verdict::Met,
                facts => Verdict::Undetermined(facts.iter().map(|fact| missing(fact)).collect()),
            },
            signal: Signal::Unknown,
        };
        let all = [
            evaluation("a", &[]),
            evaluation("a", &["income.amount_year"]),
            evaluation("b", &["arithmetic", "income.amount_year"]),
            evaluation("b", &["arithmetic"]),
            evaluation("c", &["effort"]),
        ];
        let found = failures(all.iter());
        let expected = [("b".to_owned(), 2), ("c".to_owned(), 1)];
        assert_eq!(found, BTreeMap::from(expected));
    }
}
