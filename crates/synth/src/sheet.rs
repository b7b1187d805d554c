//! Writing rows as departments' programs do: their charset, CRLF, quotes where
//! needed, a title above and a total below.

use std::io::{self, Write};

/// Charset of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// UTF-8.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// GB18030.
    Gb18030,
}

/// A file being written.
pub(crate) struct Sheet<'a> {
    out: &'a mut dyn Write,
    charset: Charset,
    line: u64,
    text: String,
}

impl<'a> Sheet<'a> {
    /// Begins a file.
    pub(crate) fn new(out: &'a mut dyn Write, charset: Charset) -> io::Result<Sheet<'a>> {
        if charset == Charset::Utf8Bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        Ok(Sheet {
            out,
            charset,
            line: 1,
            text: String::new(),
        })
    }

    /// Writes a row and returns the line it began on.
    pub(crate) fn row<S: AsRef<str>>(&mut self, cells: &[S]) -> io::Result<u64> {
        let began = self.line;
        self.text.clear();
        for (nth, cell) in cells.iter().enumerate() {
            if nth > 0 {
                self.text.push(',');
            }
            quote(&mut self.text, cell.as_ref());
        }
        self.text.push_str("\r\n");
        let lines = self.text.bytes().filter(|b| *b == b'\n').count();
        self.line += lines as u64;
        match self.charset {
            Charset::Utf8 | Charset::Utf8Bom => self.out.write_all(self.text.as_bytes())?,
            Charset::Gb18030 => {
                let (bytes, _, _) = encoding_rs::GB18030.encode(&self.text);
                self.out.write_all(&bytes)?;
            }
        }
        Ok(began)
    }
}

fn quote(text: &mut String, cell: &str) {
    if !cell.contains([',', '"', '\n', '\r']) {
        text.push_str(cell);
        return;
    }
    text.push('"');
    text.push_str(&cell.replace('"', "\"\""));
    text.push('"');
}
