//! 乡镇（街道） 法定义务人登记: one row per obligor, one without where none is left.

use domain::resident_id::ResidentId;
use domain::time::{Date, add_days};

use super::iso;
use crate::model::{Household, Member};

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "镇街",
    "村(社区)",
    "姓名",
    "性别",
    "出生日期",
    "证件号码",
    "义务人登记是否完整",
    "义务人姓名",
    "义务人证件号码",
    "义务关系",
    "登记日期",
    "登记人",
    "更新时间",
];

/// Name, number where it is known, relation.
type Obligor = (String, Option<ResidentId>, &'static str);

/// The rows of a household's people.
pub(crate) fn rows(household: &Household, told: Date) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in household.listed() {
        let Some(registered) = &member.obligors else {
            continue;
        };
        let row = |obligor| cells(household, member, registered.complete, obligor, told);
        if registered.people.is_empty() {
            rows.push(row(None));
        }
        rows.extend(registered.people.iter().map(|one| row(Some(one))));
    }
    rows
}

/// One row.
pub(crate) fn cells(
    household: &Household,
    member: &Member,
    complete: bool,
    obligor: Option<&Obligor>,
    told: Date,
) -> Vec<String> {
    let number = obligor.and_then(|(_, id, _)| id.as_ref());
    vec![
        household.hukou.town.clone(),
        household.hukou.village.clone(),
        member.name.clone(),
        member.sex_zh().to_owned(),
        iso(member.birth()),
        member.id.as_str().to_owned(),
        if complete { "是" } else { "否" }.to_owned(),
        obligor.map_or_else(|| "无".to_owned(), |(name, _, _)| name.clone()),
        number.map_or(String::new(), |id| id.as_str().to_owned()),
        obligor.map_or(String::new(), |(_, _, relation)| (*relation).to_owned()),
        iso(add_days(told, -16)),
        "镇经办人".to_owned(),
        iso(told),
    ]
}
