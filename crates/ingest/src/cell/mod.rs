//! The text of one cell to a value, by the type its column has.

mod date;
mod identity;
mod name;

use domain::money::{Money, MoneyError};
use domain::region::DivisionCode;
use domain::resident_id::ResidentId;
use domain::time::{Date, Month};
use domain::value::Value;

use crate::layout::{Bad, Column, Need, ReadAs};
use crate::note::{Code, Finding, Weight};

pub(crate) use identity::certificate_parts;

/// Longest text kept of a free-text cell, in characters.
const TEXT_CHARACTERS_MAX: usize = 2000;
/// Longest number a source gives to a household, a settlement and the like.
const NUMBER_CHARACTERS_MAX: usize = 64;

/// A cell that has been read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing recorded.
    Blank,
    /// Something unreadable; a finding says what.
    Bad,
    Text(String),
    Id(ResidentId),
    Date(Date),
    /// “长期”: an end that never comes.
    Endless,
    Month(Month),
    Money(Money),
    Count(i64),
    Flag(bool),
    Code(&'static str),
    Choice(String),
    Division(DivisionCode),
}

impl Cell {
    /// Whether there is a value.
    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Cell::Blank | Cell::Bad)
    }

    pub(crate) fn id(&self) -> Option<&ResidentId> {
        if let Cell::Id(id) = self {
            Some(id)
        } else {
            None
        }
    }

    pub(crate) fn date(&self) -> Option<Date> {
        if let Cell::Date(date) = self {
            Some(*date)
        } else {
            None
        }
    }

    pub(crate) fn money(&self) -> Option<Money> {
        if let Cell::Money(money) = self {
            Some(*money)
        } else {
            None
        }
    }

    pub(crate) fn code(&self) -> Option<&'static str> {
        if let Cell::Code(code) = self {
            Some(code)
        } else {
            None
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) | Cell::Choice(text) => Some(text),
            _ => None,
        }
    }

    /// The value a field of the same type takes.
    pub(crate) fn value(&self) -> Option<Value> {
        Some(match self {
            Cell::Text(text) => Value::Text(text.as_str().into()),
            Cell::Date(date) => Value::Date(*date),
            Cell::Month(month) => Value::Month(*month),
            Cell::Money(money) => Value::Money(*money),
            Cell::Count(count) => Value::Count(*count),
            Cell::Flag(flag) => Value::Flag(*flag),
            Cell::Code(code) => Value::Code(code),
            Cell::Division(code) => Value::Division(*code),
            Cell::Blank | Cell::Bad | Cell::Id(_) | Cell::Endless | Cell::Choice(_) => return None,
        })
    }

    /// The canonical text of the value in a natural key.
    pub(crate) fn key_text(&self) -> String {
        match self {
            Cell::Blank | Cell::Bad => String::new(),
            Cell::Text(text) | Cell::Choice(text) => text.clone(),
            Cell::Id(id) => id.as_str().to_owned(),
            Cell::Date(date) => date.to_string(),
            Cell::Endless => "endless".to_owned(),
            Cell::Month(month) => month.to_string(),
            Cell::Money(money) => money.as_fen().to_string(),
            Cell::Count(count) => count.to_string(),
            Cell::Flag(flag) => flag.to_string(),
            Cell::Code(code) => (*code).to_owned(),
            Cell::Division(code) => code.to_string(),
        }
    }
}

/// What reading depends on beside the text.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    /// The batch's business date: what lies after it lies ahead.
    pub(crate) on: Date,
    /// The day the batch speaks for.
    pub(crate) since: Date,
    /// Whether invented people are accepted.
    pub(crate) synthetic: bool,
}

/// Text without the space and the marks around it that carry no meaning: a
/// spreadsheet's leading apostrophe, zero-width characters, line ends.
pub(crate) fn clean(text: &str) -> &str {
    let space = |c: char| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}');
    let text = text.trim_matches(space);
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit() || is_formula_start(c)) => {
            rest.trim_matches(space)
        }
        _ => text,
    }
}

/// Characters that make a spreadsheet take a cell for a formula.
pub(crate) const fn is_formula_start(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r')
}

/// What people write for nothing.
pub(crate) fn is_blank(text: &str) -> bool {
    matches!(
        text,
        "" | "无" | "/" | "\\" | "-" | "--" | "—" | "——" | "N/A" | "n/a" | "NULL" | "null"
    )
}

/// What a spreadsheet shows, and saves, where a formula failed.
fn is_formula_error(text: &str) -> bool {
    matches!(
        text,
        "#REF!"
            | "#N/A"
            | "#VALUE!"
            | "#NAME?"
            | "#DIV/0!"
            | "#NUM!"
            | "#NULL!"
            | "#SPILL!"
            | "#CALC!"
    )
}

/// Full-width forms as the ASCII they stand for.
fn narrow(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    };
    text.chars().map(narrow).collect()
}

/// A control character that no cell may have, by its code.
fn control(text: &str, name: bool) -> Option<Code> {
    if text.contains('\0') {
        return Some("row.nul");
    }
    let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    let code = if name {
        "name.control_char"
    } else {
        "row.control_char"
    };
    text.contains(odd).then_some(code)
}

