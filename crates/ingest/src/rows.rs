//! The stream of answered rows: one piece of code for both passes.

use std::io::{Read, Seek};

use domain::money::Money;
use domain::record::{ImportHeader, RowNote};
use domain::region::Divisions;

use crate::cell::{self, Setting};
use crate::charset::{Charset, byte_mark, looks_utf8};
use crate::error::{FileError, Refusal};
use crate::header::{self, Header};
use crate::interpret::{Decoded, Interpreter, inherit};
use crate::layout::Layout;
use crate::note::note;
use crate::place::Gazetteer;
use crate::records::{Format, ROWS_MAX, RawRow, Records, Source};
use crate::row::{Row, Shape};
use crate::survey::{Judge, Survey};
use crate::texts::{Reading, Texts};
use crate::xlsx;

/// Bytes looked at before the first row, to tell format and charset.
const HEAD_BYTES: u64 = 64 * 1024;
/// Rows after which a file of unreadable text is given up.
const CHARSET_ROWS: u64 = 1000;
/// Fewer unreadable rows than these are never called a wrong charset.
const CHARSET_ROWS_MIN: u64 = 5;

/// What decoding depends on beside the bytes and the layout.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What the import says about itself.
    pub header: &'a ImportHeader,
    /// The table of divisions.
    pub divisions: &'a Divisions,
    /// Whether identity numbers of invented people (area 999001–999999) are
    /// accepted; otherwise they are `id.region`.
    pub synthetic: bool,
}

/// Answers the rows of a file one by one, in bounded memory. After an `Err` it
/// ends: nothing of a refused file may be applied.
pub struct Rows<'a, R> {
    records: Source<R>,
    reading: Reading<'a>,
    interpreter: Interpreter<'a>,
    shape: Shape,
    above: Option<Texts>,
    ended: bool,
    received: u64,
    unreadable: u64,
    since_total: Money,
    counted: Money,
    file_notes: Vec<RowNote>,
    judge: Option<Judge<'a>>,
}

/// Decodes a file on its own. Duplicates within it are not noticed: that takes
/// a [`crate::survey`] and [`crate::decode_after`].
pub fn decode<'a, R: Read + Seek>(
    input: R,
    layout: &'a Layout,
    cx: &'a Context<'a>,
) -> Result<Rows<'a, R>, FileError> {
    Rows::begin(input, layout, cx)
}

/// The second pass over the same bytes, honouring what the first found: rows
/// whose key stands twice with different content are rejected, repeated rows
/// count once. Its outcomes add up to [`Survey::counts`].
pub fn decode_after<'a, R: Read + Seek>(
    survey: &'a Survey,
    input: R,
    layout: &'a Layout,
    cx: &'a Context<'a>,
) -> Result<Rows<'a, R>, FileError> {
    let mut rows = Rows::begin(input, layout, cx)?;
    rows.judge = Some(survey.judge());
    Ok(rows)
}

