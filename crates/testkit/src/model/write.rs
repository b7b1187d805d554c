//! Taking a commit: everything that can refuse it is asked first, so that what
//! follows cannot fail half-way.

use std::collections::BTreeSet;
use std::mem;

use store::commit::{Answer, Commit, Guard, ImportState, Lease, SubjectKeyRow, Write};
use store::rows::{LedgerRoot, Published, Receipt};
use store::{StoreError, Stored};

use crate::model::Numbering;
use crate::model::state::{Due, Logged, State, Token, Told};

impl State {
    pub(super) fn take(&mut self, commit: &Commit, numbering: Numbering) -> Stored<Receipt> {
        self.repeated(commit.answer.as_ref())?;
        self.fenced(commit.lease.as_ref())?;
        if !commit.guards.iter().all(|guard| self.holds(guard)) {
            return Err(StoreError::Conflict);
        }
        for write in &commit.writes {
            self.refuses(write)?;
        }
        let index = self.log.len();
        self.log.push(Logged {
            commit: commit.clone(),
            number: None,
        });
        if let Some(answer) = &commit.answer {
            let key = (answer.principal, answer.route.clone(), answer.key.clone());
            self.answers.insert(key, answer.clone());
        }
        // Marks are cleared before others are made.
        let clears = |write: &&Write| matches!(write, Write::DueCleared(_));
        let (first, then): (Vec<_>, Vec<_>) = commit.writes.iter().partition(clears);
        for write in first.into_iter().chain(then) {
            self.keep(commit, index, write);
        }
        let number = match numbering {
            Numbering::Immediate => {
                self.publish_one(index);
                self.log[index].number
            }
            Numbering::Sequenced => None,
        };
        let id = to_i64(index + 1);
        Ok(Receipt { id, number })
    }

    fn repeated(&self, answer: Option<&Answer>) -> Stored<()> {
        let Some(answer) = answer else { return Ok(()) };
        let key = (answer.principal, answer.route.clone(), answer.key.clone());
        match self.answers.get(&key) {
            None => Ok(()),
            Some(stored) if stored.fingerprint == answer.fingerprint => {
                Err(StoreError::Answered(Box::new(stored.clone())))
            }
            Some(_) => Err(StoreError::KeyReused),
        }
    }

    fn fenced(&self, lease: Option<&Lease>) -> Stored<()> {
        let Some(lease) = lease else { return Ok(()) };
        let key = (lease.partition, lease.step.clone());
        match self.leases.get(&key) {
            Some(held) if held.lease.epoch == lease.epoch => Ok(()),
            _ => Err(StoreError::Fenced {
                step: lease.step.clone(),
            }),
        }
    }

    fn holds(&self, guard: &Guard) -> bool {
        match guard {
            Guard::AlertVersion { alert, version } => self
                .alerts
                .get(alert)
                .is_some_and(|row| row.version == *version),
            Guard::ImportAt { import, next_line } => self.imports.get(import).is_some_and(|row| {
                row.next_line == *next_line && row.state == ImportState::Receiving
            }),
            Guard::CheckpointAt {
                partition,
                step,
                position,
            } => self.checkpoint(*partition, step, None) == *position,
        }
    }

