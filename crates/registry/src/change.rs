//! When a projection next differs by date alone.
//!
//! Every day on which anything can begin, end, age or go stale is a candidate;
//! the first one after the date is the answer. Too early costs one evaluation,
//! too late would lose an alert, so candidates are taken generously.

use domain::dictionary::{Kind, Mode, View};
use domain::household::{Household, first};
use domain::time::{Date, add_days, add_months};

use crate::coverage::CoverageTable;
use crate::fold::Fold;
use crate::lens::{forgotten_on, stale_on};
use crate::project::FoldSet;

/// The earliest day after `view.on` on which the view can differ by date alone,
/// and no later than a year on. What policies make of a view that stays as it is
/// — months between dates, a window that ends — is not asked here. `stale` is
/// the first day a list that was looked at is too old.
pub(crate) fn next_change_on(
    folds: &FoldSet<'_>,
    coverage: &CoverageTable,
    view: &Household,
    stale: Option<Date>,
) -> Date {
    let mut next = told(folds, coverage, view);
    next.offer(stale);
    for months in view.months.by_item.values().flatten() {
        for def in Kind::all().map(Kind::def) {
            if matches!(def.mode, Mode::Months(dataset) if dataset == months.dataset.as_str()) {
                next.offer(Some(stale_on(def, months.as_of)));
            }
        }
    }
    next.day
}

/// The same for whoever takes lists to come again as they came: of a view in
/// which no list grows stale.
pub fn next_change_kept_fresh(
    folds: &FoldSet<'_>,
    coverage: &CoverageTable,
    view: &Household,
) -> Date {
    told(folds, coverage, view).day
}

/// What begins, ends and ages of what was said.
fn told(folds: &FoldSet<'_>, coverage: &CoverageTable, view: &Household) -> Next {
    let mut next = Next {
        on: view.on,
        day: add_months(view.on, 12),
    };
    next.offer(coverage.next_as_of(view.on));
    let folds = folds
        .household
        .into_iter()
        .chain(folds.people.values().copied());
    folds.for_each(|fold| offer_boundaries(&mut next, fold));
    for person in &view.people {
        let born = first(&person.facts, Kind::Identity).and_then(|i| i.body.date("birth_date"));
        next.offer(born.map(|born| birthday_after(born, view.on)));
    }
    next
}

struct Next {
    on: Date,
    day: Date,
}

impl Next {
    fn offer(&mut self, day: Option<Date>) {
        if let Some(day) = day.filter(|day| *day > self.on) {
            self.day = self.day.min(day);
        }
    }
}

/// Days on which something said begins, ends, leaves the look-back, or — for a
/// date in the past — was told. Of all versions, whichever counts.
fn offer_boundaries(next: &mut Next, fold: &Fold) {
    for (kind, _, thread) in fold.all_threads() {
        for (content, at) in thread.said() {
            next.offer(content.valid.from);
            next.offer(match kind.def().view {
                View::InForce => content.valid.to,
                // What has ended is still seen, until the look-back is over.
                View::Dated => forgotten_on(kind.def(), &content.valid),
            });
            for revision in at.keys().rev() {
                if revision.business_date <= next.on {
                    break;
                }
                next.offer(Some(revision.business_date));
            }
        }
    }
}

/// The first birthday after `on`; one of 29 February falls on 1 March in a
/// common year.
fn birthday_after(born: Date, on: Date) -> Date {
    let in_year = |year: i16| {
        Date::new(year, born.month(), born.day())
            .or_else(|_| Date::new(year, born.month(), 28).map(|day| add_days(day, 1)))
            .unwrap_or(Date::MAX)
    };
    let this_year = in_year(on.year());
    if this_year > on {
        this_year
    } else {
        in_year(on.year().saturating_add(1))
    }
}
