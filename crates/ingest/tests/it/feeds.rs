//! The six files with the cells and the dirt that departments send.

use domain::money::Money;
use domain::record::{IdentityAsSent, RowOutcome, Statement, SubjectAsSent};
use domain::time::{Date, Month, Period};

use crate::sample::*;

const MISMATCH: &str = "held identity.mismatch@证件号码";

#[test]
fn a_head_of_household_makes_personal_and_household_facts() {
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[chen()]));
    let row = &rows[0];
    assert_eq!(answer(row), "accepted");
    assert_eq!(
        kinds(row),
        [
            "identity",
            "membership",
            "hukou",
            "residence",
            "income",
            "income",
            "income",
            "income",
            "income",
            "employment",
            "composition",
            "means_check",
            "recognition",
            "periodic_check"
        ]
    );
    let membership = body(row, "membership");
    assert_eq!(
        (
            membership.code("kinship"),
            membership.flag("counted"),
            membership.flag("covered")
        ),
        (Some("head"), Some(true), Some(false))
    );
    assert_eq!(
        record(row, "membership").household_links[0].1.number,
        "JM32041200012"
    );
    assert_eq!(
        record(row, "membership").household_links[0].1.namespace,
        "civil"
    );
    assert_eq!(
        body(row, "hukou").division("place").unwrap().as_str(),
        "320412103217"
    );
    assert_eq!(body(row, "hukou").flag("local"), Some(true));
    let recognition = record(row, "recognition");
    assert!(
        matches!(&recognition.subject, SubjectAsSent::Household(h) if h.number == "JM32041200012")
    );
    assert_eq!(
        recognition.valid,
        Period::between(Date::constant(2026, 3, 1), Date::constant(2027, 3, 1))
    );
    assert_eq!(body(row, "recognition").code("scheme"), Some("marginal"));
    assert_eq!(body(row, "periodic_check").code("class"), Some("B"));
    assert_eq!(body(row, "means_check").code("result"), Some("within"));
}

#[test]
fn a_pension_inside_the_transfers_is_not_counted_twice() {
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[chen()]));
    let mut amounts: Vec<(&str, i64)> = Vec::new();
    for incoming in &rows[0].incoming {
        if let Statement::Says(body) = &incoming.statement {
            amounts.extend(
                body.code("class")
                    .zip(body.money("amount_year").map(Money::as_fen)),
            );
        }
    }
    let expected = [
        ("B", 0),
        ("wage", 0),
        ("business", 0),
        ("property", 0),
        ("transfer", 180_000),
        ("central_basic_pension", 120_000),
    ];
    assert_eq!(amounts, expected[1..]);
    let more = with(&chen(), &[("其中中央基础养老金", "3000.01")]);
    assert_eq!(
        answer_to("civil_register", CIVIL, &more),
        "rejected amount.part_exceeds@其中中央基础养老金"
    );
}

#[test]
fn an_income_that_is_blank_is_recorded_without_an_amount() {
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[chen_daughter()]));
    let row = &rows[0];
    assert!(taken(row));
    let wage = row
        .incoming
        .iter()
        .find(|i| i.key.last().is_some_and(|part| part == "wage"))
        .unwrap();
    let Statement::Says(body) = &wage.statement else {
        panic!("says")
    };
    assert_eq!(
        (body.code("class"), body.money("amount_year")),
        (Some("wage"), None)
    );
    // A part that is not there is not unknown: only the classes everybody is asked for are.
    assert!(!row.incoming.iter().any(|i| {
        i.key
            .last()
            .is_some_and(|part| part == "central_basic_pension")
    }));
}

#[test]
fn a_child_names_its_parents_and_says_nothing_of_the_household() {
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[chen_daughter()]));
    let row = &rows[0];
    assert_eq!(answer(row), "accepted");
    let parents: Vec<_> = row
        .incoming
        .iter()
        .filter(|i| i.statement.kind().def().name == "parent_of")
        .collect();
    assert_eq!(parents.len(), 2);
    let IdentityAsSent::Resident(father) = &parents[0].person_links[0].1 else {
        panic!("a resident number")
    };
    assert_eq!(father.as_str(), id("999903 19820914 013"));
    assert_eq!(body(row, "schooling").code("stage"), Some("primary"));
    let household = |i: &domain::record::Incoming| matches!(i.subject, SubjectAsSent::Household(_));
    assert!(!row.incoming.iter().any(household));
}

