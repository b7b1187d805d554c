//! The rows of one sheet as the lines of a CSV file: one row in memory, cells
//! as the texts they show, line numbers as the sheet's own.

use std::io::Read;

use super::archive::{EXPANSION_MAX, PartReader};
use super::book::{Book, Shown, Texts, unescaped};
use super::number;
use super::xml::{Step, Tag, Xml};
use super::{Stopped, TEXT_BYTES_MAX, odd};
use crate::error::{FileError, Refusal};
use crate::note::Code;
use crate::records::{COLUMNS_MAX, RAW_BYTES_MAX, RawRow};
use crate::returned::quoted;

/// Rows a sheet can have.
const SHEET_ROWS_MAX: u32 = 1_048_576;
/// Text a workbook may show whatever its size. Beyond it the same bound holds
/// as for unpacking: one shared text named a million times is a bomb too.
const TEXT_BYTES_FREE: u64 = 16 * 1024 * 1024;

/// What kind of value a cell says it has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    #[default]
    Number,
    Shared,
    Inline,
    Text,
    Flag,
    Other,
}

/// A cell being read.
#[derive(Debug, Default)]
struct Open {
    column: usize,
    kind: Kind,
    shown: Shown,
    value: String,
    has_value: bool,
    has_formula: bool,
}

/// Reads one sheet.
pub(crate) struct SheetRows<R> {
    xml: Xml<R>,
    book: Book,
    number: u32,
    /// Columns of the header; rows are filled up to it.
    width: usize,
    /// Bytes of text that may still be shown.
    left: u64,
}

impl<R: Read> SheetRows<R> {
    pub(super) fn new(part: PartReader<R>, book: Book, packed: u64) -> SheetRows<R> {
        SheetRows {
            xml: Xml::new(part),
            book,
            number: 0,
            width: 0,
            left: TEXT_BYTES_FREE + packed.saturating_mul(EXPANSION_MAX),
        }
    }

    /// The book again, to read another of its sheets.
    pub(super) fn into_book(self) -> Book {
        self.book
    }

    /// From here on every row has at least this many cells.
    pub(crate) fn set_width(&mut self, columns: usize) {
        self.width = columns;
    }

    /// The next row in which anything stands.
    pub(crate) fn next_row(&mut self) -> Result<Option<RawRow>, FileError> {
        let mut cells: Vec<(usize, String)> = Vec::new();
        let mut flaws: Vec<(usize, Code)> = Vec::new();
        let (mut bytes, mut next_column) = (0, 0);
        loop {
            match self.xml.step()? {
                Step::Open(tag) if tag.name() == "row" => {
                    self.number = row_number(&tag, self.number)?;
                    next_column = 0;
                }
                Step::Open(tag) if tag.name() == "c" => {
                    let open = open_cell(&tag, next_column, &self.book.shown)?;
                    next_column = open.column + 1;
                    let open = read_cell(&mut self.xml, open)?;
                    let (column, text, flaw) = self.shown(open)?;
                    flaws.extend(flaw.map(|code| (column, code)));
                    if !text.is_empty() || flaw.is_some() {
                        bytes += text.len();
                        if bytes > RAW_BYTES_MAX {
                            return Err(self.too_long());
                        }
                        cells.push((column, text));
                    }
                }
                Step::Close(tag) if tag.name() == "row" && !cells.is_empty() => {
                    return self.row(&cells, flaws).map(Some);
                }
                // Read to the end: only then is it known to be whole.
                Step::End => return Ok(None),
                _ => {}
            }
        }
    }

    fn too_long(&self) -> FileError {
        let zh = format!("第 {} 行超过 1 MiB", self.number);
        let en = format!("row {} is longer than 1 MiB", self.number);
        let refusal = Refusal::new("upload.structure", zh, en);
        refusal.at(self.number, None).into()
    }

    /// The text a cell shows, or what is wrong with it.
    fn shown(&self, open: Open) -> Result<(usize, String, Option<Code>), FileError> {
        let column = open.column;
        let value = open.value.trim();
        let computed = !value.is_empty() || (open.kind == Kind::Text && open.has_value);
        if open.has_formula && !computed {
            return Ok((column, String::new(), Some("cell.formula")));
        }
        let text = match open.kind {
            Kind::Shared | Kind::Flag if value.is_empty() => String::new(),
            Kind::Shared => {
                let index = value.parse().ok();
                let text = index.and_then(|index| self.book.shared.get(index));
                text.ok_or_else(odd)?.to_owned()
            }
            Kind::Inline | Kind::Other => open.value,
            Kind::Text => unescaped(open.value),
            Kind::Flag => if matches!(value, "1" | "true") {
                "是"
            } else {
                "否"
            }
            .to_owned(),
            Kind::Number => match open.shown {
                _ if value.is_empty() => String::new(),
                Shown::Number => number::plain(value),
                shown => number::day(value, self.book.from_1904, shown == Shown::Time),
            },
        };
        Ok((column, text, None))
    }

