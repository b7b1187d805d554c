//! Source text to typed expression. Everything that can be wrong with an
//! expression is found here, before any household is seen.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::ast::{CallExpr, Expr as Cel, IdedExpr, LiteralValue, SelectExpr, SourceInfo};
use domain::dictionary::{About, Kind};

use crate::expr::{Each, Expr, FUNCTIONS, Function, NAMES, Name, Node, Operation, Relation};
use crate::number::is_whole;
use crate::problem::Fault;
use crate::span::{balanced, word_start};
use crate::types::{Type, Unit};
use crate::{check_call, check_text};

/// Bytes of one expression. The parser's stack use grows with its input.
pub(crate) const SOURCE_BYTES_MAX: usize = 4096;
/// Levels of nesting, those of names used included: the interpreter recurses.
pub(crate) const DEPTH_MAX: usize = 160;

/// A name bound by `let`.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) depth: usize,
}

/// What an expression may name.
pub(crate) struct Scope<'s> {
    pub(crate) lets: &'s [Bound],
    pub(crate) params: &'s BTreeMap<String, Type>,
    /// The policy is about persons: `person` is known.
    pub(crate) person: bool,
}

/// Checks one expression of any type.
pub(crate) fn check(source: &str, scope: &Scope<'_>) -> Result<Expr, Fault> {
    let (tree, info) = parse(source)?;
    let mut checker = Checker {
        source,
        info: &info,
        scope,
        locals: Vec::new(),
    };
    checker.expr(&tree, 0)
}

/// Checks one expression that must have a type.
pub(crate) fn check_as(source: &str, scope: &Scope<'_>, wanted: &Type) -> Result<Expr, Fault> {
    let expr = check(source, scope)?;
    let expr = adopt(expr, wanted)?;
    if expr.ty.fits(wanted) {
        Ok(expr)
    } else {
        Err(mismatch(&expr, wanted))
    }
}

/// Source to the parser's tree, within the bounds of its stack.
pub(crate) fn parse(source: &str) -> Result<(IdedExpr, SourceInfo), Fault> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Fault::new(
            0,
            "expression.too_long",
            format!("表达式超过{SOURCE_BYTES_MAX}字节"),
            format!("the expression is longer than {SOURCE_BYTES_MAX} bytes"),
        ));
    }
    // No macros: `exists`, `has` and the like stay the calls they are written as.
    let env = cel::Env::default().with_optional_support(false);
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        env.parser().parse_with_source_info(source)
    }));
    let syntax = |offset, text: &str| {
        let text: String = text
            .lines()
            .next()
            .unwrap_or("")
            .chars()
            .take(160)
            .collect();
        Fault::new(
            offset,
            "expression.syntax",
            format!("表达式写法有误：{text}"),
            format!("not an expression: {text}"),
        )
    };
    match parsed {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(errors)) => match errors.errors.first() {
            Some(first) => Err(syntax(offset_of(source, first.pos), &first.msg)),
            None => Err(syntax(0, "syntax error")),
        },
        Err(_) => Err(syntax(0, "the parser could not read it")),
    }
}

/// Byte offset of the parser's line and column.
fn offset_of(source: &str, (line, column): (isize, isize)) -> usize {
    let before = usize::try_from(line - 1).unwrap_or(0);
    let start: usize = source
        .split_inclusive('\n')
        .take(before)
        .map(str::len)
        .sum();
    let column = usize::try_from(column - 1).unwrap_or(0);
    let rest = source.get(start..).unwrap_or("");
    let within: usize = rest.chars().take(column).map(char::len_utf8).sum();
    (start + within).min(source.len())
}

/// A type that is not the one wanted.
pub(crate) fn mismatch(expr: &Expr, wanted: &Type) -> Fault {
    Fault::new(
        expr.span.0,
        "type.mismatch",
        format!("此处需要 {wanted}，实为 {}", expr.ty),
        format!("{wanted} is needed here, this is {}", expr.ty),
    )
}

