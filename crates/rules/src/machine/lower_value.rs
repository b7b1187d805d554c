//! Comparisons, arithmetic, choices and membership as operations of the graph.

use super::graph::{F, Fold, Id, Lane, Op, Overflow, Years};
use super::lower::{Low, Lower, Lowered, Unfit};
use crate::expr::{Operation, Relation};
use crate::types::Type;

impl Lower<'_, '_> {
    pub(crate) fn chosen(&mut self, when: Id, then: &Low, other: &Low) -> Lowered {
        Ok(match (then, other) {
            (Low::Trit(a), Low::Trit(b)) => Low::Trit(self.choose(when, *a, *b)),
            (Low::Narrow(a), Low::Narrow(b)) => Low::Narrow(self.choose(when, *a, *b)),
            (Low::Wide(a), Low::Wide(b)) => Low::Wide(self.choose(when, *a, *b)),
            (Low::Person(a), Low::Person(b)) => Low::Person(self.choose(when, *a, *b)),
            (Low::Amount(a, a_below), Low::Amount(b, b_below)) => {
                let above = self.choose(when, *a, *b);
                if a_below.is_none() && b_below.is_none() {
                    return Ok(Low::Amount(above, None));
                }
                let one = self.wide(1);
                let (a, b) = (a_below.unwrap_or(one), b_below.unwrap_or(one));
                Low::Amount(above, Some(self.choose(when, a, b)))
            }
            _ => return Err(Unfit("a choice between lists")),
        })
    }

    pub(crate) fn choose(&mut self, when: Id, then: Id, other: Id) -> Id {
        let lane = self.graph.node(then).lane;
        let [when, then, other] = self.together([when, then, other]);
        let space = self.graph.space_of(when);
        self.graph.push(Op::Choose(when, then, other), lane, space)
    }

    pub(crate) fn compare(&mut self, relation: Relation, left: Id, right: Id) -> Id {
        if let Some(id) = self.compared_age(relation, left, right) {
            return id;
        }
        let op = |a, b| Op::Compare(relation, a, b);
        self.binary(op, left, right, Lane::Trit)
    }

    /// An age against a number of years: which day somebody was born on is compared,
    /// so that nobody's age is computed.
    fn compared_age(&mut self, relation: Relation, left: Id, right: Id) -> Option<Id> {
        let age = |id: Id| match self.graph.node(id).op {
            Op::AgeOn(birth, on) => Some((birth, on)),
            _ => None,
        };
        let (years, birth, (on, n), is_older) = match (relation, age(left), age(right)) {
            // At least, or more than, so many.
            (Relation::LessOrEqual, None, Some((birth, on))) => {
                (Years::AtLeast, birth, (on, left), true)
            }
            (Relation::Less, None, Some((birth, on))) => (Years::Beyond, birth, (on, left), true),
            // Less than, or at most, so many.
            (Relation::Less, Some((birth, on)), None) => {
                (Years::AtLeast, birth, (on, right), false)
            }
            (Relation::LessOrEqual, Some((birth, on)), None) => {
                (Years::Beyond, birth, (on, right), false)
            }
            _ => return None,
        };
        let day = self.binary(|on, n| Op::BornBy(on, n, years), on, n, Lane::Narrow);
        let older = |birth, day| Op::Compare(Relation::LessOrEqual, birth, day);
        let younger = |birth, day| Op::Compare(Relation::Less, day, birth);
        Some(if is_older {
            self.binary(older, birth, day, Lane::Trit)
        } else {
            self.binary(younger, birth, day, Lane::Trit)
        })
    }

    pub(crate) fn compared(
        &mut self,
        relation: Relation,
        left: &Low,
        right: &Low,
    ) -> Result<Id, Unfit> {
        use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        match relation {
            NotEqual => {
                let same = self.compared(Equal, left, right)?;
                return Ok(self.unary(Op::Not, same, Lane::Trit));
            }
            Greater => return self.compared(Less, right, left),
            GreaterOrEqual => return self.compared(LessOrEqual, right, left),
            Equal | Less | LessOrEqual => {}
        }
        let (left, right) = match (left, right) {
            (Low::Trit(a), Low::Trit(b))
            | (Low::Narrow(a), Low::Narrow(b))
            | (Low::Wide(a), Low::Wide(b))
            | (Low::Person(a), Low::Person(b))
            | (Low::Household(a), Low::Household(b)) => (*a, *b),
            (left, right) => self.crossed(left, right)?,
        };
        Ok(self.compare(relation, left, right))
    }

