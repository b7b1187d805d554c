//! Who enters a policy and who leaves it by date alone: everybody judged on
//! every day of the weeks to come, as though nothing new were told. Birthdays,
//! windows that end, certificates that run out, values that take effect.
//! Nothing is written; nobody is told.
//!
//! Lists are taken to come as they have come: a list that is fresh on the first
//! day does not grow stale, or everybody would be 待核实 within a month and
//! nothing could be seen behind it. A view is projected again on the day it can
//! differ; between such days columns are asked once a day.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use domain::authority::Grant;
use domain::evaluation::{Confidential, Decision, Evaluation};
use domain::household::{Completeness, Facts, Household, WhyUnknown};
use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::{Date, add_days};
use rayon::prelude::*;
use rules::{Columns, Machine, Outcome, PolicySet, Screened, Standing};

use crate::deps::Deps;
use crate::loading::{Loaded, pages};
use crate::policies;
use crate::simulate::{self, SimulateError};

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
            let through = pages(deps, (partition, &inside), follow, |part| answer.add(part));
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

/// What one page gives.
#[derive(Default)]
struct Part {
    units: u64,
    policies: BTreeMap<String, Ahead>,
}

/// Verdicts of a unit: by position of the policy and subject. What is not there
/// is 不适用.
type Verdicts = BTreeMap<(usize, Subject), Standing>;

struct Walk {
    machine: Machine,
    set: Arc<PolicySet>,
    /// Which policies are for whom asks.
    knows: &'static [Confidential],
    on: Date,
    last: Date,
}

impl Walk {
    fn page(&self, loaded: &Loaded, page: &[Subject]) -> Part {
        let units = loaded.units(page, self.on).into_par_iter();
        let first = units.map(|unit| (unit, loaded.project(unit, self.on)));
        let first: BTreeMap<Subject, Household> = first.collect();
        let mut part = Part {
            units: u64::try_from(first.len()).unwrap_or(u64::MAX),
            ..Part::default()
        };
        let mut verdicts: BTreeMap<Subject, Verdicts> = BTreeMap::new();
        let mut due = BTreeMap::from([(self.on, first.values().cloned().collect::<Vec<_>>())]);
        while let Some((day, views)) = due.pop_first() {
            self.group(day, &views, &mut verdicts, &mut part);
            for view in views {
                if let Some(next) = view
                    .next_change_on
                    .filter(|next| day < *next && *next <= self.last)
                {
                    let again = loaded.project(view.unit, next);
                    let again = carried(again, &first[&view.unit]);
                    due.entry(next).or_default().push(again);
                }
            }
        }
        part
    }

    /// Verdicts of a day that whoever asks may know of.
    fn screened(&self, columns: &Columns, day: Date) -> Vec<Screened> {
        let mut screened = self.machine.screen(columns, &self.set, day);
        let policies = self.set.policies();
        let knows = |one: &Screened| self.knows.contains(&policies[one.policy].confidential);
        if let Some(screened) = &mut screened {
            screened.retain(knows);
        }
        screened.unwrap_or_default()
    }

    /// Views that begin on one day, each followed until it can differ.
    fn group(
        &self,
        begin: Date,
        views: &[Household],
        verdicts: &mut BTreeMap<Subject, Verdicts>,
        part: &mut Part,
    ) {
        let until = |view: &Household| {
            let eve = view
                .next_change_on
                .map_or(self.last, |next| add_days(next, -1));
            eve.min(self.last)
        };
        let views: BTreeMap<Subject, (&Household, Date)> = views
            .iter()
            .map(|view| (view.unit, (view, until(view))))
            .collect();
        let columns = self.machine.columns(views.values().map(|(view, _)| *view));
        let end = views.values().map(|(_, until)| *until).max();
        let mut before: Vec<Screened> = Vec::new();
        let mut day = begin;
        loop {
            let screened = self.screened(&columns, day);
            let mut today = Today {
                walk: self,
                day,
                views: &views,
                asked: BTreeMap::new(),
            };
            if alike(&before, &screened) {
                for (old, new) in before.iter().zip(&screened) {
                    let same = old.outcome == new.outcome && new.outcome != Outcome::Deferred;
                    if !same && today.follows(new.unit) {
                        let becomes = today.standing(new);
                        let of_unit = verdicts.entry(new.unit).or_default();
                        let was = of_unit.insert((new.policy, new.subject), becomes);
                        let was = was.unwrap_or(Standing::NotApplicable);
                        today.changed(part, (new.unit, new.policy, new.subject), was, becomes);
                    }
                }
            } else {
                today.anew(&screened, verdicts, part);
            }
            before = screened;
            if end.is_none_or(|end| day >= end) {
                return;
            }
            day = add_days(day, 1);
        }
    }
}

