//! Names and parameters that nobody uses.

use std::collections::BTreeSet;

use crate::check::parts;
use crate::expr::{Expr, Node};
use crate::policy::{Plan, Policy, PolicySet};
use crate::review::Warning;
use crate::written::Written;

/// Names of `let` that neither a condition nor a sentence uses, not even
/// through another name that is used.
pub(super) fn names(one: &Written<'_>) -> Vec<Warning> {
    let mut used = BTreeSet::new();
    for expr in expressions(one.policy) {
        mark(expr, &one.policy.lets, &mut used);
    }
    let names = one.file.lets.0.iter().enumerate();
    let idle = names.filter(|(slot, _)| !used.contains(slot));
    idle.map(|(_, (name, _))| {
        let text = &name.value;
        let zh = format!("名称 `{text}` 没有用到");
        let en = format!("`{text}` is used by nothing");
        one.warn(name, 0, "let.unused", (zh, en))
    })
    .collect()
}

/// Declared parameters that no policy uses, each where it is declared first.
pub(super) fn parameters(set: &PolicySet) -> Vec<Warning> {
    let policies = set.policies().iter();
    let used: BTreeSet<&String> = policies.flat_map(|p| &p.parameters).collect();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let idle = set.parameters().iter().filter(|p| !used.contains(&p.key));
    let first = idle.filter(|p| told.insert(&p.key));
    first
        .map(|parameter| {
            let (key, title) = (&parameter.key, &parameter.zh);
            let zh = format!("没有政策用到参数 `{key}`（{title}）");
            let en = format!("no policy uses the parameter `{key}`");
            Warning::at(parameter.at.clone(), "parameter.unused", zh, en)
        })
        .collect()
}

/// Every expression of a policy but those that names stand for.
fn expressions(policy: &Policy) -> Vec<&Expr> {
    let plans = [&policy.missed, &policy.no_longer, &policy.raises];
    let criteria = policy.criteria.iter().map(|criterion| &criterion.when);
    let amount = policy.amount.iter().map(|amount| &amount.per_month);
    criteria
        .chain(&policy.applies_when)
        .chain(&policy.receiving)
        .chain(&policy.incident_place)
        .chain(amount)
        .chain(&policy.material)
        .chain(plans.into_iter().flatten().flat_map(planned))
        .collect()
}

fn planned(plan: &Plan) -> Vec<&Expr> {
    let levels = plan.level_when.iter().map(|(when, _)| when);
    let deadlines = plan.deadlines.iter();
    let deadlines = deadlines.flat_map(|one| std::iter::once(&one.within).chain(&one.from));
    plan.spoken()
        .chain(levels)
        .chain(deadlines)
        .chain(&plan.recheck_on)
        .collect()
}

fn mark(expr: &Expr, lets: &[Expr], used: &mut BTreeSet<usize>) {
    if let Node::Let(slot) = expr.node
        && used.insert(slot)
    {
        mark(&lets[slot], lets, used);
    }
    for part in parts(&expr.node) {
        mark(part, lets, used);
    }
}
