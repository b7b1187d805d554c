//! Logging in with a browser: who gets in, who is kept out, and that a cookie
//! alone is not enough to change anything.

mod drafts;
mod limits;

use axum::http::{Method, StatusCode};
use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use pipeline::account::administer::{self, Act, NewAccount};
use pipeline::account::{AccountError, totp};
use testkit::app::TestApp;
use testkit::call::Answer;

const HUTANG: &str = "320412100";
const COOKIE: &str = "__Host-hearth";
const PASSWORD: &str = "Xiqiao-7-gongli";

const LOCAL: Act<'static> = Act {
    by: "local",
    second: None,
};

fn officer(number: u128, role: Role) -> Officer {
    Officer {
        id: OfficerId::from_uuid(uuid::Uuid::from_u128(0xacc0 + number)),
        name: format!("officer {number}"),
        role,
        regions: vec![HUTANG.parse().unwrap()],
        sources: vec![],
    }
}

async fn account(app: &TestApp, number: u128, role: Role, login: &str) -> String {
    let new = NewAccount {
        officer: officer(number, role),
        login,
        holder: None,
    };
    let made = administer::add(&app.deps, &LOCAL, new).await;
    made.unwrap().to_string()
}

/// A browser: keeps the cookie it was given.
struct Browser<'a> {
    app: &'a TestApp,
    cookie: Option<String>,
    address: &'a str,
}

