//! The register of families (台账) inside a grant's regions: one line per
//! household, filtered and ordered by what only opened rows can tell.
//!
//! Nothing indexes names, villages or schemes, so a window of at most
//! [`WINDOW`] households is opened per call. A township fits into one window;
//! a county reads township by township or window by window.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::authority::Grant;
use domain::dictionary::Kind;
use domain::household::{Household, first};
use domain::ids::{PersonId, Subject};
use domain::region::DivisionCode;
use domain::time::{Date, add_months, age_in_years};
use domain::value::Body;
use rules::Parameters;

use crate::deps::Deps;
use crate::error::StepError;
use crate::loading::{Known, Loaded};
use crate::people::{identities, partition_of};

/// Households opened by one call. A platform bound.
pub const WINDOW: usize = 2_000;

/// Households loaded at a time.
const CHUNK: u32 = 250;

/// One member as a line tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: PersonId,
    /// Name, if told.
    pub name: Option<String>,
    /// Code of `KINSHIP`.
    pub kinship: Option<&'static str>,
    /// Code of `SEX`.
    pub sex: Option<&'static str>,
    /// Whole years on the date.
    pub age: Option<i64>,
    /// 计入人口.
    pub counted: Option<bool>,
    /// Code of `NOT_COUNTED`.
    pub not_counted_reason: Option<&'static str>,
    /// 保障对象.
    pub covered: Option<bool>,
    /// Telephone in full; mask before showing.
    pub phone: Option<String>,
    /// Address in full; mask before showing.
    pub address: Option<String>,
}

/// One household of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Which.
    pub unit: Subject,
    /// Members, the head first.
    pub members: Vec<Member>,
    /// Place of hukou of the head, village if known.
    pub hukou: Option<DivisionCode>,
    /// Residence of the head.
    pub residence: Option<DivisionCode>,
    /// Codes of `SCHEME` in force.
    pub schemes: Vec<&'static str>,
    /// Last periodic check.
    pub checked_on: Option<Date>,
    /// Code of `CHECK_CLASS`.
    pub check_class: Option<&'static str>,
    /// The earliest end of its recognitions.
    pub valid_until: Option<Date>,
    /// When the next periodic check is due.
    pub next_check: NextCheck,
}

/// When a family's next periodic check is due, by the parameters of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NextCheck {
    /// By this day.
    On(Date),
    /// Not known: why.
    Unknown(NoCheckDate),
}

impl NextCheck {
    /// The day, if it is known.
    pub fn day(self) -> Option<Date> {
        match self {
            NextCheck::On(day) => Some(day),
            NextCheck::Unknown(_) => None,
        }
    }
}

/// Why the day of the next periodic check is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoCheckDate {
    /// No parameter says how often families of these schemes are checked.
    NoRule,
    /// No check is recorded.
    NeverChecked,
    /// The class of the last check is not recorded.
    NoClass,
    /// The place has not set which classes are checked how often.
    Unset,
}

/// The scheme whose periodic check the parameters are about (低保).
const CHECKED_SCHEME: &str = "subsistence";

/// The same day that the policy `periodic_check_due` reckons with: the last
/// check and the months of its class, as the place has set them. An unset local
/// value leaves it unknown.
fn next_check(
    parameters: &Parameters,
    family: (Option<DivisionCode>, &[&'static str]),
    checked: (Option<Date>, Option<&'static str>),
    on: Date,
) -> NextCheck {
    let (place, schemes) = family;
    if !schemes.contains(&CHECKED_SCHEME) {
        return NextCheck::Unknown(NoCheckDate::NoRule);
    }
    let (Some(checked_on), class) = checked else {
        return NextCheck::Unknown(NoCheckDate::NeverChecked);
    };
    let Some(class) = class else {
        return NextCheck::Unknown(NoCheckDate::NoClass);
    };
    let due = || {
        let place = place?;
        let often = parameters.codes("periodic_check_unstable_classes", place, on)?;
        let key = if often.contains(&class) {
            "periodic_check_months_unstable"
        } else {
            "periodic_check_months_stable"
        };
        let months = i32::try_from(parameters.number(key, place, on)?).ok()?;
        Some(add_months(checked_on, months))
    };
    due().map_or(NextCheck::Unknown(NoCheckDate::Unset), NextCheck::On)
}

impl Family {
    /// The line of a household's view.
    pub fn of(
        household: &Household,
        identities: &BTreeMap<PersonId, Body>,
        parameters: &Parameters,
    ) -> Family {
        let member = |person: &domain::household::Person| {
            let membership = first(&person.facts, Kind::Membership).map(|item| &item.body);
            let identity = identities.get(&person.id);
            let text = |field: &str| identity.and_then(|b| b.text(field)).map(str::to_owned);
            Member {
                id: person.id,
                name: text("name"),
                kinship: membership.and_then(|body| body.code("kinship")),
                sex: identity.and_then(|body| body.code("sex")),
                age: identity
                    .and_then(|body| body.date("birth_date"))
                    .map(|birth| age_in_years(birth, household.on)),
                counted: membership.and_then(|body| body.flag("counted")),
                not_counted_reason: membership.and_then(|body| body.code("not_counted_reason")),
                covered: membership.and_then(|body| body.flag("covered")),
                phone: text("phone"),
                address: text("address"),
            }
        };
        let mut members: Vec<Member> = household.members().map(member).collect();
        members.sort_by_key(|m| (m.kinship != Some("head"), m.id));
        let recognitions = household.facts.get(&Kind::Recognition);
        let recognitions = || recognitions.into_iter().flat_map(|list| &list.items);
        let check = first(&household.facts, Kind::PeriodicCheck).map(|item| &item.body);
        let schemes: Vec<&'static str> = recognitions()
            .filter_map(|item| item.body.code("scheme"))
            .collect();
        let checked_on = check.and_then(|body| body.date("checked_on"));
        let check_class = check.and_then(|body| body.code("class"));
        Family {
            unit: household.unit,
            members,
            hukou: household.hukou,
            residence: household.residence,
            next_check: next_check(
                parameters,
                (household.hukou, &schemes),
                (checked_on, check_class),
                household.on,
            ),
            schemes,
            checked_on,
            check_class,
            valid_until: recognitions()
                .filter_map(|item| item.body.date("valid_until"))
                .min(),
        }
    }

    /// The head, or whoever comes first.
    pub fn head(&self) -> Option<&Member> {
        self.members.first()
    }
}

/// Which families. Absent conditions do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Hukou or residence lies in this township or village.
    pub place: Option<DivisionCode>,
    /// Recognised in this scheme (code of `SCHEME`).
    pub scheme: Option<String>,
    /// Last checked before this day, or never.
    pub checked_before: Option<Date>,
    /// Recognition ends on or before this day.
    pub ends_by: Option<Date>,
    /// The next periodic check.
    pub check: Option<CheckWish>,
    /// In which order.
    pub sort: Sort,
}

/// Which families by their next periodic check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckWish {
    /// Due on or before this day.
    DueBy(Date),
    /// Not known when.
    Unknown,
}

/// The order of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By village and name of the head.
    #[default]
    Village,
    /// The next periodic check that comes first; unknown ones last.
    NextCheck,
    /// The oldest check first, and before it what was never checked.
    Checked,
    /// The recognition that ends first; those without an end last.
    Ends,
}

