//! Running the program as a user does, and looking at all that it says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What a run of the program left behind.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output of a run that went well.
    ///
    /// # Panics
    /// With all output when the exit code is not 0.
    pub fn ok(self) -> String {
        self.code(0).stdout
    }

    /// The same run when it ended with this exit code.
    ///
    /// # Panics
    /// With all output when it did not.
    pub fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// Runs the program at the root of the repository.
///
/// # Panics
/// When it cannot be started.
pub fn tokenmill(arguments: &[&str]) -> Ran {
    tokenmill_in(&crate::root(), arguments)
}

/// Runs the program in a folder.
///
/// # Panics
/// When it cannot be started.
pub fn tokenmill_in(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(binary()).args(arguments).current_dir(folder).output().expect("the program starts");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The program's file: the one that `cargo xtask test` has built, else it is built now.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("TOKENMILL_BIN") {
            return PathBuf::from(path);
        }
        // Cargo's own lock makes tests wait that ask for this at the same time.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let build = Command::new(cargo)
            .args(["build", "--quiet", "--package", "tokenmill"])
            .current_dir(crate::root())
            .status()
            .expect("cargo starts");
        assert!(build.success(), "the program does not build");
        target().join("debug").join(format!("tokenmill{}", std::env::consts::EXE_SUFFIX))
    })
}

/// The folder that cargo builds into: this very test is `target/debug/deps/NAME`.
///
/// # Panics
/// When the test lies elsewhere.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    test.ancestors().nth(3).expect("a test lies in `target/debug/deps`").to_path_buf()
}
