//! A policy after checking, and the set of them with its parameters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::evaluation::{AlertLevel, Basis, Confidential, Finding, Route, Step};
use domain::region::DivisionCode;
use domain::time::{Date, Period};
use sha2::{Digest, Sha256};

use crate::compile::compile;
use crate::document::{About, Both, PolicyKind};
use crate::expr::Expr;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::sentence::{Piece, Sentence};
use crate::strata::{self, Read};
use crate::yaml::Document;

/// One dated version of a policy.
#[derive(Debug)]
pub struct Policy {
    /// Name of the document it stands in.
    pub document: String,
    /// Its name, such as `subsistence_allowance`.
    pub id: String,
    /// Which version.
    pub version: String,
    /// When the version is in force.
    pub valid: Period,
    /// What it is about.
    pub kind: PolicyKind,
    /// About whom its verdicts are.
    pub about: About,
    /// Title.
    pub title: Both,
    /// Who of a desk may see its alerts.
    pub confidential: Confidential,
    /// Documents and articles.
    pub basis: Vec<Basis>,
    /// What must not be concluded from it.
    pub limits: Vec<String>,
    /// Keys of the parameters it uses.
    pub parameters: BTreeSet<String>,
    pub(crate) route: Route,
    pub(crate) incident_place: Option<Expr>,
    pub(crate) applies_when: Option<Expr>,
    /// Bases of composition that suffice; empty when none is needed.
    pub(crate) composition: Vec<&'static str>,
    pub(crate) may_remain_open: BTreeSet<String>,
    /// Names of `lets`, in the same order.
    pub(crate) let_names: Vec<String>,
    pub(crate) lets: Vec<Expr>,
    /// Which of them hold words, and so are others in another language.
    pub(crate) worded: Vec<bool>,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) receiving: Option<Expr>,
    pub(crate) amount: Option<AmountRule>,
    pub(crate) material: Vec<Expr>,
    pub(crate) missed: Option<Plan>,
    pub(crate) no_longer: Option<Plan>,
    pub(crate) raises: Option<Plan>,
    /// Verdicts of other policies that it reads.
    pub(crate) reads: Vec<Read>,
    /// Levels of nesting of its deepest expression.
    pub(crate) depth: usize,
}

impl Policy {
    /// Its criteria: id, Chinese and English sentence.
    pub fn criteria(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let all = self.criteria.iter();
        all.map(|c| (c.id.as_str(), c.zh.as_str(), c.en.as_str()))
    }

    /// The document and article that say how much is paid a month; `None`
    /// when the policy declares no amount.
    pub fn amount_basis(&self) -> Option<&Basis> {
        self.amount.as_ref().map(|amount| &amount.basis)
    }

    /// What it tells people when it holds, in the order of the document.
    pub fn plans(&self) -> impl Iterator<Item = PlanView<'_>> {
        let plans = [&self.missed, &self.no_longer, &self.raises];
        plans.into_iter().flatten().map(|plan| PlanView { plan })
    }

    /// What may stay unknown and still be told, as written.
    pub fn may_remain_open(&self) -> impl Iterator<Item = &str> {
        self.may_remain_open.iter().map(String::as_str)
    }

    /// What to do about a finding, in Chinese and English.
    pub fn advice(&self, finding: Finding) -> Option<&Both> {
        let plans = [&self.missed, &self.no_longer, &self.raises];
        let mut given = plans.into_iter().flatten();
        given
            .find(|plan| plan.grade == finding || plan.grade_when_open == finding)
            .map(|plan| &plan.advice)
    }
}

/// One thing a policy tells people, for showing.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'p> {
    plan: &'p Plan,
}

/// A deadline as the document writes it.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineView<'p> {
    /// What is to be done.
    pub step: Step,
    /// The expression of how many.
    pub within: &'p str,
    /// `working_days`, `days`, `months` or `hours`.
    pub unit: &'static str,
    /// The document that sets it; `None`: a platform default.
    pub statutory: Option<&'p str>,
}

impl<'p> PlanView<'p> {
    /// What is found.
    pub fn finding(&self) -> Finding {
        self.plan.grade
    }

    /// The level unless another holds.
    pub fn level(&self) -> AlertLevel {
        self.plan.level
    }

    /// Levels it has under conditions of their own.
    pub fn levels_under_conditions(&self) -> impl Iterator<Item = AlertLevel> {
        self.plan.level_when.iter().map(|(_, level)| *level)
    }

