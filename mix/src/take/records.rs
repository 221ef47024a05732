//! What a scatter leaves behind: uses of documents with their ids, sorted by shard, and where each shard's begin.
//!
//! All numbers are little-endian. A use is `key u64, id 16 bytes, content u64, epoch u32, n_ids u32, name u16`, then `name`
//! bytes of the group's name, then the ids, four bytes each. Behind all uses follows for every shard where its uses end, u64,
//! and their xxh3-64. So a shard's task asks an object twice: where, and what.

use std::io::{self, Write};
use tokenmill_core::DocId;
use tokenmill_core::hash::hash64;
use tokenmill_store::{ObjectRef, Store, StoreError};

/// Bytes of an entry of the index.
const ENTRY: u64 = 16;

/// One use of a document in one training phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use<'a> {
    /// Its place in the phase.
    pub key: u64,
    /// The document.
    pub id: DocId,
    /// xxh3-64 of its ids.
    pub content: u64,
    /// How often it was used up before.
    pub epoch: u32,
    /// Group of the mix.
    pub group: &'a str,
    /// Its ids, four bytes each.
    pub ids: &'a [u8],
}

impl Use<'_> {
    /// Appends what stands before the ids.
    ///
    /// # Errors
    /// When the name of the group or the document is too long to be said.
    pub fn head(&self, bytes: &mut Vec<u8>) -> Result<(), StoreError> {
        let name = u16::try_from(self.group.len());
        let name = name.map_err(|_| StoreError::Usage("the name of a group has more than 65,535 bytes".into()))?;
        let n_ids = u32::try_from(self.ids.len() / 4);
        let n_ids =
            n_ids.map_err(|_| StoreError::Usage(format!("document `{}` has more than 2^32 tokens", self.id)))?;
        bytes.extend_from_slice(&self.key.to_le_bytes());
        bytes.extend_from_slice(&self.id.to_bytes());
        bytes.extend_from_slice(&self.content.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        bytes.extend_from_slice(&n_ids.to_le_bytes());
        bytes.extend_from_slice(&name.to_le_bytes());
        bytes.extend_from_slice(self.group.as_bytes());
        Ok(())
    }
}

/// Splits bytes from the front: a number, an id.
fn front<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*front)
}

/// The uses in the bytes of one shard.
///
/// # Errors
/// When the bytes are no uses; the message is for [`StoreError::corrupt`].
pub fn uses(mut bytes: &[u8]) -> impl Iterator<Item = Result<Use<'_>, &'static str>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let next = next_use(&mut bytes).ok_or("it holds something else than uses of documents");
        if next.is_err() {
            bytes = &[];
        }
        Some(next)
    })
}

fn next_use<'a>(bytes: &mut &'a [u8]) -> Option<Use<'a>> {
    let key = u64::from_le_bytes(front(bytes)?);
    let id = DocId::from_bytes(&front::<16>(bytes)?)?;
    let content = u64::from_le_bytes(front(bytes)?);
    let epoch = u32::from_le_bytes(front(bytes)?);
    let n_ids = u32::from_le_bytes(front(bytes)?) as usize;
    let name = usize::from(u16::from_le_bytes(front(bytes)?));
    let (group, rest) = bytes.split_at_checked(name)?;
    let (ids, rest) = rest.split_at_checked(n_ids.checked_mul(4)?)?;
    *bytes = rest;
    Some(Use { key, id, content, epoch, group: std::str::from_utf8(group).ok()?, ids })
}

/// The index behind the uses, while they are written.
#[derive(Default)]
pub struct Index {
    entries: Vec<u8>,
}

impl Index {
    /// Notes that the uses of the next shard end at byte `end` and have that hash.
    pub fn shard(&mut self, end: u64, hash: u64) {
        self.entries.extend_from_slice(&end.to_le_bytes());
        self.entries.extend_from_slice(&hash.to_le_bytes());
    }

