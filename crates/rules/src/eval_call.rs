//! The functions of the language.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::rc::Rc;

use domain::dictionary::{About, Kind};
use domain::evaluation::Segment;
use domain::household::WhyUnknown;
use domain::ids::Subject;
use domain::time::{Date, Month, add_days, add_months, age_in_years, days_between};
use domain::week::Week;

use crate::check::parts;
use crate::eval::{Frame, order};
use crate::expr::{Expr, Function, Node};
use crate::facts::untold;
use crate::gap::Gap;
use crate::number::{FEN, Fraction};
use crate::types::Type;
use crate::val::{List, Out, Val};
use crate::words::{self, Wording};

/// Calendar weeks from the one a date lies in to that of another; negative when
/// the other is earlier.
pub(crate) fn weeks_between(from: Date, to: Date) -> i64 {
    days_between(Week::of(from).first_day(), Week::of(to).first_day()) / 7
}

/// A text value.
pub(crate) fn words<'a>(text: String) -> Val<'a> {
    Val::Text(Rc::new(vec![Segment::Text(text)]))
}

impl<'a> Frame<'a> {
    pub(crate) fn call(
        &self,
        function: Function,
        ty: &Type,
        args: &'a [Expr],
        locals: &mut Vec<Out<'a>>,
    ) -> Out<'a> {
        if function == Function::Text {
            return Ok(self.text(args, locals));
        }
        if function == Function::Certain {
            let holds = self.truth_with(&args[0], locals);
            return Ok(Val::Bool(holds == Ok(true)));
        }
        if let (Function::Unless, [undecided, value]) = (function, args) {
            if self.truth_with(undecided, locals)? {
                return Err(self.undecided(undecided));
            }
            return self.eval(value, locals);
        }
        if let [list, rest @ ..] = args
            && let Some(out) = self.of_walk(function, ty, (list, rest), locals)
        {
            return out;
        }
        let mut values = Vec::with_capacity(args.len());
        let mut gap = None;
        for arg in args {
            match self.eval(arg, locals) {
                Ok(value) => values.push(value),
                Err(unknown) => Gap::add(&mut gap, &unknown),
            }
        }
        if let Some(gap) = gap {
            return Err(gap);
        }
        match values.as_slice() {
            [Val::List(list), rest @ ..] => self.of_list(function, list, rest),
            other => self.of_values(function, other),
        }
    }

    /// The record says that it is not decided yet, under the field it says it in.
    fn undecided(&self, expr: &Expr) -> Gap {
        let mut queue = vec![expr];
        while let Some(expr) = queue.pop() {
            if let Node::Field(_, field) = &expr.node {
                let owner = match field.kind.def().about {
                    About::Household => self.household.unit,
                    About::Person => self.subject(),
                };
                return untold(owner, field.kind, Some(*field), WhyUnknown::NotRecorded);
            }
            queue.extend(parts(&expr.node));
        }
        self.arithmetic()
    }

    fn of_list(&self, function: Function, list: &List<'a>, rest: &[Val<'a>]) -> Out<'a> {
        match function {
            Function::Distinct => {
                list.whole()?;
                let mut seen = BTreeSet::new();
                let mut kept = Vec::new();
                for value in list.known() {
                    if value.key().is_none_or(|key| seen.insert(key)) {
                        kept.push(value.clone());
                    }
                }
                Ok(Val::List(Rc::new(List::closed(kept.into_iter()))))
            }
            Function::At => self.at(list, rest),
            _ => Err(self.arithmetic()),
        }
    }

    /// The element of a number, counted from nought, once it is known which
    /// elements there are; the others may be unknown themselves.
    fn at(&self, list: &List<'a>, rest: &[Val<'a>]) -> Out<'a> {
        Self::counted_out(list)?;
        let place = match rest {
            [Val::Number(n)] => usize::try_from(*n).ok(),
            _ => None,
        };
        let element = place.and_then(|place| list.elements.get(place));
        element.map_or_else(|| Err(self.no_element()), |element| element.value.clone())
    }

    /// Whether it is known which elements a list has; else why not.
    fn counted_out(list: &List<'a>) -> Result<(), Gap> {
        let mut gap = list.open.clone();
        for unsure in list.elements.iter().filter_map(|e| e.unsure.as_ref()) {
            Gap::add(&mut gap, unsure);
        }
        gap.map_or(Ok(()), Err)
    }

    pub(crate) fn number(&self, n: usize) -> Out<'a> {
        i64::try_from(n)
            .map(Val::Number)
            .map_err(|_| self.arithmetic())
    }

    fn of_values(&self, function: Function, values: &[Val<'a>]) -> Out<'a> {
        match (function, values) {
            (Function::Unless, [_, value]) => Ok(value.clone()),
            (Function::Age, [Val::Person(id)]) => self.age(*id),
            (Function::Households, [Val::Person(id)]) => self.households(*id),
            (Function::LatestCoveredMonth, [Val::Code(item)]) => {
                self.covered_month(item).map(Val::Month)
            }
            (Function::Source, [Val::Item(fact)]) => {
                let name = fact.item.source.as_str();
                Ok(words(words::source(name, self.language).to_owned()))
            }
            (Function::ToldOn, [Val::Item(fact)]) => {
                Ok(Val::Date(fact.item.revision.business_date))
            }
            (Function::Abs, [Val::Number(n)]) => {
                let abs = n.checked_abs().map(Val::Number);
                abs.ok_or_else(|| self.arithmetic())
            }
            (Function::Abs, [Val::Amount(amount)]) => {
                let negative = amount.compare(Fraction::whole(0)) == Some(Ordering::Less);
                let abs = if negative {
                    amount.negated()
                } else {
                    Some(*amount)
                };
                abs.map(Val::Amount).ok_or_else(|| self.arithmetic())
            }
            (Function::Yuan, [Val::Number(n)]) => {
                let fen = n.checked_mul(FEN).map(Fraction::whole);
                fen.map(Val::Amount).ok_or_else(|| self.arithmetic())
            }
            (Function::Min | Function::Max, [a, b]) => {
                let wanted = if function == Function::Min {
                    Ordering::Less
                } else {
                    Ordering::Greater
                };
                let first = order(a, b) == Some(wanted);
                Ok(if first { a.clone() } else { b.clone() })
            }
            _ => self.of_dates(function, values),
        }
    }

    fn of_dates(&self, function: Function, values: &[Val<'a>]) -> Out<'a> {
        match (function, values) {
            (Function::AgeOn, [Val::Date(birth), Val::Date(on)]) => {
                Ok(Val::Number(age_in_years(*birth, *on)))
            }
            (Function::MonthOf, [Val::Date(date)]) => Ok(Val::Month(Month::of(*date))),
            (Function::MonthsBetween, [Val::Month(from), Val::Month(to)]) => {
                Ok(Val::Number(i64::from(to.since(*from))))
            }
            (Function::DaysBetween, [Val::Date(from), Val::Date(to)]) => {
                Ok(Val::Number(days_between(*from, *to)))
            }
            (Function::WeekOf, [Val::Date(date)]) => Ok(Val::Date(Week::of(*date).first_day())),
            (Function::WeeksBetween, [Val::Date(from), Val::Date(to)]) => {
                Ok(Val::Number(weeks_between(*from, *to)))
            }
            (Function::WithinMonths, [Val::Date(date), Val::Number(months)]) => {
                let back = self.small(*months)?;
                let begin = add_months(self.on, -back);
                Ok(Val::Bool(begin < *date && *date <= self.on))
            }
            (Function::AddMonths, [Val::Date(date), Val::Number(months)]) => {
                Ok(Val::Date(add_months(*date, self.small(*months)?)))
            }
            (Function::AddMonths, [Val::Month(month), Val::Number(months)]) => {
                Ok(Val::Month(month.plus(self.small(*months)?)))
            }
            (Function::AddDays, [Val::Date(date), Val::Number(days)]) => {
                Ok(Val::Date(add_days(*date, self.small(*days)?)))
            }
            _ => self.of_texts(function, values),
        }
    }

    /// A span of months or days that a civil date can be moved by.
    fn small(&self, n: i64) -> Result<i32, Gap> {
        // Ten thousand years and more are outside the calendar.
        let fits = i32::try_from(n).ok().filter(|n| n.abs() < 100_000);
        fits.ok_or_else(|| self.arithmetic())
    }

    fn age(&self, id: domain::ids::PersonId) -> Out<'a> {
        let fact = self.single(&Val::Person(id), Kind::Identity)?;
        let Some(field) = Kind::Identity.field("birth_date") else {
            return Err(self.arithmetic());
        };
        match self.field(fact, field)? {
            Val::Date(birth) => Ok(Val::Number(age_in_years(birth, self.on))),
            _ => Err(untold(
                Subject::Person(id),
                Kind::Identity,
                Some(field),
                WhyUnknown::NotRecorded,
            )),
        }
    }

    /// Words of all arguments, one after the other; unknown ones say so.
    fn text(&self, args: &'a [Expr], locals: &mut Vec<Out<'a>>) -> Val<'a> {
        let mut words = Wording::default();
        for arg in args {
            let value = self.eval(arg, locals);
            words.outcome(&value, &arg.ty, self.on, self.language);
        }
        Val::Text(Rc::new(words.segments()))
    }
}
