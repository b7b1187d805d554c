//! Inventing settlements: small ones everyone has, refunds that cancel out,
//! and the large ones that a policy must notice.

use domain::money::Money;
use domain::time::{Date, add_days};

use crate::dice::Dice;
use crate::model::{Bill, Household, Member};
use crate::words::{ASSUMED, WORDS, yuan};

/// Number of a settlement: its day, the household's index, a running number.
fn number(settled: Date, index: u32, nth: usize) -> String {
    format!(
        "S{:04}{:02}{:02}{index:06}{nth:02}",
        settled.year(),
        settled.month(),
        settled.day()
    )
}

/// What is left of a quiet year, and the running number of its settlements.
#[derive(Clone, Copy, Debug)]
struct Purse {
    left: i64,
    nth: usize,
}

/// Ordinary bills of a family's year, together well below any line.
pub(crate) fn quiet(dice: &mut Dice, household: &mut Household, index: u32, until: Date) {
    let mut purse = Purse {
        left: ASSUMED.quiet_bills_yuan,
        nth: 0,
    };
    for member in &mut household.members {
        quiet_year(dice, member, &mut purse, index, until);
    }
}

/// Ordinary bills of someone of no household we know. The settlements are
/// numbered after those of the family invented beside them.
pub(crate) fn quiet_stranger(dice: &mut Dice, member: &mut Member, index: u32, until: Date) {
    let mut purse = Purse {
        left: ASSUMED.quiet_bills_yuan,
        nth: 80,
    };
    for _ in 0..3 {
        quiet_year(dice, member, &mut purse, index, until);
    }
}

fn quiet_year(dice: &mut Dice, member: &mut Member, purse: &mut Purse, index: u32, until: Date) {
    let bills = dice.below(3).saturating_sub(1) + u32::from(dice.per_mille(120));
    for _ in 0..bills {
        let inpatient = dice.per_mille(220);
        let burden = if inpatient {
            dice.between(600, 2900)
        } else {
            dice.between(18, 320)
        };
        if burden > purse.left {
            continue;
        }
        purse.left -= burden;
        let mut bill = settlement(dice, inpatient, yuan(burden), until);
        bill.number = number(bill.settled, index, purse.nth);
        purse.nth += 1;
        let refunded = dice.per_mille(40);
        push(member, bill, refunded, &mut purse.nth, index);
    }
}

/// Bills of one member that pass the line of big bills, refunds included.
pub(crate) fn big(dice: &mut Dice, member: &mut Member, index: u32, until: Date) -> Money {
    let line = ASSUMED.big_bill_yuan;
    let mut burden = Money::ZERO;
    let mut nth = 50;
    let stays = dice.between(3, 5);
    for stay in 0..stays {
        let share = yuan(dice.between(line / 2, line * 2));
        let mut bill = settlement(dice, true, share, until);
        bill.diagnosis.clone_from(dice.pick(&WORDS.grave));
        bill.number = number(bill.settled, index, nth);
        nth += 1;
        burden = [burden, share].into_iter().sum();
        push(member, bill, stay == 0, &mut nth, index);
    }
    burden
}

fn settlement(dice: &mut Dice, inpatient: bool, burden: Money, until: Date) -> Bill {
    let settled = add_days(until, -i32::try_from(dice.between(6, 330)).unwrap_or(30));
    let stay = i32::try_from(dice.between(3, 16)).unwrap_or(5);
    let fund = burden.as_fen() * dice.between(100, 400) / 100;
    Bill {
        number: String::new(),
        care: if inpatient {
            "普通住院"
        } else {
            dice.word(&["普通门诊", "普通门诊", "门诊慢特病", "手工零星报销"])
        },
        diagnosis: dice.pick(&WORDS.diagnoses).clone(),
        hospital: dice.pick(&WORDS.hospitals).clone(),
        from: if inpatient {
            add_days(settled, -stay)
        } else {
            settled
        },
        settled,
        total: Money::from_fen(burden.as_fen() + fund),
        burden,
        reverses: None,
        told: add_days(settled, 2),
    }
}

/// A bill; when `refunded`, charged once too often: the wrong settlement and
/// its negative pair come before the right one.
fn push(member: &mut Member, bill: Bill, refunded: bool, nth: &mut usize, index: u32) {
    if refunded {
        let mut wrong = bill.clone();
        wrong.number = number(bill.settled, index, *nth);
        *nth += 1;
        let mut back = reversal(&wrong, bill.settled, bill.told);
        back.number = number(bill.settled, index, *nth);
        *nth += 1;
        member.bills.push(wrong);
        member.bills.push(back);
    }
    member.bills.push(bill);
}

/// The negative pair of a settlement. The number is the original's with `T`.
pub(crate) fn reversal(bill: &Bill, settled: Date, told: Date) -> Bill {
    Bill {
        number: format!("{}T", bill.number),
        total: Money::from_fen(-bill.total.as_fen()),
        burden: Money::from_fen(-bill.burden.as_fen()),
        reverses: Some(bill.number.clone()),
        settled,
        told,
        ..bill.clone()
    }
}
