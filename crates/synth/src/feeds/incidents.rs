//! 应急、消防、交警 突发事件: who stands on the list of a fire, an accident or a
//! disaster, at the place where the household lives.

use super::{Window, iso};
use crate::model::{Household, Incident};

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "记录编号",
    "事件编号",
    "事件类别",
    "发生时间",
    "镇街",
    "村(社区)",
    "发生地址",
    "姓名",
    "证件号码",
    "性别",
    "年龄",
    "联系电话",
    "户籍地",
    "人员身份",
    "伤亡情况",
    "房屋财产损失",
    "事故责任",
    "处置情况",
    "报送部门",
    "更新时间",
];

/// Incidents told within a window.
pub(crate) fn rows(household: &Household, window: Window) -> Vec<Vec<String>> {
    let told = household
        .incidents
        .iter()
        .filter(|i| window.contains(i.told));
    told.map(|incident| cells(household, incident)).collect()
}

/// One person of one incident.
fn cells(household: &Household, incident: &Incident) -> Vec<String> {
    let id = incident.id.as_ref().map_or("", |id| id.as_str());
    let texts = [
        incident.number.as_str(),
        "",
        incident.kind,
        &iso(incident.on),
        &household.residence.town,
        &household.residence.village,
        "",
        &incident.name,
        id,
        "",
        "",
        &household.phone,
        "",
        incident.role,
        incident.injury,
        incident.loss,
        "",
        "已处置",
        incident.sender,
        &iso(incident.told),
    ];
    texts.map(str::to_owned).into()
}
