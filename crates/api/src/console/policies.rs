//! 政策: every criterion as a sentence, every number with its document, and
//! what the place has not set. Discloses nobody.

use askama::Template;
use axum::extract::State;
use domain::authority::Operation;
use domain::region::DivisionCode;
use domain::time::Period;
use rules::{Parameter, Policy, PolicySet};
use serde::Deserialize;

use super::refusal::{Paged, html};
use super::shell::Shell;
use super::today::{Choice, chosen, townships};
use super::visitor::Visitor;
use crate::app::App;
use crate::problem::Problem;
use crate::strict::StrictQuery;

/// Which place.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoliciesQuery {
    #[serde(default)]
    region: String,
}

/// One dated version of a policy.
struct PolicyView {
    title: String,
    kind: &'static str,
    valid: String,
    basis: Vec<BasisLine>,
    criteria: Vec<String>,
    limits: Vec<String>,
    parameters: Vec<String>,
}

/// One document with its words.
struct BasisLine {
    document: String,
    quote: String,
}

/// One parameter as it holds for the place.
struct ParameterView {
    title: String,
    value: String,
    valid: String,
    source: String,
    place: String,
    issuer: String,
    note: String,
    sample: bool,
    overdue: bool,
}

/// A parameter the place has not set.
struct UnsetView {
    title: String,
    policies: String,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct PoliciesPage {
    shell: Shell,
    region: String,
    townships: Vec<Choice>,
    policy_set: String,
    policies: Vec<PolicyView>,
    parameters: Vec<ParameterView>,
    unset: Vec<UnsetView>,
}

/// `GET /policies`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<PoliciesQuery>,
) -> Paged {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let own = grant.regions().first().copied();
    let region = chosen(&query.region)?
        .or(own)
        .ok_or_else(|| Problem::bad("param.region", "没有指定地区", "no region"))?;
    let set = app.deps.policies();
    let today = app.deps.clock.today();
    let title = |id: &String| {
        let policy = set.policy(id);
        policy.map_or_else(|| id.clone(), |policy| policy.title.zh.clone())
    };
    let unset = set.unset(region, today).into_iter().map(|unset| UnsetView {
        policies: unset
            .policies
            .iter()
            .map(title)
            .collect::<Vec<_>>()
            .join("、"),
        title: unset.zh,
    });
    html(&PoliciesPage {
        shell: Shell::new(&app, &caller, "/policies", "政策"),
        region: app.deps.divisions.name(region, today),
        townships: townships(&app, &caller, Some(region)),
        policy_set: set.hash().to_owned(),
        policies: set.policies().iter().map(|p| policy(&set, p)).collect(),
        parameters: parameters(&app, &set, region),
        unset: unset.collect(),
    })
}

fn period(valid: Period) -> String {
    match (valid.from, valid.to) {
        (Some(from), Some(to)) => format!("{from} 起，{to} 前"),
        (Some(from), None) => format!("{from} 起"),
        (None, Some(to)) => format!("{to} 前"),
        (None, None) => "未注明期间".to_owned(),
    }
}

fn policy(set: &PolicySet, policy: &Policy) -> PolicyView {
    let title = |key: &String| {
        let known = set.parameters().iter().find(|p| p.key == *key);
        known.map_or_else(|| key.clone(), |p| p.zh.clone())
    };
    let basis = policy.basis.iter().map(|basis| BasisLine {
        document: format!("{}{}", basis.document, basis.article),
        quote: basis.quote.clone(),
    });
    PolicyView {
        title: policy.title.zh.clone(),
        kind: kind(policy.kind),
        valid: period(policy.valid),
        basis: basis.collect(),
        criteria: policy.criteria().map(|(_, zh, _)| zh.to_owned()).collect(),
        limits: policy.limits.clone(),
        parameters: policy.parameters.iter().map(title).collect(),
    }
}

const fn kind(kind: rules::PolicyKind) -> &'static str {
    match kind {
        rules::PolicyKind::Entitlement => "待遇资格",
        rules::PolicyKind::Signal => "风险线索",
        rules::PolicyKind::Discrepancy => "存疑数据",
        rules::PolicyKind::Duty => "履责提醒",
    }
}

/// What holds for the place or was declared above it, the nearest last.
fn parameters(app: &App, set: &PolicySet, region: DivisionCode) -> Vec<ParameterView> {
    let today = app.deps.clock.today();
    let applies = |p: &&Parameter| {
        p.region == "000000" || region.as_str().starts_with(p.region.trim_end_matches("00"))
    };
    let mut lines = Vec::new();
    for parameter in set.parameters().iter().filter(applies) {
        let place = DivisionCode::parse(&parameter.region);
        let place = match place {
            Some(code) if parameter.region != "000000" => app.deps.divisions.name(code, today),
            _ => "全国/平台".to_owned(),
        };
        for value in &parameter.values {
            lines.push(ParameterView {
                title: parameter.zh.clone(),
                value: value.words.clone(),
                valid: period(value.valid),
                source: format!("{}{}", value.document, value.article),
                place: place.clone(),
                issuer: value.issuer.clone(),
                note: value.note.clone(),
                sample: value.sample,
                overdue: value.review_due.is_some_and(|due| due < today),
            });
        }
    }
    lines
}
