//! Folds and coverage into the household known on a date.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::dictionary::{About, DICTIONARY, Kind, Mode};
use domain::household::{
    Completeness, FactList, Household, MonthsCovered, Person, Standing, WhyUnknown, first,
};
use domain::ids::{HouseholdId, PersonId, Subject};
use domain::region::DivisionCode;
use domain::time::Date;
use domain::value::Body;

use crate::change::next_change_on;
use crate::coverage::CoverageTable;
use crate::fold::Fold;
use crate::lens::{Lens, Sight, Told, is_fresh, note};

/// What a unit is projected from: its own fold, if any, and those of everyone
/// who may belong to it or be read by it. Extra people do no harm.
#[derive(Clone, Copy, Debug)]
pub struct FoldSet<'a> {
    /// The household, or the person alone.
    pub unit: Subject,
    /// The county partition.
    pub county: DivisionCode,
    /// What was told about the household itself.
    pub household: Option<&'a Fold>,
    /// What was told about people, by id.
    pub people: &'a BTreeMap<PersonId, &'a Fold>,
}

/// The unit a person is evaluated in on a date: the household of the membership
/// in force, the person alone without one. Of two memberships the one with the
/// higher revision counts, then the lower household id. A disputed or
/// conflicting membership is no home.
///
/// The subject of `fold` when it is a household's.
pub fn home(fold: &Fold, coverage: &CoverageTable, on: Date) -> Subject {
    home_seen(&Lens::new(fold, coverage, on), fold.subject())
}

fn home_seen(lens: &Lens<'_>, subject: Subject) -> Subject {
    if matches!(subject, Subject::Household(_)) {
        return subject;
    }
    lens.memberships()
        .items
        .iter()
        .filter_map(|item| Some((item.revision, Reverse(item.body.household("household")?))))
        .max()
        .map_or(subject, |(_, Reverse(id))| Subject::Household(id))
}

/// The household, or person alone, as known on `on`.
///
/// Total: what is not known is open, never an error. A `Subject::Person` unit
/// that lives in a household on that date has no people. A household whose
/// membership of someone is disputed or in conflict has its composition open,
/// and that person is read as linked.
pub fn project(folds: &FoldSet<'_>, coverage: &CoverageTable, on: Date) -> Household {
    let lenses: BTreeMap<PersonId, Lens<'_>> = folds
        .people
        .iter()
        .map(|(id, fold)| (*id, Lens::new(fold, coverage, on)))
        .collect();
    let members: BTreeMap<PersonId, Seen> = lenses
        .iter()
        .filter(|(id, lens)| home_seen(lens, Subject::Person(**id)) == folds.unit)
        .map(|(id, lens)| (*id, facts_of(lens, folds)))
        .collect();
    let doubt = doubtful_members(folds, &lenses);
    let linked = linked(folds, coverage, on, &lenses, &members, &doubt);

    let head = head(&members);
    let ordered = || head.into_iter().chain(members.keys().copied());
    let place_of = |kind| {
        let place = |id| {
            first(&members.get(&id)?.told.facts, kind)?
                .body
                .division("place")
        };
        ordered().find_map(place)
    };
    let places = ordered().filter_map(|id| lenses.get(&id)?.place());
    let reach = local(places, folds.county);
    let own = household_facts(folds, coverage, on, reach, &doubt);
    let seen = members.values().chain(linked.values());
    let stale = seen
        .filter_map(|seen| seen.told.stale_on)
        .chain(own.stale_on)
        .min();
    let mut household = Household {
        unit: folds.unit,
        on,
        hukou: place_of(Kind::Hukou),
        residence: place_of(Kind::Residence),
        county: folds.county,
        facts: own.facts,
        people: people(members, Standing::Member)
            .chain(people(linked, Standing::Linked))
            .collect(),
        months: months(coverage, reach, on),
        next_change_on: None,
    };
    household.next_change_on = Some(next_change_on(folds, coverage, &household, stale));
    household
}

/// The unit's place in its county. The county's own lists tell of the units it
/// keeps, also of one whose head is registered elsewhere.
fn local(mut places: impl Iterator<Item = DivisionCode>, county: DivisionCode) -> DivisionCode {
    places
        .find(|place| county.contains(place))
        .unwrap_or(county)
}

fn people(seen: BTreeMap<PersonId, Seen>, standing: Standing) -> impl Iterator<Item = Person> {
    seen.into_iter().map(move |(id, seen)| Person {
        id,
        standing,
        facts: seen.told.facts,
        households: seen.households,
    })
}

/// What was told of somebody, seen from one household.
struct Seen {
    told: Told,
    households: u32,
}

fn facts_of(lens: &Lens<'_>, folds: &FoldSet<'_>) -> Seen {
    let mut told = lens.facts(About::Person, Some(lens.reach(folds.county)));
    let mut households = 0;
    if let Some(list) = told.facts.get_mut(&Kind::Membership) {
        // A daughter who lives elsewhere may stand in the old book as well.
        let together = |body: &Body| body.flag("living_together") != Some(false);
        let living = list.items.iter().filter(|item| together(&item.body));
        households = u32::try_from(living.count()).unwrap_or(u32::MAX);
        let here = |id: HouseholdId| Subject::Household(id) == folds.unit;
        list.items
            .retain(|item| item.body.household("household").is_some_and(here));
    }
    Seen { told, households }
}

