//! What a judged batch changes: verdicts that are others than before, alerts,
//! decisions, feed entries, who may see whom, and the marks it clears.

use std::collections::{BTreeMap, BTreeSet};

use alerts::{NewIds, Placement, RunMode, look_on};
use domain::alert::{Alert, AlertChange, FeedNews};
use domain::dictionary::Kind;
use domain::evaluation::{Decision, Evaluation, Signal, Verdict};
use domain::household::{Household, Person, first};
use domain::ids::{AlertId, DecisionId, Subject};
use domain::region::{DivisionCode, Level};
use domain::time::{Date, Instant, Period};
use rules::PolicySet;
use sha2::{Digest as _, Sha256};
use store::commit::{
    AccessRow, AlertRow, Commit, CommitKind, DecisionRow, Guard, RunRow, UnitRow, VerdictRow, Write,
};

use super::{Batch, EVALUATE};
use crate::clock::new_id;
use crate::deps::Deps;
use crate::error::StepError;
use crate::night::Seen;
use crate::sealing::Keyring;

/// What a batch changes about alerts.
#[derive(Default)]
struct Changed {
    guards: Vec<Guard>,
    rows: Vec<AlertRow>,
    decisions: Vec<DecisionRow>,
    news: Vec<FeedNews>,
}

/// The decision with what it needs at hand; it reads and writes nothing.
pub(super) struct Deciding<'a> {
    pub(super) deps: &'a Deps,
    pub(super) policies: &'a PolicySet,
    pub(super) batch: &'a Batch,
    pub(super) keyring: &'a Keyring,
}

