//! Disclosure: an entry in the ledger for every response that shows identity
//! or sensitive facts, durable before the first byte, many readers sharing one
//! sync. No entry, no data.

use std::sync::Arc;

use domain::authority::Grant;
use domain::ids::Subject;
use store::commit::{Commit, CommitKind, DisclosureRow, Write};
use tokio::sync::{mpsc, oneshot};

use crate::deps::Deps;
use crate::error::StepError;

/// Writes disclosure entries in groups.
#[derive(Clone)]
pub struct Discloser {
    queue: mpsc::Sender<(Commit, oneshot::Sender<bool>)>,
    deps: Arc<Deps>,
}

/// Entries that may wait for one sync.
const GROUP_MAX: usize = 256;

impl Discloser {
    /// Starts the writer; it ends when the last handle is dropped.
    pub fn start(deps: Arc<Deps>) -> Discloser {
        let (queue, mut waiting) = mpsc::channel::<(Commit, oneshot::Sender<bool>)>(GROUP_MAX);
        let store = deps.store.clone();
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(GROUP_MAX);
            while waiting.recv_many(&mut group, GROUP_MAX).await > 0 {
                let (commits, answers): (Vec<Commit>, Vec<oneshot::Sender<bool>>) =
                    group.drain(..).unzip();
                let written = store.commit_group(&commits).await;
                if let Err(error) = &written {
                    tracing::error!(%error, entries = commits.len(), "disclosures not written; responses withheld");
                }
                for answer in answers {
                    let _ = answer.send(written.is_ok());
                }
            }
        });
        Discloser { queue, deps }
    }

    /// Records that `subjects` are about to be shown; returns once it is
    /// durable.
    pub async fn disclose(
        &self,
        grant: &Grant,
        subjects: &[Subject],
        request: &str,
    ) -> Result<(), StepError> {
        let row = DisclosureRow {
            officer: grant.officer(),
            operation: grant.operation(),
            purpose: grant.purpose().to_owned(),
            pseudonyms: subjects
                .iter()
                .map(|subject| self.deps.vault.audit_pseudonym(*subject))
                .collect(),
            request: request.to_owned(),
        };
        let commit = Commit {
            kind: CommitKind::Disclosure,
            partition: None,
            at: self.deps.clock.now(),
            actor: grant.officer().to_string(),
            lease: None,
            guards: vec![],
            writes: vec![Write::Disclosure(row)],
            answer: None,
        };
        let (answer, written) = oneshot::channel();
        self.queue
            .send((commit, answer))
            .await
            .map_err(|_| StepError::Computation)?;
        match written.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(StepError::Computation),
        }
    }
}
