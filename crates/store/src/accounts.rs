//! Accounts: how a person proves to be an officer, and the sessions that
//! follow. Passwords are Argon2id PHC strings, session ids and recovery codes
//! are stored as keyed digests, the second factor's secret sealed.

use std::fmt;

use domain::authority::Officer;
use domain::ids::OfficerId;
use domain::time::Instant;

/// An account; an officer has at most one.
///
/// A write is taken only with the version after the stored one (1 for a new
/// account), else it is [`crate::StoreError::Conflict`]: of two who count a
/// wrong password at once, one reads again.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Whose.
    pub officer: OfficerId,
    /// Login name, folded; unique.
    pub login: String,
    /// The person behind it (work number), folded: one person may have several
    /// accounts, but only one whose role administers.
    pub holder: String,
    /// The role is one of 三员; unique per holder.
    pub administers: bool,
    /// Argon2id as a PHC string.
    pub password: String,
    /// Secret of the second factor, sealed under the system key.
    pub totp: Option<Vec<u8>>,
    /// Time step of the last code taken; none at or before it is taken again.
    pub totp_step: i64,
    /// Digests of the recovery codes left.
    pub recovery: Vec<[u8; 32]>,
    /// Wrong answers since the last right one.
    pub failed: u32,
    /// Nothing is tried before.
    pub locked_until: Option<Instant>,
    /// The password was given by someone else.
    pub must_change: bool,
    /// When the password was set.
    pub changed_at: Instant,
    /// Counts writes.
    pub version: i64,
}

impl fmt::Debug for AccountRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountRow")
            .field("officer", &self.officer)
            .field("login", &self.login)
            .field("failed", &self.failed)
            .field("locked_until", &self.locked_until)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// An account with its officer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAccount {
    /// The account.
    pub account: AccountRow,
    /// Whose.
    pub officer: Officer,
    /// Since when the officer is disabled.
    pub disabled_at: Option<Instant>,
}

/// A session: someone who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Keyed digest of the random id in the cookie.
    pub digest: [u8; 32],
    /// Who.
    pub officer: OfficerId,
    /// When it began.
    pub begun_at: Instant,
    /// When it was last seen, within some minutes.
    pub seen_at: Instant,
    /// Ends then if not seen.
    pub idle_until: Instant,
    /// Ends then in any case.
    pub ends_at: Instant,
    /// The second factor was given.
    pub second: bool,
}

/// A live session with its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Session.
    pub session: SessionRow,
    /// Whose.
    pub known: KnownAccount,
}

/// What happened to an account. Written once, and in its commit's ledger digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountEventRow {
    /// Whose account.
    pub officer: OfficerId,
    /// What.
    pub event: AccountEvent,
    /// Officer id, or where the administrator sat (`local`).
    pub by: String,
    /// The second person, where two are needed.
    pub second: Option<OfficerId>,
}

/// An event with its instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Instant,
    /// What.
    pub row: AccountEventRow,
}

/// What can happen to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountEvent {
    /// It was made.
    Added,
    /// An administrator gave a new one-time password.
    Reset,
    /// Too many wrong answers, or an administrator.
    Locked,
    /// An administrator let it try again.
    Unlocked,
    /// The officer was disabled.
    Disabled,
    /// Someone logged in.
    LoggedIn,
    /// The password was changed by its owner.
    PasswordChanged,
    /// A second factor was set up.
    TotpSet,
    /// New recovery codes were made.
    RecoveryMade,
    /// A recovery code was used.
    RecoveryUsed,
}

impl AccountEvent {
    /// All events.
    pub const ALL: [AccountEvent; 10] = [
        AccountEvent::Added,
        AccountEvent::Reset,
        AccountEvent::Locked,
        AccountEvent::Unlocked,
        AccountEvent::Disabled,
        AccountEvent::LoggedIn,
        AccountEvent::PasswordChanged,
        AccountEvent::TotpSet,
        AccountEvent::RecoveryMade,
        AccountEvent::RecoveryUsed,
    ];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            AccountEvent::Added => "added",
            AccountEvent::Reset => "reset",
            AccountEvent::Locked => "locked",
            AccountEvent::Unlocked => "unlocked",
            AccountEvent::Disabled => "disabled",
            AccountEvent::LoggedIn => "logged_in",
            AccountEvent::PasswordChanged => "password_changed",
            AccountEvent::TotpSet => "totp_set",
            AccountEvent::RecoveryMade => "recovery_made",
            AccountEvent::RecoveryUsed => "recovery_used",
        }
    }

    /// What people call it.
    pub const fn zh(self) -> &'static str {
        match self {
            AccountEvent::Added => "账号开通",
            AccountEvent::Reset => "管理员重置口令",
            AccountEvent::Locked => "账号锁定",
            AccountEvent::Unlocked => "管理员解锁",
            AccountEvent::Disabled => "账号停用",
            AccountEvent::LoggedIn => "登录",
            AccountEvent::PasswordChanged => "本人修改口令",
            AccountEvent::TotpSet => "设置动态口令",
            AccountEvent::RecoveryMade => "生成恢复码",
            AccountEvent::RecoveryUsed => "使用恢复码",
        }
    }
}
