//! Append-only Merkle log: leaves, proofs, checkpoints, verification.
