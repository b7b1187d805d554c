//! Households and persons: what is known, of which day, known when; search
//! inside one's own townships; who someone is, for a stated purpose.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::authority::{Grant, Operation, Role};
use domain::dictionary::{FieldType, Kind, Mask};
use domain::household::{Completeness, FactList, Facts, Item, Person, Standing};
use domain::ids::{HouseholdId, PersonId, Subject};
use domain::resident_id::ResidentId;
use domain::value::Body;
use pipeline::people::{self, Query, UnitView};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json0;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem, ProblemBody};
use crate::strict::{StrictJson, StrictPath, StrictQuery, date};

/// One fact with where it came from.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemView {
    /// Field → value; money in fen, masked as the caller's grant demands.
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Json0>,
    valid_from: Option<String>,
    valid_to: Option<String>,
    source: String,
    dataset: String,
    /// Business date and sequence of the batch: when we were told.
    revision: String,
    /// The record's key, to name it in a dispute.
    key: String,
    import: String,
    line: u32,
    /// Another source says otherwise.
    disagreed: bool,
}

/// The facts of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactsView {
    /// Dictionary name.
    kind: String,
    zh: String,
    /// `complete`, `closed` or `open`.
    completeness: String,
    /// As-of day of the list that says so.
    covered_as_of: Option<String>,
    /// Why more may exist.
    unknown_because: Option<String>,
    items: Vec<ItemView>,
}

/// A person in a household's view.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonView {
    id: String,
    /// Full for caseworkers and the county, masked for auditors.
    name: Option<String>,
    /// `member` or `linked` (parent, obligor, paid under this household).
    standing: String,
    facts: Vec<FactsView>,
}

/// A household (or a person alone) as known on a date.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseholdView {
    /// `h:<id>` or `p:<id>`.
    unit: String,
    valid_on: String,
    /// Apply position it was known at.
    known_seq: i64,
    hukou: Option<String>,
    hukou_name: Option<String>,
    residence: Option<String>,
    size: usize,
    counted: usize,
    covered: usize,
    facts: Vec<FactsView>,
    people: Vec<PersonView>,
}

fn masked(grant: &Grant, kind: Kind, body: &Body, names: &[&str]) -> BTreeMap<String, Json0> {
    let auditor = grant.role() == Some(Role::Auditor);
    let mut fields = BTreeMap::new();
    for (field, value) in body.fields() {
        let def = field.def();
        let json = value.to_json();
        let shown = match (def.mask, json.as_str()) {
            (Mask::Name, Some(_)) if !auditor => json,
            (Mask::Name | Mask::Phone | Mask::Address, Some(text)) => {
                vault::mask::mask_for(def.mask, text).into()
            }
            // The birth date is in the identity number; its age is enough for auditors.
            (Mask::Hidden, _) if auditor && kind == Kind::Identity => Json0::Null,
            // What people wrote names people.
            (Mask::Hidden, Some(text)) if auditor && matches!(def.ty, FieldType::Text) => {
                vault::reread::masked(text, names).into()
            }
            _ => json,
        };
        fields.insert(def.name.to_owned(), shown);
    }
    fields
}

fn item(grant: &Grant, kind: Kind, item: &Item, names: &[&str]) -> ItemView {
    ItemView {
        fields: masked(grant, kind, &item.body, names),
        valid_from: item.valid.from.map(|on| on.to_string()),
        valid_to: item.valid.to.map(|on| on.to_string()),
        source: item.source.to_string(),
        dataset: item.dataset.to_string(),
        revision: item.revision.to_string(),
        key: item.key.to_string(),
        import: item.origin.import.to_string(),
        line: item.origin.line,
        disagreed: item.disagreed,
    }
}

