//! Verdicts as operations of the graph, and how other policies read them.

use std::collections::BTreeMap;

use domain::time::Period;

use super::dates::pack;
use super::graph::{Column, F, HOUSEHOLDS, Id, Lane, Op, PEOPLE, SpaceId, T, U};
use super::lower::{Low, Lower, Unfit};
use crate::expr::{Asked, Relation};

/// Verdicts of policies that are lowered already, by name: one per version.
pub(crate) type Lowered = BTreeMap<String, Vec<Version>>;

/// One version's verdict.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) valid: Period,
    /// True where 符合, unknown where 待核实, false elsewhere.
    pub(crate) met: Result<Id, Unfit>,
}

impl Lower<'_, '_> {
    /// 不适用 is false; 不符合 needs the composition; 符合 needs everything.
    pub(crate) fn met(&mut self, gate: Id, applies: Id, criteria: &[Id]) -> Id {
        let mut all = self.trit(T);
        for criterion in criteria {
            all = self.and(all, *criterion);
        }
        let asked = self.and(gate, applies);
        let asked = self.unary(Op::Certain, asked, Lane::Trit);
        let unknown = self.trit(U);
        let met = self.choose(asked, all, unknown);
        let out = self.unary(Op::Not, applies, Lane::Trit);
        let out = self.unary(Op::Certain, out, Lane::Trit);
        let no = self.trit(F);
        self.choose(out, no, met)
    }

    /// What another policy says of a person or of the household.
    pub(crate) fn verdict(&mut self, of: &Low, asked: &Asked) -> Result<Id, Unfit> {
        let verdict = self.in_force(asked)?;
        match of {
            Low::Household(id) => {
                self.this_household(*id)?;
                Ok(verdict)
            }
            Low::Person(person) => {
                let people = self.graph.space([PEOPLE]);
                let verdict = self.of_members(verdict, people);
                if matches!(self.graph.node(*person).op, Op::Element(PEOPLE)) {
                    return Ok(verdict);
                }
                let space = self.graph.space_of(*person);
                let op = Op::OfPerson(verdict, *person);
                Ok(self.graph.push(op, Lane::Trit, space))
            }
            _ => Err(Unfit("a verdict on what is neither person nor household")),
        }
    }

    /// Nobody else is judged.
    fn of_members(&mut self, verdict: Id, people: SpaceId) -> Id {
        let lane = self.element(PEOPLE);
        let member = self.of_person(Column::Member, lane, Lane::Trit, F);
        let unknown = self.trit(U);
        let verdict = self.choose(member, verdict, unknown);
        self.graph.lift(verdict, people)
    }

    /// The version in force on the day of the run.
    fn in_force(&mut self, asked: &Asked) -> Result<Id, Unfit> {
        let versions = self.verdicts.get(&asked.policy);
        let versions = versions.ok_or(Unfit("a policy that is not lowered yet"))?;
        let on = self.graph.push(Op::On, Lane::Narrow, HOUSEHOLDS);
        let mut verdict = self.trit(U);
        for Version { valid, met } in versions {
            let met = (*met).map_err(|_| Unfit("a verdict that is left to the interpreter"))?;
            let mut holds = self.trit(T);
            if let Some(from) = valid.from {
                let from = self.narrow(pack(from));
                let begun = self.compare(Relation::LessOrEqual, from, on);
                holds = self.and(holds, begun);
            }
            if let Some(to) = valid.to {
                let to = self.narrow(pack(to));
                let before = self.compare(Relation::Less, on, to);
                holds = self.and(holds, before);
            }
            verdict = self.choose(holds, met, verdict);
        }
        Ok(verdict)
    }
}
