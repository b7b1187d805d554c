//! One page of units followed from day to day.
//!
//! All of them stand in columns from the first day on. Those whose view can differ
//! on a day are projected again and followed apart, in columns of their own; when
//! there are several such groups they become one, and when many are apart all are
//! put together again. So a day costs a few walks over columns, however many days
//! there are on which views begin.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::evaluation::{Confidential, Evaluation};
use domain::household::Household;
use domain::ids::Subject;
use domain::time::{Date, add_days};
use rayon::prelude::*;
use rules::{Columns, Machine, Outcome, PolicySet, Regions, Screened, Standing};

use super::{Ahead, Change, Crossed, carried};
use crate::loading::Loaded;

/// Groups there are before they become one.
const GROUPS: usize = 5;

/// What one page gives.
#[derive(Default)]
pub(super) struct Part {
    pub(super) units: u64,
    pub(super) policies: BTreeMap<String, Ahead>,
}

/// Verdicts of a unit: by position of the policy and subject. What is not there
/// is 不适用.
type Verdicts = BTreeMap<(usize, Subject), Standing>;

/// What is asked of every page.
pub(super) struct Walk {
    pub(super) machine: Machine,
    pub(super) set: Arc<PolicySet>,
    /// Which policies are for whom asks.
    pub(super) knows: &'static [Confidential],
    pub(super) on: Date,
    pub(super) last: Date,
}

/// Units in columns, and what was said of them the day before.
struct Group {
    units: BTreeSet<Subject>,
    columns: Columns,
    regions: Regions,
    before: Judged,
}

/// Verdicts of a day that whoever asks may know of, in an order that columns and
/// the policies in force give: of two days with the same ones, in the same order.
#[derive(Default)]
struct Judged {
    in_force: Vec<bool>,
    all: Vec<Screened>,
}

/// Units whose views begin on a day to come.
type Due = BTreeMap<Date, Vec<Subject>>;

impl Walk {
    pub(super) fn page(&self, loaded: &Loaded, page: &[Subject]) -> Part {
        let units = loaded.units(page, self.on).into_par_iter();
        let first = units.map(|unit| (unit, loaded.project(unit, self.on)));
        let first: BTreeMap<Subject, Household> = first.collect();
        let mut part = Part {
            units: u64::try_from(first.len()).unwrap_or(u64::MAX),
            ..Part::default()
        };
        let mut due = Due::new();
        for view in first.values() {
            self.note(&mut due, loaded, view);
        }
        let mut views = Views {
            first: &first,
            later: BTreeMap::new(),
        };
        let mut groups = vec![self.group(&views, first.keys().copied().collect())];
        let mut verdicts: BTreeMap<Subject, Verdicts> = BTreeMap::new();
        let mut day = self.on;
        loop {
            let begin: BTreeSet<Subject> = due.remove(&day).into_iter().flatten().collect();
            if !begin.is_empty() {
                for view in projected(loaded, &first, &begin, day) {
                    self.note(&mut due, loaded, &view);
                    views.later.insert(view.unit, view);
                }
                for group in &mut groups {
                    group.units.retain(|unit| !begin.contains(unit));
                }
                groups.push(self.group(&views, begin));
            }
            for group in &mut groups {
                self.day(day, (group, &views), &mut verdicts, &mut part);
            }
            if day >= self.last {
                return part;
            }
            if groups.len() > GROUPS {
                self.put_together(&mut groups, &views, day);
            }
            day = add_days(day, 1);
        }
    }

    /// Makes one of the groups that are apart, or of all when they are many.
    fn put_together(&self, groups: &mut Vec<Group>, views: &Views<'_>, day: Date) {
        let apart = groups.iter().skip(1).flat_map(|group| &group.units);
        let mut units: BTreeSet<Subject> = apart.copied().collect();
        if units.len() * 2 > views.first.len() {
            groups.clear();
            units = views.first.keys().copied().collect();
        } else {
            groups.truncate(1);
        }
        let mut group = self.group(views, units);
        // The day was told of each of them where it was.
        group.before = self.judged(&group, day);
        groups.push(group);
    }

    /// When the view begins that follows this one, if it is looked at at all.
    fn note(&self, due: &mut Due, loaded: &Loaded, view: &Household) {
        let next = loaded.next_change_kept_fresh(view);
        if view.on < next && next <= self.last {
            due.entry(next).or_default().push(view.unit);
        }
    }

