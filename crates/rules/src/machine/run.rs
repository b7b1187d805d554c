//! Runs a graph over one chunk.

use std::cell::OnceCell;

use super::algebra::{
    above, added, and, arithmetic, below, choose, confirmed, multiplied, or, rest, taken, unless,
};
use super::beforehand::Kept;
use super::cells::Cells;
use super::choices;
use super::columns::Chunk;
use super::dates;
use super::folds::{self, Onto};
use super::graph::{
    AxisId, Column, F, Fold, Graph, HOUSEHOLDS, Id, ItemColumn, Lane, NONE32, NONE64, Node, Op,
    Overflow, SpaceId, T, U, Years,
};
use super::lanes::{
    Lanes, Register, compared, everywhere, gather, known, map, repeated, spread, trit, zip,
};
use super::lists::Order;
use super::room::Room;
use super::schedule::{Does, Step};
use super::settings::{Places, Settings};
use super::sign;
use super::spaces::{Spaces, is_native};
use crate::expr::Relation;

/// One run over one chunk.
pub(crate) struct Run<'c> {
    pub(super) graph: &'c Graph,
    pub(super) chunk: &'c Chunk,
    /// What the chunk keeps.
    kept: &'c Kept,
    pub(super) settings: &'c Settings,
    /// Where the chunk is, once a parameter is asked for.
    pub(super) places: OnceCell<Places>,
    pub(crate) registers: Vec<Register<'c>>,
    pub(super) spaces: Spaces<'c>,
    pub(crate) room: &'c Room,
    /// Households left to the interpreter.
    pub(crate) odd: Vec<u8>,
}