fn weight(bad: Bad) -> Weight {
    match bad {
        Bad::Warn => Weight::Warn,
        Bad::Hold => Weight::Hold,
        Bad::Reject => Weight::Reject,
    }
}

/// Reads one cell and says what is wrong with it.
pub(crate) fn read(
    column: &Column,
    text: &str,
    setting: Setting,
    found: &mut Vec<Finding>,
) -> Cell {
    let name = Some(column.name.as_str());
    if let Some(code) = control(text, matches!(column.read, ReadAs::Name)) {
        found.push(Finding::reject(code, name));
        return Cell::Bad;
    }
    let text = clean(text);
    if is_formula_error(text) {
        found.push(Finding::reject("cell.error", name));
        return Cell::Bad;
    }
    // A word for nothing in a name is a finding of its own.
    let blank = text.is_empty() || (is_blank(text) && !matches!(column.read, ReadAs::Name));
    let no_number =
        matches!(column.read, ReadAs::Id) && !narrow(text).contains(|c: char| c.is_ascii_digit());
    if blank || no_number {
        return Cell::Blank;
    }
    let result = match &column.read {
        ReadAs::Name => return name::read(column, text, found),
        ReadAs::Phone => return phone(column, text, found),
        ReadAs::Id => return identity::read(column, text, setting, found),
        other => plain(other, column, text, setting),
    };
    let result = match result {
        Ok(Cell::Date(day)) if column.past && day > setting.on => Err("date.future"),
        other => other,
    };
    result.unwrap_or_else(|code| {
        // An amount beyond any bound is an error of the sender's unit or sign, never a detail.
        let weight = if code == "amount.range" {
            Weight::Reject
        } else {
            weight(column.bad)
        };
        found.push(Finding::new(weight, code, name));
        Cell::Bad
    })
}

/// A cell that is right or wrong as a whole.
fn plain(read: &ReadAs, column: &Column, text: &str, setting: Setting) -> Result<Cell, Code> {
    match read {
        // These tell of themselves what is wrong with them.
        ReadAs::Name | ReadAs::Phone | ReadAs::Id => Ok(Cell::Bad),
        ReadAs::Text | ReadAs::Address => free_text(text),
        ReadAs::Number => number(text),
        ReadAs::Certificate => identity::certificate(text),
        ReadAs::Division => DivisionCode::parse(&narrow(text))
            .map(Cell::Division)
            .ok_or("division.invalid"),
        ReadAs::Date => date::day(&narrow(text))
            .map(Cell::Date)
            .ok_or("date.invalid"),
        ReadAs::Recent => date::recent(&narrow(text), setting.on)
            .map(Cell::Date)
            .ok_or("date.invalid"),
        ReadAs::Term => term(&narrow(text)).map(Cell::Count).ok_or("count.invalid"),
        ReadAs::Until => date::until(&narrow(text)),
        ReadAs::Month => date::month(&narrow(text))
            .map(Cell::Month)
            .ok_or("month.invalid"),
        ReadAs::Money => money(&narrow(text), column.negative),
        ReadAs::Count => count(&narrow(text)),
        ReadAs::Flag => flag(text).map(Cell::Flag).ok_or("flag.invalid"),
        ReadAs::Code(list) => list
            .read(text)
            .or_else(|| list.read(&narrow(text)))
            .map(Cell::Code)
            .ok_or("code.unknown"),
        ReadAs::Choice(choices) => {
            let means = |(choice, spellings): &(&String, &Vec<String>)| {
                *choice == text || spellings.iter().any(|s| s == text)
            };
            choices
                .iter()
                .find(means)
                .map(|(choice, _)| Cell::Choice(choice.clone()))
                .ok_or("code.unknown")
        }
    }
}

/// A required cell that is blank.
pub(crate) fn missing(column: &Column) -> Option<Finding> {
    let name = Some(column.name.as_str());
    match (column.need, &column.read) {
        (Need::Value, ReadAs::Id) => Some(Finding::new(Weight::Hold, "id.missing", name)),
        (Need::Value, ReadAs::Name) => Some(Finding::new(
            weight(column.placeholder),
            "name.placeholder",
            name,
        )),
        (Need::Value, _) => Some(Finding::reject("field.missing", name)),
        _ => None,
    }
}

fn free_text(text: &str) -> Result<Cell, Code> {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.chars().count() > TEXT_CHARACTERS_MAX {
        return Err("text.too_long");
    }
    Ok(Cell::Text(joined))
}

/// A number that a source gives out: text, never arithmetic.
fn number(text: &str) -> Result<Cell, Code> {
    let text: String = narrow(text).split_whitespace().collect();
    if text.chars().count() > NUMBER_CHARACTERS_MAX {
        return Err("text.too_long");
    }
    if is_rounded(&text) {
        return Err("number.lost_precision");
    }
    Ok(Cell::Text(text))
}

/// Whether a spreadsheet wrote it as `3.2E+17`.
fn is_rounded(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['E', 'e']).unwrap_or((text, ""));
    exponent.starts_with('+') && mantissa.starts_with(|c: char| c.is_ascii_digit())
}

