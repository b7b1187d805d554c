//! The five policies by hand over rows: what a careful programmer would write
//! in an afternoon, and what every other engine is compared with.

use crate::flat::{Figures, Flags, Home, Person, UNKNOWN, member_flag};

/// 假 0, 未知 1, 真 2: the least of two is their "and", the greatest their "or".
type Trit = u8;

/// False and true.
#[inline]
pub(crate) const fn trit(holds: bool) -> Trit {
    (holds as u8) * 2
}

#[inline]
const fn known(is_known: bool, holds: bool) -> Trit {
    if is_known { trit(holds) } else { 1 }
}

/// 不适用 0, 不符合 1, 待核实 2, 符合 3.
#[inline]
pub(crate) fn standing(applies: Trit, criteria: Trit) -> Flags {
    match applies {
        0 => 0,
        1 => 2,
        _ => Flags::from(criteria) + 1,
    }
}

/// What is borne in the window.
#[inline]
fn bill(person: &Person, figures: &Figures) -> i64 {
    let counts = |day: i32| day > figures.after && day <= figures.today;
    let settled = person.settled.iter().filter(|s| counts(s.day));
    settled.map(|s| s.fen).sum()
}

/// Sums over a household.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says of one sum that it is not known"
)]
#[derive(Default)]
struct Sums {
    /// People counted; there may be one more or less when unsure.
    people: i64,
    unsure: bool,
    counted: i64,
    counted_unknown: bool,
    all: i64,
    all_unknown: bool,
    bills: i64,
    bills_unknown: bool,
    every_bill: i64,
    every_bill_unknown: bool,
}

impl Sums {
    #[inline]
    fn add(&mut self, person: &Person, bill: i64, figures: &Figures) {
        self.every_bill += bill;
        self.every_bill_unknown |= person.settled_open;
        self.unsure |= person.deaths == 1;
        if person.deaths > 0 {
            return;
        }
        self.people += 1;
        self.bills += bill;
        self.bills_unknown |= person.settled_open;
        self.counted_unknown |= person.incomes_open;
        self.all_unknown |= person.incomes_open;
        for income in &person.incomes {
            let exempt = (figures.exempt >> income.class) & 1 == 1;
            if income.fen == UNKNOWN {
                self.all_unknown = true;
                self.counted_unknown |= !exempt;
                continue;
            }
            self.all += income.fen;
            self.counted += if exempt { 0 } else { income.fen };
        }
    }
}

/// Standings of one household.
#[inline]
pub(crate) fn judge(home: &Home, figures: &Figures) -> Flags {
    let recognised =
        |schemes: u8| trit(home.recognised & schemes != 0).max(u8::from(home.recognised_open));
    let ordinary = 2 - recognised(figures.low_income);
    let mut sums = Sums::default();
    let mut flags = 0;
    for (n, person) in home.people.iter().enumerate() {
        let bill = bill(person, figures);
        let large = known(!person.settled_open, bill > figures.large_bill);
        if ordinary.min(large) == 2 {
            flags |= member_flag(n);
        }
        sums.add(person, bill, figures);
    }
    let sized = !sums.unsure;
    let any = known(sized, sums.people > 0);
    let line = figures.standard * sums.people * 12;
    let with_income = sized && !sums.counted_unknown;
    let within = home.within.map_or(1, trit);
    let no_extreme = trit(home.recognised & figures.extreme == 0);
    let allowance = known(with_income, sums.counted < line).min(within);
    flags |= standing(any.min(no_extreme), allowance);
    let above = known(with_income, sums.counted >= line);
    let margin = sums.counted * figures.multiple.1 < line * figures.multiple.0;
    let applies = any.min(trit(!home.whole_family)).min(above).min(no_extreme);
    flags |= standing(applies, known(with_income, margin).min(within)) << 2;
    let with_all = sized && !sums.all_unknown;
    let poor = known(with_all, sums.all < figures.disposable * sums.people);
    let share = sums.bills * figures.share.1 > sums.all * figures.share.0;
    let share = known(with_all && !sums.bills_unknown, share);
    let applies = any.min(2 - recognised(figures.excluded));
    flags |= standing(applies, poor.min(share)) << 4;
    let bills = known(
        !sums.every_bill_unknown,
        sums.every_bill > figures.low_income_bill,
    );
    flags | standing(recognised(figures.low_income), bills) << 6
}
