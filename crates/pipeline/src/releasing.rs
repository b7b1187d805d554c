//! The county releases a number of alerts from the backlog at once.
//!
//! Which ones is dispatch's own order: what still holds, most pressing first,
//! then oldest. The choice is committed under the request's key before the first
//! alert is released, so that sending the request again, or going on after a
//! crash, releases these and no others.

use std::sync::Arc;

use domain::authority::Grant;
use domain::ids::AlertId;
use domain::region::DivisionCode;
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::commit::{AlertRow, Answer, Commit, CommitKind};
use store::rows::AlertFilter;

use crate::deps::Deps;
use crate::error::StepError;

/// Alerts of one request. A platform bound: each is a commit of its own.
pub const RELEASED_MAX: u32 = 200;
/// Names the choice among stored answers.
const ROUTE: &str = "POST /county/release";
/// Held alerts read to choose from.
const READ_MAX: u32 = 2_000;

/// What the county asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// One policy, or all.
    pub policy: Option<String>,
    /// One township, or all of the county and the unplaced desk.
    pub township: Option<DivisionCode>,
    /// How many at most.
    pub number: u32,
}

/// Alerts chosen, with the versions they had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// In the order of release.
    pub alerts: Vec<(AlertId, i64)>,
}

/// Chooses, or answers what was chosen under this key before.
/// [`StoreError::KeyReused`] when the key was used for another wish.
pub async fn choose(
    deps: &Arc<Deps>,
    grant: &Grant,
    wish: &Wish,
    key: &str,
) -> Result<Chosen, StepError> {
    let fingerprint = format!(
        "{}/{}/{}",
        wish.policy.as_deref().unwrap_or("*"),
        wish.township
            .map_or_else(|| "*".to_owned(), |code| code.to_string()),
        wish.number
    );
    let store = deps.store.as_ref();
    if let Some(answer) = store.answer(grant.officer(), ROUTE, key).await? {
        return again(&answer, &fingerprint);
    }
    let filter = AlertFilter {
        policies: wish.policy.iter().cloned().collect(),
        township: wish.township,
        work: vec!["held".to_owned()],
        ..AlertFilter::default()
    };
    let mut rows = store.alerts(grant, &filter, None, READ_MAX).await?;
    rows.retain(|row: &AlertRow| row.condition == "holding");
    rows.sort_by_key(|row| (std::cmp::Reverse(row.level), row.opened_at, row.id));
    rows.truncate(wish.number.min(RELEASED_MAX) as usize);
    let chosen = Chosen {
        alerts: rows.iter().map(|row| (row.id, row.version)).collect(),
    };
    let now = deps.clock.now();
    let commit = Commit {
        kind: CommitKind::Action,
        partition: grant.regions().iter().find_map(DivisionCode::county),
        at: now,
        actor: grant.officer().to_string(),
        lease: None,
        guards: Vec::new(),
        writes: Vec::new(),
        answer: Some(Answer {
            principal: grant.officer(),
            route: ROUTE.to_owned(),
            key: key.to_owned(),
            fingerprint: fingerprint.clone(),
            status: 200,
            body: serde_json::to_string(&chosen).map_err(|_| StepError::Damaged("answers"))?,
            at: now,
        }),
    };
    match store.commit(&commit).await {
        Ok(_) => Ok(chosen),
        Err(StoreError::Answered(answer)) => again(&answer, &fingerprint),
        Err(error) => Err(error.into()),
    }
}

fn again(answer: &Answer, fingerprint: &str) -> Result<Chosen, StepError> {
    if answer.fingerprint != fingerprint {
        return Err(StoreError::KeyReused.into());
    }
    serde_json::from_str(&answer.body).map_err(|_| StepError::Damaged("answers"))
}
