//! What is known of a value before any household is seen: which truth values it
//! can have, between which bounds it lies, how long a list can be.

use domain::time::Date;

use crate::expr::Operation;
use crate::types::Type;

/// A value written out in an expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Constant {
    Bool(bool),
    Number(i64),
    /// Fen; of a ratio only its sign is known, as none or some.
    Fen(i64),
    Date(Date),
    Code(&'static str),
    Text(String),
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) at: Constant,
    /// The end itself is outside.
    pub(crate) strict: bool,
}

/// Between which ends a value lies; `None` is endless on that side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
}

fn inclusive(at: Constant) -> Bound {
    Bound { at, strict: false }
}

impl Range {
    pub(crate) fn just(at: Constant) -> Range {
        Range {
            low: Some(inclusive(at.clone())),
            high: Some(inclusive(at)),
        }
    }

    fn from(low: Constant) -> Range {
        Range {
            low: Some(inclusive(low)),
            high: None,
        }
    }

    /// The only value in it.
    pub(crate) fn only(&self) -> Option<&Constant> {
        match (&self.low, &self.high) {
            (Some(low), Some(high)) if low == high && !low.strict => Some(&low.at),
            _ => None,
        }
    }

    /// Nothing lies in it.
    pub(crate) fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Some(low), Some(high)) => {
                low.at > high.at || (low.at == high.at && (low.strict || high.strict))
            }
            _ => false,
        }
    }

    pub(crate) fn holds(&self, one: &Constant) -> bool {
        !self.within(&Range::just(one.clone())).is_empty()
    }

    /// What lies in both.
    pub(crate) fn within(&self, other: &Range) -> Range {
        let low = match (&self.low, &other.low) {
            (Some(a), Some(b)) => Some(if (&a.at, a.strict) >= (&b.at, b.strict) {
                a
            } else {
                b
            }),
            (a, b) => a.as_ref().or(b.as_ref()),
        };
        let high = match (&self.high, &other.high) {
            (Some(a), Some(b)) => Some(if (&a.at, !a.strict) <= (&b.at, !b.strict) {
                a
            } else {
                b
            }),
            (a, b) => a.as_ref().or(b.as_ref()),
        };
        Range {
            low: low.cloned(),
            high: high.cloned(),
        }
    }

    /// The least range that holds both.
    fn around(&self, other: &Range) -> Range {
        let low = match (&self.low, &other.low) {
            (Some(a), Some(b)) if (&a.at, a.strict) <= (&b.at, b.strict) => Some(a.clone()),
            (Some(_), Some(b)) => Some(b.clone()),
            _ => None,
        };
        let high = match (&self.high, &other.high) {
            (Some(a), Some(b)) if (&a.at, !a.strict) >= (&b.at, !b.strict) => Some(a.clone()),
            (Some(_), Some(b)) => Some(b.clone()),
            _ => None,
        };
        Range { low, high }
    }

    /// Above a constant. Between whole numbers there is nothing.
    pub(crate) fn above(at: Constant, strict: bool) -> Range {
        let low = match (&at, strict) {
            (Constant::Number(n), true) => match n.checked_add(1) {
                Some(next) => Some(inclusive(Constant::Number(next))),
                None => Some(Bound { at, strict }),
            },
            _ => Some(Bound { at, strict }),
        };
        Range { low, high: None }
    }

    /// Below a constant.
    pub(crate) fn under(at: Constant, strict: bool) -> Range {
        let high = match (&at, strict) {
            (Constant::Number(n), true) => match n.checked_sub(1) {
                Some(next) => Some(inclusive(Constant::Number(next))),
                None => Some(Bound { at, strict }),
            },
            _ => Some(Bound { at, strict }),
        };
        Range { low: None, high }
    }

    /// Some value of the one is less than some value of the other.
    pub(crate) fn may_be_less(&self, other: &Range) -> bool {
        match (&self.low, &other.high) {
            (Some(low), Some(high)) => low.at < high.at,
            _ => true,
        }
    }

    /// Some value of the one is not less than some value of the other.
    pub(crate) fn may_reach(&self, other: &Range) -> bool {
        match (&self.high, &other.low) {
            (Some(high), Some(low)) => {
                high.at > low.at || (high.at == low.at && !high.strict && !low.strict)
            }
            _ => true,
        }
    }

    fn ends(&self) -> (Option<i64>, Option<i64>) {
        let end = |bound: &Option<Bound>| match bound.as_ref()?.at {
            Constant::Number(n) | Constant::Fen(n) => Some(n),
            _ => None,
        };
        (end(&self.low), end(&self.high))
    }
}

/// What a definite value can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Truth { yes: bool, no: bool },
    Ordered(Range),
    List { least: i64, most: Option<i64> },
    Other,
}

/// What a definite value can be, and whether it may also be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) shape: Shape,
    pub(crate) open: bool,
}

