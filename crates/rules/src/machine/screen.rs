//! Verdicts of all policies for all households of columns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::dictionary::Kind;
use domain::household::Household;
use domain::ids::Subject;
use domain::time::Date;
use rayon::prelude::*;

use super::columns::{CHUNK, Chunk, Layout};
use super::graph::{Column, F, Graph, HOUSEHOLDS, Id, Lane, Op, PEOPLE, SpaceId, T, U};
use super::lanes::{Lanes, Register};
use super::lower::{Lower, Unfit};
use super::lower_verdict::{Lowered, Version};
use super::names::code_number;
use super::run::{Given, Run};
use crate::document::{About, PolicyKind};
use crate::expr::Relation;
use crate::policy::{Policy, PolicySet};
use crate::strata;

/// A policy set compiled for columns.
#[derive(Debug)]
pub struct Machine {
    pub(super) graph: Graph,
    pub(super) layout: Layout,
    pub(super) programs: Vec<Result<Program, Left>>,
    /// Registers that nobody asks for after an operation.
    pub(super) last: Vec<Vec<Id>>,
}

/// A policy that is left to the row interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which policy.
    pub policy: String,
    /// What it has that the graph has no operations for.
    pub why: &'static str,
}

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) about: About,
    plans: Plans,
    gate: Id,
    applies: Id,
    criteria: Vec<Criterion>,
    receiving: Id,
    /// When what is told is more pressing.
    levels: Vec<Id>,
}

/// Which plans a policy has written.
#[derive(Clone, Copy, Debug)]
enum Plans {
    Entitlement { missed: bool, no_longer: bool },
    Other { raises: bool },
}

impl Plans {
    fn of(policy: &Policy) -> Plans {
        match policy.kind {
            PolicyKind::Entitlement => Plans::Entitlement {
                missed: policy.missed.is_some(),
                no_longer: policy.no_longer.is_some(),
            },
            PolicyKind::Discrepancy | PolicyKind::Duty | PolicyKind::Signal => Plans::Other {
                raises: policy.raises.is_some(),
            },
        }
    }

    fn has_missed(self) -> bool {
        matches!(self, Plans::Entitlement { missed: true, .. })
    }
}

#[derive(Clone, Debug)]
struct Criterion {
    id: Id,
    /// It may stay unknown.
    may_open: bool,
    /// Whether it may depends on what is missing, which only the interpreter knows.
    by_facts: bool,
}

/// Households as columns, for one machine's layout.
#[derive(Clone, Debug)]
pub struct Columns {
    pub(super) layout: Layout,
    pub(super) chunks: Vec<Arc<Chunk>>,
}

/// What came of a policy's conditions for a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// 不适用.
    NotApplicable,
    /// 不符合.
    NotMet,
    /// 待核实.
    Undetermined,
    /// 符合.
    Met,
}

/// Whether there is something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Nothing.
    Gone,
    /// Not known.
    Unknown,
    /// 应享未享, a discrepancy, a signal or a duty.
    Holds,
    /// 疑似不再符合.
    NoLonger,
}

/// The outcome for one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Judged.
    Judged(Standing, Told),
    /// To be judged by the interpreter.
    Deferred,
}

/// One verdict of a screening.
#[derive(Clone, Copy, Debug)]
pub struct Screened {
    /// Position of the policy in the set.
    pub policy: usize,
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// What came of it.
    pub outcome: Outcome,
}

/// Columns in the making. It holds a chunk of households of each size.
#[derive(Debug)]
pub struct Gathering<'m> {
    layout: &'m Layout,
    waiting: BTreeMap<usize, Vec<Household>>,
    chunks: Vec<Arc<Chunk>>,
}

impl Gathering<'_> {
    /// Adds a household.
    pub fn add(&mut self, household: Household) {
        let waiting = self.waiting.entry(household.people.len()).or_default();
        waiting.push(household);
        if waiting.len() == CHUNK {
            let full: Vec<&Household> = waiting.iter().collect();
            self.chunks.push(Arc::new(Chunk::of(self.layout, &full)));
            waiting.clear();
        }
    }

    /// The columns of all that were added.
    pub fn finish(mut self) -> Columns {
        for waiting in self.waiting.values().filter(|waiting| !waiting.is_empty()) {
            let rest: Vec<&Household> = waiting.iter().collect();
            self.chunks.push(Arc::new(Chunk::of(self.layout, &rest)));
        }
        Columns {
            layout: self.layout.clone(),
            chunks: self.chunks,
        }
    }
}

