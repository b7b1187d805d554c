//! Administrative divisions: statistics code, name in use, responsible bureau.
//!
//! The three differ in practice: a township may carry one county's code and be
//! run by another bureau. The table is data, parsed from bytes handed in, with
//! validity dates, so a bureau can replace it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::{Date, Period};

/// A division code: 2 (province), 4 (city), 6 (county), 9 (township) or
/// 12 digits (village).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode {
    digits: [u8; 12],
    len: u8,
}

/// Level of a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 2 digits.
    Province,
    /// 4 digits.
    City,
    /// 6 digits.
    County,
    /// 9 digits.
    Township,
    /// 12 digits.
    Village,
}

impl DivisionCode {
    /// `None` unless 2, 4, 6, 9 or 12 digits.
    pub fn parse(text: &str) -> Option<DivisionCode> {
        let bytes = text.as_bytes();
        let fits =
            matches!(bytes.len(), 2 | 4 | 6 | 9 | 12) && bytes.iter().all(u8::is_ascii_digit);
        if !fits {
            return None;
        }
        let mut digits = [0; 12];
        digits[..bytes.len()].copy_from_slice(bytes);
        Some(DivisionCode {
            digits,
            len: u8::try_from(bytes.len()).ok()?,
        })
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)]).expect("ASCII digits")
    }

    /// Which level it has.
    pub fn level(&self) -> Level {
        match self.len {
            2 => Level::Province,
            4 => Level::City,
            6 => Level::County,
            9 => Level::Township,
            _ => Level::Village,
        }
    }

    /// Whether `other` is this division or lies inside it. The whole of
    /// authorisation scope.
    pub fn contains(&self, other: &DivisionCode) -> bool {
        other.as_str().starts_with(self.as_str())
    }

    /// The county it lies in; `None` above county level.
    pub fn county(&self) -> Option<DivisionCode> {
        DivisionCode::parse(self.as_str().get(..6)?)
    }

    /// The township it lies in; `None` above township level.
    pub fn township(&self) -> Option<DivisionCode> {
        DivisionCode::parse(self.as_str().get(..9)?)
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DivisionCode({self})")
    }
}

impl FromStr for DivisionCode {
    type Err = String;
    fn from_str(text: &str) -> Result<DivisionCode, String> {
        DivisionCode::parse(text).ok_or_else(|| format!("`{text}` is not a division code"))
    }
}

impl Serialize for DivisionCode {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DivisionCode {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<DivisionCode, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// One division as it stood during a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// Statistics code.
    pub code: DivisionCode,
    /// Name in use.
    pub name: String,
    /// The county-level bureau responsible for it, when it is not the county
    /// the code lies in.
    pub bureau: Option<DivisionCode>,
    /// When this held.
    pub valid: Period,
}

/// The table of divisions, by code and by name within a parent.
#[derive(Clone, Debug, Default)]
pub struct Divisions {
    by_code: BTreeMap<DivisionCode, Vec<Division>>,
}

/// Why a division table was refused. Messages follow "cannot load divisions: ".
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DivisionsError {
    /// A line is not `code,name,bureau,from,to`.
    #[error("line {line}: not `code,name,bureau,from,to`")]
    Malformed {
        /// 1-based line.
        line: usize,
    },
}

impl Divisions {
    /// Reads `code,name,bureau,from,to` lines with one header line; the last
    /// three may be empty.
    pub fn parse(text: &str) -> Result<Divisions, DivisionsError> {
        let mut divisions = Divisions::default();
        for (index, line) in text.lines().enumerate().skip(1) {
            if line.trim().is_empty() {
                continue;
            }
            let malformed = || DivisionsError::Malformed { line: index + 1 };
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            let [code, name, bureau, from, to] = cells[..] else {
                return Err(malformed());
            };
            let day = |cell: &str| match cell {
                "" => Ok(None),
                text => text.parse::<Date>().map(Some).map_err(|_| malformed()),
            };
            let bureau = match bureau {
                "" => None,
                text => Some(DivisionCode::parse(text).ok_or_else(malformed)?),
            };
            let code = DivisionCode::parse(code).ok_or_else(malformed)?;
            let valid = Period {
                from: day(from)?,
                to: day(to)?,
            };
            let division = Division {
                code,
                name: name.to_owned(),
                bureau,
                valid,
            };
            divisions.by_code.entry(code).or_default().push(division);
        }
        Ok(divisions)
    }

