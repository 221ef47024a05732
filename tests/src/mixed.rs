//! A folder with the quickstart's crawl, run and mixed: what readers of shards are tested on.

use std::path::{Path, PathBuf};

use crate::program::tokenmill_in;

/// The quickstart and its mix, run to shards. The folder is removed when the test ends.
pub struct Mixed {
    folder: tempfile::TempDir,
}

impl Default for Mixed {
    fn default() -> Self {
        Self::new()
    }
}

impl Mixed {
    /// Runs both.
    ///
    /// # Panics
    /// With all output when one fails.
    pub fn new() -> Self {
        let mixed = Self { folder: tempfile::tempdir().expect("a folder for the test") };
        #[cfg(unix)]
        for name in ["configs", "tests"] {
            let link = mixed.folder.path().join(name);
            std::os::unix::fs::symlink(crate::root().join(name), link).expect("a link to the repository");
        }
        mixed.tokenmill(&["run", "configs/quickstart.toml"]);
        mixed.tokenmill(&["mix", "run", "configs/mixes/quickstart.toml"]);
        mixed
    }

    /// Runs the program here, which must go well.
    ///
    /// # Panics
    /// With all output when it does not.
    pub fn tokenmill(&self, arguments: &[&str]) -> String {
        tokenmill_in(self.folder.path(), arguments).ok()
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The run directory of the mix.
    pub fn run_folder(&self) -> PathBuf {
        self.path().join("runs/mixes/quickstart")
    }

    /// Exports the mix in a form; returns the folder.
    ///
    /// # Panics
    /// With all output when that fails.
    pub fn export(&self, form: &str) -> PathBuf {
        self.tokenmill(&["mix", "export", "runs/mixes/quickstart", form, "--form", form]);
        self.path().join(form)
    }
}
