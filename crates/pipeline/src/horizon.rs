//! Who enters a policy and who leaves it by date alone: everybody judged on
//! every day of the weeks to come, as though nothing new were told. Birthdays,
//! windows that end, certificates that run out, values that take effect.
//! Nothing is written; nobody is told.
//!
//! Lists are taken to come as they have come: a list that is fresh on the first
//! day does not grow stale, or everybody would be 待核实 within a month and
//! nothing could be seen behind it. A view is projected again on the day it can
//! differ; columns are asked once a day.

mod walk;

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use domain::authority::Grant;
use domain::evaluation::Decision;
use domain::household::{Completeness, Facts, Household, WhyUnknown};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::{Date, add_days};
use rules::{Machine, Standing};

use crate::deps::Deps;
use crate::loading::{Loaded, pages};
use crate::policies;
use crate::simulate::{self, SimulateError};
use walk::{Part, Walk};

/// Days ahead that can be asked for. A platform bound.
pub const DAYS_MAX: u16 = 366;
/// Examples of one policy, the earliest.
const EXAMPLES_MAX: usize = 10;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The day everybody is judged first.
    pub on: Date,
    /// Days after it, at most [`DAYS_MAX`].
    pub days: u16,
    /// Values that would hold from the first day on, if any are asked about.
    pub values: Option<simulate::Question>,
}

/// How many subjects cross.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossed {
    /// Become 符合.
    pub entered: u64,
    /// Were 符合 and become 不符合 or 不适用.
    pub left: u64,
    /// Were 符合 and become 待核实.
    pub opened: u64,
    /// Any other change of the verdict.
    pub others: u64,
}

impl AddAssign for Crossed {
    fn add_assign(&mut self, other: Crossed) {
        self.entered += other.entered;
        self.left += other.left;
        self.opened += other.opened;
        self.others += other.others;
    }
}

impl Crossed {
    fn of(was: Standing, becomes: Standing) -> Crossed {
        let mut crossed = Crossed::default();
        let count = match (was, becomes) {
            (_, Standing::Met) => &mut crossed.entered,
            (Standing::Met, Standing::Undetermined) => &mut crossed.opened,
            (Standing::Met, _) => &mut crossed.left,
            _ => &mut crossed.others,
        };
        *count = 1;
        crossed
    }
}

/// A verdict that is another than the day before.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// On which day the verdict is first another.
    pub on: Date,
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// On the day before.
    pub was: Standing,
    /// On the day.
    pub becomes: Standing,
    /// Where the unit has its hukou, if known.
    pub township: Option<DivisionCode>,
}

/// One subject that crosses.
#[derive(Clone, Debug)]
pub struct Example {
    /// From what to what.
    pub change: Change,
    /// Why, on that day; `None` when the policy says nothing of the subject any
    /// more.
    pub decision: Option<Box<Decision>>,
}

/// What days do to one policy.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    /// 符合 on the first day.
    pub met: u64,
    /// Who crosses, by day and township; `None` is without a known one.
    pub by_day: BTreeMap<(Date, Option<DivisionCode>), Crossed>,
    /// Who becomes 符合, or is so no more, earliest first.
    pub examples: Vec<Example>,
}

impl Ahead {
    /// Over all days and townships.
    pub fn total(&self) -> Crossed {
        let mut total = Crossed::default();
        for crossed in self.by_day.values() {
            total += *crossed;
        }
        total
    }

    fn example(&mut self, change: Change, decision: impl FnOnce() -> Option<Box<Decision>>) {
        let place = |change: &Change| (change.on, change.subject, change.unit);
        let at = self
            .examples
            .partition_point(|e| place(&e.change) < place(&change));
        if at < EXAMPLES_MAX {
            let example = Example {
                change,
                decision: decision(),
            };
            self.examples.insert(at, example);
            self.examples.truncate(EXAMPLES_MAX);
        }
    }
}

/// The answer.
#[derive(Debug)]
pub struct Horizon {
    /// Households and people alone that were judged.
    pub units: u64,
    /// Apply positions before and after reading, by county.
    pub through: BTreeMap<DivisionCode, (i64, i64)>,
    /// What days do, by policy; policies that nobody crosses are left out.
    pub policies: BTreeMap<String, Ahead>,
    /// Policies the columns do not judge, which are not in the answer.
    pub left: Vec<String>,
}

/// Judges everybody of the grant on every day from the first to the last.
///
/// Errors: a value asked about is wrong.
pub async fn horizon(
    deps: &Arc<Deps>,
    grant: &Grant,
    question: &Question,
) -> Result<Horizon, SimulateError> {
    let seen = policies::refresh(deps).await?;
    let set = match &question.values {
        Some(values) => Arc::new(simulate::asked(deps, &seen, values).await?),
        None => seen.set,
    };
    let machine = Machine::of(&set);
    let mut answer = Horizon {
        units: 0,
        through: BTreeMap::new(),
        policies: BTreeMap::new(),
        left: simulate::left(&machine, &set, grant),
    };
    let days = question.days.min(DAYS_MAX);
    let walk = Arc::new(Walk {
        machine,
        set,
        knows: grant.knows(),
        on: question.on,
        last: add_days(question.on, i32::from(days)),
    });
    for partition in deps.store.partitions().await? {
        if let Some(inside) = grant.within(partition) {
            let walk = walk.clone();
            let follow = move |loaded: &Loaded, page: &[Subject]| walk.page(loaded, page);
            let through = pages(deps, (partition, &inside, question.on), follow, |part| {
                answer.add(part);
            });
            let through = through.await?;
            answer.through.insert(partition, through);
        }
    }
    answer.policies.retain(|_, ahead| !ahead.by_day.is_empty());
    Ok(answer)
}

impl Horizon {
    fn add(&mut self, part: Part) {
        self.units += part.units;
        for (id, more) in part.policies {
            let ahead = self.policies.entry(id).or_default();
            ahead.met += more.met;
            for (key, crossed) in more.by_day {
                *ahead.by_day.entry(key).or_default() += crossed;
            }
            for one in more.examples {
                ahead.example(one.change, || one.decision);
            }
        }
    }
}

/// A unit's view on a later day, as though its lists had come as they have come
/// by the day of `first`: what was known to be all then stays all.
pub fn carried(mut view: Household, first: &Household) -> Household {
    keep(&mut view.facts, &first.facts);
    for person in &mut view.people {
        if let Some(first) = first.person(person.id) {
            keep(&mut person.facts, &first.facts);
        }
    }
    for (item, covered) in &mut view.months.by_item {
        if let (Err(WhyUnknown::Stale), Some(first)) = (&covered, first.months.by_item.get(item)) {
            covered.clone_from(first);
        }
    }
    view
}

fn keep(facts: &mut Facts, first: &Facts) {
    for (kind, list) in facts {
        let stale = list.completeness == Completeness::Open(WhyUnknown::Stale);
        if let (true, Some(first)) = (stale, first.get(kind)) {
            list.completeness.clone_from(&first.completeness);
        }
    }
}
