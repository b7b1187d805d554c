//! Reports without numbers, measures of justice, vehicles, social security.

use domain::record::{IdentityAsSent, SubjectAsSent};
use domain::time::Date;

use crate::sample::*;

/// Reports about one name in one town on one day are about one person; a work
/// order outweighs that, an identity number everything.
#[test]
fn a_report_without_a_number_has_a_subject_of_its_own() {
    let subject = |pairs: &[(&str, &str)]| {
        let rows = Desk::new("leads").rows(&csv(LEADS, &[with(&wu_lead(), pairs)]));
        record(&rows[0], "lead").subject.clone()
    };
    let numbered = |number: &str| {
        SubjectAsSent::Person(IdentityAsSent::Numbered {
            namespace: "grid".to_owned(),
            number: number.to_owned(),
        })
    };
    let wu = numbered("镇街=洛阳镇;对象姓名=吴某;上报时间=2026-11-10");
    assert_eq!(subject(&[]), wu);
    // Another worker, another wording, another form of the same day.
    assert_eq!(
        subject(&[
            ("线索编号", "WG9"),
            ("上报时间", "2026/11/10 9:30"),
            ("对象姓名", "吴　某"),
            ("情况描述", "火灾")
        ]),
        wu
    );
    // A number nobody can read sends no report back.
    for damaged in ["3.2E+17", "999903198209140134", "不详"] {
        assert_eq!(subject(&[("对象证件号码", damaged)]), wu, "{damaged}");
    }
    assert_eq!(
        subject(&[("关联12345工单号", "T77")]),
        numbered("关联12345工单号=T77")
    );
    assert_eq!(
        subject(&[("对象姓名", "无名")]),
        numbered("线索编号=WG20261110003")
    );
    assert_eq!(
        subject(&[("上报时间", "昨晚")]),
        numbered("线索编号=WG20261110003")
    );
    let number = id("999903 19820914 013");
    let SubjectAsSent::Person(IdentityAsSent::Resident(known)) =
        subject(&[("对象证件号码", &number)])
    else {
        panic!("a resident number")
    };
    assert_eq!(known.as_str(), number);
}

#[test]
fn a_report_is_never_sent_back() {
    let answers = [
        (&[("情况描述", "")][..], "held field.missing@情况描述"),
        (&[("线索编号", "")], "held field.missing@线索编号"),
        (&[("上报时间", "昨晚")], "warned date.invalid@上报时间"),
        (
            &[("对象证件号码", "3.2E+17")],
            "warned id.lost_precision@对象证件号码",
        ),
        (&[("情况描述", "失火\0")], "held row.nul@情况描述"),
        (&[("镇街", "某某镇")], "warned township.unknown@镇街"),
    ];
    for (pairs, expected) in answers {
        let row = with(&wu_lead(), pairs);
        let told = answer_to("leads", LEADS, &row);
        assert!(told.starts_with(expected), "{pairs:?}: {told}");
    }
    // Cut off in the middle, and in a charset of its own.
    let mut bytes = csv(LEADS, &[wu_lead()]);
    bytes.extend_from_slice(b"WG1,11.10\r\nWG2,\xFF\xFE,,,,,,,,,,,,,,,,\r\n");
    let rows = Desk::new("leads").rows(&bytes);
    let outcomes: Vec<String> = rows.iter().map(answer).collect();
    assert!(
        outcomes[1].starts_with("held row.column_count"),
        "{outcomes:?}"
    );
    assert!(outcomes[2].starts_with("held row.encoding"), "{outcomes:?}");
    // Two wordings under one number are two reports.
    let rows = Desk::new("leads").rows(&csv(
        LEADS,
        &[wu_lead(), with(&wu_lead(), &[("情况描述", "火灭了")])],
    ));
    let told: Vec<String> = rows.iter().map(answer).collect();
    assert_eq!(told, ["accepted", "accepted"]);
    assert!(rows.iter().all(|row| kinds(row).contains(&"lead")));
}

