//! The parser's tree to our own: names to slots, macros to loops, what has no
//! names to values.

use std::sync::Arc;

use cel::common::ast::{CallExpr, EntryExpr, Expr as Cel, IdedExpr, LiteralValue, SourceInfo};

use super::calls::{Function, named};
use super::eval::Evaluator;
use super::operators::Binary;
use super::value::Value;
use crate::check::{DEPTH_MAX, each_named, parse, too_deep};
use crate::expr::Each;
use crate::problem::Fault;

/// An expression and the byte it stands at.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) op: Op,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Op {
    Const(Value),
    Global(usize),
    Local(usize),
    Select(Box<Node>, Arc<str>),
    Has(Box<Node>, Arc<str>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Choose(Box<[Node; 3]>),
    Binary(Binary, Box<Node>, Box<Node>),
    Index(Box<Node>, Box<Node>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Call(Function, Vec<Node>),
    Loop(Box<Loop>),
}

/// A macro over a list or over the keys of a map.
#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) each: Each,
    pub(crate) range: Node,
    /// Which elements, for a `map` of three parts.
    pub(crate) only: Option<Node>,
    pub(crate) body: Node,
}

/// A name that the facts are asked for.
#[derive(Debug)]
pub(crate) struct Global {
    pub(crate) name: String,
    /// The type of that name, when the facts do not tell it.
    pub(crate) or_type: Option<&'static str>,
}

const TYPES: [&str; 10] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
];

/// Compiles one expression and names the facts it asks for.
pub(crate) fn compile(source: &str) -> Result<(Node, Vec<Global>), Fault> {
    let (tree, info) = parse(source)?;
    let mut compiler = Compiler {
        source,
        info: &info,
        locals: Vec::new(),
        globals: Vec::new(),
    };
    let root = compiler.node(&tree, 0)?;
    Ok((root, compiler.globals))
}

struct Compiler<'c> {
    source: &'c str,
    info: &'c SourceInfo,
    locals: Vec<String>,
    globals: Vec<Global>,
}

impl Compiler<'_> {
    fn at(&self, tree: &IdedExpr) -> usize {
        let (start, _) = self.info.offset_for(tree.id).unwrap_or((0, 0));
        usize::try_from(start).unwrap_or(0).min(self.source.len())
    }

    fn node(&mut self, tree: &IdedExpr, level: usize) -> Result<Node, Fault> {
        let at = self.at(tree);
        if level > DEPTH_MAX {
            return Err(too_deep(at));
        }
        let op = match &tree.expr {
            Cel::Literal(literal) => Op::Const(constant(literal)),
            Cel::Ident(name) => self.name(name),
            Cel::Select(select) => Op::Select(
                self.boxed(&select.operand, level)?,
                Arc::from(select.field.as_str()),
            ),
            Cel::Call(call) => self.call(call, at, level)?,
            Cel::List(list) => Op::List(self.all(&list.elements, level)?),
            Cel::Map(map) => {
                let mut entries = Vec::new();
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else {
                        return Err(form(at));
                    };
                    let key = self.node(&entry.key, level + 1)?;
                    entries.push((key, self.node(&entry.value, level + 1)?));
                }
                Op::Map(entries)
            }
            Cel::Unspecified | Cel::Comprehension(_) | Cel::Struct(_) => return Err(form(at)),
        };
        Ok(folded(Node { at, op }))
    }

    fn boxed(&mut self, tree: &IdedExpr, level: usize) -> Result<Box<Node>, Fault> {
        self.node(tree, level + 1).map(Box::new)
    }

    fn all(&mut self, trees: &[IdedExpr], level: usize) -> Result<Vec<Node>, Fault> {
        trees
            .iter()
            .map(|tree| self.node(tree, level + 1))
            .collect()
    }

    fn name(&mut self, name: &str) -> Op {
        if let Some(slot) = self.locals.iter().rposition(|local| local == name) {
            return Op::Local(slot);
        }
        if let Some(slot) = self.globals.iter().position(|global| global.name == name) {
            return Op::Global(slot);
        }
        self.globals.push(Global {
            name: name.to_owned(),
            or_type: TYPES.into_iter().find(|known| *known == name),
        });
        Op::Global(self.globals.len() - 1)
    }

    fn call(&mut self, call: &CallExpr, at: usize, level: usize) -> Result<Op, Fault> {
        let name = call.func_name.as_str();
        match (&call.target, call.args.as_slice()) {
            (None, [a]) if name == "!_" => Ok(Op::Not(self.boxed(a, level)?)),
            (None, [a]) if name == "-_" => Ok(Op::Negate(self.boxed(a, level)?)),
            (None, [a, b]) if name == "_&&_" => {
                Ok(Op::And(self.boxed(a, level)?, self.boxed(b, level)?))
            }
            (None, [a, b]) if name == "_||_" => {
                Ok(Op::Or(self.boxed(a, level)?, self.boxed(b, level)?))
            }
            (None, [a, b]) if name == "_[_]" => {
                Ok(Op::Index(self.boxed(a, level)?, self.boxed(b, level)?))
            }
            (None, [a, b, c]) if name == "_?_:_" => Ok(Op::Choose(Box::new([
                self.node(a, level + 1)?,
                self.node(b, level + 1)?,
                self.node(c, level + 1)?,
            ]))),
            (None, [tested]) if name == "has" => {
                let Cel::Select(select) = &tested.expr else {
                    return Err(misused("has", self.at(tested)));
                };
                let operand = self.node(&select.operand, level + 1)?;
                Ok(Op::Has(Box::new(operand), Arc::from(select.field.as_str())))
            }
            (Some(range), args) if each_named(name).is_some() => {
                self.each(range, call, args, at, level)
            }
            (None, [a, b]) if Binary::named(name).is_some() => {
                let binary = Binary::named(name).ok_or_else(|| form(at))?;
                let (a, b) = (self.boxed(a, level)?, self.boxed(b, level)?);
                Ok(Op::Binary(binary, a, b))
            }
            (target, args) => {
                let function = named(name, target.is_some(), args.len(), at)?;
                let mut nodes = Vec::new();
                for tree in target.as_deref().into_iter().chain(args) {
                    nodes.push(self.node(tree, level + 1)?);
                }
                Ok(Op::Call(function, nodes))
            }
        }
    }

    fn each(
        &mut self,
        range: &IdedExpr,
        call: &CallExpr,
        args: &[IdedExpr],
        at: usize,
        level: usize,
    ) -> Result<Op, Fault> {
        let name = call.func_name.as_str();
        let wrong = || misused(name, at);
        let each = each_named(name).ok_or_else(wrong)?;
        let (variable, only, body) = match args {
            [variable, body] => (variable, None, body),
            [variable, only, body] if each == Each::Map => (variable, Some(only), body),
            _ => return Err(wrong()),
        };
        let Cel::Ident(variable) = &variable.expr else {
            return Err(wrong());
        };
        let range = self.node(range, level + 1)?;
        self.locals.push(variable.clone());
        let only = only.map(|only| self.node(only, level + 1)).transpose();
        let body = self.node(body, level + 1);
        self.locals.pop();
        Ok(Op::Loop(Box::new(Loop {
            each,
            range,
            only: only?,
            body: body?,
        })))
    }
}

