//! Apply: the next records of one partition are folded, and every unit that
//! reads a changed subject is marked due. Folds, due marks and the checkpoint
//! are one commit, so "folded later than evaluated ⇒ due" holds at every
//! instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::ids::{HouseholdId, PersonId, Subject};
use domain::record::{Read, ReadWhy, Record};
use domain::region::DivisionCode;
use rayon::prelude::*;
use registry::Fold;
use store::commit::{Commit, CommitKind, FoldRow, Guard, Lease, Write};
use store::rows::Backlog;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::ahead::Ahead;
use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::sealing::Keyring;

/// Name of the step in leases and checkpoints.
pub const APPLY: &str = "apply";

/// What one call of a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing to do.
    Idle,
    /// This many things done; there may be more.
    Done(usize),
}

/// Takes or renews the lease of a step.
pub(crate) async fn lease(
    deps: &Deps,
    partition: DivisionCode,
    step: &str,
) -> Result<Lease, StepError> {
    let now = deps.clock.now();
    let until = now.plus_seconds(deps.settings.lease_seconds);
    let lease = deps
        .store
        .lease(partition, step, &deps.settings.holder, now, until)
        .await?;
    lease.ok_or(StepError::HeldElsewhere)
}

/// Batches one call folds. While one is folded and written, the next is read and
/// opened, so that neither the processor nor the database waits for the other.
const BATCHES: usize = 8;

/// Folds the next records of a partition, batch by batch, as far as one call goes.
pub async fn apply_step(deps: &Arc<Deps>, partition: DivisionCode) -> Result<Progress, StepError> {
    let mut position = deps.store.checkpoint(partition, APPLY).await?;
    let backlog = deps.store.backlog(partition, position).await?;
    if backlog == Backlog::default() {
        return Ok(Progress::Idle);
    }
    // Who does not hold the county opens nothing of it.
    lease(deps, partition, APPLY).await?;
    let mut ahead = deps.ahead.take(partition, position);
    ahead.look(&deps.settings, position, backlog);
    let first = Waiting::after(deps.clone(), (partition, position), ahead);
    let (mut next, mut ahead) = first.await?;
    if next.is_none() {
        return Ok(Progress::Idle);
    }
    let mut records = 0;
    for left in (0..BATCHES).rev() {
        let Some(waiting) = next.take() else {
            break;
        };
        let (read, last) = (waiting.records, waiting.last);
        let mut reading = JoinSet::new();
        if left > 0 {
            let known = std::mem::take(&mut ahead);
            let next = Waiting::after(deps.clone(), (partition, last), known);
            reading.spawn(next.in_current_span());
        }
        apply(deps, partition, position, waiting).await?;
        records += read;
        position = last;
        if let Some(read) = reading.join_next().await {
            (next, ahead) = read.map_err(|_| StepError::Computation)??;
        }
    }
    deps.ahead.keep(partition, position, ahead);
    Ok(Progress::Done(records))
}

/// Whether anything was taken in after a position.
pub(crate) async fn records_wait(
    deps: &Deps,
    partition: DivisionCode,
    position: i64,
) -> Result<bool, StepError> {
    let backlog = deps.store.backlog(partition, position).await?;
    Ok(backlog != Backlog::default())
}

/// Records that wait to be folded, opened; what is already folded of their
/// subjects is read when their turn comes.
struct Waiting {
    by_subject: Vec<(Subject, Vec<Record>)>,
    keyring: Keyring,
    /// Number of the last commit they came in.
    last: i64,
    records: usize,
}

impl Waiting {
    /// The next bounded batch after a position, and who is folded ahead with it.
    async fn after(
        deps: Arc<Deps>,
        (partition, position): (DivisionCode, i64),
        mut ahead: Ahead,
    ) -> Result<(Option<Waiting>, Ahead), StepError> {
        let Some(next) = ahead.next(&deps, partition, position).await? else {
            return Ok((None, ahead));
        };
        let (rows, last, records) = (next.records, next.last, next.read);
        let subjects: BTreeSet<Subject> = rows.iter().map(|row| row.subject).collect();
        let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
        let open = move || {
            let known = rows.par_iter().filter(|row| keyring.has(row.subject));
            let opened = known.map(|row| keyring.open_record(row));
            let opened: Vec<Record> = opened.collect::<Result<_, StepError>>()?;
            let mut by_subject: BTreeMap<Subject, Vec<Record>> = BTreeMap::new();
            for record in opened {
                by_subject.entry(record.subject).or_default().push(record);
            }
            Ok::<_, StepError>(Waiting {
                by_subject: by_subject.into_iter().collect(),
                keyring,
                last,
                records,
            })
        };
        Ok((Some(offload(open).await??), ahead))
    }
}

