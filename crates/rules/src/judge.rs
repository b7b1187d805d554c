//! One policy, one subject, one date: the verdict, and whether there is
//! something to tell.

use std::collections::BTreeSet;

use domain::dictionary::Kind;
use domain::evaluation::{
    AlertPlan, DeadlineRule, Evaluation, Missing, Nature, Signal, Span, Verdict,
};
use domain::household::{Completeness, Household, WhyUnknown, first};
use domain::ids::{PersonId, Subject};
use domain::time::Date;
use sha2::{Digest, Sha256};

use crate::document::{About, PolicyKind};
use crate::eval::{Frame, Verdicts};
use crate::gap::{Gap, Sought};
use crate::policy::{Plan, Policy, PolicySet, SpanUnit};
use crate::types::Type;
use crate::val::Val;
use crate::words::{Language, Wording};

/// Applies every policy in force to a household and its members.
pub fn evaluate(set: &PolicySet, household: &Household) -> Vec<Evaluation> {
    evaluate_on(set, household, household.on)
}

pub(crate) fn evaluate_on(set: &PolicySet, household: &Household, on: Date) -> Vec<Evaluation> {
    let mut evaluations = Vec::new();
    let verdicts = Verdicts::default();
    let in_force = set.policies().iter().filter(|p| p.valid.contains(on));
    for policy in in_force {
        for person in subjects(policy, household) {
            let frame = Frame::new(&policy.lets, set, household, on, person).sharing(&verdicts);
            let judged = judge(policy, &frame);
            evaluations.push(judged.evaluation(policy, &frame));
        }
    }
    evaluations
}

/// The household itself, or each member in id order; nobody in an empty one.
pub(crate) fn subjects(policy: &Policy, household: &Household) -> Vec<Option<PersonId>> {
    let members: BTreeSet<PersonId> = household.members().map(|p| p.id).collect();
    match policy.about {
        _ if members.is_empty() => Vec::new(),
        About::Household => vec![None],
        About::Person => members.into_iter().map(Some).collect(),
    }
}

/// The policy in force and the person of a subject that it says something
/// about; `None` for the household itself.
pub(crate) fn asked<'s>(
    set: &'s PolicySet,
    household: &Household,
    policy: &str,
    subject: Subject,
) -> Option<(&'s Policy, Option<PersonId>)> {
    let policy = set.in_force(policy, household.on)?;
    let mut all = subjects(policy, household).into_iter();
    let is_asked =
        |person: &Option<PersonId>| person.map_or(household.unit, Subject::Person) == subject;
    Some((policy, all.find(is_asked)?))
}

/// What came of a policy's conditions, and what there is to tell of it.
pub(crate) struct Judged<'a> {
    pub(crate) weighed: Weighed,
    signal: Signalled,
    pub(crate) plan: Option<&'a Plan>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Signalled {
    Holds,
    Gone,
    Unknown,
}

/// The verdict before it is put into words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Met,
    NotMet,
    Undetermined,
    NotApplicable,
}

/// The verdict and what it rests on.
pub(crate) struct Weighed {
    pub(crate) weight: Weight,
    /// One per criterion.
    pub(crate) outcomes: Vec<Result<bool, Gap>>,
    /// All that is missing, whatever the verdict; something when it is open.
    pub(crate) missing: Option<Gap>,
    /// Something that may stay open is open.
    open: bool,
    /// Nothing that must be known is missing, and nothing is false.
    tells: bool,
}

impl Weighed {
    /// The truth value another policy reads.
    pub(crate) fn met(self) -> Result<bool, Gap> {
        match (self.weight, self.missing) {
            (Weight::Undetermined, Some(gap)) => Err(gap),
            (weight, _) => Ok(weight == Weight::Met),
        }
    }

    /// What is missing, in words.
    pub(crate) fn missing(&self, set: &PolicySet) -> Vec<Missing> {
        let missing = self.missing.iter().flat_map(|gap| gap.told(set));
        missing.collect()
    }
}

pub(crate) fn judge<'a>(policy: &'a Policy, frame: &Frame<'a>) -> Judged<'a> {
    let weighed = weigh(policy, frame);
    let (signal, plan) = signalled(policy, frame, &weighed);
    Judged {
        weighed,
        signal,
        plan,
    }
}

