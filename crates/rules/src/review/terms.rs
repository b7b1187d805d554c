//! Expressions as terms: equal ones are one, names of `let` are what they stand
//! for, and of each it is known what it can be.

use std::collections::BTreeMap;

use crate::expr::{Each, Expr, Function, Node, Relation};
use crate::number::FEN;
use crate::review::assume::never;
use crate::review::value::{Constant, Value};
use crate::types::Type;

/// A term among [`Terms`].
pub(crate) type TermId = usize;

/// How a term is made of others. What two terms of one form are made of alike
/// has the same value in every household.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Constant(Constant),
    Not(TermId),
    And(TermId, TermId),
    Or(TermId, TermId),
    Same(TermId, TermId),
    Less(TermId, TermId),
    Among(TermId, TermId),
    List(Vec<TermId>),
    Certain(TermId),
    Unless(TermId, TermId),
    /// A variable, by how many binders outwards it is bound.
    Variable(usize),
    /// Anything else, by name.
    Other(String, Vec<TermId>),
    /// Like no other.
    Alone(usize),
}

#[derive(Debug)]
struct Term {
    form: Form,
    value: Value,
}

/// All terms of a policy.
#[derive(Debug)]
pub(crate) struct Terms<'p> {
    lets: &'p [Expr],
    named: Vec<Option<TermId>>,
    all: Vec<Term>,
    by_form: BTreeMap<Form, TermId>,
}

