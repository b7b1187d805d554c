//! Situations in which no alert may rise, each for its own reason.

use domain::evaluation::{AlertLevel, Finding};
use domain::time::Date;

use super::Situation;
use super::build::{Desk, day, month, stay};
use crate::bills::reversal;
use crate::feeds::{Feed, civil, deaths};
use crate::model::{FuneralNote, Household, HukouChange, Labour, Member, Scheme, Standing, Stray};
use crate::words::ASSUMED;

/// All of them.
pub(crate) fn all(desk: &Desk<'_>) -> Vec<Situation> {
    let mut all = income_and_composition(desk);
    all.extend(payments(desk));
    all.extend(identities_and_deaths(desk));
    all
}

/// Certificates of old standing.
fn old() -> Date {
    jiff::civil::date(2022, 6, 8)
}

fn income_and_composition(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        pension_over_the_line(desk),
        individual_above_the_line(desk),
        flexible_employment(desk),
        student_counted(desk),
        newborn_without_number(desk),
        married_daughter(desk),
        two_families_in_one_book(desk),
        homemaker(desk),
        declined(desk),
    ]
}

fn pension_over_the_line(desk: &Desk<'_>) -> Situation {
    let town = "牛塘镇";
    let head = desk
        .one(town, "19531102", 15, "丁某富", "户主")
        .pension()
        .transfer(24_000);
    let wife = desk
        .one(town, "19550719", 28, "薛某妹", "配偶")
        .pension()
        .transfer(2_400);
    let family = desk
        .family(22, 1, Scheme::Subsistence, (town, "塘口村"))
        .with(head)
        .with(wife);
    Situation::new(
        22,
        "加上中央基础养老金，或优抚、奖助学金、救助款物才超标准，领着低保",
        "Over the line only by the central basic pension, or by veterans' benefit, scholarship and relief, paid 低保",
        family.paid_allowance(),
    )
    .and(exempt_parts(desk))
    .because("中央确定的基础养老金（延续为示例参数）不计入：26,400元 < 27,840元；另一户优抚抚恤、奖助学金、救助款物不计入：36,000元 < 41,760元，都仍符合")
}

/// Above the line by what the law leaves out, below it without.
fn exempt_parts(desk: &Desk<'_>) -> Household {
    let town = "牛塘镇";
    let head = desk
        .one(town, "19720616", 531, "丁某兴", "户主")
        .wage(36_000)
        .exempt(7_200, 0, 1_200);
    let wife = desk.one(town, "19740409", 522, "薛某琴", "配偶");
    let son = desk
        .one(town, "20090127", 533, "丁某飞", "子")
        .child_of(Some(&head), Some(&wife))
        .exempt(0, 3_000, 0);
    let family = desk.family(22, 2, Scheme::Subsistence, (town, "塘口村"));
    family.with(head).with(wife).with(son).paid_allowance()
}

fn individual_above_the_line(desk: &Desk<'_>) -> Situation {
    let town = "南夏墅街道";
    let head = desk
        .one(town, "19760325", 17, "蒋某东", "户主")
        .wage(72_000);
    let wife = desk
        .one(town, "19780614", 22, "杨某红", "配偶")
        .certified("肢体", 1, old())
        .paid_alone()
        .paid("残疾人护理补贴", 120)
        .paid("残疾人生活补贴", ASSUMED.living_outside_yuan);
    let son = desk
        .one(town, "20080905", 13, "蒋某宇", "子")
        .child_of(Some(&head), Some(&wife));
    let mother = desk.one(town, "19500816", 44, "钱某娣", "母亲").pension();
    let family = desk.family(23, 1, Scheme::Marginal, (town, "桐庄村"));
    Situation::new(
        23,
        "单人户重残已保障，家庭收入在低保标准之上",
        "单人户 paid to a severely disabled member of a family above the line",
        family.with(head).with(wife).with(son).with(mother),
    )
    .because("单人户按所领小类评，不以整户收入说“不再符合”；保障1人，其余补贴都在领")
}

