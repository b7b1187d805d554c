//! Verdicts under two sets, or of two days, beside each other.

use std::collections::BTreeMap;

use domain::ids::Subject;
use rules::{Outcome, Screened, Standing, Told};

/// Whom a verdict is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct About {
    /// Position of the policy in the set.
    pub(super) policy: usize,
    pub(super) unit: Subject,
    pub(super) subject: Subject,
}

/// Verdicts of both beside each other. The two may be of two days: a policy that
/// is in force on one of them only says 不适用 on the other.
pub(super) fn beside(
    now: Vec<Screened>,
    then: Vec<Screened>,
) -> BTreeMap<About, (Outcome, Outcome)> {
    let about = |one: &Screened| About {
        policy: one.policy,
        unit: one.unit,
        subject: one.subject,
    };
    let none = Outcome::Judged(Standing::NotApplicable, Told::Gone);
    let mut both: BTreeMap<About, (Outcome, Outcome)> = BTreeMap::new();
    for one in now {
        both.insert(about(&one), (one.outcome, none));
    }
    for one in then {
        both.entry(about(&one)).or_insert((none, none)).1 = one.outcome;
    }
    both
}

#[cfg(test)]
mod tests {
    use domain::ids::{HouseholdId, Subject};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_policy_in_force_on_one_of_two_days_is_beside_nothing_else() {
        let unit = |n| Subject::Household(HouseholdId::from_uuid(Uuid::from_u128(n)));
        let met = Outcome::Judged(Standing::Met, Told::Holds);
        let not = Outcome::Judged(Standing::NotMet, Told::Gone);
        let none = Outcome::Judged(Standing::NotApplicable, Told::Gone);
        let one = |policy, n, outcome| Screened {
            policy,
            unit: unit(n),
            subject: unit(n),
            outcome,
        };
        // The first policy begins between the days, the last ends.
        let now = vec![one(1, 7, not), one(1, 8, met), one(2, 7, met)];
        let then = vec![one(0, 7, met), one(1, 7, not), one(1, 8, met)];
        let both = beside(now, then);
        let told: Vec<_> = both
            .iter()
            .map(|(about, both)| (about.policy, *both))
            .collect();
        let same = [(1, (not, not)), (1, (met, met))];
        assert_eq!(
            told,
            [&[(0, (none, met))], &same[..], &[(2, (met, none))]].concat()
        );
    }
}