impl<'a> Browser<'a> {
    fn new(app: &'a TestApp) -> Browser<'a> {
        Browser {
            app,
            cookie: None,
            address: "10.0.0.1",
        }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        extra: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let cookie = self.cookie.clone().unwrap_or_default();
        let mut headers = vec![
            ("x-real-ip", self.address),
            ("content-type", "application/x-www-form-urlencoded"),
            ("host", "hearth.example"),
        ];
        if !cookie.is_empty() {
            headers.push(("cookie", cookie.as_str()));
        }
        headers.extend(extra);
        let body = body.as_bytes().to_vec();
        let answer = self.app.call("", method, path, &headers, body).await;
        for value in answer.headers.get_all("set-cookie") {
            let text = value.to_str().unwrap();
            let (pair, rest) = text.split_once(';').unwrap();
            for word in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
                assert!(rest.contains(word), "{text}");
            }
            self.cookie = Some(pair.to_owned());
        }
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    async fn post(&mut self, path: &str, body: &str) -> Answer {
        let own = [("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &own, body).await
    }

    async fn log_in(&mut self, login: &str, password: &str) -> StatusCode {
        let body = format!("login={login}&password={password}");
        self.post("/login", &body).await.status
    }

    /// First login: the one-time password, then one's own.
    async fn first_login(&mut self, login: &str, one_time: &str) {
        assert_eq!(self.log_in(login, one_time).await, StatusCode::SEE_OTHER);
        let body = format!("current={one_time}&new={PASSWORD}&again={PASSWORD}");
        let changed = self.post("/account/password", &body).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
    }
}

/// On each database there is.
async fn apps() -> Vec<TestApp> {
    let mut apps = vec![TestApp::sqlite().await];
    apps.extend(TestApp::postgres().await);
    apps
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_opens_nothing_until_it_is_changed() {
    for app in apps().await {
        let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
        let mut browser = Browser::new(&app);
        let page = browser.get("/").await;
        assert_eq!(
            (page.status, &page.headers["location"]),
            (StatusCode::SEE_OTHER, &"/login".parse().unwrap())
        );
        assert_eq!(
            browser.log_in("li.min", &one_time).await,
            StatusCode::SEE_OTHER
        );
        for path in ["/api/v1/alerts", "/api/v1/policies"] {
            let refused = browser.get(path).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        }
        let weak = format!("current={one_time}&new=Mz@2026a&again=Mz@2026a");
        let with_name = format!("current={one_time}&new=xX1-li.min-7&again=xX1-li.min-7");
        for weak in [weak.replace("Mz@2026a", "password"), with_name] {
            let refused = browser.post("/account/password", &weak).await;
            assert_eq!(
                refused.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{}",
                refused.text()
            );
        }
        let body = format!("current={one_time}&new={PASSWORD}&again={PASSWORD}");
        let before = browser.cookie.clone();
        assert_eq!(
            browser.post("/account/password", &body).await.status,
            StatusCode::SEE_OTHER
        );
        assert_ne!(
            browser.cookie, before,
            "a new session after a change of rights"
        );
        assert_eq!(browser.get("/api/v1/alerts").await.status, StatusCode::OK);
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        // The old password and the old session are gone.
        let mut other = Browser::new(&app);
        assert_eq!(
            other.log_in("li.min", &one_time).await,
            StatusCode::UNAUTHORIZED
        );
        other.cookie = before;
        assert_eq!(
            other.get("/api/v1/alerts").await.status,
            StatusCode::UNAUTHORIZED
        );
        // After leaving, the cookie opens nothing.
        let kept = browser.cookie.clone();
        assert_eq!(
            browser.post("/logout", "").await.status,
            StatusCode::SEE_OTHER
        );
        browser.cookie = kept;
        assert_eq!(
            browser.get("/api/v1/alerts").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_answers_lock_the_account_from_wherever_they_come() {
    for app in apps().await {
        let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
        Browser::new(&app).first_login("li.min", &one_time).await;
        for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"] {
            let mut stranger = Browser {
                address,
                ..Browser::new(&app)
            };
            assert_eq!(
                stranger.log_in("li.min", "Wrong-pass-1").await,
                StatusCode::UNAUTHORIZED
            );
        }
        let mut owner = Browser {
            address: "10.0.0.9",
            ..Browser::new(&app)
        };
        assert_eq!(
            owner.log_in("li.min", PASSWORD).await,
            StatusCode::UNAUTHORIZED,
            "locked"
        );
        administer::unlock(&app.deps, &LOCAL, "li.min")
            .await
            .unwrap();
        assert_eq!(
            owner.log_in("li.min", PASSWORD).await,
            StatusCode::SEE_OTHER
        );
        // Many accounts from one address: the address is slowed down.
        let mut sprayer = Browser {
            address: "10.6.6.6",
            ..Browser::new(&app)
        };
        let mut slowed = 0;
        for n in 0..40 {
            let status = sprayer.log_in(&format!("nobody{n}"), "Wrong-pass-1").await;
            slowed += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
        }
        assert!(slowed > 10, "{slowed} of 40 were slowed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_changes_nothing_for_another_site() {
    let app = TestApp::sqlite().await;
    let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
    let mut browser = Browser::new(&app);
    browser.first_login("li.min", &one_time).await;
    let foreign: [&[(&str, &str)]; 5] = [
        &[],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://hearth.example"),
        ],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
    ];
    for headers in foreign {
        for path in ["/logout", "/account/password", "/families/search"] {
            let answer = browser.send(Method::POST, path, headers, "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
        let login = browser
            .send(Method::POST, "/login", headers, "login=a&password=b")
            .await;
        assert_eq!(login.status, StatusCode::FORBIDDEN, "login {headers:?}");
    }
    let own = [("origin", "https://hearth.example")];
    let answer = browser.send(Method::POST, "/logout", &own, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_read_from_one_cookie_and_nowhere_else() {
    let app = TestApp::sqlite().await;
    let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
    let mut browser = Browser::new(&app);
    browser.first_login("li.min", &one_time).await;
    let cookie = browser.cookie.clone().unwrap();
    let id = cookie.split_once('=').unwrap().1.to_owned();
    let mut stranger = Browser::new(&app);
    let in_address = stranger.get(&format!("/?session={id}&{COOKIE}={id}")).await;
    assert_ne!(in_address.status, StatusCode::OK);
    stranger.cookie = Some(format!("{cookie}; {COOKIE}=planted"));
    assert_eq!(
        stranger.get("/api/v1/alerts").await.status,
        StatusCode::BAD_REQUEST
    );
    stranger.cookie = Some(format!("hearth={id}"));
    assert_eq!(
        stranger.get("/api/v1/alerts").await.status,
        StatusCode::UNAUTHORIZED
    );
    // Whoever is disabled is refused at the next request.
    assert_eq!(browser.get("/api/v1/alerts").await.status, StatusCode::OK);
    administer::disable(&app.deps, &LOCAL, "li.min")
        .await
        .unwrap();
    assert_eq!(
        browser.get("/api/v1/alerts").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_is_asked_and_each_code_counts_once() {
    for app in apps().await {
        let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
        let mut browser = Browser::new(&app);
        browser.first_login("li.min", &one_time).await;
        let offered = browser.get("/account/second-factor").await.text();
        let field = |name: &str, end: &str| {
            let from = offered.split_once(name).unwrap().1;
            from.split_once(end).unwrap().0.to_owned()
        };
        let sealed = field("name=\"sealed\" value=\"", "\"");
        let secret = unbase32(&field("密钥 <code>", "<"));
        let now = app.deps.clock.now().as_micros() / 1_000_000;
        let code = totp::code(&secret, totp::step_at(now));
        let body = format!("password={PASSWORD}&sealed={sealed}&code={code}").replace('+', "%2B");
        let set = browser.post("/account/second-factor", &body).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.text());
        let page = set.text();
        let codes: Vec<&str> = page
            .split("<li><code>")
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0)
            .collect();
        assert_eq!(codes.len(), 10);

        let mut again = Browser::new(&app);
        assert_eq!(
            again.log_in("li.min", PASSWORD).await,
            StatusCode::SEE_OTHER
        );
        // The step after the password may not be left out.
        assert_eq!(
            again.get("/api/v1/alerts").await.status,
            StatusCode::UNAUTHORIZED
        );
        // The code that set it up was used.
        let used = again.post("/login/code", &format!("code={code}")).await;
        assert_eq!(used.status, StatusCode::UNAUTHORIZED);
        let next = totp::code(&secret, totp::step_at(now) + 1);
        let right = again.post("/login/code", &format!("code={next}")).await;
        assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text());
        assert_eq!(again.get("/api/v1/alerts").await.status, StatusCode::OK);
        // A recovery code counts once.
        for expected in [StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED] {
            let mut lost = Browser::new(&app);
            lost.log_in("li.min", PASSWORD).await;
            let answer = lost
                .post("/login/code", &format!("code={}", codes[3]))
                .await;
            assert_eq!(answer.status, expected);
        }
    }
}

fn unbase32(text: &str) -> Vec<u8> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for character in text.bytes().filter(u8::is_ascii_alphanumeric) {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let value = alphabet
            .iter()
            .position(|c| *c == character.to_ascii_uppercase());
        bits = bits << 5 | u32::try_from(value.unwrap()).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn administration_is_separated() {
    let app = TestApp::sqlite().await;
    account(&app, 1, Role::SystemAdmin, "wang").await;
    let held = |number, role, login: &'static str| NewAccount {
        officer: officer(number, role),
        login,
        holder: Some("wang"),
    };
    for role in [Role::SecurityAdmin, Role::Auditor, Role::SystemAdmin] {
        let refused = administer::add(&app.deps, &LOCAL, held(2, role, "wang2")).await;
        assert!(
            matches!(refused, Err(AccountError::MutuallyExclusive)),
            "{role:?}"
        );
    }
    administer::add(&app.deps, &LOCAL, held(3, Role::Caseworker, "wang3"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditors_account_is_reset_by_two_people() {
    let app = TestApp::sqlite().await;
    account(&app, 4, Role::Auditor, "shen").await;
    account(&app, 5, Role::SecurityAdmin, "an").await;
    let stranger = OfficerId::from_uuid(uuid::Uuid::from_u128(0xdead));
    let own = officer(4, Role::Auditor).id;
    for second in [None, Some(own), Some(stranger)] {
        let act = Act {
            by: "local",
            second,
        };
        let refused = administer::reset(&app.deps, &act, "shen", false).await;
        assert!(
            matches!(refused, Err(AccountError::SecondPerson)),
            "{second:?}"
        );
    }
    let act = Act {
        by: "local",
        second: Some(officer(5, Role::SecurityAdmin).id),
    };
    administer::reset(&app.deps, &act, "shen", false)
        .await
        .unwrap();
}
