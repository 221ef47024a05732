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
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "tokenmill"]).current_dir(crate::root());
        let build = forget_package(&mut build).status().expect("cargo starts");
        assert!(build.success(), "the program does not build");
        target().join("debug").join(format!("tokenmill{}", std::env::consts::EXE_SUFFIX))
    })
}

/// Takes out of a command's environment what cargo says about this package: build scripts such as ring's look at it,
/// and everything above them would be built anew.
pub(crate) fn forget_package(command: &mut Command) -> &mut Command {
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    for (name, _) in std::env::vars_os() {
        let known = name.to_string_lossy();
        if known == "OUT_DIR" || prefixes.iter().any(|prefix| known.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// The folder that cargo builds into: this very test is `target/debug/deps/NAME`.
///
/// # Panics
/// When the test lies elsewhere.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    test.ancestors().nth(3).expect("a test lies in `target/debug/deps`").to_path_buf()
}