    /// Deadlines in the order of the document.
    pub fn deadlines(&self) -> impl Iterator<Item = DeadlineView<'p>> {
        let all = self.plan.deadlines.iter();
        all.map(|deadline| DeadlineView {
            step: deadline.step,
            within: &deadline.text,
            unit: deadline.unit.name(),
            statutory: deadline.statutory.as_deref(),
        })
    }

    /// What to do.
    pub fn advice(&self) -> &'p Both {
        &self.plan.advice
    }
}

/// How much a subject that is 符合 gets a month.
#[derive(Debug)]
pub(crate) struct AmountRule {
    pub(crate) per_month: Expr,
    pub(crate) basis: Basis,
}

#[derive(Debug)]
pub(crate) struct Criterion {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) when: Expr,
    pub(crate) zh: String,
    pub(crate) en: String,
}

/// What to do when there is something to tell.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) grade: Finding,
    pub(crate) grade_when_open: Finding,
    pub(crate) level: AlertLevel,
    pub(crate) level_when: Vec<(Expr, AlertLevel)>,
    pub(crate) deadlines: Vec<Deadline>,
    pub(crate) clear_after_days: u16,
    pub(crate) effect_within_days: Option<u16>,
    pub(crate) recheck_on: Option<Expr>,
    pub(crate) zh: Sentence,
    pub(crate) en: Sentence,
    /// Empty without words for a village.
    pub(crate) village: Sentence,
    pub(crate) advice: Both,
}

