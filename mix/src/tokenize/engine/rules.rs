//! The merges of a vocabulary, made ready: tokens numbered by the priority of their merge, and what each consists of.
//!
//! Numbers 0 to 255 are the bytes; merge `i` of the list makes number `256 + i`. So the smaller of two numbers is the
//! earlier merge, and one table of pairs says both what arises and when.
//!
//! A token mostly has a larger number than its parts, but not always (Llama 3 has some that have not). When it is made
//! therefore follows from the largest number within it, [`Parts::latest`]: after that merge the others follow at once.

use super::pairs::{MAX_NUMBERS, NONE, Pairs};
use super::trie::Trie;
#[expect(clippy::disallowed_types, reason = "with a fixed hasher, and only looked up, never iterated")]
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use xxhash_rust::xxh3::Xxh3Default;

/// Something by bytes.
#[expect(clippy::disallowed_types, reason = "with a fixed hasher, and only looked up, never iterated")]
pub type ByBytes<K, V> = HashMap<K, V, BuildHasherDefault<Xxh3Default>>;

/// Numbers of the single bytes.
pub const BYTES: u32 = 256;

/// What a token consists of.
#[derive(Clone, Copy)]
pub struct Parts {
    /// The parts of its merge; of no meaning for single bytes.
    pub left: u32,
    /// See `left`.
    pub right: u32,
    /// The longest token that it begins with, apart from itself; [`NONE`] for single bytes.
    pub prefix: u32,
    /// Its bytes.
    pub n_bytes: u32,
    /// The largest number of a token within it, itself included.
    pub latest: u32,
}

/// All merges.
pub struct Rules {
    /// Two neighbours to what they merge into.
    pub pairs: Pairs,
    /// By number. Numbers that no text leads to have no bytes.
    pub parts: Vec<Parts>,
    /// Tokens that texts lead to.
    pub trie: Trie,
    /// Id of a number; `u32::MAX` for bytes that UTF-8 does not have.
    pub ids: Vec<u32>,
}

impl Rules {
    /// Reads the merges in the order of their priority. `id_of` gives the id of a token's bytes.
    ///
    /// # Errors
    /// When a token that is needed has no id, or there are too many merges.
    pub fn new(merges: &[(&[u8], &[u8])], id_of: impl Fn(&[u8]) -> Option<u32>) -> Result<Rules, String> {
        if merges.len() + BYTES as usize >= MAX_NUMBERS {
            return Err(format!("the vocabulary has `{}` merges, more than we can number", merges.len()));
        }
        let joined: Vec<Vec<u8>> = merges.iter().map(|(left, right)| [*left, *right].concat()).collect();
        let ids = ids(&joined, id_of)?;
        let mut rules = Rules::empty(merges.len(), ids);
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let mut known: ByBytes<&[u8], u32> = bytes.chunks(1).zip(0..).collect();
        // A merge is of use only if its parts, side by side, are left over by the merges within; these make shorter
        // tokens. Of several merges that make the same token, one at most is of use.
        let mut by_length: Vec<usize> = (0..merges.len()).collect();
        by_length.sort_by_key(|i| joined[*i].len());
        for i in by_length {
            let (left, right) = merges[i];
            let parts = known.get(left).copied().zip(known.get(right).copied());
            let is_new = !known.contains_key(joined[i].as_slice());
            if let Some((left, right)) = parts.filter(|(left, right)| is_new && rules.are_final(*left, *right)) {
                let number = BYTES + i as u32;
                known.insert(&joined[i], number);
                rules.add(left, right, number, joined[i].len());
            }
        }
        let mut tokens: Vec<(&[u8], u32)> = known.into_iter().collect();
        tokens.sort_unstable();
        rules.trie = Trie::new(&tokens);
        for (token, number) in tokens {
            rules.parts[number as usize].prefix = rules.trie.longest(&token[..token.len() - 1]);
        }
        Ok(rules)
    }

    fn empty(n_merges: usize, ids: Vec<u32>) -> Rules {
        let none = Parts { left: NONE, right: NONE, prefix: NONE, n_bytes: 0, latest: 0 };
        let bytes = (0..BYTES).map(|byte| Parts { n_bytes: 1, latest: byte, ..none });
        let parts = bytes.chain(std::iter::repeat_n(none, n_merges)).collect();
        Rules { pairs: Pairs::with_capacity(n_merges), parts, trie: Trie::new(&[]), ids }
    }

    fn add(&mut self, left: u32, right: u32, number: u32, n_bytes: usize) {
        self.pairs.insert(left, right, number);
        let latest = number.max(self.latest(left)).max(self.latest(right));
        self.parts[number as usize] = Parts { left, right, prefix: NONE, n_bytes: n_bytes as u32, latest };
    }

    #[inline(always)]
    fn latest(&self, number: u32) -> u32 {
        self.parts[number as usize].latest
    }

