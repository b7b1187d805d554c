//! Files that hold secrets: read only when nobody else can, written so that
//! nobody else can.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use domain::time::Date;
use pipeline::clock::OsEntropy;
use vault::{MasterKey, MasterKeyFile, Zeroizing};

use crate::exit;

/// Bytes of a secret file at most.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Reads a file that only its owner may read.
pub(crate) fn read(path: &Path, what: &str) -> anyhow::Result<Zeroizing<String>> {
    let refuse =
        |why: String| exit::configuration(format!("cannot read {what} {}: {why}", path.display()));
    let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
    let about = file.metadata().map_err(|error| refuse(error.to_string()))?;
    if about.mode() & 0o077 != 0 {
        return Err(refuse(format!(
            "others may read it (mode {:04o}); run: chmod 600 {}",
            about.mode() & 0o7777,
            path.display()
        )));
    }
    // Room for all of it at once: growing would leave copies behind.
    let room = usize::try_from(about.len().min(SECRET_BYTES_MAX)).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    let read = file.take(SECRET_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| refuse(error.to_string()))?;
    Ok(text)
}

/// Reads the master key.
pub(crate) fn key(path: &Path) -> anyhow::Result<MasterKey> {
    let text = read(path, "the key file")?;
    MasterKeyFile::parse(&text)
        .with_context(|| format!("cannot read the key file {}", path.display()))
}

/// Draws a master key and writes it, durable before it is used.
pub(crate) fn create_key(path: &Path) -> anyhow::Result<MasterKey> {
    let key = MasterKey::random(&mut OsEntropy);
    write(path, &MasterKeyFile::format(&key))
        .with_context(|| format!("cannot write the key file {}", path.display()))?;
    Ok(key)
}

/// Writes the escrow copy of the key.
pub(crate) fn write_escrow(
    path: &Path,
    key: &MasterKey,
    office: &str,
    on: Date,
) -> anyhow::Result<()> {
    let note = MasterKeyFile::escrow_note(key, office, on);
    write(path, &note).with_context(|| format!("cannot write the escrow copy {}", path.display()))
}

/// A new file that only its owner may read.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    write(path, text)
}

/// What must survive what takes the key lies in another folder at least.
pub(crate) fn refuse_beside(copy: &Path, key_file: &Path, what: &str) -> anyhow::Result<()> {
    let place = |path: &Path| folder_of(path).canonicalize();
    let refuse = |error: io::Error| {
        let folder = copy.display();
        exit::configuration(format!("the folder of {folder} cannot be used: {error}"))
    };
    let (copy, key) = (
        place(copy).map_err(refuse)?,
        place(key_file).map_err(refuse)?,
    );
    if copy.starts_with(&key) {
        return Err(exit::configuration(format!(
            "{what} must lie in another place than {}: another disk, or paper",
            key_file.display()
        )));
    }
    Ok(())
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A new file with mode 0600, whole or not there: it gets its name when its
/// bytes are on disk.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let temporary = Path::new(&name);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Unlike a rename, a link never replaces a key that is there.
    let linked = fs::hard_link(temporary, path);
    fs::remove_file(temporary)?;
    linked?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// A folder that only its owner may enter.
pub(crate) fn create_folder(path: &Path) -> anyhow::Result<()> {
    let created = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    created.map_err(|error| {
        exit::configuration(format!(
            "cannot create the folder {}: {error}",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_written_for_its_owner_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let written = create_key(&path).unwrap();
        assert_eq!(key(&path).unwrap().fingerprint(), written.fingerprint());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(create_key(&path).is_err());
        assert_eq!(key(&path).unwrap().fingerprint(), written.fingerprint());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        create_key(&path).unwrap();
        for mode in [0o640, 0o604, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                exit::of(&key(&path).err().unwrap()),
                exit::Exit::Configuration,
                "{mode:o}"
            );
        }
    }
}
