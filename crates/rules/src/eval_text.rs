//! What is asked of texts. A text that names a person or a place stands for what
//! is shown to each reader in another way: nothing is asked of it.

use domain::evaluation::Segment;
use regex::Regex;

use crate::eval::Frame;
use crate::expr::Function;
use crate::val::{Out, Val};

impl<'a> Frame<'a> {
    /// `size(text)`, its characters; `text.contains(part)` and its siblings.
    pub(crate) fn of_texts(&self, function: Function, values: &[Val<'a>]) -> Out<'a> {
        let texts: Option<Vec<String>> = values.iter().map(plain).collect();
        let texts = texts.ok_or_else(|| self.arithmetic())?;
        let holds = match (function, texts.as_slice()) {
            (Function::Size, [text]) => return self.number(text.chars().count()),
            (Function::Contains, [text, part]) => text.contains(part),
            (Function::StartsWith, [text, part]) => text.starts_with(part),
            (Function::EndsWith, [text, part]) => text.ends_with(part),
            _ => return Err(self.arithmetic()),
        };
        Ok(Val::Bool(holds))
    }

    /// `text.matches("pattern")`.
    pub(crate) fn matched(&self, text: &Val<'a>, pattern: &Regex) -> Out<'a> {
        let text = plain(text).ok_or_else(|| self.arithmetic())?;
        Ok(Val::Bool(pattern.is_match(&text)))
    }
}

/// The characters of a text without names and places.
fn plain(value: &Val<'_>) -> Option<String> {
    let Val::Text(text) = value else {
        return None;
    };
    let parts = text.iter().map(|segment| match segment {
        Segment::Text(text) => Some(text.as_str()),
        Segment::Name(_) | Segment::Place(_) => None,
    });
    parts.collect()
}