fn facts(grant: &Grant, facts: &Facts, names: &[&str]) -> Vec<FactsView> {
    let told = |(kind, list): (&Kind, &FactList)| {
        if kind.def().level() <= grant.level() {
            Some(fact_list(grant, *kind, list, names))
        } else if *kind == Kind::RestrictedLiberty && !list.items.is_empty() {
            Some(FactsView {
                kind: "restricted".to_owned(),
                zh: RESTRICTED.to_owned(),
                completeness: "closed".to_owned(),
                covered_as_of: None,
                unknown_because: None,
                items: Vec::new(),
            })
        } else {
            None
        }
    };
    facts.iter().filter_map(told).collect()
}

/// What is said of custody to those who are not told it.
pub(crate) const RESTRICTED: &str = "另有限制情形，由专人掌握";

fn fact_list(grant: &Grant, kind: Kind, list: &FactList, names: &[&str]) -> FactsView {
    let (completeness, covered_as_of, unknown_because) = match &list.completeness {
        Completeness::Complete(note) => ("complete", Some(note.as_of.to_string()), None),
        Completeness::Closed => ("closed", None, None),
        Completeness::Open(why) => {
            let why = serde_json::to_value(why)
                .ok()
                .and_then(|v| v.as_str().map(str::to_owned));
            ("open", None, why)
        }
    };
    FactsView {
        kind: kind.def().name.to_owned(),
        zh: kind.def().zh.to_owned(),
        completeness: completeness.to_owned(),
        covered_as_of,
        unknown_because,
        items: list
            .items
            .iter()
            .map(|i| item(grant, kind, i, names))
            .collect(),
    }
}

fn household_view(app: &App, grant: &Grant, view: &UnitView) -> HouseholdView {
    let household = &view.household;
    let auditor = grant.role() == Some(Role::Auditor);
    let names: Vec<&str> = view
        .identities
        .values()
        .filter_map(|body| body.text("name"))
        .collect();
    let membership = |person: &Person, flag: &str| {
        domain::household::first(&person.facts, Kind::Membership)
            .and_then(|item| item.body.flag(flag))
            .unwrap_or(false)
    };
    let person = |person: &Person| {
        let name = view
            .identities
            .get(&person.id)
            .and_then(|body| body.text("name"));
        PersonView {
            id: person.id.to_string(),
            name: name.map(|name| {
                if auditor {
                    vault::mask::name(name)
                } else {
                    name.to_owned()
                }
            }),
            standing: if person.standing == Standing::Member {
                "member"
            } else {
                "linked"
            }
            .to_owned(),
            facts: facts(grant, &person.facts, &names),
        }
    };
    HouseholdView {
        unit: household.unit.to_string(),
        valid_on: household.on.to_string(),
        known_seq: view.known,
        hukou: household.hukou.map(|code| code.to_string()),
        hukou_name: household
            .hukou
            .map(|code| app.deps.divisions.name(code, household.on)),
        residence: household.residence.map(|code| code.to_string()),
        size: household.members().count(),
        counted: household
            .members()
            .filter(|p| membership(p, "counted"))
            .count(),
        covered: household
            .members()
            .filter(|p| membership(p, "covered"))
            .count(),
        facts: facts(grant, &household.facts, &names),
        people: household.people.iter().map(person).collect(),
    }
}

async fn show(
    app: App,
    caller: Caller,
    operation: Operation,
    subject: Subject,
    query: HistoryQuery,
) -> Answered<Response> {
    let grant = caller.grant(operation)?;
    let on = query
        .valid_on
        .as_deref()
        .map(date)
        .transpose()?
        .unwrap_or_else(|| app.deps.clock.today());
    if query.known_seq.is_some_and(|known| known < 0) {
        return Err(Problem::bad(
            "param.range",
            "known_seq 超出范围",
            "known_seq is out of range",
        ));
    }
    if let Some(known) = query.known_seq {
        let roots = app.deps.store.ledger_roots().await?;
        if roots.last().is_none_or(|root| root.size < known) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "cursor.ahead",
                "该提交号还没有产生",
                "the commit number is ahead of the store",
            ));
        }
    }
    let view = people::view(&app.deps, &grant, subject, on, query.known_seq)
        .await?
        .ok_or_else(Problem::not_found)?;
    let shown = view.shown(subject);
    app.discloser
        .disclose(&grant, &shown, &caller.request)
        .await?;
    let body = household_view(&app, &grant, &view);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// As of which day, and known at which commit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The day it was true of; today when absent.
    valid_on: Option<String>,
    /// The commit number it was known at; now when absent.
    known_seq: Option<i64>,
}

