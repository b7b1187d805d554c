//! 残联 持证名册: one row per certificate.

use super::iso;
use crate::model::{Certificate, Household, Member};

/// The columns, in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "残疾人证号",
    "姓名",
    "性别",
    "出生日期",
    "身份证号码",
    "户籍镇街",
    "户籍村(社区)",
    "残疾类别",
    "残疾等级",
    "多重残疾明细",
    "首次发证日期",
    "发证日期",
    "有效期止",
    "证件状态",
    "注销原因",
    "监护人姓名",
    "监护人电话",
    "变更类型",
    "变更日期",
    "更新时间",
];

const CATEGORY_DIGITS: [(&str, u8); 7] = [
    ("视力", 1),
    ("听力", 2),
    ("言语", 3),
    ("肢体", 4),
    ("智力", 5),
    ("精神", 6),
    ("多重", 7),
];

/// The rows of a household's people.
pub(crate) fn rows(household: &Household) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for certificate in &member.certificates {
            rows.push(cells(household, member, certificate));
        }
    }
    rows
}

/// One certificate. Its number is the identity number with category and grade.
pub(crate) fn cells(
    household: &Household,
    member: &Member,
    certificate: &Certificate,
) -> Vec<String> {
    let text = |text: &str| text.to_owned();
    let digit = CATEGORY_DIGITS
        .iter()
        .find(|(name, _)| *name == certificate.category)
        .map_or(7, |(_, digit)| *digit);
    let grade = ["一级", "二级", "三级", "四级"];
    let nth = usize::from(certificate.grade.clamp(1, 4)) - 1;
    vec![
        format!("{}{digit}{}", member.id.as_str(), certificate.grade),
        member.name.clone(),
        text(member.sex_zh()),
        iso(member.birth()),
        text(member.id.as_str()),
        household.hukou.town.clone(),
        household.hukou.village.clone(),
        text(certificate.category),
        text(grade[nth]),
        String::new(),
        iso(certificate.first_issued),
        iso(certificate.issued),
        iso(certificate.until),
        text(certificate.status),
        String::new(),
        String::new(),
        String::new(),
        text(certificate.change),
        iso(certificate.issued),
        iso(certificate.issued),
    ]
}
