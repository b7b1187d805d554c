//! The fact dictionary: every kind of fact, its fields, units, code lists,
//! sensitivity, and what its absence means.
//!
//! One table; adding a field is one edit in it. A [`FieldId`] is dense within
//! the running program and never stored: stored bodies name their fields.

use crate::code::{self, CodeList};

/// A kind of fact. The discriminant is its row in [`DICTIONARY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(
    missing_docs,
    reason = "each kind is described by its row in the dictionary"
)]
pub enum Kind {
    Identity,
    Membership,
    Composition,
    ParentOf,
    ObligorOf,
    Hukou,
    Residence,
    Income,
    Asset,
    MeansCheck,
    MedicalSettlement,
    DisabilityCertificate,
    Disease,
    Employment,
    Schooling,
    Death,
    RestrictedLiberty,
    Incident,
    Recognition,
    PeriodicCheck,
    Grant,
    Visit,
    Lead,
    Outcome,
    Dispute,
    Consent,
    Vehicle,
    Labour,
    Enrolment,
    SchoolRecord,
    ObligorSurvey,
    CarePlan,
}

/// Number of kinds.
pub const KINDS: usize = DICTIONARY.len();

/// Whom facts of a kind are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A person.
    Person,
    /// A household.
    Household,
}

/// What absence means. Absence is never zero unless a covering list says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Listed in complete lists of this dataset; unlisted in a later complete
    /// list means ended then.
    Snapshot(&'static str),
    /// Things that happened. None known means none only while the dataset's
    /// coverage is fresh.
    Events(&'static str),
    /// Month rows. Whether a month is complete is asked per item through
    /// `latest_covered_month`, so the list itself is closed.
    Months(&'static str),
    /// What people told us. Absence means only that nobody told us.
    Told,
}

/// How several items of one kind become what is true of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// All of them.
    List,
    /// The one of the most trusted source, then of the highest revision.
    Latest,
    /// One per distinct value of the named fields, chosen like `Latest`.
    LatestPer(&'static [&'static str]),
    /// Each source keeps its own; any one suffices to know.
    Any,
}

/// Which items a policy sees on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Only those in force on the date.
    InForce,
    /// All begun by the date within the look-back, ended or not.
    Dated,
}

/// Type and unit of a field.
#[derive(Clone, Copy, Debug)]
pub enum FieldType {
    /// Free text.
    Text,
    /// One of a list.
    Code(&'static CodeList),
    /// Fen.
    Money,
    /// Civil date.
    Date,
    /// Calendar month.
    Month,
    /// A whole number of things.
    Count,
    /// Whole months.
    Months,
    /// Yes or no.
    Flag,
    /// A division code.
    Division,
    /// Another person.
    Person,
    /// A household.
    Household,
}

/// How sensitive a field is (L1 open – L4 highly sensitive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// Open.
    L1,
    /// Internal.
    L2,
    /// Sensitive: its disclosure is logged.
    L3,
    /// Highly sensitive: its disclosure is logged.
    L4,
}

/// How a value is shown to those who may not see all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// As it is.
    Plain,
    /// `王**`.
    Name,
    /// `138****1234`.
    Phone,
    /// Address only to the township.
    Address,
    /// Not at all.
    Hidden,
}

/// One field of a kind.
#[derive(Debug)]
pub struct FieldDef {
    /// Name in policies, layouts and stored bodies.
    pub name: &'static str,
    /// Chinese title.
    pub zh: &'static str,
    /// Type and unit.
    pub ty: FieldType,
    /// Sensitivity.
    pub level: Sensitivity,
    /// Mask.
    pub mask: Mask,
}

