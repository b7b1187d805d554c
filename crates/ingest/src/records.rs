//! Bytes to rows of bytes: one splitter for both passes and for both formats,
//! bounded, that never loses an original byte.

use std::io::{BufRead, BufReader, Chain, Cursor, Read};

use crate::error::{FileError, Refusal};
use crate::note::Code;
use crate::xlsx::SheetRows;

/// Longest row that is read.
pub(crate) const ROW_BYTES_MAX: usize = 64 * 1024;
/// Longest cell that is read.
pub(crate) const CELL_BYTES_MAX: usize = 8 * 1024;
/// Most columns a header may have.
pub(crate) const COLUMNS_MAX: usize = 256;
/// Most rows a file may have.
pub(crate) const ROWS_MAX: u64 = 20_000_000;
/// A row up to this length is rejected with all its bytes; one that is longer
/// has no end in sight and the file is refused.
pub(crate) const RAW_BYTES_MAX: usize = 1024 * 1024;

/// CSV, a workbook, or newline-delimited JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma separated.
    Csv,
    /// One sheet of a workbook, read as the CSV that shows the same cells.
    Xlsx,
    /// One JSON object per line.
    Ndjson,
}

impl Format {
    /// Whether rows are cells under a header.
    pub(crate) fn is_table(self) -> bool {
        self != Format::Ndjson
    }

    /// Name in stored and shown data.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Ndjson => "ndjson",
        }
    }
}

/// One row as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawRow {
    /// 1-based line on which it begins; of a sheet, the sheet's row.
    pub(crate) line: u32,
    /// Byte offset at which it begins, in a file of lines.
    pub(crate) offset: Option<u64>,
    /// All its bytes, line end included.
    pub(crate) bytes: Vec<u8>,
    /// Whether quoted line breaks make it span several lines.
    pub(crate) several_lines: bool,
    /// Cells that show nothing although something stands in them.
    pub(crate) flaws: Vec<(usize, Code)>,
}

impl RawRow {
    /// Its bytes without the line end.
    pub(crate) fn content(&self) -> &[u8] {
        let bytes = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        bytes.strip_suffix(b"\r").unwrap_or(bytes)
    }
}

/// Where rows come from.
pub(crate) struct Source<R> {
    kind: SourceKind<R>,
    /// A row that was looked at and not taken.
    next: Option<RawRow>,
}

enum SourceKind<R> {
    Lines(Records<R>),
    Sheet(Box<SheetRows<R>>),
}

impl<R: Read> Source<R> {
    /// Rows of a file of lines.
    pub(crate) fn lines(records: Records<R>) -> Source<R> {
        Source {
            kind: SourceKind::Lines(records),
            next: None,
        }
    }

    /// Rows of a sheet.
    pub(crate) fn sheet(rows: SheetRows<R>) -> Source<R> {
        Source {
            kind: SourceKind::Sheet(Box::new(rows)),
            next: None,
        }
    }

    /// The sheet, where it is one.
    pub(crate) fn into_sheet(self) -> Option<SheetRows<R>> {
        match self.kind {
            SourceKind::Sheet(rows) => Some(*rows),
            SourceKind::Lines(_) => None,
        }
    }

    /// The next row; `None` at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<RawRow>, FileError> {
        if let Some(row) = self.next.take() {
            return Ok(Some(row));
        }
        match &mut self.kind {
            SourceKind::Lines(records) => records.next_row(),
            SourceKind::Sheet(rows) => rows.next_row(),
        }
    }

    /// Gives back the row that was read last.
    pub(crate) fn put_back(&mut self, row: RawRow) {
        self.next = Some(row);
    }

    /// Says how many columns the header has: a sheet leaves out what is empty.
    pub(crate) fn set_width(&mut self, columns: usize) {
        if let SourceKind::Sheet(rows) = &mut self.kind {
            rows.set_width(columns);
            if let Some(next) = &mut self.next {
                let short = columns.saturating_sub(cells(next.content()).len());
                let end = next.content().len();
                next.bytes
                    .splice(end..end, std::iter::repeat_n(b',', short));
            }
        }
    }
}

