//! Dates as narrow numbers that sort like dates and show their parts by shifts.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a branch in a lane keeps the loop from being many lanes at once"
)]

use domain::time::{Date, Month, add_days, add_months};

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

#[inline(always)]
pub(crate) fn month_of(packed: i32) -> i32 {
    (packed >> 9) * 12 + ((packed >> 5) & 15) - 1
}

/// Completed years: the day and month are below the year in both.
#[inline(always)]
pub(crate) fn age_on(birth: i32, on: i32) -> i64 {
    i64::from(((on - birth) >> 9).max(0))
}

/// The last day anybody was born on who has completed so many years by a day: all
/// dates there are where that is everybody, none where it is nobody.
#[inline(always)]
pub(crate) fn born_by(on: i32, years: i64) -> i32 {
    if years <= 0 {
        return i32::MAX;
    }
    // Further back than this nobody was born, and it is a date that is known.
    let years = i32::try_from(years.min(SPAN)).unwrap_or(i32::MAX);
    on.saturating_sub(years << 9).max(NONE32 + 1)
}

/// Spans a civil date can be moved by, as the interpreter has it, are shorter.
const SPAN: i64 = 100_000;

fn small(n: i64) -> Option<i32> {
    let n = Some(n).filter(|n| (-SPAN + 1..SPAN).contains(n))?;
    i32::try_from(n).ok()
}

/// Months that are counted here; what falls outside goes the way of the library,
/// which knows years below nought and stops at its first and last day.
const MONTHS: std::ops::RangeInclusive<i32> = 0..=9_999 * 12 + 11;

/// Days of a month of a year, January nought: every other month has 31, with July
/// and August both.
#[inline(always)]
fn days_of(year: i32, month: i32) -> i32 {
    // Of years that four divides, a hundred divides those that twenty-five does.
    let leap = (year % 4 == 0) & ((year % 25 != 0) | (year % 16 == 0));
    let others = 30 + ((month + 1 + (month + 1) / 8) & 1);
    let february = 28 + i32::from(leap);
    if month == 1 { february } else { others }
}

/// Whether [`quick_by_months`] has the answer.
#[inline(always)]
pub(crate) fn is_near(packed: i32, months: i64) -> bool {
    let is_small = (months > -SPAN) & (months < SPAN);
    // What is too large to count was found out; the rest of the sum is no matter.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "asked only of small numbers"
    )]
    let moved = month_of(packed).wrapping_add(months as i32);
    (packed == NONE32) | (months == NONE64) | (is_small & MONTHS.contains(&moved))
}

/// The same day so many months on, or the last of a shorter month, of years that
/// are counted here. No lane branches.
#[inline(always)]
pub(crate) fn quick_by_months(packed: i32, months: i64) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a caller asked whether it is near"
    )]
    let moved = month_of(packed).wrapping_add(months as i32);
    let (year, month) = (moved / 12, moved % 12);
    let day = (packed & 31).min(days_of(year, month));
    let date = (year << 9) | ((month + 1) << 5) | day;
    let unknown = (packed == NONE32) | (months == NONE64);
    if unknown { NONE32 } else { date }
}

/// As [`quick_by_months`], of every year there is.
pub(crate) fn by_months(packed: i32, months: i64) -> i32 {
    if is_near(packed, months) {
        return quick_by_months(packed, months);
    }
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

/// Days of four hundred years of the calendar.
const DAYS_OF_ERA: i32 = 400 * 365 + 97;

/// Days since the first of March of year nought, in eras of four hundred years
/// that begin in March (Howard Hinnant, “chrono-Compatible Low-Level Date
/// Algorithms”, `days_from_civil`).
#[inline(always)]
fn day_number(packed: i32) -> i32 {
    let (year, month, day) = (packed >> 9, (packed >> 5) & 15, packed & 31);
    let before_march = i32::from(month <= 2);
    let year = year - before_march;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * DAYS_OF_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year
}

/// Monday of the calendar week.
pub(crate) fn week_of(packed: i32) -> i32 {
    unpack(packed).map_or(NONE32, |date| pack(Week::of(date).first_day()))
}

pub(crate) fn weeks(from: i32, to: i32) -> i64 {
    let dates = unpack(from).zip(unpack(to));
    dates.map_or(NONE64, |(from, to)| weeks_between(from, to))
}

#[inline(always)]
pub(crate) fn days(from: i32, to: i32) -> i64 {
    i64::from(day_number(to) - day_number(from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::{age_in_years, days_between};
    use proptest::prelude::*;

    fn any_date() -> impl Strategy<Value = Date> {
        (1i16..9990, 1i8..=12, 1i8..=31).prop_map(|(year, month, day)| {
            let first = Date::constant(year, month, 1);
            let last = first.last_of_month().day();
            Date::constant(year, month, day.min(last))
        })
    }

    #[test]
    fn every_month_ends_on_its_last_day() {
        for year in [1600, 1700, 1896, 1900, 1904, 2000, 2023, 2024, 2100] {
            let january = Date::constant(year, 1, 31);
            for months in 0..12 {
                let last = pack(add_months(january, months));
                assert_eq!(by_months(pack(january), i64::from(months)), last);
            }
        }
    }

    proptest! {
        #[test]
        fn whoever_was_born_by_the_day_is_old_enough(
            a in any_date(),
            b in any_date(),
            n in prop_oneof![-3i64..130, Just(i64::MIN + 1), Just(i64::MAX), Just(SPAN), 9_000i64..12_000],
        ) {
            let day = born_by(pack(b), n);
            prop_assert_eq!(pack(a) <= day, age_in_years(a, b) >= n);
            prop_assert_ne!(day, NONE32);
        }

        #[test]
        fn packed_dates_sort_and_count_like_dates(a in any_date(), b in any_date()) {
            prop_assert_eq!(unpack(pack(a)), Some(a));
            prop_assert_eq!(pack(a).cmp(&pack(b)), a.cmp(&b));
            prop_assert_eq!(age_on(pack(a), pack(b)), age_in_years(a, b));
            prop_assert_eq!(month_of(pack(a)), month(Month::of(a)));
            prop_assert_eq!(days(pack(a), pack(b)), days_between(a, b));
        }

        #[test]
        fn moved_by_months_is_what_the_library_says(a in any_date(), months in -130_000i64..130_000) {
            let near = months % 400;
            for months in [months, near] {
                let moved = small(months).map_or(NONE32, |n| pack(add_months(a, n)));
                prop_assert_eq!(by_months(pack(a), months), moved);
            }
        }
    }
}
