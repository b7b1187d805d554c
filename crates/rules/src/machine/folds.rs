//! Loops that take an axis away: any, count, sum, least, greatest.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::collections::BTreeSet;

use super::graph::{F, NONE32, NONE64, T, U};
use super::lanes::{Lanes, Unknown};
use super::room::Room;

/// Where each lane goes: over the people of a household, every `len` lanes are
/// one person of each; elsewhere an index says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Onto<'r> {
    People { len: usize, people: usize },
    Index { up: &'r [u32], lanes: usize },
}

impl Onto<'_> {
    /// Lanes of the result.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Onto::People { len, .. } => len,
            Onto::Index { lanes, .. } => lanes,
        }
    }

    /// Calls with result lane and operand lane, operand lanes ascending.
    #[inline]
    fn each(self, mut f: impl FnMut(usize, usize)) {
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

/// The same loop for values of one lane each and for values that are all the
/// same: which it is is asked once, not in every lane.
macro_rules! with {
    ($mask:expr, $value:expr, |$m:ident, $v:ident| $body:expr) => {
        match ($mask.slice(), $value.slice()) {
            (Ok(mask), Ok(value)) => {
                let ($m, $v) = (|lane: usize| mask[lane], |lane: usize| value[lane]);
                $body
            }
            (Err(mask), Ok(value)) => {
                let ($m, $v) = (|_: usize| mask, |lane: usize| value[lane]);
                $body
            }
            (Ok(mask), Err(value)) => {
                let ($m, $v) = (|lane: usize| mask[lane], |_: usize| value);
                $body
            }
            (Err(mask), Err(value)) => {
                let ($m, $v) = (|_: usize| mask, |_: usize| value);
                $body
            }
        }
    };
}

/// Calls with every result and what goes into it. Over people that is one plain
/// pass over slices for each person in turn, many lanes at once.
#[inline]
fn into_each<O, V: Copy>(
    room: &Room,
    onto: Onto<'_>,
    out: &mut [O],
    (mask, value): (&Lanes<'_, u8>, &Lanes<'_, V>),
    mut f: impl FnMut(&mut O, u8, V),
) {
    let Onto::People { len, people } = onto else {
        with!(mask, value, |m, v| onto.each(|to, lane| f(
            &mut out[to],
            m(lane),
            v(lane)
        )));
        return;
    };
    room.run(|| for_people(len, people, out, (mask, value), f));
}

#[inline]
fn for_people<O, V: Copy>(
    len: usize,
    people: usize,
    out: &mut [O],
    (mask, value): (&Lanes<'_, u8>, &Lanes<'_, V>),
    mut f: impl FnMut(&mut O, u8, V),
) {
    for person in 0..people {
        let slot = person * len..(person + 1) * len;
        let results = out.iter_mut();
        match (mask.slice(), value.slice()) {
            (Ok(mask), Ok(value)) => {
                let both = mask[slot.clone()].iter().zip(&value[slot]);
                results.zip(both).for_each(|(o, (m, v))| f(o, *m, *v));
            }
            (Err(mask), Ok(value)) => results.zip(&value[slot]).for_each(|(o, v)| f(o, mask, *v)),
            (Ok(mask), Err(value)) => results.zip(&mask[slot]).for_each(|(o, m)| f(o, *m, value)),
            (Err(mask), Err(value)) => results.for_each(|o| f(o, mask, value)),
        }
    }
}

/// The greatest of `mask` and `value` together.
#[inline]
pub(crate) fn any(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, u8>,
) -> Vec<u8> {
    let mut out = room.same(F, onto.lanes());
    into_each(room, onto, &mut out, (mask, value), |o, m, v| {
        *o = (*o).max(m.min(v));
    });
    out
}

/// Exactly one.
pub(crate) fn one(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, u8>,
) -> Vec<u8> {
    // How many are true, no more than two; and whether one may be.
    let none: (u8, bool) = (0, false);
    let mut found = vec![none; onto.lanes()];
    into_each(
        room,
        onto,
        &mut found,
        (mask, value),
        |(n, unsure), m, v| {
            let both = m.min(v);
            *n = (*n + u8::from(both == T)).min(2);
            *unsure |= both == U;
        },
    );
    let result = found.into_iter().map(|(n, unsure)| match (n, unsure) {
        (0, false) | (2.., _) => F,
        (1, false) => T,
        _ => U,
    });
    room.fill(result)
}

/// How many belong; unknown where that is.
#[inline]
pub(crate) fn count(room: &Room, onto: Onto<'_>, mask: &Lanes<'_, u8>) -> Vec<i64> {
    let mut out = room.same(0, onto.lanes());
    into_each(room, onto, &mut out, (mask, mask), |o, mask, _| {
        let unknown = (mask == U) | (*o == NONE64);
        let more = o.wrapping_add(i64::from(mask == T));
        *o = if unknown { NONE64 } else { more };
    });
    out
}

/// A sum with one lane more, and whether it is this lane it does not fit with.
#[inline]
fn added(sum: i64, mask: u8, value: i64) -> (i64, bool) {
    let unknown = (mask == U) | ((mask == T) & (value == NONE64)) | (sum == NONE64);
    let (more, wrapped) = sum.overflowing_add(if mask == T { value } else { 0 });
    let over = !unknown & (wrapped | (more == NONE64));
    (if unknown | wrapped { NONE64 } else { more }, over)
}

/// The sum of what belongs; `overflowed` is told result lanes that do not fit.
#[inline]
pub(crate) fn sum(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
    mut overflowed: impl FnMut(usize),
) -> Vec<i64> {
    let mut out = room.same(0, onto.lanes());
    let mut any = false;
    into_each(room, onto, &mut out, (mask, value), |o, m, v| {
        let (sum, over) = added(*o, m, v);
        any |= over;
        *o = sum;
    });
    // Hardly any sum ever overflows: look which one only when one did.
    if any {
        let mut sums: Vec<(i64, bool)> = vec![(0, false); onto.lanes()];
        into_each(room, onto, &mut sums, (mask, value), |(sum, over), m, v| {
            let (more, lost) = added(*sum, m, v);
            *sum = more;
            *over |= lost;
        });
        let lanes = sums.iter().enumerate();
        lanes
            .filter(|(_, (_, over))| *over)
            .for_each(|(lane, _)| overflowed(lane));
    }
    out
}

/// The best of what belongs and is known; unknown where nothing does.
#[inline]
pub(crate) fn extreme<V: Unknown>(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, V>,
    better: impl Fn(V, V) -> bool,
) -> Vec<V> {
    let mut out = room.same(V::UNKNOWN, onto.lanes());
    into_each(room, onto, &mut out, (mask, value), |o, m, v| {
        let counts = (m == T) & (v != V::UNKNOWN);
        let wins = counts & ((*o == V::UNKNOWN) | better(v, *o));
        *o = if wins { v } else { *o };
    });
    out
}

pub(crate) fn bits(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
) -> Vec<i64> {
    let mut out = room.same(0, onto.lanes());
    into_each(room, onto, &mut out, (mask, value), |o, m, v| {
        let counts = (m == T) & (v != NONE64);
        *o |= if counts { v } else { 0 };
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
) -> Vec<u8> {
    let mut out = room.same(F, onto.lanes());
    into_each(room, onto, &mut out, (mask, known), |o, m, k| {
        let hole = (m == U) | ((m == T) & (k != T));
        *o = (*o).max(u8::from(hole));
    });
    out
}

/// The element that belongs and ranks highest.
pub(crate) fn newest(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    rank: &Lanes<'_, i32>,
    element: &Lanes<'_, i32>,
) -> Vec<i32> {
    let mut out = room.same(NONE32, onto.lanes());
    let mut best = vec![NONE32; onto.lanes()];
    onto.each(|to, lane| {
        let rank = rank.at(lane);
        if mask.at(lane) == T && rank > best[to] {
            best[to] = rank;
            out[to] = element.at(lane);
        }
    });
    out
}

/// The mask without what was there before under the same owner.
pub(crate) fn distinct<V: Copy + Ord>(
    room: &Room,
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, V>,
    lanes: usize,
) -> Vec<u8> {
    let mut out = room.same(F, lanes);
    let mut seen = BTreeSet::new();
    onto.each(|to, lane| {
        out[lane] = match mask.at(lane) {
            T if !seen.insert((to, value.at(lane))) => F,
            mask => mask,
        };
    });
    out
}
