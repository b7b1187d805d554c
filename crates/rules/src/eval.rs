//! The row interpreter: one expression, one household, one date.
//!
//! It never fails. What it cannot know it says is unknown, with the facts that
//! would decide; an overflow or a division by zero is unknown for that policy
//! and subject under the fact `arithmetic`.

use std::cell::{OnceCell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::dictionary::Kind;
use domain::evaluation::ParameterUse;
use domain::household::{Completeness, CoverageNote, Household, Standing, WhyUnknown};
use domain::ids::{PersonId, Subject};
use domain::record::Origin;
use domain::time::Date;

use crate::eval_call;
use crate::expr::{Each, Expr, Name, Node, Operation, Relation};
use crate::number::Fraction;
use crate::parameters::Parameters;
use crate::policy::PolicySet;
use crate::types::Type;
use crate::val::{Element, Gap, List, Out, Val, and, not, or};
use crate::words::Language;

/// What was read while evaluating, for the explanation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) parameters: BTreeMap<String, ParameterUse>,
    pub(crate) coverage: BTreeSet<CoverageNote>,
    pub(crate) rows: BTreeSet<Origin>,
}

impl Trace {
    /// What another policy read joins what the one that asks for it read.
    pub(crate) fn join(&mut self, other: Trace) {
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
    pub(crate) trace: Option<RefCell<Trace>>,
    /// Verdicts of other policies on this household and date, once asked for.
    pub(crate) verdicts: Verdicts,
}

/// By position of the policy in the set, and person.
pub(crate) type Verdicts = Rc<RefCell<BTreeMap<(usize, Option<PersonId>), Weighed>>>;

/// A verdict that was read, and what it rests on where that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Weighed {
    pub(crate) met: Result<bool, Gap>,
    pub(crate) read: Option<Trace>,
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
            trace: None,
            verdicts: Verdicts::default(),
        }
    }

    /// Shares verdicts with other frames of the household and the date.
    #[must_use]
    pub(crate) fn sharing(mut self, verdicts: &Verdicts) -> Frame<'a> {
        self.verdicts = Rc::clone(verdicts);
        self
    }

    /// Remembers what is read, for the explanation.
    #[must_use]
    pub(crate) fn traced(mut self) -> Frame<'a> {
        self.trace = Some(RefCell::default());
        self
    }

    /// Writes texts in English.
    #[must_use]
    pub(crate) fn english(mut self) -> Frame<'a> {
        self.language = Language::English;
        self
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
        let zh = "算式无法计算（除以零或超出范围）".to_owned();
        Gap::missing(self.subject(), "arithmetic", zh, WhyUnknown::Conflict)
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
            Node::Name(name) => self.named(*name),
            Node::Let(slot) => self.bound(*slot),
            Node::Local(slot) => locals[*slot].clone(),
            Node::Param(key) => self.parameter(key),
            Node::Kind(of, kind) => {
                let of = self.eval(of, locals)?;
                self.facts(&of, *kind)
            }
            Node::Field(of, field) => match self.eval(of, locals) {
                Ok(Val::Item(fact)) => self.field(fact, *field),
                Ok(_) => Err(self.arithmetic()),
                Err(gap) => Err(Self::narrowed(&gap, *field)),
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
            Node::In(item, list) => {
                let sides = pair(self.eval(item, locals), self.eval(list, locals))?;
                self.contained(&sides.0, &sides.1)
            }
            Node::List(items) => Ok(self.written_out(items, locals)),
            Node::Each(how, list, body) => match self.eval(list, locals)? {
                Val::List(list) => self.each(*how, &list, body, locals),
                _ => Err(self.arithmetic()),
            },
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

    fn written_out(&self, items: &'a [Expr], locals: &mut Vec<Out<'a>>) -> Val<'a> {
        let elements = items.iter().map(|item| Element {
            value: self.eval(item, locals),
            unsure: None,
        });
        Val::List(Rc::new(List {
            elements: elements.collect(),
            open: None,
        }))
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

    fn bound(&self, slot: usize) -> Out<'a> {
        self.values[slot]
            .get_or_init(|| self.eval(&self.lets[slot], &mut Vec::new()))
            .clone()
    }

    fn named(&self, name: Name) -> Out<'a> {
        let household = self.household;
        let people = |all: bool| {
            let listed = household.people.iter();
            let wanted = listed.filter(|p| all || p.standing == Standing::Member);
            let mut list = List::closed(wanted.map(|p| Val::Person(p.id)));
            list.open = self.more_members();
            Val::List(Rc::new(list))
        };
        let place = |place: Option<_>, fact: &str, zh: &str| {
            let known = place.map(Val::Division);
            known.ok_or_else(|| {
                Gap::missing(household.unit, fact, zh.to_owned(), WhyUnknown::NotRecorded)
            })
        };
        match name {
            Name::On => Ok(Val::Date(household.on)),
            Name::Household => Ok(Val::Household(match household.unit {
                Subject::Household(id) => Some(id),
                Subject::Person(_) => None,
            })),
            Name::Members => Ok(people(false)),
            Name::People => Ok(people(true)),
            Name::Person => self.person.map(Val::Person).ok_or_else(|| self.nobody()),
            Name::Head => self.head().map(Val::Person).ok_or_else(|| self.nobody()),
            Name::Hukou => place(household.hukou, "hukou.place", "户籍地"),
            Name::Residence => place(household.residence, "residence.place", "居住地"),
        }
    }

    /// Why there may be more people in the household than are known.
    fn more_members(&self) -> Option<Gap> {
        let composition = self.household.facts.get(&Kind::Composition)?;
        match composition.completeness {
            Completeness::Open(
                why @ (WhyUnknown::Unread | WhyUnknown::Disputed | WhyUnknown::Conflict),
            ) => {
                let zh = "共同生活家庭成员".to_owned();
                Some(Gap::missing(self.household.unit, "membership", zh, why))
            }
            _ => None,
        }
    }

    fn nobody(&self) -> Gap {
        let zh = "共同生活家庭成员".to_owned();
        Gap::missing(
            self.household.unit,
            "membership",
            zh,
            WhyUnknown::NoHousehold,
        )
    }

    fn parameter(&self, key: &str) -> Out<'a> {
        let place = self.household.hukou.unwrap_or(self.household.county);
        let found = self.parameters.find(key, place, self.on);
        if let (Some(trace), Some(found)) = (&self.trace, &found) {
            let used = found.usage(key, self.on);
            trace.borrow_mut().parameters.insert(key.to_owned(), used);
        }
        if let Some(setting) = found.and_then(|found| found.value) {
            return Ok(setting.as_val());
        }
        let zh = self.parameters.title(key).to_owned();
        let fact = format!("param.{key}");
        Err(Gap::missing(
            self.household.unit,
            &fact,
            zh,
            WhyUnknown::ParameterUnset,
        ))
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

    /// An element that is unknown may be the one sought.
    fn contained(&self, item: &Val<'a>, list: &Val<'a>) -> Out<'a> {
        let Val::List(list) = list else {
            return Err(self.arithmetic());
        };
        if list.known().any(|known| equal(item, known) == Some(true)) {
            return Ok(Val::Bool(true));
        }
        list.whole().map(|()| Val::Bool(false))
    }

    fn each(
        &self,
        how: Each,
        list: &List<'a>,
        body: &'a Expr,
        locals: &mut Vec<Out<'a>>,
    ) -> Out<'a> {
        let mut visit = |element: &Element<'a>| {
            locals.push(element.value.clone());
            let out = self.eval(body, locals);
            locals.pop();
            out
        };
        match how {
            Each::Map => {
                let elements = list.elements.iter().map(|element| Element {
                    value: visit(element),
                    unsure: element.unsure.clone(),
                });
                Ok(Val::List(Rc::new(List {
                    elements: elements.collect(),
                    open: list.open.clone(),
                })))
            }
            Each::Filter => {
                let mut kept = Vec::new();
                for element in &list.elements {
                    let mut element = element.clone();
                    match visit(&element) {
                        Ok(Val::Bool(true)) => {}
                        Ok(_) => continue,
                        Err(gap) => Gap::add(&mut element.unsure, &gap),
                    }
                    kept.push(element);
                }
                Ok(Val::List(Rc::new(List {
                    elements: kept,
                    open: list.open.clone(),
                })))
            }
            Each::Exists => counted(list, visit, true, 0).map(Val::Bool),
            Each::All => counted(list, visit, false, 0).map(|found| Val::Bool(!found)),
            Each::ExistsOne => {
                let two = not(counted(list, &mut visit, true, 1));
                let one = counted(list, &mut visit, true, 0);
                and(two, one).map(Val::Bool)
            }
        }
    }
}

/// Whether more than `spare` elements have the sought truth value. Known
/// elements may decide; otherwise anything unknown leaves it unknown.
fn counted<'a>(
    list: &List<'a>,
    mut visit: impl FnMut(&Element<'a>) -> Out<'a>,
    sought: bool,
    spare: usize,
) -> Result<bool, Gap> {
    let mut gap = list.open.clone();
    let mut found = 0;
    for element in &list.elements {
        match (visit(element), &element.unsure) {
            (Ok(Val::Bool(value)), None) if value == sought => {
                found += 1;
                if found > spare {
                    return Ok(true);
                }
            }
            (Ok(Val::Bool(value)), Some(unsure)) if value == sought => {
                Gap::add(&mut gap, unsure);
            }
            (Ok(_), _) => {}
            (Err(unknown), unsure) => {
                Gap::add(&mut gap, &unknown);
                if let Some(unsure) = unsure {
                    Gap::add(&mut gap, unsure);
                }
            }
        }
    }
    gap.map_or(Ok(false), Err)
}

/// Both values, or all that is missing for either.
fn pair<'a>(left: Out<'a>, right: Out<'a>) -> Result<(Val<'a>, Val<'a>), Gap> {
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
