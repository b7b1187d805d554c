//! Containers that are no honest workbook.

use std::io::{Cursor, Write as _};

use crate::sample::*;
use crate::workbook::*;
use crate::xlsx::refusal;

fn part(name: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    vec![(name.to_owned(), text.as_bytes().to_vec())]
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
fn containers_that_are_no_honest_workbook_are_refused() {
    let good = Book::of(table(CIVIL, &[chen()]));
    let also = |name: &str, text: &str| {
        Book {
            parts: part(name, text),
            ..good.clone()
        }
        .bytes()
    };
    let bytes = good.bytes();
    let without = |missing: &str| {
        zipped(
            &good
                .parts()
                .into_iter()
                .filter(|(name, _)| name != missing)
                .collect::<Vec<_>>(),
        )
    };
    let mut encrypted = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    encrypted.resize(512, 0);
    encrypted.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    let mut old = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    old.resize(4096, 0);
    let mut flipped = bytes.clone();
    let at = flipped.windows(9).position(|w| w == b"sheet1.xm").unwrap() + 40;
    flipped[at] ^= 0x10;
    let many: Vec<(String, Vec<u8>)> = good
        .parts()
        .into_iter()
        .chain((0..600).map(|i| (format!("x/{i}"), vec![])))
        .collect();
    let sheet = "xl/worksheets/sheet1.xml";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("U63 a path", also("../../etc/cron.d/x", "x"), "upload.path"),
        ("U63 absolute", also("/etc/passwd", "x"), "upload.path"),
        ("U66 entries", zipped(&many), "upload.zip_entries"),
        ("U67 encrypted", encrypted, "upload.encrypted"),
        ("U68 old", old, "upload.format"),
        ("U69 macro", also("xl/vbaProject.bin", "x"), "upload.macro"),
        (
            "not a workbook",
            zipped(&part("a.csv", "x")),
            "upload.format",
        ),
        (
            "no workbook part",
            without("xl/workbook.xml"),
            "upload.format",
        ),
        ("no sheet part", without(sheet), "upload.format"),
        ("cut", bytes[..bytes.len() / 2].to_vec(), "upload.damaged"),
        (
            "cut at the end",
            bytes[..bytes.len() - 1].to_vec(),
            "upload.damaged",
        ),
        (
            "trailing",
            [bytes.as_slice(), b"x"].concat(),
            "upload.damaged",
        ),
        ("one bit", flipped, "upload.damaged"),
        (
            "DTD",
            also(sheet, "<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet/>"),
            "upload.xml",
        ),
        (
            "entity",
            also(
                sheet,
                "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"str\"><v>&b;</v></c></row></sheetData></worksheet>",
            ),
            "upload.xml",
        ),
        ("depth", also(sheet, &"<a>".repeat(200)), "upload.xml"),
        (
            "rows backwards",
            also(
                sheet,
                "<worksheet><sheetData><row r=\"2\"/><row r=\"1\"/></sheetData></worksheet>",
            ),
            "upload.xml",
        ),
        (
            "row beyond",
            also(
                sheet,
                "<worksheet><sheetData><row r=\"1048577\"/></sheetData></worksheet>",
            ),
            "upload.xml",
        ),
        (
            "cells backwards",
            also(
                sheet,
                "<worksheet><sheetData><row r=\"1\"><c r=\"B1\"/><c r=\"A1\"/></row></sheetData></worksheet>",
            ),
            "upload.xml",
        ),
        (
            "no such text",
            also(
                sheet,
                "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>99</v></c></row></sheetData></worksheet>",
            ),
            "upload.xml",
        ),
        (
            "not XML",
            also(sheet, "<worksheet><sheetData></row>"),
            "upload.xml",
        ),
        (
            "not UTF-8",
            Book {
                parts: vec![(
                    sheet.to_owned(),
                    b"<worksheet>\xFF\xFE</worksheet>".to_vec(),
                )],
                ..good.clone()
            }
            .bytes(),
            "upload.xml",
        ),
    ];
    for (case, bytes, code) in cases {
        assert_eq!(refusal(&bytes), code, "{case}");
    }
    // External links are neither read nor fetched.
    let link = "<Relationships><Relationship Id=\"rId1\" Type=\"x/externalLinkPath\" Target=\"http://192.0.2.1/x.xlsx\" TargetMode=\"External\"/></Relationships>";
    let linked = also("xl/externalLinks/_rels/externalLink1.xml.rels", link);
    assert_eq!(Desk::new("civil_register").rows(&linked).len(), 1);
}

/// A stored part whose bytes were changed on the way is still well-formed; only
/// its sum tells.
#[test]
fn a_part_that_was_changed_on_the_way_is_refused() {
    let good = Book::of(table(CIVIL, &[chen()]));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in good.parts() {
        zip.start_file(name.as_str(), stored).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    let mut bytes = zip.finish().unwrap().into_inner();
    assert_eq!(Desk::new("civil_register").rows(&bytes).len(), 1);
    let name = "陈".as_bytes();
    let at = bytes.windows(3).rposition(|window| window == name);
    bytes[at.unwrap()..][..3].copy_from_slice("李".as_bytes());
    assert_eq!(refusal(&bytes), "upload.damaged");
}

/// Many cells, none too long, make a row that is; one text in many pieces makes
/// a cell that is.
#[test]
fn a_row_and_a_cell_have_an_end() {
    let rows = table(CIVIL, &[chen()]);
    let book = Book::of(rows.clone());
    let sheet = String::from_utf8(book.parts().pop().unwrap().1).unwrap();
    let with = |row: String| {
        let text = sheet.replace("</sheetData>", &format!("{row}</sheetData>"));
        zipped(
            &book
                .parts()
                .into_iter()
                .map(|(name, bytes)| match name.as_str() {
                    "xl/worksheets/sheet1.xml" => (name, text.clone().into_bytes()),
                    _ => (name, bytes),
                })
                .collect::<Vec<_>>(),
        )
    };
    let mut noise = 7_u32;
    // Text that does not pack so well that its expansion is refused first.
    let mut text = |length: usize| -> String {
        let letter = |_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + u8::try_from(noise >> 24).unwrap() % 26)
        };
        (0..length).map(letter).collect()
    };
    let cell = |text: &str| format!("<c t=\"str\"><v>{text}</v></c>");
    let fair: String = (0..30).map(|_| cell(&text(30_000))).collect();
    let fair = Desk::new("civil_register").read(&with(format!("<row r=\"9\">{fair}</row>")));
    assert_eq!(fair.map(|(survey, _)| survey.rows).unwrap(), 2);
    let long: String = (0..40).map(|_| cell(&text(30_000))).collect();
    assert_eq!(
        refusal(&with(format!("<row r=\"9\">{long}</row>"))),
        "upload.structure"
    );
    let attribute = format!("<row x=\"{}\" r=\"9\"></row>", text(300_000));
    assert_eq!(refusal(&with(attribute)), "upload.xml");
    let pieces = format!("{}<!-- -->", text(1_000)).repeat(200);
    assert_eq!(
        refusal(&with(format!("<row r=\"9\">{}</row>", cell(&pieces)))),
        "upload.xml"
    );
}
