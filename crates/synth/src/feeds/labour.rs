//! 人社 参保就业待遇: registrations, contributions and benefits in one file.

use domain::time::Date;

use super::{iso, month_compact};
use crate::model::{Household, Labour, Member};

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "记录类别",
    "证件号码",
    "姓名",
    "单位名称",
    "险种",
    "缴费年月",
    "缴费基数",
    "参保形式",
    "登记日期",
    "原因",
    "待遇类别",
    "月待遇金额",
    "其中中央基础养老金",
    "待遇起始年月",
    "待遇终止年月",
    "停发原因",
    "流水号",
    "更新时间",
];

/// Every record of everyone.
pub(crate) fn rows(household: &Household, told: Date) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for (nth, labour) in member.labour.iter().enumerate() {
            rows.push(cells(member, nth, *labour, told));
        }
    }
    rows
}

/// One record. The base is the floor of the place for everyone: no wage.
pub(crate) fn cells(member: &Member, nth: usize, labour: Labour, told: Date) -> Vec<String> {
    let id = member.id.as_str();
    let text = |text: &str| text.to_owned();
    let mut row = vec![String::new(); COLUMNS.len()];
    row[1] = text(id);
    row[2].clone_from(&member.name);
    row[16] = format!("RS{}{}{nth:02}", &id[3..6], &id[8..17]);
    row[17] = iso(told);
    match labour {
        Labour::Unemployed(day) => {
            row[0] = text("失业登记");
            row[8] = iso(day);
            row[9] = text("合同到期");
        }
        Labour::Insured(month, form) => {
            row[0] = text("参保缴费");
            row[3] = if form == "单位参保" {
                text("甲公司")
            } else {
                String::new()
            };
            row[4] = text("企业职工基本养老保险");
            row[5] = month_compact(month);
            row[6] = text("4879");
            row[7] = text(form);
        }
        Labour::Benefit(month) => {
            row[0] = text("待遇发放");
            row[10] = text("失业保险金");
            row[13] = month_compact(month);
            row[14] = text("9999-12-31");
        }
    }
    row
}
