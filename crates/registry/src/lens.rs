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
use crate::fold::{Content, Fold, Said, Thread, ThreadKey, Version};

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
    /// Per dataset, the batches with a row about the subject that could not be
    /// taken and was not told readably since.
    unread: BTreeMap<&'a str, BTreeSet<Revision>>,
    disputed: BTreeSet<(Kind, NaturalKey, Revision)>,
}

/// What was told of a subject, as known on the date.
pub(crate) struct Told {
    pub(crate) facts: Facts,
    /// The first day a list known of it is too old.
    pub(crate) stale_on: Option<Date>,
}

/// What one key yields on the date.
pub(crate) enum Sight<'a> {
    /// A fact.
    Fact(Version<'a>),
    /// Something that must not be relied on, with all it may have said.
    Unknown(WhyUnknown, Vec<&'a Body>),
}

/// The version of a key that counts.
struct Seen<'a> {
    version: Version<'a>,
    /// Later lists have rows that could not be read, and it may be in them.
    lost: bool,
}

impl<'a> Lens<'a> {
    pub(crate) fn new(fold: &'a Fold, coverage: &'a CoverageTable, on: Date) -> Lens<'a> {
        let mut lens = Lens {
            fold,
            coverage,
            on,
            place: None,
            named_by: BTreeMap::new(),
            unread: BTreeMap::new(),
            disputed: disputes(fold),
        };
        lens.named_by = lens.newest_listings();
        lens.unread = lens.unread_batches();
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
    pub(crate) fn facts(&self, about: About, reach: Option<DivisionCode>) -> Told {
        let mut told = Told {
            facts: Facts::new(),
            stale_on: None,
        };
        for kind in Kind::all().filter(|kind| kind.def().about == about) {
            let (list, stale) = self.listed(kind, reach);
            told.facts.insert(kind, list);
            told.stale_on = told.stale_on.into_iter().chain(stale).min();
        }
        if about == About::Person {
            leave_unlisted_people_open(&mut told.facts);
        }
        told
    }

    /// The visible facts of one kind.
    pub(crate) fn list(&self, kind: Kind, reach: Option<DivisionCode>) -> FactList {
        self.listed(kind, reach).0
    }

