//! Identity and certificate numbers in cells.

use domain::resident_id::{ResidentId, ResidentIdError};

use super::{Cell, Setting, is_rounded, narrow, weight};
use crate::layout::Column;
use crate::note::{Code, Finding, Weight};

/// Provinces that ever issued numbers (GB/T 2260), with 81–83 for residence
/// permits of 港澳台 residents and 9 for foreigners with permanent residence.
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
    "81", "82", "83",
];

pub(super) fn read(
    column: &Column,
    text: &str,
    setting: Setting,
    found: &mut Vec<Finding>,
) -> Cell {
    let name = Some(column.name.as_str());
    let text = narrow(text);
    let id = match parse(&text, setting) {
        Ok(id) => id,
        Err(code) => {
            found.push(Finding::new(weight(column.bad), code, name));
            if code == "id.checksum" && text.ends_with("000") {
                found.push(Finding::new(Weight::Warn, "id.excel_rounding", name));
            }
            return Cell::Bad;
        }
    };
    if text.len() == 15 {
        found.push(Finding::warn("id.legacy15", name));
    }
    Cell::Id(id)
}

fn parse(text: &str, setting: Setting) -> Result<ResidentId, Code> {
    if is_rounded(text) || text.contains('.') {
        return Err(ResidentIdError::LostPrecision.code());
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'x' | b'X'))
    {
        return Err(ResidentIdError::Charset.code());
    }
    let id = ResidentId::parse(text).map_err(ResidentIdError::code)?;
    if id.birth_date() > setting.on {
        return Err(ResidentIdError::BirthDate.code());
    }
    let division = id.division();
    let known = if division.starts_with("999") {
        id.is_synthetic() && setting.synthetic
    } else {
        division.starts_with('9') || PROVINCES.contains(&&division[..2])
    };
    if known { Ok(id) } else { Err("id.region") }
}

/// A disability certificate number: the identity number, a digit for the
/// category, one for the grade, and `B1` … after a replacement.
pub(super) fn certificate(text: &str) -> Result<Cell, Code> {
    let number = narrow(text).to_ascii_uppercase();
    let (base, _) = split_suffix(&number);
    let digits = base.bytes().all(|b| b.is_ascii_digit() || b == b'X');
    if is_rounded(&number) || (base.len() == 20 && digits && base.ends_with("00")) {
        return Err("certificate.lost_precision");
    }
    match certificate_parts(&number) {
        Some(_) => Ok(Cell::Text(number)),
        None => Err("certificate.number"),
    }
}

fn split_suffix(number: &str) -> (&str, &str) {
    number.split_at(number.find('B').unwrap_or(number.len()))
}

/// Identity number, category digit and grade digit of a certificate number.
pub(crate) fn certificate_parts(number: &str) -> Option<(&str, &str, &str)> {
    let (base, suffix) = split_suffix(number);
    let suffix_fits = suffix.is_empty()
        || (suffix.len() <= 3
            && suffix.len() >= 2
            && suffix[1..].bytes().all(|b| b.is_ascii_digit()));
    let digits = base
        .bytes()
        .enumerate()
        .all(|(i, b)| b.is_ascii_digit() || (i == 17 && b == b'X'));
    let fits = base.len() == 20 && digits && suffix_fits;
    let (category, grade) = (base.get(18..19)?, base.get(19..20)?);
    let known = ("1"..="7").contains(&category) && ("1"..="4").contains(&grade);
    (fits && known).then(|| (&base[..18], category, grade))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::time::Date;

    fn code(text: &str) -> Code {
        let setting = Setting {
            on: Date::constant(2026, 11, 20),
            since: Date::constant(2026, 11, 20),
            synthetic: false,
        };
        parse(text, setting).err().unwrap_or("accepted")
    }

    #[test]
    fn numbers_and_their_refusals() {
        let long = "330102195001010006";
        let table = [
            (long, "accepted"),
            ("330102195001010007", "id.checksum"),
            ("330102195001010000", "id.checksum"),
            ("3301 02195001010006", "id.charset"),
            ("330102-19500101-0006", "id.charset"),
            ("33010219500101000\u{0425}", "id.charset"),
            ("330102195002300006", "id.birthdate"),
            ("3.30102E+17", "id.lost_precision"),
            ("33010219500101", "id.length"),
        ];
        for (text, expected) in table {
            assert_eq!(code(text), expected, "{text}");
        }
        let made = |first17: &str| {
            ResidentId::from_first_17(first17)
                .unwrap()
                .as_str()
                .to_owned()
        };
        assert_eq!(code(&made("33010220991231001")), "id.birthdate");
        assert_eq!(code(&made("99999919800101001")), "id.region");
        assert_eq!(code(&made("99900019800101001")), "id.region");
        assert_eq!(code(&made("01010119800101001")), "id.region");
        for accepted in [
            "33010319800101001",
            "81000019800101001",
            "82000019800101001",
            "83000019800101001",
            "91115619800101001",
        ] {
            assert_eq!(code(&made(accepted)), "accepted", "{accepted}");
        }
    }

    #[test]
    fn certificate_numbers_and_what_spreadsheets_do_to_them() {
        assert!(certificate("32990319820914013342").is_ok());
        assert!(certificate("3299031982091401334 2B1").is_err());
        assert!(certificate("32990319820914013342b1").is_ok());
        assert_eq!(
            certificate("32990319820914000000"),
            Err("certificate.lost_precision")
        );
        assert_eq!(
            certificate("3.29903198209E+19"),
            Err("certificate.lost_precision")
        );
        assert_eq!(
            certificate("32990319820914013392"),
            Err("certificate.number")
        );
    }
}
