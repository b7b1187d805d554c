//! What holds for any bytes: an answer, sums that add up, two passes that agree,
//! notes that tell nothing, and rows that come back to be corrected.

use domain::record::{RowCounts, RowOutcome};
use ingest::{KeptRow, Layout, Row, Survey, decode, returned_file};
use proptest::prelude::*;

use crate::hardship::{
    ILLNESS, OBLIGORS, SCHOOL, qian_at_school, wu_and_his_brother, zhao_certified,
};
use crate::sample::*;

/// A file and the dataset it pretends to be.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let second = with(&chen_daughter(), &[("户编号", "")]);
    vec![
        (
            "civil_register",
            csv(CIVIL, &[chen(), second.clone(), chen(), chen_daughter()]),
        ),
        (
            "civil_register",
            gb18030(&csv(CIVIL, &[chen(), second.clone()])),
        ),
        ("civil_register", ndjson(&[chen(), second])),
        (
            "payments",
            csv(
                PAYMENTS,
                &[li_payment(), with(&li_payment(), &[("实发金额", "1")])],
            ),
        ),
        ("medical_settlements", csv(MEDICAL, &[zhao_stay()])),
        (
            "disability_register",
            csv(DISABILITY, &[chen_certificate()]),
        ),
        ("deaths_police", csv(POLICE, &[wang_police()])),
        ("deaths_funeral", ndjson(&[wang_cremation()])),
        ("restricted_liberty", csv(LIBERTY, &[zhou_term()])),
        ("hukou_elders", csv(ELDERS, &[xu_of_eighty()])),
        ("social_security", csv(LABOUR, &[sun_unemployed()])),
        ("vehicles", csv(VEHICLES, &[sun_car()])),
        ("school_enrolment", csv(SCHOOL, &[qian_at_school()])),
        ("obligors", csv(OBLIGORS, &[wu_and_his_brother()])),
        ("serious_illness", csv(ILLNESS, &[zhao_certified()])),
        ("incidents", csv(INCIDENTS, &[wu_fire()])),
        (
            "leads",
            csv(
                LEADS,
                &[wu_lead(), with(&wu_lead(), &[("情况描述", "另一种说法")])],
            ),
        ),
    ]
}

/// The laws that any file obeys, refused or not.
fn obeys(dataset: &str, bytes: &[u8]) {
    let desk = Desk::new(dataset);
    let cx = desk.cx();
    match desk.read(bytes) {
        Err(refused) => {
            let again = decode(std::io::Cursor::new(bytes), layout(dataset), &cx)
                .and_then(Iterator::collect::<Result<Vec<Row>, _>>);
            assert_eq!(again.err().map(|e| e.code()), Some(refused.code()));
        }
        Ok((survey, rows)) => {
            let mut counts = RowCounts::default();
            for row in &rows {
                counts.count(row.outcome);
            }
            assert_eq!((survey.counts, survey.rows), (counts, rows.len() as u64));
            for row in &rows {
                assert_eq!(row.outcome == RowOutcome::Accepted, row.notes.is_empty());
                assert!(taken(row) || row.incoming.is_empty());
                let at = bytes
                    .windows(row.raw.len())
                    .position(|window| window == row.raw);
                assert!(at.is_some() && !row.raw.is_empty(), "the original bytes");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(dataset in 0usize..11, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        obeys(Layout::builtin()[dataset].dataset(), &bytes);
    }

    #[test]
    fn any_table_is_answered(dataset in 0usize..11, cells in prop::collection::vec("[无/,\"\n0-9x年月.-]{0,12}", 0..60)) {
        let headers = [CIVIL, PAYMENTS, MEDICAL, DISABILITY, POLICE, FUNERAL, LEADS, LIBERTY, VEHICLES, LABOUR, ELDERS, INCIDENTS];
        let names: Vec<&str> = headers[dataset].split(',').collect();
        let rows: Vec<Cells> = cells.chunks(names.len()).map(|row| names.iter().zip(row).map(|(n, c)| ((*n).to_owned(), c.clone())).collect()).collect();
        obeys(Layout::builtin()[dataset].dataset(), &csv(headers[dataset], &rows));
    }

    // Files that are right but for one place: the place where parsers break.
    #[test]
    fn one_damaged_place_is_answered(file in 0usize..13, at in any::<prop::sample::Index>(), cut in 0usize..6, put in prop::collection::vec(prop::sample::select(b"\"',;\r\n\0\x1A\xFF\xC3(0{}:\\".to_vec()), 0..4)) {
        let (dataset, mut bytes) = files().swap_remove(file);
        let start = at.index(bytes.len());
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, put);
        obeys(dataset, &bytes);
    }

    #[test]
    fn reading_in_small_pieces_changes_nothing(piece in 1usize..50) {
        struct Pieces<'a>(&'a [u8], usize);
        impl std::io::Read for Pieces<'_> {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let size = self.1.min(into.len()).min(self.0.len());
                into[..size].copy_from_slice(&self.0[..size]);
                self.0 = &self.0[size..];
                Ok(size)
            }
        }
        // Only a workbook is sought in.
        impl std::io::Seek for Pieces<'_> {
            fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
                Err(std::io::ErrorKind::Unsupported.into())
            }
        }
        for (dataset, bytes) in files() {
            let desk = Desk::new(dataset);
            let cx = desk.cx();
            let whole: Vec<Row> = decode(std::io::Cursor::new(&bytes), layout(dataset), &cx).unwrap().map(Result::unwrap).collect();
            let pieces: Vec<Row> = decode(Pieces(&bytes, piece), layout(dataset), &cx).unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(whole, pieces);
        }
    }

    // Any mixture of a few rows: repeats, conflicts and good ones.
    #[test]
    fn both_passes_agree_about_repeated_keys(picks in prop::collection::vec(0usize..7, 0..12)) {
        let pool = [
            chen(), with(&chen(), &[("年工资性收入", "5")]), with(&chen(), &[("救助类别", "支出型")]), chen_daughter(),
            with(&chen_daughter(), &[("在校阶段", "初中")]), with(&chen(), &[("户编号", "JM2")]), with(&chen_daughter(), &[("证件号码", "")]),
        ];
        let rows: Vec<Cells> = picks.iter().map(|i| pool[*i].clone()).collect();
        let bytes = csv(CIVIL, &rows);
        obeys("civil_register", &bytes);
        // One effect: no record is yielded twice, and no key with two contents.
        let rows = Desk::new("civil_register").rows(&bytes);
        let mut keys: Vec<_> = rows.iter().flat_map(|r| &r.incoming).map(|i| (i.statement.kind(), i.key.clone())).collect();
        let before = keys.len();
        keys.sort();
        keys.dedup_by(|a, b| a == b && !["composition", "means_check", "periodic_check"].contains(&a.0.def().name));
        prop_assert_eq!(keys.len(), before);
    }
}

