//! Accounts of people: passwords, second factor, lockout, sessions.
//!
//! What is decided is decided by pure functions ([`password`], [`lockout`],
//! [`session`], [`totp`], [`recovery`]); [`door`] lets people in, [`care`] lets
//! them look after their account, [`administer`] makes and resets accounts,
//! [`sso`] takes an identity provider's word for who somebody is.

pub mod administer;
pub mod base32;
pub mod care;
pub mod door;
pub mod hash;
pub mod lockout;
pub mod password;
pub mod recovery;
pub mod session;
pub mod sso;
pub mod totp;

pub use door::Door;
use hash::Cost;
use password::Profile;

use crate::error::StepError;

/// Settings of accounts. Platform defaults; 等保 asks for lockout, timeout and
/// two factors, and leaves the numbers to the operator.
#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Which rule passwords follow.
    pub profile: Profile,
    /// Whether those who have no second factor must set one up before anything
    /// else.
    pub second_factor_required: bool,
    /// Wrong answers in a row that lock an account.
    pub failures_max: u32,
    /// Seconds it stays locked.
    pub lock_seconds: i64,
    /// Seconds without a request that end a session.
    pub idle_seconds: i64,
    /// Seconds that end a session in any case.
    pub session_seconds: i64,
    /// Sessions of one account at once; the oldest gives way.
    pub sessions_max: usize,
    /// Seconds a password given by an administrator can be used.
    pub one_time_seconds: i64,
    /// Wrong answers from one address before it is slowed down.
    pub address_failures: u32,
    /// What one password hash costs.
    pub cost: Cost,
}

impl Default for AccountSettings {
    fn default() -> AccountSettings {
        AccountSettings {
            profile: Profile::Dengbao,
            second_factor_required: true,
            failures_max: 5,
            lock_seconds: 30 * 60,
            idle_seconds: 8 * 3600,
            session_seconds: 12 * 3600,
            sessions_max: 3,
            one_time_seconds: 72 * 3600,
            address_failures: 20,
            cost: Cost::default(),
        }
    }
}

/// Why an account could not be opened, changed or made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Unknown, disabled, locked, or a wrong password or code: all alike.
    #[error("the login name, password or code is wrong, or the account is locked")]
    Wrong,
    /// Too many wrong answers came from this address.
    #[error("too many wrong answers from this address; wait {seconds} s")]
    Slowed {
        /// How long to wait.
        seconds: u32,
    },
    /// Too many people log in at this moment.
    #[error("too many logins at once")]
    Busy,
    /// The new password is refused.
    #[error("the new password is refused: {}", .0.iter().map(|weak| weak.en()).collect::<Vec<_>>().join("; "))]
    Weak(Vec<password::Weak>),
    /// What was offered for a second factor is not of this account, or the code
    /// does not match it.
    #[error("the code does not match the secret that was offered")]
    Code,
    /// Not a login name.
    #[error("a login name has 2 to 64 letters, digits, `.`, `_` or `-`, or Chinese characters")]
    LoginName,
    /// Someone has that login name.
    #[error("the login name is taken")]
    Taken,
    /// No account has that login name.
    #[error("there is no such account")]
    Unknown,
    /// The person holds another of the three administrators' roles.
    #[error("one person may not hold two of system_admin, security_admin and auditor")]
    MutuallyExclusive,
    /// An auditor's account is reset by two people.
    #[error(
        "an auditor's account is reset by two people: name the second, someone else with an account"
    )]
    SecondPerson,
    /// The store, the vault or a computation failed.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl From<store::StoreError> for AccountError {
    fn from(error: store::StoreError) -> AccountError {
        AccountError::Step(error.into())
    }
}

/// A login name as it is stored and found: full-width forms become half-width,
/// capitals small. `None` when it is not one.
pub fn login_name(text: &str) -> Option<String> {
    let folded: String = text.trim().chars().map(narrow).collect();
    let folded = folded.to_lowercase();
    let known = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || matches!(c, '.' | '_' | '-' | '\u{4e00}'..='\u{9fff}')
    };
    let length = folded.chars().count();
    ((2..=64).contains(&length) && folded.chars().all(known)).then_some(folded)
}

/// The half-width form of a full-width ASCII character.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_login_name() {
        for spelling in ["wang.li", "Wang.Li", " WANG.LI ", "ｗａｎｇ．ＬＩ"] {
            assert_eq!(
                login_name(spelling).as_deref(),
                Some("wang.li"),
                "{spelling}"
            );
        }
        assert_eq!(login_name("湖塘王丽2").as_deref(), Some("湖塘王丽2"));
        for bad in [
            "",
            "a",
            "a b",
            "a\u{0}b",
            "a/b",
            "a\u{200b}b",
            "<b>",
            &"x".repeat(65),
        ] {
            assert_eq!(login_name(bad), None, "{bad}");
        }
    }
}
