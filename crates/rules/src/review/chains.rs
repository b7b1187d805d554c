//! Benefits that hang from one another.

use crate::document::PolicyKind;
use crate::policy::PolicySet;
use crate::problem::Place;
use crate::review::Warning;
use crate::written::Written;

/// Benefits that are read as a verdict. Who is 符合 by our reckoning is not yet
/// recognised: what another benefit rests on is `recognition`.
pub(super) fn review(one: &Written<'_>, set: &PolicySet) -> Vec<Warning> {
    let is_benefit = |kind: PolicyKind| kind == PolicyKind::Entitlement;
    if !is_benefit(one.policy.kind) {
        return Vec::new();
    }
    let reads = one.policy.reads.iter();
    let benefits = reads.filter(|read| {
        let read = set.policy(&read.policy);
        read.is_some_and(|read| is_benefit(read.kind))
    });
    let told = benefits.map(|read| {
        let id = &read.policy;
        let place = Place {
            document: read.at.document.clone(),
            line: read.at.line,
            column: read.at.column,
        };
        Warning::at(
            place,
            "verdict.of_benefit",
            format!("待遇以 `{id}` 的判断为前提，应以救助认定（recognition）为准"),
            format!("a benefit rests on the verdict of `{id}`; what counts is its recognition"),
        )
    });
    told.collect()
}
