//! 公示公布: choose what is published and which families, see who is left out
//! and why, take the file.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use domain::authority::Operation;
use domain::money::Money;
use domain::publicity::Rule;
use domain::region::{DivisionCode, Level};
use pipeline::register::{self, Filter};
use serde::Deserialize;

use super::families::narrowed;
use super::forms::StrictForm;
use super::household::link;
use super::refusal::{Paged, html};
use super::shell::Shell;
use super::today::{Choice, chosen, townships};
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::publication::{self, Chosen, PublicationBody};
use crate::strict::StrictQuery;

/// Families offered on one page.
const OFFERED_MAX: usize = 500;

/// Whose families to choose from.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PublicationsQuery {
    /// `scheme:event:kind`.
    #[serde(default)]
    item: String,
    #[serde(default)]
    township: String,
    #[serde(default)]
    village: String,
}

/// A family to choose.
struct Offer {
    id: String,
    head: String,
    place: String,
    covered: usize,
}

/// A family left out.
struct Left {
    link: String,
    why: &'static str,
}

#[derive(Template)]
#[template(path = "publications.html")]
struct PublicationsPage {
    shell: Shell,
    items: Vec<Choice>,
    item: String,
    basis: String,
    township: String,
    townships: Vec<Choice>,
    villages: Vec<Choice>,
    offers: Vec<Offer>,
    chosen: bool,
    left: Vec<Left>,
    rows: Vec<Vec<String>>,
    hidden: Vec<(String, String)>,
    preview: bool,
}

/// `GET /publications`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<PublicationsQuery>,
) -> Paged {
    let grant = narrowed(&caller, Operation::Publish, "publication", &query.township)?;
    let mut page = frame(&app, &caller, &query)?;
    let rule = app
        .deps
        .publicity
        .rules()
        .iter()
        .find(|rule| named(rule) == query.item);
    let place = chosen(&query.village)?.or(chosen(&query.township)?);
    let place = place.or_else(|| {
        let own = grant.regions().first().copied();
        own.filter(|region| region.level() >= Level::Township)
    });
    let (Some(rule), Some(place)) = (rule, place) else {
        return html(&page);
    };
    let enters = (rule.event_name(), rule.kind_name()) == ("entry", "notice");
    let filter = Filter {
        place: Some(place),
        scheme: (!enters).then(|| rule.scheme.to_owned()),
        ..Filter::default()
    };
    let window = register::window(&app.deps, &grant, &filter, None).await?;
    let families = &window.families[..window.families.len().min(OFFERED_MAX)];
    super::families::disclose(&app, &caller, &grant, families).await?;
    let today = app.deps.clock.today();
    page.chosen = true;
    page.basis = format!("{}{}", rule.document, rule.article);
    page.offers = families
        .iter()
        .map(|family| Offer {
            id: family.unit.as_uuid().to_string(),
            head: family
                .head()
                .and_then(|head| head.name.as_deref())
                .map_or_else(|| "（姓名未登记）".to_owned(), words::short),
            place: family
                .hukou
                .map_or_else(String::new, |code| app.deps.divisions.name(code, today)),
            covered: family
                .members
                .iter()
                .filter(|m| m.covered == Some(true))
                .count(),
        })
        .collect();
    html(&page)
}

/// `scheme:event:kind`.
fn named(rule: &Rule) -> String {
    format!("{}:{}:{}", rule.scheme, rule.event_name(), rule.kind_name())
}

fn frame(app: &App, caller: &Caller, query: &PublicationsQuery) -> Answered<PublicationsPage> {
    let today = app.deps.clock.today();
    let (township, village) = (chosen(&query.township)?, chosen(&query.village)?);
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
    let items = app.deps.publicity.rules().iter().map(|rule| Choice {
        code: named(rule),
        name: rule.title(),
        chosen: named(rule) == query.item,
    });
    Ok(PublicationsPage {
        shell: Shell::new(app, caller, "/publications", "公示公布"),
        items: items.collect(),
        item: query.item.clone(),
        basis: String::new(),
        township: query.township.clone(),
        townships: townships(app, caller, township),
        villages,
        offers: Vec::new(),
        chosen: false,
        left: Vec::new(),
        rows: Vec::new(),
        hidden: Vec::new(),
        preview: false,
    })
}

/// `POST /publications`: first a look at what would be published, then the file.
pub(super) async fn make(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(fields): StrictForm<Vec<(String, String)>>,
) -> Paged {
    let body = body(&fields)?;
    let publication = publication::compose(&app, &caller, &body).await?;
    if !body.format.is_empty() {
        return Ok(publication::file(&publication, &body.format)?);
    }
    // A look is held to the same rule as the file.
    publication::publishable(&publication.rows, "html")?;
    let query = PublicationsQuery {
        item: named(&publication.rule),
        township: body.township.clone().unwrap_or_default(),
        village: String::new(),
    };
    let mut page = frame(&app, &caller, &query)?;
    page.preview = true;
    page.left = publication
        .left
        .iter()
        .map(|(unit, why)| Left {
            link: link(*unit),
            why: why.zh(),
        })
        .collect();
    page.rows = publication.rows;
    page.hidden = fields
        .into_iter()
        .filter(|(name, _)| name != "format")
        .collect();
    html(&page)
}

/// The form as the API takes it.
fn body(fields: &[(String, String)]) -> Answered<PublicationBody> {
    let invalid = || {
        Problem::bad(
            "form.invalid",
            "表单内容不完整或格式不对，请返回重填",
            "the form has missing, unknown or malformed fields",
        )
    };
    let mut body = PublicationBody::default();
    let mut amounts: BTreeMap<&str, i64> = BTreeMap::new();
    for (name, value) in fields {
        match name.as_str() {
            "item" => {
                let mut parts = value.split(':').map(str::to_owned);
                let mut next = || parts.next().ok_or_else(invalid);
                (body.scheme, body.event, body.kind) = (next()?, next()?, next()?);
            }
            "township" => body.township = Some(value.clone()).filter(|code| !code.is_empty()),
            "note" => body.note = value.replace("\r\n", " ").replace('\n', " "),
            "format" => body.format.clone_from(value),
            "household" => body.households.push(Chosen {
                id: value.clone(),
                amount_fen: None,
            }),
            other => {
                let id = other.strip_prefix("amount_").ok_or_else(invalid)?;
                if !value.trim().is_empty() {
                    let money = Money::from_yuan_text(value.trim()).map_err(|_| invalid())?;
                    amounts.insert(id, money.as_fen());
                }
            }
        }
    }
    for one in &mut body.households {
        one.amount_fen = amounts.get(one.id.as_str()).copied();
    }
    Ok(body)
}