impl Plan {
    /// The expressions in its sentences.
    pub(crate) fn spoken(&self) -> impl Iterator<Item = &Expr> {
        let sentences = [&self.zh, &self.en, &self.village];
        let pieces = sentences.into_iter().flat_map(|sentence| &sentence.0);
        pieces.filter_map(|piece| match piece {
            Piece::Value(_, expr) => Some(expr),
            Piece::Text(_) | Piece::Missing(_) => None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanUnit {
    WorkingDays,
    Days,
    Months,
    Hours,
}

impl SpanUnit {
    const fn name(self) -> &'static str {
        match self {
            SpanUnit::WorkingDays => "working_days",
            SpanUnit::Days => "days",
            SpanUnit::Months => "months",
            SpanUnit::Hours => "hours",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Deadline {
    pub(crate) step: Step,
    pub(crate) unit: SpanUnit,
    /// As written.
    pub(crate) text: String,
    pub(crate) within: Expr,
    pub(crate) from: Option<Expr>,
    pub(crate) statutory: Option<String>,
}

/// A parameter that a policy needs and a place has not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsetParameter {
    /// Its key.
    pub key: String,
    /// Chinese title.
    pub zh: String,
    /// The policies that wait for it.
    pub policies: Vec<String>,
}

/// Policies and parameters, checked.
#[derive(Debug)]
pub struct PolicySet {
    policies: Vec<Policy>,
    parameters: Arc<Parameters>,
    hash: String,
}

/// The parser and the checker recurse with their input.
const STACK_BYTES: usize = 16 * 1024 * 1024;

impl PolicySet {
    /// Checks documents, or says everything that is wrong with them. Their
    /// order does not matter: they are taken in the order of their names.
    pub fn load(policies: &[Document], parameters: &[Document]) -> Result<PolicySet, Vec<Problem>> {
        with_stack(|| Self::check(policies, parameters))
    }

    /// Other policies over the parameters of this set, which are not read
    /// again. The hash is that of these policies and of this set.
    pub fn with_policies(&self, policies: &[Document]) -> Result<PolicySet, Vec<Problem>> {
        with_stack(|| {
            let policies = sorted(policies);
            let mut problems = Vec::new();
            let checked = compiled(&policies, &self.parameters, &mut problems);
            if !problems.is_empty() {
                return Err(problems);
            }
            let before = Document {
                name: String::new(),
                text: self.hash.clone(),
            };
            Ok(PolicySet {
                policies: checked,
                parameters: Arc::clone(&self.parameters),
                hash: digest(&policies, &[&before]),
            })
        })
    }

    fn check(policies: &[Document], parameters: &[Document]) -> Result<PolicySet, Vec<Problem>> {
        let (policies, parameters) = (sorted(policies), sorted(parameters));
        let mut problems = Vec::new();
        let mut registry = Parameters::default();
        for document in &parameters {
            registry.add(document, &mut problems);
        }
        registry.join_approved(&mut problems);
        let checked = compiled(&policies, &registry, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(PolicySet {
            policies: checked,
            parameters: Arc::new(registry),
            hash: digest(&policies, &parameters),
        })
    }

    /// SHA-256 (hex) of all documents.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Every version of every policy, in the order of their documents' names.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The newest version of a policy.
    pub fn policy(&self, id: &str) -> Option<&Policy> {
        let versions = self.policies.iter().filter(|p| p.id == id);
        versions.max_by_key(|p| p.valid.from)
    }

    /// The version of a policy in force on a date.
    pub fn in_force(&self, id: &str, on: Date) -> Option<&Policy> {
        let mut versions = self.policies.iter().filter(|p| p.id == id);
        versions.find(|p| p.valid.contains(on))
    }

    /// The parameter registry.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Parameters that policies in force on the date need and that have no
    /// value for the place, by key.
    pub fn unset(&self, region: DivisionCode, on: Date) -> Vec<UnsetParameter> {
        let mut waiting: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for policy in self.policies.iter().filter(|p| p.valid.contains(on)) {
            for key in &policy.parameters {
                if self.parameters.value(key, region, on).is_none() {
                    waiting.entry(key).or_default().push(policy.id.clone());
                }
            }
        }
        let unset = waiting.into_iter().map(|(key, policies)| UnsetParameter {
            key: key.to_owned(),
            zh: self.parameters.title(key).to_owned(),
            policies,
        });
        unset.collect()
    }
}

/// Runs on a thread whose stack bears the deepest document.
fn with_stack<T: Send>(
    work: impl FnOnce() -> Result<T, Vec<Problem>> + Send,
) -> Result<T, Vec<Problem>> {
    let stack = std::thread::Builder::new().stack_size(STACK_BYTES);
    let loaded = std::thread::scope(|scope| {
        let thread = stack.spawn_scoped(scope, work);
        thread.map(std::thread::ScopedJoinHandle::join)
    });
    match loaded {
        Ok(Ok(result)) => result,
        _ => Err(vec![Problem {
            document: String::new(),
            line: 0,
            column: 0,
            code: "document.unreadable",
            zh: "策略文件无法读取".to_owned(),
            en: "the documents could not be read".to_owned(),
            nearest: None,
        }]),
    }
}

/// Every policy that can be checked; what is wrong joins the problems.
fn compiled(
    policies: &[&Document],
    registry: &Parameters,
    problems: &mut Vec<Problem>,
) -> Vec<Policy> {
    let before = problems.len();
    let mut checked: Vec<Policy> = Vec::new();
    for document in policies {
        if let Some(policy) = compile(document, registry, problems) {
            if let Some(problem) = overlap(&checked, &policy, document) {
                problems.push(problem);
            }
            checked.push(policy);
        }
    }
    // Who waits for whom is only asked of policies that are all there.
    if problems.len() == before {
        strata::check(&mut checked, problems);
    }
    checked
}

fn sorted(documents: &[Document]) -> Vec<&Document> {
    let mut sorted: Vec<&Document> = documents.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted
}

fn digest(policies: &[&Document], parameters: &[&Document]) -> String {
    let mut hasher = Sha256::new();
    for (sort, documents) in [("policy", policies), ("parameter", parameters)] {
        for document in documents {
            for part in [sort, &document.name, &document.text] {
                hasher.update(part.len().to_be_bytes());
                hasher.update(part.as_bytes());
            }
        }
    }
    hex::encode(hasher.finalize())
}

/// Two versions of one policy in force on one day would both speak.
fn overlap(checked: &[Policy], policy: &Policy, document: &Document) -> Option<Problem> {
    let before = |a: &Policy, b: &Policy| {
        a.valid
            .to
            .is_some_and(|to| b.valid.from.is_some_and(|from| to <= from))
    };
    let other = checked
        .iter()
        .find(|o| o.id == policy.id && !before(o, policy) && !before(policy, o))?;
    Some(Problem {
        document: document.name.clone(),
        line: 0,
        column: 0,
        code: "policy.overlap",
        zh: format!(
            "策略 `{}` 的版本 {} 与 {} 时间重叠",
            policy.id, policy.version, other.version
        ),
        en: format!(
            "versions {} and {} of `{}` are in force on the same day",
            policy.version, other.version, policy.id
        ),
        nearest: None,
    })
}