/// One kind of fact.
#[derive(Debug)]
pub struct KindDef {
    /// The kind.
    pub kind: Kind,
    /// Name in policies, layouts and stored bodies.
    pub name: &'static str,
    /// Chinese title.
    pub zh: &'static str,
    /// English title.
    pub en: &'static str,
    /// Whom it is about.
    pub about: About,
    /// What absence means.
    pub mode: Mode,
    /// Days after the as-of date for which a covering list may be relied on.
    /// A platform default, not law; 0 for [`Mode::Told`].
    pub fresh_for_days: u16,
    /// How items combine.
    pub combine: Combine,
    /// Which items are visible on a date.
    pub view: View,
    /// Sources from most to least trusted; sources not named come last.
    pub precedence: &'static [&'static str],
    /// Months kept in a timeline after an item ended; `None` keeps it.
    pub look_back_months: Option<u16>,
    /// Its fields.
    pub fields: &'static [FieldDef],
}

/// A field of a kind, dense over the whole dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId {
    /// The kind it belongs to.
    pub kind: Kind,
    /// Its position among the kind's fields.
    pub position: u8,
}

impl FieldId {
    /// Its definition.
    pub fn def(self) -> &'static FieldDef {
        &self.kind.def().fields[usize::from(self.position)]
    }

    /// Its dense number over the whole dictionary.
    pub fn dense(self) -> usize {
        let before = &DICTIONARY[..self.kind as usize];
        before.iter().map(|k| k.fields.len()).sum::<usize>() + usize::from(self.position)
    }
}

impl Kind {
    /// Its definition.
    pub fn def(self) -> &'static KindDef {
        &DICTIONARY[self as usize]
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Kind> {
        DICTIONARY.iter().find(|k| k.name == name).map(|k| k.kind)
    }

    /// The field of this kind with this name.
    pub fn field(self, name: &str) -> Option<FieldId> {
        let position = self.def().fields.iter().position(|f| f.name == name)?;
        Some(FieldId {
            kind: self,
            position: u8::try_from(position).ok()?,
        })
    }

    /// All kinds in dictionary order.
    pub fn all() -> impl Iterator<Item = Kind> {
        DICTIONARY.iter().map(|k| k.kind)
    }

    /// The dataset whose coverage decides what absence means.
    pub fn covering_dataset(self) -> Option<&'static str> {
        match self.def().mode {
            Mode::Snapshot(dataset) | Mode::Events(dataset) | Mode::Months(dataset) => {
                Some(dataset)
            }
            Mode::Told => None,
        }
    }
}

const fn open(name: &'static str, zh: &'static str, ty: FieldType) -> FieldDef {
    FieldDef {
        name,
        zh,
        ty,
        level: Sensitivity::L2,
        mask: Mask::Plain,
    }
}

const fn sensitive(name: &'static str, zh: &'static str, ty: FieldType) -> FieldDef {
    FieldDef {
        name,
        zh,
        ty,
        level: Sensitivity::L3,
        mask: Mask::Hidden,
    }
}

const fn highly(name: &'static str, zh: &'static str, ty: FieldType) -> FieldDef {
    FieldDef {
        name,
        zh,
        ty,
        level: Sensitivity::L4,
        mask: Mask::Hidden,
    }
}

const fn masked(name: &'static str, zh: &'static str, ty: FieldType, mask: Mask) -> FieldDef {
    FieldDef {
        name,
        zh,
        ty,
        level: Sensitivity::L3,
        mask,
    }
}

use Combine::{Any, Latest, LatestPer, List};
use FieldType::{Code, Count, Date, Division, Flag, Household, Money, Month, Months, Person, Text};
use View::{Dated, InForce};

macro_rules! kind {
    ($kind:ident, $name:literal, $zh:literal, $en:literal, $about:ident, $mode:expr, fresh $fresh:literal,
     $combine:expr, $view:expr, from [$($source:literal),*], keep $keep:expr, [$($field:expr),+ $(,)?]) => {
        KindDef {
            kind: Kind::$kind, name: $name, zh: $zh, en: $en, about: About::$about, mode: $mode,
            fresh_for_days: $fresh, combine: $combine, view: $view, precedence: &[$($source),*],
            look_back_months: $keep, fields: &[$($field),+],
        }
    };
}

