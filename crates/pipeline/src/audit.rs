//! What auditors ask of the whole: which months of which list never came, what
//! each run of the evaluation did, which alerts were dismissed on which desk, and
//! a sample of those to visit again. Nobody is ranked: the unit is a desk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::alert::{OutcomeCode, Work};
use domain::authority::Grant;
use domain::household::{Facts, Household};
use domain::ids::{AlertId, Subject};
use domain::record::Origin;
use domain::region::DivisionCode;
use domain::time::{Date, Instant, Month};
use sha2::{Digest as _, Sha256};
use store::commit::AlertRow;
use store::rows::AlertFilter;

use crate::apply::APPLY;
use crate::deps::Deps;
use crate::error::StepError;
use crate::people::partition_of;
use crate::sealing::Keyring;

/// The rows behind what a view tells of a subject: a person's own, or all of a
/// household.
pub fn rows_of(household: &Household, subject: Subject) -> Vec<Origin> {
    let origins = |facts: &Facts| -> Vec<Origin> {
        let items = facts.values().flat_map(|list| &list.items);
        items.map(|item| item.origin).collect()
    };
    let whole = household.unit == subject;
    let people = household.people.iter();
    let people = people.filter(|p| whole || Subject::Person(p.id) == subject);
    let mut rows: BTreeSet<Origin> = people.flat_map(|p| origins(&p.facts)).collect();
    if whole {
        rows.extend(origins(&household.facts));
    }
    rows.into_iter().collect()
}

/// The months of one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListMonths {
    /// Dataset name.
    pub dataset: String,
    /// Which part of it (one payment item), if it comes in parts.
    pub part: Option<String>,
    /// First month that came.
    pub first: Month,
    /// Months that came, from the first to today's.
    pub came: usize,
    /// Months in between for which no complete list came: an absence in them
    /// meant nothing.
    pub missing: Vec<Month>,
}

/// Every list that ever came, with the months for which none did. A list without
/// a month of its own counts for the month it is as of.
pub async fn list_months(deps: &Deps, grant: &Grant) -> Result<Vec<ListMonths>, StepError> {
    let Some(partition) = partition_of(grant) else {
        return Ok(Vec::new());
    };
    let through = deps.store.checkpoint(partition, APPLY).await?;
    let mut came: BTreeMap<(String, Option<String>), BTreeSet<Month>> = BTreeMap::new();
    for coverage in deps.store.coverage(partition, through).await? {
        let month = coverage.month.unwrap_or_else(|| Month::of(coverage.as_of));
        let list = (coverage.dataset.to_string(), coverage.part);
        came.entry(list).or_default().insert(month);
    }
    let today = Month::of(deps.clock.today());
    let months = |((dataset, part), months): (_, BTreeSet<Month>)| {
        let first = *months.first()?;
        let missing: Vec<Month> = from_to(first, today)
            .filter(|month| !months.contains(month))
            .collect();
        Some(ListMonths {
            dataset,
            part,
            first,
            came: months.len(),
            missing,
        })
    };
    Ok(came.into_iter().filter_map(months).collect())
}

fn from_to(first: Month, last: Month) -> impl Iterator<Item = Month> {
    let next = move |month: &Month| {
        let after = domain::time::add_months(month.first_day(), 1);
        let after = Month::of(after);
        (after <= last).then_some(after)
    };
    std::iter::successors(Some(first), next)
}

/// What a run counted for one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyCounts {
    /// Subjects evaluated, every visit counted.
    pub evaluated: u64,
    /// Of those, told to somebody.
    pub flagged: u64,
    /// Verdict name to count.
    pub verdicts: BTreeMap<String, u64>,
    /// Fact that was missing to count of 待核实.
    pub missing: BTreeMap<String, u64>,
}

