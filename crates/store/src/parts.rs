//! A commit sorted by what it writes, so that each table is written in bulk
//! and in one order, whatever order the caller gave.
//!
//! Where one row may be written only once, the last one given wins. Marks are
//! cleared before others are made, and alerts that ended are written before
//! those that begin, so that an episode can follow another in one commit.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::FeedNews;
use domain::authority::Officer;
use domain::ids::{AlertId, ImportId, OfficerId, PersonId, Subject, SubscriptionId};
use domain::record::{Coverage, Read, RowCounts};
use domain::time::Instant;

use crate::accounts::{AccountEventRow, AccountRow, SessionRow};
use crate::commit::{
    AccessRow, ActionRow, AlertRow, Commit, CommitKind, DecisionRow, DisclosureRow, DueMark,
    FoldRow, ImportRow, ImportState, KeptRow, LeadRow, RunRow, SealedIdentity, SealedRecord,
    SubjectKeyRow, UnitRow, VerdictRow, Write,
};
use crate::corrections::CorrectionRow;
use crate::encode::RowDigest;
use crate::exports::{ExportEventRow, ExportRow};
use crate::parameters::{ProposalRow, ReviewRow};
use crate::subscriptions::{DeliveryRow, SubscriptionRow};

/// How far an import has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advance {
    pub(crate) import: ImportId,
    pub(crate) next_line: u32,
    pub(crate) counts: RowCounts,
    pub(crate) state: ImportState,
}

/// A token to store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenRow {
    pub(crate) digest: [u8; 32],
    pub(crate) officer: OfficerId,
    pub(crate) expires_at: Option<Instant>,
}

/// The writes of one commit by table.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    pub(crate) opened: Vec<&'a ImportRow>,
    pub(crate) advanced: Vec<Advance>,
    pub(crate) kept: Vec<&'a KeptRow>,
    pub(crate) records: Vec<&'a SealedRecord>,
    pub(crate) identities: Vec<&'a SealedIdentity>,
    pub(crate) keys: Vec<&'a SubjectKeyRow>,
    pub(crate) coverages: Vec<&'a Coverage>,
    pub(crate) leads: Vec<&'a LeadRow>,
    pub(crate) folds: BTreeMap<Subject, &'a FoldRow>,
    pub(crate) reads: BTreeMap<PersonId, &'a [Read]>,
    pub(crate) access: BTreeSet<&'a AccessRow>,
    pub(crate) cleared: Vec<DueMark>,
    /// Who is marked by the same commit stays marked.
    pub(crate) dropped: BTreeSet<Subject>,
    pub(crate) due: BTreeSet<Subject>,
    pub(crate) units: BTreeMap<Subject, &'a UnitRow>,
    pub(crate) units_ended: Vec<&'a Subject>,
    pub(crate) checkpoints: BTreeMap<&'a str, i64>,
    /// All of them, for the history.
    pub(crate) verdict_changes: Vec<&'a VerdictRow>,
    /// Those of subjects that left a unit; taken away before others are given.
    pub(crate) left: Vec<&'a VerdictRow>,
    pub(crate) alerts: Vec<&'a AlertRow>,
    pub(crate) decisions: Vec<&'a DecisionRow>,
    pub(crate) feed: Vec<&'a FeedNews>,
    pub(crate) actions: Vec<&'a ActionRow>,
    pub(crate) corrections: Vec<&'a CorrectionRow>,
    pub(crate) runs: Vec<&'a RunRow>,
    pub(crate) officers: Vec<&'a Officer>,
    pub(crate) disabled: Vec<(OfficerId, Instant)>,
    pub(crate) tokens: Vec<TokenRow>,
    pub(crate) revoked: Vec<[u8; 32]>,
    pub(crate) accounts: Vec<&'a AccountRow>,
    pub(crate) account_events: Vec<&'a AccountEventRow>,
    pub(crate) sessions: Vec<&'a SessionRow>,
    /// Digest, seen, idle until.
    pub(crate) sessions_seen: Vec<([u8; 32], Instant, Instant)>,
    pub(crate) sessions_ended: Vec<[u8; 32]>,
    pub(crate) sessions_of_ended: Vec<OfficerId>,
    pub(crate) subjects: Vec<([u8; 32], OfficerId)>,
    pub(crate) subjects_unbound: Vec<OfficerId>,
    pub(crate) subscriptions: Vec<&'a SubscriptionRow>,
    pub(crate) subscriptions_ended: Vec<SubscriptionId>,
    pub(crate) deliveries: Vec<&'a DeliveryRow>,
    /// Subscription, first and last position.
    pub(crate) deliveries_done: Vec<(SubscriptionId, i64, i64)>,
    pub(crate) exports: Vec<&'a ExportRow>,
    pub(crate) export_events: Vec<&'a ExportEventRow>,
    pub(crate) disclosures: Vec<&'a DisclosureRow>,
    pub(crate) proposals: Vec<&'a ProposalRow>,
    pub(crate) reviews: Vec<&'a ReviewRow>,
    pub(crate) erased: BTreeSet<Subject>,
    pub(crate) settings: BTreeMap<&'a str, &'a str>,
}

