//! Policies and parameters in force: every criterion as a sentence, every
//! number with its document. Public within the service; discloses nobody.

use axum::Json;
use axum::extract::State;
use domain::authority::Operation;
use domain::region::DivisionCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictPath, StrictQuery, date};

/// A criterion as a sentence.
#[derive(Debug, Serialize, ToSchema)]
pub struct CriterionView {
    id: String,
    zh: String,
    en: String,
}

/// One dated version of a policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    id: String,
    version: String,
    title_zh: String,
    title_en: String,
    valid_from: Option<String>,
    valid_to: Option<String>,
    #[schema(value_type = Vec<Object>)]
    basis: Vec<domain::evaluation::Basis>,
    criteria: Vec<CriterionView>,
    limits: Vec<String>,
    /// Keys of the parameters it uses.
    parameters: Vec<String>,
}

impl PolicyView {
    fn of(policy: &rules::Policy) -> PolicyView {
        let criterion = |(id, zh, en): (&str, &str, &str)| CriterionView {
            id: id.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
        };
        PolicyView {
            id: policy.id.clone(),
            version: policy.version.clone(),
            title_zh: policy.title.zh.clone(),
            title_en: policy.title.en.clone(),
            valid_from: policy.valid.from.map(|on| on.to_string()),
            valid_to: policy.valid.to.map(|on| on.to_string()),
            basis: policy.basis.clone(),
            criteria: policy.criteria().map(criterion).collect(),
            limits: policy.limits.clone(),
            parameters: policy.parameters.iter().cloned().collect(),
        }
    }
}

/// The policy set in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct PoliciesPage {
    /// SHA-256 of all documents.
    policy_set: String,
    policies: Vec<PolicyView>,
}

/// Every version of every policy.
#[utoipa::path(get, path = "/api/v1/policies", tag = "policies", responses((status = 200, body = PoliciesPage)))]
pub async fn list(State(app): State<App>, caller: Caller) -> Answered<Json<PoliciesPage>> {
    caller.grant(Operation::ReadPolicies)?;
    let set = app.deps.policies();
    let policies = set.policies().iter().map(PolicyView::of).collect();
    Ok(Json(PoliciesPage {
        policy_set: set.hash().to_owned(),
        policies,
    }))
}

/// The newest version of a policy.
#[utoipa::path(get, path = "/api/v1/policies/{id}", tag = "policies", params(("id" = String, Path)), responses((status = 200, body = PolicyView), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<String>,
) -> Answered<Json<PolicyView>> {
    caller.grant(Operation::ReadPolicies)?;
    let set = app.deps.policies();
    let policy = set.policy(&id).ok_or_else(Problem::not_found)?;
    Ok(Json(PolicyView::of(policy)))
}

/// Where and when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ParametersQuery {
    /// Division code; the caller's first region when absent.
    region: Option<String>,
    /// The day; today when absent.
    on: Option<String>,
}

/// One dated value with its source.
#[derive(Debug, Serialize, ToSchema)]
pub struct ValueView {
    /// With its unit, in words.
    value: String,
    from: Option<String>,
    to: Option<String>,
    document: String,
    article: String,
    note: String,
    issuer: String,
    /// After this day for reference only.
    review_due: Option<String>,
    /// 示例参数·非官方标准.
    sample: bool,
}

/// A parameter as one region declares it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParameterView {
    key: String,
    zh: String,
    en: String,
    unit: String,
    region: String,
    values: Vec<ValueView>,
}

/// A parameter the place has not set.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnsetView {
    key: String,
    zh: String,
    /// Policies that stay 待核实 without it.
    policies: Vec<String>,
}

/// The registry as it applies to a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParametersPage {
    region: String,
    on: String,
    parameters: Vec<ParameterView>,
    unset: Vec<UnsetView>,
}

fn value(value: &rules::ParameterValue) -> ValueView {
    ValueView {
        value: value.words.clone(),
        from: value.valid.from.map(|on| on.to_string()),
        to: value.valid.to.map(|on| on.to_string()),
        document: value.document.clone(),
        article: value.article.clone(),
        note: value.note.clone(),
        issuer: value.issuer.clone(),
        review_due: value.review_due.map(|on| on.to_string()),
        sample: value.sample,
    }
}

/// Parameters of a place with source and dates, and those it has not set.
#[utoipa::path(get, path = "/api/v1/parameters", tag = "policies", params(ParametersQuery), responses((status = 200, body = ParametersPage), (status = 400, body = ProblemBody)))]
pub async fn parameters(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<ParametersQuery>,
) -> Answered<Json<ParametersPage>> {
    let grant = caller.grant(Operation::ReadPolicies)?;
    let bad = || {
        Problem::bad(
            "param.region",
            "区划代码不对",
            "region is not a division code",
        )
    };
    let region = match query.region.as_deref() {
        Some(code) => DivisionCode::parse(code).ok_or_else(bad)?,
        None => grant.regions().first().copied().ok_or_else(bad)?,
    };
    let on = query
        .on
        .as_deref()
        .map(date)
        .transpose()?
        .unwrap_or_else(|| app.deps.clock.today());
    let set = app.deps.policies();
    let applies = |p: &&rules::Parameter| {
        p.region == "000000" || region.as_str().starts_with(p.region.trim_end_matches("00"))
    };
    let view = |p: &rules::Parameter| ParameterView {
        key: p.key.clone(),
        zh: p.zh.clone(),
        en: p.en.clone(),
        unit: p.unit.clone(),
        region: p.region.clone(),
        values: p.values.iter().map(value).collect(),
    };
    let unset = set.unset(region, on).into_iter().map(|u| UnsetView {
        key: u.key,
        zh: u.zh,
        policies: u.policies,
    });
    Ok(Json(ParametersPage {
        region: region.to_string(),
        on: on.to_string(),
        parameters: set.parameters().iter().filter(applies).map(view).collect(),
        unset: unset.collect(),
    }))
}
