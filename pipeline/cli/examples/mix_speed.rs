//! Measures packing and the phases of a mix, beside what the machine allows: `cargo xtask bench mix` runs it.
//!
//!     mix_speed N_DOCUMENTS N_TOKENS SHARD_TOKENS FOLDER
//!
//! Packs N_DOCUMENTS made-up documents; then makes a token store of N_TOKENS ids, runs the phases of a mix on it with one
//! thread, and exports the shards to FOLDER/export. Documents have log-normal lengths of 1,000 tokens on average, and ids as
//! frequent as words. Prints one JSON object: seconds of CPU time of one thread, bytes, requests, and peaks of memory.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measuring program"
)]

use serde_json::{Value, json};
use std::error::Error;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokenmill_core::hash::{Digester, hash64};
use tokenmill_core::{DocId, schema};
use tokenmill_engine::run::{self, Limits, Options, PhaseReport, Watch};
use tokenmill_engine::{Plan, thread_cpu_seconds};
use tokenmill_mix::order::shuffle_key;
use tokenmill_mix::pack::{Long, Packing, pack};
use tokenmill_mix::plan::Mix;
use tokenmill_mix::shard::dataset::{Dataset, TokenizerCard};
use tokenmill_mix::shard::export::{Form, export};
use tokenmill_mix::shard::sha256::sha256_hex;
use tokenmill_mix::{TokenStore, mix_phases};
use tokenmill_store::table::{Batches, Field, Table};
use tokenmill_store::{Commit, LocalStore, Manifest, ObjectRef, Requests, Spool, Task, commit};

const SEED: u64 = 20_240_801;

/// Tokens of a training sequence.
const CONTEXT: u64 = 8_192;

/// The median of the lengths and the spread of their logarithms: 1,000 on average.
const MEDIAN: f64 = 487.0;
const SIGMA: f64 = 1.2;

/// Ids of a table of the token store, as the phase `tokens` has them.
const TABLE_IDS: u64 = 1 << 26;

/// Ids that text turns into.
const N_IDS: f64 = 128_000.0;

/// Bytes that the limits are measured with, again and again.
const CHUNK: usize = 256 << 20;

const LANGS: [&str; 4] = ["en", "de", "zh", ""];

/// The mix; how large a shard is comes behind it.
const MIX: &str = r#"
[mix]
name = "speed"
seed = 1
[[source]]
name = "made-up"
run = "made-up"
[[group]]
name = "all"
split = "lang"
max_epochs = 1
[[phase]]
name = "main"
tokens = "all"
mix = "natural"
context = 8192
[shards]
packing = "best_fit"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [n_documents, n_tokens, shard_tokens, folder] = arguments.as_slice() else {
        return Err("usage: mix_speed N_DOCUMENTS N_TOKENS SHARD_TOKENS FOLDER".into());
    };
    let folder = Path::new(folder);
    let packing = packing(n_documents.parse()?);
    let store = LocalStore::open(folder.join("run"))?;
    let made = Made::new(&store, n_tokens.parse()?)?;
    let limits = limits(folder, made.n_tokens * 4)?;
    let read_seconds = read(&store, &made.manifest)?;
    let source = TokenStore {
        name: "made-up".to_owned(),
        run: "made-up".to_owned(),
        store: Box::new(LocalStore::open(folder.join("run"))?),
        manifest: made.manifest.clone(),
    };
    let text = format!("{MIX}shard_tokens = {shard_tokens}\n");
    let mix = Mix::parse(&text, "speed.toml").map_err(|error| error.to_string())?;
    let plan = Plan::of_phases("speed".to_owned(), text, 1 << 30, mix_phases(&mix, vec![source])?);
    let memory = Memory::default();
    let reports = run::run(
        &plan,
        &store,
        Options { threads: 1, timings: true, limits: Limits::Ignored, keep_going: false },
        &memory,
    )?;
    let peaks = memory.0.into_inner()?;
    let key = &reports.last().ok_or("no phases")?.manifest.parts[0].objects["dataset"].key;
    let dataset = Dataset::read(&store, key)?;
    let started = thread_cpu_seconds();
    export(&store, &dataset, &folder.join("export"), Form::Megatron, &mut |_| {})?;
    let export_seconds = thread_cpu_seconds() - started;
    let phases: Vec<Value> = reports.iter().zip(peaks).map(|(report, peak)| phase(report, peak)).collect();
    let places = dataset.n_sequences * CONTEXT;
    println!(
        "{}",
        json!({
            "packing": packing,
            "limits": limits,
            "store": {"n_documents": made.n_documents, "n_tokens": made.n_tokens, "bytes": made.bytes(),
                "write_seconds": made.seconds, "read_seconds": read_seconds},
            "phases": phases,
            "dataset": {"n_documents": dataset.n_documents, "n_tokens": dataset.n_tokens, "n_shards": dataset.n_shards(),
                "padding": places.saturating_sub(dataset.n_tokens) as f64 / places.max(1) as f64,
                "export_seconds": export_seconds},
        })
    );
    Ok(())
}

