//! Columns judged under two sets of values that differ in few: what neither a value nor
//! the date can make another is computed once for both.

use std::collections::BTreeSet;

use super::beforehand::Kept;
use super::columns::Chunk;
use super::compare::Comparison;
use super::graph::{Id, Op};
use super::room::Room;
use super::run::Run;
use super::schedule::{Step, needs, number};
use super::screen::{Columns, Machine};
use super::settings::Settings;
use crate::policy::Policy;

/// Two sets to judge chunks under, and what is done for it.
pub(super) struct Both {
    sides: [Side; 2],
    /// Policies that are compared.
    compared: Vec<bool>,
    /// Of them, those of which everybody is the same under both.
    alike: Vec<bool>,
    /// What is the same for both: for verdicts, and for sums.
    shared: [Vec<Step>; 2],
    /// What each does after it.
    own: [Vec<Step>; 2],
}

struct Side {
    settings: Settings,
    in_force: Vec<bool>,
}

/// A chunk under one of the two.
pub(super) struct Judged<'c> {
    pub(super) run: Run<'c>,
    /// Households whose verdicts are left to the interpreter.
    pub(super) odd: Vec<u8>,
}

/// Whether it is told who misses a policy by how much.
pub(super) fn is_near(policy: &Policy, keys: &BTreeSet<String>) -> bool {
    !policy.parameters.is_disjoint(keys)
}

impl Machine {
    /// What is asked of both, and what of it is the same.
    pub(super) fn both(&self, columns: &Columns, of: &Comparison<'_>) -> Both {
        let operations = match of.details {
            Some(_) => self.graph.nodes.len(),
            None => self.operations,
        };
        let sides = [of.now, of.then].map(|(set, on)| Side {
            settings: self.settings(operations, columns, (set, on)),
            in_force: set
                .policies()
                .iter()
                .map(|policy| policy.valid.contains(on))
                .collect(),
        });
        let policies = of.now.0.policies().iter().enumerate();
        let compared: Vec<bool> = policies
            .map(|(at, policy)| {
                let is_in_force = sides.iter().any(|side| side.in_force[at]);
                is_in_force && of.knows.contains(&policy.confidential)
            })
            .collect();
        let asked = self.asked(of, &compared);
        let apart = self.apart(operations, sides.each_ref().map(|side| &side.settings));
        let programs = self.programs.iter().enumerate();
        let alike = programs.map(|(at, program)| {
            let is_apart = |id: Id| apart[id.0 as usize];
            let signs = program.as_ref().map(|program| program.signs);
            let [now, then] = sides.each_ref().map(|side| side.in_force[at]);
            now && then && compared[at] && signs.is_ok_and(|signs| !is_apart(signs))
        });
        let alike = alike.collect();
        let turn = |id: Id| {
            let is_sum = id.0 as usize >= self.operations;
            usize::from(is_sum) + 2 * usize::from(apart[id.0 as usize])
        };
        let steps = self
            .beforehand
            .in_turn(&self.graph, (operations, &asked), turn);
        let [verdicts, sums, own_verdicts, own_sums] = steps;
        Both {
            sides,
            compared,
            alike,
            shared: [verdicts, sums],
            own: [own_verdicts, own_sums],
        }
    }

    /// Operations whose results are asked for.
    fn asked(&self, of: &Comparison<'_>, compared: &[bool]) -> Vec<Id> {
        let mut asked = Vec::new();
        for (at, program) in self.programs.iter().enumerate() {
            let (Ok(program), true) = (program, compared[at]) else {
                continue;
            };
            asked.push(program.signs);
            let Some(keys) = of.details else { continue };
            let policy = &of.now.0.policies()[at];
            asked.extend(self.sums[at].paid());
            if is_near(policy, keys) {
                asked.extend(program.criteria());
                asked.extend(self.sums[at].missed());
            }
        }
        asked
    }

