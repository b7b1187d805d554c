//! Sealing and opening the cells of the store: which key, which place.
//!
//! The place (table, column, row) is authenticated with every cell, so a cell
//! copied to another row does not open.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use domain::alert::Alert;
use domain::evaluation::Decision;
use domain::ids::{AlertId, DecisionId, ImportId, OfficerId, PersonId, Subject};
use domain::record::{Record, SourceId};
use registry::Fold;
use store::Store;
use store::commit::{AlertRow, DecisionRow, FoldRow, SealedRecord, SubjectKeyRow};
use vault::{Aad, SubjectKey, Vault, WrappedKey};

use crate::clock::OsEntropy;
use crate::error::StepError;

/// Keys of the subjects of one batch.
#[derive(Default)]
pub struct Keyring {
    keys: BTreeMap<Subject, SubjectKey>,
    new: Vec<SubjectKeyRow>,
}

fn aad(table: &'static str, column: &'static str, row: String) -> Aad {
    Aad { table, column, row }
}

fn record_place(record: &Record) -> Aad {
    let Record {
        subject,
        key,
        revision,
        origin,
        ..
    } = record;
    let kind = record.statement.kind().def().name;
    aad(
        "records",
        "sealed",
        format!(
            "{subject}/{kind}/{key}/{revision}/{}/{}",
            origin.import, origin.line
        ),
    )
}

fn sealed_record_place(row: &SealedRecord) -> Aad {
    let SealedRecord {
        subject,
        kind,
        key,
        revision,
        import,
        line,
        ..
    } = row;
    aad(
        "records",
        "sealed",
        format!("{subject}/{kind}/{key}/{revision}/{import}/{line}"),
    )
}

/// The place of a kept row's original bytes.
pub fn kept_place(import: ImportId, line: u32) -> Aad {
    aad("import_rows", "raw", format!("{import}/{line}"))
}

/// The place of a sealed identity.
pub fn identity_place(person: PersonId) -> Aad {
    aad("identities", "sealed", person.to_string())
}

/// The place of an action's note.
pub fn action_place(id: domain::ids::ActionId) -> Aad {
    aad("actions", "sealed", id.to_string())
}

/// The place of a department's task.
pub fn correction_place(id: domain::ids::ActionId) -> Aad {
    aad("corrections", "reason", id.to_string())
}

/// The place of what an officer typed on an alert.
pub fn draft_place(officer: OfficerId, alert: AlertId) -> Aad {
    aad("drafts", "sealed", format!("{officer}/{alert}"))
}

impl Keyring {
    /// Loads the keys of `subjects`; makes keys for those that have none when
    /// `create`.
    pub async fn load(
        store: &dyn Store,
        vault: &Vault,
        subjects: &BTreeSet<Subject>,
        create: bool,
    ) -> Result<Keyring, StepError> {
        let wanted: Vec<Subject> = subjects.iter().copied().collect();
        let mut keyring = Keyring::default();
        for row in store.subject_keys(&wanted).await? {
            let wrapped = WrappedKey::from_bytes(row.wrapped);
            let key =
                vault
                    .unwrap_key(row.subject, &wrapped)
                    .map_err(|source| StepError::Sealed {
                        table: "subject_keys",
                        source,
                    })?;
            keyring.keys.insert(row.subject, key);
        }
        if create {
            for subject in wanted {
                if let Entry::Vacant(place) = keyring.keys.entry(subject) {
                    let (key, wrapped) = vault.new_subject_key(subject, &mut OsEntropy);
                    place.insert(key);
                    let wrapped = wrapped.into_bytes();
                    keyring.new.push(SubjectKeyRow { subject, wrapped });
                }
            }
        }
        Ok(keyring)
    }

    /// Rows of the keys made by [`Keyring::load`], to be written with the cells.
    pub fn take_new(&mut self) -> Vec<SubjectKeyRow> {
        std::mem::take(&mut self.new)
    }

    fn key(&self, subject: Subject) -> Result<&SubjectKey, StepError> {
        self.keys.get(&subject).ok_or(StepError::Erased)
    }