fn flexible_employment(desk: &Desk<'_>) -> Situation {
    let town = "湖塘镇";
    let head = desk
        .one(town, "19810117", 35, "何某斌", "户主")
        .flexible(19_200)
        .told(&[
            Labour::Insured(month(9), "灵活就业"),
            Labour::Insured(month(10), "灵活就业"),
        ]);
    let wife = desk.one(town, "19830428", 26, "顾某萍", "配偶");
    let girl = desk
        .one(town, "20130512", 28, "何某欣", "女")
        .child_of(Some(&head), Some(&wife));
    let family = desk.family(27, 1, Scheme::Subsistence, (town, "马家巷社区"));
    Situation::new(
        27,
        "灵活就业自己缴社保，核定收入仍低于标准",
        "Flexible employment paying own insurance, assessed income below the line",
        family.with(head).with(wife).with(girl).paid_allowance(),
    )
    .because("缴费基数不是工资，不据此计算收入；核定收入19,200元 < 41,760元")
}

fn student_counted(desk: &Desk<'_>) -> Situation {
    let town = "西湖街道";
    let head = desk
        .one(town, "19740903", 19, "谢某良", "户主")
        .wage(36_000);
    let wife = desk.one(town, "19750221", 24, "史某琴", "配偶");
    let student = desk
        .one(town, "20040630", 17, "谢某远", "子")
        .child_of(Some(&head), Some(&wife))
        .at("本科");
    let graduate = desk
        .one(town, "20011015", 11, "谢某文", "子")
        .child_of(Some(&head), Some(&wife))
        .not_counted("研究生", true)
        .at("研究生");
    let family = desk.family(28, 1, Scheme::Subsistence, (town, "蠡河社区"));
    Situation::new(
        28,
        "外地本科生计入人口，研究生不计入",
        "An undergraduate away from home is counted, a postgraduate is not",
        family
            .with(head)
            .with(wife)
            .with(student)
            .with(graduate)
            .paid_allowance(),
    )
    .because("本科生不在本地学籍名册（名册已到，只有本地中小学）也计入：36,000元 < 3人标准41,760元；研究生不计入；不在册不等于失学")
}

fn newborn_without_number(desk: &Desk<'_>) -> Situation {
    let town = "湟里镇";
    let head = desk
        .one(town, "19930318", 15, "戴某伟", "户主")
        .wage(14_400);
    let wife = desk.one(town, "19950709", 22, "恽某静", "配偶");
    let baby = desk
        .one(town, "20261020", 13, "戴某宝", "子")
        .child_of(Some(&head), Some(&wife));
    let family = desk.family(36, 1, Scheme::Subsistence, (town, "西墅村"));
    let mut family = family.with(head).with(wife).paid_allowance();
    let mut cells = civil::cells(&family, &baby, day(11, 3));
    for (column, text) in [("证件类型", "无"), ("证件号码", "")] {
        if let Some(at) = civil::COLUMNS.iter().position(|c| *c == column) {
            text.clone_into(&mut cells[at]);
        }
    }
    family.strays.push(Stray {
        feed: Feed::Civil.number(),
        told: day(11, 3),
        cells,
        outcome: "held",
        why: "id.missing",
    });
    Situation::new(
        36,
        "新生儿尚无身份证号",
        "A newborn without an identity number",
        family,
    )
    .because("该行待补全，不拒收；补全后计入。未补全前按2人计，仍低于标准")
}

fn married_daughter(desk: &Desk<'_>) -> Situation {
    let town = "前黄镇";
    let head = desk
        .one(town, "19580406", 13, "潘某发", "户主")
        .pension()
        .transfer(7_200);
    let wife = desk.one(town, "19610825", 26, "沈某仙", "配偶").pension();
    let daughter = desk
        .one(town, "19880311", 24, "潘某燕", "女")
        .child_of(Some(&head), Some(&wife))
        .not_counted("出嫁", false)
        .wage(84_000);
    let family = desk.family(37, 1, Scheme::Subsistence, (town, "丁舍村"));
    Situation::new(
        37,
        "出嫁女仍在户口簿，不共同生活",
        "A married daughter still in the hukou book, living elsewhere",
        family.with(head).with(wife).with(daughter).paid_allowance(),
    )
    .because("户籍户不是共同生活家庭：她的工资不计入")
}

