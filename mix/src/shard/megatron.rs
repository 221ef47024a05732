//! Megatron's indexed dataset: `.bin` holds token ids, `.idx` where every document begins.
//!
//! Layout of `.idx` (Megatron-LM, `megatron/core/datasets/indexed_dataset.py`): `MMIDIDX\0\0`, u64 version 1, u8 dtype
//! code, u64 number of sequences, u64 length of the document index, then i32 lengths, i64 byte pointers and the i64
//! document index (number of documents + 1). All little-endian. We write one sequence per document.

use std::io::{self, Write};

pub(super) const MAGIC: &[u8; 9] = b"MMIDIDX\0\0";
pub(super) const VERSION: u64 = 1;

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
    /// The type of a code in an index, if it is one of ours.
    pub fn of_code(code: u8) -> Option<Dtype> {
        [Dtype::U16, Dtype::I32].into_iter().find(|dtype| dtype.code() == code)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_megatrons() {
        let mut writer = Writer::new(Vec::new(), Dtype::U16);
        writer.document(&[1, 2]).unwrap();
        writer.document(&[3]).unwrap();
        let mut index = Vec::new();
        assert_eq!(writer.finish(&mut index).unwrap(), [1, 0, 2, 0, 3, 0]);
        assert_eq!(&index[..9], MAGIC);
        assert_eq!(index[9..17], 1u64.to_le_bytes());
        assert_eq!(index[17], 8);
        assert_eq!(index[18..34], [2u64.to_le_bytes(), 3u64.to_le_bytes()].concat());
        assert_eq!(index[34..42], [2i32.to_le_bytes(), 1i32.to_le_bytes()].concat(), "lengths");
        assert_eq!(index[42..58], [0i64.to_le_bytes(), 4i64.to_le_bytes()].concat(), "pointers");
        assert_eq!(index[58..], [0i64.to_le_bytes(), 1i64.to_le_bytes(), 2i64.to_le_bytes()].concat(), "documents");
    }

    #[test]
    fn small_vocabularies_take_two_bytes() {
        assert_eq!((Dtype::for_vocab(50_257), Dtype::for_vocab(65_499)), (Dtype::U16, Dtype::U16));
        assert_eq!((Dtype::for_vocab(65_500), Dtype::for_vocab(128_256)), (Dtype::I32, Dtype::I32));
    }

    #[test]
    fn an_id_that_does_not_fit_is_refused() {
        assert!(Writer::new(Vec::new(), Dtype::U16).document(&[65_536]).is_err());
        assert!(Writer::new(Vec::new(), Dtype::I32).document(&[1 << 31]).is_err());
    }
}