    /// With the day the list relied on, or not relied on for another reason, will
    /// be too old. Another takes its place no earlier than its own as-of day.
    fn listed(&self, kind: Kind, reach: Option<DivisionCode>) -> (FactList, Option<Date>) {
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
        let (completeness, stale) = match unknown {
            Some(why) => (Completeness::Open(why), None),
            None => self.completeness(def, reach, &items),
        };
        let items = combine(def, items);
        let list = FactList {
            items,
            completeness,
        };
        (list, stale)
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
            let seen = self.version(kind, key, thread, place)?;
            Some((key, self.sight(kind, key, thread, seen)?))
        })
    }

    fn sight(
        &self,
        kind: Kind,
        key: &ThreadKey,
        thread: &'a Thread,
        seen: Seen<'a>,
    ) -> Option<Sight<'a>> {
        let Seen { version, lost } = seen;
        let shown = |valid: &Period| shows(kind.def(), valid, self.on);
        let mut contents = version.contents.iter();
        if !contents.any(|(content, _)| content.said != Said::Withdrawn && shown(&content.valid)) {
            return None;
        }
        if lost || version.is_unread() {
            // Of month rows only those of the newest batch can hide what is paid now.
            let passed = matches!(kind.def().mode, Mode::Months(_))
                && !self.is_newest(key.dataset.as_str(), version.revision);
            let ever = || thread.said().filter_map(|(content, _)| content.body());
            return (!passed).then(|| Sight::Unknown(WhyUnknown::Unread, ever().collect()));
        }
        Some(if version.contents.len() > 1 {
            Sight::Unknown(WhyUnknown::Conflict, version.bodies().collect())
        } else if self.disputed.contains(&(kind, key.key, version.revision)) {
            Sight::Unknown(WhyUnknown::Disputed, version.bodies().collect())
        } else {
            Sight::Fact(version)
        })
    }

    /// Whether no list of the dataset has come after the batch.
    fn is_newest(&self, dataset: &str, revision: Revision) -> bool {
        let lists = self.coverage.lists(dataset);
        let newest = lists.and_then(|lists| lists.newest(self.on));
        newest.is_none_or(|newest| newest <= point(lists, revision))
    }

    /// The version of a key that counts on the date.
    fn version(
        &self,
        kind: Kind,
        key: &ThreadKey,
        thread: &'a Thread,
        place: Option<DivisionCode>,
    ) -> Option<Seen<'a>> {
        let dataset = key.dataset.as_str();
        let seen = |version| Seen {
            version,
            lost: false,
        };
        if !judged_by_lists(kind.def(), dataset) {
            return thread.latest().map(seen);
        }
        let newest = self.newest_point(dataset, thread);
        match (newest, self.governing(dataset, place)) {
            (Some(told), Some(list)) if told < point_of(list) => {
                let lost = self.may_be_unread(dataset, told, list);
                lost.then(|| Seen {
                    version: thread.at(told.1),
                    lost,
                })
            }
            (Some(told), _) => Some(seen(thread.at(told.1))),
            // A list of the date exists and does not have it: it came later.
            (None, Some(_)) => None,
            (None, None) => {
                let first = self.first_told(dataset, thread)?;
                let unlisted_before = self.list_before(dataset, first, place);
                (!unlisted_before).then(|| seen(thread.at(first.1)))
            }
        }
    }

    /// Whether every list since `told` has a row that could be this one: one
    /// about the subject, or about nobody that can be told.
    fn may_be_unread(&self, dataset: &str, told: Point, list: &Coverage) -> bool {
        let Some(lists) = self.coverage.lists(dataset) else {
            return false;
        };
        let mut since = lists
            .newest_first(None, list.scope, self.on)
            .take_while(|list| point_of(list) > told);
        since.all(|list| list.unnamed_rows > 0 || self.is_unread(dataset, list.revision))
    }

    /// Whether a batch has a row about the subject that could not be taken.
    fn is_unread(&self, dataset: &str, revision: Revision) -> bool {
        let batches = self.unread.get(dataset);
        batches.is_some_and(|batches| batches.contains(&revision))
    }

    /// Found by the keys whose newest word on the date could not be read.
    fn unread_batches(&self) -> BTreeMap<&'a str, BTreeSet<Revision>> {
        let mut batches: BTreeMap<&str, BTreeSet<Revision>> = BTreeMap::new();
        for (_, key, thread) in self.fold.all_threads() {
            if !thread.said().any(|(content, _)| content.is_unread()) {
                continue;
            }
            let dataset = key.dataset.as_str();
            let newest = self.newest_point(dataset, thread);
            if let Some((_, revision)) = newest.filter(|(_, at)| thread.at(*at).is_unread()) {
                batches.entry(dataset).or_default().insert(revision);
            }
        }
        batches
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
            let named = |content: &Content| content.said != Said::Withdrawn;
            let told = thread.said().filter(|(content, _)| named(content));
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
            let version = if version.is_unread() {
                self.last_read(dataset, thread, version.revision)?
            } else {
                version
            };
            let (content, _) = *version.contents.first()?;
            let place = version.body()?.division("place")?;
            let trusted = (trust(kind.def(), &key.source), version.revision, key);
            content.valid.contains(self.on).then_some((trusted, place))
        });
        told.max().map(|(_, place)| place)
    }

    /// The newest readable word before one that could not be read: an unread
    /// row is no reason to lose sight of where somebody lives.
    fn last_read(
        &self,
        dataset: &str,
        thread: &'a Thread,
        before: Revision,
    ) -> Option<Version<'a>> {
        let lists = self.coverage.lists(dataset);
        let before = point(lists, before);
        let told = thread.revisions().map(|revision| point(lists, revision));
        let read = told.filter(|told| *told < before && !thread.at(told.1).is_unread());
        read.max().map(|(_, revision)| thread.at(revision))
    }

    fn completeness(
        &self,
        def: &KindDef,
        reach: Option<DivisionCode>,
        items: &[Item],
    ) -> (Completeness, Option<Date>) {
        let list = match def.mode {
            Mode::Told => return (Completeness::Closed, None),
            Mode::Months(dataset) => {
                let unread = self.month_may_be_unread(dataset, reach, items);
                let unread = unread.then_some(Completeness::Open(WhyUnknown::Unread));
                return (unread.unwrap_or(Completeness::Closed), None);
            }
            Mode::Snapshot(dataset) => self.governing(dataset, reach),
            Mode::Events(dataset) => {
                reach.and_then(|reach| self.coverage.latest(dataset, None, reach, self.on))
            }
        };
        let Some(list) = list else {
            return (Completeness::Open(WhyUnknown::NotCovered), None);
        };
        if !is_fresh(def, list.as_of, self.on) {
            return (Completeness::Open(WhyUnknown::Stale), None);
        }
        let completeness = if self.is_unread(list.dataset.as_str(), list.revision) {
            Completeness::Open(WhyUnknown::Unread)
        } else {
            Completeness::Complete(note(list))
        };
        (completeness, Some(stale_on(def, list.as_of)))
    }

    /// Whether the newest month of some item lacks a row that the month before
    /// had, and rows of it could not be read nor placed with anybody.
    fn month_may_be_unread(
        &self,
        dataset: &str,
        reach: Option<DivisionCode>,
        items: &[Item],
    ) -> bool {
        let (Some(lists), Some(reach)) = (self.coverage.lists(dataset), reach) else {
            return false;
        };
        let has = |part: &str, month| {
            let mut rows = items.iter().map(|item| &item.body);
            rows.any(|b| b.code("item") == Some(part) && b.month("month") == Some(month))
        };
        let mut parts = lists.parts(reach, self.on);
        parts.any(|(part, listed)| {
            let newest = listed.max_by_key(|list| (list.month, list.as_of, list.revision));
            newest
                .filter(|list| list.unnamed_rows > 0)
                .and_then(|list| list.month)
                .is_some_and(|month| !has(part, month) && has(part, month.plus(-1)))
        })
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
        body: content.body()?.clone(),
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
