//! Encodes sequences of ids with one device and says how long it took: the measuring program behind the benchmarks.
//!
//! `encode MODEL_FOLDER IDS_FILE OUT_FILE [--device cpu|cpu-int8|cuda|cuda-tuned] [--repeat N] [--budget T] [--profile]`
//!
//! The ids file holds little-endian 32-bit numbers: how many sequences, the length of each, then all ids. The out file gets
//! the logits of all heads of each sequence, in order, as little-endian float32. One line of JSON tells the time of the
//! repeated runs, which follow one that is not counted.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measuring program reads files and the clock, and prints"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokenmill_gpu_scoring::batcher::{Batch, pack};
use tokenmill_gpu_scoring::cpu::{CpuDevice, CpuEncoder, Precision};
use tokenmill_gpu_scoring::cuda::{CudaDevice, Options};
use tokenmill_gpu_scoring::device::Device;
use tokenmill_gpu_scoring::encoder::Encoder;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut plain = Vec::new();
    let (mut kind, mut repeat, mut budget, mut is_profiled) = ("cpu".to_owned(), 3usize, None, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
        match word.as_str() {
            "--device" => kind = value()?,
            "--profile" => is_profiled = true,
            "--repeat" => repeat = value()?.parse()?,
            "--budget" => budget = Some(value()?.parse::<usize>()?),
            _ => plain.push(word),
        }
    }
    let [folder, ids, out] = plain.as_slice() else {
        return Err(
            "usage: encode MODEL_FOLDER IDS_FILE OUT_FILE [--device cpu|cpu-int8|cuda|cuda-tuned] [--repeat N] [--budget T] [--profile]"
                .into(),
        );
    };
    let mut sequences = read_ids(Path::new(ids))?;
    let config = std::fs::read(Path::new(folder).join("config.json"))?;
    let weights: Arc<[u8]> = std::fs::read(Path::new(folder).join("model.safetensors"))?.into();
    let encoder = Arc::new(Encoder::read(&config, &weights, folder).map_err(|error| error.to_string())?);
    drop(weights);
    let mut device = open(&kind, &encoder)?;
    let budget = budget.unwrap_or(device.budget()).min(device.budget());
    sequences.iter_mut().for_each(|ids| ids.truncate(encoder.config.max_tokens));
    let batches = pack(&sequences, budget);
    let features = encode(device.as_mut(), &batches)?;
    let busy = |device: &dyn Device| device.busy_seconds().unwrap_or(0.0);
    let (begin, cpu_begin, busy_begin) = (Instant::now(), cpu_seconds(), busy(device.as_ref()));
    for _ in 0..repeat {
        if encode(device.as_mut(), &batches)? != features {
            return Err("a second run gave other features".into());
        }
    }
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), cpu_seconds() - cpu_begin);
    let busy_seconds = busy(device.as_ref()) - busy_begin;
    write_logits(&encoder, &features, Path::new(out))?;
    let n_tokens = batches.iter().map(|batch| batch.ids.len()).sum::<usize>() * repeat;
    let line = serde_json::json!({
        "device": device.name(), "sequences": sequences.len() * repeat, "tokens": n_tokens, "seconds": seconds,
        "cpu_seconds": cpu, "busy_seconds": busy_seconds, "features": encoder.n_features(),
        "kernels": if is_profiled { profile(&kind, &encoder, &batches)? } else { serde_json::Value::Null },
    });
    println!("{line}");
    Ok(())
}

fn open(kind: &str, encoder: &Arc<Encoder>) -> Result<Box<dyn Device>, Failure> {
    let cpu = |precision| -> Result<Box<dyn Device>, Failure> {
        Ok(Box::new(CpuDevice::new(Arc::new(CpuEncoder::new(Arc::clone(encoder), precision)?))?))
    };
    match kind {
        "cpu" => cpu(Precision::F32),
        "cpu-int8" => cpu(Precision::Int8),
        "cuda" | "cuda-tuned" => Ok(Box::new(open_gpu(kind, encoder)?)),
        other => Err(format!("`--device {other}`: it is `cpu`, `cpu-int8`, `cuda` or `cuda-tuned`").into()),
    }
}

fn open_gpu(kind: &str, encoder: &Encoder) -> Result<CudaDevice, Failure> {
    Ok(CudaDevice::with(encoder, 0, Options { tune: kind == "cuda-tuned" })?)
}

/// Seconds of each kind of kernel in the first batch, run by itself; the first time does not count.
fn profile(kind: &str, encoder: &Encoder, batches: &[Batch]) -> Result<serde_json::Value, Failure> {
    let mut device = open_gpu(kind, encoder)?;
    let Some(batch) = batches.first() else { return Ok(serde_json::Value::Null) };
    device.profile(batch)?;
    let seconds = device.profile(batch)?.into_iter().map(|(name, seconds)| (name.to_owned(), seconds.into()));
    Ok(serde_json::Value::Object(seconds.collect()))
}

/// All features in order, with as many batches under way as the device takes.
fn encode(device: &mut dyn Device, batches: &[Batch]) -> Result<Vec<f32>, Failure> {
    let mut features = Vec::new();
    let mut under_way = 0;
    for batch in batches {
        if under_way == device.depth() {
            features.extend(device.finish()?);
            under_way -= 1;
        }
        device.start(batch)?;
        under_way += 1;
    }
    for _ in 0..under_way {
        features.extend(device.finish()?);
    }
    Ok(features)
}

fn read_ids(path: &Path) -> Result<Vec<Vec<u32>>, Failure> {
    let bytes = std::fs::read(path)?;
    let mut numbers = bytes.as_chunks().0.iter().map(|chunk| u32::from_le_bytes(*chunk));
    let n = numbers.next().ok_or("the ids file is empty")? as usize;
    let lengths: Vec<usize> = numbers.by_ref().take(n).map(|length| length as usize).collect();
    let sequences: Vec<Vec<u32>> = lengths.iter().map(|length| numbers.by_ref().take(*length).collect()).collect();
    let is_whole = lengths.len() == n && sequences.iter().zip(&lengths).all(|(ids, length)| ids.len() == *length);
    if is_whole && numbers.next().is_none() { Ok(sequences) } else { Err("the ids file is cut off or too long".into()) }
}

fn write_logits(encoder: &Encoder, features: &[f32], path: &Path) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    for mut features in features.chunks_exact(encoder.n_features().max(1)) {
        for head in &encoder.heads {
            let (own, rest) = features.split_at(head.n_features());
            bytes.extend(head.logits(own).iter().flat_map(|logit| logit.to_le_bytes()));
            features = rest;
        }
    }
    Ok(std::fs::write(path, bytes)?)
}

/// Seconds that all threads of this process were running; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let each = tasks.map(|task| std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default());
    let nanoseconds = |stat: String| stat.split(' ').next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    let all: f64 = each.map(nanoseconds).sum();
    (if all > 0.0 { all } else { nanoseconds(stat) }) / 1e9
}
