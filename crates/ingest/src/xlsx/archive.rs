//! The zip container of a workbook: where its parts lie, and a reader of one
//! part that stops at its budget, whatever the directory says of sizes.
//!
//! Nothing is ever unpacked to disk, so a name is only a name; one that climbs
//! out of its folder is refused all the same, as nothing honest writes it.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use zip::CompressionMethod;
use zip::read::{ArchiveOffset, Config, ZipArchive};

use super::{Stopped, damaged};
use crate::error::{FileError, Refusal};

/// Largest workbook that is read, packed.
const PACKED_BYTES_MAX: u64 = 50 * 1024 * 1024;
/// Most parts a workbook may have.
const PARTS_MAX: usize = 512;
/// Longest directory that is read.
const DIRECTORY_BYTES_MAX: u32 = 1024 * 1024;
/// Most bytes one part may unpack to.
const UNPACKED_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// What a part may unpack to whatever its ratio.
const UNPACKED_BYTES_FREE: u64 = 1024 * 1024;
/// How many times larger than packed a part may be beyond that.
pub(super) const EXPANSION_MAX: u64 = 100;
/// Length of the record that ends a directory, without its comment.
const END_BYTES: usize = 22;

/// Where a part lies in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    start: u64,
    packed: u64,
    crc: u32,
    deflated: bool,
}

/// The parts of a workbook by lower-case name.
#[derive(Debug)]
pub(super) struct Archive {
    parts: BTreeMap<String, Part>,
    /// Bytes of the file.
    pub(super) packed: u64,
}

impl Archive {
    /// Reads the directory, bounded before any of it is believed.
    pub(super) fn read<R: Read + Seek>(input: &mut R) -> Result<Archive, FileError> {
        let packed = input.seek(SeekFrom::End(0))?;
        if packed > PACKED_BYTES_MAX {
            let zh = "XLSX 超过 50 MiB，请另存为 CSV 再报";
            let en = "the workbook is larger than 50 MiB; save it as CSV";
            return Err(Refusal::new("upload.size", zh, en).into());
        }
        check_directory(input, packed)?;
        input.rewind()?;
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        let mut archive = ZipArchive::with_config(config, input).map_err(|_| damaged())?;
        if archive.len() > PARTS_MAX {
            return Err(too_many_parts());
        }
        let mut parts = BTreeMap::new();
        for index in 0..archive.len() {
            let file = archive.by_index_raw(index).map_err(|_| damaged())?;
            let name = file.name().map_err(|_| damaged())?.replace('\\', "/");
            if name.starts_with('/') || name.split('/').any(|step| step == "..") {
                let (zh, en) = (
                    "压缩包内有越出目录的文件名",
                    "a part's name climbs out of its folder",
                );
                return Err(Refusal::new("upload.path", zh, en).into());
            }
            if file.encrypted() {
                return Err(encrypted());
            }
            let deflated = match file.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                _ => continue,
            };
            let part = Part {
                start: file.data_start().ok_or_else(damaged)?,
                packed: file.compressed_size(),
                crc: file.crc32(),
                deflated,
            };
            parts.insert(name.to_lowercase(), part);
        }
        Ok(Archive { parts, packed })
    }

    /// A part by its name.
    pub(super) fn part(&self, name: &str) -> Option<Part> {
        self.parts.get(&name.to_lowercase()).copied()
    }

    /// Whether a name holds this word, in lower case.
    pub(super) fn has(&self, word: &str) -> bool {
        self.parts.keys().any(|name| name.contains(word))
    }
}

/// A password protects it.
pub(super) fn encrypted() -> FileError {
    let zh = "表格设有打开密码，请去掉密码后另存为 .xlsx 或 CSV";
    let en = "the workbook is encrypted; remove the password and save it as .xlsx or CSV";
    Refusal::new("upload.encrypted", zh, en).into()
}

fn too_many_parts() -> FileError {
    let zh = format!("压缩包内的文件超过 {PARTS_MAX} 个，不是普通的 XLSX");
    let en = format!("more than {PARTS_MAX} parts: not an ordinary workbook");
    Refusal::new("upload.zip_entries", zh, en).into()
}

/// The end of the directory says how large it is: looked at before a directory
/// of any length is read into memory. A file this small needs no zip64.
fn check_directory<R: Read + Seek>(input: &mut R, size: u64) -> Result<(), FileError> {
    let tail_bytes = size.min(u64::from(u16::MAX) + END_BYTES as u64 + 20);
    input.seek(SeekFrom::Start(size - tail_bytes))?;
    let mut tail = Vec::new();
    input.take(tail_bytes).read_to_end(&mut tail)?;
    let at = tail
        .windows(4)
        .rposition(|window| window == b"PK\x05\x06")
        .ok_or_else(damaged)?;
    let end = tail.get(at..at + END_BYTES).ok_or_else(damaged)?;
    let short = |from: usize| u16::from_le_bytes([end[from], end[from + 1]]);
    let directory_bytes = u32::from_le_bytes([end[12], end[13], end[14], end[15]]);
    if usize::from(short(10)) > PARTS_MAX || directory_bytes > DIRECTORY_BYTES_MAX {
        return Err(too_many_parts());
    }
    let comment_fits = at + END_BYTES + usize::from(short(20)) == tail.len();
    let zip64 = at >= 20 && tail[at - 20..].starts_with(b"PK\x06\x07");
    if comment_fits && !zip64 {
        Ok(())
    } else {
        Err(damaged())
    }
}

enum Packed<R> {
    Stored(Take<R>),
    Deflated(Box<DeflateDecoder<BufReader<Take<R>>>>),
}

/// One part as it unpacks.
pub(super) struct PartReader<R> {
    bytes: Packed<R>,
    part: Part,
    unpacked: u64,
    crc: Crc,
}

impl Part {
    /// Reads it from its beginning.
    pub(super) fn open<R: Read + Seek>(self, mut input: R) -> Result<PartReader<R>, FileError> {
        input.seek(SeekFrom::Start(self.start))?;
        let packed = input.take(self.packed);
        let bytes = if self.deflated {
            Packed::Deflated(Box::new(DeflateDecoder::new(BufReader::new(packed))))
        } else {
            Packed::Stored(packed)
        };
        Ok(PartReader {
            bytes,
            part: self,
            unpacked: 0,
            crc: Crc::new(),
        })
    }
}

impl<R: Read> Read for PartReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.bytes {
            Packed::Stored(bytes) => bytes.read(buffer)?,
            Packed::Deflated(bytes) => bytes.read(buffer)?,
        };
        self.crc.update(&buffer[..read]);
        self.unpacked += read as u64;
        let allowed = UNPACKED_BYTES_FREE.max(self.part.packed.saturating_mul(EXPANSION_MAX));
        if self.unpacked > allowed.min(UNPACKED_BYTES_MAX) {
            return Err(Stopped::Expansion.into());
        }
        if read == 0 && !buffer.is_empty() && self.crc.sum() != self.part.crc {
            return Err(Stopped::Damaged.into());
        }
        Ok(read)
    }
}
