//! What a bureau has to do by a day, and what must not be paid together.

use domain::evaluation::{AlertLevel, Finding};
use domain::time::Date;
use jiff::civil::date;

use super::Situation;
use super::build::{Desk, day};
use crate::model::{Household, Scheme};
use crate::words::{ASSUMED, yuan};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        certificate_ends(desk),
        destitute_with_nursing(desk),
        check_overdue(desk),
        grace_ends(desk),
        turned_eighty(desk),
        elder_of_no_household(desk),
        worker_died(desk),
        in_grace(desk),
    ]
}

fn certificate_ends(desk: &Desk<'_>) -> Situation {
    let town = "洛阳镇";
    let mut head = desk
        .one(town, "19740611", 19, "沈某华", "户主")
        .certified("肢体", 2, date(2017, 1, 20))
        .wage(38_400)
        .paid("残疾人护理补贴", 80);
    for certificate in &mut head.certificates {
        certificate.until = date(2027, 1, 19);
    }
    let family = desk
        .family(12, 1, Scheme::None, (town, "民丰村"))
        .with(head);
    Situation::new(
        12,
        "残疾证还有60天到期，在领护理补贴",
        "A certificate ends in 60 days; the nursing subsidy is paid on it",
        family,
    )
    .raises(
        "certificate_expiring",
        0,
        (Finding::Duty, AlertLevel::Blue),
        "有效至2027年1月19日，还有60天；提前告知换证",
    )
    .because("家庭收入高于低保标准，护理补贴已领")
}

fn destitute_with_nursing(desk: &Desk<'_>) -> Situation {
    let town = "嘉泽镇";
    let person = desk
        .one(town, "19520908", 13, "薛某庚", "户主")
        .transfer(2_400)
        .certified("肢体", 1, date(2022, 6, 8))
        .paid("特困", ASSUMED.extreme_difficulty_yuan)
        .paid("残疾人护理补贴", 120);
    let family = desk
        .family(13, 1, Scheme::ExtremeDifficulty, (town, "观庄村"))
        .with(person);
    Situation::new(
        13,
        "特困人员同月领护理补贴",
        "A 特困 person is paid the nursing subsidy too",
        family,
    )
    .raises(
        "duplicate_benefit",
        0,
        (Finding::Discrepancy, AlertLevel::Yellow),
        "10月特困供养和护理补贴同月发放，待核实；11月特困名册未到，只比10月",
    )
    .because("特困人员不评低保和两项补贴资格")
}

/// A 低保 family of three, its wages and the day it was last checked.
fn three(desk: &Desk<'_>, number: u32, wage: i64, checked: Date) -> Household {
    let town = "湖塘镇";
    let head = desk.one(town, "19790412", 15, "孙某平", "户主").wage(wage);
    let wife = desk.one(town, "19810203", 24, "毛某云", "配偶");
    let son = desk
        .one(town, "20090827", number, "孙某浩", "子")
        .child_of(Some(&head), Some(&wife));
    let head = unlike(desk, head, number);
    let wife = unlike(desk, wife, number);
    let mut family = desk
        .family(number, 1, Scheme::Subsistence, (town, "丰乐社区"))
        .with(head)
        .with(wife)
        .with(son);
    family.checked = checked;
    family.recognised = family.recognised.min(checked);
    family
}

/// The same person under a sequence of the situation's own.
fn unlike(desk: &Desk<'_>, member: crate::model::Member, number: u32) -> crate::model::Member {
    let born: String = member.birth().to_string().replace('-', "");
    let sequence = 100 + number * 4 + u32::from(member.sex_zh() == "男");
    let made = desk.one("湖塘镇", &born, sequence, &member.name, member.kinship);
    crate::model::Member {
        id: made.id,
        ..member
    }
}

fn check_overdue(desk: &Desk<'_>) -> Situation {
    let mut family = three(desk, 16, 24_000, day(5, 10)).paid_allowance();
    family.check_class = "C";
    Situation::new(
        16,
        "C类低保家庭半年核查已超期",
        "The half-yearly check of a 低保 family is overdue",
        family,
    )
    .raises_for_family(
        "periodic_check_due",
        (Finding::Duty, AlertLevel::Orange),
        "5月10日核查，按半年（示例：C类）应于11月10日前核查，已超过10天",
    )
    .because("收入仍低于标准")
}

