//! What is written: one [`Commit`] is one transaction and one ledger leaf.
//!
//! A commit carries values computed by the core, already sealed. It is taken
//! whole or not at all; guards make it conditional, the lease fences out a
//! worker that lost its partition, the idempotent answer makes it repeatable.

mod lease;
mod trace;

use domain::alert::{Alert, FeedNews};
use domain::authority::Officer;
use domain::evaluation::{AlertLevel, Confidential, Finding};
use domain::ids::{
    ActionId, AlertId, DecisionId, ImportId, LeadId, OfficerId, PersonId, Subject, SubscriptionId,
};
use domain::record::{
    Coverage, ImportHeader, NaturalKey, Read, Revision, RowCounts, RowNote, RowOutcome,
};
use domain::region::DivisionCode;
use domain::time::{Date, Instant, Period};

use crate::accounts::{AccountEventRow, AccountRow, SessionRow};
use crate::corrections::CorrectionRow;
use crate::exports::{ExportEventRow, ExportRow};
use crate::parameters::{ProposalRow, ReviewRow};
use crate::subscriptions::{DeliveryRow, SubscriptionRow};

pub use lease::Lease;
pub use trace::{DisclosureRow, RunRow};

/// Which step or person a commit comes from; the ledger entry's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommitKind {
    /// Rows of an import.
    Intake,
    /// Folds, due marks, checkpoint.
    Apply,
    /// Verdicts, alerts, feed entries, due marks cleared.
    Evaluate,
    /// Alerts released from the backlog.
    Dispatch,
    /// Deadlines passed, snoozes over.
    Remind,
    /// An officer's action.
    Action,
    /// A disclosing response.
    Disclosure,
    /// Officers, tokens, accounts, sessions, parameters, subscriptions,
    /// settings, erasure.
    Administration,
}

impl CommitKind {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            CommitKind::Intake => "intake",
            CommitKind::Apply => "apply",
            CommitKind::Evaluate => "evaluate",
            CommitKind::Dispatch => "dispatch",
            CommitKind::Remind => "remind",
            CommitKind::Action => "action",
            CommitKind::Disclosure => "disclosure",
            CommitKind::Administration => "administration",
        }
    }

    /// Whether it may wait behind people: bulk work yields to interactive work
    /// on SQLite's one writer.
    pub const fn is_bulk(self) -> bool {
        matches!(
            self,
            CommitKind::Intake
                | CommitKind::Apply
                | CommitKind::Evaluate
                | CommitKind::Dispatch
                | CommitKind::Remind
        )
    }
}

/// One write of the system.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Whose.
    pub kind: CommitKind,
    /// County partition it belongs to, if any.
    pub partition: Option<DivisionCode>,
    /// When.
    pub at: Instant,
    /// Officer id, or the name of the step.
    pub actor: String,
    /// Fence; a stale epoch is [`crate::StoreError::Fenced`].
    pub lease: Option<Lease>,
    /// Conditions; one failing is [`crate::StoreError::Conflict`] and nothing
    /// is written.
    pub guards: Vec<Guard>,
    /// What.
    pub writes: Vec<Write>,
    /// Stored with the effect, so that repeating the request repeats the answer.
    pub answer: Option<Answer>,
}

/// A condition of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The alert still has this version (`If-Match`).
    AlertVersion {
        /// Alert.
        alert: AlertId,
        /// Version read.
        version: i64,
    },
    /// The import still stands at this line and is receiving.
    ImportAt {
        /// Import.
        import: ImportId,
        /// Next line to take.
        next_line: u32,
    },
    /// The step's checkpoint still stands here.
    CheckpointAt {
        /// County.
        partition: DivisionCode,
        /// Step.
        step: String,
        /// Position.
        position: i64,
    },
    /// No proposal was reviewed after this one. Two commits of which each is guarded
    /// against the other need one more guard in common, [`Guard::CheckpointAt`] first:
    /// this one locks nothing.
    ReviewsAt {
        /// Number of the last review, 0 before the first.
        number: i64,
    },
}

