//! Chinese working days with make-up days. A year whose holiday table is not
//! published is unknown, never guessed as "weekends only".

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Weekday;

use crate::time::{Date, add_days};

/// The published holiday table.
#[derive(Clone, Debug, Default)]
pub struct WorkingDays {
    /// `true` for a make-up working day, `false` for a holiday.
    exceptions: BTreeMap<Date, bool>,
    years: BTreeSet<i16>,
}

/// A date that needs a year whose holidays are not published yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the holiday table of {year} is not published")]
pub struct YearNotPublished {
    /// The missing year.
    pub year: i16,
}

/// Why a calendar file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: not `date,holiday` or `date,makeup_workday`")]
pub struct CalendarError {
    /// 1-based line.
    pub line: usize,
}

impl WorkingDays {
    /// Reads `date,kind` lines with one header line.
    pub fn parse(text: &str) -> Result<WorkingDays, CalendarError> {
        let mut table = WorkingDays::default();
        for (index, line) in text
            .lines()
            .enumerate()
            .skip(1)
            .filter(|(_, l)| !l.trim().is_empty())
        {
            let error = CalendarError { line: index + 1 };
            let (day, kind) = line.trim().split_once(',').ok_or_else(|| error.clone())?;
            let day: Date = day.parse().map_err(|_| error.clone())?;
            let works = match kind {
                "holiday" => false,
                "makeup_workday" => true,
                _ => return Err(error),
            };
            table.years.insert(day.year());
            table.exceptions.insert(day, works);
        }
        Ok(table)
    }

    /// Whether offices work on `day`.
    pub fn is_working(&self, day: Date) -> Result<bool, YearNotPublished> {
        if !self.years.contains(&day.year()) {
            return Err(YearNotPublished { year: day.year() });
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        Ok(self.exceptions.get(&day).copied().unwrap_or(!weekend))
    }

    /// The day `count` working days after `start` (the start is not counted).
    pub fn after(&self, start: Date, count: u16) -> Result<Date, YearNotPublished> {
        let mut day = start;
        let mut left = count;
        while left > 0 {
            day = add_days(day, 1);
            if self.is_working(day)? {
                left -= 1;
            }
        }
        Ok(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn table() -> WorkingDays {
        WorkingDays::parse(
            "date,kind\n2026-10-01,holiday\n2026-10-02,holiday\n2026-10-10,makeup_workday\n",
        )
        .unwrap()
    }

    #[test]
    fn holidays_and_make_up_days_count_as_published() {
        assert_eq!(table().after(date(2026, 9, 30), 1), Ok(date(2026, 10, 5)));
        assert_eq!(table().is_working(date(2026, 10, 10)), Ok(true));
    }

    #[test]
    fn an_unpublished_year_is_not_guessed() {
        assert_eq!(
            table().after(date(2026, 12, 31), 1),
            Err(YearNotPublished { year: 2027 })
        );
    }
}
