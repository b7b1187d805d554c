//! The door: from a login name, a password and a code to a session.
//!
//! Every answer is judged against the account as it stands when the verdict is
//! written ([`lockout::judge`]); only then is it told. Unknown, disabled,
//! locked and wrong answer alike and take the same work.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::authority::Officer;
use domain::ids::OfficerId;
use domain::time::Instant;
use store::StoreError;
use store::accounts::{
    AccountEvent, AccountEventRow, AccountRow, KnownAccount, SessionRow, Signed,
};
use store::commit::{Commit, CommitKind, Write};
use tokio::sync::Semaphore;
use vault::{Aad, Entropy as _, Vault, Zeroizing};

use crate::account::lockout::{Addresses, Judged, judge};
use crate::account::session::Stage;
use crate::account::{AccountError, AccountSettings, hash, login_name, recovery, session, totp};
use crate::clock::OsEntropy;
use crate::deps::Deps;
use crate::error::StepError;

/// Hashes worked on at once: each takes its memory.
const AT_ONCE: usize = 4;
/// People who may wait for their turn.
const WAITING_MAX: usize = 60;

/// What all who log in share.
pub struct Door {
    pub(super) deps: Arc<Deps>,
    addresses: Mutex<Addresses>,
    turns: Semaphore,
    places: Semaphore,
    /// Checked where there is no account, so that it takes as long.
    decoy: tokio::sync::OnceCell<String>,
}

/// A session as its cookie: shown once, to its owner.
pub struct Opened {
    /// The random id.
    pub id: Zeroizing<String>,
    /// What it may do.
    pub stage: Stage,
    /// Whose it is.
    pub officer: OfficerId,
}

/// A session that begins, and what the cookie is to hold.
pub(super) struct Begun {
    pub(super) id: Zeroizing<String>,
    pub(super) row: SessionRow,
}

impl Door {
    /// Of one process.
    pub fn new(deps: Arc<Deps>) -> Door {
        Door {
            deps,
            addresses: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            places: Semaphore::new(AT_ONCE + WAITING_MAX),
            decoy: tokio::sync::OnceCell::new(),
        }
    }

    pub(super) fn settings(&self) -> &AccountSettings {
        &self.deps.settings.accounts
    }

    /// First step: login name and password.
    pub async fn log_in(
        &self,
        address: IpAddr,
        login: &str,
        password: Zeroizing<String>,
    ) -> Result<Opened, AccountError> {
        self.admit(address)?;
        let known = match login_name(login) {
            Some(login) => self.deps.store.account_by_login(&login).await?,
            None => None,
        };
        let now = self.deps.clock.now();
        let known = known.filter(|known| is_usable(known, now, self.settings()));
        let Some(known) = known else {
            self.is_right(self.decoy().await?, password).await?;
            return Err(AccountError::Wrong);
        };
        let phc = known.account.password.clone();
        let right = self.is_right(phc.clone(), password).await?;
        let opened = self.settle(&known, right, &phc).await?;
        self.forgive(address);
        Ok(opened)
    }

    /// Second step: a code of the authenticator, or a recovery code.
    pub async fn give_code(
        &self,
        address: IpAddr,
        signed: &Signed,
        given: &str,
    ) -> Result<Opened, AccountError> {
        self.admit(address)?;
        loop {
            let now = self.deps.clock.now();
            let known = self.again(signed).await?;
            let used = self.used_by(&known.account, given, now)?;
            match (
                judge(&known.account, used.is_some(), now, self.settings()),
                used,
            ) {
                (Judged::Wrong(row, locks), _) => {
                    if self.count(&known, row, locks, now).await? {
                        return Err(AccountError::Wrong);
                    }
                }
                (Judged::Right(mut row), Some(used)) => {
                    row.failed = 0;
                    let events = used.apply(&mut row);
                    let begun = self.begin(&known, now, true);
                    let mut writes = vec![Write::SessionEnded {
                        digest: signed.session.digest,
                    }];
                    writes.extend(events.iter().map(|event| event_of(&known, *event)));
                    if let Some(opened) = self.open(&known, row, begun, writes, now).await? {
                        self.forgive(address);
                        return Ok(opened);
                    }
                }
                (Judged::Locked, _) | (Judged::Right(_), None) => return Err(AccountError::Wrong),
            }
        }
    }

