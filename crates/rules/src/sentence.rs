//! Sentences with typed placeholders, and their rendering.

use domain::evaluation::{Missing, Segment};
use domain::ids::PersonId;
use domain::region::DivisionCode;

use crate::check::{Scope, check};
use crate::eval::Frame;
use crate::expr::Expr;
use crate::problem::Fault;
use crate::words::{self, Wording};

/// A sentence of a policy.
#[derive(Debug, Default)]
pub(crate) struct Sentence(pub(crate) Vec<Piece>);

#[derive(Debug)]
pub(crate) enum Piece {
    Text(String),
    /// With the byte at which its expression begins.
    Value(usize, Expr),
    /// `{missing}`: titles of the facts that are missing.
    Missing(usize),
}

impl Sentence {
    /// Reads `text with {expressions}`. Braces within quotes belong to the
    /// expression.
    pub(crate) fn parse(text: &str, scope: &Scope<'_>) -> Result<Sentence, Fault> {
        let mut pieces = Vec::new();
        let mut rest = 0;
        while let Some(open) = text[rest..].find('{').map(|at| rest + at) {
            if open > rest {
                pieces.push(Piece::Text(text[rest..open].to_owned()));
            }
            let Some(close) = closing(text, open + 1) else {
                return Err(Fault::new(
                    open,
                    "sentence.brace",
                    "大括号没有配对".to_owned(),
                    "the brace is not closed".to_owned(),
                ));
            };
            let source = &text[open + 1..close];
            if source.trim() == "missing" {
                pieces.push(Piece::Missing(open));
            } else {
                let expr = check(source, scope).map_err(|mut fault| {
                    fault.offset += open + 1;
                    fault
                })?;
                pieces.push(Piece::Value(open + 1, expr));
            }
            rest = close + 1;
        }
        if rest < text.len() {
            pieces.push(Piece::Text(text[rest..].to_owned()));
        }
        Ok(Sentence(pieces))
    }

    pub(crate) fn fill<'a>(&'a self, frame: &Frame<'a>, missing: &[Missing]) -> Vec<Segment> {
        let mut words = Wording::default();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => words.say(text),
                Piece::Value(_, expr) => {
                    let value = frame.value(expr);
                    words.outcome(&value, &expr.ty, frame.on, frame.language);
                }
                Piece::Missing(_) => words.say(&titles(missing, frame.language)),
            }
        }
        words.segments()
    }
}

/// Titles of missing facts, each once.
pub(crate) fn titles(missing: &[Missing], language: words::Language) -> String {
    let mut titles: Vec<String> = Vec::new();
    for one in missing {
        let title = match language {
            words::Language::Chinese => one.zh.clone(),
            words::Language::English => one.fact.replace(['_', '.'], " "),
        };
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    if titles.is_empty() {
        return language.pick("无", "nothing").to_owned();
    }
    titles.join(language.pick("、", ", "))
}

fn closing(text: &str, from: usize) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.get(from..)?.char_indices() {
        match (quote, c) {
            (None, '}') => return Some(from + at),
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            _ => {}
        }
    }
    None
}

/// A sentence as text, with names and places as the reader may see them.
pub fn render(
    segments: &[Segment],
    name: &dyn Fn(PersonId) -> String,
    place: &dyn Fn(DivisionCode) -> String,
) -> String {
    let mut out = String::new();
    for segment in segments {
        match segment {
            Segment::Text(text) => out.push_str(text),
            Segment::Name(id) => out.push_str(&name(*id)),
            Segment::Place(code) => out.push_str(&place(*code)),
        }
    }
    out
}
