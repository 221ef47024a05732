//! The words that spaCy splits by a list: contractions, abbreviations, times of day, emoticons.

/// Parts of one word, at most.
const MAX_PARTS: usize = 3;

/// Words longer than this, in bytes, are looked for one by one.
const MAX_SHORT: usize = 16;

/// A table of slots for words of at most 16 bytes, and a list of the others.
#[derive(Default)]
pub(super) struct Exceptions {
    all: Vec<Exception>,
    /// In the low half the index of a word and one, 0 in an empty slot; in the high half bits of its hash.
    slots: Vec<u32>,
    long: Vec<usize>,
}

/// One word of the list.
pub(super) struct Exception {
    /// The word.
    pub word: Box<str>,
    /// Lengths of its parts in bytes, then zeros.
    pub parts: [u8; MAX_PARTS],
}

impl Exception {
    /// The lengths of the parts.
    pub(super) fn parts(&self) -> impl Iterator<Item = usize> + use<> {
        self.parts.into_iter().take_while(|len| *len > 0).map(usize::from)
    }
}

impl Exceptions {
    /// From lines with the parts of one word each.
    pub(super) fn new(lines: &[&str]) -> Exceptions {
        let mut table = Exceptions { slots: vec![0; (4 * lines.len()).next_power_of_two()], ..Exceptions::default() };
        for line in lines {
            let mut parts = [0; MAX_PARTS];
            parts.iter_mut().zip(line.split(' ')).for_each(|(len, part)| *len = part.len() as u8);
            table.add(Exception { word: line.replace(' ', "").into(), parts });
        }
        table
    }

    fn add(&mut self, exception: Exception) {
        let at = self.all.len();
        if exception.word.len() > MAX_SHORT {
            self.long.push(at);
        } else {
            let hash = hash(exception.word.as_bytes());
            let mask = self.slots.len() - 1;
            let free = (0..self.slots.len()).map(|step| (hash as usize + step) & mask).find(|at| self.slots[*at] == 0);
            if let Some(free) = free {
                self.slots[free] = (at as u32 + 1) | (hash >> 32) as u32 & TAG;
            }
        }
        self.all.push(exception);
    }

    /// The number of words.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// All words.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Exception> {
        self.all.iter()
    }

    /// The exception for this very word.
    #[inline]
    pub(super) fn get(&self, word: &str) -> Option<&Exception> {
        let bytes = word.as_bytes();
        if bytes.len() > MAX_SHORT {
            return self.long.iter().map(|at| &self.all[*at]).find(|exception| *exception.word == *word);
        }
        let hash = hash(bytes);
        let tag = (hash >> 32) as u32 & TAG;
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get(at).filter(|slot| **slot != 0) {
            if slot & TAG == tag {
                let exception = &self.all[(slot & !TAG) as usize - 1];
                if *exception.word == *word {
                    return Some(exception);
                }
            }
            at = (at + 1) & mask;
        }
        None
    }
}

const TAG: u32 = 0xffff_0000;

/// A hash of the first and the last eight bytes, read as two numbers that may overlap, and of the length.
#[inline]
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let (low, high) = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
    } else {
        let byte = |at: usize| bytes.get(at).map_or(0, |byte| u64::from(*byte));
        (byte(0) | byte(1) << 8, byte(2))
    };
    let mixed = (low ^ (bytes.len() as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ high.wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(23);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::super::facts::FACTS;

    #[test]
    fn every_word_is_found_and_no_other() {
        for exception in FACTS.exceptions.iter() {
            assert_eq!(FACTS.exceptions.get(&exception.word).unwrap().word, exception.word);
            assert_eq!(exception.parts().sum::<usize>(), exception.word.len(), "{}", exception.word);
            let longer = format!("{}\0", exception.word);
            assert!(FACTS.exceptions.get(&longer).is_none(), "{longer}");
        }
        for word in ["", "c", "its", "Cantt", "(╯°□°）╯︵┻━", "antidisestablishment"] {
            assert!(FACTS.exceptions.get(word).is_none(), "{word}");
        }
    }
}
