//! 数据到没到, month by month: which list of which month came when. Nobody is
//! shown; what has not come is not known, and is never read as nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::authority::Grant;
use domain::dictionary::Kind;
use domain::ids::ImportId;
use domain::time::{Date, Instant, Month};
use store::commit::ImportRow;

use crate::apply::APPLY;
use crate::deps::Deps;
use crate::error::StepError;
use crate::people::partition_of;

/// Months shown, this one the last.
const MONTHS: i32 = 6;
/// Imports read at a time, and at most.
const PAGE: u32 = 200;
const READ_MAX: usize = 2_000;

/// One list, or one part of it, by month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListMonths {
    /// Dataset name.
    pub dataset: String,
    /// Which part of it (one payment item), if it comes in parts.
    pub part: Option<String>,
    /// Whether whole lists of it are expected: absence is read from them.
    pub expected: bool,
    /// What came of each month of [`Arrivals::months`].
    pub came: Vec<Vec<Arrival>>,
}

/// One delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// The day it came.
    pub received_on: Date,
    /// Its business date.
    pub business_date: Date,
    /// Rows not taken, or held back for a person to complete.
    pub rows_open: u64,
}

/// Lists by month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Oldest first.
    pub months: Vec<Month>,
    /// By dataset and part.
    pub lists: Vec<ListMonths>,
    /// Older imports were not read.
    pub truncated: bool,
}

/// What came of the last months, inside the grant's regions. The grant is one
/// to read imports.
pub async fn arrivals(deps: &Arc<Deps>, grant: &Grant) -> Result<Arrivals, StepError> {
    let this = Month::of(deps.clock.today());
    let months: Vec<Month> = (0..MONTHS)
        .map(|back| this.plus(back + 1 - MONTHS))
        .collect();
    let (imports, truncated) = imports(deps, grant, months[0]).await?;
    let by_id: BTreeMap<ImportId, &ImportRow> =
        imports.iter().map(|row| (row.header.id, row)).collect();
    let mut came: BTreeMap<(String, Option<String>), BTreeMap<Month, BTreeSet<Arrival>>> =
        BTreeMap::new();
    let mut whole: BTreeSet<ImportId> = BTreeSet::new();
    if let Some(partition) = partition_of(grant) {
        let through = deps.store.checkpoint(partition, APPLY).await?;
        for coverage in deps.store.coverage(partition, through).await? {
            let Some(import) = by_id.get(&coverage.import) else {
                continue;
            };
            whole.insert(coverage.import);
            let month = coverage.month.unwrap_or_else(|| Month::of(coverage.as_of));
            let list = came.entry((coverage.dataset.to_string(), coverage.part));
            let list = list.or_default().entry(month).or_default();
            list.insert(arrival(import));
        }
    }
    for import in imports.iter().filter(|row| !whole.contains(&row.header.id)) {
        let header = &import.header;
        let month = Month::of(header.revision.business_date);
        let list = came.entry((header.dataset.to_string(), None)).or_default();
        list.entry(month).or_default().insert(arrival(import));
    }
    let expected: BTreeSet<&str> = Kind::all()
        .filter_map(domain::dictionary::Kind::covering_dataset)
        .collect();
    for dataset in &expected {
        if !came.keys().any(|(known, _)| known == dataset) {
            came.insert(((*dataset).to_owned(), None), BTreeMap::new());
        }
    }
    let lists = came.into_iter().map(|((dataset, part), mut by_month)| {
        let of = |month: &Month| by_month.remove(month).unwrap_or_default();
        ListMonths {
            expected: expected.contains(dataset.as_str()),
            came: months
                .iter()
                .map(of)
                .map(|came| came.into_iter().collect())
                .collect(),
            dataset,
            part,
        }
    });
    Ok(Arrivals {
        lists: lists.collect(),
        months,
        truncated,
    })
}

fn arrival(import: &ImportRow) -> Arrival {
    Arrival {
        received_on: import.header.received_at.china_date(),
        business_date: import.header.revision.business_date,
        rows_open: import.counts.held + import.counts.rejected,
    }
}

/// Imports whose business date lies in these months, however late they came.
async fn imports(
    deps: &Arc<Deps>,
    grant: &Grant,
    first: Month,
) -> Result<(Vec<ImportRow>, bool), StepError> {
    let mut found = Vec::new();
    let (mut before, mut read): (Option<Instant>, usize) = (None, 0);
    loop {
        let rows = deps.store.imports(grant, before, PAGE).await?;
        before = rows.last().map(|row| row.header.received_at);
        read += rows.len();
        let page = rows.len();
        let wanted = |row: &ImportRow| row.header.revision.business_date >= first.first_day();
        // Received before the first month began, it cannot be about later ones.
        let is_old = rows
            .last()
            .is_some_and(|row| row.header.received_at.china_date() < first.first_day());
        found.extend(rows.into_iter().filter(wanted));
        if page < PAGE as usize || is_old {
            return Ok((found, false));
        }
        if read >= READ_MAX {
            return Ok((found, true));
        }
    }
}
