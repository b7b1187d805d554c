//! The first pass over a file: counts, coverage, control sum, and the keys that
//! stand in it more than once. Keeps 16 bytes per compared key.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::io::{Read, Seek};

use domain::money::Money;
use domain::record::{Coverage, Incoming, RowCounts, RowNote, RowOutcome};
use domain::time::Month;
use sha2::{Digest, Sha256};

use crate::error::FileError;
use crate::interpret::{Decoded, Interpreter};
use crate::layout::{Layout, ListKind};
use crate::note::note;
use crate::row::{Row, Shape};
use crate::rows::{Context, decode};
use crate::unread;

/// What the first pass found out about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Rows received: data rows, without titles, totals and blank lines.
    pub rows: u64,
    /// What will come of them in the second pass; adds up to `rows`.
    pub counts: RowCounts,
    /// What the file is a complete list of.
    pub coverage: Vec<Coverage>,
    /// Rows that will be rejected because their key stands in the file with
    /// different contents.
    pub conflicts: u64,
    /// Rows, or parts of rows, that say again what an earlier row said.
    pub duplicates: u64,
    /// Sum of the layout's control amount over every row where it can be read,
    /// taken or not: to be compared with the sender's own total.
    pub yuan_total: Money,
    /// Remarks about the file as a whole, such as a total that does not add up.
    pub notes: Vec<RowNote>,
    /// What is needed to return rows in a file of the same shape.
    pub shape: Shape,
    conflicting: BTreeSet<u64>,
    repeated: BTreeSet<u64>,
}

/// Key and content of one compared group of one row. The two lowest bits of the
/// content say whether the entry is the first of its row and whether the row
/// has a warning.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    content: u64,
}

const FIRST: u64 = 1;
const WARNED: u64 = 2;
const FLAGS: u64 = FIRST | WARNED;

/// SHA-256 behind the standard hashing interface, so that whole records can be
/// hashed field by field.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |value, byte| (value << 8) | u64::from(*byte))
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut sha = Sha(Sha256::new());
    value.hash(&mut sha);
    sha.finish()
}

fn content_of(incoming: &[&Incoming]) -> u64 {
    let mut sha = Sha(Sha256::new());
    for one in incoming {
        // Everything but the line: where it stands is not what it says.
        (&one.subject, &one.key, one.valid, &one.statement).hash(&mut sha);
        (&one.person_links, &one.household_links).hash(&mut sha);
    }
    sha.finish()
}

/// Key and content of each compared group of a taken row.
fn groups(decoded: &Decoded) -> Vec<(u64, u64)> {
    let keys: BTreeSet<_> = decoded.groups.iter().flatten().collect();
    let group = |key| {
        let with_keys = decoded.row.incoming.iter().zip(&decoded.groups);
        let of_key: Vec<&Incoming> = with_keys
            .filter(|(_, k)| k.as_ref() == Some(key))
            .map(|(i, _)| i)
            .collect();
        (hash(key), content_of(&of_key) & !FLAGS)
    };
    keys.into_iter().map(group).collect()
}

