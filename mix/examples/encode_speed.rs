//! Measures encoding by our engine and by fastokens on one thread, and compares their ids.
//!
//!     encode_speed FAMILY RANKS FILE...
//!
//! A file holds texts with a zero byte between them. Texts are cut at line ends into pieces of at most 32 KiB, because
//! fastokens gives longer ones to threads of its own. Cold is the first pass over a file with nothing remembered, warm the
//! second. Prints a line for each file and engine: MB, ids, xxh3-64 of the ids (little-endian), and MB per second of the
//! thread's CPU time (Linux only).
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measuring program"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastokens::tiktoken::{CL100K_BASE_PATTERN, O200K_BASE_PATTERN};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::error::Error;
use tokenmill_mix::tokenize::{Family, Split, Tokenizer};
use xxhash_rust::xxh3::Xxh3Default;

/// Bytes of the longest piece.
const PIECE_BYTES: usize = 32 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [family, ranks, files @ ..] = arguments.as_slice() else {
        return Err("usage: encode_speed FAMILY RANKS FILE...".into());
    };
    let family = Family::named(family).ok_or("no such family")?;
    let ranks = std::fs::read_to_string(ranks)?;
    let config = fastokens_file(&ranks, family.split)?;
    let mut total = [Figures::default(), Figures::default()];
    for file in files {
        let text = std::fs::read_to_string(file)?;
        let pieces: Vec<&str> = text.split('\0').flat_map(pieces).collect();
        let ours = Tokenizer::from_rank_file(family.name, family, ranks.as_bytes())?;
        let us = measure(&pieces, |piece, ids| ours.encode(piece, ids).expect("ours encodes"));
        let other = fastokens::Tokenizer::from_json(config.clone())?;
        let them = measure(&pieces, |piece, ids| ids.extend(other.encode_ordinary(piece).expect("fastokens encodes")));
        us.print(file, "ours");
        them.print(file, "fastokens");
        total[0].add(&us);
        total[1].add(&them);
    }
    total[0].print("all", "ours");
    total[1].print("all", "fastokens");
    Ok(())
}

/// A rank file as a `tokenizer.json`: as merges, every way to part a token into two.
fn fastokens_file(ranks: &str, split: Split) -> Result<Value, Box<dyn Error>> {
    let tokens: Vec<Vec<u8>> = ranks
        .lines()
        .map(|line| STANDARD.decode(line.split(' ').next().unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    let known: BTreeSet<&[u8]> = tokens.iter().map(Vec::as_slice).collect();
    let mut merges = Vec::new();
    for token in &tokens {
        let parts = (1..token.len()).map(|at| token.split_at(at));
        let parts = parts.filter(|(left, right)| known.contains(left) && known.contains(right));
        merges.extend(parts.map(|(left, right)| json!([written(left), written(right)])));
    }
    let vocabulary: Map<String, Value> =
        tokens.iter().zip(0..).map(|(token, id)| (written(token), json!(id))).collect();
    let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
    let by_pattern = |pattern: &str| {
        let split = json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
        json!({"type": "Sequence", "pretokenizers": [split, bytes(false)]})
    };
    let pre_tokenizer = match split {
        Split::Gpt2 => bytes(true),
        Split::Llama3 | Split::Cl100k => by_pattern(CL100K_BASE_PATTERN),
        Split::O200k => by_pattern(O200K_BASE_PATTERN),
    };
    let model = json!({"type": "BPE", "vocab": vocabulary, "merges": merges, "ignore_merges": true});
    Ok(json!({"version": "1.0", "added_tokens": [], "pre_tokenizer": pre_tokenizer, "model": model}))
}

/// Bytes in the alphabet of GPT-2.
fn written(token: &[u8]) -> String {
    let is_itself = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let shifted = |byte: u8| (0..byte).filter(|before| !is_itself(*before)).count() as u32 + 0x100;
    token
        .iter()
        .map(
            |byte| {
                if is_itself(*byte) { char::from(*byte) } else { char::from_u32(shifted(*byte)).expect("a character") }
            },
        )
        .collect()
}

/// What is measured on one file.
#[derive(Clone, Copy, Default)]
struct Figures {
    n_bytes: usize,
    n_ids: usize,
    hash: u64,
    cold: f64,
    warm: f64,
}

impl Figures {
    fn add(&mut self, other: &Figures) {
        self.n_bytes += other.n_bytes;
        self.n_ids += other.n_ids;
        self.hash ^= other.hash;
        self.cold += other.cold;
        self.warm += other.warm;
    }

    fn print(&self, file: &str, engine: &str) {
        let mb = self.n_bytes as f64 / 1e6;
        let (cold, warm) = (mb / self.cold, mb / self.warm);
        println!(
            "{file}\t{engine}\t{mb:.1} MB\t{} ids\t{:016x}\tcold {cold:.1}\twarm {warm:.1} MB/s",
            self.n_ids, self.hash
        );
    }
}

/// Encodes all pieces twice.
fn measure(pieces: &[&str], mut encode: impl FnMut(&str, &mut Vec<u32>)) -> Figures {
    let mut figures = Figures { n_bytes: pieces.iter().map(|piece| piece.len()).sum(), ..Figures::default() };
    let mut ids = Vec::new();
    for pass in 0..2 {
        let (mut seconds, mut hash) = (0.0, Xxh3Default::new());
        figures.n_ids = 0;
        for some in pieces.chunks(64) {
            ids.clear();
            let started = cpu_seconds();
            some.iter().for_each(|piece| encode(piece, &mut ids));
            seconds += cpu_seconds() - started;
            figures.n_ids += ids.len();
            ids.iter().for_each(|id| hash.update(&id.to_le_bytes()));
        }
        figures.hash = hash.digest();
        *(if pass == 0 { &mut figures.cold } else { &mut figures.warm }) = seconds;
    }
    figures
}

/// Cuts a text after line ends.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while rest.len() > PIECE_BYTES {
        let most = rest.floor_char_boundary(PIECE_BYTES);
        let cut = rest[..most].rfind('\n').map_or(most, |at| at + 1);
        let (piece, tail) = rest.split_at(cut);
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

/// CPU time of this thread: the first number of `schedstat` is nanoseconds on a processor.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split(' ').next().and_then(|n| n.parse::<f64>().ok()).expect("a number") / 1e9
}
