//! What a workbook says of itself: its sheets, its shared texts, which cell
//! styles show a day, and by which calendar.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::archive::{Archive, Part};
use super::xml::{Step, Tag, Xml};
use super::{TEXT_BYTES_MAX, not_a_workbook, odd, too_much_text};
use crate::error::FileError;

/// Most bytes of shared texts.
const SHARED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most shared texts.
const SHARED_MAX: usize = 2_000_000;
/// Most styles, sheets and relationships.
const LISTED_MAX: usize = 100_000;

/// How a number in a cell is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    #[default]
    Number,
    Day,
    Time,
}

/// A sheet of cells.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) hidden: bool,
    pub(super) part: Part,
}

/// Texts that cells name by number, end to end in one piece.
#[derive(Debug, Default)]
pub(super) struct Shared {
    text: String,
    ends: Vec<u32>,
}

impl Shared {
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let from = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        let to = *self.ends.get(index)?;
        self.text.get(from as usize..to as usize)
    }
}

/// A workbook without its cells.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) sheets: Vec<Sheet>,
    pub(super) shared: Shared,
    pub(super) shown: Vec<Shown>,
    pub(super) from_1904: bool,
}

/// Relationships of a part: id, the last word of the type, target.
type Relations = Vec<(String, String, String)>;

impl Book {
    pub(super) fn read<R: Read + Seek>(
        archive: &Archive,
        input: &mut R,
    ) -> Result<Book, FileError> {
        let root = relations(archive, input, "_rels/.rels", "")?;
        let workbook = root
            .iter()
            .find(|(_, kind, _)| kind == "officeDocument")
            .map(|(_, _, target)| target.clone());
        let workbook = workbook.ok_or_else(not_a_workbook)?;
        let part = archive.part(&workbook).ok_or_else(not_a_workbook)?;
        let (folder, file) = workbook.rsplit_once('/').unwrap_or(("", &workbook));
        let beside = format!("{folder}/_rels/{file}.rels");
        let beside = beside.trim_start_matches('/');
        let relations = relations(archive, input, beside, folder)?;
        let (listed, from_1904) = sheets(part, input)?;
        let target = |id: &str| {
            let relation = relations.iter().find(|(known, ..)| known == id)?;
            (relation.1 == "worksheet").then(|| archive.part(&relation.2))?
        };
        let sheets = listed
            .into_iter()
            .filter_map(|(name, id, hidden)| {
                let part = target(&id)?;
                Some(Sheet { name, hidden, part })
            })
            .collect::<Vec<_>>();
        if sheets.is_empty() {
            return Err(not_a_workbook());
        }
        let of_kind = |kind: &str| {
            let relation = relations.iter().find(|(_, known, _)| known == kind)?;
            archive.part(&relation.2)
        };
        Ok(Book {
            sheets,
            shared: match of_kind("sharedStrings") {
                Some(part) => shared(part, input)?,
                None => Shared::default(),
            },
            shown: match of_kind("styles") {
                Some(part) => styles(part, input)?,
                None => Vec::new(),
            },
            from_1904,
        })
    }
}

/// Targets outside the file are never followed: they are not even kept.
fn relations<R: Read + Seek>(
    archive: &Archive,
    input: &mut R,
    name: &str,
    folder: &str,
) -> Result<Relations, FileError> {
    let part = archive.part(name).ok_or_else(not_a_workbook)?;
    let mut xml = Xml::new(part.open(input)?);
    let mut found = Vec::new();
    loop {
        match xml.step()? {
            Step::Open(tag) if tag.name() == "Relationship" => {
                let of = |name| tag.attribute(name).unwrap_or_default();
                if found.len() > LISTED_MAX {
                    return Err(odd());
                }
                if !of("TargetMode").eq_ignore_ascii_case("external") {
                    let kind = of("Type");
                    let kind = kind.rsplit('/').next().unwrap_or_default();
                    found.push((of("Id"), kind.to_owned(), resolved(folder, &of("Target"))));
                }
            }
            Step::End => return Ok(found),
            _ => {}
        }
    }
}

fn resolved(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "." | "" => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// Name, relation and whether hidden of each sheet, and whether the workbook
/// counts from 1904.
type Listed = (Vec<(String, String, bool)>, bool);

fn sheets<R: Read + Seek>(part: Part, input: &mut R) -> Result<Listed, FileError> {
    let mut xml = Xml::new(part.open(input)?);
    let (mut listed, mut from_1904) = (Vec::new(), false);
    loop {
        match xml.step()? {
            Step::Open(tag) if tag.name() == "workbookPr" => {
                let said = tag.attribute("date1904");
                from_1904 = said.is_some_and(|said| matches!(said.as_str(), "1" | "true" | "on"));
            }
            Step::Open(tag) if tag.name() == "sheet" => {
                let of = |name| tag.attribute(name).unwrap_or_default();
                let hidden = of("state").to_lowercase().contains("hidden");
                listed.push((of("name"), of("id"), hidden));
                if listed.len() > LISTED_MAX {
                    return Err(odd());
                }
            }
            Step::End => return Ok((listed, from_1904)),
            _ => {}
        }
    }
}

fn shared<R: Read + Seek>(part: Part, input: &mut R) -> Result<Shared, FileError> {
    let mut xml = Xml::new(part.open(input)?);
    let mut shared = Shared::default();
    let mut text = Texts::default();
    let mut inside = false;
    loop {
        match xml.step()? {
            Step::Open(tag) => {
                inside |= tag.name() == "si";
                text.open(&tag);
            }
            Step::Text(piece) if inside => text.push(&piece)?,
            Step::Close(tag) if tag.name() == "si" => {
                inside = false;
                shared.text.push_str(&text.take());
                let end = u32::try_from(shared.text.len()).map_err(|_| too_much_text())?;
                shared.ends.push(end);
                if shared.text.len() > SHARED_BYTES_MAX || shared.ends.len() > SHARED_MAX {
                    return Err(too_much_text());
                }
            }
            Step::Close(tag) => text.close(tag.name()),
            Step::Text(_) => {}
            Step::End => return Ok(shared),
        }
    }
}

/// The text of `<t>` elements, runs joined, readings (`rPh`) left out.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    in_text: bool,
    in_reading: bool,
}