/// Income has risen above the line, and the bureau has granted a grace period.
fn with_grace(family: Household, until: Date) -> Household {
    let mut family = family.paid_allowance();
    for grant in &mut family.members[0].grants {
        grant.grace = Some((day(6, 15), until));
        grant.household_income = Some(yuan(2_880));
        grant.supplement = yuan(600);
    }
    family
}

fn grace_ends(desk: &Desk<'_>) -> Situation {
    Situation::new(
        17,
        "就业后收入超标准，渐退期24天后结束",
        "Above the line by work, the grace period ends in 24 days",
        with_grace(three(desk, 17, 60_000, day(9, 15)), day(12, 14)),
    )
    .raises_for_family(
        "grace_ending",
        (Finding::Duty, AlertLevel::Blue),
        "渐退期12月14日结束，还有24天：结束前复核并告知",
    )
    .because("渐退期内不提示“不再符合”")
}

fn in_grace(desk: &Desk<'_>) -> Situation {
    Situation::new(
        29,
        "就业后收入超标准，在渐退期内",
        "Above the line by work, within the grace period",
        with_grace(three(desk, 29, 60_000, day(9, 15)), date(2027, 3, 31)),
    )
    .because("渐退期到2027年3月31日：期内不提示“不再符合”，也未到提前30天")
}

fn turned_eighty(desk: &Desk<'_>) -> Situation {
    let town = "牛塘镇";
    let person = desk
        .one(town, "19461108", 12, "许某林", "户主")
        .pension()
        .transfer(24_000);
    let family = desk
        .family(18, 1, Scheme::None, (town, "塘口村"))
        .with(person);
    Situation::new(
        18,
        "本月满80周岁，尊老金名册没有",
        "Turned 80 this month, not yet on the list of the very old",
        family,
    )
    .raises(
        "senior_allowance",
        0,
        (Finding::EntitledNotReceived, AlertLevel::Blue),
        "11月8日满80周岁，11月尊老金名册无本人：列入本月清单，无期限",
    )
    .because("月收入2,000元（不含中央基础养老金），高于低保标准")
}

fn elder_of_no_household(desk: &Desk<'_>) -> Situation {
    let town = "牛塘镇";
    let person = desk
        .one(town, "19440903", 24, "孟某秀", "")
        .standing(crate::model::Standing::Stranger);
    let family = desk
        .family(50, 1, Scheme::None, (town, "塘口村"))
        .with(person);
    Situation::new(
        50,
        "只在户籍80周岁以上名单里的老人，未领尊老金",
        "An elder only the police's list knows, not paid",
        family,
    )
    .raises(
        "senior_allowance",
        0,
        (Finding::EntitledNotReceived, AlertLevel::Blue),
        "户籍在本地、82岁，11月尊老金名册无本人：列入本月清单，无期限",
    )
    .because("家庭组成未知，不评家庭待遇")
}

fn worker_died(desk: &Desk<'_>) -> Situation {
    let town = "前黄镇";
    let head = desk
        .one(town, "19850601", 35, "潘某军", "户主")
        .wage(72_000)
        .death_by_funeral(day(10, 30), day(11, 2))
        .death_by_police(day(10, 30), day(11, 10));
    let wife = desk
        .one(town, "19860215", 26, "姚某琴", "配偶")
        .wage(54_000);
    let child = |born: &str, sequence, name: &str, kinship| {
        let child = desk.one(town, born, sequence, name, kinship);
        child.child_of(Some(&head), Some(&wife))
    };
    let (son, girl) = (
        child("20120206", 37, "潘某轩", "子"),
        child("20160309", 28, "潘某萱", "女"),
    );
    let family = desk
        .family(19, 1, Scheme::None, (town, "前进村"))
        .with(head)
        .with(wife)
        .with(son)
        .with(girl);
    Situation::new(
        19,
        "41岁劳动力死亡，家有两个孩子",
        "A worker of 41 died, two children are left",
        family,
    )
    .raises_for_family(
        "main_worker_died",
        (Finding::Signal, AlertLevel::Orange),
        "10月30日死亡（两源一致），家中还有未成年人2人、未领低保：上门看望，问清收入",
    )
    .raises_for_family(
        "marginal",
        (Finding::PossiblyMissed, AlertLevel::Yellow),
        "余下3人年收入54,000元，人均1,500元，不低于低保标准、低于1.5倍（示例）：可申请低边认定",
    )
    .because("余下3人年收入54,000元，高于低保标准的41,760元")
}