impl Columns {
    /// Both together, when they are of one layout.
    #[must_use]
    pub fn joined(mut self, other: Columns) -> Option<Columns> {
        if self.layout != other.layout {
            return None;
        }
        self.chunks.extend(other.chunks);
        Some(self)
    }

    /// Number of households.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len).sum()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of scalar columns and of lists.
    pub fn bytes(&self) -> (usize, usize) {
        let each = self.chunks.iter().map(|chunk| chunk.bytes());
        each.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    }
}

impl Machine {
    /// Compiles every policy of a set.
    pub fn of(set: &PolicySet) -> Machine {
        let mut graph = Graph::new();
        graph.space([PEOPLE]);
        let policies = set.policies();
        let mut verdicts = Lowered::new();
        let mut programs: BTreeMap<usize, Result<Program, Left>> = BTreeMap::new();
        let read: BTreeSet<&str> = strata::read(policies).collect();
        // Those that are read before those that read them.
        for at in strata::order(policies) {
            let policy = &policies[at];
            let done = program(&mut graph, policy, &verdicts);
            if read.contains(policy.id.as_str()) {
                let met = done.as_ref().map_err(|unfit| *unfit);
                let met = met.and_then(|done| met_by(&mut graph, policy, done, &verdicts));
                let valid = policy.valid;
                let versions = verdicts.entry(policy.id.clone()).or_default();
                versions.push(Version { valid, met });
            }
            let left = |unfit: Unfit| Left {
                policy: policy.id.clone(),
                why: unfit.0,
            };
            programs.insert(at, done.map_err(left));
        }
        let programs: Vec<Result<Program, Left>> = programs.into_values().collect();
        let layout = Layout::of(&graph);
        let last = last_uses(&graph, &programs);
        Machine {
            graph,
            layout,
            programs,
            last,
        }
    }

    /// Policies that are left to the interpreter.
    pub fn left(&self) -> impl Iterator<Item = &Left> {
        self.programs
            .iter()
            .filter_map(|program| program.as_ref().err())
    }

    /// Operations of the graph.
    pub fn operations(&self) -> usize {
        self.graph.nodes.len()
    }

    /// Households as this machine reads them.
    pub fn columns<'h>(&self, households: impl IntoIterator<Item = &'h Household>) -> Columns {
        let mut by_size: BTreeMap<usize, Vec<&Household>> = BTreeMap::new();
        for household in households {
            by_size
                .entry(household.people.len())
                .or_default()
                .push(household);
        }
        let groups: Vec<&[&Household]> =
            by_size.values().flat_map(|all| all.chunks(CHUNK)).collect();
        let chunks = groups
            .par_iter()
            .map(|group| Arc::new(Chunk::of(&self.layout, group)));
        Columns {
            layout: self.layout.clone(),
            chunks: chunks.collect(),
        }
    }

    /// Columns that households are added to one after the other.
    pub fn gather(&self) -> Gathering<'_> {
        Gathering {
            layout: &self.layout,
            waiting: BTreeMap::new(),
            chunks: Vec::new(),
        }
    }

    /// Judges everybody on a date. `None` when the columns are another machine's.
    pub fn screen(&self, columns: &Columns, set: &PolicySet, on: Date) -> Option<Vec<Screened>> {
        if columns.layout != self.layout {
            return None;
        }
        let given = Given {
            parameters: set.parameters(),
            on,
        };
        let in_force: Vec<bool> = set
            .policies()
            .iter()
            .map(|policy| policy.valid.contains(on))
            .collect();
        let of_chunk = |chunk: &Arc<Chunk>| self.judged(chunk, given, &in_force);
        let judged: Vec<Vec<Screened>> = columns.chunks.par_iter().map(of_chunk).collect();
        Some(judged.into_iter().flatten().collect())
    }

    /// How many subjects of each policy hold, over all chunks: the bulk pass
    /// without anything that is asked of few.
    pub fn count(&self, columns: &Columns, set: &PolicySet, on: Date) -> Vec<u64> {
        let given = Given {
            parameters: set.parameters(),
            on,
        };
        let of_chunk = |chunk: &Arc<Chunk>| {
            let run = Run::new(&self.graph, chunk, given, &self.last);
            let present = chunk.present();
            let holds = self.programs.iter().map(|program| {
                let Ok(program) = program else { return 0 };
                let mut held = 0;
                Self::each(program, &run, chunk, &present, |_, outcome| {
                    held += u64::from(matches!(
                        outcome,
                        Outcome::Judged(_, Told::Holds | Told::NoLonger)
                    ));
                });
                held
            });
            holds.collect::<Vec<u64>>()
        };
        let none = || vec![0; self.programs.len()];
        let added = |a: Vec<u64>, b: Vec<u64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
        columns.chunks.par_iter().map(of_chunk).reduce(none, added)
    }

    fn judged(&self, chunk: &Chunk, given: Given<'_>, in_force: &[bool]) -> Vec<Screened> {
        let run = Run::new(&self.graph, chunk, given, &self.last);
        let present = chunk.present();
        let mut out = Vec::new();
        for (policy, program) in self.programs.iter().enumerate() {
            let Ok(program) = program else { continue };
            if !in_force[policy] {
                continue;
            }
            Self::each(program, &run, chunk, &present, |lane, outcome| {
                let unit = chunk.units[lane % chunk.len];
                let subject = match program.about {
                    About::Household => unit,
                    About::Person => Subject::Person(chunk.persons[lane]),
                };
                out.push(Screened {
                    policy,
                    unit,
                    subject,
                    outcome,
                });
            });
        }
        out
    }

    /// The outcome of every subject there is: members, and households with any.
    fn each(
        program: &Program,
        run: &Run<'_>,
        chunk: &Chunk,
        present: &[u8],
        mut f: impl FnMut(usize, Outcome),
    ) {
        let subjects = match program.about {
            About::Household => present,
            About::Person => &chunk.members,
        };
        let trits = |id: Id| match &run.registers[id.0 as usize] {
            Register::Trit(lanes) => lanes,
            _ => &UNKNOWN,
        };
        let gate = trits(program.gate);
        let applies = trits(program.applies);
        let receiving = trits(program.receiving);
        let criteria: Vec<(&Lanes<'_, u8>, &Criterion)> =
            program.criteria.iter().map(|c| (trits(c.id), c)).collect();
        let any_odd = run.odd.contains(&1);
        for (lane, subject) in subjects.iter().enumerate() {
            if *subject != T {
                continue;
            }
            if any_odd && run.odd[lane % chunk.len] != 0 {
                f(lane, Outcome::Deferred);
                continue;
            }
            let outcomes = criteria.iter().map(|(lanes, c)| (lanes.at(lane), *c));
            let at = (gate.at(lane), applies.at(lane), receiving.at(lane));
            f(lane, program.outcome(at, outcomes));
        }
    }
}

