//! What another standard, or another day, changes under one policy: counts, money
//! and who is shown for them. Parts of a population are joined in any order.

use std::collections::BTreeMap;

use domain::evaluation::Decision;
use domain::ids::Subject;
use domain::region::DivisionCode;

use crate::appraise::{Miss, Monthly};
use crate::machine::{Standing, Told};

/// Examples of one policy and direction.
pub const EXAMPLES_MAX: usize = 10;
/// Near misses of one policy.
pub const NEAR_MAX: usize = 10;

/// How many subjects stand how under a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// 符合.
    pub met: u64,
    /// 待核实.
    pub undetermined: u64,
    /// There is something to tell.
    pub told: u64,
}

/// What would change in one township.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Town {
    /// Would newly be 符合.
    pub gained: u64,
    /// Would be 符合 no more.
    pub lost: u64,
    /// Fen a month more, or less, of those whose amounts are known.
    pub fen: i64,
}

/// Money a month of everybody who is 符合, in fen. A subject of whom either
/// amount is unknown is in neither sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Monthlies {
    /// As things are.
    pub before: i64,
    /// As they would be.
    pub after: i64,
    /// Subjects that are in the sums, those with nothing among them.
    pub known: u64,
    /// 未知: subjects that are in neither sum.
    pub unknown: u64,
}

/// One subject that one criterion would leave out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// Where the unit has its hukou, if known.
    pub township: Option<DivisionCode>,
    /// Which criterion, and by how much.
    pub miss: Miss,
}

/// One subject whose verdict would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The household or person alone.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// Where the unit has its hukou, if known.
    pub township: Option<DivisionCode>,
    /// Newly 符合, or no more.
    pub gained: bool,
    /// Why, under the values asked about; `None` until somebody explains it.
    pub decision: Option<Box<Decision>>,
}

/// What would change under one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// As things are.
    pub before: Counts,
    /// As they would be.
    pub after: Counts,
    /// Would newly be 符合.
    pub gained: u64,
    /// Would be 符合 no more.
    pub lost: u64,
    /// Subjects to whom it would apply: anything but 不适用.
    pub applicable: u64,
    /// To whom it does or would apply.
    pub concerned: u64,
    /// Of those, whose verdict would be another.
    pub moved: u64,
    /// Verdicts that only the interpreter can give, which are in no count.
    pub deferred: u64,
    /// The same by township; `None` is without a known one.
    pub by_township: BTreeMap<Option<DivisionCode>, Town>,
    /// Money a month; `None` when the policy declares no amount.
    pub money: Option<Monthlies>,
    /// Who would be 不符合 by the least, nearest first; only of policies that
    /// use a parameter asked about.
    pub near: Vec<Near>,
    /// The first who gain, by unit and subject, then the first who lose.
    pub examples: Vec<Example>,
}

impl Monthlies {
    /// Fen a month more, or less.
    pub const fn difference(&self) -> i64 {
        self.after - self.before
    }

    /// What a subject gets and would get, or that it is not known; fen a month
    /// more.
    pub(crate) fn count(&mut self, before: Monthly, after: Monthly) -> i64 {
        let fen = |monthly| match monthly {
            Monthly::Fen(fen) => Some(fen),
            Monthly::Nothing => Some(0),
            Monthly::Unknown | Monthly::NotDeclared => None,
        };
        let sums = fen(before).zip(fen(after)).and_then(|(was, would)| {
            let sums = (
                self.before.checked_add(was)?,
                self.after.checked_add(would)?,
            );
            Some((sums, would.checked_sub(was)?))
        });
        let Some(((before, after), difference)) = sums else {
            self.unknown += 1;
            return 0;
        };
        (self.before, self.after) = (before, after);
        self.known += 1;
        difference
    }

    /// So many subjects of whom nobody gets anything either way.
    pub(crate) fn count_nothing(&mut self, subjects: u64) {
        self.known += subjects;
    }

    fn join(&mut self, other: Monthlies) {
        let before = self.before.checked_add(other.before);
        let after = self.after.checked_add(other.after);
        self.unknown += other.unknown;
        match before.zip(after) {
            Some(sums) => {
                (self.before, self.after) = sums;
                self.known += other.known;
            }
            // Sums too large to hold are not told as others.
            None => self.unknown += other.known,
        }
    }
}

impl Town {
    pub(crate) fn join(&mut self, other: Town) {
        self.gained += other.gained;
        self.lost += other.lost;
        self.fen += other.fen;
    }
}

impl Counts {
    pub(crate) fn add(&mut self, standing: Standing, told: Told, subjects: u64) {
        let count = |is: bool| if is { subjects } else { 0 };
        self.met += count(standing == Standing::Met);
        self.undetermined += count(standing == Standing::Undetermined);
        self.told += count(told.is_something());
    }

    fn join(&mut self, other: Counts) {
        self.met += other.met;
        self.undetermined += other.undetermined;
        self.told += other.told;
    }
}

impl Change {
    /// Whether anything would be otherwise.
    pub fn is_any(&self) -> bool {
        let money = self.money.is_some_and(|money| money.difference() != 0);
        // Townships may change places where the sum stands still.
        money || !self.by_township.is_empty() || self.before != self.after
    }

    pub(crate) fn add_example(&mut self, example: Example) {
        let place = |one: &Example| (!one.gained, one.unit, one.subject);
        let alike = self.examples.iter();
        let alike = alike.filter(|one| one.gained == example.gained);
        if alike.clone().count() == EXAMPLES_MAX {
            let last = alike.map(place).max();
            if last.is_some_and(|last| last < place(&example)) {
                return;
            }
            self.examples.retain(|one| Some(place(one)) != last);
        }
        let at = self
            .examples
            .partition_point(|one| place(one) < place(&example));
        self.examples.insert(at, example);
    }

    pub(crate) fn add_near(&mut self, near: Near) {
        let place = |one: &Near| (one.miss.by, one.subject, one.unit);
        let at = self.near.partition_point(|one| place(one) < place(&near));
        self.near.insert(at, near);
        self.near.truncate(NEAR_MAX);
    }

    pub(crate) fn join(&mut self, more: Change) {
        self.before.join(more.before);
        self.after.join(more.after);
        self.gained += more.gained;
        self.lost += more.lost;
        self.applicable += more.applicable;
        self.concerned += more.concerned;
        self.moved += more.moved;
        self.deferred += more.deferred;
        for (town, more) in more.by_township {
            self.by_township.entry(town).or_default().join(more);
        }
        if let Some(more) = more.money {
            self.money.get_or_insert_default().join(more);
        }
        more.near.into_iter().for_each(|near| self.add_near(near));
        let examples = more.examples.into_iter();
        examples.for_each(|example| self.add_example(example));
    }
}