impl Texts {
    pub(super) fn open(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "t" => self.in_text = true,
            "rPh" => self.in_reading = true,
            _ => {}
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "rPh" => self.in_reading = false,
            _ => {}
        }
    }

    pub(super) fn push(&mut self, piece: &str) -> Result<(), FileError> {
        if self.in_text && !self.in_reading {
            self.text.push_str(piece);
        }
        if self.text.len() > TEXT_BYTES_MAX {
            Err(odd())
        } else {
            Ok(())
        }
    }

    /// The text so far, which begins anew.
    pub(super) fn take(&mut self) -> String {
        unescaped(std::mem::take(&mut self.text))
    }
}

/// `_x000D_` is how a character that XML cannot carry is written.
pub(super) fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6);
        let closed = rest.as_bytes().get(at + 6) == Some(&b'_');
        let hex = code.filter(|code| closed && code.bytes().all(|b| b.is_ascii_hexdigit()));
        let character = hex
            .and_then(|code| u32::from_str_radix(code, 16).ok())
            .and_then(char::from_u32);
        let (text, taken) = match character {
            Some(character) => (character.to_string(), 7),
            None => ("_x".to_owned(), 2),
        };
        out.push_str(&text);
        rest = &rest[at + taken..];
    }
    out.push_str(rest);
    out
}

fn styles<R: Read + Seek>(part: Part, input: &mut R) -> Result<Vec<Shown>, FileError> {
    let mut xml = Xml::new(part.open(input)?);
    let mut own: BTreeMap<u32, Shown> = BTreeMap::new();
    let mut shown = Vec::new();
    let mut of_cells = false;
    loop {
        match xml.step()? {
            Step::Open(tag) => {
                let id = tag.attribute("numFmtId").and_then(|id| id.parse().ok());
                match tag.name() {
                    "numFmt" => {
                        let code = tag.attribute("formatCode").unwrap_or_default();
                        own.extend(id.map(|id| (id, format_shows(&code))));
                    }
                    "cellXfs" => of_cells = true,
                    "xf" if of_cells => {
                        let id: u32 = id.unwrap_or(0);
                        shown.push(own.get(&id).copied().unwrap_or_else(|| builtin(id)));
                    }
                    _ => {}
                }
                if own.len() > LISTED_MAX || shown.len() > LISTED_MAX {
                    return Err(odd());
                }
            }
            Step::Close(tag) => of_cells &= tag.name() != "cellXfs",
            Step::Text(_) => {}
            Step::End => return Ok(shown),
        }
    }
}

/// Formats every spreadsheet knows by number (ECMA-376, with those of Chinese
/// versions, 27–36 and 50–58).
const fn builtin(id: u32) -> Shown {
    match id {
        14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58 => Shown::Day,
        18..=21 | 32..=35 | 45..=47 | 55 | 56 => Shown::Time,
        _ => Shown::Number,
    }
}

/// What a format shows, by the letters outside quotes and brackets of its
/// first section.
fn format_shows(code: &str) -> Shown {
    let mut letters = String::new();
    let mut characters = code.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => drop(characters.by_ref().find(|c| *c == '"')),
            '[' => drop(characters.by_ref().find(|c| *c == ']')),
            '\\' | '_' | '*' => drop(characters.next()),
            ';' => break,
            c => letters.push(c.to_ascii_lowercase()),
        }
    }
    let letters = letters.replace("am/pm", "").replace("a/p", "");
    if letters.contains("general") {
        return Shown::Number;
    }
    let clock = letters.contains(['h', 's']);
    if letters.contains(['y', 'd']) || (letters.contains('m') && !clock) {
        Shown::Day
    } else if clock {
        Shown::Time
    } else {
        Shown::Number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_show_a_day() {
        let table = [
            ("yyyy\"年\"m\"月\"d\"日\"", Shown::Day),
            ("[$-804]yyyy/m/d;@", Shown::Day),
            ("yyyy-mm", Shown::Day),
            ("m/d/yy h:mm", Shown::Day),
            ("h:mm AM/PM", Shown::Time),
            ("General", Shown::Number),
            ("#,##0.00\"元\"", Shown::Number),
            ("0.00E+00", Shown::Number),
            ("[Red]0", Shown::Number),
            ("\"day\"0", Shown::Number),
        ];
        for (code, expected) in table {
            assert_eq!(format_shows(code), expected, "{code}");
        }
        assert_eq!((builtin(14), builtin(0)), (Shown::Day, Shown::Number));
    }

    #[test]
    fn escapes_of_characters() {
        assert_eq!(unescaped("a_x000D_b".to_owned()), "a\rb");
        assert_eq!(unescaped("_x005F_x000D_".to_owned()), "_x000D_");
        assert_eq!(unescaped("_xZZZZ_ _x12".to_owned()), "_xZZZZ_ _x12");
        assert_eq!(unescaped("号_x四五六".to_owned()), "号_x四五六");
    }

    #[test]
    fn targets_beside_and_above() {
        assert_eq!(
            resolved("xl", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(resolved("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolved("xl/a", "../b.xml"), "xl/b.xml");
        assert_eq!(resolved("", "../../etc/passwd"), "etc/passwd");
    }
}
