//! `[accounts]`: passwords, second factor, lockout, sessions.

use pipeline::account::AccountSettings as Accounts;
use pipeline::account::hash::Cost;
use pipeline::account::password::Profile;
use serde::Deserialize;

use crate::exit;

/// Which rule passwords follow.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PasswordRule {
    /// 等保: complexity and regular change.
    Dengbao,
    /// ASVS: length.
    Asvs,
}

/// Who needs a second factor.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecondFactor {
    /// Everybody, before anything else.
    Required,
    /// Whoever has set one up.
    Optional,
}

/// How people log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccountSettings {
    pub(crate) profile: PasswordRule,
    pub(crate) second_factor: SecondFactor,
    /// Wrong answers in a row that lock an account.
    pub(crate) failures_max: u32,
    pub(crate) lock_minutes: u32,
    pub(crate) idle_minutes: u32,
    pub(crate) session_minutes: u32,
    pub(crate) sessions_max: usize,
    /// Hours a password given by an administrator can be used.
    pub(crate) one_time_hours: u32,
    /// Wrong answers from one address before it is slowed down.
    pub(crate) address_failures: u32,
    /// Argon2id.
    pub(crate) hash_memory_kib: u32,
    pub(crate) hash_passes: u32,
}

impl Default for AccountSettings {
    fn default() -> AccountSettings {
        AccountSettings {
            profile: PasswordRule::Dengbao,
            second_factor: SecondFactor::Required,
            failures_max: 5,
            lock_minutes: 30,
            idle_minutes: 8 * 60,
            session_minutes: 12 * 60,
            sessions_max: 3,
            one_time_hours: 72,
            address_failures: 20,
            hash_memory_kib: 19_456,
            hash_passes: 2,
        }
    }
}

impl AccountSettings {
    /// As the pipeline takes them; numbers that make no sense are refused.
    pub(crate) fn checked(&self) -> anyhow::Result<Accounts> {
        let zero = [
            self.failures_max,
            self.lock_minutes,
            self.idle_minutes,
            self.session_minutes,
            self.one_time_hours,
            self.address_failures,
        ];
        if zero.contains(&0) || self.sessions_max == 0 {
            return Err(exit::configuration("[accounts] takes no zero"));
        }
        let cost = Cost {
            memory_kib: self.hash_memory_kib,
            passes: self.hash_passes,
            lanes: 1,
        };
        if !cost.is_sound() {
            return Err(exit::configuration(
                "accounts.hash_memory_kib and accounts.hash_passes are not what Argon2 takes",
            ));
        }
        let minutes = |minutes: u32| i64::from(minutes) * 60;
        Ok(Accounts {
            profile: match self.profile {
                PasswordRule::Dengbao => Profile::Dengbao,
                PasswordRule::Asvs => Profile::Asvs,
            },
            second_factor_required: match self.second_factor {
                SecondFactor::Required => true,
                SecondFactor::Optional => false,
            },
            failures_max: self.failures_max,
            lock_seconds: minutes(self.lock_minutes),
            idle_seconds: minutes(self.idle_minutes),
            session_seconds: minutes(self.session_minutes),
            sessions_max: self.sessions_max,
            one_time_seconds: minutes(self.one_time_hours) * 60,
            address_failures: self.address_failures,
            cost,
        })
    }
}
