//! One row of bytes to one text per column of the layout, in either format.

use domain::money::Money;

use crate::charset::Charset;
use crate::error::{FileError, Refusal};
use crate::header::{self, Slot};
use crate::json::{self, Scalar};
use crate::layout::{Layout, ReadAs};
use crate::note::Finding;
use crate::records::{CELL_BYTES_MAX, ROW_BYTES_MAX, RawRow, cells, unquoted};

/// One text per column of the layout; `None` where the file has no such column
/// or the cell could not be decoded (a finding says so).
pub(crate) type Texts = Vec<Option<String>>;

/// How rows become texts.
pub(crate) struct Reading<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) charset: Charset,
    /// What stands in each column of a CSV file.
    pub(crate) slots: Vec<Slot>,
}

/// The code for a forbidden byte of a cell that nobody decodes.
fn forbidden(bytes: &[u8]) -> Option<&'static str> {
    if bytes.contains(&0) {
        return Some("row.nul");
    }
    let odd = |b: &u8| (*b < 0x20 && !matches!(b, b'\t' | b'\r' | b'\n')) || *b == 0x7F;
    bytes.iter().any(odd).then_some("row.control_char")
}

impl Reading<'_> {
    fn name(&self, slot: Slot) -> Option<&str> {
        match slot {
            Slot::Column(column) | Slot::Fen(column) => Some(self.layout.name(column)),
            Slot::Ignored | Slot::Nameless => None,
        }
    }

    fn empty(&self) -> Texts {
        vec![None; self.layout.columns.len()]
    }

    /// The texts of a CSV row; `None` when it cannot be cut into cells.
    pub(crate) fn csv(
        &self,
        row: &RawRow,
        found: &mut Vec<Finding>,
    ) -> Result<Option<Texts>, FileError> {
        let texts = self.cut(row, found);
        self.layout.soften(found);
        texts
    }

    fn cut(&self, row: &RawRow, found: &mut Vec<Finding>) -> Result<Option<Texts>, FileError> {
        let content = row.content();
        if content.len() > ROW_BYTES_MAX {
            found.push(Finding::reject("row.too_long", None));
            return Ok(None);
        }
        let ranges = cells(content);
        if let Some(position) = ranges.iter().position(|cell| cell.stray_quote) {
            if row.several_lines {
                let zh = format!("第 {} 行起的引号没有正常闭合，可能吞掉了后面的行", row.line);
                let en = format!(
                    "quotes from line {} on do not match; rows may have been swallowed",
                    row.line
                );
                return Err(Refusal::new("upload.structure", zh, en)
                    .at(row.line, row.offset)
                    .into());
            }
            let column = self.slots.get(position).and_then(|slot| self.name(*slot));
            found.push(Finding::reject("row.quote", column));
            return Ok(None);
        }
        if ranges.len() != self.slots.len() {
            found.push(Finding::reject("row.column_count", None));
            return Ok(None);
        }
        let mut texts = self.empty();
        for (slot, range) in self.slots.iter().zip(ranges) {
            let bytes = unquoted(content, range);
            match slot {
                Slot::Column(column) | Slot::Fen(column) => {
                    texts[*column] = self.decode(&bytes, *slot, range.start, found);
                }
                Slot::Ignored => {
                    found.extend(forbidden(&bytes).map(|code| Finding::reject(code, None)));
                }
                Slot::Nameless if bytes.trim_ascii().is_empty() => {}
                Slot::Nameless => found.push(Finding::reject("row.column_count", None)),
            }
        }
        for (position, code) in &row.flaws {
            if let Some(Slot::Column(column)) = self.slots.get(*position) {
                found.push(Finding::reject(code, Some(self.layout.name(*column))));
            }
        }
        Ok(Some(texts))
    }

    fn decode(
        &self,
        bytes: &[u8],
        slot: Slot,
        start: usize,
        found: &mut Vec<Finding>,
    ) -> Option<String> {
        if bytes.len() > CELL_BYTES_MAX {
            found.push(Finding::reject("row.cell_too_long", self.name(slot)));
            return None;
        }
        match self.charset.decode(bytes) {
            Ok(text) => Some(text.into_owned()),
            Err(offset) => {
                found
                    .push(Finding::reject("row.encoding", self.name(slot)).at_byte(start + offset));
                None
            }
        }
    }

    /// The texts of an NDJSON line; `None` when it is no object. An unknown key
    /// in the first line is drift of the whole file.
    pub(crate) fn ndjson(
        &self,
        row: &RawRow,
        first: bool,
        found: &mut Vec<Finding>,
    ) -> Result<Option<Texts>, FileError> {
        let texts = self.object(row, first, found);
        self.layout.soften(found);
        texts
    }

    fn object(
        &self,
        row: &RawRow,
        first: bool,
        found: &mut Vec<Finding>,
    ) -> Result<Option<Texts>, FileError> {
        let content = row.content();
        if content.len() > ROW_BYTES_MAX {
            found.push(Finding::reject("event.too_large", None));
            return Ok(None);
        }
        let line = match self.charset.decode(content) {
            Ok(line) => line,
            Err(offset) => {
                found.push(Finding::reject("row.encoding", None).at_byte(offset));
                return Ok(None);
            }
        };
        let object = match json::object(&line) {
            Ok(object) => object,
            Err(code) => {
                found.push(Finding::reject(code, None));
                return Ok(None);
            }
        };
        if object.duplicate {
            found.push(Finding::reject("json.duplicate_key", None));
        }
        let mut texts = self.empty();
        for (key, value) in object.entries {
            match header::slot_of_key(self.layout, &key) {
                None if first => {
                    return Err(header::unknown(self.layout, &key, &[])
                        .at(row.line, row.offset)
                        .into());
                }
                None => found.push(Finding::reject("drift.column_added", None)),
                Some(slot) => self.scalar(slot, value, &mut texts, found),
            }
        }
        Ok(Some(texts))
    }

    fn scalar(&self, slot: Slot, value: Scalar, texts: &mut Texts, found: &mut Vec<Finding>) {
        let (Slot::Column(column) | Slot::Fen(column)) = slot else {
            return;
        };
        let name = Some(self.layout.name(column));
        let text = match value {
            Scalar::Blank => return,
            Scalar::Wrong(code) => return found.push(Finding::reject(code, name)),
            Scalar::Text(text) | Scalar::Integer(text) if text.len() > CELL_BYTES_MAX => {
                return found.push(Finding::reject("row.cell_too_long", name));
            }
            Scalar::Text(text) | Scalar::Integer(text) => text,
        };
        if texts[column].is_some() {
            let money = matches!(self.layout.columns[column].read, ReadAs::Money);
            let code = if money {
                "json.both_units"
            } else {
                "json.duplicate_key"
            };
            return found.push(Finding::reject(code, name));
        }
        if matches!(slot, Slot::Fen(_)) && !text.trim().is_empty() {
            let Some(money) = text.trim().parse().ok().map(Money::from_fen) else {
                return found.push(Finding::reject("amount.invalid", name));
            };
            texts[column] = Some(money.to_string());
        } else {
            texts[column] = Some(text);
        }
    }
}
