//! A list walked inside a walk of itself gets an axis of its own, and with it
//! everything that hangs from the first.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Axis, AxisId, AxisKind, Graph, Id, Op, SpaceId};
use super::lower::{List, Low, Lower};

impl Lower<'_, '_> {
    /// The list on an axis no variable in scope runs over.
    pub(crate) fn apart(&mut self, list: List) -> List {
        if !self.open_axes.contains(&list.axis) {
            return list;
        }
        let mut copy = Copy {
            axes: BTreeMap::new(),
            ids: BTreeMap::new(),
        };
        let first = self.graph.axis(list.axis);
        let walked = walked(self.graph, &list);
        let mut again = first.again;
        let axis = loop {
            again += 1;
            let axis = self.graph.add_axis(Axis { again, ..first });
            if !self.open_axes.contains(&axis) && !walked.contains(&axis) {
                break axis;
            }
        };
        copy.axes.insert(list.axis, axis);
        List {
            axis,
            mask: copy.id(self.graph, list.mask),
            value: Box::new(copy.low(self.graph, &list.value)),
            open: copy.id(self.graph, list.open),
            lost: copy.id(self.graph, list.lost),
        }
    }
}

/// Axes that are walked on the way to a list, inside it too: what is copied must
/// not come to stand on one of them.
fn walked(graph: &Graph, list: &List) -> BTreeSet<AxisId> {
    let mut queue = vec![list.mask, list.open, list.lost];
    operands(&list.value, &mut queue);
    let (mut seen, mut axes) = (BTreeSet::new(), BTreeSet::new());
    while let Some(id) = queue.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = graph.node(id);
        axes.extend(graph.axes_of(node.space));
        node.op.operands(|operand| queue.push(operand));
    }
    axes
}

fn operands(low: &Low, into: &mut Vec<Id>) {
    match low {
        Low::Trit(id)
        | Low::Narrow(id)
        | Low::Wide(id)
        | Low::Person(id)
        | Low::Household(id)
        | Low::Item(_, id)
        | Low::Single(_, Some(id)) => into.push(*id),
        Low::Amount(above, below) => {
            into.push(*above);
            into.extend(below);
        }
        Low::List(list) => {
            into.extend([list.mask, list.open, list.lost]);
            operands(&list.value, into);
        }
        Low::Written(values) => values.iter().for_each(|value| operands(value, into)),
        Low::Single(_, None) | Low::Codes(_) => {}
    }
}

struct Copy {
    axes: BTreeMap<AxisId, AxisId>,
    ids: BTreeMap<Id, Id>,
}

impl Copy {
    fn axis(&mut self, graph: &mut Graph, axis: AxisId) -> AxisId {
        if let Some(done) = self.axes.get(&axis) {
            return *done;
        }
        let Axis { kind, base, again } = graph.axis(axis);
        let moved = self.space(graph, base);
        let kind = match kind {
            AxisKind::OfPerson(of, lane) => AxisKind::OfPerson(of, self.id(graph, lane)),
            other => other,
        };
        let copied = if moved == base {
            axis
        } else {
            let base = moved;
            graph.add_axis(Axis { kind, base, again })
        };
        self.axes.insert(axis, copied);
        copied
    }

    fn space(&mut self, graph: &mut Graph, space: SpaceId) -> SpaceId {
        let axes: Vec<AxisId> = graph.axes_of(space).to_vec();
        let moved: Vec<AxisId> = axes.into_iter().map(|a| self.axis(graph, a)).collect();
        graph.space(moved)
    }

    fn id(&mut self, graph: &mut Graph, id: Id) -> Id {
        if let Some(done) = self.ids.get(&id) {
            return *done;
        }
        let node = graph.node(id);
        let (op, lane, space) = (node.op.clone(), node.lane, node.space);
        let moved = self.space(graph, space);
        let op = self.op(graph, op);
        let copied = graph.push(op, lane, moved);
        self.ids.insert(id, copied);
        copied
    }