fn two_families_in_one_book(desk: &Desk<'_>) -> Situation {
    let town = "雪堰镇";
    let head = desk
        .one(town, "19560623", 15, "朱某根", "户主")
        .pension()
        .transfer(4_800);
    let wife = desk.one(town, "19590112", 28, "徐某凤", "配偶").pension();
    let old = desk.family(38, 1, Scheme::Subsistence, (town, "楼村"));
    let old = old.with(head.clone()).with(wife).paid_allowance();
    let son = desk
        .one(town, "19830914", 33, "朱某峰", "户主")
        .wage(60_000);
    let son = son.child_of(Some(&head), None);
    let bride = desk
        .one(town, "19850208", 42, "任某霞", "配偶")
        .wage(42_000);
    let mut young = desk.family(38, 2, Scheme::None, (town, "楼村"));
    young.address.clone_from(&old.address);
    Situation::new(
        38,
        "一本户口簿两户：父母领低保，儿子一家另过",
        "Two families in one hukou book: parents on 低保, the son's family apart",
        old,
    )
    .and(young.with(son).with(bride))
    .because("各按共同生活家庭评：父母低于标准已领，儿子一家高于标准")
}

fn homemaker(desk: &Desk<'_>) -> Situation {
    let town = "湖塘镇";
    let mut bill = stay("S2026090700012", day(9, 7), 260, 96);
    bill.care = "普通门诊";
    "上呼吸道感染".clone_into(&mut bill.diagnosis);
    let one = desk
        .one(town, "19860917", 48, "唐某慧", "")
        .standing(Standing::Stranger)
        .bill(bill);
    let nobody = desk.family(45, 1, Scheme::None, (town, "花园社区"));
    Situation::new(
        45,
        "只在医保明细里见到的家庭主妇",
        "A homemaker met only in a medical settlement",
        nobody.with(one),
    )
    .because("家庭组成未知：待核实（缺共同生活家庭成员），不因无收入记录提示低保")
}

fn declined(desk: &Desk<'_>) -> Situation {
    let town = "礼嘉镇";
    let head = desk
        .one(town, "19690228", 17, "陆某生", "户主")
        .wage(12_000);
    let wife = desk.one(town, "19710603", 22, "邵某芬", "配偶");
    let mut family = desk.family(46, 1, Scheme::Marginal, (town, "武阳村"));
    family.means = "核对中";
    Situation::new(
        46,
        "低于标准未领低保，本人放弃",
        "Below the line, not on 低保, the family declined",
        family.with(head).with(wife),
    )
    .raises_for_family(
        "subsistence_allowance",
        (Finding::PossiblyMissed, AlertLevel::Orange),
        "12,000元 < 27,840元，未领低保，财产核对未出结果。经办人登记“本人放弃”后不再提示，直至事实变化（登记须在导入后由人操作）",
    )
    .because("无残疾、无大额医疗、无死亡登记")
}

fn payments(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        stopped_in_time(desk),
        from_elsewhere(desk),
        moved_out(desk),
        outside_allowance(desk),
        orphan(desk),
        back_pay(desk),
        old_number(desk),
        late_refund(desk),
        list_not_come(desk),
    ]
}

/// A son above the line, so that the old parent beside him is the only matter.
fn beside_a_son(
    desk: &Desk<'_>,
    (number, nth): (u32, u32),
    (town, village): (&str, &str),
    (born, name): (&str, &str),
    parent: Member,
) -> Household {
    let mother = Some(&parent);
    let son = desk
        .one(town, born, 31 + nth * 2, name, "户主")
        .wage(51_600);
    let son = son.child_of(None, mother);
    let family = desk.family(number, nth, Scheme::None, (town, village));
    family.with(son).with(parent)
}

