//! 账号: who may log in, for the security officer, who makes, locks, resets and
//! ends the accounts of those who work here; auditors look on.
//!
//! The three administering roles (三员) are made and reset where the server is:
//! nobody makes an auditor, or a second self, from a browser.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use domain::authority::{Officer, Operation, Role};
use domain::ids::OfficerId;
use domain::region::{DivisionCode, Level};
use domain::time::Instant;
use ingest::Layout;
use pipeline::account::administer::{self, Act, NewAccount};
use pipeline::account::{AccountError, login_name};
use serde::Deserialize;
use store::accounts::KnownAccount;
use uuid::Uuid;

use super::forms::StrictForm;
use super::refusal::{Paged, html, html_with};
use super::shell::Shell;
use super::today::{Choice, townships};
use super::visitor::Visitor;
use super::words;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{Answered, Problem};
use crate::strict::StrictQuery;

/// Longest work name.
const NAME_MAX: usize = 40;

/// Roles an account can be made for on the page.
const MADE_HERE: [Role; 6] = [
    Role::Caseworker,
    Role::CountyOfficer,
    Role::ChildrenOfficer,
    Role::PolicyOfficer,
    Role::VillageContact,
    Role::Importer,
];

/// One account of the table.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what a row shows, read by its template alone"
)]
struct Line {
    id: String,
    login: String,
    name: String,
    role: &'static str,
    places: String,
    standing: String,
    /// Whether it is something to look at.
    is_shut: bool,
    second_factor: bool,
    /// Whether this page may change it at all.
    may_change: bool,
    is_locked: bool,
}

/// What was typed for a new account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewForm {
    login: String,
    name: String,
    role: String,
    region: String,
    /// Codes or names of villages, for a village contact.
    #[serde(default)]
    villages: String,
    /// Codes of what a department may send as.
    #[serde(default)]
    sources: String,
    /// Work number of the person.
    #[serde(default)]
    holder: String,
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    shell: Shell,
    done: &'static str,
    /// Why no account was made.
    why: String,
    manages: bool,
    typed: NewForm,
    roles: Vec<Choice>,
    regions: Vec<Choice>,
    /// Every source with its lists.
    senders: String,
    accounts: Vec<Line>,
}

