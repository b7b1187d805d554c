//! A whole app for tests: a real store, the repository's policies, a clock
//! moved by hand, officers of every role, the router.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::account::cookie::Cookies;
use api::app::{App, Limits};
use domain::authority::{Grant, Officer, Operation, Role};
use domain::calendar::WorkingDays;
use domain::ids::OfficerId;
use domain::publicity::Publicity;
use domain::record::{DatasetId, Revision, SourceId};
use domain::region::{DivisionCode, Divisions};
use domain::time::Date;
use pipeline::account::hash::Cost;
use pipeline::account::sso::{Sso, SsoSettings};
use pipeline::account::{AccountSettings, Door};
use pipeline::clock::ManualClock;
use pipeline::disclose::Discloser;
use pipeline::intake::{IntakeError, Taken, UploadHeader, intake};
use pipeline::outbound::{Client, OutboundSettings};
use pipeline::policies::{Documents, Policies};
use pipeline::webhook::Hooks;
use pipeline::{Deps, Settings, StepError, runner};
use rules::{Document, PolicySet};
use store::Store;
use store::commit::{Commit, CommitKind, Write};
use synth::{CountySpec, FeedFile, Manifest, invent};
use tempfile::TempDir;
use tokio::sync::Notify;
use uuid::Uuid;
use vault::{MasterKey, Vault};

/// The county of all samples.
pub const COUNTY: &str = "320412";
/// 湖塘镇.
pub const HUTANG: &str = "320412100";
/// A village of 湖塘镇.
pub const NANJIE: &str = "320412100002";
/// 牛塘镇.
pub const NIUTANG: &str = "320412102";

