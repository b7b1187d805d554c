//! What a level of instructions, the size of chunks, one more policy, and one
//! decision cost.

use std::collections::BTreeSet;
use std::time::Instant;

use domain::evaluation::Confidential;
use domain::time::Date;
use rules::{Census, Change, Columns, Comparison, Document, Level, Machine, PolicySet};

use crate::county::County;
use crate::processor::Days;
use crate::shipped::told;
use crate::{Failed, PASSES, processor};

/// Policies added to see what one more costs.
const EXTRA: u64 = 32;
/// Decisions explained one by one.
const EXPLAINED: u64 = 20_000;

/// Households a chunk holds at most; the machine's own is among them.
const CHUNKS: [usize; 7] = [256, 512, 1_024, 2_048, 4_096, 8_192, 16_384];

/// The same verdicts from columns cut into chunks of other sizes.
pub(crate) fn chunks(
    machine: &Machine,
    set: &PolicySet,
    county: &County,
    on: Date,
    total: u64,
) -> Result<(), Failed> {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut told: Option<Vec<u64>> = None;
    for most in CHUNKS {
        let mut gathering = machine.gather_in(most);
        (0..total).for_each(|n| gathering.add(county.household(n)));
        let columns = gathering.finish();
        let days = Days::from(on);
        let held = one.install(|| machine.count(&columns, set, days.next()));
        if *told.get_or_insert_with(|| held.clone()) != held {
            return Err(format!("chunks of {most} give other verdicts").into());
        }
        let pass = || one.install(|| machine.count(&columns, set, days.next()));
        let cost = processor::median(PASSES, &pass);
        println!(
            "chunks of {most}, {total} households, 1 thread: {}",
            cost.per(total)
        );
    }
    Ok(())
}

/// The same verdicts with each set of instructions this processor has.
pub(crate) fn levels(
    set: &PolicySet,
    columns: &Columns,
    on: Date,
    total: u64,
) -> Result<(), Failed> {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    for level in Level::all() {
        let machine = Machine::of(set).at(level);
        let days = Days::from(on);
        let pass = || one.install(|| machine.count(columns, set, days.next()));
        let cost = processor::median(PASSES, &pass);
        println!("{}, 1 thread: {}", level.name(), cost.per(total));
    }
    Ok(())
}

/// What a question about another standard costs when everybody stands in columns:
/// who gains and loses, money by township, examples and near misses.
pub(crate) fn another_standard(
    machine: &Machine,
    [set, then]: [&PolicySet; 2],
    columns: &Columns,
    on: Date,
    total: u64,
) -> Result<(), Failed> {
    let keys = BTreeSet::from(["allowance_standard".to_owned()]);
    let asked = Comparison {
        now: (set, on),
        then: (then, on),
        knows: &Confidential::ALL,
        within: None,
        details: Some(&keys),
    };
    for (threads, words) in [(1, "1 thread"), (2, "2 threads")] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let pass = || pool.install(|| machine.compare(columns, &asked));
        let cost = processor::median(PASSES, &pass);
        println!("another standard over columns of {total} households, {words}: {cost}");
    }
    let compared = machine.compare(columns, &asked).unwrap_or_default();
    let of = |count: fn(&Change) -> u64| compared.changes.values().map(count).sum::<u64>();
    println!(
        "  {} verdicts gained, {} lost, {} subjects whose money is known",
        of(|change| change.gained),
        of(|change| change.lost),
        of(|change| change.money.unwrap_or_default().known)
    );
    Ok(())
}

/// What one more view of a household costs that is known already: the columns it
/// stands in, made when enough have come, and merged when few of a chunk are left.
pub(crate) fn appended(machine: &Machine, county: &County, total: u64) {
    let mut census = Census::of(machine);
    (0..total).for_each(|n| census.upsert(county.household(n), Date::MAX));
    let again: Vec<_> = (0..total).step_by(5).map(|n| county.household(n)).collect();
    let many = again.len() as u64;
    let ((), cost) = processor::cost(|| {
        for household in again {
            census.upsert(household, Date::MAX);
        }
    });
    println!(
        "one household more or changed, of {total}: {}",
        cost.per(many)
    );
}

/// One more policy: 低保 again under other names, each asking for another line.
pub(crate) fn one_more(
    policies: &[Document],
    set: &PolicySet,
    county: &County,
    on: Date,
    total: u64,
) -> Result<(), Failed> {
    let model = policies
        .iter()
        .find(|d| d.text.contains("policy: subsistence_allowance"));
    let model = model.ok_or("no policy of the allowance")?;
    let was = "when: income < line";
    if !model.text.contains(was) {
        return Err("the allowance compares otherwise now".into());
    }
    let more = (1..=EXTRA).map(|n| Document {
        name: format!("extra_{n}.yaml"),
        text: model
            .text
            .replacen(
                "policy: subsistence_allowance",
                &format!("policy: extra_{n}"),
                1,
            )
            .replacen(was, &format!("when: income < line + yuan({n})"), 1),
    });
    let all: Vec<Document> = policies.iter().cloned().chain(more).collect();
    let larger = set.with_policies(&all).map_err(|p| told(&p))?;
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let nanoseconds = |set: &PolicySet| -> f64 {
        let machine = Machine::of(set);
        let mut gathering = machine.gather();
        (0..total).for_each(|n| gathering.add(county.household(n)));
        let columns = gathering.finish();
        let days = Days::from(on);
        let pass = || one.install(|| machine.count(&columns, set, days.next()));
        processor::median(PASSES, &pass).nanoseconds(total)
    };
    let (before, after) = (nanoseconds(set), nanoseconds(&larger));
    println!(
        "one more policy like 低保: {:.2} ns of processor per household ({before:.0} to {after:.0} for {EXTRA})",
        (after - before) / EXTRA as f64
    );
    Ok(())
}

/// One decision with all its reasons.
pub(crate) fn explained(set: &PolicySet, county: &County) {
    let mut times: Vec<u128> = Vec::new();
    for n in 0..EXPLAINED {
        let household = county.household(n);
        let begun = Instant::now();
        let decision = rules::explain(set, &household, "subsistence_allowance", household.unit);
        let took = begun.elapsed().as_nanos();
        if decision.is_some() {
            times.push(took);
        }
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(0) as f64 / 1e3;
    println!(
        "one decision of 低保 with every reason in two languages: p50 {:.1} µs, p99 {:.1} µs of {} on the wall",
        at(50),
        at(99),
        times.len()
    );
}