fn stopped_in_time(desk: &Desk<'_>) -> Situation {
    let place = ("嘉泽镇", "西城村");
    let mother = desk
        .one(place.0, "19380510", 26, "宋某媛", "母亲")
        .paid("尊老金", 50)
        .until(month(10))
        .death_by_funeral(day(10, 5), day(10, 9))
        .death_by_police(day(10, 5), day(10, 19));
    Situation::new(
        24,
        "10月5日死亡，当月照发，次月已停",
        "Died on 5 October, paid for October, stopped in November",
        beside_a_son(desk, (24, 1), place, ("19650303", "宋某华"), mother),
    )
    .because("死亡当月应发，次月起停：没有多发")
}

fn from_elsewhere(desk: &Desk<'_>) -> Situation {
    let town = "牛塘镇";
    let head = desk
        .one(town, "19850716", 19, "程某勇", "户主")
        .wage(48_000);
    let wife = desk
        .one(town, "19870922", 24, "吕某霞", "配偶")
        .certified("肢体", 2, old())
        .hukou(HukouChange::MovedOut, day(3, 5), day(9, 30));
    let family = desk
        .family(30, 1, Scheme::None, (town, "漕溪村"))
        .hukou_elsewhere("安徽省南陵县籍山镇");
    Situation::new(
        30,
        "外地户籍残疾人（公安登记已迁往安徽），租住本地",
        "A disabled resident whose hukou is elsewhere, as police tell",
        family.with(head).with(wife),
    )
    .because("两项补贴由户籍地发放；急难救助不限户籍，但须有线索")
}

fn moved_out(desk: &Desk<'_>) -> Situation {
    let place = ("洛阳镇", "岑村");
    let mut mother = desk
        .one(place.0, "19430127", 28, "史某云", "母亲")
        .certified("视力", 1, old())
        .paid("尊老金", 50)
        .paid("残疾人护理补贴", 120)
        .until(month(10))
        .hukou(HukouChange::MovedOut, day(10, 12), day(10, 20))
        .standing(Standing::Former);
    for certificate in &mut mother.certificates {
        certificate.status = "迁出";
        certificate.change = "迁出";
    }
    Situation::new(
        31,
        "10月迁出，当月照发，次月已停",
        "Moved away in October, paid for October, stopped in November",
        beside_a_son(desk, (31, 1), place, ("19680808", "史某军"), mother),
    )
    .because("迁出次月停发属正常：证件已迁出，不是漏发，也不是死亡")
}

fn outside_allowance(desk: &Desk<'_>) -> Situation {
    let town = "南夏墅街道";
    let head = desk
        .one(town, "19790526", 33, "袁某涛", "户主")
        .wage(57_600);
    let wife = desk
        .one(town, "19810930", 48, "汤某琳", "配偶")
        .certified("智力", 2, old())
        .paid("残疾人护理补贴", 80)
        .paid("残疾人生活补贴", ASSUMED.living_outside_yuan);
    let family = desk.family(33, 1, Scheme::Hardship, (town, "塘洋村"));
    Situation::new(
        33,
        "低保外残疾人领生活补贴",
        "Living subsidy paid outside 低保",
        family.with(head).with(wife),
    )
    .because("本省低保外也可发生活补贴：“不在低保却在领”不是问题")
}

fn orphan(desk: &Desk<'_>) -> Situation {
    let town = "前黄镇";
    let head = desk.one(town, "19551219", 26, "卢某珍", "户主").pension();
    let child = desk
        .one(town, "20130417", 15, "卢某晨", "孙子")
        .not_counted("其他", true)
        .certified("肢体", 1, old())
        .paid("孤儿", ASSUMED.orphan_yuan)
        .paid("残疾人护理补贴", 120);
    let family = desk.family(34, 1, Scheme::Subsistence, (town, "杨桥村"));
    Situation::new(
        34,
        "孤儿领护理补贴，不领生活补贴",
        "An orphan with nursing but without living subsidy",
        family.with(head).with(child).paid_allowance(),
    )
    .because("孤儿不享受生活补贴，可享受护理补贴：都已正确")
}

