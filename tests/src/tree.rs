//! Folders: the root of the repository, and what a folder holds, as digests that two runs can be compared by.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The root of the repository.
///
/// # Panics
/// Never: this package lies one level below it.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is below the root").to_path_buf()
}

/// Every file below a folder: path from there, and SHA-256 in hexadecimal.
///
/// # Panics
/// When the folder cannot be read.
pub fn digests(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder that can be listed") {
            let path = entry.expect("an entry that can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file that can be read");
            let name = path.strip_prefix(folder).expect("a path below the folder").to_string_lossy().into_owned();
            found.insert(name, Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }
    found
}
