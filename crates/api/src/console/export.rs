//! The register as an Excel file: identity numbers as text cells, nothing that
//! a spreadsheet would calculate, who made it and when on every sheet.
//!
//! An export shows more people at once than any page. Its purpose is chosen,
//! and every household and person in it is entered in the ledger first.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::authority::{Grant, Operation};
use domain::code;
use domain::ids::{ExportId, PersonId, Subject};
use domain::region::DivisionCode;
use pipeline::refile::{self, Refiled};
use pipeline::register::{self, Family};
use pipeline::{export, people};
use rust_xlsxwriter::{Color, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::families::{FamiliesQuery, narrowed};
use super::forms::StrictForm;
use super::household::{next_check, yes};
use super::refusal::Paged;
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};

/// Families of one file. More is refused, never cut.
const FAMILIES_MAX: usize = 5_000;
/// The purpose whose file can be sent again as the civil list.
const DATA_CHECK: &str = "data_check";
/// Purposes an officer may choose, with their words.
const PURPOSES: [(&str, &str, &str); 3] = [
    ("home_visit", "export_home_visit", "入户走访"),
    ("periodic_check", "export_periodic_check", "定期核查"),
    (DATA_CHECK, "export_data_check", "核对数据"),
];

/// What became of a wish for a file.
pub(crate) enum Requested {
    /// The file.
    File(Response),
    /// It has too many people: a second person was asked.
    Waits(ExportId),
}

/// `POST /families/export`.
pub(super) async fn file(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(query): StrictForm<FamiliesQuery>,
) -> Paged {
    match request(&app, &caller, query).await? {
        Requested::File(file) => Ok(file),
        Requested::Waits(_) => Ok(Redirect::to("/exports?done=asked").into_response()),
    }
}

/// The file, or where it has too many people a request for a second person.
pub(crate) async fn request(
    app: &App,
    caller: &Caller,
    query: FamiliesQuery,
) -> Answered<Requested> {
    let purpose = stated(&query.purpose)?;
    let grant = narrowed(caller, Operation::ExportPeople, purpose.1, &query.township)?;
    let families = collect(app, caller, &grant, &query).await?;
    let people: usize = families.iter().map(|family| family.members.len()).sum();
    if people > app.deps.settings.export_people_free {
        let asked = FamiliesQuery {
            from: String::new(),
            after: String::new(),
            ..query
        };
        let filter = serde_json::to_string(&asked).unwrap_or_default();
        let id = export::ask(&app.deps, &grant, filter, families.len()).await?;
        return Ok(Requested::Waits(id));
    }
    let file = made(app, caller, &grant, purpose, &families).await?;
    Ok(Requested::File(file))
}

/// `POST /exports/{id}/file`.
pub(super) async fn released(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
) -> Paged {
    Ok(take(&app, &caller, &id).await?)
}

/// A released export, to who asked for it.
pub(crate) async fn take(app: &App, caller: &Caller, id: &str) -> Answered<Response> {
    let id: ExportId = id.parse().map_err(|_| Problem::not_found())?;
    let grant = caller.grant(Operation::ExportPeople)?;
    let known = export::open(&app.deps, &grant, id).await?;
    let query: FamiliesQuery = serde_json::from_str(&known.row.filter)
        .map_err(|_| pipeline::StepError::Damaged("exports"))?;
    let purpose = stated(&query.purpose)?;
    let grant = narrowed(caller, Operation::ExportPeople, purpose.1, &query.township)?;
    let families = collect(app, caller, &grant, &query).await?;
    if families.len() > known.row.families as usize {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "export.grown",
            "批准后符合条件的家庭增加了，请重新申请",
            "more families than were released match now",
        ));
    }
    export::taken(&app.deps, &grant, id).await?;
    made(app, caller, &grant, purpose, &families).await
}

fn stated(purpose: &str) -> Answered<&'static (&'static str, &'static str, &'static str)> {
    let stated = PURPOSES.iter().find(|(code, _, _)| *code == purpose);
    stated.ok_or_else(|| Problem::bad("purpose.missing", "请选择导出用途", "a purpose is needed"))
}

/// The families of a file, window by window, as long as the officer may.
async fn collect(
    app: &App,
    caller: &Caller,
    grant: &Grant,
    query: &FamiliesQuery,
) -> Answered<Vec<Family>> {
    let filter = query.filter()?;
    let (mut families, mut from) = (Vec::new(), None);
    loop {
        caller.still(app).await?;
        let window = register::window(&app.deps, grant, &filter, from).await?;
        families.extend(window.families);
        if families.len() > FAMILIES_MAX {
            return Err(too_many());
        }
        from = window.next;
        if from.is_none() {
            caller.still(app).await?;
            return Ok(families);
        }
    }
}

