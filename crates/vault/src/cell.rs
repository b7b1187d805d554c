//! Sealed cells: AES-256-GCM bound to the place the cell is stored in.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use sha2::{Digest, Sha256};

use crate::Entropy;

/// Where a cell is stored: authenticated with it, stored nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aad {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// What identifies the row within the table.
    pub row: String,
}

impl Aad {
    /// Table, column and row with separators. Table and column are names in our
    /// own code and hold no separator, so no two places give the same bytes.
    fn to_bytes(&self) -> Vec<u8> {
        debug_assert!(!self.table.contains(SEPARATOR) && !self.column.contains(SEPARATOR));
        let len = self.table.len() + self.column.len() + self.row.len() + 2;
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(self.table.as_bytes());
        bytes.push(SEPARATOR as u8);
        bytes.extend_from_slice(self.column.as_bytes());
        bytes.push(SEPARATOR as u8);
        bytes.extend_from_slice(self.row.as_bytes());
        bytes
    }
}

const SEPARATOR: char = '\u{1f}';

/// Why a cell or a wrapped key does not open. Says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Shorter than any cell.
    #[error("the sealed value is cut short")]
    Truncated,
    /// Written by another version.
    #[error("the sealed value has version {0}, which this program does not read")]
    Version(u8),
    /// Sealed with algorithms this program does not have.
    #[error("the sealed value has suite {0}, which this program does not have")]
    Suite(u8),
    /// Sealed under another key than the one given.
    #[error("the sealed value belongs to another key")]
    OtherKey,
    /// Changed, or moved from another table, column or row.
    #[error("the sealed value was changed or moved from another place")]
    Refused,
}

const VERSION: u8 = 1;
/// Suite `intl`: AES-256-GCM and HMAC-SHA-256.
const SUITE_INTL: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 12;
const TAG: usize = 16;
const HEADER: usize = 2 + KEY_ID;

/// An expanded key with its id.
pub(crate) struct Sealer {
    cipher: Aes256Gcm,
    id: [u8; KEY_ID],
}

impl Sealer {
    pub(crate) fn new(key: &[u8; 32]) -> Sealer {
        // The id tells a wrong key from a damaged cell. It is a hash, so it is
        // the same wherever the key is, and 4 bytes of it tell nothing of the key.
        let digest: [u8; 32] = Sha256::new()
            .chain_update(b"hearth key id\0")
            .chain_update(key)
            .finalize()
            .into();
        let [a, b, c, d, ..] = digest;
        Sealer {
            cipher: Aes256Gcm::new(key.into()),
            id: [a, b, c, d],
        }
    }

    /// Nonces are random 96-bit: one key must seal fewer than 2³² cells, which
    /// no subject comes near.
    pub(crate) fn seal(&self, aad: &Aad, plain: &[u8], rng: &mut dyn Entropy) -> Vec<u8> {
        let mut nonce = Nonce::default();
        rng.fill(&mut nonce);
        let mut cell = Vec::with_capacity(HEADER + NONCE + plain.len() + TAG);
        cell.extend_from_slice(&[VERSION, SUITE_INTL]);
        cell.extend_from_slice(&self.id);
        cell.extend_from_slice(&nonce);
        cell.extend_from_slice(plain);
        let content = &mut cell[HEADER + NONCE..];
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce, &aad.to_bytes(), content.into())
            .expect("cells are far below the 64 GiB that AES-GCM seals");
        cell.extend_from_slice(&tag);
        cell
    }

    pub(crate) fn open(&self, aad: &Aad, cell: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (&[version, suite], rest) = cell.split_first_chunk().ok_or(VaultError::Truncated)?;
        if version != VERSION {
            return Err(VaultError::Version(version));
        }
        if suite != SUITE_INTL {
            return Err(VaultError::Suite(suite));
        }
        let (id, rest) = rest
            .split_first_chunk::<KEY_ID>()
            .ok_or(VaultError::Truncated)?;
        let (nonce, rest) = rest
            .split_first_chunk::<NONCE>()
            .ok_or(VaultError::Truncated)?;
        let (content, tag) = rest
            .split_last_chunk::<TAG>()
            .ok_or(VaultError::Truncated)?;
        if *id != self.id {
            return Err(VaultError::OtherKey);
        }
        let mut plain = content.to_vec();
        self.cipher
            .decrypt_inout_detached(
                &Nonce::from(*nonce),
                &aad.to_bytes(),
                plain.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| VaultError::Refused)?;
        Ok(plain)
    }
}
