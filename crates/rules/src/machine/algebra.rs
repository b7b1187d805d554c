//! Operations whose operands often are the same in every lane. Of those some
//! give the other operand back, and some need not look at it: what nobody of a
//! chunk has costs nothing there, however many operations ask for it.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::rc::Rc;

use super::graph::{F, NONE64, T, U};
use super::lanes::{Lanes, Unknown, is_unknown, zip};
use super::level::Loop;
use super::room::Room;

/// Both: the lesser of two truth values.
pub(crate) fn and<'c>(room: &Room, a: &Lanes<'c, u8>, b: &Lanes<'c, u8>) -> Lanes<'c, u8> {
    match (a, b) {
        (Lanes::One(F), _) | (_, Lanes::One(F)) => Lanes::One(F),
        (Lanes::One(T), other) | (other, Lanes::One(T)) => other.clone(),
        _ => zip(room, a, b, u8::min),
    }
}

/// Either: the greater of two truth values.
pub(crate) fn or<'c>(room: &Room, a: &Lanes<'c, u8>, b: &Lanes<'c, u8>) -> Lanes<'c, u8> {
    match (a, b) {
        (Lanes::One(T), _) | (_, Lanes::One(T)) => Lanes::One(T),
        (Lanes::One(F), other) | (other, Lanes::One(F)) => other.clone(),
        _ => zip(room, a, b, u8::max),
    }
}

/// The first where the flag is false, unknown elsewhere.
#[inline]
pub(crate) fn unless<'c, V: Unknown>(
    room: &Room,
    a: &Lanes<'c, V>,
    flag: &Lanes<'_, u8>,
) -> Lanes<'c, V> {
    match flag {
        Lanes::One(F) => a.clone(),
        Lanes::One(_) => Lanes::One(V::UNKNOWN),
        _ if is_unknown(a) => Lanes::One(V::UNKNOWN),
        _ => {
            let pick = |a: V, flag: u8| if flag == F { a } else { V::UNKNOWN };
            zip(room, a, flag, pick)
        }
    }
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
pub(crate) fn choose<'c, V: Unknown>(
    room: &Room,
    when: &Lanes<'_, u8>,
    then: &Lanes<'c, V>,
    other: &Lanes<'c, V>,
    lanes: usize,
) -> Lanes<'c, V> {
    match when {
        Lanes::One(T) => return then.clone(),
        Lanes::One(F) => return other.clone(),
        Lanes::One(_) => return Lanes::One(V::UNKNOWN),
        Lanes::Own(_) | Lanes::Column(_) => {}
    }
    let pick = |when: u8, then: V, other: V| {
        let known = if when == T { then } else { other };
        if when == U { V::UNKNOWN } else { known }
    };
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

/// Whole numbers. `f` gives the result, wrapped where it does not fit, and a
/// number below nought there; such lanes become unknown and are told.
#[inline]
pub(crate) fn arithmetic(
    room: &Room,
    a: &Lanes<'_, i64>,
    b: &Lanes<'_, i64>,
    f: impl Fn(i64, i64) -> (i64, i64),
    mut overflowed: impl FnMut(usize),
) -> Lanes<'static, i64> {
    if is_unknown(a) || is_unknown(b) {
        return Lanes::One(NONE64);
    }
    let one = |(a, b): (i64, i64)| {
        let unknown = (a == NONE64) | (b == NONE64);
        let (value, wrapped) = f(a, b);
        let lost = (wrapped < 0) | (value == NONE64);
        (if unknown | lost { NONE64 } else { value }, lost & !unknown)
    };
    let (out, any) = match (a.slice(), b.slice()) {
        (Err(a), Err(b)) => {
            let (value, over) = one((a, b));
            if over {
                overflowed(usize::MAX);
            }
            return Lanes::One(value);
        }
        (Ok(a), Err(b)) => written(room, a.iter().map(|a| (*a, b)), one),
        (Err(a), Ok(b)) => written(room, b.iter().map(|b| (a, *b)), one),
        (Ok(a), Ok(b)) => written(room, a.iter().copied().zip(b.iter().copied()), one),
    };
    // Hardly any lane ever overflows: look which one only when one did.
    if any {
        (0..out.len())
            .filter(|lane| one((a.at(*lane), b.at(*lane))).1)
            .for_each(overflowed);
    }
    Lanes::Own(out)
}

/// Results in one pass, and whether any did not fit. What the loop adds up it
/// keeps to itself: a number somewhere else would have to be written every lane.
#[inline]
fn written(
    room: &Room,
    operands: impl ExactSizeIterator<Item = (i64, i64)>,
    one: impl Fn((i64, i64)) -> (i64, bool),
) -> (Rc<Vec<i64>>, bool) {
    let mut out = room.any(operands.len());
    let lanes = Rc::make_mut(&mut out).as_mut_slice();
    let any = room.run(Computed(lanes, operands, one));
    (out, any)
}

struct Computed<'o, I, F>(&'o mut [i64], I, F);

impl<I: Iterator<Item = (i64, i64)>, F: Fn((i64, i64)) -> (i64, bool)> Loop for Computed<'_, I, F> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut any = false;
        for (lane, operands) in self.0.iter_mut().zip(self.1) {
            let (value, over) = (self.2)(operands);
            *lane = value;
            any |= over;
        }
        any
    }
}

