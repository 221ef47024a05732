//! What a plan will take: bytes, CPU time, requests, memory and money of every phase, before anything runs.
//!
//! Nothing is read but the sizes of the input files. The ratios are those of [`Cost`], and every document is taken to be
//! kept, so estimates are rather too high than too low.

use super::{Plan, PlannedPhase};
use serde::Serialize;
use std::collections::BTreeMap;
use tokenmill_store::cost::{BASE_MEMORY, DOCS_BYTES, Reading, Requested, TEXT_OF_A_DOCUMENT, Tasks};
use tokenmill_store::{Cost, Requests, Task};

/// Bytes that one request of a stream brings.
const BLOCK: f64 = (8 << 20) as f64;

/// Ends of names of files that are packed.
const PACKED: [&str; 5] = [".gz", ".zst", ".bz2", ".parquet", ".xz"];

/// What a phase will take, over all its tasks unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseEstimate {
    /// Short name.
    pub name: String,
    /// Folder in the run directory.
    pub folder: String,
    /// Tasks; `None` when nothing is known of the input.
    pub n_tasks: Option<u64>,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// CPU seconds.
    pub core_seconds: f64,
    /// Seconds of a GPU.
    pub gpu_seconds: f64,
    /// Requests to object stores.
    pub requests: Requests,
    /// Bytes of memory of a process that does one task at a time.
    pub memory_bytes: u64,
    /// Bytes on the disk of the machine that one task needs at once.
    pub scratch_bytes: u64,
    /// Whether it wants a GPU.
    pub needs_gpu: bool,
    /// Whether a run that has ended has told, and not the ratios.
    pub is_measured: bool,
}

/// Prices in dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prices {
    /// An hour of one core.
    pub core_hour: f64,
    /// An hour of one GPU.
    pub gpu_hour: f64,
    /// 1,000 reads; questions for size count as reads.
    pub get_1000: f64,
    /// 1,000 writes.
    pub put_1000: f64,
}

impl Prices {
    /// What a phase costs.
    pub fn of(&self, phase: &PhaseEstimate) -> f64 {
        let Requests { head, get, put, .. } = phase.requests;
        phase.core_seconds / 3600.0 * self.core_hour
            + phase.gpu_seconds / 3600.0 * self.gpu_hour
            + (head + get) as f64 / 1000.0 * self.get_1000
            + put as f64 / 1000.0 * self.put_1000
    }
}

/// What reaches a phase.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    documents: f64,
    text: f64,
}

/// Estimates every phase, given the tasks of the first one.
pub fn estimate(plan: &Plan, first: &[Task]) -> Vec<PhaseEstimate> {
    let files: f64 = first.iter().map(|task| task.bytes as f64).sum();
    let n_parts = first.len() as f64;
    let mut flows: Vec<Flow> = Vec::new();
    let mut n_tasks: Vec<f64> = Vec::new();
    let mut phases = Vec::new();
    // Whatever reads the source reads the same files; what they hold is best known where they are parsed whole.
    let costs: Vec<Cost> = plan.phases.iter().map(|planned| planned.phase.cost()).collect();
    let reading =
        costs.iter().filter_map(|cost| cost.reading).max_by(|a, b| a.document_bytes.total_cmp(&b.document_bytes));
    for (planned, cost) in plan.phases.iter().zip(&costs) {
        let (content, flow) = match (&cost.reading, planned.inputs.first()) {
            (Some(own), _) => {
                let content = first.iter().map(|task| content(task, reading.as_ref().unwrap_or(own))).sum();
                (content, of_content(content, reading.as_ref().unwrap_or(own)))
            }
            (None, Some((_, from))) => (0.0, flows.get(*from).copied().unwrap_or_default()),
            // Nothing says what the first phase reads: texts, stored as documents are.
            (None, None) => {
                let text = files / DOCS_BYTES;
                (0.0, Flow { documents: text / TEXT_OF_A_DOCUMENT, text })
            }
        };
        let of_files = if cost.reading.is_some() { files } else { 0.0 };
        let bytes_in = of_files + cost.read.of(flow.documents, flow.text);
        let n = count(cost, planned, (n_parts, bytes_in, flow.text), &n_tasks);
        let input_tasks = planned.inputs.first().and_then(|(_, from)| n_tasks.get(*from)).copied().unwrap_or(n_parts);
        let made = Made { content, flow, bytes_in, n, n_parts, input_tasks };
        phases.push(phase(planned, cost, &made, plan.memory as f64, first.is_empty()));
        flows.push(flow);
        n_tasks.push(n);
    }
    phases
}

