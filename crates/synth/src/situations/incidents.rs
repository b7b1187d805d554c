//! Fires, accidents and disasters as 应急、消防、交警 tell of them, and bills of
//! people who are on no register.

use domain::evaluation::{AlertLevel, Finding};

use super::Situation;
use super::build::{Desk, day, stay};
use crate::model::{Bill, Household, Incident, Member, Scheme, Standing};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        told_twice(desk),
        migrant_with_a_number(desk),
        hurt_in_a_marginal_family(desk),
        hurt_slightly(desk),
        without_a_number(desk),
        bill_of_a_stranger(desk),
    ]
}

impl Household {
    /// Someone stands on a list of an incident, told the day after it happened
    /// on the 17th of November.
    fn struck(
        mut self,
        who: &Member,
        kind: &'static str,
        (injury, loss): (&'static str, &'static str),
    ) -> Household {
        let sender = if kind == "交通事故" {
            "交警"
        } else {
            "消防"
        };
        self.incidents.push(Incident {
            number: format!("YJ{}-{}", self.number, self.incidents.len() + 1),
            kind,
            on: day(11, 17),
            told: day(11, 18),
            name: who.name.clone(),
            id: Some(who.id.clone()),
            role: "受灾受伤人员",
            injury,
            loss,
            sender,
        });
        self
    }
}

const RED: (Finding, AlertLevel) = (Finding::Signal, AlertLevel::Red);
const ORANGE: (Finding, AlertLevel) = (Finding::Signal, AlertLevel::Orange);

fn told_twice(desk: &Desk<'_>) -> Situation {
    let town = "前黄镇";
    let head = desk
        .one(town, "19710305", 701, "邵某安", "户主")
        .wage(50_000);
    let wife = desk.one(town, "19730809", 702, "尹某梅", "配偶");
    let mut family = desk
        .family(70, 1, Scheme::None, (town, "谭庄村"))
        .struck(&head, "火灾", ("无伤亡", "房屋倒塌"))
        .struck(&wife, "火灾", ("轻伤", "房屋倒塌"))
        .with(head.clone())
        .with(wife)
        .reported((70, "11.18 7:30"), "邵某安", ("火灾", "急"), "夜里房子烧了");
    family.leads[0].id = Some(head.id);
    Situation::new(
        70,
        "同一场火，消防名单先到、网格线索后到，同一户两人",
        "One fire told by the fire brigade first and by the grid afterwards, two of one family",
        family,
    )
    .raises(
        "urgent_lead",
        0,
        RED,
        "线索到了即由线索提示：先前的突发事件提示自动消失，桌上只有一条红",
    )
    .because("突发事件不另提；不是低收入家庭，收入高于低保标准")
}

fn migrant_with_a_number(desk: &Desk<'_>) -> Situation {
    let town = "牛塘镇";
    let someone = desk
        .one(town, "19890417", 711, "孟某", "")
        .standing(Standing::Stranger);
    let family = desk
        .family(71, 1, Scheme::None, (town, "青云村"))
        .struck(&someone, "火灾", ("轻伤", "烧毁"))
        .with(someone);
    Situation::new(
        71,
        "外来人员租住处失火，只有消防名单知道",
        "A migrant's home burnt, known from the fire brigade's list alone",
        family,
    )
    .raises(
        "incident",
        0,
        RED,
        "失去住处，24小时联系；不看户籍，派急难发生地",
    )
    .because("不在任何名册，家庭未知，不评待遇资格")
}

/// A couple in 礼嘉镇 of which the head was in an accident.
fn couple(desk: &Desk<'_>, number: u32, scheme: Scheme, wage: i64) -> Household {
    let town = "礼嘉镇";
    let head = desk
        .one(town, "19780228", number * 10, "盛某根", "户主")
        .wage(wage);
    let wife = desk.one(town, "19800615", number * 10 + 1, "龚某芬", "配偶");
    desk.family(number, 1, scheme, (town, "何墅村"))
        .struck(&head, "交通事故", ("轻伤", "车辆损失"))
        .with(head)
        .with(wife)
}

fn hurt_in_a_marginal_family(desk: &Desk<'_>) -> Situation {
    Situation::new(
        72,
        "低边家庭成员交通事故轻伤",
        "A member of a 低边 family slightly hurt in traffic",
        couple(desk, 72, Scheme::Marginal, 33_600),
    )
    .raises_for_family(
        "incident",
        ORANGE,
        "低收入家庭受害即提示：72小时联系（平台默认，非法定）",
    )
    .because("家庭人均收入在低保和低边标准之间")
}

fn hurt_slightly(desk: &Desk<'_>) -> Situation {
    Situation::new(
        73,
        "普通家庭成员交通事故轻伤",
        "A member of an ordinary family slightly hurt in traffic",
        couple(desk, 73, Scheme::None, 90_000),
    )
    .because("没有死亡、重伤，没有失去住处，不是低收入家庭：不提示")
}

fn without_a_number(desk: &Desk<'_>) -> Situation {
    let mut family = desk.family(74, 1, Scheme::None, ("雪堰镇", "城湾村"));
    family.incidents.push(Incident {
        number: "YJ2026111574".to_owned(),
        kind: "自然灾害",
        on: day(11, 15),
        told: day(11, 16),
        name: "苗某".to_owned(),
        id: None,
        role: "受灾户",
        injury: "无伤亡",
        loss: "严重损坏",
        sender: "应急",
    });
    Situation::new(
        74,
        "灾害中房屋严重损坏，名单上没有证件号码",
        "A home badly damaged in a disaster, its owner without a number on the list",
        family,
    )
    .raises_for_family(
        "incident",
        RED,
        "没有证件号码的照收：以镇、姓名、日期立为对象，派急难发生地",
    )
    .because("没有证件号码的人不评任何待遇资格，只提示急难")
}

/// Someone met in bills alone.
fn patient(desk: &Desk<'_>, nth: u32, bills: Vec<Bill>) -> Household {
    let town = "湖塘镇";
    let mut someone = desk
        .one(town, "19680512", 750 + nth, "虞某", "")
        .standing(Standing::Stranger);
    for bill in bills {
        someone = someone.bill(bill);
    }
    desk.family(75, nth, Scheme::None, (town, "丰乐社区"))
        .with(someone)
}

fn bill_of_a_stranger(desk: &Desk<'_>) -> Situation {
    let large = vec![
        stay("S2026090775011", day(9, 7), 62_000, 15_000),
        stay("S2026102075012", day(10, 20), 48_000, 11_000),
    ];
    let more = stay("S2026111075013", day(11, 10), 3_000, 1);
    let at_the_line = vec![stay("S2026102075021", day(10, 20), 90_000, 26_000)];
    Situation::new(
        75,
        "只在医保明细里见到的居民，一年负担超过26,000元（另一人正好等于线，不提示）",
        "A resident met only in settlements, more than 26,000 yuan in a year (another at the line: none)",
        patient(desk, 1, [large, vec![more]].concat()),
    )
    .and(patient(desk, 2, at_the_line))
    .raises(
        "large_medical_bill",
        0,
        (Finding::Signal, AlertLevel::Blue),
        "近12个月负担26,001元，超过26,000元线（示例）：列入本月清单，无期限；没有户籍地的挂县级待分派",
    )
    .because("正好26,000元不超过线；家庭未知，不评待遇资格")
}
