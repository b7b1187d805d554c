//! `hearth officer`: who may log in.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use domain::authority::{Officer, Role};
use domain::ids::OfficerId;
use domain::region::{DivisionCode, Level};
use ingest::Layout;
use pipeline::clock::{Clock as _, SystemClock, new_id};
use serde_json::json;
use store::commit::Write;

use crate::commands::Place;
use crate::commands::import::division;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office, tokens};

/// Verbs about officers.
#[derive(Subcommand)]
pub(crate) enum OfficerCommand {
    /// Adds an officer or a machine and prints its token, once
    Add(AddArgs),
}

/// What `hearth officer add` takes.
#[derive(Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Work account shown on actions
    #[arg(long)]
    name: String,
    /// caseworker, county_officer, importer, auditor, system_admin, security_admin, village_contact, policy_officer or children_officer
    #[arg(long, value_parser = role)]
    role: Role,
    /// Division code of a township or county, for a village_contact of a village; may be given several times
    #[arg(long, value_name = "CODE", required = true, value_parser = division)]
    region: Vec<DivisionCode>,
    /// For importers: may send as this source; may be given several times
    #[arg(long)]
    source: Vec<String>,
    /// Days until the token expires
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// A role as an argument.
pub(crate) fn role(text: &str) -> Result<Role, String> {
    let known = Role::ALL.map(Role::name);
    Role::named(text).ok_or_else(|| format!("a role is one of {}", known.join(", ")))
}

/// Refuses what would cover nothing or too much: an importer sends as some source
/// that lists come from and nobody else as any; a village contact's authority ends
/// at villages, so that a township would give it nothing to see.
pub(crate) fn refuse_unfit(
    role: Role,
    regions: &[DivisionCode],
    sources: &[String],
) -> anyhow::Result<()> {
    if (role == Role::Importer) == sources.is_empty() {
        return Err(exit::usage(
            "--source goes with --role importer, and an importer needs one",
        ));
    }
    let is_known = |source: &&String| Layout::builtin().iter().any(|l| l.source() == **source);
    if let Some(unknown) = sources.iter().find(|source| !is_known(source)) {
        let sources: BTreeSet<&str> = Layout::builtin().iter().map(Layout::source).collect();
        let sources = sources.into_iter().collect::<Vec<_>>().join(", ");
        return Err(exit::usage(format!(
            "--source {unknown}: nobody sends as that; one of {sources}"
        )));
    }
    let villages = role == Role::VillageContact;
    let fits = |region: &DivisionCode| match region.level() {
        Level::Village => villages,
        Level::Township | Level::County => !villages,
        Level::City | Level::Province => false,
    };
    if regions.iter().all(fits) {
        return Ok(());
    }
    Err(exit::usage(if villages {
        "--region of a village_contact must be a village (12 digits)"
    } else {
        "--region must be a county (6 digits) or a township (9 digits)"
    }))
}

/// Adds the officer.
pub(crate) async fn run(args: &AddArgs, settings: Settings) -> anyhow::Result<()> {
    refuse_unfit(args.role, &args.region, &args.source)?;
    let opened = office::open_store(&settings.store).await?;
    let clock = SystemClock::new();
    let now = clock.now();
    let officer = Officer {
        id: OfficerId::from_uuid(new_id(now)),
        name: args.name.clone(),
        role: args.role,
        regions: args.region.clone(),
        sources: args.source.clone(),
    };
    let minted = tokens::mint(&opened.vault);
    let expires_at = now.plus_seconds(i64::from(args.days) * 24 * 3600);
    let id = officer.id;
    let writes = vec![Write::Officer(officer), minted.write(id, Some(expires_at))];
    local::administer_store(opened.store.as_ref(), &clock, "local", writes).await?;
    let (token, digest) = (minted.token.as_str(), hex::encode(minted.digest));
    if args.json {
        say!(
            "{}",
            json!({ "id": id.to_string(), "token": token, "token_digest": digest, "expires_at": expires_at.to_string() })
        );
    } else {
        say!("{id} {} {}", args.role.name(), args.name);
        say!("令牌 token（只显示这一次 shown once） {token}");
        say!("有效至 expires {expires_at} · 吊销 revoke: hearth token revoke --digest {digest}");
    }
    Ok(())
}
