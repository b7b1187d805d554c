//! How wrong answers are held back: an account is locked after some in a row,
//! an address that gives many is slowed down, and when many come from many
//! addresses whoever is not known slows down.
//!
//! A verdict is told only after it was counted: whoever loses the race of
//! writing reads the account again and is judged again, so that fifty at once
//! get no more tries than one after another.

use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::time::Instant;
use store::accounts::AccountRow;

use crate::account::AccountSettings;

/// What an answer means for the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Locked: right or wrong is not told.
    Locked,
    /// Wrong; the row to write, and whether this one locked it.
    Wrong(AccountRow, bool),
    /// Right; the row to write. What was counted is kept until the whole login
    /// is done.
    Right(AccountRow),
}

/// Judges one answer at an instant. The rows are the next version.
pub fn judge(row: &AccountRow, right: bool, now: Instant, settings: &AccountSettings) -> Judged {
    if row.locked_until.is_some_and(|until| now < until) {
        return Judged::Locked;
    }
    let mut next = row.clone();
    next.version += 1;
    if next.locked_until.take().is_some() {
        next.failed = 0;
    }
    if right {
        return Judged::Right(next);
    }
    next.failed = next.failed.saturating_add(1);
    let locks = next.failed >= settings.failures_max;
    if locks {
        next.locked_until = Some(now.plus_seconds(settings.lock_seconds));
    }
    Judged::Wrong(next, locks)
}

/// Wrong answers are remembered for an address this long.
const REMEMBERED_SECONDS: i64 = 15 * 60;
/// Addresses remembered at once; the longest quiet is forgotten first.
const ADDRESSES_MAX: usize = 10_000;
/// The longest wait.
const WAIT_SECONDS_MAX: i64 = 300;

/// Wrong answers of all addresses together, within the time they are
/// remembered, that look like one password tried on many accounts. A platform
/// default: a bureau mistypes less.
const FAILURES_OF_ALL_MAX: u32 = 200;

/// What is remembered of one address.
#[derive(Clone, Copy, Debug)]
struct Seen {
    failures: u32,
    last: Instant,
    /// Somebody gave a right answer from here.
    known: bool,
}

/// Wrong answers of all addresses together.
#[derive(Debug, Default)]
struct All {
    /// Begin of the time they are counted in.
    since: Option<Instant>,
    failures: u32,
    /// When an address that is not known may try next.
    next: Option<Instant>,
    alarmed: bool,
}

/// Wrong answers by address, in this process.
#[derive(Debug, Default)]
pub struct Addresses {
    seen: BTreeMap<IpAddr, Seen>,
    all: All,
}

impl Addresses {
    /// Counts a try before it is judged, or says how many seconds to wait.
    pub fn admit(&mut self, address: IpAddr, now: Instant, failures_max: u32) -> Result<(), u32> {
        let since = now.plus_seconds(-REMEMBERED_SECONDS);
        let known = self
            .seen
            .get(&address)
            .copied()
            .filter(|seen| since < seen.last);
        let failures = known.map_or(0, |seen| seen.failures);
        if let Some(seen) = known {
            let over = failures.saturating_sub(failures_max);
            // 1, 2, 4 … seconds after each one too many.
            let wait = if over == 0 {
                0
            } else {
                1_i64 << (over - 1).min(9)
            };
            let until = seen.last.plus_seconds(wait.min(WAIT_SECONDS_MAX));
            if now < until {
                let left = (until.as_micros() - now.as_micros() + 999_999) / 1_000_000;
                return Err(u32::try_from(left).unwrap_or(u32::MAX));
            }
        }
        let is_known = known.is_some_and(|seen| seen.known);
        self.all.admit(now, is_known)?;
        if self.seen.len() >= ADDRESSES_MAX && !self.seen.contains_key(&address) {
            let quiet = self.seen.iter().min_by_key(|(_, seen)| seen.last);
            if let Some(quiet) = quiet.map(|(address, _)| *address) {
                self.seen.remove(&quiet);
            }
        }
        let seen = Seen {
            failures: failures.saturating_add(1),
            last: now,
            known: is_known,
        };
        self.seen.insert(address, seen);
        Ok(())
    }

    /// The try was right: it does not count.
    pub fn forgive(&mut self, address: IpAddr) {
        self.all.failures = self.all.failures.saturating_sub(1);
        if let Some(seen) = self.seen.get_mut(&address) {
            seen.failures = seen.failures.saturating_sub(1);
            seen.known = true;
        }
    }

    /// Whether so many wrong answers came that somebody should be told; once.
    pub fn alarm(&mut self) -> bool {
        let is_new = self.all.is_met() && !self.all.alarmed;
        self.all.alarmed |= is_new;
        is_new
    }
}

impl All {
    fn is_met(&self) -> bool {
        self.failures >= FAILURES_OF_ALL_MAX
    }

