//! Apply: the next records of one partition are folded, and every unit that
//! reads a changed subject is marked due. Folds, due marks and the checkpoint
//! are one commit, so "folded later than evaluated ⇒ due" holds at every
//! instant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::ids::{HouseholdId, PersonId, Subject};
use domain::record::{Read, ReadWhy, Record};
use domain::region::DivisionCode;
use registry::Fold;
use store::commit::{Commit, CommitKind, FoldRow, Guard, Lease, Write};
use store::rows::IntakeBatch;

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

/// Folds the next bounded batch of records of a partition.
pub async fn apply_step(deps: &Arc<Deps>, partition: DivisionCode) -> Result<Progress, StepError> {
    let position = deps.store.checkpoint(partition, APPLY).await?;
    let batches = deps
        .store
        .intake_after(partition, position, deps.settings.apply_records)
        .await?;
    let Some(last) = batches.last().map(|batch| batch.number) else {
        return Ok(Progress::Idle);
    };
    let lease = lease(deps, partition, APPLY).await?;

    let subjects: BTreeSet<Subject> = batches
        .iter()
        .flat_map(|b| &b.records)
        .map(|r| r.subject)
        .collect();
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let wanted: Vec<Subject> = subjects.into_iter().collect();
    let stored = deps.store.folds(&wanted).await?;
    let folded = offload(move || fold(&keyring, &batches, &stored, partition)).await??;

    let mut writes = folded.writes;
    let readers = deps.store.reads_by_person(&folded.people).await?;
    let mut due = folded.due;
    due.extend(
        readers
            .iter()
            .map(|read| Subject::Household(read.household)),
    );
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
    Ok(Progress::Done(folded.records))
}

struct Folded {
    writes: Vec<Write>,
    people: Vec<PersonId>,
    due: BTreeSet<Subject>,
    records: usize,
}

/// The decision: which folds change, what they read, who is due.
fn fold(
    keyring: &Keyring,
    batches: &[IntakeBatch],
    stored: &[FoldRow],
    partition: DivisionCode,
) -> Result<Folded, StepError> {
    let mut by_subject: BTreeMap<Subject, Vec<Record>> = BTreeMap::new();
    let mut records = 0;
    for row in batches.iter().flat_map(|batch| &batch.records) {
        records += 1;
        if keyring.has(row.subject) {
            by_subject
                .entry(row.subject)
                .or_default()
                .push(keyring.open_record(row)?);
        }
    }
    let stored: BTreeMap<Subject, &FoldRow> = stored.iter().map(|row| (row.subject, row)).collect();
    let mut folded = Folded {
        writes: Vec::new(),
        people: Vec::new(),
        due: BTreeSet::new(),
        records,
    };
    let mut rows = Vec::new();
    for (subject, records) in by_subject {
        let before = stored
            .get(&subject)
            .map(|row| keyring.open_fold(row))
            .transpose()?;
        let mut after = before.clone().unwrap_or_else(|| Fold::empty(subject));
        let mut changed = false;
        for record in &records {
            changed |= after.apply(record);
        }
        if !changed {
            continue;
        }
        rows.push(FoldRow {
            subject,
            partition,
            version: stored.get(&subject).map_or(1, |row| row.version + 1),
            sealed: keyring.seal_fold(&after)?,
        });
        mark_due(&mut folded, subject, before.as_ref(), &after);
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
    }
    // Reads only grow: a withdrawn membership must still lead a question about
    // the past to the person.
    if !reads_after.is_subset(&reads_before) {
        let reads = reads_before.union(&reads_after).copied().collect();
        folded.writes.push(Write::Reads { of: person, reads });
    }
}
