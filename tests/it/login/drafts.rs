//! What was typed when the session had ended comes back after the next login,
//! to its officer and to nobody else. No script takes part.

use axum::http::StatusCode;
use domain::authority::Role;
use synth::{CountySpec, invent};
use testkit::app::{TestApp, divisions, sample_day};

use super::{Browser, PASSWORD, account};

const HOUR: i64 = 3600;
const WORDS: &str = "三次上门<无人>，邻居说在女儿家";
/// The words as a browser sends them.
const SENT: &str = "%E4%B8%89%E6%AC%A1%E4%B8%8A%E9%97%A8%3C%E6%97%A0%E4%BA%BA%3E%EF%BC%8C%E9%82%BB%E5%B1%85%E8%AF%B4%E5%9C%A8%E5%A5%B3%E5%84%BF%E5%AE%B6";

async fn with_alerts(app: &TestApp) -> String {
    let spec = CountySpec {
        seed: 5,
        households: 320,
        on: sample_day(),
    };
    for file in &invent(&spec, &divisions()).feeds {
        app.import(file).await.unwrap();
    }
    app.settle().await;
    let page = app.get("hutang", "/api/v1/alerts?brief=true").await.json();
    page["alerts"][0]["id"].as_str().unwrap().to_owned()
}

fn shown(page: &str) -> bool {
    page.contains("三次上门&#60;无人&#62;")
}

#[tokio::test(flavor = "multi_thread")]
async fn words_typed_in_an_ended_session_come_back_to_their_officer() {
    let mut apps = vec![TestApp::sqlite().await];
    apps.extend(TestApp::postgres().await);
    for app in apps {
        let alert = with_alerts(&app).await;
        let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
        let mut browser = Browser::new(&app);
        browser.first_login("li.min", &one_time).await;
        let path = format!("/alerts/{alert}");
        assert_eq!(browser.get(&path).await.status, StatusCode::OK);
        app.clock.advance(10 * HOUR);
        let body =
            format!("version=1&key=k&work=raised&outcome=unverifiable&reference=JM9&note={SENT}");
        let outcome = format!("{path}/outcome");
        // Another site cannot put words into anybody's mouth.
        let foreign = [("sec-fetch-site", "cross-site")];
        let refused = browser
            .send(axum::http::Method::POST, &outcome, &foreign, &body)
            .await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let away = browser.post(&outcome, &body).await;
        assert_eq!(away.status, StatusCode::SEE_OTHER);
        assert_eq!(away.headers["location"], "/login?kept=1");
        let login = browser.get("/login?kept=1").await.text();
        assert!(
            login.contains("已加密保存") && !login.contains("三次"),
            "{login}"
        );
        // A colleague at the same computer sees nothing of it.
        let theirs = account(&app, 2, Role::Caseworker, "chen.wei").await;
        let mut other = Browser::new(&app);
        other.first_login("chen.wei", &theirs).await;
        assert!(!shown(&other.get(&path).await.text()));
        assert!(!other.get("/").await.text().contains("没提交的内容"));
        // Its officer is led back to the form, filled in.
        let back = browser
            .post("/login", &format!("login=li.min&password={PASSWORD}"))
            .await;
        assert_eq!(back.headers["location"], path.as_str());
        let page = browser.get(&path).await.text();
        assert!(shown(&page), "{page}");
        assert!(page.contains("\"unverifiable\" selected") && page.contains("value=\"JM9\""));
        assert!(browser.get("/").await.text().contains("没提交的内容"));
        // Nothing was done meanwhile, and nothing is left once it is sent.
        let view = app.get("county", &format!("/api/v1{path}")).await.json();
        assert_eq!(view["alert"]["work"], "raised");
        let version = view["alert"]["version"].as_i64().unwrap();
        let body = body.replace("version=1", &format!("version={version}"));
        let sent = browser.post(&outcome, &body).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
        let page = browser.get(&path).await.text();
        assert!(!page.contains("上次没有提交的内容"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_of_visits_come_back_are_thrown_away_and_run_out() {
    let app = TestApp::sqlite().await;
    let alert = with_alerts(&app).await;
    let one_time = account(&app, 1, Role::Caseworker, "li.min").await;
    let mut browser = Browser::new(&app);
    browser.first_login("li.min", &one_time).await;
    let path = format!("/alerts/{alert}");
    let visit = format!(
        "alert.0={alert}&version.0=1&key.0=k&work.0=raised&found.0=&outcome.0=untrue&note={SENT}"
    );
    let again = async |browser: &mut Browser<'_>| {
        app.clock.advance(10 * HOUR);
        let away = browser.post("/visits", &visit).await;
        assert_eq!(away.headers["location"], "/login?kept=1");
        browser.log_in("li.min", PASSWORD).await;
    };
    again(&mut browser).await;
    assert!(shown(&browser.get(&path).await.text()));
    let dropped = browser
        .post(&format!("{path}/draft"), "version=1&key=k")
        .await;
    assert_eq!(dropped.status, StatusCode::SEE_OTHER);
    assert!(!shown(&browser.get(&path).await.text()));
    again(&mut browser).await;
    app.clock.advance(25 * HOUR);
    browser.log_in("li.min", PASSWORD).await;
    assert!(!shown(&browser.get(&path).await.text()), "run out");
    // Who logged out has left: nothing is kept for the next at the computer.
    let cookie = browser.cookie.clone();
    browser.post("/logout", "").await;
    browser.cookie = cookie;
    let away = browser.post("/visits", &visit).await;
    assert_eq!(away.headers["location"], "/login");
    // An alert of another desk keeps nothing.
    let mut stranger = Browser::new(&app);
    let away = stranger
        .post(&format!("{path}/outcome"), "version=1&key=k&note=x")
        .await;
    assert_eq!(away.headers["location"], "/login");
    // The words are sealed: the file of the database does not hold them.
    let words = WORDS.split('<').next().unwrap();
    for file in std::fs::read_dir(app.folder()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        let found = bytes.windows(words.len()).any(|w| w == words.as_bytes());
        assert!(!found, "typed words lie open on the disk");
    }
}
