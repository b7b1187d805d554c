//! Types of what is asked of texts — parts, beginnings, ends, patterns — and of
//! other policies.

use cel::common::ast::{CallExpr, IdedExpr};

use crate::check::{Checker, mismatch};
use crate::check_call;
use crate::document::About;
use crate::expr::{Asked, Expr, Function, Node};
use crate::plain::pattern;
use crate::problem::Fault;
use crate::types::Type;

type Span = (usize, usize);

/// What is asked of a text, as `text.contains("…")`.
pub(crate) const TESTS: [&str; 4] = ["contains", "startsWith", "endsWith", "matches"];

/// Whether a call on something is asked of a text.
pub(crate) fn is_test(name: &str) -> bool {
    TESTS.contains(&name)
}

/// `text.contains(part)` and its siblings.
pub(crate) fn member(
    checker: &mut Checker<'_>,
    call: &CallExpr,
    target: &IdedExpr,
    at: Span,
    level: usize,
) -> Result<Expr, Fault> {
    let name = call.func_name.as_str();
    let function = match name {
        "startsWith" => Function::StartsWith,
        "endsWith" => Function::EndsWith,
        _ => Function::Contains,
    };
    if let ("matches", [written]) = (name, call.args.as_slice()) {
        return matches(checker, target, written, at, level);
    }
    let mut args = vec![checker.expr(target, level + 1)?];
    for arg in &call.args {
        args.push(checker.expr(arg, level + 1)?);
    }
    check_call::function(checker, function, name, args, at)
}

/// `text.matches("pattern")`: the pattern is written out, so that it is read and
/// bounded when the policy is loaded. It matches in time linear in the text.
pub(crate) fn matches(
    checker: &mut Checker<'_>,
    text: &IdedExpr,
    written: &IdedExpr,
    at: Span,
    level: usize,
) -> Result<Expr, Fault> {
    let text = checker.expr(text, level + 1)?;
    let written = checker.expr(written, level + 1)?;
    if !text.ty.fits(&Type::Text) {
        return Err(mismatch(&text, &Type::Text));
    }
    let Node::Text(source) = &written.node else {
        return Err(Fault::new(
            written.span.0,
            "pattern.written",
            "模式须写成文字，不能由表达式得出".to_owned(),
            "a pattern must be written out as a text".to_owned(),
        ));
    };
    let Some(regex) = pattern(source) else {
        return Err(Fault::new(
            written.span.0,
            "pattern.malformed",
            format!("`{source}` 不是模式，或编译后过大"),
            format!("`{source}` is no pattern, or too large a one"),
        ));
    };
    let (start, end) = written.span;
    let mut whole = checker.node(Type::Bool, at, Node::Matches(Box::new(text), regex));
    whole.span = (whole.span.0.min(start), whole.span.1.max(end));
    Ok(whole)
}

/// `person.verdict("policy")`: the name is written out, so that it is known when
/// the set is loaded who waits for whom.
pub(crate) fn verdict(
    checker: &mut Checker<'_>,
    call: &CallExpr,
    target: &IdedExpr,
    at: Span,
    level: usize,
) -> Result<Expr, Fault> {
    let of = checker.expr(target, level + 1)?;
    let about = match of.ty {
        Type::Person => About::Person,
        Type::Household => About::Household,
        _ => return Err(mismatch(&of, &Type::Household)),
    };
    let name = match call.args.as_slice() {
        [name] => Some(checker.expr(name, level + 1)?),
        _ => None,
    };
    let written = name.as_ref().and_then(|name| match &name.node {
        Node::Text(policy) => Some((policy.clone(), name.span)),
        _ => None,
    });
    let Some((policy, (start, end))) = written else {
        return Err(Fault::new(
            at.0,
            "verdict.written",
            "verdict 需要写出一个政策名".to_owned(),
            "verdict takes the name of a policy, written out".to_owned(),
        ));
    };
    let asked = Asked {
        policy,
        about,
        offset: start,
    };
    let mut whole = checker.node(Type::Bool, at, Node::Verdict(Box::new(of), asked));
    whole.span = (whole.span.0.min(start), whole.span.1.max(end));
    Ok(whole)
}
