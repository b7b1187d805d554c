//! Situations that must raise an alert.

use domain::evaluation::{AlertLevel, Finding};

use super::Situation;
use super::build::{Desk, day, month, stay};
use crate::bills::reversal;
use crate::families::allowance;
use crate::model::{Grant, Scheme};
use crate::words::{ASSUMED, yuan};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        cremated_but_paid(desk),
        head_died(desk),
        destitute_died(desk),
        single_died(desk),
        newly_disabled(desk),
        mind_without_living_subsidy(desk),
        big_bills(desk),
    ]
}

fn cremated_but_paid(desk: &Desk<'_>) -> Situation {
    let town = "湖塘镇";
    let son = desk
        .one(town, "19640502", 31, "王某明", "户主")
        .wage(48_000);
    let mother = desk
        .one(town, "19400311", 22, "王某英", "母亲")
        .certified("肢体", 1, jiff::civil::date(2021, 5, 12))
        .paid("尊老金", 50)
        .paid("残疾人护理补贴", 120)
        .death_by_funeral(day(9, 28), day(10, 6));
    let son = son.child_of(None, Some(&mother));
    let family = desk
        .family(1, 1, Scheme::None, (town, "丰乐社区"))
        .with(son)
        .with(mother);
    Situation::new(
        1,
        "老人火化未注销，10、11月仍发尊老金50元、护理补贴120元（单一来源）",
        "Cremated, hukou not cancelled: two items still paid for two months (one source)",
        family,
    )
    .raises(
        "paid_after_death",
        1,
        (Finding::Discrepancy, AlertLevel::Orange),
        "殡仪馆登记9月28日死亡，10、11月仍发，疑似多发340元；公安未注销，单一来源只作疑似",
    )
    .because("家庭未领低保，收入高于标准；逝者不再评生活、护理补贴")
}

fn head_died(desk: &Desk<'_>) -> Situation {
    let town = "前黄镇";
    let brother = desk
        .one(town, "19720508", 31, "李某国", "户主")
        .wage(31_680);
    let mut dead = desk
        .one(town, "19650117", 15, "李某", "兄")
        .death_by_funeral(day(10, 12), day(10, 15))
        .death_by_police(day(10, 12), day(10, 20));
    let girl = desk
        .one(town, "20100604", 28, "李某月", "女")
        .child_of(Some(&brother), None);
    let mother = desk.one(town, "19470920", 46, "周某珍", "母亲").pension();
    let paid = |first| Grant {
        household_income: Some(yuan(2640)),
        ..allowance(4, yuan(2640), first)
    };
    // Until the month of death the elder brother was head and payee.
    let as_head = Some((dead.name.clone(), dead.id.clone()));
    dead.grants.push(Grant {
        last: Some(month(10)),
        head: as_head,
        ..paid(month(4))
    });
    let mut brother = brother.child_of(None, Some(&mother));
    brother.grants.push(paid(month(11)));
    let mut family = desk
        .family(2, 1, Scheme::Subsistence, (town, "前进村"))
        .with(brother)
        .with(dead)
        .with(girl)
        .with(mother);
    for member in &mut family.members {
        member.covered = true;
    }
    Situation::new(
        2,
        "低保户主死亡（公安、殡葬两源一致），户主变更，计入人口4→3",
        "Head of a 低保 family died, two sources agree; counted 4→3, new head",
        family,
    )
    .raises(
        "member_died",
        1,
        (Finding::Duty, AlertLevel::Orange),
        "10月12日死亡，3个月内（2027年1月12日前）核查并办结增减停发；测算月补差2,000→840元（示例）",
    )
    .because("家庭低保按人口重算而非停发：死亡当月由原户主领，11月由新户主领，不算死亡后仍发")
}

fn destitute_died(desk: &Desk<'_>) -> Situation {
    let town = "嘉泽镇";
    let person = desk
        .one(town, "19540214", 13, "周某林", "户主")
        .transfer(2_400)
        .paid("特困", ASSUMED.extreme_difficulty_yuan)
        .death_by_funeral(day(9, 15), day(9, 18))
        .death_by_police(day(9, 15), day(10, 1));
    let family = desk
        .family(3, 1, Scheme::ExtremeDifficulty, (town, "观庄村"))
        .with(person);
    Situation::new(
        3,
        "特困人员死亡，公安、殡葬两源一致，10月仍发供养金",
        "A 特困 person died, two sources agree; still paid in October",
        family,
    )
    .raises(
        "paid_after_death",
        0,
        (Finding::Discrepancy, AlertLevel::Red),
        "9月15日死亡（两源），10月仍发1,740元；11月特困名册未到，不作判断也不因此办结",
    )
    .because("特困不重复享受低保和护理补贴；不是低保家庭，不评家庭人口变化")
}

