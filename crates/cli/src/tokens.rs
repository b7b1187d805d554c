//! Bearer tokens: drawn, shown once, stored only as digests.

use domain::ids::OfficerId;
use domain::time::Instant;
use pipeline::clock::OsEntropy;
use store::commit::Write;
use vault::{Entropy as _, Vault, Zeroizing};

/// Tells a token from other secrets, for people and for scanners.
const PREFIX: &str = "hearth_";

/// A token that was drawn.
pub(crate) struct Minted {
    /// To be shown once.
    pub(crate) token: Zeroizing<String>,
    /// What is stored; names the token when it is revoked.
    pub(crate) digest: [u8; 32],
}

/// Draws a token.
pub(crate) fn mint(vault: &Vault) -> Minted {
    let mut secret = Zeroizing::new([0u8; 24]);
    OsEntropy.fill(secret.as_mut_slice());
    let digits = Zeroizing::new(hex::encode(secret.as_slice()));
    let token = Zeroizing::new(format!("{PREFIX}{}", digits.as_str()));
    let digest = vault.token_digest(&token);
    Minted { token, digest }
}

impl Minted {
    /// What to write so that it opens doors for the officer.
    pub(crate) fn write(&self, officer: OfficerId, expires_at: Option<Instant>) -> Write {
        Write::Token {
            digest: self.digest,
            officer,
            expires_at,
        }
    }
}
