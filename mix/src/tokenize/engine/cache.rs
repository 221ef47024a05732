//! Pieces of several tokens that were met before: a small table of fixed size, one cache line a piece.
//!
//! It saves time and changes nothing: a piece that is pushed out is merged again.

use super::key::{Key, sixteen};

/// Bytes of the longest piece that is kept.
pub const MAX_BYTES: usize = 31;
/// Most ids of a piece that is kept.
const MAX_IDS: usize = 7;
/// Pieces in the table: 4 MiB.
const SLOTS: usize = 1 << 16;

/// A piece and its ids.
#[derive(Clone)]
#[repr(align(64))]
struct Slot {
    key: [u64; 4],
    ids: [u32; MAX_IDS],
    n_ids: u32,
}

/// The table.
#[derive(Default)]
pub struct Cache {
    slots: Vec<Slot>,
}

/// What is asked for: the bytes of a piece with its length in the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    key: [u64; 4],
    at: usize,
}

impl Entry {
    /// A short piece; `hash` spreads over all 64 bits.
    #[inline(always)]
    pub fn short(key: Key, hash: u64) -> Entry {
        Entry { key: [key.0, key.1, 0, 0], at: place(hash) }
    }

    /// A piece from 16 to [`MAX_BYTES`] bytes.
    pub fn long(bytes: &[u8], start: usize, n: usize, hash: u64) -> Entry {
        let (a, b) = sixteen(bytes, start, 16);
        let Key(c, d) = Key::new(bytes, start + 16, n - 16);
        Entry { key: [a, b, c, d & (u64::MAX >> 8) | (n as u64) << 56], at: place(hash) }
    }
}

#[inline(always)]
fn place(hash: u64) -> usize {
    hash as usize & (SLOTS - 1)
}

impl Cache {
    /// Forgets everything, and takes the memory it needs.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.slots.resize(SLOTS, Slot { key: [0; 4], ids: [0; MAX_IDS], n_ids: 0 });
    }

    /// Reads from where a short piece with this hash would be, so that it is near when it is asked for.
    #[inline(always)]
    pub fn touch(&self, hash: u64) -> u32 {
        self.slots.get(place(hash)).map_or(0, |slot| slot.n_ids)
    }

    /// The ids of a piece that was kept.
    #[inline(always)]
    pub fn get(&self, entry: &Entry) -> Option<&[u32]> {
        let slot = self.slots.get(entry.at)?;
        if slot.key == entry.key { slot.ids.get(..slot.n_ids as usize) } else { None }
    }

    /// Keeps the ids of a piece if they are few.
    pub fn put(&mut self, entry: &Entry, ids: &[u32]) {
        if let Some(slot) = self.slots.get_mut(entry.at)
            && let Some(kept) = slot.ids.get_mut(..ids.len())
        {
            kept.copy_from_slice(ids);
            slot.key = entry.key;
            slot.n_ids = ids.len() as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(piece: &[u8]) -> Entry {
        let hash = u64::from(piece[0]);
        match piece.len() {
            0..16 => Entry::short(Key::new(piece, 0, piece.len()), hash),
            n => Entry::long(piece, 0, n, hash),
        }
    }

    #[test]
    fn kept_pieces_come_back_until_another_takes_their_place() {
        let mut cache = Cache::default();
        cache.put(&entry(b"early"), &[1]);
        assert_eq!(cache.get(&entry(b"early")), None, "there is no memory yet");
        cache.clear();
        let long = [b'l'; MAX_BYTES];
        for n in 1..=MAX_BYTES {
            cache.put(&entry(&long[..n]), &[n as u32, 5]);
            assert_eq!(cache.get(&entry(&long[..n])), Some(&[n as u32, 5][..]));
            assert!((1..n).all(|fewer| cache.get(&entry(&long[..fewer])).is_none()), "all have the same place");
        }
        cache.put(&entry(b"many"), &[0; MAX_IDS + 1]);
        assert_eq!(cache.get(&entry(b"many")), None);
        cache.clear();
        assert_eq!(cache.get(&entry(&long)), None);
    }

    #[test]
    fn entries_tell_all_bytes_apart() {
        let piece: Vec<u8> = (1..=31).collect();
        for at in 0..31 {
            let mut other = piece.clone();
            other[at] += 100;
            assert_ne!(entry(&piece).key, entry(&other).key, "{at}");
        }
        assert_ne!(entry(b"sixteen bytes...").key, entry(b"sixteen bytes...\0").key);
    }
}