    /// Whether merging the bytes of two tokens in a row gives these two tokens again.
    ///
    /// Undoes the merges of both, latest first, and looks each time whether the neighbours at the border would have been
    /// merged before the merge that was undone, or before one that it waited for. Of equal merges the left one is first.
    #[inline(always)]
    pub fn are_final(&self, mut left: u32, mut right: u32) -> bool {
        let mut limit = NONE;
        let (mut left_latest, mut right_latest) = (self.latest(left), self.latest(right));
        loop {
            if self.pairs.merged(left, right) < limit {
                return false;
            }
            if left.max(right) < BYTES {
                return true;
            }
            if left_latest > right_latest {
                let Parts { left: outer, right: inner, .. } = self.parts[left as usize];
                limit = left;
                (left, left_latest) = (inner, self.latest(inner));
                let outer_latest = self.latest(outer);
                if outer_latest > limit && outer_latest > left_latest.max(right_latest) {
                    limit = outer_latest;
                }
            } else {
                let Parts { left: inner, right: outer, .. } = self.parts[right as usize];
                limit = right;
                (right, right_latest) = (inner, self.latest(inner));
                let outer_latest = self.latest(outer);
                if outer_latest > limit && outer_latest >= left_latest.max(right_latest) {
                    limit = outer_latest;
                }
                limit += 1;
            }
        }
    }
}

/// Ids by number.
fn ids(joined: &[Vec<u8>], id_of: impl Fn(&[u8]) -> Option<u32>) -> Result<Vec<u32>, String> {
    let mut ids = Vec::with_capacity(joined.len() + BYTES as usize);
    for byte in 0..=u8::MAX {
        let never_met = matches!(byte, 0xC0 | 0xC1 | 0xF5..);
        match id_of(&[byte]) {
            None if !never_met => return Err(format!("the vocabulary has no token for the single byte `{byte:#04x}`")),
            id => ids.push(id.unwrap_or(u32::MAX)),
        }
    }
    for (i, token) in joined.iter().enumerate() {
        let missing = || format!("merge `{}` makes a token that the vocabulary does not have", i + 1);
        ids.push(id_of(token).ok_or_else(missing)?);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules over single letters; ids are 1000 + number.
    fn rules(merges: &[(&str, &str)]) -> Result<Rules, String> {
        let merges: Vec<(&[u8], &[u8])> = merges.iter().map(|(l, r)| (l.as_bytes(), r.as_bytes())).collect();
        Rules::new(&merges, |token| Some(1000 + token.len() as u32))
    }

    #[test]
    fn merges_that_no_text_leads_to_are_left_out() {
        // `abc` never arises: `bc` comes first.
        let rules = rules(&[("b", "c"), ("a", "b"), ("ab", "c"), ("a", "bc")]).unwrap();
        let trie = &rules.trie;
        assert_eq!(trie.longest(b"bcd"), 256);
        assert_eq!(trie.longest(b"abc"), 259);
        assert_eq!((rules.parts[258].n_bytes, rules.parts[259].n_bytes, rules.parts[259].prefix), (0, 3, 257));
        assert_eq!(rules.ids[259], 1003);
    }

    #[test]
    fn two_tokens_are_final_when_nothing_merges_over_the_border() {
        let rules = rules(&[("b", "c"), ("a", "b"), ("a", "a"), ("aa", "a")]).unwrap();
        let n = |text: &str| rules.trie.longest(text.as_bytes());
        assert!(!rules.are_final(n("ab"), n("c")), "`bc` comes first");
        assert!(rules.are_final(n("a"), n("bc")));
        assert!(!rules.are_final(n("a"), n("a")));
        assert!(!rules.are_final(n("aa"), n("a")));
        assert!(!rules.are_final(n("a"), n("aa")), "of equal merges the left one is first");
        assert!(rules.are_final(n("aa"), n("ab")), "`ab` comes first, and then `aa`");
    }

    #[test]
    fn a_token_may_come_before_its_parts() {
        // `abc` has priority over `bc`, of which it is made; `cd` has priority over `bc` too.
        let rules = rules(&[("a", "bc"), ("c", "d"), ("b", "c"), ("ab", "c")]).unwrap();
        assert_eq!((rules.trie.longest(b"abc"), rules.parts[256].latest), (256, 258));
        assert!(!rules.are_final(256, u32::from(b'd')), "a, b, cd");
        assert!(rules.are_final(256, u32::from(b'x')));
        assert_eq!(rules.parts[259].n_bytes, 0);
    }

    #[test]
    fn a_vocabulary_without_a_needed_token_is_refused() {
        let merges: [(&[u8], &[u8]); 1] = [(b"a", b"b")];
        let no_byte = Rules::new(&merges, |token| (token != b"x").then_some(1)).err().unwrap();
        assert_eq!(no_byte, "the vocabulary has no token for the single byte `0x78`");
        let no_token = Rules::new(&merges, |token| (token.len() == 1).then_some(1)).err().unwrap();
        assert_eq!(no_token, "merge `1` makes a token that the vocabulary does not have");
    }
}