/// Whether two days judged the same subjects under the same policies.
fn alike(before: &[Screened], after: &[Screened]) -> bool {
    let key = |one: &Screened| (one.policy, one.unit, one.subject);
    before.len() == after.len() && before.iter().map(key).eq(after.iter().map(key))
}

/// One day of a group.
struct Today<'a> {
    walk: &'a Walk,
    day: Date,
    /// Views, each with the last day it is good for.
    views: &'a BTreeMap<Subject, (&'a Household, Date)>,
    /// What the interpreter said of those the columns leave to it.
    asked: BTreeMap<Subject, Vec<Evaluation>>,
}

impl Today<'_> {
    /// Whether the unit's view is still good; else a later one goes on.
    fn follows(&self, unit: Subject) -> bool {
        self.views
            .get(&unit)
            .is_some_and(|(_, until)| self.day <= *until)
    }

    fn view(&self, unit: Subject) -> Option<Household> {
        let (view, _) = self.views.get(&unit)?;
        Some(Household {
            on: self.day,
            ..(*view).clone()
        })
    }

    fn standing(&mut self, one: &Screened) -> Standing {
        if let Outcome::Judged(standing, _) = one.outcome {
            return standing;
        }
        if !self.asked.contains_key(&one.unit) {
            let view = self.view(one.unit);
            let all = view.map(|view| rules::evaluate(&self.walk.set, &view));
            self.asked.insert(one.unit, all.unwrap_or_default());
        }
        let id = &self.walk.set.policies()[one.policy].id;
        let mut all = self.asked[&one.unit].iter();
        let told = all.find(|e| e.policy == *id && e.subject == one.subject);
        told.map_or(Standing::NotApplicable, |e| Standing::from(&e.verdict))
    }

    /// Every verdict of the units that are followed, beside those there were.
    fn anew(
        &mut self,
        screened: &[Screened],
        verdicts: &mut BTreeMap<Subject, Verdicts>,
        part: &mut Part,
    ) {
        let mut fresh: BTreeMap<Subject, Verdicts> = BTreeMap::new();
        for unit in self.views.keys().filter(|unit| self.follows(**unit)) {
            fresh.insert(*unit, Verdicts::new());
        }
        for one in screened {
            if let Some(of_unit) = fresh.get_mut(&one.unit) {
                of_unit.insert((one.policy, one.subject), self.standing(one));
            }
        }
        for (unit, new) in fresh {
            let Some(old) = verdicts.insert(unit, new.clone()) else {
                self.first(part, &new);
                continue;
            };
            let of = |all: &Verdicts, key| all.get(key).copied().unwrap_or(Standing::NotApplicable);
            let gone = old.keys().filter(|key| !new.contains_key(*key));
            for key in new.keys().chain(gone) {
                let at = (unit, key.0, key.1);
                self.changed(part, at, of(&old, key), of(&new, key));
            }
        }
    }

    /// Who is 符合 on the first day.
    fn first(&self, part: &mut Part, verdicts: &Verdicts) {
        for ((policy, _), standing) in verdicts {
            if *standing == Standing::Met {
                let id = self.walk.set.policies()[*policy].id.clone();
                part.policies.entry(id).or_default().met += 1;
            }
        }
    }

    fn changed(
        &self,
        part: &mut Part,
        (unit, policy, subject): (Subject, usize, Subject),
        was: Standing,
        becomes: Standing,
    ) {
        if was == becomes {
            return;
        }
        let id = &self.walk.set.policies()[policy].id;
        let ahead = part.policies.entry(id.clone()).or_default();
        let hukou = self.views.get(&unit).and_then(|(view, _)| view.hukou);
        let township = hukou.and_then(|place| place.township());
        *ahead.by_day.entry((self.day, township)).or_default() += Crossed::of(was, becomes);
        if was != Standing::Met && becomes != Standing::Met {
            return;
        }
        let change = Change {
            on: self.day,
            unit,
            subject,
            was,
            becomes,
            township,
        };
        ahead.example(change, || {
            let view = self.view(unit)?;
            rules::explain(&self.walk.set, &view, id, subject).map(Box::new)
        });
    }
}
