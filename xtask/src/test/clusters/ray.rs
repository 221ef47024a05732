//! Ray with two nodes on one machine, as `ray start` makes them.

use std::path::Path;
use std::process::Command;

use super::daemons;
use crate::error::Result;
use crate::test::ports;

/// What each node has for Ray's own objects: the least that it takes, because ours do not lie there.
const OBJECT_STORE_BYTES: u32 = 80_000_000;

/// Starts the head and one more node, each with one processor, and returns the cluster's address.
///
/// # Errors
/// When one does not start.
pub fn start(folder: &Path, python: &Path) -> Result<String> {
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
    command.args(["start", "--num-cpus=1", &format!("--object-store-memory={OBJECT_STORE_BYTES}")]).args(arguments);
    command.env("RAY_USAGE_STATS_ENABLED", "0");
    // A node counts as lost after 5 seconds without a word, instead of 15.
    command.env("RAY_health_check_period_ms", "1000").env("RAY_health_check_initial_delay_ms", "1000");
    daemons::start(&mut command, folder)
}
