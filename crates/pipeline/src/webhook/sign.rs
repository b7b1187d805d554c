//! Signatures as Standard Webhooks has them: HMAC-SHA-256 over
//! `id.timestamp.body`, in base64 after `v1,`, one for each valid secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use vault::{Entropy as _, Zeroizing};

use crate::clock::OsEntropy;

/// Bytes of a secret.
const SECRET_BYTES: usize = 24;
/// What secrets begin with.
const PREFIX: &str = "whsec_";

/// A new secret.
pub fn draw() -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(vec![0; SECRET_BYTES]);
    OsEntropy.fill(secret.as_mut_slice());
    secret
}

/// A secret as its owner keeps it.
pub fn shown(secret: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(STANDARD.encode(secret));
    Zeroizing::new([PREFIX, text.as_str()].concat())
}

/// The `webhook-signature` of a message under each of these secrets.
pub fn signature<S: AsRef<[u8]>>(secrets: &[S], id: &str, seconds: i64, body: &[u8]) -> String {
    let one = |secret: &S| {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_ref()).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    let all: Vec<String> = secrets.iter().map(one).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification.
    #[test]
    fn the_example_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(
            &[&secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(*shown(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn two_secrets_sign_side_by_side() {
        let (one, two) = (draw(), draw());
        assert_ne!(one, two);
        let both = signature(&[&one, &two], "a", 1, b"x");
        let each = [&one, &two].map(|secret| signature(&[secret], "a", 1, b"x"));
        assert_eq!(both, each.join(" "));
        assert_ne!(signature(&[&one], "a", 1, b"y"), each[0]);
        assert_ne!(signature(&[&one], "a", 2, b"x"), each[0]);
        assert_ne!(signature(&[&one], "b", 1, b"x"), each[0]);
    }
}
