//! The folder uploads wait in while they are read. What is left in it after a
//! crash is of no use: uploads are repeated.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::secret;

/// Makes the folder and empties it. Only files are taken away: a folder in it
/// was not put there by us.
pub(crate) fn prepare(folder: &Path) -> anyhow::Result<()> {
    secret::create_folder(folder)?;
    let problem = || format!("cannot empty the spool {}", folder.display());
    for entry in fs::read_dir(folder).with_context(problem)? {
        let entry = entry.with_context(problem)?;
        if entry.file_type().with_context(problem)?.is_file() {
            fs::remove_file(entry.path()).with_context(problem)?;
        }
    }
    Ok(())
}

/// A file in the spool, removed when dropped.
pub(crate) struct Spooled {
    pub(crate) path: PathBuf,
}

impl Spooled {
    /// Puts bytes into the spool.
    pub(crate) fn put(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<Spooled> {
        let path = folder.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Spooled { path })
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "a spooled file could not be removed");
        }
    }
}
