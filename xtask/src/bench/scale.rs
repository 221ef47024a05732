//! `cargo xtask bench scale`: what runs of growing size ask of the planner and of the store, simulated.

use super::report::machine;
use crate::error::Result;
use crate::repo::{self, Repo};
use serde_json::Value;
use std::fmt::Write;
use std::process::Command;

/// Tasks of every phase.
const SIZES: [usize; 4] = [12_500, 25_000, 50_000, 100_000];

/// Phases, and tasks that run at a time.
const RUN: [&str; 2] = ["12", "5000"];

/// Dollars for a read and a write: Amazon S3 Standard, us-east-1, list prices.
const USD: (f64, f64) = (0.4e-6, 5e-6);

/// Dollars for a core and an hour: about what large machines cost on demand.
const CORE_HOUR_USD: f64 = 0.04;

/// Simulates and writes `docs/benchmarks/scale.md`.
///
/// # Errors
/// When the simulation fails.
pub fn run(repo: &Repo) -> Result<()> {
    // Time is the simulated world's and memory does not depend on the profile, so the build of the tests will do.
    repo::run(repo.cargo(&["build", "--workspace", "--example", "cluster_scale"]))?;
    let example = repo.target()?.join("debug").join("examples").join("cluster_scale");
    let mut runs = Vec::new();
    for n_tasks in SIZES {
        println!("simulating 12 phases of {n_tasks} tasks …");
        let json = repo::output(Command::new(&example).arg(n_tasks.to_string()).args(RUN))?;
        runs.push(super::read_json(&json)?);
    }
    let page = page(&runs);
    println!("{page}");
    repo.write("docs/benchmarks/scale.md", page.as_bytes())?;
    println!("wrote docs/benchmarks/scale.md");
    Ok(())
}

fn number(run: &Value, path: &str) -> f64 {
    run.pointer(path).and_then(Value::as_f64).unwrap_or(0.0)
}

/// How a number grows from the first run to the last: 1 is as fast as the number of tasks, 2 is quadratic.
fn exponent(runs: &[Value], count: impl Fn(&Value) -> f64) -> f64 {
    match (runs.first(), runs.last()) {
        (Some(first), Some(last)) => {
            (count(last) / count(first)).ln() / (number(last, "/n_tasks") / number(first, "/n_tasks")).ln()
        }
        _ => f64::NAN,
    }
}

fn page(runs: &[Value]) -> String {
    let mut out = format!(
        "<!-- written by `cargo xtask bench scale` -->\n# Runs of a hundred thousand tasks\n\n{}\n\nA simulated cluster \
         (`tokenmill_engine::simulate`): the real planner, task lists, commits and manifests, on a store that takes the time \
         of Amazon S3 (100 to 200 ms to the first byte, 85 MB/s a request, 5,500 reads and 3,500 writes a second, else `503`), \
         with 5,000 workers, tasks of 300 to 1,200 s that read and write 200 MB, and 2 % of attempts that fail. Time of the \
         planner and of the run is time of that world; memory is what the real code needed.\n\n\
         | | ",
        machine()
    );
    // Writing to a String cannot fail, here and below.
    for run in runs {
        let _ = write!(out, "{} tasks | ", number(run, "/n_tasks"));
    }
    let _ = writeln!(out, "grows as tasks to the |\n|---|{}---|", "---|".repeat(runs.len()));
    let mut row = |name: &str, unit: f64, digits: usize, count: &dyn Fn(&Value) -> f64| {
        let _ = write!(out, "| {name} | ");
        for run in runs {
            let _ = write!(out, "{:.digits$} | ", count(run) / unit);
        }
        let _ = writeln!(out, "{:.2} |", exponent(runs, count));
    };
    row("planner: memory, MB", 1e6, 0, &|run| number(run, "/planner_peak_bytes"));
    row("planner: minutes, all phases", 60.0, 1, &|run| number(run, "/planner_seconds"));
    row("planner: thousand requests", 1e3, 0, &|run| requests(run, "planner"));
    row("planner: GB read", 1e9, 2, &|run| number(run, "/planner/bytes_read"));
    row("tasks: requests to take part, thousand", 1e3, 0, &|run| requests(run, "tasks"));
    row("tasks: GB read to take part", 1e9, 2, &|run| number(run, "/tasks/bytes_read"));
    row("tasks: requests of their own work, million", 1e6, 1, &|run| requests(run, "work"));
    row("answers `503`, thousand", 1e3, 0, &|run| number(run, "/n_slow_downs"));
    row("attempts, thousand", 1e3, 0, &|run| number(run, "/n_attempts"));
    row("hours", 3_600.0, 1, &|run| number(run, "/seconds"));
    row("core-hours, thousand", 3.6e6, 1, &|run| number(run, "/worker_seconds"));
    row("requests to plan and take part, $", 1.0, 2, &|run| usd(run, "planner") + usd(run, "tasks"));
    row("requests of the work, $", 1.0, 2, &|run| usd(run, "work"));
    row("core-hours, $", 1.0, 0, &|run| number(run, "/worker_seconds") / 3_600.0 * CORE_HOUR_USD);
    let _ = writeln!(
        out,
        "\nPrices: {CORE_HOUR_USD} $ a core-hour, and list prices of S3 Standard in us-east-1: {:.4} $ for a thousand reads, {:.4} $ \
         for a thousand writes.",
        USD.0 * 1e3,
        USD.1 * 1e3
    );
    out
}

fn requests(run: &Value, who: &str) -> f64 {
    ["head", "get", "put"].iter().map(|kind| number(run, &format!("/{who}/{kind}"))).sum()
}

fn usd(run: &Value, who: &str) -> f64 {
    let count = |kind: &str| number(run, &format!("/{who}/{kind}"));
    (count("head") + count("get")) * USD.0 + count("put") * USD.1
}
