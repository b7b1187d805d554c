//! Dates and months in the forms departments write. A form is documented here
//! or refused: no text ever has two meanings.

use domain::time::{Date, Month};

use super::Cell;
use crate::note::Code;

/// `2026-11-03`, `2026/11/3`, `2026.11.3`, `20261103`, `2026年11月3日`, each
/// with or without a time behind it. Two-digit years and a spreadsheet's day
/// numbers are refused.
pub(super) fn day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let all_digits = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    if all_digits {
        // 20261103 or 20261103153000
        return match bytes.len() {
            8 | 12 | 14 => make(text.get(..4)?, text.get(4..6)?, text.get(6..8)?),
            _ => None,
        };
    }
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    if let Some(time) = time.map(str::trim).filter(|time| !time.is_empty()) {
        let clock = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | '+' | 'Z');
        if !time.contains(':') || !time.chars().all(clock) {
            return None;
        }
    }
    let (year, month, day) = parts(date)?;
    make(year, month, day)
}

/// A day of [`day`], or one without its year, as reports of the last days have
/// it: `11.20 8:40`, `11-20`, `11/20`, `11月20日8时40分`. It is the last such
/// day up to `on`, so that a report of 31 December sent in January keeps its year.
pub(super) fn recent(text: &str, on: Date) -> Option<Date> {
    if let Some(whole) = day(text) {
        return Some(whole);
    }
    let (month, rest) = if let Some((month, rest)) = text.split_once('月') {
        (month, rest.split(['日', '号']).next()?)
    } else {
        let date = text.split(' ').next()?;
        date.split_once(['-', '/', '.'])?
    };
    let (month, day) = (two_digits(month)?, two_digits(rest)?);
    // 29 February lies up to eight years back.
    let years = (0..=8).filter_map(|back| Date::new(on.year() - back, month, day).ok());
    years.into_iter().find(|date| *date <= on)
}

fn parts(date: &str) -> Option<(&str, &str, &str)> {
    if let Some((year, rest)) = date.split_once('年') {
        let (month, day) = rest.split_once('月')?;
        return Some((year, month, day.strip_suffix(['日', '号'])?));
    }
    let separator = date.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = date.split(separator);
    let found = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(found)
}

fn make(year: &str, month: &str, day: &str) -> Option<Date> {
    let year = four_digits(year)?;
    let date = Date::new(year, two_digits(month)?, two_digits(day)?).ok()?;
    (1850..=9999).contains(&year).then_some(date)
}

fn four_digits(text: &str) -> Option<i16> {
    let plain = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn two_digits(text: &str) -> Option<i8> {
    let plain = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// An end: a date, or “长期” in words or as the far years that stand for it.
pub(super) fn until(text: &str) -> Result<Cell, Code> {
    if matches!(text, "长期" | "长期有效" | "永久" | "无固定期限") {
        return Ok(Cell::Endless);
    }
    match day(text) {
        Some(date) if date.year() >= 2099 => Ok(Cell::Endless),
        Some(date) => Ok(Cell::Date(date)),
        None => Err("date.invalid"),
    }
}

/// `202611`, `2026-11`, `2026/11`, `2026.11`, `2026年11月`, `Nov-26`, or a whole date.
pub(super) fn month(text: &str) -> Option<Month> {
    if let Some(date) = day(text) {
        return Some(Month::of(date));
    }
    if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Month::new(four_digits(&text[..4])?, two_digits(&text[4..])?);
    }
    if let Some((year, rest)) = text.split_once('年') {
        return Month::new(
            four_digits(year)?,
            two_digits(
                rest.strip_suffix(['月', '份'])
                    .map(|r| r.trim_end_matches('月'))?,
            )?,
        );
    }
    let separator = text.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let (first, second) = text.split_once(separator)?;
    if let Some(number) = english(first) {
        let year: i16 = two_digits(second).filter(|_| second.len() == 2)?.into();
        return Month::new(2000 + year, number);
    }
    Month::new(four_digits(first)?, two_digits(second)?)
}

fn english(text: &str) -> Option<i8> {
    let names = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let position = names
        .iter()
        .position(|name| text.eq_ignore_ascii_case(name))?;
    i8::try_from(position + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_its_year_is_the_last_one() {
        let on = Date::constant(2026, 11, 20);
        let is = |y, m, d| Some(Date::constant(y, m, d));
        for text in [
            "11.20 8:40",
            "11-20",
            "11/20",
            "11月20日8时40分",
            "2026-11-20 08:40",
        ] {
            assert_eq!(recent(text, on), is(2026, 11, 20), "{text}");
        }
        assert_eq!(recent("11.21 8:40", on), is(2025, 11, 21));
        assert_eq!(recent("2.29", on), is(2024, 2, 29));
        for text in ["", "昨晚", "8:40", "13.1", "11.20.5", "20"] {
            assert_eq!(recent(text, on), None, "{text}");
        }
    }

    #[test]
    fn documented_dates_and_no_others() {
        let expected = Date::constant(2026, 9, 8);
        for text in [
            "2026-09-08",
            "2026/9/8",
            "2026.9.8",
            "20260908",
            "2026年9月8日",
            "2026/9/8 9:12",
            "20260908153000",
            "2026-09-08T00:00:00",
        ] {
            assert_eq!(day(text), Some(expected), "{text}");
        }
        for text in [
            "26-09-08",
            "8-Sep-26",
            "45962",
            "2026-11-31",
            "2026-9",
            "2026年八月初三",
            "2026-9-8-1",
            "2026-09-08 x",
            "202609081",
            "",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn documented_months_and_no_others() {
        let expected = Month::new(2026, 11);
        for text in [
            "202611",
            "2026-11",
            "2026/11",
            "2026年11月",
            "2026年11月份",
            "Nov-26",
            "2026-11-05",
            "20261105",
        ] {
            assert_eq!(month(text), expected, "{text}");
        }
        for text in [
            "26-11",
            "11-2026",
            "202613",
            "Nov-2026",
            "2026",
            "11月",
            "202609-202611",
        ] {
            assert_eq!(month(text), None, "{text}");
        }
    }

    #[test]
    fn an_end_that_never_comes() {
        assert_eq!(until("长期"), Ok(Cell::Endless));
        assert_eq!(until("9999-12-31"), Ok(Cell::Endless));
        assert_eq!(
            until("2036-11-05"),
            Ok(Cell::Date(Date::constant(2036, 11, 5)))
        );
    }
}