/// Bytes of content of an input file.
pub(crate) fn content(task: &Task, reading: &Reading) -> f64 {
    let is_packed = PACKED.iter().any(|end| task.label.ends_with(end));
    task.bytes as f64 * if is_packed { reading.packed } else { 1.0 }
}

fn of_content(content: f64, reading: &Reading) -> Flow {
    Flow { documents: content / reading.document_bytes, text: content * reading.text_share }
}

/// How many tasks a phase has, given the parts of the run, what it reads, and the tasks of the phases before.
fn count(cost: &Cost, planned: &PlannedPhase, (n_parts, bytes, text): (f64, f64, f64), before: &[f64]) -> f64 {
    let n = match cost.tasks {
        Tasks::PerPart => n_parts,
        Tasks::PerBytes { bytes: each, at_most } => (bytes / each).ceil().min(at_most as f64).min(n_parts.max(1.0)),
        Tasks::PerText { bytes: each } => (text / each).ceil(),
        Tasks::As(input) => {
            let from = planned.inputs.iter().find(|(name, _)| name == input);
            from.and_then(|(_, from)| before.get(*from)).copied().unwrap_or(n_parts)
        }
        Tasks::One => 1.0,
    };
    if n_parts == 0.0 { 0.0 } else { n.max(1.0) }
}

/// What a phase is made of.
struct Made {
    content: f64,
    flow: Flow,
    bytes_in: f64,
    n: f64,
    n_parts: f64,
    input_tasks: f64,
}

fn phase(planned: &PlannedPhase, cost: &Cost, made: &Made, run_memory: f64, is_unknown: bool) -> PhaseEstimate {
    let Made { content, flow, bytes_in, n, n_parts, input_tasks } = *made;
    let amount = |amount: tokenmill_store::cost::Amount| amount.of(flow.documents, flow.text);
    let bytes_out = amount(cost.written);
    let gets = match cost.requested {
        Requested::Parts(each) => n_parts * each + bytes_in / BLOCK,
        Requested::Ranges(each) => n * input_tasks * each,
    };
    let heads = if matches!(cost.requested, Requested::Parts(_)) { n_parts } else { 0.0 };
    let share = |bytes: f64| if n > 0.0 { bytes / n } else { 0.0 };
    // Rows are held twice while they are sorted; more than `run.memory` allows is spilled.
    let sorted = if cost.sorts { (2.0 * share(bytes_in)).min(run_memory) } else { 0.0 };
    let held = (cost.memory_share * share(bytes_in)).min(cost.memory_at_most);
    let spilled = if cost.sorts && share(bytes_in) > run_memory / 2.0 { 2.0 * share(bytes_in) } else { 0.0 };
    let reading = cost.reading.map_or(0.0, |reading| reading.seconds * content);
    let gpu_seconds = amount(cost.gpu_seconds);
    let whole = |number: f64| number.ceil().max(0.0) as u64;
    PhaseEstimate {
        name: planned.phase.name().to_owned(),
        folder: planned.folder.clone(),
        n_tasks: (!is_unknown).then_some(whole(n)),
        bytes_in: whole(bytes_in),
        bytes_out: whole(bytes_out),
        core_seconds: reading + amount(cost.core_seconds),
        gpu_seconds,
        requests: Requests {
            head: whole(heads),
            // A task also looks for its commit and for what is known of an attempt, and writes both.
            get: whole(gets + 2.0 * n),
            put: whole(n * cost.objects + bytes_out / BLOCK + 2.0 * n),
            bytes_read: whole(bytes_in),
            bytes_written: whole(bytes_out),
        },
        memory_bytes: whole(BASE_MEMORY + cost.memory + sorted + held),
        scratch_bytes: whole(share(bytes_out) + spilled),
        needs_gpu: gpu_seconds > 0.0,
        is_measured: false,
    }
}