impl Deciding<'_> {
    /// All of it, to be committed together.
    pub(super) fn commit(
        &self,
        views: &[(Seen, Vec<Evaluation>)],
        before: &[VerdictRow],
        rows: &[AlertRow],
    ) -> Result<Commit, StepError> {
        let now = self.deps.clock.now();
        let mut existing: BTreeMap<(Subject, &str), Alert> = BTreeMap::new();
        for row in rows.iter().filter(|row| self.keyring.has(row.subject)) {
            existing.insert(
                (row.subject, row.policy.as_str()),
                self.keyring.open_alert(row)?,
            );
        }
        let mut changed = Changed::default();
        for (seen, evaluations) in views {
            let household = &seen.view;
            for evaluation in evaluations.iter().filter(|e| self.keyring.has(e.subject)) {
                let known = existing.get(&(evaluation.subject, evaluation.policy.as_str()));
                if let Some(change) = self.change(known, household, evaluation, now) {
                    self.add(&mut changed, change, household, evaluation)?;
                }
            }
        }
        let writes = vec![
            Write::Verdicts(self.verdicts(views, before)),
            Write::Alerts(changed.rows),
            Write::Decisions(changed.decisions),
            Write::Feed(changed.news),
            Write::Access(self.access(views)),
            Write::Units(self.units(views)),
            Write::UnitsEnded(self.batch.at_home.iter().copied().collect()),
            Write::DueCleared(self.batch.marks.clone()),
            Write::Run(self.run(views)),
        ];
        Ok(Commit {
            kind: CommitKind::Evaluate,
            partition: Some(self.batch.partition),
            at: now,
            actor: EVALUATE.to_owned(),
            lease: Some(self.batch.lease.clone()),
            guards: changed.guards,
            writes,
            answer: None,
        })
    }

    fn change(
        &self,
        known: Option<&Alert>,
        household: &Household,
        evaluation: &Evaluation,
        now: Instant,
    ) -> Option<AlertChange> {
        let ids = NewIds {
            alert: AlertId::from_uuid(new_id(now)),
            decision: DecisionId::from_uuid(new_id(now)),
        };
        let placement = placement(household, evaluation.subject);
        let cx = alerts::Context {
            now,
            on: self.batch.today,
            calendar: &self.deps.calendar,
            divisions: &self.deps.divisions,
        };
        let mode = self.batch.round.mode;
        let decided = alerts::decide(known, evaluation, &placement, mode, ids, &cx);
        // An unknown verdict changes nothing, but the family may have moved.
        decided.or_else(|| alerts::relocate(known?, &placement, &cx))
    }

    fn add(
        &self,
        changed: &mut Changed,
        change: AlertChange,
        household: &Household,
        evaluation: &Evaluation,
    ) -> Result<(), StepError> {
        if let Some(version) = change.from_version {
            changed.guards.push(Guard::AlertVersion {
                alert: change.after.id,
                version,
            });
        }
        if change.decides {
            changed
                .decisions
                .extend(self.decision(&change, household, evaluation)?);
        }
        let sealed = self.keyring.seal_alert(&change.after)?;
        changed
            .rows
            .push(AlertRow::of(&change.after, look_on(&change.after), sealed));
        changed.news.extend(change.news);
        Ok(())
    }

    fn decision(
        &self,
        change: &AlertChange,
        household: &Household,
        evaluation: &Evaluation,
    ) -> Result<Option<DecisionRow>, StepError> {
        let alert = &change.after;
        let Some(decision) = rules::explain(
            self.policies,
            household,
            &evaluation.policy,
            evaluation.subject,
        ) else {
            return Ok(None);
        };
        let canonical = canonical(&decision)?;
        Ok(Some(DecisionRow {
            id: alert.decision,
            alert: alert.id,
            subject: alert.subject,
            unit: household.unit,
            policy: alert.policy.clone(),
            on: self.batch.today,
            known: self.batch.applied,
            policy_set: decision.policy_set.clone(),
            digest: hex::encode(Sha256::digest(&canonical)),
            sealed: self
                .keyring
                .seal_decision(alert.subject, alert.decision, &canonical)?,
        }))
    }

    /// Verdicts that differ from the ones held, and removals for subjects that
    /// left their unit and for policies that are for them no longer.
    fn verdicts(
        &self,
        views: &[(Seen, Vec<Evaluation>)],
        before: &[VerdictRow],
    ) -> Vec<VerdictRow> {
        let mut held: BTreeMap<(Subject, Subject, &str), &VerdictRow> = before
            .iter()
            .map(|row| ((row.unit, row.subject, row.policy.as_str()), row))
            .collect();
        let mut changed = Vec::new();
        // That a policy is not for somebody is so of most policies and most people,
        // and whoever has a unit was judged by all of its policies.
        let told = views.iter().flat_map(|(_, evaluations)| evaluations);
        for evaluation in told.filter(|one| one.verdict != Verdict::NotApplicable) {
            let row = verdict_row(evaluation, self.batch.today);
            let known = held.remove(&(
                evaluation.unit,
                evaluation.subject,
                evaluation.policy.as_str(),
            ));
            let same = known.is_some_and(|k| {
                (
                    &k.verdict,
                    &k.signal,
                    &k.fingerprint,
                    &k.missing,
                    &k.version,
                ) == (
                    &row.verdict,
                    &row.signal,
                    &row.fingerprint,
                    &row.missing,
                    &row.version,
                )
            });
            if !same {
                changed.push(row);
            }
        }
        changed.extend(held.into_values().map(|row| VerdictRow {
            verdict: None,
            on: self.batch.today,
            ..row.clone()
        }));
        changed
    }

    fn access(&self, views: &[(Seen, Vec<Evaluation>)]) -> Vec<AccessRow> {
        let mut rows = BTreeSet::new();
        for household in views.iter().map(|(seen, _)| &seen.view) {
            let mut add = |subject: Subject| {
                let region = self.region(&placement(household, subject));
                rows.insert(AccessRow {
                    subject,
                    region,
                    valid: Period::ALWAYS,
                });
            };
            let lives = household.members().count() > 0;
            if lives || matches!(household.unit, Subject::Household(_)) {
                add(household.unit);
            }
            household
                .members()
                .for_each(|member| add(Subject::Person(member.id)));
            for member in household.members() {
                let region = self.region(&placement(household, Subject::Person(member.id)));
                rows.extend(visited_in(member, region).map(|region| AccessRow {
                    subject: Subject::Person(member.id),
                    region,
                    valid: Period::ALWAYS,
                }));
            }
        }
        rows.into_iter().collect()
    }

    /// The place responsible, as precisely as it is known, so that a village's
    /// contact finds its own people; the county when the township is unknown or
    /// another bureau's.
    fn region(&self, placement: &Placement) -> DivisionCode {
        let township = |code: &DivisionCode| code.level() >= Level::Township;
        let ours = |code: &DivisionCode| {
            self.deps.divisions.bureau(*code, self.batch.today) == Some(placement.county)
        };
        let place = placement.hukou.filter(township).filter(ours);
        place.unwrap_or(placement.county)
    }

    fn units(&self, views: &[(Seen, Vec<Evaluation>)]) -> Vec<UnitRow> {
        let row = |(Seen { view, .. }, _): &(Seen, Vec<Evaluation>)| UnitRow {
            unit: view.unit,
            partition: self.batch.partition,
            evaluated_on: self.batch.today,
            next_change_on: view.next_change_on,
            policy_set: self.batch.round.stamp.clone(),
        };
        let is_unit =
            |(seen, _): &&(Seen, Vec<Evaluation>)| !self.batch.at_home.contains(&seen.view.unit);
        views.iter().filter(is_unit).map(row).collect()
    }

    fn run(&self, views: &[(Seen, Vec<Evaluation>)]) -> RunRow {
        let mut counts = BTreeMap::from([("units".to_owned(), views.len() as u64)]);
        // Names are put together once, not for each of many verdicts.
        let mut told: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut undetermined: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for evaluation in views.iter().flat_map(|(_, evaluations)| evaluations) {
            let policy = evaluation.policy.as_str();
            *told.entry((policy, evaluation.verdict.name())).or_default() += 1;
            if matches!(evaluation.signal, Signal::Holds { .. }) {
                *told.entry((policy, "flagged")).or_default() += 1;
            }
            if let Verdict::Undetermined(missing) = &evaluation.verdict {
                // One subject counts once for each fact, however often it is missing.
                let facts: BTreeSet<&str> = missing.iter().map(|m| m.fact.as_str()).collect();
                for fact in facts {
                    *undetermined.entry((policy, fact)).or_default() += 1;
                }
            }
        }
        let told = told.into_iter();
        counts.extend(told.map(|((policy, what), n)| (format!("{policy}/{what}"), n)));
        let name = |policy, fact| format!("{policy}/undetermined/{fact}");
        let undetermined = undetermined.into_iter();
        counts.extend(undetermined.map(|((policy, fact), n)| (name(policy, fact), n)));
        RunRow {
            on: self.batch.today,
            mode: mode_name(self.batch.round.mode).to_owned(),
            policy_set: self.policies.hash().to_owned(),
            counts: serde_json::to_string(&counts).expect("a map of numbers is JSON"),
        }
    }
}

