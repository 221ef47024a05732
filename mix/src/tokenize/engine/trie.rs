//! The longest token a text begins with: a trie over all tokens in two overlaid arrays (a double array).
//!
//! A node is its *base*; the child by byte `b` lies in slot `base ^ b`, and is one only if the slot says it was
//! reached by `b`. No two nodes have the same base, so a slot belongs to one node. (Aoe, IEEE Trans. Software Eng.
//! 15(9), 1989; unique bases as in the crate `daachorse`.)

use super::pairs::NONE;

/// Slots in a block; children of a node lie in one block.
const BLOCK: usize = 256;
/// Blocks in which free slots are still looked for.
const OPEN_BLOCKS: usize = 16;
/// The label of a slot without a node.
const NO_LABEL: u64 = 0x100;
/// The value of a node without a token.
const NO_VALUE: u64 = (1 << 21) - 1;

/// The trie. A slot holds, from the lowest bit: 21 bits number of the token, 9 bits label, 34 bits base.
pub struct Trie {
    slots: Vec<u64>,
    root: usize,
}

impl Trie {
    /// Builds the trie from tokens in the order of their bytes, none of them empty or given twice, with their numbers.
    pub fn new(tokens: &[(&[u8], u32)]) -> Trie {
        debug_assert!(tokens.is_sorted_by(|a, b| a.0 < b.0), "tokens are sorted and differ");
        // Block 0 stays empty: leaves have base 0.
        let mut trie = Trie { slots: vec![NO_LABEL << 21 | NO_VALUE; BLOCK], root: 0 };
        let mut blocks = Blocks::default();
        // Ranges of tokens that share their first `depth` bytes, and the slot of that node.
        let mut nodes: Vec<(usize, usize, usize, Option<usize>)> = vec![(0, tokens.len(), 0, None)];
        let mut next = 0;
        let mut children: Vec<(u8, usize)> = Vec::new();
        while let Some(&(mut first, end, depth, slot)) = nodes.get(next) {
            next += 1;
            children.clear();
            let mut value = NO_VALUE;
            while first < end {
                let (bytes, number) = tokens[first];
                match bytes.get(depth) {
                    None => value = u64::from(number),
                    Some(&byte) if children.last().is_none_or(|(last, _)| *last != byte) => {
                        children.push((byte, first));
                    }
                    Some(_) => {}
                }
                first += 1;
            }
            let base = if children.is_empty() { 0 } else { blocks.place(&children, &mut trie.slots) };
            match slot {
                None => trie.root = base,
                Some(slot) => {
                    let label = (trie.slots[slot] >> 21) & 0x1FF;
                    trie.slots[slot] = (base as u64) << 30 | label << 21 | value;
                }
            }
            for (i, &(byte, first)) in children.iter().enumerate() {
                let end = children.get(i + 1).map_or(end, |(_, first)| *first);
                nodes.push((first, end, depth + 1, Some(base ^ usize::from(byte))));
            }
        }
        trie
    }

    /// Number of the longest token that `bytes` begin with; [`NONE`] when there is none.
    #[inline(always)]
    pub fn longest(&self, bytes: &[u8]) -> u32 {
        let (mut node, mut best) = (self.root, NONE);
        for &byte in bytes {
            let slot = self.slots.get(node ^ usize::from(byte)).copied().unwrap_or(NO_LABEL << 21);
            if (slot >> 21) & 0x1FF != u64::from(byte) {
                break;
            }
            node = (slot >> 30) as usize;
            let value = slot & NO_VALUE;
            best = if value == NO_VALUE { best } else { value as u32 };
        }
        best
    }
}

/// Where slots and bases are free.
#[derive(Default)]
struct Blocks {
    /// Number of the block, its free slots, and the bases in it that no node has yet.
    open: Vec<(usize, Bits, Bits)>,
}

