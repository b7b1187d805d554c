//! Work found and lost, as social security tells of it: a job, never an amount.

use domain::evaluation::{AlertLevel, Finding};

use super::Situation;
use super::build::{Desk, day, month};
use crate::model::{Labour, Scheme};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![unemployed(desk), son_at_work(desk), benefit_paid(desk)]
}

fn unemployed(desk: &Desk<'_>) -> Situation {
    let town = "嘉泽镇";
    let person = desk
        .one(town, "19790722", 15, "成某兵", "户主")
        .told(&[
            Labour::Unemployed(day(8, 10)),
            Labour::Insured(month(6), "单位参保"),
        ])
        .transfer(18_000);
    let wife = desk
        .one(town, "19810519", 24, "贺某梅", "配偶")
        .wage(36_000);
    let family = desk
        .family(11, 1, Scheme::None, (town, "观庄村"))
        .with(person)
        .with(wife);
    Situation::new(
        11,
        "失业登记三个月，未参保，未见失业保险金",
        "Registered as unemployed for three months, not insured, no benefit",
        family,
    )
    .raises(
        "unemployed_without_benefit",
        0,
        (Finding::Signal, AlertLevel::Yellow),
        "8月10日登记失业，已3个月，登记后未见参保缴费和失业保险金：问清收入，可临时救助",
    )
    .because("家庭收入54,000元，高于低保标准的27,840元")
}

fn son_at_work(desk: &Desk<'_>) -> Situation {
    let town = "嘉泽镇";
    let head = desk
        .one(town, "19750322", 17, "孙某富", "户主")
        .flexible(22_800);
    let wife = desk.one(town, "19770808", 26, "凌某娟", "配偶");
    let son = desk
        .one(town, "20030115", 33, "孙某杰", "子")
        .child_of(Some(&head), Some(&wife))
        .told(&[
            Labour::Insured(month(9), "单位参保"),
            Labour::Insured(month(10), "单位参保"),
        ]);
    let family = desk
        .family(20, 1, Scheme::Subsistence, (town, "观庄村"))
        .with(head)
        .with(wife)
        .with(son)
        .paid_allowance();
    Situation::new(
        20,
        "低保家庭长子9月起有单位参保，没有渐退期",
        "The son of a 低保 family insured by an employer since September, no grace period",
        family,
    )
    .raises_for_family(
        "job_found",
        (Finding::Signal, AlertLevel::Blue),
        "参保只说明有单位：不推断收入，不提示停发；月新增净收入达到1,580元才不再低于标准（示例）",
    )
    .because("核定收入22,800元仍低于标准，收入变化须问清才知道")
}

fn benefit_paid(desk: &Desk<'_>) -> Situation {
    let town = "礼嘉镇";
    let person = desk
        .one(town, "19800604", 13, "庄某祥", "户主")
        .told(&[Labour::Unemployed(day(6, 2)), Labour::Benefit(month(7))])
        .transfer(30_000);
    let family = desk
        .family(49, 1, Scheme::None, (town, "何墅村"))
        .with(person);
    Situation::new(
        49,
        "失业登记五个月，在领失业保险金",
        "Registered as unemployed for five months, paid unemployment benefit",
        family,
    )
    .because("在领失业保险金（终止年月9999-12，即未定）；收入高于低保标准")
}
