//! A list of different words that can be found by their bytes: the vocabulary of a model, and the one that training counts.

use super::hash;

/// A slot that holds no word.
const FREE: u32 = u32::MAX;

/// Words in the order in which they were added, and a hash table over them that is at most half full.
#[derive(Default)]
pub(super) struct Words {
    /// All words one after the other.
    text: Vec<u8>,
    /// Where each word ends in `text`.
    ends: Vec<usize>,
    /// Open addressing: hash and number.
    slots: Vec<(u32, u32)>,
}

impl Words {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of one word.
    pub(super) fn get(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.text[start..self.ends[number]]
    }

    /// The number of a word. Of equal words that were pushed, the first one added has it.
    pub(super) fn find(&self, word: &[u8], hash: u32) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let (_, number) = self.slots[self.slot(word, hash)];
        (number != FREE).then_some(number as usize)
    }

    /// The number of a word, which is added if it is new; `None` when there are as many words as numbers.
    pub(super) fn number_of(&mut self, word: &[u8], hash: u32) -> Option<usize> {
        self.grow();
        let slot = self.slot(word, hash);
        if self.slots[slot].1 == FREE {
            let number = u32::try_from(self.len()).ok().filter(|number| *number != FREE)?;
            self.text.extend_from_slice(word);
            self.ends.push(self.text.len());
            self.slots[slot] = (hash, number);
        }
        Some(self.slots[slot].1 as usize)
    }

    /// Adds a word that may be there already: it gets a number, and the last of equal words is found.
    pub(super) fn push(&mut self, word: &[u8]) {
        self.grow();
        let hash = hash::word(word);
        let slot = self.slot(word, hash);
        self.slots[slot] = (hash, self.len() as u32);
        self.text.extend_from_slice(word);
        self.ends.push(self.text.len());
    }

    /// Makes room for one more.
    fn grow(&mut self) {
        if 2 * (self.len() + 1) <= self.slots.len() {
            return;
        }
        let n_slots = (4 * (self.len() + 1)).next_power_of_two().max(16);
        let old = std::mem::replace(&mut self.slots, vec![(0, FREE); n_slots]);
        for (hash, number) in old.into_iter().filter(|(_, number)| *number != FREE) {
            let slot = self.slot(self.get(number as usize), hash);
            self.slots[slot] = (hash, number);
        }
    }

    /// The slot that holds `word`, or the free one where it would go.
    fn slot(&self, word: &[u8], hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        // FNV leaves its low bits uneven for short words; Fibonacci hashing spreads them.
        let mut slot = (hash as usize).wrapping_mul(0x9e37_79b9) >> 7 & mask;
        loop {
            let (other, number) = self.slots[slot];
            if number == FREE || (other == hash && self.get(number as usize) == word) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_numbers_while_the_table_grows() {
        let mut words = Words::default();
        let word = |n: usize| format!("w{}", n * 7919 % 5000).into_bytes();
        assert_eq!(words.find(b"w0", hash::word(b"w0")), None);
        for n in 0..5000 {
            assert_eq!(words.number_of(&word(n), hash::word(&word(n))), Some(n));
        }
        for n in 0..5000 {
            assert_eq!(words.number_of(&word(n), hash::word(&word(n))), Some(n));
            assert_eq!((words.find(&word(n), hash::word(&word(n))), words.get(n)), (Some(n), &word(n)[..]));
        }
        assert_eq!((words.len(), words.find(b"", hash::EMPTY)), (5000, None));
    }
}