#[test]
fn blanks_under_merged_cells_mean_as_above() {
    let mut child = chen_daughter();
    for column in [
        "户编号",
        "救助类别",
        "户籍镇街",
        "户籍村(社区)",
        "户主姓名",
        "户主证件号码",
    ] {
        child.insert(column.to_owned(), String::new());
    }
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[chen(), child.clone()]));
    assert_eq!(answer(&rows[1]), "accepted");
    assert_eq!(
        record(&rows[1], "membership").household_links[0].1.number,
        "JM32041200012"
    );
    assert_eq!(
        body(&rows[1], "hukou").division("place").unwrap().as_str(),
        "320412103217"
    );
    assert!(
        rows[1]
            .inherited
            .iter()
            .any(|above| above.column == "户编号")
    );
    // Nothing above, or another head: nothing may be guessed.
    assert_eq!(
        answer_to("civil_register", CIVIL, &child),
        "rejected household.number_missing@户编号"
    );
    child.insert("户主证件号码".to_owned(), id("999903 19840101 026"));
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[chen(), child]));
    assert_eq!(rows[1].outcome, RowOutcome::Rejected);
}

const CIVIL_DIRT: &str = "
    与户主关系=之子 & 性别= & 户主证件号码={99990319600101012} → accepted
    联系电话=13800000000/0519-86310000 → warned phone.several@联系电话
    联系电话=13800000000 → accepted
    联系电话=无 → accepted
    联系电话=12 → warned phone.invalid@联系电话
    家庭住址=丰乐路1号 甲单元 → accepted
    与户主关系=房东 → warned code.unknown@与户主关系
    户籍村(社区)=旧村 & 区划代码= → warned village.unknown@户籍村(社区)
    户籍村(社区)=旧村 → accepted
    居住镇街=某某镇 → warned township.unknown@居住镇街
    区划代码=330102001001 → rejected township.not_allowed@区划代码
    区划代码=32 → accepted
    证件号码= → held id.missing@证件号码
    证件号码=无 → held id.missing@证件号码
    证件类型=护照 → held id.document_type@证件类型
    出生日期=1984-01-01 → held identity.mismatch@证件号码
    性别=女 → held identity.mismatch@证件号码
    年工资性收入=-1 → rejected amount.range@年工资性收入
    年工资性收入=约三千 → rejected amount.invalid@年工资性收入
    年工资性收入=36,000.00元 → accepted
    操作类型=Z → rejected operation.unknown@操作类型
    是否计入人口=也许 → rejected flag.invalid@是否计入人口
    有效期止=长期 → accepted
    就业状况=发呆 → warned code.unknown@就业状况
    成员姓名= → rejected name.placeholder@成员姓名
    成员姓名=陈　某 → accepted
    户编号=3.2E+17 → rejected number.lost_precision@户编号
    证件号码=999903300102013 & 户主证件号码= & 出生日期=1930-01-02 → warned id.legacy15@证件号码
";

#[test]
fn civil_dirt_has_one_answer_each() {
    check_answers("civil_register", CIVIL, &chen(), CIVIL_DIRT);
    let broken = with(&chen(), &[("家庭住址", "丰乐路1号\n甲单元")]);
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[broken]));
    assert_eq!(
        body(&rows[0], "identity").text("address"),
        Some("丰乐路1号 甲单元")
    );
}

/// One number in its old and in its new form.
struct ResidentOf15 {
    old: String,
    new: String,
}

impl ResidentOf15 {
    fn new() -> ResidentOf15 {
        let new = id("999903 19300102 013");
        ResidentOf15 {
            old: format!("{}{}", &new[..6], &new[8..17]),
            new,
        }
    }
}