/// The file, once everyone in it is in the ledger.
async fn made(
    app: &App,
    caller: &Caller,
    grant: &Grant,
    purpose: &(&str, &str, &str),
    families: &[Family],
) -> Answered<Response> {
    let members = families.iter().map(|family| family.members.len()).sum();
    fits(families.len(), members)?;
    let people: Vec<PersonId> = families
        .iter()
        .flat_map(|family| family.members.iter().map(|member| member.id))
        .collect();
    let mut numbers = std::collections::BTreeMap::new();
    for chunk in people.chunks(1_000) {
        numbers.extend(people::identity_numbers(&app.deps, chunk).await?);
    }
    let units: Vec<Subject> = families.iter().map(|family| family.unit).collect();
    // Incomes and parents are for checking the list, not for a visit.
    let mut refiled = Refiled::default();
    if purpose.0 == DATA_CHECK {
        for chunk in units.chunks(250) {
            let more = refile::rows(&app.deps, grant, chunk).await?;
            refiled.rows.extend(more.rows);
            refiled.shown.extend(more.shown);
            refiled.left_out += more.left_out;
        }
    }
    let mut shown: BTreeSet<Subject> = units
        .into_iter()
        .chain(people.iter().map(|id| Subject::Person(*id)))
        .collect();
    shown.extend(&refiled.shown);
    let shown: Vec<Subject> = shown.into_iter().collect();
    if !shown.is_empty() {
        app.discloser
            .disclose(grant, &shown, &caller.request)
            .await?;
    }
    let mark = watermark(app, caller, purpose.2, families.len());
    let today = app.deps.clock.today();
    let place = |code: Option<DivisionCode>| {
        code.map_or_else(String::new, |code| app.deps.divisions.name(code, today))
    };
    let number = |id: PersonId| numbers.get(&id).cloned().unwrap_or_default();
    let bytes = workbook(families, &refiled, &mark, &place, &number);
    let bytes = bytes.map_err(|error| unwritten(&error))?;
    Ok(download(bytes, "register", "%E5%8F%B0%E8%B4%A6"))
}

/// A file that could not be written.
pub(super) fn unwritten(error: &XlsxError) -> Problem {
    tracing::error!(%error, "an export could not be written");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "系统内部错误，已记录",
        "an internal error; it has been logged",
    )
}

/// Rows that a sheet has, two of them for the mark and the titles.
const SHEET_ROWS: usize = 1_048_576 - 2;

/// More rows than a sheet has are refused, never cut.
fn fits(families: usize, members: usize) -> Answered<()> {
    if families > FAMILIES_MAX || members > SHEET_ROWS {
        return Err(too_many());
    }
    Ok(())
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "export.too_many",
        "超过5,000户，请先按镇或村筛选再导出",
        "more than 5,000 families; filter first",
    )
}

fn watermark(app: &App, caller: &Caller, purpose: &str, families: usize) -> String {
    let sample = if app.deps.settings.synthetic {
        "演示数据，人物均为虚构。"
    } else {
        ""
    };
    format!(
        "{sample}导出人 {}（{}） · {} · 用途：{purpose} · {families}户 · 请求 {} · 仅限工作使用，含个人信息，用毕销毁",
        caller.officer.name,
        words::role(caller.officer.role),
        words::minute(app.deps.clock.now()),
        caller.request,
    )
}

