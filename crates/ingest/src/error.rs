//! Why a whole file is refused. Nothing of a refused file is applied.

use std::fmt;
use std::io;

/// Why a file cannot be read row by row.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Reading its bytes failed; the same file may succeed later.
    #[error("cannot read the bytes of the file")]
    Io(#[from] io::Error),
    /// The file itself must be changed by its sender.
    #[error("{0}")]
    Refused(Box<Refusal>),
}

/// A refusal with a stable code of the bad-input catalogue and sentences for
/// the sender. Never repeats a cell of a data row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable code such as `drift.column_missing`.
    pub code: &'static str,
    /// 1-based line, where one is to blame.
    pub line: Option<u32>,
    /// Byte offset of that line in the file.
    pub offset: Option<u64>,
    /// Column as the layout or the header names it.
    pub column: Option<String>,
    /// The registered column closest to it.
    pub nearest: Option<String>,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence.
    pub en: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.en)
    }
}

impl Refusal {
    /// A refusal with its sentences.
    pub(crate) fn new(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal {
            code,
            line: None,
            offset: None,
            column: None,
            nearest: None,
            zh: zh.into(),
            en: en.into(),
        }
    }

    /// Names the line and, in a file of lines, its byte offset.
    pub(crate) fn at(mut self, line: u32, offset: Option<u64>) -> Refusal {
        self.line = Some(line);
        self.offset = offset;
        self
    }

    /// Names the column and the registered one closest to it.
    pub(crate) fn about(mut self, column: &str, nearest: Option<&str>) -> Refusal {
        self.column = Some(column.to_owned());
        self.nearest = nearest.map(str::to_owned);
        self
    }
}

impl From<Refusal> for FileError {
    fn from(refusal: Refusal) -> FileError {
        FileError::Refused(Box::new(refusal))
    }
}

impl FileError {
    /// The stable code; `io` when the bytes could not be read.
    pub fn code(&self) -> &'static str {
        match self {
            FileError::Io(_) => "io",
            FileError::Refused(refusal) => refusal.code,
        }
    }
}
