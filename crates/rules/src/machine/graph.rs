//! The program of a policy set: one graph of typed operations in which equal
//! work stands once, whichever policies ask for it.
//!
//! Every operation yields one value per lane of a *space*. The empty space has a
//! lane per household; an axis multiplies it, by the people of the household or
//! by the items of a list. An operation lies in the smallest space it depends
//! on, so what is the same for a household is computed once for it.

use std::collections::BTreeMap;

use domain::dictionary::{FieldId, Kind};

use crate::expr::Relation;

/// An operation of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub(crate) u32);

/// An axis of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AxisId(pub(crate) u16);

/// A space of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpaceId(pub(crate) u16);

/// A lane per household.
pub(crate) const HOUSEHOLDS: SpaceId = SpaceId(0);
/// The people of the household; the first axis of every graph.
pub(crate) const PEOPLE: AxisId = AxisId(0);

/// False, unknown, true: conjunction is the lesser, disjunction the greater.
pub(crate) const F: u8 = 0;
/// Unknown.
pub(crate) const U: u8 = 1;
/// True.
pub(crate) const T: u8 = 2;
/// Unknown in a narrow lane; no value of any field has it.
pub(crate) const NONE32: i32 = i32::MIN;
/// Unknown in a wide lane; such an amount is not taken into columns.
pub(crate) const NONE64: i64 = i64::MIN;

/// How wide a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// A truth value, or the signs of several.
    Trit,
    /// Dates, months, codes, references.
    Narrow,
    /// Numbers, fen, divisions.
    Wide,
}

/// What a column holds one value of per lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    /// A field of the one item of a kind.
    Field(FieldId),
    /// Whether there is an item of a kind.
    Has(Kind),
    /// Unknown where there may be more items of a kind than are known.
    Open(Kind),
    /// Of a person: lives together in the household.
    Member,
    /// Of a person: in how many households.
    Households,
    /// Of a person: unknown where rows of payment could not be read.
    PaidOpen,
    /// Of a household: there may be more people than are known.
    MorePeople,
    /// Of a household: whom it is called after.
    Head,
    /// Of a household: 户籍地.
    Hukou,
    /// Of a household: 居住地.
    Residence,
    /// Of a household: its own number.
    Unit,
    /// Of a household: it is a person without one.
    Alone,
    /// Of a household: the latest covered month of a payment item.
    CoveredMonth(i32),
}

/// What an item has beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ItemColumn {
    /// A field.
    Field(FieldId),
    /// Number of its source.
    Source,
    /// When it was told.
    ToldOn,
    /// Its place among all of its list by revision and key.
    Rank,
}

/// Whose items an axis runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AxisKind {
    /// The people of a household, lane by lane.
    People,
    /// Items of a kind of the person an operation refers to.
    OfPerson(Kind, Id),
    /// Items of a kind of the household.
    OfHousehold(Kind),
    /// Items of a kind of all its people.
    OfAll(Kind),
}

/// An axis with the space its lists lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Axis {
    pub(crate) kind: AxisKind,
    pub(crate) base: SpaceId,
    /// A list that is walked inside a walk of itself has an axis for each.
    pub(crate) again: u16,
}

/// Sums, counts and choices over one axis. `mask` says which lanes belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fold {
    /// The greatest truth value.
    Any,
    /// Exactly one is true.
    One,
    /// How many belong.
    Count,
    /// The sum of what belongs.
    Sum,
    /// The least.
    Least,
    /// The greatest.
    Greatest,
    /// All bits.
    Bits,
    /// Unknown unless it is known of every lane whether it belongs, and what
    /// belongs is known; false otherwise.
    Holes,
}

