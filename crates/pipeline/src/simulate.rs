//! What if: everybody judged under parameters that are not in force, beside
//! those that are. Nothing is written; nobody is told.
//!
//! Households are read as they stand in the folds and put into columns a page
//! at a time, so that memory holds columns and not people. Imports go on
//! meanwhile: the answer says from which apply position to which it was read.

mod beside;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::evaluation::{Confidential, Decision};
use domain::household::Household;
use domain::ids::Subject;
use domain::parameter::ProposedValue;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;
use rules::{
    Machine, Miss, Monthly, Outcome, Policy, PolicySet, Problem, Standing, Told, appraise,
};

use crate::deps::Deps;
use crate::error::StepError;
use crate::loading::{Loaded, pages};
use crate::policies;
use beside::{About, beside};

/// Examples of one policy and direction.
pub const EXAMPLES_MAX: usize = 10;
/// Near misses of one policy.
pub const NEAR_MAX: usize = 10;

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

/// How many subjects stand how under a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// 符合.
    pub met: u64,
    /// 待核实.
    pub undetermined: u64,
    /// There is something to tell.
    pub told: u64,
}

/// What would change under one policy.
#[derive(Clone, Debug, Default)]
pub struct PolicyChange {
    /// As things are.
    pub before: Counts,
    /// As they would be.
    pub after: Counts,
    /// Would newly be 符合.
    pub gained: u64,
    /// Would be 符合 no more.
    pub lost: u64,
    /// Subjects to whom it would apply: anything but 不适用.
    pub applicable: u64,
    /// To whom it does or would apply.
    pub concerned: u64,
    /// Of those, whose verdict would be another.
    pub moved: u64,
    /// Verdicts that only the interpreter can give, which are in no count.
    pub deferred: u64,
    /// The same by township; `None` is without a known one.
    pub by_township: BTreeMap<Option<DivisionCode>, Town>,
    /// Money a month; `None` when the policy declares no amount.
    pub money: Option<Monthlies>,
    /// Who would be 不符合 by the least, nearest first; only of policies that
    /// use a parameter asked about.
    pub near: Vec<Near>,
    /// Units and subjects of the first gained, then of the first lost.
    pub examples: Vec<Example>,
}

/// What would change in one township.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Town {
    /// Would newly be 符合.
    pub gained: u64,
    /// Would be 符合 no more.
    pub lost: u64,
    /// Fen a month more, or less, of those whose amounts are known.
    pub fen: i64,
}

/// Money a month of everybody who is 符合, in fen. A subject of whom either
/// amount is unknown is in neither sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Monthlies {
    /// As things are.
    pub before: i64,
    /// As they would be.
    pub after: i64,
    /// Subjects that are in the sums, those with nothing among them.
    pub known: u64,
    /// 未知: subjects that are in neither sum.
    pub unknown: u64,
}

impl Monthlies {
    /// Fen a month more, or less.
    pub const fn difference(&self) -> i64 {
        self.after - self.before
    }

    /// What both would get, or that it is not known.
    fn count(&mut self, before: Monthly, after: Monthly) -> i64 {
        let fen = |monthly| match monthly {
            Monthly::Fen(fen) => Some(fen),
            Monthly::Nothing => Some(0),
            Monthly::Unknown | Monthly::NotDeclared => None,
        };
        let sums = fen(before).zip(fen(after)).and_then(|(was, would)| {
            let sums = (
                self.before.checked_add(was)?,
                self.after.checked_add(would)?,
            );
            Some((sums, would.checked_sub(was)?))
        });
        let Some(((before, after), difference)) = sums else {
            self.unknown += 1;
            return 0;
        };
        (self.before, self.after) = (before, after);
        self.known += 1;
        difference
    }

    fn join(&mut self, other: Monthlies) {
        let before = self.before.checked_add(other.before);
        let after = self.after.checked_add(other.after);
        self.unknown += other.unknown;
        match before.zip(after) {
            Some(sums) => {
                (self.before, self.after) = sums;
                self.known += other.known;
            }
            // Sums too large to hold are not told as others.
            None => self.unknown += other.known,
        }
    }
}

