//! The console in a real Chromium: what each role does all day, how many
//! clicks it takes, and that everybody can read it.
//!
//! Without Chromium these tests say so and check nothing; `tests/all` installs
//! it, or counts it as skipped.

mod desks;
mod journeys;
mod look;

use std::sync::{Arc, Weak};

use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use pipeline::account::administer::{self, Act, NewAccount};
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

    /// Someone with an account of this role, logged in by hand.
    async fn person(&self, role: Role, region: &str, screen: Screen) -> Option<Person> {
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
            name: format!("{}（试用）", role.zh()),
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
        person.writes("#login", &login).await;
        person.writes("#password", &once).await;
        person.follows("main button[type=submit]").await;
        person.writes("#current", &once).await;
        person.writes("#new", PASSWORD).await;
        person.writes("#again", PASSWORD).await;
        person
            .follows("form[action='/account/password'] button")
            .await;
        person.opens("/").await;
        assert!(!person.sees("#login").await, "{login} is not logged in");
        Some(person)
    }
}

/// Says that a test checked nothing.
fn without_chromium() {
    eprintln!("SKIPPED: Chromium and chromedriver are not installed");
}
