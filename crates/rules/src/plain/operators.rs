//! Operators of two parts, and the minus sign.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::Node;
use super::error::Trouble;
use super::eval::{Evaluator, Got, Open, STEPS_MAX, Stop, lookup, overload};
use super::value::{Same, Value, same};
use crate::check::{operation, relation};
use crate::expr::{Operation, Relation};

/// An operator that needs both its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Compare(Relation),
    Arithmetic(Operation),
    In,
}

impl Binary {
    /// By the parser's name.
    pub(crate) fn named(name: &str) -> Option<Binary> {
        match name {
            "@in" => Some(Binary::In),
            _ => relation(name)
                .map(Binary::Compare)
                .or_else(|| operation(name).map(Binary::Arithmetic)),
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Binary::Compare(relation) => match relation {
                Relation::Equal => "==",
                Relation::NotEqual => "!=",
                Relation::Less => "<",
                Relation::LessOrEqual => "<=",
                Relation::Greater => ">",
                Relation::GreaterOrEqual => ">=",
            },
            Binary::Arithmetic(operation) => sign(operation),
            Binary::In => "in",
        }
    }
}

fn sign(operation: Operation) -> &'static str {
    match operation {
        Operation::Add => "+",
        Operation::Subtract => "-",
        Operation::Multiply => "*",
        Operation::Divide => "/",
        Operation::Remainder => "%",
    }
}

impl Evaluator<'_> {
    pub(crate) fn binary(&mut self, binary: Binary, a: &Node, b: &Node, at: usize) -> Got {
        let mut open = Open::default();
        let a = self.value(a);
        let a = open.take(a)?;
        let b = self.value(b);
        let b = open.take(b)?;
        open.close()?;
        let (Some(a), Some(b)) = (a, b) else {
            return Err(overload(binary.sign(), &[], at));
        };
        match binary {
            Binary::Compare(relation) => self.compare(relation, &a, &b, at),
            Binary::In => self.contained(&a, &b, at),
            Binary::Arithmetic(Operation::Add) => self.add(&a, &b, at),
            Binary::Arithmetic(other) => arithmetic(other, &a, &b, at),
        }
    }

    fn compare(&mut self, relation: Relation, a: &Value, b: &Value, at: usize) -> Got {
        let is = match relation {
            Relation::Equal => return self.equal(a, b, at).map(Value::Bool),
            Relation::NotEqual => return self.equal(a, b, at).map(|yes| Value::Bool(!yes)),
            Relation::Less => Ordering::is_lt,
            Relation::LessOrEqual => Ordering::is_le,
            Relation::Greater => Ordering::is_gt,
            Relation::GreaterOrEqual => Ordering::is_ge,
        };
        match a.order(b) {
            Ok(order) => Ok(Value::Bool(order.is_some_and(is))),
            Err(()) => Err(overload(Binary::Compare(relation).sign(), &[a, b], at)),
        }
    }

    fn equal(&mut self, a: &Value, b: &Value, at: usize) -> Result<bool, Stop> {
        match self.same(a, b, at)? {
            Same::Yes => Ok(true),
            Same::No => Ok(false),
            Same::Unknown(facts) => Err(Stop::Unknown(facts)),
        }
    }

    fn same(&mut self, a: &Value, b: &Value, at: usize) -> Result<Same, Stop> {
        let mut cost = 0;
        let same = same(a, b, &mut cost, STEPS_MAX);
        self.spend(cost, at)?;
        Ok(same)
    }

    fn contained(&mut self, value: &Value, of: &Value, at: usize) -> Got {
        match of {
            Value::List(items) => {
                let mut open = BTreeSet::new();
                for item in items.iter() {
                    match self.same(value, item, at)? {
                        Same::Yes => return Ok(Value::Bool(true)),
                        Same::No => {}
                        Same::Unknown(facts) => open.extend(facts),
                    }
                }
                if open.is_empty() {
                    Ok(Value::Bool(false))
                } else {
                    Err(Stop::Unknown(open))
                }
            }
            Value::Map(map) => Ok(Value::Bool(lookup(map, value).is_some())),
            other => Err(overload("in", &[value, other], at)),
        }
    }

    /// `+`, which also joins text, bytes and lists.
    pub(crate) fn add(&mut self, a: &Value, b: &Value, at: usize) -> Got {
        match (a, b) {
            (Value::Text(a), Value::Text(b)) => {
                self.spend_text(a.len() + b.len(), at)?;
                Ok(Value::Text(format!("{a}{b}").into()))
            }
            (Value::Bytes(a), Value::Bytes(b)) => {
                self.spend_text(a.len() + b.len(), at)?;
                Ok(Value::Bytes([a.as_ref(), b.as_ref()].concat().into()))
            }
            (Value::List(a), Value::List(b)) => {
                self.spend(a.len() + b.len(), at)?;
                let items = a.iter().chain(b.iter()).cloned().collect();
                Ok(Value::List(Arc::new(items)))
            }
            _ => arithmetic(Operation::Add, a, b, at),
        }
    }
}

fn arithmetic(how: Operation, a: &Value, b: &Value, at: usize) -> Got {
    let by_zero = match (how, b) {
        (Operation::Divide, Value::Int(0) | Value::Uint(0)) => Some(Trouble::DivisionByZero),
        (Operation::Remainder, Value::Int(0) | Value::Uint(0)) => Some(Trouble::ModulusByZero),
        _ => None,
    };
    let whole = matches!(
        (a, b),
        (Value::Int(_), Value::Int(_)) | (Value::Uint(_), Value::Uint(_))
    );
    if let Some(trouble) = by_zero.filter(|_| whole) {
        return Err(Stop::Error(trouble.at(at, "")));
    }
    macro_rules! checked {
        ($a:expr, $b:expr) => {
            match how {
                Operation::Add => $a.checked_add($b),
                Operation::Subtract => $a.checked_sub($b),
                Operation::Multiply => $a.checked_mul($b),
                Operation::Divide => $a.checked_div($b),
                Operation::Remainder => $a.checked_rem($b),
            }
        };
    }
    let result = match (a, b) {
        (Value::Int(a), Value::Int(b)) => checked!(a, *b).map(Value::Int),
        (Value::Uint(a), Value::Uint(b)) => checked!(a, *b).map(Value::Uint),
        (Value::Double(a), Value::Double(b)) if how != Operation::Remainder => {
            Some(Value::Double(match how {
                Operation::Add => a + b,
                Operation::Subtract => a - b,
                Operation::Multiply => a * b,
                _ => a / b,
            }))
        }
        _ => return Err(overload(sign(how), &[a, b], at)),
    };
    result.ok_or_else(|| Stop::Error(Trouble::Overflow.at(at, "")))
}

/// The minus sign.
pub(crate) fn negate(value: &Value, at: usize) -> Got {
    match value {
        Value::Int(value) => match value.checked_neg() {
            Some(value) => Ok(Value::Int(value)),
            None => Err(Stop::Error(Trouble::Overflow.at(at, ""))),
        },
        Value::Double(value) => Ok(Value::Double(-value)),
        other => Err(overload("-", &[other], at)),
    }
}
