//! Verdicts from day to day: who stands as the day before is not told again.

use domain::time::Date;
use rayon::prelude::*;

use super::cells::Held;
use super::columns::Chunk;
use super::graph::T;
use super::lanes::Register;
use super::program::Program;
use super::room::Room;
use super::run::Run;
use super::screen::{Columns, Machine, Outcome, Screened};
use super::settings::Settings;
use crate::document::About;
use crate::policy::PolicySet;

/// The same people, judged on one day after the other.
#[derive(Debug)]
pub struct Following<'a> {
    machine: &'a Machine,
    columns: &'a Columns,
    set: &'a PolicySet,
    before: Option<Before>,
}

/// What a day has to tell.
#[derive(Debug)]
pub enum Day {
    /// Every verdict: on the first day, and when other policies are in force.
    Whole(Vec<Screened>),
    /// Verdicts that are otherwise than the day before, and those that only the
    /// interpreter knows.
    Changed(Vec<Screened>),
}

/// How everybody stood the day before.
#[derive(Debug)]
struct Before {
    in_force: Vec<bool>,
    chunks: Vec<Signs>,
}

/// How the people of a chunk stand, by policy; nothing for one not in force.
#[derive(Debug)]
struct Signs {
    odd: Vec<u8>,
    policies: Vec<Option<Held<u8>>>,
}

impl Machine {
    /// Follows everybody. `None` when the columns are another machine's.
    pub fn follow<'a>(&'a self, columns: &'a Columns, set: &'a PolicySet) -> Option<Following<'a>> {
        (columns.layout == self.layout).then_some(Following {
            machine: self,
            columns,
            set,
            before: None,
        })
    }
}

impl Following<'_> {
    /// Judges everybody on a day, beside the day that was asked before.
    pub fn day(&mut self, on: Date) -> Day {
        let settings = self.machine.settings(self.columns, self.set, on);
        let policies = self.set.policies().iter();
        let in_force: Vec<bool> = policies.map(|policy| policy.valid.contains(on)).collect();
        let before = self.before.take();
        let before = before.filter(|before| before.in_force == in_force);
        let of_chunk = |room: &mut Room, (n, chunk): (usize, &std::sync::Arc<Chunk>)| {
            let before = before.as_ref().map(|before| &before.chunks[n]);
            self.chunk((chunk, before), &settings, &in_force, room)
        };
        let chunks = self.columns.chunks.par_iter().enumerate();
        let new_room = || Room::new(self.machine.level);
        let judged: Vec<(Signs, Vec<Screened>)> = chunks.map_init(new_room, of_chunk).collect();
        let (chunks, told): (Vec<Signs>, Vec<Vec<Screened>>) = judged.into_iter().unzip();
        let told = told.into_iter().flatten().collect();
        let day = match before {
            Some(_) => Day::Changed(told),
            None => Day::Whole(told),
        };
        self.before = Some(Before { in_force, chunks });
        day
    }

    fn chunk(
        &self,
        (chunk, before): (&Chunk, Option<&Signs>),
        settings: &Settings,
        in_force: &[bool],
        room: &Room,
    ) -> (Signs, Vec<Screened>) {
        let machine = self.machine;
        let run = Run::new(&machine.graph, chunk, settings, &machine.last, room);
        let present = chunk.present();
        let mut told = Vec::new();
        let mut now = Signs {
            odd: run.odd.clone(),
            policies: Vec::with_capacity(in_force.len()),
        };
        for (policy, program) in machine.programs.iter().enumerate() {
            let signs = match program {
                Ok(program) if in_force[policy] => {
                    let signs = program.signs(&run);
                    let held = match signs.slice() {
                        Ok(signs) => Held::Each(signs.to_vec()),
                        Err(signs) => Held::One(signs),
                    };
                    room.back(Register::Trit(signs));
                    let subjects = match program.about {
                        About::Household => &present,
                        About::Person => &chunk.members,
                    };
                    let moved = Moved {
                        program,
                        before: before.and_then(|before| before.of(policy)),
                        now: (&held, &now.odd),
                    };
                    moved.each(subjects, |lane, outcome| {
                        told.push(chunk.screened(policy, program.about, lane, outcome));
                    });
                    Some(held)
                }
                _ => None,
            };
            now.policies.push(signs);
        }
        run.finish();
        (now, told)
    }
}

impl Signs {
    fn of(&self, policy: usize) -> Option<(&Held<u8>, &[u8])> {
        let signs = self.policies.get(policy)?.as_ref()?;
        Some((signs, &self.odd))
    }
}

/// One policy in one chunk on two days.
struct Moved<'a> {
    program: &'a Program,
    before: Option<(&'a Held<u8>, &'a [u8])>,
    now: (&'a Held<u8>, &'a [u8]),
}

impl Moved<'_> {
    /// Calls with every subject that stands otherwise, or is left to the interpreter.
    fn each(&self, subjects: &[u8], mut f: impl FnMut(usize, Outcome)) {
        let outcomes = &self.program.outcomes;
        let households = self.now.1.len();
        let outcome = |(signs, odd): (&Held<u8>, &[u8]), lane: usize| match odd[lane % households] {
            0 => outcomes[usize::from(signs.at(lane))],
            _ => Outcome::Deferred,
        };
        let none_left = |odd: &[u8]| !odd.contains(&1);
        let same = |before: (&Held<u8>, &[u8])| {
            before.0 == self.now.0 && none_left(before.1) && none_left(self.now.1)
        };
        if self.before.is_some_and(same) && !outcomes.contains(&Outcome::Deferred) {
            return;
        }
        for lane in (0..subjects.len()).filter(|lane| subjects[*lane] == T) {
            let now = outcome(self.now, lane);
            let was = self.before.map(|before| outcome(before, lane));
            if was != Some(now) || now == Outcome::Deferred {
                f(lane, now);
            }
        }
    }
}
