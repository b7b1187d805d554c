//! Held and rejected rows as a file of the same shape, to be corrected and sent
//! again, with two more columns: codes and message.
//!
//! Cells keep their bytes, so a row can be corrected where it is wrong and
//! nowhere else. Only what a spreadsheet would run is made harmless; decoding
//! takes the apostrophe off again. Rows of a workbook come back as CSV: in it a
//! long number stays the text it is.

use domain::record::RowNote;
use serde_json::Value as Json;

use crate::cell::is_formula_start;
use crate::charset::Charset;
use crate::header::{CODES_COLUMN, MESSAGE_COLUMN};
use crate::json::{self, Scalar};
use crate::layout::Layout;
use crate::records::{CellRange, Format, cells, unquoted};
use crate::row::{Inherited, Shape};

/// A row that was kept.
#[derive(Clone, Copy, Debug)]
pub struct KeptRow<'a> {
    /// [`crate::Row::raw`].
    pub raw: &'a [u8],
    /// [`crate::Row::inherited`].
    pub inherited: &'a [Inherited],
    /// [`crate::Row::notes`].
    pub notes: &'a [RowNote],
}

/// The file to download. `shape` is that of the import the rows came with.
pub fn returned_file<'a>(
    layout: &Layout,
    shape: &Shape,
    rows: impl IntoIterator<Item = KeptRow<'a>>,
) -> Vec<u8> {
    let mut out = Vec::new();
    match shape.format {
        Format::Csv | Format::Xlsx => {
            let table = Table::new(layout, shape);
            table.header(&mut out);
            rows.into_iter().for_each(|row| table.row(row, &mut out));
        }
        Format::Ndjson => rows
            .into_iter()
            .for_each(|row| ndjson(shape.charset, row, &mut out)),
    }
    out
}

fn codes(notes: &[RowNote]) -> String {
    notes
        .iter()
        .map(|note| note.code.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

fn message(notes: &[RowNote]) -> String {
    let one = |note: &RowNote| match &note.column {
        Some(column) => format!("{column}：{}", note.zh),
        None => note.zh.clone(),
    };
    notes.iter().map(one).collect::<Vec<_>>().join("；")
}

struct Table<'a> {
    shape: &'a Shape,
    /// Layout columns by position in the file.
    columns: Vec<Option<String>>,
    /// Positions of columns that an earlier return had added.
    own: Vec<usize>,
}

impl Table<'_> {
    fn new<'a>(layout: &Layout, shape: &'a Shape) -> Table<'a> {
        let names: Vec<String> = cells(&shape.header)
            .into_iter()
            .map(|cell| {
                let bytes = unquoted(&shape.header, cell);
                shape
                    .charset
                    .decode(&bytes)
                    .map(std::borrow::Cow::into_owned)
                    .unwrap_or_default()
            })
            .collect();
        let is_own = |name: &String| name == CODES_COLUMN || name == MESSAGE_COLUMN;
        let own = (0..names.len()).filter(|i| is_own(&names[*i])).collect();
        let columns = names
            .iter()
            .map(|name| layout.column_named(name).map(|c| layout.name(c).to_owned()))
            .collect();
        Table {
            shape,
            columns,
            own,
        }
    }

    fn header(&self, out: &mut Vec<u8>) {
        if self.shape.charset == Charset::Utf8 {
            // Spreadsheets read UTF-8 only behind its mark.
            out.extend_from_slice(b"\xEF\xBB\xBF");
        }
        let header = &self.shape.header;
        for (position, cell) in cells(header).into_iter().enumerate() {
            if !self.own.contains(&position) {
                out.extend_from_slice(&header[cell.start..cell.end]);
                out.push(b',');
            }
        }
        out.extend_from_slice(format!("{CODES_COLUMN},{MESSAGE_COLUMN}\r\n").as_bytes());
    }

    fn row(&self, row: KeptRow<'_>, out: &mut Vec<u8>) {
        let content = row.raw.strip_suffix(b"\n").unwrap_or(row.raw);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        let ranges = cells(content);
        let whole = ranges.len() == self.columns.len();
        for (position, cell) in ranges.into_iter().enumerate() {
            if whole && self.own.contains(&position) {
                continue;
            }
            let column = self
                .columns
                .get(position)
                .and_then(Option::as_deref)
                .filter(|_| whole);
            let above = row
                .inherited
                .iter()
                .find(|i| Some(i.column.as_str()) == column);
            match above {
                Some(above) => {
                    let mut text = Vec::new();
                    inert(&self.shape.charset.encode(&above.text), &mut text);
                    quoted(&text, out);
                }
                None => harmless(content, cell, out),
            }
            out.push(b',');
        }
        quoted(codes(row.notes).as_bytes(), out);
        out.push(b',');
        quoted(&self.shape.charset.encode(&message(row.notes)), out);
        out.extend_from_slice(b"\r\n");
    }
}

