//! Short names of folders: a socket's path may have 107 bytes, and Ray and Slurm append up to 70 to that of a folder.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The short name of a folder, always the same one.
pub fn name(folder: &Path) -> PathBuf {
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    std::env::temp_dir().join(format!("tm-{digest}"))
}

/// Makes the short name lead to the folder, and returns it.
///
/// # Errors
/// When the file system says no.
pub fn link(folder: &Path) -> Result<()> {
    let name = name(folder);
    unlink(&name)?;
    symlink(folder, &name).map_err(|error| Error::io("create", &name, &error))
}

/// Takes a short name away; it is fine if there is none.
///
/// # Errors
/// When the file system says no.
pub fn unlink(name: &Path) -> Result<()> {
    match std::fs::remove_file(name) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", name, &error)),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn symlink(folder: &Path, name: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(folder, name)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_leads_to_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("a".repeat(100));
        std::fs::create_dir(&long).unwrap();
        // Again, as after a run that was killed.
        for _ in 0..2 {
            link(&long).unwrap();
        }
        let name = name(&long);
        assert_eq!(name.file_name().unwrap().len(), "tm-01234567".len());
        assert_eq!(name.canonicalize().unwrap(), long.canonicalize().unwrap());
        unlink(&name).unwrap();
        unlink(&name).unwrap();
        assert!(!name.exists() && long.exists());
    }
}