#[test]
fn notes_tell_no_number_no_name_no_account() {
    let secrets = [
        "欧阳秘密",
        "13812345678",
        "6222000011112222333",
        "999903198209140",
    ];
    let row = with(
        &chen(),
        &[
            ("成员姓名", "欧阳秘密\u{202E}"),
            ("联系电话", "13812345678 13912345678"),
            ("证件号码", "999903198209140130"),
            ("年工资性收入", "6222000011112222333"),
            ("认定日期", "13812345678"),
            ("与户主关系", "欧阳秘密"),
            ("居住镇街", "欧阳秘密"),
            ("户编号", "6222000011112222333E+3"),
        ],
    );
    let rows = Desk::new("civil_register").rows(&csv(CIVIL, &[row]));
    assert!(rows[0].notes.len() >= 6, "{}", answer(&rows[0]));
    let said = format!("{:?}", rows[0].notes);
    assert!(
        secrets.iter().all(|secret| !said.contains(secret)),
        "{said}"
    );
}

fn returned(survey: &Survey, dataset: &str, rows: &[Row]) -> Vec<u8> {
    let kept = rows.iter().filter(|row| !taken(row)).map(|row| KeptRow {
        raw: &row.raw,
        inherited: &row.inherited,
        notes: &row.notes,
    });
    returned_file(layout(dataset), &survey.shape, kept)
}

