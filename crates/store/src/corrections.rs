//! Rows that officers asked their source to look at again (数据错误→退来源).

use domain::ids::{ActionId, ImportId, Subject};
use domain::record::{DatasetId, NaturalKey, Revision};
use domain::time::Instant;

/// A task as written, in the commit of the dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionRow {
    /// The action that disputed the record.
    pub action: ActionId,
    /// Import the record came with.
    pub import: ImportId,
    /// Its row.
    pub line: u32,
    /// About whom.
    pub subject: Subject,
    /// Kind of fact, dictionary name.
    pub kind: String,
    /// Keyed natural key.
    pub key: NaturalKey,
    /// Revision of the disputed record.
    pub revision: Revision,
    /// When.
    pub at: Instant,
    /// The officer's words, names masked, sealed under the system key.
    pub reason: Option<Vec<u8>>,
}

/// A task as its source sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The action that disputed the record.
    pub action: ActionId,
    /// Import the record came with.
    pub import: ImportId,
    /// List it stands in.
    pub dataset: DatasetId,
    /// Its row.
    pub line: u32,
    /// Kind of fact, dictionary name.
    pub kind: String,
    /// Revision of the disputed record.
    pub revision: Revision,
    /// When.
    pub at: Instant,
    /// The officer's words, sealed.
    pub reason: Option<Vec<u8>>,
    /// The record was told again at a later revision.
    pub answered: bool,
}
