//! Verdicts are the same bytes whatever judges them: any instructions, any
//! number of threads, any size of chunks, any order of households.

use domain::household::Household;
use domain::time::Date;
use rules::{Columns, Document, Level, Machine, PolicySet};
use sha2::{Digest, Sha256};

use crate::machine::population;
use crate::support::{self, Draws};

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
    let pieces = households.chunks(most).map(|piece| machine.columns(piece));
    pieces.reduce(|a, b| a.joined(b).unwrap()).unwrap()
}

#[test]
fn every_level_thread_chunk_and_order_gives_the_same_verdicts() {
    let set = support::shipped(true);
    let on: Date = "2026-11-20".parse().unwrap();
    let households = population(2);
    let mut turned = households.clone();
    turned.reverse();
    let machine = Machine::of(&set).at(Level::all()[0]);
    let layouts = [
        ("whole", machine.columns(&households)),
        ("from the last", machine.columns(&turned)),
        ("in sevens", in_pieces(&machine, &households, 7)),
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

fn samples() -> Document {
    support::document(&support::root().join("data-samples/parameters-sample.yaml"))
}

/// The shipped policies under other samples of the parameters.
fn under(change: impl FnOnce(String) -> String) -> PolicySet {
    let Document { name, text } = samples();
    let changed = change(text.clone());
    assert_ne!(changed, text);
    let more = Document {
        name,
        text: changed,
    };
    support::shipped_with([more])
}

/// What chunks keep was computed under the parameters of whoever asked before.
#[test]
fn columns_say_the_same_whatever_they_were_asked_before() {
    let seed = 20_261_127;
    println!("seed {seed}");
    let mut draws = Draws(seed);
    let mut households = population(1);
    let here: domain::region::DivisionCode = "320412101".parse().unwrap();
    for household in households.iter_mut().step_by(3) {
        household.hukou = Some(here);
    }
    let standard = "zh: 低保标准, en: Allowance standard, values: [{ from: 2025-07-01, value: 1160";
    let in_one_township = Document {
        name: "320412101.yaml".to_owned(),
        text: "region: '320412101'\nparameters: [{ key: allowance_standard, unit: yuan_per_month, zh: 低保标准, values: [{ from: 2025-07-01, value: 2000, document: 试 }] }]\n".to_owned(),
    };
    let sets = [
        support::shipped(true),
        support::shipped(false),
        under(|text| text.replace(standard, &standard.replace("1160", "2000"))),
        // Of one township alone.
        under(|text| text.replace("region: \"320412\"", "region: \"320412101\"")),
        // Of one township otherwise than of the county.
        support::shipped_with([samples(), in_one_township]),
        // From a day on.
        under(|text| text.replace(standard, &standard.replace("2025-07-01", "2026-11-25"))),
    ];
    let days = ["2026-11-20", "2026-11-24", "2026-11-25", "2027-02-01"];
    // The same lists, judged otherwise.
    let mut policies = support::documents("policies");
    for policy in &mut policies {
        let was = "when: income < line\n";
        policy.text = policy.text.replace(was, "when: income <= line * 2\n");
    }
    let others = sets.each_ref().map(|set| set.with_policies(&policies));
    let others = others.map(Result::unwrap);
    let machines = [&sets, &others].map(|sets| (Machine::of(&sets[0]), sets));
    let asked = machines[0].0.columns(&households);
    let mut found = std::collections::BTreeSet::new();
    for _ in 0..30 {
        // Two who ask at the same time.
        let both = [0, 1].map(|_| {
            let (machine, sets) = &machines[draws.index(2)];
            let on: Date = days[draws.index(days.len())].parse().unwrap();
            (machine, &sets[draws.index(sets.len())], on)
        });
        let ask = |(machine, set, on): (&Machine, &PolicySet, Date), columns: &Columns| {
            digest(machine, columns, set, on)
        };
        let said = std::thread::scope(|scope| {
            let (ask, asked) = (&ask, &asked);
            let asking = both.map(|who| scope.spawn(move || ask(who, asked)));
            asking.map(|one| one.join().unwrap())
        });
        for (said, who) in said.into_iter().zip(both) {
            let anew = ask(who, &who.0.columns(&households));
            assert_eq!(said, anew, "on {}", who.2);
            found.insert(anew);
        }
    }
    assert!(found.len() > 12, "{}", found.len());
}