/// An operation. Operands lie in the operation's own space unless it folds,
/// lifts or gathers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Op {
    Trit(u8),
    Narrow(i32),
    Wide(i64),
    /// The date of the run.
    On,
    /// A parameter where the household is: a number or what is above the line
    /// of a fraction.
    Param(String),
    /// What is below the line.
    ParamBelow(String),
    /// Whether a code is among those of a parameter.
    InParam(Id, String),
    /// A column of the household.
    Household(Column),
    /// A column of the person an operand refers to; the trit where nobody.
    Person(Column, Id, u8),
    /// A column of the item an operand refers to.
    Item(Kind, ItemColumn, Id),
    /// A truth value of every person of the household, of the person an operand
    /// refers to; unknown where nobody.
    OfPerson(Id, Id),
    /// Which element of its axis a lane is.
    Element(AxisId),
    /// An operand of a smaller space in this one.
    Lift(Id, SpaceId),
    Not(Id),
    And(Id, Id),
    Or(Id, Id),
    /// True only where true.
    Certain(Id),
    /// Whether a value is known.
    Known(Id),
    /// The first, unknown where the second is not false.
    Unless(Id, Id),
    /// `Less`, `LessOrEqual` and `Equal`; the rest is negation and exchange.
    Compare(Relation, Id, Id),
    Add(Id, Id, Overflow),
    Subtract(Id, Id, Overflow),
    Multiply(Id, Id, Overflow),
    /// What is above the line, its sign changed where what is below is negative.
    Above(Id, Id),
    /// What is below the line, positive; unknown where it is nought.
    Below(Id),
    Choose(Id, Id, Id),
    MonthOf(Id),
    MonthsMoved(Id, Id),
    DateByMonths(Id, Id),
    DateByDays(Id, Id),
    MonthsBetween(Id, Id),
    DaysBetween(Id, Id),
    AgeOn(Id, Id),
    /// By which day somebody was born who on a day is so many years old, or older
    /// still.
    BornBy(Id, Id, Years),
    WeekOf(Id),
    WeeksBetween(Id, Id),
    Remainder(Id, Id),
    /// One bit per small number.
    Bit(Id),
    /// How many bits.
    Bits(Id),
    /// None: no. At least as many as the second: yes. Fewer: not known.
    Confirmed(Id, Id),
    /// The signs that the gate and the scope of a policy begin with.
    Signs(Id, Id),
    /// Signs with those of one more truth value: of false, unknown and true.
    Signed(Id, Id, [u8; 3]),
    /// Over an axis: mask, value, from their space to the operation's own.
    Fold(Fold, AxisId, Id, Id),
    /// The element that belongs and ranks highest.
    Newest(AxisId, Id, Id, Id),
    /// The mask without repetitions of the value.
    Distinct(AxisId, Id, Id),
}

/// How many years an age is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Years {
    /// So many, or more.
    AtLeast,
    /// More than so many.
    Beyond,
}

/// What an amount that does not fit becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Overflow {
    /// Unknown, as the language has it for whole numbers.
    Unknown,
    /// The household is left to the interpreter, whose amounts are wider.
    Defer,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) lane: Lane,
    pub(crate) space: SpaceId,
    pub(crate) moves: Moves,
}

/// What can make an operation another value beside the facts; the greater, the more
/// often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moves {
    Never,
    /// A parameter.
    WithParameters,
    /// The date, and maybe a parameter.
    WithDate,
}

/// The graph.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) axes: Vec<Axis>,
    /// Axes of each space, ascending.
    pub(crate) spaces: Vec<Vec<AxisId>>,
    known: BTreeMap<Op, Id>,
}

