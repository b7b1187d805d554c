//! Loops that take an axis away: any, count, sum, least, greatest.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::hint::select_unpredictable;
use std::rc::Rc;

use super::algebra::added;
use super::graph::{F, NONE64, T, U};
use super::lanes::{Lanes, Register, Unknown, map, zip};
use super::level::Loop;
use super::lists::{self, Lists, Order, operands};
use super::room::{Lane, Room};

/// Where each lane goes: over the people of a household, every `len` lanes are
/// one person of each; elsewhere an index says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Onto<'r> {
    People {
        len: usize,
        people: usize,
    },
    Index {
        up: &'r [u32],
        lanes: usize,
        order: Order<'r>,
    },
}

impl<'r> Onto<'r> {
    /// Lanes of the result.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Onto::People { len, .. } => len,
            Onto::Index { lanes, .. } => lanes,
        }
    }

    /// Lists in turn that are short enough to be added up all at once.
    fn short_lists(self) -> Option<Lists<'r>> {
        match self {
            Onto::Index {
                up,
                lanes,
                order: Order::InTurn(turns),
            } if turns.are_short() => Some(Lists { up, lanes, turns }),
            _ => None,
        }
    }

    /// Whether no lane goes anywhere.
    pub(crate) fn is_empty(self) -> bool {
        match self {
            Onto::People { len, people } => len * people == 0,
            Onto::Index { up, .. } => up.is_empty(),
        }
    }

    /// Calls with result lane and operand lane, operand lanes ascending.
    #[inline]
    pub(crate) fn each(self, mut f: impl FnMut(usize, usize)) {
        match self {
            Onto::People { len, people } => {
                for person in 0..people {
                    for lane in 0..len {
                        f(lane, person * len + lane);
                    }
                }
            }
            Onto::Index { up, .. } => {
                for (lane, onto) in up.iter().enumerate() {
                    f(*onto as usize, lane);
                }
            }
        }
    }
}

/// Every result, begun with `start` and moved on by what goes into it. `f` says
/// whether a lane did not fit; whether any did is told beside.
///
/// What leaves every result as it began is not looked at lane by lane.
#[inline]
fn folded<O: Lane, V: Copy>(
    room: &Room,
    onto: Onto<'_>,
    start: O,
    (mask, value): (&Lanes<'_, u8>, &Lanes<'_, V>),
    f: impl Fn(O, u8, V) -> (O, bool),
) -> (Lanes<'static, O>, bool) {
    if onto.is_empty() || matches!(mask, Lanes::One(F)) {
        return (Lanes::One(start), false);
    }
    if let (Err(mask), Err(value)) = (mask.slice(), value.slice()) {
        let (after, over) = f(start, mask, value);
        if after == start && !over {
            return (Lanes::One(start), false);
        }
    }
    let mut out = room.same(start, onto.lanes());
    let results = Rc::make_mut(&mut out).as_mut_slice();
    let over = into_each(room, onto, (start, results), (mask, value), f);
    (Lanes::Own(out), over)
}

/// Results in the making, all of them `start` as yet.
#[inline]
fn into_each<O: Copy, V: Copy>(
    room: &Room,
    onto: Onto<'_>,
    (start, out): (O, &mut [O]),
    (mask, value): (&Lanes<'_, u8>, &Lanes<'_, V>),
    f: impl Fn(O, u8, V) -> (O, bool),
) -> bool {
    let (mask, value) = (mask.slice(), value.slice());
    match onto {
        Onto::People { len, people } => room.run(People {
            len,
            slots: people,
            out,
            mask,
            value,
            f,
        }),
        Onto::Index { up, order, .. } => operands!(mask, value, 0..up.len(), |both| {
            if matches!(order, Order::InTurn(_)) {
                turns(out, start, up.iter().zip(both), &f)
            } else {
                strewn(out, up.iter().zip(both), &f)
            }
        }),
    }
}

/// The lanes of each person in turn: one plain pass over slices for each, many
/// lanes at once; what the loop adds up it keeps to itself.
struct People<'o, O, V, F> {
    len: usize,
    slots: usize,
    out: &'o mut [O],
    mask: Result<&'o [u8], u8>,
    value: Result<&'o [V], V>,
    f: F,
}

impl<O: Copy, V: Copy, F: Fn(O, u8, V) -> (O, bool)> Loop for People<'_, O, V, F> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let mut any = false;
        for person in 0..self.slots {
            let (from, end) = (person * self.len, (person + 1) * self.len);
            let results = &mut *self.out;
            any |= operands!(self.mask, self.value, from..end, |both| {
                slots(results, both, &self.f)
            });
        }
        any
    }
}

