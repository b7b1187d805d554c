//! How expressions read the household: kinds, fields, payment rows.

use domain::dictionary::{FieldId, Kind};
use domain::household::{Completeness, FactList, Facts, Item, WhyUnknown};
use domain::ids::{PersonId, Subject};
use domain::money::Money;
use domain::time::Month;
use domain::value::Value;

use crate::eval::Frame;
use crate::eval_call::words;
use crate::gap::{Gap, Sought};
use crate::number::Fraction;
use crate::val::{Fact, Out, Val};

/// What was told of one kind of facts.
pub(crate) struct Told<'a> {
    pub(crate) items: &'a [Item],
    /// There may be more of them.
    pub(crate) open: Option<Gap>,
}

impl<'a> Frame<'a> {
    /// `subject.kind` of a kind of which there is one.
    pub(crate) fn single(&self, of: &Val<'a>, kind: Kind) -> Result<Fact<'a>, Gap> {
        let (owner, Told { items, open }) = self.told(of, kind)?;
        // A complete list without it records nothing of which a field could be read.
        let untold = || untold(owner, kind, None, WhyUnknown::NotRecorded);
        let first = items.first().map(|item| Fact { item, owner });
        first.ok_or_else(|| open.unwrap_or_else(untold))
    }

    /// Facts of a kind, and whose they are.
    pub(crate) fn told(&self, of: &Val<'a>, kind: Kind) -> Result<(Subject, Told<'a>), Gap> {
        let (owner, facts) = match of {
            Val::Person(id) => (Subject::Person(*id), self.facts_of(*id, kind)?),
            Val::Household(Some(id)) if self.household.unit != Subject::Household(*id) => {
                let other = Subject::Household(*id);
                return Err(untold(other, kind, None, WhyUnknown::NotCovered));
            }
            _ => (self.household.unit, &self.household.facts),
        };
        Ok((owner, self.listed(owner, facts, kind)))
    }

    fn facts_of(&self, id: PersonId, kind: Kind) -> Result<&'a Facts, Gap> {
        let person = self.household.person(id);
        person
            .map(|p| &p.facts)
            .ok_or_else(|| untold(Subject::Person(id), kind, None, WhyUnknown::NotCovered))
    }

    fn listed(&self, owner: Subject, facts: &'a Facts, kind: Kind) -> Told<'a> {
        let Some(FactList {
            items,
            completeness,
        }) = facts.get(&kind)
        else {
            let why = match (owner, self.household.unit) {
                (Subject::Person(_), Subject::Person(_)) if owner != self.household.unit => {
                    WhyUnknown::NotCovered
                }
                (_, Subject::Person(_))
                    if kind.def().about == domain::dictionary::About::Household =>
                {
                    WhyUnknown::NoHousehold
                }
                _ => WhyUnknown::NotCovered,
            };
            return Told {
                items: &[],
                open: Some(untold(owner, kind, None, why)),
            };
        };
        let open = match completeness {
            Completeness::Complete(note) => {
                if let Some(trace) = &self.trace {
                    trace.borrow_mut().coverage.insert(note);
                }
                None
            }
            Completeness::Closed => None,
            Completeness::Open(why) => Some(untold(owner, kind, None, *why)),
        };
        Told { items, open }
    }

    /// `households(person)`: unknown when the register is, or a row of it.
    pub(crate) fn households(&self, id: PersonId) -> Out<'a> {
        let facts = self.facts_of(id, Kind::Membership)?;
        let list = self.listed(Subject::Person(id), facts, Kind::Membership);
        let number = self.household.person(id).map_or(0, |p| p.households);
        match list.open {
            Some(gap) => Err(gap),
            None => Ok(Val::Number(i64::from(number))),
        }
    }

    /// `item.field`.
    pub(crate) fn field(&self, fact: Fact<'a>, field: FieldId) -> Out<'a> {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().rows.insert(fact.item.origin);
        }
        match fact.item.body.value(field) {
            Some(value) => Ok(recorded(value)),
            None => Err(untold(
                fact.owner,
                field.kind,
                Some(field),
                WhyUnknown::NotRecorded,
            )),
        }
    }

