//! Civil dates for law, microsecond instants for events, months for benefits.
//!
//! The core never asks what day it is; it is told. China Standard Time is one
//! constant here and the only place an instant becomes a date.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::{Deserialize, Serialize};

/// A civil date, as law uses it.
pub type Date = civil::Date;

/// Microseconds since the Unix epoch, UTC. Stored as BIGINT in both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;
/// China has used one offset, UTC+8, since the records we hold began.
const CHINA_OFFSET_SECONDS: i64 = 8 * 3600;

impl Instant {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Later by whole seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Instant {
        Instant(
            self.0
                .saturating_add(seconds.saturating_mul(MICROS_PER_SECOND)),
        )
    }

    /// The civil date in China at this instant.
    pub fn china_date(self) -> Date {
        let seconds = self.0.div_euclid(MICROS_PER_SECOND) + CHINA_OFFSET_SECONDS;
        let days = i32::try_from(seconds.div_euclid(86_400)).unwrap_or(0);
        civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days))
    }

    /// Nine in the morning, China time, on `date`: the instant given to work
    /// that is known only by its business date.
    pub fn china_morning(date: Date) -> Instant {
        let days = date
            .since((jiff::Unit::Day, civil::date(1970, 1, 1)))
            .map_or(0, |span| i64::from(span.get_days()));
        Instant((days * 86_400 + 9 * 3600 - CHINA_OFFSET_SECONDS) * MICROS_PER_SECOND)
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC with microseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp:.6}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

impl FromStr for Instant {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Instant, jiff::Error> {
        text.parse::<jiff::Timestamp>()
            .map(|t| Instant(t.as_microsecond()))
    }
}

/// A calendar month, as benefits are paid: `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// `month` is 1–12; `None` otherwise or outside years 1–9999.
    pub fn new(year: i16, month: i8) -> Option<Month> {
        let valid = (1..=12).contains(&month) && (1..=9999).contains(&year);
        valid.then(|| Month(i32::from(year) * 12 + i32::from(month) - 1))
    }

    /// The month a date lies in.
    pub fn of(date: Date) -> Month {
        Month(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        let year = i16::try_from(self.0.div_euclid(12)).unwrap_or(1);
        let month = i8::try_from(self.0.rem_euclid(12) + 1).unwrap_or(1);
        civil::date(year, month, 1)
    }

    /// Its last day.
    pub fn last_day(self) -> Date {
        self.first_day().last_of_month()
    }

    /// Whether a date lies in it.
    pub fn contains(self, date: Date) -> bool {
        Month::of(date) == self
    }

    /// The month `months` later (earlier when negative).
    #[must_use]
    pub const fn plus(self, months: i32) -> Month {
        Month(self.0 + months)
    }

    /// Whole months from `earlier` to `self`.
    pub const fn since(self, earlier: Month) -> i32 {
        self.0 - earlier.0
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }
}

impl FromStr for Month {
    type Err = String;
    /// Reads `2026-11`.
    fn from_str(text: &str) -> Result<Month, String> {
        let parse = || {
            let (year, month) = text.split_once('-')?;
            Month::new(year.parse().ok()?, month.parse().ok()?)
        };
        parse().ok_or_else(|| format!("`{text}` is not a month"))
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Month, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Valid time, half-open `[from, to)`. `None` is unbounded on that side.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Period {
    /// First day that belongs to it.
    pub from: Option<Date>,
    /// First day that no longer belongs to it.
    pub to: Option<Date>,
}

impl Period {
    /// Always.
    pub const ALWAYS: Period = Period {
        from: None,
        to: None,
    };

    /// From a day onwards.
    pub const fn since(from: Date) -> Period {
        Period {
            from: Some(from),
            to: None,
        }
    }

    /// `[from, to)`.
    pub const fn between(from: Date, to: Date) -> Period {
        Period {
            from: Some(from),
            to: Some(to),
        }
    }

    /// Whether `on` belongs to it.
    pub fn contains(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on < to)
    }
}

/// Completed years from `birth` to `on`; a 29 February birthday falls on
/// 1 March in a common year. Negative spans are 0.
pub fn age_in_years(birth: Date, on: Date) -> i64 {
    let mut years = i64::from(on.year()) - i64::from(birth.year());
    if (on.month(), on.day()) < (birth.month(), birth.day()) {
        years -= 1;
    }
    years.max(0)
}

/// `date` moved by calendar months, clamped to the end of the month: the way
/// “三个月内” is counted.
pub fn add_months(date: Date, months: i32) -> Date {
    date.saturating_add(jiff::Span::new().months(months))
}

/// `date` moved by calendar days.
pub fn add_days(date: Date, days: i32) -> Date {
    date.saturating_add(jiff::Span::new().days(days))
}

/// Days from `from` to `to`; negative when `to` is earlier.
pub fn days_between(from: Date, to: Date) -> i64 {
    to.since((jiff::Unit::Day, from))
        .map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn china_date_turns_at_sixteen_utc() {
        let before: Instant = "2026-11-19T15:59:59Z".parse().unwrap();
        let after: Instant = "2026-11-19T16:00:00Z".parse().unwrap();
        assert_eq!(before.china_date(), date(2026, 11, 19));
        assert_eq!(after.china_date(), date(2026, 11, 20));
        assert_eq!(
            Instant::china_morning(date(2026, 11, 20)).china_date(),
            date(2026, 11, 20)
        );
    }

    #[test]
    fn age_turns_on_the_birthday() {
        assert_eq!(age_in_years(date(1946, 11, 20), date(2026, 11, 19)), 79);
        assert_eq!(age_in_years(date(1946, 11, 20), date(2026, 11, 20)), 80);
        assert_eq!(age_in_years(date(2012, 2, 29), date(2030, 2, 28)), 17);
    }

    #[test]
    fn three_months_after_a_month_end() {
        assert_eq!(add_months(date(2026, 11, 30), 3), date(2027, 2, 28));
    }

    proptest! {
        #[test]
        fn months_read_back(n in 12i32..119_000) {
            let month = Month(n);
            prop_assert_eq!(month.to_string().parse::<Month>(), Ok(month));
            prop_assert_eq!(Month::of(month.last_day()), month);
        }
    }
}
