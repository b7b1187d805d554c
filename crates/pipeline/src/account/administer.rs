//! What administrators do with accounts. Each act is a commit with an event in
//! the ledger; a password they give is good once and for a few days.

use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::time::Instant;
use store::StoreError;
use store::accounts::{AccountEvent, AccountEventRow, AccountRow, KnownAccount};
use store::commit::Write;
use vault::{Entropy as _, Zeroizing};

use crate::account::door::commit;
use crate::account::sso::subject_digest;
use crate::account::{AccountError, base32, hash, login_name};
use crate::clock::OsEntropy;
use crate::deps::Deps;

/// Who acts, and the second person where two are needed.
pub struct Act<'a> {
    /// Officer id, or where the administrator sits (`local`).
    pub by: &'a str,
    /// The second person.
    pub second: Option<OfficerId>,
}

/// A new account.
pub struct NewAccount<'a> {
    /// The officer; written with the account.
    pub officer: Officer,
    /// Login name as typed.
    pub login: &'a str,
    /// The person behind it (work number); the login name when absent.
    pub holder: Option<&'a str>,
}

/// A password to be shown once: sixteen characters, 80 bits.
fn one_time() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0_u8; 10]);
    OsEntropy.fill(bytes.as_mut_slice());
    let text = Zeroizing::new(base32::encode(bytes.as_slice()).to_lowercase());
    let groups = [&text[..4], &text[4..8], &text[8..12], &text[12..16]];
    Zeroizing::new(groups.join("-"))
}

/// Makes an account with a one-time password, which is answered.
///
/// [`AccountError::MutuallyExclusive`] when the person holds another of 三员.
pub async fn add(
    deps: &Deps,
    act: &Act<'_>,
    new: NewAccount<'_>,
) -> Result<Zeroizing<String>, AccountError> {
    let login = login_name(new.login).ok_or(AccountError::LoginName)?;
    let holder = login_name(new.holder.unwrap_or(new.login)).ok_or(AccountError::LoginName)?;
    refuse_exclusive(deps, &holder, new.officer.role).await?;
    if deps.store.account_by_login(&login).await?.is_some()
        || deps.store.account(new.officer.id).await?.is_some()
    {
        return Err(AccountError::Taken);
    }
    let password = one_time();
    let phc = hash::hash(deps.settings.accounts.cost, password.clone()).await?;
    let officer = new.officer.id;
    let row = AccountRow {
        officer,
        login,
        holder,
        administers: new.officer.role.administers(),
        password: phc,
        totp: None,
        totp_step: 0,
        recovery: vec![],
        failed: 0,
        locked_until: None,
        must_change: true,
        changed_at: deps.clock.now(),
        version: 1,
    };
    let writes = vec![Write::Officer(new.officer), Write::Account(row)];
    match write(deps, act, officer, AccountEvent::Added, writes).await {
        Err(AccountError::Step(crate::StepError::Store(
            StoreError::Duplicate(_) | StoreError::Conflict,
        ))) => Err(AccountError::Taken),
        done => done.map(|()| password),
    }
}

async fn refuse_exclusive(deps: &Deps, holder: &str, role: Role) -> Result<(), AccountError> {
    let accounts = deps.store.accounts().await?;
    let mut theirs = accounts
        .iter()
        .filter(|known| known.account.holder == holder);
    // Two accounts of one administering role would be no separation either.
    if theirs.any(|known| known.officer.role.administers() && role.administers()) {
        return Err(AccountError::MutuallyExclusive);
    }
    Ok(())
}

/// Gives a new one-time password, which is answered, and ends every session;
/// with `second_factor` the authenticator and the recovery codes go as well.
///
/// An auditor's account needs a second person: neither the auditor nor someone
/// without an account.
pub async fn reset(
    deps: &Deps,
    act: &Act<'_>,
    login: &str,
    second_factor: bool,
) -> Result<Zeroizing<String>, AccountError> {
    let known = find(deps, login).await?;
    if known.officer.role == Role::Auditor {
        let second = act.second.ok_or(AccountError::SecondPerson)?;
        refuse_second(deps, act, &known, second).await?;
    }
    let password = one_time();
    let phc = hash::hash(deps.settings.accounts.cost, password.clone()).await?;
    let mut row = known.account.clone();
    row.version += 1;
    row.password = phc;
    row.must_change = true;
    row.changed_at = deps.clock.now();
    row.failed = 0;
    row.locked_until = None;
    if second_factor {
        row.totp = None;
        row.recovery.clear();
    }
    let officer = known.officer.id;
    let writes = vec![Write::Account(row), Write::SessionsEnded { officer }];
    write(deps, act, officer, AccountEvent::Reset, writes).await?;
    Ok(password)
}

