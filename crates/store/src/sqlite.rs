//! The store of one office: one SQLite file, one writer, four readers.
//!
//! The files below this one and below `postgres` mirror each other: the same
//! functions in the same order, so that what differs is dialect.

mod accounts;
mod alerts;
mod columns;
mod corrections;
mod desk;
mod evaluation;
mod exports;
mod feeds;
mod folding;
mod imports;
mod leads;
mod ledger;
mod listed;
mod officers;
mod opening;
mod parameters;
mod people;
mod running;
mod subscriptions;
mod write;
mod writer;

use async_trait::async_trait;
use domain::authority::{Grant, Officer};
use domain::ids::{
    AlertId, DecisionId, ExportId, HouseholdId, ImportId, LeadId, OfficerId, PersonId, ProposalId,
    Subject, SubscriptionId,
};
use domain::record::{Coverage, DatasetId, Read, Revision, RowOutcome, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};
use sqlx::SqlitePool;

pub use self::opening::Lock;
pub(crate) use self::opening::{copy, hold, open};
use self::writer::Writer;
use crate::accounts::{Happened, KnownAccount, SessionRow, Signed};
use crate::commit::{
    ActionRow, AlertRow, Answer, Commit, DecisionRow, DueMark, FoldRow, ImportRow, KeptRow,
    LeadRow, Lease, SealedIdentity, SealedRecord, SubjectKeyRow, VerdictRow,
};
use crate::corrections::Correction;
use crate::exports::KnownExport;
use crate::parameters::Proposed;
use crate::rows::{
    AlertCount, AlertFilter, Backlog, Disclosed, DraftRow, FeedEntry, FeedHead, IntakeBatch,
    LedgerEntry, LedgerRoot, Named, Presence, Published, Ran, Receipt, StandingCount, Statistics,
};
use crate::subscriptions::{DeliveryCounts, DeliveryRow, Subscriber, SubscriptionRow};
use crate::{Store, Stored};

