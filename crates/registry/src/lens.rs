//! One subject on one date: which version of each key counts, what is visible,
//! and whether that is all.
//!
//! Lists of a snapshot dataset are read by their own time: on a date the newest
//! listing as of that date speaks, so a household of last spring is seen as the
//! lists of last spring had it. Everything else is read by the highest revision
//! known, so that a death told in May is a death in January.

use std::collections::{BTreeMap, BTreeSet};

use domain::dictionary::{About, DICTIONARY, Kind, KindDef, Mode, View};
use domain::household::{Completeness, CoverageNote, FactList, Facts, Item, WhyUnknown};
use domain::record::{Coverage, NaturalKey, Revision};
use domain::region::DivisionCode;
use domain::time::{Date, Period, add_days, add_months};
use domain::value::Body;

use crate::combine::{combine, trust};
use crate::coverage::{CoverageTable, Lists};
use crate::fold::{Fold, Thread, ThreadKey, Version};

/// The day a statement speaks for, then its revision: the order of listings.
type Point = (Date, Revision);

/// A fold seen on a date.
pub(crate) struct Lens<'a> {
    fold: &'a Fold,
    coverage: &'a CoverageTable,
    on: Date,
    /// Where the subject itself is known to be, hukou before residence.
    place: Option<DivisionCode>,
    /// Per snapshot dataset, the newest complete list that named the subject.
    named_by: BTreeMap<&'a str, (Point, DivisionCode)>,
    disputed: BTreeSet<(Kind, NaturalKey, Revision)>,
}