    /// What a code uses up, if it is right now.
    fn used_by(
        &self,
        row: &AccountRow,
        given: &str,
        now: Instant,
    ) -> Result<Option<Used>, AccountError> {
        let vault = &self.deps.vault;
        let Some(secret) = open_secret(vault, row)? else {
            return Ok(None);
        };
        let seconds = now.as_micros().div_euclid(1_000_000);
        let step = totp::taken(&secret, given, seconds, row.totp_step);
        let left = || recovery::used(&row.recovery, &recovery::digest(vault, given));
        Ok(step.map(Used::Step).or_else(|| left().map(Used::Recovery)))
    }

    /// Someone an identity provider vouches for; with `second` also for a second
    /// factor. Unbound, disabled and locked answer alike.
    pub(super) async fn log_in_bound(
        &self,
        digest: &[u8; 32],
        second: bool,
    ) -> Result<Opened, AccountError> {
        loop {
            let now = self.deps.clock.now();
            let known = self.deps.store.account_by_subject(digest).await?;
            let known = known.filter(|known| is_usable(known, now, self.settings()));
            let known = known.ok_or(AccountError::Wrong)?;
            let Judged::Right(mut row) = judge(&known.account, true, now, self.settings()) else {
                return Err(AccountError::Wrong);
            };
            let mut writes = Vec::new();
            if row.totp.is_none() || second {
                row.failed = 0;
                writes.push(event_of(&known, AccountEvent::LoggedIn));
            }
            let begun = self.begin(&known, now, second);
            if let Some(opened) = self.open(&known, row, begun, writes, now).await? {
                return Ok(opened);
            }
        }
    }

    /// Ends a session.
    pub async fn log_out(&self, signed: &Signed) -> Result<(), AccountError> {
        let digest = signed.session.digest;
        let by = signed.known.officer.id.to_string();
        let now = self.deps.clock.now();
        self.write(now, by, vec![Write::SessionEnded { digest }])
            .await?;
        Ok(())
    }

    /// The live session behind a cookie, and what it may do. It is remembered
    /// as seen.
    pub async fn signed(&self, id: &str) -> Result<Option<(Signed, Stage)>, AccountError> {
        let now = self.deps.clock.now();
        let digest = session_digest(&self.deps.vault, id);
        let Some(signed) = self.deps.store.session(&digest, now).await? else {
            return Ok(None);
        };
        if let Some(idle_until) = session::seen(&signed.session, now, self.settings()) {
            let by = signed.known.officer.id.to_string();
            let seen = Write::SessionSeen {
                digest,
                seen_at: now,
                idle_until,
            };
            // Reading goes on where nothing can be written.
            if let Err(error) = self.write(now, by, vec![seen]).await {
                tracing::warn!(%error, "a session could not be remembered as seen");
            }
        }
        let stage = session::stage(&signed.known, &signed.session, now, self.settings());
        Ok(Some((signed, stage)))
    }

    /// Whose session it was that ended by itself: somebody who had logged in
    /// wholly. It opens nothing; what was typed under it is kept for its owner.
    pub async fn owner_of_ended(&self, id: &str) -> Result<Option<Officer>, AccountError> {
        let digest = session_digest(&self.deps.vault, id);
        let now = self.deps.clock.now();
        let Some(signed) = self.deps.store.session_owner(&digest, now).await? else {
            return Ok(None);
        };
        let seen = signed.session.seen_at;
        let stage = session::stage(&signed.known, &signed.session, seen, self.settings());
        Ok((stage == Stage::Open).then_some(signed.known.officer))
    }

