//! Resident identity numbers (GB 11643, check digit by ISO 7064 MOD 11-2).

use std::fmt;

use jiff::civil;

use crate::time::Date;

/// A resident identity number: 18 characters, existing birth date, correct
/// check character. `Debug` shows the division code only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResidentId(Box<str>);

/// Why a text is not a resident identity number. Stable codes in
/// [`ResidentIdError::code`]; messages never repeat the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ResidentIdError {
    /// Nothing there.
    #[error("the identity number is empty")]
    Empty,
    /// A spreadsheet turned it into `3.2E+17`.
    #[error("the identity number was turned into a rounded number by a spreadsheet")]
    LostPrecision,
    /// Neither 15 nor 18 characters.
    #[error("the identity number has neither 15 nor 18 characters")]
    Length,
    /// Characters other than digits and a final X.
    #[error("the identity number has characters other than digits and a final X")]
    Charset,
    /// Birth date does not exist.
    #[error("the birth date inside the identity number does not exist")]
    BirthDate,
    /// Check character is wrong.
    #[error("the check character of the identity number is wrong")]
    Checksum,
}

impl ResidentIdError {
    /// The stable code shown to senders.
    pub const fn code(self) -> &'static str {
        match self {
            ResidentIdError::Empty => "id.missing",
            ResidentIdError::LostPrecision => "id.lost_precision",
            ResidentIdError::Length => "id.length",
            ResidentIdError::Charset => "id.charset",
            ResidentIdError::BirthDate => "id.birthdate",
            ResidentIdError::Checksum => "id.checksum",
        }
    }
}

/// Sex as encoded in the 17th digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// Odd.
    Male,
    /// Even.
    Female,
}

impl Sex {
    /// GB/T 2261.1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Sex::Male => "1",
            Sex::Female => "2",
        }
    }
}

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

fn check_character(first17: &[u8]) -> u8 {
    let sum: u32 = first17
        .iter()
        .zip(WEIGHTS)
        .map(|(d, w)| u32::from(d - b'0') * w)
        .sum();
    CHECKS[(sum % 11) as usize]
}

impl ResidentId {
    /// Reads a number as departments write it: surrounding spaces, lower-case
    /// `x`, and the 15-digit form of before 1999 (years 19xx) are understood.
    pub fn parse(text: &str) -> Result<ResidentId, ResidentIdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ResidentIdError::Empty);
        }
        if text.contains(['E', 'e', '+', '.'])
            && text.chars().next().is_some_and(|c| c.is_ascii_digit())
        {
            return Err(ResidentIdError::LostPrecision);
        }
        let mut bytes = text.as_bytes().to_vec();
        match bytes.len() {
            15 => {
                if !bytes.iter().all(u8::is_ascii_digit) {
                    return Err(ResidentIdError::Charset);
                }
                bytes.splice(6..6, *b"19");
                bytes.push(check_character(&bytes));
            }
            18 => bytes[17].make_ascii_uppercase(),
            _ => return Err(ResidentIdError::Length),
        }
        let last_valid = bytes[17].is_ascii_digit() || bytes[17] == b'X';
        if !bytes[..17].iter().all(u8::is_ascii_digit) || !last_valid {
            return Err(ResidentIdError::Charset);
        }
        if birth_date(&bytes).is_none() {
            return Err(ResidentIdError::BirthDate);
        }
        if check_character(&bytes[..17]) != bytes[17] {
            return Err(ResidentIdError::Checksum);
        }
        let text = String::from_utf8(bytes).map_err(|_| ResidentIdError::Charset)?;
        Ok(ResidentId(text.into_boxed_str()))
    }

    /// Makes a number from its 17 leading digits; used to invent people.
    pub fn from_first_17(first17: &str) -> Result<ResidentId, ResidentIdError> {
        let bytes = first17.as_bytes();
        if bytes.len() != 17 || !bytes.iter().all(u8::is_ascii_digit) {
            return Err(ResidentIdError::Charset);
        }
        ResidentId::parse(&format!("{first17}{}", char::from(check_character(bytes))))
    }

    /// The 18 characters. Callers must not log them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The birth date inside.
    pub fn birth_date(&self) -> Date {
        birth_date(self.0.as_bytes()).expect("checked when parsed")
    }

    /// The sex inside.
    pub fn sex(&self) -> Sex {
        if self.0.as_bytes()[16] % 2 == 1 {
            Sex::Male
        } else {
            Sex::Female
        }
    }

    /// The six-digit division where the number was first issued.
    pub fn division(&self) -> &str {
        &self.0[..6]
    }

    /// Whether the division lies in 999001–999999, which no place ever had:
    /// invented people live there.
    pub fn is_synthetic(&self) -> bool {
        self.0.starts_with("999") && &self.0[3..6] != "000"
    }

    /// The last four characters.
    pub fn last_four(&self) -> &str {
        &self.0[14..]
    }
}

fn birth_date(bytes: &[u8]) -> Option<Date> {
    let number = |range: std::ops::Range<usize>| -> Option<i16> {
        std::str::from_utf8(bytes.get(range)?).ok()?.parse().ok()
    };
    let (year, month, day) = (number(6..10)?, number(10..12)?, number(12..14)?);
    let plausible = (1850..=2099).contains(&year);
    let date = civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    plausible.then_some(date)
}

/// Logs may show where a number was issued, never whose it is.
impl fmt::Debug for ResidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResidentId({}…)", self.division())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn sample_of_the_standard() {
        let id = ResidentId::parse("11010519491231002X").unwrap();
        assert_eq!(id.birth_date(), date(1949, 12, 31));
        assert_eq!(id.sex(), Sex::Female);
        assert_eq!(ResidentId::parse(" 11010519491231002x ").unwrap(), id);
        assert_eq!(format!("{id:?}"), "ResidentId(110105…)");
    }

    #[test]
    fn old_and_new_form_are_one_person() {
        let new = ResidentId::parse("11010519491231002X").unwrap();
        assert_eq!(ResidentId::parse("110105491231002").unwrap(), new);
    }

    #[test]
    fn every_refusal_has_its_code() {
        let refusals = [
            "",
            "3.2E+17",
            "123",
            "3201021950O1010006",
            "99999920150229001X",
            "110105194912310021",
        ]
        .map(|text| ResidentId::parse(text).unwrap_err().code());
        assert_eq!(
            refusals,
            [
                "id.missing",
                "id.lost_precision",
                "id.length",
                "id.charset",
                "id.birthdate",
                "id.checksum"
            ]
        );
    }

    proptest! {
        #[test]
        fn one_changed_digit_is_noticed(seq in 0u32..1000, position in 0usize..17, delta in 1u8..10) {
            let id = ResidentId::from_first_17(&format!("99900119800101{seq:03}")).unwrap();
            let mut bytes = id.as_str().as_bytes().to_vec();
            bytes[position] = (bytes[position] - b'0' + delta) % 10 + b'0';
            prop_assert!(ResidentId::parse(std::str::from_utf8(&bytes).unwrap()).is_err());
        }

        #[test]
        fn any_text_is_answered_without_panic(text in ".{0,40}") {
            let _ = ResidentId::parse(&text);
        }
    }
}
