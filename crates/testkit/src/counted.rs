//! A store that counts the questions it is asked, to tell whether an answer
//! needs more of them the more rows there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

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
use store::{Store, StoreError, Stored};

/// Counts every call and hands it on. Each call of the contract is a fixed
/// number of statements.
pub struct Counted {
    inner: Arc<dyn Store>,
    calls: AtomicUsize,
    /// Committed once that many calls have been made.
    later: Mutex<Option<(usize, Commit)>>,
}

impl Counted {
    /// Around a store.
    pub fn new(inner: Arc<dyn Store>) -> Counted {
        Counted {
            inner,
            calls: AtomicUsize::new(0),
            later: Mutex::new(None),
        }
    }

    /// Commits in the middle: before the call that follows `calls` others. A guard of
    /// it may fail there.
    pub fn commit_after(&self, calls: usize, commit: Commit) {
        self.calls.store(0, Ordering::SeqCst);
        *self.later.lock().expect("no test panics here") = Some((calls, commit));
    }

    async fn count(&self) {
        let made = self.calls.fetch_add(1, Ordering::SeqCst);
        let due = {
            let mut later = self.later.lock().expect("no test panics here");
            later.take_if(|(calls, _)| *calls <= made)
        };
        if let Some((_, commit)) = due {
            let taken = self.inner.commit(&commit).await;
            let conflicts = matches!(taken, Err(StoreError::Conflict));
            assert!(taken.is_ok() || conflicts, "a commit in the middle");
        }
    }

    /// Whether so few calls were made that what is to be committed was not tried.
    pub fn waits(&self) -> bool {
        self.later.lock().expect("no test panics here").is_some()
    }

    /// Calls since the last time this was asked.
    pub fn taken(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }
}

macro_rules! counted {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Store for Counted {
            $(
                async fn $name(&self, $($argument: $type),*) -> $answer {
                    self.count().await;
                    self.inner.$name($($argument),*).await
                }
            )+
        }
    };
}