/// Lets a literal take the unit or the code list of what it stands beside.
pub(crate) fn adopt(mut expr: Expr, beside: &Type) -> Result<Expr, Fault> {
    match (&expr.node, beside) {
        (Node::Int(_), Type::Number(unit)) => expr.ty = Type::Number(*unit),
        (Node::Text(text), Type::Code(list)) => {
            let Some(code) = list.stored(text) else {
                let codes = list.entries.iter().map(|e| e.code);
                let mut fault = Fault::unknown(expr.span.0, ("代码", "code"), text, codes);
                fault.code = "code.unknown";
                fault.zh = format!("代码表 {} 中没有 `{text}`", list.name);
                fault.en = format!("the list `{}` has no code `{text}`", list.name);
                return Err(fault);
            };
            expr.node = Node::Code(code);
            expr.ty = beside.clone();
        }
        (Node::Text(text), Type::Date) => {
            if let Ok(date) = text.parse() {
                expr.node = Node::Date(date);
                expr.ty = Type::Date;
            }
        }
        (Node::List(_), Type::List(of)) => {
            if let Node::List(items) = expr.node {
                let items: Result<Vec<_>, _> =
                    items.into_iter().map(|item| adopt(item, of)).collect();
                let items = items?;
                if items.iter().all(|item| item.ty.fits(of)) {
                    expr.ty = beside.clone();
                }
                expr.node = Node::List(items);
            }
        }
        (Node::Choose(..), _) => {
            if let Node::Choose(when, then, other) = expr.node {
                let (then, other) = (adopt(*then, beside)?, adopt(*other, beside)?);
                if then.ty.fits(beside) && other.ty.fits(beside) {
                    expr.ty = beside.clone();
                }
                expr.node = Node::Choose(when, Box::new(then), Box::new(other));
            }
        }
        _ => {}
    }
    Ok(expr)
}

pub(crate) struct Checker<'c> {
    pub(crate) source: &'c str,
    info: &'c SourceInfo,
    pub(crate) scope: &'c Scope<'c>,
    pub(crate) locals: Vec<(String, Type)>,
}