/// The parts of a name that a phase shares with phases of its kind, and which of them it is: what a phase of another run is
/// matched by.
pub(super) fn numbered(names: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let number = |name: String| {
        let n = seen.entry(name.clone()).or_default();
        *n += 1;
        (name, *n - 1)
    };
    names.map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenmill_store::{Inputs, Outcome, Phase, StoreError, TaskContext};

    /// A phase of which only the cost matters.
    struct Fake(&'static str, Cost);

    impl Phase for Fake {
        fn name(&self) -> &str {
            self.0
        }

        fn spec(&self) -> String {
            String::new()
        }

        fn tasks(&self, _: &str, _: &Inputs<'_>) -> Result<Vec<Task>, StoreError> {
            Ok(Vec::new())
        }

        fn run(&self, _: &Task, _: &TaskContext<'_>) -> Result<Outcome, StoreError> {
            Ok(Outcome::default())
        }

        fn forecast(&self) -> String {
            String::new()
        }

        fn cost(&self) -> Cost {
            self.1
        }
    }

    fn plan() -> Plan {
        let map = Cost { reading: Some(crate::map::reading(true)), read: Cost::default().written, ..Cost::default() };
        let map = Cost { written: crate::exchange::cost::sketch(tokenmill_core::exchange::Kind::Similar).0, ..map };
        let phases: Vec<(Box<dyn Phase>, super::super::PhaseInputs)> = vec![
            (Box::new(Fake("map", map)), vec![]),
            (Box::new(Fake("shuffle", crate::exchange::cost::shuffle_similar())), vec![("sketched".into(), 0)]),
            (Box::new(Fake("pair", crate::exchange::cost::pair())), vec![("shuffled".into(), 1)]),
            (
                Box::new(Fake("home", crate::exchange::cost::home())),
                vec![("settled".into(), 2), ("shuffled".into(), 1)],
            ),
        ];
        Plan::of_phases("x".into(), String::new(), 1 << 30, phases)
    }

    fn tasks(n: u64, bytes: u64) -> Vec<Task> {
        let task = |at: u64| Task {
            key: at.to_string(),
            label: format!("{at}.warc.gz"),
            bytes,
            work: serde_json::Value::Null,
        };
        (0..n).map(task).collect()
    }

    #[test]
    fn a_whole_crawl_is_estimated() {
        // A crawl of Common Crawl: 90,000 files of 1 GB, about 2.4 * 10^9 pages of 190 kB.
        let phases = estimate(&plan(), &tasks(90_000, 1_000_000_000));
        let [map, shuffle, pair, home] = &phases[..] else { panic!("{phases:?}") };
        assert_eq!((map.n_tasks, map.bytes_in), (Some(90_000), 90_000_000_000_000));
        // 4.5e14 bytes of content: 2.4e9 documents, of which 188 bytes are written.
        assert!((map.bytes_out as f64 / (4.5e14 / 190e3 * 188.0) - 1.0).abs() < 0.01, "{map:?}");
        assert_eq!((shuffle.n_tasks, shuffle.bytes_in), (Some(4_096), map.bytes_out));
        let pairs = pair.n_tasks.unwrap();
        assert!((1_000..=2_048).contains(&pairs), "{pair:?}");
        assert!(pair.requests.get >= pairs * 4_096 && pair.memory_bytes > 500_000_000, "{pair:?}");
        assert_eq!(home.n_tasks, Some(4_096));
    }

    #[test]
    fn nothing_costs_nothing_and_is_no_known_number_of_tasks() {
        let phases = estimate(&plan(), &[]);
        assert!(phases.iter().all(|phase| phase.n_tasks.is_none() && phase.bytes_in == 0), "{phases:?}");
    }

    #[test]
    fn prices_add_up() {
        let mut phase = estimate(&plan(), &[]).remove(0);
        (phase.core_seconds, phase.gpu_seconds) = (7_200.0, 3_600.0);
        phase.requests = Requests { head: 500, get: 500, put: 2_000, ..Requests::default() };
        let prices = Prices { core_hour: 0.04, gpu_hour: 2.0, get_1000: 0.5, put_1000: 0.25 };
        assert!((prices.of(&phase) - (0.08 + 2.0 + 0.5 + 0.5)).abs() < 1e-9);
    }
}
