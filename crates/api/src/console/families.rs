//! 台账: the families an officer answers for, to read, filter and search.
//!
//! Villages, schemes and dates are filters in the address; names and numbers
//! are typed into a posted form and never stand in one.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use domain::authority::{Grant, Officer, Operation};
use domain::code;
use domain::ids::Subject;
use domain::region::{DivisionCode, Level};
use pipeline::people;
use pipeline::register::{self, CheckWish, Family, Filter, Sort, Window};
use serde::{Deserialize, Serialize};

use super::forms::{StrictForm, masks_names};
use super::household::{checked, link, next_check};
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::today::{Choice, chosen, townships};
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::people::{FOUND_MAX, SearchBody, query};
use crate::problem::{Answered, Problem};
use crate::strict::{StrictQuery, date};

/// Families of one page.
const PAGE: usize = 50;

/// Which families.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FamiliesQuery {
    /// Township code, for county officers.
    #[serde(default)]
    pub(crate) township: String,
    /// Village code.
    #[serde(default)]
    pub(crate) village: String,
    /// Code of a scheme.
    #[serde(default)]
    pub(crate) scheme: String,
    /// Last checked before this day.
    #[serde(default)]
    pub(crate) checked_before: String,
    /// Recognition ends by this day.
    #[serde(default)]
    pub(crate) ends_by: String,
    /// Next periodic check due by this day.
    #[serde(default)]
    pub(crate) due_by: String,
    /// `unknown`: only families whose next check is not known.
    #[serde(default)]
    pub(crate) check: String,
    /// `check`, `checked` or `ends`; by village otherwise.
    #[serde(default)]
    pub(crate) sort: String,
    /// Begins a window after this household.
    #[serde(default)]
    pub(crate) from: String,
    /// Reads on after this household of the window.
    #[serde(default)]
    pub(crate) after: String,
    /// Why an export is made.
    #[serde(default)]
    pub(crate) purpose: String,
}

impl FamiliesQuery {
    /// The filter, checked.
    pub(super) fn filter(&self) -> Answered<Filter> {
        let day = |text: &str| match text {
            "" => Ok(None),
            text => date(text).map(Some),
        };
        let place = chosen(&self.village)?.or(chosen(&self.township)?);
        let scheme = match self.scheme.as_str() {
            "" => None,
            name => Some(code::SCHEME.stored(name).ok_or_else(|| {
                Problem::bad("param.scheme", "没有这个救助类别", "unknown scheme")
            })?),
        };
        Ok(Filter {
            place,
            scheme: scheme.map(str::to_owned),
            checked_before: day(&self.checked_before)?,
            ends_by: day(&self.ends_by)?,
            check: if self.check == "unknown" {
                Some(CheckWish::Unknown)
            } else {
                day(&self.due_by)?.map(CheckWish::DueBy)
            },
            sort: match self.sort.as_str() {
                "check" => Sort::NextCheck,
                "checked" => Sort::Checked,
                "ends" => Sort::Ends,
                _ => Sort::Village,
            },
        })
    }
}

/// A cursor of an address.
pub(super) fn cursor(text: &str) -> Answered<Option<Subject>> {
    if text.is_empty() {
        return Ok(None);
    }
    let unit = text.parse::<Subject>();
    unit.map(Some)
        .map_err(|_| Problem::bad("cursor.invalid", "游标格式不对", "not a cursor"))
}

/// Authority to read the register, of one township where one is chosen: a
/// county's register is read township by township.
pub(crate) fn narrowed(
    caller: &Caller,
    operation: Operation,
    purpose: &str,
    township: &str,
) -> Answered<Grant> {
    let grant = caller.officer.authorize(operation, purpose)?;
    let Some(township) = chosen(township)? else {
        return Ok(grant);
    };
    if !grant.covers(township) {
        return Err(Problem::not_found());
    }
    let officer = Officer {
        regions: vec![township],
        ..caller.officer.clone()
    };
    Ok(officer.authorize(operation, purpose)?)
}

/// One family's line.
struct FamilyLine {
    link: String,
    head: String,
    place: String,
    residence: String,
    schemes: String,
    people: String,
    checked: String,
    next_check: String,
    valid_until: String,
    phone: String,
}