impl Checker<'_> {
    pub(crate) fn expr(&mut self, tree: &IdedExpr, level: usize) -> Result<Expr, Fault> {
        let at = self.token(tree);
        if level > DEPTH_MAX {
            return Err(too_deep(at.0));
        }
        let built = match &tree.expr {
            Cel::Literal(literal) => Self::literal(literal, at),
            Cel::Ident(name) => self.name(name, at),
            Cel::Select(select) => self.select(select, at, level),
            Cel::Call(call) => self.call(call, at, level),
            Cel::List(list) => self.list(list.elements.as_slice(), at, level),
            Cel::Unspecified | Cel::Comprehension(_) | Cel::Map(_) | Cel::Struct(_) => {
                Err(Fault::new(
                    at.0,
                    "expression.form",
                    "策略语言没有这种写法".to_owned(),
                    "policies have no such form".to_owned(),
                ))
            }
        }?;
        if built.depth > DEPTH_MAX {
            return Err(too_deep(at.0));
        }
        Ok(built)
    }

    fn token(&self, tree: &IdedExpr) -> (usize, usize) {
        let (start, last) = self.info.offset_for(tree.id).unwrap_or((0, 0));
        let start = usize::try_from(start).unwrap_or(0).min(self.source.len());
        let end = usize::try_from(last).map_or(start, |last| last + 1);
        (start, end.clamp(start, self.source.len()))
    }

    fn literal(literal: &LiteralValue, at: (usize, usize)) -> Result<Expr, Fault> {
        let (ty, node) = match literal {
            LiteralValue::Boolean(value) => (Type::Bool, Node::Bool(*value.inner())),
            LiteralValue::Int(value) if is_whole(*value.inner()) => {
                (Type::Number(Unit::Count), Node::Int(*value.inner()))
            }
            LiteralValue::String(text) => (Type::Text, Node::Text(text.inner().to_owned())),
            LiteralValue::Int(_)
            | LiteralValue::Double(_)
            | LiteralValue::UInt(_)
            | LiteralValue::Bytes(_)
            | LiteralValue::Null => {
                return Err(Fault::new(
                    at.0,
                    "expression.literal",
                    "没有小数、字节或空值字面量；比例写进参数表".to_owned(),
                    "there are no decimals, bytes or nulls; ratios belong into parameters"
                        .to_owned(),
                ));
            }
        };
        Ok(leaf(ty, at, node))
    }

    fn name(&self, name: &str, at: (usize, usize)) -> Result<Expr, Fault> {
        if let Some(slot) = self.locals.iter().rposition(|(local, _)| local == name) {
            return Ok(leaf(self.locals[slot].1.clone(), at, Node::Local(slot)));
        }
        if let Some(slot) = self.scope.lets.iter().position(|b| b.name == name) {
            let bound = &self.scope.lets[slot];
            let mut expr = leaf(bound.ty.clone(), at, Node::Let(slot));
            expr.depth = bound.depth + 1;
            return Ok(expr);
        }
        let builtin = NAMES.iter().find(|(known, _)| *known == name);
        match builtin {
            Some((_, Name::Person)) if !self.scope.person => {
                let names = NAMES.iter().map(|(n, _)| *n).filter(|n| *n != "person");
                Err(Fault::unknown(at.0, ("名称", "name"), name, names))
            }
            Some((_, builtin)) => Ok(leaf(type_of(*builtin), at, Node::Name(*builtin))),
            None => {
                let locals = self.locals.iter().map(|(n, _)| n.as_str());
                let lets = self.scope.lets.iter().map(|b| b.name.as_str());
                let names = NAMES.iter().map(|(n, _)| *n);
                let known = locals.chain(lets).chain(names).chain(["param"]);
                Err(Fault::unknown(at.0, ("名称", "name"), name, known))
            }
        }
    }

    fn select(
        &mut self,
        select: &SelectExpr,
        at: (usize, usize),
        level: usize,
    ) -> Result<Expr, Fault> {
        let field = select.field.as_str();
        // The span of a selection is its dot; the name follows it.
        let end = self.after_name(at.1, field);
        if matches!(&select.operand.expr, Cel::Ident(name) if name == "param") {
            let start = self.token(&select.operand).0;
            let Some(ty) = self.scope.params.get(field) else {
                let known = self.scope.params.keys().map(String::as_str);
                return Err(Fault::unknown(at.1, ("参数", "parameter"), field, known));
            };
            return Ok(leaf(
                ty.clone(),
                (start, end),
                Node::Param(field.to_owned()),
            ));
        }
        let of = self.expr(&select.operand, level + 1)?;
        let span = (of.span.0, end);
        let depth = of.depth + 1;
        let (ty, node) = match &of.ty {
            Type::Person | Type::Household => {
                let about = if matches!(of.ty, Type::Person) {
                    About::Person
                } else {
                    About::Household
                };
                let kind = Kind::named(field).filter(|k| k.def().about == about);
                let Some(kind) = kind else {
                    let kinds = Kind::all().filter(|k| k.def().about == about);
                    let known = kinds.map(|k| k.def().name);
                    return Err(Fault::unknown(at.1, ("事实", "kind of fact"), field, known));
                };
                (Type::of_kind(kind), Node::Kind(Box::new(of), kind))
            }
            Type::Item(kind) => {
                let Some(id) = kind.field(field) else {
                    let known = kind.def().fields.iter().map(|f| f.name);
                    return Err(Fault::unknown(at.1, ("字段", "field"), field, known));
                };
                (Type::of_field(id.def().ty), Node::Field(Box::new(of), id))
            }
            other => {
                return Err(Fault::new(
                    at.1,
                    "type.no_fields",
                    format!("{other} 没有字段 `{field}`；列表请用 exists、map 等"),
                    format!("{other} has no field `{field}`; lists need exists, map or the like"),
                ));
            }
        };
        Ok(Expr {
            ty,
            span,
            depth,
            node,
        })
    }

    fn after_name(&self, dot_end: usize, name: &str) -> usize {
        let rest = self.source.get(dot_end..).unwrap_or("");
        let gap = rest.len() - rest.trim_start().len();
        (dot_end + gap + name.len()).min(self.source.len())
    }

    fn list(
        &mut self,
        elements: &[IdedExpr],
        at: (usize, usize),
        level: usize,
    ) -> Result<Expr, Fault> {
        let items: Result<Vec<_>, _> = elements
            .iter()
            .map(|element| self.expr(element, level + 1))
            .collect();
        let items = items?;
        let Some(first) = items.first() else {
            return Err(Fault::new(
                at.0,
                "expression.empty_list",
                "不能写空列表".to_owned(),
                "an empty list has no type".to_owned(),
            ));
        };
        let ty = first.ty.clone();
        if let Some(odd) = items.iter().find(|item| !item.ty.fits(&ty)) {
            return Err(mismatch(odd, &ty));
        }
        Ok(self.node(Type::list(ty), at, Node::List(items)))
    }

    fn call(&mut self, call: &CallExpr, at: (usize, usize), level: usize) -> Result<Expr, Fault> {
        if let Some(target) = &call.target {
            if call.func_name == "verdict" {
                return check_text::verdict(self, call, target, at, level);
            }
            if check_text::is_test(&call.func_name) {
                return check_text::member(self, call, target, at, level);
            }
            return check_call::each(self, call, target, at, level);
        }
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            ("has" | "is_known", [inner]) => {
                let inner = self.expr(inner, level + 1)?;
                let known = Node::IsKnown(Box::new(inner));
                Ok(self.node(Type::Bool, at, known))
            }
            ("!_", [inner]) => {
                let inner = self.bool(inner, level)?;
                Ok(self.node(Type::Bool, at, Node::Not(Box::new(inner))))
            }
            ("-_", [inner]) => {
                let inner = self.expr(inner, level + 1)?;
                check_call::negated(self, inner, at)
            }
            ("_&&_" | "_||_", [left, right]) => {
                let (left, right) = (self.bool(left, level)?, self.bool(right, level)?);
                let (left, right) = (Box::new(left), Box::new(right));
                let node = if name == "_&&_" {
                    Node::And(left, right)
                } else {
                    Node::Or(left, right)
                };
                Ok(self.node(Type::Bool, at, node))
            }
            ("_?_:_", [when, then, other]) => {
                let when = self.bool(when, level)?;
                let (then, other) = self.pair(then, other, level)?;
                if !then.ty.fits(&other.ty) {
                    return Err(mismatch(&other, &then.ty));
                }
                let ty = then.ty.clone();
                let node = Node::Choose(Box::new(when), Box::new(then), Box::new(other));
                Ok(self.node(ty, at, node))
            }
            ("_[_]", [list, index]) => {
                let args = vec![self.expr(list, level + 1)?, self.expr(index, level + 1)?];
                check_call::function(self, Function::At, "[]", args, at)
            }
            ("matches", [text, pattern]) => check_text::matches(self, text, pattern, at, level),
            ("@in", [item, list]) => {
                let (item, list) = (self.expr(item, level + 1)?, self.expr(list, level + 1)?);
                check_call::membership(self, item, list, at)
            }
            (operator, [left, right]) if relation(operator).is_some() => {
                let (left, right) = self.pair(left, right, level)?;
                check_call::compare(self, relation(operator), left, right, at)
            }
            (operator, [left, right]) if operation(operator).is_some() => {
                let (left, right) = (self.expr(left, level + 1)?, self.expr(right, level + 1)?);
                check_call::arithmetic(self, operation(operator), left, right, at)
            }
            (name, args) => self.function(name, args, at, level),
        }
    }

    fn function(
        &mut self,
        name: &str,
        args: &[IdedExpr],
        at: (usize, usize),
        level: usize,
    ) -> Result<Expr, Fault> {
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let start = word_start(self.source, at.0);
            // It is there, with other arguments.
            if let Some((_, wanted)) = FORMS.iter().find(|(form, _)| *form == name) {
                return Err(check_call::arity(start, name, wanted));
            }
            let known = FUNCTIONS.iter().map(|(n, _)| *n);
            let known = known.chain(FORMS.map(|(form, _)| form));
            return Err(Fault::unknown(start, ("函数", "function"), name, known));
        };
        let args: Result<Vec<_>, _> = args.iter().map(|arg| self.expr(arg, level + 1)).collect();
        check_call::function(self, *function, name, args?, at)
    }

    pub(crate) fn bool(&mut self, tree: &IdedExpr, level: usize) -> Result<Expr, Fault> {
        let expr = self.expr(tree, level + 1)?;
        if expr.ty.fits(&Type::Bool) {
            Ok(expr)
        } else {
            Err(mismatch(&expr, &Type::Bool))
        }
    }

    fn pair(
        &mut self,
        left: &IdedExpr,
        right: &IdedExpr,
        level: usize,
    ) -> Result<(Expr, Expr), Fault> {
        let (left, right) = (self.expr(left, level + 1)?, self.expr(right, level + 1)?);
        let right = adopt(right, &left.ty)?;
        let left = adopt(left, &right.ty)?;
        Ok((left, right))
    }

    /// A node whose span covers its parts and the token it has of its own.
    pub(crate) fn node(&self, ty: Type, at: (usize, usize), node: Node) -> Expr {
        let (mut span, mut depth) = (at, 0);
        for part in parts(&node) {
            span = (span.0.min(part.span.0), span.1.max(part.span.1));
            depth = depth.max(part.depth);
        }
        let is_call = matches!(
            node,
            Node::Call(..)
                | Node::Each(..)
                | Node::IsKnown(_)
                | Node::Matches(..)
                | Node::Verdict(..)
        );
        if is_call {
            span = (word_start(self.source, span.0.min(at.0)), span.1);
        }
        Expr {
            ty,
            span: balanced(self.source, span),
            depth: depth + 1,
            node,
        }
    }
}

