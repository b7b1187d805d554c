//! Before a value is approved everybody it concerns is judged with and without
//! it. A rule that suddenly matches everybody, or nobody, or turns every third
//! verdict, is far oftener a mistake than a reform: the approver then says why
//! it is meant, and that stays with the review.
//!
//! The bounds are platform defaults (平台默认，非法定). They ask for a reason and
//! forbid nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::authority::Grant;
use domain::parameter::{Finding, Found, Guarded, ProposedValue};
use domain::region::{DivisionCode, Level};
use domain::time::{Date, add_days};
use rules::PolicySet;

use crate::deps::Deps;
use crate::error::StepError;
use crate::policies::{self, Seen};
use crate::simulate::{Both, PolicyChange, Simulation, compare};

/// From this share of applicable subjects on, 符合 is nearly everybody: per
/// cent. A platform default.
pub const NEARLY_ALL_PERCENT: u64 = 95;
/// Beyond this share of verdicts a change is large: per cent. A platform
/// default.
pub const CHANGES_PERCENT: u64 = 30;
/// Of fewer subjects a share says nothing: three orphans of three are no
/// alarm. Nothing is asked then, and the review says that nothing was judged.
/// A platform default.
const SUBJECTS_MIN: u64 = 20;
/// Beyond this share of verdicts that only the interpreter can give, nothing
/// was judged in bulk: per cent. A platform default.
const DEFERRED_PERCENT: u64 = 5;

/// What is judged, and on which days.
struct Trial {
    then: Arc<PolicySet>,
    on: Date,
    now_on: Date,
    /// The place had no value: nothing stands before this one.
    first: bool,
}

/// Judges everybody a proposed value concerns. `then` is the set in force with
/// the value.
pub(crate) async fn judge(
    deps: &Arc<Deps>,
    seen: &Seen,
    value: &ProposedValue,
    then: PolicySet,
) -> Result<Guarded, StepError> {
    let trial = trial(deps, seen, value, then).await?;
    let place = value.region.county().unwrap_or(value.region);
    let both = Both {
        now: seen.set.clone(),
        now_on: trial.now_on,
        then: trial.then.clone(),
        keys: BTreeSet::from([value.key.clone()]),
        on: trial.on,
        within: within(value.region),
        counts_only: true,
    };
    let answer = compare(deps, &Grant::for_steps(place), both).await?;
    let using = trial.then.policies().iter();
    let using = using.filter(|p| p.parameters.contains(&value.key) && p.valid.contains(trial.on));
    let using: BTreeSet<&str> = using.map(|policy| policy.id.as_str()).collect();
    Ok(Guarded {
        on: trial.on,
        units: answer.units,
        findings: using
            .into_iter()
            .flat_map(|policy| of_policy(policy, &answer, trial.first))
            .collect(),
        reason: None,
    })
}

/// Whether something was found that asks for a reason.
pub fn asks(guarded: &Guarded) -> bool {
    guarded.findings.iter().any(|one| one.found.asks())
}

/// A value below a county concerns who is registered there.
fn within(region: DivisionCode) -> Option<DivisionCode> {
    let below = matches!(region.level(), Level::Township | Level::Village);
    below.then_some(region)
}

/// A value that is to come is tried as though it held today: lists grow stale
/// with the days, and on a day far ahead everybody would be 待核实 either way.
async fn trial(
    deps: &Deps,
    seen: &Seen,
    value: &ProposedValue,
    then: PolicySet,
) -> Result<Trial, StepError> {
    let today = deps.clock.today();
    let held = |on| {
        let parameters = seen.set.parameters();
        parameters.value(&value.key, value.region, on).is_some()
    };
    let last = value.to.map(|to| add_days(to, -1));
    let (then, on) = if value.from > today {
        let early = ProposedValue {
            from: today,
            to: Some(add_days(today, 1)),
            closes: true,
            review_due: None,
            ..value.clone()
        };
        match policies::supposed(deps, seen.reviews, vec![early]).await? {
            Ok(set) => (set, today),
            // Another value begins today: it stays, and the day itself is tried.
            Err(problem) if problem.code == "parameter.overlap" => (then, value.from),
            Err(problem) => return Err(policies::refused(&[problem])),
        }
    } else {
        (then, last.map_or(today, |last| last.min(today)))
    };
    // A value that has run out is what the new one is held against.
    let before = add_days(value.from, -1);
    let (now_on, first) = match (held(on), held(before)) {
        (true, _) => (on, false),
        (false, true) => (before.min(on), false),
        (false, false) => (on, true),
    };
    Ok(Trial {
        then: Arc::new(then),
        on,
        now_on,
        first,
    })
}

