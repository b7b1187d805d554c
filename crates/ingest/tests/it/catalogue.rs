//! The bad-input catalogue (U01–U51 and the NDJSON cases) as a table: one bad
//! cell or one bad file each, and its answer.

use crate::sample::*;

fn refusal(dataset: &str, bytes: &[u8]) -> &'static str {
    match Desk::new(dataset).read(bytes) {
        Ok((survey, _)) => panic!("accepted with {:?}", survey.counts),
        Err(error) => error.code(),
    }
}

fn civil(rows: &[Cells]) -> Vec<u8> {
    csv(CIVIL, rows)
}

/// A row like Chen's of another household, so that rows do not repeat each other.
fn household(number: usize) -> Cells {
    with(&chen(), &[("户编号", &format!("JM{number:06}"))])
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .expect("it is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

type Case = (&'static str, Vec<u8>, &'static str);

fn check_refusals(cases: Vec<Case>) {
    for (case, bytes, code) in cases {
        assert_eq!(refusal("civil_register", &bytes), code, "{case}");
    }
}

#[test]
fn what_is_no_table_of_text_is_refused() {
    let good = civil(&[chen()]);
    let text = String::from_utf8(good.clone()).unwrap();
    let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes);
    let separated = |by: &str| {
        text.replace("3,000.00", "3000")
            .replace(',', by)
            .into_bytes()
    };
    let unclosed = [good.as_slice(), b"x,\"never closed\n", &good].concat();
    check_refusals(vec![
        ("U01", Vec::new(), "batch.empty"),
        ("U03", b"\xEF\xBB\xBF".to_vec(), "batch.empty"),
        ("blank", b"\r\n \n".to_vec(), "batch.empty"),
        (
            "U04",
            b"\xFF\xFE".iter().copied().chain(utf16).collect(),
            "upload.charset",
        ),
        ("U16 ;", separated(";"), "upload.format"),
        ("U16 tab", separated("\t"), "upload.format"),
        ("U19", unclosed, "upload.structure"),
        (
            "U21",
            text.replace("\r\n", "\r").into_bytes(),
            "upload.format",
        ),
        ("no directory", b"PK\x03\x04rest".to_vec(), "upload.damaged"),
        ("U67", b"\xD0\xCF\x11\xE0rest".to_vec(), "upload.format"),
        ("endless line", vec![b'a'; 3 << 20], "upload.structure"),
    ]);
    let binary: Vec<u8> = (0..=255).cycle().take(4096).collect();
    assert!(Desk::new("civil_register").read(&binary).is_err());
}

#[test]
fn a_drifted_header_is_refused() {
    let good = civil(&[chen()]);
    let header = |from: &str, to: &str| replaced(&good, from.as_bytes(), to.as_bytes());
    let wide = format!("{}\n", vec!["户编号"; 10_000].join(",")).into_bytes();
    let brackets = header("户籍村(社区),", "户籍村（社区）,");
    let swapped = header("证件号码,与户主关系", "备注9,与户主关系");
    let headless = b"1,2,3\n4,5,6\n7,8,9\n1,1,1\n2,2,2\n".to_vec();
    check_refusals(vec![
        (
            "U11",
            header("更新时间", "更新时间,备注2"),
            "drift.column_added",
        ),
        ("U12", civil_without("是否计入人口"), "drift.column_missing"),
        ("U12 replaced", swapped, "drift.column_added"),
        (
            "U13",
            header("健康状况", "成员姓名"),
            "drift.column_duplicate",
        ),
        (
            "U15 space",
            header("成员姓名,", "成员姓名 ,"),
            "drift.column_renamed",
        ),
        (
            "U15 zero",
            header("成员姓名,", "成员\u{200B}姓名,"),
            "drift.column_renamed",
        ),
        ("U15 brackets", brackets, "drift.column_renamed"),
        ("U25", wide, "upload.sheet_limit"),
        ("no header", headless, "drift.header_missing"),
    ]);
}

fn civil_without(column: &str) -> Vec<u8> {
    let header: Vec<&str> = CIVIL.split(',').filter(|name| *name != column).collect();
    let mut row = chen();
    row.remove(column);
    csv(&header.join(","), &[row])
}

#[test]
fn drift_names_the_column_and_the_closest_one() {
    let good = civil(&[chen()]);
    let bad = replaced(&good, "成员姓名,".as_bytes(), "成员姓名 ,".as_bytes());
    let Err(ingest::FileError::Refused(refusal)) = Desk::new("civil_register").read(&bad) else {
        panic!("refused")
    };
    assert_eq!(
        (refusal.nearest.as_deref(), refusal.line),
        (Some("成员姓名"), Some(1))
    );
    let bad = replaced(
        &good,
        "更新时间\r".as_bytes(),
        "更新时间,320412198001010018\r".as_bytes(),
    );
    let Err(ingest::FileError::Refused(refusal)) = Desk::new("civil_register").read(&bad) else {
        panic!("refused")
    };
    assert!(
        !format!("{refusal:?}{refusal}").contains("0412198001"),
        "a number in a header is not repeated"
    );
}

#[test]
fn a_wrong_charset_is_one_answer_not_a_million() {
    let rows: Vec<Cells> = (0..1200).map(household).collect();
    let utf8 = civil(&rows);
    let end = utf8.iter().position(|b| *b == b'\n').unwrap() + 1;
    let header_utf8_rows_gb = [&utf8[..end], &gb18030(&utf8[end..])].concat();
    assert_eq!(
        refusal("civil_register", &header_utf8_rows_gb),
        "upload.charset_mismatch"
    );
    let header_gb_rows_utf8 = [&gb18030(&utf8[..end]), &utf8[end..]].concat();
    assert_eq!(
        refusal("civil_register", &header_gb_rows_utf8),
        "upload.charset_mismatch"
    );
    let some_bad = [
        &utf8[..],
        &gb18030(&civil(&(1200..1300).map(household).collect::<Vec<_>>())[end..]),
    ]
    .concat();
    let (survey, _) = Desk::new("civil_register").read(&some_bad).unwrap();
    assert_eq!((survey.counts.rejected, survey.rows), (100, 1300));
}

#[test]
fn columns_in_another_order_and_crlf_or_lf_are_one_file() {
    let mut names: Vec<&str> = CIVIL.split(',').collect();
    names.reverse();
    let desk = Desk::new("civil_register");
    let expected = desk.rows(&civil(&[chen()]))[0].incoming.clone();
    assert_eq!(
        desk.rows(&csv(&names.join(","), &[chen()]))[0].incoming,
        expected
    );
    let lf = String::from_utf8(civil(&[chen()]))
        .unwrap()
        .replace("\r\n", "\n");
    assert_eq!(desk.rows(lf.as_bytes())[0].incoming, expected);
    assert_eq!(desk.rows(lf.trim_end().as_bytes())[0].incoming, expected);
}

#[test]
fn header_only_is_zero_rows_and_covers_nothing_of_a_snapshot() {
    let (survey, rows) = Desk::new("civil_register").read(&civil(&[])).unwrap();
    assert_eq!((survey.rows, rows.len(), survey.coverage.len()), (0, 0, 0));
    let (survey, _) = Desk::new("deaths_police").read(&csv(POLICE, &[])).unwrap();
    assert_eq!(survey.coverage.len(), 1);
}

#[test]
fn a_snapshot_covers_only_when_the_header_says_so() {
    let mut desk = Desk::new("civil_register");
    let covered = |desk: &Desk| desk.read(&civil(&[chen()])).unwrap().0.coverage.len();
    assert_eq!(covered(&desk), 1);
    desk.header.as_of = None;
    assert_eq!(covered(&desk), 0);
}

/// The answer to Chen's row among good neighbours, with some of its bytes
/// replaced. The neighbours must not suffer.
fn among_neighbours(from: &str, to: &[u8]) -> String {
    let row = replaced(&civil(&[chen()])[CIVIL.len() + 2..], from.as_bytes(), to);
    let before = civil(&[household(1)]);
    let after = &civil(&[household(2)])[CIVIL.len() + 2..];
    let rows = Desk::new("civil_register").rows(&[&before, row.as_slice(), after].concat());
    assert_eq!(rows.len(), 3, "{from}");
    assert!(taken(&rows[0]) && taken(&rows[2]), "a neighbour of {from}");
    assert_eq!(rows[1].raw, row, "original bytes");
    answer(&rows[1])
}

#[test]
fn one_bad_row_does_not_kill_the_rest() {
    let long = "长".repeat(3000).into_bytes();
    let overlong = vec![b'a'; 70 * 1024];
    let turned = "陈\u{1b}[2J某,身份证".as_bytes();
    let result = "财产核对结果";
    let at = |code: &str| format!("rejected {code}@{result}");
    // The row is Chen's with these bytes replaced; 已婚 stands in a column nobody reads.
    let table: [(&str, &[u8], &str); 13] = [
        (
            "陈某,身份证",
            b"\xC3\x28,\xE8\xBA\xAB",
            "rejected row.encoding@成员姓名",
        ),
        ("未超", b"\xC0\x80", &at("row.encoding")),
        ("未超", b"\xED\xA0\x80", &at("row.encoding")),
        ("是,是,", "是,".as_bytes(), "rejected row.column_count"),
        ("是,是,", "是,是,,,".as_bytes(), "rejected row.column_count"),
        ("未超", "未\"超".as_bytes(), &at("row.quote")),
        ("未超", b"a\0b", &at("row.nul")),
        ("已婚", b"a\0b", "rejected row.nul"),
        ("陈某,身份证", turned, "rejected name.control_char@成员姓名"),
        ("未超", &overlong, "rejected row.too_long"),
        ("未超", &long, &at("row.cell_too_long")),
        ("未超", b"a\x1Ab", &at("row.control_char")),
        ("已婚", b"a\x1Ab", "rejected row.control_char"),
    ];
    for (from, to, expected) in table {
        let said = among_neighbours(from, to);
        assert!(said.starts_with(expected), "{expected}: {said}");
    }
}

#[test]
fn the_last_row_of_a_gb18030_file_may_be_cut() {
    let mut file = gb18030(&civil(&[household(1), chen()]));
    let end = file.len() - 2;
    file.truncate(end);
    file.extend_from_slice(b"\x81\x30\x81");
    let rows = Desk::new("civil_register").rows(&file);
    assert!(taken(&rows[0]));
    // 更新时间 is never read, so what is cut there does no harm; in a name it does.
    assert!(taken(&rows[1]));
    let cut = [
        gb18030(&civil(&[household(1)])),
        b"JM1,\x81\x30\x81".to_vec(),
    ]
    .concat();
    assert_eq!(
        answer(&Desk::new("civil_register").rows(&cut)[1]),
        "rejected row.column_count"
    );
    let bad = replaced(
        &gb18030(&civil(&[chen()])),
        &gb18030("未超".as_bytes()),
        b"\x81\x30\x81",
    );
    assert_eq!(
        answer(&Desk::new("civil_register").rows(&bad)[0]),
        "rejected row.encoding@财产核对结果"
    );
}

/// The number, with nothing else in the row to disagree with it. U27–U37.
const NUMBERS: &str = "
    证件号码=330102195001010007 → rejected id.checksum@证件号码
    证件号码=330102 19500101 0006 → rejected id.charset@证件号码
    证件号码=330102\u{A0}195001010006 → rejected id.charset@证件号码
    证件号码=33010219500101000\u{0425} → rejected id.charset@证件号码
    证件号码=330102195002300006 → rejected id.birthdate@证件号码
    证件号码={99990320991231001} → rejected id.birthdate@证件号码
    证件号码={33010319800101001} → accepted
    证件号码={99900019800101001} → rejected id.region@证件号码
    证件号码={81000019800101001} → accepted
    证件号码={91115619800101001} → accepted
    证件号码=3.30102E+17 → rejected id.lost_precision@证件号码
    证件号码=330102195001010000 → rejected id.checksum@证件号码 id.excel_rounding@证件号码
";

/// Names, places, amounts, dates. U10, U38–U48.
const CELLS: &str = "
    成员姓名=无 → rejected name.placeholder@成员姓名
    成员姓名=不详 → rejected name.placeholder@成员姓名
    成员姓名=- → rejected name.placeholder@成员姓名
    成员姓名=测试 → accepted
    成员姓名=买买提•艾力 → accepted
    成员姓名=\u{F967}某 → warned name.compatibility@成员姓名
    成员姓名=陈\u{202E}某 → rejected name.charset@成员姓名
    成员姓名=陈😀 → rejected name.charset@成员姓名
    成员姓名=陈\u{FEFF}某 → rejected name.charset@成员姓名
    成员姓名=陈\u{E81E} → rejected name.pua@成员姓名
    户籍镇街=某某镇 → accepted
    区划代码=330102001001 → rejected township.not_allowed@区划代码
    年工资性收入=-1 → rejected amount.range@年工资性收入
    年工资性收入=1000000000000000 → rejected amount.range@年工资性收入
    认定日期=2026/3/1 → accepted
    认定日期=20260301 → accepted
    认定日期=1-Mar-26 → warned date.invalid@认定日期
    认定日期=45962 → warned date.invalid@认定日期
    认定日期=2026-02-30 → warned date.invalid@认定日期
    认定日期=26-03-01 → warned date.invalid@认定日期
";

#[test]
fn cells_have_one_answer_each() {
    let alone = with(
        &chen(),
        &[("户主证件号码", ""), ("出生日期", ""), ("性别", "")],
    );
    check_answers("civil_register", CIVIL, &alone, NUMBERS);
    check_answers("civil_register", CIVIL, &chen(), CELLS);
    let long = with(&chen(), &[("成员姓名", &"陈".repeat(120))]);
    assert_eq!(
        answer_to("civil_register", CIVIL, &long),
        "rejected name.too_long@成员姓名"
    );
}

#[test]
fn repeated_rows_count_once_and_conflicting_rows_not_at_all() {
    let other = with(&household(1), &[("年工资性收入", "1.00")]);
    let file = civil(&[
        household(1),
        household(2),
        household(2),
        other,
        household(3),
    ]);
    let (survey, rows) = Desk::new("civil_register").read(&file).unwrap();
    assert_eq!(
        rows.iter().map(answer).collect::<Vec<_>>(),
        [
            "rejected row.conflict_in_batch",
            "accepted",
            "warned row.duplicate_in_batch",
            "rejected row.conflict_in_batch",
            "accepted"
        ]
    );
    assert_eq!((survey.conflicts, survey.duplicates), (2, 1));
    assert!(rows[2].incoming.is_empty() && !rows[1].incoming.is_empty());
}

#[test]
fn a_back_payment_of_the_same_month_is_no_duplicate() {
    let back = with(
        &li_payment(),
        &[
            ("补发金额", "2000"),
            ("补发月份", "202610"),
            ("月补差金额", "0"),
        ],
    );
    let (survey, _) = Desk::new("payments")
        .read(&csv(PAYMENTS, &[li_payment(), back]))
        .unwrap();
    assert_eq!(
        (survey.conflicts, survey.duplicates, survey.counts.accepted),
        (0, 0, 2)
    );
}

#[test]
fn lines_of_ndjson_have_one_answer_each() {
    let good = |number: usize| String::from_utf8(ndjson(&[household(number)])).unwrap();
    let json = good(9);
    let table: Vec<(&str, String, &str)> = vec![
        (
            "S01",
            format!("{}{}", json.trim(), r#"{"b":2}"#),
            "rejected json.trailing",
        ),
        (
            "S02",
            format!("{{\"户编号\":\"{}\"}}", "a".repeat(65 * 1024)),
            "rejected event.too_large",
        ),
        ("S05", json.trim().replace('"', "'"), "rejected json.syntax"),
        (
            "S05 comma",
            json.trim().replace('}', ",}"),
            "rejected json.syntax",
        ),
        ("array", "[1,2]".to_owned(), "rejected json.syntax"),
        (
            "deep",
            format!("{{\"户编号\":{}", "[".repeat(20_000)),
            "rejected json.syntax",
        ),
        (
            "twice",
            json.trim().replace('{', "{\"户编号\":\"JM000009\","),
            "rejected json.duplicate_key json.duplicate_key@户编号",
        ),
        (
            "unknown key",
            json.trim().replace('{', "{\"新列\":1,"),
            "rejected drift.column_added",
        ),
    ];
    for (case, line, expected) in table {
        let file = format!("{}\r\n\n{line}\n{}", good(1), good(2).trim());
        let rows = Desk::new("civil_register").rows(file.as_bytes());
        assert_eq!(
            rows.iter().map(|r| r.line).collect::<Vec<_>>(),
            [1, 4, 5],
            "{case}"
        );
        assert!(taken(&rows[0]) && taken(&rows[2]), "{case}");
        assert_eq!(answer(&rows[1]), expected, "{case}");
    }
    assert_eq!(
        refusal(
            "civil_register",
            good(1).replace('{', "{\"新列\":1,").as_bytes()
        ),
        "drift.column_added"
    );
}
