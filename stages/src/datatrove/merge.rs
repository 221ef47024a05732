//! spaCy's last pass: tokens that stand side by side and spell an exception become that exception.
//!
//! So `below:)` ends in `:)`, and the `a.` of `x-a.` is one word. The pass looks for the tokens that the rules alone
//! would make of an exception, the longest first. Tokens with one space between them match as well; nothing becomes of
//! them, but what overlaps with them is left alone.

use super::exceptions::hash;
use super::facts::{FACTS, Facts};
use super::words::{Splitter, Token, split_by_rules};
use std::sync::LazyLock;

/// All exceptions that the rules split.
pub(super) static MERGES: LazyLock<Merges> = LazyLock::new(|| Merges::new(&FACTS));

/// Exceptions as the rules split them, sorted by their tokens.
pub(super) struct Merges {
    patterns: Vec<Vec<Box<str>>>,
    /// Bits for the first bytes of the first two tokens: most pairs of words are none of these.
    initials: Bits,
    /// Bits for the hashes of the first two tokens; few other pairs share one.
    pairs: Bits,
}

/// Tokens `start..end` that match.
#[derive(Clone, Copy)]
struct Match {
    start: usize,
    end: usize,
}

impl Merges {
    fn new(facts: &Facts) -> Merges {
        let mut merges = Merges { patterns: Vec::new(), initials: Bits::default(), pairs: Bits::default() };
        for exception in facts.exceptions.iter() {
            let word = &*exception.word;
            if facts.prefix(word) + facts.suffix(word) > 0 || facts.infix(word, 0).is_some() {
                let tokens = split_by_rules(facts, word);
                merges.patterns.push(tokens.iter().map(|token| token.of(word).into()).collect());
            }
        }
        merges.patterns.sort_unstable();
        for pattern in &merges.patterns {
            if let [first, second, ..] = pattern.as_slice() {
                merges.initials.set(initials(first.as_bytes(), second.as_bytes()));
                merges.pairs.set(pair(first, second));
            }
        }
        merges
    }

    /// Makes exceptions of the tokens that spell them.
    pub(super) fn apply(&self, text: &str, facts: &Facts, tokens: &mut Vec<Token>) {
        let mut matches = Vec::new();
        let bytes = text.as_bytes();
        for (start, two) in tokens.windows(2).enumerate() {
            let both = initials(&bytes[two[0].start as usize..], &bytes[two[1].start as usize..]);
            if self.initials.has(both) && self.pairs.has(pair(two[0].of(text), two[1].of(text))) {
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

/// A set of 16-bit numbers.
struct Bits(Box<[u64; 1 << 10]>);

impl Default for Bits {
    fn default() -> Bits {
        Bits(Box::new([0; 1 << 10]))
    }
}

impl Bits {
    fn set(&mut self, number: u16) {
        self.0[usize::from(number / 64)] |= 1 << (number % 64);
    }

    fn has(&self, number: u16) -> bool {
        self.0[usize::from(number / 64)] >> (number % 64) & 1 == 1
    }
}

/// The first bytes of two tokens.
fn initials(first: &[u8], second: &[u8]) -> u16 {
    let byte = |token: &[u8]| token.first().copied().unwrap_or(0);
    u16::from_le_bytes([byte(second), byte(first)])
}

/// A hash of two tokens.
fn pair(first: &str, second: &str) -> u16 {
    (hash(first.as_bytes()) ^ hash(second.as_bytes()).rotate_left(20)) as u16
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_spells_an_exception_in_parts() {
        assert_eq!(MERGES.patterns.len(), 365);
        for pattern in &MERGES.patterns {
            // What the rules leave whole the list leaves whole, so the pass need not look for single tokens.
            let n_parts = FACTS.exceptions.get(&pattern.concat()).unwrap().parts().count();
            assert!(pattern.len() > 1 || n_parts == 1, "{pattern:?}");
        }
    }

    #[test]
    fn the_longest_match_wins_and_hides_what_overlaps() {
        let found = |ranges: &[(usize, usize)]| {
            let matches = ranges.iter().map(|(start, end)| Match { start: *start, end: *end }).collect();
            choose(matches).iter().map(|found| (found.start, found.end)).collect::<Vec<_>>()
        };
        assert_eq!(found(&[(0, 2), (1, 4), (3, 5), (6, 8)]), [(1, 4), (6, 8)]);
        assert_eq!(found(&[(0, 2), (1, 3), (2, 4)]), [(0, 2)]);
    }
}
