//! What both databases share: ledger entries, row digests, and the texts that
//! stand for nouns in columns.

use std::collections::BTreeSet;

use domain::alert::{FeedKind, FeedNews, Found};
use domain::authority::{Grant, Officer, Operation, Role};
use domain::evaluation::{AlertLevel, Confidential, Finding};
use domain::ids::Subject;
use domain::parameter::{Guarded, ProposedValue};
use domain::record::{Coverage, ReadWhy, RowNote, RowOutcome};
use domain::region::DivisionCode;
use domain::time::{Date, Month};
use ledger::Entry;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::accounts::{AccountEvent, AccountEventRow};
use crate::commit::{
    ActionRow, Commit, DecisionRow, DisclosureRow, ImportState, KeptRow, LeadRow, SealedRecord,
    VerdictRow,
};
use crate::corrections::CorrectionRow;
use crate::error::StoreError;
use crate::exports::{ExportEvent, ExportEventRow, ExportRow};
use crate::parameters::{ProposalRow, ReviewRow};
use crate::parts::Parts;
use crate::rows::LedgerEntry;
use crate::subscriptions::{Ended, Failure};

/// Name of the entry field that holds [`Parts::digest`].
const ROWS: &str = "rows_sha256";

/// The ledger entry of a commit, the same bytes in every store.
pub fn ledger_entry(commit: &Commit) -> Vec<u8> {
    entry(commit, &Parts::of(commit))
}

/// The ledger entry of a commit: who did what kind of thing when, how many
/// rows of each sort it wrote, and the digest of the rows that stay.
pub(crate) fn entry(commit: &Commit, parts: &Parts<'_>) -> Vec<u8> {
    let digest = parts.digest();
    let counts: Vec<(&str, String)> = parts
        .counts()
        .into_iter()
        .map(|(name, count)| (name, count.to_string()))
        .collect();
    let mut fields: Vec<(&str, &[u8])> = Vec::new();
    if let Some(partition) = &commit.partition {
        fields.push(("partition", partition.as_str().as_bytes()));
    }
    for (name, count) in &counts {
        fields.push((name, count.as_bytes()));
    }
    fields.push((ROWS, &digest));
    let at = commit.at.as_micros();
    Entry::encode(commit.kind.name(), at, &commit.actor, &fields)
}

/// The digest a ledger entry claims for its rows; `None` when its bytes are
/// not an entry of ours.
pub(crate) fn claimed_digest(entry: &LedgerEntry) -> Option<[u8; 32]> {
    let entry = Entry::from_bytes(&entry.bytes).ok()?;
    entry.field(ROWS)?.try_into().ok()
}

/// Hashes rows field by field; lengths and presence are hashed too, so that no
/// two sequences of rows hash alike.
pub(crate) struct RowDigest(Sha256);

impl RowDigest {
    /// Of no rows yet.
    pub(crate) fn new() -> RowDigest {
        RowDigest(Sha256::new())
    }

