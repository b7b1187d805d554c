//! The five policies by hand over columns: members of households of one size
//! stand slot after slot, items in the order of their people, and nothing is
//! computed that the five do not ask. How far the machine stays behind this is
//! what it pays for reading policies from files.

#![expect(
    clippy::inline_always,
    clippy::needless_bitwise_bool,
    reason = "the wide instructions reach what is inlined, and a branch in a lane undoes them"
)]

use rayon::prelude::*;

use crate::flat::{Figures, Flags, Home, UNKNOWN, member_flag};
use crate::rows::trit;

/// Households of a chunk: scalars of so many stay in the first cache.
const CHUNK: usize = 1_024;

/// Households with equally many people. Slot `j` of household `i` is lane
/// `j * len + i`.
#[derive(Default)]
pub(crate) struct Chunk {
    len: usize,
    people: usize,
    /// Places of the households in the order they came.
    places: Vec<u32>,
    recognised: Vec<u8>,
    recognised_open: Vec<u8>,
    within: Vec<u8>,
    whole_family: Vec<u8>,
    deaths: Vec<u8>,
    incomes_open: Vec<u8>,
    settled_open: Vec<u8>,
    income_lane: Vec<u16>,
    income_class: Vec<u8>,
    income_fen: Vec<i64>,
    settled_lane: Vec<u16>,
    settled_day: Vec<i32>,
    settled_fen: Vec<i64>,
}

/// Room of one thread: sums of each lane.
#[derive(Default)]
struct Sums {
    counted: Vec<i64>,
    counted_unknown: Vec<u8>,
    all: Vec<i64>,
    all_unknown: Vec<u8>,
    bill: Vec<i64>,
    flags: Vec<Flags>,
}

impl Chunk {
    fn of(homes: &[(u32, &Home)]) -> Chunk {
        let people = homes.first().map_or(0, |(_, home)| home.people.len());
        let mut chunk = Chunk {
            len: homes.len(),
            people,
            ..Chunk::default()
        };
        for (place, home) in homes {
            chunk.places.push(*place);
            chunk.recognised.push(home.recognised);
            chunk.recognised_open.push(u8::from(home.recognised_open));
            chunk.within.push(home.within.map_or(1, trit));
            chunk.whole_family.push(trit(home.whole_family));
        }
        for (slot, i) in (0..people).flat_map(|slot| (0..homes.len()).map(move |i| (slot, i))) {
            let person = &homes[i].1.people[slot];
            let lane = u16::try_from(slot * homes.len() + i).expect("few lanes");
            chunk.deaths.push(person.deaths);
            chunk.incomes_open.push(u8::from(person.incomes_open));
            chunk.settled_open.push(u8::from(person.settled_open));
            for income in &person.incomes {
                chunk.income_lane.push(lane);
                chunk.income_class.push(income.class);
                chunk.income_fen.push(income.fen);
            }
            for settled in &person.settled {
                chunk.settled_lane.push(lane);
                chunk.settled_day.push(settled.day);
                chunk.settled_fen.push(settled.fen);
            }
        }
        chunk
    }
}

/// All households as chunks.
pub(crate) fn chunks(homes: &[Home]) -> Vec<Chunk> {
    let most = homes.iter().map(|home| home.people.len()).max();
    let sized = |people: usize| {
        let all = (0..)
            .zip(homes)
            .filter(|(_, home)| home.people.len() == people);
        let all: Vec<(u32, &Home)> = all.collect();
        all.chunks(CHUNK).map(Chunk::of).collect::<Vec<_>>()
    };
    (0..=most.unwrap_or(0)).flat_map(sized).collect()
}

impl Sums {
    #[inline(always)]
    fn fill(&mut self, chunk: &Chunk, figures: &Figures) {
        let lanes = chunk.len * chunk.people;
        for sums in [&mut self.counted, &mut self.all, &mut self.bill] {
            sums.clear();
            sums.resize(lanes, 0);
        }
        for unknown in [&mut self.counted_unknown, &mut self.all_unknown] {
            unknown.clear();
            unknown.extend_from_slice(&chunk.incomes_open);
        }
        let classes = chunk.income_class.iter().zip(&chunk.income_fen);
        for (lane, (class, fen)) in chunk.income_lane.iter().zip(classes) {
            let lane = usize::from(*lane);
            let exempt = figures.exempt >> class & 1 == 1;
            let unknown = *fen == UNKNOWN;
            let fen = if unknown { 0 } else { *fen };
            self.all[lane] += fen;
            self.counted[lane] += if exempt { 0 } else { fen };
            self.all_unknown[lane] |= u8::from(unknown);
            self.counted_unknown[lane] |= u8::from(unknown & !exempt);
        }
        let settled = chunk.settled_day.iter().zip(&chunk.settled_fen);
        for (lane, (day, fen)) in chunk.settled_lane.iter().zip(settled) {
            let counts = (*day > figures.after) & (*day <= figures.today);
            self.bill[usize::from(*lane)] += if counts { *fen } else { 0 };
        }
    }