impl Graph {
    pub(crate) fn new() -> Graph {
        let people = Axis {
            kind: AxisKind::People,
            base: HOUSEHOLDS,
            again: 0,
        };
        Graph {
            nodes: Vec::new(),
            axes: vec![people],
            spaces: vec![Vec::new()],
            known: BTreeMap::new(),
        }
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(crate) fn space_of(&self, id: Id) -> SpaceId {
        self.node(id).space
    }

    /// The space of some axes and of all they depend on.
    pub(crate) fn space(&mut self, axes: impl IntoIterator<Item = AxisId>) -> SpaceId {
        let mut set: Vec<AxisId> = axes.into_iter().collect();
        set.sort_unstable();
        set.dedup();
        let found = self.spaces.iter().position(|known| *known == set);
        let index = found.unwrap_or_else(|| {
            // A space is made of the one without its last axis.
            if let Some((_, below)) = set.split_last() {
                self.space(below.to_vec());
            }
            self.spaces.push(set);
            self.spaces.len() - 1
        });
        SpaceId(u16::try_from(index).expect("a space per list: policies are bounded"))
    }

    /// The space of exactly these axes, made when a larger one was.
    pub(crate) fn existing(&self, axes: &[AxisId]) -> SpaceId {
        let index = self.spaces.iter().position(|known| known == axes);
        let index = index.expect("a fold's and a larger space's remainder are made with it");
        SpaceId(u16::try_from(index).expect("a space per list: policies are bounded"))
    }

    pub(crate) fn join(&mut self, a: SpaceId, b: SpaceId) -> SpaceId {
        if a == b {
            return a;
        }
        let axes = self.axes_of(a).iter().chain(self.axes_of(b)).copied();
        let axes: Vec<AxisId> = axes.collect();
        self.space(axes)
    }

    pub(crate) fn axes_of(&self, space: SpaceId) -> &[AxisId] {
        &self.spaces[usize::from(space.0)]
    }

    /// Whether lanes of a space are the people of all households in turn, one of
    /// each after the other: a walk over them inside a walk over them, too.
    pub(crate) fn is_of_people(&self, space: SpaceId) -> bool {
        match self.axes_of(space) {
            [axis] => self.axis(*axis).kind == AxisKind::People,
            _ => false,
        }
    }

    /// The space without an axis.
    pub(crate) fn without(&mut self, space: SpaceId, axis: AxisId) -> SpaceId {
        let axes = self.axes_of(space).iter().copied().filter(|a| *a != axis);
        let axes: Vec<AxisId> = axes.collect();
        self.space(axes)
    }

    pub(crate) fn axis(&self, axis: AxisId) -> Axis {
        self.axes[usize::from(axis.0)]
    }

    pub(crate) fn add_axis(&mut self, axis: Axis) -> AxisId {
        let found = self.axes.iter().position(|known| *known == axis);
        let index = found.unwrap_or_else(|| {
            self.axes.push(axis);
            self.axes.len() - 1
        });
        AxisId(u16::try_from(index).expect("an axis per list: policies are bounded"))
    }

    /// The space an axis spans: its base and itself.
    pub(crate) fn spanned(&mut self, axis: AxisId) -> SpaceId {
        let base = self.axis(axis).base;
        let axes = self.axes_of(base).iter().copied().chain([axis]);
        let axes: Vec<AxisId> = axes.collect();
        self.space(axes)
    }

    pub(crate) fn push(&mut self, op: Op, lane: Lane, space: SpaceId) -> Id {
        if let Some(id) = self.known.get(&op) {
            return *id;
        }
        let id = Id(u32::try_from(self.nodes.len()).expect("policies are bounded"));
        let moves = self.moves(&op, space);
        self.known.insert(op.clone(), id);
        self.nodes.push(Node {
            op,
            lane,
            space,
            moves,
        });
        id
    }

    fn moves(&self, op: &Op, space: SpaceId) -> Moves {
        let mut moves = match op {
            Op::On => Moves::WithDate,
            op if op.reads_parameters() => Moves::WithParameters,
            _ => Moves::Never,
        };
        op.operands(|id| moves = moves.max(self.node(id).moves));
        // Lists of whom a moving operation refers to move with it.
        for axis in self.axes_of(space) {
            if let AxisKind::OfPerson(_, person) = self.axis(*axis).kind {
                moves = moves.max(self.node(person).moves);
            }
        }
        moves
    }

    /// The operand in a space that includes its own.
    pub(crate) fn lift(&mut self, id: Id, space: SpaceId) -> Id {
        let node = self.node(id);
        if node.space == space {
            return id;
        }
        let lane = node.lane;
        self.push(Op::Lift(id, space), lane, space)
    }
}

impl Op {
    /// Whether it is what a parameter is where the household is.
    pub(crate) fn reads_parameters(&self) -> bool {
        matches!(self, Op::Param(_) | Op::ParamBelow(_) | Op::InParam(..))
    }

    /// Calls with every operation this one reads.
    pub(crate) fn operands(&self, mut f: impl FnMut(Id)) {
        match self {
            Op::Trit(_)
            | Op::Narrow(_)
            | Op::Wide(_)
            | Op::On
            | Op::Param(_)
            | Op::ParamBelow(_)
            | Op::Household(_)
            | Op::Element(_) => {}
            Op::InParam(a, _)
            | Op::Person(_, a, _)
            | Op::Item(_, _, a)
            | Op::Lift(a, _)
            | Op::Not(a)
            | Op::Certain(a)
            | Op::Known(a)
            | Op::Below(a)
            | Op::MonthOf(a)
            | Op::WeekOf(a)
            | Op::Bit(a)
            | Op::Bits(a) => f(*a),
            Op::And(a, b)
            | Op::Or(a, b)
            | Op::Unless(a, b)
            | Op::Compare(_, a, b)
            | Op::Add(a, b, _)
            | Op::Subtract(a, b, _)
            | Op::Multiply(a, b, _)
            | Op::Above(a, b)
            | Op::MonthsMoved(a, b)
            | Op::DateByMonths(a, b)
            | Op::DateByDays(a, b)
            | Op::MonthsBetween(a, b)
            | Op::DaysBetween(a, b)
            | Op::AgeOn(a, b)
            | Op::BornBy(a, b, _)
            | Op::WeeksBetween(a, b)
            | Op::Remainder(a, b)
            | Op::Confirmed(a, b)
            | Op::Signs(a, b)
            | Op::Signed(a, b, _)
            | Op::OfPerson(a, b)
            | Op::Fold(_, _, a, b)
            | Op::Distinct(_, a, b) => [*a, *b].into_iter().for_each(f),
            Op::Choose(a, b, c) | Op::Newest(_, a, b, c) => [*a, *b, *c].into_iter().for_each(f),
        }
    }
}
