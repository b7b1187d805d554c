//! What the model holds.

use std::collections::{BTreeMap, BTreeSet};

use domain::alert::FeedNews;
use domain::authority::Officer;
use domain::evaluation::Confidential;
use domain::ids::{
    ActionId, AlertId, DecisionId, ExportId, ImportId, OfficerId, PersonId, Subject, SubscriptionId,
};
use domain::record::Read;
use domain::region::DivisionCode;
use domain::time::Instant;
use store::accounts::{AccountRow, Happened, SessionRow};
use store::commit::{
    AccessRow, ActionRow, AlertRow, Answer, Commit, DecisionRow, FoldRow, ImportRow, KeptRow,
    LeadRow, Lease, SealedIdentity, SubjectKeyRow, UnitRow, VerdictRow, Write,
};
use store::corrections::CorrectionRow;
use store::exports::{ExportEventRow, ExportRow};
use store::parameters::Proposed;
use store::rows::{DraftRow, LedgerRoot};
use store::subscriptions::{DeliveryRow, SubscriptionRow};

/// A commit with its place: its id is its position in the log plus one.
#[derive(Clone, Debug)]
pub(super) struct Logged {
    pub(super) commit: Commit,
    pub(super) number: Option<i64>,
}

impl Logged {
    /// The import it belongs to, if rows or the state of one are in it.
    pub(super) fn import(&self) -> Option<ImportId> {
        let named = self.commit.writes.iter().find_map(|write| match write {
            Write::ImportOpened(row) => Some(row.header.id),
            Write::ImportAdvanced { import, .. } => Some(*import),
            Write::RowsKept(rows) => rows.first().map(|row| row.import),
            Write::Records(rows) => rows.first().map(|row| row.import),
            _ => None,
        });
        // Officers' records stand in no import.
        named.filter(|id| !id.as_uuid().is_nil())
    }

    /// Whether it is numbered, at `through` or before.
    pub(super) fn is_known(&self, through: i64) -> bool {
        self.number.is_some_and(|number| number <= through)
    }
}

/// A feed entry; its position and number are given with the commit's number.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) at: Instant,
    pub(super) news: FeedNews,
    pub(super) number: Option<i64>,
}

/// A lease with its holder.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) lease: Lease,
    pub(super) holder: String,
    pub(super) until: Instant,
}

/// A due mark; its version is the id of the commit that made it last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) partition: Option<DivisionCode>,
    pub(super) version: i64,
}

/// A token's officer and end.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) officer: OfficerId,
    pub(super) expires_at: Option<Instant>,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) log: Vec<Logged>,
    /// In order of position once published; entries of one commit stay together.
    pub(super) feed: Vec<Told>,
    /// The last number given in each feed.
    pub(super) numbers: BTreeMap<(DivisionCode, Confidential), i64>,
    pub(super) waiting: BTreeMap<usize, Vec<Told>>,
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) frontier: ledger::Frontier,
    pub(super) roots: Vec<LedgerRoot>,
    pub(super) imports: BTreeMap<ImportId, ImportRow>,
    pub(super) kept: BTreeMap<(ImportId, u32), KeptRow>,
    pub(super) identities: BTreeMap<PersonId, SealedIdentity>,
    pub(super) keys: BTreeMap<Subject, SubjectKeyRow>,
    pub(super) folds: BTreeMap<Subject, FoldRow>,
    /// By whose fold says so.
    pub(super) reads: BTreeMap<PersonId, Vec<Read>>,
    pub(super) access: BTreeSet<AccessRow>,
    pub(super) due: BTreeMap<Subject, Due>,
    pub(super) units: BTreeMap<Subject, UnitRow>,
    pub(super) verdicts: BTreeMap<(Subject, String), VerdictRow>,
    /// Which commit folded a subject, evaluated a unit last.
    pub(super) folded: BTreeMap<Subject, i64>,
    pub(super) evaluated: BTreeMap<Subject, i64>,
    pub(super) alerts: BTreeMap<AlertId, AlertRow>,
    /// Whose steps look after each alert.
    pub(super) keepers: BTreeMap<AlertId, DivisionCode>,
    pub(super) decisions: BTreeMap<DecisionId, (usize, DecisionRow)>,
    pub(super) actions: BTreeMap<ActionId, (usize, ActionRow)>,
    pub(super) corrections: BTreeMap<ActionId, CorrectionRow>,
    /// Oldest first.
    pub(super) leads: Vec<LeadRow>,
    pub(super) officers: BTreeMap<OfficerId, (Officer, Option<Instant>)>,
    pub(super) tokens: BTreeMap<[u8; 32], Token>,
    pub(super) accounts: BTreeMap<OfficerId, AccountRow>,
    pub(super) sessions: BTreeMap<[u8; 32], SessionRow>,
    /// Oldest first.
    pub(super) account_events: Vec<Happened>,
    /// In the order they were proposed.
    pub(super) proposals: Vec<Proposed>,
    pub(super) subjects: BTreeMap<[u8; 32], OfficerId>,
    pub(super) subscriptions: BTreeMap<SubscriptionId, SubscriptionRow>,
    pub(super) deliveries: BTreeMap<(SubscriptionId, i64), DeliveryRow>,
    pub(super) exports: BTreeMap<ExportId, ExportRow>,
    /// Oldest first.
    pub(super) export_events: Vec<ExportEventRow>,
    pub(super) answers: BTreeMap<(OfficerId, String, String), Answer>,
    /// Since when and until when.
    pub(super) presences: BTreeMap<(AlertId, OfficerId), (Instant, Instant)>,
    pub(super) drafts: BTreeMap<(OfficerId, AlertId), DraftRow>,
    pub(super) leases: BTreeMap<(DivisionCode, String), Held>,
    pub(super) settings: BTreeMap<String, String>,
}