/// Folds one batch of a partition that has been folded up to a position.
async fn apply(
    deps: &Arc<Deps>,
    partition: DivisionCode,
    position: i64,
    waiting: Waiting,
) -> Result<(), StepError> {
    let lease = lease(deps, partition, APPLY).await?;
    let last = waiting.last;
    let wanted: Vec<Subject> = waiting.by_subject.iter().map(|(of, _)| *of).collect();
    let stored = deps.store.folds(&wanted).await?;
    let folded = offload(move || fold(&waiting, &stored, partition)).await??;

    let mut writes = folded.writes;
    let readers = deps.store.reads_by_person(&folded.people).await?;
    let mut due = folded.due;
    due.extend(
        readers
            .iter()
            .map(|read| Subject::Household(read.household)),
    );
    writes.push(Write::DueDropped(folded.at_home));
    writes.push(Write::Due(due.into_iter().collect()));
    writes.push(Write::Checkpoint {
        step: APPLY.to_owned(),
        position: last,
    });
    let commit = Commit {
        kind: CommitKind::Apply,
        partition: Some(partition),
        at: deps.clock.now(),
        actor: APPLY.to_owned(),
        lease: Some(lease),
        guards: vec![Guard::CheckpointAt {
            partition,
            step: APPLY.to_owned(),
            position,
        }],
        writes,
        answer: None,
    };
    deps.store.commit(&commit).await?;
    Ok(())
}

#[derive(Default)]
struct Folded {
    writes: Vec<Write>,
    people: Vec<PersonId>,
    due: BTreeSet<Subject>,
    /// Met before, and only now told of as members of a household.
    at_home: Vec<Subject>,
}

/// A fold that changes.
struct Changed {
    row: FoldRow,
    before: Option<Fold>,
    after: Fold,
}

/// The decision: which folds change, what they read, who is due.
fn fold(
    waiting: &Waiting,
    stored: &[FoldRow],
    partition: DivisionCode,
) -> Result<Folded, StepError> {
    let stored: BTreeMap<Subject, &FoldRow> = stored.iter().map(|row| (row.subject, row)).collect();
    let one = |(subject, records): &(Subject, Vec<Record>)| {
        let keyring = &waiting.keyring;
        let row = stored.get(subject);
        let before = row.map(|row| keyring.open_fold(row)).transpose()?;
        let mut after = before.clone().unwrap_or_else(|| Fold::empty(*subject));
        let mut changed = false;
        for record in records {
            changed |= after.apply(record);
        }
        if !changed {
            return Ok(None);
        }
        let row = FoldRow {
            subject: *subject,
            partition,
            version: row.map_or(1, |row| row.version + 1),
            sealed: keyring.seal_fold(&after)?,
        };
        Ok(Some(Changed { row, before, after }))
    };
    let changed: Vec<Option<Changed>> = waiting
        .by_subject
        .par_iter()
        .map(one)
        .collect::<Result<_, StepError>>()?;
    let mut folded = Folded::default();
    let mut rows = Vec::new();
    for Changed { row, before, after } in changed.into_iter().flatten() {
        mark_due(&mut folded, row.subject, before.as_ref(), &after);
        rows.push(row);
    }
    folded.writes.push(Write::Folds(rows));
    Ok(folded)
}

fn mark_due(folded: &mut Folded, subject: Subject, before: Option<&Fold>, after: &Fold) {
    let Subject::Person(person) = subject else {
        folded.due.insert(subject);
        return;
    };
    folded.people.push(person);
    let reads_before = before.map(Fold::reads).unwrap_or_default();
    let reads_after = after.reads();
    let households: BTreeSet<HouseholdId> = reads_before
        .union(&reads_after)
        .map(|read| read.household)
        .collect();
    folded
        .due
        .extend(households.into_iter().map(Subject::Household));
    // A person never listed as a member is evaluated alone.
    let member = |read: &Read| read.person == person && read.why == ReadWhy::Member;
    if !reads_after.iter().any(member) {
        folded.due.insert(subject);
    } else if before.is_some() && !reads_before.iter().any(member) {
        folded.at_home.push(subject);
    }
    // Reads only grow: a withdrawn membership must still lead a question about
    // the past to the person.
    if !reads_after.is_subset(&reads_before) {
        let reads = reads_before.union(&reads_after).copied().collect();
        folded.writes.push(Write::Reads { of: person, reads });
    }
}
