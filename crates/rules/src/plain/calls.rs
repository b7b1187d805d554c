//! Functions: of text, of type, and ours over lists.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::compile::Node;
use super::error::Trouble;
use super::eval::{Evaluator, Got, Open, Stop, overload};
use super::show;
use super::value::Value;
use crate::problem::Fault;

/// Bytes of a compiled pattern and of the states it may keep.
const PATTERN_MAX: usize = 256 * 1024;
/// Steps that a pattern costs once, and each byte that it looks at.
const PATTERN_STEPS: usize = 10_000;
const MATCH_STEPS: usize = 16;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Bool,
    Dyn,
    Type,
    Sum,
    Min,
    Max,
}

/// Name, how many parts, whether `f(x)` and whether `x.f()` may be written.
const FUNCTIONS: [(&str, Function, usize, bool, bool); 16] = [
    ("size", Function::Size, 1, true, true),
    ("contains", Function::Contains, 2, false, true),
    ("startsWith", Function::StartsWith, 2, false, true),
    ("endsWith", Function::EndsWith, 2, false, true),
    ("matches", Function::Matches, 2, true, true),
    ("int", Function::Int, 1, true, false),
    ("uint", Function::Uint, 1, true, false),
    ("double", Function::Double, 1, true, false),
    ("string", Function::Text, 1, true, false),
    ("bytes", Function::Bytes, 1, true, false),
    ("bool", Function::Bool, 1, true, false),
    ("dyn", Function::Dyn, 1, true, false),
    ("type", Function::Type, 1, true, false),
    ("sum", Function::Sum, 1, true, false),
    ("min", Function::Min, 1, true, false),
    ("max", Function::Max, 1, true, false),
];

/// A pattern that compiles within its bound; it matches in linear time.
pub(crate) fn bounded(pattern: &str) -> Option<Regex> {
    let built = RegexBuilder::new(pattern)
        .size_limit(PATTERN_MAX)
        .dfa_size_limit(PATTERN_MAX)
        .build();
    built.ok()
}

/// The function of that name, written so, with so many arguments.
pub(crate) fn named(
    name: &str,
    member: bool,
    arguments: usize,
    at: usize,
) -> Result<Function, Fault> {
    let given = arguments + usize::from(member);
    let row = FUNCTIONS
        .iter()
        .find(|(known, _, _, free, on)| *known == name && if member { *on } else { *free });
    match row {
        Some((_, function, parts, ..)) if *parts == given => Ok(*function),
        Some((_, _, parts, ..)) => Err(Fault::new(
            at,
            "function.arguments",
            format!("`{name}` 需要{parts}个参数，实有{given}个"),
            format!("`{name}` takes {parts} argument(s), {given} given"),
        )),
        None => {
            let known = FUNCTIONS.iter().map(|(known, ..)| *known);
            Err(Fault::unknown(at, ("函数", "function"), name, known))
        }
    }
}

impl Evaluator<'_> {
    pub(crate) fn call(&mut self, function: Function, nodes: &[Node], at: usize) -> Got {
        let mut open = Open::default();
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            let got = self.value(node);
            values.extend(open.take(got)?);
        }
        open.close()?;
        match values.as_slice() {
            [value] => self.of_one(function, value, at),
            [a, b] => self.of_two(function, a, b, at),
            _ => Err(overload("call", &[], at)),
        }
    }

    fn of_one(&mut self, function: Function, value: &Value, at: usize) -> Got {
        match function {
            Function::Size => self.size(value, at),
            Function::Dyn => Ok(value.clone()),
            Function::Type => Ok(Value::Type(value.kind())),
            Function::Sum | Function::Min | Function::Max => self.fold(function, value, at),
            _ => {
                if let Value::Text(text) = value {
                    self.spend_text(text.len(), at)?;
                }
                converted(function, value, at)
            }
        }
    }

    fn size(&mut self, value: &Value, at: usize) -> Got {
        let size = match value {
            Value::Text(text) => {
                self.spend_text(text.len(), at)?;
                text.chars().count()
            }
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.len(),
            Value::Map(map) => map.len(),
            other => return Err(overload("size", &[other], at)),
        };
        Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
    }

    fn of_two(&mut self, function: Function, a: &Value, b: &Value, at: usize) -> Got {
        let (Value::Text(text), Value::Text(other)) = (a, b) else {
            return Err(overload("text", &[a, b], at));
        };
        self.spend_text(text.len() + other.len(), at)?;
        let (text, part) = (text.as_ref(), other.as_ref());
        Ok(Value::Bool(match function {
            Function::Contains => text.contains(part),
            Function::StartsWith => text.starts_with(part),
            Function::EndsWith => text.ends_with(part),
            _ => {
                self.spend(text.len().saturating_mul(MATCH_STEPS), at)?;
                self.pattern(other, at)?.is_match(text)
            }
        }))
    }

    fn pattern(&mut self, pattern: &Arc<str>, at: usize) -> Result<&Regex, Stop> {
        if !self.patterns.contains_key(pattern) {
            self.spend(PATTERN_STEPS, at)?;
            let Some(built) = bounded(pattern) else {
                return Err(Stop::Error(Trouble::BadPattern.at(at, "")));
            };
            self.patterns.insert(pattern.clone(), built);
        }
        let found = self.patterns.get(pattern);
        found.ok_or_else(|| Stop::Error(Trouble::BadPattern.at(at, "")))
    }

    /// `sum`, `min` and `max` of a list.
    fn fold(&mut self, function: Function, list: &Value, at: usize) -> Got {
        let Value::List(items) = list else {
            return Err(overload("fold", &[list], at));
        };
        self.spend(items.len(), at)?;
        let open: BTreeSet<String> = items.iter().filter_map(Value::unknown).collect();
        let mut known = items
            .iter()
            .filter(|item| !matches!(item, Value::Unknown(_)));
        let mut best = known.next().cloned();
        if let Some(only) = &best {
            // An element that cannot be added or compared fails alone, too.
            one_fits(function, only, at)?;
        }
        for item in known {
            let Some(so_far) = best else { break };
            best = Some(if function == Function::Sum {
                let numbers = matches!(item, Value::Int(_) | Value::Uint(_) | Value::Double(_));
                if !numbers {
                    return Err(overload("sum", &[item], at));
                }
                // What is not known may bring an overflowing sum back.
                match self.add(&so_far, item, at) {
                    Err(Stop::Error(_)) if !open.is_empty() => return Err(Stop::Unknown(open)),
                    sum => sum?,
                }
            } else {
                let order = item.order(&so_far);
                let order = order.map_err(|()| overload("min/max", &[&so_far, item], at))?;
                let wanted = if function == Function::Min {
                    std::cmp::Ordering::Less
                } else {
                    std::cmp::Ordering::Greater
                };
                if order == Some(wanted) {
                    item.clone()
                } else {
                    so_far
                }
            });
        }
        if !open.is_empty() {
            return Err(Stop::Unknown(open));
        }
        match best {
            Some(value) => Ok(value),
            None if function == Function::Sum => Ok(Value::Int(0)),
            None => Err(Stop::Error(Trouble::EmptyList.at(at, ""))),
        }
    }
}

