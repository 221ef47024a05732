//! Checks a manifest against itself, so that nobody who reads one has to doubt its numbers.

use super::dataset::{Dataset, FORMAT, Shard, TrainingPhase, VERSION};
use super::megatron::{Dtype, index_bytes};
use super::samples;
use crate::pack::Packing;
use std::collections::BTreeSet;

/// The names, sizes and sums of a manifest.
pub(super) fn check(dataset: &Dataset) -> Result<(), String> {
    if (dataset.version, dataset.format.as_str()) != (VERSION, FORMAT) {
        return Err(format!("format `{}` of version `{}`", dataset.format, dataset.version));
    }
    let dtype = Dtype::of_name(&dataset.dtype).ok_or_else(|| format!("the dtype is `{}`", dataset.dtype))?;
    if dataset.tokenizer.vocab_size > 1 << 16 && dtype == Dtype::U16 {
        return Err(format!("`uint16` for a vocabulary of `{}`", dataset.tokenizer.vocab_size));
    }
    let mut names = BTreeSet::new();
    for phase in &dataset.phases {
        let at = |why: String| format!("phase `{}`: {why}", phase.name);
        if !names.insert(&phase.name) {
            return Err(at("there are two of this name".to_owned()));
        }
        check_phase(phase, dataset.packing, dtype).map_err(at)?;
    }
    let sum = |count: fn(&TrainingPhase) -> u64| sum(&dataset.phases, count);
    same("documents", dataset.n_documents, sum(|phase| phase.n_documents))?;
    same("tokens", dataset.n_tokens, sum(|phase| phase.n_tokens))?;
    same("sequences", dataset.n_sequences, sum(|phase| phase.n_sequences))
}

fn check_phase(phase: &TrainingPhase, packing: Packing, dtype: Dtype) -> Result<(), String> {
    // It is part of the names of exported files.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if phase.name.is_empty() || phase.name.starts_with('.') || !phase.name.chars().all(is_plain) {
        return Err("the name has other characters than letters, digits, `.`, `_` and `-`".to_owned());
    }
    packing.check(phase.context).map_err(|error| error.message)?;
    for (number, shard) in phase.shards.iter().enumerate() {
        check_shard(shard, phase.context, dtype).map_err(|why| format!("shard `{number}`: {why}"))?;
    }
    let shards = |count: fn(&Shard) -> u64| sum(&phase.shards, count);
    same("documents", phase.n_documents, shards(|shard| shard.n_documents))?;
    same("pieces", phase.n_pieces, shards(|shard| shard.n_pieces))?;
    same("tokens", phase.n_tokens, shards(|shard| shard.n_tokens))?;
    same("sequences", phase.n_sequences, shards(|shard| shard.n_sequences))?;
    if phase.groups.is_empty() {
        return Ok(());
    }
    same("documents of groups", phase.n_documents, sum(&phase.groups, |group| group.n_documents))?;
    same("tokens of groups", phase.n_tokens, sum(&phase.groups, |group| group.n_tokens))
}

fn check_shard(shard: &Shard, context: u64, dtype: Dtype) -> Result<(), String> {
    for (ending, object) in shard.files() {
        let is_sound = !object.key.contains('\\') && object.key.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_sound {
            return Err(format!("`{}` is not a key", object.key));
        }
        // The table of pieces is named by its content in a run.
        if ending != "pieces.parquet" && object.key != format!("{}.{ending}", shard.prefix) {
            return Err(format!("`{}` is not `{}.{ending}`", object.key, shard.prefix));
        }
        if !is_hex(&object.digest, 32) {
            return Err(format!("`{}` is not the digest of `{}`", object.digest, object.key));
        }
    }
    for digest in [&shard.sha256.bin, &shard.sha256.idx, &shard.sha256.samples] {
        if !is_hex(digest, 64) {
            return Err(format!("`{digest}` is not a sha256"));
        }
    }
    same("bytes of token ids", shard.bin.bytes, shard.n_tokens.saturating_mul(dtype.bytes() as u64))?;
    same("bytes of the index", shard.idx.bytes, index_bytes(shard.n_pieces))?;
    same("bytes of the sequences", shard.samples.bytes, samples::file_bytes(shard.n_sequences))?;
    if shard.n_pieces < shard.n_documents || shard.n_sequences > shard.n_tokens {
        return Err("there are more documents than pieces, or more sequences than tokens".to_owned());
    }
    if context > 0 && shard.n_tokens > shard.n_sequences.saturating_mul(context) {
        return Err(format!("`{}` sequences cannot hold `{}` tokens", shard.n_sequences, shard.n_tokens));
    }
    Ok(())
}

fn is_hex(digest: &str, digits: usize) -> bool {
    digest.len() == digits && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn sum<T>(items: &[T], count: fn(&T) -> u64) -> u64 {
    items.iter().map(count).fold(0, u64::saturating_add)
}

fn same(what: &str, stated: u64, found: u64) -> Result<(), String> {
    if stated == found { Ok(()) } else { Err(format!("{what}: `{stated}` are stated, `{found}` follow from the rest")) }
}