    /// Writes the verdict on a password.
    async fn settle(
        &self,
        known: &KnownAccount,
        right: bool,
        phc: &str,
    ) -> Result<Opened, AccountError> {
        let mut known = known.clone();
        loop {
            let now = self.deps.clock.now();
            // Reset meanwhile: what was right is right no more.
            let right = right && known.account.password == phc;
            match judge(&known.account, right, now, self.settings()) {
                Judged::Locked => return Err(AccountError::Wrong),
                Judged::Wrong(row, locks) => {
                    if self.count(&known, row, locks, now).await? {
                        return Err(AccountError::Wrong);
                    }
                }
                Judged::Right(mut row) => {
                    let mut writes = Vec::new();
                    if row.totp.is_none() {
                        row.failed = 0;
                        writes.push(event_of(&known, AccountEvent::LoggedIn));
                    }
                    let begun = self.begin(&known, now, false);
                    if let Some(opened) = self.open(&known, row, begun, writes, now).await? {
                        return Ok(opened);
                    }
                }
            }
            let again = self.deps.store.account(known.account.officer).await?;
            known = again
                .filter(|known| is_usable(known, now, self.settings()))
                .ok_or(AccountError::Wrong)?;
        }
    }

    /// Counts a wrong answer; `false` when another was counted meanwhile.
    pub(super) async fn count(
        &self,
        known: &KnownAccount,
        row: AccountRow,
        locks: bool,
        now: Instant,
    ) -> Result<bool, AccountError> {
        metrics::counter!("hearth_login_failures_total").increment(1);
        let mut writes = vec![Write::Account(row)];
        if locks {
            tracing::warn!(officer = %known.officer.id, "an account was locked after wrong answers");
            writes.push(event_of(known, AccountEvent::Locked));
        }
        self.write(now, known.officer.id.to_string(), writes).await
    }

    /// Opens the session; `None` when the account was written meanwhile. The
    /// oldest sessions give way to it.
    async fn open(
        &self,
        known: &KnownAccount,
        row: AccountRow,
        begun: Begun,
        mut writes: Vec<Write>,
        now: Instant,
    ) -> Result<Option<Opened>, AccountError> {
        let after = KnownAccount {
            account: row.clone(),
            ..known.clone()
        };
        let stage = session::stage(&after, &begun.row, now, self.settings());
        let others = self.deps.store.sessions(known.officer.id, now).await?;
        let too_many = (others.len() + 1).saturating_sub(self.settings().sessions_max);
        let oldest = others.iter().take(too_many);
        writes.extend(oldest.map(|row| Write::SessionEnded { digest: row.digest }));
        writes.push(Write::Account(row));
        writes.push(Write::Session(begun.row));
        let written = self
            .write(now, known.officer.id.to_string(), writes)
            .await?;
        let id = begun.id;
        let officer = known.officer.id;
        Ok(written.then_some(Opened { id, stage, officer }))
    }

    /// A new session, not written yet.
    pub(super) fn begin(&self, known: &KnownAccount, now: Instant, second: bool) -> Begun {
        let mut secret = Zeroizing::new([0_u8; 32]);
        OsEntropy.fill(secret.as_mut_slice());
        let id = Zeroizing::new(hex::encode(secret.as_slice()));
        let half_open = known.account.totp.is_some() && !second;
        let (idle_until, ends_at) = session::ends(now, half_open, self.settings());
        let row = SessionRow {
            digest: session_digest(&self.deps.vault, &id),
            officer: known.officer.id,
            begun_at: now,
            seen_at: now,
            idle_until,
            ends_at,
            second,
        };
        Begun { id, row }
    }

