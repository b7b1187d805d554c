//! People on the visiting roster: visits that ask for somebody, and visits after
//! which nobody is asked for. All but one live in the village whose contact the
//! demonstration has.

use domain::evaluation::{AlertLevel, Finding};
use domain::time::Date;

use super::Situation;
use super::build::{Desk, day};
use crate::feeds::care::{all_well, usual};
use crate::model::{Care, Household, Scheme, Visited};

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        asks_for_help(desk),
        income_changed(desk),
        survey_found_a_change(desk),
        well_again(desk),
        not_seen(desk),
        long_ago(desk),
        due_this_month(desk),
    ]
}

const ORANGE: (Finding, AlertLevel) = (Finding::Signal, AlertLevel::Orange);
const YELLOW: (Finding, AlertLevel) = (Finding::Signal, AlertLevel::Yellow);

/// Somebody old who lives alone on a pension that is enough, with visits.
fn alone(
    desk: &Desk<'_>,
    number: u32,
    (born, sequence, name): (&str, u32, &str),
    class: &'static str,
    visits: Vec<Visited>,
) -> Household {
    let town = "湖塘镇";
    let mut head = desk
        .one(town, born, 800 + sequence, name, "户主")
        .pension()
        .transfer(36_000);
    head.care = Some(Care {
        class,
        visits,
        ..usual(day(1, 1))
    });
    desk.family(number, 1, Scheme::None, (town, "南街社区"))
        .with(head)
}

fn made(on: Date, finding: &'static str) -> Visited {
    Visited {
        finding,
        ..all_well(on)
    }
}

fn changed(on: Date, column: &'static str) -> Visited {
    Visited {
        changed: Some(column),
        ..all_well(on)
    }
}

const SILENT: &str = "收入高于标准，无其他情形";

fn asks_for_help(desk: &Desk<'_>) -> Situation {
    let asked = Visited {
        changed: Some("健康有变"),
        note: "腿脚不便，买菜做饭困难",
        ..made(day(11, 12), "需要帮助")
    };
    let visits = vec![all_well(day(11, 3)), asked, made(day(11, 18), "未见到人")];
    Situation::new(
        81,
        "每周探访的独居老人，探访反映需要帮助，之后一次未见到人",
        "Somebody old living alone and visited weekly needs help; at the visit after that nobody was seen",
        alone(desk, 81, ("19480316", 12, "季某娥"), "重点", visits),
    )
    .raises(
        "visit_needs_help",
        0,
        ORANGE,
        "探访反映需要帮助，之后未见平安的探访：3个工作日内联系（平台默认，非法定）；本周仍需探访",
    )
    .because(SILENT)
}

fn income_changed(desk: &Desk<'_>) -> Situation {
    let visits = vec![changed(day(11, 11), "收入有变")];
    Situation::new(
        82,
        "每月探访的独居老人，平安，收入有变",
        "Somebody old visited monthly is well; the income has changed",
        alone(desk, 82, ("19500709", 21, "严某林"), "一般", visits),
    )
    .raises(
        "visit_needs_help",
        0,
        YELLOW,
        "情况有变不是需要帮助：黄；收入有变只是线索，不据此减发停发",
    )
    .because(SILENT)
}

fn survey_found_a_change(desk: &Desk<'_>) -> Situation {
    let survey = Visited {
        kind: "入户调查",
        ..changed(day(11, 16), "人口有变")
    };
    let visits = vec![all_well(day(11, 5)), survey];
    Situation::new(
        83,
        "入户调查发现人口有变",
        "A survey found that the household's members changed",
        alone(desk, 83, ("19491021", 32, "单某珍"), "重点", visits),
    )
    .raises(
        "visit_needs_help",
        0,
        YELLOW,
        "入户调查反映的情况同样提示；它不是探访，本周仍需探访",
    )
    .because(SILENT)
}

fn well_again(desk: &Desk<'_>) -> Situation {
    let visits = vec![
        made(day(10, 28), "需要帮助"),
        all_well(day(11, 5)),
        all_well(day(11, 10)),
        all_well(day(11, 17)),
    ];
    Situation::new(
        84,
        "曾反映需要帮助，以后又去看过、平安",
        "Help was needed once; all was well at the visits since",
        alone(desk, 84, ("19470602", 41, "毛某根"), "重点", visits),
    )
    .because("以后的探访平安且没有变化：不提示，本周已访")
}

fn not_seen(desk: &Desk<'_>) -> Situation {
    let visits = vec![made(day(11, 4), "未见到人"), made(day(11, 17), "未见到人")];
    Situation::new(
        85,
        "两次上门都未见到人",
        "Nobody was seen at two visits",
        alone(desk, 85, ("19510127", 52, "费某仙"), "重点", visits),
    )
    .because("未见到人不是已访：只在本周应访里列为仍需探访；联系不上的按急难线索上报")
}

fn long_ago(desk: &Desk<'_>) -> Situation {
    let visits = vec![made(day(8, 15), "需要帮助")];
    Situation::new(
        86,
        "三个多月前反映需要帮助，以后没有探访",
        "Help was needed more than three months ago, no visit since",
        alone(desk, 86, ("19520418", 61, "祁某福"), "一般", visits),
    )
    .because("超过回看期（平台默认3个月）不再提示；本月还没有探访")
}

fn due_this_month(desk: &Desk<'_>) -> Situation {
    let visits = vec![all_well(day(10, 31))];
    Situation::new(
        87,
        "每月探访，上月最后一天去过，本月还没有去",
        "Visited monthly: on the last day of last month, and not yet in this one",
        alone(desk, 87, ("19461203", 72, "卞某华"), "一般", visits),
    )
    .because("按自然月统计：本月仍需探访；没有人反映需要帮助")
}
