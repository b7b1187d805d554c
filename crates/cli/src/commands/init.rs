//! `hearth init`: the key, its escrow copy, then the store. Each part that is
//! there already must fit, so that an interrupted run can be repeated.

use std::path::PathBuf;

use clap::Args;
use pipeline::clock::{Clock as _, SystemClock};
use store::commit::Write;
use vault::{MasterKey, Vault};

use crate::commands::Place;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office, secret};

/// What `hearth init` takes.
#[derive(Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Where the escrow copy of the key goes: another disk, not beside the key
    #[arg(long, value_name = "FILE")]
    escrow: PathBuf,
    /// Name of the office, for the escrow copy
    #[arg(long, value_name = "NAME", default_value = "")]
    office: String,
    /// Takes invented people (area 999xxx): for drills, never for real ones
    #[arg(long)]
    synthetic: bool,
}

/// Makes them.
pub(crate) async fn run(args: &InitArgs, settings: Settings) -> anyhow::Result<()> {
    let url = settings.store.url()?;
    let key_file = &settings.store.key_file;
    secret::create_folder(secret::folder_of(key_file))?;
    secret::create_folder(&settings.store.data_dir)?;
    secret::refuse_beside(&args.escrow, key_file, "the escrow copy")?;
    let key = if key_file.exists() {
        secret::key(key_file)?
    } else if args.escrow.exists() {
        return Err(exit::configuration(format!(
            "{} exists already; name another escrow file",
            args.escrow.display()
        )));
    } else {
        secret::create_key(key_file)?
    };
    escrow(args, &key)?;
    let vault = Vault::new(secret::key(key_file)?);
    let birth = office::birth(&vault, args.synthetic);
    let opened = store::open(&url, &birth).await?;
    let mut missing = Vec::new();
    for (name, value) in birth {
        match opened.setting(name).await? {
            None => missing.push(Write::Setting {
                key: name.to_owned(),
                value,
            }),
            Some(known) if name == office::FINGERPRINT && known != value => {
                return Err(exit::configuration("the store was made with another key"));
            }
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        local::administer_store(opened.as_ref(), &SystemClock::new(), "init", missing).await?;
    }
    say!(
        "密钥 key       {} ({})",
        key_file.display(),
        vault.fingerprint()
    );
    say!("托管件 escrow  {}", args.escrow.display());
    say!(
        "数据 store     {}",
        if url.starts_with("sqlite:") {
            &url
        } else {
            "postgres"
        }
    );
    say!("请将托管件打印两份封存；密钥与托管件全部遗失，任何人都无法恢复数据。");
    say!(
        "Print the escrow copy twice and seal it: if key and copies are lost, nobody can restore the data."
    );
    Ok(())
}

fn escrow(args: &InitArgs, key: &MasterKey) -> anyhow::Result<()> {
    if args.escrow.exists() {
        let copy = secret::key(&args.escrow)?;
        if copy.fingerprint() != key.fingerprint() {
            return Err(exit::configuration(format!(
                "{} holds another key",
                args.escrow.display()
            )));
        }
        return Ok(());
    }
    secret::write_escrow(&args.escrow, key, &args.office, SystemClock::new().today())
}