/// A release ends what began, a term is months however a judgment writes it, and
/// a contact lost has neither.
#[test]
fn measures_end_with_the_release_or_with_the_term() {
    let told = |pairs: &[(&str, &str)]| {
        let rows =
            Desk::new("restricted_liberty").rows(&csv(LIBERTY, &[with(&zhou_term(), pairs)]));
        let record = record(&rows[0], "restricted_liberty").clone();
        let body = body(&rows[0], "restricted_liberty");
        (record.valid.to, body.count("term"), body.code("kind"))
    };
    let day = |y, m, d| Some(Date::constant(y, m, d));
    assert_eq!(told(&[]), (None, Some(24), Some("compulsory_isolation")));
    assert_eq!(told(&[("期限止", "2028-04-14")]).0, day(2028, 4, 15));
    let released = [("期限止", "2028-04-14"), ("释放日期", "2026-11-01")];
    assert_eq!(told(&released).0, day(2026, 11, 2));
    assert_eq!(
        told(&[("类别", "失联"), ("期限", "")]),
        (None, None, Some("lost_contact"))
    );
    let answers = [
        (&[("类别", "某种措施")][..], "rejected code.unknown@类别"),
        (&[("证件号码", "")], "held id.missing@证件号码"),
        (&[("性别", "男")], "held identity.mismatch@证件号码"),
        (&[("期限", "若干")], "warned count.invalid@期限"),
    ];
    for (pairs, expected) in answers {
        let row = with(&zhou_term(), pairs);
        assert_eq!(answer_to("restricted_liberty", LIBERTY, &row), expected);
    }
}

/// The register has no price, joins letters, and names companies too.
#[test]
fn vehicles_say_what_and_in_which_state() {
    let told = |pairs: &[(&str, &str)]| {
        let rows = Desk::new("vehicles").rows(&csv(VEHICLES, &[with(&sun_car(), pairs)]));
        let body = body(&rows[0], "vehicle").clone();
        (body.code("type"), body.code("status"))
    };
    assert_eq!(told(&[]), (Some("car"), Some("remarked")));
    assert_eq!(told(&[("机动车状态", "E")]).1, Some("cancelled"));
    assert_eq!(told(&[("机动车状态", "B")]).1, Some("moved_out"));
    assert_eq!(
        told(&[("车辆类型", "残疾人专用代步车")]).0,
        Some("wheelchair")
    );
    // What nobody can read is not recorded, which is unknown and not normal.
    assert_eq!(told(&[("机动车状态", "XZ")]).1, None);
    let company = with(
        &sun_car(),
        &[("身份证明名称", "B"), ("身份证明号码", "91320412MA1X")],
    );
    assert!(answer_to("vehicles", VEHICLES, &company).starts_with("rejected id."));
}

/// A base is no wage: no amount of a row is kept in any field.
#[test]
fn social_security_tells_of_jobs_and_never_of_amounts() {
    let row = with(
        &sun_unemployed(),
        &[
            ("记录类别", "缴费"),
            ("登记日期", ""),
            ("缴费年月", "2026年9月"),
            ("缴费基数", "4879"),
            ("月待遇金额", "4879"),
            ("参保形式", "单位"),
        ],
    );
    let rows = Desk::new("social_security").rows(&csv(LABOUR, &[row]));
    assert_eq!(answer(&rows[0]), "accepted");
    let told = body(&rows[0], "labour");
    assert_eq!(
        (told.code("record"), told.code("form")),
        (Some("insured"), Some("employee"))
    );
    assert_eq!(
        told.month("month").map(|m| m.to_string()).as_deref(),
        Some("2026-09")
    );
    assert!(
        rows[0]
            .incoming
            .iter()
            .all(|i| !format!("{:?}", i.statement).contains("4879"))
    );
    // An end in the far future, as systems write “no end”.
    let endless = [
        ("记录类别", "待遇"),
        ("待遇类别", "失业金"),
        ("待遇终止年月", "9999-12-31"),
    ];
    let rows =
        Desk::new("social_security").rows(&csv(LABOUR, &[with(&sun_unemployed(), &endless)]));
    assert_eq!(
        body(&rows[0], "labour")
            .month("benefit_to")
            .map(|m| m.to_string())
            .as_deref(),
        Some("9999-12")
    );
}

#[test]
fn the_very_old_have_their_hukou_from_the_police() {
    let told = |pairs: &[(&str, &str)]| {
        let row = with(&xu_of_eighty(), pairs);
        answer_to("hukou_elders", ELDERS, &row)
    };
    let rows = Desk::new("hukou_elders").rows(&csv(ELDERS, &[xu_of_eighty()]));
    assert_eq!(kinds(&rows[0]), ["identity", "hukou"]);
    let hukou = body(&rows[0], "hukou");
    assert_eq!(
        (hukou.flag("local"), hukou.division("place").is_some()),
        (Some(true), true)
    );
    assert_eq!(
        told(&[("性别", "男")]),
        "held identity.mismatch@公民身份号码"
    );
    assert_eq!(told(&[("户籍镇街", "")]), "rejected field.missing@户籍镇街");
    // A town nobody knows is not called local.
    let row = with(&xu_of_eighty(), &[("户籍镇街", "某镇")]);
    let rows = Desk::new("hukou_elders").rows(&csv(ELDERS, &[row]));
    assert_eq!(body(&rows[0], "hukou").flag("local"), None);
}
