//! Functions of the language as operations of the graph.

use domain::code::GRANT_ITEM;
use domain::dictionary::Kind;

use super::graph::{
    Axis, AxisKind, Column, F, Fold, HOUSEHOLDS, Id, ItemColumn, Lane, NONE32, Op, Overflow,
    PEOPLE, T, U,
};
use super::lower::{List, Low, Lower, Lowered, Unfit};
use super::names::code_number;
use crate::expr::{Expr, Function, Node, Relation};

impl<'p> Lower<'p, '_> {
    pub(crate) fn call(&mut self, function: Function, args: &'p [Expr]) -> Lowered {
        match function {
            Function::Text
            | Function::Source
            | Function::Contains
            | Function::StartsWith
            | Function::EndsWith => return Err(Unfit("words")),
            Function::At => return Err(Unfit("an element by its number")),
            Function::PaidRows => return self.paid_rows(args),
            Function::LatestCoveredMonth => {
                return self.covered_of(args);
            }
            _ => {}
        }
        let values: Result<Vec<Low>, Unfit> = args.iter().map(|arg| self.expr(arg)).collect();
        let values = values?;
        match values.as_slice() {
            [Low::List(list), rest @ ..] => self.of_list(function, list, rest),
            other => self.of_values(function, other),
        }
    }

    /// Of an item that is only known with a row: each item's month, the row's chosen.
    fn covered_of(&mut self, args: &'p [Expr]) -> Lowered {
        if let Ok(item) = code_of(args.first()) {
            return Ok(Low::Narrow(self.covered(item)));
        }
        let [item] = args else {
            return Err(Unfit("the covered month of what"));
        };
        let Low::Narrow(item) = self.expr(item)? else {
            return Err(Unfit("the covered month of what is no code"));
        };
        let mut month = self.narrow(NONE32);
        for entry in GRANT_ITEM.entries {
            let number = code_number(entry.code);
            let (code, covered) = (self.narrow(number), self.covered(number));
            let same = self.compare(Relation::Equal, item, code);
            let same = self.unary(Op::Certain, same, Lane::Trit);
            month = self.choose(same, covered, month);
        }
        Ok(Low::Narrow(month))
    }

    fn covered(&mut self, item: i32) -> Id {
        self.of_household(Column::CoveredMonth(item), Lane::Narrow)
    }

    fn of_list(&mut self, function: Function, list: &List, rest: &[Low]) -> Lowered {
        let known = self.sure(list)?;
        match function {
            Function::Size => {
                let count = self.folded(Fold::Count, list, list.mask, list.mask)?;
                let open = self.or(list.open, list.lost);
                Ok(Low::Wide(self.unless(count, open)))
            }
            Function::Sum => self.sum(list),
            Function::Min => self.extreme(list, Fold::Least),
            Function::Max => self.extreme(list, Fold::Greatest),
            Function::Newest => self.newest(list),
            Function::Known => Ok(Low::List(List {
                mask: known,
                open: self.trit(F),
                ..list.clone()
            })),
            Function::Distinct => self.distinct(list),
            Function::Sources => {
                let bits = self.tellers(list, known)?;
                let count = self.unary(Op::Bits, bits, Lane::Wide);
                let holes = self.holes(list)?;
                Ok(Low::Wide(self.unless(count, holes)))
            }
            Function::Confirmed => {
                let [Low::Wide(needed)] = rest else {
                    return Err(Unfit("confirmed by how many"));
                };
                let bits = self.tellers(list, known)?;
                let told = self.unary(Op::Bits, bits, Lane::Wide);
                let yes = self.binary(Op::Confirmed, told, *needed, Lane::Trit);
                Ok(Low::Trit(self.unless(yes, list.lost)))
            }
            _ => Err(Unfit("a function of a list")),
        }
    }

    /// What surely belongs to the list and is known.
    fn sure(&mut self, list: &List) -> Result<Id, Unfit> {
        let belongs = self.unary(Op::Certain, list.mask, Lane::Trit);
        // An element of the axis itself is always known; what a body made of it need not be.
        if let Low::Item(_, id) = *list.value
            && matches!(self.graph.node(id).op, Op::Element(_))
        {
            return Ok(belongs);
        }
        let known = self.known(&list.value)?;
        Ok(self.and(belongs, known))
    }

    /// A sum is unknown of itself where what belongs, or a value of it, is.
    fn sum(&mut self, list: &List) -> Lowered {
        let (Low::Wide(value) | Low::Amount(value, None)) = *list.value else {
            return Err(Unfit("a sum of fractions"));
        };
        let total = self.folded(Fold::Sum, list, list.mask, value)?;
        let open = self.or(list.open, list.lost);
        let total = self.unless(total, open);
        Ok(match *list.value {
            Low::Amount(..) => Low::Amount(total, None),
            _ => Low::Wide(total),
        })
    }

    fn extreme(&mut self, list: &List, fold: Fold) -> Lowered {
        let holes = self.holes(list)?;
        let id = match &*list.value {
            Low::Narrow(id) | Low::Wide(id) | Low::Amount(id, None) => *id,
            _ => return Err(Unfit("an extreme of fractions")),
        };
        let best = self.folded(fold, list, list.mask, id)?;
        let best = self.unless(best, holes);
        Ok(match &*list.value {
            Low::Narrow(_) => Low::Narrow(best),
            Low::Wide(_) => Low::Wide(best),
            _ => Low::Amount(best, None),
        })
    }

    fn newest(&mut self, list: &List) -> Lowered {
        let Low::Item(kind, element) = *list.value else {
            return Err(Unfit("the newest of what are no items"));
        };
        let holes = self.holes(list)?;
        let rank = self.unary(
            |id| Op::Item(kind, ItemColumn::Rank, id),
            element,
            Lane::Narrow,
        );
        let [mask, rank, element] = self.together([list.mask, rank, element]);
        let space = self.graph.space_of(mask);
        let spanned = self.graph.spanned(list.axis);
        let space = self.graph.join(space, spanned);
        let [mask, rank, element] = [mask, rank, element].map(|id| self.graph.lift(id, space));
        let onto = self.graph.without(space, list.axis);
        self.closed(onto)?;
        let op = Op::Newest(list.axis, mask, rank, element);
        let newest = self.graph.push(op, Lane::Narrow, onto);
        Ok(Low::Item(kind, self.unless(newest, holes)))
    }

    fn distinct(&mut self, list: &List) -> Lowered {
        let id = match &*list.value {
            Low::Narrow(id)
            | Low::Wide(id)
            | Low::Person(id)
            | Low::Household(id)
            | Low::Amount(id, None) => *id,
            _ => return Err(Unfit("distinct fractions or items")),
        };
        let holes = self.holes(list)?;
        let [mask, value] = self.together([list.mask, id]);
        let space = self.graph.space_of(mask);
        let spanned = self.graph.spanned(list.axis);
        let space = self.graph.join(space, spanned);
        let [mask, value] = [mask, value].map(|id| self.graph.lift(id, space));
        let op = Op::Distinct(list.axis, mask, value);
        let mask = self.graph.push(op, Lane::Trit, space);
        Ok(Low::List(List {
            mask,
            open: self.trit(F),
            lost: self.or(list.lost, holes),
            ..list.clone()
        }))
    }

    /// Sources of the elements, a bit each.
    fn tellers(&mut self, list: &List, known: Id) -> Result<Id, Unfit> {
        let Low::Item(kind, element) = *list.value else {
            return Err(Unfit("sources of what are no items"));
        };
        let source = |id| Op::Item(kind, ItemColumn::Source, id);
        let source = self.unary(source, element, Lane::Narrow);
        let bit = self.unary(Op::Bit, source, Lane::Wide);
        self.folded(Fold::Bits, list, known, bit)
    }

    fn paid_rows(&mut self, args: &'p [Expr]) -> Lowered {
        let [of, item] = args else {
            return Err(Unfit("paid_rows of what"));
        };
        let (of, item) = (self.expr(of)?, code_of(Some(item))?);
        let month = self.covered(item);
        let known = self.unary(Op::Known, month, Lane::Trit);
        let unknown = self.unary(Op::Not, known, Lane::Trit);
        let uncovered = self.unknown_where(unknown);
        let mut list = match &of {
            Low::Person(lane) => {
                let mut list = self.items_of(*lane, Kind::Grant);
                list.open = self.of_person(Column::PaidOpen, *lane, Lane::Trit, F);
                // Nobody in view: nothing is paid, and that is known.
                list.lost = self.trit(F);
                list
            }
            Low::Household(id) => {
                self.this_household(*id)?;
                self.paid_under_the_household()?
            }
            _ => return Err(Unfit("paid_rows of what")),
        };
        let Low::Item(_, row) = *list.value else {
            return Err(Unfit("paid_rows of what"));
        };
        for (field, wanted) in [
            ("status", self.narrow(code_number("paid"))),
            ("item", self.narrow(item)),
            ("month", month),
        ] {
            let value = self.grant_field(row, field)?;
            let same = self.compare(Relation::Equal, value, wanted);
            let same = self.unary(Op::Certain, same, Lane::Trit);
            list.mask = self.and(list.mask, same);
        }
        list.open = self.or(list.open, uncovered);
        // Without coverage no row counts, not even one of an unknown person.
        if let Low::Person(lane) = of {
            let reference = self.unary(Op::Known, lane, Lane::Trit);
            let nobody = self.unary(Op::Not, reference, Lane::Trit);
            list.lost = self.unknown_where(nobody);
        }
        Ok(Low::List(list))
    }

    fn paid_under_the_household(&mut self) -> Result<List, Unfit> {
        let axis = self.graph.add_axis(Axis {
            kind: AxisKind::OfAll(Kind::Grant),
            base: HOUSEHOLDS,
            again: 0,
        });
        let row = self.element(axis);
        // A row that names another household is not this one's; a person alone has none to name.
        let named = self.grant_field(row, "household")?;
        let has = self.unary(Op::Known, named, Lane::Trit);
        let nameless = self.unary(Op::Not, has, Lane::Trit);
        let unit = self.of_household(Column::Unit, Lane::Narrow);
        let ours = self.compare(Relation::Equal, named, unit);
        let ours = self.unary(Op::Certain, ours, Lane::Trit);
        let alone = self.of_household(Column::Alone, Lane::Trit);
        let here = self.or(nameless, ours);
        let here = self.or(here, alone);
        let everybody = self.open_of_everybody()?;
        Ok(List {
            axis,
            mask: here,
            value: Box::new(Low::Item(Kind::Grant, row)),
            open: everybody,
            lost: self.trit(F),
        })
    }

    /// Unknown where any person's rows of payment could not be read.
    fn open_of_everybody(&mut self) -> Result<Id, Unfit> {
        let lane = self.element(PEOPLE);
        let open = self.of_person(Column::PaidOpen, lane, Lane::Trit, F);
        let people = List {
            axis: PEOPLE,
            mask: self.trit(T),
            value: Box::new(Low::Person(lane)),
            open: self.trit(F),
            lost: self.trit(F),
        };
        self.fold(Fold::Any, &people, open)
    }

    fn grant_field(&mut self, row: Id, name: &str) -> Result<Id, Unfit> {
        let field = Kind::Grant.field(name).ok_or(Unfit("a grant's field"))?;
        let op = |id| Op::Item(Kind::Grant, ItemColumn::Field(field), id);
        Ok(self.unary(op, row, super::lower::lane_of(field)))
    }

    fn of_values(&mut self, function: Function, values: &[Low]) -> Lowered {
        match (function, values) {
            (Function::Certain, [Low::Trit(a)]) => {
                Ok(Low::Trit(self.unary(Op::Certain, *a, Lane::Trit)))
            }
            (Function::Unless, [Low::Trit(undecided), Low::Trit(value)]) => {
                Ok(Low::Trit(self.unless(*value, *undecided)))
            }
            (Function::Age, [person @ Low::Person(_)]) => {
                let field = Kind::Identity
                    .field("birth_date")
                    .ok_or(Unfit("a birth date"))?;
                let Low::Person(lane) = person else {
                    return Err(Unfit("age of what"));
                };
                let birth = self.of_person(Column::Field(field), *lane, Lane::Narrow, U);
                let on = self.graph.push(Op::On, Lane::Narrow, HOUSEHOLDS);
                Ok(Low::Wide(self.binary(Op::AgeOn, birth, on, Lane::Wide)))
            }
            (Function::Households, [Low::Person(lane)]) => Ok(Low::Wide(self.of_person(
                Column::Households,
                *lane,
                Lane::Wide,
                U,
            ))),
            (Function::AgeOn, [Low::Narrow(birth), Low::Narrow(on)]) => {
                Ok(Low::Wide(self.binary(Op::AgeOn, *birth, *on, Lane::Wide)))
            }
            (Function::MonthOf, [Low::Narrow(date)]) => {
                Ok(Low::Narrow(self.unary(Op::MonthOf, *date, Lane::Narrow)))
            }
            (Function::MonthsBetween, [Low::Narrow(from), Low::Narrow(to)]) => Ok(Low::Wide(
                self.binary(Op::MonthsBetween, *from, *to, Lane::Wide),
            )),
            (Function::DaysBetween, [Low::Narrow(from), Low::Narrow(to)]) => Ok(Low::Wide(
                self.binary(Op::DaysBetween, *from, *to, Lane::Wide),
            )),
            (Function::WeekOf, [Low::Narrow(date)]) => {
                Ok(Low::Narrow(self.unary(Op::WeekOf, *date, Lane::Narrow)))
            }
            (Function::WeeksBetween, [Low::Narrow(from), Low::Narrow(to)]) => Ok(Low::Wide(
                self.binary(Op::WeeksBetween, *from, *to, Lane::Wide),
            )),
            (Function::WithinMonths, [Low::Narrow(date), Low::Wide(months)]) => {
                Ok(self.within_months(*date, *months))
            }
            (Function::AddDays, [Low::Narrow(date), Low::Wide(days)]) => Ok(Low::Narrow(
                self.binary(Op::DateByDays, *date, *days, Lane::Narrow),
            )),
            (Function::ToldOn, [Low::Item(kind, element)]) => {
                let op = |id| Op::Item(*kind, ItemColumn::ToldOn, id);
                Ok(Low::Narrow(self.unary(op, *element, Lane::Narrow)))
            }
            (Function::Yuan, [Low::Wide(n)]) => {
                // Fen in a yuan: a unit of the currency, not of law.
                let hundred = self.wide(100);
                let op = |a, b| Op::Multiply(a, b, Overflow::Unknown);
                Ok(Low::Amount(self.binary(op, *n, hundred, Lane::Wide), None))
            }
            (Function::Abs, [value]) => self.absolute(value),
            (Function::Min | Function::Max, [a, b]) => {
                let first = match function {
                    Function::Min => self.less(a, b)?,
                    _ => self.less(b, a)?,
                };
                self.either(first, a, b)
            }
            _ => Err(Unfit("a function of these")),
        }
    }

    /// `add_months` moves dates and months alike; which it is, its type says.
    pub(crate) fn moved(&mut self, is_month: bool, of: Id, months: Id) -> Low {
        let op = if is_month {
            Op::MonthsMoved
        } else {
            Op::DateByMonths
        };
        Low::Narrow(self.binary(op, of, months, Lane::Narrow))
    }

    fn within_months(&mut self, date: Id, months: Id) -> Low {
        let on = self.graph.push(Op::On, Lane::Narrow, HOUSEHOLDS);
        let nought = self.wide(0);
        let how = Overflow::Unknown;
        let back = |a, b| Op::Subtract(a, b, how);
        let back = self.binary(back, nought, months, Lane::Wide);
        let begin = self.binary(Op::DateByMonths, on, back, Lane::Narrow);
        let after = self.compare(Relation::Less, begin, date);
        let before = self.compare(Relation::LessOrEqual, date, on);
        let both = self.and(after, before);
        // Known only when date and span are.
        let known = self.unary(Op::Known, begin, Lane::Trit);
        let unknown = self.unary(Op::Not, known, Lane::Trit);
        Low::Trit(self.unless(both, unknown))
    }

    fn absolute(&mut self, value: &Low) -> Lowered {
        let nought = self.wide(0);
        let (id, below, how) = match value {
            Low::Wide(id) => (*id, None, Overflow::Unknown),
            Low::Amount(id, below) => (*id, *below, Overflow::Defer),
            _ => return Err(Unfit("abs of what")),
        };
        let negative = self.compare(Relation::Less, id, nought);
        let turned = self.binary(|a, b| Op::Subtract(a, b, how), nought, id, Lane::Wide);
        let abs = self.choose(negative, turned, id);
        Ok(match value {
            Low::Wide(_) => Low::Wide(abs),
            _ => Low::Amount(abs, below),
        })
    }

    fn less(&mut self, a: &Low, b: &Low) -> Result<Id, Unfit> {
        self.compared(Relation::Less, a, b)
    }

    fn either(&mut self, first: Id, a: &Low, b: &Low) -> Lowered {
        self.chosen(first, a, b)
    }
}

/// A code written out.
fn code_of(arg: Option<&Expr>) -> Result<i32, Unfit> {
    match arg.map(|arg| &arg.node) {
        Some(Node::Code(code)) => Ok(code_number(code)),
        _ => Err(Unfit("a code that is not written out")),
    }
}
