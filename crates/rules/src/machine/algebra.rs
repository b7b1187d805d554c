//! Operations whose operands often are the same in every lane. Of those some
//! give the other operand back, and some need not look at it: what nobody of a
//! chunk has costs nothing there, however many operations ask for it.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::hint::select_unpredictable;
use std::rc::Rc;

use super::graph::{F, NONE64, T, U};
use super::lanes::{Lanes, Register, Unknown, is_unknown, map, zip};
use super::level::Loop;
use super::room::{Lane, Room};

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

#[inline(always)]
fn picked<V: Unknown>(when: u8, then: V, other: V) -> V {
    let known = select_unpredictable(when == T, then, other);
    select_unpredictable(when == U, V::UNKNOWN, known)
}

/// One of two values; both are there, so that no lane branches.
#[inline]
pub(crate) fn choose<'c, V: Unknown>(
    room: &Room,
    when: &Lanes<'_, u8>,
    then: &Lanes<'c, V>,
    other: &Lanes<'c, V>,
) -> Lanes<'c, V> {
    let each = match when.slice() {
        Err(T) => return then.clone(),
        Err(F) => return other.clone(),
        Err(_) => return Lanes::One(V::UNKNOWN),
        Ok(each) => each,
    };
    match (then.slice(), other.slice()) {
        (Err(then), Err(other)) => map(room, when, |when| picked(when, then, other)),
        (Err(then), Ok(_)) => zip(room, when, other, |when, other| picked(when, then, other)),
        (Ok(_), Err(other)) => zip(room, when, then, |when, then| picked(when, then, other)),
        (Ok(then), Ok(other)) => {
            let both = then.iter().zip(other);
            let all = each.iter().zip(both);
            Lanes::Own(room.fill(all.map(|(when, (then, other))| picked(*when, *then, *other))))
        }
    }
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
pub(super) fn written<X, R: Lane>(
    room: &Room,
    operands: impl ExactSizeIterator<Item = X>,
    one: impl Fn(X) -> (R, bool),
) -> (Rc<Vec<R>>, bool) {
    let mut out = room.any(operands.len());
    let lanes = Rc::make_mut(&mut out).as_mut_slice();
    let any = room.run(Computed(lanes, operands, one));
    (out, any)
}

struct Computed<'o, R, I, F>(&'o mut [R], I, F);

impl<R, I: Iterator, F: Fn(I::Item) -> (R, bool)> Loop for Computed<'_, R, I, F> {
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
    if is_unknown(a) || is_unknown(b) {
        return Lanes::One(NONE64);
    }
    if let Some(products) = small_products(room, a, b) {
        return products;
    }
    let product = |a: i64, b: i64| {
        let (product, over) = a.overflowing_mul(b);
        (product, -i64::from(over))
    };
    arithmetic(room, a, b, product, overflowed)
}

/// Products, if every number turns out to have 32 bits.
fn small_products(
    room: &Room,
    a: &Lanes<'_, i64>,
    b: &Lanes<'_, i64>,
) -> Option<Lanes<'static, i64>> {
    let one = |(a, b): (i64, i64)| {
        let unknown = (a == NONE64) | (b == NONE64);
        let product = if unknown { NONE64 } else { a.wrapping_mul(b) };
        (product, is_large(a) | is_large(b))
    };
    let (out, any_large) = match (a.slice(), b.slice()) {
        (Err(_), Err(_)) => return None,
        (Ok(a), Err(b)) => written(room, a.iter().map(|a| (*a, b)), one),
        (Err(a), Ok(b)) => written(room, b.iter().map(|b| (a, *b)), one),
        (Ok(a), Ok(b)) => written(room, a.iter().copied().zip(b.iter().copied()), one),
    };
    let out = Lanes::Own(out);
    if any_large {
        room.back(Register::Wide(out));
        return None;
    }
    Some(out)
}

/// Whether a number that is known has more than 32 bits.
#[inline]
pub(super) fn is_large(a: i64) -> bool {
    const HALF: i64 = i32::MAX as i64 + 1;
    const UPPER: i64 = !(u32::MAX as i64);
    (a != NONE64) & (a.wrapping_add(HALF) & UPPER != 0)
}

/// What is above a line, its sign changed where what is below is negative.
#[inline]
pub(super) fn above(above: i64, below: i64) -> (i64, i64) {
    // The one number without a counterpart is the one that is not known.
    let turned = if below < 0 {
        above.wrapping_neg()
    } else {
        above
    };
    (turned, 0)
}

/// What is below a line, positive; unknown where it is nought.
#[inline]
pub(super) fn below(below: i64) -> i64 {
    if below == 0 || below == NONE64 {
        NONE64
    } else {
        below.abs()
    }
}

/// What division leaves; of nought there is none, as when it does not fit.
#[inline]
pub(super) fn rest(a: i64, b: i64) -> (i64, i64) {
    a.checked_rem(b).map_or((0, -1), |rest| (rest, 0))
}

/// Told by none: no. By as many as asked: yes. By fewer: not known.
#[inline]
pub(super) fn confirmed(told: i64, needed: i64) -> u8 {
    match (told, needed) {
        (_, NONE64) => U,
        (0, _) => F,
        // A negative number is never reached: as many as there can be.
        (told, needed) if needed >= 0 && told >= needed => T,
        _ => U,
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
