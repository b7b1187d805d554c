//! 民政 低收入家庭成员名册: one row per member, GB18030, as civil affairs writes it.

use domain::money::Money;
use domain::time::{Date, Month, add_days, add_months};

use super::{iso, month_dashed};
use crate::model::{Household, Member};

/// The columns, in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "户编号",
    "救助类别",
    "救助小类",
    "户籍镇街",
    "户籍村(社区)",
    "居住镇街",
    "居住村(社区)",
    "区划代码",
    "户主姓名",
    "户主证件号码",
    "成员姓名",
    "证件类型",
    "证件号码",
    "与户主关系",
    "性别",
    "出生日期",
    "婚姻状况",
    "健康状况",
    "劳动能力",
    "就业状况",
    "在校阶段",
    "是否共同生活",
    "是否计入人口",
    "不计入原因",
    "是否保障对象",
    "父亲证件号码",
    "母亲证件号码",
    "年工资性收入",
    "年经营净收入",
    "年财产净收入",
    "年转移净收入",
    "其中中央基础养老金",
    "其中优抚抚恤金",
    "其中奖助学金",
    "其中社会救助款物",
    "收入核定期起",
    "收入核定期止",
    "财产核对日期",
    "财产核对结果",
    "联系电话",
    "家庭住址",
    "认定日期",
    "有效期止",
    "最近核查日期",
    "核查类别",
    "操作类型",
    "更新时间",
];

/// Household cells that offices merge over the rows of a family.
pub(crate) const MERGED: &[&str] = &[
    "户编号",
    "救助类别",
    "救助小类",
    "户籍镇街",
    "户籍村(社区)",
    "居住镇街",
    "居住村(社区)",
    "区划代码",
    "户主姓名",
    "户主证件号码",
    "财产核对日期",
    "财产核对结果",
    "家庭住址",
    "认定日期",
    "有效期止",
    "最近核查日期",
    "核查类别",
];

/// The rows of a family, head first.
pub(crate) fn rows(household: &Household, as_of: Date) -> Vec<Vec<String>> {
    household
        .listed()
        .map(|member| cells(household, member, as_of))
        .collect()
}

fn yes(flag: bool) -> String {
    if flag { "是" } else { "否" }.to_owned()
}

/// A part that most people have none of is left blank.
fn some(part: Money) -> String {
    if part == Money::ZERO {
        String::new()
    } else {
        part.to_string()
    }
}

/// One member's row.
pub(crate) fn cells(household: &Household, member: &Member, as_of: Date) -> Vec<String> {
    let assessed = Month::of(household.recognised);
    let parent = |id: &Option<domain::resident_id::ResidentId>| {
        id.as_ref()
            .map_or(String::new(), |id| id.as_str().to_owned())
    };
    let text = |text: &str| text.to_owned();
    // A recognition lapses after a year unless the periodic check renews it.
    let renewed = household.checked.max(household.recognised);
    let until = add_days(add_months(renewed, 12), -1);
    vec![
        household.number.clone(),
        text(household.scheme.zh()),
        text(household.sub_scheme),
        household.hukou.town.clone(),
        household.hukou.village.clone(),
        household.residence.town.clone(),
        household.residence.village.clone(),
        household.hukou.code.clone(),
        household.head().name.clone(),
        text(household.head().id.as_str()),
        member.name.clone(),
        text("身份证"),
        text(member.id.as_str()),
        text(member.kinship),
        text(member.sex_zh()),
        iso(member.birth()),
        text(member.marriage),
        text(member.health),
        text(member.capacity),
        text(member.employment),
        text(member.school),
        yes(member.together),
        yes(member.counted),
        text(member.not_counted),
        yes(member.covered),
        parent(&member.father),
        parent(&member.mother),
        member.income.wage.to_string(),
        member.income.business.to_string(),
        member.income.property.to_string(),
        member.income.transfer.to_string(),
        member.income.central_pension.to_string(),
        some(member.income.veteran),
        some(member.income.scholarship),
        some(member.income.assistance),
        month_dashed(assessed.plus(-12)),
        month_dashed(assessed.plus(-1)),
        iso(add_days(household.recognised, -9)),
        text(household.means),
        household.phone.clone(),
        household.address.clone(),
        iso(household.recognised),
        iso(until),
        iso(household.checked),
        text(household.check_class),
        text("U"),
        format!("{}/{}/{} 9:12", as_of.year(), as_of.month(), as_of.day()),
    ]
}
