//! 公示 and 公布: files for a notice board. The only files that carry no mark of
//! who made them, and so the only ones that may leave the office.
//!
//! What can stand in them is decided by types ([`domain::publicity`]) and a
//! table of documents; the file is then opened again as a stranger would, and
//! thrown away if anything in it could be the number of a person.

use std::collections::BTreeMap;
use std::io::Read as _;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::authority::{Grant, Officer, Operation};
use domain::ids::{HouseholdId, Subject};
use domain::publicity::{Candidate, Event, Kind, LeftOut, Line, Rule};
use domain::region::DivisionCode;
use domain::time::add_days;
use pipeline::register::{self, Family, Filter};
use rust_xlsxwriter::{Format, FormatAlign, Workbook, XlsxError};
use serde::Deserialize;
use utoipa::ToSchema;
use vault::reread;

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::StrictJson;

/// Families of one file.
const LINES_MAX: usize = 500;
/// Longest note, in characters.
const NOTE_MAX: usize = 200;
/// Titles of the columns.
const TITLES: [&str; 4] = ["户主姓名", "保障人数", "月保障金额（类别）", "村（社区）"];

/// What is to be published.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicationBody {
    /// Code of the scheme: `subsistence`, `extreme_difficulty`.
    pub(crate) scheme: String,
    /// `entry` or `termination`.
    pub(crate) event: String,
    /// `notice` (公示, before) or `announcement` (公布, after).
    pub(crate) kind: String,
    /// The township, for county officers.
    #[serde(default)]
    pub(crate) township: Option<String>,
    /// Which families, at most 500.
    pub(crate) households: Vec<Chosen>,
    /// Words for the board, at most 200 characters: where to object, no number.
    #[serde(default)]
    pub(crate) note: String,
    /// `xlsx` or `html`.
    pub(crate) format: String,
}

/// One family.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// Household.
    pub(crate) id: String,
    /// Monthly amount in fen, if it is decided.
    #[serde(default)]
    pub(crate) amount_fen: Option<i64>,
}

/// A file to be made: its rows, and who is not in it and why.
pub(crate) struct Publication {
    pub(crate) rule: Rule,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) left: Vec<(Subject, LeftOut)>,
}

/// Makes a file for a notice board. Disclosing. Who is left out and why is
/// counted in the header `Hearth-Left-Out`.
#[utoipa::path(post, path = "/api/v1/publications", tag = "people", request_body = PublicationBody, responses((status = 200, description = "the file"), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn publish(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<PublicationBody>,
) -> Answered<Response> {
    let publication = compose(&app, &caller, &body).await?;
    file(&publication, &body.format)
}

/// Checks what is asked, discloses, and makes the rows.
pub(crate) async fn compose(
    app: &App,
    caller: &Caller,
    body: &PublicationBody,
) -> Answered<Publication> {
    let publicity = &app.deps.publicity;
    let rule = publicity.rule(&body.scheme, &body.event, &body.kind);
    let rule = rule.cloned().ok_or_else(|| {
        unpublished(
            "publication.not_published",
            "该类事项依法不公示、不公布",
            "nothing of this kind is published",
        )
    })?;
    let hidden =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if body.note.chars().count() > NOTE_MAX || body.note.chars().any(hidden) {
        return Err(Problem::bad(
            "publication.note",
            "说明过长或含有控制字符",
            "the note is too long or has control characters",
        ));
    }
    if body.households.is_empty() || body.households.len() > LINES_MAX {
        return Err(Problem::bad(
            "param.range",
            "请选择1至500户",
            "choose 1 to 500 families",
        ));
    }
    let grant = granted(caller, &rule, body.township.as_deref().unwrap_or_default())?;
    let mut chosen: BTreeMap<Subject, Option<i64>> = BTreeMap::new();
    for one in &body.households {
        let id: HouseholdId = one.id.parse().map_err(|_| Problem::not_found())?;
        chosen.insert(Subject::Household(id), one.amount_fen);
    }
    let families = families(app, &grant, &chosen).await?;
    let shown: Vec<Subject> = families
        .iter()
        .flat_map(|family| {
            let head = family.head().map(|head| Subject::Person(head.id));
            std::iter::once(family.unit).chain(head)
        })
        .collect();
    app.discloser
        .disclose(&grant, &shown, &caller.request)
        .await?;
    Ok(assembled(app, &grant, rule, &families, &chosen, &body.note))
}

/// Authority for one publication, of one township where one is chosen.
fn granted(caller: &Caller, rule: &Rule, township: &str) -> Answered<Grant> {
    let purpose = format!(
        "publication:{}:{}:{}",
        rule.scheme,
        rule.event_name(),
        rule.kind_name()
    );
    let grant = caller.officer.authorize(Operation::Publish, &purpose)?;
    if township.is_empty() {
        return Ok(grant);
    }
    let place = DivisionCode::parse(township)
        .ok_or_else(|| Problem::bad("param.township", "区划代码不对", "not a division code"))?;
    if !grant.covers(place) {
        return Err(Problem::not_found());
    }
    let officer = Officer {
        regions: vec![place],
        ..caller.officer.clone()
    };
    Ok(officer.authorize(Operation::Publish, &purpose)?)
}

