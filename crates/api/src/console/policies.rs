//! 政策: every criterion as a sentence, every number with its document, and
//! what the place has not set. Discloses nobody.

use askama::Template;
use axum::extract::State;
use domain::authority::Operation;
use pipeline::policies;
use rules::{CaseOutcome, Policy};
use serde::Deserialize;

use super::refusal::{Paged, html};
use super::registry::{Row, applies, period, rows_of};
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
    id: String,
    title: String,
    kind: &'static str,
    valid: String,
    documents: String,
    cases: usize,
    wrong: usize,
}

/// A parameter the place has not set.
struct UnsetView {
    key: String,
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
    parameters: Vec<Row>,
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
        key: unset.key,
    });
    let cases = policies::cases(&app.deps).await?;
    let rows = set.parameters().iter().filter(|p| applies(p, region));
    let rows = rows.flat_map(|parameter| rows_of(&app, parameter));
    html(&PoliciesPage {
        shell: Shell::new(&app, &caller, "/policies", "政策"),
        region: app.deps.divisions.name(region, today),
        townships: townships(&app, &caller, Some(region)),
        policy_set: set.hash().to_owned(),
        policies: set.policies().iter().map(|p| policy(p, &cases)).collect(),
        parameters: rows.collect(),
        unset: unset.collect(),
    })
}

fn policy(policy: &Policy, cases: &[CaseOutcome]) -> PolicyView {
    let documents = policy.basis.iter().map(|basis| basis.document.as_str());
    let cases = cases.iter().filter(|case| case.policy == policy.id);
    PolicyView {
        id: policy.id.clone(),
        title: policy.title.zh.clone(),
        kind: kind(policy.kind),
        valid: period(policy.valid),
        documents: documents.collect::<Vec<_>>().join("、"),
        cases: cases.clone().count(),
        wrong: cases.filter(|case| !case.ok).count(),
    }
}

pub(super) const fn kind(kind: rules::PolicyKind) -> &'static str {
    match kind {
        rules::PolicyKind::Entitlement => "待遇资格",
        rules::PolicyKind::Signal => "风险线索",
        rules::PolicyKind::Discrepancy => "存疑数据",
        rules::PolicyKind::Duty => "履责提醒",
    }
}
