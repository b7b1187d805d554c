//! The row interpreter: one expression, one household, one date.
//!
//! It never fails. What it cannot know it says is unknown, with the facts that
//! would decide; an overflow or a division by zero is unknown for that policy
//! and subject under the fact `arithmetic`.

use std::cell::{Cell, OnceCell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::dictionary::Kind;
use domain::household::{Completeness, CoverageNote, Household, WhyUnknown};
use domain::ids::{PersonId, Subject};
use domain::record::Origin;
use domain::time::Date;

use crate::eval_call;
use crate::expr::{Each, Expr, Function, Name, Node, Operation, Relation};
use crate::gap::{Gap, Sought};
use crate::number::Fraction;
use crate::parameters::{Found, Parameters, Setting};
use crate::policy::PolicySet;
use crate::types::{Type, is_single};
use crate::val::{Out, Val, and, not, or};
use crate::words::Language;

/// Elements of lists that one policy goes through for one subject. The largest
/// family, of forty people with three thousand bills each, has 120,000.
pub(crate) const STEPS_MAX: usize = 1 << 22;

/// What was read while evaluating, for the explanation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace<'a> {
    pub(crate) parameters: BTreeMap<&'a str, Found<'a>>,
    pub(crate) coverage: BTreeSet<&'a CoverageNote>,
    pub(crate) rows: BTreeSet<Origin>,
}

impl Trace<'_> {
    /// What another policy read joins what the one that asks for it read.
    pub(crate) fn join(&mut self, other: Self) {
        self.parameters.extend(other.parameters);
        self.coverage.extend(other.coverage);
        self.rows.extend(other.rows);
    }
}

/// One subject of one policy on one date.
pub(crate) struct Frame<'a> {
    pub(crate) lets: &'a [Expr],
    pub(crate) set: &'a PolicySet,
    pub(crate) parameters: &'a Parameters,
    pub(crate) household: &'a Household,
    pub(crate) on: Date,
    /// The person a person policy is about.
    pub(crate) person: Option<PersonId>,
    /// The language `text()` writes in.
    pub(crate) language: Language,
    values: Vec<OnceCell<Out<'a>>>,
    /// Elements gone through.
    steps: Cell<usize>,
    /// Parameters that were looked up.
    settings: RefCell<Vec<(&'a str, Option<Found<'a>>)>>,
    pub(crate) trace: Option<RefCell<Trace<'a>>>,
    /// Verdicts of other policies on this household and date, once asked for.
    pub(crate) verdicts: Verdicts<'a>,
}

/// By position of the policy in the set, and person.
pub(crate) type Verdicts<'a> = Rc<RefCell<BTreeMap<(usize, Option<PersonId>), Weighed<'a>>>>;