    /// SHA-256 of the rows so far.
    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let len = u64::try_from(bytes.len()).expect("a cell is smaller than 2^64 bytes");
        self.0.update(len.to_be_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn absent_or(&mut self, bytes: Option<&[u8]>) {
        self.0.update([u8::from(bytes.is_some())]);
        self.bytes(bytes.unwrap_or_default());
    }

    fn uuid(&mut self, id: Uuid) {
        self.0.update(id.as_bytes());
    }

    fn subject(&mut self, subject: Subject) {
        self.text(subject.letter());
        self.uuid(subject.as_uuid());
    }

    fn date(&mut self, date: Date) {
        self.text(&date.to_string());
    }

    pub(crate) fn kept(&mut self, row: &KeptRow) {
        self.text("import_row");
        self.uuid(row.import.as_uuid());
        self.number(row.line.into());
        self.text(row.outcome.name());
        self.text(&notes_text(&row.notes));
        self.absent_or(row.raw.as_deref());
    }

    pub(crate) fn record(&mut self, row: &SealedRecord) {
        self.text("record");
        self.subject(row.subject);
        self.text(&row.kind);
        self.text(&row.source);
        self.text(&row.dataset);
        self.bytes(&row.key.0);
        self.date(row.revision.business_date);
        self.number(row.revision.sequence.into());
        self.uuid(row.import.as_uuid());
        self.number(row.line.into());
        self.bytes(&row.sealed);
    }

    pub(crate) fn coverage(&mut self, row: &Coverage) {
        self.text("coverage");
        self.text(row.dataset.as_str());
        self.absent_or(row.part.as_deref().map(str::as_bytes));
        self.text(row.scope.as_str());
        self.date(row.as_of);
        let month = row.month.map(|month| month.to_string());
        self.absent_or(month.as_deref().map(str::as_bytes));
        self.date(row.revision.business_date);
        self.number(row.revision.sequence.into());
        self.uuid(row.import.as_uuid());
        self.number(row.unnamed_rows.into());
    }

    pub(crate) fn verdict(&mut self, row: &VerdictRow) {
        self.text("verdict");
        self.subject(row.unit);
        self.subject(row.subject);
        self.text(&row.policy);
        self.text(&row.version);
        self.absent_or(row.verdict.as_deref().map(str::as_bytes));
        self.text(&row.signal);
        self.absent_or(row.fingerprint.as_deref().map(str::as_bytes));
        self.text(&list_text(&row.missing));
        self.date(row.on);
    }

    pub(crate) fn decision(&mut self, row: &DecisionRow) {
        self.text("decision");
        self.uuid(row.id.as_uuid());
        self.uuid(row.alert.as_uuid());
        self.subject(row.subject);
        self.subject(row.unit);
        self.text(&row.policy);
        self.date(row.on);
        self.number(row.known);
        self.text(&row.policy_set);
        self.text(&row.digest);
        self.bytes(&row.sealed);
    }

    pub(crate) fn news(&mut self, row: &FeedNews) {
        self.text("feed");
        self.text(&feed_text(row.feed, row.confidential));
        self.text(row.kind.name());
        self.uuid(row.alert.as_uuid());
        self.text(&row.policy);
        self.text(row.level.name());
        let due_on = row.due_on.map(|day| day.to_string());
        self.absent_or(due_on.as_deref().map(str::as_bytes));
    }

    pub(crate) fn action(&mut self, row: &ActionRow) {
        self.text("action");
        self.uuid(row.id.as_uuid());
        self.uuid(row.alert.as_uuid());
        self.text(&row.action);
        self.uuid(row.by.as_uuid());
        self.number(row.at.as_micros());
        self.number(row.version);
        self.bytes(&row.sealed);
    }

    pub(crate) fn correction(&mut self, row: &CorrectionRow) {
        self.text("correction");
        self.uuid(row.action.as_uuid());
        self.uuid(row.import.as_uuid());
        self.number(row.line.into());
        self.subject(row.subject);
        self.text(&row.kind);
        self.bytes(&row.key.0);
        self.date(row.revision.business_date);
        self.number(row.revision.sequence.into());
        self.number(row.at.as_micros());
        self.absent_or(row.reason.as_deref());
    }

    pub(crate) fn disclosure(&mut self, row: &DisclosureRow) {
        self.text("disclosure");
        self.uuid(row.officer.as_uuid());
        self.text(row.operation.name());
        self.text(&row.purpose);
        self.text(&row.request);
        let shown = i64::try_from(row.pseudonyms.len()).expect("a page of people");
        self.number(shown);
        for pseudonym in &row.pseudonyms {
            self.bytes(pseudonym);
        }
    }

    pub(crate) fn lead(&mut self, row: &LeadRow) {
        self.text("lead");
        self.uuid(row.id.as_uuid());
        self.uuid(row.person.as_uuid());
        self.uuid(row.by.as_uuid());
        self.text(row.place.as_str());
        self.number(row.at.as_micros());
        self.bytes(&row.sealed);
    }

    pub(crate) fn account_event(&mut self, row: &AccountEventRow) {
        self.text("account_event");
        self.uuid(row.officer.as_uuid());
        self.text(row.event.name());
        self.text(&row.by);
        let second = row.second.map(|id| id.as_uuid().into_bytes());
        self.absent_or(second.as_ref().map(<[u8; 16]>::as_slice));
    }

    pub(crate) fn proposal(&mut self, row: &ProposalRow) {
        self.text("parameter_proposal");
        self.uuid(row.id.as_uuid());
        self.text(&proposed_text(&row.value));
        self.uuid(row.by.as_uuid());
        self.number(row.at.as_micros());
    }

    pub(crate) fn review(&mut self, row: &ReviewRow) {
        self.text("parameter_review");
        self.number(row.number);
        self.uuid(row.proposal.as_uuid());
        self.number(row.approved.into());
        self.text(&row.words);
        self.uuid(row.by.as_uuid());
        self.number(row.at.as_micros());
        // Reviews from before keep the digest they were written with.
        if let Some(guarded) = &row.guarded {
            self.text("guarded");
            self.text(&guarded_text(guarded));
        }
    }

    pub(crate) fn export(&mut self, row: &ExportRow) {
        self.text("export");
        self.uuid(row.id.as_uuid());
        self.uuid(row.officer.as_uuid());
        self.text(row.county.as_str());
        self.text(&row.filter);
        self.text(&row.purpose);
        self.number(row.families.into());
        self.number(row.at.as_micros());
    }

    pub(crate) fn export_event(&mut self, row: &ExportEventRow) {
        self.text("export_event");
        self.uuid(row.export.as_uuid());
        self.text(row.event.name());
        self.uuid(row.officer.as_uuid());
        self.number(row.at.as_micros());
    }
}

/// Where a damaged cell stands, to say what is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
}

