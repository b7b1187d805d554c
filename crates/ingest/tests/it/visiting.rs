//! The visiting roster and records of visits, as offices send them.

use domain::record::Statement;
use domain::time::Date;

use crate::sample::*;

const ROSTER: &str = "序号,姓名,证件号码,镇街,村(社区),探访频次,帮扶责任人,责任人电话,起始日期,终止日期,操作类型,更新时间";
const VISITS: &str = "记录编号,姓名,证件号码,镇街,村(社区),探访日期,探访类别,探访结果,收入有变,人口有变,健康有变,住房有变,情况说明,探访人,操作类型";

fn planned() -> Cells {
    cells(&[
        ("序号", "1"),
        ("姓名", "许　林"),
        ("证件号码", &id("999903 19461108 012")),
        ("镇街", "洛阳镇"),
        ("村(社区)", "民丰村"),
        ("探访频次", "重点"),
        ("帮扶责任人", "周某"),
        ("责任人电话", "13800001234"),
        ("起始日期", "2026.1.1"),
        ("更新时间", "2026/11/3 9:12"),
    ])
}

fn visited() -> Cells {
    cells(&[
        ("记录编号", "TF2026110001"),
        ("姓名", "许林"),
        ("证件号码", &id("999903 19461108 012")),
        ("探访日期", "2026年11月3日"),
        ("探访类别", "探访"),
        ("探访结果", "正常"),
        ("健康有变", "是"),
    ])
}

#[test]
fn a_roster_tells_where_how_often_and_by_whom() {
    let told = |pairs: &[(&str, &str)]| answer_to("care_plans", ROSTER, &with(&planned(), pairs));
    let rows = Desk::new("care_plans").rows(&csv(ROSTER, &[planned()]));
    assert_eq!(kinds(&rows[0]), ["identity", "care_plan"]);
    let plan = body(&rows[0], "care_plan");
    assert_eq!(plan.code("class"), Some("weekly"));
    assert_eq!(plan.text("responsible"), Some("周某"));
    let village = plan.division("place").unwrap();
    assert_eq!(village.as_str(), "320412103217");
    let from: Date = "2026-01-01".parse().unwrap();
    assert_eq!(record(&rows[0], "care_plan").valid.from, Some(from));
    // The telephone of whoever visits is not read.
    assert!(!plan.to_json().to_string().contains("13800001234"));
    for (written, class) in [
        ("每周", "weekly"),
        ("一般", "monthly"),
        ("每月至少1次", "monthly"),
    ] {
        let row = with(&planned(), &[("探访频次", written)]);
        let rows = Desk::new("care_plans").rows(&csv(ROSTER, &[row]));
        assert_eq!(
            body(&rows[0], "care_plan").code("class"),
            Some(class),
            "{written}"
        );
    }
    // How often is the point: a row that does not say is not guessed.
    assert_eq!(told(&[("探访频次", "")]), "rejected field.missing@探访频次");
    assert!(told(&[("探访频次", "隔天")]).contains("探访频次"));
    assert_eq!(told(&[("证件号码", "")]), "held id.missing@证件号码");
    // An old village name leaves them in the township, where someone sees it.
    let row = with(&planned(), &[("村(社区)", "老村名")]);
    let rows = Desk::new("care_plans").rows(&csv(ROSTER, &[row]));
    let place = body(&rows[0], "care_plan").division("place").unwrap();
    assert_eq!(place.as_str(), "320412103");
    let row = with(&planned(), &[("操作类型", "删除")]);
    let rows = Desk::new("care_plans").rows(&csv(ROSTER, &[row]));
    let statement = &record(&rows[0], "care_plan").statement;
    assert!(matches!(statement, Statement::Retracts(_)), "{statement:?}");
}

#[test]
fn a_record_of_a_visit_tells_what_was_found() {
    let told = |pairs: &[(&str, &str)]| answer_to("visits", VISITS, &with(&visited(), pairs));
    let rows = Desk::new("visits").rows(&csv(VISITS, &[visited()]));
    assert_eq!(kinds(&rows[0]), ["identity", "visit"]);
    let visit = body(&rows[0], "visit");
    assert_eq!(
        (visit.code("kind"), visit.code("finding")),
        (Some("care"), Some("safe"))
    );
    let on: Date = "2026-11-03".parse().unwrap();
    assert_eq!(visit.date("visited_on"), Some(on));
    assert_eq!(record(&rows[0], "visit").valid.from, Some(on));
    assert_eq!(visit.flag("health_changed"), Some(true));
    // Not asked is not “no”.
    assert_eq!(visit.flag("income_changed"), None);
    assert_eq!(told(&[("探访日期", "")]), "rejected field.missing@探访日期");
    assert!(told(&[("探访日期", "2027-01-01")]).starts_with("rejected"));
    assert!(told(&[("探访结果", "还行")]).starts_with("warned"));
    assert_eq!(told(&[("记录编号", "")]), "rejected field.missing@记录编号");
}

#[test]
fn the_total_and_the_signature_below_a_roster_are_no_people() {
    let mut bytes = csv(ROSTER, &[planned()]);
    let commas = ",".repeat(ROSTER.matches(',').count() - 1);
    for text in [
        format!("合计,1人{commas}\r\n"),
        format!("填报单位：某中心,{commas}\r\n"),
    ] {
        bytes.extend(text.as_bytes());
    }
    let (survey, rows) = Desk::new("care_plans").read(&bytes).unwrap();
    assert_eq!((survey.rows, rows.len()), (1, 1));
    assert_eq!(survey.notes, []);
    // A person of that name is data all the same.
    let named = with(&planned(), &[("序号", "合计")]);
    assert_eq!(
        Desk::new("care_plans").rows(&csv(ROSTER, &[named])).len(),
        1
    );
}