fn back_pay(desk: &Desk<'_>) -> Situation {
    let town = "湟里镇";
    let head = desk
        .one(town, "19660714", 17, "万某祥", "户主")
        .flexible(9_600);
    let wife = desk.one(town, "19681127", 22, "龚某美", "配偶");
    let family = desk.family(35, 1, Scheme::Subsistence, (town, "北隍村"));
    let mut family = family.with(head).with(wife).paid_allowance();
    for grant in &mut family.members[0].grants {
        grant.back_pay = Some((month(11), month(10), grant.supplement));
    }
    Situation::new(
        35,
        "11月补发10月低保，当月到账翻倍",
        "November's list also pays October late: the month doubles",
        family,
    )
    .because("比补差栏，不比实发合计；补发不是重复发放")
}

fn old_number(desk: &Desk<'_>) -> Situation {
    let town = "雪堰镇";
    let mut head = desk
        .one(town, "19560229", 11, "曹某法", "户主")
        .pension()
        .certified("视力", 1, old())
        .paid("残疾人护理补贴", 120)
        .paid("残疾人生活补贴", ASSUMED.living_inside_yuan);
    for grant in &mut head.grants {
        grant.old_number = true;
    }
    let family = desk.family(40, 1, Scheme::Subsistence, (town, "曹家村"));
    Situation::new(
        40,
        "发放名册写15位旧号，残联写18位",
        "The payment list has the 15-digit number, the register the 18-digit one",
        family.with(head).paid_allowance(),
    )
    .because("15位与18位是同一人：两项补贴都在领")
}

fn late_refund(desk: &Desk<'_>) -> Situation {
    let town = "西湖街道";
    let late = stay("S2026071400021", day(7, 14), 9_800, 2_500);
    let head = desk
        .one(town, "19800211", 15, "贾某兵", "户主")
        .stay("S2026040900005", day(4, 9), 26_000, 5_200)
        .bill(late.clone())
        .stay("S2026090200014", day(9, 2), 21_000, 4_100)
        .bill(reversal(&late, day(11, 10), day(11, 12)));
    let wife = desk
        .one(town, "19820525", 26, "常某玲", "配偶")
        .wage(33_600);
    let family = desk.family(43, 1, Scheme::Marginal, (town, "仕尚村"));
    Situation::new(
        43,
        "11月迟到的退费使全年负担降到线下",
        "A refund that came late takes the year below the line",
        family.with(head).with(wife),
    )
    .because("第一批11,800元（超线，提示）；第二批冲减2,500元后9,300元，不再超过10,000元，自动消失")
}

fn list_not_come(desk: &Desk<'_>) -> Situation {
    let town = "礼嘉镇";
    let person = desk
        .one(town, "19510903", 13, "秦某土", "户主")
        .transfer(1_200)
        .paid("特困", ASSUMED.extreme_difficulty_yuan)
        .death_by_funeral(day(10, 18), day(10, 22))
        .death_by_police(day(10, 18), day(11, 2));
    let family = desk.family(44, 1, Scheme::ExtremeDifficulty, (town, "蒲岸村"));
    Situation::new(
        44,
        "10月18日死亡，11月特困名册没有来",
        "Died on 18 October; the November list of 特困 has not come",
        family.with(person),
    )
    .because("10月是死亡当月；11月特困名册未到，不知道是否还在发：不提示，也不办结别的（见3）")
}

fn identities_and_deaths(desk: &Desk<'_>) -> Vec<Situation> {
    vec![
        namesakes(desk),
        relative_in_the_column(desk),
        mistaken_cancellation(desk),
    ]
}

