//! Who was to be visited in a calendar week or month, and was: one row per
//! village.
//!
//! Whether anybody was to be visited is known only where a visiting roster
//! (探访对象与责任人名册) covers the village; without one the roll-up is off, which
//! is not “nobody”. A visit counts for the week and the month it was made in,
//! whenever it was told; two count once, and finding nobody at home is not a
//! visit.

use std::collections::BTreeMap;

use domain::dictionary::Kind;
use domain::ids::PersonId;
use domain::region::DivisionCode;
use domain::time::{Date, Month};
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

/// A span of the calendar in which somebody is to be visited once: “每周至少1次”,
/// “每月至少1次”.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Monday to Sunday.
    Week(Week),
    /// The first of a month to its last day.
    Month(Month),
}

impl Span {
    /// Code of `CARE_CLASS` of those who are due in it.
    pub const fn class(self) -> &'static str {
        match self {
            Span::Week(_) => "weekly",
            Span::Month(_) => "monthly",
        }
    }

    /// Its first day.
    pub fn first_day(self) -> Date {
        match self {
            Span::Week(week) => week.first_day(),
            Span::Month(month) => month.first_day(),
        }
    }

    /// Its last day.
    pub fn last_day(self) -> Date {
        match self {
            Span::Week(week) => week.last_day(),
            Span::Month(month) => month.last_day(),
        }
    }

    /// Whether a date lies in it.
    pub fn contains(self, date: Date) -> bool {
        self.first_day() <= date && date <= self.last_day()
    }
}

/// The day a span is looked at: its last, or today while it runs; `None` before
/// it begins.
pub fn seen_from(span: Span, today: Date) -> Option<Date> {
    (span.first_day() <= today).then(|| span.last_day().min(today))
}

/// One person who was to be visited in a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToVisit {
    /// Who.
    pub person: PersonId,
    /// The village of the roster, else the person's own place.
    pub place: Option<DivisionCode>,
    /// 帮扶责任人, in full; mask before showing.
    pub responsible: Option<String>,
    /// The first day of the span on which somebody saw them.
    pub seen_on: Option<Date>,
    /// The last day of the span on which somebody came and did not.
    pub missed_on: Option<Date>,
}

/// What the week or month of one person was, as known now. `None` when the
/// roster does not have them for visits that often, or the span has not begun.
/// Who is visited weekly is not due monthly as well.
pub fn to_visit(
    fold: &Fold,
    coverage: &CoverageTable,
    county: DivisionCode,
    span: Span,
    today: Date,
) -> Option<ToVisit> {
    let domain::ids::Subject::Person(person) = fold.subject() else {
        return None;
    };
    let lens = Lens::new(fold, coverage, seen_from(span, today)?);
    let plans = lens.list(Kind::CarePlan, Some(lens.reach(county)));
    let plan = &plans.items.first()?.body;
    if plan.code("class") != Some(span.class()) {
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
        let Some(on) = item.body.date("visited_on").filter(|on| span.contains(*on)) else {
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

/// One village in one week or month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VillageVisits {
    /// Village, or the township or county of those whose village is not told.
    pub place: DivisionCode,
    /// Whether the roster tells about it. The people below are to be shown only
    /// where it does.
    pub roster: Roster,
    /// Those who were to be visited: not visited first, then by id.
    pub people: Vec<ToVisit>,
}

impl VillageVisits {
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
) -> Vec<VillageVisits> {
    let mut rows: BTreeMap<DivisionCode, Vec<ToVisit>> =
        villages.iter().map(|place| (*place, Vec::new())).collect();
    for person in people {
        let place = person.place.unwrap_or(county);
        rows.entry(place).or_default().push(person);
    }
    let row = |(place, mut people): (DivisionCode, Vec<ToVisit>)| {
        people.sort_by_key(|p| (p.seen_on.is_some(), p.person));
        VillageVisits {
            place,
            roster: roster(coverage, place, on),
            people,
        }
    };
    rows.into_iter().map(row).collect()
}
