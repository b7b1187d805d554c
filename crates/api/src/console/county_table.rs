//! The county's table as an Excel file: numbers of desks and policies, nobody's
//! name. In the order of the division table, never of merit.

use axum::extract::State;
use domain::authority::Operation;
use pipeline::standing::{self, DeskStanding};
use rust_xlsxwriter::{Workbook, XlsxError};

use super::county::{desk_names, policy_title, truth};
use super::export::{cells, download, head, unwritten};
use super::refusal::{Paged, Refusal};
use super::visitor::Visitor;
use super::words;
use crate::app::App;

const DESKS: [(&str, u16); 7] = [
    ("镇（街道）", 18),
    ("未签收", 10),
    ("办理中", 10),
    ("超期", 10),
    ("无法核实", 10),
    ("属实率", 18),
    ("存量待派发", 12),
];
const POLICIES: [(&str, u16); 7] = [
    ("事项", 30),
    ("未签收", 10),
    ("办理中", 10),
    ("超期", 10),
    ("无法核实", 10),
    ("属实率", 18),
    ("存量待派发", 12),
];

/// `GET /county/table.xlsx`.
pub(super) async fn file(State(app): State<App>, Visitor(caller): Visitor) -> Paged {
    let grant = caller.grant(Operation::ReadAlerts)?;
    let standing = standing::standing(&app.deps, &grant).await?;
    let sample = if app.deps.settings.synthetic {
        "演示数据。"
    } else {
        ""
    };
    let mark = format!(
        "{sample}全县办理情况 · {} · 导出人 {} · 期限多为平台默认，非法定，不作为考核依据",
        words::minute(app.deps.clock.now()),
        caller.officer.name
    );
    let none = DeskStanding::default();
    let desks = desk_names(&app, &caller.officer.regions, &standing);
    let desks = desks.into_iter().map(|(code, name)| {
        let of = standing.desks.get(&code).unwrap_or(&none);
        row(name, of)
    });
    let policies = standing.policies.iter();
    let policies = policies.map(|(id, of)| row(policy_title(&app, id), of));
    let sheets = [
        ("各镇（街道）", &DESKS, desks.collect::<Vec<_>>()),
        ("各事项", &POLICIES, policies.collect()),
    ];
    let bytes = workbook(&sheets, &mark).map_err(|error| Refusal(unwritten(&error)))?;
    Ok(download(
        bytes,
        "county",
        "%E5%85%A8%E5%8E%BF%E6%83%85%E5%86%B5",
    ))
}

fn row(name: String, of: &DeskStanding) -> Vec<String> {
    vec![
        name,
        of.raised.to_string(),
        of.begun.to_string(),
        of.overdue.to_string(),
        of.unverifiable.to_string(),
        truth(of),
        of.held.to_string(),
    ]
}

type Sheet<'a> = (&'a str, &'a [(&'a str, u16); 7], Vec<Vec<String>>);

fn workbook(sheets: &[Sheet<'_>], mark: &str) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    for (name, columns, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name)?;
        head(sheet, *columns, mark)?;
        for (at, row) in (2..).zip(rows) {
            cells(sheet, at, row)?;
        }
    }
    book.save_to_buffer()
}
