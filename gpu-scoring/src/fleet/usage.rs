//! What the devices of this process have done, for people: tokens per second, and how long they had nothing to do.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What one device has done.
#[derive(Clone, Debug, Default)]
struct Used {
    name: String,
    n_devices: usize,
    n_sequences: u64,
    n_tokens: u64,
    /// From the first batch to the last result.
    span: Duration,
    /// Of that, computing.
    busy: f64,
}

/// Devices that have ended their work.
static USED: Mutex<Vec<Used>> = Mutex::new(Vec::new());

/// What all devices have done since this was last asked, a line each; those of the same name together.
pub fn usage() -> Vec<String> {
    let used = std::mem::take(&mut *USED.lock().unwrap_or_else(PoisonError::into_inner));
    let mut joined: Vec<Used> = Vec::new();
    for one in used {
        match joined.iter_mut().find(|known| known.name == one.name) {
            Some(known) => {
                known.n_devices += 1;
                known.n_sequences += one.n_sequences;
                known.n_tokens += one.n_tokens;
                known.span = known.span.max(one.span);
                known.busy += one.busy;
            }
            None => joined.push(Used { n_devices: 1, ..one }),
        }
    }
    joined.iter().filter(|used| used.n_sequences > 0).map(Used::line).collect()
}

impl Used {
    fn line(&self) -> String {
        let seconds = self.span.as_secs_f64().max(1e-9);
        let idle = 1.0 - self.busy / (seconds * self.n_devices as f64);
        let times = if self.n_devices > 1 { format!(" × {}", self.n_devices) } else { String::new() };
        format!(
            "{}{times}: {} sequences of {} tokens in {seconds:.1} s, {:.0} tokens/s, idle {:.1} % of the time",
            self.name,
            self.n_sequences,
            self.n_tokens,
            self.n_tokens as f64 / seconds,
            100.0 * idle.clamp(0.0, 1.0)
        )
    }
}

/// Meters one device; what it has seen counts once it is dropped.
pub struct Meter {
    used: Used,
    begun: Option<Instant>,
    /// When the device last went from idle to busy.
    busy_since: Option<Instant>,
}

#[expect(clippy::disallowed_methods, reason = "only shown to people, never stored")]
fn now() -> Instant {
    Instant::now()
}

impl Meter {
    /// Nothing yet.
    pub fn new(name: String) -> Meter {
        Meter { used: Used { name, ..Used::default() }, begun: None, busy_since: None }
    }

    /// A batch starts.
    pub fn start(&mut self, n_sequences: usize, n_tokens: usize) {
        let now = now();
        self.begun.get_or_insert(now);
        self.busy_since.get_or_insert(now);
        self.used.n_sequences += n_sequences as u64;
        self.used.n_tokens += n_tokens as u64;
    }

    /// A batch has ended and `n_left` are under way. A device that clocks itself knows better how long it has computed.
    pub fn finish(&mut self, n_left: usize, clocked: Option<f64>) {
        let now = now();
        if let Some(begun) = self.begun {
            self.used.span = now.duration_since(begun);
        }
        match (clocked, self.busy_since) {
            (Some(seconds), _) => self.used.busy = seconds,
            (None, Some(since)) if n_left == 0 => {
                self.used.busy += now.duration_since(since).as_secs_f64();
                self.busy_since = None;
            }
            _ => {}
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        USED.lock().unwrap_or_else(PoisonError::into_inner).push(self.used.clone());
    }
}
