//! Money in fen and exact ratios. No floating point anywhere near either.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// An amount of renminbi, exact to the fen (1 yuan = 100 fen).
///
/// There is no conversion from `f64`: a limit that is off by one fen is a
/// family wrongly refused.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(i64);

/// Why a text is not an amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most two decimals.
    #[error("`{0}` is not an amount in yuan with at most two decimals")]
    Malformed(String),
    /// Larger than any amount this system may hold.
    #[error("the amount is out of range")]
    Range,
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest magnitude accepted from outside: ten billion yuan.
    pub const MAGNITUDE_MAX: Money = Money(1_000_000_000_000);

    /// An amount given in fen.
    pub const fn from_fen(fen: i64) -> Money {
        Money(fen)
    }

    /// The amount in fen.
    pub const fn as_fen(self) -> i64 {
        self.0
    }

    /// Reads yuan text: `1234`, `1,234.5`, `-12.30`, `1340.00元`, `￥12`.
    pub fn from_yuan_text(text: &str) -> Result<Money, MoneyError> {
        let malformed = || MoneyError::Malformed(text.chars().take(24).collect());
        let trimmed = text
            .trim()
            .trim_end_matches('元')
            .trim_start_matches(['¥', '￥']);
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let digits: String = digits
            .chars()
            .filter(|c| !matches!(c, ',' | '，'))
            .collect();
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > 2 {
            return Err(malformed());
        }
        let yuan: i64 = whole.parse().map_err(|_| MoneyError::Range)?;
        let cents: i64 = format!("{fraction:0<2}").parse().map_err(|_| malformed())?;
        let fen = yuan
            .checked_mul(100)
            .and_then(|fen| fen.checked_add(cents))
            .filter(|fen| *fen <= Money::MAGNITUDE_MAX.0)
            .ok_or(MoneyError::Range)?;
        Ok(Money(if negative { -fen } else { fen }))
    }

    /// `None` on overflow, which only a corrupt record can cause.
    pub const fn checked_add(self, other: Money) -> Option<Money> {
        match self.0.checked_add(other.0) {
            Some(fen) => Some(Money(fen)),
            None => None,
        }
    }

    /// `None` on overflow.
    pub const fn checked_sub(self, other: Money) -> Option<Money> {
        match self.0.checked_sub(other.0) {
            Some(fen) => Some(Money(fen)),
            None => None,
        }
    }

    /// `None` on overflow.
    pub const fn checked_mul(self, times: i64) -> Option<Money> {
        match self.0.checked_mul(times) {
            Some(fen) => Some(Money(fen)),
            None => None,
        }
    }

    /// This amount times an exact ratio, rounded half away from zero to the fen.
    /// The one named rounding of the system.
    pub fn scaled_half_up(self, ratio: Ratio) -> Option<Money> {
        let product = i128::from(self.0) * i128::from(ratio.numerator);
        let divisor = i128::from(ratio.denominator);
        let sign = if product < 0 { -1 } else { 1 };
        let rounded = (product.abs() * 2 + divisor) / (divisor * 2) * sign;
        i64::try_from(rounded).ok().map(Money)
    }

    /// `12,345.60`-style yuan without the thousands separators being lost:
    /// `1234560` fen → `12,345.60`; whole yuan lose their decimals.
    pub fn yuan_grouped(self) -> String {
        let (sign, fen) = if self.0 < 0 {
            ("-", self.0.unsigned_abs())
        } else {
            ("", self.0.unsigned_abs())
        };
        let (yuan, cents) = (fen / 100, fen % 100);
        let digits = yuan.to_string();
        let mut grouped = String::with_capacity(digits.len() + 6);
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(c);
        }
        if cents == 0 {
            format!("{sign}{grouped}")
        } else {
            format!("{sign}{grouped}.{cents:02}")
        }
    }
}

impl fmt::Display for Money {
    /// Yuan with two decimals, no grouping: `-12.30`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

impl Sum for Money {
    /// Saturates; amounts beyond [`Money::MAGNITUDE_MAX`] never enter.
    fn sum<I: Iterator<Item = Money>>(iter: I) -> Money {
        Money(iter.fold(0i64, |total, m| total.saturating_add(m.0)))
    }
}

/// An exact ratio such as 1.5 times the allowance standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    /// `None` unless the denominator is positive.
    pub const fn new(numerator: i64, denominator: i64) -> Option<Ratio> {
        if denominator > 0 {
            Some(Ratio {
                numerator,
                denominator,
            })
        } else {
            None
        }
    }

    /// Reads `1.5`, `60%` or `3`.
    pub fn from_text(text: &str) -> Option<Ratio> {
        let text = text.trim();
        let (body, percent) = match text.strip_suffix('%') {
            Some(body) => (body, 100),
            None => (text, 1),
        };
        let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
        if fraction.len() > 6 {
            return None;
        }
        let scale = 10i64.pow(u32::try_from(fraction.len()).ok()?);
        let numerator: i64 = format!("{whole}{fraction}").parse().ok()?;
        Ratio::new(numerator, scale * percent)
    }

    /// The part above the line.
    pub const fn numerator(self) -> i64 {
        self.numerator
    }

    /// The part below the line, always positive.
    pub const fn denominator(self) -> i64 {
        self.denominator
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.numerator / self.denominator;
        let rest = (self.numerator % self.denominator) * 1_000_000 / self.denominator;
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{rest:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn yuan_text_as_offices_write_it() {
        for (text, fen) in [
            ("1,340.00元", 134_000),
            ("0", 0),
            ("-12.3", -1_230),
            ("￥5", 500),
        ] {
            assert_eq!(
                Money::from_yuan_text(text),
                Ok(Money::from_fen(fen)),
                "{text}"
            );
        }
        for bad in ["", "1.234", "3.2E+17", "一百", "1-2", "."] {
            assert!(Money::from_yuan_text(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ratio_text() {
        assert_eq!(
            Ratio::from_text("1.5").map(|r| r.to_string()).as_deref(),
            Some("1.5")
        );
        assert_eq!(
            Ratio::from_text("60%").map(|r| r.to_string()).as_deref(),
            Some("0.6")
        );
    }

    proptest! {
        #[test]
        fn display_reads_back(fen in -1_000_000_000_000i64..1_000_000_000_000) {
            let m = Money::from_fen(fen);
            prop_assert_eq!(Money::from_yuan_text(&m.to_string()), Ok(m));
            prop_assert_eq!(Money::from_yuan_text(&m.yuan_grouped()), Ok(m));
        }

        #[test]
        fn addition_is_exact(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
            let sum = Money::from_fen(a).checked_add(Money::from_fen(b));
            prop_assert_eq!(sum.map(Money::as_fen), Some(a + b));
        }
    }
}
