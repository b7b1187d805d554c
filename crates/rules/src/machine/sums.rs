//! What a policy pays a month, and by how little each of its criteria misses, as
//! operations that follow those verdicts rest on: only who asks for sums runs
//! them.

use super::graph::{Graph, Id, NONE64, SpaceId};
use super::lanes::Lanes;
use super::lower::{Low, Lower, Unfit};
use super::lower_verdict::Lowered;
use super::program::{fit, subjects};
use super::run::Run;
use crate::appraise::Margin;
use crate::document::About;
use crate::expr::{Expr, Node};
use crate::number::half_away;
use crate::policy::Policy;
use crate::types::Type;

/// Of one policy.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    /// Fen a month; `None` where none is declared, or there are no operations
    /// for it.
    pub(super) monthly: Option<Amount>,
    /// The two sides of each criterion that is a comparison of money or of whole
    /// numbers.
    pub(super) margins: Vec<Option<Sides>>,
}

/// A lane's value is above over below; below is one where it is nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    above: Id,
    below: Option<Id>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    left: Amount,
    right: Amount,
    money: bool,
}

impl Sums {
    /// Of a policy whose criteria the graph has already.
    pub(super) fn of(graph: &mut Graph, policy: &Policy, verdicts: &Lowered) -> Sums {
        let space = subjects(graph, policy);
        let of_person = policy.about == About::Person;
        let mut lower = Lower::new(graph, &policy.lets, of_person, verdicts);
        let monthly = policy.amount.as_ref();
        let monthly = monthly.and_then(|rule| amount(&mut lower, &rule.per_month, space).ok());
        let criteria = policy.criteria.iter();
        Sums {
            monthly,
            margins: criteria
                .map(|one| sides(&mut lower, &one.when, space))
                .collect(),
        }
    }

    /// Registers of what is paid.
    pub(super) fn paid(&self) -> impl Iterator<Item = Id> + '_ {
        registers(self.monthly)
    }

    /// Registers of by how little criteria miss.
    pub(super) fn missed(&self) -> impl Iterator<Item = Id> + '_ {
        let sides = self.margins.iter().flatten();
        registers(sides.flat_map(|sides| [sides.left, sides.right]))
    }
}

fn registers(amounts: impl IntoIterator<Item = Amount>) -> impl Iterator<Item = Id> {
    let amounts = amounts.into_iter();
    amounts.flat_map(|amount| [Some(amount.above), amount.below].into_iter().flatten())
}

fn sides<'p>(lower: &mut Lower<'p, '_>, when: &'p Expr, space: SpaceId) -> Option<Sides> {
    let Node::Compare(_, left, right) = &when.node else {
        return None;
    };
    let money = match left.ty {
        Type::Money => true,
        Type::Number(_) => false,
        _ => return None,
    };
    let left = amount(lower, left, space).ok()?;
    let right = amount(lower, right, space).ok()?;
    Some(Sides { left, right, money })
}

fn amount<'p>(lower: &mut Lower<'p, '_>, expr: &'p Expr, space: SpaceId) -> Result<Amount, Unfit> {
    let (above, below) = match lower.expr(expr)? {
        Low::Wide(whole) => (whole, None),
        Low::Amount(above, below) => (above, below),
        _ => return Err(Unfit("a sum of what is no amount")),
    };
    let above = fit(lower.graph, above, space)?;
    let below = below.map(|below| fit(lower.graph, below, space));
    Ok(Amount {
        above,
        below: below.transpose()?,
    })
}

/// Values of an amount by lane.
#[derive(Clone, Copy)]
pub(super) struct Values<'r> {
    above: &'r Lanes<'r, i64>,
    below: &'r Lanes<'r, i64>,
}

impl<'r> Values<'r> {
    pub(super) fn of(run: &'r Run<'_>, amount: Amount) -> Values<'r> {
        Values {
            above: run.wide(amount.above),
            below: amount.below.map_or(&Lanes::One(1), |id| run.wide(id)),
        }
    }

    /// Above and below the line; `None` where it is not known.
    fn at(self, lane: usize) -> Option<(i128, i128)> {
        let (above, below) = (self.above.at(lane), self.below.at(lane));
        let known = above != NONE64 && below > 0;
        known.then(|| (i128::from(above), i128::from(below)))
    }

    /// Rounded half away from zero.
    pub(super) fn rounded(self, lane: usize) -> Option<i64> {
        let (above, below) = self.at(lane)?;
        half_away(above, below)
    }
}

/// The two sides of a criterion by lane.
#[derive(Clone, Copy)]
pub(super) struct Distance<'r> {
    left: Values<'r>,
    right: Values<'r>,
    money: bool,
}

impl<'r> Distance<'r> {
    pub(super) fn of(run: &'r Run<'_>, sides: Sides) -> Distance<'r> {
        Distance {
            left: Values::of(run, sides.left),
            right: Values::of(run, sides.right),
            money: sides.money,
        }
    }

    /// How far apart they are, if it is known and not more than `most`.
    pub(super) fn within(self, lane: usize, most: Option<Margin>) -> Option<Margin> {
        let ((a, b), (c, d)) = (self.left.at(lane)?, self.right.at(lane)?);
        let above = a.checked_mul(d)?.checked_sub(c.checked_mul(b)?)?;
        let (above, below) = (above.checked_abs()?, b.checked_mul(d)?);
        // Money stands before every other number.
        let most = match most {
            Some(Margin::Fen(_)) if !self.money => return None,
            Some(Margin::Whole(_)) if self.money => None,
            Some(Margin::Fen(most) | Margin::Whole(most)) => Some(most),
            None => None,
        };
        if let Some(most) = most {
            // Rounded, it is more than the most when it is more by a half.
            let bound = i128::from(most).checked_add(1)?.checked_mul(below)?;
            if above >= bound {
                return None;
            }
        }
        let off = half_away(above, below)?;
        Some(if self.money {
            Margin::Fen(off)
        } else {
            Margin::Whole(off)
        })
    }
}