impl<'c> Run<'c> {
    /// Does the first steps; registers not needed any more are let go.
    pub(super) fn new(
        graph: &'c Graph,
        (chunk, kept): (&'c Chunk, &'c Kept),
        settings: &'c Settings,
        steps: &[Step],
        room: &'c Room,
    ) -> Run<'c> {
        let mut run = Run {
            graph,
            chunk,
            kept,
            settings,
            places: OnceCell::new(),
            registers: graph.nodes.iter().map(|_| Register::Empty).collect(),
            spaces: Spaces::new(room),
            room,
            odd: chunk.odd.clone(),
        };
        kept.mark_odd(&mut run.odd);
        run.go_on(steps);
        run
    }

    /// Another run that goes on from here, sharing what was computed.
    pub(super) fn under(&self, settings: &'c Settings) -> Run<'c> {
        Run {
            settings,
            places: OnceCell::new(),
            registers: self.registers.iter().map(Register::again).collect(),
            spaces: self.spaces.clone(),
            odd: self.odd.clone(),
            ..*self
        }
    }

    /// Does some more steps.
    pub(super) fn go_on(&mut self, steps: &[Step]) {
        if self.spaces.overfull {
            return;
        }
        for step in steps {
            let register = match step.does {
                Does::Computes => self.compute(step.of),
                Does::Reads(at) => self.kept.result(at).register(self.room),
            };
            self.registers[step.of.0 as usize] = register;
            for id in &step.done {
                let done = &mut self.registers[id.0 as usize];
                self.room.back(std::mem::replace(done, Register::Empty));
            }
            if self.spaces.overfull {
                return self.give_up();
            }
        }
    }

    /// Whether all of the chunk is left to the interpreter because lists inside lists
    /// came to too much.
    pub(super) fn has_given_up(&self) -> bool {
        self.spaces.overfull
    }

    /// Leaves all of the chunk to the interpreter.
    fn give_up(&mut self) {
        for register in &mut self.registers {
            self.room.back(std::mem::replace(register, Register::Empty));
        }
        self.odd.fill(1);
    }

    /// Gives back what its registers hold.
    pub(crate) fn finish(mut self) {
        for register in self.registers.drain(..) {
            self.room.back(register);
        }
        self.spaces.finish();
    }

    /// One truth value per lane.
    pub(crate) fn answers(&self, id: Id, lanes: usize) -> Vec<u8> {
        match self.trits(id).slice() {
            Ok(values) => values.to_vec(),
            Err(value) => vec![value; lanes],
        }
    }

    pub(super) fn trits(&self, id: Id) -> &Lanes<'c, u8> {
        match &self.registers[id.0 as usize] {
            Register::Trit(lanes) => lanes,
            _ => &Lanes::One(U),
        }
    }

    pub(super) fn narrow(&self, id: Id) -> &Lanes<'c, i32> {
        match &self.registers[id.0 as usize] {
            Register::Narrow(lanes) => lanes,
            _ => &Lanes::One(NONE32),
        }
    }

    pub(super) fn wide(&self, id: Id) -> &Lanes<'c, i64> {
        match &self.registers[id.0 as usize] {
            Register::Wide(lanes) => lanes,
            _ => &Lanes::One(NONE64),
        }
    }

    fn of_person(&self, values: Id, person: Id) -> Lanes<'static, u8> {
        let person = self.narrow(person);
        match self.trits(values).slice() {
            Ok(values) => gather(self.room, values, person, U, |trit| trit),
            Err(value) => everywhere(self.room, value, person, U),
        }
    }

    pub(super) fn lanes(&self, space: SpaceId) -> usize {
        self.spaces.lanes(space, self.chunk)
    }

    /// Whether a space has no more lanes than it may.
    fn make(&mut self, space: SpaceId) -> bool {
        self.spaces
            .make(self.graph, self.chunk, &self.registers, space);
        !self.spaces.overfull
    }

    /// The register of an operation.
    fn compute(&mut self, of: Id) -> Register<'c> {
        use Register::{Narrow, Trit, Wide};
        let graph = self.graph;
        let Node {
            op, lane, space, ..
        } = graph.node(of);
        let (lane, space) = (*lane, *space);
        match op {
            Op::Trit(value) => Trit(Lanes::One(*value)),
            Op::Narrow(value) => Narrow(Lanes::One(*value)),
            Op::Wide(value) => Wide(Lanes::One(*value)),
            Op::On => Narrow(Lanes::One(dates::pack(self.settings.on))),
            Op::Param(_) | Op::ParamBelow(_) => self.parameter(of, lane),
            Op::InParam(id, _) => Trit(self.in_parameter(of, *id, space)),
            Op::Household(column) => self.household(*column),
            Op::Person(column, person, nobody) => self.person(*column, *person, *nobody),
            Op::OfPerson(values, person) => Trit(self.of_person(*values, *person)),
            Op::Item(kind, column, element) => self.item(*kind, *column, *element),
            Op::Element(axis) => self.element(*axis, space),
            Op::Lift(id, to) => self.lifted(*id, *to),
            Op::Signed(signs, value, of) => self.signed(*signs, *value, *of),
            Op::Choose(when, then, other) => self.chosen(*when, *then, *other, lane),
            Op::Fold(fold, _, mask, value) => self.fold(*fold, *mask, *value, space),
            Op::Newest(_, mask, rank, element) => {
                if !self.prepare(*mask, space) {
                    return Register::Empty;
                }
                let onto = self.onto(*mask, space);
                let (mask, rank) = (self.trits(*mask), self.narrow(*rank));
                let element = self.narrow(*element);
                Narrow(choices::newest(self.room, onto, mask, rank, element))
            }
            Op::Distinct(axis, mask, value) => self.distinct(*axis, *mask, *value),
            other => self.lanewise(other, lane),
        }
    }

    /// Operations of lanes that do not know of spaces.
    fn lanewise(&mut self, op: &Op, lane: Lane) -> Register<'c> {
        use Register::{Narrow, Trit, Wide};
        match op {
            Op::Not(a) => Trit(map(self.room, self.trits(*a), |a| T - a)),
            Op::And(a, b) => Trit(and(self.room, self.trits(*a), self.trits(*b))),
            Op::Or(a, b) => Trit(or(self.room, self.trits(*a), self.trits(*b))),
            Op::Certain(a) => Trit(map(self.room, self.trits(*a), |a| trit(a == T))),
            Op::Known(a) => Trit(match &self.registers[a.0 as usize] {
                Register::Trit(lanes) => known(self.room, lanes),
                Register::Narrow(lanes) => known(self.room, lanes),
                Register::Wide(lanes) => known(self.room, lanes),
                Register::Empty => Lanes::One(F),
            }),
            Op::Unless(a, flag) => {
                let flag = self.trits(*flag);
                match lane {
                    Lane::Trit => Trit(unless(self.room, self.trits(*a), flag)),
                    Lane::Narrow => Narrow(unless(self.room, self.narrow(*a), flag)),
                    Lane::Wide => Wide(unless(self.room, self.wide(*a), flag)),
                }
            }
            Op::Compare(relation, a, b) => Trit(self.compared(*relation, *a, *b)),
            Op::Add(a, b, how) => Wide(self.computed(*a, *b, *how, added)),
            Op::Subtract(a, b, how) => Wide(self.computed(*a, *b, *how, taken)),
            Op::Multiply(a, b, how) => Wide(self.product(*a, *b, *how)),
            Op::Above(a, b) => Wide(self.computed(*a, *b, Overflow::Defer, above)),
            Op::Below(a) => Wide(map(self.room, self.wide(*a), below)),
            Op::MonthOf(a) => Narrow(map(self.room, self.narrow(*a), |a| {
                if a == NONE32 {
                    NONE32
                } else {
                    dates::month_of(a)
                }
            })),
            Op::WeekOf(a) => Narrow(map(self.room, self.narrow(*a), dates::week_of)),
            Op::WeeksBetween(a, b) => Wide(self.between(*a, *b, dates::weeks)),
            Op::Remainder(a, b) => Wide(self.computed(*a, *b, Overflow::Unknown, rest)),
            Op::MonthsMoved(a, n) => Narrow(self.moved(*a, *n, dates::month_moved)),
            Op::DateByMonths(a, n) => Narrow(self.by_months(*a, *n)),
            Op::DateByDays(a, n) => Narrow(self.moved(*a, *n, dates::by_days)),
            Op::MonthsBetween(a, b) => Wide(self.between(*a, *b, |a, b| i64::from(b - a))),
            Op::DaysBetween(a, b) => Wide(self.between(*a, *b, dates::days)),
            Op::AgeOn(a, b) => Wide(self.between(*a, *b, dates::age_on)),
            Op::BornBy(on, n, Years::AtLeast) => Narrow(self.moved(*on, *n, dates::born_by)),
            Op::BornBy(on, n, Years::Beyond) => {
                Narrow(self.moved(*on, *n, |on, n| dates::born_by(on, n.saturating_add(1))))
            }
            Op::Bit(a) => Wide(map(self.room, self.narrow(*a), |a| {
                let bit = |a: u32| i64::checked_pow(2, a);
                u32::try_from(a).ok().and_then(bit).unwrap_or(NONE64)
            })),
            Op::Bits(a) => Wide(map(self.room, self.wide(*a), |a| i64::from(a.count_ones()))),
            Op::Signs(gate, applies) => Trit(zip(
                self.room,
                self.trits(*gate),
                self.trits(*applies),
                sign::begun,
            )),
            Op::Confirmed(told, needed) => Trit(zip(
                self.room,
                self.wide(*told),
                self.wide(*needed),
                confirmed,
            )),
            _ => Register::Empty,
        }
    }

    fn signed(&self, signs: Id, value: Id, of: [u8; 3]) -> Register<'c> {
        let value = self.trits(value);
        // What is the same for all and says nothing moves no sign.
        if matches!(value, Lanes::One(value) if of[usize::from(*value)] == 0) {
            return self.registers[signs.0 as usize].again();
        }
        Register::Trit(sign::joined(self.room, self.trits(signs), value, of))
    }

    fn compared(&self, relation: Relation, a: Id, b: Id) -> Lanes<'static, u8> {
        match (&self.registers[a.0 as usize], &self.registers[b.0 as usize]) {
            (Register::Trit(a), Register::Trit(b)) => compared(self.room, a, b, |a, b| a == b),
            (Register::Narrow(a), Register::Narrow(b)) => match relation {
                Relation::Less => compared(self.room, a, b, |a, b| a < b),
                Relation::LessOrEqual => compared(self.room, a, b, |a, b| a <= b),
                _ => compared(self.room, a, b, |a, b| a == b),
            },
            (Register::Wide(a), Register::Wide(b)) => match relation {
                Relation::Less => compared(self.room, a, b, |a, b| a < b),
                Relation::LessOrEqual => compared(self.room, a, b, |a, b| a <= b),
                _ => compared(self.room, a, b, |a, b| a == b),
            },
            _ => Lanes::One(U),
        }
    }

    fn computed(
        &mut self,
        a: Id,
        b: Id,
        how: Overflow,
        f: impl Fn(i64, i64) -> (i64, i64),
    ) -> Lanes<'static, i64> {
        let mut over = Vec::new();
        let told = |lane| over.push(lane);
        let out = arithmetic(self.room, self.wide(a), self.wide(b), f, told);
        self.overflowed(a, &over, how);
        out
    }

    fn product(&mut self, a: Id, b: Id, how: Overflow) -> Lanes<'static, i64> {
        let mut over = Vec::new();
        let told = |lane| over.push(lane);
        let out = multiplied(self.room, self.wide(a), self.wide(b), told);
        self.overflowed(a, &over, how);
        out
    }

    fn overflowed(&mut self, operand: Id, lanes: &[usize], how: Overflow) {
        if how == Overflow::Defer {
            let space = self.graph.space_of(operand);
            for lane in lanes {
                self.defer(space, *lane);
            }
        }
    }

    /// Leaves the household of a lane to the interpreter; everybody who has any
    /// when the lane stands for all of the space.
    fn defer(&mut self, space: SpaceId, lane: usize) {
        self.spaces
            .lift(self.graph, self.chunk, &self.registers, HOUSEHOLDS, space);
        let up = self.spaces.lifted(HOUSEHOLDS, space);
        match (up, lane) {
            (None, usize::MAX) => self.odd.fill(1),
            (None, lane) => self.odd[lane] = 1,
            (Some(up), usize::MAX) => up.iter().for_each(|at| self.odd[*at as usize] = 1),
            (Some(up), lane) => self.odd[up[lane] as usize] = 1,
        }
    }

    fn moved(&self, a: Id, n: Id, f: impl Fn(i32, i64) -> i32) -> Lanes<'static, i32> {
        zip(self.room, self.narrow(a), self.wide(n), |a, n| {
            if a == NONE32 || n == NONE64 {
                NONE32
            } else {
                f(a, n)
            }
        })
    }

    fn by_months(&self, a: Id, n: Id) -> Lanes<'static, i32> {
        let (a, n) = (self.narrow(a), self.wide(n));
        let near = self
            .room
            .settled(zip(self.room, a, n, |a, n| trit(dates::is_near(a, n))));
        if matches!(near, Lanes::One(T)) {
            return zip(self.room, a, n, dates::quick_by_months);
        }
        self.room.back(Register::Trit(near));
        zip(self.room, a, n, dates::by_months)
    }

    fn between(&self, a: Id, b: Id, f: impl Fn(i32, i32) -> i64) -> Lanes<'static, i64> {
        zip(self.room, self.narrow(a), self.narrow(b), |a, b| {
            if a == NONE32 || b == NONE32 {
                NONE64
            } else {
                f(a, b)
            }
        })
    }

    fn chosen(&self, when: Id, then: Id, other: Id, lane: Lane) -> Register<'c> {
        let (room, when) = (self.room, self.trits(when));
        match lane {
            Lane::Trit => Register::Trit(choose(room, when, self.trits(then), self.trits(other))),
            Lane::Narrow => {
                Register::Narrow(choose(room, when, self.narrow(then), self.narrow(other)))
            }
            Lane::Wide => Register::Wide(choose(room, when, self.wide(then), self.wide(other))),
        }
    }

    fn element(&mut self, axis: AxisId, space: SpaceId) -> Register<'c> {
        if !self.make(space) {
            return Register::Empty;
        }
        debug_assert!(self.spaces.get(space).is_none_or(|s| s.axis == axis));
        let made = self.spaces.get(space).filter(|space| space.lanes > 0);
        let element = made.map(|space| space.element.clone());
        Register::Narrow(element.unwrap_or(Lanes::One(NONE32)))
    }

    fn lifted(&mut self, id: Id, to: SpaceId) -> Register<'c> {
        let from = self.graph.space_of(id);
        if !self.make(to) {
            return Register::Empty;
        }
        // What is the same in every lane is so in every space.
        match &self.registers[id.0 as usize] {
            Register::Trit(Lanes::One(value)) => return Register::Trit(Lanes::One(*value)),
            Register::Narrow(Lanes::One(value)) => return Register::Narrow(Lanes::One(*value)),
            Register::Wide(Lanes::One(value)) => return Register::Wide(Lanes::One(*value)),
            _ => {}
        }
        if self.lanes(to) == 0 {
            return unknown(self.graph.node(id).lane);
        }
        let from = self.spaces.alike(from);
        let to = self.spaces.alike_with(self.graph, from, to);
        if from == to {
            return self.registers[id.0 as usize].again();
        }
        if from == HOUSEHOLDS && self.graph.is_of_people(to) {
            let people = self.chunk.people;
            return match &self.registers[id.0 as usize] {
                Register::Trit(lanes) => Register::Trit(repeated(self.room, lanes, people)),
                Register::Narrow(lanes) => Register::Narrow(repeated(self.room, lanes, people)),
                Register::Wide(lanes) => Register::Wide(repeated(self.room, lanes, people)),
                Register::Empty => Register::Empty,
            };
        }
        self.spaces
            .lift(self.graph, self.chunk, &self.registers, from, to);
        let Some(up) = self.spaces.lifted(from, to) else {
            return Register::Empty;
        };
        match &self.registers[id.0 as usize] {
            Register::Trit(lanes) => Register::Trit(spread(self.room, lanes, up)),
            Register::Narrow(lanes) => Register::Narrow(spread(self.room, lanes, up)),
            Register::Wide(lanes) => Register::Wide(spread(self.room, lanes, up)),
            Register::Empty => Register::Empty,
        }
    }

    fn household(&self, column: Column) -> Register<'c> {
        let mut columns = self.chunk.household.iter();
        match columns.find(|(known, _)| *known == column) {
            Some((_, cells)) => cells.register(self.room),
            None => Register::Empty,
        }
    }

    fn person(&self, column: Column, person: Id, nobody: u8) -> Register<'c> {
        let mut columns = self.chunk.person.iter();
        let Some((_, cells)) = columns.find(|(known, _)| *known == column) else {
            return Register::Empty;
        };
        let node = self.graph.node(person);
        if matches!(node.op, Op::Element(_)) && self.graph.is_of_people(node.space) {
            return cells.register(self.room);
        }
        let person = self.narrow(person);
        match cells {
            Cells::Trit(values) => Register::Trit(values.picked(self.room, person, nobody)),
            Cells::Narrow(values) => Register::Narrow(values.picked(self.room, person)),
            Cells::Wide(values) => Register::Wide(values.picked(self.room, person)),
        }
    }

    fn item(
        &self,
        kind: domain::dictionary::Kind,
        column: ItemColumn,
        element: Id,
    ) -> Register<'c> {
        let items = self.chunk.items(kind);
        let found = items.and_then(|items| items.columns.iter().find(|(c, _)| *c == column));
        let Some((_, cells)) = found else {
            return Register::Empty;
        };
        let native = match self.graph.node(element).op {
            Op::Element(axis) => is_native(self.graph, axis),
            _ => false,
        };
        if native {
            return cells.register(self.room);
        }
        let element = self.narrow(element);
        match cells {
            Cells::Trit(values) => Register::Trit(values.picked(self.room, element, U)),
            Cells::Narrow(values) => Register::Narrow(values.picked(self.room, element)),
            Cells::Wide(values) => Register::Wide(values.picked(self.room, element)),
        }
    }

    /// Makes what [`Run::onto`] reads, unless that is too much.
    fn prepare(&mut self, operand: Id, rest: SpaceId) -> bool {
        let from = self.graph.space_of(operand);
        if !self.make(from) || !self.make(rest) {
            return false;
        }
        if !self.graph.is_of_people(from) {
            self.spaces
                .lift(self.graph, self.chunk, &self.registers, rest, from);
        }
        !self.spaces.overfull
    }

    /// How the lanes of an operand go to the space without its axis.
    fn onto(&self, operand: Id, rest: SpaceId) -> Onto<'_> {
        let from = self.graph.space_of(operand);
        if self.graph.is_of_people(from) {
            return Onto::People {
                len: self.chunk.len,
                people: self.chunk.people,
            };
        }
        let lanes = self.lanes(rest);
        if self.spaces.alike(from) == self.spaces.alike(rest) {
            // One item each: as many lanes as there are, each alone.
            return Onto::People {
                len: lanes,
                people: 1,
            };
        }
        let space = self.spaces.get(from);
        Onto::Index {
            up: self.spaces.lifted(rest, from).unwrap_or(&[]),
            lanes,
            order: space.map_or(Order::Strewn, |space| space.order(rest)),
        }
    }

    fn fold(&mut self, fold: Fold, mask: Id, value: Id, result: SpaceId) -> Register<'c> {
        use Register::{Narrow, Trit, Wide};
        if !self.prepare(mask, result) {
            return Register::Empty;
        }
        let (room, onto) = (self.room, self.onto(mask, result));
        let belongs = self.trits(mask);
        match fold {
            Fold::Any => Trit(folds::any(room, onto, belongs, self.trits(value))),
            Fold::One => Trit(folds::one(room, onto, belongs, self.trits(value))),
            Fold::Holes => Trit(folds::holes(room, onto, belongs, self.trits(value))),
            Fold::Count => Wide(folds::count(room, onto, belongs)),
            Fold::Bits => Wide(folds::bits(room, onto, belongs, self.wide(value))),
            Fold::Sum => {
                let mut over = Vec::new();
                let told = |lane| over.push(lane);
                let sums = folds::sum(room, onto, belongs, self.wide(value), told);
                for lane in over {
                    self.defer(result, lane);
                }
                Wide(sums)
            }
            Fold::Least => match &self.registers[value.0 as usize] {
                Register::Narrow(v) => Narrow(folds::extreme(room, onto, belongs, v, |a, b| a < b)),
                Register::Wide(v) => Wide(folds::extreme(room, onto, belongs, v, |a, b| a < b)),
                _ => Register::Empty,
            },
            Fold::Greatest => match &self.registers[value.0 as usize] {
                Register::Narrow(v) => Narrow(folds::extreme(room, onto, belongs, v, |a, b| a > b)),
                Register::Wide(v) => Wide(folds::extreme(room, onto, belongs, v, |a, b| a > b)),
                _ => Register::Empty,
            },
        }
    }

    fn distinct(&mut self, axis: AxisId, mask: Id, value: Id) -> Register<'c> {
        let from = self.graph.space_of(mask);
        let axes = self.graph.axes_of(from).iter().copied();
        let rest: Vec<AxisId> = axes.filter(|a| *a != axis).collect();
        let rest = self.graph.existing(&rest);
        if !self.prepare(mask, rest) {
            return Register::Empty;
        }
        let lanes = self.lanes(self.graph.space_of(mask));
        let onto = self.onto(mask, rest);
        let belongs = self.trits(mask);
        Register::Trit(match &self.registers[value.0 as usize] {
            Register::Trit(v) => choices::distinct(self.room, onto, belongs, v, lanes),
            Register::Narrow(v) => choices::distinct(self.room, onto, belongs, v, lanes),
            Register::Wide(v) => choices::distinct(self.room, onto, belongs, v, lanes),
            Register::Empty => Lanes::One(U),
        })
    }
}

/// Not known in any lane.
fn unknown(lane: Lane) -> Register<'static> {
    match lane {
        Lane::Trit => Register::Trit(Lanes::One(U)),
        Lane::Narrow => Register::Narrow(Lanes::One(NONE32)),
        Lane::Wide => Register::Wide(Lanes::One(NONE64)),
    }
}
