//! Invents counties with ground truth.
//!
//! A county is a seed, a number of households and a date. Everyone in it is
//! invented: identity numbers lie in areas 999001–999999, which no place ever
//! had, telephone and account numbers begin like none in use. Families fit the
//! labelled sample parameters so that a clean one gives no policy anything to
//! say; wrongs are put in on purpose and written down in [`Truth`], and
//! departments' misspellings lie on top.
//!
//! Every household is invented from the seed and its number alone, so files of
//! any size are streamed by [`write_feed`] without holding the county.

mod anomaly;
mod bills;
mod county;
mod defects;
mod dice;
mod dirt;
mod families;
mod feeds;
mod incidents;
mod model;
mod people;
mod places;
mod samples;
mod sheet;
mod situations;
mod truth;
mod words;
mod workbook;

use std::io::{self, Write};

use domain::record::{DatasetId, SourceId};
use domain::region::{DivisionCode, Divisions};
use domain::time::{Date, Month, add_days};

pub use feeds::{Feed, FeedPlan};
pub use people::HOUSEHOLDS_MAX;
pub use samples::{Import, Manifest, sample_county, samples, workbooks_as_lines};
pub use situations::Expectation;
pub use truth::{Anomaly, AnomalyKind, FeedTruth, RowTruth, Truth};

use feeds::Written;
use places::Places;

/// What county to invent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountySpec {
    /// The same seed invents the same county.
    pub seed: u64,
    /// Households on the register; at most [`HOUSEHOLDS_MAX`].
    pub households: u32,
    /// The date everything is true on.
    pub on: Date,
}

/// Rows all files of a county hold per household, somewhat understated.
const ROWS_PER_HOUSEHOLD: u32 = 9;

impl CountySpec {
    /// A county whose files hold at least `rows` rows together.
    pub fn of_rows(seed: u64, rows: u32, on: Date) -> CountySpec {
        CountySpec {
            seed,
            households: rows.div_ceil(ROWS_PER_HOUSEHOLD),
            on,
        }
    }
}

/// One file with what its import header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedFile {
    /// File name.
    pub file_name: String,
    /// Sender.
    pub source: SourceId,
    /// List.
    pub dataset: DatasetId,
    /// Business date.
    pub business_date: Date,
    /// Sequence on that date.
    pub sequence: u32,
    /// The list is complete as of this day, or up to this day for events.
    pub as_of: Option<Date>,
    /// County it is about.
    pub scope: DivisionCode,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A county: what departments send, and what is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct County {
    /// Files in the order of their business dates.
    pub feeds: Vec<FeedFile>,
    /// What is true.
    pub truth: Truth,
}

/// The files a county sends, in the order of their business dates: three months
/// of payments and one of each other feed.
pub fn feeds(spec: &CountySpec) -> Vec<FeedPlan> {
    let month = Month::of(spec.on);
    let day = |days: i32| add_days(spec.on, -days);
    let mut plans: Vec<FeedPlan> = (-2..=0)
        .map(|back| {
            let month = month.plus(back);
            let sent = add_days(month.first_day(), 9).min(spec.on);
            FeedPlan::new(Feed::Payments(month), sent, 1)
        })
        .collect();
    plans.push(FeedPlan::new(Feed::Civil, day(17), 1));
    plans.push(FeedPlan::new(Feed::Disability, day(10), 1));
    plans.push(FeedPlan::new(Feed::Medical, day(5), 1));
    plans.push(FeedPlan::new(Feed::Funeral, day(5), 1));
    plans.push(FeedPlan::new(Feed::Police, day(4), 1));
    plans.push(FeedPlan::new(Feed::Leads, day(0), 1));
    plans.push(FeedPlan::new(Feed::Liberty, day(10), 1));
    plans.push(FeedPlan::new(Feed::Vehicles, day(10), 1));
    plans.push(FeedPlan::new(Feed::Labour, day(12), 1));
    plans.push(FeedPlan::new(Feed::Elders, day(11), 1));
    plans.push(FeedPlan::new(Feed::School, day(43), 1));
    plans.push(FeedPlan::new(Feed::Obligors, day(23), 1));
    plans.push(FeedPlan::new(Feed::Illness, day(14), 1));
    plans.push(FeedPlan::new(Feed::Incidents, day(2), 1));
    plans.sort_by_key(|plan| plan.business_date);
    plans
}

/// Writes one file of a county without holding it.
pub fn write_feed(
    spec: &CountySpec,
    divisions: &Divisions,
    plan: &FeedPlan,
    out: &mut dyn Write,
) -> io::Result<FeedTruth> {
    let places = Places::new(divisions, spec.on);
    feeds::write(plan, spec.seed, invented(spec, &places), out)
}

/// The wrongs put into a county, in household order.
pub fn anomalies(spec: &CountySpec, divisions: &Divisions) -> Vec<Anomaly> {
    wrongs(spec, &Places::new(divisions, spec.on))
}

/// Invents a whole county in memory. A division table without the towns of
/// Wujin yields empty files.
pub fn invent(spec: &CountySpec, divisions: &Divisions) -> County {
    let places = Places::new(divisions, spec.on);
    let mut files = Vec::new();
    let mut truths = Vec::new();
    for plan in feeds(spec) {
        let mut bytes = Vec::new();
        let truth = feeds::write(&plan, spec.seed, invented(spec, &places), &mut bytes)
            .expect("writing to memory does not fail");
        truths.push(truth);
        files.push(file(plan, bytes));
    }
    County {
        feeds: files,
        truth: Truth {
            on: spec.on,
            anomalies: wrongs(spec, &places),
            feeds: truths,
        },
    }
}

fn wrongs(spec: &CountySpec, places: &Places) -> Vec<Anomaly> {
    (0..households(spec, places))
        .filter_map(|index| county::household(spec.seed, index, places, spec.on).anomaly)
        .collect()
}

fn file(plan: FeedPlan, bytes: Vec<u8>) -> FeedFile {
    FeedFile {
        file_name: plan.file_name,
        source: plan.source,
        dataset: plan.dataset,
        business_date: plan.business_date,
        sequence: plan.sequence,
        as_of: plan.as_of,
        scope: plan.scope,
        bytes,
    }
}

fn households(spec: &CountySpec, places: &Places) -> u32 {
    if places.is_empty() {
        return 0;
    }
    spec.households.min(HOUSEHOLDS_MAX)
}

fn invented<'a>(
    spec: &'a CountySpec,
    places: &'a Places,
) -> impl Iterator<Item = Written> + use<'a> {
    (0..households(spec, places)).map(|index| Written {
        index: Some(index),
        household: county::household(spec.seed, index, places, spec.on).household,
    })
}
