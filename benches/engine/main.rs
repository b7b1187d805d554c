//! What judging a population costs: every policy of the committed set for every
//! household of an invented county, by the columnar machine and by the row
//! interpreter, whose verdicts are compared in every run.
//!
//! `cargo run --release -p benches --bin engine -- [households]`
//! `cargo run --release -p benches --bin engine -- frozen [households] [folder]`
//! judges the twelve frozen rules alone, and writes their population for engines
//! in other languages.
//!
//! Figures are of processor time, which other work on the machine moves least;
//! wall time stands beside it. Timing decides nothing.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "invented numbers are small, and figures are for reading"
)]

mod county;
mod five;
mod flat;
mod frozen;
mod limit;
mod processor;
mod rows;
mod shipped;
mod sweep;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use county::County;
use domain::evaluation::Signal;
use domain::time::Date;
use five::Five;
use processor::{Cost, Days, cost};
use rayon::prelude::*;
use rules::{Columns, Machine, Outcome, PolicySet, Standing};

type Failed = Box<dyn std::error::Error>;

/// Households that the interpreter judges as well.
const COMPARED: u64 = 20_000;
/// Households that are held as rows, too.
const BESIDE_ROWS: u64 = 1_000_000;
/// Households that one more policy is tried on.
const ADDED: u64 = 100_000;
/// Passes, of which the median is told.
const PASSES: usize = 7;

fn main() -> Result<(), Failed> {
    let mut words = std::env::args().skip(1).peekable();
    let frozen_alone = words.next_if_eq("frozen").is_some();
    let total: u64 = words.next().map_or(Ok(1_000_000), |text| text.parse())?;
    if frozen_alone {
        return frozen::beside(total, words.next().map(PathBuf::from).as_deref());
    }
    let on: Date = "2026-11-20".parse()?;
    let (set, policies) = shipped::shipped()?;
    let other = shipped::under_another()?;
    let begun = Instant::now();
    let machine = Machine::of(&set);
    println!(
        "{} policies, {} operations, compiled in {:.1} ms; left to the interpreter: {}",
        set.policies().len(),
        machine.operations(),
        begun.elapsed().as_secs_f64() * 1e3,
        machine.left().count()
    );
    let county = County::new(on);
    let compared = compare(&set, &machine, &county, on)?;
    println!("{compared} verdicts of {COMPARED} households are the interpreter's");
    interpreter(&set, &county);
    let (columns, built) = columns(&machine, &county, total);
    println!("{total} households in columns, made and inserted {built}");
    held(&columns, total);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let (_, first) = cost(|| alone.install(|| machine.count(&columns, &set, on)));
    println!("judged for the first time, 1 thread: {}", first.per(total));
    print!("with what is kept of the facts, and under the parameters: ");
    held(&columns, total);
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let days = Days::from(on);
        let passes = || pool.install(|| machine.count(&columns, &set, days.next()));
        let held = passes();
        let cost = processor::median(PASSES, &passes);
        println!(
            "machine, all policies, the next day, {threads} threads: {}; {} verdicts hold",
            cost.per(total),
            held.iter().sum::<u64>()
        );
        let anew = || {
            let (set, day) = days.next_of([&set, &other]);
            pool.install(|| machine.count(&columns, set, day))
        };
        let cost = processor::median(PASSES, &anew);
        println!(
            "the same, each day under another standard: {}",
            cost.per(total)
        );
    }
    sweep::levels(&set, &columns, on, total)?;
    sweep::another_standard(&machine, [&set, &other], &columns, on, total)?;
    drop(columns);
    sweep::chunks(&machine, &set, &county, on, total.min(ADDED))?;
    sweep::appended(&machine, &county, total.min(ADDED));
    // Rows of everybody stand beside the columns here.
    let some = total.min(BESIDE_ROWS);
    five::beside(
        &Five::of(&policies, [&set, &other], &county, (some, on))?,
        &county,
    )?;
    frozen::beside(some, None)?;
    sweep::explained(&set, &county);
    sweep::one_more(&policies, &set, &county, on, total.min(ADDED))
}

/// What columns take.
fn held(columns: &Columns, total: u64) {
    let (scalars, lists) = columns.bytes();
    println!(
        "{scalars} bytes of scalars, {lists} of lists, {:.0} and {:.0} each, {:.1} an item",
        scalars as f64 / total as f64,
        lists as f64 / total as f64,
        lists as f64 / columns.items() as f64
    );
}

/// Every verdict of some households, by both.
fn compare(set: &PolicySet, machine: &Machine, county: &County, on: Date) -> Result<usize, Failed> {
    let mut gathering = machine.gather();
    (0..COMPARED).for_each(|n| gathering.add(county.household(n)));
    let columns = gathering.finish();
    let screened = machine
        .screen(&columns, set, on)
        .ok_or("columns of another machine")?;
    let mut judged = BTreeMap::new();
    for one in screened {
        judged.insert((one.unit, one.subject, one.policy), one.outcome);
    }
    let ids: BTreeMap<&str, usize> = set
        .policies()
        .iter()
        .enumerate()
        .map(|(n, p)| (p.id.as_str(), n))
        .collect();
    for n in 0..COMPARED {
        for evaluation in rules::evaluate(set, &county.household(n)) {
            let policy = ids[evaluation.policy.as_str()];
            let key = (evaluation.unit, evaluation.subject, policy);
            let standing = Standing::from(&evaluation.verdict);
            let holds = matches!(evaluation.signal, Signal::Holds { .. });
            let same = match judged.get(&key) {
                Some(Outcome::Deferred) => true,
                Some(Outcome::Judged(found, told)) => {
                    *found == standing && holds == told.is_something()
                }
                None => false,
            };
            if !same {
                return Err(
                    format!("{key:?}: {:?} is not {evaluation:?}", judged.get(&key)).into(),
                );
            }
        }
    }
    Ok(judged.len())
}

fn interpreter(set: &PolicySet, county: &County) {
    let households: Vec<_> = (0..COMPARED).map(|n| county.household(n)).collect();
    let cost = processor::median(3, &|| {
        let all = households
            .iter()
            .map(|household| rules::evaluate(set, household).len());
        all.sum::<usize>()
    });
    println!("interpreter with reasons, 1 thread: {}", cost.per(COMPARED));
}

fn columns(machine: &Machine, county: &County, total: u64) -> (Columns, Cost) {
    let share = 50_000;
    let parts = total.div_ceil(share);
    let part = |part: u64| {
        let mut gathering = machine.gather();
        let range = part * share..total.min((part + 1) * share);
        range.for_each(|n| gathering.add(county.household(n)));
        gathering.finish()
    };
    let (columns, cost) = cost(|| {
        let parts: Vec<Columns> = (0..parts).into_par_iter().map(part).collect();
        let joined = parts
            .into_iter()
            .reduce(|a, b| a.joined(b).expect("one layout"));
        joined.expect("at least one household")
    });
    (columns, cost)
}
