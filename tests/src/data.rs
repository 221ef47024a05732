//! Where test inputs lie: fixtures in the repository, data archives unpacked.

use std::path::PathBuf;

/// A file below `tests/fixtures`.
///
/// # Panics
/// When there is none of this name.
pub fn fixture(name: &str) -> PathBuf {
    let path = crate::root().join("tests/fixtures").join(name);
    assert!(path.exists(), "there is no fixture `{name}`; run `cargo xtask fixtures`");
    path
}

/// The folder of an unpacked data archive; only tests in the module `data` may ask for one.
///
/// # Panics
/// When the archives have not been unpacked.
pub fn archive(name: &str) -> PathBuf {
    let folder = std::env::var_os("TOKENMILL_TEST_DATA").map(|folder| PathBuf::from(folder).join(name));
    match folder {
        Some(folder) if folder.is_dir() => folder,
        _ => panic!("the archive `{name}` is not unpacked; run `cargo xtask test --data`"),
    }
}
