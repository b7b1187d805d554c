//! Verdicts, findings and decisions: what applying a policy yields.

use serde::{Deserialize, Serialize};

use crate::household::{CoverageNote, WhyUnknown};
use crate::ids::{PersonId, Subject};
use crate::record::Origin;
use crate::region::DivisionCode;
use crate::time::Date;

/// A policy's name, such as `subsistence_allowance`.
pub type PolicyId = String;

/// A fact that would decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Missing {
    /// Whose.
    pub subject: Subject,
    /// Dictionary path such as `means_check.result`, or `param.key`.
    pub fact: String,
    /// Chinese title of it.
    pub zh: String,
    /// Why it is not known.
    pub why: WhyUnknown,
}

impl Missing {
    /// The fact that stands for an amount that cannot be computed.
    pub const ARITHMETIC: &str = "arithmetic";
    /// The fact that stands for more steps than a policy has for one subject.
    pub const EFFORT: &str = "effort";

    /// Whether an expression failed, rather than a fact being unknown.
    pub fn is_failure(&self) -> bool {
        [Missing::ARITHMETIC, Missing::EFFORT].contains(&self.fact.as_str())
    }
}

/// Whether a policy's conditions hold for a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 符合.
    Met,
    /// 不符合.
    NotMet,
    /// 待核实: these facts would decide.
    Undetermined(Vec<Missing>),
    /// 不适用.
    NotApplicable,
}

impl Verdict {
    /// Stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::NotMet => "not_met",
            Verdict::Undetermined(_) => "undetermined",
            Verdict::NotApplicable => "not_applicable",
        }
    }
}

/// What there is to tell people. Grades of decision 11; never 错保 or 骗保.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// 应享未享: list against list, no judgement.
    EntitledNotReceived,
    /// 疑似漏保: what is known passes, what is unknown is named.
    PossiblyMissed,
    /// 线索.
    Lead,
    /// 疑似不再符合，待核实.
    MayNoLongerQualify,
    /// 存疑数据.
    Discrepancy,
    /// 风险线索.
    Signal,
    /// 履责提醒.
    Duty,
}

impl Finding {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Finding::EntitledNotReceived => "entitled_not_received",
            Finding::PossiblyMissed => "possibly_missed",
            Finding::Lead => "lead",
            Finding::MayNoLongerQualify => "may_no_longer_qualify",
            Finding::Discrepancy => "discrepancy",
            Finding::Signal => "signal",
            Finding::Duty => "duty",
        }
    }

    /// Label on screen.
    pub const fn zh(self) -> &'static str {
        match self {
            Finding::EntitledNotReceived => "应享未享",
            Finding::PossiblyMissed => "疑似漏保",
            Finding::Lead => "线索",
            Finding::MayNoLongerQualify => "疑似不再符合，待核实",
            Finding::Discrepancy => "存疑数据，待核实",
            Finding::Signal => "风险线索",
            Finding::Duty => "履责提醒",
        }
    }
}

/// How pressing. Ordered: `Red` is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// 蓝.
    Blue,
    /// 黄.
    Yellow,
    /// 橙.
    Orange,
    /// 红.
    Red,
}

impl AlertLevel {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            AlertLevel::Blue => "blue",
            AlertLevel::Yellow => "yellow",
            AlertLevel::Orange => "orange",
            AlertLevel::Red => "red",
        }
    }
}

/// Whose place decides the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// 户籍地.
    Hukou,
    /// 居住地.
    Residence,
    /// 急难发生地.
    Incident,
    /// 县级: it is the bureau's own to clear up with a department, and no
    /// township's until the bureau places it.
    County,
}

/// Whether an alert is kept from part of its desk. Stored alerts that say
/// nothing are ordinary.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidential {
    /// Its desk sees it.
    #[default]
    Ordinary,
    /// 儿童: for the children's officers only and never published
    /// (民发〔2019〕62号).
    Children,
}

impl Confidential {
    /// All of them.
    pub const ALL: [Confidential; 2] = [Confidential::Ordinary, Confidential::Children];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Confidential::Ordinary => "ordinary",
            Confidential::Children => "children",
        }
    }

    /// Inverse of [`Confidential::name`].
    pub fn named(name: &str) -> Option<Confidential> {
        Confidential::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Whether its whole desk sees it.
    pub const fn is_ordinary(&self) -> bool {
        matches!(self, Confidential::Ordinary)
    }
}

/// A length of time as rules count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Chinese working days with make-up days.
    WorkingDays(u16),
    /// Calendar days.
    Days(u16),
    /// Calendar months.
    Months(u16),
    /// Hours from the instant of raising.
    Hours(u16),
}

/// Where a deadline comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// 文件规定, with the document and article.
    Statutory(String),
    /// 平台默认，非法定.
    Platform,
}

/// What must be done by a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// 联系.
    Contact,
    /// 核实.
    Verify,
    /// 办结.
    Handle,
}

/// A deadline before it has a date.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeadlineRule {
    /// What must be done.
    pub step: Step,
    /// Within which time.
    pub span: Span,
    /// By whose word.
    pub nature: Nature,
    /// Counted from this day (a death, say); from the day of raising if absent.
    pub from: Option<Date>,
}

