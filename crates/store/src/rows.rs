//! What reads answer that is not a row of a commit.

use std::collections::BTreeSet;

use domain::alert::{FeedKind, Found};
use domain::authority::Operation;
use domain::evaluation::{AlertLevel, Confidential};
use domain::ids::{AlertId, OfficerId, Subject};
use domain::region::DivisionCode;
use domain::time::{Date, Instant};

use crate::commit::{RunRow, SealedRecord};
use crate::encode::feed_text;

/// What a commit answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Surrogate id.
    pub id: i64,
    /// Number, when given inside the transaction (SQLite).
    pub number: Option<i64>,
}

/// What a publication did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Commits numbered.
    pub commits: u32,
    /// Feed entries given their numbers.
    pub entries: u32,
}

/// The records of one intake commit, in row order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeBatch {
    /// Commit number.
    pub number: i64,
    /// Records, possibly none.
    pub records: Vec<SealedRecord>,
    /// It brought coverage.
    pub covers: bool,
}

/// Whom one intake commit names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Commit number.
    pub number: i64,
    /// Records in it.
    pub records: u64,
    /// Of whom, each once.
    pub subjects: BTreeSet<Subject>,
}

/// Intake commits that wait to be folded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Number of the last of them; 0 when there is none.
    pub last: i64,
    /// Records in them.
    pub records: u64,
}

/// Which alerts to list. Empty lists do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Policies.
    pub policies: Vec<String>,
    /// Levels.
    pub levels: Vec<AlertLevel>,
    /// Work states; `held` and `closed` are left out unless named.
    pub work: Vec<String>,
    /// One township of the grant.
    pub township: Option<DivisionCode>,
    /// Only the county's unplaced desk.
    pub unplaced: bool,
    /// Only those of one household card.
    pub unit: Option<domain::ids::Subject>,
    /// Due on or before.
    pub due_by: Option<Date>,
    /// Leave out what is snoozed beyond this day.
    pub awake_on: Option<Date>,
    /// Only what one officer works on.
    pub assignee: Option<OfficerId>,
    /// Only what nobody works on.
    pub unassigned: bool,
}

/// Someone has an alert open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Who.
    pub officer: OfficerId,
    /// Since when, without a break.
    pub since: Instant,
}

/// What an officer typed on an alert when the session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRow {
    /// Whose.
    pub officer: OfficerId,
    /// On which alert.
    pub alert: AlertId,
    /// Sealed under the key of the alert's subject.
    pub sealed: Vec<u8>,
    /// Forgotten then.
    pub expires_at: Instant,
}

/// One count of alerts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertCount {
    /// County.
    pub county: DivisionCode,
    /// Township; `None` unplaced.
    pub township: Option<DivisionCode>,
    /// Policy.
    pub policy: String,
    /// Level name.
    pub level: String,
    /// Work state.
    pub work: String,
    /// How many.
    pub count: i64,
}

/// One count of how a desk stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandingCount {
    /// Township; `None` unplaced.
    pub township: Option<DivisionCode>,
    /// Policy.
    pub policy: String,
    /// Work state.
    pub work: String,
    /// Past its earliest deadline and on a desk.
    pub overdue: bool,
    /// What people found.
    pub found: Option<Found>,
    /// How many.
    pub count: i64,
}

/// A published feed entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// Contiguous per store.
    pub position: i64,
    /// Township, or county for its unplaced feed.
    pub feed: DivisionCode,
    /// Which line of it.
    pub confidential: Confidential,
    /// Contiguous per line of the feed.
    pub number: i64,
    /// What happened.
    pub kind: FeedKind,
    /// To which alert.
    pub alert: AlertId,
    /// Its policy.
    pub policy: String,
    /// Its level.
    pub level: AlertLevel,
    /// Its earliest deadline.
    pub due_on: Option<Date>,
    /// When it was committed.
    pub at: Instant,
}

impl FeedEntry {
    /// The name of its line: `320412100`, or `320412100/children`.
    pub fn line(&self) -> String {
        feed_text(self.feed, self.confidential)
    }
}

impl FeedHead {
    /// The name of its line.
    pub fn line(&self) -> String {
        feed_text(self.feed, self.confidential)
    }
}

/// How far a feed has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedHead {
    /// Feed.
    pub feed: DivisionCode,
    /// Which line of it.
    pub confidential: Confidential,
    /// Its last number.
    pub number: i64,
    /// The position of that entry.
    pub position: i64,
}

/// One ledger entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// 0-based index; the commit number is `index + 1`.
    pub index: i64,
    /// Canonical bytes (`ledger::Entry`).
    pub bytes: Vec<u8>,
}

/// A root of the ledger at a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRoot {
    /// Number of entries.
    pub size: i64,
    /// Root hash.
    pub root: [u8; 32],
    /// When.
    pub at: Instant,
}

/// Someone was shown a person or household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosed {
    /// Commit number; `None` when not yet published.
    pub number: Option<i64>,
    /// When.
    pub at: Instant,
    /// To whom.
    pub officer: OfficerId,
    /// Doing what.
    pub operation: Operation,
    /// Why.
    pub purpose: String,
}

/// One batch of evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Commit number; `None` when not yet published.
    pub number: Option<i64>,
    /// When.
    pub at: Instant,
    /// What it did.
    pub row: RunRow,
}

/// Totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Records.
    pub records: i64,
    /// People with a fold.
    pub persons: i64,
    /// Households with a fold.
    pub households: i64,
    /// Current verdicts.
    pub verdicts: i64,
    /// Alerts whose episode is not over.
    pub alerts: i64,
    /// Of those, held.
    pub held: i64,
    /// Feed entries published.
    pub feed: i64,
    /// Ledger entries.
    pub ledger: i64,
    /// Units due.
    pub due: i64,
}
