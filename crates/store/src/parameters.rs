//! Values proposed for parameters and their reviews: written once each, in their
//! commit's ledger digest, never changed.

use domain::ids::{OfficerId, ProposalId};
use domain::parameter::{Guarded, ProposalState, ProposedValue};
use domain::time::Instant;

/// A value somebody proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalRow {
    /// Id.
    pub id: ProposalId,
    /// What.
    pub value: ProposedValue,
    /// Who.
    pub by: OfficerId,
    /// When.
    pub at: Instant,
}

/// What a second person said. A proposal has at most one.
///
/// A write is taken only with the number after the last one, else it is
/// [`crate::StoreError::Conflict`]: of two who review at once, one reads again,
/// so that no two values are approved without one reviewer having seen the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRow {
    /// Place among all reviews, from 1.
    pub number: i64,
    /// Of which proposal.
    pub proposal: ProposalId,
    /// It was approved.
    pub approved: bool,
    /// The reviewer's words.
    pub words: String,
    /// What judging everybody had said; of approvals since that is done.
    pub guarded: Option<Guarded>,
    /// Who.
    pub by: OfficerId,
    /// When.
    pub at: Instant,
}

/// A proposal with its review, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// What was proposed.
    pub proposal: ProposalRow,
    /// What was said of it.
    pub review: Option<ReviewRow>,
}

impl Proposed {
    /// Where it stands.
    pub fn state(&self) -> ProposalState {
        match &self.review {
            None => ProposalState::Pending,
            Some(review) if review.approved => ProposalState::Approved,
            Some(_) => ProposalState::Rejected,
        }
    }
}
