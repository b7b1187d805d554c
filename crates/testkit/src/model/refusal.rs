//! What refuses a commit, asked before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::ids::AlertId;
use domain::time::Instant;
use store::commit::{AlertRow, Answer, Commit, Guard, ImportState, Lease, SubjectKeyRow, Write};
use store::{StoreError, Stored};

use crate::model::state::State;

/// How long an answer can be repeated.
const ANSWERS_KEPT_SECONDS: i64 = 72 * 3600;

impl State {
    /// Refuses in the order of the contract: answered before, fenced, guarded,
    /// unique.
    pub(super) fn refuse(&mut self, commit: &Commit) -> Stored<()> {
        if let Some(answer) = &commit.answer {
            self.refuse_repeated(answer, commit.at)?;
        }
        if let Some(lease) = &commit.lease {
            self.refuse_fenced(lease)?;
        }
        refuse_unless(commit.guards.iter().all(|guard| self.holds(guard)))?;
        commit
            .writes
            .iter()
            .try_for_each(|write| self.refuse_write(write))?;
        let alerts = commit.writes.iter().flat_map(|write| match write {
            Write::Alerts(rows) => rows.as_slice(),
            _ => &[],
        });
        self.refuse_alerts(&alerts.collect::<Vec<_>>())
    }

    fn refuse_repeated(&mut self, answer: &Answer, now: Instant) -> Stored<()> {
        let kept_since = now.plus_seconds(-ANSWERS_KEPT_SECONDS);
        self.answers.retain(|_, answer| answer.at > kept_since);
        let key = (answer.principal, answer.route.clone(), answer.key.clone());
        match self.answers.get(&key) {
            None => Ok(()),
            Some(stored) if stored.fingerprint == answer.fingerprint => {
                Err(StoreError::Answered(Box::new(stored.clone())))
            }
            Some(_) => Err(StoreError::KeyReused),
        }
    }

    fn refuse_fenced(&self, lease: &Lease) -> Stored<()> {
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
            Guard::ReviewsAt { number } => self.last_review() == *number,
        }
    }

    /// What unique keys and versions refuse.
    fn refuse_write(&self, write: &Write) -> Stored<()> {
        match write {
            Write::ImportOpened(row) => {
                let (new, mut known) = (&row.header, self.imports.values());
                let exists = known.any(|row| {
                    let old = &row.header;
                    let key = (&old.source, &old.dataset, old.revision);
                    old.id == new.id || key == (&new.source, &new.dataset, new.revision)
                });
                refuse_if(exists, "import")
            }
            // What was received stays received.
            Write::ImportAdvanced { import, state, .. } => {
                let row = self.imports.get(import);
                refuse_unless(
                    row.is_some_and(|row| {
                        row.state == ImportState::Receiving || row.state == *state
                    }),
                )
            }
            Write::ExportEvent(row) => {
                let mut decided = self.export_events.iter();
                let decided = decided.any(|e| e.export == row.export && e.event.decides());
                refuse_if(row.event.decides() && decided, "export decision")
            }
            Write::RowsKept(rows) => {
                let known = |line| self.kept.contains_key(&line);
                refuse_if(
                    rows.iter().any(|row| known((row.import, row.line))),
                    "import row",
                )
            }
            Write::Identities(rows) => {
                let mut known = self.identities.values();
                let another = known.any(|old| {
                    let mut new = rows.iter();
                    new.any(|new| new.person != old.person && new.blind_index == old.blind_index)
                });
                refuse_if(another, "identity")
            }
            Write::SubjectKeys(rows) => {
                let other = |row: &SubjectKeyRow| {
                    let known = self.keys.get(&row.subject);
                    known.is_some_and(|known| known != row)
                };
                refuse_unless(!rows.iter().any(other))
            }
            Write::Decisions(rows) => {
                let known = rows.iter().any(|row| self.decisions.contains_key(&row.id));
                refuse_if(known, "decision")
            }
            Write::Account(row) => self.refuse_account(row),
            Write::Proposal(row) => self.refuse_proposal(row),
            Write::Review(row) => self.refuse_review(row),
            Write::SubjectBound { digest, officer } => {
                let bound = self.subjects.get(digest);
                refuse_if(bound.is_some_and(|bound| bound != officer), "subject")
            }
            Write::Subscription(row) => {
                let stored = self.subscriptions.get(&row.id);
                let version = stored.map_or(0, |stored| stored.version);
                refuse_unless(version + 1 == row.version)
            }
            Write::Action(row) => refuse_if(self.actions.contains_key(&row.id), "action"),
            Write::Correction(row) => {
                refuse_if(self.corrections.contains_key(&row.action), "correction")
            }
            _ => Ok(()),
        }
    }

    /// One open episode per subject and policy; no version goes back.
    fn refuse_alerts(&self, rows: &[&AlertRow]) -> Stored<()> {
        let before = self.alerts.iter().map(|(id, row)| (*id, row));
        let mut after: BTreeMap<AlertId, &AlertRow> = before.collect();
        after.extend(rows.iter().map(|row| (row.id, *row)));
        let mut open = BTreeSet::new();
        for row in after.values().filter(|row| !row.over) {
            refuse_if(!open.insert((row.subject, &row.policy)), "alert")?;
        }
        refuse_unless(rows.iter().all(|row| {
            let known = self.alerts.get(&row.id);
            known.is_none_or(|known| known.version < row.version)
        }))
    }
}

fn refuse_unless(stands: bool) -> Stored<()> {
    if stands {
        Ok(())
    } else {
        Err(StoreError::Conflict)
    }
}

fn refuse_if(exists: bool, noun: &'static str) -> Stored<()> {
    if exists {
        Err(StoreError::Duplicate(noun))
    } else {
        Ok(())
    }
}
