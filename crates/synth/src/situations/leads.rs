//! Reports of grid workers: whoever is in need is met where it happened,
//! whatever the hukou and with or without a number.

use domain::evaluation::{AlertLevel, Finding};

use super::Situation;
use super::build::{Desk, day};
use crate::feeds::care::usual;
use crate::model::{Household, Scheme};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![migrants_fire(desk), three_reports(desk), calm_report(desk)]
}

/// People on no register, at a place.
fn nobody(desk: &Desk<'_>, number: u32, place: (&str, &str)) -> Household {
    desk.family(number, 1, Scheme::None, place)
}

fn migrants_fire(desk: &Desk<'_>) -> Situation {
    let mut family = nobody(desk, 10, ("湟里镇", "葛庄村")).reported(
        (3, "11.20 8:40"),
        "吴某",
        ("其他", "急"),
        "昨夜出租屋失火，一家3口无处住😢",
    );
    family.leads[0].origin = "安徽";
    Situation::new(
        10,
        "外来户出租屋火灾，网格上报，没有证件号码",
        "A migrant family's rented room burnt, reported by the grid without a number",
        family,
    )
    .raises_for_family(
        "urgent_lead",
        (Finding::Signal, AlertLevel::Red),
        "急难发生地直接救助，不看户籍；没有证件号码，以镇、姓名、日期立为对象，不退回",
    )
    .because("没有证件号码的人不评任何待遇资格，只提示急难")
}

fn three_reports(desk: &Desk<'_>) -> Situation {
    let family = nobody(desk, 21, ("洛阳镇", "民丰村"))
        .reported(
            (11, "11.20 7:15"),
            "郑某",
            ("火灾", "急"),
            "老屋起火，两位老人在邻居家",
        )
        .reported(
            (12, "2026/11/20 7:40"),
            "郑某",
            ("其他", ""),
            "民丰村郑某家火灾",
        )
        .reported(
            (19, "11月20日9时30分"),
            "郑　某",
            ("其他", "特急"),
            "火已扑灭，房子不能住",
        );
    Situation::new(
        21,
        "同一场火三人上报",
        "Three workers report one fire",
        family,
    )
    .raises_for_family(
        "urgent_lead",
        (Finding::Signal, AlertLevel::Red),
        "同镇、同名、同日的三条线索是一个对象：一条提示，三人次上报都列出",
    )
    .because("三条线索只立一个对象")
}

fn calm_report(desk: &Desk<'_>) -> Situation {
    let town = "礼嘉镇";
    let mut head = desk.one(town, "19480213", 12, "邵某根", "户主").pension();
    // Old and living alone, and so on the visiting roster too.
    head.care = Some(usual(day(1, 1)));
    let id = head.id.clone();
    let mut family = desk
        .family(47, 1, Scheme::None, (town, "何墅村"))
        .with(head.transfer(36_000))
        .reported(
            (25, "2026-11-20 10:05"),
            "邵某根",
            ("生活困难", "一般"),
            "独居老人问如何申请助餐",
        );
    family.leads[0].id = Some(id);
    Situation::new(
        47,
        "有证件号码的一般线索",
        "An ordinary report with a number",
        family,
    )
    .raises(
        "urgent_lead",
        0,
        (Finding::Signal, AlertLevel::Orange),
        "上报人明确填“一般”且不属急难类别：橙；有证件号码，提示挂在本人名下",
    )
    .because("收入高于标准，无其他情形")
}
