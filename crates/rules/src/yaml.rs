//! YAML documents to serde shapes, every error with its line and column.

use std::fmt;
use std::marker::PhantomData;
use std::sync::LazyLock;

use regex::Regex;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::problem::{Fault, Place, Problem, nearest};

/// Bytes of one document.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// A document: a policy or a parameter file, already read.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its name, shown in problems.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Reads a document of a shape.
pub(crate) fn read<T: for<'de> Deserialize<'de>>(document: &Document) -> Result<T, Problem> {
    if document.text.len() > DOCUMENT_BYTES_MAX {
        let (line, column) = place_of(&document.text, DOCUMENT_BYTES_MAX);
        return Err(Problem {
            document: document.name.clone(),
            line,
            column,
            code: "document.too_long",
            zh: format!("文件超过{DOCUMENT_BYTES_MAX}字节"),
            en: format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes"),
            nearest: None,
        });
    }
    refuse_hidden(document)?;
    serde_saphyr::from_str(&document.text).map_err(|error| {
        let place = error.location();
        let whole = error.without_snippet().to_string();
        let line = whole.lines().next().unwrap_or("");
        let text: String = line.chars().take(240).collect();
        Problem {
            document: document.name.clone(),
            line: place.map_or(0, |p| narrow(p.line())),
            column: place.map_or(0, |p| narrow(p.column())),
            code: "document.shape",
            zh: format!("文件格式有误：{text}"),
            // Of the whole line: the list of keys is longer than what is shown.
            nearest: suggestion(line),
            en: text,
        }
    })
}

/// The first character that a reader does not see or that turns the direction of what
/// stands beside it, and its byte: one figure looks like another then, and who reviews
/// reads something else than what is computed (Unicode UTS #55, "Trojan Source").
/// Ends of lines and tabs are none.
pub(crate) fn hidden(text: &str) -> Option<(usize, char)> {
    static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
        let hidden = Regex::new(r"[\p{Cf}\p{Zl}\p{Zp}\p{Cc}&&[^\n\r\t]]");
        hidden.expect("the pattern is a constant")
    });
    let found = HIDDEN.find(text)?;
    Some((found.start(), found.as_str().chars().next()?))
}

/// A document is read by people before it is computed.
fn refuse_hidden(document: &Document) -> Result<(), Problem> {
    let text = document.text.as_str();
    // Editors mark a file as UTF-8 by its first character.
    let shown = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some((at, c)) = hidden(shown) else {
        return Ok(());
    };
    let (line, column) = place_of(text, at + text.len() - shown.len());
    let code = u32::from(c);
    Err(Problem {
        document: document.name.clone(),
        line,
        column,
        code: "document.hidden",
        zh: format!("有看不见或颠倒文字方向的字符 U+{code:04X}，请删去"),
        en: format!(
            "there is a character U+{code:04X} that is not seen or turns the direction of text; take it out"
        ),
        nearest: None,
    })
}

/// Line and column of a byte, both from one.
fn place_of(text: &str, byte: usize) -> (u32, u32) {
    let (mut line, mut column) = (1, 1);
    for (_, c) in text.char_indices().take_while(|(at, _)| *at < byte) {
        if c == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    (line, column)
}

/// A line or column of a problem.
pub(crate) fn narrow(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The expected key nearest to an unknown one, read from serde's message.
fn suggestion(message: &str) -> Option<String> {
    let unknown = message.split('`').nth(1)?;
    let (_, expected) = message.split_once("expected one of ")?;
    let expected = expected.split(" at line ").next()?;
    let names = expected
        .split(", ")
        .map(|name| name.trim_matches(['`', ' ']));
    nearest(unknown, names)
}

/// Where a scalar begins.
pub(crate) fn place<T>(document: &Document, scalar: &Spanned<T>) -> Place {
    Place {
        document: document.name.clone(),
        line: narrow(scalar.referenced.line()),
        column: narrow(scalar.referenced.column()),
    }
}

/// Places a fault of an expression in its document. The parser's offset counts
/// in the scalar's value; the line and column are those in the file, found by
/// walking both texts side by side past indentation, quotes and line folds.
pub(crate) fn placed(document: &Document, scalar: &Spanned<String>, fault: Fault) -> Problem {
    let start = scalar.referenced.line();
    let column = scalar.referenced.column();
    let (line, column) = walk(&document.text, start, column, &scalar.value, fault.offset);
    Problem {
        document: document.name.clone(),
        line: narrow(line),
        column: narrow(column),
        code: fault.code,
        zh: fault.zh,
        en: fault.en,
        nearest: fault.nearest,
    }
}

fn walk(text: &str, line: u64, column: u64, value: &str, offset: usize) -> (u64, u64) {
    let lines_before = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let begin: usize = text
        .split_inclusive('\n')
        .take(lines_before)
        .map(str::len)
        .sum();
    let mut wanted = value.char_indices().filter(|(_, c)| !c.is_whitespace());
    let mut next = wanted.next();
    let (mut at_line, mut at_column): (u64, u64) = (line, 1);
    for c in text.get(begin..).unwrap_or("").chars() {
        let reached = at_line > line || at_column >= column;
        if let Some((index, expected)) = next
            && reached
            && c == expected
        {
            if index >= offset {
                return (at_line, at_column);
            }
            next = wanted.next();
        }
        if next.is_none() {
            break;
        }
        if c == '\n' {
            at_line += 1;
            at_column = 1;
        } else {
            at_column += 1;
        }
    }
    if next.is_none() {
        (at_line, at_column)
    } else {
        (line, column)
    }
}

/// A mapping in the order of the document.
#[derive(Clone, Debug)]
pub(crate) struct Ordered<T>(pub(crate) Vec<(Spanned<String>, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Ordered(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// A scalar or a list of scalars, as text: numbers keep no float in between,
/// because decimals must be quoted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalars {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Scalars;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, a truth value or a list (quote decimals)")
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalars, E> {
                Ok(Scalars::One(text.to_owned()))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Scalars, E> {
                Ok(Scalars::One(n.to_string()))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Scalars, E> {
                Ok(Scalars::One(n.to_string()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Scalars, E> {
                Ok(Scalars::One(value.to_string()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalars, A::Error> {
                let mut many = Vec::new();
                while let Some(one) = seq.next_element::<Scalars>()? {
                    match one {
                        Scalars::One(text) => many.push(text),
                        Scalars::Many(_) => {
                            return Err(serde::de::Error::custom("a list within a list"));
                        }
                    }
                }
                Ok(Scalars::Many(many))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
