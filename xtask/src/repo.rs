//! The repository as the house tools see it: its root, its files, and running commands in it.

use std::borrow::BorrowMut;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// Folders that hold no sources, whatever their depth.
const SKIPPED: [&str; 5] = [".git", "target", "runs", "node_modules", "__pycache__"];

/// In a worktree, git's folder is a file that says where it really is.
const GIT_LINK: &str = ".git";

/// A copy of the repository.
pub struct Repo {
    root: PathBuf,
}

impl Repo {
    /// The repository that this tool was started in: the nearest folder upwards whose `Cargo.toml` has a workspace.
    ///
    /// # Errors
    /// When there is none.
    pub fn find() -> Result<Self> {
        let start = std::env::current_dir()
            .map_err(|error| Error::new(format!("cannot tell the current directory: {error}")))?;
        let is_root = |folder: &&Path| {
            std::fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace]"))
        };
        let root = start.ancestors().find(is_root).ok_or_else(|| {
            Error::new(format!("no workspace at or above `{}`; run this inside the repository", start.display()))
        })?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// A repository at a known place.
    #[cfg(test)]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that cargo builds into.
    ///
    /// # Errors
    /// When cargo does not say.
    pub fn target(&self) -> Result<PathBuf> {
        let json = output(self.cargo(&["metadata", "--format-version", "1", "--no-deps"]))?;
        let metadata: serde_json::Value = serde_json::from_str(&json)
            .map_err(|error| Error::new(format!("cannot read cargo's metadata: {error}")))?;
        let folder = metadata["target_directory"].as_str();
        folder.map(PathBuf::from).ok_or_else(|| Error::new("cargo's metadata names no target directory"))
    }

    /// A file's bytes; the path is relative to the root.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_bytes(&self, path: &str) -> Result<Vec<u8>> {
        let path = self.root.join(path);
        std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))
    }

    /// A file's text; the path is relative to the root.
    ///
    /// # Errors
    /// When it cannot be read or is not UTF-8.
    pub fn read(&self, path: &str) -> Result<String> {
        String::from_utf8(self.read_bytes(path)?).map_err(|_| Error::new(format!("`{path}` is not valid UTF-8")))
    }

    /// Writes a file and the folders it needs; the path is relative to the root.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
        }
        std::fs::write(&path, bytes).map_err(|error| Error::io("write", &path, &error))
    }

    /// All files that belong to the sources, as sorted paths relative to the root with `/` between the parts.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let failed = |error: std::io::Error| Error::io("list", &folder, &error);
            for entry in std::fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                    folders.push(entry.path());
                } else if kind.is_file() && !name.ends_with(".tmp") && name != GIT_LINK {
                    files.push(self.relative(&entry.path()));
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// A cargo command that runs at the root.
    ///
    /// What the cargo that started this tool says about the tool is taken out of the environment: build scripts such as
    /// ring's look at it, and everything above them would be built anew whenever cargo is called by hand again.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.root);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_a_package(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command
    }

    fn relative(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    }
}

/// Whether cargo sets this variable for the program of one package.
fn is_about_a_package(name: &str) -> bool {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    name == "OUT_DIR" || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Runs a command with its output on the terminal.
///
/// # Errors
/// When it cannot be started or does not end with status zero.
pub fn run(mut command: impl BorrowMut<Command>) -> Result<()> {
    let command = command.borrow_mut();
    let shown = show(command);
    let status = command.status().map_err(|error| Error::new(format!("cannot start `{shown}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("`{shown}` ended with {status}"))) }
}

/// Runs a command and returns what it printed; what it says on standard error goes to the terminal.
///
/// # Errors
/// When it cannot be started, does not end with status zero, or prints something that is not UTF-8.
pub fn output(mut command: impl BorrowMut<Command>) -> Result<String> {
    let command = command.borrow_mut();
    let shown = show(command);
    command.stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|error| Error::new(format!("cannot start `{shown}`: {error}")))?;
    if !output.status.success() {
        return Err(Error::new(format!("`{shown}` ended with {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::new(format!("`{shown}` printed something that is not UTF-8")))
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_and_build_output_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::at(folder.path());
        for path in ["b/two.rs", "a.rs", "target/x.rs", "b/target/y.rs", "z.tmp", ".git"] {
            repo.write(path, b"").unwrap();
        }
        assert_eq!(repo.files().unwrap(), ["a.rs", "b/two.rs"]);
    }

    #[test]
    fn a_cargo_of_ours_knows_nothing_of_this_package() {
        // Tests are started by cargo, so the variables are really there.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let folder = tempfile::tempdir().unwrap();
        let command = Repo::at(folder.path()).cargo(&["--version"]);
        assert!(command.get_envs().any(|(name, value)| name == "CARGO_MANIFEST_DIR" && value.is_none()));
        assert!(!is_about_a_package("CARGO_TARGET_DIR") && !is_about_a_package("CARGO_HOME"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Repo::at(folder.path()).read("nope.md").unwrap_err();
        assert!(error.to_string().contains("nope.md"));
    }

    #[test]
    fn a_failing_command_is_an_error() {
        assert!(run(&mut Command::new("false")).is_err());
        assert_eq!(output(Command::new("echo").arg("hello")).unwrap(), "hello\n");
    }
}
