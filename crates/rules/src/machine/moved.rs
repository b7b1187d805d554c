//! Who stands otherwise than the day before by the date alone.
//!
//! A window ends, a notice period begins, a value of a parameter takes effect:
//! nothing was said about the family, and yet what a policy makes of it is
//! another. Columns are cheap enough to look at everybody for every day.

use domain::time::{Date, add_days};

use super::beforehand::Kept;
use super::census::Part;
use super::graph::{Id, T};
use super::program::Program;
use super::room::Room;
use super::run::Run;
use super::screen::Machine;
use super::settings::{Regions, Settings};
use crate::document::About;
use crate::policy::{Policy, PolicySet};

/// Truth values of one policy on one day, one list per question; nothing when
/// the policy is not in force.
type Answers = Option<Vec<Vec<u8>>>;

/// A chunk on one day.
struct Day {
    settings: Settings,
    kept: Kept,
    /// What the date can make another answer.
    moving: Vec<Answers>,
}

impl Machine {
    /// Marks the households of a part that stand otherwise on a day up to `to`
    /// than on the day before, each from the day it was judged on.
    pub(super) fn moved(&self, part: &Part, set: &PolicySet, floor: Date, to: Date) -> Vec<bool> {
        let mut moved = vec![false; part.chunk.len];
        let since = |slot: usize| part.since[slot].max(floor);
        let living = (0..part.chunk.len).filter(|slot| part.alive[*slot]);
        let earliest = living.map(since).min();
        let Some(mut day) = earliest.filter(|day| *day < to) else {
            return moved;
        };
        if self.left().next().is_some() {
            // What the columns do not judge may have changed.
            for (slot, moved) in moved.iter_mut().enumerate() {
                *moved = since(slot) < to;
            }
            return moved;
        }
        let room = Room::new(self.level);
        let regions = Regions::of(set.parameters(), part.chunk.places.iter().copied());
        let on = |day: Date, moved: &mut [bool]| self.day(part, (set, &regions), day, moved, &room);
        let mut before = on(day, &mut moved);
        while day < to {
            let next = add_days(day, 1);
            let after = on(next, &mut moved);
            let differs = |slot: usize| moved[slot] |= since(slot) <= day;
            if before.kept.is_under_the_same(&after.kept) {
                self.differing(part, (&before.moving, &after.moving), differs);
            } else {
                let all = [&before, &after].map(|day| self.all(part, set, day, &room));
                self.differing(part, (&all[0], &all[1]), differs);
            }
            (before, day) = (after, next);
        }
        for (slot, moved) in moved.iter_mut().enumerate() {
            *moved &= since(slot) < to;
        }
        moved
    }

    /// One day, with the truth values that the date can make others.
    fn day(
        &self,
        part: &Part,
        (set, regions): (&PolicySet, &Regions),
        on: Date,
        odd: &mut [bool],
        room: &Room,
    ) -> Day {
        let chunk = part.chunk.as_ref();
        let nodes = &self.graph.nodes[..self.operations];
        let settings = Settings::of(nodes, set.parameters(), on, regions);
        let kept = self.kept_daily(chunk, &settings, room);
        let run = Run::new(&self.graph, (chunk, &kept), &settings, &self.moving, room);
        // What columns cannot hold is looked at by the interpreter every day.
        for (odd, known) in odd.iter_mut().zip(&run.odd) {
            *odd |= *known != 0;
        }
        let moving = self.answers(set, &run, |program| program.moving(&self.graph));
        run.finish();
        Day {
            settings,
            kept,
            moving,
        }
    }

    /// All truth values of a day.
    fn all(&self, part: &Part, set: &PolicySet, day: &Day, room: &Room) -> Vec<Answers> {
        let (chunk, settings) = (part.chunk.as_ref(), &day.settings);
        let run = Run::new(&self.graph, (chunk, &day.kept), settings, &self.steps, room);
        let all = self.answers(set, &run, |program| program.asked().collect());
        run.finish();
        all
    }

    fn answers(
        &self,
        set: &PolicySet,
        run: &Run<'_>,
        asked: impl Fn(&Program) -> Vec<Id>,
    ) -> Vec<Answers> {
        let of = |(program, policy): (&Result<Program, _>, &Policy)| {
            let program = program.as_ref().ok()?;
            let lanes = match program.about {
                About::Household => run.chunk.len,
                About::Person => run.chunk.members.len(),
            };
            let asked = policy
                .valid
                .contains(run.settings.on)
                .then(|| asked(program))?;
            Some(asked.into_iter().map(|id| run.answers(id, lanes)).collect())
        };
        self.programs.iter().zip(set.policies()).map(of).collect()
    }

    /// Calls with the household of every subject whose answers are not the same.
    fn differing(
        &self,
        part: &Part,
        (old, new): (&[Answers], &[Answers]),
        mut f: impl FnMut(usize),
    ) {
        for (program, days) in self.programs.iter().zip(old.iter().zip(new)) {
            if let Ok(program) = program {
                differ(program, part, days, &mut f);
            }
        }
    }
}

/// The same for one policy.
fn differ(program: &Program, part: &Part, days: (&Answers, &Answers), mut f: impl FnMut(usize)) {
    let chunk = &part.chunk;
    let lives = |lane: usize| match program.about {
        About::Household => true,
        About::Person => chunk.members[lane] == T,
    };
    match days {
        (Some(before), Some(after)) => {
            for (old, new) in before.iter().zip(after).filter(|(old, new)| old != new) {
                let lanes = old.iter().zip(new).enumerate();
                for (lane, _) in lanes.filter(|(lane, (old, new))| old != new && lives(*lane)) {
                    f(lane % chunk.len);
                }
            }
        }
        (None, None) => {}
        // A policy comes into force, or goes.
        _ => (0..chunk.len).for_each(f),
    }
}
