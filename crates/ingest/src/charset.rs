//! The two charsets departments send: UTF-8 (with or without BOM) and GB18030.
//! Text is decoded cell by cell, so one bad cell does not kill its neighbours.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, GB18030};

use crate::error::{FileError, Refusal};

/// How the bytes of a file mean characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    Utf8,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
}

impl Charset {
    /// Name as senders know it.
    pub const fn name(self) -> &'static str {
        match self {
            Charset::Utf8 => "UTF-8",
            Charset::Gb18030 => "GB18030",
        }
    }

    /// The other one, as a guess for the sender.
    pub(crate) const fn other(self) -> Charset {
        match self {
            Charset::Utf8 => Charset::Gb18030,
            Charset::Gb18030 => Charset::Utf8,
        }
    }

    /// The characters, or the offset of the first byte that is none.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
        if bytes.is_ascii() || self == Charset::Utf8 {
            return std::str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(|error| error.valid_up_to());
        }
        let mut decoder = GB18030.new_decoder_without_bom_handling();
        let mut text = String::with_capacity(bytes.len() * 3 + 16);
        let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
        match result {
            DecoderResult::InputEmpty => Ok(Cow::Owned(text)),
            DecoderResult::Malformed(bad, after) => {
                Err(read.saturating_sub(usize::from(bad) + usize::from(after)))
            }
            DecoderResult::OutputFull => Err(read),
        }
    }

    /// The bytes of our own text in this charset.
    pub(crate) fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Charset::Utf8 => Cow::Borrowed(text.as_bytes()),
            Charset::Gb18030 => GB18030.encode(text).0,
        }
    }

    /// Guesses from the first bytes of a file: what is UTF-8 is UTF-8, cut in
    /// the middle of a character or not. One bad byte in the data must not turn
    /// a UTF-8 file into GB18030, so the first line that is not ASCII decides.
    pub(crate) fn guess(head: &[u8]) -> Charset {
        let lines = head.split_inclusive(|byte| *byte == b'\n');
        let telling = lines.into_iter().find(|line| !line.is_ascii());
        match telling.map(std::str::from_utf8) {
            None | Some(Ok(_)) => Charset::Utf8,
            Some(Err(error)) if error.error_len().is_none() => Charset::Utf8,
            Some(Err(error)) => {
                let line = telling.unwrap_or_default();
                let gb_reads = Charset::Gb18030.decode(line).is_ok();
                let mostly_utf8 = looks_utf8(&line[..error.valid_up_to()]);
                if gb_reads && !mostly_utf8 {
                    Charset::Gb18030
                } else {
                    Charset::Utf8
                }
            }
        }
    }
}

/// Whether bytes hold several three-byte UTF-8 characters and nothing else
/// beyond ASCII: Chinese text in GB18030 practically never does.
pub(crate) fn looks_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.chars().filter(|c| c.len_utf8() >= 3).count() >= 4)
}

/// Refuses what is no CSV or NDJSON at all by its first bytes, and returns how
/// many bytes a UTF-8 mark takes.
pub(crate) fn byte_mark(head: &[u8]) -> Result<usize, FileError> {
    let utf16 = |which: &str| {
        let zh = format!("文件是 {which} 编码，请另存为 UTF-8 或 GB18030 的 CSV");
        let en = format!("the file is {which}; save it as UTF-8 or GB18030");
        Err(Refusal::new("upload.charset", zh, en).into())
    };
    let format = |code, zh: &str, en: &str| Err(Refusal::new(code, zh, en).into());
    match head {
        [0xEF, 0xBB, 0xBF, ..] => Ok(3),
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => utf16("UTF-32"),
        [0xFF, 0xFE, ..] => utf16("UTF-16LE"),
        [0xFE, 0xFF, ..] => utf16("UTF-16BE"),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => utf16("UTF-16LE"),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => utf16("UTF-16BE"),
        [b'P', b'K', 3, 4, ..] => format(
            "upload.format",
            "这是 XLSX 或压缩文件，请另存为 CSV",
            "this is an XLSX or zip file; save it as CSV",
        ),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => format(
            "upload.format",
            "这是旧版 XLS 或加密的表格，请另存为 CSV",
            "this is an old XLS or an encrypted workbook; save it as CSV",
        ),
        [0x1F, 0x8B, ..] => format(
            "upload.format",
            "这是压缩文件，请解压后上传",
            "this is a compressed file; unpack it first",
        ),
        _ => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_telling_line_decides() {
        let gb = Charset::Gb18030.encode("户编号,成员姓名\n").into_owned();
        assert_eq!(Charset::guess(&gb), Charset::Gb18030);
        assert_eq!(
            Charset::guess("户编号,成员姓名\n".as_bytes()),
            Charset::Utf8
        );
        assert_eq!(Charset::guess(b"a,b\n1,2\n"), Charset::Utf8);
        let mut damaged = "户编号,成员姓名\n王".as_bytes().to_vec();
        damaged.extend_from_slice(b"\xC3\x28\n");
        assert_eq!(Charset::guess(&damaged), Charset::Utf8);
    }

    #[test]
    fn the_map_of_2022_and_offsets_of_bad_bytes() {
        assert_eq!(
            Charset::Gb18030.decode(b"\xFE\x59").as_deref(),
            Ok("\u{9FB4}")
        );
        assert_eq!(Charset::Gb18030.decode(b"ab\x81\x30\x81"), Err(2));
        assert_eq!(Charset::Utf8.decode(b"ab\xC0\x80"), Err(2));
        assert_eq!(Charset::Utf8.decode(b"\xED\xA0\x80"), Err(0));
    }

    #[test]
    fn what_is_no_text_is_named() {
        let code = |head: &[u8]| byte_mark(head).unwrap_err().code();
        assert_eq!(code(b"\xFF\xFEa\0"), "upload.charset");
        assert_eq!(code(b"a\0b\0"), "upload.charset");
        assert_eq!(code(b"PK\x03\x04"), "upload.format");
        assert_eq!(byte_mark(b"\xEF\xBB\xBFa").unwrap(), 3);
    }
}
