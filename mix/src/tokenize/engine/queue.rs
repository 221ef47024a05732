//! Merging as it is defined, earliest merge first and leftmost among equals, in `n log n` by a queue of candidates.
//!
//! It is what the search is measured by in tests; texts are not encoded with it.

use super::pairs::NONE;
use super::rules::Rules;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A merge that may come: what it makes, where, and of what.
type Candidate = Reverse<(u32, usize, u32, u32)>;

/// Replaces `tokens` by the numbers of the tokens of a piece.
pub fn merge(rules: &Rules, piece: &[u8], tokens: &mut Vec<u32>) {
    tokens.clear();
    tokens.extend(piece.iter().map(|byte| u32::from(*byte)));
    let n = tokens.len();
    // Neighbours of every token that is left; a token stands where its first byte is.
    let mut next: Vec<usize> = (1..=n).collect();
    let mut previous: Vec<usize> = (0..n).map(|at| at.wrapping_sub(1)).collect();
    let mut queue: BinaryHeap<Candidate> = BinaryHeap::new();
    let push = |queue: &mut BinaryHeap<Candidate>, at: usize, left: u32, right: u32| match rules.pairs.merged(left, right) {
        NONE => {}
        merged => queue.push(Reverse((merged, at, left, right))),
    };
    for at in 1..n {
        push(&mut queue, at - 1, tokens[at - 1], tokens[at]);
    }
    while let Some(Reverse((merged, at, left, right))) = queue.pop() {
        let second = next[at];
        // One of the two is gone, or has become another.
        if tokens[at] != left || second >= n || tokens[second] != right {
            continue;
        }
        tokens[at] = merged;
        tokens[second] = NONE;
        next[at] = next[second];
        if let Some(after) = previous.get_mut(next[at]) {
            *after = at;
            push(&mut queue, at, merged, tokens[next[at]]);
        }
        if let Some(before) = tokens.get(previous[at]) {
            push(&mut queue, previous[at], *before, merged);
        }
    }
    tokens.retain(|token| *token != NONE);
}

#[cfg(test)]
mod tests {
    use super::super::tests::{made_merges, made_text, shuffle};
    use super::*;

    /// The definition, word for word.
    fn slow(rules: &Rules, piece: &[u8]) -> Vec<u32> {
        let mut tokens: Vec<u32> = piece.iter().map(|byte| u32::from(*byte)).collect();
        loop {
            let pairs = tokens.windows(2).enumerate();
            let best = pairs.map(|(at, pair)| (rules.pairs.merged(pair[0], pair[1]), at)).min();
            match best {
                Some((merged, at)) if merged != NONE => {
                    tokens[at] = merged;
                    tokens.remove(at + 1);
                }
                _ => return tokens,
            }
        }
    }

    #[test]
    fn equals_the_definition() {
        for seed in 0..30 {
            let mut merges = made_merges(seed, 100);
            if seed % 2 == 1 {
                shuffle(&mut merges, seed);
            }
            let merges: Vec<(&[u8], &[u8])> = merges.iter().map(|(l, r)| (l.as_slice(), r.as_slice())).collect();
            let rules = Rules::new(&merges, |_| Some(0)).unwrap();
            let mut tokens = Vec::new();
            for n in 0..200u64 {
                let text = made_text(seed * 999 + n, n as usize % 60);
                merge(&rules, text.as_bytes(), &mut tokens);
                assert_eq!(tokens, slow(&rules, text.as_bytes()), "{text}");
            }
        }
    }
}