impl Value {
    /// Nothing is known of it but its type.
    pub(crate) fn any(ty: &Type) -> Value {
        let shape = match ty {
            Type::Bool => Shape::Truth {
                yes: true,
                no: true,
            },
            Type::List(_) => Shape::List {
                least: 0,
                most: None,
            },
            ty if ty.is_ordered() => Shape::Ordered(Range::default()),
            _ => Shape::Other,
        };
        Value { shape, open: true }
    }

    pub(crate) fn truth(yes: bool, no: bool, open: bool) -> Value {
        let shape = Shape::Truth { yes, no };
        Value { shape, open }
    }

    pub(crate) fn constant(constant: Constant) -> Value {
        let shape = match constant {
            Constant::Bool(value) => Shape::Truth {
                yes: value,
                no: !value,
            },
            other => Shape::Ordered(Range::just(other)),
        };
        Value { shape, open: false }
    }

    /// No number below nought.
    pub(crate) fn natural(zero: Constant) -> Value {
        Value {
            shape: Shape::Ordered(Range::from(zero)),
            open: true,
        }
    }

    pub(crate) fn list(least: i64, most: Option<i64>) -> Value {
        let shape = Shape::List { least, most };
        Value { shape, open: true }
    }

    pub(crate) fn yes(&self) -> bool {
        !matches!(self.shape, Shape::Truth { yes: false, .. })
    }

    pub(crate) fn no(&self) -> bool {
        !matches!(self.shape, Shape::Truth { no: false, .. })
    }

    pub(crate) fn range(&self) -> Range {
        match &self.shape {
            Shape::Ordered(range) => range.clone(),
            _ => Range::default(),
        }
    }

    /// Least and greatest length of a list.
    pub(crate) fn length(&self) -> (i64, Option<i64>) {
        match self.shape {
            Shape::List { least, most } => (least, most),
            _ => (0, None),
        }
    }

    /// A list whose elements may be left out has no least length.
    pub(crate) fn thinned(&self) -> Value {
        Value::list(0, self.length().1)
    }

    /// How long a list can be, as a number.
    pub(crate) fn counted(&self) -> Value {
        let (least, most) = self.length();
        let high = most.map(|most| Range::under(Constant::Number(most), false));
        let range = Range::from(Constant::Number(least)).within(&high.unwrap_or_default());
        Value {
            shape: Shape::Ordered(range),
            open: true,
        }
    }

    /// The one or the other.
    pub(crate) fn either(&self, other: &Value) -> Value {
        let open = self.open || other.open;
        let shape = match (&self.shape, &other.shape) {
            (Shape::Truth { yes, no }, Shape::Truth { yes: y, no: n }) => Shape::Truth {
                yes: *yes || *y,
                no: *no || *n,
            },
            (Shape::Ordered(a), Shape::Ordered(b)) => Shape::Ordered(a.around(b)),
            (Shape::List { least, most }, Shape::List { least: l, most: m }) => Shape::List {
                least: *least.min(l),
                most: most.zip(*m).map(|(a, b)| a.max(b)),
            },
            _ => Shape::Other,
        };
        Value { shape, open }
    }

    /// Sums, differences and products of whole numbers and of amounts. Of
    /// quotients only that what is not below nought stays so.
    pub(crate) fn computed(&self, operation: Operation, other: &Value, ty: &Type) -> Value {
        let ((a, b), (c, d)) = (self.range().ends(), other.range().ends());
        let (low, high) = match operation {
            Operation::Add => (both(a, c, i64::checked_add), both(b, d, i64::checked_add)),
            Operation::Subtract => (both(a, d, i64::checked_sub), both(b, c, i64::checked_sub)),
            Operation::Multiply if a >= Some(0) && c >= Some(0) => {
                (both(a, c, i64::checked_mul), both(b, d, i64::checked_mul))
            }
            Operation::Divide if a >= Some(0) && c >= Some(0) => (Some(0), None),
            // It has the sign of what is divided, and is no larger.
            Operation::Remainder if a >= Some(0) => (Some(0), b),
            Operation::Multiply | Operation::Divide | Operation::Remainder => (None, None),
        };
        let unit = |n| match ty {
            Type::Number(_) => Constant::Number(n),
            _ => Constant::Fen(n),
        };
        // Ratios are not written out: only their sign is known.
        let (low, high) = match ty {
            Type::Ratio => (low.map(|low| low.min(0)).filter(|low| *low == 0), None),
            _ => (low, high),
        };
        let range = Range {
            low: low.map(|low| inclusive(unit(low))),
            high: high.map(|high| inclusive(unit(high))),
        };
        Value {
            shape: Shape::Ordered(range),
            open: true,
        }
    }
}

fn both(a: Option<i64>, b: Option<i64>, with: fn(i64, i64) -> Option<i64>) -> Option<i64> {
    with(a?, b?)
}
