//! Why a step could not do its work.

use std::error::Error;
use std::iter::successors;

use store::StoreError;

/// Messages follow "cannot …: ". No variant holds an opened value.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The store could not.
    #[error("the store could not do it")]
    Store(#[from] StoreError),
    /// A cell could not be opened.
    #[error("a sealed cell of table `{table}` could not be opened")]
    Sealed {
        /// Table.
        table: &'static str,
        /// Cause.
        #[source]
        source: vault::VaultError,
    },
    /// Stored bytes are not what they were.
    #[error("stored bytes of `{0}` are damaged")]
    Damaged(&'static str),
    /// A stored fold that cannot be read: damaged, or of another release.
    #[error("a stored fold cannot be read: {0}")]
    Fold(#[source] registry::FoldError),
    /// The key of a subject is gone: it was erased.
    #[error("the key of the subject was destroyed")]
    Erased,
    /// A computation panicked; nothing was written.
    #[error("a computation failed; nothing was written")]
    Computation,
    /// Approved values and the policy files do not go together.
    #[error("approved values do not join the policy files:\n{0}")]
    Policies(String),
    /// Another worker holds the partition.
    #[error("another worker holds the partition")]
    HeldElsewhere,
}

/// An error's causes, as they are told to people: `a: b: c`; empty without any.
///
/// For the log. How a database writes its errors for programmers quotes the
/// row that it refused.
pub fn causes(error: &dyn Error) -> String {
    let told: Vec<String> = successors(error.source(), |&cause| cause.source())
        .map(ToString::to_string)
        .collect();
    told.join(": ")
}

/// Runs CPU work off the async workers.
pub(crate) async fn offload<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StepError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StepError::Computation)
}
