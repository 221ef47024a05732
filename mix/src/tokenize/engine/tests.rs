//! Tests of the whole encoder on made vocabularies, against the definition and against the other engine.

use super::*;
use crate::tokenize::{Family, Tokenizer, byte_level, ranks};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeSet;
use tokenmill_core::hash::hash64;

const SPLITS: [Split; 4] = [Split::Gpt2, Split::Llama3, Split::Cl100k, Split::O200k];

/// Parts of texts: few letters, so that merges are many, and what the patterns treat in a way of its own.
const PARTS: [&str; 24] = [
    "a", "b", "c", "ab", "ca", "abc", "é", "中", "文", "A", " ", " ", "  ", "\n", "'s", "'S", "1", "234", ".", "...", "\t",
    "\u{a0}", "\u{301}", "🙂",
];

/// A made text of that many parts.
pub fn made_text(seed: u64, n_parts: usize) -> String {
    let part = |at: usize| PARTS[(hash64(seed, &at.to_le_bytes()) % PARTS.len() as u64) as usize];
    (0..n_parts).map(part).collect()
}

/// A made list of merges: two tokens that stand side by side in a made text, never the same token twice.
pub fn made_merges(seed: u64, n: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut tokens: Vec<Vec<u8>> = made_text(seed, 4_000).into_bytes().into_iter().map(|byte| vec![byte]).collect();
    let (mut merges, mut known) = (Vec::new(), BTreeSet::new());
    for round in 0.. {
        if merges.len() == n {
            break;
        }
        let at = (hash64(seed, &[round as u8, (round >> 8) as u8, 7]) % (tokens.len() as u64 - 1)) as usize;
        let (left, right) = (tokens[at].clone(), tokens[at + 1].clone());
        let joined = [left.as_slice(), &right].concat();
        if joined.len() < 12 && known.insert(joined.clone()) {
            let mut merged: Vec<Vec<u8>> = Vec::new();
            for token in tokens {
                match merged.last_mut() {
                    // Not every time, so that some merges lead nowhere.
                    Some(last) if *last == left && token == right && hash64(seed, &joined) % 5 != 0 => {
                        last.clone_from(&joined);
                    }
                    _ => merged.push(token),
                }
            }
            tokens = merged;
            merges.push((left, right));
        }
    }
    merges
}

/// Puts merges in another order, so that some come before those of their parts.
pub fn shuffle<T: AsRef<[u8]>, U: AsRef<[u8]>>(merges: &mut [(T, U)], seed: u64) {
    merges.sort_by_key(|(left, right)| (hash64(seed, left.as_ref()), hash64(seed, right.as_ref())));
}

/// The tokens of a piece by the definition: the earliest merge of the list, leftmost first, until there is none.
fn by_definition(merges: &[(Vec<u8>, Vec<u8>)], piece: &[u8]) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = piece.iter().map(|byte| vec![*byte]).collect();
    loop {
        let rank = |pair: &[Vec<u8>]| merges.iter().position(|(left, right)| *left == pair[0] && *right == pair[1]);
        let best = parts.windows(2).enumerate().filter_map(|(at, pair)| Some((rank(pair)?, at))).min();
        let Some((_, at)) = best else { return parts };
        let right = parts.remove(at + 1);
        parts[at].extend(right);
    }
}

/// Tokens by id: the bytes, then what merges make.
fn tokens_of(merges: &[(Vec<u8>, Vec<u8>)]) -> Vec<Option<Vec<u8>>> {
    let bytes = (0..=255u8).map(|byte| vec![byte]);
    bytes.chain(merges.iter().map(|(left, right)| [left.as_slice(), right].concat())).map(Some).collect()
}

fn borrowed(merges: &[(Vec<u8>, Vec<u8>)]) -> Vec<(&[u8], &[u8])> {
    merges.iter().map(|(left, right)| (left.as_slice(), right.as_slice())).collect()
}

fn encode(bpe: &Bpe, scratch: &mut Scratch, text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    bpe.encode(scratch, text, &mut ids);
    ids
}

