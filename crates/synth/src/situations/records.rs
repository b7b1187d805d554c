//! Records that contradict each other, a child without parents, and a family
//! that lives elsewhere than its hukou.

use domain::evaluation::{AlertLevel, Finding};
use jiff::civil::date;

use super::Situation;
use super::build::{Desk, day};
use crate::model::{Household, Member, Scheme, Standing};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        lives_elsewhere(desk),
        both_parents_dead(desk),
        in_two_households(desk),
        two_certificates(desk),
        sister_as_mother(desk),
        death_unconfirmed(desk),
    ]
}

const DOUBT: (Finding, AlertLevel) = (Finding::Discrepancy, AlertLevel::Blue);

fn lives_elsewhere(desk: &Desk<'_>) -> Situation {
    let town = "湖塘镇";
    let head = desk
        .one(town, "19770707", 321, "查某平", "户主")
        .wage(12_000);
    let mother = desk.one(town, "19490101", 322, "言某珍", "母亲");
    let mut family = desk
        .family(32, 1, Scheme::Subsistence, (town, "丰乐社区"))
        .with(head)
        .with(mother)
        .paid_allowance();
    family.residence = desk.places.named("牛塘镇", "青云村");
    family.check_class = "C";
    family.checked = day(5, 12);
    Situation::new(
        32,
        "人户分离：户籍湖塘镇，住牛塘镇，半年核查已超期",
        "Hukou in one township, living in another of the county; the check is overdue",
        family,
    )
    .raises_for_family(
        "periodic_check_due",
        (Finding::Duty, AlertLevel::Orange),
        "派户籍地湖塘镇办理，居住地牛塘镇协助：看得到任务，看不到判定",
    )
    .because("收入低于标准，低保已领")
}

fn both_parents_dead(desk: &Desk<'_>) -> Situation {
    let town = "嘉泽镇";
    let away = |born, sequence, name: &str| {
        desk.one(town, born, sequence, name, "")
            .standing(Standing::Former)
    };
    let died = |member: Member, on| {
        member
            .death_by_police(on, day(10, 20))
            .death_by_funeral(on, day(10, 6))
    };
    let father = died(away("19860212", 763, "柏某强"), date(2025, 7, 2));
    let mother = died(away("19880624", 764, "柏某母"), day(8, 9));
    let grandmother = desk
        .one(town, "19590303", 762, "柏某奶奶", "户主")
        .pension();
    let child = desk
        .one(town, "20160918", 761, "柏某晨", "孙子")
        .child_of(Some(&father), Some(&mother));
    let mut family = desk
        .family(76, 1, Scheme::Subsistence, (town, "观庄村"))
        .with(grandmother)
        .with(child)
        .paid_allowance();
    family.members.extend([father, mother]);
    Situation::new(
        76,
        "父母双亡，儿童随祖母，未在儿童保障名册",
        "Both parents dead, the child with the grandmother and not on the children's list",
        family,
    )
    .raises(
        "orphan",
        1,
        (Finding::PossiblyMissed, AlertLevel::Orange),
        "父母双方均有死亡登记，11月孤儿名册无本人；仅儿童督导员办理，不公示；不再按事实无人抚养提示",
    )
    .because("祖孙二人低保已领；父母不在本户")
}

/// A family whose wages are well above the line.
fn at_ease(desk: &Desk<'_>, (number, nth): (u32, u32), town: &str, village: &str) -> Household {
    let at = number * 10 + nth * 4;
    let head = desk
        .one(town, "19790315", at + 1, "宗某海", "户主")
        .wage(96_000);
    let wife = desk
        .one(town, "19800720", at + 2, "宗某妻", "配偶")
        .wage(60_000);
    desk.family(number, nth, Scheme::None, (town, village))
        .with(head)
        .with(wife)
}

fn in_two_households(desk: &Desk<'_>) -> Situation {
    let mother = desk.one("洛阳镇", "19520408", 779, "宗某娘", "母亲");
    let first = at_ease(desk, (77, 1), "洛阳镇", "民丰村").with(mother.clone());
    let second = at_ease(desk, (77, 2), "前黄镇", "谭庄村").with(mother);
    Situation::new(
        77,
        "母亲同时登记在两个儿子的户里",
        "A mother listed with both of her sons at once",
        first,
    )
    .and(second)
    .raises(
        "record_contradiction",
        2,
        DOUBT,
        "疑似重复登记：同时在2户共同生活；由县级核对，不派乡镇",
    )
    .because("两户收入都高于标准；矛盾只提示一次，不说谁对谁错")
}

fn two_certificates(desk: &Desk<'_>) -> Situation {
    let mut family = at_ease(desk, (78, 1), "雪堰镇", "城湾村");
    let wife = family.members.remove(1);
    let wife = wife
        .certified("肢体", 3, date(2021, 5, 6))
        .certified("听力", 4, day(3, 9));
    Situation::new(
        78,
        "一人两本有效残疾人证",
        "One person with two valid certificates",
        family.with(wife),
    )
    .raises(
        "record_contradiction",
        1,
        DOUBT,
        "残联名册上同时有肢体三级、听力四级两本有效证：退残联更正",
    )
    .because("三、四级不在护理补贴范围，家庭不在生活补贴范围（示例）")
}

fn sister_as_mother(desk: &Desk<'_>) -> Situation {
    let family = at_ease(desk, (79, 1), "礼嘉镇", "何墅村");
    let sister = desk
        .one("礼嘉镇", "20030611", 795, "宗某姐", "女")
        .wage(48_000);
    let brother = desk
        .one("礼嘉镇", "20130825", 796, "宗某弟", "子")
        .child_of(Some(&family.members[0]), Some(&sister));
    Situation::new(
        79,
        "母亲证件号码填成了姐姐的",
        "The elder sister's number in the mother's column",
        family.with(sister).with(brother),
    )
    .raises(
        "record_contradiction",
        3,
        DOUBT,
        "登记的母亲只比本人大10岁：退民政更正",
    )
    .because("收入高于标准")
}

fn death_unconfirmed(desk: &Desk<'_>) -> Situation {
    let mother = desk
        .one("湟里镇", "19560102", 809, "宗某婆", "母亲")
        .death_by_funeral(day(3, 15), day(10, 6));
    Situation::new(
        80,
        "殡葬登记死亡八个月，公安仍无登记，名册仍在户内，没有发放",
        "Cremated eight months ago, not cancelled by police, still listed, nothing paid",
        at_ease(desk, (80, 1), "湟里镇", "葛庄村").with(mother),
    )
    .raises(
        "death_unconfirmed",
        2,
        DOUBT,
        "单一来源满6个月（平台默认）没有第二个来源：由县级向公安核对，不派乡镇",
    )
    .because("没有发放，不是低保家庭；老人不是主要劳动力")
}
