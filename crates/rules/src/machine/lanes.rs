//! Registers and the loops over them. Every loop is one plain pass over slices
//! of equal length, so that the compiler can work on many lanes at once.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use super::graph::{F, NONE32, NONE64, T, U};
use super::room::{Lane, Room};

/// Values of one operation: the same for every lane, made here, or a column.
#[derive(Debug)]
pub(crate) enum Lanes<'c, V> {
    One(V),
    Own(Vec<V>),
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
    mut f: impl FnMut(A, B) -> R,
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
    zip(room, a, b, |a, b| {
        let unknown = (a == V::UNKNOWN) | (b == V::UNKNOWN);
        if unknown { U } else { trit(f(a, b)) }
    })
}

#[inline]
pub(crate) fn known<V: Unknown>(room: &Room, a: &Lanes<'_, V>) -> Lanes<'static, u8> {
    map(room, a, |a| trit(a != V::UNKNOWN))
}

/// The first where the flag is false, unknown elsewhere.
#[inline]
pub(crate) fn unless<V: Unknown>(
    room: &Room,
    a: &Lanes<'_, V>,
    flag: &Lanes<'_, u8>,
) -> Lanes<'static, V> {
    let pick = |a: V, flag: u8| if flag == F { a } else { V::UNKNOWN };
    zip(room, a, flag, pick)
}

/// The same loop for a value of each lane and for one that is the same for all:
/// which it is is asked once, not in every lane.
macro_rules! each {
    ($lanes:expr, $count:expr, |$iter:ident| $body:expr) => {
        match $lanes.slice() {
            Ok(values) => {
                let $iter = values.iter().copied();
                $body
            }
            Err(value) => {
                let $iter = std::iter::repeat_n(value, $count);
                $body
            }
        }
    };
}

/// One of two values; both are there, so that no lane branches.
#[inline]
pub(crate) fn choose<V: Unknown>(
    room: &Room,
    when: &Lanes<'_, u8>,
    then: &Lanes<'_, V>,
    other: &Lanes<'_, V>,
    lanes: usize,
) -> Lanes<'static, V> {
    let pick = |when: u8, then: V, other: V| {
        let known = if when == T { then } else { other };
        if when == U { V::UNKNOWN } else { known }
    };
    if let (Err(when), Err(then), Err(other)) = (when.slice(), then.slice(), other.slice()) {
        return Lanes::One(pick(when, then, other));
    }
    let chosen = each!(when, lanes, |when| each!(then, lanes, |then| each!(
        other,
        lanes,
        |other| {
            let all = when.zip(then).zip(other);
            room.fill(all.map(|((when, then), other)| pick(when, then, other)))
        }
    )));
    Lanes::Own(chosen)
}

/// Values at the lanes an index names; the default where it names none.
#[inline]
pub(crate) fn gather<V: Lane>(
    room: &Room,
    values: &[V],
    index: &Lanes<'_, i32>,
    default: V,
) -> Lanes<'static, V> {
    map(room, index, |at| {
        let at = usize::try_from(at).ok();
        at.and_then(|at| values.get(at)).copied().unwrap_or(default)
    })
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

/// Whole numbers; lanes that do not fit become unknown and are told.
#[inline]
pub(crate) fn arithmetic(
    room: &Room,
    a: &Lanes<'_, i64>,
    b: &Lanes<'_, i64>,
    f: impl Fn(i64, i64) -> (i64, bool),
    mut overflowed: impl FnMut(usize),
) -> Lanes<'static, i64> {
    let one = |a: i64, b: i64| {
        let unknown = (a == NONE64) | (b == NONE64);
        let (value, over) = f(a, b);
        let over = (over | (value == NONE64)) & !unknown;
        (if unknown | over { NONE64 } else { value }, over)
    };
    let mut any = false;
    let out = zip(room, a, b, |a, b| {
        let (value, over) = one(a, b);
        any |= over;
        value
    });
    // Hardly any lane ever overflows: look which one only when one did.
    if any {
        match &out {
            Lanes::Own(values) => (0..values.len())
                .filter(|lane| one(a.at(*lane), b.at(*lane)).1)
                .for_each(overflowed),
            Lanes::One(_) | Lanes::Column(_) => overflowed(usize::MAX),
        }
    }
    out
}