    /// `a/b` and `c/d` as `a·d` and `c·b`.
    fn crossed(&mut self, left: &Low, right: &Low) -> Result<(Id, Id), Unfit> {
        let ((a, b), (c, d)) = (fraction(left)?, fraction(right)?);
        let above = d.map_or(a, |d| self.times(a, d));
        let beside = b.map_or(c, |b| self.times(c, b));
        Ok((above, beside))
    }

    pub(crate) fn times(&mut self, a: Id, b: Id) -> Id {
        let op = |a, b| Op::Multiply(a, b, Overflow::Defer);
        self.binary(op, a, b, Lane::Wide)
    }

    pub(crate) fn computed(
        &mut self,
        operation: Operation,
        ty: &Type,
        left: &Low,
        right: &Low,
    ) -> Lowered {
        if let (Type::Number(_), Low::Wide(a), Low::Wide(b)) = (ty, left, right) {
            let how = Overflow::Unknown;
            let op = |a, b| match operation {
                Operation::Add => Op::Add(a, b, how),
                Operation::Subtract => Op::Subtract(a, b, how),
                Operation::Remainder => Op::Remainder(a, b),
                Operation::Multiply | Operation::Divide => Op::Multiply(a, b, how),
            };
            if operation == Operation::Divide {
                return Err(Unfit("a whole quotient"));
            }
            return Ok(Low::Wide(self.binary(op, *a, *b, Lane::Wide)));
        }
        let ((a, b), (c, d)) = (fraction(left)?, fraction(right)?);
        let product = |lower: &mut Self| match (b, d) {
            (None, other) | (other, None) => other,
            (Some(one), Some(other)) => Some(lower.times(one, other)),
        };
        match operation {
            Operation::Add | Operation::Subtract => {
                let (above, beside) = self.crossed(left, right)?;
                let op = |a, b| {
                    if operation == Operation::Add {
                        Op::Add(a, b, Overflow::Defer)
                    } else {
                        Op::Subtract(a, b, Overflow::Defer)
                    }
                };
                let above = self.binary(op, above, beside, Lane::Wide);
                Ok(Low::Amount(above, product(self)))
            }
            Operation::Multiply => {
                let above = self.times(a, c);
                Ok(Low::Amount(above, product(self)))
            }
            Operation::Remainder => Err(Unfit("a remainder of what is no number")),
            Operation::Divide => {
                let above = d.map_or(a, |d| self.times(a, d));
                let below = b.map_or(c, |b| self.times(b, c));
                let over = self.binary(Op::Above, above, below, Lane::Wide);
                let below = self.unary(Op::Below, below, Lane::Wide);
                Ok(Low::Amount(over, Some(below)))
            }
        }
    }

    /// An element that is unknown may be the one sought.
    pub(crate) fn contained(&mut self, item: &Low, list: &Low) -> Result<Id, Unfit> {
        match list {
            Low::Codes(key) => {
                let Low::Narrow(id) = item else {
                    return Err(Unfit("what is no code among codes"));
                };
                let key = key.clone();
                Ok(self.unary(|id| Op::InParam(id, key.clone()), *id, Lane::Trit))
            }
            Low::Written(values) => {
                let mut found = self.trit(F);
                for value in values {
                    let same = self.compared(Relation::Equal, item, value)?;
                    found = self.or(found, same);
                }
                Ok(found)
            }
            Low::List(list) => {
                // The item may stand on the axis the list runs over.
                let list = &self.apart(list.clone());
                let same = self.compared(Relation::Equal, item, &list.value)?;
                let sure = self.unary(Op::Certain, list.mask, Lane::Trit);
                let same = self.unary(Op::Certain, same, Lane::Trit);
                let among = self.and(sure, same);
                let found = self.fold(Fold::Any, list, among)?;
                let known = self.known(&list.value)?;
                let holes = self.folded(Fold::Holes, list, list.mask, known)?;
                let holes = self.or(holes, list.open);
                let found = self.or(found, holes);
                let found = self.unless(found, list.lost);
                let item_known = self.known(item)?;
                let unknown = self.unary(Op::Not, item_known, Lane::Trit);
                Ok(self.unless(found, unknown))
            }
            _ => Err(Unfit("membership of what is no list")),
        }
    }
}

/// What is above and below the line.
fn fraction(value: &Low) -> Result<(Id, Option<Id>), Unfit> {
    match value {
        Low::Wide(n) => Ok((*n, None)),
        Low::Amount(above, below) => Ok((*above, *below)),
        _ => Err(Unfit("arithmetic of what is no amount")),
    }
}
