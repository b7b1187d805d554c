//! `hearth erase`: destroys the key of a subject.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use domain::ids::Subject;
use pipeline::clock::SystemClock;
use store::commit::Write;

use crate::commands::Place;
use crate::settings::{Settings, StoreSettings};
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
    // Written down first: a list that names too many does no harm.
    Erasures::of(&settings.store).add(subject)?;
    let writes = vec![Write::KeyErased(subject)];
    local::administer_store(opened.store.as_ref(), &SystemClock::new(), "local", writes).await?;
    say!(
        "已销毁密钥 erased {subject}；备份中的旧密钥须随备份到期销毁 (older backups still hold it until they expire)"
    );
    Ok(())
}

/// Which keys were destroyed: kept outside the database, because a restored
/// database does not know what was erased after it was copied. Pseudonymous ids
/// only.
pub(crate) struct Erasures(PathBuf);

impl Erasures {
    /// Of the store of these settings.
    pub(crate) fn of(settings: &StoreSettings) -> Erasures {
        Erasures(settings.data_dir.join("erasures.txt"))
    }

    /// The subjects, in the order they were erased.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<String>> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        }
    }

    fn add(&self, subject: Subject) -> anyhow::Result<()> {
        let write = || -> std::io::Result<()> {
            let mut options = std::fs::OpenOptions::new();
            options.create(true).append(true).mode(0o600);
            let mut file = options.open(&self.0)?;
            writeln!(file, "{subject}")?;
            file.sync_all()
        };
        write().with_context(|| format!("cannot write {}", self.0.display()))
    }
}