fn one_fits(function: Function, value: &Value, at: usize) -> Result<(), Stop> {
    let number = matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));
    let fits = number || (function != Function::Sum && value.order(value).is_ok());
    if fits {
        Ok(())
    } else {
        Err(overload("fold", &[value], at))
    }
}

/// `int(x)` and the like.
fn converted(function: Function, value: &Value, at: usize) -> Got {
    let failed = || Stop::Error(Trouble::InvalidConversion.at(at, value.kind()));
    let done = match (function, value) {
        (Function::Int, Value::Int(_))
        | (Function::Uint, Value::Uint(_))
        | (Function::Double, Value::Double(_))
        | (Function::Text, Value::Text(_))
        | (Function::Bytes, Value::Bytes(_))
        | (Function::Bool, Value::Bool(_)) => Some(value.clone()),
        (Function::Int, Value::Text(text)) => text.parse().ok().map(Value::Int),
        (Function::Uint, Value::Text(text)) => text.parse().ok().map(Value::Uint),
        (Function::Double, Value::Text(text)) => text.parse().ok().map(Value::Double),
        (Function::Int, Value::Uint(_) | Value::Double(_)) => {
            let number = towards_zero(value).and_then(|n| i64::try_from(n).ok());
            return number
                .map(Value::Int)
                .ok_or_else(|| Stop::Error(Trouble::Overflow.at(at, "int")));
        }
        (Function::Uint, Value::Int(_) | Value::Double(_)) => {
            let number = towards_zero(value).and_then(|n| u64::try_from(n).ok());
            return number
                .map(Value::Uint)
                .ok_or_else(|| Stop::Error(Trouble::Overflow.at(at, "uint")));
        }
        (Function::Double, Value::Int(_) | Value::Uint(_)) => Some(nearest_double(value)),
        (Function::Text, Value::Int(value)) => Some(Value::text(&value.to_string())),
        (Function::Text, Value::Uint(value)) => Some(Value::text(&value.to_string())),
        (Function::Text, Value::Double(value)) => Some(Value::text(&show::double(*value))),
        (Function::Text, Value::Bool(value)) => Some(Value::text(&value.to_string())),
        (Function::Text, Value::Bytes(bytes)) => std::str::from_utf8(bytes).ok().map(Value::text),
        (Function::Bytes, Value::Text(text)) => Some(Value::Bytes(Arc::from(text.as_bytes()))),
        (Function::Bool, Value::Text(text)) => match text.as_ref() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => return Err(overload("conversion", &[value], at)),
    };
    done.ok_or_else(failed)
}

fn towards_zero(value: &Value) -> Option<i128> {
    match value {
        Value::Double(value) => super::value::whole(value.trunc()),
        other => other.integral(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "CEL rounds to the nearest double"
)]
fn nearest_double(value: &Value) -> Value {
    match value {
        Value::Int(value) => Value::Double(*value as f64),
        Value::Uint(value) => Value::Double(*value as f64),
        other => other.clone(),
    }
}
