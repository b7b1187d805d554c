//! The parameters of a policy, what the files know of them, and which parts of
//! the policy another value would change.

use std::collections::BTreeSet;

use crate::check::parts;
use crate::expr::{Expr, Node};
use crate::handbook::Page;
use crate::handbook::words::{self, code, text};
use crate::parameters::{Parameter, ParameterValue};
use crate::policy::{Plan, Policy, PolicySet};
use crate::written::Written;

/// The region of national figures.
const NATION: &str = "000000";

pub(super) fn section(page: &mut Page, set: &PolicySet, one: &Written<'_>) {
    if one.policy.parameters.is_empty() {
        return;
    }
    page.heading("## 参数");
    page.line("| 参数 | 单位 | 文件里的值 | 改变它会影响 |");
    page.line("|---|---|---|---|");
    for key in &one.policy.parameters {
        let declared = set.parameters().declared(key);
        let declared: Vec<&Parameter> = declared.into_iter().flat_map(|d| d.values()).collect();
        let Some(first) = declared.first() else {
            continue;
        };
        let known: Vec<String> = declared.iter().map(|one| values(one)).collect();
        page.line(&format!(
            "| {} {} | {} | {} | {} |",
            text(&first.zh),
            code(key),
            words::unit(&first.unit, &first.list),
            known.join("<br>"),
            touched(set, one.policy, key).join("、"),
        ));
    }
}

/// `全国：3个月，自2022年10月20日起（民发〔2022〕83号 一（三））`.
fn values(parameter: &Parameter) -> String {
    let place = match parameter.region.as_str() {
        NATION => "全国",
        region => region,
    };
    let mut told: Vec<String> = parameter.values.iter().map(value).collect();
    if told.is_empty() {
        told.push("未设".to_owned());
    }
    for one in &parameter.reported {
        let (value, document) = (text(&one.value), text(&one.document));
        told.push(format!(
            "{}年报道为{value}，无执行日期，不适用（{document}）",
            one.year
        ));
    }
    format!("{place}：{}", told.join("；"))
}

fn value(value: &ParameterValue) -> String {
    let sample = if value.sample { "样例 " } else { "" };
    let source = [value.document.trim(), value.article.trim()];
    let source: Vec<&str> = source.into_iter().filter(|part| !part.is_empty()).collect();
    let source = match source.as_slice() {
        [] => "无出处".to_owned(),
        told => text(&told.join(" ")),
    };
    let review = value
        .review_due
        .map(|due| format!("，复核至{}", words::day(due)));
    format!(
        "{sample}{}，{}{}（{source}）",
        text(&value.words),
        words::period(value.valid),
        review.unwrap_or_default()
    )
}

/// Parts of a policy that read a parameter, themselves or through a name.
fn touched(set: &PolicySet, policy: &Policy, key: &str) -> Vec<String> {
    let reads = |expr: &Expr| reads(set, expr, (&policy.lets, key), &mut BTreeSet::new());
    let mut parts = Vec::new();
    let mut part = |name: &str, touched: bool| {
        if touched {
            parts.push(name.to_owned());
        }
    };
    part("适用", policy.applies_when.iter().any(reads));
    for criterion in &policy.criteria {
        part(
            &format!("条件 {}", code(&criterion.id)),
            reads(&criterion.when),
        );
    }
    part("领取", policy.receiving.iter().any(reads));
    let amounts = policy.amount.iter().map(|amount| &amount.per_month);
    part("金额", { amounts }.any(reads));
    let plans = || {
        [&policy.missed, &policy.no_longer, &policy.raises]
            .into_iter()
            .flatten()
    };
    let levels = |plan: &Plan| plan.level_when.iter().any(|(when, _)| reads(when));
    part("级别", plans().any(levels));
    let deadlines = |plan: &Plan| {
        let mut all = plan.deadlines.iter();
        all.any(|one| reads(&one.within) || one.from.iter().any(reads))
    };
    part("期限", plans().any(deadlines));
    let said = |plan: &Plan| plan.spoken().any(reads);
    part("句子", plans().any(said));
    let again = |plan: &Plan| plan.recheck_on.iter().any(reads);
    part("再看日", plans().any(again));
    part("发生地", policy.incident_place.iter().any(reads));
    part("重开依据", policy.material.iter().any(reads));
    parts
}

fn reads(
    set: &PolicySet,
    expr: &Expr,
    (lets, key): (&[Expr], &str),
    seen: &mut BTreeSet<usize>,
) -> bool {
    match &expr.node {
        Node::Param(read) => read == key,
        // A name that was looked through once need not be again.
        Node::Let(slot) => seen.insert(*slot) && reads(set, &lets[*slot], (lets, key), seen),
        // Who reads a verdict waits for the parameters it rests on.
        Node::Verdict(_, asked) => {
            let mut versions = set.policies().iter().filter(|p| p.id == asked.policy);
            versions.any(|p| p.parameters.iter().any(|known| known == key))
        }
        node => parts(node)
            .into_iter()
            .any(|part| reads(set, part, (lets, key), seen)),
    }
}
