//! Loops that take a list away whose items follow each other, owner after owner:
//! what its items add up to is the difference of two sums over all items, so that
//! no item waits for the one before it to be told whose it is.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::hint::select_unpredictable;
use std::iter;
use std::rc::Rc;

use super::algebra::{is_large, written};
use super::graph::{NONE64, T, U};
use super::lanes::{Lanes, Register, map};
use super::level::Loop;
use super::room::{Lane, Room};

/// What is not known, in a sum of numbers of 32 bits: above all that as many of
/// them as [`LONGEST`] come to, and as many of it still fit.
const UNSURE: i64 = 1 << 45;
/// What is not known, where lanes are counted.
const UNSURE_ONE: i32 = 1 << 16;
/// Items of one owner.
pub(super) const LONGEST: u32 = 1 << 12;

/// How the items of owners lie.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order<'r> {
    /// Anywhere.
    Strewn,
    /// One owner's after the other's.
    InTurn(Turns<'r>),
}

/// Items of every owner in turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns<'r> {
    /// First item of each owner, and the end; nothing where most owners have none.
    pub(crate) from: &'r [u32],
    /// Items of the owner who has most.
    pub(crate) longest: u32,
}

impl Turns<'_> {
    /// Whether sums here are of few enough items.
    pub(crate) fn are_short(self) -> bool {
        self.longest <= LONGEST
    }
}

/// Lists that are folded: whose each item is, how many owners there are, and how
/// their items lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lists<'r> {
    pub(crate) up: &'r [u32],
    pub(crate) lanes: usize,
    pub(crate) turns: Turns<'r>,
}

/// The most items of any owner.
pub(crate) fn longest(from: &[u32]) -> u32 {
    let ends = from.iter().skip(1);
    let each = from.iter().zip(ends).map(|(from, end)| end - from);
    each.max().unwrap_or(0)
}

/// What adds up, beyond its bits if need be: differences are exact all the same.
pub(crate) trait Adds: Lane {
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, n: u32) -> Self;
}

impl Adds for i64 {
    fn plus(self, other: i64) -> i64 {
        self.wrapping_add(other)
    }

    fn minus(self, other: i64) -> i64 {
        self.wrapping_sub(other)
    }

    fn times(self, n: u32) -> i64 {
        self.wrapping_mul(i64::from(n))
    }
}

impl Adds for i32 {
    fn plus(self, other: i32) -> i32 {
        self.wrapping_add(other)
    }

    fn minus(self, other: i32) -> i32 {
        self.wrapping_sub(other)
    }

    fn times(self, n: u32) -> i32 {
        self.wrapping_mul(n.cast_signed())
    }
}

/// What a number of 32 bits adds to a sum.
#[inline]
pub(crate) fn part(mask: u8, value: i64) -> i64 {
    let unknown = (mask == U) | ((mask == T) & (value == NONE64));
    let counts = if mask == T { value } else { 0 };
    if unknown { UNSURE } else { counts }
}

/// A sum of parts, unknown where one of them was.
#[inline]
pub(crate) fn whole(sum: i64) -> i64 {
    if sum > UNSURE / 2 { NONE64 } else { sum }
}

/// The sum of what belongs, if every number turns out to have 32 bits.
pub(crate) fn sum(
    room: &Room,
    lists: Lists<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
) -> Option<Lanes<'static, i64>> {
    let one = |(mask, value): (u8, i64)| (part(mask, value), is_large(value));
    let (parts, any_large) = match (mask.slice(), value.slice()) {
        (Err(mask), Err(value)) => {
            let (part, is_large) = one((mask, value));
            (Lanes::One(part), is_large)
        }
        (mask, value) => {
            let (parts, any) = match (mask, value) {
                (Ok(mask), Ok(value)) => {
                    let both = mask.iter().zip(value);
                    written(room, both.map(|(mask, value)| (*mask, *value)), one)
                }
                (Ok(mask), Err(value)) => {
                    written(room, mask.iter().map(|mask| (*mask, value)), one)
                }
                (Err(mask), Ok(value)) => {
                    written(room, value.iter().map(|value| (mask, *value)), one)
                }
                (Err(_), Err(_)) => return None,
            };
            (Lanes::Own(parts), any)
        }
    };
    let sums = (!any_large).then(|| added(room, lists, &parts, whole));
    room.back(Register::Wide(parts));
    sums
}

