//! A Ceph gateway for tests: a real S3 server on the loopback of this machine, with its objects in memory.

mod cluster;
mod config;
mod daemons;
mod install;

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{Ready, Variable, lock};
use crate::error::{Error, Result};
use crate::repo::Repo;

/// The folder of the tests' gateway in the target folder.
const FOR_TESTS: &str = "test-ceph";

/// The folder of the gateway that `cargo xtask ceph start` leaves running; a test run does not touch it.
const BY_HAND: &str = "ceph";

/// The folder of the gateway that benchmarks start.
const FOR_BENCH: &str = "bench-ceph";

/// A gateway that is stopped when this is dropped.
struct Running {
    folder: PathBuf,
    // Two test runs with one target folder must not stop each other's gateway.
    _lock: File,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = daemons::stop(&self.folder) {
            eprintln!("warning: {error}");
        }
    }
}

/// Installs Ceph when that is possible and needed, and starts a gateway that runs until the tests have ended.
///
/// # Errors
/// When Ceph is not there and cannot be installed, or does not start.
pub(super) fn prepare(_: &Repo, target: &Path) -> Result<Ready> {
    install::ensure()?;
    let folder = target.join(FOR_TESTS);
    let running = Running { _lock: lock::take(&folder)?, folder: folder.clone() };
    let endpoint = cluster::start(&folder)?;
    Ok(Ready { variables: variables(&folder, &endpoint).into(), held: Some(Box::new(running)) })
}

/// A gateway for measuring, stopped when it is dropped.
pub struct ForBench {
    /// What programs look for.
    pub variables: Vec<Variable>,
    _running: Running,
}

/// Starts a gateway of its own for a benchmark.
///
/// # Errors
/// As [`prepare`].
pub fn for_bench(target: &Path) -> Result<ForBench> {
    install::ensure()?;
    let folder = target.join(FOR_BENCH);
    let running = Running { _lock: lock::take(&folder)?, folder: folder.clone() };
    let endpoint = cluster::start(&folder)?;
    Ok(ForBench { variables: variables(&folder, &endpoint).into(), _running: running })
}

/// `cargo xtask ceph start|stop`: a gateway for running tests by hand.
///
/// # Errors
/// When it cannot be started or stopped.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    let folder = repo.target()?.join(BY_HAND);
    match arguments {
        [verb] if verb == "start" => {
            install::ensure()?;
            let _lock = lock::take(&folder)?;
            let endpoint = cluster::start(&folder)?;
            for (name, value) in variables(&folder, &endpoint) {
                println!("export {name}='{}'", value.display());
            }
            Ok(())
        }
        [verb] if verb == "stop" => {
            let _lock = lock::take(&folder)?;
            daemons::stop(&folder)
        }
        _ => Err(Error::new("say `cargo xtask ceph start` or `cargo xtask ceph stop`")),
    }
}

/// What tests look for.
fn variables(folder: &Path, endpoint: &str) -> [Variable; 2] {
    [("TOKENMILL_TEST_S3", endpoint.into()), ("TOKENMILL_TEST_CEPH", folder.into())]
}
