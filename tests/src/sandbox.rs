//! A folder of its own for each test: a recipe, the inputs it may change, and the runs it makes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Ran, binary, tokenmill_in};
use crate::tree::digests;

/// The recipe most tests run: two map phases and shards, on the mini crawl, with nothing fetched.
const MINI: &str = "mini.toml";

/// All recipes below `tests/recipes`: what holds for one run must hold for those with exchanges, pipes or models, too.
pub const RECIPES: [&str; 4] = [MINI, "dedup.toml", "own_rules.toml", "scores.toml"];

/// A folder with a recipe; it is removed with everything in it when the test ends.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// A sandbox with the mini recipe.
    ///
    /// # Panics
    /// When the file system fails.
    pub fn new() -> Self {
        Self::of(MINI)
    }

    /// A sandbox with one of [`RECIPES`], whose relative paths lead to the fixtures of the repository.
    ///
    /// # Panics
    /// When the file system fails.
    pub fn of(recipe: &str) -> Self {
        Self::with(&crate::root().join("tests/recipes").join(recipe))
    }

    /// A sandbox with any recipe, whose relative paths may lead to the fixtures of the repository.
    ///
    /// # Panics
    /// When the file system fails.
    pub fn with(recipe: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let fixtures = crate::root().join("tests/fixtures");
        std::fs::copy(recipe, folder.path().join("recipe.toml")).expect("a recipe");
        #[cfg(unix)]
        std::os::unix::fs::symlink(fixtures, folder.path().join("fixtures")).expect("a link to the fixtures");
        Self { folder }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program here.
    pub fn tokenmill(&self, arguments: &[&str]) -> Ran {
        tokenmill_in(self.path(), arguments)
    }

    /// The program as a command to be run here, for tests that set variables or kill it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.path());
        command
    }

    /// Runs the recipe to its end, with further arguments.
    ///
    /// # Panics
    /// With all output when it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.tokenmill(&[&["run", "recipe.toml"], arguments].concat()).ok()
    }

    /// Replaces text in the recipe.
    ///
    /// # Panics
    /// When the recipe does not hold it exactly once.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path().join("recipe.toml");
        let text = std::fs::read_to_string(&path).expect("the recipe");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in the recipe");
        std::fs::write(&path, text.replace(from, to)).expect("the recipe");
    }

    /// Takes inputs of its own into the sandbox: copies of these files of the mini crawl.
    ///
    /// # Panics
    /// When one does not exist.
    pub fn copy_inputs(&self, names: &[&str]) {
        let crawl = self.path().join("crawl");
        std::fs::create_dir_all(&crawl).expect("a folder for inputs");
        for name in names {
            let from = crate::fixture(&format!("mini-crawl/{name}"));
            std::fs::copy(&from, crawl.join(name)).expect("an input");
        }
    }

    /// The run directory.
    pub fn run_folder(&self) -> PathBuf {
        self.path().join("runs/mini")
    }

    /// Everything that the run has made for good, as path and digest.
    pub fn made(&self) -> BTreeMap<String, String> {
        let mut made = digests(&self.run_folder());
        made.retain(|path, _| !path.split('/').any(|part| part.starts_with('.')));
        made
    }
}