/// What one key yields on the date.
pub(crate) enum Sight<'a> {
    /// A fact.
    Fact(Version<'a>),
    /// Something that must not be relied on, with all it may have said.
    Unknown(WhyUnknown, Version<'a>),
}

impl<'a> Lens<'a> {
    pub(crate) fn new(fold: &'a Fold, coverage: &'a CoverageTable, on: Date) -> Lens<'a> {
        let mut lens = Lens {
            fold,
            coverage,
            on,
            place: None,
            named_by: BTreeMap::new(),
            disputed: disputes(fold),
        };
        lens.named_by = lens.newest_listings();
        lens.place = lens
            .told_place(Kind::Hukou)
            .or_else(|| lens.told_place(Kind::Residence));
        lens
    }

    /// Where the subject itself is known to be.
    pub(crate) fn place(&self) -> Option<DivisionCode> {
        self.place
    }

    /// The place lists must cover to tell about this person: its own, or the
    /// county when nothing narrower is known. Someone registered elsewhere is
    /// not covered by our lists, which is unknown and not none.
    pub(crate) fn reach(&self, county: DivisionCode) -> DivisionCode {
        let wider = |place: &DivisionCode| place.contains(&county);
        self.place.filter(|place| !wider(place)).unwrap_or(county)
    }

    /// The memberships in force. They decide where a person is evaluated, and
    /// that is asked without naming a county, so only the lists' own takes part:
    /// `home` and `project` must never disagree.
    pub(crate) fn memberships(&self) -> FactList {
        self.list(Kind::Membership, None)
    }

    /// The visible facts of every kind about `about`, judged by lists that
    /// cover `reach`.
    pub(crate) fn facts(&self, about: About, reach: Option<DivisionCode>) -> Facts {
        let mut facts: Facts = Kind::all()
            .filter(|kind| kind.def().about == about)
            .map(|kind| (kind, self.list(kind, reach)))
            .collect();
        if about == About::Person {
            leave_unlisted_people_open(&mut facts);
        }
        facts
    }

    /// The visible facts of one kind.
    pub(crate) fn list(&self, kind: Kind, reach: Option<DivisionCode>) -> FactList {
        let def = kind.def();
        let mut items = Vec::new();
        let mut unknown = None;
        for (key, sight) in self.sights(kind, reach) {
            match sight {
                Sight::Fact(version) => items.extend(item(key, &version)),
                // A conflict outranks a dispute: the source has to act.
                Sight::Unknown(why, _) => unknown = unknown.max(Some(why)),
            }
        }
        FactList {
            items: combine(def, items),
            completeness: match unknown {
                Some(why) => Completeness::Open(why),
                None => self.completeness(def, reach),
            },
        }
    }

    /// What each key of a kind yields; keys that yield nothing are left out.
    pub(crate) fn sights(
        &self,
        kind: Kind,
        reach: Option<DivisionCode>,
    ) -> impl Iterator<Item = (&'a ThreadKey, Sight<'a>)> {
        let place = match kind {
            Kind::Membership => match self.coverage.only_county() {
                Some(county) => Some(self.reach(county)),
                None => self.place,
            },
            _ => reach,
        };
        self.fold.threads(kind).filter_map(move |(key, thread)| {
            let sight = self.sight(kind, key, self.version(kind, key, thread, place)?)?;
            Some((key, sight))
        })
    }

    fn sight(&self, kind: Kind, key: &ThreadKey, version: Version<'a>) -> Option<Sight<'a>> {
        let shown = |valid: &Period| shows(kind.def(), valid, self.on);
        let mut contents = version.contents.iter();
        if !contents.any(|(content, _)| content.body.is_some() && shown(&content.valid)) {
            return None;
        }
        Some(if version.contents.len() > 1 {
            Sight::Unknown(WhyUnknown::Conflict, version)
        } else if self.disputed.contains(&(kind, key.key, version.revision)) {
            Sight::Unknown(WhyUnknown::Disputed, version)
        } else {
            Sight::Fact(version)
        })
    }

    /// The version of a key that counts on the date.
    fn version(
        &self,
        kind: Kind,
        key: &ThreadKey,
        thread: &'a Thread,
        place: Option<DivisionCode>,
    ) -> Option<Version<'a>> {
        let dataset = key.dataset.as_str();
        if !judged_by_lists(kind.def(), dataset) {
            return thread.latest();
        }
        let newest = self.newest_point(dataset, thread);
        match (newest, self.governing(dataset, place)) {
            (Some(told), Some(list)) => (told >= point_of(list)).then(|| thread.at(told.1)),
            (Some(told), None) => Some(thread.at(told.1)),
            // A list of the date exists and does not have it: it came later.
            (None, Some(_)) => None,
            (None, None) => {
                let first = self.first_told(dataset, thread)?;
                let unlisted_before = self.list_before(dataset, first, place);
                (!unlisted_before).then(|| thread.at(first.1))
            }
        }
    }

    fn newest_point(&self, dataset: &str, thread: &Thread) -> Option<Point> {
        let lists = self.coverage.lists(dataset);
        thread
            .revisions()
            .map(|revision| point(lists, revision))
            .filter(|(day, _)| *day <= self.on)
            .max()
    }

    /// The last word of the first day a key was told on.
    fn first_told(&self, dataset: &str, thread: &Thread) -> Option<Point> {
        let lists = self.coverage.lists(dataset);
        let points = || thread.revisions().map(|revision| point(lists, revision));
        let first = points().map(|(day, _)| day).min()?;
        points().filter(|(day, _)| *day == first).max()
    }

    /// Whether an earlier complete list already did without what was first told
    /// at `first`: then it was not there before that list either.
    fn list_before(&self, dataset: &str, first: Point, place: Option<DivisionCode>) -> bool {
        let Some(lists) = self.coverage.lists(dataset) else {
            return false;
        };
        let scope = lists.listing(first.1).map(|(_, scope)| scope);
        let eve = add_days(first.0, -1);
        scope
            .or(place)
            .is_some_and(|place| lists.latest(None, place, eve).is_some())
    }

    /// The complete list that decides whether this subject's rows of a snapshot
    /// dataset are still there.
    ///
    /// While a subject is named by the newest list of the office that last
    /// named it, that list decides, wherever the subject lives: a spouse with
    /// hukou in another province is in our register all the same. Once dropped,
    /// the newest list that covers the place may know more.
    fn governing(&self, dataset: &str, place: Option<DivisionCode>) -> Option<&'a Coverage> {
        let lists = self.coverage.lists(dataset)?;
        let newest = |place| lists.latest(None, place, self.on);
        let here = place.and_then(newest);
        let Some((named, scope)) = self.named_by.get(dataset) else {
            return here;
        };
        let own = newest(*scope)?;
        let dropped = *named < point_of(own);
        match here {
            Some(here) if dropped && point_of(own) < point_of(here) => Some(here),
            _ => Some(own),
        }
    }

    fn newest_listings(&self) -> BTreeMap<&'a str, (Point, DivisionCode)> {
        let mut newest = BTreeMap::new();
        for (_, key, thread) in self.fold.all_threads() {
            let dataset = key.dataset.as_str();
            if !is_snapshot(dataset) {
                continue;
            }
            let Some(lists) = self.coverage.lists(dataset) else {
                continue;
            };
            let told = thread.said().filter(|(content, _)| content.body.is_some());
            let listed = told
                .flat_map(|(_, at)| at.keys())
                .filter_map(|revision| {
                    let (as_of, scope) = lists.listing(*revision)?;
                    Some(((as_of, *revision), scope))
                })
                .filter(|((as_of, _), _)| *as_of <= self.on)
                .max();
            if let Some(listed) = listed {
                let known = newest.entry(dataset).or_insert(listed);
                *known = listed.max(*known);
            }
        }
        newest
    }

    /// A place as told, before any list is asked: lists are chosen by place, so
    /// the place cannot wait for them.
    fn told_place(&self, kind: Kind) -> Option<DivisionCode> {
        let told = self.fold.threads(kind).filter_map(|(key, thread)| {
            let dataset = key.dataset.as_str();
            let version = if judged_by_lists(kind.def(), dataset) {
                let newest = self.newest_point(dataset, thread);
                thread.at(newest.or_else(|| self.first_told(dataset, thread))?.1)
            } else {
                thread.latest()?
            };
            let (content, _) = *version.contents.first()?;
            let place = version.body()?.division("place")?;
            let trusted = (trust(kind.def(), &key.source), version.revision, key);
            content.valid.contains(self.on).then_some((trusted, place))
        });
        told.max().map(|(_, place)| place)
    }

    fn completeness(&self, def: &KindDef, reach: Option<DivisionCode>) -> Completeness {
        let list = match def.mode {
            Mode::Told | Mode::Months(_) => return Completeness::Closed,
            Mode::Snapshot(dataset) => self.governing(dataset, reach),
            Mode::Events(dataset) => {
                reach.and_then(|reach| self.coverage.latest(dataset, None, reach, self.on))
            }
        };
        match list {
            None => Completeness::Open(WhyUnknown::NotCovered),
            Some(list) if !is_fresh(def, list.as_of, self.on) => {
                Completeness::Open(WhyUnknown::Stale)
            }
            Some(list) => Completeness::Complete(note(list)),
        }
    }
}

