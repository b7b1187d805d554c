//! Who was to be visited in a calendar week, and was: one row per village.
//!
//! Whether anybody was to be visited is known only where a visiting roster
//! (探访对象与责任人名册) covers the village; without one the week is off, which is
//! not “nobody”. A visit counts for the week it was made in, whenever it was
//! told; two in one week count once, and finding nobody at home is not a visit.

use std::collections::BTreeMap;

use domain::dictionary::Kind;
use domain::ids::PersonId;
use domain::region::DivisionCode;
use domain::time::Date;
use domain::week::Week;

use crate::coverage::CoverageTable;
use crate::fold::Fold;
use crate::lens::{Lens, is_fresh};

/// Whether a visiting roster tells about a place on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roster {
    /// None ever came: 未开通.
    Never,
    /// The last one is too old to be relied on.
    Stale {
        /// As-of day.
        as_of: Date,
    },
    /// There is one.
    Known {
        /// As-of day.
        as_of: Date,
    },
}

impl Roster {
    /// Whether absence from it means not to be visited.
    pub const fn is_known(self) -> bool {
        matches!(self, Roster::Known { .. })
    }
}

/// The newest roster of a place on a date.
pub fn roster(coverage: &CoverageTable, place: DivisionCode, on: Date) -> Roster {
    let def = Kind::CarePlan.def();
    let dataset = Kind::CarePlan.covering_dataset().unwrap_or_default();
    match coverage.latest(dataset, None, place, on) {
        None => Roster::Never,
        Some(list) if is_fresh(def, list.as_of, on) => Roster::Known { as_of: list.as_of },
        Some(list) => Roster::Stale { as_of: list.as_of },
    }
}

/// The day a week is looked at: its Sunday, or today while it runs; `None`
/// before it begins.
pub fn seen_from(week: Week, today: Date) -> Option<Date> {
    (week.first_day() <= today).then(|| week.last_day().min(today))
}

/// One person who was to be visited in a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToVisit {
    /// Who.
    pub person: PersonId,
    /// The village of the roster, else the person's own place.
    pub place: Option<DivisionCode>,
    /// 帮扶责任人, in full; mask before showing.
    pub responsible: Option<String>,
    /// The first day of the week on which somebody saw them.
    pub seen_on: Option<Date>,
    /// The last day of the week on which somebody came and did not.
    pub missed_on: Option<Date>,
}

/// What the week of one person was, as known now. `None` when the roster does
/// not have them for weekly visits, or the week has not begun.
pub fn to_visit(
    fold: &Fold,
    coverage: &CoverageTable,
    county: DivisionCode,
    week: Week,
    today: Date,
) -> Option<ToVisit> {
    let domain::ids::Subject::Person(person) = fold.subject() else {
        return None;
    };
    let lens = Lens::new(fold, coverage, seen_from(week, today)?);
    let plans = lens.list(Kind::CarePlan, Some(lens.reach(county)));
    let plan = &plans.items.first()?.body;
    if plan.code("class") != Some("weekly") {
        return None;
    }
    let mut to_visit = ToVisit {
        person,
        place: plan.division("place").or_else(|| lens.place()),
        responsible: plan.text("responsible").map(str::to_owned),
        seen_on: None,
        missed_on: None,
    };
    for item in lens.list(Kind::Visit, None).items {
        let Some(on) = item.body.date("visited_on").filter(|on| week.contains(*on)) else {
            continue;
        };
        if item.body.code("kind") != Some("care") {
            continue;
        }
        if item.body.code("finding") == Some("not_seen") {
            to_visit.missed_on = to_visit.missed_on.max(Some(on));
        } else {
            let first = to_visit.seen_on.map_or(on, |seen| seen.min(on));
            to_visit.seen_on = Some(first);
        }
    }
    Some(to_visit)
}

/// One village in one week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VillageWeek {
    /// Village, or the township or county of those whose village is not told.
    pub place: DivisionCode,
    /// Whether the roster tells about it. The people below are to be shown only
    /// where it does.
    pub roster: Roster,
    /// Those who were to be visited: not visited first, then by id.
    pub people: Vec<ToVisit>,
}

impl VillageWeek {
    /// 应访.
    pub fn due(&self) -> usize {
        self.people.len()
    }

    /// 已访.
    pub fn done(&self) -> usize {
        let seen = self.people.iter().filter(|p| p.seen_on.is_some());
        seen.count()
    }

    /// 缺: those nobody saw.
    pub fn missing(&self) -> impl Iterator<Item = &ToVisit> {
        self.people.iter().filter(|p| p.seen_on.is_none())
    }
}

/// One row per village, in code order; `villages` have a row also when nobody
/// is to be visited there. People without any place are the county's.
pub fn by_village(
    people: impl IntoIterator<Item = ToVisit>,
    villages: &[DivisionCode],
    coverage: &CoverageTable,
    county: DivisionCode,
    on: Date,
) -> Vec<VillageWeek> {
    let mut rows: BTreeMap<DivisionCode, Vec<ToVisit>> =
        villages.iter().map(|place| (*place, Vec::new())).collect();
    for person in people {
        let place = person.place.unwrap_or(county);
        rows.entry(place).or_default().push(person);
    }
    let row = |(place, mut people): (DivisionCode, Vec<ToVisit>)| {
        people.sort_by_key(|p| (p.seen_on.is_some(), p.person));
        VillageWeek {
            place,
            roster: roster(coverage, place, on),
            people,
        }
    };
    rows.into_iter().map(row).collect()
}