    fn group(&self, views: &Views<'_>, units: BTreeSet<Subject>) -> Group {
        let columns = self
            .machine
            .columns(units.iter().map(|unit| views.of(*unit)));
        Group {
            units,
            regions: Machine::regions(&columns, &self.set),
            columns,
            before: Judged::default(),
        }
    }

    fn judged(&self, group: &Group, day: Date) -> Judged {
        let Group {
            columns, regions, ..
        } = group;
        let (set, policies) = (&self.set, self.set.policies());
        let screened = self.machine.screen_in(columns, regions, (set, day));
        let knows = |one: &Screened| self.knows.contains(&policies[one.policy].confidential);
        let mut all = screened.unwrap_or_default();
        all.retain(knows);
        let in_force = policies.iter().map(|policy| policy.valid.contains(day));
        Judged {
            in_force: in_force.collect(),
            all,
        }
    }

    /// What a day changes in a group.
    fn day(
        &self,
        day: Date,
        (group, views): (&mut Group, &Views<'_>),
        verdicts: &mut BTreeMap<Subject, Verdicts>,
        part: &mut Part,
    ) {
        if group.units.is_empty() {
            return;
        }
        let judged = self.judged(group, day);
        let mut today = Today {
            walk: self,
            day,
            views,
            asked: BTreeMap::new(),
        };
        if group.before.in_force != judged.in_force {
            today.anew(&group.units, &judged.all, verdicts, part);
            group.before = judged;
            return;
        }
        for (old, new) in group.before.all.iter().zip(&judged.all) {
            let same = old.outcome == new.outcome && new.outcome != Outcome::Deferred;
            if !same && group.units.contains(&new.unit) {
                let becomes = today.standing(new);
                let of_unit = verdicts.entry(new.unit).or_default();
                let was = of_unit.insert((new.policy, new.subject), becomes);
                let was = was.unwrap_or(Standing::NotApplicable);
                today.changed(part, (new.unit, new.policy, new.subject), was, becomes);
            }
        }
        group.before = judged;
    }
}

/// Views as they are from a day on.
fn projected(
    loaded: &Loaded,
    first: &BTreeMap<Subject, Household>,
    units: &BTreeSet<Subject>,
    day: Date,
) -> Vec<Household> {
    let view = |unit: &Subject| carried(loaded.project(*unit, day), &first[unit]);
    units.par_iter().map(view).collect()
}

/// How everybody is seen on a day.
struct Views<'a> {
    first: &'a BTreeMap<Subject, Household>,
    /// Of those who were projected again.
    later: BTreeMap<Subject, Household>,
}

impl Views<'_> {
    fn of(&self, unit: Subject) -> &Household {
        self.later.get(&unit).unwrap_or_else(|| &self.first[&unit])
    }
}

/// One day of a group.
struct Today<'a> {
    walk: &'a Walk,
    day: Date,
    views: &'a Views<'a>,
    /// What the interpreter said of those the columns leave to it.
    asked: BTreeMap<Subject, Vec<Evaluation>>,
}

impl Today<'_> {
    fn view(&self, unit: Subject) -> Household {
        Household {
            on: self.day,
            ..self.views.of(unit).clone()
        }
    }

    fn standing(&mut self, one: &Screened) -> Standing {
        if let Outcome::Judged(standing, _) = one.outcome {
            return standing;
        }
        if !self.asked.contains_key(&one.unit) {
            let all = rules::evaluate(&self.walk.set, &self.view(one.unit));
            self.asked.insert(one.unit, all);
        }
        let id = &self.walk.set.policies()[one.policy].id;
        let mut all = self.asked[&one.unit].iter();
        let told = all.find(|e| e.policy == *id && e.subject == one.subject);
        told.map_or(Standing::NotApplicable, |e| Standing::from(&e.verdict))
    }

    /// Every verdict of units, beside those there were.
    fn anew(
        &mut self,
        units: &BTreeSet<Subject>,
        screened: &[Screened],
        verdicts: &mut BTreeMap<Subject, Verdicts>,
        part: &mut Part,
    ) {
        let mut fresh: BTreeMap<Subject, Verdicts> =
            units.iter().map(|unit| (*unit, Verdicts::new())).collect();
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
        let hukou = self.views.of(unit).hukou;
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
            let view = self.view(unit);
            rules::explain(&self.walk.set, &view, id, subject).map(Box::new)
        });
    }
}
