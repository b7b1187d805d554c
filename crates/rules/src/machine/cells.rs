//! Columns of a chunk: a value per lane, or one value for all of them.

use super::graph::{Lane, NONE32, NONE64, U};
use super::lanes::{Lanes, Register, everywhere, gather};
use super::quarters::Quarters;
use super::room::{Room, same};
use super::widths::{Narrow, Wide};

/// One column.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Trit(Trits),
    Narrow(Narrow),
    Wide(Wide),
}

/// Truth values of a column. What is the same for all of a chunk is held once, and
/// operations compute with it once.
#[derive(Clone, Debug)]
pub(crate) enum Trits {
    One(u8),
    Each(Vec<u8>),
    Packed(Quarters),
}

/// The one value of a column whose lanes are all the same. A column without lanes is
/// as good as one of what is not known.
pub(super) fn one<V: Copy + PartialEq>(values: &[V], unknown: V) -> Option<V> {
    if values.is_empty() {
        return Some(unknown);
    }
    same(values)
}

impl Trits {
    fn of(values: Vec<u8>) -> Trits {
        one(&values, U).map_or(Trits::Each(values), Trits::One)
    }

    /// In as few bytes as they have: for what is read less often than facts are.
    fn packed(self) -> Trits {
        match &self {
            Trits::Each(values) => Quarters::of(values).map_or(self, Trits::Packed),
            Trits::One(_) | Trits::Packed(_) => self,
        }
    }

    pub(super) fn at(&self, lane: usize) -> u8 {
        match self {
            Trits::One(value) => *value,
            Trits::Each(values) => values[lane],
            Trits::Packed(values) => values.at(lane),
        }
    }

    fn lanes(&self, room: &Room) -> Lanes<'_, u8> {
        match self {
            Trits::One(value) => Lanes::One(*value),
            Trits::Each(values) => Lanes::Column(values),
            Trits::Packed(values) => values.lanes(room),
        }
    }

    /// Values at the lanes an index names; `none` where it names none.
    pub(super) fn picked(&self, room: &Room, at: &Lanes<'_, i32>, none: u8) -> Lanes<'static, u8> {
        match self.lanes(room).slice() {
            Ok(values) => room.settled(gather(room, values, at, none, |trit| trit)),
            Err(value) => everywhere(room, value, at, none),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Trits::One(_) => size_of::<u8>(),
            Trits::Each(values) => values.len(),
            Trits::Packed(values) => values.bytes(),
        }
    }
}

/// Lanes that an operation made.
fn made<V: Copy>(lanes: &Lanes<'_, V>) -> Vec<V> {
    lanes
        .slice()
        .map_or_else(|value| vec![value], <[V]>::to_vec)
}

impl Cells {
    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Cells::Trit(column) => column.bytes(),
            Cells::Narrow(column) => column.bytes(),
            Cells::Wide(column) => column.bytes(),
        }
    }

    /// What an operation came to.
    pub(super) fn of(register: &Register<'_>) -> Cells {
        match register {
            Register::Trit(lanes) => Cells::Trit(Trits::of(made(lanes)).packed()),
            Register::Narrow(lanes) => Cells::Narrow(Narrow::of(made(lanes))),
            Register::Wide(lanes) => Cells::Wide(Wide::of(made(lanes))),
            // Read as what is not known, as the register itself is.
            Register::Empty => Cells::Trit(Trits::One(U)),
        }
    }

    /// As an operation reads it.
    pub(super) fn register(&self, room: &Room) -> Register<'_> {
        match self {
            Cells::Trit(column) => Register::Trit(column.lanes(room)),
            Cells::Narrow(column) => Register::Narrow(column.lanes(room)),
            Cells::Wide(column) => Register::Wide(column.lanes(room)),
        }
    }

    pub(super) fn lane(&self) -> Lane {
        match self {
            Cells::Trit(_) => Lane::Trit,
            Cells::Narrow(_) => Lane::Narrow,
            Cells::Wide(_) => Lane::Wide,
        }
    }
}

/// A column in the making.
#[derive(Debug)]
pub(super) enum Filling {
    Trit(Vec<u8>),
    Narrow(Vec<i32>),
    Wide(Vec<i64>),
}

impl Filling {
    pub(super) fn new(lane: Lane, room: usize) -> Filling {
        match lane {
            Lane::Trit => Filling::Trit(Vec::with_capacity(room)),
            Lane::Narrow => Filling::Narrow(Vec::with_capacity(room)),
            Lane::Wide => Filling::Wide(Vec::with_capacity(room)),
        }
    }

    pub(super) fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Filling::Trit(column), Cell::Trit(value)) => column.push(value),
            (Filling::Narrow(column), Cell::Narrow(value)) => column.push(value),
            (Filling::Wide(column), Cell::Wide(value)) => column.push(value),
            (Filling::Trit(column), _) => column.push(U),
            (Filling::Narrow(column), _) => column.push(NONE32),
            (Filling::Wide(column), _) => column.push(NONE64),
        }
    }

    pub(super) fn done(self) -> Cells {
        match self {
            Filling::Trit(column) => Cells::Trit(Trits::of(column)),
            Filling::Narrow(column) => Cells::Narrow(Narrow::of(column)),
            Filling::Wide(column) => Cells::Wide(Wide::of(column)),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Trit(u8),
    Narrow(i32),
    Wide(i64),
    Unknown,
}