    fn op(&mut self, graph: &mut Graph, op: Op) -> Op {
        let mut to = |id| self.id(graph, id);
        match op {
            Op::Trit(_)
            | Op::Narrow(_)
            | Op::Wide(_)
            | Op::On
            | Op::Param(_)
            | Op::ParamBelow(_)
            | Op::Household(_) => op,
            Op::InParam(a, key) => Op::InParam(to(a), key),
            Op::Person(column, a, nobody) => Op::Person(column, to(a), nobody),
            // Whoever is referred to, the values are those of all people.
            Op::OfPerson(values, person) => Op::OfPerson(values, to(person)),
            Op::Item(kind, column, a) => Op::Item(kind, column, to(a)),
            Op::Element(axis) => Op::Element(self.axis(graph, axis)),
            Op::Lift(a, space) => {
                let a = to(a);
                Op::Lift(a, self.space(graph, space))
            }
            Op::Not(a) => Op::Not(to(a)),
            Op::And(a, b) => Op::And(to(a), to(b)),
            Op::Or(a, b) => Op::Or(to(a), to(b)),
            Op::Certain(a) => Op::Certain(to(a)),
            Op::Known(a) => Op::Known(to(a)),
            Op::Unless(a, b) => Op::Unless(to(a), to(b)),
            Op::Compare(relation, a, b) => Op::Compare(relation, to(a), to(b)),
            Op::Add(a, b, how) => Op::Add(to(a), to(b), how),
            Op::Subtract(a, b, how) => Op::Subtract(to(a), to(b), how),
            Op::Multiply(a, b, how) => Op::Multiply(to(a), to(b), how),
            Op::Above(a, b) => Op::Above(to(a), to(b)),
            Op::Below(a) => Op::Below(to(a)),
            Op::Choose(a, b, c) => Op::Choose(to(a), to(b), to(c)),
            Op::MonthOf(a) => Op::MonthOf(to(a)),
            Op::MonthsMoved(a, b) => Op::MonthsMoved(to(a), to(b)),
            Op::DateByMonths(a, b) => Op::DateByMonths(to(a), to(b)),
            Op::DateByDays(a, b) => Op::DateByDays(to(a), to(b)),
            Op::MonthsBetween(a, b) => Op::MonthsBetween(to(a), to(b)),
            Op::DaysBetween(a, b) => Op::DaysBetween(to(a), to(b)),
            Op::AgeOn(a, b) => Op::AgeOn(to(a), to(b)),
            Op::BornBy(a, b, years) => Op::BornBy(to(a), to(b), years),
            Op::WeekOf(a) => Op::WeekOf(to(a)),
            Op::WeeksBetween(a, b) => Op::WeeksBetween(to(a), to(b)),
            Op::Remainder(a, b) => Op::Remainder(to(a), to(b)),
            Op::Bit(a) => Op::Bit(to(a)),
            Op::Bits(a) => Op::Bits(to(a)),
            Op::Confirmed(a, b) => Op::Confirmed(to(a), to(b)),
            Op::Signs(a, b) => Op::Signs(to(a), to(b)),
            Op::Signed(a, b, signs) => Op::Signed(to(a), to(b), signs),
            Op::Fold(fold, axis, a, b) => {
                let (a, b) = (to(a), to(b));
                Op::Fold(fold, self.axis(graph, axis), a, b)
            }
            Op::Newest(axis, a, b, c) => {
                let (a, b, c) = (to(a), to(b), to(c));
                Op::Newest(self.axis(graph, axis), a, b, c)
            }
            Op::Distinct(axis, a, b) => {
                let (a, b) = (to(a), to(b));
                Op::Distinct(self.axis(graph, axis), a, b)
            }
        }
    }

    fn low(&mut self, graph: &mut Graph, low: &Low) -> Low {
        match low {
            Low::Trit(id) => Low::Trit(self.id(graph, *id)),
            Low::Narrow(id) => Low::Narrow(self.id(graph, *id)),
            Low::Wide(id) => Low::Wide(self.id(graph, *id)),
            Low::Amount(above, below) => Low::Amount(
                self.id(graph, *above),
                below.map(|below| self.id(graph, below)),
            ),
            Low::Person(id) => Low::Person(self.id(graph, *id)),
            Low::Household(id) => Low::Household(self.id(graph, *id)),
            Low::Single(kind, owner) => {
                Low::Single(*kind, owner.map(|owner| self.id(graph, owner)))
            }
            Low::Item(kind, id) => Low::Item(*kind, self.id(graph, *id)),
            Low::List(list) => Low::List(List {
                axis: self.axis(graph, list.axis),
                mask: self.id(graph, list.mask),
                value: Box::new(self.low(graph, &list.value)),
                open: self.id(graph, list.open),
                lost: self.id(graph, list.lost),
            }),
            Low::Codes(key) => Low::Codes(key.clone()),
            Low::Written(values) => {
                Low::Written(values.iter().map(|v| self.low(graph, v)).collect())
            }
        }
    }
}
