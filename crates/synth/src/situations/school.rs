//! Children in and out of the lists of local schools, and children who come of age.

use domain::evaluation::{AlertLevel, Finding};
use domain::time::Date;

use super::Situation;
use super::build::Desk;
use crate::feeds::school::{AUTUMN, SPRING};
use crate::model::{Enrolled, Household, Member, Scheme};
use crate::words::ASSUMED;

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        left_the_list(desk),
        not_on_the_list(desk),
        no_aid(desk),
        aid_or_no_pupil(desk),
        orphan_of_age(desk),
        orphan_not_yet(desk),
    ]
}

/// A row in one list.
fn row(
    day: Date,
    stage: &'static str,
    grade: &'static str,
    status: &'static str,
    aid: &'static str,
) -> (Date, Enrolled) {
    let enrolled = Enrolled {
        stage,
        grade,
        status,
        aid,
    };
    (day, enrolled)
}

/// A 低保 family of three whose child is born on a day.
fn with_child(
    desk: &Desk<'_>,
    (number, nth): (u32, u32),
    born: &str,
    child: impl Fn(Member) -> Member,
) -> Household {
    let town = "前黄镇";
    let at = |sequence: u32| 500 + (number - 51) * 20 + nth * 6 + sequence;
    let head = desk
        .one(town, "19820118", at(0) | 1, "羊某明", "户主")
        .wage(24_000);
    let wife = desk.one(town, "19840530", at(2) & !1, "居某凤", "配偶");
    let pupil = desk
        .one(town, born, at(4) | 1, "羊某乐", "子")
        .child_of(Some(&head), Some(&wife));
    desk.family(number, nth, Scheme::Subsistence, (town, "前进村"))
        .with(head)
        .with(wife)
        .with(child(pupil))
        .paid_allowance()
}

const AID: &str = "困难学生资助";

fn left_the_list(desk: &Desk<'_>) -> Situation {
    let family = with_child(desk, (63, 1), "20130304", |m| {
        m.listed(&[row(SPRING, "初中", "七年级", "在读", AID)])
    });
    Situation::new(
        63,
        "低保家庭13岁孩子春季初一在读，秋季名册没有",
        "A child of 13 in a 低保 family, in the seventh grade in spring, not listed in autumn",
        family,
    )
    .raises(
        "school_dropout",
        2,
        (Finding::Signal, AlertLevel::Orange),
        "上一册在本地在读、最新名册无本人，未见转学、休学：提示教育部门核查，可能已到外地就读",
    )
    .because("不在最新名册，不评资助")
}

fn not_on_the_list(desk: &Desk<'_>) -> Situation {
    let moved = with_child(desk, (64, 1), "20130304", |m| {
        m.listed(&[
            row(SPRING, "初中", "七年级", "在读", AID),
            row(AUTUMN, "初中", "八年级", "转出", ""),
        ])
    });
    let never = with_child(desk, (64, 2), "20130304", Member::at_school_elsewhere);
    let finished = with_child(desk, (64, 3), "20110304", |m| {
        m.listed(&[row(SPRING, "初中", "初三", "在读", AID)])
    });
    Situation::new(
        64,
        "已转出；从未在本地就读；初三毕业离册",
        "Transferred; never at a local school; left after the ninth grade",
        moved,
    )
    .and(never)
    .and(finished)
    .because("学籍名册只有本地学校：有转出记录的、从未在册的、最后一年毕业离册的都不是失学")
}

fn no_aid(desk: &Desk<'_>) -> Situation {
    let family = with_child(desk, (65, 1), "20090411", |m| {
        m.listed(&[
            row(SPRING, "普通高中", "高二", "在读", AID),
            row(AUTUMN, "普通高中", "高三", "在读", ""),
        ])
    });
    Situation::new(
        65,
        "低保家庭高三学生，本学期没有资助项目",
        "A pupil of a 低保 family in the last year of senior school, without aid this term",
        family,
    )
    .raises(
        "student_aid_missing",
        2,
        (Finding::Signal, AlertLevel::Blue),
        "秋季名册在读、资助项目为空：列入本学期清单推送教育部门，无期限",
    )
    .because("上学期有资助不算本学期；低保已领")
}

fn aid_or_no_pupil(desk: &Desk<'_>) -> Situation {
    let aided = with_child(desk, (66, 1), "20090411", |m| {
        m.listed(&[row(AUTUMN, "普通高中", "高三", "在读", "国家助学金")])
    });
    let graduate = with_child(desk, (66, 2), "20050304", |m| {
        m.listed(&[row(AUTUMN, "普通高中", "高三", "在读", "")])
    });
    Situation::new(
        66,
        "有国家助学金；21岁毕业后学籍未销仍“在读”",
        "Aided; a graduate of 21 still listed as enrolled",
        aided,
    )
    .and(graduate)
    .because("有资助项目的不提示；超过学段年龄仍在读的多为学籍未销，不提示（平台默认）")
}

fn orphan(desk: &Desk<'_>, number: u32, born: &str) -> Household {
    let town = "前黄镇";
    let at = |sequence: u32| 500 + (number - 51) * 20 + sequence;
    let head = desk
        .one(town, "19560821", at(2), "陶某仙", "户主")
        .pension();
    let child = desk
        .one(town, born, at(5), "陶某晨", "孙子")
        .not_counted("其他", true)
        .paid("孤儿", ASSUMED.orphan_yuan);
    desk.family(number, 1, Scheme::Subsistence, (town, "杨桥村"))
        .with(head)
        .with(child)
        .paid_allowance()
}

fn orphan_of_age(desk: &Desk<'_>) -> Situation {
    Situation::new(
        67,
        "孤儿还有60天满18周岁",
        "An orphan comes of age in sixty days",
        orphan(desk, 67, "20090119"),
    )
    .raises(
        "orphan_turning_adult",
        1,
        (Finding::Duty, AlertLevel::Blue),
        "2027年1月19日满18周岁：提前安排升学、就业和住房衔接，在校的可按规定继续",
    )
    .because("孤儿基本生活费已领，不评特困；学生有资助")
}

fn orphan_not_yet(desk: &Desk<'_>) -> Situation {
    Situation::new(
        68,
        "孤儿还有61天满18周岁",
        "An orphan comes of age in sixty-one days",
        orphan(desk, 68, "20090120"),
    )
    .because("还没有到提前60天（平台默认）")
}
