//! Loops that take an axis away: any, count, sum, least, greatest.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::hint::select_unpredictable;
use std::rc::Rc;

use super::algebra::{added, are_small};
use super::graph::{F, NONE64, T, U};
use super::lanes::{Lanes, Register, Unknown, map, zip};
use super::level::Loop;
use super::room::{Lane, Room};

/// Where each lane goes: over the people of a household, every `len` lanes are
/// one person of each; elsewhere an index says. `in_turn` when the lanes of one
/// result follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Onto<'r> {
    People {
        len: usize,
        people: usize,
    },
    Index {
        up: &'r [u32],
        lanes: usize,
        in_turn: bool,
    },
}

impl Onto<'_> {
    /// Lanes of the result.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Onto::People { len, .. } => len,
            Onto::Index { lanes, .. } => lanes,
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

/// The same loop for values of one lane each and for values that are all the
/// same: which it is is asked once, not in every lane.
macro_rules! operands {
    ($mask:expr, $value:expr, $range:expr, |$both:ident| $body:expr) => {
        match ($mask, $value) {
            (Ok(mask), Ok(value)) => {
                let $both = mask[$range]
                    .iter()
                    .copied()
                    .zip(value[$range].iter().copied());
                $body
            }
            (Err(mask), Ok(value)) => {
                let $both = value[$range].iter().map(|value| (mask, *value));
                $body
            }
            (Ok(mask), Err(value)) => {
                let $both = mask[$range].iter().map(|mask| (*mask, value));
                $body
            }
            (Err(mask), Err(value)) => {
                let $both = $range.map(|_| (mask, value));
                $body
            }
        }
    };
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
        Onto::Index { up, in_turn, .. } => operands!(mask, value, 0..up.len(), |both| {
            if in_turn {
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
    const AT_ONCE: usize = 8;
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
            for (up, parts) in up.chunks(AT_ONCE).zip(parts.chunks(AT_ONCE)) {
                if parts.iter().fold(F, |any, part| any | part) == F {
                    continue;
                }
                for (to, part) in up.iter().zip(parts) {
                    let result = &mut results[*to as usize];
                    *result = (*result).max(*part);
                }
            }
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
    if let Onto::Index {
        up,
        in_turn: true,
        lanes,
    } = onto
        && !(up.is_empty() || matches!(mask, Lanes::One(F)))
        && are_small(room, value)
    {
        return small_sum(room, (up, lanes), mask, value);
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

/// The sum of numbers of 32 bits, of which no list is long enough to overflow:
/// what each lane adds is found for many at once, and added up in turn.
fn small_sum(
    room: &Room,
    (up, lanes): (&[u32], usize),
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
) -> Lanes<'static, i64> {
    let parts = zip(room, mask, value, |mask, value| match mask {
        F => 0,
        T => value,
        _ => NONE64,
    });
    let parts = match parts {
        Lanes::Own(parts) => parts,
        same => room.same(same.at(0), up.len()),
    };
    let mut out = room.same(0, lanes);
    let sums = Rc::make_mut(&mut out).as_mut_slice();
    let (mut at, mut sum, mut unknown) = (u32::MAX, 0, false);
    for (to, part) in up.iter().zip(parts.iter()) {
        sum = i64::wrapping_add(select_unpredictable(*to == at, sum, 0), *part);
        unknown = (unknown & (*to == at)) | (*part == NONE64);
        sums[*to as usize] = select_unpredictable(unknown, NONE64, sum);
        at = *to;
    }
    room.back(Register::Wide(Lanes::Own(parts)));
    Lanes::Own(out)
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
mod tests {
    use std::rc::Rc;

    use proptest::prelude::{
        Just, Strategy, TestCaseError, any as anything, prop_assert_eq, prop_oneof, proptest,
    };

    use super::{Onto, any, count, extreme, holes, one, sum};
    use crate::machine::graph::{F, NONE64, T, U};
    use crate::machine::lanes::Lanes;
    use crate::machine::level::Level;
    use crate::machine::room::{Lane, Room, same};

    type Operands = (Vec<u8>, Vec<i64>);

    fn operands(lanes: usize) -> impl Strategy<Value = Operands> {
        let value = prop_oneof![
            Just(NONE64),
            -9_i64..10,
            anything::<i64>(),
            Just(i64::MAX - 1),
            Just(i64::from(i32::MAX)),
        ];
        let mask = proptest::collection::vec(F..=T, lanes);
        let alike = (F..=T).prop_map(move |mask| vec![mask; lanes]);
        (
            prop_oneof![mask, alike],
            proptest::collection::vec(value, lanes),
        )
    }

    /// Lanes of results, how many lanes go to each, and whether only small numbers.
    fn lists() -> impl Strategy<Value = (Vec<usize>, Operands, bool)> {
        let sizes = proptest::collection::vec(0_usize..5, 1..20);
        (sizes, anything::<bool>()).prop_flat_map(|(sizes, small)| {
            let lanes = sizes.iter().sum();
            (Just(sizes), operands(lanes), Just(small))
        })
    }

    /// One value when all are the same, as chunks hold them.
    fn lanes<V: Lane>(values: &[V]) -> Lanes<'static, V> {
        match same(values) {
            Some(one) => Lanes::One(one),
            None => Lanes::Own(Rc::new(values.to_vec())),
        }
    }

    /// What a sum comes to, one after the other; what does not fit is told.
    fn summed<'v>(all: impl Iterator<Item = (&'v u8, &'v i64)>) -> (i64, bool) {
        let (mut sum, mut unknown, mut over) = (0_i64, false, false);
        for (mask, value) in all {
            unknown |= *mask == U || (*mask == T && *value == NONE64);
            if unknown || over || *mask == F {
                continue;
            }
            match sum.checked_add(*value).filter(|sum| *sum != NONE64) {
                Some(more) => sum = more,
                None => over = true,
            }
        }
        (if unknown || over { NONE64 } else { sum }, over)
    }

    fn check(onto: Onto<'_>, to: &[usize], (mask, value): &Operands) -> Result<(), TestCaseError> {
        let into = |result: usize| {
            let lanes = mask.iter().zip(value).zip(to);
            lanes
                .filter(move |(_, to)| **to == result)
                .map(|(both, _)| both)
        };
        let known: Vec<u8> = value
            .iter()
            .map(|v| if *v % 2 == 0 { T } else { U })
            .collect();
        for level in Level::all() {
            let room = Room::new(level);
            let (belongs, values) = (lanes(mask), lanes(value));
            let mut over = Vec::new();
            let sums = sum(&room, onto, &belongs, &values, |lane| over.push(lane));
            let counts = count(&room, onto, &belongs);
            let anys = any(&room, onto, &belongs, &lanes(&known));
            let ones = one(&room, onto, &belongs, &lanes(&known));
            let open = holes(&room, onto, &belongs, &lanes(&known));
            let least = extreme(&room, onto, &belongs, &values, |a, b| a < b);
            for result in 0..onto.lanes() {
                let (exact, lost) = summed(into(result));
                prop_assert_eq!(sums.at(result), exact);
                prop_assert_eq!(over.contains(&result), lost);
                let of = |mask: u8| into(result).filter(|(m, _)| **m == mask).count();
                let counted = if of(U) > 0 {
                    NONE64
                } else {
                    i64::try_from(of(T)).unwrap()
                };
                prop_assert_eq!(counts.at(result), counted);
                let both = into(result).map(|(m, v)| (*m).min(if *v % 2 == 0 { T } else { U }));
                let both: Vec<u8> = both.collect();
                prop_assert_eq!(anys.at(result), both.iter().copied().max().unwrap_or(F));
                let is_hole = |(m, v): (&u8, &i64)| *m == U || (*m == T && *v % 2 != 0);
                let hole = if into(result).any(is_hole) { U } else { F };
                prop_assert_eq!(open.at(result), hole);
                let (yes, may) = (
                    both.iter().map(|b| u32::from(*b == T)).sum::<u32>(),
                    both.contains(&U),
                );
                let exactly = match (yes, may) {
                    (1, false) => T,
                    (0, false) | (2.., _) => F,
                    _ => U,
                };
                prop_assert_eq!(ones.at(result), exactly);
                let counted = into(result).filter(|(m, v)| **m == T && **v != NONE64);
                let smallest = counted.map(|(_, v)| *v).min().unwrap_or(NONE64);
                prop_assert_eq!(least.at(result), smallest);
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn folds_come_to_what_one_lane_after_the_other_comes_to(
            (sizes, (mask, value), small) in lists(),
            seed in anything::<u32>(),
        ) {
            let half = |n: &i64| if small && *n != NONE64 { n % 1_000 } else { *n };
            let operands = (mask, value.iter().map(half).collect::<Vec<i64>>());
            let each = sizes.iter().enumerate();
            let mut to: Vec<usize> = each.flat_map(|(n, size)| vec![n; *size]).collect();
            let narrow = |to: &[usize]| to.iter().map(|n| u32::try_from(*n).unwrap()).collect::<Vec<u32>>();
            let up = narrow(&to);
            let lanes = sizes.len();
            check(Onto::Index { up: &up, lanes, in_turn: true }, &to, &operands)?;
            // The same lanes anywhere.
            let len = to.len();
            (1..len).for_each(|n| to.swap(n, seed as usize % (n + 1)));
            let up = narrow(&to);
            check(Onto::Index { up: &up, lanes, in_turn: false }, &to, &operands)?;
            // The same lanes as people of households.
            let people = 1 + seed as usize % 4;
            let len = len / people;
            let cut = |n: usize| n - n % people;
            let (mask, value) = &operands;
            let whole = (mask[..cut(mask.len())].to_vec(), value[..cut(value.len())].to_vec());
            let to: Vec<usize> = (0..len * people).map(|lane| lane % len).collect();
            check(Onto::People { len, people }, &to, &whole)?;
        }
    }
}
