//! Why a verdict and a signal are what they are.

use std::collections::BTreeMap;

use domain::evaluation::{CriterionTrace, Decision, Missing, Operand, Segment, Signal};
use domain::household::Household;
use domain::ids::Subject;

use crate::check::parts;
use crate::eval::Frame;
use crate::expr::{Expr, Node};
use crate::judge::{Judged, Weight, asked, judge, may_remain_open};
use crate::policy::{Criterion, Policy, PolicySet};
use crate::sentence::titles;
use crate::types::Type;
use crate::val::Val;
use crate::words::{Language, Wording};

/// Explains one evaluation: the same interpreter, with everything it read.
/// `None` when the policy is not in force or says nothing about the subject.
pub fn explain(
    set: &PolicySet,
    household: &Household,
    policy: &str,
    subject: Subject,
) -> Option<Decision> {
    let (policy, person) = asked(set, household, policy, subject)?;
    let on = household.on;
    let chinese = Frame::new(&policy.lets, set, household, on, person).traced();
    let judged = judge(policy, &chinese);
    let evaluation = judged.evaluation(policy, &chinese);
    let criteria = policy.criteria.iter().enumerate();
    let criteria = criteria
        .map(|(index, criterion)| traced(policy, index, criterion, &judged, &chinese))
        .collect();
    let missing = judged.weighed.missing(set);
    let sentence_zh = sentence(policy, &judged, &chinese, &missing);
    let english = chinese.english(&policy.worded);
    let sentence_en = sentence(policy, &judged, &english, &missing);
    let holds = matches!(evaluation.signal, Signal::Holds { .. });
    let told = judged.plan.filter(|_| holds);
    let village_zh = told.map(|plan| plan.village.fill(&chinese, &missing));
    let advice = told.map(|plan| plan.advice.clone());
    let (advice_zh, advice_en) = advice.map_or_else(Default::default, |a| (a.zh, a.en));
    let trace = chinese.trace.map(std::cell::RefCell::into_inner);
    let trace = trace.unwrap_or_default();
    let used = trace.parameters.into_iter();
    Some(Decision {
        evaluation,
        title_zh: policy.title.zh.clone(),
        title_en: policy.title.en.clone(),
        on,
        policy_set: set.hash().to_owned(),
        basis: policy.basis.clone(),
        sentence_zh,
        sentence_en,
        village_zh: village_zh.unwrap_or_default(),
        advice_zh,
        advice_en,
        limits: policy.limits.clone(),
        criteria,
        parameters: used.map(|(key, found)| found.usage(key, on)).collect(),
        coverage: trace.coverage.into_iter().cloned().collect(),
        missing,
        rows: trace.rows.into_iter().collect(),
    })
}

/// What the names that a policy binds by `let` are for one subject, in Chinese
/// words; empty when the policy says nothing about it.
pub(crate) fn values(
    set: &PolicySet,
    household: &Household,
    policy: &str,
    subject: Subject,
) -> BTreeMap<String, String> {
    let Some((policy, person)) = asked(set, household, policy, subject) else {
        return BTreeMap::new();
    };
    let (lets, on) = (&policy.lets, household.on);
    let frame = Frame::new(lets, set, household, on, person);
    let names = policy.let_names.iter().cloned();
    names
        .zip(lets.iter().map(|expr| shown(expr, &frame)))
        .collect()
}