#[test]
fn merge_lists_are_followed_word_for_word() {
    for seed in 0..24u64 {
        let mut merges = made_merges(seed, 150);
        if seed % 3 == 0 {
            shuffle(&mut merges, seed);
        }
        let tokens = tokens_of(&merges);
        let id_of = |token: &[u8]| tokens.iter().position(|known| known.as_deref() == Some(token)).unwrap() as u32;
        for whole_words in [false, true] {
            let bpe = Bpe::new(&tokens, &borrowed(&merges), Split::Gpt2, whole_words).unwrap();
            let mut scratch = Scratch::default();
            for n in 0..60u64 {
                // Letters only: one piece.
                let piece: String = made_text(seed << 20 | n, 14).chars().filter(|c| c.is_alphabetic()).collect();
                let want: Vec<u32> = match tokens.iter().position(|token| token.as_deref() == Some(piece.as_bytes())) {
                    Some(id) if whole_words => vec![id as u32],
                    _ => by_definition(&merges, piece.as_bytes()).iter().map(|token| id_of(token)).collect(),
                };
                assert_eq!(encode(&bpe, &mut scratch, &piece), want, "{seed} {piece}");
                assert_eq!(encode(&bpe, &mut scratch, &piece), want, "{seed} {piece}, from the cache");
            }
        }
    }
}

#[test]
fn ids_are_those_of_the_other_engine() {
    for seed in 0..6u64 {
        let tokens = tokens_of(&made_merges(seed, 300));
        let lines = tokens.iter().flatten().enumerate();
        let file: String = lines.map(|(rank, token)| format!("{} {rank}\n", STANDARD.encode(token))).collect();
        let merges = ranks::merges(&tokens);
        for (split, family) in SPLITS.into_iter().zip(["gpt2", "llama3", "cl100k", "o200k"]) {
            let other =
                Tokenizer::from_rank_file(family, Family::named(family).unwrap(), file.as_bytes()).unwrap();
            let bpe = Bpe::new(&tokens, &merges, split, true).unwrap();
            let mut scratch = Scratch::default();
            for n in 0..400u64 {
                let text = made_text(seed << 20 | n, n as usize);
                let mut want = Vec::new();
                other.encode(&text, &mut want).unwrap();
                let ids = encode(&bpe, &mut scratch, &text);
                assert_eq!(ids, want, "{family} {text:?}");
                assert_eq!(encode(&bpe, &mut Scratch::default(), &text), ids, "the cache changes nothing");
            }
        }
    }
}

#[test]
fn one_scratch_serves_two_vocabularies() {
    let (one, two) = (made_merges(1, 50), made_merges(2, 50));
    let [one, two] = [&one, &two].map(|m| Bpe::new(&tokens_of(m), &borrowed(m), Split::Llama3, true).unwrap());
    let mut scratch = Scratch::default();
    for n in 0..50 {
        let text = made_text(n, 30);
        for bpe in [&one, &two] {
            assert_eq!(encode(bpe, &mut scratch, &text), encode(bpe, &mut Scratch::default(), &text));
        }
    }
}

#[test]
fn long_runs_of_anything_are_quick() {
    let merges = made_merges(3, 200);
    let tokens = tokens_of(&merges);
    for split in SPLITS {
        let bpe = Bpe::new(&tokens, &borrowed(&merges), split, true).unwrap();
        for unit in ["a", " ", "\n", "中", "1", ".", "ab'", "\u{301}", "Aa"] {
            let text = unit.repeat(1_000_000 / unit.len());
            let ids = encode(&bpe, &mut Scratch::default(), &text);
            let n_bytes: usize = ids.iter().map(|id| tokens[*id as usize].as_ref().map_or(0, Vec::len)).sum();
            assert_eq!(n_bytes, text.len(), "{unit:?}");
        }
    }
}

#[test]
fn ids_give_the_text_back() {
    let merges = made_merges(4, 200);
    let tokens = tokens_of(&merges);
    for split in SPLITS {
        let bpe = Bpe::new(&tokens, &borrowed(&merges), split, false).unwrap();
        for n in 0..200 {
            let text = made_text(n, n as usize);
            let ids = encode(&bpe, &mut Scratch::default(), &text);
            let bytes: Vec<u8> = ids.iter().flat_map(|id| tokens[*id as usize].clone().unwrap()).collect();
            assert_eq!(String::from_utf8(bytes).unwrap(), text, "{}", byte_level::write(text.as_bytes()));
        }
    }
}