/// A repeatable answer under (principal, route, key).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Officer.
    pub principal: OfficerId,
    /// Method and route template.
    pub route: String,
    /// `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: String,
    /// HTTP status.
    pub status: u16,
    /// Body. Holds ids and states only, never identity.
    pub body: String,
    /// When stored; kept 72 hours.
    pub at: Instant,
}

/// One thing written.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant carries one documented row type")]
pub enum Write {
    ImportOpened(ImportRow),
    ImportAdvanced {
        import: ImportId,
        next_line: u32,
        counts: RowCounts,
        state: ImportState,
    },
    RowsKept(Vec<KeptRow>),
    Records(Vec<SealedRecord>),
    Identities(Vec<SealedIdentity>),
    SubjectKeys(Vec<SubjectKeyRow>),
    Coverage(Vec<Coverage>),
    Folds(Vec<FoldRow>),
    /// Replaces all `reads` rows whose change of this person causes them.
    Reads {
        of: PersonId,
        reads: Vec<Read>,
    },
    /// Replaces all access rows of the subject with `why = responsible`.
    Access(Vec<AccessRow>),
    /// Marks units due; a mark already there has its version bumped.
    Due(Vec<Subject>),
    /// Clears marks that still have the version that was evaluated.
    DueCleared(Vec<DueMark>),
    /// Takes away the marks of people who were met alone before anything told of them
    /// as members of a household, which is due. Whoever was judged alone keeps it.
    DueDropped(Vec<Subject>),
    Units(Vec<UnitRow>),
    /// People who are no units any more: they live in a household.
    UnitsEnded(Vec<Subject>),
    Checkpoint {
        step: String,
        position: i64,
    },
    Verdicts(Vec<VerdictRow>),
    Alerts(Vec<AlertRow>),
    Decisions(Vec<DecisionRow>),
    Feed(Vec<FeedNews>),
    Action(ActionRow),
    /// In the commit of the action that disputed the record.
    Correction(CorrectionRow),
    Lead(LeadRow),
    Run(RunRow),
    Officer(Officer),
    OfficerDisabled {
        officer: OfficerId,
        at: Instant,
    },
    Token {
        digest: [u8; 32],
        officer: OfficerId,
        expires_at: Option<Instant>,
    },
    TokenRevoked {
        digest: [u8; 32],
    },
    /// Taken only with the version after the stored one.
    Account(AccountRow),
    AccountEvent(AccountEventRow),
    Session(SessionRow),
    /// Moves the idle end of a session that has not ended.
    SessionSeen {
        digest: [u8; 32],
        seen_at: Instant,
        idle_until: Instant,
    },
    SessionEnded {
        digest: [u8; 32],
    },
    /// Ends every session the officer has before this commit.
    SessionsEnded {
        officer: OfficerId,
    },
    /// Binds an identity provider's subject to an account, in place of any
    /// other of that account. A subject of another account is
    /// [`crate::StoreError::Duplicate`].
    SubjectBound {
        digest: [u8; 32],
        officer: OfficerId,
    },
    /// Takes an account's subject away.
    SubjectUnbound {
        officer: OfficerId,
    },
    /// Taken only with the version after the stored one.
    Subscription(SubscriptionRow),
    /// Takes a subscription away with its deliveries.
    SubscriptionEnded(SubscriptionId),
    /// Replaces the rows of these entries.
    Deliveries(Vec<DeliveryRow>),
    /// Takes away the rows of entries from the first through the last
    /// position; before [`Write::Deliveries`].
    DeliveriesDone {
        subscription: SubscriptionId,
        from: i64,
        through: i64,
    },
    Export(ExportRow),
    /// A second decision about one export is [`crate::StoreError::Duplicate`].
    ExportEvent(ExportEventRow),
    Disclosure(DisclosureRow),
    Proposal(ProposalRow),
    /// Taken only with the number after the last one.
    Review(ReviewRow),
    /// Destroys the subject's key: its sealed rows can never be opened again.
    KeyErased(Subject),
    Setting {
        key: String,
        value: String,
    },
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportState {
    /// Rows are being taken; repeating the upload resumes at `next_line`.
    Receiving,
    /// All rows are in; steps may apply them.
    Received,
}

impl ImportState {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            ImportState::Receiving => "receiving",
            ImportState::Received => "received",
        }
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// What it said about itself.
    pub header: ImportHeader,
    /// Name of the file as sent, without path.
    pub file_name: String,
    /// Who sent it.
    pub uploader: OfficerId,
    /// Where it stands.
    pub state: ImportState,
    /// Next line to take.
    pub next_line: u32,
    /// Outcomes so far.
    pub counts: RowCounts,
}