/// A cell's own bytes, made inert behind its quote.
fn harmless(content: &[u8], cell: CellRange, out: &mut Vec<u8>) {
    let bytes = &content[cell.start..cell.end];
    let (quote, inner) = match bytes.split_first() {
        Some((b'"', inner)) => (&bytes[..1], inner),
        _ => (&bytes[..0], bytes),
    };
    out.extend_from_slice(quote);
    inert(inner, out);
}

/// A text with an apostrophe before what a spreadsheet would run and with
/// control characters made visible.
fn inert(inner: &[u8], out: &mut Vec<u8>) {
    let starts = inner
        .iter()
        .find(|b| !matches!(b, b' '))
        .is_some_and(|b| is_formula_start(char::from(*b)));
    if starts && !is_amount(inner) {
        out.push(b'\'');
    }
    for byte in inner {
        match byte {
            0..0x09 | 0x0B | 0x0C | 0x0E..0x20 | 0x7F => {
                out.extend_from_slice(format!("\\x{byte:02X}").as_bytes());
            }
            other => out.push(*other),
        }
    }
}

/// A signed amount is no formula.
fn is_amount(inner: &[u8]) -> bool {
    let digits = inner
        .strip_prefix(b"-")
        .or_else(|| inner.strip_prefix(b"+"));
    digits.is_some_and(|d| {
        !d.is_empty()
            && d.iter()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'"'))
    })
}

/// Writes one CSV cell, in quotes where it needs them.
pub(crate) fn quoted(text: &[u8], out: &mut Vec<u8>) {
    let plain = !text
        .iter()
        .any(|b| matches!(b, b',' | b'"' | b'\r' | b'\n'));
    if plain {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// The line itself with two more keys, or, when it is no object, unchanged: a
/// line that cannot be read cannot be annotated without becoming another line.
fn ndjson(charset: Charset, row: KeptRow<'_>, out: &mut Vec<u8>) {
    let line = row.raw.trim_ascii();
    let filled = charset
        .decode(line)
        .ok()
        .and_then(|line| with_inherited(&line, row.inherited));
    let filled = filled.map(|line| charset.encode(&line).into_owned());
    let line = filled.as_deref().unwrap_or(line);
    let own = charset
        .encode(&format!(",\"{CODES_COLUMN}\":"))
        .into_owned();
    let body = match line.windows(own.len()).rposition(|window| window == own) {
        Some(position) => &line[..position],
        None => line.strip_suffix(b"}").unwrap_or(line),
    };
    if body.len() < line.len() && line.starts_with(b"{") {
        out.extend_from_slice(body);
        let comma = if body.trim_ascii() == b"{" { "" } else { "," };
        let pair = |key: &str, value: &str| format!("{}:{}", Json::from(key), Json::from(value));
        let (codes, message) = (
            pair(CODES_COLUMN, &codes(row.notes)),
            pair(MESSAGE_COLUMN, &message(row.notes)),
        );
        out.extend_from_slice(&charset.encode(&format!("{comma}{codes},{message}}}")));
    } else {
        out.extend_from_slice(line);
    }
    out.push(b'\n');
}

/// The line with the cells of the row above written out; `None` when there are
/// none or when the line has a value that could not be written back exactly.
fn with_inherited(line: &str, inherited: &[Inherited]) -> Option<String> {
    if inherited.is_empty() {
        return None;
    }
    let object = json::object(line).ok().filter(|object| !object.duplicate)?;
    let mut pairs = Vec::new();
    for (key, value) in object.entries {
        if inherited.iter().any(|above| above.column == key) {
            continue;
        }
        let value = match value {
            Scalar::Blank => "null".to_owned(),
            Scalar::Text(text) => Json::from(text).to_string(),
            Scalar::Integer(digits) => digits,
            Scalar::Wrong(_) => return None,
        };
        pairs.push(format!("{}:{value}", Json::from(key)));
    }
    let above = inherited.iter().map(|above| {
        format!(
            "{}:{}",
            Json::from(above.column.as_str()),
            Json::from(above.text.as_str())
        )
    });
    pairs.extend(above);
    Some(format!("{{{}}}", pairs.join(",")))
}
