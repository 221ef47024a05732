//! Megatron's indexed dataset: `.bin` holds token ids, `.idx` where every document begins.
//!
//! Layout of `.idx` (Megatron-LM, `megatron/core/datasets/indexed_dataset.py`): `MMIDIDX\0\0`, u64 version 1, u8 dtype
//! code, u64 number of sequences, u64 length of the document index, then i32 lengths, i64 byte pointers and the i64
//! document index (number of documents + 1). All little-endian. We write one sequence per document.

use std::io::{self, Write};

const MAGIC: &[u8; 9] = b"MMIDIDX\0\0";
const VERSION: u64 = 1;
const HEADER_BYTES: usize = 34;

/// Megatron stores ids as u16 below this vocabulary size, else as i32 (it has no u32).
const U16_VOCAB_LIMIT: u32 = 65_500;

/// How ids are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// Two bytes, unsigned.
    U16,
    /// Four bytes, signed.
    I32,
}

impl Dtype {
    /// The narrowest type that Megatron uses for a vocabulary.
    pub fn for_vocab(vocab_size: u32) -> Dtype {
        if vocab_size < U16_VOCAB_LIMIT { Dtype::U16 } else { Dtype::I32 }
    }

    /// The code in the index.
    pub fn code(self) -> u8 {
        match self {
            Dtype::U16 => 8,
            Dtype::I32 => 4,
        }
    }

    /// Bytes of one id.
    pub fn bytes(self) -> usize {
        match self {
            Dtype::U16 => 2,
            Dtype::I32 => 4,
        }
    }

    /// The name numpy gives it.
    pub fn name(self) -> &'static str {
        match self {
            Dtype::U16 => "uint16",
            Dtype::I32 => "int32",
        }
    }
}

/// Writes `.bin` as documents come and remembers their lengths for `.idx`.
pub struct Writer<W> {
    bin: W,
    dtype: Dtype,
    lengths: Vec<i32>,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Starts a shard.
    pub fn new(bin: W, dtype: Dtype) -> Writer<W> {
        Writer { bin, dtype, lengths: Vec::new(), buffer: Vec::new() }
    }

    /// Appends one document.
    ///
    /// # Errors
    /// When an id does not fit the type, the document is longer than Megatron can say, or the file cannot be written.
    pub fn document(&mut self, ids: &[u32]) -> io::Result<()> {
        let too = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let length = i32::try_from(ids.len()).map_err(|_| too("a document of more than 2^31 tokens"))?;
        self.buffer.clear();
        for id in ids {
            match self.dtype {
                Dtype::U16 => {
                    let id = u16::try_from(*id).map_err(|_| too("a token id beyond the vocabulary"))?;
                    self.buffer.extend_from_slice(&id.to_le_bytes());
                }
                Dtype::I32 => {
                    let id = i32::try_from(*id).map_err(|_| too("a token id beyond the vocabulary"))?;
                    self.buffer.extend_from_slice(&id.to_le_bytes());
                }
            }
        }
        self.lengths.push(length);
        self.bin.write_all(&self.buffer)
    }

    /// Writes the index and gives back the `.bin`.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn finish(mut self, index: &mut impl Write) -> io::Result<W> {
        self.bin.flush()?;
        index.write_all(MAGIC)?;
        index.write_all(&VERSION.to_le_bytes())?;
        index.write_all(&[self.dtype.code()])?;
        index.write_all(&(self.lengths.len() as u64).to_le_bytes())?;
        index.write_all(&(self.lengths.len() as u64 + 1).to_le_bytes())?;
        for length in &self.lengths {
            index.write_all(&length.to_le_bytes())?;
        }
        let mut pointer = 0i64;
        for length in &self.lengths {
            index.write_all(&pointer.to_le_bytes())?;
            pointer += i64::from(*length) * self.dtype.bytes() as i64;
        }
        for document in 0..=self.lengths.len() as i64 {
            index.write_all(&document.to_le_bytes())?;
        }
        Ok(self.bin)
    }
}