#[test]
fn old_and_new_form_are_one_person() {
    let forms = ResidentOf15::new();
    let base = with(
        &chen(),
        &[
            ("户主证件号码", &forms.new),
            ("出生日期", ""),
            ("与户主关系", "户主"),
        ],
    );
    let subject = |number: &str| {
        Desk::new("civil_register").rows(&csv(CIVIL, &[with(&base, &[("证件号码", number)])]))[0]
            .incoming[0]
            .clone()
    };
    assert_eq!(subject(&forms.old), subject(&forms.new));
    assert_eq!(subject(&forms.new.to_lowercase()), subject(&forms.new));
}

#[test]
fn a_child_with_its_mothers_number_is_held() {
    let mother = id("999903 19840101 026");
    // Birth date given: it does not fit. Not given: the number is the mother's own.
    for birth in ["2015-05-02", ""] {
        let row = with(
            &chen_daughter(),
            &[("证件号码", &mother), ("出生日期", birth)],
        );
        let said = answer_to("civil_register", CIVIL, &row);
        assert!(said.starts_with(MISMATCH), "{said}");
    }
    let heads = with(
        &chen_daughter(),
        &[
            ("证件号码", &id("999903 19820914 013")),
            ("出生日期", ""),
            ("性别", ""),
            ("父亲证件号码", ""),
        ],
    );
    assert_eq!(answer_to("civil_register", CIVIL, &heads), MISMATCH);
}

#[test]
fn a_deletion_retracts_under_the_same_keys() {
    let desk = Desk::new("civil_register");
    let says = &desk.rows(&csv(CIVIL, &[chen()]))[0];
    // A deletion needs no more than what names the records.
    let gone = with(
        &chen(),
        &[("操作类型", "D"), ("成员姓名", ""), ("年工资性收入", "")],
    );
    let retracts = &desk.rows(&csv(CIVIL, &[gone]))[0];
    assert!(taken(retracts));
    let keys = |row: &ingest::Row| {
        row.incoming
            .iter()
            .map(|i| (i.statement.kind(), i.subject.clone(), i.key.clone()))
            .collect::<Vec<_>>()
    };
    // Whatever may have been said before is withdrawn, also what this row leaves blank.
    let withdrawn = keys(retracts);
    assert!(keys(says).iter().all(|key| withdrawn.contains(key)));
    assert!(kinds(retracts).contains(&"parent_of") && kinds(retracts).contains(&"schooling"));
    assert!(
        retracts
            .incoming
            .iter()
            .all(|i| matches!(i.statement, Statement::Retracts(_)))
    );
}

#[test]
fn one_family_in_two_schemes_is_no_conflict() {
    let second = with(&chen(), &[("救助类别", "支出型")]);
    let (survey, rows) = Desk::new("civil_register")
        .read(&csv(CIVIL, &[chen(), second]))
        .unwrap();
    assert_eq!((survey.conflicts, survey.counts.rejected), (0, 0));
    assert_eq!(kinds(&rows[1]), ["recognition"]);
}

#[test]
fn a_town_run_by_this_bureau_under_another_code_is_found() {
    let row = with(&chen(), &[("居住镇街", "三井街道"), ("居住村(社区)", "")]);
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[row]));
    assert_eq!(
        body(&rows[0], "residence")
            .division("place")
            .unwrap()
            .as_str(),
        "320411001"
    );
}

fn payments_file(rows: &[Cells], total: &str) -> Vec<u8> {
    let mut file = "武进区2026年11月发放名册,,,\r\n".as_bytes().to_vec();
    file.extend(csv(PAYMENTS, rows));
    let cells = PAYMENTS.split(',').map(|name| match name {
        "发放年月" => "合　计",
        "实发金额" => total,
        _ => "",
    });
    file.extend(
        format!(
            "{}\r\n制表人：某某,,,审核人：某某\r\n",
            cells.collect::<Vec<_>>().join(",")
        )
        .bytes(),
    );
    file
}

