//! Taking commits: everything that can refuse one is asked first, so that what
//! follows cannot fail half-way.

use std::mem;

use domain::ids::{PersonId, Subject};
use store::Stored;
use store::commit::{Commit, Write};
use store::parameters::Proposed;
use store::rows::{LedgerRoot, Published, Receipt};

use crate::model::Numbering;
use crate::model::state::{Due, Logged, State, Token, Told};

/// Roots of one hour replace each other; the last of each hour stays.
const ROOTS_KEPT_MICROS: i64 = 3_600_000_000;

impl State {
    /// Takes all commits or none.
    pub(super) fn take_all(
        &mut self,
        commits: &[Commit],
        numbering: Numbering,
    ) -> Stored<Vec<Receipt>> {
        // Copied only where a later commit may undo an earlier one.
        let before = (commits.len() > 1).then(|| self.clone());
        for commit in commits {
            if let Err(refused) = self.take(commit) {
                if let Some(before) = before {
                    *self = before;
                }
                return Err(refused);
            }
        }
        if numbering == Numbering::Immediate {
            self.publish(usize::MAX);
        }
        let first = self.log.len() - commits.len();
        let taken = self.log.iter().enumerate().skip(first);
        let receipt = |(index, logged): (usize, &Logged)| Receipt {
            id: to_i64(index + 1),
            number: logged.number,
        };
        Ok(taken.map(receipt).collect())
    }