/// The chosen families; one that is not the caller's, or nobody's, is not found.
async fn families(
    app: &App,
    grant: &Grant,
    chosen: &BTreeMap<Subject, Option<i64>>,
) -> Answered<Vec<Family>> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let window = register::window(&app.deps, grant, &Filter::default(), from).await?;
        let wanted = window.families.into_iter();
        found.extend(wanted.filter(|family| chosen.contains_key(&family.unit)));
        from = window.next;
        if from.is_none() || found.len() == chosen.len() {
            break;
        }
    }
    if found.len() != chosen.len() {
        return Err(Problem::not_found());
    }
    Ok(found)
}

fn assembled(
    app: &App,
    grant: &Grant,
    rule: Rule,
    families: &[Family],
    chosen: &BTreeMap<Subject, Option<i64>>,
    note: &str,
) -> Publication {
    let today = app.deps.clock.today();
    let name = |code: DivisionCode| {
        let village = app.deps.divisions.name(code, today);
        match code.township().filter(|town| *town != code) {
            Some(town) => format!("{}{village}", app.deps.divisions.name(town, today)),
            None => village,
        }
    };
    let mut lines = Vec::new();
    let mut left = Vec::new();
    for family in families {
        match line(&rule, family, chosen.get(&family.unit).copied().flatten()) {
            Ok(line) => lines.push(line.cells(&rule, &name).to_vec()),
            Err(why) => left.push((family.unit, why)),
        }
    }
    let places: Vec<String> = grant.regions().iter().map(|code| name(*code)).collect();
    let day = |day: domain::time::Date| format!("{}年{}月{}日", day.year(), day.month(), day.day());
    let period = match rule.days {
        Some(days) => format!(
            "公示期{days}天：{}至{}",
            day(today),
            day(add_days(today, i32::from(days) - 1))
        ),
        None => format!("公布日期：{}", day(today)),
    };
    let mut rows = vec![
        vec![format!("{}{}", places.join("、"), rule.title())],
        vec![period],
        TITLES.map(str::to_owned).to_vec(),
    ];
    rows.extend(lines);
    rows.push(vec![format!("依据：{}{}", rule.document, rule.article)]);
    if !note.trim().is_empty() {
        rows.push(vec![note.trim().to_owned()]);
    }
    Publication { rule, rows, left }
}

fn line(rule: &Rule, family: &Family, amount_fen: Option<i64>) -> Result<Line, LeftOut> {
    // Before a family enters a scheme it is in none.
    let enters = (rule.event, rule.kind) == (Event::Entry, Kind::Notice);
    if !enters && !family.schemes.contains(&rule.scheme) {
        return Err(LeftOut::NotInScheme);
    }
    let head = family.head();
    let covered = family.members.iter().filter(|m| m.covered == Some(true));
    let candidate = Candidate {
        head: head
            .and_then(|head| head.name.as_deref())
            .unwrap_or_default(),
        age: head.and_then(|head| head.age),
        covered: covered.count(),
        amount_fen,
        place: family.hukou,
    };
    Line::of(&candidate, rule)
}

fn unpublished(code: &str, zh: &str, en: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, zh, en)
}

