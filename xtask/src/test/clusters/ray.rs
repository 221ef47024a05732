//! Ray with two nodes on one machine, as `ray start` makes them.

use std::path::Path;
use std::process::Command;

use super::daemons;
use crate::error::Result;
use crate::test::ports;

/// What each node has for Ray's own objects: the least that it takes, because ours do not lie there.
const OBJECT_STORE_BYTES: u32 = 80_000_000;

/// What each node offers to tasks, whatever else takes memory when it is started. Tasks do not use what they ask for.
const MEMORY_BYTES: u64 = 16_000_000_000;

/// Starts. Ray gives its daemons half a minute, which may be too short while cargo has all processors at work.
const N_STARTS: usize = 4;

/// Starts the head and one more node, each with one processor, and returns the cluster's address.
///
/// # Errors
/// When one does not start.
pub fn start(folder: &Path, python: &Path) -> Result<String> {
    let mut n_starts = 1;
    loop {
        match nodes(folder, python) {
            Err(error) if n_starts < N_STARTS => eprintln!("Ray is started once more: {error}"),
            outcome => return outcome,
        }
        daemons::end(folder)?;
        n_starts += 1;
    }
}

fn nodes(folder: &Path, python: &Path) -> Result<String> {
    let [port] = ports::free()?;
    let address = format!("127.0.0.1:{port}");
    let head = [format!("--port={port}"), format!("--temp-dir={}", folder.display())];
    let head = head.iter().map(String::as_str).chain(["--head", "--include-dashboard=false"]);
    node(folder, python, &head.collect::<Vec<_>>())?;
    node(folder, python, &[&format!("--address={address}")])?;
    Ok(address)
}

fn node(folder: &Path, python: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(python.with_file_name("ray"));
    command.args(["start", "--num-cpus=1", &format!("--memory={MEMORY_BYTES}")]);
    command.arg(format!("--object-store-memory={OBJECT_STORE_BYTES}")).args(arguments);
    command.env("RAY_USAGE_STATS_ENABLED", "0");
    // A node counts as lost after 5 seconds without a word, instead of 15.
    command.env("RAY_health_check_period_ms", "1000").env("RAY_health_check_initial_delay_ms", "1000");
    daemons::start(&mut command, folder)
}