    fn take(&mut self, commit: &Commit) -> Stored<()> {
        self.refuse(commit)?;
        let index = self.log.len();
        self.log.push(Logged {
            commit: commit.clone(),
            number: None,
        });
        if let Some(answer) = &commit.answer {
            let key = (answer.principal, answer.route.clone(), answer.key.clone());
            self.answers.insert(key, answer.clone());
        }
        // Marks are cleared before others are made, and made where units are
        // folded; sessions end before others begin; what arrived is taken away
        // before what failed is written, and a subscription at last.
        let turn = |write: &&Write| match write {
            Write::DueCleared(_)
            | Write::DueDropped(_)
            | Write::SessionEnded { .. }
            | Write::SessionsEnded { .. }
            | Write::DeliveriesDone { .. } => 0,
            Write::Due(_) | Write::SessionSeen { .. } | Write::SubscriptionEnded(_) => 2,
            _ => 1,
        };
        let mut writes: Vec<_> = commit.writes.iter().collect();
        writes.sort_by_key(turn);
        self.leave_units(commit);
        for write in writes {
            self.keep(commit, index, write);
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
                    let known = self.identities.entry(row.person);
                    known.or_insert_with(|| row.clone());
                }
            }
            Write::SubjectKeys(rows) => self
                .keys
                .extend(rows.iter().map(|row| (row.subject, row.clone()))),
            Write::Folds(rows) => {
                for row in rows {
                    self.folds.insert(row.subject, row.clone());
                    self.folded.insert(row.subject, to_i64(index + 1));
                }
            }
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
                for unit in units {
                    let fold = self.folds.get(unit);
                    let partition = fold.map(|fold| fold.partition).or(partition);
                    self.due.insert(*unit, Due { partition, version });
                }
            }
            Write::DueDropped(people) => {
                for person in people {
                    if !self.units.contains_key(person) {
                        self.due.remove(person);
                    }
                }
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
            Write::Units(rows) => {
                for row in rows {
                    self.units.insert(row.unit, row.clone());
                    self.evaluated.insert(row.unit, to_i64(index + 1));
                }
            }
            Write::UnitsEnded(units) => {
                for unit in units {
                    self.units.remove(unit);
                    self.evaluated.remove(unit);
                }
            }
            Write::Verdicts(rows) => {
                let given = rows.iter().filter(|row| row.verdict.is_some());
                let keyed = given.map(|row| ((row.subject, row.policy.clone()), row.clone()));
                self.verdicts.extend(keyed);
            }
            Write::Alerts(rows) => {
                for row in rows {
                    // The county it was folded in keeps it, whoever changes it.
                    let keeper = partition.unwrap_or(row.county);
                    self.keepers.entry(row.id).or_insert(keeper);
                    let mut row = row.clone();
                    if let Some(first) = self.alerts.get(&row.id) {
                        row.policy.clone_from(&first.policy);
                        row.opened_at = first.opened_at;
                    }
                    self.alerts.insert(row.id, row);
                }
            }
            Write::Feed(news) => {
                let told = news.iter().map(|news| Told {
                    at: commit.at,
                    news: news.clone(),
                    number: None,
                });
                self.waiting.entry(index).or_default().extend(told);
            }
            Write::Decisions(rows) => {
                for row in rows {
                    let place = self.decisions.len();
                    self.decisions.insert(row.id, (place, row.clone()));
                }
            }
            Write::Action(row) => {
                let place = self.actions.len();
                self.actions.insert(row.id, (place, row.clone()));
            }
            Write::Correction(row) => {
                self.corrections.insert(row.action, row.clone());
            }
            Write::Lead(row) => self.leads.push(row.clone()),
            Write::Account(_)
            | Write::AccountEvent(_)
            | Write::Session(_)
            | Write::SessionSeen { .. }
            | Write::SessionEnded { .. }
            | Write::SessionsEnded { .. }
            | Write::SubjectBound { .. }
            | Write::SubjectUnbound { .. } => self.keep_account(commit, write),
            Write::Subscription(_)
            | Write::SubscriptionEnded(_)
            | Write::Deliveries(_)
            | Write::DeliveriesDone { .. } => self.keep_subscription(write),
            _ => self.keep_administered(write),
        }
    }

    /// The writes of administration.
    fn keep_administered(&mut self, write: &Write) {
        match write {
            Write::Export(row) => {
                self.exports.insert(row.id, row.clone());
            }
            Write::ExportEvent(row) => self.export_events.push(row.clone()),
            Write::Officer(officer) => {
                let kept = self.officers.entry(officer.id);
                kept.or_insert_with(|| (officer.clone(), None)).0 = officer.clone();
            }
            Write::OfficerDisabled { officer, at } => {
                if let Some((_, disabled)) = self.officers.get_mut(officer) {
                    disabled.get_or_insert(*at);
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
                let erased = |person: &PersonId| Subject::Person(*person) == *subject;
                self.identities.retain(|person, _| !erased(person));
            }
            Write::Setting { key, value } => {
                self.settings.insert(key.clone(), value.clone());
            }
            Write::Proposal(row) => self.proposals.push(Proposed {
                proposal: row.clone(),
                review: None,
            }),
            Write::Review(row) => {
                let mut all = self.proposals.iter_mut();
                if let Some(one) = all.find(|one| one.proposal.id == row.proposal) {
                    one.review = Some(row.clone());
                }
            }
            _ => {}
        }
    }

    /// A subject that left a unit keeps the verdict another unit has given
    /// since, or gives in the same commit.
    fn leave_units(&mut self, commit: &Commit) {
        let rows = commit.writes.iter().flat_map(|write| match write {
            Write::Verdicts(rows) => rows.as_slice(),
            _ => &[],
        });
        for row in rows.filter(|row| row.verdict.is_none()) {
            let key = (row.subject, row.policy.clone());
            if self.verdicts.get(&key).map(|held| held.unit) == Some(row.unit) {
                self.verdicts.remove(&key);
            }
        }
    }

    /// Numbers the first `limit` commits without a number.
    pub(super) fn publish(&mut self, limit: usize) -> Published {
        let first = self.log.iter().take_while(|c| c.number.is_some()).count();
        let last = self.log.len().min(first.saturating_add(limit));
        let before = self.feed.len();
        for index in first..last {
            self.publish_one(index);
        }
        if first < last {
            let at = self.log[last - 1].commit.at;
            let hour = |root: &LedgerRoot| root.at.as_micros() / ROOTS_KEPT_MICROS;
            let root = LedgerRoot {
                size: to_i64(last),
                root: *self.frontier.root().as_bytes(),
                at,
            };
            self.roots.pop_if(|last| hour(last) == hour(&root));
            self.roots.push(root);
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
            let line = (told.news.feed, told.news.confidential);
            let number = self.numbers.entry(line).or_default();
            *number += 1;
            told.number = Some(*number);
            self.feed.push(told);
        }
        let bytes = store::ledger_entry(&self.log[index].commit);
        self.frontier.append(ledger::leaf_hash(&bytes));
        self.entries.push(bytes);
    }
}

pub(super) fn to_i64(n: usize) -> i64 {
    i64::try_from(n).expect("a test's log is short")
}