/// Numbers that look random and are the same everywhere: SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Above 0, and 1 at most.
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 1.0) / (1u64 << 53) as f64
    }

    /// Tokens of a document.
    fn length(&mut self) -> u64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        (MEDIAN.ln() + SIGMA * normal).exp().round().max(1.0) as u64
    }
}

/// Best fit alone, on documents with their end tokens.
fn packing(n_documents: u64) -> Value {
    let mut random = Random(SEED);
    let lengths: Vec<u64> = (0..n_documents).map(|_| random.length() + 1).collect();
    let started = thread_cpu_seconds();
    let packed = pack(&lengths, CONTEXT, Packing::BestFit, Long::Fragment);
    let seconds = thread_cpu_seconds() - started;
    json!({
        "n_documents": n_documents,
        "n_tokens": packed.n_tokens(),
        "n_pieces": packed.pieces.len(),
        "n_sequences": packed.n_sequences(),
        "padding": packed.padding(CONTEXT),
        "seconds": seconds,
    })
}

/// A token store as the phase `tokens` leaves it.
struct Made {
    manifest: Manifest,
    n_documents: u64,
    n_tokens: u64,
    /// For writing the tables alone.
    seconds: f64,
}

/// A document: key, id, and where its ids lie in those of the table.
type Document = (u64, DocId, Range<usize>);

impl Made {
    fn new(store: &LocalStore, n_tokens: u64) -> Result<Made, Box<dyn Error>> {
        let mut random = Random(SEED);
        // Half of all ids are among the first few hundred, as with words.
        let frequent: Vec<u32> = (0..1 << 16).map(|_| (random.unit() * N_IDS.ln()).exp() as u32 - 1).collect();
        let card = card(store)?;
        let mut made = Made { manifest: Manifest::default(), n_documents: 0, n_tokens: 0, seconds: 0.0 };
        made.manifest.phase = "tokens".to_owned();
        while made.n_tokens < n_tokens {
            let (mut documents, mut ids): (Vec<Document>, Vec<u32>) = (Vec::new(), Vec::new());
            while (ids.len() as u64) < TABLE_IDS.min(n_tokens - made.n_tokens) {
                let (start, length) = (ids.len(), random.length());
                ids.extend((0..length).map(|_| frequent[(random.bits() >> 48) as usize]));
                let id = DocId::from_position("made-up", made.n_documents);
                documents.push((shuffle_key(SEED, 0, id), id, start..ids.len()));
                made.n_documents += 1;
            }
            documents.sort_by_key(|(key, id, _)| (*key, *id));
            made.n_tokens += ids.len() as u64;
            let started = thread_cpu_seconds();
            let table = write_table(store, &documents, &ids)?;
            made.seconds += thread_cpu_seconds() - started;
            let label = format!("table {:05}", made.manifest.parts.len());
            made.manifest.parts.push(Commit {
                task: label.clone(),
                label,
                objects: [("tokens-00000".to_owned(), table), ("tokenizer".to_owned(), card.clone())].into(),
                tally: json!({}),
                requests: Requests::default(),
            });
        }
        Ok(made)
    }

    /// Bytes of all tables.
    fn bytes(&self) -> u64 {
        self.manifest.parts.iter().map(|part| part.objects["tokens-00000"].bytes).sum()
    }
}

/// Stores what is to be known of the vocabulary.
fn card(store: &LocalStore) -> Result<ObjectRef, Box<dyn Error>> {
    let card = TokenizerCard {
        name: "made-up".to_owned(),
        sha256: "0".repeat(64),
        vocab_size: 128_256,
        bos: Some(128_000),
        eos: Some(128_001),
    };
    let mut spool = Spool::create(store)?;
    spool.write_all(&commit::to_json(&card)?)?;
    Ok(spool.store(store, "tokens/tokenizer", "json")?)
}