/// The second person is another person who could be asked.
async fn refuse_second(
    deps: &Deps,
    act: &Act<'_>,
    of: &KnownAccount,
    second: OfficerId,
) -> Result<(), AccountError> {
    let known = deps.store.account(second).await?;
    let known = known.filter(|known| known.disabled_at.is_none());
    let other = known.is_some_and(|known| {
        known.account.holder != of.account.holder && known.officer.id.to_string() != act.by
    });
    if other {
        Ok(())
    } else {
        Err(AccountError::SecondPerson)
    }
}

/// Lets a locked account try again.
pub async fn unlock(deps: &Deps, act: &Act<'_>, login: &str) -> Result<(), AccountError> {
    let known = find(deps, login).await?;
    let mut row = known.account.clone();
    row.version += 1;
    row.failed = 0;
    row.locked_until = None;
    let writes = vec![Write::Account(row)];
    write(deps, act, known.officer.id, AccountEvent::Unlocked, writes).await
}

/// How long an account locked by an administrator stays so unless unlocked:
/// longer than anybody waits, and than any lock after wrong answers.
const BY_HAND_SECONDS: i64 = 100 * 365 * 24 * 3600;

/// Whether a lock was put on by an administrator, and not by wrong answers.
pub fn is_by_hand(until: Instant, now: Instant) -> bool {
    until > now.plus_seconds(BY_HAND_SECONDS / 2)
}

/// Locks an account until it is unlocked, and ends its sessions. Tokens stay.
pub async fn lock(deps: &Deps, act: &Act<'_>, login: &str) -> Result<(), AccountError> {
    let known = find(deps, login).await?;
    let officer = known.officer.id;
    let mut row = known.account.clone();
    row.version += 1;
    row.locked_until = Some(deps.clock.now().plus_seconds(BY_HAND_SECONDS));
    let writes = vec![Write::Account(row), Write::SessionsEnded { officer }];
    write(deps, act, officer, AccountEvent::Locked, writes).await
}

/// Disables the officer behind an account for good: tokens, sessions, logins.
pub async fn disable(deps: &Deps, act: &Act<'_>, login: &str) -> Result<(), AccountError> {
    let known = find(deps, login).await?;
    let officer = known.officer.id;
    let at = deps.clock.now();
    let writes = vec![
        Write::OfficerDisabled { officer, at },
        Write::SessionsEnded { officer },
    ];
    write(deps, act, officer, AccountEvent::Disabled, writes).await
}

/// Binds an identity provider's subject to an account, in place of any other.
///
/// [`AccountError::Taken`] when it is another account's.
pub async fn bind(
    deps: &Deps,
    act: &Act<'_>,
    login: &str,
    issuer: &str,
    subject: &str,
) -> Result<(), AccountError> {
    let officer = find(deps, login).await?.officer.id;
    let digest = subject_digest(&deps.vault, issuer, subject);
    let writes = vec![
        Write::SubjectBound { digest, officer },
        Write::SessionsEnded { officer },
    ];
    let commit = commit(deps.clock.now(), act.by.to_owned(), writes);
    match deps.store.commit(&commit).await {
        Err(StoreError::Duplicate(_)) => Err(AccountError::Taken),
        done => Ok(done.map(|_| ())?),
    }
}

/// Takes the subject of an account away; its sessions end.
pub async fn unbind(deps: &Deps, act: &Act<'_>, login: &str) -> Result<(), AccountError> {
    let officer = find(deps, login).await?.officer.id;
    let writes = vec![
        Write::SubjectUnbound { officer },
        Write::SessionsEnded { officer },
    ];
    let commit = commit(deps.clock.now(), act.by.to_owned(), writes);
    deps.store.commit(&commit).await?;
    Ok(())
}

async fn find(deps: &Deps, login: &str) -> Result<KnownAccount, AccountError> {
    let login = login_name(login).ok_or(AccountError::Unknown)?;
    let known = deps.store.account_by_login(&login).await?;
    known.ok_or(AccountError::Unknown)
}

async fn write(
    deps: &Deps,
    act: &Act<'_>,
    officer: OfficerId,
    event: AccountEvent,
    mut writes: Vec<Write>,
) -> Result<(), AccountError> {
    writes.push(Write::AccountEvent(AccountEventRow {
        officer,
        event,
        by: act.by.to_owned(),
        second: act.second,
    }));
    let commit = commit(deps.clock.now(), act.by.to_owned(), writes);
    deps.store.commit(&commit).await?;
    deps.work.notify_waiters();
    Ok(())
}
