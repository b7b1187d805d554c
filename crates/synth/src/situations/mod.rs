//! Hand-made families for the committed samples: each shows one alert that must
//! rise, or one trap in which none may.
//!
//! Numbers are those of the list of situations that caseworkers drew up; what
//! needs feeds that do not exist yet is left to them.

mod alerts;
mod build;
mod care;
mod custody;
mod duties;
mod hardship;
mod incidents;
mod labour;
mod leads;
mod records;
mod school;
mod traps;

use domain::evaluation::{AlertLevel, Finding};
use domain::resident_id::ResidentId;
use domain::time::Date;
use serde::{Deserialize, Serialize};

use crate::model::Household;
use crate::places::Places;

/// Policies the samples are judged by.
pub(crate) const POLICIES: &[&str] = &[
    "subsistence_allowance",
    "individual_case",
    "nursing_subsidy",
    "living_subsidy",
    "low_income_medical",
    "paid_after_death",
    "member_died",
    "urgent_lead",
    "duplicate_benefit",
    "certificate_expiring",
    "periodic_check_due",
    "grace_ending",
    "senior_allowance",
    "main_worker_died",
    "custody_still_counted",
    "unattended_child",
    "new_vehicle",
    "unemployed_without_benefit",
    "job_found",
    "extreme_difficulty",
    "obligor_changed",
    "marginal",
    "expenditure_hardship",
    "school_dropout",
    "student_aid_missing",
    "orphan_turning_adult",
    "incident",
    "large_medical_bill",
    "orphan",
    "death_unconfirmed",
    "record_contradiction",
    "visit_needs_help",
];

/// Finding and level of an alert.
pub(crate) type Told = (Finding, AlertLevel);

/// One alert that a situation must raise.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// Which policy.
    pub(crate) policy: &'static str,
    /// About whom; absent when about the household.
    pub(crate) who: Option<ResidentId>,
    /// Which finding and level.
    pub(crate) finding: Told,
    /// Why, in words.
    pub(crate) why: &'static str,
}

/// One situation.
#[derive(Clone, Debug)]
pub(crate) struct Situation {
    /// Its number in the list.
    pub(crate) number: u32,
    /// What it is.
    pub(crate) zh: &'static str,
    /// The same in English.
    pub(crate) en: &'static str,
    /// Its families.
    pub(crate) households: Vec<Household>,
    /// Alerts it must raise; none in a trap.
    pub(crate) alerts: Vec<Expected>,
    /// Why there is no alert, or what the alert rests on.
    pub(crate) why: &'static str,
}

impl Situation {
    /// A situation of one family with nothing expected yet.
    pub(crate) fn new(
        number: u32,
        zh: &'static str,
        en: &'static str,
        household: Household,
    ) -> Situation {
        Situation {
            number,
            zh,
            en,
            households: vec![household],
            alerts: Vec::new(),
            why: "",
        }
    }

    /// One more family.
    pub(crate) fn and(mut self, household: Household) -> Situation {
        self.households.push(household);
        self
    }

    /// Expects an alert about the member at `position` of the first family.
    pub(crate) fn raises(
        mut self,
        policy: &'static str,
        position: usize,
        finding: Told,
        why: &'static str,
    ) -> Situation {
        let who = self.households[0].members[position].id.clone();
        self.alerts.push(Expected {
            policy,
            who: Some(who),
            finding,
            why,
        });
        self
    }

    /// Expects an alert about the first family.
    pub(crate) fn raises_for_family(
        mut self,
        policy: &'static str,
        finding: Told,
        why: &'static str,
    ) -> Situation {
        self.alerts.push(Expected {
            policy,
            who: None,
            finding,
            why,
        });
        self
    }

    /// Why nothing (else) may rise.
    pub(crate) fn because(mut self, why: &'static str) -> Situation {
        self.why = why;
        self
    }

    /// The number of its first family; absent when it has none on the register.
    pub(crate) fn household_number(household: &Household) -> Option<String> {
        let known = household.members.iter().any(|m| !m.is_stranger());
        known.then(|| household.number.clone())
    }
}

/// One line of `expected.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// Number of the situation.
    pub situation: u32,
    /// 户编号; absent for people of no household we know.
    pub household_number: Option<String>,
    /// Who in the household; absent when it is about the household, or nobody.
    pub resident_id: Option<String>,
    /// Whom a report without an identity number is about, as the grid's leads
    /// tell such people apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Who reported, when it was not the grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_by: Option<String>,
    /// Policy.
    pub policy: String,
    /// Name of a finding, or `none`.
    pub finding: String,
    /// Name of a level; absent for `none`.
    pub level: Option<String>,
    /// Why.
    pub why: String,
}

/// What the situations expect: one line per alert, and `none` for every other
/// policy of every family.
pub(crate) fn expectations(situations: &[Situation]) -> Vec<Expectation> {
    let mut lines = Vec::new();
    for situation in situations {
        for (nth, household) in situation.households.iter().enumerate() {
            let number = Situation::household_number(household);
            let stranger = household.members.iter().find(|m| m.is_stranger());
            let alone = number.is_none();
            let mut leads = household.leads.iter().filter(|_| alone);
            let town = &household.residence.town;
            let report = leads.find_map(|lead| lead.stands_for(town));
            let mut rows = household.incidents.iter().filter(|_| alone);
            let listed = rows.find_map(|incident| incident.stands_for(town));
            let report_by = listed.as_ref().map(|_| "emergency".to_owned());
            let report = report.or(listed);
            for policy in POLICIES.iter().copied() {
                let alerts: Vec<_> = situation
                    .alerts
                    .iter()
                    .filter(|a| nth == 0 && a.policy == policy)
                    .collect();
                let line = |who: Option<&ResidentId>, told: Option<Told>, why: &str| Expectation {
                    situation: situation.number,
                    household_number: number.clone(),
                    resident_id: who.map(|id| id.as_str().to_owned()),
                    report: report.clone(),
                    report_by: report_by.clone(),
                    policy: policy.to_owned(),
                    finding: told
                        .map_or("none", |(finding, _)| finding.name())
                        .to_owned(),
                    level: told.map(|(_, level)| level.name().to_owned()),
                    why: why.to_owned(),
                };
                // Who is listed in two households is judged in one of them.
                let shared = |a: &Expected| {
                    let who = a.who.as_ref();
                    who.is_some_and(|id| household.members.iter().any(|m| m.id == *id))
                };
                let mut others = situation.alerts.iter().filter(|a| a.policy == policy);
                if alerts.is_empty() && others.any(shared) {
                    continue;
                }
                if alerts.is_empty() {
                    let who = stranger.filter(|_| alone).map(|m| &m.id);
                    lines.push(line(who, None, situation.why));
                }
                lines.extend(
                    alerts
                        .iter()
                        .map(|a| line(a.who.as_ref(), Some(a.finding), a.why)),
                );
            }
        }
    }
    lines
}

/// All situations on the date of the samples.
pub(crate) fn all(places: &Places, on: Date) -> Vec<Situation> {
    let desk = build::Desk { places, on };
    let mut all = alerts::all(&desk);
    all.extend(traps::all(&desk));
    all.extend(leads::all(&desk));
    all.extend(duties::all(&desk));
    all.extend(labour::all(&desk));
    all.extend(custody::all(&desk));
    all.extend(hardship::all(&desk));
    all.extend(school::all(&desk));
    all.extend(incidents::all(&desk));
    all.extend(records::all(&desk));
    all.extend(care::all(&desk));
    all.sort_by_key(|s| s.number);
    all
}
