//! An office to measure: a store, the repository's policies, an invented
//! county.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::authority::{Grant, Officer, Operation, Role};
use domain::calendar::WorkingDays;
use domain::ids::OfficerId;
use domain::region::{DivisionCode, Divisions};
use domain::time::Date;
use pipeline::clock::Clock;
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

pub(crate) fn officer(role: Role) -> Officer {
    // Whoever the county hears from.
    let feeds = synth::feeds(&spec(1));
    let sources: BTreeSet<String> = feeds.iter().map(|plan| plan.source.to_string()).collect();
    Officer {
        id: OfficerId::from_uuid(Uuid::from_u128(1)),
        name: "bench".to_owned(),
        role,
        regions: vec![county()],
        sources: sources.into_iter().collect(),
    }
}

/// The county there is, in so many households.
fn spec(households: u32) -> CountySpec {
    CountySpec {
        seed: 20_261_120,
        households,
        on: on(),
    }
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

pub(crate) async fn open(
    backend: &str,
    folder: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Office, Failed> {
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
        clock,
        settings: Settings {
            synthetic: true,
            ..Settings::default()
        },
        censuses: pipeline::night::Censuses::default(),
        ahead: pipeline::ahead::Aheads::default(),
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
    if households > synth::HOUSEHOLDS_MAX {
        return Err(format!("at most {} households", synth::HOUSEHOLDS_MAX).into());
    }
    let spec = spec(households);
    let mut files = Vec::new();
    for plan in synth::feeds(&spec) {
        let path = folder.join(&plan.file_name);
        let mut out = std::io::BufWriter::new(std::fs::File::create(&path)?);
        synth::write_feed(&spec, &deps.divisions, &plan, &mut out)?;
        files.push((plan, path));
    }
    Ok(files)
}