fn money(text: &str, negative: bool) -> Result<Cell, Code> {
    match Money::from_yuan_text(text) {
        Ok(money) if money < Money::ZERO && !negative => Err("amount.range"),
        Ok(money) => Ok(Cell::Money(money)),
        Err(MoneyError::Range) => Err("amount.range"),
        Err(MoneyError::Malformed(_)) => Err("amount.invalid"),
    }
}

fn count(text: &str) -> Result<Cell, Code> {
    let digits = text.trim_end_matches(['人', '岁', '个']).trim();
    let plain = digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    let count = digits.parse().ok().filter(|_| plain);
    count.map(Cell::Count).ok_or("count.invalid")
}

/// A term that has no end, as months: longer than any life.
const LIFE_MONTHS: i64 = 9_999;

/// A term in months: `24`, `24个月`, `2年`, `2年6个月`, `二年六个月`, `六个月`, `无期徒刑`.
fn term(text: &str) -> Option<i64> {
    let text: String = text.split_whitespace().collect();
    let text = text.trim_start_matches(['有', '期', '徒', '刑']);
    if text.starts_with("无期") || text.starts_with("终身") {
        return Some(LIFE_MONTHS);
    }
    let (years, rest) = match text.split_once('年') {
        Some((years, rest)) => (small_number(years)?, rest),
        None => (0, text),
    };
    let rest = rest.trim_start_matches('又');
    let months = match rest.trim_end_matches('月').trim_end_matches(['个', '箇']) {
        "" if text.contains('年') => 0,
        number => small_number(number)?,
    };
    (years <= 99 && months <= 999).then_some(years * 12 + months)
}

/// A number in figures, or in Chinese words up to 九十九.
fn small_number(text: &str) -> Option<i64> {
    if !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let digit = |c: char| match c {
        '两' => Some(2),
        other => "零一二三四五六七八九".chars().position(|d| d == other),
    };
    let one = |text: &str| {
        let mut chars = text.chars();
        let found = digit(chars.next()?)?;
        chars.next().is_none().then_some(found)
    };
    let value = match text.split_once('十') {
        Some((tens, units)) => {
            let tens = if tens.is_empty() { 1 } else { one(tens)? };
            let units = if units.is_empty() { 0 } else { one(units)? };
            tens * 10 + units
        }
        None => one(text)?,
    };
    i64::try_from(value).ok()
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "是" | "Y" | "y" | "1" | "true" | "√" | "有" => Some(true),
        "否" | "N" | "n" | "0" | "false" | "×" | "不是" => Some(false),
        _ => None,
    }
}

/// The first telephone number of a cell; people write several.
fn phone(column: &Column, text: &str, found: &mut Vec<Finding>) -> Cell {
    let name = Some(column.name.as_str());
    let text = narrow(text);
    let parts =
        text.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | ';' | '、' | '|'));
    let parts: Vec<String> = parts
        .map(|part| part.chars().filter(char::is_ascii_digit).collect())
        .filter(|p: &String| !p.is_empty())
        .collect();
    let Some(first) = parts.iter().find(|p| (7..=13).contains(&p.len())) else {
        found.push(Finding::new(weight(column.bad), "phone.invalid", name));
        return Cell::Bad;
    };
    if parts.iter().filter(|p| p.len() >= 7).count() > 1 {
        found.push(Finding::warn("phone.several", name));
    }
    Cell::Text(first.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_as_offices_write_them() {
        let fen = |text| money(&narrow(text), false).map(|c| c.money().map(Money::as_fen));
        assert_eq!(fen("1,340.00元"), Ok(Some(134_000)));
        assert_eq!(fen("１，３４０．５"), Ok(Some(134_050)));
        assert_eq!(fen("-1"), Err("amount.range"));
        assert_eq!(fen("1000000000000000"), Err("amount.range"));
        assert_eq!(fen("约200"), Err("amount.invalid"));
    }

    #[test]
    fn terms_as_judgments_write_them() {
        for (text, months) in [
            ("24", 24),
            ("24个月", 24),
            ("2年", 24),
            ("2年6个月", 30),
            ("有期徒刑二年六个月", 30),
            ("两年", 24),
            ("六个月", 6),
            ("十一个月", 11),
            ("十五年", 180),
            ("无期徒刑", 9_999),
        ] {
            assert_eq!(term(text), Some(months), "{text}");
        }
        for text in ["", "月", "年", "半年", "一二年", "2年x", "2026-01-01"] {
            assert_eq!(term(text), None, "{text}");
        }
    }

    #[test]
    fn a_spreadsheets_apostrophe_is_no_part_of_the_number() {
        assert_eq!(clean("\t'320412 "), "320412");
        assert_eq!(clean("'=1+1"), "=1+1");
        assert_eq!(clean("O'Brien"), "O'Brien");
    }

    proptest! {
        #[test]
        fn any_text_is_narrowed_and_cleaned_without_panic(text in ".{0,40}") {
            let _ = (clean(&narrow(&text)), date::day(&text), date::month(&text), date::until(&text), number(&text), count(&text));
        }
    }
}
