//! What was typed when a session ended: kept sealed for some hours, under the
//! key of the person the alert is about, at a place of one officer. Only that
//! officer gets it back, on the alert's own page.
//!
//! It is no commit: nothing is known from it, and it is forgotten when it was
//! used or has run out. Erasing the person erases it.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::authority::{Officer, Operation};
use domain::ids::{AlertId, OfficerId};
use store::commit::AlertRow;
use store::rows::DraftRow;

use crate::deps::Deps;
use crate::error::StepError;
use crate::sealing::{Keyring, draft_place};

/// How long it is kept: over a night. A platform default.
const KEPT_SECONDS: i64 = 24 * 3600;
/// Longest draft, in bytes.
const BYTES_MAX: usize = 64 * 1024;
/// Drafts of one officer.
const DRAFTS_MAX: usize = 60;

/// Keeps what an officer typed on an alert of a desk of theirs. Answers
/// whether it is kept.
pub async fn keep(
    deps: &Arc<Deps>,
    officer: &Officer,
    alert: AlertId,
    typed: &[u8],
) -> Result<bool, StepError> {
    let Ok(grant) = officer.authorize(Operation::WorkAlerts, "draft") else {
        return Ok(false);
    };
    let now = deps.clock.now();
    let kept = deps.store.drafts(officer.id, now).await?;
    let is_new = kept.iter().all(|draft| draft.alert != alert);
    if typed.len() > BYTES_MAX || (is_new && kept.len() >= DRAFTS_MAX) {
        return Ok(false);
    }
    let Some(row) = deps.store.alert(&grant, alert).await? else {
        return Ok(false);
    };
    let subjects = BTreeSet::from([row.subject]);
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let sealed = keyring.seal(row.subject, &draft_place(officer.id, alert), typed)?;
    let draft = DraftRow {
        officer: officer.id,
        alert,
        sealed,
        expires_at: now.plus_seconds(KEPT_SECONDS),
    };
    deps.store.keep_draft(&draft, now).await?;
    Ok(true)
}

/// What the officer typed on this alert, if anything is kept.
pub async fn of(
    deps: &Arc<Deps>,
    officer: OfficerId,
    row: &AlertRow,
) -> Result<Option<Vec<u8>>, StepError> {
    let kept = deps.store.drafts(officer, deps.clock.now()).await?;
    let Some(draft) = kept.into_iter().find(|draft| draft.alert == row.id) else {
        return Ok(None);
    };
    let subjects = BTreeSet::from([row.subject]);
    let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
    let place = draft_place(officer, row.id);
    keyring.open(row.subject, &place, &draft.sealed).map(Some)
}

/// Alerts on which something is kept for the officer.
pub async fn waiting(deps: &Arc<Deps>, officer: OfficerId) -> Result<Vec<AlertId>, StepError> {
    let kept = deps.store.drafts(officer, deps.clock.now()).await?;
    Ok(kept.into_iter().map(|draft| draft.alert).collect())
}
