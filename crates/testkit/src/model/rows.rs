//! Questions that the rows of one table answer.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use domain::authority::{Grant, Officer};
use domain::ids::{AlertId, ImportId, LeadId};
use domain::record::{DatasetId, Read, Revision, RowOutcome, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use store::commit::{ActionRow, AlertRow, DueMark, ImportRow, KeptRow, LeadRow};
use store::rows::LedgerEntry;

use crate::model::state::State;
use crate::model::write::to_i64;

impl State {
    pub(super) fn import_by_key(
        &self,
        source: &SourceId,
        dataset: &DatasetId,
        revision: Revision,
    ) -> Option<ImportRow> {
        let found = self.imports.values().find(|row| {
            let header = &row.header;
            (&header.source, &header.dataset, header.revision) == (source, dataset, revision)
        });
        found.cloned()
    }

    pub(super) fn imports_before(
        &self,
        grant: &Grant,
        before: Option<Instant>,
        limit: u32,
    ) -> Vec<ImportRow> {
        let mut rows: Vec<_> = self
            .imports
            .values()
            .filter(|row| State::sees_import(grant, row))
            .filter(|row| before.is_none_or(|before| row.header.received_at < before))
            .cloned()
            .collect();
        rows.sort_by_key(|row| Reverse((row.header.received_at, row.header.id)));
        rows.truncate(limit as usize);
        rows
    }

    pub(super) fn kept_rows(
        &self,
        grant: &Grant,
        import: ImportId,
        outcome: Option<RowOutcome>,
        after_line: u32,
        limit: u32,
    ) -> Vec<KeptRow> {
        let seen = self.imports.get(&import);
        if !seen.is_some_and(|row| State::sees_import(grant, row)) {
            return Vec::new();
        }
        let rows = self.kept.values().filter(|row| {
            row.import == import
                && row.line > after_line
                && outcome.is_none_or(|outcome| row.outcome == outcome)
        });
        rows.take(limit as usize).cloned().collect()
    }

    /// Reads that are asked for, each once, in order.
    pub(super) fn reads(&self, wanted: impl Fn(&Read) -> bool) -> Vec<Read> {
        let rows = self.reads.values().flatten();
        let found: BTreeSet<Read> = rows.filter(|read| wanted(read)).copied().collect();
        found.into_iter().collect()
    }

    pub(super) fn due_in(&self, partition: DivisionCode, limit: u32) -> Vec<DueMark> {
        let rows = self.due.iter();
        let here = rows.filter(|(_, due)| due.partition == Some(partition));
        let marks = here.map(|(unit, due)| DueMark {
            unit: *unit,
            version: due.version,
        });
        marks.take(limit as usize).collect()
    }

    pub(super) fn alerts_to_look_at(
        &self,
        partition: DivisionCode,
        on: Date,
        after: Option<AlertId>,
        limit: u32,
    ) -> Vec<AlertRow> {
        let rows = self.alerts.values().filter(|row| {
            self.keepers[&row.id] == partition
                && row.look_on.is_some_and(|day| day <= on)
                && Some(row.id) > after
        });
        rows.take(limit as usize).cloned().collect()
    }

    /// The timeline of an alert the grant sees.
    pub(super) fn actions_on(&self, grant: &Grant, alert: AlertId) -> Vec<ActionRow> {
        if self.seen_alert(grant, alert).is_none() {
            return Vec::new();
        }
        let mut rows: Vec<_> = self.actions.values().collect();
        rows.sort_by_key(|(place, _)| *place);
        let rows = rows.into_iter().map(|(_, row)| row);
        rows.filter(|row| row.alert == alert).cloned().collect()
    }

    pub(super) fn leads_before(
        &self,
        grant: &Grant,
        before: Option<LeadId>,
        limit: u32,
    ) -> Vec<LeadRow> {
        let place = |id| self.leads.iter().position(|row| row.id == id);
        let until = match before {
            Some(id) => place(id).unwrap_or(0),
            None => self.leads.len(),
        };
        let earlier = self
            .leads(grant)
            .filter(|row| place(row.id).is_some_and(|at| at < until));
        earlier.take(limit as usize).cloned().collect()
    }

    pub(super) fn officer_by_token(&self, digest: &[u8; 32], now: Instant) -> Option<Officer> {
        let alive = |end: Option<Instant>| end.is_none_or(|end| now < end);
        let token = self.tokens.get(digest);
        let token = token.filter(|token| alive(token.expires_at));
        let officer = token.and_then(|token| self.officers.get(&token.officer));
        let enabled = officer.filter(|(_, disabled_at)| alive(*disabled_at));
        enabled.map(|(officer, _)| officer.clone())
    }

    pub(super) fn officers_of(
        &self,
        grant: &Grant,
        region: DivisionCode,
        now: Instant,
    ) -> Vec<Officer> {
        let serves = |officer: &Officer| grant.covers(region) && officer.regions.contains(&region);
        let enabled = self.officers.values().filter(|(officer, disabled_at)| {
            serves(officer) && disabled_at.is_none_or(|end| now < end)
        });
        enabled.map(|(officer, _)| officer.clone()).collect()
    }

    pub(super) fn ledger_entries(&self, from: i64, limit: u32) -> Vec<LedgerEntry> {
        let all = self.entries.iter().enumerate();
        let entries = all.map(|(index, bytes)| LedgerEntry {
            index: to_i64(index),
            bytes: bytes.clone(),
        });
        let from = entries.filter(|entry| entry.index >= from);
        from.take(limit as usize).collect()
    }
}