/// What the counts of one policy say.
fn of_policy(id: &str, answer: &Simulation, first: bool) -> Vec<Finding> {
    if answer.left.iter().any(|left| left == id) {
        return vec![Finding {
            policy: id.to_owned(),
            found: Found::NotJudged,
            count: 0,
            of: 0,
        }];
    }
    let nothing = PolicyChange::default();
    of_change(id, answer.policies.get(id).unwrap_or(&nothing), first)
}

/// What the counts of one policy say that was judged in bulk.
pub(crate) fn of_change(id: &str, change: &PolicyChange, first: bool) -> Vec<Finding> {
    let finding = |found, count, of| Finding {
        policy: id.to_owned(),
        found,
        count,
        of,
    };
    let all = change.concerned + change.deferred;
    if all < SUBJECTS_MIN {
        return vec![finding(Found::TooFew, all, all)];
    }
    if beyond(change.deferred, all, DEFERRED_PERCENT) {
        return vec![finding(Found::NotJudged, change.deferred, all)];
    }
    let (met, of) = (change.after.met, change.applicable);
    let mut findings = Vec::new();
    // Nobody before and nobody after is no change; of a first value it is told.
    if met == 0 && (change.before.met > 0 || first) {
        findings.push(finding(Found::Nobody, 0, of));
    }
    if of >= SUBJECTS_MIN && !beyond(of - met, of, 100 - NEARLY_ALL_PERCENT) {
        findings.push(finding(Found::NearlyAll, met, of));
    }
    // A first value makes verdicts of what was unknown: that is what it is for.
    if !first && beyond(change.moved, change.concerned, CHANGES_PERCENT) {
        findings.push(finding(Found::Changes, change.moved, change.concerned));
    }
    findings
}

/// Whether a part is more than so many per cent of the whole.
fn beyond(part: u64, whole: u64, percent: u64) -> bool {
    u128::from(part) * 100 > u128::from(whole) * u128::from(percent)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::simulate::Counts;

    fn found(change: PolicyChange, first: bool) -> Vec<Found> {
        let answer = Simulation {
            units: 0,
            read: 0,
            through: BTreeMap::default(),
            policies: [("p".to_owned(), change)].into(),
            left: Vec::new(),
            deferred: 0,
        };
        let all = of_policy("p", &answer, first);
        all.into_iter().map(|one| one.found).collect()
    }

    fn change(before: u64, after: u64, of: u64, moved: u64) -> PolicyChange {
        let met = |met| Counts {
            met,
            ..Counts::default()
        };
        PolicyChange {
            before: met(before),
            after: met(after),
            applicable: of,
            concerned: of,
            moved,
            ..PolicyChange::default()
        }
    }

    #[test]
    fn a_bound_asks_from_its_very_share_on() {
        assert_eq!(found(change(10, 10, 200, 0), false), []);
        assert_eq!(found(change(10, 189, 200, 60), false), []);
        assert_eq!(
            found(change(10, 190, 200, 60), false),
            [Found::NearlyAll],
            "95 per cent are nearly all"
        );
        assert_eq!(
            found(change(10, 20, 200, 61), false),
            [Found::Changes],
            "more than 30 per cent"
        );
        assert_eq!(found(change(1, 0, 200, 1), false), [Found::Nobody]);
        assert_eq!(found(change(0, 0, 200, 0), false), []);
        assert_eq!(
            found(change(0, 200, 200, 200), false),
            [Found::NearlyAll, Found::Changes]
        );
    }

    #[test]
    fn a_first_value_has_nothing_before_it() {
        assert_eq!(found(change(0, 50, 200, 200), true), []);
        assert_eq!(found(change(0, 0, 200, 200), true), [Found::Nobody]);
        assert_eq!(found(change(0, 199, 200, 200), true), [Found::NearlyAll]);
    }

    #[test]
    fn few_subjects_ask_nothing_and_say_so() {
        assert_eq!(found(change(0, 19, 19, 19), false), [Found::TooFew]);
        assert_eq!(
            found(change(0, 20, 20, 20), false),
            [Found::NearlyAll, Found::Changes]
        );
        assert_eq!(found(PolicyChange::default(), false), [Found::TooFew]);
        // All of a large group fall out of the policy, and few are left in it.
        let left = PolicyChange {
            applicable: 3,
            ..change(100, 3, 200, 197)
        };
        assert_eq!(found(left, false), [Found::Changes]);
    }

    #[test]
    fn what_the_columns_cannot_judge_is_no_clean_bill() {
        let some = PolicyChange {
            deferred: 10,
            ..change(10, 10, 190, 0)
        };
        assert_eq!(found(some, false), []);
        let many = PolicyChange {
            deferred: 11,
            ..change(10, 10, 190, 0)
        };
        assert_eq!(found(many, false), [Found::NotJudged]);
    }
}
