//! The tokens of a group: its shards as one long row, read a sequence at a time.

use super::error::TrainError;
use super::files;
use super::job::{Dtype, Job};
use std::fs::File;
use std::path::PathBuf;

/// The shards of a group, end to end, over and over.
pub(super) struct Stream {
    group: String,
    dtype: Dtype,
    vocab: usize,
    context: usize,
    /// Every shard with its tokens.
    shards: Vec<(PathBuf, u64)>,
    /// Whole sequences in them.
    n_sequences: u64,
    /// The sequence that is read next.
    at: u64,
    /// Sequences that were read.
    taken: u64,
    /// The shard that is open, so that a row of sequences does not open it again and again.
    open: Option<(usize, File)>,
    bytes: Vec<u8>,
}

impl Stream {
    /// Begins at the start of the first shard.
    pub(super) fn new(job: &Job, group: &str, paths: &[PathBuf]) -> Result<Stream, TrainError> {
        let mut shards = Vec::with_capacity(paths.len());
        for path in paths {
            let (size, width) = (files::size(path)?, job.dtype.bytes() as u64);
            if !size.is_multiple_of(width) {
                let problem = format!("`{}` is not made of ids of `{width}` bytes; check `dtype`", path.display());
                return Err(TrainError::data(group, problem));
            }
            shards.push((path.clone(), size / width));
        }
        let n_tokens: u64 = shards.iter().map(|(_, n_tokens)| n_tokens).sum();
        let n_sequences = n_tokens.saturating_sub(1) / job.context as u64;
        if n_sequences == 0 {
            let wanted = job.context + 1;
            let problem = format!(
                "its shards have `{n_tokens}` tokens, a sequence needs `{wanted}`; add shards or shorten the `context`"
            );
            return Err(TrainError::data(group, problem));
        }
        Ok(Stream {
            group: group.to_owned(),
            dtype: job.dtype,
            vocab: job.model.vocab,
            context: job.context,
            shards,
            n_sequences,
            at: 0,
            taken: 0,
            open: None,
            bytes: Vec::new(),
        })
    }

    /// The name of the group.
    pub(super) fn group(&self) -> &str {
        &self.group
    }

    /// Sequences of `context` tokens, of which each shares one more token with the next.
    pub(super) fn n_sequences(&self) -> u64 {
        self.n_sequences
    }

    /// Goes to a sequence, counted on over the end.
    pub(super) fn go_to(&mut self, sequence: u64) {
        self.at = sequence % self.n_sequences;
    }

    /// The sequence that is read next.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// How often the group was read, in whole and in part.
    pub(super) fn epochs(&self) -> f64 {
        self.taken as f64 / self.n_sequences as f64
    }

    /// Puts the next sequence behind `inputs`, and the token that follows each of its tokens behind `targets`.
    pub(super) fn next(&mut self, inputs: &mut Vec<u32>, targets: &mut Vec<u32>) -> Result<(), TrainError> {
        self.fill(self.at * self.context as u64)?;
        let width = self.dtype.bytes();
        let mut before = None;
        for bytes in self.bytes.chunks_exact(width) {
            // A negative id becomes a large one, which no vocabulary has.
            let id = bytes.iter().rev().fold(0u32, |id, byte| id << 8 | u32::from(*byte));
            if id as usize >= self.vocab {
                let problem = format!("token id `{id}` is not below the `vocab` of `{}`", self.vocab);
                return Err(TrainError::data(&self.group, problem + "; take that of the tokeniser, and check `dtype`"));
            }
            if let Some(before) = before.replace(id) {
                inputs.push(before);
                targets.push(id);
            }
        }
        self.go_to(self.at + 1);
        self.taken += 1;
        Ok(())
    }

    /// Reads the bytes of a sequence and of the token behind it, from as many shards as they lie in.
    fn fill(&mut self, first: u64) -> Result<(), TrainError> {
        let width = self.dtype.bytes();
        self.bytes.resize((self.context + 1) * width, 0);
        let (mut filled, mut start) = (0, 0);
        for (number, (path, n_tokens)) in self.shards.iter().enumerate() {
            let position = first + (filled / width) as u64;
            if filled < self.bytes.len() && position < start + n_tokens {
                let skipped = position - start;
                let bytes = ((n_tokens - skipped) as usize).saturating_mul(width).min(self.bytes.len() - filled);
                let file = match &mut self.open {
                    Some((open, file)) if *open == number => file,
                    open => &mut open.insert((number, files::open(path)?)).1,
                };
                files::read_at(file, path, skipped * width as u64, &mut self.bytes[filled..filled + bytes])?;
                filled += bytes;
            }
            start += n_tokens;
        }
        Ok(())
    }
}
