//! What if: everybody judged under parameters that are not in force, beside
//! those that are. Nothing is written; nobody is told.
//!
//! Everybody stands in columns. Where this process evaluates a county it keeps
//! them anyway, and only who is due or is another on the day asked about is read;
//! elsewhere all are read from the folds, a page at a time, so that memory holds
//! a page and not people. Imports go on meanwhile: the answer says from which
//! apply position to which it was read.
//!
//! On a day to come lists are taken to have come as they have come by today, or
//! everybody would be 待核实 and nothing could be seen behind it.

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::evaluation::Verdict;
use domain::household::Household;
use domain::ids::Subject;
use domain::parameter::ProposedValue;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;
pub use rules::{
    Change as PolicyChange, Counts, EXAMPLES_MAX, Example, Monthlies, NEAR_MAX, Near, Town,
};
use rules::{Columns, Compared, Comparison, Machine, PolicySet, Problem};

use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::loading::{Known, Loaded, pages};
use crate::policies;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Parameters and the values they would have, as typed.
    pub values: Vec<(String, String)>,
    /// For which place.
    pub region: DivisionCode,
    /// On which day.
    pub on: Date,
}

/// The answer.
#[derive(Debug)]
pub struct Simulation {
    /// Households and people alone that were judged.
    pub units: u64,
    /// Of them, those that were read from the folds; the others stood in columns.
    pub read: u64,
    /// Apply positions before and after reading, by county.
    pub through: BTreeMap<DivisionCode, (i64, i64)>,
    /// What would change, by policy; policies without a change are left out.
    pub policies: BTreeMap<String, PolicyChange>,
    /// Policies the columns do not judge, which are not in the answer.
    pub left: Vec<String>,
    /// Verdicts that only the interpreter can give, which are not in the counts.
    pub deferred: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// A value is wrong.
    #[error("{0}")]
    Wrong(Box<Problem>),
    /// The rest.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl From<store::StoreError> for SimulateError {
    fn from(error: store::StoreError) -> SimulateError {
        SimulateError::Step(error.into())
    }
}

/// Judges everybody of the grant under the values in force and those asked
/// about. Policies whose alerts the grant is not shown are not in the answer.
pub async fn simulate(
    deps: &Arc<Deps>,
    grant: &Grant,
    question: &Question,
) -> Result<Simulation, SimulateError> {
    let seen = policies::refresh(deps).await?;
    let now = seen.set.clone();
    let then = Arc::new(asked(deps, &seen, question).await?);
    let keys = question.values.iter().map(|(key, _)| key.clone());
    let both = Both {
        now,
        now_on: question.on,
        then,
        keys: keys.collect(),
        on: question.on,
        within: None,
        counts_only: false,
    };
    let mut answer = compare(deps, grant, both).await?;
    answer.policies.retain(|_, change| change.is_any());
    Ok(answer)
}

/// Two sets to judge everybody under.
pub(crate) struct Both {
    /// As things are.
    pub(crate) now: Arc<PolicySet>,
    /// On which day they are so.
    pub(crate) now_on: Date,
    /// As they would be.
    pub(crate) then: Arc<PolicySet>,
    /// Parameters asked about.
    pub(crate) keys: BTreeSet<String>,
    /// On which day.
    pub(crate) on: Date,
    /// Only households registered within this place.
    pub(crate) within: Option<DivisionCode>,
    /// Nothing but counts: no money, no near misses, no examples.
    pub(crate) counts_only: bool,
}

/// Judges everybody of the grant under both; policies without a change are in
/// the answer, too.
pub(crate) async fn compare(
    deps: &Arc<Deps>,
    grant: &Grant,
    both: Both,
) -> Result<Simulation, StepError> {
    let machine = Machine::of(&both.now);
    let left = left(&machine, &both.now, grant);
    let asked = Arc::new(Asked {
        machine,
        both,
        grant: grant.clone(),
        today: deps.clock.today(),
    });
    let mut through = BTreeMap::new();
    let mut homes: BTreeMap<Subject, DivisionCode> = BTreeMap::new();
    let (mut compared, mut read) = (Compared::default(), 0);
    for partition in deps.store.partitions().await? {
        let Some(inside) = grant.within(partition) else {
            continue;
        };
        let kept = kept::columns(deps, &asked, (partition, &inside)).await?;
        let part = if let Some(kept) = kept {
            let asked = asked.clone();
            read += kept.anew;
            through.insert(partition, kept.through);
            offload(move || asked.compared(&kept.columns)).await?
        } else {
            let (part, positions) = asked.read(deps, partition, &inside).await?;
            read += part.units;
            through.insert(partition, positions);
            part
        };
        let examples = part.changes.values().flat_map(|change| &change.examples);
        homes.extend(examples.map(|example| (example.unit, partition)));
        compared = compared.joined(part);
    }
    let policies = asked.both.now.policies();
    let changes = compared.changes.into_iter();
    let mut answer = Simulation {
        units: compared.units,
        read,
        through,
        policies: changes
            .map(|(at, change)| (policies[at].id.clone(), change))
            .collect(),
        left,
        deferred: 0,
    };
    answer.deferred = answer.policies.values().map(|change| change.deferred).sum();
    asked.explain(deps, &mut answer, &homes).await?;
    Ok(answer)
}