impl KindDef {
    /// The highest sensitivity of its fields: who may not see one of them is not
    /// shown that there is such a fact.
    pub fn level(&self) -> Sensitivity {
        let levels = self.fields.iter().map(|field| field.level);
        levels.max().unwrap_or(Sensitivity::L1)
    }
}

/// Every kind of fact, in the order of [`Kind`].
pub static DICTIONARY: &[KindDef] = &[
    kind!(Identity, "identity", "身份", "identity", Person, Mode::Told, fresh 0, Latest, InForce,
        from ["police", "civil", "disability", "medical", "funeral"], keep None, [
        masked("name", "姓名", Text, Mask::Name),
        open("sex", "性别", Code(&code::SEX)),
        sensitive("birth_date", "出生日期", Date),
        masked("phone", "联系电话", Text, Mask::Phone),
        masked("address", "家庭住址", Text, Mask::Address),
    ]),
    kind!(Membership, "membership", "共同生活关系", "household membership", Person, Mode::Snapshot("civil_register"), fresh 62,
        LatestPer(&["household"]), InForce, from ["civil"], keep Some(36), [
        open("household", "户", Household),
        open("kinship", "与户主关系", Code(&code::KINSHIP)),
        open("living_together", "是否共同生活", Flag),
        open("counted", "是否计入人口", Flag),
        open("not_counted_reason", "不计入原因", Code(&code::NOT_COUNTED)),
        open("covered", "是否保障对象", Flag),
    ]),
    kind!(Composition, "composition", "家庭组成依据", "basis of the household's composition", Household, Mode::Snapshot("civil_register"), fresh 62,
        Latest, InForce, from ["civil"], keep Some(36), [
        open("basis", "依据", Code(&code::COMPOSITION_BASIS)),
        open("known_on", "核实日期", Date),
        sensitive("number", "户编号", Text),
    ]),
    kind!(ParentOf, "parent_of", "父母关系", "parent link", Person, Mode::Snapshot("civil_register"), fresh 62,
        LatestPer(&["relation"]), InForce, from ["civil"], keep None, [
        open("relation", "父或母", Code(&code::PARENT)),
        open("parent", "父母", Person),
    ]),
    kind!(ObligorOf, "obligor_of", "法定义务人", "obligor link", Person, Mode::Snapshot("obligors"), fresh 365,
        LatestPer(&["obligor"]), InForce, from ["civil"], keep None, [
        open("relation", "义务关系", Code(&code::OBLIGATION)),
        open("obligor", "义务人", Person),
        sensitive("birth_date", "义务人出生日期", Date),
    ]),
    kind!(Hukou, "hukou", "户籍地", "place of hukou", Person, Mode::Snapshot("civil_register"), fresh 62,
        Latest, InForce, from ["police", "civil", "disability"], keep Some(36), [
        open("place", "户籍地", Division),
        open("local", "是否本地户籍", Flag),
    ]),
    kind!(Residence, "residence", "居住地", "place of residence", Person, Mode::Snapshot("civil_register"), fresh 62,
        Latest, InForce, from ["grid", "civil"], keep Some(36), [
        open("place", "居住地", Division),
    ]),
    kind!(Income, "income", "收入", "income by class and period", Person, Mode::Snapshot("civil_register"), fresh 62,
        LatestPer(&["class"]), InForce, from ["means_check", "civil", "social_security"], keep Some(36), [
        open("class", "收入类别", Code(&code::INCOME_CLASS)),
        sensitive("amount_year", "年收入", Money),
        open("basis", "数值来源", Code(&code::VALUE_BASIS)),
        open("period_from", "核定期起", Month),
        open("period_to", "核定期止", Month),
    ]),
    kind!(Asset, "asset", "财产", "asset", Person, Mode::Snapshot("means_check"), fresh 365,
        List, InForce, from ["means_check", "vehicle", "civil"], keep Some(36), [
        open("class", "财产类别", Code(&code::ASSET_CLASS)),
        highly("value", "价值", Money),
        open("as_of", "截至", Date),
    ]),
    kind!(MeansCheck, "means_check", "财产核对", "means check of property", Household, Mode::Snapshot("civil_register"), fresh 62,
        Latest, InForce, from ["civil"], keep Some(36), [
        open("result", "核对结果", Code(&code::MEANS_RESULT)),
        open("checked_on", "核对日期", Date),
    ]),
    kind!(MedicalSettlement, "medical_settlement", "医保结算", "medical settlement", Person, Mode::Events("medical_settlements"), fresh 62,
        List, Dated, from ["medical"], keep Some(24), [
        open("settled_on", "结算日期", Date),
        open("care", "医疗类别", Code(&code::CARE_KIND)),
        highly("diagnosis", "主要诊断", Text),
        open("hospital", "医药机构", Text),
        sensitive("total", "医疗费总额", Money),
        sensitive("personal_burden", "个人负担", Money),
        sensitive("fund_paid", "基金支付", Money),
        open("refund", "退费", Flag),
    ]),
    kind!(DisabilityCertificate, "disability_certificate", "残疾人证", "disability certificate", Person, Mode::Snapshot("disability_register"), fresh 62,
        List, InForce, from ["disability"], keep Some(36), [
        sensitive("category", "残疾类别", Code(&code::DISABILITY_CATEGORY)),
        sensitive("grade", "残疾等级", Code(&code::DISABILITY_GRADE)),
        open("status", "证件状态", Code(&code::CERTIFICATE_STATUS)),
        open("first_issued_on", "首次发证日期", Date),
        open("issued_on", "发证日期", Date),
        open("valid_until", "有效期止", Date),
    ]),
    kind!(Disease, "disease", "重特大疾病", "certified serious illness", Person, Mode::Events("serious_illness"), fresh 62,
        List, InForce, from ["medical", "health"], keep Some(36), [
        highly("name", "疾病名称", Text),
        open("certified_on", "认定日期", Date),
    ]),
    kind!(Employment, "employment", "就业状况", "employment", Person, Mode::Snapshot("civil_register"), fresh 62,
        Latest, InForce, from ["social_security", "civil"], keep Some(36), [
        open("status", "就业状况", Code(&code::EMPLOYMENT)),
    ]),
    kind!(Schooling, "schooling", "在校情况", "schooling", Person, Mode::Snapshot("civil_register"), fresh 62,
        Latest, InForce, from ["education", "civil"], keep Some(36), [
        open("stage", "学段", Code(&code::SCHOOL_STAGE)),
    ]),
    kind!(Death, "death", "死亡", "death as one source tells it", Person, Mode::Events("deaths_police"), fresh 45,
        Any, Dated, from ["police", "funeral", "medical"], keep None, [
        open("died_on", "死亡日期", Date),
        open("registered_on", "登记日期", Date),
    ]),
    kind!(RestrictedLiberty, "restricted_liberty", "限制人身自由", "restricted liberty", Person, Mode::Events("restricted_liberty"), fresh 45,
        List, InForce, from ["justice", "police"], keep Some(36), [
        highly("kind", "类别", Code(&code::RESTRICTION)),
        highly("began_on", "起日", Date),
        highly("term", "期限（月）", Months),
        highly("ends_on", "期限止", Date),
    ]),
    kind!(Incident, "incident", "突发事件", "incident", Person, Mode::Events("incidents"), fresh 31,
        List, Dated, from ["emergency", "police", "grid"], keep Some(24), [
        open("kind", "类别", Code(&code::INCIDENT)),
        open("happened_on", "发生日期", Date),
        open("place", "发生地", Division),
        open("role", "人员身份", Code(&code::INCIDENT_ROLE)),
        sensitive("injury", "伤亡情况", Code(&code::INJURY)),
        open("loss", "房屋财产损失", Code(&code::LOSS)),
    ]),
    kind!(Recognition, "recognition", "救助认定", "recognition in a scheme", Household, Mode::Snapshot("civil_register"), fresh 62,
        LatestPer(&["scheme"]), InForce, from ["civil"], keep None, [
        open("scheme", "救助类别", Code(&code::SCHEME)),
        open("sub_scheme", "救助小类", Code(&code::SUB_SCHEME)),
        open("decision_no", "认定文号", Text),
        open("recognised_on", "认定日期", Date),
        open("valid_until", "有效期止", Date),
    ]),
    kind!(PeriodicCheck, "periodic_check", "定期核查", "periodic check", Household, Mode::Snapshot("civil_register"), fresh 62,
        Latest, InForce, from ["civil"], keep Some(36), [
        open("checked_on", "最近核查日期", Date),
        open("class", "核查类别", Code(&code::CHECK_CLASS)),
    ]),
    kind!(Grant, "grant", "待遇发放", "payment of one item for one month", Person, Mode::Months("payments"), fresh 45,
        List, Dated, from ["payments"], keep Some(36), [
        open("item", "救助项目", Code(&code::GRANT_ITEM)),
        open("sub_item", "救助小类", Code(&code::SUB_SCHEME)),
        open("month", "发放年月", Month),
        open("household", "户", Household),
        open("covered_count", "保障人数", Count),
        sensitive("standard", "保障标准", Money),
        sensitive("household_income", "家庭月收入", Money),
        sensitive("supplement", "月补差金额", Money),
        sensitive("top_up", "分类施保金额", Money),
        sensitive("back_pay", "补发金额", Money),
        open("back_pay_month", "补发月份", Month),
        sensitive("deduction", "扣回金额", Money),
        sensitive("paid", "实发金额", Money),
        open("status", "发放状态", Code(&code::GRANT_STATUS)),
        open("first_month", "首次享受年月", Month),
        open("grace_from", "渐退期起", Date),
        open("grace_until", "渐退期止", Date),
    ]),
    kind!(Visit, "visit", "走访探访", "visit", Person, Mode::Told, fresh 0, List, Dated, from ["officer", "village", "elder_care", "grid"], keep Some(24), [
        open("kind", "类别", Code(&code::VISIT_KIND)),
        open("visited_on", "日期", Date),
        sensitive("note", "情况", Text),
        open("finding", "见到的情况", Code(&code::VISIT_FINDING)),
        open("income_changed", "收入有变", Flag),
        open("members_changed", "人口有变", Flag),
        open("health_changed", "健康有变", Flag),
        open("housing_changed", "住房有变", Flag),
    ]),
    kind!(Lead, "lead", "线索", "lead", Person, Mode::Told, fresh 0, List, Dated, from ["grid", "officer", "village"], keep Some(24), [
        open("kind", "来源", Code(&code::LEAD_KIND)),
        open("reported_on", "上报日期", Date),
        sensitive("text", "情况描述", Text),
        open("category", "线索类别", Code(&code::LEAD_CATEGORY)),
        open("urgency", "紧急程度", Code(&code::URGENCY)),
        open("place", "发生地", Division),
        open("origin", "户籍地（上报人所述）", Text),
    ]),
    kind!(Outcome, "outcome", "核查结果", "what an officer found", Person, Mode::Told, fresh 0, List, Dated, from ["officer"], keep Some(60), [
        open("policy", "政策", Text),
        open("outcome", "结果", Code(&code::OUTCOME)),
        open("found_on", "日期", Date),
        open("reference", "金民受理号", Text),
    ]),
    kind!(Dispute, "dispute", "数据异议", "dispute of a record", Person, Mode::Told, fresh 0, List, Dated, from ["officer"], keep Some(60), [
        open("fact", "事实种类", Text),
        open("record", "记录键", Text),
        open("revision", "记录版本", Text),
        open("disputed_on", "日期", Date),
        sensitive("reason", "理由", Text),
    ]),
    kind!(Consent, "consent", "授权", "consent", Person, Mode::Told, fresh 0, List, InForce, from ["civil", "officer"], keep Some(60), [
        open("scope", "范围", Code(&code::CONSENT_SCOPE)),
        open("signed_on", "签署日期", Date),
    ]),
    kind!(Vehicle, "vehicle", "机动车登记", "registered vehicle", Person, Mode::Snapshot("vehicles"), fresh 62, List, InForce, from ["vehicle"], keep Some(36), [
        open("type", "车辆类型", Code(&code::VEHICLE_TYPE)),
        open("status", "机动车状态", Code(&code::VEHICLE_STATUS)),
        open("first_registered_on", "初次登记日期", Date),
        open("plated_on", "发牌日期", Date),
        masked("plate", "号牌号码", Text, Mask::Hidden),
    ]),
    // An amount is not among its fields: a contribution base is no wage.
    kind!(Labour, "labour", "参保就业记录", "insurance and employment record", Person, Mode::Events("social_security"), fresh 62, List, Dated, from ["social_security"], keep Some(36), [
        open("record", "记录类别", Code(&code::LABOUR_RECORD)),
        open("registered_on", "登记日期", Date),
        open("month", "缴费年月", Month),
        open("form", "参保形式", Code(&code::INSURANCE_FORM)),
        open("benefit", "待遇类别", Code(&code::INSURANCE_BENEFIT)),
        open("benefit_from", "待遇起始年月", Month),
        open("benefit_to", "待遇终止年月", Month),
    ]),
    // Local schools only: somebody who is not listed may be at school elsewhere.
    kind!(Enrolment, "enrolment", "学籍", "enrolment in a local school", Person, Mode::Snapshot("school_enrolment"), fresh 200, List, InForce, from ["education"], keep Some(36), [
        open("stage", "学段", Code(&code::SCHOOL_STAGE)),
        open("grade", "年级", Code(&code::SCHOOL_GRADE)),
        open("status", "就读状态", Code(&code::ENROLMENT)),
        open("aid", "资助项目", Text),
        open("term", "学年学期", Text),
    ]),
    // The same rows as words once told: what a list said of someone whom the next one leaves out.
    kind!(SchoolRecord, "school_record", "曾报学籍", "enrolment as once told", Person, Mode::Told, fresh 0, List, Dated, from ["education"], keep None, [
        open("stage", "学段", Code(&code::SCHOOL_STAGE)),
        open("grade", "年级", Code(&code::SCHOOL_GRADE)),
        open("status", "就读状态", Code(&code::ENROLMENT)),
    ]),
    // One per row of the obligors' list, also of a row that says there is none.
    kind!(ObligorSurvey, "obligor_survey", "法定义务人登记情况", "registration of obligors", Person, Mode::Snapshot("obligors"), fresh 365, List, InForce, from ["civil"], keep Some(36), [
        open("complete", "义务人登记是否完整", Flag),
        masked("obligor_name", "义务人姓名", Text, Mask::Name),
        open("surveyed_on", "登记日期", Date),
    ]),
    kind!(CarePlan, "care_plan", "探访安排", "place on the visiting roster", Person, Mode::Snapshot("care_plans"), fresh 62, Latest, InForce, from ["elder_care"], keep Some(24), [
        open("class", "探访频次", Code(&code::CARE_CLASS)),
        open("place", "探访村（社区）", Division),
        masked("responsible", "帮扶责任人", Text, Mask::Name),
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rows_stand_in_the_order_of_the_enum_and_names_are_unique() {
        let mut names = BTreeSet::new();
        let mut dense = 0;
        for (row, def) in DICTIONARY.iter().enumerate() {
            assert_eq!(def.kind as usize, row, "{}", def.name);
            assert!(names.insert(def.name));
            let fields: BTreeSet<_> = def.fields.iter().map(|f| f.name).collect();
            assert_eq!(fields.len(), def.fields.len(), "{}", def.name);
            for field in def.fields {
                assert_eq!(def.kind.field(field.name).map(FieldId::dense), Some(dense));
                dense += 1;
            }
        }
    }

    #[test]
    fn what_combines_by_fields_names_fields_that_exist() {
        for def in DICTIONARY {
            if let Combine::LatestPer(fields) = def.combine {
                assert!(
                    fields.iter().all(|f| def.kind.field(f).is_some()),
                    "{}",
                    def.name
                );
            }
        }
    }
}
