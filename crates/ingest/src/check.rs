//! Named checks across the cells of one row.
//!
//! They compare a row with itself: what other rows and other lists say is not
//! known here.

use domain::money::Money;
use domain::time::{Date, age_in_years};

use crate::cell::{Cell, certificate_parts};
use crate::layout::{Check, IdentityCheck, Layout};
use crate::note::{Code, Finding, Weight};
use crate::place::Gazetteer;

/// Years by which a stated age may differ: 虚岁 counts up to two more.
const AGE_TOLERANCE_YEARS: i64 = 2;

/// A row whose cells have been read.
pub(crate) struct ReadRow<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) cells: &'a [Cell],
    /// Whether it is the row of the head of household.
    pub(crate) is_head: bool,
    /// The batch's business date.
    pub(crate) on: Date,
}

impl ReadRow<'_> {
    fn finding(&self, weight: Weight, code: Code, column: usize) -> Finding {
        Finding::new(weight, code, Some(self.layout.name(column)))
    }

    fn sum(&self, columns: &[usize]) -> Option<Money> {
        let amounts = columns.iter().map(|c| match &self.cells[*c] {
            Cell::Bad => None,
            cell => Some(cell.money().unwrap_or(Money::ZERO)),
        });
        amounts.sum()
    }

    fn first_date(&self, columns: &[usize]) -> Option<Date> {
        columns.iter().find_map(|c| self.cells[*c].date())
    }
}

/// Runs every check of the layout.
pub(crate) fn run(row: &ReadRow<'_>, gazetteer: &Gazetteer<'_>, found: &mut Vec<Finding>) {
    for check in &row.layout.checks {
        match check {
            Check::Document { column, accepted } => {
                let other = row.cells[*column]
                    .text()
                    .is_some_and(|text| !accepted.iter().any(|a| a == text));
                found.extend(other.then(|| row.finding(Weight::Hold, "id.document_type", *column)));
            }
            Check::Identity(check) => found.extend(identity(row, check)),
            Check::Distinct {
                id,
                from,
                unless_head,
            } => {
                let number = row.cells[*id].id();
                let same = |column: &usize| number.is_some() && number == row.cells[*column].id();
                let wrong = from.iter().any(same) || (!row.is_head && same(unless_head));
                found.extend(wrong.then(|| row.finding(Weight::Hold, "identity.mismatch", *id)));
            }
            Check::Scope { code } => {
                let outside =
                    matches!(row.cells[*code], Cell::Division(place) if !gazetteer.allows(place));
                found.extend(
                    outside.then(|| row.finding(Weight::Reject, "township.not_allowed", *code)),
                );
            }
            Check::Sum {
                total,
                plus,
                minus,
                needs,
            } => {
                let parts = row
                    .sum(plus)
                    .zip(row.sum(minus))
                    .and_then(|(plus, minus)| plus.checked_sub(minus));
                let stated = row.cells[*total]
                    .money()
                    .filter(|_| row.cells[*needs].is_known());
                let differs = stated
                    .zip(parts)
                    .is_some_and(|(stated, parts)| stated != parts);
                found.extend(differs.then(|| row.finding(Weight::Warn, "amount.identity", *total)));
            }
            Check::Part { whole, parts } => found.extend(part(row, *whole, parts)),
            Check::Refund {
                flag,
                original,
                amounts,
            } => refund(row, *flag, *original, amounts, found),
            Check::Certificate {
                number,
                id,
                category,
                grade,
            } => {
                found.extend(certificate(row, *number, *id, *category, *grade));
            }
            Check::Lifespan { id, death, after } => lifespan(row, *id, *death, *after, found),
        }
    }
}

