//! Pieces that are one token: a static table from bytes to id, built once and shared by all threads.
//!
//! Five of six pieces of ordinary text are found here. Short ones lie in buckets of one cache line, three to a
//! bucket; longer ones are found by a hash of 64 bits and compared in full.

use super::key::{Key, SHORT};
use super::pairs::NONE;
use xxhash_rust::xxh3::xxh3_64;

/// Three short pieces with their ids.
#[derive(Clone)]
#[repr(align(64))]
struct Bucket {
    keys: [Key; 3],
    ids: [u32; 3],
    /// Pieces of this bucket went to the next one.
    is_over: bool,
}

/// A long piece.
#[derive(Clone, Copy)]
struct Long {
    hash: u64,
    start: u32,
    /// 0 in an empty slot.
    n_bytes: u32,
    id: u32,
}

/// The table.
pub struct Words {
    buckets: Vec<Bucket>,
    shift: u32,
    long: Vec<Long>,
    bytes: Vec<u8>,
}

impl Words {
    /// Builds the table from tokens and their ids; of equal tokens the first counts.
    ///
    /// # Errors
    /// When the long tokens have more than 4 GiB.
    pub fn new(words: &[(&[u8], u32)]) -> Result<Words, String> {
        let n_short = words.iter().filter(|(word, _)| word.len() <= SHORT).count();
        let bits = (n_short / 2).max(2).next_power_of_two().trailing_zeros();
        let n_long = (2 * (words.len() - n_short)).max(2).next_power_of_two();
        let mut table = Words {
            buckets: vec![Bucket { keys: [Key::NONE; 3], ids: [NONE; 3], is_over: false }; 1 << bits],
            shift: 64 - bits,
            long: vec![Long { hash: 0, start: 0, n_bytes: 0, id: NONE }; n_long],
            bytes: Vec::new(),
        };
        for (word, id) in words {
            if word.len() <= SHORT {
                table.insert_short(Key::new(word, 0, word.len()), *id);
            } else {
                table.insert_long(word, *id)?;
            }
        }
        Ok(table)
    }

    fn insert_short(&mut self, key: Key, id: u32) {
        if self.short(key, key.hash()) != NONE {
            return;
        }
        let mut at = self.home(key.hash());
        loop {
            let bucket = &mut self.buckets[at];
            if let Some(free) = bucket.keys.iter().position(|key| *key == Key::NONE) {
                (bucket.keys[free], bucket.ids[free]) = (key, id);
                return;
            }
            bucket.is_over = true;
            at = (at + 1) & (self.buckets.len() - 1);
        }
    }

    fn insert_long(&mut self, word: &[u8], id: u32) -> Result<(), String> {
        let hash = xxh3_64(word);
        let mut at = hash as usize & (self.long.len() - 1);
        while self.long[at].n_bytes != 0 {
            if self.is(&self.long[at], word, hash) {
                return Ok(());
            }
            at = (at + 1) & (self.long.len() - 1);
        }
        let place = u32::try_from(self.bytes.len()).ok().zip(u32::try_from(word.len()).ok());
        let (start, n_bytes) = place.ok_or("the tokens are too long")?;
        self.bytes.extend_from_slice(word);
        self.long[at] = Long { hash, start, n_bytes, id };
        Ok(())
    }

    /// Reads from where a short piece with this hash would be, so that it is near when it is asked for.
    #[inline(always)]
    pub fn touch(&self, hash: u64) -> u32 {
        self.buckets[self.home(hash)].ids[2]
    }

    /// Id of a short piece with its hash, or [`NONE`].
    #[inline(always)]
    pub fn short(&self, key: Key, hash: u64) -> u32 {
        let mut at = self.home(hash);
        loop {
            let bucket = &self.buckets[at];
            // One after the other: the first is the right one most of the time, and an iterator would copy the ids.
            for at in 0..3 {
                if bucket.keys[at] == key {
                    return bucket.ids[at];
                }
            }
            if !bucket.is_over {
                return NONE;
            }
            at = (at + 1) & (self.buckets.len() - 1);
        }
    }

    /// Id of a piece of more than [`SHORT`] bytes, or [`NONE`]; and its hash.
    pub fn long(&self, piece: &[u8]) -> (u32, u64) {
        let hash = xxh3_64(piece);
        let mut at = hash as usize & (self.long.len() - 1);
        while self.long[at].n_bytes != 0 {
            if self.is(&self.long[at], piece, hash) {
                return (self.long[at].id, hash);
            }
            at = (at + 1) & (self.long.len() - 1);
        }
        (NONE, hash)
    }

    fn is(&self, long: &Long, piece: &[u8], hash: u64) -> bool {
        let start = long.start as usize;
        long.hash == hash && self.bytes.get(start..start + long.n_bytes as usize) == Some(piece)
    }

    #[inline(always)]
    fn home(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize & (self.buckets.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(words: &Words, piece: &[u8]) -> u32 {
        match piece.len() {
            0..=SHORT => {
                let key = Key::new(piece, 0, piece.len());
                words.short(key, key.hash())
            }
            _ => words.long(piece).0,
        }
    }

    #[test]
    fn every_word_is_found_and_nothing_else() {
        let words: Vec<Vec<u8>> = (0..5_000u32)
            .map(|i| {
                let digits = i.to_string().into_bytes();
                digits.repeat(1 + i as usize % 9)
            })
            .collect();
        let given: Vec<(&[u8], u32)> = words.iter().map(Vec::as_slice).zip(0..).collect();
        let table = Words::new(&given).unwrap();
        for (i, word) in words.iter().enumerate() {
            // Some are there twice: 11 is 1 two times.
            let first = words.iter().position(|other| other == word).unwrap();
            assert_eq!(find(&table, word), first as u32, "{i}");
        }
        for i in 0..5_000u32 {
            assert_eq!(find(&table, format!("x{i}").as_bytes()), NONE);
            assert_eq!(find(&table, format!("{i}xxxxxxxxxxxxxxxxxxxx").as_bytes()), NONE);
        }
    }

    #[test]
    fn a_full_bucket_goes_on_in_the_next() {
        let mut table = Words::new(&[]).unwrap();
        let keys = (0..=255u8).map(|byte| Key::new(&[byte], 0, 1));
        let at_home: Vec<Key> = keys.filter(|key| table.home(key.hash()) == 1).take(5).collect();
        for (id, key) in at_home[..4].iter().enumerate() {
            table.insert_short(*key, id as u32);
        }
        assert!(table.buckets[1].is_over && !table.buckets[0].is_over);
        let found: Vec<u32> = at_home.iter().map(|key| table.short(*key, key.hash())).collect();
        assert_eq!(found, [0, 1, 2, 3, NONE]);
    }
}
