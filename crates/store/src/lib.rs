//! What the system remembers. Two implementations keep one contract, SQLite
//! and PostgreSQL; the conformance suite holds both, and the in-memory model,
//! to it.
//!
//! There is one write, [`Store::commit`]: a value computed by the core, taken
//! whole or not at all, one ledger leaf each. Reads are split by noun and say
//! what is true now or as of a commit number. Reads that serve people take a
//! [`Grant`] and join the access table; a foreign id and an unknown id are the
//! same `None`. Reads that serve steps take the partition.
//!
//! Commit numbers are contiguous and follow commit order. SQLite numbers
//! inside the write transaction; PostgreSQL's sequencer ([`Store::publish`])
//! numbers committed commits, because numbers drawn before the commit leave
//! holes that readers fall into.

pub mod accounts;
pub mod commit;
pub mod corrections;
mod encode;
pub mod error;
pub mod exports;
pub mod parameters;
mod parts;
mod postgres;
pub mod rows;
mod schema;
mod sqlite;
pub mod subscriptions;
mod waiting;
mod walk;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::authority::{Grant, Officer};
use domain::ids::{
    AlertId, DecisionId, ExportId, HouseholdId, ImportId, LeadId, OfficerId, PersonId, ProposalId,
    Subject, SubscriptionId,
};
use domain::record::{Coverage, DatasetId, Read, Revision, RowOutcome, SourceId};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};

use crate::accounts::{Happened, KnownAccount, SessionRow, Signed};
use crate::commit::{
    ActionRow, AlertRow, Answer, Commit, DecisionRow, DueMark, FoldRow, ImportRow, KeptRow,
    LeadRow, Lease, SealedIdentity, SealedRecord, SubjectKeyRow, VerdictRow,
};
use crate::corrections::Correction;
pub use crate::encode::ledger_entry;
pub use crate::error::StoreError;
use crate::exports::KnownExport;
use crate::parameters::Proposed;
use crate::rows::{
    AlertCount, AlertFilter, Backlog, Disclosed, DraftRow, FeedEntry, FeedHead, IntakeBatch,
    LedgerEntry, LedgerRoot, Named, Presence, Published, Ran, Receipt, StandingCount, Statistics,
};
pub use crate::sqlite::Lock;
use crate::subscriptions::{DeliveryCounts, DeliveryRow, Subscriber, SubscriptionRow};

/// Result of a store call.
pub type Stored<T> = Result<T, StoreError>;

/// The contract. Methods are grouped by noun.
#[async_trait]
pub trait Store: Send + Sync {
    // ---- the write -------------------------------------------------------

    /// Takes all of a commit or nothing. Answers its id and, where numbering
    /// happens inside the transaction, its number.
    ///
    /// [`StoreError::Conflict`]: a guard failed, read again. `Fenced`: the
    /// lease was lost. `Duplicate`: a unique natural key (import) exists.
    /// A commit whose `answer` key exists with the same fingerprint writes
    /// nothing and is [`StoreError::Answered`] with the stored answer; with
    /// another fingerprint it is [`StoreError::KeyReused`].
    async fn commit(&self, commit: &Commit) -> Stored<Receipt>;

    /// Takes several unrelated commits in one transaction (one sync): group
    /// commit for disclosures. All or none.
    async fn commit_group(&self, commits: &[Commit]) -> Stored<Vec<Receipt>>;

    /// Numbers committed commits that have no number yet, in an order that
    /// respects cause, gives their feed entries position and per-feed number,
    /// and extends the ledger. At most `limit` commits. Idempotent; a second
    /// sequencer does nothing.
    async fn publish(&self, limit: u32) -> Stored<Published>;

    // ---- imports ---------------------------------------------------------

    /// The import with this natural key, whoever sent it.
    async fn import_by_key(
        &self,
        source: &SourceId,
        dataset: &DatasetId,
        revision: Revision,
    ) -> Stored<Option<ImportRow>>;
    /// One import in the grant's regions; importers see only their sources'.
    async fn import(&self, grant: &Grant, id: ImportId) -> Stored<Option<ImportRow>>;
    /// Imports, newest first, before an instant.
    async fn imports(
        &self,
        grant: &Grant,
        before: Option<Instant>,
        limit: u32,
    ) -> Stored<Vec<ImportRow>>;
    /// Kept rows of an import in line order after `line`.
    async fn kept_rows(
        &self,
        grant: &Grant,
        import: ImportId,
        outcome: Option<RowOutcome>,
        after_line: u32,
        limit: u32,
    ) -> Stored<Vec<KeptRow>>;