    /// What unique keys refuse.
    fn refuses(&self, write: &Write) -> Stored<()> {
        match write {
            Write::ImportOpened(row) => {
                let (new, mut known) = (&row.header, self.imports.values());
                let exists = known.any(|row| {
                    let old = &row.header;
                    let key = (&old.source, &old.dataset, old.revision);
                    old.id == new.id || key == (&new.source, &new.dataset, new.revision)
                });
                if exists {
                    return Err(StoreError::Duplicate("import"));
                }
            }
            Write::SubjectKeys(rows) => {
                let other = |row: &SubjectKeyRow| {
                    let known = self.keys.get(&row.subject);
                    known.is_some_and(|known| known != row)
                };
                if rows.iter().any(other) {
                    return Err(StoreError::Conflict);
                }
            }
            Write::Alerts(rows) => {
                let mut after = self.alerts.clone();
                after.extend(rows.iter().map(|row| (row.id, row.clone())));
                let mut open = BTreeSet::new();
                let episodes = after.values().filter(|row| !row.over);
                for row in episodes {
                    if !open.insert((row.subject, &row.policy)) {
                        return Err(StoreError::Duplicate("alert"));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn keep(&mut self, commit: &Commit, index: usize, write: &Write) {
        let partition = commit.partition;
        match write {
            Write::ImportOpened(row) => {
                self.imports.insert(row.header.id, row.clone());
            }
            Write::ImportAdvanced {
                import,
                next_line,
                counts,
                state,
            } => {
                if let Some(row) = self.imports.get_mut(import) {
                    row.next_line = *next_line;
                    row.counts = *counts;
                    row.state = *state;
                }
            }
            Write::RowsKept(rows) => self
                .kept
                .extend(rows.iter().map(|r| ((r.import, r.line), r.clone()))),
            Write::Identities(rows) => {
                for row in rows {
                    self.identities
                        .entry(row.person)
                        .or_insert_with(|| row.clone());
                }
            }
            Write::SubjectKeys(rows) => self
                .keys
                .extend(rows.iter().map(|row| (row.subject, row.clone()))),
            Write::Folds(rows) => self
                .folds
                .extend(rows.iter().map(|row| (row.subject, row.clone()))),
            Write::Reads { of, reads } => {
                self.reads.insert(*of, reads.clone());
            }
            Write::Access(rows) => {
                self.access
                    .retain(|old| rows.iter().all(|new| new.subject != old.subject));
                self.access.extend(rows.iter().cloned());
            }
            Write::Due(units) => {
                let version = to_i64(index + 1);
                let mark = Due { partition, version };
                self.due.extend(units.iter().map(|unit| (*unit, mark)));
            }
            Write::DueCleared(marks) => self.due.retain(|unit, due| {
                let mut done = marks.iter();
                !done.any(|mark| (mark.unit, mark.version) == (*unit, due.version))
            }),
            // Answered from the log.
            Write::Records(_)
            | Write::Coverage(_)
            | Write::Checkpoint { .. }
            | Write::Run(_)
            | Write::Disclosure(_) => {}
            _ => self.keep_work(commit, index, write),
        }
    }

    /// The writes of evaluation, of people and of administration.
    fn keep_work(&mut self, commit: &Commit, index: usize, write: &Write) {
        let partition = commit.partition;
        match write {
            Write::Units(rows) => self
                .units
                .extend(rows.iter().map(|row| (row.unit, row.clone()))),
            Write::Verdicts(rows) => {
                for row in rows {
                    let key = (row.subject, row.policy.clone());
                    self.policies_seen.insert((partition, row.policy.clone()));
                    match row.verdict {
                        Some(_) => self.verdicts.insert(key, row.clone()),
                        None => self.verdicts.remove(&key),
                    };
                }
            }
            Write::Alerts(rows) => {
                for row in rows {
                    self.alerts.insert(row.id, row.clone());
                    self.keepers.insert(row.id, partition);
                }
            }
            Write::Feed(news) => {
                let told = news.iter().map(|news| Told {
                    partition,
                    at: commit.at,
                    news: news.clone(),
                    number: None,
                });
                self.waiting.entry(index).or_default().extend(told);
            }
            Write::Decisions(rows) => self
                .decisions
                .extend(rows.iter().map(|row| (row.id, (index, row.clone())))),
            Write::Action(row) => {
                self.actions.insert(row.id, (index, row.clone()));
            }
            Write::Job(row) => {
                self.jobs.insert((partition, row.name.clone()), row.clone());
            }
            Write::Officer(officer) => {
                let kept = self.officers.entry(officer.id);
                kept.or_insert_with(|| (officer.clone(), None)).0 = officer.clone();
            }
            Write::OfficerDisabled { officer, at } => {
                if let Some((_, disabled)) = self.officers.get_mut(officer) {
                    *disabled = Some(*at);
                }
            }
            Write::Token {
                digest,
                officer,
                expires_at,
            } => {
                let token = Token {
                    officer: *officer,
                    expires_at: *expires_at,
                };
                self.tokens.insert(*digest, token);
            }
            Write::TokenRevoked { digest } => {
                self.tokens.remove(digest);
            }
            Write::KeyErased(subject) => {
                self.keys.remove(subject);
            }
            Write::Setting { key, value } => {
                self.settings.insert(key.clone(), value.clone());
            }
            _ => {}
        }
    }

    /// Numbers the first `limit` commits without a number.
    pub(super) fn publish(&mut self, limit: usize) -> Published {
        let first = self.log.iter().take_while(|c| c.number.is_some()).count();
        let last = self.log.len().min(first + limit);
        let before = self.feed.len();
        for index in first..last {
            self.publish_one(index);
        }
        let to_u32 = |n: usize| u32::try_from(n).expect("a test's log is short");
        Published {
            commits: to_u32(last - first),
            entries: to_u32(self.feed.len() - before),
        }
    }

    fn publish_one(&mut self, index: usize) {
        let number = to_i64(index + 1);
        self.log[index].number = Some(number);
        for mut told in mem::take(self.waiting.entry(index).or_default()) {
            let same_feed = |other: &&Told| other.news.feed == told.news.feed;
            told.number = Some(to_i64(self.feed.iter().filter(same_feed).count() + 1));
            self.feed.push(told);
        }
        let commit = &self.log[index].commit;
        let at = commit.at;
        let bytes = entry(commit, number);
        self.frontier.append(ledger::leaf_hash(&bytes));
        self.entries.push(bytes);
        self.roots.push(LedgerRoot {
            size: number,
            root: *self.frontier.root().as_bytes(),
            at,
        });
    }
}

pub(super) fn to_i64(n: usize) -> i64 {
    i64::try_from(n).expect("a test's log is short")
}

/// The entry's bytes.
fn entry(commit: &Commit, number: i64) -> Vec<u8> {
    let number = number.to_be_bytes();
    ledger::Entry::encode(
        commit.kind.name(),
        commit.at.as_micros(),
        &commit.actor,
        &[("n", &number)],
    )
}
