//! Workbooks: the same rows give the same records as CSV, and what a workbook
//! can do that a CSV file cannot is answered.

use ingest::{Format, KeptRow, Row, returned_file};

use crate::sample::*;
use crate::workbook::*;

pub(crate) fn refusal(bytes: &[u8]) -> &'static str {
    match Desk::new("civil_register").read(bytes) {
        Ok((survey, _)) => panic!("accepted with {:?}", survey.counts),
        Err(error) => error.code(),
    }
}

/// Everything of a row but the bytes it came in.
fn said(rows: &[Row]) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    let one = |row: &Row| {
        (
            row.line,
            row.outcome,
            row.notes.clone(),
            row.incoming.clone(),
            row.unread.clone(),
            row.inherited.clone(),
        )
    };
    rows.iter().map(one).collect()
}

fn every_dataset() -> Vec<(&'static str, &'static str, Vec<Cells>)> {
    let bad_id = with(
        &chen(),
        &[
            ("户编号", "JM2"),
            ("证件号码", "123"),
            ("家庭住址", "甲路1号, \"西\""),
        ],
    );
    vec![
        (
            "civil_register",
            CIVIL,
            vec![chen(), chen_daughter(), bad_id, chen()],
        ),
        ("payments", PAYMENTS, vec![li_payment()]),
        ("medical_settlements", MEDICAL, vec![zhao_stay()]),
        ("vehicles", VEHICLES, vec![sun_car()]),
        (
            "leads",
            LEADS,
            vec![wu_lead(), with(&wu_lead(), &[("情况描述", "另一种说法")])],
        ),
    ]
}

#[test]
fn the_same_rows_are_the_same_records() {
    for (dataset, header, rows) in every_dataset() {
        let (of_lines, lines) = Desk::new(dataset).read(&csv(header, &rows)).unwrap();
        let (of_sheet, sheet) = Desk::new(dataset)
            .read(&Book::of(table(header, &rows)).bytes())
            .unwrap();
        assert_eq!(said(&lines), said(&sheet), "{dataset}");
        assert_eq!(
            (of_lines.counts, of_lines.coverage, of_lines.yuan_total),
            (of_sheet.counts, of_sheet.coverage, of_sheet.yuan_total)
        );
        assert_eq!(of_sheet.shape.format, Format::Xlsx);
        assert_eq!(of_sheet.shape.header, header.as_bytes());
        let raw = |rows: &[Row]| rows.iter().map(|row| row.raw.clone()).collect::<Vec<_>>();
        assert_eq!(
            raw(&lines),
            raw(&sheet),
            "{dataset}: the line that shows the same cells"
        );
    }
}

/// The table of Chen and the daughter with one cell of Chen's changed.
fn with_cell(column: &str, cell: Cell) -> Vec<u8> {
    let mut rows = table(CIVIL, &[chen(), chen_daughter()]);
    put(CIVIL, &mut rows[1], column, cell);
    let shared = [
        "<t>陈某</t>",
        "<r><t>陈</t></r><r><t>某</t></r><rPh sb=\"0\" eb=\"1\"><t>chen</t></rPh>",
        "<t>_x0000_</t>",
    ];
    Book {
        shared: shared.map(str::to_owned).into(),
        ..Book::of(rows)
    }
    .bytes()
}

fn answer_with(column: &str, cell: Cell) -> String {
    let rows = Desk::new("civil_register").rows(&with_cell(column, cell));
    assert_eq!(rows.len(), 2);
    answer(&rows[0])
}

#[test]
fn every_type_of_cell_is_read_as_it_shows() {
    let plain = Desk::new("civil_register").rows(&csv(CIVIL, &[chen(), chen_daughter()]));
    let same = [
        ("年转移净收入", number("3000")),
        ("年转移净收入", number("3000.0000000000005")),
        ("年转移净收入", number("3E3")),
        ("年转移净收入", typed("str", "<f>1500*2</f><v>3000</v>")),
        ("年转移净收入", typed("n", "<f>SUM(A1:A9)</f><v>3000</v>")),
        ("其中中央基础养老金", number("1200")),
        ("出生日期", day("30208")),
        ("最近核查日期", day("46082")),
        ("收入核定期起", day("45717")),
        ("有效期止", day("46446")),
        ("区划代码", number("320412103217")),
        ("是否共同生活", typed("b", "<v>1</v>")),
        ("是否保障对象", typed("b", "<v>0</v>")),
        ("成员姓名", typed("s", "<v>0</v>")),
        ("成员姓名", typed("s", "<v>1</v>")),
        ("成员姓名", typed("str", "<f>A1</f><v>陈某</v>")),
        ("认定日期", typed("d", "<v>2026-03-01T00:00:00</v>")),
    ];
    for (column, cell) in same {
        let rows = Desk::new("civil_register").rows(&with_cell(column, cell.clone()));
        assert_eq!(said(&rows), said(&plain), "{column} {cell}");
    }
}