fn single_died(desk: &Desk<'_>) -> Situation {
    let town = "湟里镇";
    let person = desk
        .one(town, "19600816", 17, "吴某根", "户主")
        .transfer(2_400)
        .death_by_funeral(day(10, 8), day(10, 11))
        .death_by_police(day(10, 8), day(10, 18));
    let family = desk
        .family(4, 1, Scheme::Subsistence, (town, "葛庄村"))
        .with(person)
        .paid_allowance();
    Situation::new(
        4,
        "单人低保者死亡，计入人口0，11月仍发",
        "A person alone on 低保 died: counted 0, still paid in November",
        family,
    )
    .raises(
        "paid_after_death",
        0,
        (Finding::Discrepancy, AlertLevel::Red),
        "10月8日死亡（两源），11月仍发低保；建议核实后停发",
    )
    .because("计入人口0：低保不适用，不是错误；只剩逝者一人，无从重算，由“死亡仍在发放”提示停发")
}

fn newly_disabled(desk: &Desk<'_>) -> Situation {
    let town = "洛阳镇";
    let head = desk
        .one(town, "19820914", 13, "陈某", "户主")
        .certified("肢体", 2, day(11, 6));
    let wife = desk
        .one(town, "19840322", 24, "许某兰", "配偶")
        .wage(66_528);
    let child = |born: &str, sequence, name: &str| {
        let child = desk.one(town, born, sequence, name, "子");
        child.child_of(Some(&head), Some(&wife))
    };
    let (older, younger) = (
        child("20120110", 35, "陈某一"),
        child("20120110", 37, "陈某二"),
    );
    let family = desk
        .family(5, 1, Scheme::Marginal, (town, "民丰村"))
        .with(head)
        .with(wife)
        .with(older)
        .with(younger);
    Situation::new(
        5,
        "低边家庭成员11月6日新发证，肢体二级",
        "A member of a 低边 family newly certified: limb, grade 2",
        family,
    )
    .raises(
        "individual_case",
        0,
        (Finding::EntitledNotReceived, AlertLevel::Orange),
        "低边家庭、肢体二级、11月低保名册无本人：可参照单人户申请，须本人授权核对",
    )
    .raises(
        "nursing_subsidy",
        0,
        (Finding::EntitledNotReceived, AlertLevel::Orange),
        "二级残疾，11月护理补贴名册无本人；自申请当月计发，越早越好",
    )
    .raises(
        "living_subsidy",
        0,
        (Finding::EntitledNotReceived, AlertLevel::Orange),
        "低边家庭二级残疾，11月生活补贴名册无本人",
    )
    .because("家庭人均月收入1,386元，高于低保标准1,160元（示例），不提示整户低保")
}

fn mind_without_living_subsidy(desk: &Desk<'_>) -> Situation {
    let town = "雪堰镇";
    let head = desk
        .one(town, "19700611", 19, "周某平", "户主")
        .flexible(18_000);
    let wife = desk.one(town, "19720130", 26, "蒋某娟", "配偶");
    let son = desk
        .one(town, "19980725", 33, "周某浩", "子")
        .child_of(Some(&head), Some(&wife))
        .certified("精神", 3, jiff::civil::date(2023, 4, 18));
    let family = desk
        .family(6, 1, Scheme::Subsistence, (town, "城湾村"))
        .with(head)
        .with(wife)
        .with(son)
        .paid_allowance();
    Situation::new(
        6,
        "低保家庭成员精神三级，未领生活补贴",
        "A member of a 低保 family, mental grade 3, without living subsidy",
        family,
    )
    .raises(
        "living_subsidy",
        2,
        (Finding::EntitledNotReceived, AlertLevel::Orange),
        "低保内精神三级，11月生活补贴名册无本人",
    )
    .because("三级不在护理补贴的示例等级（一、二级）内；整户已领低保，不另评单人户")
}

fn big_bills(desk: &Desk<'_>) -> Situation {
    let town = "礼嘉镇";
    let settled = day(11, 1);
    let twice = stay("S2026081500031", day(8, 15), 3_000, 900);
    let wrong = stay("S2026092000044", day(9, 20), 12_000, 2_400);
    let head = desk
        .one(town, "19790203", 24, "赵某芳", "户主")
        .stay("S2026022000011", day(2, 20), 41_000, 5_400)
        .stay("S2026052200009", day(5, 22), 45_090, 7_060)
        .bill(twice.clone())
        .bill(reversal(&twice, day(8, 18), day(8, 20)))
        .stay("S2026082800023", day(8, 28), 48_000, 8_200)
        .bill(wrong.clone())
        .bill(reversal(&wrong, day(9, 23), day(9, 25)))
        .bill(stay("S2026110300017", settled, 52_310, 10_600));
    let husband = desk
        .one(town, "19770412", 15, "毛某刚", "配偶")
        .wage(49_896);
    let son = desk
        .one(town, "20090827", 11, "毛某阳", "子")
        .child_of(Some(&husband), Some(&head));
    let family = desk
        .family(9, 1, Scheme::Marginal, (town, "何墅村"))
        .with(head)
        .with(husband)
        .with(son);
    Situation::new(
        9,
        "低边3人户，一年住院4次，另有2笔退费冲减",
        "A 低边 family of three: four stays in a year, two refunds taken off",
        family,
    )
    .raises(
        "low_income_medical",
        0,
        (Finding::Signal, AlertLevel::Red),
        "近12个月总费用186,400元，个人负担31,260元（已冲减退费2笔），超过10,000元线（示例）且超过3倍（平台默认），红",
    )
    .because("家庭人均月收入1,386元，高于低保标准（示例）；无残疾证")
}
