//! Accounts and sessions.

use domain::ids::OfficerId;
use domain::time::Instant;
use store::accounts::{AccountRow, Happened, KnownAccount, SessionRow, Signed};
use store::commit::{Commit, Write};
use store::{StoreError, Stored};

use crate::model::state::State;

fn lives(session: &SessionRow, now: Instant) -> bool {
    now < session.idle_until && now < session.ends_at
}

impl State {
    /// The account with its officer.
    pub(super) fn known(&self, row: &AccountRow) -> KnownAccount {
        let (officer, disabled_at) = &self.officers[&row.officer];
        KnownAccount {
            account: row.clone(),
            officer: officer.clone(),
            disabled_at: *disabled_at,
        }
    }

    pub(super) fn signed(&self, digest: &[u8; 32], now: Instant) -> Option<Signed> {
        let session = self.sessions.get(digest).filter(|row| lives(row, now))?;
        let known = self.known(self.accounts.get(&session.officer)?);
        let enabled = known.disabled_at.is_none_or(|end| now < end);
        enabled.then(|| Signed {
            session: session.clone(),
            known,
        })
    }

    /// A session however long it has lasted, while its officer is enabled.
    pub(super) fn session_owner(&self, digest: &[u8; 32], now: Instant) -> Option<Signed> {
        let session = self.sessions.get(digest);
        let signed = session.and_then(|session| {
            let account = self.accounts.get(&session.officer)?;
            Some(Signed {
                session: session.clone(),
                known: self.known(account),
            })
        });
        signed.filter(|signed| signed.known.disabled_at.is_none_or(|end| now < end))
    }

    pub(super) fn sessions_of(&self, officer: OfficerId, now: Instant) -> Vec<SessionRow> {
        let rows = self.sessions.values();
        let live = rows.filter(|row| row.officer == officer && lives(row, now));
        let mut live: Vec<_> = live.cloned().collect();
        live.sort_by_key(|row| (row.begun_at, row.digest));
        live
    }

    /// One login name, one administering account per holder, no version lost.
    pub(super) fn refuse_account(&self, row: &AccountRow) -> Stored<()> {
        let stored = self.accounts.get(&row.officer);
        if stored.map_or(0, |stored| stored.version) + 1 != row.version {
            return Err(StoreError::Conflict);
        }
        let mut others = self
            .accounts
            .values()
            .filter(|old| old.officer != row.officer);
        let taken = others.any(|old| {
            old.login == row.login
                || (old.administers && row.administers && old.holder == row.holder)
        });
        if taken {
            return Err(StoreError::Duplicate("account"));
        }
        Ok(())
    }

    pub(super) fn keep_account(&mut self, commit: &Commit, write: &Write) {
        match write {
            Write::Account(row) => {
                self.accounts.insert(row.officer, row.clone());
            }
            Write::AccountEvent(row) => self.account_events.push(Happened {
                at: commit.at,
                row: row.clone(),
            }),
            Write::Session(row) => {
                self.sessions.insert(row.digest, row.clone());
            }
            Write::SessionSeen {
                digest,
                seen_at,
                idle_until,
            } => {
                if let Some(row) = self.sessions.get_mut(digest) {
                    row.seen_at = *seen_at;
                    row.idle_until = *idle_until;
                }
            }
            Write::SessionEnded { digest } => {
                self.sessions.remove(digest);
            }
            Write::SubjectBound { digest, officer } => {
                self.subjects.retain(|_, bound| bound != officer);
                self.subjects.insert(*digest, *officer);
            }
            Write::SubjectUnbound { officer } => {
                self.subjects.retain(|_, bound| bound != officer);
            }
            Write::SessionsEnded { officer } => {
                self.sessions.retain(|_, row| row.officer != *officer);
            }
            _ => {}
        }
    }
}