/// One person found.
struct FoundLine {
    link: String,
    name: String,
    phone: String,
    address: String,
    households: usize,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "what a page shows, read by its template alone"
)]
#[derive(Template)]
#[template(path = "families.html")]
struct FamiliesPage {
    shell: Shell,
    query: FamiliesQuery,
    townships: Vec<Choice>,
    villages: Vec<Choice>,
    schemes: Vec<Choice>,
    families: Vec<FamilyLine>,
    total: usize,
    /// Where the page stands in what was found.
    first: usize,
    opened: usize,
    /// Families whose next check is not known, where that day is asked for.
    check_unknown: usize,
    unknown_link: String,
    is_first_window: bool,
    more: String,
    next_window: String,
    may_search: bool,
    may_export: bool,
    search: String,
    found: Vec<FoundLine>,
    searched: bool,
    why: String,
}

/// `GET /families`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<FamiliesQuery>,
) -> Paged {
    let grant = narrowed(&caller, Operation::ReadPeople, "register", &query.township)?;
    let filter = query.filter()?;
    let (from, after) = (cursor(&query.from)?, cursor(&query.after)?);
    let window = register::window(&app.deps, &grant, &filter, from).await?;
    let (first, shown, more) = slice(&window, after);
    disclose(&app, &caller, &grant, shown).await?;
    let lines = shown.iter().map(|f| line(&app, &caller, f)).collect();
    let mut page = frame(&app, &caller, query)?;
    page.families = lines;
    page.total = window.families.len();
    page.first = first;
    page.opened = window.opened;
    page.check_unknown = window.check_unknown;
    page.is_first_window = from.is_none();
    page.unknown_link = address(
        &FamiliesQuery {
            due_by: String::new(),
            check: "unknown".to_owned(),
            ..page.query.clone()
        },
        None,
        None,
    );
    page.more = more.map_or_else(String::new, |unit| address(&page.query, from, Some(unit)));
    page.next_window = window
        .next
        .map_or_else(String::new, |unit| address(&page.query, Some(unit), None));
    html(&page)
}

fn slice(window: &Window, after: Option<Subject>) -> (usize, &[Family], Option<Subject>) {
    let families = &window.families;
    let start = after
        .and_then(|unit| families.iter().position(|family| family.unit == unit))
        .map_or(0, |position| position + 1);
    let end = families.len().min(start + PAGE);
    let shown = &families[start..end];
    let more = shown.last().filter(|_| end < families.len());
    (start, shown, more.map(|family| family.unit))
}

pub(super) async fn disclose(
    app: &App,
    caller: &Caller,
    grant: &Grant,
    shown: &[Family],
) -> Answered<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let heads = shown.iter().filter_map(Family::head);
    let heads = heads.map(|head| Subject::Person(head.id));
    let subjects: BTreeSet<Subject> = shown.iter().map(|f| f.unit).chain(heads).collect();
    let subjects: Vec<Subject> = subjects.into_iter().collect();
    app.discloser
        .disclose(grant, &subjects, &caller.request)
        .await?;
    Ok(())
}

fn line(app: &App, caller: &Caller, family: &Family) -> FamilyLine {
    let today = app.deps.clock.today();
    let place = |code: Option<DivisionCode>| match code {
        Some(code) => match code.township().filter(|town| *town != code) {
            Some(town) => format!(
                "{} {}",
                app.deps.divisions.name(town, today),
                app.deps.divisions.name(code, today)
            ),
            None => app.deps.divisions.name(code, today),
        },
        None => "未登记".to_owned(),
    };
    let name = family.head().and_then(|head| head.name.as_deref());
    let name = name.map_or_else(|| "（姓名未登记）".to_owned(), words::short);
    let counted = family.members.iter().filter(|m| m.counted == Some(true));
    let covered = family.members.iter().filter(|m| m.covered == Some(true));
    let schemes: Vec<&str> = family.schemes.iter().map(|s| code::SCHEME.zh(s)).collect();
    let residence = family.residence.filter(|code| Some(*code) != family.hukou);
    let phone = family.head().and_then(|head| head.phone.as_deref());
    FamilyLine {
        link: link(family.unit),
        head: if masks_names(caller) {
            vault::mask::name(&name)
        } else {
            name
        },
        place: place(family.hukou),
        residence: residence.map_or_else(String::new, |code| place(Some(code))),
        schemes: schemes.join("、"),
        people: format!(
            "{}／{}／{}",
            family.members.len(),
            counted.count(),
            covered.count()
        ),
        checked: checked(family),
        next_check: next_check(family.next_check),
        valid_until: family
            .valid_until
            .map_or_else(|| "未登记".to_owned(), |day| day.to_string()),
        phone: phone.map_or_else(String::new, vault::mask::phone),
    }
}

