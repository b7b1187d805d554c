//! Schools, obligors, serious illness, and what stands inside a transfer.

use domain::money::Money;
use domain::record::{IdentityAsSent, Statement, SubjectAsSent};
use domain::time::{Date, Period};

use crate::sample::*;

pub(crate) const SCHOOL: &str = "学籍号,学生姓名,性别,出生日期,证件类型,证件号码,学校名称,学校区划,学段,年级,就读状态,入学日期,是否寄宿,是否困难学生,困难等级,资助项目,资助金额,学年学期,监护人1姓名,监护人1证件号码,监护人1关系,监护人2姓名,监护人2证件号码,监护人2关系,操作类型,更新时间";
pub(crate) const OBLIGORS: &str = "镇街,村(社区),姓名,性别,出生日期,证件号码,义务人登记是否完整,义务人姓名,义务人证件号码,义务关系,义务人住址,义务人电话,是否共同生活,登记日期,登记人,备注,操作类型,更新时间";
pub(crate) const ILLNESS: &str = "认定编号,姓名,性别,出生日期,证件号码,病种编码,病种名称,认定机构,认定日期,有效期止,认定状态,更新时间";

/// In the last year of a local senior school, aided.
pub(crate) fn qian_at_school() -> Cells {
    let number = id("999907 20090109 012");
    cells(&[
        ("学籍号", &format!("G{number}")),
        ("学生姓名", "钱某"),
        ("证件类型", "身份证"),
        ("证件号码", &number),
        ("学校名称", "乙中学"),
        ("学校区划", "320412"),
        ("学段", "普通高中"),
        ("年级", "高三"),
        ("就读状态", "在读"),
        ("入学日期", "2024-09-01"),
        ("是否寄宿", "是"),
        ("资助项目", "国家助学金"),
        ("资助金额", "1000"),
        ("学年学期", "2026-2027-1"),
        ("监护人1姓名", "钱某强"),
        ("监护人1证件号码", &id("999907 19500307 013")),
        ("监护人1关系", "祖父"),
        ("更新时间", "2026-10-08"),
    ])
}

/// Wu, whose only obligor is a brother.
pub(crate) fn wu_and_his_brother() -> Cells {
    cells(&[
        ("镇街", "洛阳镇"),
        ("姓名", "吴某"),
        ("证件号码", &id("999903 19580301 013")),
        ("义务人登记是否完整", "是"),
        ("义务人姓名", "吴某兄"),
        ("义务人证件号码", &id("999903 19540301 015")),
        ("义务关系", "兄"),
        ("登记日期", "2026年10月12日"),
        ("登记人", "张××"),
    ])
}

/// Certified in October, good for two years.
pub(crate) fn zhao_certified() -> Cells {
    cells(&[
        ("认定编号", "ZB2026100100017"),
        ("姓名", "赵某芳"),
        ("性别", "女"),
        ("证件号码", &id("999905 19790203 024")),
        ("病种编码", "C00"),
        ("病种名称", "恶性肿瘤"),
        ("认定机构", "甲医院"),
        ("认定日期", "2026.10.1"),
        ("有效期止", "2028-09-30"),
        ("认定状态", "有效"),
    ])
}

#[test]
fn a_pupil_makes_an_enrolment_and_a_record_of_it() {
    let rows = Desk::new("school_enrolment").rows(&csv(SCHOOL, &[qian_at_school()]));
    assert_eq!(answer(&rows[0]), "accepted");
    assert_eq!(kinds(&rows[0]), ["identity", "enrolment", "school_record"]);
    let told = body(&rows[0], "enrolment");
    assert_eq!(
        (told.code("stage"), told.code("grade"), told.code("status")),
        (Some("senior"), Some("12"), Some("enrolled"))
    );
    assert_eq!(
        (told.text("aid"), told.text("term")),
        (Some("国家助学金"), Some("2026-2027-1"))
    );
    // Guardians stand in the list; nothing of them is kept.
    let kept = format!("{:?}", rows[0].incoming);
    assert!(!kept.contains("钱某强") && !kept.contains("19500307"));
}

