//! Sums and counts that take a list or the people of a household away, where every
//! number has 32 bits and nobody has many items.
//!
//! Of a list whose items follow each other, owner after owner, what items add up to
//! is the difference of two sums over all items, so that no item waits for the one
//! before it to be told whose it is. Lanes are added up a block at a time, so that
//! what is in the making stays in the first cache.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use std::hint::select_unpredictable;
use std::marker::PhantomData;
use std::ops::Range;
use std::rc::Rc;

use super::algebra::is_large;
use super::graph::{NONE64, T, U};
use super::lanes::{Lanes, Register};
use super::level::Loop;
use super::room::{Lane, Room};

/// What is not known, in a sum of numbers of 32 bits: above all that as many of
/// them as [`LONGEST`] come to, and as many of it still fit.
const UNSURE: i64 = 1 << 45;
/// What is not known, where lanes are counted.
const UNSURE_ONE: i32 = 1 << 16;
/// Items of one owner, or people of one household.
pub(super) const LONGEST: u32 = 1 << 12;
/// Lanes that are added up before the next are looked at.
const AT_ONCE: usize = 1 << 9;

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
pub(super) use operands;

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

/// What is added up.
trait Sum {
    type Value: Copy;
    type Part: Adds;

    /// What a lane adds, and whether it is too large to be added up here.
    fn part(mask: u8, value: Self::Value) -> (Self::Part, bool);

    /// The sum as lanes have it.
    fn shown(sum: Self::Part) -> i64;
}

/// Numbers of what belongs.
struct Numbers;

impl Sum for Numbers {
    type Value = i64;
    type Part = i64;

    #[inline(always)]
    fn part(mask: u8, value: i64) -> (i64, bool) {
        let unknown = (mask == U) | ((mask == T) & (value == NONE64));
        let counts = if mask == T { value } else { 0 };
        (if unknown { UNSURE } else { counts }, is_large(value))
    }

    #[inline(always)]
    fn shown(sum: i64) -> i64 {
        if sum > UNSURE / 2 { NONE64 } else { sum }
    }
}

/// How many belong.
struct Belonging;

impl Sum for Belonging {
    type Value = ();
    type Part = i32;

    #[inline(always)]
    fn part(mask: u8, (): ()) -> (i32, bool) {
        let certain = i32::from(mask == T);
        (if mask == U { UNSURE_ONE } else { certain }, false)
    }

    #[inline(always)]
    fn shown(sum: i32) -> i64 {
        if sum >= UNSURE_ONE {
            NONE64
        } else {
            i64::from(sum)
        }
    }
}

/// A mask and values, lane by lane or the same for all.
type Operands<'o, V> = (Result<&'o [u8], u8>, Result<&'o [V], V>);

/// The sum of what belongs, if every number turns out to have 32 bits.
pub(crate) fn sum(
    room: &Room,
    lists: Lists<'_>,
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
) -> Option<Lanes<'static, i64>> {
    unless_large(
        room,
        added::<Numbers>(room, lists, (mask.slice(), value.slice())),
    )
}

/// How many belong; unknown where that is.
pub(crate) fn count(room: &Room, lists: Lists<'_>, mask: &Lanes<'_, u8>) -> Lanes<'static, i64> {
    added::<Belonging>(room, lists, (mask.slice(), Err(()))).0
}

/// The sum over the people of households, under the same condition.
pub(crate) fn sum_of_people(
    room: &Room,
    shape: (usize, usize),
    mask: &Lanes<'_, u8>,
    value: &Lanes<'_, i64>,
) -> Option<Lanes<'static, i64>> {
    let operands = (mask.slice(), value.slice());
    unless_large(room, of_people::<Numbers>(room, shape, operands)?)
}

/// How many of the people of households belong, if no household is too large.
pub(crate) fn count_of_people(
    room: &Room,
    shape: (usize, usize),
    mask: &Lanes<'_, u8>,
) -> Option<Lanes<'static, i64>> {
    let counts = of_people::<Belonging>(room, shape, (mask.slice(), Err(())))?;
    Some(counts.0)
}

fn unless_large(
    room: &Room,
    (sums, any_large): (Lanes<'static, i64>, bool),
) -> Option<Lanes<'static, i64>> {
    if any_large {
        room.back(Register::Wide(sums));
        return None;
    }
    Some(sums)
}

/// What the items of every owner add up to; whether any is too large for that.
fn added<S: Sum>(
    room: &Room,
    lists: Lists<'_>,
    operands: Operands<'_, S::Value>,
) -> (Lanes<'static, i64>, bool) {
    let from = lists.turns.from;
    if from.len() <= lists.lanes {
        return one_by_one::<S>(room, lists, operands);
    }
    if let (Err(mask), Err(value)) = operands {
        let (part, is_large) = S::part(mask, value);
        let each = from[1..].iter().zip(from).map(|(end, from)| end - from);
        let sums = room.fill(each.map(|n| S::shown(part.times(n))));
        return (Lanes::Own(sums), is_large);
    }
    let mut out = room.any(lists.lanes);
    let results = Rc::make_mut(&mut out).as_mut_slice();
    // Of people mostly the first of each household have items: beyond the last
    // who has any there is nothing to look for.
    let ends = &from[1..];
    let all = ends.last().copied().unwrap_or_default();
    let last = ends.len().min(1 + ends.partition_point(|end| *end < all));
    let (results, none) = results.split_at_mut(last);
    none.fill(S::shown(S::Part::default()));
    let any_large = room.run(Turned::<S> {
        operands,
        ends: &ends[..last],
        results,
        of: PhantomData,
    });
    (Lanes::Own(out), any_large)
}

