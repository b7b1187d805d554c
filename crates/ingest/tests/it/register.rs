//! The civil register of families: one row makes many facts, and what is wrong
//! with a cell has one answer.

use domain::money::Money;
use domain::record::{IdentityAsSent, RowOutcome, Statement, SubjectAsSent};
use domain::time::{Date, Period};

use crate::sample::*;

pub(crate) const MISMATCH: &str = "held identity.mismatch@证件号码";

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