/// Reads a whole file once, without keeping it.
pub fn survey<R: Read + Seek>(
    input: R,
    layout: &Layout,
    cx: &Context<'_>,
) -> Result<Survey, FileError> {
    let mut rows = decode(input, layout, cx)?;
    let mut unnamed = 0;
    let mut counts = RowCounts::default();
    let mut entries: Vec<Entry> = Vec::new();
    let mut months: BTreeSet<(&'static str, Month)> = BTreeSet::new();
    while let Some(decoded) = rows.advance()? {
        months.extend(decoded.covered);
        let groups = groups(&decoded);
        if groups.is_empty() {
            counts.count(decoded.row.outcome);
        }
        // A row whose key stands twice has a key, so it is known whom it is about.
        let taken = matches!(
            decoded.row.outcome,
            RowOutcome::Accepted | RowOutcome::Warned
        );
        unnamed += u32::from(!taken && decoded.row.unread.is_empty());
        entries.extend(flagged(groups, decoded.row.outcome));
    }
    let (conflicting, repeated) = twice(&entries);
    let mut judge = Judge {
        conflicting: &conflicting,
        repeated: &repeated,
        seen: BTreeSet::new(),
    };
    let (mut conflicts, mut duplicates) = (0, 0);
    let mut rest = entries.as_slice();
    while let Some(first) = rest.first() {
        let length = 1 + rest[1..]
            .iter()
            .take_while(|e| e.content & FIRST == 0)
            .count();
        let (row, others) = rest.split_at(length);
        rest = others;
        let keys: Vec<u64> = row.iter().map(|entry| entry.key).collect();
        let judgement = judge.judge(&keys);
        conflicts += u64::from(judgement == Judgement::Conflict);
        let dropped = matches!(judgement, Judgement::Said(_));
        duplicates += u64::from(dropped);
        counts.count(match judgement {
            Judgement::Conflict => RowOutcome::Rejected,
            Judgement::Said(_) => RowOutcome::Warned,
            Judgement::New if first.content & WARNED != 0 => RowOutcome::Warned,
            Judgement::New => RowOutcome::Accepted,
        });
    }
    let coverage = coverage(layout, cx, &counts, &months, unnamed);
    let mut notes = rows.file_notes().to_vec();
    if layout.list == ListKind::Snapshot && !coverage.is_empty() && unnamed > 0 {
        notes.push(nobody(unnamed));
    }
    Ok(Survey {
        rows: counts.received(),
        coverage,
        counts,
        conflicts,
        duplicates,
        yuan_total: rows.counted(),
        notes,
        shape: rows.shape().clone(),
        conflicting,
        repeated,
    })
}

/// Any of such rows may be about anybody the list before had: whoever left the
/// list is unknown, and the sender is told so.
fn nobody(rows: u32) -> RowNote {
    let mut note = note("list.nobody", None);
    note.zh = format!(
        "{rows} 行看不出是谁：上一册有、这一册没有的人，更正之前一律按“不知道”处理，相关政策待核实，不提示也不消除；请补全后整册重报"
    );
    note.en = format!(
        "{}: {rows}; whoever was on the list before and is not on this one is unknown until the whole list comes again without them",
        note.en
    );
    note
}

/// The groups of one row as entries.
fn flagged(groups: Vec<(u64, u64)>, outcome: RowOutcome) -> impl Iterator<Item = Entry> {
    let warned = if outcome == RowOutcome::Warned {
        WARNED
    } else {
        0
    };
    let numbered = groups.into_iter().enumerate();
    numbered.map(move |(position, (key, content))| {
        let first = if position == 0 { FIRST } else { 0 };
        Entry {
            key,
            content: content | first | warned,
        }
    })
}

/// Keys that stand with different contents, and keys that stand twice alike.
fn twice(entries: &[Entry]) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let mut sorted: Vec<(u64, u64)> = entries
        .iter()
        .map(|e| (e.key, e.content & !FLAGS))
        .collect();
    sorted.sort_unstable();
    let (mut conflicting, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    for run in sorted.chunk_by(|a, b| a.0 == b.0) {
        let same = run.iter().all(|(_, content)| *content == run[0].1);
        if !same {
            conflicting.insert(run[0].0);
        } else if run.len() > 1 {
            repeated.insert(run[0].0);
        }
    }
    (conflicting, repeated)
}

fn coverage(
    layout: &Layout,
    cx: &Context<'_>,
    counts: &RowCounts,
    months: &BTreeSet<(&'static str, Month)>,
    unnamed_rows: u32,
) -> Vec<Coverage> {
    let header = cx.header;
    let one = |part: Option<&str>, month| Coverage {
        dataset: header.dataset.clone(),
        part: part.map(str::to_owned),
        scope: header.scope,
        as_of: header.as_of.unwrap_or(header.revision.business_date),
        month,
        revision: header.revision,
        import: header.id,
        unnamed_rows,
    };
    // A list of which no row could be taken says nothing about who is not on it.
    let taken = counts.accepted + counts.warned > 0;
    match layout.list {
        ListKind::Snapshot if header.as_of.is_some() && taken => vec![one(None, None)],
        ListKind::Snapshot => Vec::new(),
        ListKind::Events => vec![one(None, None)],
        ListKind::Months => months
            .iter()
            .map(|(part, month)| one(Some(part), Some(*month)))
            .collect(),
    }
}

impl Survey {
    /// Judges rows of the second pass.
    pub(crate) fn judge(&self) -> Judge<'_> {
        Judge {
            conflicting: &self.conflicting,
            repeated: &self.repeated,
            seen: BTreeSet::new(),
        }
    }
}

/// Decides about rows whose keys stand more than once, in file order.
pub(crate) struct Judge<'a> {
    conflicting: &'a BTreeSet<u64>,
    repeated: &'a BTreeSet<u64>,
    seen: BTreeSet<u64>,
}

#[derive(PartialEq)]
enum Judgement {
    New,
    /// These keys were said by an earlier row that was taken.
    Said(Vec<u64>),
    Conflict,
}

impl Judge<'_> {
    fn judge(&mut self, keys: &[u64]) -> Judgement {
        if keys.iter().any(|key| self.conflicting.contains(key)) {
            return Judgement::Conflict;
        }
        let repeated = keys
            .iter()
            .copied()
            .filter(|key| self.repeated.contains(key));
        let said: Vec<u64> = repeated.filter(|key| !self.seen.insert(*key)).collect();
        if said.is_empty() {
            Judgement::New
        } else {
            Judgement::Said(said)
        }
    }

    /// The row as the whole file makes it.
    pub(crate) fn judged(&mut self, mut decoded: Decoded, by: &Interpreter<'_>) -> Row {
        let keys: Vec<u64> = groups(&decoded).into_iter().map(|(key, _)| key).collect();
        match self.judge(&keys) {
            Judgement::New => {}
            Judgement::Conflict => {
                decoded.row.outcome = RowOutcome::Rejected;
                decoded.row.notes.push(note("row.conflict_in_batch", None));
                let taken = std::mem::take(&mut decoded.row.incoming);
                decoded.row.unread = unread::of_taken(by.layout, &taken, by.setting.since);
            }
            Judgement::Said(said) => {
                decoded.row.outcome = RowOutcome::Warned;
                decoded.row.notes.push(note("row.duplicate_in_batch", None));
                // What may repeat goes when nothing else of the row is left.
                let all = said.len() == keys.len();
                let mut kept = decoded.groups.iter().map(|group| match group {
                    Some(key) => !said.contains(&hash(key)),
                    None => !all,
                });
                decoded
                    .row
                    .incoming
                    .retain(|_| kept.next().unwrap_or(false));
            }
        }
        decoded.row
    }
}
