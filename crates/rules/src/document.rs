//! The shape of a policy document. Keys not named here are refused.

use domain::evaluation::{AlertLevel, Basis, Confidential, Finding, Route, Step};
use domain::time::Date;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::yaml::{Ordered, Scalars};

/// What a policy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// 待遇资格.
    Entitlement,
    /// 风险线索.
    Signal,
    /// 存疑数据.
    Discrepancy,
    /// 履责提醒.
    Duty,
}

/// About whom its verdicts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The household.
    Household,
    /// Each of its members.
    Person,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyFile {
    pub(crate) policy: Spanned<String>,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) from: Option<Date>,
    #[serde(default)]
    pub(crate) to: Option<Date>,
    pub(crate) kind: PolicyKind,
    pub(crate) subject: About,
    pub(crate) title: Both,
    pub(crate) basis: Vec<Basis>,
    pub(crate) route: Route,
    #[serde(default)]
    pub(crate) confidential: Confidential,
    #[serde(default)]
    pub(crate) incident_place: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) applies_when: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) needs: Needs,
    #[serde(default)]
    pub(crate) may_remain_open: Vec<Spanned<String>>,
    #[serde(default, rename = "let")]
    pub(crate) lets: Ordered<Spanned<String>>,
    pub(crate) criteria: Vec<CriterionFile>,
    #[serde(default)]
    pub(crate) receiving: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) amount: Option<AmountFile>,
    #[serde(default)]
    pub(crate) material: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) missed: Option<PlanFile>,
    #[serde(default)]
    pub(crate) no_longer: Option<PlanFile>,
    #[serde(default)]
    pub(crate) raises: Option<PlanFile>,
    pub(crate) limits: Vec<String>,
}

/// What a subject that is 符合 gets a month, and which article says so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmountFile {
    pub(crate) per_month: Spanned<String>,
    pub(crate) basis: Basis,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Needs {
    #[serde(default)]
    pub(crate) composition: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CriterionFile {
    pub(crate) id: Spanned<String>,
    pub(crate) when: Spanned<String>,
    pub(crate) zh: String,
    pub(crate) en: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanFile {
    #[serde(default)]
    pub(crate) grade: Option<Finding>,
    #[serde(default)]
    pub(crate) grade_when_open: Option<Finding>,
    pub(crate) level: AlertLevel,
    #[serde(default)]
    pub(crate) level_when: Vec<LevelFile>,
    #[serde(default)]
    pub(crate) deadlines: Vec<DeadlineFile>,
    pub(crate) clear_after_days: u16,
    #[serde(default)]
    pub(crate) effect_within_days: Option<u16>,
    #[serde(default)]
    pub(crate) recheck_on: Option<Spanned<String>>,
    pub(crate) sentence: SentenceFile,
    /// What a village contact may be told.
    #[serde(default)]
    pub(crate) village: Option<VillageFile>,
    pub(crate) advice: Both,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SentenceFile {
    pub(crate) zh: Spanned<String>,
    pub(crate) en: Spanned<String>,
}

/// Only Chinese: village contacts read no other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VillageFile {
    pub(crate) zh: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LevelFile {
    pub(crate) when: Spanned<String>,
    pub(crate) level: AlertLevel,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadlineFile {
    pub(crate) step: Step,
    pub(crate) within: Within,
    #[serde(default)]
    pub(crate) from: Option<Spanned<String>>,
    /// The document and article that set it; a platform default without.
    #[serde(default)]
    pub(crate) statutory: Option<String>,
}

/// Exactly one of the four, as an expression.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Within {
    #[serde(default)]
    pub(crate) working_days: Option<Spanned<Scalars>>,
    #[serde(default)]
    pub(crate) days: Option<Spanned<Scalars>>,
    #[serde(default)]
    pub(crate) months: Option<Spanned<Scalars>>,
    #[serde(default)]
    pub(crate) hours: Option<Spanned<Scalars>>,
}