pub(crate) fn weigh<'a>(policy: &'a Policy, frame: &Frame<'a>) -> Weighed {
    let applies = match &policy.applies_when {
        Some(expr) => frame.truth(expr),
        None => Ok(true),
    };
    let outcomes: Vec<_> = policy
        .criteria
        .iter()
        .map(|c| match applies {
            // What does not apply is not asked further.
            Ok(false) => Ok(false),
            _ => frame.truth(&c.when),
        })
        .collect();
    let mut missing = None;
    Gap::add_any(&mut missing, composition(policy, frame).err().as_ref());
    Gap::add_any(&mut missing, applies.as_ref().err());
    let gate = missing.is_none();
    let (mut open, mut blocked) = (false, !gate);
    for (index, result) in outcomes.iter().enumerate() {
        if let Err(gap) = result {
            Gap::add(&mut missing, gap);
            let may = may_remain_open(policy, index, gap);
            open |= may;
            blocked |= !may;
        }
    }
    let refused = outcomes.contains(&Ok(false));
    let weight = match applies {
        Ok(false) => Weight::NotApplicable,
        _ if gate && refused => Weight::NotMet,
        _ if missing.is_none() => Weight::Met,
        _ => Weight::Undetermined,
    };
    Weighed {
        weight,
        outcomes,
        missing,
        open,
        tells: !refused && !blocked && weight != Weight::NotApplicable,
    }
}

/// The household's composition must be known by declaration or survey: a
/// person met alone in one list is not a household of one.
fn composition(policy: &Policy, frame: &Frame<'_>) -> Result<(), Gap> {
    if policy.composition.is_empty() {
        return Ok(());
    }
    let household = frame.household;
    let basis = first(&household.facts, Kind::Composition).and_then(|i| i.body.code("basis"));
    if basis.is_some_and(|basis| policy.composition.contains(&basis)) {
        return Ok(());
    }
    let open = household.facts.get(&Kind::Composition);
    let why = match (household.unit, open.map(|list| &list.completeness)) {
        (Subject::Person(_), _) => WhyUnknown::NoHousehold,
        (Subject::Household(_), Some(Completeness::Open(why))) => *why,
        (Subject::Household(_), _) => WhyUnknown::NotRecorded,
    };
    Err(Gap::missing(household.unit, Sought::Composition, why))
}

/// A criterion may stay open when it is named, or when every fact missing for
/// it is of a kind that is named; never because it cannot be computed.
pub(crate) fn may_remain_open(policy: &Policy, criterion: usize, gap: &Gap) -> bool {
    let named = &policy.may_remain_open;
    let is_named = named.contains(&policy.criteria[criterion].id) && !gap.has_no_value();
    is_named || gap.within(named)
}