#[test]
fn what_a_cell_cannot_be_is_told_of_its_row() {
    let id = id("999903 19820914 013");
    let table = [
        (
            "证件号码",
            number(&id),
            "rejected id.lost_precision@证件号码",
        ),
        (
            "证件号码",
            number("9.9990319820914E+17"),
            "rejected id.lost_precision@证件号码",
        ),
        (
            "户编号",
            number("3204120001234567"),
            "rejected number.lost_precision@户编号",
        ),
        (
            "年工资性收入",
            number("12.345"),
            "rejected amount.invalid@年工资性收入",
        ),
        (
            "年工资性收入",
            typed("e", "<v>#REF!</v>"),
            "rejected cell.error@年工资性收入",
        ),
        (
            "年工资性收入",
            typed("e", "<f>A1/0</f><v>#DIV/0!</v>"),
            "rejected cell.error@年工资性收入",
        ),
        (
            "年工资性收入",
            typed("n", "<f>SUM(A1:A9)</f>"),
            "rejected cell.formula@年工资性收入",
        ),
        (
            "年工资性收入",
            typed("n", "<f>SUM(A1:A9)</f><v></v>"),
            "rejected cell.formula@年工资性收入",
        ),
        (
            "联系电话",
            typed("e", "<v>#N/A</v>"),
            "rejected cell.error@联系电话",
        ),
        ("出生日期", number("30208"), "warned date.invalid@出生日期"),
        (
            "成员姓名",
            typed("s", "<v>2</v>"),
            "rejected row.nul@成员姓名",
        ),
        // A column nobody reads may hold what it likes.
        ("更新时间", typed("e", "<v>#REF!</v>"), "accepted"),
        ("更新时间", typed("n", "<f>NOW()</f>"), "accepted"),
        ("更新时间", number("6.2E18"), "accepted"),
        ("联系电话", typed("str", "<f>\"\"</f><v></v>"), "accepted"),
    ];
    for (column, cell, expected) in table {
        assert_eq!(
            answer_with(column, cell.clone()),
            expected,
            "{column} {cell}"
        );
    }
    // The same words in a CSV file that a spreadsheet saved.
    let saved = with(&chen(), &[("年工资性收入", "#REF!")]);
    assert_eq!(
        answer_to("civil_register", CIVIL, &saved),
        "rejected cell.error@年工资性收入"
    );
}

#[test]
fn the_1904_calendar_and_the_leap_day_that_never_was() {
    let read = |serial: &str, from_1904: bool| {
        let mut rows = table(CIVIL, &[chen()]);
        put(CIVIL, &mut rows[1], "最近核查日期", day(serial));
        let bytes = Book {
            from_1904,
            ..Book::of(rows)
        }
        .bytes();
        let rows = Desk::new("civil_register").rows(&bytes);
        (
            answer(&rows[0]),
            record(&rows[0], "periodic_check")
                .valid
                .from
                .map(|d| d.to_string()),
        )
    };
    let accepted = |on: &str| ("accepted".to_owned(), Some(on.to_owned()));
    assert_eq!(read("46082", false), accepted("2026-03-01"));
    assert_eq!(read("44620", true), accepted("2026-03-01"));
    assert_eq!(read("61", false), accepted("1900-03-01"));
    let mut rows = table(CIVIL, &[chen()]);
    put(CIVIL, &mut rows[1], "最近核查日期", day("60"));
    let rows = Desk::new("civil_register").rows(&Book::of(rows).bytes());
    assert_eq!(answer(&rows[0]), "warned date.invalid@最近核查日期");
}

