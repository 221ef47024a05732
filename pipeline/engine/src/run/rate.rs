//! How fast tasks are done: by what a watcher has seen lately, else by when attempts say that they began and ended.

use super::Attempt;
use std::collections::VecDeque;

/// Seconds that count as lately.
const WINDOW: f64 = 600.0;

/// Seconds that must have been watched before what was seen counts.
const WATCHED: f64 = 20.0;

/// How fast, and how long yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Tasks in a second.
    pub tasks_per_second: f64,
    /// Bytes of input in a second.
    pub bytes_per_second: f64,
    /// Seconds until all tasks are done, if it goes on like that.
    pub seconds_left: f64,
}

/// What is done at a moment: tasks and the bytes that they read.
pub type Done = (usize, u64);

/// What is known of the pace of one phase.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When it was looked at, and what was done.
    seen: VecDeque<(f64, Done)>,
    /// When the first known attempt began and the last one ended.
    span: Option<(f64, f64)>,
}

impl Pace {
    /// An attempt by which a task was done.
    pub fn attempt(&mut self, attempt: &Attempt) {
        let (began, ended) = (attempt.started as f64, attempt.ended());
        let (first, last) = self.span.unwrap_or((began, ended));
        self.span = Some((first.min(began), last.max(ended)));
    }

    /// At the second `now`, so much is done.
    pub fn see(&mut self, now: f64, done: Done) {
        self.seen.push_back((now, done));
        while self.seen.len() > 2 && self.seen.get(1).is_some_and(|(then, _)| now - then >= WINDOW) {
            self.seen.pop_front();
        }
    }

    /// The rate, once something is known.
    pub fn rate(&self, (n_tasks, bytes): Done) -> Option<Rate> {
        let (now, done) = *self.seen.back()?;
        let (then, before) = *self.seen.front()?;
        let (seconds, n, n_bytes) = match self.span {
            _ if now - then >= WATCHED && done.0 > before.0 => (now - then, done.0 - before.0, done.1 - before.1),
            Some((began, ended)) if ended > began => (ended - began, done.0, done.1),
            _ => return None,
        };
        let (tasks_per_second, bytes_per_second) = (n as f64 / seconds, n_bytes as f64 / seconds);
        if n == 0 {
            return None;
        }
        // Tasks differ in size, so bytes tell better how much is left; where a phase counts none, tasks must do.
        let seconds_left = match n_bytes {
            0 => n_tasks.saturating_sub(done.0) as f64 / tasks_per_second,
            _ => bytes.saturating_sub(done.1) as f64 / bytes_per_second,
        };
        Some(Rate { tasks_per_second, bytes_per_second, seconds_left })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Ended;

    fn attempt(started: u64, wall_seconds: f64) -> Attempt {
        Attempt {
            task: "t".into(),
            label: "t".into(),
            outcome: Ended::Committed,
            transient: false,
            error: None,
            host: "h".into(),
            started,
            wall_seconds,
            cpu_seconds: 0.0,
            peak_bytes: 0,
            n_attempts: 1,
            n_at_once: 1,
        }
    }

    #[test]
    fn attempts_tell_before_anything_was_watched() {
        let mut pace = Pace::default();
        pace.see(0.0, (10, 1_000));
        assert_eq!(pace.rate((20, 3_000)), None);
        pace.attempt(&attempt(1_000, 10.0));
        pace.attempt(&attempt(1_030, 20.0));
        let rate = pace.rate((20, 3_000)).unwrap();
        assert_eq!((rate.tasks_per_second, rate.bytes_per_second, rate.seconds_left), (0.2, 20.0, 100.0));
    }

    #[test]
    fn what_was_seen_lately_counts_more() {
        let mut pace = Pace::default();
        pace.attempt(&attempt(1_000, 10_000.0));
        for second in 0..2_000 {
            // Twice as fast in the second half.
            let done = if second < 1_000 { second } else { 1_000 + 2 * (second - 1_000) };
            pace.see(second as f64, (done, done as u64 * 10));
        }
        let rate = pace.rate((5_000, 50_000)).unwrap();
        assert!((rate.tasks_per_second - 2.0).abs() < 1e-9 && (rate.bytes_per_second - 20.0).abs() < 1e-9);
        assert!(pace.seen.len() < 610);
    }

    #[test]
    fn without_bytes_tasks_are_counted() {
        let mut pace = Pace::default();
        pace.see(0.0, (0, 0));
        pace.see(100.0, (50, 0));
        assert_eq!(pace.rate((100, 0)).unwrap().seconds_left, 100.0);
    }
}
