//! Reads a Megatron shard back; every number of the index is checked before it is used.

use super::megatron::{Dtype, MAGIC, VERSION};
use std::ops::Range;

const HEADER_BYTES: usize = 34;

/// The lengths of the pieces of a shard, in its order, from an index that our writer has made.
///
/// # Errors
/// When the index is damaged, or its pieces do not lie end to end as documents of their own.
pub fn piece_lengths(index: &[u8]) -> Result<(Dtype, Vec<u32>), String> {
    let parts = Parts::split(index)?;
    let mut lengths = Vec::with_capacity(parts.lengths.len() / 4);
    let mut end = 0i64;
    for (length, pointer) in parts.lengths() {
        let length = u32::try_from(length).map_err(|_| format!("the index has a piece of `{length}` ids"))?;
        if pointer != end {
            return Err(format!("piece `{}` of the index is not where the one before it ends", lengths.len()));
        }
        end = end.saturating_add(i64::from(length) * parts.dtype.bytes() as i64);
        lengths.push(length);
    }
    let n_pieces = lengths.len() as i64;
    match parts.boundaries().eq(0..=n_pieces) {
        true => Ok((parts.dtype, lengths)),
        false => Err("the index has documents of several pieces".to_owned()),
    }
}

/// The arrays of an index, whose sizes have been checked.
struct Parts<'a> {
    dtype: Dtype,
    lengths: &'a [u8],
    pointers: &'a [u8],
    boundaries: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(index: &'a [u8]) -> Result<Parts<'a>, String> {
        let header = index.get(..HEADER_BYTES).filter(|header| header.starts_with(MAGIC));
        let header = header.ok_or("the index does not begin as Megatron's does")?;
        let [version, n_sequences, n_boundaries] = [9, 18, 26].map(|at| word(&header[at..at + 8]));
        if version != VERSION as i64 {
            return Err(format!("the index has version `{version}`"));
        }
        let dtype = Dtype::of_code(header[17]).ok_or_else(|| format!("the index has dtype code `{}`", header[17]))?;
        let rest = &index[HEADER_BYTES..];
        let (n_sequences, n_boundaries) = (n_sequences as u64, n_boundaries as u64);
        // With 12 and 8 bytes for each, both counts fit the index before anything is multiplied.
        let fits = |n: u64, bytes: u64| n <= rest.len() as u64 / bytes;
        let wanted =
            if fits(n_sequences, 12) && fits(n_boundaries, 8) { n_sequences * 12 + n_boundaries * 8 } else { u64::MAX };
        // A multimodal index ends with one byte for each sequence, which says nothing about text.
        if rest.len() as u64 != wanted && rest.len() as u64 != wanted.saturating_add(n_sequences) {
            return Err("the index is cut off or has something after its end".to_owned());
        }
        let (lengths, rest) = rest.split_at(n_sequences as usize * 4);
        let (pointers, rest) = rest.split_at(n_sequences as usize * 8);
        Ok(Parts { dtype, lengths, pointers, boundaries: &rest[..n_boundaries as usize * 8] })
    }

    /// Length and byte pointer of every sequence.
    fn lengths(&self) -> impl Iterator<Item = (i32, i64)> {
        let lengths = self.lengths.as_chunks().0.iter().map(|length| i32::from_le_bytes(*length));
        lengths.zip(self.pointers.chunks_exact(8).map(word))
    }

    fn boundaries(&self) -> impl Iterator<Item = i64> {
        self.boundaries.chunks_exact(8).map(word)
    }
}

/// A shard in memory.
pub struct Reader<'a> {
    bin: &'a [u8],
    dtype: Dtype,
    /// Where every sequence lies in `bin`.
    sequences: Vec<Range<usize>>,
    /// Every document is the sequences from its boundary to the next.
    boundaries: Vec<usize>,
}

