//! One run of an office, with refusals and breakage, and nothing personal
//! outside the sealed cells and the answers that may hold it: not in the log
//! at its finest, not in metrics, problems or headers, not in the database.

mod failing;
mod heard;
mod office;

use std::collections::{BTreeSet, HashMap};

use crate::store::backend::Backend;
use office::Office;

/// Columns whose cells may stand nowhere in clear.
const PERSONAL: [&str; 31] = [
    "姓名",
    "对象姓名",
    "对象证件号码",
    "对象电话",
    "居住地址",
    "情况描述",
    "机动车所有人",
    "身份证明号码",
    "户主姓名",
    "成员姓名",
    "享受人姓名",
    "逝者姓名",
    "家属姓名",
    "监护人姓名",
    "代领人",
    "证件号码",
    "身份证号码",
    "公民身份号码",
    "户主证件号码",
    "享受人证件号码",
    "父亲证件号码",
    "母亲证件号码",
    "残疾人证号",
    "联系电话",
    "家属电话",
    "监护人电话",
    "银行账号",
    "户编号",
    "家庭住址",
    "主要诊断名称",
    "医疗费总额",
];
/// Shorter names and numbers stand in many a text by chance.
const NAME_CHARS_MIN: usize = 3;
const NUMBER_CHARS_MIN: usize = 8;

/// Cells of the personal columns of a file as departments send it.
fn cells(bytes: &[u8]) -> BTreeSet<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(bytes).0.into_owned(),
    };
    // Rows with quoted cells are left to the others, which are plenty.
    let plain = text.lines().filter(|line| !line.contains('"'));
    let rows: Vec<Vec<&str>> = plain.map(|line| line.split(',').collect()).collect();
    let is_header = |row: &Vec<&str>| row.iter().any(|name| PERSONAL.contains(name));
    let at = rows.iter().position(is_header).expect("a header");
    let personal = |name: &&str| PERSONAL.contains(name);
    let columns = rows[at].iter().enumerate();
    let columns: Vec<usize> = columns
        .filter(|(_, n)| personal(n))
        .map(|(i, _)| i)
        .collect();
    let cell = |row: &Vec<&str>, column: usize| row.get(column).map(|cell| cell.trim().to_owned());
    let each = |row| columns.iter().filter_map(move |&column| cell(row, column));
    let long = |cell: &String| {
        if cell.is_ascii() {
            cell.len() >= NUMBER_CHARS_MIN
        } else {
            cell.chars().count() >= NAME_CHARS_MIN
        }
    };
    rows[at + 1..].iter().flat_map(each).filter(long).collect()
}

/// A canary as it may be written: itself, hexadecimal, a list of its bytes, in
/// an address.
fn written(canary: &str) -> [String; 4] {
    let bytes = canary.as_bytes();
    let list = format!("{bytes:?}");
    let address: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    [
        canary.to_owned(),
        hex::encode(bytes),
        list.trim_matches(['[', ']']).to_owned(),
        address.concat(),
    ]
}

/// Forms of canaries by how they begin, to look for all of them at once.
struct Forms<'a>(HashMap<[u8; HEAD], Vec<(String, &'a str)>>);

/// Longer ones are found inside other text as well, such as a hexadecimal cell.
const ALONE_MAX: usize = 12;
/// Bytes of a form's beginning.
const HEAD: usize = 4;

impl<'a> Forms<'a> {
    fn of(canaries: &'a BTreeSet<String>) -> Forms<'a> {
        let mut forms = Forms(HashMap::new());
        for canary in canaries {
            for form in written(canary) {
                let head = form.as_bytes().first_chunk().expect("canaries are long");
                let same = forms.0.entry(*head).or_default();
                same.push((form, canary.as_str()));
            }
        }
        forms
    }

    /// The canaries that stand in a text; short numbers must stand alone.
    fn found(&self, text: &[u8]) -> BTreeSet<&'a str> {
        let apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let stands = |at: usize, form: &str| {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            let alone = apart(before) && apart(text.get(at + form.len()));
            text[at..].starts_with(form.as_bytes())
                && (alone || form.len() > ALONE_MAX || !form.is_ascii())
        };
        let mut found = BTreeSet::new();
        for at in 0..text.len().saturating_sub(HEAD - 1) {
            let head = text[at..].first_chunk().expect("at least the head is left");
            let alike = self.0.get(head).into_iter().flatten();
            let told = alike.filter(|(form, _)| stands(at, form));
            found.extend(told.map(|(_, canary)| *canary));
        }
        found
    }
}

#[test]
fn a_canary_is_found_however_it_is_written() {
    let canaries: BTreeSet<String> = ["王某英", "999001194003110224"].map(str::to_owned).into();
    let forms = Forms::of(&canaries);
    for canary in &canaries {
        for form in written(canary) {
            let text = format!("cause: Some({form}) and more");
            let found = forms.found(text.as_bytes());
            assert_eq!(found, BTreeSet::from([canary.as_str()]), "{text}");
        }
    }
    let text = "999001194003110222 999001 王某";
    assert_eq!(forms.found(text.as_bytes()), BTreeSet::new());
}

/// The sum of a counter over its labels.
fn counted(metrics: &str, name: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(name));
    let value = |line: &str| {
        line.rsplit(' ')
            .next()
            .and_then(|value| value.parse::<u64>().ok())
    };
    lines.filter_map(value).sum()
}

async fn nothing_personal_is_told(backend: Backend) {
    let _alone = heard::alone().await;
    let metrics = heard::metrics();
    heard::begin();
    let mut office = Office::open(backend).await;
    office.take_files().await;
    office.read_and_act().await;
    office.refuse().await;
    let stored = office.backend.contents().await;
    office.fail().await;
    let log = heard::end();

    // A silent run would pass as well: each of these must have been written.
    let said = String::from_utf8_lossy(&log);
    for line in ["a step failed", "damaged data", "the database failed"] {
        assert!(said.contains(line), "the log does not say: {line}\n{said}");
    }
    // PostgreSQL quotes the row it refused, in what is for programmers.
    assert!(!said.contains("Failing row"), "{said}");
    let metrics = metrics.render();
    assert!(counted(&metrics, "hearth_step_failures_total") > 0);
    // Other tests may have taken rows as well.
    assert!(
        counted(&metrics, "hearth_rows_taken_total") >= office.rows,
        "{metrics}"
    );
    let canaries = &office.canaries;
    assert!(canaries.len() > 200, "{} canaries", canaries.len());
    println!(
        "{} canaries; {} bytes of log, {} of metrics, {} answers, {} bytes stored",
        canaries.len(),
        log.len(),
        metrics.len(),
        office.answers.len(),
        stored.len()
    );
    let forms = Forms::of(canaries);
    let none = BTreeSet::new();
    assert_eq!(forms.found(&log), none, "in the log:\n{said}");
    assert_eq!(forms.found(metrics.as_bytes()), none, "in metrics");
    for (request, answer) in &office.answers {
        assert_eq!(forms.found(answer), none, "in the answer to {request}");
    }
    assert_eq!(forms.found(&stored), none, "in the database");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_told_on_sqlite() {
    let backend = Backend::sqlite().await.expect("a folder");
    nothing_personal_is_told(backend).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_told_on_postgres() {
    if let Some(backend) = Backend::postgres().await {
        nothing_personal_is_told(backend).await;
    }
}
