//! 医保 结算明细: one row per settlement, refunds as negative rows.

use domain::money::Money;

use super::Window;
use crate::model::{Bill, Household, Member};
use crate::places::COUNTY;

/// The columns, in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "结算ID",
    "就诊ID",
    "人员编号",
    "姓名",
    "证件号码",
    "险种类型",
    "人员类别",
    "参保区划",
    "医疗类别",
    "定点医药机构名称",
    "入院日期",
    "出院日期",
    "结算时间",
    "主要诊断名称",
    "病种名称",
    "医疗费总额",
    "全自费金额",
    "超限价自费费用",
    "先行自付金额",
    "统筹基金支出",
    "公务员医疗补助",
    "大额医疗补助",
    "大病保险支出",
    "医疗救助支出",
    "其他基金支出",
    "基金支付总额",
    "个人负担总额",
    "个人账户支出",
    "账户共济支付",
    "个人现金支付",
    "退费结算标志",
    "原结算ID",
    "报销方式",
];

/// The rows told within a window.
pub(crate) fn rows(household: &Household, window: Window) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for bill in member.bills.iter().filter(|b| window.contains(b.told)) {
            rows.push(cells(household, member, bill));
        }
    }
    rows
}

/// One settlement. Parts of the fund add up to the fund, and the fund and the
/// person's burden to the total.
pub(crate) fn cells(household: &Household, member: &Member, bill: &Bill) -> Vec<String> {
    let text = |text: &str| text.to_owned();
    let day = |date: domain::time::Date| {
        format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
    };
    let fund = bill.total.as_fen() - bill.burden.as_fen();
    let inpatient = bill.care == "普通住院";
    let (illness, relief) = if inpatient {
        (fund * 15 / 100, fund * 10 / 100)
    } else {
        (0, 0)
    };
    let pooled = fund - illness - relief;
    let own = bill.burden.as_fen() / 10;
    let fen = |fen: i64| Money::from_fen(fen).to_string();
    let refund = bill.reverses.is_some();
    vec![
        bill.number.clone(),
        format!("M{}", bill.number.trim_start_matches('S')),
        format!("3204P{}", member.id.last_four()),
        member.name.clone(),
        text(member.id.as_str()),
        text("城乡居民"),
        text(
            if household.scheme == crate::model::Scheme::Subsistence && member.covered {
                "低保对象"
            } else {
                "普通"
            },
        ),
        text(COUNTY),
        text(bill.care),
        bill.hospital.clone(),
        day(bill.from),
        day(bill.settled),
        format!("{}153000", day(bill.settled)),
        bill.diagnosis.clone(),
        String::new(),
        bill.total.to_string(),
        fen(own),
        text("0"),
        text("0"),
        fen(pooled),
        text("0"),
        text("0"),
        fen(illness),
        fen(relief),
        text("0"),
        fen(fund),
        bill.burden.to_string(),
        text("0"),
        text("0"),
        bill.burden.to_string(),
        text(if refund { "1" } else { "0" }),
        bill.reverses.clone().unwrap_or_default(),
        text(if bill.care == "手工零星报销" {
            "手工"
        } else {
            "联网"
        }),
    ]
}
