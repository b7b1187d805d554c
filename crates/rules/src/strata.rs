//! Policies that read the verdicts of others: who waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use domain::evaluation::Confidential;
use serde_saphyr::Spanned;

use crate::check::{DEPTH_MAX, parts};
use crate::document::About;
use crate::expr::{Expr, Node};
use crate::policy::Policy;
use crate::problem::{Fault, Problem};
use crate::yaml::{Document, placed};

/// One verdict that a policy reads.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) policy: String,
    about: About,
    /// Where it is read; what is wrong with it is filled in.
    pub(crate) at: Problem,
}

/// The verdicts that an expression reads.
pub(crate) fn reads(
    expr: &Expr,
    document: &Document,
    scalar: &Spanned<String>,
    into: &mut Vec<Read>,
) {
    if let Node::Verdict(_, asked) = &expr.node {
        let nothing = Fault::new(asked.offset, "verdict", String::new(), String::new());
        into.push(Read {
            policy: asked.policy.clone(),
            about: asked.about,
            at: placed(document, scalar, nothing),
        });
    }
    for part in parts(&expr.node) {
        reads(part, document, scalar, into);
    }
}

/// Checks that what is read is there, may be read and waits for nobody who waits
/// for it; policies then use the parameters of those they read.
pub(crate) fn check(policies: &mut [Policy], problems: &mut Vec<Problem>) {
    let before = problems.len();
    for policy in policies.iter() {
        for read in &policy.reads {
            problems.extend(refused(policy, read, policies));
        }
    }
    if problems.len() > before {
        return;
    }
    let mut seen = BTreeMap::new();
    for policy in policies.iter() {
        let mut waiting = Vec::new();
        if let Err(problem) = walk(&policy.id, policies, &mut waiting, &mut seen) {
            problems.push(*problem);
            return;
        }
    }
    for at in order(policies) {
        let read: BTreeSet<&str> = policies[at]
            .reads
            .iter()
            .map(|r| r.policy.as_str())
            .collect();
        let below = policies.iter().filter(|p| read.contains(p.id.as_str()));
        let more: BTreeSet<String> = below.flat_map(|p| p.parameters.iter().cloned()).collect();
        policies[at].parameters.extend(more);
    }
}

/// Policies whose verdicts others read.
pub(crate) fn read(policies: &[Policy]) -> impl Iterator<Item = &str> {
    let reads = policies.iter().flat_map(|policy| &policy.reads);
    reads.map(|read| read.policy.as_str())
}

/// Positions of policies, those that are read before those that read them.
pub(crate) fn order(policies: &[Policy]) -> Vec<usize> {
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut order = Vec::with_capacity(policies.len());
    while order.len() < policies.len() {
        let waits = |id: &str| {
            let versions = policies.iter().filter(|p| p.id == id);
            let mut reads = versions.flat_map(|p| &p.reads);
            reads.any(|read| !placed.contains(read.policy.as_str()))
        };
        let free = policies.iter().enumerate();
        let free = free.filter(|(_, p)| !placed.contains(p.id.as_str()) && !waits(&p.id));
        let next: Vec<(usize, &str)> = free.map(|(at, p)| (at, p.id.as_str())).collect();
        if next.is_empty() {
            break;
        }
        for (at, id) in next {
            order.push(at);
            placed.insert(id);
        }
    }
    order
}

/// Why a policy may not read a verdict.
fn refused(policy: &Policy, read: &Read, policies: &[Policy]) -> Option<Problem> {
    let mut versions = policies.iter().filter(|p| p.id == read.policy).peekable();
    if versions.peek().is_none() {
        let known = policies.iter().map(|p| p.id.as_str());
        let fault = Fault::unknown(0, ("政策", "policy"), &read.policy, known);
        return Some(Problem {
            code: fault.code,
            zh: fault.zh,
            en: fault.en,
            nearest: fault.nearest,
            ..read.at.clone()
        });
    }
    for other in versions {
        if other.about != read.about {
            let (zh, en) = match other.about {
                About::Person => ("人", "persons"),
                About::Household => ("家庭", "households"),
            };
            return Some(said(
                read,
                "verdict.subject",
                format!("政策 `{}` 以{zh}为对象", read.policy),
                format!("`{}` is about {en}", read.policy),
            ));
        }
        if other.confidential != Confidential::Ordinary && policy.confidential != other.confidential
        {
            return Some(said(
                read,
                "verdict.confidential",
                format!("`{}` 是保密政策，不能在别处读取其结果", read.policy),
                format!("`{}` is confidential: others may not read it", read.policy),
            ));
        }
    }
    None
}

fn said(read: &Read, code: &'static str, zh: String, en: String) -> Problem {
    Problem {
        code,
        zh,
        en,
        ..read.at.clone()
    }
}

/// Levels of nesting of a policy and of the deepest row of policies below it, for
/// the interpreter recurses; a policy that waits for itself is told with all who
/// stand between.
fn walk<'p>(
    id: &'p str,
    policies: &'p [Policy],
    waiting: &mut Vec<&'p str>,
    seen: &mut BTreeMap<&'p str, usize>,
) -> Result<usize, Box<Problem>> {
    if let Some(depth) = seen.get(id) {
        return Ok(*depth);
    }
    waiting.push(id);
    let versions = || policies.iter().filter(|p| p.id == id);
    let own = versions().map(|p| p.depth).max().unwrap_or(0);
    let mut depth = own;
    for read in versions().flat_map(|p| &p.reads) {
        if let Some(from) = waiting.iter().position(|one| *one == read.policy) {
            let mut round: Vec<&str> = waiting[from..].to_vec();
            round.push(&read.policy);
            let round = round.join(" → ");
            return Err(Box::new(said(
                read,
                "verdict.cycle",
                format!("政策互相等待：{round}"),
                format!("policies wait for one another: {round}"),
            )));
        }
        depth = depth.max(own + walk(&read.policy, policies, waiting, seen)?);
        if depth > DEPTH_MAX {
            return Err(Box::new(said(
                read,
                "verdict.too_deep",
                format!("连同逐级读取的政策，嵌套超过{DEPTH_MAX}层"),
                format!("with the policies it reads it nests deeper than {DEPTH_MAX} levels"),
            )));
        }
    }
    waiting.pop();
    seen.insert(id, depth);
    Ok(depth)
}