/// A verdict that was read, and what it rests on where that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Weighed<'a> {
    pub(crate) met: Result<bool, Gap>,
    pub(crate) read: Option<Trace<'a>>,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(
        lets: &'a [Expr],
        set: &'a PolicySet,
        household: &'a Household,
        on: Date,
        person: Option<PersonId>,
    ) -> Frame<'a> {
        Frame {
            lets,
            set,
            parameters: set.parameters(),
            household,
            on,
            person,
            language: Language::Chinese,
            values: lets.iter().map(|_| OnceCell::new()).collect(),
            steps: Cell::new(0),
            settings: RefCell::default(),
            trace: None,
            verdicts: Verdicts::default(),
        }
    }

    /// Shares verdicts with other frames of the household and the date.
    #[must_use]
    pub(crate) fn sharing(mut self, verdicts: &Verdicts<'a>) -> Frame<'a> {
        self.verdicts = Rc::clone(verdicts);
        self
    }

    /// Remembers what is read, for the explanation.
    #[must_use]
    pub(crate) fn traced(mut self) -> Frame<'a> {
        self.trace = Some(RefCell::default());
        self
    }

    /// The same subject in English: what was computed stands, but for the names
    /// that hold words. It remembers nothing of what is read.
    pub(crate) fn english(&self, worded: &[bool]) -> Frame<'a> {
        let keep = |(value, worded): (&OnceCell<Out<'a>>, &bool)| match worded {
            true => OnceCell::new(),
            false => value.clone(),
        };
        Frame {
            language: Language::English,
            values: self.values.iter().zip(worded).map(keep).collect(),
            steps: self.steps.clone(),
            settings: self.settings.clone(),
            trace: None,
            verdicts: Rc::clone(&self.verdicts),
            ..*self
        }
    }

    /// Whom the verdict is about.
    pub(crate) fn subject(&self) -> Subject {
        self.person.map_or(self.household.unit, Subject::Person)
    }

    /// A truth value.
    pub(crate) fn truth(&self, expr: &'a Expr) -> Result<bool, Gap> {
        self.truth_with(expr, &mut Vec::new())
    }

    /// A value.
    pub(crate) fn value(&self, expr: &'a Expr) -> Out<'a> {
        self.eval(expr, &mut Vec::new())
    }

    /// An amount that cannot be computed. A contradiction in the records, or a
    /// household of nobody, is what causes it.
    pub(crate) fn arithmetic(&self) -> Gap {
        Gap::missing(self.subject(), Sought::Arithmetic, WhyUnknown::Conflict)
    }

    /// One of a list in which there is none.
    pub(crate) fn no_element(&self) -> Gap {
        Gap::missing(self.subject(), Sought::Element, WhyUnknown::NotRecorded)
    }

    /// Goes so many elements further; `Err` once that is more than a policy may.
    pub(crate) fn goes(&self, elements: usize) -> Result<(), Gap> {
        let steps = self.steps.get().saturating_add(elements);
        self.steps.set(steps);
        if steps <= STEPS_MAX {
            return Ok(());
        }
        let too_many = WhyUnknown::Conflict;
        Err(Gap::missing(self.subject(), Sought::Effort, too_many))
    }

    /// Elements gone through.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> usize {
        self.steps.get()
    }

    pub(crate) fn truth_with(
        &self,
        expr: &'a Expr,
        locals: &mut Vec<Out<'a>>,
    ) -> Result<bool, Gap> {
        match self.eval(expr, locals)? {
            Val::Bool(value) => Ok(value),
            _ => Err(self.arithmetic()),
        }
    }

    pub(crate) fn eval(&self, expr: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        match &expr.node {
            Node::Bool(value) => Ok(Val::Bool(*value)),
            Node::Int(value) => Ok(Val::Number(*value)),
            Node::Text(text) => Ok(eval_call::words(text.clone())),
            Node::Code(code) => Ok(Val::Code(code)),
            Node::Date(date) => Ok(Val::Date(*date)),
            Node::Name(name) => self.named(*name, expr, locals),
            Node::Let(slot) => self.bound(*slot).clone(),
            Node::Local(slot) => locals[*slot].clone(),
            Node::Param(key) => self.setting(key).map(Setting::as_val),
            Node::Kind(_, kind) if !is_single(*kind) => self.made(expr, locals),
            Node::Kind(of, kind) => {
                let of = self.eval(of, locals)?;
                self.single(&of, *kind).map(Val::Item)
            }
            Node::Field(of, field) => match self.eval(of, locals) {
                Ok(Val::Item(fact)) => self.field(fact, *field),
                Ok(_) => Err(self.arithmetic()),
                Err(gap) => Err(gap.narrowed(*field)),
            },
            Node::IsKnown(inner) => Ok(Val::Bool(match self.eval(inner, locals) {
                Ok(Val::List(list)) => list.whole().is_ok(),
                Ok(_) => true,
                Err(_) => false,
            })),
            Node::Not(inner) => not(self.truth_with(inner, locals)).map(Val::Bool),
            Node::And(left, right) => self.both(left, right, locals, false),
            Node::Or(left, right) => self.both(left, right, locals, true),
            Node::Compare(relation, left, right) => {
                let sides = pair(self.eval(left, locals), self.eval(right, locals))?;
                self.compared(*relation, &sides.0, &sides.1)
            }
            Node::Arithmetic(operation, left, right) => {
                let sides = pair(self.eval(left, locals), self.eval(right, locals))?;
                self.computed(*operation, &expr.ty, &sides.0, &sides.1)
            }
            Node::Choose(when, then, other) => {
                if self.truth_with(when, locals)? {
                    self.eval(then, locals)
                } else {
                    self.eval(other, locals)
                }
            }
            Node::In(item, list) => self.contained(item, list, locals),
            Node::List(_)
            | Node::Each(Each::Map | Each::Filter, ..)
            | Node::Call(Function::PaidRows | Function::Known, _) => self.made(expr, locals),
            Node::Each(how, list, body) => self.each(*how, list, body, locals).map(Val::Bool),
            Node::Call(function, args) => self.call(*function, &expr.ty, args, locals),
            Node::Verdict(of, asked) => {
                let of = self.eval(of, locals)?;
                self.verdict(&of, asked).map(Val::Bool)
            }
            Node::Matches(text, pattern) => {
                let text = self.eval(text, locals)?;
                self.matched(&text, pattern)
            }
        }
    }

    /// Short-circuits on the deciding value of either side, so that the facts
    /// read are those that matter.
    fn both(
        &self,
        left: &'a Expr,
        right: &'a Expr,
        locals: &mut Vec<Out<'a>>,
        deciding: bool,
    ) -> Out<'a> {
        let first = self.truth_with(left, locals);
        if first == Ok(deciding) {
            return Ok(Val::Bool(deciding));
        }
        let second = self.truth_with(right, locals);
        let joined = if deciding {
            or(first, second)
        } else {
            and(first, second)
        };
        joined.map(Val::Bool)
    }

    /// What a name stands for, computed when it is first asked for.
    pub(crate) fn bound(&self, slot: usize) -> &Out<'a> {
        self.values[slot].get_or_init(|| self.eval(&self.lets[slot], &mut Vec::new()))
    }

    fn named(&self, name: Name, expr: &'a Expr, locals: &mut Vec<Out<'a>>) -> Out<'a> {
        let household = self.household;
        let place = |place: Option<_>, sought| {
            let known = place.map(Val::Division);
            known.ok_or_else(|| Gap::missing(household.unit, sought, WhyUnknown::NotRecorded))
        };
        match name {
            Name::On => Ok(Val::Date(household.on)),
            Name::Household => Ok(Val::Household(match household.unit {
                Subject::Household(id) => Some(id),
                Subject::Person(_) => None,
            })),
            Name::Members | Name::People => self.made(expr, locals),
            Name::Person => self.person.map(Val::Person).ok_or_else(|| self.nobody()),
            Name::Head => self.head().map(Val::Person).ok_or_else(|| self.nobody()),
            Name::Hukou => place(household.hukou, Sought::Hukou),
            Name::Residence => place(household.residence, Sought::Residence),
        }
    }

    /// Why there may be more people in the household than are known.
    pub(crate) fn more_members(&self) -> Option<Gap> {
        let composition = self.household.facts.get(&Kind::Composition)?;
        match composition.completeness {
            Completeness::Open(
                why @ (WhyUnknown::Unread | WhyUnknown::Disputed | WhyUnknown::Conflict),
            ) => Some(Gap::missing(self.household.unit, Sought::Members, why)),
            _ => None,
        }
    }

    fn nobody(&self) -> Gap {
        let unit = self.household.unit;
        Gap::missing(unit, Sought::Members, WhyUnknown::NoHousehold)
    }

    fn found(&self, key: &'a str) -> Option<Found<'a>> {
        let mut looked_up = self.settings.borrow_mut();
        if let Some((_, found)) = looked_up.iter().find(|(known, _)| *known == key) {
            return *found;
        }
        let place = self.household.hukou.unwrap_or(self.household.county);
        let found = self.parameters.find(key, place, self.on);
        looked_up.push((key, found));
        if let (Some(trace), Some(found)) = (&self.trace, found) {
            trace.borrow_mut().parameters.insert(key, found);
        }
        found
    }

    /// The value of a parameter for the household's place and the date.
    pub(crate) fn setting(&self, key: &'a str) -> Result<&'a Setting, Gap> {
        let found = self.found(key);
        found.and_then(|found| found.value).ok_or_else(|| {
            let unset = WhyUnknown::ParameterUnset;
            Gap::missing(self.household.unit, Sought::Param(key.into()), unset)
        })
    }

    fn compared(&self, relation: Relation, left: &Val<'a>, right: &Val<'a>) -> Out<'a> {
        let holds = match relation {
            Relation::Equal => equal(left, right),
            Relation::NotEqual => equal(left, right).map(|same| !same),
            _ => order(left, right).map(|order| match relation {
                Relation::Less => order == Ordering::Less,
                Relation::LessOrEqual => order != Ordering::Greater,
                Relation::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }),
        };
        holds.map(Val::Bool).ok_or_else(|| self.arithmetic())
    }

    fn computed(
        &self,
        operation: Operation,
        ty: &Type,
        left: &Val<'a>,
        right: &Val<'a>,
    ) -> Out<'a> {
        if let (Operation::Remainder, Val::Number(a), Val::Number(b)) = (operation, left, right) {
            let rest = a.checked_rem(*b).map(Val::Number);
            return rest.ok_or_else(|| self.arithmetic());
        }
        let whole = |val: &Val<'a>| match val {
            Val::Number(n) => Some(Fraction::whole(*n)),
            Val::Amount(amount) => Some(*amount),
            _ => None,
        };
        let result = match (whole(left), whole(right)) {
            (Some(a), Some(b)) => match operation {
                Operation::Add => a.plus(b),
                Operation::Subtract => a.minus(b),
                Operation::Multiply => a.times(b),
                Operation::Divide => a.over(b),
                // Of whole numbers only.
                Operation::Remainder => None,
            },
            _ => None,
        };
        let value = result.and_then(|amount| match ty {
            Type::Number(_) => amount.truncated().map(Val::Number),
            _ => Some(Val::Amount(amount)),
        });
        value.ok_or_else(|| self.arithmetic())
    }
}

