//! Operators of two parts, and the minus sign.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::compile::Node;
use super::error::Trouble;
use super::eval::{Evaluator, Got, Open, STEPS_MAX, Stop, lookup, overload};
use super::value::{Same, Value, same};

/// An operator that needs both its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Binary {
    /// By the parser's name.
    pub(crate) fn named(name: &str) -> Option<Binary> {
        Some(match name {
            "_+_" => Binary::Add,
            "_-_" => Binary::Subtract,
            "_*_" => Binary::Multiply,
            "_/_" => Binary::Divide,
            "_%_" => Binary::Modulo,
            "_==_" => Binary::Equal,
            "_!=_" => Binary::NotEqual,
            "_<_" => Binary::Less,
            "_<=_" => Binary::LessOrEqual,
            "_>_" => Binary::Greater,
            "_>=_" => Binary::GreaterOrEqual,
            "@in" => Binary::In,
            _ => return None,
        })
    }

    fn sign(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Modulo => "%",
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessOrEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterOrEqual => ">=",
            Binary::In => "in",
        }
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
            Binary::Equal => self.equal(&a, &b, at).map(Value::Bool),
            Binary::NotEqual => self.equal(&a, &b, at).map(|yes| Value::Bool(!yes)),
            Binary::In => self.contained(&a, &b, at),
            Binary::Less => ordered(binary, &a, &b, at, Ordering::is_lt),
            Binary::LessOrEqual => ordered(binary, &a, &b, at, Ordering::is_le),
            Binary::Greater => ordered(binary, &a, &b, at, Ordering::is_gt),
            Binary::GreaterOrEqual => ordered(binary, &a, &b, at, Ordering::is_ge),
            Binary::Add => self.add(&a, &b, at),
            _ => arithmetic(binary, &a, &b, at),
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
            _ => arithmetic(Binary::Add, a, b, at),
        }
    }
}

fn ordered(binary: Binary, a: &Value, b: &Value, at: usize, is: fn(Ordering) -> bool) -> Got {
    match a.order(b) {
        Ok(order) => Ok(Value::Bool(order.is_some_and(is))),
        Err(()) => Err(overload(binary.sign(), &[a, b], at)),
    }
}

fn arithmetic(binary: Binary, a: &Value, b: &Value, at: usize) -> Got {
    let by_zero = match (binary, b) {
        (Binary::Divide, Value::Int(0) | Value::Uint(0)) => Some(Trouble::DivisionByZero),
        (Binary::Modulo, Value::Int(0) | Value::Uint(0)) => Some(Trouble::ModulusByZero),
        _ => None,
    };
    let whole = matches!(
        (a, b),
        (Value::Int(_), Value::Int(_)) | (Value::Uint(_), Value::Uint(_))
    );
    if let Some(trouble) = by_zero.filter(|_| whole) {
        return Err(Stop::Error(trouble.at(at, "")));
    }
    let result = match (a, b) {
        (Value::Int(a), Value::Int(b)) => match binary {
            Binary::Add => a.checked_add(*b),
            Binary::Subtract => a.checked_sub(*b),
            Binary::Multiply => a.checked_mul(*b),
            Binary::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        }
        .map(Value::Int),
        (Value::Uint(a), Value::Uint(b)) => match binary {
            Binary::Add => a.checked_add(*b),
            Binary::Subtract => a.checked_sub(*b),
            Binary::Multiply => a.checked_mul(*b),
            Binary::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        }
        .map(Value::Uint),
        (Value::Double(a), Value::Double(b)) if binary != Binary::Modulo => {
            Some(Value::Double(match binary {
                Binary::Add => a + b,
                Binary::Subtract => a - b,
                Binary::Multiply => a * b,
                _ => a / b,
            }))
        }
        _ => return Err(overload(binary.sign(), &[a, b], at)),
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
