//! Small hands of lowering: constants, columns, operands in one space.

use super::graph::{AxisId, Column, F, HOUSEHOLDS, Id, Lane, Op};
use super::lower::Lower;

impl Lower<'_, '_> {
    pub(crate) fn trit(&mut self, value: u8) -> Id {
        self.graph.push(Op::Trit(value), Lane::Trit, HOUSEHOLDS)
    }

    pub(crate) fn wide(&mut self, value: i64) -> Id {
        self.graph.push(Op::Wide(value), Lane::Wide, HOUSEHOLDS)
    }

    pub(crate) fn narrow(&mut self, value: i32) -> Id {
        self.graph.push(Op::Narrow(value), Lane::Narrow, HOUSEHOLDS)
    }

    pub(crate) fn element(&mut self, axis: AxisId) -> Id {
        let space = self.graph.spanned(axis);
        self.graph.push(Op::Element(axis), Lane::Narrow, space)
    }

    pub(crate) fn of_household(&mut self, column: Column, lane: Lane) -> Id {
        self.graph.push(Op::Household(column), lane, HOUSEHOLDS)
    }

    pub(crate) fn of_person(&mut self, column: Column, person: Id, lane: Lane, nobody: u8) -> Id {
        let space = self.graph.space_of(person);
        let op = Op::Person(column, person, nobody);
        self.graph.push(op, lane, space)
    }

    pub(crate) fn unary(&mut self, op: impl Fn(Id) -> Op, id: Id, lane: Lane) -> Id {
        let space = self.graph.space_of(id);
        self.graph.push(op(id), lane, space)
    }

    pub(crate) fn binary(
        &mut self,
        op: impl Fn(Id, Id) -> Op,
        left: Id,
        right: Id,
        lane: Lane,
    ) -> Id {
        let [left, right] = self.together([left, right]);
        let space = self.graph.space_of(left);
        self.graph.push(op(left, right), lane, space)
    }

    pub(crate) fn and(&mut self, left: Id, right: Id) -> Id {
        self.binary(Op::And, left, right, Lane::Trit)
    }

    pub(crate) fn or(&mut self, left: Id, right: Id) -> Id {
        self.binary(Op::Or, left, right, Lane::Trit)
    }

    /// Unknown where the second is not false.
    pub(crate) fn unless(&mut self, value: Id, lost: Id) -> Id {
        if matches!(self.graph.node(lost).op, Op::Trit(F)) {
            return value;
        }
        let lane = self.graph.node(value).lane;
        self.binary(Op::Unless, value, lost, lane)
    }

    /// Operands in one space.
    pub(crate) fn together<const N: usize>(&mut self, ids: [Id; N]) -> [Id; N] {
        let mut space = HOUSEHOLDS;
        for id in ids {
            let own = self.graph.space_of(id);
            space = self.graph.join(space, own);
        }
        ids.map(|id| self.graph.lift(id, space))
    }
}
