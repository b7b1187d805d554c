//! The right edge of the tree: all that appending needs.

use crate::hash::{Hash, empty_root, node_hash};

/// The roots of the perfect subtrees a log of this size splits into, largest
/// first: one per one-bit of the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

/// Why stored bytes are not a frontier. Only damage can cause it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// Written by another version.
    #[error("the frontier has version {0}, which this program does not read")]
    Version(u8),
    /// Too few or too many bytes for its size.
    #[error("the frontier has another number of hashes than its size needs")]
    Length,
    /// No log is that long.
    #[error("the frontier's size of {0} is beyond any log")]
    Size(u64),
}

const VERSION: u8 = 1;
const HEADER: usize = 9;
/// No log grows to this many entries; a larger stored size is damage.
const SIZES: u64 = 1 << 62;

impl Frontier {
    /// The frontier of a log without entries.
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// Appends a leaf and returns its index. O(log n).
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.size;
        let mut root = leaf;
        // Each one-bit at the low end of the size is a subtree as large as the
        // one in hand: the two become one, like a carry in addition.
        for _ in 0..index.trailing_ones() {
            let left = self.roots.pop().expect("one root per one-bit of the size");
            root = node_hash(left, root);
        }
        self.roots.push(root);
        self.size = index + 1;
        index
    }

    /// The root of the whole log.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev().copied();
        let Some(last) = roots.next() else {
            return empty_root();
        };
        roots.fold(last, |right, left| node_hash(left, right))
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Version byte, size (8 bytes, big-endian), then the hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + 32 * self.roots.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.size.to_be_bytes());
        for root in &self.roots {
            bytes.extend_from_slice(root.as_bytes());
        }
        bytes
    }

    /// Inverse of [`Frontier::to_bytes`]. The hashes themselves can only be
    /// checked against a [`crate::Checkpoint`] or the entries.
    pub fn from_bytes(bytes: &[u8]) -> Result<Frontier, FrontierError> {
        let (&version, rest) = bytes.split_first().ok_or(FrontierError::Length)?;
        if version != VERSION {
            return Err(FrontierError::Version(version));
        }
        let (size, rest) = rest.split_first_chunk::<8>().ok_or(FrontierError::Length)?;
        let size = u64::from_be_bytes(*size);
        if size >= SIZES {
            return Err(FrontierError::Size(size));
        }
        let (roots, odd) = rest.as_chunks::<32>();
        if !odd.is_empty() || roots.len() != size.count_ones() as usize {
            return Err(FrontierError::Length);
        }
        let roots = roots.iter().copied().map(Hash).collect();
        Ok(Frontier { size, roots })
    }
}
