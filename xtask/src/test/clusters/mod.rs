//! The clusters tier: a Slurm of three nodes and a Ray of two, all on this machine, and a Python with what stands in for
//! AWS and for Kubernetes.

mod daemons;
mod ray;
mod short;
mod slurm;

use std::fs::File;
use std::path::{Path, PathBuf};

use super::python::Environment;
use super::{Ready, Variable, lock};
use crate::error::{Error, Result};
use crate::repo::Repo;

/// Ray; moto as AWS, with the `aws` program; Kubernetes' schemas.
const ENVIRONMENT: Environment = Environment {
    name: "test-clusters",
    base: "python3",
    requirements: "tests/clusters.txt",
    venv: &[],
    pip: &["--no-deps", "--no-compile"],
};

/// Folders of the clusters, in the target folder: those of the tests, and those that are left running by hand.
struct Folders {
    slurm: &'static str,
    ray: &'static str,
}

const FOR_TESTS: Folders = Folders { slurm: "test-slurm", ray: "test-ray" };
const BY_HAND: Folders = Folders { slurm: "slurm", ray: "ray" };

/// A cluster that is stopped when this is dropped.
struct Running {
    /// The short name of its folder.
    folder: PathBuf,
    _lock: File,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = stop(&self.folder) {
            eprintln!("warning: {error}");
        }
    }
}

/// Installs what is missing, and starts both clusters, which run until the tests have ended.
///
/// # Errors
/// When something is missing and cannot be installed, or a cluster does not start.
pub(super) fn prepare(repo: &Repo, target: &Path) -> Result<Ready> {
    let (variables, running) = start(repo, target, &FOR_TESTS)?;
    Ok(Ready { variables, held: Some(Box::new(running)) })
}

/// `cargo xtask clusters start|stop`: both clusters for running tests by hand.
///
/// # Errors
/// When they cannot be started or stopped.
pub fn run(repo: &Repo, arguments: &[String]) -> Result<()> {
    let target = repo.target()?;
    match arguments {
        [verb] if verb == "start" => {
            let (variables, running) = start(repo, &target, &BY_HAND)?;
            for (name, value) in variables {
                println!("export {name}='{}'", value.display());
            }
            // They outlive this process, and the locks do not.
            running.into_iter().for_each(std::mem::forget);
            Ok(())
        }
        [verb] if verb == "stop" => [BY_HAND.slurm, BY_HAND.ray].iter().try_for_each(|name| {
            let folder = target.join(name);
            let _lock = lock::take(&folder)?;
            stop(&short::name(&folder))
        }),
        _ => Err(Error::new("say `cargo xtask clusters start` or `cargo xtask clusters stop`")),
    }
}

/// Starts both, each in place of what is there.
fn start(repo: &Repo, target: &Path, folders: &Folders) -> Result<(Vec<Variable>, [Running; 2])> {
    slurm::ensure()?;
    let python = ENVIRONMENT.make(repo, target)?;
    let slurm = fresh(&target.join(folders.slurm))?;
    let ray = fresh(&target.join(folders.ray))?;
    // Each spends most of its start on waiting.
    let (started, address) = std::thread::scope(|scope| {
        let starting = scope.spawn(|| slurm::start(&slurm.folder));
        let address = ray::start(&ray.folder, &python);
        (starting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), address)
    });
    started?;
    let variables = vec![
        ("TOKENMILL_CLUSTERS", python.into_os_string()),
        ("TOKENMILL_TEST_SLURM", slurm.folder.clone().into_os_string()),
        ("TOKENMILL_TEST_RAY", ray.folder.clone().into_os_string()),
        ("TOKENMILL_TEST_RAY_ADDRESS", address?.into()),
    ];
    Ok((variables, [slurm, ray]))
}

/// Makes a cluster's folder empty, whatever runs in it, and gives it a short name.
fn fresh(folder: &Path) -> Result<Running> {
    let lock = lock::take(folder)?;
    let running = Running { folder: short::name(folder), _lock: lock };
    daemons::end(&running.folder)?;
    std::fs::remove_dir_all(folder).map_err(|error| Error::io("remove", folder, &error))?;
    std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    short::link(folder)?;
    Ok(running)
}

/// Ends every process of a cluster. Logs stay in its folder; its short name goes.
fn stop(folder: &Path) -> Result<()> {
    daemons::end(folder)?;
    short::unlink(folder)
}
