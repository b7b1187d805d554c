//! What a night costs: a county is imported and settled on one day, then the
//! days after are begun as the running service begins them, and every step is
//! run until nothing is left.
//!
//! `cargo run --release -p benches --bin night -- [sqlite|postgres] [households]`
//!
//! Four nights are told apart: the first, in which everybody who was settled is
//! already in columns; one with a process that has just started and reads
//! everybody in; an ordinary one; and the first of a month, eight days later.
//! Nothing arrives meanwhile, so that lists grow old as they would over a
//! holiday. Then it is asked what another standard would change, and who is
//! about to enter or leave within ninety days.

#[path = "../settle/office.rs"]
mod office;
#[path = "../settle/process.rs"]
mod process;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::authority::{Grant, Operation, Role};
use domain::record::Revision;
use domain::time::{Date, Month, add_days};
use pipeline::Deps;
use pipeline::apply::{Progress, apply_step};
use pipeline::clock::ManualClock;
use pipeline::dispatch::{dispatch_step, publish_step};
use pipeline::evaluate::evaluate_step;
use pipeline::intake::{UploadHeader, intake};
use pipeline::remind::remind_step;
use pipeline::{horizon, simulate};
use sqlx::{Connection as _, PgConnection};

use crate::office::Where;
use crate::process::{Usage, peak_memory_mib};

type Failed = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut words = std::env::args().skip(1);
    let backend = words.next().unwrap_or_else(|| "sqlite".to_owned());
    let households: u32 = words.next().map_or(Ok(10_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(ManualClock::at(office::on()));
    let office = office::open(&backend, folder.path(), clock.clone()).await?;
    let deps = office.deps.clone();
    let (begun, usage) = (Instant::now(), Usage::now());
    let mut files = 0;
    for (plan, path) in office::write_county(folder.path(), &deps, households)? {
        let header = UploadHeader {
            revision: Revision {
                business_date: plan.business_date,
                sequence: plan.sequence,
            },
            source: plan.source,
            dataset: plan.dataset,
            scope: office::county(),
            as_of: plan.as_of,
            file_name: plan.file_name,
        };
        intake(&deps, &office.importer, &header, &path).await?;
        files += 1;
    }
    told("the import", begun, usage, (files, "files"));
    settle(&deps, "the day of arrival").await?;
    println!(
        "{backend}, {households} households, {} MiB stored: {:?}",
        stored(&office.place).await? >> 20,
        deps.store.statistics().await?
    );
    let first = office::on();
    let nights: [(&str, Date, bool); 4] = [
        ("the first night", add_days(first, 1), false),
        ("a night after a start", add_days(first, 2), true),
        ("an ordinary night", add_days(first, 3), false),
        (
            "the first of a month",
            Month::of(first).plus(1).first_day(),
            false,
        ),
    ];
    for (name, day, started) in nights {
        clock.set(day);
        if started {
            deps.censuses.forget(office::county());
        }
        settle(&deps, &format!("{name}, {day}")).await?;
    }
    let officer = office::officer(Role::CountyOfficer);
    let grant = officer.authorize(Operation::ReadPeople, "bench")?;
    another_standard(&deps, &grant).await?;
    invariants(&deps).await?;
    ahead(&deps, &grant).await?;
    println!("peak memory of this process: {} MiB", peak_memory_mib());
    Ok(())
}

/// The invariants of the store, over all that the nights left in it.
async fn invariants(deps: &Arc<Deps>) -> Result<(), Failed> {
    let (begun, usage) = (Instant::now(), Usage::now());
    let breaches = deps.store.check().await?;
    for breach in &breaches {
        println!("BREACH {breach}");
    }
    let count = u64::try_from(breaches.len())?;
    told("the check of the store", begun, usage, (count, "breaches"));
    Ok(())
}

/// What a question about another standard costs.
async fn another_standard(deps: &Arc<Deps>, grant: &Grant) -> Result<(), Failed> {
    let on = deps.clock.today();
    let question = simulate::Question {
        values: vec![("allowance_standard".to_owned(), "1100".to_owned())],
        region: office::county(),
        on,
    };
    let (begun, usage) = (Instant::now(), Usage::now());
    let answer = simulate::simulate(deps, grant, &question).await?;
    told("another standard", begun, usage, (answer.units, "units"));
    Ok(())
}

/// What a question about the days ahead costs; with a million households it is
/// by far the longest step of all, and the last.
async fn ahead(deps: &Arc<Deps>, grant: &Grant) -> Result<(), Failed> {
    let on = deps.clock.today();
    let question = horizon::Question {
        on,
        days: 90,
        values: None,
    };
    let (begun, usage) = (Instant::now(), Usage::now());
    let answer = horizon::horizon(deps, grant, &question).await?;
    told("ninety days ahead", begun, usage, (answer.units, "units"));
    Ok(())
}

fn told(what: &str, begun: Instant, usage: Usage, (count, of): (u64, &str)) {
    println!(
        "{what}: {:.2} s wall, {:.2} s CPU, {count} {of}",
        begun.elapsed().as_secs_f64(),
        Usage::now().since(usage).as_secs_f64()
    );
}

/// Bytes of the database.
async fn stored(place: &Where) -> Result<u64, Failed> {
    match place {
        Where::Sqlite(path) => Ok(std::fs::metadata(path)?.len()),
        Where::Postgres { url, .. } => {
            let mut connection = PgConnection::connect(url).await?;
            let size = sqlx::query_scalar("SELECT pg_database_size(current_database())");
            let size: i64 = size.fetch_one(&mut connection).await?;
            Ok(u64::try_from(size)?)
        }
    }
}

/// Every step until nothing is left, and what it took.
async fn settle(deps: &Arc<Deps>, what: &str) -> Result<(), Failed> {
    let before = deps.store.statistics().await?;
    let (begun, usage) = (Instant::now(), Usage::now());
    let mut looked_at = 0;
    let mut applying = Duration::ZERO;
    for partition in deps.store.partitions().await? {
        let folding = Instant::now();
        while apply_step(deps, partition).await? != Progress::Idle {}
        applying += folding.elapsed();
        while publish_step(deps).await? != Progress::Idle {}
        while let Progress::Done(units) = evaluate_step(deps, partition).await? {
            looked_at += units;
        }
        while publish_step(deps).await? != Progress::Idle {}
        while dispatch_step(deps, partition).await? != Progress::Idle {}
        remind_step(deps, partition).await?;
        while publish_step(deps).await? != Progress::Idle {}
    }
    let after = deps.store.statistics().await?;
    println!(
        "{what}: {:.2} s wall, {:.2} s CPU, {looked_at} units read in or looked at, {} more alerts; {:.2} s of it folding",
        begun.elapsed().as_secs_f64(),
        Usage::now().since(usage).as_secs_f64(),
        after.alerts - before.alerts,
        applying.as_secs_f64(),
    );
    Ok(())
}