    /// Whether the subject's key exists.
    pub fn has(&self, subject: Subject) -> bool {
        self.keys.contains_key(&subject)
    }

    /// Seals any bytes of a subject at a place.
    pub fn seal(&self, subject: Subject, place: &Aad, plain: &[u8]) -> Result<Vec<u8>, StepError> {
        Ok(self.key(subject)?.seal(place, plain, &mut OsEntropy))
    }

    /// Opens any bytes of a subject at a place.
    pub fn open(&self, subject: Subject, place: &Aad, cell: &[u8]) -> Result<Vec<u8>, StepError> {
        let table = place.table;
        self.key(subject)?
            .open(place, cell)
            .map_err(|source| StepError::Sealed { table, source })
    }

    /// Seals a record.
    pub fn seal_record(&self, record: &Record) -> Result<SealedRecord, StepError> {
        let plain = serde_json::to_vec(&(&record.statement, &record.valid))
            .map_err(|_| StepError::Damaged("records"))?;
        Ok(SealedRecord {
            subject: record.subject,
            kind: record.statement.kind().def().name.to_owned(),
            source: record.source.as_str().to_owned(),
            dataset: record.dataset.as_str().to_owned(),
            key: record.key,
            revision: record.revision,
            import: record.origin.import,
            line: record.origin.line,
            sealed: self.seal(record.subject, &record_place(record), &plain)?,
        })
    }

    /// Opens a record.
    pub fn open_record(&self, row: &SealedRecord) -> Result<Record, StepError> {
        let plain = self.open(row.subject, &sealed_record_place(row), &row.sealed)?;
        let (statement, valid) =
            serde_json::from_slice(&plain).map_err(|_| StepError::Damaged("records"))?;
        Ok(Record {
            source: SourceId::new(&row.source),
            dataset: domain::record::DatasetId::new(&row.dataset),
            key: row.key,
            revision: row.revision,
            subject: row.subject,
            valid,
            statement,
            origin: domain::record::Origin {
                import: row.import,
                line: row.line,
            },
        })
    }

    /// Seals a fold.
    pub fn seal_fold(&self, fold: &Fold) -> Result<Vec<u8>, StepError> {
        let place = aad("folds", "sealed", fold.subject().to_string());
        self.seal(fold.subject(), &place, &fold.to_bytes())
    }

    /// Opens a fold.
    pub fn open_fold(&self, row: &FoldRow) -> Result<Fold, StepError> {
        let place = aad("folds", "sealed", row.subject.to_string());
        let plain = self.open(row.subject, &place, &row.sealed)?;
        Fold::from_bytes(&plain).map_err(StepError::Fold)
    }

    /// Seals an alert's body.
    pub fn seal_alert(&self, alert: &Alert) -> Result<Vec<u8>, StepError> {
        let plain = serde_json::to_vec(alert).map_err(|_| StepError::Damaged("alerts"))?;
        self.seal(
            alert.subject,
            &aad("alerts", "sealed", alert.id.to_string()),
            &plain,
        )
    }

    /// Opens an alert's body.
    pub fn open_alert(&self, row: &AlertRow) -> Result<Alert, StepError> {
        let plain = self.open(
            row.subject,
            &aad("alerts", "sealed", row.id.to_string()),
            &row.sealed,
        )?;
        serde_json::from_slice(&plain).map_err(|_| StepError::Damaged("alerts"))
    }

    /// Seals a decision's canonical bytes.
    pub fn seal_decision(
        &self,
        subject: Subject,
        id: DecisionId,
        canonical: &[u8],
    ) -> Result<Vec<u8>, StepError> {
        self.seal(
            subject,
            &aad("decisions", "sealed", id.to_string()),
            canonical,
        )
    }

    /// Opens a decision.
    pub fn open_decision(&self, row: &DecisionRow) -> Result<Decision, StepError> {
        let plain = self.open(
            row.subject,
            &aad("decisions", "sealed", row.id.to_string()),
            &row.sealed,
        )?;
        serde_json::from_slice(&plain).map_err(|_| StepError::Damaged("decisions"))
    }
}