#[test]
fn a_payment_list_with_title_and_total() {
    let nursing = with(
        &li_payment(),
        &[
            ("救助项目", "重度残疾人护理补贴"),
            ("救助小类", ""),
            ("享受人姓名", "王　英"),
            ("享受人证件号码", &id("999902 19600101 024")),
            ("月补差金额", ""),
            ("实发金额", "１２０"),
            ("发放年月", "2026年11月"),
        ],
    );
    let back_pay = with(
        &li_payment(),
        &[
            ("月补差金额", "0"),
            ("补发金额", "1,340.00元"),
            ("补发月份", "202609"),
            ("实发金额", "1,340.00元"),
            ("发放年月", "Nov-26"),
        ],
    );
    let file = payments_file(&[li_payment(), nursing, back_pay], "\"3,460.00\"");
    let (survey, rows) = Desk::new("payments").read(&gb18030(&file)).unwrap();
    assert_eq!(rows.iter().map(answer).collect::<Vec<_>>(), ["accepted"; 3]);
    assert_eq!(rows.iter().map(|r| r.line).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(
        (survey.rows, survey.yuan_total, survey.notes.len()),
        (3, Money::from_fen(346_000), 0)
    );
    let grant = record(&rows[0], "grant");
    assert_eq!(
        grant.valid,
        Period::between(Date::constant(2026, 11, 1), Date::constant(2026, 12, 1))
    );
    assert_eq!(grant.household_links[0].1.number, "JM32041200007");
    assert_eq!(
        body(&rows[0], "grant").money("supplement"),
        Some(Money::from_fen(200_000))
    );
    assert_eq!(
        body(&rows[2], "grant").month("back_pay_month"),
        Month::new(2026, 9)
    );
    assert_eq!(kinds(&rows[1]), ["grant"]);
    let covered: Vec<_> = survey
        .coverage
        .iter()
        .map(|c| (c.part.as_deref().unwrap(), c.month))
        .collect();
    assert_eq!(
        covered,
        [
            ("nursing_subsidy", Month::new(2026, 11)),
            ("subsistence", Month::new(2026, 11))
        ]
    );
    assert!(
        survey
            .coverage
            .iter()
            .all(|c| c.as_of == Date::constant(2026, 11, 15))
    );
}

#[test]
fn a_total_that_differs_is_told_about_the_file() {
    let (survey, rows) = Desk::new("payments")
        .read(&payments_file(&[li_payment()], "2000.01"))
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        survey
            .notes
            .iter()
            .map(|n| n.code.as_str())
            .collect::<Vec<_>>(),
        ["total.mismatch"]
    );
}

#[test]
fn payment_dirt_has_one_answer_each() {
    let table: &[(&[(&str, &str)], &str)] = &[
        (
            &[("实发金额", "1999.00")],
            "warned amount.identity@实发金额",
        ),
        (
            &[("享受人姓名", ""), ("享受人证件号码", "")],
            "warned subject.from_head@享受人证件号码",
        ),
        (&[("享受人证件号码", "")], "held id.missing@享受人证件号码"),
        (
            &[
                ("救助项目", "尊老金"),
                ("享受人姓名", ""),
                ("享受人证件号码", ""),
            ],
            "held id.missing@享受人证件号码",
        ),
        (&[("救助项目", "年货")], "rejected code.unknown@救助项目"),
        (&[("发放年月", "十一月")], "rejected month.invalid@发放年月"),
        (&[("发放状态", "退汇")], "accepted"),
        (&[("渐退期止", "9999-12-31")], "accepted"),
        (
            &[("补发月份", "202609-202610")],
            "warned month.invalid@补发月份",
        ),
    ];
    for (changes, expected) in table {
        assert_eq!(
            answer_to("payments", PAYMENTS, &with(&li_payment(), changes)),
            *expected,
            "{changes:?}"
        );
    }
}

