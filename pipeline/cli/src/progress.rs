//! Progress: bars with rate and remaining time on a terminal, one line per task otherwise.

use crate::log::{self, RunLog};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokenmill_engine::run::Watch;
use tokenmill_store::Task;
use tokenmill_store::assets::Event;

/// Who says how a run goes, for people or for machines.
pub fn watch() -> Box<dyn Watch> {
    match log::is_json() {
        true => Box::new(RunLog::default()),
        false => Box::new(RunProgress::default()),
    }
}

/// How often a bar looks at the counters.
const TICK: Duration = Duration::from_millis(200);

/// Shows how a run goes.
#[derive(Default)]
pub struct RunProgress {
    state: Mutex<State>,
    n_done: AtomicU64,
}

#[derive(Default)]
struct State {
    n_tasks: usize,
    folder: String,
    bar: Option<ProgressBar>,
    /// The engine's counter of bytes read, mirrored so that a ticking thread can read it.
    stop: Option<Arc<AtomicBool>>,
}

impl RunProgress {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for RunProgress {
    fn phase(&self, folder: &str, n_tasks: usize, pending: &[&Task], read: &Arc<AtomicU64>) {
        let bytes: u64 = pending.iter().map(|task| task.bytes).sum();
        self.n_done.store((n_tasks - pending.len()) as u64, Ordering::Relaxed);
        let mut state = self.state();
        (state.folder, state.n_tasks) = (folder.to_owned(), n_tasks);
        if !std::io::stderr().is_terminal() {
            eprintln!("{folder}: {} of {n_tasks} tasks to do", pending.len());
            return;
        }
        let bar = ProgressBar::new(bytes);
        let style = "{prefix:.bold} [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(folder.to_owned());
        bar.set_message(format!("0/{n_tasks} tasks"));
        let stop = Arc::new(AtomicBool::new(false));
        let (ticking, stopped, read) = (bar.clone(), stop.clone(), read.clone());
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                ticking.set_position(read.load(Ordering::Relaxed));
                std::thread::sleep(TICK);
            }
        });
        (state.bar, state.stop) = (Some(bar), Some(stop));
    }

    fn task(&self, task: &Task) {
        let n_done = self.n_done.fetch_add(1, Ordering::Relaxed) + 1;
        let state = self.state();
        match &state.bar {
            Some(bar) => bar.set_message(format!("{n_done}/{} tasks", state.n_tasks)),
            None => eprintln!("{}: {n_done}/{} {}", state.folder, state.n_tasks, task.label),
        }
    }

    fn overruled(&self, task: &Task) {
        let label = &task.label;
        self.note(&format!("note: another process has stored other scores of `{label}` before; those stand"));
    }

    fn note(&self, text: &str) {
        match &self.state().bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    fn phase_end(&self) {
        let mut state = self.state();
        if let Some(stop) = state.stop.take() {
            stop.store(true, Ordering::Relaxed);
        }
        if let Some(bar) = state.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Says nothing.
pub struct Quiet;

impl Watch for Quiet {}

/// Shows how many rows of tables, or bytes, have been read, on a terminal.
pub struct RowsBar(Option<ProgressBar>);

impl RowsBar {
    /// A bar of so many rows, which says what is done with them.
    pub fn new(rows: u64, what: &str) -> RowsBar {
        RowsBar::of(rows, what, "{prefix:.bold} [{bar:30}] {pos}/{len} rows  {per_sec}  {eta} left")
    }

    /// A bar of so many bytes.
    pub fn bytes(bytes: u64, what: &str) -> RowsBar {
        RowsBar::of(bytes, what, "{prefix:.bold} [{bar:30}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left")
    }

    fn of(length: u64, what: &str, style: &str) -> RowsBar {
        if !std::io::stderr().is_terminal() {
            return RowsBar(None);
        }
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what.to_owned());
        RowsBar(Some(bar))
    }

    /// So many more.
    pub fn add(&self, rows: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(rows);
        }
    }

    /// All of them.
    pub fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Shows how an asset is fetched.
#[derive(Default)]
pub struct AssetBar {
    bar: Mutex<Option<ProgressBar>>,
}

impl AssetBar {
    /// One event of a fetch.
    pub fn show(&self, event: &Event<'_>) {
        let mut slot = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Received { asset, bytes } = event {
            let bar = slot.get_or_insert_with(|| ProgressBar::new(asset.bytes));
            bar.set_position(*bytes);
            return;
        }
        if let Some(bar) = slot.take() {
            bar.finish_and_clear();
        }
        match event {
            Event::Trying { asset, source } => log::note(&format!("fetching `{}` from {source}", asset.name)),
            Event::Failed { source, why, .. } => log::note(&format!("{source} failed: {why}")),
            Event::Fetched { asset, path } => log::note(&format!("`{}` is at {}", asset.name, path.display())),
            Event::Received { .. } => {}
        }
    }
}