/// The village a person is visited in. Only inside the responsible township:
/// a roster opens nobody's file to another one.
fn visited_in(member: &Person, region: DivisionCode) -> Option<DivisionCode> {
    let village = first(&member.facts, Kind::CarePlan)?
        .body
        .division("place")?;
    let township = region.township()?;
    (village.level() == Level::Village && township.contains(&village)).then_some(village)
}

/// Canonical bytes of a decision: JSON in the order of its fields.
pub fn canonical(decision: &Decision) -> Result<Vec<u8>, StepError> {
    serde_json::to_vec(decision).map_err(|_| StepError::Damaged("decisions"))
}

fn mode_name(mode: RunMode) -> &'static str {
    match mode {
        RunMode::Change => "change",
        RunMode::FirstLoad => "first_load",
        RunMode::Everyone => "everyone",
    }
}

fn verdict_row(evaluation: &Evaluation, on: Date) -> VerdictRow {
    let (signal, fingerprint) = match &evaluation.signal {
        Signal::Holds { fingerprint, .. } => ("holds", Some(fingerprint.clone())),
        Signal::Gone => ("gone", None),
        Signal::Unknown => ("unknown", None),
    };
    let missing = match &evaluation.verdict {
        Verdict::Undetermined(missing) => missing.iter().map(|m| m.fact.clone()).collect(),
        Verdict::Met | Verdict::NotMet | Verdict::NotApplicable => Vec::new(),
    };
    VerdictRow {
        unit: evaluation.unit,
        subject: evaluation.subject,
        policy: evaluation.policy.clone(),
        version: evaluation.version.clone(),
        verdict: Some(evaluation.verdict.name().to_owned()),
        signal: signal.to_owned(),
        fingerprint,
        missing,
        on,
    }
}

/// Where a subject is: a person's own places, else the household's.
pub(crate) fn placement(household: &Household, subject: Subject) -> Placement {
    let own = |kind: Kind| match subject {
        Subject::Person(id) => {
            let person = household.person(id)?;
            first(&person.facts, kind)?.body.division("place")
        }
        Subject::Household(_) => None,
    };
    Placement {
        hukou: own(Kind::Hukou).or(household.hukou),
        residence: own(Kind::Residence).or(household.residence),
        county: household.county,
    }
}
