//! The second factor: one-time codes by time, RFC 6238 over RFC 4226, six
//! digits of HMAC-SHA-1 every 30 seconds, as every authenticator reads them.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::account::base32;

/// Bytes of a secret: as long as the hash (RFC 4226, section 4).
pub const SECRET_BYTES: usize = 20;
const STEP_SECONDS: i64 = 30;
const DIGITS: u32 = 6;
/// Steps a clock may be off, either way.
const WINDOW: i64 = 1;

/// HOTP before it is cut to digits: 31 bits.
fn truncated(secret: &[u8], counter: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&counter.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(digest[19] & 15);
    let mut four = [0; 4];
    four.copy_from_slice(&digest[offset..offset + 4]);
    u32::from_be_bytes(four) & 0x7fff_ffff
}

/// The time step of an instant.
pub fn step_at(unix_seconds: i64) -> i64 {
    unix_seconds.div_euclid(STEP_SECONDS)
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> String {
    let counter = u64::try_from(step).unwrap_or(0);
    let number = truncated(secret, counter) % 10_u32.pow(DIGITS);
    format!("{number:0width$}", width = DIGITS as usize)
}

/// The step a code belongs to, if it is of now or one step beside it and later
/// than the last step taken: no code is taken twice.
pub fn taken(secret: &[u8], given: &str, unix_seconds: i64, last_step: i64) -> Option<i64> {
    let given: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let now = step_at(unix_seconds);
    let mut steps = (now - WINDOW)..=(now + WINDOW);
    steps.find(|step| *step > last_step && code(secret, *step) == given)
}

/// What an authenticator scans.
pub fn uri(secret: &[u8], login: &str) -> String {
    let issuer = "Hearth";
    let label: String = login.bytes().map(escaped).collect();
    format!(
        "otpauth://totp/{issuer}:{label}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
        base32::encode(secret)
    )
}

fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_vectors_of_rfc_4226() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, expected) in (0..).zip(codes) {
            assert_eq!(code(SECRET, counter), expected);
        }
    }

    #[test]
    fn the_vectors_of_rfc_6238() {
        let vectors = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (seconds, expected) in vectors {
            let step = u64::try_from(step_at(seconds)).unwrap();
            assert_eq!(truncated(SECRET, step) % 100_000_000, expected, "{seconds}");
        }
    }

    #[test]
    fn the_uri_names_the_account() {
        let uri = uri(SECRET, "王li");
        assert_eq!(
            uri,
            "otpauth://totp/Hearth:%E7%8E%8Bli?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Hearth&algorithm=SHA1&digits=6&period=30"
        );
    }

    proptest! {
        #[test]
        fn a_code_is_taken_within_one_step_and_once(now in 60_i64..4_000_000_000, off in -5_i64..=5) {
            let step = step_at(now);
            let given = code(SECRET, step + off);
            let other = (-1..=1).any(|near| near != off && code(SECRET, step + near) == given);
            let found = taken(SECRET, &given, now, 0);
            if off.abs() <= 1 {
                prop_assert!(found.is_some());
                let last = found.unwrap_or_default();
                // The same code again, and every code before it.
                prop_assert!(other || taken(SECRET, &given, now, last).is_none());
                prop_assert!(taken(SECRET, &code(SECRET, last - 1), now, last).is_none_or(|_| other));
            } else {
                prop_assert!(other || found.is_none());
            }
        }

        #[test]
        fn only_six_digits_are_a_code(given in "\\PC{0,12}", now in 60_i64..4_000_000_000) {
            let digits = given.chars().filter(char::is_ascii_digit).count();
            prop_assume!(digits != 6);
            prop_assert_eq!(taken(SECRET, &given, now, 0), None);
        }
    }
}
