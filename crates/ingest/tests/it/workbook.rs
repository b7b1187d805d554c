//! Workbooks byte by byte, right or wrong on purpose.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

/// A cell as XML; `{at}` becomes its reference.
pub(crate) type Cell = String;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A text in its own cell.
pub(crate) fn inline(text: &str) -> Cell {
    format!(
        "<c r=\"{{at}}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
        escaped(text)
    )
}

/// A number as it stands in the file.
pub(crate) fn number(value: &str) -> Cell {
    format!("<c r=\"{{at}}\"><v>{value}</v></c>")
}

/// A number shown as a day; style 1 of [`Book`].
pub(crate) fn day(serial: &str) -> Cell {
    format!("<c r=\"{{at}}\" s=\"1\"><v>{serial}</v></c>")
}

/// A cell with type and content as given.
pub(crate) fn typed(kind: &str, content: &str) -> Cell {
    format!("<c r=\"{{at}}\" t=\"{kind}\">{content}</c>")
}

/// Nothing.
pub(crate) fn blank() -> Cell {
    String::new()
}

/// One sheet.
#[derive(Clone, Default)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) state: &'static str,
    /// Rows of cells by number.
    pub(crate) rows: Vec<(u32, Vec<Cell>)>,
    /// What stands behind the cells.
    pub(crate) tail: String,
}

impl Sheet {
    /// Rows from the first on.
    pub(crate) fn new(name: &str, rows: Vec<Vec<Cell>>) -> Sheet {
        Sheet {
            name: name.to_owned(),
            rows: (1..).zip(rows).collect(),
            ..Sheet::default()
        }
    }

    fn xml(&self) -> String {
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>",
        );
        for (number, cells) in &self.rows {
            write!(xml, "<row r=\"{number}\">").unwrap();
            for (column, cell) in cells.iter().enumerate() {
                xml.push_str(&cell.replace("{at}", &format!("{}{number}", letters(column))));
            }
            xml.push_str("</row>");
        }
        write!(xml, "</sheetData>{}</worksheet>", self.tail).unwrap();
        xml
    }
}

fn letters(column: usize) -> String {
    let last = char::from(b'A' + u8::try_from(column % 26).unwrap());
    match column / 26 {
        0 => last.to_string(),
        more => format!("{}{last}", letters(more - 1)),
    }
}

/// A whole workbook.
#[derive(Clone, Default)]
pub(crate) struct Book {
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) shared: Vec<String>,
    pub(crate) from_1904: bool,
    /// Parts to add, or to put in place of others.
    pub(crate) parts: Vec<(String, Vec<u8>)>,
}

const STYLES: &str = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy&quot;年&quot;m&quot;月&quot;\"/></numFmts><cellStyleXfs><xf numFmtId=\"0\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>";

impl Book {
    /// One sheet and nothing odd.
    pub(crate) fn of(rows: Vec<Vec<Cell>>) -> Book {
        Book {
            sheets: vec![Sheet::new("Sheet1", rows)],
            ..Book::default()
        }
    }

    /// All parts by name, in the order they are written.
    #[expect(
        clippy::too_many_lines,
        reason = "the parts of a workbook, one after another"
    )]
    pub(crate) fn parts(&self) -> Vec<(String, Vec<u8>)> {
        let relation = |id: &str, kind: &str, target: &str| {
            format!(
                "<Relationship Id=\"{id}\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}\" Target=\"{target}\"/>"
            )
        };
        let (mut sheets, mut relations) = (String::new(), String::new());
        for (index, sheet) in (1..).zip(&self.sheets) {
            let state = if sheet.state.is_empty() {
                String::new()
            } else {
                format!(" state=\"{}\"", sheet.state)
            };
            write!(
                sheets,
                "<sheet name=\"{}\" sheetId=\"{index}\"{state} r:id=\"rId{index}\"/>",
                escaped(&sheet.name)
            )
            .unwrap();
            relations.push_str(&relation(
                &format!("rId{index}"),
                "worksheet",
                &format!("worksheets/sheet{index}.xml"),
            ));
        }
        relations.push_str(&relation("rIdS", "sharedStrings", "sharedStrings.xml"));
        relations.push_str(&relation("rIdT", "styles", "/xl/styles.xml"));
        let mut shared = String::new();
        for text in &self.shared {
            shared.push_str("<si>");
            shared.push_str(text);
            shared.push_str("</si>");
        }
        let calendar = if self.from_1904 {
            "<workbookPr date1904=\"1\"/>"
        } else {
            ""
        };
        let whole = |name: &str, text: String| (name.to_owned(), text.into_bytes());
        let mut parts = vec![
            whole("[Content_Types].xml", "<Types/>".to_owned()),
            whole(
                "_rels/.rels",
                format!(
                    "<Relationships>{}</Relationships>",
                    relation("rId1", "officeDocument", "xl/workbook.xml")
                ),
            ),
            whole(
                "xl/workbook.xml",
                format!("<workbook xmlns:r=\"r\">{calendar}<sheets>{sheets}</sheets></workbook>"),
            ),
            whole(
                "xl/_rels/workbook.xml.rels",
                format!("<Relationships>{relations}</Relationships>"),
            ),
            whole("xl/styles.xml", STYLES.to_owned()),
            whole("xl/sharedStrings.xml", format!("<sst>{shared}</sst>")),
        ];
        for (index, sheet) in (1..).zip(&self.sheets) {
            parts.push(whole(
                &format!("xl/worksheets/sheet{index}.xml"),
                sheet.xml(),
            ));
        }
        for (name, bytes) in &self.parts {
            match parts.iter_mut().find(|(known, _)| known == name) {
                Some(part) => part.1.clone_from(bytes),
                None => parts.push((name.clone(), bytes.clone())),
            }
        }
        parts
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        zipped(&self.parts())
    }
}

/// Parts as a zip file.
pub(crate) fn zipped(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A row of texts.
pub(crate) fn texts(cells: &[&str]) -> Vec<Cell> {
    cells
        .iter()
        .map(|text| {
            if text.is_empty() {
                blank()
            } else {
                inline(text)
            }
        })
        .collect()
}

/// A header and rows by column, every cell a text.
pub(crate) fn table(header: &str, rows: &[crate::sample::Cells]) -> Vec<Vec<Cell>> {
    let names: Vec<&str> = header.split(',').collect();
    let row = |row: &crate::sample::Cells| {
        let cells: Vec<&str> = names
            .iter()
            .map(|name| row.get(*name).map_or("", String::as_str))
            .collect();
        texts(&cells)
    };
    std::iter::once(texts(&names))
        .chain(rows.iter().map(row))
        .collect()
}

/// Puts another cell into a row of a [`table`].
pub(crate) fn put(header: &str, row: &mut [Cell], column: &str, cell: Cell) {
    let at = header
        .split(',')
        .position(|name| name == column)
        .expect("a column of the header");
    row[at] = cell;
}
