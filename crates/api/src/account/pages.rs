//! `/login`, `/login/code`, `/logout`, `/account`: forms and what they do.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::OfficerId;
use pipeline::account::AccountError;
use pipeline::account::care::{Offer, Renewed};
use pipeline::account::door::Opened;
use pipeline::account::password::{LENGTH_MAX, Profile, length_min};
use pipeline::account::session::Stage;
use pipeline::drafts;
use serde::Deserialize;
use tower_http::set_header::SetResponseHeaderLayer;
use vault::Zeroizing;

use crate::account::address::Address;
use crate::account::views::{Account, Code, EventLine, Login, Recovery, SecondFactor, page};
use crate::account::visitor::{Visitor, next, unfinished};
use crate::account::{qr, sso};
use crate::app::App;
use crate::console::{Entry, form, minute, page as page_at, start};
use crate::problem::{Answered, Problem};
use crate::strict::StrictQuery;

/// What is told of a login that failed, whatever the reason.
pub(super) const WRONG: &str = "用户名、口令或动态口令不正确，或账号已锁定、停用。连续多次错误会锁定账号，请稍后再试或联系安全管理员。";
/// Events shown to the owner.
const EVENTS: u32 = 10;

/// The pages and forms.
pub(crate) fn entries() -> Vec<Entry> {
    vec![
        page_at("/login", login),
        form("/login", log_in),
        page_at("/login/oidc", sso::begin),
        page_at("/login/oidc/callback", sso::finish),
        page_at("/login/code", code),
        form("/login/code", give_code),
        form("/logout", log_out),
        page_at("/account", account),
        form("/account/password", change_password),
        page_at("/account/second-factor", offer_second_factor),
        form("/account/second-factor", set_second_factor),
        form("/account/recovery", renew_recovery),
    ]
}

/// The pages.
pub fn routes() -> axum::Router<App> {
    let entries = entries().into_iter();
    let pages = entries.fold(axum::Router::new(), |router, entry| {
        router.route(entry.path, entry.route)
    });
    // Redirects and refusals too: nothing of an account is kept by a browser.
    let unkept = HeaderValue::from_static("no-store");
    pages.layer(SetResponseHeaderLayer::if_not_present(
        header::CACHE_CONTROL,
        unkept,
    ))
}

/// A password as sent; cleared from memory when dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
struct Secret(Zeroizing<String>);

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }
}

/// Login name and password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginForm {
    login: String,
    password: Secret,
}

/// A code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeForm {
    code: String,
}

/// The password and a new one, twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    current: Secret,
    new: Secret,
    again: Secret,
}

/// The password and a code of the secret that was offered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondFactorForm {
    password: Secret,
    sealed: String,
    code: String,
}

/// The password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecoveryForm {
    password: Secret,
}

type Sent<T> = Result<Form<T>, FormRejection>;

/// The text of a rejection may quote what was sent, so it is not repeated.
fn sent<T>(form: Sent<T>) -> Answered<T> {
    let refuse = |_| {
        Problem::bad(
            "form.invalid",
            "表单内容不完整",
            "the form is not the one of this page",
        )
    };
    form.map(|Form(form)| form).map_err(refuse)
}

/// Longer passwords than can be set are refused before any work.
fn bounded(password: &str) -> Answered<()> {
    if password.chars().count() > LENGTH_MAX {
        return Err(Problem::bad(
            "password.too_long",
            "口令过长",
            "the password is longer than 256 characters",
        ));
    }
    Ok(())
}

/// Goes on with a session: where a session ended while something was typed, to
/// the page on which it is given back.
async fn go_on(app: &App, opened: &Opened) -> Answered<Response> {
    let mut address = next(opened.stage).to_owned();
    if opened.stage == Stage::Open {
        let officer = app.deps.store.officer(opened.officer).await?;
        address = match *drafts::waiting(&app.deps, opened.officer).await? {
            [alert] => format!("/alerts/{alert}"),
            _ => officer
                .map_or("/", |officer| start(officer.role))
                .to_owned(),
        };
    }
    let mut response = Redirect::to(&address).into_response();
    with_cookie(app, &mut response, &opened.id);
    Ok(response)
}

pub(super) fn with_cookie(app: &App, response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = app.cookies.set(id) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// What a page tells of a failure, with its status; other failures are problems.
fn told(error: AccountError) -> Answered<(StatusCode, String)> {
    match error {
        AccountError::Wrong => Ok((StatusCode::UNAUTHORIZED, WRONG.to_owned())),
        AccountError::Code => Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            "动态口令与密钥不符，请核对手机时间后再输入。".to_owned(),
        )),
        AccountError::Weak(weak) => {
            let reasons: Vec<String> = weak.iter().map(|weak| weak.zh()).collect();
            Ok((StatusCode::UNPROCESSABLE_ENTITY, reasons.join("；")))
        }
        other => Err(other.into()),
    }
}

