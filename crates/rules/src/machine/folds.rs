//! Loops that take an axis away: any, count, sum, least, greatest.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::collections::BTreeSet;

use super::graph::{F, NONE32, NONE64, T, U};
use super::lanes::{Lanes, Unknown};

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

/// The greatest of `mask` and `value` together.
#[inline]
pub(crate) fn any(onto: Onto<'_>, mask: &Lanes<'_, u8>, value: &Lanes<'_, u8>) -> Vec<u8> {
    let mut out = vec![F; onto.lanes()];
    match (onto, mask.slice(), value.slice()) {
        (Onto::People { len, .. }, Err(T), Ok(value)) => {
            for slot in value.chunks_exact(len.max(1)) {
                out.iter_mut()
                    .zip(slot)
                    .for_each(|(o, v)| *o = (*o).max(*v));
            }
        }
        (Onto::People { len, .. }, Ok(mask), Ok(value)) => {
            let slots = mask
                .chunks_exact(len.max(1))
                .zip(value.chunks_exact(len.max(1)));
            for (mask, slot) in slots {
                let both = mask.iter().zip(slot);
                out.iter_mut()
                    .zip(both)
                    .for_each(|(o, (m, v))| *o = (*o).max(*m.min(v)));
            }
        }
        _ => with!(mask, value, |m, v| {
            onto.each(|to, lane| out[to] = out[to].max(m(lane).min(v(lane))));
        }),
    }
    out
}

/// Exactly one.
pub(crate) fn one(onto: Onto<'_>, mask: &Lanes<'_, u8>, value: &Lanes<'_, u8>) -> Vec<u8> {
    let mut found: Vec<u8> = vec![0; onto.lanes()];
    let mut unsure = vec![false; onto.lanes()];
    onto.each(|to, lane| match mask.at(lane).min(value.at(lane)) {
        T => found[to] = found[to].saturating_add(1),
        U => unsure[to] = true,
        _ => {}
    });
    let both = found.iter().zip(unsure);
    let result = both.map(|(found, unsure)| match (found, unsure) {
        (0, false) | (2.., _) => F,
        (1, false) => T,
        _ => U,
    });
    result.collect()
}

/// How many belong; unknown where that is.
#[inline]
pub(crate) fn count(onto: Onto<'_>, mask: &Lanes<'_, u8>) -> Vec<i64> {
    let mut out: Vec<i64> = vec![0; onto.lanes()];
    with!(mask, mask, |m, _v| onto.each(|to, lane| {
        let mask = m(lane);
        let unknown = (mask == U) | (out[to] == NONE64);
        let more = out[to].wrapping_add(i64::from(mask == T));
        out[to] = if unknown { NONE64 } else { more };
    }));
    out
}

/// The sum of what belongs; `overflowed` is told result lanes that do not fit.
#[inline]
pub(crate) fn sum(
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
    mut overflowed: impl FnMut(usize),
) -> Vec<i64> {
    let mut out: Vec<i64> = vec![0; onto.lanes()];
    let mut over = vec![false; onto.lanes()];
    with!(mask, value, |m, v| onto.each(|to, lane| {
        let (mask, value) = (m(lane), v(lane));
        let unknown = (mask == U) | ((mask == T) & (value == NONE64)) | (out[to] == NONE64);
        let (sum, wrapped) = out[to].overflowing_add(if mask == T { value } else { 0 });
        over[to] |= !unknown & (wrapped | (sum == NONE64));
        out[to] = if unknown | wrapped { NONE64 } else { sum };
    }));
    let lanes = over.iter().enumerate();
    lanes
        .filter(|(_, over)| **over)
        .for_each(|(lane, _)| overflowed(lane));
    out
}

/// The best of what belongs and is known; unknown where nothing does.
#[inline]
pub(crate) fn extreme<V: Unknown>(
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, V>,
    better: impl Fn(V, V) -> bool,
) -> Vec<V> {
    let mut out = vec![V::UNKNOWN; onto.lanes()];
    with!(mask, value, |m, v| onto.each(|to, lane| {
        let value = v(lane);
        let counts = m(lane) == T && value != V::UNKNOWN;
        if counts && (out[to] == V::UNKNOWN || better(value, out[to])) {
            out[to] = value;
        }
    }));
    out
}

pub(crate) fn bits(onto: Onto<'_>, mask: &Lanes<'_, u8>, value: &Lanes<'_, i64>) -> Vec<i64> {
    let mut out: Vec<i64> = vec![0; onto.lanes()];
    with!(mask, value, |m, v| onto.each(|to, lane| {
        let value = v(lane);
        let counts = (m(lane) == T) & (value != NONE64);
        out[to] |= if counts { value } else { 0 };
    }));
    out
}

/// Unknown where it is not known of every lane whether it belongs, or what
/// belongs is not known.
#[inline]
pub(crate) fn holes(onto: Onto<'_>, mask: &Lanes<'_, u8>, known: &Lanes<'_, u8>) -> Vec<u8> {
    let mut out = vec![F; onto.lanes()];
    with!(mask, known, |m, k| onto.each(|to, lane| {
        let mask = m(lane);
        let hole = (mask == U) | ((mask == T) & (k(lane) != T));
        out[to] = out[to].max(u8::from(hole));
    }));
    out
}

/// The element that belongs and ranks highest.
pub(crate) fn newest(
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    rank: &Lanes<'_, i32>,
    element: &Lanes<'_, i32>,
) -> Vec<i32> {
    let mut out = vec![NONE32; onto.lanes()];
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
    onto: Onto<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, V>,
    lanes: usize,
) -> Vec<u8> {
    let mut out = vec![F; lanes];
    let mut seen = BTreeSet::new();
    onto.each(|to, lane| {
        out[lane] = match mask.at(lane) {
            T if !seen.insert((to, value.at(lane))) => F,
            mask => mask,
        };
    });
    out
}
