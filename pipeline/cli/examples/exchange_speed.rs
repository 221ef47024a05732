//! Measures an exchange from URLs to decisions, phase by phase, and its memory: `cargo xtask bench exchange` runs it.
//!
//!     exchange_speed N_URLS N_PARTS MEMORY_BYTES FOLDER
//!
//! URLs are made from their number: three captures of a page on average, spread over all parts. Prints one JSON object:
//! seconds of CPU time of one thread for every phase, bytes, logical counts, and the peak of resident memory.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring program")]

use serde_json::json;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokenmill_core::hash::mix64;
use tokenmill_core::{Analysis, Catalog, DocId, Document};
use tokenmill_engine::chain::Chain;
use tokenmill_engine::exchange::Sketcher;
use tokenmill_engine::exchange::bounds::{Sizes, n_homes};
use tokenmill_engine::{House, Plan, Text, config, thread_cpu_seconds};
use tokenmill_store::assets::{Assets, default_cache};
use tokenmill_store::{
    Commit, Inputs, LocalStore, Manifest, Metered, Outcome, Requests, SharedAssets, Task, TaskContext,
};

const RECIPE: &str =
    "[run]\nname = \"speed\"\n[source]\nkind = \"jsonl\"\npaths = [\"-\"]\n[[step]]\nuse = \"dedup.url\"\n";

/// Captures of a page, on average.
const CAPTURES: u64 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [n_urls, n_parts, memory, folder] = arguments.as_slice() else { return Err("usage: see the source".into()) };
    let (n_urls, n_parts, memory): (u64, u64, u64) = (n_urls.parse()?, n_parts.parse()?, memory.parse()?);
    let store = LocalStore::open(folder.as_str())?;
    let catalog = Catalog::join(&[tokenmill_stages::catalog::CATALOG])?;
    let text = Text { name: "speed".into(), content: RECIPE.into() };
    let spec = config::parse(&text, &[], &House { catalog: &catalog, sections: &[] })?;
    let assets: Arc<dyn SharedAssets> = Arc::new(Assets::open(default_cache()?)?);
    let plan = Plan::new(&spec, &assets)?;
    let chain = Chain::build(&[], &spec.blocks[0].exchanges, &*assets)?;
    let bytes_read = AtomicU64::new(0);
    let none = Inputs::none();
    let bytes_read = &bytes_read;
    let base = TaskContext { store: &store, folder: "", inputs: &none, bytes_read, timings: false, memory };

    let mut seconds = BTreeMap::new();
    let mut bytes = BTreeMap::new();
    let started = thread_cpu_seconds();
    let mut parts = Vec::new();
    for part in 0..n_parts {
        let context = TaskContext { folder: &plan.phases[0].folder, ..base };
        let task = Task { key: format!("part {part:05}"), label: String::new(), bytes: 0, work: json!(null) };
        parts.push(commit(task, sketch(&chain, (part..n_urls).step_by(n_parts as usize), n_urls, &context)?));
    }
    seconds.insert("sketch".to_owned(), thread_cpu_seconds() - started);
    let mut manifests = vec![Arc::new(Manifest { phase: "sketch".into(), parts })];
    let started = thread_cpu_seconds();
    let mut document = Document::default();
    for number in 0..n_urls {
        make(&mut document, number, n_urls)?;
        std::hint::black_box(&document);
    }
    seconds.insert("make".to_owned(), thread_cpu_seconds() - started);
    let mut requests: BTreeMap<usize, Requests> = BTreeMap::new();
    for at in 1..4 {
        let planned = &plan.phases[at];
        let inputs = plan.inputs(at, &store, |inputs, name, from| inputs.with(name, manifests[from].clone()));
        let started = thread_cpu_seconds();
        let mut parts = Vec::new();
        for task in planned.phase.tasks(&planned.fingerprint, &inputs)? {
            let metered = Metered::new(&store);
            let context = TaskContext { store: &metered, folder: &planned.folder, inputs: &inputs, ..base };
            let outcome = planned.phase.run(&task, &context)?;
            requests.entry(at).or_default().add(&metered.requests());
            parts.push(commit(task, outcome));
        }
        let name = planned.phase.name().split('-').next().unwrap_or_default().to_owned();
        seconds.insert(name.clone(), thread_cpu_seconds() - started);
        bytes.insert(name, parts.iter().flat_map(|part| part.objects.values()).map(|object| object.bytes).sum::<u64>());
        manifests.push(Arc::new(Manifest { phase: planned.folder.clone(), parts }));
    }
    let sketched: u64 =
        manifests[0].parts.iter().flat_map(|part| part.objects.values()).map(|object| object.bytes).sum();
    let n_decisions: u64 = manifests[3].parts.iter().filter_map(|part| part.tally["n_out"].as_u64()).sum();
    let n_tasks: Vec<usize> = manifests.iter().map(|manifest| manifest.parts.len()).collect();
    let share = n_decisions as f64 / n_urls as f64;
    let n_removed: u64 = manifests[2].parts.iter().filter_map(|part| part.tally["n_removed"].as_u64()).sum();
    println!(
        "{}",
        json!({"n_urls": n_urls, "n_tasks": n_tasks, "n_decisions": n_decisions, "n_removed": n_removed, "memory": memory, "sketch_bytes": sketched,
            "bytes": bytes, "cpu_seconds": seconds, "peak_rss_bytes": peak_rss(),
            "requests": requests.values().collect::<Vec<_>>(),
            "expected": expected(n_parts, n_urls / n_parts, share), "at_scale": expected(100_000, 50_000, share)})
    );
    Ok(())
}