/// Consecutive batches of one day, mode and policy set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunCounts {
    /// When its first batch was.
    pub from: Instant,
    /// When its last batch was.
    pub to: Instant,
    /// The day evaluated for.
    pub on: Date,
    /// `change`, `first_load`, `everyone`.
    pub mode: String,
    /// Policy set.
    pub policy_set: String,
    /// Households and people alone looked at, every visit counted.
    pub units: u64,
    /// By policy.
    pub policies: BTreeMap<String, PolicyCounts>,
}

/// Batches read for one answer. A platform bound.
const BATCHES_MAX: u32 = 2_000;

/// Runs of the evaluation, newest first.
pub async fn runs(deps: &Deps, grant: &Grant) -> Result<Vec<RunCounts>, StepError> {
    let mut runs: Vec<RunCounts> = Vec::new();
    for ran in deps.store.runs(grant, BATCHES_MAX).await? {
        let row = &ran.row;
        let same = runs.last_mut().filter(|run| {
            (run.on, &run.mode, &run.policy_set) == (row.on, &row.mode, &row.policy_set)
        });
        let run = if let Some(run) = same {
            run
        } else {
            runs.push(RunCounts {
                from: ran.at,
                to: ran.at,
                on: row.on,
                mode: row.mode.clone(),
                policy_set: row.policy_set.clone(),
                units: 0,
                policies: BTreeMap::new(),
            });
            runs.last_mut().expect("one was pushed")
        };
        run.from = ran.at;
        let counts: BTreeMap<String, u64> =
            serde_json::from_str(&row.counts).map_err(|_| StepError::Damaged("runs"))?;
        for (key, count) in counts {
            add(run, &key, count);
        }
    }
    Ok(runs)
}

fn add(run: &mut RunCounts, key: &str, count: u64) {
    let Some((policy, about)) = key.split_once('/') else {
        run.units += count;
        return;
    };
    let policy = run.policies.entry(policy.to_owned()).or_default();
    if about == "flagged" {
        policy.flagged += count;
    } else if let Some((_, fact)) = about.split_once('/') {
        *policy.missing.entry(fact.to_owned()).or_default() += count;
    } else {
        policy.evaluated += count;
        *policy.verdicts.entry(about.to_owned()).or_default() += count;
    }
}

/// Why an alert is not being worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dismissal {
    /// 不属实.
    Untrue,
    /// 无法核实.
    Unverifiable,
    /// 暂缓.
    Snoozed,
}

impl Dismissal {
    /// What people call it.
    pub const fn zh(self) -> &'static str {
        match self {
            Dismissal::Untrue => "不属实",
            Dismissal::Unverifiable => "无法核实",
            Dismissal::Snoozed => "暂缓",
        }
    }
}

/// One dismissed alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DismissedAlert {
    /// Alert.
    pub alert: AlertId,
    /// Its subject, to be disclosed before it is shown.
    pub subject: Subject,
    /// Policy.
    pub policy: String,
    /// Desk; `None` is the county's unplaced one.
    pub township: Option<DivisionCode>,
    /// How.
    pub how: Dismissal,
}

/// Dismissed alerts counted, and a sample of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dismissed {
    /// By policy, desk and how.
    pub counts: BTreeMap<(String, Option<DivisionCode>, Dismissal), u64>,
    /// How many there are.
    pub total: usize,
    /// In the order of the draw.
    pub sample: Vec<DismissedAlert>,
    /// Not all alerts were read: counts and sample are of the first ones.
    pub truncated: bool,
}

/// Alerts read for one answer. A platform bound.
const ALERTS_MAX: usize = 20_000;
/// Alerts read at a time.
const PAGE: u32 = 500;

