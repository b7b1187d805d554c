//! 特困 people and their obligors, families on the margin, expenditure nobody
//! can avoid, and illness certified.

use domain::evaluation::{AlertLevel, Finding};
use domain::time::Date;
use jiff::civil::date;

use super::Situation;
use super::build::{Desk, day, stay};
use crate::model::{Household, Member, Scheme, Standing};
use crate::words::ASSUMED;

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        destitute_missed(desk),
        obligors_not_settled(desk),
        obligor_died(desk),
        obligor_able_again(desk),
        obligor_still_unable(desk),
        marginal_missed(desk),
        marginal_by_no_cent(desk),
        no_longer_marginal(desk),
        expenditure(desk),
        expenditure_at_the_limit(desk),
        illness(desk),
        illness_that_opens_nothing(desk),
    ]
}

/// An old person alone on 低保, with what is registered of the obligors.
fn alone(
    desk: &Desk<'_>,
    (number, nth): (u32, u32),
    name: &str,
    registered: impl Fn(Member) -> Member,
) -> Household {
    let town = "洛阳镇";
    let sequence = 500 + (number - 51) * 20 + nth * 2;
    let person = desk
        .one(town, "19590612", sequence, name, "户主")
        .pension()
        .transfer(7_200);
    desk.family(number, nth, Scheme::Subsistence, (town, "民丰村"))
        .with(registered(person))
        .paid_allowance()
}

/// An obligor of no household we know.
fn obligor(desk: &Desk<'_>, born: &str, sequence: u32, name: &str) -> Member {
    desk.one("洛阳镇", born, sequence, name, "")
        .standing(Standing::Former)
}

fn destitute_missed(desk: &Desk<'_>) -> Situation {
    Situation::new(
        51,
        "67岁独居低保对象，义务人登记完整、没有义务人，未领特困",
        "Alone at 67 on 低保, obligors completely registered and none left, not on 特困",
        alone(desk, (51, 1), "季某根", |m| m.obligors(true, &[])),
    )
    .raises(
        "extreme_difficulty",
        0,
        (Finding::PossiblyMissed, AlertLevel::Orange),
        "满60周岁，本人收入7,200元 < 13,920元（示例），没有法定义务人，最近到的（10月）特困名册无本人",
    )
    .because("低保已领，金额不变；认定特困后低保同时终止，由人办理")
}

fn obligors_not_settled(desk: &Desk<'_>) -> Situation {
    let son = obligor(desk, "19840305", 521, "季某子");
    let incomplete = alone(desk, (52, 1), "季某土", |m| m.obligors(false, &[]));
    let able = alone(desk, (52, 2), "季某水", |m| {
        m.obligors(true, &[("季某子", Some(&son), "子")])
    });
    let nameless = alone(desk, (52, 3), "季某火", |m| {
        m.obligors(true, &[("季某弟", None, "弟")])
    });
    Situation::new(
        52,
        "同样的老人：义务人登记不完整；有42岁的儿子；义务人没有证件号码",
        "The same, but obligors not completely registered; a son of 42; an obligor without a number",
        incomplete,
    )
    .and(able.with(son))
    .and(nameless)
    .because("登记不完整或查不到的义务人：待核实，不提示；儿子没有文件所列情形：不符合特困")
}

fn obligor_died(desk: &Desk<'_>) -> Situation {
    let son = obligor(desk, "19850719", 531, "季某强")
        .death_by_funeral(day(9, 20), day(9, 24))
        .death_by_police(day(9, 20), day(10, 9));
    let family = alone(desk, (53, 1), "季某珍", |m| {
        m.obligors(true, &[("季某强", Some(&son), "子")])
    });
    Situation::new(
        53,
        "独居低保老人唯一的儿子去世（两源一致）",
        "The only son of an old person on 低保 died, two sources agree",
        family.with(son),
    )
    .raises(
        "obligor_changed",
        0,
        (Finding::Duty, AlertLevel::Yellow),
        "登记的义务人近12个月登记死亡：复核是否符合特困；文字不写是哪一位",
    )
    .raises(
        "extreme_difficulty",
        0,
        (Finding::PossiblyMissed, AlertLevel::Orange),
        "登记完整的唯一义务人已去世（两源一致），其余条件符合",
    )
    .because("儿子不在本户，不评人口变化；低保已领")
}

