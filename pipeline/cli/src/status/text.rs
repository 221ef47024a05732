//! How far a run is, for people.

use crate::output::{count, plain, shortened, table};
use tokenmill_engine::plan::human_bytes;
use tokenmill_engine::run::{FailedTask, PhaseStatus, Rate};

/// Failures that are shown for a phase.
const SHOWN: usize = 10;

/// Characters of an error that are shown.
const ERROR: usize = 300;

/// The word for where a phase is.
pub fn state(phase: &PhaseStatus) -> &'static str {
    if phase.is_finished {
        "finished"
    } else if phase.n_tasks.is_none() {
        "waits"
    } else {
        "open"
    }
}

/// One line for a phase, then what failed and what is waited for.
pub fn table_of(phases: &[PhaseStatus]) -> String {
    let row = |phase: &PhaseStatus| {
        let n_tasks = phase.n_tasks.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let dash = || "-".to_owned();
        let failed = if phase.failed.is_empty() { dash() } else { phase.failed.len().to_string() };
        let rate = |show: fn(&Rate) -> String| phase.rate.as_ref().map_or_else(dash, show);
        vec![
            phase.folder.clone(),
            phase.n_done.to_string(),
            n_tasks,
            failed,
            state(phase).to_owned(),
            rate(tasks_per_second),
            rate(|rate| format!("{}/s", human_bytes(rate.bytes_per_second as u64))),
            rate(|rate| duration(rate.seconds_left)),
        ]
    };
    let rows: Vec<Vec<String>> = phases.iter().map(row).collect();
    let mut out = table(&["phase", "done", "tasks", "failed", "state", "tasks/s", "bytes", "left"], &rows);
    for phase in phases {
        for line in failures(phase).take(SHOWN) {
            out.push_str(&format!("{line}\n"));
        }
        if phase.failed.len() > SHOWN {
            out.push_str(&format!(
                "{} more tasks of {} failed\n",
                count((phase.failed.len() - SHOWN) as u64),
                phase.folder
            ));
        }
    }
    for phase in phases.iter().filter(|phase| !phase.waiting.is_empty()) {
        out.push_str(&format!("{} still has to read: {}\n", phase.folder, plain(&phase.waiting.join(", "))));
    }
    out
}

/// A phase in one line.
pub fn line(phase: &PhaseStatus) -> String {
    let Some(n_tasks) = phase.n_tasks else { return format!("{}: waits", phase.folder) };
    let state = if phase.is_finished { ", finished" } else { "" };
    let failed = match phase.failed.len() {
        0 => String::new(),
        n => format!(", {} failed", count(n as u64)),
    };
    format!("{}: {} of {} tasks{failed}{state}", phase.folder, count(phase.n_done as u64), count(n_tasks as u64))
}

/// The line with the rate behind it.
pub fn with_rate(line: &str, phase: &PhaseStatus) -> String {
    match &phase.rate {
        Some(rate) => {
            let bytes = human_bytes(rate.bytes_per_second as u64);
            format!("{line}, {} tasks/s, {bytes}/s, {} left", tasks_per_second(rate), duration(rate.seconds_left))
        }
        None => line.to_owned(),
    }
}

/// The failures of a phase: which task, where, how often, and why.
pub fn failures(phase: &PhaseStatus) -> impl Iterator<Item = String> + '_ {
    phase.failed.iter().map(|FailedTask { index, attempt }| {
        let again = if attempt.transient { "may be tried again" } else { "would fail again" };
        let (label, host) = (shortened(&attempt.label, ERROR), plain(&attempt.host));
        let error = shortened(attempt.error.as_deref().unwrap_or_default(), ERROR);
        format!(
            "{} task {index} `{label}` failed on {host}, attempt {}, {again}: {error}",
            phase.folder, attempt.n_attempts
        )
    })
}

fn tasks_per_second(rate: &Rate) -> String {
    format!("{:.*}", if rate.tasks_per_second < 10.0 { 2 } else { 0 }, rate.tasks_per_second)
}

/// A time for people, in its two largest units.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round().min(1e15) as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_have_two_units() {
        for (seconds, text) in
            [(0.2, "0 s"), (59.6, "1 min 0 s"), (3_599.0, "59 min 59 s"), (7_260.0, "2 h 1 min"), (1e6, "11 d 13 h")]
        {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(duration(f64::NAN), "0 s");
    }
}