/// Splits a file into rows.
pub(crate) struct Records<R> {
    input: BufReader<Chain<Cursor<Vec<u8>>, R>>,
    format: Format,
    line: u32,
    offset: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    CellStart,
    Bare,
    Quoted,
    /// Behind a quote inside quotes: an escape, or the end of the cell.
    QuoteInQuoted,
}

impl<R: Read> Records<R> {
    /// Continues after `head`, of which `skip` bytes are a charset mark.
    pub(crate) fn new(head: Vec<u8>, skip: usize, rest: R, format: Format) -> Records<R> {
        let mut cursor = Cursor::new(head);
        cursor.set_position(skip as u64);
        Records {
            input: BufReader::with_capacity(ROW_BYTES_MAX, cursor.chain(rest)),
            format,
            line: 1,
            offset: skip as u64,
        }
    }

    /// The next row, blank lines included; `None` at the end.
    pub(crate) fn next_row(&mut self) -> Result<Option<RawRow>, FileError> {
        let mut row = RawRow {
            line: self.line,
            offset: Some(self.offset),
            bytes: Vec::new(),
            several_lines: false,
            flaws: Vec::new(),
        };
        let mut at = At::CellStart;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                if at == At::Quoted {
                    return Err(never_closed(&row));
                }
                let ended = !row.bytes.is_empty();
                self.offset += row.bytes.len() as u64;
                return Ok(ended.then_some(row));
            }
            let quotes = self.format == Format::Csv;
            let (taken, ended) = scan(
                buffer,
                quotes,
                &mut at,
                &mut self.line,
                &mut row.several_lines,
            );
            row.bytes.extend_from_slice(&buffer[..taken]);
            self.input.consume(taken);
            if ended {
                self.offset += row.bytes.len() as u64;
                return Ok(Some(row));
            }
            if row.bytes.len() > RAW_BYTES_MAX {
                return Err(never_closed(&row));
            }
        }
    }
}

/// Takes bytes up to and including the end of the row.
fn scan(
    buffer: &[u8],
    quotes: bool,
    at: &mut At,
    line: &mut u32,
    several: &mut bool,
) -> (usize, bool) {
    for (index, byte) in buffer.iter().enumerate() {
        if *byte == b'\n' {
            *line = line.saturating_add(1);
            if *at != At::Quoted {
                return (index + 1, true);
            }
            *several = true;
        } else if quotes {
            *at = match (*at, *byte) {
                (At::Quoted, b'"') => At::QuoteInQuoted,
                (At::CellStart | At::QuoteInQuoted, b'"') | (At::Quoted, _) => At::Quoted,
                (_, b',') => At::CellStart,
                _ => At::Bare,
            };
        }
    }
    (buffer.len(), false)
}

fn never_closed(row: &RawRow) -> FileError {
    let zh = format!(
        "第 {} 行起的引号没有闭合，或该行没有结尾；后面的行会被吞掉",
        row.line
    );
    let en = format!(
        "a quote opened on line {} is never closed, or the line has no end",
        row.line
    );
    Refusal::new("upload.structure", zh, en)
        .at(row.line, row.offset)
        .into()
}

/// One cell of a CSV row as a range of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CellRange {
    /// First byte, the opening quote included.
    pub(crate) start: usize,
    /// Behind the last byte.
    pub(crate) end: usize,
    /// Whether it is properly quoted.
    pub(crate) quoted: bool,
    /// Whether a quote stands where none may stand.
    pub(crate) stray_quote: bool,
}

