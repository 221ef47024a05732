//! The Pythons that tests use, and what programs in them say.

use std::process::Command;

/// The Python of the services tier, which has the packages of `tests/requirements.txt`.
///
/// # Panics
/// When the tier has not been prepared.
pub fn python() -> Command {
    named("TOKENMILL_PYTHON")
}

/// The Python of the readers tier, which has torch and the packages of `tests/readers.txt`.
///
/// # Panics
/// When the tier has not been prepared.
pub fn readers() -> Command {
    let mut python = named("TOKENMILL_READERS");
    // Old packages have warnings about new ones.
    python.args(["-W", "ignore"]);
    python
}

/// The Python of the clusters tier, which has the packages of `tests/clusters.txt`.
///
/// # Panics
/// When the tier has not been prepared.
pub fn clusters() -> Command {
    named("TOKENMILL_CLUSTERS")
}

/// A Python set to work in the folder of our package.
pub fn package(mut python: Command) -> Command {
    python.current_dir(crate::root().join("mix/python"));
    python
}

/// Runs tests of our package, which must pass; returns the report of `unittest`.
///
/// # Panics
/// With the report when one fails.
pub fn unittest(python: Command, arguments: &[&str]) -> String {
    let mut python = python;
    python.current_dir(crate::root().join("mix/python/tests"));
    said(python.args(["-m", "unittest"]).args(arguments)).1
}

/// What a program prints on both of its ways out, standard output first, when it has gone well.
///
/// # Panics
/// With all of it when it has not.
pub fn said(command: &mut Command) -> (String, String) {
    let output = command.output().expect("the program starts");
    let [out, err] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert!(output.status.success(), "{command:?}\nstdout:\n{out}\nstderr:\n{err}");
    (out, err)
}

pub(crate) fn named(variable: &str) -> Command {
    match std::env::var_os(variable) {
        Some(program) => Command::new(program),
        None => panic!("there is no Python for tests; run `cargo xtask test --services`"),
    }
}
