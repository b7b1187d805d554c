//! Registers and the loops over them. Every loop is one plain pass over slices
//! of equal length, so that the compiler can work on many lanes at once.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use super::graph::{F, NONE32, NONE64, T, U};

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
pub(crate) trait Unknown: Copy + PartialEq + PartialOrd {
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
pub(crate) fn map<A: Copy, R: Copy>(a: &Lanes<'_, A>, f: impl Fn(A) -> R) -> Lanes<'static, R> {
    match a.slice() {
        Err(a) => Lanes::One(f(a)),
        Ok(a) => Lanes::Own(a.iter().map(|a| f(*a)).collect()),
    }
}

/// Two operands of one space.
#[inline]
pub(crate) fn zip<A: Copy, B: Copy, R: Copy>(
    a: &Lanes<'_, A>,
    b: &Lanes<'_, B>,
    f: impl Fn(A, B) -> R,
) -> Lanes<'static, R> {
    match (a.slice(), b.slice()) {
        (Err(a), Err(b)) => Lanes::One(f(a, b)),
        (Ok(a), Err(b)) => Lanes::Own(a.iter().map(|a| f(*a, b)).collect()),
        (Err(a), Ok(b)) => Lanes::Own(b.iter().map(|b| f(a, *b)).collect()),
        (Ok(a), Ok(b)) => {
            let both = a.iter().zip(b);
            Lanes::Own(both.map(|(a, b)| f(*a, *b)).collect())
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
    a: &Lanes<'_, V>,
    b: &Lanes<'_, V>,
    f: impl Fn(V, V) -> bool,
) -> Lanes<'static, u8> {
    zip(a, b, |a, b| {
        let unknown = (a == V::UNKNOWN) | (b == V::UNKNOWN);
        if unknown { U } else { trit(f(a, b)) }
    })
}

#[inline]
pub(crate) fn known<V: Unknown>(a: &Lanes<'_, V>) -> Lanes<'static, u8> {
    map(a, |a| trit(a != V::UNKNOWN))
}

/// The first where the flag is false, unknown elsewhere.
#[inline]
pub(crate) fn unless<V: Unknown>(a: &Lanes<'_, V>, flag: &Lanes<'_, u8>) -> Lanes<'static, V> {
    zip(a, flag, |a, flag| if flag == F { a } else { V::UNKNOWN })
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
            all.map(|((when, then), other)| pick(when, then, other))
                .collect()
        }
    )));
    Lanes::Own(chosen)
}

/// Values at the lanes an index names; the default where it names none.
#[inline]
pub(crate) fn gather<V: Copy>(
    values: &[V],
    index: &Lanes<'_, i32>,
    default: V,
) -> Lanes<'static, V> {
    map(index, |at| {
        let at = usize::try_from(at).ok();
        at.and_then(|at| values.get(at)).copied().unwrap_or(default)
    })
}

/// Values of the smaller space for each lane of the larger.
#[inline]
pub(crate) fn spread<V: Copy>(values: &Lanes<'_, V>, up: &[u32]) -> Lanes<'static, V> {
    match values.slice() {
        Err(one) => Lanes::One(one),
        Ok(values) => Lanes::Own(up.iter().map(|at| values[*at as usize]).collect()),
    }
}

/// Values of households for each of their people: every person of all
/// households in turn, so no index is needed.
#[inline]
pub(crate) fn repeated<V: Copy>(values: &Lanes<'_, V>, people: usize) -> Lanes<'static, V> {
    match values.slice() {
        Err(one) => Lanes::One(one),
        Ok(values) => Lanes::Own(values.repeat(people)),
    }
}

/// Whole numbers; lanes that do not fit become unknown and are told.
#[inline]
pub(crate) fn arithmetic(
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
    let out = zip(a, b, |a, b| one(a, b).0);
    // Hardly any lane ever overflows: look which one only when a result is unknown.
    match &out {
        Lanes::One(_) => {
            if one(a.at(0), b.at(0)).1 {
                overflowed(usize::MAX);
            }
        }
        Lanes::Own(values) => {
            let lost =
                |value: i64, a: i64, b: i64| (value == NONE64) & (a != NONE64) & (b != NONE64);
            let any = each!(a, values.len(), |a| each!(b, values.len(), |b| {
                let all = values.iter().zip(a.zip(b));
                all.fold(false, |any, (v, (a, b))| any | lost(*v, a, b))
            }));
            if any {
                let lanes = values.iter().enumerate();
                lanes
                    .filter(|(lane, v)| lost(**v, a.at(*lane), b.at(*lane)))
                    .for_each(|(lane, _)| overflowed(lane));
            }
        }
        Lanes::Column(_) => {}
    }
    out
}
