//! How a release goes: a bar on a terminal, a line for each file otherwise.

use crate::output::count;
use crate::progress::RowsBar;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use tokenmill_engine::plan::human_bytes;
use tokenmill_engine::release::{FileRecord, Watch};

/// Shows how a release goes.
#[derive(Default)]
pub struct Progress(Mutex<Option<RowsBar>>);

impl Progress {
    fn bar(&self) -> std::sync::MutexGuard<'_, Option<RowsBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Progress {
    fn begin(&self, what: &str, total: u64, is_bytes: bool) {
        *self.bar() = Some(if is_bytes { RowsBar::bytes(total, what) } else { RowsBar::new(total, what) });
    }

    fn advance(&self, n: u64) {
        if let Some(bar) = &*self.bar() {
            bar.add(n);
        }
    }

    fn file(&self, file: &FileRecord, stood: bool) {
        if std::io::stderr().is_terminal() {
            return;
        }
        let (n, bytes) = (count(file.held.n_documents), human_bytes(file.bytes));
        eprintln!("{}: {n} documents, {bytes}{}", file.name, if stood { ", stood already" } else { "" });
    }

    fn end(&self) {
        if let Some(bar) = self.bar().take() {
            bar.end();
        }
    }
}
