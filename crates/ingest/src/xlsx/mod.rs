//! A workbook (.xlsx) as the lines of a CSV file.
//!
//! The sheet is read row by row and every row is written as the CSV line that
//! shows the same cells; from there on both kinds of file are read by the same
//! code. Nothing in a workbook is run, looked up or fetched: a formula counts
//! by the value kept beside it. What is unpacked, how deep and how long it is,
//! is bounded before it is believed.

mod archive;
mod book;
mod number;
mod sheet;
mod xml;

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use domain::record::RowNote;

use crate::charset::Charset;
use crate::error::{FileError, Refusal};
use crate::header::{self, Header};
use crate::layout::Layout;
use crate::note::note;
use crate::records::Source;

use archive::Archive;
use book::{Book, Sheet};
pub(crate) use sheet::SheetRows;

/// Longest text of a cell: 32,767 characters.
const TEXT_BYTES_MAX: usize = 32_767 * 4;

/// Why reading stopped in the middle of a part; travels through the readers of
/// other crates as an input error.
#[derive(Clone, Copy, Debug)]
enum Stopped {
    Expansion,
    Damaged,
    Xml,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the workbook goes beyond what is read")
    }
}

impl std::error::Error for Stopped {}

impl From<Stopped> for io::Error {
    fn from(stopped: Stopped) -> io::Error {
        io::Error::other(stopped)
    }
}

impl Stopped {
    fn refusal(self) -> FileError {
        match self {
            Stopped::Expansion => {
                let zh = "解压后的内容远大于文件本身，不是普通的名册";
                let en = "the workbook unpacks to far more than its size";
                Refusal::new("upload.expansion_limit", zh, en).into()
            }
            Stopped::Damaged => damaged(),
            Stopped::Xml => odd(),
        }
    }
}

fn damaged() -> FileError {
    let zh = "XLSX 不完整或已损坏，请重新保存后再报";
    let en = "the workbook is cut or damaged; save it again";
    Refusal::new("upload.damaged", zh, en).into()
}

fn odd() -> FileError {
    let zh = "XLSX 的内部结构不是办公软件所写的，请另存为 CSV 再报";
    let en = "the workbook is built as no office program builds it; save it as CSV";
    Refusal::new("upload.xml", zh, en).into()
}

fn too_much_text() -> FileError {
    let zh = "表格中的文字超过 32 MiB，请另存为 CSV 再报";
    let en = "more than 32 MiB of shared text; save it as CSV";
    Refusal::new("upload.size", zh, en).into()
}

fn not_a_workbook() -> FileError {
    let zh = "压缩文件里没有 Excel 表格（.xlsx），请解压后上传，或另存为 .xlsx 或 CSV";
    let en = "no .xlsx workbook is inside; unpack it, or save it as .xlsx or CSV";
    Refusal::new("upload.format", zh, en).into()
}

/// What went wrong in a reader: the reason to stop, an input error, or XML
/// that is none.
fn fault(error: quick_xml::Error) -> FileError {
    let quick_xml::Error::Io(error) = error else {
        return odd();
    };
    if let Some(stopped) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Stopped>())
    {
        return stopped.refusal();
    }
    match error.kind() {
        // The bytes of a part that do not unpack, or end too early.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            damaged()
        }
        kind => FileError::Io(kind.into()),
    }
}

/// A compound file is a workbook of the old kind, or an encrypted one: its
/// directory says which.
pub(crate) fn refuse_compound<R: Read + Seek>(input: &mut R, head: &[u8]) -> FileError {
    let word = |at: usize| head.get(at..at + 4).and_then(|b| b.first_chunk::<4>());
    let shift = head.get(30).copied().unwrap_or(9).clamp(7, 20);
    let sector = word(48).map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
    let mut directory = Vec::new();
    let found = input
        .seek(SeekFrom::Start((sector + 1) << shift))
        .and_then(|_| input.take(1 << 16).read_to_end(&mut directory));
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let named = |bytes: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    if found.is_ok() && (named(&directory) || named(head)) {
        return archive::encrypted();
    }
    let zh = "这是旧版 .xls 表格，请另存为 .xlsx 或 CSV 再报";
    let en = "this is an old .xls workbook; save it as .xlsx or CSV";
    Refusal::new("upload.format", zh, en).into()
}

/// A workbook opened at the first row below its header.
pub(crate) struct Opened<R> {
    pub(crate) rows: Source<R>,
    pub(crate) header: Header,
    /// What to tell about its other sheets.
    pub(crate) notes: Vec<RowNote>,
}

