//! Plain CEL over JSON facts, without our types: for who wants to try an
//! expression, and for scripts that compare engines.
//!
//! Compiled once, evaluated over any number of facts. A fact that is not told
//! is unknown, and so is what depends on it; a fact that cannot matter is not
//! asked for. An error that no fact could avert is found when compiling.

mod calls;
mod compile;
mod error;
mod eval;
mod loops;
mod operators;
mod show;
mod value;

use serde_json::{Map, Value as Json, json};

use crate::problem::{Fault, Problem};
pub(crate) use calls::bounded as pattern;
use eval::{Evaluator, Stop};

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// A value. Whole numbers are numbers, bytes are base64, a type is its
    /// name, and a double that is not finite is "NaN", "Infinity" or "-Infinity".
    Value(Json),
    /// The facts that would decide it, in order, each as the expression writes
    /// it: `applicant.income`.
    Unknown(Vec<String>),
    /// What is wrong, and where in the expression.
    Error(Problem),
}

impl Plain {
    /// One object: `{"value": …}`, `{"unknown": […]}` or `{"error": {…}}`.
    pub fn to_json(&self) -> Json {
        match self {
            Plain::Value(value) => json!({ "value": value }),
            Plain::Unknown(facts) => json!({ "unknown": facts }),
            Plain::Error(problem) => json!({ "error": {
                "code": problem.code, "message": problem.en, "zh": problem.zh,
                "line": problem.line, "column": problem.column,
            } }),
        }
    }
}

/// A compiled expression.
#[derive(Debug)]
pub struct PlainProgram {
    source: String,
    root: compile::Node,
    globals: Vec<compile::Global>,
}

impl PlainProgram {
    /// Compiles; the problem is what is wrong whatever the facts are.
    pub fn compile(source: &str) -> Result<PlainProgram, Box<Problem>> {
        let place = |fault| Box::new(placed(source, fault));
        let (root, globals) = compile::compile(source).map_err(place)?;
        let program = PlainProgram {
            source: source.to_owned(),
            root,
            globals,
        };
        // With nothing known, an error is one that no fact averts.
        match program.eval(&Map::new()) {
            Plain::Error(problem) => Err(Box::new(problem)),
            Plain::Value(_) | Plain::Unknown(_) => Ok(program),
        }
    }

    /// Evaluates over facts. `{"$unknown": true}` is a fact that is not known,
    /// and so is a name that is not there; a key that a known map lacks is an
    /// error, as CEL has it.
    pub fn eval(&self, facts: &Map<String, Json>) -> Plain {
        let mut evaluator = Evaluator::new(facts, &self.globals);
        let shown = evaluator
            .attribute(&self.root)
            .and_then(|value| show::shown(&value, self.root.at));
        match shown {
            Ok(value) => Plain::Value(value),
            Err(Stop::Unknown(facts)) => Plain::Unknown(facts.into_iter().collect()),
            Err(Stop::Error(fault) | Stop::Limit(fault)) => {
                Plain::Error(placed(&self.source, *fault))
            }
        }
    }
}

/// Line and column of a fault in the one expression there is.
fn placed(source: &str, fault: Fault) -> Problem {
    let before = source.get(..fault.offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(start..).unwrap_or("").chars().count() + 1;
    Problem {
        document: "expression".to_owned(),
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
        code: fault.code,
        zh: fault.zh,
        en: fault.en,
        nearest: fault.nearest,
    }
}
