//! What a row that could not be taken still tells: whom it was about.
//!
//! Without it such a row would read as absence from a complete list, and an
//! ended membership or a missing payment would be made out of a typing error.

use domain::dictionary::{About, Kind, Mode};
use domain::record::{HouseholdNumber, Incoming, Statement, SubjectAsSent};
use domain::time::{Date, Period};

use crate::emit::Making;
use crate::layout::{Emit, KeyPart, Layout, ListKind, Only};
use crate::note::Finding;

/// Findings after which the number cannot be trusted to be the person's own.
const DOUBTS_IDENTITY: [&str; 3] = [
    "identity.mismatch",
    "id.document_type",
    "consistency.death_birth",
];

/// For each kind the row tells of: it was told, and cannot be read.
///
/// The subject must be readable. The next list lifts the doubt; where none comes
/// only a correction under the same key does, so events need a readable key too.
/// Names are left as they were told: nothing is decided by them.
pub(crate) fn of_row(making: &Making<'_>, found: &[Finding], since: Date) -> Vec<Incoming> {
    let layout = making.row.layout;
    let doubted = found
        .iter()
        .any(|f| DOUBTS_IDENTITY.contains(&f.note.code.as_str()));
    let mut unread: Vec<Incoming> = layout
        .emits
        .iter()
        .filter(|emit| emit.kind != Kind::Identity)
        .filter(|emit| emit.only != Only::Head || making.row.is_head)
        .filter(|emit| {
            emit.when
                .as_ref()
                .is_none_or(|when| making.chosen(when).is_some())
        })
        .filter(|emit| !(doubted && emit.kind.def().about == About::Person))
        .filter_map(|emit| of_emit(making, emit, since))
        .collect();
    let number = layout.household.and_then(|column| making.household(column));
    unread.extend(number.and_then(|number| of_household(layout, number, making.line, since)));
    distinct(unread)
}

/// The same for a row that could be read but not taken, because its key stands
/// in the file with other contents.
pub(crate) fn of_taken(layout: &Layout, taken: &[Incoming], since: Date) -> Vec<Incoming> {
    let told = taken
        .iter()
        .filter(|one| one.statement.kind() != Kind::Identity);
    let mut unread: Vec<Incoming> = told
        .map(|one| {
            let kind = one.statement.kind();
            let valid = match kind.def().mode {
                Mode::Months(_) => one.valid,
                _ => Period::since(since),
            };
            let (subject, key) = (one.subject.clone(), one.key.clone());
            statement(kind, subject, key, valid, one.line)
        })
        .collect();
    let named = taken.iter().flat_map(|one| {
        one.household_links
            .iter()
            .map(|(_, number)| (one.line, number))
    });
    for (line, number) in named {
        unread.extend(of_household(layout, number.clone(), line, since));
    }
    distinct(unread)
}

fn of_emit(making: &Making<'_>, emit: &Emit, since: Date) -> Option<Incoming> {
    let mut columns = emit.key.iter().filter_map(|part| match part {
        KeyPart::Column(column) => Some(*column),
        KeyPart::Constant(_) => None,
    });
    let valid = match making.row.layout.list {
        ListKind::Snapshot => Period::since(since),
        ListKind::Months => Some(making.valid(emit)).filter(|month| month.from.is_some())?,
        ListKind::Events => {
            let named = columns.all(|column| making.row.cells[column].is_known());
            named.then_some(Period::since(since))?
        }
    };
    let key = emit.key.iter().map(|part| making.key_part(part)).collect();
    let subject = making.subject(emit)?;
    Some(statement(emit.kind, subject, key, valid, making.line))
}

/// Whoever else is in it: the composition of the household is not what the
/// rows say that could be read.
fn of_household(
    layout: &Layout,
    number: HouseholdNumber,
    line: u32,
    since: Date,
) -> Option<Incoming> {
    let emit = layout
        .emits
        .iter()
        .find(|emit| emit.kind == Kind::Composition)?;
    let parts = emit.key.iter().map(|part| match part {
        KeyPart::Constant(text) => Some(text.clone()),
        KeyPart::Column(column) => {
            (Some(*column) == layout.household).then(|| number.number.clone())
        }
    });
    let key = parts.collect::<Option<Vec<_>>>()?;
    let subject = SubjectAsSent::Household(number);
    Some(statement(
        Kind::Composition,
        subject,
        key,
        Period::since(since),
        line,
    ))
}

fn statement(
    kind: Kind,
    subject: SubjectAsSent,
    key: Vec<String>,
    valid: Period,
    line: u32,
) -> Incoming {
    Incoming {
        subject,
        key,
        valid,
        statement: Statement::Unread(kind),
        person_links: Vec::new(),
        household_links: Vec::new(),
        line,
    }
}

/// One for each subject, kind and key, in the order first told.
fn distinct(unread: Vec<Incoming>) -> Vec<Incoming> {
    let mut kept: Vec<Incoming> = Vec::with_capacity(unread.len());
    for one in unread {
        let same = |known: &Incoming| {
            known.subject == one.subject
                && known.key == one.key
                && known.statement.kind() == one.statement.kind()
        };
        if !kept.iter().any(same) {
            kept.push(one);
        }
    }
    kept
}