/// Opens the one visible sheet that has the layout.
///
/// Two such sheets are refused, not read in part: in a complete list, whoever
/// stands on the unread sheet would be taken for having left. A sheet with a
/// drifted header counts when most columns that a row needs stand in it.
pub(crate) fn open<R: Read + Seek>(mut input: R, layout: &Layout) -> Result<Opened<R>, FileError> {
    let archive = Archive::read(&mut input)?;
    if archive.has("vbaproject") {
        let (zh, en) = (
            "表格含有宏，请另存为不含宏的 .xlsx",
            "the workbook has macros; save it without",
        );
        return Err(Refusal::new("upload.macro", zh, en).into());
    }
    let mut book = Book::read(&archive, &mut input)?;
    let sheets = std::mem::take(&mut book.sheets);
    let (visible, hidden): (Vec<_>, Vec<_>) = sheets.into_iter().partition(|sheet| !sheet.hidden);
    let mut fitting: Vec<(&Sheet, Option<FileError>)> = Vec::new();
    for sheet in &visible {
        let rows = SheetRows::new(sheet.part.open(&mut input)?, book, archive.packed);
        let mut rows = Source::sheet(rows);
        let found = header::find(&mut rows, layout, Charset::Utf8);
        book = rows
            .into_sheet()
            .map(SheetRows::into_book)
            .ok_or_else(odd)?;
        match found {
            Ok(_) => fitting.push((sheet, None)),
            Err(error) if !error.code().starts_with("drift.") => return Err(error),
            Err(error) if visible.len() == 1 => fitting.push((sheet, Some(error))),
            Err(error) => {
                let rows = SheetRows::new(sheet.part.open(&mut input)?, book, archive.packed);
                let mut rows = Source::sheet(rows);
                if header::is_meant(&mut rows, layout, Charset::Utf8)? {
                    fitting.push((sheet, Some(error)));
                }
                book = rows
                    .into_sheet()
                    .map(SheetRows::into_book)
                    .ok_or_else(odd)?;
            }
        }
    }
    let (chosen, refused) = match <[_; 1]>::try_from(fitting) {
        Ok([one]) => one,
        Err(several) => return Err(refused_sheets(layout, &several)),
    };
    if let Some(error) = refused {
        return Err(error);
    }
    let rows = SheetRows::new(chosen.part.open(input)?, book, archive.packed);
    let mut rows = Source::sheet(rows);
    let header = header::find(&mut rows, layout, Charset::Utf8)?;
    rows.set_width(header.slots.len());
    let others = visible.iter().filter(|sheet| sheet.name != chosen.name);
    let others: Vec<&Sheet> = others.chain(&hidden).collect();
    let notes = Vec::from_iter((!others.is_empty()).then(|| unread_sheets(chosen, &others)));
    Ok(Opened {
        rows,
        header,
        notes,
    })
}

fn refused_sheets(layout: &Layout, fitting: &[(&Sheet, Option<FileError>)]) -> FileError {
    if fitting.is_empty() {
        let zh = format!("可见的工作表中都没有“{}”版式的表头", layout.title_zh());
        let en = format!(
            "no visible sheet has the header of layout `{}`",
            layout.dataset()
        );
        return Refusal::new("drift.header_missing", zh, en).into();
    }
    let names: Vec<String> = fitting
        .iter()
        .take(5)
        .map(|(sheet, _)| header::shown(&sheet.name))
        .collect();
    let zh = format!(
        "有 {} 个工作表都是这个版式（{}等），请合并成一个工作表，或分别报送",
        fitting.len(),
        names.join("、")
    );
    let en = format!(
        "{} sheets have this layout; put them into one, or send them apart",
        fitting.len()
    );
    Refusal::new("upload.sheet_layout", zh, en).into()
}

fn unread_sheets(chosen: &Sheet, others: &[&Sheet]) -> RowNote {
    let mut note = note("sheet.unread", None);
    let names: Vec<String> = others
        .iter()
        .take(5)
        .map(|sheet| header::shown(&sheet.name))
        .collect();
    let more = if others.len() > names.len() {
        "等"
    } else {
        ""
    };
    note.zh = format!(
        "只读了工作表“{}”，另有 {} 个未读：{}{more}",
        header::shown(&chosen.name),
        others.len(),
        names.join("、")
    );
    note.en = format!("{} of one sheet: {} others", note.en, others.len());
    note
}
