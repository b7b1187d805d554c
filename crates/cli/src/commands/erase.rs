//! `hearth erase`: destroys the key of a subject.

use clap::Args;
use domain::ids::Subject;
use pipeline::clock::SystemClock;
use store::commit::Write;

use crate::commands::Place;
use crate::settings::Settings;
use crate::terminal::say;
use crate::{exit, local, office};

/// What `hearth erase` takes.
#[derive(Args)]
pub(crate) struct EraseArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// A household h:ID or person p:ID
    subject: String,
    /// It cannot be undone: say so
    #[arg(long)]
    yes: bool,
}

/// Erases.
pub(crate) async fn run(args: &EraseArgs, settings: Settings) -> anyhow::Result<()> {
    let subject: Subject = args
        .subject
        .parse()
        .map_err(|_| exit::usage("name a household h:ID or person p:ID"))?;
    if !args.yes {
        return Err(exit::usage(
            "what is erased can never be read again; add --yes",
        ));
    }
    let opened = office::open_store(&settings.store).await?;
    if opened.store.subject_keys(&[subject]).await?.is_empty() {
        return Err(exit::data(format!(
            "{subject} has no key: never known, or erased before"
        )));
    }
    let writes = vec![Write::KeyErased(subject)];
    local::administer_store(opened.store.as_ref(), &SystemClock::new(), "local", writes).await?;
    say!(
        "已销毁密钥 erased {subject}；备份中的旧密钥须随备份到期销毁 (older backups still hold it until they expire)"
    );
    Ok(())
}
