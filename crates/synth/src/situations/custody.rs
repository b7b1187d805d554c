//! Parents and members who are away by law, and vehicles: what leaves the
//! count, what makes a child a case, and what does neither.

use domain::evaluation::{AlertLevel, Finding};
use domain::time::Date;
use jiff::civil::date;

use super::Situation;
use super::build::{Desk, day};
use crate::model::{Household, Member, Scheme, Standing};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        mother_in_isolation(desk),
        contact_lost(desk),
        sentenced_and_counted(desk),
        new_car(desk),
        still_counted(desk),
        cars_of_no_concern(desk),
        child_paid(desk),
    ]
}

/// A child with the grandmother on 低保; the parents are of no household.
fn with_grandmother(
    desk: &Desk<'_>,
    (number, nth): (u32, u32),
    name: &str,
    parents: impl Fn(Member, Member) -> (Member, Member),
) -> Household {
    let town = "雪堰镇";
    let at = |sequence: u32| number * 10 + nth * 300 + sequence;
    let grandmother = desk
        .one(town, "19570316", at(2), &format!("{name}奶奶"), "户主")
        .pension();
    let away = |born, sequence, name: &str| {
        desk.one(town, born, at(sequence), name, "")
            .standing(Standing::Former)
    };
    let (father, mother) = parents(
        away("19880712", 3, &format!("{name}父")),
        away("19900421", 4, &format!("{name}母")),
    );
    let child = desk
        .one(town, "20170302", at(5), name, "孙子")
        .child_of(Some(&father), Some(&mother));
    let mut family = desk
        .family(number, nth, Scheme::Subsistence, (town, "城湾村"))
        .with(grandmother)
        .with(child)
        .paid_allowance();
    family.members.push(father);
    family.members.push(mother);
    family
}

const CHILD: (Finding, AlertLevel) = (Finding::PossiblyMissed, AlertLevel::Orange);

fn mother_in_isolation(desk: &Desk<'_>) -> Situation {
    let family = with_grandmother(desk, (7, 1), "周某安", |father, mother| {
        (
            father.death_by_police(date(2025, 12, 3), date(2025, 12, 20)),
            mother.held("强制隔离戒毒", day(4, 15), "24个月"),
        )
    });
    Situation::new(
        7,
        "父亡，母强制隔离戒毒24个月，儿童随祖母",
        "Father dead, mother in compulsory isolation for 24 months, the child with the grandmother",
        family,
    )
    .raises(
        "unattended_child",
        1,
        CHILD,
        "一方死亡、另一方期限6个月以上，11月儿童名册无本人；文字不写类别和场所，仅儿童督导员办理，不公示",
    )
    .because("祖孙二人低保已领；父母不在本户，不计入也不评人口变化")
}

fn contact_lost(desk: &Desk<'_>) -> Situation {
    let since = |began: Date| {
        move |father: Member, mother: Member| {
            (
                father.held("监狱服刑", day(1, 10), "三年"),
                mother.held("失联", began, ""),
            )
        }
    };
    let raised = with_grandmother(desk, (8, 1), "蒋某宁", since(day(5, 20)));
    let early = with_grandmother(desk, (8, 2), "毛某乐", since(day(5, 21)));
    Situation::new(
        8,
        "父服刑，母失联满6个月（另一户差一天，不提示）",
        "Father sentenced, mother out of contact for six months (in the other family a day less: none)",
        raised,
    )
    .and(early)
    .raises(
        "unattended_child",
        1,
        CHILD,
        "服刑按期限算，失联按已过时间算：5月20日起满6个月",
    )
    .because("失联自5月21日起，只有5个月又30天，未满6个月；祖孙二人低保已领")
}

fn child_paid(desk: &Desk<'_>) -> Situation {
    let mut family = with_grandmother(desk, (48, 1), "袁某康", |father, mother| {
        (
            father.held("监狱服刑", date(2025, 3, 1), "五年"),
            mother.held("失联", date(2025, 6, 1), ""),
        )
    });
    family.members[1] = family.members[1].clone().paid("事实无人抚养儿童", 1_402);
    family.members[1].covered = true;
    Situation::new(
        48,
        "事实无人抚养儿童，已在儿童保障名册",
        "A child without parental care who is on the children's list",
        family,
    )
    .because("11月儿童名册有本人；祖孙二人低保已领")
}

/// A 低保 family of three.
fn three(desk: &Desk<'_>, number: u32, nth: u32, head: impl Fn(Member) -> Member) -> Household {
    let town = "嘉泽镇";
    let at = |sequence: u32| number * 10 + nth * 200 + sequence;
    let father = desk.one(town, "19830119", at(1), &format!("倪某{number}"), "户主");
    let wife = desk
        .one(town, "19850508", at(2), "丁某芬", "配偶")
        .wage(18_000);
    let son = desk
        .one(town, "20140922", at(3), "倪某阳", "子")
        .child_of(Some(&father), Some(&wife));
    desk.family(number, nth, Scheme::Subsistence, (town, "观庄村"))
        .with(head(father))
        .with(wife)
        .with(son)
        .paid_allowance()
}

fn sentenced_and_counted(desk: &Desk<'_>) -> Situation {
    Situation::new(
        14,
        "监狱服刑仍计入低保人口",
        "A member serving a sentence is still counted",
        three(desk, 14, 1, |m| {
            m.held("监狱服刑", day(6, 3), "有期徒刑二年六个月")
        }),
    )
    .raises_for_family(
        "custody_still_counted",
        (Finding::Discrepancy, AlertLevel::Yellow),
        "服刑的不计入：3→2人，测算月补差1,980→820元（示例）；文字不写类别和场所",
    )
    .because("母亲在家照料，儿童不属事实无人抚养")
}

fn still_counted(desk: &Desk<'_>) -> Situation {
    Situation::new(
        25,
        "看守所羁押、社区矫正，仍计入人口",
        "Detention and community correction: still counted",
        three(desk, 25, 1, |m| m.held("看守所羁押", day(10, 2), "")),
    )
    .and(three(desk, 25, 2, |m| m.held("社区矫正", day(2, 1), "1年")))
    .because("只有监狱服刑、强制隔离戒毒、宣告失踪不计入；羁押、矫正仍计入；母亲在家照料")
}

fn new_car(desk: &Desk<'_>) -> Situation {
    Situation::new(
        15,
        "低保户新登记轿车",
        "A 低保 family registered a car",
        three(desk, 15, 1, |m| m.owns("K33", "A", day(10, 20))),
    )
    .raises(
        "new_vehicle",
        0,
        (Finding::Signal, AlertLevel::Blue),
        "10月20日新登记，待核实；没有车价，不判断超标，不停发",
    )
    .because("车辆不改变收入测算，财产核对未超")
}

fn cars_of_no_concern(desk: &Desk<'_>) -> Situation {
    Situation::new(
        26,
        "残疾人代步车、二轮摩托、报废、已转出的车",
        "A wheelchair car, a motorcycle, a scrapped and a sold car",
        three(desk, 26, 1, |m| {
            m.owns("残疾人专用代步车", "A", day(3, 2))
                .owns("M21", "A", day(5, 6))
                .owns("K33", "E", day(1, 15))
                .owns("K33", "B", day(2, 20))
        }),
    )
    .because("四辆都不算：代步车、摩托车不问，报废和转出的不在名下")
}
