//! Reading a log from its first entry against checkpoints kept elsewhere.

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::frontier::Frontier;
use crate::hash::{Hash, leaf_hash};

/// A log that agrees with every checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries read.
    pub size: u64,
    /// Root over them, to compare with the one the store keeps.
    pub root: Hash,
    /// Entries vouched for by a checkpoint. What follows agrees with nothing
    /// yet and could have been changed unnoticed.
    pub covered: u64,
}

/// Where a log first disagrees with a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// 0-based index of the first entry that is in doubt; all before it are
    /// vouched for by an earlier checkpoint.
    pub index: u64,
    /// What disagrees.
    pub kind: BreachKind,
}

/// What disagrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreachKind {
    /// An entry from the index up to (not including) this size was changed,
    /// removed, inserted or moved. Which one, a root alone cannot tell.
    Differs {
        /// Size of the checkpoint that disagrees.
        until: u64,
    },
    /// The log ends before the checkpoint's size: entries from the index on
    /// were cut off or removed.
    Truncated {
        /// Entries there are.
        entries: u64,
        /// Size of the checkpoint.
        size: u64,
    },
    /// Two checkpoints of one size have different roots: one log was shown as
    /// two.
    Fork {
        /// Their size.
        size: u64,
    },
    /// The checkpoint of this size is of another log.
    Origin {
        /// Its size.
        size: u64,
    },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = self.index;
        match self.kind {
            BreachKind::Differs { until } => write!(
                f,
                "an entry from index {index} up to size {until} was changed, removed, inserted or moved"
            ),
            BreachKind::Truncated { entries, size } => write!(
                f,
                "the log has {entries} entries, but a checkpoint vouches for {size}; in doubt from index {index}"
            ),
            BreachKind::Fork { size } => {
                write!(f, "two checkpoints of size {size} have different roots")
            }
            BreachKind::Origin { size } => {
                write!(f, "the checkpoint of size {size} is of another log")
            }
        }
    }
}

impl std::error::Error for Breach {}

/// Takes entries one at a time, for stores that stream them asynchronously.
#[derive(Clone, Debug)]
pub struct Verifier<'a> {
    frontier: Frontier,
    /// By size, smallest last: the next to check is popped.
    pending: Vec<&'a Checkpoint>,
    covered: u64,
}

impl<'a> Verifier<'a> {
    /// Starts at the first entry. Checkpoints may come in any order.
    pub fn new(checkpoints: &'a [Checkpoint]) -> Result<Verifier<'a>, Breach> {
        let mut verifier = Verifier {
            frontier: Frontier::new(),
            pending: ordered(checkpoints)?,
            covered: 0,
        };
        verifier.check()?;
        Ok(verifier)
    }

    /// Starts behind the entries of a frontier that was handed over with the
    /// entries. Checkpoints before it cannot be checked and are left out; one of
    /// its own size vouches for it.
    pub fn after(
        frontier: Frontier,
        checkpoints: &'a [Checkpoint],
    ) -> Result<Verifier<'a>, Breach> {
        let mut verifier = Verifier {
            frontier: Frontier::new(),
            pending: ordered(checkpoints)?,
            covered: 0,
        };
        let from = frontier.size();
        verifier
            .pending
            .retain(|checkpoint| checkpoint.size >= from);
        verifier.frontier = frontier;
        verifier.covered = from;
        verifier.check()?;
        Ok(verifier)
    }

    /// Takes the next entry's bytes.
    pub fn entry(&mut self, bytes: &[u8]) -> Result<(), Breach> {
        self.leaf(leaf_hash(bytes))
    }

    /// Takes the next entry by its [`leaf_hash`], for readers that learn of the
    /// checkpoints after the entries.
    pub fn leaf(&mut self, leaf: Hash) -> Result<(), Breach> {
        self.frontier.append(leaf);
        self.check()
    }

    /// The log has no more entries.
    pub fn finish(self) -> Result<Verified, Breach> {
        let size = self.frontier.size();
        if let Some(checkpoint) = self.pending.last() {
            return Err(Breach {
                index: self.covered,
                kind: BreachKind::Truncated {
                    entries: size,
                    size: checkpoint.size,
                },
            });
        }
        Ok(Verified {
            size,
            root: self.frontier.root(),
            covered: self.covered,
        })
    }

    fn check(&mut self) -> Result<(), Breach> {
        let size = self.frontier.size();
        while let Some(checkpoint) = self.pending.pop_if(|next| next.size == size) {
            if self.frontier.root() != checkpoint.root {
                return Err(Breach {
                    index: self.covered,
                    kind: BreachKind::Differs { until: size },
                });
            }
            self.covered = size;
        }
        Ok(())
    }
}

/// Checkpoints by size, smallest last; of one log, none of one size twice.
fn ordered(checkpoints: &[Checkpoint]) -> Result<Vec<&Checkpoint>, Breach> {
    let mut pending: Vec<&Checkpoint> = checkpoints.iter().collect();
    pending.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
    for pair in pending.windows(2) {
        let size = pair[0].size;
        if pair[0].origin != pair[1].origin {
            let kind = BreachKind::Origin { size };
            return Err(Breach { index: 0, kind });
        }
        if size == pair[1].size && pair[0].root != pair[1].root {
            let kind = BreachKind::Fork { size };
            return Err(Breach { index: 0, kind });
        }
    }
    Ok(pending)
}

/// Reads a whole log in order and reports the first breach. A change is found
/// when a checkpoint covers it.
pub fn verify(
    entries: impl Iterator<Item = Vec<u8>>,
    checkpoints: &[Checkpoint],
) -> Result<Verified, Breach> {
    let mut verifier = Verifier::new(checkpoints)?;
    for entry in entries {
        verifier.entry(&entry)?;
    }
    verifier.finish()
}
