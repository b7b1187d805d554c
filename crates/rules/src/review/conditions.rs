//! Conditions that are the same in every household: they ask nothing.

use serde_saphyr::Spanned;

use crate::check::parts;
use crate::document::PlanFile;
use crate::expr::{Expr, Node};
use crate::policy::Plan;
use crate::review::Warning;
use crate::review::assume::never;
use crate::review::terms::Terms;
use crate::types::Type;
use crate::written::Written;

const NEVER_TRUE: (&str, &str, &str) = (
    "condition.never_true",
    "这个条件永远不会成立",
    "this can never be true",
);
const NEVER_FALSE: (&str, &str, &str) = (
    "condition.never_false",
    "这个条件永远不会不成立",
    "this can never be false",
);

/// Conditions of one policy that can never be true, or never be false, wholly
/// or in a part; and criteria that can never hold together.
pub(super) fn review(one: &Written<'_>) -> Vec<Warning> {
    let mut terms = Terms::of(&one.policy.lets);
    let mut warnings = Vec::new();
    let (policy, file) = (one.policy, &one.file);
    let lets = file.lets.0.iter().map(|(_, scalar)| scalar);
    let all = conditions(one).into_iter().chain(lets.zip(&policy.lets));
    for (scalar, expr) in all {
        match told(one, &mut terms, scalar, expr, 0) {
            Some(warning) => warnings.push(warning),
            None => within(one, &mut terms, scalar, expr, 0, &mut warnings),
        }
    }
    warnings.extend(together(one, &mut terms));
    warnings
}

/// Every condition with the scalar it is written in.
fn conditions<'w>(one: &'w Written<'_>) -> Vec<(&'w Spanned<String>, &'w Expr)> {
    let (policy, file) = (one.policy, &one.file);
    let applies = file.applies_when.iter().zip(&policy.applies_when);
    let criteria = file.criteria.iter().zip(&policy.criteria);
    let criteria = criteria.map(|(written, read)| (&written.when, &read.when));
    let receiving = file.receiving.iter().zip(&policy.receiving);
    let plans = [
        (&file.missed, &policy.missed),
        (&file.no_longer, &policy.no_longer),
        (&file.raises, &policy.raises),
    ];
    let levels = plans.into_iter().flat_map(|(written, read)| {
        let both: Option<(&PlanFile, &Plan)> = written.as_ref().zip(read.as_ref());
        both.into_iter().flat_map(|(written, read)| {
            let levels = written.level_when.iter().zip(&read.level_when);
            levels.map(|(written, (read, _))| (&written.when, read))
        })
    });
    applies
        .chain(criteria)
        .chain(receiving)
        .chain(levels)
        .collect()
}

/// The warning about an expression that is the same in every household.
fn told(
    one: &Written<'_>,
    terms: &mut Terms<'_>,
    scalar: &Spanned<String>,
    expr: &Expr,
    binders: usize,
) -> Option<Warning> {
    if !matches!(expr.ty, Type::Bool) {
        return None;
    }
    let id = terms.term(expr, binders);
    let value = terms.value(id);
    let (code, zh, en) = match (value.yes(), value.no()) {
        (false, _) => NEVER_TRUE,
        (_, false) => NEVER_FALSE,
        _ => return None,
    };
    let (start, end) = expr.span;
    let source = scalar.value.get(start..end).unwrap_or_default();
    let (at_most, or) = if value.open {
        ("，至多未知", ", at most unknown")
    } else {
        ("", "")
    };
    let words = (
        format!("{zh}{at_most}：`{source}`"),
        format!("{en}{or}: `{source}`"),
    );
    Some(one.warn(scalar, start, code, words))
}

/// The innermost parts of an expression that are always the same. A name is
/// told of where it is bound; a truth written out says what it is.
fn within(
    one: &Written<'_>,
    terms: &mut Terms<'_>,
    scalar: &Spanned<String>,
    expr: &Expr,
    binders: usize,
    warnings: &mut Vec<Warning>,
) {
    for (index, part) in parts(&expr.node).into_iter().enumerate() {
        let is_body = matches!(expr.node, Node::Each(..)) && index == 1;
        let binders = binders + usize::from(is_body);
        if matches!(part.node, Node::Let(_) | Node::Bool(_)) {
            continue;
        }
        let before = warnings.len();
        within(one, terms, scalar, part, binders, warnings);
        if warnings.len() == before {
            warnings.extend(told(one, terms, scalar, part, binders));
        }
    }
}

/// Conditions that each can hold, and never all of them.
fn together(one: &Written<'_>, terms: &mut Terms<'_>) -> Option<Warning> {
    let policy = one.policy;
    let criteria = policy.criteria.iter().map(|criterion| &criterion.when);
    let all = policy.applies_when.iter().chain(criteria);
    let all: Vec<_> = all.map(|expr| (terms.term(expr, 0), true)).collect();
    let each_may = all.iter().all(|(id, _)| terms.value(*id).yes());
    (each_may && never(terms, &all)).then(|| {
        let zh = "适用条件和各项条件不可能同时成立".to_owned();
        let en = "the conditions can never hold together".to_owned();
        one.warn(&one.file.policy, 0, "policy.never_met", (zh, en))
    })
}
