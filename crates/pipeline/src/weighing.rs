//! What everybody would be under two sets of policy files. It takes minutes in a large
//! county, so it is done beside requests: whoever asks waits a while, is told how far
//! it is, and asks again. What it said is kept until something else is weighed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::authority::Grant;
use domain::evaluation::{Evaluation, Verdict};
use domain::ids::Subject;
use domain::parameter::{Found, Guarded};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use rayon::prelude::*;
use rules::{Change, PolicySet, evaluate};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::deps::Deps;
use crate::error::{StepError, causes};
use crate::guard;
use crate::loading::{Loaded, pages};

/// What is weighed: the set in force, which approved values are a part of, the files
/// that would come into force, and the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// SHA-256 (hex) of the set in force.
    pub(crate) now: String,
    /// SHA-256 (hex) of the files.
    pub(crate) files: String,
    /// On which day.
    pub(crate) on: Date,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Since when.
    pub begun: Instant,
    /// Households and people alone judged until now.
    pub units: u64,
    /// What it said, when everybody was judged.
    pub found: Option<Guarded>,
}

/// The last thing that was weighed on this node, or is.
#[derive(Default)]
pub(crate) struct Weighings(Mutex<Option<Weighing>>);

#[derive(Clone)]
struct Weighing {
    of: Question,
    begun: Instant,
    units: Arc<AtomicU64>,
    /// `None` while people are judged. A sender that is gone was not able to.
    found: watch::Receiver<Option<Guarded>>,
    task: AbortHandle,
}

impl Weighing {
    fn progress(&self) -> Progress {
        Progress {
            begun: self.begun,
            units: self.units.load(Ordering::Relaxed),
            found: self.found.borrow().clone(),
        }
    }

    /// It ended without an answer.
    fn has_failed(&self) -> bool {
        self.found.has_changed().is_err() && self.found.borrow().is_none()
    }

    /// What it says within so long; `None` when it is not through by then.
    async fn within(mut self, patience: Duration) -> Result<Option<Guarded>, StepError> {
        let found = self.found.wait_for(Option::is_some);
        match tokio::time::timeout(patience, found).await {
            Ok(Ok(found)) => Ok(found.clone()),
            // Why is in the log.
            Ok(Err(_)) => Err(StepError::Computation),
            Err(_) => Ok(None),
        }
    }
}

impl Weighings {
    /// How far a question is, if it is the last one that was asked here.
    pub(crate) fn progress(&self, of: &Question) -> Option<Progress> {
        let held = self.0.lock().expect("no holder panics");
        let known = held.as_ref().filter(|one| one.of == *of);
        known.map(Weighing::progress)
    }

    /// The running or ended answer to a question, begun if there is none. What else
    /// was being weighed is given up: other files wait now, or another day is.
    fn begun(
        &self,
        deps: &Arc<Deps>,
        of: &Question,
        (partitions, now, then): (&[DivisionCode], Arc<PolicySet>, Arc<PolicySet>),
    ) -> Weighing {
        let mut held = self.0.lock().expect("no holder panics");
        let known = held.as_ref().filter(|one| one.of == *of);
        if let Some(known) = known.filter(|one| !one.has_failed()) {
            return known.clone();
        }
        if let Some(other) = held.take() {
            other.task.abort();
        }
        let (sender, found) = watch::channel(None);
        let units = Arc::new(AtomicU64::new(0));
        let (deps_of_task, on, counted) = (deps.clone(), of.on, units.clone());
        let partitions = partitions.to_vec();
        let task = tokio::spawn(async move {
            let sets = (now, then);
            match judged(&deps_of_task, (&partitions, on), sets, &counted).await {
                Ok(guarded) => {
                    sender.send_replace(Some(guarded));
                }
                Err(error) => {
                    let cause = causes(&error);
                    tracing::error!(%error, cause, "two sets of policy files could not be weighed");
                }
            }
        });
        let weighing = Weighing {
            of: of.clone(),
            begun: deps.clock.now(),
            units,
            found,
            task: task.abort_handle(),
        };
        *held = Some(weighing.clone());
        weighing
    }
}

/// What judging everybody says, or how far it is when patience ends.
pub(crate) async fn weighed(
    deps: &Arc<Deps>,
    of: &Question,
    judged: (&[DivisionCode], Arc<PolicySet>, Arc<PolicySet>),
    patience: Duration,
) -> Result<Result<Guarded, Progress>, StepError> {
    let weighing = deps.policies.weighings().begun(deps, of, judged);
    let found = weighing.clone().within(patience).await?;
    Ok(found.ok_or_else(|| weighing.progress()))
}

/// Verdicts of one subject under a policy, before and after.
type Pair = [Option<Kind>; 2];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Met,
    NotMet,
    Undetermined,
}