/// A row that has something to tell its sender. `raw` is sealed under the
/// system key; absent for warned rows, which were taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// Import.
    pub import: ImportId,
    /// 1-based line.
    pub line: u32,
    /// Outcome.
    pub outcome: RowOutcome,
    /// What to tell.
    pub notes: Vec<RowNote>,
    /// Original bytes, sealed.
    pub raw: Option<Vec<u8>>,
}

/// A record with its statement sealed under its subject's key. The clear
/// columns are pseudonymous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRecord {
    /// About whom.
    pub subject: Subject,
    /// Kind of fact, dictionary name.
    pub kind: String,
    /// Source.
    pub source: String,
    /// Dataset.
    pub dataset: String,
    /// Keyed natural key.
    pub key: NaturalKey,
    /// Revision.
    pub revision: Revision,
    /// Import; for officers' records the nil id.
    pub import: ImportId,
    /// Line.
    pub line: u32,
    /// Sealed `Record` (canonical JSON).
    pub sealed: Vec<u8>,
}

/// Who a person is, sealed under the person's key, found by blind index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedIdentity {
    /// Person.
    pub person: PersonId,
    /// Full-length keyed index of the canonical identity.
    pub blind_index: [u8; 32],
    /// Sealed canonical identity.
    pub sealed: Vec<u8>,
}

/// A subject's data key, wrapped. Repeating the same row is ignored; a subject
/// that already has *another* key is [`crate::StoreError::Conflict`] for the whole
/// commit, because cells of that commit are sealed under the loser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectKeyRow {
    /// Subject.
    pub subject: Subject,
    /// Wrapped key.
    pub wrapped: Vec<u8>,
}

/// A subject's fold, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldRow {
    /// Subject.
    pub subject: Subject,
    /// County partition.
    pub partition: DivisionCode,
    /// Counts applies to it.
    pub version: i64,
    /// Sealed canonical bytes.
    pub sealed: Vec<u8>,
}

/// Who may see a subject because of where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRow {
    /// Household or person.
    pub subject: Subject,
    /// Village (12 digits) where it is known, else township (9), or the county
    /// (6) when unplaced.
    pub region: DivisionCode,
    /// From which day to which.
    pub valid: Period,
}

/// A unit waiting for evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueMark {
    /// Household or person alone.
    pub unit: Subject,
    /// Bumped by every change that makes it due again.
    pub version: i64,
}

/// What is remembered of a unit between evaluations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRow {
    /// Household or person alone.
    pub unit: Subject,
    /// County partition.
    pub partition: DivisionCode,
    /// The day it was evaluated for.
    pub evaluated_on: Date,
    /// The next day its view changes by date alone.
    pub next_change_on: Option<Date>,
    /// Hash of the policy set it was evaluated under.
    pub policy_set: String,
}

/// A verdict that differs from the one held before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictRow {
    /// Unit.
    pub unit: Subject,
    /// Subject.
    pub subject: Subject,
    /// Policy.
    pub policy: String,
    /// Its dated version.
    pub version: String,
    /// `met`, `not_met` or `undetermined`; `None` removes it (the subject left the
    /// unit, or the policy is not for the subject any more). Stores of before also
    /// hold `not_applicable`.
    pub verdict: Option<String>,
    /// `holds`, `gone`, `unknown`.
    pub signal: String,
    /// Fingerprint when it holds.
    pub fingerprint: Option<String>,
    /// Facts that would decide, dictionary paths.
    pub missing: Vec<String>,
    /// The day evaluated for.
    pub on: Date,
}

