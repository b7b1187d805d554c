//! 公安 户口注销 and 殡葬 火化登记: two files about the same people.

use domain::time::{add_days, age_in_years};

use super::{Window, iso};
use crate::model::{FuneralNote, Household, HukouChange, Member, PoliceNote};

/// Columns of the police file, in its order.
pub(crate) const POLICE: &[&str] = &[
    "公民身份号码",
    "姓名",
    "性别",
    "出生日期",
    "户号",
    "户籍地址",
    "变动类别",
    "死亡日期",
    "注销日期",
    "迁往地",
    "更新时间",
];

/// Columns of the funeral file, in its order.
pub(crate) const FUNERAL: &[&str] = &[
    "火化编号",
    "逝者姓名",
    "证件类型",
    "证件号码",
    "性别",
    "年龄",
    "死亡日期",
    "火化日期",
    "户籍地址",
    "死亡证明编号",
    "家属姓名",
    "与逝者关系",
    "家属电话",
];

/// Police rows told within a window.
pub(crate) fn police(household: &Household, window: Window) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for note in member.police.iter().filter(|n| window.contains(n.told)) {
            rows.push(police_cells(household, member, *note));
        }
    }
    rows
}

/// One police row.
pub(crate) fn police_cells(
    household: &Household,
    member: &Member,
    note: PoliceNote,
) -> Vec<String> {
    let (change, died, moved_to) = match note.change {
        HukouChange::Died => ("死亡", iso(note.on), ""),
        HukouChange::MovedOut => ("迁出", String::new(), "安徽省南陵县"),
        HukouChange::Restored => ("恢复", String::new(), ""),
    };
    vec![
        member.id.as_str().to_owned(),
        member.name.clone(),
        member.sex_zh().to_owned(),
        iso(member.birth()),
        format!("H{}", household.number.trim_start_matches("JM")),
        format!("{}{}", household.hukou.town, household.hukou.village),
        change.to_owned(),
        died,
        iso(note.told.min(add_days(note.on, 7))),
        moved_to.to_owned(),
        iso(note.told),
    ]
}

/// Funeral rows told within a window.
pub(crate) fn funeral(household: &Household, window: Window) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for note in member.funeral.iter().filter(|n| window.contains(n.told)) {
            rows.push(funeral_cells(household, member, *note));
        }
    }
    rows
}

/// One funeral row. The number is the day with the end of the identity number.
pub(crate) fn funeral_cells(
    household: &Household,
    member: &Member,
    note: FuneralNote,
) -> Vec<String> {
    let cremated = add_days(note.died, 2).min(note.told);
    let relative = household.listed().find(|m| m.id != member.id);
    vec![
        format!(
            "HH{:04}{:02}{:02}{}{}",
            cremated.year(),
            cremated.month(),
            cremated.day(),
            &member.id.as_str()[3..6],
            &member.id.as_str()[14..17]
        ),
        member.name.clone(),
        "身份证".to_owned(),
        member.id.as_str().to_owned(),
        member.sex_zh().to_owned(),
        age_in_years(member.birth(), note.died).to_string(),
        iso(note.died),
        iso(cremated),
        format!("{}{}", household.hukou.town, household.hukou.village),
        format!("DC{}", cremated.year()),
        relative.map_or("家属", |m| m.name.as_str()).to_owned(),
        relative.map_or("子", |_| "家属").to_owned(),
        household.phone.clone(),
    ]
}
