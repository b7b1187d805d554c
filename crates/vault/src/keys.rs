//! Keys: the master key, what is derived from it, and subjects' data keys.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Entropy;
use crate::cell::{Aad, Sealer, VaultError};

/// 32 secret bytes in one place on the heap, so that moving the key leaves no
/// copy behind, cleared when dropped.
#[derive(Clone)]
struct Secret(Box<Zeroizing<[u8; 32]>>);

impl Secret {
    fn zeroed() -> Secret {
        Secret(Box::new(Zeroizing::new([0; 32])))
    }

    fn copy_of(bytes: &[u8; 32]) -> Secret {
        let mut secret = Secret::zeroed();
        secret.0.copy_from_slice(bytes);
        secret
    }

    fn random(rng: &mut dyn Entropy) -> Secret {
        let mut secret = Secret::zeroed();
        rng.fill(secret.0.as_mut_slice());
        secret
    }
}

/// The key all others come from. Whoever has it reads everything; without it
/// nothing can be read.
pub struct MasterKey(Secret);

impl MasterKey {
    /// Takes the 32 bytes of a key file.
    pub fn from_bytes(mut bytes: [u8; 32]) -> MasterKey {
        let key = MasterKey(Secret::copy_of(&bytes));
        bytes.zeroize();
        key
    }

    /// Draws a new key.
    pub fn random(rng: &mut dyn Entropy) -> MasterKey {
        MasterKey(Secret::random(rng))
    }

    /// A name for the key that can be shown and stored: 16 hex digits. Two
    /// keys with different fingerprints are different.
    pub fn fingerprint(&self) -> String {
        let derived = self.derive(Purpose::Fingerprint);
        hex::encode(&derived[..8])
    }

    /// The bytes, for the key file only.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0.0
    }

    /// The key for one purpose. Knowing one gives no other.
    pub(crate) fn derive(&self, purpose: Purpose) -> Zeroizing<[u8; 32]> {
        let (mut prk, hkdf) = Hkdf::<Sha256>::extract(Some(b"hearth vault 1"), self.expose());
        prk.as_mut_slice().zeroize();
        let mut key = Zeroizing::new([0; 32]);
        hkdf.expand(purpose.label().as_bytes(), key.as_mut_slice())
            .expect("HKDF-SHA-256 gives up to 8,160 bytes");
        key
    }
}

/// What a derived key is for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Kek,
    IndexPerson,
    IndexHousehold,
    IndexNaturalKey,
    Token,
    Audit,
    System,
    Fingerprint,
}

impl Purpose {
    /// Never changes: another label is another key, and what the old one
    /// sealed or indexed is lost.
    const fn label(self) -> &'static str {
        match self {
            Purpose::Kek => "kek",
            Purpose::IndexPerson => "index-person",
            Purpose::IndexHousehold => "index-household",
            Purpose::IndexNaturalKey => "index-natural-key",
            Purpose::Token => "token",
            Purpose::Audit => "audit",
            Purpose::System => "system",
            Purpose::Fingerprint => "fingerprint",
        }
    }
}

/// A keyed hash with the key already absorbed; each use starts from a copy.
pub(crate) struct IndexKey(Hmac<Sha256>);

impl IndexKey {
    pub(crate) fn new(key: &[u8; 32]) -> IndexKey {
        IndexKey(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// HMAC over the parts, each behind its length, so that no two lists of
    /// parts are the same bytes.
    pub(crate) fn digest<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The data key of one subject.
#[derive(Clone)]
pub struct SubjectKey(Secret);

impl SubjectKey {
    pub(crate) fn random(rng: &mut dyn Entropy) -> SubjectKey {
        SubjectKey(Secret::random(rng))
    }

    pub(crate) fn from_plain(plain: &[u8]) -> Option<SubjectKey> {
        let bytes: &[u8; 32] = plain.try_into().ok()?;
        Some(SubjectKey(Secret::copy_of(bytes)))
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0.0
    }

    /// Seals a cell of this subject for the place it will be stored in.
    pub fn seal(&self, aad: &Aad, plain: &[u8], rng: &mut dyn Entropy) -> Vec<u8> {
        // Expanding the key is cheaper than keeping a thousand bytes of round
        // keys per subject in memory.
        Sealer::new(self.expose()).seal(aad, plain, rng)
    }

    /// Opens a cell of this subject, read from the place it was sealed for.
    pub fn open(&self, aad: &Aad, cell: &[u8]) -> Result<Vec<u8>, VaultError> {
        Sealer::new(self.expose()).open(aad, cell)
    }
}

/// A subject's data key sealed under the key-encryption key, for storing.
/// Deleting every copy of it erases the subject.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey(Vec<u8>);

impl WrappedKey {
    /// As stored.
    pub fn from_bytes(bytes: Vec<u8>) -> WrappedKey {
        WrappedKey(bytes)
    }

    /// To store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// To store, without copying.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

macro_rules! silent_debug {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

silent_debug!(MasterKey, SubjectKey, WrappedKey);

impl ZeroizeOnDrop for MasterKey {}
impl ZeroizeOnDrop for SubjectKey {}
