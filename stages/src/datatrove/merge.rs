//! spaCy's last pass: tokens that stand side by side and spell an exception become that exception.
//!
//! So `below:)` ends in `:)`, and the `a.` of `x-a.` is one word. The pass looks for the tokens that the rules alone
//! would make of an exception, the longest first. Tokens with one space between them match as well; nothing becomes of
//! them, but what overlaps with them is left alone.

use super::facts::{FACTS, Facts};
use super::words::{Splitter, Token, split_by_rules};
use std::sync::LazyLock;

/// All exceptions that the rules split.
pub(super) static MERGES: LazyLock<Merges> = LazyLock::new(|| Merges::new(&FACTS));

/// Exceptions as the rules split them, sorted by their tokens.
pub(super) struct Merges {
    patterns: Vec<Vec<Box<str>>>,
    /// A bit for every pair of the first bytes of the first two tokens.
    pairs: Vec<u64>,
    /// Whether a pattern has one token only.
    has_single: bool,
}

/// Tokens `start..end` that match.
#[derive(Clone, Copy)]
struct Match {
    start: usize,
    end: usize,
}

impl Merges {
    fn new(facts: &Facts) -> Merges {
        let mut merges = Merges { patterns: Vec::new(), pairs: vec![0; 1 << 10], has_single: false };
        for exception in facts.exceptions.iter() {
            let word = &*exception.word;
            if facts.prefix(word) + facts.suffix(word) > 0 || facts.infix(word, 0).is_some() {
                let tokens = split_by_rules(facts, word);
                merges.patterns.push(tokens.iter().map(|token| token.of(word).into()).collect());
            }
        }
        merges.patterns.sort_unstable();
        for pattern in &merges.patterns {
            match pattern.as_slice() {
                [first, second, ..] => {
                    let pair = pair(first.as_bytes(), second.as_bytes());
                    merges.pairs[pair / 64] |= 1 << (pair % 64);
                }
                _ => merges.has_single = true,
            }
        }
        merges
    }

    /// Makes exceptions of the tokens that spell them.
    pub(super) fn apply(&self, text: &str, facts: &Facts, tokens: &mut Vec<Token>) {
        let mut matches = Vec::new();
        let bytes = text.as_bytes();
        for start in 0..tokens.len() {
            let next = tokens.get(start + 1).and_then(|next| bytes.get(next.start as usize..));
            let is_start = next.is_some_and(|next| {
                let pair = pair(&bytes[tokens[start].start as usize..], next);
                self.pairs[pair / 64] >> (pair % 64) & 1 == 1
            });
            if is_start || self.has_single {
                self.find(text, tokens, start, &mut matches);
            }
        }
        if !matches.is_empty() {
            replace(text, facts, tokens, choose(matches));
        }
    }

    /// Adds all matches that begin at a token.
    fn find(&self, text: &str, tokens: &[Token], start: usize, matches: &mut Vec<Match>) {
        let mut candidates = self.patterns.as_slice();
        let mut end_of_last = tokens[start].start as usize;
        for (at, token) in tokens[start..].iter().enumerate() {
            let gap = &text[end_of_last..token.start as usize];
            if !(gap.is_empty() || gap == " ") {
                return;
            }
            end_of_last = token.end as usize;
            let word = token.of(text);
            let from = candidates.partition_point(|pattern| pattern.get(at).is_none_or(|part| **part < *word));
            let to = candidates.partition_point(|pattern| pattern.get(at).is_none_or(|part| **part <= *word));
            candidates = &candidates[from..to];
            match candidates.first() {
                None => return,
                // The shortest pattern is the first.
                Some(pattern) if pattern.len() == at + 1 => matches.push(Match { start, end: start + at + 1 }),
                Some(_) => {}
            }
        }
    }
}

/// The bit of a pair of tokens.
fn pair(first: &[u8], second: &[u8]) -> usize {
    let byte = |token: &[u8]| token.first().map_or(0, |byte| usize::from(*byte));
    byte(first) << 8 | byte(second)
}

/// The longest matches that do not overlap with longer or earlier ones, from left to right.
fn choose(mut matches: Vec<Match>) -> Vec<Match> {
    matches.sort_by_key(|found| (std::cmp::Reverse(found.end - found.start), found.start));
    let mut taken = std::collections::BTreeSet::new();
    let mut chosen = Vec::new();
    for found in matches {
        if !taken.contains(&found.start) && !taken.contains(&(found.end - 1)) {
            chosen.push(found);
        }
        taken.extend(found.start..found.end);
    }
    chosen.sort_by_key(|found| found.start);
    chosen
}

/// Puts the parts of exceptions where the tokens stood that spell them.
fn replace(text: &str, facts: &Facts, tokens: &mut Vec<Token>, chosen: Vec<Match>) {
    let old = std::mem::take(tokens);
    let mut done = 0;
    for found in chosen {
        let (start, end) = (old[found.start].start as usize, old[found.end - 1].end as usize);
        if let Some(exception) = facts.exceptions.get(&text[start..end]) {
            tokens.extend_from_slice(&old[done..found.start]);
            Splitter { facts, text, tokens, with_exceptions: true }.parts(exception, start);
            done = found.end;
        }
    }
    tokens.extend_from_slice(&old[done..]);
}