/// The page to log in on.
pub(super) fn login_page(app: &App, status: StatusCode, notice: Option<String>) -> Response {
    let sso = app.sso.is_some();
    page(status, &Login { notice, sso })
}

/// What the login page is asked to say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoginQuery {
    /// Something typed was kept when the session ended.
    #[serde(default)]
    kept: String,
}

/// Said to whoever sent a form after the session had ended.
const KEPT: &str =
    "登录已过期。您填的内容已加密保存，登录后会回到那条预警，核对后再提交；只有您本人看得到。";

async fn login(
    State(app): State<App>,
    visitor: Result<Visitor, Response>,
    StrictQuery(query): StrictQuery<LoginQuery>,
) -> Response {
    if let Ok(visitor) = visitor {
        Redirect::to(next(visitor.stage)).into_response()
    } else {
        let notice = (!query.kept.is_empty()).then(|| KEPT.to_owned());
        login_page(&app, StatusCode::OK, notice)
    }
}

async fn log_in(
    State(app): State<App>,
    Address(address): Address,
    method: Ours,
    form: Sent<LoginForm>,
) -> Answered<Response> {
    let Ours = method;
    let form = sent(form)?;
    bounded(&form.password.0)?;
    match app.door.log_in(address, &form.login, form.password.0).await {
        Ok(opened) => go_on(&app, &opened).await,
        Err(error) => {
            let (status, notice) = told(error)?;
            Ok(login_page(&app, status, Some(notice)))
        }
    }
}

async fn code(visitor: Visitor) -> Response {
    match visitor.stage {
        Stage::Code => page(StatusCode::OK, &Code { notice: None }),
        other => Redirect::to(next(other)).into_response(),
    }
}

async fn give_code(
    State(app): State<App>,
    Address(address): Address,
    visitor: Visitor,
    form: Sent<CodeForm>,
) -> Answered<Response> {
    if visitor.stage != Stage::Code {
        return Err(unfinished());
    }
    let form = sent(form)?;
    match app
        .door
        .give_code(address, &visitor.signed, &form.code)
        .await
    {
        Ok(opened) => go_on(&app, &opened).await,
        Err(error) => {
            let (status, notice) = told(error)?;
            let notice = Some(notice);
            Ok(page(status, &Code { notice }))
        }
    }
}

async fn log_out(State(app): State<App>, visitor: Visitor) -> Answered<Response> {
    app.door.log_out(&visitor.signed).await?;
    let mut response = Redirect::to("/login").into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = app.cookies.clear() {
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn account(State(app): State<App>, method: Method, visitor: Visitor) -> Answered<Response> {
    if let Some(elsewhere) = visitor.elsewhere(&method, &PAST_CODE) {
        return Ok(elsewhere);
    }
    let view = account_view(&app, &visitor, None).await?;
    Ok(page(StatusCode::OK, &view))
}

async fn account_view(app: &App, visitor: &Visitor, notice: Option<String>) -> Answered<Account> {
    let store = app.deps.store.as_ref();
    let known = &visitor.signed.known;
    let officer = &known.officer;
    let now = app.deps.clock.now();
    let events = store.account_events(officer.id, EVENTS).await?;
    let mut lines = Vec::new();
    for happened in events {
        let mut by = match happened.row.by.parse::<OfficerId>() {
            Ok(id) if id == officer.id => "本人".to_owned(),
            Ok(id) => {
                let known = store.officer(id).await?;
                known.map_or_else(|| id.to_string(), |known| known.name)
            }
            Err(_) if happened.row.by == "local" => "服务器上的管理员".to_owned(),
            Err(_) => happened.row.by,
        };
        if let Some(second) = happened.row.second {
            let name = store.officer(second).await?.map(|officer| officer.name);
            by = format!("{by}，复核 {}", name.unwrap_or_else(|| second.to_string()));
        }
        lines.push(EventLine {
            at: minute(happened.at),
            what: happened.row.event.zh(),
            by,
        });
    }
    Ok(Account {
        notice,
        name: officer.name.clone(),
        role: officer.role.zh(),
        login: known.account.login.clone(),
        must_change: visitor.stage == Stage::Password,
        rule: rule(app),
        second_factor: known.account.totp.is_some(),
        recovery_left: known.account.recovery.len(),
        sessions: store.sessions(officer.id, now).await?.len(),
        events: lines,
    })
}

/// What a new password must be, in words.
fn rule(app: &App) -> String {
    let settings = &app.deps.settings.accounts;
    let min = length_min(settings.profile, settings.second_factor_required);
    let classes = match settings.profile {
        Profile::Dengbao => "，含大写、小写、数字、符号中的三类",
        Profile::Asvs => "",
    };
    format!("{min} 至 {LENGTH_MAX} 个字符{classes}；不能是常见口令，不能包含登录名")
}

/// The account's page after something was refused.
async fn refused(app: &App, visitor: &Visitor, error: AccountError) -> Answered<Response> {
    let (status, notice) = told(error)?;
    let view = account_view(app, visitor, Some(notice)).await?;
    Ok(page(status, &view))
}

async fn change_password(
    State(app): State<App>,
    method: Method,
    visitor: Visitor,
    form: Sent<PasswordForm>,
) -> Answered<Response> {
    if let Some(elsewhere) = visitor.elsewhere(&method, &PAST_CODE) {
        return Ok(elsewhere);
    }
    let form = sent(form)?;
    bounded(&form.current.0)?;
    bounded(&form.new.0)?;
    if *form.new.0 != *form.again.0 {
        let notice = Some("两次输入的新口令不一致".to_owned());
        let view = account_view(&app, &visitor, notice).await?;
        return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view));
    }
    let changed = app
        .door
        .change_password(&visitor.signed, form.current.0, form.new.0);
    match changed.await {
        Ok(opened) => go_on(&app, &opened).await,
        Err(error) => refused(&app, &visitor, error).await,
    }
}

