//! Values, how facts become them, and how they compare.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

/// A value of CEL, or a fact that is not known where a value would stand.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Arc<Vec<Value>>),
    Map(Arc<BTreeMap<Key, Value>>),
    Type(&'static str),
    /// The path of the fact.
    Unknown(Arc<str>),
}

/// A key of a map. An int and a uint that are equal are one key.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Text(Arc<str>),
}

impl Key {
    fn rank(&self) -> (u8, i128, &str) {
        match self {
            Key::Bool(value) => (0, i128::from(*value), ""),
            Key::Int(value) => (1, i128::from(*value), ""),
            Key::Uint(value) => (1, i128::from(*value), ""),
            Key::Text(text) => (2, 0, text),
        }
    }

    /// The key that a value is; `lookup` finds that of a whole double.
    pub(crate) fn of(value: &Value) -> Option<Key> {
        match value {
            Value::Bool(value) => Some(Key::Bool(*value)),
            Value::Int(value) => Some(Key::Int(*value)),
            Value::Uint(value) => Some(Key::Uint(*value)),
            Value::Text(text) => Some(Key::Text(text.clone())),
            _ => None,
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Key::Bool(value) => Value::Bool(*value),
            Key::Int(value) => Value::Int(*value),
            Key::Uint(value) => Value::Uint(*value),
            Key::Text(text) => Value::Text(text.clone()),
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

/// The whole number that a double is, where it is one that fits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "compared back before it is used"
)]
#[expect(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "the comparison asks whether it is exact"
)]
pub(crate) fn whole(value: f64) -> Option<i128> {
    let cast = value as i128;
    (cast as f64 == value && cast != i128::MAX).then_some(cast)
}

impl Value {
    pub(crate) fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }

    /// The name of its type, as `type(x)` shows it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null_type",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Uint(_) => "uint",
            Value::Double(_) => "double",
            Value::Text(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Type(_) => "type",
            Value::Unknown(_) => "unknown",
        }
    }

    /// A fact found at a path.
    pub(crate) fn of(json: &Json, path: &str) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => {
                if let Some(value) = number.as_i64() {
                    Value::Int(value)
                } else if let Some(value) = number.as_u64() {
                    Value::Uint(value)
                } else {
                    Value::Double(number.as_f64().unwrap_or(f64::INFINITY))
                }
            }
            Json::String(text) => Value::text(text),
            Json::Array(items) => {
                let items = items.iter().enumerate();
                let of = |(n, item)| Value::of(item, &format!("{path}[{n}]"));
                Value::List(Arc::new(items.map(of).collect()))
            }
            Json::Object(map) => {
                if map.len() == 1 && map.get("$unknown") == Some(&Json::Bool(true)) {
                    return Value::Unknown(Arc::from(path));
                }
                let entry = |(key, item): (&String, &Json)| {
                    let value = Value::of(item, &format!("{path}.{key}"));
                    (Key::Text(Arc::from(key.as_str())), value)
                };
                Value::Map(Arc::new(map.iter().map(entry).collect()))
            }
        }
    }

    /// The key, list index or number it stands for among the whole numbers.
    pub(crate) fn integral(&self) -> Option<i128> {
        match self {
            Value::Int(value) => Some(i128::from(*value)),
            Value::Uint(value) => Some(i128::from(*value)),
            Value::Double(value) => whole(*value),
            _ => None,
        }
    }

    /// The path of the fact, where it is one that is not known.
    pub(crate) fn unknown(&self) -> Option<String> {
        match self {
            Value::Unknown(path) => Some(path.to_string()),
            _ => None,
        }
    }

    /// How it is ordered beside another; `Err` when they have no order,
    /// `Ok(None)` when one is not a number.
    pub(crate) fn order(&self, other: &Value) -> Result<Option<Ordering>, ()> {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => Ok(Some(a.cmp(b))),
            (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
            (Value::Bytes(a), Value::Bytes(b)) => Ok(Some(a.cmp(b))),
            _ => numbers(self, other),
        }
    }
}

/// The order of two numbers of whatever type; `Err` when they are not numbers.
fn numbers(a: &Value, b: &Value) -> Result<Option<Ordering>, ()> {
    let exact = |value: &Value| match value {
        Value::Int(value) => Ok(i128::from(*value)),
        Value::Uint(value) => Ok(i128::from(*value)),
        _ => Err(()),
    };
    match (a, b) {
        (Value::Double(a), Value::Double(b)) => Ok(a.partial_cmp(b)),
        (Value::Double(a), b) => Ok(beside(*a, exact(b)?)),
        (a, Value::Double(b)) => Ok(beside(*b, exact(a)?).map(Ordering::reverse)),
        (a, b) => Ok(Some(exact(a)?.cmp(&exact(b)?))),
    }
}

/// A double beside a whole number, without loss.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates far beyond any whole number of CEL"
)]
fn beside(double: f64, number: i128) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    let floor = double.floor();
    let order = (floor as i128).cmp(&number);
    Some(if order == Ordering::Equal && double > floor {
        Ordering::Greater
    } else {
        order
    })
}

/// Whether two values are equal, or the facts that would decide it.
pub(crate) enum Same {
    Yes,
    No,
    Unknown(BTreeSet<String>),
}

/// Compares two values; `cost` counts what was looked at. Parts may be shared,
/// so that a small value is a huge tree: past `most` the answer is worth nothing.
pub(crate) fn same(a: &Value, b: &Value, cost: &mut usize, most: usize) -> Same {
    *cost = cost.saturating_add(1);
    if *cost > most {
        return Same::No;
    }
    let sure = |yes| if yes { Same::Yes } else { Same::No };
    match (a, b) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => {
            let paths = [a, b].into_iter().filter_map(Value::unknown);
            Same::Unknown(paths.collect())
        }
        (Value::Null, Value::Null) => Same::Yes,
        (Value::Type(a), Value::Type(b)) => sure(a == b),
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            all_same(a.iter().zip(b.iter()), cost, most)
        }
        (Value::Map(a), Value::Map(b)) if a.keys().eq(b.keys()) => {
            all_same(a.values().zip(b.values()), cost, most)
        }
        _ => sure(a.order(b) == Ok(Some(Ordering::Equal))),
    }
}

fn all_same<'v>(
    pairs: impl Iterator<Item = (&'v Value, &'v Value)>,
    cost: &mut usize,
    most: usize,
) -> Same {
    let mut open = BTreeSet::new();
    for (a, b) in pairs {
        match same(a, b, cost, most) {
            Same::Yes => {}
            Same::No => return Same::No,
            Same::Unknown(facts) => open.extend(facts),
        }
    }
    if open.is_empty() {
        Same::Yes
    } else {
        Same::Unknown(open)
    }
}
