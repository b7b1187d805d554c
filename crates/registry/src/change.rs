//! When a projection next differs by date alone.
//!
//! Every day on which anything can begin, end, age or go stale is a candidate;
//! the first one after the date is the answer. Too early costs one evaluation,
//! too late would lose an alert, so candidates are taken generously.

use domain::dictionary::{Kind, Mode, View};
use domain::household::{Completeness, FactList, Household, first};
use domain::time::{Date, Month, add_days};

use crate::coverage::CoverageTable;
use crate::fold::Fold;
use crate::lens::{forgotten_on, stale_on};
use crate::project::FoldSet;

/// The earliest day after `view.on` on which the view can differ by date alone.
/// Never later than the first of next month, because covered months and months
/// between dates move then.
pub(crate) fn next_change_on(
    folds: &FoldSet<'_>,
    coverage: &CoverageTable,
    view: &Household,
) -> Date {
    let mut next = Next {
        on: view.on,
        day: Month::of(view.on).plus(1).first_day(),
    };
    next.offer(coverage.next_as_of(view.on));
    for fold in folds
        .household
        .into_iter()
        .chain(folds.people.values().copied())
    {
        offer_boundaries(&mut next, fold);
    }
    let facts = view.people.iter().map(|person| &person.facts);
    for (kind, list) in facts.chain([&view.facts]).flatten() {
        offer_staleness(&mut next, *kind, list);
    }
    for months in view.months.by_item.values().flatten() {
        for def in Kind::all().map(Kind::def) {
            if matches!(def.mode, Mode::Months(dataset) if dataset == months.dataset.as_str()) {
                next.offer(Some(stale_on(def, months.as_of)));
            }
        }
    }
    for person in &view.people {
        let born = first(&person.facts, Kind::Identity).and_then(|i| i.body.date("birth_date"));
        next.offer(born.map(|born| birthday_after(born, view.on)));
    }
    next.day
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
            next.offer(content.valid.to);
            if kind.def().view == View::Dated {
                next.offer(forgotten_on(kind.def(), &content.valid));
            }
            for revision in at.keys().rev() {
                if revision.business_date <= next.on {
                    break;
                }
                next.offer(Some(revision.business_date));
            }
        }
    }
}

/// Only the list relied on matters: another takes its place no earlier than its
/// own as-of day, which is a candidate itself.
fn offer_staleness(next: &mut Next, kind: Kind, list: &FactList) {
    if let Completeness::Complete(note) = &list.completeness {
        next.offer(Some(stale_on(kind.def(), note.as_of)));
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
