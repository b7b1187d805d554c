//! Twelve frozen rules over a frozen population: a yardstick that does not move
//! when policies or the dictionary do. Generator, seed and rules are those that
//! the shape of the engine was first tried with; amounts that were compared as
//! fractions are compared as whole numbers here.
//!
//! A rule is 真, 假 or 未知. What is not known of an income counts for nothing
//! in a sum and leaves a comparison 未知.

pub(crate) mod files;
pub(crate) mod limit;
pub(crate) mod records;
pub(crate) mod share;

use std::hint::black_box;

use rayon::prelude::*;

use crate::county::Draws;
use crate::processor::{self, Cost};
use crate::rows::trit;
use crate::{Failed, PASSES};

/// What is not known.
pub(crate) const UNKNOWN: i64 = i64::MIN;
/// A disability that is not known.
pub(crate) const UNKNOWN_GRADE: u8 = u8::MAX;
/// The days a bill counts, the last day among them.
pub(crate) const BILL_DAYS: i32 = 365;
/// Places, each with its own standard.
pub(crate) const PLACES: u64 = 100;
/// Rules.
pub(crate) const RULES: usize = 12;
/// How many of the first million households meet each rule, and of how many it
/// is not known: as the row version of the first trial had it.
const MET_OF_A_MILLION: [u64; RULES] = [
    269_357, 25_495, 27_686, 19_572, 275_370, 44_663, 1_328, 13_646, 2_080, 52_710, 2_708, 93_414,
];
const UNKNOWN_OF_A_MILLION: [u64; RULES] =
    [0, 2_019, 3_403, 2_922, 20_708, 27_242, 0, 0, 0, 0, 0, 2_514];

/// A member.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Fen, or not known.
    pub(crate) income: i64,
    /// Completed years.
    pub(crate) age: u8,
    /// 0 none, 1 to 4, or not known.
    pub(crate) grade: u8,
    /// Of how many parents there is something on record.
    pub(crate) parents: u8,
    pub(crate) deceased: bool,
    pub(crate) receiving: bool,
    pub(crate) student: bool,
    /// Days before the day of judging, and fen, of the one bill.
    pub(crate) bill: Option<(i32, i64)>,
}

/// A household.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// Below [`PLACES`].
    pub(crate) place: u8,
    pub(crate) receiving: bool,
    /// Fen, or not known.
    pub(crate) deposits: i64,
    pub(crate) houses: u8,
    /// Hundredths of a square metre, or not known.
    pub(crate) area: i64,
    pub(crate) vehicles: u8,
    /// Fen, or not known.
    pub(crate) vehicle_value: i64,
    /// Fen, or not known.
    pub(crate) expense: i64,
    pub(crate) members: Vec<Member>,
}

/// A bit for each rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) met: u16,
    pub(crate) unknown: u16,
}

impl Bits {
    /// Of trits in the order of the rules.
    #[inline]
    pub(crate) fn of(trits: [u8; RULES]) -> Bits {
        let mut bits = Bits::default();
        for (n, trit) in trits.into_iter().enumerate() {
            bits.met |= u16::from(trit >> 1) << n;
            bits.unknown |= u16::from(trit & 1) << n;
        }
        bits
    }
}

impl Draws {
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn fen(&mut self, n: u64) -> i64 {
        self.below(n) as i64
    }

    fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// The first band whose upper end is above a share that is drawn.
    fn band(&mut self, ends: &[f64]) -> u8 {
        let share = self.share();
        ends.iter().take_while(|end| share >= **end).count() as u8
    }
}

/// The standard of a place, in fen a month.
pub(crate) const fn standard(place: u8) -> i64 {
    (500 + place as i64 * 5) * 100
}

