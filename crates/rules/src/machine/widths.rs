//! Columns in as few bytes as all their values have, read as lanes of their width.

use super::cells::one;
use super::graph::{NONE32, NONE64};
use super::lanes::{Lanes, everywhere, gather};
use super::room::Room;

/// Dates, months, codes and references. Those that lie near each other, as dates of a
/// hundred years do, are held by how far each is beyond the least.
#[derive(Clone, Debug)]
pub(crate) enum Narrow {
    One(i32),
    Beyond(i32, Vec<u16>),
    Each(Vec<i32>),
}

/// Numbers. The least number of a width stands for what is not known.
#[derive(Clone, Debug)]
pub(crate) enum Wide {
    One(i64),
    Bytes(Vec<i8>),
    Halves(Vec<i32>),
    Each(Vec<i64>),
}

/// What is not known, where it is told how far beyond another something is.
const NOWHERE: u16 = u16::MAX;

#[inline(always)]
fn from_beyond(least: i32, beyond: u16) -> i32 {
    if beyond == NOWHERE {
        NONE32
    } else {
        least.wrapping_add(i32::from(beyond))
    }
}

#[inline(always)]
fn from_byte(n: i8) -> i64 {
    if n == i8::MIN { NONE64 } else { i64::from(n) }
}

#[inline(always)]
fn from_half(n: i32) -> i64 {
    if n == NONE32 { NONE64 } else { i64::from(n) }
}

impl Narrow {
    pub(super) fn of(values: Vec<i32>) -> Narrow {
        if let Some(one) = one(&values, NONE32) {
            return Narrow::One(one);
        }
        let known = || values.iter().copied().filter(|n| *n != NONE32);
        let (least, most) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
        if most.abs_diff(least) >= u32::from(NOWHERE) {
            return Narrow::Each(values);
        }
        let beyond = |n: &i32| match *n {
            NONE32 => NOWHERE,
            n => u16::try_from(n.abs_diff(least)).unwrap_or(NOWHERE),
        };
        Narrow::Beyond(least, values.iter().map(beyond).collect())
    }

    pub(super) fn at(&self, lane: usize) -> i32 {
        match self {
            Narrow::One(value) => *value,
            Narrow::Beyond(least, values) => from_beyond(*least, values[lane]),
            Narrow::Each(values) => values[lane],
        }
    }

    pub(super) fn lanes(&self, room: &Room) -> Lanes<'_, i32> {
        match self {
            Narrow::One(value) => Lanes::One(*value),
            Narrow::Beyond(least, values) => {
                let least = *least;
                Lanes::Own(room.fill(values.iter().map(move |n| from_beyond(least, *n))))
            }
            Narrow::Each(values) => Lanes::Column(values),
        }
    }

    /// Values at the lanes an index names.
    pub(super) fn picked(&self, room: &Room, at: &Lanes<'_, i32>) -> Lanes<'static, i32> {
        match self {
            Narrow::One(value) => everywhere(room, *value, at, NONE32),
            Narrow::Beyond(least, values) => {
                let read = |n| from_beyond(*least, n);
                room.settled(gather(room, values, at, NONE32, read))
            }
            Narrow::Each(values) => room.settled(gather(room, values, at, NONE32, |n| n)),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Narrow::One(value) => size_of_val(value),
            Narrow::Beyond(_, values) => size_of_val(values.as_slice()),
            Narrow::Each(values) => size_of_val(values.as_slice()),
        }
    }
}