/// The same where most owners have no item: nobody looks at those.
fn one_by_one<S: Sum>(
    room: &Room,
    lists: Lists<'_>,
    operands: Operands<'_, S::Value>,
) -> (Lanes<'static, i64>, bool) {
    let mut out = room.same(S::shown(S::Part::default()), lists.lanes);
    let results = Rc::make_mut(&mut out).as_mut_slice();
    let any_large = room.run(OneByOne::<S> {
        operands,
        up: lists.up,
        results,
        of: PhantomData,
    });
    (Lanes::Own(out), any_large)
}

/// Items, and the lane of whose each is.
struct OneByOne<'o, S: Sum> {
    operands: Operands<'o, S::Value>,
    up: &'o [u32],
    results: &'o mut [i64],
    of: PhantomData<S>,
}

impl<S: Sum> Loop for OneByOne<'_, S> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let (mask, value) = self.operands;
        let mut any = false;
        let (mut at, mut sum) = (u32::MAX, S::Part::default());
        let mut parts = [S::Part::default(); AT_ONCE];
        for (n, up) in self.up.chunks(AT_ONCE).enumerate() {
            let begin = n * AT_ONCE;
            any |= parted::<S>(&mut parts, (mask, value), begin..begin + up.len());
            for (to, part) in up.iter().zip(&parts) {
                // Nobody can foresee whether the next item is somebody else's.
                sum = select_unpredictable(*to == at, sum, S::Part::default()).plus(*part);
                self.results[*to as usize] = S::shown(sum);
                at = *to;
            }
        }
        any
    }
}

/// What each of some lanes adds; whether any is too large to be added up here.
#[inline(always)]
fn parted<S: Sum>(
    parts: &mut [S::Part; AT_ONCE],
    (mask, value): Operands<'_, S::Value>,
    range: Range<usize>,
) -> bool {
    operands!(mask, value, range.clone(), |both| {
        let mut any = false;
        for (slot, (mask, value)) in parts.iter_mut().zip(both) {
            let (part, is_large) = S::part(mask, value);
            *slot = part;
            any |= is_large;
        }
        any
    })
}

/// Items of owners in turn, of which there are `ends`.
struct Turned<'o, S: Sum> {
    operands: Operands<'o, S::Value>,
    ends: &'o [u32],
    results: &'o mut [i64],
    of: PhantomData<S>,
}

impl<S: Sum> Loop for Turned<'_, S> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let (mask, value) = self.operands;
        let all = self.ends.last().copied().unwrap_or_default() as usize;
        let (mut ends, mut results) = (self.ends, self.results);
        let mut any = false;
        let mut parts = [S::Part::default(); AT_ONCE];
        // Sums through each item of the block, begun with what its first owner has
        // from the block before.
        let mut through = [S::Part::default(); 2 * AT_ONCE];
        for begin in (0..=all).step_by(AT_ONCE) {
            let end = all.min(begin + AT_ONCE);
            any |= parted::<S>(&mut parts, (mask, value), begin..end);
            let mut sum = through[0];
            for (through, part) in through[1..].iter_mut().zip(&parts[..end - begin]) {
                sum = sum.plus(*part);
                *through = sum;
            }
            let ended = ends.partition_point(|owner| *owner as usize <= end);
            let (these, later) = ends.split_at(ended);
            let (shown, rest) = results.split_at_mut(ended);
            let mut before = S::Part::default();
            for (result, end) in shown.iter_mut().zip(these) {
                // Never beyond the block; said so that nobody asks in every lane.
                let through = through[(*end as usize - begin) % (2 * AT_ONCE)];
                *result = S::shown(through.minus(before));
                before = through;
            }
            through[0] = sum.minus(before);
            (ends, results) = (later, rest);
        }
        any
    }
}

/// What the people of every household add up to, if none is too large; whether any
/// number is.
fn of_people<S: Sum>(
    room: &Room,
    (len, people): (usize, usize),
    operands: Operands<'_, S::Value>,
) -> Option<(Lanes<'static, i64>, bool)> {
    if people > LONGEST as usize {
        return None;
    }
    if let (Err(mask), Err(value)) = operands {
        let (part, is_large) = S::part(mask, value);
        let sum = S::shown(part.times(u32::try_from(people).ok()?));
        return Some((Lanes::One(sum), is_large));
    }
    let mut out = room.any(len);
    let results = Rc::make_mut(&mut out).as_mut_slice();
    let any_large = room.run(Together::<S> {
        operands,
        people,
        results,
        of: PhantomData,
    });
    Some((Lanes::Own(out), any_large))
}

/// People of households, the first of each before the second of each.
struct Together<'o, S: Sum> {
    operands: Operands<'o, S::Value>,
    people: usize,
    results: &'o mut [i64],
    of: PhantomData<S>,
}

impl<S: Sum> Loop for Together<'_, S> {
    type Out = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let (mask, value) = self.operands;
        let len = self.results.len();
        let mut any = false;
        for (n, results) in self.results.chunks_mut(AT_ONCE).enumerate() {
            let mut sums = [S::Part::default(); AT_ONCE];
            for person in 0..self.people {
                let begin = person * len + n * AT_ONCE;
                let end = begin + results.len();
                any |= operands!(mask, value, begin..end, |both| {
                    let mut any = false;
                    for (sum, (mask, value)) in sums.iter_mut().zip(both) {
                        let (part, is_large) = S::part(mask, value);
                        *sum = sum.plus(part);
                        any |= is_large;
                    }
                    any
                });
            }
            for (result, sum) in results.iter_mut().zip(sums) {
                *result = S::shown(sum);
            }
        }
        any
    }
}
