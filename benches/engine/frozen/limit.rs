//! The twelve frozen rules by hand over columns: members slot after slot,
//! fused, in blocks that stay in the first cache. Nothing beats this that is
//! not written for these twelve.

#![expect(
    clippy::inline_always,
    clippy::needless_bitwise_bool,
    clippy::manual_range_contains,
    reason = "the wide instructions reach what is inlined, a branch in a lane undoes them, and lanes are walked by number"
)]

use rayon::prelude::*;

use super::{BILL_DAYS, Bits, Home, RULES, UNKNOWN, UNKNOWN_GRADE, standard};

/// Households of a chunk.
const CHUNK: usize = 1_024;
/// Households of a block.
const BLOCK: usize = 256;

/// Households with equally many people. Slot `j` of household `i` is lane
/// `j * len + i`.
#[derive(Default)]
pub(crate) struct Chunk {
    len: usize,
    people: usize,
    numbers: Vec<u32>,
    place: Vec<u16>,
    paid: Vec<u8>,
    deposits: Vec<i64>,
    houses: Vec<u8>,
    area: Vec<i64>,
    vehicles: Vec<u8>,
    vehicle_value: Vec<i64>,
    expense: Vec<i64>,
    income: Vec<i64>,
    age: Vec<u8>,
    grade: Vec<u8>,
    parents: Vec<u8>,
    deceased: Vec<u8>,
    receiving: Vec<u8>,
    student: Vec<u8>,
    bill: Vec<i64>,
    /// Days before the day of judging; many where there is none.
    bill_days: Vec<i32>,
}

#[inline(always)]
const fn tr(holds: bool) -> u8 {
    (holds as u8) * 2
}

#[inline(always)]
const fn nt(unknown: bool, holds: bool) -> u8 {
    if unknown { 1 } else { (holds as u8) * 2 }
}

impl Chunk {
    fn of(homes: &[(u32, &Home)]) -> Chunk {
        let people = homes.first().map_or(0, |(_, home)| home.members.len());
        let mut chunk = Chunk {
            len: homes.len(),
            people,
            ..Chunk::default()
        };
        for (number, home) in homes {
            chunk.numbers.push(*number);
            chunk.place.push(u16::from(home.place));
            chunk.paid.push(tr(home.receiving));
            chunk.deposits.push(home.deposits);
            chunk.houses.push(home.houses);
            chunk.area.push(home.area);
            chunk.vehicles.push(home.vehicles);
            chunk.vehicle_value.push(home.vehicle_value);
            chunk.expense.push(home.expense);
        }
        for (slot, (_, home)) in (0..people).flat_map(|slot| homes.iter().map(move |h| (slot, h))) {
            let member = &home.members[slot];
            chunk.income.push(member.income);
            chunk.age.push(member.age);
            chunk.grade.push(member.grade);
            chunk.parents.push(member.parents);
            chunk.deceased.push(tr(member.deceased));
            chunk.receiving.push(tr(member.receiving));
            chunk.student.push(tr(member.student));
            let (days, fen) = member.bill.unwrap_or((i32::MAX, 0));
            chunk.bill.push(fen);
            chunk.bill_days.push(days);
        }
        chunk
    }
}

/// All households as chunks.
pub(crate) fn chunks(homes: &[Home]) -> Vec<Chunk> {
    let most = homes.iter().map(|home| home.members.len()).max();
    let sized = |people: usize| {
        let all = (0..)
            .zip(homes)
            .filter(|(_, home)| home.members.len() == people);
        let all: Vec<(u32, &Home)> = all.collect();
        all.chunks(CHUNK).map(Chunk::of).collect::<Vec<_>>()
    };
    (1..=most.unwrap_or(0)).flat_map(sized).collect()
}

/// What a block adds up to.
struct Sums {
    standard: [i64; BLOCK],
    alive: [u8; BLOCK],
    income: [i64; BLOCK],
    bills: [i64; BLOCK],
    students: [u8; BLOCK],
    severe: [u8; BLOCK],
    disabled: [u8; BLOCK],
    orphan: [u8; BLOCK],
    dead_paid: [u8; BLOCK],
    all_old: [u8; BLOCK],
    works: [u8; BLOCK],
}

