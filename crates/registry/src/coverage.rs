//! Which complete lists have come: the ground on which absence is judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use domain::record::{Coverage, Revision};
use domain::region::DivisionCode;
use domain::time::{Date, Month};

/// The complete lists known, by dataset and part. A set: the order of inserts
/// does not matter and repeating one changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverageTable {
    datasets: BTreeMap<String, Lists>,
    /// Every as-of day: on it a list begins to count.
    as_of_days: BTreeSet<Date>,
    /// The counties lists are of or lie in.
    counties: BTreeSet<DivisionCode>,
}

/// The complete lists of one dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    parts: BTreeMap<Option<String>, BTreeSet<Dated>>,
    listings: BTreeMap<Revision, BTreeSet<(Date, DivisionCode)>>,
}

/// Coverage in the order of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dated {
    as_of: Date,
    month: Option<Month>,
    revision: Revision,
    coverage: Coverage,
}

impl CoverageTable {
    /// Adds a list; returns whether it was new.
    pub fn insert(&mut self, coverage: Coverage) -> bool {
        let lists = self
            .datasets
            .entry(coverage.dataset.as_str().to_owned())
            .or_default();
        self.as_of_days.insert(coverage.as_of);
        self.counties.extend(coverage.scope.county());
        lists
            .listings
            .entry(coverage.revision)
            .or_default()
            .insert((coverage.as_of, coverage.scope));
        lists
            .parts
            .entry(coverage.part.clone())
            .or_default()
            .insert(Dated {
                as_of: coverage.as_of,
                month: coverage.month,
                revision: coverage.revision,
                coverage,
            })
    }

    /// Every list, by dataset, part and as-of day.
    pub fn iter(&self) -> impl Iterator<Item = &Coverage> {
        self.datasets
            .values()
            .flat_map(|lists| lists.parts.values())
            .flatten()
            .map(|dated| &dated.coverage)
    }

    /// The newest list as of `on` or earlier whose scope contains `place`.
    /// For a subject whose place is unknown pass the county: then only lists of
    /// the whole county or wider apply.
    pub fn latest(
        &self,
        dataset: &str,
        part: Option<&str>,
        place: DivisionCode,
        on: Date,
    ) -> Option<&Coverage> {
        self.lists(dataset)?.latest(part, place, on)
    }

    pub(crate) fn lists(&self, dataset: &str) -> Option<&Lists> {
        self.datasets.get(dataset)
    }

    /// The county all lists are of, when it is one.
    pub(crate) fn only_county(&self) -> Option<DivisionCode> {
        let mut counties = self.counties.iter();
        match (counties.next(), counties.next()) {
            (Some(county), None) => Some(*county),
            _ => None,
        }
    }

    /// The first as-of day after `on`.
    pub(crate) fn next_as_of(&self, on: Date) -> Option<Date> {
        let later = (Bound::Excluded(on), Bound::Unbounded);
        self.as_of_days.range(later).next().copied()
    }
}

impl Lists {
    pub(crate) fn latest(
        &self,
        part: Option<&str>,
        place: DivisionCode,
        on: Date,
    ) -> Option<&Coverage> {
        let lists = self.parts.get(&part.map(str::to_owned))?;
        newest_first(lists, place, on).next()
    }

    /// For each named part, the lists as of `on` or earlier for `place`,
    /// newest first.
    pub(crate) fn parts(
        &self,
        place: DivisionCode,
        on: Date,
    ) -> impl Iterator<Item = (&str, impl Iterator<Item = &Coverage>)> {
        self.parts.iter().filter_map(move |(part, lists)| {
            let part = part.as_deref()?;
            Some((part, newest_first(lists, place, on)))
        })
    }

    /// The lists as of `on` or earlier for `place`, newest first.
    pub(crate) fn newest_first(
        &self,
        part: Option<&str>,
        place: DivisionCode,
        on: Date,
    ) -> impl Iterator<Item = &Coverage> {
        let lists = self.parts.get(&part.map(str::to_owned));
        lists
            .into_iter()
            .flat_map(move |lists| newest_first(lists, place, on))
    }

    /// The as-of day and revision of the newest list as of `on` or earlier.
    pub(crate) fn newest(&self, on: Date) -> Option<(Date, Revision)> {
        let listed = self
            .listings
            .iter()
            .flat_map(|(revision, of)| of.iter().map(|(as_of, _)| (*as_of, *revision)));
        listed.filter(|(as_of, _)| *as_of <= on).max()
    }

    /// The as-of day and scope of the complete list with this revision; `None`
    /// when the batch was not a complete list.
    pub(crate) fn listing(&self, revision: Revision) -> Option<(Date, DivisionCode)> {
        self.listings.get(&revision)?.first().copied()
    }
}

fn newest_first(
    lists: &BTreeSet<Dated>,
    place: DivisionCode,
    on: Date,
) -> impl Iterator<Item = &Coverage> {
    lists
        .iter()
        .rev()
        .skip_while(move |dated| dated.as_of > on)
        .map(|dated| &dated.coverage)
        .filter(move |coverage| coverage.scope.contains(&place))
}
