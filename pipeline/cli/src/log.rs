//! What the program says on standard error while it works: text for people, or one JSON object a line for machines.

use serde_json::{Map, Value, json};
use std::io::Write;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Instant, SystemTime};
use tokenmill_engine::run::{Attempt, Watch};
use tokenmill_store::{StoreError, Task, retry};

/// How it is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines and bars.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// The flag of every verb.
#[derive(clap::Args)]
pub struct LogArgs {
    /// How `run`, `task`, `submit` and `mix run` say on standard error what happens: as text, or as one JSON object a line
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        env = "TOKENMILL_LOG",
        default_value = "text",
        hide_short_help = true
    )]
    log: Format,
}

static FORMAT: OnceLock<Format> = OnceLock::new();

impl LogArgs {
    /// The same as a variable, for processes that are started elsewhere.
    pub fn variable(&self) -> Option<(String, String)> {
        (self.log == Format::Json).then(|| ("TOKENMILL_LOG".to_owned(), "json".to_owned()))
    }

    /// Holds from now on.
    pub fn choose(&self) {
        let _ = FORMAT.set(self.log);
        if is_json() {
            retry::observe(|error: &StoreError, pause| {
                event("warn", "store_retry", json!({"error": error.to_string(), "wait_seconds": pause.as_secs_f64()}));
            });
        }
    }
}

/// Whether machines are to read it.
pub fn is_json() -> bool {
    FORMAT.get() == Some(&Format::Json)
}

/// Something that people like to know.
pub fn note(text: &str) {
    match is_json() {
        true => event("info", "note", json!({"message": text})),
        false => eprintln!("{text}"),
    }
}

/// An error that ends the program.
pub fn failure(message: &str, hint: Option<&str>, exit_code: u8) {
    if is_json() {
        event("error", "failed", json!({"message": message, "hint": hint, "exit_code": exit_code}));
        return;
    }
    eprintln!("error: {message}");
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
}

/// Writes one line of JSON: when, how bad, what, and the fields.
pub fn event(level: &str, event: &str, fields: Value) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let mut line = Map::new();
    line.insert("time".into(), rfc3339(u64::try_from(now).unwrap_or(0)).into());
    line.insert("level".into(), level.into());
    line.insert("event".into(), event.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    // In one piece, so that lines of several threads and processes do not mix. Nobody can be told that this failed.
    let _ = std::io::stderr().lock().write_all(format!("{}\n", Value::Object(line)).as_bytes());
}

/// A moment in UTC, from milliseconds since the beginning of 1970. Days become dates as in Howard Hinnant's
/// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
pub fn rfc3339(milliseconds: u64) -> String {
    let (seconds, milliseconds) = (milliseconds / 1_000, milliseconds % 1_000);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Counted from the first of March of the year 0, so that leap days are at the ends of years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// Says in JSON how a run goes.
#[derive(Default)]
pub struct RunLog {
    /// The phase under way, and when it began.
    phase: Mutex<Option<(String, Instant)>>,
}

impl RunLog {
    fn phase(&self) -> std::sync::MutexGuard<'_, Option<(String, Instant)>> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for RunLog {
    fn phase(&self, folder: &str, n_tasks: usize, pending: &[&Task], _: &Arc<AtomicU64>) {
        *self.phase() = Some((folder.to_owned(), Instant::now()));
        let bytes: u64 = pending.iter().map(|task| task.bytes).sum();
        let fields = json!({"phase": folder, "n_tasks": n_tasks, "n_to_do": pending.len(), "bytes": bytes});
        event("info", "phase_started", fields);
    }

    fn note(&self, text: &str) {
        note(text);
    }

    fn started(&self, folder: &str, task: &Task) {
        let fields = json!({"phase": folder, "task": task.key, "label": task.label, "bytes": task.bytes});
        event("info", "task_started", fields);
    }

    fn attempted(&self, folder: &str, task: &Task, attempt: &Attempt) {
        let mut fields = json!({
            "phase": folder,
            "task": task.key,
            "label": task.label,
            "wall_seconds": attempt.wall_seconds,
            "cpu_seconds": attempt.cpu_seconds,
            "peak_bytes": attempt.peak_bytes,
            "n_attempts": attempt.n_attempts,
            "host": attempt.host,
        });
        if attempt.is_committed() {
            event("info", "task_committed", fields);
            return;
        }
        fields["error"] = attempt.error.as_deref().unwrap_or_default().into();
        fields["transient"] = attempt.transient.into();
        event("error", "task_failed", fields);
    }

    fn overruled(&self, task: &Task) {
        event("info", "task_overruled", json!({"task": task.key, "label": task.label}));
    }

    fn phase_end(&self) {
        if let Some((folder, began)) = self.phase().take() {
            let seconds = (began.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0;
            event("info", "phase_ended", json!({"phase": folder, "wall_seconds": seconds}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn moments_are_written_as_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(seconds * 1_000), text);
        }
        assert_eq!(rfc3339(1_999), "1970-01-01T00:00:01.999Z");
    }
}