/// Title, head of two rows with merged cells, data with merged cells, total, signature, blank rows.
fn as_offices_make_them() -> Book {
    let mut rows = table(
        PAYMENTS,
        &[
            li_payment(),
            with(
                &li_payment(),
                &[
                    ("享受人姓名", "李某英"),
                    ("享受人证件号码", &id("999902 19750606 022")),
                ],
            ),
        ],
    );
    let mut upper = rows.remove(0);
    let mut lower = vec![blank(); upper.len()];
    let names: Vec<&str> = PAYMENTS.split(',').collect();
    let money = names.iter().position(|name| *name == "月补差金额").unwrap();
    for column in money..money + 2 {
        lower[column] = std::mem::take(&mut upper[column]);
    }
    upper[money] = inline("发放金额（元）");
    let mut total = vec![blank(); names.len()];
    total[0] = inline("合  计");
    let paid = names.iter().position(|name| *name == "实发金额").unwrap();
    total[paid] = typed("n", "<f>SUM(Q4:Q5)</f><v>4000</v>");
    let mut all = vec![texts(&["武进区2026年11月救助资金发放名册"]), upper, lower];
    all.extend(rows);
    all.extend([total, texts(&["制表人：王某"]), vec![blank(); 26]]);
    let mut sheet = Sheet::new("发放", all);
    sheet
        .rows
        .push((900, vec!["<c r=\"{at}\" s=\"1\"/>".to_owned(); 3]));
    sheet.tail = "<mergeCells count=\"1\"><mergeCell ref=\"A1:Z1\"/></mergeCells>".to_owned();
    Book {
        sheets: vec![sheet],
        ..Book::default()
    }
}

#[test]
fn titles_merged_heads_totals_and_blank_rows_are_no_data() {
    let (survey, rows) = Desk::new("payments")
        .read(&as_offices_make_them().bytes())
        .unwrap();
    assert_eq!(
        rows.iter()
            .map(|row| (row.line, answer(row)))
            .collect::<Vec<_>>(),
        [(4, "accepted".to_owned()), (5, "accepted".to_owned())]
    );
    assert_eq!(survey.notes, [], "the total adds up");
    assert_eq!(survey.shape.header, PAYMENTS.as_bytes());
    // The same head in a file that a spreadsheet saved as CSV.
    let merged = PAYMENTS.replace("月补差金额,分类施保金额", "发放金额,");
    let below: Vec<&str> = PAYMENTS
        .split(',')
        .map(|name| {
            if name.contains("补差") || name.contains("分类施保") {
                name
            } else {
                ""
            }
        })
        .collect();
    let one = csv(PAYMENTS, &[li_payment()]);
    let rest = one.iter().position(|b| *b == b'\n').unwrap() + 1;
    let bytes = [
        format!("{merged}\r\n{}\r\n", below.join(",")).as_bytes(),
        &one[rest..],
    ]
    .concat();
    assert_eq!(
        Desk::new("payments")
            .rows(&bytes)
            .iter()
            .map(answer)
            .collect::<Vec<_>>(),
        ["accepted"]
    );
}

#[test]
fn cells_under_a_merged_cell_are_as_above_only_where_the_layout_says() {
    let mut daughter = chen_daughter();
    for column in [
        "户编号",
        "救助类别",
        "户籍镇街",
        "户籍村(社区)",
        "户主证件号码",
        "是否计入人口",
    ] {
        daughter.remove(column);
    }
    let rows = [chen(), daughter];
    let sheet = Desk::new("civil_register").rows(&Book::of(table(CIVIL, &rows)).bytes());
    let lines = Desk::new("civil_register").rows(&csv(CIVIL, &rows));
    assert_eq!(said(&sheet), said(&lines));
    let inherited: Vec<&str> = sheet[1]
        .inherited
        .iter()
        .map(|i| i.column.as_str())
        .collect();
    assert!(
        inherited.contains(&"户编号") && !inherited.contains(&"是否计入人口"),
        "{inherited:?}"
    );
}

