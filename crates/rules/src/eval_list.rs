//! What is asked of a list as a whole: how many, how much, the first, the newest.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use domain::household::WhyUnknown;

use crate::eval::{Frame, equal, order};
use crate::expr::{Expr, Function};
use crate::gap::{Gap, Sought};
use crate::number::Fraction;
use crate::types::Type;
use crate::val::{Element, Fact, Out, Val};

impl<'a> Frame<'a> {
    /// A function of a list that is gone through once; `None` when it is not one.
    pub(crate) fn of_walk(
        &self,
        function: Function,
        ty: &Type,
        (list, rest): (&'a Expr, &'a [Expr]),
        locals: &mut Vec<Out<'a>>,
    ) -> Option<Out<'a>> {
        if !matches!(list.ty, Type::List(_)) {
            return None;
        }
        Some(match (function, rest) {
            (Function::Size, []) => self.size(list, locals),
            (Function::Sum, []) => self.sum(list, ty, locals),
            (Function::Min, []) => self.extreme(list, Ordering::Less, locals),
            (Function::Max, []) => self.extreme(list, Ordering::Greater, locals),
            (Function::Newest, []) => self.newest(list, locals),
            (Function::Sources, []) => self.sources(list, locals),
            (Function::Confirmed, [needed]) => self.confirmed(list, needed, locals),
            _ => return None,
        })
    }

    /// Goes through a list whose elements must all be known, and known to be all.
    fn whole(
        &self,
        list: &'a Expr,
        locals: &mut Vec<Out<'a>>,
        mut known: impl FnMut(Val<'a>),
    ) -> Result<(), Gap> {
        let mut gap = None;
        let open = self.walk(list, locals, &mut |element, _| {
            Gap::add_any(&mut gap, element.unsure.as_ref());
            match element.value {
                Err(unknown) => Gap::add(&mut gap, &unknown),
                Ok(value) if element.unsure.is_none() => known(value),
                Ok(_) => {}
            }
        })?;
        Gap::add_any(&mut gap, open.as_ref());
        gap.map_or(Ok(()), Err)
    }

    /// How many there are; the elements may be unknown themselves.
    fn size(&self, list: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let (mut gap, mut count) = (None, 0);
        let open = self.walk(list, locals, &mut |element, _| {
            Gap::add_any(&mut gap, element.unsure.as_ref());
            count += 1;
        })?;
        Gap::add_any(&mut gap, open.as_ref());
        gap.map_or_else(|| self.number(count), Err)
    }

    fn sum(&self, list: &'a Expr, ty: &Type, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let mut total = Some(Fraction::whole(0));
        self.whole(list, locals, |value| {
            let amount = match value {
                Val::Amount(amount) => Some(amount),
                Val::Number(n) => Some(Fraction::whole(n)),
                _ => None,
            };
            total = total.and_then(|total| total.plus(amount?));
        })?;
        let sum = total.and_then(|total| match ty {
            Type::Number(_) => total.truncated().map(Val::Number),
            _ => Some(Val::Amount(total)),
        });
        sum.ok_or_else(|| self.arithmetic())
    }

    /// Of an empty list there is none, which is unknown under `element`.
    fn extreme(&self, list: &'a Expr, wanted: Ordering, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let mut best: Option<Val<'a>> = None;
        self.whole(list, locals, |value| {
            let better = best.as_ref();
            if better.is_none_or(|best| order(&value, best) == Some(wanted)) {
                best = Some(value);
            }
        })?;
        best.ok_or_else(|| self.no_element())
    }

    /// The fact told last, by revision and then by key, so that any order of
    /// arrival gives the same one. Of an empty list there is none.
    fn newest(&self, list: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let mut newest: Option<Fact<'a>> = None;
        let at = |fact: &Fact<'a>| (fact.item.revision, fact.item.key);
        self.whole(list, locals, |value| {
            if let Val::Item(fact) = value
                && newest.is_none_or(|newest| at(&newest) <= at(&fact))
            {
                newest = Some(fact);
            }
        })?;
        newest.map(Val::Item).ok_or_else(|| self.no_element())
    }

    /// Distinct sources that tell of the elements.
    fn sources(&self, list: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let mut tellers = BTreeSet::new();
        self.whole(list, locals, |value| {
            if let Val::Item(fact) = value {
                tellers.insert(fact.item.source.as_str());
            }
        })?;
        self.number(tellers.len())
    }

    /// Told by as many sources as asked: yes. Told by fewer: not known, for
    /// one row is not yet a fact. Told by none: no.
    fn confirmed(&self, list: &'a Expr, needed: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let needed = self.eval(needed, locals);
        let mut tellers = BTreeSet::new();
        let mut first = None;
        let walked = self.walk(list, locals, &mut |element, _| {
            let Element {
                value: Ok(Val::Item(fact)),
                unsure: None,
            } = element
            else {
                return;
            };
            first = first.or(Some(fact));
            tellers.insert(fact.item.source.as_str());
        });
        let needed = match (walked, needed) {
            (Ok(_), Ok(Val::Number(n))) => usize::try_from(n).unwrap_or(usize::MAX),
            (Ok(_), Ok(_)) => return Err(self.arithmetic()),
            (Err(list), Err(needed)) => return Err(list.and(&needed)),
            (Err(gap), _) | (_, Err(gap)) => return Err(gap),
        };
        match first {
            None => Ok(Val::Bool(false)),
            Some(_) if tellers.len() >= needed => Ok(Val::Bool(true)),
            Some(Fact { item, owner }) => Err(Gap::missing(
                owner,
                Sought::MoreSources(item.body.kind()),
                WhyUnknown::NotCovered,
            )),
        }
    }

    /// An element that is unknown may be the one sought.
    pub(crate) fn contained(
        &self,
        item: &'a Expr,
        list: &'a Expr,
        locals: &mut Vec<Out<'a>>,
    ) -> Out<'a> {
        let item = self.eval(item, locals);
        let mut found = false;
        let mut gap = None;
        let walked = self.walk(list, locals, &mut |element, _| {
            Gap::add_any(&mut gap, element.unsure.as_ref());
            match (&element.value, &item) {
                (Err(unknown), _) => Gap::add(&mut gap, unknown),
                (Ok(value), Ok(item)) if element.unsure.is_none() => {
                    found |= equal(item, value) == Some(true);
                }
                _ => {}
            }
        });
        match (walked, item) {
            (Ok(_), Ok(_)) if found => Ok(Val::Bool(true)),
            (Ok(open), Ok(_)) => {
                Gap::add_any(&mut gap, open.as_ref());
                gap.map_or(Ok(Val::Bool(false)), Err)
            }
            (Err(list), Err(item)) => Err(list.and(&item)),
            (Err(gap), _) | (_, Err(gap)) => Err(gap),
        }
    }
}
