//! Walking the program. Unknown facts and errors stop what needs them and
//! nothing else; running out of steps stops everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::Regex;
use serde_json::{Map, Value as Json};

use super::compile::{Global, Node, Op};
use super::error::Trouble;
use super::value::{Key, Value};
use crate::problem::Fault;

/// Steps of one evaluation: nodes visited, elements and text handled.
pub(crate) const STEPS_MAX: usize = 1_000_000;
/// Bytes of text that are handled in one step.
const TEXT_OF_STEP: usize = 8;

/// Why there is no value.
#[derive(Debug)]
pub(crate) enum Stop {
    /// These facts would decide it.
    Unknown(BTreeSet<String>),
    /// It fails, whatever is not known.
    Error(Box<Fault>),
    /// The whole evaluation ends.
    Limit(Box<Fault>),
}

pub(crate) type Got = Result<Value, Stop>;

/// One evaluation.
pub(crate) struct Evaluator<'e> {
    facts: &'e Map<String, Json>,
    names: &'e [Global],
    /// The values of the names, once asked for.
    globals: Vec<Option<Value>>,
    pub(crate) locals: Vec<Value>,
    steps: usize,
    pub(crate) patterns: BTreeMap<Arc<str>, Regex>,
}

/// Unknown facts met so far beside an error, of which the error wins: whatever
/// the facts are, what needs all its parts fails.
#[derive(Default)]
pub(crate) struct Open(BTreeSet<String>);

impl Open {
    /// Keeps an unknown for later; `None` for it.
    pub(crate) fn take(&mut self, got: Got) -> Result<Option<Value>, Stop> {
        match got {
            Ok(value) => Ok(Some(value)),
            Err(Stop::Unknown(facts)) => {
                self.0.extend(facts);
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Stops when something was not known.
    pub(crate) fn close(self) -> Result<(), Stop> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Stop::Unknown(self.0))
        }
    }
}