/// Lanes of one result follow each other, so that what it is so far need not be
/// read back, which would have to wait until it was written.
#[inline]
fn turns<'u, O: Copy, V: Copy>(
    out: &mut [O],
    start: O,
    lanes: impl Iterator<Item = (&'u u32, (u8, V))>,
    f: &impl Fn(O, u8, V) -> (O, bool),
) -> bool {
    let (mut any, mut at, mut result) = (false, u32::MAX, start);
    for (to, (mask, value)) in lanes {
        // Nobody can foresee whether the next item is somebody else's.
        let so_far = select_unpredictable(*to == at, result, start);
        let (after, over) = f(so_far, mask, value);
        out[*to as usize] = after;
        (at, result, any) = (*to, after, any | over);
    }
    any
}

/// Lanes of one result lie anywhere.
#[inline]
fn strewn<'u, O: Copy, V: Copy>(
    out: &mut [O],
    lanes: impl Iterator<Item = (&'u u32, (u8, V))>,
    f: &impl Fn(O, u8, V) -> (O, bool),
) -> bool {
    let mut any = false;
    for (to, (mask, value)) in lanes {
        let result = &mut out[*to as usize];
        let (after, over) = f(*result, mask, value);
        *result = after;
        any |= over;
    }
    any
}

#[inline(always)]
fn slots<O: Copy, V: Copy>(
    out: &mut [O],
    operands: impl Iterator<Item = (u8, V)>,
    f: &impl Fn(O, u8, V) -> (O, bool),
) -> bool {
    let mut any = false;
    for (result, (mask, value)) in out.iter_mut().zip(operands) {
        let (after, over) = f(*result, mask, value);
        *result = after;
        any |= over;
    }
    any
}

/// The greatest of `mask` and `value` together.
#[inline]
pub(crate) fn any(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, u8>,
) -> Lanes<'static, u8> {
    if matches!(value, Lanes::One(F)) {
        return Lanes::One(F);
    }
    room.settled(greatest(room, onto, (mask, value), u8::min))
}

/// The greatest of what each lane comes to. Of items hardly any comes to anything
/// but false, and those that do are looked for many lanes at once.
#[inline]
fn greatest(
    room: &Room,
    onto: Onto<'_>,
    (mask, value): (&Lanes<'_, u8>, &Lanes<'_, u8>),
    of: impl Fn(u8, u8) -> u8,
) -> Lanes<'static, u8> {
    let (up, lanes) = match onto {
        Onto::Index { up, lanes, .. } if !up.is_empty() => (up, lanes),
        _ => {
            return folded(room, onto, F, (mask, value), |o, m, v| {
                (o.max(of(m, v)), false)
            })
            .0;
        }
    };
    let parts = room.settled(zip(room, mask, value, of));
    if matches!(parts, Lanes::One(F)) {
        return Lanes::One(F);
    }
    let mut out = room.same(F, lanes);
    let results = Rc::make_mut(&mut out).as_mut_slice();
    match parts.slice() {
        Err(part) => up.iter().for_each(|to| results[*to as usize] = part),
        Ok(parts) => {
            let mut add = |to: u32, part: u8| {
                let result = &mut results[to as usize];
                *result = (*result).max(part);
            };
            let ((blocks, rest), (up, last)) = (parts.as_chunks(), up.as_chunks::<8>());
            for (up, parts) in up.iter().zip(blocks) {
                // A byte that is not nought is a lane that comes to something.
                let mut left = u64::from_le_bytes(*parts);
                while left != 0 {
                    let at = left.trailing_zeros() / u8::BITS;
                    add(up[at as usize], parts[at as usize]);
                    left &= !(u64::from(u8::MAX) << (at * u8::BITS));
                }
            }
            last.iter().zip(rest).for_each(|(to, part)| add(*to, *part));
        }
    }
    room.back(Register::Trit(parts));
    Lanes::Own(out)
}

