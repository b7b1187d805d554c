//! One policy as a program of the graph: which truth values it asks for, and
//! what comes of each combination of them.

use domain::dictionary::Kind;

use super::graph::{Column, F, Graph, HOUSEHOLDS, Id, Lane, Moves, Op, PEOPLE, SpaceId, T, U};
use super::lower::{Lower, Unfit};
use super::lower_verdict::Lowered;
use super::names::code_number;
use super::screen::{Outcome, Standing, Told};
use super::sign;
use super::telling::Telling;
use crate::document::{About, PolicyKind};
use crate::expr::Relation;
use crate::failing::may_fail;
use crate::policy::Policy;

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) about: About,
    gate: Id,
    applies: Id,
    criteria: Vec<Criterion>,
    receiving: Id,
    /// When what is told is more pressing.
    levels: Vec<Id>,
    /// What its truth values come to, together.
    pub(super) signs: Id,
    /// What comes of each combination of signs.
    pub(super) outcomes: Vec<Outcome>,
    /// Of which it is something to tell.
    pub(super) telling: Telling,
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

impl Program {
    /// Every truth value of it that a verdict, a fingerprint or a level rests on.
    pub(super) fn asked(&self) -> impl Iterator<Item = Id> + '_ {
        let criteria = self.criteria.iter().map(|c| c.id);
        let others = [self.gate, self.applies, self.receiving];
        criteria.chain(others).chain(self.levels.iter().copied())
    }

    /// Those of them that the date can make others.
    pub(super) fn moving(&self, graph: &Graph) -> Vec<Id> {
        let moving = |id: &Id| graph.node(*id).moves == Moves::WithDate;
        self.asked().filter(moving).collect()
    }

    /// What is asked for every day: what it comes to, those the date can make others,
    /// and levels, which are no part of what it comes to.
    pub(super) fn daily(&self, graph: &Graph) -> Vec<Id> {
        let levels = self.levels.iter().copied();
        let moving = self.moving(graph).into_iter();
        levels.chain(moving).chain([self.signs]).collect()
    }

    /// Its criteria, in order.
    pub(super) fn criteria(&self) -> impl Iterator<Item = Id> + '_ {
        self.criteria.iter().map(|criterion| criterion.id)
    }

    /// What comes of every combination of signs.
    fn table(plans: Plans) -> Vec<Outcome> {
        let all = 0..=u8::MAX;
        all.map(|signs| outcome(plans, signs)).collect()
    }
}

/// What `judge` makes of the same truth values.
fn outcome(plans: Plans, signs: u8) -> Outcome {
    let is = |sign: u8| signs & sign != 0;
    if is(sign::NOT_APPLICABLE) {
        return Outcome::Judged(Standing::NotApplicable, Told::Gone);
    }
    // Two bits hold four values; no lane has the fourth.
    let receiving = (signs >> sign::RECEIVING).min(T);
    let (refused, blocking) = (is(sign::REFUSED), is(sign::BLOCKING));
    // Whether it may stay open matters only where it could be told as missed.
    let asked = plans.has_missed() && !refused && !blocking;
    if is(sign::BY_FACTS) && asked && receiving != T {
        return Outcome::Deferred;
    }
    let standing = if refused && !is(sign::UNGATED) {
        Standing::NotMet
    } else if is(sign::MISSING) {
        Standing::Undetermined
    } else {
        Standing::Met
    };
    let told = plans.told(standing, !refused && !blocking, receiving);
    Outcome::Judged(standing, told)
}

impl Plans {
    fn told(self, standing: Standing, tells: bool, receiving: u8) -> Told {
        let (missed, no_longer) = match self {
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

pub(super) fn program(
    graph: &mut Graph,
    policy: &Policy,
    verdicts: &Lowered,
) -> Result<Program, Unfit> {
    let space = subjects(graph, policy);
    let of_person = policy.about == About::Person;
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
    let open = &policy.may_remain_open;
    let by_facts = open.iter().any(|name| Kind::named(name).is_some());
    let mut criteria = Vec::new();
    for one in &policy.criteria {
        let id = lower.truth(&one.when)?;
        // What fails may not stay open; only the interpreter tells that from what
        // is not known.
        let (named, fails) = (open.contains(&one.id), may_fail(&one.when, &policy.lets));
        criteria.push(Criterion {
            id: fit(lower.graph, id, space)?,
            may_open: named && !fails,
            by_facts: by_facts || named,
        });
    }
    let outcomes = Program::table(Plans::of(policy));
    let [gate, applies, receiving] = [gate, applies, receiving].map(|id| fit(graph, id, space));
    let (gate, applies, receiving) = (gate?, applies?, receiving?);
    Ok(Program {
        about: policy.about,
        telling: Telling::of(|signs| outcomes[usize::from(signs)].tells()),
        outcomes,
        gate,
        applies,
        receiving,
        signs: signs(graph, space, [gate, applies], &criteria, receiving),
        criteria,
        levels,
    })
}

/// The signs of all truth values. Those that move least are joined first, so that
/// what they come to is kept.
fn signs(
    graph: &mut Graph,
    space: SpaceId,
    [gate, applies]: [Id; 2],
    criteria: &[Criterion],
    receiving: Id,
) -> Id {
    let mut joined: Vec<(Id, [u8; 3])> = Vec::new();
    for criterion in criteria {
        let unsure = match criterion {
            Criterion { may_open: true, .. } => sign::MISSING,
            Criterion { by_facts: true, .. } => sign::MISSING | sign::BY_FACTS,
            Criterion { .. } => sign::MISSING | sign::BLOCKING,
        };
        joined.push((criterion.id, [sign::REFUSED, unsure, 0]));
    }
    joined.push((receiving, [F, U, T].map(|value| value << sign::RECEIVING)));
    joined.sort_by_key(|(id, _)| graph.node(*id).moves);
    let begun = graph.push(Op::Signs(gate, applies), Lane::Trit, space);
    joined.into_iter().fold(begun, |signs, (id, of)| {
        graph.push(Op::Signed(signs, id, of), Lane::Trit, space)
    })
}

/// The verdict of a policy that others read.
pub(super) fn met_by(
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

/// The space of a policy's subjects.
pub(super) fn subjects(graph: &mut Graph, policy: &Policy) -> SpaceId {
    match policy.about {
        About::Person => graph.space([PEOPLE]),
        About::Household => HOUSEHOLDS,
    }
}

/// What a policy asks lies in the space of its subjects.
pub(super) fn fit(graph: &mut Graph, id: Id, space: SpaceId) -> Result<Id, Unfit> {
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
