//! What comes of one row.

use domain::record::{Incoming, RowNote, RowOutcome};
use serde::{Deserialize, Serialize};

use crate::charset::Charset;
use crate::records::Format;

/// One row of a file, answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// 1-based line on which it begins; of a workbook, the sheet's row.
    pub line: u32,
    /// What came of it.
    pub outcome: RowOutcome,
    /// What to tell its sender.
    pub notes: Vec<RowNote>,
    /// Its records; empty when held or rejected, or when an earlier row of the
    /// file already said the same.
    pub incoming: Vec<Incoming>,
    /// Of a held or rejected row: about whom something was said that cannot be
    /// read ([`domain::record::Statement::Unread`]). Empty when nobody can tell.
    pub unread: Vec<Incoming>,
    /// Its original bytes, line end included, whatever they are; of a workbook
    /// the CSV line that shows the same cells.
    pub raw: Vec<u8>,
    /// Cells taken from the row above (merged cells). Without them a returned
    /// row could not be understood alone; as sensitive as `raw`.
    pub inherited: Vec<Inherited>,
}

/// A blank cell that means the text of the row above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inherited {
    /// Column as the layout names it.
    pub column: String,
    /// The text of the row above.
    pub text: String,
}

/// What is needed beside the rows to make a file of the same shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// CSV, XLSX or NDJSON.
    #[serde(with = "format_by_name")]
    pub format: Format,
    /// Its charset.
    #[serde(with = "charset_by_name")]
    pub charset: Charset,
    /// The bytes of the header row without its line end, as CSV; empty for NDJSON.
    pub header: Vec<u8>,
}

mod format_by_name {
    use super::Format;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(super) fn serialize<S: Serializer>(format: &Format, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(format.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Format, D::Error> {
        let name = String::deserialize(d)?;
        let known = [Format::Csv, Format::Xlsx, Format::Ndjson]
            .into_iter()
            .find(|format| format.name() == name);
        known.ok_or_else(|| serde::de::Error::custom("neither csv nor xlsx nor ndjson"))
    }
}

mod charset_by_name {
    use super::Charset;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(super) fn serialize<S: Serializer>(charset: &Charset, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(charset.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Charset, D::Error> {
        let name = String::deserialize(d)?;
        let known = [Charset::Utf8, Charset::Gb18030]
            .into_iter()
            .find(|c| c.name() == name);
        known.ok_or_else(|| serde::de::Error::custom("neither UTF-8 nor GB18030"))
    }
}
