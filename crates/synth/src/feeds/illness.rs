//! 医保 重特大疾病认定: one row per certification told by the day.

use domain::time::Date;

use super::iso;
use crate::model::{Household, Member};

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "认定编号",
    "姓名",
    "性别",
    "出生日期",
    "证件号码",
    "病种名称",
    "认定机构",
    "认定日期",
    "有效期止",
    "认定状态",
    "更新时间",
];

/// Everyone certified, wherever they are registered.
pub(crate) fn rows(household: &Household, told: Date) -> Vec<Vec<String>> {
    let certified = household.members.iter();
    certified
        .filter_map(|m| Some((m, m.illness.filter(|(since, _)| *since <= told)?)))
        .map(|(member, illness)| cells(member, illness, told))
        .collect()
}

/// One certification. Its number is the day with the end of the identity number.
pub(crate) fn cells(
    member: &Member,
    (since, until): (Date, Option<Date>),
    told: Date,
) -> Vec<String> {
    let id = member.id.as_str();
    vec![
        format!(
            "ZB{}{}{}",
            iso(since).replace('-', ""),
            &id[3..6],
            &id[10..17]
        ),
        member.name.clone(),
        member.sex_zh().to_owned(),
        iso(member.birth()),
        id.to_owned(),
        "恶性肿瘤".to_owned(),
        "甲医院".to_owned(),
        iso(since),
        until.map_or(String::new(), iso),
        "有效".to_owned(),
        iso(told),
    ]
}
