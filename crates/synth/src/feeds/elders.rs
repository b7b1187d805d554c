//! 公安户籍 80周岁以上人员: the very old of the county's hukou, in a household we
//! know or not.

use domain::time::Date;

use super::iso;
use crate::model::{Household, Member};
use crate::words::ASSUMED;

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "公民身份号码",
    "姓名",
    "性别",
    "出生日期",
    "户号",
    "户籍镇街",
    "户籍村(社区)",
    "户籍地址",
    "更新时间",
];

/// Everyone old enough to be paid, alive and of local hukou.
pub(crate) fn rows(household: &Household, told: Date) -> Vec<Vec<String>> {
    let old = |m: &&Member| ASSUMED.senior(m.age(told)).is_some();
    let here = |m: &&Member| m.police.is_empty() && m.funeral.is_empty();
    let of_place = household.hukou.code.len() > 6;
    let members = household.members.iter().filter(|_| of_place);
    members
        .filter(old)
        .filter(here)
        .map(|member| cells(household, member, told))
        .collect()
}

/// One person.
pub(crate) fn cells(household: &Household, member: &Member, told: Date) -> Vec<String> {
    vec![
        member.id.as_str().to_owned(),
        member.name.clone(),
        member.sex_zh().to_owned(),
        iso(member.birth()),
        String::new(),
        household.hukou.town.clone(),
        household.hukou.village.clone(),
        String::new(),
        iso(told),
    ]
}