/// A household as known now. Disclosing.
#[utoipa::path(get, path = "/api/v1/households/{id}", tag = "people", params(("id" = String, Path)), responses((status = 200, body = HouseholdView), (status = 404, body = ProblemBody)))]
pub async fn household(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<HouseholdId>,
) -> Answered<Response> {
    show(
        app,
        caller,
        Operation::ReadPeople,
        Subject::Household(id),
        HistoryQuery::default(),
    )
    .await
}

/// The household a person lives in (or the person alone) as known now.
/// Disclosing.
#[utoipa::path(get, path = "/api/v1/persons/{id}", tag = "people", params(("id" = String, Path)), responses((status = 200, body = HouseholdView), (status = 404, body = ProblemBody)))]
pub async fn person(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<PersonId>,
) -> Answered<Response> {
    show(
        app,
        caller,
        Operation::ReadPeople,
        Subject::Person(id),
        HistoryQuery::default(),
    )
    .await
}

/// A household as it was on a day, as known at a commit. Disclosing.
#[utoipa::path(get, path = "/api/v1/households/{id}/history", tag = "people", params(("id" = String, Path), HistoryQuery), responses((status = 200, body = HouseholdView), (status = 404, body = ProblemBody)))]
pub async fn household_history(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<HouseholdId>,
    StrictQuery(query): StrictQuery<HistoryQuery>,
) -> Answered<Response> {
    show(
        app,
        caller,
        Operation::ReadHistory,
        Subject::Household(id),
        query,
    )
    .await
}

/// A person as they were on a day, as known at a commit. Disclosing.
#[utoipa::path(get, path = "/api/v1/persons/{id}/history", tag = "people", params(("id" = String, Path), HistoryQuery), responses((status = 200, body = HouseholdView), (status = 404, body = ProblemBody)))]
pub async fn person_history(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<PersonId>,
    StrictQuery(query): StrictQuery<HistoryQuery>,
) -> Answered<Response> {
    show(
        app,
        caller,
        Operation::ReadHistory,
        Subject::Person(id),
        query,
    )
    .await
}

/// Who a person is, in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityView {
    id: String,
    name: Option<String>,
    resident_id: Option<String>,
    phone: Option<String>,
    address: Option<String>,
}

/// Name, identity number, phone and address of one person in full. Needs a
/// stated purpose (`X-Purpose`). Disclosing.
#[utoipa::path(get, path = "/api/v1/persons/{id}/identity", tag = "people", params(("id" = String, Path), ("X-Purpose" = String, Header)), responses((status = 200, body = IdentityView), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn identity(
    State(app): State<App>,
    caller: Caller,
    StrictPath(id): StrictPath<PersonId>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::ReadPeople)?;
    if grant.role() == Some(Role::Auditor) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            "审计角色只看脱敏信息",
            "auditors see masked identities",
        ));
    }
    if !caller.states_purpose() {
        return Err(Problem::bad(
            "purpose.missing",
            "查看完整身份须填写用途（X-Purpose）",
            "showing an identity in full needs X-Purpose",
        ));
    }
    let subject = Subject::Person(id);
    if !app
        .deps
        .store
        .covers(&grant, subject, app.deps.clock.today())
        .await?
    {
        return Err(Problem::not_found());
    }
    caller.may_see_identity(&app).await?;
    let numbers = people::identity_numbers(&app.deps, &[id]).await?;
    let body = people::identity_facts(&app.deps, id).await?;
    app.discloser
        .disclose(&grant, &[subject], &caller.request)
        .await?;
    let text = |field: &str| {
        body.as_ref()
            .and_then(|body| body.text(field))
            .map(str::to_owned)
    };
    let view = IdentityView {
        id: id.to_string(),
        name: text("name"),
        resident_id: numbers.get(&id).cloned(),
        phone: text("phone"),
        address: text("address"),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// What to search for; exactly one. In the body, because addresses are logged
/// along the way.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchBody {
    /// Exact identity number.
    pub(crate) resident_id: Option<String>,
    /// Last four characters of one.
    pub(crate) last_four: Option<String>,
    /// A name or its beginning, at least two characters.
    pub(crate) name: Option<String>,
    /// A phone number, at least seven digits.
    pub(crate) phone: Option<String>,
}