impl Home {
    /// Household number `n`.
    pub(crate) fn of(n: u64) -> Home {
        let mut draws = Draws(0xC0_FFEE ^ n.wrapping_mul(0xD134_2543_DE82_EF95));
        draws.next();
        let size = 1 + draws.band(&[0.15, 0.41, 0.69, 0.87, 0.95, 0.98, 0.992]);
        let poor = draws.happens(0.15);
        let place = draws.below(PLACES) as u8;
        let receiving = draws.happens(if poor { 0.3 } else { 0.03 });
        let deposits = if draws.happens(0.05) {
            UNKNOWN
        } else {
            let most = if draws.happens(0.6) {
                2_000_000
            } else {
                50_000_000
            };
            draws.fen(most)
        };
        let houses = draws.band(&[0.08, 0.86, 0.97]);
        let area = if draws.happens(0.03) {
            UNKNOWN
        } else {
            1_500 + draws.fen(18_500)
        };
        let vehicles = draws.band(&[0.55, 0.93, 0.99]);
        let vehicle_value = if draws.happens(0.03) {
            UNKNOWN
        } else if vehicles == 0 {
            0
        } else {
            200_000 + draws.fen(15_000_000)
        };
        let expense = if draws.happens(0.06) {
            UNKNOWN
        } else {
            draws.fen(6_000_000)
        };
        let old = size == 1 && draws.happens(0.3);
        let member = |j| Member::of(&mut draws, (j, old), (poor, receiving));
        Home {
            place,
            receiving,
            deposits,
            houses,
            area,
            vehicles,
            vehicle_value,
            expense,
            members: (0..size).map(member).collect(),
        }
    }
}

impl Member {
    #[expect(clippy::cast_sign_loss, reason = "a share above 0.92 less as much")]
    fn of(draws: &mut Draws, (j, old): (u8, bool), (poor, paid): (bool, bool)) -> Member {
        let age = match (old, j) {
            (true, _) => 70 + draws.below(28),
            (false, 0) => 25 + draws.below(65),
            _ => draws.below(95),
        } as u8;
        let income = if draws.happens(0.04) {
            UNKNOWN
        } else if age < 18 || draws.happens(0.3) {
            0
        } else if poor {
            draws.fen(120_000)
        } else {
            30_000 + draws.fen(1_200_000)
        };
        let share = draws.share();
        let grade = match share {
            share if share < 0.02 => UNKNOWN_GRADE,
            share if share < 0.92 => 0,
            share => 1 + ((share - 0.92) / 0.02) as u8 % 4,
        };
        let parents = if age < 18 {
            2 - draws.band(&[0.004, 0.03])
        } else {
            0
        };
        let deceased = draws.happens(0.008);
        let receiving = paid || draws.happens(0.02);
        let student = (6..=24).contains(&age) && draws.happens(0.8);
        let bill = draws.happens(0.2).then(|| {
            let most = if draws.happens(0.1) {
                20_000_000
            } else {
                500_000
            };
            let fen = draws.fen(most);
            (draws.below(1_000) as i32, fen)
        });
        Member {
            income,
            age,
            grade,
            parents,
            deceased,
            receiving,
            student,
            bill,
        }
    }
}

#[inline]
const fn known(is_known: bool, holds: bool) -> u8 {
    if is_known { trit(holds) } else { 1 }
}

/// The rules over a row, as a careful programmer writes them.
#[inline]
pub(crate) fn judge(home: &Home) -> Bits {
    let standard = standard(home.place);
    let (mut alive, mut income, mut bills, mut students) = (0, 0, 0, 0);
    let (mut severe, mut disabled, mut orphan, mut dead_paid) = (0, 0, 0, 0);
    let (mut all_old, mut works) = (2, 0);
    for member in &home.members {
        let lives = trit(!member.deceased);
        let adult = trit(member.age >= 18);
        let knows = member.grade != UNKNOWN_GRADE;
        let is_severe = known(knows, (1..=2).contains(&member.grade));
        let poor = known(member.income != UNKNOWN, member.income < 2 * standard);
        if lives == 2 {
            alive += 1;
            income += if member.income == UNKNOWN {
                0
            } else {
                member.income
            };
            students += i64::from(member.student && member.age >= 16);
        }
        bills += member
            .bill
            .map_or(0, |(days, fen)| if days <= BILL_DAYS { fen } else { 0 });
        severe = lives.min(is_severe).max(severe);
        disabled = lives.min(adult).min(is_severe).min(poor).max(disabled);
        let alone = member.age < 18 && member.parents == 2 && !member.receiving;
        orphan = lives.min(trit(alone)).max(orphan);
        dead_paid = trit(member.deceased && member.receiving).max(dead_paid);
        all_old = trit(member.deceased || member.age >= 80).min(all_old);
        let of_age = trit((18..60).contains(&member.age) && !member.student);
        let able = known(knows, !(1..=2).contains(&member.grade));
        works = lives.min(of_age).min(able).max(works);
    }
    let line = standard * alive;
    let paid = trit(home.receiving);
    let poor = trit(income < 2 * line);
    let any = trit(alive > 0);
    let deposits = |holds| known(home.deposits != UNKNOWN, holds);
    let roomy = known(home.area != UNKNOWN, home.area > 5_000 * alive);
    let property = deposits(home.deposits > 24 * line)
        .max(trit(home.houses > 2))
        .max(trit(home.houses == 2).min(roomy));
    let dear = known(
        home.vehicle_value != UNKNOWN,
        home.vehicle_value > 60 * standard,
    );
    Bits::of([
        any.min(trit(income < line)),
        trit(income >= line && 2 * income < 3 * line).min(deposits(home.deposits <= 36 * line)),
        paid.min(property),
        paid.min(trit(home.vehicles >= 2).max(dear)).min(2 - severe),
        known(home.expense != UNKNOWN, 5 * home.expense > 36 * income).min(poor),
        disabled,
        orphan,
        trit(bills > 36 * standard && 2 * bills > 12 * income),
        dead_paid,
        any.min(all_old),
        trit(students >= 2).min(poor),
        any.min(2 - works).min(poor).min(2 - paid),
    ])
}