impl Cell {
    /// The error of a cell that should have been what `reason` says.
    pub(crate) fn damaged(self, reason: &'static str) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            row: self.column.to_owned(),
            reason,
        }
    }

    pub(crate) fn subject(self, letter: &str, id: Uuid) -> Result<Subject, StoreError> {
        Subject::from_parts(letter, id).ok_or_else(|| self.damaged("neither `h` nor `p`"))
    }

    /// Subjects written as letter and id, with commas between them.
    pub(crate) fn subjects(self, text: &str) -> Result<BTreeSet<Subject>, StoreError> {
        let one = |text: &str| {
            let (letter, id) = text.split_at_checked(1)?;
            Subject::from_parts(letter, Uuid::parse_str(id).ok()?)
        };
        let all: Option<BTreeSet<Subject>> = text.split(',').map(one).collect();
        all.ok_or_else(|| self.damaged("not a list of subjects"))
    }

    pub(crate) fn date(self, text: &str) -> Result<Date, StoreError> {
        text.parse().map_err(|_| self.damaged("not a date"))
    }

    pub(crate) fn month(self, text: &str) -> Result<Month, StoreError> {
        text.parse().map_err(|_| self.damaged("not a month"))
    }

    pub(crate) fn division(self, text: &str) -> Result<DivisionCode, StoreError> {
        DivisionCode::parse(text).ok_or_else(|| self.damaged("not a division code"))
    }

    pub(crate) fn small(self, number: i64) -> Result<u32, StoreError> {
        u32::try_from(number).map_err(|_| self.damaged("not a count of 32 bits"))
    }

    pub(crate) fn count(self, number: i64) -> Result<u64, StoreError> {
        u64::try_from(number).map_err(|_| self.damaged("a negative count"))
    }

    pub(crate) fn level(self, rank: i64) -> Result<AlertLevel, StoreError> {
        use AlertLevel::{Blue, Orange, Red, Yellow};
        let levels = [Blue, Yellow, Orange, Red];
        let level = usize::try_from(rank).ok().and_then(|i| levels.get(i));
        level.copied().ok_or_else(|| self.damaged("not a level"))
    }

    /// The line of a feed: `320412100`, or `320412100/children`.
    pub(crate) fn feed(self, text: &str) -> Result<(DivisionCode, Confidential), StoreError> {
        match text.split_once('/') {
            None => Ok((self.division(text)?, Confidential::Ordinary)),
            Some((place, name)) => Ok((self.division(place)?, self.confidential(name)?)),
        }
    }

    pub(crate) fn confidential(self, name: &str) -> Result<Confidential, StoreError> {
        Confidential::named(name).ok_or_else(|| self.damaged("an unknown name"))
    }

    pub(crate) fn found(self, name: &str) -> Result<Found, StoreError> {
        Found::named(name).ok_or_else(|| self.damaged("an unknown name"))
    }

    pub(crate) fn finding(self, name: &str) -> Result<Finding, StoreError> {
        use Finding::{
            Discrepancy, Duty, EntitledNotReceived, Lead, MayNoLongerQualify, PossiblyMissed,
            Signal,
        };
        let all = [
            EntitledNotReceived,
            PossiblyMissed,
            Lead,
            MayNoLongerQualify,
            Discrepancy,
            Signal,
            Duty,
        ];
        named(self, all, Finding::name, name)
    }

    pub(crate) fn outcome(self, name: &str) -> Result<RowOutcome, StoreError> {
        use RowOutcome::{Accepted, Held, Rejected, Warned};
        let all = [Accepted, Warned, Held, Rejected];
        named(self, all, RowOutcome::name, name)
    }

    pub(crate) fn import_state(self, name: &str) -> Result<ImportState, StoreError> {
        let all = [ImportState::Receiving, ImportState::Received];
        named(self, all, ImportState::name, name)
    }

    pub(crate) fn feed_kind(self, name: &str) -> Result<FeedKind, StoreError> {
        FeedKind::named(name).ok_or_else(|| self.damaged("an unknown name"))
    }

    pub(crate) fn read_why(self, name: &str) -> Result<ReadWhy, StoreError> {
        ReadWhy::named(name).ok_or_else(|| self.damaged("an unknown name"))
    }

    pub(crate) fn role(self, name: &str) -> Result<Role, StoreError> {
        Role::named(name).ok_or_else(|| self.damaged("an unknown name"))
    }

    pub(crate) fn operation(self, name: &str) -> Result<Operation, StoreError> {
        named(self, Operation::ALL, Operation::name, name)
    }

    pub(crate) fn account_event(self, name: &str) -> Result<AccountEvent, StoreError> {
        named(self, AccountEvent::ALL, AccountEvent::name, name)
    }

    pub(crate) fn failure(self, name: &str) -> Result<Failure, StoreError> {
        named(self, Failure::ALL, Failure::name, name)
    }

    pub(crate) fn ended(self, name: &str) -> Result<Ended, StoreError> {
        named(self, [Ended::Gone], Ended::name, name)
    }

    /// Kinds of feed entries as a JSON list of their names.
    pub(crate) fn feed_kinds(self, json: &str) -> Result<Vec<FeedKind>, StoreError> {
        let names = self.list(json)?;
        names.iter().map(|name| self.feed_kind(name)).collect()
    }

    pub(crate) fn status(self, number: i64) -> Result<u16, StoreError> {
        u16::try_from(number).map_err(|_| self.damaged("not an HTTP status"))
    }
    pub(crate) fn export_event(self, name: &str) -> Result<ExportEvent, StoreError> {
        named(self, ExportEvent::ALL, ExportEvent::name, name)
    }

    /// Digests as a JSON list of hex.
    pub(crate) fn digests(self, json: &str) -> Result<Vec<[u8; 32]>, StoreError> {
        let list = self.list(json)?;
        let digest = |hex: &String| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(hex, &mut bytes).map_err(|_| self.damaged("not a digest"))?;
            Ok(bytes)
        };
        list.iter().map(digest).collect()
    }

    pub(crate) fn array<const N: usize>(self, bytes: &[u8]) -> Result<[u8; N], StoreError> {
        bytes
            .try_into()
            .map_err(|_| self.damaged("another number of bytes"))
    }

    pub(crate) fn list(self, json: &str) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(json).map_err(|_| self.damaged("not a list of texts"))
    }

    pub(crate) fn divisions(self, json: &str) -> Result<Vec<DivisionCode>, StoreError> {
        serde_json::from_str(json).map_err(|_| self.damaged("not a list of division codes"))
    }

    pub(crate) fn proposed(self, json: &str) -> Result<ProposedValue, StoreError> {
        serde_json::from_str(json).map_err(|_| self.damaged("not a proposed value"))
    }

    pub(crate) fn guarded(self, json: &str) -> Result<Guarded, StoreError> {
        serde_json::from_str(json).map_err(|_| self.damaged("not what was judged of a value"))
    }

    pub(crate) fn notes(self, json: &str) -> Result<Vec<RowNote>, StoreError> {
        serde_json::from_str(json).map_err(|_| self.damaged("not a list of notes"))
    }
}

