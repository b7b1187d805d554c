//! Intake: one uploaded file becomes records, held and rejected rows.
//!
//! The file is spooled first and read twice by the same code: a survey that
//! may refuse the whole file, then the taking, in bounded transactions that
//! each move the import's checkpoint. A crash repeats at most one uncommitted
//! chunk; repeating the upload resumes there. The answer leaves after the last
//! commit, so a 2xx means the rows are in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::authority::{Grant, Operation};
use domain::ids::{ImportId, PersonId, Subject};
use domain::record::{
    Coverage, DatasetId, ImportHeader, Record, Revision, RowCounts, RowNote, RowOutcome, SourceId,
};
use domain::region::{DivisionCode, Level};
use domain::time::Date;
use ingest::{FileError, Inherited, Layout, Shape, Survey};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::StoreError;
use store::commit::{
    Commit, CommitKind, Guard, ImportRow, ImportState, KeptRow, SealedIdentity, Write,
};
use tokio::sync::mpsc;
use vault::{Admitted, AdmittedIdentity};

use crate::clock::{OsEntropy, new_id};
use crate::deps::Deps;
use crate::error::{StepError, offload};
use crate::sealing::{Keyring, identity_place, kept_place};

/// What the sender says about an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadHeader {
    /// Sender.
    pub source: SourceId,
    /// List.
    pub dataset: DatasetId,
    /// Business date and sequence.
    pub revision: Revision,
    /// Place it is about.
    pub scope: DivisionCode,
    /// As-of day of a complete list.
    pub as_of: Option<Date>,
    /// File name without path.
    pub file_name: String,
}

/// Why an upload was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Nobody sends this list in this way.
    #[error("no layout reads dataset `{dataset}` from source `{source_name}`")]
    UnknownDataset {
        /// Source.
        source_name: String,
        /// Dataset.
        dataset: String,
    },
    /// The sender may not send as this source or for this place.
    #[error("the sender may not send this")]
    NotAllowed,
    /// A batch with this key was taken with other content.
    #[error("a batch with this source, dataset, date and sequence was taken with other content")]
    OtherContent(ImportId),
    /// The whole file is refused; nothing was applied.
    #[error("the file is refused")]
    File(#[from] FileError),
    /// The spooled file cannot be read.
    #[error("the spooled file cannot be read")]
    Spool(#[from] std::io::Error),
    /// The step failed.
    #[error("the rows could not be stored")]
    Step(#[from] StepError),
}

impl From<StoreError> for IntakeError {
    fn from(error: StoreError) -> IntakeError {
        IntakeError::Step(StepError::Store(error))
    }
}

/// An import as taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The import with its counts.
    pub import: ImportRow,
    /// It had been taken before; nothing was written now.
    pub repeated: bool,
}

/// Takes one spooled file. Resumes an interrupted import of the same key and
/// content; answers as the first time when it was complete.
pub async fn intake(
    deps: &Arc<Deps>,
    grant: &Grant,
    upload: &UploadHeader,
    path: &Path,
) -> Result<Taken, IntakeError> {
    let layout = allowed_layout(grant, upload)?;
    let spool = path.to_owned();
    let (digest, size) = offload(move || digest_of(&spool)).await??;
    let known = deps
        .store
        .import_by_key(&upload.source, &upload.dataset, upload.revision)
        .await?;
    if let Some(import) = &known {
        if import.header.digest != digest {
            return Err(IntakeError::OtherContent(import.header.id));
        }
        if import.state == ImportState::Received {
            return Ok(Taken {
                import: import.clone(),
                repeated: true,
            });
        }
    }
    let now = deps.clock.now();
    let header = known.as_ref().map_or_else(
        || ImportHeader {
            id: ImportId::from_uuid(new_id(now)),
            source: upload.source.clone(),
            dataset: upload.dataset.clone(),
            revision: upload.revision,
            scope: upload.scope,
            as_of: upload.as_of,
            digest,
            size,
            received_at: now,
        },
        |import| import.header.clone(),
    );
    let survey = survey(deps, &header, layout, path).await?;
    let import = match known {
        Some(import) => import,
        None => open_import(deps, grant, upload, &header, &survey).await?,
    };
    let import = take_rows(deps, layout, path, import, survey).await?;
    deps.store.publish(u32::MAX).await?;
    deps.work.notify_waiters();
    Ok(Taken {
        import,
        repeated: false,
    })
}

fn allowed_layout(grant: &Grant, upload: &UploadHeader) -> Result<&'static Layout, IntakeError> {
    let sends = grant
        .sources()
        .iter()
        .any(|source| source == upload.source.as_str());
    let placed = upload.scope.level() >= Level::County && grant.covers(upload.scope);
    if grant.operation() != Operation::Import || !sends || !placed {
        return Err(IntakeError::NotAllowed);
    }
    let layout = ingest::layout_for(upload.dataset.as_str())
        .filter(|layout| layout.source() == upload.source.as_str());
    layout.ok_or_else(|| IntakeError::UnknownDataset {
        source_name: upload.source.to_string(),
        dataset: upload.dataset.to_string(),
    })
}