impl<'a> Parts<'a> {
    /// Sorts what a commit writes.
    pub(crate) fn of(commit: &'a Commit) -> Parts<'a> {
        let mut parts = Parts::default();
        let mut alerts: BTreeMap<AlertId, &AlertRow> = BTreeMap::new();
        for write in &commit.writes {
            match write {
                Write::Alerts(rows) => alerts.extend(rows.iter().map(|row| (row.id, row))),
                Write::ImportOpened(_)
                | Write::ImportAdvanced { .. }
                | Write::RowsKept(_)
                | Write::Records(_)
                | Write::Identities(_)
                | Write::SubjectKeys(_)
                | Write::Coverage(_)
                | Write::Lead(_) => parts.take_said(write),
                Write::Folds(_)
                | Write::Reads { .. }
                | Write::Access(_)
                | Write::Due(_)
                | Write::DueCleared(_)
                | Write::DueDropped(_)
                | Write::Units(_)
                | Write::UnitsEnded(_)
                | Write::Checkpoint { .. } => parts.take_folded(write),
                Write::Account(_)
                | Write::AccountEvent(_)
                | Write::Session(_)
                | Write::SessionSeen { .. }
                | Write::SessionEnded { .. }
                | Write::SessionsEnded { .. }
                | Write::SubjectBound { .. }
                | Write::SubjectUnbound { .. } => parts.take_account(write),
                Write::Subscription(_)
                | Write::SubscriptionEnded(_)
                | Write::Deliveries(_)
                | Write::DeliveriesDone { .. } => parts.take_subscription(write),
                _ => parts.take_told(write),
            }
        }
        parts.alerts = alerts.into_values().collect();
        parts.alerts.sort_by_key(|row| !row.over);
        parts
    }

    fn take_said(&mut self, write: &'a Write) {
        match write {
            Write::ImportOpened(row) => self.opened.push(row),
            Write::ImportAdvanced {
                import,
                next_line,
                counts,
                state,
            } => self.advanced.push(Advance {
                import: *import,
                next_line: *next_line,
                counts: *counts,
                state: *state,
            }),
            Write::RowsKept(rows) => self.kept.extend(rows),
            Write::Records(rows) => self.records.extend(rows),
            Write::Identities(rows) => self.identities.extend(rows),
            Write::SubjectKeys(rows) => self.keys.extend(rows),
            Write::Coverage(rows) => self.coverages.extend(rows),
            Write::Lead(row) => self.leads.push(row),
            _ => {}
        }
    }

    fn take_folded(&mut self, write: &'a Write) {
        match write {
            Write::Folds(rows) => self.folds.extend(rows.iter().map(|row| (row.subject, row))),
            Write::Reads { of, reads } => {
                self.reads.insert(*of, reads);
            }
            Write::Access(rows) => self.access.extend(rows),
            Write::Due(units) => self.due.extend(units),
            Write::DueCleared(marks) => self.cleared.extend(marks),
            Write::DueDropped(people) => self.dropped.extend(people),
            Write::Units(rows) => self.units.extend(rows.iter().map(|row| (row.unit, row))),
            Write::UnitsEnded(units) => self.units_ended.extend(units),
            Write::Checkpoint { step, position } => {
                self.checkpoints.insert(step, *position);
            }
            _ => {}
        }
    }

    fn take_told(&mut self, write: &'a Write) {
        match write {
            Write::Verdicts(rows) => {
                self.verdict_changes.extend(rows);
                let left = rows.iter().filter(|row| row.verdict.is_none());
                self.left.extend(left);
            }
            Write::Decisions(rows) => self.decisions.extend(rows),
            Write::Feed(rows) => self.feed.extend(rows),
            Write::Action(row) => self.actions.push(row),
            Write::Correction(row) => self.corrections.push(row),
            Write::Run(row) => self.runs.push(row),
            Write::Officer(officer) => self.officers.push(officer),
            Write::OfficerDisabled { officer, at } => self.disabled.push((*officer, *at)),
            Write::Token {
                digest,
                officer,
                expires_at,
            } => self.tokens.push(TokenRow {
                digest: *digest,
                officer: *officer,
                expires_at: *expires_at,
            }),
            Write::TokenRevoked { digest } => self.revoked.push(*digest),
            Write::Export(row) => self.exports.push(row),
            Write::ExportEvent(row) => self.export_events.push(row),
            Write::Disclosure(row) => self.disclosures.push(row),
            Write::Proposal(row) => self.proposals.push(row),
            Write::Review(row) => self.reviews.push(row),
            Write::KeyErased(subject) => {
                self.erased.insert(*subject);
            }
            Write::Setting { key, value } => {
                self.settings.insert(key, value);
            }
            _ => {}
        }
    }

    fn take_account(&mut self, write: &'a Write) {
        match write {
            Write::Account(row) => self.accounts.push(row),
            Write::AccountEvent(row) => self.account_events.push(row),
            Write::Session(row) => self.sessions.push(row),
            Write::SessionSeen {
                digest,
                seen_at,
                idle_until,
            } => self.sessions_seen.push((*digest, *seen_at, *idle_until)),
            Write::SessionEnded { digest } => self.sessions_ended.push(*digest),
            Write::SessionsEnded { officer } => self.sessions_of_ended.push(*officer),
            Write::SubjectBound { digest, officer } => self.subjects.push((*digest, *officer)),
            Write::SubjectUnbound { officer } => self.subjects_unbound.push(*officer),
            _ => {}
        }
    }

    fn take_subscription(&mut self, write: &'a Write) {
        match write {
            Write::Subscription(row) => self.subscriptions.push(row),
            Write::SubscriptionEnded(id) => self.subscriptions_ended.push(*id),
            Write::Deliveries(rows) => self.deliveries.extend(rows),
            Write::DeliveriesDone {
                subscription,
                from,
                through,
            } => self.deliveries_done.push((*subscription, *from, *through)),
            _ => {}
        }
    }

    /// The import a commit belongs to: its steps wait until it is received.
    pub(crate) fn import(&self) -> Option<ImportId> {
        let opened = self.opened.first().map(|row| row.header.id);
        let advanced = || self.advanced.first().map(|row| row.import);
        let kept = || self.kept.first().map(|row| row.import);
        let record = || self.records.first().map(|row| row.import);
        // Officers' records stand in no import.
        let named = |id: &ImportId| !id.as_uuid().is_nil();
        opened
            .or_else(advanced)
            .or_else(kept)
            .or_else(record)
            .filter(named)
    }

    /// Whether the apply step must pass it: intake, and officers' records.
    pub(crate) fn is_to_apply(&self, kind: CommitKind) -> bool {
        kind == CommitKind::Intake || !self.records.is_empty()
    }

    /// How many rows of each sort, in a fixed order, leaving out none.
    pub(crate) fn counts(&self) -> Vec<(&'static str, usize)> {
        let all = [
            ("imports", self.opened.len() + self.advanced.len()),
            ("import_rows", self.kept.len()),
            ("records", self.records.len()),
            ("identities", self.identities.len()),
            ("subject_keys", self.keys.len()),
            ("coverages", self.coverages.len()),
            ("leads", self.leads.len()),
            ("folds", self.folds.len()),
            ("reads", self.reads.len()),
            ("access", self.access.len()),
            ("due", self.due.len()),
            ("due_cleared", self.cleared.len()),
            ("units", self.units.len()),
            ("checkpoints", self.checkpoints.len()),
            ("verdicts", self.verdict_changes.len()),
            ("alerts", self.alerts.len()),
            ("decisions", self.decisions.len()),
            ("feed", self.feed.len()),
            ("actions", self.actions.len()),
            ("corrections", self.corrections.len()),
            ("runs", self.runs.len()),
            ("officers", self.officers.len() + self.disabled.len()),
            ("tokens", self.tokens.len() + self.revoked.len()),
            ("accounts", self.accounts.len()),
            ("account_events", self.account_events.len()),
            (
                "sessions",
                self.sessions.len() + self.sessions_ended.len() + self.sessions_of_ended.len(),
            ),
            (
                "subjects",
                self.subjects.len() + self.subjects_unbound.len(),
            ),
            (
                "subscriptions",
                self.subscriptions.len() + self.subscriptions_ended.len(),
            ),
            (
                "deliveries",
                self.deliveries.len() + self.deliveries_done.len(),
            ),
            ("exports", self.exports.len()),
            ("export_events", self.export_events.len()),
            ("disclosures", self.disclosures.len()),
            ("parameter_proposals", self.proposals.len()),
            ("parameter_reviews", self.reviews.len()),
            ("keys_erased", self.erased.len()),
            ("settings", self.settings.len()),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// SHA-256 over the rows that are never changed again, in table order and
    /// row order: what [`crate::Store::mismatched_commits`] computes again
    /// from the tables.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = RowDigest::new();
        let mut kept = self.kept.clone();
        kept.sort_by_key(|row| (row.import, row.line));
        for row in kept {
            digest.kept(row);
        }
        for row in &self.records {
            digest.record(row);
        }
        for row in &self.coverages {
            digest.coverage(row);
        }
        for row in &self.verdict_changes {
            digest.verdict(row);
        }
        for row in &self.decisions {
            digest.decision(row);
        }
        for row in &self.feed {
            digest.news(row);
        }
        for row in &self.actions {
            digest.action(row);
        }
        let mut corrections = self.corrections.clone();
        corrections.sort_by_key(|row| row.action);
        for row in corrections {
            digest.correction(row);
        }
        for row in &self.disclosures {
            digest.disclosure(row);
        }
        for row in &self.account_events {
            digest.account_event(row);
        }
        for row in &self.leads {
            digest.lead(row);
        }
        for row in &self.proposals {
            digest.proposal(row);
        }
        for row in &self.reviews {
            digest.review(row);
        }
        for row in &self.exports {
            digest.export(row);
        }
        for row in &self.export_events {
            digest.export_event(row);
        }
        digest.finish()
    }
}
