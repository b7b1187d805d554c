//! 金民 发放名册: one row per item and month, with a title row and a 合计 row.

use domain::money::Money;
use domain::time::Month;

use super::{iso, month_compact};
use crate::dice::{Dice, Stream};
use crate::model::{Grant, Household, Member};
use crate::words::WORDS;

/// The columns, in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "发放年月",
    "救助项目",
    "救助小类",
    "户编号",
    "户主姓名",
    "户主证件号码",
    "享受人姓名",
    "享受人证件号码",
    "保障人数",
    "保障标准",
    "家庭月收入",
    "月补差金额",
    "分类施保金额",
    "补发金额",
    "补发月份",
    "扣回金额",
    "实发金额",
    "渐退期起",
    "渐退期止",
    "首次享受年月",
    "发放状态",
    "发放日期",
    "开户银行",
    "银行账号",
    "代领人",
    "备注",
];

/// The rows of a month, one list for all items, leaving out one item whose list
/// has not come.
pub(crate) fn rows(household: &Household, month: Month, omit: Option<&str>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for grant in &member.grants {
            let paid = grant.first <= month && grant.last.is_none_or(|last| month <= last);
            if !paid || omit == Some(grant.item) {
                continue;
            }
            rows.push(cells(household, member, grant, month, None));
            if let Some((in_month, for_month, amount)) = grant.back_pay
                && in_month == month
            {
                rows.push(cells(
                    household,
                    member,
                    grant,
                    month,
                    Some((for_month, amount)),
                ));
            }
        }
    }
    rows
}

/// An account number of no bank: it starts like none and is drawn by the seed
/// of the payee's own number.
fn account(member: &Member) -> String {
    let seed = member.id.as_str().bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    format!("0000{}", Dice::new(seed, 0, Stream::People).digits(15))
}

/// One row: the month's payment, or a 补发 for an earlier month.
fn cells(
    household: &Household,
    member: &Member,
    grant: &Grant,
    month: Month,
    back_pay: Option<(Month, Money)>,
) -> Vec<String> {
    let text = |text: &str| text.to_owned();
    let of_household = !member.is_stranger() && grant.item != "尊老金";
    let (head_name, head_id) = match &grant.head {
        Some((name, id)) => (name.clone(), text(id.as_str())),
        None if of_household => (
            household.head().name.clone(),
            text(household.head().id.as_str()),
        ),
        None => (String::new(), String::new()),
    };
    let payee = member.id.as_str();
    let payee = if grant.old_number {
        format!("{}{}", &payee[..6], &payee[8..17])
    } else {
        text(payee)
    };
    let regular = if back_pay.is_some() {
        Money::ZERO
    } else {
        grant.supplement
    };
    let extra = back_pay.map_or(Money::ZERO, |(_, amount)| amount);
    let banks = WORDS.banks.len().max(1);
    vec![
        month_compact(month),
        text(grant.item),
        text(grant.sub_item),
        if of_household {
            household.number.clone()
        } else {
            String::new()
        },
        head_name,
        head_id,
        member.name.clone(),
        payee,
        grant.covered.to_string(),
        grant.standard.to_string(),
        grant
            .household_income
            .map_or(String::new(), |m| m.to_string()),
        regular.to_string(),
        text("0"),
        extra.to_string(),
        back_pay.map_or(String::new(), |(month, _)| month_compact(month)),
        text("0"),
        [regular, extra].into_iter().sum::<Money>().to_string(),
        grant.grace.map_or(String::new(), |(from, _)| iso(from)),
        grant.grace.map_or(String::new(), |(_, until)| iso(until)),
        month_compact(grant.first),
        text("已发"),
        iso(domain::time::add_days(month.first_day(), 4)),
        WORDS.banks[household.members.len() % banks].clone(),
        account(member),
        String::new(),
        String::new(),
    ]
}
