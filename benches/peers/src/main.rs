//! Five committed policies judged by Hearth from their files, by hand over rows
//! and over columns, and by other engines, over the same invented households in
//! one run. Every answer is compared with the rows by hand, household by
//! household; only then it is timed.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml -- [households]`
//!
//! Where a peer has no unknown facts, its expressions ask for what is not known
//! by name, and only 符合 is compared. Making its values of a row is counted
//! with it, as it is for whoever uses it; frames and columns are made once.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "invented numbers are small, and figures are for reading"
)]

#[path = "../../engine/county.rs"]
mod county;
#[path = "../../engine/five.rs"]
mod five;
#[path = "../../engine/flat.rs"]
mod flat;
#[path = "../../engine/limit.rs"]
mod limit;
#[path = "../../engine/processor.rs"]
mod processor;
#[path = "../../engine/rows.rs"]
mod rows;
#[path = "../../engine/shipped.rs"]
mod shipped;

mod cels;
mod frames;
mod logics;
mod words;
mod zens;

use std::hint::black_box;

use bumpalo::Bump;
use county::County;
use domain::time::Date;
use five::Five;
use flat::{Flags, Home};
use polars::prelude::Engine;

type Failed = Box<dyn std::error::Error>;

/// Households that engines judge which take one at a time.
const ONE_BY_ONE: usize = 20_000;
/// Passes of each, of which the median is told.
const PASSES: usize = 5;

/// What one household costs an engine, of processor time.
struct Told {
    name: &'static str,
    nanoseconds: f64,
}

fn main() -> Result<(), Failed> {
    let mut words = std::env::args().skip(1);
    let total: u64 = words.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let on: Date = "2026-11-20".parse()?;
    let (set, policies) = shipped::shipped()?;
    let county = County::new(on);
    let five = Five::of(
        &policies,
        [&set, &shipped::under_another()?],
        &county,
        (total, on),
    )?;
    five::beside(&five, &county)?;
    let expected: Vec<u8> = five
        .homes
        .iter()
        .map(|home| met(rows::judge(home, &five.figures)))
        .collect();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let machine = processor::median(PASSES, &|| one.install(|| black_box(five.by_machine())));
    let ours = machine.nanoseconds(total);
    let anew = processor::median(PASSES, &|| {
        one.install(|| black_box(five.by_machine_anew()))
    });
    let anew = anew.nanoseconds(total);
    let mut told = framed(&five, &expected)?;
    told.extend(one_by_one(&five, &expected)?);
    println!(
        "| engine | ns of processor per household | from files, the next day, it is × faster | under another standard each day |\n|---|---|---|---|"
    );
    println!("| Hearth, from files, the next day | {ours:.0} | 1 | |");
    println!("| the same, each day under another standard | {anew:.0} | | 1 |");
    for one in &told {
        println!(
            "| {} | {:.0} | {:.0} | {:.0} |",
            one.name,
            one.nanoseconds,
            one.nanoseconds / ours,
            one.nanoseconds / anew
        );
    }
    Ok(())
}

/// Of which of four policies, or of any member, 符合 is said: what engines with
/// two truth values tell.
fn met(flags: Flags) -> u8 {
    let of_four = (0..4).map(|n| u8::from(flags >> (2 * n) & 3 == 3) << n);
    of_four.sum::<u8>() | u8::from(flags >> 8 != 0) << 4
}

/// Whole frames at once.
fn framed(five: &Five, expected: &[u8]) -> Result<Vec<Told>, Failed> {
    let frames = frames::Frames::of(&five.homes, &five.figures)?;
    let total = u64::try_from(five.homes.len())?;
    let mut told = Vec::new();
    for (name, engine) in [
        ("Polars, in memory", Engine::InMemory),
        ("Polars, streaming", Engine::Streaming),
    ] {
        same(name, &frames.judge(&five.figures, engine)?, expected)?;
        let cost = processor::median(PASSES, &|| {
            black_box(frames.judge(&five.figures, engine).is_ok())
        });
        println!("{name}, as many threads as it takes: {}", cost.per(total));
        told.push(Told {
            name,
            nanoseconds: cost.nanoseconds(total),
        });
    }
    Ok(told)
}

/// One household after the other.
fn one_by_one(five: &Five, expected: &[u8]) -> Result<Vec<Told>, Failed> {
    let homes = &five.homes[..ONE_BY_ONE.min(five.homes.len())];
    let mut told = Vec::new();
    let mut tell = |name: &'static str, judge: &dyn Fn() -> Vec<u8>| -> Result<(), Failed> {
        same(name, &judge(), expected)?;
        let cost = processor::median(PASSES, &|| black_box(judge()));
        let count = u64::try_from(homes.len())?;
        println!("{name}, 1 thread: {}", cost.per(count));
        told.push(Told {
            name,
            nanoseconds: cost.nanoseconds(count),
        });
        Ok(())
    };
    let logics = logics::Logics::of(&five.figures);
    tell("datalogic-rs", &|| {
        let mut arena = Bump::new();
        let judge = |home: &Home| {
            arena.reset();
            logics.judge(home, &arena)
        };
        homes.iter().map(judge).collect()
    })?;
    let zens = zens::Zens::of(&five.figures);
    tell("zen-expression", &|| {
        let mut vm = zen_expression::vm::VM::new();
        homes.iter().map(|home| zens.judge(&mut vm, home)).collect()
    })?;
    let cels = cels::Cels::of(&five.figures);
    tell("cel", &|| {
        let root = cels::Cels::root();
        homes.iter().map(|home| cels.judge(&root, home)).collect()
    })?;
    Ok(told)
}

fn same(name: &str, found: &[u8], expected: &[u8]) -> Result<(), Failed> {
    let other = found.iter().zip(expected).position(|(a, b)| a != b);
    match other {
        Some(n) => Err(format!(
            "{name}, household {n}: {:05b} is not {:05b}",
            found[n], expected[n]
        )
        .into()),
        None => {
            println!("{name}: 符合 of {} households is the same", found.len());
            Ok(())
        }
    }
}
