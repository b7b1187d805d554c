//! Append-only Merkle log: leaves, checkpoints, verification.
//!
//! The log is a list of entries whose bytes are written once and never
//! re-serialised. [`leaf_hash`] and [`node_hash`] hash them as RFC 6962 does;
//! a [`Frontier`] appends in O(log n) without the earlier entries; a
//! [`Checkpoint`] says what the root was at a size; [`verify`] reads a log from
//! its first entry and finds the first place where it disagrees with one.
//!
//! This crate knows no noun of the others, only bytes. [`Entry`] gives both
//! stores one encoding, so that the same event is the same leaf in each.
//!
//! A checkpoint binds only those who cannot rewrite it. Until checkpoints are
//! signed and kept outside, the log shows accidents and outsiders, not an
//! administrator who rewrites the log and its checkpoints together.

mod checkpoint;
mod entry;
mod frontier;
mod hash;
mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{Entry, EntryError};
pub use frontier::{Frontier, FrontierError};
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use verify::{Breach, BreachKind, Verified, Verifier, verify};

#[cfg(test)]
mod tests;