/// The cells of one CSV row without its line end.
pub(crate) fn cells(content: &[u8]) -> Vec<CellRange> {
    let mut cells = Vec::new();
    let mut start = 0;
    let (mut at, mut quoted, mut stray) = (At::CellStart, false, false);
    for (index, byte) in content.iter().enumerate() {
        match (at, *byte) {
            (At::CellStart, b'"') => (at, quoted) = (At::Quoted, true),
            (At::Quoted, b'"') => at = At::QuoteInQuoted,
            (At::QuoteInQuoted, b'"') => at = At::Quoted,
            (At::Quoted, _) => {}
            (_, b',') => {
                cells.push(CellRange {
                    start,
                    end: index,
                    quoted,
                    stray_quote: stray,
                });
                (start, at, quoted, stray) = (index + 1, At::CellStart, false, false);
            }
            (was, other) => {
                stray |= other == b'"' || was == At::QuoteInQuoted;
                at = At::Bare;
            }
        }
    }
    stray |= at == At::Quoted;
    cells.push(CellRange {
        start,
        end: content.len(),
        quoted,
        stray_quote: stray,
    });
    cells
}

/// The bytes a cell means: quotes taken off, doubled quotes made one.
pub(crate) fn unquoted(content: &[u8], cell: CellRange) -> Vec<u8> {
    let bytes = &content[cell.start..cell.end];
    if !cell.quoted || cell.stray_quote || bytes.len() < 2 {
        return bytes.to_vec();
    }
    let inner = &bytes[1..bytes.len() - 1];
    let mut out = Vec::with_capacity(inner.len());
    let mut escaped = false;
    for byte in inner {
        escaped = *byte == b'"' && !escaped;
        if !escaped {
            out.push(*byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(bytes: &[u8]) -> Result<Vec<RawRow>, FileError> {
        let mut records = Records::new(bytes.to_vec(), 0, std::io::empty(), Format::Csv);
        std::iter::from_fn(|| records.next_row().transpose()).collect()
    }

    fn split(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
        let cut = |row: &RawRow| {
            let content = row.content();
            cells(content)
                .into_iter()
                .map(|c| unquoted(content, c))
                .collect()
        };
        rows(bytes).unwrap().iter().map(cut).collect()
    }

    #[test]
    fn an_unclosed_quote_names_its_line_and_offset() {
        let FileError::Refused(refusal) = rows(b"a,b\nc,d\ne,\"f\ng,h\n").unwrap_err() else {
            panic!("refused")
        };
        assert_eq!(
            (refusal.code, refusal.line, refusal.offset),
            ("upload.structure", Some(3), Some(8))
        );
    }

    #[test]
    fn quoted_breaks_belong_to_the_row() {
        let rows = rows(b"a,\"b\r\nc\"\r\nd,e").unwrap();
        assert_eq!(
            rows.iter()
                .map(|r| (r.line, r.several_lines))
                .collect::<Vec<_>>(),
            [(1, true), (3, false)]
        );
        assert!(cells(b"a\"b,c")[0].stray_quote && cells(b"\"a\"b,c")[0].stray_quote);
        assert!(!cells(b"\"a\"\"b\",c")[0].stray_quote);
    }

    proptest! {
        // The splitter has an outside judge: the csv crate on what the csv crate wrote.
        #[test]
        fn another_reader_sees_the_same_cells(table in prop::collection::vec(prop::collection::vec("[a-c,\"\n 号]{0,5}", 3), 1..6)) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let expected: Vec<Vec<Vec<u8>>> = table.iter().map(|r| r.iter().map(|c| c.clone().into_bytes()).collect()).collect();
            prop_assert_eq!(split(&bytes), expected);
        }

        #[test]
        fn no_byte_is_lost(bytes in prop::collection::vec(prop::sample::select(b"a,\"\r\n\xC3".to_vec()), 0..60)) {
            if let Ok(rows) = rows(&bytes) {
                let joined: Vec<u8> = rows.into_iter().flat_map(|r| r.bytes).collect();
                prop_assert_eq!(joined, bytes);
            }
        }
    }
}