/// Whether a list as of `as_of` may be relied on for a kind on a date.
pub(crate) fn is_fresh(def: &KindDef, as_of: Date, on: Date) -> bool {
    on < stale_on(def, as_of)
}

/// The first day on which a list as of `as_of` is too old for a kind.
pub(crate) fn stale_on(def: &KindDef, as_of: Date) -> Date {
    add_days(as_of, i32::from(def.fresh_for_days) + 1)
}

/// The first day on which an item with this period has left the look-back;
/// `None` when it stays. What happened without an end ended when it began.
pub(crate) fn forgotten_on(def: &KindDef, valid: &Period) -> Option<Date> {
    let months = i32::from(def.look_back_months?);
    Some(add_months(valid.to.or(valid.from)?, months))
}

pub(crate) fn note(list: &Coverage) -> CoverageNote {
    CoverageNote {
        dataset: list.dataset.clone(),
        part: list.part.clone(),
        as_of: list.as_of,
        month: list.month,
    }
}

fn shows(def: &KindDef, valid: &Period, on: Date) -> bool {
    match def.view {
        View::InForce => valid.contains(on),
        View::Dated => {
            let begun = valid.from.is_none_or(|from| from <= on);
            begun && forgotten_on(def, valid).is_none_or(|day| on < day)
        }
    }
}

fn is_snapshot(dataset: &str) -> bool {
    DICTIONARY
        .iter()
        .any(|def| matches!(def.mode, Mode::Snapshot(covering) if covering == dataset))
}

/// A list fact sent by an incremental feed (a residence from the grid) ends by
/// its own dates, not by a list it never stood in.
fn judged_by_lists(def: &KindDef, dataset: &str) -> bool {
    matches!(def.mode, Mode::Snapshot(_)) && is_snapshot(dataset)
}

fn point(lists: Option<&Lists>, revision: Revision) -> Point {
    let listing = lists.and_then(|lists| lists.listing(revision));
    let day = listing.map_or(revision.business_date, |(as_of, _)| as_of);
    (day, revision)
}

fn point_of(list: &Coverage) -> Point {
    (list.as_of, list.revision)
}

/// What the register of households says of incomes, places and schooling it
/// says of the people in it. Its silence about someone it does not list is not
/// a zero (“a household of one” would be destitute by omission).
fn leave_unlisted_people_open(facts: &mut Facts) {
    let listed = facts
        .get(&Kind::Membership)
        .is_some_and(|list| !list.items.is_empty());
    if listed {
        return;
    }
    let register = Kind::Membership.covering_dataset();
    for (kind, list) in facts.iter_mut() {
        let of_register = kind.covering_dataset() == register && *kind != Kind::Membership;
        if of_register && matches!(list.completeness, Completeness::Complete(_)) {
            list.completeness = Completeness::Open(WhyUnknown::NoHousehold);
        }
    }
}

fn item(key: &ThreadKey, version: &Version<'_>) -> Option<Item> {
    let (content, origin) = *version.contents.first()?;
    Some(Item {
        body: content.body.clone()?,
        valid: content.valid,
        source: key.source.clone(),
        dataset: key.dataset.clone(),
        key: key.key,
        revision: version.revision,
        origin,
        disagreed: false,
    })
}

/// The versions officers dispute. A dispute ends when it is withdrawn itself,
/// and loses its object when the source sends a newer version.
fn disputes(fold: &Fold) -> BTreeSet<(Kind, NaturalKey, Revision)> {
    fold.threads(Kind::Dispute)
        .filter_map(|(_, thread)| thread.latest())
        .flat_map(|version| version.bodies().filter_map(disputed).collect::<Vec<_>>())
        .collect()
}

fn disputed(body: &Body) -> Option<(Kind, NaturalKey, Revision)> {
    let kind = Kind::named(body.text("fact")?)?;
    let key = body.text("record")?.parse().ok()?;
    let (business_date, sequence) = body.text("revision")?.split_once('#')?;
    let revision = Revision {
        business_date: business_date.parse().ok()?,
        sequence: sequence.parse().ok()?,
    };
    Some((kind, key, revision))
}