/// An open SQLite store.
struct Sqlite {
    readers: SqlitePool,
    writer: Writer,
    /// Held as long as the store is open, so that no second process opens it.
    _lock: Lock,
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, commit: &Commit) -> Stored<Receipt> {
        let receipts = self.writer.take(std::slice::from_ref(commit)).await?;
        Ok(receipts[0])
    }

    async fn commit_group(&self, commits: &[Commit]) -> Stored<Vec<Receipt>> {
        self.writer.take(commits).await
    }

    async fn publish(&self, limit: u32) -> Stored<Published> {
        self.writer.publish(limit).await
    }

    async fn import_by_key(
        &self,
        source: &SourceId,
        dataset: &DatasetId,
        revision: Revision,
    ) -> Stored<Option<ImportRow>> {
        imports::import_by_key(&self.readers, source, dataset, revision).await
    }

    async fn import(&self, grant: &Grant, id: ImportId) -> Stored<Option<ImportRow>> {
        imports::import(&self.readers, grant, id).await
    }

    async fn imports(
        &self,
        grant: &Grant,
        before: Option<Instant>,
        limit: u32,
    ) -> Stored<Vec<ImportRow>> {
        imports::imports(&self.readers, grant, before, limit).await
    }

    async fn kept_rows(
        &self,
        grant: &Grant,
        import: ImportId,
        outcome: Option<RowOutcome>,
        after_line: u32,
        limit: u32,
    ) -> Stored<Vec<KeptRow>> {
        imports::kept_rows(&self.readers, grant, import, outcome, after_line, limit).await
    }

    async fn corrections(
        &self,
        grant: &Grant,
        import: Option<ImportId>,
        limit: u32,
    ) -> Stored<Vec<Correction>> {
        corrections::corrections(&self.readers, grant, import, limit).await
    }

    async fn intake_after(
        &self,
        partition: DivisionCode,
        number: i64,
        limit_records: u32,
    ) -> Stored<Vec<IntakeBatch>> {
        folding::intake_after(&self.readers, partition, number, limit_records).await
    }

    async fn named_after(
        &self,
        partition: DivisionCode,
        number: i64,
        through: i64,
        limit_records: u32,
    ) -> Stored<Vec<Named>> {
        folding::named_after(&self.readers, partition, (number, through), limit_records).await
    }

    async fn backlog(&self, partition: DivisionCode, number: i64) -> Stored<Backlog> {
        folding::backlog(&self.readers, partition, number).await
    }

    async fn checkpoint(&self, partition: DivisionCode, step: &str) -> Stored<i64> {
        folding::checkpoint(&self.readers, partition, step).await
    }

    async fn checkpoint_as_of(
        &self,
        partition: DivisionCode,
        step: &str,
        known: i64,
    ) -> Stored<i64> {
        folding::checkpoint_as_of(&self.readers, partition, step, known).await
    }

    async fn folds(&self, subjects: &[Subject]) -> Stored<Vec<FoldRow>> {
        folding::folds(&self.readers, subjects).await
    }

    async fn subject_keys(&self, subjects: &[Subject]) -> Stored<Vec<SubjectKeyRow>> {
        folding::subject_keys(&self.readers, subjects).await
    }

    async fn reads_by_person(&self, people: &[PersonId]) -> Stored<Vec<Read>> {
        folding::reads_by_person(&self.readers, people).await
    }

    async fn reads_by_household(&self, households: &[HouseholdId]) -> Stored<Vec<Read>> {
        folding::reads_by_household(&self.readers, households).await
    }

    async fn coverage(&self, partition: DivisionCode, through: i64) -> Stored<Vec<Coverage>> {
        folding::coverage(&self.readers, partition, through).await
    }

    async fn records_between(
        &self,
        partition: DivisionCode,
        subjects: &[Subject],
        after: i64,
        through: i64,
    ) -> Stored<Vec<SealedRecord>> {
        folding::records_between(&self.readers, partition, subjects, (after, through)).await
    }

    async fn records_of(&self, subjects: &[Subject], through: i64) -> Stored<Vec<SealedRecord>> {
        folding::records_of(&self.readers, subjects, through).await
    }

    async fn due(&self, partition: DivisionCode, limit: u32) -> Stored<Vec<DueMark>> {
        evaluation::due(&self.readers, partition, limit).await
    }

    async fn units_to_revisit(
        &self,
        partition: DivisionCode,
        on: Date,
        policy_set: &str,
        after: Option<Subject>,
        limit: u32,
    ) -> Stored<Vec<Subject>> {
        evaluation::units_to_revisit(&self.readers, partition, on, policy_set, after, limit).await
    }

    async fn verdicts(&self, units: &[Subject]) -> Stored<Vec<VerdictRow>> {
        evaluation::verdicts(&self.readers, units).await
    }

    async fn latest_alerts(&self, subjects: &[Subject]) -> Stored<Vec<AlertRow>> {
        evaluation::latest_alerts(&self.readers, subjects).await
    }

    async fn held(&self, partition: DivisionCode, limit_per_desk: u32) -> Stored<Vec<AlertRow>> {
        evaluation::held(&self.readers, partition, limit_per_desk).await
    }

    async fn raised_since(
        &self,
        partition: DivisionCode,
        since: Instant,
    ) -> Stored<Vec<(DivisionCode, u32)>> {
        evaluation::raised_since(&self.readers, partition, since).await
    }

    async fn alerts_to_look_at(
        &self,
        partition: DivisionCode,
        on: Date,
        after: Option<AlertId>,
        limit: u32,
    ) -> Stored<Vec<AlertRow>> {
        evaluation::alerts_to_look_at(&self.readers, partition, on, after, limit).await
    }

    async fn alert(&self, grant: &Grant, id: AlertId) -> Stored<Option<AlertRow>> {
        alerts::alert(&self.readers, grant, id).await
    }

    async fn alerts(
        &self,
        grant: &Grant,
        filter: &AlertFilter,
        after: Option<AlertId>,
        limit: u32,
    ) -> Stored<Vec<AlertRow>> {
        listed::alerts(&self.readers, grant, filter, after, limit).await
    }

    async fn standing(&self, grant: &Grant, on: Date) -> Stored<Vec<StandingCount>> {
        alerts::standing(&self.readers, grant, on).await
    }

    async fn alert_counts(&self, grant: &Grant) -> Stored<Vec<AlertCount>> {
        alerts::alert_counts(&self.readers, grant).await
    }

    async fn actions(&self, grant: &Grant, alert: AlertId) -> Stored<Vec<ActionRow>> {
        alerts::actions(&self.readers, grant, alert).await
    }

    async fn decision(&self, grant: &Grant, id: DecisionId) -> Stored<Option<DecisionRow>> {
        alerts::decision(&self.readers, grant, id).await
    }

    async fn decisions_by_id(&self, grant: &Grant, ids: &[DecisionId]) -> Stored<Vec<DecisionRow>> {
        alerts::decisions_by_id(&self.readers, grant, ids).await
    }

    async fn decisions(&self, grant: &Grant, alert: AlertId) -> Stored<Vec<DecisionRow>> {
        alerts::decisions(&self.readers, grant, alert).await
    }

    async fn look_at(
        &self,
        grant: &Grant,
        alert: AlertId,
        now: Instant,
        until: Instant,
    ) -> Stored<Vec<Presence>> {
        if alerts::alert(&self.readers, grant, alert).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut turn = self.writer.turn(false).await;
        desk::look_at(&mut turn, grant.officer(), alert, now, until).await
    }

    async fn look_away(&self, officer: OfficerId, alert: AlertId) -> Stored<()> {
        let mut turn = self.writer.turn(false).await;
        desk::look_away(&mut turn, officer, alert).await
    }

    async fn keep_draft(&self, draft: &DraftRow, now: Instant) -> Stored<()> {
        let mut turn = self.writer.turn(false).await;
        desk::keep_draft(&mut turn, draft, now).await
    }

    async fn drafts(&self, officer: OfficerId, now: Instant) -> Stored<Vec<DraftRow>> {
        desk::drafts(&self.readers, officer, now).await
    }

    async fn drop_draft(&self, officer: OfficerId, alert: AlertId) -> Stored<()> {
        let mut turn = self.writer.turn(false).await;
        desk::drop_draft(&mut turn, officer, alert).await
    }

    async fn feed(&self, grant: &Grant, after: i64, limit: u32) -> Stored<Vec<FeedEntry>> {
        feeds::feed(&self.readers, grant, after, limit).await
    }

    async fn feed_heads(&self, grant: &Grant) -> Stored<Vec<FeedHead>> {
        feeds::feed_heads(&self.readers, grant).await
    }

    async fn feed_position(&self) -> Stored<(String, i64)> {
        feeds::feed_position(&self.readers).await
    }

    async fn covers(&self, grant: &Grant, subject: Subject, on: Date) -> Stored<bool> {
        people::covers(&self.readers, grant, subject, on).await
    }

    async fn subjects(
        &self,
        grant: &Grant,
        letter: &str,
        on: Date,
        after: Option<Subject>,
        limit: u32,
    ) -> Stored<Vec<Subject>> {
        people::subjects(&self.readers, grant, letter, on, after, limit).await
    }

    async fn person_by_index(
        &self,
        grant: &Grant,
        blind_index: &[u8; 32],
        on: Date,
    ) -> Stored<Option<PersonId>> {
        people::person_by_index(&self.readers, grant, blind_index, on).await
    }

    async fn identities(&self, people: &[PersonId]) -> Stored<Vec<SealedIdentity>> {
        people::identities(&self.readers, people).await
    }

    async fn lead(&self, grant: &Grant, id: LeadId) -> Stored<Option<LeadRow>> {
        leads::lead(&self.readers, grant, id).await
    }

    async fn leads(
        &self,
        grant: &Grant,
        before: Option<LeadId>,
        limit: u32,
    ) -> Stored<Vec<LeadRow>> {
        leads::leads(&self.readers, grant, before, limit).await
    }

    async fn export(&self, grant: &Grant, id: ExportId) -> Stored<Option<KnownExport>> {
        exports::export(&self.readers, grant, id).await
    }

    async fn exports(&self, grant: &Grant, limit: u32) -> Stored<Vec<KnownExport>> {
        exports::exports(&self.readers, grant, limit).await
    }

    async fn officer_by_token(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Officer>> {
        officers::officer_by_token(&self.readers, digest, now).await
    }

    async fn officer(&self, id: OfficerId) -> Stored<Option<Officer>> {
        officers::officer(&self.readers, id).await
    }

    async fn officers_of(
        &self,
        grant: &Grant,
        region: DivisionCode,
        now: Instant,
    ) -> Stored<Vec<Officer>> {
        officers::officers_of(&self.readers, grant, region, now).await
    }

    async fn answer(&self, principal: OfficerId, route: &str, key: &str) -> Stored<Option<Answer>> {
        officers::answer(&self.readers, principal, route, key).await
    }

    async fn account_by_login(&self, login: &str) -> Stored<Option<KnownAccount>> {
        accounts::account_by_login(&self.readers, login).await
    }

    async fn account_by_subject(&self, digest: &[u8; 32]) -> Stored<Option<KnownAccount>> {
        accounts::account_by_subject(&self.readers, digest).await
    }

    async fn account(&self, id: OfficerId) -> Stored<Option<KnownAccount>> {
        accounts::account(&self.readers, id).await
    }

    async fn accounts(&self) -> Stored<Vec<KnownAccount>> {
        accounts::accounts(&self.readers).await
    }

    async fn session(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>> {
        accounts::session(&self.readers, digest, now).await
    }

    async fn session_owner(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>> {
        accounts::session_owner(&self.readers, digest, now).await
    }

    async fn sessions(&self, officer: OfficerId, now: Instant) -> Stored<Vec<SessionRow>> {
        accounts::sessions(&self.readers, officer, now).await
    }

    async fn account_events(&self, officer: OfficerId, limit: u32) -> Stored<Vec<Happened>> {
        accounts::account_events(&self.readers, officer, limit).await
    }

    async fn proposals(&self, grant: &Grant, limit: u32) -> Stored<Vec<Proposed>> {
        parameters::proposals(&self.readers, grant, limit).await
    }

    async fn proposal(&self, grant: &Grant, id: ProposalId) -> Stored<Option<Proposed>> {
        parameters::proposal(&self.readers, grant, id).await
    }

    async fn reviews(&self) -> Stored<i64> {
        parameters::reviews(&self.readers).await
    }

    async fn approved(&self) -> Stored<Vec<Proposed>> {
        parameters::approved(&self.readers).await
    }

    async fn subscriptions(&self, grant: &Grant) -> Stored<Vec<SubscriptionRow>> {
        subscriptions::subscriptions(&self.readers, grant).await
    }

    async fn subscription(
        &self,
        grant: &Grant,
        id: SubscriptionId,
    ) -> Stored<Option<SubscriptionRow>> {
        subscriptions::subscription(&self.readers, grant, id).await
    }

    async fn deliveries(
        &self,
        grant: &Grant,
        subscription: SubscriptionId,
        dead: bool,
        after: i64,
        limit: u32,
    ) -> Stored<Vec<DeliveryRow>> {
        let page = (after, limit);
        subscriptions::deliveries(&self.readers, grant, subscription, dead, page).await
    }

    async fn subscribers(&self, now: Instant) -> Stored<Vec<Subscriber>> {
        subscriptions::subscribers(&self.readers, now).await
    }

    async fn deliveries_due(
        &self,
        subscription: SubscriptionId,
        now: Instant,
        limit: u32,
    ) -> Stored<Vec<DeliveryRow>> {
        subscriptions::deliveries_due(&self.readers, subscription, now, limit).await
    }

    async fn delivery_counts(&self, subscription: SubscriptionId) -> Stored<DeliveryCounts> {
        subscriptions::delivery_counts(&self.readers, subscription).await
    }

    async fn ledger_entries(&self, from: i64, limit: u32) -> Stored<Vec<LedgerEntry>> {
        ledger::ledger_entries(&self.readers, from, limit).await
    }

    async fn ledger_roots(&self) -> Stored<Vec<LedgerRoot>> {
        ledger::ledger_roots(&self.readers).await
    }

    async fn disclosures(
        &self,
        grant: &Grant,
        pseudonym: &[u8; 16],
        limit: u32,
    ) -> Stored<Vec<Disclosed>> {
        ledger::disclosures(&self.readers, grant, pseudonym, limit).await
    }

    async fn mismatched_commits(&self, from: i64, limit: u32) -> Stored<Vec<i64>> {
        ledger::mismatched_commits(&self.readers, from, limit).await
    }

    async fn lease(
        &self,
        partition: DivisionCode,
        step: &str,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> Stored<Option<Lease>> {
        let mut turn = self.writer.turn(false).await;
        running::lease(&mut turn, partition, step, holder, now, until).await
    }

    async fn last_holder(&self, partition: DivisionCode, step: &str) -> Stored<Option<String>> {
        running::last_holder(&self.readers, partition, step).await
    }

    async fn partitions(&self) -> Stored<Vec<DivisionCode>> {
        running::partitions(&self.readers).await
    }

    async fn setting(&self, key: &str) -> Stored<Option<String>> {
        running::setting(&self.readers, key).await
    }

    async fn runs(&self, grant: &Grant, limit: u32) -> Stored<Vec<Ran>> {
        running::runs(&self.readers, grant, limit).await
    }

    async fn statistics(&self) -> Stored<Statistics> {
        running::statistics(&self.readers).await
    }

    async fn check(&self) -> Stored<Vec<String>> {
        running::check(&self.readers).await
    }
}