    /// Disputed rows of imports in the grant's regions, newest first; importers
    /// see only their sources'.
    async fn corrections(
        &self,
        grant: &Grant,
        import: Option<ImportId>,
        limit: u32,
    ) -> Stored<Vec<Correction>>;

    // ---- folding ---------------------------------------------------------

    /// Numbered intake commits of *received* imports (and officers' records)
    /// after a commit number, whole commits, stopping once `limit_records` is
    /// reached. Intake commits of an import still receiving, and everything
    /// numbered after the first such commit of the partition, are not given.
    async fn intake_after(
        &self,
        partition: DivisionCode,
        number: i64,
        limit_records: u32,
    ) -> Stored<Vec<IntakeBatch>>;
    /// Whom the commits name that [`Store::intake_after`] would give and that are
    /// numbered no later than `through`; whole commits, stopping once
    /// `limit_records` is reached.
    async fn named_after(
        &self,
        partition: DivisionCode,
        number: i64,
        through: i64,
        limit_records: u32,
    ) -> Stored<Vec<Named>>;
    /// What [`Store::intake_after`] would give in all, without its records.
    async fn backlog(&self, partition: DivisionCode, number: i64) -> Stored<Backlog>;
    /// Position of a step; 0 before its first checkpoint.
    async fn checkpoint(&self, partition: DivisionCode, step: &str) -> Stored<i64>;
    /// Position of a step as of a commit number.
    async fn checkpoint_as_of(
        &self,
        partition: DivisionCode,
        step: &str,
        known: i64,
    ) -> Stored<i64>;
    /// Folds of these subjects that exist.
    async fn folds(&self, subjects: &[Subject]) -> Stored<Vec<FoldRow>>;
    /// Wrapped keys of these subjects that exist.
    async fn subject_keys(&self, subjects: &[Subject]) -> Stored<Vec<SubjectKeyRow>>;
    /// `reads` rows of these people: whom their change touches.
    async fn reads_by_person(&self, people: &[PersonId]) -> Stored<Vec<Read>>;
    /// `reads` rows of these households: whom they read.
    async fn reads_by_household(&self, households: &[HouseholdId]) -> Stored<Vec<Read>>;
    /// Coverage records known to a partition through an apply position
    /// (commit number of the intake commit that brought them).
    async fn coverage(&self, partition: DivisionCode, through: i64) -> Stored<Vec<Coverage>>;
    /// Records of subjects in intake commits of a partition that are numbered
    /// after `after` and no later than `through`, in order; asked only of commits
    /// that [`Store::intake_after`] gives.
    async fn records_between(
        &self,
        partition: DivisionCode,
        subjects: &[Subject],
        after: i64,
        through: i64,
    ) -> Stored<Vec<SealedRecord>>;
    /// All records of subjects in intake commits numbered ≤ `through`.
    async fn records_of(&self, subjects: &[Subject], through: i64) -> Stored<Vec<SealedRecord>>;

    // ---- evaluating ------------------------------------------------------

    /// Due units of a partition in unit order, at most `limit`.
    async fn due(&self, partition: DivisionCode, limit: u32) -> Stored<Vec<DueMark>>;
    /// Units whose view changes by date on or before `on`, or that were last
    /// evaluated under another policy set, in unit order after `after`.
    async fn units_to_revisit(
        &self,
        partition: DivisionCode,
        on: Date,
        policy_set: &str,
        after: Option<Subject>,
        limit: u32,
    ) -> Stored<Vec<Subject>>;
    /// Current verdicts of these units.
    async fn verdicts(&self, units: &[Subject]) -> Stored<Vec<VerdictRow>>;
    /// The latest alert per (subject, policy) of these subjects, over or not.
    async fn latest_alerts(&self, subjects: &[Subject]) -> Stored<Vec<AlertRow>>;
    /// Held alerts of a partition whose condition holds, by desk, level (red first) and age, at most
    /// `limit_per_desk` per desk plus every red one.
    async fn held(&self, partition: DivisionCode, limit_per_desk: u32) -> Stored<Vec<AlertRow>>;
    /// Alerts raised or released per desk since an instant (feed entries of
    /// kind raised and released).
    async fn raised_since(
        &self,
        partition: DivisionCode,
        since: Instant,
    ) -> Stored<Vec<(DivisionCode, u32)>>;
    /// Alerts whose `look_on` has come, in id order after `after`.
    async fn alerts_to_look_at(
        &self,
        partition: DivisionCode,
        on: Date,
        after: Option<AlertId>,
        limit: u32,
    ) -> Stored<Vec<AlertRow>>;