fn constant(literal: &LiteralValue) -> Value {
    match literal {
        LiteralValue::Null => Value::Null,
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Int(value) => Value::Int(*value.inner()),
        LiteralValue::UInt(value) => Value::Uint(*value.inner()),
        LiteralValue::Double(value) => Value::Double(*value.inner()),
        LiteralValue::String(text) => Value::text(text.inner()),
        LiteralValue::Bytes(bytes) => Value::Bytes(Arc::from(bytes.inner())),
    }
}

/// A node of nothing but constants becomes what it comes to. One that fails
/// stays: it may stand where it is never asked for.
fn folded(node: Node) -> Node {
    let fixed = |node: &Node| matches!(node.op, Op::Const(_));
    let all_fixed = match &node.op {
        Op::Not(a) | Op::Negate(a) | Op::Select(a, _) | Op::Has(a, _) => fixed(a),
        Op::And(a, b) | Op::Or(a, b) | Op::Binary(_, a, b) | Op::Index(a, b) => {
            fixed(a) && fixed(b)
        }
        Op::Choose(parts) => parts.iter().all(fixed),
        Op::List(items) | Op::Call(_, items) => items.iter().all(fixed),
        Op::Map(entries) => entries.iter().all(|(key, item)| fixed(key) && fixed(item)),
        Op::Const(_) | Op::Global(_) | Op::Local(_) | Op::Loop(_) => false,
    };
    if !all_fixed {
        return node;
    }
    let facts = serde_json::Map::new();
    match Evaluator::new(&facts, &[]).attribute(&node) {
        Ok(value) => Node {
            at: node.at,
            op: Op::Const(value),
        },
        Err(_) => node,
    }
}

fn form(at: usize) -> Fault {
    Fault::new(
        at,
        "expression.form",
        "没有这种写法".to_owned(),
        "there is no such form".to_owned(),
    )
}

fn misused(name: &str, at: usize) -> Fault {
    Fault::new(
        at,
        "macro.form",
        format!("`{name}` 的写法有误"),
        format!("`{name}` is not written like that"),
    )
}