#[test]
fn a_settlement_and_its_refund() {
    let refund = with(
        &zhao_stay(),
        &[
            ("结算ID", "S2026111200003"),
            ("结算时间", "2026-11-12 10:00:00"),
            ("医疗费总额", "-52310.00"),
            ("基金支付总额", "-41710.00"),
            ("个人负担总额", "-10600.00"),
            ("退费结算标志", "1"),
            ("原结算ID", "S2026110300017"),
        ],
    );
    let (survey, rows) = Desk::new("medical_settlements")
        .read(&csv(MEDICAL, &[zhao_stay(), refund.clone()]))
        .unwrap();
    assert_eq!(rows.iter().map(answer).collect::<Vec<_>>(), ["accepted"; 2]);
    assert_eq!(survey.yuan_total, Money::ZERO);
    let stay = body(&rows[0], "medical_settlement");
    assert_eq!(
        (
            stay.text("diagnosis"),
            stay.code("care"),
            stay.flag("refund")
        ),
        (Some("恶性肿瘤,左肺"), Some("inpatient"), Some(false))
    );
    assert_eq!(stay.date("settled_on"), Some(Date::constant(2026, 11, 1)));
    assert_eq!(
        body(&rows[1], "medical_settlement").flag("refund"),
        Some(true)
    );
    assert_eq!(survey.coverage.len(), 1);
    assert_eq!(
        (survey.coverage[0].month, survey.coverage[0].as_of),
        (None, Date::constant(2026, 11, 15))
    );
    let table: &[(Cells, &str)] = &[
        (
            with(&zhao_stay(), &[("个人负担总额", "10600.01")]),
            "warned amount.identity@个人负担总额",
        ),
        (
            with(&refund, &[("退费结算标志", "")]),
            "warned refund.unflagged@退费结算标志",
        ),
        (
            with(&zhao_stay(), &[("退费结算标志", "是"), ("原结算ID", "S1")]),
            "rejected refund.sign@退费结算标志",
        ),
        (
            with(&refund, &[("原结算ID", "")]),
            "warned refund.original_missing@原结算ID",
        ),
        (
            with(&zhao_stay(), &[("结算时间", "昨天")]),
            "rejected date.invalid@结算时间",
        ),
    ];
    for (row, expected) in table {
        assert_eq!(answer_to("medical_settlements", MEDICAL, row), *expected);
    }
    let rows = Desk::new("medical_settlements")
        .rows(&csv(MEDICAL, &[with(&refund, &[("退费结算标志", "")])]));
    assert_eq!(
        body(&rows[0], "medical_settlement").flag("refund"),
        Some(true)
    );
}

const CERTIFICATE_DIRT: &str = "
    残疾等级=贰级 → accepted
    残疾等级=Ⅱ → accepted
    残疾等级=2 → accepted
    有效期止=长期 → accepted
    残疾人证号={99990319820914013}42B1 → accepted
    残疾等级=三级 → warned certificate.differs@残疾人证号
    残疾类别=精神 → warned certificate.differs@残疾人证号
    残疾人证号=99990319820914000000 → rejected certificate.lost_precision@残疾人证号
    残疾人证号=9.99903E+19 → rejected certificate.lost_precision@残疾人证号
    残疾人证号=99990342 → rejected certificate.number@残疾人证号
    身份证号码={99990319840101026} & 性别= & 出生日期= → held identity.mismatch@身份证号码
    身份证号码= → held id.missing@身份证号码
    证件状态=冻结 → accepted
    证件状态=注销 → accepted
    证件状态=迁出 → accepted
";

#[test]
fn a_certificate_and_its_dirt() {
    let rows = Desk::new("disability_register").rows(&csv(DISABILITY, &[chen_certificate()]));
    assert_eq!(answer(&rows[0]), "accepted");
    let certificate = record(&rows[0], "disability_certificate");
    assert_eq!(
        certificate.key,
        [format!("{}42", id("999903 19820914 013"))]
    );
    assert_eq!(
        certificate.valid,
        Period::between(Date::constant(2026, 11, 6), Date::constant(2036, 11, 6))
    );
    let said = body(&rows[0], "disability_certificate");
    assert_eq!(
        (
            said.code("category"),
            said.code("grade"),
            said.code("status")
        ),
        (Some("limb"), Some("2"), Some("valid"))
    );
    check_answers(
        "disability_register",
        DISABILITY,
        &chen_certificate(),
        CERTIFICATE_DIRT,
    );
    let long = Desk::new("disability_register").rows(&csv(
        DISABILITY,
        &[with(&chen_certificate(), &[("有效期止", "长期")])],
    ));
    assert_eq!(
        record(&long[0], "disability_certificate").valid,
        Period::since(Date::constant(2026, 11, 6))
    );
}

