//! 教育 学籍: pupils of local schools, one complete list a term.

use domain::time::Date;

use super::iso;
use crate::dice::Dice;
use crate::model::{Enrolled, Household, Member, Pupil, Scheme, Stray};
use crate::people::school;

/// The list of the spring term in the samples.
pub(crate) const SPRING: Date = jiff::civil::date(2026, 5, 10);
/// The list of the autumn term in the samples.
pub(crate) const AUTUMN: Date = jiff::civil::date(2026, 10, 8);

/// Columns in the order of the file.
pub(crate) const COLUMNS: &[&str] = &[
    "学籍号",
    "学生姓名",
    "性别",
    "出生日期",
    "证件类型",
    "证件号码",
    "学校名称",
    "学校区划",
    "学段",
    "年级",
    "就读状态",
    "资助项目",
    "学年学期",
    "监护人1姓名",
    "监护人1证件号码",
    "监护人1关系",
    "更新时间",
];

/// Grades by completed years of age, from the first one of primary school.
const GRADES: [&str; 11] = [
    "一年级",
    "二年级",
    "三年级",
    "四年级",
    "五年级",
    "六年级",
    "七年级",
    "八年级",
    "九年级",
    "高一",
    "高二",
];

/// Pupils of a household as of the day of the list.
pub(crate) fn rows(household: &Household, as_of: Date) -> Vec<Vec<String>> {
    let aided = household.scheme != Scheme::None;
    let mut rows = Vec::new();
    for member in household.listed() {
        let enrolled = match &member.pupil {
            Pupil::Usual => usual(member, as_of, if aided { "困难学生资助" } else { "" }),
            Pupil::Elsewhere => None,
            Pupil::Listed(lists) => {
                let of_day = lists.iter().find(|(day, _)| *day == as_of);
                of_day.map(|(_, enrolled)| *enrolled)
            }
        };
        rows.extend(enrolled.map(|enrolled| cells(member, enrolled, as_of)));
    }
    rows
}

/// What a pupil of this age usually is; none outside school.
pub(crate) fn usual(member: &Member, as_of: Date, aid: &'static str) -> Option<Enrolled> {
    let age = member.age(as_of);
    let stage = school(age);
    let nth = usize::try_from(age - 7).ok();
    (!stage.is_empty()).then(|| Enrolled {
        stage,
        grade: nth.and_then(|nth| GRADES.get(nth)).copied().unwrap_or(""),
        status: "在读",
        aid,
    })
}

/// One pupil.
pub(crate) fn cells(member: &Member, enrolled: Enrolled, as_of: Date) -> Vec<String> {
    let text = |text: &str| text.to_owned();
    let guardian = member.father.as_ref().or(member.mother.as_ref());
    let (year, term) = if begins_a_year(as_of) {
        (as_of.year(), 1)
    } else {
        (as_of.year() - 1, 2)
    };
    vec![
        format!("G{}", member.id.as_str()),
        member.name.clone(),
        text(member.sex_zh()),
        iso(member.birth()),
        text("身份证"),
        text(member.id.as_str()),
        text("乙学校"),
        text("320412"),
        text(enrolled.stage),
        text(enrolled.grade),
        text(enrolled.status),
        text(enrolled.aid),
        format!("{year}-{}-{term}", year + 1),
        String::new(),
        guardian.map_or(String::new(), |id| text(id.as_str())),
        text(if guardian.is_some() { "父母" } else { "" }),
        iso(as_of),
    ]
}

/// Whether a list is of the first term of a school year.
pub(crate) fn begins_a_year(as_of: Date) -> bool {
    as_of.month() >= 9
}

/// `八年级` as `初二` or `初中二年级`; an entry year where the office has only that.
pub(crate) fn other_grade(dice: &mut Dice, grade: &str) -> Option<String> {
    let others: &[&str] = match grade {
        "七年级" => &["初一", "初中一年级", "2026级"],
        "八年级" => &["初二", "初中二年级", "2025级"],
        "九年级" => &["初三", "初中三年级", "2024级"],
        "高一" => &["高中一年级", "2026级"],
        "" => return None,
        other => return other.strip_suffix("年级").map(|nth| format!("小{nth}")),
    };
    Some(dice.word(others).to_owned())
}

/// A row of the newest list that is sent back. Its pupil can be read, so that
/// nobody else could be the row: with a row of nobody, whoever left the list
/// would have to be unknown.
pub(crate) fn unreadable_stage(someone: &Member, told: Date) -> Stray {
    let enrolled = Enrolled {
        stage: "学段不详",
        grade: "",
        status: "在读",
        aid: "",
    };
    Stray {
        feed: super::Feed::School.number(),
        told,
        cells: cells(someone, enrolled, told),
        outcome: "rejected",
        why: "code.unknown",
    }
}
