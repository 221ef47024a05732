//! What a plan will take, as a table.

use crate::output::{count, table};
use tokenmill_engine::plan::{PhaseEstimate, Prices, human_bytes};

/// The table, a line for all phases together, and where the figures are from.
pub fn text(phases: &[PhaseEstimate], prices: &Prices, like: Option<&str>) -> String {
    let mut rows: Vec<Vec<String>> = phases.iter().map(|phase| row(phase, prices)).collect();
    let sum = |value: fn(&PhaseEstimate) -> u64| phases.iter().map(value).sum::<u64>();
    let most = |value: fn(&PhaseEstimate) -> u64| phases.iter().map(value).max().unwrap_or(0);
    rows.push(vec![
        "all".to_owned(),
        String::new(),
        human_bytes(sum(|phase| phase.bytes_in)),
        human_bytes(sum(|phase| phase.bytes_out)),
        hours(phases.iter().map(|phase| phase.core_seconds).sum()),
        hours(phases.iter().map(|phase| phase.gpu_seconds).sum()),
        count(sum(reads)),
        count(sum(|phase| phase.requests.put)),
        human_bytes(most(|phase| phase.memory_bytes)),
        human_bytes(most(|phase| phase.scratch_bytes)),
        dollars(phases.iter().map(|phase| prices.of(phase)).sum()),
    ]);
    let head =
        ["estimate", "tasks", "read", "written", "core-hours", "GPU-hours", "GETs", "PUTs", "memory", "scratch", "USD"];
    let mut out = table(&head, &rows);
    out.push_str("memory and scratch are of one task; prices of AWS in us-east-1 unless given, and none for storage\n");
    let n_measured = phases.iter().filter(|phase| phase.is_measured).count();
    match like {
        Some(run) if n_measured > 0 => {
            out.push_str(&format!("{n_measured} of {} phases by what `{run}` took\n", phases.len()))
        }
        Some(run) => {
            out.push_str(&format!("`{run}` has finished none of these phases: by the ratios of docs/benchmarks\n"))
        }
        None => out.push_str("by the ratios of docs/benchmarks, with all documents kept; `--like RUN` knows better\n"),
    }
    out
}

fn row(phase: &PhaseEstimate, prices: &Prices) -> Vec<String> {
    vec![
        phase.name.clone(),
        phase.n_tasks.map_or_else(|| "?".to_owned(), count),
        human_bytes(phase.bytes_in),
        human_bytes(phase.bytes_out),
        hours(phase.core_seconds),
        if phase.needs_gpu { hours(phase.gpu_seconds) } else { "-".to_owned() },
        count(reads(phase)),
        count(phase.requests.put),
        human_bytes(phase.memory_bytes),
        human_bytes(phase.scratch_bytes),
        dollars(prices.of(phase)),
    ]
}

fn reads(phase: &PhaseEstimate) -> u64 {
    phase.requests.head + phase.requests.get
}

/// Hours with three digits or so.
fn hours(seconds: f64) -> String {
    digits(seconds / 3_600.0)
}

fn dollars(amount: f64) -> String {
    digits(amount)
}

fn digits(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        n if n < 0.001 => "<0.001".to_owned(),
        n if n < 1.0 => format!("{n:.3}"),
        n if n < 100.0 => format!("{n:.1}"),
        n => count(n.round() as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn numbers_have_few_digits() {
        for (number, text) in [(0.0, "0"), (0.0001, "<0.001"), (0.0421, "0.042"), (3.21, "3.2"), (12_345.6, "12 346")] {
            assert_eq!(digits(number), text);
        }
    }
}
