//! Which expressions may fail: have no value whatever is known.

use crate::check::parts;
use crate::expr::{Expr, Function, Node};

/// Whether an expression may fail. What only looks at facts, compares them or joins
/// truth values cannot; an amount that is computed, an element that is picked and
/// what another policy says can.
pub(crate) fn may_fail(expr: &Expr, lets: &[Expr]) -> bool {
    let itself = match &expr.node {
        Node::Arithmetic(..) | Node::Verdict(..) | Node::Matches(..) => true,
        Node::Call(function, _) => !matches!(
            function,
            Function::Known
                | Function::Certain
                | Function::Unless
                | Function::PaidRows
                | Function::Size
                | Function::Sources
                | Function::Confirmed
        ),
        Node::Let(slot) => lets.get(*slot).is_none_or(|bound| may_fail(bound, lets)),
        _ => false,
    };
    let mut within = parts(&expr.node).into_iter();
    itself || within.any(|part| may_fail(part, lets))
}