/// Policies of the grant that the columns do not judge.
pub(crate) fn left(machine: &Machine, set: &PolicySet, grant: &Grant) -> Vec<String> {
    let known = |id: &str| {
        let policy = set.policy(id);
        policy.is_none_or(|policy| grant.knows().contains(&policy.confidential))
    };
    let left = machine.left().filter(|left| known(&left.policy));
    left.map(|left| left.policy.clone()).collect()
}

/// One question while it is answered.
struct Asked {
    machine: Machine,
    both: Both,
    grant: Grant,
    today: Date,
}

impl Asked {
    fn compared(&self, columns: &Columns) -> Compared {
        let both = &self.both;
        let comparison = Comparison {
            now: (&both.now, both.now_on),
            then: (&both.then, both.on),
            knows: self.grant.knows(),
            within: both.within,
            details: (!both.counts_only).then_some(&both.keys),
        };
        let compared = self.machine.compare(columns, &comparison);
        compared.unwrap_or_default()
    }

    /// Everybody of a county read from the folds.
    async fn read(
        self: &Arc<Asked>,
        deps: &Arc<Deps>,
        partition: DivisionCode,
        inside: &Grant,
    ) -> Result<(Compared, (i64, i64)), StepError> {
        let mut compared = Compared::default();
        let asked = self.clone();
        let judge = move |loaded: &Loaded, page: &[Subject]| {
            let units = loaded.units(page, asked.both.on).into_par_iter();
            let views = units.map(|unit| asked.view(loaded, unit));
            let views: Vec<Household> = views.collect();
            asked.compared(&asked.machine.columns(&views))
        };
        let of_grant = (partition, inside, self.both.on);
        let read = pages(deps, of_grant, judge, |part| {
            compared = std::mem::take(&mut compared).joined(part);
        });
        let read = read.await?;
        Ok((compared, read))
    }

    fn view(&self, loaded: &Loaded, unit: Subject) -> Household {
        loaded.project_kept_fresh(unit, self.today, self.both.on)
    }

    /// Says of every example why; one that stands otherwise by now is none.
    async fn explain(
        self: &Arc<Asked>,
        deps: &Arc<Deps>,
        answer: &mut Simulation,
        homes: &BTreeMap<Subject, DivisionCode>,
    ) -> Result<(), StepError> {
        let mut shown: BTreeMap<DivisionCode, BTreeSet<Subject>> = BTreeMap::new();
        for example in answer.policies.values().flat_map(|change| &change.examples) {
            if let Some(partition) = homes.get(&example.unit) {
                shown.entry(*partition).or_default().insert(example.unit);
            }
        }
        let mut views: BTreeMap<Subject, Household> = BTreeMap::new();
        for (partition, units) in shown {
            let units: Vec<Subject> = units.into_iter().collect();
            let loaded = Loaded::load(deps, partition, &units, Known::Now).await?;
            let asked = self.clone();
            let of_units = move || {
                let views = units
                    .par_iter()
                    .map(|unit| (*unit, asked.view(&loaded, *unit)));
                views.collect::<Vec<_>>()
            };
            views.extend(offload(of_units).await?);
        }
        for (id, change) in &mut answer.policies {
            for example in &mut change.examples {
                let view = views.get(&example.unit);
                let then = &self.both.then;
                let why = view.and_then(|view| rules::explain(then, view, id, example.subject));
                let as_told =
                    why.filter(|why| (why.evaluation.verdict == Verdict::Met) == example.gained);
                example.decision = as_told.map(Box::new);
            }
            change.examples.retain(|example| example.decision.is_some());
        }
        Ok(())
    }
}

impl Simulation {
    /// Whom the answer shows as examples and near misses.
    pub fn shown(&self) -> BTreeSet<Subject> {
        let changes = self.policies.values();
        let shown = changes.flat_map(|change| {
            let examples = change.examples.iter().flat_map(|e| [e.unit, e.subject]);
            examples.chain(change.near.iter().flat_map(|n| [n.unit, n.subject]))
        });
        shown.collect()
    }
}

/// The set with the values asked about.
pub(crate) async fn asked(
    deps: &Deps,
    seen: &policies::Seen,
    question: &Question,
) -> Result<PolicySet, SimulateError> {
    let value = |(key, value): &(String, String)| ProposedValue {
        key: key.clone(),
        region: question.region,
        value: value.clone(),
        from: question.on,
        to: None,
        closes: true,
        document: "what-if".to_owned(),
        article: String::new(),
        issuer: "what-if".to_owned(),
        note: String::new(),
        review_due: None,
    };
    let values: Vec<ProposedValue> = question.values.iter().map(value).collect();
    for value in &values {
        let proposed = seen.set.propose(value);
        proposed.map_err(|problem| SimulateError::Wrong(Box::new(problem)))?;
    }
    policies::supposed(deps, seen.reviews, values)
        .await?
        .map_err(|problem| SimulateError::Wrong(Box::new(problem)))
}
