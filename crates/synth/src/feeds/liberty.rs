//! 司法行政、公安 限制人身自由和失联人员.

use super::iso;
use crate::model::{Custody, Household, Member};

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "记录编号",
    "姓名",
    "性别",
    "出生日期",
    "证件号码",
    "类别",
    "场所",
    "起日",
    "期限",
    "期限止",
    "释放日期",
    "文书号",
    "办案单位",
    "更新时间",
];

/// Everyone under a measure, wherever they are registered.
pub(crate) fn rows(household: &Household) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for custody in &member.custody {
            rows.push(cells(member, *custody));
        }
    }
    rows
}

/// One measure. Its number is the day with the end of the identity number.
pub(crate) fn cells(member: &Member, custody: Custody) -> Vec<String> {
    let id = member.id.as_str();
    vec![
        format!(
            "SF{}{}{}",
            iso(custody.began).replace('-', ""),
            &id[3..6],
            &id[10..17]
        ),
        member.name.clone(),
        member.sex_zh().to_owned(),
        iso(member.birth()),
        id.to_owned(),
        custody.kind.to_owned(),
        String::new(),
        iso(custody.began),
        custody.term.to_owned(),
        custody.until.map_or(String::new(), iso),
        String::new(),
        String::new(),
        "甲机关".to_owned(),
        iso(custody.began),
    ]
}
