//! The data tier: unpacks the data archives once, and again when one of them changes.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Ready;
use crate::error::{Error, Result};
use crate::repo::Repo;

/// Unpacks one archive, and says where it lies.
///
/// # Errors
/// When it is not there or cannot be unpacked.
pub fn one(repo: &Repo, name: &str) -> Result<PathBuf> {
    let folder = shared(repo);
    let ending = format!("{name}.tar.zst");
    let archive =
        archives(&folder)?.into_iter().find(|archive| archive.file_name().is_some_and(|file| *file == *ending));
    let archive = archive.ok_or_else(|| {
        let folder = folder.display();
        Error::new(format!("no archive `{ending}` in `{folder}`; set `TOKENMILL_DATA` to the folder that has it"))
    })?;
    let unpacked = repo.target()?.join("test-data");
    unpack(&archive, &unpacked)?;
    Ok(unpacked.join(name))
}

/// Where the archives are.
pub fn shared(repo: &Repo) -> PathBuf {
    std::env::var_os("TOKENMILL_DATA").map_or_else(|| repo.root().join("../shared"), PathBuf::from)
}

/// Unpacks every archive into a folder of its own below `test-data` in the target folder.
///
/// # Errors
/// When there are no archives or one of them cannot be unpacked.
pub(super) fn prepare(repo: &Repo, target: &Path) -> Result<Ready> {
    let archives = archives(&shared(repo))?;
    let unpacked = target.join("test-data");
    for archive in archives {
        unpack(&archive, &unpacked)?;
    }
    Ok(Ready::with("TOKENMILL_TEST_DATA", unpacked))
}

/// All `*.tar.zst` in the folder or in its subfolder `data`, sorted.
fn archives(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = [folder.to_path_buf(), folder.join("data")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".tar.zst"))
        .collect();
    found.sort();
    if found.is_empty() {
        let folder = folder.display();
        return Err(Error::new(format!("no archives in `{folder}`; set `TOKENMILL_DATA` to the folder that has them")));
    }
    Ok(found)
}

/// Unpacks one archive unless that has been done with these very bytes.
fn unpack(archive: &Path, unpacked: &Path) -> Result<()> {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(".tar.zst");
    let digest = digest(archive)?;
    let stamp = unpacked.join(format!("{name}.sha256"));
    let folder = unpacked.join(name);
    if folder.is_dir() && std::fs::read_to_string(&stamp).is_ok_and(|text| text == digest) {
        return Ok(());
    }
    println!("unpacking {name}");
    let fresh = unpacked.join(format!("{name}.new"));
    for old in [&fresh, &folder] {
        if old.exists() {
            std::fs::remove_dir_all(old).map_err(|error| Error::io("remove", old, &error))?;
        }
    }
    let file = File::open(archive).map_err(|error| Error::io("open", archive, &error))?;
    let tar = zstd::Decoder::new(file).map_err(|error| Error::io("read", archive, &error))?;
    tar::Archive::new(tar).unpack(&fresh).map_err(|error| Error::io("unpack", archive, &error))?;
    // Every archive holds one folder of its own name; it takes its place only when it is complete.
    std::fs::rename(fresh.join(name), &folder).map_err(|error| Error::io("move to", &folder, &error))?;
    std::fs::remove_dir_all(&fresh).map_err(|error| Error::io("remove", &fresh, &error))?;
    std::fs::write(&stamp, digest).map_err(|error| Error::io("write", &stamp, &error))
}

/// SHA-256 of a file, as hex digits.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|error| Error::io("open", path, &error))?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher).map_err(|error| Error::io("read", path, &error))?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_archive(path: &Path, text: &str) {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, "words/list.txt", text.as_bytes()).unwrap();
        let bytes = tar.into_inner().unwrap();
        std::fs::write(path, zstd::encode_all(bytes.as_slice(), 3).unwrap()).unwrap();
    }

    #[test]
    fn an_archive_is_unpacked_once_and_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (archive, unpacked) = (folder.path().join("words.tar.zst"), folder.path().join("out"));
        let list = unpacked.join("words/list.txt");
        write_archive(&archive, "one");
        unpack(&archive, &unpacked).unwrap();
        assert_eq!(std::fs::read_to_string(&list).unwrap(), "one");

        std::fs::write(&list, "touched").unwrap();
        unpack(&archive, &unpacked).unwrap();
        assert_eq!(std::fs::read_to_string(&list).unwrap(), "touched");

        write_archive(&archive, "two");
        unpack(&archive, &unpacked).unwrap();
        assert_eq!(std::fs::read_to_string(&list).unwrap(), "two");
    }

    #[test]
    fn archives_lie_in_the_folder_or_in_its_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(archives(folder.path()).unwrap_err().to_string().contains("TOKENMILL_DATA"));
        std::fs::create_dir(folder.path().join("data")).unwrap();
        write_archive(&folder.path().join("data/words.tar.zst"), "one");
        assert_eq!(archives(folder.path()).unwrap().len(), 1);
    }
}
