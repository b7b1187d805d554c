//! A fold as canonical JSON: for people to read, and the form earlier releases
//! stored.
//!
//! Maps are written in name order and imports are numbered in id order, so the
//! text depends on the set of records alone. Each content is written once with
//! the rows `[business date, sequence, import, line]` that said it.

use std::collections::{BTreeMap, BTreeSet};

use domain::dictionary::Kind;
use domain::ids::ImportId;
use domain::record::{DatasetId, NaturalKey, Origin, Revision, SourceId};
use domain::time::{Date, Period};
use domain::value::{Body, BodyError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::FoldError;
use crate::fold::{Content, Fold, Said, Thread, ThreadKey};

/// The number the form carries.
const FORM: u8 = 1;

/// Business date, sequence, position of the import, line.
type Row = (Date, u32, usize, u32);
type Threads = BTreeMap<SourceId, BTreeMap<DatasetId, BTreeMap<NaturalKey, Vec<Stated>>>>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    form: u8,
    subject: String,
    imports: Vec<ImportId>,
    facts: BTreeMap<String, Threads>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    says: Option<BTreeMap<String, Json>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unread: bool,
    at: Vec<Row>,
}

impl Fold {
    /// As JSON.
    pub fn to_json(&self) -> String {
        let imports: BTreeSet<ImportId> = self
            .records()
            .map(|(_, _, _, origin)| origin.import)
            .collect();
        let imports: Vec<ImportId> = imports.into_iter().collect();
        let mut facts: BTreeMap<String, Threads> = BTreeMap::new();
        for (kind, key, thread) in self.all_threads() {
            facts
                .entry(kind.def().name.to_owned())
                .or_default()
                .entry(key.source.clone())
                .or_default()
                .entry(key.dataset.clone())
                .or_default()
                .insert(key.key, statements(thread, &imports));
        }
        let stored = Stored {
            form: FORM,
            subject: self.subject().to_string(),
            imports,
            facts,
        };
        serde_json::to_string(&stored).expect("maps with text keys are JSON")
    }

    /// Inverse of [`Fold::to_json`].
    pub(super) fn from_json(bytes: &[u8]) -> Result<Fold, FoldError> {
        let stored: Stored = serde_json::from_slice(bytes)?;
        if stored.form != FORM {
            return Err(FoldError::Form(stored.form));
        }
        let subject = stored.subject.parse().map_err(FoldError::Subject)?;
        let mut fold = Fold::empty(subject);
        let mut named = BTreeSet::new();
        for (name, sources) in stored.facts {
            let kind = Kind::named(&name).ok_or(FoldError::Kind(name))?;
            for (source, datasets) in sources {
                for (dataset, keys) in datasets {
                    for (key, said) in keys {
                        let address = ThreadKey {
                            source: source.clone(),
                            dataset: dataset.clone(),
                            key,
                        };
                        let thread = fold.thread_mut(kind, address);
                        restore(thread, kind, key, said, &stored.imports, &mut named)?;
                    }
                }
            }
        }
        let in_order = stored.imports.is_sorted_by(|a, b| a < b);
        if !in_order || named.len() != stored.imports.len() {
            return Err(FoldError::Tables);
        }
        Ok(fold)
    }
}

fn statements(thread: &Thread, imports: &[ImportId]) -> Vec<Stated> {
    let row = |(revision, origin): (&Revision, &Origin)| {
        let import = imports.partition_point(|known| *known < origin.import);
        (
            revision.business_date,
            revision.sequence,
            import,
            origin.line,
        )
    };
    thread
        .said()
        .map(|(content, at)| Stated {
            from: content.valid.from,
            to: content.valid.to,
            says: content.body().map(fields),
            unread: content.is_unread(),
            at: at.iter().map(row).collect(),
        })
        .collect()
}

fn fields(body: &Body) -> BTreeMap<String, Json> {
    body.fields()
        .map(|(field, value)| (field.def().name.to_owned(), value.to_json()))
        .collect()
}

fn body(kind: Kind, fields: BTreeMap<String, Json>) -> Result<Body, BodyError> {
    let named = [
        ("kind".to_owned(), Json::from(kind.def().name)),
        ("fields".to_owned(), fields.into_iter().collect()),
    ];
    Body::from_json(&named.into_iter().collect())
}

fn restore(
    thread: &mut Thread,
    kind: Kind,
    key: NaturalKey,
    said: Vec<Stated>,
    imports: &[ImportId],
    named: &mut BTreeSet<usize>,
) -> Result<(), FoldError> {
    let wrong = || FoldError::Statements(key);
    if said.is_empty() {
        return Err(wrong());
    }
    for Stated {
        from,
        to,
        says,
        unread,
        at,
    } in said
    {
        let body = says
            .map(|fields| body(kind, fields))
            .transpose()
            .map_err(|source| FoldError::Body { key, source })?;
        let said = match (body, unread) {
            (Some(body), false) => Said::Facts(body),
            (None, true) => Said::Unread,
            (None, false) => Said::Withdrawn,
            (Some(_), true) => return Err(wrong()),
        };
        let content = Content {
            valid: Period { from, to },
            said,
        };
        let withdrawn_with_days =
            content.said == Said::Withdrawn && content.valid != Period::ALWAYS;
        if at.is_empty() || withdrawn_with_days {
            return Err(wrong());
        }
        for (business_date, sequence, import, line) in at {
            named.insert(import);
            let origin = Origin {
                import: *imports.get(import).ok_or(FoldError::Tables)?,
                line,
            };
            let revision = Revision {
                business_date,
                sequence,
            };
            if !thread.note(content.clone(), revision, origin) {
                return Err(wrong());
            }
        }
    }
    Ok(())
}