/// A shard in memory, for inspection.
pub struct Reader<'a> {
    bin: &'a [u8],
    dtype: Dtype,
    lengths: &'a [u8],
    pointers: &'a [u8],
    documents: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads an index and checks it against the `.bin`.
    ///
    /// # Errors
    /// Says what is wrong with the files.
    pub fn new(bin: &'a [u8], index: &'a [u8]) -> Result<Reader<'a>, String> {
        let header = index.get(..HEADER_BYTES).filter(|header| header.starts_with(MAGIC));
        let header = header.ok_or("the index does not begin as Megatron's does")?;
        let word = |at: usize| header.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
        if word(9) != VERSION {
            return Err(format!("the index has version {}", word(9)));
        }
        let dtype = match header[17] {
            8 => Dtype::U16,
            4 => Dtype::I32,
            code => return Err(format!("the index has dtype code {code}")),
        };
        let size = |at, width: usize| usize::try_from(word(at)).ok().and_then(|n| n.checked_mul(width));
        let sizes = (size(18, 4), size(18, 8), size(26, 8));
        let (Some(lengths), Some(pointers), Some(documents)) = sizes else { return Err("the index overflows".to_owned()) };
        let rest = &index[HEADER_BYTES..];
        if lengths.checked_add(pointers).and_then(|sum| sum.checked_add(documents)) != Some(rest.len()) {
            return Err("the index is cut off or has something after its end".to_owned());
        }
        let (lengths, rest) = rest.split_at(lengths);
        let (pointers, documents) = rest.split_at(pointers);
        Ok(Reader { bin, dtype, lengths, pointers, documents })
    }

    /// Number of documents.
    pub fn n_documents(&self) -> usize {
        (self.documents.len() / 8).saturating_sub(1)
    }

    /// The ids of one document.
    ///
    /// # Errors
    /// When the index points outside the `.bin`.
    pub fn document(&self, document: usize) -> Result<Vec<u32>, String> {
        let word = |bytes: &[u8], at: usize| bytes.get(at * 8..at * 8 + 8).and_then(|word| word.try_into().ok()).map(i64::from_le_bytes);
        let bad = || format!("document {document} is not in the shard");
        let first = word(self.documents, document).ok_or_else(bad)?;
        let end = word(self.documents, document + 1).ok_or_else(bad)?;
        let mut ids = Vec::new();
        for sequence in first..end {
            let sequence = usize::try_from(sequence).map_err(|_| bad())?;
            let length = self.lengths.get(sequence * 4..sequence * 4 + 4).and_then(|word| word.try_into().ok());
            let length = length.map(i32::from_le_bytes).and_then(|length| usize::try_from(length).ok()).ok_or_else(bad)?;
            let start = word(self.pointers, sequence).and_then(|start| usize::try_from(start).ok()).ok_or_else(bad)?;
            let bytes = length.checked_mul(self.dtype.bytes()).and_then(|n| self.bin.get(start..start.checked_add(n)?));
            ids.extend(bytes.ok_or_else(bad)?.chunks_exact(self.dtype.bytes()).map(|id| match id {
                [a, b] => u32::from(u16::from_le_bytes([*a, *b])),
                [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]),
                _ => 0,
            }));
        }
        Ok(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(documents: &[Vec<u32>], dtype: Dtype) -> (Vec<u8>, Vec<u8>) {
        let mut writer = Writer::new(Vec::new(), dtype);
        documents.iter().for_each(|ids| writer.document(ids).unwrap());
        let mut index = Vec::new();
        let bin = writer.finish(&mut index).unwrap();
        let reader = Reader::new(&bin, &index).unwrap();
        assert_eq!(reader.n_documents(), documents.len());
        for (at, ids) in documents.iter().enumerate() {
            assert_eq!(&reader.document(at).unwrap(), ids);
        }
        (bin, index)
    }

    #[test]
    fn documents_round_trip() {
        for dtype in [Dtype::U16, Dtype::I32] {
            round_trip(&[], dtype);
            round_trip(&[vec![], vec![1, 2, 65_000], vec![], (0..10_000).collect()], dtype);
        }
        round_trip(&[vec![128_001]], Dtype::I32);
    }

    #[test]
    fn the_layout_is_megatrons() {
        let (bin, index) = round_trip(&[vec![1, 2], vec![3]], Dtype::U16);
        assert_eq!(bin, [1, 0, 2, 0, 3, 0]);
        assert_eq!(&index[..9], MAGIC);
        assert_eq!(index[17], 8);
        assert_eq!(&index[34..42], [2, 0, 0, 0, 1, 0, 0, 0], "lengths");
        assert_eq!(index.len(), 34 + 2 * 4 + 2 * 8 + 3 * 8);
        assert_eq!((Dtype::for_vocab(50_257), Dtype::for_vocab(65_500)), (Dtype::U16, Dtype::I32));
    }

    #[test]
    fn damage_is_found() {
        let (bin, index) = round_trip(&[vec![1, 2], vec![3]], Dtype::I32);
        assert!(Reader::new(&bin, &index[..index.len() - 1]).is_err());
        assert!(Reader::new(&bin, b"nonsense").is_err());
        assert!(Reader::new(&bin[..4], &index).unwrap().document(1).is_err());
        let mut huge = index.clone();
        huge[18..26].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(Reader::new(&bin, &huge).is_err());
        assert!(Writer::new(Vec::new(), Dtype::U16).document(&[70_000]).is_err());
    }
}