    /// Writes it out.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.entries)
    }
}

/// The bytes of the uses of one of `n_shards` shards, checked against their hash.
///
/// # Errors
/// When the object is missing or damaged, or the store fails.
pub fn of_shard(store: &dyn Store, object: &ObjectRef, shard: u64, n_shards: u64) -> Result<bytes::Bytes, StoreError> {
    let corrupt = |why: &str| StoreError::corrupt(store.display(&object.key), why.to_owned());
    let index = n_shards.checked_mul(ENTRY).and_then(|bytes| object.bytes.checked_sub(bytes));
    let index = index.ok_or_else(|| corrupt("it is too short for its index"))?;
    let file = store.open_committed(&object.key, object.bytes)?;
    let at = index + shard * ENTRY;
    let entries = file.read_at(if shard == 0 { at } else { at - ENTRY }..at + ENTRY)?;
    let mut entries = &entries[..];
    let mut next = || front(&mut entries).map(u64::from_le_bytes).ok_or_else(|| corrupt("its index is cut off"));
    let start = if shard == 0 {
        0
    } else {
        let end = next()?;
        next()?;
        end
    };
    let (end, hash) = (next()?, next()?);
    if start > end || end > index {
        return Err(corrupt("its index is out of order"));
    }
    if start == end {
        return Ok(bytes::Bytes::new());
    }
    let bytes = file.read_at(start..end)?;
    if hash64(0, &bytes) != hash {
        return Err(corrupt("the uses of a shard have other content than was written"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a use before the name of its group.
    const HEADER: usize = 42;

    fn some() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (n, ids) in [&[][..], &[1, 0, 0, 0], &[9, 8, 7, 6, 5, 4, 3, 2]].into_iter().enumerate() {
            let id = DocId(n as u128);
            let it = Use { key: n as u64, id, content: 5, epoch: 2, group: ["", "a/b", "x"][n], ids };
            it.head(&mut bytes).unwrap();
            bytes.extend_from_slice(ids);
            assert_eq!(uses(&bytes).last().unwrap().unwrap(), it);
        }
        bytes
    }

    #[test]
    fn uses_are_read_back() {
        assert_eq!(uses(&some()).count(), 3);
        assert_eq!(uses(&[]).count(), 0);
    }

    #[test]
    fn what_is_cut_off_is_found() {
        let bytes = some();
        let borders = [0, HEADER, 2 * HEADER + 3 + 4, bytes.len()];
        for end in 0..bytes.len() {
            let fails = uses(&bytes[..end]).any(|it| it.is_err());
            assert_eq!(fails, !borders.contains(&end), "{end}");
        }
    }

    #[test]
    fn an_object_gives_the_uses_of_each_shard_and_damage_is_found() {
        use std::io::Write as _;
        use tokenmill_store::{MemStore, Spool};
        let store = MemStore::new().unwrap();
        let parts: [&[u8]; 4] = [b"abc", b"", b"defgh", b""];
        let write = |flip: bool| {
            let (mut spool, mut index, mut end) = (Spool::create(&store).unwrap(), Index::default(), 0);
            for part in parts {
                end += part.len() as u64;
                index.shard(end, hash64(0, part));
            }
            let mut all = parts.concat();
            all[4] ^= u8::from(flip);
            spool.write_all(&all).unwrap();
            index.finish(&mut spool).unwrap();
            spool.store(&store, "t", "uses").unwrap()
        };
        let object = write(false);
        for (shard, part) in parts.into_iter().enumerate() {
            assert_eq!(of_shard(&store, &object, shard as u64, 4).unwrap(), part);
        }
        assert!(of_shard(&store, &object, 0, 1_000).is_err());
        let damaged = write(true);
        assert!(of_shard(&store, &damaged, 0, 4).is_ok());
        assert!(of_shard(&store, &damaged, 2, 4).unwrap_err().to_string().contains("other content"));
    }
}