fn digest_of(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0u64;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex::encode(hasher.finalize()), size));
        }
        hasher.update(&buffer[..read]);
        size += read as u64;
    }
}

async fn survey(
    deps: &Arc<Deps>,
    header: &ImportHeader,
    layout: &'static Layout,
    path: &Path,
) -> Result<Survey, IntakeError> {
    let (deps, header, path) = (deps.clone(), header.clone(), path.to_owned());
    let surveyed = offload(move || -> Result<Survey, IntakeError> {
        let cx = ingest::Context {
            header: &header,
            divisions: &deps.divisions,
            synthetic: deps.settings.synthetic,
        };
        Ok(ingest::survey(
            BufReader::new(File::open(path)?),
            layout,
            &cx,
        )?)
    });
    surveyed.await?
}

async fn open_import(
    deps: &Deps,
    grant: &Grant,
    upload: &UploadHeader,
    header: &ImportHeader,
    survey: &Survey,
) -> Result<ImportRow, IntakeError> {
    let import = ImportRow {
        header: header.clone(),
        file_name: upload.file_name.clone(),
        uploader: grant.officer(),
        state: ImportState::Receiving,
        next_line: 0,
        counts: RowCounts::default(),
    };
    let about = AboutFile {
        shape: survey.shape.clone(),
        notes: survey.notes.clone(),
        yuan_total_fen: survey.yuan_total.as_fen(),
        rows: Some(survey.rows),
    };
    let value = serde_json::to_string(&about).map_err(|_| StepError::Damaged("settings"))?;
    let about = Write::Setting {
        key: about_key(header.id),
        value,
    };
    let commit = intake_commit(
        deps,
        header,
        vec![],
        vec![Write::ImportOpened(import.clone()), about],
    );
    deps.store.commit(&commit).await?;
    Ok(import)
}

fn intake_commit(
    deps: &Deps,
    header: &ImportHeader,
    guards: Vec<Guard>,
    writes: Vec<Write>,
) -> Commit {
    Commit {
        kind: CommitKind::Intake,
        partition: header.scope.county(),
        at: deps.clock.now(),
        actor: "intake".to_owned(),
        lease: None,
        guards,
        writes,
        answer: None,
    }
}

/// What is remembered of a file as a whole: the shape to give rows back in,
/// remarks about it, and its control total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutFile {
    /// Header, charset and format.
    pub shape: Shape,
    /// Remarks such as a total row that does not add up.
    pub notes: Vec<RowNote>,
    /// Sum of the layout's control amount, in fen.
    pub yuan_total_fen: i64,
    /// Data rows of the whole file; not known of imports begun before this was
    /// kept.
    #[serde(default)]
    pub rows: Option<u64>,
}

fn about_key(import: ImportId) -> String {
    format!("import:{import}")
}

/// What was found out about an import's file as a whole.
pub async fn about_file(deps: &Deps, import: ImportId) -> Result<Option<AboutFile>, StepError> {
    let text = deps.store.setting(&about_key(import)).await?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| StepError::Damaged("settings")))
        .transpose()
}