/// One subject that one criterion would leave out.
#[derive(Clone, Debug)]
pub struct Near {
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// Where the unit has its hukou, if known.
    pub township: Option<DivisionCode>,
    /// Which criterion, and by how much.
    pub miss: Miss,
}

/// One subject whose verdict would change.
#[derive(Clone, Debug)]
pub struct Example {
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// Where the unit has its hukou, if known.
    pub township: Option<DivisionCode>,
    /// Newly 符合, or no more.
    pub gained: bool,
    /// Why, under the values asked about.
    pub decision: Box<Decision>,
}

/// The answer.
#[derive(Debug)]
pub struct Simulation {
    /// Households and people alone that were judged.
    pub units: u64,
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
    answer.policies.retain(|_, change| change.changes());
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
    let mut answer = Simulation {
        units: 0,
        through: BTreeMap::new(),
        policies: BTreeMap::new(),
        left: left(&machine, &both.now, grant),
        deferred: 0,
    };
    let on = both.on;
    let asked = Arc::new(Asked {
        machine,
        both,
        knows: grant.knows(),
    });
    for partition in deps.store.partitions().await? {
        if let Some(inside) = grant.within(partition) {
            let asked = asked.clone();
            let judge = move |loaded: &Loaded, page: &[Subject]| asked.judge(loaded, page);
            let through = pages(deps, (partition, &inside, on), judge, |part| {
                answer.add(part);
            });
            let through = through.await?;
            answer.through.insert(partition, through);
        }
    }
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

struct Asked {
    machine: Machine,
    both: Both,
    /// Which policies are for whom asks.
    knows: &'static [Confidential],
}

/// What one page changes.
#[derive(Default)]
struct Part {
    units: u64,
    deferred: u64,
    policies: BTreeMap<String, PolicyChange>,
}

impl Asked {
    fn judge(&self, loaded: &Loaded, page: &[Subject]) -> Part {
        let both = &self.both;
        let here = |household: &Household| {
            let within =
                |place: DivisionCode| household.hukou.is_some_and(|hukou| place.contains(&hukou));
            both.within.is_none_or(within)
        };
        let units = loaded.units(page, both.on).into_par_iter();
        let households = units.map(|unit| loaded.project(unit, both.on));
        let households: Vec<Household> = households.filter(here).collect();
        let columns = self.machine.columns(&households);
        let now = self.machine.screen(&columns, &both.now, both.now_on);
        let then = self.machine.screen(&columns, &both.then, both.on);
        let mut part = Part {
            units: u64::try_from(households.len()).unwrap_or(u64::MAX),
            ..Part::default()
        };
        let views: BTreeMap<Subject, &Household> = households
            .iter()
            .map(|household| (household.unit, household))
            .collect();
        for (about, verdicts) in beside(now.unwrap_or_default(), then.unwrap_or_default()) {
            if let Some(household) = views.get(&about.unit) {
                self.count(&mut part, about, verdicts, household);
            }
        }
        part
    }

    fn count(
        &self,
        part: &mut Part,
        about: About,
        (before, after): (Outcome, Outcome),
        household: &Household,
    ) {
        let policy = &self.both.now.policies()[about.policy];
        if !self.knows.contains(&policy.confidential) {
            return;
        }
        let (Outcome::Judged(was, told), Outcome::Judged(would, tells)) = (before, after) else {
            part.deferred += 1;
            let change = part.policies.entry(policy.id.clone()).or_default();
            change.deferred += 1;
            return;
        };
        let id = &policy.id;
        let change = part.policies.entry(id.clone()).or_default();
        change.before.add(was, told);
        change.after.add(would, tells);
        let applies = |standing| standing != Standing::NotApplicable;
        change.applicable += u64::from(applies(would));
        change.concerned += u64::from(applies(was) || applies(would));
        change.moved += u64::from(was != would);
        if self.both.counts_only {
            return;
        }
        let (gained, lost) = (
            would == Standing::Met && was != Standing::Met,
            was == Standing::Met && would != Standing::Met,
        );
        let fen = self.money(change, policy, (was, would), about.subject, household);
        if would == Standing::NotMet && !policy.parameters.is_disjoint(&self.both.keys) {
            self.near(change, about, id, household);
        }
        if gained || lost || fen != 0 {
            let town = change.by_township.entry(township(household)).or_default();
            town.gained += u64::from(gained);
            town.lost += u64::from(lost);
            town.fen += fen;
        }
        change.gained += u64::from(gained);
        change.lost += u64::from(lost);
        if (gained || lost) && change.shows_more(gained) {
            let decision = rules::explain(&self.both.then, household, id, about.subject);
            change.examples.extend(decision.map(|decision| Example {
                unit: about.unit,
                subject: about.subject,
                township: township(household),
                gained,
                decision: Box::new(decision),
            }));
        }
    }