impl Wide {
    pub(super) fn of(values: Vec<i64>) -> Wide {
        if let Some(one) = one(&values, NONE64) {
            return Wide::One(one);
        }
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

    pub(super) fn lanes(&self, room: &Room) -> Lanes<'_, i64> {
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
            Wide::One(value) => everywhere(room, *value, at, NONE64),
            Wide::Bytes(values) => room.settled(gather(room, values, at, NONE64, from_byte)),
            Wide::Halves(values) => room.settled(gather(room, values, at, NONE64, from_half)),
            Wide::Each(values) => room.settled(gather(room, values, at, NONE64, |n| n)),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Wide::One(value) => size_of_val(value),
            Wide::Bytes(values) => size_of_val(values.as_slice()),
            Wide::Halves(values) => size_of_val(values.as_slice()),
            Wide::Each(values) => size_of_val(values.as_slice()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::lanes::Unknown;
    use crate::machine::level::Level;
    use proptest::prelude::*;

    /// A number at an edge of a width, or beside one, or what is not known.
    fn number() -> impl Strategy<Value = i64> {
        let edges = [i64::from(i8::MIN), i64::from(i8::MAX), i64::from(i32::MIN)];
        let edge = prop::sample::select([&edges[..], &[i64::from(i32::MAX), i64::MAX]].concat());
        let beside = (edge, -2_i64..=2).prop_map(|(edge, by)| edge.saturating_add(by));
        prop_oneof![Just(NONE64), -3_i64..3, beside]
    }

    /// Dates and codes near each other, or far apart, and what is not known.
    fn code() -> impl Strategy<Value = i32> {
        let most = i32::from(NOWHERE);
        let edge = prop::sample::select(vec![0, most - 1, most, NONE32 + 1, i32::MAX]);
        prop_oneof![
            Just(NONE32),
            -3..3,
            (edge, -2..=2).prop_map(|(edge, by)| edge.saturating_add(by))
        ]
    }

    /// What a column of lanes says of each, of those an index names, and of itself.
    fn same<V: Unknown + std::fmt::Debug>(
        values: &[V],
        at: impl Fn(usize) -> V,
        lanes: &Lanes<'_, V>,
        picked: impl Fn(&Lanes<'_, i32>) -> Lanes<'static, V>,
    ) {
        let last = i32::try_from(values.len()).unwrap();
        let index: Vec<i32> = (-1..last).rev().collect();
        let named = picked(&Lanes::Column(&index));
        for (n, value) in values.iter().enumerate() {
            assert_eq!((at(n), lanes.at(n)), (*value, *value));
        }
        for (n, at) in index.iter().enumerate() {
            let value = usize::try_from(*at).map_or(V::UNKNOWN, |at| values[at]);
            assert_eq!(named.at(n), value);
        }
    }

    proptest! {
        #[test]
        fn values_are_what_they_were_however_few_bytes_they_take(
            numbers in prop::collection::vec(number(), 1..6),
            codes in prop::collection::vec(code(), 1..6),
            times in 1_usize..40,
        ) {
            let room = Room::new(Level::widest());
            let (numbers, codes) = (numbers.repeat(times), codes.repeat(times));
            let wide = Wide::of(numbers.clone());
            same(&numbers, |n| wide.at(n), &wide.lanes(&room), |at| wide.picked(&room, at));
            let narrow = Narrow::of(codes.clone());
            same(&codes, |n| narrow.at(n), &narrow.lanes(&room), |at| narrow.picked(&room, at));
        }
    }

    #[test]
    fn values_take_as_few_bytes_as_all_of_them_have() {
        let bytes = |values: &[i64]| Wide::of(values.to_vec()).bytes();
        assert_eq!(bytes(&[7, 7, 7]), size_of::<i64>());
        assert_eq!(bytes(&[NONE64, -127, 127]), 3);
        assert_eq!(bytes(&[NONE64, -128, 127]), 3 * size_of::<i32>());
        assert_eq!(
            bytes(&[NONE64, 0, i64::from(i32::MAX)]),
            3 * size_of::<i32>()
        );
        assert_eq!(bytes(&[0, 1, i64::from(i32::MIN)]), 3 * size_of::<i64>());
        let bytes = |values: &[i32]| Narrow::of(values.to_vec()).bytes();
        assert_eq!(bytes(&[7, 7, 7]), size_of::<i32>());
        let most = i32::from(NOWHERE);
        assert_eq!(bytes(&[NONE32, -5, most - 6]), 3 * size_of::<u16>());
        assert_eq!(bytes(&[NONE32, -5, most - 5]), 3 * size_of::<i32>());
        assert_eq!(bytes(&[i32::MAX, NONE32 + 1, 0]), 3 * size_of::<i32>());
    }
}
