//! Simulates a run of N tasks in P phases on W workers, and prints as JSON what it asks of planner and store.
//!
//! `cluster_scale N P W`; `cargo xtask bench scale` makes a page of it.
#![expect(clippy::print_stdout, reason = "its result goes to whoever called it")]
#![expect(clippy::disallowed_methods, reason = "it looks at its own memory and its own time, of which no run knows")]

use serde_json::json;
use std::error::Error;
use std::time::Instant;
use tokenmill_engine::run::RunError;
use tokenmill_engine::simulate::{Model, simulate};

/// Bytes of memory in use, and the most since [`forget_peak`].
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap_or(0) * 1024
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn forget_peak() {
    // Writing 5 resets the peak of the resident set (proc(5)). Where that is not allowed, the peak is that of the process.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<Vec<usize>, _>>()?;
    let [n_tasks, n_phases, n_workers] = arguments[..] else { return Err("say `cluster_scale N P W`".into()) };
    let model = Model { n_tasks, n_phases, n_workers, ..Model::default() };
    let (mut peak, mut seconds) = (0, 0.0);
    let mut around = |work: &mut dyn FnMut() -> Result<(), RunError>| {
        forget_peak();
        let (before, started) = (memory().0, Instant::now());
        let done = work();
        seconds += started.elapsed().as_secs_f64();
        peak = memory().1.saturating_sub(before).max(peak);
        done
    };
    let report = simulate(&model, &mut around)?;
    let result = json!({
        "n_tasks": n_tasks,
        "n_phases": n_phases,
        "n_workers": n_workers,
        "planner_peak_bytes": peak,
        "planner_real_seconds": seconds,
        "planner_seconds": report.planner_seconds,
        "planner": report.planner,
        "tasks": report.tasks,
        "work": report.work,
        "n_slow_downs": report.n_slow_downs,
        "n_attempts": report.n_attempts,
        "seconds": report.seconds,
        "worker_seconds": report.worker_seconds,
    });
    println!("{result}");
    Ok(())
}