static UNKNOWN: Lanes<'static, u8> = Lanes::One(U);

impl Program {
    /// Every truth value of it that a verdict, a fingerprint or a level rests on.
    pub(super) fn asked(&self) -> impl Iterator<Item = Id> + '_ {
        let criteria = self.criteria.iter().map(|c| c.id);
        let others = [self.gate, self.applies, self.receiving];
        criteria.chain(others).chain(self.levels.iter().copied())
    }

    /// What `judge` makes of the same truth values.
    fn outcome<'c>(
        &self,
        (gate, applies, receiving): (u8, u8, u8),
        criteria: impl Iterator<Item = (u8, &'c Criterion)>,
    ) -> Outcome {
        if applies == F {
            return Outcome::Judged(Standing::NotApplicable, Told::Gone);
        }
        let gated = gate == T && applies == T;
        let (mut refused, mut missing, mut blocking) = (false, !gated, !gated);
        let mut by_facts = false;
        for (value, criterion) in criteria {
            refused |= value == F;
            if value == U {
                missing = true;
                if !criterion.may_open {
                    blocking |= !criterion.by_facts;
                    by_facts |= criterion.by_facts;
                }
            }
        }
        // Whether it may stay open matters only where it could be told as missed.
        let asked = self.plans.has_missed() && !refused && !blocking;
        if by_facts && asked && receiving != T {
            return Outcome::Deferred;
        }
        let standing = if gated && refused {
            Standing::NotMet
        } else if missing {
            Standing::Undetermined
        } else {
            Standing::Met
        };
        Outcome::Judged(
            standing,
            self.told(standing, !refused && !blocking, receiving),
        )
    }

    fn told(&self, standing: Standing, tells: bool, receiving: u8) -> Told {
        let (missed, no_longer) = match self.plans {
            Plans::Other { raises } => {
                return match standing {
                    Standing::Met if raises => Told::Holds,
                    Standing::NotMet | Standing::NotApplicable => Told::Gone,
                    _ => Told::Unknown,
                };
            }
            Plans::Entitlement { missed, no_longer } => (missed, no_longer),
        };
        let missed = if missed && standing != Standing::NotMet {
            (if tells { T } else { U }).min(T - receiving)
        } else {
            F
        };
        let not_met = match standing {
            Standing::NotMet => T,
            Standing::Met => F,
            _ => U,
        };
        let no_longer = if no_longer { not_met.min(receiving) } else { F };
        match (missed, no_longer) {
            (T, _) => Told::Holds,
            (_, T) => Told::NoLonger,
            (F, F) => Told::Gone,
            _ => Told::Unknown,
        }
    }
}

