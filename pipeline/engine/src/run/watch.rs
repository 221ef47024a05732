//! Who wants to see how a run goes.

use super::Attempt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokenmill_store::Task;

/// Hears of what happens, in the order in which it does; what it makes of it never changes an output.
pub trait Watch: Sync {
    /// Something that people like to know.
    fn note(&self, _text: &str) {}
    /// A phase begins: `pending` of its tasks are still to do; `read` counts up to the bytes that they read.
    fn phase(&self, _folder: &str, _n_tasks: usize, _pending: &[&Task], _read: &Arc<AtomicU64>) {}
    /// A task is begun that was not committed before.
    fn started(&self, _folder: &str, _task: &Task) {}
    /// An attempt has ended, well or not.
    fn attempted(&self, _folder: &str, _task: &Task, _attempt: &Attempt) {}
    /// A task has been committed.
    fn task(&self, _task: &Task) {}
    /// Another process has committed a task first, with slightly different numbers; those stand.
    fn overruled(&self, _task: &Task) {}
    /// The phase has ended.
    fn phase_end(&self) {}
}
