//! The contract, method by method, in its order.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::authority::{Grant, Officer};
use domain::ids::{
    AlertId, DecisionId, ExportId, HouseholdId, ImportId, LeadId, OfficerId, PersonId, ProposalId,
    Subject, SubscriptionId,
};
use domain::record::{Coverage, DatasetId, Read, Revision, RowOutcome, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use store::accounts::{Happened, KnownAccount, SessionRow, Signed};
use store::commit::{
    ActionRow, AlertRow, Answer, Commit, DecisionRow, DueMark, FoldRow, ImportRow, KeptRow,
    LeadRow, Lease, SealedIdentity, SealedRecord, SubjectKeyRow, VerdictRow,
};
use store::corrections::Correction;
use store::exports::KnownExport;
use store::parameters::Proposed;
use store::rows::{
    AlertCount, AlertFilter, Backlog, Disclosed, DraftRow, FeedEntry, FeedHead, IntakeBatch,
    LedgerEntry, LedgerRoot, Named, Presence, Published, Ran, Receipt, StandingCount, Statistics,
};
use store::subscriptions::{DeliveryCounts, DeliveryRow, Subscriber, SubscriptionRow};
use store::{Store, Stored};

use crate::model::state::State;
use crate::model::{ModelStore, Numbering};

#[async_trait]
impl Store for ModelStore {
    // ---- the write -------------------------------------------------------

    async fn commit(&self, commit: &Commit) -> Stored<Receipt> {
        let receipts = self
            .state()
            .take_all(std::slice::from_ref(commit), self.numbering)?;
        Ok(receipts[0])
    }

    async fn commit_group(&self, commits: &[Commit]) -> Stored<Vec<Receipt>> {
        self.state().take_all(commits, self.numbering)
    }

    async fn publish(&self, limit: u32) -> Stored<Published> {
        Ok(match self.numbering {
            Numbering::Immediate => Published::default(),
            Numbering::Sequenced => self.state().publish(limit as usize),
        })
    }

    // ---- imports ---------------------------------------------------------

    async fn import_by_key(
        &self,
        source: &SourceId,
        dataset: &DatasetId,
        revision: Revision,
    ) -> Stored<Option<ImportRow>> {
        Ok(self.state().import_by_key(source, dataset, revision))
    }

    async fn import(&self, grant: &Grant, id: ImportId) -> Stored<Option<ImportRow>> {
        let found = self.state().imports.get(&id).cloned();
        Ok(found.filter(|row| State::sees_import(grant, row)))
    }

    async fn imports(
        &self,
        grant: &Grant,
        before: Option<Instant>,
        limit: u32,
    ) -> Stored<Vec<ImportRow>> {
        Ok(self.state().imports_before(grant, before, limit))
    }

    async fn kept_rows(
        &self,
        grant: &Grant,
        import: ImportId,
        outcome: Option<RowOutcome>,
        after_line: u32,
        limit: u32,
    ) -> Stored<Vec<KeptRow>> {
        let state = self.state();
        Ok(state.kept_rows(grant, import, outcome, after_line, limit))
    }

    async fn corrections(
        &self,
        grant: &Grant,
        import: Option<ImportId>,
        limit: u32,
    ) -> Stored<Vec<Correction>> {
        Ok(self.state().corrections(grant, import, limit as usize))
    }

    // ---- folding ---------------------------------------------------------

    async fn intake_after(
        &self,
        partition: DivisionCode,
        number: i64,
        limit_records: u32,
    ) -> Stored<Vec<IntakeBatch>> {
        Ok(self.state().intake_after(partition, number, limit_records))
    }

    async fn named_after(
        &self,
        partition: DivisionCode,
        number: i64,
        through: i64,
        limit_records: u32,
    ) -> Stored<Vec<Named>> {
        let state = self.state();
        Ok(state.named_after(partition, (number, through), limit_records))
    }

    async fn backlog(&self, partition: DivisionCode, number: i64) -> Stored<Backlog> {
        Ok(self.state().backlog(partition, number))
    }

    async fn checkpoint(&self, partition: DivisionCode, step: &str) -> Stored<i64> {
        Ok(self.state().checkpoint(partition, step, None))
    }

    async fn checkpoint_as_of(
        &self,
        partition: DivisionCode,
        step: &str,
        known: i64,
    ) -> Stored<i64> {
        Ok(self.state().checkpoint(partition, step, Some(known)))
    }

    async fn folds(&self, subjects: &[Subject]) -> Stored<Vec<FoldRow>> {
        let state = self.state();
        let asked: BTreeSet<&Subject> = subjects.iter().collect();
        let found = asked.into_iter().filter_map(|s| state.folds.get(s));
        Ok(found.cloned().collect())
    }

    async fn subject_keys(&self, subjects: &[Subject]) -> Stored<Vec<SubjectKeyRow>> {
        let state = self.state();
        let asked: BTreeSet<&Subject> = subjects.iter().collect();
        let found = asked.into_iter().filter_map(|s| state.keys.get(s));
        Ok(found.cloned().collect())
    }

    async fn reads_by_person(&self, people: &[PersonId]) -> Stored<Vec<Read>> {
        Ok(self.state().reads(|read| people.contains(&read.person)))
    }

    async fn reads_by_household(&self, households: &[HouseholdId]) -> Stored<Vec<Read>> {
        let state = self.state();
        Ok(state.reads(|read| households.contains(&read.household)))
    }

    async fn coverage(&self, partition: DivisionCode, through: i64) -> Stored<Vec<Coverage>> {
        Ok(self.state().coverage(partition, through))
    }

    async fn records_between(
        &self,
        partition: DivisionCode,
        subjects: &[Subject],
        after: i64,
        through: i64,
    ) -> Stored<Vec<SealedRecord>> {
        let state = self.state();
        Ok(state.records_between(partition, subjects, (after, through)))
    }

    async fn records_of(&self, subjects: &[Subject], through: i64) -> Stored<Vec<SealedRecord>> {
        Ok(self.state().records_of(subjects, through))
    }

    // ---- evaluating ------------------------------------------------------

    async fn due(&self, partition: DivisionCode, limit: u32) -> Stored<Vec<DueMark>> {
        Ok(self.state().due_in(partition, limit))
    }

    async fn units_to_revisit(
        &self,
        partition: DivisionCode,
        on: Date,
        policy_set: &str,
        after: Option<Subject>,
        limit: u32,
    ) -> Stored<Vec<Subject>> {
        let state = self.state();
        Ok(state.units_to_revisit(partition, on, policy_set, after, limit))
    }

    async fn verdicts(&self, units: &[Subject]) -> Stored<Vec<VerdictRow>> {
        Ok(self.state().verdicts_of(units))
    }

    async fn latest_alerts(&self, subjects: &[Subject]) -> Stored<Vec<AlertRow>> {
        Ok(self.state().latest_alerts(subjects))
    }

    async fn held(&self, partition: DivisionCode, limit_per_desk: u32) -> Stored<Vec<AlertRow>> {
        Ok(self.state().held(partition, limit_per_desk))
    }

    async fn raised_since(
        &self,
        partition: DivisionCode,
        since: Instant,
    ) -> Stored<Vec<(DivisionCode, u32)>> {
        Ok(self.state().raised_since(partition, since))
    }

    async fn alerts_to_look_at(
        &self,
        partition: DivisionCode,
        on: Date,
        after: Option<AlertId>,
        limit: u32,
    ) -> Stored<Vec<AlertRow>> {
        let state = self.state();
        Ok(state.alerts_to_look_at(partition, on, after, limit))
    }

    // ---- alerts for people -----------------------------------------------

    async fn alert(&self, grant: &Grant, id: AlertId) -> Stored<Option<AlertRow>> {
        Ok(self.state().seen_alert(grant, id).cloned())
    }

    async fn alerts(
        &self,
        grant: &Grant,
        filter: &AlertFilter,
        after: Option<AlertId>,
        limit: u32,
    ) -> Stored<Vec<AlertRow>> {
        self.state().alerts(grant, filter, after, limit)
    }

    async fn standing(&self, grant: &Grant, on: Date) -> Stored<Vec<StandingCount>> {
        Ok(self.state().standing(grant, on))
    }

    async fn alert_counts(&self, grant: &Grant) -> Stored<Vec<AlertCount>> {
        Ok(self.state().alert_counts(grant))
    }

    async fn actions(&self, grant: &Grant, alert: AlertId) -> Stored<Vec<ActionRow>> {
        Ok(self.state().actions_on(grant, alert))
    }

    async fn decision(&self, grant: &Grant, id: DecisionId) -> Stored<Option<DecisionRow>> {
        let state = self.state();
        let found = state.decisions.get(&id).map(|(_, row)| row);
        let seen = found.filter(|row| state.sees_decision(grant, row));
        Ok(seen.cloned())
    }

    async fn decisions_by_id(&self, grant: &Grant, ids: &[DecisionId]) -> Stored<Vec<DecisionRow>> {
        let state = self.state();
        let rows = state.decisions_in_order();
        let rows = rows.filter(|row| ids.contains(&row.id) && state.sees_decision(grant, row));
        Ok(rows.cloned().collect())
    }

    async fn decisions(&self, grant: &Grant, alert: AlertId) -> Stored<Vec<DecisionRow>> {
        let state = self.state();
        let seen = state.seen_alert(grant, alert).is_some();
        let rows = state.decisions_in_order();
        let rows = rows.filter(|row| seen && row.alert == alert);
        Ok(rows.cloned().collect())
    }

    // ---- between two pages -----------------------------------------------

    async fn look_at(
        &self,
        grant: &Grant,
        alert: AlertId,
        now: Instant,
        until: Instant,
    ) -> Stored<Vec<Presence>> {
        Ok(self.state().look_at(grant, alert, now, until))
    }

    async fn look_away(&self, officer: OfficerId, alert: AlertId) -> Stored<()> {
        self.state().presences.remove(&(alert, officer));
        Ok(())
    }

    async fn keep_draft(&self, draft: &DraftRow, now: Instant) -> Stored<()> {
        let mut state = self.state();
        state.drafts.retain(|_, kept| now < kept.expires_at);
        state
            .drafts
            .insert((draft.officer, draft.alert), draft.clone());
        Ok(())
    }

    async fn drafts(&self, officer: OfficerId, now: Instant) -> Stored<Vec<DraftRow>> {
        let state = self.state();
        let live = state.drafts.values();
        let theirs = live.filter(|kept| kept.officer == officer && now < kept.expires_at);
        Ok(theirs.cloned().collect())
    }

    async fn drop_draft(&self, officer: OfficerId, alert: AlertId) -> Stored<()> {
        self.state().drafts.remove(&(officer, alert));
        Ok(())
    }

    // ---- feeds -----------------------------------------------------------

    async fn feed(&self, grant: &Grant, after: i64, limit: u32) -> Stored<Vec<FeedEntry>> {
        Ok(self.state().feed(grant, after, limit))
    }

    async fn feed_heads(&self, grant: &Grant) -> Stored<Vec<FeedHead>> {
        Ok(self.state().feed_heads(grant))
    }

    async fn feed_position(&self) -> Stored<(String, i64)> {
        Ok(self.state().feed_position())
    }

    // ---- people ----------------------------------------------------------

    async fn covers(&self, grant: &Grant, subject: Subject, on: Date) -> Stored<bool> {
        Ok(self.state().covers(grant, subject, on))
    }

    async fn subjects(
        &self,
        grant: &Grant,
        letter: &str,
        on: Date,
        after: Option<Subject>,
        limit: u32,
    ) -> Stored<Vec<Subject>> {
        Ok(self.state().subjects(grant, letter, on, after, limit))
    }

    async fn person_by_index(
        &self,
        grant: &Grant,
        blind_index: &[u8; 32],
        on: Date,
    ) -> Stored<Option<PersonId>> {
        Ok(self.state().person_by_index(grant, blind_index, on))
    }

    async fn identities(&self, people: &[PersonId]) -> Stored<Vec<SealedIdentity>> {
        let state = self.state();
        let found = people.iter().filter_map(|id| state.identities.get(id));
        Ok(found.cloned().collect())
    }

    // ---- leads -----------------------------------------------------------

    async fn lead(&self, grant: &Grant, id: LeadId) -> Stored<Option<LeadRow>> {
        let state = self.state();
        let found = state.leads(grant).find(|row| row.id == id);
        Ok(found.cloned())
    }

    async fn leads(
        &self,
        grant: &Grant,
        before: Option<LeadId>,
        limit: u32,
    ) -> Stored<Vec<LeadRow>> {
        Ok(self.state().leads_before(grant, before, limit))
    }

    // ---- officers --------------------------------------------------------

    async fn export(&self, grant: &Grant, id: ExportId) -> Stored<Option<KnownExport>> {
        let mut exports = self.state().exports(grant);
        exports.retain(|known| known.row.id == id);
        Ok(exports.pop())
    }

    async fn exports(&self, grant: &Grant, limit: u32) -> Stored<Vec<KnownExport>> {
        let mut exports = self.state().exports(grant);
        exports.truncate(limit as usize);
        Ok(exports)
    }

    async fn officer_by_token(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Officer>> {
        Ok(self.state().officer_by_token(digest, now))
    }

    async fn officer(&self, id: OfficerId) -> Stored<Option<Officer>> {
        let state = self.state();
        Ok(state.officers.get(&id).map(|(officer, _)| officer.clone()))
    }

    async fn officers_of(
        &self,
        grant: &Grant,
        region: DivisionCode,
        now: Instant,
    ) -> Stored<Vec<Officer>> {
        Ok(self.state().officers_of(grant, region, now))
    }

    async fn answer(&self, principal: OfficerId, route: &str, key: &str) -> Stored<Option<Answer>> {
        let key = (principal, route.to_owned(), key.to_owned());
        Ok(self.state().answers.get(&key).cloned())
    }

    // ---- accounts --------------------------------------------------------

    async fn account_by_login(&self, login: &str) -> Stored<Option<KnownAccount>> {
        let state = self.state();
        let found = state.accounts.values().find(|row| row.login == login);
        Ok(found.map(|row| state.known(row)))
    }

    async fn account_by_subject(&self, digest: &[u8; 32]) -> Stored<Option<KnownAccount>> {
        let state = self.state();
        let officer = state.subjects.get(digest);
        let row = officer.and_then(|officer| state.accounts.get(officer));
        Ok(row.map(|row| state.known(row)))
    }

    async fn account(&self, id: OfficerId) -> Stored<Option<KnownAccount>> {
        let state = self.state();
        Ok(state.accounts.get(&id).map(|row| state.known(row)))
    }

    async fn accounts(&self) -> Stored<Vec<KnownAccount>> {
        let state = self.state();
        Ok(state
            .accounts
            .values()
            .map(|row| state.known(row))
            .collect())
    }

    async fn session(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>> {
        Ok(self.state().signed(digest, now))
    }

    async fn session_owner(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>> {
        Ok(self.state().session_owner(digest, now))
    }

    async fn sessions(&self, officer: OfficerId, now: Instant) -> Stored<Vec<SessionRow>> {
        Ok(self.state().sessions_of(officer, now))
    }

    async fn account_events(&self, officer: OfficerId, limit: u32) -> Stored<Vec<Happened>> {
        let state = self.state();
        let newest = state.account_events.iter().rev();
        let theirs = newest.filter(|happened| happened.row.officer == officer);
        Ok(theirs.take(limit as usize).cloned().collect())
    }

    // ---- parameters ------------------------------------------------------

    async fn proposals(&self, grant: &Grant, limit: u32) -> Stored<Vec<Proposed>> {
        Ok(self.state().proposals_for(grant, limit))
    }

    async fn proposal(&self, grant: &Grant, id: ProposalId) -> Stored<Option<Proposed>> {
        Ok(self.state().proposal(grant, id))
    }

    async fn reviews(&self) -> Stored<i64> {
        Ok(self.state().last_review())
    }

    async fn approved(&self) -> Stored<Vec<Proposed>> {
        Ok(self.state().approved())
    }

    // ---- subscriptions ---------------------------------------------------

    async fn subscriptions(&self, grant: &Grant) -> Stored<Vec<SubscriptionRow>> {
        let state = self.state();
        let rows = state.subscriptions.values();
        Ok(rows
            .filter(|row| grant.covers(row.region))
            .cloned()
            .collect())
    }

    async fn subscription(
        &self,
        grant: &Grant,
        id: SubscriptionId,
    ) -> Stored<Option<SubscriptionRow>> {
        let state = self.state();
        let row = state.subscriptions.get(&id);
        Ok(row.filter(|row| grant.covers(row.region)).cloned())
    }

    async fn deliveries(
        &self,
        grant: &Grant,
        subscription: SubscriptionId,
        dead: bool,
        after: i64,
        limit: u32,
    ) -> Stored<Vec<DeliveryRow>> {
        Ok(self
            .state()
            .deliveries_of(grant, subscription, dead, after, limit))
    }

    async fn subscribers(&self, now: Instant) -> Stored<Vec<Subscriber>> {
        Ok(self.state().subscribers(now))
    }

    async fn deliveries_due(
        &self,
        subscription: SubscriptionId,
        now: Instant,
        limit: u32,
    ) -> Stored<Vec<DeliveryRow>> {
        Ok(self.state().deliveries_due(subscription, now, limit))
    }

    async fn delivery_counts(&self, subscription: SubscriptionId) -> Stored<DeliveryCounts> {
        Ok(self.state().delivery_counts(subscription))
    }

    // ---- ledger ----------------------------------------------------------

    async fn ledger_entries(&self, from: i64, limit: u32) -> Stored<Vec<LedgerEntry>> {
        Ok(self.state().ledger_entries(from, limit))
    }

    async fn ledger_roots(&self) -> Stored<Vec<LedgerRoot>> {
        Ok(self.state().roots.clone())
    }

    async fn disclosures(
        &self,
        grant: &Grant,
        pseudonym: &[u8; 16],
        limit: u32,
    ) -> Stored<Vec<Disclosed>> {
        Ok(self.state().disclosures(grant, pseudonym, limit))
    }

    async fn mismatched_commits(&self, _from: i64, _limit: u32) -> Stored<Vec<i64>> {
        // Rows are answered from the commits themselves: they cannot differ.
        Ok(Vec::new())
    }

    // ---- running ---------------------------------------------------------

    async fn lease(
        &self,
        partition: DivisionCode,
        step: &str,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> Stored<Option<Lease>> {
        let mut state = self.state();
        Ok(state.lease(partition, step, holder, now, until))
    }

    async fn last_holder(&self, partition: DivisionCode, step: &str) -> Stored<Option<String>> {
        let held = &self.state().leases;
        let held = held.get(&(partition, step.to_owned()));
        Ok(held.map(|held| held.holder.clone()))
    }

    async fn partitions(&self) -> Stored<Vec<DivisionCode>> {
        Ok(self.state().partitions())
    }

    async fn setting(&self, key: &str) -> Stored<Option<String>> {
        Ok(self.state().settings.get(key).cloned())
    }

    async fn runs(&self, grant: &Grant, limit: u32) -> Stored<Vec<Ran>> {
        Ok(self.state().runs(grant, limit))
    }

    async fn statistics(&self) -> Stored<Statistics> {
        Ok(self.state().statistics())
    }

    async fn check(&self) -> Stored<Vec<String>> {
        Ok(self.state().check())
    }
}