    /// The division with this code on a date.
    pub fn on(&self, code: DivisionCode, on: Date) -> Option<&Division> {
        self.by_code
            .get(&code)?
            .iter()
            .find(|d| d.valid.contains(on))
    }

    /// The name in use on a date, or the code itself.
    pub fn name(&self, code: DivisionCode, on: Date) -> String {
        self.on(code, on)
            .map_or_else(|| code.to_string(), |d| d.name.clone())
    }

    /// The bureau responsible for a place: the county its code lies in unless
    /// the table names another.
    pub fn bureau(&self, code: DivisionCode, on: Date) -> Option<DivisionCode> {
        let named = |code: DivisionCode| self.on(code, on).and_then(|d| d.bureau);
        named(code)
            .or_else(|| code.township().and_then(named))
            .or_else(|| code.county())
    }

    /// Divisions directly or indirectly inside `parent` at `level` on a date,
    /// in code order.
    pub fn inside(&self, parent: DivisionCode, level: Level, on: Date) -> Vec<&Division> {
        let all = self.by_code.values().flatten();
        all.filter(|d| d.code.level() == level && parent.contains(&d.code) && d.valid.contains(on))
            .collect()
    }

    /// The division inside `parent` at `level` whose name is `name`, exactly or
    /// without its suffix (`湖塘` for `湖塘镇`, `丰乐社区` for `丰乐社区居委会`).
    /// `None` when absent or ambiguous.
    pub fn find(
        &self,
        parent: DivisionCode,
        level: Level,
        name: &str,
        on: Date,
    ) -> Option<DivisionCode> {
        let name = name.trim();
        if name.is_empty() {
            return None;
        }
        let inside = self.inside(parent, level, on);
        let exact: Vec<_> = inside.iter().filter(|d| d.name == name).collect();
        let matches = if exact.is_empty() {
            inside
                .iter()
                .filter(|d| stem(&d.name) == stem(name))
                .collect()
        } else {
            exact
        };
        match matches[..] {
            [one] => Some(one.code),
            _ => None,
        }
    }
}

/// A name without the words that offices add or drop.
fn stem(name: &str) -> &str {
    let mut stem = name;
    for suffix in [
        "村民委员会",
        "居民委员会",
        "村委会",
        "居委会",
        "街道办事处",
        "社区",
        "街道",
        "镇",
        "乡",
        "村",
    ] {
        if let Some(shorter) = stem.strip_suffix(suffix).filter(|s| !s.is_empty()) {
            stem = shorter;
        }
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TABLE: &str = "code,name,bureau,from,to\n320412,武进区,,,\n320412100,湖塘镇,,,\n\
        320412100201,丰乐社区居委会,,,\n320412104,横林镇,320491,2020-01-01,\n";

    #[test]
    fn names_with_and_without_suffix() {
        let table = Divisions::parse(TABLE).unwrap();
        let county = DivisionCode::parse("320412").unwrap();
        let on = date(2026, 11, 20);
        let hutang = table.find(county, Level::Township, "湖塘", on);
        assert_eq!(hutang, DivisionCode::parse("320412100"));
        assert_eq!(
            table
                .find(hutang.unwrap(), Level::Village, "丰乐社区", on)
                .unwrap()
                .as_str(),
            "320412100201"
        );
        assert_eq!(table.find(county, Level::Township, "无此镇", on), None);
    }

    #[test]
    fn responsible_bureau_may_be_another() {
        let table = Divisions::parse(TABLE).unwrap();
        let on = date(2026, 11, 20);
        let bureau = |code: &str| {
            table
                .bureau(DivisionCode::parse(code).unwrap(), on)
                .unwrap()
                .to_string()
        };
        assert_eq!(bureau("320412104"), "320491");
        assert_eq!(bureau("320412100201"), "320412");
    }

    proptest! {
        #[test]
        fn containment_is_a_partial_order(a in "[0-9]{6}", b in "[0-9]{3}", c in "[0-9]{3}") {
            let county = DivisionCode::parse(&a).unwrap();
            let town = DivisionCode::parse(&format!("{a}{b}")).unwrap();
            let village = DivisionCode::parse(&format!("{a}{b}{c}")).unwrap();
            prop_assert!(county.contains(&county) && county.contains(&town) && town.contains(&village));
            prop_assert!(county.contains(&village) && !village.contains(&county));
        }
    }
}
