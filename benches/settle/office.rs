//! An office to measure: a store, the repository's policies, an invented
//! county.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::authority::{Grant, Officer, Operation, Role};
use domain::calendar::WorkingDays;
use domain::ids::OfficerId;
use domain::region::{DivisionCode, Divisions};
use domain::time::Date;
use pipeline::clock::SystemClock;
use pipeline::policies::{Documents as PolicyDocuments, Policies};
use pipeline::{Deps, Settings};
use rules::Document;
use synth::{CountySpec, FeedPlan};
use testkit::pg::Pg;
use uuid::Uuid;

/// The bench's office.
pub(crate) struct Office {
    pub(crate) deps: Arc<Deps>,
    pub(crate) importer: Grant,
    pub(crate) place: Where,
}

/// Where its store is.
pub(crate) enum Where {
    Sqlite(PathBuf),
    Postgres { url: String, _server: Box<Pg> },
}

type Failed = Box<dyn std::error::Error>;

pub(crate) fn on() -> Date {
    "2026-11-20".parse().expect("a date")
}

pub(crate) fn county() -> DivisionCode {
    DivisionCode::parse("320412").expect("a county")
}

fn officer(role: Role) -> Officer {
    Officer {
        id: OfficerId::from_uuid(Uuid::from_u128(1)),
        name: "bench".to_owned(),
        role,
        regions: vec![county()],
        sources: [
            "civil",
            "payments",
            "medical",
            "disability",
            "police",
            "funeral",
            "grid",
            "justice",
            "vehicle",
            "social_security",
        ]
        .map(String::from)
        .to_vec(),
    }
}

pub(crate) fn county_officer() -> Officer {
    officer(Role::CountyOfficer)
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn documents(folder: &Path) -> std::io::Result<Vec<Document>> {
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            documents.push(Document {
                name,
                text: std::fs::read_to_string(&path)?,
            });
        }
    }
    Ok(documents)
}

pub(crate) async fn open(backend: &str, folder: &Path) -> Result<Office, Failed> {
    let (url, place) = if backend == "postgres" {
        let server = Box::new(Pg::start()?);
        let url = server.database().await?;
        (
            url.clone(),
            Where::Postgres {
                url,
                _server: server,
            },
        )
    } else {
        let path = folder.join("hearth.db");
        (format!("sqlite:{}", path.display()), Where::Sqlite(path))
    };
    let create = [
        ("synthetic", "true".to_owned()),
        ("epoch", "bench".to_owned()),
    ];
    let store = store::open(&url, &create).await?;
    let mut parameters = documents(&root().join("policies/parameters"))?;
    let sample = std::fs::read_to_string(root().join("data-samples/parameters-sample.yaml"))?;
    parameters.push(Document {
        name: "parameters-sample.yaml".to_owned(),
        text: sample,
    });
    let policies = Policies::load(PolicyDocuments {
        policies: documents(&root().join("policies"))?,
        parameters,
        ..PolicyDocuments::default()
    })
    .map_err(|problems| format!("{problems:?}"))?;
    let table = |name: &str| std::fs::read_to_string(root().join("policies/tables").join(name));
    let deps = Arc::new(Deps {
        store,
        vault: Arc::new(vault::Vault::new(vault::MasterKey::from_bytes([7; 32]))),
        policies,
        divisions: Arc::new(Divisions::parse(&table("divisions.csv")?)?),
        calendar: Arc::new(WorkingDays::parse(&table("working-days.csv")?)?),
        publicity: Arc::default(),
        clock: Arc::new(SystemClock::pinned(on())),
        settings: Settings {
            synthetic: true,
            ..Settings::default()
        },
        censuses: pipeline::night::Censuses::default(),
        work: tokio::sync::Notify::default(),
        published: tokio::sync::Notify::default(),
    });
    let importer = officer(Role::Importer).authorize(Operation::Import, "bench")?;
    Ok(Office {
        deps,
        importer,
        place,
    })
}

/// Writes the county's files.
pub(crate) fn write_county(
    folder: &Path,
    deps: &Deps,
    households: u32,
) -> Result<Vec<(FeedPlan, PathBuf)>, Failed> {
    let spec = CountySpec {
        seed: 20_261_120,
        households,
        on: on(),
    };
    let mut files = Vec::new();
    for plan in synth::feeds(&spec) {
        let path = folder.join(&plan.file_name);
        let mut out = std::io::BufWriter::new(std::fs::File::create(&path)?);
        synth::write_feed(&spec, &deps.divisions, &plan, &mut out)?;
        files.push((plan, path));
    }
    Ok(files)
}

/// One police file per death of somebody on the latest payment list.
pub(crate) fn deaths(folder: &Path, count: u32) -> Result<Vec<String>, Failed> {
    let mut lists: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("payments"))
        })
        .collect();
    lists.sort();
    let text = std::fs::read_to_string(lists.last().ok_or("no payment list")?)?;
    let header = text
        .lines()
        .find(|line| line.contains("享受人证件号码"))
        .ok_or("no header")?;
    let column = |name: &str| {
        header
            .split(',')
            .position(|cell| cell.trim_matches('"') == name)
            .ok_or("no column")
    };
    let (name, number) = (column("享受人姓名")?, column("享受人证件号码")?);
    let mut seen = std::collections::BTreeSet::new();
    let mut files = Vec::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let (Some(name), Some(number)) = (cells.get(name), cells.get(number)) else {
            continue;
        };
        let Ok(id) = domain::resident_id::ResidentId::parse(number) else {
            continue;
        };
        if files.len() < count as usize && seen.insert(id.as_str().to_owned()) {
            let sex = if id.sex() == domain::resident_id::Sex::Male {
                "男"
            } else {
                "女"
            };
            files.push(format!(
                "公民身份号码,姓名,性别,出生日期,户号,户籍地址,变动类别,死亡日期,注销日期,迁往地,更新时间\n{},{name},{sex},{},,,死亡,2026-09-28,2026-11-19,,2026-11-19\n",
                id.as_str(),
                id.birth_date()
            ));
        }
    }
    Ok(files)
}
