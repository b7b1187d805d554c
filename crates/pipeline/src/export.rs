//! Exports of the register that a second person releases: asked for, decided
//! by another officer of the county, taken by who asked. The file is made when
//! it is taken, from what is on record then, and never stored.

use std::sync::Arc;

use domain::authority::{Grant, Operation};
use domain::ids::ExportId;
use domain::time::Instant;
use store::StoreError;
use store::commit::{Commit, CommitKind, Write};
use store::exports::{ExportEvent, ExportEventRow, ExportRow, KnownExport};

use crate::clock::new_id;
use crate::deps::Deps;
use crate::error::StepError;
use crate::people::partition_of;

/// Seconds a released export may be taken.
const OPEN_SECONDS: i64 = 7 * 24 * 3600;

/// Where an export stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has decided.
    Waiting,
    /// Another person refused.
    Refused,
    /// It may be taken until then.
    Open(Instant),
    /// It was released and not taken in time.
    Expired,
}

/// Where an export stands at an instant.
pub fn standing(known: &KnownExport, now: Instant) -> Standing {
    match known.decided() {
        None => Standing::Waiting,
        Some(decided) if decided.event == ExportEvent::Refused => Standing::Refused,
        Some(decided) => {
            let until = decided.at.plus_seconds(OPEN_SECONDS);
            if now < until {
                Standing::Open(until)
            } else {
                Standing::Expired
            }
        }
    }
}

/// Why an export was not decided or taken.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Unknown, or another person's.
    #[error("there is no such export for this officer")]
    NotFound,
    /// Who asked does not decide.
    #[error("another person must decide")]
    SecondPerson,
    /// It was decided before.
    #[error("the export was decided before")]
    Decided,
    /// Nobody has decided yet.
    #[error("the export waits for a second person")]
    Waiting,
    /// It was refused.
    #[error("the export was refused")]
    Refused,
    /// It was released and not taken in time.
    #[error("the export has expired")]
    Expired,
    /// The step failed.
    #[error("the export could not be stored")]
    Step(#[from] StepError),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> ExportError {
        match error {
            StoreError::Duplicate(_) => ExportError::Decided,
            other => ExportError::Step(StepError::Store(other)),
        }
    }
}

/// Asks for an export. `filter` is JSON of codes, never of a person.
pub async fn ask(
    deps: &Arc<Deps>,
    grant: &Grant,
    filter: String,
    families: usize,
) -> Result<ExportId, ExportError> {
    let county = partition_of(grant).ok_or(ExportError::NotFound)?;
    let at = deps.clock.now();
    let row = ExportRow {
        id: ExportId::from_uuid(new_id(at)),
        officer: grant.officer(),
        county,
        filter,
        purpose: grant.purpose().to_owned(),
        families: u32::try_from(families).unwrap_or(u32::MAX),
        at,
    };
    let id = row.id;
    commit(deps, grant, Write::Export(row)).await?;
    Ok(id)
}

/// Releases or refuses another person's export.
pub async fn decide(
    deps: &Arc<Deps>,
    grant: &Grant,
    id: ExportId,
    approve: bool,
) -> Result<(), ExportError> {
    debug_assert_eq!(grant.operation(), Operation::ApproveExports);
    let known = deps.store.export(grant, id).await?;
    let known = known.ok_or(ExportError::NotFound)?;
    if known.row.officer == grant.officer() {
        return Err(ExportError::SecondPerson);
    }
    let event = if approve {
        ExportEvent::Approved
    } else {
        ExportEvent::Refused
    };
    happened(deps, grant, id, event).await
}

/// The export of who asked, if it may be taken now.
pub async fn open(
    deps: &Arc<Deps>,
    grant: &Grant,
    id: ExportId,
) -> Result<KnownExport, ExportError> {
    let known = deps.store.export(grant, id).await?;
    let known = known.ok_or(ExportError::NotFound)?;
    match standing(&known, deps.clock.now()) {
        Standing::Waiting => Err(ExportError::Waiting),
        Standing::Refused => Err(ExportError::Refused),
        Standing::Expired => Err(ExportError::Expired),
        Standing::Open(_) => Ok(known),
    }
}

/// Remembers that the file was taken; before its first byte.
pub async fn taken(deps: &Arc<Deps>, grant: &Grant, id: ExportId) -> Result<(), ExportError> {
    happened(deps, grant, id, ExportEvent::Downloaded).await
}

async fn happened(
    deps: &Arc<Deps>,
    grant: &Grant,
    export: ExportId,
    event: ExportEvent,
) -> Result<(), ExportError> {
    let row = ExportEventRow {
        export,
        event,
        officer: grant.officer(),
        at: deps.clock.now(),
    };
    commit(deps, grant, Write::ExportEvent(row)).await
}

async fn commit(deps: &Arc<Deps>, grant: &Grant, write: Write) -> Result<(), ExportError> {
    let commit = Commit {
        kind: CommitKind::Administration,
        partition: partition_of(grant),
        at: deps.clock.now(),
        actor: grant.officer().to_string(),
        lease: None,
        guards: vec![],
        writes: vec![write],
        answer: None,
    };
    deps.store.commit(&commit).await?;
    deps.work.notify_waiters();
    Ok(())
}