/// A kept row's bytes with what it took from the row above: length, bytes,
/// JSON.
fn kept_content(raw: &[u8], inherited: &[Inherited]) -> Vec<u8> {
    let mut content = u32::try_from(raw.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes()
        .to_vec();
    content.extend_from_slice(raw);
    content.extend(serde_json::to_vec(inherited).unwrap_or_default());
    content
}

/// Inverse of [`kept_content`].
pub(crate) fn read_kept_content(content: &[u8]) -> Option<(&[u8], Vec<Inherited>)> {
    let (length, rest) = content.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (raw, inherited) = rest.split_at_checked(length)?;
    Some((raw, serde_json::from_slice(inherited).ok()?))
}

/// A row with something to tell its sender; `content` is in clear.
struct ToKeep {
    line: u32,
    outcome: RowOutcome,
    notes: Vec<RowNote>,
    content: Option<Vec<u8>>,
}

/// One bounded piece of the file, admitted.
#[derive(Default)]
struct Chunk {
    next_line: u32,
    counts: RowCounts,
    admitted: Vec<Admitted>,
    kept: Vec<ToKeep>,
    rows: usize,
}

/// Reads, admits and hands on chunks; runs on a blocking thread and stops when
/// the receiver is gone.
fn read_chunks(
    deps: &Deps,
    layout: &'static Layout,
    path: PathBuf,
    import: &ImportRow,
    survey: &Survey,
    out: &mpsc::Sender<Result<Chunk, FileError>>,
) -> std::io::Result<()> {
    let cx = ingest::Context {
        header: &import.header,
        divisions: &deps.divisions,
        synthetic: deps.settings.synthetic,
    };
    let rows = match ingest::decode_after(survey, BufReader::new(File::open(path)?), layout, &cx) {
        Ok(rows) => rows,
        Err(error) => {
            let _ = out.blocking_send(Err(error));
            return Ok(());
        }
    };
    let mut chunk = Chunk::default();
    for row in rows {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let _ = out.blocking_send(Err(error));
                return Ok(());
            }
        };
        if row.line < import.next_line {
            continue;
        }
        chunk.counts.count(row.outcome);
        chunk.next_line = row.line + 1;
        chunk.rows += 1;
        chunk.admitted.extend(
            row.incoming
                .into_iter()
                .chain(row.unread)
                .map(|incoming| deps.vault.admit(incoming, &import.header)),
        );
        let (line, outcome, notes) = (row.line, row.outcome, row.notes);
        let content = match outcome {
            RowOutcome::Accepted | RowOutcome::Warned => None,
            RowOutcome::Held | RowOutcome::Rejected => Some(kept_content(&row.raw, &row.inherited)),
        };
        if outcome != RowOutcome::Accepted {
            chunk.kept.push(ToKeep {
                line,
                outcome,
                notes,
                content,
            });
        }
        if chunk.rows >= deps.settings.intake_rows
            && out.blocking_send(Ok(std::mem::take(&mut chunk))).is_err()
        {
            return Ok(());
        }
    }
    let _ = out.blocking_send(Ok(chunk));
    Ok(())
}

async fn take_rows(
    deps: &Arc<Deps>,
    layout: &'static Layout,
    path: &Path,
    mut import: ImportRow,
    survey: Survey,
) -> Result<ImportRow, IntakeError> {
    let coverage = survey.coverage.clone();
    let (sender, mut chunks) = mpsc::channel(2);
    let reader = {
        let (deps, path, import) = (deps.clone(), path.to_owned(), import.clone());
        tokio::task::spawn_blocking(move || {
            read_chunks(&deps, layout, path, &import, &survey, &sender)
        })
    };
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let next_line = chunk.next_line.max(import.next_line);
        let (received, counts) = (chunk.counts.received(), add(import.counts, chunk.counts));
        commit_chunk(
            deps,
            &import,
            chunk,
            ImportState::Receiving,
            counts,
            Vec::new(),
        )
        .await?;
        import.next_line = next_line;
        import.counts = counts;
        metrics::counter!("hearth_rows_taken_total", "dataset" => import.header.dataset.to_string())
            .increment(received);
    }
    reader.await.map_err(|_| StepError::Computation)??;
    let counts = import.counts;
    commit_chunk(
        deps,
        &import,
        Chunk {
            next_line: import.next_line,
            ..Chunk::default()
        },
        ImportState::Received,
        counts,
        coverage,
    )
    .await?;
    import.state = ImportState::Received;
    Ok(import)
}

fn add(a: RowCounts, b: RowCounts) -> RowCounts {
    RowCounts {
        accepted: a.accepted + b.accepted,
        warned: a.warned + b.warned,
        held: a.held + b.held,
        rejected: a.rejected + b.rejected,
    }
}

