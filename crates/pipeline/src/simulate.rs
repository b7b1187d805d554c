//! What if: everybody judged under parameters that are not in force, beside
//! those that are. Nothing is written; nobody is told.
//!
//! Households are read as they stand in the folds and put into columns a page
//! at a time, so that memory holds columns and not people. Imports go on
//! meanwhile: the answer says from which apply position to which it was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::authority::Grant;
use domain::evaluation::Decision;
use domain::household::Household;
use domain::ids::Subject;
use domain::parameter::ProposedValue;
use domain::region::DivisionCode;
use domain::time::Date;
use rules::{ApprovedValue, Machine, Outcome, PolicySet, Problem, Screened, Standing, Told};

use crate::apply::APPLY;
use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::loading::{Known, Loaded};
use crate::policies;

/// Units projected at a time.
const PAGE: u32 = 500;
/// Examples of one policy and direction.
pub const EXAMPLES_MAX: usize = 10;

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
    /// The same two by township; `None` is without a known one.
    pub by_township: BTreeMap<Option<DivisionCode>, (u64, u64)>,
    /// Units and subjects of the first gained, then of the first lost.
    pub examples: Vec<Example>,
}

/// One subject whose verdict would change.
#[derive(Clone, Debug)]
pub struct Example {
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
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

/// Judges everybody of the grant under the values in force and those asked about.
pub async fn simulate(
    deps: &Arc<Deps>,
    grant: &Grant,
    question: &Question,
) -> Result<Simulation, SimulateError> {
    let seen = policies::refresh(deps).await?;
    let now = seen.set.clone();
    let then = Arc::new(asked(deps, &seen, question).await?);
    let machine = Arc::new(Machine::of(&now));
    let mut answer = Simulation {
        units: 0,
        through: BTreeMap::new(),
        policies: BTreeMap::new(),
        left: machine.left().map(|left| left.policy.clone()).collect(),
        deferred: 0,
    };
    for partition in deps.store.partitions().await? {
        if grant.covers(partition) {
            let asked = Asked {
                machine: machine.clone(),
                now: now.clone(),
                then: then.clone(),
                on: question.on,
            };
            county(deps, partition, &asked, &mut answer).await?;
        }
    }
    answer
        .policies
        .retain(|_, change| change.gained + change.lost > 0 || change.before != change.after);
    Ok(answer)
}

#[derive(Clone)]
struct Asked {
    machine: Arc<Machine>,
    now: Arc<PolicySet>,
    then: Arc<PolicySet>,
    on: Date,
}

/// Everybody of one county, a page after the other.
async fn county(
    deps: &Arc<Deps>,
    partition: DivisionCode,
    asked: &Asked,
    answer: &mut Simulation,
) -> Result<(), StepError> {
    let grant = Grant::for_steps(partition);
    let begun = deps.store.checkpoint(partition, APPLY).await?;
    for letter in ["h", "p"] {
        let mut after = None;
        loop {
            let today = deps.clock.today();
            let page = deps
                .store
                .subjects(&grant, letter, today, after, PAGE)
                .await?;
            let Some(last) = page.last().copied() else {
                break;
            };
            let loaded = Loaded::load(deps, partition, &page, Known::Now).await?;
            let asked = asked.clone();
            let part = offload(move || asked.judge(&loaded, &page)).await?;
            answer.add(part);
            after = Some(last);
        }
    }
    let ended = deps.store.checkpoint(partition, APPLY).await?;
    answer.through.insert(partition, (begun, ended));
    Ok(())
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
        let alone = |unit: &Subject| match unit {
            Subject::Household(_) => true,
            // Who lives in a household is judged there.
            Subject::Person(_) => loaded
                .fold(*unit)
                .is_some_and(|fold| registry::home(fold, &loaded.coverage, self.on) == *unit),
        };
        let units = page.iter().filter(|unit| alone(unit));
        let households: Vec<Household> = units.map(|unit| loaded.project(*unit, self.on)).collect();
        let columns = self.machine.columns(&households);
        let now = self.machine.screen(&columns, &self.now, self.on);
        let then = self.machine.screen(&columns, &self.then, self.on);
        let mut part = Part {
            units: u64::try_from(households.len()).unwrap_or(u64::MAX),
            ..Part::default()
        };
        let views: BTreeMap<Subject, &Household> = households
            .iter()
            .map(|household| (household.unit, household))
            .collect();
        // Columns of one machine are judged in one order, whatever the values.
        for (before, after) in now.iter().flatten().zip(then.iter().flatten()) {
            if let Some(household) = views.get(&before.unit) {
                self.count(&mut part, before, after, household);
            }
        }
        part
    }

    fn count(&self, part: &mut Part, before: &Screened, after: &Screened, household: &Household) {
        let (Outcome::Judged(was, told), Outcome::Judged(would, tells)) =
            (before.outcome, after.outcome)
        else {
            part.deferred += 1;
            return;
        };
        let id = &self.now.policies()[before.policy].id;
        let change = part.policies.entry(id.clone()).or_default();
        change.before.add(was, told);
        change.after.add(would, tells);
        let (gained, lost) = (
            would == Standing::Met && was != Standing::Met,
            was == Standing::Met && would != Standing::Met,
        );
        if !gained && !lost {
            return;
        }
        change.gained += u64::from(gained);
        change.lost += u64::from(lost);
        let township = household.hukou.and_then(|place| place.township());
        let town = change.by_township.entry(township).or_default();
        town.0 += u64::from(gained);
        town.1 += u64::from(lost);
        let alike = change
            .examples
            .iter()
            .filter(|one| one.gained == gained)
            .count();
        if alike < EXAMPLES_MAX {
            let decision = rules::explain(&self.then, household, id, after.subject);
            change.examples.extend(decision.map(|decision| Example {
                unit: after.unit,
                subject: after.subject,
                gained,
                decision: Box::new(decision),
            }));
        }
    }
}

impl Counts {
    fn add(&mut self, standing: Standing, told: Told) {
        self.met += u64::from(standing == Standing::Met);
        self.undetermined += u64::from(standing == Standing::Undetermined);
        self.told += u64::from(matches!(told, Told::Holds | Told::NoLonger));
    }

    fn join(&mut self, other: Counts) {
        self.met += other.met;
        self.undetermined += other.undetermined;
        self.told += other.told;
    }
}

impl Simulation {
    fn add(&mut self, part: Part) {
        self.units += part.units;
        self.deferred += part.deferred;
        for (id, more) in part.policies {
            let change = self.policies.entry(id).or_default();
            change.before.join(more.before);
            change.after.join(more.after);
            change.gained += more.gained;
            change.lost += more.lost;
            for (town, (gained, lost)) in more.by_township {
                let known = change.by_township.entry(town).or_default();
                known.0 += gained;
                known.1 += lost;
            }
            for one in more.examples {
                let alike = change.examples.iter().filter(|e| e.gained == one.gained);
                if alike.count() < EXAMPLES_MAX {
                    change.examples.push(one);
                }
            }
        }
    }
}

/// The set with the values asked about.
async fn asked(
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
    let mut more = Vec::new();
    for value in question.values.iter().map(value) {
        seen.set
            .propose(&value)
            .map_err(|problem| SimulateError::Wrong(Box::new(problem)))?;
        more.push(ApprovedValue {
            value,
            proposed_by: "what-if".to_owned(),
            approved_by: "what-if".to_owned(),
        });
    }
    policies::with(deps, seen.reviews, more)
        .await?
        .map_err(|problem| SimulateError::Wrong(Box::new(problem)))
}
