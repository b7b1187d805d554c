//! Workbooks made to exhaust whoever opens them: each is answered, and all of
//! them together take less memory than one part of them unpacks to.
//!
//! A binary of its own, because the high-water mark of memory is the process's.

#![cfg(test)]

#[expect(dead_code, reason = "shared with the other tests")]
#[path = "it/sample.rs"]
mod sample;
#[expect(dead_code, reason = "shared with the other tests")]
#[path = "it/workbook.rs"]
mod workbook;

use std::hash::{BuildHasher as _, RandomState};
use std::io::{Cursor, Write as _};

use sample::*;
use workbook::*;
use zip::write::SimpleFileOptions;

/// What reading anything may add to the memory of the process.
const BUDGET_KIB: u64 = 64 * 1024;

fn high_water_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let words = line.unwrap().split_whitespace();
    words.skip(1).find_map(|word| word.parse().ok()).unwrap()
}

/// A good workbook with one part written anew, piece by piece.
fn with_part(name: &str, pieces: impl Iterator<Item = String>) -> Vec<u8> {
    let good = Book {
        shared: vec!["<t>x</t>".to_owned()],
        ..Book::of(table(CIVIL, &[chen()]))
    };
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (known, bytes) in good.parts().iter().filter(|(known, _)| known != name) {
        zip.start_file(known.as_str(), SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    for piece in pieces {
        zip.write_all(piece.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

fn framed(middle: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let head = std::iter::once("<worksheet><sheetData>".to_owned());
    head.chain(middle)
        .chain(std::iter::once("</sheetData></worksheet>".to_owned()))
}

/// Says of every part that it unpacks to ten bytes.
fn lying(mut bytes: Vec<u8>) -> Vec<u8> {
    for (mark, at) in [(b"PK\x01\x02", 24), (b"PK\x03\x04", 22)] {
        let found: Vec<usize> = (0..bytes.len() - 4)
            .filter(|i| bytes[*i..].starts_with(mark))
            .collect();
        for start in found {
            bytes[start + at..start + at + 4].copy_from_slice(&10u32.to_le_bytes());
        }
    }
    bytes
}

/// A random source small enough to be printed as one number.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// Text that does not pack well.
    fn noise(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap()))
            .collect()
    }

    /// Cuts a piece out and puts another in.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let pieces: [&[u8]; 12] = [
            b"",
            b"\0",
            b"<",
            b">",
            b"\"",
            b"&#x0;",
            b"</row>",
            b"<c r=\"ZZ1\">",
            b"<v>1e999</v>",
            b"\xFF\xFE",
            b"<![CDATA[",
            b"99999999999",
        ];
        let start = self.below(bytes.len());
        let end = (start + self.below(8)).min(bytes.len());
        let put = pieces[self.below(pieces.len())].to_vec();
        bytes.splice(start..end, put);
    }
}

fn bombs(dice: &mut Dice) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let spaces = (0..400).map(|_| format!("<x>{}</x>", " ".repeat(200_000)));
    let ratio = with_part(SHEET, framed(spaces));
    let long = dice.noise(1 << 20);
    let long_text = format!("<row r=\"1\"><c r=\"A1\" t=\"str\"><v>{long}</v></c></row>");
    let runs: Vec<String> = (0..40_000)
        .map(|_| format!("<r><t>{}</t></r>", dice.noise(8)))
        .collect();
    let runs = runs.concat();
    let long_cell = format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is>{runs}</is></c></row>");
    let texts: Vec<String> = (0..17_000)
        .map(|_| format!("<si><t>{}{}</t></si>", dice.noise(60), "a".repeat(2_000)))
        .collect();
    let shared = std::iter::once("<sst>".to_owned())
        .chain(texts)
        .chain(std::iter::once("</sst>".to_owned()));
    let shared = with_part("xl/sharedStrings.xml", shared);
    let header: Vec<String> = CIVIL
        .split(',')
        .enumerate()
        .map(|(i, name)| {
            let column = if i < 26 {
                String::new()
            } else {
                "A".to_owned()
            };
            format!(
                "<c r=\"{column}{}1\" t=\"inlineStr\"><is><t>{name}</t></is></c>",
                char::from(b'A' + u8::try_from(i % 26).unwrap())
            )
        })
        .collect();
    let named = (2..20_000).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c><c r=\"B{row}\" t=\"s\"><v>0</v></c></row>"));
    let header = header.concat();
    let rows = std::iter::once(format!("<row r=\"1\">{header}</row>")).chain(named);
    let mut named = with_part(SHEET, framed(rows));
    named = with_shared(&named, &"字".repeat(10_000));
    let many: Vec<(String, Vec<u8>)> = (0..65_000)
        .map(|i| (format!("x/{i}"), Vec::new()))
        .collect();
    vec![
        ("ratio, sizes lied about", lying(ratio.clone()), "upload.expansion_limit"),
        ("ratio", ratio, "upload.expansion_limit"),
        ("one text without end", with_part(SHEET, framed(std::iter::once(long_text))), "upload.xml"),
        ("one cell without end", with_part(SHEET, framed(std::iter::once(long_cell))), "upload.xml"),
        ("shared texts", shared, "upload.size"),
        ("one text named often", named, "upload.expansion_limit"),
        ("depth", with_part(SHEET, (0..20_000).map(|i| format!("<a{i}>"))), "upload.xml"),
        ("entries", zipped(&many), "upload.zip_entries"),
        ("laughter", with_part(SHEET, std::iter::once("<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><worksheet>&b;</worksheet>".to_owned())), "upload.xml"),
    ]
}

/// The same workbook with one shared text.
fn with_shared(bytes: &[u8], text: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut part = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut part).unwrap();
        if name == "xl/sharedStrings.xml" {
            part = format!("<sst><si><t>{text}</t></si></sst>").into_bytes();
        }
        parts.push((name, part));
    }
    zipped(&parts)
}

#[test]
fn hostile_workbooks_are_answered_within_the_budget() {
    let seed = std::env::var("HEARTH_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(1) | 1);
    println!("HEARTH_SEED={seed}");
    let mut dice = Dice(seed);
    let desk = Desk::new("civil_register");
    let bombs = bombs(&mut dice);
    let good = Book {
        shared: vec!["<t>陈某</t>".to_owned()],
        ..Book::of(table(CIVIL, &[chen(), chen_daughter()]))
    };
    let packed = good.bytes();
    assert_eq!(desk.rows(&packed).len(), 2);
    let before = high_water_kib();
    for (case, bytes, code) in bombs {
        let answer = desk.read(&bytes).map(|(survey, _)| survey.counts);
        assert_eq!(answer.map_err(|error| error.code()), Err(code), "{case}");
    }
    let parts = good.parts();
    for round in 0..400 {
        let damaged = if round % 2 == 0 {
            let mut bytes = packed.clone();
            dice.damage(&mut bytes);
            bytes
        } else {
            let mut parts = parts.clone();
            let part = dice.below(parts.len());
            for _ in 0..=dice.below(3) {
                dice.damage(&mut parts[part].1);
            }
            zipped(&parts)
        };
        if let Ok((survey, rows)) = desk.read(&damaged) {
            assert_eq!(survey.rows, rows.len() as u64, "round {round}");
        }
    }
    let grown = high_water_kib() - before;
    assert!(grown < BUDGET_KIB, "memory grew by {grown} KiB");
}