impl<'a> Reader<'a> {
    /// Reads an index and checks it against the `.bin`.
    ///
    /// # Errors
    /// Says what is wrong with the files.
    pub fn new(bin: &'a [u8], index: &[u8]) -> Result<Reader<'a>, String> {
        let parts = Parts::split(index)?;
        let mut reader = Reader { bin, dtype: parts.dtype, sequences: Vec::new(), boundaries: Vec::new() };
        for (length, pointer) in parts.lengths() {
            reader.sequences.push(reader.place(pointer, length)?);
        }
        for boundary in parts.boundaries() {
            let last = reader.boundaries.last().copied().unwrap_or(0);
            let boundary = usize::try_from(boundary).ok().filter(|at| (last..=reader.sequences.len()).contains(at));
            reader.boundaries.push(boundary.ok_or("the documents of the index are out of order")?);
        }
        Ok(reader)
    }

    fn place(&self, pointer: i64, length: i32) -> Result<Range<usize>, String> {
        let place = || {
            let start = usize::try_from(pointer).ok()?;
            let bytes = usize::try_from(length).ok()?.checked_mul(self.dtype.bytes())?;
            let end = start.checked_add(bytes).filter(|end| *end <= self.bin.len())?;
            Some(start..end)
        };
        place().ok_or_else(|| format!("a sequence of `{length}` ids at byte `{pointer}` is not in the shard"))
    }

    /// Number of documents.
    pub fn n_documents(&self) -> usize {
        self.boundaries.len().saturating_sub(1)
    }

    /// The ids of one document, or `None` behind the last.
    pub fn document(&self, document: usize) -> Option<Vec<u32>> {
        let sequences = *self.boundaries.get(document)?..*self.boundaries.get(document + 1)?;
        let bytes =
            self.sequences[sequences].iter().flat_map(|place| self.bin[place.clone()].chunks_exact(self.dtype.bytes()));
        // Little-endian, so an id of any width is the sum of its bytes by their place.
        Some(bytes.map(|id| id.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect())
    }

    /// The ids of all documents, in order.
    pub fn documents(&self) -> impl Iterator<Item = Vec<u32>> + '_ {
        (0..self.n_documents()).filter_map(|document| self.document(document))
    }
}

fn word(bytes: &[u8]) -> i64 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::super::megatron::Writer;
    use super::*;

    fn written(documents: &[Vec<u32>], dtype: Dtype) -> (Vec<u8>, Vec<u8>) {
        let mut writer = Writer::new(Vec::new(), dtype);
        documents.iter().for_each(|ids| writer.piece(ids).unwrap());
        let mut index = Vec::new();
        (writer.finish(&mut index).unwrap(), index)
    }

    #[test]
    fn documents_round_trip() {
        let some = vec![vec![], vec![1, 2, 65_000], vec![], (0..60_000).collect(), vec![7; 1_000_000]];
        for dtype in [Dtype::U16, Dtype::I32] {
            for documents in [&[][..], &[vec![]], &some] {
                let (bin, index) = written(documents, dtype);
                let reader = Reader::new(&bin, &index).unwrap();
                assert_eq!(reader.n_documents(), documents.len());
                assert!(reader.documents().eq(documents.iter().cloned()));
                assert_eq!(reader.document(documents.len()), None);
                let lengths: Vec<u32> = documents.iter().map(|ids| ids.len() as u32).collect();
                assert_eq!(piece_lengths(&index).unwrap(), (dtype, lengths));
            }
        }
        let (bin, index) = written(&[vec![128_001]], Dtype::I32);
        assert_eq!(Reader::new(&bin, &index).unwrap().document(0), Some(vec![128_001]));
    }

    #[test]
    fn a_document_may_have_several_sequences() {
        let (bin, mut index) = written(&[vec![1, 2], vec![3]], Dtype::U16);
        // One document of both sequences: its boundaries are 0 and 2.
        index[26..34].copy_from_slice(&2u64.to_le_bytes());
        index.truncate(58 + 8);
        index.extend(2i64.to_le_bytes());
        let reader = Reader::new(&bin, &index).unwrap();
        assert!(reader.documents().eq([vec![1, 2, 3]]));
        assert!(piece_lengths(&index).unwrap_err().contains("several pieces"));
    }

    /// Every byte of an index set to its extremes, and every way to cut it off: an error or a reader, never a panic.
    #[test]
    fn damage_is_found_or_harmless() {
        let (bin, index) = written(&[vec![1, 2], vec![3]], Dtype::I32);
        for end in 0..index.len() {
            assert!(Reader::new(&bin, &index[..end]).is_err());
        }
        for at in 0..index.len() {
            for value in [0x00, 0x7F, 0x80, 0xFF] {
                let mut damaged = index.clone();
                damaged[at] = value;
                // Of what this writer makes, only the width of ids and the last length can change unseen.
                let lengths = piece_lengths(&damaged);
                assert!(damaged == index || at == 17 || (38..42).contains(&at) || lengths.is_err());
                if let Ok(reader) = Reader::new(&bin, &damaged) {
                    assert!(reader.documents().map(|ids| ids.len()).sum::<usize>() <= 6);
                }
            }
        }
        assert!(Reader::new(&bin[..4], &index).is_err());
        assert!(Reader::new(&bin, b"nonsense").is_err());
        assert!(Reader::new(&bin, &[index.clone(), vec![0]].concat()).is_err());
    }
}