fn second_factor_view(offer: &Offer, notice: Option<String>) -> SecondFactor {
    SecondFactor {
        notice,
        text: offer.text.to_string(),
        uri: offer.uri.to_string(),
        sealed: offer.sealed.clone(),
        qr: qr::draw(&offer.uri),
    }
}

/// A password someone else knows is changed before anything is bound to it.
const PAST_PASSWORD: [Stage; 2] = [Stage::SecondFactor, Stage::Open];
/// The second factor was given, if there is one.
const PAST_CODE: [Stage; 3] = [Stage::Password, Stage::SecondFactor, Stage::Open];

async fn offer_second_factor(
    State(app): State<App>,
    method: Method,
    visitor: Visitor,
) -> Answered<Response> {
    if let Some(elsewhere) = visitor.elsewhere(&method, &PAST_PASSWORD) {
        return Ok(elsewhere);
    }
    let offer = app.door.offer(&visitor.signed);
    Ok(page(StatusCode::OK, &second_factor_view(&offer, None)))
}

async fn set_second_factor(
    State(app): State<App>,
    method: Method,
    visitor: Visitor,
    form: Sent<SecondFactorForm>,
) -> Answered<Response> {
    if let Some(elsewhere) = visitor.elsewhere(&method, &PAST_PASSWORD) {
        return Ok(elsewhere);
    }
    let form = sent(form)?;
    bounded(&form.password.0)?;
    let set =
        app.door
            .set_second_factor(&visitor.signed, form.password.0, &form.sealed, &form.code);
    match set.await {
        Ok(renewed) => Ok(codes(&app, &renewed)),
        Err(error) => {
            let (status, notice) = told(error)?;
            // Shown again, the page keeps the secret that was scanned.
            let offer = app
                .door
                .offer_again(&visitor.signed, &form.sealed)
                .unwrap_or_else(|| app.door.offer(&visitor.signed));
            Ok(page(status, &second_factor_view(&offer, Some(notice))))
        }
    }
}

/// Recovery codes, with the session that goes on.
fn codes(app: &App, renewed: &Renewed) -> Response {
    let view = Recovery {
        codes: renewed.codes.iter().map(|code| code.to_string()).collect(),
        next: next(renewed.opened.stage),
    };
    let mut response = page(StatusCode::OK, &view);
    with_cookie(app, &mut response, &renewed.opened.id);
    response
}

async fn renew_recovery(
    State(app): State<App>,
    method: Method,
    visitor: Visitor,
    form: Sent<RecoveryForm>,
) -> Answered<Response> {
    if let Some(elsewhere) = visitor.elsewhere(&method, &PAST_PASSWORD) {
        return Ok(elsewhere);
    }
    let form = sent(form)?;
    bounded(&form.password.0)?;
    if visitor.signed.known.account.totp.is_none() {
        return Ok(Redirect::to("/account/second-factor").into_response());
    }
    match app
        .door
        .renew_recovery(&visitor.signed, form.password.0)
        .await
    {
        Ok(renewed) => Ok(codes(&app, &renewed)),
        Err(error) => refused(&app, &visitor, error).await,
    }
}

/// A form that was sent from our own page, also before there is a session:
/// else a site could log people in as someone else.
struct Ours;

impl axum::extract::FromRequestParts<App> for Ours {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &App,
    ) -> Result<Ours, Problem> {
        crate::account::origin::refuse_foreign(parts)?;
        Ok(Ours)
    }
}