/// Somebody on 特困 with obligors.
fn supported(
    desk: &Desk<'_>,
    (number, nth): (u32, u32),
    name: &str,
    relative: Member,
    relation: &'static str,
) -> Household {
    let town = "嘉泽镇";
    let sequence = 500 + (number - 51) * 20 + nth * 2;
    let person = desk
        .one(town, "19530817", sequence, name, "户主")
        .transfer(2_400)
        .paid("特困", ASSUMED.extreme_difficulty_yuan)
        .obligors(true, &[(relative.name.as_str(), Some(&relative), relation)]);
    desk.family(number, nth, Scheme::ExtremeDifficulty, (town, "观庄村"))
        .with(person)
        .with(relative)
}

fn obligor_able_again(desk: &Desk<'_>) -> Situation {
    let son = obligor(desk, "19860912", 541, "贝某平").held("监狱服刑", date(2023, 3, 1), "三年");
    // Released when the term ended: no measure is in force any more.
    let mut son = son;
    son.custody[0].until = Some(day(2, 28));
    Situation::new(
        54,
        "特困人员的儿子2月刑满，没有文件所列情形",
        "The son of somebody on 特困 was released in February and is in none of the listed situations",
        supported(desk, (54, 1), "贝某顺", son, "子"),
    )
    .raises(
        "obligor_changed",
        0,
        (Finding::Duty, AlertLevel::Yellow),
        "最近到的（10月）特困名册有本人，登记的义务人未见所列情形：待复核，不停供",
    )
    .because("特困不重复享受低保和两项补贴；文字不写义务人的情形")
}

fn obligor_still_unable(desk: &Desk<'_>) -> Situation {
    let son = obligor(desk, "19870412", 545, "贝某安").held("监狱服刑", date(2025, 3, 1), "五年");
    let brother = obligor(desk, "19500101", 547, "贝某福");
    Situation::new(
        55,
        "特困人员的儿子仍在服刑；另一人只有76岁的哥哥",
        "The son of somebody on 特困 still serves his sentence; another has only a brother of 76",
        supported(desk, (55, 1), "贝某生", son, "子"),
    )
    .and(supported(desk, (55, 2), "贝某寿", brother, "兄"))
    .because("服刑、高龄属文件所列情形，财产和收入不明：不说有能力，也不提示")
}

/// A couple with a child, of the register or not, with the husband's wages.
fn three(desk: &Desk<'_>, (number, nth): (u32, u32), scheme: Scheme, wage: i64) -> Household {
    let town = "礼嘉镇";
    let at = |nth_member: u32| 500 + (number - 51) * 20 + nth * 6 + nth_member;
    let name = |word: &str| format!("闵某{word}");
    let head = desk
        .one(town, "19830722", at(0) | 1, &name("军"), "户主")
        .wage(wage);
    let wife = desk.one(town, "19850211", at(2) & !1, "狄某云", "配偶");
    let son = desk
        .one(town, "20130919", at(4) | 1, &name("宇"), "子")
        .child_of(Some(&head), Some(&wife));
    desk.family(number, nth, scheme, (town, "何墅村"))
        .with(head)
        .with(wife)
        .with(son)
}

fn marginal_missed(desk: &Desk<'_>) -> Situation {
    Situation::new(
        56,
        "3人户人均1,500元，在低保标准和1.5倍之间，未认定低边",
        "Three people with 1,500 yuan a head, between the standard and 1.5 of it, not recognised",
        three(desk, (56, 1), Scheme::None, 54_000),
    )
    .raises_for_family(
        "marginal",
        (Finding::PossiblyMissed, AlertLevel::Yellow),
        "41,760元 ≤ 54,000元 < 62,640元（示例），财产核对未超，民政名册未见低边认定",
    )
    .because("收入高于低保标准，不提示低保；仅作身份认定的不公示")
}

fn marginal_by_no_cent(desk: &Desk<'_>) -> Situation {
    Situation::new(
        57,
        "3人户年收入62,640元，正好等于1.5倍",
        "Three people with 62,640 yuan a year, exactly 1.5 of the standard",
        three(desk, (57, 1), Scheme::None, 62_640),
    )
    .because("低于才算：正好等于1.5倍不属低边（示例）")
}

