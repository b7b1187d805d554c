//! 养老服务: the visiting roster, a complete list, and records of visits, which
//! tell what happened and never who was not visited.

use domain::time::{Date, add_days};
use jiff::civil::date;

use super::{Window, iso};
use crate::model::{Care, Household, Member, Visited};
use crate::places::Place;

/// Columns of the roster in the order of the file.
pub(crate) const ROSTER: &[&str] = &[
    "姓名",
    "证件号码",
    "人员类别",
    "镇街",
    "村(社区)",
    "探访频次",
    "帮扶责任人",
    "起始日期",
    "备注",
];
/// The line over the roster.
pub(crate) const TITLE: &str = "武进区特殊困难老年人探访对象与责任人名册（2026年11月）";
/// The line under it: headings merged over so many columns each.
pub(crate) const GROUPS: &[(&str, u16)] = &[("基本情况", 3), ("居住地", 2), ("探访安排", 4)];
/// Who signs below the total.
pub(crate) const FOOT: &str = "填报单位：武进区养老服务指导中心（虚构）";

/// Columns of the records in the order of the file.
pub(crate) const VISITS: &[&str] = &[
    "记录编号",
    "姓名",
    "证件号码",
    "探访日期",
    "探访类别",
    "探访结果",
    "收入有变",
    "人口有变",
    "健康有变",
    "住房有变",
    "情况说明",
    "探访人",
];

/// Age from which somebody who lives alone is on an invented roster.
pub(crate) const ALONE_FROM: i64 = 70;
/// Age from which they are visited every week there.
pub(crate) const WEEKLY_FROM: i64 = 80;

/// Invented people who visit.
const RESPONSIBLE: [&str; 6] = ["周某华", "丁某", "薛某平", "汤某芳", "万某", "蒋某琴"];

/// Everyone of a household on the roster of a day.
pub(crate) fn roster(household: &Household, told: Date) -> Vec<Vec<String>> {
    let members = household.members.iter();
    members
        .filter_map(|m| Some((m, m.care.as_ref().filter(|care| care.since <= told)?)))
        .map(|(member, care)| planned(member, &household.residence, care))
        .collect()
}

/// One row of the roster.
pub(crate) fn planned(member: &Member, place: &Place, care: &Care) -> Vec<String> {
    let texts = [
        member.name.as_str(),
        member.id.as_str(),
        "独居老年人",
        &place.town,
        &place.village,
        care.class,
        care.responsible,
        &iso(care.since),
        "",
    ];
    texts.map(str::to_owned).into()
}

/// Visits told within a window.
pub(crate) fn visits(household: &Household, window: Window) -> Vec<Vec<String>> {
    let cared = household.members.iter();
    cared
        .flat_map(|member| member.care.iter().map(move |care| (member, care)))
        .flat_map(|(member, care)| {
            let told = care.visits.iter().filter(|v| window.contains(v.on));
            told.map(move |visit| visited(member, visit))
        })
        .collect()
}

/// One record. Its number is the day with the end of the identity number.
pub(crate) fn visited(member: &Member, visit: &Visited) -> Vec<String> {
    let id = member.id.as_str();
    let asked = visit.finding != "未见到人";
    let changed = |column: &str| match visit.changed {
        Some(told) if told == column => "是",
        _ if asked => "否",
        _ => "",
    };
    let number = iso(visit.on).replace('-', "");
    let texts = [
        &format!("TF{number}{}{}", &id[3..6], &id[10..17]),
        member.name.as_str(),
        id,
        &iso(visit.on),
        visit.kind,
        visit.finding,
        changed("收入有变"),
        changed("人口有变"),
        changed("健康有变"),
        changed("住房有变"),
        visit.note,
        "村级联络人",
    ];
    texts.map(str::to_owned).into()
}

/// A visit that found all well.
pub(crate) fn all_well(on: Date) -> Visited {
    Visited {
        on,
        kind: "探访",
        finding: "正常",
        changed: None,
        note: "",
    }
}

/// How most people stand on the roster since a day.
pub(crate) fn usual(since: Date) -> Care {
    Care {
        class: "一般",
        responsible: RESPONSIBLE[0],
        since,
        visits: Vec::new(),
    }
}

/// The plan and the visits of an invented person of household `index`: all
/// well, or not at home, or not visited yet.
pub(crate) fn invented(weekly: bool, index: u32) -> Care {
    let nth = i32::try_from(index % 1000).unwrap_or(0);
    let responsible = RESPONSIBLE[index as usize % RESPONSIBLE.len()];
    let mut care = Care {
        class: if weekly { "重点" } else { "一般" },
        responsible,
        ..usual(date(2026, 1, 1))
    };
    if weekly {
        let mondays = [date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)];
        // The last of the weeks is not over: some are still to be visited in it.
        let weeks = if nth % 5 == 0 { 2 } else { 3 };
        for monday in &mondays[..weeks] {
            care.visits.push(all_well(add_days(*monday, nth % 4)));
        }
        if let Some(last) = care.visits.last_mut().filter(|_| nth % 7 == 0) {
            last.finding = "未见到人";
        }
    } else {
        care.visits
            .push(all_well(add_days(date(2026, 10, 9), nth % 15)));
        if nth % 3 != 0 {
            care.visits
                .push(all_well(add_days(date(2026, 11, 2), nth % 17)));
        }
    }
    care
}