/// How many belong; unknown where that is.
pub(crate) fn count(room: &Room, lists: Lists<'_>, mask: &Lanes<'_, u8>) -> Lanes<'static, i64> {
    let parts = map(room, mask, |mask| {
        select_unpredictable(mask == U, UNSURE_ONE, i32::from(mask == T))
    });
    let counts = added(room, lists, &parts, |n: i32| {
        if n >= UNSURE_ONE {
            NONE64
        } else {
            i64::from(n)
        }
    });
    room.back(Register::Narrow(parts));
    counts
}

/// What the items of every owner add up to, as `shown`.
fn added<V: Adds>(
    room: &Room,
    lists: Lists<'_>,
    parts: &Lanes<'_, V>,
    shown: impl Fn(V) -> i64,
) -> Lanes<'static, i64> {
    let from = lists.turns.from;
    let parts = match parts.slice() {
        Err(part) if from.len() > lists.lanes => {
            let each = from[1..].iter().zip(from).map(|(end, from)| end - from);
            return Lanes::Own(room.fill(each.map(|n| shown(part.times(n)))));
        }
        Ok(parts) if from.len() > lists.lanes => parts,
        _ => return Lanes::Own(one_by_one(room, lists, parts, shown)),
    };
    let mut sums = room.any(parts.len() + 1);
    let through = Rc::make_mut(&mut sums).as_mut_slice();
    room.run(Through { parts, through });
    let mut out = room.any(lists.lanes);
    let results = Rc::make_mut(&mut out).as_mut_slice();
    // Of people mostly the first of each household have items: beyond the last
    // who has any there is nothing to look for.
    let ends = &from[1..];
    let all = ends.last().copied().unwrap_or_default();
    let last = ends.len().min(1 + ends.partition_point(|end| *end < all));
    let (results, none) = results.split_at_mut(last);
    none.fill(shown(V::default()));
    room.run(Differences {
        through,
        ends: &ends[..last],
        results,
        shown,
    });
    V::free(room).borrow_mut().push(sums);
    Lanes::Own(out)
}

/// The same where most owners have no item: nobody looks at those.
fn one_by_one<V: Adds>(
    room: &Room,
    lists: Lists<'_>,
    parts: &Lanes<'_, V>,
    shown: impl Fn(V) -> i64,
) -> Rc<Vec<i64>> {
    let mut out = room.same(shown(V::default()), lists.lanes);
    let results = Rc::make_mut(&mut out).as_mut_slice();
    match parts.slice() {
        Ok(parts) => add_each(results, lists, parts.iter().copied(), shown),
        Err(part) => add_each(results, lists, iter::repeat_n(part, lists.up.len()), shown),
    }
    out
}

#[inline]
fn add_each<V: Adds>(
    results: &mut [i64],
    lists: Lists<'_>,
    parts: impl Iterator<Item = V>,
    shown: impl Fn(V) -> i64,
) {
    let both = lists.up.iter().zip(parts);
    if lists.turns.longest == 1 {
        both.for_each(|(to, part)| results[*to as usize] = shown(part));
        return;
    }
    let (mut at, mut sum) = (u32::MAX, V::default());
    for (to, part) in both {
        // Nobody can foresee whether the next item is somebody else's.
        sum = select_unpredictable(*to == at, sum, V::default()).plus(part);
        results[*to as usize] = shown(sum);
        at = *to;
    }
}

/// Sums of all parts up to each, the first of none.
struct Through<'o, V> {
    parts: &'o [V],
    through: &'o mut [V],
}

impl<V: Adds> Loop for Through<'_, V> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let mut sum = V::default();
        if let Some(first) = self.through.first_mut() {
            *first = sum;
        }
        for (through, part) in self.through.iter_mut().skip(1).zip(self.parts) {
            sum = sum.plus(*part);
            *through = sum;
        }
    }
}

/// From the end of one owner's items to the end of the next one's.
struct Differences<'o, V, F> {
    through: &'o [V],
    ends: &'o [u32],
    results: &'o mut [i64],
    shown: F,
}

impl<V: Adds, F: Fn(V) -> i64> Loop for Differences<'_, V, F> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let mut before = V::default();
        for (result, end) in self.results.iter_mut().zip(self.ends) {
            let through = self.through[*end as usize];
            *result = (self.shown)(through.minus(before));
            before = through;
        }
    }
}
