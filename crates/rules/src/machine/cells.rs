//! Columns of a chunk: a value per lane, or one value for all of them.

use super::graph::{Lane, NONE32, NONE64, U};
use super::lanes::{Lanes, Register};
use super::room::same;

/// One column.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Trit(Held<u8>),
    Narrow(Held<i32>),
    Wide(Held<i64>),
}

/// Values of a column. What is the same for all of a chunk is held once, and
/// operations compute with it once.
#[derive(Clone, Debug)]
pub(crate) enum Held<V> {
    One(V),
    Each(Vec<V>),
}

impl<V: Copy + PartialEq> Held<V> {
    /// A column without lanes is as good as one of what is not known.
    fn of(values: Vec<V>, unknown: V) -> Held<V> {
        if values.is_empty() {
            return Held::One(unknown);
        }
        same(&values).map_or(Held::Each(values), Held::One)
    }

    pub(super) fn at(&self, lane: usize) -> V {
        match self {
            Held::One(value) => *value,
            Held::Each(values) => values[lane],
        }
    }

    pub(super) fn lanes(&self) -> Lanes<'_, V> {
        match self {
            Held::One(value) => Lanes::One(*value),
            Held::Each(values) => Lanes::Column(values),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Held::One(_) => size_of::<V>(),
            Held::Each(values) => size_of_val(values.as_slice()),
        }
    }
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

    /// As an operation reads it.
    pub(super) fn register(&self) -> Register<'_> {
        match self {
            Cells::Trit(column) => Register::Trit(column.lanes()),
            Cells::Narrow(column) => Register::Narrow(column.lanes()),
            Cells::Wide(column) => Register::Wide(column.lanes()),
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
            Filling::Trit(column) => Cells::Trit(Held::of(column, U)),
            Filling::Narrow(column) => Cells::Narrow(Held::of(column, NONE32)),
            Filling::Wide(column) => Cells::Wide(Held::of(column, NONE64)),
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