/// The value of a closed list that has this name.
fn named<T: Copy, const N: usize>(
    cell: Cell,
    all: [T; N],
    name_of: fn(T) -> &'static str,
    name: &str,
) -> Result<T, StoreError> {
    let mut all = all.into_iter();
    all.find(|value| name_of(*value) == name)
        .ok_or_else(|| cell.damaged("an unknown name"))
}

/// Levels as stored, so that they sort: 0 blue … 3 red.
pub(crate) const fn level_rank(level: AlertLevel) -> i64 {
    match level {
        AlertLevel::Blue => 0,
        AlertLevel::Yellow => 1,
        AlertLevel::Orange => 2,
        AlertLevel::Red => 3,
    }
}

/// A proposed value as stored.
pub(crate) fn proposed_text(value: &ProposedValue) -> String {
    serde_json::to_string(value).expect("a proposed value is texts and days")
}

/// What was judged of a value, as stored.
pub(crate) fn guarded_text(guarded: &Guarded) -> String {
    serde_json::to_string(guarded).expect("it is texts, numbers and a day")
}

/// The line of a feed as stored; inverse of [`Cell::feed`]. A kept line stands
/// beside the ordinary one and is numbered by itself.
pub(crate) fn feed_text(feed: DivisionCode, confidential: Confidential) -> String {
    match confidential {
        Confidential::Ordinary => feed.to_string(),
        kept @ Confidential::Children => format!("{feed}/{}", kept.name()),
    }
}

