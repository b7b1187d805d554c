//! Passwords as Argon2id PHC strings (RFC 9106). The work is done off the async
//! workers; a stored string carries its own parameters.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use vault::{Entropy as _, Zeroizing};

use crate::clock::OsEntropy;
use crate::error::{StepError, offload};

/// Bytes of a salt.
const SALT: usize = 16;

/// What one hash costs. The default is OWASP's: 19 MiB, two passes, one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB, at least 8 per lane.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    fn default() -> Cost {
        Cost {
            memory_kib: 19_456,
            passes: 2,
            lanes: 1,
        }
    }
}

impl Cost {
    /// Whether Argon2 takes it.
    pub fn is_sound(self) -> bool {
        self.params().is_ok()
    }

    fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, None)
    }
}

/// Hashes a password with a new salt.
pub async fn hash(cost: Cost, password: Zeroizing<String>) -> Result<String, StepError> {
    let hashed = offload(move || {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params().ok()?);
        let mut salt = [0; SALT];
        OsEntropy.fill(&mut salt);
        let phc = argon2.hash_password_with_salt(password.as_bytes(), &salt);
        phc.ok().map(|phc| phc.to_string())
    });
    hashed.await?.ok_or(StepError::Computation)
}

/// A key out of a passphrase, on the caller's thread; `None` when Argon2 does
/// not take the cost or the salt.
pub fn stretch(cost: Cost, passphrase: &[u8], salt: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.params().ok()?);
    let mut key = Zeroizing::new([0; 32]);
    let done = argon2.hash_password_into(passphrase, salt, key.as_mut_slice());
    done.ok().map(|()| key)
}

/// Whether a password is the one behind a PHC string.
pub async fn is_right(phc: String, password: Zeroizing<String>) -> Result<bool, StepError> {
    let checked = offload(move || {
        let phc = PasswordHash::new(&phc).ok()?;
        let verified = Argon2::default().verify_password(password.as_bytes(), &phc);
        Some(verified.is_ok())
    });
    checked.await?.ok_or(StepError::Damaged("accounts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn nothing_of_a_password_is_cut_off() {
        let long = "a".repeat(256);
        let phc = hash(SMALL, secret(&long)).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{phc}");
        assert!(is_right(phc.clone(), secret(&long)).await.unwrap());
        for other in [&long[..72], &long[..255], &format!("{long}a"), ""] {
            assert!(!is_right(phc.clone(), secret(other)).await.unwrap());
        }
        let nul = hash(SMALL, secret("ab\u{0}cd")).await.unwrap();
        assert!(!is_right(nul, secret("ab")).await.unwrap());
        let again = hash(SMALL, secret(&long)).await.unwrap();
        assert_ne!(phc, again, "each has its own salt");
        assert!(is_right("damaged".to_owned(), secret("x")).await.is_err());
        assert!(Cost::default().is_sound());
    }
}
