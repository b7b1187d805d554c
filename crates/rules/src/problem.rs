//! What is wrong with a document, said where it stands.

use std::fmt;

/// One thing wrong with a policy or parameter document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the document.
    pub document: String,
    /// 1-based line; 0 when the whole document is meant.
    pub line: u32,
    /// 1-based column in characters; 0 when the whole document is meant.
    pub column: u32,
    /// Stable code such as `name.unknown`.
    pub code: &'static str,
    /// Chinese sentence.
    pub zh: String,
    /// English sentence.
    pub en: String,
    /// The known name nearest to the unknown one.
    pub nearest: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}: {}",
            self.document, self.line, self.column, self.code, self.en
        )?;
        match &self.nearest {
            Some(name) => write!(f, " (did you mean `{name}`?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// Where something stands in the documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Name of the document; empty for what no document says.
    pub(crate) document: String,
    /// 1-based line; 0 when the whole document is meant.
    pub(crate) line: u32,
    /// 1-based column in characters; 0 when the whole document is meant.
    pub(crate) column: u32,
}

/// A problem inside one expression, before it is placed in its document.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Byte offset in the expression.
    pub(crate) offset: usize,
    pub(crate) code: &'static str,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) nearest: Option<String>,
}

impl Fault {
    pub(crate) fn new(offset: usize, code: &'static str, zh: String, en: String) -> Fault {
        Fault {
            offset,
            code,
            zh,
            en,
            nearest: None,
        }
    }

    /// An unknown name with the nearest of the known ones.
    pub(crate) fn unknown<'n>(
        offset: usize,
        what: (&str, &str),
        name: &str,
        known: impl Iterator<Item = &'n str>,
    ) -> Fault {
        let (zh, en) = what;
        Fault {
            offset,
            code: "name.unknown",
            zh: format!("没有名为 `{name}` 的{zh}"),
            en: format!("there is no {en} named `{name}`"),
            nearest: nearest(name, known),
        }
    }
}

/// The known name nearest to `name`, the first in order when several are.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let distance = strsim::damerau_levenshtein(name, candidate);
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    // A name that shares less than half its letters helps nobody.
    best.filter(|(distance, found)| distance * 2 <= name.len().max(found.len()))
        .map(|(_, found)| found.to_owned())
}
