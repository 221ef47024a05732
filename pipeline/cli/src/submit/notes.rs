//! What failed attempts have said: for people, and to know what would fail again.

use tokenmill_engine::run::Attempt;
use tokenmill_store::{Store, StoreError, Task};

/// How many tasks are asked about: a phase that fails as a whole need not be read as a whole.
const MAX_READ: usize = 1_000;

/// Clocks of machines may differ by so many seconds.
const CLOCK_SKEW: u64 = 120;

/// The last attempts at the first of these tasks, where they failed and began after `since`. Older ones may have failed for
/// a reason that is gone.
///
/// # Errors
/// When the store fails.
pub fn failures<'a>(
    store: &dyn Store,
    folder: &str,
    tasks: impl Iterator<Item = &'a Task>,
    since: u64,
) -> Result<Vec<Attempt>, StoreError> {
    let mut failures = Vec::new();
    for task in tasks.take(MAX_READ) {
        let attempt = Attempt::read(store, folder, &task.key)?;
        let is_new = |attempt: &Attempt| !attempt.is_committed() && attempt.started.saturating_add(CLOCK_SKEW) >= since;
        failures.extend(attempt.filter(is_new));
    }
    Ok(failures)
}

/// One line for people.
pub fn text(attempt: &Attempt) -> String {
    let error = attempt.error.as_deref().unwrap_or("it has not said why");
    // Errors of tasks mostly name what they read.
    let label = if error.contains(&attempt.label) { String::new() } else { format!("`{}`: ", attempt.label) };
    let host = if attempt.host.is_empty() { String::new() } else { format!(" (on {})", attempt.host) };
    format!("{label}{error}{host}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_engine::run::Ended;
    use tokenmill_store::MemStore;

    #[test]
    fn only_failures_of_this_submission_are_read() {
        let store = MemStore::new().unwrap();
        for (task, outcome, started) in
            [("a", Ended::Failed, 5_000), ("b", Ended::Failed, 500), ("c", Ended::Committed, 5_000)]
        {
            let attempt = Attempt {
                task: task.into(),
                label: "x".into(),
                outcome,
                transient: false,
                error: Some("`x` is torn".into()),
                host: "n1".into(),
                started,
                wall_seconds: 1.0,
                cpu_seconds: 1.0,
                peak_bytes: 1,
                n_attempts: 1,
                n_at_once: 1,
            };
            attempt.write(&store, "p").unwrap();
        }
        let task = |key: &str| Task { key: key.into(), label: key.into(), bytes: 0, work: serde_json::Value::Null };
        let tasks = ["a", "b", "c", "d"].map(task);
        let texts: Vec<String> = failures(&store, "p", tasks.iter(), 4_990).unwrap().iter().map(text).collect();
        assert_eq!(texts, ["`x` is torn (on n1)"]);
    }
}