fn leaf(ty: Type, span: (usize, usize), node: Node) -> Expr {
    Expr {
        ty,
        span,
        depth: 1,
        node,
    }
}

pub(crate) fn too_deep(offset: usize) -> Fault {
    Fault::new(
        offset,
        "expression.too_deep",
        format!("表达式嵌套超过{DEPTH_MAX}层"),
        format!("the expression nests deeper than {DEPTH_MAX} levels"),
    )
}

fn type_of(name: Name) -> Type {
    match name {
        Name::On => Type::Date,
        Name::Household => Type::Household,
        Name::Members | Name::People => Type::list(Type::Person),
        Name::Person | Name::Head => Type::Person,
        Name::Hukou | Name::Residence => Type::Division,
    }
}

pub(crate) fn relation(operator: &str) -> Option<Relation> {
    Some(match operator {
        "_==_" => Relation::Equal,
        "_!=_" => Relation::NotEqual,
        "_<_" => Relation::Less,
        "_<=_" => Relation::LessOrEqual,
        "_>_" => Relation::Greater,
        "_>=_" => Relation::GreaterOrEqual,
        _ => return None,
    })
}

pub(crate) fn operation(operator: &str) -> Option<Operation> {
    Some(match operator {
        "_+_" => Operation::Add,
        "_-_" => Operation::Subtract,
        "_*_" => Operation::Multiply,
        "_/_" => Operation::Divide,
        "_%_" => Operation::Remainder,
        _ => return None,
    })
}

