//! Rows that could not be taken: about whom they were, when that can be told.

use domain::record::{Incoming, Statement, SubjectAsSent};
use domain::time::{Date, Period};

use crate::sample::*;

/// `p:kind` and `h:kind` of what the row leaves unread, in order.
fn unread(row: &ingest::Row) -> Vec<String> {
    let told = |one: &Incoming| {
        let Statement::Unread(kind) = &one.statement else {
            panic!("{:?} says something", one.statement)
        };
        let letter = match one.subject {
            SubjectAsSent::Person(_) => "p",
            SubjectAsSent::Household(_) => "h",
        };
        format!("{letter}:{}", kind.def().name)
    };
    row.unread.iter().map(told).collect()
}

fn only_row(dataset: &str, header: &str, row: &Cells) -> (ingest::Row, u32) {
    let (survey, mut rows) = Desk::new(dataset)
        .read(&csv(header, std::slice::from_ref(row)))
        .unwrap();
    assert_eq!(rows.len(), 1);
    let unnamed = survey.coverage.first().map_or(0, |list| list.unnamed_rows);
    (rows.remove(0), unnamed)
}

#[test]
fn an_unreadable_amount_leaves_the_member_and_the_composition_unread() {
    let mut child = with(&chen_daughter(), &[("年工资性收入", "不详")]);
    let (survey, rows) = Desk::new("civil_register")
        .read(&csv(CIVIL, &[chen(), child.clone()]))
        .unwrap();
    assert!(taken(&rows[0]) && rows[0].unread.is_empty());
    assert!(!taken(&rows[1]));
    let left = unread(&rows[1]);
    for kind in [
        "p:membership",
        "p:hukou",
        "p:income",
        "p:schooling",
        "h:composition",
    ] {
        assert!(left.iter().any(|l| l == kind), "{kind} in {left:?}");
    }
    // Who somebody is called is decided by nobody; what stands on the head's row is not hers.
    assert!(
        !left
            .iter()
            .any(|l| l == "p:identity" || l == "h:recognition")
    );
    assert_eq!(survey.coverage[0].unnamed_rows, 0);
    // The keys are those the row has when it can be read.
    child.insert("年工资性收入".to_owned(), "0.00".to_owned());
    let (_, good) = Desk::new("civil_register")
        .read(&csv(CIVIL, &[chen(), child]))
        .unwrap();
    let membership = record(&good[1], "membership");
    let same = rows[1]
        .unread
        .iter()
        .find(|one| one.statement.kind() == membership.statement.kind())
        .unwrap();
    assert_eq!(
        (&same.key, &same.subject),
        (&membership.key, &membership.subject)
    );
    assert_eq!(same.valid, Period::since(Date::constant(2026, 11, 15)));
}

#[test]
fn the_heads_row_leaves_what_stands_on_it_unread() {
    let (row, _) = only_row(
        "civil_register",
        CIVIL,
        &with(&chen(), &[("年工资性收入", "不详")]),
    );
    let left = unread(&row);
    for kind in ["h:composition", "h:recognition", "h:periodic_check"] {
        assert_eq!(
            left.iter().filter(|l| *l == kind).count(),
            1,
            "{kind} in {left:?}"
        );
    }
}

#[test]
fn without_a_readable_number_the_household_is_known_still() {
    let broken = with(&chen_daughter(), &[("证件号码", "99990320100101001")]);
    let (survey, rows) = Desk::new("civil_register")
        .read(&csv(CIVIL, &[chen(), broken]))
        .unwrap();
    assert!(!taken(&rows[1]));
    assert_eq!(unread(&rows[1]), ["h:composition"]);
    assert_eq!(survey.coverage[0].unnamed_rows, 0);
}

#[test]
fn a_number_that_is_not_the_persons_own_is_no_ground_for_doubt_about_its_owner() {
    let mixed = with(
        &chen_daughter(),
        &[("性别", "男"), ("出生日期", "1950-01-01")],
    );
    let (survey, rows) = Desk::new("civil_register")
        .read(&csv(CIVIL, &[chen(), mixed]))
        .unwrap();
    assert!(answer(&rows[1]).contains("identity.mismatch"));
    assert_eq!(unread(&rows[1]), ["h:composition"]);
    assert_eq!(survey.coverage[0].unnamed_rows, 0);
    // A relative's number in the row of the deceased puts no death on the relative.
    let cremated = with(&wang_cremation(), &[("性别", "男"), ("年龄", "20")]);
    let (row, _) = only_row("deaths_funeral", FUNERAL, &cremated);
    assert!(answer(&row).contains("identity.mismatch"));
    assert!(row.unread.is_empty());
}