/// Seals and commits one chunk. A lost race for a subject's first key is a
/// conflict; the keys are read again and the chunk sealed anew.
async fn commit_chunk(
    deps: &Arc<Deps>,
    import: &ImportRow,
    chunk: Chunk,
    state: ImportState,
    counts: RowCounts,
    coverage: Vec<Coverage>,
) -> Result<(), IntakeError> {
    let chunk = Arc::new(chunk);
    for attempt in 0.. {
        let mut writes = seal_chunk(deps, import, &chunk).await?;
        if !coverage.is_empty() {
            writes.push(Write::Coverage(coverage.clone()));
        }
        let next_line = chunk.next_line.max(import.next_line);
        writes.push(Write::ImportAdvanced {
            import: import.header.id,
            next_line,
            counts,
            state,
        });
        let guard = Guard::ImportAt {
            import: import.header.id,
            next_line: import.next_line,
        };
        let commit = intake_commit(deps, &import.header, vec![guard], writes);
        match deps.store.commit(&commit).await {
            Ok(_) => return Ok(()),
            Err(StoreError::Conflict) if attempt < KEY_RACES_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Times a chunk is sealed anew after losing the race for a first key.
pub(crate) const KEY_RACES_MAX: u32 = 3;

async fn seal_chunk(
    deps: &Arc<Deps>,
    import: &ImportRow,
    chunk: &Arc<Chunk>,
) -> Result<Vec<Write>, StepError> {
    let subjects = subjects_of_admitted(&chunk.admitted);
    let mut keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, true).await?;
    let (deps, chunk, import_id) = (deps.clone(), chunk.clone(), import.header.id);
    offload(move || {
        let mut writes = seal_admitted(&mut keyring, &chunk.admitted)?;
        let kept = chunk.kept.iter().map(|row| KeptRow {
            import: import_id,
            line: row.line,
            outcome: row.outcome,
            notes: row.notes.clone(),
            raw: row.content.as_ref().map(|content| {
                let place = kept_place(import_id, row.line);
                deps.vault.seal_system(&place, content, &mut OsEntropy)
            }),
        });
        writes.push(Write::RowsKept(kept.collect()));
        Ok(writes)
    })
    .await?
}

/// Whose keys admitted rows are sealed under.
pub(crate) fn subjects_of_admitted(admitted: &[Admitted]) -> BTreeSet<Subject> {
    let named = admitted.iter().flat_map(|a| &a.identities);
    let named = named.map(|identity| Subject::Person(identity.person));
    admitted
        .iter()
        .map(|a| a.record.subject)
        .chain(named)
        .collect()
}

/// Keys, identities and records of admitted rows, sealed.
pub(crate) fn seal_admitted(
    keyring: &mut Keyring,
    admitted: &[Admitted],
) -> Result<Vec<Write>, StepError> {
    let named = admitted.iter().flat_map(|a| &a.identities);
    let identities: BTreeMap<PersonId, &AdmittedIdentity> = named.map(|i| (i.person, i)).collect();
    let identities: Vec<&AdmittedIdentity> = identities.into_values().collect();
    let sealed: Result<Vec<SealedIdentity>, StepError> = identities
        .into_par_iter()
        .map(|identity| {
            let subject = Subject::Person(identity.person);
            let clear = identity.identity.canonical();
            let place = identity_place(identity.person);
            Ok(SealedIdentity {
                person: identity.person,
                blind_index: identity.blind_index,
                sealed: keyring.seal(subject, &place, clear.as_bytes())?,
            })
        })
        .collect();
    let records: Result<Vec<_>, _> = admitted
        .par_iter()
        .map(|a| keyring.seal_record(&a.record))
        .collect();
    Ok(vec![
        Write::SubjectKeys(keyring.take_new()),
        Write::Identities(sealed?),
        Write::Records(records?),
    ])
}

/// Seals records that officers make (outcomes, disputes) with the keys of
/// their subjects; for use inside another commit.
pub(crate) async fn seal_records(deps: &Deps, records: &[Record]) -> Result<Vec<Write>, StepError> {
    let subjects: BTreeSet<Subject> = records.iter().map(|record| record.subject).collect();
    let mut keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, true).await?;
    let sealed: Result<Vec<_>, _> = records
        .iter()
        .map(|record| keyring.seal_record(record))
        .collect();
    Ok(vec![
        Write::SubjectKeys(keyring.take_new()),
        Write::Records(sealed?),
    ])
}
