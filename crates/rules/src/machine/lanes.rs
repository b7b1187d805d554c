//! Registers and the loops over them. Every loop is one plain pass over slices
//! of equal length, so that the compiler can work on many lanes at once.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::rc::Rc;

use super::graph::{F, NONE32, NONE64, T, U};
use super::room::{Lane, Room};

/// Values of one operation: the same for every lane, made here, or a column.
/// What was made is shared with operations that change nothing of it.
#[derive(Clone, Debug)]
pub(crate) enum Lanes<'c, V> {
    One(V),
    Own(Rc<Vec<V>>),
    Column(&'c [V]),
}

impl<V: Copy> Lanes<'_, V> {
    pub(crate) fn slice(&self) -> Result<&[V], V> {
        match self {
            Lanes::One(value) => Err(*value),
            Lanes::Own(values) => Ok(values),
            Lanes::Column(values) => Ok(values),
        }
    }

    pub(crate) fn at(&self, lane: usize) -> V {
        match self {
            Lanes::One(value) => *value,
            Lanes::Own(values) => values[lane],
            Lanes::Column(values) => values[lane],
        }
    }
}

/// A register.
#[derive(Debug)]
pub(crate) enum Register<'c> {
    Trit(Lanes<'c, u8>),
    Narrow(Lanes<'c, i32>),
    Wide(Lanes<'c, i64>),
    Empty,
}

impl<'c> Register<'c> {
    /// The same lanes, shared.
    pub(crate) fn again(&self) -> Register<'c> {
        match self {
            Register::Trit(lanes) => Register::Trit(lanes.clone()),
            Register::Narrow(lanes) => Register::Narrow(lanes.clone()),
            Register::Wide(lanes) => Register::Wide(lanes.clone()),
            Register::Empty => Register::Empty,
        }
    }
}

/// A value with a mark for not being known.
pub(crate) trait Unknown: Lane + PartialEq + PartialOrd {
    const UNKNOWN: Self;
}

impl Unknown for u8 {
    const UNKNOWN: u8 = U;
}

impl Unknown for i32 {
    const UNKNOWN: i32 = NONE32;
}

impl Unknown for i64 {
    const UNKNOWN: i64 = NONE64;
}

/// One operand.
#[inline]
pub(crate) fn map<A: Copy, R: Lane>(
    room: &Room,
    a: &Lanes<'_, A>,
    f: impl Fn(A) -> R,
) -> Lanes<'static, R> {
    match a.slice() {
        Err(a) => Lanes::One(f(a)),
        Ok(a) => Lanes::Own(room.fill(a.iter().map(|a| f(*a)))),
    }
}

/// Two operands of one space.
#[inline]
pub(crate) fn zip<A: Copy, B: Copy, R: Lane>(
    room: &Room,
    a: &Lanes<'_, A>,
    b: &Lanes<'_, B>,
    f: impl Fn(A, B) -> R,
) -> Lanes<'static, R> {
    match (a.slice(), b.slice()) {
        (Err(a), Err(b)) => Lanes::One(f(a, b)),
        (Ok(a), Err(b)) => Lanes::Own(room.fill(a.iter().map(|a| f(*a, b)))),
        (Err(a), Ok(b)) => Lanes::Own(room.fill(b.iter().map(|b| f(a, *b)))),
        (Ok(a), Ok(b)) => {
            let both = a.iter().zip(b);
            Lanes::Own(room.fill(both.map(|(a, b)| f(*a, *b))))
        }
    }
}

#[inline]
pub(crate) const fn trit(yes: bool) -> u8 {
    if yes { T } else { F }
}

/// A comparison, unknown where an operand is.
#[inline]
pub(crate) fn compared<V: Unknown>(
    room: &Room,
    a: &Lanes<'_, V>,
    b: &Lanes<'_, V>,
    f: impl Fn(V, V) -> bool,
) -> Lanes<'static, u8> {
    if is_unknown(a) || is_unknown(b) {
        return Lanes::One(U);
    }
    let compared = zip(room, a, b, |a, b| {
        let unknown = (a == V::UNKNOWN) | (b == V::UNKNOWN);
        if unknown { U } else { trit(f(a, b)) }
    });
    room.settled(compared)
}

/// Whether no lane is known.
#[inline]
pub(crate) fn is_unknown<V: Unknown>(a: &Lanes<'_, V>) -> bool {
    matches!(a, Lanes::One(value) if *value == V::UNKNOWN)
}

#[inline]
pub(crate) fn known<V: Unknown>(room: &Room, a: &Lanes<'_, V>) -> Lanes<'static, u8> {
    room.settled(map(room, a, |a| trit(a != V::UNKNOWN)))
}

/// Values at the lanes an index names, as they are read; `none` where it names none.
#[inline]
pub(crate) fn gather<V: Copy, R: Lane>(
    room: &Room,
    values: &[V],
    index: &Lanes<'_, i32>,
    none: R,
    read: impl Fn(V) -> R,
) -> Lanes<'static, R> {
    map(room, index, |at| {
        let value = usize::try_from(at).ok().and_then(|at| values.get(at));
        value.map_or(none, |value| read(*value))
    })
}

/// A value that is the same for all, where an index names anybody; else `none`.
pub(crate) fn everywhere<V: Lane>(
    room: &Room,
    value: V,
    index: &Lanes<'_, i32>,
    none: V,
) -> Lanes<'static, V> {
    if value == none {
        return Lanes::One(none);
    }
    map(room, index, |at| if at < 0 { none } else { value })
}

/// Values of the smaller space for each lane of the larger.
#[inline]
pub(crate) fn spread<V: Lane>(room: &Room, values: &Lanes<'_, V>, up: &[u32]) -> Lanes<'static, V> {
    match values.slice() {
        Err(one) => Lanes::One(one),
        Ok(values) => Lanes::Own(room.fill(up.iter().map(|at| values[*at as usize]))),
    }
}

/// Values of households for each of their people: every person of all
/// households in turn, so no index is needed.
#[inline]
pub(crate) fn repeated<V: Lane>(
    room: &Room,
    values: &Lanes<'_, V>,
    people: usize,
) -> Lanes<'static, V> {
    match values.slice() {
        Err(one) => Lanes::One(one),
        Ok(values) => Lanes::Own(room.repeated(values, people)),
    }
}