/// Both values, or all that is missing for either.
pub(crate) fn pair<'a>(left: Out<'a>, right: Out<'a>) -> Result<(Val<'a>, Val<'a>), Gap> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(a), Err(b)) => Err(a.and(&b)),
        (Err(gap), _) | (_, Err(gap)) => Err(gap),
    }
}

/// Equality of two values of one type.
pub(crate) fn equal(left: &Val<'_>, right: &Val<'_>) -> Option<bool> {
    match (left, right) {
        (Val::Bool(a), Val::Bool(b)) => Some(a == b),
        (Val::Code(a), Val::Code(b)) => Some(a == b),
        (Val::Text(a), Val::Text(b)) => Some(a == b),
        (Val::Division(a), Val::Division(b)) => Some(a == b),
        (Val::Household(a), Val::Household(b)) => Some(a == b),
        (Val::Person(a), Val::Person(b)) => Some(a == b),
        (Val::Item(a), Val::Item(b)) => Some(a.item.key == b.item.key),
        _ => order(left, right).map(|order| order == Ordering::Equal),
    }
}

/// Order of two values of one ordered type.
pub(crate) fn order(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Number(a), Val::Number(b)) => Some(a.cmp(b)),
        (Val::Amount(a), Val::Amount(b)) => a.compare(*b),
        (Val::Number(a), Val::Amount(b)) => Fraction::whole(*a).compare(*b),
        (Val::Amount(a), Val::Number(b)) => a.compare(Fraction::whole(*b)),
        (Val::Date(a), Val::Date(b)) => Some(a.cmp(b)),
        (Val::Month(a), Val::Month(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