impl Filter {
    fn takes(&self, family: &Family) -> bool {
        let lies_in = |place: &DivisionCode| {
            let lies = |code: Option<DivisionCode>| code.is_some_and(|code| place.contains(&code));
            lies(family.hukou) || lies(family.residence)
        };
        self.place.as_ref().is_none_or(lies_in)
            && self
                .scheme
                .as_ref()
                .is_none_or(|scheme| family.schemes.contains(&scheme.as_str()))
            && self
                .checked_before
                .is_none_or(|day| family.checked_on.is_none_or(|on| on < day))
            && self
                .ends_by
                .is_none_or(|day| family.valid_until.is_some_and(|until| until <= day))
            && self
                .check
                .is_none_or(|wish| match (wish, family.next_check) {
                    (CheckWish::DueBy(day), NextCheck::On(due)) => due <= day,
                    (CheckWish::Unknown, NextCheck::Unknown(_)) => true,
                    (CheckWish::DueBy(_), NextCheck::Unknown(_))
                    | (CheckWish::Unknown, NextCheck::On(_)) => false,
                })
    }
}

/// One window of the register.
#[derive(Debug, Default)]
pub struct Window {
    /// Families that the filter takes, in its order.
    pub families: Vec<Family>,
    /// Households opened for it.
    pub opened: usize,
    /// Families that would pass but for a next check that is not known: whoever
    /// filters by that day must know of them.
    pub check_unknown: usize,
    /// Where the next window begins; `None` at the end.
    pub next: Option<Subject>,
}

/// A window of at most [`WINDOW`] households after `from`.
pub async fn window(
    deps: &Arc<Deps>,
    grant: &Grant,
    filter: &Filter,
    from: Option<Subject>,
) -> Result<Window, StepError> {
    let today = deps.clock.today();
    let mut window = Window::default();
    let mut after = from;
    let but_for_check = Filter {
        check: Some(CheckWish::Unknown),
        ..filter.clone()
    };
    let by_day = matches!(filter.check, Some(CheckWish::DueBy(_)));
    loop {
        let units = deps.store.subjects(grant, "h", today, after, CHUNK).await?;
        let Some(last) = units.last().copied() else {
            break;
        };
        let families = families(deps, grant, &units).await?;
        for family in families.into_values() {
            window.check_unknown += usize::from(by_day && but_for_check.takes(&family));
            if filter.takes(&family) {
                window.families.push(family);
            }
        }
        after = Some(last);
        window.opened += units.len();
        if units.len() < CHUNK as usize {
            break;
        }
        if window.opened >= WINDOW {
            window.next = after;
            break;
        }
    }
    window.families.sort_by_cached_key(|family| {
        let head = family.head().and_then(|head| head.name.clone());
        // Absent days come last, but for the last check: never is longest ago.
        let first = match filter.sort {
            Sort::Village => (false, None),
            Sort::NextCheck => (family.next_check.day().is_none(), family.next_check.day()),
            Sort::Checked => (family.checked_on.is_some(), family.checked_on),
            Sort::Ends => (family.valid_until.is_none(), family.valid_until),
        };
        (first, family.hukou, head, family.unit)
    });
    Ok(window)
}

/// These units as lines of the register; the grant must have been asked about
/// them before. Units that nobody belongs to are left out.
pub async fn families(
    deps: &Arc<Deps>,
    grant: &Grant,
    units: &[Subject],
) -> Result<BTreeMap<Subject, Family>, StepError> {
    let Some(partition) = partition_of(grant) else {
        return Ok(BTreeMap::new());
    };
    let today = deps.clock.today();
    let loaded = Loaded::load(deps, partition, units, Known::Now).await?;
    let policies = deps.policies();
    let line = |unit: &Subject| {
        let household = loaded.project(*unit, today);
        let people = identities(&loaded, &household);
        let family = Family::of(&household, &people, policies.parameters());
        (!family.members.is_empty()).then_some((*unit, family))
    };
    Ok(units.iter().filter_map(line).collect())
}
