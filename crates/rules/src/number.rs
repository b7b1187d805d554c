//! Exact fractions: money in fen, and ratios. Nothing is rounded before it is shown.

use std::cmp::Ordering;

/// Fen in a yuan.
pub(crate) const FEN: i64 = 100;

/// A fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fraction {
    above: i128,
    below: i128,
}

/// Whether a number is one of the language's: they reach as far below nought as
/// above it, for columns keep the one that is left over for what is unknown.
pub(crate) const fn is_whole(n: i64) -> bool {
    n != i64::MIN
}

/// A quotient rounded half away from zero; `below` is positive.
pub(crate) fn half_away(above: i128, below: i128) -> Option<i64> {
    let sign = if above < 0 { -1 } else { 1 };
    let doubled = above.checked_abs()?.checked_mul(2)?;
    let rounded = doubled.checked_add(below)? / below.checked_mul(2)?;
    i64::try_from(rounded * sign).ok()
}

fn common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a.max(1)).unwrap_or(1)
}

impl Fraction {
    /// Numerator and denominator, in lowest terms.
    pub(crate) const fn terms(self) -> (i128, i128) {
        (self.above, self.below)
    }

    pub(crate) const fn whole(n: i64) -> Fraction {
        Fraction {
            above: n as i128,
            below: 1,
        }
    }

    /// `None` when `below` is zero or the sign cannot be moved.
    pub(crate) fn new(above: i128, below: i128) -> Option<Fraction> {
        match below {
            0 => return None,
            // Most amounts are whole fen; nothing has to be divided.
            1 => return Some(Fraction { above, below }),
            _ => {}
        }
        let divisor = common_divisor(above, below);
        let (above, below) = (above / divisor, below / divisor);
        if below < 0 {
            Some(Fraction {
                above: above.checked_neg()?,
                below: below.checked_neg()?,
            })
        } else {
            Some(Fraction { above, below })
        }
    }

    pub(crate) fn plus(self, other: Fraction) -> Option<Fraction> {
        let left = self.above.checked_mul(other.below)?;
        let right = other.above.checked_mul(self.below)?;
        Fraction::new(
            left.checked_add(right)?,
            self.below.checked_mul(other.below)?,
        )
    }

    pub(crate) fn minus(self, other: Fraction) -> Option<Fraction> {
        self.plus(other.negated()?)
    }

    pub(crate) fn negated(self) -> Option<Fraction> {
        Some(Fraction {
            above: self.above.checked_neg()?,
            below: self.below,
        })
    }

    pub(crate) fn times(self, other: Fraction) -> Option<Fraction> {
        Fraction::new(
            self.above.checked_mul(other.above)?,
            self.below.checked_mul(other.below)?,
        )
    }

    pub(crate) fn over(self, other: Fraction) -> Option<Fraction> {
        Fraction::new(
            self.above.checked_mul(other.below)?,
            self.below.checked_mul(other.above)?,
        )
    }

    /// `None` when the comparison itself would overflow.
    pub(crate) fn compare(self, other: Fraction) -> Option<Ordering> {
        let left = self.above.checked_mul(other.below)?;
        let right = other.above.checked_mul(self.below)?;
        Some(left.cmp(&right))
    }

    /// Rounded half away from zero after multiplying by `scale`.
    pub(crate) fn rounded(self, scale: i128) -> Option<i64> {
        half_away(self.above.checked_mul(scale)?, self.below)
    }

    /// The whole part, towards zero.
    pub(crate) fn truncated(self) -> Option<i64> {
        let whole = i64::try_from(self.above / self.below).ok();
        whole.filter(|n| is_whole(*n))
    }

    /// What is above the line, where it fits.
    pub(crate) fn above(self) -> Option<i64> {
        i64::try_from(self.above).ok()
    }

    /// What is below the line, where it fits; positive.
    pub(crate) fn below(self) -> Option<i64> {
        i64::try_from(self.below).ok()
    }

    /// The canonical text used in fingerprints.
    pub(crate) fn canonical(self) -> String {
        if self.below == 1 {
            self.above.to_string()
        } else {
            format!("{}/{}", self.above, self.below)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dividing_and_multiplying_back_is_exact(a in -1_000_000_000i64..1_000_000_000, b in 1i64..1000) {
            let (a, b) = (Fraction::whole(a), Fraction::whole(b));
            let back = a.over(b).and_then(|q| q.times(b));
            prop_assert_eq!(back, Some(a));
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        let half = |n| Fraction::new(n, 2).unwrap().rounded(1);
        assert_eq!(half(3), Some(2));
        assert_eq!(half(-3), Some(-2));
        assert_eq!(Fraction::new(1, 0), None);
        assert_eq!(Fraction::whole(i64::MAX).rounded(i128::MAX), None);
    }
}