/// Grades as schools write them; an entry year is no grade and stays unrecorded.
#[test]
fn grades_and_stages_in_the_spellings_of_schools() {
    let told = |pairs: &[(&str, &str)]| {
        let row = with(&qian_at_school(), pairs);
        let rows = Desk::new("school_enrolment").rows(&csv(SCHOOL, &[row]));
        let told = body(&rows[0], "enrolment");
        let code = |field| told.code(field).unwrap_or("-");
        format!("{} {}", code("stage"), code("grade"))
    };
    for (stage, grade, expected) in [
        ("初中", "初二", "junior 8"),
        ("普通初中", "八年级", "junior 8"),
        ("初级中学", "初中二年级", "junior 8"),
        ("小学教育", "小学六年级", "primary 6"),
        ("中等职业学校", "职一", "vocational 10"),
        ("高中", "2024级", "senior -"),
        ("学前教育", "大班", "kindergarten -"),
    ] {
        assert_eq!(told(&[("学段", stage), ("年级", grade)]), expected);
    }
    assert_eq!(told(&[("年级", "")]), "senior -");
}

#[test]
fn school_dirt_has_one_answer_each() {
    check_answers(
        "school_enrolment",
        SCHOOL,
        &qian_at_school(),
        "年级=2024级 → warned code.unknown@年级
        资助项目= → accepted
        资助项目=无 → accepted
        监护人1证件号码= & 监护人1姓名= → accepted
        监护人1证件号码=3.2E+17 → warned id.lost_precision@监护人1证件号码
        就读状态=毕结业 → accepted
        就读状态=辍学 → accepted
        学籍号=L320412202609001 & 证件号码= → held id.missing@证件号码
        学籍号=L320412202609001 & 证件类型=无 & 证件号码=L320412202609001 → held id.charset@证件号码
        证件类型=护照 & 证件号码= → held id.missing@证件号码 id.document_type@证件类型
        监护人1证件号码={99990720090109012} → held identity.mismatch@证件号码
        监护人2证件号码={99990720090109012} → held identity.mismatch@证件号码
        性别=男 → held identity.mismatch@证件号码
        出生日期=2010-01-09 → held identity.mismatch@证件号码
        证件号码=3.2E+17 → held id.lost_precision@证件号码
        学籍号= → rejected field.missing@学籍号
        学段= → rejected field.missing@学段
        学段=大学预科 → rejected code.unknown@学段
        就读状态= → rejected field.missing@就读状态
        就读状态=不详 → rejected code.unknown@就读状态
        学生姓名= → rejected name.placeholder@学生姓名
        操作类型=X → rejected operation.unknown@操作类型",
    );
}

/// A temporary number is held, not lost, and counted with the list: whoever left
/// the list may be that row. A row whose pupil can be read leaves only that
/// pupil in doubt.
#[test]
fn a_row_that_cannot_be_taken_leaves_its_pupil_unknown() {
    let held = with(
        &qian_at_school(),
        &[("学籍号", "L320412202609001"), ("证件号码", "")],
    );
    let bad = with(&qian_at_school(), &[("学段", "大学预科")]);
    let other = with(
        &qian_at_school(),
        &[("学籍号", "G2"), ("证件号码", &id("999907 20100109 024"))],
    );
    let read = |rows: &[Cells]| {
        let read = Desk::new("school_enrolment").read(&csv(SCHOOL, rows));
        read.unwrap()
    };
    let (survey, rows) = read(&[other.clone(), held]);
    assert_eq!(survey.coverage[0].unnamed_rows, 1);
    assert!(rows[1].unread.is_empty() && !rows[1].raw.is_empty());
    let (survey, rows) = read(&[other, bad]);
    assert_eq!(survey.coverage[0].unnamed_rows, 0);
    let doubted: Vec<_> = rows[1].unread.iter().map(|u| u.statement.kind()).collect();
    assert_eq!(doubted.len(), 2, "{doubted:?}");
}

/// A list without the column of aid must not read as a list of pupils without aid.
#[test]
fn a_school_list_without_the_column_of_aid_is_refused() {
    let header: Vec<&str> = SCHOOL.split(',').filter(|c| *c != "资助项目").collect();
    let mut row = qian_at_school();
    row.remove("资助项目");
    let file = csv(&header.join(","), &[row]);
    let refused = Desk::new("school_enrolment").read(&file).unwrap_err();
    assert_eq!(refused.code(), "drift.column_missing");
}

