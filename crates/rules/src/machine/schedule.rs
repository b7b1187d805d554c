//! What a run does, step by step: operations that are needed for what is asked, in
//! order, and when their registers are let go.

use std::collections::{BTreeMap, BTreeSet};

use super::beforehand::Rests;
use super::graph::{AxisKind, Graph, Id, Op};
use super::spaces::is_native;

/// One thing a run does.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Of which operation.
    pub(super) of: Id,
    pub(super) does: Does,
    /// Registers that nobody asks for after it.
    pub(super) done: Vec<Id>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    Computes,
    /// The chunk keeps it.
    Reads((Rests, usize)),
}

/// What is kept, with what it rests on and its place among what rests on the same.
pub(super) type Known = BTreeMap<Id, (Rests, usize)>;

pub(super) fn number(at: usize) -> Id {
    Id(u32::try_from(at).expect("policies are bounded"))
}

/// Whether an operation is a column of the facts as chunks hold it.
pub(super) fn is_column(graph: &Graph, id: Id) -> bool {
    let of = |element: Id| graph.node(element);
    match graph.node(id).op {
        Op::Household(_) => true,
        Op::Person(_, person, _) => {
            matches!(of(person).op, Op::Element(_)) && graph.is_of_people(of(person).space)
        }
        Op::Item(_, _, element) => {
            matches!(of(element).op, Op::Element(axis) if is_native(graph, axis))
        }
        _ => false,
    }
}

/// Calls with everything an operation needs: its operands, and whom the lists of its
/// lanes hang from.
pub(super) fn needs(graph: &Graph, id: Id, mut f: impl FnMut(Id)) {
    let node = graph.node(id);
    let mut spaces = vec![node.space];
    node.op.operands(|operand| {
        f(operand);
        spaces.push(graph.space_of(operand));
    });
    let axes = spaces.into_iter().flat_map(|space| graph.axes_of(space));
    for axis in axes {
        if let AxisKind::OfPerson(_, person) = graph.axis(*axis).kind {
            f(person);
        }
    }
}

/// Which of the first operations are asked for, or needed for what is; what is
/// kept needs nothing.
pub(super) fn needed(
    graph: &Graph,
    operations: usize,
    asked: &[Id],
    is_kept: impl Fn(Id) -> bool,
) -> Vec<bool> {
    let mut needed = vec![false; operations];
    let mut open = asked.to_vec();
    while let Some(id) = open.pop() {
        let known = std::mem::replace(&mut needed[id.0 as usize], true);
        if !known && !is_kept(id) {
            needs(graph, id, |id| open.push(id));
        }
    }
    needed
}

/// What is done for those who ask, when some operations are kept.
pub(super) struct Schedule<'g> {
    graph: &'g Graph,
    kept: &'g Known,
    steps: Vec<Step>,
    is_done: Vec<bool>,
}

impl Schedule<'_> {
    /// All in one turn.
    pub(super) fn of(graph: &Graph, asked: (usize, &[Id]), kept: &Known) -> Vec<Step> {
        let [steps] = Schedule::in_turn(graph, asked, kept, |_| 0);
        steps
    }

    /// Of the first operations those of the first turn before those of the next. Nothing
    /// may need what has a later turn.
    pub(super) fn in_turn<const TURNS: usize>(
        graph: &Graph,
        (operations, asked): (usize, &[Id]),
        kept: &Known,
        turn: impl Fn(Id) -> usize,
    ) -> [Vec<Step>; TURNS] {
        let needed = needed(graph, operations, asked, |id| kept.contains_key(&id));
        let mut schedule = Schedule {
            graph,
            kept,
            steps: Vec::new(),
            is_done: vec![false; operations],
        };
        let ends: [usize; TURNS] = std::array::from_fn(|now| {
            let computed = (0..operations).filter(|at| needed[*at]).map(number);
            computed
                .filter(|id| !kept.contains_key(id) && !is_column(graph, *id))
                .chain(asked.iter().copied())
                .filter(|id| turn(*id) == now)
                .for_each(|id| schedule.add(id));
            schedule.steps.len()
        });
        let mut steps = let_go(graph, schedule.steps, asked).into_iter();
        let mut begun = 0;
        ends.map(|end| {
            let many = end - std::mem::replace(&mut begun, end);
            steps.by_ref().take(many).collect()
        })
    }

    /// An operation after what it needs. Columns are read when they are first asked
    /// for, so that few wait in registers.
    fn add(&mut self, id: Id) {
        if std::mem::replace(&mut self.is_done[id.0 as usize], true) {
            return;
        }
        let kept = self.kept.get(&id);
        if kept.is_none() {
            needs(self.graph, id, |id| self.add(id));
        }
        self.steps.push(Step {
            of: id,
            does: kept.map_or(Does::Computes, |at| Does::Reads(*at)),
            done: Vec::new(),
        });
    }
}

/// Says after which step nobody asks for a register any more.
fn let_go(graph: &Graph, mut steps: Vec<Step>, asked: &[Id]) -> Vec<Step> {
    let mut last: BTreeMap<Id, usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        if step.does == Does::Computes {
            graph.node(step.of).op.operands(|id| {
                last.insert(id, at);
            });
        }
    }
    // Lists that are made late hang from people.
    let hang = graph.axes.iter().filter_map(|axis| match axis.kind {
        AxisKind::OfPerson(_, person) => Some(person),
        _ => None,
    });
    let to_the_end: BTreeSet<Id> = asked.iter().copied().chain(hang).collect();
    for (id, at) in last.into_iter().filter(|(id, _)| !to_the_end.contains(id)) {
        steps[at].done.push(id);
    }
    steps
}