    /// Keeps the subject if it misses by less than those known so far.
    fn near(&self, change: &mut PolicyChange, about: About, id: &str, household: &Household) {
        let seen = appraise(&self.both.then, household, id, about.subject);
        let miss = seen.and_then(|seen| seen.miss);
        change.near.extend(miss.map(|miss| Near {
            unit: about.unit,
            subject: about.subject,
            township: township(household),
            miss,
        }));
        nearest(&mut change.near);
    }

    /// Counts what the subject gets and would get; the difference in fen.
    fn money(
        &self,
        change: &mut PolicyChange,
        policy: &Policy,
        (was, would): (Standing, Standing),
        of: Subject,
        household: &Household,
    ) -> i64 {
        if policy.amount_basis().is_none() {
            return 0;
        }
        let money = change.money.get_or_insert_default();
        let monthly = |set: &PolicySet, standing| match standing {
            Standing::Met => appraise(set, household, &policy.id, of)
                .map_or(Monthly::Unknown, |seen| seen.monthly),
            _ => Monthly::Nothing,
        };
        money.count(
            monthly(&self.both.now, was),
            monthly(&self.both.then, would),
        )
    }
}

fn township(household: &Household) -> Option<DivisionCode> {
    household.hukou.and_then(|place| place.township())
}

/// Keeps those who miss by the least.
fn nearest(near: &mut Vec<Near>) {
    near.sort_by_key(|one| (one.miss.by, one.subject));
    near.truncate(NEAR_MAX);
}

impl PolicyChange {
    /// Whether there is room for an example of this direction.
    fn shows_more(&self, gained: bool) -> bool {
        let alike = self.examples.iter().filter(|one| one.gained == gained);
        alike.count() < EXAMPLES_MAX
    }

    /// Whether anything would be otherwise.
    fn changes(&self) -> bool {
        let money = self.money.is_some_and(|money| money.difference() != 0);
        // Townships may change places where the sum stands still.
        money || !self.by_township.is_empty() || self.before != self.after
    }
}

impl Counts {
    fn add(&mut self, standing: Standing, told: Told) {
        self.met += u64::from(standing == Standing::Met);
        self.undetermined += u64::from(standing == Standing::Undetermined);
        self.told += u64::from(told.is_something());
    }

    fn join(&mut self, other: Counts) {
        self.met += other.met;
        self.undetermined += other.undetermined;
        self.told += other.told;
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

    fn add(&mut self, part: Part) {
        self.units += part.units;
        self.deferred += part.deferred;
        for (id, more) in part.policies {
            let change = self.policies.entry(id).or_default();
            change.before.join(more.before);
            change.after.join(more.after);
            change.gained += more.gained;
            change.lost += more.lost;
            change.applicable += more.applicable;
            change.concerned += more.concerned;
            change.moved += more.moved;
            change.deferred += more.deferred;
            for (town, more) in more.by_township {
                let known = change.by_township.entry(town).or_default();
                known.gained += more.gained;
                known.lost += more.lost;
                known.fen += more.fen;
            }
            if let Some(more) = more.money {
                change.money.get_or_insert_default().join(more);
            }
            change.near.extend(more.near);
            nearest(&mut change.near);
            for one in more.examples {
                if change.shows_more(one.gained) {
                    change.examples.push(one);
                }
            }
        }
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
