//! Who stands otherwise than the day before by the date alone.
//!
//! A window ends, a notice period begins, a value of a parameter takes effect:
//! nothing was said about the family, and yet what a policy makes of it is
//! another. Columns are cheap enough to look at everybody for every day.

use domain::time::{Date, add_days};

use super::census::Part;
use super::graph::T;
use super::program::Program;
use super::room::Room;
use super::run::Run;
use super::screen::Machine;
use super::settings::{Regions, Settings};
use crate::document::About;
use crate::policy::PolicySet;

/// Truth values of one policy on one day, one list per question; nothing when
/// the policy is not in force.
type Answers = Option<Vec<Vec<u8>>>;

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
        let regions = Regions::of(set.parameters(), [part.chunk.as_ref()]);
        let answers =
            |day, moved: &mut [bool]| self.answers(part, (set, &regions), day, moved, &room);
        let mut before = answers(day, &mut moved);
        while day < to {
            let next = add_days(day, 1);
            let after = answers(next, &mut moved);
            for (program, (old, new)) in self.programs.iter().zip(before.iter().zip(&after)) {
                let Ok(program) = program else { continue };
                differ(program, part, (old, new), |slot| {
                    moved[slot] |= since(slot) <= day;
                });
            }
            (before, day) = (after, next);
        }
        for (slot, moved) in moved.iter_mut().enumerate() {
            *moved &= since(slot) < to;
        }
        moved
    }

    fn answers(
        &self,
        part: &Part,
        (set, regions): (&PolicySet, &Regions),
        on: Date,
        odd: &mut [bool],
        room: &Room,
    ) -> Vec<Answers> {
        let chunk = part.chunk.as_ref();
        let settings = Settings::of(
            &self.graph.nodes[..self.operations],
            set.parameters(),
            on,
            regions,
        );
        let kept = self.kept(chunk, &settings, room);
        let run = Run::new(&self.graph, (chunk, &kept), &settings, &self.steps, room);
        // What columns cannot hold is looked at by the interpreter every day.
        for (odd, known) in odd.iter_mut().zip(&run.odd) {
            *odd |= *known != 0;
        }
        let of = |(program, policy): (&Result<Program, _>, &crate::policy::Policy)| {
            let program = program.as_ref().ok()?;
            let lanes = match program.about {
                About::Household => part.chunk.len,
                About::Person => part.chunk.members.len(),
            };
            let ids = policy.valid.contains(on).then(|| program.asked())?;
            Some(ids.map(|id| run.answers(id, lanes)).collect())
        };
        let answers = self.programs.iter().zip(set.policies()).map(of).collect();
        run.finish();
        answers
    }
}

/// Calls with the household of every subject whose answers are not the same.
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
