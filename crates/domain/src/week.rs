//! Calendar weeks, Monday to Sunday (ISO 8601): “每周至少1次” counts weeks of the
//! calendar, not seven days since the last time.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{ISOWeekDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::time::{Date, add_days};

/// A calendar week: `2026-W47`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week {
    /// Its Monday.
    monday: Date,
}

impl Week {
    /// The week a date lies in.
    pub fn of(date: Date) -> Week {
        let back = i32::from(date.weekday().to_monday_zero_offset());
        Week {
            monday: add_days(date, -back),
        }
    }

    /// Its Monday.
    pub const fn first_day(self) -> Date {
        self.monday
    }

    /// Its Sunday.
    pub fn last_day(self) -> Date {
        add_days(self.monday, 6)
    }

    /// Whether a date lies in it.
    pub fn contains(self, date: Date) -> bool {
        Week::of(date) == self
    }

    /// The week `weeks` later (earlier when negative).
    #[must_use]
    pub fn plus(self, weeks: i32) -> Week {
        Week {
            monday: add_days(self.monday, 7 * weeks),
        }
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", iso.year(), iso.week())
    }
}

impl FromStr for Week {
    type Err = String;
    /// Reads `2026-W47`; a week that its year does not have is refused.
    fn from_str(text: &str) -> Result<Week, String> {
        let parse = || {
            let (year, week) = text.split_once("-W")?;
            let plain =
                |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
            if !plain(year, 4) || !plain(week, 2) {
                return None;
            }
            let (year, week) = (year.parse().ok()?, week.parse().ok()?);
            let monday = ISOWeekDate::new(year, week, Weekday::Monday).ok()?;
            Some(Week::of(monday.date()))
        };
        parse().ok_or_else(|| format!("`{text}` is not a week"))
    }
}

impl Serialize for Week {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Week {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Week, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn a_week_runs_from_monday_to_sunday() {
        let week: Week = "2026-W47".parse().unwrap();
        assert_eq!(week.first_day(), date(2026, 11, 16));
        assert_eq!(week.last_day(), date(2026, 11, 22));
        assert!(!week.contains(date(2026, 11, 15)) && week.contains(date(2026, 11, 16)));
        assert!(week.contains(date(2026, 11, 22)) && !week.contains(date(2026, 11, 23)));
        // The week belongs to the year of its Thursday.
        assert_eq!(Week::of(date(2027, 1, 1)).to_string(), "2026-W53");
        assert_eq!(Week::of(date(2027, 1, 4)).to_string(), "2027-W01");
    }

    #[test]
    fn weeks_that_do_not_exist_are_refused() {
        for text in [
            "2026-W54", "2026-W00", "2027-W53", "2026-47", "2026-W7", "W47", "2026-W+7",
        ] {
            assert!(text.parse::<Week>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn weeks_read_back(days in 0i32..80_000) {
            let week = Week::of(add_days(date(1900, 1, 1), days));
            prop_assert_eq!(week.to_string().parse::<Week>(), Ok(week));
            prop_assert_eq!(week.plus(1).plus(-1), week);
            prop_assert!(week.contains(week.last_day()) && !week.plus(1).contains(week.last_day()));
        }
    }
}
