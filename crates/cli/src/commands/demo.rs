//! `hearth demo`: the whole loop on invented people, in one command.

mod files;
mod logins;
mod summary;
mod text;
mod told;
mod turning;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use domain::authority::Role;
use domain::time::Date;
use pipeline::Deps;

use crate::commands::serve::{self, Edge};
use crate::documents::{Documents, Tables};
use crate::manifest::Samples;
use crate::office::{self, Opened};
use crate::settings::{AccountSettings, Settings, StepSettings, StoreSettings};
use crate::terminal::{say, show};
use crate::{exit, secret, spool};

/// The township whose caseworker is logged in.
const TOWNSHIP: &str = "湖塘镇";

/// What `hearth demo` takes.
#[derive(Args)]
pub(crate) struct DemoArgs {
    /// Ends after the summary instead of serving
    #[arg(long)]
    once: bool,
    /// Prints one JSON object instead of the summary
    #[arg(long, requires = "once")]
    json: bool,
    /// Folder of the demonstration's store and key
    #[arg(long, value_name = "DIR", default_value = "hearth-data/demo")]
    data: PathBuf,
    /// Loopback address to serve on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
    /// Imports the files of another folder with a manifest.json
    #[arg(long, value_name = "DIR")]
    samples: Option<PathBuf>,
}

/// Runs it.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let edge = if args.once {
        None
    } else {
        Some(Edge::bind(args.listen, false).await?)
    };
    let mut steps = turning::Steps::default();
    let started = Instant::now();
    let samples = Samples::open(args.samples.as_deref())?;
    let on = samples.manifest.on;
    let settings = Settings {
        store: StoreSettings::embedded(&args.data),
        steps: StepSettings {
            on: Some(on),
            ..StepSettings::default()
        },
        // One who tries it out has no authenticator at hand.
        accounts: AccountSettings {
            second_factor_required: false,
            ..AccountSettings::default()
        },
        ..Settings::default()
    };
    let documents = Documents::demonstrated(samples.parameters()?)?;
    secret::create_folder(&args.data)?;
    let opened = open_or_make(&settings.store, on).await?;
    spool::prepare(&settings.store.spool())?;
    let before = opened.store.statistics().await?;
    let deps = office::deps(opened, &settings, &documents, Tables::built_in()?, "demo").await?;
    let officers = logins::officers(&deps, TOWNSHIP, &samples).await?;
    steps.add("open", started.elapsed());

    let imports = turning::turn(
        &deps,
        &officers,
        &samples,
        &settings.store.spool(),
        &mut steps,
    )
    .await?;
    let after = deps.store.statistics().await?;
    let changed = before.ledger != after.ledger;
    let summary = summary::Summary::gather(&deps, &imports, &after, steps, changed).await?;
    if args.json {
        say!("{}", serde_json::to_string(&summary)?);
        return Ok(());
    }
    show(&text::summary(&deps, &summary, &imports, on).await?)?;
    show(&told::alerts(&deps, officers.of(Role::CountyOfficer)?, &args.data).await?)?;
    let Some(edge) = edge else { return Ok(()) };
    show(&logins::issue(&deps, &officers, edge.address(), &samples).await?)?;
    serve::until_stopped(deps, edge, &settings).await
}

/// Opens the demonstration's store, or makes it and its key. The key is first:
/// a store whose key was not written could never be opened again.
async fn open_or_make(store: &StoreSettings, on: Date) -> anyhow::Result<Opened> {
    let url = store.url()?;
    let database = url.strip_prefix("sqlite:").map(Path::new);
    let key = if store.key_file.exists() {
        secret::key(&store.key_file)?
    } else if database.is_some_and(Path::exists) {
        let folder = store.data_dir.display();
        return Err(exit::configuration(format!(
            "the store in {folder} has lost its key file; choose another --data"
        )));
    } else {
        secret::create_key(&store.key_file)?
    };
    let mut fresh = office::birth(&vault::Vault::new(secret::key(&store.key_file)?), true);
    fresh.push((office::DEMONSTRATION, on.to_string()));
    let opened = office::open_with(&url, key, &fresh).await?;
    if opened.store.setting(office::DEMONSTRATION).await? != Some(on.to_string()) {
        let folder = store.data_dir.display();
        return Err(exit::configuration(format!(
            "the store in {folder} is not a demonstration's of {on}; choose another --data"
        )));
    }
    Ok(opened)
}

/// The township by its name, within the county of the samples.
fn township(
    deps: &Arc<Deps>,
    name: &str,
    samples: &Samples<'_>,
    on: Date,
) -> anyhow::Result<domain::region::DivisionCode> {
    let inside =
        deps.divisions
            .inside(samples.manifest.county, domain::region::Level::Township, on);
    let found = inside
        .into_iter()
        .find(|division| division.name == name)
        .map(|division| division.code);
    found.ok_or_else(|| exit::data(format!("the county of the samples has no {name}")))
}
