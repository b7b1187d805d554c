//! Columns of a chunk: a value per lane, or one value for all of them.

use super::graph::{Lane, NONE32, NONE64, U};
use super::lanes::{Lanes, Register, map};
use super::room::{Room, same};

/// One column.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Trit(Held<u8>),
    Narrow(Held<i32>),
    Wide(Wide),
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

    fn made(lanes: &Lanes<'_, V>, unknown: V) -> Held<V> {
        match lanes.slice() {
            Ok(values) => Held::of(values.to_vec(), unknown),
            Err(value) => Held::One(value),
        }
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

/// Numbers of a column, in as few bytes as all of them have. The least number of
/// a width stands for what is not known.
#[derive(Clone, Debug)]
pub(crate) enum Wide {
    One(i64),
    Bytes(Vec<i8>),
    Halves(Vec<i32>),
    Each(Vec<i64>),
}

#[inline]
fn from_byte(n: i8) -> i64 {
    if n == i8::MIN { NONE64 } else { i64::from(n) }
}

#[inline]
fn from_half(n: i32) -> i64 {
    if n == NONE32 { NONE64 } else { i64::from(n) }
}

impl Wide {
    fn of(values: Vec<i64>) -> Wide {
        let values = match Held::of(values, NONE64) {
            Held::One(value) => return Wide::One(value),
            Held::Each(values) => values,
        };
        let known = || values.iter().copied().filter(|n| *n != NONE64);
        let (least, most) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
        // None of them is the number that stands for what is not known.
        if least > i64::from(i8::MIN) && most <= i64::from(i8::MAX) {
            let byte = |n: &i64| i8::try_from(*n).unwrap_or(i8::MIN);
            return Wide::Bytes(values.iter().map(byte).collect());
        }
        if least > i64::from(NONE32) && most <= i64::from(i32::MAX) {
            let half = |n: &i64| i32::try_from(*n).unwrap_or(NONE32);
            return Wide::Halves(values.iter().map(half).collect());
        }
        Wide::Each(values)
    }

    pub(super) fn at(&self, lane: usize) -> i64 {
        match self {
            Wide::One(value) => *value,
            Wide::Bytes(values) => from_byte(values[lane]),
            Wide::Halves(values) => from_half(values[lane]),
            Wide::Each(values) => values[lane],
        }
    }

    fn lanes(&self, room: &Room) -> Lanes<'_, i64> {
        match self {
            Wide::One(value) => Lanes::One(*value),
            Wide::Bytes(values) => Lanes::Own(room.fill(values.iter().map(|n| from_byte(*n)))),
            Wide::Halves(values) => Lanes::Own(room.fill(values.iter().map(|n| from_half(*n)))),
            Wide::Each(values) => Lanes::Column(values),
        }
    }

    /// Values at the lanes an index names.
    pub(super) fn picked(&self, room: &Room, at: &Lanes<'_, i32>) -> Lanes<'static, i64> {
        match self {
            Wide::One(NONE64) => Lanes::One(NONE64),
            Wide::One(value) => map(room, at, |at| if at < 0 { NONE64 } else { *value }),
            Wide::Bytes(values) => named(room, values, at, from_byte),
            Wide::Halves(values) => named(room, values, at, from_half),
            Wide::Each(values) => named(room, values, at, |n| n),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Wide::One(value) => size_of_val(value),
            Wide::Bytes(values) => size_of_val(values.as_slice()),
            Wide::Halves(values) => size_of_val(values.as_slice()),
            Wide::Each(values) => size_of_val(values.as_slice()),
        }
    }
}

fn named<V: Copy>(
    room: &Room,
    values: &[V],
    at: &Lanes<'_, i32>,
    widened: impl Fn(V) -> i64,
) -> Lanes<'static, i64> {
    room.settled(map(room, at, |at| {
        let at = usize::try_from(at).ok();
        let value = at.and_then(|at| values.get(at));
        value.map_or(NONE64, |value| widened(*value))
    }))
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
            Register::Trit(lanes) => Cells::Trit(Held::made(lanes, U)),
            Register::Narrow(lanes) => Cells::Narrow(Held::made(lanes, NONE32)),
            Register::Wide(Lanes::One(value)) => Cells::Wide(Wide::One(*value)),
            Register::Wide(lanes) => Cells::Wide(Wide::of(
                lanes.slice().map_or_else(|n| vec![n], <[i64]>::to_vec),
            )),
            // Read as what is not known, as the register itself is.
            Register::Empty => Cells::Trit(Held::One(U)),
        }
    }

    /// As an operation reads it.
    pub(super) fn register(&self, room: &Room) -> Register<'_> {
        match self {
            Cells::Trit(column) => Register::Trit(column.lanes()),
            Cells::Narrow(column) => Register::Narrow(column.lanes()),
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
            Filling::Trit(column) => Cells::Trit(Held::of(column, U)),
            Filling::Narrow(column) => Cells::Narrow(Held::of(column, NONE32)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::level::Level;
    use proptest::prelude::*;

    /// Numbers at the edges of every width, and what is not known.
    fn number() -> impl Strategy<Value = i64> {
        let edges = [i64::from(i8::MIN), i64::from(i8::MAX), i64::from(i32::MIN)];
        let edge = prop::sample::select([&edges[..], &[i64::from(i32::MAX), i64::MAX]].concat());
        let beside = (edge, -2_i64..=2).prop_map(|(edge, by)| edge.saturating_add(by));
        prop_oneof![Just(NONE64), -3_i64..3, beside]
    }

    proptest! {
        #[test]
        fn numbers_are_what_they_were_however_few_bytes_they_take(
            few in prop::collection::vec(number(), 1..6),
            times in 1_usize..40,
        ) {
            let values = few.repeat(times);
            let room = Room::new(Level::widest());
            let held = Wide::of(values.clone());
            let lanes = held.lanes(&room);
            let last = i32::try_from(values.len()).unwrap();
            let at: Vec<i32> = (-1..=last).rev().collect();
            let picked = held.picked(&room, &Lanes::Column(&at));
            for (n, value) in values.iter().enumerate() {
                prop_assert_eq!(held.at(n), *value);
                prop_assert_eq!(lanes.at(n), *value);
            }
            for (n, at) in at.iter().enumerate() {
                let at = usize::try_from(*at).ok();
                let value = at.and_then(|at| values.get(at)).copied();
                // One value stands for every lane there is.
                let beyond = matches!(held, Wide::One(_)) && at.is_some();
                prop_assert!(beyond || picked.at(n) == value.unwrap_or(NONE64));
            }
        }
    }

    #[test]
    fn numbers_take_as_few_bytes_as_all_of_them_have() {
        let bytes = |values: &[i64]| Wide::of(values.to_vec()).bytes();
        assert_eq!(bytes(&[7, 7, 7]), size_of::<i64>());
        assert_eq!(bytes(&[NONE64, -127, 127]), 3);
        assert_eq!(bytes(&[NONE64, -128, 127]), 3 * size_of::<i32>());
        assert_eq!(
            bytes(&[NONE64, 0, i64::from(i32::MAX)]),
            3 * size_of::<i32>()
        );
        assert_eq!(bytes(&[0, 1, i64::from(i32::MIN)]), 3 * size_of::<i64>());
    }
}