fn program(graph: &mut Graph, policy: &Policy, verdicts: &Lowered) -> Result<Program, Unfit> {
    let of_person = policy.about == About::Person;
    let space = if of_person {
        graph.space([PEOPLE])
    } else {
        HOUSEHOLDS
    };
    let mut lower = Lower::new(graph, &policy.lets, of_person, verdicts);
    let gate = gate(&mut lower, policy)?;
    let applies = match &policy.applies_when {
        Some(expr) => lower.truth(expr)?,
        None => lower.trit(T),
    };
    let receiving = match &policy.receiving {
        Some(expr) => lower.truth(expr)?,
        None => lower.trit(F),
    };
    let plans = [&policy.missed, &policy.no_longer, &policy.raises];
    let mut levels = Vec::new();
    for (when, _) in plans.into_iter().flatten().flat_map(|p| &p.level_when) {
        let id = lower.truth(when)?;
        levels.push(fit(lower.graph, id, space)?);
    }
    let mut criteria = Vec::new();
    for one in &policy.criteria {
        let id = lower.truth(&one.when)?;
        criteria.push(Criterion {
            id: fit(lower.graph, id, space)?,
            may_open: policy.may_remain_open.contains(&one.id),
            by_facts: policy
                .may_remain_open
                .iter()
                .any(|name| Kind::named(name).is_some()),
        });
    }
    Ok(Program {
        about: policy.about,
        plans: Plans::of(policy),
        gate: fit(graph, gate, space)?,
        applies: fit(graph, applies, space)?,
        receiving: fit(graph, receiving, space)?,
        criteria,
        levels,
    })
}

/// The verdict of a policy that others read.
fn met_by(
    graph: &mut Graph,
    policy: &Policy,
    program: &Program,
    verdicts: &Lowered,
) -> Result<Id, Unfit> {
    let asked: Vec<Id> = program.criteria.iter().map(|c| c.id).collect();
    let of_person = policy.about == About::Person;
    let mut lower = Lower::new(graph, &policy.lets, of_person, verdicts);
    let met = lower.met(program.gate, program.applies, &asked);
    let space = lower.graph.space_of(program.gate);
    fit(graph, met, space)
}

/// What a policy asks lies in the space of its subjects.
fn fit(graph: &mut Graph, id: Id, space: SpaceId) -> Result<Id, Unfit> {
    let joined = graph.join(space, graph.space_of(id));
    if joined != space {
        return Err(Unfit("an answer per element of a list"));
    }
    Ok(graph.lift(id, space))
}

/// True where the composition is known on a basis that suffices, else unknown.
fn gate(lower: &mut Lower<'_, '_>, policy: &Policy) -> Result<Id, Unfit> {
    if policy.composition.is_empty() {
        return Ok(lower.trit(T));
    }
    let basis = Kind::Composition.field("basis").ok_or(Unfit("a basis"))?;
    let recorded = lower.of_household(Column::Field(basis), Lane::Narrow);
    let mut suffices = lower.trit(F);
    for code in &policy.composition {
        let code = lower.narrow(code_number(code));
        let same = lower.compare(Relation::Equal, recorded, code);
        let same = lower.unary(Op::Certain, same, Lane::Trit);
        suffices = lower.or(suffices, same);
    }
    let unknown = lower.trit(U);
    Ok(lower.or(suffices, unknown))
}

/// After which operation each register is asked for no more.
fn last_uses(graph: &Graph, programs: &[Result<Program, Left>]) -> Vec<Vec<Id>> {
    let mut last: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    for (position, node) in graph.nodes.iter().enumerate() {
        node.op.operands(|id| last[id.0 as usize] = Some(position));
    }
    let mut kept = vec![false; graph.nodes.len()];
    for program in programs.iter().flatten() {
        for id in program.asked() {
            kept[id.0 as usize] = true;
        }
    }
    // Lists that are made late hang from these.
    for axis in &graph.axes {
        if let super::graph::AxisKind::OfPerson(_, id) = axis.kind {
            kept[id.0 as usize] = true;
        }
    }
    let mut out = vec![Vec::new(); graph.nodes.len()];
    for (index, position) in last.iter().enumerate() {
        if let (Some(position), false) = (position, kept[index]) {
            out[*position].push(Id(u32::try_from(index).unwrap_or(u32::MAX)));
        }
    }
    out
}