#[test]
fn one_sheet_is_read_and_the_others_are_named() {
    let good = table(CIVIL, &[chen()]);
    let other = vec![texts(&["填报说明"]), texts(&["请勿改动列名"])];
    let hidden = |mut sheet: Sheet| {
        sheet.state = "veryHidden";
        sheet
    };
    let sheets = vec![
        Sheet::new("说明", other.clone()),
        Sheet::new("名册", good.clone()),
        hidden(Sheet::new("去年", good.clone())),
    ];
    let (survey, rows) = Desk::new("civil_register")
        .read(
            &Book {
                sheets,
                ..Book::default()
            }
            .bytes(),
        )
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(survey.notes.len(), 1);
    let note = &survey.notes[0];
    assert_eq!(note.code, "sheet.unread");
    assert!(
        note.zh.contains("名册") && note.zh.contains("说明") && note.zh.contains("去年"),
        "{}",
        note.zh
    );
    // Whoever stands on a sheet that is not read would seem to have left the list.
    let two = vec![
        Sheet::new("湖塘镇", good.clone()),
        Sheet::new("洛阳镇", good),
    ];
    assert_eq!(
        refusal(
            &Book {
                sheets: two,
                ..Book::default()
            }
            .bytes()
        ),
        "upload.sheet_layout"
    );
    let none = vec![Sheet::new("甲", other.clone()), Sheet::new("乙", other)];
    assert_eq!(
        refusal(
            &Book {
                sheets: none,
                ..Book::default()
            }
            .bytes()
        ),
        "drift.header_missing"
    );
    let mut drifted = table(CIVIL, &[chen()]);
    put(CIVIL, &mut drifted[0], "更新时间", inline("备注2"));
    assert_eq!(refusal(&Book::of(drifted).bytes()), "drift.column_added");
}

#[test]
fn cells_outside_the_header_are_not_lost_and_not_read() {
    let mut rows = table(CIVIL, &[chen(), chen_daughter()]);
    rows[1].push(inline("批注"));
    let rows = Desk::new("civil_register").rows(&Book::of(rows).bytes());
    assert_eq!(answer(&rows[0]), "rejected row.column_count");
    let mut rows = table(CIVIL, &[chen()]);
    rows[1].push("<c r=\"XFD2\" t=\"inlineStr\"><is><t>远</t></is></c>".to_owned());
    let rows = Desk::new("civil_register").rows(&Book::of(rows).bytes());
    assert_eq!(answer(&rows[0]), "rejected row.column_count");
    let mut wide = table(CIVIL, &[chen()]);
    wide[0].push("<c r=\"XFD1\" t=\"inlineStr\"><is><t>远</t></is></c>".to_owned());
    assert_eq!(refusal(&Book::of(wide).bytes()), "upload.sheet_limit");
}

#[test]
fn a_row_of_nothing_but_uncomputed_formulas_is_a_row() {
    let mut rows = table(CIVIL, &[chen()]);
    rows[1] = vec![typed("n", "<f>A9</f>"); CIVIL.split(',').count()];
    let rows = Desk::new("civil_register").rows(&Book::of(rows).bytes());
    assert_eq!(rows.len(), 1);
    assert!(
        answer(&rows[0]).starts_with("rejected cell.formula@户编号"),
        "{}",
        answer(&rows[0])
    );
}

#[test]
fn rows_of_a_workbook_come_back_as_csv_and_can_be_sent_again() {
    let wrong = with(
        &chen_daughter(),
        &[("证件号码", "123"), ("家庭住址", "=1+1,\"甲\"")],
    );
    let mut rows = table(CIVIL, &[chen(), wrong]);
    rows.push({
        let mut row = table(CIVIL, &[with(&chen(), &[("户编号", "JM3")])]).remove(1);
        put(CIVIL, &mut row, "证件号码", number("999903198209140133"));
        row
    });
    let desk = Desk::new("civil_register");
    let (survey, rows) = desk.read(&Book::of(rows).bytes()).unwrap();
    let kept = rows.iter().filter(|row| !taken(row)).map(|row| KeptRow {
        raw: &row.raw,
        inherited: &row.inherited,
        notes: &row.notes,
    });
    let file = returned_file(layout("civil_register"), &survey.shape, kept);
    let text = String::from_utf8(file.clone()).unwrap();
    assert!(
        text.contains("9.9990319820914E+17") && text.contains("'=1+1"),
        "{text}"
    );
    let again: Vec<String> = desk.rows(&file).iter().map(answer).collect();
    assert_eq!(again.len(), 2);
    assert!(
        again[0].contains("id.length@证件号码") && again[1].contains("id.lost_precision@证件号码"),
        "{again:?}"
    );
    let mended = text
        .replace(",123,", &format!(",{},", id("999903 20150502 022")))
        .replace("9.9990319820914E+17", &id("999903 19820914 013"));
    let mended: Vec<String> = desk.rows(mended.as_bytes()).iter().map(answer).collect();
    assert_eq!(mended, ["accepted", "accepted"]);
}