/// Names of what a grant may know, as bound to a query.
pub(crate) fn knows_list(grant: &Grant) -> Vec<String> {
    let names = grant.knows().iter().map(|known| known.name().to_owned());
    names.collect()
}

/// Notes as stored.
pub(crate) fn notes_text(notes: &[RowNote]) -> String {
    serde_json::to_string(notes).expect("notes are texts")
}

/// A list of texts as stored.
pub(crate) fn list_text(list: &[String]) -> String {
    serde_json::to_string(list).expect("texts are JSON")
}

/// Kinds of feed entries as stored.
pub(crate) fn feed_kinds_text(kinds: &[FeedKind]) -> String {
    let names: Vec<String> = kinds.iter().map(|kind| kind.name().to_owned()).collect();
    list_text(&names)
}

/// Digests as stored.
pub(crate) fn digests_text(digests: &[[u8; 32]]) -> String {
    let list: Vec<String> = digests.iter().map(hex::encode).collect();
    list_text(&list)
}

/// Division codes as stored, and as bound to `json_each`.
pub(crate) fn divisions_text(codes: &[DivisionCode]) -> String {
    serde_json::to_string(codes).expect("division codes are texts")
}

/// An officer's columns that are lists.
pub(crate) fn officer_lists(officer: &Officer) -> (String, String) {
    (
        divisions_text(&officer.regions),
        list_text(&officer.sources),
    )
}