    // ---- alerts for people -----------------------------------------------

    /// One alert on a desk the grant covers (or assisted by it).
    async fn alert(&self, grant: &Grant, id: AlertId) -> Stored<Option<AlertRow>>;
    /// Alerts on desks the grant covers, most pressing first (level desc,
    /// due_on asc nulls last, id), after the cursor alert.
    async fn alerts(
        &self,
        grant: &Grant,
        filter: &AlertFilter,
        after: Option<AlertId>,
        limit: u32,
    ) -> Stored<Vec<AlertRow>>;
    /// Counts by policy, township, work and level in the grant's regions.
    async fn alert_counts(&self, grant: &Grant) -> Stored<Vec<AlertCount>>;

    /// How the grant's desks stand on a day: what is not closed, and of what is
    /// closed what people found something about.
    async fn standing(&self, grant: &Grant, on: Date) -> Stored<Vec<StandingCount>>;
    /// Timeline of an alert, oldest first.
    async fn actions(&self, grant: &Grant, alert: AlertId) -> Stored<Vec<ActionRow>>;
    /// One decision, if the grant covers its alert or subject.
    async fn decision(&self, grant: &Grant, id: DecisionId) -> Stored<Option<DecisionRow>>;
    /// The decisions among these ids whose alerts or subjects the grant covers.
    async fn decisions_by_id(&self, grant: &Grant, ids: &[DecisionId]) -> Stored<Vec<DecisionRow>>;
    /// Decisions of an alert, oldest first.
    async fn decisions(&self, grant: &Grant, alert: AlertId) -> Stored<Vec<DecisionRow>>;

    // ---- between two pages -----------------------------------------------
    //
    // Like a lease, these are no commits: they prove nothing, stand in no
    // ledger, and are forgotten once they ran out.

    /// Notes that the grant's officer has this alert open until an instant;
    /// answers who else has, in id order. Of an alert that the grant does not
    /// cover nothing is noted and nothing answered.
    async fn look_at(
        &self,
        grant: &Grant,
        alert: AlertId,
        now: Instant,
        until: Instant,
    ) -> Stored<Vec<Presence>>;
    /// The officer has left the alert.
    async fn look_away(&self, officer: OfficerId, alert: AlertId) -> Stored<()>;
    /// Keeps what an officer typed on an alert, in place of what was kept
    /// before. What ran out at `now` is forgotten first.
    async fn keep_draft(&self, draft: &DraftRow, now: Instant) -> Stored<()>;
    /// An officer's drafts that have not run out, in order of alert ids.
    async fn drafts(&self, officer: OfficerId, now: Instant) -> Stored<Vec<DraftRow>>;
    /// Forgets a draft.
    async fn drop_draft(&self, officer: OfficerId, alert: AlertId) -> Stored<()>;

    // ---- feeds -----------------------------------------------------------

    /// Published entries of the grant's feeds after a position, in order.
    async fn feed(&self, grant: &Grant, after: i64, limit: u32) -> Stored<Vec<FeedEntry>>;
    /// Heads of the grant's feeds.
    async fn feed_heads(&self, grant: &Grant) -> Stored<Vec<FeedHead>>;
    /// (epoch, last position).
    async fn feed_position(&self) -> Stored<(String, i64)>;

    // ---- people ----------------------------------------------------------

