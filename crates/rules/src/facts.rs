//! How expressions read the household: kinds, fields, payment rows.

use std::rc::Rc;

use domain::dictionary::{FieldId, Kind};
use domain::evaluation::Missing;
use domain::household::{Completeness, FactList, Facts, Item, WhyUnknown};
use domain::ids::{PersonId, Subject};
use domain::money::Money;
use domain::time::Month;
use domain::value::Value;

use crate::eval::Frame;
use crate::eval_call::words;
use crate::number::Fraction;
use crate::types::is_single;
use crate::val::{Element, Fact, Gap, List, Out, Val, because};

impl<'a> Frame<'a> {
    /// `subject.kind`.
    pub(crate) fn facts(&self, of: &Val<'a>, kind: Kind) -> Out<'a> {
        let (owner, facts) = match of {
            Val::Person(id) => (Subject::Person(*id), self.facts_of(*id, kind)?),
            Val::Household(Some(id)) if self.household.unit != Subject::Household(*id) => {
                let other = Subject::Household(*id);
                return Err(untold(other, kind, None, WhyUnknown::NotCovered));
            }
            _ => (self.household.unit, &self.household.facts),
        };
        let list = self.listed(owner, facts, kind);
        if !is_single(kind) {
            return Ok(Val::List(Rc::new(list)));
        }
        match list.elements.into_iter().next() {
            Some(one) => one.value,
            // A complete list without it records nothing of which a field could be read.
            None => Err(list
                .open
                .unwrap_or_else(|| untold(owner, kind, None, WhyUnknown::NotRecorded))),
        }
    }

    fn facts_of(&self, id: PersonId, kind: Kind) -> Result<&'a Facts, Gap> {
        let person = self.household.person(id);
        person
            .map(|p| &p.facts)
            .ok_or_else(|| untold(Subject::Person(id), kind, None, WhyUnknown::NotCovered))
    }

    fn listed(&self, owner: Subject, facts: &'a Facts, kind: Kind) -> List<'a> {
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
            return List {
                elements: Vec::new(),
                open: Some(untold(owner, kind, None, why)),
            };
        };
        let open = match completeness {
            Completeness::Complete(note) => {
                if let Some(trace) = &self.trace {
                    trace.borrow_mut().coverage.insert(note.clone());
                }
                None
            }
            Completeness::Closed => None,
            Completeness::Open(why) => Some(untold(owner, kind, None, *why)),
        };
        let fact = |item: &'a Item| Element::sure(Val::Item(Fact { item, owner }));
        List {
            elements: items.iter().map(fact).collect(),
            open,
        }
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

    /// When a whole kind is missing and one field of it is asked for, that
    /// field is what is missing.
    pub(crate) fn narrowed(gap: &Gap, field: FieldId) -> Gap {
        let def = field.kind.def();
        let narrow = |mut missing: Missing| {
            if missing.fact == def.name {
                missing.fact = format!("{}.{}", def.name, field.def().name);
                missing.zh = because(title(field), missing.why);
            }
            missing
        };
        Gap(Rc::new(gap.0.iter().cloned().map(narrow).collect()))
    }

    /// The latest month whose payment list of an item has come and is fresh.
    pub(crate) fn covered_month(&self, item: &str) -> Result<Month, Gap> {
        let why = match self.household.months.by_item.get(item) {
            Some(Ok(note)) => {
                if let Some(trace) = &self.trace {
                    trace.borrow_mut().coverage.insert(note.clone());
                }
                match note.month {
                    Some(month) => return Ok(month),
                    None => WhyUnknown::NotCovered,
                }
            }
            Some(Err(why)) => *why,
            None => WhyUnknown::NotCovered,
        };
        let zh = format!(
            "{}·{}",
            Kind::Grant.def().zh,
            domain::code::GRANT_ITEM.zh(item)
        );
        let fact = format!("grant.{item}");
        Err(Gap::missing(self.household.unit, &fact, zh, why))
    }

    /// `paid_rows(x, item)`: rows of the item paid in its latest covered month,
    /// to a person or under the household's number. Without coverage the list
    /// is open, because not having seen a payment is not the same as none.
    pub(crate) fn paid_rows(&self, of: &Val<'a>, item: &'static str) -> Val<'a> {
        let open = |gap| {
            Val::List(Rc::new(List {
                elements: Vec::new(),
                open: Some(gap),
            }))
        };
        if let Val::Household(Some(id)) = of
            && self.household.unit != Subject::Household(*id)
        {
            let other = Subject::Household(*id);
            return open(untold(other, Kind::Grant, None, WhyUnknown::NotCovered));
        }
        let month = match self.covered_month(item) {
            Ok(month) => month,
            Err(gap) => return open(gap),
        };
        let mut list = List::default();
        for person in &self.household.people {
            if matches!(of, Val::Person(id) if *id != person.id) {
                continue;
            }
            let Some(grants) = person.facts.get(&Kind::Grant) else {
                let owner = Subject::Person(person.id);
                let gap = untold(owner, Kind::Grant, None, WhyUnknown::NotCovered);
                Gap::add(&mut list.open, &gap);
                continue;
            };
            // Nothing else of the months is ever open here: what is paid now may
            // stand in a row that could not be read.
            if grants.completeness == Completeness::Open(WhyUnknown::Unread) {
                let owner = Subject::Person(person.id);
                let gap = untold(owner, Kind::Grant, None, WhyUnknown::Unread);
                Gap::add(&mut list.open, &gap);
            }
            for row in &grants.items {
                let body = &row.body;
                let here = match (of, self.household.unit) {
                    (Val::Household(_), Subject::Household(id)) => {
                        body.household("household").is_none_or(|of| of == id)
                    }
                    _ => true,
                };
                let paid = body.code("status") == Some("paid");
                if here
                    && paid
                    && body.code("item") == Some(item)
                    && body.month("month") == Some(month)
                {
                    let owner = Subject::Person(person.id);
                    list.elements
                        .push(Element::sure(Val::Item(Fact { item: row, owner })));
                }
            }
        }
        Val::List(Rc::new(list))
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
    let def = kind.def();
    match field {
        Some(field) => {
            let fact = format!("{}.{}", def.name, field.def().name);
            let zh = title(field);
            Gap::missing(owner, &fact, zh, why)
        }
        None => Gap::missing(owner, def.name, def.zh.to_owned(), why),
    }
}

/// `财产核对·核对结果`; kinds that are one field are called by it once.
fn title(field: FieldId) -> String {
    let (kind, field) = (field.kind.def().zh, field.def().zh);
    if kind == field {
        kind.to_owned()
    } else {
        format!("{kind}·{field}")
    }
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