impl Blocks {
    /// Finds a base for a node with these children, and marks their slots with their labels.
    fn place(&mut self, children: &[(u8, usize)], slots: &mut Vec<u64>) -> usize {
        let fits = |free: &Bits, low: u8| children.iter().all(|(byte, _)| free.has(low ^ byte));
        let first = children[0].0;
        let found = self.open.iter().position_and(|(_, free, bases)| {
            free.iter().map(|slot| slot ^ first).find(|low| bases.has(*low) && fits(free, *low))
        });
        let (at, low) = found.unwrap_or_else(|| {
            if self.open.len() == OPEN_BLOCKS {
                self.open.remove(0);
            }
            self.open.push((slots.len() / BLOCK, Bits::FULL, Bits::FULL));
            slots.resize(slots.len() + BLOCK, NO_LABEL << 21 | NO_VALUE);
            (self.open.len() - 1, 0)
        });
        let (block, free, bases) = &mut self.open[at];
        bases.clear(low);
        let base = *block * BLOCK + usize::from(low);
        for (byte, _) in children {
            free.clear(low ^ byte);
            slots[base ^ usize::from(*byte)] = u64::from(*byte) << 21 | NO_VALUE;
        }
        base
    }
}

/// A search that gives the place and what was found there.
trait PositionAnd: Iterator + Sized {
    fn position_and<T>(mut self, mut find: impl FnMut(Self::Item) -> Option<T>) -> Option<(usize, T)> {
        let mut at = 0;
        self.find_map(|item| {
            at += 1;
            find(item).map(|found| (at - 1, found))
        })
    }
}

impl<I: Iterator> PositionAnd for I {}

/// A set of bytes.
struct Bits([u64; 4]);

impl Bits {
    const FULL: Bits = Bits([u64::MAX; 4]);

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    fn clear(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] &= !(1 << (byte & 63));
    }

    fn iter(&self) -> impl Iterator<Item = u8> {
        let words = self.0.into_iter().zip([0, 64, 128, 192]);
        words.flat_map(|(mut word, first)| {
            std::iter::from_fn(move || {
                let low = (word != 0).then(|| word.trailing_zeros() as u8)?;
                word &= word - 1;
                Some(first + low)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use tokenmill_core::hash::hash64;

    #[test]
    fn the_longest_token_is_found_as_by_trying_all() {
        let mut tokens: BTreeMap<Vec<u8>, u32> = (0..=255u8).map(|byte| (vec![byte], u32::from(byte))).collect();
        for seed in 0..4_000u64 {
            let n = 2 + hash64(seed, b"n") % 6;
            let token = (0..n).map(|at| (hash64(seed, &at.to_le_bytes()) % 9) as u8 * 31);
            let number = tokens.len() as u32;
            tokens.entry(token.collect()).or_insert(number);
        }
        let sorted: Vec<(&[u8], u32)> = tokens.iter().map(|(token, number)| (token.as_slice(), *number)).collect();
        let trie = Trie::new(&sorted);
        for (token, number) in &tokens {
            assert_eq!(trie.longest(token), *number);
        }
        for seed in 10_000..14_000u64 {
            let text: Vec<u8> = (0..9u64).map(|at| (hash64(seed, &at.to_le_bytes()) % 10) as u8 * 31).collect();
            let want = (1..=text.len()).rev().find_map(|n| tokens.get(&text[..n]));
            assert_eq!(Some(trie.longest(&text)).as_ref(), want);
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_fits() {
        let trie = Trie::new(&[(b"ab", 7), (b"abcd", 8), (&[0], 9)]);
        for (text, number) in [("ab", 7), ("abc", 7), ("abcd", 8), ("a", NONE), ("", NONE), ("b", NONE), ("\0\0", 9)] {
            assert_eq!(trie.longest(text.as_bytes()), number, "{text:?}");
        }
        assert_eq!(Trie::new(&[]).longest(b"a"), NONE);
    }
}