    /// Commits; `false` when the account was written meanwhile.
    pub(super) async fn write(
        &self,
        now: Instant,
        by: String,
        writes: Vec<Write>,
    ) -> Result<bool, AccountError> {
        match self.deps.store.commit(&commit(now, by, writes)).await {
            Ok(_) => {
                self.deps.work.notify_waiters();
                Ok(true)
            }
            Err(StoreError::Conflict) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// The account of a session as it stands now.
    pub(super) async fn again(&self, signed: &Signed) -> Result<KnownAccount, AccountError> {
        let now = self.deps.clock.now();
        let live = self.deps.store.session(&signed.session.digest, now).await?;
        live.map(|signed| signed.known).ok_or(AccountError::Wrong)
    }

    /// Checks a password when it is one's turn.
    pub(super) async fn is_right(
        &self,
        phc: String,
        password: Zeroizing<String>,
    ) -> Result<bool, AccountError> {
        let _place = self.places.try_acquire().map_err(|_| AccountError::Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| AccountError::Busy)?;
        Ok(hash::is_right(phc, password).await?)
    }

    async fn decoy(&self) -> Result<String, AccountError> {
        let cost = self.settings().cost;
        let made = self.decoy.get_or_try_init(|| async {
            let secret = Zeroizing::new("nobody has this password".to_owned());
            hash::hash(cost, secret).await
        });
        Ok(made.await?.clone())
    }

    pub(super) fn admit(&self, address: IpAddr) -> Result<(), AccountError> {
        let now = self.deps.clock.now();
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let admitted = addresses.admit(address, now, self.settings().address_failures);
        if addresses.alarm() {
            tracing::warn!(
                "many wrong logins from many addresses; those not known are slowed down"
            );
            metrics::counter!("hearth_login_spray_total").increment(1);
        }
        admitted.map_err(|seconds| {
            tracing::warn!(%address, seconds, "logins from an address are slowed down");
            AccountError::Slowed { seconds }
        })
    }

    pub(super) fn forgive(&self, address: IpAddr) {
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        addresses.forgive(address);
    }
}

/// What made a code right.
enum Used {
    Step(i64),
    Recovery(Vec<[u8; 32]>),
}

impl Used {
    /// Uses it up: neither is taken twice.
    fn apply(self, row: &mut AccountRow) -> &'static [AccountEvent] {
        match self {
            Used::Step(step) => {
                row.totp_step = step;
                &[AccountEvent::LoggedIn]
            }
            Used::Recovery(left) => {
                row.recovery = left;
                &[AccountEvent::RecoveryUsed, AccountEvent::LoggedIn]
            }
        }
    }
}

/// Not disabled, and not given a password that nobody came for.
fn is_usable(known: &KnownAccount, now: Instant, settings: &AccountSettings) -> bool {
    let account = &known.account;
    let lapsed =
        account.must_change && account.changed_at.plus_seconds(settings.one_time_seconds) <= now;
    let disabled = known.disabled_at.is_some_and(|at| at <= now);
    !lapsed && !disabled
}

/// An event its owner caused.
pub(super) fn event_of(known: &KnownAccount, event: AccountEvent) -> Write {
    Write::AccountEvent(AccountEventRow {
        officer: known.officer.id,
        event,
        by: known.officer.id.to_string(),
        second: None,
    })
}

/// A commit about accounts.
pub(super) fn commit(at: Instant, actor: String, writes: Vec<Write>) -> Commit {
    Commit {
        kind: CommitKind::Administration,
        partition: None,
        at,
        actor,
        lease: None,
        guards: vec![],
        writes,
        answer: None,
    }
}

/// What a session id is stored and found as.
pub fn session_digest(vault: &Vault, id: &str) -> [u8; 32] {
    vault.token_digest(&format!("session {id}"))
}

/// Where the secret of a second factor is stored.
pub(super) fn secret_place(row: &AccountRow) -> Aad {
    Aad {
        table: "accounts",
        column: "totp",
        row: row.officer.to_string(),
    }
}

/// The secret of the second factor, if there is one.
fn open_secret(vault: &Vault, row: &AccountRow) -> Result<Option<Zeroizing<Vec<u8>>>, StepError> {
    let Some(sealed) = &row.totp else {
        return Ok(None);
    };
    let opened = vault.open_system(&secret_place(row), sealed);
    let opened = opened.map_err(|source| StepError::Sealed {
        table: "accounts",
        source,
    })?;
    Ok(Some(Zeroizing::new(opened)))
}
