//! The five files beside the register with the cells and the dirt that
//! departments send.

use domain::money::Money;
use domain::record::Statement;
use domain::time::{Date, Month, Period};

use crate::register::MISMATCH;
use crate::sample::*;

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