fn fixed(bytes: &[u8], from: &str, to: &str, charset_is_gb: bool) -> Vec<u8> {
    let text = if charset_is_gb {
        encoding_rs::GB18030.decode(bytes).0.into_owned()
    } else {
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    assert!(text.contains(from));
    let text = text.replace(from, to);
    if charset_is_gb {
        gb18030(text.as_bytes())
    } else {
        text.into_bytes()
    }
}

#[test]
fn what_is_rejected_comes_back_and_is_accepted_once_corrected() {
    let child = with(
        &chen_daughter(),
        &[
            ("户编号", ""),
            ("户主证件号码", ""),
            ("年经营净收入", "三千"),
            ("家庭住址", "丰乐路1号,\n甲单元"),
        ],
    );
    let good_child = with(&child, &[("年经营净收入", "3000")]);
    let desk = Desk::new("civil_register");
    for (name, make, gb) in [
        (
            "csv",
            (|rows: &[Cells]| csv(CIVIL, rows)) as fn(&[Cells]) -> Vec<u8>,
            false,
        ),
        ("gb18030", |rows: &[Cells]| gb18030(&csv(CIVIL, rows)), true),
        ("ndjson", |rows: &[Cells]| ndjson(rows), false),
    ] {
        let clean = desk.rows(&make(&[chen(), good_child.clone()]));
        let (survey, rows) = desk.read(&make(&[chen(), child.clone()])).unwrap();
        assert_eq!(answer(&rows[1]), "rejected amount.invalid@年经营净收入");
        let file = returned(&survey, "civil_register", &rows);
        // Sent back as it is, it is rejected again, and returned without a third pair of columns.
        let (again_survey, again) = desk.read(&file).unwrap();
        assert_eq!(
            again.iter().map(answer).collect::<Vec<_>>(),
            ["rejected amount.invalid@年经营净收入"],
            "{name}"
        );
        assert_eq!(
            returned(&again_survey, "civil_register", &again),
            file,
            "{name}"
        );
        let corrected = desk.rows(&fixed(&file, "三千", "3000", gb));
        assert_eq!(corrected.len(), 1);
        let unlined = |row: &Row| {
            let mut incoming = row.incoming.clone();
            for i in &mut incoming {
                i.line = 0;
            }
            incoming
        };
        assert_eq!(unlined(&corrected[0]), unlined(&clean[1]), "{name}");
    }
}

#[test]
fn a_returned_file_runs_nothing_in_a_spreadsheet() {
    let row = with(
        &chen(),
        &[
            ("家庭住址", "=cmd|'/c calc'!A1"),
            ("联系电话", "@SUM(1)"),
            ("年工资性收入", "-500.00"),
            ("成员姓名", "陈\u{1b}[2J某"),
            ("居住村(社区)", "\"=1+1"),
        ],
    );
    let (survey, rows) = Desk::new("civil_register")
        .read(&csv(CIVIL, &[row]))
        .unwrap();
    let file = String::from_utf8(returned(&survey, "civil_register", &rows)).unwrap();
    assert!(
        file.contains(",'=cmd")
            && file.contains(",'@SUM")
            && file.contains(",-500.00,")
            && file.contains("陈\\x1B[2J某"),
        "{file}"
    );
    for cell in file.lines().nth(1).unwrap().split(',') {
        let risky = cell.starts_with(['=', '+', '@', '\t']);
        assert!(!risky, "{cell}");
    }
    let address = Desk::new("civil_register").rows(
        file.replace("-500.00", "500")
            .replace("\\x1B[2J", "")
            .as_bytes(),
    );
    assert_eq!(
        body(&address[0], "identity").text("address"),
        Some("=cmd|'/c calc'!A1")
    );
}

/// What a row takes over from the one above it is written out in what comes
/// back, and runs there no more than where it stood.
#[test]
fn what_is_taken_over_from_above_runs_nothing_either() {
    for text in [
        "=cmd|'/c calc'!A1",
        "+1+1",
        "@SUM(1)",
        "-1+1",
        "\"=1+1\"",
        " =1+1",
    ] {
        let head = with(&chen(), &[("家庭住址", text)]);
        let child = with(
            &chen_daughter(),
            &[
                ("户编号", ""),
                ("家庭住址", ""),
                ("户主证件号码", ""),
                ("年工资性收入", "-1"),
            ],
        );
        let (survey, rows) = Desk::new("civil_register")
            .read(&csv(CIVIL, &[head, child]))
            .unwrap();
        let file = String::from_utf8(returned(&survey, "civil_register", &rows)).unwrap();
        let taken_over = rows.iter().filter(|row| !row.inherited.is_empty());
        assert_eq!(taken_over.count(), 1, "{text}");
        for cell in file.lines().skip(1).flat_map(|line| line.split(',')) {
            let shown = cell.strip_prefix('"').unwrap_or(cell).trim_start();
            let risky = shown.starts_with(['=', '+', '@', '\t']) || shown == "-1+1";
            assert!(!risky, "{text}: {cell} in {file}");
        }
    }
}

#[test]
fn rows_that_cannot_be_cut_come_back_as_they_were() {
    let broken = "JM1,低\"边,x\r\n";
    let file = format!("{CIVIL}\r\n{broken}").into_bytes();
    let (survey, rows) = Desk::new("civil_register").read(&file).unwrap();
    let back = String::from_utf8(returned(&survey, "civil_register", &rows)).unwrap();
    assert!(back.contains("\r\nJM1,低\"边,x,row.quote,"), "{back}");
    assert_eq!(
        answer(&Desk::new("civil_register").rows(back.as_bytes())[0]),
        "rejected row.quote@救助类别"
    );
}

#[test]
fn the_shape_survives_storage() {
    let (survey, _) = Desk::new("civil_register")
        .read(&gb18030(&csv(CIVIL, &[chen()])))
        .unwrap();
    let json = serde_json::to_string(&survey.shape).unwrap();
    assert_eq!(
        serde_json::from_str::<ingest::Shape>(&json).unwrap(),
        survey.shape
    );
}
