//! How work stands in a county, in numbers: per township what waits, what is
//! late and what was found; and which lists are late. Nobody is shown and
//! nobody is ranked: the unit is a desk, never a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::alert::Found;
use domain::authority::Grant;
use domain::dictionary::Kind;
use domain::region::DivisionCode;
use domain::time::{Date, Month, days_between};
use store::rows::StandingCount;

use crate::apply::APPLY;
use crate::deps::Deps;
use crate::error::StepError;
use crate::people::partition_of;

/// How one desk stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskStanding {
    /// In the backlog.
    pub held: i64,
    /// Not signed for.
    pub raised: i64,
    /// Signed for, verified or handled, not closed.
    pub begun: i64,
    /// Past the earliest deadline and not closed.
    pub overdue: i64,
    /// Found 无法核实.
    pub unverifiable: i64,
    /// Found true.
    pub found_true: i64,
    /// Found true, untrue or wrong data: what 属实率 is of.
    pub found: i64,
}

impl DeskStanding {
    fn add(&mut self, count: &StandingCount) {
        match count.work.as_str() {
            "held" => self.held += count.count,
            "raised" => self.raised += count.count,
            "acknowledged" | "verified" | "handled" => self.begun += count.count,
            _ => {}
        }
        if count.overdue {
            self.overdue += count.count;
        }
        match count.found {
            Some(Found::Unverifiable) => self.unverifiable += count.count,
            Some(Found::True) => {
                self.found_true += count.count;
                self.found += count.count;
            }
            Some(Found::Untrue) => self.found += count.count,
            None => {}
        }
    }
}

/// All desks of a grant, by township; `None` is the county's unplaced desk.
#[derive(Debug, Default)]
pub struct Standing {
    /// By township.
    pub desks: BTreeMap<Option<DivisionCode>, DeskStanding>,
    /// By policy: what came of its alerts.
    pub policies: BTreeMap<String, DeskStanding>,
}

/// Counts for every desk the grant covers.
pub async fn standing(deps: &Arc<Deps>, grant: &Grant) -> Result<Standing, StepError> {
    let mut standing = Standing::default();
    let today = deps.clock.today();
    for count in deps.store.standing(grant, today).await? {
        let desk = standing.desks.entry(count.township).or_default();
        let policy = standing.policies.entry(count.policy.clone()).or_default();
        for standing in [desk, policy] {
            standing.add(&count);
        }
    }
    Ok(standing)
}

/// How fresh one list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListStanding {
    /// Dataset name.
    pub dataset: String,
    /// Which part of it (one payment item), if it comes in parts.
    pub part: Option<String>,
    /// As-of day of the newest complete list; `None` when none ever came.
    pub as_of: Option<Date>,
    /// Its month, for month rows.
    pub month: Option<Month>,
    /// Days after which absence is not believed any more.
    pub fresh_for_days: u16,
    /// Its age in days.
    pub age_days: Option<i64>,
}

impl ListStanding {
    /// Whether absence may still be read from it.
    pub fn is_fresh(&self) -> bool {
        self.age_days
            .is_some_and(|age| age <= i64::from(self.fresh_for_days))
    }
}

/// Every list the dictionary knows, with what came last.
pub async fn lists(deps: &Arc<Deps>, grant: &Grant) -> Result<Vec<ListStanding>, StepError> {
    let today = deps.clock.today();
    let mut fresh_for: BTreeMap<&str, u16> = BTreeMap::new();
    for kind in Kind::all() {
        if let Some(dataset) = kind.covering_dataset() {
            let days = kind.def().fresh_for_days;
            let least = fresh_for.entry(dataset).or_insert(days);
            *least = days.min(*least);
        }
    }
    let mut newest: BTreeMap<(String, Option<String>), (Date, Option<Month>)> = BTreeMap::new();
    if let Some(partition) = partition_of(grant) {
        let through = deps.store.checkpoint(partition, APPLY).await?;
        for coverage in deps.store.coverage(partition, through).await? {
            let key = (coverage.dataset.to_string(), coverage.part);
            let told = (coverage.as_of, coverage.month);
            let known = newest.entry(key).or_insert(told);
            *known = told.max(*known);
        }
    }
    let mut lists = Vec::new();
    for ((dataset, part), (as_of, month)) in &newest {
        let Some(days) = fresh_for.get(dataset.as_str()) else {
            continue;
        };
        lists.push(ListStanding {
            dataset: dataset.clone(),
            part: part.clone(),
            as_of: Some(*as_of),
            month: *month,
            fresh_for_days: *days,
            age_days: Some(days_between(*as_of, today)),
        });
    }
    let never = fresh_for
        .iter()
        .filter(|(dataset, _)| !newest.keys().any(|(known, _)| known == *dataset));
    lists.extend(never.map(|(dataset, days)| ListStanding {
        dataset: (*dataset).to_owned(),
        part: None,
        as_of: None,
        month: None,
        fresh_for_days: *days,
        age_days: None,
    }));
    lists.sort_by_key(|list| (list.is_fresh(), list.as_of.is_none(), list.dataset.clone()));
    Ok(lists)
}
