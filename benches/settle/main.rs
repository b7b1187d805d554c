//! Imports an invented county and settles it, then loads the same record rows
//! raw into the same table in a fresh database: one run, one table of rates.
//!
//! `cargo run --release -p benches --bin settle -- [sqlite|postgres] [households]`
//!
//! *accepted* counts records durable per second of intake; *settled* counts
//! them again over apply, evaluate, publish, dispatch and remind. CPU is that
//! of this process (for SQLite that is all of it). Timing decides nothing here.

mod deaths;
mod office;
mod process;
mod raw;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::authority::{Grant, Operation, Role};
use domain::record::{DatasetId, Revision, SourceId};
use pipeline::Deps;
use pipeline::apply::{Progress, apply_step};
use pipeline::clock::SystemClock;
use pipeline::dispatch::{dispatch_step, publish_step};
use pipeline::evaluate::evaluate_step;
use pipeline::intake::{UploadHeader, intake};
use pipeline::remind::remind_step;

use crate::process::{Usage, peak_memory_mib};

/// Single records sent one by one to measure the way from accepted to feed.
const LATENCY_SAMPLES: u32 = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let backend = words.next().unwrap_or_else(|| "sqlite".to_owned());
    let households: u32 = words.next().map_or(Ok(2_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(SystemClock::pinned(office::on()));
    let office = office::open(&backend, folder.path(), clock).await?;
    let deps = office.deps.clone();
    let plans = office::write_county(folder.path(), &deps, households)?;
    println!(
        "backend {backend}, {households} households, {} files",
        plans.len()
    );

    let started = Stage::start();
    for (plan, path) in &plans {
        let header = UploadHeader {
            source: plan.source.clone(),
            dataset: plan.dataset.clone(),
            revision: Revision {
                business_date: plan.business_date,
                sequence: plan.sequence,
            },
            scope: office::county(),
            as_of: plan.as_of,
            file_name: plan.file_name.clone(),
        };
        intake(&deps, &office.importer, &header, path).await?;
    }
    let accepted = started.stop();
    let records = deps.store.statistics().await?.records;
    report("accepted (decode, seal, commit)", records, &accepted);

    let settled = settle_by_stage(&deps).await?;
    let statistics = deps.store.statistics().await?;
    report("settled (all steps)", records, &settled);
    println!("{statistics:?}");
    println!("peak memory of this process: {} MiB", peak_memory_mib());
    for breach in deps.store.check().await? {
        println!("BREACH {breach}");
    }

    let raw = raw::load(&office, folder.path()).await?;
    report("raw load of the same rows", raw.rows, &raw.stage);
    println!(
        "accepted / raw load, wall: {:.2}",
        raw.stage.wall.as_secs_f64() / accepted.wall.as_secs_f64() * as_float(records)
            / as_float(raw.rows)
    );
    latency(&deps, &office.importer, folder.path()).await
}

/// A stage with its wall and CPU time.
pub(crate) struct Stage {
    wall: Duration,
    cpu: Duration,
}

struct Running {
    from: Instant,
    usage: Usage,
}

impl Stage {
    fn start() -> Running {
        Running {
            from: Instant::now(),
            usage: Usage::now(),
        }
    }
}

impl Running {
    fn stop(&self) -> Stage {
        Stage {
            wall: self.from.elapsed(),
            cpu: Usage::now().since(self.usage),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "printed with three digits")]
fn as_float(n: i64) -> f64 {
    n as f64
}

fn report(name: &str, things: i64, stage: &Stage) {
    let (wall, cpu) = (stage.wall.as_secs_f64(), stage.cpu.as_secs_f64());
    let n = as_float(things.max(1));
    println!(
        "{name:<34} {things:>9} in {wall:>8.2} s wall, {cpu:>8.2} s CPU: {:>9.0}/s, {:>7.1} µs CPU each",
        n / wall,
        cpu * 1e6 / n
    );
}

/// Settles, measuring each step apart.
async fn settle_by_stage(deps: &Arc<Deps>) -> Result<Stage, Box<dyn std::error::Error>> {
    let all = Stage::start();
    for partition in deps.store.partitions().await? {
        let records = deps.store.statistics().await?.records;
        let stage = Stage::start();
        while apply_step(deps, partition).await? != Progress::Idle {}
        report("  apply (open, fold, seal, commit)", records, &stage.stop());
        while publish_step(deps).await? != Progress::Idle {}
        let stage = Stage::start();
        let mut units = 0;
        while let Progress::Done(n) = evaluate_step(deps, partition).await? {
            units += i64::try_from(n)?;
        }
        report("  evaluate (units)", units, &stage.stop());
        while publish_step(deps).await? != Progress::Idle {}
        let stage = Stage::start();
        while dispatch_step(deps, partition).await? != Progress::Idle {}
        remind_step(deps, partition).await?;
        while publish_step(deps).await? != Progress::Idle {}
        let statistics = deps.store.statistics().await?;
        report(
            "  dispatch, remind (alerts)",
            statistics.alerts,
            &stage.stop(),
        );
    }
    Ok(all.stop())
}

/// The way of one record: due units are evaluated before everyone that a new
/// list makes worth another look.
async fn to_feed(deps: &Arc<Deps>) -> Result<(), Box<dyn std::error::Error>> {
    publish_step(deps).await?;
    while apply_step(deps, office::county()).await? != Progress::Idle {
        publish_step(deps).await?;
    }
    evaluate_step(deps, office::county()).await?;
    publish_step(deps).await?;
    Ok(())
}

/// One death at a time for people who were paid: from the answer of the upload
/// to its alert in the feed.
async fn latency(
    deps: &Arc<Deps>,
    importer: &Grant,
    folder: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let deaths = deaths::deaths(folder, LATENCY_SAMPLES)?;
    let reader = office::officer(Role::CountyOfficer).authorize(Operation::ReadFeed, "bench")?;
    let mut waits = Vec::new();
    for (sequence, row) in deaths.iter().enumerate() {
        let path = folder.join("one.csv");
        std::fs::write(&path, row)?;
        let header = UploadHeader {
            source: SourceId::new("police"),
            dataset: DatasetId::new("deaths_police"),
            revision: Revision {
                business_date: office::on(),
                sequence: u32::try_from(sequence)? + 1_000,
            },
            scope: office::county(),
            as_of: None,
            file_name: "one.csv".to_owned(),
        };
        let (_, before) = deps.store.feed_position().await?;
        intake(deps, importer, &header, &path).await?;
        let stage = Stage::start();
        to_feed(deps).await?;
        let waited = stage.stop().wall;
        if !deps.store.feed(&reader, before, 1).await?.is_empty() {
            waits.push(waited);
        }
    }
    waits.sort_unstable();
    let at = |share: usize| {
        waits
            .get(waits.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "accepted → feed, {} of {} single deaths raised: p50 {:.1} ms, p99 {:.1} ms",
        waits.len(),
        deaths.len(),
        at(50).as_secs_f64() * 1e3,
        at(99).as_secs_f64() * 1e3
    );
    Ok(())
}