/// The list form of a name.
pub(crate) fn each_named(name: &str) -> Option<Each> {
    Some(match name {
        "exists" => Each::Exists,
        "all" => Each::All,
        "exists_one" => Each::ExistsOne,
        "filter" => Each::Filter,
        "map" => Each::Map,
        _ => return None,
    })
}

/// Forms that look like functions, with what they take.
const FORMS: [(&str, &str); 3] = [
    ("has", "(x.f)"),
    ("is_known", "(x)"),
    ("matches", "(text, \"pattern\")"),
];

/// The parts of a node, in reading order.
pub(crate) fn parts(node: &Node) -> Vec<&Expr> {
    match node {
        Node::Bool(_)
        | Node::Int(_)
        | Node::Text(_)
        | Node::Code(_)
        | Node::Date(_)
        | Node::Name(_)
        | Node::Let(_)
        | Node::Local(_)
        | Node::Param(_) => Vec::new(),
        Node::Kind(of, _)
        | Node::Field(of, _)
        | Node::IsKnown(of)
        | Node::Not(of)
        | Node::Matches(of, _)
        | Node::Verdict(of, _) => vec![of],
        Node::And(a, b)
        | Node::Or(a, b)
        | Node::Compare(_, a, b)
        | Node::Arithmetic(_, a, b)
        | Node::In(a, b)
        | Node::Each(_, a, b) => vec![a, b],
        Node::Choose(a, b, c) => vec![a, b, c],
        Node::List(items) | Node::Call(_, items) => items.iter().collect(),
    }
}
