//! Seals record bodies and identity, blind-indexes, masks, erases by
//! destroying a key.
//!
//! One [`MasterKey`], kept in a file and in escrow, gives every key by purpose
//! (HKDF-SHA-256). The [`Vault`] holds them and does three things:
//!
//! - **Seals.** Each subject has a random data key, stored only wrapped
//!   ([`WrappedKey`]) under the key-encryption key. Cells are AES-256-GCM,
//!   `version ‖ suite ‖ key id ‖ nonce ‖ ciphertext ‖ tag`, bound to their
//!   table, column and row by [`Aad`], so that a cell moved elsewhere does not
//!   open. Deleting the wrapped key erases the subject: the data key was drawn
//!   at random and nothing else leads to it.
//! - **Indexes blindly.** Ids of people and households and natural keys are
//!   HMAC-SHA-256 of what the source sent, so the same identity has the same id
//!   everywhere and in any order, and only the holder of the key can go from a
//!   number to an id. There are about 2³⁷ possible identity numbers: any
//!   unkeyed hash of one is reversed in minutes.
//! - **Admits.** [`Vault::admit`] is the only way from a decoded row in clear
//!   to a `Record`.
//!
//! [`mask`] and [`names`] show and compare what may be shown and searched.
//! Randomness is given by the shell through [`Entropy`]. `Debug` of every type
//! here that holds a secret or an identity is silent, and keys are cleared from
//! memory when dropped.

mod admit;
mod cell;
mod key_file;
mod keys;
pub mod mask;
pub mod names;
pub mod reread;
mod vault;

pub use admit::{Admitted, AdmittedIdentity};
pub use cell::{Aad, VaultError};
pub use key_file::{KeyFileError, MasterKeyFile};
pub use keys::{MasterKey, SubjectKey, WrappedKey};
pub use vault::Vault;
pub use zeroize::Zeroizing;

/// Unpredictable bytes, given by the shell from the operating system.
pub trait Entropy {
    /// Fills `bytes`. A source that cannot must not return.
    fn fill(&mut self, bytes: &mut [u8]);
}

#[cfg(test)]
mod tests;
