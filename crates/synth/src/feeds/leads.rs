//! 网格 线索: what village grid workers report.

use super::Window;
use crate::model::{Household, Lead};

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "线索编号",
    "上报时间",
    "上报人",
    "所属网格",
    "镇街",
    "村(社区)",
    "对象姓名",
    "对象证件号码",
    "对象电话",
    "居住地址",
    "户籍地",
    "是否本地户籍",
    "线索类别",
    "紧急程度",
    "情况描述",
    "已采取措施",
    "是否需反馈",
    "关联12345工单号",
];

/// Reports told within a window.
pub(crate) fn rows(household: &Household, window: Window) -> Vec<Vec<String>> {
    let told = household.leads.iter().filter(|l| window.contains(l.told));
    told.map(|lead| cells(household, lead)).collect()
}

/// One report. Where people live is where it happened.
pub(crate) fn cells(household: &Household, lead: &Lead) -> Vec<String> {
    let local = match lead.origin {
        "" => "",
        "本地" => "是",
        _ => "否",
    };
    vec![
        lead.number.clone(),
        lead.time.clone(),
        "村网格员02".to_owned(),
        format!("{}03网格", household.residence.village),
        household.residence.town.clone(),
        household.residence.village.clone(),
        lead.name.clone(),
        lead.id
            .as_ref()
            .map_or(String::new(), |id| id.as_str().to_owned()),
        household.phone.clone(),
        household.address.clone(),
        lead.origin.to_owned(),
        local.to_owned(),
        lead.category.to_owned(),
        lead.urgency.to_owned(),
        lead.text.clone(),
        "已通知村委".to_owned(),
        "是".to_owned(),
        String::new(),
    ]
}