pub(crate) fn added(a: i64, b: i64) -> (i64, i64) {
    let sum = a.wrapping_add(b);
    // Both had the other sign.
    (sum, (a ^ sum) & (b ^ sum))
}

pub(crate) fn taken(a: i64, b: i64) -> (i64, i64) {
    let rest = a.wrapping_sub(b);
    (rest, (a ^ b) & (a ^ rest))
}

/// Products of numbers of 32 bits always fit, and hardly any are larger: they
/// need no look at the upper half, which no processor has for many lanes at once.
#[inline]
pub(crate) fn multiplied(
    room: &Room,
    a: &Lanes<'_, i64>,
    b: &Lanes<'_, i64>,
    overflowed: impl FnMut(usize),
) -> Lanes<'static, i64> {
    if are_small(room, a) && are_small(room, b) {
        return arithmetic(room, a, b, |a, b| (a.wrapping_mul(b), 0), overflowed);
    }
    let product = |a: i64, b: i64| {
        let (product, over) = a.overflowing_mul(b);
        (product, -i64::from(over))
    };
    arithmetic(room, a, b, product, overflowed)
}

/// Whether every number that is known has 32 bits.
pub(crate) fn are_small(room: &Room, a: &Lanes<'_, i64>) -> bool {
    match a.slice() {
        Err(a) => !is_large(a),
        Ok(a) => !room.run(AnyLarge(a)),
    }
}

#[inline]
fn is_large(a: i64) -> bool {
    const HALF: i64 = i32::MAX as i64 + 1;
    const UPPER: i64 = !(u32::MAX as i64);
    (a != NONE64) & (a.wrapping_add(HALF) & UPPER != 0)
}

struct AnyLarge<'v>(&'v [i64]);

impl Loop for AnyLarge<'_> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        self.0.iter().fold(false, |any, a| any | is_large(*a))
    }
}

#[cfg(test)]
mod tests {
    use super::{added, arithmetic, multiplied, taken};
    use crate::machine::graph::NONE64;
    use crate::machine::lanes::Lanes;
    use crate::machine::level::Level;
    use crate::machine::room::Room;
    use proptest::prelude::*;
    use std::rc::Rc;

    /// Numbers on both sides of where 32 bits and 64 bits end, and what is not known.
    fn number() -> impl Strategy<Value = i64> {
        let near = |edge: i64| (-3_i64..4).prop_map(move |n| edge.wrapping_add(n));
        prop_oneof![
            Just(NONE64),
            any::<i64>(),
            (-9_i64..10),
            near(i64::from(i32::MAX)),
            near(i64::from(i32::MIN)),
            near(i64::from(u32::MAX)),
            near(i64::MAX),
        ]
    }

    type Computes =
        fn(&Room, &Lanes<'_, i64>, &Lanes<'_, i64>, &mut Vec<usize>) -> Lanes<'static, i64>;
    type Checked = fn(i64, i64) -> Option<i64>;

    const ALL: [(Computes, Checked); 3] = [
        (
            |room, a, b, over| arithmetic(room, a, b, added, |lane| over.push(lane)),
            i64::checked_add,
        ),
        (
            |room, a, b, over| arithmetic(room, a, b, taken, |lane| over.push(lane)),
            i64::checked_sub,
        ),
        (
            |room, a, b, over| multiplied(room, a, b, |lane| over.push(lane)),
            i64::checked_mul,
        ),
    ];

    proptest! {
        #[test]
        fn amounts_are_exact_or_said_not_to_fit(
            both in proptest::collection::vec((number(), number()), 1..70),
            small in any::<bool>(),
        ) {
            let half = |n: i64| if small && n != NONE64 { n % i64::from(i32::MAX) } else { n };
            let (a, b): (Vec<i64>, Vec<i64>) = both.iter().map(|(a, b)| (half(*a), half(*b))).unzip();
            for (level, (computes, checked)) in Level::all().into_iter().flat_map(|l| ALL.map(|all| (l, all))) {
                let room = Room::new(level);
                let whole = (Lanes::Own(Rc::new(a.clone())), Lanes::Own(Rc::new(b.clone())));
                let mut over = Vec::new();
                let out = computes(&room, &whole.0, &whole.1, &mut over);
                for (lane, (a, b)) in a.iter().zip(&b).enumerate() {
                    let known = *a != NONE64 && *b != NONE64;
                    let fits = checked(*a, *b).filter(|n| *n != NONE64);
                    let exact = fits.filter(|_| known).unwrap_or(NONE64);
                    prop_assert_eq!(out.at(lane), exact);
                    prop_assert_eq!(over.contains(&lane), known && fits.is_none());
                    // The same when each is the same in every lane.
                    let mut alone = Vec::new();
                    let one = computes(&room, &Lanes::One(*a), &Lanes::One(*b), &mut alone);
                    prop_assert_eq!(one.at(0), exact);
                    prop_assert_eq!(!alone.is_empty(), known && fits.is_none());
                }
            }
        }
    }
}