impl<'p> Terms<'p> {
    pub(crate) fn of(lets: &'p [Expr]) -> Terms<'p> {
        Terms {
            lets,
            named: vec![None; lets.len()],
            all: Vec::new(),
            by_form: BTreeMap::new(),
        }
    }

    pub(crate) fn form(&self, id: TermId) -> &Form {
        &self.all[id].form
    }

    pub(crate) fn value(&self, id: TermId) -> &Value {
        &self.all[id].value
    }

    /// The constant that a term is.
    pub(crate) fn constant(&self, id: TermId) -> Option<&Constant> {
        match &self.all[id].form {
            Form::Constant(constant) => Some(constant),
            _ => None,
        }
    }

    fn intern(&mut self, form: Form, value: impl FnOnce(&Self) -> Value) -> TermId {
        if let Some(id) = self.by_form.get(&form) {
            return *id;
        }
        let value = value(self);
        let id = self.all.len();
        self.all.push(Term {
            form: form.clone(),
            value,
        });
        self.by_form.insert(form, id);
        id
    }

    fn constant_term(&mut self, constant: Constant) -> TermId {
        let value = Value::constant(constant.clone());
        self.intern(Form::Constant(constant), |_| value)
    }

    fn alone(&mut self, ty: &Type) -> TermId {
        let form = Form::Alone(self.all.len());
        self.intern(form, |_| Value::any(ty))
    }

    fn other(&mut self, name: String, parts: Vec<TermId>, value: Value) -> TermId {
        self.intern(Form::Other(name, parts), |_| value)
    }

    /// The term of an expression below so many binders.
    pub(crate) fn term(&mut self, expr: &Expr, binders: usize) -> TermId {
        let any = || Value::any(&expr.ty);
        match &expr.node {
            Node::Bool(value) => self.constant_term(Constant::Bool(*value)),
            Node::Int(n) => self.constant_term(Constant::Number(*n)),
            Node::Text(text) => self.constant_term(Constant::Text(text.clone())),
            Node::Code(code) => self.constant_term(Constant::Code(code)),
            Node::Date(date) => self.constant_term(Constant::Date(*date)),
            Node::Let(slot) => self.bound(*slot),
            Node::Local(slot) => match binders.checked_sub(slot + 1) {
                Some(outwards) => self.intern(Form::Variable(outwards), |_| any()),
                None => self.alone(&expr.ty),
            },
            Node::Name(name) => self.other(format!("{name:?}"), Vec::new(), any()),
            Node::Param(key) => self.other(format!("param.{key}"), Vec::new(), any()),
            Node::Kind(of, kind) => {
                let of = self.term(of, binders);
                self.other(format!("{kind:?}"), vec![of], any())
            }
            Node::Field(of, field) => {
                let of = self.term(of, binders);
                self.other(format!("{field:?}"), vec![of], any())
            }
            Node::IsKnown(of) => {
                let of = self.term(of, binders);
                let no = self.value(of).open;
                self.other("known?".to_owned(), vec![of], Value::truth(true, no, false))
            }
            Node::Not(of) => {
                let of = self.term(of, binders);
                self.not(of)
            }
            Node::And(left, right) => self.joined(left, right, binders, Form::And),
            Node::Or(left, right) => self.joined(left, right, binders, Form::Or),
            Node::Compare(relation, left, right) => self.compared(*relation, left, right, binders),
            Node::Arithmetic(operation, left, right) => {
                let (a, b) = (self.term(left, binders), self.term(right, binders));
                let value = self.value(a).computed(*operation, self.value(b), &expr.ty);
                self.other(format!("{operation:?}"), vec![a, b], value)
            }
            Node::Choose(when, then, other) => self.chosen(when, then, other, binders),
            Node::In(item, list) => {
                let (item, list) = (self.term(item, binders), self.term(list, binders));
                self.intern(Form::Among(item, list), |terms| terms.among(item, list))
            }
            Node::List(items) => {
                let items: Vec<TermId> = items.iter().map(|i| self.term(i, binders)).collect();
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                self.intern(Form::List(items), |_| Value::list(length, Some(length)))
            }
            Node::Each(how, list, body) => self.each(*how, list, body, binders),
            Node::Call(function, args) => self.call(*function, args, &expr.ty, binders),
            Node::Matches(text, pattern) => {
                let text = self.term(text, binders);
                self.other(format!("matches {}", pattern.as_str()), vec![text], any())
            }
            Node::Verdict(of, asked) => {
                let of = self.term(of, binders);
                self.other(format!("verdict {}", asked.policy), vec![of], any())
            }
        }
    }

    fn bound(&mut self, slot: usize) -> TermId {
        if let Some(id) = self.named[slot] {
            return id;
        }
        let lets = self.lets;
        let id = self.term(&lets[slot], 0);
        self.named[slot] = Some(id);
        id
    }

    pub(crate) fn not(&mut self, of: TermId) -> TermId {
        if let Form::Not(inner) = self.form(of) {
            return *inner;
        }
        let value = self.value(of);
        let value = Value::truth(value.no(), value.yes(), value.open);
        self.intern(Form::Not(of), |_| value)
    }

    fn joined(
        &mut self,
        left: &Expr,
        right: &Expr,
        binders: usize,
        form: fn(TermId, TermId) -> Form,
    ) -> TermId {
        let (a, b) = (self.term(left, binders), self.term(right, binders));
        self.pair(&form(a.min(b), a.max(b)))
    }

    fn pair(&mut self, form: &Form) -> TermId {
        self.intern(form.clone(), |terms| match *form {
            Form::And(a, b) => {
                let (x, y) = (terms.value(a), terms.value(b));
                let yes = x.yes() && y.yes() && !never(terms, &[(a, true), (b, true)]);
                Value::truth(yes, x.no() || y.no(), x.open || y.open)
            }
            Form::Or(a, b) => {
                let (x, y) = (terms.value(a), terms.value(b));
                let no = x.no() && y.no() && !never(terms, &[(a, false), (b, false)]);
                Value::truth(x.yes() || y.yes(), no, x.open || y.open)
            }
            _ => Value::truth(true, true, true),
        })
    }

    fn compared(
        &mut self,
        relation: Relation,
        left: &Expr,
        right: &Expr,
        binders: usize,
    ) -> TermId {
        let (a, b) = (self.term(left, binders), self.term(right, binders));
        match relation {
            Relation::Equal => self.same(a, b),
            Relation::NotEqual => {
                let same = self.same(a, b);
                self.not(same)
            }
            Relation::Less => self.less(a, b),
            Relation::Greater => self.less(b, a),
            Relation::LessOrEqual => {
                let less = self.less(b, a);
                self.not(less)
            }
            Relation::GreaterOrEqual => {
                let less = self.less(a, b);
                self.not(less)
            }
        }
    }

    fn same(&mut self, a: TermId, b: TermId) -> TermId {
        let (a, b) = (a.min(b), a.max(b));
        self.intern(Form::Same(a, b), |terms| {
            let (x, y) = (terms.value(a), terms.value(b));
            let open = x.open || y.open;
            if a == b {
                return Value::truth(true, false, open);
            }
            let constants = terms.constant(a).zip(terms.constant(b));
            let apart = constants.is_some() || x.range().within(&y.range()).is_empty();
            let truths = (x.yes() && y.yes()) || (x.no() && y.no());
            let no = x.range().only().is_none() || x.range() != y.range();
            let no = no && ((x.yes() && y.no()) || (x.no() && y.yes()));
            Value::truth(!apart && truths, no, open)
        })
    }

    fn less(&mut self, a: TermId, b: TermId) -> TermId {
        self.intern(Form::Less(a, b), |terms| {
            let (x, y) = (terms.value(a), terms.value(b));
            let open = x.open || y.open;
            if a == b {
                return Value::truth(false, true, open);
            }
            let (left, right) = (x.range(), y.range());
            Value::truth(left.may_be_less(&right), left.may_reach(&right), open)
        })
    }

    fn among(&self, item: TermId, list: TermId) -> Value {
        let open = self.value(item).open || self.value(list).open;
        let (least, most) = self.value(list).length();
        let Form::List(items) = self.form(list) else {
            return Value::truth(most != Some(0), true, open);
        };
        let of = self.constant(item);
        let told = |one: &TermId| self.constant(*one).zip(of).map(|(a, b)| a == b);
        let yes = least > 0 && !items.iter().all(|one| told(one) == Some(false));
        let no = !items
            .iter()
            .any(|one| *one == item || told(one) == Some(true));
        Value::truth(yes, no, open)
    }

    fn chosen(&mut self, when: &Expr, then: &Expr, other: &Expr, binders: usize) -> TermId {
        let parts = [when, then, other].map(|part| self.term(part, binders));
        let [asked, first, second] = parts.map(|part| self.value(part));
        let value = match (asked.yes(), asked.no()) {
            (true, false) => first.clone(),
            (false, true) => second.clone(),
            _ => first.either(second),
        };
        let open = value.open || asked.open;
        let value = Value { open, ..value };
        self.other("?:".to_owned(), parts.to_vec(), value)
    }

    fn each(&mut self, how: Each, list: &Expr, body: &Expr, binders: usize) -> TermId {
        let (of, body) = (self.term(list, binders), self.term(body, binders + 1));
        let (items, holds) = (self.value(of), self.value(body));
        let (least, most) = items.length();
        let some = most != Some(0);
        let value = match how {
            Each::Exists => Value::truth(some && holds.yes(), least == 0 || holds.no(), true),
            Each::ExistsOne => Value::truth(some && holds.yes(), true, true),
            Each::All => Value::truth(least == 0 || holds.yes(), some && holds.no(), true),
            Each::Filter if !holds.yes() => Value::list(0, Some(0)),
            Each::Filter => items.thinned(),
            Each::Map => items.clone(),
        };
        self.other(format!("{how:?}"), vec![of, body], value)
    }

    fn call(&mut self, function: Function, args: &[Expr], ty: &Type, binders: usize) -> TermId {
        let parts: Vec<TermId> = args.iter().map(|arg| self.term(arg, binders)).collect();
        if let (Function::Yuan, [of]) = (function, parts.as_slice())
            && let Some(Constant::Number(n)) = self.constant(*of)
            && let Some(fen) = n.checked_mul(FEN)
        {
            return self.constant_term(Constant::Fen(fen));
        }
        match (function, parts.as_slice()) {
            (Function::Certain, [of]) => {
                let of = *of;
                self.intern(Form::Certain(of), |terms| {
                    let inner = terms.value(of);
                    Value::truth(inner.yes(), inner.no() || inner.open, false)
                })
            }
            (Function::Unless, [when, then]) => {
                let (when, then) = (*when, *then);
                self.intern(Form::Unless(when, then), |terms| {
                    let (asked, inner) = (terms.value(when), terms.value(then));
                    // `unless(x, true)` says on purpose that it is true or open.
                    let no = inner.no() || terms.constant(then).is_some();
                    let yes =
                        asked.no() && inner.yes() && !never(terms, &[(when, false), (then, true)]);
                    Value::truth(yes, asked.no() && no, true)
                })
            }
            _ => {
                let value = self.called(function, &parts, ty);
                self.other(format!("{function:?}()"), parts, value)
            }
        }
    }

    fn called(&self, function: Function, parts: &[TermId], ty: &Type) -> Value {
        let first = parts.first().map(|part| self.value(*part));
        let zero = match ty {
            Type::Number(_) => Constant::Number(0),
            _ => Constant::Fen(0),
        };
        match (function, first) {
            (Function::Size, Some(list)) => list.counted(),
            (Function::Sources | Function::Households | Function::Abs, _) => Value::natural(zero),
            (Function::Known, Some(list)) => list.thinned(),
            (Function::Distinct, Some(list)) => {
                let (least, most) = list.length();
                Value::list(least.min(1), most)
            }
            _ => Value::any(ty),
        }
    }
}
