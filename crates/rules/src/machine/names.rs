//! Codes, texts and ids as small numbers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::dictionary::{DICTIONARY, FieldType};
use uuid::Uuid;

/// Every code of every list of the dictionary.
static CODES: LazyLock<BTreeMap<&'static str, i32>> = LazyLock::new(|| {
    let fields = DICTIONARY.iter().flat_map(|kind| kind.fields);
    let lists = fields.filter_map(|field| match field.ty {
        FieldType::Code(list) => Some(list),
        _ => None,
    });
    let codes: std::collections::BTreeSet<&'static str> = lists
        .flat_map(|list| list.entries.iter().map(|e| e.code))
        .collect();
    (0..)
        .zip(codes)
        .map(|(number, code)| (code, number))
        .collect()
});

/// The number of a code; that of none for a code of no list.
pub(crate) fn code_number(code: &str) -> i32 {
    CODES.get(code).copied().unwrap_or(-1)
}

/// Texts, ids and sources of one household by number, in the order they were
/// met. Nothing of one household is ever compared with another's.
#[derive(Debug, Default)]
pub(crate) struct Names<'h> {
    texts: Vec<&'h str>,
    ids: Vec<Uuid>,
    sources: Vec<&'h str>,
}

fn number<T: PartialEq>(known: &mut Vec<T>, one: T) -> i32 {
    let found = known.iter().position(|k| *k == one).unwrap_or_else(|| {
        known.push(one);
        known.len() - 1
    });
    i32::try_from(found).unwrap_or(i32::MAX)
}

impl<'h> Names<'h> {
    pub(crate) fn text(&mut self, text: &'h str) -> i32 {
        number(&mut self.texts, text)
    }

    pub(crate) fn id(&mut self, id: Uuid) -> i32 {
        number(&mut self.ids, id)
    }

    pub(crate) fn source(&mut self, source: &'h str) -> i32 {
        number(&mut self.sources, source)
    }
}
