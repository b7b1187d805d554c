//! 公安车管 机动车登记: the vehicles of the people asked for.

use super::iso;
use crate::model::{Car, Household, Member};

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "机动车序号",
    "号牌种类",
    "号牌号码",
    "车辆类型",
    "车辆品牌",
    "使用性质",
    "机动车所有人",
    "身份证明名称",
    "身份证明号码",
    "初次登记日期",
    "发牌日期",
    "机动车状态",
    "强制报废期止",
    "排量",
    "变更类型",
    "更新日期",
];

/// Every vehicle of everyone.
pub(crate) fn rows(household: &Household) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for member in &household.members {
        for (nth, car) in member.cars.iter().enumerate() {
            rows.push(cells(member, nth, *car));
        }
    }
    rows
}

/// One vehicle. No plate is one in use: real ones never begin with 测.
pub(crate) fn cells(member: &Member, nth: usize, car: Car) -> Vec<String> {
    let id = member.id.as_str();
    let number = format!("{}{}{nth}", &id[3..6], &id[10..17]);
    vec![
        format!("3204{number}"),
        if car.kind.starts_with('M') {
            "07"
        } else {
            "02"
        }
        .to_owned(),
        format!("测D{}", &id[12..17]),
        car.kind.to_owned(),
        "某牌".to_owned(),
        "A".to_owned(),
        member.name.clone(),
        "A".to_owned(),
        id.to_owned(),
        iso(car.plated),
        iso(car.plated),
        car.status.to_owned(),
        "2099-12-31".to_owned(),
        "1498".to_owned(),
        "注册".to_owned(),
        iso(car.plated),
    ]
}
