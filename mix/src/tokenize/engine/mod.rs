//! Byte-level BPE as tiktoken and `tokenizers` define it: text to ids, exactly, with one thread and no locks.
//!
//! A text is split into pieces by a pattern ([`split`]); a piece that is a token is looked up ([`words`]); any other is
//! remembered from before ([`cache`]), or its tokens are found by the merges ([`search`]). Tables are built
//! once and only read; what changes lies in a [`Scratch`] that the caller owns, of at most 5 MiB beside the longest
//! piece.

mod cache;
mod class;
mod key;
mod pairs;
#[cfg(test)]
mod queue;
mod rules;
mod search;
mod split;
#[cfg(test)]
mod tests;
mod trie;
mod words;

use super::family::Split;
use super::ranks;
use cache::{Cache, Entry};
use key::{Key, SHORT};
use pairs::NONE;
use rules::{ByBytes, Rules};
use search::Row;
use split::gpt2::Gpt2;
use split::llama3::Llama3;
use split::o200k::O200k;
use split::{Splitter, Tables};
use std::sync::atomic::{AtomicU64, Ordering};
use words::Words;

/// Pieces that are found and looked up together, so that waiting for memory overlaps.
const BLOCK: usize = 128;

/// A vocabulary ready to encode with; shared by all threads.
pub struct Bpe {
    split: Split,
    words: Words,
    rules: Rules,
    /// Unlike that of any other vocabulary in this process.
    number: u64,
}

/// What encoding remembers from text to text. Ids do not depend on it. One for each thread.
#[derive(Default)]
pub struct Scratch {
    /// The vocabulary that the cache belongs to.
    number: u64,
    cache: Cache,
    row: Row,
}

impl Bpe {
    /// Makes the tables.
    ///
    /// `tokens` are those that text may turn into, by id (no special ones); of equal ones the lowest id counts.
    /// `merges` are the two parts of every merge, the first to be made first. With `whole_words`, a piece that is a token
    /// is that token even where the merges do not lead to it, as in tiktoken and with `ignore_merges` in `tokenizers`.
    ///
    /// # Errors
    /// When a byte of UTF-8 has no token, a merge makes none, or there are too many.
    pub fn new(
        tokens: &[Option<Vec<u8>>],
        merges: &[(&[u8], &[u8])],
        split: Split,
        whole_words: bool,
    ) -> Result<Bpe, String> {
        let mut ids: ByBytes<&[u8], u32> = ByBytes::default();
        let mut all: Vec<(&[u8], u32)> = Vec::with_capacity(tokens.len());
        for (token, id) in tokens.iter().zip(0..NONE) {
            if let Some(token) = token.as_deref().filter(|token| !token.is_empty()) {
                ids.entry(token).or_insert(id);
                all.push((token, id));
            }
        }
        let rules = Rules::new(merges, |token| ids.get(token).copied())?;
        let mut row = Row::default();
        if !whole_words {
            all.retain(|(token, _)| row.find(&rules, token).len() == 1);
        }
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        Ok(Bpe { split, words: Words::new(&all)?, rules, number: NUMBER.fetch_add(1, Ordering::Relaxed) })
    }

    /// Reads a rank file (`base64 rank` lines), whose ranks are ids and priorities in one.
    ///
    /// # Errors
    /// Names the broken line, or says as [`Bpe::new`] what is missing.
    pub fn from_rank_file(file: &[u8], split: Split) -> Result<Bpe, String> {
        let tokens = ranks::parse(file)?;
        Bpe::new(&tokens, &ranks::merges(&tokens), split, true)
    }

    /// Appends the ids of `text`. Linear in the text, or nearly so; never fails.
    pub fn encode(&self, scratch: &mut Scratch, text: &str, ids: &mut Vec<u32>) {
        if scratch.number != self.number {
            scratch.cache.clear();
            scratch.row.clear();
            scratch.number = self.number;
        }
        ids.reserve(text.len() / 4);
        let tables = Tables::shared();
        match self.split {
            Split::Gpt2 => self.encode_by(Gpt2(tables), scratch, text.as_bytes(), ids),
            Split::Llama3 => self.encode_by(Llama3 { tables, whole_end: false }, scratch, text.as_bytes(), ids),
            Split::Cl100k => self.encode_by(Llama3 { tables, whole_end: true }, scratch, text.as_bytes(), ids),
            Split::O200k => self.encode_by(O200k(tables), scratch, text.as_bytes(), ids),
        }
    }

    #[inline(always)]
    fn encode_by(&self, splitter: impl Splitter, scratch: &mut Scratch, bytes: &[u8], ids: &mut Vec<u32>) {
        let mut at = 0;
        let mut ends = [0; BLOCK];
        let mut keys = [(Key::NONE, 0); BLOCK];
        let mut found = [NONE; BLOCK];
        while at < bytes.len() {
            let first = at;
            let mut n = 0;
            while n < BLOCK && at < bytes.len() {
                at = splitter.end(bytes, at);
                ends[n] = at;
                n += 1;
            }
            // What is read here is waited for together; the value only keeps the reads from being left out.
            let mut read = 0;
            let mut start = first;
            for (end, key) in ends[..n].iter().zip(&mut keys) {
                let short = Key::new(bytes, start, (end - start) & SHORT);
                *key = (short, short.hash());
                read ^= self.words.touch(key.1);
                start = *end;
            }
            let mut start = first;
            for ((end, (key, hash)), id) in ends[..n].iter().zip(&keys).zip(&mut found) {
                *id = if end - start > SHORT { NONE } else { self.words.short(*key, *hash) };
                if *id == NONE {
                    read ^= scratch.cache.touch(*hash);
                }
                start = *end;
            }
            std::hint::black_box(read);
            let mut start = first;
            for ((end, (key, hash)), id) in ends[..n].iter().zip(&keys).zip(&found) {
                if *id != NONE {
                    ids.push(*id);
                } else if end - start > SHORT {
                    self.long(scratch, bytes, start..*end, ids);
                } else {
                    self.merge(scratch, Some(Entry::short(*key, *hash)), &bytes[start..*end], ids);
                }
                start = *end;
            }
        }
    }

    #[inline(never)]
    fn long(&self, scratch: &mut Scratch, bytes: &[u8], piece: std::ops::Range<usize>, ids: &mut Vec<u32>) {
        let (id, hash) = self.words.long(&bytes[piece.clone()]);
        if id != NONE {
            return ids.push(id);
        }
        let is_kept = piece.len() <= cache::MAX_BYTES;
        let entry = is_kept.then(|| Entry::long(bytes, piece.start, piece.len(), hash));
        self.merge(scratch, entry, &bytes[piece], ids);
    }

    #[inline(never)]
    fn merge(&self, scratch: &mut Scratch, entry: Option<Entry>, piece: &[u8], ids: &mut Vec<u32>) {
        if let Some(known) = entry.as_ref().and_then(|entry| scratch.cache.get(entry)) {
            return ids.extend_from_slice(known);
        }
        let n_before = ids.len();
        let tokens = scratch.row.find(&self.rules, piece);
        ids.extend(tokens.iter().map(|token| self.rules.ids[*token as usize]));
        if let Some(entry) = entry {
            scratch.cache.put(&entry, &ids[n_before..]);
        }
    }
}