/// The day of all samples.
pub fn sample_day() -> Date {
    "2026-11-20".parse().expect("a date")
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A running app. Dropped with its folder.
pub struct TestApp {
    /// Everything the steps need.
    pub deps: Arc<Deps>,
    /// The clock, to move.
    pub clock: Arc<ManualClock>,
    /// The service.
    pub router: axum::Router,
    /// Sends feeds to machines.
    pub hooks: Arc<Hooks>,
    /// Officer and token by name: `hutang`, `niutang`, `county`, `importer`,
    /// `auditor`, `elsewhere` (an officer of another county), `contact` (of the
    /// village [`NANJIE`]), and of no people: `system`, `security`, `village`
    /// (a contact who was given a township, which is no village), `policy`,
    /// `policy2`, and `policy_elsewhere` of another county; `child` (children's
    /// officer of 湖塘镇), `children` (of the county), `second` (another county
    /// officer), `auditor_elsewhere` (of another county).
    pub officers: BTreeMap<&'static str, (Officer, String)>,
    /// To make another router with other limits.
    app: App,
    folder: TempDir,
}

fn documents(folder: &Path) -> Vec<Document> {
    let entries = std::fs::read_dir(folder).expect("the repository's folder");
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let yaml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    yaml.map(|path| Document {
        name: path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        text: std::fs::read_to_string(&path).expect("a readable file"),
    })
    .collect()
}

/// The repository's policies with the sample parameters, and their cases.
pub fn policy_documents() -> Documents {
    let sample = root().join("data-samples/parameters-sample.yaml");
    let sample = Document {
        name: "parameters-sample.yaml".to_owned(),
        text: std::fs::read_to_string(sample).expect("sample parameters"),
    };
    let shipped = documents(&root().join("policies/parameters"));
    let mut parameters = shipped.clone();
    parameters.push(sample.clone());
    Documents {
        policies: documents(&root().join("policies")),
        parameters,
        cases: documents(&root().join("policies/cases")),
        case_parameters: shipped,
        case_samples: vec![sample],
    }
}

/// The repository's policies with the sample parameters.
pub fn policies() -> PolicySet {
    let documents = policy_documents();
    PolicySet::load(&documents.policies, &documents.parameters).expect("sound policies")
}

/// The repository's divisions.
pub fn divisions() -> Divisions {
    let text = std::fs::read_to_string(root().join("policies/tables/divisions.csv"));
    Divisions::parse(&text.expect("a table")).expect("a sound table")
}

fn calendar() -> WorkingDays {
    let text = std::fs::read_to_string(root().join("policies/tables/working-days.csv"));
    WorkingDays::parse(&text.expect("a table")).expect("a sound table")
}

/// The repository's table of what may be published.
pub fn publicity() -> Publicity {
    let text = std::fs::read_to_string(root().join("policies/tables/publicity.csv"));
    Publicity::parse(&text.expect("a table")).expect("a sound table")
}

/// Settings a store for invented people is made with.
pub fn birth() -> [(&'static str, String); 2] {
    [("synthetic", "true".to_owned()), ("epoch", "e1".to_owned())]
}

impl TestApp {
    /// On a new SQLite file.
    pub async fn sqlite() -> TestApp {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("hearth.db").display());
        let store = store::open(&url, &birth()).await.expect("a store");
        TestApp::on(store, folder).await
    }

    /// On a new PostgreSQL database; `None` where PostgreSQL is not installed.
    pub async fn postgres() -> Option<TestApp> {
        let url = crate::pg::fresh_database().await?;
        let store = store::open(&url, &birth()).await.expect("a store");
        Some(TestApp::on(store, tempfile::tempdir().expect("a folder")).await)
    }

    /// On any store.
    pub async fn on(store: Arc<dyn Store>, folder: TempDir) -> TestApp {
        TestApp::reaching(store, folder, OutboundSettings::default()).await
    }

    /// On any store, with connections to the outside.
    pub async fn reaching(
        store: Arc<dyn Store>,
        folder: TempDir,
        outbound: OutboundSettings,
    ) -> TestApp {
        TestApp::trusting(store, folder, outbound, None, false).await
    }

    /// The same with an identity provider, and perhaps a second factor asked of
    /// everybody.
    pub async fn trusting(
        store: Arc<dyn Store>,
        folder: TempDir,
        outbound: OutboundSettings,
        provider: Option<SsoSettings>,
        second_factor_required: bool,
    ) -> TestApp {
        let factor = second_factor_required;
        TestApp::built(
            store,
            folder,
            outbound,
            provider,
            factor,
            policy_documents(),
        )
        .await
    }

    /// On any store, started with documents of the test's own.
    pub async fn started_with(
        store: Arc<dyn Store>,
        folder: TempDir,
        documents: Documents,
    ) -> TestApp {
        let outbound = OutboundSettings::default();
        TestApp::built(store, folder, outbound, None, false, documents).await
    }

    /// On a new SQLite file, where no place has set anything of its own: the
    /// repository's parameters without the samples.
    pub async fn unset() -> TestApp {
        let mut documents = policy_documents();
        documents.parameters.clone_from(&documents.case_parameters);
        TestApp::of(documents).await
    }

    /// On a new SQLite file, with documents of the test's own.
    pub async fn of(documents: Documents) -> TestApp {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("hearth.db").display());
        let store = store::open(&url, &birth()).await.expect("a store");
        let outbound = OutboundSettings::default();
        TestApp::built(store, folder, outbound, None, false, documents).await
    }

    async fn built(
        store: Arc<dyn Store>,
        folder: TempDir,
        outbound: OutboundSettings,
        provider: Option<SsoSettings>,
        second_factor_required: bool,
        documents: Documents,
    ) -> TestApp {
        let client = Arc::new(Client::new(outbound));
        let clock = Arc::new(ManualClock::at(sample_day()));
        let deps = Arc::new(Deps {
            store,
            vault: Arc::new(Vault::new(MasterKey::from_bytes([7; 32]))),
            policies: Policies::load(documents).expect("sound policies"),
            divisions: Arc::new(divisions()),
            calendar: Arc::new(calendar()),
            publicity: Arc::new(publicity()),
            clock: clock.clone(),
            settings: Settings {
                synthetic: true,
                accounts: AccountSettings {
                    second_factor_required,
                    // Real hashes would be most of the time of a test.
                    cost: Cost {
                        memory_kib: 8,
                        passes: 1,
                        lanes: 1,
                    },
                    ..AccountSettings::default()
                },
                ..Settings::default()
            },
            censuses: pipeline::night::Censuses::default(),
            ahead: pipeline::ahead::Aheads::default(),
            work: Notify::default(),
            published: Notify::default(),
        });
        let door = Arc::new(Door::new(deps.clone()));
        let sso = provider.map(|settings| Sso::new(door.clone(), client.clone(), settings));
        let sso = sso.map(Arc::new);
        let hooks = Arc::new(Hooks::new(deps.clone(), client));
        let app = App {
            deps: deps.clone(),
            discloser: Discloser::start(deps.clone()),
            metrics: None,
            spool: folder.path().to_owned(),
            limits: Limits {
                // A stream gives what there is and ends.
                stream_seconds: 0,
                wait_seconds_max: 1,
                // Tests ask as fast as they can.
                requests_per_minute_max: u32::MAX,
                ..Limits::default()
            },
            door,
            hooks: hooks.clone(),
            sso,
            cookies: Cookies::Secure,
            client_address_header: Some("x-real-ip".parse().expect("a header's name")),
            gateway_parameters: Arc::from(["gw_trace".to_owned()]),
            watch: Arc::default(),
        };
        let router = api::router(app.clone());
        let mut test = TestApp {
            deps,
            clock,
            router,
            hooks,
            officers: BTreeMap::new(),
            app,
            folder,
        };
        test.staff().await;
        test
    }

    async fn staff(&mut self) {
        self.officer("hutang", 1, Role::Caseworker, HUTANG).await;
        self.officer("niutang", 2, Role::Caseworker, NIUTANG).await;
        self.officer("county", 3, Role::CountyOfficer, COUNTY).await;
        self.officer("importer", 4, Role::Importer, COUNTY).await;
        self.officer("auditor", 5, Role::Auditor, COUNTY).await;
        self.officer("elsewhere", 6, Role::CountyOfficer, "320411")
            .await;
        self.officer("system", 7, Role::SystemAdmin, COUNTY).await;
        self.officer("security", 8, Role::SecurityAdmin, COUNTY)
            .await;
        self.officer("village", 9, Role::VillageContact, HUTANG)
            .await;
        self.officer("contact", 10, Role::VillageContact, NANJIE)
            .await;
        self.officer("policy", 11, Role::PolicyOfficer, COUNTY)
            .await;
        self.officer("policy2", 12, Role::PolicyOfficer, COUNTY)
            .await;
        self.officer("policy_elsewhere", 13, Role::PolicyOfficer, "320411")
            .await;
        self.officer("child", 14, Role::ChildrenOfficer, HUTANG)
            .await;
        self.officer("children", 15, Role::ChildrenOfficer, COUNTY)
            .await;
        self.officer("second", 16, Role::CountyOfficer, COUNTY)
            .await;
        self.officer("auditor_elsewhere", 17, Role::Auditor, "320411")
            .await;
    }

    /// One more officer with a token, known by name in [`TestApp::officers`].
    pub async fn officer(&mut self, name: &'static str, number: u128, role: Role, region: &str) {
        let importer = role == Role::Importer;
        let sources = [
            "civil",
            "payments",
            "medical",
            "disability",
            "police",
            "funeral",
            "grid",
            "justice",
            "vehicle",
            "education",
            "social_security",
            "emergency",
            "elder_care",
        ];
        let officer = Officer {
            id: OfficerId::from_uuid(Uuid::from_u128(number)),
            name: name.to_owned(),
            role,
            regions: vec![DivisionCode::parse(region).expect("a region")],
            sources: sources
                .into_iter()
                .filter(|_| importer)
                .map(str::to_owned)
                .collect(),
        };
        let token = format!("token-of-{name}");
        let digest = self.deps.vault.token_digest(&token);
        let commit = Commit {
            kind: CommitKind::Administration,
            partition: None,
            at: self.deps.clock.now(),
            actor: "test".to_owned(),
            lease: None,
            guards: vec![],
            writes: vec![
                Write::Officer(officer.clone()),
                Write::Token {
                    digest,
                    officer: officer.id,
                    expires_at: None,
                },
            ],
            answer: None,
        };
        self.deps.store.commit(&commit).await.expect("an officer");
        self.officers.insert(name, (officer, token));
    }

    /// Goes on under other limits.
    pub fn limit(&mut self, change: impl FnOnce(&mut Limits)) {
        change(&mut self.app.limits);
        self.router = api::router(self.app.clone());
    }

    /// Authority of a named officer.
    pub fn grant(&self, name: &str, operation: Operation) -> Grant {
        let (officer, _) = &self.officers[name];
        officer
            .authorize(operation, "test")
            .expect("an allowed operation")
    }

    /// Takes one file as the importer.
    pub async fn import(&self, file: &FeedFile) -> Result<Taken, IntakeError> {
        let path = self
            .folder
            .path()
            .join(format!("{}-{}", file.sequence, file.file_name));
        std::fs::write(&path, &file.bytes)?;
        let header = UploadHeader {
            source: file.source.clone(),
            dataset: file.dataset.clone(),
            revision: Revision {
                business_date: file.business_date,
                sequence: file.sequence,
            },
            scope: file.scope,
            as_of: file.as_of,
            file_name: file.file_name.clone(),
        };
        intake(
            &self.deps,
            &self.grant("importer", Operation::Import),
            &header,
            &path,
        )
        .await
    }

    /// With an invented county of so many households, settled; always the same.
    pub async fn inhabited(self, households: u32) -> TestApp {
        let spec = CountySpec {
            seed: 5,
            households,
            on: sample_day(),
        };
        for file in &invent(&spec, &divisions()).feeds {
            self.import(file)
                .await
                .expect("invented files are in order");
        }
        self.settle().await;
        self
    }

    /// Runs every step to rest.
    pub async fn settle(&self) {
        self.try_settle().await.expect("steps come to rest");
    }

    /// Runs every step to rest, or says why not.
    pub async fn try_settle(&self) -> Result<(), StepError> {
        runner::settle(&self.deps).await
    }

    /// The committed samples in the order of their manifest.
    pub fn samples() -> (Manifest, Vec<FeedFile>) {
        let folder = root().join("data-samples");
        let text = std::fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
        let manifest: Manifest = serde_json::from_str(&text).expect("a sound manifest");
        let file = |import: &synth::Import| FeedFile {
            file_name: import.file.clone(),
            source: import.source.clone(),
            dataset: import.dataset.clone(),
            business_date: import.business_date,
            sequence: import.sequence,
            as_of: import.as_of,
            scope: import.scope,
            bytes: std::fs::read(folder.join(&import.file)).expect("a sample file"),
        };
        let files = manifest.imports.iter().map(file).collect();
        (manifest, files)
    }

    /// A file of a dataset built by hand.
    pub fn file(
        source: &str,
        dataset: &str,
        business_date: &str,
        sequence: u32,
        as_of: Option<&str>,
        text: &str,
    ) -> FeedFile {
        FeedFile {
            file_name: format!("{dataset}.csv"),
            source: SourceId::new(source),
            dataset: DatasetId::new(dataset),
            business_date: business_date.parse().expect("a date"),
            sequence,
            as_of: as_of.map(|text| text.parse().expect("a date")),
            scope: DivisionCode::parse(COUNTY).expect("a county"),
            bytes: text.as_bytes().to_vec(),
        }
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