/// A workbook as a file, with its name in ASCII and percent-encoded.
pub(super) fn download(bytes: Vec<u8>, ascii: &str, encoded: &str) -> Response {
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let name = format!("attachment; filename=\"{ascii}.xlsx\"; filename*=UTF-8''{encoded}.xlsx");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// Columns of the sheet of families with their widths.
const FAMILY_COLUMNS: [(&str, u16); 13] = [
    ("户主姓名", 12),
    ("户主证件号码", 22),
    ("户籍村（社区）", 20),
    ("现住", 20),
    ("救助类别", 14),
    ("家庭人口", 10),
    ("计入人口", 10),
    ("保障人数", 10),
    ("最近核查", 13),
    ("核查类别", 10),
    ("下次核查", 20),
    ("有效期止", 13),
    ("联系电话", 16),
];
/// Columns of the sheet of members.
const MEMBER_COLUMNS: [(&str, u16); 11] = [
    ("户主姓名", 12),
    ("户籍村（社区）", 20),
    ("姓名", 12),
    ("证件号码", 22),
    ("与户主关系", 12),
    ("性别", 8),
    ("年龄", 8),
    ("是否计入人口", 14),
    ("不计入原因", 14),
    ("是否保障对象", 14),
    ("联系电话", 16),
];

type Place<'a> = &'a dyn Fn(Option<DivisionCode>) -> String;
type Number<'a> = &'a dyn Fn(PersonId) -> String;

fn workbook(
    families: &[Family],
    refiled: &Refiled,
    mark: &str,
    place: Place<'_>,
    number: Number<'_>,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("家庭")?;
    head(sheet, &FAMILY_COLUMNS, mark)?;
    for (row, family) in (2..).zip(families) {
        cells(sheet, row, &family_cells(family, place, number))?;
    }
    let sheet = book.add_worksheet().set_name("成员")?;
    head(sheet, &MEMBER_COLUMNS, mark)?;
    let members = families
        .iter()
        .flat_map(|family| family.members.iter().map(move |member| (family, member)));
    for (row, (family, member)) in (2..).zip(members) {
        cells(sheet, row, &member_cells(family, member, place, number))?;
    }
    if !refiled.rows.is_empty() {
        let sheet = book.add_worksheet().set_name("民政名册")?;
        let note = match refiled.left_out {
            0 => String::new(),
            left_out => format!(" · 另有{left_out}户户编号未知，不在本表"),
        };
        let columns: Vec<(&str, u16)> = refile::COLUMNS
            .iter()
            .chain([&refile::LAST])
            .map(|name| (*name, 18))
            .collect();
        head(sheet, &columns, &format!("{mark}{note}"))?;
        for (row, texts) in (2..).zip(&refiled.rows) {
            cells(sheet, row, texts)?;
        }
    }
    book.save_to_buffer()
}

fn family_cells(family: &Family, place: Place<'_>, number: Number<'_>) -> Vec<String> {
    let head = family.head();
    let count = |flag: fn(&register::Member) -> Option<bool>| {
        let said = family.members.iter().filter(|m| flag(m) == Some(true));
        said.count().to_string()
    };
    let schemes: Vec<&str> = family.schemes.iter().map(|s| code::SCHEME.zh(s)).collect();
    let day = |day: Option<domain::time::Date>| day.map_or_else(String::new, |d| d.to_string());
    vec![
        head.and_then(|h| h.name.clone()).unwrap_or_default(),
        head.map_or_else(String::new, |h| number(h.id)),
        place(family.hukou),
        place(family.residence),
        schemes.join("、"),
        family.members.len().to_string(),
        count(|m| m.counted),
        count(|m| m.covered),
        day(family.checked_on),
        family
            .check_class
            .map_or_else(String::new, |c| code::CHECK_CLASS.zh(c).to_owned()),
        next_check(family.next_check),
        day(family.valid_until),
        head.and_then(|h| h.phone.clone()).unwrap_or_default(),
    ]
}

fn member_cells(
    family: &Family,
    member: &register::Member,
    place: Place<'_>,
    number: Number<'_>,
) -> Vec<String> {
    let word = |code: Option<&'static str>, list: &code::CodeList| {
        code.map_or_else(String::new, |code| list.zh(code).to_owned())
    };
    vec![
        family
            .head()
            .and_then(|h| h.name.clone())
            .unwrap_or_default(),
        place(family.hukou),
        member.name.clone().unwrap_or_default(),
        number(member.id),
        word(member.kinship, &code::KINSHIP),
        word(member.sex, &code::SEX),
        member.age.map_or_else(String::new, |age| age.to_string()),
        yes(member.counted).to_owned(),
        word(member.not_counted_reason, &code::NOT_COUNTED),
        yes(member.covered).to_owned(),
        member.phone.clone().unwrap_or_default(),
    ]
}

