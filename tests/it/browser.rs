//! The console in a real Chromium: what each role does all day, how many
//! clicks it takes, and that everybody can read it.
//!
//! Without Chromium these tests say so and check nothing; `tests/all` installs
//! it, or counts it as skipped.

mod accounts;
mod auditor;
mod children;
mod county;
mod desk;
mod desks;
mod families;
mod journeys;
mod look;
mod plain;
mod sender;
mod standards;
mod village;
mod whatif;

use std::fmt::Write as _;
use std::sync::{Arc, Weak};

use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use pipeline::account::administer::{self, Act, NewAccount};
use synth::FeedFile;
use testkit::app::TestApp;
use testkit::chromium::{Person, Screen};
use testkit::served::Served;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

const LOCAL: Act<'static> = Act {
    by: "local",
    second: None,
};
const PASSWORD: &str = "Xiqiao-7-gongli";

/// The committed samples, evaluated and served. One office serves all tests
/// that run at the same time, in a runtime of its own, because importing is
/// most of the time; whoever changes alerts does so in a township of its own.
struct Office {
    app: TestApp,
    served: Served,
    runtime: Option<Runtime>,
}

impl Drop for Office {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Office {
    async fn open() -> Arc<Office> {
        static OPEN: Mutex<Weak<Office>> = Mutex::const_new(Weak::new());
        let mut open = OPEN.lock().await;
        if let Some(office) = open.upgrade() {
            return office;
        }
        let built = tokio::task::spawn_blocking(|| Arc::new(Office::build()));
        let office = built.await.unwrap();
        *open = Arc::downgrade(&office);
        office
    }

    fn build() -> Office {
        let runtime = Runtime::new().unwrap();
        let (app, served) = runtime.block_on(async {
            let app = TestApp::sqlite().await;
            for file in &TestApp::samples().1 {
                app.import(file).await.unwrap();
            }
            app.settle().await;
            let served = app.serve().await;
            (app, served)
        });
        Office {
            app,
            served,
            runtime: Some(runtime),
        }
    }

    /// An office of its own for one test, which took these files.
    async fn with(files: &[FeedFile]) -> Office {
        let app = TestApp::sqlite().await;
        for file in files {
            app.import(file).await.unwrap();
        }
        app.settle().await;
        let served = app.serve().await;
        Office {
            app,
            served,
            runtime: None,
        }
    }

    /// Someone with an account of this role, logged in by hand.
    async fn person(&self, role: Role, region: &str, screen: Screen) -> Option<Person> {
        let newcomer = self.newcomer(role, region, screen, "试用").await;
        newcomer.map(|(person, _)| person)
    }

    /// The same, of a name, with the login name.
    async fn newcomer(
        &self,
        role: Role,
        region: &str,
        screen: Screen,
        name: &str,
    ) -> Option<(Person, String)> {
        let mut person = Person::sits_down(self.served.address, screen).await?;
        let id = uuid::Uuid::new_v4();
        let login = format!(
            "{}.{}",
            role.name().replace('_', "."),
            &id.simple().to_string()[..6]
        );
        let sources = match role {
            Role::Importer => self.app.officers["importer"].0.sources.clone(),
            _ => vec![],
        };
        let officer = Officer {
            id: OfficerId::from_uuid(id),
            name: format!("{}（{name}）", role.zh()),
            role,
            regions: vec![region.parse().unwrap()],
            sources,
        };
        let new = NewAccount {
            officer,
            login: &login,
            holder: None,
        };
        let once = administer::add(&self.app.deps, &LOCAL, new).await.unwrap();
        person.opens("/").await;
        enters(&mut person, &login, &once).await;
        settles_in(&mut person, &once).await;
        person.opens("/").await;
        assert!(!person.sees("#login").await, "{login} is not logged in");
        Some((person, login))
    }
}

/// Gives name and password on the login page.
async fn enters(person: &mut Person, login: &str, password: &str) {
    person.writes("#login", login).await;
    person.writes("#password", password).await;
    person.follows("main button[type=submit]").await;
}

/// Changes the one-time password into one's own.
async fn settles_in(person: &mut Person, once: &str) {
    person.writes("#current", once).await;
    person.writes("#new", PASSWORD).await;
    person.writes("#again", PASSWORD).await;
    person
        .follows("form[action='/account/password'] button")
        .await;
}

/// The grid's list: number, township and urgency of each report.
fn leads<T: AsRef<str>>(reports: &[(T, &str, &str)]) -> FeedFile {
    let mut text = "线索编号,上报时间,镇街,村(社区),对象姓名,对象证件号码,对象电话,居住地址,户籍地,线索类别,紧急程度,情况描述,关联12345工单号\n"
        .to_owned();
    for (number, town, urgency) in reports {
        let number = number.as_ref();
        writeln!(
            text,
            "{number},2026-11-20,{town},,吴{number},,,,,其他,{urgency},屋顶漏雨，老人无处住（{number}）,"
        )
        .unwrap();
    }
    TestApp::file("grid", "leads", "2026-11-20", 1, None, &text)
}

/// Says that a test checked nothing.
fn without_chromium() {
    eprintln!("SKIPPED: Chromium and chromedriver are not installed");
}
