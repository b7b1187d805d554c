//! Five policies from their files beside the same five by hand, over rows and
//! over columns. Standings of every household are compared first.

use std::collections::BTreeMap;
use std::hint::black_box;

use domain::ids::Subject;
use domain::region::DivisionCode;
use domain::time::Date;
use rayon::prelude::*;
use rules::{Columns, Document, Machine, Outcome, PolicySet, Standing};

use crate::county::County;
use crate::flat::{FIVE, Figures, Flags, Home, flag, member_flag};
use crate::processor::{self, Cost, Days};
use crate::shipped::told;
use crate::{Failed, limit, rows};

/// Passes of each, of which the median is told.
const PASSES: usize = 9;

/// The five alone, compiled, and everybody as each way of judging has them.
pub(crate) struct Five {
    pub(crate) set: PolicySet,
    pub(crate) machine: Machine,
    pub(crate) columns: Columns,
    pub(crate) homes: Vec<Home>,
    pub(crate) figures: Figures,
    pub(crate) on: Date,
    /// The five under another standard.
    other: PolicySet,
    days: Days,
}

impl Five {
    /// The first so many households of the county.
    pub(crate) fn of(
        policies: &[Document],
        [set, other]: [&PolicySet; 2],
        county: &County,
        (total, on): (u64, Date),
    ) -> Result<Five, Failed> {
        let is_one = |d: &&Document| {
            let names = |id: &str| d.text.starts_with(&format!("policy: {id}\n"));
            FIVE.into_iter().any(names)
        };
        let five: Vec<Document> = policies.iter().filter(is_one).cloned().collect();
        let [set, other] = [set, other].map(|set| set.with_policies(&five));
        let (set, other) = (set.map_err(|p| told(&p))?, other.map_err(|p| told(&p))?);
        let county_code = DivisionCode::parse("320412").ok_or("a county")?;
        let figures = Figures::of(set.parameters(), county_code, on);
        let figures = figures.ok_or("the hand-written version knows other parameters")?;
        let machine = Machine::of(&set);
        if set.policies().len() != FIVE.len() || machine.left().next().is_some() {
            return Err("not all of the five are judged by the machine".into());
        }
        let mut homes = Vec::new();
        let mut gathering = machine.gather();
        for n in 0..total {
            let household = county.household(n);
            homes.push(Home::of(&household));
            gathering.add(household);
        }
        let columns = gathering.finish();
        Ok(Five {
            set,
            machine,
            columns,
            homes,
            figures,
            on,
            other,
            days: Days::from(on),
        })
    }

    /// What the machine says, in the order of the households.
    pub(crate) fn judged(&self, county: &County) -> Result<Vec<Flags>, Failed> {
        let mut out = vec![0; self.homes.len()];
        let ids = self.set.policies().iter();
        let places: Vec<Option<usize>> = ids
            .map(|policy| FIVE.iter().position(|id| *id == policy.id))
            .collect();
        let mut lanes: BTreeMap<Subject, (usize, usize)> = BTreeMap::new();
        for n in 0..self.homes.len() {
            let household = county.household(u64::try_from(n)?);
            lanes.insert(household.unit, (n, 0));
            for (slot, person) in household.people.iter().enumerate() {
                lanes.insert(Subject::Person(person.id), (n, slot));
            }
        }
        let screened = self.machine.screen(&self.columns, &self.set, self.on);
        for one in screened.ok_or("columns of another machine")? {
            let (n, slot) = lanes[&one.subject];
            let Outcome::Judged(standing, _) = one.outcome else {
                return Err("the machine leaves a household to the interpreter".into());
            };
            out[n] |= match places[one.policy].ok_or("another policy")? {
                4 if standing == Standing::Met => member_flag(slot),
                4 => 0,
                policy => flag(policy, standing),
            };
        }
        Ok(out)
    }

    /// Judges all by the machine on the next day, which counts what it finds.
    pub(crate) fn by_machine(&self) -> Vec<u64> {
        self.machine
            .count(&self.columns, &self.set, self.days.next())
    }

    /// The same under another standard than the day before.
    pub(crate) fn by_machine_anew(&self) -> Vec<u64> {
        let (set, day) = self.days.next_of([&self.set, &self.other]);
        self.machine.count(&self.columns, set, day)
    }

    /// Judges all row by row.
    pub(crate) fn by_rows(&self) -> u64 {
        let judge = |home: &Home| u64::from(rows::judge(home, &self.figures).count_ones());
        self.homes
            .par_chunks(256)
            .map(|homes| homes.iter().map(judge).sum::<u64>())
            .sum()
    }
}

/// What each costs, and how far they are apart.
pub(crate) fn beside(five: &Five, county: &County) -> Result<(), Failed> {
    let total = u64::try_from(five.homes.len())?;
    let chunks = limit::chunks(&five.homes);
    let judged = five.judged(county)?;
    let by_hand = limit::flags(&chunks, &five.figures);
    for (n, home) in five.homes.iter().enumerate() {
        let by_row = rows::judge(home, &five.figures);
        if judged[n] != by_row || by_hand[n] != by_row {
            let all = (judged[n], by_hand[n], by_row);
            return Err(format!("household {n}: {all:x?} of {home:?}").into());
        }
    }
    println!("standings of five policies for {total} households are the same three ways");
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let tell = |name: &str, cost: Cost| {
            println!("{name}, {threads} threads: {}", cost.per(total));
            cost.nanoseconds(total)
        };
        let machine = processor::median(PASSES, &|| pool.install(|| black_box(five.by_machine())));
        let machine = tell("five policies from files, the next day", machine);
        let anew = || pool.install(|| black_box(five.by_machine_anew()));
        let anew = processor::median(PASSES, &anew);
        let anew = tell("the same, each day under another standard", anew);
        let by_rows = processor::median(PASSES, &|| pool.install(|| black_box(five.by_rows())));
        let by_rows = tell("the five by hand over rows", by_rows);
        let limit = || pool.install(|| black_box(limit::count(&chunks, &five.figures)));
        let limit = tell(
            "the five by hand over columns",
            processor::median(PASSES, &limit),
        );
        println!(
            "from files: {:.2} of the speed by hand over columns, {:.2} times that over rows; under another standard {:.2} and {:.2}",
            limit / machine,
            by_rows / machine,
            limit / anew,
            by_rows / anew
        );
    }
    Ok(())
}