fn no_longer_marginal(desk: &Desk<'_>) -> Situation {
    Situation::new(
        58,
        "低边3人户核定收入66,000元，超过1.5倍",
        "A marginal family of three assessed at 66,000 yuan, above 1.5 of the standard",
        three(desk, (58, 1), Scheme::Marginal, 66_000),
    )
    .raises_for_family(
        "marginal",
        (Finding::MayNoLongerQualify, AlertLevel::Yellow),
        "66,000元不低于62,640元（示例），民政名册仍为低边：疑似不再符合，由人核实",
    )
    .because("未领低保，不评低保变化")
}

fn with_bills(desk: &Desk<'_>, number: u32, scheme: Scheme, last: i64) -> Household {
    let mut family = three(desk, (number, 1), scheme, 72_000);
    let bill = |month, nth: u32, burden: i64| {
        stay(
            &format!("S2026{month:02}11{number}{nth:03}"),
            day(month, 11),
            burden * 3,
            burden,
        )
    };
    family.members[1].bills = vec![bill(3, 1, 20_000), bill(7, 2, 15_000), bill(10, 3, last)];
    family
}

fn expenditure(desk: &Desk<'_>) -> Situation {
    Situation::new(
        59,
        "未认定任何类别的3人户，一年个人负担43,201元",
        "A family in no scheme bore 43,201 yuan of medical costs in a year",
        with_bills(desk, 59, Scheme::None, 8_201),
    )
    .raises_for_family(
        "expenditure_hardship",
        (Finding::Signal, AlertLevel::Yellow),
        "43,201元 > 72,000元的60%即43,200元，人均收入低于上年度人均可支配收入（均为示例）：引导申请，不作认定",
    )
    .raises(
        "large_medical_bill",
        1,
        (Finding::Signal, AlertLevel::Blue),
        "一人负担超过26,000元线（示例）：列入本月清单，无期限",
    )
    .because("不是低收入类别，不评低收入家庭大额医疗；人均2,000元，不在低边范围；文字不写谁患病、什么病")
}

fn expenditure_at_the_limit(desk: &Desk<'_>) -> Situation {
    Situation::new(
        60,
        "个人负担43,200元，正好60%",
        "43,200 yuan borne, exactly 60 %",
        with_bills(desk, 60, Scheme::None, 8_200),
    )
    .raises(
        "large_medical_bill",
        1,
        (Finding::Signal, AlertLevel::Blue),
        "一人负担超过26,000元线（示例）：列入本月清单，无期限",
    )
    .because("超过才算：正好等于比例线（示例）不提示刚性支出")
}

/// A family of three with the wife certified as ill.
fn with_illness(
    desk: &Desk<'_>,
    (number, nth): (u32, u32),
    (scheme, wage): (Scheme, i64),
    until: Option<Date>,
) -> Household {
    let mut family = three(desk, (number, nth), scheme, wage);
    family.members[1] = family.members[1].clone().ill(date(2025, 9, 1), until);
    family
}

fn illness(desk: &Desk<'_>) -> Situation {
    Situation::new(
        61,
        "低边家庭成员有重特大疾病认定，未领单人户低保",
        "A member of a 低边 family is certified as seriously ill, not paid as an individual case",
        with_illness(desk, (61, 1), (Scheme::Marginal, 54_000), None),
    )
    .raises(
        "individual_case",
        1,
        (Finding::EntitledNotReceived, AlertLevel::Orange),
        "低边家庭、部门认定属第八条所列情形、11月低保名册无本人；文字不写病种",
    )
    .because("家庭人均1,500元，仍属低边；没有大额费用")
}

fn illness_that_opens_nothing(desk: &Desk<'_>) -> Situation {
    Situation::new(
        62,
        "认定8月31日已到期的低边成员；不是低边的家庭",
        "A certification that ended on 31 August in a 低边 family; a family that is not 低边",
        with_illness(desk, (62, 1), (Scheme::Marginal, 54_000), Some(day(8, 31))),
    )
    .and(with_illness(desk, (62, 2), (Scheme::None, 72_000), None))
    .because("认定已到期的不再是依据；不是低边家庭的不适用单人户")
}