/// The file of a publication, read again before it leaves.
pub(crate) fn file(publication: &Publication, format: &str) -> Answered<Response> {
    let bytes = publishable(&publication.rows, format)?;
    let (kind, disposition) = if format == "xlsx" {
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "attachment; filename=\"publication.xlsx\"; filename*=UTF-8''%E5%85%AC%E7%A4%BA.xlsx",
        )
    } else {
        ("text/html; charset=utf-8", "inline")
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let mut response = (headers, bytes).into_response();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, why) in &publication.left {
        *counts.entry(why.name()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(why, n)| format!("{why}={n}")).collect();
    if let Ok(value) = HeaderValue::from_str(&counts.join(",")) {
        let name = HeaderName::from_static("hearth-left-out");
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Renders rows and reads the file again: one that holds what could be the
/// number of a person is refused. `format` is `xlsx` or `html`.
pub fn publishable(rows: &[Vec<String>], format: &str) -> Answered<Vec<u8>> {
    let internal = || {
        unpublished(
            "publication.unreadable",
            "文件无法复核，未生成",
            "the file could not be read again",
        )
    };
    let (bytes, holds) = match format {
        "xlsx" => {
            let bytes = sheet(rows).map_err(|_| internal())?;
            let holds = sheet_holds_number(&bytes).ok_or_else(internal)?;
            (bytes, holds)
        }
        "html" => {
            let page = NoticePage { rows }.render().map_err(|_| internal())?;
            let holds = page_holds_number(&page);
            (page.into_bytes(), holds)
        }
        _ => {
            return Err(Problem::bad(
                "param.format",
                "格式为 xlsx 或 html",
                "the format is xlsx or html",
            ));
        }
    };
    if holds {
        tracing::warn!("a publication that holds what could be a person's number was refused");
        return Err(unpublished(
            "publication.number",
            "文件中有疑似证件号码、电话或账号的数字，已拒绝生成，请更正姓名或说明",
            "the file holds what could be an identity, telephone or account number",
        ));
    }
    Ok(bytes)
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    rows: &'a [Vec<String>],
}

fn sheet(rows: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("公示")?;
    let text = Format::new()
        .set_num_format("@")
        .set_align(FormatAlign::Center);
    for (row, cells) in (0..).zip(rows) {
        if let ([only], Ok(last)) = (cells.as_slice(), u16::try_from(TITLES.len() - 1)) {
            sheet.merge_range(row, 0, row, last, &carried(only), &text)?;
            continue;
        }
        for (column, value) in (0..).zip(cells) {
            sheet.write_string_with_format(row, column, carried(value), &text)?;
        }
    }
    for (column, width) in [(0, 14.0), (1, 10.0), (2, 22.0), (3, 28.0)] {
        sheet.set_column_width(column, width)?;
    }
    sheet.set_paper_size(9);
    sheet.set_print_fit_to_pages(1, 0);
    book.save_to_buffer()
}

/// What XML can carry.
fn carried(text: &str) -> String {
    let carried = |c: &char| !c.is_control() && !matches!(*c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(carried).take(32_000).collect()
}

/// Opens the workbook and reads every text in it; `None` when it cannot be read.
fn sheet_holds_number(bytes: &[u8]) -> Option<bool> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).ok()?;
        let name = part.name().ok()?.into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).ok()?;
        parts.insert(name, text);
    }
    let strings = parts.get("xl/sharedStrings.xml").map_or("", String::as_str);
    let strings: Vec<String> = strings
        .split("<si>")
        .skip(1)
        .map(|item| texts(item).concat())
        .collect();
    for (name, part) in &parts {
        if name.starts_with("xl/worksheets/") {
            let rows = cells(part, &strings)?;
            let rest = part.split("</sheetData>").nth(1).unwrap_or_default();
            if reread::table_holds_number(&rows)
                || reread::holds_number(texts(rest).iter().map(String::as_str))
            {
                return Some(true);
            }
        } else if texts(part)
            .iter()
            .any(|text| reread::holds_number([text.as_str()]))
        {
            return Some(true);
        }
    }
    Some(false)
}

/// The cells of a sheet as texts, row by row.
fn cells(part: &str, strings: &[String]) -> Option<Vec<Vec<String>>> {
    let data = part.split("</sheetData>").next().unwrap_or_default();
    let row = |row: &str| -> Option<Vec<String>> {
        let cells = row.split("<c ").skip(1);
        cells
            .map(|cell| {
                let attributes = cell.split('>').next().unwrap_or_default();
                let value = texts(&format!("<c {cell}")).concat();
                if attributes.contains("t=\"s\"") {
                    strings.get(value.trim().parse::<usize>().ok()?).cloned()
                } else {
                    Some(value)
                }
            })
            .collect()
    };
    data.split("<row ").skip(1).map(row).collect()
}

/// Reads a page as its reader does.
fn page_holds_number(page: &str) -> bool {
    let rows: Vec<Vec<String>> = page
        .split("<tr")
        .skip(1)
        .map(|row| {
            let cells = row.split("<td").flat_map(|part| part.split("<th")).skip(1);
            cells
                .map(|cell| texts(&format!("<td{cell}")).concat())
                .collect()
        })
        .collect();
    reread::table_holds_number(&rows)
        || reread::holds_number(texts(page).iter().map(String::as_str))
}

/// The texts between tags, with entities read.
fn texts(markup: &str) -> Vec<String> {
    let pieces = markup.split('<').filter_map(|piece| piece.split_once('>'));
    pieces.map(|(_, text)| unescaped(text)).collect()
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or(("", part));
        let number =
            entity
                .strip_prefix('#')
                .and_then(|code| match code.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => code.parse().ok(),
                });
        match (entity, number.and_then(char::from_u32)) {
            (_, Some(c)) => plain.push(c),
            ("lt", _) => plain.push('<'),
            ("gt", _) => plain.push('>'),
            ("quot", _) => plain.push('"'),
            ("apos", _) => plain.push('\''),
            _ => plain.push('&'),
        }
        plain.push_str(rest);
    }
    plain
}
