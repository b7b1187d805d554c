//! Dates as narrow numbers that sort like dates and show their parts by shifts.

use domain::time::{Date, Month, add_days, add_months, days_between};

use domain::week::Week;

use super::graph::{NONE32, NONE64};
use crate::eval_call::weeks_between;

/// Year, month and day, nine bits below the year.
pub(crate) fn pack(date: Date) -> i32 {
    (i32::from(date.year()) << 9) | (i32::from(date.month()) << 5) | i32::from(date.day())
}

pub(crate) fn unpack(packed: i32) -> Option<Date> {
    let part = |n: i32| i8::try_from(n).ok();
    let year = i16::try_from(packed >> 9).ok()?;
    Date::new(year, part((packed >> 5) & 15)?, part(packed & 31)?).ok()
}

/// Months since year nought.
pub(crate) fn month(month: Month) -> i32 {
    month.since(Month::of(Date::constant(0, 1, 1)))
}

#[inline]
pub(crate) fn month_of(packed: i32) -> i32 {
    (packed >> 9) * 12 + ((packed >> 5) & 15) - 1
}

/// Completed years: the day and month are below the year in both.
#[inline]
pub(crate) fn age_on(birth: i32, on: i32) -> i64 {
    i64::from(((on - birth) >> 9).max(0))
}

/// Spans a civil date can be moved by, as the interpreter has it.
fn small(n: i64) -> Option<i32> {
    i32::try_from(n).ok().filter(|n| n.abs() < 100_000)
}

pub(crate) fn by_months(packed: i32, months: i64) -> i32 {
    let moved = unpack(packed).zip(small(months));
    moved.map_or(NONE32, |(date, months)| pack(add_months(date, months)))
}

pub(crate) fn by_days(packed: i32, days: i64) -> i32 {
    let moved = unpack(packed).zip(small(days));
    moved.map_or(NONE32, |(date, days)| pack(add_days(date, days)))
}

pub(crate) fn month_moved(month: i32, months: i64) -> i32 {
    small(months).map_or(NONE32, |months| month + months)
}

/// Monday of the calendar week.
pub(crate) fn week_of(packed: i32) -> i32 {
    unpack(packed).map_or(NONE32, |date| pack(Week::of(date).first_day()))
}

pub(crate) fn weeks(from: i32, to: i32) -> i64 {
    let dates = unpack(from).zip(unpack(to));
    dates.map_or(NONE64, |(from, to)| weeks_between(from, to))
}

pub(crate) fn days(from: i32, to: i32) -> i64 {
    let dates = unpack(from).zip(unpack(to));
    dates.map_or(NONE64, |(from, to)| days_between(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::age_in_years;
    use proptest::prelude::*;

    fn any_date() -> impl Strategy<Value = Date> {
        (1i16..9990, 1i8..=12, 1i8..=31).prop_map(|(year, month, day)| {
            let first = Date::constant(year, month, 1);
            let last = first.last_of_month().day();
            Date::constant(year, month, day.min(last))
        })
    }

    proptest! {
        #[test]
        fn packed_dates_sort_and_count_like_dates(a in any_date(), b in any_date()) {
            prop_assert_eq!(unpack(pack(a)), Some(a));
            prop_assert_eq!(pack(a).cmp(&pack(b)), a.cmp(&b));
            prop_assert_eq!(age_on(pack(a), pack(b)), age_in_years(a, b));
            prop_assert_eq!(month_of(pack(a)), month(Month::of(a)));
            prop_assert_eq!(days(pack(a), pack(b)), days_between(a, b));
        }
    }
}