    fn row(
        &mut self,
        cells: &[(usize, String)],
        flaws: Vec<(usize, Code)>,
    ) -> Result<RawRow, FileError> {
        let last = cells.last().map_or(0, |(column, _)| column + 1);
        let mut bytes = Vec::new();
        let mut filled = cells.iter().peekable();
        for column in 0..last.max(self.width) {
            if column > 0 {
                bytes.push(b',');
            }
            if let Some((_, text)) = filled.next_if(|(at, _)| *at == column) {
                quoted(text.as_bytes(), &mut bytes);
            }
        }
        bytes.extend_from_slice(b"\r\n");
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or_else(|| Stopped::Expansion.refusal())?;
        Ok(RawRow {
            line: self.number,
            offset: None,
            bytes,
            several_lines: false,
            flaws,
        })
    }
}

fn row_number(tag: &Tag<'_>, before: u32) -> Result<u32, FileError> {
    let number = match tag.attribute("r") {
        Some(text) => text.parse().map_err(|_| odd())?,
        None => before + 1,
    };
    if number > before && number <= SHEET_ROWS_MAX {
        Ok(number)
    } else {
        Err(odd())
    }
}

/// Column of `BC12`, from 0.
fn column_of(reference: &str) -> Option<usize> {
    let letters: &str = reference.trim_end_matches(|c: char| c.is_ascii_digit());
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let add = |column: Option<usize>, letter: u8| {
        let digit = letter
            .is_ascii_uppercase()
            .then(|| usize::from(letter - b'A') + 1)?;
        Some(column? * 26 + digit)
    };
    letters.bytes().fold(Some(0), add)?.checked_sub(1)
}

fn open_cell(tag: &Tag<'_>, next: usize, shown: &[Shown]) -> Result<Open, FileError> {
    let column = match tag.attribute("r") {
        Some(reference) => column_of(&reference).ok_or_else(odd)?,
        None => next,
    };
    // All that stands beyond the last column we read stands in one place.
    let column = column.min(COLUMNS_MAX);
    if column < next.min(COLUMNS_MAX) {
        return Err(odd());
    }
    let kind = match tag.attribute("t").as_deref() {
        None | Some("n") => Kind::Number,
        Some("s") => Kind::Shared,
        Some("inlineStr") => Kind::Inline,
        Some("str") => Kind::Text,
        Some("b") => Kind::Flag,
        Some(_) => Kind::Other,
    };
    let style = tag
        .attribute("s")
        .and_then(|style| style.parse::<usize>().ok());
    let shown = style.and_then(|style| shown.get(style)).copied();
    Ok(Open {
        column,
        kind,
        shown: shown.unwrap_or_default(),
        ..Open::default()
    })
}

/// Reads what stands in a cell, up to its end.
fn read_cell<R: Read>(xml: &mut Xml<R>, mut open: Open) -> Result<Open, FileError> {
    let mut texts = Texts::default();
    let mut in_value = false;
    loop {
        match xml.step()? {
            Step::Open(tag) => {
                in_value = tag.name() == "v";
                open.has_value |= in_value;
                open.has_formula |= tag.name() == "f";
                texts.open(&tag);
            }
            Step::Text(piece) if in_value => {
                open.value.push_str(&piece);
                if open.value.len() > TEXT_BYTES_MAX {
                    return Err(odd());
                }
            }
            Step::Text(piece) => texts.push(&piece)?,
            Step::Close(tag) if tag.name() == "c" => break,
            Step::Close(tag) => {
                in_value = false;
                texts.close(tag.name());
            }
            Step::End => return Err(odd()),
        }
    }
    if open.kind == Kind::Inline {
        open.value = texts.take();
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_by_their_letters() {
        for (reference, column) in [("A1", 0), ("Z9", 25), ("AA10", 26), ("XFD1048576", 16_383)] {
            assert_eq!(column_of(reference), Some(column), "{reference}");
        }
        for reference in ["1", "", "a1", "ABCD1", "A1B2", "号1"] {
            assert_eq!(column_of(reference), None, "{reference}");
        }
    }
}
