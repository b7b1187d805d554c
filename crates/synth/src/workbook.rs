//! Writing rows as an office keeps them: a workbook with a merged title, merged
//! headings over groups of columns, real dates, and a total with a signature
//! below the last row. The same rows make the same bytes.

use std::io::{self, Write};

use domain::time::Date;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

/// A workbook being written. It is held in memory: an office keeps no list in
/// one that memory could not hold.
pub(crate) struct Book {
    columns: &'static [&'static str],
    title: &'static str,
    groups: &'static [(&'static str, u16)],
    made_on: Option<Date>,
    rows: Vec<Vec<String>>,
}

/// Rows above the first row of data: title, groups, columns.
const HEAD: u32 = 3;

impl Book {
    /// Begins a workbook, said to have been made on a day.
    pub(crate) fn new(
        title: &'static str,
        groups: &'static [(&'static str, u16)],
        columns: &'static [&'static str],
        made_on: Option<Date>,
    ) -> Book {
        Book {
            columns,
            title,
            groups,
            made_on,
            rows: Vec::new(),
        }
    }

    /// Adds a row and returns the number it has on the sheet, from 1.
    pub(crate) fn row(&mut self, cells: &[String]) -> u64 {
        self.rows.push(cells.to_vec());
        u64::from(HEAD) + self.rows.len() as u64
    }

    /// Writes the workbook, signed below the total.
    pub(crate) fn finish(self, foot: &str, out: &mut dyn Write) -> io::Result<()> {
        let bytes = self.bytes(foot).map_err(io::Error::other)?;
        out.write_all(&bytes)
    }

    fn bytes(&self, foot: &str) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        // The library would write the moment of making.
        let made_on = self.made_on.unwrap_or(jiff::civil::date(2026, 1, 1));
        let properties = DocProperties::new()
            .set_title(self.title)
            .set_creation_datetime(&moment(made_on)?);
        book.set_properties(&properties);
        let sheet = book.add_worksheet();
        sheet.set_name("名册")?;
        self.head(sheet)?;
        let mut at = HEAD;
        let day = Format::new().set_num_format("yyyy/m/d");
        for cells in &self.rows {
            for (column, cell) in (0u16..).zip(cells) {
                let dated = self.columns[usize::from(column)].ends_with("日期");
                match cell.parse::<Date>().ok().filter(|_| dated) {
                    Some(date) => {
                        sheet.write_datetime_with_format(at, column, &moment(date)?, &day)?;
                    }
                    None if cell.is_empty() => {}
                    None => {
                        sheet.write_string(at, column, cell)?;
                    }
                }
            }
            at += 1;
        }
        sheet.write_string(at, 0, "合计")?;
        sheet.write_string(at, 2, format!("共{}人", self.rows.len()))?;
        sheet.write_string(at + 1, 0, foot)?;
        book.save_to_buffer()
    }

    /// Title, groups and columns.
    fn head(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let centred = Format::new()
            .set_bold()
            .set_align(FormatAlign::Center)
            .set_border(FormatBorder::Thin);
        let last = u16::try_from(self.columns.len()).unwrap_or(1) - 1;
        sheet.merge_range(0, 0, 0, last, self.title, &centred)?;
        let mut from = 0;
        for (name, wide) in self.groups {
            sheet.merge_range(1, from, 1, from + wide - 1, name, &centred)?;
            from += wide;
        }
        for (column, name) in (0u16..).zip(self.columns) {
            sheet.write_string_with_format(2, column, *name, &centred)?;
        }
        Ok(())
    }
}

fn moment(date: Date) -> Result<ExcelDateTime, XlsxError> {
    let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
    ExcelDateTime::from_ymd(date.year().unsigned_abs(), month, day)
}