#[derive(Template)]
#[template(path = "account_made.html")]
struct MadePage {
    shell: Shell,
    title: &'static str,
    login: String,
    password: String,
    hours: i64,
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountsQuery {
    #[serde(default)]
    done: String,
}

/// `GET /accounts`.
pub(super) async fn page(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictQuery(query): StrictQuery<AccountsQuery>,
) -> Paged {
    let done = match query.done.as_str() {
        "locking" => "已锁定，本人的登录立即结束；解锁前进不来",
        "unlocking" => "已解锁",
        "disabling" => "已停用，登录和令牌立即失效",
        _ => "",
    };
    let page = shown(&app, &caller, NewForm::default(), done, String::new()).await?;
    html(&page)
}

/// The page with what was typed, and why no account was made.
async fn shown(
    app: &App,
    caller: &Caller,
    typed: NewForm,
    done: &'static str,
    why: String,
) -> Answered<AccountsPage> {
    caller.grant(Operation::ReadAccounts)?;
    let manages = caller.grant(Operation::ManageAccounts).is_ok();
    let mut known = app.deps.store.accounts().await?;
    known.retain(|known| is_of(caller, &known.officer));
    known.sort_by(|a, b| a.account.login.cmp(&b.account.login));
    let chosen = |role: Role| Choice {
        code: role.name().to_owned(),
        name: role.zh().to_owned(),
        chosen: typed.role == role.name(),
    };
    Ok(AccountsPage {
        done,
        why,
        manages,
        roles: MADE_HERE.map(chosen).into(),
        regions: regions(app, caller, &typed.region),
        senders: senders(),
        accounts: known.iter().map(|known| line(app, known)).collect(),
        typed,
        shell: Shell::new(app, caller, "/accounts", "账号"),
    })
}

/// Whether an officer works in the caller's places, wholly.
fn is_of(caller: &Caller, officer: &Officer) -> bool {
    let theirs = &officer.regions;
    let own = |place: &DivisionCode| caller.officer.regions.iter().any(|r| r.contains(place));
    !theirs.is_empty() && theirs.iter().all(own)
}

/// The caller's counties and their townships.
fn regions(app: &App, caller: &Caller, typed: &str) -> Vec<Choice> {
    let today = app.deps.clock.today();
    let own = caller.officer.regions.iter().map(|code| Choice {
        code: code.to_string(),
        name: app.deps.divisions.name(*code, today),
        chosen: code.as_str() == typed,
    });
    own.chain(townships(app, caller, DivisionCode::parse(typed)))
        .collect()
}

fn line(app: &App, known: &KnownAccount) -> Line {
    let (now, today) = (app.deps.clock.now(), app.deps.clock.today());
    let officer = &known.officer;
    let places = officer.regions.iter();
    let places: Vec<String> = places
        .map(|code| app.deps.divisions.name(*code, today))
        .collect();
    let is_open = known.disabled_at.is_none();
    Line {
        id: officer.id.to_string(),
        login: known.account.login.clone(),
        name: officer.name.clone(),
        role: officer.role.zh(),
        places: places.join("、"),
        standing: standing(known, now),
        is_shut: !is_open || is_locked(known, now),
        second_factor: known.account.totp.is_some(),
        may_change: is_open && !officer.role.administers(),
        is_locked: is_locked(known, now),
    }
}

fn is_locked(known: &KnownAccount, now: Instant) -> bool {
    known.account.locked_until.is_some_and(|until| until > now)
}

fn standing(known: &KnownAccount, now: Instant) -> String {
    if known.disabled_at.is_some() {
        return "已停用".to_owned();
    }
    match known.account.locked_until.filter(|until| *until > now) {
        Some(until) if administer::is_by_hand(until, now) => "已锁定".to_owned(),
        Some(until) => format!("连续输错，锁定至 {}", words::minute(until)),
        None if known.account.must_change => "待本人改口令".to_owned(),
        None => "正常".to_owned(),
    }
}

/// `POST /accounts`: makes an account and shows its one-time password, once.
pub(super) async fn make(
    State(app): State<App>,
    Visitor(caller): Visitor,
    StrictForm(form): StrictForm<NewForm>,
) -> Paged {
    caller.grant(Operation::ManageAccounts)?;
    match made(&app, &caller, &form).await {
        Ok(password) => html(&once(&app, &caller, "账号已建", &form.login, &password)),
        Err(problem) if problem.status().is_client_error() => {
            let status = problem.status();
            let why = problem.zh().to_owned();
            html_with(status, &shown(&app, &caller, form, "", why).await?)
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn made(app: &App, caller: &Caller, form: &NewForm) -> Answered<vault::Zeroizing<String>> {
    let name = form.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return Err(wrong("请填工作名，不超过40个字"));
    }
    let role = Role::named(&form.role).filter(|role| MADE_HERE.contains(role));
    let role = role.ok_or_else(|| wrong("请选择角色；三员的账号在服务器上建"))?;
    let regions = regions_of(app, caller, role, form)?;
    let sources = sources_of(role, form)?;
    let officer = Officer {
        id: OfficerId::from_uuid(Uuid::new_v4()),
        name: name.to_owned(),
        role,
        regions,
        sources,
    };
    let holder = Some(form.holder.trim()).filter(|holder| !holder.is_empty());
    refuse_own(app, caller, holder.unwrap_or(&form.login)).await?;
    let new = NewAccount {
        officer,
        login: &form.login,
        holder,
    };
    let by = caller.officer.id.to_string();
    let act = Act {
        by: &by,
        second: None,
    };
    Ok(administer::add(&app.deps, &act, new).await?)
}

/// Nobody gives himself another account, which could see people.
async fn refuse_own(app: &App, caller: &Caller, holder: &str) -> Answered<()> {
    let own = app.deps.store.account(caller.officer.id).await?;
    if own.is_some_and(|own| Some(own.account.holder) == login_name(holder)) {
        return Err(AccountError::MutuallyExclusive.into());
    }
    Ok(())
}

fn wrong(zh: &str) -> Problem {
    Problem::bad("account.form", zh, "the account cannot be made like this")
}

/// The places of the new account: a village contact has villages, a caseworker
/// a township, the county's roles the county.
fn regions_of(
    app: &App,
    caller: &Caller,
    role: Role,
    form: &NewForm,
) -> Answered<Vec<DivisionCode>> {
    let offered = regions(app, caller, &form.region);
    let region = offered.iter().find(|choice| choice.chosen);
    let region = region.and_then(|choice| DivisionCode::parse(&choice.code));
    let region = region.ok_or_else(|| wrong("请选择地区"))?;
    let fits = match role {
        Role::Caseworker => region.level() == Level::Township,
        Role::CountyOfficer | Role::PolicyOfficer => region.level() == Level::County,
        _ => true,
    };
    if !fits {
        return Err(wrong("乡镇经办人选镇（街道），县级角色选县"));
    }
    let names = each_of(&form.villages);
    match (role, names.is_empty()) {
        (Role::VillageContact, true) => Err(wrong("村级联络人请写明村（社区）")),
        (Role::VillageContact, false) => names
            .into_iter()
            .map(|name| village(app, region, name))
            .collect(),
        (_, true) => Ok(vec![region]),
        (_, false) => Err(wrong("只有村级联络人才写村（社区）")),
    }
}

/// What was typed between spaces, commas or semicolons.
fn each_of(text: &str) -> Vec<&str> {
    text.split(|c: char| c.is_whitespace() || "，、,;；".contains(c))
        .filter(|name| !name.is_empty())
        .collect()
}

/// What the new account may send as: a department some source, nobody else any.
fn sources_of(role: Role, form: &NewForm) -> Answered<Vec<String>> {
    let codes = each_of(&form.sources);
    let is_known = |code: &&str| Layout::builtin().iter().any(|l| l.source() == *code);
    match (role, codes.is_empty()) {
        (Role::Importer, true) => Err(wrong("数据报送请写明来源")),
        (Role::Importer, false) if codes.iter().all(is_known) => {
            Ok(codes.into_iter().map(str::to_owned).collect())
        }
        (Role::Importer, false) => Err(wrong("没有这个来源，请照下面列出的代码填写")),
        (_, true) => Ok(vec![]),
        (_, false) => Err(wrong("只有数据报送才写来源")),
    }
}

/// Every source with the lists it sends, to be told what to type.
fn senders() -> String {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for layout in Layout::builtin() {
        lists
            .entry(layout.source())
            .or_default()
            .push(layout.title_zh());
    }
    let told = lists.iter();
    let told = told.map(|(source, lists)| format!("{source} {}", lists.join("、")));
    told.collect::<Vec<_>>().join("；")
}

/// A village inside a place, by its code or its name.
fn village(app: &App, region: DivisionCode, text: &str) -> Answered<DivisionCode> {
    let (divisions, today) = (&app.deps.divisions, app.deps.clock.today());
    let coded = DivisionCode::parse(text).filter(|code| {
        let known = divisions.on(*code, today).is_some();
        known && code.level() == Level::Village && region.contains(code)
    });
    coded
        .or_else(|| divisions.find(region, Level::Village, text, today))
        .ok_or_else(|| wrong("所选地区没有这个村（社区），或有重名，请写 12 位代码"))
}

/// The page that shows a one-time password, which nothing shows again.
fn once(app: &App, caller: &Caller, title: &'static str, login: &str, password: &str) -> MadePage {
    MadePage {
        title,
        login: login_name(login).unwrap_or_default(),
        password: password.to_owned(),
        hours: app.deps.settings.accounts.one_time_seconds / 3_600,
        shell: Shell::new(app, caller, "/accounts", title),
    }
}

/// `POST /accounts/{id}/{noun}`: locks, unlocks, ends, or gives a new one-time
/// password. An account of another place, of 三员, or of nobody answer alike.
pub(super) async fn take(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path((id, noun)): Path<(String, String)>,
) -> Paged {
    caller.grant(Operation::ManageAccounts)?;
    let id: OfficerId = id.parse().map_err(|_| Problem::not_found())?;
    let known = app.deps.store.account(id).await?;
    let known = known.filter(|known| {
        let changes = known.disabled_at.is_none() && !known.officer.role.administers();
        changes && is_of(&caller, &known.officer)
    });
    let login = known.ok_or_else(Problem::not_found)?.account.login;
    let by = caller.officer.id.to_string();
    let act = Act {
        by: &by,
        second: None,
    };
    let done = match noun.as_str() {
        "locking" => administer::lock(&app.deps, &act, &login).await,
        "unlocking" => administer::unlock(&app.deps, &act, &login).await,
        "disabling" => administer::disable(&app.deps, &act, &login).await,
        "password" => {
            let password = administer::reset(&app.deps, &act, &login, false).await?;
            return html_with(
                StatusCode::OK,
                &once(&app, &caller, "口令已重发", &login, &password),
            );
        }
        _ => return Err(Problem::not_found().into()),
    };
    done?;
    Ok(Redirect::to(&format!("/accounts?done={noun}")).into_response())
}
