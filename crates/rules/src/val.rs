//! Values while evaluating: known, or unknown with the facts that would decide.

use std::rc::Rc;

use domain::evaluation::Segment;
use domain::household::Item;
use domain::ids::{HouseholdId, PersonId, Subject};
use domain::record::NaturalKey;
use domain::region::DivisionCode;
use domain::time::{Date, Month};

use crate::gap::Gap;
use crate::number::Fraction;

/// A value or why there is none. `?` carries the unknown upwards.
pub(crate) type Out<'a> = Result<Val<'a>, Gap>;

/// A known value.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Bool(bool),
    Number(i64),
    /// Money in fen, or a ratio.
    Amount(Fraction),
    Date(Date),
    Month(Month),
    Code(&'static str),
    Text(Rc<Vec<Segment>>),
    Division(DivisionCode),
    /// `None` is the unit of a person alone.
    Household(Option<HouseholdId>),
    Person(PersonId),
    Item(Fact<'a>),
    List(Rc<List<'a>>),
}

/// What tells one value of a type from another, in some order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key<'v> {
    Bool(bool),
    /// In lowest terms.
    Fraction(i128, i128),
    Date(Date),
    Month(Month),
    Code(&'static str),
    Text(&'v [Segment]),
    Division(DivisionCode),
    Household(Option<HouseholdId>),
    Person(PersonId),
    Item(NaturalKey),
}

impl Val<'_> {
    /// Equal for values that are equal; `None` for a list, which is no other's equal.
    pub(crate) fn key(&self) -> Option<Key<'_>> {
        let fraction = |fraction: Fraction| {
            let (above, below) = fraction.terms();
            Key::Fraction(above, below)
        };
        Some(match self {
            Val::Bool(value) => Key::Bool(*value),
            Val::Number(n) => fraction(Fraction::whole(*n)),
            Val::Amount(amount) => fraction(*amount),
            Val::Date(date) => Key::Date(*date),
            Val::Month(month) => Key::Month(*month),
            Val::Code(code) => Key::Code(code),
            Val::Text(text) => Key::Text(text),
            Val::Division(code) => Key::Division(*code),
            Val::Household(id) => Key::Household(*id),
            Val::Person(id) => Key::Person(*id),
            Val::Item(fact) => Key::Item(fact.item.key),
            Val::List(_) => return None,
        })
    }
}

/// An item with whose it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact<'a> {
    pub(crate) item: &'a Item,
    pub(crate) owner: Subject,
}

/// A list with what is not known of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct List<'a> {
    pub(crate) elements: Vec<Element<'a>>,
    /// There may be more elements.
    pub(crate) open: Option<Gap>,
}

/// One element: its value, and why it is unsure that it belongs to the list.
#[derive(Clone, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) value: Out<'a>,
    pub(crate) unsure: Option<Gap>,
}

impl<'a> Element<'a> {
    pub(crate) fn sure(value: Val<'a>) -> Element<'a> {
        Element {
            value: Ok(value),
            unsure: None,
        }
    }

    /// What is not known about the element, in all.
    pub(crate) fn gap(&self) -> Option<Gap> {
        let mut gap = self.unsure.clone();
        if let Err(unknown) = &self.value {
            Gap::add(&mut gap, unknown);
        }
        gap
    }
}

impl<'a> List<'a> {
    pub(crate) fn closed(values: impl Iterator<Item = Val<'a>>) -> List<'a> {
        List {
            elements: values.map(Element::sure).collect(),
            open: None,
        }
    }

    /// The elements that surely belong to the list and are known.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Val<'a>> {
        let sure = self.elements.iter().filter(|e| e.unsure.is_none());
        sure.filter_map(|e| e.value.as_ref().ok())
    }

    /// Whether nothing about the list or its elements is unknown; else why.
    pub(crate) fn whole(&self) -> Result<(), Gap> {
        let mut gap = self.open.clone();
        for element in &self.elements {
            if let Some(unknown) = element.gap() {
                Gap::add(&mut gap, &unknown);
            }
        }
        gap.map_or(Ok(()), Err)
    }
}

/// Kleene conjunction: `false` decides, otherwise an unknown does.
pub(crate) fn and(left: Result<bool, Gap>, right: Result<bool, Gap>) -> Result<bool, Gap> {
    match (left, right) {
        (Ok(false), _) | (_, Ok(false)) => Ok(false),
        (Ok(true), Ok(true)) => Ok(true),
        (Err(a), Err(b)) => Err(a.and(&b)),
        (Err(gap), _) | (_, Err(gap)) => Err(gap),
    }
}

/// Kleene negation.
pub(crate) fn not(value: Result<bool, Gap>) -> Result<bool, Gap> {
    value.map(|known| !known)
}

/// Kleene disjunction: `true` decides, otherwise an unknown does.
pub(crate) fn or(left: Result<bool, Gap>, right: Result<bool, Gap>) -> Result<bool, Gap> {
    not(and(not(left), not(right)))
}

#[cfg(test)]
mod tests {
    use domain::household::WhyUnknown;

    use super::*;
    use crate::gap::Sought;
    use crate::policy::PolicySet;

    fn gap(fact: &str) -> Gap {
        let nobody = Subject::Person(PersonId::from_uuid(uuid::Uuid::nil()));
        Gap::missing(nobody, Sought::Param(fact.into()), WhyUnknown::NotCovered)
    }

    #[test]
    fn kleene_tables() {
        let unknown = || Err(gap("x"));
        let all = [Ok(false), unknown(), Ok(true)];
        let and_table = [
            [Ok(false), Ok(false), Ok(false)],
            [Ok(false), unknown(), unknown()],
            [Ok(false), unknown(), Ok(true)],
        ];
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                assert_eq!(
                    and(a.clone(), b.clone()),
                    and_table[i][j],
                    "{a:?} and {b:?}"
                );
                let or_table = not(and_table[2 - i][2 - j].clone());
                assert_eq!(or(a.clone(), b.clone()), or_table, "{a:?} or {b:?}");
            }
        }
        assert_eq!(not(unknown()), unknown());
    }

    #[test]
    fn two_unknowns_name_both_facts() {
        let Err(both) = and(Err(gap("x")), Err(gap("y"))) else {
            panic!("known");
        };
        let nothing = PolicySet::load(&[], &[]).expect("nothing is wrong with nothing");
        let told = both.told(&nothing);
        let facts: Vec<_> = told.iter().map(|m| m.fact.as_str()).collect();
        assert_eq!(facts, ["param.x", "param.y"]);
    }
}
