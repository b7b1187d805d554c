//! Proposals, reviews, and the batches of evaluation.

use domain::authority::Grant;
use domain::ids::ProposalId;
use store::commit::Write;
use store::parameters::{ProposalRow, Proposed, ReviewRow};
use store::rows::Ran;
use store::{StoreError, Stored};

use crate::model::state::State;

impl State {
    pub(super) fn proposals_for(&self, grant: &Grant, limit: u32) -> Vec<Proposed> {
        let newest = self.proposals.iter().rev();
        let related = newest.filter(|one| relates(grant, one));
        related.take(limit as usize).cloned().collect()
    }

    pub(super) fn proposal(&self, grant: &Grant, id: ProposalId) -> Option<Proposed> {
        let found = self.proposals.iter().find(|one| one.proposal.id == id);
        found.filter(|one| relates(grant, one)).cloned()
    }

    pub(super) fn approved(&self) -> Vec<Proposed> {
        let approved = |one: &&Proposed| one.review.as_ref().is_some_and(|review| review.approved);
        let mut all: Vec<_> = self.proposals.iter().filter(approved).cloned().collect();
        all.sort_by_key(|one| one.review.as_ref().map(|review| review.number));
        all
    }

    pub(super) fn last_review(&self) -> i64 {
        let reviews = self.proposals.iter().filter_map(|one| one.review.as_ref());
        reviews.map(|review| review.number).max().unwrap_or(0)
    }

    pub(super) fn refuse_proposal(&self, row: &ProposalRow) -> Stored<()> {
        if self.proposals.iter().any(|one| one.proposal.id == row.id) {
            return Err(StoreError::Duplicate("parameter proposal"));
        }
        Ok(())
    }

    /// The next number, of a proposal not reviewed before.
    pub(super) fn refuse_review(&self, row: &ReviewRow) -> Stored<()> {
        let mut all = self.proposals.iter();
        let of = all.find(|one| one.proposal.id == row.proposal);
        let pending = of.is_some_and(|one| one.review.is_none());
        if pending && row.number == self.last_review() + 1 {
            return Ok(());
        }
        Err(StoreError::Conflict)
    }

    pub(super) fn runs(&self, grant: &Grant, limit: u32) -> Vec<Ran> {
        let newest = self.log.iter().rev().filter(|logged| {
            let place = logged.commit.partition;
            place.is_some_and(|place| grant.covers(place))
        });
        let all = newest.flat_map(|logged| {
            let writes = logged.commit.writes.iter().rev();
            writes.filter_map(|write| match write {
                Write::Run(row) => Some(Ran {
                    number: logged.number,
                    at: logged.commit.at,
                    row: row.clone(),
                }),
                _ => None,
            })
        });
        all.take(limit as usize).collect()
    }
}

/// Of a place the grant covers, or of one that holds it.
fn relates(grant: &Grant, one: &Proposed) -> bool {
    let region = one.proposal.value.region;
    grant.covers(region) || grant.regions().iter().any(|own| region.contains(own))
}