#[test]
fn a_pupil_taken_out_is_withdrawn_in_both() {
    let row = with(&qian_at_school(), &[("操作类型", "删除")]);
    let rows = Desk::new("school_enrolment").rows(&csv(SCHOOL, &[row]));
    for kind in ["enrolment", "school_record"] {
        let said = &record(&rows[0], kind).statement;
        assert!(matches!(said, Statement::Retracts(_)), "{kind}");
    }
}

#[test]
fn an_obligor_is_another_person_with_a_birth_date() {
    let rows = Desk::new("obligors").rows(&csv(OBLIGORS, &[wu_and_his_brother()]));
    assert_eq!(answer(&rows[0]), "accepted");
    assert_eq!(
        kinds(&rows[0]),
        ["identity", "obligor_of", "obligor_survey"]
    );
    let link = record(&rows[0], "obligor_of");
    let [(_, IdentityAsSent::Resident(brother))] = &link.person_links[..] else {
        panic!("one resident number")
    };
    assert_eq!(brother.as_str(), id("999903 19540301 015"));
    let told = body(&rows[0], "obligor_of");
    assert_eq!(
        (told.code("relation"), told.date("birth_date")),
        (Some("sibling"), Some(Date::constant(1954, 3, 1)))
    );
    let survey = body(&rows[0], "obligor_survey");
    assert_eq!(
        (survey.flag("complete"), survey.text("obligor_name")),
        (Some(true), Some("吴某兄"))
    );
}

/// Two obligors are two rows; nobody left is a row without one; a name without
/// a number is an obligor nobody can look up.
#[test]
fn how_many_obligors_there_are_and_whether_that_is_all() {
    let none = [
        ("义务人姓名", "无"),
        ("义务人证件号码", ""),
        ("义务关系", ""),
    ];
    let nameless = [("义务人证件号码", "")];
    let second = [
        ("义务人姓名", "吴某妹"),
        ("义务人证件号码", &id("999903 19600301 026")),
        ("义务关系", "妹"),
    ];
    let of = |pairs: &[(&str, &str)]| with(&wu_and_his_brother(), pairs);
    let told = |rows: &[Cells]| {
        let rows = Desk::new("obligors").rows(&csv(OBLIGORS, rows));
        let all = rows.iter().flat_map(kinds);
        let counted = |kind: &str| all.clone().filter(|k| *k == kind).count();
        assert!(
            rows.iter().all(taken),
            "{:?}",
            rows.iter().map(answer).collect::<Vec<_>>()
        );
        (counted("obligor_of"), counted("obligor_survey"))
    };
    assert_eq!(told(&[of(&[]), of(&second)]), (2, 2));
    assert_eq!(told(&[of(&none)]), (0, 1));
    assert_eq!(told(&[of(&nameless)]), (0, 1));
    // Without a word on completeness the row is taken, and nothing is complete.
    let rows = Desk::new("obligors").rows(&csv(OBLIGORS, &[of(&[("义务人登记是否完整", "")])]));
    assert_eq!(body(&rows[0], "obligor_survey").flag("complete"), None);
}

#[test]
fn obligor_dirt_has_one_answer_each() {
    check_answers(
        "obligors",
        OBLIGORS,
        &wu_and_his_brother(),
        "义务关系=房东 → rejected code.unknown@义务关系
        义务人登记是否完整=差不多 → rejected flag.invalid@义务人登记是否完整
        义务人证件号码=3.2E+17 → rejected id.lost_precision@义务人证件号码
        义务人证件号码=999903195403010150 → rejected id.checksum@义务人证件号码
        义务人证件号码={99990319580301013} → held identity.mismatch@证件号码
        证件号码= → held id.missing@证件号码
        性别=女 → held identity.mismatch@证件号码
        登记日期=2026-12-31 → warned date.future@登记日期
        登记日期=去年 → warned date.invalid@登记日期
        姓名= → rejected name.placeholder@姓名",
    );
    // The person is known, so only this person's obligors are in doubt.
    let bad = with(&wu_and_his_brother(), &[("义务关系", "房东")]);
    let rows = Desk::new("obligors").rows(&csv(OBLIGORS, &[bad]));
    let doubted: Vec<_> = rows[0]
        .unread
        .iter()
        .map(|u| u.statement.kind().def().name)
        .collect();
    assert_eq!(doubted, ["obligor_of", "obligor_survey"]);
}

