//! The stored form reads back, is small, and refuses damage.

use domain::dictionary::Kind;
use domain::value::{Body, Value};

use super::*;
use crate::FoldError;

fn fold(records: impl IntoIterator<Item = Record>) -> Fold {
    let mut fold = Fold::empty(p(1));
    for record in records {
        fold.apply(&record);
    }
    fold
}

#[test]
fn what_earlier_releases_stored_is_canonical_json_and_read() {
    let row = says(DISABILITY, p(1), 1, "2026-10-31", certificate("2"));
    let again = Record {
        revision: revision("2026-11-30"),
        ..row.clone()
    };
    let back = retracts(POLICE, p(1), 2, "2026-11-01#3", Kind::Death);
    let text = fold([again, back, row]).to_json();
    assert_eq!(
        text,
        concat!(
            r#"{"form":1,"subject":"p:00000000-0000-0000-0000-000000000101","#,
            r#""imports":["00000000-0000-0000-0000-000000000300"],"facts":{"#,
            r#""death":{"police":{"deaths_police":{"02020202020202020202020202020202":"#,
            r#"[{"at":[["2026-11-01",3,0,1]]}]}}},"#,
            r#""disability_certificate":{"disability":{"disability_register":"#,
            r#"{"01010101010101010101010101010101":[{"says":{"grade":"2"},"#,
            r#""at":[["2026-10-31",1,0,1],["2026-11-30",1,0,1]]}]}}}}}"#
        )
    );
    let read = Fold::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(read.to_json(), text);
    assert_eq!(Fold::from_bytes(&read.to_bytes()).unwrap(), read);
}

#[test]
fn two_years_of_lists_cost_a_revision_each_and_not_a_body() {
    let income = Body::new(Kind::Income).with("class", Value::Code("wage"));
    let list = |month: u8, body: &Body| {
        let at = format!("20{}-{:02}-28", 24 + month / 12, month % 12 + 1);
        Record {
            origin: Origin {
                import: import(month),
                line: 70_000,
            },
            ..says(CIVIL, p(1), 1, &at, body.clone())
        }
    };
    let once = fold([list(0, &income)]).to_bytes().len();
    let all = fold((0..24).map(|month| list(month, &income)))
        .to_bytes()
        .len();
    assert!(
        all < once + 23 * 30,
        "{all} bytes for 24 lists, {once} for one"
    );
}

#[test]
fn damage_to_what_earlier_releases_stored_is_refused() {
    let row = says(DISABILITY, p(1), 1, "2026-10-31", certificate("2"));
    let text = fold([row]).to_json();
    let refusal = |from: &str, to: &str| {
        let damaged = text.replace(from, to);
        assert_ne!(damaged, text, "{from}");
        Fold::from_bytes(damaged.as_bytes()).unwrap_err()
    };
    assert!(matches!(refusal("}}}}}", "}}}}"), FoldError::Json(_)));
    assert!(matches!(
        refusal(r#""form":1"#, r#""form":2"#),
        FoldError::Form(2)
    ));
    assert!(matches!(refusal("p:0000", "x:0000"), FoldError::Subject(_)));
    assert!(matches!(
        refusal("disability_certificate", "badge"),
        FoldError::Kind(_)
    ));
    assert!(matches!(
        refusal(r#""grade":"2""#, r#""grade":"9""#),
        FoldError::Body { .. }
    ));
    assert!(matches!(refusal("1,0,1]", "1,1,1]"), FoldError::Tables));
    assert!(matches!(
        refusal(r#"[["2026-10-31",1,0,1]]"#, "[]"),
        FoldError::Statements(_)
    ));
    assert!(matches!(
        refusal(
            r#"[["2026-10-31",1,0,1]]"#,
            r#"[["2026-10-31",1,0,1],["2026-10-31",1,0,1]]"#
        ),
        FoldError::Statements(_)
    ));
    assert!(matches!(
        refusal(r#""says":{"grade":"2"},"#, r#""from":"2026-01-01","#),
        FoldError::Statements(_)
    ));
    let unnamed = text.replace(
        "00000300\"]",
        "00000300\",\"00000000-0000-0000-0000-000000000301\"]",
    );
    assert!(matches!(
        Fold::from_bytes(unnamed.as_bytes()),
        Err(FoldError::Tables)
    ));
}

#[test]
fn errors_repeat_no_fact() {
    let row = says(DISABILITY, p(1), 1, "2026-10-31", certificate("2"));
    let text = fold([row]).to_json();
    let error = Fold::from_bytes(
        text.replace(r#""grade":"2""#, r#""grade":"secret""#)
            .as_bytes(),
    );
    assert!(!error.unwrap_err().to_string().contains("secret"));
}

#[test]
#[should_panic(expected = "the record of another subject")]
fn a_record_of_another_subject_is_a_mistake_of_the_caller() {
    Fold::empty(p(2)).apply(&says(CIVIL, p(1), 1, "2026-10-31", born("1980-01-01")));
}