/// The number against what else the row says of the person.
fn identity(row: &ReadRow<'_>, check: &IdentityCheck<usize>) -> Option<Finding> {
    let IdentityCheck {
        id,
        birth,
        sex,
        age,
        on,
        name,
        other_name,
    } = check;
    let number = row.cells[*id].id()?;
    let born = number.birth_date();
    let said_birth = birth.and_then(|c| row.cells[c].date());
    let said_sex = sex
        .and_then(|c| row.cells[c].code())
        .filter(|sex| *sex != "9");
    let said_age = age.and_then(|c| {
        if let Cell::Count(age) = row.cells[c] {
            Some(age)
        } else {
            None
        }
    });
    let age_on = row.first_date(on).unwrap_or(row.on);
    let off = |age: i64| (age - age_in_years(born, age_on)).abs() > AGE_TOLERANCE_YEARS;
    let said_name = name.and_then(|c| row.cells[c].text());
    let relative = other_name.and_then(|c| row.cells[c].text());
    let wrong = said_birth.is_some_and(|birth| birth != born)
        || said_sex.is_some_and(|sex| sex != number.sex().code())
        || said_age.is_some_and(off)
        || (said_name.is_some() && said_name == relative);
    let unchecked = said_birth.is_none() && said_sex.is_none() && said_age.is_none();
    if wrong {
        Some(row.finding(Weight::Hold, "identity.mismatch", *id))
    } else {
        // Only where a stranger's number is a known trap is silence worth a word.
        (unchecked && other_name.is_some())
            .then(|| row.finding(Weight::Warn, "identity.unchecked", *id))
    }
}

/// Parts that exceed the whole, told at the last of them that is written.
fn part(row: &ReadRow<'_>, whole: usize, parts: &[usize]) -> Option<Finding> {
    let whole = row.cells[whole].money()?;
    let told = parts.iter().rfind(|c| row.cells[**c].money().is_some())?;
    let exceeds = row.sum(parts).is_some_and(|parts| parts > whole);
    exceeds.then(|| row.finding(Weight::Reject, "amount.part_exceeds", *told))
}

fn refund(
    row: &ReadRow<'_>,
    flag: usize,
    original: usize,
    amounts: &[usize],
    found: &mut Vec<Finding>,
) {
    let flagged = row.cells[flag] == Cell::Flag(true);
    let sums: Vec<Money> = amounts
        .iter()
        .filter_map(|c| row.cells[*c].money())
        .collect();
    let negative = sums.iter().any(|m| *m < Money::ZERO);
    let positive = sums.iter().any(|m| *m > Money::ZERO);
    if flagged && positive {
        found.push(row.finding(Weight::Reject, "refund.sign", flag));
    }
    if negative && !flagged {
        found.push(row.finding(Weight::Warn, "refund.unflagged", flag));
    }
    if (negative || flagged) && !row.cells[original].is_known() {
        found.push(row.finding(Weight::Warn, "refund.original_missing", original));
    }
}

fn certificate(
    row: &ReadRow<'_>,
    number: usize,
    id: usize,
    category: usize,
    grade: usize,
) -> Option<Finding> {
    let (holder, category_digit, grade_digit) = certificate_parts(row.cells[number].text()?)?;
    if row.cells[id].id().is_some_and(|id| id.as_str() != holder) {
        return Some(row.finding(Weight::Hold, "identity.mismatch", id));
    }
    // The digits are the national numbers that the code lists know as spellings.
    let says = |column: usize, digit: &str| match (
        &row.layout.columns[column].read,
        row.cells[column].code(),
    ) {
        (crate::layout::ReadAs::Code(list), Some(code)) => list.read(digit) == Some(code),
        _ => true,
    };
    let agrees = says(category, category_digit) && says(grade, grade_digit);
    (!agrees).then(|| row.finding(Weight::Warn, "certificate.differs", number))
}

fn lifespan(row: &ReadRow<'_>, id: usize, death: usize, after: usize, found: &mut Vec<Finding>) {
    let Some(died) = row.cells[death].date() else {
        return;
    };
    if row.cells[id].id().is_some_and(|id| died < id.birth_date()) {
        found.push(row.finding(Weight::Reject, "consistency.death_birth", death));
    }
    if row.cells[after].date().is_some_and(|after| after < died) {
        found.push(row.finding(Weight::Warn, "consistency.death_order", death));
    }
}