    /// Whether the grant covers the subject on a date (access table).
    async fn covers(&self, grant: &Grant, subject: Subject, on: Date) -> Stored<bool>;
    /// Subjects of a kind (`p` or `h`) the grant covers, in id order.
    async fn subjects(
        &self,
        grant: &Grant,
        letter: &str,
        on: Date,
        after: Option<Subject>,
        limit: u32,
    ) -> Stored<Vec<Subject>>;
    /// The person with this blind index, if the grant covers them.
    async fn person_by_index(
        &self,
        grant: &Grant,
        blind_index: &[u8; 32],
        on: Date,
    ) -> Stored<Option<PersonId>>;
    /// Sealed identities of these people.
    async fn identities(&self, people: &[PersonId]) -> Stored<Vec<SealedIdentity>>;

    // ---- leads -----------------------------------------------------------

    /// One lead of a place the grant covers; with the right to its own reports
    /// only, one that the officer made.
    async fn lead(&self, grant: &Grant, id: LeadId) -> Stored<Option<LeadRow>>;
    /// Such leads, newest first, before the cursor lead.
    async fn leads(
        &self,
        grant: &Grant,
        before: Option<LeadId>,
        limit: u32,
    ) -> Stored<Vec<LeadRow>>;
    // ---- exports ---------------------------------------------------------

    /// One export: the officer's own, or of a county for which the grant
    /// decides ([`Operation::ApproveExports`](domain::authority::Operation)).
    async fn export(&self, grant: &Grant, id: ExportId) -> Stored<Option<KnownExport>>;
    /// Such exports, newest first.
    async fn exports(&self, grant: &Grant, limit: u32) -> Stored<Vec<KnownExport>>;

    // ---- officers --------------------------------------------------------