fn namesakes(desk: &Desk<'_>) -> Situation {
    let place = ("湖塘镇", "长虹社区");
    let one = |sequence| {
        desk.one(place.0, "19410618", sequence, "刘某芳", "母亲")
            .paid("尊老金", 50)
    };
    let dead = one(42)
        .until(month(9))
        .death_by_funeral(day(9, 20), day(9, 24))
        .death_by_police(day(9, 20), day(10, 8));
    Situation::new(
        39,
        "同村同名同生日的两位老人，一位去世",
        "Two women of one name, village and birth date; one has died",
        beside_a_son(desk, (39, 1), place, ("19660101", "殷某强"), dead),
    )
    .and(beside_a_son(
        desk,
        (39, 2),
        place,
        ("19670202", "殷某全"),
        one(44),
    ))
    .because("身份按证件号码，不按姓名：健在者继续领，去世者次月已停")
}

fn relative_in_the_column(desk: &Desk<'_>) -> Situation {
    let town = "嘉泽镇";
    let son = desk
        .one(town, "19780812", 15, "孙某强", "户主")
        .flexible(12_000)
        .certified("肢体", 2, old())
        .paid("残疾人护理补贴", 80)
        .paid("残疾人生活补贴", ASSUMED.living_inside_yuan);
    let girl = desk
        .one(town, "20110124", 24, "孙某琪", "女")
        .child_of(Some(&son), None);
    let father = desk.one(town, "19450305", 13, "孙某大", "父亲");
    let family = desk.family(41, 1, Scheme::Subsistence, (town, "闵市村"));
    let mut family = family.with(son).with(girl).paid_allowance();
    let note = FuneralNote {
        died: day(9, 11),
        told: day(9, 15),
    };
    let mut cells = deaths::funeral_cells(&family, &father, note);
    let relative = family.head().clone();
    for (column, text) in [
        ("证件号码", relative.id.as_str()),
        ("家属姓名", relative.name.as_str()),
        ("与逝者关系", "子"),
    ] {
        if let Some(at) = deaths::FUNERAL.iter().position(|c| *c == column) {
            text.clone_into(&mut cells[at]);
        }
    }
    family.strays.push(Stray {
        feed: Feed::Funeral.number(),
        told: day(9, 15),
        cells,
        outcome: "held",
        why: "identity.mismatch",
    });
    Situation::new(
        41,
        "殡葬登记把经办家属的号码填进逝者栏",
        "The funeral row carries a relative's number in the deceased's column",
        family,
    )
    .because("年龄与号码不符，该行待核，不得把健在的儿子记为死亡")
}

fn mistaken_cancellation(desk: &Desk<'_>) -> Situation {
    let place = ("前黄镇", "谭庄村");
    let mother = desk
        .one(place.0, "19420707", 26, "谭某秀", "母亲")
        .paid("尊老金", 50)
        .death_by_police(day(9, 15), day(10, 15))
        .hukou(HukouChange::Restored, day(11, 9), day(11, 12));
    Situation::new(
        42,
        "公安误注销，第二批恢复",
        "Police cancelled by mistake; the second batch restores",
        beside_a_son(desk, (42, 1), place, ("19690909", "谭某新"), mother),
    )
    .because("第一批使其疑似死亡仍发（提示）；第二批恢复撤回该记录，提示消失")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::yuan;

    #[test]
    fn the_pension_alone_is_over_the_line() {
        let table = include_str!("../../../../policies/tables/divisions.csv");
        let divisions = domain::region::Divisions::parse(table).unwrap();
        let on = day(11, 20);
        let places = crate::places::Places::new(&divisions, on);
        let situation = pension_over_the_line(&Desk {
            places: &places,
            on,
        });
        let family = &situation.households[0];
        let line = yuan(ASSUMED.allowance_standard_yuan * 12 * 2);
        let all = family.members.iter().map(|m| m.income.transfer).sum();
        assert!(family.counting_income() < line && line < all);
    }
}