/// What to do about a finding; carried by the evaluation so that `alerts`
/// knows no policy file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlertPlan {
    /// What there is to tell.
    pub finding: Finding,
    /// How pressing.
    pub level: AlertLevel,
    /// Whose place decides the desk.
    pub route: Route,
    /// Where an incident happened, for [`Route::Incident`].
    pub incident_place: Option<DivisionCode>,
    /// Deadlines.
    pub deadlines: Vec<DeadlineRule>,
    /// Days a definite "no longer" must last before the alert clears.
    pub clear_after_days: u16,
    /// Days after handling by which the effect must show in the data.
    pub effect_within_days: Option<u16>,
    /// Look again on this day even if nothing changed.
    pub recheck_on: Option<Date>,
    /// Who of the desk may see it. Left out when ordinary, so that decisions
    /// stored before it was there replay to the same bytes.
    #[serde(default, skip_serializing_if = "Confidential::is_ordinary")]
    pub confidential: Confidential,
}

/// Whether the condition that an alert is about holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// It holds.
    Holds {
        /// What to do about it.
        plan: AlertPlan,
        /// SHA-256 (hex) over criteria outcomes and material facts; nothing in
        /// it moves with the date alone.
        fingerprint: String,
    },
    /// It definitely does not.
    Gone,
    /// Not known. Opens nothing, clears nothing.
    Unknown,
}

/// One policy applied to one subject on one date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The household (or person alone) it was evaluated in.
    pub unit: Subject,
    /// Whom the verdict is about.
    pub subject: Subject,
    /// Which policy.
    pub policy: PolicyId,
    /// Which dated version of it.
    pub version: String,
    /// Whether its conditions hold.
    pub verdict: Verdict,
    /// Whether there is something to tell.
    pub signal: Signal,
}

/// A piece of a rendered sentence. Names are filled in at disclosure, masked
/// as the reader's grant demands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// As it is.
    Text(String),
    /// The name of a person.
    Name(PersonId),
    /// The name of a place.
    Place(DivisionCode),
}

/// A document and article.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Basis {
    /// Document number.
    pub document: String,
    /// Article.
    #[serde(default)]
    pub article: String,
    /// The words of the article that apply, when they are short enough to quote.
    #[serde(default)]
    pub quote: String,
}

/// One operand of a criterion as it was on the date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operand {
    /// The expression, as the policy writes it.
    pub expression: String,
    /// Its value with unit, in words: `3,480元`, `3人`, `未知`.
    pub value: String,
}

/// One criterion with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionTrace {
    /// The criterion's id in the policy.
    pub id: String,
    /// The criterion as a Chinese sentence.
    pub zh: String,
    /// `true`, `false`, or absent when unknown.
    pub holds: Option<bool>,
    /// The policy allows it to stay open.
    pub may_remain_open: bool,
    /// Operands of its comparisons.
    pub operands: Vec<Operand>,
    /// Facts that would decide it.
    pub missing: Vec<Missing>,
}

/// A parameter as used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ParameterUse {
    /// Key in the registry.
    pub key: String,
    /// Value with unit, in words; absent when unset.
    pub value: Option<String>,
    /// Region the value is of.
    pub region: String,
    /// Document and article.
    pub source: String,
    /// From a file of samples, not official.
    pub sample: bool,
    /// Past its review date: the result is for reference only.
    pub review_overdue: bool,
}

/// Why a verdict and a signal are what they are. Sealed when stored; replayed
/// byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The evaluation explained.
    pub evaluation: Evaluation,
    /// Title of the policy.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// The date evaluated for.
    pub on: Date,
    /// SHA-256 of the policy documents and parameters in force.
    pub policy_set: String,
    /// Document and article.
    pub basis: Vec<Basis>,
    /// The first line a caseworker reads.
    pub sentence_zh: Vec<Segment>,
    /// The same in English.
    pub sentence_en: Vec<Segment>,
    /// What a village contact may be told: no sensitive fact is in it. Empty
    /// when the policy has no such words; [`Decision::village`] has them then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub village_zh: Vec<Segment>,
    /// What to do next.
    pub advice_zh: String,
    /// The same in English.
    pub advice_en: String,
    /// What must not be concluded from it.
    pub limits: Vec<String>,
    /// Each criterion.
    pub criteria: Vec<CriterionTrace>,
    /// Parameters used.
    pub parameters: Vec<ParameterUse>,
    /// Lists relied on for absence.
    pub coverage: Vec<CoverageNote>,
    /// What is missing in all.
    pub missing: Vec<Missing>,
    /// Rows read.
    pub rows: Vec<Origin>,
}

/// What a village contact is told when the policy has no words for a village.
pub const VILLAGE_WITHOUT_WORDS: &str = "有一条需要走访的提示";

impl Decision {
    /// 可告诉村里的话: the policy's own, or that there is something to call for.
    pub fn village(&self) -> Vec<Segment> {
        if self.village_zh.is_empty() {
            vec![Segment::Text(VILLAGE_WITHOUT_WORDS.to_owned())]
        } else {
            self.village_zh.clone()
        }
    }
}