    /// Of the first operations those that may come to something else under one of the
    /// two: values they read differ, or the date does.
    fn apart(&self, operations: usize, [now, then]: [&Settings; 2]) -> Vec<bool> {
        let differs = now.differing(then);
        let mut apart = vec![false; operations];
        for at in 0..operations {
            let id = number(at);
            let op = &self.graph.node(id).op;
            let mut is = match op {
                Op::On => now.on != then.on,
                _ => op.reads_parameters() && differs(id),
            };
            needs(&self.graph, id, |needed| is |= apart[needed.0 as usize]);
            apart[at] = is;
        }
        apart
    }
}

impl Both {
    /// The settings as things are.
    pub(super) fn settings(&self) -> &Settings {
        &self.sides[0].settings
    }

    /// Whether a policy is compared.
    pub(super) fn is_compared(&self, policy: usize) -> bool {
        self.compared[policy]
    }

    /// Whether a policy is in force and comes to the same under both, for everybody of a
    /// chunk who is left to the interpreter under both or under neither.
    pub(super) fn is_alike(&self, policy: usize) -> bool {
        self.alike[policy]
    }

    /// Whether a policy is in force under one of the two.
    pub(super) fn is_in_force(&self, side: usize, policy: usize) -> bool {
        self.sides[side].in_force[policy]
    }

    /// A chunk under both.
    pub(super) fn judged<'c>(
        &'c self,
        machine: &'c Machine,
        (chunk, kept): (&'c Chunk, &'c Kept),
        room: &'c Room,
    ) -> [Judged<'c>; 2] {
        let [verdicts, sums] = &self.shared;
        let graph = &machine.graph;
        let mut shared = Run::new(graph, (chunk, kept), self.settings(), verdicts, room);
        // A sum that overflows takes nothing from the verdict.
        let before_sums = shared.odd.clone();
        shared.go_on(sums);
        let of_sums = std::mem::replace(&mut shared.odd, before_sums);
        let [verdicts, sums] = &self.own;
        let judged = self.sides.each_ref().map(|side| {
            let mut run = shared.under(&side.settings);
            run.go_on(verdicts);
            let mut odd = run.odd.clone();
            let overflowed = run.odd.iter_mut().zip(&of_sums);
            overflowed.for_each(|(odd, of_sums)| *odd |= *of_sums);
            run.go_on(sums);
            if run.has_given_up() {
                odd.fill(1);
            }
            Judged { run, odd }
        });
        shared.finish();
        judged
    }
}

#[cfg(test)]
mod tests {
    use domain::evaluation::Confidential;

    use crate::machine::tests::{household, set_with};
    use crate::{Comparison, Machine};

    /// What neither a value nor the date makes another is done once.
    #[test]
    fn what_is_the_same_under_both_is_no_sides_own() {
        let when = "'members.exists(m, age(m) > 17 && size(m.vehicle) > param.cars)'";
        let of = |cars| set_with(when, &[("2026-01-01", "2028-01-01", cars)]);
        let (first, second) = (of(0), of(1));
        let machine = Machine::of(&first);
        let columns = machine.columns([&household()]);
        let steps = |then, on: &str| {
            let asked = Comparison {
                now: (&first, "2026-11-20".parse().unwrap()),
                then: (then, on.parse().unwrap()),
                knows: &Confidential::ALL,
                within: None,
                details: None,
            };
            let both = machine.both(&columns, &asked);
            (both.shared[0].len(), both.own[0].len(), both.alike)
        };
        let (all, own, alike) = steps(&first, "2026-11-20");
        assert!(all > 0 && own == 0 && alike == [true]);
        for (then, on) in [(&second, "2026-11-20"), (&first, "2026-11-21")] {
            let (shared, own, alike) = steps(then, on);
            println!("{shared} shared, {own} each, {all} in all");
            assert!(shared > 0 && own > 0 && shared + own == all && alike == [false]);
        }
    }
}