impl<'e> Evaluator<'e> {
    pub(crate) fn new(facts: &'e Map<String, Json>, names: &'e [Global]) -> Evaluator<'e> {
        Evaluator {
            facts,
            names,
            globals: names.iter().map(|_| None).collect(),
            locals: Vec::new(),
            steps: 0,
            patterns: BTreeMap::new(),
        }
    }

    /// Counts steps.
    pub(crate) fn spend(&mut self, steps: usize, at: usize) -> Result<(), Stop> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > STEPS_MAX {
            return Err(Stop::Limit(Trouble::TooCostly.at(at, "")));
        }
        Ok(())
    }

    /// Counts the handling of some bytes of text.
    pub(crate) fn spend_text(&mut self, bytes: usize, at: usize) -> Result<(), Stop> {
        self.spend(bytes / TEXT_OF_STEP, at)
    }

    /// The value of a node; what is not known stops.
    pub(crate) fn value(&mut self, node: &Node) -> Got {
        match self.attribute(node)? {
            Value::Unknown(path) => Err(Stop::Unknown(BTreeSet::from([path.to_string()]))),
            value => Ok(value),
        }
    }

    /// The value of a node, or the unknown fact that it is the path of.
    pub(crate) fn attribute(&mut self, node: &Node) -> Got {
        let at = node.at;
        self.spend(1, at)?;
        match &node.op {
            Op::Const(value) => Ok(value.clone()),
            Op::Global(slot) => self.global(*slot, at),
            Op::Local(slot) => Ok(self.locals[*slot].clone()),
            Op::Select(operand, field) => self.select(operand, field, at),
            Op::Has(operand, field) => self.has(operand, field, at),
            Op::Not(operand) => match self.value(operand)? {
                Value::Bool(value) => Ok(Value::Bool(!value)),
                other => Err(overload("!", &[&other], at)),
            },
            Op::Negate(operand) => {
                let value = self.value(operand)?;
                super::operators::negate(&value, at)
            }
            Op::And(a, b) => self.logic(a, b, false),
            Op::Or(a, b) => self.logic(a, b, true),
            Op::Choose(parts) => {
                let [when, then, other] = parts.as_ref();
                match self.value(when)? {
                    Value::Bool(true) => self.attribute(then),
                    Value::Bool(false) => self.attribute(other),
                    value => Err(overload("?:", &[&value], when.at)),
                }
            }
            Op::Binary(binary, a, b) => self.binary(*binary, a, b, at),
            Op::Index(operand, index) => self.index(operand, index, at),
            Op::List(items) => self.list(items),
            Op::Map(entries) => self.map(entries),
            Op::Call(function, arguments) => self.call(*function, arguments, at),
            Op::Loop(each) => self.each(each, at),
        }
    }

    fn global(&mut self, slot: usize, at: usize) -> Got {
        if let Some(value) = &self.globals[slot] {
            return Ok(value.clone());
        }
        let Global { name, or_type } = &self.names[slot];
        let value = match (self.facts.get(name), or_type) {
            (Some(json), _) => Value::of(json, name),
            (None, Some(kind)) => Value::Type(kind),
            (None, None) => Value::Unknown(Arc::from(name.as_str())),
        };
        self.spend(1, at)?;
        self.globals[slot] = Some(value.clone());
        Ok(value)
    }

    fn select(&mut self, operand: &Node, field: &Arc<str>, at: usize) -> Got {
        match self.attribute(operand)? {
            Value::Unknown(path) => {
                self.spend_text(path.len(), at)?;
                Ok(Value::Unknown(format!("{path}.{field}").into()))
            }
            Value::Map(map) => match map.get(&Key::Text(field.clone())) {
                Some(value) => Ok(value.clone()),
                None => Err(Stop::Error(Trouble::NoSuchKey.at(at, field))),
            },
            other => Err(overload(&format!(".{field}"), &[&other], at)),
        }
    }

    fn has(&mut self, operand: &Node, field: &Arc<str>, at: usize) -> Got {
        match self.attribute(operand)? {
            Value::Unknown(path) => Ok(Value::Unknown(format!("{path}.{field}").into())),
            Value::Map(map) => match map.get(&Key::Text(field.clone())) {
                Some(Value::Unknown(path)) => Ok(Value::Unknown(path.clone())),
                found => Ok(Value::Bool(found.is_some())),
            },
            other => Err(overload("has", &[&other], at)),
        }
    }

    /// `&&` decides on false, `||` on true, whichever side says so; what is not
    /// known comes before an error, as it might still decide.
    fn logic(&mut self, a: &Node, b: &Node, decides: bool) -> Got {
        let first = self.truth(a)?;
        if matches!(&first, Ok(value) if *value == decides) {
            return Ok(Value::Bool(decides));
        }
        let second = self.truth(b)?;
        match (first, second) {
            (_, Ok(value)) if value == decides => Ok(Value::Bool(decides)),
            (Ok(_), Ok(_)) => Ok(Value::Bool(!decides)),
            (Err(Stop::Unknown(mut facts)), Err(Stop::Unknown(more))) => {
                facts.extend(more);
                Err(Stop::Unknown(facts))
            }
            (Err(Stop::Unknown(facts)), _) | (_, Err(Stop::Unknown(facts))) => {
                Err(Stop::Unknown(facts))
            }
            (Err(stop), _) | (_, Err(stop)) => Err(stop),
        }
    }

    /// Yes, no, or why neither; only a limit ends the evaluation.
    pub(crate) fn truth(&mut self, node: &Node) -> Result<Result<bool, Stop>, Stop> {
        match self.value(node) {
            Ok(Value::Bool(value)) => Ok(Ok(value)),
            Ok(other) => Ok(Err(overload("bool", &[&other], node.at))),
            Err(Stop::Limit(fault)) => Err(Stop::Limit(fault)),
            Err(stop) => Ok(Err(stop)),
        }
    }

    fn index(&mut self, operand: &Node, index: &Node, at: usize) -> Got {
        let mut open = Open::default();
        let container = self.attribute(operand);
        let container = open.take(container)?;
        let key = self.value(index);
        let key = open.take(key)?;
        let (container, key) = match (container, key) {
            (Some(container), Some(key)) => (container, key),
            (container, _) => {
                if let Some(Value::Unknown(path)) = container {
                    open.0.insert(path.to_string());
                }
                open.close()?;
                return Err(overload("[]", &[], at));
            }
        };
        match (&container, &key) {
            (Value::Unknown(path), Value::Text(field)) => {
                Ok(Value::Unknown(format!("{path}.{field}").into()))
            }
            (Value::Unknown(path), Value::Int(n)) => {
                Ok(Value::Unknown(format!("{path}[{n}]").into()))
            }
            (Value::Unknown(_), _) => Ok(container),
            (Value::List(items), key) => {
                let Some(n) = key.integral() else {
                    return Err(overload("[]", &[&container, key], at));
                };
                let item = usize::try_from(n).ok().and_then(|n| items.get(n));
                item.cloned()
                    .ok_or_else(|| Stop::Error(Trouble::IndexOutOfRange.at(at, &n.to_string())))
            }
            (Value::Map(map), key) => {
                if !matches!(key, Value::Double(_)) && Key::of(key).is_none() {
                    return Err(overload("[]", &[&container, key], at));
                }
                match lookup(map, key) {
                    Some(value) => Ok(value.clone()),
                    None => Err(Stop::Error(Trouble::NoSuchKey.at(at, ""))),
                }
            }
            _ => Err(overload("[]", &[&container, &key], at)),
        }
    }

    /// A list needs all its parts: a path into what is not known may still turn
    /// out to be no such key.
    fn list(&mut self, items: &[Node]) -> Got {
        let mut values = Vec::with_capacity(items.len());
        let mut open = Open::default();
        for item in items {
            let got = self.value(item);
            values.extend(open.take(got)?);
        }
        open.close()?;
        Ok(Value::List(Arc::new(values)))
    }

    fn map(&mut self, entries: &[(Node, Node)]) -> Got {
        let mut map = BTreeMap::new();
        let mut open = Open::default();
        for (key_node, item) in entries {
            let key = self.value(key_node);
            let key = open.take(key)?;
            let item = self.value(item);
            let item = open.take(item)?;
            let Some(key) = key else { continue };
            let Some(key) = Key::of(&key) else {
                return Err(overload("{}", &[&key], key_node.at));
            };
            if map.insert(key, item.unwrap_or(Value::Null)).is_some() {
                return Err(Stop::Error(Trouble::DuplicateKey.at(key_node.at, "")));
            }
        }
        open.close()?;
        Ok(Value::Map(Arc::new(map)))
    }
}

/// The value at a key; a number of any type finds the number it equals.
pub(crate) fn lookup<'m>(map: &'m BTreeMap<Key, Value>, key: &Value) -> Option<&'m Value> {
    if let Some(key) = Key::of(key) {
        return map.get(&key);
    }
    let n = key.integral()?;
    let key = i64::try_from(n).map(Key::Int).ok();
    let key = key.or_else(|| u64::try_from(n).map(Key::Uint).ok())?;
    map.get(&key)
}

/// No such overload for these types.
pub(crate) fn overload(name: &str, values: &[&Value], at: usize) -> Stop {
    let kinds: Vec<_> = values.iter().map(|value| value.kind()).collect();
    let about = format!("{name} ({})", kinds.join(", "));
    Stop::Error(Trouble::NoSuchOverload.at(at, &about))
}
