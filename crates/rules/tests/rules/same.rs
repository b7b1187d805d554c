//! Verdicts are the same bytes whatever judges them: any instructions, any
//! number of threads, any size of chunks, any order of households.

use domain::household::Household;
use domain::time::Date;
use rules::{Columns, Level, Machine, PolicySet};
use sha2::{Digest, Sha256};

use crate::machine::population;
use crate::support;

/// SHA-256 of every verdict in one order.
fn digest(machine: &Machine, columns: &Columns, set: &PolicySet, on: Date) -> String {
    let screened = machine.screen(columns, set, on).unwrap();
    let lines = screened.into_iter().map(|one| {
        format!(
            "{:?} {:?} {} {:?}\n",
            one.unit, one.subject, one.policy, one.outcome
        )
    });
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    let mut hash = Sha256::new();
    for line in &lines {
        hash.update(line);
    }
    hex::encode(hash.finalize())
}

/// Columns in chunks of no more than so many households.
fn in_pieces(machine: &Machine, households: &[Household], most: usize) -> Columns {
    let mut gathering = machine.gather_in(most);
    households
        .iter()
        .cloned()
        .for_each(|one| gathering.add(one));
    gathering.finish()
}

#[test]
fn every_level_thread_chunk_and_order_gives_the_same_verdicts() {
    let set = support::shipped(true);
    let on: Date = "2026-11-20".parse().unwrap();
    let households = population(2);
    let mut turned = households.clone();
    turned.reverse();
    let machine = Machine::of(&set).at(Level::all()[0]);
    let halves = households.split_at(households.len() / 2);
    let joined = machine.columns(halves.1).joined(machine.columns(halves.0));
    let layouts = [
        ("whole", machine.columns(&households)),
        ("from the last", machine.columns(&turned)),
        ("in sevens", in_pieces(&machine, &households, 7)),
        ("in one piece", in_pieces(&machine, &turned, usize::MAX)),
        ("one half behind the other", joined.unwrap()),
        ("in hundreds", in_pieces(&machine, &turned, 100)),
    ];
    let expected = digest(&machine, &layouts[0].1, &set, on);
    println!("{} households, SHA-256 {expected}", households.len());
    for level in Level::all() {
        let machine = Machine::of(&set).at(level);
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            for (layout, columns) in &layouts {
                let found = pool.install(|| digest(&machine, columns, &set, on));
                assert_eq!(
                    found,
                    expected,
                    "{}, {threads} threads, {layout}",
                    level.name()
                );
            }
        }
    }
}

const ASKED: &str = "HEARTH_TEST_DIGEST";

/// SHA-256 of what columns say and of every decision in words.
fn everything() -> String {
    let set = support::shipped(true);
    let on: Date = "2026-11-20".parse().unwrap();
    let households = population(1);
    let machine = Machine::of(&set);
    let columns = machine.columns(&households);
    let mut hash = Sha256::new();
    hash.update(digest(&machine, &columns, &set, on));
    for household in &households {
        for one in rules::evaluate(&set, household) {
            let decision = rules::explain(&set, household, &one.policy, one.subject);
            hash.update(serde_json::to_vec(&decision).unwrap());
        }
    }
    hex::encode(hash.finalize())
}

/// Run by itself, in other countries.
#[test]
fn no_locale_and_no_time_zone_moves_a_byte() {
    if std::env::var_os(ASKED).is_some() {
        println!("digest {}", everything());
        return;
    }
    let here = everything();
    let own = std::thread::current().name().unwrap().to_owned();
    for (zone, locale) in [
        ("Asia/Shanghai", "zh_CN.UTF-8"),
        ("Pacific/Kiritimati", "tr_TR.UTF-8"),
        ("America/Adak", "C"),
    ] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let child = child.args([own.as_str(), "--exact", "--nocapture"]);
        let child = child.env(ASKED, "1").env("TZ", zone);
        let child = child.env("LC_ALL", locale).env("LANG", locale);
        let out = child.output().unwrap();
        let out = String::from_utf8(out.stdout).unwrap();
        let (_, there) = out.split_once("digest ").unwrap();
        let there: String = there.chars().take(here.len()).collect();
        assert_eq!(there, here, "{zone}, {locale}");
    }
}
