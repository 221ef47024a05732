//! Whether a machine has what a task needs, before it begins: an out-of-memory kill and a full disk say nothing, and late.

use super::Watch;
use crate::plan::{PhaseEstimate, Plan, content, estimate, human_bytes};
use std::path::Path;
use tokenmill_store::cost::{BASE_MEMORY, DOCS_BYTES, TEXT_OF_A_DOCUMENT};
use tokenmill_store::{Cost, Store, StoreError, Task, machine};

/// Whether machines that seem too small are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// They are.
    Checked,
    /// They are not: whoever runs this knows better.
    Ignored,
}

/// Bytes that are needed, by estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Of memory.
    pub memory: u64,
    /// On the disk of the scratch folder.
    pub scratch: u64,
}

impl Need {
    /// What one task needs, from the bytes that it reads; `run_memory` is what sorting may take.
    pub fn of_task(cost: &Cost, task: &Task, run_memory: u64) -> Need {
        let bytes = task.bytes as f64;
        let text = match &cost.reading {
            Some(reading) => content(task, reading) * reading.text_share,
            None => {
                // Bytes that are read for a byte of text, in documents of the usual size.
                let read = cost.read.of(1.0 / TEXT_OF_A_DOCUMENT, 1.0);
                bytes / if read > 0.0 { read } else { DOCS_BYTES }
            }
        };
        let written = cost.written.of(text / TEXT_OF_A_DOCUMENT, text);
        let sorted = if cost.sorts { (2.0 * bytes).min(run_memory as f64) } else { 0.0 };
        let spilled = if cost.sorts && bytes > run_memory as f64 / 2.0 { 2.0 * bytes } else { 0.0 };
        let held = (cost.memory_share * bytes).min(cost.memory_at_most);
        Need { memory: (BASE_MEMORY + cost.memory + sorted + held) as u64, scratch: (written + spilled) as u64 }
    }

    /// What a run on so many threads needs, in the phase that needs most of each.
    pub fn of_run(plan: &Plan, estimates: &[PhaseEstimate], threads: usize) -> Need {
        let mut need = Need { memory: 0, scratch: 0 };
        for (planned, estimate) in plan.phases.iter().zip(estimates) {
            let at_once = estimate.n_tasks.unwrap_or(1).min(threads as u64).max(1);
            let own = estimate.memory_bytes.saturating_sub(BASE_MEMORY as u64).saturating_mul(at_once);
            // Threads share what sorting may take.
            let own = if planned.phase.cost().sorts { own.min(plan.memory) } else { own };
            need.memory = need.memory.max(BASE_MEMORY as u64 + own);
            need.scratch = need.scratch.max(estimate.scratch_bytes.saturating_mul(at_once));
        }
        need
    }

    /// Compares it with what the machine has; `what` needs it.
    ///
    /// # Errors
    /// [`StoreError::TooSmall`] when it has too little of something.
    pub fn check(&self, what: &str, scratch: &Path) -> Result<(), StoreError> {
        let memory = machine::memory_limit().unwrap_or(u64::MAX);
        // A file system that does not say what is free may have enough.
        let disk = machine::free_disk(scratch).unwrap_or(u64::MAX);
        self.compare(what, memory, disk, scratch)
    }

    fn compare(&self, what: &str, memory: u64, disk: u64, scratch: &Path) -> Result<(), StoreError> {
        if self.memory > memory {
            return Err(StoreError::TooSmall {
                what: format!(
                    "{what} needs about {} of memory, and there may be {} here",
                    human_bytes(self.memory),
                    human_bytes(memory)
                ),
                hint: "use fewer threads, lower `run.memory`, or ask for more memory; `--no-checks` tries it anyway"
                    .into(),
            });
        }
        if self.scratch > disk {
            return Err(StoreError::TooSmall {
                what: format!(
                    "{what} needs about {} on the disk of `{}`, and {} are free",
                    human_bytes(self.scratch),
                    scratch.display(),
                    human_bytes(disk)
                ),
                hint: "make room, or name a folder on a larger disk: `TOKENMILL_SCRATCH` for runs on object storage, \
                       `run.root` for others; `--no-checks` tries it anyway"
                    .into(),
            });
        }
        Ok(())
    }
}

/// Refuses a machine that is too small for a run whose first phase has these tasks, and says when its disk may not hold all
/// that the run writes.
pub(super) fn check_run(
    plan: &Plan,
    first: &[Task],
    store: &dyn Store,
    threads: usize,
    watch: &dyn Watch,
) -> Result<(), StoreError> {
    let estimates = estimate(plan, first);
    Need::of_run(plan, &estimates, threads).check("the run", store.scratch())?;
    // Only a local store keeps its objects on the disk of its scratch folder. Phases that stand are counted again, and the
    // ratios are rough, so this is no more than a note.
    let bytes: u64 = estimates.iter().map(|phase| phase.bytes_out).sum();
    let free = machine::free_disk(store.scratch()).unwrap_or(u64::MAX);
    if store.local_file("plan.json").is_some() && bytes > free {
        let (bytes, free) = (human_bytes(bytes), human_bytes(free));
        watch.note(&format!("note: the whole run writes about {bytes}, and {free} are free on its disk"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(bytes: u64) -> Task {
        Task { key: "t".into(), label: "a.warc.gz".into(), bytes, work: serde_json::Value::Null }
    }

    #[test]
    fn a_task_that_sorts_needs_what_it_reads_twice_but_no_more_than_it_may() {
        let cost = crate::exchange::cost::pair();
        let need = |bytes| Need::of_task(&cost, &task(bytes), 1 << 30);
        let base = BASE_MEMORY as u64;
        assert_eq!(need(1 << 20).memory, base + (2 << 20));
        assert_eq!((need(1 << 40).memory, need(1 << 40).scratch >= 2 << 40), (base + (1 << 30), true));
    }

    #[test]
    fn a_crawl_file_needs_a_few_hundred_megabytes() {
        let cost = Cost { reading: Some(crate::map::reading(true)), written: Cost::default().read, ..Cost::default() };
        let need = Need::of_task(&cost, &task(1_000_000_000), 1 << 30);
        // 150 MB of text, of which a table is 63 MB.
        assert!((60_000_000..70_000_000).contains(&need.scratch), "{need:?}");
    }

    #[test]
    fn a_machine_that_is_too_small_is_refused_for_now() {
        let (need, scratch) = (Need { memory: 2 << 30, scratch: 1 << 30 }, Path::new("/scratch"));
        need.compare("it", 2 << 30, 1 << 30, scratch).unwrap();
        let error = need.compare("it", 1 << 30, 1 << 30, scratch).unwrap_err();
        assert!(error.is_transient() && error.to_string().contains("needs about 2.00 GiB of memory"), "{error}");
        let error = need.compare("it", 2 << 30, 1 << 20, scratch).unwrap_err().to_string();
        assert!(error.contains("`/scratch`") && error.contains("TOKENMILL_SCRATCH"), "{error}");
    }
}