/// The address of the same filter at another place. Codes and ids only.
fn address(query: &FamiliesQuery, from: Option<Subject>, after: Option<Subject>) -> String {
    let cursor = |unit: Option<Subject>| unit.map_or_else(String::new, |unit| unit.to_string());
    format!(
        "/families?township={}&village={}&scheme={}&checked_before={}&ends_by={}&due_by={}&check={}&sort={}&from={}&after={}",
        query.township,
        query.village,
        query.scheme,
        query.checked_before,
        query.ends_by,
        query.due_by,
        query.check,
        query.sort,
        cursor(from),
        cursor(after)
    )
}

fn frame(app: &App, caller: &Caller, query: FamiliesQuery) -> Answered<FamiliesPage> {
    let today = app.deps.clock.today();
    let township = chosen(&query.township)?;
    let village = chosen(&query.village)?;
    let own = caller.officer.regions.iter().copied();
    let towns = own.filter(|region| region.level() == Level::Township);
    let towns: Vec<DivisionCode> = township.map_or_else(|| towns.collect(), |town| vec![town]);
    let mut villages = Vec::new();
    for town in towns {
        for division in app.deps.divisions.inside(town, Level::Village, today) {
            villages.push(Choice {
                code: division.code.to_string(),
                name: division.name.clone(),
                chosen: Some(division.code) == village,
            });
        }
    }
    let schemes = code::SCHEME.entries.iter().map(|entry| Choice {
        code: entry.code.to_owned(),
        name: entry.zh.to_owned(),
        chosen: entry.code == query.scheme,
    });
    let may_search = caller.grant(Operation::SearchPeople).is_ok();
    Ok(FamiliesPage {
        shell: Shell::new(app, caller, "/families", "台账"),
        townships: townships(app, caller, township),
        villages,
        schemes: schemes.collect(),
        query,
        families: Vec::new(),
        total: 0,
        first: 0,
        opened: 0,
        check_unknown: 0,
        unknown_link: String::new(),
        is_first_window: true,
        more: String::new(),
        next_window: String::new(),
        may_search,
        may_export: caller.grant(Operation::ExportPeople).is_ok(),
        search: String::new(),
        found: Vec::new(),
        searched: false,
        why: String::new(),
    })
}

/// What was typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchForm {
    text: String,
}

/// One box for everything: eighteen or fifteen characters are an identity
/// number, four are its end, seven digits or more a telephone, the rest a name.
fn meant(text: &str) -> SearchBody {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_number = text.is_ascii() && digits + 1 >= text.chars().count() && digits >= 3;
    let some = Some(text.to_owned());
    match text.chars().count() {
        18 | 15 if is_number => SearchBody {
            resident_id: some,
            ..SearchBody::default()
        },
        4 if is_number => SearchBody {
            last_four: some,
            ..SearchBody::default()
        },
        _ if is_number => SearchBody {
            phone: some,
            ..SearchBody::default()
        },
        _ => SearchBody {
            name: some,
            ..SearchBody::default()
        },
    }
}

/// `POST /families/search`.
pub(super) async fn search(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(form): StrictForm<SearchForm>,
) -> Paged {
    let grant = caller.grant(Operation::SearchPeople)?;
    let mut page = frame(&app, &caller, FamiliesQuery::default())?;
    page.searched = true;
    page.search.clone_from(&form.text);
    match query(meant(&form.text)) {
        Err(problem) => problem.zh().clone_into(&mut page.why),
        Ok(wanted) => {
            let found = people::search(&app.deps, &grant, &wanted, FOUND_MAX).await?;
            let shown: Vec<Subject> = found.iter().map(|f| Subject::Person(f.person)).collect();
            if !shown.is_empty() {
                app.discloser
                    .disclose(&grant, &shown, &caller.request)
                    .await?;
            }
            page.found = found.iter().map(found_line).collect();
        }
    }
    html(&page)
}

fn found_line(found: &people::Found) -> FoundLine {
    let text = |field: &str| found.identity.as_ref().and_then(|body| body.text(field));
    FoundLine {
        link: link(Subject::Person(found.person)),
        name: text("name").map_or_else(|| "（姓名未登记）".to_owned(), words::short),
        phone: text("phone").map_or_else(String::new, vault::mask::phone),
        address: text("address").map_or_else(String::new, |address| {
            vault::mask::mask_for(domain::dictionary::Mask::Address, address)
        }),
        households: found.households.len(),
    }
}
