//! How an annotation goes: answers, rate, time that is left, and money.

use crate::output::count;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines where there is no terminal.
const BETWEEN: Duration = Duration::from_secs(15);

/// Shows how it goes, to people.
pub struct Watch {
    state: Mutex<State>,
    n_requests: u64,
}

struct State {
    begun: Instant,
    shown: Instant,
    n_done: u64,
    bar: Option<ProgressBar>,
}

impl Watch {
    /// Begins.
    pub fn new(n_requests: u64) -> Watch {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(n_requests);
            if let Ok(style) =
                ProgressStyle::with_template("{prefix:.bold} [{bar:30}] {pos}/{len}  {per_sec}  {eta} left  {msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix("answers");
            bar
        });
        Watch { state: Mutex::new(State { begun: now, shown: now, n_done: 0, bar }), n_requests }
    }

    /// A document has its answer, or none.
    pub fn done(&self, spent: f64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.n_done += 1;
        let money = if spent > 0.0 { format!("{spent:.4} spent") } else { String::new() };
        if let Some(bar) = &state.bar {
            bar.set_message(money);
            bar.inc(1);
            return;
        }
        if state.shown.elapsed() >= BETWEEN {
            state.shown = Instant::now();
            let rate = state.n_done as f64 / state.begun.elapsed().as_secs_f64().max(1e-3);
            let left = self.n_requests.saturating_sub(state.n_done) as f64 / rate;
            let money = if money.is_empty() { money } else { format!(", {money}") };
            eprintln!(
                "{} of {} done, {rate:.1} a second, {} left{money}",
                count(state.n_done),
                count(self.n_requests),
                duration(left)
            );
        }
    }

    /// Ends, and says how long it took.
    pub fn end(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = &state.bar {
            bar.finish_and_clear();
        }
        let seconds = state.begun.elapsed().as_secs_f64();
        format!(
            "{} in {}, {:.1} a second",
            count(state.n_done),
            duration(seconds),
            state.n_done as f64 / seconds.max(1e-3)
        )
    }
}

/// Seconds for people: `45 s`, `3 min`, `2.5 h`.
fn duration(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{seconds:.0} s"),
        ..6_000.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_unit() {
        assert_eq!([4.4, 150.0, 9_000.0].map(duration), ["4 s", "2 min", "2.5 h"]);
    }
}