fn write_table(store: &LocalStore, documents: &[Document], ids: &[u32]) -> Result<ObjectRef, Box<dyn Error>> {
    let mut table = Table::new(Spool::create(store)?, Field::of(schema::TOKENS));
    let mut bytes = Vec::new();
    for (key, id, place) in documents {
        let ids = &ids[place.clone()];
        bytes.clear();
        ids.iter().for_each(|id| bytes.extend_from_slice(&id.to_le_bytes()));
        let n_ids = u32::try_from(ids.len())?;
        let lang = LANGS[(*key % LANGS.len() as u64) as usize];
        let row = table.row().u64(*key).id(*id).text(lang).text("").text("made-up").text("example.org");
        row.u32(n_ids).u64(hash64(0, &bytes)).tokens(ids).end()?;
    }
    let (spool, rows) = table.finish()?;
    Ok(ObjectRef { rows, ..spool.store(store, "tokens/tokens", "parquet")? })
}

/// Seconds for reading what a scatter reads of every table, and doing nothing with it.
fn read(store: &LocalStore, manifest: &Manifest) -> Result<f64, Box<dyn Error>> {
    let started = thread_cpu_seconds();
    for part in &manifest.parts {
        let columns = ["key", "id", "lang", "kind", "domain", "content", "tokens"];
        for batch in Batches::open(store, &part.objects["tokens-00000"].key, &columns)? {
            std::hint::black_box(batch?.num_rows());
        }
    }
    Ok(thread_cpu_seconds() - started)
}

/// Seconds for the same number of bytes: copied, hashed, and written to a file that is synced.
fn limits(folder: &Path, n_bytes: u64) -> Result<Value, Box<dyn Error>> {
    let mut random = Random(SEED);
    let mut source = Vec::with_capacity(CHUNK);
    while source.len() < CHUNK {
        source.extend_from_slice(&random.bits().to_le_bytes());
    }
    // Pages are touched once before it counts.
    let mut copy = source.clone();
    let n_chunks = n_bytes.div_ceil(CHUNK as u64);
    let memcpy = repeat(n_chunks, || {
        copy.copy_from_slice(&source);
        std::hint::black_box(&copy);
    });
    let sha256 = repeat(n_chunks, || {
        std::hint::black_box(sha256_hex(&[&source[..]]));
    });
    let mut digester = Digester::new();
    let xxh3 = repeat(n_chunks, || digester.update(&source));
    std::hint::black_box(digester.hex());
    let path = folder.join("plain");
    let mut file = std::fs::File::create(&path)?;
    let (clock, started) = (Instant::now(), thread_cpu_seconds());
    for _ in 0..n_chunks {
        file.write_all(&source)?;
    }
    file.sync_all()?;
    let (write, write_clock) = (thread_cpu_seconds() - started, clock.elapsed().as_secs_f64());
    std::fs::remove_file(&path)?;
    Ok(json!({
        "bytes": n_chunks * CHUNK as u64,
        "memcpy": memcpy,
        "sha256": sha256,
        "xxh3": xxh3,
        "write": write,
        "write_clock": write_clock,
    }))
}

/// Seconds for doing something so many times.
fn repeat(n: u64, mut work: impl FnMut()) -> f64 {
    let started = thread_cpu_seconds();
    (0..n).for_each(|_| work());
    thread_cpu_seconds() - started
}

/// What a phase came to; `peak` is the most memory that the process had while it ran, in bytes.
fn phase(report: &PhaseReport, peak: u64) -> Value {
    let parts = &report.manifest.parts;
    let mut requests = Requests::default();
    parts.iter().for_each(|part| requests.add(&part.requests));
    let objects = || parts.iter().flat_map(|part| &part.objects);
    let uses = || objects().filter(|(name, _)| name.starts_with("uses-"));
    json!({
        "name": report.name,
        "n_tasks": parts.len(),
        "seconds": report.cpu_seconds.values().sum::<f64>(),
        "n_objects": objects().count(),
        "bytes": objects().map(|(_, object)| object.bytes).sum::<u64>(),
        "n_uses": uses().count(),
        "uses_bytes": uses().map(|(_, object)| object.bytes).sum::<u64>(),
        "get": requests.get,
        "put": requests.put,
        "peak_bytes": peak,
    })
}

/// The peak of memory of every phase.
#[derive(Default)]
struct Memory(Mutex<Vec<u64>>);

impl Watch for Memory {
    fn phase(&self, _: &str, _: usize, _: &[&Task], _: &Arc<AtomicU64>) {
        // The kernel forgets the peak so far; where it may not, the peaks are those of all phases before, too.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
    }

    fn task(&self, _: &Task) {}

    fn phase_end(&self) {
        self.0.lock().expect("no other thread has panicked").push(peak_rss());
    }
}

/// The most memory that this process has had, from the kernel.
fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes * 1024)
}