/// How many households meet each rule, and of how many it is not known.
pub(crate) fn counts(all: &[Bits]) -> [[u64; RULES]; 2] {
    let of = |f: &dyn Fn(&Bits) -> u16, n: usize| {
        all.iter()
            .map(|bits| u64::from(f(bits) >> n & 1))
            .sum::<u64>()
    };
    [
        std::array::from_fn(|n| of(&|bits| bits.met, n)),
        std::array::from_fn(|n| of(&|bits| bits.unknown, n)),
    ]
}

/// What each way of judging costs, after the bits of every household were found
/// to be the same, and those of a million what they always were.
pub(crate) fn beside(total: u64, share: Option<&std::path::Path>) -> Result<(), Failed> {
    let homes: Vec<Home> = (0..total).into_par_iter().map(Home::of).collect();
    let expected: Vec<Bits> = homes.par_iter().map(judge).collect();
    if let Some(first) = expected.get(..1_000_000) {
        let found = counts(first);
        if found != [MET_OF_A_MILLION, UNKNOWN_OF_A_MILLION] {
            return Err(format!("the frozen rules are others: {found:?}").into());
        }
        println!("the first million of the frozen population is what it was");
    }
    let ours = records::Records::of(&homes)?;
    let chunks = limit::chunks(&homes);
    same("from files", ours.bits(total)?, &expected)?;
    same(
        "by hand over columns",
        &limit::bits(&chunks, homes.len()),
        &expected,
    )?;
    let (scalars, lists) = ours.columns.bytes();
    println!(
        "twelve frozen rules for {total} households: true and 未知 of each are the same three ways; {} operations, {:.0} bytes of scalars, {:.0} of lists each",
        ours.machine.operations(),
        scalars as f64 / total as f64,
        lists as f64 / total as f64
    );
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let tell = |name: &str, work: &(dyn Fn() -> u64 + Sync)| {
            let cost = processor::median(PASSES, &|| pool.install(|| black_box(work())));
            println!("{name}, {threads} threads: {}", cost.per(total));
            Cost::nanoseconds(cost, total)
        };
        let files = tell("twelve frozen rules from files, the next day", &|| {
            ours.count()
        });
        let anew = tell("the same, each day under other standards", &|| {
            ours.count_anew()
        });
        let rows = tell("the twelve by hand over rows", &|| {
            let ones = |home| u64::from(judge(home).met.count_ones());
            let parts = homes.par_chunks(256);
            parts.map(|part| part.iter().map(ones).sum::<u64>()).sum()
        });
        let limit = tell("the twelve by hand over columns", &|| limit::count(&chunks));
        println!(
            "from files: {:.2} of the speed by hand over columns, {:.2} times that over rows; under other standards {:.2} and {:.2}",
            limit / files,
            rows / files,
            limit / anew,
            rows / anew
        );
        if let (1, Some(folder)) = (threads, share) {
            share::write(folder, &homes, &expected, [files, anew])?;
        }
    }
    Ok(())
}

fn same(name: &str, found: &[Bits], expected: &[Bits]) -> Result<(), Failed> {
    let differs = found.iter().zip(expected).position(|(a, b)| a != b);
    match differs {
        None if found.len() == expected.len() => Ok(()),
        at => Err(format!("{name} judges household {at:?} otherwise").into()),
    }
}