fn signalled<'a>(
    policy: &'a Policy,
    frame: &Frame<'a>,
    weighed: &Weighed,
) -> (Signalled, Option<&'a Plan>) {
    let (weight, tells) = (weighed.weight, weighed.tells);
    let refused = matches!(weight, Weight::NotMet | Weight::NotApplicable);
    if policy.kind != PolicyKind::Entitlement {
        return match policy.raises.as_ref() {
            Some(plan) if weight == Weight::Met => (Signalled::Holds, Some(plan)),
            _ if refused => (Signalled::Gone, None),
            _ => (Signalled::Unknown, None),
        };
    }
    if weight == Weight::NotApplicable {
        return (Signalled::Gone, None);
    }
    let receiving = match &policy.receiving {
        Some(expr) => frame.truth(expr),
        None => Ok(false),
    };
    // `None` is not known; a plan that is not written can never hold.
    let missed = policy.missed.as_ref().map_or(Some(false), |_| {
        both(
            if refused {
                Some(false)
            } else {
                tells.then_some(true)
            },
            receiving.clone().ok().map(|r| !r),
        )
    });
    let no_longer = policy.no_longer.as_ref().map_or(Some(false), |_| {
        let not_met = match weight {
            Weight::NotMet => Some(true),
            Weight::Met => Some(false),
            _ => None,
        };
        both(not_met, receiving.ok())
    });
    match (missed, no_longer) {
        (Some(true), _) => (Signalled::Holds, policy.missed.as_ref()),
        (_, Some(true)) => (Signalled::Holds, policy.no_longer.as_ref()),
        (Some(false), Some(false)) => (Signalled::Gone, None),
        _ => (Signalled::Unknown, None),
    }
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

impl<'a> Judged<'a> {
    pub(crate) fn verdict(&self, set: &PolicySet) -> Verdict {
        match self.weighed.weight {
            Weight::Met => Verdict::Met,
            Weight::NotMet => Verdict::NotMet,
            Weight::Undetermined => Verdict::Undetermined(self.weighed.missing(set)),
            Weight::NotApplicable => Verdict::NotApplicable,
        }
    }

    pub(crate) fn evaluation(&self, policy: &'a Policy, frame: &Frame<'a>) -> Evaluation {
        let signal = match (self.signal, self.plan) {
            (Signalled::Holds, Some(plan)) => {
                let plan = self.alert_plan(policy, plan, frame);
                let fingerprint = self.fingerprint(policy, &plan, frame);
                Signal::Holds { plan, fingerprint }
            }
            (Signalled::Gone, _) => Signal::Gone,
            _ => Signal::Unknown,
        };
        Evaluation {
            unit: frame.household.unit,
            subject: frame.subject(),
            policy: policy.id.clone(),
            version: policy.version.clone(),
            verdict: self.verdict(frame.set),
            signal,
        }
    }

    fn alert_plan(&self, policy: &'a Policy, plan: &'a Plan, frame: &Frame<'a>) -> AlertPlan {
        let reached = plan
            .level_when
            .iter()
            .find(|(when, _)| frame.truth(when) == Ok(true));
        let date = |expr| match frame.value(expr) {
            Ok(Val::Date(date)) => Some(date),
            _ => None,
        };
        let incident_place =
            policy
                .incident_place
                .as_ref()
                .and_then(|expr| match frame.value(expr) {
                    Ok(Val::Division(code)) => Some(code),
                    _ => None,
                });
        let deadlines = plan.deadlines.iter().filter_map(|rule| {
            // A span that is not set makes no deadline; nothing is guessed.
            let Ok(Val::Number(n)) = frame.value(&rule.within) else {
                return None;
            };
            let n = u16::try_from(n).ok()?;
            let span = match rule.unit {
                SpanUnit::WorkingDays => Span::WorkingDays(n),
                SpanUnit::Days => Span::Days(n),
                SpanUnit::Months => Span::Months(n),
                SpanUnit::Hours => Span::Hours(n),
            };
            let nature = rule.statutory.clone();
            Some(DeadlineRule {
                step: rule.step,
                span,
                nature: nature.map_or(Nature::Platform, Nature::Statutory),
                from: rule.from.as_ref().and_then(date),
            })
        });
        AlertPlan {
            finding: if self.weighed.open {
                plan.grade_when_open
            } else {
                plan.grade
            },
            level: reached.map_or(plan.level, |(_, level)| *level),
            route: policy.route,
            incident_place,
            deadlines: deadlines.collect(),
            clear_after_days: plan.clear_after_days,
            effect_within_days: plan.effect_within_days,
            recheck_on: plan.recheck_on.as_ref().and_then(date),
            confidential: policy.confidential,
        }
    }

    fn fingerprint(&self, policy: &'a Policy, plan: &AlertPlan, frame: &Frame<'a>) -> String {
        let mut hasher = Sha256::new();
        let mut part = |text: &str| {
            hasher.update(text.len().to_be_bytes());
            hasher.update(text.as_bytes());
        };
        part(plan.finding.name());
        for (criterion, result) in policy.criteria.iter().zip(&self.weighed.outcomes) {
            part(&criterion.id);
            part(match result {
                Ok(true) => "true",
                Ok(false) => "false",
                Err(_) => "unknown",
            });
        }
        for expr in &policy.material {
            part(&canonical(&frame.value(expr), &expr.ty));
        }
        hex::encode(hasher.finalize())
    }
}

/// A value as fingerprints see it: exact, and the same on every date.
fn canonical(value: &Result<Val<'_>, Gap>, ty: &Type) -> String {
    match value {
        Err(_) => "?".to_owned(),
        Ok(Val::Amount(amount)) => amount.canonical(),
        Ok(Val::List(list)) => {
            let of = match ty {
                Type::List(of) => of,
                other => other,
            };
            let mut all: Vec<String> = list
                .elements
                .iter()
                .map(|e| canonical(&e.value, of))
                .collect();
            all.sort();
            format!("[{}]", all.join(","))
        }
        Ok(Val::Item(fact)) => fact.item.key.to_string(),
        Ok(Val::Date(date)) => date.to_string(),
        Ok(Val::Month(month)) => month.to_string(),
        Ok(Val::Code(code)) => (*code).to_owned(),
        Ok(known) => {
            let mut words = Wording::default();
            words.value(known, ty, Date::MIN, Language::English);
            words.plain()
        }
    }
}