/// An alert with its body sealed under its subject's key. The clear columns
/// are what lists and feeds need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// Id.
    pub id: AlertId,
    /// Subject.
    pub subject: Subject,
    /// Household card.
    pub unit: Subject,
    /// Policy.
    pub policy: String,
    /// Finding.
    pub finding: Finding,
    /// Level.
    pub level: AlertLevel,
    /// Who of its desk may see it; its decisions are kept alike.
    pub confidential: Confidential,
    /// Responsible county.
    pub county: DivisionCode,
    /// Township; `None` on the unplaced desk.
    pub township: Option<DivisionCode>,
    /// Township that assists.
    pub assist: Option<DivisionCode>,
    /// `holding`, `fading`, `cleared`.
    pub condition: String,
    /// `held`, `raised`, `acknowledged`, `verified`, `handled`, `closed`.
    pub work: String,
    /// What people found of it.
    pub found: Option<domain::alert::Found>,
    /// The episode is over: closed and cleared. At most one row per
    /// (subject, policy) has `over = false`.
    pub over: bool,
    /// Earliest deadline.
    pub due_on: Option<Date>,
    /// The next day a step must look at it: deadline, snooze end, recheck,
    /// effect expected, clear-after.
    pub look_on: Option<Date>,
    /// Hidden from today's work until.
    pub snoozed_until: Option<Date>,
    /// Who works on it.
    pub assignee: Option<OfficerId>,
    /// When opened.
    pub opened_at: Instant,
    /// When last changed.
    pub changed_at: Instant,
    /// Version after the change.
    pub version: i64,
    /// Sealed `Alert` (JSON).
    pub sealed: Vec<u8>,
}

impl AlertRow {
    /// The row of an alert whose sealed body is given.
    pub fn of(alert: &Alert, look_on: Option<Date>, sealed: Vec<u8>) -> AlertRow {
        use domain::alert::Condition;
        let condition = match alert.condition {
            Condition::Holding => "holding",
            Condition::Fading { .. } => "fading",
            Condition::Cleared { .. } => "cleared",
        };
        AlertRow {
            id: alert.id,
            subject: alert.subject,
            unit: alert.unit,
            policy: alert.policy.clone(),
            finding: alert.plan.finding,
            level: alert.plan.level,
            confidential: alert.plan.confidential,
            county: alert.desk.county,
            township: alert.desk.township,
            assist: alert.desk.assist,
            condition: condition.to_owned(),
            work: alert.work.name().to_owned(),
            found: alert.work.found(),
            over: alert.work.is_closed() && condition == "cleared",
            due_on: alert.due_on(),
            look_on,
            snoozed_until: alert.snoozed_until,
            assignee: alert.assignee,
            opened_at: alert.opened_at,
            changed_at: alert.changed_at,
            version: alert.version,
            sealed,
        }
    }
}

/// A decision, sealed under its subject's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Id.
    pub id: DecisionId,
    /// Alert it explains.
    pub alert: AlertId,
    /// Subject.
    pub subject: Subject,
    /// Unit evaluated.
    pub unit: Subject,
    /// Policy.
    pub policy: String,
    /// The day evaluated for.
    pub on: Date,
    /// Apply checkpoint (commit number) it knew.
    pub known: i64,
    /// Hash of the policy set.
    pub policy_set: String,
    /// SHA-256 (hex) of the canonical decision.
    pub digest: String,
    /// Sealed canonical JSON.
    pub sealed: Vec<u8>,
}

/// An officer's or a step's action on an alert, for its timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRow {
    /// Id.
    pub id: ActionId,
    /// Alert.
    pub alert: AlertId,
    /// Name of the action.
    pub action: String,
    /// Who.
    pub by: OfficerId,
    /// When.
    pub at: Instant,
    /// Version of the alert after it.
    pub version: i64,
    /// Sealed JSON of the action with the officer's note, under the alert's
    /// subject key.
    pub sealed: Vec<u8>,
}

/// A report of somebody in need as its reporter wrote it. The record it became
/// goes into the fold; this row is what its reporter asks about later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadRow {
    /// Id.
    pub id: LeadId,
    /// Whom it is about.
    pub person: PersonId,
    /// Who reported it.
    pub by: OfficerId,
    /// Where: village (12 digits) or township (9).
    pub place: DivisionCode,
    /// When.
    pub at: Instant,
    /// Sealed JSON of what was written, under the person's key.
    pub sealed: Vec<u8>,
}