    /// Counts a try, or says how many seconds to wait: one a second is let
    /// through of those not known, once too many were wrong.
    fn admit(&mut self, now: Instant, is_known: bool) -> Result<(), u32> {
        let over = |since: Instant| since.plus_seconds(REMEMBERED_SECONDS) <= now;
        if self.since.is_none_or(over) {
            *self = All {
                since: Some(now),
                ..All::default()
            };
        }
        if self.is_met() && !is_known {
            if self.next.is_some_and(|next| now < next) {
                return Err(1);
            }
            self.next = Some(now.plus_seconds(1));
        }
        self.failures = self.failures.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::OfficerId;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn row() -> AccountRow {
        AccountRow {
            officer: OfficerId::from_uuid(Uuid::nil()),
            login: "a1".to_owned(),
            holder: "a1".to_owned(),
            administers: false,
            password: String::new(),
            totp: None,
            totp_step: 0,
            recovery: vec![],
            failed: 0,
            locked_until: None,
            must_change: false,
            changed_at: Instant::from_micros(0),
            version: 1,
        }
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    proptest! {
        /// Whatever the answers and pauses: no more wrong answers than allowed
        /// are judged within the time of a lock, and nothing is told while it
        /// lasts.
        #[test]
        fn no_more_tries_than_allowed(answers in prop::collection::vec((any::<bool>(), 1_i64..900), 1..200)) {
            let settings = AccountSettings::default();
            let (mut row, mut now) = (row(), 0);
            let mut in_a_row: u32 = 0;
            let mut locked_since: Option<i64> = None;
            for (right, pause) in answers {
                now += pause;
                let still = locked_since.is_some_and(|since| now < since + settings.lock_seconds);
                let judged = judge(&row, right, at(now), &settings);
                prop_assert_eq!(still, judged == Judged::Locked);
                if locked_since.is_some() && !still {
                    locked_since = None;
                    in_a_row = 0;
                }
                match judged {
                    Judged::Locked => {}
                    Judged::Right(next) => {
                        prop_assert_eq!(next.failed, in_a_row, "a right password alone clears nothing");
                        prop_assert_eq!(next.version, row.version + 1);
                        row = next;
                    }
                    Judged::Wrong(next, locks) => {
                        in_a_row += 1;
                        prop_assert_eq!(locks, in_a_row == settings.failures_max);
                        prop_assert_eq!(next.version, row.version + 1);
                        row = next;
                        if locks {
                            locked_since = Some(now);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_address_waits_longer_and_longer_and_is_forgotten() {
        let mut addresses = Addresses::default();
        let (one, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..=3 {
            assert_eq!(addresses.admit(one, at(0), 3), Ok(()));
        }
        assert_eq!(addresses.admit(one, at(0), 3), Err(1));
        assert_eq!(addresses.admit(other, at(0), 3), Ok(()));
        assert_eq!(addresses.admit(one, at(1), 3), Ok(()));
        assert!(addresses.admit(one, at(2), 3).is_err(), "two seconds now");
        assert_eq!(addresses.admit(one, at(3), 3), Ok(()));
        // A right answer takes its own try back and no more.
        addresses.forgive(one);
        assert!(addresses.admit(one, at(4), 3).is_err());
        assert_eq!(addresses.admit(one, at(4 + REMEMBERED_SECONDS), 3), Ok(()));
        assert_eq!(addresses.admit(one, at(4 + REMEMBERED_SECONDS), 3), Ok(()));
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let mut addresses = Addresses::default();
        for number in 0..20_000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            assert_eq!(addresses.admit(address, at(number.into()), 3), Ok(()));
        }
        assert!(addresses.alarm(), "that many are no accident");
        assert_eq!(addresses.seen.len(), ADDRESSES_MAX);
    }
    #[test]
    fn one_password_on_many_accounts_slows_whoever_is_not_known() {
        let mut addresses = Addresses::default();
        let office: IpAddr = [10, 0, 0, 1].into();
        assert_eq!(addresses.admit(office, at(0), 3), Ok(()));
        addresses.forgive(office);
        let from = |number: u32| IpAddr::from((number + 1_000_000).to_be_bytes());
        for number in 0..FAILURES_OF_ALL_MAX {
            assert!(!addresses.alarm(), "{number}");
            assert_eq!(addresses.admit(from(number), at(1), 3), Ok(()));
        }
        assert!(addresses.alarm() && !addresses.alarm(), "told once");
        assert_eq!(addresses.admit(from(900), at(1), 3), Ok(()), "one a second");
        assert_eq!(addresses.admit(from(901), at(1), 3), Err(1));
        assert_eq!(addresses.admit(office, at(1), 3), Ok(()), "known");
        assert_eq!(addresses.admit(from(901), at(2), 3), Ok(()));
        let later = at(REMEMBERED_SECONDS);
        for number in 0..3 {
            assert_eq!(addresses.admit(from(950 + number), later, 3), Ok(()));
        }
    }
}