/// First row: who and when. Second: titles, repeated on every printed page.
pub(super) fn head(
    sheet: &mut Worksheet,
    columns: &[(&str, u16)],
    mark: &str,
) -> Result<(), XlsxError> {
    let marked = Format::new().set_font_color(Color::RGB(0x00A1_201A));
    let title = Format::new()
        .set_bold()
        .set_align(FormatAlign::Center)
        .set_background_color(Color::RGB(0x00EF_EDE6));
    sheet.write_string_with_format(0, 0, clean(mark), &marked)?;
    for (column, (name, width)) in (0..).zip(columns) {
        sheet.write_string_with_format(1, column, *name, &title)?;
        sheet.set_column_width(column, f64::from(*width))?;
    }
    sheet.set_freeze_panes(2, 0)?;
    sheet.set_repeat_rows(0, 1)?;
    sheet.set_landscape();
    sheet.set_paper_size(9);
    sheet.set_print_fit_to_pages(1, 0);
    // `&` begins a code in headers and footers.
    sheet.set_footer(format!("&L{}&R第 &P 页，共 &N 页", short_mark(mark)));
    Ok(())
}

/// Headers and footers hold at most 255 characters.
fn short_mark(mark: &str) -> String {
    clean(mark).replace('&', "＆").chars().take(120).collect()
}

/// Every cell is a text cell: no number loses its digits, no text becomes a
/// formula, whatever it begins with.
pub(super) fn cells(sheet: &mut Worksheet, row: u32, texts: &[String]) -> Result<(), XlsxError> {
    let text = Format::new().set_num_format("@");
    for (column, value) in (0..).zip(texts) {
        sheet.write_string_with_format(row, column, clean(value), &text)?;
    }
    Ok(())
}

/// What XML cannot carry is left out; a cell holds 32,767 characters.
fn clean(text: &str) -> String {
    let carried = |c: &char| !c.is_control() && !matches!(*c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(carried).take(32_000).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use pipeline::register::Member;

    fn family(name: &str, phone: &str) -> Family {
        let id = PersonId::from_uuid(uuid::Uuid::from_u128(1));
        Family {
            unit: Subject::Person(id),
            members: vec![Member {
                id,
                name: Some(name.to_owned()),
                kinship: Some("head"),
                sex: Some("2"),
                age: Some(52),
                counted: Some(true),
                not_counted_reason: None,
                covered: None,
                phone: Some(phone.to_owned()),
                address: None,
            }],
            hukou: None,
            residence: None,
            schemes: vec!["marginal"],
            checked_on: None,
            check_class: None,
            valid_until: None,
            next_check: register::NextCheck::Unknown(register::NoCheckDate::NoRule),
        }
    }

    fn part(bytes: &[u8], name: &str) -> String {
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        let mut file = archive.by_name(name).unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn more_rows_than_a_sheet_has_are_refused() {
        assert!(fits(FAMILIES_MAX, SHEET_ROWS).is_ok());
        for (families, members) in [(FAMILIES_MAX + 1, 1), (1, SHEET_ROWS + 1), (1, 1_048_577)] {
            let refused = fits(families, members).unwrap_err();
            assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
        }
    }

    #[test]
    fn every_cell_is_text_and_none_is_calculated() {
        let hostile = [
            "=1+1",
            "-1+1",
            "\r=1",
            "@SUM(A1)",
            "\"=1",
            "a\u{0}\u{ffff}b<c",
        ];
        let families: Vec<Family> = hostile
            .iter()
            .map(|name| family(name, "13900000000"))
            .collect();
        let number = |_| "329903198209140133".to_owned();
        let refiled = Refiled {
            rows: hostile.map(|text| vec![text.to_owned(); 37]).into(),
            ..Refiled::default()
        };
        let mark = "导出人 王某 · 2026-11-20 09:00";
        let bytes = workbook(&families, &refiled, mark, &|_| String::new(), &number).unwrap();
        for sheet in 1..=3 {
            let xml = part(&bytes, &format!("xl/worksheets/sheet{sheet}.xml"));
            let cells = xml.matches("<c r=").count();
            let texts = xml.matches(" t=\"s\"").count();
            let blanks = xml
                .split("<c r=")
                .skip(1)
                .filter(|cell| {
                    cell.split('>')
                        .next()
                        .is_some_and(|head| head.ends_with('/'))
                })
                .count();
            assert!(cells > 20, "{xml}");
            assert_eq!(cells, texts + blanks, "{xml}");
            assert!(!xml.contains("<f>") && !xml.contains("<f "), "{xml}");
            assert!(xml.contains("王某"), "the footer says who: {xml}");
        }
        let strings = part(&bytes, "xl/sharedStrings.xml");
        for text in ["329903198209140133", "13900000000", "=1+1", "-1+1", mark] {
            assert!(strings.contains(&format!(">{text}<")), "{text}: {strings}");
        }
        assert!(
            strings.contains("ab&lt;c"),
            "what XML cannot carry is left out"
        );
    }
}