/// The tasks and requests of one exchange over so many parts, from the bounds: what a task reads is one request for
/// every 4 MiB of a range, and what it writes is one object.
fn expected(n_parts: u64, rows: u64, decided: f64) -> serde_json::Value {
    /// Bytes of a row on its way.
    const ROW: u64 = 48;
    const CHUNK: f64 = (4 << 20) as f64;
    let sizes = Sizes::default();
    let n_shuffles = sizes.groups(&[vec![rows * ROW; n_parts as usize]])[0].len() as u64;
    let n_reducers = sizes.n_reducers(n_parts * rows * ROW, n_shuffles);
    let n_ranges = n_shuffles * n_reducers;
    let decided_bytes = (n_parts * rows) as f64 * decided * 48.0;
    let n_homes = n_homes(decided_bytes as u64, n_shuffles, n_reducers);
    let n_home_ranges = n_homes * n_reducers;
    let gets = |bytes: f64| (bytes / CHUNK).ceil().max(1.0) as u64;
    let puts = |bytes: f64| Requests::of_file(bytes as u64).put;
    let shipped = (n_parts * rows * 48) as f64;
    let sketch = 44.0 * rows as f64;
    json!([
        {"n_tasks": n_shuffles, "get": n_parts * gets(sketch), "put": n_shuffles * puts(shipped / n_shuffles as f64)},
        {"n_tasks": n_reducers, "get": n_ranges * gets(shipped / n_ranges as f64),
            "put": n_reducers * puts(decided_bytes / n_reducers as f64),
            "bytes_per_range": (shipped / n_ranges as f64) as u64},
        {"n_tasks": n_homes, "get": n_home_ranges * gets(decided_bytes / n_home_ranges as f64),
            "put": n_homes * puts(decided_bytes * 0.9 / n_homes as f64)},
    ])
}

fn commit(task: Task, outcome: Outcome) -> Commit {
    Commit {
        task: task.key,
        label: task.label,
        objects: outcome.objects,
        tally: outcome.tally,
        requests: Requests::default(),
    }
}

/// The sketches of one part.
fn sketch(
    chain: &Chain,
    numbers: impl Iterator<Item = u64>,
    n_urls: u64,
    context: &TaskContext<'_>,
) -> Result<Outcome, Box<dyn Error>> {
    let mut sketcher = Sketcher::create(&chain.exchanges, context)?;
    let (mut document, analysis, mut sketches) = (Document::default(), Analysis::default(), Vec::new());
    for (row, number) in numbers.enumerate() {
        make(&mut document, number, n_urls)?;
        sketcher.sketch(&document, &analysis, &mut sketches);
        sketcher.add(&sketches, document.id, u32::try_from(row)?)?;
    }
    let mut outcome = Outcome::default();
    sketcher.finish(context, &mut outcome)?;
    Ok(outcome)
}

/// Makes the document of a number.
fn make(document: &mut Document, number: u64, n_urls: u64) -> std::fmt::Result {
    document.clear();
    document.id = DocId(u128::from(mix64(number, 1)) << 64 | u128::from(number));
    let page = mix64(number, 2) % (n_urls / CAPTURES + 1);
    let (site, day) = (mix64(page, 3) % 50_000, mix64(number, 4) % 28 + 1);
    write!(
        document.url,
        "https://www.site{site}.example/articles/{page}/a-title-of-some-words?id={page}&utm_source=feed"
    )?;
    write!(document.date, "2024-01-{day:02}T12:00:00Z")
}

/// The most memory that this process has had, from the kernel.
fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}