/// Alerts found untrue or unverifiable, and those put off, with a sample drawn
/// by the seed: whoever draws again with the same seed from the same alerts gets
/// the same ones.
pub async fn dismissed(
    deps: &Arc<Deps>,
    grant: &Grant,
    seed: &str,
    sample: usize,
) -> Result<Dismissed, StepError> {
    let filter = AlertFilter {
        work: ["raised", "acknowledged", "verified", "handled", "closed"]
            .map(str::to_owned)
            .to_vec(),
        ..AlertFilter::default()
    };
    let (mut after, mut read, mut truncated) = (None, 0, false);
    let mut found = Vec::new();
    loop {
        let rows = deps.store.alerts(grant, &filter, after, PAGE).await?;
        let subjects = rows.iter().map(|row| row.subject).collect();
        let keyring = Keyring::load(deps.store.as_ref(), &deps.vault, &subjects, false).await?;
        for row in rows.iter().filter(|row| keyring.has(row.subject)) {
            if let Some(how) = dismissal(row, &keyring.open_alert(row)?.work) {
                found.push(DismissedAlert {
                    alert: row.id,
                    subject: row.subject,
                    policy: row.policy.clone(),
                    township: row.township,
                    how,
                });
            }
        }
        read += rows.len();
        if rows.len() < PAGE as usize {
            break;
        }
        if read >= ALERTS_MAX {
            truncated = true;
            break;
        }
        after = rows.last().map(|row| row.id);
    }
    let mut counts = BTreeMap::new();
    for one in &found {
        let key = (one.policy.clone(), one.township, one.how);
        *counts.entry(key).or_default() += 1;
    }
    let total = found.len();
    Ok(Dismissed {
        counts,
        total,
        sample: drawn(found, seed, sample),
        truncated,
    })
}

fn dismissal(row: &AlertRow, work: &Work) -> Option<Dismissal> {
    let outcome = match work {
        Work::Verified { outcome, .. } | Work::Handled { outcome, .. } => Some(*outcome),
        Work::Closed { outcome, .. } => *outcome,
        Work::Held { .. } | Work::Raised | Work::Acknowledged { .. } => None,
    };
    match outcome {
        Some(OutcomeCode::Untrue) => Some(Dismissal::Untrue),
        Some(OutcomeCode::Unverifiable) => Some(Dismissal::Unverifiable),
        _ if row.snoozed_until.is_some() => Some(Dismissal::Snoozed),
        _ => None,
    }
}

/// The first ones by SHA-256 of seed and id: any order of reading gives the same.
fn drawn(mut found: Vec<DismissedAlert>, seed: &str, sample: usize) -> Vec<DismissedAlert> {
    found.sort_by_cached_key(|one| {
        let mut hash = Sha256::new();
        hash.update(seed.as_bytes());
        hash.update([0]);
        hash.update(one.alert.as_uuid().as_bytes());
        hash.finalize()
    });
    found.truncate(sample);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<DismissedAlert> {
        let one = |n: u128| DismissedAlert {
            alert: AlertId::from_uuid(uuid::Uuid::from_u128(n)),
            subject: Subject::Person(domain::ids::PersonId::from_uuid(uuid::Uuid::from_u128(n))),
            policy: "p".to_owned(),
            township: None,
            how: Dismissal::Untrue,
        };
        (0..200).map(one).collect()
    }

    #[test]
    fn a_seed_draws_the_same_from_any_order() {
        let mut reversed = all();
        reversed.reverse();
        let one = drawn(all(), "2026-11", 10);
        assert_eq!(one.len(), 10);
        assert_eq!(drawn(reversed, "2026-11", 10), one);
        assert_eq!(drawn(all(), "2026-11", 20)[..10], one[..]);
        assert_ne!(drawn(all(), "2026-12", 10), one);
        assert_eq!(drawn(all(), "x", 500).len(), 200);
    }

    #[test]
    fn months_are_counted_over_the_turn_of_a_year() {
        let month = |text: &str| text.parse::<Month>().expect("a month");
        let told: Vec<String> = from_to(month("2025-11"), month("2026-02"))
            .map(|month| month.to_string())
            .collect();
        assert_eq!(told, ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(from_to(month("2026-02"), month("2026-01")).count(), 1);
    }
}