/// What 不适用 is: no verdict at all.
fn kind(verdict: &Verdict) -> Option<Kind> {
    match verdict {
        Verdict::Met => Some(Kind::Met),
        Verdict::NotMet => Some(Kind::NotMet),
        Verdict::Undetermined(_) => Some(Kind::Undetermined),
        Verdict::NotApplicable => None,
    }
}

#[derive(Default)]
struct Tally {
    units: u64,
    policies: BTreeMap<String, Change>,
}

impl Tally {
    fn add(mut self, before: Vec<Evaluation>, after: Vec<Evaluation>) -> Tally {
        self.units += 1;
        let mut pairs: BTreeMap<(String, Subject), Pair> = BTreeMap::new();
        for (side, all) in [before, after].into_iter().enumerate() {
            for one in all {
                let key = (one.policy, one.subject);
                pairs.entry(key).or_default()[side] = kind(&one.verdict);
            }
        }
        for ((policy, _), [was, would]) in pairs {
            let change = self.policies.entry(policy).or_default();
            change.before.met += u64::from(was == Some(Kind::Met));
            change.after.met += u64::from(would == Some(Kind::Met));
            change.applicable += u64::from(would.is_some());
            change.concerned += u64::from(was.is_some() || would.is_some());
            change.moved += u64::from(was != would);
        }
        self
    }

    fn joined(mut self, other: Tally) -> Tally {
        self.units += other.units;
        for (policy, more) in other.policies {
            let change = self.policies.entry(policy).or_default();
            change.before.met += more.before.met;
            change.after.met += more.after.met;
            change.applicable += more.applicable;
            change.concerned += more.concerned;
            change.moved += more.moved;
        }
        self
    }
}

/// Everybody judged under both sets, by the interpreter: two sets have not one
/// graph, and a release is rare.
async fn judged(
    deps: &Arc<Deps>,
    (partitions, on): (&[DivisionCode], Date),
    (now, then): (Arc<PolicySet>, Arc<PolicySet>),
    counted: &AtomicU64,
) -> Result<Guarded, StepError> {
    let mut tally = Tally::default();
    for partition in partitions {
        let (now, then) = (now.clone(), then.clone());
        let judge = move |loaded: &Loaded, page: &[Subject]| {
            let units = loaded.units(page, on).into_par_iter();
            let each = units.map(|unit| {
                let view = loaded.project_kept_fresh(unit, on, on);
                (evaluate(&now, &view), evaluate(&then, &view))
            });
            let add = |tally: Tally, (before, after)| tally.add(before, after);
            each.fold(Tally::default, add)
                .reduce(Tally::default, Tally::joined)
        };
        let steps = Grant::for_steps(*partition);
        pages(deps, (*partition, &steps, on), judge, |part| {
            tally = std::mem::take(&mut tally).joined(part);
            counted.store(tally.units, Ordering::Relaxed);
        })
        .await?;
    }
    let is_new = |id: &str| now.in_force(id, on).is_none();
    let moved = tally.policies.iter().filter(|(_, change)| change.moved > 0);
    let findings = moved.flat_map(|(id, change)| guard::of_change(id, change, is_new(id)));
    // Everybody who reads policies reads these; a handful would point at somebody.
    let findings = findings.filter(|one| one.found != Found::TooFew);
    Ok(Guarded {
        on,
        units: tally.units,
        findings: findings.collect(),
        reason: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighing(found: watch::Receiver<Option<Guarded>>) -> Weighing {
        Weighing {
            of: Question {
                now: String::new(),
                files: String::new(),
                on: jiff::civil::date(2026, 11, 28),
            },
            begun: Instant::from_micros(0),
            units: Arc::default(),
            found,
            task: tokio::spawn(async {}).abort_handle(),
        }
    }

    /// What could not be weighed is begun anew; an answer stays one although nobody
    /// works at it any more.
    #[tokio::test]
    async fn what_ends_without_an_answer_has_failed() {
        let (sender, found) = watch::channel(None);
        let running = weighing(found);
        assert!(!running.has_failed());
        let waited = running.clone().within(Duration::ZERO).await;
        assert_eq!(waited.unwrap(), None);
        drop(sender);
        assert!(running.has_failed());
        let waited = running.within(Duration::from_mins(1)).await;
        assert!(matches!(waited, Err(StepError::Computation)), "{waited:?}");

        let (sender, found) = watch::channel(None);
        let said = Guarded {
            on: jiff::civil::date(2026, 11, 28),
            units: 7,
            findings: vec![],
            reason: None,
        };
        sender.send_replace(Some(said.clone()));
        drop(sender);
        let ended = weighing(found);
        assert!(!ended.has_failed());
        assert_eq!(ended.within(Duration::ZERO).await.unwrap(), Some(said));
    }
}