    /// `PEOPLE` is their number where it is known when this is compiled.
    #[inline(always)]
    fn judge<const PEOPLE: usize>(&mut self, chunk: &Chunk, figures: &Figures) {
        self.fill(chunk, figures);
        let len = chunk.len;
        let people = if PEOPLE == 0 { chunk.people } else { PEOPLE };
        let lanes = len * people;
        let (deaths, open) = (&chunk.deaths[..lanes], &chunk.settled_open[..lanes]);
        let (counted, all, bill) = (
            &self.counted[..lanes],
            &self.all[..lanes],
            &self.bill[..lanes],
        );
        let counted_unknown = &self.counted_unknown[..lanes];
        let all_unknown = &self.all_unknown[..lanes];
        self.flags.clear();
        self.flags.resize(len, 0);
        let (recognised, maybe) = (&chunk.recognised[..len], &chunk.recognised_open[..len]);
        let (within, whole) = (&chunk.within[..len], &chunk.whole_family[..len]);
        for (i, flags) in self.flags[..len].iter_mut().enumerate() {
            let (mut n, mut one, mut every) = (0_i64, 0_i64, 0_i64);
            let (mut total, mut bills) = (0_i64, 0_i64);
            let (mut unsure, mut one_unknown, mut total_unknown) = (0_u8, 0_u8, 0_u8);
            let (mut bills_unknown, mut every_unknown) = (0_u8, 0_u8);
            let low = trit(recognised[i] & figures.low_income != 0).max(maybe[i]);
            let ordinary = Flags::from(low == 0);
            let mut members = 0;
            for j in 0..people {
                let lane = j * len + i;
                let alive = u8::from(deaths[lane] == 0);
                let counts = i64::from(alive);
                n += counts;
                unsure |= u8::from(deaths[lane] == 1);
                one += counts * counted[lane];
                one_unknown |= alive & counted_unknown[lane];
                total += counts * all[lane];
                total_unknown |= alive & all_unknown[lane];
                bills += counts * bill[lane];
                bills_unknown |= alive & open[lane];
                every += bill[lane];
                every_unknown |= open[lane];
                let large = (bill[lane] > figures.large_bill) & (open[lane] == 0);
                members |= Flags::from(large) * member_flag(j);
            }
            let any = known(unsure, n > 0);
            let none_extreme = trit(recognised[i] & figures.extreme == 0);
            let line = figures.standard * n * 12;
            let one_unknown = one_unknown | unsure;
            let total_unknown = total_unknown | unsure;
            let below = known(one_unknown, one < line);
            let reaches = one * figures.multiple.1 < line * figures.multiple.0;
            let applies = any.min(2 - whole[i]).min(2 - below).min(none_extreme);
            let excluded = trit(recognised[i] & figures.excluded != 0).max(maybe[i]);
            let poor = known(total_unknown, total < figures.disposable * n);
            let share = bills * figures.share.1 > total * figures.share.0;
            let share = known(total_unknown | bills_unknown, share);
            let costly = known(every_unknown, every > figures.low_income_bill);
            *flags = standing(any.min(none_extreme), below.min(within[i]))
                | (standing(applies, known(one_unknown, reaches).min(within[i])) << 2)
                | (standing(any.min(2 - excluded), poor.min(share)) << 4)
                | (standing(low, costly) << 6)
                | (members * ordinary);
        }
    }

    #[inline(always)]
    fn of_size(&mut self, chunk: &Chunk, figures: &Figures) {
        match chunk.people {
            1 => self.judge::<1>(chunk, figures),
            2 => self.judge::<2>(chunk, figures),
            3 => self.judge::<3>(chunk, figures),
            4 => self.judge::<4>(chunk, figures),
            5 => self.judge::<5>(chunk, figures),
            6 => self.judge::<6>(chunk, figures),
            _ => self.judge::<0>(chunk, figures),
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd")]
    fn wide(&mut self, chunk: &Chunk, figures: &Figures) {
        self.of_size(chunk, figures);
    }
}

/// As [`crate::rows::standing`], without a branch.
#[inline(always)]
fn standing(applies: u8, criteria: u8) -> Flags {
    let certain = Flags::from(applies == 2);
    let possible = Flags::from(applies == 1);
    certain * (Flags::from(criteria) + 1) + possible * 2
}

#[inline(always)]
fn known(unknown: u8, holds: bool) -> u8 {
    if unknown == 0 { trit(holds) } else { 1 }
}

/// Whether the wide instructions are there.
pub(crate) fn has_wide() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        has!("avx512f")
            && has!("avx512bw")
            && has!("avx512dq")
            && has!("avx512vl")
            && has!("avx512cd")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Standings of everybody, chunk by chunk; how many flags there are in all, so
/// that nothing of it is left out.
pub(crate) fn count(chunks: &[Chunk], figures: &Figures) -> u64 {
    let each = each(chunks, figures, |flags, _| {
        flags
            .iter()
            .map(|flags| u64::from(flags.count_ones()))
            .sum::<u64>()
    });
    each.into_iter().sum()
}

/// Standings in the order the households came.
pub(crate) fn flags(chunks: &[Chunk], figures: &Figures) -> Vec<Flags> {
    let all = chunks.iter().map(|chunk| chunk.len).sum();
    let mut out = vec![0; all];
    let parts = each(chunks, figures, |flags, chunk| {
        let places = chunk.places.iter().copied();
        places.zip(flags.iter().copied()).collect::<Vec<_>>()
    });
    for (place, flags) in parts.into_iter().flatten() {
        out[place as usize] = flags;
    }
    out
}

#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "instructions that were asked for are called")
)]
fn each<T: Send>(
    chunks: &[Chunk],
    figures: &Figures,
    f: impl Fn(&[Flags], &Chunk) -> T + Sync,
) -> Vec<T> {
    let wide = has_wide();
    let of_chunk = |sums: &mut Sums, chunk: &Chunk| {
        #[cfg(target_arch = "x86_64")]
        if wide {
            // SAFETY: the processor was asked for every feature of the function.
            unsafe { sums.wide(chunk, figures) };
            return f(&sums.flags, chunk);
        }
        sums.of_size(chunk, figures);
        f(&sums.flags, chunk)
    };
    chunks
        .par_iter()
        .map_init(Sums::default, of_chunk)
        .collect()
}