#[test]
fn police_deaths_moves_and_restorations() {
    let desk = Desk::new("deaths_police");
    let death = &desk.rows(&csv(POLICE, &[wang_police()]))[0];
    assert_eq!(
        (answer(death).as_str(), kinds(death)),
        ("accepted", vec!["identity", "death"])
    );
    assert_eq!(
        record(death, "death").valid,
        Period::since(Date::constant(2026, 9, 28))
    );
    let restored = &desk.rows(&csv(
        POLICE,
        &[with(
            &wang_police(),
            &[("变动类别", "误注销恢复"), ("死亡日期", "")],
        )],
    ))[0];
    assert_eq!(record(restored, "death").key, record(death, "death").key);
    assert!(matches!(
        record(restored, "death").statement,
        Statement::Retracts(_)
    ));
    let moved = &desk.rows(&csv(
        POLICE,
        &[with(
            &wang_police(),
            &[("变动类别", "迁出"), ("死亡日期", "")],
        )],
    ))[0];
    assert_eq!(kinds(moved), ["identity", "hukou"]);
    assert_eq!(
        (
            body(moved, "hukou").flag("local"),
            body(moved, "hukou").division("place")
        ),
        (Some(false), None)
    );
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("变动类别", "失踪")], "rejected code.unknown@变动类别"),
        (&[("死亡日期", "八月十八")], "warned date.invalid@死亡日期"),
        (&[("死亡日期", "2027-01-01")], "warned date.future@死亡日期"),
        (
            &[("死亡日期", "1939-01-01")],
            "rejected consistency.death_birth@死亡日期",
        ),
        (
            &[("死亡日期", "2026-10-21")],
            "warned consistency.death_order@死亡日期",
        ),
        (
            &[("出生日期", "1962-03-11")],
            "held identity.mismatch@公民身份号码",
        ),
    ];
    for (changes, expected) in table {
        assert_eq!(
            answer_to("deaths_police", POLICE, &with(&wang_police(), changes)),
            *expected,
            "{changes:?}"
        );
    }
    let undated = &desk.rows(&csv(
        POLICE,
        &[with(&wang_police(), &[("死亡日期", "八月十八")])],
    ))[0];
    assert_eq!(
        record(undated, "death").valid,
        Period::since(Date::constant(2026, 10, 20))
    );
    assert_eq!(body(undated, "death").date("died_on"), None);
}

#[test]
fn a_relatives_number_never_makes_the_relative_dead() {
    let rows = Desk::new("deaths_funeral").rows(&csv(FUNERAL, &[wang_cremation()]));
    assert_eq!(
        (answer(&rows[0]).as_str(), kinds(&rows[0])),
        ("accepted", vec!["identity", "death"])
    );
    assert_eq!(
        body(&rows[0], "death").date("registered_on"),
        Some(Date::constant(2026, 9, 30))
    );
    let son = id("999901 19640601 013");
    let daughter = id("999901 19640601 022");
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("证件号码", &son)], MISMATCH),
        (&[("证件号码", &daughter)], MISMATCH),
        (&[("证件号码", &son), ("年龄", "")], MISMATCH),
        (&[("家属姓名", "王某英")], MISMATCH),
        (&[("年龄", "87")], "accepted"),
        (
            &[("性别", ""), ("年龄", "")],
            "warned identity.unchecked@证件号码",
        ),
        (&[("证件号码", "")], "held id.missing@证件号码"),
        (&[("证件号码", "无证件")], "held id.missing@证件号码"),
        (
            &[("逝者姓名", "无名氏"), ("证件号码", "无")],
            "held name.placeholder@逝者姓名 id.missing@证件号码",
        ),
        (&[("逝者姓名", "婴儿")], "held name.placeholder@逝者姓名"),
        (&[("逝者姓名", "")], "held name.placeholder@逝者姓名"),
        (
            &[("死亡日期", "2026年10月1日")],
            "warned consistency.death_order@死亡日期",
        ),
        (
            &[("死亡日期", "农历八月初三")],
            "warned date.invalid@死亡日期",
        ),
    ];
    for (changes, expected) in table {
        let row = with(&wang_cremation(), changes);
        assert_eq!(
            answer_to("deaths_funeral", FUNERAL, &row),
            *expected,
            "{changes:?}"
        );
    }
}