counted! {
    commit(commit: &Commit) -> Stored<Receipt>;
    commit_group(commits: &[Commit]) -> Stored<Vec<Receipt>>;
    publish(limit: u32) -> Stored<Published>;
    import_by_key(source: &SourceId, dataset: &DatasetId, revision: Revision) -> Stored<Option<ImportRow>>;
    import(grant: &Grant, id: ImportId) -> Stored<Option<ImportRow>>;
    imports(grant: &Grant, before: Option<Instant>, limit: u32) -> Stored<Vec<ImportRow>>;
    kept_rows(grant: &Grant, import: ImportId, outcome: Option<RowOutcome>, after_line: u32, limit: u32) -> Stored<Vec<KeptRow>>;
    intake_after(partition: DivisionCode, number: i64, limit_records: u32) -> Stored<Vec<IntakeBatch>>;
    named_after(partition: DivisionCode, number: i64, through: i64, limit_records: u32) -> Stored<Vec<Named>>;
    backlog(partition: DivisionCode, number: i64) -> Stored<Backlog>;
    checkpoint(partition: DivisionCode, step: &str) -> Stored<i64>;
    checkpoint_as_of(partition: DivisionCode, step: &str, known: i64) -> Stored<i64>;
    folds(subjects: &[Subject]) -> Stored<Vec<FoldRow>>;
    subject_keys(subjects: &[Subject]) -> Stored<Vec<SubjectKeyRow>>;
    reads_by_person(people: &[PersonId]) -> Stored<Vec<Read>>;
    reads_by_household(households: &[HouseholdId]) -> Stored<Vec<Read>>;
    coverage(partition: DivisionCode, through: i64) -> Stored<Vec<Coverage>>;
    records_between(partition: DivisionCode, subjects: &[Subject], after: i64, through: i64) -> Stored<Vec<SealedRecord>>;
    records_of(subjects: &[Subject], through: i64) -> Stored<Vec<SealedRecord>>;
    due(partition: DivisionCode, limit: u32) -> Stored<Vec<DueMark>>;
    units_to_revisit(partition: DivisionCode, on: Date, policy_set: &str, after: Option<Subject>, limit: u32) -> Stored<Vec<Subject>>;
    verdicts(units: &[Subject]) -> Stored<Vec<VerdictRow>>;
    latest_alerts(subjects: &[Subject]) -> Stored<Vec<AlertRow>>;
    held(partition: DivisionCode, limit_per_desk: u32) -> Stored<Vec<AlertRow>>;
    raised_since(partition: DivisionCode, since: Instant) -> Stored<Vec<(DivisionCode, u32)>>;
    alerts_to_look_at(partition: DivisionCode, on: Date, after: Option<AlertId>, limit: u32) -> Stored<Vec<AlertRow>>;
    alert(grant: &Grant, id: AlertId) -> Stored<Option<AlertRow>>;
    alerts(grant: &Grant, filter: &AlertFilter, after: Option<AlertId>, limit: u32) -> Stored<Vec<AlertRow>>;
    alert_counts(grant: &Grant) -> Stored<Vec<AlertCount>>;
    standing(grant: &Grant, on: Date) -> Stored<Vec<StandingCount>>;
    actions(grant: &Grant, alert: AlertId) -> Stored<Vec<ActionRow>>;
    decision(grant: &Grant, id: DecisionId) -> Stored<Option<DecisionRow>>;
    decisions_by_id(grant: &Grant, ids: &[DecisionId]) -> Stored<Vec<DecisionRow>>;
    decisions(grant: &Grant, alert: AlertId) -> Stored<Vec<DecisionRow>>;
    feed(grant: &Grant, after: i64, limit: u32) -> Stored<Vec<FeedEntry>>;
    feed_heads(grant: &Grant) -> Stored<Vec<FeedHead>>;
    feed_position() -> Stored<(String, i64)>;
    covers(grant: &Grant, subject: Subject, on: Date) -> Stored<bool>;
    subjects(grant: &Grant, letter: &str, on: Date, after: Option<Subject>, limit: u32) -> Stored<Vec<Subject>>;
    person_by_index(grant: &Grant, blind_index: &[u8; 32], on: Date) -> Stored<Option<PersonId>>;
    identities(people: &[PersonId]) -> Stored<Vec<SealedIdentity>>;
    export(grant: &Grant, id: ExportId) -> Stored<Option<KnownExport>>;
    exports(grant: &Grant, limit: u32) -> Stored<Vec<KnownExport>>;
    officer_by_token(digest: &[u8; 32], now: Instant) -> Stored<Option<Officer>>;
    officer(id: OfficerId) -> Stored<Option<Officer>>;
    answer(principal: OfficerId, route: &str, key: &str) -> Stored<Option<Answer>>;
    account_by_login(login: &str) -> Stored<Option<KnownAccount>>;
    account(id: OfficerId) -> Stored<Option<KnownAccount>>;
    accounts() -> Stored<Vec<KnownAccount>>;
    session(digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>>;
    sessions(officer: OfficerId, now: Instant) -> Stored<Vec<SessionRow>>;
    account_events(officer: OfficerId, limit: u32) -> Stored<Vec<Happened>>;
    ledger_entries(from: i64, limit: u32) -> Stored<Vec<LedgerEntry>>;
    ledger_roots() -> Stored<Vec<LedgerRoot>>;
    disclosures(grant: &Grant, pseudonym: &[u8; 16], limit: u32) -> Stored<Vec<Disclosed>>;
    mismatched_commits(from: i64, limit: u32) -> Stored<Vec<i64>>;
    lease(partition: DivisionCode, step: &str, holder: &str, now: Instant, until: Instant) -> Stored<Option<Lease>>;
    last_holder(partition: DivisionCode, step: &str) -> Stored<Option<String>>;
    partitions() -> Stored<Vec<DivisionCode>>;
    setting(key: &str) -> Stored<Option<String>>;
    statistics() -> Stored<Statistics>;
    corrections(grant: &Grant, import: Option<ImportId>, limit: u32) -> Stored<Vec<Correction>>;
    look_at(grant: &Grant, alert: AlertId, now: Instant, until: Instant) -> Stored<Vec<Presence>>;
    look_away(officer: OfficerId, alert: AlertId) -> Stored<()>;
    keep_draft(draft: &DraftRow, now: Instant) -> Stored<()>;
    drafts(officer: OfficerId, now: Instant) -> Stored<Vec<DraftRow>>;
    drop_draft(officer: OfficerId, alert: AlertId) -> Stored<()>;
    lead(grant: &Grant, id: LeadId) -> Stored<Option<LeadRow>>;
    leads(grant: &Grant, before: Option<LeadId>, limit: u32) -> Stored<Vec<LeadRow>>;
    officers_of(grant: &Grant, region: DivisionCode, now: Instant) -> Stored<Vec<Officer>>;
    account_by_subject(digest: &[u8; 32]) -> Stored<Option<KnownAccount>>;
    session_owner(digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>>;
    proposals(grant: &Grant, limit: u32) -> Stored<Vec<Proposed>>;
    proposal(grant: &Grant, id: ProposalId) -> Stored<Option<Proposed>>;
    reviews() -> Stored<i64>;
    approved() -> Stored<Vec<Proposed>>;
    subscriptions(grant: &Grant) -> Stored<Vec<SubscriptionRow>>;
    subscription(grant: &Grant, id: SubscriptionId) -> Stored<Option<SubscriptionRow>>;
    deliveries(grant: &Grant, subscription: SubscriptionId, dead: bool, after: i64, limit: u32) -> Stored<Vec<DeliveryRow>>;
    subscribers(now: Instant) -> Stored<Vec<Subscriber>>;
    deliveries_due(subscription: SubscriptionId, now: Instant, limit: u32) -> Stored<Vec<DeliveryRow>>;
    delivery_counts(subscription: SubscriptionId) -> Stored<DeliveryCounts>;
    runs(grant: &Grant, limit: u32) -> Stored<Vec<Ran>>;
    check() -> Stored<Vec<String>>;
}
