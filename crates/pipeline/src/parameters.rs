//! Values of parameters under second-person review: one officer proposes, another
//! approves or rejects. Load → decide → commit; what is approved takes effect
//! with the next round.

use std::sync::Arc;

use domain::authority::Grant;
use domain::ids::{OfficerId, ProposalId};
use domain::parameter::{Guarded, ProposalState, ProposedValue};
use rules::{CaseOutcome, Preview, Problem};
use store::StoreError;
use store::commit::{Answer, Commit, CommitKind, Write};
use store::parameters::{ProposalRow, Proposed, ReviewRow};

use crate::clock::new_id;
use crate::deps::Deps;
use crate::error::StepError;
use crate::guard;
use crate::policies::{self, Seen};
use crate::release;

/// Why a value was not proposed or reviewed.
#[derive(Debug, thiserror::Error)]
pub enum ParameterError {
    /// Unknown, or of another place.
    #[error("there is no such proposal or place in scope")]
    NotFound,
    /// The value cannot stand in the registry.
    #[error("the value cannot stand in the registry")]
    Wrong(#[source] Box<Problem>),
    /// The proposer reviews.
    #[error("who proposes a value does not review it")]
    SamePerson,
    /// A case of a policy that uses the parameter fails.
    #[error("a case of a policy that uses the parameter fails")]
    Cases(Box<CaseOutcome>),
    /// What judging everybody found asks for a reason.
    #[error("an approval with these consequences needs a reason")]
    Guarded(Box<Guarded>),
    /// A review says why.
    #[error("a review needs words")]
    Words,
    /// The proposal was reviewed meanwhile.
    #[error("the proposal has version {current}")]
    Version {
        /// Current version.
        current: i64,
    },
    /// Answered before under the same key.
    #[error("answered before")]
    Answered(Box<Answer>),
    /// The key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// The step failed.
    #[error("the proposal could not be stored")]
    Step(#[from] StepError),
}

impl From<StoreError> for ParameterError {
    fn from(error: StoreError) -> ParameterError {
        match error {
            StoreError::Answered(answer) => ParameterError::Answered(answer),
            StoreError::KeyReused => ParameterError::KeyReused,
            other => ParameterError::Step(StepError::Store(other)),
        }
    }
}

impl From<Problem> for ParameterError {
    fn from(problem: Problem) -> ParameterError {
        ParameterError::Wrong(Box::new(problem))
    }
}

/// What a value would do, without proposing it.
pub async fn preview(deps: &Deps, value: &ProposedValue) -> Result<Preview, ParameterError> {
    Ok(policies::refresh(deps).await?.set.propose(value)?)
}

/// Proposes a value for a place of the grant.
pub async fn propose(
    deps: &Arc<Deps>,
    grant: &Grant,
    value: ProposedValue,
    answer: impl FnOnce(&Proposed) -> Option<Answer> + Send,
) -> Result<Proposed, ParameterError> {
    if !grant.covers(value.region) {
        return Err(ParameterError::NotFound);
    }
    let seen = policies::refresh(deps).await?;
    seen.set.propose(&value)?;
    let at = deps.clock.now();
    let proposed = Proposed {
        proposal: ProposalRow {
            id: ProposalId::from_uuid(new_id(at)),
            value,
            by: grant.officer(),
            at,
        },
        review: None,
    };
    policies::tried(deps, seen.reviews, &proposed).await??;
    let write = Write::Proposal(proposed.proposal.clone());
    let commit = commit(deps, grant, &proposed, write, answer(&proposed));
    deps.store.commit(&commit).await?;
    Ok(proposed)
}

/// What a second person says.
pub struct Review {
    /// Of which proposal.
    pub proposal: ProposalId,
    /// The version seen (`If-Match`).
    pub version: i64,
    /// Approve, or reject.
    pub approve: bool,
    /// Why; never empty.
    pub words: String,
    /// Why it is approved in spite of what judging everybody found.
    pub reason: Option<String>,
}

/// Approves or rejects what another person proposed for a place of the grant.
pub async fn review(
    deps: &Arc<Deps>,
    grant: &Grant,
    review: &Review,
    answer: impl FnOnce(&Proposed) -> Option<Answer> + Send,
) -> Result<Proposed, ParameterError> {
    // One at a time: an impatient second click finds the proposal reviewed
    // instead of judging a county once more.
    let _turn = if review.approve {
        Some(deps.policies.judging().lock().await)
    } else {
        None
    };
    let mut proposed = pending(deps, grant, review).await?;
    let words = review.words.trim();
    if words.is_empty() {
        return Err(ParameterError::Words);
    }
    let seen = policies::refresh(deps).await?;
    let at = deps.clock.now();
    let mut row = ReviewRow {
        // Who approves has seen every value approved before.
        number: seen.reviews + 1,
        proposal: review.proposal,
        approved: review.approve,
        words: words.to_owned(),
        guarded: None,
        by: grant.officer(),
        at,
    };
    proposed.review = Some(row.clone());
    if review.approve {
        row.guarded = Some(guarded(deps, &seen, &proposed, review.reason.as_deref()).await?);
        proposed.review = Some(row.clone());
    }
    let mut commit = commit(
        deps,
        grant,
        &proposed,
        Write::Review(row),
        answer(&proposed),
    );
    if review.approve {
        // Files released meanwhile were not joined with the value.
        commit.guards.push(release::is_last(seen.releases));
    }
    match deps.store.commit(&commit).await {
        Ok(_) => {}
        Err(StoreError::Conflict) => {
            let now = deps.store.proposal(grant, review.proposal).await?;
            let current = now.map_or(0, |one| one.state().version());
            if current == review.version {
                // Another proposal was reviewed, or files were released: look again.
                return Err(ParameterError::Step(StepError::Store(StoreError::Conflict)));
            }
            return Err(ParameterError::Version { current });
        }
        Err(error) => return Err(error.into()),
    }
    deps.work.notify_waiters();
    // The steps do it too; here so that the next page shows what was approved.
    if let Err(error) = policies::refresh(deps).await {
        tracing::error!(%error, "an approved value could not be joined yet");
    }
    Ok(proposed)
}

/// The proposal as it was seen, waiting for another person.
async fn pending(deps: &Deps, grant: &Grant, review: &Review) -> Result<Proposed, ParameterError> {
    let known = deps.store.proposal(grant, review.proposal).await?;
    let known = known.filter(|one| grant.covers(one.proposal.value.region));
    let proposed = known.ok_or(ParameterError::NotFound)?;
    let current = proposed.state().version();
    if current != review.version || proposed.state() != ProposalState::Pending {
        return Err(ParameterError::Version { current });
    }
    if one_person(deps, proposed.proposal.by, grant.officer()).await? {
        return Err(ParameterError::SamePerson);
    }
    Ok(proposed)
}

/// What judging says of a value about to be approved. Cases come first: shares
/// that a broken policy gives say nothing.
async fn guarded(
    deps: &Arc<Deps>,
    seen: &Seen,
    proposed: &Proposed,
    reason: Option<&str>,
) -> Result<Guarded, ParameterError> {
    let value = &proposed.proposal.value;
    seen.set.propose(value)?;
    let then = policies::tried(deps, seen.reviews, proposed).await??;
    let uses = |id: &str| {
        let policy = then.policy(id);
        policy.is_some_and(|policy| policy.parameters.contains(&value.key))
    };
    let cases = policies::cases(deps).await?;
    // Cases came with this program's files; others that are in force are not theirs.
    let is_theirs = deps.policies.in_force().0 == deps.policies.own_hash();
    let failing = |case: &&CaseOutcome| is_theirs && !case.ok && uses(&case.policy);
    let mut failing = cases.iter().filter(failing);
    if let Some(case) = failing.next() {
        return Err(ParameterError::Cases(Box::new(case.clone())));
    }
    let mut guarded = guard::judge(deps, seen, value, then).await?;
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    guarded.reason = reason.map(str::to_owned);
    if guard::asks(&guarded) && guarded.reason.is_none() {
        return Err(ParameterError::Guarded(Box::new(guarded)));
    }
    Ok(guarded)
}

/// One person may hold two accounts.
async fn one_person(deps: &Deps, one: OfficerId, other: OfficerId) -> Result<bool, StepError> {
    if one == other {
        return Ok(true);
    }
    let one = deps.store.account(one).await?;
    let other = deps.store.account(other).await?;
    let holders = one.zip(other);
    Ok(holders.is_some_and(|(one, other)| one.account.holder == other.account.holder))
}

fn commit(
    deps: &Deps,
    grant: &Grant,
    proposed: &Proposed,
    write: Write,
    answer: Option<Answer>,
) -> Commit {
    Commit {
        kind: CommitKind::Administration,
        partition: proposed.proposal.value.region.county(),
        at: deps.clock.now(),
        actor: grant.officer().to_string(),
        lease: None,
        guards: vec![],
        writes: vec![write],
        answer,
    }
}
