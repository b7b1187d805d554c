//! The stored form of a fold: bytes that depend on the set of records alone.

mod json;
mod packed;

use domain::record::NaturalKey;
use domain::value::BodyError;

use crate::fold::Fold;

/// Why stored bytes are not a fold. Only damage or another release causes it.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// Not of the right shape.
    #[error("the fold is not of the stored form")]
    Malformed(#[from] postcard::Error),
    /// More bytes than a fold has.
    #[error("the fold is followed by something else")]
    Longer,
    /// Begins like the JSON of earlier releases, and is none.
    #[error("the fold is not of the form earlier releases stored")]
    Json(#[from] serde_json::Error),
    /// Written by another release.
    #[error("the fold has form {0}, which this release does not read")]
    Form(u8),
    /// The subject is not one.
    #[error("the fold is about `{0}`, which is not a subject")]
    Subject(String),
    /// A kind the dictionary does not have.
    #[error("`{0}` is not a kind of fact")]
    Kind(String),
    /// A body that does not fit the dictionary.
    #[error("under key {key}: {source}")]
    Body {
        /// The key.
        key: NaturalKey,
        /// What is wrong with it.
        source: BodyError,
    },
    /// Imports, lists or fields that are not in order, that nothing names, or that
    /// are named and not there.
    #[error("the imports, lists or fields are not those of the statements")]
    Tables,
    /// A kind or a key twice, or a kind without keys.
    #[error("a kind or a key is there twice, or a kind without keys")]
    Twice,
    /// A key without statements, one statement twice, a day that is none, or a
    /// withdrawal for some days.
    #[error("under key {0}: the statements are none that can be made")]
    Statements(NaturalKey),
}

impl Fold {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        packed::bytes(self)
    }

    /// Inverse of [`Fold::to_bytes`]; reads what earlier releases stored, too.
    pub fn from_bytes(bytes: &[u8]) -> Result<Fold, FoldError> {
        match bytes.first() {
            Some(b'{') => Fold::from_json(bytes),
            Some(&form) if form != packed::FORM => Err(FoldError::Form(form)),
            _ => packed::fold(bytes),
        }
    }
}