    /// The latest month whose payment list of an item has come and is fresh.
    pub(crate) fn covered_month(&self, item: &'static str) -> Result<Month, Gap> {
        let why = match self.household.months.by_item.get(item) {
            Some(Ok(note)) => {
                if let Some(trace) = &self.trace {
                    trace.borrow_mut().coverage.insert(note);
                }
                match note.month {
                    Some(month) => return Ok(month),
                    None => WhyUnknown::NotCovered,
                }
            }
            Some(Err(why)) => *why,
            None => WhyUnknown::NotCovered,
        };
        Err(Gap::missing(
            self.household.unit,
            Sought::Payments(item),
            why,
        ))
    }

    /// `paid_rows(x, item)`: rows of the item paid in its latest covered month,
    /// to a person or under the household's number. Without coverage the list
    /// is open, because not having seen a payment is not the same as none.
    pub(crate) fn paid_rows(
        &self,
        of: &Val<'a>,
        item: &'static str,
        visit: &mut dyn FnMut(Fact<'a>),
    ) -> Option<Gap> {
        if let Val::Household(Some(id)) = of
            && self.household.unit != Subject::Household(*id)
        {
            let other = Subject::Household(*id);
            return Some(untold(other, Kind::Grant, None, WhyUnknown::NotCovered));
        }
        let month = match self.covered_month(item) {
            Ok(month) => month,
            Err(gap) => return Some(gap),
        };
        let mut open = None;
        for person in &self.household.people {
            if matches!(of, Val::Person(id) if *id != person.id) {
                continue;
            }
            let owner = Subject::Person(person.id);
            let Some(grants) = person.facts.get(&Kind::Grant) else {
                let gap = untold(owner, Kind::Grant, None, WhyUnknown::NotCovered);
                Gap::add(&mut open, &gap);
                continue;
            };
            // Nothing else of the months is ever open here: what is paid now may
            // stand in a row that could not be read.
            if grants.completeness == Completeness::Open(WhyUnknown::Unread) {
                let gap = untold(owner, Kind::Grant, None, WhyUnknown::Unread);
                Gap::add(&mut open, &gap);
            }
            for row in &grants.items {
                let body = &row.body;
                let here = || match (of, self.household.unit) {
                    (Val::Household(_), Subject::Household(id)) => {
                        body.household("household").is_none_or(|of| of == id)
                    }
                    _ => true,
                };
                if body.code("item") == Some(item)
                    && body.month("month") == Some(month)
                    && body.code("status") == Some("paid")
                    && here()
                {
                    visit(Fact { item: row, owner });
                }
            }
        }
        open
    }

    /// The person the household is called after: its head, else its first member.
    pub(crate) fn head(&self) -> Option<PersonId> {
        let is_head = |p: &&domain::household::Person| {
            let membership = p.facts.get(&Kind::Membership);
            let first = membership.and_then(|list| list.items.first());
            first.is_some_and(|item| item.body.code("kinship") == Some("head"))
        };
        let mut members = self.household.members();
        let head = self.household.members().find(is_head);
        head.or_else(|| members.next()).map(|p| p.id)
    }
}

/// The facts of a kind, or one field of it, are missing.
pub(crate) fn untold(owner: Subject, kind: Kind, field: Option<FieldId>, why: WhyUnknown) -> Gap {
    Gap::missing(owner, field.map_or(Sought::Kind(kind), Sought::Field), why)
}

fn recorded(value: &Value) -> Val<'_> {
    match value {
        Value::Text(text) => words(text.to_string()),
        Value::Code(code) => Val::Code(code),
        Value::Money(money) => amount(*money),
        Value::Date(date) => Val::Date(*date),
        Value::Month(month) => Val::Month(*month),
        Value::Count(count) => Val::Number(*count),
        Value::Flag(flag) => Val::Bool(*flag),
        Value::Division(code) => Val::Division(*code),
        Value::Person(id) => Val::Person(*id),
        Value::Household(id) => Val::Household(Some(*id)),
    }
}

pub(crate) fn amount<'a>(money: Money) -> Val<'a> {
    Val::Amount(Fraction::whole(money.as_fen()))
}