    /// The officer a live token belongs to.
    async fn officer_by_token(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Officer>>;
    /// An officer, disabled ones too.
    async fn officer(&self, id: OfficerId) -> Stored<Option<Officer>>;
    /// Officers who are not disabled and whose regions name exactly this place,
    /// in id order; none where the grant does not cover it.
    async fn officers_of(
        &self,
        grant: &Grant,
        region: DivisionCode,
        now: Instant,
    ) -> Stored<Vec<Officer>>;
    /// The stored answer under a key.
    async fn answer(&self, principal: OfficerId, route: &str, key: &str) -> Stored<Option<Answer>>;

    // ---- accounts --------------------------------------------------------

    /// The account with this login name, disabled ones too.
    async fn account_by_login(&self, login: &str) -> Stored<Option<KnownAccount>>;
    /// The account an identity provider's subject is bound to, disabled ones
    /// too.
    async fn account_by_subject(&self, digest: &[u8; 32]) -> Stored<Option<KnownAccount>>;
    /// An officer's account, disabled ones too.
    async fn account(&self, id: OfficerId) -> Stored<Option<KnownAccount>>;
    /// All accounts in the order of their officers' ids.
    async fn accounts(&self) -> Stored<Vec<KnownAccount>>;
    /// The live session of an officer who is not disabled.
    async fn session(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>>;
    /// A session, also one that ended by itself, as long as its row is kept;
    /// none that was ended by logging out, and none of an officer who is
    /// disabled. It opens nothing: it says whose it was.
    async fn session_owner(&self, digest: &[u8; 32], now: Instant) -> Stored<Option<Signed>>;
    /// An officer's live sessions, oldest first.
    async fn sessions(&self, officer: OfficerId, now: Instant) -> Stored<Vec<SessionRow>>;
    /// What happened to an account, newest first.
    async fn account_events(&self, officer: OfficerId, limit: u32) -> Stored<Vec<Happened>>;

    // ---- parameters ------------------------------------------------------

    /// Proposals for places the grant covers, and for places that hold them,
    /// newest first.
    async fn proposals(&self, grant: &Grant, limit: u32) -> Stored<Vec<Proposed>>;
    /// One of them.
    async fn proposal(&self, grant: &Grant, id: ProposalId) -> Stored<Option<Proposed>>;
    /// Number of the last review; 0 before the first.
    async fn reviews(&self) -> Stored<i64>;
    /// Approved values of all places in the order of their reviews.
    async fn approved(&self) -> Stored<Vec<Proposed>>;
    // ---- subscriptions ---------------------------------------------------

    /// Subscriptions to places the grant covers, in id order.
    async fn subscriptions(&self, grant: &Grant) -> Stored<Vec<SubscriptionRow>>;
    /// One of them.
    async fn subscription(
        &self,
        grant: &Grant,
        id: SubscriptionId,
    ) -> Stored<Option<SubscriptionRow>>;
    /// Entries of a subscription the grant covers that did not arrive, after a
    /// position, in order; dead letters alone when `dead`.
    async fn deliveries(
        &self,
        grant: &Grant,
        subscription: SubscriptionId,
        dead: bool,
        after: i64,
        limit: u32,
    ) -> Stored<Vec<DeliveryRow>>;
    /// For the step: subscriptions that have not ended and whose owners are not
    /// disabled, in id order.
    async fn subscribers(&self, now: Instant) -> Stored<Vec<Subscriber>>;
    /// For the step: entries to be tried again by `now`, longest due first.
    async fn deliveries_due(
        &self,
        subscription: SubscriptionId,
        now: Instant,
        limit: u32,
    ) -> Stored<Vec<DeliveryRow>>;
    /// How many entries of a subscription did not arrive.
    async fn delivery_counts(&self, subscription: SubscriptionId) -> Stored<DeliveryCounts>;

    // ---- ledger ----------------------------------------------------------

    /// Entries from an index, in order.
    async fn ledger_entries(&self, from: i64, limit: u32) -> Stored<Vec<LedgerEntry>>;
    /// The latest root and the roots kept before it, oldest first.
    async fn ledger_roots(&self) -> Stored<Vec<LedgerRoot>>;
    /// Who was shown a person or household, newest first.
    async fn disclosures(
        &self,
        grant: &Grant,
        pseudonym: &[u8; 16],
        limit: u32,
    ) -> Stored<Vec<Disclosed>>;
    /// Recomputes the row digests that ledger entries of this range claim and
    /// answers the numbers of commits whose rows no longer match.
    async fn mismatched_commits(&self, from: i64, limit: u32) -> Stored<Vec<i64>>;

    // ---- running ---------------------------------------------------------

    /// Takes or renews the lease of a step until an instant; `None` while
    /// another holder's lease runs.
    async fn lease(
        &self,
        partition: DivisionCode,
        step: &str,
        holder: &str,
        now: Instant,
        until: Instant,
    ) -> Stored<Option<Lease>>;
    /// Who last took the lease of a step, whether it runs or not.
    async fn last_holder(&self, partition: DivisionCode, step: &str) -> Stored<Option<String>>;
    /// Partitions of which something was told: a file, or one report.
    async fn partitions(&self) -> Stored<Vec<DivisionCode>>;
    /// A setting.
    async fn setting(&self, key: &str) -> Stored<Option<String>>;
    /// Batches of evaluation in the grant's counties, newest first.
    async fn runs(&self, grant: &Grant, limit: u32) -> Stored<Vec<Ran>>;
    /// Totals for operators: rows, people, households, verdicts, alerts.
    async fn statistics(&self) -> Stored<Statistics>;
    /// Breaches of invariants, in words: folded later than evaluated but not
    /// due; a verdict that is not the last given, of a unit never evaluated, or
    /// of one that does not read whom it judges; feed holes; two open episodes;
    /// alert without decision; a delivery the feed does not have.
    async fn check(&self) -> Stored<Vec<String>>;
}

/// Opens `sqlite:<path>` or `postgres://…`, migrates, reads the settings back
/// and refuses unsafe ones.
///
/// `create` carries the settings of a new store (`synthetic`, `epoch`); an
/// existing store keeps its own.
pub async fn open(url: &str, create: &[(&str, String)]) -> Stored<Arc<dyn Store>> {
    if url.starts_with("sqlite:") {
        return sqlite::open(url, create).await;
    }
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return postgres::open(url, create).await;
    }
    Err(StoreError::Unsupported(url.to_owned()))
}

/// Copies the store of a URL into a new file, as of one moment, while it may be
/// in use; answers the number of commits in the copy.
///
/// PostgreSQL has tools of its own for that: [`StoreError::Unsupported`].
pub async fn copy(url: &str, to: &Path) -> Stored<i64> {
    if url.starts_with("sqlite:") {
        return sqlite::copy(url, to).await;
    }
    Err(StoreError::Unsupported(
        "PostgreSQL (pg_dump or a base backup)".to_owned(),
    ))
}

/// Holds a SQLite file against every service for as long as the answer lives.
/// [`StoreError::Held`] while one has it.
pub fn held(path: &Path) -> Stored<Lock> {
    sqlite::hold(path)
}