/// Exactly one.
pub(crate) fn one(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, u8>,
) -> Lanes<'static, u8> {
    // How many are true, no more than two; and four where one may be.
    const UNSURE: u8 = 4;
    let (found, _) = folded(room, onto, 0, (mask, value), |found: u8, m, v| {
        let both = m.min(v);
        let n = ((found & !UNSURE) + u8::from(both == T)).min(2);
        let unsure = (found & UNSURE) | (u8::from(both == U) * UNSURE);
        (n | unsure, false)
    });
    let one = map(room, &found, |found| {
        match (found & !UNSURE, found & UNSURE != 0) {
            (0, false) | (2.., _) => F,
            (1, false) => T,
            _ => U,
        }
    });
    room.back(Register::Trit(found));
    room.settled(one)
}

/// How many belong; unknown where that is.
#[inline]
pub(crate) fn count(room: &Room, onto: Onto<'_>, mask: &Lanes<'_, u8>) -> Lanes<'static, i64> {
    if matches!(mask, Lanes::One(F)) {
        return Lanes::One(0);
    }
    let small = match onto {
        Onto::People { len, people } => lists::count_of_people(room, (len, people), mask),
        Onto::Index { .. } => onto
            .short_lists()
            .map(|lists| lists::count(room, lists, mask)),
    };
    if let Some(counts) = small {
        return counts;
    }
    let (out, _) = folded(room, onto, 0, (mask, mask), |n: i64, mask, _| {
        let unknown = (mask == U) | (n == NONE64);
        let more = n.wrapping_add(i64::from(mask == T));
        (if unknown { NONE64 } else { more }, false)
    });
    out
}

/// A sum with one lane more, and whether it is this lane it does not fit with.
#[inline]
fn more(sum: i64, mask: u8, value: i64) -> (i64, bool) {
    let unknown = (mask == U) | ((mask == T) & (value == NONE64)) | (sum == NONE64);
    let (more, wrapped) = added(sum, select_unpredictable(mask == T, value, 0));
    let lost = (wrapped < 0) | (more == NONE64);
    let sum = select_unpredictable(unknown | lost, NONE64, more);
    (sum, !unknown & lost)
}

/// The sum of what belongs; `overflowed` is told result lanes that do not fit.
#[inline]
pub(crate) fn sum(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
    mut overflowed: impl FnMut(usize),
) -> Lanes<'static, i64> {
    if let Some(sums) = small_sum(room, onto, mask, value) {
        return sums;
    }
    let (out, any) = folded(room, onto, 0, (mask, value), more);
    // Hardly any sum ever overflows: look which one only when one did.
    if any {
        let mut sums: Vec<(i64, bool)> = vec![(0, false); onto.lanes()];
        let told = |(sum, over): (i64, bool), m, v| {
            let (sum, lost) = more(sum, m, v);
            ((sum, over | lost), false)
        };
        into_each(room, onto, ((0, false), &mut sums), (mask, value), told);
        let lanes = sums.iter().enumerate();
        lanes
            .filter(|(_, (_, over))| *over)
            .for_each(|(lane, _)| overflowed(lane));
    }
    out
}

/// The sum, if every number turns out to have 32 bits and no list or household
/// is so large that it could overflow all the same.
fn small_sum(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
) -> Option<Lanes<'static, i64>> {
    if matches!(mask, Lanes::One(F)) {
        return Some(Lanes::One(0));
    }
    match onto {
        Onto::Index { .. } => lists::sum(room, onto.short_lists()?, mask, value),
        Onto::People { len, people } => lists::sum_of_people(room, (len, people), mask, value),
    }
}

/// The best of what belongs and is known; unknown where nothing does.
#[inline]
pub(crate) fn extreme<V: Unknown>(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, V>,
    better: impl Fn(V, V) -> bool,
) -> Lanes<'static, V> {
    let (out, _) = folded(room, onto, V::UNKNOWN, (mask, value), |best, m, v| {
        let counts = (m == T) & (v != V::UNKNOWN);
        let wins = counts & ((best == V::UNKNOWN) | better(v, best));
        (if wins { v } else { best }, false)
    });
    out
}

pub(crate) fn bits(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
) -> Lanes<'static, i64> {
    let (out, _) = folded(room, onto, 0, (mask, value), |bits: i64, m, v| {
        let counts = (m == T) & (v != NONE64);
        (bits | if counts { v } else { 0 }, false)
    });
    out
}

/// Unknown where it is not known of every lane whether it belongs, or what
/// belongs is not known.
#[inline]
pub(crate) fn holes(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    known: &Lanes<'_, u8>,
) -> Lanes<'static, u8> {
    let hole = |m, k| u8::from((m == U) | ((m == T) & (k != T)));
    room.settled(greatest(room, onto, (mask, known), hole))
}

#[cfg(test)]
mod tests;