fn traced<'a>(
    policy: &'a Policy,
    index: usize,
    criterion: &'a Criterion,
    judged: &Judged<'a>,
    frame: &Frame<'a>,
) -> CriterionTrace {
    let result = &judged.weighed.outcomes[index];
    let applied = judged.weighed.weight != Weight::NotApplicable;
    let mut sides = Vec::new();
    if applied {
        compared(&criterion.when, &mut sides);
    }
    let mut operands: Vec<Operand> = Vec::new();
    for side in sides {
        let (start, end) = side.span;
        let expression = criterion.source.get(start..end).unwrap_or("").to_owned();
        if operands.iter().all(|known| known.expression != expression) {
            let value = shown(side, frame);
            operands.push(Operand { expression, value });
        }
    }
    CriterionTrace {
        id: criterion.id.clone(),
        zh: criterion.zh.clone(),
        holds: result.as_ref().ok().copied().filter(|_| applied),
        may_remain_open: result
            .as_ref()
            .is_err_and(|gap| may_remain_open(policy, index, gap)),
        operands,
        missing: match result {
            Err(gap) => gap.told(frame.set).into_iter().collect(),
            Ok(_) => Vec::new(),
        },
    }
}

/// The sides of the comparisons a condition is made of; what is inside a list
/// form has no single value and is shown as the form itself.
fn compared<'e>(expr: &'e Expr, out: &mut Vec<&'e Expr>) {
    match &expr.node {
        Node::And(..) | Node::Or(..) | Node::Not(_) | Node::Choose(..) => {
            for part in parts(&expr.node) {
                compared(part, out);
            }
        }
        Node::Compare(_, left, right) | Node::In(left, right) => {
            let literal = |e: &Expr| {
                matches!(
                    e.node,
                    Node::Int(_) | Node::Code(_) | Node::Text(_) | Node::Bool(_) | Node::Date(_)
                )
            };
            out.extend([&**left, &**right].into_iter().filter(|e| !literal(e)));
        }
        Node::Bool(_) => {}
        _ => out.push(expr),
    }
}

/// A value in words without naming people: operands are stored as text.
fn shown<'a>(expr: &'a Expr, frame: &Frame<'a>) -> String {
    let value = frame.value(expr);
    match (&value, &expr.ty) {
        (Ok(Val::List(list)), Type::List(of)) if matches!(**of, Type::Person | Type::Item(_)) => {
            let unit = if matches!(**of, Type::Person) {
                "人"
            } else {
                "条"
            };
            let more = if list.open.is_some() {
                "（名单不全）"
            } else {
                ""
            };
            format!("{}{unit}{more}", list.elements.len())
        }
        (Ok(Val::Person(_)), _) => "本人".to_owned(),
        _ => {
            let mut words = Wording::default();
            words.outcome(&value, &expr.ty, frame.on, Language::Chinese);
            words.plain()
        }
    }
}

/// The policy's own sentence when there is something to tell; otherwise the
/// verdict in one line.
fn sentence<'a>(
    policy: &'a Policy,
    judged: &Judged<'a>,
    frame: &Frame<'a>,
    missing: &[Missing],
) -> Vec<Segment> {
    let language = frame.language;
    if let Some(plan) = judged.plan {
        return match language {
            Language::Chinese => plan.zh.fill(frame, missing),
            Language::English => plan.en.fill(frame, missing),
        };
    }
    let title = language.pick(&policy.title.zh, &policy.title.en);
    let text = match judged.weighed.weight {
        Weight::Met => language
            .pick("符合条件，无需提示", "conditions met, nothing to tell")
            .to_owned(),
        Weight::NotApplicable => language.pick("不适用", "not applicable").to_owned(),
        Weight::NotMet => {
            let failed = policy.criteria.iter().zip(&judged.weighed.outcomes);
            let failed = failed.filter(|(_, result)| **result == Ok(false));
            let failed: Vec<&str> = failed.map(|(c, _)| language.pick(&c.zh, &c.en)).collect();
            let list = failed.join(language.pick("；", "; "));
            format!(
                "{}{list}",
                language.pick("不符合：", "conditions not met: ")
            )
        }
        Weight::Undetermined => {
            let list = titles(missing, language);
            format!(
                "{}{list}",
                language.pick("待核实，缺：", "undetermined, missing: ")
            )
        }
    };
    vec![Segment::Text(format!(
        "{title}{}{text}",
        language.pick("：", ": ")
    ))]
}
