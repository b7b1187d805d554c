//! Limits of logging in: how often, how long, how many, and what is left on
//! the disk. Time is moved by hand.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use domain::authority::Role;
use pipeline::account::administer::{self, Act};
use pipeline::account::totp;
use store::accounts::AccountEvent;
use testkit::app::TestApp;
use testkit::call::Answer;

use super::{Browser, LOCAL, PASSWORD, account, apps, officer, unbase32};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const IN: StatusCode = StatusCode::SEE_OTHER;
const OUT: StatusCode = StatusCode::UNAUTHORIZED;

/// Someone with a password of their own; the browser is still open.
async fn person(app: &TestApp) -> Browser<'_> {
    let one_time = account(app, 1, Role::Caseworker, "li.min").await;
    let mut browser = Browser::new(app);
    browser.first_login("li.min", &one_time).await;
    browser
}

/// What an authenticator knows, and the recovery codes.
struct Enrolled {
    secret: Vec<u8>,
    codes: Vec<String>,
}

impl Enrolled {
    /// The code of the step after the clock's, and the clock moved there.
    fn next_code(&self, app: &TestApp) -> String {
        app.clock.advance(60);
        totp::code(&self.secret, totp::step_at(seconds(app)))
    }
}

fn seconds(app: &TestApp) -> i64 {
    app.deps.clock.now().as_micros() / 1_000_000
}

/// What stands between two marks of a page.
fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("{text}")).1;
    rest.split_once(to).unwrap().0
}

async fn enrol(app: &TestApp, browser: &mut Browser<'_>) -> Enrolled {
    let page = browser.get("/account/second-factor").await.text();
    let sealed = between(&page, "name=\"sealed\" value=\"", "\"");
    let secret = unbase32(between(&page, "密钥 <code>", "<"));
    let code = totp::code(&secret, totp::step_at(seconds(app)));
    let body = format!("password={PASSWORD}&sealed={sealed}&code={code}");
    let set = browser.post("/account/second-factor", &body).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    let shown = set.text();
    let codes = shown.split("<li><code>").skip(1);
    let codes = codes.map(|rest| rest.split_once('<').unwrap().0.to_owned());
    Enrolled {
        secret,
        codes: codes.collect(),
    }
}