fn head(members: &BTreeMap<PersonId, Seen>) -> Option<PersonId> {
    let is_head = |seen: &&Seen| {
        first(&seen.told.facts, Kind::Membership).and_then(|item| item.body.code("kinship"))
            == Some("head")
    };
    let mut heads = members.iter().filter(|(_, seen)| is_head(seen));
    heads.next().map(|(id, _)| *id)
}

/// People whose membership of this household is on the date unknown, and why.
fn doubtful_members(
    folds: &FoldSet<'_>,
    lenses: &BTreeMap<PersonId, Lens<'_>>,
) -> BTreeMap<PersonId, WhyUnknown> {
    let mut doubtful = BTreeMap::new();
    for (id, lens) in lenses {
        for (_, sight) in lens.sights(Kind::Membership, None) {
            let Sight::Unknown(why, bodies) = sight else {
                continue;
            };
            let here = |id| Subject::Household(id) == folds.unit;
            let mut named = bodies.iter().filter_map(|b| b.household("household"));
            if named.any(here) {
                let known = doubtful.entry(*id).or_insert(why);
                *known = why.max(*known);
            }
        }
    }
    doubtful
}

/// Parents and obligors of members, people paid under the household's number,
/// and people whose membership is in doubt, none of them members. Someone named
/// of whom nothing was told is there with nothing told.
fn linked(
    folds: &FoldSet<'_>,
    coverage: &CoverageTable,
    on: Date,
    lenses: &BTreeMap<PersonId, Lens<'_>>,
    members: &BTreeMap<PersonId, Seen>,
    doubt: &BTreeMap<PersonId, WhyUnknown>,
) -> BTreeMap<PersonId, Seen> {
    let mut ids: BTreeSet<PersonId> = doubt.keys().copied().collect();
    for facts in members.values().map(|seen| &seen.told.facts) {
        let named = |kind, field: &'static str| {
            let items = facts.get(&kind).map_or(&[][..], |list| &list.items);
            items.iter().filter_map(move |item| item.body.person(field))
        };
        ids.extend(named(Kind::ParentOf, "parent"));
        ids.extend(named(Kind::ObligorOf, "obligor"));
    }
    if let Subject::Household(unit) = folds.unit {
        let others = lenses.iter().filter(|(id, _)| !members.contains_key(id));
        let paid_here = others.filter(|(_, lens)| {
            let grants = lens.list(Kind::Grant, None).items;
            let mut numbers = grants.iter().filter_map(|g| g.body.household("household"));
            numbers.any(|id| id == unit)
        });
        ids.extend(paid_here.map(|(id, _)| *id));
    }
    ids.into_iter()
        .filter(|id| !members.contains_key(id))
        .map(|id| {
            let untold = Fold::empty(Subject::Person(id));
            let seen = lenses.get(&id).map(|lens| facts_of(lens, folds));
            let seen = seen.unwrap_or_else(|| facts_of(&Lens::new(&untold, coverage, on), folds));
            (id, seen)
        })
        .collect()
}

fn household_facts(
    folds: &FoldSet<'_>,
    coverage: &CoverageTable,
    on: Date,
    reach: DivisionCode,
    doubt: &BTreeMap<PersonId, WhyUnknown>,
) -> Told {
    let open = |why| FactList {
        items: Vec::new(),
        completeness: Completeness::Open(why),
    };
    if matches!(folds.unit, Subject::Person(_)) {
        let kinds = Kind::all().filter(|kind| kind.def().about == About::Household);
        return Told {
            facts: kinds
                .map(|kind| (kind, open(WhyUnknown::NoHousehold)))
                .collect(),
            stale_on: None,
        };
    }
    let untold = Fold::empty(folds.unit);
    let lens = Lens::new(folds.household.unwrap_or(&untold), coverage, on);
    let mut told = lens.facts(About::Household, Some(reach));
    if let Some(why) = doubt.values().max() {
        told.facts.insert(Kind::Composition, open(*why));
    }
    told
}

/// The latest covered month of each item on a payment list.
fn months(coverage: &CoverageTable, reach: DivisionCode, on: Date) -> MonthsCovered {
    let mut by_item = BTreeMap::new();
    for def in DICTIONARY {
        let Mode::Months(dataset) = def.mode else {
            continue;
        };
        let Some(lists) = coverage.lists(dataset) else {
            continue;
        };
        for (item, covered) in lists.parts(reach, on) {
            let mut covered = covered.filter(|list| list.month.is_some()).peekable();
            if covered.peek().is_none() {
                continue;
            }
            let fresh = covered
                .filter(|list| is_fresh(def, list.as_of, on))
                .max_by_key(|list| (list.month, list.as_of, list.revision));
            by_item.insert(item.to_owned(), fresh.map(note).ok_or(WhyUnknown::Stale));
        }
    }
    MonthsCovered { by_item }
}