impl Sums {
    #[inline(always)]
    fn of(chunk: &Chunk, begin: usize, len: usize, standards: &[i64]) -> Sums {
        let mut sums = Sums {
            standard: [0; BLOCK],
            alive: [0; BLOCK],
            income: [0; BLOCK],
            bills: [0; BLOCK],
            students: [0; BLOCK],
            severe: [0; BLOCK],
            disabled: [0; BLOCK],
            orphan: [0; BLOCK],
            dead_paid: [0; BLOCK],
            all_old: [2; BLOCK],
            works: [0; BLOCK],
        };
        let place = &chunk.place[begin..begin + len];
        for i in 0..len {
            sums.standard[i] = standards[usize::from(place[i])];
        }
        for slot in 0..chunk.people {
            sums.add(chunk, slot * chunk.len + begin, len);
        }
        sums
    }

    #[inline(always)]
    fn add(&mut self, chunk: &Chunk, m: usize, len: usize) {
        let (dead, age, grade) = (
            &chunk.deceased[m..m + len],
            &chunk.age[m..m + len],
            &chunk.grade[m..m + len],
        );
        let (parents, paid, student) = (
            &chunk.parents[m..m + len],
            &chunk.receiving[m..m + len],
            &chunk.student[m..m + len],
        );
        let (income, bill, days) = (
            &chunk.income[m..m + len],
            &chunk.bill[m..m + len],
            &chunk.bill_days[m..m + len],
        );
        let mut poor = [0_u8; BLOCK];
        for i in 0..len {
            let fen = income[i];
            let counts = (dead[i] != 2) & (fen != UNKNOWN);
            self.income[i] += if counts { fen } else { 0 };
            poor[i] = nt(fen == UNKNOWN, fen < 2 * self.standard[i]);
        }
        for i in 0..len {
            self.bills[i] += if days[i] <= BILL_DAYS { bill[i] } else { 0 };
        }
        for i in 0..len {
            let (grade, age, dead) = (grade[i], age[i], dead[i]);
            let lives = 2 - dead;
            self.alive[i] += lives >> 1;
            let open = grade == UNKNOWN_GRADE;
            let severe = lives.min(nt(open, (grade >= 1) & (grade <= 2)));
            self.severe[i] = self.severe[i].max(severe);
            let adult = tr(age >= 18);
            self.disabled[i] = self.disabled[i].max(severe.min(adult).min(poor[i]));
            let alone = lives
                .min(2 - adult)
                .min(tr(parents[i] == 2))
                .min(2 - paid[i]);
            self.orphan[i] = self.orphan[i].max(alone);
            self.dead_paid[i] = self.dead_paid[i].max(dead.min(paid[i]));
            self.all_old[i] = self.all_old[i].min(dead.max(tr(age >= 80)));
            self.students[i] += lives.min(student[i]).min(tr(age >= 16)) >> 1;
            let of_age = adult.min(tr(age < 60)).min(2 - student[i]);
            let able = nt(open, (grade == 0) | (grade >= 3));
            self.works[i] = self.works[i].max(lives.min(of_age).min(able));
        }
    }

    #[inline(always)]
    fn judge(&self, chunk: &Chunk, begin: usize, len: usize, met: &mut [u16], unknown: &mut [u16]) {
        let range = begin..begin + len;
        let (deposits, expense) = (
            &chunk.deposits[range.clone()],
            &chunk.expense[range.clone()],
        );
        let (value, area) = (
            &chunk.vehicle_value[range.clone()],
            &chunk.area[range.clone()],
        );
        let (paid, houses) = (&chunk.paid[range.clone()], &chunk.houses[range.clone()]);
        let vehicles = &chunk.vehicles[range];
        let mut rules = [[0_u8; BLOCK]; RULES];
        let mut poor = [0_u8; BLOCK];
        let (mut few, mut many, mut dear, mut roomy) =
            ([0_u8; BLOCK], [0_u8; BLOCK], [0_u8; BLOCK], [0_u8; BLOCK]);
        for i in 0..len {
            let line = self.standard[i] * i64::from(self.alive[i]);
            let income = self.income[i];
            rules[0][i] = tr((self.alive[i] > 0) & (income < line));
            rules[1][i] = tr((income >= line) & (2 * income < 3 * line));
            poor[i] = tr(income < 2 * line);
        }
        for i in 0..len {
            let line = self.standard[i] * i64::from(self.alive[i]);
            few[i] = nt(deposits[i] == UNKNOWN, deposits[i] <= 36 * line);
            many[i] = nt(deposits[i] == UNKNOWN, deposits[i] > 24 * line);
        }
        for i in 0..len {
            dear[i] = nt(value[i] == UNKNOWN, value[i] > 60 * self.standard[i]);
            let bills = self.bills[i];
            rules[7][i] = tr((bills > 36 * self.standard[i]) & (2 * bills > 12 * self.income[i]));
        }
        for i in 0..len {
            // 5 × what is not known wraps, and is not asked.
            let more = expense[i].wrapping_mul(5) > 36 * self.income[i];
            rules[4][i] = nt(expense[i] == UNKNOWN, more);
            roomy[i] = nt(
                area[i] == UNKNOWN,
                area[i] > 5_000 * i64::from(self.alive[i]),
            );
        }
        for i in 0..len {
            let any = tr(self.alive[i] > 0);
            rules[1][i] = rules[1][i].min(few[i]);
            let two = tr(houses[i] == 2).min(roomy[i]);
            rules[2][i] = paid[i].min(many[i].max(tr(houses[i] > 2)).max(two));
            rules[3][i] = paid[i]
                .min(tr(vehicles[i] >= 2).max(dear[i]))
                .min(2 - self.severe[i]);
            rules[4][i] = rules[4][i].min(poor[i]);
            rules[5][i] = self.disabled[i];
            rules[6][i] = self.orphan[i];
            rules[8][i] = self.dead_paid[i];
            rules[9][i] = any.min(self.all_old[i]);
            rules[10][i] = tr(self.students[i] >= 2).min(poor[i]);
            rules[11][i] = any.min(2 - self.works[i]).min(poor[i]).min(2 - paid[i]);
        }
        met.fill(0);
        unknown.fill(0);
        for (n, rule) in rules.iter().enumerate() {
            for i in 0..len {
                met[i] |= u16::from(rule[i] >> 1) << n;
                unknown[i] |= u16::from(rule[i] & 1) << n;
            }
        }
    }
}