#[test]
fn a_certified_illness_has_a_begin_an_end_and_a_sealed_name() {
    let rows = Desk::new("serious_illness").rows(&csv(ILLNESS, &[zhao_certified()]));
    assert_eq!(answer(&rows[0]), "accepted");
    let told = record(&rows[0], "disease");
    assert_eq!(
        told.valid,
        Period::between(Date::constant(2026, 10, 1), Date::constant(2028, 10, 1))
    );
    let SubjectAsSent::Person(IdentityAsSent::Resident(who)) = &told.subject else {
        panic!("a resident")
    };
    assert_eq!(who.as_str(), id("999905 19790203 024"));
    let field = domain::dictionary::Kind::Disease
        .field("name")
        .unwrap()
        .def();
    assert_eq!(field.level, domain::dictionary::Sensitivity::L4);
    // No note of a bad row repeats the illness.
    let bad = with(&zhao_certified(), &[("认定日期", "恶性肿瘤")]);
    let rows = Desk::new("serious_illness").rows(&csv(ILLNESS, &[bad]));
    assert_eq!(answer(&rows[0]), "rejected date.invalid@认定日期");
    assert!(!format!("{:?}", rows[0].notes).contains("肿瘤"));
}

#[test]
fn illness_dirt_has_one_answer_each() {
    check_answers(
        "serious_illness",
        ILLNESS,
        &zhao_certified(),
        "病种名称= → accepted
        有效期止=长期 → accepted
        有效期止= → accepted
        有效期止=两年 → rejected date.invalid@有效期止
        认定日期= → rejected field.missing@认定日期
        认定日期=2026-12-01 → rejected date.future@认定日期
        认定编号= → rejected field.missing@认定编号
        认定编号=2.0261E+13 → rejected number.lost_precision@认定编号
        认定状态=存疑 → rejected operation.unknown@认定状态
        认定状态=取消 → accepted
        证件号码= → held id.missing@证件号码
        性别=男 → held identity.mismatch@证件号码
        证件号码=999905197902030240 → rejected id.checksum@证件号码",
    );
    let taken_back = with(&zhao_certified(), &[("认定状态", "取消")]);
    let rows = Desk::new("serious_illness").rows(&csv(ILLNESS, &[taken_back]));
    let said = &record(&rows[0], "disease").statement;
    assert!(matches!(said, Statement::Retracts(_)));
}

/// What no scheme counts is taken out of the transfers, each in its own class;
/// an office that lists none of it sends none of the columns.
#[test]
fn exempt_parts_of_a_transfer_have_classes_of_their_own() {
    let header = CIVIL.replace(
        "其中中央基础养老金,",
        "其中中央基础养老金,其中优抚抚恤金,其中奖助学金,其中社会救助款物,",
    );
    let parts = [
        ("年转移净收入", "9,000.00"),
        ("其中中央基础养老金", "1200"),
        ("其中优抚抚恤金", "3600"),
        ("其中奖助学金", "2000"),
        ("其中社会救助款物", "500"),
    ];
    let row = with(&chen(), &parts);
    let rows = Desk::new("civil_register").rows(&csv(&header, std::slice::from_ref(&row)));
    let amounts: Vec<(&str, i64)> = rows[0]
        .incoming
        .iter()
        .filter_map(|one| match &one.statement {
            Statement::Says(body) => body
                .code("class")
                .zip(body.money("amount_year").map(Money::as_fen)),
            _ => None,
        })
        .filter(|(_, fen)| *fen > 0)
        .collect();
    assert_eq!(
        amounts,
        [
            ("transfer", 170_000),
            ("central_basic_pension", 120_000),
            ("veteran_benefit", 360_000),
            ("scholarship", 200_000),
            ("social_assistance", 50_000),
        ]
    );
    // Each part fits, together they do not.
    let more = with(&row, &[("其中社会救助款物", "2200.01")]);
    assert_eq!(
        answer_to("civil_register", &header, &more),
        "rejected amount.part_exceeds@其中社会救助款物"
    );
    let equal = with(&row, &[("其中社会救助款物", "2200")]);
    assert_eq!(answer_to("civil_register", &header, &equal), "accepted");
    let unreadable = with(&row, &[("其中优抚抚恤金", "若干")]);
    assert_eq!(
        answer_to("civil_register", &header, &unreadable),
        "rejected amount.invalid@其中优抚抚恤金"
    );
}
