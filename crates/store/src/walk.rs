//! Along which indexes a list of alerts is walked.

use std::collections::BTreeSet;

use domain::authority::Grant;
use domain::region::Level;
use domain::time::Date;

use crate::commit::AlertRow;
use crate::encode::level_rank;
use crate::rows::AlertFilter;

/// Work states that are on a desk; what a list without wishes shows.
pub(crate) const ON_A_DESK: [&str; 4] = ["raised", "acknowledged", "verified", "handled"];

/// Walks of one list; a grant of more regions sorts what it finds.
const WALKS_MAX: usize = 8;

/// What finds the rows of a list. None of it widens what a grant covers.
#[derive(Debug)]
pub(crate) enum Walk {
    /// Everything.
    All,
    /// What lies on the desks of a county.
    County(String),
    /// What lies on the county's own desk, unplaced.
    Unplaced(String),
    /// What lies on the desk of a township.
    Township(String),
    /// What a township assists with.
    Assist(String),
}

impl Walk {
    /// The code it looks for.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Walk::All => None,
            Walk::County(code)
            | Walk::Unplaced(code)
            | Walk::Township(code)
            | Walk::Assist(code) => Some(code),
        }
    }
}

/// The walks that together find what a filter asks for.
pub(crate) fn walks(grant: &Grant, filter: &AlertFilter) -> Vec<Walk> {
    if !filter.work.is_empty() || filter.unit.is_some() {
        return vec![Walk::All];
    }
    if let Some(township) = filter.township {
        return vec![Walk::Township(township.to_string())];
    }
    let mut walks = Vec::new();
    for region in grant.regions() {
        let code = region.to_string();
        match region.level() {
            Level::County if filter.unplaced => walks.push(Walk::Unplaced(code)),
            Level::County => walks.push(Walk::County(code)),
            Level::Township => walks.extend([Walk::Township(code.clone()), Walk::Assist(code)]),
            _ => return vec![Walk::All],
        }
    }
    if walks.is_empty() || walks.len() > WALKS_MAX {
        vec![Walk::All]
    } else {
        walks
    }
}

/// The first rows of all walks, each row once.
pub(crate) fn merged(pages: Vec<Vec<AlertRow>>, limit: u32) -> Vec<AlertRow> {
    let mut rows: Vec<AlertRow> = pages.into_iter().flatten().collect();
    rows.sort_by_key(|row| {
        (
            -level_rank(row.level),
            row.due_on.unwrap_or(Date::MAX),
            row.id,
        )
    });
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row.id));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    rows
}
