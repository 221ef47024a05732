//! The tokens of a piece, found from the left without making the merges one by one.
//!
//! A row of tokens is what merging gives exactly when every two neighbours are ([`Rules::are_final`]): the first merge
//! over a border between two of them would be made in these two alone just as well. So tokens are tried from the
//! left, longest first, and taken back when nothing follows. The row up to a place is unique, so a place from which
//! nothing follows is never tried again: time is linear in the piece.
//! (The argument and the search: van Antwerpen and Neubeck, "So many tokens, so little time", GitHub, 2024.)

use super::pairs::NONE;
use super::rules::Rules;

/// Memory of the search, kept for the next piece.
#[derive(Default)]
pub struct Row {
    tokens: Vec<u32>,
    /// Places from which nothing follows, a bit each.
    dead: Vec<u64>,
    /// Neighbours that were looked at before, and in the lowest bit whether they are final.
    known: Vec<u64>,
}

/// Neighbours that are remembered: 256 KiB.
const KNOWN: usize = 1 << 15;

impl Row {
    /// Forgets the vocabulary.
    pub fn clear(&mut self) {
        self.known.clear();
        self.known.resize(KNOWN, u64::MAX);
    }

    #[inline(always)]
    fn are_final(&mut self, rules: &Rules, left: u32, right: u32) -> bool {
        let key = u64::from(left) << 32 | u64::from(right) << 1;
        // The multiplier is that of the table of pairs; the place has 15 bits.
        let at = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 49) as usize;
        match self.known.get(at) {
            Some(known) if known & !1 == key => known & 1 == 1,
            _ => self.look(rules, left, right, key, at),
        }
    }

    #[inline(never)]
    fn look(&mut self, rules: &Rules, left: u32, right: u32, key: u64, at: usize) -> bool {
        let is_final = rules.are_final(left, right);
        if let Some(known) = self.known.get_mut(at) {
            *known = key | u64::from(is_final);
        }
        is_final
    }

    /// Numbers of the tokens of a piece.
    #[inline(always)]
    pub fn find(&mut self, rules: &Rules, piece: &[u8]) -> &[u32] {
        self.tokens.clear();
        self.dead.clear();
        self.dead.resize(piece.len() / 64 + 1, 0);
        let mut at = 0;
        while at < piece.len() {
            let mut token = rules.trie.longest(&piece[at..]);
            loop {
                if token == NONE {
                    self.dead[at / 64] |= 1 << (at % 64);
                    // There is always one: bytes are tokens, and the row of bytes can be merged.
                    let Some(last) = self.tokens.pop() else { return &self.tokens };
                    token = last;
                    at -= rules.parts[token as usize].n_bytes as usize;
                } else {
                    let end = at + rules.parts[token as usize].n_bytes as usize;
                    let is_open = self.dead[end / 64] >> (end % 64) & 1 == 0;
                    let last = self.tokens.last().copied();
                    if is_open && last.is_none_or(|last| self.are_final(rules, last, token)) {
                        self.tokens.push(token);
                        at = end;
                        break;
                    }
                }
                token = rules.parts[token as usize].prefix;
            }
        }
        &self.tokens
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::merge;
    use super::super::tests::{made_merges, made_text, shuffle};
    use super::*;

    #[test]
    fn finds_what_merging_gives() {
        for seed in 0..60 {
            let mut merges = made_merges(seed, 120);
            if seed % 3 != 0 {
                shuffle(&mut merges, seed);
            }
            let merges: Vec<(&[u8], &[u8])> = merges.iter().map(|(l, r)| (l.as_slice(), r.as_slice())).collect();
            let rules = Rules::new(&merges, |_| Some(0)).unwrap();
            let mut row = Row::default();
            if seed % 2 == 0 {
                row.clear();
            }
            for n in 0..200u64 {
                let text = made_text(seed * 1000 + n, 1 + n as usize % 70);
                let mut want = Vec::new();
                merge(&rules, text.as_bytes(), &mut want);
                assert_eq!(row.find(&rules, text.as_bytes()), want, "{seed} {text}");
            }
        }
    }

    #[test]
    fn long_runs_take_linear_time() {
        let merges: [(&[u8], &[u8]); 3] = [(b"a", b"a"), (b"aa", b"aa"), (b"aaaa", b"a")];
        let rules = Rules::new(&merges, |_| Some(0)).unwrap();
        let run = vec![b'a'; 1_000_003];
        let mut row = Row::default();
        let found = row.find(&rules, &run);
        assert_eq!((found.len(), &found[found.len() - 2..]), (250_002, &[256, 97][..]));
    }
}