#[test]
fn rows_about_nobody_are_counted_for_the_list() {
    let good = chen_certificate();
    let broken = with(
        &good,
        &[("身份证号码", "99990319820914"), ("残疾人证号", "1")],
    );
    let (survey, rows) = Desk::new("disability_register")
        .read(&csv(DISABILITY, &[good, broken]))
        .unwrap();
    assert!(rows[1].unread.is_empty());
    assert_eq!(survey.coverage[0].unnamed_rows, 1);
}

#[test]
fn a_certificate_of_unreadable_grade_is_unread_under_its_own_key() {
    let good = chen_certificate();
    let (row, unnamed) = only_row(
        "disability_register",
        DISABILITY,
        &with(&good, &[("残疾等级", "?")]),
    );
    assert_eq!(unread(&row), ["p:disability_certificate"]);
    assert_eq!(unnamed, 0);
    let (read, _) = only_row("disability_register", DISABILITY, &good);
    let certificate = record(&read, "disability_certificate");
    assert_eq!(row.unread[0].key, certificate.key);
    assert_eq!(row.unread[0].subject, certificate.subject);
}

#[test]
fn a_payment_that_could_not_be_read_is_of_its_month() {
    let (row, _) = only_row(
        "payments",
        PAYMENTS,
        &with(&li_payment(), &[("实发金额", "两千")]),
    );
    assert!(!taken(&row));
    assert_eq!(unread(&row), ["p:grant"]);
    let month = Period::between(Date::constant(2026, 11, 1), Date::constant(2026, 12, 1));
    assert_eq!(row.unread[0].valid, month);
    // Without a month there is no key under which a correction would lift it.
    let (row, _) = only_row(
        "payments",
        PAYMENTS,
        &with(&li_payment(), &[("发放年月", "本月")]),
    );
    assert!(!taken(&row) && row.unread.is_empty());
}

#[test]
fn rows_that_contradict_each_other_are_unread_under_their_key() {
    let other = with(&chen_daughter(), &[("年工资性收入", "12000.00")]);
    let (survey, rows) = Desk::new("civil_register")
        .read(&csv(CIVIL, &[chen(), chen_daughter(), other]))
        .unwrap();
    assert_eq!(survey.conflicts, 2);
    for row in &rows[1..] {
        assert!(answer(row).contains("row.conflict_in_batch"));
        let left = unread(row);
        for kind in ["p:membership", "p:income", "h:composition"] {
            assert!(left.iter().any(|l| l == kind), "{kind} in {left:?}");
        }
        assert!(!left.iter().any(|l| l == "p:identity"));
    }
}

#[test]
fn a_complete_list_with_rows_about_nobody_says_so() {
    const ROSTER: &str = "姓名,证件号码,镇街,村(社区),探访频次,帮扶责任人";
    let row = |id: &str| {
        cells(&[
            ("姓名", "许林"),
            ("证件号码", id),
            ("镇街", "洛阳镇"),
            ("探访频次", "重点"),
        ])
    };
    let notes = |rows: &[Cells], complete: bool| {
        let mut desk = Desk::new("care_plans");
        desk.header.as_of = desk.header.as_of.filter(|_| complete);
        let (survey, _) = desk.read(&csv(ROSTER, rows)).unwrap();
        let codes = survey.notes.into_iter().map(|note| (note.code, note.zh));
        codes.collect::<Vec<_>>()
    };
    let readable = row(&id("999903 19461108 012"));
    let said = notes(&[readable.clone(), row(""), row("1")], true);
    let [(code, zh)] = &said[..] else {
        panic!("{said:?}")
    };
    assert_eq!(code, "list.nobody");
    assert!(zh.starts_with("2 行看不出是谁"), "{zh}");
    // Whoever can be told is doubted alone; a list that is not complete ends nobody.
    let unreadable = with(&readable, &[("探访频次", "隔天")]);
    assert_eq!(notes(&[readable.clone(), unreadable], true), []);
    assert_eq!(notes(&[readable, row("")], false), []);
}
