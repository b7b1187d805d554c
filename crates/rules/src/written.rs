//! Policies beside the documents they were read from: what is told of a policy
//! is told in the words of its author.

use crate::document::PolicyFile;
use crate::policy::{Policy, PolicySet};
use crate::yaml::{Document, read};

/// A policy beside its document.
pub(crate) struct Written<'d> {
    pub(crate) document: &'d Document,
    pub(crate) file: PolicyFile,
    pub(crate) policy: &'d Policy,
}

/// Every policy of a set that was loaded from the documents.
pub(crate) fn written<'d>(set: &'d PolicySet, documents: &'d [Document]) -> Vec<Written<'d>> {
    let pair = |policy: &'d Policy| {
        let mut all = documents.iter();
        let document = all.find(|document| document.name == policy.document)?;
        // It was read when the set was loaded.
        let file = read(document).ok()?;
        Some(Written {
            document,
            file,
            policy,
        })
    };
    set.policies().iter().filter_map(pair).collect()
}

/// What a document or an article says that nobody has looked up yet.
pub(crate) fn is_unconfirmed(words: &str) -> bool {
    words.contains("待复核") || words.contains("未录入")
}