#[test]
fn invented_people_live_only_in_synthetic_stores() {
    let mut desk = Desk::new("civil_register");
    desk.synthetic = false;
    let rows = desk.rows(&csv(CIVIL, &[chen()]));
    assert_eq!(
        answer(&rows[0]),
        "rejected id.region@户主证件号码 id.region@证件号码"
    );
}

#[test]
fn both_formats_and_charsets_say_the_same() {
    let samples: [(&str, &str, Vec<Cells>); 6] = [
        (
            "civil_register",
            CIVIL,
            vec![
                chen(),
                chen_daughter(),
                with(&chen(), &[("成员姓名", "无")]),
            ],
        ),
        (
            "payments",
            PAYMENTS,
            vec![
                li_payment(),
                with(&li_payment(), &[("救助项目", "尊老金"), ("实发金额", "x")]),
            ],
        ),
        ("medical_settlements", MEDICAL, vec![zhao_stay()]),
        ("disability_register", DISABILITY, vec![chen_certificate()]),
        ("deaths_police", POLICE, vec![wang_police()]),
        (
            "deaths_funeral",
            FUNERAL,
            vec![
                wang_cremation(),
                with(&wang_cremation(), &[("证件号码", "")]),
            ],
        ),
    ];
    for (dataset, header, rows) in samples {
        let desk = Desk::new(dataset);
        let utf8 = csv(header, &rows);
        let told = |bytes: &[u8]| {
            let rows = desk.rows(bytes);
            let unlined = |mut incoming: domain::record::Incoming| {
                incoming.line = 0;
                incoming
            };
            rows.into_iter()
                .map(|row| {
                    (
                        answer(&row),
                        row.incoming.into_iter().map(unlined).collect(),
                    )
                })
                .collect::<Vec<(String, Vec<_>)>>()
        };
        let expected = told(&utf8);
        assert_eq!(told(&gb18030(&utf8)), expected, "{dataset}");
        assert_eq!(
            told(&[b"\xEF\xBB\xBF".as_slice(), &utf8].concat()),
            expected,
            "{dataset}"
        );
        assert_eq!(told(&ndjson(&rows)), expected, "{dataset}");
        assert_eq!(told(&gb18030(&ndjson(&rows))), expected, "{dataset}");
    }
}

#[test]
fn fen_and_yuan_are_one_amount() {
    let mut fen = li_payment();
    fen.remove("实发金额");
    let line = |extra: &str| {
        let text = serde_json::to_string(&fen).unwrap();
        format!("{},{extra}}}\n", text.trim_end_matches('}')).into_bytes()
    };
    let desk = Desk::new("payments");
    let rows = desk.rows(&line(r#""实发金额_fen":200000"#));
    assert_eq!(
        body(&rows[0], "grant").money("paid"),
        Some(Money::from_fen(200_000))
    );
    let table = [
        (
            r#""实发金额":2000.00"#,
            "rejected json.number@实发金额 field.missing@实发金额",
        ),
        (
            r#""实发金额_fen":200000,"实发金额":"2000""#,
            "rejected json.both_units@实发金额",
        ),
        (
            r#""实发金额_fen":"x""#,
            "rejected amount.invalid@实发金额 field.missing@实发金额",
        ),
        (
            r#""实发金额":["2000"]"#,
            "rejected json.nested@实发金额 field.missing@实发金额",
        ),
    ];
    for (extra, expected) in table {
        assert_eq!(answer(&desk.rows(&line(extra))[0]), expected, "{extra}");
    }
}
