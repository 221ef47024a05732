//! What a program costs: time and the peak of its memory, by `measured.py`.

use crate::error::Result;
use crate::repo::{self, Repo};
use serde_json::Value;
use std::process::Command;

/// What one call of a program cost, with all processes that it waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Seconds of all cores, user and system.
    pub cpu_seconds: f64,
    /// Seconds of the clock.
    pub wall_seconds: f64,
    /// Peak of resident memory in bytes, of the largest process.
    pub peak_bytes: f64,
}

impl Cost {
    fn parse(json: &str) -> Result<Cost> {
        let value = super::read_json(json)?;
        let number = |key: &str| value.get(key).and_then(Value::as_f64).unwrap_or(f64::NAN);
        let (cpu_seconds, wall_seconds) = (number("cpu_seconds"), number("wall_seconds"));
        Ok(Cost { cpu_seconds, wall_seconds, peak_bytes: number("max_rss_bytes") })
    }
}

/// Runs a command to its end; what it prints goes to the terminal.
///
/// # Errors
/// When it cannot be started or does not end with status zero.
pub fn measure(repo: &Repo, command: &Command) -> Result<Cost> {
    let mut measured = Command::new("python3");
    measured.arg(repo.root().join("xtask/src/bench/measured.py")).arg(command.get_program()).args(command.get_args());
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    measured.envs(set).current_dir(repo.root());
    Cost::parse(&repo::output(&mut measured)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_read() {
        let cost = Cost::parse(r#"{"cpu_seconds": 1.5, "wall_seconds": 2.0, "max_rss_bytes": 1024}"#).unwrap();
        assert_eq!(cost, Cost { cpu_seconds: 1.5, wall_seconds: 2.0, peak_bytes: 1024.0 });
        assert!(Cost::parse("").is_err());
    }
}
