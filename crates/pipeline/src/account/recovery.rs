//! Recovery codes: ten, each good once, for the day the second factor is lost.

use vault::{Entropy, Vault, Zeroizing};

use crate::account::base32;

/// How many are made at once.
pub const CODES: usize = 10;

/// New codes as they are shown once: two groups of five, 50 bits each.
pub fn draw(entropy: &mut dyn Entropy) -> Vec<Zeroizing<String>> {
    let one = |_| {
        let mut bytes = Zeroizing::new([0_u8; 7]);
        entropy.fill(bytes.as_mut_slice());
        let text = Zeroizing::new(base32::encode(bytes.as_slice()));
        Zeroizing::new(format!("{}-{}", &text[..5], &text[5..10]))
    };
    (0..CODES).map(one).collect()
}

/// What a code is stored as; case, spaces and dashes do not matter.
pub fn digest(vault: &Vault, code: &str) -> [u8; 32] {
    let folded = code.chars().filter(char::is_ascii_alphanumeric);
    let folded: String = folded.map(|c| c.to_ascii_uppercase()).collect();
    vault.token_digest(&format!("recovery code {folded}"))
}

/// The digests left when this one is used; `None` when it is not among them.
pub fn used(left: &[[u8; 32]], digest: &[u8; 32]) -> Option<Vec<[u8; 32]>> {
    left.contains(digest)
        .then(|| left.iter().filter(|one| *one != digest).copied().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use vault::MasterKey;

    use super::*;
    use crate::clock::OsEntropy;

    #[test]
    fn ten_codes_each_good_once() {
        let vault = Vault::new(MasterKey::from_bytes([3; 32]));
        let codes = draw(&mut OsEntropy);
        let mut left: Vec<_> = codes.iter().map(|code| digest(&vault, code)).collect();
        assert_eq!(left.iter().collect::<BTreeSet<_>>().len(), CODES);
        for code in &codes {
            let typed = code.to_lowercase().replace('-', " ");
            let one = digest(&vault, &typed);
            left = used(&left, &one).unwrap();
            assert_eq!(used(&left, &one), None, "again");
        }
        assert!(left.is_empty());
        assert_eq!(
            used(&left, &digest(&vault, "AAAAA-AAAAA")),
            None,
            "an eleventh"
        );
    }
}