impl<'a, R: Read + Seek> Rows<'a, R> {
    /// The file from its beginning. Only a workbook is sought in.
    fn begin(
        mut input: R,
        layout: &'a Layout,
        cx: &'a Context<'a>,
    ) -> Result<Rows<'a, R>, FileError> {
        let mut head = Vec::new();
        input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
        match head.as_slice() {
            [b'P', b'K', 3, 4, ..] => {
                let opened = xlsx::open(input, layout)?;
                let mut rows = Rows::over(opened.rows, Format::Xlsx, Charset::Utf8, layout, cx);
                rows.under(opened.header);
                rows.file_notes = opened.notes;
                Ok(rows)
            }
            [0xD0, 0xCF, 0x11, 0xE0, ..] => Err(xlsx::refuse_compound(&mut input, &head)),
            _ => Rows::of_lines(head, input, layout, cx),
        }
    }

    fn of_lines(
        head: Vec<u8>,
        rest: R,
        layout: &'a Layout,
        cx: &'a Context<'a>,
    ) -> Result<Rows<'a, R>, FileError> {
        let skip = byte_mark(&head)?;
        let body = &head[skip..];
        if body.iter().all(u8::is_ascii_whitespace) && (head.len() as u64) < HEAD_BYTES {
            return Err(Refusal::new("batch.empty", "文件是空的", "the file is empty").into());
        }
        let format = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Format::Ndjson,
            _ => Format::Csv,
        };
        if body.contains(&b'\r') && !body.contains(&b'\n') {
            let zh = "行尾只有回车（CR），请另存为 CRLF 或 LF 行尾的文件";
            let en = "lines end with CR only; save with CRLF or LF";
            return Err(Refusal::new("upload.format", zh, en).into());
        }
        let charset = if skip > 0 {
            Charset::Utf8
        } else {
            Charset::guess(body)
        };
        let mut records = Source::lines(Records::new(head, skip, rest, format));
        let found = match format {
            Format::Ndjson => None,
            Format::Csv | Format::Xlsx => Some(header::find(&mut records, layout, charset)?),
        };
        let mut rows = Rows::over(records, format, charset, layout, cx);
        if let Some(found) = found {
            rows.under(found);
        }
        Ok(rows)
    }

    fn over(
        records: Source<R>,
        format: Format,
        charset: Charset,
        layout: &'a Layout,
        cx: &'a Context<'a>,
    ) -> Rows<'a, R> {
        let on = cx.header.revision.business_date;
        Rows {
            records,
            reading: Reading {
                layout,
                charset,
                slots: Vec::new(),
            },
            interpreter: Interpreter {
                layout,
                setting: Setting {
                    on,
                    since: cx.header.as_of.unwrap_or(on),
                    synthetic: cx.synthetic,
                },
                gazetteer: Gazetteer::new(cx.divisions, cx.header.scope, on),
            },
            shape: Shape {
                format,
                charset,
                header: Vec::new(),
            },
            above: None,
            ended: false,
            received: 0,
            unreadable: 0,
            since_total: Money::ZERO,
            counted: Money::ZERO,
            file_notes: Vec::new(),
            judge: None,
        }
    }

    /// Says what stands in the columns.
    fn under(&mut self, header: Header) {
        self.reading.slots = header.slots;
        self.shape.header = header.bytes;
    }

    /// What is needed to make a file of the same shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Remarks about the file as a whole, complete once all rows are read.
    pub fn file_notes(&self) -> &[RowNote] {
        &self.file_notes
    }

    /// The next row with what a survey wants to know of it.
    pub(crate) fn advance(&mut self) -> Result<Option<Decoded>, FileError> {
        while let Some(row) = self.records.next_row()? {
            let nothing =
                |b: &u8| b.is_ascii_whitespace() || (*b == b',' && self.shape.format.is_table());
            // A lone Ctrl-Z is how old exporters end a file.
            if (row.flaws.is_empty() && row.content().iter().all(nothing))
                || row.content() == b"\x1A"
                || self.is_no_data(&row)
            {
                continue;
            }
            self.received += 1;
            if self.received > ROWS_MAX {
                let zh = format!("超过 {ROWS_MAX} 行");
                return Err(Refusal::new(
                    "upload.row_limit",
                    zh,
                    format!("more than {ROWS_MAX} rows"),
                )
                .into());
            }
            let decoded = self.decode(row)?;
            self.watch_charset(&decoded.row)?;
            if let Some(yuan) = decoded.yuan {
                self.since_total = self
                    .since_total
                    .checked_add(yuan)
                    .unwrap_or(self.since_total);
                self.counted = self.counted.checked_add(yuan).unwrap_or(self.counted);
            }
            return Ok(Some(decoded));
        }
        let few = self.received < CHARSET_ROWS;
        if few { self.refuse_charset() } else { Ok(()) }.map(|()| None)
    }

    /// The sum of the control amount over all rows read so far.
    pub(crate) fn counted(&self) -> Money {
        self.counted
    }

    fn decode(&mut self, row: RawRow) -> Result<Decoded, FileError> {
        let mut found = Vec::new();
        let texts = match self.shape.format {
            Format::Csv | Format::Xlsx => self.reading.csv(&row, &mut found)?,
            Format::Ndjson => self.reading.ndjson(&row, self.received == 1, &mut found)?,
        };
        let Some(mut texts) = texts else {
            self.above = None;
            return Ok(Decoded::unread(row.line, row.bytes, found));
        };
        let inherited = inherit(
            self.reading.layout,
            &mut texts,
            self.above.as_ref(),
            &mut found,
        );
        let decoded = self
            .interpreter
            .row(row.line, row.bytes, &texts, inherited, found);
        self.above = Some(texts);
        Ok(decoded)
    }

    /// A file declared or guessed wrong is refused once, not row by row.
    fn watch_charset(&mut self, row: &Row) -> Result<(), FileError> {
        if self.received > CHARSET_ROWS {
            return Ok(());
        }
        let undecodable = row.notes.iter().any(|note| note.code == "row.encoding");
        let other = self.shape.charset == Charset::Gb18030 && looks_utf8(&row.raw);
        self.unreadable += u64::from(undecodable || other);
        if self.received == CHARSET_ROWS {
            self.refuse_charset()
        } else {
            Ok(())
        }
    }

    fn refuse_charset(&self) -> Result<(), FileError> {
        if self.unreadable < CHARSET_ROWS_MIN || self.unreadable * 2 <= self.received {
            return Ok(());
        }
        let (is, guess) = (self.shape.charset.name(), self.shape.charset.other().name());
        let zh = format!("表头像是 {is}，但过半的行不是；猜测这些行是 {guess}");
        let en = format!("the header seems {is} but most rows are not; they may be {guess}");
        Err(Refusal::new("upload.charset_mismatch", zh, en).into())
    }

    /// Total, subtotal and signature rows: no data, but a total is compared.
    fn is_no_data(&mut self, row: &RawRow) -> bool {
        let layout = self.reading.layout;
        let Some(total) = layout
            .total
            .as_ref()
            .filter(|_| self.shape.format.is_table())
        else {
            return false;
        };
        let names = header::names(row, self.shape.charset);
        let squeezed: Vec<String> = names
            .iter()
            .map(|n| n.split_whitespace().collect())
            .collect();
        let Some(first) = squeezed.iter().find(|n| !n.is_empty()) else {
            return false;
        };
        let starts =
            |labels: &[String]| labels.iter().any(|label| first.starts_with(label.as_str()));
        let cell = |column| {
            let slot = self
                .reading
                .slots
                .iter()
                .position(|s| *s == header::Slot::Column(column))?;
            squeezed
                .get(slot)
                .filter(|text| !cell::is_blank(cell::clean(text)))
        };
        // A row that names a person is data, whatever its first cell says.
        if cell(layout.person).is_some() {
            return false;
        }
        let stated = layout
            .yuan_total
            .and_then(cell)
            .and_then(|text| Money::from_yuan_text(cell::clean(text)).ok());
        if starts(&total.labels) {
            if let Some(stated) = stated.filter(|s| *s != self.counted && *s != self.since_total) {
                self.file_notes
                    .push(total_note(layout, row.line, stated, self.counted));
            }
            self.since_total = Money::ZERO;
            return true;
        }
        starts(&total.subtotals) || starts(&total.footers)
    }
}

fn total_note(layout: &Layout, line: u32, stated: Money, counted: Money) -> RowNote {
    let mut note = note("total.mismatch", layout.yuan_total.map(|c| layout.name(c)));
    note.zh = format!(
        "第 {line} 行{}：合计 {stated} 元，各行相加 {counted} 元",
        note.zh
    );
    note.en = format!(
        "line {line}: {}: {stated} yuan stated, {counted} yuan in the rows",
        note.en
    );
    note
}

impl<R: Read + Seek> Iterator for Rows<'_, R> {
    type Item = Result<Row, FileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.advance() {
            Ok(Some(decoded)) => Some(Ok(match &mut self.judge {
                Some(judge) => judge.judged(decoded, &self.interpreter),
                None => decoded.row,
            })),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(error) => {
                self.ended = true;
                Some(Err(error))
            }
        }
    }
}