/// One person found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundView {
    person: String,
    name: Option<String>,
    phone: Option<String>,
    address: Option<String>,
    households: Vec<String>,
}

/// People found, at most 50.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundPage {
    people: Vec<FoundView>,
}

/// People found in one search.
pub(crate) const FOUND_MAX: usize = 50;

/// The one thing to search for, checked.
pub(crate) fn query(body: SearchBody) -> Answered<Query> {
    let too_short = || {
        Problem::bad(
            "param.too_short",
            "搜索词太短",
            "the search text is too short",
        )
    };
    let given = [&body.resident_id, &body.last_four, &body.name, &body.phone]
        .into_iter()
        .flatten()
        .count();
    if given != 1 {
        return Err(Problem::bad(
            "search.one",
            "请只填一个搜索条件",
            "give exactly one thing to search for",
        ));
    }
    if let Some(text) = body.resident_id {
        let id = ResidentId::parse(&text)
            .map_err(|error| Problem::bad(error.code(), "身份证件号码不对", &error.to_string()))?;
        return Ok(Query::Identity(id));
    }
    if let Some(four) = body.last_four {
        let four = four.trim().to_ascii_uppercase();
        return if four.len() == 4 {
            Ok(Query::LastFour(four))
        } else {
            Err(too_short())
        };
    }
    if let Some(phone) = body.phone {
        return if phone.trim().len() >= 7 {
            Ok(Query::Phone(phone.trim().to_owned()))
        } else {
            Err(too_short())
        };
    }
    let name = body.name.unwrap_or_default();
    if name.trim().chars().count() < 2 {
        Err(too_short())
    } else {
        Ok(Query::Name(name.trim().chars().take(100).collect()))
    }
}

/// Searches people of the caller's own regions by identity number, last four,
/// name or phone. Disclosing.
#[utoipa::path(post, path = "/api/v1/searches", tag = "people", request_body = SearchBody, responses((status = 200, body = FoundPage), (status = 400, body = ProblemBody)))]
pub async fn search(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<SearchBody>,
) -> Answered<Response> {
    let grant = caller.grant(Operation::SearchPeople)?;
    let found = people::search(&app.deps, &grant, &query(body)?, FOUND_MAX).await?;
    let shown: Vec<Subject> = found
        .iter()
        .map(|found| Subject::Person(found.person))
        .collect();
    if !shown.is_empty() {
        app.discloser
            .disclose(&grant, &shown, &caller.request)
            .await?;
    }
    let view = |found: people::Found| {
        let text = |field: &str| found.identity.as_ref().and_then(|body| body.text(field));
        FoundView {
            person: found.person.to_string(),
            name: text("name").map(str::to_owned),
            phone: text("phone").map(vault::mask::phone),
            address: text("address").map(|address| vault::mask::mask_for(Mask::Address, address)),
            households: found.households.iter().map(ToString::to_string).collect(),
        }
    };
    let page = FoundPage {
        people: found.into_iter().map(view).collect(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(page)).into_response())
}

#[cfg(test)]
pub(crate) mod tests;