/// The bits of a chunk.
#[derive(Default)]
struct Room {
    met: Vec<u16>,
    unknown: Vec<u16>,
}

impl Room {
    #[inline(always)]
    fn judge(&mut self, chunk: &Chunk, standards: &[i64]) {
        self.met.resize(chunk.len, 0);
        self.unknown.resize(chunk.len, 0);
        let mut begin = 0;
        while begin < chunk.len {
            let len = BLOCK.min(chunk.len - begin);
            let (met, unknown) = (
                &mut self.met[begin..begin + len],
                &mut self.unknown[begin..begin + len],
            );
            // A length that is known when this is compiled lets whole blocks do without ends.
            if len == BLOCK {
                Sums::of(chunk, begin, BLOCK, standards).judge(chunk, begin, BLOCK, met, unknown);
            } else {
                Sums::of(chunk, begin, len, standards).judge(chunk, begin, len, met, unknown);
            }
            begin += len;
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd")]
    fn wide(&mut self, chunk: &Chunk, standards: &[i64]) {
        self.judge(chunk, standards);
    }
}

#[cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "instructions that were asked for are called")
)]
fn each<T: Send>(chunks: &[Chunk], f: impl Fn(&Room, &Chunk) -> T + Sync) -> Vec<T> {
    let wide = crate::limit::has_wide();
    let standards: Vec<i64> = (0..super::PLACES as u8).map(standard).collect();
    let of_chunk = |room: &mut Room, chunk: &Chunk| {
        #[cfg(target_arch = "x86_64")]
        if wide {
            // SAFETY: the processor was asked for every feature of the function.
            unsafe { room.wide(chunk, &standards) };
            return f(room, chunk);
        }
        room.judge(chunk, &standards);
        f(room, chunk)
    };
    chunks
        .par_iter()
        .map_init(Room::default, of_chunk)
        .collect()
}

/// Bits of both kinds, chunk by chunk, counted so that nothing is left out.
pub(crate) fn count(chunks: &[Chunk]) -> u64 {
    let ones = |bits: &[u16]| {
        bits.iter()
            .map(|bits| u64::from(bits.count_ones()))
            .sum::<u64>()
    };
    let each = each(chunks, |room, _| ones(&room.met) + ones(&room.unknown));
    each.into_iter().sum()
}

/// Bits in the order the households came.
pub(crate) fn bits(chunks: &[Chunk], total: usize) -> Vec<Bits> {
    let mut out = vec![Bits::default(); total];
    let parts = each(chunks, |room, chunk| {
        let bits = room.met.iter().zip(&room.unknown);
        let bits = bits.map(|(met, unknown)| Bits {
            met: *met,
            unknown: *unknown,
        });
        chunk.numbers.iter().copied().zip(bits).collect::<Vec<_>>()
    });
    for (number, bits) in parts.into_iter().flatten() {
        out[number as usize] = bits;
    }
    out
}