async fn desk(browser: &mut Browser<'_>) -> StatusCode {
    browser.get("/api/v1/alerts").await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_guesses_at_once_are_no_more_than_five() {
    for app in apps().await {
        person(&app).await;
        let app = Arc::new(app);
        let mut guesses = tokio::task::JoinSet::new();
        for n in 0..50_u8 {
            let app = app.clone();
            guesses.spawn(async move {
                let address = format!("10.1.0.{n}");
                let mut stranger = Browser {
                    address: &address,
                    ..Browser::new(&app)
                };
                stranger.log_in("li.min", &format!("Guess-{n}-x")).await
            });
        }
        for status in guesses.join_all().await {
            assert_eq!(status, OUT);
        }
        let known = app.deps.store.account_by_login("li.min").await.unwrap();
        assert_eq!(
            known.unwrap().account.failed,
            5,
            "each counted, no more tried"
        );
        let mut owner = Browser::new(&app);
        assert_eq!(owner.log_in("li.min", PASSWORD).await, OUT, "locked");
        app.clock.advance(30 * MINUTE - 10);
        assert_eq!(owner.log_in("li.min", PASSWORD).await, OUT, "still locked");
        app.clock.advance(20);
        assert_eq!(owner.log_in("LI.Min", PASSWORD).await, IN);
        let id = officer(1, Role::Caseworker).id;
        let told = app.deps.store.account_events(id, 50).await.unwrap();
        let locks = told.iter().filter(|e| e.row.event == AccountEvent::Locked);
        assert_eq!(locks.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_rest_and_by_the_day() {
    for app in apps().await {
        let mut browser = person(&app).await;
        // Lunch, and a long afternoon: seen again each time.
        app.clock.advance(8 * HOUR - MINUTE);
        assert_eq!(desk(&mut browser).await, StatusCode::OK);
        app.clock.advance(4 * HOUR - MINUTE);
        assert_eq!(desk(&mut browser).await, StatusCode::OK);
        app.clock.advance(3 * MINUTE);
        assert_eq!(desk(&mut browser).await, OUT, "twelve hours");
        assert_eq!(browser.log_in("li.min", PASSWORD).await, IN);
        app.clock.advance(8 * HOUR);
        assert_eq!(desk(&mut browser).await, OUT, "eight hours of rest");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_session_ends_the_first() {
    for app in apps().await {
        let mut browsers = vec![person(&app).await];
        for _ in 0..3 {
            let mut browser = Browser::new(&app);
            assert_eq!(browser.log_in("li.min", PASSWORD).await, IN);
            browsers.push(browser);
        }
        let mut open = Vec::new();
        for browser in &mut browsers {
            open.push(desk(browser).await);
        }
        assert_eq!(open, [OUT, StatusCode::OK, StatusCode::OK, StatusCode::OK]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_login_opens_no_form_and_does_not_last() {
    for app in apps().await {
        let mut browser = person(&app).await;
        let phone = enrol(&app, &mut browser).await;
        let mut half = Browser::new(&app);
        assert_eq!(half.log_in("li.min", PASSWORD).await, IN);
        for (path, body) in [
            (
                "/account/password",
                format!("current={PASSWORD}&new=Aa1-xyzuvw-9&again=Aa1-xyzuvw-9"),
            ),
            ("/account/recovery", format!("password={PASSWORD}")),
            (
                "/account/second-factor",
                format!("password={PASSWORD}&sealed=00&code=1"),
            ),
            ("/families/search", "name=x".to_owned()),
        ] {
            let refused = half.post(path, &body).await.status;
            assert!([OUT, IN].contains(&refused), "{path} {refused}");
        }
        for path in ["/account", "/account/second-factor"] {
            let led = half.get(path).await;
            assert_eq!(
                (led.status, &led.headers["location"]),
                (IN, &"/login/code".parse().unwrap())
            );
        }
        assert_eq!(half.get("/families").await.status, IN);
        let known = app
            .deps
            .store
            .account_by_login("li.min")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(known.account.recovery.len(), 10, "nothing was changed");
        app.clock.advance(10 * MINUTE);
        let late = half
            .post("/login/code", &format!("code={}", phone.next_code(&app)))
            .await;
        assert_eq!(late.status, OUT, "ten minutes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_codes_locks_even_whoever_has_the_password() {
    for app in apps().await {
        let mut browser = person(&app).await;
        let phone = enrol(&app, &mut browser).await;
        // A right password in between forgives nothing.
        for n in 0..5 {
            let mut thief = Browser::new(&app);
            assert_eq!(thief.log_in("li.min", PASSWORD).await, IN, "{n}");
            let wrong = thief.post("/login/code", "code=AAAAA-AAAAA").await;
            assert_eq!(wrong.status, OUT);
        }
        let mut owner = Browser::new(&app);
        assert_eq!(owner.log_in("li.min", PASSWORD).await, OUT, "locked");
        app.clock.advance(31 * MINUTE);
        assert_eq!(owner.log_in("li.min", PASSWORD).await, IN);
        let code = phone.next_code(&app);
        let right = owner.post("/login/code", &format!("code={code}")).await;
        assert_eq!(right.status, IN, "{}", right.text());
        // Two at once with one code: one gets in.
        let mut tries = Vec::new();
        for _ in 0..2 {
            let mut browser = Browser::new(&app);
            assert_eq!(browser.log_in("li.min", PASSWORD).await, IN);
            tries.push(browser);
        }
        let body = format!("code={}", phone.next_code(&app));
        let (mut second, mut first) = (tries.pop().unwrap(), tries.pop().unwrap());
        let both = tokio::join!(
            first.post("/login/code", &body),
            second.post("/login/code", &body)
        );
        let mut both = [both.0.status, both.1.status];
        both.sort();
        assert_eq!(both, [IN, OUT]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_lapses() {
    let app = TestApp::sqlite().await;
    let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
    app.clock.advance(72 * HOUR);
    assert_eq!(Browser::new(&app).log_in("li.min", &one_time).await, OUT);
    let reset = administer::reset(&app.deps, &LOCAL, "li.min", false).await;
    assert_eq!(
        Browser::new(&app).log_in("li.min", &reset.unwrap()).await,
        IN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_is_cut_and_none_too_long_is_taken() {
    let app = TestApp::sqlite().await;
    let mut browser = person(&app).await;
    let long = "Kx7-".repeat(64);
    let body = format!("current={PASSWORD}&new={long}&again={long}");
    assert_eq!(browser.post("/account/password", &body).await.status, IN);
    assert_eq!(Browser::new(&app).log_in("li.min", &long[..72]).await, OUT);
    assert_eq!(Browser::new(&app).log_in("li.min", &long[..255]).await, OUT);
    assert_eq!(Browser::new(&app).log_in("li.min", &long).await, IN);
    let longer = format!("{long}x");
    let refused = Browser::new(&app).log_in("li.min", &longer).await;
    assert_eq!(refused, StatusCode::BAD_REQUEST);
    let body = format!("current={long}&new={longer}&again={longer}");
    let refused = browser.post("/account/password", &body).await.status;
    assert_eq!(refused, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_store_lets_nobody_in() {
    let app = TestApp::sqlite().await;
    assert!(app.deps.store.accounts().await.unwrap().is_empty());
    for (login, password) in [
        ("admin", "admin"),
        ("root", ""),
        ("system", "system"),
        ("", ""),
    ] {
        let status = Browser::new(&app).log_in(login, password).await;
        assert_eq!(status, OUT, "{login}");
    }
}

/// What a stranger can tell answers apart by, without what is drawn anew.
fn seen(answer: &Answer) -> (StatusCode, String, Vec<String>) {
    let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    (answer.status, answer.text(), headers)
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_wrong_locked_and_disabled_answer_alike() {
    let app = TestApp::sqlite().await;
    person(&app).await;
    account(&app, 2, Role::Caseworker, "locked").await;
    account(&app, 3, Role::Caseworker, "disabled").await;
    administer::disable(&app.deps, &LOCAL, "disabled")
        .await
        .unwrap();
    for _ in 0..5 {
        Browser::new(&app).log_in("locked", "Wrong-pass-1").await;
    }
    let mut answers = Vec::new();
    for login in ["li.min", "nobody", "locked", "disabled", "a/b"] {
        let body = format!("login={login}&password=Wrong-pass-1");
        answers.push(seen(&Browser::new(&app).post("/login", &body).await));
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_who_was_reset_sees_by_whom() {
    for app in apps().await {
        let one_time = account(&app, 4, Role::Auditor, "shen").await;
        account(&app, 5, Role::SecurityAdmin, "an").await;
        let mut auditor = Browser::new(&app);
        auditor.first_login("shen", &one_time).await;
        let phone = enrol(&app, &mut auditor).await;
        let second = officer(5, Role::SecurityAdmin);
        let act = Act {
            by: "local",
            second: Some(second.id),
        };
        let given = administer::reset(&app.deps, &act, "shen", false)
            .await
            .unwrap();
        assert_eq!(
            auditor.get("/account").await.status,
            IN,
            "every session ended"
        );
        let mut thief = Browser::new(&app);
        assert_eq!(
            thief.log_in("shen", PASSWORD).await,
            OUT,
            "the old password"
        );
        assert_eq!(thief.log_in("shen", &given).await, IN);
        // The password alone opens nothing: the authenticator is still asked.
        assert_eq!(thief.get("/api/v1/ledger/roots").await.status, OUT);
        let code = phone.next_code(&app);
        let body = format!("code={code}");
        assert_eq!(thief.post("/login/code", &body).await.status, IN);
        assert_eq!(
            thief.get("/api/v1/ledger/roots").await.status,
            OUT,
            "must change"
        );
        let page = thief.get("/account").await.text();
        assert!(
            page.contains("管理员重置口令") && page.contains(&second.name),
            "{page}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_never_kept_framed_or_fed_from_elsewhere() {
    let app = TestApp::sqlite().await;
    let mut browser = person(&app).await;
    for path in ["/login", "/account", "/account/second-factor"] {
        let mut one = Browser::new(&app);
        let browser = if path == "/login" {
            &mut one
        } else {
            &mut browser
        };
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["x-frame-options"], "DENY");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let text = page.text();
        assert!(
            !text.contains("style=") && !text.contains("<script"),
            "{text}"
        );
        assert!(
            !text.contains("//") || !text.contains("src=\"http"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_an_account_is_on_the_disk() {
    let app = TestApp::sqlite().await;
    let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
    let mut browser = Browser::new(&app);
    browser.first_login("li.min", &one_time).await;
    let phone = enrol(&app, &mut browser).await;
    let id = browser.cookie.clone().unwrap();
    let id = id.split_once('=').unwrap().1.to_owned();
    let mut secrets = vec![
        one_time.into_bytes(),
        PASSWORD.as_bytes().to_vec(),
        phone.secret.clone(),
        id.clone().into_bytes(),
        hex::decode(id).unwrap(),
    ];
    secrets.extend(phone.codes.iter().map(|code| code.clone().into_bytes()));
    let mut files = 0;
    for entry in std::fs::read_dir(app.folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        files += usize::from(!bytes.is_empty());
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "a secret of {} bytes", secret.len());
        }
    }
    assert!(files > 0);
    // What is there is where it should be: the login name, to see that we look.
    let all = std::fs::read(app.folder().join("hearth.db")).unwrap();
    let log = std::fs::read(app.folder().join("hearth.db-wal")).unwrap_or_default();
    let here = |bytes: &[u8]| bytes.windows(6).any(|window| window == b"li.min");
    assert!(here(&all) || here(&log));
    assert_eq!(
        browser.send(Method::GET, "/account", &[], "").await.status,
        StatusCode::OK
    );
}
